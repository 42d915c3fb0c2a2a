"""A parcel holds what fits, is closed with its last unit, and its label and lane are the right ones."""

from __future__ import annotations

import json

import pytest

from fulfillment.domain.codes import own_code
from tests.factories import FloorHand
from tests.services.acts import at
from tests.services.packing.a_bench import (
    BENCH,
    LANE,
    at_bench,
    code_of,
    figures,
    heavy,
    in_lpn,
    label_and_lane,
    pack_everything,
    parcels_of,
    pick_into,
    place,
    prints,
    stage_mugs_and_cups,
    weigh,
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


# --- a parcel that is full -----------------------------------------------------------------------------------


def test_the_screen_says_how_many_fit(hand: FloorHand) -> None:
    heavy(hand, 5)
    fields = at_bench(hand)["step"]["fields"]
    assert (fields["next"]["sku"], fields["next"]["qty_each"], fields["fits_each"]) == ("SAW", 5, 2)
    assert fields["scan_each_max"] == 3


def test_nothing_is_said_when_all_of_it_fits(staged: FloorHand) -> None:
    assert at_bench(staged)["step"]["fields"]["fits_each"] is None


def test_more_than_fits_is_refused_with_the_number_that_does(hand: FloorHand) -> None:
    heavy(hand, 5)
    at_bench(hand)
    hand.scan(BENCH, "SAW", 5)
    assert (code_of(hand), hand.answer["expected"]) == ("parcel_full", "2")
    assert figures(hand, "SO-1") == (5, 5, 0, 0)


def test_a_full_parcel_closes_itself_and_the_next_one_opens(hand: FloorHand) -> None:
    heavy(hand, 5)
    at_bench(hand)
    hand.scan(BENCH, "SAW", 2)
    assert place(hand) == ("pack", "label")
    first = label_and_lane(hand)
    assert place(hand) == ("pack", "item")
    fields = hand.step()["fields"]
    assert (fields["parcel"]["sequence"], fields["parcel"]["units"], fields["units_left"]) == (2, 0, 3)
    for _ in range(2):
        hand.scan(BENCH, "SAW")
    second = label_and_lane(hand)
    hand.scan(BENCH, "SAW")
    third = label_and_lane(hand)
    assert place(hand) == ("pack", "tote")
    states = [(p["number"], p["state"], p["weight_g"]) for p in parcels_of(hand, "SO-1")]
    assert states == [(first, "in_lane", 20_000), (second, "in_lane", 20_000), (third, "in_lane", 10_000)]
    assert figures(hand, "SO-1") == (5, 5, 5, 0)
    assert hand.order_state("SO-1") == "packed"


def test_a_piece_too_heavy_for_any_parcel_goes_alone(hand: FloorHand) -> None:
    heavy(hand, 2, weight_g=40_000)
    at_bench(hand)
    hand.scan(BENCH, "SAW")
    assert place(hand) == ("pack", "label")
    label_and_lane(hand)
    hand.scan(BENCH, "SAW")
    label_and_lane(hand)
    assert [p["weight_g"] for p in parcels_of(hand, "SO-1")] == [40_000, 40_000]


def test_a_parcel_stays_open_while_something_smaller_fits(hand: FloorHand) -> None:
    hand.item("SAW")
    hand.item("PEN", weight_g=10)
    hand.stock("SAW", 3, "A01-01-1")
    hand.stock("PEN", 1, "A01-02-1")
    hand.order("SO-1", ("SAW", 3), ("PEN", 1))
    pick_into(hand)
    weigh(hand, "SAW", 10_000)
    at_bench(hand)
    hand.scan(BENCH, "SAW")
    hand.scan(BENCH, "SAW")
    assert place(hand) == ("pack", "item")
    hand.scan(BENCH, "SAW")
    assert (code_of(hand), hand.answer["expected"]) == ("parcel_full", "0")
    hand.scan(BENCH, "PEN")
    assert place(hand) == ("pack", "label")


# --- closing -------------------------------------------------------------------------------------------------


def test_the_last_unit_closes_the_parcel_and_prints(staged: FloorHand) -> None:
    at_bench(staged)
    pack_everything(staged)
    assert place(staged) == ("pack", "label")
    fields = staged.step()["fields"]
    number = fields["parcel"]["number"]
    assert fields["print"] == {"state": "queued", "reason": ""}
    assert prints(staged, number) == [("label 0", "queued", "LABEL-1"), ("slip 0", "queued", "SLIP-1")]
    assert staged.one("SELECT order_id FROM lpn WHERE warehouse_id = :w AND code = '000001'")["order_id"] is None


def test_what_the_label_and_the_slip_say(staged: FloorHand) -> None:
    at_bench(staged)
    pack_everything(staged)
    number = staged.step()["fields"]["parcel"]["number"]
    label, slip = (
        json.loads(row["fields"])
        for row in staged.all("SELECT fields FROM outbox WHERE warehouse_id = :w AND kind = 'print' ORDER BY id")
    )
    assert (label["sscc"], label["order"], label["weight_g"]) == (number, "SO-1", 3000)
    assert label["carrier"] == "Domestic Post"
    assert label["ship_to"]["name"] == "Jo Buyer"
    assert "reprint" not in label
    assert [(line["sku"], line["qty_each"]) for line in slip["lines"]] == [("MUG", 3), ("CUP", 8)]
    assert "later_lines" not in slip


def test_a_slip_says_what_follows_later(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 5))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    row = hand.one("SELECT fields FROM outbox WHERE dedupe_key LIKE 'slip:%' AND warehouse_id = :w")
    slip = json.loads(row["fields"])
    assert [(line["sku"], line["qty_each"]) for line in slip["later_lines"]] == [("MUG", 3)]


