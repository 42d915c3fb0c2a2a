"""The bench: open totes, count units into parcels, report what is missing, close, label, carry to the lane.

An order is packed at one bench at a time: its open parcel belongs to that station, and another bench is sent
there. A parcel closes by itself when nothing more of its tote fits or when the last tote of its order is empty.

What is missing at the bench leaves the tote for the adjustment account, is promised anew, and a count is asked
for at the bins it was picked from. A `ship_partial` order goes on without it. A `ship_complete` order waits:
its open parcel is given up and everything stays in the tote, at staging under its label, until the rest has
been picked; parcels it has closed before stay in their lane, and loading refuses them until then.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.effects import EffectState
from fulfillment.domain.orders import OrderState, Policy
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.shipping import (
    MAX_PARCEL_VOLUME_ML,
    MAX_PARCEL_WEIGHT_G,
    Count,
    Lying,
    ParcelLoad,
    ParcelState,
    check_count,
    fits_each,
)
from fulfillment.domain.stock import Move, Virtual
from fulfillment.domain.units import volume_ml
from fulfillment.flows import pack as flow
from fulfillment.flows.step import ItemRead, Memory
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger, outbox, parcels
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_lpn, goods_of, place_of
from fulfillment.services.running import tell
from fulfillment.services.shorts import open_count

# Items and totes offered as buttons. Written into the statements: SQLite prepares a statement anew at each run
# when its LIMIT is a parameter, which costs more than running it.
SHOWN = 10

# Where a tote can be packed from: put down after its walk, or refilled at a bench from a void parcel.
_WITHIN_REACH = "('staging', 'station')"

_TOTES_OF_ORDER = (
    "SELECT p.id, p.code FROM lpn p JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
    f" WHERE p.warehouse_id = :w AND p.order_id = :order AND p.kind = 'tote' AND p.id <> :but"
    f" AND l.kind IN {_WITHIN_REACH} AND (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
    f" AND b.lpn_id = p.id LIMIT 1) = 1 ORDER BY p.id LIMIT {SHOWN}"
)

_UNITS_OF_PARCEL = (
    "(SELECT COALESCE(SUM(b.on_hand_each), 0) FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
    " AND b.lpn_id = p.lpn_id) AS units"
)


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the packing dialogue stands on; a tote's lines are summed and shown in part, never loaded."""
    if "ask" in memory:
        asked = _shown_parcel(tx, memory["ask"])
        if asked is not None:
            return flow.Facts(asked=asked, free_totes=_free_totes(tx) if memory.get("is_void") else ())
    closed = _closed_here(tx, actor)
    if closed is not None:
        return flow.Facts(closed=closed)
    is_cancelled = False
    if "tote" in memory:
        row = _tote(tx, memory["tote"], memory["order"])
        is_cancelled = row is not None and bool(row["is_cancelled"])
        open_parcel = _open_here(tx, actor, memory["order"], memory.get("parcel", 0))
        if row is not None and not is_cancelled and open_parcel is not None:
            return _load_tote(tx, row, open_parcel, memory)
    return _load_no_tote(tx, actor, memory, is_cancelled)


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
            return _pack(tx, actor, tote_id, order_id, item, memory)
        case flow.ReportMissing(tote_id, order_id):
            return _report_missing(tx, actor, tote_id, order_id, memory)
        case flow.CloseParcel(parcel_id):
            _close_early(tx, actor, parcel_id, memory)
            return _without(memory, "parcel")
        case flow.CheckLabel(parcel_id):
            parcels.check_label(tx, parcel_id)
        case flow.ReprintLabel(parcel_id):
            parcels.reprint_label(tx, parcel_id)
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


# --- what the dialogue stands on -----------------------------------------------------------------------------


