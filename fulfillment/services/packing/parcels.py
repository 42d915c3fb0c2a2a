"""Parcels, whoever asks: the bench or the HTTP API; what is done with them at the truck is `manifests`.

A parcel's number is its SSCC, its content is what lies in its handling unit, its figures in `demand` move with
its units. States change by a conditional UPDATE whose row count is read. Functions named after what a person
wants (`void`, `reopen`) take numbers and raise DomainError; the others raise Refused.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.effects import LabelState
from fulfillment.domain.reasons import Conflict, MoveReason, NotFound, Refused, Reject, Rejected
from fulfillment.domain.shipping import PARCEL_STEPS, ParcelState
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import next_sscc, tell
from fulfillment.services.packing import cartons, pack_unscanned, parcel_papers, weighing
from fulfillment.services.packing.parcel_papers import LABEL, SLIP
from fulfillment.services.printing import outbox
from fulfillment.services.shipping import carrier_labels
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.lookup import find_lpn

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
    parcel = known(tx, number)
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
        raise conflict(refused, f"parcel {number} is {parcel['state']}") from refused
    return {**describe(tx, number), "tote": {"code": tote_code, "barcode": own_code("T", tote_code)}}


def reopen(tx: Tx, actor: Actor, number: str) -> dict[str, Any]:
    """Open a closed, unloaded parcel again, at the bench of `actor` or else where it was packed.

    Raises:
        NotFound: no such parcel; Conflict: it is loaded, shipped or void, or another of the order is open.
    """
    parcel = known(tx, number)
    try:
        reopen_parcel(tx, actor, parcel["id"])
    except Refused as refused:
        raise conflict(refused, f"parcel {number} is {parcel['state']}") from refused
    return describe(tx, number)


def describe(tx: Tx, number: str) -> dict[str, Any]:
    """A parcel as the API shows it: head, content, its prints."""
    parcel = known(tx, number)
    prints = tx.all(
        "SELECT template, state, receipt_level, result, attempts FROM outbox WHERE warehouse_id = :w"
        " AND kind = 'print' AND subject = :number ORDER BY id",
        number=number,
    )
    manifest = tx.one("SELECT number FROM manifest WHERE warehouse_id = :w AND id = :id", id=parcel["manifest_id"])
    return {
        "number": parcel["number"], "barcode": f"00{parcel['number']}", "order": parcel["order_number"],
        "state": parcel["state"], "sequence": parcel["sequence"], "carrier": parcel["carrier"],
        "lane": parcel["lane_code"], "manifest": manifest["number"] if manifest else None,
        "weight_g": parcel_papers.weight_of(parcel), "weighing": weighing.describe(tx, parcel["id"]),
        "volume_ml": parcel["volume_ml"], "reprints": parcel["reprints"],
        "unscanned": pack_unscanned.of_parcels(tx, [parcel["id"]])[parcel["id"]],
        "lines": [
            {"sku": row["sku"], "name": row["name"], "qty_each": row["qty_each"]} for row in _content(tx, parcel)
        ],
        "prints": [dict(row) for row in prints],
    }  # fmt: skip


# --- at the bench --------------------------------------------------------------------------------------------


def open_new(tx: Tx, actor: Actor, order_id: int) -> int:
    """A new, empty parcel of an order at this station; its number is used up from now on."""
    order = tx.one("SELECT carrier_id FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    number = next_sscc(tx)
    lpn_id = tx.insert("lpn", code=number, kind="carton", location_id=actor.station_location_id, order_id=order_id)
    (last,), proposed = tx.ask(
        (
            "SELECT COALESCE(MAX(sequence), 0) AS n FROM parcel WHERE warehouse_id = :w AND order_id = :order",
            {"order": order_id},
        ),
        cartons.next_proposed(order_id),
    )
    carton_type_id = proposed[0]["carton_type_id"] if proposed else None
    return tx.insert(
        "parcel", number=number, order_id=order_id, lpn_id=lpn_id, sequence=last["n"] + 1,
        carrier_id=order["carrier_id"] or _carrier_of_the_rest(tx), station_id=actor.station_id,
        created_at_ms=tx.now_ms, carton_type_id=carton_type_id, proposed_type_id=carton_type_id,
        proposed_sequence=proposed[0]["sequence"] if proposed else 0,
    )  # fmt: skip


def close(tx: Tx, actor: Actor, parcel_id: int, *, is_last: bool) -> None:
    """Nothing more goes in: its label and its slip are intended in this transaction.

    `is_last`: nothing of the order is left to pack now, so its slip says what follows later.
    """
    parcel = step(tx, parcel_id, ParcelState.CLOSED, "closed_at_ms = :now, label_checked = 0")
    printers = tx.one(
        "SELECT label_printer_id, slip_printer_id FROM station WHERE warehouse_id = :w AND id = :id",
        id=parcel["station_id"],
    )
    # A parcel closed for the second time has a label somewhere already: the new one says so.
    reprint = parcel["reprints"]
    if parcel["closed_at_ms"] is not None:
        reprint += 1
        tx.put("UPDATE parcel SET reprints = :n WHERE warehouse_id = :w AND id = :id", id=parcel_id, n=reprint)
    if carrier_labels.is_bought_at(tx, parcel["carrier_id"]):
        # Printed in the transaction that learns that it is bought: there is nothing to glue on before that.
        buy_label(tx, parcel_id)
    else:
        parcel_papers.queue_label(tx, parcel, reprint, printers["label_printer_id"])
    slip = parcel_papers.slip_fields(tx, parcel, _content(tx, parcel), is_last)
    if reprint:
        slip["reprint"] = reprint
    outbox.queue_print(
        tx, parcel["number"], f"slip:{parcel['number']}:{reprint}", printers["slip_printer_id"], SLIP, slip
    )
    tell(tx, "board", "ParcelClosed", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


def buy_label(tx: Tx, parcel_id: int) -> str:
    """Have the carrier sell a label for a parcel; returns the reference it is asked under."""
    parcel = by_id(tx, parcel_id)
    return carrier_labels.intend(tx, parcel, parcel_papers.label_fields(tx, parcel))


def print_bought_label(tx: Tx, parcel_id: int) -> None:
    """The carrier's label of a closed parcel is there: its print is intended, at the bench that closed it."""
    parcel = by_id(tx, parcel_id)
    printer = tx.one(
        "SELECT label_printer_id FROM station WHERE warehouse_id = :w AND id = :id", id=parcel["station_id"]
    )
    parcel_papers.queue_label(tx, parcel, parcel["reprints"], printer["label_printer_id"])


