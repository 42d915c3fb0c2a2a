"""Rules of counting: the book follows the floor, and nobody is left with a promise on nothing."""

from __future__ import annotations

import pytest

from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.counting import count_plans
from fulfillment.services.stock import ledger
from fulfillment.services.touring import shorts
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, demand, finish_tour, go_to_stop, promises, release, say_short, take_tour

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def shelf(hand: FloorHand) -> FloorHand:
    """Ten MUG of two dates in A01-01-1, and somebody who counts at HAND-2."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 4, received_on="2026-01-01")
    hand.stock("MUG", 6, received_on="2026-02-01")
    hand.sign_in("HAND-2", "COUNT")
    return hand


def count(hand: FloorHand, location: str, *found: tuple[str, int]) -> None:
    """Count a location at HAND-2: what is found, then DONE."""
    assert hand.scan("HAND-2", at(location))["outcome"] == "applied"
    for sku, qty_each in found:
        assert hand.scan("HAND-2", sku, qty_each)["outcome"] == "applied"
    hand.say("HAND-2", "DONE")


def by_layer(hand: FloorHand, location: str = "A01-01-1", status: str = "available") -> dict[str, int]:
    rows = hand.all(
        "SELECT y.received_on, SUM(b.on_hand_each) AS n FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w AND l.code = :location AND b.status = :status GROUP BY y.received_on",
        location=location, status=status,
    )  # fmt: skip
    return {row["received_on"]: row["n"] for row in rows}


def ask_for_count(hand: FloorHand, *locations: str) -> None:
    for code in locations:
        row = hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=code)
        hand.write(lambda tx, row=row: shorts.open_count(tx, NOBODY, row["id"], "short"))


def open_counts(hand: FloorHand) -> list[str]:
    rows = hand.all(
        "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open' ORDER BY k.id"
    )
    return [row["code"] for row in rows]


# --- the count itself ------------------------------------------------------------------------------------


def test_a_count_never_shows_what_the_book_says(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    assert shelf.step()["fields"]["counted"] == []
    shelf.scan("HAND-2", "MUG", 9)
    assert shelf.step()["fields"]["counted"] == [{"sku": "MUG", "qty_each": 9}]
    assert "10" not in str(shelf.step()["fields"]["counted"])
    shelf.say("HAND-2", "BACK")


def test_scans_of_one_item_add_up(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG", 8)
    shelf.scan("HAND-2", "MUG")
    shelf.scan("HAND-2", "MUG")
    assert shelf.step()["fields"]["counted"] == [{"sku": "MUG", "qty_each": 10}]
    moves_before = shelf.one("SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w")
    shelf.say("HAND-2", "DONE")
    assert shelf.one("SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w") == moves_before


def test_missing_units_leave_from_the_oldest_layer(shelf: FloorHand) -> None:
    count(shelf, "A01-01-1", ("MUG", 7))
    assert by_layer(shelf) == {"2026-01-01": 1, "2026-02-01": 6}


def test_surplus_joins_the_youngest_layer_of_the_location(shelf: FloorHand) -> None:
    shelf.stock("MUG", 1, "A02-01-1", "2026-03-01")
    count(shelf, "A01-01-1", ("MUG", 12))
    assert by_layer(shelf) == {"2026-01-01": 4, "2026-02-01": 8}


def test_goods_found_where_the_book_knows_none_join_the_items_youngest_layer(shelf: FloorHand) -> None:
    count(shelf, "A01-02-1", ("MUG", 2))
    assert by_layer(shelf, "A01-02-1") == {"2026-02-01": 2}


def test_an_item_that_was_never_received_cannot_be_counted(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "CUP", 1)
    assert shelf.answer["code"] == "nothing_here"
    shelf.scan("HAND-2", "MUG", 10)
    shelf.say("HAND-2", "DONE")


def test_done_without_a_scan_means_empty(shelf: FloorHand) -> None:
    count(shelf, "A01-01-1")
    assert shelf.on_hand("A01-01-1") == 0


def test_empty_says_that_nothing_lies_here(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    assert [expect["label"] for expect in shelf.step()["expects"]] == ["", "DONE", "EMPTY", "BACK"]
    shelf.say("HAND-2", "EMPTY")
    assert shelf.on_hand("A01-01-1") == 0


def test_a_place_with_something_in_it_is_not_empty(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG")
    shelf.say("HAND-2", "EMPTY")
    assert (shelf.answer["code"], shelf.answer["expected"]) == ("not_expected", "DONE")
    shelf.say("HAND-2", "BACK")


def test_a_case_barcode_counts_its_eaches(shelf: FloorHand) -> None:
    shelf.write(lambda tx: tx.insert("item_barcode", item_id=1, code="MUG-CASE", uom="case", qty_each=6))
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG-CASE")
    shelf.scan("HAND-2", "MUG", 4)
    assert shelf.step()["fields"]["counted"] == [{"sku": "MUG", "qty_each": 10}]
    assert shelf.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "agreed"


def test_every_finished_count_is_remembered_by_its_place(shelf: FloorHand) -> None:
    for location in ("A01-01-1", "A02-03-3"):
        count(shelf, location)
        row = shelf.one("SELECT counted_at_ms FROM location WHERE warehouse_id = :w AND code = :c", c=location)
        assert row["counted_at_ms"] is not None


def test_nothing_on_the_way_to_done_tells_what_the_book_says(shelf: FloorHand) -> None:
    shelf.stock("CUP", 77, "A01-02-1")
    ask_for_count(shelf, "A01-02-1")
    answers = [shelf.say("HAND-2", "HOME"), shelf.say("HAND-2", "COUNT"), shelf.scan("HAND-2", at("A01-02-1"))]
    answers += [shelf.scan("HAND-2", "CUP"), shelf.scan("HAND-2", "MUG"), shelf.say("HAND-2", "DONE")]
    assert "77" not in "".join(str(answer) for answer in answers)


def test_a_location_may_hold_two_items_after_a_count(shelf: FloorHand) -> None:
    shelf.stock("CUP", 3, "A02-01-1")
    count(shelf, "A01-01-1", ("MUG", 10), ("CUP", 1))
    assert shelf.on_hand("A01-01-1", "CUP") == 1


def test_serial_goods_are_never_more_than_their_receipts(hand: FloorHand) -> None:
    hand.item("CAM", tracks_serial=1)
    hand.stock("CAM", 1)
    hand.sign_in("HAND-2", "COUNT")
    count(hand, "A01-01-1", ("CAM", 2))
    assert hand.answer["code"] == "serial_required"
    hand.say("HAND-2", "BACK")
    count(hand, "A01-01-1", ("CAM", 1))
    assert hand.answer["outcome"] == "applied"


@pytest.mark.parametrize("place", ["STAGE-1", "DOCK-1", "BENCH-1", "LANE-EU"])
def test_only_storage_is_counted(shelf: FloorHand, place: str) -> None:
    shelf.scan("HAND-2", at(place))
    assert shelf.answer["code"] == "not_storage"


def test_nobody_leaves_a_count_half_done(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.say("HAND-2", "HOME")
    assert shelf.answer["code"] == "finish_first"
    assert shelf.say("HAND-2", "BACK")["step"]["state"] == "location"
    assert shelf.on_hand("A01-01-1") == 10


# --- who is asked to count what --------------------------------------------------------------------------


def test_the_oldest_count_asked_for_comes_first_and_is_done_by_done(shelf: FloorHand) -> None:
    ask_for_count(shelf, "A01-01-1", "A02-01-1")
    shelf.say("HAND-2", "HOME")
    assert shelf.say("HAND-2", "COUNT")["step"]["fields"]["next"]["code"] == "A01-01-1"
    count(shelf, "A01-01-1", ("MUG", 10))
    assert shelf.step()["fields"]["waiting"] == 1
    assert shelf.step()["fields"]["next"]["code"] == "A02-01-1"


def test_two_counters_are_sent_to_two_places(shelf: FloorHand) -> None:
    ask_for_count(shelf, "A01-01-1", "A02-01-1")
    shelf.scan("HAND-2", at("A01-01-1"))
    assert shelf.sign_in("HAND-1", "COUNT", "1002")["step"]["fields"]["next"]["code"] == "A02-01-1"
    shelf.say("HAND-2", "BACK")
    shelf.say("HAND-1", "HOME")
    assert shelf.say("HAND-1", "COUNT")["step"]["fields"]["next"]["code"] == "A01-01-1"


def test_any_storage_location_may_be_counted_unasked(shelf: FloorHand) -> None:
    count(shelf, "A02-03-3")
    assert shelf.answer["outcome"] == "applied"


def test_what_is_asked_for_while_a_count_is_under_way_stays_asked_for(shelf: FloorHand) -> None:
    """A unit on its way back into the place when it was counted: nobody would ever look for it again."""
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG", 9)
    ask_for_count(shelf, "A01-01-1")
    shelf.say("HAND-2", "DONE")
    assert open_counts(shelf) == ["A01-01-1"]
    count(shelf, "A01-01-1", ("MUG", 10))
    assert (open_counts(shelf), shelf.on_hand("A01-01-1")) == ([], 10)


def test_a_count_that_was_asked_for_swallows_no_later_request_either(shelf: FloorHand) -> None:
    ask_for_count(shelf, "A01-01-1")
    shelf.scan("HAND-2", at("A01-01-1"))
    ask_for_count(shelf, "A01-01-1", "A01-01-1")
    assert open_counts(shelf) == ["A01-01-1", "A01-01-1"]
    shelf.scan("HAND-2", "MUG", 10)
    shelf.say("HAND-2", "DONE")
    assert open_counts(shelf) == ["A01-01-1"]


def test_a_count_that_begins_again_answers_what_was_asked_for_before(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    ask_for_count(shelf, "A01-01-1")
    shelf.stock("MUG", 1)
    assert shelf.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "moved_meanwhile"
    shelf.scan("HAND-2", "MUG", 11)
    shelf.say("HAND-2", "DONE")
    assert open_counts(shelf) == []


def test_a_place_left_uncounted_is_asked_for_once(shelf: FloorHand) -> None:
    ask_for_count(shelf, "A01-01-1")
    shelf.scan("HAND-2", at("A01-01-1"))
    ask_for_count(shelf, "A01-01-1")
    shelf.say("HAND-2", "BACK")
    assert open_counts(shelf) == ["A01-01-1"]
    assert shelf.step()["fields"]["waiting"] == 1


def test_where_a_picker_missed_goods_is_counted_before_what_is_planned(shelf: FloorHand) -> None:
    row = shelf.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A02-02-1'")
    shelf.write(lambda tx: count_plans.ask_count(tx, NOBODY, row["id"], "age"))
    ask_for_count(shelf, "A02-01-1")
    shelf.say("HAND-2", "HOME")
    assert shelf.say("HAND-2", "COUNT")["step"]["fields"]["next"]["code"] == "A02-01-1"


# --- stock in other conditions ---------------------------------------------------------------------------


def set_aside(hand: FloorHand, qty_each: int, status: str, layer_id: int = 1) -> None:
    place = hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")["id"]
    move = Move(layer_id, 1, place, place, qty_each, MoveReason.HOLD, to_status=status, why="quality")
    hand.write(lambda tx: ledger.post(tx, NOBODY, [move]))


@pytest.mark.parametrize("status", ["hold", "damaged", "quarantine"])
def test_what_was_set_aside_is_counted_too_and_stays_aside(shelf: FloorHand, status: str) -> None:
    set_aside(shelf, 2, status)
    count(shelf, "A01-01-1", ("MUG", 10))
    assert shelf.step()["fields"]["notice"] == "agreed"
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status=status)) == (8, 2)


def test_units_set_aside_are_missing_before_promised_ones_and_after_free_ones(shelf: FloorHand) -> None:
    set_aside(shelf, 2, "damaged")
    shelf.order("SO-1", ("MUG", 5))
    count(shelf, "A01-01-1", ("MUG", 6))
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status="damaged")) == (5, 1)
    assert demand(shelf, "SO-1")["allocated"] == 5


def test_what_waits_for_a_count_is_free_again_and_what_waits_for_a_person_is_not(shelf: FloorHand) -> None:
    set_aside(shelf, 2, "hold")
    shorted(shelf)
    assert shelf.on_hand("A01-01-1", status="hold") == 10
    count(shelf, "A01-01-1", ("MUG", 10))
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status="hold")) == (8, 2)


# --- sealed cases ----------------------------------------------------------------------------------------


def cases(hand: FloorHand, location: str = "A01-02-1") -> tuple[int, int]:
    """Ten CUP, six of them in a closed case; what is on hand and what of it is sealed."""
    row = hand.one(
        "SELECT b.on_hand_each, b.sealed_each FROM stock_balance b JOIN location l"
        " ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id WHERE b.warehouse_id = :w AND l.code = :c",
        c=location,
    )  # fmt: skip
    return row["on_hand_each"], row["sealed_each"]


@pytest.fixture
def closed(shelf: FloorHand) -> FloorHand:
    def receive(tx: Tx) -> None:
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-02-1'")["id"]
        receipt = tx.insert(
            "receipt", number="C1", state="closed", received_on="2026-01-01", content_sha256="", created_at_ms=0
        )
        layer = tx.insert(
            "layer", item_id=2, receipt_id=receipt, received_on="2026-01-01", created_at_ms=0, case_each=6
        )
        ledger.post(tx, NOBODY, [Move(layer, 2, 1, place, 10, MoveReason.RECEIVE, sealed_to_each=6)])

    shelf.write(receive)
    return shelf


def test_loose_units_are_the_missing_ones_while_there_are_enough(closed: FloorHand) -> None:
    count(closed, "A01-02-1", ("CUP", 7))
    assert cases(closed) == (7, 6)


def test_what_is_missing_beyond_the_loose_units_opens_a_case(closed: FloorHand) -> None:
    count(closed, "A01-02-1", ("CUP", 5))
    assert cases(closed) == (5, 0)


def test_found_units_are_loose(closed: FloorHand) -> None:
    count(closed, "A01-02-1", ("CUP", 12))
    assert cases(closed) == (12, 6)


# --- stock on hold ---------------------------------------------------------------------------------------


def shorted(hand: FloorHand, found: int = 0) -> None:
    """A picker at A01-01-1 finds `found` of 3 MUG and says the rest is not there."""
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    if found:
        hand.scan("HAND-1", "MUG", found)
    say_short(hand)
    if found:
        hand.scan("HAND-1", hand.step()["fields"]["tote"]["barcode"])
    finish_tour(hand)


def test_what_was_held_and_is_there_is_free_again_and_goes_to_who_waits(shelf: FloorHand) -> None:
    shorted(shelf)
    assert shelf.order_state("SO-1") == "waiting"
    count(shelf, "A01-01-1", ("MUG", 10))
    assert shelf.on_hand("A01-01-1", status="hold") == 0
    assert by_layer(shelf) == {"2026-01-01": 4, "2026-02-01": 6}
    assert shelf.order_state("SO-1") == "allocated"


def test_missing_units_leave_from_hold_first(shelf: FloorHand) -> None:
    shorted(shelf)
    shelf.stock("MUG", 5, "A01-01-1", "2026-03-01")
    count(shelf, "A01-01-1", ("MUG", 8))
    assert by_layer(shelf) == {"2026-02-01": 3, "2026-03-01": 5}
    assert by_layer(shelf, status="hold") == {}


# --- promises on units that are not there ----------------------------------------------------------------


def test_an_order_nobody_walks_for_is_promised_other_stock(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 10))
    newer = shelf.stock("MUG", 4, "A02-01-1", "2026-03-01")
    count(shelf, "A01-01-1", ("MUG", 8))
    assert promises(shelf, "SO-1")[-1] == ("A02-01-1", newer, 2)
    assert demand(shelf, "SO-1")["allocated"] == 10


def test_a_planned_stop_shrinks_and_the_walk_gets_another(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 10))
    release(shelf)
    shelf.stock("MUG", 4, "A02-01-1", "2026-03-01")
    count(shelf, "A01-01-1", ("MUG", 8))
    stops = shelf.all(
        "SELECT l.code, k.qty_each, k.state FROM task k"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'pick' ORDER BY k.sequence"
    )
    assert stops == [
        {"code": "A01-01-1", "qty_each": 8, "state": "open"},
        {"code": "A02-01-1", "qty_each": 2, "state": "open"},
    ]
    take_tour(shelf)
    finish_tour(shelf)
    assert demand(shelf, "SO-1")["picked"] == 10


def test_a_stop_with_nothing_behind_it_is_closed_as_short(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 3))
    wave = release(shelf)
    count(shelf, "A01-01-1")
    task = shelf.one("SELECT state, reason FROM task WHERE warehouse_id = :w AND kind = 'pick'")
    assert task == {"state": "short", "reason": "counted"}
    assert shelf.order_state("SO-1") == "waiting"
    assert shelf.one("SELECT state FROM wave WHERE warehouse_id = :w AND id = :id", id=wave) == {"state": "done"}


def test_of_two_promises_the_one_nobody_walks_for_falls(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 5))
    release(shelf)
    take_tour(shelf)
    shelf.order("SO-2", ("MUG", 5))
    count(shelf, "A01-01-1", ("MUG", 5))
    assert demand(shelf, "SO-1")["allocated"] == 5
    assert demand(shelf, "SO-2")["allocated"] == 0
    assert shelf.order_state("SO-2") == "waiting"


def test_units_already_in_a_tote_are_never_counted_away(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 3))
    release(shelf)
    take_tour(shelf)
    finish_tour(shelf)
    count(shelf, "A01-01-1")
    assert demand(shelf, "SO-1") == {"ordered": 3, "allocated": 3, "picked": 3}


# --- a count beside other work ---------------------------------------------------------------------------


def test_a_location_is_not_counted_while_somebody_picks_there(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 3))
    release(shelf)
    take_tour(shelf)
    go_to_stop(shelf)
    shelf.scan("HAND-2", at("A01-01-1"))
    assert (shelf.answer["code"], shelf.answer["expected"]) == ("finish_first", "the pick at HAND-1")
    shelf.scan("HAND-1", "MUG", 3)
    shelf.scan("HAND-1", shelf.step()["fields"]["tote"]["barcode"])
    count(shelf, "A01-01-1", ("MUG", 7))
    assert shelf.answer["outcome"] == "applied"


def test_a_count_waits_for_the_picker_who_came_meanwhile(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 3))
    release(shelf)
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG", 7)
    take_tour(shelf)
    go_to_stop(shelf)
    shelf.say("HAND-2", "DONE")
    assert shelf.answer["code"] == "finish_first"
    assert shelf.on_hand("A01-01-1") == 10


def test_a_count_begins_again_when_stock_moved_meanwhile(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 3))
    release(shelf)
    take_tour(shelf)
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG", 10)
    shelf.answer = shelf.scan("HAND-1", at("A01-01-1"))
    finish_tour(shelf)
    shelf.say("HAND-2", "DONE")
    assert shelf.step()["state"] == "item"
    assert shelf.step()["fields"]["notice"] == "moved_meanwhile"
    assert shelf.step()["fields"]["counted"] == []
    shelf.scan("HAND-2", "MUG", 7)
    assert shelf.say("HAND-2", "DONE")["step"]["state"] == "location"
    assert shelf.on_hand("A01-01-1") == 7


def test_two_counters_of_one_place_do_not_post_twice(shelf: FloorHand) -> None:
    shelf.sign_in("HAND-1", "COUNT", "1002")
    for station in ("HAND-1", "HAND-2"):
        shelf.scan(station, at("A01-01-1"))
        shelf.scan(station, "MUG", 12)
    assert shelf.say("HAND-1", "DONE")["step"]["state"] == "location"
    assert shelf.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "moved_meanwhile"
    assert shelf.on_hand("A01-01-1") == 12
