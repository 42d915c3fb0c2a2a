"""UNDO of a refill: units taken up last lie in the reserve again, units set down last are in the hand again.

Refuses what somebody built on (`too_late_to_undo`): units promised to others or carried on since, a task that ended
short. Invariant: the task is open and this station's afterwards, and says what is in its hand.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.tasks import RefillReason
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.replenishing import refill_claims, replenishment_plans
from fulfillment.services.replenishing import refill_units as units
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import hands


def take_back(tx: Tx, actor: Actor, task: Any, last: Memory) -> Memory:
    """What was taken up or set down last goes the other way; `task`: its row with the codes of both places.

    Raises:
        Refused: `nothing_to_undo`, `too_late_to_undo`, or what the reserve has against it by now.
    """
    undoing.check_own(actor, last)
    hand_id = hands.hand_of(tx, actor)
    moves = undoing.moves_of_layers(tx, last, MoveReason.REPLENISH)
    if task is None or not moves:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    if moves[0]["to_location_id"] == hand_id:
        return _lay_back(tx, actor, task, moves)
    return _take_up_again(tx, actor, task, moves)


def _lay_back(tx: Tx, actor: Actor, task: Any, moves: list[Any]) -> Memory:
    if task["state"] != "open" or task["station_id"] != actor.station_id:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    units.give_back(tx, actor, task, [(move["layer_id"], move["qty_each"]) for move in moves], Why.UNDONE)
    return {"at": task["location_id"], "task": task["id"], "notice": "undone_taking"}


def _take_up_again(tx: Tx, actor: Actor, task: Any, moves: list[Any]) -> Memory:
    if task["state"] == "open":
        mine = task["station_id"] == actor.station_id
    else:
        mine = task["state"] == "done" and tx.run(
            "UPDATE task SET state = 'open', done_at_ms = NULL, station_id = :station, operator_id = :operator,"
            " claimed_at_ms = :now WHERE warehouse_id = :w AND id = :id AND state = 'done'",
            id=task["id"], station=actor.station_id, operator=actor.operator_id, now=tx.now_ms,
        ) == 1  # fmt: skip
    if not mine:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO))
    # One hand, one task: the next one was given out already when the last piece was set down.
    refill_claims.let_go(tx, actor, begun=True, but=task["id"])
    for move in reversed(moves):
        undoing.check_in_front(tx, move)
        try:
            units.carry(
                tx, actor, move["item_id"], move["layer_id"], move["to_location_id"], move["from_location_id"],
                move["qty_each"], takes_promises=task["reason"] == RefillReason.DEMAND, why=Why.UNDONE,
            )  # fmt: skip
        except Refused as refused:
            raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO)) from refused
    replenishment_plans.refill(tx, actor, task["item_id"])
    return {"task": task["id"], "notice": "undone_refill"}