def _load_tote(tx: Tx, row: Any, open_parcel: Any, memory: Memory) -> flow.Facts:
    sums = tx.one(
        "SELECT COALESCE(SUM(on_hand_each), 0) AS units, COUNT(DISTINCT item_id) AS lines FROM stock_balance"
        " WHERE warehouse_id = :w AND lpn_id = :tote",
        tote=row["id"],
    )
    lying = tx.all(
        f"SELECT {GOODS_COLUMNS}, i.weight_g, i.length_mm, i.width_mm, i.height_mm, i.scan_each_max, i.tracks_serial,"
        " b.units FROM (SELECT item_id, SUM(on_hand_each) AS units FROM stock_balance WHERE warehouse_id = :w"
        f" AND lpn_id = :tote GROUP BY item_id ORDER BY item_id LIMIT {SHOWN}) b"
        " JOIN item i ON i.warehouse_id = :w AND i.id = b.item_id",
        tote=row["id"],
    )
    order = flow.Order(
        row["order_id"], row["number"], row["policy"],
        {
            "name": row["ship_to_name"], "address1": row["address1"], "city": row["city"],
            "postcode": row["postcode"], "country": row["country"],
        },
    )  # fmt: skip
    tote = flow.Tote(row["id"], row["code"], order, sums["units"], sums["lines"], bool(memory.get("is_new")))
    ahead = None
    if lying:
        first = lying[0]
        volume = volume_ml(first["length_mm"], first["width_mm"], first["height_mm"])
        fits = fits_each(_load_of(open_parcel), first["weight_g"], volume)
        ahead = flow.NextGoods(
            goods_of(first), first["units"], 1_000_000 if first["tracks_serial"] else first["scan_each_max"],
            fits if fits < first["units"] else None,
        )  # fmt: skip
    return flow.Facts(
        tote=tote, parcel=_view(open_parcel), next=ahead, goods=tuple(goods_of(part) for part in lying),
        totes_left=_totes_of(tx, row["order_id"], row["id"]),
    )  # fmt: skip


def _load_no_tote(tx: Tx, actor: Actor, memory: Memory, is_cancelled: bool) -> flow.Facts:
    in_hand = None
    totes_left: tuple[str, ...] = ()
    if "parcel" in memory:
        row = _parcel_row(tx, memory["parcel"])
        if row is not None and row["state"] == ParcelState.OPEN and row["station_id"] == actor.station_id:
            in_hand, totes_left = _view(row), _totes_of(tx, row["order_id"], 0)
    waiting = tx.all(
        "SELECT p.code FROM sales_order o JOIN lpn p ON p.warehouse_id = o.warehouse_id AND p.order_id = o.id"
        " JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id WHERE o.warehouse_id = :w"
        f" AND o.state IN ('picked', 'packing') AND p.kind = 'tote' AND l.kind IN {_WITHIN_REACH}"
        " AND NOT EXISTS (SELECT 1 FROM parcel e WHERE e.warehouse_id = o.warehouse_id AND e.order_id = o.id"
        " AND e.state = 'open' AND e.station_id <> :station)"
        f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.id, p.id LIMIT {SHOWN}",
        station=actor.station_id,
    )
    codes = tuple(row["code"] for row in waiting)
    return flow.Facts(parcel=in_hand, totes_left=totes_left, waiting=codes, is_cancelled=is_cancelled)


def _closed_here(tx: Tx, actor: Actor) -> flow.Closed | None:
    row = tx.one(
        f"SELECT p.*, o.number AS order_number, {_UNITS_OF_PARCEL}, c.lane_location_id FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " JOIN carrier c ON c.warehouse_id = p.warehouse_id AND c.id = p.carrier_id"
        " WHERE p.warehouse_id = :w AND p.state = 'closed' AND p.station_id = :station ORDER BY p.id LIMIT 1",
        station=actor.station_id,
    )
    if row is None:
        return None
    lane = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id", id=row["lane_location_id"]
    )
    label = outbox.newest(tx, row["number"], parcels.LABEL)
    return flow.Closed(
        _view(row), bool(row["label_checked"]), place_of(lane), label["state"] if label else EffectState.FAILED,
        label["result"] if label else "",
    )  # fmt: skip


