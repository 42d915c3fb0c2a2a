"""`floor tls`: a certificate for this floor, under a CA of its own."""

from __future__ import annotations

import click

from fulfillment.certificates import SERVER_DAYS, make
from fulfillment.settings import Settings


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--days", type=click.IntRange(1, 825), default=SERVER_DAYS, show_default=True, help="how long it holds")
def tls(names: tuple[str, ...], days: int) -> None:
    """Make a certificate for the names and addresses by which devices reach this floor.

    The first time a CA is made beside it: devices are told to trust that once, and take every later certificate.
    """
    made = make(Settings.from_env().home / "tls", list(names), days)
    if made.is_new_ca:
        click.echo(f"a CA for this floor: have every device trust {made.ca} (its key never leaves that folder)")
    click.echo(f"certificate for {', '.join(names)} until {made.until:%Y-%m-%d}; run\n"
               f"  floor run --tls-cert {made.cert} --tls-key {made.key}")  # fmt: skip
