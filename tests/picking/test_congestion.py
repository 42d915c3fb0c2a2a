from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at

from picking import FieldError, Layout, OneWay, Spot, TourProblem, plan_tour
from picking.congestion import Pace, Visit, avoid, busy_dm, meetings, visits

DEPOT = Spot("depot", 0, 0)
STEADY = Pace(walking_mm_per_s=1000, stop_ms=5_000)
"""A dm takes 100 ms."""


def test_a_cart_is_in_a_sub_aisle_while_it_walks_and_picks_there() -> None:
    """30 up to the stop, 5 s there, 70 on to the cross-aisle; from there 40 over and 100 up the next aisle."""
    seen = visits(TWO_BLOCKS, DEPOT, [bin_at(0, 30), bin_at(40, 150)], Spot("bench", 40, 200), STEADY, began_ms=1_000)
    assert seen == (Visit(0, 0, 1_000, 16_000), Visit(1, 1, 20_000, 35_000))


def test_both_blocks_of_an_aisle_are_two_visits() -> None:
    seen = visits(TWO_BLOCKS, DEPOT, [bin_at(0, 150)], Spot("bench", 0, 200), STEADY)
    assert seen == (Visit(0, 0, 0, 10_000), Visit(0, 1, 10_000, 25_000))


def test_two_carts_meet_where_their_visits_overlap() -> None:
    mine = [Visit(0, 0, 0, 10_000), Visit(0, 1, 10_000, 20_000)]
    others = [
        Visit(0, 0, 9_999, 30_000),
        Visit(0, 0, 10_000, 11_000),
        Visit(1, 1, 0, 99_000),
        Visit(0, 1, 12_000, 13_000),
    ]
    assert meetings(mine, others) == 2
    assert meetings(mine, [replace(others[0], from_ms=10_000)]) == 0


def test_sub_aisles_others_are_expected_in_cost_by_the_number_of_carts() -> None:
    others = [Visit(1, 0, 0, 5_000), Visit(1, 0, 4_000, 9_000), Visit(2, 1, 20_000, 30_000)]
    assert busy_dm(others, 4_500, 10_000, meeting_dm=60) == ((1, 0, 120),)
    assert busy_dm(others, 0, 60_000) == ((1, 0, 120), (2, 1, 60))


def test_walking_the_same_tour_backwards_is_tried_first() -> None:
    """Somebody is in the first aisle for the first twenty seconds: starting with the other one costs nothing."""
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (bin_at(0, 50), bin_at(40, 50)))
    first = plan_tour(problem).sequence[0]
    aisle = TWO_BLOCKS.aisle_of(first)
    assert aisle is not None
    found = avoid(problem, [Visit(aisle, 0, 0, 12_000)], STEADY)
    assert (found.meetings, found.shortest_meetings) == (0, 1)
    assert found.walk_dm == found.shortest_dm
    assert found.summary() == "28.0 m and 0 times in an aisle with another cart (shortest 28.0 m and once)"


def test_a_way_round_is_taken_when_a_meeting_costs_more_than_it() -> None:
    """The shortest way passes aisle 0 twice; somebody works there all day. Round by aisle 40 is 80 dm more."""
    problem = TourProblem(TWO_BLOCKS, DEPOT, Spot("bench", 0, 200), (bin_at(0, 150),))
    all_day = [Visit(0, 0, 0, 10**9)]
    assert avoid(problem, all_day, STEADY, meeting_dm=81).walk_dm == 200 + 80
    assert avoid(problem, all_day, STEADY, meeting_dm=79).walk_dm == 200


def test_one_way_aisles_are_never_walked_backwards_to_avoid_anybody() -> None:
    ring = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True), OneWay(1, is_up=False)))
    problem = TourProblem(ring, DEPOT, DEPOT, (bin_at(0, 50), bin_at(40, 50)))
    found = avoid(problem, [Visit(0, 0, 0, 5_000)], STEADY)
    assert [stop.x_dm for stop in found.sequence] == [0, 40]
    assert found.walk_dm == 280


def test_ranks_are_kept_whoever_is_met() -> None:
    ranks = ((bin_at(0, 50).name, 0), (bin_at(40, 50).name, 1))
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (bin_at(0, 50), bin_at(40, 50)), ranks=ranks)
    found = avoid(problem, [Visit(0, 0, 1, 10_000)], STEADY, meeting_dm=10_000)
    assert [stop.x_dm for stop in found.sequence] == [0, 40]
    assert found.meetings == 1


def test_wrong_numbers_name_the_field() -> None:
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, ())
    with pytest.raises(FieldError, match="rounds"):
        avoid(problem, [], STEADY, rounds=-1)
    with pytest.raises(FieldError, match="walking_mm_per_s"):
        Pace(walking_mm_per_s=0)


def test_four_carts_that_know_of_each_other_meet_less_often_and_walk_little_more() -> None:
    rng = random.Random(7)
    floor = Layout(tuple(range(0, 280, 35)), (0, 200, 400))
    planned: dict[bool, list[Visit]] = {False: [], True: []}
    walked, met = {False: 0, True: 0}, {False: 0, True: 0}
    for _ in range(4):
        stops = tuple({bin_at(rng.choice(floor.aisle_x_dm), 12 * rng.randint(1, 32)) for _ in range(12)})
        problem = TourProblem(floor, Spot("dock", 120, -20), Spot("dock", 120, -20), stops)
        for is_avoiding, others in planned.items():
            found = avoid(problem, others if is_avoiding else (), Pace())
            met[is_avoiding] += meetings(found.visits, others)
            walked[is_avoiding] += found.walk_dm
            others += found.visits
    assert met[True] < met[False]
    assert walked[True] <= 1.1 * walked[False]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_avoiding_is_never_worse_than_the_shortest_tour(data: st.DataObject) -> None:
    spot = st.builds(bin_at, st.sampled_from(TWO_BLOCKS.aisle_x_dm), st.integers(0, 200))
    stops = tuple(data.draw(st.lists(spot, max_size=6)))
    moment = st.integers(0, 60_000)
    others = data.draw(st.lists(st.builds(Visit, st.integers(0, 2), st.integers(0, 1), moment, moment), max_size=5))
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, stops)
    found = avoid(problem, others, STEADY, meeting_dm=100)
    assert found.walk_dm + 100 * found.meetings <= found.shortest_dm + 100 * found.shortest_meetings
    assert found.shortest_dm == plan_tour(problem).distance_dm
    assert set(found.sequence) == set(stops)
    assert found.meetings == meetings(found.visits, others)
