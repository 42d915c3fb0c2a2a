"""Up to a hundred orders at a time, exactly or nearly: what annealing leaves over, and a bound that is proven.

Owns the choice of the window: a whole group of orders that may ride together where it is small enough, else the carts
that visit the same sub-aisles as one drawn by lot. It refuses nothing; waves in which departures or priorities may
mix within a slack are left as they are, since columns know no such rule. Invariant: the walk never grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from picking.batches.bitmaps import Whole
from picking.batches.carts import Carts, Wave, carts_of
from picking.batches.columns import MOST_ORDERS, Columns
from picking.batches.improve import improve

WINDOW_PARTS = 90
WINDOW_S = 0.8
LEAST_S = 0.15
"""With less time than this a window finds nothing that annealing would not."""

WORDS = "bound by column generation"


def is_for_windows(wave: Wave) -> bool:
    """Whether only zone, departure and priority themselves keep parts apart."""
    return wave.cutoff_slack == 0 and wave.priority_slack < 0


def is_small(wave: Wave) -> bool:
    """Whether every group fits a window as a whole, so that the bound of the wave is the sum of theirs."""
    return int(np.bincount(wave.group).max(initial=0)) <= MOST_ORDERS


def improve_groups(
    wave: Wave, carts: Carts, until: float, seed: int, clock: Callable[[], float]
) -> tuple[Carts, int]:
    """Every group by itself; better carts, and a walk no plan is below (0: not proven in the time)."""
    bound_dm = 0
    is_bounded = True
    of = carts.of.copy()
    groups = [np.flatnonzero(wave.group == group) for group in range(int(wave.group.max()) + 1)]
    left = len(wave.group)
    for parts in sorted(groups, key=len):
        seconds = (until - clock()) * len(parts) / left
        left -= len(parts)
        if seconds < LEAST_S:
            return carts_of(wave, of), 0
        bound_dm_of = _improve(wave, of, parts, seconds, seed, clock)
        is_bounded = is_bounded and bound_dm_of > 0
        bound_dm += bound_dm_of
    return carts_of(wave, of), bound_dm if is_bounded else 0


def improve_windows(wave: Wave, carts: Carts, until: float, seed: int, clock: Callable[[], float]) -> tuple[Carts, int]:
    """One window after the other until the clock says `until`; better carts, and how many windows there were."""
    rng = np.random.default_rng(seed)
    of = carts.of.copy()
    windows = 0
    while until - clock() > LEAST_S:
        parts = _around(wave, carts_of(wave, of), int(rng.integers(len(of))))
        _improve(wave, of, parts, min(WINDOW_S, until - clock()), seed + windows, clock)
        windows += 1
    return carts_of(wave, of), windows


def _around(wave: Wave, carts: Carts, part: int) -> Whole:
    """Parts of the carts that share most sub-aisles with the cart of this part, its own among them."""
    visited = carts.words != 0
    shared = (visited & visited[carts.of[part]]).sum(axis=1)
    group = wave.group[carts.members[:, 0]]
    shared[(carts.filled == 0) | (group != wave.group[part])] = -1
    shared[carts.of[part]] = len(visited[0]) + 1
    chosen: list[int] = []
    size = 0
    for cart in np.argsort(-shared, kind="stable").tolist():
        if shared[cart] < 0 or size + carts.filled[cart] > max(WINDOW_PARTS, carts.filled[carts.of[part]]):
            break
        size += int(carts.filled[cart])
        chosen.append(cart)
    return np.flatnonzero(np.isin(carts.of, chosen)).astype(np.int64)


def _improve(wave: Wave, of: Whole, parts: Whole, seconds: float, seed: int, clock: Callable[[], float]) -> int:
    """Write better carts of these parts into `of`; returns the bound of their walk."""
    if len(parts) > MOST_ORDERS:
        return 0
    columns = _columns(wave, parts)
    used, at = np.unique(of[parts], return_inverse=True)
    batches: list[list[int]] = [np.flatnonzero(at == cart).tolist() for cart in range(len(used))]
    before_dm = sum(columns.length(batch) for batch in batches)
    found = improve(columns, batches, time_limit_ms=max(1, int(900 * seconds)), seed=seed % 2**31, clock=clock)
    if found.length < before_dm:
        numbers = _numbers(used, of, len(found.batches))
        for number, batch in zip(numbers, found.batches, strict=False):
            of[parts[list(batch)]] = number
    return found.lower_bound


def _numbers(used: Any, of: Whole, wanted: int) -> Sequence[int]:
    """Numbers for so many carts: those of before first, then new ones."""
    first_new = int(of.max()) + 1
    return [*used.tolist(), *range(first_new, first_new + max(0, wanted - len(used)))]


def _columns(wave: Wave, parts: Whole) -> Columns:
    start = wave.floor.start
    stops = np.zeros((len(parts), len(start)), np.uint64)
    for row, part in enumerate(parts.tolist()):
        of_part = slice(wave.first[part], wave.first[part + 1])
        stops[row, wave.word[of_part]] = wave.mask[of_part]
    load = np.column_stack((wave.totes[parts], wave.lines[parts]))
    return Columns(wave.floor, start, stops, load, np.array([wave.positions, wave.most_lines], np.int64))
