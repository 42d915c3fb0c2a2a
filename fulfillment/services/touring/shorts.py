"""What a picker does not find, or finds spoilt: give the promise up, set the goods aside, send the walk elsewhere.

Owns the end of promises no unit stands behind and the stops that take their place. Nothing found short is
promised again before somebody has counted; nothing spoilt before somebody has decided what becomes of it.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.fifo import Layer, is_allocatable
from fulfillment.domain.orders import Policy
from fulfillment.domain.reasons import MoveReason, Why
from fulfillment.domain.stock import Move, Status
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.common.today import local_day
from fulfillment.services.counting.count_plans import ask_count
from fulfillment.services.ordering import substitutes
from fulfillment.services.packing import cartons
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.touring import replanning
from fulfillment.services.walking import tour_orders


def short(tx: Tx, actor: Actor, task: Any, why: str = Why.NOT_THERE, *, is_substituted: bool = False) -> None:
    """The rest of a task is not in its location: free the promise, hold what the book still shows there
    until somebody has counted, and send the same walk to other stock at once; with `is_substituted` to another item.

    Raises:
        Refused: `no_substitute`, when the order does not allow one or none is free any more.
    """
    promises = tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND task_id = :task AND qty_each > 0", task=task["id"]
    )
    missing_each = task["qty_each"] - task["done_each"]
    for promise in promises:
        ledger.give_up(tx, actor, promise, promise["qty_each"], "short")
    hold_and_count(tx, actor, task["location_id"], task["item_id"], why)
    _close(tx, actor, task["id"], why)
    tell(tx, "board", "PickShorted", actor.scan_id, order=task["order_number"], missing_each=missing_each, why=why)
    if is_substituted:
        substitutes.put_instead(tx, actor, task["order_id"], task["item_id"], missing_each)
        allocate.allocate_order(tx, actor, task["order_id"], "substituted")
        extend_tour(tx, actor, task["tour_id"], task["order_id"], task["position"])
    elif task["policy"] == Policy.SHIP_PARTIAL or _can_fill(tx, task["item_id"], missing_each):
        allocate.allocate_order(tx, actor, task["order_id"], "short")
        extend_tour(tx, actor, task["tour_id"], task["order_id"], task["position"])
    allocate.settle_order(tx, actor, task["order_id"])
    cartons.ask_again(tx, task["order_id"])


def set_aside_spoilt(tx: Tx, actor: Actor, location_id: int, item_id: int) -> int:
    """Goods of an item here that expired, or have less life left than is owed, are held; whoever was promised
    them is promised others, and a walk that was to fetch them goes there. Returns the units set aside."""
    spoilt = _spoilt(tx, location_id, item_id)
    fallen: dict[tuple[int, int], int] = {}  # order, task (0 = nobody walks for it yet) → units given up
    for row in spoilt:
        for promise in tx.all(
            "SELECT * FROM allocation WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer"
            " AND qty_each > 0 ORDER BY id",
            location=location_id, layer=row["layer_id"],
        ):  # fmt: skip
            ledger.give_up(tx, actor, promise, promise["qty_each"], Why.EXPIRED)
            key = (promise["order_id"], promise["task_id"] or 0)
            fallen[key] = fallen.get(key, 0) + promise["qty_each"]
    for row in spoilt:
        sealed_each = ledger.carry_sealed(tx, actor, location_id, row["layer_id"], row["on_hand_each"])
        move = Move(
            row["layer_id"], item_id, location_id, location_id, row["on_hand_each"], MoveReason.HOLD,
            to_status=Status.HOLD, sealed_from_each=sealed_each, sealed_to_each=sealed_each, why=Why.EXPIRED,
        )  # fmt: skip
        ledger.post(tx, actor, [move])
    for (order_id, task_id), given_each in fallen.items():
        find_other_goods(tx, actor, order_id, task_id, given_each, Why.EXPIRED)
    return sum(row["on_hand_each"] for row in spoilt)


def set_aside_spoilt_of_wave(tx: Tx, actor: Actor, wave_id: int) -> int:
    """Before a wave is planned: nobody is sent for what has spoilt since it was promised."""
    day = local_day(tx)
    rows = tx.all(
        "SELECT DISTINCT a.location_id, a.item_id, y.id AS layer_id, y.received_on, y.expiry_on, i.min_life_days"
        " FROM sales_order o JOIN allocation a ON a.warehouse_id = o.warehouse_id AND a.order_id = o.id"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
        " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
        " WHERE o.warehouse_id = :w AND o.wave_id = :wave AND a.qty_each > 0 AND y.expiry_on <> ''",
        wave=wave_id,
    )
    places = {(row["location_id"], row["item_id"]) for row in rows if not _is_fit(row, day)}
    return sum(set_aside_spoilt(tx, actor, location_id, item_id) for location_id, item_id in sorted(places))


def hold_and_count(tx: Tx, actor: Actor, location_id: int, item_id: int, why: str = "") -> None:
    """Nobody is promised anything more of this item here until a count has said what there is."""
    rows = tx.all(
        "SELECT layer_id, on_hand_each - allocated_each AS free_each FROM stock_balance WHERE warehouse_id = :w"
        " AND location_id = :location AND item_id = :item AND lpn_id = 0 AND status = 'available'"
        " AND on_hand_each > allocated_each",
        location=location_id, item=item_id,
    )  # fmt: skip
    for row in rows:
        ledger.hold_in_place(
            tx, actor, location_id, row["layer_id"], item_id, row["free_each"], MoveReason.SHORT, why
        )
    open_count(tx, actor, location_id, "short")


def open_count(tx: Tx, actor: Actor, location_id: int, reason: str) -> None:
    """Ask for a count of a location, once however often it is asked for."""
    ask_count(tx, actor, location_id, reason)


def extend_tour(tx: Tx, actor: Actor, tour_id: int, order_id: int, position: int) -> None:
    """Promises of an order that no task carries yet become stops at the end of a running tour, until it is planned
    again from where its picker is.

    Those at a location nobody picks from wait: replenishment brings the goods down before anybody is sent.
    """
    loose = tx.all(
        "SELECT a.location_id, a.item_id, SUM(a.qty_each) AS qty_each FROM allocation a"
        " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id WHERE a.warehouse_id = :w"
        " AND a.order_id = :order AND a.task_id IS NULL AND a.qty_each > 0 AND l.is_pickable = 1"
        " GROUP BY a.location_id, a.item_id ORDER BY a.location_id, a.item_id",
        order=order_id,
    )
    for row in loose:
        last = tx.one(
            "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task WHERE warehouse_id = :w AND tour_id = :tour",
            tour=tour_id,
        )
        task_id = tx.insert(
            "task", kind="pick", tour_id=tour_id, sequence=last["sequence"] + 1, position=position, order_id=order_id,
            item_id=row["item_id"], location_id=row["location_id"], qty_each=row["qty_each"], created_at_ms=tx.now_ms,
        )  # fmt: skip
        give_task(tx, task_id, order_id, row["location_id"], row["item_id"])
    if loose:
        # At once: the next screen must not send the picker to fragile goods while heavy ones have come.
        tour_orders.put_in_turn(tx, tour_id)
        replanning.ask(tx, tour_id, f"stop:{task_id}")


def _can_fill(tx: Tx, item_id: int, missing_each: int) -> bool:
    return sum(part.free_each for part in allocate.free_stock(tx, item_id)) >= missing_each


def _spoilt(tx: Tx, location_id: int, item_id: int) -> list[Any]:
    day = local_day(tx)
    rows = tx.all(
        "SELECT b.layer_id, b.on_hand_each, y.received_on, y.expiry_on, i.min_life_days FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.item_id = :item AND b.lpn_id = 0 AND b.status = 'available'"
        " AND y.expiry_on <> '' ORDER BY b.layer_id",
        location=location_id, item=item_id,
    )  # fmt: skip
    return [row for row in rows if not _is_fit(row, day)]


def _is_fit(row: Any, day: str) -> bool:
    return is_allocatable(Layer(row["layer_id"], row["received_on"], row["expiry_on"]), day, row["min_life_days"])


def find_other_goods(tx: Tx, actor: Actor, order_id: int, task_id: int, given_each: int, why: str) -> None:
    """An order (on the walk of a task, 0 = nobody walks for it) lost promises: promise it others, at this very stop
    where good units lie here, else at stops that join the walk."""
    order = tx.one("SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    allocate.allocate_order(tx, actor, order_id, why)
    if task_id:
        task = tx.one("SELECT * FROM task WHERE warehouse_id = :w AND id = :id", id=task_id)
        # Good units of it in the same location are fetched by the same stop.
        give_task(tx, task_id, order_id, task["location_id"], task["item_id"])
        left_each = tx.one(
            "SELECT COALESCE(SUM(qty_each), 0) AS left_each FROM allocation WHERE warehouse_id = :w"
            " AND task_id = :task AND qty_each > 0",
            task=task_id,
        )["left_each"]  # fmt: skip
        if left_each:
            tx.put(
                "UPDATE task SET qty_each = :qty WHERE warehouse_id = :w AND id = :id",
                id=task_id, qty=task["done_each"] + left_each,
            )  # fmt: skip
        else:
            _close(tx, actor, task_id, why)
        extend_tour(tx, actor, task["tour_id"], order_id, task["position"])
    tell(tx, "board", "PromiseSpoilt", actor.scan_id, order=order["number"], missing_each=given_each)
    allocate.settle_order(tx, actor, order_id)
    cartons.ask_again(tx, order_id)


def give_task(tx: Tx, task_id: int, order_id: int, location_id: int, item_id: int) -> None:
    """What an order is promised of an item here, and nobody walks for yet, this task fetches."""
    tx.put(
        "UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND order_id = :order"
        " AND location_id = :location AND item_id = :item AND task_id IS NULL AND qty_each > 0",
        task=task_id, order=order_id, location=location_id, item=item_id,
    )  # fmt: skip


def _close(tx: Tx, actor: Actor, task_id: int, reason: str) -> None:
    tx.put(
        "UPDATE task SET state = 'short', reason = :reason, operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, reason=reason, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
