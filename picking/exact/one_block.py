"""The shortest closed tour in one block of parallel aisles, from bitmaps, in a fraction of a microsecond.

Owns the dynamic program of Ratliff and Rosenthal (Operations Research 31, 1983) written out: five states in
five registers, no table. It is the cost inside every batch search on such a floor, called from other compiled
loops millions of times. It refuses nothing (its callers checked), knows no start that is not its end, no
one-way aisle and no closed stretch: those go to the general kernel.
Invariant: equal to the general kernel on every floor both can take.

State of the aisles walked so far, by the last one's two ends (top, bottom): both odd; only the top or only the
bottom used, an even number of times; both even and joined; both even in two pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.errors import FieldError, check_whole
from picking.exact.bits import lowest_bit

FAR = 1 << 50
"""Longer than any walk, and small enough to be added a few times without overflow."""


class OneBlock(NamedTuple):
    """One block as arrays. Lengths are whole numbers of any one unit.

    first_word: int64[aisles + 1], where each aisle's words begin in a bitmap of stops.
    offset_at: int64[words * 64], how far from the aisle's lower end the stop of each bit is, ascending.
    step: int64[aisles], the way along the cross-aisle from this aisle to the next; the last is 0.
    length: the way from one cross-aisle to the other.
    """

    first_word: npt.NDArray[np.int64]
    offset_at: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    length: int

    @property
    def words(self) -> int:
        return int(self.first_word[-1])


def one_block(aisle_x: Sequence[int], length: int, offsets: Sequence[Sequence[int]]) -> OneBlock:
    """The block whose aisles stand at ascending x and can be stopped in at these offsets (start included).

    A FieldError names an aisle out of order, and an offset beyond the aisle or not ascending.
    """
    check_whole("length", length, 0, FAR >> 16)
    if len(offsets) != len(aisle_x) or not aisle_x:
        raise FieldError("offsets", f"must name every aisle: {len(aisle_x)} aisles, {len(offsets)} lists")
    first_word = [0]
    table: list[int] = []
    for aisle, stops in enumerate(offsets):
        if aisle and aisle_x[aisle] <= aisle_x[aisle - 1]:
            raise FieldError(f"aisle_x[{aisle}]", "must be greater than the aisle before")
        for at, offset in enumerate(stops):
            check_whole(f"offsets[{aisle}][{at}]", offset, 0, length)
            if at and offset <= stops[at - 1]:
                raise FieldError(f"offsets[{aisle}][{at}]", "must be greater than the one before")
        words = max(1, -(-len(stops) // 64))
        first_word.append(first_word[-1] + words)
        table.extend([*stops, *[length] * (words * 64 - len(stops))])
    step = [*np.diff(np.array(aisle_x, np.int64)).tolist(), 0]
    return OneBlock(np.array(first_word, np.int64), np.array(table, np.int64), np.array(step, np.int64), length)


def stop_bitmap(floor: OneBlock, stops: Sequence[tuple[int, int]]) -> npt.NDArray[np.uint64]:
    """uint64[words] with the bits of the stops, each (aisle, offset), set."""
    words = np.zeros(floor.words, np.uint64)
    for aisle, offset in stops:
        low, high = 64 * int(floor.first_word[aisle]), 64 * int(floor.first_word[aisle + 1])
        at = low + int(np.searchsorted(floor.offset_at[low:high], offset))
        if at == high or floor.offset_at[at] != offset:
            raise FieldError("stops", f"the floor has no stop at offset {offset} of aisle {aisle}")
        words[at // 64] |= np.uint64(1 << (at % 64))
    return words


@njit(cache=True)
def one_block_length(floor: OneBlock, words: npt.NDArray[np.uint64]) -> int:
    """Length of the shortest closed tour through every stop of the bitmap; 0 without stops. Compiled.

    The start is a stop like any other: set its bit.
    """
    first_word: Any = floor.first_word
    offset_at: Any = floor.offset_at
    step: Any = floor.step
    length: Any = floor.length
    odd: Any = FAR
    top: Any = FAR
    bottom: Any = FAR
    joined: Any = FAR
    apart: Any = FAR
    best: Any = 0
    aisles = len(step)
    first: Any = 0
    one: Any = np.uint64(1)
    is_begun = False
    for aisle in range(aisles):
        lowest: Any = np.int64(-1)
        highest: Any = np.int64(0)
        gap: Any = np.int64(0)
        for number in range(first, first_word[aisle + 1]):
            word: Any = words[number]
            base = number * 64
            if word != 0:
                if lowest < 0:
                    highest = offset_at[base + lowest_bit(word)]
                    lowest = highest
                    word &= word - one
                while word != 0:
                    offset = offset_at[base + lowest_bit(word)]
                    gap = max(gap, offset - highest)
                    highest = offset
                    word &= word - one
        first = first_word[aisle + 1]
        if lowest < 0:
            if is_begun:
                # Nothing to fetch here: stay outside, or use the aisle as a way across.
                even = min(top, bottom, joined, apart)
                joined = min(joined, odd + length, min(top, bottom, apart) + 2 * length)
                odd = min(odd, even + length)
        else:
            from_bottom = 2 * highest
            from_top = 2 * (length - lowest)
            around_gap = 2 * (length - gap)
            within = min(from_bottom, from_top, around_gap)
            if is_begun:
                ends = min(top, bottom, apart)
                new_odd = min(odd + within, min(ends, joined) + length)
                new_joined = min(odd + length, joined + within, ends + 2 * length)
                apart = min(top + min(from_bottom, around_gap), bottom + min(from_top, around_gap), apart + within)
                top += from_top
                bottom += from_bottom
                odd = new_odd
                joined = new_joined
                best = min(top, bottom, joined)
            else:
                is_begun = True
                odd, top, bottom, joined, apart = length, from_top, from_bottom, 2 * length, around_gap
                # Alone in its aisle a tour need not come to an end of it.
                best = 2 * (highest - lowest)
        # Two edges on to the next aisle; both cross-aisles twice only where both pieces need it.
        along = 2 * step[aisle]
        odd += along
        top = min(top, joined) + along
        bottom = min(bottom, joined) + along
        joined += 2 * along
        apart += 2 * along
    length_of_tour: int = best
    return length_of_tour
