"""Races of a hand with the world: the bin is counted, the order cancelled, older goods come, all while it is picked."""

from __future__ import annotations

import pytest

from fulfillment.bootstrap import Floor
from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path import scans
from tests.factories import FloorHand
from tests.hot.racing import SEEDS, cancel, promised, pull, pulls, race
from tests.services.acts import TOTES, at, demand, finish_tour, go_to_stop, release, take_tour

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_of_the_bin_and_the_pick_from_it_come_in_some_order(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 5)
    hand.order("SO-1", ("MUG", 2))
    release(hand)
    take_tour(hand)
    hand.sign_in("HAND-2", "COUNT", "1002")
    race(floors, [
        pulls(("HAND-1", at("A01-01-1"), None), ("HAND-1", "MUG", 2), ("HAND-1", TOTES[0], None)),
        pulls(("HAND-2", at("A01-01-1"), None), ("HAND-2", "MUG", 5), ("HAND-2", own_code("C", "DONE"), None)),
    ], seed)  # fmt: skip
    # Five were counted before the hand took two, or the count was refused or begun anew: never both.
    picked = demand(hand, "SO-1")["picked"]
    assert picked == 2
    assert hand.on_hand("A01-01-1") == 3
    hand.say("HAND-2", "BACK")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_that_finds_less_and_the_pick_of_it_leave_no_promise_on_nothing(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    hand.sign_in("HAND-2", "COUNT", "1001")
    race(floors, [
        pulls(("HAND-1", at("A01-01-1"), None), ("HAND-1", "MUG", 1), ("HAND-1", TOTES[0], None)),
        pulls(("HAND-2", at("A01-01-1"), None), ("HAND-2", "MUG", 1), ("HAND-2", own_code("C", "DONE"), None)),
    ], seed)  # fmt: skip
    assert hand.on_hand("A01-01-1") + demand(hand, "SO-1")["picked"] <= 3
    in_balances, _, of_orders = promised(hand)
    assert in_balances == of_orders


@pytest.mark.parametrize("seed", SEEDS)
def test_erpnext_55387_an_order_cancelled_while_it_is_picked_frees_all_it_had(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 4)
    hand.order("SO-1", ("MUG", 4))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    race(floors, [
        pulls(("HAND-1", "MUG", 2), ("HAND-1", TOTES[0], None), ("HAND-1", "MUG", 2), ("HAND-1", TOTES[0], None)),
        cancel("SO-1"), cancel("SO-1"),
    ], seed)  # fmt: skip
    assert hand.order_state("SO-1") == "cancelled"
    picked = demand(hand, "SO-1")["picked"]
    # Promised is only what lies in the tote and goes back by a task; all else can be sold again.
    assert promised(hand)[:2] == (picked, 0)
    hand.order("SO-2", ("MUG", 4))
    assert demand(hand, "SO-2")["allocated"] == 4 - picked


@pytest.mark.parametrize("seed", SEEDS)
def test_older_goods_that_come_while_a_hand_takes_newer_ones_break_no_rule(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 4, received_on="2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    release(hand)
    take_tour(hand)
    hand.stock("MUG", 3, "A01-02-1", "2026-01-01")
    hand.sign_in("HAND-2", "MOVE")
    hand.scan("HAND-2", at("A01-02-1"))
    hand.scan("HAND-2", "MUG", 3)
    race(floors, [
        pulls(("HAND-1", at("A01-01-1"), None), ("HAND-1", "MUG", 2), ("HAND-1", TOTES[0], None)),
        pull("HAND-2", at("A01-01-1")),  # the older ones are set down in that very bin
    ], seed)  # fmt: skip
    finish_tour_if_any(hand)
    assert demand(hand, "SO-1")["picked"] == 2


def finish_tour_if_any(hand: FloorHand) -> None:
    """Walk on from wherever the race left the picker."""
    hand.answer = {"step": hand.write(lambda tx: scans.current_step(tx, "HAND-1"))}
    finish_tour(hand)
