"""Plans one tour: a search over the stops, never handed out when the S-shape would have been as short.

Owns the choice of the solver, its time limit and the fall-back. Few stops are solved exactly by dynamic
programming over subsets, more by OR-Tools from the best rule of heuristics.py. It refuses nothing a
TourProblem allows.
Invariant: plan_tour always answers, within its limit plus a few milliseconds, with a tour no longer than
the S-shape.
"""

from __future__ import annotations

import random
import time
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from picking.distances import Decimetres
from picking.errors import check_whole
from picking.heuristics import Route, largest_gap, location_order, return_route, s_shape
from picking.layout import Spot
from picking.problem import TourProblem
from picking.result import Tour

Order = tuple[int, ...]

HELD_KARP_STOPS = 12
"""Up to here the subset table is quicker (a few ms at 12) than a search that could not prove its answer
anyway.
"""

LEAST_SEARCH_MS = 5
"""With less time left than this, building the routing model alone would break the limit."""


FINISH_MS = 3
"""Kept back for what follows the search: its last step runs past its limit, and the model is taken down."""


class SolverFailed(Exception):
    """A solver has no order to offer; the reason is for the log and the tour's `reason`."""


class RouteSolver(Protocol):
    """Orders the stops of a distance matrix whose first row is the start and whose last row is the end."""

    @property
    def name(self) -> str: ...

    def order_stops(self, matrix: Decimetres, initial: Order, time_limit_ms: int, seed: int) -> Order:
        """A permutation of rows 1 to n; `initial` is one to begin with. Raises SolverFailed."""
        ...


def plan_tour(
    problem: TourProblem, time_limit_ms: int = 100, seed: int = 0, solver: RouteSolver | None = None
) -> Tour:
    """The shortest tour found within the limit; `Tour.solver` says what found it, `Tour.reason` why it is
    S-shape.
    """
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    began = time.perf_counter()
    baseline = s_shape(problem)
    by_name = location_order(problem)
    found, reason = _search(problem, baseline, began, time_limit_ms, seed, solver)
    if found.distance_dm >= baseline.distance_dm and found.policy not in ("none", "held_karp"):
        reason = reason or f"{found.policy} found nothing shorter"
        found = baseline
    return Tour(
        sequence=found.sequence,
        distance_dm=found.distance_dm,
        s_shape_dm=baseline.distance_dm,
        location_order_dm=by_name.distance_dm,
        solver=found.policy,
        seed=seed,
        elapsed_ms=round((time.perf_counter() - began) * 1000),
        reason=reason,
    )


