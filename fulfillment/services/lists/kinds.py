"""Which lists there are, what stands in their columns, and which import stores a row of each.

Columns are called as in the files, so what is written out can be brought in again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fulfillment.domain.codes import barcode_key
from fulfillment.domain.devices import DeviceKind
from fulfillment.domain.fifo import Rotation
from fulfillment.domain.inbound import ReturnDating
from fulfillment.domain.languages import LANGUAGES
from fulfillment.domain.putaway import Velocity
from fulfillment.domain.roles import Role, StationKind
from fulfillment.domain.stock import Access, LocationKind
from fulfillment.domain.units import Uom
from fulfillment.hot import Tx, Writer
from fulfillment.services import imports
from fulfillment.services.equipment import devices
from fulfillment.services.imports import ImportReport
from fulfillment.services.packing import cartons


class Entry(StrEnum):
    """How a cell is typed."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list. `sql`: what it is read by, '' where `Listing.more` fills it in; `words`: the kind of words
    its choices have, '' = they stand as they are; `default`: of a new row; `is_shown`: on the list's page."""

    name: str
    sql: str = ""
    entry: Entry = Entry.TEXT
    choices: tuple[str, ...] = ()
    words: str = ""
    default: str = ""
    is_shown: bool = False
    is_needed: bool = False


Bring = Callable[[Writer, bytes], ImportReport]


@dataclass(frozen=True)
class Listing:
    """A list. The first column is its key. `source`: FROM and WHERE of its rows; `key_sql`: as rows are ordered and
    found; `matched`: a key as it is kept; `sought`: SQL of what a word is looked for in; `code_kind`: of the own code
    its rows are scanned by, '' none; `more`: fills in what is read otherwise. One without a source is brought in only.
    """

    name: str
    columns: tuple[Column, ...]
    bring: Bring
    source: str = ""
    key_sql: str = ""
    sought: tuple[str, ...] = ()
    matched: Callable[[str], str] = str.upper
    code_kind: str = ""
    more: Callable[[Tx, Sequence[dict[str, str]]], None] | None = None

    @property
    def key(self) -> str:
        return self.columns[0].name

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns its page has room for."""
        return tuple(column for column in self.columns if column.is_shown)

    def key_of(self, typed: str) -> str:
        """A key as it is matched."""
        return self.matched(typed.strip())


def _text(name: str, sql: str, **how: Any) -> Column:
    return Column(name, sql, **how)


def _number(name: str, sql: str, default: str = "", **how: Any) -> Column:
    return Column(name, sql, Entry.NUMBER, default=default, **how)


def _yes_no(name: str, sql: str, default: str = "0", **how: Any) -> Column:
    return Column(name, sql, Entry.YES_NO, default=default, **how)


def _choice(name: str, sql: str, choices: Sequence[str], words: str = "", default: str = "", **how: Any) -> Column:
    return Column(name, sql, Entry.CHOICE, tuple(str(one) for one in choices), words, default, **how)


_VELOCITIES = ("", *Velocity)
_ROTATIONS = ("", *Rotation)
_PLACES = (
    LocationKind.BIN, LocationKind.RESERVE, LocationKind.FLOW_RACK, LocationKind.STAGING, LocationKind.STATION,
    LocationKind.DOCK, LocationKind.SHIP_LANE, LocationKind.QUARANTINE,
)  # fmt: skip


def _more_of_items(tx: Tx, rows: Sequence[dict[str, str]]) -> None:
    """Barcodes beside the SKU's own, as a file of items has them, and names by language."""
    by_key = {row["sku"].upper(): row for row in rows}
    marks = {f"k{at}": key for at, key in enumerate(by_key)}
    within = f"i.sku_key IN ({', '.join(f':{mark}' for mark in marks)})"
    joined = "ON i.warehouse_id = x.warehouse_id AND i.id = x.item_id WHERE x.warehouse_id = :w AND"
    found: dict[str, list[str]] = {}
    for one in tx.all(
        f"SELECT i.sku_key, x.code, x.uom, x.qty_each FROM item_barcode x JOIN item i {joined} {within} ORDER BY x.id",
        **marks,
    ):
        if (one["code"], one["qty_each"]) != (barcode_key(by_key[one["sku_key"]]["sku"]), 1):
            holds = "" if one["uom"] == Uom.EACH else one["qty_each"]
            found.setdefault(one["sku_key"], []).append(f"{one['uom']}{holds}:{one['code']}")
    for key, row in by_key.items():
        row["barcodes"] = ";".join(found.get(key, ()))
        row.update({f"name:{code}": "" for code in LANGUAGES})
    for one in tx.all(f"SELECT i.sku_key, x.language, x.name FROM item_name x JOIN item i {joined} {within}", **marks):
        by_key[one["sku_key"]][f"name:{one['language']}"] = one["name"]


