"""Purchase orders from a CSV, one row a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fulfillment.hot import Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.documents import Kind, import_documents
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options
from fulfillment.services.receiving import purchasing
from fulfillment.services.receiving.purchasing import OrderedLine, PurchaseIn

COLUMNS = Columns(
    required=("number", "sku", "qty_each"),
    optional=("supplier", "ordered_on", "due_on", "unit_cost_minor", "note"),
    other_headings={"unit_cost_minor": ("cost_minor",)},
)
MAX_LINE_EACH = 1_000_000


def import_purchase_orders(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Place the purchase orders of a file."""
    kind = Kind("purchase-orders", COLUMNS, _read, _build, purchasing.place)
    return import_documents(kind, writer, source, options)


def _read(row: Row) -> tuple[dict[str, str], OrderedLine]:
    said = {
        "supplier": cells.text(row, "supplier"), "ordered_on": cells.day(row, "ordered_on"),
        "due_on": cells.day(row, "due_on"),
    }  # fmt: skip
    line = OrderedLine(
        cells.needed(row, "sku", 60), cells.whole(row, "qty_each", 1, MAX_LINE_EACH),
        cells.whole(row, "unit_cost_minor", 0, 10**12, 0),
    )  # fmt: skip
    return said, line


def _build(number: str, said: dict[str, str], lines: Sequence[OrderedLine]) -> PurchaseIn:
    return PurchaseIn(number, lines, **said)