class HeldKarp:
    """Exact, by dynamic programming over subsets; time and memory double with every stop.

    Source: M. Held, R.M. Karp, "A dynamic programming approach to sequencing problems", J. SIAM 10(1), 1962.
    """

    name = "held_karp"

    def order_stops(self, matrix: Decimetres, initial: Order, time_limit_ms: int, seed: int) -> Order:
        stops = len(matrix) - 2
        if stops > 16:
            raise SolverFailed(f"{stops} stops are too many for a table over subsets")
        if stops == 0:
            return ()
        legs = matrix[1:-1, 1:-1]
        # shortest[subset, last]: the walk from start through all of subset, ending at last.
        shortest = np.full((1 << stops, stops), np.iinfo(np.int64).max // 4, np.int64)
        for stop in range(stops):
            shortest[1 << stop, stop] = matrix[0, stop + 1]
        for stop, without in _subsets_by_size(stops):
            shortest[without | (1 << stop), stop] = (shortest[without] + legs[:, stop]).min(axis=1)

        subset = (1 << stops) - 1
        last = int(np.argmin(shortest[subset] + matrix[1:-1, -1]))
        order = [last]
        while len(order) < stops:
            subset ^= 1 << last
            last = int(np.argmin(shortest[subset] + legs[:, last]))
            order.append(last)
        return tuple(stop + 1 for stop in reversed(order))


class OrToolsRouting:
    """Guided local search of the OR-Tools routing library from the given order, until the time is up.

    Source: developers.google.com/optimization/routing/routing_tasks (initial routes, search limits). The
    operators are the ones that paid within 100 ms on tours of 30 to 120 stops; the rest of the default set
    is for many vehicles. The search is ended by the clock, so one seed need not give one tour.
    """

    name = "ortools"
    _OPERATORS = ("use_two_opt", "use_or_opt", "use_relocate", "use_exchange")

    def order_stops(self, matrix: Decimetres, initial: Order, time_limit_ms: int, seed: int) -> Order:
        began = time.perf_counter()
        rows = len(matrix)
        # The library has no seed that its local search heeds: numbering the stops anew is what varies the
        # search.
        numbering = list(range(rows))
        random.Random(seed).shuffle(numbering)
        number_of = {row: number for number, row in enumerate(numbering)}

        start, end = number_of[0], number_of[rows - 1]
        indices = pywrapcp.RoutingIndexManager(rows, 1, [start], [end])
        model = pywrapcp.RoutingModel(indices)
        model.SetArcCostEvaluatorOfAllVehicles(
            model.RegisterTransitMatrix(matrix[np.ix_(numbering, numbering)].tolist())
        )
        parameters = self._parameters()
        parameters.time_limit.FromMilliseconds(time_limit_ms)
        model.CloseModelWithParameters(parameters)
        route = [indices.NodeToIndex(number_of[row]) for row in initial]
        first = model.ReadAssignmentFromRoutes([route], True)
        if first is None:
            raise SolverFailed("ortools refused the initial tour")
        left_ms = time_limit_ms - (time.perf_counter() - began) * 1000
        if left_ms < 1:
            raise SolverFailed("no time was left to search")
        parameters.time_limit.FromMilliseconds(int(left_ms))
        best = model.SolveFromAssignmentWithParameters(first, parameters)
        if best is None:
            raise SolverFailed(f"ortools ended with status {model.status()}")

        order: list[int] = []
        index = best.Value(model.NextVar(model.Start(0)))
        while not model.IsEnd(index):
            order.append(numbering[indices.IndexToNode(index)])
            index = best.Value(model.NextVar(index))
        return tuple(order)

    def _parameters(self) -> pywrapcp.RoutingSearchParameters:
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        operators = parameters.local_search_operators
        for operator in operators.DESCRIPTOR.fields:
            setattr(operators, operator.name, optional_boolean_pb2.BOOL_FALSE)
        for name in self._OPERATORS:
            setattr(operators, name, optional_boolean_pb2.BOOL_TRUE)
        return parameters


def _search(
    problem: TourProblem,
    baseline: Route,
    began: float,
    time_limit_ms: int,
    seed: int,
    solver: RouteSolver | None,
) -> tuple[Route, str]:
    matrix = problem.matrix()
    bays = _bays(matrix)
    if len(bays) <= 1:
        # One bay leaves nothing to decide.
        return Route("none", baseline.sequence, baseline.distance_dm), ""
    left_ms = time_limit_ms - (time.perf_counter() - began) * 1000
    if left_ms < LEAST_SEARCH_MS:
        return baseline, f"a limit of {time_limit_ms} ms leaves no time to search"

    if solver is None:
        solver = HeldKarp() if len(bays) <= HELD_KARP_STOPS else OrToolsRouting()
    best_rule = min(
        (baseline, largest_gap(problem), return_route(problem)), key=lambda rule: rule.distance_dm
    )
    bay_rows = list(bays)
    rows = [0, *bay_rows, len(matrix) - 1]
    initial = _order_of_bays(problem, best_rule, bays)
    left_ms = time_limit_ms - (time.perf_counter() - began) * 1000
    try:
        order = solver.order_stops(
            matrix[np.ix_(rows, rows)], initial, max(1, int(left_ms) - FINISH_MS), seed
        )
    except (SolverFailed, RuntimeError, MemoryError) as failure:
        # A tour that cannot be improved must still be walked: the wave goes out with the S-shape, and says
        # why.
        return baseline, f"{solver.name} failed: {failure}"
    if sorted(order) != list(range(1, len(bay_rows) + 1)):
        return baseline, f"{solver.name} failed: its tour does not visit every stop once"
    sequence = tuple(
        problem.distinct_stops[row - 1] for number in order for row in bays[bay_rows[number - 1]]
    )
    return Route(solver.name, sequence, problem.length_dm(sequence)), ""


def _bays(matrix: Decimetres) -> dict[int, list[int]]:
    """Matrix rows of stops that are no walk apart (levels of one bay), by the first of them.

    They have equal rows, so visiting them together costs nothing, and the search sees several times fewer
    stops.
    """
    bays: dict[int, list[int]] = {}
    stops = matrix[1:-1, 1:-1]
    if len(stops):
        for row, first in enumerate(np.argmax(stops == 0, axis=1).tolist(), start=1):
            bays.setdefault(first + 1, []).append(row)
    return bays


def _order_of_bays(problem: TourProblem, rule: Route, bays: dict[int, list[int]]) -> Order:
    bay_of: dict[Spot, int] = {
        problem.distinct_stops[row - 1]: number
        for number, rows in enumerate(bays.values(), 1)
        for row in rows
    }
    return tuple(dict.fromkeys(bay_of[stop] for stop in rule.sequence))


@cache
def _subsets_by_size(stops: int) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """For every size and every stop: the subsets of that size without the stop. Kept, as it depends on the
    count only.
    """
    subsets = np.arange(1 << stops, dtype=np.int64)
    size = np.array([int(subset).bit_count() for subset in subsets.tolist()])
    steps: list[tuple[int, npt.NDArray[np.int64]]] = []
    for members in range(1, stops):
        layer = subsets[size == members]
        steps.extend((stop, layer[layer & (1 << stop) == 0]) for stop in range(stops))
    return steps
