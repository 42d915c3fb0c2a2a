"""Goods from the dock into storage: propose and claim a location, then move."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.putaway import Arriving, check_putaway
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.flows import putaway as flow
from fulfillment.flows.step import ItemRead, Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.receiving import at_dock, cross_dock, dock_to_stock
from fulfillment.services.replenishing import replenishment_plans
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, goods_of, place_of
from fulfillment.services.stock.storing import arriving_layer, place_instead, propose, storage_at


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the putaway dialogue stands on."""
    row = tx.one(
        f"SELECT k.id AS task_id, k.item_id AS item, k.qty_each - k.done_each AS left_each, y.received_on, o.number,"
        f" {PLACE_COLUMNS} FROM task k JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " LEFT JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.id = :id AND k.kind = 'putaway' AND k.state = 'open'",
        id=memory.get("task", 0),
    )
    if row is not None:
        goods = goods_of(
            tx.one(f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.id = :id", id=row["item"])
        )
        if row["number"] is not None:
            waiting = flow.CrossDockTask(row["task_id"], goods, row["left_each"], row["number"], place_of(row))
            return flow.Facts(None, cross_dock=waiting, free_totes=cross_dock.free_totes(tx))
        return flow.Facts(flow.PutawayTask(row["task_id"], goods, row["left_each"], row["received_on"], place_of(row)))
    if actor.station_location_id is None:
        return flow.Facts(None)
    dock_id = actor.station_location_id
    figures, first, pallets = (
        at_dock.loose_figures(tx, dock_id), at_dock.first_loose(tx, dock_id), at_dock.pallets(tx, dock_id),
    )  # fmt: skip
    if first is None:
        return flow.Facts(None, pallets=pallets)
    return flow.Facts(None, figures["lines"], figures["units"], goods_of(first), first["free_each"], pallets=pallets)


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a putaway command.

    Raises:
        Refused: nothing of the item lies here, no location takes it, or the one scanned must not.
    """
    match command:
        case flow.TakeGoods(item):
            return {"task": _take(tx, actor, item)}
        case flow.TakePallet(sscc):
            return _take_pallet(tx, actor, sscc)
        case flow.IntoTote(task_id, tote_code):
            cross_dock.into_tote(tx, actor, task_id, tote_code)
            return {}
        case flow.PutAway(task_id, location_code, qty_each):
            layer_id = _put_away(tx, actor, task_id, location_code, qty_each)
            return {"task": task_id, "last": undoing.remember(actor, task=task_id, layers=[layer_id])}
        case flow.TakeBack(last):
            return undoing.take_back_putaway(tx, actor, last)
        case flow.PutDown(task_id):
            tx.put(
                "UPDATE task SET state = 'cancelled', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
                id=task_id, now=tx.now_ms,
            )  # fmt: skip
            return {}
        case _:
            raise TypeError(f"not a putaway command: {command!r}")


def _take(tx: Tx, actor: Actor, read: ItemRead) -> int:
    dock_id = _dock_of(actor)
    row = at_dock.oldest_loose(tx, dock_id, read)
    # Which of several serials goes to the customer must be known; without its scan it goes to storage.
    is_known = not row["tracks_serial"] or bool(read.serial)
    return _take_layer(tx, actor, row["item_id"], row["layer_id"], row["free_each"], may_ship=is_known)


def _take_pallet(tx: Tx, actor: Actor, sscc: str) -> Memory:
    """A pallet of one item goes as a whole; of several, its goods then lie loose here, to be taken one by one."""
    lying = at_dock.open_pallet(tx, actor, _dock_of(actor), sscc)
    if not lying:
        return {}
    first = min(lying, key=lambda row: (row["received_on"], row["layer_id"]))
    qty_each = sum(row["on_hand_each"] for row in lying if row["layer_id"] == first["layer_id"])
    may_ship = not first["tracks_serial"]
    return {"task": _take_layer(tx, actor, first["item_id"], first["layer_id"], qty_each, may_ship=may_ship)}


def _dock_of(actor: Actor) -> int:
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    return actor.station_location_id


def _take_layer(tx: Tx, actor: Actor, item_id: int, layer_id: int, free_each: int, *, may_ship: bool) -> int:
    """Claim units of a layer: for the tote of an order that waits for them, else for a location."""
    wanted = cross_dock.offer(tx, layer_id, free_each) if may_ship else None
    staging_id = cross_dock.staging(tx) if wanted is not None else None
    order_id = None
    if wanted is not None and staging_id is not None:
        location_id, qty_each, order_id = staging_id, wanted.qty_each, wanted.order_id
    else:
        location_id, qty_each = propose(tx, arriving_layer(tx, layer_id), free_each, actor.station_location_id)
    return tx.insert(
        "task", kind="putaway", item_id=item_id, layer_id=layer_id, location_id=location_id, qty_each=qty_each,
        order_id=order_id, operator_id=actor.operator_id, created_at_ms=tx.now_ms,
    )  # fmt: skip


def _put_away(tx: Tx, actor: Actor, task_id: int, location_code: str, qty_each: int) -> int:
    """Move the goods in hand; returns their layer."""
    task = tx.one(
        "SELECT id, item_id, layer_id, location_id, qty_each, done_each FROM task"
        " WHERE warehouse_id = :w AND id = :id AND state = 'open'",
        id=task_id,
    )
    if task is None or actor.station_location_id is None:
        raise Refused(Rejected(Reject.NO_WORK))
    location = find_location(tx, location_code)
    goods = arriving_layer(tx, task["layer_id"])
    wrong = check_putaway(storage_at(tx, location["id"]), goods, qty_each)
    claimed = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'putaway' AND state = 'open'"
        " AND location_id = :location AND id <> :id AND item_id <> :item",
        location=location["id"], id=task_id, item=task["item_id"],
    )  # fmt: skip
    if wrong is None and claimed is not None:
        wrong = Rejected(Reject.LOCATION_FULL, expected="a location nobody else is sent to", got=location_code)
    if wrong is not None:
        raise _refusal(tx, actor, task, goods, qty_each, location, wrong)
    sealed_each = ledger.carry_sealed(tx, actor, actor.station_location_id, task["layer_id"], qty_each)
    move = Move(
        task["layer_id"], task["item_id"], actor.station_location_id, location["id"], qty_each, MoveReason.PUTAWAY,
        sealed_from_each=sealed_each, sealed_to_each=sealed_each,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    dock_to_stock.note_left_dock(tx, task["layer_id"])
    done_each = task["done_each"] + qty_each
    tx.put(
        "UPDATE task SET done_each = :done, state = :state, done_at_ms = :now, operator_id = :operator"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, done=done_each, state="done" if done_each == task["qty_each"] else "open", now=tx.now_ms,
        operator=actor.operator_id,
    )  # fmt: skip
    allocate.allocate_waiting(tx, actor, task["item_id"])
    replenishment_plans.after_arrival(tx, actor, task["item_id"])
    return task["layer_id"]


def _refusal(
    tx: Tx, actor: Actor, task: Any, goods: Arriving, qty_each: int, location: Any, wrong: Rejected
) -> Refused:  # fmt: skip
    """Why not there, and where instead. When the place refused is the one proposed, another is claimed for it."""
    instead = place_instead(tx, goods, qty_each, location["id"], task["location_id"], actor.station_location_id)
    if instead is None:
        return Refused(wrong)
    place_id, code = instead

    def claim() -> None:
        tx.put(
            "UPDATE task SET location_id = :place WHERE warehouse_id = :w AND id = :id", id=task["id"], place=place_id
        )

    return Refused(Rejected(wrong.code, code, location["code"]), claim if place_id != task["location_id"] else None)
