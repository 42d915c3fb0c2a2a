from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at, ruled_layouts, spots_of

from picking import Closed, FieldError, Layout, Spot, distance_matrix
from picking.dijkstra import UNREACHABLE_DM
from picking.ways import Way, corners, way_length_dm, ways


def test_the_way_turns_at_the_cross_aisle() -> None:
    assert ways(TWO_BLOCKS, [bin_at(0, 30), bin_at(40, 80)]) == (((0, 30), (0, 100), (40, 100), (40, 80)),)


def test_a_dock_is_left_over_the_foot_of_its_spur() -> None:
    assert ways(TWO_BLOCKS, [Spot("dock", 10, -20), bin_at(40, 30)]) == (((10, -20), (10, 0), (40, 0), (40, 30)),)


def test_two_spots_of_one_aisle_see_each_other() -> None:
    assert ways(TWO_BLOCKS, [bin_at(0, 30), bin_at(0, 170)]) == (((0, 30), (0, 170)),)


def test_round_a_closed_stretch_the_way_leads_through_the_next_aisle() -> None:
    floor = Layout((0, 40), (0, 100), closed=(Closed(0, 40, 60),))
    (way,) = ways(floor, [bin_at(0, 40), bin_at(0, 60)])
    assert way == ((0, 40), (0, 0), (40, 0), (40, 100), (0, 100), (0, 60))


def test_a_leg_nobody_can_walk_is_named() -> None:
    floor = Layout((0, 40), (0, 100), closed=(Closed(0, 40, 60),))
    with pytest.raises(FieldError, match="no way leads from X0040-Y0020-0 to X0000-Y0050-0"):
        ways(floor, [bin_at(40, 20), bin_at(0, 50)])


def test_corners_keep_a_turn_back_and_drop_what_lies_on_the_way() -> None:
    assert corners([(0, 0), (0, 0), (0, 5), (0, 9), (0, 3), (4, 3)]) == ((0, 0), (0, 9), (0, 3), (4, 3))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_way_is_as_long_as_its_distance_and_keeps_the_rules(data: st.DataObject) -> None:
    layout = data.draw(ruled_layouts())
    spots = data.draw(st.lists(spots_of(layout), min_size=2, max_size=6))
    matrix = distance_matrix(layout, spots)
    for at, to in pairwise(range(len(spots))):
        if matrix[at, to] >= UNREACHABLE_DM:
            continue
        (way,) = ways(layout, [spots[at], spots[to]])
        assert way[0] == (spots[at].x_dm, spots[at].y_dm)
        assert way[-1] == (spots[to].x_dm, spots[to].y_dm)
        assert way_length_dm(way) + entering_dm(layout, way) == matrix[at, to]
        assert keeps_the_rules(layout, way)


def stretches(layout: Layout, way: Way) -> list[tuple[int, int, int, int]]:
    """(aisle, from y, to y, block) of every piece of the way between two neighbouring cross-aisles."""
    found = []
    for (x, y1), (to_x, y2) in pairwise(way):
        if x != to_x or x not in layout.aisle_x_dm:
            continue
        between = sorted({y1, y2, *(y for y in layout.cross_aisle_y_dm if min(y1, y2) < y < max(y1, y2))})
        steps = list(pairwise(between if y1 < y2 else between[::-1]))
        found += [(layout.aisle_x_dm.index(x), a, b, layout.block_of(min(a, b))) for a, b in steps]
    return found


def entering_dm(layout: Layout, way: Way) -> int:
    busy = {(aisle, block): extra for aisle, block, extra in layout.busy_dm}
    return sum(
        busy.get((aisle, block), 0) for aisle, a, _, block in stretches(layout, way) if a in layout.cross_aisle_y_dm
    )


def keeps_the_rules(layout: Layout, way: Way) -> bool:
    lowest, highest = layout.cross_aisle_y_dm[0], layout.cross_aisle_y_dm[-1]
    for aisle, a, b, block in stretches(layout, way):
        low, high = min(a, b), max(a, b)
        if any(shut.aisle == aisle and shut.from_dm < high and low < shut.to_dm for shut in layout.closed):
            return False
        is_between = low >= lowest and high <= highest
        if is_between and any(
            rule.aisle == aisle and rule.block in (None, block) and rule.is_up != (a < b) for rule in layout.one_way
        ):
            return False
    return True
