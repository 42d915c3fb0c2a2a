"""The compiled kernels behind plain C signatures, so that they can be called, and kept on disk, without numba.

Owns the order of the arguments; `native.py` fills them. Whole numbers only, everything by pointer.
"""

from __future__ import annotations

from typing import Any

from numba import carray, types  # type: ignore[attr-defined]

from picking.exact.kernel import ACTIONS
from picking.exact.one_way import OPTIONS
from picking.exact.one_way_walk import shortest_one_way
from picking.exact.rules import s_shape_order, walk_of_order
from picking.exact.walk import shortest_tour

WHOLE = types.CPointer(types.int64)  # type: ignore[no-untyped-call]
INDEX = types.CPointer(types.int32)  # type: ignore[no-untyped-call]
SMALL = types.CPointer(types.int16)  # type: ignore[no-untyped-call]

TOUR_ARGUMENTS = (
    *(WHOLE,) * 5, *(SMALL, INDEX, SMALL, SMALL, INDEX), *(WHOLE,) * 7, *(INDEX, INDEX, SMALL, INDEX, INDEX),
    *(SMALL, SMALL, WHOLE, SMALL, WHOLE, SMALL, SMALL, INDEX, INDEX, SMALL, INDEX),
)  # fmt: skip


def tour(
    sizes: Any, aisle_x_dm: Any, cross_y_dm: Any, closed: Any, busy_dm: Any, direction: Any, first: Any, source: Any,
    target: Any, states: Any, x_dm: Any, y_dm: Any, keys: Any, sorted_y_dm: Any, sorted_at: Any, heights_dm: Any,
    column_x_dm: Any, column_aisle: Any, first_point: Any, is_blocked: Any, inside: Any, ends: Any, is_odd: Any,
    kinds: Any, price_dm: Any, gap_at: Any, costs: Any, actions: Any, edges_right: Any, nodes: Any, edges: Any,
    is_walked: Any, order: Any,
) -> Any:  # fmt: skip
    """`walk.shortest_tour`. sizes: aisles, cross-aisles, is plain, closed stretches, sub-aisles with rules, lists of
    the tables, pairs of the tables, points, last, with order, columns, rows of costs, states, edges."""
    size = carray(sizes, (14,))
    h, points, columns, edge_count = size[1], size[7], size[10], size[13]
    return shortest_tour(
        carray(aisle_x_dm, (size[0],)), carray(cross_y_dm, (h,)), size[2] != 0, carray(closed, (size[3], 3)),
        carray(busy_dm, (size[4],)), carray(direction, (size[4],)), carray(first, (size[5],)),
        carray(source, (size[6],)), carray(target, (size[6],)), carray(states, (2,)), carray(x_dm, (points,)),
        carray(y_dm, (points,)), points, size[8], size[9] != 0, carray(keys, (points,)),
        carray(sorted_y_dm, (points,)), carray(sorted_at, (points,)), carray(heights_dm, (points + 2,)),
        carray(column_x_dm, (columns,)), carray(column_aisle, (columns,)), carray(first_point, (columns + 1,)),
        carray(is_blocked, (points + 2,)), carray(inside, (columns, h, 2)), carray(ends, (columns, h, 2)),
        carray(is_odd, (columns, h)), carray(kinds, (columns, h)), carray(price_dm, (columns, h, ACTIONS)),
        carray(gap_at, (columns, h, ACTIONS)), carray(costs, (size[11], size[12])), carray(actions, (columns, h)),
        carray(edges_right, (columns, h)), carray(nodes, (4, columns * h + points)), carray(edges, (4, edge_count)),
        carray(is_walked, (edge_count,)), carray(order, (points,)),
    )  # fmt: skip


RULES_ARGUMENTS = (*(WHOLE,) * 6, INDEX, WHOLE, INDEX, WHOLE)


