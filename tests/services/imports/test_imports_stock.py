"""Opening stock from a file: layers in the ledger under the rules of putaway, no row ever twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fulfillment.services.imports import ImportReport, Options, import_items, import_locations, import_stock
from tests.factories import FloorHand

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
HEADING = "sku,location,qty,received_on,lot,expiry_on,serial"
TODAY = date(2026, 6, 1)


def imported(hand: FloorHand, *rows: str, heading: str = HEADING) -> ImportReport:
    return import_stock(hand.floor.writer, "\n".join((heading, *rows)).encode(), today=TODAY)


def layers(hand: FloorHand) -> list[tuple[str, str, int]]:
    rows = hand.all(
        "SELECT l.code, y.received_on, b.on_hand_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " ORDER BY l.code, y.received_on"
    )
    return [tuple(row.values()) for row in rows]  # type: ignore[misc]


def reasons(report: ImportReport) -> list[tuple[int, str]]:
    return sorted((error.row, error.reason) for error in report.errors)


def test_the_example_is_imported_on_its_own_floor_and_only_once(hand: FloorHand) -> None:
    import_locations(hand.floor.writer, EXAMPLES / "locations.csv")
    import_items(hand.floor.writer, EXAMPLES / "items.csv")
    first = import_stock(hand.floor.writer, EXAMPLES / "stock.csv", today=TODAY)
    assert (first.created, first.errors, first.exit_code) == (7, [], 0)
    assert first.figures == {"receipts": 2, "layers": 7, "units_each": 254, "orders_served": 0}
    again = import_stock(hand.floor.writer, EXAMPLES / "stock.csv", today=TODAY)
    assert (again.created, again.unchanged, again.exit_code) == (0, 7, 0)
    assert sum(qty for _, _, qty in layers(hand)) == 254
    numbers = hand.all("SELECT number, state FROM receipt WHERE warehouse_id = :w ORDER BY number")
    assert [row["number"][:15] for row in numbers] == ["STOCK-20260112-", "STOCK-20260209-"]
    assert {row["state"] for row in numbers} == {"closed"}


def test_a_corrected_file_takes_only_what_was_not_taken(hand: FloorHand) -> None:
    hand.item("CUP")
    wrong = imported(hand, "CUP,A01-01-1,5,2026-01-01,,,", "POT,A01-02-1,5,2026-01-01,,,")
    assert reasons(wrong) == [(3, "unknown_sku")]
    hand.item("POT")
    right = imported(hand, "cup,a01-01-1,5,2026-01-01,,,", "POT,A01-02-1,5,2026-01-01,,,")
    assert (right.created, right.unchanged, right.exit_code) == (1, 1, 0)
    assert layers(hand) == [("A01-01-1", "2026-01-01", 5), ("A01-02-1", "2026-01-01", 5)]


def test_another_quantity_for_a_row_taken_before_is_an_error(hand: FloorHand) -> None:
    hand.item("CUP")
    imported(hand, "CUP,A01-01-1,5,2026-01-01,,,")
    report = imported(hand, "CUP,A01-01-1,6,2026-01-01,,,")
    assert reasons(report) == [(2, "stock_differs")]
    assert layers(hand) == [("A01-01-1", "2026-01-01", 5)]


def test_goods_of_one_date_in_two_places_are_one_layer(hand: FloorHand) -> None:
    hand.item("CUP")
    report = imported(hand, "CUP,A01-01-1,5,2026-01-01,,,", "CUP,A02-03-3,20,2026-01-01,,,")
    assert report.figures["layers"] == 1
    assert hand.one("SELECT expected_each, received_each FROM receipt_line WHERE warehouse_id = :w") == {
        "expected_each": 25,
        "received_each": 25,
    }


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("CUP,NOWHERE-1,5,2026-01-01,,,", "location", "unknown_location"),
        ("CUP,DOCK-1,5,2026-01-01,,,", "location", "not_storage"),
        ("CUP,A02-01-1,5,2026-01-01,,,", "location", "mixed_item"),
        ("CUP,A01-01-1,0,2026-01-01,,,", "qty", "out_of_range"),
        ("CUP,A01-01-1,-5,2026-01-01,,,", "qty", "out_of_range"),
        ("CUP,A01-01-1,5000000,2026-01-01,,,", "qty", "out_of_range"),
        ("CUP,A01-01-1,some,2026-01-01,,,", "qty", "not_a_number"),
        ("CUP,A01-01-1,5,01/02/2026,,,", "received_on", "bad_date"),
        ("CUP,A01-01-1,5,2026-07-01,,,", "received_on", "bad_date"),
        ("CUP,A01-01-1,5,,,,", "received_on", "bad_date"),
        ("CUP,A01-01-1,1,2026-01-01,,,S1", "serial", "serial_not_tracked"),
        ("POST,A01-01-1,1,2026-01-01,,,", "sku", "service_item"),
        ("LOTTED,A01-01-1,1,2026-01-01,,2027-01-01,", "lot", "lot_required"),
        ("LOTTED,A01-01-1,1,2026-01-01,L1,,", "expiry_on", "expiry_required"),
        ("SCALE,A01-01-1,1,2026-01-01,,,", "serial", "serial_required"),
        ("SCALE,A01-01-1,2,2026-01-01,,,S1", "qty", "bad_quantity"),
    ],
)
def test_a_row_that_breaks_a_rule_moves_nothing(hand: FloorHand, row: str, column: str, reason: str) -> None:
    hand.item("CUP")
    hand.item("POT")
    hand.stock("POT", 1, "A02-01-1")
    hand.item("POST", is_service=1)
    hand.item("LOTTED", tracks_lot=1, tracks_expiry=1, rotation="fefo")
    hand.item("SCALE", tracks_serial=1)
    report = imported(hand, row)
    assert [(error.row, error.column, error.reason) for error in report.errors] == [(2, column, reason)]
    assert len(layers(hand)) == 1
    assert hand.one("SELECT COUNT(*) AS n FROM receipt WHERE warehouse_id = :w")["n"] == 1, "only the one before"


def test_a_full_location_says_how_much_fits(hand: FloorHand) -> None:
    hand.item("CUP")  # 1 litre each
    import_locations(hand.floor.writer, b"code,kind,capacity_ml\nA01-01-1,bin,4000\n")
    report = imported(hand, "CUP,A01-01-1,5,2026-01-01,,,")
    assert (report.errors[0].column, report.errors[0].reason) == ("qty", "location_full")
    assert report.errors[0].words == "A01-01-1 has room for 4"


@pytest.mark.parametrize("place", ["F01-01-1", "P01-01-1"])
def test_flow_racks_and_stacks_are_filled_by_age_whatever_the_order_of_the_rows(hand: FloorHand, place: str) -> None:
    hand.item("CUP")
    report = imported(hand, *(f"CUP,{place},1,2026-0{month}-01,,," for month in (2, 3, 1)))
    assert report.errors == []
    assert len(layers(hand)) == 3


def test_newer_goods_do_not_go_before_older_ones_in_a_stack(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.stock("CUP", 5, "P01-01-1", "2026-01-01")
    assert reasons(imported(hand, "CUP,P01-01-1,1,2026-02-01,,,")) == [(2, "would_bury_older")]


def test_a_serial_is_known_once(hand: FloorHand) -> None:
    hand.item("SCALE", tracks_serial=1)
    imported(hand, "SCALE,A01-01-1,1,2026-01-01,,,S1", "SCALE,A01-01-1,1,2026-01-01,,,S2")
    report = imported(hand, "SCALE,A01-01-1,1,2026-02-01,,,S1", "SCALE,A01-01-1,1,2026-01-01,,,S2")
    assert (reasons(report), report.unchanged) == ([(2, "serial_known")], 1)


def test_waiting_orders_get_the_oldest_of_the_new_stock(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.order("1", ("CUP", 4))
    report = imported(hand, "CUP,A01-01-1,9,2026-03-01,,,", "CUP,A01-02-1,9,2026-01-01,,,")
    assert (report.figures["orders_served"], hand.order_state("1")) == (1, "allocated")
    promised = hand.one(
        "SELECT l.code, a.qty_each FROM allocation a JOIN location l ON l.warehouse_id = a.warehouse_id"
        " AND l.id = a.location_id WHERE a.warehouse_id = :w"
    )
    assert promised == {"code": "A01-02-1", "qty_each": 4}


def test_one_row_twice_in_a_file_is_an_error(hand: FloorHand) -> None:
    hand.item("CUP")
    report = imported(hand, "CUP,A01-01-1,5,2026-01-01,,,", "cup,A01-01-1,5,2026-01-01,,,")
    assert (reasons(report), report.created) == ([(3, "duplicate_row")], 1)


def test_other_headings_are_mapped(hand: FloorHand) -> None:
    hand.item("CUP")
    report = import_stock(
        hand.floor.writer, b"article;bin;on hand;since\nCUP;A01-01-1;5;2026-01-01\n",
        Options({"sku": "article", "location": "bin", "qty": "on hand", "received_on": "since"}), TODAY,
    )  # fmt: skip
    assert (report.created, report.exit_code) == (1, 0)
