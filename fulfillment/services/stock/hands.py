"""Where goods are while somebody carries them: each station has a place of its own for what is in hand.

The ledger says what the hand did: units taken from a shelf lie in the hand until they are set down, and no
order is promised them there.
"""

from __future__ import annotations

from fulfillment.domain.stock import LocationKind
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor


def hand_of(tx: Tx, actor: Actor) -> int:
    """The location id of what is in hand at the actor's station; made the first time something is."""
    station = tx.one(
        "SELECT code, hand_location_id FROM station WHERE warehouse_id = :w AND id = :id", id=actor.station_id
    )
    if station["hand_location_id"] is not None:
        return station["hand_location_id"]
    hand_id = tx.insert("location", code=f"HAND-{station['code']}", kind=LocationKind.HAND)
    tx.put(
        "UPDATE station SET hand_location_id = :hand WHERE warehouse_id = :w AND id = :id",
        id=actor.station_id, hand=hand_id,
    )  # fmt: skip
    return hand_id
