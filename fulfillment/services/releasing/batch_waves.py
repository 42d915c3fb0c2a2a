"""A wave picked in batches: which orders go together to a put wall, and in which shared totes their units ride.

`picking` chooses the orders of a batch: as many as the wall has slots and a cart's totes have room for. Owns how those
orders' lines fill the totes: along the walk, what lies in one place into one tote where it fits. Invariant: every
piece is in one tote of one tour, and no tour has more totes than the cart has places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.walking import tour_ends
from fulfillment.services.walking.floor_plan import FloorPlan
from picking import (
    BatchPlan,
    BatchProblem,
    ClusterTote,
    Mode,
    ModeProblem,
    PackedTote,
    PickLine,
    PickOrder,
    Spot,
    TourProblem,
    Walkways,
    pack_totes,
    plan_batches,
    price,
    s_shape,
)

Load = tuple[tuple[ClusterTote, ...], tuple[Spot, ...]]
"""What rides on one cart, an entry for each order's part of a tote, and where the cart stops."""

COMPARED_MS = 500
ALONG_MS = 20
"""The longest the walk a floor of walkways fills its totes along is searched for."""


def planned(picks: WavePicks, plan: FloorPlan, wall_slots: int) -> tuple[BatchPlan, list[Load]]:
    """The carts of a batch wave; and the same orders a tote each, for what their walk is compared with."""
    start, end = plan.start, tour_ends.likely(plan, picks.orders)[0]
    problem = BatchProblem(plan.layout, start, end, picks.cart, picks.orders)
    apart = plan_batches(problem, COMPARED_MS, proposals=0)
    together = ModeProblem(plan.layout, start, end, picks.cart, picks.orders, wall_slots=wall_slots)
    orders = {order.order_id: order for order in picks.orders}
    loads = [
        load
        for batch in price(together, Mode.BATCH).batches
        for load in _loads([orders[order_id] for order_id in batch.order_ids], picks, plan, end)
    ]
    # Several orders' units taken at one stop walk less than what is a bound for carts of a tote an order.
    return replace(apart, lower_bound_dm=tour_ends.least_shared_dm(plan, picks.orders)), loads


def _loads(orders: Sequence[PickOrder], picks: WavePicks, plan: FloorPlan, end: Spot) -> Iterator[Load]:
    lines = [line for order in orders for line in order.lines]
    spots = tuple({line.spot.name: line.spot for line in lines}.values())
    if isinstance(plan.layout, Walkways):
        walk = plan.layout.tour(plan.start, end, spots, ALONG_MS).sequence
    else:
        walk = s_shape(TourProblem(plan.layout, plan.start, end, spots)).sequence
    at = {spot.name: number for number, spot in enumerate(walk)}

    def on_the_way(line: PickLine) -> tuple[int, int, str]:
        _, item_id, _ = picks.keys[line.line_id]
        return at[line.spot.name], item_id, line.line_id

    cart = picks.cart
    totes = pack_totes(sorted(lines, key=on_the_way), cart.tote_volume_ml, cart.tote_weight_g)
    for first in range(0, len(totes), cart.positions):
        on_cart = totes[first : first + cart.positions]
        parts = tuple(
            part for position, tote in enumerate(on_cart, start=1) for part in _by_order(position, tote, picks)
        )
        stops = {pick.spot.name: pick.spot for tote in on_cart for pick in tote.picks}
        yield parts, tuple(stops.values())


def _by_order(position: int, tote: PackedTote, picks: WavePicks) -> Iterator[ClusterTote]:
    """A tote as the parts of it that are one order's."""

    def order_of(pick: object) -> int:
        return picks.keys[pick.line_id][0]  # type: ignore[attr-defined]

    for order_id, its_picks in groupby(sorted(tote.picks, key=order_of), key=order_of):
        yield ClusterTote(position, str(order_id), replace(tote, picks=tuple(its_picks)))
