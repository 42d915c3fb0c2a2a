"""Crossings of aisles and cross-aisles, and how every spot hangs on them, with the rules of the layout.

Owns what one-way aisles, closed stretches (of cross-aisles too) and busy sub-aisles mean: which arcs there are and
what they cost. A spot has at most two ways out and two ways in; between two spots of one open stretch there is the
straight way. It refuses nothing a Layout allows. Invariant: without rules every way exists in both directions at equal
length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from picking.dijkstra import UNREACHABLE_DM, Dm, Nodes, arcs_by_tail, shortest_from
from picking.hanging import Ends, lengths_between
from picking.layout import Layout, Spot

BOTH_WAYS, UP, DOWN = 0, 1, -1

Piece = tuple[int, int, int]
"""(aisle, segment, number of closed stretches below): spots of one piece see each other down the aisle."""


@dataclass(frozen=True, eq=False)
class Junctions:
    """The layout as a graph: node `aisle * crosses + cross` is where the aisle meets the cross-aisle.

    Segment s of an aisle lies below cross-aisle s; the lowest and the highest segment are dead ends.
    `length_dm` and `before` hold every pair of nodes, shape (nodes, nodes), searched when first asked for.
    """

    layout: Layout
    crosses: int
    directions: dict[tuple[int, int], int]
    closed: dict[int, tuple[tuple[int, int], ...]]
    busy_dm: dict[tuple[int, int], int]
    closed_cross: dict[int, tuple[tuple[int, int], ...]]

    @cached_property
    def length_dm(self) -> Dm:
        return self._pairs[0]

    @cached_property
    def before(self) -> Nodes:
        return self._pairs[1]

    @cached_property
    def _pairs(self) -> tuple[Dm, Nodes]:
        return _all_pairs(self)

    def between_dm(self, one: int, other: int) -> int:
        """From node to node. Without rules it is looked up nowhere: along an aisle and along a cross-aisle."""
        if self.layout.is_plain:
            (x1, y1), (x2, y2) = self.point(one), self.point(other)
            return abs(x1 - x2) + abs(y1 - y2)
        return int(self.length_dm[one, other])

    def node(self, aisle: int, cross: int) -> int:
        return aisle * self.crosses + cross

    def point(self, node: int) -> tuple[int, int]:
        aisle, cross = divmod(node, self.crosses)
        return self.layout.aisle_x_dm[aisle], self.layout.cross_aisle_y_dm[cross]

    def direction(self, aisle: int, segment: int) -> int:
        """UP, DOWN or BOTH_WAYS."""
        return self.directions.get((aisle, segment), BOTH_WAYS)

    def extra_dm(self, aisle: int, segment: int) -> int:
        """What walking in from a cross-aisle costs on top of the walk."""
        return self.busy_dm.get((aisle, min(max(segment - 1, 0), self.layout.blocks - 1)), 0)

    def is_cross_open(self, cross: int, one_dm: int, other_dm: int) -> bool:
        """No closed stretch of the cross-aisle lies between, or around, the two places on it."""
        low, high = min(one_dm, other_dm), max(one_dm, other_dm)
        return all(to_dm <= low or high <= from_dm for from_dm, to_dm in self.closed_cross.get(cross, ()))

    def is_open(self, aisle: int, one_dm: int, other_dm: int) -> bool:
        """No closed stretch of the aisle lies between, or around, the two heights."""
        low, high = min(one_dm, other_dm), max(one_dm, other_dm)
        return all(to_dm <= low or high <= from_dm for from_dm, to_dm in self.closed.get(aisle, ()))


@lru_cache(maxsize=16)
def junctions(layout: Layout) -> Junctions:
    """Kept for the layouts of late: a floor version stays for months, closed stretches for hours."""
    crosses = len(layout.cross_aisle_y_dm)
    directions: dict[tuple[int, int], int] = {}
    for rule in layout.one_way:
        for block in range(layout.blocks) if rule.block is None else (rule.block,):
            directions[rule.aisle, block + 1] = UP if rule.is_up else DOWN
    closed = _merged((stretch.aisle, stretch.from_dm, stretch.to_dm) for stretch in layout.closed)
    closed_cross = _merged((stretch.cross, stretch.from_dm, stretch.to_dm) for stretch in layout.closed_cross)
    busy = {(aisle, block): extra for aisle, block, extra in layout.busy_dm}
    return Junctions(layout, crosses, directions, closed, busy, closed_cross)


def _merged(stretches: Iterable[tuple[int, int, int]]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Line → its stretches from low to high, those that touch as one."""
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for line, from_dm, to_dm in sorted(stretches, key=lambda stretch: stretch[1]):
        known = found.get(line, ())
        if known and from_dm <= known[-1][1]:
            start, until = known[-1]
            found[line] = (*known[:-1], (start, max(to_dm, until)))
        else:
            found[line] = (*known, (from_dm, to_dm))
    return found


