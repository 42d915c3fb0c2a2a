"""What is wrong with a layout and the bins on it, in words for whoever measured the floor.

Owns the words. It refuses nothing: a layout with words can still be planned on, as far as its stops can be
reached. Invariant: a sound floor gives no words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from picking.dijkstra import UNREACHABLE_DM
from picking.junctions import Junctions, hang, junctions
from picking.layout import Layout, Spot

NARROWEST_AISLE_PITCH_DM = 10
"""Two aisles nearer than this cannot have racks between them; more likely the two faces of one aisle."""

FAR_DOCK_DM = 1000
"""A dock 100 m outside the aisles is more often a slipped decimal point than a yard."""


def check_layout(layout: Layout, storage: Iterable[Spot], docks: Iterable[Spot] = ()) -> list[str]:
    """Words about everything that looks wrong with bins on this layout; empty when nothing does.

    Docks, benches and depots are no storage and may stand anywhere near; give them as `docks`. Bins are then
    to be reached from one of them and left to one of them; without any, from the floor's largest part.
    """
    bins, benches = list(storage), list(docks)
    return [
        *_bins(layout, bins),
        *_docks(layout, benches),
        *_aisles(layout, bins),
        *_ways(layout, bins, benches),
    ]


def _bins(layout: Layout, storage: Sequence[Spot]) -> Iterator[str]:
    names: dict[str, Spot] = {}
    places: dict[tuple[int, int, int], str] = {}
    lowest, highest = layout.cross_aisle_y_dm[0], layout.cross_aisle_y_dm[-1]
    for spot in storage:
        if spot.name in names:
            yield f"{spot.name}: the name is used twice"
            continue
        names[spot.name] = spot
        place = (spot.x_dm, spot.y_dm, spot.level)
        if place in places:
            yield (
                f"{spot.name}: same point and level as {places[place]}"
                f" (x {spot.x_dm} dm, y {spot.y_dm} dm, level {spot.level})"
            )
        places.setdefault(place, spot.name)
        aisle = layout.aisle_of(spot)
        if aisle is None:
            near = layout.aisle_x_dm[layout.nearest_aisle(spot.x_dm)]
            yield f"{spot.name}: in no aisle (x {spot.x_dm} dm; the nearest aisle is at x {near} dm)"
        elif spot.y_dm in layout.cross_aisle_y_dm:
            yield f"{spot.name}: stands in the cross-aisle at y {spot.y_dm} dm"
        elif not junctions(layout).is_open(aisle, spot.y_dm, spot.y_dm):
            yield f"{spot.name}: in a closed stretch of the aisle at x {spot.x_dm} dm (y {spot.y_dm} dm)"
        elif not lowest < spot.y_dm < highest:
            yield f"{spot.name}: in a dead end outside the cross-aisles (y {spot.y_dm} dm)"


def _docks(layout: Layout, docks: Sequence[Spot]) -> Iterator[str]:
    for dock in docks:
        outside_dm = max(
            layout.aisle_x_dm[0] - dock.x_dm,
            dock.x_dm - layout.aisle_x_dm[-1],
            layout.cross_aisle_y_dm[0] - dock.y_dm,
            dock.y_dm - layout.cross_aisle_y_dm[-1],
        )
        if outside_dm > FAR_DOCK_DM:
            yield f"{dock.name}: {outside_dm // 10} m outside the aisles; a typing mistake?"
        aisle = layout.aisle_of(dock)
        if aisle is not None and not junctions(layout).is_open(aisle, dock.y_dm, dock.y_dm):
            yield f"{dock.name}: in a closed stretch of the aisle at x {dock.x_dm} dm (y {dock.y_dm} dm)"


def _aisles(layout: Layout, storage: Iterable[Spot]) -> Iterator[str]:
    used = {layout.aisle_of(spot) for spot in storage}
    for aisle, x_dm in enumerate(layout.aisle_x_dm):
        if aisle not in used:
            yield f"aisle at x {x_dm} dm: holds no storage"
    for left, right in pairwise(layout.aisle_x_dm):
        if right - left < NARROWEST_AISLE_PITCH_DM:
            yield (
                f"aisles at x {left} dm and {right} dm: nearer than {NARROWEST_AISLE_PITCH_DM} dm;"
                " two faces of one aisle?"
            )


def _ways(layout: Layout, storage: Iterable[Spot], docks: Sequence[Spot]) -> Iterator[str]:
    """Where the rules of the aisles let nobody in, or nobody out again."""
    if layout.is_plain:
        return
    floor = junctions(layout)
    is_reached, is_left = _reached_and_left(floor, docks)
    for cross, y_dm in enumerate(layout.cross_aisle_y_dm):
        # Along a cross-aisle everybody walks both ways: its first junction speaks for all of them.
        if not is_reached[cross]:
            yield f"cross-aisle at y {y_dm} dm: cannot be reached"
        if not is_left[cross]:
            yield f"cross-aisle at y {y_dm} dm: one-way aisles let nobody out of it again"
    lost: dict[tuple[int, str], list[Spot]] = {}
    for spot in storage:
        aisle = layout.aisle_of(spot)
        hanging = hang(floor, spot)
        if aisle is None or not floor.is_open(aisle, spot.y_dm, spot.y_dm):
            continue
        if not any(is_reached[node] for node, _ in hanging.ends.into):
            lost.setdefault((aisle, "cannot be reached"), []).append(spot)
        elif not any(is_left[node] for node, _ in hanging.ends.out):
            lost.setdefault((aisle, "cannot be left again"), []).append(spot)
    for (aisle, words), spots in sorted(lost.items()):
        low, high = min(spot.y_dm for spot in spots), max(spot.y_dm for spot in spots)
        count = "1 bin" if len(spots) == 1 else f"{len(spots)} bins"
        yield f"aisle at x {layout.aisle_x_dm[aisle]} dm: {count} between y {low} and {high} dm {words}"


def _reached_and_left(floor: Junctions, docks: Sequence[Spot]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For every junction: a way leads there from home, and one leads back."""
    is_way = floor.length_dm < UNREACHABLE_DM
    hanging = [hang(floor, dock) for dock in docks]
    out = [node for each in hanging for node, _ in each.ends.out]
    into = [node for each in hanging for node, _ in each.ends.into]
    if not out or not into:
        out = into = [int(np.argmax((is_way & is_way.T).sum(axis=1)))]
    return np.logical_or.reduce(is_way[out], axis=0), np.logical_or.reduce(is_way[:, into], axis=1)