def test_a_line_can_be_split_over_two_parcels(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 5)
    staged.say(BENCH, "CLOSE")
    assert place(staged) == ("pack", "label")
    first = label_and_lane(staged)
    assert place(staged) == ("pack", "item")
    pack_everything(staged)
    second = label_and_lane(staged)
    assert (in_lpn(staged, first), in_lpn(staged, second)) == ({"CUP": 5}, {"MUG": 3, "CUP": 3})
    assert staged.order_state("SO-1") == "packed"
    assert staged.on_hand("LANE-DOM") == 11


def test_an_empty_parcel_cannot_be_closed(staged: FloorHand) -> None:
    at_bench(staged)
    staged.say(BENCH, "CLOSE")
    assert code_of(staged) == "nothing_here"


def test_a_station_without_printers_holds_its_prints(staged: FloorHand) -> None:
    staged.write(lambda tx: tx.run("UPDATE station SET label_printer_id = NULL WHERE warehouse_id = :w"))
    at_bench(staged)
    pack_everything(staged)
    assert staged.step()["fields"]["print"] == {"state": "held", "reason": "no_printer"}


def test_a_country_no_carrier_names_goes_with_the_carrier_of_the_rest(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 1)
    hand.order("SO-1", ("MUG", 1))
    hand.write(lambda tx: tx.run("UPDATE sales_order SET carrier_id = NULL WHERE warehouse_id = :w"))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "00" + hand.step()["fields"]["parcel"]["number"])
    assert hand.step()["fields"]["lane"]["code"] == "LANE-WORLD"


# --- label and lane ------------------------------------------------------------------------------------------


def test_the_label_on_the_parcel_must_be_its_own(closed: FloorHand) -> None:
    closed.scan(BENCH, "00006141411234567890")
    assert code_of(closed) == "wrong_label"
    assert closed.answer["expected"] == closed.step()["fields"]["parcel"]["number"]
    assert place(closed) == ("pack", "label")


@pytest.mark.parametrize(("printed", "after"), [("uncertain", "confirmed"), ("sent", "confirmed"), ("held", "held")])
def test_a_label_that_was_scanned_did_come_out(closed: FloorHand, printed: str, after: str) -> None:
    number = closed.step()["fields"]["parcel"]["number"]
    sql = "UPDATE outbox SET state = :s WHERE warehouse_id = :w AND template = 'shipping_4x6'"
    closed.write(lambda tx: tx.run(sql, s=printed))
    closed.scan(BENCH, "00" + number)
    assert prints(closed, number)[0] == ("label 0", after, "LABEL-1")


def test_a_lane_before_the_label_is_not_expected(closed: FloorHand) -> None:
    closed.scan(BENCH, LANE)
    assert code_of(closed) == "not_expected"
    assert closed.on_hand("LANE-DOM") == 0


def test_nobody_leaves_an_unlabelled_parcel(closed: FloorHand) -> None:
    closed.say(BENCH, "HOME")
    assert code_of(closed) == "finish_first"


def test_a_reprint_is_marked_and_replaces_a_print_that_waits(closed: FloorHand) -> None:
    number = closed.step()["fields"]["parcel"]["number"]
    closed.say(BENCH, "REPRINT")
    assert place(closed) == ("pack", "reprint")
    closed.scan(BENCH, own_code("Y", "UNREADABLE"))
    assert prints(closed, number) == [
        ("label 0", "superseded", "LABEL-1"), ("slip 0", "queued", "SLIP-1"), ("label 1", "queued", "LABEL-1"),
    ]  # fmt: skip
    row = closed.one("SELECT fields FROM outbox WHERE warehouse_id = :w AND dedupe_key = :k", k=f"label:{number}:1")
    assert json.loads(row["fields"])["reprint"] == 1


def test_a_label_nobody_knows_the_fate_of_is_asked_for_and_no_prints_it_again(closed: FloorHand) -> None:
    number = closed.step()["fields"]["parcel"]["number"]
    closed.say(BENCH, "NO")
    assert code_of(closed) == "not_expected"
    sql = "UPDATE outbox SET state = 'uncertain' WHERE warehouse_id = :w AND dedupe_key = :k"
    closed.write(lambda tx: tx.run(sql, k=f"label:{number}:0"))
    closed.scan(BENCH, LANE)  # nobody goes on without an answer
    assert (code_of(closed), closed.step()["prompt"]) == ("not_expected", "is_label_here")
    closed.say(BENCH, "NO")
    assert prints(closed, number) == [
        ("label 0", "superseded", "LABEL-1"), ("slip 0", "queued", "SLIP-1"), ("label 1", "queued", "LABEL-1"),
    ]  # fmt: skip
    assert closed.step()["prompt"] == "scan_label"


def test_the_right_lane_is_that_of_the_carrier(closed: FloorHand) -> None:
    closed.scan(BENCH, "00" + closed.step()["fields"]["parcel"]["number"])
    assert place(closed) == ("pack", "lane")
    assert closed.step()["fields"]["lane"]["code"] == "LANE-DOM"
    closed.scan(BENCH, at("LANE-EU"))
    assert (code_of(closed), closed.answer["expected"]) == ("wrong_lane", "LANE-DOM")
    assert (closed.on_hand("BENCH-1"), closed.on_hand("LANE-EU")) == (11, 0)
    closed.scan(BENCH, LANE)
    assert place(closed) == ("pack", "tote")
    assert (closed.on_hand("BENCH-1"), closed.on_hand("LANE-DOM")) == (0, 11)


def test_another_packer_goes_on_where_the_first_stopped(closed: FloorHand) -> None:
    closed.scan(BENCH, own_code("B", "1001"))
    assert place(closed) == ("pack", "label")
