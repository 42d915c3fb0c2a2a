"""Places to count from a CSV: one row a location, asked for once.

Refuses what is no storage location. Invariant: a place asked for already stays asked for once, however many files
name it.
"""

from __future__ import annotations

from pathlib import Path

from fulfillment.domain.counting import CountCause
from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx, Writer
from fulfillment.services.common.actor import Actor
from fulfillment.services.counting import count_plans
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting

COLUMNS = Columns(required=("location",), optional=("note",))
BATCH_ROWS = 200
MAX_CODE = 30


def import_counts(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Ask for a count of each place the file names."""
    options = options or Options()
    with (
        reporting("counts", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        batch: list[tuple[Row, str]] = []
        for row in sheet.rows():
            kept.saw(row.number)
            code = _read(row, kept, seen)
            if code is not None and isinstance(row, Row):
                batch.append((row, code))
            if len(batch) >= BATCH_ROWS:
                _store(writer, batch, kept)
                batch = []
        _store(writer, batch, kept)
    return report


def _read(row: Row | BadRow, kept: Journal, seen: dict[str, int]) -> str | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        code = cells.needed(row, "location", MAX_CODE).upper()
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    first = seen.setdefault(code, row.number)
    if first != row.number:
        kept.reject(row, "location", "duplicate_row", f"row {first} is about this location already")
        return None
    return code


def _store(writer: Writer, batch: list[tuple[Row, str]], kept: Journal) -> None:
    outcomes = writer.write(lambda tx: [_ask(tx, code) for _, code in batch]) if batch else []
    for (row, code), outcome in zip(batch, outcomes, strict=True):
        if outcome == "unknown_location":
            kept.reject(row, "location", outcome, "no storage location has this code", code)
        else:
            setattr(kept.report, outcome, getattr(kept.report, outcome) + 1)


def _ask(tx: Tx, code: str) -> str:
    try:
        report = count_plans.ask_all(tx, Actor(occurred_at_ms=tx.now_ms), [code], CountCause.ASKED)
    except NotFound as missing:
        return missing.code
    return "created" if report["asked"] else "unchanged"
