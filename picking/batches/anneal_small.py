"""Simulated annealing over which order rides in which batch, at the exact cost of both batches of each proposal.

Owns the moves: one order over, one for one, two for one, two for two, one round over three batches. Compiled; some
hundred thousand proposals a second. Refuses nothing. Invariant: every batch stays within the capacity of every
unit, every order in exactly one batch, the best plan seen is kept, and the same seed makes the same plan after the
same number of proposals.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from picking.batches.columns import Columns, Floor, Memory, batch_length, new_memory, walk_length
from picking.compiling import njit

NEAR = 16
POOL_BITS = 16


class Search(NamedTuple):
    """Everything a run changes, as arrays; `number` of batches is at most the number of orders.

    batch: uint64[number, 2]; cost: int64[number]; load: int64[number, units]; member: int64[number, orders], the
    first size[number] of each row; where: int64[orders], each order's batch; at: int64[orders], its place there.
    best: uint64[number, 2], the best plan seen; total: int64[2], length of this plan and of the best.
    near: int64[orders, near], orders that save most beside each; random: uint64[1], the generator's state.
    pool, pool_cost: batches met in good plans, by hash; pool_size: int64[1].
    """

    batch: npt.NDArray[np.uint64]
    cost: npt.NDArray[np.int64]
    load: npt.NDArray[np.int64]
    member: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    where: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    best: npt.NDArray[np.uint64]
    total: npt.NDArray[np.int64]
    near: npt.NDArray[np.int64]
    random: npt.NDArray[np.uint64]
    memory: Memory
    pool: npt.NDArray[np.uint64]
    pool_cost: npt.NDArray[np.int64]
    pool_size: npt.NDArray[np.int64]


def new_search(columns: Columns, batches: list[list[int]], seed: int) -> Search:
    """A search that starts from this plan."""
    orders, units = columns.load.shape
    slots = 1 << POOL_BITS
    search = Search(
        np.zeros((orders, 2), np.uint64), np.zeros(orders, np.int64), np.zeros((orders, units), np.int64),
        np.zeros((orders, orders), np.int64), np.zeros(orders, np.int64), np.zeros(orders, np.int64),
        np.zeros(orders, np.int64), np.zeros((orders, 2), np.uint64), np.zeros(2, np.int64), _near(columns),
        np.array([0x9E3779B97F4A7C15 ^ (seed * 2654435761 + 1)], np.uint64), new_memory(),
        np.zeros((slots, 2), np.uint64), np.zeros(slots, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip
    restart(search, columns, batches)
    search.best[:] = search.batch
    search.total[1] = search.total[0]
    return search


def restart(search: Search, columns: Columns, batches: list[list[int]]) -> None:
    """Go on from this plan; the best plan seen is kept."""
    search.batch[:] = 0
    search.cost[:] = 0
    search.load[:] = 0
    search.size[:] = 0
    for number, orders in enumerate(batches):
        for order in orders:
            search.batch[number, order // 64] |= np.uint64(1 << (order % 64))
            search.load[number] += columns.load[order]
            search.member[number, search.size[number]] = order
            search.where[order] = number
            search.at[order] = search.size[number]
            search.size[number] += 1
        search.cost[number] = columns.length(orders)
    search.total[0] = search.cost.sum()
    if search.total[0] < search.total[1]:
        search.total[1] = search.total[0]
        search.best[:] = search.batch


def orders_of(batch: npt.NDArray[np.uint64]) -> list[int]:
    """The orders of one batch, ascending."""
    both = int(batch[0]) | int(batch[1]) << 64
    return [order for order in range(both.bit_length()) if both >> order & 1]


def _near(columns: Columns) -> npt.NDArray[np.int64]:
    near = min(NEAR, columns.orders - 1)
    saving = _savings(columns.floor, columns.start, columns.stops)
    np.fill_diagonal(saving, np.iinfo(np.int64).min)
    return np.argsort(-saving, axis=1, kind="stable")[:, :near].astype(np.int64)


@njit(cache=True)
def _savings(floor: Floor, start: Any, stops: Any) -> Any:
    """What each pair of orders walks less together than alone, int64[orders, orders]."""
    from_alone = np.zeros(len(stops), np.int64)
    saving = np.zeros((len(stops), len(stops)), np.int64)
    for one in range(len(stops)):
        from_alone[one] = walk_length(floor, start | stops[one])
    for one in range(len(stops)):
        for other in range(one):
            together = walk_length(floor, start | stops[one] | stops[other])
            saving[one, other] = from_alone[one] + from_alone[other] - together
            saving[other, one] = saving[one, other]
    return saving


@njit(cache=True, nogil=True)
def anneal(
    floor: Floor, start: Any, stops: Any, load: Any, capacity: Any, search: Search, proposals: int, hot: float,
    cold: float, pools_below: float,
) -> None:  # fmt: skip
    """So many proposals while the temperature falls from `hot` to `cold` (units of length).

    Batches of plans at most `pools_below` times the best are kept in the pool.
    """
    orders, units = load.shape
    if orders < 2:
        return
    near = search.near.shape[1]
    scratch = np.zeros(len(start), np.uint64)
    moved = np.zeros(4, np.int64)
    to = np.zeros(4, np.int64)
    temperature = hot
    cooling = (cold / hot) ** (1.0 / max(1, proposals // 256))
    state: Any = search.random[0]
    for number in range(proposals):
        if number & 255 == 255:
            temperature *= cooling
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        # Four independent draws from one word; orders are at most 128, so 14 bits choose evenly enough.
        one = np.int64((state & np.uint64(0x3FFF)) * np.uint64(orders) >> np.uint64(14))
        draw = np.int64(state >> np.uint64(14) & np.uint64(0x3FFF))
        is_near = draw & 1
        draw >>= 1
        other = search.near[one, draw * near >> 13] if is_near else draw * orders >> 13
        a = search.where[one]
        b = search.where[other]
        if a == b:
            continue
        kind = np.int64(state >> np.uint64(28) & np.uint64(0xFF))
        pick = np.int64(state >> np.uint64(36) & np.uint64(0xFFF))
        uniform = (np.float64(state >> np.uint64(48)) + 0.5) / 65536.0
        moved[0] = one
        to[0] = b
        count = 1
        third = -1
        if kind >= 72:
            moved[1] = other
            to[1] = a
            count = 2
            if kind >= 176:
                size = search.size[a]
                if kind < 240 and size > 1:
                    second = search.member[a, pick % size]
                    if second == one:
                        continue
                    moved[2] = second
                    to[2] = b
                    count = 3
                    size = search.size[b]
                    if kind >= 224 and size > 1:
                        second = search.member[b, (pick >> 6) % size]
                        if second == other:
                            continue
                        moved[3] = second
                        to[3] = a
                        count = 4
                elif kind >= 240:
                    moved[2] = pick * orders >> 12
                    third = search.where[moved[2]]
                    if third in (a, b):
                        continue
                    to[1] = third
                    to[2] = a
                    count = 3
        elif kind < 4:
            # A batch of its own: the way out of a plan with too few batches.
            empty: Any = _empty(search)
            b = empty
            if b < 0 or search.size[a] == 1:
                continue
            to[0] = b
        fits = True
        for unit in range(units):
            more_a = np.int64(0)
            more_b = np.int64(0)
            more_c = np.int64(0)
            for k in range(count):
                of = load[moved[k], unit]
                if search.where[moved[k]] == a:
                    more_a -= of
                elif search.where[moved[k]] == b:
                    more_b -= of
                else:
                    more_c -= of
                if to[k] == a:
                    more_a += of
                elif to[k] == b:
                    more_b += of
                else:
                    more_c += of
            if (
                search.load[a, unit] + more_a > capacity[unit]
                or search.load[b, unit] + more_b > capacity[unit]
                or (third >= 0 and search.load[third, unit] + more_c > capacity[unit])
            ):
                fits = False
                break
        if not fits:
            continue
        low_a: Any = search.batch[a, 0]
        high_a: Any = search.batch[a, 1]
        low_b: Any = search.batch[b, 0]
        high_b: Any = search.batch[b, 1]
        low_c: Any = np.uint64(0)
        high_c: Any = np.uint64(0)
        if third >= 0:
            low_c = search.batch[third, 0]
            high_c = search.batch[third, 1]
        for k in range(count):
            order = moved[k]
            low_bit: Any = np.uint64(0)
            high_bit: Any = np.uint64(0)
            if order < 64:
                low_bit = np.uint64(1) << np.uint64(order)
            else:
                high_bit = np.uint64(1) << np.uint64(order - 64)
            of = search.where[order]
            if of == a or to[k] == a:
                low_a ^= low_bit
                high_a ^= high_bit
            if of == b or to[k] == b:
                low_b ^= low_bit
                high_b ^= high_bit
            if third >= 0 and (of == third or to[k] == third):
                low_c ^= low_bit
                high_c ^= high_bit
        most = np.int64(np.floor(-temperature * np.log(uniform))) + search.cost[a] + search.cost[b]
        cost_a = batch_length(floor, start, stops, low_a, high_a, search.memory, scratch)
        if third >= 0:
            most += search.cost[third]
        if cost_a > most:
            continue
        cost_b = batch_length(floor, start, stops, low_b, high_b, search.memory, scratch)
        cost_c: Any = np.int64(0)
        if third >= 0:
            if cost_a + cost_b > most:
                continue
            cost_c = batch_length(floor, start, stops, low_c, high_c, search.memory, scratch)
        if cost_a + cost_b + cost_c > most:
            continue
        change = cost_a + cost_b - search.cost[a] - search.cost[b]
        if third >= 0:
            change += cost_c - search.cost[third]
            search.cost[third] = cost_c
            search.batch[third, 0] = low_c
            search.batch[third, 1] = high_c
        search.cost[a] = cost_a
        search.cost[b] = cost_b
        search.batch[a, 0] = low_a
        search.batch[a, 1] = high_a
        search.batch[b, 0] = low_b
        search.batch[b, 1] = high_b
        for k in range(count):
            _move(search, load, moved[k], to[k])
        search.total[0] += change
        if search.total[0] < search.total[1]:
            search.total[1] = search.total[0]
            search.best[:] = search.batch
        if change != 0 and search.total[0] <= pools_below * search.total[1]:
            _remember(search, low_a, high_a, cost_a)
            _remember(search, low_b, high_b, cost_b)
            if third >= 0:
                _remember(search, low_c, high_c, cost_c)
    search.random[0] = state


@njit(cache=True)
def _empty(search: Search) -> int:
    for number in range(len(search.size)):
        if search.size[number] == 0:
            return number
    return -1


@njit(cache=True)
def _move(search: Search, load: Any, order: Any, to: Any) -> None:
    of: Any = search.where[order]
    search.size[of] -= 1
    last = search.member[of, search.size[of]]
    search.member[of, search.at[order]] = last
    search.at[last] = search.at[order]
    search.member[to, search.size[to]] = order
    search.at[order] = search.size[to]
    search.size[to] += 1
    search.where[order] = to
    for unit in range(load.shape[1]):
        search.load[of, unit] -= load[order, unit]
        search.load[to, unit] += load[order, unit]


@njit(cache=True)
def _remember(search: Search, low: Any, high: Any, cost: int) -> None:
    """Put the batch into the pool unless it is there or the pool is nearly full."""
    if low == 0 and high == 0:
        return
    mixed: Any = (low * np.uint64(0x9E3779B97F4A7C15)) ^ (high * np.uint64(0xC2B2AE3D27D4EB4F))
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    mask = len(search.pool_cost) - 1
    slot = np.int64(mixed >> np.uint64(64 - POOL_BITS))
    while search.pool[slot, 0] != 0 or search.pool[slot, 1] != 0:
        if search.pool[slot, 0] == low and search.pool[slot, 1] == high:
            return
        slot = (slot + 1) & mask
    if search.pool_size[0] * 4 < 3 * len(search.pool_cost):
        search.pool[slot, 0] = low
        search.pool[slot, 1] = high
        search.pool_cost[slot] = cost
        search.pool_size[0] += 1
