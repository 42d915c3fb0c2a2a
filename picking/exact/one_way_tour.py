"""Exact tours of floors with one-way aisles, from Python.

Owns the bound the sweep works within: it begins a little above what the floor without directions would take, which no
tour undercuts, and grows until a tour is found, so that most states are never looked at.
Invariant: the length is that of a shortest tour (among those that walk no stretch more than one_way.MOST_FLOW times
more one way than the other), or there is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from picking.compiled import CompiledLayout
from picking.exact.native import Kernels
from picking.exact.tables import ACTION_COUNT

Place = tuple[int, int]

MOST_FLOW, OPTIONS, NO_ROOM = 15, 4 * 31, -2
LEAST_STATES, MOST_STATES = 1 << 11, 1 << 20

_NEVER = 1 << 59
_PERCENT_ABOVE = (5, 15, 40, 100, 300)


def one_way_tour(
    found: Kernels, arrays: CompiledLayout, points: Sequence[Place], last: int, bound_dm: int, most_states: int
) -> tuple[int, list[int]] | None:
    """Length in dm and the numbers of the points in order; -1 where no tour exists, None where it was not found with so
    many states. bound_dm: what no tour undercuts. last: points - 1, or -1 for a closed tour.
    """
    states = min(LEAST_STATES, most_states)
    memory = _Memory(arrays, points, last, states)
    for tour_dm in [*(bound_dm + bound_dm * percent // 100 for percent in _PERCENT_ABOVE), _NEVER]:
        length_dm = memory.call(found, tour_dm)
        while length_dm == NO_ROOM:
            if states >= most_states:
                return None
            states *= 8
            memory = _Memory(arrays, points, last, states)
            length_dm = memory.call(found, tour_dm)
        if length_dm >= 0:
            break
    return length_dm, memory.order.tolist()


class _Memory:
    """The arrays of one call, see `one_way_walk.shortest_one_way`."""

    def __init__(self, arrays: CompiledLayout, points: Sequence[Place], last: int, most_states: int) -> None:
        count, aisles, crosses = len(points), arrays.aisles, arrays.cross_aisles
        columns = aisles + count
        crossings = columns * crosses
        rows = columns * max(crosses - 1, 1)
        edges = (count + columns * (2 * crosses + 1)) * (MOST_FLOW + 1) * 2
        whole, index, small = np.int64, np.int32, np.int16
        self.sizes = np.array(
            (aisles, crosses, len(arrays.closed), count, last, columns, most_states, edges, 0), whole
        )
        self.xy_dm = np.array(points, whole).T.copy()
        self.order = np.zeros(count, index)
        self._arrays: list[Any] = [
            np.empty(size, kind)
            for size, kind in (
                (count, whole), (count, whole), (count, whole), (count + 2, whole), (columns, whole),
                (columns, index), (columns + 1, index), (count + 2, small), (2 * crossings, index),
                (2 * crossings, index), (crossings, small), (crossings, small), (ACTION_COUNT * crossings, whole),
                (ACTION_COUNT * crossings, small), (rows * OPTIONS * 6, whole), (rows, index), (crossings, small),
                (2 * crossings + 2, whole), (48, whole), (most_states, whole), (most_states, whole),
                (most_states, index), (most_states, small), (2 * most_states, index), (2 * crossings + 2, index),
                (4 * (crossings + count), index), (4 * edges, index), (edges, small),
            )
        ]  # fmt: skip
        self._addresses = (
            *arrays.addresses, self.xy_dm.ctypes.data, self.xy_dm.ctypes.data + 8 * count,
            *(array.ctypes.data for array in self._arrays), self.order.ctypes.data,
        )  # fmt: skip

    def call(self, found: Kernels, bound_dm: int) -> int:
        self.sizes[8] = bound_dm
        return found.one_way(self.sizes.ctypes.data, *self._addresses)
