from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at, layouts, ruled_layouts, spots_of

from picking import Closed, FieldError, Layout, OneWay, Spot, distance_matrix, walk_dm
from picking.dijkstra import UNREACHABLE_DM
from picking.distances import out_of_reach

Point = tuple[str, int, int]


def between(a: Spot, b: Spot, layout: Layout = TWO_BLOCKS) -> int:
    return int(distance_matrix(layout, [a, b])[0, 1])


def test_in_one_aisle_the_walk_is_straight_even_over_a_cross_aisle() -> None:
    assert between(bin_at(40, 30), bin_at(40, 170)) == 140


def test_in_neighbouring_aisles_the_nearer_cross_aisle_is_taken() -> None:
    """From y 30 and y 80 of the lower block: 30 + 40 + 80 = 150 round the front, 70 + 40 + 20 = 130 round
    the back.
    """
    assert between(bin_at(0, 30), bin_at(40, 80)) == 130


def test_across_blocks_the_walk_is_dx_plus_dy() -> None:
    assert between(bin_at(0, 30), bin_at(80, 170)) == 80 + 140


def test_a_dock_outside_the_aisles_is_reached_over_its_cross_aisle() -> None:
    """Dock 20 below the front at x 10; bin at x 40, y 30: spur 20, along 30, up 30."""
    assert between(bin_at(10, -20), bin_at(40, 30)) == 80


def test_two_docks_of_one_cross_aisle_are_a_cross_aisle_apart() -> None:
    assert between(bin_at(10, -20), bin_at(70, -30)) == 20 + 60 + 30


def test_a_bench_on_another_cross_aisle_is_reached_through_an_aisle() -> None:
    """Both at x 100, right of the last aisle at 80: 20 to it, 200 along it, 20 back."""
    assert between(bin_at(100, 0), bin_at(100, 200)) == 240


def test_a_lift_costs_up_and_down_unless_it_stays_at_the_bay() -> None:
    """Levels 3 and 4 above reach level 1 at 10 dm a level: 20 up from one bay, 30 at the next, 10 within
    one.
    """
    spots = [bin_at(0, 20, 3), bin_at(0, 20, 4), bin_at(0, 50, 4)]
    lifted = distance_matrix(TWO_BLOCKS, spots, level_penalty_dm=10)
    assert lifted.tolist() == [[0, 10, 80], [10, 0, 90], [80, 90, 0]]


def test_no_spots_and_one_spot_have_no_walk() -> None:
    assert distance_matrix(TWO_BLOCKS, []).shape == (0, 0)
    assert walk_dm(TWO_BLOCKS, []) == walk_dm(TWO_BLOCKS, [bin_at(0, 5)]) == 0


def test_against_a_one_way_aisle_the_walk_goes_round() -> None:
    """Aisle 0 is one-way up: from y 80 back to y 20 leads 20 up, 40 over, 100 down, 40 back and 20 up."""
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True),))
    assert between(bin_at(0, 20), bin_at(0, 80), floor) == 60
    assert between(bin_at(0, 80), bin_at(0, 20), floor) == 20 + 40 + 100 + 40 + 20


def test_a_one_way_rule_may_hold_in_one_block_only() -> None:
    floor = Layout((0, 40), (0, 100, 200), one_way=(OneWay(0, is_up=False, block=1),))
    assert between(bin_at(0, 20), bin_at(0, 80), floor) == 60
    assert between(bin_at(0, 120), bin_at(0, 180), floor) == 20 + 40 + 100 + 40 + 20


def test_a_dead_end_of_a_one_way_aisle_is_left_the_way_it_was_entered() -> None:
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True),))
    assert between(bin_at(0, 100), bin_at(0, 130), floor) == between(bin_at(0, 130), bin_at(0, 100), floor) == 30


def test_a_closed_stretch_is_walked_around_and_its_ends_are_reached() -> None:
    floor = Layout((0, 40), (0, 100), closed=(Closed(0, 40, 60),))
    assert between(bin_at(0, 40), bin_at(0, 60), floor) == 40 + 40 + 100 + 40 + 40


