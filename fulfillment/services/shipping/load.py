"""Loading: what a lane holds, parcels onto the manifest and off it, the manifest closed."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Refused, Reject, Rejected, Why
from fulfillment.flows import load as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.scan_path import undoing
from fulfillment.services.shipping import manifests
from fulfillment.services.stock.lookup import PLACE_COLUMNS, find_location, place_of

SHOWN = 15  # parcels and lanes offered as buttons


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the loading dialogue stands on."""
    row = _lane(tx, memory["lane"]) if "lane" in memory else None
    if row is None:
        return flow.Facts(None, lanes=_lanes(tx))
    manifest = manifests.open_manifest(tx, row["carrier_id"])
    loaded = left = 0
    if manifest is not None:
        loaded = tx.one(
            "SELECT COUNT(*) AS n FROM parcel WHERE warehouse_id = :w AND manifest_id = :id AND state = 'loaded'",
            id=manifest["id"],
        )["n"]
    left = tx.one(
        "SELECT COUNT(*) AS n FROM parcel WHERE warehouse_id = :w AND state = 'in_lane' AND carrier_id = :carrier",
        carrier=row["carrier_id"],
    )["n"]
    waiting = tx.all(
        "SELECT number FROM parcel WHERE warehouse_id = :w AND state = 'in_lane' AND carrier_id = :carrier"
        f" ORDER BY id LIMIT {SHOWN}",
        carrier=row["carrier_id"],
    )
    lane = flow.Lane(
        place_of(row), row["carrier_id"], row["carrier"], manifest["id"] if manifest else None,
        manifest["number"] if manifest else "", loaded, left,
    )  # fmt: skip
    return flow.Facts(lane, tuple(parcel["number"] for parcel in waiting))


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a loading command.

    Raises:
        Refused: not a ship lane, or the parcel does not belong onto (or is not on) this manifest.
    """
    match command:
        case flow.ChooseLane(location_code):
            location = find_location(tx, location_code)
            if _lane(tx, location["id"]) is None:
                raise Refused(Rejected(Reject.WRONG_LANE, expected="a carrier's ship lane", got=location_code))
            return {"lane": location["id"]}
        case flow.LoadParcel(carrier_id, number):
            manifests.load_parcel(tx, actor, carrier_id, number)
            return {**memory, "last": undoing.remember(actor, carrier=carrier_id, parcel=number, is_loaded=True)}
        case flow.TakeOff(carrier_id, number):
            manifests.take_off_parcel(tx, actor, carrier_id, number)
            return {**memory, "last": undoing.remember(actor, carrier=carrier_id, parcel=number, is_loaded=False)}
        case flow.TakeBack(last):
            return {**memory, "notice": _take_back(tx, actor, last)}
        case flow.MarkMissing(carrier_id):
            manifests.mark_missing(tx, actor, carrier_id)
        case flow.CloseManifest(manifest_id):
            manifests.close_manifest(tx, actor, manifest_id)
            return {}
        case _:
            raise TypeError(f"not a loading command: {command!r}")
    return memory


def _take_back(tx: Tx, actor: Actor, last: Memory) -> str:
    """The parcel loaded last stands in its lane again, the one taken off last on the truck; what was done."""
    undoing.check_own(actor, last)
    try:
        if last["is_loaded"]:
            manifests.take_off_parcel(tx, actor, last["carrier"], last["parcel"], Why.UNDONE)
            return "undone_load"
        manifests.load_parcel(tx, actor, last["carrier"], last["parcel"], Why.UNDONE)
        return "undone_take_off"
    except Refused as refused:
        raise Refused(Rejected(Reject.TOO_LATE_TO_UNDO, got=last["parcel"])) from refused


def _lane(tx: Tx, location_id: int) -> Any:
    return tx.one(
        f"SELECT {PLACE_COLUMNS}, c.id AS carrier_id, c.name AS carrier FROM location l"
        " JOIN carrier c ON c.warehouse_id = l.warehouse_id AND c.lane_location_id = l.id"
        " WHERE l.warehouse_id = :w AND l.id = :id AND l.kind = 'ship_lane' ORDER BY c.id LIMIT 1",
        id=location_id,
    )


def _lanes(tx: Tx) -> tuple[Any, ...]:
    rows = tx.all(
        f"SELECT {PLACE_COLUMNS} FROM carrier c"
        " JOIN location l ON l.warehouse_id = c.warehouse_id AND l.id = c.lane_location_id WHERE c.warehouse_id = :w"
        " AND (EXISTS (SELECT 1 FROM parcel p WHERE p.warehouse_id = c.warehouse_id AND p.state = 'in_lane'"
        " AND p.carrier_id = c.id) OR EXISTS (SELECT 1 FROM manifest m WHERE m.warehouse_id = c.warehouse_id"
        f" AND m.carrier_id = c.id AND m.state = 'open')) ORDER BY c.id LIMIT {SHOWN}"
    )
    return tuple(place_of(row) for row in rows)
