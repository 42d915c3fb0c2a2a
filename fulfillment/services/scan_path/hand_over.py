"""A station from one pair of hands to the next: when it locks itself, whose work can be gone on with elsewhere.

Owns the rules of it in `warehouse` and what moves with an operator from station to station: the tour, begun tasks, what
lies in the hand. Refuses to bring work to a station that has something in its own hand. Invariant: what is in the
hand keeps its place in the ledger; only whose hand it is changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.pins import MINUTE_MS, PinRule
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.stock import LocationKind
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell

AUTO_LOCK_MIN = 10  # of a floor that is founded now
AUTO_LOCK_MAX_MIN = 24 * 60

# What a person carries along; these others need the place their station stands at. A parcel stands on its bench.
_ANYWHERE = ("pick", "move", "count", "replenish", "put_back", "load")
_AT_ITS_PLACE = ("putaway", "receive", "send")


def rules(tx: Tx) -> dict[str, Any]:
    """After how many minutes a station locks itself (0 = never), and who is asked for a PIN."""
    row = tx.one("SELECT auto_lock_min, pin_rule FROM warehouse WHERE id = :w")
    return {"auto_lock_min": row["auto_lock_min"], "pin_rule": row["pin_rule"]}


def set_rules(tx: Tx, auto_lock_min: int | None = None, pin_rule: str | None = None) -> dict[str, Any]:
    """Change one or both; every station goes by them from its next scan on.

    Raises:
        DomainError: `bad_quantity`, `bad_rule`.
    """
    now = rules(tx)
    lock_min = now["auto_lock_min"] if auto_lock_min is None else auto_lock_min
    rule = now["pin_rule"] if pin_rule is None else pin_rule
    if not 0 <= lock_min <= AUTO_LOCK_MAX_MIN:
        raise DomainError("bad_quantity", f"0 to {AUTO_LOCK_MAX_MIN} minutes", "auto_lock_min")
    if rule not in tuple(PinRule):
        raise DomainError("bad_rule", f"none of {', '.join(PinRule)}", "pin_rule")
    tx.put("UPDATE warehouse SET auto_lock_min = :lock, pin_rule = :rule WHERE id = :w", lock=lock_min, rule=rule)
    return rules(tx)


def touched(tx: Tx, station_code: str) -> None:
    """Somebody keyed or touched something there without scanning. It keeps open what is open, and opens nothing."""
    tx.put(
        "UPDATE dialogue SET updated_at_ms = :now WHERE warehouse_id = :w AND operator_id IS NOT NULL"
        " AND aside <> 'pin'"
        " AND station_id = (SELECT s.id FROM station s WHERE s.warehouse_id = :w AND s.code = :station)"
        " AND (SELECT CASE WHEN h.auto_lock_min = 0 THEN 1 WHEN :now - dialogue.updated_at_ms"
        f" <= h.auto_lock_min * {MINUTE_MS} THEN 1 ELSE 0 END FROM warehouse h WHERE h.id = :w) = 1",
        now=tx.now_ms, station=station_code,
    )  # fmt: skip


@dataclass(frozen=True)
class Left:
    """Work somebody is in the middle of at another station, and what its dialogue remembers."""

    station_id: int
    station_code: str
    flow: str
    memory: Mapping[str, Any]


def left_elsewhere(tx: Tx, actor: Actor) -> Left | None:
    """What the actor has begun at another station and can go on with at this one, the newest first."""
    rows = tx.all(
        "SELECT s.id, s.code, s.location_id, d.flow, d.memory FROM dialogue d JOIN station s"
        " ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id WHERE d.warehouse_id = :w"
        " AND d.operator_id = :operator AND d.station_id <> :station AND d.flow <> 'home'"
        " ORDER BY d.updated_at_ms DESC, s.id",
        operator=actor.operator_id, station=actor.station_id,
    )  # fmt: skip
    for row in rows:
        is_same_place = row["location_id"] == actor.station_location_id
        if row["flow"] in _ANYWHERE or (row["flow"] in _AT_ITS_PLACE and is_same_place):
            return Left(row["id"], row["code"], row["flow"], json.loads(row["memory"]))
    return None


def bring(tx: Tx, actor: Actor, left: Left) -> bool:
    """Have this station go on with it, and the other one say so; False where this one's hand is not empty."""
    hands = {station_id: _hand_of(tx, station_id) for station_id in (left.station_id, actor.station_id)}
    held = tx.one(
        "SELECT 1 AS it FROM stock_balance WHERE warehouse_id = :w AND location_id = :hand AND on_hand_each > 0"
        " UNION SELECT 1 FROM tour WHERE warehouse_id = :w AND station_id = :station AND state = 'active'",
        hand=hands[actor.station_id], station=actor.station_id,
    )
    if held is not None:
        return False
    for station_id, hand_id in ((left.station_id, hands[actor.station_id]), (actor.station_id, hands[left.station_id])):
        tx.put("UPDATE station SET hand_location_id = :hand WHERE warehouse_id = :w AND id = :id",
               hand=hand_id, id=station_id)  # fmt: skip
    for table, state in (("tour", "active"), ("task", "open")):
        tx.put(
            f"UPDATE {table} SET station_id = :to WHERE warehouse_id = :w AND station_id = :from AND state = '{state}'",
            **{"to": actor.station_id, "from": left.station_id},
        )
    tx.put(
        "UPDATE dialogue SET operator_id = NULL, flow = 'home', state = 'signed_out', memory = :memory, aside = '',"
        " asked_operator_id = NULL WHERE warehouse_id = :w AND station_id = :station",
        station=left.station_id, memory=json.dumps({"taken_to": actor.station_code}),
    )
    tell(
        tx, "board", "WorkTakenAlong", actor.scan_id, flow=left.flow, station=actor.station_code,
        left=left.station_code,
    )  # fmt: skip
    return True


def _hand_of(tx: Tx, station_id: int | None) -> int:
    row = tx.one("SELECT code, hand_location_id FROM station WHERE warehouse_id = :w AND id = :id", id=station_id)
    if row["hand_location_id"] is not None:
        return int(row["hand_location_id"])
    return tx.insert("location", code=f"HAND-{row['code']}", kind=LocationKind.HAND)
