"""Manifests: parcels loaded onto one carrier's truck, taken off it, and the truck that leaves.

A manifest opens with its first parcel and closes once. `take_off` and `describe_manifest` take numbers and raise
DomainError; the others raise Refused. Invariant: what a closed manifest lists has left with its carrier, and only that.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, MoveReason, NotFound, Refused, Reject, Rejected
from fulfillment.domain.shipping import ParcelState
from fulfillment.domain.stock import Virtual
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import next_number, tell
from fulfillment.services.packing import parcel_papers, parcels
from fulfillment.services.packing.parcel_papers import MANIFEST
from fulfillment.services.printing import outbox
from fulfillment.services.stock import allocate, ledger

_WEIGHT_G = "COALESCE(p.weighed_g, p.weight_g) AS weight_g"


def take_off(tx: Tx, actor: Actor, manifest_number: str, number: str) -> dict[str, Any]:
    """Take a loaded parcel off a manifest that is still open, back into its lane.

    Raises:
        NotFound: no such manifest or parcel; Conflict: the manifest is closed or does not hold the parcel.
    """
    manifest = _known_manifest(tx, manifest_number)
    parcel = parcels.known(tx, number)
    if manifest["state"] != "open":
        raise Conflict("manifest_closed", f"manifest {manifest_number} is closed")
    try:
        take_off_parcel(tx, actor, manifest["carrier_id"], parcel["number"])
    except Refused as refused:
        raise parcels.conflict(refused, f"parcel {number} is {parcel['state']}") from refused
    return describe_manifest(tx, manifest_number)


def describe_manifest(tx: Tx, number: str) -> dict[str, Any]:
    """A manifest as the API shows it: head and parcels."""
    manifest = _known_manifest(tx, number)
    rows = tx.all(
        f"SELECT p.number, o.number AS order_number, p.state, {_WEIGHT_G} FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.manifest_id = :id ORDER BY p.id",
        id=manifest["id"],
    )
    return {
        "number": manifest["number"], "barcode": own_code("M", manifest["number"]), "state": manifest["state"],
        "carrier": manifest["carrier"], "created_at_ms": manifest["created_at_ms"],
        "closed_at_ms": manifest["closed_at_ms"],
        "parcels": [
            {"number": row["number"], "order": row["order_number"], "state": row["state"], "weight_g": row["weight_g"]}
            for row in rows
        ],
    }  # fmt: skip


# --- at the truck --------------------------------------------------------------------------------------------


def load_parcel(tx: Tx, actor: Actor, carrier_id: int, number: str, why: str = "") -> None:
    """From its lane onto the carrier's open manifest, which the first parcel opens."""
    parcel = parcels.find(tx, number)
    if parcel is None:
        raise Refused(Rejected(Reject.PARCEL_UNKNOWN, got=number))
    wrong = _why_not_load(tx, parcel, carrier_id)
    if wrong is not None:
        raise Refused(wrong)
    manifest = open_manifest(tx, carrier_id) or _new_manifest(tx, actor, carrier_id)
    if parcel["state"] == ParcelState.MISSING:
        parcels.find_again(tx, actor, parcel)
    parcels.step(tx, parcel["id"], ParcelState.LOADED, "manifest_id = :manifest", manifest=manifest["id"])
    parcels.carry(tx, actor, parcel, manifest["dock_location_id"], MoveReason.LOAD, why)
    allocate.settle_order(tx, actor, parcel["order_id"])


def take_off_parcel(tx: Tx, actor: Actor, carrier_id: int, number: str, why: str = "") -> None:
    """From the open manifest of a carrier back into the lane."""
    parcel = parcels.find(tx, number)
    if parcel is None:
        raise Refused(Rejected(Reject.PARCEL_UNKNOWN, got=number))
    manifest = open_manifest(tx, carrier_id)
    if parcel["state"] != ParcelState.LOADED or manifest is None or parcel["manifest_id"] != manifest["id"]:
        raise Refused(Rejected(Reject.NOT_LOADED, expected="a parcel on this manifest", got=number))
    parcels.step(tx, parcel["id"], ParcelState.IN_LANE, "manifest_id = NULL")
    parcels.carry(tx, actor, parcel, parcel["lane_location_id"], MoveReason.TAKE_OFF, why)
    allocate.settle_order(tx, actor, parcel["order_id"])
    tell(tx, "board", "ParcelTakenOff", actor.scan_id, parcel=number, manifest=manifest["number"])


def mark_missing(tx: Tx, actor: Actor, carrier_id: int) -> int:
    """Every parcel a carrier's lane should still hold is missing: its units are on hold until it is found."""
    rows = tx.all(
        "SELECT id FROM parcel WHERE warehouse_id = :w AND state = 'in_lane' AND carrier_id = :carrier ORDER BY id",
        carrier=carrier_id,
    )
    for row in rows:
        parcel = parcels.step(tx, row["id"], ParcelState.MISSING)
        ledger.move_lpn(
            tx, actor, parcel["lpn_id"], parcel["lane_location_id"], MoveReason.MISSING, to_status="hold"
        )
        allocate.settle_order(tx, actor, parcel["order_id"])
        tell(tx, "board", "ParcelMissing", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])
    return len(rows)


def open_manifest(tx: Tx, carrier_id: int) -> Any:
    """The manifest a carrier's parcels are loaded on now, or None."""
    return tx.one(
        "SELECT * FROM manifest WHERE warehouse_id = :w AND carrier_id = :carrier AND state = 'open'"
        " ORDER BY id DESC LIMIT 1",
        carrier=carrier_id,
    )


