"""Grids one above the other, joined by stairs and lifts: a mezzanine as a graph.

Owns the translation of layouts into nodes and walkways; the rules of the aisles go with them. It refuses busy
sub-aisles, which only a grid by itself can charge for. Invariant: on one storey the graph's distances are those
of its layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from picking.errors import FieldError, check_whole
from picking.graph import Climb, FloorGraph, Node, Walkway
from picking.junctions import DOWN, UP, Junctions, junctions
from picking.layout import Layout, Spot

Point = tuple[int, int]


def floor_of_storeys(
    layouts: Mapping[int, Layout],
    landings: Iterable[Spot] = (),
    climbs: Iterable[Climb] = (),
    spots: Iterable[Spot] = (),
    walking_mm_per_s: int = 1200,
) -> FloorGraph:
    """One floor of the storeys, by number. `landings` are the feet and heads of stairs and lifts: their names are
    what `climbs` join. `spots` are the docks, benches and dead-end bins that shall be reachable; bins between
    two cross-aisles always are. A spot's level is its storey here.
    """
    landing_list, climb_list, spot_list = tuple(landings), tuple(climbs), tuple(spots)
    for spot in (*landing_list, *spot_list):
        if spot.level not in layouts:
            raise FieldError("layouts", f"{spot.name}: there is no storey {spot.level}")
    names = {spot.name for spot in landing_list}
    nodes: list[Node] = []
    walkways: list[Walkway] = []
    for level, layout in sorted(layouts.items()):
        check_whole("layouts", level, 0, 99)
        if layout.busy_dm:
            raise FieldError(f"layouts[{level}].busy_dm", "a floor of storeys has no busy sub-aisles")
        storey = _Storey(level, junctions(layout), [spot for spot in landing_list if spot.level == level])
        storey.add([spot for spot in (*landing_list, *spot_list) if spot.level == level])
        nodes += storey.nodes.values()
        walkways += storey.walkways
    known = {node.name for node in nodes}
    for at, climb in enumerate(climb_list):
        for field, name in (("lower", climb.lower), ("upper", climb.upper)):
            if name not in names or name not in known:
                raise FieldError(f"climbs[{at}].{field}", f"there is no landing {name!r:.60}")
    return FloorGraph(tuple(nodes), tuple(walkways), climb_list, walking_mm_per_s, reach_dm=0)


class _Storey:
    """Nodes by where they are. Aisle points and cross-aisle points at one place are one node; feet of spurs that
    happen to lie in an aisle too are not, as nobody steps there through the rack.
    """

    def __init__(self, level: int, floor: Junctions, landings: list[Spot]) -> None:
        self.level = level
        self.nodes: dict[Point, Node] = {}
        self.walkways: list[Walkway] = []
        self._floor = floor
        self._name_of = {(spot.x_dm, spot.y_dm): spot.name for spot in landings}

    def add(self, spots: list[Spot]) -> None:
        layout = self._floor.layout
        in_aisle = {spot: aisle for spot in spots if (aisle := layout.aisle_of(spot)) is not None}
        outside = [spot for spot in spots if spot not in in_aisle]
        feet = {spot: layout.cross_aisle_y_dm[layout.nearest_cross_aisle(spot.y_dm)] for spot in outside}
        for aisle in range(len(layout.aisle_x_dm)):
            self._add_aisle(aisle, {spot.y_dm for spot in spots if in_aisle.get(spot) == aisle})
        for y_dm in layout.cross_aisle_y_dm:
            xs = sorted({*layout.aisle_x_dm, *(spot.x_dm for spot in outside if feet[spot] == y_dm)})
            for left, right in pairwise(xs):
                self._join((left, y_dm), (right, y_dm))
        spurs: dict[Point, set[int]] = {}
        for spot in outside:
            spurs.setdefault((spot.x_dm, feet[spot]), {feet[spot]}).add(spot.y_dm)
        for (x_dm, _), ys in sorted(spurs.items()):
            for low, high in pairwise(sorted(ys)):
                self._join((x_dm, low), (x_dm, high))

    def _add_aisle(self, aisle: int, stops: set[int]) -> None:
        layout, closed = self._floor.layout, self._floor.closed.get(aisle, ())
        x_dm, crosses = layout.aisle_x_dm[aisle], layout.cross_aisle_y_dm
        # A closed stretch ends where it ends: bins beside it stay reachable from the open side.
        ends = {min(max(y, crosses[0]), crosses[-1]) for stretch in closed for y in stretch}
        for low, high in pairwise(sorted({*crosses, *stops, *ends})):
            if not self._floor.is_open(aisle, low, high):
                continue
            segment = sum(y <= low for y in crosses)
            direction = self._floor.direction(aisle, segment)
            one, other = ((x_dm, high), (x_dm, low)) if direction == DOWN else ((x_dm, low), (x_dm, high))
            self._join(one, other, is_one_way=direction in (UP, DOWN))
        for y_dm in sorted(stops):
            if (x_dm, y_dm) not in self.nodes:
                # Shut in from both sides: it stands where it stands, and no way leads there.
                self._join((x_dm, y_dm), (x_dm, y_dm))

    def _join(self, one: Point, other: Point, is_one_way: bool = False) -> None:
        self.walkways.append(Walkway(self._node(one), self._node(other), is_one_way=is_one_way))

    def _node(self, point: Point) -> str:
        if point not in self.nodes:
            name = self._name_of.get(point, f"storey {self.level}, x {point[0]}, y {point[1]}")
            self.nodes[point] = Node(name, *point, self.level)
        return self.nodes[point].name
