"""Carton types from a file, told row by row, the same twice; and what items say of how they are packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment.services.imports import ImportReport, import_carton_types, import_items
from fulfillment.services.packing import cartons
from tests.factories import FloorHand

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "carton-types.csv"
HEADING = "code,length_mm,width_mm,height_mm,max_weight_g"


def types(hand: FloorHand, *rows: str, heading: str = HEADING) -> ImportReport:
    return import_carton_types(hand.floor.writer, "\n".join((heading, *rows)).encode())


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    first = import_carton_types(hand.floor.writer, EXAMPLE)
    assert (first.created, first.errors, first.exit_code) == (4, [], 0)
    again = import_carton_types(hand.floor.writer, EXAMPLE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 4)


def test_a_column_the_file_does_not_have_leaves_the_type_as_it_is(hand: FloorHand) -> None:
    assert types(hand, "XL,0", heading="code,is_active").updated == 1
    kept = {row["code"]: row for row in hand.write(cartons.types)}
    assert (kept["XL"]["is_active"], kept["XL"]["length_mm"]) == (False, 600)
    assert "XL" not in [row["code"] for row in hand.write(lambda tx: cartons.types(tx, active_only=True))]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("NEW,0,10,10,10", "length_mm"),
        ("NEW,10001,10,10,10", "length_mm"),
        ("NEW,10,10,,10", "height_mm"),
        ("NEW,10,10,10,heavy", "max_weight_g"),
        ("N_W,10,10,10,10", "code"),
        (",10,10,10,10", "code"),
    ],
)
def test_a_row_that_cannot_be_is_rejected_with_its_column(hand: FloorHand, row: str, column: str) -> None:
    report = types(hand, row, "GOOD,10,10,10,10")
    assert [(error.row, error.column) for error in report.errors] == [(2, column)]
    assert report.created == 1


def test_a_type_named_twice_is_rejected_the_second_time(hand: FloorHand) -> None:
    report = types(hand, "NEW,10,10,10,10", "new,20,20,20,20")
    assert (report.created, [error.reason for error in report.errors]) == (1, ["duplicate_row"])


def test_items_say_how_they_are_packed(hand: FloorHand) -> None:
    heading = "sku,is_fragile,keeps_upright,max_load_g"
    report = import_items(hand.floor.writer, f"{heading}\nVASE,1,1,\nTRAY,0,0,2500\n".encode())
    assert (report.created, report.errors) == (2, [])
    rows = hand.all("SELECT sku, is_fragile, keeps_upright, max_load_g FROM item ORDER BY sku")
    assert [tuple(row.values()) for row in rows] == [("TRAY", 0, 0, 2500), ("VASE", 1, 1, None)]
    assert import_items(hand.floor.writer, f"{heading}\nVASE,1,1,\n".encode()).unchanged == 1