def test_a_cross_aisle_through_a_closed_stretch_stays_open() -> None:
    floor = Layout((0, 40, 80), (0, 100, 200), closed=(Closed(1, 80, 120),))
    assert between(bin_at(0, 100), bin_at(80, 100), floor) == 80
    assert between(bin_at(40, 70), bin_at(40, 130), floor) == 70 + 40 + 200 + 40 + 70


def test_a_busy_sub_aisle_costs_each_time_it_is_walked_into() -> None:
    """In from below: 20 + 300. Through it: 100 + 300, so the way round by aisle 40 (180) is taken. Out: free."""
    floor = Layout((0, 40), (0, 100), busy_dm=((0, 0, 300),))
    assert between(bin_at(0, 0), bin_at(0, 20), floor) == 320
    assert between(bin_at(0, 20), bin_at(0, 0), floor) == 20
    assert between(bin_at(0, 0), bin_at(0, 100), floor) == 180
    assert between(bin_at(0, 20), bin_at(0, 80), floor) == 60


def test_a_bin_in_a_closed_stretch_is_named_and_its_walk_refused() -> None:
    floor = Layout((0, 40), (0, 100), closed=(Closed(0, 40, 60),))
    shut, start = bin_at(0, 50), Spot("depot", 0, 0)
    assert out_of_reach(floor, start, [bin_at(0, 40), shut]) == [
        (1, "X0000-Y0050-0 stands in a closed stretch of its aisle")
    ]
    with pytest.raises(FieldError) as refused:
        walk_dm(floor, [start, bin_at(40, 50), shut])
    assert str(refused.value) == "sequence[2]: no way leads from X0040-Y0050-0 to X0000-Y0050-0"


def test_one_way_aisles_that_trap_the_picker_are_named_with_the_stop() -> None:
    """Both aisles lead up only: what lies at the back can be reached, but nobody comes back."""
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True), OneWay(1, is_up=True)))
    start, back = Spot("depot", 0, 0), Spot("bench", 20, 120)
    assert out_of_reach(floor, start, [bin_at(0, 50)], start) == [(0, "depot cannot be reached from X0000-Y0050-0")]
    assert out_of_reach(floor, back, [], start) == [(0, "depot cannot be reached from bench")]
    assert out_of_reach(floor, start, [bin_at(0, 50)], back) == []


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_with_rules_too_every_distance_is_the_shortest_way_through_the_drawn_floor(data: st.DataObject) -> None:
    layout = data.draw(ruled_layouts())
    spots = data.draw(st.lists(spots_of(layout), min_size=1, max_size=6))
    ways = drawn_floor(layout, spots)
    found = [shortest_ways(ways, node_of(layout, a)) for a in spots]
    expected = [[row.get(node_of(layout, b), UNREACHABLE_DM) for b in spots] for row in found]
    assert distance_matrix(layout, spots).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 40))
def test_with_rules_no_way_round_is_shorter_than_the_walk(data: st.DataObject, level_penalty_dm: int) -> None:
    layout = data.draw(ruled_layouts())
    spots = data.draw(st.lists(spots_of(layout), min_size=1, max_size=8))
    matrix = distance_matrix(layout, spots, level_penalty_dm)
    assert (matrix.diagonal() == 0).all()
    assert (matrix[:, None, :] <= matrix[:, :, None] + matrix[None, :, :]).all()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_distance_is_the_shortest_way_through_the_drawn_floor(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    spots = data.draw(st.lists(spots_of(layout), min_size=1, max_size=8))
    ways = drawn_floor(layout, spots)
    expected = [[shortest_ways(ways, node_of(layout, a))[node_of(layout, b)] for b in spots] for a in spots]
    matrix = distance_matrix(layout, spots)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == expected


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(0, 40), st.integers(0, 3))
def test_the_distances_are_a_metric_with_and_without_lifts(
    data: st.DataObject, level_penalty_dm: int, reach_level: int
) -> None:
    layout = data.draw(layouts())
    spots = data.draw(st.lists(spots_of(layout), min_size=1, max_size=12))
    matrix = distance_matrix(layout, spots, level_penalty_dm, reach_level)
    assert (matrix >= 0).all()
    assert (matrix == matrix.T).all()
    assert (matrix.diagonal() == 0).all()
    assert (matrix[:, None, :] <= matrix[:, :, None] + matrix[None, :, :]).all()


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(0, 40))
def test_a_walk_is_the_sum_of_its_legs(data: st.DataObject, level_penalty_dm: int) -> None:
    layout = data.draw(layouts())
    spots = data.draw(st.lists(spots_of(layout), min_size=2, max_size=12))
    matrix = distance_matrix(layout, spots, level_penalty_dm)
    legs = sum(int(matrix[at, at + 1]) for at in range(len(spots) - 1))
    assert walk_dm(layout, spots, level_penalty_dm) == legs


