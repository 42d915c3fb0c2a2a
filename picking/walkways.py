"""A floor that is no grid, with what stands on it by name: what walks are planned on instead of aisles.

Owns where a named place is reached from: its storey, and the point it was attached to where it is not simply the
nearest walkway. A spot's level is the shelf's here, as on a grid; storeys are of `stands`. It refuses places no walkway
comes near. Invariant: a tour's length is the walk of its sequence leg by leg, lifts to high shelves included.

Light to import: graph and compiler come with the first question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from picking.errors import FieldError
from picking.layout import Spot

if TYPE_CHECKING:
    from picking.dijkstra import Dm
    from picking.graph import Climb, CompiledGraph, FloorGraph, Walkway
    from picking.result import Tour

Place = tuple[int, int, int]
"""x dm, y dm, storey."""


def closed_on(whole: FloorGraph, closed: Sequence[Walkway | Climb]) -> FloorGraph:
    """The floor while nobody passes these: a lift, not the stairs beside it. What stands along a closed walkway stays
    there: it is not reached over the nearest open one, through the rack.
    """
    from picking.graph import FloorGraph, Node

    left = Counter(closed)
    points = {node.name: node for node in whole.nodes}
    open_ways: list[Walkway] = []
    nodes, cut = list(whole.nodes), []
    for number, way in enumerate(whole.walkways):
        if not left[way]:
            open_ways.append(way)
            continue
        left[way] -= 1
        ends = [replace(points[name], name=f"closed {number}: {name}") for name in (way.from_node, way.to_node)]
        nodes += [Node(end.name, end.x_dm, end.y_dm, end.level) for end in ends]
        cut.append(replace(way, from_node=ends[0].name, to_node=ends[1].name))
    climbs = []
    for climb in whole.climbs:
        if left[climb]:
            left[climb] -= 1
        else:
            climbs.append(climb)
    # The cut ones last: of two walkways that meet where a spot stands the first is taken.
    return FloorGraph(
        tuple(nodes), (*open_ways, *cut), tuple(climbs), whole.walking_mm_per_s, whole.reach_dm
    )


@dataclass(frozen=True)
class Walkways:
    """`graph`: as it may be walked now; `whole`: with nothing closed, None where nothing is; `closed`: the points it is
    closed between.

    `stands`: by the name of a place, where it is reached from, its level being the storey there. A spot of no such name
    stands where it says on storey 0.
    """

    graph: FloorGraph
    stands: Mapping[str, Spot] = field(default_factory=dict, repr=False, compare=False)
    whole: FloorGraph | None = field(default=None, repr=False)
    closed: tuple[tuple[str, str], ...] = ()

    @property
    def opened(self) -> Walkways:
        """The same floor with nothing closed."""
        return self if self.whole is None else replace(self, graph=self.whole, whole=None, closed=())

    @cached_property
    def compiled(self) -> CompiledGraph:
        """The ways between all points, looked up once for each version of a floor."""
        from picking.graph import compiled_graph

        return compiled_graph(self.graph)

    def at(self, spot: Spot) -> Spot:
        """The spot where it is reached from; its level is the storey."""
        found = self.stands.get(spot.name)
        return Spot(spot.name, spot.x_dm, spot.y_dm) if found is None else found

    def place(self, spot: Spot) -> Place:
        """The point and storey a spot is reached from: spots of one place are one stop of the walk."""
        at = self.at(spot)
        return at.x_dm, at.y_dm, at.level

    def stretch(self, spot: Spot) -> int:
        """The number of the walkway a spot stands at, as `graph` counts them. Raises FieldError where none is near."""
        return self.compiled.place(self.at(spot)).walkway

    def matrix(self, spots: Sequence[Spot], level_penalty_dm: int = 0, reach_level: int = 1) -> Dm:
        """Walk from every spot (row) to every spot (column), lifts included; UNREACHABLE_DM where no way leads."""
        import numpy as np

        from picking.dijkstra import UNREACHABLE_DM

        walk = self.compiled.matrix([self.at(spot) for spot in spots])
        if level_penalty_dm:
            lifted = np.array([max(spot.level - reach_level, 0) for spot in spots], np.int64)
            one_place = np.array([[self.place(a) == self.place(b) for b in spots] for a in spots])
            up_and_down = np.where(one_place, abs(lifted[:, None] - lifted), lifted[:, None] + lifted)
            walk = np.minimum(walk + level_penalty_dm * up_and_down, UNREACHABLE_DM)
        return walk

    def walk_dm(self, sequence: Sequence[Spot], level_penalty_dm: int = 0, reach_level: int = 1) -> int:
        """Length of the walk through the spots in this order. Raises FieldError naming the first leg nobody walks."""
        from picking.dijkstra import UNREACHABLE_DM

        if len(sequence) < 2:
            return 0
        distinct = list(dict.fromkeys(sequence))
        row_of = {spot: row for row, spot in enumerate(distinct)}
        matrix = self.matrix(distinct, level_penalty_dm, reach_level)
        total_dm = 0
        for at in range(1, len(sequence)):
            leg_dm = int(matrix[row_of[sequence[at - 1]], row_of[sequence[at]]])
            if leg_dm >= UNREACHABLE_DM:
                words = f"no way leads from {sequence[at - 1].name} to {sequence[at].name}"
                raise FieldError(f"sequence[{at}]", words)
            total_dm += leg_dm
        return total_dm

    def out_of_reach(self, start: Spot, stops: Sequence[Spot], end: Spot | None = None) -> list[tuple[int, str]]:
        """(number of the stop, words) of every stop no walk from start to end can visit; len(stops) for the end, and
        every stop where start or end stand at no walkway themselves.
        """
        for spot in (start, *([] if end is None else [end])):
            try:
                self.compiled.place(self.at(spot))
            except FieldError as refused:
                return [(at, refused.words) for at in range(len(stops) + 1)]
        return self.compiled.out_of_reach(
            self.at(start), [self.at(stop) for stop in stops], None if end is None else self.at(end)
        )

    def tour(
        self, start: Spot, end: Spot, stops: Iterable[Spot], time_limit_ms: int = 100, seed: int = 0,
        level_penalty_dm: int = 0, reach_level: int = 1, ranks: Mapping[str, int] | None = None,
    ) -> Tour:  # fmt: skip
        """The shortest tour found within the limit, exact for few stops. `s_shape_dm` is 0: there are no aisles.

        ranks: by a stop's name, 0 for who is not in it; no stop of a higher rank comes before one of a lower. Raises
        FieldError naming a stop no walk can reach.
        """
        from picking.offgrid import GraphProblem, plan_graph_tour

        rank_of = ranks or {}
        bays: dict[tuple[Place, int], list[Spot]] = {}
        for stop in sorted(set(stops), key=lambda stop: (stop.level, stop.name)):
            bays.setdefault((self.place(stop), rank_of.get(stop.name, 0)), []).append(stop)
        if not bays:
            from picking.result import Tour

            walk_dm = self.walk_dm([start, end], level_penalty_dm, reach_level)
            return Tour((), walk_dm, 0, walk_dm, "none", seed, 0, lower_bound_dm=walk_dm)
        by_name = {members[0].name: members for members in bays.values()}
        standing = tuple(self.at(members[0]) for members in bays.values())
        for at, words in self.out_of_reach(start, standing, end):
            raise FieldError("end" if at == len(standing) else f"stops[{at}]", words)
        ranked = tuple((members[0].name, rank) for (_, rank), members in bays.items() if rank)
        asked = GraphProblem(self.graph, self.at(start), self.at(end), standing, ranks=ranked)
        found = plan_graph_tour(asked, time_limit_ms, seed)
        sequence = tuple(stop for first in found.sequence for stop in by_name[first.name])
        named = sorted(sequence, key=lambda stop: stop.name)
        return replace(
            found,
            sequence=sequence,
            distance_dm=self.walk_dm([start, *sequence, end], level_penalty_dm, reach_level),
            s_shape_dm=0,
            location_order_dm=self._by_name_dm([start, *named, end], level_penalty_dm, reach_level),
            lower_bound_dm=found.lower_bound_dm + level_penalty_dm * self._least_lifts(start, sequence, reach_level),
        )

    def _by_name_dm(self, sequence: Sequence[Spot], level_penalty_dm: int, reach_level: int) -> int:
        try:
            return self.walk_dm(sequence, level_penalty_dm, reach_level)
        except FieldError:
            return 0  # against a one-way walkway: nothing to compare with

    def _least_lifts(self, start: Spot, stops: Iterable[Spot], reach_level: int) -> int:
        """Levels the lift goes at least, whatever the order: up to each place's highest stop and down again."""
        here, begun = self.place(start), max(start.level - reach_level, 0)
        highest_at: dict[Place, int] = {}
        for stop in stops:
            place = self.place(stop)
            highest_at[place] = max(highest_at.get(place, 0), stop.level - reach_level)
        levels = 0 if here in highest_at else begun
        for place, highest in highest_at.items():
            levels += max(2 * highest - begun, begun) if place == here else 2 * highest
        return levels

    def words(self, storage: Sequence[Spot], ends: Sequence[Spot]) -> list[str]:
        """What looks wrong, for whoever measured the floor: points on one spot, dead ends, places nobody reaches.

        `ends`: where tours begin (the first) and end.
        """
        return [*self._points(), *self._ways(ends), *self._places(storage, ends)]

    def _points(self) -> Iterable[str]:
        known: dict[Place, str] = {}
        joined = {name for way in self.graph.walkways for name in (way.from_node, way.to_node)}
        joined |= {name for climb in self.graph.climbs for name in (climb.lower, climb.upper)}
        for node in self.graph.nodes:
            spot = (node.x_dm, node.y_dm, node.level)
            if spot in known:
                yield (
                    f"{known[spot]} and {node.name} are on one spot (x {node.x_dm} dm, y {node.y_dm} dm,"
                    f" storey {node.level})"
                )
            known.setdefault(spot, node.name)
            if node.name not in joined:
                yield f"{node.name}: no walkway leads there"

    def _ways(self, ends: Sequence[Spot]) -> Iterable[str]:
        """Points one gets to and not away from, or the other way round: one-way walkways that lead nowhere."""
        joined = {name for way in self.graph.walkways for name in (way.from_node, way.to_node)}
        points = [Spot(node.name, node.x_dm, node.y_dm, node.level) for node in self.graph.nodes if node.name in joined]
        try:
            around = [self.at(end) for end in ends]
            entered = self.compiled.are_entered(around[0], points)
            left = [any(ways) for ways in zip(*(self.compiled.are_left(points, end) for end in around), strict=True)]
        except FieldError:
            return  # said of the place itself
        for point, is_entered, is_left in zip(points, entered, left, strict=True):
            if is_entered and not is_left:
                yield f"{point.name}: a dead end, no way leads back from it"
            elif is_left and not is_entered:
                yield f"{point.name}: no way leads there from {ends[0].name}"
            elif not is_entered:
                yield f"{point.name}: joined to nothing that {ends[0].name} can be reached from"

    def _places(self, storage: Sequence[Spot], ends: Sequence[Spot]) -> Iterable[str]:
        is_wrong = False
        for spot in dict.fromkeys(ends):
            try:
                self.compiled.place(self.at(spot))
            except FieldError as refused:
                is_wrong = True
                yield refused.words
        if is_wrong or not storage:
            return
        one_of_each = list({self.place(spot): spot for spot in storage}.values())
        lost = [dict(self.out_of_reach(ends[0], one_of_each, end)) for end in ends]
        for at in sorted(set(lost[0]).intersection(*lost[1:])):
            yield lost[0][at]
