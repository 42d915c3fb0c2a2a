"""Many blocks: what the exact tour costs where its tables are large."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from picking import Layout, Spot, TourProblem, plan_tour
from tests.benchmarks.picking_sets import Options, Row, percentile
from tests.benchmarks.picking_sets._kernel import kernel_us

HELP = """Made-up floors of 20 and 40 aisles (pitch 3.5 m, bays 1.2 m) in 1 to 4 blocks with 10 to 200 picks, and one
of 20 aisles in 5 blocks; depot at the middle of the front, 10 tours of each for each of --seeds. The tour has to be
proven shortest and as long as walking it again. Times of the kernel with its route and of the public call in
processor time."""

BAYS, BAY_DM, PITCH_DM, CROSS_DM = 30, 12, 35, 30


def floor(aisles: int, blocks: int) -> Layout:
    block_dm = BAYS * BAY_DM + CROSS_DM
    return Layout(tuple(range(0, aisles * PITCH_DM, PITCH_DM)), tuple(range(0, (blocks + 1) * block_dm, block_dm)))


def problem(layout: Layout, picks: int, seed: int) -> TourProblem:
    """So many different bays, evenly drawn; the depot stands at the middle of the front cross-aisle."""
    block_dm = BAYS * BAY_DM + CROSS_DM
    bays = [
        (x_dm, block * block_dm + CROSS_DM // 2 + BAY_DM // 2 + bay * BAY_DM)
        for x_dm in layout.aisle_x_dm
        for block in range(layout.blocks)
        for bay in range(BAYS)
    ]
    chosen = random.Random(seed).sample(bays, picks)
    depot = Spot("depot", layout.aisle_x_dm[-1] // 2, 0)
    stops = tuple(Spot(f"{x_dm:05}-{y_dm:05}", x_dm, y_dm) for x_dm, y_dm in chosen)
    return TourProblem(layout, depot, depot, stops)


def rows(options: Options) -> Iterator[Row]:
    number = 0
    floors = [(a, b, p) for a in (20, 40) for b in (1, 2, 3, 4) for p in (10, 60, 200)] + [(20, 5, 60)]
    for aisles, blocks, picks in floors:
        layout = floor(aisles, blocks)
        for seed in options.seeds:
            number += 1
            key = f"{blocks} x {aisles}, {picks} picks, seed {seed}"
            if not options.is_mine(number) or options.is_done(key):
                continue
            kernels_us: list[float] = []
            calls_us: list[float] = []
            is_ok = True
            for at in range(10):
                asked = problem(layout, picks, 1000 * seed + at)
                plan_tour(asked, 60_000)
                began = time.thread_time_ns()
                asked = TourProblem(layout, asked.start, asked.end, asked.stops)
                tour = plan_tour(asked, 60_000)
                calls_us.append((time.thread_time_ns() - began) / 1000)
                kernels_us.append(kernel_us(asked))
                is_ok &= tour.solver == "exact" and tour.is_shortest
                is_ok &= asked.length_dm(tour.sequence) == tour.distance_dm <= tour.s_shape_dm
            yield {
                "key": key, "floor": f"{blocks} x {aisles}", "kernel_us": kernels_us, "call_us": calls_us, "ok": is_ok,
            }  # fmt: skip


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in dict.fromkeys(row["floor"] for row in rows):
        kernels = [us for row in rows if row["floor"] == name for us in row["kernel_us"]]
        calls = [us for row in rows if row["floor"] == name for us in row["call_us"]]
        out[name] = {
            "tours": len(kernels),
            "kernel_p50_us": percentile(kernels, 0.5),
            "kernel_p99_us": percentile(kernels, 0.99),
            "call_p99_us": percentile(calls, 0.99),
        }
    return out
