"""Goods at the dock that an order waits for go into its tote instead of into storage.

FIFO holds by construction: while demand is unfilled nothing free lies in storage. Where something older does
all the same (for an order that is shipped whole only, and not whole yet), the goods go to storage. Refuses
units somebody else found a use for in between. Invariant: promise, pick and tote change in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain import fifo
from fulfillment.domain.allocation import FreeStock
from fulfillment.domain.fifo import Layer, is_allocatable, is_older
from fulfillment.domain.orders import Policy
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.common.today import local_day
from fulfillment.services.receiving import dock_to_stock
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.lookup import find_lpn

NOTE = "cross-dock"
TOTES_SHOWN = 6

# What an order still misses of an item, less what somebody is carrying to its tote already.
_MISSING = (
    "d.ordered_each - d.cancelled_each - d.allocated_each - (SELECT COALESCE(SUM(k.qty_each - k.done_each), 0)"
    " FROM task k WHERE k.warehouse_id = d.warehouse_id AND k.order_id = d.order_id AND k.item_id = d.item_id"
    " AND k.kind = 'putaway' AND k.state = 'open')"
)
_WAITING = (
    " FROM demand d JOIN sales_order o ON o.warehouse_id = d.warehouse_id AND o.id = d.order_id"
    " WHERE d.warehouse_id = :w AND d.item_id = :item AND d.ordered_each - d.cancelled_each > d.allocated_each"
    " AND o.is_cancelled = 0 AND o.hold_reason = ''"
)


@dataclass(frozen=True)
class Offer:
    """Units of a layer at the dock, and the order that waits for them."""

    order_id: int
    qty_each: int


def is_awaited(tx: Tx, item_id: int) -> bool:
    """Whether an order waits for this item."""
    return tx.one(f"SELECT 1{_WAITING} LIMIT 1", item=item_id) is not None


def offer(tx: Tx, layer_id: int, free_each: int) -> Offer | None:
    """The order that should get these units now, the most urgent first; None = put them away."""
    goods = _goods(tx, layer_id)
    waiting = tx.all(
        f"SELECT d.order_id, o.policy, {_MISSING} AS missing_each{_WAITING}"
        " ORDER BY o.priority DESC, o.ordered_at_ms, o.id",
        item=goods["item_id"],
    )
    layer = Layer(goods["id"], goods["received_on"], goods["expiry_on"])
    if not waiting or not _is_fit(tx, layer, goods) or _older_free(tx, layer, goods) is not None:
        return None
    for row in waiting:
        qty_each = min(row["missing_each"], free_each)
        if qty_each > 0 and (row["policy"] != Policy.SHIP_COMPLETE or _completes(tx, goods["item_id"], row, free_each)):
            return Offer(row["order_id"], qty_each)
    return None


def staging(tx: Tx) -> int | None:
    """The id of the staging place with the fewest handling units on it."""
    row = tx.one(
        "SELECT l.id FROM location l WHERE l.warehouse_id = :w AND l.kind = 'staging'"
        " ORDER BY (SELECT COUNT(*) FROM lpn t WHERE t.warehouse_id = l.warehouse_id AND t.location_id = l.id),"
        " l.id LIMIT 1"
    )
    return row["id"] if row is not None else None


def free_totes(tx: Tx) -> tuple[str, ...]:
    """Some empty totes, offered as buttons."""
    rows = tx.all(
        "SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NULL"
        f" ORDER BY id LIMIT {TOTES_SHOWN}"
    )
    return tuple(row["code"] for row in rows)


def into_tote(tx: Tx, actor: Actor, task_id: int, tote_code: str) -> None:
    """Promise the units in hand where they lie, pick them into the tote, and stand it at staging.

    Raises:
        Refused: the tote is not empty, or the order does not want (so many of) them any more.
    """
    task = tx.one(
        "SELECT * FROM task WHERE warehouse_id = :w AND id = :id AND state = 'open' AND order_id IS NOT NULL",
        id=task_id,
    )
    if task is None or actor.station_location_id is None:
        raise Refused(Rejected(Reject.NO_WORK))
    _check_still_wanted(tx, task)
    _check_may_go(tx, task["layer_id"])
    tote_id = _take_tote(tx, task, tote_code)
    dock_id, layer_id, qty_each = actor.station_location_id, task["layer_id"], task["qty_each"]
    promise_id = ledger.promise(tx, actor, task["order_id"], task["item_id"], dock_id, layer_id, qty_each, NOTE)
    if promise_id is None:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))
    sealed_each = ledger.carry_sealed(tx, actor, dock_id, layer_id, qty_each)
    promise = tx.one("SELECT * FROM allocation WHERE warehouse_id = :w AND id = :id", id=promise_id)
    ledger.keep(tx, actor, promise, qty_each)
    move = Move(
        layer_id, task["item_id"], dock_id, task["location_id"], qty_each, MoveReason.PICK, to_lpn_id=tote_id,
        allocated_from_each=qty_each, allocated_to_each=qty_each, order_id=task["order_id"],
        sealed_from_each=sealed_each,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    tx.put(
        "UPDATE demand SET picked_each = picked_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=task["item_id"], qty=qty_each,
    )  # fmt: skip
    tx.put(
        "UPDATE task SET done_each = qty_each, state = 'done', operator_id = :operator, done_at_ms = :now,"
        " lpn_id = :tote WHERE warehouse_id = :w AND id = :id",
        id=task_id, operator=actor.operator_id, now=tx.now_ms, tote=tote_id,
    )  # fmt: skip
    allocate.settle_order(tx, actor, task["order_id"])
    dock_to_stock.note_left_dock(tx, layer_id)
    tell(tx, "board", "CrossDocked", actor.scan_id, tote=tote_code, qty_each=qty_each)


def _is_fit(tx: Tx, layer: Layer, goods: Any) -> bool:
    """Not expired, and with the life left that the item must have when it ships."""
    return not layer.expiry_on or is_allocatable(layer, local_day(tx), goods["min_life_days"])


def _older_free(tx: Tx, layer: Layer, goods: Any) -> FreeStock | None:
    policy = fifo.Policy(goods["rotation"], goods["tolerance_days"], goods["min_life_days"])
    free = allocate.free_stock(tx, goods["item_id"])
    return next((part for part in free if is_older(part.layer, layer, policy)), None)


def _check_may_go(tx: Tx, layer_id: int) -> None:
    """Between the dock and the tote older goods may have come free, or these have spoilt: then they go to storage."""
    goods = _goods(tx, layer_id)
    layer = Layer(goods["id"], goods["received_on"], goods["expiry_on"])
    if not _is_fit(tx, layer, goods):
        raise Refused(Rejected(Reject.EXPIRED, expected="BACK, then storage", got=layer.expiry_on))
    older = _older_free(tx, layer, goods)
    if older is not None:
        expected = f"BACK, then storage: {older.location_code} holds those received {older.layer.received_on}"
        raise Refused(Rejected(Reject.OLDER_FIRST, expected=expected, got=f"received {layer.received_on}"))


def _goods(tx: Tx, layer_id: int) -> Any:
    return tx.one(
        "SELECT y.id, y.item_id, y.received_on, y.expiry_on, i.rotation, i.tolerance_days, i.min_life_days FROM layer y"
        " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id WHERE y.warehouse_id = :w AND y.id = :id",
        id=layer_id,
    )


def _completes(tx: Tx, item_id: int, waiting: Any, free_each: int) -> bool:
    """Whether all that this order still misses is of this item and stands here."""
    others = tx.one(
        "SELECT 1 FROM demand WHERE warehouse_id = :w AND order_id = :order AND item_id <> :item"
        " AND ordered_each - cancelled_each > allocated_each LIMIT 1",
        order=waiting["order_id"], item=item_id,
    )  # fmt: skip
    return others is None and waiting["missing_each"] <= free_each


def _check_still_wanted(tx: Tx, task: Any) -> None:
    row = tx.one(
        "SELECT o.number, o.is_cancelled, o.hold_reason, d.ordered_each - d.cancelled_each - d.allocated_each"
        " AS missing_each FROM demand d JOIN sales_order o ON o.warehouse_id = d.warehouse_id AND o.id = d.order_id"
        " WHERE d.warehouse_id = :w AND d.order_id = :order AND d.item_id = :item",
        order=task["order_id"], item=task["item_id"],
    )  # fmt: skip
    if row["is_cancelled"]:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, got=row["number"]))
    if row["hold_reason"]:
        raise Refused(Rejected(Reject.ORDER_ON_HOLD, got=row["number"]))
    if row["missing_each"] < task["qty_each"]:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(row["missing_each"]), got=str(task["qty_each"])))


def _take_tote(tx: Tx, task: Any, tote_code: str) -> int:
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None:
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, got=tote_code))
    taken = tx.run(
        "UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND order_id IS NULL",
        id=tote["id"], order=task["order_id"], location=task["location_id"],
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.TOTE_IN_USE, expected="an empty tote", got=tote_code))
    return tote["id"]