ITEMS = Listing(
    "items",
    (
        _text("sku", "i.sku", is_shown=True, is_needed=True), _text("name", "i.name", is_shown=True),
        Column("barcodes"),
        _number("length_mm", "i.length_mm", "0"), _number("width_mm", "i.width_mm", "0"),
        _number("height_mm", "i.height_mm", "0"), _number("weight_g", "i.weight_g", "0", is_shown=True),
        _choice("velocity", "i.velocity", _VELOCITIES, is_shown=True), _text("zone", "i.zone", is_shown=True),
        _text("storage_class", "i.storage_class"),
        _choice("rotation", "i.own_rotation", _ROTATIONS, "rotation"),
        _number("tolerance_days", "i.own_tolerance_days"), _number("min_life_days", "i.min_life_days", "0"),
        _yes_no("tracks_lot", "i.tracks_lot"), _yes_no("tracks_expiry", "i.tracks_expiry"),
        _yes_no("tracks_serial", "i.tracks_serial"), _yes_no("is_fragile", "i.is_fragile"),
        _yes_no("keeps_upright", "i.keeps_upright"), _number("max_load_g", "i.max_load_g"),
        _number("scan_each_max", "i.scan_each_max", "3"), _text("look_alike", "i.look_alike"),
        _yes_no("is_service", "i.is_service"),
        _choice("return_dating", "i.return_dating", tuple(ReturnDating), "return_dating", ReturnDating.ORIGINAL.value),
        _text("hs_code", "i.hs_code"), _text("origin", "i.origin"), _number("value_minor", "i.value_minor", "0"),
        _text("currency", "i.currency"), *(Column(f"name:{code}") for code in LANGUAGES),
    ),
    imports.import_items, "FROM item i WHERE i.warehouse_id = :w", "i.sku_key", ("i.sku_key", "i.name"),
    more=_more_of_items,
)  # fmt: skip

BARCODES = Listing(
    "barcodes",
    (
        _text("code", "c.code", is_shown=True, is_needed=True), _text("sku", "i.sku", is_shown=True, is_needed=True),
        _choice("uom", "c.uom", tuple(Uom), "uom", Uom.EACH.value, is_shown=True),
        _number("qty_each", "c.qty_each", "1", is_shown=True),
    ),
    imports.import_barcodes,
    "FROM item_barcode c JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id WHERE c.warehouse_id = :w",
    "c.code", ("c.code", "i.sku_key", "i.name"), matched=barcode_key,
)  # fmt: skip

ZONES = Listing(
    "zones",
    (
        _text("code", "z.code", is_shown=True, is_needed=True), _text("name", "z.name", is_shown=True),
        _choice("rotation", "z.rotation", _ROTATIONS, "rotation", is_shown=True),
        _number("tolerance_days", "z.tolerance_days", is_shown=True),
        _text("storage_classes", "z.storage_classes", default="*", is_shown=True),
        _number("pick_order", "z.pick_order", "0"), _text("hand_over", "COALESCE(l.code, '')"),
    ),
    imports.import_zones,
    "FROM zone z LEFT JOIN location l ON l.warehouse_id = z.warehouse_id AND l.id = z.hand_over_id"
    " WHERE z.warehouse_id = :w", "z.code", ("z.code", "z.name"), matched=str,
)  # fmt: skip

