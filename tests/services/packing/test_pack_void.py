"""Parcels taken back: void into a tote, reopened, and packed again."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from tests.factories import FloorHand
from tests.services.acts import TOTES, cancel
from tests.services.packing.a_bench import (
    BENCH,
    at_bench,
    at_lane,
    code_of,
    figures,
    in_lpn,
    label_and_lane,
    pack_everything,
    parcels_of,
    pick_into,
    place,
    prints,
    stage_mugs_and_cups,
)

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def staged(hand: FloorHand) -> FloorHand:
    """SO-1 (3 MUG, 8 CUP) picked into the first tote, which stands at staging."""
    return stage_mugs_and_cups(hand)


@pytest.fixture
def closed(staged: FloorHand) -> FloorHand:
    """SO-1 packed into one parcel that waits for its label."""
    at_bench(staged)
    pack_everything(staged)
    return staged


@pytest.fixture
def in_lane(closed: FloorHand) -> tuple[FloorHand, str]:
    """SO-1 in its lane, the bench waiting for a tote."""
    return closed, label_and_lane(closed)


def test_a_closed_parcel_can_be_asked_about(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.scan(BENCH, "00" + number)
    assert place(hand) == ("pack", "parcel")
    assert [e["label"] for e in hand.step()["expects"]] == ["VOID", "REOPEN", "BACK"]
    hand.say(BENCH, "BACK")
    assert place(hand) == ("pack", "tote")


def test_a_void_parcel_s_units_go_into_an_empty_tote(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.scan(BENCH, "00" + number)
    hand.say(BENCH, "VOID")
    assert place(hand) == ("pack", "void_tote")
    hand.scan(BENCH, own_code("T", "999999"))
    assert code_of(hand) == "unknown_tote"
    hand.scan(BENCH, TOTES[4])
    assert place(hand) == ("pack", "tote")
    assert in_lpn(hand, "000005") == {"MUG": 3, "CUP": 8}
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("BENCH-1")) == (0, 11)
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("picked", (11, 11, 0, 0))
    assert prints(hand, number) == [("label 0", "superseded", "LABEL-1"), ("slip 0", "superseded", "SLIP-1")]
    hand.scan(BENCH, "00" + number)
    assert code_of(hand) == "parcel_void"


def test_a_tote_in_use_cannot_take_a_void_parcel(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.order("SO-2", ("MUG", 1))
    pick_into(hand, "SO-2", first_tote=4)
    hand.scan(BENCH, "00" + number)
    hand.say(BENCH, "VOID")
    hand.scan(BENCH, TOTES[4])
    assert (code_of(hand), place(hand)) == ("tote_in_use", ("pack", "void_tote"))
    assert hand.on_hand("LANE-DOM") == 11
    hand.say(BENCH, "BACK")


def test_what_was_void_is_packed_again_under_a_new_number(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.scan(BENCH, "00" + number)
    hand.say(BENCH, "VOID")
    hand.scan(BENCH, TOTES[4])
    hand.scan(BENCH, TOTES[4])
    pack_everything(hand)
    again = label_and_lane(hand)
    assert again != number
    assert [p["state"] for p in parcels_of(hand, "SO-1")] == ["void", "in_lane"]
    assert hand.on_hand("LANE-DOM") == 11


def test_a_void_order_can_be_cancelled_and_put_back(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.scan(BENCH, "00" + number)
    hand.say(BENCH, "VOID")
    hand.scan(BENCH, TOTES[4])
    cancel(hand, "SO-1")
    task = hand.one("SELECT p.code FROM task k JOIN lpn p ON p.warehouse_id = k.warehouse_id AND p.id = k.lpn_id"
                    " WHERE k.warehouse_id = :w AND k.kind = 'put_back' AND k.state = 'open'")  # fmt: skip
    assert task == {"code": "000005"}


def test_a_parcel_without_a_label_yet_can_be_void(closed: FloorHand) -> None:
    closed.say(BENCH, "VOID")
    assert place(closed) == ("pack", "void_tote")
    closed.scan(BENCH, TOTES[4])
    assert place(closed) == ("pack", "tote")
    assert figures(closed, "SO-1") == (11, 11, 0, 0)


def test_a_reopened_parcel_keeps_its_number_and_marks_its_next_label(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.scan(BENCH, "00" + number)
    hand.say(BENCH, "REOPEN")
    assert place(hand) == ("pack", "tote")
    assert hand.step()["fields"]["parcel"]["number"] == number
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("BENCH-1")) == (0, 11)
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("packing", (11, 11, 11, 0))
    hand.say(BENCH, "CLOSE")
    assert (place(hand), hand.step()["fields"]["parcel"]["number"]) == (("pack", "label"), number)
    assert prints(hand, number)[-2:] == [("label 1", "queued", "LABEL-1"), ("slip 1", "queued", "SLIP-1")]
    assert label_and_lane(hand) == number
    assert hand.on_hand("LANE-DOM") == 11


def test_more_of_the_order_goes_into_a_reopened_parcel(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 5)
    staged.say(BENCH, "CLOSE")
    staged.say(BENCH, "REOPEN")
    assert place(staged) == ("pack", "item")
    pack_everything(staged)
    label_and_lane(staged)
    assert [p["state"] for p in parcels_of(staged, "SO-1")] == ["in_lane", "void"]


def test_a_parcel_is_not_reopened_beside_another_that_is_being_filled(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 5)
    staged.say(BENCH, "CLOSE")
    first = label_and_lane(staged)
    staged.scan(BENCH, "MUG")
    staged.say(BENCH, "HOME")
    staged.say(BENCH, "PACK")
    staged.scan(BENCH, "00" + first)
    staged.say(BENCH, "REOPEN")
    assert code_of(staged) == "finish_first"


def test_parcels_nobody_knows_or_that_are_gone(in_lane: tuple[FloorHand, str]) -> None:
    hand, number = in_lane
    hand.scan(BENCH, "00006141411234567890")
    assert code_of(hand) == "parcel_unknown"
    at_lane(hand)
    hand.scan("HAND-1", "00" + number)
    hand.scan(BENCH, "00" + number)
    assert code_of(hand) == "already_loaded"
