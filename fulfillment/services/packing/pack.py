"""The bench: open totes, count units into parcels, report what is missing, close, label, carry to the lane.

An order is packed at one bench at a time: its open parcel belongs to that station, and another bench is sent
there. A parcel closes by itself when nothing more of its tote fits or when the last tote of its order is empty; at a
bench that weighs it waits for its weight first.

What is missing at the bench leaves the tote for the adjustment account, is promised anew, and a count is asked
for at the bins it was picked from. A `ship_partial` order goes on without it. A `ship_complete` order waits:
its open parcel is given up and everything stays in the tote, at staging under its label, until the rest has
been picked; parcels it has closed before stay in their lane, and loading refuses them until then.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.orders import OrderState, Policy
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.shipping import MAX_PARCEL_VOLUME_ML, MAX_PARCEL_WEIGHT_G, ParcelState
from fulfillment.domain.stock import LpnKind
from fulfillment.flows import pack as flow
from fulfillment.flows import pack_unscanned as unscanned
from fulfillment.flows import pack_weigh
from fulfillment.flows.pack_unscanned import Chosen
from fulfillment.flows.parcel import TakeCarton
from fulfillment.flows.pick_hand import Override
from fulfillment.flows.step import ItemRead, Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import cartons, pack_units, pack_unscanned, parcels, weighing, written_off
from fulfillment.services.packing.pack_look import TOTES_OF_ORDER, UNITS_OF_PARCEL, open_here, parcel_row, tote_of
from fulfillment.services.packing.pack_look import load as load
from fulfillment.services.printing import item_labels
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate
from fulfillment.services.stock.lookup import find_lpn, find_supervisor


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a packing command.

    Raises:
        Refused: the tote or the parcel is not what the command needs, or the units are not there.
    """
    if actor.station_id is None or actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station with a place of its own"))
    match command:
        case flow.OpenTote(tote_code, order_id):
            return _open_tote(tx, actor, tote_code, order_id)
        case flow.PackGoods(tote_id, order_id, item):
            moved = _pack(tx, actor, tote_id, order_id, item, memory)
            last = undoing.remember(actor, tote=tote_id, parcel=memory.get("parcel", 0))
            return {**moved, "last": last} if moved.get("parcel") == last["parcel"] else moved
        case flow.TakeBack(last):
            return undoing.take_back_pack(tx, actor, last)
        case unscanned.FindUnscanned():
            return pack_unscanned.find(tx, actor, command, memory)
        case unscanned.AskForWord(badge):
            tote_id, order_id, chosen = pack_unscanned.with_word(tx, badge, memory)
            item = pack_unscanned.read_of(chosen)
            return _pack(tx, actor, tote_id, order_id, item, unscanned.without(memory), chosen)
        case unscanned.PackUnscanned(tote_id, order_id, chosen):
            return _pack(tx, actor, tote_id, order_id, pack_unscanned.read_of(chosen), memory, chosen)
        case flow.ReportMissing(tote_id, order_id):
            return _report_missing(tx, actor, tote_id, order_id, memory)
        case flow.CloseParcel(parcel_id):
            if weighing.is_asked_at(tx, actor.station_id):
                weighing.ask(tx, parcel_id)
                return memory
            return _close_early(tx, actor, parcel_id, memory)
        case TakeCarton(parcel_id, carton_code):
            return _take_carton(tx, actor, parcel_id, carton_code, memory)
        case pack_weigh.TakeWeight(parcel_id):
            weighing.take(tx, actor, command)
            return _close_early(tx, actor, parcel_id, memory)
        case pack_weigh.CloseAnyway(parcel_id):
            weighing.close_anyway(tx, actor, command)
            return _close_early(tx, actor, parcel_id, memory)
        case pack_weigh.AskSupervisor(badge):
            row = find_supervisor(tx, badge)
            word = Override(row["id"], row["name"] or badge, given_to_id=actor.operator_id or 0)
            return pack_weigh.given(memory, memory["override"]["parcel"], word)
        case pack_weigh.PackOn(parcel_id):
            return _pack_on(tx, parcel_id, memory)
        case flow.CheckLabel(parcel_id):
            parcels.check_label(tx, parcel_id)
        case flow.RefuseLabel(number, read):
            parcels.refuse_label(tx, number, read)
        case flow.ReprintLabel(parcel_id, why):
            parcels.reprint_label(tx, actor, parcel_id, why)
        case flow.DenyLabel(parcel_id):
            parcels.deny_label(tx, actor, parcel_id)
        case flow.PutInLane(parcel_id):
            parcels.put_in_lane(tx, actor, parcel_id)
        case flow.AskForParcel(number):
            return {**memory, "ask": _askable(tx, number)}
        case flow.VoidParcel(parcel_id, tote_code):
            parcels.void_parcel(tx, actor, parcel_id, tote_code)
        case flow.ReopenParcel(parcel_id):
            parcels.reopen_parcel(tx, actor, parcel_id)
            return {**memory, "parcel": parcel_id}
        case _:
            raise TypeError(f"not a packing command: {command!r}")
    return memory


