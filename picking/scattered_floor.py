"""A floor with bins to choose from, as arrays, and what a change in one column of it costs.

Owns the sweep over the columns of the floor for tours whose stops are not settled yet. It is the exact dynamic
program of `picking.exact` in two halves: `ahead` is the best walk up to a column, `behind` the best walk after it, so
that a bin more or less in one column is priced by that column alone. It refuses nothing: `picking.scattered` checked.
Invariant: the price of a column is the length of the shortest closed tour through start, end and all chosen bins.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.exact.tables import ACTION_COUNT, DONE, FREE, SPLIT, START, VISITED, Tables, tables

FAR = 1e15
"""Dearer than any walk: what may not be done."""

ACTIONS = SPLIT
"""Ways to walk a sub-aisle in a closed tour: none, pass, double pass, from below, from above, gap."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Moves(NamedTuple):
    """Transitions of a whole column. `walked[state, combination]` is the state after its sub-aisles were walked.

    A combination is a number with one digit to the base ACTIONS for each block. `crossed` are rows (state after
    the sub-aisles, state before the next column, edges between the two columns), grouped by which crossings must be
    touched: group g are the rows `group[g]` to `group[g + 1]`.
    """

    walked: Ints
    crossed: Ints
    group: Ints
    states_after: int


class Floor(NamedTuple):
    """Columns are the aisles and the places of start and end between them, from left to right.

    first_bin: int64[columns * blocks + 1], the bins of each sub-aisle (column * blocks + block), ascending by offset.
    offset: float64[bins] from the lower end. step: float64[columns] to the next column. length: float64[blocks].
    is_aisle: int64[columns]. group: int64[columns], which crossings must be touched there (of `Moves`).
    """

    first_bin: Ints
    offset: Floats
    step: Floats
    length: Floats
    is_aisle: Ints
    group: Ints
    walked: Ints
    crossed: Ints
    crossed_first: Ints


