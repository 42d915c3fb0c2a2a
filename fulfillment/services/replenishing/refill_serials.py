"""Refilling goods that are known one by one: which of the units in the reserve the hand has taken.

Nobody searches a shelf for one serial among units of one age, so any of them will do; an order that was promised
another one gets this one instead. Refuses units that do not lie here and younger ones.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.fifo import Layer, is_older
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.tasks import RefillReason
from fulfillment.flows.step import ItemRead
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock import ledger


def layer_of(tx: Tx, actor: Actor, task: Any, item: ItemRead) -> int:
    """The layer of the unit scanned, ready to be carried for this task.

    Raises:
        Refused: `serial_required`, `serial_unknown`, `serial_elsewhere` or `older_first`.
    """
    if not item.serial:
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, got=item.raw))
    row = tx.one(
        "SELECT y.id, y.received_on, y.expiry_on, b.on_hand_each, b.allocated_each FROM layer y"
        " LEFT JOIN stock_balance b ON b.warehouse_id = y.warehouse_id AND b.layer_id = y.id"
        " AND b.location_id = :source AND b.lpn_id = 0 AND b.status = 'available' WHERE y.warehouse_id = :w"
        " AND y.item_id = :item AND y.serial = :serial ORDER BY COALESCE(b.on_hand_each, 0) DESC LIMIT 1",
        source=task["location_id"], item=task["item_id"], serial=item.serial,
    )  # fmt: skip
    if row is None:
        raise Refused(Rejected(Reject.SERIAL_UNKNOWN, got=item.serial))
    if not row["on_hand_each"]:
        raise Refused(Rejected(Reject.SERIAL_ELSEWHERE, got=item.serial))
    asked = Layer(task["layer_id"], task["received_on"], task["expiry_on"])
    scanned = Layer(row["id"], row["received_on"], row["expiry_on"])
    if is_older(asked, scanned, task["rotation"], task["tolerance_days"]):
        raise Refused(Rejected(Reject.OLDER_FIRST, expected=task["serial"], got=item.serial))
    is_free = row["allocated_each"] == 0
    if task["reason"] == RefillReason.DEMAND:
        if is_free:
            _exchange(tx, actor, task, scanned.layer_id)
    elif not is_free:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected="a unit no order waits for", got=item.serial))
    return scanned.layer_id


def _exchange(tx: Tx, actor: Actor, task: Any, layer_id: int) -> None:
    """Whoever is promised another unit of this place is promised this one."""
    promise = tx.one(
        "SELECT a.* FROM allocation a JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " WHERE a.warehouse_id = :w AND a.location_id = :source AND a.item_id = :item AND a.task_id IS NULL"
        " AND a.qty_each > 0 ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id, a.id LIMIT 1",
        source=task["location_id"], item=task["item_id"],
    )
    if promise is None:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected="an order that waits for it"))
    ledger.give_up(tx, actor, promise, 1, "exchanged for another serial in the same location")
    ledger.promise(
        tx, actor, promise["order_id"], promise["item_id"], promise["location_id"], layer_id, 1, "exchanged"
    )
