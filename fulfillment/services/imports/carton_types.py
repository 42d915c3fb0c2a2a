"""Carton types from a CSV: created, or brought to what the file says; matched by code.

Owns how a row reads, not what a type may be (`packing/cartons`). A column the file does not have leaves the type as
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
from fulfillment.services.packing import cartons

COLUMNS = Columns(required=("code",), optional=("name", *cartons.SIZES, "is_active", "note"))
MAX_CODE = 20
# column → smallest and largest; the planner takes no larger carton
LIMITS = {
    "length_mm": (1, 10_000), "width_mm": (1, 10_000), "height_mm": (1, 10_000), "max_weight_g": (1, 1_000_000),
    "tare_g": (0, 1_000_000), "cost_minor": (0, 1_000_000),
}  # fmt: skip


def import_carton_types(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update carton types."""
    kind = Keyed(
        "carton_types", "carton type", COLUMNS, lambda row: cells.needed(row, "code", MAX_CODE).upper(), _values,
        cartons.put_type,
    )  # fmt: skip
    return import_keyed(kind, writer, source, options)


def _values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "name" in row.places:
        values["name"] = cells.text(row, "name")
    for column, (low, high) in LIMITS.items():
        if row.places.get(column) is not None and (row[column] or low == 0):
            values[column] = cells.whole(row, column, low, high, 0)
    if "is_active" in row.places:
        values["is_active"] = cells.yes_or_no(row, "is_active") if row["is_active"] else 1
    return values
