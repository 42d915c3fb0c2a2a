"""Free moves: goods from a place or a pallet through the hand to another place, and pallets whole.

What is in the hand lies in the station's hand location, so where it came from is asked of the ledger, not of the
dialogue. Refuses to carry off what orders were promised, and to put goods where putaway would not. Invariant: no
order loses its stock by a move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.moving import MOVABLE_KINDS, TAKEN_FIRST, arriving_status, check_destination
from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, Access, Status
from fulfillment.flows import move as flow
from fulfillment.flows.step import ItemRead, Memory, Place
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.receiving import putaway
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate, lpns, lying, set_aside, storing
from fulfillment.services.stock.hands import hand_of
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, goods_of, place_of
from fulfillment.services.stock.lying import Units

CONTENT_SHOWN = 40


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the dialogue of moving stands on."""
    hand = _hand(tx, actor)
    if hand is not None:
        return flow.Facts(hand=hand, role=actor.role)
    pallet = tx.one(
        "SELECT id, code, location_id FROM lpn WHERE warehouse_id = :w AND id = :id AND kind = 'pallet'",
        id=memory.get("lpn", 0),
    )
    if pallet is not None:
        carries = tuple(row["code"] for row in lpns.carried(tx, pallet["id"]))
        place = _place(tx, pallet["location_id"] or 0)
        content = _content(tx, pallet["location_id"] or 0, pallet["id"])
        return flow.Facts(pallet=flow.Pallet(pallet["id"], pallet["code"], place, content, carries), role=actor.role)
    place = _place(tx, memory.get("location", 0))
    if place is None:
        return flow.Facts(role=actor.role)
    standing = tx.all(
        "SELECT DISTINCT p.code FROM stock_balance b JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :id AND p.kind = 'pallet'"
        f" ORDER BY p.code LIMIT {CONTENT_SHOWN}",
        id=place.location_id,
    )
    pallets = tuple(row["code"] for row in standing)
    return flow.Facts(place, _content(tx, place.location_id, NO_LPN), pallets, role=actor.role)


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a command of moving.

    Raises:
        Refused: nothing free of it here, or a place that must not take it.
    """
    match command:
        case flow.OpenPlace(location_code):
            return {"location": _movable(find_location(tx, location_code))["id"]}
        case flow.OpenPallet(code):
            return {"lpn": lpns.find(tx, code)["id"]}
        case flow.TakeGoods(location_id, lpn_id, item, status):
            _take(tx, actor, location_id, lpn_id, item, status)
        case flow.ChangeStock(location_id, item, change, why, status):
            location = _location(tx, location_id)
            set_aside.change(tx, actor, location, NO_LPN, lying.wanted_of(item), change, why, status)
        case flow.PutDown(location_code, qty_each):
            layers = _put_down(tx, actor, find_location(tx, location_code), qty_each)
            return {**memory, "last": undoing.remember(actor, layers=layers)}
        case flow.TakeBack(last):
            return undoing.take_back_move(tx, actor, last)
        case flow.PutOn(code, qty_each):
            _put_on(tx, actor, code, qty_each)
        case flow.GiveBack():
            _give_back(tx, actor)
        case flow.MovePallet(lpn_id, location_code):
            lpns.move_to(tx, actor, _pallet(tx, lpn_id), location_code)
        case flow.NestPallet(lpn_id, onto_sscc):
            lpns.nest(tx, actor, _pallet(tx, lpn_id), onto_sscc)
        case _:
            raise TypeError(f"not a command of moving: {command!r}")
    return memory


# --- what is there -------------------------------------------------------------------------------------------


def _place(tx: Tx, location_id: int) -> Place | None:
    row = tx.one(f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id", id=location_id)
    return place_of(row) if row is not None else None


def _content(tx: Tx, location_id: int, lpn_id: int) -> tuple[flow.Lying, ...]:
    rows = tx.all(
        f"SELECT {GOODS_COLUMNS}, y.lot, y.received_on, y.expiry_on, b.status, b.on_hand_each FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :location AND b.lpn_id = :lpn"
        f" ORDER BY b.item_id, y.received_on, b.layer_id, b.status LIMIT {CONTENT_SHOWN}",
        location=location_id, lpn=lpn_id,
    )  # fmt: skip
    return tuple(
        flow.Lying(goods_of(row), row["lot"], row["received_on"], row["expiry_on"], row["status"], row["on_hand_each"])
        for row in rows
    )


def _hand(tx: Tx, actor: Actor) -> flow.InHand | None:
    parts = _in_hand(tx, actor)
    if not parts:
        return None
    first = parts[0]
    goods = tx.one(f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.id = :id", id=first["item_id"])
    origin = _origin(tx, first)
    return flow.InHand(
        goods_of(goods), sum(part["on_hand_each"] for part in parts), first["received_on"], first["status"],
        _place(tx, origin["from_location_id"]),
    )  # fmt: skip


def _in_hand(tx: Tx, actor: Actor) -> Sequence[Any]:
    """What lies in the station's hand, oldest first; reads only, so that a screen can be shown without writing."""
    rows = tx.all(
        "SELECT b.location_id, b.layer_id, b.item_id, b.status, b.on_hand_each, y.received_on, y.expiry_on, y.lot,"
        " i.rotation, i.tolerance_days FROM station s"
        " JOIN stock_balance b ON b.warehouse_id = s.warehouse_id AND b.location_id = s.hand_location_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE s.warehouse_id = :w AND s.id = :station",
        station=actor.station_id,
    )
    return sorted(rows, key=lying.age_of)


