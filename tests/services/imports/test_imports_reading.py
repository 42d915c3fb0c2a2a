"""Reading an import file: whatever the bytes, the end is rows, bad rows or one word about the whole file."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.services.imports.reading import (
    MAX_LINE,
    BadRow,
    Columns,
    Row,
    UnreadableSheet,
    open_sheet,
    parse_map,
)

COLUMNS = Columns(("sku", "qty"), ("name",))


def read(content: bytes | str, **headings: str) -> list[Row | BadRow]:
    raw = content.encode() if isinstance(content, str) else content
    with open_sheet(raw, COLUMNS, headings) as sheet:
        return list(sheet.rows())


def cells(content: bytes | str, **headings: str) -> list[tuple[str, str, str]]:
    return [(row["sku"], row["qty"], row["name"]) for row in read(content, **headings) if isinstance(row, Row)]


def reasons(content: bytes | str) -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in read(content) if isinstance(row, BadRow)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_separator_and_any_line_end_is_found(separator: str, end: str) -> None:
    rows = [separator.join(row) for row in (("sku", "qty", "name"), ("A", "1", "cup"), ("B", "2", ""))]
    assert cells(end.join(rows)) == [("A", "1", "cup"), ("B", "2", "")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_and_without_a_mark(encoding: str) -> None:
    assert cells("sku,qty,name\nÅ1,1,Café 杯\n".encode(encoding)) == [("Å1", "1", "Café 杯")]


def test_a_file_that_is_not_unicode_is_read_as_windows_1252_and_says_so() -> None:
    with open_sheet("sku,qty,name\nA,1,Café “x”\n".encode("cp1252"), COLUMNS) as sheet:
        (row,) = sheet.rows()
        assert sheet.notes == ("the file is not UTF-8: read as Windows-1252",)
    assert row["name"] == "Café “x”"  # type: ignore[index]


def test_gzip_is_told_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(gzip.compress(b"sku,qty\nA,1\n"))
    with open_sheet(path, COLUMNS) as sheet:
        assert [row["sku"] for row in sheet.rows() if isinstance(row, Row)] == ["A"]
        assert [row["sku"] for row in sheet.rows() if isinstance(row, Row)] == ["A"], "a sheet can be read twice"


@pytest.mark.parametrize("keep", [3, 12, -4])
def test_a_cut_off_gzip_is_one_error_about_the_file(keep: int) -> None:
    with pytest.raises(UnreadableSheet, match="damaged"):
        read(gzip.compress(b"sku,qty\n" + b"A,1\n" * 50)[:keep])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n \n", "empty_file"),
        (b"sku,name\nA,b\n", "missing_column"),
        (b"sku,qty,SKU\nA,1,B\n", "duplicate_column"),
        (b'"sku,qty\n', "bad_heading"),
        (b"\x00\x01\x02", "no_table"),
        (b"," * 600, "bad_heading"),
        (b"x" * (MAX_LINE + 5), "no_table"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(content: bytes, code: str) -> None:
    with pytest.raises(UnreadableSheet) as refused:
        read(content)
    assert refused.value.code == code


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.csv", "no_such_file"), (tmp_path, "cannot_read")):
        with pytest.raises(UnreadableSheet) as refused, open_sheet(path, COLUMNS):
            pass
        assert refused.value.code == code


def test_other_headings_are_mapped_and_letter_case_does_not_matter() -> None:
    assert cells("Item No,QTY\nA,1\n", sku="item no") == [("A", "1", "")]
    assert parse_map("order=order_id, qty = q") == {"order": "order_id", "qty": "q"}
    with pytest.raises(ValueError, match="ours=theirs"):
        parse_map("order")


def test_mapping_a_column_that_is_not_asked_for_or_not_there_is_refused() -> None:
    for headings, code in (({"colour": "qty"}, "unknown_column"), ({"sku": "article"}, "missing_column")):
        with pytest.raises(UnreadableSheet) as refused:
            read("sku,qty\nA,1\n", **headings)
        assert refused.value.code == code


def test_columns_nobody_asks_for_are_named_except_those_of_a_reject_file() -> None:
    with open_sheet(b"sku,qty,colour,rejected_row\nA,1,red,7\n", COLUMNS) as sheet:
        assert sheet.notes == ("columns not used: colour",)


def test_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_are_skipped() -> None:
    rows = read('sep=;\nsku;qty;name\nA;1;"two\nlines"\n;;\n\nB;2;\n')
    assert [row.number for row in rows] == [2, 5]


def test_a_row_with_too_few_or_too_many_columns_is_bad_and_the_next_is_not() -> None:
    content = "sku,qty,name\nA,1\nB,1,a,b\nC,1,x,,\nD,1,y\n"
    assert reasons(content) == [(2, "too_few_columns"), (3, "too_many_columns")]
    assert [sku for sku, _, _ in cells(content)] == ["C", "D"]


def test_a_quote_that_nobody_closes_costs_its_own_line_only() -> None:
    content = 'sku,qty,name\nA,1,"open\nB,2,b\nC,3,c\n'
    assert reasons(content) == [(2, "unbalanced_quotes")]
    assert [sku for sku, _, _ in cells(content)] == ["B", "C"]


def test_two_stray_quotes_do_not_swallow_the_rows_between_them() -> None:
    content = 'sku,qty,name\nA,1,"a\nB,2,b\nC,3,"c\nD,4,d\n'
    assert reasons(content) == [(2, "unbalanced_quotes"), (4, "unbalanced_quotes")]
    assert [sku for sku, _, _ in cells(content)] == ["B", "D"]


def test_nul_text_after_a_quote_and_endless_lines_are_bad_rows() -> None:
    content = f'sku,qty,name\nA,1,\0\nB,2,"b"x\nC,3,{"x" * (3 * MAX_LINE)}\nD,4,5" tape\n'
    assert reasons(content) == [(2, "nul_character"), (3, "malformed"), (4, "line_too_long")]
    assert cells(content) == [("D", "4", '5" tape')]


@given(st.binary(max_size=400))
def test_any_bytes_end_in_rows_or_in_words_about_the_file(content: bytes) -> None:
    with suppress(UnreadableSheet):
        assert all(isinstance(row, Row | BadRow) for row in read(content))


@given(st.lists(st.sampled_from(['"', ",", "\n", "\r\n", "a", '""', "\0", "é", "\x85", "\u2028", "1"]), max_size=60))
def test_any_table_below_a_heading_ends_in_rows_that_have_all_columns(parts: list[str]) -> None:
    numbers = []
    for row in read("sku,qty,name\n" + "".join(parts)):
        numbers.append(row.number)
        assert isinstance(row, BadRow) or len(row.cells) == 3
    assert numbers == sorted(set(numbers))
