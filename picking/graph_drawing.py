"""A floor that is no grid as a picture: storeys one above the other, walkways as lines, a tour on them.

Owns where a storey is drawn. It refuses a walk no way leads along. Invariant: as for drawings of grids: equal
input, equal text; everything from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from picking.drawing import DOT_PX, SMALL_LABEL_PX, USUAL_WIDTH_PX, draw_stops, draw_walk
from picking.errors import check_whole
from picking.graph import FloorGraph, Point3, compiled_graph
from picking.layout import Spot
from picking.svg import INK, SHUT, XY, Sheet, angle_between, right_lane
from picking.walkways import Walkways

WALKWAY_PX = 7.0
STOREY_GAP = 0.12
"""Of a storey's depth, between two storeys."""


def draw_graph_tour(
    floor: FloorGraph, start: Spot, sequence: Sequence[Spot], end: Spot | None, width_px: int = USUAL_WIDTH_PX
) -> str:
    """The walk from start through the sequence to end, or to its last stop; stairs and lifts are dashed.

    Raises FieldError for a spot no walkway comes near and for a leg nobody can walk.
    """
    check_whole("width_px", width_px, 200, 10_000)
    compiled = compiled_graph(floor)
    spots = [start, *sequence, *([] if end is None else [end])]
    walk: list[Point3] = [(start.x_dm, start.y_dm, start.level)]
    for one, other in pairwise(spots):
        walk += compiled.way(one, other)
    storeys = _Storeys(floor, spots)
    sheet = Sheet([storeys.at(point) for point in storeys.points], width_px)
    storeys.draw(sheet)
    # The same point twice would be a line without a direction.
    points = [point for point, _ in groupby(storeys.at(each) for each in walk)]
    draw_walk(sheet, right_lane(points, WALKWAY_PX / 4 * sheet.px))
    shown_end = None if end is None else _moved(end, storeys)
    draw_stops(sheet, _moved(start, storeys), [_moved(stop, storeys) for stop in sequence], shown_end)
    stops = "1 stop" if len(sequence) == 1 else f"{len(sequence)} stops"
    return sheet.text(f"Tour from {start.name}: {stops}")


def draw_walkways(
    floor: Walkways, spots: Iterable[Spot], marks: Mapping[str, str] | None = None, width_px: int = USUAL_WIDTH_PX
) -> str:
    """The floor with the spots as dots; `marks` maps a spot's name to words to stand beside it."""
    check_whole("width_px", width_px, 200, 10_000)
    shown = sorted(spots, key=lambda spot: (spot.level, spot.x_dm, spot.y_dm, spot.name))
    sheet, storeys = _drawn(floor, shown, width_px)
    for spot in shown:
        sheet.dot(storeys.of(floor.at(spot)), DOT_PX * sheet.px, INK, spot.name)
    for spot in shown:
        if marks and spot.name in marks:
            size, reach = SMALL_LABEL_PX * sheet.px, 1.5 * DOT_PX * sheet.px
            sheet.label(marks[spot.name], storeys.of(floor.at(spot)), size, reach)
    points = len(floor.opened.graph.nodes)
    return sheet.text(f"Floor: {'1 point' if points == 1 else f'{points} points'}")


def draw_walkways_tour(
    floor: Walkways, start: Spot, sequence: Sequence[Spot], end: Spot | None, width_px: int = USUAL_WIDTH_PX
) -> str:
    """The walk from start through the sequence to end, or to its last stop.

    Raises FieldError for a spot no walkway comes near and for a leg nobody can walk.
    """
    check_whole("width_px", width_px, 200, 10_000)
    spots = [start, *sequence, *([] if end is None else [end])]
    places = [floor.at(spot) for spot in spots]
    walk: list[Point3] = [(places[0].x_dm, places[0].y_dm, places[0].level)]
    for one, other in pairwise(places):
        walk += floor.compiled.way(one, other)
    sheet, storeys = _drawn(floor, spots, width_px)
    points = [point for point, _ in groupby(storeys.at(each) for each in walk)]
    draw_walk(sheet, right_lane(points, WALKWAY_PX / 4 * sheet.px))
    shown_end = None if end is None else _moved(floor.at(end), storeys)
    draw_stops(sheet, _moved(places[0], storeys), [_moved(floor.at(stop), storeys) for stop in sequence], shown_end)
    stops = "1 stop" if len(sequence) == 1 else f"{len(sequence)} stops"
    return sheet.text(f"Tour from {start.name}: {stops}")


def drawn_points(floor: Walkways, spots: Sequence[Spot]) -> dict[str, XY]:
    """By name, where a picture of this floor with these spots on it shows them: storeys stand above one another."""
    storeys = _storeys(floor, spots)
    return {spot.name: storeys.of(floor.at(spot)) for spot in spots}


def _storeys(floor: Walkways, spots: Sequence[Spot]) -> _Storeys:
    return _Storeys(floor.opened.graph, [floor.at(spot) for spot in spots])


def _drawn(floor: Walkways, spots: Sequence[Spot], width_px: int) -> tuple[Sheet, _Storeys]:
    """The sheet with everything on it that does not move."""
    storeys = _storeys(floor, spots)
    sheet = Sheet([storeys.at(point) for point in storeys.points], width_px)
    storeys.draw(sheet, {frozenset(pair) for pair in floor.closed})
    return sheet, storeys


class _Storeys:
    """Every storey at its place on the sheet, the lowest at the foot."""

    def __init__(self, floor: FloorGraph, spots: Iterable[Spot]) -> None:
        self._floor = floor
        self.points: list[Point3] = [(node.x_dm, node.y_dm, node.level) for node in floor.nodes]
        self.points += [(spot.x_dm, spot.y_dm, spot.level) for spot in spots]
        ys = [y for _, y, _ in self.points]
        self._depth = round((max(ys) - min(ys)) * (1 + STOREY_GAP)) + 20
        self._place = {level: at for at, level in enumerate(sorted({level for _, _, level in self.points}))}

    def at(self, point: Point3) -> XY:
        return float(point[0]), float(point[1] + self._depth * self._place[point[2]])

    def of(self, spot: Spot) -> XY:
        return self.at((spot.x_dm, spot.y_dm, spot.level))

    def draw(self, sheet: Sheet, closed: Container[frozenset[str]] = ()) -> None:
        """Walkways, their directions, and stairs; those between the points of a pair of `closed` as such."""
        at = {node.name: self.at((node.x_dm, node.y_dm, node.level)) for node in self._floor.nodes}
        for way in self._floor.walkways:
            one, other = at[way.from_node], at[way.to_node]
            if one == other:
                continue
            is_closed = frozenset((way.from_node, way.to_node)) in closed
            sheet.path([one, other], SHUT if is_closed else INK, WALKWAY_PX * sheet.px, 0.45 if is_closed else 0.15)
            if way.is_one_way:
                middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
                sheet.arrow(middle, angle_between(one, other), 1.5 * WALKWAY_PX * sheet.px, INK, opacity=0.35)
        for climb in self._floor.climbs:
            colour = SHUT if frozenset((climb.lower, climb.upper)) in closed else INK
            sheet.path([at[climb.lower], at[climb.upper]], colour, 1.5 * sheet.px, opacity=0.5, is_dashed=True)


def _moved(spot: Spot, storeys: _Storeys) -> Spot:
    x, y = storeys.at((spot.x_dm, spot.y_dm, spot.level))
    return Spot(spot.name, round(x), round(y), spot.level)