def reprint_label(tx: Tx, actor: Actor, parcel_id: int, why: str) -> None:
    """Another label, marked as such; prints of it that did not happen are not wanted any more."""
    label = carrier_labels.live(tx, parcel_id)
    if label is not None and label["state"] != LabelState.BOUGHT:
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected="a label the carrier has sold", got=label["reference"]))
    tx.put("UPDATE parcel SET reprints = reprints + 1 WHERE warehouse_id = :w AND id = :id", id=parcel_id)
    parcel = by_id(tx, parcel_id)
    outbox.supersede(tx, parcel["number"], LABEL)
    printer = tx.one(
        "SELECT label_printer_id FROM station WHERE warehouse_id = :w AND id = :id", id=parcel["station_id"]
    )
    parcel_papers.queue_label(tx, parcel, parcel["reprints"], printer["label_printer_id"])
    tell(tx, "board", "LabelReprinted", actor.scan_id, parcel=parcel["number"], copy=parcel["reprints"], why=why)


def deny_label(tx: Tx, actor: Actor, parcel_id: int) -> None:
    """Nobody knew whether the label came out; the packer has looked, and it did not. It is printed again, marked."""
    if not outbox.deny(tx, by_id(tx, parcel_id)["number"], LABEL):
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected="a label nobody knows the fate of"))
    reprint_label(tx, actor, parcel_id, "not_in_hand")


