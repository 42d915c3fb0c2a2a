"""Rules of the truck: only what belongs to it is loaded, and what is signed for is shipped."""

from __future__ import annotations

import json

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services.ordering import orders
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES, at
from tests.services.packing.a_bench import (
    BENCH,
    LANE,
    TRUCK,
    at_bench,
    at_lane,
    code_of,
    figures,
    label_and_lane,
    parcels_of,
    pick_into,
    place,
    prints,
)

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def lane(hand: FloorHand) -> tuple[FloorHand, str, str]:
    """SO-1 (2 MUG) and SO-2 (1 MUG) in the domestic lane, their parcels' numbers."""
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 2))
    hand.order("SO-2", ("MUG", 1))
    pick_into(hand, "SO-1")
    pick_into(hand, "SO-2", first_tote=1)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    first = label_and_lane(hand)
    hand.scan(BENCH, TOTES[1])
    hand.scan(BENCH, "MUG")
    return hand, first, label_and_lane(hand)


def on_truck(hand: FloorHand, number: str) -> dict[str, object]:
    """Scan a parcel at the truck."""
    return hand.scan(TRUCK, "00" + number)


def state_of_parcel(hand: FloorHand, number: str) -> str:
    return str(hand.one("SELECT state FROM parcel WHERE warehouse_id = :w AND number = :n", n=number)["state"])


# --- the straight way ----------------------------------------------------------------------------------------


def test_lanes_with_parcels_are_offered(lane: tuple[FloorHand, str, str]) -> None:
    hand, _, _ = lane
    hand.sign_in(TRUCK, "LOAD")
    assert [e["label"] for e in hand.step()["expects"]] == ["LANE-DOM", "HOME"]


