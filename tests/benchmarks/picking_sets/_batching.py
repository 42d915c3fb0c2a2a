"""What the sets of published order batching share: best known values, one solved instance, every check of it."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import fast_tsp
import numpy as np

from picking import Layout, Spot
from picking.batches.bound import root_bound
from picking.batches.columns import Columns, new_memory
from picking.batches.improve import improve
from picking.exact import exact_length_dm
from picking.exact.fan_depot import fan_depot
from picking.exact.one_block import one_block, stop_bitmap
from picking.formats.foodmart import FanBatching
from picking.formats.henn_waescher import OneBlockBatching
from tests.benchmarks.picking_sets import Row

BEST_KNOWN = Path(__file__).parent.parent / "best_known"


def best_known(file: str) -> list[dict[str, str]]:
    with (BEST_KNOWN / file).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def columns_of_block(instance: OneBlockBatching) -> Columns:
    offsets: list[set[int]] = [set() for _ in instance.aisle_x]
    for aisle, offset in [instance.depot, *(stop for order in instance.orders for stop in order.stops)]:
        offsets[aisle].add(offset)
    floor = one_block(instance.aisle_x, instance.length, [sorted(stops) for stops in offsets])
    return Columns(
        floor, stop_bitmap(floor, [instance.depot]),
        np.array([stop_bitmap(floor, order.stops) for order in instance.orders]),
        np.array([[order.load] for order in instance.orders], np.int64), np.array([instance.capacity], np.int64),
    )  # fmt: skip


def columns_of_fan(instance: FanBatching) -> Columns:
    blocks = len(instance.length[0])
    stops = sorted({stop for order in instance.orders for stop in order.stops})
    offsets = [
        [[offset for at, offset in stops if at == aisle * blocks + block] for block in range(blocks)]
        for aisle in range(len(instance.length))
    ]
    floor = fan_depot(instance.length, instance.step, instance.spoke, offsets)
    bitmaps = np.zeros((len(instance.orders), floor.words), np.uint64)
    for number, order in enumerate(instance.orders):
        for stretch, offset in order.stops:
            bit = 64 * int(floor.first_word[stretch]) + offsets[stretch // blocks][stretch % blocks].index(offset)
            bitmaps[number, bit // 64] |= np.uint64(1 << (bit % 64))
    return Columns(
        floor, np.zeros(floor.words, np.uint64), bitmaps,
        np.array([[order.load] for order in instance.orders], np.int64), np.array([instance.capacity], np.int64),
    )  # fmt: skip


def block_walk(instance: OneBlockBatching) -> Callable[[Sequence[int]], int]:
    """A batch's walk by the general kernel over the layout, which shares no line with the one that planned it."""
    layout = Layout(instance.aisle_x, (0, instance.length))
    depot = Spot("depot", instance.aisle_x[instance.depot[0]], instance.depot[1])

    def walk(batch: Sequence[int]) -> int:
        stops = {stop for order in batch for stop in instance.orders[order].stops}
        spots = [Spot(f"{at}-{y}", instance.aisle_x[at], y) for at, y in sorted(stops)]
        return exact_length_dm(layout, depot, depot, spots)

    return walk


