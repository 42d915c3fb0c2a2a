"""Choosing bins by the exact walk: put an item in, take one out, tear some out and put them in again.

Owns the choice while it is made: which bins are stops, how many units they hold, and the sweep that prices them. It
refuses nothing: `picking.scattered` checked that every item can be had.
Invariant: between two changes `ahead` and `behind` belong to the chosen bins, so the length is the exact one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.scattered_floor import (
    ACTIONS,
    FAR,
    Floats,
    Floor,
    Ints,
    combinations,
    look_ahead,
    look_behind,
    price_column,
    sub_aisle_costs,
)

SAME = 1e-6
"""Lengths that differ by less are the same: sums of whole numbers and of the multipliers' rounding."""


class Bins(NamedTuple):
    """item: int64[bins], -1 for one that must be visited. units: int64[bins]. sub: int64[bins], its sub-aisle.

    bin_of and first_of: the bins of item i are bin_of[first_of[i] : first_of[i + 1]]. need: int64[items], units.
    """

    item: Ints
    units: Ints
    sub: Ints
    bin_of: Ints
    first_of: Ints
    need: Ints


class Walk(NamedTuple):
    """The choice and its sweep. is_priced: which rows of `forced` belong to the present choice."""

    chosen: npt.NDArray[np.uint8]
    have: Ints
    costs: Floats
    ahead: Floats
    behind: Floats
    after: Floats
    combos: Ints
    prices: Floats
    forced: Floats
    is_priced: npt.NDArray[np.uint8]


def new_walk(floor: Floor, bins: Bins) -> Walk:
    columns, blocks = len(floor.step), len(floor.length)
    states, combinations_ = floor.walked.shape
    return Walk(
        (bins.item < 0).astype(np.uint8),
        np.zeros(len(bins.need), np.int64),
        np.zeros((columns * blocks, ACTIONS)),
        np.full((columns + 1, states), FAR),
        np.full((columns + 1, states), FAR),
        np.zeros(int(floor.crossed[:, 0].max()) + 1),
        np.zeros(combinations_, np.int64),
        np.zeros(combinations_),
        np.zeros((columns, combinations_)),
        np.zeros(columns, np.uint8),
    )


@njit(cache=True)
def walk_anew(floor: Floor, bins: Bins, walk: Walk) -> None:
    """Everything from the chosen bins alone."""
    walk.have[:] = 0
    for at in range(len(bins.item)):
        if walk.chosen[at] and bins.item[at] >= 0:
            walk.have[bins.item[at]] += bins.units[at]
    for sub in range(len(walk.costs)):
        sub_aisle_costs(floor, sub, walk.chosen, -1, -1, walk.costs[sub])
    columns = len(floor.step)
    walk.ahead[0, :] = FAR
    walk.ahead[0, 0] = 0.0
    walk.behind[columns, :] = FAR
    walk.behind[columns, 1] = 0.0
    look_ahead(floor, walk.costs, walk.ahead, walk.after, walk.combos, walk.prices, 0)
    look_behind(floor, walk.costs, walk.behind, walk.after, walk.combos, walk.prices, columns - 1)
    walk.is_priced[:] = 0


@njit(cache=True)
def length_of(walk: Walk) -> float:
    """The shortest closed tour through the chosen bins: everything walked and nothing left open."""
    return walk.ahead[len(walk.ahead) - 1, 1]  # type: ignore[no-any-return]


@njit(cache=True)
def change(floor: Floor, bins: Bins, walk: Walk, at: int, is_chosen: bool) -> None:
    """Take a bin into the choice or out of it."""
    walk.chosen[at] = is_chosen
    walk.have[bins.item[at]] += bins.units[at] if is_chosen else -bins.units[at]
    sub = bins.sub[at]
    sub_aisle_costs(floor, sub, walk.chosen, -1, -1, walk.costs[sub])
    column = sub // len(floor.length)
    look_ahead(floor, walk.costs, walk.ahead, walk.after, walk.combos, walk.prices, column)
    look_behind(floor, walk.costs, walk.behind, walk.after, walk.combos, walk.prices, column)
    walk.is_priced[:] = 0


