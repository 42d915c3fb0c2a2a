"""Random floors: every tour against a solver that knows distances alone, and longer ones against fast-tsp."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import fast_tsp
import numpy as np
from numba import njit

from picking import Closed, FieldError, Layout, OneWay, Spot, TourProblem, exact_length_dm, out_of_reach, plan_tour
from picking.distances import Decimetres
from tests.benchmarks.picking_sets import Options, Row

HELP = """100 rows of 1,000 random floors with up to 19 stops (--full; else every tenth row): up to 40 aisles, 1 to 4
blocks, start and end anywhere, a third of the tours open (start and end apart, or ending anywhere by a dummy node), one
in eight with one-way aisles, one in eight with closed stretches or busy aisles. Each is solved again by a table over
subsets of its distances, has to be as long, and is walked again. 100 rows of 20 floors with 20 to 200 stops against
fast-tsp, 0.1 s: never longer. One-way floors too large for the exact sweep are counted and their bound is checked."""

FLOORS, LARGE_FLOORS = 1000, 20
UNREACHABLE_DM = 10**11


def rows(options: Options) -> Iterator[Row]:
    for number in range(100):
        if not options.is_mine(number) or not (options.is_full or number % 10 == 0):
            continue
        if not options.is_done(f"small {number}"):
            yield _small(number)
    for number in range(100):
        if not options.is_mine(number) or not (options.is_full or number % 10 == 0):
            continue
        if not options.is_done(f"large {number}"):
            yield _large(number)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    names = ("floors", "wrong", "without_a_tour", "not_proven", "one_way", "open", "longer", "shorter")
    return {name: sum(row.get(name, 0) for row in rows) for name in names}


def _small(number: int) -> Row:
    dice = random.Random(number)
    count = {"floors": 0, "wrong": 0, "without_a_tour": 0, "not_proven": 0, "one_way": 0, "open": 0}
    wrong: list[str] = []
    for _ in range(FLOORS):
        layout = _layout(dice)
        stops = dice.choices((dice.randint(1, 12), dice.randint(13, 16), dice.randint(17, 19)), (95, 4, 1))[0]
        spots = [_spot(dice, layout, f"S{at}") for at in range(stops)]
        start = _spot(dice, layout, "start")
        end = _spot(dice, layout, "end") if dice.random() < 0.25 else start
        is_free = end is start and not layout.one_way and dice.random() < 0.12
        problem = TourProblem(layout, start, end, tuple(spots))
        matrix = problem.matrix().copy()
        if is_free:
            matrix[:, -1] = 0
        shortest_dm = int(_by_subsets(np.minimum(matrix, UNREACHABLE_DM)))
        count["floors"] += 1
        count["one_way"] += bool(layout.one_way)
        count["open"] += is_free or end is not start
        try:
            if is_free:
                is_right = exact_length_dm(layout, start, None, spots) == shortest_dm
            else:
                tour = plan_tour(problem, 60_000)
                is_proven = tour.is_shortest
                count["not_proven"] += not is_proven
                is_right = (
                    problem.length_dm(tour.sequence) == tour.distance_dm
                    and sorted(stop.name for stop in tour.sequence) == sorted(spot.name for spot in spots)
                    and tour.lower_bound_dm <= shortest_dm <= tour.distance_dm
                    and (not is_proven or tour.distance_dm == shortest_dm)
                )
        except FieldError:
            count["without_a_tour"] += 1
            # A bin on a crossing inside a closed stretch has distances, but counts as closed.
            is_right = shortest_dm >= UNREACHABLE_DM or bool(out_of_reach(layout, start, spots, end))
        if not is_right:
            wrong.append(f"{problem!r}, shortest {shortest_dm} dm, ends anywhere: {is_free}")
    count["wrong"] = len(wrong)
    return {"key": f"small {number}", **count, "examples": wrong[:3], "ok": not wrong}


def _large(number: int) -> Row:
    dice = random.Random(1000 + number)
    longer = shorter = 0
    for _ in range(LARGE_FLOORS):
        layout = _layout(dice, is_plain=True)
        spots = [_spot(dice, layout, f"S{at}") for at in range(dice.randint(20, 200))]
        start = _spot(dice, layout, "start")
        problem = TourProblem(layout, start, start, tuple(spots))
        tour = plan_tour(problem, 60_000)
        matrix = problem.matrix()[:-1, :-1]
        other = [int(at) for at in fast_tsp.find_tour(matrix.tolist(), 0.1)]
        other_dm = int(sum(matrix[a, b] for a, b in zip(other, [*other[1:], other[0]], strict=True)))
        is_whole = len(tour.sequence) == len(spots) and problem.length_dm(tour.sequence) == tour.distance_dm
        longer += tour.distance_dm > other_dm or not is_whole or not tour.is_shortest
        shorter += tour.distance_dm < other_dm
    return {"key": f"large {number}", "floors": LARGE_FLOORS, "longer": longer, "shorter": shorter, "ok": not longer}


def _layout(dice: random.Random, is_plain: bool = False) -> Layout:
    aisles = dice.choice((dice.randint(1, 6), dice.randint(1, 40)))
    crosses = dice.randint(2, 5)
    xs = tuple(sorted(dice.sample(range(0, 20 * aisles + 10), aisles)))
    ys = tuple(sorted(dice.sample(range(0, 1000, dice.choice((1, 50))), crosses)))
    kind = 1.0 if is_plain else dice.random()
    one_way: tuple[OneWay, ...] = ()
    closed: list[Closed] = []
    busy: dict[tuple[int, int], int] = {}
    if kind < 0.125:
        pick = {(dice.randrange(aisles), dice.randrange(crosses - 1)) for _ in range(dice.randint(1, 8))}
        one_way = tuple(OneWay(aisle, dice.random() < 0.5, block) for aisle, block in sorted(pick))
    elif kind < 0.25:
        for _ in range(dice.randint(1, 4)):
            low = dice.randint(-20, 1000)
            closed.append(Closed(dice.randrange(aisles), low, low + dice.randint(1, 150)))
        for _ in range(dice.randint(0, 3)):
            busy[dice.randrange(aisles), dice.randrange(crosses - 1)] = dice.randint(0, 200)
    return Layout(xs, ys, one_way, tuple(closed), tuple((*at, extra) for at, extra in sorted(busy.items())))


def _spot(dice: random.Random, layout: Layout, name: str) -> Spot:
    low, high = layout.cross_aisle_y_dm[0], layout.cross_aisle_y_dm[-1]
    x = dice.choice(layout.aisle_x_dm)
    if dice.random() < (0.5 if name in ("start", "end") else 0.05):
        x = dice.randint(-50, layout.aisle_x_dm[-1] + 50)
    y = dice.choice(layout.cross_aisle_y_dm) if dice.random() < 0.1 else dice.randint(low, high)
    if dice.random() < 0.05:
        y = dice.randint(low - 60, high + 60)
    return Spot(name, x, y)


@njit(cache=True)
def _by_subsets(matrix: Decimetres) -> int:
    """Held and Karp 1962: the shortest walk from the first row over all others to the last, by a table over subsets."""
    stops = len(matrix) - 2
    far = 1 << 50
    shortest = np.full((1 << stops, stops), far, np.int64)
    for stop in range(stops):
        shortest[1 << stop, stop] = matrix[0, stop + 1]
    for subset in range(1, 1 << stops):
        for last in range(stops):
            walk_dm = shortest[subset, last]
            if walk_dm >= far:
                continue
            for stop in range(stops):
                if not subset >> stop & 1:
                    both = subset | (1 << stop)
                    reached_dm = walk_dm + matrix[last + 1, stop + 1]
                    if reached_dm < shortest[both, stop]:
                        shortest[both, stop] = reached_dm
    best_dm = far
    for last in range(stops):
        best_dm = min(best_dm, shortest[(1 << stops) - 1, last] + matrix[last + 1, stops + 1])
    return best_dm