def _origin(tx: Tx, part: Any) -> Any:
    """The move that put a layer into the hand."""
    return tx.one(
        "SELECT m.id, m.from_location_id, m.from_lpn_id, l.kind, l.code FROM stock_move m"
        " JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = m.from_location_id"
        # Taken up again by UNDO, goods still come from where they were taken first.
        " WHERE m.warehouse_id = :w AND m.layer_id = :layer AND m.to_location_id = :hand AND m.why <> 'undone'"
        " ORDER BY m.id DESC LIMIT 1",
        layer=part["layer_id"], hand=part["location_id"],
    )  # fmt: skip


def _location(tx: Tx, location_id: int) -> Any:
    return tx.one("SELECT * FROM location WHERE warehouse_id = :w AND id = :id", id=location_id)


def _movable(location: Any) -> Any:
    if location["kind"] not in MOVABLE_KINDS:
        expected = "storage, quarantine, a dock or staging"
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected=expected, got=location["code"]))
    return location


def _pallet(tx: Tx, lpn_id: int) -> Any:
    return lpns.find(tx, tx.one("SELECT code FROM lpn WHERE warehouse_id = :w AND id = :id", id=lpn_id)["code"])


# --- what happens --------------------------------------------------------------------------------------------


def _take(tx: Tx, actor: Actor, location_id: int, lpn_id: int, item: ItemRead, status: str) -> None:
    location = _movable(_location(tx, location_id))
    statuses = (status,) if status else TAKEN_FIRST
    hand = hand_of(tx, actor)
    for part in lying.choose_units(tx, location, lpn_id, lying.wanted_of(item), statuses):
        lying.carry(tx, actor, part, (location_id, lpn_id), (hand, NO_LPN), MoveReason.MOVE)


