"""The memory of the compiled kernels, one piece for each thread, grown as needed and used again.

Owns the addresses the kernels are called with; see `walk.shortest_tour` for the shapes.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from picking.exact.tables import ACTION_COUNT


class Memory(threading.local):
    """Arrays of at least the size of the last tour. Nothing in them outlives a call."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = (0, 0, 0, 0)
        self.arrays: list[npt.NDArray[Any]] = []
        self.addresses: list[int] = []
        self.sizes = np.zeros(14, np.int64)
        self.order = np.zeros(0, np.int32)

    def fit(self, points: int, columns: int, cross_aisles: int, states: int, with_order: bool) -> None:
        """Makes room. The kernels read rows by the sizes of the call, so more memory than needed does no harm."""
        rows = columns * (2 * cross_aisles - 1) + 1 if with_order else 2
        edges = 4 * (points + columns * (2 * cross_aisles + 1)) + 2
        self.sizes[10:14] = columns, rows, states, edges
        needed = (points, columns * cross_aisles, rows * states, edges)
        if all(need <= have for need, have in zip(needed, self.shape, strict=True)):
            return
        points, crossings, costs, edges = self.shape = tuple(
            max(need + need // 4, have) for need, have in zip(needed, self.shape, strict=True)
        )
        whole, index, small = np.int64, np.int32, np.int16
        plan: list[tuple[int, type[np.signedinteger[Any]]]] = [
            (points, whole), (points, whole), (points, whole), (points + 2, whole), (crossings, whole),
            (crossings, index), (crossings + 1, index), (points + 2, small), (2 * crossings, index),
            (2 * crossings, index), (crossings, small), (crossings, small), (ACTION_COUNT * crossings, whole),
            (ACTION_COUNT * crossings, small), (costs, whole), (crossings, small), (crossings, small),
            (4 * (crossings + points), index), (4 * edges, index), (edges, small), (points, index),
        ]  # fmt: skip
        self.arrays = [np.zeros(size, kind) for size, kind in plan]
        self.addresses = [array.ctypes.data for array in self.arrays]
        self.order = self.arrays[-1]
