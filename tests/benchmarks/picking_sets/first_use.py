"""How long a fresh worker takes to its first tour, from starting Python."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from picking.exact import compile_all
from tests.benchmarks.picking_sets import Options, Row, percentile

HELP = """Ten fresh processes for each of --seeds: from the start of the process to its first tour (20 aisles, 2
blocks, 30 picks), import included, what is compiled ahead lying on disk. Wall and processor time; a row fails unless
the tour is the exact one and numba was not imported. What compiling takes is printed once."""

PROGRAM = """
import sys
from picking import Layout, Spot, TourProblem, plan_tour
layout = Layout(tuple(range(0, 700, 35)), (0, 390, 780))
depot = Spot("depot", 350, 0)
stops = tuple(Spot(str(at), 35 * (at * 7 % 20), 20 + 25 * at) for at in range(30))
tour = plan_tour(TourProblem(layout, depot, depot, stops))
print(tour.solver, "numba" in sys.modules)
"""


def rows(options: Options) -> Iterator[Row]:
    began = time.process_time()
    compile_all()
    compiled_s = round(time.process_time() - began, 1)
    for seed in options.seeds:
        for at in range(10):
            key = f"start {at} of round {seed}"
            if options.is_done(key):
                continue
            used = os.times()
            began = time.perf_counter()
            run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
            wall_ms = 1000 * (time.perf_counter() - began)
            now = os.times()
            cpu_ms = 1000 * (now.children_user + now.children_system - used.children_user - used.children_system)
            yield {
                "key": key, "wall_ms": round(wall_ms), "cpu_ms": round(cpu_ms), "compile_cpu_s": compiled_s,
                "ok": run.stdout.split() == ["exact", "False"],
            }  # fmt: skip


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {"starts": len(rows), "compile_cpu_s": max((row["compile_cpu_s"] for row in rows), default=0)}
    for name in ("wall_ms", "cpu_ms"):
        out[f"{name}_p50"] = percentile([row[name] for row in rows], 0.5)
        out[f"{name}_max"] = percentile([row[name] for row in rows], 1)
    return out