def _tote(tx: Tx, tote_id: int, order_id: int) -> Any:
    return tx.one(
        "SELECT t.id, t.code, t.location_id, o.id AS order_id, o.number, o.policy, o.is_cancelled, o.ship_to_name,"
        " o.address1, o.city, o.postcode, o.country FROM lpn t"
        " JOIN sales_order o ON o.warehouse_id = t.warehouse_id AND o.id = t.order_id"
        " JOIN location l ON l.warehouse_id = t.warehouse_id AND l.id = t.location_id"
        f" WHERE t.warehouse_id = :w AND t.id = :tote AND t.order_id = :order AND l.kind IN {_WITHIN_REACH}",
        tote=tote_id, order=order_id,
    )  # fmt: skip


def _open_here(tx: Tx, actor: Actor, order_id: int, preferred_id: int) -> Any:
    return tx.one(
        f"SELECT p.*, o.number AS order_number, {_UNITS_OF_PARCEL} FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id WHERE p.warehouse_id = :w"
        " AND p.order_id = :order AND p.state = 'open' AND p.station_id = :station"
        " ORDER BY CASE WHEN p.id = :preferred THEN 0 ELSE 1 END, p.id DESC LIMIT 1",
        order=order_id, station=actor.station_id, preferred=preferred_id,
    )  # fmt: skip


def _parcel_row(tx: Tx, parcel_id: int) -> Any:
    return tx.one(
        f"SELECT p.*, o.number AS order_number, {_UNITS_OF_PARCEL} FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.id = :id",
        id=parcel_id,
    )


def _shown_parcel(tx: Tx, parcel_id: int) -> flow.Parcel | None:
    row = _parcel_row(tx, parcel_id)
    asked = (ParcelState.OPEN, ParcelState.CLOSED, ParcelState.IN_LANE, ParcelState.MISSING)
    return _view(row) if row is not None and row["state"] in asked else None


def _view(row: Any) -> flow.Parcel:
    return flow.Parcel(
        row["id"], row["number"], row["order_number"], row["sequence"], row["units"], row["weight_g"]
    )


def _load_of(row: Any) -> ParcelLoad:
    return ParcelLoad(row["weight_g"], row["volume_ml"], row["units"])


def _totes_of(tx: Tx, order_id: int, but_id: int) -> tuple[str, ...]:
    return tuple(row["code"] for row in tx.all(_TOTES_OF_ORDER, order=order_id, but=but_id))


def _free_totes(tx: Tx) -> tuple[str, ...]:
    rows = tx.all(
        "SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NULL"
        f" ORDER BY id LIMIT {SHOWN}"
    )
    return tuple(row["code"] for row in rows)


# --- totes ---------------------------------------------------------------------------------------------------