def _put_down(tx: Tx, actor: Actor, location: Any, qty_each: int) -> list[int]:
    """Set so many of what is in the hand down; returns the layers they are of."""
    parts = _parts_of(_in_hand(tx, actor), qty_each)
    if not parts:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="something in the hand"))
    if location["access"] == Access.LIFO:
        parts.reverse()  # the last in is reached first: the oldest goes in last
    is_storage = location["kind"] in STORAGE_KINDS
    if is_storage:
        storing.check_unclaimed(tx, location, parts[0][0]["item_id"])
    for row, part_each in parts:
        wrong = check_destination(location["kind"], location["code"], _origin(tx, row)["kind"], row["status"])
        if wrong is None and is_storage:
            storage, goods = putaway.storage_at(tx, location["id"]), putaway.arriving_layer(tx, row["layer_id"])
            wrong = check_putaway(storage, goods, part_each)
        if wrong is not None:
            raise Refused(wrong)
        _set_down(tx, actor, row, part_each, location, NO_LPN)
    _promise(tx, actor, location, parts[0][0]["item_id"])
    return [row["layer_id"] for row, _ in parts]


def _put_on(tx: Tx, actor: Actor, code: str, qty_each: int) -> None:
    pallet = lpns.find(tx, code)
    lpns.check_not_sent(tx, pallet)
    location = _location(tx, lpns.stand_somewhere(tx, actor, pallet))
    for row, part_each in _parts_of(_in_hand(tx, actor), qty_each):
        wrong = check_destination(location["kind"], location["code"], _origin(tx, row)["kind"], row["status"])
        if wrong is not None:
            raise Refused(wrong)
        _set_down(tx, actor, row, part_each, location, pallet["id"])


def _give_back(tx: Tx, actor: Actor) -> None:
    """Each layer goes back to where it was taken: it buries nothing there that did not come in between."""
    for row in _in_hand(tx, actor):
        origin = _origin(tx, row)
        location, lpn_id = _location(tx, origin["from_location_id"]), origin["from_lpn_id"]
        if lpn_id != NO_LPN:
            pallet = _pallet(tx, lpn_id)
            location = _location(tx, lpns.stand_somewhere(tx, actor, pallet))
        elif location["kind"] in STORAGE_KINDS:
            units = {"item_id": row["item_id"], "layer_id": row["layer_id"], "qty_each": row["on_hand_each"]}
            hands = (row["location_id"], location["id"])
            undoing.check_still_its_own(tx, location, units, origin["id"], hands)
        elif location["kind"] not in MOVABLE_KINDS:
            raise Refused(Rejected(Reject.WRONG_LOCATION, expected="another place", got=location["code"]))
        chosen = Units(row["layer_id"], row["item_id"], row["status"], row["on_hand_each"], row["received_on"])
        lying.carry(
            tx, actor, chosen, (row["location_id"], NO_LPN), (location["id"], lpn_id), MoveReason.MOVE,
            to_status=arriving_status(location["kind"], row["status"]),
        )  # fmt: skip
        if lpn_id == NO_LPN:
            _promise(tx, actor, location, row["item_id"])


def _parts_of(rows: Sequence[Any], qty_each: int) -> list[tuple[Any, int]]:
    parts = []
    for row in rows:
        part_each = min(qty_each, row["on_hand_each"])
        if part_each > 0:
            parts.append((row, part_each))
            qty_each -= part_each
    return parts


def _set_down(tx: Tx, actor: Actor, row: Any, qty_each: int, location: Any, lpn_id: int) -> None:
    chosen = Units(row["layer_id"], row["item_id"], row["status"], qty_each, row["received_on"])
    lying.carry(
        tx, actor, chosen, (row["location_id"], NO_LPN), (location["id"], lpn_id), MoveReason.MOVE,
        to_status=arriving_status(location["kind"], row["status"]),
    )  # fmt: skip


def _promise(tx: Tx, actor: Actor, location: Any, item_id: int) -> None:
    """Orders may wait for what can be promised again now."""
    free = tx.one(
        "SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND location_id = :id AND item_id = :item AND lpn_id = 0"
        " AND status = :status AND on_hand_each > allocated_each LIMIT 1",
        id=location["id"], item=item_id, status=Status.AVAILABLE,
    )  # fmt: skip
    if free is not None and location["kind"] in STORAGE_KINDS:
        allocate.allocate_waiting(tx, actor, item_id)
