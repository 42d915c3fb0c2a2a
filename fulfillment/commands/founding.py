"""`floor init` and `floor token`: an empty database becomes a warehouse, and who may ask it something.

Owns options and how things are printed.
"""

from __future__ import annotations

import click

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.db import without_password
from fulfillment.domain.roles import TokenRole
from fulfillment.founding import FIRST_ADMIN, first_admin_link, found, on_floor, say, token_file
from fulfillment.safekeeping.upgrade import refuse_older
from fulfillment.services.people import access_tokens, enrolment
from fulfillment.services.scan_path.hand_over import AUTO_LOCK_MIN
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings


@click.command()
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def init(json_file: str | None) -> None:
    """Make the database and found the warehouse.

    At the first start an admin token is written to FLOOR_HOME/admin-token (readable by you only). Until somebody has
    used it, each start prints a new link by which the first admin chooses a name and a passphrase.
    """
    settings = Settings.from_env()
    refuse_older(settings.database_url)
    migrate(settings)
    floor = open_floor(settings)
    try:
        founded = found(floor, AUTO_LOCK_MIN)
        link = first_admin_link(floor)
    finally:
        floor.close()
    address = without_password(settings.database_url)
    report = {"database": address, "founded": founded, "admin_token_file": str(token_file(settings)),
              "first_admin_link": link}
    say(json_file, report, f"{'founded' if founded else 'stands already'}: {address}\n"
        f"admin token: {token_file(settings)}" + ("\n" + FIRST_ADMIN.format(link=link) if link else ""))  # fmt: skip


@click.command()
@click.option(
    "--role", type=click.Choice([role.value for role in (TokenRole.API, TokenRole.ADMIN, TokenRole.METRICS)]),
    default=TokenRole.API.value, show_default=True,
)  # fmt: skip
@click.option("--name", required=True, help="what the token is for")
@click.option("--days", type=click.IntRange(0, access_tokens.DAYS_MAX), default=0,
              help="until it is over; 0 = for ever")  # fmt: skip
@click.option("--may", multiple=True, metavar="PERMISSION", help="narrow it to this; none = all of its role")
def token(role: str, name: str, days: int, may: tuple[str, ...]) -> None:
    """Print a new bearer token, once."""
    if not days and not may:
        click.echo(on_floor(lambda tx: setting_up.add_token(tx, name, role)))
        return
    click.echo(on_floor(lambda tx: access_tokens.add(tx, name, role, days or access_tokens.DAYS_MAX, may))["token"])


@click.command()
@click.argument("code")
@click.option("--agent", is_flag=True, help="CODE is a bench agent's, not a station's")
def enrol(code: str, agent: bool) -> None:
    """Print a code by which a device signs on at the station CODE: it works once, within ten minutes."""
    make = enrolment.for_agent if agent else enrolment.for_station
    click.echo(on_floor(lambda tx: make(tx, code)))
