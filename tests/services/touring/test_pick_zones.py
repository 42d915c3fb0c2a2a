"""Zone by zone: a cart is picked in one zone, handed over, and goes on with whoever takes it up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.services.releasing import picker_shifts, wave_proposals, waves
from fulfillment.services.stock import policies
from fulfillment.services.touring import replanning, tour_on_device
from tests.factories import NOBODY, FloorHand
from tests.services.acts import CARTS, TOTES, at, cancel, finish_tour, go_to_stop, say_short, take_tour, wrong, zone
from tests.services.acts import release as acts_release
from tests.services.walking.a_walk import open_stops, stock_every_bin, work_off

OVER = "OVER-B"


@pytest.fixture
def zoned(hand: FloorHand) -> FloorHand:
    """Aisle 1 is zone A, aisle 2 zone B, which takes carts over at OVER-B; an item in each bin."""
    stock_every_bin(hand)
    zone(hand)
    return hand


def release(hand: FloorHand) -> None:
    acts_release(hand, mode="zone")


def zone_of(code: str) -> str:
    return "A" if code.startswith("A01") else "B"


def tour(hand: FloorHand, tour_id: int = 1) -> Any:
    return hand.one("SELECT * FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)


def pick_zone(hand: FloorHand, station: str = "HAND-1") -> None:
    """Every stop of the zone the cart is in."""
    while hand.step()["state"] in ("location", "item"):
        fields = hand.step()["fields"]
        hand.scan(station, fields["location"]["barcode"])
        hand.scan(station, fields["item"]["barcode"], fields["left_each"])
        assert hand.scan(station, fields["tote"]["barcode"])["outcome"] == "applied"


def test_a_tour_makes_all_stops_of_a_zone_before_the_next(zoned: FloorHand) -> None:
    zoned.order("1", ("A02-01-1", 1), ("A01-03-1", 1))
    zoned.order("2", ("A01-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    assert [zone_of(code) for code in open_stops(zoned)] == ["A", "A", "B", "B"]
    walk = tour(zoned)
    assert (walk["mode"], walk["zone"]) == ("zone", "")
    assert walk["distance_dm"] >= walk["lower_bound_dm"] > 0
    lefts = [row["walk_left_dm"] for row in zoned.all("SELECT walk_left_dm FROM task ORDER BY sequence")]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] == walk["distance_dm"]


def test_the_cart_is_handed_over_and_goes_on_with_who_scans_a_tote_on_it(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 2), ("A02-02-1", 3))
    release(zoned)
    take_tour(zoned)
    assert zoned.step()["fields"]["next_location"] == OVER
    pick_zone(zoned)
    step = zoned.step()
    assert (step["state"], step["fields"]["zone"], step["fields"]["location"]["code"]) == ("over", "B", OVER)
    assert zoned.scan("HAND-1", at("STAGE-1"))["code"] == "wrong_location"
    left = zoned.scan("HAND-1", at(OVER))["step"]
    assert left["state"] == "cart"
    assert left["fields"]["handed_over"] == [{"cart": "0001", "zone": "B", "location": OVER, "stops": 1}]
    zoned.sign_in("HAND-2", "PICK", badge="1002")
    assert zoned.scan("HAND-2", TOTES[0])["step"]["fields"]["location"]["code"] == "A02-02-1"
    assert tour(zoned)["waits_at_id"] is None
    pick_zone(zoned, "HAND-2")
    assert zoned.step()["state"] == "drop"
    assert zoned.scan("HAND-2", at("STAGE-1"))["outcome"] == "applied"
    assert zoned.order_state("1") == "picked"
    assert wrong(zoned) == []


def test_who_handed_a_cart_over_is_shown_the_carts_of_the_same_zone_first(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    pick_zone(zoned)
    zoned.scan("HAND-1", at(OVER))
    memory = zoned.one(
        "SELECT d.memory FROM dialogue d JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id"
        " WHERE d.warehouse_id = :w AND s.code = 'HAND-1'"
    )["memory"]
    assert json.loads(memory) == {"zone": "A"}


def test_a_tote_that_waits_on_no_cart_is_no_way_in(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    zoned.sign_in("HAND-2", "PICK", badge="1002")
    assert zoned.scan("HAND-2", TOTES[0])["code"] == "not_expected"
    zoned.say("HAND-1", "SHORT")  # whatever it says, the screen stands as it stood
    pick_zone(zoned)
    zoned.scan("HAND-1", at(OVER))
    assert zoned.scan("HAND-2", TOTES[9])["code"] == "wrong_tote"


def test_a_skipped_stop_is_made_before_the_zone_is_left(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A01-03-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    first, second, other = open_stops(zoned)
    zoned.say("HAND-1", "SKIP")
    assert open_stops(zoned) == [second, first, other]


def test_what_a_short_sends_elsewhere_in_the_zone_is_fetched_before_it_is_left(zoned: FloorHand) -> None:
    zoned.stock("A01-03-1", 5, "A01-02-1", "2026-03-01")
    zoned.order("1", ("A01-03-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    go_to_stop(zoned)
    say_short(zoned)
    work_off(zoned)
    assert open_stops(zoned) == ["A01-02-1", "A02-02-1"]
    zoned.scan("HAND-1", at("A01-02-1"))
    pick_zone(zoned)
    assert zoned.step()["state"] == "over"
    zoned.scan("HAND-1", at(OVER))
    zoned.scan("HAND-1", CARTS[0])
    finish_tour(zoned)
    assert wrong(zoned) == []


def test_a_tour_planned_again_at_the_border_keeps_its_zones_and_its_length(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A02-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    before = tour(zoned)["distance_dm"]
    take_tour(zoned)
    pick_zone(zoned)
    replanning.replan_tour(zoned.floor, 1, tour_ms=5)
    assert tour(zoned)["distance_dm"] == before
    zoned.scan("HAND-1", at(OVER))
    replanning.replan_tour(zoned.floor, 1, tour_ms=5)
    assert tour(zoned)["distance_dm"] == before
    assert zoned.step()["state"] == "cart"
    assert [zone_of(code) for code in open_stops(zoned)] == ["B", "B"]


def test_a_device_without_the_network_is_led_as_far_as_the_zone_goes(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    walk = zoned.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1"))
    assert walk is not None
    assert ([stop["place"]["code"] for stop in walk["stops"]], walk["drops"]) == (["A01-01-1"], [])


def test_an_order_cancelled_between_two_zones_leaves_a_cart_to_be_brought_home(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    pick_zone(zoned)
    zoned.scan("HAND-1", at(OVER))
    cancel(zoned, "1")
    assert zoned.scan("HAND-1", CARTS[0])["step"]["state"] == "drop"
    assert zoned.scan("HAND-1", at("STAGE-1"))["outcome"] == "applied"
    assert wrong(zoned) == []


def test_the_same_two_places_at_once_are_one_take_over(zoned: FloorHand) -> None:
    zoned.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    release(zoned)
    take_tour(zoned)
    pick_zone(zoned)
    zoned.scan("HAND-1", at(OVER))
    zoned.sign_in("HAND-2", "PICK", badge="1002")
    assert zoned.scan("HAND-2", CARTS[0])["outcome"] == "applied"
    assert zoned.scan("HAND-1", CARTS[0])["code"] == "cart_in_use"


def test_no_wave_by_zones_without_two_zones(zoned: FloorHand) -> None:
    zoned.write(lambda tx: policies.set_zone(tx, "B"))
    zoned.order("1", ("A01-01-1", 1))
    with pytest.raises(Conflict) as refused:
        zoned.write(lambda tx: waves.release(tx, NOBODY, mode="zone"))
    assert refused.value.code == "no_zones"


def test_a_zone_with_a_turn_needs_a_place_for_the_cart(zoned: FloorHand) -> None:
    with pytest.raises(DomainError) as refused:
        zoned.write(lambda tx: policies.set_zone(tx, "C", pick_order=3))
    assert refused.value.code == "no_hand_over"
    with pytest.raises(DomainError) as refused:
        zoned.write(lambda tx: policies.set_zone(tx, "C", pick_order=3, hand_over="A01-01-1"))
    assert refused.value.code == "wrong_kind"


def test_a_proposal_prices_the_zones_of_the_floor(zoned: FloorHand) -> None:
    now_ms = zoned.floor.clock()
    zoned.write(lambda tx: picker_shifts.set_shift(tx, "1002", now_ms, now_ms + 8 * 3_600_000, []))
    zoned.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    proposal = zoned.write(lambda tx: wave_proposals.ask(tx))["proposal"]
    wave_proposals.plan(zoned.floor, proposal, plan_ms=200)
    plan = zoned.floor.read(lambda tx: wave_proposals.describe(tx, proposal))["plan"]
    (priced,) = [mode for mode in plan["modes"] if mode["mode"] == "zone"]
    assert (priced["reason"], priced["hand_over_ms"] > 0) == ("", True)
    wave = zoned.write(lambda tx: wave_proposals.release(tx, NOBODY, proposal, mode="zone"))
    assert wave["mode"] == "zone"
