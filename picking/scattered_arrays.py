"""A question about bins as the arrays the compiled search wants.

Owns what of a floor that search knows: a closed tour through start and end, aisles with bins, cross-aisles. What it
does not know is brought near enough to search by and marked as not exact: one-way aisles are walked either way, bins in
dead ends stand at the end of their aisle, bins outside the aisles in the nearest one, more than four cross-aisles are
searched by four of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from picking.layout import Layout, Spot
from picking.scattered_floor import Floor, Ints, moves
from picking.scattered_walk import Bins

MOST_CROSS_AISLES = 4
"""Above it a column has thousands of transitions, and a choice of bins would not be searched in 50 ms."""


class Stocked(Protocol):
    @property
    def item(self) -> str: ...
    @property
    def spot(self) -> Spot: ...
    @property
    def qty_each(self) -> int: ...


@dataclass(frozen=True, slots=True)
class FloorArrays:
    """free_at: where each of the free bins stands among the arrays' bins, in the order they were given.

    spurs_dm: from the cross-aisles to start and end. is_exact: the closed tour's length is that of the floor.
    is_even: start is end, so lengths are even.
    """

    floor: Floor
    bins: Bins
    free_at: Ints
    spurs_dm: int
    is_exact: bool
    is_even: bool


def floor_arrays(
    layout: Layout, start: Spot, end: Spot, must: Sequence[Spot], free: Sequence[Stocked], need: Mapping[str, int]
) -> FloorArrays | None:
    """The arrays, or None where there is nothing to choose or no block to walk through."""
    if not free or len(layout.cross_aisle_y_dm) < 2:
        return None
    cross_y_dm = _searched(layout.cross_aisle_y_dm)
    is_exact = cross_y_dm == layout.cross_aisle_y_dm
    blocks = len(cross_y_dm) - 1
    grid = Layout(layout.aisle_x_dm, cross_y_dm)
    ends = {start, end}
    inside = [spot for spot in ends if grid.aisle_of(spot) is not None and cross_y_dm[0] < spot.y_dm < cross_y_dm[-1]]
    at_crossings = [spot for spot in ends if spot not in inside]
    column_x_dm = sorted({*layout.aisle_x_dm, *(spot.x_dm for spot in at_crossings)})
    column_of = {x_dm: column for column, x_dm in enumerate(column_x_dm)}

    items = {item: number for number, item in enumerate(need)}
    rows: list[tuple[int, int, int, int, int]] = []
    for number, spot in enumerate([*inside, *must, *(stocked.spot for stocked in free)]):
        aisle = grid.aisle_of(spot)
        is_exact &= aisle is not None
        x_dm = grid.aisle_x_dm[grid.nearest_aisle(spot.x_dm) if aisle is None else aisle]
        block = grid.block_of(spot.y_dm)
        length_dm = cross_y_dm[block + 1] - cross_y_dm[block]
        offset_dm = min(max(spot.y_dm - cross_y_dm[block], 0), length_dm)
        of_free = number - len(inside) - len(must)
        item = items[free[of_free].item] if of_free >= 0 else -1
        units = min(free[of_free].qty_each, need[free[of_free].item]) if of_free >= 0 else 0
        rows.append((column_of[x_dm] * blocks + block, offset_dm, number, item, units))
    rows.sort()
    table = np.array(rows, np.int64)

    kinds = [0] * len(column_x_dm)
    for spot in at_crossings:
        # The first cross-aisle is the highest digit of a group's number.
        kinds[column_of[spot.x_dm]] |= 1 << (blocks - grid.nearest_cross_aisle(spot.y_dm))
    step = np.array([*np.diff(column_x_dm), 0], np.float64)
    is_aisle = np.array([x_dm in layout.aisle_x_dm for x_dm in column_x_dm], np.int64)
    first_bin = np.searchsorted(table[:, 0], np.arange(len(column_x_dm) * blocks + 1)).astype(np.int64)
    move = moves(len(cross_y_dm))
    floor = Floor(
        first_bin, table[:, 1].astype(np.float64), step, np.diff(cross_y_dm).astype(np.float64), is_aisle,
        np.array(kinds, np.int64), move.walked, move.crossed, move.group,
    )  # fmt: skip
    item_of = np.ascontiguousarray(table[:, 3])
    by_item = np.argsort(item_of, kind="stable").astype(np.int64)
    first_of = np.searchsorted(item_of[by_item], np.arange(len(items) + 1)).astype(np.int64)
    bins = Bins(
        item_of, np.ascontiguousarray(table[:, 4]), np.ascontiguousarray(table[:, 0]), by_item, first_of,
        np.array([need[item] for item in items], np.int64),
    )  # fmt: skip
    place = np.zeros(len(rows), np.int64)
    place[table[:, 2]] = np.arange(len(rows))
    spurs_dm = sum(
        abs(spot.y_dm - cross_y_dm[grid.nearest_cross_aisle(spot.y_dm)])
        for spot in (start, end)
        if spot in at_crossings
    )
    return FloorArrays(floor, bins, place[len(inside) + len(must) :], spurs_dm, is_exact, start == end)


def _searched(cross_y_dm: tuple[int, ...]) -> tuple[int, ...]:
    """All cross-aisles, or the outermost and those spread evenly between them."""
    most = MOST_CROSS_AISLES
    if len(cross_y_dm) <= most:
        return cross_y_dm
    return tuple(cross_y_dm[at * (len(cross_y_dm) - 1) // (most - 1)] for at in range(most))