def close_manifest(tx: Tx, actor: Actor, manifest_id: int) -> None:
    """The truck leaves: units to the carrier, parcels and orders shipped, the paper for the driver intended."""
    closed = tx.run(
        "UPDATE manifest SET state = 'closed', closed_at_ms = :now, operator_id = :operator WHERE warehouse_id = :w"
        " AND id = :id AND state = 'open'",
        id=manifest_id, now=tx.now_ms, operator=actor.operator_id,
    )  # fmt: skip
    loaded = tx.all(
        f"SELECT p.number, p.order_id, {_WEIGHT_G}, o.number AS order_number FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.manifest_id = :id AND p.state = 'loaded' ORDER BY p.id",
        id=manifest_id,
    )
    if closed != 1 or not loaded:
        raise Refused(Rejected(Reject.MANIFEST_EMPTY, expected="a loaded parcel"))
    ledger.ship_manifest(tx, actor, manifest_id)
    tx.put(
        "UPDATE parcel SET state = 'shipped', shipped_at_ms = :now WHERE warehouse_id = :w AND manifest_id = :id"
        " AND state = 'loaded'",
        id=manifest_id, now=tx.now_ms,
    )  # fmt: skip
    tx.put(
        "UPDATE lpn SET location_id = :carrier WHERE warehouse_id = :w AND id IN (SELECT lpn_id FROM parcel"
        " WHERE warehouse_id = :w AND manifest_id = :id AND state = 'shipped')",
        id=manifest_id, carrier=ledger.VIRTUAL_IDS[Virtual.CARRIER],
    )  # fmt: skip
    manifest = tx.one(
        "SELECT m.number, c.name AS carrier FROM manifest m"
        " JOIN carrier c ON c.warehouse_id = m.warehouse_id AND c.id = m.carrier_id"
        " WHERE m.warehouse_id = :w AND m.id = :id",
        id=manifest_id,
    )
    house = tx.one("SELECT name, code, time_zone, ship_from FROM warehouse WHERE id = :w")
    closed_on = datetime.fromtimestamp(tx.now_ms / 1000, UTC).astimezone(ZoneInfo(house["time_zone"]))
    fields = {
        "manifest": manifest["number"], "barcode": own_code("M", manifest["number"]), "carrier": manifest["carrier"],
        "closed_on": f"{closed_on:%Y-%m-%d %H:%M}", "ship_from": parcel_papers.ship_from(house),
        "parcels": [
            {"parcel": row["number"], "order": row["order_number"], "weight_g": row["weight_g"]} for row in loaded
        ],
    }  # fmt: skip
    number, printer_id = manifest["number"], parcel_papers.slip_printer(tx, actor.station_id)
    outbox.queue_print(tx, number, f"manifest:{number}:0", printer_id, MANIFEST, fields)
    allocate.settle_all(tx, actor, (row["order_id"] for row in loaded))
    tell(tx, "board", "ManifestClosed", actor.scan_id, manifest=manifest["number"], parcels=len(loaded))


# --- what of it is read and written --------------------------------------------------------------------------


def _known_manifest(tx: Tx, number: str) -> Any:
    manifest = tx.one(
        "SELECT m.*, c.code AS carrier FROM manifest m"
        " JOIN carrier c ON c.warehouse_id = m.warehouse_id AND c.id = m.carrier_id"
        " WHERE m.warehouse_id = :w AND m.number = :number",
        number=number,
    )
    if manifest is None:
        raise NotFound("unknown_manifest", f"no manifest {number!r}")
    return manifest


def _why_not_load(tx: Tx, parcel: Any, carrier_id: int) -> Rejected | None:
    number = parcel["number"]
    if parcel["state"] in (ParcelState.VOID, ParcelState.LOADED, ParcelState.SHIPPED):
        return parcels.why_not(parcel)
    if parcel["carrier_id"] != carrier_id:
        return Rejected(Reject.WRONG_LANE, expected=parcel["lane_code"], got=number)
    if parcel["state"] in (ParcelState.OPEN, ParcelState.CLOSED):
        todo = parcel["lane_code"] if parcel["label_checked"] else f"its label checked at {parcel['station_code']}"
        return Rejected(Reject.FINISH_FIRST, expected=todo, got=number)
    if parcel["policy"] == "ship_complete":
        # The first parcels of an order that must leave whole wait in the lane for the last.
        lacking = tx.one(
            "SELECT COALESCE(SUM(ordered_each - cancelled_each - packed_each), 0) AS n FROM demand"
            " WHERE warehouse_id = :w AND order_id = :order",
            order=parcel["order_id"],
        )["n"]
        if lacking:
            return Rejected(Reject.ORDER_STILL_PICKING, expected=f"{lacking} more of the order", got=number)
    return None


def _new_manifest(tx: Tx, actor: Actor, carrier_id: int) -> Any:
    dock = tx.one(
        "SELECT id FROM location WHERE warehouse_id = :w AND kind = 'dock'"
        " ORDER BY CASE WHEN id = :here THEN 0 ELSE 1 END, id LIMIT 1",
        here=actor.station_location_id,
    )
    if dock is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a dock"))
    number = f"{next_number(tx, 'manifest'):06d}"
    tx.add(
        "manifest", number=number, carrier_id=carrier_id, state="open", dock_location_id=dock["id"],
        operator_id=actor.operator_id, created_at_ms=tx.now_ms,
    )  # fmt: skip
    return open_manifest(tx, carrier_id)
