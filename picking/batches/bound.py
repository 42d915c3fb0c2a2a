"""How short a plan could be at best: column generation at the root, with the bound that exact pricing proves.

Owns the loop of linear program, heuristic pricing and exact pricing, and the list of every batch that a better plan
could still use. It refuses nothing; when steps or time run out, the bound is what was proven by then, if anything.
Invariant: no plan of these orders walks less than the bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from picking.batches.columns import Columns, Memory
from picking.batches.partition import Batch, Master
from picking.batches.pricing import SCALE, best_batches, grown_batches

STEPS = 400_000
"""Batches one call of the exact pricing may look at before the clock is asked again."""
FOUND = 64


@dataclass(slots=True)
class Bound:
    """What is known about the best possible plan.

    worth: int64[orders], SCALE parts of a unit of length; feasible in the dual program when `is_exact`.
    pool: batches the loop met and their lengths. length: no plan is shorter; 0 as long as nothing is proven.
    """

    length: int
    worth: Any
    is_exact: bool
    pool: dict[Batch, int] = field(default_factory=dict)


def root_bound(
    columns: Columns, pool: dict[Batch, int], memory: Memory, until: float, clock: Callable[[], float]
) -> Bound:
    """The bound of the linear program over all batches, if `clock` leaves the time; `pool` covers every order."""
    master = Master(columns.orders)
    known = dict(pool)
    master.add(known.items())
    bound = Bound(0, np.zeros(columns.orders, np.int64), False, known)
    shortest = min(columns.length([order]) for order in range(columns.orders))
    first = 0
    while clock() < until:
        worth = np.floor(np.array(master.worths()) * SCALE).astype(np.int64)
        bound.worth = worth
        found = _ints(
            *grown_batches(
                columns.floor, columns.start, columns.stops, columns.load, columns.capacity, worth, SCALE // 8,
                first, FOUND, memory,
            )
        )  # fmt: skip
        first = (first + FOUND) % columns.orders
        if master.add(found):
            known.update(found)
            continue
        steps = np.array([STEPS], np.int64)
        rank = rank_of(columns, worth)
        found = _ints(
            *best_batches(
                columns.floor, columns.start, columns.stops, columns.load, columns.capacity, worth, rank, 0, FOUND,
                True, steps,
            )
        )  # fmt: skip
        known.update(found)
        new = master.add(found)
        if steps[0] >= 0:
            # All batches were looked at. What the worst of them is over, each batch of a plan is over at most; or all
            # worths are scaled down until none is over: then their sum is a bound too.
            over = max((_worth_of(batch, worth) - SCALE * cost for batch, cost in found), default=0)
            total = int(worth.sum())
            scaled = -(-total * shortest // (SCALE * shortest + over)) if shortest else 0
            bound.length = max(bound.length, scaled, -(-(total - columns.orders * over) // SCALE))
            bound.is_exact = not found
        if not new:
            break
    return bound


def rank_of(columns: Columns, worth: Any) -> Any:
    """Orders with worth, the most worth for their share of the cart first."""
    share = (columns.load / np.maximum(columns.capacity, 1)).max(axis=1)
    rank = np.argsort(-(worth / np.maximum(share, 1e-9)), kind="stable").astype(np.int64)
    return rank[worth[rank] > 0]


def batches_within(columns: Columns, bound: Bound, slack: int, most: int, steps: int) -> dict[Batch, int] | None:
    """Every batch that a plan at most `slack` over the bound's worth could use; None if that is too many."""
    budget = np.array([steps], np.int64)
    rank = np.argsort(-bound.worth, kind="stable").astype(np.int64)
    found = best_batches(
        columns.floor, columns.start, columns.stops, columns.load, columns.capacity, bound.worth, rank,
        -SCALE * slack - 1, most, False, budget,
    )  # fmt: skip
    return None if budget[0] < 0 else dict(_ints(*found))


def _worth_of(batch: Batch, worth: Any) -> int:
    return sum(int(value) for order, value in enumerate(worth) if batch >> order & 1)


def _ints(batches: Any, costs: Any) -> list[tuple[Batch, int]]:
    lows, highs = batches[:, 0].tolist(), batches[:, 1].tolist()
    return [(low | high << 64, cost) for low, high, cost in zip(lows, highs, costs.tolist(), strict=True)]
