"""Plans one tour: the shortest one wherever the floor has aisles, and never longer than the S-shape.

Owns the choice of the solver, the time limit and the fall-back. Up to six cross-aisles the exact dynamic program
answers in well under a millisecond (exact/); with more, or with one-way aisles it cannot finish in time, the general
solvers of offgrid.py search within the limit. It refuses stops no walk can reach, naming them.
Invariant: plan_tour always answers, within its limit plus a few milliseconds, with a tour no longer than the S-shape;
one in an order of ranks (ranked.py) may be longer than that.
Reading the compiled kernels from disk, some tenths of a second once in a process, is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from picking.errors import FieldError, check_whole
from picking.exact.native import kernels
from picking.exact.tables import MOST_CROSS_AISLES, make_meanwhile
from picking.exact.tour import (
    Place,
    TooLarge,
    exact_length_dm,
    exact_tour,
    rule_lengths_dm,
    seconds_needed,
    tour_by_bays,
)
from picking.heuristics import Route, largest_gap, location_order, return_route, s_shape
from picking.layout import Spot
from picking.problem import TourProblem
from picking.result import Tour

if TYPE_CHECKING:
    from picking.distances import Decimetres

Order = tuple[int, ...]

LEAST_SEARCH_MS = 5
"""With less time left than this, building a search's model alone would break the limit."""

AT_ONCE_S = 0.005
"""An exact tour that takes no longer is planned even if the machine stood still until the limit: the S-shape that
would be walked instead is worked out no sooner."""

FEW_STOPS = 12
"""On a floor no exact program is for, so many are compared one by one in milliseconds, late or not."""

FINISH_MS = 3
"""Kept back for what follows a search: its last step runs past its limit, and the model is taken down."""


class SolverFailed(Exception):
    """A solver has no order to offer; the reason is for the log and the tour's `reason`."""


class RouteSolver(Protocol):
    """Orders the stops of a distance matrix whose first row is the start and whose last row is the end."""

    @property
    def name(self) -> str: ...

    def order_stops(self, matrix: Decimetres, initial: Order, time_limit_ms: int, seed: int) -> Order:
        """A permutation of rows 1 to n; `initial` is one to begin with. Raises SolverFailed."""
        ...


class _Found(NamedTuple):
    """None for a route: nothing was found, and `reason` says why."""

    route: Route | None
    lower_bound_dm: int = 0
    reason: str = ""


def plan_tour(problem: TourProblem, time_limit_ms: int = 100, seed: int = 0, solver: RouteSolver | None = None) -> Tour:
    """The shortest tour, or the shortest found within the limit; `Tour.solver` says what found it, `lower_bound_dm`
    what is proven, `reason` why it is the S-shape. Raises FieldError naming a stop no walk can reach.
    Under ranks the caller's own solver is not asked.
    """
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    if problem.ranks:
        from picking.ranked import plan_ranked_tour

        return plan_ranked_tour(problem, time_limit_ms, seed)
    began = time.perf_counter()
    if not problem.layout.is_plain:
        _check_reach(problem)
    # Loading is not the solver's time, but compiling may take a quarter of a minute.
    compiled = kernels(time_limit_ms / 1000)
    loaded = time.perf_counter() if compiled is not None else began
    if solver is not None:
        found = _by_solver(problem, solver, loaded, time_limit_ms, seed)
    elif len({(stop.x_dm, stop.y_dm) for stop in problem.distinct_stops}) <= 1:
        nothing_to_decide = tour_by_bays("none", problem, partial(_straight, problem))
        found = _Found(nothing_to_decide, nothing_to_decide.distance_dm)
    else:
        found = _search(problem, compiled is not None, loaded, time_limit_ms, seed)

    baseline: Route | None = None
    if problem.layout.is_plain and compiled is not None:
        s_shape_dm, by_name_dm = rule_lengths_dm(problem, compiled)
    else:
        baseline = _rule(s_shape, problem)
        by_name = _rule(location_order, problem)
        s_shape_dm = -1 if baseline is None else baseline.distance_dm
        by_name_dm = -1 if by_name is None else by_name.distance_dm
    route, bound_dm, reason = found
    if route is None or (route.distance_dm >= s_shape_dm >= 0 and route.distance_dm > bound_dm):
        reason = reason or f"{route.policy if route else 'no solver'} found nothing shorter"
        baseline = baseline or _rule(s_shape, problem)
        route = baseline or route
    if route is None:
        raise FieldError("stops", f"no order was found in which they can be walked: {reason}")
    return Tour(
        sequence=route.sequence,
        distance_dm=route.distance_dm,
        # Where a rule's own order cannot be walked at all there is nothing to compare with.
        s_shape_dm=s_shape_dm if s_shape_dm >= 0 else route.distance_dm,
        location_order_dm=by_name_dm if by_name_dm >= 0 else route.distance_dm,
        solver=route.policy,
        seed=seed,
        elapsed_ms=round((time.perf_counter() - began) * 1000),
        reason=reason,
        lower_bound_dm=bound_dm,
        problem=problem,
    )


def _straight(problem: TourProblem, places: Sequence[Place]) -> tuple[int, Sequence[int]]:
    """From the start over the one place, if any, to the end."""
    spots = [Spot(str(number), *place) for number, place in enumerate(places)]
    is_exact = problem.layout.is_plain and len(problem.layout.cross_aisle_y_dm) <= MOST_CROSS_AISLES
    if is_exact and kernels(0) is not None:
        return exact_length_dm(problem.layout, problem.start, problem.end, spots), range(len(places))
    from picking.distances import walk_dm

    return walk_dm(problem.layout, [problem.start, *spots, problem.end]), range(len(places))


