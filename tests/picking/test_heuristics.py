from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from picking_floors import DEPOT, TWO_BLOCKS, bin_at, problems

from picking import Layout, Route, Spot, TourProblem, largest_gap, location_order, return_route, s_shape

ONE_BLOCK = Layout((0, 40, 80), (0, 100))
RULES = (s_shape, largest_gap, return_route, location_order)


def places(route: Route) -> list[tuple[int, int]]:
    return [(stop.x_dm, stop.y_dm) for stop in route.sequence]


def on(layout: Layout, *points: tuple[int, int], start: Spot = DEPOT) -> TourProblem:
    return TourProblem(layout, start, start, tuple(bin_at(x, y) for x, y in points))


def test_s_shape_goes_up_one_aisle_and_down_the_next() -> None:
    """Up aisle 0 (100), across (40), down aisle 40 (100), back along the front (40): 280."""
    route = s_shape(on(ONE_BLOCK, (40, 30), (0, 10), (0, 90), (40, 70)))
    assert places(route) == [(0, 10), (0, 90), (40, 70), (40, 30)]
    assert route.distance_dm == 280


def test_s_shape_turns_back_in_an_odd_last_aisle() -> None:
    """As before to the front at x 40 (240), across (40), up 60 and down again (120), back along the front
    (80).
    """
    route = s_shape(on(ONE_BLOCK, (0, 10), (0, 90), (40, 70), (40, 30), (80, 20), (80, 60)))
    assert places(route)[-2:] == [(80, 20), (80, 60)]
    assert route.distance_dm == 240 + 40 + 120 + 80


def test_s_shape_begins_at_the_side_nearer_to_the_start() -> None:
    route = s_shape(on(ONE_BLOCK, (0, 10), (80, 10), start=Spot("dock", 90, -10)))
    assert places(route) == [(80, 10), (0, 10)]


def test_s_shape_of_two_blocks_goes_up_the_first_aisle_and_takes_the_far_block_first() -> None:
    """Up aisle 0 past (0, 50), in the far block up aisle 0 (to 200), across to 40, down it to the
    cross-aisle at 100, then the near block from the nearer side: down aisle 40, across to 80 and, turning
    back in it, home. 200 + 40 + 200 + 40 + 2 x 60 + 80 = 680.
    """
    stops = [(0, 50), (0, 150), (40, 150), (40, 50), (80, 60), (80, 30)]
    route = s_shape(on(TWO_BLOCKS, *stops))
    assert places(route) == [(0, 50), (0, 150), (40, 150), (40, 50), (80, 30), (80, 60)]
    assert route.distance_dm == 680


def test_s_shape_from_a_dock_at_the_back_is_the_mirror_image() -> None:
    stops = [(0, 50), (0, 150), (40, 150), (40, 50), (80, 140), (80, 170)]
    mirrored = [(x, 200 - y) for x, y in stops]
    behind = s_shape(on(TWO_BLOCKS, *mirrored, start=Spot("dock", 0, 200)))
    assert behind.distance_dm == s_shape(on(TWO_BLOCKS, *stops)).distance_dm


def test_s_shape_starting_amid_the_floor_leaves_what_lies_behind_it_for_the_way_back() -> None:
    route = s_shape(on(TWO_BLOCKS, (0, 20), (0, 80), (0, 150), start=Spot("bench", 0, 60)))
    assert places(route) == [(0, 80), (0, 150), (0, 20)]


def test_largest_gap_enters_the_inner_aisles_from_both_ends() -> None:
    """Aisle 40 has its gap between 20 and 90: 90 is fetched from the back, 20 from the front on the way
    home. 100 up, 40 + 2 x 10 + 40 along the back, 100 down, 40 + 2 x 20 + 40 along the front: 420. The
    S-shape turns back in the last aisle instead: 100 + 40 + 100 + 40 + 2 x 50 + 80 = 460.
    """
    problem = on(ONE_BLOCK, (0, 50), (40, 20), (40, 90), (80, 50))
    route = largest_gap(problem)
    assert places(route) == [(0, 50), (40, 90), (80, 50), (40, 20)]
    assert route.distance_dm == 420
    assert s_shape(problem).distance_dm == 460


def test_return_leaves_every_aisle_where_it_entered() -> None:
    """2 x 40 + 2 x 30 in the aisles, 2 x 80 along the front: 300."""
    route = return_route(on(ONE_BLOCK, (0, 10), (0, 40), (80, 30), (80, 20)))
    assert places(route) == [(0, 10), (0, 40), (80, 20), (80, 30)]
    assert route.distance_dm == 300


def test_location_order_goes_by_name_and_nothing_else() -> None:
    names = ["A10-1", "A2-1", "A1-9"]
    stops = tuple(Spot(name, 0, 10 * at) for at, name in enumerate(names))
    route = location_order(TourProblem(ONE_BLOCK, DEPOT, DEPOT, stops))
    assert [stop.name for stop in route.sequence] == ["A1-9", "A10-1", "A2-1"]


@pytest.mark.parametrize("rule", RULES)
def test_without_stops_every_rule_walks_from_start_to_end(rule: Callable[[TourProblem], Route]) -> None:
    route = rule(TourProblem(TWO_BLOCKS, DEPOT, bin_at(80, 0), ()))
    assert (route.sequence, route.distance_dm) == ((), 80)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=150, deadline=None)
@given(problem=problems())
def test_every_rule_visits_every_stop_once_and_tells_its_length(
    rule: Callable[[TourProblem], Route], problem: TourProblem
) -> None:
    route = rule(problem)
    assert sorted(stop.name for stop in route.sequence) == sorted({stop.name for stop in problem.stops})
    matrix = problem.matrix()
    rows = [0, *(1 + problem.distinct_stops.index(stop) for stop in route.sequence), len(matrix) - 1]
    assert route.distance_dm == sum(int(matrix[a, b]) for a, b in pairwise(rows))
