"""The floor and the stops of one tour as columns of priced sub-aisles, for the sweep. Compiled, allocates nothing.

Owns where every stop hangs: on a crossing, inside a sub-aisle, in a dead end outside the outermost cross-aisles, or on
the spur of a bench outside the aisles. A bench gets a column of its own without an aisle; its spur and dead ends are
walked there and back whatever the tour does, so their length is a constant.
Invariant: a tour of the columns plus the constant is a tour of the floor of the same length, and the other way round.

On a plain floor an aisle without stops is left out unless a bench stands next to it: a stretch walked through it could
be moved sideways, never longer, until it lies in the aisle of a stop.
"""

from __future__ import annotations

from picking.compiling import njit
from picking.exact.kernel import ACTIONS, NEVER, Index, Small, Whole, price_sub_aisle

_COORDINATE_BITS = 22
_INDEX_BITS = 18
_SHIFT_DM = 1 << 21


@njit()
def sort_keys(keys: Whole, count: int) -> None:
    """In place. Shell sort: a tour has tens of stops, and nothing may be allocated."""
    step = 1
    while step < count // 3:
        step = 3 * step + 1
    while step > 0:
        for at in range(step, count):
            key = keys[at]
            to = at
            while to >= step and keys[to - step] > key:
                keys[to] = keys[to - step]
                to -= step
            keys[to] = key
        step //= 3


@njit()
def sort_points(x_dm: Whole, y_dm: Whole, points: int, sorted_y_dm: Whole, sorted_at: Whole, keys: Whole) -> None:
    """Points by x, then y, then number."""
    for at in range(points):
        keys[at] = (
            ((x_dm[at] + _SHIFT_DM) << (_COORDINATE_BITS + _INDEX_BITS)) | ((y_dm[at] + _SHIFT_DM) << _INDEX_BITS) | at
        )
    sort_keys(keys, points)
    for at in range(points):
        sorted_at[at] = keys[at] & ((1 << _INDEX_BITS) - 1)
        sorted_y_dm[at] = y_dm[sorted_at[at]]


@njit()
def lower_bound(ascending: Whole, value: int) -> int:
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) >> 1
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit()
def is_closed(closed: Whole, aisle: int, low_dm: int, high_dm: int) -> bool:
    """Whether a closed stretch lies between two heights of an aisle. `closed` has rows (aisle, from, to)."""
    for row in range(closed.shape[0]):
        if closed[row, 0] == aisle and closed[row, 1] < high_dm and closed[row, 2] > low_dm:
            return True
    return False


@njit()
def make_columns(
    aisle_x_dm: Whole,
    is_plain: bool,
    x_dm: Whole,
    points: int,
    sorted_at: Whole,
    column_x_dm: Whole,
    column_aisle: Index,
    first_point: Index,
) -> int:
    """The columns of a tour from left to right; `first_point` has one entry more, the end of the last column.

    At most one column for each different x of the points and two for each bench, or every aisle and one for each bench.
    """
    aisles = len(aisle_x_dm)
    columns = 0
    next_aisle = 0
    beside_bench = -1
    at = 0
    while at < points:
        x = x_dm[sorted_at[at]]
        nearest = lower_bound(aisle_x_dm, x)
        is_aisle = nearest < aisles and aisle_x_dm[nearest] == x
        # On a plain floor these two are the aisle after the last bench and the one before this bench.
        begin, end = next_aisle, nearest
        if is_plain:
            if 0 <= beside_bench < nearest:
                column_x_dm[columns] = aisle_x_dm[beside_bench]
                column_aisle[columns] = beside_bench
                first_point[columns] = at
                columns += 1
                next_aisle = beside_bench + 1
            begin = nearest if is_aisle else max(next_aisle, nearest - 1)
            beside_bench = -1 if is_aisle or nearest == aisles else nearest
        for aisle in range(begin, end):
            column_x_dm[columns] = aisle_x_dm[aisle]
            column_aisle[columns] = aisle
            first_point[columns] = at
            columns += 1
        next_aisle = nearest + 1 if is_aisle else nearest
        column_x_dm[columns] = x
        column_aisle[columns] = nearest if is_aisle else -1
        first_point[columns] = at
        columns += 1
        while at < points and x_dm[sorted_at[at]] == x:
            at += 1
    begin, end = (beside_bench, beside_bench + 1) if is_plain else (next_aisle, aisles)
    for aisle in range(max(begin, 0), end if begin >= 0 else 0):
        column_x_dm[columns] = aisle_x_dm[aisle]
        column_aisle[columns] = aisle
        first_point[columns] = points
        columns += 1
    first_point[columns] = points
    return columns


