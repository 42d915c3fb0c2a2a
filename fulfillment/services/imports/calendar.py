"""Holidays and days worked out of turn from a CSV: one row a date, created or brought to what the file says.

Dates the file does not name stay as they are. Refuses a date twice, and days off by which a carrier would
never call. Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from pathlib import Path

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.ordering import calendars

COLUMNS = Columns(required=("day",), optional=("opens", "closes", "note"))


def import_calendar(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Take dates in; afterwards open orders have the cut-offs that follow."""
    options = options or Options()
    with (
        reporting("calendar", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        taken: list[tuple[Row, dict[str, str]]] = []
        for row in sheet.rows():
            kept.saw(row.number)
            day = _read(row, kept, seen)
            if day is not None and isinstance(row, Row):
                taken.append((row, day))
        # Years of dates are a few hundred rows: one transaction, so that no order sees half a calendar.
        try:
            outcomes, report.figures["orders_changed"] = writer.write(lambda tx: _store(tx, [day for _, day in taken]))
        except Conflict as refused:
            kept.reject(taken[0][0], "day", refused.code, refused.detail)
            for row, _ in taken[1:]:
                kept.reject_along(row, refused.code, refused.detail)
            return report
        for outcome in outcomes:
            setattr(report, outcome, getattr(report, outcome) + 1)
    return report


def _store(tx: Tx, days: list[dict[str, str]]) -> tuple[list[str], int]:
    outcomes = [calendars.set_day(tx, day) for day in days]
    is_changed = any(outcome != "unchanged" for outcome in outcomes)
    return outcomes, calendars.take_effect(tx) if is_changed else 0


def _read(row: Row | BadRow, kept: Journal, seen: dict[str, int]) -> dict[str, str] | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        day = {
            "day": cells.day(row, "day", is_needed=True), "opens": row["opens"], "closes": row["closes"],
            "note": cells.text(row, "note", calendars.MAX_NOTE),
        }  # fmt: skip
        calendars.check_day(day)
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    except DomainError as bad:
        kept.reject(row, bad.field or "day", bad.code, bad.detail)
        return None
    first = seen.setdefault(day["day"], row.number)
    if first != row.number:
        kept.reject(row, "day", "duplicate_row", f"row {first} is about this day already")
        return None
    return day
