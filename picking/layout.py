"""The floor as a grid: parallel aisles along y, joined by cross-aisles along x, everything in decimetres.

Owns where a spot is reached from: in its aisle, or, for docks and benches that stand in none, over the
nearest cross-aisle. It refuses coordinates that are not whole decimetres and aisles out of order.
Invariant: aisles and cross-aisles are strictly ascending, so that a position can be looked up by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

from picking.errors import FieldError, check_name, check_whole

FARTHEST_DM = 1_000_000
"""100 km. Beyond it a coordinate is a typing mistake, and sums of walks stay far inside 64 bits."""

USUAL_BAY_PITCH_DM = 12
"""Used only when no aisle holds two bays to measure: a pallet bay face of about 1.2 m."""

NARROWEST_AISLE_PITCH_DM = 10
"""Two aisles nearer than this cannot have racks between them; more likely the two faces of one aisle."""


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
class Layout:
    """Aisles by their x, cross-aisles by their y. Cross-aisles are as long as needed to reach every dock."""

    aisle_x_dm: tuple[int, ...]
    cross_aisle_y_dm: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_ascending("aisle_x_dm", self.aisle_x_dm)
        _check_ascending("cross_aisle_y_dm", self.cross_aisle_y_dm)

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


def check_layout(layout: Layout, storage: Iterable[Spot]) -> list[str]:
    """Words about everything that looks wrong with bins on this layout; empty when nothing does.

    Docks and benches are no storage: leave them out, they may stand anywhere.
    """
    words: list[str] = []
    names: dict[str, Spot] = {}
    places: dict[tuple[int, int, int], str] = {}
    lowest, highest = layout.cross_aisle_y_dm[0], layout.cross_aisle_y_dm[-1]
    used_aisles: set[int] = set()
    for spot in storage:
        if spot.name in names:
            words.append(f"{spot.name}: the name is used twice")
            continue
        names[spot.name] = spot
        place = (spot.x_dm, spot.y_dm, spot.level)
        if place in places:
            words.append(
                f"{spot.name}: same point and level as {places[place]}"
                f" (x {spot.x_dm} dm, y {spot.y_dm} dm, level {spot.level})"
            )
        places.setdefault(place, spot.name)
        aisle = layout.aisle_of(spot)
        if aisle is None:
            near = layout.aisle_x_dm[layout.nearest_aisle(spot.x_dm)]
            words.append(f"{spot.name}: in no aisle (x {spot.x_dm} dm; the nearest aisle is at x {near} dm)")
            continue
        used_aisles.add(aisle)
        if spot.y_dm in layout.cross_aisle_y_dm:
            words.append(f"{spot.name}: stands in the cross-aisle at y {spot.y_dm} dm")
        elif not lowest < spot.y_dm < highest:
            words.append(f"{spot.name}: in a dead end outside the cross-aisles (y {spot.y_dm} dm)")
    words.extend(
        f"aisle at x {x_dm} dm: holds no storage"
        for at, x_dm in enumerate(layout.aisle_x_dm)
        if at not in used_aisles
    )
    words.extend(
        f"aisles at x {left} dm and {right} dm: nearer than {NARROWEST_AISLE_PITCH_DM} dm;"
        " two faces of one aisle?"
        for left, right in pairwise(layout.aisle_x_dm)
        if right - left < NARROWEST_AISLE_PITCH_DM
    )
    return words


def _check_ascending(field: str, values: object) -> None:
    if not isinstance(values, tuple):
        raise FieldError(field, f"must be a tuple, got {type(values).__name__}")
    if not values:
        raise FieldError(field, "must hold at least one value")
    for at, value in enumerate(values):
        check_whole(f"{field}[{at}]", value, -FARTHEST_DM, FARTHEST_DM)
        if at and value <= values[at - 1]:
            raise FieldError(
                f"{field}[{at}]", f"must be greater than the one before ({values[at - 1]}), got {value}"
            )


def _nearest(ascending: tuple[int, ...], value: int) -> int:
    at = bisect_left(ascending, value)
    if at == 0:
        return 0
    if at == len(ascending) or value - ascending[at - 1] <= ascending[at] - value:
        return at - 1
    return at
