"""Carts that meet in a narrow aisle, and tours that walk round each other.

Owns when a cart is expected in which sub-aisle, and what a meeting is counted for. It refuses nothing a layout
allows. Invariant: the tour it gives is never worse than the shortest one by walk plus meetings times their cost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from picking.errors import FieldError, check_whole
from picking.layout import FARTHEST_DM, Layout, Spot
from picking.problem import TourProblem
from picking.ranked import keeps_ranks
from picking.result import Tour
from picking.solver import plan_tour
from picking.ways import Point, Way, way_length_dm, ways

USUAL_MEETING_DM = 60
"""What stepping aside for another cart costs, said in walk: some five seconds."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast pickers walk, and what they spend at a stop."""

    walking_mm_per_s: int = 1200
    stop_ms: int = 12_000

    def __post_init__(self) -> None:
        check_whole("walking_mm_per_s", self.walking_mm_per_s, 100, 10_000)
        check_whole("stop_ms", self.stop_ms, 0, 3_600_000)

    def ms(self, walk_dm: int) -> int:
        return walk_dm * 100_000 // self.walking_mm_per_s


@dataclass(frozen=True, slots=True, order=True)
class Visit:
    """A cart is expected in a sub-aisle from one moment until another."""

    aisle: int
    block: int
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Avoiding:
    """`walk_dm` is the walk of `sequence` alone; the shortest tour would walk `shortest_dm`, meeting that often."""

    tour: Tour
    sequence: tuple[Spot, ...]
    walk_dm: int
    meetings: int
    shortest_dm: int
    shortest_meetings: int
    visits: tuple[Visit, ...]

    def summary(self) -> str:
        return (
            f"{self.walk_dm / 10:.1f} m and {_times(self.meetings)} in an aisle with another cart"
            f" (shortest {self.shortest_dm / 10:.1f} m and {_times(self.shortest_meetings)})"
        )


def visits(
    layout: Layout, start: Spot, sequence: Sequence[Spot], end: Spot, pace: Pace, began_ms: int = 0
) -> tuple[Visit, ...]:
    """When a cart that leaves the start at began_ms is in which sub-aisle, in the order it gets there."""
    return _visits(layout, ways(layout, (start, *sequence, end)), sequence, pace, began_ms)


def meetings(mine: Iterable[Visit], others: Iterable[Visit]) -> int:
    """How often somebody else is in a sub-aisle during a visit, each of them counted."""
    by_place = _by_sub_aisle(others)
    return sum(_met_during(visit, by_place) for visit in mine)


def busy_dm(
    others: Iterable[Visit], from_ms: int, until_ms: int, meeting_dm: int = USUAL_MEETING_DM
) -> tuple[tuple[int, int, int], ...]:
    """For a layout: every sub-aisle another cart is expected in meanwhile, with the cost of its meetings."""
    carts: dict[tuple[int, int], int] = {}
    for visit in others:
        if visit.from_ms < until_ms and from_ms < visit.until_ms:
            carts[visit.aisle, visit.block] = carts.get((visit.aisle, visit.block), 0) + 1
    return tuple((*where, min(count * meeting_dm, FARTHEST_DM)) for where, count in sorted(carts.items()))


