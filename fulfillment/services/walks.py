"""One walk on the floor plan: the shortest tour to the nearest drop point, and what is left of it at each stop.

Owns nothing; it asks `picking` and never waits past the limit it is given. Invariant: lengths are of the floor as it
is walked, without what a busy sub-aisle was counted for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fulfillment.services.floor_plan import FloorPlan
from picking import FieldError, Layout, Spot, Tour, TourProblem, Walkways, out_of_reach, plan_tour, walk_dm

NO_WAY_DM = 10**12


@dataclass(frozen=True)
class Walk:
    """A tour and where it ends."""

    tour: Tour
    end: Spot


def shortest(plan: FloorPlan, start: Spot, stops: Sequence[Spot], time_limit_ms: int, seed: int) -> Walk:
    """The shortest walk from `start` over all stops to whichever drop point is best; the limit is for all of them.

    Raises:
        FieldError: no walk leads over all stops to any of them.
    """
    share_ms = max(1, time_limit_ms // len(plan.drops))
    walks: list[Walk] = []
    refused: FieldError | None = None
    for end in plan.drops:
        try:
            walks.append(Walk(_tour(plan, start, end, stops, share_ms, seed), end))
        except FieldError as error:
            refused = error  # this one lies behind something closed; another may do
    if refused is not None and not walks:
        raise refused
    return min(walks, key=lambda walk: walk.tour.distance_dm)


def lost(plan: FloorPlan, start: Spot, spots: Sequence[Spot]) -> set[int]:
    """The numbers of the spots no walk from `start` can visit on its way to the drop point that serves most of them;
    `len(spots)` is among them where there is no way to that either."""
    found = [{at for at, _ in _out_of_reach(plan.layout, start, spots, end)} for end in plan.drops]
    return min(found, key=len)


def walk_lefts(
    plan: FloorPlan, start: Spot, sequence: Sequence[Spot], end: Spot, before: Sequence[Spot | None] = ()
) -> list[int]:
    """For each stop: the walk from the stop before over it to the end; the first one's is the whole.

    `before`: for each stop a place that is passed on the way to it, None = none.
    """
    vias = [*(before or (None for _ in sequence)), None]
    legs = [
        length_dm(plan, [first, via, second] if via else [first, second])
        for via, (first, second) in zip(vias, pairwise([start, *sequence, end]), strict=True)
    ]
    return [sum(legs[at:]) for at in range(len(sequence))]


def length_dm(plan: FloorPlan, spots: Sequence[Spot]) -> int:
    """The walk through these spots in this order."""
    return _walk_dm(plan, unhindered(plan.layout), spots)


def walked_dm(plan: FloorPlan, spots: Sequence[Spot]) -> int:
    """The walk through these spots as others make it longer; beyond everything where a leg cannot be walked."""
    try:
        return _walk_dm(plan, plan.layout, spots)
    except FieldError:
        return NO_WAY_DM


def unhindered(layout: Layout | Walkways) -> Layout | Walkways:
    """The layout without anybody else on it: what busy sub-aisles were counted for is no walk."""
    return layout if isinstance(layout, Walkways) or not layout.busy_dm else replace(layout, busy_dm=())


def _tour(plan: FloorPlan, start: Spot, end: Spot, stops: Sequence[Spot], time_limit_ms: int, seed: int) -> Tour:
    climb_dm, reach = plan.level_climb_dm, plan.reach_level
    if isinstance(plan.layout, Walkways):
        return plan.layout.tour(start, end, stops, time_limit_ms, seed, climb_dm, reach)
    return plan_tour(TourProblem(plan.layout, start, end, tuple(stops), climb_dm, reach), time_limit_ms, seed)


def _walk_dm(plan: FloorPlan, layout: Layout | Walkways, spots: Sequence[Spot]) -> int:
    if isinstance(layout, Walkways):
        return layout.walk_dm(spots, plan.level_climb_dm, plan.reach_level)
    return walk_dm(layout, spots, plan.level_climb_dm, plan.reach_level)


def _out_of_reach(
    layout: Layout | Walkways, start: Spot, stops: Sequence[Spot], end: Spot
) -> list[tuple[int, str]]:  # fmt: skip
    if isinstance(layout, Walkways):
        return layout.out_of_reach(start, stops, end)
    return out_of_reach(layout, start, stops, end)
