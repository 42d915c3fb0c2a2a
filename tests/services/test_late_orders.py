"""An order that comes after its wave was released: it rides where it costs the least walk, or alone."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict
from fulfillment.services import closures, floor_plan, jobs, late_orders, planning, wave_proofs, waves
from tests.factories import NOBODY, FloorHand
from tests.services.acts import finish_tour, go_to_stop, make_stop, release, say_short, take_tour
from tests.services.walking import PLACES, open_stops, stock_every_bin, work_off


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    return stock_every_bin(hand)


def join(hand: FloorHand, wave: int, *numbers: str) -> dict[str, Any]:
    hand.write(lambda tx: late_orders.join(tx, NOBODY, wave, numbers))
    work_off(hand)
    return hand.write(lambda tx: waves.describe(tx, wave))


def test_a_late_order_joins_the_tour_it_adds_the_least_walk_to(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-02-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-01-1", 1), ("A01-03-1", 1))
    after = join(stocked, wave, "late")
    (tour,) = after["tours"]
    assert (tour["stops"], tour["totes"], tour["replans"]) == (3, 2, 1)
    assert tour["distance_dm"] == tour["lower_bound_dm"]
    assert stocked.order_state("late") == "released"
    lefts = [row["walk_left_dm"] for row in stocked.all("SELECT walk_left_dm FROM task ORDER BY sequence")]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] == tour["distance_dm"]


def test_an_order_as_long_alone_walks_alone(stocked: FloorHand) -> None:
    for number in range(6):  # every place of the smallest cart
        stocked.order(str(number), ("A01-02-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-01-1", 1))
    after = join(stocked, wave, "late")
    assert [tour["totes"] for tour in after["tours"]] == [6, 1]


def test_a_tour_somebody_walks_is_left_alone(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A01-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    stocked.order("late", ("A01-03-1", 1))
    after = join(stocked, wave, "late")
    assert [tour["stops"] for tour in after["tours"]] == [2, 1]
    make_stop(stocked)
    assert open_stops(stocked) == ["A01-02-1", "A01-03-1"]


def test_two_that_find_the_same_order_a_tour_make_its_stops_once(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    stocked.order("late", *((place, 1) for place in PLACES))
    stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    order = stocked.one("SELECT id FROM sales_order WHERE number = 'late'")["id"]
    assert late_orders.find_tour(stocked.floor, wave, order, 1).startswith("tour ")
    assert late_orders.find_tour(stocked.floor, wave, order, 1) == "nothing to walk for"
    work_off(stocked)
    assert len(open_stops(stocked)) == 1 + len(PLACES)


def test_nothing_joins_a_wave_that_is_done_or_being_planned(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    stocked.order("late", ("A01-02-1", 1))
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY, ["1"]))["wave"]
    with pytest.raises(Conflict) as refused:
        stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    assert refused.value.code == "wave_not_open"
    planning.plan_wave(stocked.floor, wave, tour_ms=1)
    assert not jobs.run_next(stocked.floor, {"join_wave": late_orders.kinds(1)["join_wave"]})


def test_a_tour_is_as_urgent_as_its_newest_order(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-02-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-01-1", 1))
    stocked.write(lambda tx: tx.run("UPDATE sales_order SET cut_off_at_ms = 5 WHERE number = 'late'"))
    join(stocked, wave, "late")
    assert stocked.one("SELECT cut_off_at_ms FROM tour")["cut_off_at_ms"] == 5


def test_a_wave_that_ended_before_its_late_order_found_a_tour_is_walked_again(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-02-1", 1))
    stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    take_tour(stocked)
    make_stop(stocked)
    finish_tour(stocked)
    assert stocked.one("SELECT state FROM wave")["state"] == "done"
    work_off(stocked)
    assert stocked.one("SELECT state FROM wave")["state"] == "released"
    assert open_stops(stocked) == ["A01-02-1"]


def test_an_order_that_nobody_can_reach_is_refused_in_words(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-02-1", 1))
    stocked.write(lambda tx: closures.close(tx, NOBODY, "A01-02-1", may_without_badge=True))
    with pytest.raises(Conflict, match="order late waits for a closed aisle to be opened"):
        stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))


def test_a_waves_figures_count_what_is_walked_for_a_late_order_too(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    before = stocked.write(lambda tx: waves.describe(tx, wave))
    stocked.order("late", ("A01-03-1", 1), ("A02-02-1", 1))
    after = join(stocked, wave, "late")
    assert wave_proofs.prove(stocked.floor, wave) != "nothing walked"
    after = stocked.write(lambda tx: waves.describe(tx, wave))
    assert after["distance_dm"] > before["distance_dm"]
    assert after["fifo_s_shape_dm"] > before["fifo_s_shape_dm"]
    assert before["lower_bound_dm"] < after["lower_bound_dm"] <= after["distance_dm"]
    asked = stocked.all("SELECT run_after_ms - created_at_ms AS waits_ms FROM job WHERE name = 'prove_wave'")
    assert [0 < row["waits_ms"] <= wave_proofs.EVERY_MS for row in asked] == [True]


def test_a_stop_that_fell_short_and_the_one_instead_are_both_in_a_waves_figures(stocked: FloorHand) -> None:
    stocked.stock("A01-01-1", 5, "A02-02-1")
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    go_to_stop(stocked)
    say_short(stocked)
    work_off(stocked)
    wave_proofs.prove(stocked.floor, wave)
    after = stocked.write(lambda tx: waves.describe(tx, wave))
    assert after["tours"][0]["stops"] == 2
    assert after["distance_dm"] >= after["lower_bound_dm"] > 0
    assert after["fifo_s_shape_dm"] >= after["lower_bound_dm"]


def test_no_bound_is_claimed_where_each_tour_ends_at_the_best_of_several_places(stocked: FloorHand) -> None:
    stocked.write(lambda tx: floor_plan.set_plan(tx, None, ["STAGE-1", "BENCH-1"], []))
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    assert stocked.write(lambda tx: waves.describe(tx, wave))["lower_bound_dm"] == 0
    wave_proofs.prove(stocked.floor, wave)
    assert stocked.write(lambda tx: waves.describe(tx, wave))["lower_bound_dm"] == 0
