"""Zones from a file, and what items and locations say of policy and reach: told row by row, the same twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fulfillment.services.imports import ImportReport, import_items, import_locations, import_zones
from tests.factories import FloorHand

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "zones.csv"


def zones(hand: FloorHand, *rows: str, heading: str = "code,rotation,tolerance_days,storage_classes") -> ImportReport:
    return import_zones(hand.floor.writer, "\n".join((heading, *rows)).encode())


def items(hand: FloorHand, *rows: str, heading: str = "sku,rotation,tolerance_days,min_life_days,zone") -> ImportReport:
    return import_items(hand.floor.writer, "\n".join((heading, *rows)).encode())


def policy(hand: FloorHand, sku: str = "MUG") -> tuple[Any, ...]:
    row = hand.one(
        "SELECT rotation, tolerance_days, min_life_days FROM item WHERE warehouse_id = :w AND sku = :s", s=sku
    )
    return tuple(row.values())


def history(hand: FloorHand) -> list[tuple[Any, ...]]:
    rows = hand.all(
        "SELECT rotation, tolerance_days, min_life_days FROM policy_entry WHERE warehouse_id = :w ORDER BY id"
    )
    return [tuple(row.values()) for row in rows]


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    first = import_zones(hand.floor.writer, EXAMPLE)
    assert (first.created, first.errors, first.exit_code) == (4, [], 0)
    again = import_zones(hand.floor.writer, EXAMPLE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 4)


def test_an_item_says_itself_else_its_zone_says_else_it_is_first_in_first_out(hand: FloorHand) -> None:
    zones(hand, "COLD,fefo,7,")
    items(hand, "OWN,lifo,3,,COLD", "ZONED,,,,COLD", "MIXED,none,,,COLD", "PLAIN,,,,")
    assert [policy(hand, sku)[:2] for sku in ("OWN", "ZONED", "MIXED", "PLAIN")] == [
        ("lifo", 3), ("fefo", 7), ("none", 7), ("fifo", 0),
    ]  # fmt: skip


def test_goods_whose_expiry_is_tracked_leave_by_expiry_unless_somebody_says_otherwise(hand: FloorHand) -> None:
    zones(hand, "DRY,fifo,,")
    items(hand, "JAM,1,", "TINS,1,DRY", heading="sku,tracks_expiry,zone")
    assert (policy(hand, "JAM")[0], policy(hand, "TINS")[0]) == ("fefo", "fifo")


def test_a_change_is_entered_in_the_history_and_the_same_twice_is_not(hand: FloorHand) -> None:
    items(hand, "MUG,,,,")
    items(hand, "MUG,,14,30,")
    items(hand, "MUG,,14,30,")
    assert history(hand) == [("fifo", 0, 0), ("fifo", 14, 30)]


def test_what_held_before_the_first_entry_is_remembered(hand: FloorHand) -> None:
    hand.item("MUG", rotation="lifo", own_rotation="lifo")
    items(hand, "MUG,fifo,,,")
    assert history(hand) == [("lifo", 0, 0), ("fifo", 0, 0)]


def test_a_zone_that_changes_its_rule_changes_that_of_its_items(hand: FloorHand) -> None:
    zones(hand, "COLD,,,")
    items(hand, "MUG,,,,COLD", "CUP,,5,,COLD")
    zones(hand, "COLD,lifo,9,")
    assert (policy(hand)[:2], policy(hand, "CUP")[:2]) == (("lifo", 9), ("lifo", 5))


def test_a_column_a_file_lacks_leaves_the_zone_as_it_is(hand: FloorHand) -> None:
    zones(hand, "COLD,fefo,7,food")
    report = zones(hand, "COLD,Cold room", heading="code,name")
    assert report.updated == 1
    row = hand.one("SELECT name, rotation, tolerance_days, storage_classes FROM zone WHERE warehouse_id = :w")
    assert tuple(row.values()) == ("Cold room", "fefo", 7, "food")


def test_wrong_rows_are_told_and_stop_no_others(hand: FloorHand) -> None:
    report = zones(hand, "A,best,,", "B,,-1,", "C,,,food!", ",fifo,,", "D,fifo,0,general food", "D,,,")
    assert [(error.row, error.reason) for error in report.errors] == [
        (2, "bad_rotation"), (3, "out_of_range"), (4, "bad_storage_classes"), (5, "missing_value"),
        (7, "duplicate_row"),
    ]  # fmt: skip
    assert report.created == 1


def test_wrong_policies_of_items_are_told(hand: FloorHand) -> None:
    report = items(hand, "A,best,,,", "B,,x,,", "C,,,9999,", heading="sku,rotation,tolerance_days,min_life_days,zone")
    assert [error.reason for error in report.errors] == ["bad_rotation", "not_a_number", "out_of_range"]
    report = items(hand, "A,D,,", "B,,two words,", "C,,,soon", heading="sku,velocity,storage_class,return_dating")
    assert [error.reason for error in report.errors] == ["bad_velocity", "bad_storage_class", "bad_return_dating"]


# --- locations -------------------------------------------------------------------------------------------


def locations(hand: FloorHand, *rows: str, heading: str) -> ImportReport:
    return import_locations(hand.floor.writer, "\n".join((heading, *rows)).encode())


def place(hand: FloorHand, code: str) -> dict[str, Any]:
    return hand.one("SELECT * FROM location WHERE warehouse_id = :w AND code = :c", c=code)


def test_height_class_and_reach_are_the_files_word_and_anything_can_be_picked_by_default(hand: FloorHand) -> None:
    report = locations(
        hand, "A01-01-1,bin,400,a,", "A02-03-3,reserve,1800,,0", heading="code,kind,height_mm,velocity,is_pickable"
    )
    assert report.updated == 2
    one, other = place(hand, "A01-01-1"), place(hand, "A02-03-3")
    assert (one["height_mm"], one["velocity"], one["is_pickable"]) == (400, "A", 1)
    assert (other["height_mm"], other["velocity"], other["is_pickable"]) == (1800, "", 0)


def test_a_location_that_holds_stock_keeps_its_access(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 1, "A01-01-1")
    report = locations(hand, "A01-01-1,bin,lifo", "A01-02-1,bin,lifo", heading="code,kind,access")
    assert [(error.column, error.reason) for error in report.errors] == [("access", "location_in_use")]
    assert (place(hand, "A01-01-1")["access"], place(hand, "A01-02-1")["access"]) == ("any", "lifo")
    entries = hand.all("SELECT access FROM reach_entry WHERE warehouse_id = :w ORDER BY id")
    assert entries == [{"access": "any"}, {"access": "lifo"}]
