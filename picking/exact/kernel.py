"""The sweep over the aisles: the shortest closed or open tour of one floor, compiled.

Owns the costs of what can be done in one sub-aisle, the sweep from the leftmost to the rightmost column, and the way
back through it that says what was done. Everything is whole decimetres in int64 arrays, and no function allocates:
so they can be called from other compiled code, and compiled ahead without a runtime.
Invariant: the length is that of a shortest tour; following the choices gives a tour of exactly that length.

Sources: see tables.py. A picker enters a sub-aisle from below, from above, from both ends leaving a gap, walks it once
or twice; a tour that starts or ends inside it walks one side of that point an odd number of times.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from picking.compiling import njit

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.int16]
Index = npt.NDArray[np.int32]

NEVER = 1 << 60
"""Dearer than any walk, and small enough that a few of them add up inside 64 bits."""

ACTIONS = 13
PLAIN = 7
_NONE, _PASS, _DOUBLE, _BELOW, _ABOVE, _GAP, _SPLIT = 0, 1, 2, 3, 4, 5, 6
_ONE_BELOW, _ONE_ABOVE, _ODD_BELOW, _ODD_ABOVE, _ODD_BELOW_GAP, _ODD_ABOVE_GAP = 7, 8, 9, 10, 11, 12


@njit()
def price_sub_aisle(
    y_dm: Whole,
    is_blocked: Small,
    points: int,
    first_end: int,
    last_end: int,
    busy_dm: int,
    price_dm: Whole,
    gap_at: Small,
) -> None:
    """The price of each action in one sub-aisle, and where its gap is.

    `y_dm` holds the lower crossing, the points between in ascending order and the upper crossing: points + 2 values;
    `is_blocked[j]` says that nobody passes between j and j + 1. `first_end` and `last_end` number the points (from 1)
    where the tour starts or ends, 0 for none; a single one is first_end. Writes ACTIONS prices (NEVER where an action
    is impossible) and the number of the stretch left out, -1 for none.
    """
    for action in range(ACTIONS):
        price_dm[action] = NEVER
        gap_at[action] = -1
    length_dm = y_dm[points + 1] - y_dm[0]
    blocked = 0
    blocked_at = -1
    for j in range(points + 1):
        if is_blocked[j]:
            blocked += 1
            blocked_at = j
    if points == 0:
        price_dm[_NONE] = 0
    if blocked > 1:
        return
    if blocked == 0:
        inner_dm = 0 if last_end == 0 else y_dm[last_end] - y_dm[first_end]
        if first_end == 0 or last_end > 0:
            price_dm[_PASS] = length_dm + inner_dm + busy_dm
            price_dm[_DOUBLE] = 2 * length_dm - inner_dm + 2 * busy_dm
        else:
            price_dm[_ODD_BELOW] = 2 * length_dm - (y_dm[first_end] - y_dm[0]) + busy_dm
            price_dm[_ODD_ABOVE] = length_dm + (y_dm[first_end] - y_dm[0]) + busy_dm
    if points == 0:
        return
    for j in range(points + 1):
        if blocked == 1 and j != blocked_at:
            continue
        gap_dm = y_dm[j + 1] - y_dm[j]
        if first_end == 0 or (last_end > 0 and (j < first_end or j >= last_end)):
            inner_dm = 0 if last_end == 0 else y_dm[last_end] - y_dm[first_end]
            walk_dm = 2 * (length_dm - gap_dm) - inner_dm
            action = _ABOVE if j == 0 else _BELOW if j == points else _GAP
            walk_dm += 2 * busy_dm if action == _GAP else busy_dm
        elif last_end > 0:
            action = _SPLIT
            walk_dm = length_dm + y_dm[last_end] - y_dm[first_end] - 2 * gap_dm + busy_dm
        elif j >= first_end:
            action = _ONE_BELOW if j == points else _ODD_BELOW_GAP
            walk_dm = 2 * (length_dm - gap_dm) - (y_dm[first_end] - y_dm[0])
            walk_dm += 0 if action == _ONE_BELOW else busy_dm
        else:
            action = _ONE_ABOVE if j == 0 else _ODD_ABOVE_GAP
            walk_dm = 2 * (length_dm - gap_dm) - (y_dm[points + 1] - y_dm[first_end])
            walk_dm += 0 if action == _ONE_ABOVE else busy_dm
        if walk_dm < price_dm[action]:
            price_dm[action] = walk_dm
            gap_at[action] = j


@njit()
def edges_between(action: int, gap_at: int, j: int, first_end: int, last_end: int) -> int:
    """How often an action walks the stretch between points j and j + 1 of a sub-aisle."""
    if action == _NONE or j == gap_at:
        return 0
    if first_end == 0:
        return 1 if action == _PASS else 2
    if last_end == 0:
        is_odd = j < first_end
        if action in (_ONE_ABOVE, _ODD_ABOVE, _ODD_ABOVE_GAP):
            is_odd = not is_odd
    else:
        is_odd = first_end <= j < last_end
        if action in (_PASS, _SPLIT):
            is_odd = not is_odd
    return 1 if is_odd else 2


@njit()
def _relax(low: int, high: int, source: Small, target: Small, before: Whole, after: Whole, add_dm: int) -> None:
    """One list of transitions. Unsigned numbers: for signed ones the compiler looks for -1, the last entry."""
    for k in range(np.uint64(low), np.uint64(high)):
        state = np.uint16(target[k])
        after[state] = min(after[state], before[np.uint16(source[k])] + add_dm)


@njit()
def sweep(
    first: Index,
    source: Small,
    target: Small,
    cross_aisles: int,
    states: Index,
    columns: int,
    next_dm: Whole,
    price_dm: Whole,
    is_odd: Small,
    kinds: Small,
    costs: Whole,
    keep: int,
) -> int:
    """Length of the shortest tour, or NEVER. `costs[stage & keep]` holds the costs by state after each stage.

    Shapes: next_dm (columns) to the column on the right; price_dm (columns, blocks, ACTIONS); is_odd (columns,
    blocks) where one end of the tour is inside; kinds (columns, cross_aisles) of tables.FREE, VISITED, END; costs
    (rows, most states) with keep = 1 for the length alone, or all ones and rows = columns * (2 * cross_aisles - 1) + 1
    to go back through it afterwards. A column with nothing to walk in a block prices all but NONE at NEVER.
    """
    blocks = cross_aisles - 1
    crossings = 2 * blocks * ACTIONS
    row = 0
    phase = 0
    for state in range(states[0]):
        costs[0, state] = NEVER
    costs[0, 0] = 0
    for column in range(columns):
        for block in range(blocks):
            after = phase ^ is_odd[column, block]
            now = row & keep
            row += 1
            then = row & keep
            for state in range(states[after]):
                costs[then, state] = NEVER
            begin, end = (PLAIN, ACTIONS) if after != phase else (0, PLAIN)
            base = (phase * blocks + block) * ACTIONS
            for action in range(begin, end):
                add_dm = price_dm[column, block, action]
                if add_dm < NEVER:
                    low, high = first[base + action], first[base + action + 1]
                    _relax(low, high, source, target, costs[now], costs[then], add_dm)
            phase = after
        most_edges = 3 if column + 1 < columns else 1
        for cross in range(cross_aisles):
            kind = kinds[column, cross]
            after = phase ^ (1 if kind == 2 else 0)
            now = row & keep
            row += 1
            then = row & keep
            for state in range(states[after]):
                costs[then, state] = NEVER
            base = crossings + ((phase * cross_aisles + cross) * 3 + kind) * 3
            for edges in range(most_edges):
                add_dm = edges * next_dm[column]
                low, high = first[base + edges], first[base + edges + 1]
                _relax(low, high, source, target, costs[now], costs[then], add_dm)
            phase = after
    done_dm: int = min(NEVER, costs[row & keep, 1])
    return done_dm


@njit()
def _from_list(
    first: Index, source: Small, target: Small, number: int, costs: Whole, row: int, state: int, sought_dm: int
) -> int:
    """The state before, if this list explains the cost of the state, else -1. Lists are sorted by target."""
    low, high = first[number], first[number + 1]
    end = high
    while low < high:
        middle = (low + high) >> 1
        if target[middle] < state:
            low = middle + 1
        else:
            high = middle
    while low < end and target[low] == state:
        if costs[row, source[low]] == sought_dm:
            before: int = source[low]
            return before
        low += 1
    return -1


@njit()
def trace(
    first: Index,
    source: Small,
    target: Small,
    cross_aisles: int,
    columns: int,
    next_dm: Whole,
    price_dm: Whole,
    is_odd: Small,
    kinds: Small,
    costs: Whole,
    actions: Small,
    edges_right: Small,
) -> None:
    """What a shortest tour does, after a sweep that kept every stage: the action of each sub-aisle (columns, blocks)
    and the edges to the next column along each cross-aisle (columns, cross_aisles)."""
    blocks = cross_aisles - 1
    crossings = 2 * blocks * ACTIONS
    row = columns * (blocks + cross_aisles)
    state = 1
    phase = 0
    for column in range(columns - 1, -1, -1):
        for cross in range(cross_aisles - 1, -1, -1):
            kind = kinds[column, cross]
            phase ^= 1 if kind == 2 else 0
            base = crossings + ((phase * cross_aisles + cross) * 3 + kind) * 3
            for edges in range(3 if column + 1 < columns else 1):
                sought_dm = costs[row, state] - edges * next_dm[column]
                before = _from_list(first, source, target, base + edges, costs, row - 1, state, sought_dm)
                if before >= 0:
                    edges_right[column, cross] = edges
                    state = before
                    break
            row -= 1
        for block in range(blocks - 1, -1, -1):
            phase ^= is_odd[column, block]
            base = (phase * blocks + block) * ACTIONS
            for action in range(ACTIONS):
                add_dm = price_dm[column, block, action]
                if add_dm == NEVER:
                    continue
                sought_dm = costs[row, state] - add_dm
                before = _from_list(first, source, target, base + action, costs, row - 1, state, sought_dm)
                if before >= 0:
                    actions[column, block] = action
                    state = before
                    break
            row -= 1
