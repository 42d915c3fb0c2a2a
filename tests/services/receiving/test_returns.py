"""Rules of returns: goods come back as what they were when they left, and never more of them than left."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError
from tests.factories import FloorHand
from tests.services.acts import TOTES
from tests.services.arriving import announce, balances, begin, case_of, differences, finish, lines, say_why, shown
from tests.services.packing.a_bench import BENCH, TRUCK, at_bench, at_lane, label_and_lane, pick_into

GTIN = "09506000134352"


pytestmark = pytest.mark.usefixtures("book_is_right")


def pack_and_ship(hand: FloorHand, *codes: str) -> None:
    """Pack what is in the first tote by these codes and send the truck off."""
    at_bench(hand)
    for code in codes:
        hand.scan(BENCH, code)
    label_and_lane(hand)
    at_lane(hand)
    hand.scan(TRUCK, hand.one("SELECT number FROM parcel WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")["number"])
    hand.say(TRUCK, "CLOSE")
    if hand.step()["state"] == "confirm":
        hand.say(TRUCK, "CONFIRM")
    hand.say(TRUCK, "HOME")


def cross_dock(hand: FloorHand, *codes: str) -> None:
    """Carry goods at the dock into the first tote of the order that waits for them, each into its own."""
    hand.sign_in("HAND-2", "PUTAWAY")
    for tote, code in enumerate(codes):
        hand.scan("HAND-2", code)
        assert hand.scan("HAND-2", TOTES[tote])["outcome"] == "applied"
    hand.say("HAND-2", "HOME")


@pytest.fixture
def sold(hand: FloorHand) -> FloorHand:
    """SO-1 got 3 MUG, 2 of them of January and 1 of February."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 2, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 5, "A01-02-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 3))
    pick_into(hand, "SO-1")
    pack_and_ship(hand, "MUG", "MUG", "MUG")
    assert hand.order_state("SO-1") == "shipped"
    return hand


def returned(hand: FloorHand) -> list[tuple[str, int, Any]]:
    """(day, units, origin layer) of what lies at the dock."""
    rows = hand.all(
        "SELECT y.received_on, b.on_hand_each, y.origin_layer_id FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id AND l.code = 'DOCK-1'"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " ORDER BY y.id"
    )
    return [(row["received_on"], row["on_hand_each"], row["origin_layer_id"]) for row in rows]


def test_a_return_expects_what_the_order_was_sent(sold: FloorHand) -> None:
    announce(sold, "RMA-1", kind="return", order="SO-1")
    expected = shown(sold, "RMA-1")
    assert (expected["kind"], expected["order"]) == ("return", "SO-1")
    assert [(line["sku"], line["expected_each"]) for line in expected["lines"]] == [("MUG", 3)]


def test_returned_goods_are_layers_of_their_own_with_the_day_they_had(sold: FloorHand) -> None:
    announce(sold, "RMA-1", kind="return", order="SO-1")
    begin(sold, "RMA-1")
    sold.scan("DOCK-1", "MUG", 3)
    assert returned(sold) == [("2026-01-01", 2, 1), ("2026-02-01", 1, 2)]
    moves = sold.all(
        "SELECT DISTINCT from_location_id, reason FROM stock_move WHERE warehouse_id = :w AND layer_id > 2"
    )
    assert moves == [{"from_location_id": 2, "reason": "return"}]
    finish(sold)


def test_returned_goods_count_from_today_where_the_item_says_so(sold: FloorHand) -> None:
    sold.write(lambda tx: tx.run("UPDATE item SET return_dating = 'today' WHERE warehouse_id = :w"))
    announce(sold, "RMA-1", kind="return", order="SO-1")
    begin(sold, "RMA-1")
    sold.scan("DOCK-1", "MUG", 1)
    ((day, units, origin),) = returned(sold)
    assert (units, origin) == (1, 1)
    assert day > "2026-02-01"


def test_returned_goods_can_be_put_away_and_sold_again_oldest_first(sold: FloorHand) -> None:
    announce(sold, "RMA-1", kind="return", order="SO-1", lines=lines(("MUG", 1)))
    begin(sold, "RMA-1")
    sold.scan("DOCK-1", "MUG")
    finish(sold)
    sold.sign_in("HAND-1", "PUTAWAY")
    sold.scan("HAND-1", "MUG")
    sold.scan("HAND-1", sold.step()["fields"]["location"]["barcode"])
    sold.order("SO-2", ("MUG", 1))
    promised = sold.one(
        "SELECT y.received_on, y.origin_layer_id FROM allocation a JOIN layer y ON y.warehouse_id = a.warehouse_id"
        " AND y.id = a.layer_id WHERE a.warehouse_id = :w AND a.qty_each > 0"
    )
    assert promised == {"received_on": "2026-01-01", "origin_layer_id": 1}


def test_two_layers_of_one_day_come_back_as_two(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 1, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 1, "A01-02-1", "2026-01-01")
    hand.order("SO-1", ("MUG", 2))
    pick_into(hand, "SO-1")
    pack_and_ship(hand, "MUG", "MUG")
    announce(hand, "RMA-1", kind="return", order="SO-1")
    begin(hand, "RMA-1")
    hand.scan("DOCK-1", "MUG", 1)
    hand.scan("DOCK-1", "MUG", 1)
    assert returned(hand) == [("2026-01-01", 1, 1), ("2026-01-01", 1, 2)]