@njit()
def _hang(
    sorted_y_dm: Whole,
    sorted_at: Whole,
    low: int,
    high: int,
    foot_dm: int,
    last: int,
    column: int,
    cross: int,
    busy_dm: int,
    kinds: Small,
) -> int:
    """The constant walk of a dead end with points low to high; touches its crossing. `last` is the end's number in an
    open tour, -1 in a closed one."""
    deepest_dm = max(abs(sorted_y_dm[low] - foot_dm), abs(sorted_y_dm[high - 1] - foot_dm))
    ends = 0
    inner_dm = 0
    walk_dm = 2 * deepest_dm + busy_dm
    if last >= 0:
        for at in range(low, high):
            if sorted_at[at] == 0 or sorted_at[at] == last:
                ends += 1
                depth_dm = abs(sorted_y_dm[at] - foot_dm)
                inner_dm = depth_dm if ends == 1 else abs(inner_dm - depth_dm)
                if ends == 1 and sorted_at[at] == 0:
                    walk_dm -= busy_dm
    if ends == 2:
        walk_dm = 2 * deepest_dm + busy_dm
    kinds[column, cross] = _touched(kinds[column, cross], ends == 1)
    total_dm: int = walk_dm - inner_dm
    return total_dm


@njit()
def _touched(kind: int, is_end: bool) -> int:
    """0 free, 1 visited, 2 end; two ends of the tour on one crossing cancel out."""
    if is_end:
        return 1 if kind == 2 else 2
    return max(kind, 1)


@njit()
def price_columns(
    cross_y_dm: Whole,
    closed: Whole,
    busy_dm: Whole,
    direction: Small,
    last: int,
    columns: int,
    column_aisle: Index,
    first_point: Index,
    sorted_y_dm: Whole,
    sorted_at: Whole,
    heights_dm: Whole,
    is_blocked: Small,
    inside: Index,
    ends: Index,
    is_odd: Small,
    kinds: Small,
    price_dm: Whole,
    gap_at: Small,
) -> int:
    """Prices every sub-aisle and marks every crossing; the constant walk of dead ends and spurs, or NEVER.

    busy_dm and direction have one entry for each sub-aisle (block * aisles + aisle), or none on a plain floor. Writes
    inside (columns, blocks, 2): the points of the sub-aisle; ends (columns, blocks, 2): which of them, from 1, the tour
    starts or ends at; and the arrays of `kernel.sweep`. A one-way sub-aisle is walked whole or not at all; which way is
    left out, so that what comes of it is a lower bound.
    """
    crosses = len(cross_y_dm)
    blocks = max(1, crosses - 1)
    aisles = len(busy_dm) // blocks
    base_dm = 0
    for column in range(columns):
        at, end = first_point[column], first_point[column + 1]
        aisle = column_aisle[column]
        for cross in range(crosses):
            kinds[column, cross] = 0
        for cross in range(crosses):
            foot_dm = cross_y_dm[cross]
            low = at
            if aisle >= 0:
                while at < end and cross == 0 and sorted_y_dm[at] < foot_dm:
                    at += 1
            else:
                while at < end and sorted_y_dm[at] < foot_dm:
                    at += 1
            if at > low:
                if aisle >= 0 and is_closed(closed, aisle, sorted_y_dm[low], foot_dm):
                    return NEVER
                extra_dm = busy_dm[aisle] if aisle >= 0 and aisles else 0
                base_dm += _hang(
                    sorted_y_dm, sorted_at, low, at, foot_dm, last, column, cross, extra_dm, kinds
                )
            while at < end and sorted_y_dm[at] == foot_dm:
                is_end = last >= 0 and (sorted_at[at] == 0 or sorted_at[at] == last)
                kinds[column, cross] = _touched(kinds[column, cross], is_end)
                at += 1
            low = at
            if cross + 1 == crosses:
                at = end
            elif aisle >= 0:
                while at < end and sorted_y_dm[at] < cross_y_dm[cross + 1]:
                    at += 1
            else:
                while at < end and sorted_y_dm[at] - foot_dm <= cross_y_dm[cross + 1] - sorted_y_dm[at]:
                    at += 1
            if aisle < 0 or cross + 1 == crosses:
                if at > low:
                    if aisle >= 0 and is_closed(closed, aisle, foot_dm, sorted_y_dm[at - 1]):
                        return NEVER
                    extra_dm = busy_dm[(blocks - 1) * aisles + aisle] if aisle >= 0 and aisles else 0
                    base_dm += _hang(
                        sorted_y_dm, sorted_at, low, at, foot_dm, last, column, cross, extra_dm, kinds
                    )
                if cross + 1 < crosses:
                    is_odd[column, cross] = 0
                    inside[column, cross, 0] = inside[column, cross, 1] = at
                    for action in range(ACTIONS):
                        price_dm[column, cross, action] = NEVER
                    price_dm[column, cross, 0] = 0
                continue
            inside[column, cross, 0], inside[column, cross, 1] = low, at
            ends[column, cross, 0] = ends[column, cross, 1] = 0
            heights_dm[0] = foot_dm
            for point in range(low, at):
                heights_dm[point - low + 1] = sorted_y_dm[point]
                if last >= 0 and (sorted_at[point] == 0 or sorted_at[point] == last):
                    ends[column, cross, 1 if ends[column, cross, 0] else 0] = point - low + 1
            heights_dm[at - low + 1] = cross_y_dm[cross + 1]
            for j in range(at - low + 1):
                is_blocked[j] = is_closed(closed, aisle, heights_dm[j], heights_dm[j + 1])
            extra_dm = busy_dm[cross * aisles + aisle] if aisles else 0
            first_end, last_end = ends[column, cross, 0], ends[column, cross, 1]
            is_odd[column, cross] = 1 if first_end > 0 and last_end == 0 else 0
            price_sub_aisle(
                heights_dm, is_blocked, at - low, first_end, last_end, extra_dm,
                price_dm[column, cross], gap_at[column, cross],
            )  # fmt: skip
            if is_odd[column, cross] and sorted_at[low + first_end - 1] == last:
                base_dm += extra_dm
            if aisles and direction[cross * aisles + aisle] != 0 and first_end == 0:
                for action in range(3, ACTIONS):
                    price_dm[column, cross, action] = NEVER
    return base_dm


