"""The shortest closed tour in two blocks of parallel aisles, from bitmaps, in about a microsecond.

Owns the dynamic program of Roodbergen and de Koster (European Journal of Operational Research 133, 2001; quoted
from memory) written out: 24 states in registers, no table. It is the cost inside every batch search on a floor
with three cross-aisles. It refuses nothing (its callers checked), knows no start that is not its end, no one-way
aisle, no closed stretch and no dead end: those go to the general kernel.
Invariant: equal to an independent solver on every floor it takes.

State of the columns walked so far, by the last one's three ends a (low), b (middle), c (high): a small letter is an
end used an even number of times, a capital one an odd number, a missing one not used; "_" stands between pieces
that are not joined yet. So AB_c: a and b odd and joined, c even in a piece of its own.

Columns without stops are stepped over: a stretch of a shortest walk that crosses such an aisle can be moved
sideways, never longer, until it lies in the aisle of a stop, so no way across has to be looked for there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.exact.bits import lowest_bit

FAR = 1 << 50
"""Longer than any walk, and small enough to be added a few times without overflow."""


class TwoBlock(NamedTuple):
    """Two blocks as arrays. Lengths are whole numbers of any one unit.

    first_word: int64[2 * columns + 1], where the words of each column's lower and then upper block begin in a
    bitmap of stops; a column without bins (a start that stands in no aisle) has none.
    offset_at: int64[words * 64], how far from its block's lower end the stop of each bit is, ascending in a block.
    step: int64[columns], the way along the cross-aisles from this column to the next; the last is 0.
    touched: int64[columns], the cross-aisle the start stands on in this column: 1 low, 2 middle, 3 high, 0 none.
    """

    first_word: npt.NDArray[np.int64]
    offset_at: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    touched: npt.NDArray[np.int64]
    lower_length: int
    upper_length: int


@njit(cache=True)
def within_block(
    words: npt.NDArray[np.uint64], offset_at: npt.NDArray[np.int64], first: int, end: int
) -> tuple[int, int, int]:
    """Lowest offset, highest offset and widest gap between neighbouring stops; (-1, 0, 0) without stops."""
    one = np.uint64(1)
    lowest = -1
    highest = 0
    gap = 0
    for number in range(first, end):
        word = words[number]
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
    return lowest, highest, gap


@njit(cache=True)
def two_block_length(floor: TwoBlock, words: npt.NDArray[np.uint64]) -> int:
    """Length of the shortest closed tour through the start and every stop of the bitmap. Compiled.

    A start in an aisle is a stop like any other: set its bit.
    """
    first_word, offset_at, step, touched = floor.first_word, floor.offset_at, floor.step, floor.touched
    none = 0
    a = b = c = a_b = a_c = ab = ac = b_c = bc = AB = AC = BC = FAR
    a_b_c = ab_c = abc = ac_b = bc_a = AB_c = ABc = AC_b = AbC = BC_a = aBC = FAR
    best = 0
    way = 0
    is_begun = False
    nobody = np.uint64(0)
    first = 0
    for column in range(len(step)):
        touch = touched[column]
        middle, end = first_word[2 * column + 1], first_word[2 * column + 2]
        stops = nobody
        for number in range(first, end):
            stops |= words[number]
        if stops == nobody and touch == 0:
            way += step[column]
            first = end
            continue
        low, high, gap = within_block(words, offset_at, first, middle)
        low_2, high_2, gap_2 = within_block(words, offset_at, middle, end)
        first = end
        if is_begun:
            # On to this column: an odd end is left by one edge, an even one by two, or by none where its piece has
            # another end to be left by.
            a_b = min(a_b, ac_b, bc_a)
            a_c = min(a_c, ab_c, bc_a)
            b_c = min(b_c, ab_c, ac_b)
            ab = min(ab, abc)
            ac = min(ac, abc)
            bc = min(bc, abc)
            a = min(a, ab, ac)
            b = min(b, ab, bc)
            c = min(c, ac, bc)
            AB = min(AB, ABc)
            AC = min(AC, AbC)
            BC = min(BC, aBC)
            way *= 2
            way_2 = 2 * way
            a += way
            b += way
            c += way
            AB += way
            AC += way
            BC += way
            a_b += way_2
            a_c += way_2
            ab += way_2
            ac += way_2
            b_c += way_2
            bc += way_2
            AB_c += way_2
            ABc += way_2
            AC_b += way_2
            AbC += way_2
            BC_a += way_2
            aBC += way_2
            a_b_c += way + way_2
            ab_c += way + way_2
            abc += way + way_2
            ac_b += way + way_2
            bc_a += way + way_2
        if low >= 0 or low_2 >= 0:
            through = floor.lower_length
            twice = 2 * through
            if low >= 0:
                from_low = 2 * high
                from_high = 2 * (through - low)
                around_gap = 2 * (through - gap)
                touch_low = min(from_low, around_gap)
                touch_high = min(from_high, around_gap)
                within = min(touch_low, from_high)
                n_none = n_c = FAR
                n_a = min(none + from_low, a + from_low)
                n_b = min(none + from_high, b + from_high)
                n_a_b = min(none + around_gap, a + touch_high, b + touch_low, a_b + within)
                n_a_c = min(c + from_low, a_c + from_low)
                n_ab = min(min(none, a, b, a_b) + twice, ab + within, AB + through)
                n_ac = ac + from_low
                n_b_c = min(c + from_high, b_c + from_high)
                n_bc = bc + from_high
                n_AB = min(min(none, a, b, a_b, ab) + through, AB + within)
                n_AC = AC + from_low
                n_BC = BC + from_high
                n_a_b_c = min(c + around_gap, a_c + touch_high, b_c + touch_low, a_b_c + within)
                n_ab_c = min(min(c, a_c, b_c, a_b_c) + twice, ab_c + within, AB_c + through)
                n_abc = min(min(ac, bc, ac_b, bc_a) + twice, abc + within, ABc + through)
                n_ac_b = min(ac + touch_high, ac_b + within)
                n_bc_a = min(bc + touch_low, bc_a + within)
                n_AB_c = min(min(c, a_c, b_c, a_b_c, ab_c) + through, AB_c + within)
                n_ABc = min(min(ac, bc, abc, ac_b, bc_a) + through, ABc + within)
                n_AC_b = min(AC + touch_high, AC_b + within)
                n_AbC = min(min(AC, AC_b) + twice, min(BC, BC_a, aBC) + through, AbC + within)
                n_BC_a = min(BC + touch_low, BC_a + within)
                n_aBC = min(min(AC, AC_b, AbC) + through, min(BC, BC_a) + twice, aBC + within)
            else:
                n_none, n_a, n_b, n_c, n_a_b, n_a_c, n_ac, n_b_c = none, a, b, c, a_b, a_c, ac, b_c
                n_bc, n_AC, n_BC, n_a_b_c, n_ac_b, n_bc_a, n_AC_b, n_BC_a = bc, AC, BC, a_b_c, ac_b, bc_a, AC_b, BC_a
                n_ab = min(min(none, a, b, a_b) + twice, ab, AB + through)
                n_AB = min(min(none, a, b, a_b, ab) + through, AB)
                n_ab_c = min(min(c, a_c, b_c, a_b_c) + twice, ab_c, AB_c + through)
                n_abc = min(min(ac, bc, ac_b, bc_a) + twice, abc, ABc + through)
                n_AB_c = min(min(c, a_c, b_c, a_b_c, ab_c) + through, AB_c)
                n_ABc = min(min(ac, bc, abc, ac_b, bc_a) + through, ABc)
                n_AbC = min(min(AC, AC_b) + twice, min(BC, BC_a, aBC) + through, AbC)
                n_aBC = min(min(AC, AC_b, AbC) + through, min(BC, BC_a) + twice, aBC)
            through = floor.upper_length
            twice = 2 * through
            if low_2 >= 0:
                from_low = 2 * high_2
                from_high = 2 * (through - low_2)
                around_gap = 2 * (through - gap_2)
                touch_low = min(from_low, around_gap)
                touch_high = min(from_high, around_gap)
                within = min(touch_low, from_high)
                none = a = FAR
                b = min(n_none + from_low, n_b + from_low)
                c = min(n_none + from_high, n_c + from_high)
                a_b = min(n_a + from_low, n_a_b + from_low)
                a_c = min(n_a + from_high, n_a_c + from_high)
                ab = n_ab + from_low
                ac = n_ac + from_high
                b_c = min(n_none + around_gap, n_b + touch_high, n_c + touch_low, n_b_c + within)
                bc = min(min(n_none, n_b, n_c, n_b_c) + twice, n_bc + within, n_BC + through)
                AB = n_AB + from_low
                AC = n_AC + from_high
                BC = min(min(n_none, n_b, n_c, n_b_c, n_bc) + through, n_BC + within)
                a_b_c = min(n_a + around_gap, n_a_b + touch_high, n_a_c + touch_low, n_a_b_c + within)
                ab_c = min(n_ab + touch_high, n_ab_c + within)
                abc = min(min(n_ab, n_ac, n_ab_c, n_ac_b) + twice, n_abc + within, n_aBC + through)
                ac_b = min(n_ac + touch_low, n_ac_b + within)
                bc_a = min(min(n_a, n_a_b, n_a_c, n_a_b_c) + twice, n_bc_a + within, n_BC_a + through)
                AB_c = min(n_AB + touch_high, n_AB_c + within)
                ABc = min(min(n_AB, n_AB_c) + twice, min(n_AC, n_AC_b, n_AbC) + through, n_ABc + within)
                AC_b = min(n_AC + touch_low, n_AC_b + within)
                AbC = min(min(n_AB, n_AB_c, n_ABc) + through, min(n_AC, n_AC_b) + twice, n_AbC + within)
                BC_a = min(min(n_a, n_a_b, n_a_c, n_a_b_c, n_bc_a) + through, n_BC_a + within)
                aBC = min(min(n_ab, n_ac, n_ab_c, n_abc, n_ac_b) + through, n_aBC + within)
            else:
                none, a, b, c, a_b, a_c, ab, ac = n_none, n_a, n_b, n_c, n_a_b, n_a_c, n_ab, n_ac
                b_c, AB, AC, a_b_c, ab_c, ac_b, AB_c, AC_b = n_b_c, n_AB, n_AC, n_a_b_c, n_ab_c, n_ac_b, n_AB_c, n_AC_b
                bc = min(min(n_none, n_b, n_c, n_b_c) + twice, n_bc, n_BC + through)
                BC = min(min(n_none, n_b, n_c, n_b_c, n_bc) + through, n_BC)
                abc = min(min(n_ab, n_ac, n_ab_c, n_ac_b) + twice, n_abc, n_aBC + through)
                bc_a = min(min(n_a, n_a_b, n_a_c, n_a_b_c) + twice, n_bc_a, n_BC_a + through)
                ABc = min(min(n_AB, n_AB_c) + twice, min(n_AC, n_AC_b, n_AbC) + through, n_ABc)
                AbC = min(min(n_AB, n_AB_c, n_ABc) + through, min(n_AC, n_AC_b) + twice, n_AbC)
                BC_a = min(min(n_a, n_a_b, n_a_c, n_a_b_c, n_bc_a) + through, n_BC_a)
                aBC = min(min(n_ab, n_ac, n_ab_c, n_abc, n_ac_b) + through, n_aBC)
        if touch == 1:
            a = min(a, none)
            a_b = min(a_b, b)
            a_c = min(a_c, c)
            a_b_c = min(a_b_c, b_c)
            bc_a = min(bc_a, bc)
            BC_a = min(BC_a, BC)
            none = b = c = b_c = bc = BC = FAR
        elif touch == 2:
            b = min(b, none)
            a_b = min(a_b, a)
            b_c = min(b_c, c)
            a_b_c = min(a_b_c, a_c)
            ac_b = min(ac_b, ac)
            AC_b = min(AC_b, AC)
            none = a = c = a_c = ac = AC = FAR
        elif touch == 3:
            c = min(c, none)
            a_c = min(a_c, a)
            b_c = min(b_c, b)
            a_b_c = min(a_b_c, a_b)
            ab_c = min(ab_c, ab)
            AB_c = min(AB_c, AB)
            none = a = b = a_b = ab = AB = FAR
        if is_begun or touch:
            best = FAR
        else:
            # Alone in its block a tour need not come to an end of it.
            best = FAR
            if low_2 < 0:
                best = 2 * (high - low)
            elif low < 0:
                best = 2 * (high_2 - low_2)
        best = min(best, a, b, c, ab, ac, bc, abc)
        none = FAR
        is_begun = True
        way = step[column]
    return best
