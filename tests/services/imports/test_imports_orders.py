"""Orders from a file: whole or not at all, once, whatever the order of the rows and the day of the shift."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.services.imports import ImportReport, Options, OrderOptions, import_items, import_orders
from fulfillment.services.imports.countries import NAMES, country_code
from tests.factories import FloorHand

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
SAMPLES = Path(__file__).parents[2] / "data" / "imports"
HEADING = "order,sku,qty,ordered_at"
AT = "2026-03-02 08:10:00"
RETAIL = Options({"order": "order_id", "sku": "sku", "qty": "qty", "ordered_at": "ts"})


def imported(
    hand: FloorHand, *rows: str, heading: str = HEADING, how: OrderOptions | None = None, options: Options | None = None
) -> ImportReport:
    return import_orders(hand.floor.writer, "\n".join((heading, *rows)).encode(), options, how)


def lines(hand: FloorHand, number: str) -> list[tuple[str, int]]:
    rows = hand.all(
        "SELECT n.sku, n.qty_each FROM order_line n JOIN sales_order o ON o.warehouse_id = n.warehouse_id"
        " AND o.id = n.order_id WHERE n.warehouse_id = :w AND o.number = :number ORDER BY n.line_no",
        number=number,
    )
    return [(row["sku"], row["qty_each"]) for row in rows]


def order(hand: FloorHand, number: str) -> dict[str, object]:
    return hand.one("SELECT * FROM sales_order WHERE warehouse_id = :w AND number = :number", number=number)


def numbers(hand: FloorHand) -> list[str]:
    return [row["number"] for row in hand.all("SELECT number FROM sales_order WHERE warehouse_id = :w ORDER BY number")]


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.reason) for error in report.errors]


def wall_clock(hand: FloorHand, number: str) -> str:
    at_ms = order(hand, number)["ordered_at_ms"]
    assert isinstance(at_ms, int)
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo('Europe/London')):%Y-%m-%d %H:%M}"


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    import_items(hand.floor.writer, EXAMPLES / "items.csv")
    first = import_orders(hand.floor.writer, EXAMPLES / "orders.csv")
    assert (first.created, first.errors, first.exit_code) == (3, [], 0)
    again = import_orders(hand.floor.writer, EXAMPLES / "orders.csv")
    assert (again.created, again.unchanged, again.exit_code) == (0, 3, 0)
    assert lines(hand, "10001") == [("TEA-250", 2), ("MUG-BLUE", 1), ("POST", 1)]
    swedish = order(hand, "10002")
    assert (swedish["ship_to_name"], swedish["city"], swedish["country"]) == ("Björn Ångström", "Göteborg", "SE")
    assert (swedish["policy"], swedish["priority"]) == ("ship_complete", 1)
    irish = order(hand, "10003")
    assert (irish["ship_to_name"], irish["country"], irish["channel"]) == ("Customer 18211", "IE", "web")
    assert wall_clock(hand, "10003") == "2026-03-02 08:02"
    services = hand.all("SELECT sku, unit_price_minor FROM order_line WHERE warehouse_id = :w AND is_service = 1")
    assert services == [{"sku": "POST", "unit_price_minor": 300}]


def test_a_real_hour_is_imported_with_its_cancellations_and_corrections_left_out(hand: FloorHand) -> None:
    report = import_orders(hand.floor.writer, SAMPLES / "retail_rows.csv", RETAIL)
    assert report.exit_code == 0
    assert report.reasons == {"cancellation": 2, "negative_quantity": 1}
    assert [error.row for error in report.left_out_rows] == [6, 7, 8]
    assert (report.rows, report.left_out, report.rejected, report.created) == (8, 3, 0, 3)
    assert order(hand, "576080")["country"] == "GB"
    assert order(hand, "576100")["country"] == ""
    assert any("'Unspecified' is no country" in note for note in report.notes)
    price = hand.one(
        "SELECT unit_price_minor, currency, name FROM order_line WHERE warehouse_id = :w AND sku = '22465'"
    )
    assert price == {"unit_price_minor": 165, "currency": "GBP", "name": "HANGING METAL STAR LANTERN"}


def test_the_same_file_as_gzip_is_the_same_file(hand: FloorHand) -> None:
    content = (SAMPLES / "retail_rows.csv").read_bytes()
    assert import_orders(hand.floor.writer, content, RETAIL).created == 3
    assert import_orders(hand.floor.writer, gzip.compress(content), RETAIL).unchanged == 3


def test_rows_of_an_order_need_not_be_adjacent_and_skus_match_in_any_case(hand: FloorHand) -> None:
    hand.item("CUP")
    hand.stock("CUP", 10)
    report = imported(hand, f"1,cup,2,{AT}", f"2,CUP,1,{AT}", f"1,Cup,3,{AT}")
    assert report.created == 2
    assert lines(hand, "1") == [("cup", 2), ("Cup", 3)]
    demand = hand.all("SELECT ordered_each, allocated_each FROM demand WHERE warehouse_id = :w ORDER BY ordered_each")
    assert demand == [{"ordered_each": 1, "allocated_each": 1}, {"ordered_each": 5, "allocated_each": 5}]


def test_an_order_known_with_other_content_is_an_error_and_stays_as_it_was(hand: FloorHand) -> None:
    hand.item("CUP")
    imported(hand, f"1,CUP,2,{AT}", f"2,CUP,2,{AT}")
    report = imported(hand, f"2,CUP,2,{AT}", f"1,CUP,2,{AT}", f"1,CUP,1,{AT}")
    assert (report.unchanged, report.rejected, report.exit_code) == (1, 2, 1)
    assert [(row, reason) for row, _, reason in reasons(report)] == [(3, "order_exists")]
    assert lines(hand, "1") == [("CUP", 2)]


def test_an_unknown_sku_puts_the_order_on_hold_and_invents_no_item(hand: FloorHand) -> None:
    report = imported(hand, f"1,GHOST,2,{AT}")
    assert (report.created, report.figures["orders_on_hold"], report.exit_code) == (1, 1, 0)
    assert (order(hand, "1")["state"], order(hand, "1")["hold_reason"]) == ("hold", "unknown_sku")
    assert hand.one("SELECT COUNT(*) AS n FROM item WHERE warehouse_id = :w")["n"] == 0


def test_an_absurd_quantity_keeps_its_whole_order_out_and_no_other(hand: FloorHand, tmp_path: Path) -> None:
    hand.item("CUP")
    reject = tmp_path / "reject.csv"
    report = imported(
        hand, f"1,CUP,1,{AT}", f"1,CUP,80995,{AT}", f"2,CUP,1,{AT}", f"1,CUP,2,{AT}", options=Options(reject=reject)
    )
    assert reasons(report) == [(3, "qty", "absurd_quantity")]
    assert report.errors[0].value == "80995"
    assert report.reasons == {"absurd_quantity": 1, "order_not_imported": 2}
    assert (numbers(hand), report.rejected, report.exit_code) == (["2"], 3, 1)
    rows = reject.read_text(encoding="utf-8").splitlines()
    assert rows[0] == f"{HEADING},rejected_row,rejected_column,rejected_reason,rejected_words"
    assert sorted(row.split(",")[2] for row in rows[1:]) == ["1", "2", "80995"]
    again = import_orders(hand.floor.writer, "\n".join(rows).replace("80995", "8").encode())
    assert (again.created, again.exit_code, sorted(lines(hand, "1"))) == (1, 0, [("CUP", 1), ("CUP", 2), ("CUP", 8)])


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (f"1,CUP,two,{AT}", "qty", "not_a_number"),
        (f"1,CUP,1.5,{AT}", "qty", "not_a_number"),
        (f"1,CUP,,{AT}", "qty", "missing_value"),
        (f"1,,2,{AT}", "sku", "missing_value"),
        (f"1,{'S' * 61},2,{AT}", "sku", "too_long"),
        (f",CUP,2,{AT}", "order", "missing_value"),
        (f"{'9' * 61},CUP,2,{AT}", "order", "too_long"),
        (f"1\x07,CUP,2,{AT}", "order", "control_character"),
        ("1,CUP,2,yesterday", "ordered_at", "bad_time"),
        ("1,CUP,2,14/11/2011 08:10", "ordered_at", "bad_time"),
        ("1,CUP,2,0001-01-01 00:00:00", "ordered_at", "bad_time"),
        ("1,CUP,2,", "ordered_at", "bad_time"),
        ("1,CUP,2", "", "too_few_columns"),
        (f'1,CUP,2,"{AT}', "", "unbalanced_quotes"),
    ],
)
def test_a_wrong_row_is_named_and_the_rest_goes_in(hand: FloorHand, row: str, column: str, reason: str) -> None:
    report = imported(hand, row, f"2,CUP,1,{AT}")
    assert reasons(report) == [(2, column, reason)]
    assert (numbers(hand), report.exit_code) == (["2"], 1)


@pytest.mark.parametrize("broken", ["1,CUP,9", f"1,CUP,9,{AT},more", f'1,"CUP,9,{AT}'])
@pytest.mark.parametrize("is_last", [True, False])
def test_a_row_that_cannot_be_read_keeps_out_the_order_it_belongs_to(
    hand: FloorHand, broken: str, is_last: bool
) -> None:
    good = [f"1,CUP,1,{AT}", f"2,CUP,1,{AT}"]
    report = imported(hand, *([*good, broken] if is_last else [broken, *good]))
    assert numbers(hand) == ["2"]
    assert report.reasons["order_not_imported"] == 1


def test_rows_of_one_order_must_agree_about_where_it_goes(hand: FloorHand) -> None:
    heading = f"{HEADING},name,city"
    report = imported(hand, f"1,CUP,1,{AT},Jo,Leeds", f"1,CUP,2,{AT},,", f"1,CUP,3,{AT},Jo,York", heading=heading)
    assert reasons(report) == [(4, "city", "order_differs")]
    assert "row 2" in report.errors[0].words
    assert numbers(hand) == []


def test_cancellations_are_told_by_a_prefix_that_can_be_switched_off(hand: FloorHand) -> None:
    left_out = imported(hand, f"C100,CUP,1,{AT}")
    assert (left_out.left_out, left_out.exit_code, numbers(hand)) == (1, 0, [])
    assert any("--cancelled-prefix" in note for note in left_out.notes)
    assert imported(hand, f"C100,CUP,1,{AT}", how=OrderOptions(cancelled_prefix="")).created == 1


def test_an_order_whose_correction_is_left_out_still_goes_in(hand: FloorHand) -> None:
    report = imported(hand, f"1,CUP,3,{AT}", f"1,CUP,-1,{AT}", f"1,POT,0,{AT}")
    assert report.reasons == {"negative_quantity": 1, "zero_quantity": 1}
    assert lines(hand, "1") == [("CUP", 3)]


def test_name_is_the_items_when_the_file_has_no_address(hand: FloorHand) -> None:
    imported(hand, f"1,CUP,1,{AT},Blue cup", heading=f"{HEADING},name")
    assert order(hand, "1")["ship_to_name"] == ""
    assert hand.one("SELECT name FROM order_line WHERE warehouse_id = :w")["name"] == "Blue cup"


def test_the_first_day_of_a_file_becomes_today_and_its_own_times_are_kept(hand: FloorHand) -> None:
    how = OrderOptions(is_shifted_to_today=True, today=date(2026, 7, 1))
    imported(hand, "2,CUP,1,2011-11-15 17:05:00", "1,CUP,1,2011-11-14 08:10:00", how=how)
    assert (wall_clock(hand, "1"), wall_clock(hand, "2")) == ("2026-07-01 08:10", "2026-07-02 17:05")
    assert order(hand, "1")["original_ordered_at"] == "2011-11-14 08:10:00"


def test_an_order_is_the_same_whatever_day_it_was_shifted_to(hand: FloorHand) -> None:
    rows = ("1,CUP,1,2011-11-14 08:10:00", "2,CUP,1,2011-11-15 08:10:00")
    imported(hand, *rows)
    for day in (date(2026, 7, 1), date(2026, 12, 1)):
        how = OrderOptions(is_shifted_to_today=True, today=day)
        report = imported(hand, *reversed(rows), how=how)
        assert (report.unchanged, report.exit_code) == (2, 0)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-03-29 01:30:00", "2026-03-29 02:30"),  # an hour that summer time skips
        ("2026-10-25 01:30:00", "2026-10-25 01:30"),  # one that comes twice
        ("2026-07-01T10:00:00Z", "2026-07-01 11:00"),
        ("2026-07-01T10:00:00+02:00", "2026-07-01 09:00"),
        ("2026-07-01", "2026-07-01 00:00"),
    ],
)
def test_times_without_an_offset_are_the_warehouses_own(hand: FloorHand, written: str, shown: str) -> None:
    imported(hand, f"1,CUP,1,{written}")
    assert wall_clock(hand, "1") == shown


def test_times_written_otherwise_are_read_by_a_pattern(hand: FloorHand) -> None:
    imported(hand, "1,CUP,1,14/11/2011 08:10", how=OrderOptions(time_pattern="%d/%m/%Y %H:%M"))
    assert wall_clock(hand, "1") == "2011-11-14 08:10"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("United Kingdom", "GB"), ("EIRE", "IE"), ("Channel Islands", "JE"), ("Czech Republic", "CZ"), ("RSA", "ZA"),
        ("USA", "US"), ("Hong Kong", "HK"), ("Côte d’Ivoire", "CI"), ("cote d'ivoire", "CI"), ("gb", "GB"),
        ("uk", "GB"), ("Trinidad and Tobago", "TT"), ("Saint Lucia", "LC"), ("", ""), ("XX", None),
        ("Unspecified", None), ("European Community", None), ("Middle Earth", None),
    ],
)  # fmt: skip
def test_countries_are_known_by_code_and_by_name(written: str, code: str | None) -> None:
    assert country_code(written) == code


def test_the_table_of_countries_is_whole() -> None:
    assert len(NAMES) == 249
    assert all(country_code(name) == code for code, name in NAMES.items())


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "C4", "", "Ö5"]), st.sampled_from(["CUP", "cup", "POT", "", "GHOST"]),
        st.sampled_from(["1", "3", "-2", "0", "80995", "x"]), st.sampled_from([AT, "2026-03-03", "never"]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_every_row_is_taken_left_out_or_rejected(hand: FloorHand, rows: list[tuple[str, ...]]) -> None:
    hand.write(lambda tx: [tx.run(f"DELETE FROM {table}") for table in ("order_line", "demand", "sales_order")])
    report = imported(hand, *(",".join(row) for row in rows))
    assert report.rows == len(rows)
    taken = hand.one("SELECT COUNT(*) AS n FROM order_line WHERE warehouse_id = :w")["n"]
    assert taken + report.left_out + report.rejected == report.rows
    assert sum(report.reasons.values()) == report.left_out + report.rejected
    assert report.created == len(numbers(hand))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_end_in_a_report(hand: FloorHand, content: bytes) -> None:
    assert import_orders(hand.floor.writer, content).exit_code == 1
    report = import_orders(hand.floor.writer, b"order,sku,qty,ordered_at\n" + content)
    assert report.is_ok == (report.exit_code == 0)
