"""`floor …`: the commands. Each opens what it needs, calls one service, reports, and exits 0 only on success."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click
import pysqlite3
from sqlalchemy.exc import OperationalError

from fulfillment.app import create_app
from fulfillment.bootstrap import migrate, open_floor
from fulfillment.counting_cli import accuracy, count_plan
from fulfillment.db import UnsafeSqlite
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import TokenRole
from fulfillment.founding import found, refuse_taken_ports, say, stop_on_signals, token_file
from fulfillment.importing_cli import import_group
from fulfillment.processes import Processes
from fulfillment.replenishing_cli import replenish_plan
from fulfillment.services import audit, planning, printing, queries, setting_up
from fulfillment.services import verify as verifying
from fulfillment.settings import SettingError, Settings
from fulfillment.simulating_cli import demo, simulate
from fulfillment.simulating_days_cli import simulate_days
from fulfillment.tracing_cli import trace
from fulfillment.transfers_cli import transfer_group
from fulfillment.web.api import routes
from fulfillment.web.v1 import VERSION, api


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="floor")
def floor_command() -> None:
    """Runs a warehouse floor. Settings come from FLOOR_HOME, FLOOR_DATABASE, FLOOR_PORT, … (docs/operations.md)."""


floor_command.add_command(import_group)
floor_command.add_command(simulate)
floor_command.add_command(demo)
floor_command.add_command(transfer_group)
floor_command.add_command(replenish_plan)
floor_command.add_command(simulate_days)
floor_command.add_command(trace)
floor_command.add_command(count_plan)
floor_command.add_command(accuracy)


@floor_command.command()
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def init(json_file: str | None) -> None:
    """Make or upgrade the database and found the warehouse.

    At the first start an admin token is written to FLOOR_HOME/admin-token (readable by you only).
    """
    settings = Settings.from_env()
    migrate(settings)
    floor = open_floor(settings)
    try:
        founded = found(floor)
    finally:
        floor.close()
    report = {"database": settings.database_url, "founded": founded, "admin_token_file": str(token_file(settings))}
    say(json_file, report, f"{'founded' if founded else 'stands already'}: {settings.database_url}\n"
        f"admin token: {token_file(settings)}")  # fmt: skip


@floor_command.command()
@click.option("--role", type=click.Choice([TokenRole.API, TokenRole.ADMIN]), default=TokenRole.API, show_default=True)
@click.option("--name", required=True, help="what the token is for")
def token(role: str, name: str) -> None:
    """Print a new bearer token, once."""
    floor = open_floor(Settings.from_env())
    try:
        click.echo(floor.writer.write(lambda tx: setting_up.add_token(tx, name, role)))
    finally:
        floor.close()


@floor_command.command()
def run() -> None:
    """Run the floor: web, live screens, outbox worker and planner. Ctrl-C ends all."""
    settings = Settings.from_env()
    refuse_taken_ports(settings)
    migrate(settings)
    floor = open_floor(settings)
    found(floor)
    floor.close()
    stop = stop_on_signals()
    with Processes(settings) as processes:
        click.echo(f"floor at {processes.address} — board: {processes.address}/board (Ctrl-C ends)")
        processes.watch(stop)


@floor_command.command()
@click.argument("worker", type=click.Choice(["planner", "outbox"]))
def work(worker: str) -> None:
    """Run one background worker in the foreground (`floor run` starts both)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    floor = open_floor(Settings.from_env())
    stop = stop_on_signals()
    try:
        if worker == "planner":
            planning.planner_worker(floor, stop)
        else:
            printing.print_worker(floor, stop)
    finally:
        floor.close()


@floor_command.command()
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def verify(json_file: str | None) -> None:
    """Recompute every balance and figure from the ledger; exit 1 when anything differs."""
    floor = open_floor(Settings.from_env())
    try:
        with queries.snapshot(floor.engine) as connection:
            report = verifying.verify(connection, floor.warehouse_id)
    finally:
        floor.close()
    lines = [f"{'ok ' if check['ok'] else 'BAD'} {check['name']}" for check in report["checks"]]
    say(json_file, report, "\n".join([*lines, f"{report['moves']} moves, {report['balances']} balances"]))
    sys.exit(0 if report["ok"] else 1)


@floor_command.command("fifo-audit")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def fifo_audit(json_file: str | None) -> None:
    """Replay the ledger and report what went against the rules of age; exit 1 when nobody answered for it."""
    floor = open_floor(Settings.from_env())
    try:
        with queries.snapshot(floor.engine) as connection:
            report = audit.fifo_audit(connection, floor.warehouse_id)
    finally:
        floor.close()
    say(json_file, report, audit.report_in_words(report))
    sys.exit(0 if report["ok"] else 1)


@floor_command.command("http-routes")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def http_routes(json_file: str | None) -> None:
    """List every route with the permission it asks for."""
    app = create_app(open_floor(Settings.from_env()))
    with app.app_context():
        found_routes = routes()
    report = [dict(zip(("method", "path", "permission"), route, strict=True)) for route in found_routes]
    say(json_file, report, "\n".join(f"{method:6} {path:44} {permission}" for method, path, permission in found_routes))


@floor_command.command()
@click.argument("file", default="-")
@click.option("--json", "json_file", metavar="FILE", help="the same as FILE")
def openapi(file: str, json_file: str | None) -> None:
    """Write the OpenAPI document of /api/v1 to FILE (- = standard output)."""
    file = json_file or file
    create_app(open_floor(Settings.from_env()))
    document = json.dumps(api.document("Floorline", VERSION), indent=2) + "\n"
    if file == "-":
        click.echo(document, nl=False)
    else:
        Path(file).write_text(document, "utf-8")


def main() -> None:
    """The console script: what a person did wrong is one line, not a traceback."""
    try:
        floor_command()
    except (SettingError, UnsafeSqlite, DomainError) as error:
        click.echo(f"floor: {error}", err=True)
        sys.exit(2)
    except (OperationalError, pysqlite3.OperationalError) as error:
        said = str(getattr(error, "orig", error))
        hint = "; run `floor init` first" if "no such table" in said or "unable to open" in said else ""
        click.echo(f"floor: the database says: {said}{hint}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"floor: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
