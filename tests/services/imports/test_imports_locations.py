"""Locations from a file: codes that can be printed, places that can be told apart, no kind changed under stock."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment.services.imports import ImportReport, import_locations
from simulators.warehouse import WarehouseSize, lay_out, write_locations
from tests.factories import FloorHand

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "locations.csv"
HEADING = "code,kind,access,zone,aisle,bay,level,x_dm,y_dm,capacity_ml,max_weight_g,note"


def imported(hand: FloorHand, *rows: str, heading: str = HEADING) -> ImportReport:
    return import_locations(hand.floor.writer, "\n".join((heading, *rows)).encode())


def location(hand: FloorHand, code: str) -> dict[str, object]:
    return hand.one("SELECT * FROM location WHERE warehouse_id = :w AND code = :code", code=code)


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    first = import_locations(hand.floor.writer, EXAMPLE)
    assert (first.errors, first.exit_code, first.created + first.updated) == ([], 0, 12)
    again = import_locations(hand.floor.writer, EXAMPLE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 12)
    assert location(hand, "A02-03-1")["access"] == "lifo"


def test_a_generated_warehouse_is_imported_whole(hand: FloorHand, tmp_path: Path) -> None:
    path = tmp_path / "locations.csv"
    places = lay_out(WarehouseSize(aisles=2, bays_a_side=2))
    write_locations(path, places)
    report = import_locations(hand.floor.writer, path)
    assert report.errors == []
    assert report.created + report.updated + report.unchanged == len(places)


def test_a_ship_lane_gets_its_carrier(hand: FloorHand) -> None:
    hand.write(lambda tx: tx.run("DELETE FROM carrier WHERE warehouse_id = :w"))
    assert imported(hand, "LANE-DOM,ship_lane,,,,,,,,,,").figures == {"carriers": 3}


def test_cross_aisles_are_kept_and_stay_when_the_next_file_says_nothing(hand: FloorHand) -> None:
    import_locations(hand.floor.writer, EXAMPLE, cross_aisles_y_dm=[300, 0, 600, 300])
    import_locations(hand.floor.writer, EXAMPLE)
    assert hand.one("SELECT cross_aisle_y_dm FROM warehouse WHERE id = :w")["cross_aisle_y_dm"] == "[0, 300, 600]"


def test_codes_are_upper_case_and_must_be_printable_as_a_barcode(hand: FloorHand) -> None:
    report = imported(hand, "b01-01-1,bin,,,B01,01,1,0,0,,,", "B01/02,bin,,,B01,02,1,0,0,,,", "Ü1,bin,,,,,,,,,,")
    assert [(error.row, error.reason) for error in report.errors] == [(3, "bad_code"), (4, "bad_code")]
    assert location(hand, "B01-01-1")["kind"] == "bin"


@pytest.mark.parametrize("code", ["SUPPLIER", "NOWHERE", "CART-0001"])
def test_places_that_are_not_on_the_floor_keep_their_codes(hand: FloorHand, code: str) -> None:
    assert imported(hand, f"{code},bin,,,,,,,,,,").errors[0].reason == "reserved_code"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("X1,shelf,,,,,,,,,,", "kind"),
        ("X1,cart,,,,,,,,,,", "kind"),
        ("X1,virtual,,,,,,,,,,", "kind"),
        ("X1,bin,filo,,,,,,,,,", "access"),
        ("X1,bin,,,,,ground,,,,,", "level"),
        ("X1,bin,,,,,1,1.5,,,,", "x_dm"),
        ("X1,bin,,,,,1,1,1,-5,,", "capacity_ml"),
    ],
)
def test_a_cell_that_cannot_be_taken_names_its_column(hand: FloorHand, row: str, column: str) -> None:
    report = imported(hand, row)
    assert [error.column for error in report.errors] == [column]
    assert location(hand, "X1") is None


def test_two_faces_share_a_point_and_a_level_only_when_their_bay_differs(hand: FloorHand) -> None:
    report = imported(
        hand,
        "B01-01-1,bin,,,B01,01,1,500,10,,,",
        "B01-02-1,bin,,,B01,02,1,500,10,,,",
        "B01-01-2,reserve,,,B01,01,2,500,10,,,",
        "B01-01-1B,bin,,,B01,01,1,500,10,,,",
        "BENCH-9,station,,,B01,01,1,500,10,,,",
    )
    assert [(error.row, error.reason) for error in report.errors] == [(5, "same_place")]
    assert "B01-01-1 (x 500 dm, y 10 dm, level 1)" in report.errors[0].words


def test_a_location_with_stock_keeps_its_kind_and_may_change_otherwise(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.stock("CUP", 3, "A01-01-1")
    refused = imported(hand, "A01-01-1,staging", heading="code,kind")
    assert (refused.errors[0].reason, refused.errors[0].column) == ("location_in_use", "kind")
    assert imported(hand, "A01-01-1,bin,900", heading="code,kind,capacity_ml").updated == 1
    assert location(hand, "A01-01-1")["aisle"] == "01"


@pytest.mark.parametrize("code", ["LANE-DOM", "DOCK-1"])
def test_a_location_that_carriers_or_stations_use_keeps_its_kind(hand: FloorHand, code: str) -> None:
    assert imported(hand, f"{code},bin", heading="code,kind").errors[0].reason == "location_in_use"
