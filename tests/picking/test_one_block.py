"""The shortest tour in one block from bitmaps: never longer and never shorter than trying every sequence."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking.errors import FieldError
from picking.exact.one_block import one_block, one_block_length, stop_bitmap

Stop = tuple[int, int]


def shortest_by_trying(aisle_x: list[int], length: int, stops: list[Stop]) -> int:
    def walk(one: Stop, other: Stop) -> int:
        if one[0] == other[0]:
            return abs(one[1] - other[1])
        ends = one[1] + other[1]
        return abs(aisle_x[one[0]] - aisle_x[other[0]]) + min(ends, 2 * length - ends)

    start, *rest = stops
    return min(
        sum(walk(*pair) for pair in zip([start, *order], [*order, start], strict=True)) for order in permutations(rest)
    )


@st.composite
def floors(draw: st.DrawFn) -> tuple[list[int], int, list[Stop]]:
    aisle_x = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=6)))
    length = draw(st.integers(1, 30))
    stop = st.tuples(st.integers(0, len(aisle_x) - 1), st.integers(0, length))
    return aisle_x, length, draw(st.lists(stop, min_size=1, max_size=7, unique=True))


@settings(max_examples=150, deadline=None)
@given(floors())
def test_tour_is_as_long_as_the_best_of_all_sequences(floor: tuple[list[int], int, list[Stop]]) -> None:
    aisle_x, length, stops = floor
    block = one_block(aisle_x, length, [range(length + 1)] * len(aisle_x))

    assert one_block_length(block, stop_bitmap(block, stops)) == shortest_by_trying(aisle_x, length, stops)


def test_without_stops_nobody_walks() -> None:
    block = one_block([0, 10], 20, [[5], [5]])
    assert one_block_length(block, np.zeros(block.words, np.uint64)) == 0


def test_two_stops_in_the_starts_own_aisle_need_no_cross_aisle() -> None:
    block = one_block([0, 10], 100, [[40, 50, 60], [5]])
    assert one_block_length(block, stop_bitmap(block, [(0, 50), (0, 40), (0, 60)])) == 40


def test_aisle_with_more_stops_than_a_word_has_bits() -> None:
    offsets = list(range(0, 201))
    block = one_block([0, 10], 200, [offsets, offsets])
    far_stop = [(0, 0), (1, 199)]

    # Down to the near end and up again is 418, round by the far end 420.
    assert one_block_length(block, stop_bitmap(block, far_stop)) == 418
    # Out at both ends of aisle 1, the gap between 60 and 150 is left out on neither way: a full round is shorter.
    assert one_block_length(block, stop_bitmap(block, [*far_stop, (1, 60), (1, 150), (0, 100)])) == 420


def test_stop_that_the_floor_does_not_have_is_named() -> None:
    block = one_block([0, 10], 20, [[5], [5]])
    with pytest.raises(FieldError, match="no stop at offset 7 of aisle 1"):
        stop_bitmap(block, [(1, 7)])


@pytest.mark.parametrize(
    ("aisle_x", "offsets", "field"),
    [
        ([0, 0], [[1], [1]], r"aisle_x\[1\]"),
        ([0, 5], [[1]], "offsets"),
        ([0, 5], [[1], [2, 2]], r"offsets\[1\]\[1\]"),
        ([0, 5], [[1], [21]], r"offsets\[1\]\[0\]"),
    ],
)
def test_wrong_floor_names_the_field(aisle_x: list[int], offsets: list[list[int]], field: str) -> None:
    with pytest.raises(FieldError, match=field):
        one_block(aisle_x, 20, offsets)
