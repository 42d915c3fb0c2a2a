"""UNDO of putting back: units put into a location last lie in their tote again, promised to its order as picked.

Refuses what somebody built on (`too_late_to_undo`): units promised or moved since, a tote taken for other goods, an
order that found others meanwhile; and what must not be picked any more: expired goods, or goods older ones now stand
free beside. Invariant: the order's figures and the tote's content agree, as if the scan had not been.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.fifo import passes_over
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import Status
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate, ledger, storing


def take_back(tx: Tx, actor: Actor, last: Memory) -> Memory:
    """The units of the last scan are in their tote again; what the dialogue goes on with.

    Raises:
        Refused: `nothing_to_undo`, `too_late_to_undo`.
    """
    undoing.check_own(actor, last)
    task = tx.one(
        "SELECT * FROM task WHERE warehouse_id = :w AND id = :id AND kind = 'put_back' AND state IN ('open', 'done')",
        id=last["task"],
    )
    moves = [move for move in undoing.moves_of_layers(tx, last, MoveReason.PUT_BACK)
             if task is not None and move["from_lpn_id"] == task["lpn_id"]]  # fmt: skip
    if not moves or task["order_id"] is None:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    if task["state"] == "done":
        _take_tote_again(tx, task, moves[0]["from_location_id"])
    for move in moves:
        _pick_again(tx, actor, task, move)
    allocate.settle_order(tx, actor, task["order_id"])
    tell(tx, "board", "PutBackUndone", actor.scan_id, tote=task["lpn_id"], qty_each=sum(m["qty_each"] for m in moves))
    return {"tote": task["lpn_id"], "notice": "undone_put_back"}


def _take_tote_again(tx: Tx, task: Any, location_id: int) -> None:
    """An emptied tote belongs to nobody; it is this order's again unless somebody took it. A share of a batch tote was
    given up with its last unit, and its tote with it: where that is now nobody can say."""
    taken = tx.run(
        "UPDATE lpn SET order_id = :order WHERE warehouse_id = :w AND id = :id AND order_id IS NULL"
        " AND location_id = :location AND kind <> 'share'",
        id=task["lpn_id"], order=task["order_id"], location=location_id,
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO, expected="the tote it came from"))
    tx.put(
        "UPDATE task SET state = 'open', operator_id = NULL, done_at_ms = NULL WHERE warehouse_id = :w AND id = :id",
        id=task["id"],
    )


def _pick_again(tx: Tx, actor: Actor, task: Any, move: Any) -> None:
    """Promised and picked in one: to the ledger units come into a tote by a pick, whoever made it."""
    undoing.check_in_front(tx, move)
    item_id, layer_id, qty_each = move["item_id"], move["layer_id"], move["qty_each"]
    demand = tx.one(
        "SELECT ordered_each - cancelled_each - allocated_each AS open_each FROM demand WHERE warehouse_id = :w"
        " AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=item_id,
    )  # fmt: skip
    goods = storing.arriving_layer(tx, layer_id)
    free = [part.layer for part in allocate.free_stock(tx, item_id)]
    is_fit = move["to_status"] == Status.AVAILABLE and any(layer.layer_id == layer_id for layer in free)
    promise_id = None
    if is_fit and demand["open_each"] >= qty_each and passes_over(goods.layer, free, goods.policy) is None:
        promise_id = ledger.promise(
            tx, actor, task["order_id"], item_id, move["to_location_id"], layer_id, qty_each, Why.UNDONE
        )
    if promise_id is None:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    promise = tx.one("SELECT * FROM allocation WHERE warehouse_id = :w AND id = :id", id=promise_id)
    ledger.keep(tx, actor, promise, qty_each)
    back = undoing.reversed_move(
        move, MoveReason.PICK, promised_from_each=qty_each, promised_to_each=qty_each, order_id=task["order_id"]
    )
    undoing.post_back(tx, actor, [back])
    tx.put(
        "UPDATE demand SET picked_each = picked_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=item_id, qty=qty_each,
    )  # fmt: skip
