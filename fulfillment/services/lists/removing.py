"""Taking a row off a list: where no history names it it is gone, where it can be kept without being used it is retired,
anything else is refused, naming what stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.equipment import devices
from fulfillment.services.lists.kinds import Listing
from fulfillment.services.lists.looking import row_of, version_of
from fulfillment.services.lists.uses import named_by
from fulfillment.services.people import sessions
from fulfillment.services.replenishing import pick_faces
from fulfillment.services.set_up import item_barcodes
from fulfillment.services.walking import floor_plan, walkways

REMOVED, RETIRED = "removed", "retired"

_OF_AN_ITEM = ("item_barcode", "item_name", "item_picture", "item_substitute", "pick_face")


def remove(tx: Tx, listing: Listing, key: str, version: str) -> str:
    """Take a row away: `removed`, or `retired` where something that happened names it.

    Raises:
        NotFound: there is none; Conflict: `changed_meanwhile`, `in_use` (the tables are in its detail).
    """
    row = row_of(tx, listing, key)
    if row is None:
        raise NotFound("unknown_row", f"there is no {key}", listing.key)
    if version_of(row) != version:
        raise Conflict("changed_meanwhile", f"{key} says something else by now", listing.key)
    return _WAYS[listing.name](tx, row[listing.key])


def _item(tx: Tx, sku: str) -> str:
    row = _row(tx, "item", "sku_key", sku.upper())
    _refuse_used(tx, "item", row["id"], _OF_AN_ITEM)
    for table in _OF_AN_ITEM:
        tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND item_id = :id", id=row["id"])
    # Another item's stand-in may be this one: that pair goes too.
    tx.put("DELETE FROM item_substitute WHERE warehouse_id = :w AND substitute_id = :id", id=row["id"])
    return _delete(tx, "item", row["id"])


def _barcode(tx: Tx, code: str) -> str:
    item_barcodes.remove_barcode(tx, code)
    return REMOVED


def _zone(tx: Tx, code: str) -> str:
    for table in ("item", "location"):
        if tx.one(f"SELECT 1 FROM {table} WHERE warehouse_id = :w AND zone = :code LIMIT 1", code=code) is not None:
            raise Conflict("in_use", table, "code")
    return _delete(tx, "zone", _row(tx, "zone", "code", code)["id"])


def _location(tx: Tx, code: str) -> str:
    row = _row(tx, "location", "code", code)
    _refuse_used(tx, "location", row["id"])
    floor_plan.changed(tx)
    return _delete(tx, "location", row["id"])


def _pick_face(tx: Tx, location: str) -> str:
    pick_faces.take_away(tx, Actor(occurred_at_ms=tx.now_ms), location)
    return REMOVED


def _cart(tx: Tx, code: str) -> str:
    row = _row(tx, "cart", "code", code)
    _refuse_used(tx, "cart", row["id"])
    _refuse_used(tx, "location", row["location_id"], ("cart",))
    _delete(tx, "cart", row["id"])
    return _delete(tx, "location", row["location_id"])


def _tote(tx: Tx, code: str) -> str:
    row = _row(tx, "lpn", "code", code)
    _refuse_used(tx, "lpn", row["id"])
    return _delete(tx, "lpn", row["id"])


def _carton_type(tx: Tx, code: str) -> str:
    row = _row(tx, "carton_type", "code", code)
    return _retire(tx, row) if named_by(tx, "carton_type", row["id"]) else _delete(tx, "carton_type", row["id"])


def _put_wall(tx: Tx, code: str) -> str:
    wall = _row(tx, "put_wall", "code", code)
    slots = tx.all("SELECT lpn_id FROM put_wall_slot WHERE warehouse_id = :w AND wall_id = :id", id=wall["id"])
    _refuse_used(tx, "put_wall", wall["id"], ("put_wall_slot",))
    for slot in slots:
        _refuse_used(tx, "lpn", slot["lpn_id"], ("put_wall_slot",))
    tx.put("DELETE FROM put_wall_slot WHERE warehouse_id = :w AND wall_id = :id", id=wall["id"])
    for slot in slots:
        _delete(tx, "lpn", slot["lpn_id"])
    return _delete(tx, "put_wall", wall["id"])


def _station(tx: Tx, code: str) -> str:
    row = _row(tx, "station", "code", code)
    _refuse_used(tx, "station", row["id"], ("access_token", "enrolment_code"))
    # Whoever set it up and never used it has its links: they lead nowhere from now on.
    for table in ("access_token", "enrolment_code"):
        tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND station_id = :id", id=row["id"])
    return _delete(tx, "station", row["id"])


def _operator(tx: Tx, badge: str) -> str:
    row = _row(tx, "operator", "badge", badge)
    no_history = ("operator_pin", "recovery_code", "operator_account", "account_link", "company_tie", "company_visit")
    sessions.end_all_of(tx, row["id"])
    if named_by(tx, "operator", row["id"], no_history):
        return _retire(tx, row, "operator")
    for table in no_history:
        tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND operator_id = :id", id=row["id"])
    return _delete(tx, "operator", row["id"])


def _walk_point(tx: Tx, code: str) -> str:
    row = _row(tx, "walk_point", "code", code)
    _refuse_used(tx, "walk_point", row["id"])
    return _off_the_floor(tx, "walk_point", row["id"])


def _walkway(tx: Tx, code: str) -> str:
    return _off_the_floor(tx, "walkway", _row(tx, "walkway", "code", code)["id"])


def _off_the_floor(tx: Tx, table: str, row_id: int) -> str:
    floor_plan.changed(tx)
    walkways.remove(tx, table, row_id)
    return REMOVED


def _device(tx: Tx, code: str) -> str:
    devices.remove(tx, code)
    return REMOVED


_WAYS: dict[str, Callable[[Tx, str], str]] = {
    "items": _item, "barcodes": _barcode, "zones": _zone, "locations": _location, "pick_faces": _pick_face,
    "carts": _cart, "totes": _tote, "carton_types": _carton_type, "put_walls": _put_wall, "stations": _station,
    "operators": _operator, "walk_points": _walk_point, "walkways": _walkway,
    "devices": _device,
}  # fmt: skip


def _row(tx: Tx, table: str, column: str, value: str) -> Any:
    row = tx.one(f"SELECT * FROM {table} WHERE warehouse_id = :w AND {column} = :value", value=value)
    if row is None:
        raise NotFound("unknown_row", f"there is no {value}", column)
    return row


def _refuse_used(tx: Tx, table: str, row_id: int, but: Sequence[str] = ()) -> None:
    used = named_by(tx, table, row_id, but)
    if used:
        raise Conflict("in_use", ", ".join(used), "code")


def _retire(tx: Tx, row: Any, table: str = "carton_type") -> str:
    if not row["is_active"]:
        raise DomainError("retired_already", "it is retired already: what happened with it stays", "code")
    tx.put(f"UPDATE {table} SET is_active = 0 WHERE warehouse_id = :w AND id = :id", id=row["id"])
    return RETIRED


def _delete(tx: Tx, table: str, row_id: int) -> str:
    tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND id = :id", id=row_id)
    return REMOVED
