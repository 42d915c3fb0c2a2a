"""An order that comes after its wave was released: it rides where it costs the least walk, or alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict
from fulfillment.services.releasing import late_orders, planning, wave_acts, wave_cuts, wave_proofs, waves
from fulfillment.services.walking import closures, floor_plan
from fulfillment.services.working import jobs
from tests.factories import NOBODY, FloorHand
from tests.services import wall
from tests.services.acts import (
    CARTS,
    TOTES,
    finish_tour,
    go_to_stop,
    make_stop,
    release,
    say_short,
    take_tour,
    wrong,
)
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off


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


def test_a_late_order_joins_a_tour_on_its_way_behind_the_stop_its_picker_was_sent_to(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-01-1", 1), ("A02-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    sent_to = stocked.step()["fields"]["location"]["code"]
    stocked.order("late", ("A01-02-1", 1))
    after = join(stocked, wave, "late")
    (tour,) = after["tours"]
    assert (tour["stops"], stocked.order_state("late")) == (4, "picking")
    assert open_stops(stocked)[:2] == [sent_to, "A01-02-1"]
    assert go_to_stop(stocked)["outcome"] == "applied"  # the screen that was shown before it came still holds
    assert wrong(stocked) == []


def test_where_the_picker_has_passed_a_walk_of_its_own_is_shorter(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-01-1", 1), ("A02-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    make_stop(stocked)
    stocked.order("late", ("A01-02-1", 1))
    assert [tour["stops"] for tour in join(stocked, wave, "late")["tours"]] == [3, 1]


def test_the_tote_of_an_order_that_joined_on_the_way_is_asked_for_at_its_stop(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    stocked.order("late", ("A01-02-1", 2), ("A01-03-1", 1))
    join(stocked, wave, "late")
    make_stop(stocked)
    fields = stocked.step()["fields"]
    assert (fields["order"], fields["tote"]["code"], fields["tote"]["position"]) == ("late", None, 2)
    go_to_stop(stocked)
    stocked.scan("HAND-1", fields["item"]["barcode"], 2)
    assert (stocked.step()["state"], stocked.step()["prompt"]) == ("tote", "scan_new_tote")
    stocked.scan("HAND-1", TOTES[5])
    stocked.scan("HAND-1", TOTES[5])
    finish_tour(stocked)
    assert (stocked.order_state("late"), stocked.order_state("1")) == ("picked", "picked")
    assert wrong(stocked) == []


def test_a_counted_hand_is_not_disturbed_by_an_order_that_joins(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 2), ("A02-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    go_to_stop(stocked)
    stocked.scan("HAND-1", stocked.step()["fields"]["item"]["barcode"])
    stocked.order("late", ("A01-02-1", 1))
    join(stocked, wave, "late")
    answer = stocked.scan("HAND-1", stocked.step()["fields"]["item"]["barcode"])
    assert (answer["outcome"], answer["step"]["state"], answer["step"]["fields"]["counted_each"]) == (
        "applied", "tote", 2,
    )  # fmt: skip


def test_while_a_cart_is_loaded_the_late_order_s_tote_is_one_more(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    wave = release(stocked)
    stocked.sign_in("HAND-1", "PICK")
    stocked.scan("HAND-1", CARTS[0])
    stocked.order("late", ("A01-02-1", 1))
    join(stocked, wave, "late")
    assert stocked.scan("HAND-1", TOTES[0])["step"]["state"] == "totes"
    assert stocked.scan("HAND-1", TOTES[1])["step"]["state"] == "location"
    finish_tour(stocked)
    assert stocked.order_state("late") == "picked"


def test_a_full_cart_or_one_at_its_last_walk_home_takes_no_late_order(stocked: FloorHand) -> None:
    for number in range(6):
        stocked.order(str(number), ("A01-01-1", 1), ("A02-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    stocked.order("late", ("A01-02-1", 1))
    assert [tour["totes"] for tour in join(stocked, wave, "late")["tours"]] == [6, 1]
    stocked.order("later", ("A02-01-1", 1))
    take_tour(stocked, "HAND-2", cart=1, first_tote=10)
    while stocked.step()["state"] in ("location", "item"):
        make_stop(stocked, "HAND-2")
    after = join(stocked, wave, "later")
    assert stocked.order_state("later") == "released"
    assert [tour["state"] for tour in after["tours"]] == ["active", "active", "planned"]


def test_a_cart_that_waits_for_somebody_takes_no_late_order(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A02-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    stocked.write(lambda tx: wave_acts.assign(tx, NOBODY, wave, 1, may_without_badge=True))
    stocked.order("late", ("A01-02-1", 1))
    assert [tour["stops"] for tour in join(stocked, wave, "late")["tours"]] == [2, 1]


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


def while_its_tour_is_planned(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something happens once, after the order was read and before its tour is written."""
    real, waiting = late_orders.shortest, [happens]

    def planned(*args: Any) -> Any:
        while waiting:
            waiting.pop()()
        return real(*args)

    monkeypatch.setattr(late_orders, "shortest", planned)


def strays(hand: FloorHand) -> list[dict[str, Any]]:
    """Open stops on tours of a wave their order is not in."""
    return hand.all(
        "SELECT o.number, t.wave_id AS walked_in, o.wave_id FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id"
        " AND t.id = k.tour_id JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.state = 'open' AND (o.wave_id IS NULL OR o.wave_id <> t.wave_id)"
    )


