"""Which orders to release: the densest waves of the SBPO 2025 challenge beside the organisers' best."""

from __future__ import annotations

import csv
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from picking.releases import ReleaseChoice, ReleaseProblem, choose_dense
from tests.benchmarks.picking_sets import NoData, Options, Row

HELP = """SBPO 2025 challenge, set A (20 instances; --full: A, B and X). --data DIR is a folder with a/instance_0001.txt
… or a git directory of the public challenge repository that holds them under datasets/; best_objectives.csv (dataset,
instance, best_objective) stands in DIR or is its sibling sbpo2025_wave_best_objectives.csv, found with --data as
DIR:CSV. No licence: read where it lies. --seconds is the limit of an instance (40). Checked: stock, bounds, and that
nothing proven is under the published best. `greedy` is the same without a search."""


def rows(options: Options) -> Iterator[Row]:
    seconds = 40.0 if options.seconds is None else options.seconds
    if options.data is None:
        raise NoData("needs --data GITDIR:CSV")
    folder, _, table = str(options.data).partition(":")
    number = 0
    for line in csv.DictReader(Path(table).read_text("utf-8").splitlines()):
        if line["dataset"] != "a" and not options.is_full:
            continue
        number += 1
        for seed in options.seeds:
            key = f"{line['dataset']}/{line['instance']} {seconds:g} s seed {seed}"
            if not options.is_mine(number) or options.is_done(key):
                continue
            problem = read(_text(Path(folder), f"{line['dataset']}/{line['instance']}"))
            best = float(line["best_objective"])
            greedy = choose_dense(problem, 0, seed)
            began = time.process_time()
            found = choose_dense(problem, round(seconds * 1_000), seed)
            cpu_s = time.process_time() - began
            faults = [*_faults(problem, found), *_faults(problem, greedy)]
            if found.is_proven and found.density < best * (1 - 1e-9):
                faults.append("said to be proven, and is not the best")
            yield {
                "key": key, "ok": not faults, "faults": faults, "orders": len(problem.orders),
                "aisles": len(problem.aisles), "best": best, "density": found.density, "greedy": greedy.density,
                "gap_percent": _gap(best, found.density), "greedy_gap_percent": _gap(best, greedy.density),
                "is_proven": found.is_proven, "solver": found.solver, "cpu_s": round(cpu_s, 1),
                "elapsed_s": found.elapsed_ms / 1_000,
            }  # fmt: skip


def summary(found: list[Row]) -> dict[str, Any]:
    """Mean gaps to the published best, and how many were reached."""
    return {
        "instances": len(found),
        "mean_gap_percent": round(sum(row["gap_percent"] for row in found) / max(1, len(found)), 2),
        "worst_gap_percent": round(max((row["gap_percent"] for row in found), default=0), 2),
        "greedy_mean_gap_percent": round(sum(row["greedy_gap_percent"] for row in found) / max(1, len(found)), 2),
        "best_reached": sum(row["gap_percent"] <= 1e-6 for row in found),
        "proven": sum(row["is_proven"] for row in found),
        "mean_cpu_s": round(sum(row["cpu_s"] for row in found) / max(1, len(found)), 1),
    }


def read(text: str) -> ReleaseProblem:
    """orders items aisles; a line for each order and each aisle (count, then item and units); least and most."""
    numbers = iter(int(word) for word in text.split())
    orders, _, aisles = next(numbers), next(numbers), next(numbers)

    def group() -> tuple[tuple[int, int], ...]:
        return tuple((next(numbers), next(numbers)) for _ in range(next(numbers)))

    all_orders = tuple(group() for _ in range(orders))
    all_aisles = tuple(group() for _ in range(aisles))
    return ReleaseProblem(all_orders, all_aisles, next(numbers), next(numbers))


def _faults(problem: ReleaseProblem, found: ReleaseChoice) -> list[str]:
    """Counted anew from the numbers of the file."""
    if not found.orders:
        return []
    left: dict[int, int] = {}
    for aisle in found.aisles:
        for item, units in problem.aisles[aisle]:
            left[item] = left.get(item, 0) + units
    weight = 0
    for order in found.orders:
        for item, units in problem.orders[order]:
            left[item] = left.get(item, 0) - units
            weight += units
    faults = [f"item {item} is short" for item, units in left.items() if units < 0]
    if not problem.least <= weight <= problem.most or weight != found.weight:
        faults.append(f"{weight} units, said {found.weight}, allowed {problem.least} to {problem.most}")
    return faults


def _gap(best: float, found: float) -> float:
    return 100 * (best - found) / best


def _text(folder: Path, name: str) -> str:
    if (folder / name).exists():
        return (folder / name).read_text("utf-8")
    command = ["git", "--git-dir", str(folder), "show", f"HEAD:datasets/{name}"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise NoData(f"finds no {name} in {folder}")
    return done.stdout.decode()