def rules(
    sizes: Any, aisle_x_dm: Any, cross_y_dm: Any, x_dm: Any, y_dm: Any, lift_dm: Any, by_name: Any, keys: Any,
    order: Any, lengths_dm: Any,
) -> Any:  # fmt: skip
    """`rules.s_shape_order` into `order`; into lengths_dm its length and that of going by name. sizes: aisles,
    cross-aisles, points."""
    size = carray(sizes, (3,))
    points = size[2]
    aisles, crosses = carray(aisle_x_dm, (size[0],)), carray(cross_y_dm, (size[1],))
    x, y, lift = carray(x_dm, (points,)), carray(y_dm, (points,)), carray(lift_dm, (points,))
    names, s_shape = carray(by_name, (points,)), carray(order, (points,))
    s_shape_order(aisles, crosses, x, y, names, points, carray(keys, (points,)), s_shape)
    lengths = carray(lengths_dm, (2,))
    lengths[0] = walk_of_order(aisles, crosses, x, y, lift, s_shape, points)
    lengths[1] = walk_of_order(aisles, crosses, x, y, lift, names, points)
    return 0


ONE_WAY_ARGUMENTS = (
    *(WHOLE,) * 5, SMALL, *(WHOLE,) * 7, *(INDEX, INDEX, SMALL, INDEX, INDEX, SMALL, SMALL, WHOLE, SMALL, WHOLE, INDEX),
    *(SMALL, WHOLE, WHOLE, WHOLE, WHOLE, INDEX, SMALL, INDEX, INDEX, INDEX, INDEX, SMALL, INDEX),
)  # fmt: skip


def one_way(
    sizes: Any, aisle_x_dm: Any, cross_y_dm: Any, closed: Any, busy_dm: Any, direction: Any, x_dm: Any, y_dm: Any,
    keys: Any, sorted_y_dm: Any, sorted_at: Any, heights_dm: Any, column_x_dm: Any, column_aisle: Any,
    first_point: Any, is_blocked: Any, inside: Any, ends: Any, is_odd: Any, kinds: Any, price_dm: Any, gap_at: Any,
    options: Any, option_counts: Any, sources: Any, rest_dm: Any, small: Any, state_keys: Any,
    state_costs: Any,
    parents: Any, choices: Any, table: Any, stage_begin: Any, nodes: Any, edges: Any, is_walked: Any, order: Any,
) -> Any:  # fmt: skip
    """`one_way_walk.shortest_one_way`. sizes: aisles, cross-aisles, closed stretches, points, last, columns,
    most states, edges, bound."""
    size = carray(sizes, (9,))
    h, points, columns, states, edge_count = size[1], size[3], size[5], size[6], size[7]
    sub_aisles, rows, stages = size[0] * max(h - 1, 1), columns * max(h - 1, 1), 2 * columns * h + 2
    return shortest_one_way(
        carray(aisle_x_dm, (size[0],)), carray(cross_y_dm, (h,)), carray(closed, (size[2], 3)),
        carray(busy_dm, (sub_aisles,)), carray(direction, (sub_aisles,)), carray(x_dm, (points,)),
        carray(y_dm, (points,)), points, size[4], size[8], carray(keys, (points,)),
        carray(sorted_y_dm, (points,)), carray(sorted_at, (points,)), carray(heights_dm, (points + 2,)),
        carray(column_x_dm, (columns,)), carray(column_aisle, (columns,)), carray(first_point, (columns + 1,)),
        carray(is_blocked, (points + 2,)), carray(inside, (columns, h, 2)), carray(ends, (columns, h, 2)),
        carray(is_odd, (columns, h)), carray(kinds, (columns, h)), carray(price_dm, (columns, h, ACTIONS)),
        carray(gap_at, (columns, h, ACTIONS)), carray(options, (rows, OPTIONS, 6)), carray(option_counts, (rows,)),
        carray(sources, (columns, h)), carray(rest_dm, (stages,)),
        carray(small, (3, 16)),
        carray(state_keys, (states,)), carray(state_costs, (states,)), carray(parents, (states,)),
        carray(choices, (states,)), carray(table, (2 * states,)), carray(stage_begin, (stages,)),
        carray(nodes, (4, columns * h + points)), carray(edges, (4, edge_count)), carray(is_walked, (edge_count,)),
        carray(order, (points,)),
    )  # fmt: skip


COMPILED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "tour": (tour, TOUR_ARGUMENTS),
    "rules": (rules, RULES_ARGUMENTS),
    "one_way": (one_way, ONE_WAY_ARGUMENTS),
}
"""By name: the function and its arguments. Each gives an int64."""
