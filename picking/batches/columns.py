"""Up to 128 orders as bitmaps, and what one batch of them walks.

Owns the frozen table a batch search works on, the compiled cost of a batch and the memory of costs already worked
out. A batch is a set of orders, kept as two machine words, so that the same batch is the same key. It refuses a table
whose parts do not fit each other, and an order that is over the cart's capacity by itself.
Invariant: the cost of a batch is its shortest walk, exactly; it depends on the set only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from picking.batches.any_floor import AnyFloor
from picking.batches.bitmaps import BitFloor, Bitmaps, tour_dm
from picking.batches.walkway_floor import WalkwayFloor
from picking.compiling import njit
from picking.errors import FieldError
from picking.exact.bits import lowest_bit
from picking.exact.fan_depot import FanDepot, fan_depot_length
from picking.exact.one_block import OneBlock, one_block_length

MOST_ORDERS = 128
MEMORY_BITS = 17
"""Costs remembered: two to the power of this, 24 bytes each. They stay in the processor's cache."""


Floor = OneBlock | FanDepot | BitFloor | AnyFloor | WalkwayFloor
"""A floor whose walks are known: one block by itself, a depot apart from its aisles, or a wave's own floor."""


class Memory(NamedTuple):
    """Batch (uint64[slots, 2]) and cost (int64[slots]) by the batch's hash; a slot holds the latest, -1 nothing."""

    batch: npt.NDArray[np.uint64]
    cost: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """What may ride together and what it walks.

    start: uint64[words], the bits every tour visits, such as the depot's.
    stops: uint64[orders, words], the bits of each order's stops on this floor.
    load: int64[orders, units], what each order takes of each unit (pieces, millilitres, grams, tote positions).
    capacity: int64[units], what one cart holds of each.
    """

    floor: Floor
    start: npt.NDArray[np.uint64]
    stops: npt.NDArray[np.uint64]
    load: npt.NDArray[np.int64]
    capacity: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        orders = len(self.stops)
        if not 1 <= orders <= MOST_ORDERS:
            raise FieldError("stops", f"must be of 1 to {MOST_ORDERS} orders, got {orders}")
        if self.stops.shape != (orders, len(self.start)):
            raise FieldError("stops", f"must have {len(self.start)} words for each order, as the start")
        if self.load.shape != (orders, len(self.capacity)):
            raise FieldError("load", f"must have {len(self.capacity)} units for each of {orders} orders")
        if (self.load < 0).any():
            raise FieldError("load", "must not be negative")
        over = np.flatnonzero((self.load > self.capacity).any(axis=1))
        if len(over):
            raise FieldError(f"load[{over[0]}]", "is over the capacity by itself")

    @property
    def orders(self) -> int:
        return len(self.stops)

    def length(self, batch: Sequence[int]) -> int:
        """The shortest walk of these orders together."""
        words = self.start.copy()
        for order in batch:
            words |= self.stops[order]
        return int(walk_length(self.floor, words))


def columns_of(bitmaps: Bitmaps, load: npt.NDArray[np.int64], capacity: npt.NDArray[np.int64]) -> Columns:
    """The table of a wave's parts that already have their bits; load int64[parts, units], capacity int64[units]."""
    start = bitmaps.floor.start
    stops = np.zeros((bitmaps.parts, len(start)), np.uint64)
    for part in range(bitmaps.parts):
        of = slice(bitmaps.first[part], bitmaps.first[part + 1])
        stops[part, bitmaps.word[of]] = bitmaps.mask[of]
    return Columns(bitmaps.floor, start, stops, load, capacity)


def new_memory() -> Memory:
    slots = 1 << MEMORY_BITS
    return Memory(np.zeros((slots, 2), np.uint64), np.full(slots, -1, np.int64))


def walk_length(floor: Floor, words: npt.NDArray[np.uint64]) -> int:
    """The shortest tour through these stops on whichever floor it is; for compiled loops too."""
    if isinstance(floor, OneBlock):
        length: int = one_block_length(floor, words)
    elif isinstance(floor, FanDepot):
        length = fan_depot_length(floor, words)
    else:
        length = tour_dm(floor, words)
    return length


@overload(walk_length, strict=False)
def _compiled_walk_length(floor: Any, words: Any) -> Any:
    # Chosen when a loop is compiled, so that no loop carries the kernel of a floor it is not for.
    if floor.instance_class is OneBlock:
        return lambda floor, words: one_block_length(floor, words)
    if floor.instance_class is FanDepot:
        return lambda floor, words: fan_depot_length(floor, words)
    return lambda floor, words: tour_dm(floor, words)


@njit(cache=True)
def batch_length(floor: Floor, start: Any, stops: Any, low: Any, high: Any, memory: Memory, scratch: Any) -> int:
    """The shortest walk of the batch of orders 0-63 in `low` and 64-127 in `high`; remembered."""
    mixed: Any = (low * np.uint64(0x9E3779B97F4A7C15)) ^ (high * np.uint64(0xC2B2AE3D27D4EB4F))
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    slot = np.int64(mixed >> np.uint64(64 - MEMORY_BITS))
    if memory.cost[slot] >= 0 and memory.batch[slot, 0] == low and memory.batch[slot, 1] == high:
        known: int = memory.cost[slot]
        return known
    for word in range(len(start)):
        scratch[word] = start[word]
    one: Any = np.uint64(1)
    rest: Any = low
    while rest != 0:
        order = lowest_bit(rest)
        rest &= rest - one
        for word in range(len(start)):
            scratch[word] |= stops[order, word]
    rest = high
    while rest != 0:
        order = 64 + lowest_bit(rest)
        rest &= rest - one
        for word in range(len(start)):
            scratch[word] |= stops[order, word]
    cost: int = walk_length(floor, scratch)
    memory.batch[slot, 0] = low
    memory.batch[slot, 1] = high
    memory.cost[slot] = cost
    return cost
