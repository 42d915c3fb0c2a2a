"""Transfers from a CSV, one row a line; rows of a transfer need not be adjacent.

Owns how rows become transfers, not what a transfer may be (`transferring/transfers`). A transfer is taken in whole or
not at all: one wrong row keeps it out. Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.transferring import transfers

COLUMNS = Columns(required=("transfer", "to_warehouse", "sku", "qty"), optional=("note",))
MAX_ROW_EACH = 1_000_000


@dataclass(slots=True)
class _Asked:
    number: str
    to_warehouse: str
    rows: list[Row] = field(default_factory=list)
    lines: list[tuple[str, int]] = field(default_factory=list)
    is_spoilt: bool = False


def import_transfers(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Ask for the transfers a file names."""
    options = options or Options()
    with (
        reporting("transfers", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        report.figures.update(lines=0, units_each=0)
        for asked in _read_all(sheet.rows(), kept):
            _store(writer, asked, kept)
    return report


def _read_all(rows: Iterator[Row | BadRow], kept: Journal) -> list[_Asked]:
    found: dict[str, _Asked] = {}
    for row in rows:
        kept.saw(row.number)
        if isinstance(row, BadRow):
            kept.reject_bad(row)
            continue
        asked = found.setdefault(row["transfer"].upper(), _Asked(row["transfer"].upper(), row["to_warehouse"]))
        try:
            _read(row, asked)
        except BadCell as bad:
            kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
            asked.is_spoilt = True
    return list(found.values())


def _read(row: Row, asked: _Asked) -> None:
    cells.needed(row, "transfer", transfers.NUMBER_MAX)
    to_warehouse = cells.needed(row, "to_warehouse", 64)
    if to_warehouse != asked.to_warehouse:
        raise BadCell("to_warehouse", "two_warehouses", f"an earlier row sends it to {asked.to_warehouse}")
    sku, qty_each = cells.needed(row, "sku", 60), cells.whole(row, "qty", 1, MAX_ROW_EACH)
    asked.rows.append(row)
    asked.lines.append((sku, qty_each))


def _store(writer: Writer, asked: _Asked, kept: Journal) -> None:
    if asked.is_spoilt:
        for row in asked.rows:
            kept.reject_along(row, "transfer_not_imported", f"another row of transfer {asked.number} is wrong")
        return

    def work(tx: Tx) -> bool:
        return transfers.ask(tx, asked.number, asked.to_warehouse, asked.lines)

    try:
        is_new = writer.write(work)
    except DomainError as error:
        wrong = _row_of(error, asked)
        for row in asked.rows:
            if row is wrong:
                column = "sku" if error.code == "unknown_sku" else "transfer"
                kept.reject(row, column, error.code, error.detail)
            else:
                kept.reject_along(row, "transfer_not_imported", f"another row of transfer {asked.number} is wrong")
        return
    if is_new:
        kept.report.created += 1
        kept.report.figures["lines"] += len(asked.lines)
        kept.report.figures["units_each"] += sum(qty_each for _, qty_each in asked.lines)
    else:
        kept.report.unchanged += 1


def _row_of(error: DomainError, asked: _Asked) -> Row:
    """The row a field like `lines[3].sku` names; the first one when the whole transfer is wrong."""
    place = (error.field or "").partition("[")[2].partition("]")[0]
    return asked.rows[int(place)] if place.isdigit() else asked.rows[0]
