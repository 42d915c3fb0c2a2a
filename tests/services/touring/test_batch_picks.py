"""Sharing out what a hand took to the orders of a batch: nothing is lost, nothing is made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.flows.pick_hand import HandPart
from fulfillment.hot import Tx
from fulfillment.services.stock import ledger
from fulfillment.services.touring.batch_picks import split
from tests.factories import NOBODY, FloorHand
from tests.services import acts, wall


@st.composite
def hands(draw: st.DrawFn) -> tuple[HandPart, ...]:
    parts = draw(st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=5))
    return tuple(
        HandPart(layer_id, qty_each, qty_each if is_sealed else 0)
        for layer_id, (qty_each, is_sealed) in enumerate(parts, start=1)
    )


@given(hands(), st.integers(0, 70))
def test_a_hand_is_split_into_the_first_units_and_the_rest(hand: tuple[HandPart, ...], qty_each: int) -> None:
    mine, rest = split(hand, qty_each)
    have = sum(part.qty_each for part in hand)
    assert sum(part.qty_each for part in mine) == min(qty_each, have)
    for layer_id in {part.layer_id for part in hand}:
        for figure in ("qty_each", "sealed_each"):
            before, after = (
                sum(getattr(part, figure) for part in parts if part.layer_id == layer_id)
                for parts in (hand, (*mine, *rest))
            )
            assert before == after
    assert all(0 <= part.sealed_each <= part.qty_each for part in (*mine, *rest))


def test_a_closed_case_taken_for_two_orders_is_opened_and_shared(hand: FloorHand) -> None:
    wall.equip(hand)
    item_id = hand.item("MUG")
    layer_id = hand.stock("MUG", 1)

    def a_case_beside_it(tx: Tx) -> None:
        tx.run("UPDATE layer SET case_each = 12 WHERE warehouse_id = :w AND id = :id", id=layer_id)
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")["id"]
        ledger.post(tx, NOBODY, [Move(layer_id, item_id, 1, place, 12, MoveReason.RECEIVE, sealed_to_each=12)])

    hand.write(a_case_beside_it)
    hand.order("S1", ("MUG", 6))
    hand.order("S2", ("MUG", 7))
    (tote,) = wall.picked(hand)
    assert hand.on_hand("A01-01-1", "MUG") == 0
    wall.open_tote(hand, tote)
    for qty_each in (6, 7):
        wall.put(hand, "MUG", qty_each=qty_each)
    assert sorted(units for _, _, units in wall.slots(hand).values()) == [6, 7]
    assert acts.wrong(hand) == []
