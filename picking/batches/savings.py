"""A first plan: join the two batches that save most walking together, again and again.

Owns the savings start of Clarke and Wright as used for batches (de Koster, van der Poort and Wolters, International
Journal of Production Research 37, 1999), at the exact cost. Refuses nothing. Invariant: every order in one batch,
every batch within the capacity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from picking.batches.columns import Columns, Floor, walk_length
from picking.compiling import njit


def savings_plan(columns: Columns) -> list[list[int]]:
    """Batches of order numbers, in milliseconds for a hundred orders."""
    joined = _joined(columns.floor, columns.start, columns.stops, columns.load, columns.capacity)
    return [np.flatnonzero(joined == number).tolist() for number in sorted(set(joined.tolist()))]


@njit(cache=True)
def _joined(floor: Floor, start: Any, stops: Any, load: Any, capacity: Any) -> Any:
    """For each order the number of its batch."""
    orders = len(stops)
    words = stops.copy()
    loads = load.copy()
    of = np.arange(orders)
    cost = np.zeros(orders, np.int64)
    saving = np.full((orders, orders), -1, np.int64)
    for one in range(orders):
        cost[one] = walk_length(floor, start | words[one])
    for one in range(orders):
        for other in range(one):
            if (loads[one] + loads[other] <= capacity).all():
                saving[one, other] = cost[one] + cost[other] - walk_length(floor, start | words[one] | words[other])
    while True:
        most = np.int64(-1)
        first = second = 0
        for one in range(orders):
            for other in range(one):
                if saving[one, other] > most:
                    most = saving[one, other]
                    first, second = one, other
        if most < 0:
            return of
        words[first] |= words[second]
        loads[first] += loads[second]
        cost[first] += cost[second] - most
        for order in range(orders):
            if of[order] == second:
                of[order] = first
            saving[max(second, order), min(second, order)] = -1
        for other in range(orders):
            if other == first or of[other] != other:
                continue
            high, low = max(first, other), min(first, other)
            if (loads[first] + loads[other] <= capacity).all():
                both = walk_length(floor, start | words[first] | words[other])
                saving[high, low] = cost[first] + cost[other] - both
            else:
                saving[high, low] = -1
