"""Walks in two blocks from bitmaps, against a table over subsets of the same distances."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import shortest_walk_dm
from picking_floors import bin_at

from picking import Layout, Spot
from picking.batches.bitmaps import BitFloor, add_part, bitmaps_of, tour_dm


@st.composite
def floors(draw: st.DrawFn) -> Layout:
    cross_aisles = draw(st.sampled_from([2, 3, 3]))
    xs = draw(st.sets(st.integers(0, 300), min_size=1, max_size=6))
    ys = draw(st.sets(st.integers(0, 400), min_size=cross_aisles, max_size=cross_aisles))
    return Layout(tuple(sorted(xs)), tuple(sorted(ys)))


@st.composite
def stops_on(draw: st.DrawFn, layout: Layout) -> list[Spot]:
    low, high = layout.cross_aisle_y_dm[0], layout.cross_aisle_y_dm[-1]
    spot = st.builds(bin_at, st.sampled_from(layout.aisle_x_dm), st.integers(low, high))
    return draw(st.lists(spot, min_size=1, max_size=8, unique=True))


def starts(layout: Layout) -> st.SearchStrategy[Spot]:
    anywhere_dm = st.one_of(st.integers(-60, 460), st.sampled_from(layout.cross_aisle_y_dm))
    x_dm = st.one_of(st.sampled_from(layout.aisle_x_dm), st.integers(-50, 350))
    return st.builds(lambda x, y: Spot("start", x, y), x_dm, anywhere_dm)


def walk_dm(layout: Layout, start: Spot, stops: list[Spot]) -> int:
    bits = bitmaps_of(layout, start, start, stops, np.zeros(len(stops), np.int64), 1)
    assert isinstance(bits.floor, BitFloor)
    words = bits.floor.start.copy()
    add_part(0, bits.first, bits.word, bits.mask, words)
    return int(tour_dm(bits.floor, words))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_walk_from_bits_is_the_shortest(data: st.DataObject) -> None:
    layout = data.draw(floors())
    stops = data.draw(stops_on(layout))
    start = data.draw(starts(layout))
    assert walk_dm(layout, start, stops) == shortest_walk_dm(layout, start, start, stops)


def test_more_than_sixty_four_bays_of_one_sub_aisle_take_a_second_word() -> None:
    layout = Layout((0, 40), (0, 1000, 2000))
    stops = [bin_at(0, y) for y in range(10, 910, 10)] + [bin_at(40, 1500)]
    start = Spot("start", 0, 0)
    # Up the first aisle to its middle end, to the upper block and back down: nothing shorter passes all 90 bays.
    assert walk_dm(layout, start, stops) == 2 * 1000 + 2 * 40 + 2 * 500
