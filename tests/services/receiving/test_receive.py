"""Rules of receiving: what comes in is a layer of its day, and never more than was announced."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.receiving import inbound, receipts
from tests.factories import FloorHand

GTIN = "09506000134352"  # GS1's own example number


pytestmark = pytest.mark.usefixtures("book_is_right")


def announce(hand: FloorHand, number: str = "R1", *lines: dict[str, Any], received_on: str = "2026-01-05") -> bool:
    parts = lines or ({"sku": "MUG", "qty_each": 5},)
    expected = tuple(inbound.ExpectedLine(**line) for line in parts)
    return hand.write(lambda tx: inbound.announce(tx, inbound.ReceiptIn(number, expected, received_on=received_on)))


def open_receipt(hand: FloorHand, number: str = "R1") -> dict[str, Any]:
    hand.sign_in("DOCK-1", "RECEIVE")
    return hand.scan("DOCK-1", own_code("R", number))


@pytest.fixture
def dock(hand: FloorHand) -> FloorHand:
    """A receipt of 5 MUG open at DOCK-1."""
    hand.item("MUG")
    hand.item("CUP")
    announce(hand)
    open_receipt(hand)
    return hand


def test_goods_land_at_the_dock_as_a_layer_of_the_receipts_day(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "MUG", 5)
    assert dock.on_hand("DOCK-1", "MUG") == 5
    assert dock.all("SELECT received_on FROM layer WHERE warehouse_id = :w") == [{"received_on": "2026-01-05"}]


def test_the_screen_counts_down(dock: FloorHand) -> None:
    assert dock.step()["fields"]["next"] == {"sku": "MUG", "name": "mug", "barcode": "MUG", "qty_each": 5}
    fields = dock.scan("DOCK-1", "MUG", 2)["step"]["fields"]
    assert (fields["units_left"], fields["lines_left"], fields["next"]["qty_each"]) == (3, 1, 3)


def test_two_reads_of_one_item_fill_one_layer(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "MUG")
    dock.scan("DOCK-1", "MUG")
    assert dock.one("SELECT COUNT(*) AS n FROM layer WHERE warehouse_id = :w") == {"n": 1}
    assert dock.on_hand("DOCK-1") == 2


def test_more_than_announced_is_over_receipt(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "MUG", 6)
    assert (dock.answer["code"], dock.answer["expected"], dock.answer["got"]) == ("over_receipt", "5", "6")
    assert dock.on_hand("DOCK-1") == 0


def test_an_item_that_was_not_announced_is_wrong(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "CUP")
    assert dock.answer["code"] == "wrong_item"


def test_done_closes_the_receipt_and_what_is_missing_stays_on_record(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "MUG", 3)
    step = dock.say("DOCK-1", "DONE")["step"]
    assert (step["state"], step["fields"]["left"]) == (
        "confirm", [{"sku": "MUG", "name": "mug", "lot": "", "qty_each": 2}],
    )  # fmt: skip
    assert dock.say("DOCK-1", "BACK")["step"]["state"] == "item"
    dock.say("DOCK-1", "DONE")
    assert dock.say("DOCK-1", "CONFIRM")["step"]["state"] == "receipt"
    dock.scan("DOCK-1", own_code("R", "R1"))
    assert dock.answer["code"] == "receipt_closed"
    (short,) = dock.write(lambda tx: receipts.describe(tx, "R1"))["differences"]
    assert (short["difference"], short["qty_each"], short["why"], short["badge"]) == (
        "short", 2, "supplier_short", "1001",
    )  # fmt: skip
    line = dock.one("SELECT expected_each, received_each FROM receipt_line WHERE warehouse_id = :w")
    assert line == {"expected_each": 5, "received_each": 3}


def test_an_unannounced_number_is_unknown(dock: FloorHand) -> None:
    dock.say("DOCK-1", "HOME")
    dock.say("DOCK-1", "RECEIVE")
    dock.scan("DOCK-1", own_code("R", "R9"))
    assert dock.answer["code"] == "unknown_receipt"


def test_two_receipts_of_one_day_are_two_layers(hand: FloorHand) -> None:
    hand.item("MUG")
    for number in ("R1", "R2"):
        announce(hand, number)
        if number == "R1":
            open_receipt(hand, number)
        else:
            hand.scan("DOCK-1", own_code("R", number))
        hand.scan("DOCK-1", "MUG", 5)
        hand.say("DOCK-1", "DONE")
    assert hand.one("SELECT COUNT(*) AS n FROM layer WHERE warehouse_id = :w") == {"n": 2}


def test_a_receiver_may_leave_a_receipt_and_come_back(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "MUG", 2)
    dock.say("DOCK-1", "HOME")
    dock.say("DOCK-1", "RECEIVE")
    fields = dock.scan("DOCK-1", own_code("R", "R1"))["step"]["fields"]
    assert fields["units_left"] == 3


# --- lot, expiry, serial ---------------------------------------------------------------------------------


def tracked(hand: FloorHand, **tracks: int) -> None:
    item_id = hand.item("MED", **tracks)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=GTIN, uom="each", qty_each=1))
    announce(hand, "R1", {"sku": "MED", "qty_each": 5})
    open_receipt(hand)


def test_a_lot_must_come_with_the_goods(hand: FloorHand) -> None:
    tracked(hand, tracks_lot=1)
    hand.scan("DOCK-1", "MED")
    assert hand.answer["code"] == "lot_required"
    hand.scan("DOCK-1", f"]C101{GTIN}10AB12")
    assert hand.one("SELECT lot FROM layer WHERE warehouse_id = :w") == {"lot": "AB12"}


def test_an_expiry_must_come_with_the_goods(hand: FloorHand) -> None:
    tracked(hand, tracks_expiry=1)
    hand.scan("DOCK-1", "MED")
    assert hand.answer["code"] == "expiry_required"
    hand.scan("DOCK-1", f"]C101{GTIN}17291231")
    assert hand.one("SELECT expiry_on FROM layer WHERE warehouse_id = :w") == {"expiry_on": "2029-12-31"}


def test_two_lots_of_one_receipt_are_two_layers(hand: FloorHand) -> None:
    tracked(hand, tracks_lot=1)
    for lot in ("AB12", "CD34"):
        hand.scan("DOCK-1", f"]C101{GTIN}10{lot}")
    assert hand.one("SELECT COUNT(*) AS n FROM layer WHERE warehouse_id = :w") == {"n": 2}


def test_each_serial_comes_once(hand: FloorHand) -> None:
    tracked(hand, tracks_serial=1)
    hand.scan("DOCK-1", "MED")
    assert hand.answer["code"] == "serial_required"
    hand.scan("DOCK-1", f"]C101{GTIN}21S1", 2)
    assert hand.answer["code"] == "bad_quantity"
    hand.scan("DOCK-1", f"]C101{GTIN}21S1")
    assert hand.answer["outcome"] == "applied"
    hand.scan("DOCK-1", f"]C101{GTIN}21S1")
    assert hand.answer["code"] == "serial_known"
    assert hand.on_hand("DOCK-1") == 1


def test_a_lot_the_receipt_announced_need_not_be_scanned(hand: FloorHand) -> None:
    hand.item("MED", tracks_lot=1, tracks_expiry=1)
    announce(hand, "R1", {"sku": "MED", "qty_each": 5, "lot": "L9", "expiry_on": "2030-01-01"})
    open_receipt(hand)
    hand.scan("DOCK-1", "MED", 5)
    layer = hand.one("SELECT lot, expiry_on FROM layer WHERE warehouse_id = :w")
    assert layer == {"lot": "L9", "expiry_on": "2030-01-01"}


# --- announcing ------------------------------------------------------------------------------------------


def test_a_receipt_is_announced_once(hand: FloorHand) -> None:
    hand.item("MUG")
    assert announce(hand) is True
    assert announce(hand) is False
    with pytest.raises(Conflict, match="other content"):
        announce(hand, "R1", {"sku": "MUG", "qty_each": 6})


def test_lines_of_one_item_are_added_up(hand: FloorHand) -> None:
    hand.item("MUG")
    announce(hand, "R1", {"sku": "MUG", "qty_each": 2}, {"sku": "mug", "qty_each": 3})
    assert hand.all("SELECT expected_each FROM receipt_line WHERE warehouse_id = :w") == [{"expected_each": 5}]


@pytest.mark.parametrize(
    ("number", "received_on", "line", "field"),
    [
        ("r 1", "2026-01-05", {"sku": "MUG", "qty_each": 1}, "number"),
        ("R" * 41, "2026-01-05", {"sku": "MUG", "qty_each": 1}, "number"),
        ("R1", "05.01.2026", {"sku": "MUG", "qty_each": 1}, "received_on"),
        ("R1", "2026-01-05", {"sku": "NEW", "qty_each": 1}, "lines[0].sku"),
        ("R1", "2026-01-05", {"sku": "POST", "qty_each": 1}, "lines[0].sku"),
        ("R1", "2026-01-05", {"sku": "MUG", "qty_each": 1, "expiry_on": "soon"}, "lines[0].expiry_on"),
        ("R1", "2026-01-05", {"sku": "MUG", "qty_each": 0}, "lines[0].qty_each"),
        ("R1", "2026-01-05", {"sku": "MUG", "qty_each": -5}, "lines[0].qty_each"),
    ],
)
def test_nonsense_is_refused_and_names_its_field(
    hand: FloorHand, number: str, received_on: str, line: dict[str, Any], field: str
) -> None:
    hand.item("MUG")
    hand.item("POST", is_service=1)
    with pytest.raises(DomainError) as refused:
        announce(hand, number, line, received_on=received_on)
    assert (refused.value.status, refused.value.field) == (422, field)
    assert hand.all("SELECT id FROM receipt WHERE warehouse_id = :w") == []


def test_a_receipt_is_shown_with_how_far_it_has_come(dock: FloorHand) -> None:
    dock.scan("DOCK-1", "MUG", 2)
    shown = dock.write(lambda tx: receipts.describe(tx, "R1"))
    assert shown["lines"] == [
        {"sku": "MUG", "lot": "", "expiry_on": "", "received_on": "", "expected_each": 5, "received_each": 2,
         "damaged_each": 0}
    ]  # fmt: skip
    assert shown["barcode"] == own_code("R", "R1")
    with pytest.raises(NotFound):
        dock.write(lambda tx: receipts.describe(tx, "R2"))


@pytest.mark.parametrize("written", ["20260105", "2026-W02-1"])
def test_a_day_has_one_spelling_or_the_oldest_could_not_be_told(hand: FloorHand, written: str) -> None:
    hand.item("MUG")
    with pytest.raises(DomainError, match="is not a date like 2026-01-31"):
        announce(hand, received_on=written)
    with pytest.raises(DomainError, match="is not a date like 2026-01-31"):
        announce(hand, "R1", {"sku": "MUG", "qty_each": 1, "expiry_on": written})
