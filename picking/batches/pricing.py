"""Which batch, not in the plan's pool yet, would pay off at the worth a linear program gives each order.

Owns the heuristic pricing (grow a batch from each order) and the exact one: a depth-first search that
stops where even a full cart of the rest, at no further walk, would not pay. That bound is valid because a walk never
gets shorter by another stop. Compiled. Refuses nothing. Invariant: a search that ended by itself has looked at every
batch; one that ran out of steps says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from picking.batches.columns import Floor, Memory, batch_length, walk_length
from picking.compiling import njit

SCALE = 1024
"""Worth is counted in so many parts of one unit of length: a linear program's worths are no whole numbers."""


@njit(cache=True)
def grown_batches(
    floor: Floor, start: Any, stops: Any, load: Any, capacity: Any, worth: Any, least: int, first: int, enough: int,
    memory: Memory,
) -> Any:  # fmt: skip
    """Batches grown from one order each, `first` first, while adding pays, then once more after leaving one out.

    worth: int64[orders] in SCALE parts of a unit of length, `least` as well: only batches whose worth less their walk
    is over it, and at most `enough`. Gives (batches uint64[found, 2], costs int64[found]).
    """
    orders = len(stops)
    found = np.zeros((enough, 2), np.uint64)
    costs = np.zeros(enough, np.int64)
    number = 0
    scratch = np.zeros(len(start), np.uint64)
    for turn in range(orders):
        seed = (first + turn) % orders
        if worth[seed] <= 0:
            continue
        low, high = _with(np.uint64(0), np.uint64(0), seed)
        room = capacity - load[seed]
        cost = SCALE * batch_length(floor, start, stops, low, high, memory, scratch)
        value = worth[seed]
        low, high, value, cost = _grown(
            floor, start, stops, load, worth, memory, scratch, low, high, room, value, cost, -1
        )
        if value - cost <= least:
            # Without the order that pays least, another one may come in.
            weakest = -1
            most = np.int64(0)
            for out in range(orders):
                if _has(low, high, out):
                    new_low, new_high = _with(low, high, out)
                    saved = cost - SCALE * batch_length(floor, start, stops, new_low, new_high, memory, scratch)
                    if weakest < 0 or saved - worth[out] > most:
                        weakest, most = out, saved - worth[out]
            low, high = _with(low, high, weakest)
            room += load[weakest]
            low, high, value, cost = _grown(
                floor, start, stops, load, worth, memory, scratch, low, high, room, value - worth[weakest],
                cost - most - worth[weakest], weakest,
            )  # fmt: skip
        if value - cost > least:
            found[number, 0] = low
            found[number, 1] = high
            costs[number] = cost // SCALE
            number += 1
            if number == enough:
                break
    return found[:number], costs[:number]


@njit(cache=True)
def _grown(
    floor: Floor, start: Any, stops: Any, load: Any, worth: Any, memory: Memory, scratch: Any, low: Any, high: Any,
    room: Any, value: Any, cost: Any, never: int,
) -> Any:  # fmt: skip
    """The batch with orders added, the one that pays most first, as long as one pays; `room` shrinks with it."""
    orders, units = load.shape
    while True:
        best_gain = np.int64(0)
        best = -1
        for other in range(orders):
            if worth[other] <= best_gain or other == never or _has(low, high, other):
                continue
            fits = True
            for unit in range(units):
                if load[other, unit] > room[unit]:
                    fits = False
            if not fits:
                continue
            new_low, new_high = _with(low, high, other)
            together = SCALE * batch_length(floor, start, stops, new_low, new_high, memory, scratch)
            gain = worth[other] - together + cost
            if gain > best_gain:
                best_gain, best = gain, other
        if best < 0:
            return low, high, value, cost
        low, high = _with(low, high, best)
        room -= load[best]
        value += worth[best]
        cost += worth[best] - best_gain