def refuse_label(tx: Tx, number: str, read: str) -> None:
    """Another label than that of parcel `number` was read on it: whose it is, so that the packer can put it right.

    Raises:
        Refused: always.
    """
    other = find(tx, read)
    whose = read if other is None else f"parcel {other['sequence']} of order {other['order_number']}"
    raise Refused(Rejected(Reject.WRONG_LABEL, expected=number, got=whose))


def check_label(tx: Tx, parcel_id: int) -> None:
    """The label on the parcel was read. With a reprint there may be two of it: that one says nothing more."""
    if carrier_labels.effect_of(tx, parcel_id) is not None:
        # A label of an earlier closing carries the same number, and the carrier would leave the parcel standing.
        raise Refused(Rejected(Reject.FINISH_FIRST, expected="a label the carrier has sold"))
    tx.put("UPDATE parcel SET label_checked = 1 WHERE warehouse_id = :w AND id = :id", id=parcel_id)
    parcel = by_id(tx, parcel_id)
    if not parcel["reprints"]:
        outbox.confirm_seen(tx, parcel["number"], LABEL)


def put_in_lane(tx: Tx, actor: Actor, parcel_id: int) -> None:
    """A closed parcel whose label was checked goes to its carrier's lane."""
    parcel = step(tx, parcel_id, ParcelState.IN_LANE)
    if not parcel["label_checked"]:
        raise Refused(Rejected(Reject.FINISH_FIRST, expected=parcel["number"]))
    carry(tx, actor, parcel, parcel["lane_location_id"], MoveReason.STAGE_PARCEL)
    allocate.settle_order(tx, actor, parcel["order_id"])


