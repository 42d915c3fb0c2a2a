"""Rules of counting goods unit by unit: each serial is one unit, and a unit is in one place."""

from __future__ import annotations

import itertools

import pytest

from fulfillment.domain.codes import gs1_check_digit, own_code
from fulfillment.domain.reasons import Conflict, MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.counting import count_lists, count_results
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import allocate, ledger
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, demand, promises, release

BODY = "0950600013435"
GTIN = BODY + gs1_check_digit(BODY)
_numbers = itertools.count(1)


pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def shelf(hand: FloorHand) -> FloorHand:
    """Cameras S1 and S2 in A01-01-1, S3 in A01-02-1, and Bob who counts at HAND-2."""
    hand.item("CAM", tracks_serial=1)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=1, code=GTIN, uom="each", qty_each=1))
    for serial, place in (("S1", "A01-01-1"), ("S2", "A01-01-1"), ("S3", "A01-02-1")):
        unit(hand, serial, place)
    hand.scan("HAND-2", own_code("B", "1002"))
    hand.say("HAND-2", "COUNT")
    return hand


def unit(hand: FloorHand, serial: str, location: str) -> None:
    def work(tx: Tx) -> None:
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
        receipt = tx.insert(
            "receipt", number=f"SER-{next(_numbers)}", state="closed", received_on="2026-01-01", content_sha256="",
            created_at_ms=0,
        )  # fmt: skip
        layer = tx.insert(
            "layer", item_id=1, receipt_id=receipt, received_on="2026-01-01", serial=serial, created_at_ms=0
        )
        ledger.post(tx, NOBODY, [Move(layer, 1, 1, place, 1, MoveReason.RECEIVE)])
        allocate.allocate_waiting(tx, NOBODY, 1)

    hand.write(work)


def read(hand: FloorHand, serial: str, qty_each: int | None = None) -> str | None:
    return hand.scan("HAND-2", f"]d201{GTIN}21{serial}", qty_each).get("code")


def count(hand: FloorHand, location: str, *serials: str) -> str:
    assert hand.scan("HAND-2", at(location))["outcome"] == "applied"
    for serial in serials:
        assert read(hand, serial) is None
    return hand.say("HAND-2", "DONE")["step"]["fields"]["notice"]


def where(hand: FloorHand) -> dict[str, str]:
    rows = hand.all(
        "SELECT y.serial, l.code FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id"
        " AND y.id = b.layer_id JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w ORDER BY y.serial"
    )
    return {row["serial"]: row["code"] for row in rows}


def test_each_serial_is_read_and_a_serial_read_twice_is_one_unit(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    for serial in ("S1", "S2", "S1"):
        assert read(shelf, serial) is None
    assert shelf.step()["fields"]["counted"] == [{"sku": "CAM", "qty_each": 2, "serials": ["S1", "S2"]}]
    assert shelf.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "agreed"


def test_a_serial_item_is_not_counted_by_number(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "CAM", 2)
    assert shelf.answer["code"] == "serial_required"
    assert read(shelf, "S1", 2) == "bad_quantity"
    shelf.say("HAND-2", "BACK")


def test_a_serial_nobody_received_is_not_counted(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    assert read(shelf, "S9") == "serial_unknown"
    shelf.say("HAND-2", "BACK")


def test_a_serial_that_is_not_there_is_written_off_and_named(shelf: FloorHand) -> None:
    assert count(shelf, "A01-01-1", "S2") == "posted"
    assert where(shelf) == {"S2": "A01-01-1", "S3": "A01-02-1"}
    result = shelf.write(lambda tx: count_lists.describe(tx, 1))
    assert (result["serials_missing"], result["serials_found"], result["counted_each"]) == (["S1"], [], 1)


def test_a_unit_written_off_and_met_again_is_back(shelf: FloorHand) -> None:
    count(shelf, "A01-01-1", "S2")
    assert count(shelf, "A02-01-1", "S1") == "posted"
    assert where(shelf) == {"S1": "A02-01-1", "S2": "A01-01-1", "S3": "A01-02-1"}


def test_a_unit_the_book_has_in_another_bin_comes_here_and_its_bin_is_counted(shelf: FloorHand) -> None:
    assert count(shelf, "A01-01-1", "S1", "S2", "S3") == "posted"
    assert where(shelf) == {"S1": "A01-01-1", "S2": "A01-01-1", "S3": "A01-01-1"}
    assert shelf.step()["fields"]["next"]["code"] == "A01-02-1"


def test_one_unit_for_another_is_a_difference_though_the_number_agrees(shelf: FloorHand) -> None:
    assert count(shelf, "A01-01-1", "S1", "S3") == "posted"
    assert where(shelf) == {"S1": "A01-01-1", "S3": "A01-01-1"}


def test_a_difference_in_serials_is_counted_again_and_approved_like_any_other(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, 1, 1))
    assert count(shelf, "A01-01-1", "S1", "S3") == "recount"
    assert where(shelf) == {"S1": "A01-01-1", "S2": "A01-01-1", "S3": "A01-02-1"}
    assert shelf.on_hand("A01-01-1", status="hold") == 1
    shelf.write(lambda tx: setting_up.add_operator(tx, "1003", "Cyd", "picker"))
    shelf.scan("HAND-2", own_code("B", "1003"))
    assert count(shelf, "A01-01-1", "S1", "S3") == "pending"
    shelf.write(lambda tx: count_results.post(tx, NOBODY, 2, "data_error"))
    assert where(shelf) == {"S1": "A01-01-1", "S3": "A01-01-1"}


def test_a_second_count_that_meets_the_unit_frees_it(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, 1, None))
    count(shelf, "A01-01-1")
    assert shelf.on_hand("A01-01-1", status="hold") == 2
    shelf.scan("HAND-2", own_code("B", "1001"))
    assert count(shelf, "A01-01-1", "S1", "S2") == "agreed"
    assert shelf.on_hand("A01-01-1") == 2


