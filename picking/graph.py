"""A floor that is no grid: nodes joined by walkways, storeys joined by stairs and lifts.

Owns the distances on it. A spot stands at a node or is reached by a short spur from the nearest walkway of its
storey; here a spot's level is its storey. Stairs and lifts cost time, which counts as the walk done in it. An
obstacle is a walkway left out. It refuses walkways to nodes that are not there and spots no walkway comes near.
Invariant: distances are whole decimetres and keep the triangle inequality; there and back are equal where
nothing is one-way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from picking.dijkstra import UNREACHABLE_DM, Dm, Nodes, arcs_by_tail, nodes_between, shortest_from
from picking.errors import FieldError, check_name, check_whole
from picking.hanging import Ends, lengths_between
from picking.layout import FARTHEST_DM, Spot

MOST_KEPT_NODES = 2000
"""Up to here the ways between all nodes are kept (48 MB at most); above, those from the nodes asked about of late."""

MOST_KEPT_PLACES = 20_000
"""So many spots are remembered with where they stand: a plan asks for the same ones many times."""

LONGEST_MS = 3_600_000

Point3 = tuple[int, int, int]
"""x dm, y dm, storey."""


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    x_dm: int
    y_dm: int
    level: int = 0

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_whole("x_dm", self.x_dm, -FARTHEST_DM, FARTHEST_DM)
        check_whole("y_dm", self.y_dm, -FARTHEST_DM, FARTHEST_DM)
        check_whole("level", self.level, 0, 99)


@dataclass(frozen=True, slots=True)
class Walkway:
    """Between two nodes of one storey; as long as the straight line, or longer where it winds (`length_dm`)."""

    from_node: str
    to_node: str
    length_dm: int | None = None
    is_one_way: bool = False

    def __post_init__(self) -> None:
        check_name("from_node", self.from_node)
        check_name("to_node", self.to_node)
        if self.length_dm is not None:
            check_whole("length_dm", self.length_dm, 0, FARTHEST_DM)
        if not isinstance(self.is_one_way, bool):
            raise FieldError("is_one_way", f"must be true or false, got {self.is_one_way!r:.60}")


@dataclass(frozen=True, slots=True)
class Climb:
    """Stairs or a lift between two nodes, by the time they take with the cart; None: not in that direction."""

    lower: str
    upper: str
    up_ms: int | None
    down_ms: int | None

    def __post_init__(self) -> None:
        check_name("lower", self.lower)
        check_name("upper", self.upper)
        for field in ("up_ms", "down_ms"):
            if getattr(self, field) is not None:
                check_whole(field, getattr(self, field), 0, LONGEST_MS)
        if self.up_ms is None and self.down_ms is None:
            raise FieldError("up_ms", "stairs that lead neither up nor down are none")


@dataclass(frozen=True, slots=True)
class FloorGraph:
    """`walking_mm_per_s` turns the time on stairs into dm; `reach_dm` is how far a spot may stand off a walkway."""

    nodes: tuple[Node, ...]
    walkways: tuple[Walkway, ...]
    climbs: tuple[Climb, ...] = ()
    walking_mm_per_s: int = 1200
    reach_dm: int = 30

    def __post_init__(self) -> None:
        for field, kind in (("nodes", Node), ("walkways", Walkway), ("climbs", Climb)):
            _check_tuple_of(field, getattr(self, field), kind)
        check_whole("walking_mm_per_s", self.walking_mm_per_s, 100, 10_000)
        check_whole("reach_dm", self.reach_dm, 0, FARTHEST_DM)
        if not self.walkways:
            raise FieldError("walkways", "must hold at least one walkway")
        levels: dict[str, int] = {}
        for at, node in enumerate(self.nodes):
            if node.name in levels:
                raise FieldError(f"nodes[{at}].name", f"{node.name!r} is used twice")
            levels[node.name] = node.level
        for at, walkway in enumerate(self.walkways):
            _check_known(levels, f"walkways[{at}]", from_node=walkway.from_node, to_node=walkway.to_node)
            if levels[walkway.from_node] != levels[walkway.to_node]:
                raise FieldError(f"walkways[{at}].to_node", "stands on another storey; stairs and lifts are climbs")
        for at, climb in enumerate(self.climbs):
            _check_known(levels, f"climbs[{at}]", lower=climb.lower, upper=climb.upper)
            if levels[climb.lower] >= levels[climb.upper]:
                raise FieldError(f"climbs[{at}].upper", f"must be on a higher storey than {climb.lower!r}")

    def without(self, one: str, other: str) -> FloorGraph:
        """The floor with an obstacle: no walkway and no climb between the two nodes any more."""
        gone = {one, other}
        walkways = tuple(way for way in self.walkways if {way.from_node, way.to_node} != gone)
        climbs = tuple(climb for climb in self.climbs if {climb.lower, climb.upper} != gone)
        if len(walkways) + len(climbs) == len(self.walkways) + len(self.climbs):
            raise FieldError("walkways", f"nothing joins {one!r} and {other!r}")
        return replace(self, walkways=walkways, climbs=climbs)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a spot is reached from: so far along walkway number `walkway`, and a spur from there."""

    walkway: int
    offset_dm: int
    spur_dm: int


