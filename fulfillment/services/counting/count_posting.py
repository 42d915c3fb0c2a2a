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
    Variance,
    choose_layer_for_surplus,
    compare,
)
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import Move, Status, Virtual
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.counting.count_book import (
    book_of,
    check_not_again,
    held_until_counted,
    layer_of,
    promises_at,
    serials_here,
    where_is,
)
from fulfillment.services.counting.count_plans import ask_count
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.fallen_promises import FallenPromises

_NOWHERE = ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT]


@dataclass(frozen=True)
class SerialDifference:
    """A unit that was counted here and lies elsewhere in the book (`is_here`), or the other way round."""

    layer_id: int
    is_here: bool


def post(
    tx: Tx, actor: Actor, location_id: int, item: Any, counted_each: int, serials: Iterable[SerialDifference] = (),
    why: str = Why.COUNTED,
) -> None:  # fmt: skip
    """Make the book show `counted_each` units without a serial, and each serial where it was met.

    Raises:
        Refused: units of a serial item beyond its receipts; a serial that is no longer where a count can take it.
    """
    book = book_of(tx, location_id, item)
    promises = promises_at(tx, location_id, item["id"])
    variance = compare(counted_each, book, promises, item["rotation"], item["tolerance_days"])
    fallen = FallenPromises(tx, actor)
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
    book = book_of(tx, location_id, item)
    variance = compare(counted_each, book, promises_at(tx, location_id, item["id"]), item["rotation"],
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
        held_each = min(held_until_counted(tx, location_id, row["layer_id"]), row["on_hand_each"])
        if held_each:
            moves.append(_freeing(tx, actor, location_id, item_id, row["layer_id"], held_each))
    ledger.post(tx, actor, moves)
    if moves:
        allocate.allocate_waiting(tx, actor, item_id)


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
        [part.layer for part in book], [layer_of(row) for row in known], item["rotation"], item["tolerance_days"]
    )
    if layer is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that were received once", got=item["sku"]))
    return layer.layer_id


# --- units by their serial -----------------------------------------------------------------------------------------


def _post_serials(
    tx: Tx, actor: Actor, location_id: int, item: Any, serials: Iterable[SerialDifference], fallen: FallenPromises,
    why: str,
) -> int:  # fmt: skip
    moved = 0
    not_seen = set()
    for unit in serials:
        place = where_is(tx, unit.layer_id)
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
        if held_until_counted(tx, location_id, layer_id):
            ledger.post(tx, actor, [_freeing(tx, actor, location_id, item["id"], layer_id, 1)])
            moved += 1
    return moved


def _bring_here(
    tx: Tx, actor: Actor, location_id: int, item_id: int, layer_id: int, place: Any, why: str
) -> None:
    if place is None:  # written off once, and here it is
        check_not_again(tx, layer_id)
        back = Move(layer_id, item_id, _NOWHERE, location_id, 1, MoveReason.COUNT, why=why)
        ledger.post(tx, actor, [back])
        return
    is_free = place["status"] == Status.HOLD and held_until_counted(tx, place["location_id"], layer_id)
    ledger.loosen(tx, actor, place["location_id"], layer_id, 1, status=place["status"])
    come = Move(
        layer_id, item_id, place["location_id"], location_id, 1, MoveReason.COUNT, from_status=place["status"],
        to_status=Status.AVAILABLE if is_free else place["status"], why=why,
    )  # fmt: skip
    ledger.post(tx, actor, [come])
    # Where one unit was not, another may lie that the book has here or nowhere.
    ask_count(tx, actor, place["location_id"], CountCause.ASKED)
