"""Tours in an order of ranks: no stop of a higher rank before one of a lower (heavy goods first, fragile ones last).

Owns the choice of how. On a floor of parallel aisles the tour is a chain: from a stop of one rank an exact tour over
all stops of the next, for each stop it may end at; the cheapest chain is the shortest tour. Everywhere else, or where
the limit is too short for that, `offgrid` searches: few stops by a table over subsets. It refuses what a plain tour
refuses. Invariant: the sequence keeps the ranks and visits every stop once; its length is what replaying it gives, lift
and all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from picking.exact.native import kernels
from picking.exact.tables import MOST_CROSS_AISLES
from picking.exact.tour import exact_length_dm, seconds_needed
from picking.layout import Spot
from picking.offgrid import GraphProblem, plan_graph_tour
from picking.problem import TourProblem
from picking.result import Tour
from picking.solver import plan_tour

FEW_STOPS = 12
"""So many are ordered by a table in a few milliseconds, whatever the limit."""

SHARE = 2
"""A half of the limit may go into the chain's exact tours: what is left plans the walk along it."""

SAMPLE = 40
"""After so many exact tours it is known whether there is time for all."""


def keeps_ranks(ranks: Mapping[str, int], sequence: Sequence[Spot]) -> bool:
    """Whether stops in this order keep the ranks; a stop that is not named has rank 0."""
    return all(ranks.get(one.name, 0) <= ranks.get(other.name, 0) for one, other in pairwise(sequence))


def plan_ranked_tour(problem: TourProblem, time_limit_ms: int, seed: int) -> Tour:
    """See solver.plan_tour. S-shape and location order are those of the free walk: neither keeps any ranks.

    `lower_bound_dm` holds for every order that keeps the ranks.
    """
    began = time.perf_counter()
    ranks = dict(problem.ranks)
    free_problem = replace(problem, ranks=())
    # Its limit is its own: it takes a millisecond where tours are exact.
    free = plan_tour(free_problem, max(1, time_limit_ms // 4), seed)
    if keeps_ranks(ranks, free.sequence):
        return replace(free, problem=problem)
    left_ms = max(0, time_limit_ms - round((time.perf_counter() - began) * 1000))
    found = None
    # The table knows what the lift saves where a bay has goods of two ranks; without a lift the chain is as good.
    if len(problem.distinct_stops) > FEW_STOPS or not problem.level_penalty_dm:
        found = _chained(free_problem, ranks, left_ms / 1000 / SHARE, seed)
    if found is None:
        found = _searched(problem, left_ms, seed)
    sequence, bound_dm, solver, reason = found
    return replace(
        free, sequence=sequence, distance_dm=problem.length_dm(sequence), solver=solver, reason=reason,
        elapsed_ms=round((time.perf_counter() - began) * 1000),
        lower_bound_dm=max(bound_dm, free.lower_bound_dm), problem=problem,
    )  # fmt: skip


_Found = tuple[tuple[Spot, ...], int, str, str]


def _searched(problem: TourProblem, left_ms: int, seed: int) -> _Found:
    tour = plan_graph_tour(
        GraphProblem(
            problem.layout, problem.start, problem.end, problem.distinct_stops, ranks=problem.ranks,
            level_penalty_dm=problem.level_penalty_dm, reach_level=problem.reach_level,
        ),
        left_ms, seed,
    )  # fmt: skip
    return tour.sequence, tour.lower_bound_dm, tour.solver, tour.reason


def _chained(problem: TourProblem, ranks: Mapping[str, int], seconds: float, seed: int) -> _Found | None:
    """None: no exact tours on this floor, or too many of them for the time."""
    layout = problem.layout
    if not layout.is_plain or len(layout.cross_aisle_y_dm) > MOST_CROSS_AISLES or kernels(seconds) is None:
        return None
    by_rank: dict[int, list[Spot]] = {}
    for stop in problem.distinct_stops:
        by_rank.setdefault(ranks.get(stop.name, 0), []).append(stop)
    parts = [by_rank[rank] for rank in sorted(by_rank)]
    # One stop for each place: what lies above it is taken in passing.
    ends = [list({(stop.x_dm, stop.y_dm): stop for stop in part}.values()) for part in parts]
    if seconds_needed(layout, max(map(len, ends)) + 2, True) > seconds:
        return None
    began, asked = time.perf_counter(), 0
    tours = len(ends[0]) + sum(len(one) * len(other) for one, other in pairwise(ends[:-1])) + len(ends[-2])
    walked: list[tuple[int, tuple[Spot, ...]]] = [(0, ())]  # by where it stands now: how far, and where it stood
    for part, lasts in zip(ends, [*ends[:-1], [problem.end]], strict=True):
        reached = []
        for last in lasts:
            begins = [(dm, stood, stood[-1] if stood else problem.start) for dm, stood in walked]
            chains = [(dm + exact_length_dm(layout, begin, last, part), (*stood, last)) for dm, stood, begin in begins]
            reached.append(min(chains, key=_how_far))
            asked += len(begins)
            passed_s = time.perf_counter() - began
            # Judged by what those asked so far took: how long one takes is known only roughly before.
            if asked >= SAMPLE and passed_s * tours / asked > seconds:
                return None
        walked = reached
    (walked_dm, chain) = walked[0]
    sequence: list[Spot] = []
    begin = problem.start
    for part, last in zip(parts, chain, strict=True):
        leg = TourProblem(layout, begin, last, tuple(part), problem.level_penalty_dm, problem.reach_level)
        walk = list(plan_tour(leg, 1000, seed).sequence)
        sequence += walk
        begin = walk[-1]
    return tuple(sequence), walked_dm + _least_lifted_dm(problem), "ranked", ""


def _how_far(chain: tuple[int, tuple[Spot, ...]]) -> int:
    return chain[0]


def _least_lifted_dm(problem: TourProblem) -> int:
    """What the lift costs at least: up to the highest stop of each bay and down again, begun and ended elsewhere."""
    outer = {(spot.x_dm, spot.y_dm) for spot in (problem.start, problem.end)}
    highest: dict[tuple[int, int], int] = {}
    for stop in problem.distinct_stops:
        place = (stop.x_dm, stop.y_dm)
        if place not in outer:
            highest[place] = max(highest.get(place, 0), problem.lift_dm(stop))
    return 2 * sum(highest.values())
