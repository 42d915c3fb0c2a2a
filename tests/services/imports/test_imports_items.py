"""Items from a file: upsert by SKU, barcodes that belong to one item only, the same twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.services.imports import ImportReport, Options, import_items
from tests.factories import FloorHand

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "items.csv"


def imported(hand: FloorHand, *rows: str, heading: str = "sku,name,barcodes") -> ImportReport:
    return import_items(hand.floor.writer, "\n".join((heading, *rows)).encode())


def barcodes(hand: FloorHand, sku: str) -> dict[str, int]:
    rows = hand.all(
        "SELECT c.code, c.qty_each FROM item_barcode c JOIN item i ON i.warehouse_id = c.warehouse_id"
        " AND i.id = c.item_id WHERE c.warehouse_id = :w AND i.sku = :sku ORDER BY c.id",
        sku=sku,
    )
    return {row["code"]: row["qty_each"] for row in rows}


def item(hand: FloorHand, sku: str) -> dict[str, object]:
    return hand.one("SELECT * FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    first = import_items(hand.floor.writer, EXAMPLE)
    assert (first.created, first.errors, first.exit_code) == (6, [], 0)
    again = import_items(hand.floor.writer, EXAMPLE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 6)
    tea = item(hand, "tea-250")
    assert (tea["weight_g"], tea["tracks_expiry"], tea["rotation"]) == (290, 1, "fefo")
    assert barcodes(hand, "TEA-250") == {"05012345678900": 1, "15012345678907": 12, "TEA-250": 1}
    assert item(hand, "post")["is_service"] == 1
    assert item(hand, "café-filtre")["name"] == "Café filtre nº 4"


def test_a_sku_is_matched_in_any_letter_case_and_keeps_its_first_spelling(hand: FloorHand) -> None:
    imported(hand, "Cup-a,old,")
    report = imported(hand, "CUP-A,new,")
    assert (report.updated, item(hand, "cup-a")["sku"], item(hand, "cup-a")["name"]) == (1, "Cup-a", "new")


def test_columns_the_file_lacks_stay_as_they_are(hand: FloorHand) -> None:
    imported(hand, "CUP,Cup,each:96385074")
    report = imported(hand, "CUP,70", heading="sku,weight_g")
    assert report.updated == 1
    assert (item(hand, "CUP")["name"], item(hand, "CUP")["weight_g"]) == ("Cup", 70)
    assert barcodes(hand, "CUP") == {"00000096385074": 1, "CUP": 1}


def test_barcodes_the_file_no_longer_lists_are_removed_and_changed_ones_changed(hand: FloorHand) -> None:
    imported(hand, "CUP,Cup,each:96385074;case6:CUP-CASE")
    report = imported(hand, "CUP,Cup,case12:cup-case")
    assert report.updated == 1
    assert barcodes(hand, "CUP") == {"CUP-CASE": 12, "CUP": 1}


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        ("each:5012345678901", "wrong_check_digit"),
        ("case:15012345678907", "bad_barcode"),
        ("case1:CASE", "bad_barcode"),
        ("each2:PAIR", "bad_barcode"),
        ("each:A;inner6:a", "bad_barcode"),
        ("each:" + "9" * 81, "bad_barcode"),
    ],
)
def test_a_barcode_that_cannot_be_is_a_row_error(hand: FloorHand, listed: str, reason: str) -> None:
    report = imported(hand, f"CUP,Cup,{listed}", "POT,Pot,")
    assert [(error.row, error.column, error.reason) for error in report.errors] == [(2, "barcodes", reason)]
    assert (report.created, report.rejected, report.exit_code) == (1, 1, 1)
    assert item(hand, "CUP") is None


def test_a_barcode_of_another_item_is_an_error_and_leaves_nothing_half_written(hand: FloorHand) -> None:
    imported(hand, "CUP,Cup,each:96385074")
    report = imported(hand, "POT,Pot,each:POT-1;case6:96385074")
    assert report.errors[0].reason == "barcode_of_another_item"
    assert "CUP" in report.errors[0].words
    assert item(hand, "POT") is None


def test_a_sku_that_reads_like_anothers_barcode_goes_in_with_a_note(hand: FloorHand) -> None:
    report = imported(hand, "CUP,Cup,each:POT", "POT,Pot,")
    assert (report.created, report.exit_code) == (2, 0)
    assert report.notes == ["the SKU POT cannot be scanned: it is a barcode of CUP (row 3)"]


def test_a_sku_of_gtin_length_is_found_as_the_scanner_reads_it(hand: FloorHand) -> None:
    imported(hand, "96385074,Numbered,")
    assert barcodes(hand, "96385074") == {"00000096385074": 1}


def test_one_sku_twice_in_a_file_is_a_row_error(hand: FloorHand) -> None:
    report = imported(hand, "CUP,one,", "cup,two,")
    assert [(error.row, error.reason) for error in report.errors] == [(3, "duplicate_row")]


@pytest.mark.parametrize(
    ("heading", "row", "reason"),
    [
        ("sku,weight_g", "CUP,heavy", "not_a_number"),
        ("sku,weight_g", "CUP,-1", "out_of_range"),
        ("sku,weight_g", "CUP,99999999999999999999", "not_a_number"),
        ("sku,is_service", "CUP,perhaps", "not_yes_or_no"),
        ("sku,origin", "CUP,GBR", "bad_country"),
        ("sku,hs_code", "CUP,12", "bad_hs_code"),
        ("sku,currency", "CUP,POUND", "bad_currency"),
        ("sku,name", ",nothing", "missing_value"),
        ("sku,name", "CUP,bell\x07", "control_character"),
        ("sku,name", "CUP," + "x" * 201, "too_long"),
    ],
)
def test_a_cell_that_cannot_be_taken_names_its_column(hand: FloorHand, heading: str, row: str, reason: str) -> None:
    report = imported(hand, row, heading=heading)
    assert [error.reason for error in report.errors] == [reason]
    assert report.errors[0].column in heading.split(",")
    assert len(report.errors[0].value) <= 60


def test_goods_that_lie_in_the_warehouse_do_not_become_a_service(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.stock("CUP", 3)
    report = imported(hand, "CUP,1", heading="sku,is_service")
    assert report.errors[0].reason == "item_in_use"
    assert item(hand, "CUP")["is_service"] == 0


def test_the_reject_file_holds_the_rows_in_their_columns_and_can_be_imported_once_corrected(
    hand: FloorHand, tmp_path: Path
) -> None:
    reject = tmp_path / "reject.csv"
    content = 'sku;name;barcodes\nCUP;Cup;each:5012345678901\nPOT;Pot;\nJAR;"open\n'
    report = import_items(hand.floor.writer, content.encode(), Options(reject=reject))
    assert (report.created, report.rejected) == (1, 2)
    lines = reject.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "sku;name;barcodes;rejected_row;rejected_column;rejected_reason;rejected_words"
    assert lines[1].startswith("CUP;Cup;each:5012345678901;2;barcodes;wrong_check_digit;")
    assert lines[2].startswith('"JAR;""open";;;4;;unbalanced_quotes;')
    corrected = "\n".join(lines[:2]).replace("5012345678901", "5012345678900")
    again = import_items(hand.floor.writer, corrected.encode())
    assert (again.created, again.notes, again.exit_code) == (1, [], 0)


def test_errors_beyond_the_limit_are_counted_and_not_listed(hand: FloorHand) -> None:
    content = "sku,weight_g\n" + "".join(f"S{n},x\n" for n in range(30))
    report = import_items(hand.floor.writer, content.encode(), Options(limit_errors=5))
    assert (len(report.errors), report.rejected, report.reasons) == (5, 30, {"not_a_number": 30})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_below_a_heading_end_in_a_report(hand: FloorHand, content: bytes) -> None:
    report = import_items(hand.floor.writer, b"sku,name,barcodes,weight_g\n" + content)
    assert report.rows == report.created + report.updated + report.unchanged + report.rejected
    assert report.is_ok == (report.exit_code == 0)
