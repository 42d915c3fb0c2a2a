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

# The command's name: the module of `fulfillment.commands` that has it, and what it is called there.
COMMANDS = {
    "account": "access:account_group",
    "accuracy": "counting:accuracy",
    "agent": "devices:agent_group",
    "aisle": "floor_plan:aisle_group",
    "audit-log": "keeping:audit_log_command",
    "backup": "safekeeping:backup",
    "carrier-labels": "carrier_labels:carrier_labels_group",
    "cartons": "cartons:cartons_group",
    "count-plan": "counting:count_plan",
    "demo": "simulating:demo",
    "device": "devices:device_group",
    "doctor": "doctor:doctor",
    "enrol": "founding:enrol",
    "erase-buyer": "keeping:erase_buyer_command",
    "fifo-audit": "auditing:fifo_audit",
    "flow": "flow:flow_group",
    "hand-over": "hand_over:hand_over_command",
    "http-routes": "routes:http_routes",
    "import": "importing:import_group",
    "init": "founding:init",
    "item-picture": "item_pictures:item_picture",
    "join-wave": "waves:join_wave",
    "labels": "labels:labels_group",
    "layout": "floor_plan:layout",
    "move-to-postgres": "safekeeping:move_to_postgres",
    "openapi": "routes:openapi",
    "operator": "languages:operator_group",
    "picker-shift": "waves:picker_shift",
    "plan-wave": "waves:plan_wave",
    "prints": "printing:prints_group",
    "propose-wave": "waves:propose_wave",
    "put-wall": "put_walls:put_wall_group",
    "replenish-plan": "replenishing:replenish_plan",
    "restore": "safekeeping:restore",
    "retention": "keeping:retention_command",
    "run": "serving:run",
    "serve": "serving:serve",
    "session": "access:session_group",
    "simulate": "simulating:simulate",
    "simulate-days": "simulating_days:simulate_days",
    "tls": "tls:tls",
    "token": "founding:token",
    "tour-order": "floor_plan:tour_order_command",
    "trace": "tracing:trace",
    "training": "training:training_command",
    "transfer": "transfers:transfer_group",
    "translations": "languages:translations_group",
    "unscanned": "unscanned:unscanned_command",
    "upgrade": "safekeeping:upgrade",
    "verify": "safekeeping:verify",
    "weighing": "weighing:weighing_group",
    "work": "serving:work",
}


class FloorGroup(TellingGroup):
    """The commands of `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"fulfillment.commands.{module}"), name)
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
        from fulfillment.processes import NotReady
        from fulfillment.services.working.readiness import NOT_MIGRATED, trouble_of

        if isinstance(error, NotReady):
            click.echo(f"floor: {error}", err=True)
            sys.exit(2)
        trouble = trouble_of(error)
        if trouble is None:
            raise
        said = str(getattr(error, "orig", error)).partition("\n")[0]
        hint = "; run `floor init` first" if trouble is NOT_MIGRATED else ""
        click.echo(f"floor: the database says: {said}{hint}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
