"""The question: one picker, from start over all stops to end, on one layout.

Owns what may be asked. It refuses a name that stands at two places, and numbers that are none, naming the
field.
Invariant: a stop asked for twice is visited once, and the order the stops were given in never matters.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from picking.errors import FieldError, check_whole
from picking.layout import Layout, Spot

if TYPE_CHECKING:
    from picking.distances import Decimetres


LAST_RANK = 1000


@dataclass(frozen=True)
class TourProblem:
    """`ranks` holds (name, rank) pairs, stops not named having rank 0: no stop of a higher rank comes before one of a
    lower.
    """

    layout: Layout
    start: Spot
    end: Spot
    stops: tuple[Spot, ...]
    level_penalty_dm: int = 0
    reach_level: int = 1
    ranks: tuple[tuple[str, int], ...] = ()
    distinct_stops: tuple[Spot, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.layout, Layout):
            raise FieldError("layout", f"must be a Layout, got {type(self.layout).__name__}")
        for name in ("start", "end"):
            _check_spot(name, getattr(self, name))
        if not isinstance(self.stops, tuple):
            raise FieldError("stops", f"must be a tuple of spots, got {type(self.stops).__name__}")
        check_whole("level_penalty_dm", self.level_penalty_dm, 0, 10_000)
        check_whole("reach_level", self.reach_level, 0, 99)
        object.__setattr__(self, "distinct_stops", _distinct(self.stops))
        if self.ranks:
            check_ranks(self.ranks, {stop.name for stop in self.distinct_stops})

    def matrix(self) -> Decimetres:
        """Distances with the start as row 0, the distinct stops as rows 1 to n and the end as row n + 1."""
        from picking.distances import distance_matrix

        spots = (self.start, *self.distinct_stops, self.end)
        return distance_matrix(self.layout, spots, self.level_penalty_dm, self.reach_level)

    def length_dm(self, sequence: Sequence[Spot]) -> int:
        """The walk from start through the sequence to the end."""
        # Not at the top: the distances of a floor with rules are compiled, and a plain tour needs none of them.
        from picking.distances import walk_dm

        spots = (self.start, *sequence, self.end)
        return walk_dm(self.layout, spots, self.level_penalty_dm, self.reach_level)

    def lift_dm(self, spot: Spot) -> int:
        """What the lift costs to a spot from the floor, one way."""
        return self.level_penalty_dm * max(spot.level - self.reach_level, 0)

    def lifted_dm(self, sequence: Sequence[Spot]) -> int:
        """What the lift adds to the walk in this order: between two spots of one bay it stays up."""
        if not self.level_penalty_dm:
            return 0
        total_dm = 0
        for a, b in pairwise((self.start, *sequence, self.end)):
            is_one_bay = (a.x_dm, a.y_dm) == (b.x_dm, b.y_dm)
            up_dm, down_dm = self.lift_dm(b), self.lift_dm(a)
            total_dm += abs(up_dm - down_dm) if is_one_bay else up_dm + down_dm
        return total_dm


def check_ranks(ranks: Sequence[tuple[str, int]], names: Set[str]) -> None:
    """Raises FieldError for a rank of no stop, a second one of the same, and one that is no rank."""
    seen: set[str] = set()
    for at, (name, rank) in enumerate(ranks):
        if name not in names:
            raise FieldError(f"ranks[{at}]", f"there is no stop {name!r:.60}")
        if name in seen:
            raise FieldError(f"ranks[{at}]", f"{name!r:.60} has two ranks")
        seen.add(name)
        check_whole(f"ranks[{at}]", rank, 0, LAST_RANK)


def _check_spot(name: str, value: object) -> None:
    if not isinstance(value, Spot):
        raise FieldError(name, f"must be a Spot, got {type(value).__name__}")


def _distinct(stops: tuple[Spot, ...]) -> tuple[Spot, ...]:
    seen: dict[str, Spot] = {}
    for at, stop in enumerate(stops):
        _check_spot(f"stops[{at}]", stop)
        known = seen.setdefault(stop.name, stop)
        if known != stop:
            raise FieldError(f"stops[{at}].name", f"{stop.name!r} stands at two different places")
    # Sorted, so that the plan does not depend on the order in which a query happened to give the stops.
    return tuple(sorted(seen.values(), key=lambda stop: (stop.x_dm, stop.y_dm, stop.level, stop.name)))
