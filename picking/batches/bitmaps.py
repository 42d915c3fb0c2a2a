"""The stops of a wave as bits: what the exact walk of one cart is computed from, millions of times.

Owns the numbering of the places of a wave (one bit each, block by block within an aisle, aisle by aisle) and the
choice of the kernel: the quick ones for one and two blocks, the general one for more blocks, closed or busy aisles, a
start that is not the end, stops outside the aisles or beyond the outermost cross-aisles.
Invariant: two stops at one place share a bit; a bit's offset grows with its number within a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from picking.batches.any_floor import AnyFloor, any_floor, any_length, nearest_exact
from picking.batches.walkway_floor import Places as WalkwayPlaces
from picking.batches.walkway_floor import WalkwayFloor, walkway_floor, walkway_length
from picking.compiling import njit
from picking.exact.one_block import OneBlock, one_block_length
from picking.exact.two_block import TwoBlock, two_block_length
from picking.layout import Layout, Spot

Whole = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_SHIFT = 21
"""Offsets are below 2 ** 21 dm: FARTHEST_DM either way of zero."""


class BitFloor(NamedTuple):
    """One floor with the places of one wave, for compiled loops.

    Shapes: start: uint64[words], the bits every tour has (a start that stands in an aisle). spur_dm: the way between
    a start beyond the cross-aisles and them, there and back, part of every tour.
    """

    blocks: int
    one: OneBlock
    two: TwoBlock
    start: Words
    spur_dm: int


Floor = BitFloor | AnyFloor | WalkwayFloor


@dataclass(frozen=True, slots=True)
class Places:
    """Where picks lie: int64 arrays by pick. column is the aisle, offset_dm from the lower end of its block."""

    aisle: Whole
    block: Whole
    offset_dm: Whole


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """The floor, and for every part its words: word[first[p]:first[p + 1]] and the bits of each in mask.

    is_exact: whether the walk reckoned with is the shortest on the floor itself, not on a simpler one.
    """

    floor: Floor
    first: Whole
    word: Whole
    mask: Words
    is_exact: bool

    @property
    def parts(self) -> int:
        return len(self.first) - 1


def bitmaps_of(layout: Layout, start: Spot, end: Spot, spots: Sequence[Spot], part_of: Whole, parts: int) -> Bitmaps:
    """The bits of every part's picks. `part_of`: int64 by spot, the part it belongs to."""
    places = _places(layout, spots) if is_for_bitmaps(layout, start, end) else None
    if places is None:
        return _any_bitmaps(layout, start, end, spots, part_of, parts)
    return _bitmaps(layout, start, places, part_of, parts)


def _places(layout: Layout, spots: Sequence[Spot]) -> Places | None:
    """Where the spots stand; None when one stands outside the aisles or beyond the outermost cross-aisles."""
    x_dm = np.array([spot.x_dm for spot in spots], np.int64)
    y_dm = np.array([spot.y_dm for spot in spots], np.int64)
    aisles = np.array(layout.aisle_x_dm, np.int64)
    cross = np.array(layout.cross_aisle_y_dm, np.int64)
    aisle = np.minimum(np.searchsorted(aisles, x_dm), len(aisles) - 1).astype(np.int64)
    if len(x_dm) and ((aisles[aisle] != x_dm).any() or y_dm.min() < cross[0] or y_dm.max() > cross[-1]):
        return None
    block = np.clip(np.searchsorted(cross, y_dm, "right") - 1, 0, layout.blocks - 1).astype(np.int64)
    return Places(aisle, block, y_dm - cross[block])


