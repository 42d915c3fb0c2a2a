"""How an import runs: on the floor or on a copy of it, with progress, and its report printed.

Refuses to start without a founded warehouse. Invariant: a dry run goes through the same code as an import, on a copy of
the database that is thrown away afterwards.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.db import is_sqlite, sqlite_path
from fulfillment.safekeeping import schema, tables
from fulfillment.services import imports
from fulfillment.services.imports import ImportReport, Options
from fulfillment.settings import SettingError, Settings


def run_import(ctx: click.Context, asked: dict[str, Any], work: Callable[[Floor, str, Options], ImportReport]) -> None:
    """Do `work` with the file and options that were asked for, print its report, and end with its exit code."""
    try:
        settings = ctx.find_object(Settings) or Settings.from_env()
        headings = imports.parse_map(asked["headings"])
    except SettingError as error:
        raise click.UsageError(str(error), ctx) from error
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param_hint="--map") from error
    reject, file = asked["reject"], asked["file"]
    if reject is not None:
        if file != "-" and reject.resolve() == Path(file).resolve():
            raise click.BadParameter("this is the file to import", ctx, param_hint="--reject")
        if not reject.resolve().parent.is_dir():
            raise click.BadParameter(f"no such folder: {reject.parent}", ctx, param_hint="--reject")
    options = Options(headings, reject, asked["limit_errors"], _Progress())
    with _open(settings, is_dry_run=asked["dry_run"]) as floor:
        report = work(floor, file, options)
    report.is_dry_run = asked["dry_run"]
    _print(report, asked["json_to"])
    ctx.exit(report.exit_code)


@contextmanager
def _open(settings: Settings, *, is_dry_run: bool) -> Iterator[Floor]:
    """The floor, or a copy of it that is gone afterwards."""
    if is_sqlite(settings.database_url) and not sqlite_path(settings.database_url).exists():
        place = sqlite_path(settings.database_url)
        raise click.ClickException(f"no floor at {place}: run `floor init` first")
    floor = open_floor(settings)
    try:
        with floor.engine.connect() as connection:
            if connection.exec_driver_sql("SELECT COUNT(*) FROM warehouse").scalar() == 0:
                raise click.ClickException("the floor has no warehouse yet: run `floor init` first")
        if not is_dry_run:
            yield floor
            return
        with tempfile.TemporaryDirectory(prefix="floor-dry-run-") as folder:
            copied = replace(settings, database_url=f"sqlite:///{Path(folder) / 'floor.sqlite'}")
            _copy(floor, copied)
            rehearsal = open_floor(copied)
            try:
                yield rehearsal
            finally:
                rehearsal.close()
    finally:
        floor.close()


def _copy(floor: Floor, copied: Settings) -> None:
    """One moment of the floor in a SQLite file, whatever engine it runs on; no scan waits meanwhile."""
    if is_sqlite(floor.settings.database_url):
        connection = floor.engine.raw_connection()
        try:
            assert connection.driver_connection is not None
            connection.driver_connection.execute("VACUUM INTO ?", (str(sqlite_path(copied.database_url)),))
        finally:
            connection.close()
        return
    migrate(copied)
    with schema.engine_of(floor.settings.database_url) as source, schema.engine_of(copied.database_url) as target:
        tables.copy(source, target)


class _Progress:
    """Says how far it is, on standard error, when it takes longer than a second."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, row: int, rows: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= 1:
            self._said_at = now
            click.echo(f"row {row} of {max(row, rows)} ({100 * row // max(row, rows, 1)} %)", err=True)


def _print(report: ImportReport, json_to: str | None) -> None:
    if json_to == "-":
        click.echo(json.dumps(report.as_json(), indent=2))
    elif json_to:
        Path(json_to).write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    is_err = json_to == "-"
    dry = " (dry run: nothing was written)" if report.is_dry_run else ""
    click.echo(
        f"{report.kind}: {report.rows} rows read, {report.created} created, {report.updated} updated,"
        f" {report.unchanged} unchanged, {report.left_out} rows left out, {report.rejected} rows rejected,"
        f" {report.elapsed_ms / 1000:.1f} s{dry}",
        err=is_err,
    )
    if report.figures:
        click.echo("  " + ", ".join(f"{name} {value}" for name, value in report.figures.items()), err=is_err)
    for words in report.notes:
        click.echo(f"  note: {words}", err=is_err)
    for reason, count in report.reasons.items():
        click.echo(f"  {reason}: {count} rows", err=is_err)
    for error in report.errors:
        place = f"row {error.row}" if error.row else "file"
        where = f"{place}, {error.column}" if error.column else place
        value = f" [{error.value}]" if error.value else ""
        click.echo(f"  {where}: {error.words}{value}", err=True)
    sys.stdout.flush()
