"""No cell we write is run by a spreadsheet, and none is lost by guarding it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.services.common.sheets import csv_text, guarded, unguarded

FORMULAS = ('=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1")
PLAIN = ("", "Jo Buyer", "-5", "+44", "-1.50", "O'Neill", "'s-Hertogenbosch", "A=B", "jo@x.org")


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_text(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", PLAIN)
def test_what_is_none_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


@given(st.text())
def test_guarding_can_be_undone(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).lstrip().startswith(("=", "@"))


def test_a_sheet_is_read_back_as_it_was_written() -> None:
    rows = [{"a": 1, "b": 'say "x", y'}, {"a": None, "b": "=1+1"}]
    read = list(csv.reader(io.StringIO(csv_text(("a", "b"), rows), newline="")))
    assert read == [["a", "b"], ["1", 'say "x", y'], ["", "'=1+1"]]