def _open_tote(tx: Tx, actor: Actor, tote_code: str, order_id: int | None) -> Memory:
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None:
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
    if _tote(tx, tote["id"], order["id"]) is None:
        raise Refused(Rejected(Reject.ORDER_STILL_PICKING, expected="the tote at staging", got=order["number"]))
    if not _holds_any(tx, tote["id"]):
        raise Refused(Rejected(Reject.TOTE_EMPTY, got=tote_code))
    begun = tx.one(
        f"SELECT p.id, p.station_id, s.code AS station_code, {_UNITS_OF_PARCEL} FROM parcel p"
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
        tx.run(
            "UPDATE parcel SET station_id = :station WHERE warehouse_id = :w AND id = :id",
            id=begun["id"], station=actor.station_id,
        )  # fmt: skip
        tx.run(
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
        following = tx.one(_TOTES_OF_ORDER, order=tote["order_id"], but=tote_id)
        if following is None:
            _end(tx, actor, parcel_id, tote["order_id"])
            return {}
        tote_id, is_new = following["id"], True
    parcel = _parcel_row(tx, parcel_id)
    rest = {"tote": tote_id, "order": tote["order_id"], "parcel": parcel_id, "is_new": is_new}
    if parcel["units"] and not _anything_fits(tx, parcel, tote_id):
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
    parcel = _parcel_row(tx, parcel_id)
    if parcel["units"]:
        parcels.close(tx, actor, parcel_id, is_last=True)
    else:
        tx.run(
            "UPDATE parcel SET state = 'void' WHERE warehouse_id = :w AND id = :id AND state = 'open'", id=parcel_id
        )
    allocate.settle_order(tx, actor, order_id)


def _free(tx: Tx, tote_id: int) -> None:
    # Its place is forgotten too: an empty tote lies anywhere, and must not count as standing at staging.
    tx.run("UPDATE lpn SET order_id = NULL, location_id = NULL WHERE warehouse_id = :w AND id = :id", id=tote_id)


# --- units ---------------------------------------------------------------------------------------------------


def _pack(tx: Tx, actor: Actor, tote_id: int, order_id: int, item: ItemRead, memory: Memory) -> Memory:
    tote = _tote(tx, tote_id, order_id)
    parcel = _open_here(tx, actor, order_id, memory.get("parcel", 0))
    if tote is None or parcel is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY))
    if tote["is_cancelled"]:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, got=tote["number"]))
    row: Any = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND id = :id", id=item.item_id)
    layers = _layers(tx, tote_id, item)
    if not layers:
        raise Refused(Rejected(Reject.WRONG_ITEM, expected=_first_sku(tx, tote_id), got=item.sku))
    # A unit taken in without its number has whatever number it carries; another's number is no proof of it.
    with_serial = [layer for layer in layers if item.serial and layer["serial"] == item.serial] or [
        layer for layer in layers if item.serial and not layer["serial"] and not _is_known(tx, item)
    ]
    if item.lot and row["tracks_lot"] and not any(layer["lot"] in ("", item.lot) for layer in layers):
        raise Refused(Rejected(Reject.WRONG_ITEM, expected=f"lot {layers[0]['lot']}", got=f"lot {item.lot}"))
    lying = Lying(
        row["sku"], sum(layer["on_hand_each"] for layer in layers), row["weight_g"],
        volume_ml(row["length_mm"], row["width_mm"], row["height_mm"]), row["scan_each_max"],
        bool(row["tracks_serial"]), sum(layer["on_hand_each"] for layer in with_serial),
    )  # fmt: skip
    count = Count(item.barcode_each, item.keyed_each, item.serial)
    wrong = check_count(count, lying, _load_of(parcel))
    if wrong is not None:
        raise Refused(wrong)
    qty_each = count.qty_each
    moves = []
    for layer in with_serial if lying.is_serial else layers:
        part_each = min(qty_each, layer["on_hand_each"])
        if part_each <= 0:
            break
        promised_each = min(part_each, layer["allocated_each"])
        moves.append(
            Move(
                layer["layer_id"], item.item_id, layer["location_id"], actor.station_location_id or 0, part_each,
                MoveReason.PACK, tote_id, parcel["lpn_id"], layer["status"], layer["status"],
                promised_each, promised_each, order_id,
            )
        )  # fmt: skip
        qty_each -= part_each
    ledger.post(tx, actor, moves)
    tx.run(
        "UPDATE demand SET packed_each = packed_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=order_id, item=item.item_id, qty=count.qty_each,
    )  # fmt: skip
    tx.run(
        "UPDATE parcel SET weight_g = weight_g + :weight, volume_ml = volume_ml + :volume"
        " WHERE warehouse_id = :w AND id = :id",
        id=parcel["id"], weight=lying.weight_g * count.qty_each, volume=lying.volume_ml * count.qty_each,
    )  # fmt: skip
    return _go_on(tx, actor, tote, parcel["id"], memory)


def _layers(tx: Tx, tote_id: int, item: ItemRead) -> Any:
    """The item's layers in the tote: those of the lot that was read first, then oldest first."""
    return tx.all(
        "SELECT b.layer_id, b.location_id, b.status, b.on_hand_each, b.allocated_each, y.serial, y.lot"
        " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote AND b.item_id = :item"
        " ORDER BY CASE WHEN y.lot = :lot THEN 0 ELSE 1 END, y.expiry_on, y.received_on, y.id",
        tote=tote_id, item=item.item_id, lot=item.lot,
    )  # fmt: skip


