"""The same tours by everybody: ours, the rules a picker follows, and general solvers, in one run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import fast_tsp
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from picking import TourProblem, location_order, plan_tour, s_shape
from tests.benchmarks.picking_sets import Options, Row
from tests.benchmarks.picking_sets.large_floors import floor, problem

HELP = """Floors of 2 blocks x 10 aisles and 3 blocks x 20 aisles, 10, 30, 60 and 120 picks, one tour for each of
--seeds: ours, S-shape, order of location names, OR-Tools routing (cheapest arc and its default search; guided local
search), PyVRP, fast-tsp. --seconds limits each search (0.1). The gap is above the proven shortest tour. A row fails
when somebody is shorter than that."""

Lengths = Callable[[list[list[int]], float, int], int]


def rows(options: Options) -> Iterator[Row]:
    seconds = 0.1 if options.seconds is None else options.seconds
    number = 0
    for aisles, blocks in ((10, 2), (20, 3)):
        for picks in (10, 30, 60, 120):
            for seed in options.seeds:
                number += 1
                key = f"{blocks} x {aisles}, {picks} picks, seed {seed}, {seconds} s"
                if options.is_mine(number) and not options.is_done(key):
                    yield _row(key, f"{blocks} x {aisles}", problem(floor(aisles, blocks), picks, seed), seconds, seed)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, picks in dict.fromkeys((row["floor"], row["picks"]) for row in rows):
        some = [row for row in rows if (row["floor"], row["picks"]) == (name, picks)]
        out[f"{name}, {picks} picks"] = {
            method: (
                f"{sum(100 * (row['dm'][method] / row['dm']['ours'] - 1) for row in some) / len(some):.2f} %,"
                f" {sum(row['cpu_ms'][method] for row in some) / len(some):.2f} ms"
            )
            for method in some[0]["dm"]
        }
    return out


def _row(key: str, name: str, asked: TourProblem, seconds: float, seed: int) -> Row:
    matrix = asked.matrix()[:-1, :-1].tolist()
    plan_tour(asked, 60_000)
    methods: dict[str, Callable[[], int]] = {
        "ours": lambda: plan_tour(asked, 60_000).distance_dm,
        "s_shape": lambda: s_shape(asked).distance_dm,
        "location_order": lambda: location_order(asked).distance_dm,
        "ortools_default": lambda: _ortools(matrix, None),
        "ortools_gls": lambda: _ortools(matrix, seconds),
        "pyvrp": lambda: _pyvrp(matrix, seconds, seed),
        "fast_tsp": lambda: _fast_tsp(matrix, seconds, seed),
    }
    dm: dict[str, int] = {}
    cpu_ms: dict[str, float] = {}
    for method, length in methods.items():
        began = time.process_time()
        dm[method] = length()
        cpu_ms[method] = round(1000 * (time.process_time() - began), 3)
    return {
        "key": key, "floor": name, "picks": len(asked.stops), "dm": dm, "cpu_ms": cpu_ms,
        "ok": dm["ours"] == min(dm.values()),
    }  # fmt: skip


def _ortools(matrix: list[list[int]], seconds: float | None) -> int:
    indices = pywrapcp.RoutingIndexManager(len(matrix), 1, 0)
    model = pywrapcp.RoutingModel(indices)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(matrix))
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    if seconds is not None:
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        parameters.time_limit.FromMilliseconds(round(1000 * seconds))
    return int(model.SolveWithParameters(parameters).ObjectiveValue())


def _pyvrp(matrix: list[list[int]], seconds: float, seed: int) -> int:
    import numpy as np
    import pyvrp
    from pyvrp.stop import MaxRuntime

    distances = np.array(matrix, np.int64)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in matrix],
        [pyvrp.Client(at) for at in range(1, len(matrix))],
        [pyvrp.Depot(0)],
        [pyvrp.VehicleType(1)],
        [distances],
        [np.zeros_like(distances)],
    )
    return int(pyvrp.solve(data, MaxRuntime(seconds), seed=seed, display=False).best.distance())


def _fast_tsp(matrix: list[list[int]], seconds: float, seed: int) -> int:
    # It has no seed: numbering the stops anew is what varies the search.
    numbering = [0, *random.Random(seed).sample(range(1, len(matrix)), len(matrix) - 1)]
    tour = fast_tsp.find_tour([[matrix[a][b] for b in numbering] for a in numbering], seconds)
    return sum(matrix[numbering[a]][numbering[b]] for a, b in zip(tour, [*tour[1:], tour[0]], strict=True))
