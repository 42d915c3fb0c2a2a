from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking.dijkstra import UNREACHABLE_DM, Dm
from picking.ordered import (
    FORBIDDEN,
    LATE_DM,
    NEVER_DS,
    Rows,
    Rules,
    cost_of,
    held_karp,
    improved,
    late_of,
    nearest_neighbour,
)
from picking.tour_bound import lower_bound_dm


def rules(stops: int, **other: object) -> Rules:
    """None, unless said otherwise; a dm takes a tenth of a second."""
    rows = stops + 2
    free = Rules(
        np.zeros(rows, np.int32),
        np.zeros((0, 2), np.int32),
        np.zeros(rows, np.int64),
        np.full(rows, NEVER_DS, np.int64),
        1000,
        0,
    )
    return free._replace(**other)


def cost(matrix: Dm, kept: Rules, order: list[int]) -> int:
    return int(cost_of(matrix, kept, np.array(order, np.int32), np.zeros(len(matrix), np.int32)))


LINE = np.abs(np.subtract.outer([0, 10, 20, 30, 0], [0, 10, 20, 30, 0])).astype(np.int64)
"""Start and end at 0, three stops 10, 20 and 30 along a line."""


def test_the_cost_of_an_order_is_its_walk() -> None:
    assert cost(LINE, rules(3), [1, 2, 3]) == 60
    assert cost(LINE, rules(3), [2, 1, 3]) == 20 + 10 + 20 + 30


def test_a_broken_rank_a_broken_pair_and_a_missing_leg_are_forbidden() -> None:
    ranked = rules(3, rank=np.array([0, 1, 0, 1, 0], np.int32))
    assert cost(LINE, ranked, [2, 1, 3]) == 80
    assert cost(LINE, ranked, [1, 2, 3]) == FORBIDDEN
    paired = rules(3, pairs=np.array([(3, 1)], np.int32))
    assert cost(LINE, paired, [3, 2, 1]) == 60
    assert cost(LINE, paired, [1, 2, 3]) == FORBIDDEN
    shut = LINE.copy()
    shut[1, 2] = UNREACHABLE_DM
    assert cost(shut, rules(3), [1, 2, 3]) == FORBIDDEN
    assert cost(shut, rules(3), [3, 2, 1]) == 60


def test_who_is_late_pays_and_who_is_early_waits() -> None:
    """At 10 after 10 tenths of a second, open until 5; at 20 after 20, opened at 50; at 30 after 60."""
    latest = np.array([NEVER_DS, 5, NEVER_DS, 55, NEVER_DS], np.int64)
    earliest = np.array([0, 0, 50, 0, 0], np.int64)
    timed = rules(3, earliest_ds=earliest, latest_ds=latest)
    assert cost(LINE, timed, [1, 2, 3]) == 60 + (5 + 5) * LATE_DM
    assert late_of(LINE, timed, np.array([1, 2, 3], np.int32)) == (2, 5)
    assert cost(LINE, timed._replace(stop_ds=3), [1, 2, 3]) == 60 + (5 + 8) * LATE_DM


def test_the_nearest_stop_that_may_come_next_is_taken() -> None:
    assert nearest_neighbour(LINE, rules(3)).tolist() == [1, 2, 3]
    assert nearest_neighbour(LINE, rules(3, rank=np.array([0, 2, 1, 0, 0], np.int32))).tolist() == [3, 2, 1]
    assert nearest_neighbour(LINE, rules(3, pairs=np.array([(2, 1)], np.int32))).tolist() == [2, 1, 3]


def test_without_tries_the_order_stays() -> None:
    order = np.array([2, 1, 3], np.int32)
    assert improved(LINE, rules(3), order, 0).tolist() == [2, 1, 3]
    assert improved(LINE, rules(3), order, 1000).tolist() in ([1, 2, 3], [3, 2, 1])


