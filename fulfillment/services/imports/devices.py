"""Scanners, scales and printers from CSV files: added, or brought to what a file says.

Owns how a row reads; what a device may be is `equipment/devices`. A column the file does not have leaves it as it is,
and so does an empty one a device of that kind has no use for. Invariant: importing a file twice changes nothing the
second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fulfillment.domain.devices import DeviceKind
from fulfillment.hot import Writer
from fulfillment.services.equipment import device_setup
from fulfillment.services.imports import cells
from fulfillment.services.imports.keyed import Keyed, import_keyed
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options

MAX_CODE, MAX_ADDRESS = 64, 300

DEVICES = Columns(
    required=("code",),
    optional=("kind", "address", "language", "dpi", "agent", "station", "signals", "stand_in", "is_enabled", "note"),
)


def import_devices(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Add and change devices."""
    kind = Keyed("devices", "device", DEVICES, _code, _device, device_setup.put_device)
    return import_keyed(kind, writer, source, options)


def _code(row: Row) -> str:
    return cells.needed(row, "code", MAX_CODE)


def _device(row: Row) -> dict[str, Any]:
    reads = {
        "kind": lambda: cells.word(row, "kind", tuple(DeviceKind), ""),
        "address": lambda: cells.text(row, "address", MAX_ADDRESS),
        "dpi": lambda: cells.whole(row, "dpi", 1, 1200, 0) if row["dpi"] else 0,
        "is_enabled": lambda: cells.yes_or_no(row, "is_enabled") if row["is_enabled"] else 1,
        **{
            name: lambda name=name: cells.text(row, name, MAX_CODE)
            for name in ("language", "agent", "station", "signals", "stand_in")
        },
    }
    return {column: read() for column, read in reads.items() if column in row.places}
