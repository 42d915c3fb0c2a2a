"""Floors that are no grid, tours planned again, and carts that walk round each other: random floors by seed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from statistics import mean

import numpy as np

from picking.congestion import Pace, Visit, avoid, meetings
from picking.graph import Climb, FloorGraph, Node, Walkway, compiled_graph
from picking.layout import Closed, Layout, Spot
from picking.offgrid import GraphProblem, plan_graph_tour
from picking.offgrid_search import rules_of
from picking.offgrid_solvers import by_fast_tsp, by_routing
from picking.ordered import Rows, cost_of, held_karp, improved, nearest_neighbour
from picking.problem import TourProblem
from picking.replan import (
    BlockedAisle,
    Change,
    ChangedEnd,
    Elsewhere,
    LateOrder,
    Running,
    ShortStop,
    StopLeft,
    replan,
)
from picking.solver import plan_tour
from picking.tour_bound import lower_bound_dm
from tests.benchmarks.picking_sets import Options, Row, percentile

HELP = """Random floors by seed. `small`: 12 stops on two storeys of crooked walkways, every search against the table
over subsets (none shorter; fast-tsp, exact up to 20 rows, equally long). `large`: 60 and 120 stops there, gap to the
own lower bound, as they are, with one-way walkways and with three ranks; --seconds is the limit (0.2). `replan`: 500
changes of running tours of up to 30 stops on 3 blocks x 20 aisles, never longer than the old order. `carts`: 4 and 8
carts of 25 stops on 2 blocks x 10 aisles that set out together, planned one after the other, with and without knowing
of each other. --full takes ten times as many."""

KINDS = ("alike", "one-way", "ranked")


def rows(options: Options) -> Iterator[Row]:
    number = 0
    times = 10 if options.is_full else 1
    limit_ms = round(1000 * (0.2 if options.seconds is None else options.seconds))
    for seed in options.seeds:
        parts = [(f"small {kind} {at} seed {seed}", kind, at) for kind in KINDS for at in range(20 * times)]
        for key, kind, at in parts:
            number += 1
            if options.is_mine(number) and not options.is_done(key):
                yield _small(key, kind, 1000 * seed + at, limit_ms)
        for kind in KINDS:
            for stops in (60, 120):
                for at in range(3 * times):
                    number += 1
                    key = f"large {kind} {stops} {at} {limit_ms} ms seed {seed}"
                    if options.is_mine(number) and not options.is_done(key):
                        yield _large(key, kind, stops, 1000 * seed + at, limit_ms)
        for at in range(5 * times):
            number += 1
            key = f"replan {at} seed {seed}"
            if options.is_mine(number) and not options.is_done(key):
                yield _replan(key, 1000 * seed + at)
        for carts in (4, 8):
            for at in range(5 * times):
                number += 1
                key = f"carts {carts} {at} seed {seed}"
                if options.is_mine(number) and not options.is_done(key):
                    yield _carts(key, carts, 1000 * seed + at)


def summary(rows: list[Row]) -> Row:
    figures: Row = {}
    for kind in KINDS:
        small = [row for row in rows if row["part"] == f"small {kind}"]
        if small:
            for search in ("nearest_neighbour", "improved", "search"):
                gaps = [100 * (row[search] / row["shortest"] - 1) for row in small]
                figures[f"small {kind}: {search}, mean and largest gap %"] = [round(mean(gaps), 2), round(max(gaps), 2)]
        for stops in (60, 120):
            large = [row for row in rows if row["part"] == f"large {kind} {stops}"]
            if large:
                gaps = [100 * (row["length"] / row["bound"] - 1) for row in large]
                figures[f"large {kind} {stops}: mean gap to own bound %"] = round(mean(gaps), 2)
                figures[f"large {kind} {stops}: longest call ms"] = max(row["wall_ms"] for row in large)
    again = [row for row in rows if row["part"] == "replan"]
    if again:
        cpu, wall = [ms for row in again for ms in row["cpu_ms"]], [ms for row in again for ms in row["wall_ms"]]
        figures["replan: changes"] = len(cpu)
        figures["replan: cpu ms p50, p99"] = [round(percentile(cpu, share), 2) for share in (0.5, 0.99)]
        figures["replan: wall ms p50, p99"] = [round(percentile(wall, share), 2) for share in (0.5, 0.99)]
        figures["replan: saved against the old order %"] = round(
            100 * (1 - sum(row["left"] for row in again) / sum(row["kept"] for row in again)), 2
        )
    for carts in (4, 8):
        met = [row for row in rows if row["part"] == f"carts {carts}"]
        if met:
            figures[f"carts {carts}: meetings not knowing, knowing"] = [
                sum(row["blind_meetings"] for row in met),
                sum(row["meetings"] for row in met),
            ]
            figures[f"carts {carts}: walk %"] = round(
                100 * (sum(row["walk"] for row in met) / sum(row["blind_walk"] for row in met) - 1), 2
            )
    return figures


def _problem(kind: str, stops: int, seed: int) -> GraphProblem:
    """Two storeys of 8 x 8 crooked crossings, a sixth of the walkways missing; one-way: a third of the inner ones."""
    rng = random.Random(seed)
    nodes, ways = [], []
    for level in (0, 1):
        for x in range(8):
            for y in range(8):
                nodes.append(
                    Node(f"{level}/{x}/{y}", 60 * x + rng.randint(-20, 20), 60 * y + rng.randint(-20, 20), level)
                )
                for left in ([f"{level}/{x - 1}/{y}"] if x else []) + ([f"{level}/{x}/{y - 1}"] if y else []):
                    # The outer rows and the first column stay, so that every crossing can be reached.
                    if x == 0 or y in (0, 7) or rng.random() > 1 / 6:
                        is_one_way = kind == "one-way" and 0 < y < 7 and rng.random() < 1 / 3
                        ends = (left, f"{level}/{x}/{y}")
                        ways.append(Walkway(*(ends if rng.random() < 0.5 else ends[::-1]), is_one_way=is_one_way))
    climbs = (Climb("0/0/0", "1/0/0", 15_000, 15_000), Climb("0/7/7", "1/7/7", 40_000, 40_000))
    floor = FloorGraph(tuple(nodes), tuple(ways), climbs)
    start, *others = (Spot(node.name, node.x_dm, node.y_dm, node.level) for node in nodes)
    rng.shuffle(others)
    lost = {at for at, _ in compiled_graph(floor).out_of_reach(start, others, start)}
    chosen = tuple(spot for at, spot in enumerate(others) if at not in lost)[:stops]
    ranks = tuple((stop.name, at % 3) for at, stop in enumerate(chosen)) if kind == "ranked" else ()
    return GraphProblem(floor, start, start, chosen, ranks=ranks)


def _small(key: str, kind: str, seed: int, limit_ms: int) -> Row:
    problem = _problem(kind, 12, seed)
    matrix, rules = problem.matrix(), rules_of(problem)
    scratch = np.zeros(len(matrix), np.int32)

    def cost(order: Rows) -> int:
        return int(cost_of(matrix, rules, order, scratch))

    shortest = cost(held_karp(matrix, rules))
    first = nearest_neighbour(matrix, rules)
    better = improved(matrix, rules, first, 100_000)
    if kind == "alike":
        found = by_fast_tsp(matrix, False, limit_ms / 1000, seed)
    else:
        found = by_routing(matrix, rules, better, limit_ms, seed)
    lengths = {"nearest_neighbour": cost(first), "improved": cost(better), "search": cost(found)}
    bound = lower_bound_dm(matrix, shortest)
    is_sound = bound <= shortest <= min(lengths.values()) and (kind != "alike" or lengths["search"] == shortest)
    return {"key": key, "part": f"small {kind}", "ok": is_sound, "shortest": shortest, "bound": bound, **lengths}


def _large(key: str, kind: str, stops: int, seed: int, limit_ms: int) -> Row:
    problem = _problem(kind, stops, seed)
    plan_graph_tour(problem, 0, seed)  # what is compiled once for a floor is not the tour's time
    began, cpu_began = time.perf_counter(), time.process_time()
    tour = plan_graph_tour(problem, limit_ms, seed)
    cpu_ms, wall_ms = 1000 * (time.process_time() - cpu_began), 1000 * (time.perf_counter() - began)
    rank = dict(problem.ranks)
    walked = [rank.get(stop.name, 0) for stop in tour.sequence]
    legs = compiled_graph(problem.floor).matrix([problem.start, *tour.sequence, problem.start]).diagonal(1)
    return {
        "key": key,
        "part": f"large {kind} {stops}",
        "ok": walked == sorted(walked)
        and set(tour.sequence) == set(problem.stops)
        and int(legs.sum()) == tour.distance_dm
        and tour.lower_bound_dm <= tour.distance_dm <= tour.s_shape_dm,
        "length": tour.distance_dm,
        "bound": tour.lower_bound_dm,
        "fallback": tour.s_shape_dm,
        "solver": tour.solver,
        "cpu_ms": round(cpu_ms, 1),
        "wall_ms": round(wall_ms, 1),
    }


def _replan(key: str, seed: int) -> Row:
    """A hundred changes, each of another running tour."""
    rng = random.Random(seed)
    floor = Layout(tuple(range(0, 700, 35)), (0, 540, 1080, 1620))
    depot, bench = Spot("depot", 332, -20), Spot("bench", 648, -20)
    row: Row = {"key": key, "part": "replan", "ok": True, "kept": 0, "left": 0, "cpu_ms": [], "wall_ms": []}
    for number in range(100):
        stops = _stops(rng, floor, 32)
        begun = plan_tour(TourProblem(floor, depot, depot, stops[:30])).sequence[rng.randint(1, 15) :]
        position = Spot("picker", begun[0].x_dm, begun[0].y_dm)
        tour = Running(floor, position, depot, tuple(StopLeft(stop) for stop in begun))
        aisle, low = floor.aisle_of(begun[-1]) or 0, rng.randint(0, 1500)
        changes: list[Change] = [
            LateOrder(tuple(StopLeft(stop) for stop in stops[30:])),
            ShortStop(begun[-1].name, instead=stops[31]),
            BlockedAisle((Closed(aisle, low, low + 60),)),
            ChangedEnd(bench),
            Elsewhere(Spot("picker", rng.choice(floor.aisle_x_dm), rng.randint(1, 1600))),
        ]
        began, cpu_began = time.perf_counter(), time.process_time()
        again = replan(tour, changes[number % len(changes)])
        if number >= len(changes):  # the first of each kind reads what is compiled
            row["cpu_ms"].append(round(1000 * (time.process_time() - cpu_began), 3))
            row["wall_ms"].append(round(1000 * (time.perf_counter() - began), 3))
        row["kept"] += again.kept_dm
        row["left"] += again.left_dm
        row["ok"] &= again.left_dm == again.way_out_dm + again.running.left_dm() <= again.kept_dm
    return row


def _carts(key: str, carts: int, seed: int) -> Row:
    rng = random.Random(seed)
    floor = Layout(tuple(range(0, 350, 35)), (0, 360, 720))
    dock = Spot("dock", 157, -20)
    planned: dict[bool, list[Visit]] = {False: [], True: []}
    walked, met = {False: 0, True: 0}, {False: 0, True: 0}
    for _ in range(carts):
        problem = TourProblem(floor, dock, dock, _stops(rng, floor, 25))
        for is_knowing, others in planned.items():
            found = avoid(problem, others if is_knowing else (), Pace())
            met[is_knowing] += meetings(found.visits, others)
            walked[is_knowing] += found.walk_dm
            others += found.visits
    return {
        "key": key,
        "part": f"carts {carts}",
        "ok": met[True] <= met[False],
        "blind_meetings": met[False],
        "meetings": met[True],
        "blind_walk": walked[False],
        "walk": walked[True],
    }


def _stops(rng: random.Random, floor: Layout, count: int) -> tuple[Spot, ...]:
    """Bays of 1.2 m, none of them in a cross-aisle, no two alike."""
    bays = [y for y in range(12, floor.cross_aisle_y_dm[-1], 12) if y not in floor.cross_aisle_y_dm]
    places = rng.sample([(x, y) for x in floor.aisle_x_dm for y in bays], count)
    return tuple(Spot(f"X{x:03}-Y{y:04}", x, y) for x, y in places)
