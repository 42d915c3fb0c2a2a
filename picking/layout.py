"""The floor as a grid: parallel aisles along y, joined by cross-aisles along x, everything in decimetres.

Owns where a spot is reached from: in its aisle, or, for docks and benches that stand in none, over the
nearest cross-aisle; and what holds for an aisle: one way, closed stretches, busy sub-aisles, and for a cross-aisle:
closed stretches. It refuses coordinates that are not whole decimetres, aisles out of order, and rules for aisles that
are not there. Invariant: aisles and cross-aisles are strictly ascending, so that a position can be looked up by
bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median_low

from picking.errors import FieldError, check_name, check_whole

FARTHEST_DM = 1_000_000
"""100 km. Beyond it a coordinate is a typing mistake, and sums of walks stay far inside 64 bits."""

MOST_AISLES = 10_000

USUAL_BAY_PITCH_DM = 12
"""Used only when no aisle holds two bays to measure: a pallet bay face of about 1.2 m."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A point where the picker stops: a bin in an aisle, or a dock, bench, staging place or depot."""

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
class OneWay:
    """An aisle walked in one direction only, up being towards higher y; in one block, or in all of them.

    It holds between two cross-aisles. The dead ends outside the outermost ones stay open both ways, or
    whoever walked in would never come out.
    """

    aisle: int
    is_up: bool
    block: int | None = None

    def __post_init__(self) -> None:
        check_whole("aisle", self.aisle, 0, MOST_AISLES - 1)
        if not isinstance(self.is_up, bool):
            raise FieldError("is_up", f"must be true or false, got {self.is_up!r:.60}")
        if self.block is not None:
            check_whole("block", self.block, 0, MOST_AISLES - 1)


@dataclass(frozen=True, slots=True)
class Closed:
    """A stretch of an aisle nobody passes. Bins strictly inside it cannot be reached, those at its two ends can.

    Cross-aisles that run through the stretch stay open: what is closed is the aisle.
    """

    aisle: int
    from_dm: int
    to_dm: int

    def __post_init__(self) -> None:
        check_whole("aisle", self.aisle, 0, MOST_AISLES - 1)
        check_whole("from_dm", self.from_dm, -FARTHEST_DM, FARTHEST_DM)
        check_whole("to_dm", self.to_dm, -FARTHEST_DM, FARTHEST_DM)
        if self.to_dm <= self.from_dm:
            raise FieldError("to_dm", f"must be greater than from_dm ({self.from_dm}), got {self.to_dm}")


@dataclass(frozen=True, slots=True)
class ClosedCross:
    """A stretch of a cross-aisle nobody walks along, from one x to another.

    An aisle that runs through it can still be walked through, and one at either end can be turned into from outside.
    """

    cross: int
    from_dm: int
    to_dm: int

    def __post_init__(self) -> None:
        check_whole("cross", self.cross, 0, MOST_AISLES - 1)
        check_whole("from_dm", self.from_dm, -FARTHEST_DM, FARTHEST_DM)
        check_whole("to_dm", self.to_dm, -FARTHEST_DM, FARTHEST_DM)
        if self.to_dm <= self.from_dm:
            raise FieldError("to_dm", f"must be greater than from_dm ({self.from_dm}), got {self.to_dm}")