class CompiledGraph:
    """The floor as integers: arcs by tail, the ways between all nodes, the walkways as lines to stand on."""

    def __init__(self, floor: FloorGraph) -> None:
        self.floor = floor
        number = {node.name: at for at, node in enumerate(floor.nodes)}
        self._ends = [(number[way.from_node], number[way.to_node]) for way in floor.walkways]
        self._length_dm = [self._length(way, *ends) for way, ends in zip(floor.walkways, self._ends, strict=True)]
        arcs: list[tuple[int, int, int]] = []
        for way, (one, other), length_dm in zip(floor.walkways, self._ends, self._length_dm, strict=True):
            arcs.append((one, other, length_dm))
            if not way.is_one_way:
                arcs.append((other, one, length_dm))
        for climb in floor.climbs:
            lower, upper = number[climb.lower], number[climb.upper]
            if climb.up_ms is not None:
                arcs.append((lower, upper, self.dm_of(climb.up_ms)))
            if climb.down_ms is not None:
                arcs.append((upper, lower, self.dm_of(climb.down_ms)))
        tail, to, length = (np.array(column) for column in zip(*arcs, strict=True))
        self._tail, self._head = tail.astype(np.int32), to.astype(np.int32)
        self._walked_dm = length.astype(np.int64)
        self._arcs = arcs_by_tail(len(floor.nodes), self._tail, self._head, self._walked_dm)
        xy = np.array([(node.x_dm, node.y_dm) for node in floor.nodes], np.float64)
        ends = np.array(self._ends)
        self._from, self._to = xy[ends[:, 0]], xy[ends[:, 1]]
        self._level = np.array([floor.nodes[one].level for one, _ in self._ends])
        # A box around each walkway with all that may be reached from it.
        self._low = np.minimum(self._from, self._to) - (floor.reach_dm + 1)
        self._high = np.maximum(self._from, self._to) + (floor.reach_dm + 1)
        self._kept = self._search(range(len(floor.nodes))) if len(floor.nodes) <= MOST_KEPT_NODES else None
        self._of_late: dict[int, tuple[Dm, Nodes]] = {}
        self._places: dict[Spot, Place] = {}

    def dm_of(self, ms: int) -> int:
        """The walk done in this time, to the nearest dm."""
        return (ms * self.floor.walking_mm_per_s + 50_000) // 100_000

    def place(self, spot: Spot) -> Place:
        """Raises FieldError when no walkway of the spot's storey comes near enough."""
        known = self._places.get(spot)
        if known is None:
            if len(self._places) >= MOST_KEPT_PLACES:
                self._places.clear()
            known = self._places[spot] = self._looked_for(spot)
        return known

    def _looked_for(self, spot: Spot) -> Place:
        at = np.array([spot.x_dm, spot.y_dm], np.float64)
        is_there = self._level == spot.level
        on_storey = np.flatnonzero(is_there & (self._low <= at).all(axis=1) & (at <= self._high).all(axis=1))
        if not len(on_storey):  # none is near enough: which is the nearest, for the words
            on_storey = np.flatnonzero(is_there)
        if not len(on_storey):
            raise FieldError("level", f"{spot.name}: there is no walkway on storey {spot.level}")
        start, along = self._from[on_storey], self._to[on_storey] - self._from[on_storey]
        squared = np.maximum((along**2).sum(axis=1), 1e-9)
        share = np.clip(((at - start) * along).sum(axis=1) / squared, 0, 1)
        # Rounded, so that of two walkways that meet where the spot stands always the first is taken.
        off_dm = np.round(np.hypot(*(start + share[:, None] * along - at).T), 6)
        best = int(np.argmin(off_dm))
        if off_dm[best] > self.floor.reach_dm:
            words = f"{spot.name}: {off_dm[best] / 10:.1f} m from the nearest walkway of storey {spot.level}"
            raise FieldError("reach_dm", words)
        walkway = int(on_storey[best])
        offset_dm = round(float(share[best]) * self._length_dm[walkway])
        return Place(walkway, offset_dm, math.ceil(off_dm[best]))

    def matrix(self, spots: Sequence[Spot]) -> Dm:
        """Walk from every spot (row) to every spot (column); UNREACHABLE_DM where no way leads."""
        places = [self.place(spot) for spot in spots]
        ends = [self._hang(place) for place in places]
        sources = sorted({node for each in ends for node, _ in each.out})
        length_dm, _ = self._rows(sources)
        row_of = {node: row for row, node in enumerate(sources)}
        best = lengths_between(length_dm, [_renumbered(each, row_of) for each in ends])
        on_one: dict[int, list[int]] = {}
        for at, place in enumerate(places):
            on_one.setdefault(place.walkway, []).append(at)
        for members in on_one.values():
            for one in members:
                for other in members:
                    straight = self._straight(spots[one], places[one], spots[other], places[other])
                    best[one, other] = min(best[one, other], straight)
        return best

    def out_of_reach(self, start: Spot, stops: Sequence[Spot], end: Spot | None = None) -> list[tuple[int, str]]:
        """(number of the stop, words) of every stop no walk from start to end can visit; len(stops) for the end."""
        found: list[tuple[int, str]] = []
        near: list[int] = []
        for at, stop in enumerate(stops):
            try:
                self.place(stop)
                near.append(at)
            except FieldError as refused:
                found.append((at, refused.words))
        last = start if end is None else end
        asked = [*(stops[at] for at in near), last]
        is_entered, is_left = self.are_entered(start, asked), self.are_left(asked, last)
        for row, at in enumerate(near):
            if not is_entered[row]:
                found.append((at, f"{stops[at].name} cannot be reached from {start.name}"))
            elif end is not None and not is_left[row]:
                found.append((at, f"{end.name} cannot be reached from {stops[at].name}"))
        if end is not None and not is_entered[-1]:
            found.append((len(stops), f"{end.name} cannot be reached from {start.name}"))
        return sorted(found)

    def are_entered(self, start: Spot, spots: Sequence[Spot]) -> list[bool]:
        """Whether a way leads from start to each of the spots: one search, however many they are."""
        return self._are_joined(self._arcs, start, spots, is_back=False)

    def are_left(self, spots: Sequence[Spot], end: Spot) -> list[bool]:
        """Whether a way leads from each of the spots to the end."""
        return self._are_joined(self._back, end, spots, is_back=True)

    def _are_joined(
        self, arcs: tuple[Nodes, Nodes, Dm], one: Spot, spots: Sequence[Spot], is_back: bool
    ) -> list[bool]:
        from_one, there = self.place(one), [self.place(spot) for spot in spots]
        ends = self._hang(from_one)
        nodes = np.array([node for node, _ in (ends.into if is_back else ends.out)], np.int32)
        is_met: list[bool] = (shortest_from(*arcs, nodes)[0].min(axis=0) < UNREACHABLE_DM).tolist()
        found = []
        for spot, place in zip(spots, there, strict=True):
            hung = self._hang(place)
            pair = ((spot, place), (one, from_one)) if is_back else ((one, from_one), (spot, place))
            found.append(
                any(is_met[node] for node, _ in (hung.out if is_back else hung.into))
                or self._straight(*pair[0], *pair[1]) < UNREACHABLE_DM
            )
        return found

    @cached_property
    def _back(self) -> tuple[Nodes, Nodes, Dm]:
        """The arcs walked against their direction."""
        return arcs_by_tail(len(self.floor.nodes), self._head, self._tail, self._walked_dm)

    def way(self, one: Spot, other: Spot) -> tuple[Point3, ...]:
        """The points of the shortest walk, spurs included. Raises FieldError where no way leads."""
        a, b = self.place(one), self.place(other)
        start, end = (one.x_dm, one.y_dm, one.level), (other.x_dm, other.y_dm, other.level)
        best_dm, best = self._straight(one, a, other, b), None
        a_ends, b_ends = self._hang(a), self._hang(b)
        length_dm, before = self._rows([node for node, _ in a_ends.out])
        for row, (_, out_dm) in enumerate(a_ends.out):
            for into, into_dm in b_ends.into:
                cost_dm = out_dm + int(length_dm[row, into]) + into_dm
                if cost_dm < best_dm:
                    best_dm, best = cost_dm, (row, into)
        if best_dm >= UNREACHABLE_DM:
            raise FieldError("walkways", f"no way leads from {one.name} to {other.name}")
        if start == end:
            return (start,)
        nodes = [] if best is None else [self.floor.nodes[node] for node in nodes_between(before[best[0]], best[1])]
        between = [(node.x_dm, node.y_dm, node.level) for node in nodes]
        return tuple(dict.fromkeys([start, self._foot(one, a), *between, self._foot(other, b), end]))

    def _length(self, way: Walkway, one: int, other: int) -> int:
        a, b = self.floor.nodes[one], self.floor.nodes[other]
        return round(math.hypot(a.x_dm - b.x_dm, a.y_dm - b.y_dm)) if way.length_dm is None else way.length_dm

    def _hang(self, place: Place) -> Ends:
        one, other = self._ends[place.walkway]
        to_one = (one, place.offset_dm + place.spur_dm)
        to_other = (other, self._length_dm[place.walkway] - place.offset_dm + place.spur_dm)
        if not self.floor.walkways[place.walkway].is_one_way:
            return Ends((to_one, to_other), (to_one, to_other))
        # At its very ends a one-way walkway is entered and left like the node that stands there.
        out = (to_other, to_one) if place.offset_dm == 0 else (to_other,)
        into = (to_one, to_other) if place.offset_dm == self._length_dm[place.walkway] else (to_one,)
        return Ends(out, into)

    def _straight(self, one: Spot, a: Place, other: Spot, b: Place) -> int:
        if (one.x_dm, one.y_dm, one.level) == (other.x_dm, other.y_dm, other.level):
            return 0
        if a.walkway != b.walkway:
            return UNREACHABLE_DM
        if self.floor.walkways[a.walkway].is_one_way and b.offset_dm < a.offset_dm:
            return UNREACHABLE_DM
        return abs(a.offset_dm - b.offset_dm) + a.spur_dm + b.spur_dm

    def _foot(self, spot: Spot, place: Place) -> Point3:
        """The point of the walkway the spur starts from; bends are drawn straight."""
        share = place.offset_dm / max(self._length_dm[place.walkway], 1)
        x, y = self._from[place.walkway] + share * (self._to[place.walkway] - self._from[place.walkway])
        return (spot.x_dm, spot.y_dm, spot.level) if not place.spur_dm else (round(x), round(y), spot.level)

    def _rows(self, sources: Sequence[int]) -> tuple[Dm, Nodes]:
        if self._kept is not None:
            return self._kept[0][list(sources)], self._kept[1][list(sources)]
        # Whoever plans a tour asks about its stops several times over, and so does the next wave. Another thread may
        # ask as well: what is taken from here is held by us.
        known = self._of_late
        rows = {node: known[node] for node in sources if node in known}
        missing = [node for node in sources if node not in rows]
        if missing:
            length_dm, before = self._search(missing)
            rows |= {node: (length_dm[row].copy(), before[row].copy()) for row, node in enumerate(missing)}
            most = MOST_KEPT_NODES**2 // len(self.floor.nodes)
            kept = rows if len(known) + len(missing) > most else {**known, **rows}
            self._of_late = kept if len(kept) <= most else {}
        if not rows:
            return self._search(sources)
        return np.stack([rows[node][0] for node in sources]), np.stack([rows[node][1] for node in sources])

    def _search(self, sources: Sequence[int]) -> tuple[Dm, Nodes]:
        return shortest_from(*self._arcs, np.array(sources, np.int32))


@lru_cache(maxsize=8)
def compiled_graph(floor: FloorGraph) -> CompiledGraph:
    """Kept for the floors of late: once per version of a floor, and once per obstacle on it."""
    return CompiledGraph(floor)


def _renumbered(ends: Ends, row_of: dict[int, int]) -> Ends:
    return Ends(tuple((row_of[node], dm) for node, dm in ends.out), ends.into)


def _check_known(levels: dict[str, int], where: str, **names: str) -> None:
    for field, name in names.items():
        if name not in levels:
            raise FieldError(f"{where}.{field}", f"there is no node {name!r:.60}")


def _check_tuple_of(field: str, values: object, kind: type) -> None:
    if not isinstance(values, tuple):
        raise FieldError(field, f"must be a tuple, got {type(values).__name__}")
    for at, value in enumerate(values):
        if not isinstance(value, kind):
            raise FieldError(f"{field}[{at}]", f"must be a {kind.__name__}, got {type(value).__name__}")