# --- totes ---------------------------------------------------------------------------------------------------


def _open_tote(tx: Tx, actor: Actor, tote_code: str, order_id: int | None) -> Memory:
    tote = find_lpn(tx, tote_code, LpnKind.TOTE) or find_lpn(tx, tote_code, LpnKind.SLOT)
    if tote is None:
        if find_lpn(tx, tote_code, LpnKind.BATCH) is not None:
            raise Refused(Rejected(Reject.ORDER_STILL_SORTING, expected="a tote of one order", got=tote_code))
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, expected="a tote", got=tote_code))
    if order_id is not None and tote["order_id"] != order_id:
        raise Refused(Rejected(Reject.TOTE_OF_ANOTHER_ORDER, expected="a tote of this order", got=tote_code))
    if tote["order_id"] is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY, got=tote_code))
    order: Any = tx.one("SELECT * FROM sales_order WHERE warehouse_id = :w AND id = :id", id=tote["order_id"])
    if order["is_cancelled"]:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, got=order["number"]))
    if order["hold_reason"]:
        raise Refused(Rejected(Reject.ORDER_ON_HOLD, expected=order["hold_reason"], got=order["number"]))
    if tote_of(tx, tote["id"], order["id"]) is None:
        raise Refused(Rejected(Reject.ORDER_STILL_PICKING, expected="the tote at staging", got=order["number"]))
    if not _holds_any(tx, tote["id"]):
        raise Refused(Rejected(Reject.TOTE_EMPTY, got=tote_code))
    unsorted = tx.one(
        "SELECT 1 FROM lpn WHERE warehouse_id = :w AND order_id = :id AND kind = 'share' LIMIT 1", id=order["id"]
    )
    if unsorted is not None:
        raise Refused(Rejected(Reject.ORDER_STILL_SORTING, expected="all of it sorted", got=order["number"]))
    begun = tx.one(
        f"SELECT p.id, p.station_id, s.code AS station_code, {UNITS_OF_PARCEL} FROM parcel p"
        " JOIN station s ON s.warehouse_id = p.warehouse_id AND s.id = p.station_id"
        " WHERE p.warehouse_id = :w AND p.order_id = :order AND p.state = 'open' ORDER BY p.id DESC LIMIT 1",
        order=order["id"],
    )
    is_ready = order["state"] in (OrderState.PICKED, OrderState.PACKING)
    # What was begun is finished, even when the rest of a partial order is already being picked.
    goes_on = begun is not None and begun["units"] and order["policy"] == Policy.SHIP_PARTIAL
    if not is_ready and not goes_on:
        raise Refused(Rejected(Reject.ORDER_STILL_PICKING, expected="all of it picked", got=order["number"]))
    if begun is None:
        parcel_id = parcels.open_new(tx, actor, order["id"])
        allocate.settle_order(tx, actor, order["id"])
    else:
        parcel_id = _take_over(tx, actor, begun, tote_code)
    return {"tote": tote["id"], "order": order["id"], "parcel": parcel_id}


