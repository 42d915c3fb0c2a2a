"""Searches over a matrix for what the dynamic program over aisles cannot do: any floor, and rules of order.

Owns the calls of fast-tsp (there and back alike, no rules) and of OR-Tools routing (everything else). Both begin
where the caller stands and end by the clock. They refuse with SolverFailed, in words. Invariant: an order
returned visits every row once; whether it is better is for the caller to see.
"""

from __future__ import annotations

import random
import time

import fast_tsp
import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from picking.dijkstra import UNREACHABLE_DM, Dm
from picking.ordered import LATE_DM, NEVER_DS, Rows, Rules

LONGEST_LEG = 21_000
"""fast-tsp takes legs below 2^16; three times the longest real leg keeps the two joined ends together."""

NO_LEG_DM = 10**8

OPERATORS = ("use_two_opt", "use_or_opt", "use_relocate", "use_exchange", "use_relocate_neighbors")


class SearchFailed(Exception):
    """A search has no order to offer; the reason is for the tour's `reason`."""


def by_fast_tsp(matrix: Dm, is_open: bool, seconds: float, seed: int) -> Rows:
    """A ring through all rows, cut at a dummy row that is next to the start and the end; with an open end next to
    the start, and equally far from every stop. The seed numbers the rows anew.

    Source: shmulvad/fast-tsp (MIT), Or-opt local search; up to 20 rows it is exact.
    """
    rows = len(matrix) - 1 if is_open else len(matrix)
    legs = matrix[:rows, :rows]
    longest = int(legs.max())
    shift = 0
    while longest >> shift > LONGEST_LEG:
        shift += 1
    apart = 3 * max(longest >> shift, 1)
    ring = np.full((rows + 1, rows + 1), apart, np.int64)
    ring[:rows, :rows] = legs >> shift
    ring[rows, rows] = 0
    ring[rows, 0] = ring[0, rows] = 0
    if not is_open:
        ring[rows, rows - 1] = ring[rows - 1, rows] = 0
    numbering = list(range(rows + 1))
    random.Random(seed).shuffle(numbering)
    found = fast_tsp.find_tour(ring[np.ix_(numbering, numbering)], seconds)
    order = [numbering[number] for number in found]
    cut = order.index(rows)
    order = order[cut + 1 :] + order[:cut]
    if order[0] != 0:
        order.reverse()
    if order[0] != 0 or (not is_open and order[-1] != rows - 1):
        raise SearchFailed("the ends of the tour do not meet")
    return np.array(order[1:] if is_open else order[1:-1], np.int32)


def by_routing(matrix: Dm, rules: Rules, initial: Rows, milliseconds: int, seed: int) -> Rows:
    """Guided local search of the OR-Tools routing library from an order that keeps the rules.

    Ranks are legs that do not exist, pairs a comparison of positions, moments a soft limit of the clock.
    Source: developers.google.com/optimization/routing (dimensions, initial routes).
    """
    began = time.perf_counter()
    rows = len(matrix)
    numbering = list(range(rows))
    random.Random(seed).shuffle(numbering)
    number_of = {row: number for number, row in enumerate(numbering)}
    indices = pywrapcp.RoutingIndexManager(rows, 1, [number_of[0]], [number_of[rows - 1]])
    model = pywrapcp.RoutingModel(indices)
    legs = np.where(matrix >= UNREACHABLE_DM, NO_LEG_DM, matrix)
    legs[1:-1, 1:-1][rules.rank[1:-1, None] > rules.rank[None, 1:-1]] = NO_LEG_DM
    legs = legs[np.ix_(numbering, numbering)]
    walk = model.RegisterTransitMatrix(legs.tolist())
    model.SetArcCostEvaluatorOfAllVehicles(walk)
    index = {row: indices.NodeToIndex(number_of[row]) for row in range(1, rows - 1)}
    if len(rules.pairs):
        one = model.RegisterUnaryTransitVector([1] * rows)
        model.AddDimension(one, 0, rows, True, "position")
        position = model.GetDimensionOrDie("position")
        for before, after in rules.pairs.tolist():
            model.solver().Add(position.CumulVar(index[before]) <= position.CumulVar(index[after]))
    _add_clock(model, rules, legs, index, [number_of[0], number_of[rows - 1]])

    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    for operator in parameters.local_search_operators.DESCRIPTOR.fields:
        setattr(parameters.local_search_operators, operator.name, optional_boolean_pb2.BOOL_FALSE)
    for name in OPERATORS:
        setattr(parameters.local_search_operators, name, optional_boolean_pb2.BOOL_TRUE)
    parameters.time_limit.FromMilliseconds(milliseconds)
    model.CloseModelWithParameters(parameters)
    first = model.ReadAssignmentFromRoutes([[index[row] for row in initial.tolist()]], True)
    if first is None:
        raise SearchFailed("ortools refused the first order")
    left_ms = milliseconds - (time.perf_counter() - began) * 1000
    if left_ms < 1:
        raise SearchFailed("no time was left to search")
    parameters.time_limit.FromMilliseconds(int(left_ms))
    best = model.SolveFromAssignmentWithParameters(first, parameters)
    if best is None:
        raise SearchFailed(f"ortools ended with status {model.status()}")
    order: list[int] = []
    at = best.Value(model.NextVar(model.Start(0)))
    while not model.IsEnd(at):
        order.append(numbering[indices.IndexToNode(at)])
        at = best.Value(model.NextVar(at))
    return np.array(order, np.int32)


def _add_clock(model: pywrapcp.RoutingModel, rules: Rules, legs: Dm, index: dict[int, int], outer: list[int]) -> None:
    """Tenths of a second; waiting is free, being late is not."""
    last = len(rules.latest_ds) - 1
    if not (rules.earliest_ds > 0).any() and not (rules.latest_ds < NEVER_DS).any():
        return
    took = legs * rules.mds_per_dm // 1000 + rules.stop_ds
    took[outer[0]] -= rules.stop_ds
    horizon = 10**9
    time_of = model.RegisterTransitMatrix(np.minimum(took, horizon).tolist())
    model.AddDimension(time_of, horizon, horizon, False, "clock")
    clock = model.GetDimensionOrDie("clock")
    for row in (*index, last):
        at = model.End(0) if row == last else index[row]
        if rules.earliest_ds[row] > 0:
            clock.CumulVar(at).SetMin(int(rules.earliest_ds[row]))
        if rules.latest_ds[row] < NEVER_DS:
            clock.SetCumulVarSoftUpperBound(at, int(rules.latest_ds[row]), LATE_DM)
