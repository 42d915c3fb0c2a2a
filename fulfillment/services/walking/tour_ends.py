"""Which of several drop points a wave's carts are filled for, and what can be reached when any of them will do.

Each tour ends where it is shortest (`walks.shortest`); which orders ride together has to be decided for one end. Owns
that choice, and that of no two together: the ends that single orders would choose most often are tried, and what its
carts really walk decides; and how little carts that end anywhere can walk.
Invariant: with one drop point nothing is tried, and the answer is what `picking` says for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import length_dm, shortest
from picking import Batch, BatchPlan, BatchProblem, FieldError, PickOrder, Spot, exchanged, plan_batches

ENDS_TRIED = 3
ORDERS_ASKED = 100
TOUR_MS = 5
ALONE_MS = 20


def likely(plan: FloorPlan, orders: Sequence[PickOrder]) -> list[Spot]:
    """The drop points, those first at which most of these orders would end if each were walked by itself."""
    if len(plan.drops) == 1:
        return list(plan.drops)
    votes: Counter[str] = Counter()
    for order in orders[:: max(1, len(orders) // ORDERS_ASKED)]:
        spots = list({line.spot.name: line.spot for line in order.lines}.values())
        try:
            votes[shortest(plan, plan.start, spots, TOUR_MS, 0).end.name] += 1
        except FieldError:
            continue  # behind something closed: it says nothing about where to end
    return sorted(plan.drops, key=lambda drop: -votes[drop.name])


def carts(plan: FloorPlan, picks: WavePicks, limit_ms: int, seed: int) -> BatchPlan:
    """Which orders ride together, for the end at which the carts then walk least; the limit is for all ends, and
    again for what the order of the stops costs, which that search does not know."""
    ends = likely(plan, picks.orders)[:ENDS_TRIED]
    plans = [
        plan_batches(BatchProblem(plan.layout, plan.start, end, picks.cart, picks.orders), limit_ms // len(ends), seed)
        for end in ends
    ]
    best = plans[0]
    if len(plans) > 1:
        best = min(plans, key=lambda one: sum(_walked_dm(plan, batch.stops) for batch in one.batches))
    is_in_order = len({*picks.ranks(plan, (line for order in picks.orders for line in order.lines)).values()}) > 1
    if not is_in_order:
        return best
    return exchanged(best, lambda batch: _in_order_dm(plan, picks, batch), limit_ms, seed)


def alone(plan: FloorPlan, picks: WavePicks) -> BatchPlan:
    """Each order by itself; one that is more than a cart takes has several carts."""
    end = likely(plan, picks.orders)[0]
    as_came = plan_batches(BatchProblem(plan.layout, plan.start, end, picks.cart, picks.orders), 0, proposals=0)
    plans = [
        plan_batches(BatchProblem(plan.layout, plan.start, end, picks.cart, (order,)), ALONE_MS, proposals=0)
        for order in picks.orders
    ]
    batches = tuple(batch for one in plans for batch in one.batches)
    bound_dm = sum(one.lower_bound_dm for one in plans)
    return replace(as_came, batches=batches, lower_bound_dm=bound_dm)


def _in_order_dm(plan: FloorPlan, picks: WavePicks, batch: Batch) -> int:
    ranks = picks.ranks_of(plan, batch.totes)
    return shortest(plan, plan.start, batch.stops, TOUR_MS * len(plan.drops), 0, ranks).tour.distance_dm


def least_dm(plan: FloorPlan, orders: Sequence[PickOrder], positions: int) -> int:
    """A walk no carts of `positions` totes can stay below, wherever each of them ends; for totes of one order each.

    An order's farthest stop is in one of its totes, and whichever cart has that tote walks there and on to a drop
    point. Carts filled in the order of those walks, longest first, have the least sum of their longest ones.
    """
    there_dm: dict[Spot, int] = {}
    for order in orders:
        for line in order.lines:
            if line.spot not in there_dm:
                there_dm[line.spot] = _there_dm(plan, line.spot)
    farthest = (max(there_dm[line.spot] for line in order.lines) for order in orders if order.lines)
    return sum(sorted(farthest, reverse=True)[::positions])


def least_shared_dm(plan: FloorPlan, orders: Sequence[PickOrder]) -> int:
    """The same for totes that several orders share, as at a put wall, however many carts there are.

    Whichever cart makes the farthest stop walks there and on to a drop point. Where every cart ends where it began
    all their walks, one after the other, are one over all stops, and no such walk is shorter than the shortest.
    """
    spots = list({line.spot.name: line.spot for order in orders for line in order.lines}.values())
    least = max((_there_dm(plan, spot) for spot in spots), default=0)
    if not spots or any(plan.place(end) != plan.place(plan.start) for end in plan.drops):
        return least
    try:
        whole = shortest(replace(plan, level_climb_dm=0), plan.start, spots, TOUR_MS, 0).tour
    except FieldError:
        return least  # part of it lies behind something closed
    return max(least, whole.lower_bound_dm)


def _there_dm(plan: FloorPlan, spot: Spot) -> int:
    # Without the climb: a tour climbs once for several bins of a level.
    flat, found = replace(plan, level_climb_dm=0), []
    for end in plan.drops:
        try:
            found.append(length_dm(flat, [plan.start, spot, end]))
        except FieldError:
            continue  # one end may lie behind something closed; where all do nothing is proven
    return min(found, default=0)


def _walked_dm(plan: FloorPlan, stops: Sequence[Spot]) -> int:
    return shortest(plan, plan.start, stops, TOUR_MS, 0).tour.distance_dm
