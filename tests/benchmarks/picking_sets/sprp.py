"""One picker, aisles and two or three cross-aisles: the 4,800 published optima of Heßler and Irnich."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from typing import Any

from picking import TourProblem, plan_tour
from picking.formats.sprp import SprpInstance, read_sprp
from tests.benchmarks.picking_sets import Options, Row, percentile
from tests.benchmarks.picking_sets._kernel import kernel_us

HELP = """2,400 published optima for one block and 2,400 for two, of the same files (MIT, SPRP-SS). --data is the
folder with `results/` and `instances_F1/`. Every value is claimed: a row fails unless the planned tour has the
published length, its bound too, and walking it again gives the same. Times: the kernel with its route, and the public
call with the check of the question, in processor time; each the best of three."""

_RESULTS = {1: ("results_SPRP.csv", "DP cost"), 2: ("results_SPRP_two_block.csv", "objective")}


def rows(options: Options) -> Iterator[Row]:
    folder = options.folder()
    number = 0
    for blocks, (name, column) in _RESULTS.items():
        with (folder / "results" / name).open(newline="") as lines:
            published = [(_file_name(line), round(float(line[column]))) for line in csv.DictReader(lines)]
        for file, optimum_dm in published:
            number += 1
            key = f"{file} {blocks}"
            if options.is_mine(number) and not options.is_done(key):
                yield _row(key, read_sprp(folder / "instances_F1" / file, blocks), blocks, optimum_dm)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for blocks in (1, 2):
        some = [row for row in rows if row["blocks"] == blocks]
        kernel, call = [row["kernel_us"] for row in some], [row["call_us"] for row in some]
        out[f"{blocks} block"] = {
            "instances": len(some),
            "optimal": sum(row["ok"] for row in some),
            "kernel_p50_us": percentile(kernel, 0.5),
            "kernel_p99_us": percentile(kernel, 0.99),
            "call_p50_us": percentile(call, 0.5),
            "call_p99_us": percentile(call, 0.99),
        }
    return out


def _row(key: str, instance: SprpInstance, blocks: int, optimum_dm: int) -> Row:
    calls_us: list[float] = []
    for _ in range(3):
        began = time.thread_time_ns()
        problem = TourProblem(instance.layout, instance.depot, instance.depot, instance.stops)
        tour = plan_tour(problem)
        calls_us.append((time.thread_time_ns() - began) / 1000)
    return {
        "key": key,
        "blocks": blocks,
        "length_dm": tour.distance_dm,
        "optimum_dm": optimum_dm,
        "kernel_us": kernel_us(problem),
        "call_us": min(calls_us),
        "ok": optimum_dm == tour.distance_dm == tour.lower_bound_dm == problem.length_dm(tour.sequence)
        and len(tour.sequence) == len(problem.distinct_stops),
    }


def _file_name(line: dict[str, str]) -> str:
    if "filename" in line:
        return line["filename"]
    return f"unit_F1_m{line['num aisles']}_C{line['num cells']}_a{line['num articles']}_{line['random seed']}.txt"
