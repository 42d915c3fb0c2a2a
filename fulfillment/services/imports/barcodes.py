"""Barcodes of items from a CSV, one a row: created, or brought to what the file says; matched by code.

Owns how a row reads, not whose a code may be (`services/set_up/item_barcodes`). Codes the file does not name stay.
Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fulfillment.domain.units import Uom
from fulfillment.hot import Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.items import MAX_SKU, code_of_barcode
from fulfillment.services.imports.keyed import Keyed, import_keyed
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options
from fulfillment.services.set_up import item_barcodes

COLUMNS = Columns(required=("code", "sku"), optional=("uom", "qty_each", "note"))


def import_barcodes(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update barcodes."""
    kind = Keyed("barcodes", "barcode", COLUMNS, _code, _values, item_barcodes.put_barcode)
    return import_keyed(kind, writer, source, options)


def _code(row: Row) -> str:
    cells.needed(row, "code")
    if ";" in row["code"]:
        raise BadCell("code", "bad_barcode", "a semicolon stands between two barcodes of a file of items")
    try:
        return code_of_barcode(row["code"])
    except BadCell as bad:
        raise BadCell("code", bad.reason, bad.words, bad.value) from bad


def _values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {"sku": cells.needed(row, "sku", MAX_SKU)}
    if "uom" in row.places:
        values["uom"] = cells.word(row, "uom", tuple(Uom), Uom.EACH)
    if "qty_each" in row.places and row["qty_each"]:
        values["qty_each"] = cells.whole(row, "qty_each", 1, item_barcodes.MAX_PER_BARCODE)
    return values
