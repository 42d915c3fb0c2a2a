"""The carts of a wave while a search fills them: compiled arrays, and the exact walk of each.

Owns what may ride together (positions, lines, zone, departure, priority) and the book-keeping of a move. It refuses
nothing: callers ask `may_join` before they move a part. Invariant: a cart's length is the shortest walk of exactly
its members; totes and lines are the sums of its members'.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from picking.batches.bitmaps import Floor, Whole, Words, tour_dm
from picking.compiling import njit

NOT_KNOWN = -1


class Wave(NamedTuple):
    """What does not change during a search. All arrays are by part, int64, unless said otherwise.

    first, word, mask: the bits of each part (see Bitmaps). rivals: parts by group and word, near[near_first[key]:
    near_first[key + 1]] with key = group * words + word; parts of one group may ride together but for slack and room.
    """

    floor: Floor
    first: Whole
    word: Whole
    mask: Words
    totes: Whole
    lines: Whole
    group: Whole
    cutoff: Whole
    priority: Whole
    near_first: Whole
    near: Whole
    alone_dm: Whole
    positions: int
    most_lines: int
    cutoff_slack: int
    priority_slack: int


class Carts(NamedTuple):
    """Which part rides where: of and slot by part; members int64[carts, most], the rest by cart (filled: parts on it).

    gain_dm: what a cart's walk shrinks by when the part leaves it, NOT_KNOWN until somebody asks.
    spare: uint64[3, words] room to work in.
    """

    of: Whole
    slot: Whole
    gain_dm: Whole
    members: npt.NDArray[np.int64]
    filled: Whole
    totes: Whole
    lines: Whole
    length_dm: Whole
    words: npt.NDArray[np.uint64]
    spare: npt.NDArray[np.uint64]


def carts_of(wave: Wave, of: Whole, spare_carts: int = 4) -> Carts:
    """The carts when every part rides where `of` says; some empty carts are added."""
    parts = len(of)
    carts = int(of.max(initial=-1)) + 1 + spare_carts
    most = max(1, min(wave.positions, wave.most_lines, parts))
    words = len(wave.floor.start)
    made = Carts(
        np.full(parts, -1, np.int64),
        np.zeros(parts, np.int64),
        np.full(parts, NOT_KNOWN, np.int64),
        np.zeros((carts, most), np.int64),
        np.zeros(carts, np.int64),
        np.zeros(carts, np.int64),
        np.zeros(carts, np.int64),
        np.zeros(carts, np.int64),
        np.zeros((carts, words), np.uint64),
        np.zeros((3, words), np.uint64),
    )
    _load(wave, made, of)
    return made


@njit(cache=True)
def _load(wave: Any, carts: Any, of: Any) -> None:
    for part in range(len(of)):
        if of[part] >= 0:
            attach(wave, carts, part, of[part])
    for cart in range(len(carts.filled)):
        refresh(wave, carts, cart)


@njit(cache=True)
def attach(wave: Any, carts: Any, part: int, cart: int) -> None:
    """Put a part on a cart; its length is out of date until `refresh`."""
    carts.of[part] = cart
    carts.slot[part] = carts.filled[cart]
    carts.members[cart, carts.filled[cart]] = part
    carts.filled[cart] += 1
    carts.totes[cart] += wave.totes[part]
    carts.lines[cart] += wave.lines[part]


@njit(cache=True)
def detach(wave: Any, carts: Any, part: int) -> None:
    """Take a part off its cart; the cart's length is out of date until `refresh`."""
    cart = carts.of[part]
    carts.filled[cart] -= 1
    last = carts.members[cart, carts.filled[cart]]
    carts.members[cart, carts.slot[part]] = last
    carts.slot[last] = carts.slot[part]
    carts.of[part] = -1
    carts.totes[cart] -= wave.totes[part]
    carts.lines[cart] -= wave.lines[part]


@njit(cache=True)
def union(wave: Any, carts: Any, cart: int, without: int, words: Any) -> None:
    """Write the bits of a cart's members but one (-1: all of them) into `words`."""
    start = wave.floor.start
    for at in range(len(words)):
        words[at] = start[at]
    for slot in range(carts.filled[cart]):
        part = carts.members[cart, slot]
        if part != without:
            for at in range(wave.first[part], wave.first[part + 1]):
                words[wave.word[at]] |= wave.mask[at]


@njit(cache=True)
def add_bits(wave: Any, part: int, words: Any) -> None:
    for at in range(wave.first[part], wave.first[part + 1]):
        words[wave.word[at]] |= wave.mask[at]


@njit(cache=True)
def refresh(wave: Any, carts: Any, cart: int) -> None:
    """Bits and length of a cart whose members changed."""
    union(wave, carts, cart, -1, carts.words[cart])
    carts.length_dm[cart] = tour_dm(wave.floor, carts.words[cart]) if carts.filled[cart] else 0
    for slot in range(carts.filled[cart]):
        carts.gain_dm[carts.members[cart, slot]] = NOT_KNOWN


@njit(cache=True)
def gain_of(wave: Any, carts: Any, part: int) -> int:
    """What the cart of a part would walk less without it."""
    if carts.gain_dm[part] == NOT_KNOWN:
        cart = carts.of[part]
        without_dm = 0
        if carts.filled[cart] > 1:
            union(wave, carts, cart, part, carts.spare[2])
            without_dm = tour_dm(wave.floor, carts.spare[2])
        carts.gain_dm[part] = carts.length_dm[cart] - without_dm
    return carts.gain_dm[part]  # type: ignore[no-any-return]


@njit(cache=True)
def has_room(wave: Any, carts: Any, cart: int, part: int, instead: int) -> bool:
    """Whether a part finds positions and lines on a cart, when `instead` (-1: nobody) leaves it."""
    totes = carts.totes[cart] + wave.totes[part]
    lines = carts.lines[cart] + wave.lines[part]
    if instead >= 0:
        totes -= wave.totes[instead]
        lines -= wave.lines[instead]
    return totes <= wave.positions and lines <= wave.most_lines  # type: ignore[no-any-return]


@njit(cache=True)
def may_ride(wave: Any, carts: Any, cart: int, part: int, instead: int) -> bool:
    """Whether zone, departure and priority of a part suit everybody on a cart but `instead`."""
    for slot in range(carts.filled[cart]):
        other = carts.members[cart, slot]
        if other == instead:
            continue
        if wave.group[other] != wave.group[part]:
            return False
        if wave.cutoff_slack == 0 and wave.priority_slack < 0:
            return True  # the group says it all, and everybody on the cart is of one
        if abs(wave.cutoff[other] - wave.cutoff[part]) > wave.cutoff_slack:
            return False
        if wave.priority_slack >= 0 and abs(wave.priority[other] - wave.priority[part]) > wave.priority_slack:
            return False
    return True


@njit(cache=True)
def next_random(state: Any) -> int:
    """A number from 0 to 2 ** 31 - 1 (xorshift64*, S. Vigna 2016); `state` is uint64[1] and not 0."""
    number = state[0]
    number ^= number >> np.uint64(12)
    number ^= number << np.uint64(25)
    number ^= number >> np.uint64(27)
    state[0] = number
    drawn: int = np.int64((number * np.uint64(2685821657736338717)) >> np.uint64(33))  # type: ignore[assignment]
    return drawn