def visits_of(layout: Layout, spots: Sequence[Spot], part_of: Whole, parts: int) -> npt.NDArray[np.bool_]:
    """bool[parts, sub-aisles]: where each part picks. A spot outside the aisles counts for the aisle beside it."""
    x_dm = np.array([spot.x_dm for spot in spots], np.int64)
    y_dm = np.array([spot.y_dm for spot in spots], np.int64)
    aisle = np.minimum(np.searchsorted(layout.aisle_x_dm, x_dm), len(layout.aisle_x_dm) - 1)
    block = np.clip(np.searchsorted(layout.cross_aisle_y_dm, y_dm, "right") - 1, 0, layout.blocks - 1)
    visits = np.zeros((parts, len(layout.aisle_x_dm) * layout.blocks), np.bool_)
    visits[part_of, aisle * layout.blocks + block] = True
    return visits


def is_for_bitmaps(layout: Layout, start: Spot, end: Spot) -> bool:
    """Whether the kernels of one and two blocks take this floor."""
    same = (start.x_dm, start.y_dm) == (end.x_dm, end.y_dm)
    return layout.is_plain and len(layout.cross_aisle_y_dm) in (2, 3) and same


def _bitmaps(layout: Layout, start: Spot, places: Places, part_of: Whole, parts: int) -> Bitmaps:
    blocks = layout.blocks
    cross = layout.cross_aisle_y_dm
    xs = list(layout.aisle_x_dm)
    bare = -1  # the column of a start that stands in no aisle
    aisle = layout.aisle_of(start)
    is_inside = aisle is not None and cross[0] < start.y_dm < cross[-1]
    column = places.aisle
    if aisle is None:
        bare = int(np.searchsorted(layout.aisle_x_dm, start.x_dm))
        xs.insert(bare, start.x_dm)
        column = column + (column >= bare)
        aisle = bare
    near = layout.nearest_cross_aisle(start.y_dm)
    keys = ((column * blocks + places.block) << _SHIFT) + places.offset_dm
    start_key: list[int] = []
    if is_inside and start.y_dm not in cross:
        block = layout.block_of(start.y_dm)
        start_key = [((aisle * blocks + block) << _SHIFT) + start.y_dm - cross[block]]
    elif blocks == 1:
        start_key = [(aisle << _SHIFT) + (cross[1] - cross[0] if near else 0)]
    known, number_of = np.unique(np.concatenate((keys, np.array(start_key, np.int64))), return_inverse=True)
    first_word, bit = _numbered(known >> _SHIFT, len(xs) * blocks)
    words = max(1, int(first_word[-1]))
    offset_at = np.zeros(words * 64, np.int64)
    offset_at[bit] = known & ((1 << _SHIFT) - 1)
    start_words = np.zeros(words, np.uint64)
    if start_key:
        at = int(bit[number_of[-1]])
        start_words[at // 64] = np.uint64(1 << (at % 64))
        number_of = number_of[:-1]
    first, word, mask = _by_part(part_of, bit[number_of], parts, words)

    step = np.array([*np.diff(xs).tolist(), 0], np.int64)
    touched = np.zeros(len(xs), np.int64)
    if blocks == 2 and not start_key:
        touched[aisle] = near + 1
    one_first = first_word if blocks == 1 else np.zeros(2, np.int64)
    two_first = first_word if blocks == 2 else np.zeros(3, np.int64)
    on_cross = start_key == [] or not is_inside
    floor = BitFloor(
        blocks,
        OneBlock(one_first, offset_at, step, cross[1] - cross[0]),
        TwoBlock(two_first, offset_at, step, touched, cross[1] - cross[0], cross[-1] - cross[-2]),
        start_words,
        2 * abs(start.y_dm - cross[near]) if on_cross else 0,
    )
    return Bitmaps(floor, first, word, mask, True)


def _any_bitmaps(layout: Layout, start: Spot, end: Spot, spots: Sequence[Spot], part_of: Whole, parts: int) -> Bitmaps:
    kept, is_exact = nearest_exact(layout)
    points = np.array([(spot.x_dm, spot.y_dm) for spot in spots], np.int64).reshape(-1, 2)
    stretch = np.array(
        [kept.nearest_aisle(x) * kept.blocks + kept.block_of(y) for x, y in points.tolist()], np.int64
    )
    known, number_of = np.unique(np.column_stack((stretch, points)), axis=0, return_inverse=True)
    first_word, bit = _numbered(known[:, 0], len(kept.aisle_x_dm) * kept.blocks)
    words = max(1, int(first_word[-1]))
    bit_x_dm, bit_y_dm = np.zeros(64 * words, np.int64), np.zeros(64 * words, np.int64)
    bit_x_dm[bit], bit_y_dm[bit] = known[:, 1], known[:, 2]
    first, word, mask = _by_part(part_of, bit[number_of.reshape(-1)], parts, words)
    return Bitmaps(any_floor(kept, start, end, bit_x_dm, bit_y_dm), first, word, mask, is_exact)


def walkway_bitmaps(places: WalkwayPlaces, part_of: Whole, parts: int) -> Bitmaps:
    """The bits of every part's picks on a floor that is no grid, walkway by walkway."""
    by_walkway = np.argsort(places.walkway, kind="stable")
    first_word, bit = _numbered(places.walkway[by_walkway], int(places.walkway.max(initial=0)) + 1)
    words = max(1, int(first_word[-1]))
    bit_of = np.empty(len(bit), np.int64)
    bit_of[by_walkway] = bit
    first, word, mask = _by_part(part_of, bit_of[places.number_of], parts, words)
    return Bitmaps(walkway_floor(places, bit_of, words), first, word, mask, False)


def _numbered(stretch: Whole, stretches: int) -> tuple[Whole, Whole]:
    """First word of each stretch, and the bit of each place; `stretch`: ascending, by place."""
    per_stretch = np.bincount(stretch, minlength=stretches)
    first_word = np.concatenate(([0], np.cumsum(-(-per_stretch // 64)))).astype(np.int64)
    first_known = np.concatenate(([0], np.cumsum(per_stretch)))
    return first_word, np.arange(len(stretch)) - first_known[stretch] + 64 * first_word[stretch]


def _by_part(part_of: Whole, bit: Whole, parts: int, words: int) -> tuple[Whole, Whole, Words]:
    key = part_of * words + bit // 64
    order = np.argsort(key, kind="stable")
    key = key[order]
    ones = np.left_shift(np.uint64(1), (bit[order] % 64).astype(np.uint64))
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
    mask = np.bitwise_or.reduceat(ones, starts) if len(key) else np.zeros(0, np.uint64)
    of = key[starts] // words
    first = np.searchsorted(of, np.arange(parts + 1)).astype(np.int64)
    return first, (key[starts] % words).astype(np.int64), mask


@njit(cache=True)
def _bit_length(floor: BitFloor, words: Words) -> int:
    if floor.blocks == 1:
        return one_block_length(floor.one, words) + floor.spur_dm
    return two_block_length(floor.two, words) + floor.spur_dm


def tour_dm(floor: Floor, words: Words) -> int:
    """Length of the shortest tour from the start through every stop of the bitmap to the end; for compiled loops too.

    The start's own bits must be set: begin from a copy of floor.start.
    """
    if isinstance(floor, WalkwayFloor):
        return int(walkway_length(floor, words))
    walk_dm: int = any_length(floor, words) if isinstance(floor, AnyFloor) else _bit_length(floor, words)
    return walk_dm


@overload(tour_dm, strict=False)
def _compiled_tour_dm(floor: Any, words: Any) -> Any:
    # Chosen when a loop is compiled, so that no loop carries the kernel of a floor it is not for.
    if floor.instance_class is WalkwayFloor:
        return lambda floor, words: walkway_length(floor, words)
    if floor.instance_class is AnyFloor:
        return lambda floor, words: any_length(floor, words)
    return lambda floor, words: _bit_length(floor, words)


@njit(cache=True)
def add_part(part: int, first: Whole, word: Whole, mask: Words, words: Words) -> None:
    """Set the bits of a part in `words`."""
    for at in range(first[part], first[part + 1]):
        words[word[at]] |= mask[at]
