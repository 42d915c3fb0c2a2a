"""A layout as arrays of whole numbers, made once: what the compiled searches walk on.

Owns the numbering of sub-aisles: the stretch of one aisle in one block, block * aisles + aisle. It refuses a layout
with more cross-aisles than the exact tables have.
Invariant: equal layouts share one compiled layout, and nothing in it is ever written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from picking.exact.tables import MOST_CROSS_AISLES, Tables, tables
from picking.layout import Layout, Spot

OUTSIDE = -1
"""The sub-aisle of a spot that stands in no aisle."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledLayout:
    """Arrays by aisle, cross-aisle, block and sub-aisle. Lengths in whole decimetres.

    closed: int64[n, 3] of (aisle, from, to). busy_dm and direction (0 both, 1 up, -1 down): one for each sub-aisle.
    On a plain layout these three are empty.
    """

    layout: Layout
    aisle_x_dm: npt.NDArray[np.int64]
    cross_y_dm: npt.NDArray[np.int64]
    block_dm: npt.NDArray[np.int64]
    closed: npt.NDArray[np.int64]
    busy_dm: npt.NDArray[np.int64]
    direction: npt.NDArray[np.int16]
    addresses: tuple[int, ...]
    """Of aisle_x_dm, cross_y_dm, closed, busy_dm and direction, for compiled code."""

    @property
    def aisles(self) -> int:
        return len(self.aisle_x_dm)

    @property
    def cross_aisles(self) -> int:
        return len(self.cross_y_dm)

    @property
    def blocks(self) -> int:
        return self.layout.blocks

    @property
    def is_exact(self) -> bool:
        """Whether tables for this number of cross-aisles exist."""
        return self.cross_aisles <= MOST_CROSS_AISLES

    def tables(self, is_open: bool = False) -> Tables:
        return tables(self.cross_aisles, is_open)

    def positions(self, spots: Sequence[Spot]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(sub-aisle, offset in dm) of each spot. The offset is measured from the lower end of the sub-aisle, in a
        dead end negative or more than its length. A spot outside the aisles is in OUTSIDE, its offset is its y.
        """
        x_dm = np.fromiter((spot.x_dm for spot in spots), np.int64, len(spots))
        y_dm = np.fromiter((spot.y_dm for spot in spots), np.int64, len(spots))
        aisle = np.minimum(np.searchsorted(self.aisle_x_dm, x_dm), self.aisles - 1)
        block = np.clip(np.searchsorted(self.cross_y_dm, y_dm, "right") - 1, 0, self.blocks - 1)
        is_inside = self.aisle_x_dm[aisle] == x_dm
        sub_aisle = np.where(is_inside, block * self.aisles + aisle, OUTSIDE)
        offset_dm = np.where(is_inside, y_dm - self.cross_y_dm[block], y_dm)
        return sub_aisle.astype(np.int32), offset_dm.astype(np.int32)


@lru_cache(maxsize=64)
def compiled(layout: Layout) -> CompiledLayout:
    """The layout as arrays. Kept by layout: a re-plan with an aisle blocked makes a new one, which takes a moment."""
    aisles, blocks = len(layout.aisle_x_dm), layout.blocks
    cross_y_dm = np.array(layout.cross_aisle_y_dm, np.int64)
    sub_aisles = 0 if layout.is_plain else aisles * blocks
    busy_dm = np.zeros(sub_aisles, np.int64)
    direction = np.zeros(sub_aisles, np.int16)
    for aisle, block, extra_dm in layout.busy_dm:
        busy_dm[block * aisles + aisle] = extra_dm
    for rule in layout.one_way:
        for block in range(blocks) if rule.block is None else (rule.block,):
            direction[block * aisles + rule.aisle] = 1 if rule.is_up else -1
    closed = [(stretch.aisle, stretch.from_dm, stretch.to_dm) for stretch in layout.closed]
    aisle_x_dm = np.array(layout.aisle_x_dm, np.int64)
    stretches = np.array(closed, np.int64).reshape(-1, 3)
    arrays = (aisle_x_dm, cross_y_dm, np.diff(cross_y_dm), stretches, busy_dm, direction)
    for array in arrays:
        array.setflags(write=False)
    addresses = tuple(array.ctypes.data for array in (aisle_x_dm, cross_y_dm, stretches, busy_dm, direction))
    return CompiledLayout(layout, *arrays, addresses)