def test_a_refused_count_frees_the_unit(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, 1, None))
    count(shelf, "A01-01-1")
    shelf.write(lambda tx: count_results.refuse(tx, NOBODY, 1))
    assert shelf.on_hand("A01-01-1") == 2


@pytest.mark.parametrize("place", ["STAGE-1", "DOCK-1", "BENCH-1"])
def test_a_unit_the_book_has_outside_storage_cannot_lie_in_a_bin(shelf: FloorHand, place: str) -> None:
    carry_off(shelf, "S1", place)
    shelf.scan("HAND-2", at("A02-01-1"))
    assert read(shelf, "S1") == "serial_elsewhere"
    assert shelf.answer["expected"] == place
    shelf.say("HAND-2", "BACK")


def carry_off(hand: FloorHand, serial: str, location: str) -> None:
    """The unit, promised to nobody, leaves storage."""

    def work(tx: Tx) -> None:
        row = tx.one(
            "SELECT b.location_id, b.layer_id FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id"
            " AND y.id = b.layer_id WHERE b.warehouse_id = :w AND y.serial = :s",
            s=serial,
        )
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
        ledger.post(tx, NOBODY, [Move(row["layer_id"], 1, row["location_id"], place, 1, MoveReason.MOVE)])

    hand.write(work)


def test_a_promise_follows_when_its_unit_turns_up_elsewhere(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("CAM", 3))
    release(shelf)
    count(shelf, "A02-01-1", "S3")
    assert demand(shelf, "SO-1")["allocated"] == 3
    assert [(place, units) for place, _, units in promises(shelf, "SO-1")] == [
        ("A01-01-1", 1), ("A01-01-1", 1), ("A02-01-1", 1),
    ]  # fmt: skip
    assert where(shelf)["S3"] == "A02-01-1"


def test_a_promise_falls_with_its_unit(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("CAM", 3))
    count(shelf, "A01-02-1")
    assert demand(shelf, "SO-1")["allocated"] == 2


def test_a_serial_that_left_since_cannot_be_brought_here(shelf: FloorHand) -> None:
    shelf.scan("HAND-2", at("A01-01-1"))
    for serial in ("S1", "S2", "S3"):
        read(shelf, serial)
    carry_off(shelf, "S3", "STAGE-1")
    assert shelf.say("HAND-2", "DONE")["code"] == "serial_elsewhere"
    shelf.say("HAND-2", "BACK")
    assert where(shelf)["S3"] == "STAGE-1"


def test_a_decision_on_a_serial_that_left_since_is_refused(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 1))
    assert count(shelf, "A01-01-1", "S1", "S3") == "pending"
    carry_off(shelf, "S3", "STAGE-1")
    with pytest.raises(Conflict) as caught:
        shelf.write(lambda tx: count_results.post(tx, NOBODY, 1))
    assert caught.value.code == "serial_elsewhere"


def test_units_that_came_before_serials_were_tracked_are_counted_by_number(shelf: FloorHand) -> None:
    shelf.stock("CAM", 4, "A01-01-1")
    shelf.scan("HAND-2", at("A01-01-1"))
    assert read(shelf, "S1") is None
    assert read(shelf, "S2") is None
    shelf.scan("HAND-2", "CAM", 3)
    assert shelf.step()["fields"]["counted"][0]["qty_each"] == 5
    assert shelf.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "posted"
    assert shelf.on_hand("A01-01-1") == 5