def avoid(
    problem: TourProblem,
    others: Sequence[Visit],
    pace: Pace,
    began_ms: int = 0,
    meeting_dm: int = USUAL_MEETING_DM,
    rounds: int = 4,
    time_limit_ms: int = 100,
    seed: int = 0,
) -> Avoiding:
    """The tour with the least walk plus meetings: the shortest one, it backwards, and tours planned round the
    sub-aisles where those before would meet somebody, at most `rounds` of them.
    """
    check_whole("rounds", rounds, 0, 100)
    check_whole("meeting_dm", meeting_dm, 0, FARTHEST_DM)
    by_place = _by_sub_aisle(others)
    free = replace(problem.layout, busy_dm=())
    share_ms = max(1, time_limit_ms // (rounds + 1))
    ranks = dict(problem.ranks)
    costs: dict[tuple[int, int], int] = {}
    found: list[Avoiding] = []
    for _ in range(rounds + 1):
        busy = tuple((*where, cost_dm) for where, cost_dm in sorted(costs.items()))
        asked = replace(problem, layout=replace(free, busy_dm=busy))
        tour = plan_tour(asked, share_ms, seed)
        met: dict[tuple[int, int], int] = {}
        for sequence in (tour.sequence, tour.sequence[::-1]):
            if not keeps_ranks(ranks, sequence):
                continue
            walk = _walked(asked, tour, sequence, by_place, pace, began_ms)
            if walk is None:
                continue
            found.append(walk)
            for visit in walk.visits:
                count = _met_during(visit, by_place)
                if count:
                    where = visit.aisle, visit.block
                    met[where] = max(met.get(where, 0), min(count * meeting_dm, FARTHEST_DM))
        if all(costs.get(where, 0) >= cost_dm for where, cost_dm in met.items()):
            break
        costs |= met
    best = min(found, key=lambda walk: (walk.walk_dm + walk.meetings * meeting_dm, walk.walk_dm))
    return replace(best, shortest_dm=found[0].walk_dm, shortest_meetings=found[0].meetings)


def _walked(
    asked: TourProblem,
    tour: Tour,
    sequence: tuple[Spot, ...],
    others: Mapping[tuple[int, int], Sequence[Visit]],
    pace: Pace,
    began_ms: int,
) -> Avoiding | None:
    """The sequence as it would be walked, or None where one-way aisles do not let it."""
    try:
        legs = ways(asked.layout, (asked.start, *sequence, asked.end))
    except FieldError:
        return None
    mine = _visits(asked.layout, legs, sequence, pace, began_ms)
    walk_dm = sum(way_length_dm(leg) for leg in legs) + asked.lifted_dm(sequence)
    met = sum(_met_during(visit, others) for visit in mine)
    return Avoiding(tour, sequence, walk_dm, met, walk_dm, met, mine)


def _visits(
    layout: Layout, legs: Sequence[Way], sequence: Sequence[Spot], pace: Pace, began_ms: int
) -> tuple[Visit, ...]:
    found: list[Visit] = []

    def stay(where: tuple[int, int] | None, from_ms: int, until_ms: int) -> int:
        if (
            where is not None
            and found
            and (found[-1].aisle, found[-1].block) == where
            and found[-1].until_ms == from_ms
        ):
            found[-1] = replace(found[-1], until_ms=until_ms)
        elif where is not None and until_ms > from_ms:
            found.append(Visit(*where, from_ms, until_ms))
        return until_ms

    clock_ms = began_ms
    for at, leg in enumerate(legs):
        for one, other in pairwise(leg):
            for where, walk_dm in _pieces(layout, one, other):
                clock_ms = stay(where, clock_ms, clock_ms + pace.ms(walk_dm))
        if at < len(sequence):
            stop = sequence[at]
            clock_ms = stay(_sub_aisle(layout, stop.x_dm, stop.y_dm, stop.y_dm), clock_ms, clock_ms + pace.stop_ms)
    return tuple(found)


def _pieces(layout: Layout, one: Point, other: Point) -> Iterator[tuple[tuple[int, int] | None, int]]:
    """A straight walk cut at the cross-aisles: where each piece lies (None: in no aisle) and its length."""
    (x1, y1), (x2, y2) = one, other
    if x1 != x2:
        yield None, abs(x1 - x2)
        return
    cuts = sorted({y1, y2, *(y for y in layout.cross_aisle_y_dm if min(y1, y2) < y < max(y1, y2))}, reverse=y1 > y2)
    for low, high in pairwise(cuts):
        yield _sub_aisle(layout, x1, low, high), abs(low - high)


def _sub_aisle(layout: Layout, x_dm: int, one_dm: int, other_dm: int) -> tuple[int, int] | None:
    """The (aisle, block) of a stretch between two neighbouring cross-aisles; None at a crossing and outside."""
    aisle = bisect_left(layout.aisle_x_dm, x_dm)
    if aisle == len(layout.aisle_x_dm) or layout.aisle_x_dm[aisle] != x_dm:
        return None
    if one_dm == other_dm and one_dm in layout.cross_aisle_y_dm:
        return None
    return aisle, layout.block_of(min(one_dm, other_dm))


def _by_sub_aisle(visits_of_all: Iterable[Visit]) -> dict[tuple[int, int], list[Visit]]:
    by_place: dict[tuple[int, int], list[Visit]] = {}
    for visit in visits_of_all:
        by_place.setdefault((visit.aisle, visit.block), []).append(visit)
    return by_place


def _met_during(visit: Visit, others: Mapping[tuple[int, int], Sequence[Visit]]) -> int:
    there = others.get((visit.aisle, visit.block), ())
    return sum(other.from_ms < visit.until_ms and visit.from_ms < other.until_ms for other in there)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
