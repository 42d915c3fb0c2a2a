"""Whole tours and whole choices at once, column by column, led by the prices of units.

Where many bins hold the same goods, changing one bin at a time stays near where it began. This search sweeps over the
columns with many part-tours at once: each knows its state, its walk and what is still wanted, and is judged by its
walk plus the best rest of the walk at the present prices (`picking.scattered_bound`): never more than any way it could
end. The best `width` of them go on. When none had to be left behind, the best one at the end is the shortest there is.
Labels with completion bounds as in resource-constrained shortest paths; cut to a beam.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.scattered_bound import Gains, priced_costs
from picking.scattered_floor import ACTIONS, FAR, Floats, Floor, Ints, cross_behind, look_behind
from picking.scattered_walk import SAME, Bins, Walk


class Ways(NamedTuple):
    """Ways to walk one column, the cheapest at the present prices first.

    number: int64[ways], the combination of actions. walked: float64[ways], its length; priced: less what it earns.
    low, high: int64[ways, blocks], which bins it leaves out: those after `low` and before `high` of each sub-aisle.
    """

    number: Ints
    walked: Floats
    priced: Floats
    low: Ints
    high: Ints


@njit(cache=True)
def ways_of_sub_aisle(
    floor: Floor,
    bins: Bins,
    gains: Gains,
    of_unit: Floats,
    sub: int,
    most: int,
    action: Ints,
    walked: Floats,
    priced: Floats,
    low: Ints,
    high: Ints,
) -> int:
    """Fill the ways to walk a sub-aisle, at most `most` of each of the actions that may turn anywhere."""
    length = floor.length[sub % len(floor.length)]
    first, last = floor.first_bin[sub], floor.first_bin[sub + 1]
    own = last - first
    first_must, last_must = last, first - 1
    everything = 0.0
    for at in range(first, last):
        if bins.item[at] < 0:
            first_must = min(first_must, at)
            last_must = at
        else:
            everything += gains.upward[at] * of_unit[bins.item[at]]
    count = 0
    if last_must < first:
        action[count], walked[count], priced[count], low[count], high[count] = 0, 0.0, 0.0, first - 1, last
        count += 1
    for times in range(1, 3):
        action[count], walked[count], priced[count] = times, times * length, times * length - everything
        low[count], high[count] = last, last
        count += 1
    if own == 0:
        return count
    begin = count
    earned = 0.0
    for at in range(first, last):
        if bins.item[at] >= 0:
            earned += gains.upward[at] * of_unit[bins.item[at]]
        if at >= last_must and (at + 1 == last or floor.offset[at + 1] > floor.offset[at]):
            count = keep(begin, count, most, 3, 2.0 * floor.offset[at], earned, at, last,
                         action, walked, priced, low, high)  # fmt: skip
    begin = count
    earned = 0.0
    for at in range(last - 1, first - 1, -1):
        if bins.item[at] >= 0:
            earned += gains.downward[at] * of_unit[bins.item[at]]
        if at <= first_must and (at == first or floor.offset[at - 1] < floor.offset[at]):
            count = keep(begin, count, most, 4, 2.0 * (length - floor.offset[at]), earned, first - 1, at,
                         action, walked, priced, low, high)  # fmt: skip
    begin = count
    earned = 0.0
    must = first_must
    for below in range(first, last):
        if bins.item[below] >= 0:
            earned += gains.upward[below] * of_unit[bins.item[below]]
        while must <= below:
            must += 1
            while must < last and bins.item[must] >= 0:
                must += 1
        row = gains.between_first[sub] + (below - first) * own - first
        both = earned
        for above in range(last - 1, below, -1):
            if bins.item[above] >= 0:
                both += gains.between[row + above] * of_unit[bins.item[above]]
            if above <= must:
                way = 2.0 * (floor.offset[below] + length - floor.offset[above])
                if way < 2.0 * length:
                    count = keep(begin, count, most, 5, way, both, below, above,
                                 action, walked, priced, low, high)  # fmt: skip
    return count


@njit(cache=True)
def keep(
    begin: int,
    count: int,
    most: int,
    what: int,
    way: float,
    earned: float,
    below: int,
    above: int,
    action: Ints,
    walked: Floats,
    priced: Floats,
    low: Ints,
    high: Ints,
) -> int:
    """Enter one more way, in place of the dearest from `begin` on when there are `most` already."""
    at = count
    if count - begin >= most:
        at = begin
        for other in range(begin + 1, count):
            if priced[other] > priced[at]:
                at = other
        if way - earned >= priced[at]:
            return count
    else:
        count += 1
    action[at], walked[at], priced[at], low[at], high[at] = what, way, way - earned, below, above
    return count


@njit(cache=True)
def beam(
    floor: Floor,
    bins: Bins,
    gains: Gains,
    walk: Walk,
    of_unit: Floats,
    best: npt.NDArray[np.uint8],
    best_length: float,
    width: int,
    most: int,
    most_ways: int,
) -> float:
    """The best choice found becomes `best`; returns its length, or `best_length` when none was shorter."""
    columns, blocks, items = len(floor.step), len(floor.length), len(bins.need)
    reach = np.zeros((len(walk.costs), 4), np.int64)
    priced_costs(floor, bins, gains, of_unit, walk.costs, reach)
    walk.behind[columns, :] = FAR
    walk.behind[columns, 1] = 0.0
    look_behind(floor, walk.costs, walk.behind, walk.after, walk.combos, walk.prices, columns - 1)
    supply = np.zeros((columns + 1, items), np.int64)
    for column in range(columns - 1, -1, -1):
        supply[column] = supply[column + 1]
        for at in range(floor.first_bin[column * blocks], floor.first_bin[(column + 1) * blocks]):
            if bins.item[at] >= 0:
                supply[column, bins.item[at]] += bins.units[at]

    # The part-tours that go on from each column, and how each came there.
    state_of = np.zeros((columns + 1, width), np.int64)
    parent = np.zeros((columns + 1, width), np.int64)
    way_low = np.zeros((columns + 1, width, blocks), np.int64)
    way_high = np.zeros((columns + 1, width, blocks), np.int64)
    walked_so_far = np.zeros((2, width))
    owed = np.zeros((2, width))
    rest = np.zeros((2, width, items), np.int64)
    code = np.random.random(items)
    count = 1
    now = 0
    rest[0, 0] = bins.need
    for item in range(items):
        owed[0, 0] += of_unit[item] * bins.need[item]

    largest = 1
    for sub in range(len(floor.first_bin) - 1):
        largest = max(largest, floor.first_bin[sub + 1] - floor.first_bin[sub])
    room = 4 + 3 * most
    action = np.zeros((blocks, room), np.int64)
    walked = np.zeros((blocks, room))
    priced = np.zeros((blocks, room))
    low = np.zeros((blocks, room), np.int64)
    high = np.zeros((blocks, room), np.int64)
    counts = np.zeros(blocks, np.int64)
    pick = np.zeros(blocks, np.int64)
    cells = room**blocks
    way_number = np.zeros(cells, np.int64)
    way_index = np.zeros(cells, np.int64)
    way_priced = np.zeros(cells)
    way_walked = np.zeros(cells)

    limit = 40 * width
    found_value = np.zeros(limit)
    found_walked = np.zeros(limit)
    found_owed = np.zeros(limit)
    found_code = np.zeros(limit)
    found_from = np.zeros(limit, np.int64)
    found_way = np.zeros(limit, np.int64)
    found_state = np.zeros(limit, np.int64)
    left = np.zeros(items, np.int64)

    for column in range(columns):
        for block in range(blocks):
            if floor.is_aisle[column]:
                counts[block] = ways_of_sub_aisle(
                    floor, bins, gains, of_unit, column * blocks + block, most,
                    action[block], walked[block], priced[block], low[block], high[block],
                )  # fmt: skip
            else:
                counts[block] = 1
                sub = column * blocks + block
                action[block, 0], walked[block, 0], priced[block, 0] = 0, 0.0, 0.0
                low[block, 0], high[block, 0] = floor.first_bin[sub] - 1, floor.first_bin[sub + 1]
        ways = 1
        for block in range(blocks):
            ways *= counts[block]
        for way in range(ways):
            number, index, power = 0, way, 1
            way_walked[way], way_priced[way] = 0.0, 0.0
            for block in range(blocks):
                at = index % counts[block]
                index //= counts[block]
                number += action[block, at] * power
                power *= ACTIONS
                way_walked[way] += walked[block, at]
                way_priced[way] += priced[block, at]
            way_number[way] = number
            way_index[way] = way
        ordered = np.argsort(way_priced[:ways])
        ways = min(ways, most_ways)

        cross_behind(floor, walk.behind, column, walk.after)
        found = 0
        bar = best_length - SAME
        group = floor.group[column]
        row_first, row_last = floor.crossed_first[group], floor.crossed_first[group + 1]
        for label in range(count):
            state = state_of[column, label]
            for ranked in range(ways):
                way = ordered[ranked]
                middle = floor.walked[state, way_number[way]]
                if middle < 0:
                    continue
                if walked_so_far[now, label] + way_priced[way] + owed[now, label] + walk.after[middle] >= bar:
                    continue
                index = way
                for block in range(blocks):
                    pick[block] = index % counts[block]
                    index //= counts[block]
                paid = pay(floor, bins, column, blocks, pick, low, high, rest[now, label], left, of_unit)
                still_owed = owed[now, label] - paid
                value = walked_so_far[now, label] + way_walked[way] + still_owed
                if value + walk.after[middle] >= bar:
                    continue
                is_possible = True
                number_left = 0.0
                for item in range(items):
                    number_left += left[item] * code[item]
                    if left[item] > supply[column + 1, item]:
                        is_possible = False
                        break
                if not is_possible:
                    continue
                for row in range(row_first, row_last):
                    if floor.crossed[row, 0] != middle:
                        continue
                    target = floor.crossed[row, 1]
                    step = floor.crossed[row, 2] * floor.step[column]
                    total = value + step + walk.behind[column + 1, target]
                    if total >= bar:
                        continue
                    if found == limit:
                        # The dearer half makes room; whatever is dearer than the rest need not come back.
                        order = np.argsort(found_value[:found])
                        half = limit // 2
                        bar = found_value[order[half]]
                        for field in (found_value, found_walked, found_owed, found_code):
                            field[:half] = field[order[:half]]
                        for whole in (found_from, found_way, found_state):
                            whole[:half] = whole[order[:half]]
                        found = half
                        if total >= bar:
                            continue
                    found_value[found] = total
                    found_walked[found] = walked_so_far[now, label] + way_walked[way] + step
                    found_owed[found] = still_owed
                    found_code[found] = number_left
                    found_from[found] = label
                    found_way[found] = way
                    found_state[found] = target
                    found += 1
        if found == 0:
            return best_length

        onward = 1 - now
        order = np.argsort(found_value[:found])
        taken = 0
        for at in order:
            is_new = True
            for other in range(taken - 1, -1, -1):
                if state_of[column + 1, other] == found_state[at] and abs(owed[onward, other] - found_owed[at]) < SAME:
                    same = 0.0
                    for item in range(items):
                        same += rest[onward, other, item] * code[item]
                    if abs(same - found_code[at]) < SAME:
                        is_new = False
                        break
            if not is_new:
                continue
            label = found_from[at]
            index = found_way[at]
            for block in range(blocks):
                pick[block] = index % counts[block]
                index //= counts[block]
                way_low[column + 1, taken, block] = low[block, pick[block]]
                way_high[column + 1, taken, block] = high[block, pick[block]]
            pay(floor, bins, column, blocks, pick, low, high, rest[now, label], left, of_unit)
            rest[onward, taken] = left
            state_of[column + 1, taken] = found_state[at]
            parent[column + 1, taken] = label
            walked_so_far[onward, taken] = found_walked[at]
            owed[onward, taken] = found_owed[at]
            taken += 1
            if taken == width:
                break
        count = taken
        now = onward

    for label in range(count):
        is_whole = state_of[columns, label] == 1
        for item in range(items):
            is_whole &= rest[now, label, item] == 0
        if is_whole and walked_so_far[now, label] < best_length - SAME:
            best_length = walked_so_far[now, label]
            at = label
            for column in range(columns, 0, -1):
                for block in range(blocks):
                    sub = (column - 1) * blocks + block
                    for own in range(floor.first_bin[sub], floor.first_bin[sub + 1]):
                        best[own] = own <= way_low[column, at, block] or own >= way_high[column, at, block]
                at = parent[column, at]
    return best_length


@njit(cache=True)
def pay(
    floor: Floor,
    bins: Bins,
    column: int,
    blocks: int,
    pick: Ints,
    low: Ints,
    high: Ints,
    rest: Ints,
    left: Ints,
    of_unit: Floats,
) -> float:
    """Fill `left`, what is still wanted after walking a column so; returns the price of what was had."""
    left[:] = rest
    paid = 0.0
    for block in range(blocks):
        sub = column * blocks + block
        last = floor.first_bin[sub + 1]
        lower, upper = low[block, pick[block]], high[block, pick[block]]
        for at in range(floor.first_bin[sub], min(lower + 1, last)):
            item = bins.item[at]
            if item >= 0 and left[item] > 0:
                had = min(left[item], bins.units[at])
                left[item] -= had
                paid += had * of_unit[item]
        for at in range(max(upper, lower + 1), last):
            item = bins.item[at]
            if item >= 0 and left[item] > 0:
                had = min(left[item], bins.units[at])
                left[item] -= had
                paid += had * of_unit[item]
    return paid
