"""UNDO: the last thing a person did is taken back by moves that go the other way; nothing is ever deleted.

Only what nobody built on: units still where the scan put them and promised to nobody who came since, the walk, the
parcel or the task still this person's. Refused otherwise: `nothing_to_undo`, `too_late_to_undo`. Every such move says
`undone` for its reason. Invariant: afterwards units, promises and tasks agree as if the scan had not been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fulfillment.domain.fifo import Layer, is_allocatable, passes_over
from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import STORAGE_KINDS, Access, Move
from fulfillment.domain.units import volume_ml
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.common.today import local_day
from fulfillment.services.packing import cartons
from fulfillment.services.stock import allocate, ledger, storing
from fulfillment.services.stock.hands import hand_of
from fulfillment.services.touring import cart_places, shorts


def remember(actor: Actor, **what: Any) -> dict[str, Any]:
    """What a dialogue keeps of a scan that UNDO may take back."""
    return {"scan": actor.scan_id, "by": actor.operator_id, **what}


# --- a pick --------------------------------------------------------------------------------------------------------


def take_back_pick(tx: Tx, actor: Actor, last: Memory) -> Memory:
    """The units of the last pick go from their tote to the place they lay in, promised to their order again; those of
    a batch to the several orders they were shared out to.

    Raises:
        Refused: the walk has ended, an order was cancelled, the units are gone, expired, or may not lie there now.
    """
    check_own(actor, last)
    undone_each = 0
    for part in reversed(last["parts"]):
        location, part_each = _take_back_part(tx, actor, part, last["scan"])
        undone_each += part_each
    undone = {"qty_each": undone_each, "place": location["code"]}
    return {"at": location["id"], "notice": "undone_pick", "undone": undone}


def _take_back_part(tx: Tx, actor: Actor, part: Memory, scan_id: str) -> tuple[Any, int]:
    """What one order was given of a pick; the location it lies in again, and how many."""
    task = _walked(tx, actor, part["task"])
    moves = tx.all(
        "SELECT * FROM stock_move WHERE warehouse_id = :w AND to_lpn_id = :tote AND scan_id = :scan"
        " AND reason = 'pick' ORDER BY id",
        tote=part["tote"], scan=scan_id,
    )  # fmt: skip
    if not moves:
        raise Refused(Rejected(Reject.NOTHING_TO_UNDO))
    location = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND id = :id", id=task["location_id"])
    undone_each = 0
    for move in moves:
        check_still_its_own(tx, location, move, move["id"], (move["to_location_id"], location["id"]))
        _check_fit(tx, move)
        back = reversed_move(move, MoveReason.PUT_BACK, promised_from_each=move["qty_each"], order_id=task["order_id"])
        post_back(tx, actor, [back])
        undone_each += move["qty_each"]
    tx.put(
        "UPDATE demand SET picked_each = picked_each - :qty, allocated_each = allocated_each - :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=task["item_id"], qty=undone_each,
    )  # fmt: skip
    _promise_again(tx, actor, task, moves)
    done_each = task["done_each"] - undone_each
    left_each = tx.one(
        "SELECT COALESCE(SUM(qty_each), 0) AS n FROM allocation WHERE warehouse_id = :w AND task_id = :task",
        task=task["id"],
    )["n"]
    place_on_cart = cart_places.standing_at(tx, task["tour_id"], task["order_id"], task["position"])
    tx.put(
        "UPDATE task SET done_each = :done, qty_each = :qty, state = :state, done_at_ms = :at, reason = :reason,"
        " position = :position WHERE warehouse_id = :w AND id = :id",
        id=task["id"], done=done_each, qty=done_each + left_each, state="open" if left_each else "short",
        at=None if left_each else tx.now_ms, reason="" if left_each else str(Why.UNDONE), position=place_on_cart,
    )  # fmt: skip
    shorts.extend_tour(tx, actor, task["tour_id"], task["order_id"], place_on_cart)
    allocate.settle_order(tx, actor, task["order_id"])
    allocate.allocate_waiting(tx, actor, task["item_id"])
    tell(tx, "board", "PickUndone", actor.scan_id, order=task["number"], qty_each=undone_each)
    return location, undone_each


def _walked(tx: Tx, actor: Actor, task_id: int) -> Any:
    task = tx.one(
        "SELECT k.*, t.state AS tour_state, t.station_id AS walked_at, o.number, o.is_cancelled FROM task k"
        " JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.id = :id",
        id=task_id,
    )
    if task is None or task["tour_state"] != "active" or task["walked_at"] != actor.station_id:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    if task["is_cancelled"]:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, got=task["number"]))
    if task["state"] not in ("open", "done"):
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    return task


def _check_fit(tx: Tx, move: Any) -> None:
    goods = storing.arriving_layer(tx, move["layer_id"])
    if not is_allocatable(goods.layer, local_day(tx), goods.policy.min_life_days):
        raise Refused(Rejected(Reject.EXPIRED, got=goods.layer.expiry_on))


def _promise_again(tx: Tx, actor: Actor, task: Any, moves: Iterable[Any]) -> None:
    """The very units, if nothing older became free meanwhile; else what is oldest now, wherever it lies."""
    for move in moves:
        goods = storing.arriving_layer(tx, move["layer_id"])
        free: list[Layer] = [part.layer for part in allocate.free_stock(tx, task["item_id"])]
        if passes_over(goods.layer, free, goods.policy) is None:
            ledger.promise(
                tx, actor, task["order_id"], task["item_id"], move["from_location_id"], move["layer_id"],
                move["qty_each"], Why.UNDONE,
            )  # fmt: skip
    allocate.allocate_order(tx, actor, task["order_id"], Why.UNDONE)
    shorts.give_task(tx, task["id"], task["order_id"], task["location_id"], task["item_id"])
    cartons.ask_again(tx, task["order_id"])


# --- putting away, and moving ---------------------------------------------------------------------------------------


def take_back_putaway(tx: Tx, actor: Actor, last: Memory) -> Memory:
    """What was put away last is in the hand again, and lies at the dock in the book.

    Raises:
        Refused: it was promised or moved since, or other goods stand before it.
    """
    check_own(actor, last)
    task = tx.one(
        "SELECT * FROM task WHERE warehouse_id = :w AND id = :id AND kind = 'putaway' AND state IN ('open', 'done')",
        id=last["task"],
    )
    moves = moves_of_layers(tx, last, MoveReason.PUTAWAY)
    if task is None or not moves:
        raise Refused(Rejected(Reject.NOTHING_TO_UNDO))
    for move in moves:
        check_in_front(tx, move)
        sealed_each = _sealed_back(tx, actor, move)
        post_back(tx, actor, [reversed_move(move, MoveReason.MOVE, sealed_each=sealed_each)])
        # The scan that is undone may have been the one by which its receipt was stocked.
        tx.put(
            "UPDATE receipt SET stocked_at_ms = NULL WHERE warehouse_id = :w AND stocked_at_ms >= :at"
            " AND id = (SELECT receipt_id FROM layer WHERE warehouse_id = :w AND id = :layer)",
            at=move["recorded_at_ms"], layer=move["layer_id"],
        )  # fmt: skip
    tx.put(
        "UPDATE task SET done_each = done_each - :qty, state = 'open', done_at_ms = NULL"
        " WHERE warehouse_id = :w AND id = :id",
        id=task["id"], qty=sum(move["qty_each"] for move in moves),
    )  # fmt: skip
    return {"task": task["id"], "notice": "undone_putaway"}


def take_back_move(tx: Tx, actor: Actor, last: Memory) -> Memory:
    """What was set down last is in the hand again.

    Raises:
        Refused: it was promised or moved since, or other goods stand before it.
    """
    check_own(actor, last)
    hand = hand_of(tx, actor)
    moves = [move for move in moves_of_layers(tx, last, MoveReason.MOVE) if move["from_location_id"] == hand]
    if not moves:
        raise Refused(Rejected(Reject.NOTHING_TO_UNDO))
    for move in reversed(moves):
        check_in_front(tx, move)
        sealed_each = _sealed_back(tx, actor, move)
        post_back(tx, actor, [reversed_move(move, MoveReason.MOVE, sealed_each=sealed_each)])
    return {"notice": "undone_move"}


def moves_of_layers(tx: Tx, last: Memory, reason: str) -> list[Any]:
    """What the remembered scan moved for a reason; `last["layers"]` says of what."""
    return [
        row
        for layer_id in sorted(set(last["layers"]))
        for row in tx.all(
            "SELECT * FROM stock_move WHERE warehouse_id = :w AND layer_id = :layer AND scan_id = :scan"
            " AND reason = :reason ORDER BY id",
            layer=layer_id, scan=last["scan"], reason=reason,
        )
    ]  # fmt: skip


def check_in_front(tx: Tx, move: Any) -> None:
    """Goods put into a lane since stand before these.

    Raises:
        Refused: `too_late_to_undo`.
    """
    location = tx.one("SELECT access FROM location WHERE warehouse_id = :w AND id = :id", id=move["to_location_id"])
    if location["access"] == Access.ANY:
        return
    later = tx.one(
        "SELECT id FROM stock_move WHERE warehouse_id = :w AND id > :id AND to_location_id = :place"
        " AND scan_id <> :scan LIMIT 1",
        id=move["id"], place=move["to_location_id"], scan=move["scan_id"],
    )  # fmt: skip
    if later is not None:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))


def _sealed_back(tx: Tx, actor: Actor, move: Any) -> int:
    return ledger.carry_sealed(
        tx, actor, move["to_location_id"], move["layer_id"], move["qty_each"], lpn_id=move["to_lpn_id"],
        status=move["to_status"],
    )  # fmt: skip


# --- packing ---------------------------------------------------------------------------------------------------------


def take_back_pack(tx: Tx, actor: Actor, last: Memory) -> Memory:
    """What was packed last lies in its tote again.

    Raises:
        Refused: the parcel is closed or waits for its weight, the order was cancelled, or the tote is another's now.
    """
    check_own(actor, last)
    parcel = tx.one(
        "SELECT p.*, o.number AS order_number, o.is_cancelled FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.id = :id",
        id=last["parcel"],
    )
    if parcel is None or parcel["state"] != "open" or parcel["awaits_weight"]:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO, expected="an open parcel"))
    if parcel["is_cancelled"]:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, got=parcel["order_number"]))
    moves = tx.all(
        "SELECT * FROM stock_move WHERE warehouse_id = :w AND to_lpn_id = :lpn AND scan_id = :scan"
        " AND reason = 'pack' ORDER BY id",
        lpn=parcel["lpn_id"], scan=last["scan"],
    )  # fmt: skip
    if not moves or parcel["station_id"] != actor.station_id:
        raise Refused(Rejected(Reject.NOTHING_TO_UNDO))
    _take_tote_again(tx, last["tote"], parcel["order_id"], moves[0]["from_location_id"])
    for move in moves:
        balance = tx.one(
            "SELECT allocated_each FROM stock_balance WHERE warehouse_id = :w AND location_id = :location"
            " AND layer_id = :layer AND lpn_id = :lpn AND status = :status",
            location=move["to_location_id"], layer=move["layer_id"], lpn=move["to_lpn_id"], status=move["to_status"],
        )  # fmt: skip
        promised_each = min(move["qty_each"], balance["allocated_each"] if balance is not None else 0)
        post_back(
            tx, actor,
            [reversed_move(move, MoveReason.UNPACK, promised_from_each=promised_each, promised_to_each=promised_each,
                       order_id=parcel["order_id"])],
        )  # fmt: skip
    _count_out(tx, parcel, moves)
    allocate.settle_order(tx, actor, parcel["order_id"])
    return {"tote": last["tote"], "order": parcel["order_id"], "parcel": parcel["id"], "notice": "undone_pack"}


def _take_tote_again(tx: Tx, tote_id: int, order_id: int, location_id: int) -> None:
    """A tote its last unit left belongs to nobody; it is this order's again unless somebody took it."""
    taken = tx.run(
        "UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND (order_id IS NULL OR (order_id = :order AND location_id = :location))",
        id=tote_id, order=order_id, location=location_id,
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))


