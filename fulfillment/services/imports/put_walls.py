"""Put walls from a CSV: set up, or made larger; matched by code.

Owns how a row reads, not what a wall may be (`sorting/put_walls`). A column the file does not have leaves the wall as
it is. Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fulfillment.hot import Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.keyed import Keyed, import_keyed
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options
from fulfillment.services.sorting import put_walls

COLUMNS = Columns(required=("code",), optional=("location", "rows", "columns", "name", "slot_volume_ml", "note"))
LIMITS = {
    "rows": (1, put_walls.MAX_ROWS), "columns": (1, put_walls.MAX_COLUMNS), "slot_volume_ml": (0, put_walls.MAX_SLOT_ML)
}  # fmt: skip


def import_put_walls(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Set put walls up and make them larger."""
    kind = Keyed(
        "put_walls", "wall", COLUMNS, lambda row: cells.needed(row, "code", put_walls.MAX_CODE).upper(), _values,
        put_walls.put_wall,
    )  # fmt: skip
    return import_keyed(kind, writer, source, options)


def _values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "location" in row.places and row["location"]:
        values["location"] = row["location"].upper()
    if "name" in row.places:
        values["name"] = cells.text(row, "name")
    for column, (low, high) in LIMITS.items():
        if column in row.places and row[column]:
            values[column] = cells.whole(row, column, low, high, 0)
    return values
