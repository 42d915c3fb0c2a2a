"""Tours on any floor, and tours under rules of order: heavy first, fragile last, moments to be somewhere.

Owns the question. It refuses stops nobody reaches and rules no order can keep. Invariant: every problem that was
built has stops that each can be visited between its start and its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from picking.dijkstra import Dm
from picking.distances import distance_matrix, out_of_reach
from picking.errors import FieldError, check_name, check_whole
from picking.graph import FloorGraph, compiled_graph
from picking.layout import Layout, Spot
from picking.result import Tour

NEVER_MS = 10**12

LAST_RANK = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """A stop's first and last moment, in ms from the start of the tour. Who is early waits; late is allowed, but
    avoided before any walk is saved.
    """

    stop: str
    earliest_ms: int = 0
    latest_ms: int = NEVER_MS

    def __post_init__(self) -> None:
        check_name("stop", self.stop)
        check_whole("earliest_ms", self.earliest_ms, 0, NEVER_MS)
        check_whole("latest_ms", self.latest_ms, self.earliest_ms, NEVER_MS)


@dataclass(frozen=True)
class GraphProblem:
    """One picker on a grid or a graph. `end` None: the tour ends at its last stop.

    `before` holds (earlier, later) names; `ranks` (name, rank) pairs, stops not named having rank 0: no stop of a
    higher rank comes before one of a lower. `stop_ms` is spent at every stop; it matters to `windows` only.
    On a grid a level above `reach_level` costs `level_penalty_dm`, as in a TourProblem.
    """

    floor: FloorGraph | Layout
    start: Spot
    end: Spot | None
    stops: tuple[Spot, ...]
    before: tuple[tuple[str, str], ...] = ()
    ranks: tuple[tuple[str, int], ...] = ()
    windows: tuple[Window, ...] = ()
    walking_mm_per_s: int = 1200
    stop_ms: int = 0
    level_penalty_dm: int = 0
    reach_level: int = 1
    distinct_stops: tuple[Spot, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.floor, FloorGraph | Layout):
            raise FieldError("floor", f"must be a FloorGraph or a Layout, got {type(self.floor).__name__}")
        check_whole("walking_mm_per_s", self.walking_mm_per_s, 100, 10_000)
        check_whole("stop_ms", self.stop_ms, 0, 3_600_000)
        check_whole("level_penalty_dm", self.level_penalty_dm, 0, 10_000)
        check_whole("reach_level", self.reach_level, 0, 99)
        known: dict[str, Spot] = {}
        for at, stop in enumerate(self.stops):
            if known.setdefault(stop.name, stop) != stop:
                raise FieldError(f"stops[{at}].name", f"{stop.name!r} stands at two different places")
        order = sorted(known.values(), key=lambda stop: (stop.level, stop.x_dm, stop.y_dm, stop.name))
        object.__setattr__(self, "distinct_stops", tuple(order))
        self._check_names(known)
        self._check_order()
        for at, words in self._out_of_reach():
            name = "end" if at == len(self.stops) else f"stops[{at}]"
            raise FieldError(name, words)

    def matrix(self) -> Dm:
        """Row 0 the start, then the distinct stops, then the end; an open end is no way from anywhere."""
        spots = (self.start, *self.distinct_stops, self.start if self.end is None else self.end)
        if isinstance(self.floor, Layout):
            matrix = distance_matrix(self.floor, spots, self.level_penalty_dm, self.reach_level)
        else:
            matrix = compiled_graph(self.floor).matrix(spots)
        if self.end is None:
            matrix[:, -1] = 0
        return matrix

    @property
    def is_ordered(self) -> bool:
        return bool(self.before or self.ranks or self.windows)

    def _check_names(self, known: Mapping[str, Spot]) -> None:
        names = [(f"before[{at}]", name) for at, pair in enumerate(self.before) for name in pair]
        names += [(f"ranks[{at}]", name) for at, (name, _) in enumerate(self.ranks)]
        names += [(f"windows[{at}].stop", window.stop) for at, window in enumerate(self.windows)]
        for where, name in names:
            if name not in known:
                raise FieldError(where, f"there is no stop {name!r:.60}")
        for at, (_, rank) in enumerate(self.ranks):
            check_whole(f"ranks[{at}]", rank, 0, LAST_RANK)

    def _check_order(self) -> None:
        """Pairs that run in a ring, or against the ranks, leave no order at all."""
        rank = dict(self.ranks)
        after: dict[str, set[str]] = {}
        for at, (one, other) in enumerate(self.before):
            if rank.get(one, 0) > rank.get(other, 0):
                raise FieldError(f"before[{at}]", f"{one} has a higher rank than {other}")
            after.setdefault(other, set()).add(one)
        left = {stop.name for stop in self.distinct_stops}
        while left:
            free = {name for name in left if not after.get(name, set()) & left}
            if not free:
                raise FieldError("before", f"no order can keep it: {', '.join(sorted(left)[:5])} wait for each other")
            left -= free

    def _out_of_reach(self) -> list[tuple[int, str]]:
        if isinstance(self.floor, Layout):
            return out_of_reach(self.floor, self.start, self.stops, self.end)
        return compiled_graph(self.floor).out_of_reach(self.start, self.stops, self.end)


def plan_graph_tour(problem: GraphProblem, time_limit_ms: int = 200, seed: int = 0) -> Tour:
    """The best order found within the limit; `Tour.solver` says what found it.

    `s_shape_dm` is the improved nearest neighbour, which is what a floor without aisles falls back to;
    `location_order_dm` is the order of names, whatever the rules. `lower_bound_dm` holds for every order that
    keeps the rules. Raises FieldError where no order of the stops can be walked.
    """
    # Not at the top: compilers and solvers are a second's import, which a plain tour on a grid never needs.
    from picking.offgrid_search import search

    return search(problem, time_limit_ms, seed)
