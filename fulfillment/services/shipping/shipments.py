"""Shipments a program reports by line: what a third party or another system handed over, without our benches.

Takes the order's promises, the oldest first, straight from storage to the carrier: units nobody of ours walks for.
Refuses units on a tour, in a tote or a parcel, what is not promised, more than is left, and a part of an order that
must leave whole. Invariant: reported twice under one `external_id`, it happened once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fulfillment.domain.fifo import Layer, rank
from fulfillment.domain.orders import Policy
from fulfillment.domain.reasons import Conflict, DomainError, Refused
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.ordering import orders
from fulfillment.services.replenishing import replenishment_plans
from fulfillment.services.stock import allocate, ledger, ledger_sets
from fulfillment.services.stock.ledger_sets import Take

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True)
class ShippedLine:
    """Units of one SKU; `serial` where the item has them."""

    sku: str
    qty_each: int
    serial: str = ""


@dataclass(frozen=True)
class ShipmentIn:
    """A shipment as it is reported. `shipped_at_ms` None = now."""

    external_id: str
    order: str
    lines: tuple[ShippedLine, ...]
    channel: str = ""
    shipped_at_ms: int | None = None
    carrier: str = ""
    tracking_number: str = ""

    def sha256(self) -> str:
        """What makes two of one external id the same."""
        said = [
            self.external_id, self.order, self.channel, self.shipped_at_ms, self.carrier, self.tracking_number,
            [(line.sku, line.qty_each, line.serial) for line in self.lines],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def ship(tx: Tx, actor: Actor, shipment: ShipmentIn) -> tuple[dict[str, Any], bool]:
    """Book a shipment: its answer, and whether it is new.

    Raises:
        NotFound: no such order; DomainError: a SKU that is not on it, no sensible time or serial;
        Conflict: the id came with other content, the order is on hold or cancelled, or not so many units can be taken.
    """
    sha256 = shipment.sha256()
    known = tx.one("SELECT * FROM shipment WHERE warehouse_id = :w AND external_id = :id", id=shipment.external_id)
    if known is not None:
        if known["content_sha256"] != sha256:
            raise Conflict("shipment_exists", f"{shipment.external_id!r} came before with other content", "external_id")
        return _described(tx, known), False
    if shipment.shipped_at_ms is not None and shipment.shipped_at_ms > tx.now_ms + DAY_MS:
        raise DomainError("bad_time", "goods cannot have left tomorrow", "shipped_at")
    order = orders.find(tx, shipment.order, shipment.channel or None)
    _check_order(tx, order)
    demand, promises = tx.ask((_DEMAND, {"order": order["id"]}), (_PROMISES, {"order": order["id"]}))
    chosen = _chosen(shipment, order, demand, promises)
    shipped_at_ms = tx.now_ms if shipment.shipped_at_ms is None else shipment.shipped_at_ms
    author = Actor(shipped_at_ms, actor.operator_id, actor.station_id, actor.station_code, scan_id=actor.scan_id)
    takes = _takes(tx, author, chosen)
    try:
        first_id, last_id = ledger_sets.ship_promised(tx, author, order["id"], takes)
    except Refused as refused:
        raise Conflict(refused.rejected.code, "somebody took these units in between", "lines") from refused
    tx.add(
        "shipment", external_id=shipment.external_id, order_id=order["id"], carrier=shipment.carrier,
        tracking_number=shipment.tracking_number, shipped_at_ms=shipped_at_ms,
        qty_each=sum(take.qty_each for take in takes), first_move_id=first_id, last_move_id=last_id,
        content_sha256=sha256, station_id=actor.station_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip
    _refill(tx, author, takes)
    tell(tx, "board", "OrderHandedOver", actor.scan_id, order=order["number"], shipment=shipment.external_id)
    allocate.settle_order(tx, author, order["id"])
    skus = {row["item_id"]: row["sku"] for row in demand}
    gone = [{**dict(promise), "qty_each": qty_each, "sku": skus[promise["item_id"]]} for promise, qty_each in chosen]
    return _told(order, {**vars(shipment), "shipped_at_ms": shipped_at_ms}, gone), True


# --- which units -----------------------------------------------------------------------------------------------

_DEMAND = (
    "SELECT d.item_id, d.ordered_each, d.cancelled_each, d.allocated_each, d.picked_each, d.shipped_each, i.sku,"
    " i.sku_key, i.rotation, i.tolerance_days, i.min_life_days, i.tracks_serial FROM demand d"
    " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
    " WHERE d.warehouse_id = :w AND d.order_id = :order ORDER BY d.id"
)
_PROMISES = (
    "SELECT a.id, a.item_id, a.location_id, a.layer_id, a.qty_each, a.task_id, y.received_on, y.expiry_on, y.lot,"
    " y.serial, y.case_each, l.code AS location FROM allocation a"
    " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
    " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
    " WHERE a.warehouse_id = :w AND a.order_id = :order AND a.qty_each > 0"
)


def _check_order(tx: Tx, order: Any) -> None:
    number = order["number"]
    if order["is_cancelled"]:
        raise Conflict("order_cancelled", f"order {number} is cancelled", "order")
    if order["hold_reason"]:
        raise Conflict("order_on_hold", f"order {number} is on hold: {order['hold_reason']}", "order")
    if order["wave_id"] is not None:
        wave = tx.one("SELECT state FROM wave WHERE warehouse_id = :w AND id = :id", id=order["wave_id"])
        if wave["state"] == "planning":
            raise Conflict("on_the_floor", f"the walk for order {number} is being planned", "order")


def _chosen(
    shipment: ShipmentIn, order: Any, demand: Sequence[Any], promises: Sequence[Any]
) -> list[tuple[Any, int]]:  # fmt: skip
    """Promises and how much of each leaves, the oldest first; refused as a whole when one line cannot be served."""
    by_key = {row["sku_key"]: row for row in demand}
    free: dict[int, list[Any]] = {}
    for promise in promises:
        free.setdefault(promise["item_id"], []).append(promise)
    wanted: dict[tuple[str, str], tuple[int, int]] = {}
    for place, line in enumerate(shipment.lines):
        key = line.sku.strip().upper(), line.serial
        before_each, first = wanted.get(key, (0, place))
        wanted[key] = before_each + line.qty_each, first
    chosen: list[tuple[Any, int]] = []
    left_each = {row["item_id"]: row["ordered_each"] - row["cancelled_each"] - row["shipped_each"] for row in demand}
    for (sku_key, serial), (qty_each, place) in wanted.items():
        row = by_key.get(sku_key)
        if row is None:
            said = f"order {order['number']} has no goods of that SKU"
            raise DomainError("unknown_line", said, f"lines[{place}].sku")
        if qty_each > left_each[row["item_id"]]:
            said = f"{left_each[row['item_id']]} of {row['sku']} can still leave, not {qty_each}"
            raise Conflict("more_than_ordered", said, f"lines[{place}].qty_each")
        left_each[row["item_id"]] -= qty_each
        chosen += _oldest(row, free.get(row["item_id"], []), serial, qty_each, place)
    if order["policy"] == Policy.SHIP_COMPLETE and any(left_each.values()):
        raise Conflict("ship_complete", f"order {order['number']} must leave whole", "lines")
    return chosen


def _oldest(row: Any, promises: Iterable[Any], serial: str, qty_each: int, place: int) -> list[tuple[Any, int]]:
    if row["tracks_serial"] and not serial:
        said = f"which {row['sku']} left is known by its serial"
        raise DomainError("serial_required", said, f"lines[{place}].serial")
    nobodys = [one for one in promises if one["task_id"] is None and (not serial or one["serial"] in ("", serial))]
    free_each = sum(one["qty_each"] for one in nobodys)
    if free_each < qty_each:
        field = f"lines[{place}].qty_each"
        walked_each = sum(one["qty_each"] for one in promises if one["task_id"] is not None)
        on_floor_each = walked_each + row["picked_each"] - row["shipped_each"]
        if on_floor_each:
            said = f"{on_floor_each} of {row['sku']} are on a tour, in totes or in parcels; {free_each} can be taken"
            raise Conflict("on_the_floor", said, field)
        raise Conflict("not_allocated", f"{free_each} of {row['sku']} are promised to the order, not {qty_each}", field)
    policy = allocate.policy_of(row)

    def leaves(one: Any) -> tuple[Any, int]:
        return rank(Layer(one["layer_id"], one["received_on"], one["expiry_on"]), policy), one["id"]

    chosen = []
    for one in sorted(nobodys, key=leaves):
        part_each = min(qty_each, one["qty_each"])
        if part_each:
            chosen.append((one, part_each))
            qty_each -= part_each
    return chosen


def _takes(tx: Tx, actor: Actor, chosen: Sequence[tuple[Any, int]]) -> list[Take]:
    takes = [Take(one["id"], one["item_id"], one["location_id"], one["layer_id"], part) for one, part in chosen]
    in_cases = {(one["location_id"], one["layer_id"]) for one, _ in chosen if one["case_each"]}
    for location_id, layer_id in sorted(in_cases):
        here = [n for n, one in enumerate(takes) if (one.location_id, one.layer_id) == (location_id, layer_id)]
        qty_each = sum(takes[n].qty_each for n in here)
        sealed_each = ledger.carry_sealed(tx, actor, location_id, layer_id, qty_each)
        for n in here:
            part_each = min(sealed_each, takes[n].qty_each)
            takes[n] = replace(takes[n], sealed_each=part_each)
            sealed_each -= part_each
    return takes


def _refill(tx: Tx, actor: Actor, takes: Iterable[Take]) -> None:
    """Pick faces among the places the units left may not last any more."""
    places = ", ".join(str(int(place)) for place in sorted({one.location_id for one in takes}))
    faces = tx.all(f"SELECT location_id, item_id FROM pick_face WHERE warehouse_id = :w AND location_id IN ({places})")
    for face in faces:
        replenishment_plans.after_pick(tx, actor, face["location_id"], face["item_id"])


# --- how it is told --------------------------------------------------------------------------------------------


def _described(tx: Tx, known: Any) -> dict[str, Any]:
    """The answer the shipment got when it came, from its moves: they do not change."""
    order = tx.one("SELECT number, channel FROM sales_order WHERE warehouse_id = :w AND id = :id", id=known["order_id"])
    rows = tx.all(
        "SELECT m.layer_id, m.qty_each, y.received_on, y.lot, y.serial, l.code AS location, i.sku FROM stock_move m"
        " JOIN layer y ON y.warehouse_id = m.warehouse_id AND y.id = m.layer_id"
        " JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = m.from_location_id"
        " JOIN item i ON i.warehouse_id = m.warehouse_id AND i.id = m.item_id"
        " WHERE m.warehouse_id = :w AND m.id BETWEEN :first AND :last ORDER BY m.id",
        first=known["first_move_id"], last=known["last_move_id"],
    )  # fmt: skip
    return _told(order, known, rows)


def _told(order: Any, head: Any, rows: Iterable[Any]) -> dict[str, Any]:
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lines.setdefault(row["sku"], []).append(
            {"layer": row["layer_id"], "received_on": row["received_on"], "lot": row["lot"], "serial": row["serial"],
             "location": row["location"], "qty_each": row["qty_each"]}
        )  # fmt: skip
    return {
        "external_id": head["external_id"], "order": order["number"], "channel": order["channel"],
        "carrier": head["carrier"], "tracking_number": head["tracking_number"],
        "shipped_at_ms": head["shipped_at_ms"],
        "lines": [
            {"sku": sku, "qty_each": sum(part["qty_each"] for part in parts), "layers": parts}
            for sku, parts in lines.items()
        ],
    }  # fmt: skip
