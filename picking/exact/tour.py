"""Exact tours from Python: spots in, the shortest walk and the order of the stops out.

Owns what the kernel does not know: levels above reach (the lift goes up once at each bay), and stops at the bay where
the tour starts or ends. It refuses a floor without tables, and stops no walk can reach, naming the field.
Invariant: the length is that of the walk through the given order, lift included, and no order is shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from picking.compiled import CompiledLayout, compiled
from picking.errors import FieldError
from picking.exact.memory import Memory
from picking.exact.native import Kernels, kernels
from picking.exact.one_way_tour import MOST_STATES, one_way_tour
from picking.exact.tables import MOST_CROSS_AISLES, has_tables
from picking.heuristics import Route
from picking.layout import Layout, Spot
from picking.problem import TourProblem

MOST_STOPS = 100_000

Place = tuple[int, int]
"""x and y in dm."""

_CLOSED, _ANYWHERE = -1, -2

_PAIR_S = 4e-9
_TABLES_S = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.1), (0.2, 3.0), (2.0, 60.0))
"""To generate the tables of one to six cross-aisles, closed and open, on a slow machine."""

_memory = Memory()


class TooLarge(Exception):
    """One-way aisles leave more to compare than fits; `lower_bound_dm` is what no tour undercuts, lift left out."""

    def __init__(self, lower_bound_dm: int) -> None:
        super().__init__("one-way aisles leave too much to compare for an exact tour")
        self.lower_bound_dm = lower_bound_dm


def exact_length_dm(layout: Layout, start: Spot, end: Spot | None, spots: Sequence[Spot]) -> int:
    """Length in whole dm of the shortest walk from start over all spots to the end; None ends at the best stop.

    Levels cost nothing here. Raises FieldError where no walk exists, and for more than six cross-aisles.
    """
    return _solve(layout, start, end, [(spot.x_dm, spot.y_dm) for spot in spots], with_order=False)[0]


def exact_tour(problem: TourProblem, most_states: int = MOST_STATES) -> Route:
    """The shortest tour of the problem, its stops in order. Raises FieldError where no tour exists, TooLarge where
    one-way aisles leave more than most_states (a power of two) to compare.
    """

    def walk(places: Sequence[Place]) -> tuple[int, Sequence[int]]:
        return _solve(problem.layout, problem.start, problem.end, places, with_order=True, most_states=most_states)

    return tour_by_bays("exact", problem, walk)


def tour_by_bays(
    policy: str, problem: TourProblem, walk: Callable[[Sequence[Place]], tuple[int, Sequence[int]]]
) -> Route:
    """A tour from a walk over the places of the stops: the stops of one place are taken together, lift and all.

    `walk` gets each place of a stop once, without those of start and end, and gives the length in dm and the numbers
    of the places in order. Where its walk is shortest, so is the tour.
    """
    start, end = problem.start, problem.end
    at_first, at_last = (start.x_dm, start.y_dm), (end.x_dm, end.y_dm)
    bays: dict[Place, list[Spot]] = {}
    for stop in problem.distinct_stops:
        bays.setdefault((stop.x_dm, stop.y_dm), []).append(stop)
    at_start = bays.pop(at_first, [])
    at_end = bays.pop(at_last, [])
    if at_start and at_first == at_last and problem.lift_dm(end) > problem.lift_dm(start):
        # The lift stands higher at the end: from there the stops above are nearer.
        at_start, at_end = [], at_start
    places = list(bays)
    walk_dm, order = walk(places)
    sequence: list[Spot] = []
    if not places and at_first == at_last:
        sequence = _at_one_bay(problem, at_start or at_end)
    else:
        from_dm = problem.lift_dm(start)
        sequence += [stop for stop in at_start if problem.lift_dm(stop) > from_dm]
        sequence += [stop for stop in reversed(at_start) if problem.lift_dm(stop) <= from_dm]
        for number in order:
            sequence += bays[places[number]]
        sequence += at_end
    return Route(policy, tuple(sequence), walk_dm + problem.lifted_dm(sequence))


def rule_lengths_dm(problem: TourProblem, found: Kernels) -> tuple[int, int]:
    """How long the S-shape and going by location name are, on a plain floor, as `heuristics` has them."""
    arrays, stops = compiled(problem.layout), problem.distinct_stops
    count = len(stops) + 2
    spots = (problem.start, *stops, problem.end)
    lifts_dm = [problem.lift_dm(spot) for spot in spots] if problem.level_penalty_dm else [0] * count
    numbers = np.array([[spot.x_dm for spot in spots], [spot.y_dm for spot in spots], lifts_dm], np.int64)
    by_name = np.array(sorted(range(1, count - 1), key=lambda at: spots[at].name), np.int32)
    sizes = np.array((arrays.aisles, arrays.cross_aisles, count), np.int64)
    keys, order, lengths_dm = np.empty(count, np.int64), np.empty(count, np.int32), np.zeros(2, np.int64)
    at = numbers.ctypes.data
    found.rules(
        sizes.ctypes.data, *arrays.addresses[:2], at, at + 8 * count, at + 16 * count, by_name.ctypes.data,
        keys.ctypes.data, order.ctypes.data, lengths_dm.ctypes.data,
    )  # fmt: skip
    return int(lengths_dm[0]), int(lengths_dm[1])


def seconds_needed(layout: Layout, points: int, is_open: bool) -> float:
    """About how long the exact tour takes, with what has to be made first; far more than it does where it matters."""
    arrays = compiled(layout)
    if not has_tables(arrays.cross_aisles, is_open):
        return _TABLES_S[arrays.cross_aisles - 1][is_open]
    columns = min(arrays.aisles + points, 4 * points) if layout.is_plain else arrays.aisles + points
    return columns * len(arrays.tables(is_open).source) * _PAIR_S


def _at_one_bay(problem: TourProblem, stops: list[Spot]) -> list[Spot]:
    """Nothing to walk: only the lift goes, down first or up first, whichever is shorter."""
    from_dm = problem.lift_dm(problem.start)
    below = [stop for stop in stops if problem.lift_dm(stop) <= from_dm]
    above = [stop for stop in stops if problem.lift_dm(stop) > from_dm]
    return min(below[::-1] + above, above + below[::-1], key=problem.lifted_dm)


def _solve(
    layout: Layout,
    start: Spot,
    end: Spot | None,
    places: Sequence[Place],
    with_order: bool,
    most_states: int = MOST_STATES,
) -> tuple[int, list[int]]:
    arrays = compiled(layout)
    if not arrays.is_exact:
        raise FieldError("layout.cross_aisle_y_dm", f"must hold at most {MOST_CROSS_AISLES} for an exact tour")
    if len(places) > MOST_STOPS:
        raise FieldError("stops", f"must be at most {MOST_STOPS}, got {len(places)}")
    found = kernels()
    if found is None:
        raise RuntimeError("the exact tours could not be compiled")
    first = (start.x_dm, start.y_dm)
    last = None if end is None else (end.x_dm, end.y_dm)
    points = [first, *places] if last is None or last == first else [first, *places, last]
    ending = _ANYWHERE if last is None and places else _CLOSED if last is None or last == first else len(points) - 1
    walk_dm = _call(found, arrays, points, ending, with_order and not layout.one_way)
    order = _memory.order[: len(points)]
    if layout.one_way and walk_dm >= 0:
        walk_dm, order = _one_way(found, arrays, points, ending, walk_dm, most_states)
    if walk_dm < 0:
        raise FieldError("stops", "no walk leads from the start over all stops to the end")
    if not with_order:
        return walk_dm, []
    most = len(places)
    return walk_dm, [number - 1 for number in order.tolist() if 0 < number <= most]


def _one_way(
    found: Kernels, arrays: CompiledLayout, points: Sequence[Place], ending: int, bound_dm: int, most_states: int
) -> tuple[int, npt.NDArray[np.int32]]:
    best: tuple[int, list[int]] | None = (-1, [])
    if ending != _ANYWHERE:
        best = one_way_tour(found, arrays, points, ending, bound_dm, most_states)
    else:
        for at in range(1, len(points)):
            ended = [*points[:at], *points[at + 1 :], points[at]]
            tried = one_way_tour(found, arrays, ended, len(points) - 1, bound_dm, most_states)
            if tried is None:
                best = None
                break
            if tried[0] >= 0 and (best is None or best[0] < 0 or tried[0] < best[0]):
                best = tried
    if best is None:
        raise TooLarge(bound_dm)
    return best[0], np.array(best[1], np.int32)


def _call(
    found: Kernels, arrays: CompiledLayout, points: Sequence[Place], ending: int, with_order: bool
) -> int:
    xy_dm = np.array(points, np.int64).T.copy()
    return found.tour(*kernel_arguments(arrays, xy_dm, ending, with_order))


def kernel_arguments(
    arrays: CompiledLayout, xy_dm: npt.NDArray[np.int64], ending: int, with_order: bool
) -> tuple[int, ...]:
    """The addresses `Kernels.tour` is called with, in this thread's memory, good until the next call of it.

    xy_dm (2, points) must be kept as long. ending: -1 closed, -2 anywhere, else points - 1.
    """
    some = arrays.tables(ending != _CLOSED)
    count, aisles, crosses = xy_dm.shape[1], arrays.aisles, arrays.cross_aisles
    columns = min(aisles, 3 * count) + count if arrays.layout.is_plain else aisles + count
    _memory.fit(count, columns, crosses, max(some.states), with_order)
    sizes = _memory.sizes
    sizes[:10] = (
        aisles, crosses, arrays.layout.is_plain, len(arrays.closed), len(arrays.busy_dm), len(some.first),
        len(some.source), count, ending, with_order,
    )  # fmt: skip
    return (
        sizes.ctypes.data, *arrays.addresses, *some.addresses, xy_dm.ctypes.data, xy_dm.ctypes.data + 8 * count,
        *_memory.addresses,
    )  # fmt: skip
