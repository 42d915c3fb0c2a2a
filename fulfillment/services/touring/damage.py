"""Damaged goods a picker finds at a stop: set aside where they lie, and whoever was promised them is promised others.

Units nobody was promised go first: the stop then goes on with good ones. Where those do not suffice, this stop's
promises fall before those of others, never for units already in the hand. Invariant: every unit set aside carries its
reason in the ledger, and the place is counted.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move, Status
from fulfillment.domain.taking import Identity, Taken, by_age, left_lying
from fulfillment.flows.pick_otherwise import SetAsideDamaged
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.touring import pick_stock, shorts
from fulfillment.services.touring.pick_walk import Stop


def set_aside(tx: Tx, actor: Actor, task: Any, stop: Stop, command: SetAsideDamaged) -> None:
    """Post the damaged units, and send the walks that were to fetch them elsewhere at once.

    Raises:
        Refused: `nothing_here`, `too_many`, when not so many lie here; `finish_first`, when all that lies here is
            promised to the units in the hand.
    """
    location_id, item_id = task["location_id"], task["item_id"]
    fallen = _Fallen(tx, actor, task, task["left_each"] - command.counted_each)
    for layer_id, qty_each in _choose(stop, command).items():
        fallen.set_free(layer_id, qty_each)
        sealed_each = ledger.carry_sealed(tx, actor, location_id, layer_id, qty_each)
        move = Move(
            layer_id, item_id, location_id, location_id, qty_each, MoveReason.HOLD, to_status=Status.DAMAGED,
            sealed_from_each=sealed_each, sealed_to_each=sealed_each, why=command.why,
        )  # fmt: skip
        ledger.post(tx, actor, [move])
    tell(tx, "board", "StockSetAside", actor.scan_id, location=task["code"], status=Status.DAMAGED, why=command.why)
    shorts.open_count(tx, actor, location_id, "damaged")
    for (order_id, task_id), given_each in fallen.each.items():
        shorts.find_other_goods(tx, actor, order_id, task_id, given_each, command.why)
    if fallen.each:
        # What one of them gave up in this place another may be promised now.
        allocate.allocate_waiting(tx, actor, item_id)


def _choose(stop: Stop, command: SetAsideDamaged) -> dict[int, int]:
    """Units by layer: of a label that says which, those; of others, the oldest, which lie in front."""
    left = pick_stock.lying_beside(stop, command.hand, command.counted_each)
    left += [one for one in stop.spoilt if one.on_hand_each]
    chosen: dict[int, int] = {}
    for part in command.parts:
        wanted_each = part.qty_each
        fitting = by_age(Identity(part.lot, part.expiry_on, part.serial).among(left), stop.policy)
        lying_each = sum(one.on_hand_each for one in fitting)
        if not lying_each:
            raise Refused(Rejected(Reject.NOTHING_HERE, got=part.serial or part.lot or None))
        if wanted_each > lying_each:
            raise Refused(Rejected(Reject.TOO_MANY, expected=str(lying_each), got=str(wanted_each)))
        for one in fitting:
            part_each = min(wanted_each, one.on_hand_each)
            if part_each:
                chosen[one.layer.layer_id] = chosen.get(one.layer.layer_id, 0) + part_each
                left = left_lying(left, [Taken(one.layer.layer_id, part_each)])
                wanted_each -= part_each
    return chosen


class _Fallen:
    """Promises given up because no good unit stands behind them; `each`: units by order and task (0 = none)."""

    def __init__(self, tx: Tx, actor: Actor, task: Any, own_each: int) -> None:
        self._tx, self._actor, self._task, self._own_each = tx, actor, task, own_each
        self.each: dict[tuple[int, int], int] = {}

    def set_free(self, layer_id: int, qty_each: int) -> None:
        """Give up as many promises as it takes to have `qty_each` of a layer here that nobody was promised."""
        here = {"location": self._task["location_id"], "layer": layer_id}
        balance = self._tx.one(
            "SELECT on_hand_each - allocated_each AS free_each FROM stock_balance WHERE warehouse_id = :w"
            " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'",
            **here,
        )
        missing_each = qty_each - (balance["free_each"] if balance is not None else 0)
        if missing_each <= 0:
            return
        for promise in self._tx.all(
            "SELECT * FROM allocation WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer"
            " AND qty_each > 0 ORDER BY CASE WHEN task_id = :task THEN 0 ELSE 1 END, id DESC",
            task=self._task["task_id"], **here,
        ):  # fmt: skip
            is_own = promise["task_id"] == self._task["task_id"]
            part_each = min(missing_each, promise["qty_each"], self._own_each if is_own else missing_each)
            if part_each <= 0:
                continue
            ledger.give_up(self._tx, self._actor, promise, part_each, "damaged")
            key = (promise["order_id"], promise["task_id"] or 0)
            self.each[key] = self.each.get(key, 0) + part_each
            self._own_each -= part_each if is_own else 0
            missing_each -= part_each
        if missing_each > 0:
            raise Refused(Rejected(Reject.FINISH_FIRST, expected="scan_tote"))
