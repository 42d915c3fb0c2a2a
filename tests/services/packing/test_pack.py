"""Rules of the bench: a tote opens with a parcel, every unit is verified, from the bin to the truck."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services.ordering import orders
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES, at, cancel, release, say_short, take_tour
from tests.services.packing.a_bench import (
    BENCH,
    at_bench,
    at_lane,
    code_of,
    figures,
    in_lpn,
    label_and_lane,
    parcels_of,
    pick_in_two_totes,
    pick_into,
    place,
    ship,
    stage_mugs_and_cups,
    weigh,
)

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def staged(hand: FloorHand) -> FloorHand:
    """SO-1 (3 MUG, 8 CUP) picked into the first tote, which stands at staging."""
    return stage_mugs_and_cups(hand)


# --- the tote ------------------------------------------------------------------------------------------------


def test_a_tote_at_staging_opens_with_a_parcel(staged: FloorHand) -> None:
    fields = at_bench(staged)["step"]["fields"]
    assert place(staged) == ("pack", "item")
    assert fields["order"] == "SO-1"
    assert fields["tote"] == {"code": "000001", "barcode": TOTES[0]}
    assert (fields["units_left"], fields["lines_left"], fields["totes_left"]) == (11, 2, [])
    assert fields["ship_to"]["name"] == "Jo Buyer"
    assert fields["parcel"]["units"] == 0
    assert len(fields["parcel"]["number"]) == 18
    assert staged.order_state("SO-1") == "packing"
    assert figures(staged, "SO-1") == (11, 11, 0, 0)


def test_the_bench_offers_the_totes_that_wait(staged: FloorHand) -> None:
    staged.sign_in(BENCH, "PACK")
    assert [e["code"] for e in staged.step()["expects"] if e["kind"] == "tote"] == [TOTES[0]]


def test_an_unknown_tote(staged: FloorHand) -> None:
    staged.sign_in(BENCH, "PACK")
    staged.scan(BENCH, own_code("T", "999999"))
    assert code_of(staged) == "unknown_tote"


def test_an_empty_tote(staged: FloorHand) -> None:
    at_bench(staged, 5)
    assert (code_of(staged), place(staged)) == ("tote_empty", ("pack", "tote"))


def test_an_order_still_on_its_walk(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 3)
    hand.scan("HAND-1", TOTES[0])
    at_bench(hand)
    assert code_of(hand) == "order_still_picking"
    assert parcels_of(hand, "SO-1") == []


def test_a_whole_order_that_waits_for_more(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3), policy="ship_complete")
    release(hand)
    take_tour(hand)
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 2)
    say_short(hand)
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", at("STAGE-1"))
    at_bench(hand)
    assert code_of(hand) == "order_still_picking"
    assert hand.order_state("SO-1") == "waiting"


def test_a_cancelled_order(staged: FloorHand) -> None:
    cancel(staged, "SO-1")
    at_bench(staged)
    assert (code_of(staged), place(staged)) == ("order_cancelled", ("pack", "tote"))


def test_an_order_cancelled_before_its_first_unit_is_packed(staged: FloorHand) -> None:
    at_bench(staged)
    cancel(staged, "SO-1")
    staged.scan(BENCH, "MUG")
    assert (code_of(staged), place(staged)) == ("order_cancelled", ("pack", "tote"))
    assert staged.step()["fields"]["notice"] == "order_cancelled"
    assert [parcel["state"] for parcel in parcels_of(staged, "SO-1")] == ["void"]
    assert in_lpn(staged, "000001") == {"MUG": 3, "CUP": 8}


def test_a_tote_of_another_order_while_one_is_open(staged: FloorHand) -> None:
    staged.order("SO-2", ("MUG", 1))
    pick_into(staged, "SO-2", first_tote=3, cart=1)
    at_bench(staged)
    staged.scan(BENCH, TOTES[3])
    assert (code_of(staged), staged.step()["fields"]["order"]) == ("tote_of_another_order", "SO-1")


def test_an_order_is_packed_at_one_bench_at_a_time(staged: FloorHand) -> None:
    staged.write(lambda tx: tx.insert("location", code="BENCH-2", kind="station"))
    staged.write(lambda tx: setting_up.add_station(tx, "BENCH-2", "bench", "BENCH-2", "", "LABEL-1", "SLIP-1"))
    at_bench(staged)
    at_bench(staged, station="BENCH-2")
    assert (code_of(staged), staged.answer["expected"]) == ("tote_in_use", "BENCH-1")
    staged.scan(BENCH, "MUG")
    staged.say(BENCH, "HOME")
    staged.scan("BENCH-2", TOTES[0])
    assert code_of(staged) == "tote_in_use"


def test_another_bench_takes_over_what_was_left_empty(staged: FloorHand) -> None:
    staged.write(lambda tx: tx.insert("location", code="BENCH-2", kind="station"))
    staged.write(lambda tx: setting_up.add_station(tx, "BENCH-2", "bench", "BENCH-2", "", "LABEL-1", "SLIP-1"))
    at_bench(staged)
    staged.say(BENCH, "HOME")
    at_bench(staged, station="BENCH-2")
    staged.scan("BENCH-2", "MUG")
    assert code_of(staged) is None
    assert staged.on_hand("BENCH-2", "MUG") == 1
    assert len(parcels_of(staged, "SO-1")) == 1


def test_a_station_without_a_place_cannot_pack(staged: FloorHand) -> None:
    staged.write(lambda tx: setting_up.add_station(tx, "LOOSE", "bench"))
    at_bench(staged, station="LOOSE")
    assert code_of(staged) == "not_allowed"


def test_a_packer_who_comes_back_goes_on_in_the_same_parcel(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "MUG")
    before = staged.step()["fields"]["parcel"]["number"]
    staged.say(BENCH, "HOME")
    at_bench(staged)
    assert (staged.step()["fields"]["parcel"]["number"], staged.step()["fields"]["units_left"]) == (before, 10)


# --- counting ------------------------------------------------------------------------------------------------


def test_a_scan_takes_one_unit_from_the_tote_into_the_parcel(staged: FloorHand) -> None:
    at_bench(staged)
    fields = staged.scan(BENCH, "MUG")["step"]["fields"]
    number = fields["parcel"]["number"]
    assert (fields["parcel"]["units"], fields["parcel"]["weight_g"], fields["units_left"]) == (1, 200, 10)
    assert in_lpn(staged, number) == {"MUG": 1}
    assert in_lpn(staged, "000001") == {"MUG": 2, "CUP": 8}
    assert staged.on_hand("BENCH-1") == 1
    assert figures(staged, "SO-1") == (11, 11, 1, 0)


def test_a_promise_goes_with_its_unit(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "MUG")
    moved = staged.one(
        "SELECT on_hand_each, allocated_each FROM stock_balance b JOIN lpn p ON p.id = b.lpn_id"
        " AND p.warehouse_id = b.warehouse_id WHERE b.warehouse_id = :w AND p.kind = 'carton'"
    )
    assert moved == {"on_hand_each": 1, "allocated_each": 1}


def test_up_to_three_units_are_scanned_one_by_one(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "MUG", 3)
    assert (code_of(staged), staged.answer["expected"]) == ("scan_each", "1")
    assert figures(staged, "SO-1") == (11, 11, 0, 0)
    assert staged.scan(BENCH, "MUG", 1)["outcome"] == "applied"


def test_more_than_three_may_be_keyed(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 8)
    assert code_of(staged) is None
    assert figures(staged, "SO-1", "CUP") == (8, 8, 8, 0)


def test_the_limit_is_a_setting_of_the_item(staged: FloorHand) -> None:
    staged.write(lambda tx: tx.run("UPDATE item SET scan_each_max = 8 WHERE warehouse_id = :w AND sku = 'CUP'"))
    at_bench(staged)
    staged.scan(BENCH, "CUP", 8)
    assert code_of(staged) == "scan_each"


def test_what_was_keyed_counts_against_what_is_left(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 5)
    staged.scan(BENCH, "CUP", 3)
    assert code_of(staged) == "scan_each"


def test_a_case_barcode_counts_its_units_without_a_key(staged: FloorHand) -> None:
    item_id = staged.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'CUP'")["id"]
    staged.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code="CUP-BOX", uom="inner", qty_each=4))
    at_bench(staged)
    assert staged.scan(BENCH, "CUP-BOX")["step"]["fields"]["parcel"]["units"] == 4
    staged.scan(BENCH, "CUP")
    staged.scan(BENCH, "CUP-BOX")
    assert (code_of(staged), staged.answer["expected"], staged.answer["got"]) == ("too_many", "3", "4")


def test_more_than_the_tote_should_hold(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "CUP", 9)
    assert (code_of(staged), staged.answer["expected"]) == ("too_many", "8")
    for _ in range(3):
        staged.scan(BENCH, "MUG")
    staged.scan(BENCH, "MUG")
    assert code_of(staged) == "wrong_item"
    assert figures(staged, "SO-1") == (11, 11, 3, 0)


def test_an_item_that_is_not_in_the_tote(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "PEN")
    assert (code_of(staged), staged.answer["expected"], staged.answer["got"]) == ("wrong_item", "MUG", "PEN")


def test_something_else_than_an_item(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, at("A01-01-1"))
    assert code_of(staged) == "not_expected"


def test_a_replayed_scan_packs_once(staged: FloorHand) -> None:
    at_bench(staged)
    staged.scan(BENCH, "MUG", scan_id="twice")
    assert staged.scan(BENCH, "MUG", scan_id="twice")["replayed"] is True
    assert figures(staged, "SO-1", "MUG") == (3, 3, 1, 0)


def with_serials(hand: FloorHand, *serials: str) -> None:
    """CAM (GTIN 04006381333931) with these serials, ordered, picked, at staging."""
    item_id = hand.item("CAM", tracks_serial=1)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code="04006381333931", uom="each", qty_each=1))
    for serial in serials:
        layer_id = hand.stock("CAM", 1)
        hand.write(
            lambda tx, layer_id=layer_id, serial=serial: tx.run(
                "UPDATE layer SET serial = :s WHERE warehouse_id = :w AND id = :id", s=serial, id=layer_id
            )
        )
    hand.order("SO-1", ("CAM", len(serials)))
    pick_into(hand)


def serial(text: str) -> str:
    """The GS1 code of one CAM."""
    return f"]d2010400638133393121{text}"


def test_serials_are_scanned_unit_by_unit(hand: FloorHand) -> None:
    with_serials(hand, "S1", "S2", "S3", "S4")
    at_bench(hand)
    hand.scan(BENCH, serial("S3"))
    assert code_of(hand) is None
    left = hand.all(
        "SELECT y.serial FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id WHERE b.warehouse_id = :w"
        " AND p.code = '000001' ORDER BY y.serial"
    )
    assert [row["serial"] for row in left] == ["S1", "S2", "S4"]


@pytest.mark.parametrize(
    ("code", "keyed", "rejection"),
    [
        ("CAM", None, "serial_required"),
        ("CAM", 4, "scan_each"),
        (serial("S1"), 2, "scan_each"),
        (serial("S9"), None, "wrong_item"),
    ],
)
def test_a_serial_item_wants_its_own_serial(hand: FloorHand, code: str, keyed: int | None, rejection: str) -> None:
    with_serials(hand, "S1", "S2", "S3", "S4")
    at_bench(hand)
    hand.scan(BENCH, code, keyed)
    assert code_of(hand) == rejection
    assert figures(hand, "SO-1") == (4, 4, 0, 0)


def test_a_unit_taken_in_without_its_number_is_packed_by_one_nobody_knows(hand: FloorHand) -> None:
    with_serials(hand, "S1")
    hand.item("TV", tracks_serial=1)
    hand.stock("TV", 1)
    with_gtin(hand, "TV", "04006381333948")
    hand.order("SO-2", ("TV", 1))
    pick_into(hand, first_tote=1)
    hand.sign_in(BENCH, "PACK")
    hand.scan(BENCH, TOTES[1])
    hand.scan(BENCH, "]d2010400638133394821X7")
    assert code_of(hand) is None


def test_a_lot_that_is_not_in_the_tote_is_the_wrong_goods(hand: FloorHand) -> None:
    hand.item("JAM", tracks_lot=1)
    with_gtin(hand, "JAM", "04006381333931")
    layer = hand.stock("JAM", 3)
    hand.write(lambda tx: tx.run("UPDATE layer SET lot = 'L1' WHERE warehouse_id = :w AND id = :id", id=layer))
    hand.order("SO-1", ("JAM", 3))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "]d2010400638133393110L2")
    assert (hand.answer["code"], hand.answer["expected"], hand.answer["got"]) == ("wrong_item", "lot L1", "lot L2")
    hand.scan(BENCH, "]d2010400638133393110L1")
    assert code_of(hand) is None
    hand.scan(BENCH, "JAM")
    assert figures(hand, "SO-1", "JAM") == (3, 3, 2, 0)


def with_gtin(hand: FloorHand, sku: str, gtin: str) -> None:
    """The item answers to a GTIN too."""
    item_id = hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = :sku", sku=sku)["id"]
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=gtin, uom="each", qty_each=1))


# --- the whole way -------------------------------------------------------------------------------------------


def test_an_order_of_several_totes_and_parcels_from_the_bin_to_the_truck(hand: FloorHand) -> None:
    hand.item("SAW")
    hand.item("MUG")
    hand.stock("SAW", 5, "A01-01-1")
    hand.stock("MUG", 9, "A02-01-1", "2026-01-02")
    hand.order("SO-1", ("SAW", 4), ("MUG", 7), ("MUG", 2), country="FR")
    pick_in_two_totes(hand)
    weigh(hand, "SAW", 10_000)
    before = hand.on_hand("STAGE-1")
    assert before == 13
    at_bench(hand)
    numbers = []
    while place(hand) != ("pack", "tote"):
        if hand.step()["state"] == "label":
            numbers.append(label_and_lane(hand, at("LANE-EU")))
            continue
        fields: dict[str, Any] = hand.step()["fields"]
        units = fields["next"]["qty_each"]
        units = units if fields["fits_each"] is None else min(units, fields["fits_each"])
        keyed = units if fields["next"]["qty_each"] > fields["scan_each_max"] and units > 1 else None
        hand.scan(BENCH, fields["next"]["barcode"] if units else own_code("C", "CLOSE"), keyed)
        assert code_of(hand) is None, hand.answer
    assert len(set(numbers)) == len(parcels_of(hand, "SO-1")) == 2
    assert (hand.on_hand("STAGE-1"), hand.on_hand("BENCH-1"), hand.on_hand("LANE-EU")) == (0, 0, 13)
    assert figures(hand, "SO-1") == (13, 13, 13, 0)
    at_lane(hand, at("LANE-EU"))
    ship(hand, *numbers)
    assert (hand.on_hand("LANE-EU"), hand.on_hand("DOCK-1")) == (0, 0)
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("shipped", (13, 13, 13, 13))
    described = hand.write(lambda tx: orders.describe(tx, "SO-1"))
    assert [line["shipped_each"] for line in described["lines"]] == [4, 7, 2]
    assert {parcel["state"] for parcel in described["parcels"]} == {"shipped"}


def test_a_service_line_is_never_packed(hand: FloorHand) -> None:
    hand.item("POST", is_service=1)
    hand.item("MUG")
    hand.stock("MUG", 1)
    hand.order("SO-1", ("POST", 1))
    assert hand.order_state("SO-1") == "shipped"
    hand.order("SO-2", ("MUG", 1), ("POST", 1))
    pick_into(hand, "SO-2")
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    label_and_lane(hand)
    assert hand.order_state("SO-2") == "packed"


def test_an_order_of_many_lines_shows_a_screenful(hand: FloorHand) -> None:
    for place_no in range(1, 31):
        hand.item(f"ITEM-{place_no:02d}")
        hand.stock(f"ITEM-{place_no:02d}", 1)
    hand.order("SO-1", *((f"ITEM-{place_no:02d}", 1) for place_no in range(1, 31)))
    pick_into(hand)
    step = at_bench(hand)["step"]
    assert step["fields"]["lines_left"] == 30
    assert 10 < len(step["expects"]) <= 20


def test_a_held_order_is_not_packed(staged: FloorHand) -> None:
    staged.write(lambda tx: tx.run("UPDATE sales_order SET hold_reason = 'by_hand' WHERE warehouse_id = :w"))
    at_bench(staged)
    assert code_of(staged) == "order_on_hold"
    staged.write(lambda tx: orders.release_hold(tx, NOBODY, "SO-1"))
