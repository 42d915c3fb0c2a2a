"""Announced receipts from a CSV, one row a line: loose, or on the handling unit whose SSCC the row names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fulfillment.hot import Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.documents import Kind, import_documents
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options
from fulfillment.services.receiving import inbound
from fulfillment.services.receiving.inbound import ExpectedLine, ReceiptIn, UnitIn

COLUMNS = Columns(
    required=("number", "sku", "qty_each"),
    optional=(
        "supplier", "purchase_order", "due_on", "received_on", "needs_quality", "sscc", "parent_sscc", "lot",
        "expiry_on", "serial", "case_each", "note",
    ),
)  # fmt: skip
MAX_LINE_EACH = 1_000_000


@dataclass(frozen=True, slots=True)
class _Line:
    sscc: str
    parent_sscc: str
    goods: ExpectedLine


def import_receipts(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Announce the receipts of a file."""
    kind = Kind("receipts", COLUMNS, _read, _build, inbound.announce)
    return import_documents(kind, writer, source, options)


def _read(row: Row) -> tuple[dict[str, str], _Line]:
    said = {
        "supplier": cells.text(row, "supplier"), "purchase_order": cells.text(row, "purchase_order", 40),
        "due_on": cells.day(row, "due_on"), "received_on": cells.day(row, "received_on"),
        "needs_quality": "1" if cells.yes_or_no(row, "needs_quality") else "",
    }  # fmt: skip
    serial, sscc, qty_each = cells.text(row, "serial", 40), row["sscc"], cells.whole(row, "qty_each", 1, MAX_LINE_EACH)
    if serial and not sscc:
        raise BadCell(
            "serial", "serial_without_sscc", "serials are announced on a handling unit; loose ones are scanned"
        )
    if serial and qty_each != 1:
        raise BadCell("qty_each", "bad_quantity", "a serial number is of one piece")
    if row["parent_sscc"] and not sscc:
        raise BadCell("parent_sscc", "parent_without_sscc", "what stands on a handling unit has an SSCC itself")
    goods = ExpectedLine(
        cells.needed(row, "sku", 60), qty_each, cells.text(row, "lot", 40), cells.day(row, "expiry_on"),
        case_each=cells.whole(row, "case_each", 0, MAX_LINE_EACH, 0), serials=(serial,) if serial else (),
    )  # fmt: skip
    return said, _Line(sscc, row["parent_sscc"], goods)


def _build(number: str, said: dict[str, str], lines: Sequence[_Line]) -> ReceiptIn:
    units: dict[str, UnitIn] = {}
    for line in lines:
        if not line.sscc:
            continue
        known = units.get(line.sscc, UnitIn(line.sscc))
        units[line.sscc] = UnitIn(line.sscc, _with(known.lines, line.goods), known.parent_sscc or line.parent_sscc)
    # A pallet that holds nothing but cartons has no row of its own.
    for parent in sorted({line.parent_sscc for line in lines if line.parent_sscc} - units.keys()):
        units[parent] = UnitIn(parent)
    return ReceiptIn(
        number, tuple(line.goods for line in lines if not line.sscc), tuple(units.values()),
        needs_quality=bool(said.pop("needs_quality", "")), **said,
    )  # fmt: skip


def _with(goods: tuple[ExpectedLine, ...], more: ExpectedLine) -> tuple[ExpectedLine, ...]:
    """Serials of one item stand in a row each; together they are one line."""
    for at, line in enumerate(goods):
        if line.serials and more.serials and replace(line, qty_each=1, serials=more.serials) == more:
            joined = replace(line, qty_each=line.qty_each + 1, serials=(*line.serials, *more.serials))
            return (*goods[:at], joined, *goods[at + 1 :])
    return (*goods, more)
