"""Walks from zone to zone, without a database: zone by zone, over the places where the cart is handed over."""

from __future__ import annotations

import pytest

from fulfillment.services.walking import walks
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import length_dm, walk_lefts
from fulfillment.services.walking.zone_walks import NO_ZONES, Zoning, shortest_in
from picking import Layout, Spot, Tour, TourProblem, plan_tour

START = Spot("START", 0, 0)
PLAN = FloorPlan(1, Layout((0, 30, 60, 90), (0, 100)), START, (START,), 0, 1)
OVER = {"A": START, "B": Spot("OVER-B", 60, 0)}
A1, A2, B1, B2 = (Spot(name, x, y) for name, x, y in (("a1", 0, 40), ("a2", 30, 60), ("b1", 60, 50), ("b2", 90, 20)))
ZONING = Zoning(("A", "B"), OVER, {"a1": "A", "a2": "A", "b1": "B", "b2": "B", "loose": ""})


def test_a_zone_is_left_when_all_its_stops_are_made() -> None:
    walk = shortest_in(PLAN, ZONING, START, [B1, A1, B2, A2], 50, 0)
    assert [ZONING.zone_of[spot.name] for spot in walk.tour.sequence] == ["A", "A", "B", "B"]
    path = [START, *ZONING.path(walk.tour.sequence), walk.end]
    assert OVER["B"] in path
    assert length_dm(PLAN, path) == walk.tour.distance_dm
    assert walk.tour.lower_bound_dm <= walk.tour.distance_dm


def test_what_is_left_at_each_stop_counts_the_way_over_the_hand_over() -> None:
    walk = shortest_in(PLAN, ZONING, START, [B1, A1], 50, 0)
    lefts = walk_lefts(PLAN, START, walk.tour.sequence, walk.end, ZONING.before(walk.tour.sequence))
    assert lefts[0] == walk.tour.distance_dm
    assert lefts[1] == length_dm(PLAN, [A1, OVER["B"], B1, START])


def test_a_cart_that_has_left_a_zone_comes_back_to_it_last() -> None:
    there = ZONING.begun("B")
    assert [zone for zone, _ in there.legs([A1, B1])] == ["B", "A"]
    assert there.before([B1, A1]) == [None, START]


def test_where_nothing_is_left_in_the_zone_the_cart_goes_to_the_hand_over_first() -> None:
    walk = shortest_in(PLAN, ZONING.begun("A"), A2, [B1], 50, 0)
    assert walk.tour.distance_dm == length_dm(PLAN, [A2, OVER["B"], B1, START])


def test_a_stop_in_no_zone_is_made_by_who_has_the_cart() -> None:
    loose = Spot("loose", 90, 90)
    assert ZONING.begun("B").legs([loose, A1]) == [("B", [loose]), ("A", [A1])]
    assert ZONING.legs([loose, B1]) == [("B", [loose, B1])]


@pytest.mark.parametrize("zoning", [NO_ZONES, ZONING])
def test_one_zone_or_none_is_walked_as_everywhere(zoning: Zoning) -> None:
    walk = shortest_in(PLAN, zoning, START, [A1, A2], 50, 0)
    assert walk.tour.distance_dm == walk.tour.lower_bound_dm
    assert zoning.before(walk.tour.sequence) == [None, None]


def test_a_walk_through_zones_takes_its_limit_once_with_the_walk_it_is_compared_with(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    given_ms: list[int] = []

    def planned(problem: TourProblem, time_limit_ms: int, seed: int) -> Tour:
        given_ms.append(time_limit_ms)
        return plan_tour(problem, 1000, seed)

    monkeypatch.setattr(walks, "plan_tour", planned)
    shortest_in(PLAN, ZONING, START, [B1, A1, B2, A2], 2000, 0)
    assert len(given_ms) == 3
    assert sum(given_ms) <= 2000
