"""A late order into the running plan of 5,000: what it takes, and what a new plan would have walked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from picking import insert_order, plan_batches
from tests.benchmarks.picking_sets import Options, Row
from tests.benchmarks.picking_sets.wave import LINES, ORDERS, faults_of, wave

HELP = """The wave set's floors and orders: 5,000 planned for --seconds (15) of process time, then 100 more put in one
by one (200 with --full), against a new plan in the same time: after the first of them and after all. Time is the
process's (one core) and the wall's, of the public call. Checked as in the wave set."""

LATE = 100


def rows(options: Options) -> Iterator[Row]:
    seconds = 15.0 if options.seconds is None else options.seconds
    late = 2 * LATE if options.is_full else LATE
    number = 0
    small = wave(9, 1, 40, 120)
    insert_order(plan_batches(replace(small, orders=small.orders[:-1]), proposals=10), small.orders[-1])
    for blocks in (1, 2):
        for seed in options.seeds:
            number += 1
            key = f"{blocks} blocks, {seconds:g} s, seed {seed}"
            if not options.is_mine(number) or options.is_done(key):
                continue
            whole = wave(seed, blocks, ORDERS + late, LINES + 3 * late)
            first = replace(whole, orders=whole.orders[:ORDERS])
            plan = plan_batches(first, round(1000 * seconds), seed, clock=time.thread_time)
            with_one = replace(whole, orders=whole.orders[: ORDERS + 1])
            again_one = plan_batches(with_one, round(1000 * seconds), seed, clock=time.thread_time)
            again = plan_batches(whole, round(1000 * seconds), seed, clock=time.thread_time)
            one = insert_order(plan, whole.orders[ORDERS])
            insert_order(plan, whole.orders[-1])
            cpu_ms, wall_ms = [], []
            for order in whole.orders[ORDERS:]:
                wall, cpu = time.perf_counter(), time.thread_time()
                plan = insert_order(plan, order)
                cpu_ms.append(1000 * (time.thread_time() - cpu))
                wall_ms.append(1000 * (time.perf_counter() - wall))
            faults = faults_of(replace(plan, lower_bound_dm=0))
            yield {
                "key": key, "ok": not faults, "faults": faults, "orders_put_in": late,
                "walk_m": plan.distance_dm / 10, "planned_anew_m": again.distance_dm / 10,
                "one_over_a_new_plan_percent": round(100 * (one.distance_dm / again_one.distance_dm - 1), 3),
                "over_a_new_plan_percent": round(100 * (plan.distance_dm / again.distance_dm - 1), 2),
                "cpu_p50_ms": _share(cpu_ms, 0.5), "cpu_p99_ms": _share(cpu_ms, 0.99),
                "wall_p50_ms": _share(wall_ms, 0.5), "wall_p99_ms": _share(wall_ms, 0.99),
            }  # fmt: skip


def summary(rows: list[Row]) -> dict[str, Any]:
    return {
        "most over a new plan after one %": max(row["one_over_a_new_plan_percent"] for row in rows),
        "most over a new plan %": max(row["over_a_new_plan_percent"] for row in rows),
        "most cpu p99 ms": max(row["cpu_p99_ms"] for row in rows),
        "most wall p99 ms": max(row["wall_p99_ms"] for row in rows),
    }


def _share(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 2)
