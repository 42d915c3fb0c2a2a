"""Shortest tours on a floor with one-way aisles: the sweep with flows instead of oddness. Compiled, allocates nothing.

With directions it is not enough that every crossing is left as often as it is entered, counted together: it has to hold
for what goes in and what comes out. So a state says of each cross-aisle how much more often it is walked to the right
than to the left (its flow), and which are joined. There is no table: flows can be large (ten aisles up and one down),
so the states that are met are kept in a hash table, and those that cannot be part of a tour within the bound the caller
gives are left out. Owns the flows, at most MOST_FLOW either way.
Invariant: a length is that of a shortest tour among those within the bound and MOST_FLOW; without one, none is.

Source: the sweep as in kernel.py; balance instead of parity is L. Euler's condition for directed graphs.
"""

from __future__ import annotations

from picking.compiling import njit
from picking.exact.kernel import Index, Small, Whole

MOST_FLOW = 15

NO_TOUR = -1
NO_ROOM = -2

_BIAS = 16
_DONE = 1 << 62
_LOWER, _UPPER, _JOINED = 1, 2, 4

# Columns of an option of one sub-aisle.
PRICE, BELOW, ABOVE, TOUCHES, FLOW, GAP = range(6)
OPTIONS = 4 * (2 * MOST_FLOW + 1)


@njit()
def options_of(
    heights_dm: Whole,
    is_blocked: Small,
    points: int,
    source_at: int,
    sink_at: int,
    direction: int,
    busy_dm: int,
    most_flow: int,
    options: Whole,
) -> int:
    """What can be done in one sub-aisle: rows (price, change of the lower balance, of the upper, touches, flow at the
    lower end, stretch left out or -1); how many. heights_dm as in `kernel.price_sub_aisle`; source_at and sink_at are
    the points (from 1) where the tour starts and ends, 0 for none.
    """
    count = 0
    for flow in range(-most_flow, most_flow + 1):
        walk_dm = 0
        idle_dm = 0
        idle, blocked, blocked_at, only_idle = 0, 0, -1, -1
        now = flow
        is_possible = True
        for j in range(points + 1):
            if j > 0:
                now += 1 if j == source_at else 0
                now -= 1 if j == sink_at else 0
            length_dm = heights_dm[j + 1] - heights_dm[j]
            if now == 0:
                idle += 1
                only_idle = j
                idle_dm += 2 * length_dm
                if is_blocked[j]:
                    blocked += 1
                    blocked_at = j
            else:
                walk_dm += abs(now) * length_dm
                if is_blocked[j] or now * direction < 0:
                    is_possible = False
        top = now
        if not is_possible or blocked > 1 or (direction != 0 and idle > 1):
            continue
        # Flow zero is walked there and back, but for at most one stretch: two would leave a piece without a crossing.
        entries_dm = busy_dm * (max(flow, 0) + max(-top, 0))
        if blocked == 0 and (direction == 0 or idle == 0):
            both_dm = busy_dm * ((1 if flow == 0 else 0) + (1 if top == 0 else 0))
            options[count, PRICE] = walk_dm + idle_dm + entries_dm + both_dm
            options[count, BELOW], options[count, ABOVE] = -flow, top
            options[count, TOUCHES] = _LOWER | _UPPER | _JOINED
            options[count, FLOW], options[count, GAP] = flow, -1
            count += 1
        if idle == 0:
            continue
        best_inner = -1
        now = flow
        for j in range(points + 1):
            if j > 0:
                now += 1 if j == source_at else 0
                now -= 1 if j == sink_at else 0
            if now != 0 or (blocked == 1 and j != blocked_at) or (direction != 0 and j != only_idle):
                continue
            gap_dm = heights_dm[j + 1] - heights_dm[j]
            price_dm = walk_dm + idle_dm - 2 * gap_dm + entries_dm
            touches = (0 if j == 0 else _LOWER) | (0 if j == points else _UPPER)
            price_dm += busy_dm if flow == 0 and j != 0 else 0
            price_dm += busy_dm if top == 0 and j != points else 0
            at = count
            if 0 < j < points:
                if best_inner >= 0 and options[best_inner, PRICE] <= price_dm:
                    continue
                at = count if best_inner < 0 else best_inner
                best_inner = at
            options[at, PRICE] = price_dm
            options[at, BELOW], options[at, ABOVE] = -flow, top
            options[at, TOUCHES] = touches
            options[at, FLOW], options[at, GAP] = flow, j
            count = max(count, at + 1)
    return count


@njit()
def _unpack(key: int, crosses: int, labels: Whole, balances: Whole) -> None:
    for cross in range(crosses):
        byte = (key >> (8 * cross)) & 255
        labels[cross] = byte >> 5
        balances[cross] = (byte & 31) - _BIAS if byte else 0


@njit()
def _pack(crosses: int, labels: Whole, balances: Whole, names: Whole) -> int:
    """The state as one number, its components numbered from the lowest cross-aisle; -1 for too much flow."""
    for label in range(16):
        names[label] = 0
    given = 0
    key = 0
    for cross in range(crosses):
        label = labels[cross]
        if label:
            if not names[label]:
                given += 1
                names[label] = given
            if abs(balances[cross]) > MOST_FLOW:
                return -1
            key |= (names[label] << 5 | (balances[cross] + _BIAS)) << (8 * cross)
    return key


