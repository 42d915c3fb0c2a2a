"""Promise stock to orders, oldest layers first; settle what state an order is in afterwards.

Owns when promises are made, exchanged for older ones and taken back; which stock they name is decided in
`domain.allocation`. Never promised: what is expired, or has less life left than its item is owed. Promises no
task carries follow older stock that became free; those of a tour stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fulfillment.domain import fifo
from fulfillment.domain.allocation import FreeStock, choose_promises, sealed_free_each
from fulfillment.domain.fifo import Layer, is_allocatable, passes_over, rank
from fulfillment.domain.orders import OrderCounts, Policy, may_allocate, state_of
from fulfillment.hot import Tx
from fulfillment.services.common import row_sets
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.common.today import local_day
from fulfillment.services.stock import ledger, ledger_sets

_FREE_STOCK = (
    "SELECT b.item_id, b.location_id, l.code, l.kind, l.is_pickable, b.layer_id, y.received_on, y.expiry_on,"
    " y.case_each, b.on_hand_each, b.allocated_each, b.sealed_each, i.min_life_days"
    " FROM stock_balance b JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " WHERE b.warehouse_id = :w AND {items} AND b.status = 'available' AND b.lpn_id = 0"
    " AND b.on_hand_each > b.allocated_each AND l.kind IN ('bin', 'reserve', 'flow_rack')"
)
_OF_ITEM = _FREE_STOCK.format(items="b.item_id = :item")
# What an order is promised and nobody walks for yet; a wave being planned is left alone, its plan would miss it.
_MOVABLE_PROMISES = (
    "SELECT a.*, y.received_on, y.expiry_on FROM stock_balance b"
    " JOIN allocation a ON a.warehouse_id = b.warehouse_id AND a.location_id = b.location_id"
    " AND a.layer_id = b.layer_id JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
    " LEFT JOIN wave v ON v.warehouse_id = o.warehouse_id AND v.id = o.wave_id"
    " WHERE b.warehouse_id = :w AND b.item_id = :item AND b.status = 'available' AND b.lpn_id = 0"
    " AND b.allocated_each > 0 AND a.qty_each > 0 AND a.task_id IS NULL"
    " AND (v.state IS NULL OR v.state <> 'planning')"
)
OLDER_CAME = "older stock became free"

_OPEN_DEMAND = (
    "SELECT d.item_id, d.ordered_each - d.cancelled_each - d.allocated_each AS missing_each,"
    " i.rotation, i.tolerance_days, i.min_life_days FROM demand d"
    " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
    " WHERE d.warehouse_id = :w AND d.order_id = :order"
    " AND d.ordered_each - d.cancelled_each > d.allocated_each ORDER BY d.id"
)


def free_stock(tx: Tx, item_id: int) -> list[FreeStock]:
    """What of an item can still be promised: available, in storage, with life enough left, not promised."""
    return _promisable(tx, tx.all(_OF_ITEM, item=item_id)).get(item_id, [])


def _promisable(tx: Tx, rows: Sequence[Any]) -> dict[int, list[FreeStock]]:
    """Rows of free stock by item, without what has not life enough left."""
    day = local_day(tx) if any(row["expiry_on"] for row in rows) else ""
    stock: dict[int, list[FreeStock]] = {}
    for row in rows:
        layer = Layer(row["layer_id"], row["received_on"], row["expiry_on"])
        if layer.expiry_on and not is_allocatable(layer, day, row["min_life_days"]):
            continue
        stock.setdefault(row["item_id"], []).append(
            FreeStock(
                row["location_id"], row["code"], row["kind"], layer, row["on_hand_each"] - row["allocated_each"],
                bool(row["is_pickable"]), _sealed_free(tx, row), row["case_each"],
            )
        )  # fmt: skip
    return stock


def _sealed_free(tx: Tx, row: Any) -> int:
    if not row["sealed_each"] or not row["allocated_each"]:
        return row["sealed_each"]
    promised = tx.all(
        "SELECT SUM(qty_each) AS qty_each FROM allocation WHERE warehouse_id = :w AND location_id = :location"
        " AND layer_id = :layer AND qty_each > 0 GROUP BY order_id",
        location=row["location_id"], layer=row["layer_id"],
    )  # fmt: skip
    parts = [part["qty_each"] for part in promised]
    return sealed_free_each(row["on_hand_each"], row["sealed_each"], row["case_each"], parts)


def policy_of(row: Any) -> fifo.Policy:
    """How an item's goods leave, from its row."""
    return fifo.Policy(row["rotation"], row["tolerance_days"], row["min_life_days"])


