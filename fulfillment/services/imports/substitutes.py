"""Substitutes from a CSV: which item may go instead of which; matched by both SKUs.

Owns how a row reads, not what a substitute may be (`ordering/substitutes`). Invariant: importing a file twice changes
nothing the second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.ordering import substitutes

COLUMNS = Columns(required=("sku", "substitute_sku"), optional=("rank", "note"))
BATCH_ROWS = 100
LARGEST_RANK = 1_000


@dataclass(frozen=True, slots=True)
class _SubstituteRow:
    row: Row
    sku: str
    substitute: str
    rank: int


def import_substitutes(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Say which items may go instead of others; those the file does not name stay as they are."""
    options = options or Options()
    with (
        reporting("substitutes", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[tuple[str, str], int] = {}
        batch: list[_SubstituteRow] = []
        for row in sheet.rows():
            kept.saw(row.number)
            one = _read(row, kept, seen)
            if one is not None:
                batch.append(one)
            if len(batch) >= BATCH_ROWS:
                _store(writer, batch, kept)
                batch = []
        _store(writer, batch, kept)
    return report


def _read(row: Row | BadRow, kept: Journal, seen: dict[tuple[str, str], int]) -> _SubstituteRow | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        one = _SubstituteRow(
            row, cells.needed(row, "sku", cells.MAX_TEXT), cells.needed(row, "substitute_sku", cells.MAX_TEXT),
            cells.whole(row, "rank", 1, LARGEST_RANK) if row["rank"] else 1,
        )  # fmt: skip
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    first = seen.setdefault((one.sku.upper(), one.substitute.upper()), row.number)
    if first != row.number:
        kept.reject(row, "substitute_sku", "duplicate_row", f"row {first} is about these two already")
        return None
    return one


def _store(writer: Writer, batch: list[_SubstituteRow], kept: Journal) -> None:
    if not batch:
        return
    for one, what in zip(batch, writer.write(lambda tx: [_store_one(tx, row) for row in batch]), strict=True):
        if isinstance(what, DomainError):
            kept.reject(one.row, what.field or "", what.code, what.detail)
        else:
            setattr(kept.report, what, getattr(kept.report, what) + 1)


def _store_one(tx: Tx, one: _SubstituteRow) -> str | DomainError:
    try:
        with tx.savepoint():
            return substitutes.give(tx, one.sku, one.substitute, one.rank)
    except DomainError as error:
        return error
