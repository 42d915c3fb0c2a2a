"""Waves and their tours: everything promised is walked for once, and what changed meanwhile is respected."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.services.ordering import orders
from fulfillment.services.releasing import planning, wave_proofs, waves
from fulfillment.services.walking import floor_plan, tour_ends
from fulfillment.services.working import jobs
from tests.factories import NOBODY, FloorHand
from tests.services import acts

TOUR_MS = 5


def release(hand: FloorHand, **how: Any) -> int:
    return hand.write(lambda tx: waves.release(tx, NOBODY, **how))["wave"]


def plan(hand: FloorHand, wave: int) -> dict[str, Any]:
    planning.plan_wave(hand.floor, wave, TOUR_MS)
    return hand.write(lambda tx: waves.describe(tx, wave))


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A01-03-1"), ("JUG", "A02-02-1")):
        hand.item(sku)
        hand.stock(sku, 400, place)
    return hand


def stops(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.all(
        "SELECT k.tour_id, k.sequence, k.position, o.number, i.sku, k.qty_each FROM task k"
        " JOIN sales_order o ON o.id = k.order_id JOIN item i ON i.id = k.item_id WHERE k.kind = 'pick'"
        " ORDER BY k.tour_id, k.sequence"
    )


def test_every_promised_unit_is_walked_for_exactly_once(stocked: FloorHand) -> None:
    for number in range(1, 9):
        stocked.order(str(number), ("MUG", number), ("CUP", 2), ("JUG", 10 - number))
    wave = plan(stocked, release(stocked))
    assert wave["state"] == "released"
    found: dict[tuple[str, str], int] = {}
    for stop in stops(stocked):
        key = (stop["number"], stop["sku"])
        found[key] = found.get(key, 0) + stop["qty_each"]
    assert found == {
        (str(number), sku): qty
        for number in range(1, 9)
        for sku, qty in (("MUG", number), ("CUP", 2), ("JUG", 10 - number))
    }
    loose = stocked.one("SELECT COUNT(*) AS n FROM allocation WHERE task_id IS NULL AND qty_each > 0")
    assert loose["n"] == 0


def test_no_tour_has_more_totes_than_the_smallest_cart_has_places(stocked: FloorHand) -> None:
    for number in range(1, 15):
        stocked.order(str(number), ("MUG", 1), ("JUG", 1))
    wave = plan(stocked, release(stocked))
    assert len(wave["tours"]) >= 3
    assert all(tour["totes"] <= 6 for tour in wave["tours"])


def test_a_place_on_the_cart_belongs_to_one_order(stocked: FloorHand) -> None:
    for number in range(1, 6):
        stocked.order(str(number), ("MUG", 3), ("CUP", 3))
    plan(stocked, release(stocked))
    owners: dict[tuple[int, int], set[str]] = {}
    for stop in stops(stocked):
        owners.setdefault((stop["tour_id"], stop["position"]), set()).add(stop["number"])
    assert all(len(numbers) == 1 for numbers in owners.values())


def test_a_line_too_big_for_one_tote_is_split_and_stays_promised(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 200))  # 200 litres, a tote holds 48
    plan(stocked, release(stocked))
    parts = [stop["qty_each"] for stop in stops(stocked)]
    assert len(parts) >= 5
    assert sum(parts) == 200
    promised = stocked.one("SELECT SUM(qty_each) AS n FROM allocation WHERE task_id IS NOT NULL")["n"]
    assert promised == 200


def test_a_tour_is_never_longer_than_its_s_shape(stocked: FloorHand) -> None:
    for number in range(1, 9):
        stocked.order(str(number), ("MUG", 1), ("CUP", 1), ("JUG", 1))
    wave = plan(stocked, release(stocked))
    assert all(0 < tour["distance_dm"] <= tour["s_shape_dm"] for tour in wave["tours"])


def test_an_order_cancelled_while_its_wave_is_planned_gets_no_stop(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.order("1", ("MUG", 2))
    stocked.order("2", ("CUP", 2))
    wave = release(stocked)
    real = tour_ends.plan_batches

    def cancelling(*args: Any, **more: Any) -> Any:
        stocked.write(lambda tx: orders.cancel(tx, NOBODY, "1"))
        return real(*args, **more)

    monkeypatch.setattr(tour_ends, "plan_batches", cancelling)
    plan(stocked, wave)
    assert {stop["number"] for stop in stops(stocked)} == {"2"}
    assert stocked.order_state("1") == "cancelled"
    assert stocked.order_state("2") == "released"


def test_a_wave_whose_orders_all_went_away_is_done(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    wave = release(stocked)
    stocked.write(lambda tx: orders.cancel(tx, NOBODY, "1"))
    assert plan(stocked, wave)["state"] == "done"
    assert stops(stocked) == []


def test_released_orders_are_not_released_again(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    release(stocked)
    assert stocked.order_state("1") == "released"
    with pytest.raises(Conflict) as nothing:
        release(stocked)
    assert nothing.value.code == "nothing_to_release"


def test_the_most_urgent_orders_go_first(stocked: FloorHand) -> None:
    stocked.order("late", ("MUG", 1))
    stocked.order("urgent", ("MUG", 1), priority=5)
    release(stocked, max_orders=1)
    assert (stocked.order_state("urgent"), stocked.order_state("late")) == ("released", "allocated")


def test_naming_an_order_that_cannot_go_releases_none(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    with pytest.raises(NotFound):
        release(stocked, numbers=["1", "none"])
    assert stocked.order_state("1") == "allocated"


def test_the_worker_plans_what_waits_and_stops_when_told(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    wave = release(stocked)
    stop = threading.Event()
    worker = threading.Thread(target=planning.planner_worker, args=(stocked.floor, stop, TOUR_MS))
    worker.start()
    try:
        for _ in range(2_000):  # ends with what it waits for; this is for a busy machine
            if stocked.write(lambda tx: waves.describe(tx, wave))["state"] == "released":
                break
            stop.wait(0.05)
    finally:
        stop.set()
        worker.join(60)
    assert stocked.write(lambda tx: waves.describe(tx, wave))["state"] == "released"


def test_a_wave_that_cannot_be_planned_is_tried_three_times_and_then_shown_as_failed(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stocked.order("1", ("MUG", 2))
    release(stocked)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no plan")

    monkeypatch.setattr(tour_ends, "plan_batches", broken)
    monkeypatch.setattr(jobs, "RETRY_MS", 0)
    stop = threading.Event()
    worker = threading.Thread(target=planning.planner_worker, args=(stocked.floor, stop, TOUR_MS))
    worker.start()
    try:
        for _ in range(2_000):  # ends with what it waits for; this is for a busy machine
            job = stocked.one("SELECT state, attempts FROM job WHERE name = 'plan_wave'")
            if job["state"] == "failed":
                break
            stop.wait(0.05)
    finally:
        stop.set()
        worker.join(60)
    assert job == {"state": "failed", "attempts": 3}
    assert stocked.order_state("1") == "allocated"  # and can be released again
    assert "plan_wave" in caplog.text


def test_a_wave_whose_planner_was_killed_is_planned_by_the_next_one(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    wave = release(stocked)
    stocked.write(lambda tx: jobs.claim(tx, planning.kinds(), 50))  # claimed, and then nothing more was heard
    stop = threading.Event()
    worker = threading.Thread(target=planning.planner_worker, args=(stocked.floor, stop, TOUR_MS))
    worker.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and stocked.write(lambda tx: waves.describe(tx, wave))["state"] == "planning":
        time.sleep(0.02)
    stop.set()
    worker.join()
    assert stocked.write(lambda tx: waves.describe(tx, wave))["state"] == "released"


def test_no_order_named_is_no_wave(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    with pytest.raises(Conflict) as refused:
        release(stocked, numbers=[])
    assert refused.value.code == "nothing_to_release"


def test_a_number_of_two_channels_names_no_order_of_a_wave(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 2))
    stocked.order("1", ("CUP", 2), channel="fair")
    with pytest.raises(Conflict) as refused:
        release(stocked, numbers=["1"])
    assert refused.value.code == "ambiguous_order"


def test_picked_order_by_order_no_two_orders_share_a_cart(stocked: FloorHand) -> None:
    for number in ("1", "2", "3"):
        stocked.order(number, ("MUG", 1), ("JUG", 1))
    planned = plan(stocked, release(stocked, mode="single"))
    assert [(tour["mode"], tour["totes"]) for tour in planned["tours"]] == [("single", 1)] * 3
    assert 0 < planned["lower_bound_dm"] <= planned["distance_dm"]
    shared = stocked.all("SELECT tour_id FROM tour_tote GROUP BY tour_id HAVING COUNT(DISTINCT order_id) > 1")
    assert not shared
    acts.take_tour(stocked)
    acts.finish_tour(stocked)
    assert stocked.one("SELECT COUNT(*) AS n FROM tour WHERE state = 'done'")["n"] == 1
    assert stocked.order_state("1") == "picked"


@pytest.mark.parametrize("drops", [["STAGE-1"], ["BENCH-1"], ["STAGE-1", "BENCH-1"]])
@pytest.mark.parametrize("mode", ["single", "cluster"])
def test_an_order_on_several_carts_leaves_its_waves_bound_true(
    stocked: FloorHand, drops: list[str], mode: str
) -> None:
    stocked.write(lambda tx: floor_plan.set_plan(tx, None, drops, []))
    stocked.write(lambda tx: tx.put("UPDATE cart SET positions = 1, levels = 1 WHERE warehouse_id = :w"))
    stocked.write(lambda tx: tx.put("UPDATE item SET weight_g = 8000 WHERE warehouse_id = :w"))
    stocked.order("1", ("MUG", 5), ("JUG", 5))
    planned = plan(stocked, release(stocked, mode=mode))
    assert len(planned["tours"]) > 1
    assert 0 < planned["lower_bound_dm"] <= planned["distance_dm"]
    wave_proofs.prove(stocked.floor, planned["wave"])
    proven = stocked.write(lambda tx: waves.describe(tx, planned["wave"]))
    assert 0 < proven["lower_bound_dm"] <= proven["distance_dm"]
