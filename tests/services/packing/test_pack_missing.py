"""An order in several totes, and units that are not where they should be: what goes, what waits, what comes later."""

from __future__ import annotations

import pytest

from tests.factories import FloorHand
from tests.services.acts import TOTES
from tests.services.packing.a_bench import (
    BENCH,
    at_bench,
    at_lane,
    code_of,
    figures,
    in_lpn,
    label_and_lane,
    open_counts,
    pack_everything,
    parcels_of,
    pick_in_two_totes,
    pick_into,
    place,
    ship,
    stage_mugs_and_cups,
)

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def staged(hand: FloorHand) -> FloorHand:
    """SO-1 (3 MUG, 8 CUP) picked into the first tote, which stands at staging."""
    return stage_mugs_and_cups(hand)


# --- several totes -------------------------------------------------------------------------------------------


def test_the_next_tote_of_the_order_is_asked_for(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 2, "A01-01-1")
    hand.stock("CUP", 2, "A02-01-1")
    hand.order("SO-1", ("MUG", 2), ("CUP", 2))
    pick_in_two_totes(hand)
    fields = at_bench(hand)["step"]["fields"]
    assert fields["totes_left"] == [{"code": "000002", "barcode": TOTES[1]}]
    first = fields["next"]["sku"]
    hand.scan(BENCH, first)
    hand.scan(BENCH, first)
    step = hand.step()
    assert (step["state"], step["prompt"], step["fields"]["tote"]["code"]) == ("item", "fetch_tote", "000002")
    assert step["expects"][0] == {"kind": "tote", "code": TOTES[1], "label": "000002"}
    assert hand.scan(BENCH, TOTES[1])["step"]["prompt"] == "scan_item"
    pack_everything(hand)
    number = label_and_lane(hand)
    assert in_lpn(hand, number) == {"MUG": 2, "CUP": 2}
    assert len(parcels_of(hand, "SO-1")) == 1


def test_the_packer_may_take_the_totes_in_any_order(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 2, "A01-01-1")
    hand.stock("CUP", 2, "A02-01-1")
    hand.order("SO-1", ("MUG", 2), ("CUP", 2))
    pick_in_two_totes(hand)
    at_bench(hand, 0)
    in_second = next(iter(in_lpn(hand, "000002")))
    hand.scan(BENCH, in_second)
    assert code_of(hand) == "wrong_item"
    hand.scan(BENCH, TOTES[1])
    assert hand.scan(BENCH, in_second)["outcome"] == "applied"


# --- missing -------------------------------------------------------------------------------------------------


def test_what_is_missing_leaves_the_tote_and_a_partial_order_goes_on(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 6)
    for _ in range(3):
        staged.scan(BENCH, "MUG")
    assert figures(staged, "SO-1") == (11, 11, 9, 0)
    staged.say(BENCH, "MISSING")
    assert place(staged) == ("pack", "label")
    assert (staged.on_hand("STAGE-1"), staged.on_hand("BENCH-1")) == (0, 9)
    # Two cups of the twelve left in their bin are promised anew; they will be picked in a later wave.
    assert figures(staged, "SO-1", "CUP") == (8, 6, 6, 0)
    assert open_counts(staged) == [("A01-02-1", "missing")]
    label_and_lane(staged)
    assert staged.order_state("SO-1") == "packed"


def test_missing_units_are_picked_and_shipped_in_a_later_wave(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 6)
    for _ in range(3):
        staged.scan(BENCH, "MUG")
    staged.say(BENCH, "MISSING")
    first = label_and_lane(staged)
    at_lane(staged)
    ship(staged, first)
    assert (staged.order_state("SO-1"), figures(staged, "SO-1")) == ("allocated", (11, 9, 9, 9))
    staged.say("HAND-1", "HOME")
    pick_into(staged, "SO-1", first_tote=1)
    at_bench(staged, 1)
    staged.scan(BENCH, "CUP")
    staged.scan(BENCH, "CUP")
    second = label_and_lane(staged)
    at_lane(staged)
    ship(staged, second)
    assert (staged.order_state("SO-1"), figures(staged, "SO-1")) == ("shipped", (11, 11, 11, 11))


def test_missing_without_stock_elsewhere_is_a_backorder(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.say(BENCH, "MISSING")
    label_and_lane(hand)
    assert figures(hand, "SO-1") == (1, 1, 1, 0)
    hand.stock("MUG", 5, "A01-02-1")
    assert figures(hand, "SO-1") == (3, 1, 1, 0)


def test_a_tote_with_nothing_in_it_gives_its_parcel_up(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    pick_into(hand)
    at_bench(hand)
    hand.say(BENCH, "MISSING")
    assert place(hand) == ("pack", "tote")
    assert [p["state"] for p in parcels_of(hand, "SO-1")] == ["void"]
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("waiting", (0, 0, 0, 0))
    assert hand.answer["step"]["expects"][0]["code"] is None


def test_missing_in_one_tote_goes_on_with_the_next(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 2, "A01-01-1")
    hand.stock("CUP", 2, "A02-01-1")
    hand.order("SO-1", ("MUG", 2), ("CUP", 2))
    pick_in_two_totes(hand)
    at_bench(hand)
    hand.say(BENCH, "MISSING")
    assert (place(hand), hand.step()["fields"]["tote"]["code"]) == (("pack", "item"), "000002")
    pack_everything(hand)
    assert figures(hand, "SO-1") == (2, 2, 2, 0)


def test_a_whole_order_waits_with_everything_in_its_tote(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5)
    hand.order("SO-1", ("MUG", 5), policy="ship_complete")
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG", 4)
    hand.say(BENCH, "MISSING")
    assert (place(hand), hand.step()["fields"]["notice"]) == (("pack", "tote"), "order_waits")
    assert in_lpn(hand, "000001") == {"MUG": 4}
    assert (hand.on_hand("STAGE-1"), hand.on_hand("BENCH-1")) == (4, 0)
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("waiting", (4, 4, 0, 0))
    assert [p["state"] for p in parcels_of(hand, "SO-1")] == ["void"]
    hand.scan(BENCH, TOTES[0])
    assert code_of(hand) == "order_still_picking"


def test_a_whole_order_is_packed_when_the_rest_has_come(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5)
    hand.order("SO-1", ("MUG", 5), policy="ship_complete")
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG", 4)
    hand.say(BENCH, "MISSING")
    hand.say(BENCH, "HOME")
    hand.stock("MUG", 3, "A01-02-1")
    assert hand.order_state("SO-1") == "allocated"
    pick_into(hand, "SO-1", first_tote=1)
    assert hand.order_state("SO-1") == "picked"
    at_bench(hand, 0)
    pack_everything(hand)
    number = label_and_lane(hand)
    assert in_lpn(hand, number) == {"MUG": 5}


def test_closed_parcels_of_a_whole_order_wait_in_their_lane_for_the_rest(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 5)
    hand.order("SO-1", ("MUG", 5), policy="ship_complete")
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG", 3)
    hand.say(BENCH, "CLOSE")
    number = label_and_lane(hand)
    hand.scan(BENCH, "MUG")
    hand.say(BENCH, "MISSING")
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("waiting", (4, 4, 3, 0))
    at_lane(hand)
    hand.scan("HAND-1", "00" + number)
    assert (code_of(hand), hand.answer["expected"]) == ("order_still_picking", "2 more of the order")
