"""One call from coordinates to the shortest tour of a floor with one-way aisles, as walk.py is for floors without.

Owns the order of the steps and the walk through the arcs. Compiled, allocates nothing.
Invariant: the order, walked the shortest ways, is as long as stated.
"""

from __future__ import annotations

from picking.compiling import njit
from picking.exact.columns import is_closed, is_one_crossing, is_one_line, make_columns, price_columns, sort_points
from picking.exact.kernel import NEVER, Index, Small, Whole
from picking.exact.one_way import FLOW, GAP, MOST_FLOW, NO_TOUR, PRICE, options_of, sweep_flows
from picking.exact.sequence import euler_order, order_on_line


@njit()
def shortest_one_way(
    aisle_x_dm: Whole,
    cross_y_dm: Whole,
    closed: Whole,
    busy_dm: Whole,
    direction: Small,
    x_dm: Whole,
    y_dm: Whole,
    points: int,
    last: int,
    bound_dm: int,
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
    options: Whole,
    option_counts: Index,
    sources: Small,
    rest_dm: Whole,
    small: Whole,
    state_keys: Whole,
    state_costs: Whole,
    parents: Index,
    choices: Small,
    table: Index,
    stage_begin: Index,
    nodes: Index,
    edges: Index,
    is_walked: Small,
    order: Index,
) -> int:
    """Length of the shortest tour from point 0 over all points to point `last` (-1: back to point 0) that is at most
    bound_dm long; NO_TOUR without one, NO_ROOM where the states do not fit. Shapes as in `walk.shortest_tour` and
    `one_way.sweep_flows`; edges hold (points + columns * (2 crosses + 1)) * (MOST_FLOW + 1) * 2.
    """
    sort_points(x_dm, y_dm, points, sorted_y_dm, sorted_at, keys)
    end_dm = y_dm[0] if last < 0 else y_dm[last]
    if is_one_line(aisle_x_dm, cross_y_dm, False, closed, direction, x_dm, points, sorted_y_dm) or _is_along(
        aisle_x_dm, cross_y_dm, closed, direction, x_dm, points, sorted_y_dm, y_dm[0], end_dm
    ):
        return order_on_line(points, y_dm[0], end_dm, sorted_y_dm, sorted_at, order)
    crosses = len(cross_y_dm)
    blocks = crosses - 1
    columns = make_columns(aisle_x_dm, False, x_dm, points, sorted_at, column_x_dm, column_aisle, first_point)
    for column in range(columns - 1):
        column_x_dm[column] = column_x_dm[column + 1] - column_x_dm[column]
    column_x_dm[columns - 1] = 0
    base_dm = price_columns(
        cross_y_dm, closed, busy_dm, direction, last, columns, column_aisle, first_point, sorted_y_dm,
        sorted_at, heights_dm, is_blocked, inside, ends, is_odd, kinds, price_dm, gap_at,
    )  # fmt: skip
    if base_dm >= NEVER:
        return NO_TOUR
    most_flow = _limit_flow(len(aisle_x_dm), blocks, direction, columns, column_aisle, inside)
    stages = 0
    source_at = sink_at = 0
    for column in range(columns):
        for block in range(blocks):
            aisle = column_aisle[column]
            if aisle < 0:
                continue
            low, high = inside[column, block, 0], inside[column, block, 1]
            heights_dm[0], heights_dm[high - low + 1] = cross_y_dm[block], cross_y_dm[block + 1]
            source_at = sink_at = 0
            for point in range(low, high):
                heights_dm[point - low + 1] = sorted_y_dm[point]
                if last >= 0:
                    source_at = point - low + 1 if sorted_at[point] == 0 else source_at
                    sink_at = point - low + 1 if sorted_at[point] == last else sink_at
            for j in range(high - low + 1):
                is_blocked[j] = is_closed(closed, aisle, heights_dm[j], heights_dm[j + 1])
            sub_aisle = block * len(aisle_x_dm) + aisle
            row = column * blocks + block
            option_counts[row] = options_of(
                heights_dm, is_blocked, high - low, source_at, sink_at, direction[sub_aisle], busy_dm[sub_aisle],
                most_flow, options[row],
            )  # fmt: skip
            # A tour that ends inside enters once more than the constant of the undirected prices says: both count it.
            if is_odd[column, block] and sink_at > 0:
                base_dm -= busy_dm[sub_aisle]
            least_dm = NEVER
            for option in range(option_counts[row]):
                least_dm = min(least_dm, options[row, option, PRICE])
            if least_dm == NEVER:
                return NO_TOUR
            rest_dm[stages] = least_dm
            stages += 1
        for cross in range(crosses):
            sources[column, cross] = 0
            rest_dm[stages] = 0
            stages += 1
    rest_dm[stages] = 0
    for stage in range(stages - 1, -1, -1):
        rest_dm[stage] += rest_dm[stage + 1]
    walk_dm = 0
    is_walking = not is_one_crossing(columns, crosses, kinds, price_dm)
    if is_walking:
        _mark(cross_y_dm, last, columns, column_aisle, first_point, sorted_y_dm, sorted_at, kinds, sources)
        walk_dm = sweep_flows(
            crosses, columns, column_x_dm, column_aisle, options, option_counts, kinds, sources, most_flow, rest_dm,
            bound_dm - base_dm, small, state_keys, state_costs, parents, choices, table, stage_begin,
        )  # fmt: skip
        if walk_dm < 0:
            return walk_dm
    count = _join_arcs(
        cross_y_dm, last, columns, column_aisle, first_point, sorted_y_dm, sorted_at, inside, options,
        is_walking, stages, state_keys, parents, choices, stage_begin, nodes[1], nodes[0], edges[0], edges[1],
    )  # fmt: skip
    at = 0
    while sorted_at[at] != 0:
        at += 1
    euler_order(
        columns * crosses + points, count, points, nodes[1, at], sorted_at, nodes[1], nodes[0], edges[0], edges[1],
        edges[2], edges[3], nodes[2], nodes[3], is_walked, order,
    )  # fmt: skip
    return base_dm + walk_dm


