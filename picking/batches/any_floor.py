"""The walk of one cart on a floor the two quick kernels do not take: more blocks, closed or busy aisles, dead ends.

Owns the arrays the general kernel needs, made once for a wave. One-way aisles and cross-aisles above its number are
left out of what the search reckons with (`is_exact` is False then); what such a plan walks is measured afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiled import compiled
from picking.compiling import njit
from picking.exact.bits import lowest_bit
from picking.exact.tables import ACTION_COUNT, MOST_CROSS_AISLES
from picking.exact.walk import shortest_tour
from picking.layout import Layout, Spot

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.int16]
Index = npt.NDArray[np.int32]

IMPOSSIBLE_DM = 1 << 40
"""The walk of a cart whose stops no tour reaches: dearer than any, and sums of it stay inside 64 bits."""

_CLOSED_TOUR = -1


class AnyFloor(NamedTuple):
    """Where each bit stands (bit_x_dm, bit_y_dm), the ends of every tour, and what `walk.shortest_tour` works with.

    start: uint64[words], no bits: both ends are part of every tour anyway.
    """

    start: npt.NDArray[np.uint64]
    bit_x_dm: Whole
    bit_y_dm: Whole
    ends_dm: Whole  # x and y of the start, x and y of the end
    is_round: bool
    aisle_x_dm: Whole
    cross_y_dm: Whole
    is_plain: bool
    closed: Whole
    busy_dm: Whole
    direction: Small
    first: Index
    source: Small
    target: Small
    states: Index
    x_dm: Whole
    y_dm: Whole
    keys: Whole
    sorted_y_dm: Whole
    sorted_at: Whole
    heights_dm: Whole
    column_x_dm: Whole
    column_aisle: Index
    first_point: Index
    is_blocked: Small
    inside: Index
    ends: Index
    is_odd: Small
    kinds: Small
    price_dm: Whole
    gap_at: Small
    costs: Whole
    actions: Small
    edges_right: Small
    nodes: Index
    edges: Index
    is_walked: Small
    order: Index


def nearest_exact(layout: Layout) -> tuple[Layout, bool]:
    """The layout the general kernel can take, and whether that is the layout itself."""
    crosses = layout.cross_aisle_y_dm
    kept = crosses
    if len(crosses) > MOST_CROSS_AISLES:
        kept = tuple(crosses[at * (len(crosses) - 1) // (MOST_CROSS_AISLES - 1)] for at in range(MOST_CROSS_AISLES))
    is_exact = kept == crosses and not layout.one_way
    return (layout, True) if is_exact else (replace(layout, cross_aisle_y_dm=kept, one_way=(), busy_dm=()), False)


def any_floor(layout: Layout, start: Spot, end: Spot, bit_x_dm: Whole, bit_y_dm: Whole) -> AnyFloor:
    """The floor whose bits stand at these points (both int64[64 * words])."""
    most = len(bit_x_dm) + 2
    arrays = compiled(layout)
    is_round = (start.x_dm, start.y_dm) == (end.x_dm, end.y_dm)
    some = arrays.tables(not is_round)
    columns = min(arrays.aisles, 3 * most) + most if layout.is_plain else arrays.aisles + most
    crosses, states = arrays.cross_aisles, int(max(some.states))

    def whole(*shape: int) -> Whole:
        return np.zeros(shape, np.int64)

    def index(*shape: int) -> Index:
        return np.zeros(shape, np.int32)

    def small(*shape: int) -> Small:
        return np.zeros(shape, np.int16)

    return AnyFloor(
        np.zeros(len(bit_x_dm) // 64, np.uint64), bit_x_dm, bit_y_dm,
        np.array([start.x_dm, start.y_dm, end.x_dm, end.y_dm], np.int64), is_round,
        arrays.aisle_x_dm.copy(), arrays.cross_y_dm.copy(), layout.is_plain, arrays.closed.copy(),
        arrays.busy_dm.copy(), arrays.direction.copy(),
        some.first.copy(), some.source.copy(), some.target.copy(), some.state_counts.copy(),
        whole(most), whole(most), whole(most), whole(most), whole(most), whole(most + 2), whole(columns),
        index(columns), index(columns + 1), small(most + 2), index(columns, crosses, 2), index(columns, crosses, 2),
        small(columns, crosses), small(columns, crosses), whole(columns, crosses, ACTION_COUNT),
        small(columns, crosses, ACTION_COUNT), whole(2, states), small(1, 1), small(1, 1), index(4, 1), index(4, 1),
        small(1), index(most),
    )  # fmt: skip


@njit(cache=True)
def any_length(floor: AnyFloor, words: npt.NDArray[np.uint64]) -> int:
    """Length of the shortest tour from the start over every stop of the bitmap to the end. Compiled."""
    x_dm, y_dm, bit_x_dm, bit_y_dm = floor.x_dm, floor.y_dm, floor.bit_x_dm, floor.bit_y_dm
    x_dm[0] = floor.ends_dm[0]
    y_dm[0] = floor.ends_dm[1]
    points = 1
    one = np.uint64(1)
    for number in range(len(words)):
        word = words[number]
        while word != 0:
            bit = 64 * number + lowest_bit(word)
            word &= word - one
            x_dm[points] = bit_x_dm[bit]
            y_dm[points] = bit_y_dm[bit]
            points += 1
    last = _CLOSED_TOUR
    if not floor.is_round:
        x_dm[points] = floor.ends_dm[2]
        y_dm[points] = floor.ends_dm[3]
        last = points
        points += 1
    walk_dm = shortest_tour(
        floor.aisle_x_dm, floor.cross_y_dm, floor.is_plain, floor.closed, floor.busy_dm, floor.direction, floor.first,
        floor.source, floor.target, floor.states, x_dm, y_dm, points, last, False, floor.keys, floor.sorted_y_dm,
        floor.sorted_at, floor.heights_dm, floor.column_x_dm, floor.column_aisle, floor.first_point, floor.is_blocked,
        floor.inside, floor.ends, floor.is_odd, floor.kinds, floor.price_dm, floor.gap_at, floor.costs, floor.actions,
        floor.edges_right, floor.nodes, floor.edges, floor.is_walked, floor.order,
    )  # fmt: skip
    return IMPOSSIBLE_DM if walk_dm < 0 else walk_dm
