"""The order batching instances of Henn and Wäscher with exact walks, against Wahlen and Gschwind's values."""

from __future__ import annotations

from collections.abc import Iterator

from picking.formats.henn_waescher import read_henn_waescher
from tests.benchmarks.picking_sets import Options, Row
from tests.benchmarks.picking_sets._batching import best_known, block_walk, columns_of_block, solved, summary

__all__ = ["HELP", "rows", "summary"]

HELP = """
    Henn-Wäscher order batching, 20-100 orders: --data DIR with the folders HennWaescherUniform and
    HennWaescherClassBased. Instances 0 and 1 of each cell with 40, 60, 80 or 100 orders (128); from 20 s each on
    instance 0 only (64); --full all 5,760. 5 s of processor time each. Fails as muter-oncan does.
"""

_FOLDERS = {
    "HW_UDD_LargestGap": ("HennWaescherUniform", "l"),
    "HW_UDD_Traversal": ("HennWaescherUniform", "s"),
    "HW_CBD_LargestGap": ("HennWaescherClassBased", "l"),
    "HW_CBD_Traversal": ("HennWaescherClassBased", "s"),
}
_DAMAGED = {"HennWaescherUniform/2l-20-45-0.txt"}
"""The copy that is published ends in the middle of its articles."""


def rows(options: Options) -> Iterator[Row]:
    folder = options.folder()
    seconds = options.seconds or 5.0
    number = -1
    for entry in best_known("wahlen_gschwind_2023.csv"):
        if entry["set"] not in _FOLDERS:
            continue
        orders, instance = int(entry["orders"]), int(entry["inst"])
        is_in_sample = orders in (40, 60, 80, 100) and instance <= (0 if seconds >= 20 else 1)
        if not (is_in_sample or options.is_full):
            continue
        number += 1
        if not options.is_mine(number):
            continue
        where, letter = _FOLDERS[entry["set"]]
        found = sorted((folder / where).glob(f"*{letter}-{orders}-{entry['capacity']}-{instance}.txt"))
        if f"{where}/{found[0].name}" in _DAMAGED:
            continue
        batching = read_henn_waescher(found[0].read_bytes().decode("latin-1"))
        for seed in options.seeds:
            key = f"{entry['set']}/{orders}/{entry['capacity']}/{instance} seed {seed}"
            if not options.is_done(key):
                yield solved(
                    key, columns_of_block(batching), block_walk(batching), round(10 * float(entry["best_known"])),
                    entry["is_proven"] == "1", 10, seconds, seed,
                )  # fmt: skip
