"""What of a receipt takes what was scanned, whatever the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.inbound import (
    Expected,
    Shipped,
    came_from,
    fill_lines,
    is_told,
    parents_first,
    sealed_on_arrival,
)
from fulfillment.domain.reasons import DomainError

few = st.integers(0, 20)
DAYS = st.sampled_from(["", "2026-01-01", "2026-02-01"])


def line(line_id: int, left_each: int, received_on: str = "", lot: str = "") -> Expected:
    return Expected(line_id, lot, "", received_on, left_each, left_each)


def shipped(layer_id: int, left_each: int, received_on: str = "2026-01-01", lot: str = "", serial: str = "") -> Shipped:
    return Shipped(layer_id, received_on, lot, "", serial, left_each)


@settings(derandomize=True)
@given(lines=st.lists(st.tuples(few, DAYS), max_size=5), qty_each=st.integers(1, 60))
def test_nothing_is_counted_twice_and_no_line_takes_more_than_it_expects(
    lines: list[tuple[int, str]], qty_each: int
) -> None:
    expected = [line(at, left, day) for at, (left, day) in enumerate(lines)]
    parts, beyond_each = fill_lines(expected, qty_each)
    assert sum(part_each for _, part_each in parts) + beyond_each == qty_each
    assert all(0 < part_each <= one.left_each for one, part_each in parts)
    assert beyond_each == max(0, qty_each - sum(left for left, _ in lines))


def test_the_oldest_goods_of_a_transfer_fill_up_first() -> None:
    parts, _ = fill_lines([line(1, 5, "2026-02-01"), line(2, 5, "2026-01-01")], 7)
    assert [(one.line_id, part_each) for one, part_each in parts] == [(2, 5), (1, 2)]


def test_goods_need_not_say_what_all_lines_say_alike() -> None:
    assert is_told([line(1, 5, lot="A"), line(2, 5, lot="A")], "lot")
    assert not is_told([line(1, 5, lot="A"), line(2, 5, lot="B")], "lot")
    assert not is_told([line(1, 5)], "lot")
    assert not is_told([], "lot")


@settings(derandomize=True)
@given(left=st.lists(few, max_size=5), qty_each=st.integers(1, 60))
def test_no_layer_gets_more_back_than_left_it(left: list[int], qty_each: int) -> None:
    parts, stranger_each = came_from([shipped(at, n) for at, n in enumerate(left)], qty_each)
    assert sum(part_each for _, part_each in parts) + stranger_each == qty_each
    assert all(0 < part_each <= one.left_each for one, part_each in parts)


def test_goods_come_back_to_their_serial_or_lot_the_oldest_first() -> None:
    gone = [shipped(1, 1, "2026-02-01", "A"), shipped(2, 1, "2026-01-01", "B"), shipped(3, 1, serial="S1")]
    assert [one.layer_id for one, _ in came_from(gone, 2)[0]] == [2, 1]
    assert [one.layer_id for one, _ in came_from(gone, 1, lot="A")[0]] == [1]
    assert [one.layer_id for one, _ in came_from(gone, 1, serial="S1")[0]] == [3]
    assert came_from(gone, 1, serial="S2") == ([], 1)


@pytest.mark.parametrize(
    ("qty_each", "pack_each", "case_each", "sealed"),
    [(12, 12, 12, 12), (30, 12, 12, 24), (4, 4, 12, 0), (12, 1, 12, 0), (0, 12, 12, 0), (5, 12, 12, 0)],
)
def test_only_whole_cases_of_the_layers_size_arrive_closed(
    qty_each: int, pack_each: int, case_each: int, sealed: int
) -> None:
    assert sealed_on_arrival(qty_each, pack_each, case_each) == sealed


def test_a_unit_comes_after_the_one_it_stands_on() -> None:
    assert parents_first({"C": "B", "B": "A", "A": ""}) == ["A", "B", "C"]
    for wrong in ({"A": "B", "B": "A"}, {"A": "A"}, {"A": "Z"}):
        with pytest.raises(DomainError):
            parents_first(wrong)
