"""The walk of one cart on a floor that is no grid: what the search of batches reckons with there.

Owns the arrays of that walk, made once for a wave: the legs between its places, looked up in the floor's graph. Every
stop goes where it costs least, then single stops and stretches change places until nothing gets shorter; with a few
stops that is nearly always the shortest, and what a plan walks is measured afterwards by the tours themselves.
Invariant: the length is that of a walk that can be walked, never shorter than the shortest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.exact.bits import lowest_bit
from picking.layout import Spot
from picking.walkways import Place, Walkways

Whole = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]

FAR_DM = 1 << 40
"""For a leg nobody walks: dearer than any tour, and sums of it stay inside 64 bits."""

SHORTER_ROUNDS = 4


class WalkwayFloor(NamedTuple):
    """legs_dm[from, to]: row 0 the start, row 1 the end, then the wave's places; row_of: by bit, the place's row.

    start: uint64[words], no bits: both ends are part of every tour anyway. order: room to work in.
    """

    start: npt.NDArray[np.uint64]
    legs_dm: Whole
    row_of: Index
    order: Index


class Places(NamedTuple):
    """The places of some spots: by spot its place's number, by place the walkway it lies along, and the legs."""

    number_of: Whole
    walkway: Whole
    legs_dm: Whole


def places_of(floor: Walkways, start: Spot, end: Spot, spots: Sequence[Spot]) -> Places:
    """The places these spots are reached from, each once."""
    numbers: dict[Place, int] = {}
    firsts: list[Spot] = []
    number_of = np.empty(len(spots), np.int64)
    for at, spot in enumerate(spots):
        place = floor.place(spot)
        if place not in numbers:
            numbers[place] = len(firsts)
            firsts.append(spot)
        number_of[at] = numbers[place]
    walkway = np.array([floor.compiled.place(floor.at(spot)).walkway for spot in firsts], np.int64)
    return Places(number_of, walkway, np.minimum(floor.matrix([start, end, *firsts]), FAR_DM))


def walkway_floor(places: Places, bit_of: Whole, words: int) -> WalkwayFloor:
    """The floor whose place p is bit `bit_of[p]`."""
    row_of = np.zeros(64 * words, np.int32)
    row_of[bit_of] = np.arange(2, len(bit_of) + 2)
    return WalkwayFloor(
        np.zeros(words, np.uint64), np.ascontiguousarray(places.legs_dm), row_of, np.zeros(len(bit_of) + 2, np.int32)
    )


def alone_at_least_dm(places: Places, part_of: Whole, parts: int) -> Whole:
    """No tour with a part of these on it is shorter than its farthest stop, there and on to the end: int64 by part."""
    there_dm = places.legs_dm[0, 2:] + places.legs_dm[2:, 1]
    least_dm = np.zeros(parts, np.int64)
    np.maximum.at(least_dm, part_of, there_dm[places.number_of])
    return least_dm


@njit(cache=True)
def walkway_length(floor: WalkwayFloor, words: npt.NDArray[np.uint64]) -> int:
    """Length of a short tour from the start over every stop of the bitmap to the end. Compiled."""
    legs, order = floor.legs_dm, floor.order
    order[0] = 0
    order[1] = 1
    count = 2
    one = np.uint64(1)
    for number in range(len(words)):
        word = words[number]
        while word != 0:
            row = floor.row_of[64 * number + lowest_bit(word)]
            word &= word - one
            best_dm, best = np.int64(1) << 60, 1
            for at in range(1, count):
                extra_dm = legs[order[at - 1], row] + legs[row, order[at]] - legs[order[at - 1], order[at]]
                if extra_dm < best_dm:
                    best_dm, best = extra_dm, at
            for at in range(count, best, -1):
                order[at] = order[at - 1]
            order[best] = row
            count += 1
    for _ in range(SHORTER_ROUNDS):
        if not (_moved(legs, order, count) | _turned(legs, order, count)):
            break
    total_dm = np.int64(0)
    for at in range(1, count):
        total_dm += legs[order[at - 1], order[at]]
    return int(total_dm) if total_dm < FAR_DM else FAR_DM


@njit(cache=True)
def _moved(legs: Whole, order: Index, count: int) -> bool:
    """Whether a stop that was taken out and put in elsewhere made the tour shorter."""
    is_shorter = False
    for taken in range(1, count - 1):
        row = order[taken]
        before, after = order[taken - 1], order[taken + 1]
        saved_dm = legs[before, row] + legs[row, after] - legs[before, after]
        best_dm, best = saved_dm, -1
        for at in range(1, count):
            if at == taken or at == taken + 1:
                continue
            extra_dm = legs[order[at - 1], row] + legs[row, order[at]] - legs[order[at - 1], order[at]]
            if extra_dm < best_dm:
                best_dm, best = extra_dm, at
        if best < 0:
            continue
        is_shorter = True
        if best > taken:
            for at in range(taken, best - 1):
                order[at] = order[at + 1]
            order[best - 1] = row
        else:
            for at in range(taken, best, -1):
                order[at] = order[at - 1]
            order[best] = row
    return is_shorter


@njit(cache=True)
def _turned(legs: Whole, order: Index, count: int) -> bool:
    """Whether a stretch walked the other way round made the tour shorter; one-way walkways count as they are."""
    is_shorter = False
    for first in range(1, count - 2):
        there_dm = np.int64(0)
        back_dm = np.int64(0)
        for last in range(first + 1, count - 1):
            there_dm += legs[order[last - 1], order[last]]
            back_dm += legs[order[last], order[last - 1]]
            as_is_dm = legs[order[first - 1], order[first]] + there_dm + legs[order[last], order[last + 1]]
            turned_dm = legs[order[first - 1], order[last]] + back_dm + legs[order[first], order[last + 1]]
            if turned_dm < as_is_dm:
                low, high = first, last
                while low < high:
                    kept = order[low]
                    order[low] = order[high]
                    order[high] = kept
                    low += 1
                    high -= 1
                there_dm, back_dm = back_dm, there_dm
                is_shorter = True
    return is_shorter
