"""Made-up orders on a small block, and the best plan of a few of them by trying every one."""

from __future__ import annotations

import random
from functools import cache

import numpy as np

from picking.batches.columns import Columns
from picking.exact.one_block import one_block, stop_bitmap

LENGTH = 30


def made_up(orders: int, capacity: tuple[int, ...], seed: int, most_load: int = 4, aisles: int = 4) -> Columns:
    """Orders of one to four stops in a small block; the depot is the foot of the first aisle."""
    chance = random.Random(seed)
    block = one_block([8 * aisle for aisle in range(aisles)], LENGTH, [list(range(0, LENGTH + 1, 3))] * aisles)
    stops = [
        stop_bitmap(block, [(chance.randrange(aisles), 3 * chance.randint(0, 10)) for _ in range(chance.randint(1, 4))])
        for _ in range(orders)
    ]
    load = [[chance.randint(1, min(most_load, unit)) for unit in capacity] for _ in range(orders)]
    return Columns(
        block, stop_bitmap(block, [(0, 0)]), np.array(stops), np.array(load, np.int64),
        np.array(capacity, np.int64),
    )  # fmt: skip


def shortest_of_all_plans(columns: Columns) -> int:
    """Every way to cut the orders into batches that fit."""

    @cache
    def rest(left: frozenset[int]) -> int:
        if not left:
            return 0
        first, *others = sorted(left)
        best = 10**9
        for chosen in range(1 << len(others)):
            batch = [first, *(order for bit, order in enumerate(others) if chosen >> bit & 1)]
            if (columns.load[batch].sum(axis=0) <= columns.capacity).all():
                best = min(best, columns.length(batch) + rest(left - set(batch)))
        return best

    return rest(frozenset(range(columns.orders)))
