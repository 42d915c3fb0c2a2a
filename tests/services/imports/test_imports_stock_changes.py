"""Adjustments and transfers from files: each carried out once, what is wrong told row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment.services.imports import (
    ImportReport,
    import_adjustments,
    import_items,
    import_locations,
    import_stock,
    import_transfers,
)
from fulfillment.services.transferring import transfers
from tests.factories import FloorHand
from tests.services.acts import wrong

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
HEADING = "reference,location,sku,qty,why,change,lot,status"


@pytest.fixture
def bins(hand: FloorHand) -> FloorHand:
    """Ten MUG in a bin."""
    hand.item("MUG")
    hand.stock("MUG", 10, "A01-01-1")
    return hand


@pytest.fixture
def as_documented(hand: FloorHand) -> FloorHand:
    """The floor of docs/examples."""
    import_locations(hand.floor.writer, EXAMPLES / "locations.csv")
    import_items(hand.floor.writer, EXAMPLES / "items.csv")
    import_stock(hand.floor.writer, EXAMPLES / "stock.csv")
    return hand


def adjusted(hand: FloorHand, *rows: str) -> ImportReport:
    return import_adjustments(hand.floor.writer, "\n".join((HEADING, *rows)).encode())


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    return sorted((error.row, error.column, error.reason) for error in report.errors)


def test_the_example_of_adjustments_is_carried_out_once(as_documented: FloorHand) -> None:
    first = import_adjustments(as_documented.floor.writer, EXAMPLES / "adjustments.csv")
    assert (first.created, first.errors, first.figures) == (5, [], {"units_each": 10})
    again = import_adjustments(as_documented.floor.writer, EXAMPLES / "adjustments.csv")
    assert (again.created, again.unchanged, again.errors) == (0, 5, [])
    assert as_documented.on_hand("A01-02-1", "MUG-BLUE") == 45
    assert as_documented.on_hand("A01-02-1", "MUG-BLUE", "damaged") == 2
    assert as_documented.on_hand("A01-01-1", "TEA-250", "hold") == 4
    assert as_documented.on_hand("A02-01-1", "LANTERN") == 25
    assert wrong(as_documented) == []


def test_the_example_of_transfers_is_asked_for_once(as_documented: FloorHand) -> None:
    first = import_transfers(as_documented.floor.writer, EXAMPLES / "transfers.csv")
    assert (first.created, first.errors, first.figures) == (2, [], {"lines": 3, "units_each": 74})
    again = import_transfers(as_documented.floor.writer, EXAMPLES / "transfers.csv")
    assert (again.created, again.unchanged, again.errors) == (0, 2, [])


def test_wrong_rows_are_told_and_the_others_stand(bins: FloorHand) -> None:
    report = adjusted(
        bins, "1,A01-01-1,MUG,2,lost,,,", "2,A99,MUG,1,lost,,,", "3,A01-01-1,POT,1,lost,,,",
        "4,A01-01-1,MUG,1,bored,,,", "5,A01-01-1,MUG,50,lost,,,", "6,A01-01-1,MUG,1,theft,hold,,",
        "7,A01-01-1,MUG,1,lost,melt,,", "8,A01-01-1,MUG,1,lost,,,good", "1,A01-01-1,MUG,2,lost,,,",
    )  # fmt: skip
    assert reasons(report) == [
        (3, "location", "unknown_location"), (4, "sku", "unknown_sku"), (5, "why", "bad_reason"),
        (6, "qty", "too_many"), (7, "why", "reason_required"), (8, "change", "bad_change"),
        (9, "status", "bad_status"), (10, "reference", "duplicate_row"),
    ]  # fmt: skip
    assert (report.created, bins.on_hand("A01-01-1")) == (1, 8)


def test_a_reference_used_for_something_else_is_an_error(bins: FloorHand) -> None:
    adjusted(bins, "1,A01-01-1,MUG,2,lost,,,")
    assert reasons(adjusted(bins, "1,A01-01-1,MUG,3,lost,,,")) == [(2, "reference", "reference_exists")]
    assert bins.on_hand("A01-01-1") == 8


def test_one_wrong_row_keeps_its_transfer_out(bins: FloorHand) -> None:
    rows = ("transfer,to_warehouse,sku,qty", "A,NORTH,MUG,2", "A,NORTH,POT,1", "B,NORTH,MUG,x", "B,NORTH,MUG,1",
            "C,NORTH,MUG,1", "C,SOUTH,MUG,1", "D,MAIN,MUG,1", "e,NORTH,MUG,1")  # fmt: skip
    report = import_transfers(bins.floor.writer, "\n".join(rows).encode())
    assert reasons(report) == [
        (3, "sku", "unknown_sku"), (4, "qty", "not_a_number"), (7, "to_warehouse", "two_warehouses"),
        (8, "transfer", "bad_warehouse"),
    ]  # fmt: skip
    assert (report.created, report.rejected) == (1, 7)
    assert [row["number"] for row in bins.write(transfers.listed)] == ["E"]
