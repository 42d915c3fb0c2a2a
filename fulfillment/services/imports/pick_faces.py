"""Pick faces from a CSV: created, or brought to the levels the file says; matched by location.

Owns how a row reads, not what a face may be (`replenishing/pick_faces`). Invariant: importing a file twice changes
nothing the second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.common.actor import Actor
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.replenishing import pick_faces

COLUMNS = Columns(required=("location", "sku", "min_each", "max_each"), optional=("note",))
BATCH_ROWS = 100
MAX_CODE = 30


@dataclass(frozen=True, slots=True)
class _FaceRow:
    row: Row
    location: str
    sku: str
    min_each: int
    max_each: int


def import_pick_faces(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update pick faces; what they need now is planned at once."""
    options = options or Options()
    with (
        reporting("pick_faces", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        batch: list[_FaceRow] = []
        for row in sheet.rows():
            kept.saw(row.number)
            face = _read(row, kept, seen)
            if face is not None:
                batch.append(face)
            if len(batch) >= BATCH_ROWS:
                _store(writer, batch, kept)
                batch = []
        _store(writer, batch, kept)
    return report


def _read(row: Row | BadRow, kept: Journal, seen: dict[str, int]) -> _FaceRow | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        face = _FaceRow(
            row, cells.needed(row, "location", MAX_CODE).upper(), cells.needed(row, "sku", cells.MAX_TEXT),
            cells.whole(row, "min_each", 0, pick_faces.LARGEST_EACH),
            cells.whole(row, "max_each", 1, pick_faces.LARGEST_EACH),
        )  # fmt: skip
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    first = seen.setdefault(face.location, row.number)
    if first != row.number:
        kept.reject(row, "location", "duplicate_row", f"row {first} is about this location already")
        return None
    return face


def _store(writer: Writer, batch: Sequence[_FaceRow], kept: Journal) -> None:
    if not batch:
        return
    for face, what in zip(batch, writer.write(lambda tx: [_store_one(tx, row) for row in batch]), strict=True):
        if isinstance(what, DomainError):
            kept.reject(face.row, what.field or "", what.code, what.detail)
        else:
            setattr(kept.report, what, getattr(kept.report, what) + 1)


def _store_one(tx: Tx, face: _FaceRow) -> str | DomainError:
    try:
        with tx.savepoint():
            nobody = Actor(occurred_at_ms=tx.now_ms)
            return pick_faces.give(tx, nobody, face.location, face.sku, face.min_each, face.max_each)
    except DomainError as error:
        return error