def _is_known(tx: Tx, item: ItemRead) -> bool:
    known = tx.one(
        "SELECT id FROM layer WHERE warehouse_id = :w AND serial = :serial AND item_id = :item LIMIT 1",
        serial=item.serial, item=item.item_id,
    )  # fmt: skip
    return known is not None


def _first_sku(tx: Tx, tote_id: int) -> str | None:
    row = tx.one(
        "SELECT i.sku FROM stock_balance b JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote ORDER BY b.item_id LIMIT 1",
        tote=tote_id,
    )
    return row["sku"] if row else None


def _report_missing(tx: Tx, actor: Actor, tote_id: int, order_id: int, memory: Memory) -> Memory:
    tote = _tote(tx, tote_id, order_id)
    parcel = _open_here(tx, actor, order_id, memory.get("parcel", 0))
    if tote is None or parcel is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY))
    missing_each = _write_off(tx, actor, tote_id, order_id)
    tell(tx, "board", "UnitsMissing", actor.scan_id, order=tote["number"], tote=tote["code"], missing_each=missing_each)
    allocate.allocate_order(tx, actor, order_id, "missing at the bench")
    if tote["policy"] == Policy.SHIP_PARTIAL:
        return _go_on(tx, actor, tote, parcel["id"], memory)
    returned = parcels.void_open(tx, actor, parcel["id"], tote_id, tote["location_id"])
    if not returned:
        _free(tx, tote_id)
    allocate.settle_order(tx, actor, order_id)
    return {"notice": "order_waits", "notice_tote": tote["code"]} if returned else {}


def _write_off(tx: Tx, actor: Actor, tote_id: int, order_id: int) -> int:
    """What the book still shows in the tote is not there: off the book, off `demand`, and somebody counts
    where it was picked; how many units that was."""
    rows = tx.all(
        "SELECT location_id, layer_id, item_id, status, on_hand_each, allocated_each FROM stock_balance"
        " WHERE warehouse_id = :w AND lpn_id = :tote ORDER BY layer_id",
        tote=tote_id,
    )
    moves = [
        Move(
            row["layer_id"], row["item_id"], row["location_id"], ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT],
            row["on_hand_each"], MoveReason.MISSING, from_lpn_id=tote_id, from_status=row["status"],
            to_status=row["status"], allocated_from_each=row["allocated_each"], order_id=order_id,
        )
        for row in rows
    ]  # fmt: skip
    ledger.post(tx, actor, moves)
    for row in rows:
        tx.run(
            "UPDATE demand SET picked_each = picked_each - :qty, allocated_each = allocated_each - :qty"
            " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
            order=order_id, item=row["item_id"], qty=row["on_hand_each"],
        )  # fmt: skip
        for place in tx.all(
            "SELECT DISTINCT from_location_id AS id FROM stock_move WHERE warehouse_id = :w AND layer_id = :layer"
            " AND order_id = :order AND reason = 'pick'",
            layer=row["layer_id"], order=order_id,
        ):  # fmt: skip
            open_count(tx, actor, place["id"], "missing")
    return sum(row["on_hand_each"] for row in rows)


# --- parcels -------------------------------------------------------------------------------------------------


def _close_early(tx: Tx, actor: Actor, parcel_id: int, memory: Memory) -> None:
    row = _parcel_row(tx, parcel_id)
    more = tx.one(_TOTES_OF_ORDER, order=row["order_id"], but=0)
    parcels.close(tx, actor, parcel_id, is_last=more is None)
    if more is not None and "tote" in memory:
        # The order stays at this bench: its next parcel stands open while this one is labelled.
        parcels.open_new(tx, actor, row["order_id"])
    allocate.settle_order(tx, actor, row["order_id"])


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
