"""Zones from a CSV: described, or brought to what the file says; matched by code.

What a zone says of rotation and tolerance holds for its items from then on, unless they say otherwise themselves.
A column the file does not have leaves the zone as it is. Invariant: importing a file twice changes nothing the
second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fulfillment.domain.fifo import Rotation
from fulfillment.domain.putaway import EVERY_CLASS
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services import policies
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting

COLUMNS = Columns(required=("code",), optional=("name", "rotation", "tolerance_days", "storage_classes", "note"))
MAX_CODE = 20


@dataclass(frozen=True, slots=True)
class _ZoneRow:
    row: Row
    code: str
    values: dict[str, Any]


def import_zones(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Describe zones."""
    options = options or Options()
    with (
        reporting("zones", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        for row in sheet.rows():
            kept.saw(row.number)
            zone = _read(row, kept, seen)
            if zone is not None:
                _store_one(writer, zone, kept)
    return report


def _store_one(writer: Writer, zone: _ZoneRow, kept: Journal) -> None:
    # One zone a transaction: all its items change their policy with it.
    try:
        what = writer.write(lambda tx: _store(tx, zone))
    except DomainError as error:
        kept.reject(zone.row, error.field or "code", error.code, error.detail)
        return
    setattr(kept.report, what, getattr(kept.report, what) + 1)


def _read(row: Row | BadRow, kept: Journal, seen: dict[str, int]) -> _ZoneRow | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        code = cells.needed(row, "code", MAX_CODE)
        values = _values(row)
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    first = seen.setdefault(code, row.number)
    if first != row.number:
        kept.reject(row, "code", "duplicate_row", f"row {first} is about this zone already")
        return None
    return _ZoneRow(row, code, values)


def _values(row: Row) -> dict[str, Any]:
    reads: dict[str, Any] = {
        "name": lambda: cells.text(row, "name"),
        "rotation": lambda: cells.word(row, "rotation", tuple(Rotation), ""),
        "tolerance_days": lambda: cells.whole(row, "tolerance_days", 0, 3_650) if row["tolerance_days"] else None,
        "storage_classes": lambda: cells.text(row, "storage_classes") or EVERY_CLASS,
    }
    return {column: read() for column, read in reads.items() if column in row.places}


def _store(tx: Tx, zone: _ZoneRow) -> str:
    known = tx.one("SELECT * FROM zone WHERE warehouse_id = :w AND code = :code", code=zone.code)
    before = {} if known is None else {
        column: known[column] for column in ("name", "rotation", "tolerance_days", "storage_classes")
    }  # fmt: skip
    return policies.set_zone(tx, zone.code, **{**before, **zone.values})
