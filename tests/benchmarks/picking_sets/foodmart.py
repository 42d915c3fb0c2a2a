"""The Foodmart order batching instances with 8 aisles and 3 cross-aisles, against Wahlen's optima."""

from __future__ import annotations

from collections.abc import Iterator

from picking.formats.foodmart import read_foodmart
from tests.benchmarks.picking_sets import Options, Row
from tests.benchmarks.picking_sets._batching import best_known, columns_of_fan, fan_walk, solved, summary

__all__ = ["HELP", "rows", "summary"]

HELP = """
    Foodmart order batching, 5-30 orders, depot apart from the aisles: --data DIR with instances_dD_ordN_MAL.txt. The 42
    with a proven optimum, at most 30 s of processor time each. Fails as muter-oncan does, and at a missed optimum.
"""


def rows(options: Options) -> Iterator[Row]:
    folder = options.folder()
    for number, entry in enumerate(best_known("wahlen_2026_foodmart.csv")):
        if not options.is_mine(number):
            continue
        instance = read_foodmart(
            (folder / f"instances_d{entry['delta']}_ord{entry['orders']}_MAL.txt").read_text(encoding="utf-8")
        )
        for seed in options.seeds:
            key = f"d{entry['delta']}/{entry['orders']} seed {seed}"
            if not options.is_done(key):
                row = solved(
                    key, columns_of_fan(instance), fan_walk(instance), round(100 * float(entry["optimum"])), True, 100,
                    options.seconds or 30.0, seed, is_walk_exact=False,
                )  # fmt: skip
                yield {**row, "ok": row["ok"] and row["length"] == row["best_known"]}
