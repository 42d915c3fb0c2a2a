"""Rules of the ledger: every unit has two ends, nothing is taken twice, a promise is a claim on real units."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import MoveReason, Refused
from fulfillment.domain.stock import Move, Status
from fulfillment.services.stock import ledger
from tests.factories import NOBODY, REFUSED_BY_DATABASE, FloorHand
from tests.services.acts import demand, promises, wrong

SUPPLIER, ADJUSTMENT = 1, 3


@pytest.fixture
def bins(hand: FloorHand) -> tuple[FloorHand, int, int, int]:
    """The floor, a layer of 5 MUG in A01-01-1, that location, another."""
    hand.item("MUG")
    layer = hand.stock("MUG", 5)
    places = [
        hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=code)["id"]
        for code in ("A01-01-1", "A01-02-1")
    ]
    return hand, layer, *places


def post(hand: FloorHand, *moves: Move) -> None:
    hand.write(lambda tx: ledger.post(tx, NOBODY, moves))


def test_a_move_changes_both_balances(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, there = bins
    post(hand, Move(layer, 1, here, there, 2, MoveReason.PUTAWAY))
    assert (hand.on_hand("A01-01-1"), hand.on_hand("A01-02-1")) == (3, 2)
    assert wrong(hand) == []


def test_an_emptied_place_keeps_no_row(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, there = bins
    post(hand, Move(layer, 1, here, there, 5, MoveReason.PUTAWAY))
    rows = hand.all("SELECT * FROM stock_balance WHERE warehouse_id = :w AND location_id = :here", here=here)
    assert rows == []


def test_the_outside_keeps_no_balance(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, _ = bins
    post(hand, Move(layer, 1, SUPPLIER, here, 1_000_000, MoveReason.RECEIVE))
    post(hand, Move(layer, 1, here, ADJUSTMENT, 1_000_000, MoveReason.COUNT))
    assert hand.all("SELECT * FROM stock_balance WHERE warehouse_id = :w AND location_id < 10") == []


@pytest.mark.parametrize("qty_each", [6, 1_000_000])
def test_more_than_there_is_cannot_leave(bins: tuple[FloorHand, int, int, int], qty_each: int) -> None:
    hand, layer, here, there = bins
    with pytest.raises(Refused, match="short_stock"):
        post(hand, Move(layer, 1, here, there, qty_each, MoveReason.PUTAWAY))
    assert hand.on_hand("A01-01-1") == 5
    assert wrong(hand) == []


def test_promised_units_cannot_leave_without_their_promise(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, there = bins
    hand.order("SO-1", ("MUG", 4))
    with pytest.raises(Refused, match="short_stock"):
        post(hand, Move(layer, 1, here, there, 2, MoveReason.PUTAWAY))
    post(hand, Move(layer, 1, here, there, 1, MoveReason.PUTAWAY))
    assert hand.on_hand("A01-02-1") == 1


def test_the_last_unit_is_promised_once(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, _ = bins
    hand.order("SO-1", ("MUG", 4))
    hand.order("SO-2", ("MUG", 4))
    assert (demand(hand, "SO-1")["allocated"], demand(hand, "SO-2")["allocated"]) == (4, 1)
    orders = hand.all("SELECT id FROM sales_order WHERE warehouse_id = :w")
    taken = hand.write(lambda tx: ledger.promise(tx, NOBODY, orders[1]["id"], 1, here, layer, 1))
    assert taken is None


def test_units_on_hold_cannot_be_promised(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, _ = bins
    hand.write(lambda tx: ledger.hold_in_place(tx, NOBODY, here, layer, 1, 4, MoveReason.SHORT))
    hand.order("SO-1", ("MUG", 3))
    assert demand(hand, "SO-1")["allocated"] == 1
    assert hand.on_hand("A01-01-1", status=Status.HOLD) == 4


def test_a_promise_given_up_is_free_again(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, _, _, _ = bins
    hand.order("SO-1", ("MUG", 4))
    row = hand.one("SELECT * FROM allocation WHERE warehouse_id = :w")
    hand.write(lambda tx: ledger.give_up(tx, NOBODY, row, 3, "test"))
    assert [units for _, _, units in promises(hand, "SO-1")] == [1]
    with pytest.raises(Refused, match="short_stock"):
        hand.write(lambda tx: ledger.give_up(tx, NOBODY, row, 2, "test"))


def test_a_move_of_nothing_or_to_nowhere_is_no_move() -> None:
    for qty_each in (0, -1):
        with pytest.raises(ValueError, match="at least one"):
            Move(1, 1, 11, 12, qty_each, MoveReason.PUTAWAY)
    with pytest.raises(ValueError, match="goes nowhere"):
        Move(1, 1, 11, 11, 1, MoveReason.PUTAWAY)
    with pytest.raises(ValueError, match="promised"):
        Move(1, 1, 11, 12, 1, MoveReason.PUTAWAY, allocated_from_each=2)


@pytest.mark.parametrize("verb", ["UPDATE stock_move SET qty_each = 9", "DELETE FROM stock_move"])
def test_the_ledger_is_never_rewritten(bins: tuple[FloorHand, int, int, int], verb: str) -> None:
    hand = bins[0]
    with pytest.raises(REFUSED_BY_DATABASE, match="append-only"):
        hand.write(lambda tx: tx.run(f"{verb} WHERE warehouse_id = :w"))


def test_a_refused_part_undoes_only_itself(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, there = bins

    def work(tx: Any) -> None:
        ledger.post(tx, NOBODY, [Move(layer, 1, here, there, 1, MoveReason.PUTAWAY)])
        with pytest.raises(Refused), tx.savepoint():
            ledger.post(
                tx,
                NOBODY,
                [
                    Move(layer, 1, here, there, 1, MoveReason.PUTAWAY),
                    Move(layer, 1, here, there, 99, MoveReason.PUTAWAY),
                ],
            )

    hand.write(work)
    assert hand.on_hand("A01-02-1") == 1
    assert wrong(hand) == []


def test_all_that_lies_in_a_handling_unit_moves_together(bins: tuple[FloorHand, int, int, int]) -> None:
    hand, layer, here, there = bins
    tote = hand.one("SELECT id FROM lpn WHERE warehouse_id = :w AND kind = 'tote' ORDER BY id LIMIT 1")["id"]
    hand.order("SO-1", ("MUG", 2))
    row = hand.one("SELECT * FROM allocation WHERE warehouse_id = :w")

    def into_tote(tx: Any) -> None:
        ledger.keep(tx, NOBODY, row, 2)
        move = Move(
            layer, 1, here, here, 2, MoveReason.PICK, to_lpn_id=tote, allocated_from_each=2, allocated_to_each=2,
            order_id=row["order_id"],
        )  # fmt: skip
        ledger.post(tx, NOBODY, [move])

    hand.write(into_tote)
    assert hand.write(lambda tx: ledger.move_lpn(tx, NOBODY, tote, there, MoveReason.DROP)) == 2
    lying = hand.one(
        "SELECT location_id, allocated_each FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :t", t=tote
    )
    assert lying == {"location_id": there, "allocated_each": 2}
