"""A wave's parts as the arrays a search works on.

Owns the grouping of parts that may ride together and the lists of who picks where. It refuses nothing a BatchProblem
allows on a floor the bitmaps take. Invariant: parts of different zones are never of one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from picking.batches.bitmaps import Bitmaps, Whole, Words, add_part, tour_dm
from picking.batches.carts import Wave
from picking.batches.problem import MOST, BatchProblem
from picking.batches.totes import Part
from picking.compiling import njit


def wave_of(problem: BatchProblem, parts: Sequence[Part], bits: Bitmaps) -> Wave:
    """The arrays of these parts; their bits are `bits`, in the same order."""
    cutoff = np.array([part.order.cutoff_rank for part in parts], np.int64)
    priority = np.array([part.order.priority_rank for part in parts], np.int64)
    group = _groups(problem, parts)
    words = len(bits.floor.start)
    near_first, near = _near(bits, group, words)
    return Wave(
        floor=bits.floor,
        first=bits.first,
        word=bits.word,
        mask=bits.mask,
        totes=np.array([len(part.totes) for part in parts], np.int64),
        lines=np.array([part.lines for part in parts], np.int64),
        group=group,
        cutoff=cutoff,
        priority=priority,
        near_first=near_first,
        near=near,
        alone_dm=_alone(bits.floor, bits.first, bits.word, bits.mask),
        positions=problem.cart.positions,
        most_lines=MOST if problem.cart.most_lines is None else problem.cart.most_lines,
        cutoff_slack=problem.cutoff_slack,
        priority_slack=-1 if not problem.priority_slack else problem.priority_slack,
    )


def _groups(problem: BatchProblem, parts: Sequence[Part]) -> Whole:
    """Equal numbers for parts of one zone and, where no slack is given, of one departure and one priority."""
    number_of: dict[tuple[str, int, int], int] = {}
    groups = [
        number_of.setdefault(
            (
                part.zone,
                0 if problem.cutoff_slack else part.order.cutoff_rank,
                part.order.priority_rank if problem.priority_slack == 0 else 0,
            ),
            len(number_of),
        )
        for part in parts
    ]
    return np.array(groups, np.int64)


def _near(bits: Bitmaps, group: Whole, words: int) -> tuple[Whole, Whole]:
    part = np.repeat(np.arange(bits.parts), np.diff(bits.first))
    key = group[part] * words + bits.word
    order = np.argsort(key, kind="stable")
    keys = (int(group.max(initial=-1)) + 1) * words
    return np.searchsorted(key[order], np.arange(keys + 1)).astype(np.int64), part[order].astype(np.int64)


@njit(cache=True)
def _alone(floor: Any, first: Whole, word: Whole, mask: Words) -> Whole:
    """The walk of each part by itself: int64 by part."""
    parts = len(first) - 1
    alone_dm = np.empty(parts, np.int64)
    words = floor.start.copy()
    for part in range(parts):
        words[:] = floor.start
        add_part(part, first, word, mask, words)
        alone_dm[part] = tour_dm(floor, words)
    return alone_dm
