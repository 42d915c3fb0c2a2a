"""Purchase orders and receipts from files: each whole or not at all, once, whatever the order of the rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fulfillment.commands.importing import import_group
from fulfillment.domain.codes import sscc
from fulfillment.services.imports import (
    ImportReport,
    import_items,
    import_purchase_orders,
    import_receipts,
    purchase_orders,
    receipts,
)
from fulfillment.services.receiving import purchasing
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.arriving import shown

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
PALLET, CARTON = sscc("0614141", 1, 3), sscc("0614141", 2, 3)


def ordered(hand: FloorHand, *rows: str, heading: str = "number,sku,qty_each,supplier") -> ImportReport:
    return import_purchase_orders(hand.floor.writer, "\n".join((heading, *rows)).encode())


def announced(
    hand: FloorHand, *rows: str, heading: str = "number,sku,qty_each,sscc,parent_sscc,serial"
) -> ImportReport:
    return import_receipts(hand.floor.writer, "\n".join((heading, *rows)).encode())


@pytest.fixture
def goods(hand: FloorHand) -> FloorHand:
    """MUG, CUP, and CAM with serials."""
    hand.item("MUG")
    hand.item("CUP")
    hand.item("CAM", tracks_serial=1)
    return hand


def test_the_examples_are_taken_whole_and_a_second_time_change_nothing(hand: FloorHand) -> None:
    import_items(hand.floor.writer, EXAMPLES / "items.csv")
    for read, file, documents in (
        (import_purchase_orders, "purchase_orders.csv", 2), (import_receipts, "receipts.csv", 2),
    ):  # fmt: skip
        first = read(hand.floor.writer, EXAMPLES / file)
        assert (first.is_ok, first.created, first.figures["documents"]) == (True, documents, documents), first.errors
        again = read(hand.floor.writer, EXAMPLES / file)
        assert (again.is_ok, again.created, again.unchanged) == (True, 0, documents)
    asn = shown(hand, "ASN-7001")
    assert [(unit["sscc"], unit["parent_sscc"]) for unit in asn["units"]] == [(PALLET, None), (CARTON, PALLET)]
    assert asn["supplier"] == "Potter & Sons"
    assert {line["sku"]: line["expected_each"] for line in asn["lines"]} == {"MUG-BLUE": 120, "TEA-250": 24}
    assert shown(hand, "ASN-7002")["units"][0]["lines"][0]["serials"] == ["SC-00017", "SC-00018"]


def test_rows_of_a_document_need_not_be_adjacent(goods: FloorHand) -> None:
    assert ordered(goods, "PO-1,MUG,5,Potter", "PO-2,MUG,1,Potter", "PO-1,CUP,3,").created == 2
    lines = goods.write(lambda tx: purchasing.describe(tx, "PO-1"))["lines"]
    assert [(line["sku"], line["ordered_each"]) for line in lines] == [("MUG", 5), ("CUP", 3)]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("PO-1,CUP,0,", "qty_each", "out_of_range"),
        ("PO-1,CUP,3,Miller", "supplier", "document_differs"),
        ("PO-1,,3,", "sku", "missing_value"),
    ],
)
def test_one_wrong_row_keeps_its_document_out_and_no_other(
    goods: FloorHand, row: str, column: str, reason: str
) -> None:
    report = ordered(goods, "PO-1,MUG,5,Potter", row, "PO-2,MUG,1,")
    assert (report.created, report.rejected) == (1, 2)
    assert [(error.row, error.column, error.reason) for error in report.errors] == [(3, column, reason)]
    assert report.reasons == {reason: 1, "document_not_imported": 1}


def test_what_the_service_refuses_is_told_with_its_document(goods: FloorHand) -> None:
    report = ordered(goods, "PO-1,NIL,5,", "PO-1,MUG,5,")
    assert (report.created, report.rejected) == (0, 2)
    (error,) = report.errors
    assert (error.row, error.column, error.reason) == (2, "sku", "unknown_sku")
    assert ordered(goods, "PO-1,MUG,5,").is_ok
    assert ordered(goods, "PO-1,MUG,6,").errors[0].reason == "purchase_order_exists"


def test_a_pallet_that_holds_only_cartons_has_no_row_of_its_own(goods: FloorHand) -> None:
    assert announced(goods, f"R1,CUP,6,{CARTON},{PALLET},").is_ok
    assert {unit["sscc"] for unit in shown(goods)["units"]} == {PALLET, CARTON}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("R1,CAM,1,,,S1", "serial_without_sscc"),
        (f"R1,CAM,2,{PALLET},,S1", "bad_quantity"),
        (f"R1,MUG,2,,{PALLET},", "parent_without_sscc"),
        ("R1,MUG,2,123,,", "bad_sscc"),
        (f"R1,MUG,1,{PALLET},,S1", "serial_not_tracked"),
    ],
)
def test_a_line_that_makes_no_sense_is_rejected(goods: FloorHand, row: str, reason: str) -> None:
    report = announced(goods, row)
    assert [error.reason for error in report.errors] == [reason]
    assert goods.all("SELECT id FROM receipt WHERE warehouse_id = :w") == []


def test_a_receipt_may_name_its_purchase_order_and_ask_for_a_check(goods: FloorHand) -> None:
    ordered(goods, "PO-1,MUG,5,Potter")
    heading = "number,sku,qty_each,purchase_order,needs_quality,received_on,due_on"
    assert announced(goods, "R1,MUG,5,PO-1,1,2026-01-05,2026-01-06", heading=heading).is_ok
    receipt = shown(goods)
    assert (receipt["purchase_order"], receipt["supplier"], receipt["needs_quality"]) == ("PO-1", "Potter", True)
    assert (receipt["received_on"], receipt["due_on"]) == ("2026-01-05", "2026-01-06")


@pytest.mark.parametrize(
    ("name", "columns"), [("purchase-orders", purchase_orders.COLUMNS), ("receipts", receipts.COLUMNS)]
)
def test_the_commands_list_their_columns_and_import(
    name: str, columns: object, hand: FloorHand, settings: Settings, tmp_path: Path
) -> None:
    told = CliRunner().invoke(import_group, [name, "--help"]).output
    assert [c for c in (*columns.required, *columns.optional) if c not in told] == []  # type: ignore[attr-defined]
    hand.item("MUG")
    file = tmp_path / "file.csv"
    file.write_text("number,sku,qty_each\nN-1,MUG,4\n", encoding="utf-8")
    result = CliRunner().invoke(import_group, [name, str(file)], obj=settings)
    assert result.exit_code == 0, result.output
    assert "1 created" in result.output
