"""`floor fifo-audit`: whether goods left in the order of their age."""

from __future__ import annotations

import sys

import click

from fulfillment.bootstrap import open_floor
from fulfillment.founding import say
from fulfillment.services.common import queries
from fulfillment.services.verifying import audit
from fulfillment.settings import Settings


@click.command("fifo-audit")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def fifo_audit(json_file: str | None) -> None:
    """Replay the ledger and report what went against the rules of age; exit 1 when nobody answered for it."""
    floor = open_floor(Settings.from_env())
    try:
        with queries.snapshot(floor.engine, floor.warehouse_id) as connection:
            report = audit.fifo_audit(connection, floor.warehouse_id)
    finally:
        floor.close()
    say(json_file, report, audit.report_in_words(report))
    sys.exit(0 if report["ok"] else 1)