def _search(problem: TourProblem, is_compiled: bool, began: float, time_limit_ms: int, seed: int) -> _Found:
    layout, stops = problem.layout, len(problem.distinct_stops)
    is_open = (problem.start.x_dm, problem.start.y_dm) != (problem.end.x_dm, problem.end.y_dm)
    crosses = len(layout.cross_aisle_y_dm)
    left_s = time_limit_ms / 1000 - (time.perf_counter() - began)
    reason = ""
    least_dm = 0
    if layout.closed_cross:
        reason = "the exact tours know no closed cross-aisle"
    elif crosses <= MOST_CROSS_AISLES:
        if not is_compiled:
            reason = "the exact tours are still being compiled"
        elif seconds_needed(layout, stops + 2, is_open) <= max(left_s, min(time_limit_ms / 1000, AT_ONCE_S)):
            try:
                route = exact_tour(problem, _most_states(left_s))
                return _Found(route, route.distance_dm)
            except TooLarge as failure:
                least_dm, reason = failure.lower_bound_dm, str(failure)
                left_s = time_limit_ms / 1000 - (time.perf_counter() - began)
        elif left_s > 0:
            make_meanwhile(crosses, is_open)
            reason = f"a limit of {time_limit_ms} ms is too short for the exact tour of {crosses} cross-aisles"
    left_ms = round(1000 * left_s) - FINISH_MS
    if layout.closed_cross and stops <= FEW_STOPS:
        left_ms = max(left_ms, LEAST_SEARCH_MS)  # so few are compared one by one, however late it is
    if left_ms < LEAST_SEARCH_MS:
        return _Found(None, 0, f"a limit of {time_limit_ms} ms leaves no time to search")
    return _by_general_search(problem, left_ms, seed, least_dm, reason)


def _most_states(left_s: float) -> int:
    """How many states of one-way aisles may be compared in the time: half of it, about a microsecond for each."""
    states = 1 << 11
    while states < 1 << 20 and states * 16 < left_s * 1e6:
        states *= 8
    return states


def _by_general_search(problem: TourProblem, time_limit_ms: int, seed: int, least_dm: int, reason: str) -> _Found:
    # Not at the top: it brings OR-Tools and numba along, half a second a tour of aisles can do without.
    from picking.offgrid import GraphProblem, plan_graph_tour

    answers: list[Tour] = []

    def walk(places: Sequence[Place]) -> tuple[int, Sequence[int]]:
        spots = tuple(Spot(str(number), *place) for number, place in enumerate(places))
        answer = plan_graph_tour(GraphProblem(problem.layout, problem.start, problem.end, spots), time_limit_ms, seed)
        answers.append(answer)
        return answer.distance_dm, [int(spot.name) for spot in answer.sequence]

    route = tour_by_bays("search", problem, walk)
    lifted_dm = route.distance_dm - answers[0].distance_dm
    return _Found(
        Route(answers[0].solver, route.sequence, route.distance_dm),
        max(answers[0].lower_bound_dm, least_dm) + lifted_dm,
        reason or answers[0].reason,
    )


def _by_solver(problem: TourProblem, solver: RouteSolver, began: float, time_limit_ms: int, seed: int) -> _Found:
    """The caller's own solver, from the best rule, over one stop for each bay."""
    matrix = problem.matrix()
    row_of = {(stop.x_dm, stop.y_dm): row for row, stop in reversed(list(enumerate(problem.distinct_stops, 1)))}
    rules = [_rule(rule, problem) for rule in (s_shape, largest_gap, return_route)]
    best_rule = min((rule for rule in rules if rule is not None), key=lambda rule: rule.distance_dm, default=None)
    left_ms = time_limit_ms - (time.perf_counter() - began) * 1000
    if best_rule is None or left_ms < LEAST_SEARCH_MS:
        return _Found(None, 0, f"a limit of {time_limit_ms} ms leaves no time to search")
    bay_rows = sorted(row_of.values())
    number_of = {row: number for number, row in enumerate(bay_rows, 1)}
    initial = tuple(dict.fromkeys(number_of[row_of[stop.x_dm, stop.y_dm]] for stop in best_rule.sequence))
    rows = [0, *bay_rows, len(matrix) - 1]
    try:
        order = solver.order_stops(matrix[np.ix_(rows, rows)], initial, max(1, int(left_ms) - FINISH_MS), seed)
    except (SolverFailed, RuntimeError, MemoryError) as failure:
        # A tour that cannot be improved must still be walked: the wave goes out with the S-shape, and says why.
        return _Found(None, 0, f"{solver.name} failed: {failure}")
    if sorted(order) != list(range(1, len(bay_rows) + 1)):
        return _Found(None, 0, f"{solver.name} failed: its tour does not visit every stop once")
    bays: dict[Place, list[Spot]] = {}
    for stop in problem.distinct_stops:
        bays.setdefault((stop.x_dm, stop.y_dm), []).append(stop)
    firsts = [problem.distinct_stops[bay_rows[number - 1] - 1] for number in order]
    sequence = tuple(stop for first in firsts for stop in bays[first.x_dm, first.y_dm])
    return _Found(Route(solver.name, sequence, problem.length_dm(sequence)))


class _Rule(Protocol):
    def __call__(self, problem: TourProblem) -> Route: ...


def _rule(rule: _Rule, problem: TourProblem) -> Route | None:
    """None where the rule's order cannot be walked: a leg of it runs against a one-way aisle with no way round."""
    try:
        return rule(problem)
    except FieldError:
        return None


def _check_reach(problem: TourProblem) -> None:
    from picking.distances import out_of_reach

    for at, words in out_of_reach(problem.layout, problem.start, problem.stops, problem.end):
        raise FieldError("end" if at == len(problem.stops) else f"stops[{at}]", words)
