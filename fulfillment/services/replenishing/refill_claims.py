"""Who works on which refill: a task is shown, begun, let go and taken over here.

A claim is one conditional UPDATE whose row count is read, so two stations never get one task. It holds for as long
as somebody at that station is refilling (`CLAIMED`): going home or signing out gives it back without a word.
"""

from __future__ import annotations

from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.replenishing.replenishment_plans import (
    CLAIMED,
    IN_HAND_EACH,
    IN_TURN,
    OPEN_REFILL,
    TAKEABLE_EACH,
)

WAITING = f" FROM task k WHERE{OPEN_REFILL} AND k.qty_each > k.done_each AND {TAKEABLE_EACH} > 0"
UNCLAIMED = f"{WAITING} AND (k.station_id = :station OR NOT {CLAIMED})"


def own(tx: Tx, actor: Actor) -> int | None:
    """The task this station has begun, unless what it should bring has gone and nothing is in the hand."""
    row = tx.one(
        f"SELECT k.id FROM task k WHERE{OPEN_REFILL} AND k.station_id = :station AND ({IN_HAND_EACH} > 0"
        f" OR (k.qty_each > k.done_each AND {TAKEABLE_EACH} > 0)) ORDER BY k.claimed_at_ms, k.id LIMIT 1",
        station=actor.station_id,
    )
    return None if row is None else row["id"]


def proposed(tx: Tx, actor: Actor, memory: Memory) -> int | None:
    """A task nobody has begun. Stations that look for one at the same time are shown different ones."""
    rows = tx.all(f"SELECT k.id{UNCLAIMED}{IN_TURN}", station=actor.station_id)
    skipped = set(memory.get("skipped", ()))
    ids = [row["id"] for row in rows if row["id"] not in skipped] or [row["id"] for row in rows]
    if not ids:
        return None
    before_me = tx.one(
        "SELECT COUNT(*) AS n FROM dialogue d WHERE d.warehouse_id = :w AND d.flow = 'replenish'"
        " AND d.operator_id IS NOT NULL AND d.station_id < :station AND NOT EXISTS (SELECT 1 FROM task k"
        f" WHERE{OPEN_REFILL} AND k.station_id = d.station_id)",
        station=actor.station_id,
    )["n"]
    return ids[min(before_me, len(ids) - 1)]


def let_go(tx: Tx, actor: Actor, *, begun: bool, but: int = 0) -> None:
    """Give back what this station has claimed; with `begun` also tasks of which a part was brought already."""
    tx.put(
        "UPDATE task SET station_id = NULL, operator_id = NULL, claimed_at_ms = NULL WHERE warehouse_id = :w"
        " AND kind = 'replenish' AND state = 'open' AND station_id = :station AND id <> :but"
        f"{'' if begun else ' AND done_each = 0'}",
        station=actor.station_id, but=but,
    )  # fmt: skip


def claim(tx: Tx, actor: Actor, task_id: int) -> bool:
    """Make a task this station's, if it still waits: who comes second gets another."""
    claimed = tx.run(
        "UPDATE task SET station_id = :station, operator_id = :operator, claimed_at_ms = :now WHERE warehouse_id = :w"
        f" AND id = :id AND id IN (SELECT k.id{UNCLAIMED} AND k.id = :id)",
        id=task_id, station=actor.station_id, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
    if claimed == 1:
        # One hand, one task: units in it must never seem to belong to another that came to nothing.
        let_go(tx, actor, begun=True, but=task_id)
    return claimed == 1


def claim_next(tx: Tx, actor: Actor, memory: Memory) -> None:
    """After a task or a skip the station gets another at once; who has just come looks first."""
    if own(tx, actor) is None:
        task_id = proposed(tx, actor, memory)
        if task_id is not None:
            claim(tx, actor, task_id)
