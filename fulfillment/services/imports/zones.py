"""Zones from a CSV: described, or brought to what the file says; matched by code.

What a zone says of rotation and tolerance holds for its items from then on, unless they say otherwise themselves.
A column the file does not have leaves the zone as it is. Invariant: importing a file twice changes nothing the
second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fulfillment.domain.fifo import Rotation
from fulfillment.domain.putaway import EVERY_CLASS
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.keyed import Keyed, import_keyed
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options
from fulfillment.services.stock import policies

COLUMNS = Columns(required=("code",), optional=(
    "name", "rotation", "tolerance_days", "storage_classes", "pick_order", "hand_over", "note",
))  # fmt: skip
MAX_CODE = 20


def import_zones(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Describe zones."""
    # One zone a transaction: all its items change their policy with it.
    kind = Keyed("zones", "zone", COLUMNS, lambda row: cells.needed(row, "code", MAX_CODE), _values, _store)
    return import_keyed(kind, writer, source, options)


def _values(row: Row) -> dict[str, Any]:
    reads: dict[str, Any] = {
        "name": lambda: cells.text(row, "name"),
        "rotation": lambda: cells.word(row, "rotation", tuple(Rotation), ""),
        "tolerance_days": lambda: cells.whole(row, "tolerance_days", 0, 3_650) if row["tolerance_days"] else None,
        "storage_classes": lambda: cells.text(row, "storage_classes") or EVERY_CLASS,
        "pick_order": lambda: cells.whole(row, "pick_order", 0, 1_000) if row["pick_order"] else 0,
        "hand_over": lambda: cells.text(row, "hand_over"),
    }
    return {column: read() for column, read in reads.items() if column in row.places}


def _store(tx: Tx, code: str, values: dict[str, Any]) -> str:
    known = tx.one(
        "SELECT z.*, COALESCE(l.code, '') AS hand_over FROM zone z LEFT JOIN location l"
        " ON l.warehouse_id = z.warehouse_id AND l.id = z.hand_over_id WHERE z.warehouse_id = :w AND z.code = :code",
        code=code,
    )
    before = {} if known is None else {
        column: known[column]
        for column in ("name", "rotation", "tolerance_days", "storage_classes", "pick_order", "hand_over")
    }  # fmt: skip
    return policies.set_zone(tx, code, **{**before, **values})
