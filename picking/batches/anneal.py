"""Annealing over the carts of a wave: parts move to where neighbours ride, every step by the exact walk.

Owns the moves (a part to another cart, two parts changing places, one for two) and when a worse one is taken
(S. Kirkpatrick et al., Science 220, 1983). It refuses every move that breaks a limit. Invariant: after each call the
carts hold what they held, each part once, and their lengths are exact.
"""

from __future__ import annotations

import math
from typing import Any

from picking.batches.bitmaps import tour_dm
from picking.batches.carts import (
    add_bits,
    attach,
    detach,
    gain_of,
    has_room,
    may_ride,
    next_random,
    refresh,
    union,
)
from picking.compiling import njit

SAMPLES = 3
"""How many neighbours are looked at before a part is tried on the cart of the one that suits best."""


@njit(cache=True)
def anneal(wave: Any, carts: Any, random: Any, proposals: int, temperature_dm: float) -> int:
    """Try so many moves at one temperature; returns how much shorter all walks became (negative: longer)."""
    parts = len(carts.of)
    saved_dm = 0
    for _ in range(proposals):
        part = next_random(random) % parts
        home = carts.of[part]
        cart = _likely_cart(wave, carts, random, part, home)
        if cart < 0:
            continue
        threshold_dm = -temperature_dm * math.log((next_random(random) + 1) / 2147483648.0)
        if has_room(wave, carts, cart, part, -1) and may_ride(wave, carts, cart, part, -1):
            saved_dm += _relocate(wave, carts, part, home, cart, threshold_dm)
        else:
            slot = next_random(random) % carts.filled[cart]
            saved_dm += _swap(wave, carts, part, home, carts.members[cart, slot], cart, threshold_dm)
    return saved_dm


@njit(cache=True)
def _likely_cart(wave: Any, carts: Any, random: Any, part: int, home: int) -> int:
    """The cart of a neighbour: of a few, the one that visits most of the part's sub-aisles already."""
    first, end = wave.first[part], wave.first[part + 1]
    words = len(wave.floor.start)
    best = -1
    most = -1
    for _ in range(SAMPLES):
        word = wave.word[first + next_random(random) % (end - first)]
        key = wave.group[part] * words + word
        low = wave.near_first[key]
        other = wave.near[low + next_random(random) % (wave.near_first[key + 1] - low)]
        cart = carts.of[other]
        if cart in (home, best) or cart < 0:
            continue
        shared = 0
        for at in range(first, end):
            if carts.words[cart, wave.word[at]] != 0:
                shared += 1
        if shared > most:
            most = shared
            best = cart
    return best


@njit(cache=True)
def _relocate(wave: Any, carts: Any, part: int, home: int, cart: int, threshold_dm: float) -> int:
    gain_dm = gain_of(wave, carts, part)
    words = carts.spare[0]
    words[:] = carts.words[cart]
    add_bits(wave, part, words)
    new_dm = tour_dm(wave.floor, words)
    delta_dm = new_dm - carts.length_dm[cart] - gain_dm
    if delta_dm > threshold_dm:
        return 0
    detach(wave, carts, part)
    attach(wave, carts, part, cart)
    refresh(wave, carts, home)
    refresh(wave, carts, cart)
    saved_dm: int = -delta_dm
    return saved_dm


@njit(cache=True)
def _swap(wave: Any, carts: Any, part: int, home: int, other: int, cart: int, threshold_dm: float) -> int:
    if not (
        has_room(wave, carts, cart, part, other)
        and has_room(wave, carts, home, other, part)
        and may_ride(wave, carts, cart, part, other)
        and may_ride(wave, carts, home, other, part)
    ):
        return 0
    # A walk is never shorter with a stop more, so without the other part `home` walks at least what it would bare.
    gain_dm = gain_of(wave, carts, part)
    union(wave, carts, cart, other, carts.spare[0])
    add_bits(wave, part, carts.spare[0])
    there_dm = tour_dm(wave.floor, carts.spare[0])
    if there_dm - carts.length_dm[cart] - gain_dm > threshold_dm:
        return 0
    union(wave, carts, home, part, carts.spare[1])
    add_bits(wave, other, carts.spare[1])
    here_dm = tour_dm(wave.floor, carts.spare[1])
    delta_dm = there_dm + here_dm - carts.length_dm[cart] - carts.length_dm[home]
    if delta_dm > threshold_dm:
        return 0
    detach(wave, carts, part)
    detach(wave, carts, other)
    attach(wave, carts, part, cart)
    attach(wave, carts, other, home)
    refresh(wave, carts, home)
    refresh(wave, carts, cart)
    saved_dm: int = -delta_dm
    return saved_dm