@dataclass(frozen=True, slots=True)
class Layout:
    """Aisles by their x, cross-aisles by their y. Cross-aisles are as long as needed to reach every dock.

    `busy_dm` holds (aisle, block, extra dm): what it costs to walk from a cross-aisle into that sub-aisle,
    on top of the walk, each time, through and back alike; whoever stands in it pays nothing to leave. Dead
    ends count with the block they are next to.
    """

    aisle_x_dm: tuple[int, ...]
    cross_aisle_y_dm: tuple[int, ...]
    one_way: tuple[OneWay, ...] = ()
    closed: tuple[Closed, ...] = ()
    busy_dm: tuple[tuple[int, int, int], ...] = ()
    closed_cross: tuple[ClosedCross, ...] = ()

    def __post_init__(self) -> None:
        _check_ascending("aisle_x_dm", self.aisle_x_dm)
        _check_ascending("cross_aisle_y_dm", self.cross_aisle_y_dm)
        if len(self.aisle_x_dm) > MOST_AISLES:
            raise FieldError("aisle_x_dm", f"must hold at most {MOST_AISLES} aisles, got {len(self.aisle_x_dm)}")
        _check_tuple_of("one_way", self.one_way, OneWay)
        _check_tuple_of("closed", self.closed, Closed)
        _check_tuple_of("busy_dm", self.busy_dm, tuple)
        self._check_one_way()
        for at, closed in enumerate(self.closed):
            self._check_aisle(f"closed[{at}].aisle", closed.aisle)
        _check_tuple_of("closed_cross", self.closed_cross, ClosedCross)
        for at, stretch in enumerate(self.closed_cross):
            check_whole(f"closed_cross[{at}].cross", stretch.cross, 0, len(self.cross_aisle_y_dm) - 1)
        self._check_busy()

    @property
    def is_plain(self) -> bool:
        """Every aisle is open in both directions and costs nothing but its length."""
        return not (self.one_way or self.closed or self.busy_dm or self.closed_cross)

    @property
    def opened(self) -> Layout:
        """The same floor with nothing closed and nobody on it."""
        return replace(self, closed=(), busy_dm=(), closed_cross=())

    @property
    def blocks(self) -> int:
        """Stretches between neighbouring cross-aisles; a floor with a single cross-aisle counts as one
        block.
        """
        return max(1, len(self.cross_aisle_y_dm) - 1)

    def aisle_of(self, spot: Spot) -> int | None:
        """The number of the aisle the spot stands in (0 is the one with the lowest x), or None."""
        at = bisect_left(self.aisle_x_dm, spot.x_dm)
        if at < len(self.aisle_x_dm) and self.aisle_x_dm[at] == spot.x_dm:
            return at
        return None

    def nearest_aisle(self, x_dm: int) -> int:
        return _nearest(self.aisle_x_dm, x_dm)

    def nearest_cross_aisle(self, y_dm: int) -> int:
        """The number of the cross-aisle a spot outside the aisles is reached from; the lower one when
        equally near.
        """
        return _nearest(self.cross_aisle_y_dm, y_dm)

    def block_of(self, y_dm: int) -> int:
        """The block of a point in an aisle. Dead ends outside the outermost cross-aisles belong to the next
        block.
        """
        return min(max(bisect_right(self.cross_aisle_y_dm, y_dm) - 1, 0), self.blocks - 1)

    def _check_one_way(self) -> None:
        directions: dict[tuple[int, int], bool] = {}
        for at, rule in enumerate(self.one_way):
            field = f"one_way[{at}]"
            self._check_aisle(f"{field}.aisle", rule.aisle)
            if len(self.cross_aisle_y_dm) == 1:
                raise FieldError(field, "an aisle on a single cross-aisle is a dead end and cannot be one-way")
            if rule.block is not None:
                check_whole(f"{field}.block", rule.block, 0, self.blocks - 1)
            for block in range(self.blocks) if rule.block is None else (rule.block,):
                if directions.setdefault((rule.aisle, block), rule.is_up) != rule.is_up:
                    raise FieldError(f"{field}.is_up", f"aisle {rule.aisle} is one-way both ways in block {block}")

    def _check_busy(self) -> None:
        known: set[tuple[int, int]] = set()
        for at, busy in enumerate(self.busy_dm):
            field = f"busy_dm[{at}]"
            if len(busy) != 3:
                raise FieldError(field, f"must be (aisle, block, extra dm), got {len(busy)} values")
            aisle, block, extra_dm = busy
            self._check_aisle(f"{field}[0]", aisle)
            check_whole(f"{field}[1]", block, 0, self.blocks - 1)
            check_whole(f"{field}[2]", extra_dm, 0, FARTHEST_DM)
            if (aisle, block) in known:
                raise FieldError(field, f"aisle {aisle} in block {block} stands here twice")
            known.add((aisle, block))

    def _check_aisle(self, field: str, aisle: int) -> None:
        check_whole(field, aisle, 0, len(self.aisle_x_dm) - 1)


def infer_layout(storage: Iterable[Spot], cross_aisle_y_dm: Sequence[int] | None = None) -> Layout:
    """The layout that bin coordinates imply: an aisle at every distinct x; cross-aisles as given, or
    inferred.

    Inferred are one cross-aisle below the lowest bay, one above the highest, and one in the middle of every
    gap that is open in all aisles and more than half again as wide as the bay pitch. The pitch is the
    median distance of neighbouring bays of one aisle, so that aisles offset against each other do not
    shrink it.
    """
    bays: dict[int, set[int]] = {}
    for spot in storage:
        bays.setdefault(spot.x_dm, set()).add(spot.y_dm)
    if not bays:
        raise FieldError("storage", "must hold at least one spot")
    if cross_aisle_y_dm is not None:
        return Layout(tuple(sorted(bays)), tuple(sorted(set(cross_aisle_y_dm))))

    steps = [upper - lower for ys in bays.values() for lower, upper in pairwise(sorted(ys))]
    pitch_dm = median_low(steps) if steps else USUAL_BAY_PITCH_DM
    rows = sorted(set().union(*bays.values()))
    between = [(lower + upper) // 2 for lower, upper in pairwise(rows) if 2 * (upper - lower) > 3 * pitch_dm]
    return Layout(tuple(sorted(bays)), (rows[0] - pitch_dm, *between, rows[-1] + pitch_dm))


def _check_tuple_of(field: str, values: object, kind: type) -> None:
    if not isinstance(values, tuple):
        raise FieldError(field, f"must be a tuple, got {type(values).__name__}")
    for at, value in enumerate(values):
        if not isinstance(value, kind):
            raise FieldError(f"{field}[{at}]", f"must be a {kind.__name__}, got {type(value).__name__}")


def _check_ascending(field: str, values: object) -> None:
    if not isinstance(values, tuple):
        raise FieldError(field, f"must be a tuple, got {type(values).__name__}")
    if not values:
        raise FieldError(field, "must hold at least one value")
    for at, value in enumerate(values):
        check_whole(f"{field}[{at}]", value, -FARTHEST_DM, FARTHEST_DM)
        if at and value <= values[at - 1]:
            raise FieldError(f"{field}[{at}]", f"must be greater than the one before ({values[at - 1]}), got {value}")


def _nearest(ascending: tuple[int, ...], value: int) -> int:
    at = bisect_left(ascending, value)
    if at == 0:
        return 0
    if at == len(ascending) or value - ascending[at - 1] <= ascending[at] - value:
        return at - 1
    return at