def _count_out(tx: Tx, parcel: Any, moves: Sequence[Any]) -> None:
    item = tx.one(
        "SELECT weight_g, length_mm, width_mm, height_mm FROM item WHERE warehouse_id = :w AND id = :id",
        id=moves[0]["item_id"],
    )
    qty_each = sum(move["qty_each"] for move in moves)
    tx.put(
        "UPDATE demand SET packed_each = packed_each - :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=parcel["order_id"], item=moves[0]["item_id"], qty=qty_each,
    )  # fmt: skip
    tx.put(
        "UPDATE parcel SET weight_g = weight_g - :weight, volume_ml = volume_ml - :volume"
        " WHERE warehouse_id = :w AND id = :id",
        id=parcel["id"], weight=item["weight_g"] * qty_each,
        volume=volume_ml(item["length_mm"], item["width_mm"], item["height_mm"]) * qty_each,
    )  # fmt: skip


# --- all of them -----------------------------------------------------------------------------------------------------


def check_still_its_own(tx: Tx, location: Any, units: Mapping[str, Any], taken_by: int, hands: tuple[int, int]) -> None:
    """Units taken from a storage location by the move `taken_by` may go back as they came, unless others came in since.

    `units`: a row with item_id, layer_id and their number as `qty_each`; `hands`: from where what comes is no news.

    Raises:
        Refused: `mixed_item`, `location_full`, or what putaway has against it.
    """
    other = tx.one(
        "SELECT i.sku FROM stock_balance b JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :id AND b.item_id <> :item LIMIT 1",
        id=location["id"], item=units["item_id"],
    )  # fmt: skip
    if other is not None:
        raise Refused(Rejected(Reject.MIXED_ITEM, expected="another place", got=location["code"]))
    storing.check_unclaimed(tx, location, units["item_id"])
    came = tx.one(
        "SELECT id FROM stock_move WHERE warehouse_id = :w AND id > :taken AND to_location_id = :id AND to_lpn_id = 0"
        " AND from_location_id NOT IN (:hand, :other) LIMIT 1",
        taken=taken_by, id=location["id"], hand=hands[0], other=hands[1],
    )  # fmt: skip
    if came is not None and location["kind"] in STORAGE_KINDS:
        goods = storing.arriving_layer(tx, units["layer_id"])
        wrong = check_putaway(storing.storage_at(tx, location["id"]), goods, units["qty_each"])
        if wrong is not None:
            raise Refused(wrong)


def check_own(actor: Actor, last: Memory) -> None:
    """Nobody takes back what another did.

    Raises:
        Refused: `nothing_to_undo`.
    """
    if last.get("by") != actor.operator_id:
        raise Refused(Rejected(Reject.NOTHING_TO_UNDO, expected="what you did yourself"))


def reversed_move(
    move: Any, reason: str, *, promised_from_each: int = 0, promised_to_each: int = 0, sealed_each: int = 0,
    order_id: int | None = None,
) -> Move:  # fmt: skip
    """The move that takes another one back; `move`: its row in the ledger."""
    return Move(
        move["layer_id"], move["item_id"], move["to_location_id"], move["from_location_id"], move["qty_each"], reason,
        move["to_lpn_id"], move["from_lpn_id"], move["to_status"], move["from_status"], promised_from_each,
        promised_to_each, order_id, sealed_each, sealed_each, Why.UNDONE,
    )  # fmt: skip


def post_back(tx: Tx, actor: Actor, moves: Sequence[Move]) -> None:
    """What is not there, or promised to others by now, somebody built on.

    Raises:
        Refused: `too_late_to_undo`.
    """
    try:
        ledger.post(tx, actor, moves)
    except Refused as refused:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO)) from refused
