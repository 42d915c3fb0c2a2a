"""Sealed cases: kept beside the units, opened on purpose, never closed again by a move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.reasons import MoveReason, Refused, Reject
from fulfillment.domain.stock import Move
from fulfillment.domain.units import cases_to_open, whole_cases_each
from fulfillment.hot import Tx
from fulfillment.services.stock import ledger
from tests.factories import NOBODY, FloorHand

BIN, SHELF = "A01-01-1", "A02-01-1"


@pytest.fixture
def two_cases(hand: FloorHand) -> tuple[FloorHand, int]:
    """A bin with two sealed cases of 12 and 3 loose units of one layer; the layer's id."""
    hand.item("MUG")
    layer_id = hand.stock("MUG", 3, BIN)

    def seal(tx: Tx) -> None:
        tx.run("UPDATE layer SET case_each = 12 WHERE warehouse_id = :w AND id = :id", id=layer_id)
        ledger.post(tx, NOBODY, [Move(layer_id, 1, 1, place(tx, BIN), 24, MoveReason.RECEIVE, sealed_to_each=24)])

    hand.write(seal)
    return hand, layer_id


def place(tx: Tx, code: str) -> int:
    return tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=code)["id"]


def sealed_each(hand: FloorHand, code: str) -> int:
    return hand.one(
        "SELECT COALESCE(SUM(sealed_each), 0) AS n FROM stock_balance WHERE warehouse_id = :w AND location_id ="
        " (SELECT id FROM location WHERE warehouse_id = :w AND code = :code)",
        code=code,
    )["n"]


def move(hand: FloorHand, layer_id: int, qty_each: int, sealed: tuple[int, int] = (0, 0)) -> None:
    def work(tx: Tx) -> None:
        part = Move(
            layer_id, 1, place(tx, BIN), place(tx, SHELF), qty_each, MoveReason.MOVE,
            sealed_from_each=sealed[0], sealed_to_each=sealed[1],
        )  # fmt: skip
        ledger.post(tx, NOBODY, [part])

    hand.write(work)


def test_a_hand_cannot_reach_into_a_closed_case(two_cases: tuple[FloorHand, int]) -> None:
    hand, layer_id = two_cases
    with pytest.raises(Refused) as refused:
        move(hand, layer_id, 4)
    assert refused.value.rejected.code == Reject.CASE_SEALED
    assert (hand.on_hand(BIN, "MUG"), sealed_each(hand, BIN)) == (27, 24)


def test_an_opened_case_gives_its_units_and_is_on_record(two_cases: tuple[FloorHand, int]) -> None:
    hand, layer_id = two_cases
    hand.write(lambda tx: ledger.open_cases(tx, NOBODY, place(tx, BIN), layer_id, 1))
    move(hand, layer_id, 15)
    assert (hand.on_hand(BIN, "MUG"), sealed_each(hand, BIN)) == (12, 12)
    assert hand.one("SELECT delta_sealed_each, reason FROM pack_entry") == {
        "delta_sealed_each": -12, "reason": "break",
    }  # fmt: skip


def test_no_more_cases_are_opened_than_lie_there(two_cases: tuple[FloorHand, int]) -> None:
    hand, layer_id = two_cases
    with pytest.raises(Refused) as refused:
        hand.write(lambda tx: ledger.open_cases(tx, NOBODY, place(tx, BIN), layer_id, 3))
    assert refused.value.rejected.code == Reject.CASE_SEALED


def test_a_closed_case_stays_closed_on_its_way(two_cases: tuple[FloorHand, int]) -> None:
    hand, layer_id = two_cases
    move(hand, layer_id, 12, (12, 12))
    assert (sealed_each(hand, BIN), sealed_each(hand, SHELF)) == (12, 12)


def test_carrying_a_part_keeps_whole_cases_closed_and_opens_one_for_the_rest(
    two_cases: tuple[FloorHand, int],
) -> None:
    hand, layer_id = two_cases
    closed = hand.write(lambda tx: ledger.carry_sealed(tx, NOBODY, place(tx, BIN), layer_id, 20))
    assert closed == 12
    move(hand, layer_id, 20, (closed, closed))
    assert (hand.on_hand(BIN, "MUG"), sealed_each(hand, BIN), sealed_each(hand, SHELF)) == (7, 0, 12)


def test_a_move_cannot_close_a_case() -> None:
    with pytest.raises(ValueError, match="never sealed"):
        Move(1, 1, 10, 11, 12, MoveReason.MOVE, sealed_from_each=6, sealed_to_each=12)


def test_the_history_of_cases_is_append_only(two_cases: tuple[FloorHand, int]) -> None:
    hand, layer_id = two_cases
    hand.write(lambda tx: ledger.open_cases(tx, NOBODY, place(tx, BIN), layer_id, 1))
    with pytest.raises(Exception, match="append-only"):
        hand.write(lambda tx: tx.run("UPDATE pack_entry SET delta_sealed_each = -24"))


@given(st.integers(0, 200), st.integers(0, 20), st.integers(0, 30), st.integers(0, 24))
def test_opening_cases_gives_what_is_wanted_or_all_there_is(wanted: int, cases: int, loose: int, case: int) -> None:
    sealed = cases * case
    opened = cases_to_open(wanted, loose + sealed, sealed, case) * case
    assert 0 <= opened <= sealed
    assert loose + opened >= min(wanted, loose + sealed)
    assert opened == 0 or loose + opened - case < wanted, "one case less would not have done"
    closed = whole_cases_each(wanted, sealed, case)
    assert closed <= min(wanted, sealed)
    assert case == 0 or closed % case == 0
