"""Orders of stops under rules, compiled: what a sequence costs, a first one, a better one, and the best of few.

Owns the cost: decimetres, plus LATE_DM for every tenth of a second past a stop's time. Rules are ranks (no stop
of a higher rank before one of a lower) and pairs (this stop before that one). Rows are numbered as in a problem's
matrix: 0 the start, 1 to n the stops, n + 1 the end. It refuses nothing: what breaks a rule costs FORBIDDEN.
Invariant: everything here is exact in whole numbers and depends on its input only, never on the clock.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.dijkstra import UNREACHABLE_DM, Dm

FORBIDDEN = np.int64(10**15)

LATE_DM = 10
"""A tenth of a second late weighs as much as a metre: being in time comes before walking little."""

HELD_KARP_STOPS = 13
"""The table over subsets doubles with every stop: 13 take about 5 ms and 1 MB."""

NEVER_DS = np.int64(2**61)
"""A moment that is none: nobody is late for it."""

Rows = npt.NDArray[np.int32]


class Rules(NamedTuple):
    """By row: rank, first and last moment in tenths of a second; `pairs` of rows, shape (m, 2).

    `ds_per_dm` is in 1/1000: how many tenths of a second a decimetre takes; `stop_ds` what every stop takes.
    """

    rank: Rows
    pairs: Rows
    earliest_ds: Dm
    latest_ds: Dm
    mds_per_dm: int
    stop_ds: int


@njit(cache=True)
def cost_of(matrix: Dm, rules: Rules, order: Rows, at: Rows) -> np.int64:
    """Of the sequence of rows, start and end not among them. `at` is scratch space, one entry a row."""
    last_row = len(matrix) - 1
    row, length, late, rank = 0, np.int64(0), np.int64(0), np.int64(-1)
    clock_mds = np.int64(0)
    for position in range(len(order) + 1):
        following = order[position] if position < len(order) else last_row
        leg = matrix[row, following]
        if leg >= UNREACHABLE_DM:
            return FORBIDDEN
        length += leg
        clock_mds += leg * rules.mds_per_dm
        if following != last_row:
            if rules.rank[following] < rank:
                return FORBIDDEN
            rank = np.int64(rules.rank[following])
            at[following] = position
        if clock_mds < rules.earliest_ds[following] * 1000:
            clock_mds = rules.earliest_ds[following] * 1000
        late += max(clock_mds // 1000 - rules.latest_ds[following], np.int64(0))
        clock_mds += rules.stop_ds * 1000
        row = following
    for pair in range(len(rules.pairs)):
        if at[rules.pairs[pair, 0]] > at[rules.pairs[pair, 1]]:
            return FORBIDDEN
    return length + late * LATE_DM


@njit(cache=True)
def late_of(matrix: Dm, rules: Rules, order: Rows) -> tuple[int, np.int64]:
    """(stops and end reached too late, tenths of a second by which the latest of them is)."""
    last_row = len(matrix) - 1
    row, count, worst, clock_mds = 0, 0, np.int64(0), np.int64(0)
    for position in range(len(order) + 1):
        following = order[position] if position < len(order) else last_row
        clock_mds += matrix[row, following] * rules.mds_per_dm
        clock_mds = max(clock_mds, rules.earliest_ds[following] * 1000)
        late = clock_mds // 1000 - rules.latest_ds[following]
        if late > 0:
            count += 1
            worst = max(worst, late)
        clock_mds += rules.stop_ds * 1000
        row = following
    return count, worst


@njit(cache=True)
def nearest_neighbour(matrix: Dm, rules: Rules) -> Rows:
    """Always on to the nearest stop the rules allow next. A dead end of one-way walkways is left by a leg that
    does not exist, and the order then costs FORBIDDEN.
    """
    stops = len(matrix) - 2
    order = np.empty(stops, np.int32)
    is_done = np.zeros(stops + 2, np.bool_)
    row = 0
    for position in range(stops):
        best, best_dm = 0, np.int64(4 * FORBIDDEN)
        for candidate in range(1, stops + 1):
            leg = matrix[row, candidate]
            if is_done[candidate] or leg >= best_dm:
                continue
            is_allowed = True
            for other in range(1, stops + 1):
                if not is_done[other] and rules.rank[other] < rules.rank[candidate]:
                    is_allowed = False
                    break
            for pair in range(len(rules.pairs)):
                if rules.pairs[pair, 1] == candidate and not is_done[rules.pairs[pair, 0]]:
                    is_allowed = False
                    break
            if is_allowed:
                best, best_dm = candidate, leg
        order[position] = best
        is_done[best] = True
        row = best
    return order


@njit(cache=True)
def improved(matrix: Dm, rules: Rules, order: Rows, most_tries: int) -> Rows:
    """By reversing stretches (2-opt) and moving up to three stops elsewhere, either way round (or-opt), as long as
    that pays and tries are left. Where nobody watches the clock most tries cost six legs, not the whole order.

    Sources: G. A. Croes, Operations Research 6(6), 1958; I. Or, dissertation, Northwestern University, 1976.
    """
    stops = len(order)
    is_timed = bool((rules.earliest_ds > 0).any() or (rules.latest_ds < NEVER_DS).any())
    at = np.zeros(stops + 2, np.int32)
    best = order.copy()
    best_cost = cost_of(matrix, rules, best, at)
    trial = np.empty(stops, np.int32)
    line = np.zeros(stops + 2, np.int32)
    there, back = np.zeros(stops + 2, np.int64), np.zeros(stops + 2, np.int64)
    tries = 0
    is_better = True
    while is_better and tries < most_tries:
        is_better = False
        for size in range(stops + 2):
            # Size 0 reverses stretches of any length; sizes 1 to 3 move that many stops; then all over again.
            if size > min(3, stops - 1):
                break
            start = 0
            while start < stops:
                _measure(matrix, best, line, there, back)
                is_changed = False
                for to in range(start + 1 if size == 0 else 0, stops if size == 0 else stops - size + 1):
                    if size and start + size > stops:
                        break
                    for is_turned in range(2 if size > 1 else 1):
                        if size and to == start and is_turned == 0:
                            continue
                        tries += 1
                        if not is_timed:
                            if size == 0:
                                gain = _reversal_gain(matrix, line, there, back, start, to)
                            else:
                                gain = _move_gain(matrix, line, there, back, start, size, to, is_turned == 1)
                            if gain <= 0:
                                continue
                        if size == 0:
                            trial[:] = best
                            trial[start : to + 1] = best[start : to + 1][::-1]
                        else:
                            _moved(best, trial, start, size, to, is_turned == 1)
                        cost = cost_of(matrix, rules, trial, at)
                        if cost < best_cost:
                            best[:] = trial
                            best_cost, is_better, is_changed = cost, True, True
                            break
                    if is_changed or tries >= most_tries:
                        break
                if tries >= most_tries:
                    return best
                if not is_changed:
                    start += 1
    return best


@njit(cache=True)
def _measure(matrix: Dm, order: Rows, line: Rows, there: Dm, back: Dm) -> None:
    """The order with start and end, and how far along it every place is, walked there and walked back."""
    line[0], line[-1] = 0, len(matrix) - 1
    line[1:-1] = order
    for place in range(1, len(line)):
        there[place] = there[place - 1] + matrix[line[place - 1], line[place]]
        back[place] = back[place - 1] + matrix[line[place], line[place - 1]]


@njit(cache=True)
def _reversal_gain(matrix: Dm, line: Rows, there: Dm, back: Dm, low: int, high: int) -> np.int64:
    """Walk saved by turning round the stops low to high of the order (places low + 1 to high + 1 of the line)."""
    first, last = low + 1, high + 1
    old = there[last + 1] - there[first - 1]
    turned = back[last] - back[first]
    return np.int64(old - matrix[line[first - 1], line[last]] - turned - matrix[line[first], line[last + 1]])


@njit(cache=True)
def _move_gain(
    matrix: Dm, line: Rows, there: Dm, back: Dm, start: int, size: int, to: int, is_turned: bool
) -> np.int64:
    """Walk saved by moving `size` stops from `start` to where `to` of the others stand before them."""
    first, last = start + 1, start + size
    # In the line without them the new place lies between these two.
    before = to if to < first else to + size
    after = before + 1
    head, tail = (line[last], line[first]) if is_turned else (line[first], line[last])
    inside = there[last] - there[first]
    turned = back[last] - back[first] if is_turned else inside
    if to == start:
        before, after = first - 1, last + 1
        old = there[after] - there[before]
        return np.int64(old - matrix[line[before], head] - turned - matrix[tail, line[after]])
    old = matrix[line[first - 1], line[first]] + inside + matrix[line[last], line[last + 1]]
    old += matrix[line[before], line[after]]
    new = matrix[line[first - 1], line[last + 1]]
    return np.int64(old - new - matrix[line[before], head] - turned - matrix[tail, line[after]])


@njit(cache=True)
def _moved(order: Rows, trial: Rows, start: int, size: int, to: int, is_turned: bool) -> None:
    """Take `size` stops out at `start`, and put them in where `to` of the others stand before them."""
    for inside in range(size):
        trial[to + inside] = order[start + (size - 1 - inside if is_turned else inside)]
    rest = 0
    for position in range(len(order)):
        if start <= position < start + size:
            continue
        trial[rest if rest < to else rest + size] = order[position]
        rest += 1


@njit(cache=True)
def held_karp(matrix: Dm, rules: Rules) -> Rows:
    """The shortest order that keeps ranks and pairs; moments are not looked at.

    Source: M. Held, R. M. Karp, "A dynamic programming approach to sequencing problems", J. SIAM 10(1), 1962.
    """
    stops = len(matrix) - 2
    first = np.zeros(stops, np.int64)
    for stop in range(stops):
        for other in range(stops):
            if rules.rank[other + 1] < rules.rank[stop + 1]:
                first[stop] |= 1 << other
    for pair in range(len(rules.pairs)):
        first[rules.pairs[pair, 1] - 1] |= 1 << (rules.pairs[pair, 0] - 1)
    shortest = np.full((1 << stops, stops), FORBIDDEN, np.int64)
    for subset in range(1, 1 << stops):
        for last in range(stops):
            without = subset & ~(1 << last)
            if without == subset or first[last] & ~without:
                continue
            if without == 0:
                shortest[subset, last] = matrix[0, last + 1]
                continue
            best = FORBIDDEN
            for previous in range(stops):
                if without >> previous & 1:
                    best = min(best, shortest[without, previous] + matrix[previous + 1, last + 1])
            shortest[subset, last] = best
    order = np.empty(stops, np.int32)
    subset, following = (1 << stops) - 1, stops + 1
    for position in range(stops - 1, -1, -1):
        best, last = 4 * FORBIDDEN, 0
        for previous in range(stops):
            if subset >> previous & 1 and shortest[subset, previous] + matrix[previous + 1, following] < best:
                best, last = shortest[subset, previous] + matrix[previous + 1, following], previous
        order[position] = last + 1
        subset &= ~(1 << last)
        following = last + 1
    return order