@njit(cache=True)
def length_with(floor: Floor, bins: Bins, walk: Walk, without: int, extra: int, kept: Floats) -> float:
    """The length with one bin less or one more (-1 for none), both in one sub-aisle."""
    sub = bins.sub[extra if extra >= 0 else without]
    column = sub // len(floor.length)
    if not walk.is_priced[column]:
        price_column(floor, walk.ahead, walk.behind, column, walk.after, walk.forced[column])
        walk.is_priced[column] = 1
    kept[:] = walk.costs[sub]
    sub_aisle_costs(floor, sub, walk.chosen, without, extra, walk.costs[sub])
    count = combinations(floor, walk.costs, column, walk.combos, walk.prices)
    walk.costs[sub] = kept
    best = FAR
    for at in range(count):
        best = min(best, walk.forced[column, walk.combos[at]] + walk.prices[at])
    return best


@njit(cache=True)
def put_in(floor: Floor, bins: Bins, walk: Walk, item: int, kept: Floats, noise: float) -> None:
    """Choose bins for the rest of an item: the least walk for each unit that is still wanted, the fuller when equal.

    With noise a bin may look up to so much (a share of its walk) dearer than it is: else each search would end alike.
    """
    while walk.have[item] < bins.need[item]:
        rest = bins.need[item] - walk.have[item]
        present = length_of(walk)
        best = -1
        best_score = FAR
        for row in range(bins.first_of[item], bins.first_of[item + 1]):
            at = bins.bin_of[row]
            if not walk.chosen[at]:
                added = length_with(floor, bins, walk, -1, at, kept) - present
                score = added / min(rest, bins.units[at]) - SAME * bins.units[at]
                if noise > 0.0:
                    score *= 1.0 + noise * np.random.random()
                if score < best_score:
                    best_score = score
                    best = at
        change(floor, bins, walk, best, True)


@njit(cache=True)
def thin_out(floor: Floor, bins: Bins, walk: Walk, item: int, kept: Floats) -> None:
    """Leave bins of an item out that its others make up for, the ones that save the most walk first."""
    while True:
        present = length_of(walk)
        best = -1
        best_score = -FAR
        for row in range(bins.first_of[item], bins.first_of[item + 1]):
            at = bins.bin_of[row]
            if walk.chosen[at] and walk.have[item] - bins.units[at] >= bins.need[item]:
                score = present - length_with(floor, bins, walk, at, -1, kept) - SAME * bins.units[at]
                if score > best_score:
                    best_score = score
                    best = at
        if best < 0:
            return
        change(floor, bins, walk, best, False)


@njit(cache=True)
def take_out(floor: Floor, bins: Bins, walk: Walk, item: int) -> None:
    for row in range(bins.first_of[item], bins.first_of[item + 1]):
        at = bins.bin_of[row]
        if walk.chosen[at]:
            change(floor, bins, walk, at, False)


@njit(cache=True)
def settle(floor: Floor, bins: Bins, walk: Walk, kept: Floats) -> None:
    """Make any choice a whole one: what lacks is put in, what is too much left out."""
    for item in range(len(bins.need)):
        if walk.have[item] < bins.need[item]:
            put_in(floor, bins, walk, item, kept, 0.0)
    for item in range(len(bins.need)):
        thin_out(floor, bins, walk, item, kept)