def allocate_order(tx: Tx, actor: Actor, order_id: int, note: str = "") -> int:
    """Promise what the order's policy lets, oldest first; returns the units promised now."""
    (order,), demand = tx.ask(
        ("SELECT policy, hold_reason, is_cancelled FROM sales_order WHERE warehouse_id = :w AND id = :id",
         {"id": order_id}),
        (_OPEN_DEMAND, {"order": order_id}),
    )  # fmt: skip
    if order["is_cancelled"] or order["hold_reason"] or not demand:
        return 0
    # Their numbers, not a subquery: PostgreSQL reads the whole stock for one as long as it has no statistics.
    items = row_sets.numbers(tx, (row["item_id"] for row in demand))
    free = _promisable(tx, tx.all(_FREE_STOCK.format(items=row_sets.among(tx, "b.item_id", "items")), items=items))
    wanted = [(row, free.get(row["item_id"], [])) for row in demand]
    if order["policy"] == Policy.SHIP_COMPLETE and not all(
        may_allocate(Policy.SHIP_COMPLETE, row["missing_each"], sum(part.free_each for part in stock))
        for row, stock in wanted
    ):
        return 0
    parts = [
        (row["item_id"], part)
        for row, stock in wanted
        for part in choose_promises(row["missing_each"], stock, policy_of(row)).promises
    ]
    return ledger_sets.promise_all(tx, actor, order_id, parts, note)


def allocate_waiting(tx: Tx, actor: Actor, item_id: int) -> list[int]:
    """Stock of an item became free: promise it to the orders that wait for it, oldest order first, and let
    orders nobody walks for yet exchange what they are promised for what is older."""
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
    improve(tx, actor, item_id)
    return served


def improve(tx: Tx, actor: Actor, item_id: int) -> int:
    """Goods that came late but are older than what orders are promised go first; returns the units exchanged.

    The newest promise moves first: so what each gives up is newer than anything left free for the next.
    """
    free = free_stock(tx, item_id)
    promises = tx.all(_MOVABLE_PROMISES, item=item_id) if free else ()
    if not promises:
        return 0
    row = tx.one(
        "SELECT rotation, tolerance_days, min_life_days FROM item WHERE warehouse_id = :w AND id = :id", id=item_id
    )
    policy = policy_of(row)
    exchanged_each = 0
    for promise in sorted(promises, key=lambda one: (rank(_layer(one), policy), one["id"]), reverse=True):
        if passes_over(_layer(promise), [part.layer for part in free], policy) is None:
            break
        ledger.give_up(tx, actor, promise, promise["qty_each"], OLDER_CAME)
        for part in choose_promises(promise["qty_each"], free_stock(tx, item_id), policy).promises:
            ledger.promise(
                tx, actor, promise["order_id"], item_id, part.location_id, part.layer_id, part.qty_each, OLDER_CAME
            )
        exchanged_each += promise["qty_each"]
        free = free_stock(tx, item_id)
    return exchanged_each


def _layer(row: Any) -> Layer:
    return Layer(row["layer_id"], row["received_on"], row["expiry_on"])


# What an order's state follows from: its head, its units, its picks, its parcels.
_STANDING = (
    "SELECT o.number, o.state, o.policy, o.hold_reason, o.is_cancelled,"
    " CASE WHEN v.state = 'planning' THEN 1 ELSE 0 END AS planning FROM sales_order o"
    " LEFT JOIN wave v ON v.warehouse_id = o.warehouse_id AND v.id = o.wave_id"
    " WHERE o.warehouse_id = :w AND o.id = :id",
    "SELECT COALESCE(SUM(ordered_each), 0) AS ordered, COALESCE(SUM(cancelled_each), 0) AS cancelled,"
    " COALESCE(SUM(allocated_each), 0) AS allocated, COALESCE(SUM(picked_each), 0) AS picked,"
    " COALESCE(SUM(packed_each), 0) AS packed, COALESCE(SUM(shipped_each), 0) AS shipped"
    " FROM demand WHERE warehouse_id = :w AND order_id = :id",
    "SELECT COUNT(*) AS open, COALESCE(SUM(CASE WHEN t.state = 'active' THEN 1 ELSE 0 END), 0) AS started"
    " FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
    " WHERE k.warehouse_id = :w AND k.order_id = :id AND k.kind = 'pick'"
    " AND (k.state = 'open' OR (t.state = 'active' AND k.state IN ('done', 'short')))",
    "SELECT COALESCE(SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0) AS open,"
    " COALESCE(SUM(CASE WHEN state IN ('closed', 'in_lane', 'missing') THEN 1 ELSE 0 END), 0) AS not_loaded"
    " FROM parcel WHERE warehouse_id = :w AND order_id = :id",
)


def settle_order(tx: Tx, actor: Actor, order_id: int) -> str:
    """Write the state the order's quantities mean, and tell the board when it changed."""
    heads, all_sums, all_tasks, all_parcels = tx.ask(*((question, {"id": order_id}) for question in _STANDING))
    order, sums, tasks, parcels = heads[0], all_sums[0], all_tasks[0], all_parcels[0]
    counts = OrderCounts(
        sums["ordered"], sums["cancelled"], sums["allocated"], sums["picked"], sums["packed"],
        sums["shipped"], tasks["open"] + order["planning"], tasks["started"], parcels["open"], parcels["not_loaded"],
    )  # fmt: skip
    state = state_of(
        counts, order["policy"], on_hold=bool(order["hold_reason"]), is_cancelled=bool(order["is_cancelled"])
    )
    if state != order["state"]:
        tx.put(
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