LOCATIONS = Listing(
    "locations",
    (
        _text("code", "l.code", is_shown=True, is_needed=True),
        _choice("kind", "l.kind", _PLACES, "location_kind", LocationKind.BIN.value, is_shown=True),
        _choice("access", "l.access", tuple(Access), "access", Access.ANY.value),
        _text("zone", "l.zone", is_shown=True), _text("aisle", "l.aisle", is_shown=True),
        _text("bay", "l.bay", is_shown=True), _number("level", "l.level", "0", is_shown=True),
        _number("x_dm", "l.x_dm", "0", is_shown=True), _number("y_dm", "l.y_dm", "0", is_shown=True),
        _number("storey", "l.storey", "0"), _text("walk_point", "COALESCE(p.code, '')"),
        _number("capacity_ml", "l.capacity_ml", "0"), _number("max_weight_g", "l.max_weight_g", "0"),
        _number("height_mm", "l.height_mm", "0"), _choice("velocity", "l.velocity", _VELOCITIES),
        _yes_no("is_pickable", "l.is_pickable", "1"),
    ),
    imports.import_locations,
    "FROM location l LEFT JOIN walk_point p ON p.warehouse_id = l.warehouse_id AND p.id = l.walk_point_id"
    " WHERE l.warehouse_id = :w AND l.kind NOT IN ('virtual', 'cart', 'hand')",
    "l.code", ("l.code", "l.aisle"), code_kind="L",
)  # fmt: skip

PICK_FACES = Listing(
    "pick_faces",
    (
        _text("location", "l.code", is_shown=True, is_needed=True),
        _text("sku", "i.sku", is_shown=True, is_needed=True),
        _number("min_each", "f.min_each", is_shown=True, is_needed=True),
        _number("max_each", "f.max_each", is_shown=True, is_needed=True),
    ),
    imports.import_pick_faces,
    "FROM pick_face f JOIN location l ON l.warehouse_id = f.warehouse_id AND l.id = f.location_id"
    " JOIN item i ON i.warehouse_id = f.warehouse_id AND i.id = f.item_id WHERE f.warehouse_id = :w",
    "l.code", ("l.code", "i.sku_key", "i.name"),
)  # fmt: skip

CARTS = Listing(
    "carts",
    (
        _text("code", "c.code", is_shown=True, is_needed=True),
        _number("positions", "c.positions", "6", is_shown=True, is_needed=True),
        _number("levels", "c.levels", is_shown=True),
    ),
    imports.import_carts, "FROM cart c WHERE c.warehouse_id = :w", "c.code", ("c.code",), code_kind="K",
)  # fmt: skip

TOTES = Listing(
    "totes", (_text("code", "p.code", is_shown=True, is_needed=True),), imports.import_totes,
    "FROM lpn p WHERE p.warehouse_id = :w AND p.kind IN ('tote', 'batch')", "p.code", ("p.code",), code_kind="T",
)  # fmt: skip

CARTON_TYPES = Listing(
    "carton_types",
    (
        _text("code", "t.code", is_shown=True, is_needed=True), _text("name", "t.name", is_shown=True),
        *(_number(name, f"t.{name}", "0" if name in ("tare_g", "cost_minor") else "", is_shown=True,
                  is_needed=name not in ("tare_g", "cost_minor")) for name in cartons.SIZES),
        _yes_no("is_active", "t.is_active", "1", is_shown=True),
    ),
    imports.import_carton_types, "FROM carton_type t WHERE t.warehouse_id = :w", "t.code", ("t.code", "t.name"),
    code_kind="P",
)  # fmt: skip

