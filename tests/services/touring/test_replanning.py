"""Tours planned again while they are walked: after a short, with another cart, and never without a reason."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services.imports import import_locations
from fulfillment.services.set_up import setting_up
from fulfillment.services.touring import replanning
from fulfillment.services.walking import floor_plan
from fulfillment.services.walking.meetings import Others
from picking import Pace, visits
from tests.factories import FloorHand
from tests.services.acts import CARTS, TOTES, finish_tour, go_to_stop, make_stop, release, say_short, take_tour, wrong
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    return stock_every_bin(hand)


def tour_of(hand: FloorHand, tour_id: int = 1) -> dict[str, int]:
    return hand.one("SELECT * FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)


def test_a_short_is_fetched_on_the_way_and_not_at_the_end(stocked: FloorHand) -> None:
    stocked.stock("A02-02-1", 5, "A01-02-1", "2026-03-01")  # newer units of it lie in the first aisle
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    while stocked.step()["fields"]["location"]["code"] != "A02-02-1":
        make_stop(stocked)
    before = open_stops(stocked)
    go_to_stop(stocked)
    say_short(stocked)
    assert open_stops(stocked) == [*before[1:], "A01-02-1"]
    work_off(stocked)
    left = open_stops(stocked)
    assert sorted(left) == sorted([*before[1:], "A01-02-1"])
    lefts = [row["walk_left_dm"] for row in stocked.all(
        "SELECT walk_left_dm FROM task WHERE warehouse_id = :w AND state = 'open' AND kind = 'pick' ORDER BY sequence"
    )]  # fmt: skip
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] > 0
    finish_tour(stocked)
    assert wrong(stocked) == []


def test_the_stop_a_picker_was_sent_to_stays_the_next_one(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    make_stop(stocked)
    stocked.say("HAND-1", "SKIP")
    shown = open_stops(stocked)[0]
    replanning.replan_tour(stocked.floor, 1, tour_ms=5)
    assert open_stops(stocked)[0] == shown


def test_an_order_no_shorter_is_not_imposed(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    before, walk = open_stops(stocked), tour_of(stocked)
    replanning.replan_tour(stocked.floor, 1, tour_ms=5)
    after = tour_of(stocked)
    assert open_stops(stocked) == before
    assert (after["distance_dm"], after["replans"]) == (walk["distance_dm"], 1)


def test_a_smaller_cart_takes_what_fits_and_another_takes_the_rest(stocked: FloorHand) -> None:
    for number in range(5):
        stocked.order(str(number), (PLACES[number], 1))
    release(stocked)
    cart = stocked.write(lambda tx: setting_up.add_carts(tx, 1, 2))[0]
    stocked.sign_in("HAND-1", "PICK")
    stocked.scan("HAND-1", cart["barcode"])
    for tote in TOTES[:2]:
        assert stocked.step()["state"] == "totes"
        stocked.scan("HAND-1", tote)
    work_off(stocked)
    first, rest = tour_of(stocked, 1), tour_of(stocked, 2)
    assert (first["state"], rest["state"]) == ("active", "planned")
    assert [first["wave_id"], first["replans"] > 0] == [rest["wave_id"], True]
    assert rest["distance_dm"] == rest["lower_bound_dm"] > 0
    places = stocked.all(
        "SELECT tour_id, position FROM tour_tote WHERE warehouse_id = :w ORDER BY tour_id, position"
    )
    assert [(row["tour_id"], row["position"]) for row in places] == [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]
    assert len(open_stops(stocked)) == 5
    take_tour(stocked, "HAND-2", cart=0, first_tote=2)
    assert stocked.step()["fields"]["tour"] == 2


def test_a_cart_that_sets_out_begins_where_nobody_else_is(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(stocked)
    walk_dm = tour_of(stocked)["distance_dm"]
    claim(stocked)
    seen = stocked.floor.read(lambda tx: replanning.underway(tx, stocked.floor.engine, 1))
    assert seen is not None
    assert seen.others is None  # nobody else walks
    floor, start, pace = seen.plan.grid, seen.plan.start, Pace(1000, 10_000)
    planned = [stop.spot for stop in seen.open]
    first = visits(floor, start, planned, start, pace)[0]
    somebody = Others((replace(first, from_ms=first.until_ms - 1),), pace)
    again = replanning.plan_again(replace(seen, others=somebody), tour_ms=100)
    assert [stop.spot for stop in again.stops] == planned[::-1]
    assert again.distance_dm == walk_dm  # what meeting somebody is counted for is no walk


def test_others_are_expected_at_the_stops_they_have_left(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES if place.startswith("A01")))
    release(stocked)
    stocked.order("2", ("A01-01-1", 1), ("A02-02-1", 1))
    release(stocked)
    take_tour(stocked)
    assert asked_at_setting_out(stocked) == []
    claim(stocked, "HAND-2", cart=1)
    assert asked_at_setting_out(stocked) == [2]
    seen = stocked.floor.read(lambda tx: replanning.underway(tx, stocked.floor.engine, 2))
    assert seen is not None
    assert seen.others is not None
    assert seen.others.sets_out_in_ms > 0  # a tote is to be stood on the cart
    assert {visit.aisle for visit in seen.others.visits} == {0}
    work_off(stocked)
    assert wrong(stocked) == []


def claim(hand: FloorHand, station: str = "HAND-1", cart: int = 0) -> None:
    """Sign in and take a cart: no tote stands on it yet."""
    hand.scan(station, own_code("B", "1001"))
    hand.say(station, "PICK")
    hand.scan(station, CARTS[cart])


def asked_at_setting_out(hand: FloorHand) -> list[int]:
    rows = hand.all("SELECT arguments FROM job WHERE warehouse_id = :w AND name = 'replan_tour' ORDER BY id")
    asked = [json.loads(row["arguments"]) for row in rows]
    return [one["tour"] for one in asked if one.get("sets_out")]


def test_a_cart_that_meets_nobody_was_not_planned_again(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    release(stocked)
    stocked.order("2", ("A02-02-1", 1))
    release(stocked)
    take_tour(stocked)
    take_tour(stocked, "HAND-2", cart=1, first_tote=10)
    work_off(stocked)
    assert [tour_of(stocked, number)["replans"] for number in (1, 2)] == [0, 0]


def queued(hand: FloorHand) -> int:
    row = hand.one("SELECT COUNT(*) AS jobs FROM job WHERE warehouse_id = :w AND name = 'replan_floor'"
                   " AND state = 'queued'")  # fmt: skip
    return int(row["jobs"])


def test_tours_that_wait_end_where_tours_end_from_now_on(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(stocked)
    before = tour_of(stocked)
    stocked.write(lambda tx: floor_plan.set_plan(tx, "STAGE-1", ["LANE-EU"], []))
    work_off(stocked)
    after = tour_of(stocked)
    assert after["replans"] == before["replans"] + 1
    assert after["layout_version"] == stocked.floor.read(floor_plan.version) > before["layout_version"]
    assert after["distance_dm"] != before["distance_dm"]


def test_places_moved_in_many_turns_have_tours_planned_again_once(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    for y_dm in (11, 12, 13):
        assert import_locations(stocked.floor.writer, f"code,kind,y_dm\nA01-01-1,bin,{y_dm}\n".encode()).is_ok
    assert queued(stocked) == 3
    work_off(stocked)
    assert tour_of(stocked)["replans"] <= 1
    assert tour_of(stocked)["layout_version"] == stocked.floor.read(floor_plan.version)


def test_where_nothing_is_walked_nothing_is_planned_again(stocked: FloorHand) -> None:
    stocked.write(floor_plan.changed)
    assert queued(stocked) == 0
    stocked.order("1", ("A01-01-1", 1))
    release(stocked)
    take_tour(stocked)
    finish_tour(stocked)
    stocked.write(floor_plan.changed)
    assert queued(stocked) == 0
