"""How short a plan could be at best: column generation at the root, with the bound that exact pricing proves.

Owns the loop of linear program, heuristic pricing and exact pricing, how many batches there are at least, and the list
of every batch that a better plan could still use. It refuses nothing; when steps or time run out, the bound is what was
proven by then, if anything. Invariant: no plan of these orders walks less than the bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from picking.batches.columns import Columns, Memory
from picking.batches.every import EveryBatch, pairs
from picking.batches.partition import Batch, Master
from picking.batches.pricing import SCALE, best_batches, grown_batches

STEPS = 400_000
"""Batches one call of the exact pricing may look at before the clock is asked again."""
FOUND = 64
FOUND_OF_ALL = 200
"""Batches the linear program gets at once where all are in a table: so many cost it little, and save it rounds."""


@dataclass(slots=True)
class Bound:
    """What is known about the best possible plan.

    worth: int64[orders], ride: of any batch, both in SCALE parts of a unit of length; feasible in the dual program
    when `is_exact`. fewest: no plan has fewer batches. pool: batches the loop met and their lengths. length: no plan is
    shorter; 0 as long as nothing is proven. every: all batches there are, if they are in a table.
    """

    length: int
    worth: Any
    is_exact: bool
    ride: int = 0
    fewest: int = 1
    pool: dict[Batch, int] = field(default_factory=dict)
    every: EveryBatch | None = None

    @property
    def total(self) -> int:
        """What the dual program says a plan costs at least, in SCALE parts, when `is_exact`."""
        return int(self.worth.sum()) + self.fewest * self.ride


def fewest_batches(columns: Columns) -> int:
    """So many batches every plan has at least: what does not go into fewer by any one unit.

    Martello and Toth's bound L2 (1990): orders over half a cart ride apart, and what fits beside them is all that is
    taken from the rest.
    """
    fewest = 1
    for unit, room in enumerate(columns.capacity.tolist()):
        load = columns.load[:, unit]
        for small in {0, *(int(one) for one in load if 0 < 2 * one <= room)}:
            alone = load > room - small
            large = (2 * load > room) & ~alone
            rest = load[(load >= small) & (2 * load <= room)].sum()
            beside = int(large.sum()) * room - load[large].sum()
            more = -(-max(0, int(rest - beside)) // room) if room else 0
            fewest = max(fewest, int(alone.sum()) + int(large.sum()) + more)
    return fewest


def root_bound(
    columns: Columns, pool: dict[Batch, int], memory: Memory, until: float, clock: Callable[[], float],
    every: EveryBatch | None = None,
) -> Bound:  # fmt: skip
    """The bound of the linear program over all batches, if `clock` leaves the time; `pool` covers every order."""
    fewest = fewest_batches(columns)
    master = Master(columns.orders, fewest)
    known = dict(pool)
    master.add(known.items())
    bound = Bound(0, np.zeros(columns.orders, np.int64), False, 0, fewest, known, every)
    shortest = min(columns.length([order]) for order in range(columns.orders))
    first = 0
    while clock() < until:
        worths, ride = master.worths()
        bound.worth = np.floor(np.array(worths) * SCALE).astype(np.int64)
        bound.ride = int(ride * SCALE)
        if every is None:
            found = pairs(
                *grown_batches(
                    columns.floor, columns.start, columns.stops, columns.load, columns.capacity, bound.worth,
                    SCALE // 8 - bound.ride, first, FOUND, memory,
                )
            )  # fmt: skip
            first = (first + FOUND) % columns.orders
            if master.add(found):
                known.update(found)
                continue
        found, is_through = _paying(columns, bound)
        known.update(found)
        new = master.add(found)
        if is_through:
            bound.length = max(bound.length, _proven(bound, found, shortest, columns.orders))
            bound.is_exact = not found
        if not new:
            break
    return bound


def _paying(columns: Columns, bound: Bound) -> tuple[list[tuple[Batch, int]], bool]:
    """Batches that cost less than they are worth, the best of all among them, and whether all were looked at."""
    if bound.every is not None:
        return bound.every.cheapest(bound.every.reduced(bound.worth, bound.ride), FOUND_OF_ALL), True
    steps = np.array([STEPS], np.int64)
    found = best_batches(
        columns.floor, columns.start, columns.stops, columns.load, columns.capacity, bound.worth,
        rank_of(columns, bound.worth), -bound.ride, FOUND, True, steps,
    )  # fmt: skip
    return pairs(*found), bool(steps[0] >= 0)


def _proven(bound: Bound, found: list[tuple[Batch, int]], shortest: int, orders: int) -> int:
    """The length no plan is below, when `found` has the batch that is worth most over its cost.

    What that one is over, each batch of a plan is over at most: so much less a ride is worth. Or all worths are scaled
    down until none is over: then their sum is a bound too.
    """
    over = max((_worth_of(batch, bound.worth) + bound.ride - SCALE * cost for batch, cost in found), default=0)
    less = bound.ride - over
    by_rides = int(bound.worth.sum()) + (bound.fewest if less >= 0 else orders) * less
    scaled = -(-bound.total * shortest // (SCALE * shortest + over)) if shortest else 0
    return max(scaled, -(-by_rides // SCALE))


def rank_of(columns: Columns, worth: Any) -> Any:
    """Orders with worth, the most worth for their share of the cart first."""
    share = (columns.load / np.maximum(columns.capacity, 1)).max(axis=1)
    rank = np.argsort(-(worth / np.maximum(share, 1e-9)), kind="stable").astype(np.int64)
    return rank[worth[rank] > 0]


def batches_within(
    columns: Columns, bound: Bound, better_than: int, most: int, steps: int
) -> dict[Batch, int] | None:
    """Every batch that a plan shorter than `better_than` could use; None if that is too many."""
    # A better plan is a whole unit shorter.
    slack = SCALE * (better_than - 1) - bound.total
    if bound.every is not None:
        chosen = np.flatnonzero(bound.every.reduced(bound.worth, bound.ride) <= slack)
        return None if len(chosen) > most else dict(bound.every.pairs(chosen))
    budget = np.array([steps], np.int64)
    rank = np.argsort(-bound.worth, kind="stable").astype(np.int64)
    found = best_batches(
        columns.floor, columns.start, columns.stops, columns.load, columns.capacity, bound.worth, rank,
        -slack - bound.ride - 1, most, False, budget,
    )  # fmt: skip
    return None if budget[0] < 0 else dict(pairs(*found))


def _worth_of(batch: Batch, worth: Any) -> int:
    return sum(int(value) for order, value in enumerate(worth) if batch >> order & 1)
