"""From what a shortest tour walks to the order in which it passes the stops. Compiled, allocates nothing.

Owns the Euler walk: the edges of the tour, each as often as it is walked, form a connected graph in which only the two
ends of an open tour are odd, so one walk uses every edge once (C. Hierholzer, 1873).
Invariant: every stop is given once, where the walk first passes it; walking them in this order is never longer.
"""

from __future__ import annotations

from picking.compiling import njit
from picking.exact.kernel import Index, Small, Whole, edges_between


@njit()
def _join(a: int, b: int, edges: int, count: int, head: Index, following: Index, towards: Index) -> int:
    """Adds the edge so many times; edge 2e leads from a to b, 2e + 1 back."""
    for _ in range(edges):
        towards[count], following[count], head[a] = b, head[a], count
        towards[count + 1], following[count + 1], head[b] = a, head[b], count + 1
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
    """The edges from a crossing to the deepest point: twice, or once between an end of the tour and the crossing."""
    step = 1 if deepest >= nearest else -1
    beyond = 0
    at = deepest
    while True:
        if last >= 0 and (sorted_at[at] == 0 or sorted_at[at] == last):
            beyond += 1
        before = foot if at == nearest else node_of[at - step]
        count = _join(before, node_of[at], 1 if beyond == 1 else 2, count, head, following, towards)
        if at == nearest:
            return count
        at -= step


@njit()
def join_edges(
    cross_y_dm: Whole,
    last: int,
    columns: int,
    column_aisle: Index,
    first_point: Index,
    sorted_y_dm: Whole,
    sorted_at: Whole,
    inside: Index,
    ends: Index,
    gap_at: Small,
    actions: Small,
    edges_right: Small,
    node_of: Index,
    head: Index,
    following: Index,
    towards: Index,
) -> int:
    """All edges of the tour as linked lists of half-edges from `head`; gives their number, and each point its node.

    Node column * cross_aisles + cross is a crossing; the nodes of points off the crossings follow.
    """
    crosses = len(cross_y_dm)
    points = first_point[columns]
    for node in range(columns * crosses + points):
        head[node] = -1
    for point in range(points):
        node_of[point] = columns * crosses + point
    count = 0
    for column in range(columns):
        at, end = first_point[column], first_point[column + 1]
        for cross in range(crosses):
            foot = column * crosses + cross
            foot_dm = cross_y_dm[cross]
            low = at
            while at < end and sorted_y_dm[at] < foot_dm:
                at += 1
            if at > low:
                count = _dead_end(node_of, sorted_at, at - 1, low, foot, last, count, head, following, towards)
            while at < end and sorted_y_dm[at] == foot_dm:
                node_of[at] = foot
                at += 1
            low = at
            if column_aisle[column] >= 0 and cross + 1 < crosses:
                at = inside[column, cross, 1]
                action = actions[column, cross]
                gap = gap_at[column, cross, action]
                for j in range(at - low + 1):
                    below = foot if j == 0 else node_of[low + j - 1]
                    above = foot + 1 if j == at - low else node_of[low + j]
                    edges = edges_between(action, gap, j, ends[column, cross, 0], ends[column, cross, 1])
                    count = _join(below, above, edges, count, head, following, towards)
            else:
                while at < end and (
                    cross + 1 == crosses or sorted_y_dm[at] - foot_dm <= cross_y_dm[cross + 1] - sorted_y_dm[at]
                ):
                    at += 1
                if at > low:
                    count = _dead_end(node_of, sorted_at, low, at - 1, foot, last, count, head, following, towards)
            if column + 1 < columns:
                count = _join(foot, foot + crosses, edges_right[column, cross], count, head, following, towards)
    return count


@njit()
def euler_order(
    nodes: int,
    count: int,
    points: int,
    first_of_route: int,
    sorted_at: Whole,
    node_of: Index,
    head: Index,
    following: Index,
    towards: Index,
    stack: Index,
    path: Index,
    first_at: Index,
    next_at: Index,
    is_walked: Small,
    order: Index,
) -> int:
    """The numbers of the points in the order the walk from the node `first_of_route` first passes them; how many.

    Half-edge e and e ^ 1 are one edge. `head` is used up.
    """
    for node in range(nodes):
        first_at[node] = -1
    for point in range(points - 1, -1, -1):
        next_at[point] = first_at[node_of[point]]
        first_at[node_of[point]] = point
    for edge in range(count):
        is_walked[edge] = 0
    stack[0] = first_of_route
    height, length = 1, 0
    while height:
        node = stack[height - 1]
        edge = head[node]
        while edge >= 0 and is_walked[edge]:
            edge = following[edge]
        if edge < 0:
            head[node] = -1
            path[length] = node
            length += 1
            height -= 1
            continue
        head[node] = following[edge]
        is_walked[edge] = is_walked[edge ^ 1] = 1
        stack[height] = towards[edge]
        height += 1
    given = 0
    for at in range(length - 1, -1, -1):
        point = first_at[path[at]]
        first_at[path[at]] = -1
        while point >= 0:
            order[given] = sorted_at[point]
            given += 1
            point = next_at[point]
    return given


@njit()
def order_on_line(
    points: int, start_dm: int, end_dm: int, sorted_y_dm: Whole, sorted_at: Whole, order: Index
) -> int:
    """The walk along one line over all points, from start to end: writes the order and gives the length."""
    low_dm, high_dm = sorted_y_dm[0], sorted_y_dm[points - 1]
    down_first_dm = (start_dm - low_dm) + (high_dm - low_dm) + (high_dm - end_dm)
    up_first_dm = (high_dm - start_dm) + (high_dm - low_dm) + (end_dm - low_dm)
    split = 0
    is_down_first = down_first_dm <= up_first_dm
    while split < points and (sorted_y_dm[split] < start_dm or (is_down_first and sorted_y_dm[split] == start_dm)):
        split += 1
    for at in range(points):
        if is_down_first:
            order[at] = sorted_at[split - 1 - at] if at < split else sorted_at[at]
        else:
            order[at] = sorted_at[split + at] if split + at < points else sorted_at[points - 1 - at]
    walk_dm: int = min(down_first_dm, up_first_dm)
    return walk_dm