@njit()
def is_one_crossing(columns: int, crosses: int, kinds: Small, price_dm: Whole) -> bool:
    """Whether the tour is all dead ends of a single crossing: their walk is the constant, and no edge is needed."""
    touched = 0
    for column in range(columns):
        for cross in range(crosses):
            if kinds[column, cross] == 2 or (cross + 1 < crosses and price_dm[column, cross, 0] == NEVER):
                return False
            touched += kinds[column, cross]
    return touched == 1


@njit()
def is_one_line(
    aisle_x_dm: Whole,
    cross_y_dm: Whole,
    is_plain: bool,
    closed: Whole,
    direction: Small,
    x_dm: Whole,
    points: int,
    sorted_y_dm: Whole,
) -> bool:
    """Whether all points lie on one line that can be walked up and down, so that nothing is left to decide."""
    for at in range(1, points):
        if x_dm[at] != x_dm[0]:
            return False
    low_dm, high_dm = sorted_y_dm[0], sorted_y_dm[points - 1]
    crosses = len(cross_y_dm)
    aisle = lower_bound(aisle_x_dm, x_dm[0])
    if aisle == len(aisle_x_dm) or aisle_x_dm[aisle] != x_dm[0]:
        for cross in range(crosses - 1):
            is_low_nearer = low_dm - cross_y_dm[cross] <= cross_y_dm[cross + 1] - low_dm
            if is_low_nearer != (high_dm - cross_y_dm[cross] <= cross_y_dm[cross + 1] - high_dm):
                return False
        return True
    if is_plain or low_dm == high_dm:
        return True
    if is_closed(closed, aisle, low_dm, high_dm):
        return False
    if high_dm < cross_y_dm[0] or low_dm > cross_y_dm[crosses - 1]:
        return True
    for cross in range(crosses - 1):
        if cross_y_dm[cross] < low_dm and high_dm < cross_y_dm[cross + 1]:
            return bool(direction[cross * len(aisle_x_dm) + aisle] == 0)
    return False
