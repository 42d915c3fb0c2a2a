"""`floor doctor`: what is wrong with this machine and its floor, and what to do; exit 1 when anything is bad."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from fulfillment.bootstrap import open_floor
from fulfillment.doctor import BAD, OK, look_at_machine
from fulfillment.doctor_database import look_at_database
from fulfillment.founding import say
from fulfillment.settings import Settings


@click.command()
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def doctor(json_file: str | None) -> None:
    """Look this machine and its floor over: software, disk, clock, ports, database, printers, stuck work, backups."""
    settings = Settings.from_env()
    found = look_at_machine(settings)
    floor = open_floor(settings)
    try:
        found += look_at_database(floor)
    finally:
        floor.close()
    is_bad = any(finding.state == BAD for finding in found)
    lines = [
        f"{finding.state.upper():4} {finding.check}: {finding.words}"
        + (f"\n     → {finding.remedy}" if finding.state != OK else "")
        for finding in found
    ]
    say(json_file, {"ok": not is_bad, "findings": [asdict(finding) for finding in found]}, "\n".join(lines))
    sys.exit(1 if is_bad else 0)
