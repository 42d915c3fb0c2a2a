"""How short the walk could be at best, by prices on units (Lagrangian relaxation).

Each unit of an item gets a price; a tour may then leave units behind, and pays for them, or pass by units and earns
their price. The best tour of that question is found exactly by the sweep of `picking.scattered_floor`, sub-aisle by
sub-aisle, and its value is never above the length of the best choice of bins. Raising the prices of what was left
behind and lowering those of what was had too often brings the value up, and its tours are close to good choices.
M. Held, P. Wolfe, H.P. Crowder, "Validation of subgradient optimization", Mathematical Programming 6, 1974.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.scattered_floor import ACTIONS, FAR, Floats, Floor, Ints, combinations, look_ahead
from picking.scattered_walk import SAME, Bins, Walk, length_of, settle, walk_anew


class Gains(NamedTuple):
    """Units that a further bin of a sub-aisle adds, counted only up to the item's need.

    upward: int64[bins], walking up from the lower end. downward: the same from the upper end. Between: for the bins
    0 to i of a sub-aisle had from below, row i of its square table holds what each further one adds from above.
    """

    upward: Ints
    downward: Ints
    between: Ints
    between_first: Ints


@njit(cache=True)
def count_gains(floor: Floor, bins: Bins) -> Gains:
    subs = len(floor.first_bin) - 1
    between_first = np.zeros(subs + 1, np.int64)
    for sub in range(subs):
        own = floor.first_bin[sub + 1] - floor.first_bin[sub]
        between_first[sub + 1] = between_first[sub] + own * own
    upward = np.zeros(len(bins.item), np.int64)
    downward = np.zeros(len(bins.item), np.int64)
    between = np.zeros(between_first[subs], np.int64)
    had = np.zeros(len(bins.need), np.int64)
    had_both = np.zeros(len(bins.need), np.int64)
    for sub in range(subs):
        low, high = floor.first_bin[sub], floor.first_bin[sub + 1]
        own = high - low
        for at in range(low, high):
            item = bins.item[at]
            if item >= 0:
                had[item] = 0
        for at in range(high - 1, low - 1, -1):
            item = bins.item[at]
            if item >= 0:
                downward[at] = min(bins.need[item] - had[item], bins.units[at])
                had[item] += downward[at]
        for at in range(low, high):
            item = bins.item[at]
            if item >= 0:
                had[item] = 0
        for below in range(low, high):
            item = bins.item[below]
            if item >= 0:
                upward[below] = min(bins.need[item] - had[item], bins.units[below])
                had[item] += upward[below]
            for at in range(low, high):
                if bins.item[at] >= 0:
                    had_both[bins.item[at]] = had[bins.item[at]]
            row = between_first[sub] + (below - low) * own
            for at in range(high - 1, below, -1):
                item = bins.item[at]
                if item >= 0:
                    gain = min(bins.need[item] - had_both[item], bins.units[at])
                    between[row + at - low] = gain
                    had_both[item] += gain
        for at in range(low, high):
            if bins.item[at] >= 0:
                had[bins.item[at]] = 0
    return Gains(upward, downward, between, between_first)


@njit(cache=True)
def priced_costs(floor: Floor, bins: Bins, gains: Gains, of_unit: Floats, costs: Floats, reach: Ints) -> None:
    """Fill each way to walk each sub-aisle with its cost less what it earns, and how far it reaches.

    reach[sub]: the last bin from below, the last from above, and for the gap the last on its lower and upper side.
    """
    for sub in range(len(costs)):
        length = floor.length[sub % len(floor.length)]
        low, high = floor.first_bin[sub], floor.first_bin[sub + 1]
        own = high - low
        out = costs[sub]
        out[0], out[1], out[2], out[3], out[4], out[5] = 0.0, length, 2.0 * length, FAR, FAR, FAR
        if own == 0:
            continue
        first_must, last_must = high, low - 1
        earned = 0.0
        for at in range(low, high):
            item = bins.item[at]
            if item < 0:
                first_must = min(first_must, at)
                last_must = at
            else:
                earned += gains.upward[at] * of_unit[item]
        if last_must >= low:
            out[0] = FAR
        out[1] = length - earned
        out[2] = 2.0 * length - earned
        earned = 0.0
        must = first_must
        for below in range(low, high):
            item = bins.item[below]
            if item >= 0:
                earned += gains.upward[below] * of_unit[item]
            walked = 2.0 * floor.offset[below] - earned
            if below >= last_must and walked < out[3]:
                out[3] = walked
                reach[sub, 0] = below
            while must <= below:
                must += 1
                while must < high and bins.item[must] >= 0:
                    must += 1
            both = walked + 2.0 * length
            row = gains.between_first[sub] + (below - low) * own - low
            for above in range(high - 1, below, -1):
                item = bins.item[above]
                if item >= 0:
                    both -= gains.between[row + above] * of_unit[item]
                cost = both - 2.0 * floor.offset[above]
                if cost < out[5] and above <= must:
                    out[5] = cost
                    reach[sub, 2] = below
                    reach[sub, 3] = above
        earned = 0.0
        for above in range(high - 1, low - 1, -1):
            item = bins.item[above]
            if item >= 0:
                earned += gains.downward[above] * of_unit[item]
            walked = 2.0 * (length - floor.offset[above]) - earned
            if above <= first_must and walked < out[4]:
                out[4] = walked
                reach[sub, 1] = above


@njit(cache=True)
def mark(floor: Floor, sub: int, action: int, reach: Ints, chosen: npt.NDArray[np.uint8]) -> None:
    """Choose every bin that walking a sub-aisle so passes."""
    for at in range(floor.first_bin[sub], floor.first_bin[sub + 1]):
        chosen[at] = (
            action in (1, 2)
            or (action == 3 and at <= reach[sub, 0])
            or (action == 4 and at >= reach[sub, 1])
            or (action == 5 and (at <= reach[sub, 2] or at >= reach[sub, 3]))
        )


@njit(cache=True)
def walk_back(floor: Floor, walk: Walk, reach: Ints, chosen: npt.NDArray[np.uint8]) -> None:
    """Choose the bins on the best tour that `look_ahead` found."""
    blocks = len(floor.length)
    state_after = 1
    for column in range(len(floor.step) - 1, -1, -1):
        count = combinations(floor, walk.costs, column, walk.combos, walk.prices)
        walk.after[:] = FAR
        for state in range(walk.ahead.shape[1]):
            so_far = walk.ahead[column, state]
            if so_far < FAR:
                for at in range(count):
                    target = floor.walked[state, walk.combos[at]]
                    if target >= 0 and so_far + walk.prices[at] < walk.after[target]:
                        walk.after[target] = so_far + walk.prices[at]
        group = floor.group[column]
        best = FAR
        middle = 0
        for row in range(floor.crossed_first[group], floor.crossed_first[group + 1]):
            if floor.crossed[row, 1] == state_after:
                so_far = walk.after[floor.crossed[row, 0]] + floor.crossed[row, 2] * floor.step[column]
                if so_far < best:
                    best = so_far
                    middle = floor.crossed[row, 0]
        best = FAR
        combination = 0
        for state in range(walk.ahead.shape[1]):
            so_far = walk.ahead[column, state]
            if so_far < FAR:
                for at in range(count):
                    if floor.walked[state, walk.combos[at]] == middle and so_far + walk.prices[at] < best:
                        best = so_far + walk.prices[at]
                        state_after = state
                        combination = walk.combos[at]
        for block in range(blocks):
            mark(floor, column * blocks + block, combination % ACTIONS, reach, chosen)
            combination //= ACTIONS


@njit(cache=True)
def raise_bound(
    floor: Floor,
    bins: Bins,
    gains: Gains,
    walk: Walk,
    of_unit: Floats,
    stage: Floats,
    best: npt.NDArray[np.uint8],
    rounds: int,
) -> None:
    """So many steps of the prices. `stage` holds the bound, the length of `best`, the step's size, rounds without gain.

    `best` becomes the shortest choice that was made of a tour on the way.
    """  # fmt: skip
    kept = np.zeros(ACTIONS)
    reach = np.zeros((len(walk.costs), 4), np.int64)
    items = len(bins.need)
    had = np.zeros(items, np.int64)
    at_best = of_unit.copy()
    for _ in range(rounds):
        if stage[1] <= stage[0] + SAME:
            return
        priced_costs(floor, bins, gains, of_unit, walk.costs, reach)
        walk.ahead[0, :] = FAR
        walk.ahead[0, 0] = 0.0
        look_ahead(floor, walk.costs, walk.ahead, walk.after, walk.combos, walk.prices, 0)
        value = length_of(walk)
        for item in range(items):
            value += of_unit[item] * bins.need[item]
        walk_back(floor, walk, reach, walk.chosen)
        count_had(floor, bins, walk.chosen, had)
        squares = 0.0
        for item in range(items):
            lacking = bins.need[item] - had[item]
            if lacking > 0 or of_unit[item] > 0.0:
                squares += lacking * lacking
        if value > stage[0] + SAME:
            stage[3] = 0.0 if value > stage[0] + 1e-3 * abs(stage[0]) else stage[3] + 1.0
            stage[0] = value
            at_best[:] = of_unit
        else:
            stage[3] += 1.0
        is_promising = value > 0.9 * stage[0]
        if is_promising:
            walk_anew(floor, bins, walk)
            settle(floor, bins, walk, kept)
            if length_of(walk) < stage[1] - SAME:
                stage[1] = length_of(walk)
                best[:] = walk.chosen
        if stage[3] >= 8.0:
            stage[2] *= 0.6
            stage[3] = 0.0
            of_unit[:] = at_best
        if squares == 0.0:
            return
        step = stage[2] * max(stage[1] - value, 1.0) / squares
        for item in range(items):
            of_unit[item] = max(0.0, of_unit[item] + step * (bins.need[item] - had[item]))


@njit(cache=True)
def count_had(floor: Floor, bins: Bins, chosen: npt.NDArray[np.uint8], had: Ints) -> None:
    """Units on the tour, counted in each sub-aisle only up to the item's need, as they are paid."""
    had[:] = 0
    own = np.zeros(len(bins.need), np.int64)
    for sub in range(len(floor.first_bin) - 1):
        low, high = floor.first_bin[sub], floor.first_bin[sub + 1]
        for at in range(low, high):
            if chosen[at] and bins.item[at] >= 0:
                own[bins.item[at]] += bins.units[at]
        for at in range(low, high):
            item = bins.item[at]
            if item >= 0 and own[item] > 0:
                had[item] += min(own[item], bins.need[item])
                own[item] = 0