@njit()
def _keep(
    key: int,
    cost_dm: int,
    parent: int,
    choice: int,
    begin: int,
    count: int,
    keys: Whole,
    costs: Whole,
    parents: Index,
    choices: Small,
    table: Index,
) -> int:
    """Puts a state into the stage that begins at `begin`; the number of states afterwards, NO_ROOM without room."""
    mask = len(table) - 1
    slot = (key ^ (key >> 17) ^ (key >> 31)) * 2654435761 & mask
    while True:
        at = table[slot]
        # What an earlier stage left behind counts as free.
        if at < begin or at >= count:
            break
        if keys[at] == key:
            if cost_dm < costs[at]:
                costs[at], parents[at], choices[at] = cost_dm, parent, choice
            return count
        slot = (slot + 1) & mask
    if count == len(keys):
        return NO_ROOM
    table[slot] = count
    keys[count], costs[count], parents[count], choices[count] = key, cost_dm, parent, choice
    return count + 1


@njit()
def sweep_flows(
    crosses: int,
    columns: int,
    next_dm: Whole,
    is_aisle: Index,
    options: Whole,
    option_counts: Index,
    kinds: Small,
    sources: Small,
    most_flow: int,
    rest_dm: Whole,
    bound_dm: int,
    small: Whole,
    keys: Whole,
    costs: Whole,
    parents: Index,
    choices: Small,
    table: Index,
    stage_begin: Index,
) -> int:
    """Length of the shortest tour within bound_dm, NO_TOUR or NO_ROOM.

    options (columns * blocks, OPTIONS, 6) and option_counts (columns * blocks) from `options_of`; kinds (columns,
    crosses) and sources (columns, crosses): +1 where the tour starts on a crossing, -1 where it ends; most_flow: of any
    stretch of a cross-aisle; rest_dm: what the
    stages after each one cost at least. keys, costs, parents and choices are the room for states; table is a power of
    two long, at least twice theirs; stage_begin one longer than the stages. small (3, 16) is memory.
    """
    blocks = crosses - 1
    labels, balances, names = small[0], small[1], small[2]
    for slot in range(len(table)):
        table[slot] = -1
    keys[0], costs[0], parents[0], choices[0] = 0, 0, -1, 0
    stage_begin[0] = 0
    begin, count = 0, 1
    stage = 0
    for column in range(columns):
        for block in range(blocks):
            if is_aisle[column] < 0:
                continue
            row = column * blocks + block
            end = count
            for state in range(begin, end):
                for option in range(option_counts[row]):
                    cost_dm = costs[state] + options[row, option, PRICE]
                    if cost_dm + rest_dm[stage + 1] > bound_dm:
                        continue
                    touches = options[row, option, TOUCHES]
                    if touches == 0:
                        key = keys[state]
                        count = _keep(key, cost_dm, state, option, end, count, keys, costs, parents, choices, table)
                    elif keys[state] != _DONE:
                        _unpack(keys[state], crosses, labels, balances)
                        if touches & _LOWER:
                            if not labels[block]:
                                labels[block] = 8
                            balances[block] += options[row, option, BELOW]
                        if touches & _UPPER:
                            if not labels[block + 1]:
                                labels[block + 1] = 9
                            balances[block + 1] += options[row, option, ABOVE]
                        if touches & _JOINED:
                            joined = labels[block + 1]
                            for cross in range(crosses):
                                if labels[cross] == joined:
                                    labels[cross] = labels[block]
                        key = _pack(crosses, labels, balances, names)
                        if key >= 0:
                            count = _keep(key, cost_dm, state, option, end, count, keys, costs, parents, choices, table)
                    if count < 0:
                        return NO_ROOM
            begin = end
            stage += 1
            stage_begin[stage] = begin
        for cross in range(crosses):
            end = count
            for state in range(begin, end):
                if keys[state] == _DONE:
                    if kinds[column, cross] == 0:
                        count = _keep(_DONE, costs[state], state, 0, end, count, keys, costs, parents, choices, table)
                    if count < 0:
                        return NO_ROOM
                    continue
                for is_double in range(2):
                    if is_double and column + 1 == columns:
                        continue
                    _unpack(keys[state], crosses, labels, balances)
                    if sources[column, cross] != 0:
                        if not labels[cross]:
                            labels[cross] = 8
                        balances[cross] += sources[column, cross]
                    flow = balances[cross]
                    label = labels[cross]
                    if flow != 0:
                        if is_double or column + 1 == columns or abs(flow) > most_flow:
                            continue
                    elif is_double:
                        if not label:
                            if kinds[column, cross] == 0:
                                continue
                            labels[cross] = 8
                    else:
                        if not label and kinds[column, cross] != 0:
                            continue
                        labels[cross] = 0
                    key = _pack(crosses, labels, balances, names)
                    if key < 0:
                        continue
                    if label and not labels[cross]:
                        is_left = False
                        for other in range(crosses):
                            is_left = is_left or labels[other] == label
                        if not is_left:
                            if key != 0:
                                continue
                            key = _DONE
                    cost_dm = costs[state] + (2 if is_double else abs(flow)) * next_dm[column]
                    if cost_dm + rest_dm[stage + 1] <= bound_dm:
                        count = _keep(key, cost_dm, state, is_double, end, count, keys, costs, parents, choices, table)
                        if count < 0:
                            return NO_ROOM
            begin = end
            stage += 1
            stage_begin[stage] = begin
    stage_begin[stage + 1] = count
    for state in range(begin, count):
        if keys[state] == _DONE:
            found_dm: int = costs[state]
            return found_dm
    return NO_TOUR
