"""People with badges, stations, carts and totes from CSV files: created, or brought to what a file says.

Owns how a row reads; what a thing may be is `set_up/fittings`. A column the file does not have leaves it as it is.
Invariant: importing a file twice changes nothing the second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.roles import Role, StationKind
from fulfillment.hot import Writer
from fulfillment.services.equipment import stations
from fulfillment.services.imports import cells
from fulfillment.services.imports.keyed import Keyed, import_keyed
from fulfillment.services.imports.reading import Columns, Row
from fulfillment.services.imports.report import ImportReport, Options
from fulfillment.services.set_up import fittings

MAX_CODE = 20

OPERATORS = Columns(required=("badge",), optional=("name", "role", "language", "is_active", "note"))
STATIONS = Columns(
    required=("code",),
    optional=("kind", "location", "name", "label_printer", "slip_printer", "item_printer", "weighs", "note"),
)
CARTS = Columns(required=("code",), optional=("positions", "levels", "note"))
TOTES = Columns(required=("code",), optional=("note",))


def import_operators(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update people with badges."""
    kind = Keyed("operators", "badge", OPERATORS, lambda row: _code(row, "badge"), _operator, fittings.put_operator)
    return import_keyed(kind, writer, source, options)


def import_stations(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update stations; a link to one is given by its page."""
    kind = Keyed("stations", "station", STATIONS, _code, _station, fittings.put_station)
    return import_keyed(kind, writer, source, options)


def import_carts(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create and update carts."""
    return import_keyed(Keyed("carts", "cart", CARTS, _code, _cart, fittings.put_cart), writer, source, options)


def import_totes(writer: Writer, source: Path | str | bytes, options: Options | None = None) -> ImportReport:
    """Create totes."""
    kind = Keyed("totes", "tote", TOTES, _code, lambda row: {}, fittings.put_tote)
    return import_keyed(kind, writer, source, options)


def _code(row: Row, column: str = "code") -> str:
    return cells.needed(row, column, MAX_CODE).upper()


def _operator(row: Row) -> dict[str, Any]:
    reads = {
        "name": lambda: cells.text(row, "name", 60),
        "role": lambda: cells.word(row, "role", tuple(Role), ""),
        "language": lambda: cells.word(row, "language", tuple(LANGUAGES), ""),
        "is_active": lambda: cells.yes_or_no(row, "is_active") if row["is_active"] else 1,
    }
    return {column: read() for column, read in reads.items() if column in row.places}


def _station(row: Row) -> dict[str, Any]:
    reads = {
        "kind": lambda: cells.word(row, "kind", tuple(StationKind), ""),
        "location": lambda: row["location"].upper(),
        "name": lambda: cells.text(row, "name", 60),
        **{name: lambda name=name: cells.text(row, name, 60) for name in stations.PRINTERS},
        "weighs": lambda: cells.yes_or_no(row, "weighs"),
    }
    return {column: read() for column, read in reads.items() if column in row.places}


def _cart(row: Row) -> dict[str, Any]:
    most = fittings.MAX_POSITIONS
    return {
        column: cells.whole(row, column, 1, most)
        for column in ("positions", "levels") if column in row.places and row[column]
    }  # fmt: skip
