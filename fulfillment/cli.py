"""`floor …`: the commands. Each opens what it needs, calls one service, reports, and exits 0 only on success.

A command's module is loaded when it is asked for: who prints or plans starts without what all the others bring along.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click
import pysqlite3
from sqlalchemy.exc import OperationalError

from fulfillment import VERSION
from fulfillment.authorship import TellingGroup
from fulfillment.db import UnsafeSqlite
from fulfillment.domain.reasons import DomainError
from fulfillment.hot.presence import FloorInUse
from fulfillment.safekeeping import NotSafe
from fulfillment.settings import SettingError

# The command's name: the module of this package that has it, and what it is called there.
COMMANDS = {
    "account": "access_cli:account_group",
    "accuracy": "counting_cli:accuracy",
    "agent": "devices_cli:agent_group",
    "aisle": "floor_plan_cli:aisle_group",
    "audit-log": "keeping_cli:audit_log_command",
    "backup": "safekeeping_cli:backup",
    "carrier-labels": "carrier_labels_cli:carrier_labels_group",
    "cartons": "cartons_cli:cartons_group",
    "count-plan": "counting_cli:count_plan",
    "demo": "simulating_cli:demo",
    "device": "devices_cli:device_group",
    "doctor": "doctor_cli:doctor",
    "enrol": "founding_cli:enrol",
    "erase-buyer": "keeping_cli:erase_buyer_command",
    "fifo-audit": "auditing_cli:fifo_audit",
    "flow": "flow_cli:flow_group",
    "hand-over": "hand_over_cli:hand_over_command",
    "http-routes": "routes_cli:http_routes",
    "import": "importing_cli:import_group",
    "init": "founding_cli:init",
    "item-picture": "item_pictures_cli:item_picture",
    "join-wave": "waves_cli:join_wave",
    "labels": "labels_cli:labels_group",
    "layout": "floor_plan_cli:layout",
    "move-to-postgres": "safekeeping_cli:move_to_postgres",
    "openapi": "routes_cli:openapi",
    "operator": "languages_cli:operator_group",
    "picker-shift": "waves_cli:picker_shift",
    "plan-wave": "waves_cli:plan_wave",
    "prints": "printing_cli:prints_group",
    "propose-wave": "waves_cli:propose_wave",
    "put-wall": "put_walls_cli:put_wall_group",
    "replenish-plan": "replenishing_cli:replenish_plan",
    "restore": "safekeeping_cli:restore",
    "retention": "keeping_cli:retention_command",
    "run": "serving_cli:run",
    "serve": "serving_cli:serve",
    "session": "access_cli:session_group",
    "simulate": "simulating_cli:simulate",
    "simulate-days": "simulating_days_cli:simulate_days",
    "tls": "tls_cli:tls",
    "token": "founding_cli:token",
    "tour-order": "floor_plan_cli:tour_order_command",
    "trace": "tracing_cli:trace",
    "training": "training_cli:training_command",
    "transfer": "transfers_cli:transfer_group",
    "translations": "languages_cli:translations_group",
    "unscanned": "unscanned_cli:unscanned_command",
    "upgrade": "safekeeping_cli:upgrade",
    "verify": "safekeeping_cli:verify",
    "weighing": "weighing_cli:weighing_group",
    "work": "serving_cli:work",
}


class FloorGroup(TellingGroup):
    """The commands of `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"fulfillment.{module}"), name)
        return command


@click.group(cls=FloorGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="floor")
def floor_command() -> None:
    """Runs a warehouse floor. Settings come from FLOOR_HOME, FLOOR_DATABASE, FLOOR_PORT, … (docs/operations.md)."""


def main() -> None:
    """The console script: what a person did wrong is one line, not a traceback."""
    try:
        floor_command()
    except (SettingError, UnsafeSqlite, DomainError, FloorInUse, NotSafe) as error:
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
    except Exception as error:
        from fulfillment.services.readiness import NOT_MIGRATED, trouble_of

        trouble = trouble_of(error)
        if trouble is None:
            raise
        said = str(getattr(error, "orig", error)).partition("\n")[0]
        hint = "; run `floor init` first" if trouble is NOT_MIGRATED else ""
        click.echo(f"floor: the database says: {said}{hint}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
