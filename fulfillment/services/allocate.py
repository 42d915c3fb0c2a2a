"""Promise stock to orders, oldest layers first; settle what state an order is in afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.fifo import BinStock, Layer, choose_oldest
from fulfillment.domain.orders import OrderCounts, Policy, may_allocate, state_of
from fulfillment.hot import Tx
from fulfillment.services import ledger
from fulfillment.services.actor import Actor
from fulfillment.services.running import tell

_FREE_STOCK = (
    "SELECT b.location_id, l.code, l.kind, b.layer_id, y.received_on, y.expiry_on,"
    " b.on_hand_each - b.allocated_each AS free_each"
    " FROM stock_balance b JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " WHERE b.warehouse_id = :w AND b.item_id = :item AND b.status = 'available' AND b.lpn_id = 0"
    " AND b.on_hand_each > b.allocated_each AND l.kind IN ('bin', 'reserve', 'flow_rack')"
    " AND (y.expiry_on = '' OR y.expiry_on > :today)"
)

_OPEN_DEMAND = (
    "SELECT d.item_id, d.ordered_each - d.cancelled_each - d.allocated_each AS missing_each,"
    " i.rotation, i.tolerance_days FROM demand d"
    " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
    " WHERE d.warehouse_id = :w AND d.order_id = :order"
    " AND d.ordered_each - d.cancelled_each > d.allocated_each ORDER BY d.id"
)


def free_stock(tx: Tx, item_id: int) -> list[BinStock]:
    """What of an item can still be promised: available, in storage, not expired, not promised."""
    return [
        BinStock(
            row["location_id"], row["code"], row["kind"],
            Layer(row["layer_id"], row["received_on"], row["expiry_on"]), row["free_each"],
        )
        for row in tx.all(_FREE_STOCK, item=item_id, today=today(tx))
    ]  # fmt: skip


def today(tx: Tx) -> str:
    """The day expiry is judged by."""
    return datetime.fromtimestamp(tx.now_ms / 1000, UTC).date().isoformat()


def allocate_order(tx: Tx, actor: Actor, order_id: int, note: str = "") -> int:
    """Promise what the order's policy lets, oldest first; returns the units promised now."""
    order = tx.one(
        "SELECT policy, hold_reason, is_cancelled FROM sales_order WHERE warehouse_id = :w AND id = :id",
        id=order_id,
    )
    if order["is_cancelled"] or order["hold_reason"]:
        return 0
    wanted = [(row, free_stock(tx, row["item_id"])) for row in tx.all(_OPEN_DEMAND, order=order_id)]
    if order["policy"] == Policy.SHIP_COMPLETE and not all(
        may_allocate(Policy.SHIP_COMPLETE, row["missing_each"], sum(part.free_each for part in stock))
        for row, stock in wanted
    ):
        return 0
    promised_each = 0
    for row, stock in wanted:
        chosen = choose_oldest(row["missing_each"], stock, row["rotation"], row["tolerance_days"])
        for part in chosen:
            done = ledger.promise(
                tx, actor, order_id, row["item_id"], part.location_id, part.layer_id, part.qty_each, note
            )
            promised_each += part.qty_each if done is not None else 0
    return promised_each


def allocate_waiting(tx: Tx, actor: Actor, item_id: int) -> list[int]:
    """Stock of an item became free: promise it to the orders that wait for it, oldest order first."""
    orders = tx.all(
        "SELECT o.id FROM demand d JOIN sales_order o ON o.warehouse_id = d.warehouse_id AND o.id = d.order_id"
        " WHERE d.warehouse_id = :w AND d.item_id = :item AND d.ordered_each - d.cancelled_each > d.allocated_each"
        " AND o.is_cancelled = 0 AND o.hold_reason = '' ORDER BY o.priority DESC, o.ordered_at_ms, o.id",
        item=item_id,
    )
    served = []
    for order in orders:
        if allocate_order(tx, actor, order["id"]):
            settle_order(tx, actor, order["id"])
            served.append(order["id"])
    return served


def settle_order(tx: Tx, actor: Actor, order_id: int) -> str:
    """Write the state the order's quantities mean, and tell the board when it changed."""
    order = tx.one(
        "SELECT o.number, o.state, o.policy, o.hold_reason, o.is_cancelled,"
        " CASE WHEN v.state = 'planning' THEN 1 ELSE 0 END AS planning FROM sales_order o"
        " LEFT JOIN wave v ON v.warehouse_id = o.warehouse_id AND v.id = o.wave_id"
        " WHERE o.warehouse_id = :w AND o.id = :id",
        id=order_id,
    )
    sums: Any = tx.one(
        "SELECT COALESCE(SUM(ordered_each), 0) AS ordered, COALESCE(SUM(cancelled_each), 0) AS cancelled,"
        " COALESCE(SUM(allocated_each), 0) AS allocated, COALESCE(SUM(picked_each), 0) AS picked,"
        " COALESCE(SUM(packed_each), 0) AS packed, COALESCE(SUM(shipped_each), 0) AS shipped"
        " FROM demand WHERE warehouse_id = :w AND order_id = :id",
        id=order_id,
    )
    tasks: Any = tx.one(
        "SELECT COUNT(*) AS open, COALESCE(SUM(CASE WHEN t.state = 'active' THEN 1 ELSE 0 END), 0) AS started"
        " FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE k.warehouse_id = :w AND k.order_id = :id AND k.kind = 'pick'"
        " AND (k.state = 'open' OR (t.state = 'active' AND k.state IN ('done', 'short')))",
        id=order_id,
    )
    parcels: Any = tx.one(
        "SELECT COALESCE(SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0) AS open,"
        " COALESCE(SUM(CASE WHEN state IN ('closed', 'in_lane', 'missing') THEN 1 ELSE 0 END), 0) AS not_loaded"
        " FROM parcel WHERE warehouse_id = :w AND order_id = :id",
        id=order_id,
    )
    counts = OrderCounts(
        sums["ordered"], sums["cancelled"], sums["allocated"], sums["picked"], sums["packed"],
        sums["shipped"], tasks["open"] + order["planning"], tasks["started"], parcels["open"], parcels["not_loaded"],
    )  # fmt: skip
    state = state_of(
        counts, order["policy"], on_hold=bool(order["hold_reason"]), is_cancelled=bool(order["is_cancelled"])
    )
    if state != order["state"]:
        tx.run(
            "UPDATE sales_order SET state = :state, state_since_ms = :now WHERE warehouse_id = :w AND id = :id",
            state=state, now=tx.now_ms, id=order_id,
        )  # fmt: skip
        tell(tx, "board", "OrderMoved", actor.scan_id, order=order["number"], state=state)
    return state


def take_back_promises(tx: Tx, actor: Actor, order_id: int, note: str) -> list[int]:
    """Give up all that is promised and not picked; returns the items whose stock became free."""
    rows = tx.all(
        "SELECT id, order_id, item_id, location_id, layer_id, qty_each FROM allocation"
        " WHERE warehouse_id = :w AND order_id = :order AND qty_each > 0",
        order=order_id,
    )
    for row in rows:
        ledger.give_up(tx, actor, row, row["qty_each"], note)
    return sorted({row["item_id"] for row in rows})


def settle_all(tx: Tx, actor: Actor, order_ids: Iterable[int]) -> None:
    """Settle several orders, each once."""
    for order_id in sorted(set(order_ids)):
        settle_order(tx, actor, order_id)