@njit(cache=True)
def tear_out(floor: Floor, bins: Bins, walk: Walk, most: int, torn: Ints) -> int:
    """Take out some items: of one column and its neighbour, or at random. Returns how many; their numbers in `torn`."""
    items = len(bins.need)
    count = 0
    if np.random.random() < 0.6:
        # A bin that is a stop now: columns nobody walks through have nothing to tear out.
        at = np.random.randint(0, len(bins.item))
        for _ in range(len(bins.item)):
            if walk.chosen[at] and bins.item[at] >= 0:
                break
            at = (at + 1) % len(bins.item)
        blocks = len(floor.length)
        column = bins.sub[at] // blocks
        last = min(column + np.random.randint(0, 2), len(floor.step) - 1)
        for other in range(floor.first_bin[column * blocks], floor.first_bin[(last + 1) * blocks]):
            if walk.chosen[other] and bins.item[other] >= 0 and count < most:
                item = bins.item[other]
                take_out(floor, bins, walk, item)
                torn[count] = item
                count += 1
    else:
        wanted = min(items, 1 + np.random.randint(0, most))
        for _ in range(wanted):
            item = np.random.randint(0, items)
            is_new = True
            for before in range(count):
                is_new &= torn[before] != item
            if is_new:
                take_out(floor, bins, walk, item)
                torn[count] = item
                count += 1
    for at in range(count - 1, 0, -1):
        other = np.random.randint(0, at + 1)
        torn[at], torn[other] = torn[other], torn[at]
    return count


@njit(cache=True)
def open_columns(floor: Floor, bins: Bins, walk: Walk) -> None:
    """Serve from one or two columns all they hold, and from elsewhere only what they lack."""
    blocks, columns = len(floor.length), len(floor.step)
    first = np.random.randint(0, columns)
    second = min(first + np.random.randint(0, 8), columns - 1)
    # In half of the cases one block of them only: the others may be far from start and end.
    only = np.random.randint(0, 2 * blocks) if blocks > 1 else blocks
    for item in range(len(bins.need)):
        had = 0
        for row in range(bins.first_of[item], bins.first_of[item + 1]):
            sub = bins.sub[bins.bin_of[row]]
            if sub // blocks in (first, second) and (only >= blocks or sub % blocks == only):
                had += bins.units[bins.bin_of[row]]
        if had == 0:
            continue
        for row in range(bins.first_of[item], bins.first_of[item + 1]):
            at = bins.bin_of[row]
            sub = bins.sub[at]
            if sub // blocks in (first, second) and (only >= blocks or sub % blocks == only):
                walk.chosen[at] = 1
            elif walk.chosen[at] and had >= bins.need[item]:
                walk.chosen[at] = 0
    walk_anew(floor, bins, walk)


@njit(cache=True)
def renew(floor: Floor, bins: Bins, walk: Walk, kept: Floats) -> None:
    """Thin out all items, then put each in anew; what becomes longer is undone."""
    order = np.random.permutation(len(bins.need))
    for item in order:
        thin_out(floor, bins, walk, item, kept)
    for item in order:
        before = length_of(walk)
        old = walk.chosen.copy()
        take_out(floor, bins, walk, item)
        if length_of(walk) < before - SAME:
            put_in(floor, bins, walk, item, kept, 0.0)
            thin_out(floor, bins, walk, item, kept)
        if length_of(walk) > before + SAME or walk.have[item] < bins.need[item]:
            walk.chosen[:] = old
            walk_anew(floor, bins, walk)


@njit(cache=True)
def improve(
    floor: Floor, bins: Bins, walk: Walk, best: npt.NDArray[np.uint8], rounds: int, most: int, enough: float, seed: int,
    opening: float,
) -> float:  # fmt: skip
    """Tear out and put in again, `rounds` times or until the length is `enough`. Returns the length of `best`."""
    np.random.seed(seed)
    kept = np.zeros(ACTIONS)
    torn = np.zeros(max(most, 1), np.int64)
    walk.chosen[:] = best
    walk_anew(floor, bins, walk)
    best_length = length_of(walk)
    for _ in range(rounds):
        if best_length <= enough + SAME:
            break
        if np.random.random() < opening:
            open_columns(floor, bins, walk)
            if length_of(walk) < 1.6 * best_length:
                renew(floor, bins, walk, kept)
        else:
            noise = 0.0 if np.random.random() < 0.5 else 1.0
            count = tear_out(floor, bins, walk, most, torn)
            for at in range(count):
                put_in(floor, bins, walk, torn[at], kept, noise)
            for at in range(count):
                thin_out(floor, bins, walk, torn[at], kept)
        length = length_of(walk)
        if length <= best_length + SAME:
            best_length = length
            best[:] = walk.chosen
        else:
            walk.chosen[:] = best
            walk_anew(floor, bins, walk)
    return best_length
