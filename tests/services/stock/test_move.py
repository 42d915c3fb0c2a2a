"""Rules of free moves: what may be carried where, and that no order loses its stock by it."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code, sscc
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.services.stock import ledger, lpns
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, promises

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def bins(hand: FloorHand) -> FloorHand:
    """MUG of January and February in one bin, a quarantine area, somebody who moves at HAND-1."""
    hand.item("MUG")
    hand.item("CUP")
    hand.write(lambda tx: tx.insert("location", code="QUAR-1", kind="quarantine"))
    hand.stock("MUG", 4, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 6, "A01-01-1", "2026-02-01")
    hand.sign_in("HAND-1", "MOVE")
    return hand


def scan(hand: FloorHand, code: str, qty_each: int | None = None) -> str | None:
    return hand.scan("HAND-1", code, qty_each).get("code")


def state(hand: FloorHand) -> str:
    return str(hand.step()["state"])


def why(value: str) -> str:
    return own_code("Y", value.upper().replace("_", "-"))


def lies(hand: FloorHand, location: str) -> list[tuple[str, str, int]]:
    """(day received, status, units) in a location, whatever they lie on."""
    rows = hand.all(
        "SELECT y.received_on, b.status, SUM(b.on_hand_each) AS n FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w AND l.code = :code GROUP BY 1, 2 ORDER BY 1, 2",
        code=location,
    )
    return [(row["received_on"], row["status"], row["n"]) for row in rows]


def last_move(hand: FloorHand) -> dict[str, Any]:
    return hand.one("SELECT * FROM stock_move WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1") or {}


def pallet(hand: FloorHand, location: str, *goods: tuple[str, int, str]) -> str:
    """A pallet with (sku, units, day received) on it."""
    code = hand.write(lambda tx: lpns.make(tx, location))
    for sku, qty_each, day in goods:
        layer = hand.stock(sku, qty_each, location, day)

        def load(tx: Any, layer: int = layer, sku: str = sku, qty_each: int = qty_each) -> None:
            place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
            item = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = :s", s=sku)["id"]
            unit = tx.one("SELECT id FROM lpn WHERE warehouse_id = :w AND code = :c", c=code)["id"]
            move = Move(layer, item, place, place, qty_each, MoveReason.MOVE, to_lpn_id=unit)
            ledger.post(tx, NOBODY, [move])

        hand.write(load)
    return code


# --- from place to place -------------------------------------------------------------------------------------


def test_the_oldest_units_go_into_the_hand_and_from_there_to_another_bin(bins: FloorHand) -> None:
    bins.scan("HAND-1", at("A01-01-1"))
    assert [part["qty_each"] for part in bins.step()["fields"]["content"]] == [4, 6]
    assert scan(bins, "MUG", 3) is None
    fields = bins.step()["fields"]
    assert (state(bins), fields["qty_each"], fields["received_on"]) == ("target", 3, "2026-01-01")
    assert fields["from"]["code"] == "A01-01-1"
    assert lies(bins, "HAND-HAND-1") == [("2026-01-01", "available", 3)]
    assert scan(bins, at("A01-02-1")) is None
    assert state(bins) == "source"
    assert lies(bins, "A01-01-1") == [("2026-01-01", "available", 1), ("2026-02-01", "available", 6)]
    assert lies(bins, "A01-02-1") == [("2026-01-01", "available", 3)]


def test_more_than_the_oldest_layer_holds_takes_of_the_next_one_too(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG", 9)
    assert scan(bins, at("A02-01-1")) is None
    assert lies(bins, "A02-01-1") == [("2026-01-01", "available", 4), ("2026-02-01", "available", 5)]
    assert lies(bins, "A01-01-1") == [("2026-02-01", "available", 1)]


def test_into_a_stack_the_newest_goes_first_so_that_the_oldest_stays_in_reach(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG", 10)
    assert scan(bins, at("P01-01-1")) is None
    assert lies(bins, "P01-01-1") == [("2026-01-01", "available", 4), ("2026-02-01", "available", 6)]


def test_a_part_may_be_set_down_and_the_rest_elsewhere(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG", 4)
    assert scan(bins, at("A01-02-1"), 5) == "too_many"
    assert scan(bins, at("A01-02-1"), 1) is None
    assert (state(bins), bins.step()["fields"]["qty_each"]) == ("target", 3)
    assert scan(bins, at("DOCK-1")) is None
    assert (lies(bins, "A01-02-1"), lies(bins, "DOCK-1")) == (
        [("2026-01-01", "available", 1)], [("2026-01-01", "available", 3)],
    )  # fmt: skip


def test_back_puts_what_is_in_the_hand_to_where_it_was(bins: FloorHand) -> None:
    before = lies(bins, "A01-01-1")
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG", 7)
    assert scan(bins, own_code("C", "BACK")) is None
    assert (state(bins), lies(bins, "A01-01-1"), lies(bins, "HAND-HAND-1")) == ("item", before, [])


@pytest.mark.parametrize(("lane", "filled"), [("F01-01-1", ("2026-01-01", "2026-02-01")),
                                              ("P01-01-1", ("2026-02-01", "2026-01-01"))])  # fmt: skip
def test_what_was_taken_from_a_lane_goes_back_to_its_place_in_it(
    bins: FloorHand, lane: str, filled: tuple[str, str]
) -> None:
    for day in filled:
        bins.stock("CUP", 4, lane, day)
    before = lies(bins, lane)
    scan(bins, at(lane))
    scan(bins, "CUP", 6)
    assert scan(bins, own_code("C", "BACK")) is None
    assert lies(bins, lane) == before


def test_nothing_goes_back_over_older_goods_that_came_in_between(bins: FloorHand) -> None:
    bins.stock("CUP", 4, "P01-01-1", "2026-02-01")
    scan(bins, at("P01-01-1"))
    scan(bins, "CUP", 4)
    bins.stock("CUP", 2, "P01-01-1", "2026-01-01")
    assert scan(bins, own_code("C", "BACK")) == "would_bury_older"
    assert scan(bins, at("A01-03-1")) is None


def test_nobody_goes_home_with_goods_in_the_hand(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG")
    assert scan(bins, own_code("C", "HOME")) == "finish_first"
    assert scan(bins, own_code("C", "LOGOUT")) == "finish_first"
    assert scan(bins, own_code("C", "BACK")) is None
    assert scan(bins, own_code("C", "HOME")) is None


def test_what_orders_were_promised_is_not_carried_away(bins: FloorHand) -> None:
    bins.order("1", ("MUG", 8))
    held = promises(bins, "1")
    scan(bins, at("A01-01-1"))
    assert scan(bins, "MUG", 3) == "short_stock"
    assert bins.answer["expected"] == "2 free, 8 promised or in hand"
    assert scan(bins, "MUG", 2) is None
    assert scan(bins, at("A01-02-1")) is None
    assert promises(bins, "1") == held


def test_an_order_that_waits_gets_what_a_move_brings_into_storage(bins: FloorHand) -> None:
    bins.stock("CUP", 2, "DOCK-1")
    bins.order("1", ("CUP", 2))
    assert bins.order_state("1") == "waiting"
    scan(bins, at("DOCK-1"))
    scan(bins, "CUP", 2)
    assert scan(bins, at("A01-03-1")) is None
    assert bins.order_state("1") == "allocated"


@pytest.mark.parametrize(
    ("place", "code"), [("A01-02-1", "mixed_item"), ("LANE-EU", "wrong_location"), ("CART-0001", "wrong_location")]
)
def test_goods_go_only_where_they_may(bins: FloorHand, place: str, code: str) -> None:
    bins.stock("CUP", 1, "A01-02-1")
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG")
    assert (scan(bins, at(place)), state(bins)) == (code, "target")
    scan(bins, own_code("C", "BACK"))


def test_a_move_does_not_bury_older_goods(bins: FloorHand) -> None:
    bins.stock("MUG", 1, "P01-01-1", "2025-12-01")
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG")
    assert scan(bins, at("P01-01-1")) == "would_bury_older"
    assert scan(bins, own_code("C", "BACK")) is None


def test_what_somebody_puts_away_is_not_taken_from_the_dock(bins: FloorHand) -> None:
    bins.stock("CUP", 5, "DOCK-1")
    bins.sign_in("HAND-2", "PUTAWAY", "1002")
    bins.scan("HAND-2", "CUP")
    scan(bins, at("DOCK-1"))
    assert scan(bins, "CUP", 1) == "short_stock"
    bins.say("HAND-2", "BACK")


def test_more_than_lies_here_is_too_many_and_nothing_is_nothing(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    assert (scan(bins, "MUG", 11), bins.answer["expected"]) == ("too_many", "10")
    assert scan(bins, "CUP") == "nothing_here"


def test_the_sign_of_another_place_goes_on_there(bins: FloorHand) -> None:
    bins.stock("CUP", 1, "A01-02-1")
    scan(bins, at("A01-01-1"))
    assert scan(bins, at("A01-02-1")) is None
    assert bins.step()["fields"]["location"]["code"] == "A01-02-1"


def test_a_case_barcode_counts_its_eaches_and_stays_closed(bins: FloorHand) -> None:
    item = bins.item("TIN")
    bins.write(lambda tx: tx.insert("item_barcode", item_id=item, code="TIN-CASE", uom="case", qty_each=12))
    layer = bins.stock("TIN", 30, "A02-01-1")
    bins.write(lambda tx: tx.run("UPDATE layer SET case_each = 12 WHERE warehouse_id = :w AND id = :id", id=layer))
    place = bins.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A02-03-3'")["id"]
    bins.write(
        lambda tx: ledger.post(tx, NOBODY, [Move(layer, item, 1, place, 24, MoveReason.RECEIVE, sealed_to_each=24)])
    )
    scan(bins, at("A02-03-3"))
    assert scan(bins, "TIN-CASE") is None
    assert scan(bins, at("A02-02-1")) is None
    rows = bins.all(
        "SELECT l.code, b.on_hand_each, b.sealed_each FROM stock_balance b JOIN location l"
        " ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id WHERE b.warehouse_id = :w AND b.item_id = :item"
        " ORDER BY l.code",
        item=item,
    )
    assert [tuple(row.values()) for row in rows] == [("A02-01-1", 30, 0), ("A02-02-1", 12, 12), ("A02-03-3", 12, 12)]


# --- lots and serials ----------------------------------------------------------------------------------------


def test_a_scanned_lot_is_the_one_that_moves(bins: FloorHand) -> None:
    gtin = "05012345678900"
    item = bins.item("SALT")
    bins.write(lambda tx: tx.insert("item_barcode", item_id=item, code=gtin, uom="each", qty_each=1))
    for lot, day in (("AA", "2026-01-01"), ("BB", "2026-02-01")):
        layer = bins.stock("SALT", 5, "A02-01-1", day)
        bins.write(
            lambda tx, layer=layer, lot=lot: tx.run(
                "UPDATE layer SET lot = :lot WHERE warehouse_id = :w AND id = :id", id=layer, lot=lot
            )
        )
    scan(bins, at("A02-01-1"))
    assert scan(bins, f"]C101{gtin}10CC") == "nothing_here"
    assert bins.answer["expected"] == "lot AA or lot BB"
    assert scan(bins, f"]C101{gtin}10BB", 2) is None
    assert bins.step()["fields"]["received_on"] == "2026-02-01"
    assert scan(bins, at("A02-02-1")) is None
    assert lies(bins, "A02-02-1") == [("2026-02-01", "available", 2)]


def test_of_serial_goods_the_one_scanned_moves(bins: FloorHand) -> None:
    gtin = "05012345678917"
    item = bins.item("CAM", tracks_serial=1)
    bins.write(lambda tx: tx.insert("item_barcode", item_id=item, code=gtin, uom="each", qty_each=1))
    for serial, place in (("S1", "A02-01-1"), ("S2", "A02-01-1"), ("S3", "A02-02-1")):
        layer = bins.stock("CAM", 1, place)
        bins.write(
            lambda tx, layer=layer, serial=serial: tx.run(
                "UPDATE layer SET serial = :s WHERE warehouse_id = :w AND id = :id", id=layer, s=serial
            )
        )
    scan(bins, at("A02-01-1"))
    assert scan(bins, "CAM") == "serial_required"
    assert scan(bins, f"]C101{gtin}21S9") == "serial_unknown"
    assert scan(bins, f"]C101{gtin}21S3") == "serial_elsewhere"
    assert bins.answer["expected"] == "A02-02-1"
    assert scan(bins, f"]C101{gtin}21S2") is None
    assert scan(bins, at("A01-03-1")) is None
    assert bins.on_hand("A01-03-1", "CAM") == 1


# --- set aside, freed, adjusted ------------------------------------------------------------------------------


def change(hand: FloorHand, command: str, reason: str, sku: str = "MUG", qty_each: int | None = None) -> str | None:
    for code in (own_code("C", command), why(reason)):
        rejected = scan(hand, code)
        if rejected is not None:
            return rejected
    return scan(hand, sku, qty_each)


@pytest.mark.parametrize(("command", "status"), [("HOLD", "hold"), ("DAMAGED", "damaged")])
def test_goods_set_aside_stay_where_they_lie_and_are_not_for_sale(bins: FloorHand, command: str, status: str) -> None:
    scan(bins, at("A01-01-1"))
    assert change(bins, command, "quality", qty_each=2) is None
    assert lies(bins, "A01-01-1") == [
        ("2026-01-01", "available", 2), ("2026-01-01", status, 2), ("2026-02-01", "available", 6),
    ]  # fmt: skip
    assert (last_move(bins)["why"], last_move(bins)["reason"]) == ("quality", "hold")
    assert (state(bins), bins.step()["fields"]["mode"]) == ("item", "")
    bins.order("1", ("MUG", 9))
    assert sum(units for _, _, units in promises(bins, "1")) == 8


def test_freed_goods_go_to_the_order_that_waits(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    change(bins, "HOLD", "quality", qty_each=4)
    bins.order("1", ("MUG", 8))
    assert sum(units for _, _, units in promises(bins, "1")) == 6
    assert change(bins, "FREE", "quality", qty_each=3) is None
    assert sum(units for _, _, units in promises(bins, "1")) == 8
    assert lies(bins, "A01-01-1")[:2] == [("2026-01-01", "available", 3), ("2026-01-01", "hold", 1)]


def test_promised_goods_are_not_set_aside_behind_the_orders_back(bins: FloorHand) -> None:
    bins.order("1", ("MUG", 10))
    scan(bins, at("A01-01-1"))
    assert change(bins, "DAMAGED", "damaged") == "short_stock"
    assert sum(units for _, _, units in promises(bins, "1")) == 10


def test_found_units_are_of_the_youngest_layer_that_lies_here(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    assert change(bins, "ADJUST", "found", qty_each=2) is None
    assert lies(bins, "A01-01-1") == [("2026-01-01", "available", 4), ("2026-02-01", "available", 8)]
    assert (last_move(bins)["reason"], last_move(bins)["why"]) == ("adjust", "found")


def test_lost_units_are_the_oldest(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    assert change(bins, "ADJUST", "lost", qty_each=5) is None
    assert lies(bins, "A01-01-1") == [("2026-02-01", "available", 5)]
    assert (last_move(bins)["reason"], last_move(bins)["why"]) == ("adjust", "lost")


def test_nothing_is_found_that_was_never_received_nor_among_other_goods(bins: FloorHand) -> None:
    scan(bins, at("A01-02-1"))
    assert change(bins, "ADJUST", "found", "CUP") == "nothing_here"
    bins.stock("CUP", 1, "A01-03-1")
    scan(bins, own_code("C", "BACK"))
    scan(bins, at("A01-01-1"))
    assert change(bins, "ADJUST", "found", "CUP") == "mixed_item"


@pytest.mark.parametrize("command", ["FREE", "ADJUST"])
def test_only_a_supervisor_frees_and_adjusts(bins: FloorHand, command: str) -> None:
    bins.sign_in("HAND-2", "MOVE", "1002")
    bins.scan("HAND-2", at("A01-01-1"))
    assert command not in [expect["label"] for expect in bins.step()["expects"]]
    assert bins.say("HAND-2", command)["code"] == "not_allowed"


def test_a_reason_that_does_not_fit_is_not_taken(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    scan(bins, own_code("C", "HOLD"))
    assert (state(bins), scan(bins, why("theft"))) == ("reason", "reason_required")
    assert scan(bins, own_code("C", "BACK")) is None
    assert (state(bins), bins.step()["fields"]["mode"]) == ("item", "")


def test_into_quarantine_goods_lose_their_sale_and_leave_it_only_when_freed(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG", 2)
    assert scan(bins, at("QUAR-1")) is None
    assert lies(bins, "QUAR-1") == [("2026-01-01", "quarantine", 2)]
    scan(bins, at("QUAR-1"))
    scan(bins, "MUG", 2)
    assert scan(bins, at("A01-02-1")) == "wrong_location"
    scan(bins, own_code("C", "BACK"))
    assert change(bins, "FREE", "quality", qty_each=1) is None
    assert scan(bins, "MUG") is None
    assert scan(bins, at("A01-02-1")) is None
    assert (lies(bins, "A01-02-1"), lies(bins, "QUAR-1")) == (
        [("2026-01-01", "available", 1)], [("2026-01-01", "quarantine", 1)],
    )  # fmt: skip


def test_the_place_scanned_again_means_its_set_aside_goods(bins: FloorHand) -> None:
    scan(bins, at("A01-01-1"))
    change(bins, "DAMAGED", "damaged", qty_each=1)
    for expected in ("available", "damaged"):
        scan(bins, at("A01-01-1"))
        assert bins.step()["fields"]["status"] == expected
    assert scan(bins, "MUG") is None
    assert bins.step()["fields"]["status"] == "damaged"
    assert scan(bins, at("QUAR-1")) is None
    assert lies(bins, "QUAR-1") == [("2026-01-01", "damaged", 1)]


# --- pallets -------------------------------------------------------------------------------------------------


def test_a_pallet_goes_whole_and_keeps_its_label(bins: FloorHand) -> None:
    code = pallet(bins, "DOCK-1", ("MUG", 3, "2026-03-01"), ("CUP", 2, "2026-03-02"))
    assert scan(bins, code) is None
    fields = bins.step()["fields"]
    assert (state(bins), [part["sku"] for part in fields["content"]]) == ("lpn", ["MUG", "CUP"])
    assert scan(bins, at("STAGE-1")) is None
    assert (bins.on_hand("STAGE-1"), bins.on_hand("DOCK-1")) == (5, 0)
    assert bins.write(lambda tx: lpns.describe(tx, code))["location"] == "STAGE-1"


def test_what_stands_on_a_pallet_goes_with_it(bins: FloorHand) -> None:
    below = pallet(bins, "DOCK-1", ("MUG", 3, "2026-03-01"))
    middle = pallet(bins, "DOCK-1", ("CUP", 2, "2026-03-02"))
    top = pallet(bins, "STAGE-1", ("CUP", 1, "2026-03-03"))
    for code, onto in ((top, middle), (middle, below)):
        scan(bins, code)
        assert scan(bins, onto) is None
    assert bins.on_hand("DOCK-1") == 6
    scan(bins, below)
    assert scan(bins, at("STAGE-1")) is None
    assert (bins.on_hand("STAGE-1"), bins.on_hand("DOCK-1")) == (6, 0)
    shown = bins.write(lambda tx: lpns.describe(tx, middle))
    assert (shown["location"], shown["stands_on"], shown["carries"]) == ("STAGE-1", below, [top])


def test_no_pallet_stands_on_itself(bins: FloorHand) -> None:
    below, top = pallet(bins, "DOCK-1", ("MUG", 3, "2026-03-01")), pallet(bins, "DOCK-1", ("CUP", 2, "2026-03-02"))
    scan(bins, top)
    scan(bins, below)
    scan(bins, below)
    assert scan(bins, top) == "wrong_location"
    scan(bins, own_code("C", "BACK"))
    scan(bins, top)
    assert scan(bins, at("DOCK-1")) is None
    assert bins.write(lambda tx: lpns.describe(tx, top))["stands_on"] is None


def test_in_storage_a_pallet_is_opened_and_its_units_can_be_promised(bins: FloorHand) -> None:
    bins.order("1", ("CUP", 3))
    below, top = pallet(bins, "DOCK-1", ("CUP", 2, "2026-03-01")), pallet(bins, "DOCK-1", ("CUP", 2, "2026-04-01"))
    scan(bins, top)
    scan(bins, below)
    scan(bins, below)
    assert scan(bins, at("A02-03-3")) is None
    assert lies(bins, "A02-03-3") == [("2026-03-01", "available", 2), ("2026-04-01", "available", 2)]
    assert sum(units for _, _, units in promises(bins, "1")) == 3
    assert bins.write(lambda tx: lpns.describe(tx, below))["location"] is None


def test_a_mixed_pallet_is_not_opened_into_storage(bins: FloorHand) -> None:
    code = pallet(bins, "DOCK-1", ("MUG", 3, "2026-03-01"), ("CUP", 2, "2026-03-02"))
    scan(bins, code)
    assert scan(bins, at("A02-03-3")) == "mixed_item"
    assert bins.on_hand("DOCK-1") == 5


def test_one_item_is_taken_off_a_pallet_and_back(bins: FloorHand) -> None:
    code = pallet(bins, "DOCK-1", ("MUG", 3, "2026-03-01"), ("CUP", 2, "2026-03-02"))
    scan(bins, code)
    assert scan(bins, "CUP", 2) is None
    assert state(bins) == "target"
    assert scan(bins, own_code("C", "BACK")) is None
    assert (state(bins), len(bins.step()["fields"]["content"])) == ("lpn", 2)
    scan(bins, "CUP", 2)
    assert scan(bins, at("A01-03-1")) is None
    scan(bins, code)
    assert scan(bins, at("A02-03-3")) is None
    assert (bins.on_hand("A01-03-1", "CUP"), bins.on_hand("A02-03-3", "MUG")) == (2, 3)


def test_goods_in_the_hand_go_onto_a_pallet_with_a_fresh_label(bins: FloorHand) -> None:
    code = bins.write(lambda tx: lpns.make(tx))
    scan(bins, at("A01-01-1"))
    scan(bins, "MUG", 4)
    assert scan(bins, code) is None
    shown = bins.write(lambda tx: lpns.describe(tx, code))
    assert (shown["location"], [part["qty_each"] for part in shown["content"]]) == ("DOCK-1", [4])


def test_a_number_nobody_gave_a_pallet_is_unknown(bins: FloorHand) -> None:
    assert scan(bins, sscc("0614141", 999)) == "unknown_lpn"
