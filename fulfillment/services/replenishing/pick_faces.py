"""Pick faces: which location is an item's own, and between which levels it is kept.

A location is the face of one item, an item may have several. Refuses places nobody stores in or picks from, places
where another item lies, and levels that do not fit. Invariant: giving the same face twice changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.domain.fifo import Layer
from fulfillment.domain.putaway import Arriving, room_each
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.stock import STORAGE_KINDS
from fulfillment.domain.tasks import TaskState
from fulfillment.domain.units import volume_ml
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.replenishing import replenishment_plans as plans
from fulfillment.services.stock.storing import storage_at

LARGEST_EACH = 1_000_000


def give(tx: Tx, actor: Actor, location_code: str, sku: str, min_each: int, max_each: int) -> str:
    """Make a location an item's face, or change its levels: `created`, `updated` or `unchanged`.

    Raises:
        NotFound: no such location or item; DomainError: levels or a place that cannot be;
        Conflict: another item lies there.
    """
    location, item = _location(tx, location_code), _item(tx, sku)
    _check_levels(tx, location, item, min_each, max_each)
    other = tx.one(
        "SELECT i.sku FROM stock_balance b JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :location AND b.item_id <> :item LIMIT 1",
        location=location["id"], item=item["id"],
    )  # fmt: skip
    if other is not None:
        raise Conflict("location_in_use", f"{other['sku']} lies at {location['code']}", "location")
    known = tx.one("SELECT * FROM pick_face WHERE warehouse_id = :w AND location_id = :id", id=location["id"])
    wanted = (item["id"], min_each, max_each)
    if known is not None and (known["item_id"], known["min_each"], known["max_each"]) == wanted:
        return "unchanged"
    if known is None:
        tx.add(
            "pick_face", item_id=item["id"], location_id=location["id"], min_each=min_each, max_each=max_each
        )
    else:
        if known["item_id"] != item["id"]:
            _forget_tasks(tx, location["id"])
        tx.put(
            "UPDATE pick_face SET item_id = :item, min_each = :low, max_each = :high WHERE warehouse_id = :w"
            " AND id = :id",
            id=known["id"], item=item["id"], low=min_each, high=max_each,
        )  # fmt: skip
    plans.refill(tx, actor, item["id"])
    return "created" if known is None else "updated"


def take_away(tx: Tx, actor: Actor, location_code: str) -> None:
    """The location is nobody's face any more; what lies there stays. Refills nobody has begun are called off.

    Raises:
        NotFound: it was no face.
    """
    location = _location(tx, location_code)
    gone = tx.run("DELETE FROM pick_face WHERE warehouse_id = :w AND location_id = :id", id=location["id"])
    if gone != 1:
        raise NotFound("no_pick_face", f"{location['code']} is no pick face", "location")
    _forget_tasks(tx, location["id"])


def describe(tx: Tx, location_code: str) -> dict[str, Any]:
    """One face and how it stands.

    Raises:
        NotFound: no such location, or it is no face.
    """
    location = _location(tx, location_code)
    rows = _rows(tx, " AND f.location_id = :location", location=location["id"])
    if not rows:
        raise NotFound("no_pick_face", f"{location['code']} is no pick face", "location")
    return rows[0]


def all_of(tx: Tx, sku: str | None = None) -> list[dict[str, Any]]:
    """Every face (of one item), by location.

    Raises:
        NotFound: no such item.
    """
    if sku is None:
        return _rows(tx, "")
    return _rows(tx, " AND f.item_id = :item", item=_item(tx, sku)["id"])


def _rows(tx: Tx, which: str, **params: Any) -> list[dict[str, Any]]:
    return [
        dict(row)
        for row in tx.all(
            "SELECT l.code AS location, i.sku, f.min_each, f.max_each,"
            " COALESCE(SUM(b.on_hand_each), 0) AS on_hand_each, COALESCE(SUM(b.allocated_each), 0) AS allocated_each,"
            f" (SELECT COALESCE(SUM(k.qty_each - k.done_each + {plans.IN_HAND_EACH}), 0) FROM task k"
            f" WHERE{plans.OPEN_REFILL} AND k.to_location_id = f.location_id) AS coming_each"
            " FROM pick_face f JOIN location l ON l.warehouse_id = f.warehouse_id AND l.id = f.location_id"
            " JOIN item i ON i.warehouse_id = f.warehouse_id AND i.id = f.item_id"
            " LEFT JOIN stock_balance b ON b.warehouse_id = f.warehouse_id AND b.location_id = f.location_id"
            f" WHERE f.warehouse_id = :w{which} GROUP BY f.id, l.code, i.sku, f.min_each, f.max_each, f.location_id"
            " ORDER BY l.code",
            **params,
        )
    ]  # fmt: skip


def _check_levels(tx: Tx, location: Any, item: Any, min_each: int, max_each: int) -> None:
    if item["is_service"]:
        raise DomainError("service_item", f"{item['sku']} is a service: it lies nowhere", "sku")
    if location["kind"] not in STORAGE_KINDS or not location["is_pickable"]:
        raise DomainError("not_pickable", f"{location['code']} is no storage location people pick from", "location")
    if not 0 <= min_each < max_each <= LARGEST_EACH:
        raise DomainError("bad_levels", f"0 <= min_each < max_each <= {LARGEST_EACH}", "max_each")
    empty = replace(storage_at(tx, location["id"]), present=())
    one = Arriving(
        item["id"], Layer(0, "2000-01-01"), volume_ml(item["length_mm"], item["width_mm"], item["height_mm"]),
        item["weight_g"],
    )  # fmt: skip
    fits_each = room_each(empty, one)
    if fits_each < max_each:
        raise DomainError("does_not_fit", f"{location['code']} holds {fits_each} of {item['sku']}", "max_each")


def _forget_tasks(tx: Tx, location_id: int) -> None:
    for row in tx.all(
        f"SELECT k.id FROM task k WHERE{plans.OPEN_REFILL} AND k.to_location_id = :location"
        f" AND k.reason <> 'demand' AND NOT {plans.CLAIMED}",
        location=location_id,
    ):
        plans.close(tx, row["id"], TaskState.CANCELLED)


def _location(tx: Tx, code: str) -> Any:
    row = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_location", f"no location {code!r}", "location")
    return row


def _item(tx: Tx, sku: str) -> Any:
    row = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
    if row is None:
        raise NotFound("unknown_sku", f"no item {sku!r}", "sku")
    return row
