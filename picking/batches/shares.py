"""A bound for waves too large for a linear program: no cart walks less than its farthest order alone.

Owns the argument. Sort a group's parts by their walk alone, longest first, and let a cart hold Q. However the carts
are filled, k of them hold at most kQ; so some part within the first kQ (and a bit) of that order rides on another
cart, and that cart walks at least as far. Summed over k this bounds every plan. It is far from tight where carts
hold many orders, and it says nothing false.
"""

from __future__ import annotations

import numpy as np

from picking.batches.bitmaps import Whole
from picking.batches.carts import Wave

WORDS = "bound by farthest orders"


def farthest_orders_dm(wave: Wave) -> int:
    """No plan of the wave walks less."""
    bound_dm = 0
    for group in range(int(wave.group.max(initial=-1)) + 1):
        of_group = np.flatnonzero(wave.group == group)
        order = of_group[np.argsort(-wave.alone_dm[of_group], kind="stable")]
        bound_dm += max(
            _carts_dm(wave.alone_dm[order], wave.totes[order], wave.positions),
            _carts_dm(wave.alone_dm[order], wave.lines[order], wave.most_lines),
        )
    return bound_dm


def _carts_dm(alone_dm: Whole, load: Whole, capacity: int) -> int:
    held = np.cumsum(load)
    carts = -(-int(held[-1]) // capacity)
    first_beyond = np.searchsorted(held, np.arange(carts) * capacity, "right")
    return int(alone_dm[first_beyond].sum())
