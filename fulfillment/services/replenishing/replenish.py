"""Refilling by scan: claim the task at its location, take its units into the hand, set them down at the face.

Owns the walk of a task, not what is to be brought (`replenishment_plans`). Two stations never work on one task;
a claim lasts as long as somebody refills at its station. Invariant: units between the two places lie in the hand
and are promised to nobody, except those brought for waiting orders: their promises go where the units go.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.putaway import Arriving, check_putaway
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.stock import STORAGE_KINDS
from fulfillment.domain.tasks import RefillReason, TaskState
from fulfillment.flows import replenish as flow
from fulfillment.flows.step import ItemRead, Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.replenishing import refill_claims as claims
from fulfillment.services.replenishing import refill_serials, refills_for_orders, undoing_refills
from fulfillment.services.replenishing import refill_units as units
from fulfillment.services.replenishing import replenishment_plans as plans
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate, hands, ledger
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, goods_of, place_of
from fulfillment.services.stock.storing import arriving_layer, storage_at
from fulfillment.services.touring import shorts

TAKEN_MEANWHILE = "taken_meanwhile"

def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the dialogue stands on: the task of this station, else the one it should begin."""
    waiting = tx.one(f"SELECT COUNT(*) AS n{claims.WAITING}")["n"]
    task_id = claims.own(tx, actor) or claims.proposed(tx, actor, memory)
    return flow.Facts(_task(tx, task_id) if task_id is not None else None, waiting)


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a refilling command.

    Raises:
        Refused: no task begins here, the goods are others than asked for, or the place must not take them.
    """
    match command:
        case flow.BeginTask(location_code):
            return _begin(tx, actor, location_code)
        case flow.TakeUnits(task_id, item):
            layer_id = _take(tx, actor, _open_task(tx, actor, task_id), item)
            return {**memory, "last": undoing.remember(actor, task=task_id, layers=[layer_id])}
        case flow.PutDown(task_id, location_code, qty_each):
            return _put_down(tx, actor, _open_task(tx, actor, task_id), location_code, qty_each, memory)
        case flow.PutBack(task_id):
            _put_back(tx, actor, _open_task(tx, actor, task_id))
            return {}
        case flow.TakeBack(last):
            return undoing_refills.take_back(tx, actor, _any_task(tx, last["task"]), last)
        case flow.ReportShort(task_id):
            return _short(tx, actor, _open_task(tx, actor, task_id), memory)
        case flow.SkipTask(task_id):
            return _skip(tx, actor, task_id)
        case _:
            raise TypeError(f"not a refilling command: {command!r}")


def _task(tx: Tx, task_id: int) -> flow.RefillTask:
    row = tx.one(
        f"SELECT k.id, k.qty_each - k.done_each AS open_each, {plans.TAKEABLE_EACH} AS takeable_each,"
        f" {plans.IN_HAND_EACH} AS in_hand_each, k.location_id AS source_id, k.to_location_id AS target_id, k.reason,"
        f" y.case_each, y.received_on, y.lot, {GOODS_COLUMNS} FROM task k"
        " JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " WHERE k.warehouse_id = :w AND k.id = :id",
        id=task_id,
    )
    return flow.RefillTask(
        row["id"], goods_of(row), _place(tx, row["source_id"]), _place(tx, row["target_id"]),
        max(min(row["open_each"], row["takeable_each"]), 0), row["in_hand_each"], row["case_each"],
        row["received_on"], row["lot"], row["reason"],
    )  # fmt: skip


def _place(tx: Tx, location_id: int) -> Any:
    row = tx.one(f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id", id=location_id)
    return place_of(row)


def _begin(tx: Tx, actor: Actor, location_code: str) -> Memory:
    location = find_location(tx, location_code)
    expected = load(tx, actor, {}).task
    own_id = claims.own(tx, actor)
    task = tx.one(
        f"SELECT k.id, k.item_id{claims.UNCLAIMED} AND k.location_id = :location"
        " ORDER BY CASE WHEN k.id = :own THEN 0 ELSE 1 END, k.priority DESC, k.sequence, k.id LIMIT 1",
        location=location["id"], station=actor.station_id, own=own_id or (expected.task_id if expected else 0),
    )  # fmt: skip
    if task is None or own_id not in (None, task["id"]):
        raise Refused(Rejected(
            Reject.WRONG_LOCATION, expected=expected.source.code if expected else None, got=location_code
        ))  # fmt: skip
    # Older goods may have come, or orders taken these: what is begun is what is needed now.
    # A part that was brought makes the face last, so the rest of such a trip is not judged again.
    claims.let_go(tx, actor, begun=False)
    plans.refill(tx, actor, task["item_id"])
    if not claims.claim(tx, actor, task["id"]):
        claims.claim_next(tx, actor, {})
        return {"notice": TAKEN_MEANWHILE}
    return {"at": location["id"], "task": task["id"]}


def _any_task(tx: Tx, task_id: int) -> Any:
    """A refill whatever its state, with the codes of its places."""
    return tx.one(
        "SELECT k.*, f.code AS source_code, t.code AS target_code FROM task k"
        " JOIN location f ON f.warehouse_id = k.warehouse_id AND f.id = k.location_id"
        " JOIN location t ON t.warehouse_id = k.warehouse_id AND t.id = k.to_location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'replenish' AND k.id = :id",
        id=task_id,
    )


def _open_task(tx: Tx, actor: Actor, task_id: int) -> Any:
    task = tx.one(
        "SELECT k.*, f.code AS source_code, t.code AS target_code, i.rotation, i.tolerance_days, i.tracks_serial,"
        f" y.lot, y.expiry_on, y.received_on, y.serial, {plans.TAKEABLE_EACH} AS takeable_each FROM task k"
        " JOIN location f ON f.warehouse_id = k.warehouse_id AND f.id = k.location_id"
        " JOIN location t ON t.warehouse_id = k.warehouse_id AND t.id = k.to_location_id"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id"
        f" WHERE{plans.OPEN_REFILL} AND k.id = :id AND k.station_id = :station",
        id=task_id, station=actor.station_id,
    )  # fmt: skip
    if task is None:
        raise Refused(Rejected(Reject.NO_WORK))
    return task


def _take(tx: Tx, actor: Actor, task: Any, item: ItemRead) -> int:
    """Units of the reserve into the hand; returns their layer."""
    _check_lot(task, item)
    left_each = min(task["qty_each"] - task["done_each"], task["takeable_each"])
    if item.qty_each > left_each:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(left_each), got=str(item.qty_each)))
    layer_id = refill_serials.layer_of(tx, actor, task, item) if task["tracks_serial"] else task["layer_id"]
    units.carry(
        tx, actor, task["item_id"], layer_id, task["location_id"], hands.hand_of(tx, actor), item.qty_each,
        takes_promises=task["reason"] == RefillReason.DEMAND,
    )  # fmt: skip
    tx.put(
        "UPDATE task SET done_each = done_each + :qty WHERE warehouse_id = :w AND id = :id",
        id=task["id"], qty=item.qty_each,
    )  # fmt: skip
    return layer_id


def _check_lot(task: Any, item: ItemRead) -> None:
    """A code that carries lot or date says which goods these are: the task asks for the oldest."""
    for asked, read in ((task["lot"], item.lot), (task["expiry_on"], item.expiry_on)):
        if asked and read and asked != read:
            raise Refused(Rejected(Reject.OLDER_FIRST, expected=asked, got=read))


def _put_down(
    tx: Tx, actor: Actor, task: Any, location_code: str, qty_each: int, memory: Memory
) -> Memory:
    location = find_location(tx, location_code)
    hand_id = hands.hand_of(tx, actor)
    goods = arriving_layer(tx, task["layer_id"])
    if location["id"] == task["location_id"]:
        _put_back(tx, actor, task)
        return {}
    _check_target(tx, task, location, goods, qty_each)
    layers = units.set_down(tx, actor, task, hand_id, location["id"], qty_each)
    put = {"last": undoing.remember(actor, task=task["id"], layers=layers)}
    tell(tx, "board", "Refilled", actor.scan_id, location=location_code, qty_each=qty_each)
    # Where a place was found short it is to be counted: what led there stays.
    kept = {"short": True} if memory.get("short") else put
    if units.in_hand(tx, hand_id, task["item_id"]):
        return kept
    _end_if_done(tx, task["id"], is_short=bool(memory.get("short")))
    allocate.allocate_waiting(tx, actor, task["item_id"])
    plans.refill(tx, actor, task["item_id"])
    claims.claim_next(tx, actor, {})
    return {} if memory.get("short") else put


def _check_target(tx: Tx, task: Any, location: Any, goods: Arriving, qty_each: int) -> None:
    """The face, unless it must not take these: then any pickable place that may, and the screen names one."""
    at_face = check_putaway(storage_at(tx, task["to_location_id"]), goods, qty_each)
    if location["id"] == task["to_location_id"]:
        if at_face is not None:
            place = refills_for_orders.other_place(tx, goods, qty_each, besides=location["id"])
            expected = place[1] if place is not None else f"BACK to {task['source_code']}"
            raise Refused(Rejected(at_face.code, expected=expected, got=location["code"]))
        return
    if at_face is None or not location["is_pickable"] or location["kind"] not in STORAGE_KINDS:
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected=task["target_code"], got=location["code"]))
    wrong = check_putaway(storage_at(tx, location["id"]), goods, qty_each)
    if wrong is not None:
        raise Refused(wrong)
    face = tx.one(
        "SELECT item_id FROM pick_face WHERE warehouse_id = :w AND location_id = :location", location=location["id"]
    )
    if face is not None and face["item_id"] != task["item_id"]:
        raise Refused(Rejected(Reject.MIXED_ITEM, expected=task["target_code"], got=location["code"]))


def _end_if_done(tx: Tx, task_id: int, *, is_short: bool) -> None:
    row = tx.one(
        f"SELECT k.qty_each - k.done_each AS open_each, {plans.TAKEABLE_EACH} AS takeable_each FROM task k"
        " WHERE k.warehouse_id = :w AND k.id = :id",
        id=task_id,
    )
    if is_short:
        plans.close(tx, task_id, TaskState.SHORT)
    elif row["open_each"] == 0 or row["takeable_each"] <= 0:
        plans.close(tx, task_id, TaskState.DONE)


def _put_back(tx: Tx, actor: Actor, task: Any) -> None:
    """What is in the hand lies again where it was taken."""
    in_hand = units.in_hand(tx, hands.hand_of(tx, actor), task["item_id"])
    if in_hand:
        units.give_back(tx, actor, task, [(row["layer_id"], row["on_hand_each"]) for row in in_hand])
    elif task["takeable_each"] <= 0:
        plans.close(tx, task["id"], TaskState.CANCELLED)
        claims.claim_next(tx, actor, {})


def _short(tx: Tx, actor: Actor, task: Any, memory: Memory) -> Memory:
    """The book is wrong there: nothing more is promised of it until somebody has counted, and the face and the
    orders get their units from the next oldest."""
    missing_each = min(task["qty_each"] - task["done_each"], task["takeable_each"])
    orders = _give_up(tx, actor, task, missing_each) if task["reason"] == RefillReason.DEMAND else []
    shorts.hold_and_count(tx, actor, task["location_id"], task["item_id"])
    for order_id in orders:
        allocate.allocate_order(tx, actor, order_id, "short")
        allocate.settle_order(tx, actor, order_id)
    refills_for_orders.demand(tx, actor, orders)
    tell(tx, "board", "RefillShorted", actor.scan_id, location=task["source_code"], missing_each=missing_each)
    if units.in_hand(tx, hands.hand_of(tx, actor), task["item_id"]):
        plans.refill(tx, actor, task["item_id"])
        return {"at": memory.get("at"), "task": task["id"], "short": True}
    plans.close(tx, task["id"], TaskState.SHORT)
    plans.refill(tx, actor, task["item_id"])
    claims.claim_next(tx, actor, {})
    return {}


def _give_up(tx: Tx, actor: Actor, task: Any, missing_each: int) -> list[int]:
    """The promises nothing stands behind, the least urgent order's first; the orders that lost one."""
    orders = []
    for promise in tx.all(
        "SELECT a.* FROM allocation a JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " WHERE a.warehouse_id = :w AND a.location_id = :location AND a.item_id = :item AND a.task_id IS NULL"
        " AND a.qty_each > 0 ORDER BY a.layer_id = :layer DESC, o.priority, o.cut_off_at_ms DESC,"
        " o.ordered_at_ms DESC, o.id DESC, a.id DESC",
        location=task["location_id"], item=task["item_id"], layer=task["layer_id"],
    ):  # fmt: skip
        part_each = min(missing_each, promise["qty_each"])
        if part_each == 0:
            break
        ledger.give_up(tx, actor, promise, part_each, "short")
        orders.append(promise["order_id"])
        missing_each -= part_each
    return sorted(set(orders))


def _skip(tx: Tx, actor: Actor, task_id: int) -> Memory:
    claims.let_go(tx, actor, begun=True)
    memory = {"skipped": [task_id]}
    claims.claim_next(tx, actor, memory)
    return memory
