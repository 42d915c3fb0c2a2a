"""Parcels and manifests, whoever asks: the bench, the truck or the HTTP API.

A parcel's number is its SSCC, its content is what lies in its handling unit, its figures in `demand` move with
its units. States change by a conditional UPDATE whose row count is read. Functions named after what a person
wants (`void`, `reopen`, `take_off`) take numbers and raise DomainError; the others raise Refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.reasons import Conflict, MoveReason, NotFound, Refused, Reject, Rejected
from fulfillment.domain.shipping import PARCEL_STEPS, ParcelState
from fulfillment.domain.stock import Virtual
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger, outbox
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import find_lpn
from fulfillment.services.running import next_number, next_sscc, tell

LABEL, SLIP, MANIFEST = "shipping_4x6", "packing_slip", "manifest"

_PARCEL = (
    "SELECT p.*, o.number AS order_number, o.policy, c.code AS carrier, c.lane_location_id, l.code AS lane_code,"
    " s.code AS station_code, s.location_id AS bench_location_id FROM parcel p"
    " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
    " JOIN carrier c ON c.warehouse_id = p.warehouse_id AND c.id = p.carrier_id"
    " JOIN location l ON l.warehouse_id = c.warehouse_id AND l.id = c.lane_location_id"
    " JOIN station s ON s.warehouse_id = p.warehouse_id AND s.id = p.station_id WHERE p.warehouse_id = :w"
)


def find(tx: Tx, number: str) -> Any:
    """The parcel's row, or None."""
    return tx.one(f"{_PARCEL} AND p.number = :number", number=number)


def by_id(tx: Tx, parcel_id: int) -> Any:
    """The parcel's row by its id."""
    return tx.one(f"{_PARCEL} AND p.id = :id", id=parcel_id)


def units_in(tx: Tx, lpn_id: int) -> int:
    """Units lying in a handling unit."""
    return tx.one(
        "SELECT COALESCE(SUM(on_hand_each), 0) AS n FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :lpn",
        lpn=lpn_id,
    )["n"]


# --- what people ask for by number ---------------------------------------------------------------------------


def void(tx: Tx, actor: Actor, number: str, tote_code: str | None = None) -> dict[str, Any]:
    """Void a parcel that is not loaded. Its units go into `tote_code`, or into the empty tote the answer names.

    Raises:
        NotFound: no such parcel; Conflict: it is loaded, shipped or void already, or the tote is not empty.
    """
    parcel = _known(tx, number)
    if tote_code is None:
        row = tx.one(
            "SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NULL ORDER BY id LIMIT 1"
        )
        if row is None:
            raise Conflict("tote_in_use", "no tote is empty")
        tote_code = row["code"]
    try:
        void_parcel(tx, actor, parcel["id"], tote_code)
    except Refused as refused:
        raise _conflict(refused, f"parcel {number} is {parcel['state']}") from refused
    return {**describe(tx, number), "tote": {"code": tote_code, "barcode": own_code("T", tote_code)}}


def reopen(tx: Tx, actor: Actor, number: str) -> dict[str, Any]:
    """Open a closed, unloaded parcel again, at the bench of `actor` or else where it was packed.

    Raises:
        NotFound: no such parcel; Conflict: it is loaded, shipped or void, or another of the order is open.
    """
    parcel = _known(tx, number)
    try:
        reopen_parcel(tx, actor, parcel["id"])
    except Refused as refused:
        raise _conflict(refused, f"parcel {number} is {parcel['state']}") from refused
    return describe(tx, number)


def take_off(tx: Tx, actor: Actor, manifest_number: str, number: str) -> dict[str, Any]:
    """Take a loaded parcel off a manifest that is still open, back into its lane.

    Raises:
        NotFound: no such manifest or parcel; Conflict: the manifest is closed or does not hold the parcel.
    """
    manifest = _known_manifest(tx, manifest_number)
    parcel = _known(tx, number)
    if manifest["state"] != "open":
        raise Conflict("manifest_closed", f"manifest {manifest_number} is closed")
    try:
        take_off_parcel(tx, actor, manifest["carrier_id"], parcel["number"])
    except Refused as refused:
        raise _conflict(refused, f"parcel {number} is {parcel['state']}") from refused
    return describe_manifest(tx, manifest_number)