def void_parcel(tx: Tx, actor: Actor, parcel_id: int, tote_code: str) -> None:
    """The units leave the parcel for an empty tote, which then stands at the bench (or at staging, when no
    bench is near) and can be packed again."""
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None:
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, got=tote_code))
    parcel = step(tx, parcel_id, ParcelState.VOID)
    taken = tx.run(
        "UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND order_id IS NULL",
        id=tote["id"], order=parcel["order_id"], location=actor.station_location_id or _staging(tx),
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.TOTE_IN_USE, expected="an empty tote", got=tote_code))
    if not unpack(tx, actor, parcel, tote["id"], actor.station_location_id or _staging(tx)):
        tx.put("UPDATE lpn SET order_id = NULL WHERE warehouse_id = :w AND id = :id", id=tote["id"])
    outbox.supersede(tx, parcel["number"], LABEL)
    outbox.supersede(tx, parcel["number"], SLIP)
    carrier_labels.no_longer_wanted(tx, parcel_id)
    allocate.settle_order(tx, actor, parcel["order_id"])
    tell(tx, "board", "ParcelVoided", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


def void_open(tx: Tx, actor: Actor, parcel_id: int, tote_id: int, tote_location_id: int) -> int:
    """Give an open parcel up: what is in it goes back into the tote it came from; how many units that was."""
    parcel = step(tx, parcel_id, ParcelState.VOID)
    # One that was closed before may still have a label waiting for its printer.
    outbox.supersede(tx, parcel["number"], LABEL)
    outbox.supersede(tx, parcel["number"], SLIP)
    return unpack(tx, actor, parcel, tote_id, tote_location_id)


def unpack(tx: Tx, actor: Actor, parcel: Any, tote_id: int, location_id: int) -> int:
    """All units of a parcel into a tote; `demand` counts them as picked, not packed. How many they were."""
    for row in _content(tx, parcel):
        tx.put(
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
        tx.put("UPDATE parcel SET state = 'void' WHERE warehouse_id = :w AND id = :id", id=other["id"])
    station_id, bench_id = actor.station_id, actor.station_location_id
    if station_id is None or bench_id is None:
        station_id, bench_id = parcel["station_id"], parcel["bench_location_id"]
    if parcel["state"] == ParcelState.OPEN:
        tx.put("UPDATE parcel SET station_id = :s WHERE warehouse_id = :w AND id = :id", id=parcel_id, s=station_id)
    else:
        if parcel["state"] == ParcelState.MISSING:
            find_again(tx, actor, parcel)
        step(
            tx, parcel_id, ParcelState.OPEN, "label_checked = 0, weighed_g = NULL, station_id = :station",
            station=station_id,
        )  # fmt: skip
        outbox.supersede(tx, parcel["number"], LABEL)
        outbox.supersede(tx, parcel["number"], SLIP)
        carrier_labels.no_longer_wanted(tx, parcel_id)
    carry(tx, actor, parcel, bench_id, MoveReason.STAGE_PARCEL)
    allocate.settle_order(tx, actor, parcel["order_id"])
    tell(tx, "board", "ParcelReopened", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


def find_again(tx: Tx, actor: Actor, parcel: Any) -> None:
    """A missing parcel was scanned: it is in its lane after all, and its units can be shipped."""
    step(tx, parcel["id"], ParcelState.IN_LANE)
    ledger.move_lpn(
        tx, actor, parcel["lpn_id"], parcel["lane_location_id"], MoveReason.STAGE_PARCEL, to_status="available"
    )
    tell(tx, "board", "ParcelFound", actor.scan_id, parcel=parcel["number"], order=parcel["order_number"])


# --- what all of it is made of -------------------------------------------------------------------------------


def known(tx: Tx, number: str) -> Any:
    """The parcel's row.

    Raises:
        NotFound: no such parcel.
    """
    parcel = find(tx, number)
    if parcel is None:
        raise NotFound("unknown_parcel", f"no parcel {number!r}")
    return parcel


def conflict(refused: Refused, detail: str) -> Conflict:
    """What a scan would be refused with, for whoever asks by number."""
    return Conflict(str(refused.rejected.code), detail)


def step(tx: Tx, parcel_id: int, state: ParcelState, also: str = "", **values: Any) -> Any:
    """Take a parcel to `state`; returns its row as it was before. Refuses a step its state does not allow."""
    parcel = by_id(tx, parcel_id)
    if state not in PARCEL_STEPS[parcel["state"]]:
        raise Refused(why_not(parcel))
    moved = tx.run(
        f"UPDATE parcel SET state = :state{', ' + also if also else ''} WHERE warehouse_id = :w AND id = :id"
        " AND state = :before",
        id=parcel_id, state=state, before=parcel["state"], now=tx.now_ms, **values,
    )  # fmt: skip
    if moved != 1:
        raise Refused(why_not(parcel))
    return parcel


def why_not(parcel: Any) -> Rejected:
    """Why a parcel in its state is not taken any further."""
    match parcel["state"]:
        case ParcelState.VOID:
            return Rejected(Reject.PARCEL_VOID, got=parcel["number"])
        case ParcelState.LOADED | ParcelState.SHIPPED:
            return Rejected(Reject.ALREADY_LOADED, expected="a parcel that is not loaded", got=parcel["number"])
        case _:
            return Rejected(Reject.NOT_EXPECTED, expected="a closed parcel", got=parcel["number"])


def carry(tx: Tx, actor: Actor, parcel: Any, location_id: int, reason: MoveReason, why: str = "") -> None:
    """Its handling unit and all in it go to a location; nothing when it is there already."""
    here = tx.one("SELECT location_id FROM lpn WHERE warehouse_id = :w AND id = :id", id=parcel["lpn_id"])
    if here["location_id"] == location_id:
        return
    ledger.move_lpn(tx, actor, parcel["lpn_id"], location_id, reason, why=why)
    tx.put(
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