PUT_WALLS = Listing(
    "put_walls",
    (
        _text("code", "v.code", is_shown=True, is_needed=True), _text("name", "v.name", is_shown=True),
        _text("location", "l.code", is_shown=True, is_needed=True),
        _number("rows", "v.row_count", is_shown=True, is_needed=True),
        _number("columns", "v.column_count", is_shown=True, is_needed=True),
        _number("slot_volume_ml", "v.slot_volume_ml", "0", is_shown=True),
    ),
    imports.import_put_walls,
    "FROM put_wall v JOIN location l ON l.warehouse_id = v.warehouse_id AND l.id = v.location_id"
    " WHERE v.warehouse_id = :w", "v.code", ("v.code", "v.name"),
)  # fmt: skip

WALK_POINTS = Listing(
    "walk_points",
    (
        _text("code", "q.code", is_shown=True, is_needed=True),
        _number("x_dm", "q.x_dm", is_shown=True, is_needed=True),
        _number("y_dm", "q.y_dm", is_shown=True, is_needed=True), _number("storey", "q.storey", "0", is_shown=True),
    ),
    imports.import_walk_points, "FROM walk_point q WHERE q.warehouse_id = :w", "q.code", ("q.code",),
)  # fmt: skip

WALKWAYS = Listing(
    "walkways",
    (
        _text("code", "y.code", is_shown=True, is_needed=True), _text("from", "a.code", is_shown=True, is_needed=True),
        _text("to", "b.code", is_shown=True, is_needed=True), _number("length_dm", "y.length_dm", is_shown=True),
        _number("takes_s", "y.takes_s", is_shown=True), _yes_no("is_one_way", "y.is_one_way", is_shown=True),
    ),
    imports.import_walkways,
    "FROM walkway y JOIN walk_point a ON a.warehouse_id = y.warehouse_id AND a.id = y.from_point_id"
    " JOIN walk_point b ON b.warehouse_id = y.warehouse_id AND b.id = y.to_point_id WHERE y.warehouse_id = :w",
    "y.code", ("y.code", "a.code", "b.code"),
)  # fmt: skip

OPERATORS = Listing(
    "operators",
    (
        _text("badge", "o.badge", is_shown=True, is_needed=True), _text("name", "o.name", is_shown=True),
        _choice("role", "o.role", tuple(Role), "role", Role.PICKER.value, is_shown=True),
        _choice("language", "o.language", ("", *LANGUAGES), is_shown=True),
        _yes_no("is_active", "o.is_active", "1", is_shown=True),
    ),
    imports.import_operators, "FROM operator o WHERE o.warehouse_id = :w", "o.badge", ("o.badge", "o.name"),
    code_kind="B",
)  # fmt: skip

STATIONS = Listing(
    "stations",
    (
        _text("code", "s.code", is_shown=True, is_needed=True),
        _choice("kind", "s.kind", tuple(StationKind), "station_kind", StationKind.HANDHELD.value, is_shown=True),
        _text("location", "COALESCE(l.code, '')", is_shown=True), _text("name", "s.name", is_shown=True),
        _text("label_printer", "COALESCE(a.code, '')", is_shown=True),
        _text("slip_printer", "COALESCE(b.code, '')", is_shown=True),
        _text("item_printer", "COALESCE(c.code, '')", is_shown=True), _yes_no("weighs", "s.weighs"),
    ),
    imports.import_stations,
    "FROM station s LEFT JOIN location l ON l.warehouse_id = s.warehouse_id AND l.id = s.location_id"
    " LEFT JOIN printer a ON a.warehouse_id = s.warehouse_id AND a.id = s.label_printer_id"
    " LEFT JOIN printer b ON b.warehouse_id = s.warehouse_id AND b.id = s.slip_printer_id"
    " LEFT JOIN printer c ON c.warehouse_id = s.warehouse_id AND c.id = s.item_printer_id WHERE s.warehouse_id = :w",
    "s.code", ("s.code", "s.name"),
)  # fmt: skip