def describe(tx: Tx, number: str) -> dict[str, Any]:
    """A parcel as the API shows it: head, content, its prints."""
    parcel = _known(tx, number)
    prints = tx.all(
        "SELECT template, state, receipt_level, result, attempts FROM outbox WHERE warehouse_id = :w"
        " AND subject = :number ORDER BY id",
        number=number,
    )
    manifest = tx.one("SELECT number FROM manifest WHERE warehouse_id = :w AND id = :id", id=parcel["manifest_id"])
    return {
        "number": parcel["number"], "barcode": f"00{parcel['number']}", "order": parcel["order_number"],
        "state": parcel["state"], "sequence": parcel["sequence"], "carrier": parcel["carrier"],
        "lane": parcel["lane_code"], "manifest": manifest["number"] if manifest else None,
        "weight_g": parcel["weight_g"], "volume_ml": parcel["volume_ml"], "reprints": parcel["reprints"],
        "lines": [
            {"sku": row["sku"], "name": row["name"], "qty_each": row["qty_each"]} for row in _content(tx, parcel)
        ],
        "prints": [dict(row) for row in prints],
    }  # fmt: skip


def describe_manifest(tx: Tx, number: str) -> dict[str, Any]:
    """A manifest as the API shows it: head and parcels."""
    manifest = _known_manifest(tx, number)
    rows = tx.all(
        "SELECT p.number, o.number AS order_number, p.state, p.weight_g FROM parcel p"
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


# --- at the bench --------------------------------------------------------------------------------------------


def open_new(tx: Tx, actor: Actor, order_id: int) -> int:
    """A new, empty parcel of an order at this station; its number is used up from now on."""
    order = tx.one("SELECT carrier_id FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    number = next_sscc(tx)
    lpn_id = tx.insert("lpn", code=number, kind="carton", location_id=actor.station_location_id, order_id=order_id)
    last = tx.one(
        "SELECT COALESCE(MAX(sequence), 0) AS n FROM parcel WHERE warehouse_id = :w AND order_id = :order",
        order=order_id,
    )
    return tx.insert(
        "parcel", number=number, order_id=order_id, lpn_id=lpn_id, sequence=last["n"] + 1,
        carrier_id=order["carrier_id"] or _carrier_of_the_rest(tx), station_id=actor.station_id,
        created_at_ms=tx.now_ms,
    )  # fmt: skip


def close(tx: Tx, actor: Actor, parcel_id: int, *, is_last: bool) -> None:
    """Nothing more goes in: its label and its slip are intended in this transaction.

    `is_last`: nothing of the order is left to pack now, so its slip says what follows later.
    """
    parcel = _step(tx, parcel_id, ParcelState.CLOSED, "closed_at_ms = :now, label_checked = 0")
    printers = tx.one(
        "SELECT label_printer_id, slip_printer_id FROM station WHERE warehouse_id = :w AND id = :id",
        id=parcel["station_id"],
    )
    # A parcel closed for the second time has a label somewhere already: the new one says so.
    reprint = parcel["reprints"]
    if parcel["closed_at_ms"] is not None:
        reprint += 1
        tx.run("UPDATE parcel SET reprints = :n WHERE warehouse_id = :w AND id = :id", id=parcel_id, n=reprint)
    _queue_label(tx, parcel, reprint, printers["label_printer_id"])
    slip = _slip_fields(tx, parcel, is_last)
    if reprint:
        slip["reprint"] = reprint
    outbox.queue_print(
        tx, parcel["number"], f"slip:{parcel['number']}:{reprint}", printers["slip_printer_id"], SLIP, slip
    )
    tell(tx, "board", "ParcelClosed", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


def reprint_label(tx: Tx, parcel_id: int) -> None:
    """Another label, marked as such; prints of it that did not happen are not wanted any more."""
    tx.run("UPDATE parcel SET reprints = reprints + 1 WHERE warehouse_id = :w AND id = :id", id=parcel_id)
    parcel = by_id(tx, parcel_id)
    outbox.supersede(tx, parcel["number"], LABEL)
    printer = tx.one(
        "SELECT label_printer_id FROM station WHERE warehouse_id = :w AND id = :id", id=parcel["station_id"]
    )
    _queue_label(tx, parcel, parcel["reprints"], printer["label_printer_id"])


def check_label(tx: Tx, parcel_id: int) -> None:
    """The label on the parcel was read. With a reprint there may be two of it: that one says nothing more."""
    tx.run("UPDATE parcel SET label_checked = 1 WHERE warehouse_id = :w AND id = :id", id=parcel_id)
    parcel = by_id(tx, parcel_id)
    if not parcel["reprints"]:
        outbox.confirm_seen(tx, parcel["number"], LABEL)


def put_in_lane(tx: Tx, actor: Actor, parcel_id: int) -> None:
    """A closed parcel whose label was checked goes to its carrier's lane."""
    parcel = _step(tx, parcel_id, ParcelState.IN_LANE)
    if not parcel["label_checked"]:
        raise Refused(Rejected(Reject.FINISH_FIRST, expected=parcel["number"]))
    _carry(tx, actor, parcel, parcel["lane_location_id"], MoveReason.STAGE_PARCEL)
    allocate.settle_order(tx, actor, parcel["order_id"])


def void_parcel(tx: Tx, actor: Actor, parcel_id: int, tote_code: str) -> None:
    """The units leave the parcel for an empty tote, which then stands at the bench (or at staging, when no
    bench is near) and can be packed again."""
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None:
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, got=tote_code))
    parcel = _step(tx, parcel_id, ParcelState.VOID)
    taken = tx.run(
        "UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND order_id IS NULL",
        id=tote["id"], order=parcel["order_id"], location=actor.station_location_id or _staging(tx),
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.TOTE_IN_USE, expected="an empty tote", got=tote_code))
    if not unpack(tx, actor, parcel, tote["id"], actor.station_location_id or _staging(tx)):
        tx.run("UPDATE lpn SET order_id = NULL WHERE warehouse_id = :w AND id = :id", id=tote["id"])
    outbox.supersede(tx, parcel["number"], LABEL)
    outbox.supersede(tx, parcel["number"], SLIP)
    allocate.settle_order(tx, actor, parcel["order_id"])
    tell(tx, "board", "ParcelVoided", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


def void_open(tx: Tx, actor: Actor, parcel_id: int, tote_id: int, tote_location_id: int) -> int:
    """Give an open parcel up: what is in it goes back into the tote it came from; how many units that was."""
    parcel = _step(tx, parcel_id, ParcelState.VOID)
    # One that was closed before may still have a label waiting for its printer.
    outbox.supersede(tx, parcel["number"], LABEL)
    outbox.supersede(tx, parcel["number"], SLIP)
    return unpack(tx, actor, parcel, tote_id, tote_location_id)


def unpack(tx: Tx, actor: Actor, parcel: Any, tote_id: int, location_id: int) -> int:
    """All units of a parcel into a tote; `demand` counts them as picked, not packed. How many they were."""
    for row in _content(tx, parcel):
        tx.run(
            "UPDATE demand SET packed_each = packed_each - :qty"
            " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
            order=parcel["order_id"], item=row["item_id"], qty=row["qty_each"],
        )  # fmt: skip
    return ledger.move_lpn(
        tx, actor, parcel["lpn_id"], location_id, MoveReason.UNPACK, to_lpn_id=tote_id, to_status="available"
    )


def reopen_parcel(tx: Tx, actor: Actor, parcel_id: int) -> None:
    """Open again at this bench, its units brought back to it. The next close prints the same number, marked."""
    parcel = by_id(tx, parcel_id)
    other = tx.one(
        "SELECT id, lpn_id, number FROM parcel WHERE warehouse_id = :w AND order_id = :order AND state = 'open'"
        " AND id <> :id LIMIT 1",
        order=parcel["order_id"], id=parcel_id,
    )  # fmt: skip
    if other is not None:
        if units_in(tx, other["lpn_id"]):
            raise Refused(Rejected(Reject.FINISH_FIRST, expected=other["number"], got=parcel["number"]))
        tx.run("UPDATE parcel SET state = 'void' WHERE warehouse_id = :w AND id = :id", id=other["id"])
    station_id, bench_id = actor.station_id, actor.station_location_id
    if station_id is None or bench_id is None:
        station_id, bench_id = parcel["station_id"], parcel["bench_location_id"]
    if parcel["state"] == ParcelState.OPEN:
        tx.run("UPDATE parcel SET station_id = :s WHERE warehouse_id = :w AND id = :id", id=parcel_id, s=station_id)
    else:
        if parcel["state"] == ParcelState.MISSING:
            find_again(tx, actor, parcel)
        _step(tx, parcel_id, ParcelState.OPEN, "label_checked = 0, station_id = :station", station=station_id)
        outbox.supersede(tx, parcel["number"], LABEL)
        outbox.supersede(tx, parcel["number"], SLIP)
    _carry(tx, actor, parcel, bench_id, MoveReason.STAGE_PARCEL)
    allocate.settle_order(tx, actor, parcel["order_id"])
    tell(tx, "board", "ParcelReopened", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


# --- at the truck --------------------------------------------------------------------------------------------


def load_parcel(tx: Tx, actor: Actor, carrier_id: int, number: str) -> None:
    """From its lane onto the carrier's open manifest, which the first parcel opens."""
    parcel = find(tx, number)
    if parcel is None:
        raise Refused(Rejected(Reject.PARCEL_UNKNOWN, got=number))
    wrong = _why_not_load(tx, parcel, carrier_id)
    if wrong is not None:
        raise Refused(wrong)
    manifest = open_manifest(tx, carrier_id) or _new_manifest(tx, actor, carrier_id)
    if parcel["state"] == ParcelState.MISSING:
        find_again(tx, actor, parcel)
    _step(tx, parcel["id"], ParcelState.LOADED, "manifest_id = :manifest", manifest=manifest["id"])
    _carry(tx, actor, parcel, manifest["dock_location_id"], MoveReason.LOAD)
    allocate.settle_order(tx, actor, parcel["order_id"])


def take_off_parcel(tx: Tx, actor: Actor, carrier_id: int, number: str) -> None:
    """From the open manifest of a carrier back into the lane."""
    parcel = find(tx, number)
    if parcel is None:
        raise Refused(Rejected(Reject.PARCEL_UNKNOWN, got=number))
    manifest = open_manifest(tx, carrier_id)
    if parcel["state"] != ParcelState.LOADED or manifest is None or parcel["manifest_id"] != manifest["id"]:
        raise Refused(Rejected(Reject.NOT_LOADED, expected="a parcel on this manifest", got=number))
    _step(tx, parcel["id"], ParcelState.IN_LANE, "manifest_id = NULL")
    _carry(tx, actor, parcel, parcel["lane_location_id"], MoveReason.TAKE_OFF)
    allocate.settle_order(tx, actor, parcel["order_id"])
    tell(tx, "board", "ParcelTakenOff", actor.scan_id, parcel=number, manifest=manifest["number"])


def mark_missing(tx: Tx, actor: Actor, carrier_id: int) -> int:
    """Every parcel a carrier's lane should still hold is missing: its units are on hold until it is found."""
    rows = tx.all(
        "SELECT id FROM parcel WHERE warehouse_id = :w AND state = 'in_lane' AND carrier_id = :carrier ORDER BY id",
        carrier=carrier_id,
    )
    for row in rows:
        parcel = _step(tx, row["id"], ParcelState.MISSING)
        ledger.move_lpn(
            tx, actor, parcel["lpn_id"], parcel["lane_location_id"], MoveReason.MISSING, to_status="hold"
        )
        allocate.settle_order(tx, actor, parcel["order_id"])
        tell(tx, "board", "ParcelMissing", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])
    return len(rows)


def find_again(tx: Tx, actor: Actor, parcel: Any) -> None:
    """A missing parcel was scanned: it is in its lane after all, and its units can be shipped."""
    _step(tx, parcel["id"], ParcelState.IN_LANE)
    ledger.move_lpn(
        tx, actor, parcel["lpn_id"], parcel["lane_location_id"], MoveReason.STAGE_PARCEL, to_status="available"
    )
    tell(tx, "board", "ParcelFound", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


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
    parcels = tx.all(
        "SELECT p.number, p.order_id, p.weight_g, o.number AS order_number FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.manifest_id = :id AND p.state = 'loaded' ORDER BY p.id",
        id=manifest_id,
    )
    if closed != 1 or not parcels:
        raise Refused(Rejected(Reject.MANIFEST_EMPTY, expected="a loaded parcel"))
    ledger.ship_manifest(tx, actor, manifest_id)
    tx.run(
        "UPDATE parcel SET state = 'shipped', shipped_at_ms = :now WHERE warehouse_id = :w AND manifest_id = :id"
        " AND state = 'loaded'",
        id=manifest_id, now=tx.now_ms,
    )  # fmt: skip
    tx.run(
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
        "closed_on": f"{closed_on:%Y-%m-%d %H:%M}", "ship_from": _ship_from(house),
        "parcels": [
            {"parcel": row["number"], "order": row["order_number"], "weight_g": row["weight_g"]} for row in parcels
        ],
    }  # fmt: skip
    number, printer_id = manifest["number"], _slip_printer(tx, actor.station_id)
    outbox.queue_print(tx, number, f"manifest:{number}:0", printer_id, MANIFEST, fields)
    allocate.settle_all(tx, actor, (row["order_id"] for row in parcels))
    tell(tx, "board", "ManifestClosed", actor.scan_id, manifest=manifest["number"], parcels=len(parcels))


# --- what all of it is made of -------------------------------------------------------------------------------


def _known(tx: Tx, number: str) -> Any:
    parcel = find(tx, number)
    if parcel is None:
        raise NotFound("unknown_parcel", f"no parcel {number!r}")
    return parcel


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


def _conflict(refused: Refused, detail: str) -> Conflict:
    return Conflict(str(refused.rejected.code), detail)


def _step(tx: Tx, parcel_id: int, state: ParcelState, also: str = "", **values: Any) -> Any:
    """Take a parcel to `state`; returns its row as it was before. Refuses a step its state does not allow."""
    parcel = by_id(tx, parcel_id)
    if state not in PARCEL_STEPS[parcel["state"]]:
        raise Refused(_why_not(parcel))
    moved = tx.run(
        f"UPDATE parcel SET state = :state{', ' + also if also else ''} WHERE warehouse_id = :w AND id = :id"
        " AND state = :before",
        id=parcel_id, state=state, before=parcel["state"], now=tx.now_ms, **values,
    )  # fmt: skip
    if moved != 1:
        raise Refused(_why_not(parcel))
    return parcel


def _why_not(parcel: Any) -> Rejected:
    match parcel["state"]:
        case ParcelState.VOID:
            return Rejected(Reject.PARCEL_VOID, got=parcel["number"])
        case ParcelState.LOADED | ParcelState.SHIPPED:
            return Rejected(Reject.ALREADY_LOADED, expected="a parcel that is not loaded", got=parcel["number"])
        case _:
            return Rejected(Reject.NOT_EXPECTED, expected="a closed parcel", got=parcel["number"])


def _why_not_load(tx: Tx, parcel: Any, carrier_id: int) -> Rejected | None:
    number = parcel["number"]
    if parcel["state"] in (ParcelState.VOID, ParcelState.LOADED, ParcelState.SHIPPED):
        return _why_not(parcel)
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


def _carry(tx: Tx, actor: Actor, parcel: Any, location_id: int, reason: MoveReason) -> None:
    here = tx.one("SELECT location_id FROM lpn WHERE warehouse_id = :w AND id = :id", id=parcel["lpn_id"])
    if here["location_id"] == location_id:
        return
    ledger.move_lpn(tx, actor, parcel["lpn_id"], location_id, reason)
    tx.run(
        "UPDATE lpn SET location_id = :location WHERE warehouse_id = :w AND id = :id",
        id=parcel["lpn_id"], location=location_id,
    )  # fmt: skip


def _content(tx: Tx, parcel: Any) -> Any:
    return tx.all(
        "SELECT b.item_id, i.sku, i.name, SUM(b.on_hand_each) AS qty_each FROM stock_balance b"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :lpn GROUP BY b.item_id, i.sku, i.name ORDER BY b.item_id",
        lpn=parcel["lpn_id"],
    )


def _carrier_of_the_rest(tx: Tx) -> int:
    row = tx.one("SELECT id FROM carrier WHERE warehouse_id = :w AND countries LIKE '%*%' ORDER BY id LIMIT 1")
    if row is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a carrier that takes this country"))
    return row["id"]


def _staging(tx: Tx) -> int:
    row = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND kind = 'staging' ORDER BY id LIMIT 1")
    if row is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a staging location"))
    return row["id"]


def _new_manifest(tx: Tx, actor: Actor, carrier_id: int) -> Any:
    dock = tx.one(
        "SELECT id FROM location WHERE warehouse_id = :w AND kind = 'dock'"
        " ORDER BY CASE WHEN id = :here THEN 0 ELSE 1 END, id LIMIT 1",
        here=actor.station_location_id,
    )
    if dock is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a dock"))
    number = f"{next_number(tx, 'manifest'):06d}"
    tx.insert(
        "manifest", number=number, carrier_id=carrier_id, state="open", dock_location_id=dock["id"],
        operator_id=actor.operator_id, created_at_ms=tx.now_ms,
    )  # fmt: skip
    return open_manifest(tx, carrier_id)


def _slip_printer(tx: Tx, station_id: int | None) -> int | None:
    row = tx.one(
        "SELECT p.id FROM printer p LEFT JOIN station s ON s.warehouse_id = p.warehouse_id AND s.id = :station"
        " WHERE p.warehouse_id = :w AND p.language = 'escpos' AND p.state <> 'disabled'"
        " ORDER BY CASE WHEN p.id = s.slip_printer_id THEN 0 ELSE 1 END, p.id LIMIT 1",
        station=station_id,
    )
    return row["id"] if row else None


def _queue_label(tx: Tx, parcel: Any, reprint: int, printer_id: int | None) -> None:
    order = tx.one("SELECT * FROM sales_order WHERE warehouse_id = :w AND id = :id", id=parcel["order_id"])
    carrier = tx.one("SELECT name, service FROM carrier WHERE warehouse_id = :w AND id = :id", id=parcel["carrier_id"])
    house = tx.one("SELECT name, code, ship_from FROM warehouse WHERE id = :w")
    fields = {
        "ship_from": _ship_from(house), "ship_to": _ship_to(order), "carrier": carrier["name"],
        "service": carrier["service"], "order": order["number"], "parcel_n": parcel["sequence"],
        "weight_g": parcel["weight_g"], "sscc": parcel["number"],
    }  # fmt: skip
    if reprint:
        fields["reprint"] = reprint
    outbox.queue_print(tx, parcel["number"], f"label:{parcel['number']}:{reprint}", printer_id, LABEL, fields)


def _slip_fields(tx: Tx, parcel: Any, is_last: bool) -> dict[str, Any]:
    order = tx.one("SELECT * FROM sales_order WHERE warehouse_id = :w AND id = :id", id=parcel["order_id"])
    fields: dict[str, Any] = {
        "order": order["number"], "parcel": parcel["number"], "parcel_n": parcel["sequence"],
        "ordered_on": datetime.fromtimestamp(order["ordered_at_ms"] / 1000, UTC).date().isoformat(),
        "ship_to": _ship_to(order), "lines": [_slip_line(row) for row in _content(tx, parcel)],
    }  # fmt: skip
    try:
        barcode = own_code("O", order["number"])
    except BadCode:
        barcode = ""  # a channel's number may hold what no code of ours can
    if 0 < len(barcode) <= 20:
        fields["barcode"] = barcode
    if is_last:
        later = tx.all(
            "SELECT i.sku, i.name, d.ordered_each - d.cancelled_each - d.picked_each AS qty_each FROM demand d"
            " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id WHERE d.warehouse_id = :w"
            " AND d.order_id = :order AND d.ordered_each - d.cancelled_each > d.picked_each ORDER BY d.id",
            order=parcel["order_id"],
        )
        if later:
            fields["later_lines"] = [_slip_line(row) for row in later]
    return fields


def _slip_line(row: Any) -> dict[str, Any]:
    name = row["name"] if _is_visible(row["name"]) else row["sku"]
    return {"sku": row["sku"], "name": name, "qty_each": row["qty_each"]}


def _ship_to(order: Any) -> dict[str, str]:
    address = {
        "name": order["ship_to_name"], "address1": order["address1"], "address2": order["address2"],
        "city": order["city"], "region": order["region"], "postcode": order["postcode"],
        "country": order["country"], "phone": order["phone"],
    }  # fmt: skip
    return _printable(address)


def _ship_from(house: Any) -> dict[str, str]:
    return _printable({"name": house["name"] or house["code"], **json.loads(house["ship_from"])})


def _printable(address: Mapping[str, str]) -> dict[str, str]:
    """An address as the label takes it. A channel that told no street still gets its parcel labelled: the
    packer sees the dash, and the order can be changed and the label printed again."""
    seen = {part: text for part, text in address.items() if _is_visible(text)}
    must = {part: seen.get(part, "-") for part in ("name", "address1", "city", "postcode", "country")}
    return must | {part: seen[part] for part in ("address2", "region", "phone") if part in seen}


def _is_visible(text: str) -> bool:
    return any(letter.isprintable() and not letter.isspace() for letter in text)
