"""All batches that fit a cart, where they are few enough to walk each once, and the best plan among a part of them.

Owns the count of what fits, the table of all of it, and an exhaustive search for plans of a few batches each. It
refuses nothing: where there are too many, or too little time to walk them, there is no table. Invariant: a table holds
every batch within the capacity, with its walk; a search that ended by itself has looked at every plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from picking.batches.columns import Columns
from picking.batches.partition import Batch
from picking.batches.pricing import SCALE, best_batches
from picking.compiling import njit

MOST = 300_000
"""Batches a table may hold: twenty orders, eight to a cart, are 200,000."""
TRIED = 256
"""Batches walked to see how long one takes."""
PLACES_A_SECOND = 200_000_000
"""What the exhaustive search gets through at least on a processor of today; measured: two to three times that."""


@dataclass(frozen=True, slots=True)
class EveryBatch:
    """batch: uint64[batches, 2], bits of orders 0-63 and 64-127. length: int64[batches], their walks."""

    batch: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]

    def reduced(self, worth: npt.NDArray[np.int64], ride: int) -> npt.NDArray[np.int64]:
        """What each costs over the worth of its orders and of the ride itself, in SCALE parts."""
        values: npt.NDArray[np.int64] = SCALE * self.length - worths(self.batch, worth) - ride
        return values

    def cheapest(self, reduced: npt.NDArray[np.int64], most: int) -> list[tuple[Batch, int]]:
        """Batches that cost less than they are worth, at most so many, the best of all among them."""
        chosen = np.argpartition(reduced, most)[:most] if len(reduced) > most else np.arange(len(reduced))
        return self.pairs(chosen[reduced[chosen] < 0])

    def pairs(self, chosen: npt.NDArray[np.int64]) -> list[tuple[Batch, int]]:
        return pairs(self.batch[chosen], self.length[chosen])


def every_batch(columns: Columns, seconds: float, clock: Callable[[], float]) -> EveryBatch | None:
    """All batches of these orders; None where there are more than MOST, or walking them takes longer than `seconds`."""
    number = int(count_batches(columns.load, columns.capacity, MOST))
    if number > MOST:
        return None
    none, rank = np.zeros(columns.orders, np.int64), np.arange(columns.orders)

    def walk(steps: int) -> Any:
        budget = np.array([steps], np.int64)
        return best_batches(
            columns.floor, columns.start, columns.stops, columns.load, columns.capacity, none, rank,
            -(1 << 62), number, False, budget,
        )  # fmt: skip

    walk(1)
    if number > TRIED:
        began = clock()
        walk(TRIED)
        if (clock() - began) * number / TRIED > seconds:
            return None
    return EveryBatch(*walk(number))


def best_of(
    batch: npt.NDArray[np.uint64], length: npt.NDArray[np.int64], worth: npt.NDArray[np.int64], ride: int,
    fewest: int, better_than: int, seconds: float,
) -> tuple[list[Batch], bool]:  # fmt: skip
    """The shortest plan of these batches that is shorter than `better_than` ([]: none), and whether all were looked at.

    worth, ride: a feasible solution of the dual program, SCALE parts; it says which plans need not be looked at.
    `fewest`: no plan has fewer batches.
    """
    orders = len(worth)
    reduced = SCALE * length - worths(batch, worth) - ride
    first_order = lowest_orders(batch)
    sequence = np.lexsort((reduced, first_order))
    begins = np.searchsorted(first_order[sequence], np.arange(orders + 1)).astype(np.int64)
    bound = int(worth.sum()) + fewest * ride
    steps = np.array([max(0, int(seconds * PLACES_A_SECOND))], np.int64)
    found = best_partition(
        batch[sequence], reduced[sequence], length[sequence], begins, ride, fewest, better_than, bound, steps
    )
    chosen = sequence[found[found >= 0]]
    return [number for number, _ in pairs(batch[chosen], length[chosen])], bool(steps[0] >= 0)


def pairs(batch: Any, length: Any) -> list[tuple[Batch, int]]:
    """Batches as whole numbers, with their walks."""
    lows, highs = batch[:, 0].tolist(), batch[:, 1].tolist()
    return [(low | high << 64, walk) for low, high, walk in zip(lows, highs, length.tolist(), strict=True)]


def as_words(batches: Sequence[Batch]) -> npt.NDArray[np.uint64]:
    """uint64[batches, 2] of batches that are whole numbers."""
    low = (1 << 64) - 1
    return np.array([(batch & low, batch >> 64) for batch in batches], np.uint64).reshape(-1, 2)


@njit(cache=True)
def count_batches(load: Any, capacity: Any, most: int) -> int:
    """How many sets of orders fit a cart; counting ends above `most`. Compiled."""
    orders, units = load.shape
    room = np.zeros((orders + 1, units), np.int64)
    room[0] = capacity
    chosen = np.zeros(orders + 1, np.int64)
    number = 0
    depth = 0
    order = 0
    while True:
        is_deeper = False
        while order < orders:
            fits = True
            for unit in range(units):
                if load[order, unit] > room[depth, unit]:
                    fits = False
            if fits:
                number += 1
                if number > most:
                    return number
                for unit in range(units):
                    room[depth + 1, unit] = room[depth, unit] - load[order, unit]
                depth += 1
                chosen[depth] = order
                is_deeper = True
                order += 1
                break
            order += 1
        if not is_deeper:
            if depth == 0:
                return number
            order = chosen[depth] + 1
            depth -= 1


@njit(cache=True)
def worths(batch: Any, worth: Any) -> Any:
    """int64[batches]: the worth of each one's orders. Compiled."""
    values = np.zeros(len(batch), np.int64)
    orders = len(worth)
    one: Any = np.uint64(1)
    for number in range(len(batch)):
        value = np.int64(0)
        for order in range(orders):
            if batch[number, order // 64] >> np.uint64(order % 64) & one:
                value += worth[order]
        values[number] = value
    return values


@njit(cache=True)
def lowest_orders(batch: Any) -> Any:
    """int64[batches]: the first order of each. Compiled."""
    firsts = np.zeros(len(batch), np.int64)
    one: Any = np.uint64(1)
    for number in range(len(batch)):
        order = 0
        while not batch[number, order // 64] >> np.uint64(order % 64) & one:
            order += 1
        firsts[number] = order
    return firsts


@njit(cache=True)
def best_partition(
    batch: Any, reduced: Any, length: Any, begins: Any, ride: int, fewest: int, better_than: int, bound: int, steps: Any
) -> Any:
    """Places of the batches of the shortest plan below `better_than`, -1 behind them. Compiled.

    begins: int64[orders + 1], where the batches with each first order begin; among them the least `reduced` first.
    Each plan is met once: its batch with the first order not riding yet comes next. A plan costs `bound`, what its
    batches cost over their worth, and `ride` for each batch over the fewest. steps: int64[1], how many places it may
    look at; less than 0 afterwards means that it did not get through.
    """
    orders = len(begins) - 1
    best = np.full(orders, -1, np.int64)
    low = np.zeros(orders + 1, np.uint64)
    high = np.zeros(orders + 1, np.uint64)
    over = np.zeros(orders + 1, np.int64)
    walk = np.zeros(orders + 1, np.int64)
    place = np.zeros(orders + 1, np.int64)
    end = np.zeros(orders + 1, np.int64)
    one: Any = np.uint64(1)
    shortest = better_than
    slack = SCALE * (shortest - 1) - bound
    place[0] = begins[0]
    end[0] = begins[1]
    depth = 0
    while depth >= 0:
        at = place[depth]
        more = ride if depth + 1 > fewest else 0
        if at == end[depth] or over[depth] + more + reduced[at] > slack:
            depth -= 1
            continue
        place[depth] = at + 1
        steps[0] -= 1
        if steps[0] < 0:
            return best
        if batch[at, 0] & low[depth] or batch[at, 1] & high[depth]:
            continue
        low[depth + 1] = low[depth] | batch[at, 0]
        high[depth + 1] = high[depth] | batch[at, 1]
        over[depth + 1] = over[depth] + more + reduced[at]
        walk[depth + 1] = walk[depth] + length[at]
        first = 0
        while first < orders:
            word = low[depth + 1] if first < 64 else high[depth + 1]
            if not word >> np.uint64(first % 64) & one:
                break
            first += 1
        if first == orders:
            if walk[depth + 1] < shortest:
                shortest = walk[depth + 1]
                slack = SCALE * (shortest - 1) - bound
                for level in range(orders):
                    best[level] = place[level] - 1 if level <= depth else -1
            continue
        depth += 1
        place[depth] = begins[first]
        end[depth] = begins[first + 1]
    return best