def _take_over(tx: Tx, actor: Actor, begun: Any, tote_code: str) -> int:
    """The order's open parcel, if it stands here, or if it is empty and nobody works on it where it stands."""
    if begun["station_id"] != actor.station_id:
        busy = tx.one(
            "SELECT 1 FROM dialogue WHERE warehouse_id = :w AND station_id = :station AND flow = 'pack'"
            " AND state <> 'tote'",
            station=begun["station_id"],
        )
        if begun["units"] or busy is not None:
            raise Refused(Rejected(Reject.TOTE_IN_USE, expected=begun["station_code"], got=tote_code))
        tx.put(
            "UPDATE parcel SET station_id = :station WHERE warehouse_id = :w AND id = :id",
            id=begun["id"], station=actor.station_id,
        )  # fmt: skip
        tx.put(
            "UPDATE lpn SET location_id = :bench WHERE warehouse_id = :w AND id ="
            " (SELECT lpn_id FROM parcel WHERE warehouse_id = :w AND id = :id)",
            id=begun["id"], bench=actor.station_location_id,
        )  # fmt: skip
    return begun["id"]


def _go_on(tx: Tx, actor: Actor, tote: Any, parcel_id: int, memory: Memory) -> Memory:
    """After units left a tote: the same tote, the next one of the order, or the end of this parcel."""
    tote_id = tote["id"]
    is_new = False
    if not _holds_any(tx, tote_id):
        _free(tx, tote_id)
        following = tx.one(TOTES_OF_ORDER, order=tote["order_id"], but=tote_id)
        if following is None:
            _end(tx, actor, parcel_id, tote["order_id"])
            return {}
        tote_id, is_new = following["id"], True
    parcel = parcel_row(tx, parcel_id)
    rest = {"tote": tote_id, "order": tote["order_id"], "parcel": parcel_id, "is_new": is_new}
    if "last_sku" in memory:
        rest["last_sku"] = memory["last_sku"]
    is_full = parcel["units"] and not _anything_fits(tx, parcel, tote_id)
    if is_full or cartons.holds_its_proposal(tx, parcel):
        if weighing.is_asked_at(tx, actor.station_id):
            weighing.ask(tx, parcel_id)
            return rest
        parcels.close(tx, actor, parcel_id, is_last=False)
        rest["parcel"] = parcels.open_new(tx, actor, tote["order_id"])
    return rest


def _holds_any(tx: Tx, lpn_id: int) -> bool:
    row = tx.one("SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :lpn LIMIT 1", lpn=lpn_id)
    return row is not None


def _anything_fits(tx: Tx, parcel: Any, tote_id: int) -> bool:
    fitting = tx.one(
        "SELECT 1 FROM stock_balance b JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote AND (i.weight_g = 0 OR i.weight_g <= :room_g)"
        " AND (i.length_mm * i.width_mm * i.height_mm = 0"
        " OR (i.length_mm * i.width_mm * i.height_mm + 999) / 1000 <= :room_ml) LIMIT 1",
        tote=tote_id, room_g=MAX_PARCEL_WEIGHT_G - parcel["weight_g"],
        room_ml=MAX_PARCEL_VOLUME_ML - parcel["volume_ml"],
    )  # fmt: skip
    return fitting is not None


def _end(tx: Tx, actor: Actor, parcel_id: int, order_id: int) -> None:
    """Nothing of the order is left to pack now: close its parcel, or give up one that stayed empty."""
    parcel = parcel_row(tx, parcel_id)
    if parcel["units"] and weighing.is_asked_at(tx, actor.station_id):
        weighing.ask(tx, parcel_id)
    elif parcel["units"]:
        parcels.close(tx, actor, parcel_id, is_last=True)
    else:
        tx.put(
            "UPDATE parcel SET state = 'void' WHERE warehouse_id = :w AND id = :id AND state = 'open'", id=parcel_id
        )
    allocate.settle_order(tx, actor, order_id)


def _free(tx: Tx, tote_id: int) -> None:
    # Its place is forgotten too: an empty tote lies anywhere, and must not count as standing at staging. A slot stays.
    tx.put(
        "UPDATE lpn SET order_id = NULL, location_id = CASE WHEN kind = 'slot' THEN location_id END"
        " WHERE warehouse_id = :w AND id = :id",
        id=tote_id,
    )


# --- units ---------------------------------------------------------------------------------------------------


