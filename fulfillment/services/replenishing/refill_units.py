"""Units of a refill on their way: carried with the promises that stand on them, set down, given back.

What is in the hand lies in the station's hand in the ledger. Refuses to give back what by now would stand behind
other goods. Invariant: a promise that was brought along lies where its units lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.replenishing import refills_for_orders
from fulfillment.services.stock import allocate, hands, ledger
from fulfillment.services.stock.storing import arriving_layer, storage_at


def carry(
    tx: Tx, actor: Actor, item_id: int, layer_id: int, from_id: int, to_id: int, qty_each: int, *,
    takes_promises: bool, why: str = "",
) -> None:  # fmt: skip
    """Move units, and with them the promises that stand on them, the most urgent order's first.

    Raises:
        Refused: `short_stock`, `case_sealed`.
    """
    promises = tx.all(
        "SELECT a.* FROM allocation a JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " WHERE a.warehouse_id = :w AND a.location_id = :location AND a.layer_id = :layer AND a.task_id IS NULL"
        " AND a.qty_each > 0 ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id, a.id",
        location=from_id, layer=layer_id,
    ) if takes_promises else ()  # fmt: skip
    promised_each = min(qty_each, sum(promise["qty_each"] for promise in promises))
    sealed_each = ledger.carry_sealed(tx, actor, from_id, layer_id, qty_each)
    ledger.post(
        tx, actor,
        [Move(layer_id, item_id, from_id, to_id, qty_each, MoveReason.REPLENISH, allocated_from_each=promised_each,
              allocated_to_each=promised_each, sealed_from_each=sealed_each, sealed_to_each=sealed_each, why=why)],
    )  # fmt: skip
    for promise in promises:
        part_each = min(promised_each, promise["qty_each"])
        if part_each == 0:
            break
        ledger.relocate_promise(tx, actor, promise, to_id, part_each)
        promised_each -= part_each


def in_hand(tx: Tx, hand_id: int, item_id: int) -> list[Any]:
    """What of the item is in the hand, layer by layer: one, but for units with serials."""
    return list(
        tx.all(
            "SELECT layer_id, on_hand_each FROM stock_balance WHERE warehouse_id = :w AND location_id = :hand"
            " AND item_id = :item AND lpn_id = 0 AND status = 'available' ORDER BY layer_id",
            hand=hand_id, item=item_id,
        )
    )  # fmt: skip


def set_down(tx: Tx, actor: Actor, task: Any, hand_id: int, to_id: int, qty_each: int) -> list[int]:
    """So many of what is in the hand into a place; the layers they are of."""
    layers = []
    # Promises in the hand are those brought along: they stand on any unit here, so all of them are looked at.
    for row in in_hand(tx, hand_id, task["item_id"]):
        part_each = min(qty_each, row["on_hand_each"])
        if part_each:
            carry(tx, actor, task["item_id"], row["layer_id"], hand_id, to_id, part_each, takes_promises=True)
            layers.append(row["layer_id"])
            qty_each -= part_each
    return layers


def give_back(tx: Tx, actor: Actor, task: Any, parts: Sequence[tuple[int, int]], why: str = "") -> None:
    """Units (layer, how many) go from the hand to where they were taken: taking them out buried nothing there.

    Raises:
        Refused: `mixed_item`, or what putaway has against it when other goods came meanwhile.
    """
    hand_id, qty_each = hands.hand_of(tx, actor), sum(each for _, each in parts)
    storage = storage_at(tx, task["location_id"])
    if any(part.item_id != task["item_id"] for part in storage.present):
        place = refills_for_orders.other_place(tx, arriving_layer(tx, task["layer_id"]), qty_each)
        raise Refused(Rejected(Reject.MIXED_ITEM, expected=place[1] if place else None, got=task["source_code"]))
    _check_nothing_came(tx, task, hand_id, [layer_id for layer_id, _ in parts], qty_each)
    for layer_id, each in parts:
        carry(
            tx, actor, task["item_id"], layer_id, hand_id, task["location_id"], each, takes_promises=True, why=why
        )  # fmt: skip
    tx.put(
        "UPDATE task SET done_each = done_each - :qty WHERE warehouse_id = :w AND id = :id",
        id=task["id"], qty=qty_each,
    )  # fmt: skip
    allocate.allocate_waiting(tx, actor, task["item_id"])


def _check_nothing_came(tx: Tx, task: Any, hand_id: int, layer_ids: Sequence[int], qty_each: int) -> None:
    """Where other goods were put in since, these are judged like any that come: they may stand behind newer ones."""
    came_from = [
        tx.one(
            "SELECT id, from_location_id FROM stock_move WHERE warehouse_id = :w AND layer_id = :layer"
            " AND to_location_id = :hand ORDER BY id DESC LIMIT 1",
            layer=layer_id, hand=hand_id,
        )
        for layer_id in layer_ids
    ]  # fmt: skip
    # Out of the face again, by UNDO, they have been away: they are judged too.
    if all(move["from_location_id"] == task["location_id"] for move in came_from):
        came = tx.one(
            "SELECT 1 FROM stock_move WHERE warehouse_id = :w AND id > :taken AND to_location_id = :source"
            " AND from_location_id NOT IN (:hand, :source) LIMIT 1",
            source=task["location_id"], hand=hand_id, taken=min(move["id"] for move in came_from),
        )  # fmt: skip
        if came is None:
            return
    goods = arriving_layer(tx, task["layer_id"])
    wrong = check_putaway(storage_at(tx, task["location_id"]), goods, qty_each)
    if wrong is not None:
        raise Refused(Rejected(wrong.code, expected=task["target_code"], got=task["source_code"]))