@njit()
def _limit_flow(
    aisles: int, blocks: int, direction: Small, columns: int, column_aisle: Index, inside: Index
) -> int:
    """How much flow can be of use: a little for the walk itself, and one for each one-way sub-aisle with stops, which
    makes a way back necessary."""
    needed = 2
    for column in range(columns):
        aisle = column_aisle[column]
        for block in range(blocks):
            if aisle >= 0 and direction[block * aisles + aisle] != 0:
                needed += 1 if inside[column, block, 1] > inside[column, block, 0] else 0
    return min(MOST_FLOW, needed)


@njit()
def _is_along(
    aisle_x_dm: Whole,
    cross_y_dm: Whole,
    closed: Whole,
    direction: Small,
    x_dm: Whole,
    points: int,
    sorted_y_dm: Whole,
    start_dm: int,
    end_dm: int,
) -> bool:
    """Whether the tour only goes along one one-way sub-aisle, from its first point to its last."""
    for at in range(1, points):
        if x_dm[at] != x_dm[0]:
            return False
    low_dm, high_dm = sorted_y_dm[0], sorted_y_dm[points - 1]
    for aisle in range(len(aisle_x_dm)):
        if aisle_x_dm[aisle] != x_dm[0] or is_closed(closed, aisle, low_dm, high_dm):
            continue
        for block in range(len(cross_y_dm) - 1):
            way = direction[block * len(aisle_x_dm) + aisle]
            if cross_y_dm[block] < low_dm and high_dm < cross_y_dm[block + 1]:
                if way > 0:
                    return bool(start_dm == low_dm and end_dm == high_dm)
                return bool(way < 0 and start_dm == high_dm and end_dm == low_dm)
    return False


@njit()
def _mark(
    cross_y_dm: Whole,
    last: int,
    columns: int,
    column_aisle: Index,
    first_point: Index,
    sorted_y_dm: Whole,
    sorted_at: Whole,
    kinds: Small,
    sources: Small,
) -> None:
    """The crossing the tour starts at or first comes to, and the one it ends at; none where that is in a sub-aisle."""
    crosses = len(cross_y_dm)
    if last < 0:
        return
    for column in range(columns):
        for at in range(first_point[column], first_point[column + 1]):
            if sorted_at[at] != 0 and sorted_at[at] != last:
                continue
            cross = 0
            if column_aisle[column] < 0:
                y = sorted_y_dm[at]
                while cross + 1 < crosses and y - cross_y_dm[cross] > cross_y_dm[cross + 1] - y:
                    cross += 1
            else:
                while cross + 1 < crosses and sorted_y_dm[at] > cross_y_dm[cross]:
                    cross += 1
                if cross_y_dm[0] < sorted_y_dm[at] < cross_y_dm[cross]:
                    continue
            sources[column, cross] += 1 if sorted_at[at] == 0 else -1


