"""What the book says of one item in one place, as a count has to see it: loose, by layer, in every condition.

Tells units held until somebody has counted from those somebody set aside for a reason of their own, and units
counted by number from those counted by their serial. Reads only.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.counting import BookLayer, StandingPromise, Urgency
from fulfillment.domain.fifo import Layer
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, Status, Virtual
from fulfillment.hot import Tx
from fulfillment.services.stock import ledger

# Held by these until a count has spoken; held by anything else (quality, recall, expiry) it stays held.
_UNTIL_COUNTED = (MoveReason.SHORT, MoveReason.COUNT)


def item_of(tx: Tx, item_id: int) -> Any:
    """What counting has to know of an item."""
    return tx.one(
        "SELECT id, sku, rotation, tolerance_days, tracks_serial FROM item WHERE warehouse_id = :w AND id = :id",
        id=item_id,
    )


def without_serial_each(tx: Tx, location_id: int, item: Any) -> int:
    """Units the book shows here that are counted by number."""
    return sum(part.each for part in book_of(tx, location_id, item))


def serials_here(tx: Tx, location_id: int, item: Any) -> frozenset[int]:
    """The layers of units the book shows here that are counted one by one."""
    if not item["tracks_serial"]:
        return frozenset()
    rows = tx.all(
        "SELECT DISTINCT b.layer_id FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.item_id = :item AND b.lpn_id = 0 AND y.serial <> ''",
        location=location_id, item=item["id"],
    )  # fmt: skip
    return frozenset(row["layer_id"] for row in rows)


def find_serial(tx: Tx, item_id: int, serial: str) -> int:
    """The layer of a serial that was read.

    Raises:
        Refused: `serial_unknown`, nobody received it; `serial_elsewhere`, the book has it where no count can
            take it from: in a tote, a parcel, a hand, at a dock, or with the customer.
    """
    row = tx.one(
        "SELECT y.id FROM layer y LEFT JOIN stock_balance b ON b.warehouse_id = y.warehouse_id AND b.layer_id = y.id"
        " WHERE y.warehouse_id = :w AND y.item_id = :item AND y.serial = :serial"
        " ORDER BY CASE WHEN b.layer_id IS NULL THEN 1 ELSE 0 END, y.id DESC LIMIT 1",
        item=item_id, serial=serial,
    )  # fmt: skip
    if row is None:
        raise Refused(Rejected(Reject.SERIAL_UNKNOWN, expected="a serial that was received", got=serial))
    where_is(tx, row["id"])
    return row["id"]


def where_is(tx: Tx, layer_id: int) -> Any:
    """Where the book has the one unit of a layer, in storage; None when it was written off.

    Raises:
        Refused: `serial_elsewhere`.
    """
    row = tx.one(
        "SELECT b.location_id, b.lpn_id, b.status, l.code, l.kind, y.serial FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.layer_id = :layer AND b.on_hand_each > 0",
        layer=layer_id,
    )
    if row is not None:
        if row["kind"] in STORAGE_KINDS and row["lpn_id"] == NO_LPN:
            return row
        raise Refused(Rejected(Reject.SERIAL_ELSEWHERE, expected=row["code"], got=row["serial"]))
    last = tx.one(
        "SELECT m.to_location_id, l.code, y.serial FROM stock_move m"
        " JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = m.to_location_id"
        " JOIN layer y ON y.warehouse_id = m.warehouse_id AND y.id = m.layer_id"
        " WHERE m.warehouse_id = :w AND m.layer_id = :layer ORDER BY m.id DESC LIMIT 1",
        layer=layer_id,
    )
    if last is not None and last["to_location_id"] == ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT]:
        return None
    gone_to = last["code"] if last is not None else Virtual.SUPPLIER
    raise Refused(Rejected(Reject.SERIAL_ELSEWHERE, expected=gone_to, got=last["serial"] if last else None))


def check_not_again(tx: Tx, layer_id: int) -> None:
    """A unit that was written off may have come again meanwhile, as a layer of its own: it is one unit all the same.

    Raises:
        Refused: `serial_elsewhere`.
    """
    again = tx.one(
        "SELECT r.number, n.serial FROM layer y JOIN layer n ON n.warehouse_id = y.warehouse_id"
        " AND n.serial = y.serial AND n.item_id = y.item_id AND n.id > y.id"
        " JOIN receipt r ON r.warehouse_id = n.warehouse_id AND r.id = n.receipt_id"
        " WHERE y.warehouse_id = :w AND y.id = :layer LIMIT 1",
        layer=layer_id,
    )
    if again is not None:
        raise Refused(
            Rejected(Reject.SERIAL_ELSEWHERE, expected=f"came again on {again['number']}", got=again["serial"])
        )


def book_of(tx: Tx, location_id: int, item: Any) -> list[BookLayer]:
    """By layer, oldest id first; a serial item's units with a serial are not in it: they are no number."""
    rows = tx.all(
        "SELECT b.layer_id, y.received_on, y.expiry_on, b.status, b.on_hand_each, b.allocated_each"
        " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :location AND b.item_id = :item AND b.lpn_id = 0"
        " AND (:serials = 0 OR y.serial = '') ORDER BY b.layer_id, b.status",
        location=location_id, item=item["id"], serials=item["tracks_serial"],
    )  # fmt: skip
    by_layer: dict[int, dict[str, Any]] = {}
    for row in rows:
        by_layer.setdefault(row["layer_id"], {"layer": layer_of(row)})[row["status"]] = row
    return [_book_layer(tx, location_id, part) for part in by_layer.values()]


