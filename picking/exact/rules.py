"""The S-shape's order and the length of a given order on a plain floor, compiled for the figures of every tour.

Owns nothing of its own: `heuristics.s_shape` says what the rule is and answers when nothing is compiled, and
`distances.walk_dm` what a walk is. Invariant: equal to them on every plain layout.
"""

from __future__ import annotations

from picking.compiling import njit
from picking.exact.columns import lower_bound, sort_keys
from picking.exact.kernel import Index, Whole


@njit()
def _nearest(ascending: Whole, value: int) -> int:
    at = lower_bound(ascending, value)
    if at == 0:
        return 0
    if at == len(ascending) or value - ascending[at - 1] <= ascending[at] - value:
        return at - 1
    return at


@njit()
def walk_of_order(
    aisle_x_dm: Whole, cross_y_dm: Whole, x_dm: Whole, y_dm: Whole, lift_dm: Whole, order: Index, points: int
) -> int:
    """The walk from point 0 over the points of the order to point `points - 1`, with the lift's ways added."""
    aisles = len(aisle_x_dm)
    total_dm = 0
    a = 0
    a_aisle = _aisle_at(aisle_x_dm, x_dm[0])
    a_foot_dm = y_dm[0] if a_aisle >= 0 else cross_y_dm[_nearest(cross_y_dm, y_dm[0])]
    for at in range(points - 1):
        b = order[at] if at < points - 2 else points - 1
        b_aisle = _aisle_at(aisle_x_dm, x_dm[b])
        b_foot_dm = y_dm[b] if b_aisle >= 0 else cross_y_dm[_nearest(cross_y_dm, y_dm[b])]
        across_dm = abs(x_dm[a] - x_dm[b])
        is_one_line = a_aisle == b_aisle and across_dm == 0
        if is_one_line and (a_aisle >= 0 or a_foot_dm == b_foot_dm):
            walk_dm = abs(y_dm[a] - y_dm[b])
        else:
            low_dm, high_dm = min(a_foot_dm, b_foot_dm), max(a_foot_dm, b_foot_dm)
            over = lower_bound(cross_y_dm, low_dm)
            walk_dm = across_dm + abs(y_dm[a] - a_foot_dm) + abs(y_dm[b] - b_foot_dm) + high_dm - low_dm
            detour_dm = 1 << 60
            if over < len(cross_y_dm):
                detour_dm = 2 * max(0, cross_y_dm[over] - high_dm)
            if over > 0:
                detour_dm = min(detour_dm, 2 * (low_dm - cross_y_dm[over - 1]))
            walk_dm += detour_dm
            if a_aisle < 0 and b_aisle < 0 and a_foot_dm != b_foot_dm:
                left_dm, right_dm = min(x_dm[a], x_dm[b]), max(x_dm[a], x_dm[b])
                right = lower_bound(aisle_x_dm, left_dm)
                detour_dm = 1 << 60
                if right < aisles:
                    detour_dm = 2 * max(0, aisle_x_dm[right] - right_dm)
                if right > 0:
                    detour_dm = min(detour_dm, 2 * (left_dm - aisle_x_dm[right - 1]))
                walk_dm += detour_dm
        total_dm += walk_dm + (lift_dm[a] + lift_dm[b] if walk_dm > 0 else abs(lift_dm[a] - lift_dm[b]))
        a, a_aisle, a_foot_dm = b, b_aisle, b_foot_dm
    return total_dm


@njit()
def _aisle_at(aisle_x_dm: Whole, x_dm: int) -> int:
    at = lower_bound(aisle_x_dm, x_dm)
    return at if at < len(aisle_x_dm) and aisle_x_dm[at] == x_dm else -1


