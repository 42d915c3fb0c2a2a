"""Finds the order of a GraphProblem's stops.

Owns the choice: a table over subsets for few stops, fast-tsp where there and back are alike and nothing is
ordered, OR-Tools routing for everything else, nearest neighbour improved by exchanges where no time is left. It
refuses stops that can each be visited but not one after the other. Invariant: it answers within its limit plus a
few milliseconds, with an order that keeps the rules and is no longer than the improved nearest neighbour's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from picking.dijkstra import Dm
from picking.errors import FieldError, check_whole
from picking.layout import Layout, Spot
from picking.offgrid import NEVER_MS, GraphProblem, Window
from picking.offgrid_solvers import SearchFailed, by_fast_tsp, by_routing
from picking.ordered import (
    FORBIDDEN,
    HELD_KARP_STOPS,
    NEVER_DS,
    Rows,
    Rules,
    cost_of,
    held_karp,
    improved,
    late_of,
    nearest_neighbour,
)
from picking.result import Tour
from picking.tour_bound import lower_bound_dm

LEAST_SEARCH_MS = 15
"""With less left than this, building a model alone would break the limit."""

FINISH_MS = 10

TRIES_PER_MS = 5_000
"""Exchanges tried for each millisecond of the limit: a tenth of it, or a third where every try is timed."""


def rules_of(problem: GraphProblem) -> Rules:
    """The problem's rules by row; moments are rounded so that who keeps them keeps the question's."""
    rows = len(problem.distinct_stops) + 2
    row_of = {stop.name: row for row, stop in enumerate(problem.distinct_stops, 1)}
    rank = np.zeros(rows, np.int32)
    for name, value in problem.ranks:
        rank[row_of[name]] = value
    pairs = np.array([(row_of[one], row_of[other]) for one, other in problem.before], np.int32).reshape(-1, 2)
    earliest = np.zeros(rows, np.int64)
    latest = np.full(rows, NEVER_DS, np.int64)
    for window in problem.windows:
        row = row_of[window.stop]
        earliest[row] = -(-window.earliest_ms // 100)
        if window.latest_ms < NEVER_MS:
            latest[row] = window.latest_ms // 100
    return Rules(rank, pairs, earliest, latest, 1_000_000 // problem.walking_mm_per_s, -(-problem.stop_ms // 100))


def search(problem: GraphProblem, time_limit_ms: int, seed: int) -> Tour:
    """See offgrid.plan_graph_tour."""
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    began = time.perf_counter()
    matrix, rules = problem.matrix(), rules_of(problem)
    scratch = np.zeros(len(matrix), np.int32)

    def cost(order: Rows) -> int:
        return int(cost_of(matrix, rules, order, scratch))

    first = nearest_neighbour(matrix, rules)
    fallback = improved(matrix, rules, first, max(1000, _tries(problem, time_limit_ms)))
    left_ms = time_limit_ms - (time.perf_counter() - began) * 1000
    found, solver, reason = _search(problem, matrix, rules, fallback, int(left_ms), seed)
    if cost(found) >= cost(fallback) and solver not in ("none", "held_karp"):
        reason = reason or f"{solver} found nothing shorter"
        found, solver = fallback, "nearest_neighbour"
    if cost(found) >= FORBIDDEN:
        raise FieldError("stops", "no order of them was found that can be walked from start to end")
    length_dm = _length(matrix, found)
    is_proven = solver in ("none", "held_karp")
    bound_dm = length_dm if is_proven else lower_bound_dm(_forbid(matrix, rules), length_dm, rules.rank)
    late, worst_ds = late_of(matrix, rules, found)
    if late:
        words = f"{'1 stop' if late == 1 else f'{late} stops'} late, by {worst_ds // 10} s at most"
        reason = f"{words}; {reason}" if reason else words
    rows = problem.distinct_stops
    by_name = np.array(sorted(range(1, len(rows) + 1), key=lambda row: rows[row - 1].name), np.int32)
    return Tour(
        sequence=tuple(rows[row - 1] for row in found.tolist()),
        distance_dm=length_dm,
        s_shape_dm=_length(matrix, fallback),
        location_order_dm=_length(matrix, by_name),
        solver=solver,
        seed=seed,
        elapsed_ms=round((time.perf_counter() - began) * 1000),
        reason=reason,
        lower_bound_dm=bound_dm,
    )


def compile_search() -> None:
    """Has the orders under rules compiled on disk, for the install: the first tour under ranks must not wait for it."""
    floor = Layout((0, 40), (0, 200))
    start = Spot("start", 0, 0)
    stops = tuple(Spot(f"{x_dm}/{y_dm}", x_dm, y_dm) for x_dm in (0, 40) for y_dm in range(10, 190, 20))
    ranks = tuple((stop.name, number % 2) for number, stop in enumerate(stops))
    search(GraphProblem(floor, start, start, stops[:3], ranks=ranks[:3]), 0, 0)
    search(GraphProblem(floor, start, start, stops, ranks=ranks, windows=(Window(stops[0].name),)), 0, 0)


def _tries(problem: GraphProblem, time_limit_ms: int) -> int:
    # With moments to keep every try is the whole order again.
    return (
        TRIES_PER_MS
        * time_limit_ms
        * (4 if problem.windows else len(problem.distinct_stops))
        // max(1, len(problem.distinct_stops))
    )


def _search(
    problem: GraphProblem, matrix: Dm, rules: Rules, fallback: Rows, left_ms: int, seed: int
) -> tuple[Rows, str, str]:
    stops = len(fallback)
    if stops <= 1:
        return fallback, "none", ""
    if stops <= HELD_KARP_STOPS and not problem.windows:
        return held_karp(matrix, rules), "held_karp", ""
    if left_ms < LEAST_SEARCH_MS:
        return fallback, "nearest_neighbour", "no time was left to search"
    inner = matrix[:-1, :-1] if problem.end is None else matrix
    is_alike = bool((inner == inner.T).all())
    try:
        if is_alike and not problem.is_ordered:
            return by_fast_tsp(matrix, problem.end is None, (left_ms - FINISH_MS) / 1000, seed), "fast_tsp", ""
        return by_routing(matrix, rules, fallback, left_ms - FINISH_MS, seed), "ortools", ""
    except (SearchFailed, ValueError, RuntimeError, MemoryError) as failure:
        # The picker waits: the improved nearest neighbour is walked, and the tour says why.
        return fallback, "nearest_neighbour", f"search failed: {failure}"


def _forbid(matrix: Dm, rules: Rules) -> Dm:
    """The legs the rules rule out taken away, for the bound."""
    left = matrix.copy()
    for row in range(1, len(matrix) - 1):
        left[row, 1:-1][rules.rank[1:-1] < rules.rank[row]] = FORBIDDEN
    left[rules.pairs[:, 1], rules.pairs[:, 0]] = FORBIDDEN
    return left


def _length(matrix: Dm, order: Rows) -> int:
    rows: Sequence[int] = [0, *order.tolist(), len(matrix) - 1]
    return int(matrix[rows[:-1], rows[1:]].sum())
