"""Shortest walks on the grid, as whole decimetres, for all pairs of spots at once.

Owns the metric. In one aisle the walk is |dy|; otherwise it goes over the cross-aisle that makes it
shortest. A spot outside the aisles hangs on its nearest cross-aisle by a straight spur. Levels above the
picker's reach may cost extra. Where the layout has rules (one-way aisles, closed stretches, busy sub-aisles)
the ways are looked up in its graph of junctions, and out and back may differ.
Invariant: zero on the diagonal, triangle inequality, never a float; symmetric on a layout without rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from picking.dijkstra import UNREACHABLE_DM
from picking.errors import FieldError
from picking.junctions import junctions, pair_lengths
from picking.layout import Layout, Spot

Decimetres = npt.NDArray[np.int64]


def distance_matrix(
    layout: Layout, spots: Sequence[Spot], level_penalty_dm: int = 0, reach_level: int = 1
) -> Decimetres:
    """Walk from every spot (row) to every spot (column), in the order given; UNREACHABLE_DM where none leads.

    A spot on a level above reach_level costs level_penalty_dm for each level going up and again coming
    down. Between two spots of one bay the lift stays up, so only the difference counts.
    """
    access = _access(layout, spots, reach_level)
    if not layout.is_plain:
        return _lifted(pair_lengths(junctions(layout), spots), access.column(), access.row(), level_penalty_dm)
    return _walk(layout, access.column(), access.row(), level_penalty_dm)


def walk_dm(layout: Layout, sequence: Sequence[Spot], level_penalty_dm: int = 0, reach_level: int = 1) -> int:
    """Length of the walk through the spots in this order, leg by leg, without the whole matrix where it can be.

    Raises FieldError naming the first leg that cannot be walked.
    """
    if len(sequence) < 2:
        return 0
    if not layout.is_plain:
        legs = distance_matrix(layout, sequence, level_penalty_dm, reach_level).diagonal(1)
        for at in np.flatnonzero(legs >= UNREACHABLE_DM)[:1].tolist():
            words = f"no way leads from {sequence[at].name} to {sequence[at + 1].name}"
            raise FieldError(f"sequence[{at + 1}]", words)
        return int(legs.sum())
    access = _access(layout, sequence, reach_level)
    return int(_walk(layout, access.part(slice(None, -1)), access.part(slice(1, None)), level_penalty_dm).sum())


def out_of_reach(layout: Layout, start: Spot, stops: Sequence[Spot], end: Spot | None = None) -> list[tuple[int, str]]:
    """(number of the stop, words) of every stop no walk from start to end can visit; empty on a plain layout.

    Where the end itself cannot be reached from the start its number is len(stops). Without an end a stop
    counts when it cannot be reached.
    """
    if layout.is_plain:
        return []
    spots = (start, *stops, start if end is None else end)
    matrix = pair_lengths(junctions(layout), spots)
    found: list[tuple[int, str]] = []
    for at, stop in enumerate(stops):
        if _is_closed(layout, stop):
            found.append((at, f"{stop.name} stands in a closed stretch of its aisle"))
        elif matrix[0, at + 1] >= UNREACHABLE_DM:
            found.append((at, f"{stop.name} cannot be reached from {start.name}"))
        elif end is not None and matrix[at + 1, -1] >= UNREACHABLE_DM:
            found.append((at, f"{end.name} cannot be reached from {stop.name}"))
    if end is not None and matrix[0, -1] >= UNREACHABLE_DM:
        found.append((len(stops), f"{end.name} cannot be reached from {start.name}"))
    return found


def _is_closed(layout: Layout, spot: Spot) -> bool:
    aisle = layout.aisle_of(spot)
    return aisle is not None and not junctions(layout).is_open(aisle, spot.y_dm, spot.y_dm)


@dataclass(frozen=True, slots=True)
class _Access:
    """Where each spot is entered from: y_dm on its aisle or cross-aisle, and the spur from there to the
    spot.
    """

    aisle: Decimetres
    x_dm: Decimetres
    y_dm: Decimetres
    spot_y_dm: Decimetres
    spur_dm: Decimetres
    lifted_levels: Decimetres

    def part(self, key: slice | tuple[slice | None, ...]) -> _Access:
        return _Access(
            self.aisle[key],
            self.x_dm[key],
            self.y_dm[key],
            self.spot_y_dm[key],
            self.spur_dm[key],
            self.lifted_levels[key],
        )

    def column(self) -> _Access:
        return self.part((slice(None), None))

    def row(self) -> _Access:
        return self.part((None, slice(None)))


def _access(layout: Layout, spots: Sequence[Spot], reach_level: int) -> _Access:
    x_dm = np.fromiter((spot.x_dm for spot in spots), np.int64, len(spots))
    spot_y_dm = np.fromiter((spot.y_dm for spot in spots), np.int64, len(spots))
    level = np.fromiter((spot.level for spot in spots), np.int64, len(spots))
    aisles = np.array(layout.aisle_x_dm, np.int64)
    at = np.minimum(np.searchsorted(aisles, x_dm), len(aisles) - 1)
    aisle = np.where(aisles[at] == x_dm, at, -1).astype(np.int64)
    y_dm = spot_y_dm.copy()
    for outside in np.flatnonzero(aisle < 0):
        y_dm[outside] = layout.cross_aisle_y_dm[layout.nearest_cross_aisle(int(spot_y_dm[outside]))]
    return _Access(aisle, x_dm, y_dm, spot_y_dm, np.abs(spot_y_dm - y_dm), np.maximum(level - reach_level, 0))


def _walk(layout: Layout, a: _Access, b: _Access, level_penalty_dm: int) -> Decimetres:
    dx = np.abs(a.x_dm - b.x_dm)
    over = np.full(dx.shape, np.iinfo(np.int64).max, np.int64)
    for cross_dm in layout.cross_aisle_y_dm:
        np.minimum(over, np.abs(a.y_dm - cross_dm) + np.abs(b.y_dm - cross_dm), out=over)
    walk: Decimetres = dx + over + (a.spur_dm + b.spur_dm)
    same_aisle = (a.aisle == b.aisle) & (a.aisle >= 0)
    walk = np.where(same_aisle, np.abs(a.spot_y_dm - b.spot_y_dm), walk)

    both_outside = (a.aisle < 0) & (b.aisle < 0)
    if both_outside.any():
        same_cross = a.y_dm == b.y_dm
        # Two docks on different cross-aisles: the way from one to the other leads through an aisle, which
        # may lie to the side of both. Taking |dx| alone would walk them through the racks.
        walk = walk + np.where(both_outside & ~same_cross, _detour_to_an_aisle(layout, a.x_dm, b.x_dm), 0)
        one_spur = both_outside & same_cross & (dx == 0)
        walk = np.where(one_spur, np.abs(a.spot_y_dm - b.spot_y_dm), walk)

    return _lifted(walk, a, b, level_penalty_dm)


def _lifted(walk: Decimetres, a: _Access, b: _Access, level_penalty_dm: int) -> Decimetres:
    """The walk with the lift's ways up and down added; what no way leads to stays UNREACHABLE_DM."""
    if level_penalty_dm:
        apart = a.lifted_levels + b.lifted_levels
        at_one_bay = np.abs(a.lifted_levels - b.lifted_levels)
        walk = walk + level_penalty_dm * np.where(walk > 0, apart, at_one_bay)
    return np.minimum(walk, UNREACHABLE_DM)


def _detour_to_an_aisle(layout: Layout, x1_dm: Decimetres, x2_dm: Decimetres) -> Decimetres:
    aisles = np.array(layout.aisle_x_dm, np.int64)
    left, right = np.minimum(x1_dm, x2_dm), np.maximum(x1_dm, x2_dm)
    at = np.searchsorted(aisles, left)
    to_the_right = np.maximum(aisles[np.minimum(at, len(aisles) - 1)] - right, 0)
    to_the_left = left - aisles[np.maximum(at - 1, 0)]
    detour = np.where(
        at == len(aisles),
        to_the_left,
        np.where(at == 0, to_the_right, np.minimum(to_the_left, to_the_right)),
    )
    return 2 * detour
