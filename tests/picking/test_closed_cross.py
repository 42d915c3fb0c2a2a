"""Closed stretches of cross-aisles: walked round, never through, and refused where there is no such cross-aisle."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import ClosedCross, FieldError, Layout, Spot, TourProblem, draw_layout, out_of_reach, plan_tour
from picking.distances import distance_matrix

AISLES, CROSSES = (0, 40, 80, 120), (0, 100, 200)
START = Spot("start", 0, 0)


def floor(*closed: tuple[int, int, int]) -> Layout:
    return Layout(AISLES, CROSSES, closed_cross=tuple(ClosedCross(*stretch) for stretch in closed))


def walk_dm(layout: Layout, *stops: Spot) -> int:
    return plan_tour(TourProblem(layout, START, START, stops), 200).distance_dm


def test_who_may_not_pass_at_the_front_goes_round_by_the_next_cross_aisle() -> None:
    stop = Spot("a", 40, 10)
    assert walk_dm(floor(), stop) == 100
    assert walk_dm(floor((0, 0, 40)), stop) == 2 * (100 + 40 + 90)


def test_an_aisle_through_the_stretch_is_walked_and_its_ends_are_turned_into() -> None:
    assert walk_dm(floor((1, 0, 80)), Spot("a", 40, 150)) == walk_dm(floor(), Spot("a", 40, 150))
    assert walk_dm(floor((0, 40, 80)), Spot("a", 40, 10)) == 100


def test_a_dock_inside_the_stretch_is_cut_off() -> None:
    layout = floor((0, 0, 40))
    dock = Spot("dock", 20, -10)
    assert [at for at, _ in out_of_reach(layout, dock, [Spot("a", 80, 10)])] == [0]


def test_the_stretch_is_drawn() -> None:
    assert draw_layout(floor((1, 0, 80)), [START], {}, 400).count("closed") == 1


@pytest.mark.parametrize(("stretch", "field"), [((3, 0, 40), "closed_cross[0].cross"), ((0, 40, 40), "to_dm")])
def test_what_is_no_stretch_of_a_cross_aisle_is_refused(stretch: tuple[int, int, int], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        floor(stretch)
    assert refused.value.field == field


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(AISLES[:-1]), st.integers(1, 80)), max_size=3),
    st.lists(st.tuples(st.sampled_from(AISLES), st.integers(1, 199)), min_size=1, max_size=5, unique=True),
)
def test_the_tour_is_as_short_as_the_best_of_all_orders(
    closed: list[tuple[int, int, int]], places: list[tuple[int, int]]
) -> None:
    layout = floor(*((cross, low, low + width) for cross, low, width in closed))
    stops = [Spot(f"s{at}", *place) for at, place in enumerate(places)]
    if out_of_reach(layout, START, stops, START):
        return
    matrix = distance_matrix(layout, [START, *stops])
    best_dm = min(
        sum(int(matrix[a, b]) for a, b in zip((0, *order), (*order, 0), strict=True))
        for order in permutations(range(1, len(stops) + 1))
    )
    tour = plan_tour(TourProblem(layout, START, START, tuple(stops)), 300)
    assert tour.distance_dm == best_dm
    assert tour.lower_bound_dm <= best_dm