def fan_walk(instance: FanBatching) -> Callable[[Sequence[int]], int]:
    """A batch's walk by fast-tsp over shortest ways in the graph: no proof, but hardly ever longer than need be."""
    blocks = len(instance.length[0])
    feet = [[sum(row[:block]) for block in range(blocks + 1)] for row in instance.length]

    def walk(batch: Sequence[int]) -> int:
        stops = sorted({stop for order in batch for stop in instance.orders[order].stops})
        nodes: dict[tuple[int, int], int] = {(-1, 0): 0}
        edges: list[tuple[tuple[int, int], tuple[int, int], int]] = []
        for aisle, spoke in enumerate(instance.spoke):
            heights = sorted(
                {*feet[aisle], *(_height(stop, feet, blocks) for stop in stops if stop[0] // blocks == aisle)}
            )
            for height in heights:
                nodes[aisle, height] = len(nodes)
            edges += [
                ((aisle, low), (aisle, high), high - low) for low, high in pairwise(heights)
            ]
            edges.append(((-1, 0), (aisle, 0), spoke))
            if aisle:
                ways = instance.step[aisle - 1]
                edges += [
                    ((aisle - 1, feet[aisle - 1][at]), (aisle, feet[aisle][at]), ways[at]) for at in range(blocks + 1)
                ]
        far = np.full((len(nodes), len(nodes)), 10**7)
        np.fill_diagonal(far, 0)
        for one, other, way in edges:
            far[nodes[one], nodes[other]] = far[nodes[other], nodes[one]] = min(way, far[nodes[one], nodes[other]])
        for by in range(len(nodes)):
            far = np.minimum(far, far[:, by : by + 1] + far[by])
        wanted = [0, *(nodes[at // blocks, _height((at, offset), feet, blocks)] for at, offset in stops)]
        if len(wanted) < 4:
            return int(sum(far[wanted[at - 1], wanted[at]] for at in range(len(wanted))))
        matrix = far[np.ix_(wanted, wanted)].tolist()
        tour = fast_tsp.find_tour(matrix, duration_seconds=0.3)
        return int(fast_tsp.compute_cost(tour, matrix))

    return walk


def _height(stop: tuple[int, int], feet: list[list[int]], blocks: int) -> int:
    return feet[stop[0] // blocks][stop[0] % blocks] + stop[1]


_compiled: set[type] = set()


def _compile(floor: type, columns: Columns) -> None:
    """Loading what numba compiled is not part of the first instance's time."""
    if floor not in _compiled:
        improve(columns, time_limit_ms=6000, clock=time.thread_time)
        alone = {1 << order: columns.length([order]) for order in range(columns.orders)}
        root_bound(columns, alone, new_memory(), time.thread_time() + 6, time.thread_time)
        _compiled.add(floor)


def solved(
    key: str, columns: Columns, walk: Callable[[Sequence[int]], int], best: int, is_proven: bool, unit: int,
    seconds: float, seed: int, is_walk_exact: bool = True,
) -> Row:  # fmt: skip
    """One instance and seed with `seconds` of processor time of each of the threads that anneal (two on two cores).

    So that a busy machine does not change the figure.
    """
    _compile(type(columns.floor), columns)
    began = time.thread_time()
    plan = improve(columns, time_limit_ms=round(1000 * seconds), seed=seed, clock=time.thread_time)
    cpu_s = time.thread_time() - began
    riding = sorted(order for batch in plan.batches for order in batch)
    walked = sum(walk(batch) for batch in plan.batches)
    checks = {
        "covers": riding == list(range(columns.orders)),
        "fits": all((columns.load[list(batch)].sum(axis=0) <= columns.capacity).all() for batch in plan.batches),
        "walks": walked == plan.length if is_walk_exact else walked >= plan.length,
        "no_shorter_than_proven": plan.length >= best or not is_proven,
        "bound": plan.lower_bound <= min(best, plan.length),
    }
    return {
        "key": key, "ok": all(checks.values()), "length": plan.length / unit, "best_known": best / unit,
        "walked_again": walked / unit, "gap_percent": round(100 * (plan.length / best - 1), 4),
        "lower_bound": plan.lower_bound / unit,
        "bound_gap_percent": round(100 * (plan.length / plan.lower_bound - 1), 3) if plan.lower_bound else None,
        "is_proven": plan.is_proven, "is_improved": plan.length < best, "cpu_s": round(cpu_s, 2),
        "load": round(os.getloadavg()[0], 1), "wrong": [name for name, is_right in checks.items() if not is_right],
    }  # fmt: skip


def summary(rows: list[Row]) -> dict[str, Any]:
    """Means over all rows; by seed, so that no figure is a best of seeds."""
    seeds = sorted({row["key"].rsplit(" ", 1)[-1] for row in rows})
    by_seed = {
        seed: round(mean(row["gap_percent"] for row in rows if row["key"].endswith(f" {seed}")), 4) for seed in seeds
    }
    bounded = [row["bound_gap_percent"] for row in rows if row["bound_gap_percent"] is not None]
    improved = [f"{row['key']}: {row['length']} ({row['best_known']})" for row in rows if row["is_improved"]]
    return {
        "mean_gap_percent": round(mean(row["gap_percent"] for row in rows), 4), "by_seed": by_seed,
        "worst_gap_percent": max(row["gap_percent"] for row in rows),
        "at_best_known": sum(row["length"] <= row["best_known"] for row in rows),
        "proven": sum(row["is_proven"] for row in rows),
        "with_bound": len(bounded), "mean_bound_gap_percent": round(mean(bounded), 3) if bounded else None,
        "mean_cpu_s": round(mean(row["cpu_s"] for row in rows), 2),
        "mean_load": round(mean(row["load"] for row in rows), 1),
        "improved": sorted(improved),
    }  # fmt: skip