def test_a_lane_names_its_carrier_and_its_parcels(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    fields = at_lane(hand)["step"]["fields"]
    assert (fields["carrier"], fields["manifest"], fields["loaded"], fields["left"]) == ("Domestic Post", None, 0, 2)
    assert [e["code"] for e in hand.step()["expects"] if e["kind"] == "parcel"] == ["00" + first, "00" + second]


def test_the_first_parcel_opens_the_manifest(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    fields = hand.step()["fields"]
    assert (fields["manifest"], fields["loaded"], fields["left"]) == ("000001", 1, 1)
    assert fields["manifest_barcode"] == own_code("M", "000001")
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("DOCK-1")) == (1, 2)
    assert (hand.order_state("SO-1"), hand.order_state("SO-2")) == ("loaded", "packed")


def test_a_confirmed_manifest_ships_everything_on_it(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    on_truck(hand, second)
    hand.say(TRUCK, "CLOSE")
    assert (place(hand), hand.step()["fields"]["left_parcels"]) == (("load", "confirm"), [])
    hand.say(TRUCK, "CONFIRM")
    assert place(hand) == ("load", "lane")
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("DOCK-1")) == (0, 0)
    assert (figures(hand, "SO-1"), figures(hand, "SO-2")) == ((2, 2, 2, 2), (1, 1, 1, 1))
    assert (hand.order_state("SO-1"), hand.order_state("SO-2")) == ("shipped", "shipped")
    moves = hand.all(
        "SELECT qty_each, reason, to_location_id, order_id, scan_id <> '' AS has_scan FROM stock_move"
        " WHERE warehouse_id = :w AND reason = 'ship' ORDER BY id"
    )
    assert [(m["qty_each"], m["to_location_id"], m["order_id"], m["has_scan"]) for m in moves] == [
        (2, 5, 1, 1), (1, 5, 2, 1),
    ]  # fmt: skip


def test_the_manifest_is_printed_for_the_driver(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    on_truck(hand, second)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    assert prints(hand, "000001") == [("manifest 0", "queued", "SLIP-1")]
    fields = json.loads(hand.one("SELECT fields FROM outbox WHERE warehouse_id = :w AND subject = '000001'")["fields"])
    assert [(row["parcel"], row["order"]) for row in fields["parcels"]] == [(first, "SO-1"), (second, "SO-2")]
    assert fields["barcode"] == own_code("M", "000001")


def test_the_next_truck_gets_a_manifest_of_its_own(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    for number in (first, second):
        if place(hand) == ("load", "lane"):
            hand.scan(TRUCK, LANE)
        on_truck(hand, number)
        hand.say(TRUCK, "CLOSE")
        hand.say(TRUCK, "CONFIRM")
    assert [row["number"] for row in hand.all("SELECT number FROM manifest WHERE warehouse_id = :w ORDER BY id")] == [
        "000001", "000002",
    ]  # fmt: skip


# --- what does not belong onto this truck --------------------------------------------------------------------


def test_only_a_ship_lane_can_be_loaded_from(lane: tuple[FloorHand, str, str]) -> None:
    hand, _, _ = lane
    at_lane(hand, at("STAGE-1"))
    assert (code_of(hand), place(hand)) == ("wrong_lane", ("load", "lane"))
    hand.scan(TRUCK, at("NO-SUCH"))
    assert code_of(hand) == "unknown_code"


def test_a_parcel_of_another_carrier(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand, at("LANE-EU"))
    on_truck(hand, first)
    assert (code_of(hand), hand.answer["expected"]) == ("wrong_lane", "LANE-DOM")
    assert (state_of_parcel(hand, first), hand.on_hand("DOCK-1")) == ("in_lane", 0)


def test_a_parcel_that_is_loaded_already(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    on_truck(hand, first)
    assert code_of(hand) == "already_loaded"
    assert hand.step()["fields"]["loaded"] == 1


def test_a_parcel_that_has_left(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    hand.scan(TRUCK, LANE)
    on_truck(hand, first)
    assert code_of(hand) == "already_loaded"


def test_a_void_parcel(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    hand.scan(BENCH, "00" + first)
    hand.say(BENCH, "VOID")
    hand.scan(BENCH, TOTES[5])
    at_lane(hand)
    on_truck(hand, first)
    assert code_of(hand) == "parcel_void"


def test_a_parcel_nobody_knows(lane: tuple[FloorHand, str, str]) -> None:
    hand, _, _ = lane
    at_lane(hand)
    on_truck(hand, "006141411234567890")
    assert code_of(hand) == "parcel_unknown"


def test_a_parcel_whose_label_was_not_checked(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 1)
    hand.order("SO-1", ("MUG", 1))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    number = parcels_of(hand, "SO-1")[0]["number"]
    at_lane(hand)
    on_truck(hand, number)
    assert (code_of(hand), hand.answer["expected"]) == ("finish_first", "its label checked at BENCH-1")
    hand.scan(BENCH, "00" + number)
    on_truck(hand, number)
    assert (code_of(hand), hand.answer["expected"]) == ("finish_first", "LANE-DOM")
    assert hand.on_hand("BENCH-1") == 1


def test_something_else_than_a_parcel(lane: tuple[FloorHand, str, str]) -> None:
    hand, _, _ = lane
    at_lane(hand)
    hand.scan(TRUCK, "MUG")
    assert code_of(hand) == "not_expected"


def test_another_lane_can_be_turned_to(lane: tuple[FloorHand, str, str]) -> None:
    hand, _, _ = lane
    at_lane(hand)
    hand.scan(TRUCK, at("LANE-EU"))
    assert hand.step()["fields"]["carrier"] == "Continental Parcel"


# --- off the truck -------------------------------------------------------------------------------------------


def test_a_parcel_is_taken_off_the_manifest(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "TAKEOFF")
    assert place(hand) == ("load", "take_off")
    on_truck(hand, second)
    assert code_of(hand) == "not_loaded"
    on_truck(hand, "006141411234567890")
    assert code_of(hand) == "parcel_unknown"
    on_truck(hand, first)
    assert place(hand) == ("load", "parcel")
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("DOCK-1")) == (3, 0)
    assert (state_of_parcel(hand, first), hand.order_state("SO-1")) == ("in_lane", "packed")
    on_truck(hand, first)
    assert code_of(hand) is None


def test_one_can_think_better_of_it(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "TAKEOFF")
    hand.say(TRUCK, "BACK")
    assert place(hand) == ("load", "parcel")
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "HOME")
    assert code_of(hand) == "finish_first"
    hand.say(TRUCK, "BACK")
    assert place(hand) == ("load", "parcel")


# --- undone --------------------------------------------------------------------------------------------------


def commands(hand: FloorHand) -> list[str]:
    return [one["label"] for one in hand.step()["expects"] if one["kind"] == "command"]


def test_the_parcel_loaded_last_stands_in_its_lane_again(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    assert "UNDO" not in commands(hand)
    on_truck(hand, first)
    on_truck(hand, second)
    assert "UNDO" in commands(hand)
    hand.say(TRUCK, "UNDO")
    assert (place(hand), hand.step()["fields"]["notice"]) == (("load", "parcel"), "undone_load")
    assert (state_of_parcel(hand, first), state_of_parcel(hand, second)) == ("loaded", "in_lane")
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("DOCK-1")) == (1, 2)
    last = hand.all("SELECT reason, why FROM stock_move WHERE warehouse_id = :w ORDER BY id")[-1]
    assert (last["reason"], last["why"]) == ("take_off", "undone")
    hand.say(TRUCK, "UNDO")
    assert code_of(hand) == "nothing_to_undo"
    on_truck(hand, second)
    assert state_of_parcel(hand, second) == "loaded"


def test_the_parcel_taken_off_last_is_on_the_truck_again(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "TAKEOFF")
    on_truck(hand, first)
    hand.say(TRUCK, "UNDO")
    assert (state_of_parcel(hand, first), hand.step()["fields"]["notice"]) == ("loaded", "undone_take_off")
    assert hand.on_hand("DOCK-1") == 2


def test_undo_outlives_a_question_that_was_only_asked(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    for question in ("CLOSE", "TAKEOFF"):
        hand.say(TRUCK, question)
        hand.say(TRUCK, "BACK")
    hand.say(TRUCK, "UNDO")
    assert state_of_parcel(hand, first) == "in_lane"


def test_a_truck_that_left_gives_nothing_back(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    at_lane(hand, station="HAND-2")
    for word in ("CLOSE", "CONFIRM"):
        hand.say("HAND-2", word)
    hand.say(TRUCK, "UNDO")
    assert (code_of(hand), state_of_parcel(hand, first)) == ("too_late_to_undo", "shipped")
    on_truck(hand, second)
    for word in ("CLOSE", "CONFIRM", "UNDO"):
        hand.say(TRUCK, word)
    assert code_of(hand) == "nothing_to_undo"
    assert state_of_parcel(hand, second) == "shipped"


def test_nobody_undoes_what_another_loaded(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, _ = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "Cleo", "packer"))
    hand.scan(TRUCK, own_code("B", "1003"))
    hand.say(TRUCK, "UNDO")
    assert (code_of(hand), state_of_parcel(hand, first)) == ("nothing_to_undo", "loaded")


# --- left behind ---------------------------------------------------------------------------------------------


def test_an_empty_manifest_is_not_closed(lane: tuple[FloorHand, str, str]) -> None:
    hand, _, _ = lane
    at_lane(hand)
    hand.say(TRUCK, "CLOSE")
    assert (code_of(hand), place(hand)) == ("manifest_empty", ("load", "parcel"))


def test_parcels_left_behind_wait_for_the_next_truck(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "CLOSE")
    assert hand.step()["fields"]["left_parcels"] == [second]
    assert [e["label"] for e in hand.step()["expects"]] == ["CONFIRM", "MISSING", "BACK"]
    hand.say(TRUCK, "CONFIRM")
    assert (hand.order_state("SO-1"), hand.order_state("SO-2")) == ("shipped", "packed")
    assert (state_of_parcel(hand, second), hand.on_hand("LANE-DOM")) == ("in_lane", 1)


def test_a_parcel_nobody_finds_is_missing_and_on_hold(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "MISSING")
    assert (place(hand), hand.step()["fields"]["left_parcels"]) == (("load", "confirm"), [])
    assert state_of_parcel(hand, second) == "missing"
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("LANE-DOM", status="hold")) == (0, 1)
    assert figures(hand, "SO-2") == (1, 1, 1, 0)
    hand.say(TRUCK, "CONFIRM")
    assert hand.order_state("SO-2") == "packed"


def test_a_missing_parcel_that_is_scanned_is_found_again(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "MISSING")
    hand.say(TRUCK, "CONFIRM")
    hand.scan(TRUCK, LANE)
    on_truck(hand, second)
    assert (state_of_parcel(hand, second), hand.on_hand("DOCK-1")) == ("loaded", 1)
    assert hand.on_hand("LANE-DOM", status="hold") == 0
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    assert (hand.order_state("SO-2"), figures(hand, "SO-2")) == ("shipped", (1, 1, 1, 1))


def test_a_missing_parcel_can_be_reopened_or_void_at_the_bench(lane: tuple[FloorHand, str, str]) -> None:
    hand, first, second = lane
    at_lane(hand)
    on_truck(hand, first)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "MISSING")
    hand.scan(BENCH, "00" + second)
    hand.say(BENCH, "VOID")
    hand.scan(BENCH, TOTES[5])
    assert (hand.on_hand("BENCH-1"), hand.on_hand("LANE-DOM", status="hold")) == (1, 0)
    assert (hand.order_state("SO-2"), figures(hand, "SO-2")) == ("picked", (1, 1, 0, 0))


def test_a_partial_order_is_shipped_only_when_all_of_it_has_left(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 3))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    number = label_and_lane(hand)
    at_lane(hand)
    on_truck(hand, number)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("waiting", (2, 2, 2, 2))


def test_a_policy_changed_on_the_way_counts_at_the_truck(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 3))
    pick_into(hand)
    at_bench(hand)
    hand.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"policy": "ship_complete"}))
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    number = label_and_lane(hand)
    at_lane(hand)
    on_truck(hand, number)
    assert (code_of(hand), hand.answer["expected"]) == ("order_still_picking", "1 more of the order")
