"""The way itself, point by point, that a distance of the grid stands for: for drawings and for who meets whom.

Owns the choice among ways of equal cost: the one with the fewest corners it can see at once. It refuses a leg
no way leads along. Invariant: the points' length plus what busy sub-aisles cost is the distance of the leg.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from picking.dijkstra import UNREACHABLE_DM, nodes_between
from picking.errors import FieldError
from picking.junctions import Hanging, Junctions, hang, junctions, straight_dm
from picking.layout import Layout, Spot

Point = tuple[int, int]
Way = tuple[Point, ...]


def ways(layout: Layout, sequence: Sequence[Spot]) -> tuple[Way, ...]:
    """The way of every leg of the walk through the spots, from spot to spot, corners only, (x dm, y dm).

    Raises FieldError naming the first leg no way leads along.
    """
    floor = junctions(layout)
    hanging = [hang(floor, spot) for spot in sequence]
    legs: list[Way] = []
    for at, (one, other) in enumerate(pairwise(sequence)):
        points = _leg(floor, one, hanging[at], other, hanging[at + 1])
        if points is None:
            raise FieldError(f"sequence[{at + 1}]", f"no way leads from {one.name} to {other.name}")
        legs.append(corners(points))
    return tuple(legs)


def way_length_dm(way: Way) -> int:
    """What a picker walks along it, without any cost of busy sub-aisles."""
    return sum(abs(x2 - x1) + abs(y2 - y1) for (x1, y1), (x2, y2) in pairwise(way))


def corners(points: Iterable[Point]) -> Way:
    """The points without repetitions and without those on a straight line between their neighbours."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and _is_between(kept[-2], kept[-1], point):
            kept[-1] = point
        else:
            kept.append(point)
    return tuple(kept)


def _is_between(a: Point, b: Point, c: Point) -> bool:
    (ax, ay), (bx, by), (cx, cy) = a, b, c
    is_straight = (bx - ax) * (cy - by) == (by - ay) * (cx - bx)
    return is_straight and (bx - ax) * (cx - bx) + (by - ay) * (cy - by) > 0


def _leg(floor: Junctions, a: Spot, a_hangs: Hanging, b: Spot, b_hangs: Hanging) -> list[Point] | None:
    best_dm = straight_dm(a_hangs, a, b_hangs, b)
    best = None
    for leaving, out_dm in a_hangs.ends.out:
        for entering, into_dm in b_hangs.ends.into:
            cost_dm = out_dm + floor.between_dm(leaving, entering) + into_dm
            if cost_dm < best_dm:
                best_dm, best = cost_dm, (leaving, entering)
    if best_dm >= UNREACHABLE_DM:
        return None
    start, end = (a.x_dm, a.y_dm), (b.x_dm, b.y_dm)
    if best is None:
        if a_hangs.spur_dm and a.x_dm == b.x_dm:
            return [start, end]
        return [start, _foot(floor, a, a_hangs), _foot(floor, b, b_hangs), end]
    between = [floor.point(node) for node in _nodes(floor, *best)]
    return [start, _foot(floor, a, a_hangs), *between, _foot(floor, b, b_hangs), end]


def _foot(floor: Junctions, spot: Spot, hanging: Hanging) -> Point:
    """Where a spot outside the aisles steps on its cross-aisle; the spot itself for all others."""
    if hanging.piece is not None and hanging.piece[0] < 0:
        return spot.x_dm, floor.layout.cross_aisle_y_dm[hanging.piece[1]]
    return spot.x_dm, spot.y_dm


def _nodes(floor: Junctions, one: int, other: int) -> list[int]:
    """By a single corner where that is as short, else as the search found it."""
    (aisle, cross), (to_aisle, to_cross) = divmod(one, floor.crosses), divmod(other, floor.crosses)
    for corner in (floor.node(aisle, to_cross), floor.node(to_aisle, cross)):
        if all(floor.between_dm(a, b) == _straight(floor, a, b) for a, b in ((one, corner), (corner, other))):
            return [one, corner, other]
    return nodes_between(floor.before[one], other)


def _straight(floor: Junctions, one: int, other: int) -> int:
    return way_length_dm((floor.point(one), floor.point(other)))
