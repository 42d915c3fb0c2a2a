"""The floor plan from a CSV: where tours begin and end, and the one-way aisles. The file is the whole of it.

Owns how a row reads; what a plan may be is `walking/floor_plan`. A file with a wrong row changes nothing: half a
plan would send people the wrong way. Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from fulfillment.domain.floor_plan import Direction, TourEnd
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.walking import floor_plan
from fulfillment.services.walking.floor_plan import OneWayIn

COLUMNS = Columns(required=("what", "place"), optional=("direction", "block", "note"))
ONE_WAY = "one_way"
MAX_PLACE = 30
MAX_BLOCK = 99


@dataclass
class _Plan:
    start: list[tuple[Row, str]] = field(default_factory=list)
    drops: list[tuple[Row, str]] = field(default_factory=list)
    one_way: list[tuple[Row, OneWayIn]] = field(default_factory=list)

    def row_at(self, named: str) -> Row | None:
        """The row a service means by `drops[1]`."""
        found = re.match(r"(start|drops|one_way)(?:\[(\d+)\])?", named)
        rows = getattr(self, found[1]) if found else []
        at = int(found[2] or 0) if found else 0
        return rows[at][0] if at < len(rows) else None


def import_floor_plan(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Replace where tours begin and end and the one-way aisles by what the file says."""
    options = options or Options()
    with (
        reporting("floor_plan", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        plan, last = _Plan(), None
        for row in sheet.rows():
            kept.saw(row.number)
            last = _read(row, plan, kept) or last
        if not report.rejected and last is not None:
            _store(writer, plan, kept, last)
    return report


def _read(row: Row | BadRow, plan: _Plan, kept: Journal) -> Row | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        cells.needed(row, "what")
        what = cells.word(row, "what", (*TourEnd, ONE_WAY), "")
        place = cells.needed(row, "place", MAX_PLACE)
        if what == ONE_WAY:
            cells.needed(row, "direction")
            direction = cells.word(row, "direction", tuple(Direction), "")
            block = cells.whole(row, "block", 0, MAX_BLOCK) if row["block"] else None
            plan.one_way.append((row, OneWayIn(place, direction, block)))
        elif what == TourEnd.DROP:
            plan.drops.append((row, place))
        elif plan.start:
            raise BadCell("what", "duplicate_row", "tours begin at one place", what)
        else:
            plan.start.append((row, place))
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    return row


def _store(writer: Writer, plan: _Plan, kept: Journal, last: Row) -> None:
    def work(tx: Tx) -> None:
        before = floor_plan.said(tx)
        floor_plan.set_plan(
            tx, plan.start[0][1] if plan.start else None, [place for _, place in plan.drops],
            [rule for _, rule in plan.one_way], before["level_climb_dm"], before["reach_level"],
        )  # fmt: skip
        if floor_plan.said(tx) == before:
            raise _Unchanged

    rows = len(plan.start) + len(plan.drops) + len(plan.one_way)
    try:
        writer.write(work)
        kept.report.updated += rows
    except _Unchanged:
        kept.report.unchanged += rows
    except DomainError as error:
        kept.reject(plan.row_at(error.field or "") or last, "place", error.code, error.detail)


class _Unchanged(Exception):
    """The floor plan is what the file says already: nothing of it is written."""
