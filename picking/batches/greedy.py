"""The first plan: carts filled one by one, each next order the one that adds the least walk for its worth.

Owns the choice of the seed and of whom to weigh against it. It refuses what `carts` refuses. Invariant: every part
is on a cart when it is done.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from picking.batches.bitmaps import tour_dm
from picking.batches.carts import Carts, Wave, add_bits, attach, carts_of, has_room, may_ride, refresh
from picking.compiling import njit

CANDIDATES = 24
"""How many of the orders that share most sub-aisles with a cart are weighed exactly before one joins."""

LOOKED_AT = 200
"""How many open orders are asked whether they fit where nobody near does."""


def greedy(wave: Wave, seeds: Any, candidates: int = CANDIDATES) -> Carts:
    """Carts with all parts on them. `seeds`: int64 by part, the order in which parts begin a cart."""
    parts = len(wave.totes)
    bare = carts_of(wave, np.full(parts, -1, np.int64), spare_carts=parts)
    _fill(wave, bare, seeds, candidates, wave.near.copy(), np.diff(wave.near_first).copy())
    return carts_of(wave, bare.of)


@njit(cache=True)
def _fill(wave: Any, carts: Any, seeds: Any, candidates: int, near: Any, left: Any) -> None:
    parts = len(seeds)
    words = len(wave.floor.start)
    shared = np.zeros(parts, np.int64)
    met = np.empty(parts, np.int64)
    is_counted = np.zeros(words, np.bool_)
    of = carts.of
    cart = -1
    for at_seed in range(parts):
        seed = seeds[at_seed]
        if carts.of[seed] >= 0:
            continue
        cart += 1
        joining = seed
        is_counted[:] = False
        known = 0
        while joining >= 0:
            attach(wave, carts, joining, cart)
            add_bits(wave, joining, carts.words[cart])
            # Count, for every open part, the sub-aisles it shares with the cart; only what is new to the cart.
            for at in range(wave.first[joining], wave.first[joining + 1]):
                word = wave.word[at]
                if is_counted[word]:
                    continue
                is_counted[word] = True
                key = wave.group[seed] * words + word
                low = wave.near_first[key]
                to = low
                for number in range(low, low + left[key]):
                    part = near[number]
                    if of[part] >= 0:
                        continue
                    near[to] = part
                    to += 1
                    if shared[part] == 0:
                        met[known] = part
                        known += 1
                    shared[part] += 1
                left[key] = to - low
            joining, known = _next(wave, carts, cart, met, known, shared, candidates)
            if joining < 0:
                # Nobody near has room, but two tours in one are never longer: take whoever fits and is soon found.
                joining = _anybody(wave, carts, cart, seeds, at_seed)
        for number in range(known):
            shared[met[number]] = 0
        refresh(wave, carts, cart)


@njit(cache=True)
def _anybody(wave: Any, carts: Any, cart: int, seeds: Any, begin: int) -> int:
    seen = 0
    for number in range(begin, len(seeds)):
        part = seeds[number]
        if carts.of[part] >= 0:
            continue
        if has_room(wave, carts, cart, part, -1) and may_ride(wave, carts, cart, part, -1):
            return part  # type: ignore[no-any-return]
        seen += 1
        if seen == LOOKED_AT:
            break
    return -1


@njit(cache=True)
def _next(
    wave: Any, carts: Any, cart: int, met: Any, known: int, shared: Any, candidates: int
) -> tuple[int, int]:
    """The open part that adds least for its worth, -1 when none has room; and how many of `met` are still open."""
    to = 0
    best_of = np.empty(candidates, np.int64)
    rank_of = np.empty(candidates, np.float64)
    found = 0
    # Names of their own: looking an array up in a tuple costs more than what is done with it here.
    of, totes, lines, first = carts.of, wave.totes, wave.lines, wave.first
    most_totes = wave.positions - carts.totes[cart]
    most_lines = wave.most_lines - carts.lines[cart]
    for number in range(known):
        part = met[number]
        if of[part] >= 0:
            shared[part] = 0
            continue
        met[to] = part
        to += 1
        if totes[part] > most_totes or lines[part] > most_lines:
            continue
        visits = first[part + 1] - first[part]
        rank = shared[part] - 0.5 * (visits - shared[part])
        if found == candidates and rank <= rank_of[found - 1]:
            continue
        if not may_ride(wave, carts, cart, part, -1):
            continue
        at = found if found < candidates else found - 1
        while at > 0 and rank_of[at - 1] < rank:
            rank_of[at] = rank_of[at - 1]
            best_of[at] = best_of[at - 1]
            at -= 1
        rank_of[at] = rank
        best_of[at] = part
        found = min(found + 1, candidates)
    best = -1
    least = np.inf
    words = carts.spare[0]
    for number in range(found):
        part = best_of[number]
        words[:] = carts.words[cart]
        add_bits(wave, part, words)
        worth = tour_dm(wave.floor, words) - 0.5 * wave.alone_dm[part]
        if worth < least:
            least = worth
            best = part
    return best, to
