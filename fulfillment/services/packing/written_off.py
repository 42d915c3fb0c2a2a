"""Units the book shows in a handling unit of an order, and which are not there: off the book, and off the order.

They leave for the adjustment account, and a count is asked for where they were picked. Invariant: what leaves the
handling unit leaves the order's figures in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection

from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move, Virtual
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock import ledger
from fulfillment.services.touring.shorts import open_count


def write_off(
    tx: Tx, actor: Actor, lpn_id: int, order_id: int, *, why: str = "", item_id: int | None = None,
    most_each: int | None = None, layer_ids: Collection[int] | None = None,
) -> int:  # fmt: skip
    """Write off what the book still shows there (of one item, of these layers, at most so many); how many units that
    was."""
    rows = tx.all(
        "SELECT location_id, layer_id, item_id, status, on_hand_each, allocated_each FROM stock_balance"
        " WHERE warehouse_id = :w AND lpn_id = :lpn AND (:item IS NULL OR item_id = :item) ORDER BY layer_id",
        lpn=lpn_id, item=item_id,
    )  # fmt: skip
    moves: list[Move] = []
    left_each = most_each
    for row in rows:
        if layer_ids is not None and row["layer_id"] not in layer_ids:
            continue
        qty_each = row["on_hand_each"] if left_each is None else min(left_each, row["on_hand_each"])
        if qty_each <= 0:
            break
        left_each = None if left_each is None else left_each - qty_each
        moves.append(
            Move(
                row["layer_id"], row["item_id"], row["location_id"], ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT], qty_each,
                MoveReason.MISSING, from_lpn_id=lpn_id, from_status=row["status"], to_status=row["status"],
                allocated_from_each=min(qty_each, row["allocated_each"]), order_id=order_id, why=why,
            )
        )  # fmt: skip
    ledger.post(tx, actor, moves)
    for move in moves:
        tx.put(
            "UPDATE demand SET picked_each = picked_each - :qty, allocated_each = allocated_each - :qty"
            " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
            order=order_id, item=move.item_id, qty=move.qty_each,
        )  # fmt: skip
        for place in tx.all(
            "SELECT DISTINCT from_location_id AS id FROM stock_move WHERE warehouse_id = :w AND layer_id = :layer"
            " AND order_id = :order AND reason = 'pick'",
            layer=move.layer_id, order=order_id,
        ):  # fmt: skip
            open_count(tx, actor, place["id"], "missing")
    return sum(move.qty_each for move in moves)
