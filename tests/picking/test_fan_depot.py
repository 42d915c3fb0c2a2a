"""A depot apart from the aisles, with a way to the foot of each: the walk is as short as over the graph itself."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from picking.exact.fan_depot import FanDepot, fan_depot, fan_depot_length

Stop = tuple[int, int, int]
Floor = tuple[list[int], list[int], list[int], list[Stop]]


def shortest_by_trying(lengths: list[int], steps: list[int], spokes: list[int], stops: list[Stop]) -> int:
    """Every sequence of stops over shortest paths of the graph (Floyd and Warshall)."""
    feet = [sum(lengths[:block]) for block in range(len(lengths) + 1)]
    nodes: dict[tuple[int, int], int] = {(-1, 0): 0}
    edges = []
    for column, spoke in enumerate(spokes):
        heights = sorted({*feet, *(feet[block] + offset for at, block, offset in stops if at == column)})
        for height in heights:
            nodes.setdefault((column, height), len(nodes))
        edges += [((column, low), (column, high), high - low) for low, high in pairwise(heights)]
        edges.append(((-1, 0), (column, 0), spoke))
    edges += [
        ((column, foot), (column + 1, foot), step) for column, step in enumerate(steps) for foot in feet
    ]  # fmt: skip
    far = np.full((len(nodes), len(nodes)), 10**6)
    np.fill_diagonal(far, 0)
    for one, other, way in edges:
        far[nodes[one], nodes[other]] = far[nodes[other], nodes[one]] = min(way, far[nodes[one], nodes[other]])
    for by in range(len(nodes)):
        far = np.minimum(far, far[:, by : by + 1] + far[by])
    wanted = [nodes[column, feet[block] + offset] for column, block, offset in stops]
    return min(
        int(sum(far[one, other] for one, other in zip((0, *order), (*order, 0), strict=True)))
        for order in permutations(wanted)
    )


def floor_of(lengths: list[int], steps: list[int], spokes: list[int]) -> FanDepot:
    crosses = len(lengths) + 1
    return fan_depot(
        [lengths] * len(spokes), [*([step] * crosses for step in steps), [0] * crosses], spokes,
        [[range(length + 1) for length in lengths]] * len(spokes),
    )  # fmt: skip


def bits(floor: FanDepot, blocks: int, stops: list[Stop]) -> np.ndarray:
    words = np.zeros(floor.words, np.uint64)
    for column, block, offset in stops:
        words[floor.first_word[column * blocks + block]] |= np.uint64(1 << offset)
    return words


@st.composite
def floors(draw: st.DrawFn) -> Floor:
    columns, blocks = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    lengths = draw(st.lists(st.integers(1, 12), min_size=blocks, max_size=blocks))
    steps = draw(st.lists(st.integers(1, 9), min_size=columns - 1, max_size=columns - 1))
    spokes = draw(st.lists(st.integers(1, 25), min_size=columns, max_size=columns))
    stop = st.tuples(st.integers(0, columns - 1), st.integers(0, blocks - 1), st.integers(0, 12)).map(
        lambda stop: (stop[0], stop[1], min(stop[2], lengths[stop[1]]))
    )
    return lengths, steps, spokes, draw(st.lists(stop, min_size=1, max_size=6, unique=True))


@settings(max_examples=80, deadline=None)
@given(floors())
def test_tour_is_as_long_as_the_best_of_all_sequences(floor: Floor) -> None:
    lengths, steps, spokes, stops = floor
    fan = floor_of(lengths, steps, spokes)

    assert fan_depot_length(fan, bits(fan, len(lengths), stops)) == shortest_by_trying(lengths, steps, spokes, stops)


def test_without_stops_nobody_walks() -> None:
    fan = floor_of([10, 10], [5], [3, 7])
    assert fan_depot_length(fan, bits(fan, 2, [])) == 0


def test_out_by_one_spoke_and_back_by_another_is_found() -> None:
    fan = floor_of([10], [10], [1, 1])
    # Up aisle 0, over, down aisle 1: 1 + 10 + 10 + 10 + 1; there and back in both would be 2 * (1 + 10 + 1 + 10).
    assert fan_depot_length(fan, bits(fan, 1, [(0, 0, 10), (1, 0, 10)])) == 32