def test_an_order_split_off_while_its_tour_was_planned_goes_with_its_new_wave(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had a stop already, and another one behind an aisle that was opened just now."""
    closed = stocked.write(lambda tx: closures.close(tx, NOBODY, "A01-02-1", may_without_badge=True))
    stocked.order("stays", ("A01-01-1", 1), ("A01-03-1", 1))
    stocked.order("leaves", ("A02-01-1", 1), ("A01-02-1", 1))
    wave = release(stocked)
    stocked.write(lambda tx: closures.open_again(tx, NOBODY, closed["closure"], may_without_badge=True))
    order = stocked.one("SELECT id FROM sales_order WHERE number = 'leaves'")["id"]
    split: list[Any] = []
    while_its_tour_is_planned(
        monkeypatch,
        lambda: split.append(
            stocked.write(lambda tx: wave_cuts.split(tx, NOBODY, wave, ["leaves"], may_without_badge=True))
        ),
    )
    said = late_orders.find_tour(stocked.floor, wave, order, 1)
    assert said == f"it left wave {wave} meanwhile and goes with wave {split[0]['into']}"
    assert strays(stocked) == []
    work_off(stocked)
    assert strays(stocked) == []
    assert sorted(open_stops(stocked)) == ["A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1"]


def test_an_order_whose_wave_was_cancelled_while_its_tour_was_planned_waits_for_the_next_one(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-02-1", 1))
    stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    order = stocked.one("SELECT id FROM sales_order WHERE number = 'late'")["id"]
    while_its_tour_is_planned(
        monkeypatch, lambda: stocked.write(lambda tx: wave_cuts.cancel(tx, NOBODY, wave, may_without_badge=True))
    )
    said = late_orders.find_tour(stocked.floor, wave, order, 1)
    assert said == f"it left wave {wave} meanwhile and goes with the next wave"
    assert (open_stops(stocked), strays(stocked)) == ([], [])
    assert [row["id"] for row in stocked.all("SELECT id FROM tour")] == [
        row["id"] for row in stocked.all("SELECT DISTINCT tour_id AS id FROM task WHERE tour_id IS NOT NULL")
    ]
    assert stocked.order_state("late") == "allocated"
    release(stocked, "late")
    assert open_stops(stocked) == ["A01-02-1"]


def test_a_tour_taken_while_an_order_was_to_join_it_is_left_and_the_order_walks_alone(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A01-03-1", 1))
    wave = release(stocked)
    stocked.order("late", ("A01-02-1", 1))
    stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    order = stocked.one("SELECT id FROM sales_order WHERE number = 'late'")["id"]
    while_its_tour_is_planned(monkeypatch, lambda: take_tour(stocked))
    assert late_orders.find_tour(stocked.floor, wave, order, 1) == "1 tours of its own"
    assert strays(stocked) == []


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
    assert {0 < row["waits_ms"] <= wave_proofs.EVERY_MS for row in asked} == {True}  # one a turn of EVERY_MS


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


def test_a_bound_holds_where_each_tour_ends_at_the_best_of_several_places(stocked: FloorHand) -> None:
    stocked.write(lambda tx: floor_plan.set_plan(tx, None, ["STAGE-1", "BENCH-1"], []))
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    planned = stocked.write(lambda tx: waves.describe(tx, wave))
    assert 0 < planned["lower_bound_dm"] <= planned["distance_dm"]
    wave_proofs.prove(stocked.floor, wave)
    proven = stocked.write(lambda tx: waves.describe(tx, wave))
    assert 0 < proven["lower_bound_dm"] <= proven["distance_dm"]


@pytest.mark.parametrize("drops", [["STAGE-1"], ["STAGE-1", "BENCH-1"]])
def test_a_bound_holds_for_totes_that_several_orders_share(stocked: FloorHand, drops: list[str]) -> None:
    wall.equip(stocked)
    stocked.write(lambda tx: floor_plan.set_plan(tx, None, drops, []))
    stocked.order("1", ("A01-01-1", 1))
    stocked.order("2", ("A01-03-1", 2), ("A02-02-1", 1))
    wave = wall.release(stocked)
    planned = stocked.write(lambda tx: waves.describe(tx, wave))
    assert 0 < planned["lower_bound_dm"] <= planned["distance_dm"]
    stocked.order("late", ("A02-01-1", 1))
    join(stocked, wave, "late")
    wave_proofs.prove(stocked.floor, wave)
    proven = stocked.write(lambda tx: waves.describe(tx, wave))
    assert planned["lower_bound_dm"] <= proven["lower_bound_dm"] <= proven["distance_dm"]


def test_in_a_wave_picked_order_by_order_a_late_one_rides_with_no_other(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    stocked.order("2", ("A01-01-1", 1))
    wave = release(stocked, mode="single")
    take_tour(stocked)
    stocked.order("late", ("A01-01-1", 1))
    after = join(stocked, wave, "late")
    assert [(tour["mode"], tour["totes"]) for tour in after["tours"]] == [("single", 1)] * 3
    wave_proofs.prove(stocked.floor, wave)
    after = stocked.write(lambda tx: waves.describe(tx, wave))
    assert 0 < after["lower_bound_dm"] <= after["distance_dm"]