def _pack(
    tx: Tx, actor: Actor, tote_id: int, order_id: int, item: ItemRead, memory: Memory, chosen: Chosen | None = None
) -> Memory:  # fmt: skip
    """What was scanned, or `chosen` on the packer's word, goes from the tote into the parcel."""
    tote = tote_of(tx, tote_id, order_id)
    parcel = open_here(tx, actor, order_id, memory.get("parcel", 0))
    if tote is None or parcel is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY))
    if tote["is_cancelled"]:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, got=tote["number"]))
    pack_units.put_in(tx, actor, tote, parcel, item, is_scanned=chosen is None)
    told = {}
    if chosen is not None:
        pack_unscanned.write_down(tx, actor, parcel, chosen)
        told["notice"] = item_labels.print_one(tx, actor, item.sku)
    return {**_go_on(tx, actor, tote, parcel["id"], {**memory, "last_sku": item.sku}), **told}


def _report_missing(tx: Tx, actor: Actor, tote_id: int, order_id: int, memory: Memory) -> Memory:
    tote = tote_of(tx, tote_id, order_id)
    parcel = open_here(tx, actor, order_id, memory.get("parcel", 0))
    if tote is None or parcel is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY))
    missing_each = written_off.write_off(tx, actor, tote_id, order_id)
    tell(tx, "board", "UnitsMissing", actor.scan_id, order=tote["number"], tote=tote["code"], missing_each=missing_each)
    allocate.allocate_order(tx, actor, order_id, "missing at the bench")
    cartons.ask_again(tx, order_id)
    if tote["policy"] == Policy.SHIP_PARTIAL:
        return _go_on(tx, actor, tote, parcel["id"], memory)
    returned = parcels.void_open(tx, actor, parcel["id"], tote_id, tote["location_id"])
    if not returned:
        _free(tx, tote_id)
    allocate.settle_order(tx, actor, order_id)
    is_slot = tote["kind"] == LpnKind.SLOT
    return {"notice": "order_waits", "notice_tote": tote["code"], "is_slot": is_slot} if returned else {}


# --- parcels -------------------------------------------------------------------------------------------------


def _close_early(tx: Tx, actor: Actor, parcel_id: int, memory: Memory) -> Memory:
    row = parcel_row(tx, parcel_id)
    more = tx.one(TOTES_OF_ORDER, order=row["order_id"], but=0)
    parcels.close(tx, actor, parcel_id, is_last=more is None)
    if more is not None and "tote" in memory:
        # The order stays at this bench: its next parcel stands open while this one is labelled.
        parcels.open_new(tx, actor, row["order_id"])
    allocate.settle_order(tx, actor, row["order_id"])
    return _without(memory, "parcel")


def _take_carton(tx: Tx, actor: Actor, parcel_id: int, carton_code: str, memory: Memory) -> Memory:
    cartons.take(tx, actor, parcel_id, carton_code)
    row = parcel_row(tx, parcel_id)
    if row["awaits_weight"] and weighing.is_within_now(tx, actor, parcel_id):
        return _close_early(tx, actor, parcel_id, memory)
    return memory


def _pack_on(tx: Tx, parcel_id: int, memory: Memory) -> Memory:
    """What is left of the order goes into this parcel after all."""
    row = parcel_row(tx, parcel_id)
    tote = tx.one(TOTES_OF_ORDER, order=row["order_id"], but=0)
    if tote is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY))
    weighing.pack_on(tx, parcel_id)
    is_new = memory.get("tote") != tote["id"]
    return {"tote": tote["id"], "order": row["order_id"], "parcel": parcel_id, "is_new": is_new}


def _askable(tx: Tx, number: str) -> int:
    parcel = parcels.find(tx, number)
    if parcel is None:
        raise Refused(Rejected(Reject.PARCEL_UNKNOWN, got=number))
    if parcel["state"] == ParcelState.VOID:
        raise Refused(Rejected(Reject.PARCEL_VOID, got=number))
    if parcel["state"] in (ParcelState.LOADED, ParcelState.SHIPPED):
        raise Refused(Rejected(Reject.ALREADY_LOADED, expected="a parcel that is not loaded", got=number))
    return parcel["id"]


def _without(memory: Memory, key: str) -> Memory:
    return {name: value for name, value in memory.items() if name != key}