@cache
def moves(cross_aisles: int) -> Moves:
    """The transitions for a number of cross-aisles, with a group for every set of crossings to be touched."""
    table = tables(cross_aisles, False)
    blocks = cross_aisles - 1
    vertical = [[_pairs(table, block * ACTION_COUNT + action) for action in range(ACTIONS)] for block in range(blocks)]
    crossings = 2 * blocks * ACTION_COUNT
    lists = [
        [[_pairs(table, crossings + (cross * 3 + kind) * 3 + edges) for edges in range(3)] for kind in (FREE, VISITED)]
        for cross in range(cross_aisles)
    ]
    groups = list(product((FREE, VISITED), repeat=cross_aisles))
    before: dict[int, int] = {START: 0, DONE: 1}
    after: dict[int, int] = {}
    rows: list[list[tuple[int, int, int]]] = [[] for _ in groups]
    walked: list[list[int]] = []
    done = 0
    while done < len(before):
        state = list(before)[done]
        done += 1
        reached: list[int] = []
        for combination in range(ACTIONS**blocks):
            at: int | None = state
            for block in range(blocks):
                at = vertical[block][combination // ACTIONS**block % ACTIONS].get(at) if at is not None else None
            if at is None:
                reached.append(-1)
                continue
            if at not in after:
                after[at] = len(after)
                for group, kinds in enumerate(groups):
                    for target, edges in _crossed(at, kinds, lists).items():
                        rows[group].append((after[at], before.setdefault(target, len(before)), edges))
            reached.append(after[at])
        walked.append(reached)
    first = np.cumsum([0, *[len(some) for some in rows]])
    flat = np.array([row for some in rows for row in some], np.int64)
    return Moves(np.array(walked, np.int64), flat, first.astype(np.int64), len(after))


def _pairs(table: Tables, number: int) -> dict[int, int]:
    low, high = int(table.first[number]), int(table.first[number + 1])
    return dict(zip(table.source[low:high].tolist(), table.target[low:high].tolist(), strict=True))


def _crossed(state: int, kinds: tuple[int, ...], lists: list[list[list[dict[int, int]]]]) -> dict[int, int]:
    """Where the sweep may go from a state, and the fewest edges to get there."""
    reached = {state: 0}
    for cross, kind in enumerate(kinds):
        onward: dict[int, int] = {}
        for at, so_far in reached.items():
            for edges in range(3):
                target = lists[cross][kind][edges].get(at)
                if target is not None and so_far + edges < onward.get(target, 99):
                    onward[target] = so_far + edges
        reached = onward
    return reached


@njit(cache=True)
def sub_aisle_costs(floor: Floor, sub: int, chosen: npt.NDArray[np.uint8], without: int, extra: int, out: Any) -> None:
    """Cost of each way to walk a sub-aisle through its chosen bins, but for bin `without` and with bin `extra`."""
    length = floor.length[sub % len(floor.length)]
    lowest = -1.0
    highest = 0.0
    gap = -1.0
    for at in range(floor.first_bin[sub], floor.first_bin[sub + 1]):
        if (chosen[at] and at != without) or at == extra:
            offset = floor.offset[at]
            if lowest < 0.0:
                lowest = offset
            elif offset - highest > gap:
                gap = offset - highest
            highest = offset
    if lowest < 0.0:
        out[0], out[1], out[2], out[3], out[4], out[5] = 0.0, length, 2.0 * length, FAR, FAR, FAR
    else:
        out[0], out[1], out[2] = FAR, length, 2.0 * length
        out[3] = 2.0 * highest
        out[4] = 2.0 * (length - lowest)
        out[5] = 2.0 * (length - gap) if gap >= 0.0 else FAR


@njit(cache=True)
def combinations(floor: Floor, costs: Floats, column: int, combos: Ints, prices: Floats) -> int:
    """What may be done in a column: numbers of combinations and their costs; returns how many."""
    blocks = len(floor.length)
    combos[0] = 0
    prices[0] = 0.0
    count = 1
    if not floor.is_aisle[column]:
        return count
    power = 1
    for block in range(blocks):
        own = count
        sub = column * blocks + block
        # The first action replaces each entry in place once the others have been appended.
        for action in range(ACTIONS - 1, -1, -1):
            cost = costs[sub, action]
            if action == 0:
                kept = 0
                if cost >= FAR:
                    for at in range(own, count):
                        combos[kept] = combos[at]
                        prices[kept] = prices[at]
                        kept += 1
                    count = kept
                continue
            if cost < FAR:
                for at in range(own):
                    combos[count] = combos[at] + action * power
                    prices[count] = prices[at] + cost
                    count += 1
        power *= ACTIONS
    return count


@njit(cache=True)
def look_ahead(
    floor: Floor, costs: Floats, ahead: Floats, after: Floats, combos: Ints, prices: Floats, low: int
) -> None:
    """Fill `ahead[low + 1:]`, the best walks up to each column, from `ahead[low]`."""
    for column in range(low, len(floor.step)):
        count = combinations(floor, costs, column, combos, prices)
        after[:] = FAR
        for state in range(ahead.shape[1]):
            so_far = ahead[column, state]
            if so_far < FAR:
                for at in range(count):
                    target = floor.walked[state, combos[at]]
                    if target >= 0 and so_far + prices[at] < after[target]:
                        after[target] = so_far + prices[at]
        ahead[column + 1, :] = FAR
        step = floor.step[column]
        group = floor.group[column]
        for row in range(floor.crossed_first[group], floor.crossed_first[group + 1]):
            so_far = after[floor.crossed[row, 0]]
            if so_far < FAR:
                so_far += floor.crossed[row, 2] * step
                target = floor.crossed[row, 1]
                if so_far < ahead[column + 1, target]:
                    ahead[column + 1, target] = so_far


@njit(cache=True)
def cross_behind(floor: Floor, behind: Floats, column: int, after: Floats) -> None:
    """The best rest of the walk from each state after the sub-aisles of a column."""
    after[:] = FAR
    step = floor.step[column]
    group = floor.group[column]
    for row in range(floor.crossed_first[group], floor.crossed_first[group + 1]):
        rest = behind[column + 1, floor.crossed[row, 1]]
        if rest < FAR:
            rest += floor.crossed[row, 2] * step
            state = floor.crossed[row, 0]
            if rest < after[state]:
                after[state] = rest


@njit(cache=True)
def look_behind(
    floor: Floor, costs: Floats, behind: Floats, after: Floats, combos: Ints, prices: Floats, high: int
) -> None:
    """Fill `behind[:high + 1]`, the best rest of the walk from each column on, from `behind[high + 1]`."""
    for column in range(high, -1, -1):
        cross_behind(floor, behind, column, after)
        count = combinations(floor, costs, column, combos, prices)
        for state in range(behind.shape[1]):
            best = FAR
            for at in range(count):
                target = floor.walked[state, combos[at]]
                if target >= 0 and prices[at] + after[target] < best:
                    best = prices[at] + after[target]
            behind[column, state] = best


@njit(cache=True)
def price_column(floor: Floor, ahead: Floats, behind: Floats, column: int, after: Floats, forced: Floats) -> None:
    """Fill forced[combination]: the best tour that walks this column so, less what walking it costs."""
    cross_behind(floor, behind, column, after)
    forced[:] = FAR
    for state in range(ahead.shape[1]):
        so_far = ahead[column, state]
        if so_far < FAR:
            for combination in range(len(forced)):
                target = floor.walked[state, combination]
                if target >= 0 and so_far + after[target] < forced[combination]:
                    forced[combination] = so_far + after[target]
