"""Locations from a CSV: created, or brought to what the file says; matched by code.

A column the file has is the file's word; one it does not have leaves the location as it is. Refuses a code
that cannot be printed as a barcode, two faces nobody could tell apart, another kind for a location that holds
stock or work, and another access for one that holds stock. Invariant: importing a file twice changes nothing
the second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.putaway import Velocity
from fulfillment.domain.stock import STORAGE_KINDS, Access, LocationKind
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import policies
from fulfillment.services.walking import floor_plan, walkways

COLUMNS = Columns(
    required=("code", "kind"),
    optional=(
        "access", "zone", "aisle", "bay", "level", "x_dm", "y_dm", "storey", "walk_point", "capacity_ml",
        "max_weight_g", "height_mm", "velocity", "is_pickable", "note",
    ),
)  # fmt: skip
KINDS = tuple(kind.value for kind in LocationKind if kind not in (LocationKind.VIRTUAL, LocationKind.CART))
BATCH_ROWS = 200
MAX_CODE = 30
FARTHEST_DM = 1_000_000


@dataclass(frozen=True, slots=True)
class _LocationRow:
    row: Row
    code: str
    values: dict[str, Any]


def import_locations(
    writer: Writer, source: Path | str | bytes, options: Options | None = None,
    cross_aisles_y_dm: Sequence[int] | None = None,
) -> ImportReport:  # fmt: skip
    """Create and update locations; with `cross_aisles_y_dm` also say where the cross-aisles run."""
    options = options or Options()
    with (
        reporting("locations", options) as report,
        open_sheet(source, COLUMNS, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        batch: list[_LocationRow] = []
        for row in sheet.rows():
            kept.saw(row.number)
            location = _read(row, kept, seen)
            if location is not None:
                batch.append(location)
            if len(batch) >= BATCH_ROWS:
                _store(writer, batch, kept)
                batch = []
        _store(writer, batch, kept)
        report.figures["carriers"] = writer.write(lambda tx: _finish(tx, cross_aisles_y_dm))
    return report


def _finish(tx: Tx, cross_aisles_y_dm: Sequence[int] | None) -> int:
    if cross_aisles_y_dm is not None:
        floor_plan.set_cross_aisles(tx, cross_aisles_y_dm)
    return setting_up.found_carriers(tx)


def _read(row: Row | BadRow, kept: Journal, seen: dict[str, int]) -> _LocationRow | None:
    if isinstance(row, BadRow):
        kept.reject_bad(row)
        return None
    try:
        code = _code(row)
        values = _values(row)
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return None
    first = seen.setdefault(code, row.number)
    if first != row.number:
        kept.reject(row, "code", "duplicate_row", f"row {first} is about this location already")
        return None
    return _LocationRow(row, code, values)


def _code(row: Row) -> str:
    code = cells.needed(row, "code", MAX_CODE).upper()
    try:
        own_code("L", code)
    except BadCode as error:
        raise BadCell("code", "bad_code", str(error)) from error
    return code


def _values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": _word(row, "kind", KINDS, "")}
    if "access" in row.places:
        values["access"] = _word(row, "access", tuple(Access), Access.ANY)
    if "walk_point" in row.places:
        values["walk_point"] = cells.text(row, "walk_point", walkways.MAX_CODE).upper()
    for column in ("zone", "aisle", "bay"):
        if column in row.places:
            values[column] = cells.text(row, column, 20)
    bounds = {
        "level": (0, 99), "storey": (0, 99), "x_dm": (-FARTHEST_DM, FARTHEST_DM), "y_dm": (-FARTHEST_DM, FARTHEST_DM),
        "capacity_ml": (0, 10**9), "max_weight_g": (0, 10**9), "height_mm": (0, 100_000),
    }  # fmt: skip
    for column, (low, high) in bounds.items():
        if column in row.places:
            values[column] = cells.whole(row, column, low, high, 0)
    if "velocity" in row.places:
        values["velocity"] = cells.word(row, "velocity", tuple(Velocity), "")
    if "is_pickable" in row.places:
        values["is_pickable"] = cells.yes_or_no(row, "is_pickable") if row["is_pickable"] else 1
    return values


def _word(row: Row, column: str, words: Sequence[str], default: str) -> str:
    value = row[column].lower() or default
    if value not in words:
        raise BadCell(column, f"bad_{column}", f"{column} is none of {', '.join(words)}")
    return value


def _store(writer: Writer, batch: Sequence[_LocationRow], kept: Journal) -> None:
    if not batch:
        return
    for location, what in zip(batch, writer.write(lambda tx: _store_batch(tx, batch)), strict=True):
        if isinstance(what, BadCell):
            kept.reject(location.row, what.column, what.reason, what.words, what.value)
        else:
            setattr(kept.report, what, getattr(kept.report, what) + 1)


def _store_batch(tx: Tx, batch: Sequence[_LocationRow]) -> list[str | BadCell]:
    stored = [_store_apart(tx, row) for row in batch]
    if any(what in ("created", "updated") for what in stored):
        floor_plan.changed(tx)
    return stored


def _store_apart(tx: Tx, location: _LocationRow) -> str | BadCell:
    try:
        with tx.savepoint():
            return _store_one(tx, location)
    except BadCell as bad:
        return bad


def _store_one(tx: Tx, location: _LocationRow) -> str:
    known = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND code = :code", code=location.code)
    if known is not None and known["kind"] in (LocationKind.VIRTUAL, LocationKind.CART):
        raise BadCell("code", "reserved_code", "this code belongs to a place that is not on the floor")
    before = dict(known) if known is not None else {}
    values = _attached(tx, location.values)
    changes = {column: value for column, value in values.items() if before.get(column) != value}
    if known is not None and "kind" in changes:
        _check_free(tx, known)
    if known is not None and "access" in changes:
        _check_empty(tx, known)
        policies.note_reach(tx, known["id"], known["access"], changes["access"])
    after = {"level": 0, "x_dm": 0, "y_dm": 0, "storey": 0, "aisle": "", "bay": "", **before, **values}
    if after["kind"] in STORAGE_KINDS and (known is None or changes):
        _check_apart(tx, location.code, after)
    if known is None:
        tx.add("location", code=location.code, **values)
        return "created"
    if not changes:
        return "unchanged"
    sets = ", ".join(f"{column} = :{column}" for column in changes)
    tx.put(f"UPDATE location SET {sets} WHERE warehouse_id = :w AND id = :id", id=known["id"], **changes)
    return "updated"


def _attached(tx: Tx, values: dict[str, Any]) -> dict[str, Any]:
    """The columns a row sets, the point it is reached from by its number."""
    if "walk_point" not in values:
        return values
    code = values["walk_point"]
    point_id = walkways.point_id(tx, code) if code else None
    if code and point_id is None:
        raise BadCell("walk_point", "unknown_point", f"no point {code!r}")
    return {**{column: value for column, value in values.items() if column != "walk_point"}, "walk_point_id": point_id}


def _check_free(tx: Tx, location: Any) -> None:
    """Another kind would make the stock, the carrier or the open work of a location impossible."""
    uses = {
        "it holds stock": "SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND location_id = :id LIMIT 1",
        "it is a carrier's lane": "SELECT 1 FROM carrier WHERE warehouse_id = :w AND lane_location_id = :id LIMIT 1",
        "a station stands there": "SELECT 1 FROM station WHERE warehouse_id = :w AND location_id = :id LIMIT 1",
        "a put wall stands there": "SELECT 1 FROM put_wall WHERE warehouse_id = :w AND location_id = :id LIMIT 1",
        "work leads there": "SELECT 1 FROM task WHERE warehouse_id = :w AND location_id = :id AND state = 'open'",
    }
    for words, sql in uses.items():
        if tx.one(sql, id=location["id"]) is not None:
            raise BadCell("kind", "location_in_use", f"{location['code']} stays {location['kind']}: {words}")


def _check_empty(tx: Tx, location: Any) -> None:
    """Goods put in by one way of access may be buried by another: nobody would have put them so."""
    sql = "SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND location_id = :id LIMIT 1"
    if tx.one(sql, id=location["id"]) is not None:
        raise BadCell(
            "access", "location_in_use", f"{location['code']} is reached as {location['access']} while it holds stock"
        )


def _check_apart(tx: Tx, code: str, place: dict[str, Any]) -> None:
    # The two faces of an aisle are reached from one point: the bay tells them apart. Two of one bay on one
    # level are a typing error, and the walk would jump between them for nothing.
    other = tx.one(
        "SELECT code FROM location WHERE warehouse_id = :w AND kind IN ('bin', 'reserve', 'flow_rack')"
        " AND level = :level AND y_dm = :y AND x_dm = :x AND storey = :storey AND aisle = :aisle AND bay = :bay"
        " AND code <> :code",
        level=place["level"], storey=place["storey"], y=place["y_dm"], x=place["x_dm"], aisle=place["aisle"],
        bay=place["bay"], code=code,
    )  # fmt: skip
    if other is not None:
        raise BadCell(
            "code", "same_place",
            f"{code} is at the same point, bay and level as {other['code']}"
            f" (x {place['x_dm']} dm, y {place['y_dm']} dm, level {place['level']})",
        )  # fmt: skip
