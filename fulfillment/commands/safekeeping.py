"""`floor verify`, `backup`, `restore`, `upgrade`, `move-to-postgres`: is the book right, and what if the machine burns.

Exit 0 only when the floor is right, the copy checked, the move compared. What was not done says why, in one line,
and has changed nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from fulfillment.bootstrap import open_floor
from fulfillment.db import is_sqlite
from fulfillment.founding import say
from fulfillment.safekeeping import NotSafe
from fulfillment.safekeeping import backup as copying
from fulfillment.safekeeping import moving as moving_away
from fulfillment.safekeeping import restore as restoring
from fulfillment.safekeeping import upgrade as upgrading
from fulfillment.services.verifying import verify as verifying
from fulfillment.settings import Settings

POLITE = 19  # how far a reader of everything steps back behind those who scan


@contextmanager
def told() -> Iterator[None]:
    """What was not done is one line and exit 1."""
    try:
        yield
    except NotSafe as error:
        click.echo(f"floor: {error}", err=True)
        sys.exit(1)


def step_back() -> None:
    """Let whoever scans go first."""
    with contextlib.suppress(OSError):
        os.nice(POLITE)


@click.command()
@click.option("--every-statement", is_flag=True, help="run each check's own statement, whatever the sums say; slower")
@click.option("--at-once", is_flag=True, help="PostgreSQL: without pauses for those who scan, done sooner")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def verify(every_statement: bool, at_once: bool, json_file: str | None) -> None:
    """Recompute every balance and figure from the ledger; exit 1 when anything differs."""
    step_back()
    floor = open_floor(Settings.from_env())
    rests = 0.0 if at_once or is_sqlite(floor.settings.database_url) else verifying.RESTS
    try:
        report = floor.read(
            lambda tx: verifying.verify(tx, floor.warehouse_id, spares=not every_statement, rests=rests)
        )
    finally:
        floor.close()
    lines = [f"{'ok ' if check['ok'] else 'BAD'} {check['name']}" for check in report["checks"]]
    for check in report["checks"]:
        lines += [f"    {check['name']}: {words}" for words in check["found"]]
    say(json_file, report, "\n".join([*lines, f"{report['moves']} moves, {report['balances']} balances"]))
    sys.exit(0 if report["ok"] else 1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "json_file", metavar="REPORT", help="write the report as JSON (- = standard output)")
def backup(file: Path, json_file: str | None) -> None:
    """Copy the floor into FILE, beside a working floor, and check the copy; FILE.json says what is in it."""
    step_back()
    with told():
        paper = copying.back_up(Settings.from_env().database_url, file)
    ends = ", ".join(f"{end.code}: {end.moves} moves, {end.scans} scans" for end in paper.ends)
    words = f"{file}: {paper.bytes} bytes, schema {paper.revision}, {paper.verified} checked; {ends}"
    say(json_file, asdict(paper), words)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="there is a floor: keep it beside the one that comes back")
@click.option("--json", "json_file", metavar="REPORT", help="write the report as JSON (- = standard output)")
def restore(file: Path, replace: bool, json_file: str | None) -> None:
    """Make the floor of FLOOR_DATABASE what FILE says: checked, on today's schema, verified."""
    with told():
        restored = restoring.restore(file, Settings.from_env().database_url, replace=replace)
    kept = f"; the floor that was there is {restored.kept_as}" if restored.kept_as else ""
    ends = ", ".join(f"{end.code}: {end.moves} moves, {end.scans} scans" for end in restored.ends)
    say(json_file, asdict(restored), f"restored and verified, schema {restored.from_revision} -> {restored.revision}; "
        f"{ends}{kept}")  # fmt: skip


@click.command()
@click.option("--backups", type=click.Path(path_type=Path, file_okay=False), default=None,
              help="where the copy made before goes [default: FLOOR_HOME/backups]")  # fmt: skip
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def upgrade(backups: Path | None, json_file: str | None) -> None:
    """Bring the stopped floor to this version's schema: copied away, migrated, verified, then put in place."""
    settings = Settings.from_env()
    with told():
        upgraded = upgrading.upgrade(settings.database_url, backups or settings.home / "backups")
    words = (
        f"schema {upgraded.from_revision} -> {upgraded.revision}, verified; the floor as it was: {upgraded.backup}"
        if upgraded.backup else f"schema {upgraded.revision}: nothing to do"
    )  # fmt: skip
    say(json_file, asdict(upgraded), words)


@click.command("move-to-postgres")
@click.argument("url")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def move_to_postgres(url: str, json_file: str | None) -> None:
    """Copy the stopped SQLite floor to URL (postgresql+psycopg://…), verify both sides and compare them."""
    with told():
        moved = moving_away.move_to_postgresql(Settings.from_env().database_url, url)
    there = make_url(url).render_as_string(hide_password=True)
    say(json_file, moved.report(), f"{moved.rows} rows in {len(moved.tables)} tables are the same there, and verified;"
        f" from now on: FLOOR_DATABASE={there}")  # fmt: skip
