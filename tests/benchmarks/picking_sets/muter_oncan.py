"""The 270 order batching instances of Muter and Öncan with exact walks, against Wahlen and Gschwind's values."""

from __future__ import annotations

from collections.abc import Iterator

from picking.formats.muter_oencan import read_muter_oencan
from tests.benchmarks.picking_sets import Options, Row
from tests.benchmarks.picking_sets._batching import best_known, block_walk, columns_of_block, solved, summary

__all__ = ["HELP", "rows", "summary"]

HELP = """
    Muter-Öncan order batching, 20-100 orders: --data DIR with ORDERS_CAPACITY_NUMBER.txt (number 0 is instance 1).
    Instances 1 and 2 of each of the 27 cells, --full all 270; 5 s of processor time each. Fails when a plan does not
    hold, walks other than another solver says, or a bound lies over a proven optimum.
"""


def rows(options: Options) -> Iterator[Row]:
    folder = options.folder()
    number = -1
    for entry in best_known("wahlen_gschwind_2023.csv"):
        instance = int(entry["inst"])
        if entry["set"] != "MO" or (instance > 2 and not options.is_full):
            continue
        number += 1
        if not options.is_mine(number):
            continue
        name = f"{entry['orders']}_{entry['capacity']}_{instance - 1}.txt"
        batching = read_muter_oencan((folder / name).read_bytes().decode("latin-1"))
        for seed in options.seeds:
            key = f"{entry['orders']}/{entry['capacity']}/{instance} seed {seed}"
            if not options.is_done(key):
                yield solved(
                    key, columns_of_block(batching), block_walk(batching), round(10 * float(entry["best_known"])),
                    entry["is_proven"] == "1", 10, options.seconds or 5.0, seed,
                )  # fmt: skip