@st.composite
def questions(draw: st.DrawFn) -> tuple[Dm, Rules]:
    """Metric legs, there and back different, an open end now and then, ranks and pairs that do not contradict."""
    stops = draw(st.integers(0, 5))
    points = np.array(draw(st.lists(st.tuples(*[st.integers(0, 300)] * 2), min_size=stops + 2, max_size=stops + 2)))
    matrix = np.abs(points[:, None] - points[None]).sum(axis=2).astype(np.int64)
    if draw(st.booleans()):
        more = draw(st.lists(st.integers(0, 200), min_size=(stops + 2) ** 2, max_size=(stops + 2) ** 2))
        matrix = matrix + np.array(more, np.int64).reshape(stops + 2, stops + 2)
        np.fill_diagonal(matrix, 0)
        for row in range(stops + 2):
            matrix = np.minimum(matrix, matrix[:, [row]] + matrix[[row]])
    if draw(st.booleans()):
        matrix[:, -1] = 0
    rank = np.array([0, *draw(st.lists(st.integers(0, 2), min_size=stops, max_size=stops)), 0], np.int32)
    before = draw(st.sets(st.tuples(st.integers(1, max(stops, 1)), st.integers(1, max(stops, 1))), max_size=4))
    pairs = [(a, b) for a, b in sorted(before) if a < b <= stops and rank[a] <= rank[b]]
    return matrix, rules(stops, rank=rank, pairs=np.array(pairs, np.int32).reshape(-1, 2))


def shortest(matrix: Dm, kept: Rules) -> int:
    return min(cost(matrix, kept, list(order)) for order in permutations(range(1, len(matrix) - 1)))


@settings(max_examples=120, deadline=None)
@given(questions())
def test_the_table_over_subsets_finds_the_shortest_order_that_keeps_the_rules(question: tuple[Dm, Rules]) -> None:
    matrix, kept = question
    assert cost(matrix, kept, held_karp(matrix, kept).tolist()) == shortest(matrix, kept)


@settings(max_examples=120, deadline=None)
@given(questions())
def test_exchanges_keep_the_rules_and_never_lengthen_the_walk(question: tuple[Dm, Rules]) -> None:
    matrix, kept = question
    first: Rows = nearest_neighbour(matrix, kept)
    better = improved(matrix, kept, first, 10_000)
    assert sorted(better.tolist()) == list(range(1, len(matrix) - 1))
    assert cost(matrix, kept, better.tolist()) <= cost(matrix, kept, first.tolist()) < FORBIDDEN


@settings(max_examples=60, deadline=None)
@given(questions())
def test_after_enough_exchanges_none_of_them_helps_any_more(question: tuple[Dm, Rules]) -> None:
    """What is said to be the walk saved by an exchange is what it saves: no reversal and no move is left that would."""
    matrix, kept = question
    better = improved(matrix, kept, nearest_neighbour(matrix, kept), 100_000).tolist()
    best = cost(matrix, kept, better)
    for low in range(len(better)):
        for high in range(low + 1, len(better) + 1):
            part, rest = better[low:high], better[:low] + better[high:]
            assert cost(matrix, kept, better[:low] + part[::-1] + better[high:]) >= best
            if len(part) <= min(3, len(better) - 1):
                for to in range(len(rest) + 1):
                    assert cost(matrix, kept, rest[:to] + part + rest[to:]) >= best
                    assert cost(matrix, kept, rest[:to] + part[::-1] + rest[to:]) >= best


@settings(max_examples=120, deadline=None)
@given(questions())
def test_no_order_is_shorter_than_the_bound(question: tuple[Dm, Rules]) -> None:
    matrix, kept = question
    for rank, free in ((None, rules(len(matrix) - 2)), (kept.rank, rules(len(matrix) - 2, rank=kept.rank))):
        best = shortest(matrix, free)
        assert 0 <= lower_bound_dm(matrix, best, rank) <= best
        assert lower_bound_dm(matrix, 10**6, rank) <= best


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_bound_is_near_where_stops_lie_about(seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 1000, (42, 2))
    matrix = np.abs(points[:, None] - points[None]).sum(axis=2).astype(np.int64)
    free = rules(40)
    found = cost(matrix, free, improved(matrix, free, nearest_neighbour(matrix, free), 10**6).tolist())
    assert 0.85 * found < lower_bound_dm(matrix, found) <= found


def test_legs_that_lead_one_way_only_raise_the_bound_to_the_assignment() -> None:
    """In a ring walked one way the tree sees the short way back; the assignment does not."""
    ring = np.array([[(b - a) % 6 * 10 for b in range(6)] for a in range(6)], np.int64)
    ring = np.column_stack([ring, ring[:, 0]])
    ring = np.vstack([ring, ring[0]])
    ring[0, -1], ring[-1, 0] = 60, 60
    assert lower_bound_dm(ring, 60) == 60