@njit()
def _arcs(a: int, b: int, flow: int, both: bool, count: int, head: Index, following: Index, towards: Index) -> int:
    """Adds |flow| arcs, from a to b when it is positive, or one each way. Arcs have even numbers, see `euler_order`."""
    for _ in range(max(abs(flow), 1 if both else 0)):
        if flow > 0 or both:
            towards[count], following[count], head[a] = b, head[a], count
            count += 2
        if flow < 0 or both:
            towards[count], following[count], head[b] = a, head[b], count
            count += 2
    return count


@njit()
def _dead_end(
    node_of: Index,
    sorted_at: Whole,
    nearest: int,
    deepest: int,
    foot: int,
    last: int,
    count: int,
    head: Index,
    following: Index,
    towards: Index,
) -> int:
    step = 1 if deepest >= nearest else -1
    out = 0
    at = deepest
    while True:
        if last >= 0:
            out += 1 if sorted_at[at] == 0 else 0
            out -= 1 if sorted_at[at] == last else 0
        before = foot if at == nearest else node_of[at - step]
        count = _arcs(node_of[at], before, out, out == 0, count, head, following, towards)
        if at == nearest:
            return count
        at -= step


@njit()
def _join_arcs(
    cross_y_dm: Whole,
    last: int,
    columns: int,
    column_aisle: Index,
    first_point: Index,
    sorted_y_dm: Whole,
    sorted_at: Whole,
    inside: Index,
    options: Whole,
    is_walking: bool,
    stages: int,
    state_keys: Whole,
    parents: Index,
    choices: Small,
    stage_begin: Index,
    node_of: Index,
    head: Index,
    following: Index,
    towards: Index,
) -> int:
    """All arcs of the tour, going back through the states; their number. See `sequence.join_edges`."""
    crosses = len(cross_y_dm)
    blocks = crosses - 1
    points = first_point[columns]
    for node in range(columns * crosses + points):
        head[node] = -1
    for point in range(points):
        node_of[point] = columns * crosses + point
    for column in range(columns):
        for at in range(first_point[column], first_point[column + 1]):
            for cross in range(crosses):
                if sorted_y_dm[at] == cross_y_dm[cross]:
                    node_of[at] = column * crosses + cross
    state = -1
    if is_walking:
        state = stage_begin[stages]
        while state_keys[state] != 1 << 62:
            state += 1
    count = 0
    for column in range(columns - 1, -1, -1):
        for cross in range(crosses - 1, -1, -1):
            foot = column * crosses + cross
            if is_walking:
                byte = (state_keys[state] >> (8 * cross)) & 255 if state_keys[state] != 1 << 62 else 0
                flow = (byte & 31) - 16 if byte else 0
                if byte:
                    count = _arcs(foot, foot + crosses, flow, flow == 0, count, head, following, towards)
                state = parents[state]
        for block in range(blocks - 1, -1, -1):
            if column_aisle[column] < 0 or not is_walking:
                continue
            row = column * blocks + block
            option = choices[state]
            state = parents[state]
            low, high = inside[column, block, 0], inside[column, block, 1]
            flow, gap = options[row, option, FLOW], options[row, option, GAP]
            for j in range(high - low + 1):
                if j > 0 and last >= 0:
                    flow += 1 if sorted_at[low + j - 1] == 0 else 0
                    flow -= 1 if sorted_at[low + j - 1] == last else 0
                below = column * crosses + block if j == 0 else node_of[low + j - 1]
                above = column * crosses + block + 1 if j == high - low else node_of[low + j]
                if j != gap:
                    count = _arcs(below, above, flow, flow == 0, count, head, following, towards)
        at, end = first_point[column], first_point[column + 1]
        for cross in range(crosses):
            foot = column * crosses + cross
            low = at
            while at < end and sorted_y_dm[at] < cross_y_dm[cross]:
                at += 1
            if at > low and (column_aisle[column] < 0 or cross == 0):
                count = _dead_end(node_of, sorted_at, at - 1, low, foot, last, count, head, following, towards)
            while at < end and sorted_y_dm[at] == cross_y_dm[cross]:
                at += 1
            low = at
            if column_aisle[column] < 0 or cross + 1 == crosses:
                foot_dm = cross_y_dm[cross]
                while at < end and (
                    cross + 1 == crosses or sorted_y_dm[at] - foot_dm <= cross_y_dm[cross + 1] - sorted_y_dm[at]
                ):
                    at += 1
                if at > low:
                    count = _dead_end(node_of, sorted_at, low, at - 1, foot, last, count, head, following, towards)
    return count