def node_of(layout: Layout, spot: Spot) -> Point:
    return ("aisle" if spot.x_dm in layout.aisle_x_dm else "spur", spot.x_dm, spot.y_dm)


def drawn_floor(layout: Layout, spots: list[Spot]) -> dict[Point, list[tuple[Point, int]]]:
    """The floor as nodes and ways: along each aisle, along each cross-aisle, and a spur for each bench."""
    ways: dict[Point, list[tuple[Point, int]]] = {}
    crossings: dict[int, set[Point]] = {
        y: {("aisle", x, y) for x in layout.aisle_x_dm} for y in layout.cross_aisle_y_dm
    }
    lines: list[list[Point]] = []
    for x in layout.aisle_x_dm:
        ys = set(layout.cross_aisle_y_dm) | {spot.y_dm for spot in spots if spot.x_dm == x}
        lines.append([("aisle", x, y) for y in sorted(ys)])
    spurs: dict[tuple[int, int], set[int]] = {}
    for spot in spots:
        if spot.x_dm not in layout.aisle_x_dm:
            foot = min(layout.cross_aisle_y_dm, key=lambda y: (abs(y - spot.y_dm), y))
            spurs.setdefault((spot.x_dm, foot), {foot}).add(spot.y_dm)
    for (x, foot), ys in spurs.items():
        crossings[foot].add(("spur", x, foot))
        lines.append([("spur", x, y) for y in sorted(ys)])
    lines.extend(sorted(nodes, key=lambda node: node[1]) for nodes in crossings.values())
    for line in lines:
        for a, b in pairwise(line):
            for one, other in ((a, b), (b, a)):
                if may_walk(layout, one, other):
                    ways.setdefault(one, []).append((other, cost_dm(layout, one, other)))
    return ways


def may_walk(layout: Layout, one: Point, other: Point) -> bool:
    """Whether the rules let one walk between two neighbouring nodes; only aisles have rules."""
    if one[0] != "aisle" or other[0] != "aisle" or one[1] != other[1]:
        return True
    aisle, (low, high) = layout.aisle_x_dm.index(one[1]), sorted((one[2], other[2]))
    if any(shut.aisle == aisle and shut.from_dm < high and low < shut.to_dm for shut in layout.closed):
        return False
    if low < layout.cross_aisle_y_dm[0] or high > layout.cross_aisle_y_dm[-1]:
        return True
    return all(
        rule.is_up == (one[2] < other[2])
        for rule in layout.one_way
        if rule.aisle == aisle and rule.block in (None, layout.block_of(low))
    )


def cost_dm(layout: Layout, one: Point, other: Point) -> int:
    """The step, and what a busy sub-aisle charges whoever walks into it from a cross-aisle."""
    step = abs(one[1] - other[1]) + abs(one[2] - other[2])
    if one[1] != other[1] or one[0] != "aisle" or one[2] not in layout.cross_aisle_y_dm:
        return step
    aisle, block = layout.aisle_x_dm.index(one[1]), layout.block_of(min(one[2], other[2]))
    return step + sum(extra for at, within, extra in layout.busy_dm if (at, within) == (aisle, block))


def shortest_ways(ways: dict[Point, list[tuple[Point, int]]], source: Point) -> dict[Point, int]:
    """Dijkstra, the plain way."""
    reached: dict[Point, int] = {}
    queue = [(0, source)]
    while queue:
        walked, node = heapq.heappop(queue)
        if node in reached:
            continue
        reached[node] = walked
        for following, step in ways.get(node, []):
            heapq.heappush(queue, (walked + step, following))
    return reached
