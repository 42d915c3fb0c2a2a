"""Adjustments from a CSV: units found, lost, set aside or freed, a row each, under a reference of its own.

Owns how a row reads, not what may be changed (`stock/set_aside`). Refuses a row whose reference came before with
other content. Invariant: a reference is carried out once, whichever file it comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fulfillment.domain.reasons import DomainError, Why
from fulfillment.domain.stock import Status
from fulfillment.hot import Tx, Writer
from fulfillment.services.common.actor import Actor
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.stock import set_aside
from fulfillment.services.stock.set_aside import ChangeIn

COLUMNS = Columns(
    required=("reference", "location", "sku", "qty", "why"),
    optional=("change", "lot", "serial", "lpn", "status", "note"),
)
BATCH_ROWS = 50
MAX_ROW_EACH = 1_000_000

_CHANGES = {"": "ADJUST", "adjust": "ADJUST", "hold": "HOLD", "damaged": "DAMAGED", "free": "FREE"}


@dataclass(frozen=True, slots=True)
class _Asked:
    row: Row
    change: ChangeIn


def import_adjustments(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Carry out the changes of stock a file asks for."""
    options = options or Options()
    with (
        reporting("adjustments", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        report.figures.update(units_each=0)
        for batch in _batches(_read_all(sheet.rows(), kept)):
            _carry_out(writer, batch, kept)
    return report


def _read_all(rows: Iterator[Row | BadRow], kept: Journal) -> Iterator[_Asked]:
    seen: dict[str, int] = {}
    for row in rows:
        kept.saw(row.number)
        if isinstance(row, BadRow):
            kept.reject_bad(row)
            continue
        try:
            change = _read(row)
        except BadCell as bad:
            kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
            continue
        first = seen.setdefault(change.reference, row.number)
        if first != row.number:
            kept.reject(row, "reference", "duplicate_row", f"row {first} has this reference too")
            continue
        yield _Asked(row, change)


def _read(row: Row) -> ChangeIn:
    kind = _CHANGES.get(cells.text(row, "change", 20).lower())
    if kind is None:
        raise BadCell("change", "bad_change", "change is none of adjust, hold, damaged, free")
    why, status = cells.needed(row, "why", 30).lower(), cells.text(row, "status", 20).lower()
    if why not in {one.value for one in Why}:
        raise BadCell("why", "bad_reason", f"there is no reason {why}")
    if status and status not in {one.value for one in Status}:
        raise BadCell("status", "bad_status", f"there is no status {status}")
    return ChangeIn(
        kind, cells.needed(row, "location", 30).upper(), cells.needed(row, "sku", 60),
        cells.whole(row, "qty", 1, MAX_ROW_EACH), why, cells.text(row, "lot", 40), cells.text(row, "serial", 40), None,
        cells.text(row, "lpn", 20), status, cells.needed(row, "reference", 60),
    )  # fmt: skip


def _batches(rows: Iterator[_Asked]) -> Iterator[list[_Asked]]:
    batch: list[_Asked] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _carry_out(writer: Writer, batch: Sequence[_Asked], kept: Journal) -> None:
    def work(tx: Tx) -> list[bool | DomainError]:
        return [_one(tx, asked.change) for asked in batch]

    for asked, outcome in zip(batch, writer.write(work), strict=True):
        if isinstance(outcome, DomainError):
            column = outcome.field if outcome.field in (*COLUMNS.required, *COLUMNS.optional) else "qty"
            kept.reject(asked.row, column, outcome.code, outcome.detail)
        elif outcome:
            kept.report.created += 1
            kept.report.figures["units_each"] += asked.change.qty_each
        else:
            kept.report.unchanged += 1


def _one(tx: Tx, change: ChangeIn) -> bool | DomainError:
    """Whether it is new; what is wrong with it, as a value, so that the rows beside it stand."""
    try:
        with tx.savepoint():
            return set_aside.ask(tx, Actor(occurred_at_ms=tx.now_ms), change)[1]
    except DomainError as error:
        return error
