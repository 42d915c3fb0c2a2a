"""Scattered storage: the published optima of Heßler and Irnich, one block and two."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from picking.exact import exact_length_dm
from picking.formats.sprp import SprpInstance, read_sprp
from picking.scattered import BinProblem, StockedBin, WantedItem, choose_bins, compile_choice
from tests.benchmarks.picking_sets import NoData, Options, Row, percentile

HELP = """16,200 published optima (MIT, SPRP-SS): goods in 2, 5 or 10 places on average, one or several units of each
wanted in one block, one unit in two. --data is the folder with `results/` and, in it or beside it, `instances/` of all
files. The sample is the instances with random seed 7 of each cell (324); --full takes all. --seconds is the limit of a
call (0.05), the first of --seeds is used. Checked: units of each item, what each bin holds, the length by the exact
tour, no length below the published optimum, no bound above it. Several units in two blocks are left out: a quarter of
those published values lie below the least length over all choices of bins."""

SAMPLE = ("7",)
RESULTS = {1: "results_SPRP-SS.csv", 2: "results_SPRP-SS_two_block.csv"}


def rows(options: Options) -> Iterator[Row]:
    folder = options.folder()
    limit_ms = round(1000 * (0.05 if options.seconds is None else options.seconds))
    seed = options.seeds[0]
    number = 0
    compile_choice()
    for blocks in RESULTS:
        for name, optimum in _published(folder, blocks, options.is_full):
            number += 1
            key = f"{name} {blocks} {'block' if blocks == 1 else 'blocks'} {limit_ms} ms seed {seed}"
            if not options.is_mine(number) or options.is_done(key):
                continue
            problem = _problem(read_sprp(_file(folder, name), blocks))
            began, cpu_began = time.perf_counter(), time.process_time()
            choice = choose_bins(problem, limit_ms, seed)
            cpu_ms, wall_ms = 1000 * (time.process_time() - cpu_began), 1000 * (time.perf_counter() - began)
            stops = [pick.stocked.spot for pick in choice.picks]
            walked = exact_length_dm(problem.layout, problem.start, problem.end, stops)
            picked: dict[str, int] = {}
            for pick in choice.picks:
                picked[pick.stocked.item] = picked.get(pick.stocked.item, 0) + pick.qty_each
            is_sound = (
                picked == {wanted.item: wanted.qty_each for wanted in problem.wanted}
                and all(0 < pick.qty_each <= pick.stocked.qty_each for pick in choice.picks)
                and len({id(pick.stocked) for pick in choice.picks}) == len(choice.picks)
                and walked == choice.distance_dm
                and choice.lower_bound_dm <= optimum <= choice.distance_dm
            )
            yield {
                "key": key,
                "kind": "_".join(name.split("_")[:2]),
                "blocks": blocks,
                "ok": is_sound,
                "optimum": optimum,
                "length": choice.distance_dm,
                "bound": choice.lower_bound_dm,
                "by_name": choice.by_name_dm,
                "wall_ms": round(wall_ms, 2),
                "cpu_ms": round(cpu_ms, 2),
            }


def summary(rows: list[Row]) -> Row:
    figures: Row = {}
    kinds = sorted({(row["blocks"], row["kind"]) for row in rows})
    groups = [
        (f"{blocks} x {kind}", [row for row in rows if (row["blocks"], row["kind"]) == (blocks, kind)])
        for blocks, kind in kinds
    ]
    for blocks in sorted({row["blocks"] for row in rows}):
        groups.append((f"{blocks} x all", [row for row in rows if row["blocks"] == blocks]))
    for name, some in [*groups, ("all", rows)]:
        figures[name] = {
            "instances": len(some),
            "mean_gap_percent": _percent(mean(row["length"] / row["optimum"] - 1 for row in some)),
            "worst_gap_percent": _percent(max(row["length"] / row["optimum"] - 1 for row in some)),
            "optimal": sum(row["length"] == row["optimum"] for row in some),
            "proven": sum(row["length"] == row["bound"] for row in some),
            "bound_below_percent": _percent(mean(1 - row["bound"] / row["optimum"] for row in some)),
            "by_name_percent": _percent(mean(row["by_name"] / row["optimum"] - 1 for row in some)),
            "p50_ms": percentile([row["wall_ms"] for row in some], 0.5),
            "p99_ms": percentile([row["wall_ms"] for row in some], 0.99),
            "p99_cpu_ms": percentile([row["cpu_ms"] for row in some], 0.99),
        }
    return figures


def _percent(share: float) -> float:
    return round(100 * share, 3)


def _published(folder: Path, blocks: int, is_full: bool) -> Iterator[tuple[str, int]]:
    file = folder / "results" / RESULTS[blocks]
    if not file.is_file():
        raise NoData(f"finds no {file}")
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if blocks == 2:
                name, optimum = row["filename"], row["objective"]
            else:
                demand = "unit" if row["unit demand"] == "true" else "varying"
                name = (
                    f"{demand}_F{row['alpha']}_m{row['num aisles']}_C{row['num cells']}"
                    f"_a{row['num articles']}_{row['random seed']}.txt"
                )
                optimum = row["Netw MIP cost"]
            is_compared = "_F1_" not in name and (blocks == 1 or name.startswith("unit"))
            if is_compared and (is_full or name.removesuffix(".txt").rsplit("_", 1)[1] in SAMPLE):
                yield name, round(float(optimum))


def _file(folder: Path, name: str) -> Path:
    for place in (folder / "instances", folder.parent / "instances", folder):
        if (place / name).is_file():
            return place / name
    raise NoData(f"finds no {name} in {folder} or its instances/")


def _problem(instance: SprpInstance) -> BinProblem:
    bins = tuple(StockedBin(str(position.article), position.spot, position.qty_each) for position in instance.positions)
    wanted = tuple(WantedItem(str(article), qty_each) for article, qty_each in instance.wanted_each)
    return BinProblem(instance.layout, instance.depot, instance.depot, bins, wanted)