def _book_layer(tx: Tx, location_id: int, part: dict[str, Any]) -> BookLayer:
    layer: Layer = part["layer"]
    available, held = part.get(Status.AVAILABLE), part.get(Status.HOLD)
    held_each = 0 if held is None else held["on_hand_each"]
    until_counted_each = min(held_until_counted(tx, location_id, layer.layer_id), held_each) if held_each else 0
    aside = [(Status.HOLD, held_each - until_counted_each)]
    aside += [(kind, part[kind]["on_hand_each"]) for kind in (Status.DAMAGED, Status.QUARANTINE) if kind in part]
    return BookLayer(
        layer, available["on_hand_each"] if available else 0, available["allocated_each"] if available else 0,
        until_counted_each, tuple((status, qty_each) for status, qty_each in aside if qty_each),
    )  # fmt: skip


def held_until_counted(tx: Tx, location_id: int, layer_id: int) -> int:
    """How many of the units on hold here wait for a count, and not for the person who set them aside."""
    waiting_each = aside_each = 0
    for row in tx.all(
        "SELECT to_location_id, to_lpn_id, to_status, qty_each, reason FROM stock_move WHERE warehouse_id = :w"
        " AND layer_id = :layer AND ((from_location_id = :location AND from_lpn_id = 0 AND from_status = 'hold')"
        " OR (to_location_id = :location AND to_lpn_id = 0 AND to_status = 'hold')) ORDER BY id",
        layer=layer_id, location=location_id,
    ):  # fmt: skip
        qty_each = row["qty_each"]
        is_arrival = (row["to_location_id"], row["to_lpn_id"], row["to_status"]) == (location_id, NO_LPN, Status.HOLD)
        if is_arrival and row["reason"] in _UNTIL_COUNTED:
            waiting_each += qty_each
        elif is_arrival:
            aside_each += qty_each
        elif row["reason"] in _UNTIL_COUNTED:
            gone_each = min(waiting_each, qty_each)
            waiting_each, aside_each = waiting_each - gone_each, aside_each - (qty_each - gone_each)
        else:
            gone_each = min(aside_each, qty_each)
            aside_each, waiting_each = aside_each - gone_each, waiting_each - (qty_each - gone_each)
    return max(waiting_each, 0)


def promises_at(tx: Tx, location_id: int, item_id: int) -> list[StandingPromise]:
    """Who holds a promise on units of an item here that are counted by number."""
    urgency = {None: Urgency.NOT_PLANNED, "planned": Urgency.PLANNED, "active": Urgency.WALKED}
    return [
        StandingPromise(row["id"], row["layer_id"], row["qty_each"], urgency[row["tour"]])
        for row in tx.all(
            "SELECT a.id, a.layer_id, a.qty_each, t.state AS tour FROM allocation a"
            " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
            " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
            " LEFT JOIN task k ON k.warehouse_id = a.warehouse_id AND k.id = a.task_id"
            " LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
            " WHERE a.warehouse_id = :w AND a.location_id = :location AND a.item_id = :item AND a.qty_each > 0"
            " AND (i.tracks_serial = 0 OR y.serial = '')",
            location=location_id, item=item_id,
        )
    ]  # fmt: skip


def layer_of(row: Any) -> Layer:
    """A row as a layer."""
    return Layer(row["layer_id"], row["received_on"], row["expiry_on"])
