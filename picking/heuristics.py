"""Routing rules a picker could follow without a computer, for any number of blocks.

Owns the four orders others use: S-shape, largest gap, return, and location names. A rule fixes the order of
the stops; its length is the shortest walk through them in that order, so it is never more than walking the
rule to the letter (a picker told "turn back here" does). Comparisons against it are therefore on the safe
side.
Invariant: each rule visits every distinct stop exactly once.

Source: the rules for one block, and the choice of the nearer side, are those of the Material Handling
Forum, Erasmus University (erim.eur.nl, "Routing strategies"). For several blocks: K.J. Roodbergen, R. de
Koster, "Routing methods for warehouses with multiple cross aisles", Int. J. Production Research 39(9), 2001
(10.1080/00207540110028128): up one aisle to the farthest block, then block by block back to the front.
Quoted from memory; where it starts in the middle of the floor, or ends elsewhere than it starts, the rule
is ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from picking.layout import Spot
from picking.problem import TourProblem


@dataclass(frozen=True, slots=True)
class Route:
    """The distinct stops in the order of one rule, and the shortest walk in that order."""

    policy: str
    sequence: tuple[Spot, ...]
    distance_dm: int


def s_shape(problem: TourProblem) -> Route:
    """Every sub-aisle with picks is walked through from end to end; the last one of a block may be turned
    back in.
    """
    floor = _Floor.of(problem)
    order = floor.pick_on_the_way_to_the_farthest_block()
    at_front = True
    for block in floor.from_the_farthest_block():
        for aisle in floor.aisles_from_the_nearer_side(block):
            picks = floor.take(block, aisle)
            order += picks if at_front else reversed(picks)
            at_front = not at_front
        # Whatever the parity, the last sub-aisle was left at its front, which is the back of the next block.
        at_front = False
    return _route("s_shape", problem, order)


def largest_gap(problem: TourProblem) -> Route:
    """Sub-aisles are entered from both ends up to the largest stretch without a pick; only the outer ones
    are crossed.

    A gap is the distance between two neighbouring picks, or between a pick and the end of the sub-aisle.
    """
    floor = _Floor.of(problem)
    order = floor.pick_on_the_way_to_the_farthest_block()
    at_front = True
    for block in floor.from_the_farthest_block():
        aisles = floor.aisles_from_the_nearer_side(block)
        if at_front:
            # Only the farthest block is entered at its front; its first sub-aisle leads to the back.
            order += floor.take(block, aisles.pop(0))
            at_front = False
        near_front: list[_Pick] = []
        for aisle in aisles:
            picks = floor.take(block, aisle)
            gap = 0 if aisle == aisles[-1] else floor.largest_gap(block, picks)
            order += reversed(picks[gap:])
            near_front = picks[:gap] + near_front
        order += near_front
    return _route("largest_gap", problem, order)


def return_route(problem: TourProblem) -> Route:
    """Every aisle with picks is entered from the front and left to the front, from the nearer side to the
    other.
    """
    floor = _Floor.of(problem)
    by_aisle: dict[int, list[_Pick]] = {}
    for block in floor.blocks:
        for aisle, picks in block.items():
            by_aisle.setdefault(aisle, []).extend(picks)
    order = [pick for aisle in sorted(by_aisle) for pick in sorted(by_aisle[aisle])]
    return _route("return", problem, order)


def location_order(problem: TourProblem) -> Route:
    """By location name, as most systems print a pick list.

    Source: Odoo stock, OCA shopfloor, OpenBoxes and HotWax sort by location name or by a sequence typed for
    it.
    """
    sequence = tuple(sorted(problem.distinct_stops, key=lambda stop: stop.name))
    return Route("location_order", sequence, problem.length_dm(sequence))


@dataclass(frozen=True, slots=True, order=True)
class _Pick:
    """A stop seen from the front: y grows away from it. Stops outside the aisles stand on their
    cross-aisle.
    """

    y_dm: int
    name: str
    stop: Spot


class _Floor:
    """The picks by block and aisle, turned so that block 0 is at the front and aisle 0 on the side to begin
    with.
    """

    def __init__(
        self,
        blocks: list[dict[int, list[_Pick]]],
        aisle_x_dm: list[int],
        cross_y_dm: list[int],
        start_y_dm: int,
    ) -> None:
        self.blocks = blocks
        self._aisle_x_dm = aisle_x_dm
        self._cross_y_dm = cross_y_dm
        self._start_y_dm = start_y_dm
        self._x_dm = aisle_x_dm[0]

    @classmethod
    def of(cls, problem: TourProblem) -> _Floor:
        layout = problem.layout
        low_dm, high_dm = layout.cross_aisle_y_dm[0], layout.cross_aisle_y_dm[-1]
        ends = (problem.start, problem.end)
        is_front_high = sum(abs(s.y_dm - high_dm) for s in ends) < sum(abs(s.y_dm - low_dm) for s in ends)
        y_sign = -1 if is_front_high else 1

        anchored = [
            (_aisle(problem, stop), _entry_y_dm(problem, stop), stop) for stop in problem.distinct_stops
        ]
        xs_dm = [layout.aisle_x_dm[aisle] for aisle, _, _ in anchored] or [layout.aisle_x_dm[0]]
        start_x_dm = problem.start.x_dm
        is_right_nearer = abs(max(xs_dm) - start_x_dm) < abs(min(xs_dm) - start_x_dm)
        x_sign = -1 if is_right_nearer else 1

        blocks: list[dict[int, list[_Pick]]] = [{} for _ in range(layout.blocks)]
        for aisle, y_dm, stop in anchored:
            block = layout.block_of(y_dm)
            block = layout.blocks - 1 - block if is_front_high else block
            aisle = len(layout.aisle_x_dm) - 1 - aisle if is_right_nearer else aisle
            blocks[block].setdefault(aisle, []).append(_Pick(y_sign * y_dm, stop.name, stop))
        for picks_by_aisle in blocks:
            for picks in picks_by_aisle.values():
                picks.sort()
        return cls(
            blocks,
            sorted(x_sign * x_dm for x_dm in layout.aisle_x_dm),
            sorted(y_sign * y_dm for y_dm in layout.cross_aisle_y_dm),
            y_sign * _entry_y_dm(problem, problem.start),
        )

    def pick_on_the_way_to_the_farthest_block(self) -> list[_Pick]:
        """Walk up the first aisle with picks, from the start to the front of the farthest block, picking
        what it passes.
        """
        with_picks = [number for number, block in enumerate(self.blocks) if block]
        if not with_picks:
            return []
        first_aisle = min(aisle for block in self.blocks for aisle in block)
        self._x_dm = self._aisle_x_dm[first_aisle]
        passed: list[_Pick] = []
        for block in self.blocks[: with_picks[-1]]:
            picks = block.pop(first_aisle, [])
            passed += [pick for pick in picks if pick.y_dm >= self._start_y_dm]
            behind = [pick for pick in picks if pick.y_dm < self._start_y_dm]
            if behind:
                block[first_aisle] = behind
        return passed

    def from_the_farthest_block(self) -> list[int]:
        return [number for number in range(len(self.blocks) - 1, -1, -1) if self.blocks[number]]

    def aisles_from_the_nearer_side(self, block: int) -> list[int]:
        aisles = sorted(self.blocks[block])
        to_first = abs(self._aisle_x_dm[aisles[0]] - self._x_dm)
        to_last = abs(self._aisle_x_dm[aisles[-1]] - self._x_dm)
        return aisles if to_first <= to_last else aisles[::-1]

    def take(self, block: int, aisle: int) -> list[_Pick]:
        self._x_dm = self._aisle_x_dm[aisle]
        return self.blocks[block][aisle]

    def largest_gap(self, block: int, picks: list[_Pick]) -> int:
        """How many of the picks, counted from the front, lie before the largest gap."""
        front_dm = self._cross_y_dm[block]
        back_dm = self._cross_y_dm[min(block + 1, len(self._cross_y_dm) - 1)]
        ys_dm = [front_dm, *(pick.y_dm for pick in picks), back_dm]
        return max(range(len(picks) + 1), key=lambda at: ys_dm[at + 1] - ys_dm[at])


def _aisle(problem: TourProblem, spot: Spot) -> int:
    aisle = problem.layout.aisle_of(spot)
    return problem.layout.nearest_aisle(spot.x_dm) if aisle is None else aisle


def _entry_y_dm(problem: TourProblem, spot: Spot) -> int:
    if problem.layout.aisle_of(spot) is not None:
        return spot.y_dm
    return problem.layout.cross_aisle_y_dm[problem.layout.nearest_cross_aisle(spot.y_dm)]


def _route(policy: str, problem: TourProblem, order: Iterable[_Pick]) -> Route:
    sequence = tuple(pick.stop for pick in order)
    return Route(policy, sequence, problem.length_dm(sequence))