def _all_pairs(floor: Junctions) -> tuple[Dm, Nodes]:
    xs, ys = floor.layout.aisle_x_dm, floor.layout.cross_aisle_y_dm
    tail: list[int] = []
    to: list[int] = []
    length: list[int] = []

    def add(one: int, other: int, dm: int) -> None:
        tail.append(one)
        to.append(other)
        length.append(dm)

    for aisle, x_dm in enumerate(xs):
        for cross, y_dm in enumerate(ys):
            here = floor.node(aisle, cross)
            if aisle and floor.is_cross_open(cross, xs[aisle - 1], x_dm):
                beside = floor.node(aisle - 1, cross)
                add(here, beside, x_dm - xs[aisle - 1])
                add(beside, here, x_dm - xs[aisle - 1])
            if cross and floor.is_open(aisle, ys[cross - 1], y_dm):
                below, direction = floor.node(aisle, cross - 1), floor.direction(aisle, cross)
                walk_dm = y_dm - ys[cross - 1] + floor.extra_dm(aisle, cross)
                if direction != DOWN:
                    add(below, here, walk_dm)
                if direction != UP:
                    add(here, below, walk_dm)
    nodes = len(xs) * len(ys)
    arcs = arcs_by_tail(nodes, np.array(tail, np.int32), np.array(to, np.int32), np.array(length, np.int64))
    return shortest_from(*arcs, np.arange(nodes, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class Hanging:
    """How one spot hangs on the floor: by its nodes, and what it sees straight away.

    `line_dm` is its place on its aisle or cross-aisle; `spur_dm` the way from there to a spot that stands
    beside it; `piece` is None at a junction and inside a closed stretch, where nothing is seen straight away.
    """

    ends: Ends
    piece: Piece | None
    direction: int
    line_dm: int
    spur_dm: int


def hang(floor: Junctions, spot: Spot) -> Hanging:
    aisle = floor.layout.aisle_of(spot)
    if aisle is None:
        return _hang_on_cross_aisle(floor, spot)
    ys = floor.layout.cross_aisle_y_dm
    segment = bisect_left(ys, spot.y_dm)
    if segment < len(ys) and ys[segment] == spot.y_dm:
        at = ((floor.node(aisle, segment), 0),)
        return Hanging(Ends(at, at), None, BOTH_WAYS, spot.y_dm, 0)
    direction, extra_dm = floor.direction(aisle, segment), floor.extra_dm(aisle, segment)
    out: list[tuple[int, int]] = []
    into: list[tuple[int, int]] = []
    # Below the spot one leaves downwards and comes in upwards; above it the other way round.
    for cross, leaving, entering in ((segment - 1, DOWN, UP), (segment, UP, DOWN)):
        if 0 <= cross < len(ys) and floor.is_open(aisle, spot.y_dm, ys[cross]):
            node, walk_dm = floor.node(aisle, cross), abs(spot.y_dm - ys[cross])
            if direction in (BOTH_WAYS, leaving):
                out.append((node, walk_dm))
            if direction in (BOTH_WAYS, entering):
                into.append((node, walk_dm + extra_dm))
    closed_below = sum(to_dm <= spot.y_dm for _, to_dm in floor.closed.get(aisle, ()))
    piece = (aisle, segment, closed_below) if floor.is_open(aisle, spot.y_dm, spot.y_dm) else None
    return Hanging(Ends(tuple(out), tuple(into)), piece, direction, spot.y_dm, 0)


def _hang_on_cross_aisle(floor: Junctions, spot: Spot) -> Hanging:
    xs = floor.layout.aisle_x_dm
    cross = floor.layout.nearest_cross_aisle(spot.y_dm)
    spur_dm = abs(spot.y_dm - floor.layout.cross_aisle_y_dm[cross])
    right = bisect_left(xs, spot.x_dm)
    ways = tuple(
        (floor.node(aisle, cross), abs(spot.x_dm - xs[aisle]) + spur_dm)
        for aisle in (right - 1, right)
        if 0 <= aisle < len(xs) and floor.is_cross_open(cross, spot.x_dm, xs[aisle])
    )
    closed_left = sum(to_dm <= spot.x_dm for _, to_dm in floor.closed_cross.get(cross, ()))
    piece = (-1, cross, closed_left) if floor.is_cross_open(cross, spot.x_dm, spot.x_dm) else None
    return Hanging(Ends(ways, ways), piece, BOTH_WAYS, spot.x_dm, spur_dm)


def straight_dm(a: Hanging, a_spot: Spot, b: Hanging, b_spot: Spot) -> int:
    """The way along the stretch both stand on, or UNREACHABLE_DM when they do not, or may not."""
    if a_spot.x_dm == b_spot.x_dm and a_spot.y_dm == b_spot.y_dm:
        return 0
    if a.piece is None or a.piece != b.piece:
        return UNREACHABLE_DM
    if a.piece[0] < 0:
        if a.line_dm == b.line_dm:
            return abs(a_spot.y_dm - b_spot.y_dm)
        return abs(a.line_dm - b.line_dm) + a.spur_dm + b.spur_dm
    if a.direction * (b.line_dm - a.line_dm) < 0:
        return UNREACHABLE_DM
    return abs(a.line_dm - b.line_dm)


def pair_lengths(floor: Junctions, spots: Sequence[Spot]) -> Dm:
    """Cost of every ordered pair of spots by the rules of the layout, UNREACHABLE_DM where no way leads."""
    hanging = [hang(floor, spot) for spot in spots]
    best = lengths_between(floor.length_dm, [each.ends for each in hanging])
    together: dict[Piece | tuple[int, int], list[int]] = {}
    for at, (each, spot) in enumerate(zip(hanging, spots, strict=True)):
        together.setdefault(each.piece or (spot.x_dm, spot.y_dm), []).append(at)
    for members in together.values():
        for one in members:
            for other in members:
                straight = straight_dm(hanging[one], spots[one], hanging[other], spots[other])
                best[one, other] = min(best[one, other], straight)
    return best