@njit(cache=True)
def best_batches(
    floor: Floor, start: Any, stops: Any, load: Any, capacity: Any, worth: Any, rank: Any, least: int, most: int,
    raises: bool, steps: Any,
) -> Any:  # fmt: skip
    """Every batch whose worth less its walk is over `least`, at most `most` of them, by looking at all of them.

    rank: int64[orders], the orders with worth first, most worth for its load first. With `raises`, only batches
    better than the best found before them, which is quicker and ends with the best of all. steps: int64[1], how many
    batches it may cost; less than 0 afterwards means that it did not get through them.
    Gives (batches uint64[found, 2], costs int64[found]).
    """
    units = load.shape[1]
    orders = len(rank)
    words = len(start)
    found = np.zeros((most, 2), np.uint64)
    costs = np.zeros(most, np.int64)
    number = 0
    if orders == 0:
        return found[:0], costs[:0]
    knapsack = _knapsack(load, capacity, worth, rank)
    share = knapsack.shape[1] - 1
    union = np.zeros((orders + 1, words), np.uint64)
    union[0] = start
    room = np.zeros((orders + 1, units), np.int64)
    room[0] = capacity
    value = np.zeros(orders + 1, np.int64)
    cost = np.zeros(orders + 1, np.int64)
    cost[0] = SCALE * walk_length(floor, start)
    chosen = np.zeros(orders + 1, np.int64)
    depth = 0
    place = 0
    while True:
        is_deeper = False
        while place < orders:
            left = room[depth, 0] * share // max(1, capacity[0])
            if value[depth] + knapsack[place, left] - cost[depth] <= least:
                place = orders
                break
            order = rank[place]
            place += 1
            fits = True
            for unit in range(units):
                if load[order, unit] > room[depth, unit]:
                    fits = False
            if not fits:
                continue
            steps[0] -= 1
            if steps[0] < 0:
                return found[:number], costs[:number]
            for word in range(words):
                union[depth + 1, word] = union[depth, word] | stops[order, word]
            now = SCALE * walk_length(floor, union[depth + 1])
            worth_now = value[depth] + worth[order]
            if worth_now - now > least:
                if number == most:
                    # Full: the weakest would have to go. The caller asks again at other worths anyway.
                    if not raises:
                        steps[0] = -1
                        return found, costs
                    number -= 1
                low = np.uint64(0)
                high = np.uint64(0)
                low, high = _with(low, high, order)
                for level in range(1, depth + 1):
                    low, high = _with(low, high, rank[chosen[level]])
                found[number, 0] = low
                found[number, 1] = high
                costs[number] = now // SCALE
                number += 1
                if raises:
                    least = worth_now - now
            for unit in range(units):
                room[depth + 1, unit] = room[depth, unit] - load[order, unit]
            left = room[depth + 1, 0] * share // max(1, capacity[0])
            if worth_now + knapsack[place, left] - now > least:
                depth += 1
                chosen[depth] = place - 1
                value[depth] = worth_now
                cost[depth] = now
                is_deeper = True
                break
        if not is_deeper:
            if depth == 0:
                return found[:number], costs[:number]
            place = chosen[depth] + 1
            depth -= 1


@njit(cache=True)
def _knapsack(load: Any, capacity: Any, worth: Any, rank: Any) -> Any:
    """Most worth of the orders from each place of the rank on, by room left of the first unit.

    Large units are cut to 256 steps, an order's load rounded down: what is promised is never too little.
    """
    steps = min(np.int64(capacity[0]), np.int64(256))
    best = np.zeros((len(rank) + 1, steps + 1), np.int64)
    for place in range(len(rank) - 1, -1, -1):
        takes = load[rank[place], 0] * steps // max(1, capacity[0])
        for room in range(steps + 1):
            best[place, room] = best[place + 1, room]
            if takes <= room:
                best[place, room] = max(best[place, room], best[place + 1, room - takes] + worth[rank[place]])
    return best


@njit(cache=True)
def _has(low: Any, high: Any, order: int) -> bool:
    if order < 64:
        return bool(low >> np.uint64(order) & np.uint64(1))
    return bool(high >> np.uint64(order - 64) & np.uint64(1))


@njit(cache=True)
def _with(low: Any, high: Any, order: int) -> Any:
    """The batch with this order taken in, or left out if it was in."""
    if order < 64:
        return low ^ (np.uint64(1) << np.uint64(order)), high
    return low, high ^ (np.uint64(1) << np.uint64(order - 64))