def test_damaged_returns_are_kept_apart(sold: FloorHand) -> None:
    announce(sold, "RMA-1", kind="return", order="SO-1")
    begin(sold, "RMA-1")
    say_why(sold, "DAMAGED", "damaged")
    sold.scan("DOCK-1", "MUG", 1)
    assert [row["status"] for row in balances(sold)] == ["damaged"]


def test_no_more_comes_back_than_left(sold: FloorHand) -> None:
    with pytest.raises(DomainError, match="3 of it can come back"):
        announce(sold, "RMA-1", kind="return", order="SO-1", lines=lines(("MUG", 4)))
    announce(sold, "RMA-1", kind="return", order="SO-1", lines=lines(("MUG", 2)))
    with pytest.raises(DomainError, match="1 of it can come back"):
        announce(sold, "RMA-2", kind="return", order="SO-1", lines=lines(("MUG", 2)))
    begin(sold, "RMA-1")
    sold.scan("DOCK-1", "MUG", 3)
    assert sold.answer["code"] == "over_receipt"
    sold.scan("DOCK-1", "CUP")
    assert sold.answer["code"] == "wrong_item"
    sold.scan("DOCK-1", "MUG", 2)
    finish(sold)
    announce(sold, "RMA-3", kind="return", order="SO-1")
    assert shown(sold, "RMA-3")["lines"][0]["expected_each"] == 1
    with pytest.raises(Conflict, match="nothing of order SO-1 is with its customer"):
        announce(sold, "RMA-4", kind="return", order="SO-1")


def test_what_an_order_never_had_comes_back_only_with_a_reason(sold: FloorHand) -> None:
    announce(sold, "RMA-1", kind="return", order="SO-1")
    begin(sold, "RMA-1")
    sold.scan("DOCK-1", "MUG", 3)
    say_why(sold, "OVER", "unannounced")
    sold.scan("DOCK-1", "MUG", 1)
    assert differences(sold, "RMA-1") == [("MUG", "over", 1, "unannounced")]
    assert returned(sold)[-1][2] is None  # of no layer of ours


def test_an_order_that_was_not_shipped_has_nothing_to_send_back(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 1))
    with pytest.raises(Conflict):
        announce(hand, "RMA-1", kind="return", order="SO-1")


def test_a_returned_serial_is_the_one_that_left(hand: FloorHand) -> None:
    item_id = hand.item("CAM", tracks_serial=1)
    case_of(hand, item_id, GTIN, 1, "each")
    announce(hand, "R1", ("CAM", 1))
    begin(hand)
    hand.scan("DOCK-1", f"]C101{GTIN}21S1")
    finish(hand)
    hand.order("SO-1", ("CAM", 1))
    cross_dock(hand, f"]C101{GTIN}21S1")
    pack_and_ship(hand, f"]C101{GTIN}21S1")
    assert hand.order_state("SO-1") == "shipped"
    announce(hand, "RMA-1", kind="return", order="SO-1")
    begin(hand, "RMA-1")
    hand.scan("DOCK-1", f"]C101{GTIN}21S9")
    assert hand.answer["code"] == "serial_unknown"
    hand.scan("DOCK-1", f"]C101{GTIN}21S1")
    assert hand.answer["outcome"] == "applied"
    assert returned(hand) == [("2026-01-05", 1, 1)]
    hand.scan("DOCK-1", f"]C101{GTIN}21S1")
    assert hand.answer["code"] == "serial_known"


def test_a_returned_lot_is_of_the_layer_it_left_from(hand: FloorHand) -> None:
    item_id = hand.item("MED", tracks_lot=1)
    case_of(hand, item_id, GTIN, 1, "each")
    hand.order("SO-1", ("MED", 2))
    for number, lot in (("R1", "A"), ("R2", "B")):
        announce(hand, number, ("MED", 1))
        begin(hand, number)
        hand.scan("DOCK-1", f"]C101{GTIN}10{lot}")
        finish(hand)
    cross_dock(hand, f"]C101{GTIN}10A", f"]C101{GTIN}10B")
    at_bench(hand)
    hand.scan(BENCH, f"]C101{GTIN}10A")
    hand.scan(BENCH, TOTES[1])
    hand.scan(BENCH, f"]C101{GTIN}10B")
    label_and_lane(hand)
    at_lane(hand)
    hand.scan(TRUCK, hand.one("SELECT number FROM parcel WHERE warehouse_id = :w")["number"])
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    assert hand.order_state("SO-1") == "shipped"
    announce(hand, "RMA-1", kind="return", order="SO-1")
    begin(hand, "RMA-1")
    hand.scan("DOCK-1", f"]C101{GTIN}10B")
    assert [(row["lot"], row["received_on"]) for row in balances(hand)] == [("B", "2026-01-05")]
    assert returned(hand)[0][2] == 2
    hand.scan("DOCK-1", f"]C101{GTIN}10C")
    assert hand.answer["code"] == "wrong_item"
