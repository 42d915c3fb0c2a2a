"""The book follows a count: units written off, found, moved here by their serial, free again; promises fall.

Owns what a decided count does to stock and orders, and what happens to the missing units until it is decided.
Refuses a serial the book has in somebody's tote or parcel. Invariant: afterwards the book shows what was counted,
and no order holds a promise on a unit that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.counting import (
    BookLayer,
    CountCause,
    GivenUp,
    StandingPromise,
    Urgency,
    Variance,
    choose_layer_for_surplus,
    compare,
)
from fulfillment.domain.fifo import Layer
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, Move, Status, Virtual
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger, pick
from fulfillment.services.actor import Actor
from fulfillment.services.count_plans import ask_count
from fulfillment.services.running import tell

_NOWHERE = ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT]
# Held by these until a count has spoken; held by anything else (quality, recall) it stays held.
_UNTIL_COUNTED = (MoveReason.SHORT, MoveReason.COUNT)


@dataclass(frozen=True)
class SerialDifference:
    """A unit that was counted here and lies elsewhere in the book (`is_here`), or the other way round."""

    layer_id: int
    is_here: bool


def item_of(tx: Tx, item_id: int) -> Any:
    """What counting has to know of an item."""
    return tx.one(
        "SELECT id, sku, rotation, tolerance_days, tracks_serial FROM item WHERE warehouse_id = :w AND id = :id",
        id=item_id,
    )


def without_serial_each(tx: Tx, location_id: int, item: Any) -> int:
    """Units the book shows here that are counted by number."""
    return sum(part.each for part in _book(tx, location_id, item))


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
    _lying(tx, row["id"])
    return row["id"]


def post(
    tx: Tx, actor: Actor, location_id: int, item: Any, counted_each: int, serials: Iterable[SerialDifference] = (),
    why: str = Why.COUNTED,
) -> None:  # fmt: skip
    """Make the book show `counted_each` units without a serial, and each serial where it was met.

    Raises:
        Refused: units of a serial item beyond its receipts; a serial that is no longer where a count can take it.
    """
    book = _book(tx, location_id, item)
    promises = _promises(tx, location_id, item["id"])
    variance = compare(counted_each, book, promises, item["rotation"], item["tolerance_days"])
    fallen = _Fallen(tx, actor)
    fallen.give_up(variance.given_up)
    moved = _write_off(tx, actor, location_id, item["id"], variance, why)
    moved += _return(tx, actor, location_id, item["id"], variance)
    if variance.surplus_each:
        layer_id = _layer_of_surplus(tx, item, book)
        found = Move(
            layer_id, item["id"], _NOWHERE, location_id, variance.surplus_each, MoveReason.COUNT, why=why
        )
        ledger.post(tx, actor, [found])
        moved += 1
    moved += _post_serials(tx, actor, location_id, item, serials, fallen, why)
    # Only now, with the book right, is stock promised again: an order sent elsewhere must not be sent back.
    fallen.send_elsewhere()
    if moved:
        allocate.allocate_waiting(tx, actor, item["id"])


def hold_missing(
    tx: Tx, actor: Actor, location_id: int, item: Any, counted_each: int, serials: Iterable[SerialDifference] = ()
) -> None:
    """What a count that is not decided yet did not find is promised to nobody: it stays in the book, on hold.

    Promises that stand already stay: the second count, or whoever walks there, decides over them.
    """
    book = _book(tx, location_id, item)
    variance = compare(counted_each, book, _promises(tx, location_id, item["id"]), item["rotation"],
                       item["tolerance_days"])  # fmt: skip
    free = {part.layer.layer_id: part.available_each - part.promised_each for part in book}
    for part in variance.missing:
        held_each = min(part.qty_each, free[part.layer_id]) if part.status == Status.AVAILABLE else 0
        if held_each:
            free[part.layer_id] -= held_each
            ledger.hold_in_place(tx, actor, location_id, part.layer_id, item["id"], held_each, MoveReason.COUNT)
    for unit in serials:
        row = tx.one(
            "SELECT on_hand_each - allocated_each AS free_each FROM stock_balance WHERE warehouse_id = :w"
            " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'",
            location=location_id, layer=unit.layer_id,
        )  # fmt: skip
        if not unit.is_here and row is not None and row["free_each"]:
            ledger.hold_in_place(tx, actor, location_id, unit.layer_id, item["id"], 1, MoveReason.COUNT)


def let_go(tx: Tx, actor: Actor, location_id: int, item_id: int) -> None:
    """Nobody believes the count: what was held until it is decided can be promised again."""
    moves = []
    for row in tx.all(
        "SELECT layer_id, on_hand_each FROM stock_balance WHERE warehouse_id = :w AND location_id = :location"
        " AND item_id = :item AND lpn_id = 0 AND status = 'hold'",
        location=location_id, item=item_id,
    ):  # fmt: skip
        held_each = min(_held_until_counted(tx, location_id, row["layer_id"]), row["on_hand_each"])
        if held_each:
            moves.append(_freeing(tx, actor, location_id, item_id, row["layer_id"], held_each))
    ledger.post(tx, actor, moves)
    if moves:
        allocate.allocate_waiting(tx, actor, item_id)


# --- the book of one item in one place ---------------------------------------------------------------------------


def _book(tx: Tx, location_id: int, item: Any) -> list[BookLayer]:
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
        by_layer.setdefault(row["layer_id"], {"layer": _layer(row)})[row["status"]] = row
    return [_book_layer(tx, location_id, part) for part in by_layer.values()]


def _book_layer(tx: Tx, location_id: int, part: dict[str, Any]) -> BookLayer:
    layer: Layer = part["layer"]
    available, held = part.get(Status.AVAILABLE), part.get(Status.HOLD)
    held_each = 0 if held is None else held["on_hand_each"]
    until_counted_each = min(_held_until_counted(tx, location_id, layer.layer_id), held_each) if held_each else 0
    aside = [(Status.HOLD, held_each - until_counted_each)]
    aside += [(kind, part[kind]["on_hand_each"]) for kind in (Status.DAMAGED, Status.QUARANTINE) if kind in part]
    return BookLayer(
        layer, available["on_hand_each"] if available else 0, available["allocated_each"] if available else 0,
        until_counted_each, tuple((status, qty_each) for status, qty_each in aside if qty_each),
    )  # fmt: skip


def _held_until_counted(tx: Tx, location_id: int, layer_id: int) -> int:
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


def _promises(tx: Tx, location_id: int, item_id: int) -> list[StandingPromise]:
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


# --- units by number ---------------------------------------------------------------------------------------------


def _write_off(tx: Tx, actor: Actor, location_id: int, item_id: int, variance: Variance, why: str) -> int:
    for part in variance.missing:
        # Nobody counts what is sealed: loose units are the ones missing, and where they do not suffice a case
        # that was closed in the book is not.
        ledger.loosen(tx, actor, location_id, part.layer_id, part.qty_each, status=part.status)
        gone = Move(
            part.layer_id, item_id, location_id, _NOWHERE, part.qty_each, MoveReason.COUNT, from_status=part.status,
            why=why,
        )  # fmt: skip
        ledger.post(tx, actor, [gone])
    return len(variance.missing)


def _return(tx: Tx, actor: Actor, location_id: int, item_id: int, variance: Variance) -> int:
    for part in variance.returned:
        ledger.post(tx, actor, [_freeing(tx, actor, location_id, item_id, part.layer_id, part.qty_each)])
    return len(variance.returned)


def _freeing(tx: Tx, actor: Actor, location_id: int, item_id: int, layer_id: int, qty_each: int) -> Move:
    sealed_each = ledger.carry_sealed(tx, actor, location_id, layer_id, qty_each, status=Status.HOLD)
    return Move(
        layer_id, item_id, location_id, location_id, qty_each, MoveReason.COUNT, from_status=Status.HOLD,
        to_status=Status.AVAILABLE, sealed_from_each=sealed_each, sealed_to_each=sealed_each,
    )  # fmt: skip


def _layer_of_surplus(tx: Tx, item: Any, book: Sequence[BookLayer]) -> int:
    if item["tracks_serial"]:
        # Every unit of a serial item is a layer of its own: which one this is, only its receipt can say.
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="no more than the book knows", got=item["sku"]))
    known = tx.all(
        "SELECT id AS layer_id, received_on, expiry_on FROM layer WHERE warehouse_id = :w AND item_id = :item",
        item=item["id"],
    )
    layer = choose_layer_for_surplus(
        [part.layer for part in book], [_layer(row) for row in known], item["rotation"], item["tolerance_days"]
    )
    if layer is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that were received once", got=item["sku"]))
    return layer.layer_id


def _layer(row: Any) -> Layer:
    return Layer(row["layer_id"], row["received_on"], row["expiry_on"])


# --- units by their serial -----------------------------------------------------------------------------------------


def _post_serials(
    tx: Tx, actor: Actor, location_id: int, item: Any, serials: Iterable[SerialDifference], fallen: _Fallen, why: str
) -> int:
    moved = 0
    not_seen = set()
    for unit in serials:
        place = _lying(tx, unit.layer_id)
        is_here = place is not None and place["location_id"] == location_id
        if unit.is_here:
            if not is_here:
                fallen.give_up_layer(unit.layer_id)
                _bring_here(tx, actor, location_id, item["id"], unit.layer_id, place, why)
                moved += 1
            continue
        not_seen.add(unit.layer_id)
        if place is not None and is_here:
            fallen.give_up_layer(unit.layer_id)
            gone = Move(
                unit.layer_id, item["id"], location_id, _NOWHERE, 1, MoveReason.COUNT, from_status=place["status"],
                why=why,
            )  # fmt: skip
            ledger.post(tx, actor, [gone])
            moved += 1
    for layer_id in sorted(serials_here(tx, location_id, item) - not_seen):
        if _held_until_counted(tx, location_id, layer_id):
            ledger.post(tx, actor, [_freeing(tx, actor, location_id, item["id"], layer_id, 1)])
            moved += 1
    return moved


def _bring_here(
    tx: Tx, actor: Actor, location_id: int, item_id: int, layer_id: int, place: Any, why: str
) -> None:
    if place is None:  # written off once, and here it is
        back = Move(layer_id, item_id, _NOWHERE, location_id, 1, MoveReason.COUNT, why=why)
        ledger.post(tx, actor, [back])
        return
    is_free = place["status"] == Status.HOLD and _held_until_counted(tx, place["location_id"], layer_id)
    ledger.loosen(tx, actor, place["location_id"], layer_id, 1, status=place["status"])
    come = Move(
        layer_id, item_id, place["location_id"], location_id, 1, MoveReason.COUNT, from_status=place["status"],
        to_status=Status.AVAILABLE if is_free else place["status"], why=why,
    )  # fmt: skip
    ledger.post(tx, actor, [come])
    # Where one unit was not, another may lie that the book has here or nowhere.
    ask_count(tx, actor, place["location_id"], CountCause.ASKED)


def _lying(tx: Tx, layer_id: int) -> Any:
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
    if last is not None and last["to_location_id"] == _NOWHERE:
        return None
    gone_to = last["code"] if last is not None else Virtual.SUPPLIER
    raise Refused(Rejected(Reject.SERIAL_ELSEWHERE, expected=gone_to, got=last["serial"] if last else None))


# --- promises that fell ----------------------------------------------------------------------------------------------


class _Fallen:
    """Promises no unit stands behind: taken back first, their orders served anew when the book is right."""

    def __init__(self, tx: Tx, actor: Actor) -> None:
        self._tx, self._actor = tx, actor
        self._entries: dict[tuple[int, int | None], int] = {}

    def give_up(self, given_up: Iterable[GivenUp]) -> None:
        """Take promises back, shorten or close their tasks."""
        new: dict[tuple[int, int | None], int] = {}
        for given in given_up:
            promise = self._tx.one(
                "SELECT * FROM allocation WHERE warehouse_id = :w AND id = :id", id=given.allocation_id
            )
            ledger.give_up(self._tx, self._actor, promise, given.qty_each, "counted")
            key = (promise["order_id"], promise["task_id"])
            new[key] = new.get(key, 0) + given.qty_each
        for (order_id, task_id), given_each in new.items():
            if task_id is not None:
                _shorten(self._tx, self._actor, task_id, given_each)
            self._entries[order_id, task_id] = self._entries.get((order_id, task_id), 0) + given_each

    def give_up_layer(self, layer_id: int) -> None:
        """Take back what is promised of one unit, wherever it lies."""
        rows = self._tx.all(
            "SELECT a.id, a.qty_each FROM allocation a WHERE a.warehouse_id = :w AND a.layer_id = :layer"
            " AND a.qty_each > 0",
            layer=layer_id,
        )
        self.give_up([GivenUp(row["id"], row["qty_each"]) for row in rows])

    def send_elsewhere(self) -> None:
        """The orders get other stock at once where there is some, and their walks another stop."""
        tx, actor = self._tx, self._actor
        for (order_id, task_id), given_each in self._entries.items():
            allocate.allocate_order(tx, actor, order_id, "counted")
            if task_id is not None:
                task = tx.one("SELECT tour_id, position FROM task WHERE warehouse_id = :w AND id = :id", id=task_id)
                if task["tour_id"] is not None:
                    pick.extend_tour(tx, actor, task["tour_id"], order_id, task["position"])
            order = tx.one("SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
            tell(tx, "board", "PickShorted", actor.scan_id, order=order["number"], missing_each=given_each)
            allocate.settle_order(tx, actor, order_id)
        if self._entries:
            pick.close_empty_tours(tx, actor)


def _shorten(tx: Tx, actor: Actor, task_id: int, given_each: int) -> None:
    task = tx.one("SELECT qty_each, done_each FROM task WHERE warehouse_id = :w AND id = :id", id=task_id)
    if task["qty_each"] - task["done_each"] > given_each:
        tx.run(
            "UPDATE task SET qty_each = qty_each - :given WHERE warehouse_id = :w AND id = :id",
            id=task_id, given=given_each,
        )  # fmt: skip
        return
    tx.run(
        "UPDATE task SET state = 'short', reason = 'counted', operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