_EACH_DEVICE = (
    "SELECT d.warehouse_id, d.code, d.kind, d.address, '' AS language, '' AS dpi, d.agent_id, d.station_id, d.signals,"
    " 0 AS stand_in_id, d.is_enabled FROM device d UNION ALL SELECT r.warehouse_id, r.code, 'printer', r.address,"
    " r.language, CAST(r.dpi AS TEXT), r.agent_id, 0, '', r.stand_in_id, CASE r.state WHEN 'disabled' THEN 0 ELSE 1 END"
    " FROM printer r"
)
DEVICES = Listing(
    "devices",
    (
        _text("code", "v.code", is_shown=True, is_needed=True),
        _choice("kind", "v.kind", tuple(DeviceKind), "device_kind", DeviceKind.SCANNER.value, is_shown=True),
        _text("address", "v.address", is_shown=True, is_needed=True),
        _choice("language", "v.language", ("", "zpl", "escpos"), is_shown=True), _number("dpi", "v.dpi"),
        _text("agent", "COALESCE(a.code, '')", is_shown=True), _text("station", "COALESCE(s.code, '')", is_shown=True),
        _choice("signals", "v.signals", ("", *devices.SIGNAL_KINDS)), _text("stand_in", "COALESCE(o.code, '')"),
        _yes_no("is_enabled", "v.is_enabled", "1", is_shown=True),
    ),
    imports.import_devices,
    f"FROM ({_EACH_DEVICE}) v LEFT JOIN bench_agent a ON a.warehouse_id = v.warehouse_id AND a.id = v.agent_id"
    " LEFT JOIN station s ON s.warehouse_id = v.warehouse_id AND s.id = v.station_id"
    " LEFT JOIN printer o ON o.warehouse_id = v.warehouse_id AND o.id = v.stand_in_id WHERE v.warehouse_id = :w",
    "v.code", ("v.code", "v.address"), matched=str,
)  # fmt: skip


def _orders(writer: Writer, content: bytes) -> ImportReport:
    return imports.import_orders(writer, content)


STOCK = Listing(
    "stock",
    (
        Column("sku", is_needed=True), Column("location", is_needed=True),
        Column("qty", entry=Entry.NUMBER, is_needed=True), Column("received_on", is_needed=True), Column("lot"),
        Column("expiry_on"), Column("serial"),
    ),
    imports.import_stock,
)  # fmt: skip
ORDERS = Listing(
    "orders",
    (
        Column("order", is_needed=True), Column("sku", is_needed=True),
        Column("qty", entry=Entry.NUMBER, is_needed=True), Column("ordered_at", is_needed=True), Column("name"),
        Column("address1"), Column("address2"), Column("city"), Column("region"), Column("postcode"),
        Column("country"), Column("phone"), Column("priority", entry=Entry.NUMBER, default="0"),
    ),
    _orders,
)  # fmt: skip
RECEIPTS = Listing(
    "receipts",
    (
        Column("number", is_needed=True), Column("sku", is_needed=True),
        Column("qty_each", entry=Entry.NUMBER, is_needed=True), Column("supplier"), Column("due_on"), Column("lot"),
        Column("expiry_on"),
    ),
    imports.import_receipts,
)  # fmt: skip

LISTS = {
    one.name: one
    for one in (
        ITEMS, BARCODES, ZONES, LOCATIONS, PICK_FACES, CARTS, TOTES, CARTON_TYPES, PUT_WALLS, WALK_POINTS,
        WALKWAYS, STATIONS, DEVICES, OPERATORS,
    )
}  # fmt: skip
"""Lists with pages of their own."""
FILES = {one.name: one for one in (STOCK, RECEIPTS, ORDERS)}
"""What is brought in by a form or a file and looked at elsewhere."""
