"""One walk on the floor plan: the shortest tour to the nearest drop point, and what is left of it at each stop.

Owns nothing; it asks `picking` and never waits past the limit it is given. Invariant: a walk's length is that of its
stops in their order on the floor as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fulfillment.services.walking.floor_plan import FloorPlan
from picking import (
    FieldError,
    GraphProblem,
    Layout,
    Spot,
    Tour,
    TourProblem,
    Walkways,
    Window,
    out_of_reach,
    plan_graph_tour,
    plan_tour,
    walk_dm,
)

NO_WAY_DM = 10**12
FREE_SHARE = 4
"""Of the limit of a walk with ranks, or zone by zone, a fourth is for what it would be without: it is the quicker."""
LEAST_SEARCH_MS = 50  # with less the nearest stop comes first, whenever it closes


@dataclass(frozen=True)
class Walk:
    """A tour and where it ends; `free_dm`: what it would be if its stops had no ranks (0 = they have none)."""

    tour: Tour
    end: Spot
    free_dm: int = 0


@dataclass(frozen=True)
class Deadlines:
    """Until when places can be entered, in ms from now and by name, and how fast a picker is."""

    latest_ms: Mapping[str, int]
    walk_mm_per_s: int
    stop_ms: int

    def after(self, walked_dm: int) -> Deadlines:
        """The same for who has still so far to walk to where the tour begins, and makes a stop there."""
        passed_ms = walked_dm * 100 * 1000 // self.walk_mm_per_s + self.stop_ms
        return replace(self, latest_ms={name: max(0, at_ms - passed_ms) for name, at_ms in self.latest_ms.items()})


def shortest(
    plan: FloorPlan, start: Spot, stops: Sequence[Spot], time_limit_ms: int, seed: int,
    ranks: Mapping[str, int] | None = None, deadlines: Deadlines | None = None,
) -> Walk:  # fmt: skip
    """The shortest walk from `start` over all stops to whichever drop point is best; the limit is for all of it.

    `ranks`: by a stop's name; no stop of a higher rank comes before one of a lower. `deadlines`: places to come to
    before they are closed, as far as that can be done.

    Raises:
        FieldError: no walk leads over all stops to any of them.
    """
    # With ranks the walk without them is looked for as well, to say what they cost.
    free_ms = time_limit_ms // FREE_SHARE if ranks else 0
    share_ms = max(1, (time_limit_ms - free_ms) // len(plan.drops))
    walks: list[Walk] = []
    refused: FieldError | None = None
    for end in plan.drops:
        try:
            walks.append(Walk(_tour(plan, start, end, stops, ranks or {}, deadlines, share_ms, seed), end))
        except FieldError as error:
            refused = error  # this one lies behind something closed; another may do
    if refused is not None and not walks:
        raise refused
    best = min(walks, key=lambda walk: walk.tour.distance_dm)
    if not ranks:
        return best
    free_dm = shortest(plan, start, stops, free_ms, seed).tour.distance_dm
    return replace(best, free_dm=min(free_dm, best.tour.distance_dm))


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
    return _walk_dm(plan, spots)


def walked_dm(plan: FloorPlan, spots: Sequence[Spot]) -> int:
    """The walk through these spots in this order; beyond everything where a leg cannot be walked."""
    try:
        return _walk_dm(plan, spots)
    except FieldError:
        return NO_WAY_DM


def _tour(
    plan: FloorPlan, start: Spot, end: Spot, stops: Sequence[Spot], ranks: Mapping[str, int],
    deadlines: Deadlines | None, time_limit_ms: int, seed: int,
) -> Tour:  # fmt: skip
    if isinstance(plan.layout, Walkways):
        # No deadlines: hours close a walkway, and no goods lie within one.
        return plan.layout.tour(
            start, end, stops, time_limit_ms, seed, plan.level_climb_dm, plan.reach_level, ranks
        )  # fmt: skip
    asked = _problem(plan, plan.layout, start, end, stops, ranks)
    return _in_time(asked, deadlines, time_limit_ms, seed) if deadlines else plan_tour(asked, time_limit_ms, seed)


def _in_time(asked: TourProblem, deadlines: Deadlines, time_limit_ms: int, seed: int) -> Tour:
    """Whoever would come too late to a place all the same is planned again when it is closed."""
    windows = tuple(
        Window(stop.name, 0, deadlines.latest_ms[stop.name])
        for stop in asked.distinct_stops
        if stop.name in deadlines.latest_ms
    )
    problem = GraphProblem(
        asked.layout, asked.start, asked.end, asked.stops, ranks=asked.ranks, windows=windows,
        walking_mm_per_s=deadlines.walk_mm_per_s, stop_ms=deadlines.stop_ms,
        level_penalty_dm=asked.level_penalty_dm, reach_level=asked.reach_level,
    )  # fmt: skip
    return plan_graph_tour(problem, max(time_limit_ms, LEAST_SEARCH_MS), seed)


def _problem(
    plan: FloorPlan, layout: Layout, start: Spot, end: Spot, stops: Sequence[Spot], ranks: Mapping[str, int]
) -> TourProblem:
    ranked = tuple((name, ranks[name]) for name in sorted({stop.name for stop in stops} & set(ranks)))
    return TourProblem(layout, start, end, tuple(stops), plan.level_climb_dm, plan.reach_level, ranked)


def _walk_dm(plan: FloorPlan, spots: Sequence[Spot]) -> int:
    layout = plan.layout
    if isinstance(layout, Walkways):
        return layout.walk_dm(spots, plan.level_climb_dm, plan.reach_level)
    return walk_dm(layout, spots, plan.level_climb_dm, plan.reach_level)


def _out_of_reach(
    layout: Layout | Walkways, start: Spot, stops: Sequence[Spot], end: Spot
) -> list[tuple[int, str]]:  # fmt: skip
    if isinstance(layout, Walkways):
        return layout.out_of_reach(start, stops, end)
    return out_of_reach(layout, start, stops, end)