@njit()
def s_shape_order(
    aisle_x_dm: Whole,
    cross_y_dm: Whole,
    x_dm: Whole,
    y_dm: Whole,
    by_name: Index,
    points: int,
    keys: Whole,
    order: Index,
) -> None:
    """The stops 1 to points - 2 in the order of `heuristics.s_shape`; point 0 is the start, the last one the end.

    by_name (points - 2): the stops by name, which decides between picks of one height. keys (points) is memory. At
    most 64 blocks, 10,000 aisles and 100,000 stops: one whole number sorts by block, aisle, height and name.
    """
    stops = points - 2
    if stops == 0:
        return
    aisles, crosses = len(aisle_x_dm), len(cross_y_dm)
    blocks = max(1, crosses - 1)
    low_dm, high_dm = cross_y_dm[0], cross_y_dm[crosses - 1]
    to_low_dm = abs(y_dm[0] - low_dm) + abs(y_dm[points - 1] - low_dm)
    is_front_high = abs(y_dm[0] - high_dm) + abs(y_dm[points - 1] - high_dm) < to_low_dm
    left, right = aisles, -1
    for stop in range(1, points - 1):
        aisle = _nearest(aisle_x_dm, x_dm[stop])
        left, right = min(left, aisle), max(right, aisle)
    is_mirrored = abs(aisle_x_dm[right] - x_dm[0]) < abs(aisle_x_dm[left] - x_dm[0])
    first_aisle = aisles - 1 - right if is_mirrored else left
    for rank in range(stops):
        stop = by_name[rank]
        aisle = _nearest(aisle_x_dm, x_dm[stop])
        height_dm = _entry_dm(aisle_x_dm, cross_y_dm, x_dm[stop], y_dm[stop])
        block = min(max(lower_bound(cross_y_dm, height_dm + 1) - 1, 0), blocks - 1)
        aisle = aisles - 1 - aisle if is_mirrored else aisle
        block = blocks - 1 - block if is_front_high else block
        height_dm = -height_dm if is_front_high else height_dm
        keys[rank] = (((block << 14 | aisle) << 22 | (height_dm + (1 << 21))) << 17) | rank
    sort_keys(keys, stops)

    farthest = keys[stops - 1] >> 53
    start_dm = _entry_dm(aisle_x_dm, cross_y_dm, x_dm[0], y_dm[0])
    start_dm = -start_dm if is_front_high else start_dm
    given = 0
    for at in range(stops):
        key = keys[at]
        height_dm = ((key >> 17) & ((1 << 22) - 1)) - (1 << 21)
        if key >> 53 < farthest and (key >> 39) & ((1 << 14) - 1) == first_aisle and height_dm >= start_dm:
            order[given] = by_name[key & ((1 << 17) - 1)]
            given += 1
            keys[at] = -1
    left_over = 0
    for at in range(stops):
        if keys[at] >= 0:
            keys[left_over] = keys[at]
            left_over += 1

    aisle_now = first_aisle
    is_front = True
    high = left_over
    while high > 0:
        low = high
        while low > 0 and keys[low - 1] >> 53 == keys[high - 1] >> 53:
            low -= 1
        first, last = _aisle_of_key(keys[low]), _aisle_of_key(keys[high - 1])
        to_first_dm = abs(_x_of(aisle_x_dm, first, is_mirrored) - _x_of(aisle_x_dm, aisle_now, is_mirrored))
        to_last_dm = abs(_x_of(aisle_x_dm, last, is_mirrored) - _x_of(aisle_x_dm, aisle_now, is_mirrored))
        is_rightward = to_first_dm <= to_last_dm
        begin, end = low, high
        while begin < end:
            # One aisle: the leftmost or the rightmost that is left of the block.
            aisle_now = _aisle_of_key(keys[begin] if is_rightward else keys[end - 1])
            first_pick, last_pick = begin, end
            if is_rightward:
                while begin < end and _aisle_of_key(keys[begin]) == aisle_now:
                    begin += 1
                last_pick = begin
            else:
                while begin < end and _aisle_of_key(keys[end - 1]) == aisle_now:
                    end -= 1
                first_pick = end
            for at in range(last_pick - first_pick):
                key = keys[first_pick + at if is_front else last_pick - 1 - at]
                order[given] = by_name[key & ((1 << 17) - 1)]
                given += 1
            is_front = not is_front
        is_front = False
        high = low


@njit()
def _entry_dm(aisle_x_dm: Whole, cross_y_dm: Whole, x_dm: int, y_dm: int) -> int:
    return y_dm if _aisle_at(aisle_x_dm, x_dm) >= 0 else cross_y_dm[_nearest(cross_y_dm, y_dm)]


@njit()
def _aisle_of_key(key: int) -> int:
    return (key >> 39) & ((1 << 14) - 1)


@njit()
def _x_of(aisle_x_dm: Whole, aisle: int, is_mirrored: bool) -> int:
    x_dm: int = aisle_x_dm[len(aisle_x_dm) - 1 - aisle] if is_mirrored else aisle_x_dm[aisle]
    return x_dm
