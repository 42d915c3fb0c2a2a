"""One call from coordinates to the shortest tour: everything between the floor's numbers and the order of the stops.

Owns the order of the steps and the memory they need. Compiled, allocates nothing.
Invariant: the length is -1 when no tour exists, else that of a shortest tour; the order then holds every point once.
"""

from __future__ import annotations

from picking.compiling import njit
from picking.exact.columns import is_one_crossing, is_one_line, make_columns, price_columns, sort_points
from picking.exact.kernel import NEVER, Index, Small, Whole, sweep, trace
from picking.exact.sequence import euler_order, join_edges, order_on_line


@njit()
def shortest_tour(
    aisle_x_dm: Whole,
    cross_y_dm: Whole,
    is_plain: bool,
    closed: Whole,
    busy_dm: Whole,
    direction: Small,
    first: Index,
    source: Small,
    target: Small,
    states: Index,
    x_dm: Whole,
    y_dm: Whole,
    points: int,
    last: int,
    with_order: bool,
    keys: Whole,
    sorted_y_dm: Whole,
    sorted_at: Whole,
    heights_dm: Whole,
    column_x_dm: Whole,
    column_aisle: Index,
    first_point: Index,
    is_blocked: Small,
    inside: Index,
    ends: Index,
    is_odd: Small,
    kinds: Small,
    price_dm: Whole,
    gap_at: Small,
    costs: Whole,
    actions: Small,
    edges_right: Small,
    nodes: Index,
    edges: Index,
    is_walked: Small,
    order: Index,
) -> int:
    """Length of the shortest tour from point 0 over all points, back to it or to point `last`; -1 without a tour.

    last: -1 for a closed tour; -2 for one that ends at whichever stop is best, which is then the last of the order;
    else points - 1. The floor: closed has rows (aisle, from, to), busy_dm and direction hold one value for each
    sub-aisle (block * aisles + aisle) or nothing when plain; first, source, target, states are `tables.Tables`.
    All the rest is memory: for p points, c columns (see `columns.make_columns`) and h cross-aisles, keys, sorted_y_dm
    and sorted_at (p), heights_dm and is_blocked (p + 2), column_x_dm and column_aisle (c), first_point (c + 1), inside
    and ends (c, h, 2), is_odd, kinds, actions and edges_right (c, h), price_dm and gap_at (c, h, ACTIONS), costs
    (c * (2 h - 1) + 1, most states; 2 rows without order), nodes (4, c * h + p), edges (4, e) and is_walked (e) with
    e = 4 * (p + c * (2 h + 1)) + 2, and order (p).
    """
    sort_points(x_dm, y_dm, points, sorted_y_dm, sorted_at, keys)
    if is_one_line(aisle_x_dm, cross_y_dm, is_plain, closed, direction, x_dm, points, sorted_y_dm):
        return _line(y_dm, points, last, sorted_y_dm, sorted_at, order)
    crosses = len(cross_y_dm)
    columns = make_columns(aisle_x_dm, is_plain, x_dm, points, sorted_at, column_x_dm, column_aisle, first_point)
    for column in range(columns - 1):
        column_x_dm[column] = column_x_dm[column + 1] - column_x_dm[column]
    column_x_dm[columns - 1] = 0

    best_dm = NEVER
    best = last
    rounds = points - 1 if last == -2 else 0
    for candidate in range(1, rounds + 1):
        walk_dm = price_columns(
            cross_y_dm, closed, busy_dm, direction, candidate, columns, column_aisle, first_point, sorted_y_dm,
            sorted_at, heights_dm, is_blocked, inside, ends, is_odd, kinds, price_dm, gap_at,
        )  # fmt: skip
        if walk_dm < best_dm and not is_one_crossing(columns, crosses, kinds, price_dm):
            walk_dm += sweep(
                first, source, target, crosses, states, columns, column_x_dm, price_dm, is_odd, kinds, costs, 1
            )
        if walk_dm < best_dm:
            best_dm, best = walk_dm, candidate
    if best == -2:
        return -1
    if rounds and not with_order:
        return best_dm
    base_dm = price_columns(
        cross_y_dm, closed, busy_dm, direction, best, columns, column_aisle, first_point, sorted_y_dm,
        sorted_at, heights_dm, is_blocked, inside, ends, is_odd, kinds, price_dm, gap_at,
    )  # fmt: skip
    if base_dm >= NEVER:
        return -1
    walk_dm = 0
    is_walking = not is_one_crossing(columns, crosses, kinds, price_dm)
    if is_walking:
        walk_dm = sweep(
            first, source, target, crosses, states, columns, column_x_dm, price_dm, is_odd, kinds, costs,
            -1 if with_order else 1,
        )  # fmt: skip
    if walk_dm >= NEVER:
        return -1
    if with_order:
        actions[:columns] = 0
        edges_right[:columns] = 0
        if is_walking:
            trace(
                first, source, target, crosses, columns, column_x_dm, price_dm, is_odd, kinds, costs, actions,
                edges_right,
            )  # fmt: skip
        head, node_of = nodes[0], nodes[1, :points]
        count = join_edges(
            cross_y_dm, best, columns, column_aisle, first_point, sorted_y_dm, sorted_at, inside, ends, gap_at,
            actions, edges_right, node_of, head, edges[0], edges[1],
        )  # fmt: skip
        at = 0
        while sorted_at[at] != 0:
            at += 1
        # Where every point is left at most once more than there are edges, stack and path are long enough.
        euler_order(
            columns * crosses + points, count, points, node_of[at], sorted_at, node_of, head, edges[0], edges[1],
            edges[2], edges[3], nodes[2], nodes[3], is_walked, order,
        )  # fmt: skip
        if best >= 0:
            _put_last(order, points, best)
    return base_dm + walk_dm


@njit()
def _put_last(order: Index, points: int, last: int) -> None:
    """The end of an open tour may be passed earlier; it stands at the end of the order all the same."""
    to = 0
    for at in range(points):
        if order[at] != last:
            order[to] = order[at]
            to += 1
    order[points - 1] = last


@njit()
def _line(y_dm: Whole, points: int, last: int, sorted_y_dm: Whole, sorted_at: Whole, order: Index) -> int:
    start_dm = y_dm[0]
    low_dm, high_dm = sorted_y_dm[0], sorted_y_dm[points - 1]
    end_dm = start_dm if last == -1 else y_dm[last]
    if last == -2:
        end_dm = high_dm if start_dm - low_dm <= high_dm - start_dm else low_dm
    walk_dm = order_on_line(points, start_dm, end_dm, sorted_y_dm, sorted_at, order)
    if last >= 0:
        _put_last(order, points, last)
    return walk_dm
