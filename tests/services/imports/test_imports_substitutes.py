"""Substitutes from a file: once however often it comes, each wrong row told; orders say whether they allow them."""

from __future__ import annotations

from pathlib import Path

from fulfillment.services.imports import ImportReport, import_items, import_orders, import_substitutes
from fulfillment.services.ordering import substitutes
from tests.factories import FloorHand

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def imported(hand: FloorHand, *rows: str) -> ImportReport:
    return import_substitutes(hand.floor.writer, "\n".join(("sku,substitute_sku,rank", *rows)).encode())


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    assert import_items(hand.floor.writer, EXAMPLES / "items.csv").errors == []
    first = import_substitutes(hand.floor.writer, EXAMPLES / "substitutes.csv")
    assert (first.errors, first.created) == ([], 2)
    again = import_substitutes(hand.floor.writer, EXAMPLES / "substitutes.csv")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_each_wrong_row_is_told_and_stops_no_other(hand: FloorHand) -> None:
    for sku in ("MUG", "CUP", "JUG"):
        hand.item(sku)
    report = imported(hand, "mug,cup,2", "MUG,CUP,1", "MUG,MUG,1", "MUG,NONE,1", "MUG,JUG,0", "MUG,JUG,")
    assert (report.created, report.rejected) == (2, 4)
    assert report.reasons == {"duplicate_row": 1, "same_item": 1, "unknown_sku": 1, "out_of_range": 1}
    shown = hand.write(lambda tx: substitutes.describe(tx, "MUG"))["substitutes"]
    assert [(one["sku"], one["rank"]) for one in shown] == [("JUG", 1), ("CUP", 2)]


def test_an_order_of_a_file_says_whether_it_allows_them(hand: FloorHand) -> None:
    hand.item("MUG")
    rows = "order,sku,qty,ordered_at,may_substitute\nA,MUG,1,2026-01-01 10:00,1\nB,MUG,1,2026-01-01 10:00,\n"
    assert import_orders(hand.floor.writer, rows.encode()).errors == []
    kept = hand.all("SELECT number, may_substitute FROM sales_order WHERE warehouse_id = :w ORDER BY number")
    assert [row["may_substitute"] for row in kept] == [1, 0]
