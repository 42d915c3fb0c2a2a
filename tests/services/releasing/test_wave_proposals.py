"""Wave proposals: planned beside the work, released after another look, forecast while they are walked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.ordering import orders
from fulfillment.services.releasing import (
    picker_shifts,
    planning,
    wave_forecasts,
    wave_proposals,
    wave_questions,
    waves,
    work_times,
)
from fulfillment.services.walking import closures, floor_plan
from fulfillment.services.working import jobs
from kiosk_ui.wave_views import wave_words
from picking import NotPossible, Work
from tests.factories import NOBODY, FloorHand
from tests.services import acts, wall
from tests.services.acts import CARTS
from tests.services.odd_floor import lay_walkways

MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A01-03-1"), ("JUG", "A02-02-1")):
        hand.item(sku)
        hand.stock(sku, 400, place)
    return hand


def on_shift(hand: FloorHand, badge: str = "1002", hours: int = 8, *breaks: tuple[int, int]) -> None:
    now_ms = hand.floor.clock()
    rests = [(now_ms + begin * MIN_MS, now_ms + end * MIN_MS) for begin, end in breaks]
    hand.write(lambda tx: picker_shifts.set_shift(tx, badge, now_ms, now_ms + hours * HOUR_MS, rests))


def propose(hand: FloorHand, **how: Any) -> dict[str, Any]:
    proposal = hand.write(lambda tx: wave_proposals.ask(tx, **how))["proposal"]
    wave_proposals.plan(hand.floor, proposal, 300)
    return hand.write(lambda tx: wave_proposals.describe(tx, proposal))


def release(hand: FloorHand, proposal: dict[str, Any]) -> dict[str, Any]:
    return hand.write(lambda tx: wave_proposals.release(tx, NOBODY, proposal["proposal"]))


def left_out(proposal: dict[str, Any]) -> dict[str, str]:
    return {left["order"]: left["reason"] for left in proposal["plan"]["left_out"]}


def test_one_bin_cut_off_between_two_closed_ones_spoils_no_proposal(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.item("PEN")
    stocked.stock("PEN", 5, "A01-02-1")
    stocked.order("near", ("JUG", 1))
    stocked.order("cut off", ("PEN", 1))
    for place in ("A01-01-1", "A01-03-1"):
        stocked.write(lambda tx, place=place: closures.close(tx, NOBODY, place, may_without_badge=True))
    proposal = propose(stocked)
    assert proposal["plan"]["orders"] == ["near"]
    assert "closed aisle" in str(proposal["plan"]["left_out"])


@pytest.mark.parametrize("has_aisles", [True, False], ids=["aisles", "walkways"])
def test_a_proposal_says_what_goes_how_and_when_it_is_done(stocked: FloorHand, has_aisles: bool) -> None:
    on_shift(stocked)
    if not has_aisles:
        lay_walkways(stocked)
    for number in range(1, 9):
        stocked.order(str(number), ("MUG", number), ("JUG", 1))
    proposal = propose(stocked)
    plan = proposal["plan"]
    assert proposal["state"] == "ready"
    assert plan["left_out"] == []
    assert sorted(plan["orders"]) == [str(number) for number in range(1, 9)]
    assert (plan["lines"], plan["units"]) == (16, sum(range(1, 9)) + 8)
    assert plan["distance_dm"] == sum(tour["distance_dm"] for tour in plan["tours"]) > 0
    assert {mode["mode"] for mode in plan["modes"]} == {"single", "cluster", "batch", "zone"}
    assert plan["mode"] == plan["modes"][0]["mode"]
    assert proposal["planned_at_ms"] < plan["p50_at_ms"] <= plan["p90_at_ms"]
    assert plan["picture"].startswith("<svg")


def test_a_proposal_is_planned_by_the_planners_job(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.order("1", ("MUG", 1))
    asked = stocked.write(wave_proposals.ask)
    assert (asked["state"], asked["plan"]) == ("planning", None)
    assert stocked.write(wave_proposals.ask)["proposal"] == asked["proposal"], "one at a time"
    kind = planning.kinds()[wave_proposals.PROPOSE]
    assert kind.run(stocked.floor, {"proposal": asked["proposal"]}) == "1 orders"
    assert kind.run(stocked.floor, {"proposal": asked["proposal"]}) == "planned before"
    assert stocked.write(wave_proposals.latest)["proposal"]["state"] == "ready"


def test_a_job_that_failed_for_good_leaves_the_proposal_failed(stocked: FloorHand) -> None:
    asked = stocked.write(wave_proposals.ask)
    kind = planning.kinds()[wave_proposals.PROPOSE]
    assert kind.gave_up is not None
    gave_up = kind.gave_up
    stocked.write(lambda tx: gave_up(tx, {"proposal": asked["proposal"]}))
    assert stocked.write(wave_proposals.latest)["proposal"]["state"] == "failed"


def test_a_released_proposal_is_a_wave_that_is_planned_and_walked(stocked: FloorHand) -> None:
    on_shift(stocked)
    for number in range(1, 5):
        stocked.order(str(number), ("MUG", 1))
    proposal = propose(stocked)
    wave = release(stocked, proposal)
    assert (wave["orders"], wave["changed"], wave["proposal"]) == (4, [], proposal["proposal"])
    planning.plan_wave(stocked.floor, wave["wave"], 5)
    assert stocked.write(lambda tx: waves.describe(tx, wave["wave"]))["state"] == "released"
    with pytest.raises(Conflict, match="released"):
        release(stocked, proposal)


def test_an_order_cancelled_meanwhile_stays_behind(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.order("1", ("MUG", 1))
    stocked.order("2", ("MUG", 1))
    proposal = propose(stocked)
    stocked.write(lambda tx: orders.cancel(tx, NOBODY, "2"))
    assert release(stocked, proposal)["changed"] == ["2"]
    assert stocked.order_state("1") != "allocated"


def test_orders_taken_by_another_wave_cannot_be_released_twice(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.order("1", ("MUG", 1))
    proposal = propose(stocked)
    stocked.write(lambda tx: waves.release(tx, NOBODY))
    with pytest.raises(Conflict, match="none of the proposed orders"):
        release(stocked, proposal)
    assert stocked.one("SELECT COUNT(*) AS n FROM wave")["n"] == 1


def test_a_new_proposal_overtakes_the_one_that_waits(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.order("1", ("MUG", 1))
    first = propose(stocked)
    second = propose(stocked)
    assert stocked.write(wave_proposals.latest)["proposal"]["proposal"] == second["proposal"]
    with pytest.raises(Conflict, match="replaced"):
        release(stocked, first)


def test_an_order_whose_goods_are_out_of_reach_waits_and_they_are_asked_for(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.item("URN")
    stocked.stock("URN", 5, "A02-03-3")
    stocked.write(lambda tx: tx.put("UPDATE location SET is_pickable = 0 WHERE code = 'A02-03-3'"))
    stocked.order("1", ("URN", 1))
    stocked.order("2", ("MUG", 1))
    proposal = propose(stocked)
    assert left_out(proposal) == {"1": "waits"}
    assert proposal["plan"]["left_out"][0]["words"] == "waits for replenishment"
    assert stocked.one("SELECT COUNT(*) AS n FROM task WHERE kind = 'replenish'")["n"] == 0
    release(stocked, proposal)
    assert stocked.one("SELECT COUNT(*) AS n FROM task WHERE kind = 'replenish'")["n"] == 1


def test_without_anybody_on_shift_nothing_is_proposed_and_it_says_so(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    proposal = propose(stocked)
    assert left_out(proposal) == {"1": "no_picker"}
    assert "no picker" in proposal["plan"]["left_out"][0]["words"]
    with pytest.raises(Conflict):
        release(stocked, proposal)


def test_who_is_signed_in_picks_when_no_shift_was_set(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    stocked.sign_in("HAND-1", "PICK", "1002")
    proposal = propose(stocked)
    assert [tour["picker"] for tour in proposal["plan"]["tours"]] == ["Bob"]


def test_who_has_work_already_is_free_after_it(stocked: FloorHand) -> None:
    on_shift(stocked)
    stocked.order("1", ("MUG", 1))
    release_first = release(stocked, propose(stocked))
    planning.plan_wave(stocked.floor, release_first["wave"], 5)
    stocked.order("2", ("MUG", 1))
    proposal = propose(stocked)
    assert proposal["plan"]["tours"][0]["from_ms"] > proposal["planned_at_ms"] + MIN_MS


def test_a_floor_without_orders_has_an_empty_proposal(hand: FloorHand) -> None:
    proposal = propose(hand)
    assert (proposal["state"], proposal["plan"]["orders"]) == ("ready", [])


@pytest.mark.parametrize(
    ("how", "field"),
    [({"max_orders": 0}, "max_orders"), ({"max_orders": 1001}, "max_orders"), ({"horizon_ms": 0}, "horizon_min")],
)
def test_a_wave_of_no_size_is_refused(hand: FloorHand, how: dict[str, int], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: wave_proposals.ask(tx, **how))
    assert refused.value.field == field


def test_nobody_knows_a_proposal_that_was_never_asked_for(hand: FloorHand) -> None:
    for number in (7, 2**70):
        with pytest.raises(NotFound):
            hand.write(lambda tx, number=number: wave_proposals.describe(tx, number))


def walked(hand: FloorHand) -> int:
    """One wave of two orders, picked by Bob."""
    hand.order("1", ("MUG", 1), ("CUP", 1), ("JUG", 1))
    hand.order("2", ("CUP", 2))
    wave = hand.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    planning.plan_wave(hand.floor, wave, 5)
    hand.sign_in("HAND-1", "PICK", "1002")
    hand.scan("HAND-1", CARTS[0])
    return wave


def test_a_released_wave_has_a_forecast_until_it_is_done(stocked: FloorHand) -> None:
    wave = walked(stocked)
    assert wave_forecasts.refresh(stocked.floor) == 1
    assert wave_forecasts.refresh(stocked.floor) == 0, "not again at once"
    shown = stocked.write(wave_proposals.latest)["waves"]
    assert [(row["wave"], row["tours_left"]) for row in shown] == [(wave, 1)]
    assert shown[0]["made_at_ms"] < shown[0]["p50_at_ms"] <= shown[0]["p90_at_ms"]
    stocked.write(lambda tx: tx.put("UPDATE wave SET state = 'done'"))
    assert stocked.write(wave_proposals.latest)["waves"] == []


def test_without_anybody_on_shift_a_wave_has_no_time(stocked: FloorHand) -> None:
    stocked.order("1", ("MUG", 1))
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    planning.plan_wave(stocked.floor, wave, 5)
    wave_forecasts.refresh(stocked.floor)
    assert stocked.write(wave_proposals.latest)["waves"][0]["p90_at_ms"] == 0


def test_jobs_know_the_proposal(hand: FloorHand) -> None:
    asked = hand.write(wave_proposals.ask)
    assert jobs.run_next(hand.floor, planning.kinds())
    assert hand.write(lambda tx: wave_proposals.describe(tx, asked["proposal"]))["state"] == "ready"


def test_times_are_measured_from_scans_and_stops(stocked: FloorHand) -> None:
    walked(stocked)
    tour = stocked.one("SELECT * FROM tour ORDER BY id LIMIT 1")
    stops = stocked.all("SELECT k.id, k.sequence, l.code FROM task k JOIN location l ON l.id = k.location_id"
                        " AND l.warehouse_id = k.warehouse_id WHERE k.kind = 'pick' ORDER BY k.sequence")  # fmt: skip
    assert len(stops) >= 3
    t0 = tour["claimed_at_ms"]
    bob = tour["operator_id"]

    def play(tx: Any) -> None:
        """Totes until 60 s, then every stop: 20 s of walking, 7 s of picking."""

        def scan(at_ms: int, code: str, name: str) -> None:
            tx.insert(
                "scan",
                scan_id=f"played-{name}",
                station_id=tour["station_id"],
                operator_id=bob,
                code=code,
                flow="pick",
                body_sha256="",
                outcome="{}",
                occurred_at_ms=at_ms,
                recorded_at_ms=at_ms,
            )

        scan(t0 + 60_000, "a tote", "tote")
        at_ms = t0 + 60_000
        for stop in stops:
            at_ms += 20_000
            scan(at_ms, own_code("L", stop["code"]), f"stop {stop['sequence']}")
            at_ms += 7_000
            tx.put("UPDATE task SET done_at_ms = :at, done_each = 1, state = 'done'"
                   " WHERE warehouse_id = :w AND id = :id", at=at_ms, id=stop["id"])  # fmt: skip
        totes = [
            row["id"] for row in tx.all("SELECT id FROM lpn WHERE warehouse_id = :w AND id > 0 ORDER BY id LIMIT 1")
        ]
        tx.put("UPDATE tour_tote SET lpn_id = :lpn WHERE warehouse_id = :w", lpn=totes[0])
        tx.put(
            "UPDATE tour SET state = 'done', done_at_ms = :at WHERE warehouse_id = :w AND id = :id",
            at=at_ms,
            id=tour["id"],
        )

    stocked.write(play)
    samples = stocked.write(work_times.measured)
    by_work = {work: [sample for sample in samples if sample.work == work] for work in Work}
    assert [sample.took_ms for sample in by_work[Work.SET_UP]] == [60_000]
    assert {sample.took_ms for sample in by_work[Work.PICK]} == {7_000}
    assert len(by_work[Work.PICK]) == len(stops)
    assert {sample.took_ms for sample in by_work[Work.WALK]} <= {20_000}
    assert {sample.who for sample in samples} == {str(bob)}
    legs = stocked.all("SELECT walk_left_dm FROM task WHERE kind = 'pick' ORDER BY sequence")
    lefts = [row["walk_left_dm"] for row in legs]
    expected = [one - other for one, other in pairwise(lefts[1:]) if one > other]
    assert [sample.amount for sample in by_work[Work.WALK]] == expected


def batch_of_ten(hand: FloorHand) -> None:
    wall.equip(hand)
    wall.stock(hand, "PEN", "PAD")
    for number in ("1", "2"):
        hand.order(number, ("PEN", 3), ("PAD", 2))


def test_how_long_sorting_takes_is_read_from_put_to_put_of_a_tote(floor: Floor) -> None:
    now_ms = floor.clock()
    clocked = open_floor(floor.settings, clock=lambda: now_ms)
    hand = FloorHand(clocked)
    batch_of_ten(hand)
    (tote,) = wall.picked(hand)
    now_ms += HOUR_MS  # it waits at the wall
    wall.open_tote(hand, tote)
    puts = 0
    while hand.step()["state"] == "item":
        now_ms += 4_000
        wall.put(hand, wall.left_in(hand, tote)[0])
        puts += 1
    sorted_ = [one for one in hand.write(work_times.measured) if one.work is Work.SORT]
    assert [(one.amount, one.took_ms) for one in sorted_] == [(1, 4_000)] * (puts - 1)
    clocked.close()


def test_a_waves_forecast_has_what_is_sorted_after_its_tours_and_what_waits_at_the_wall(hand: FloorHand) -> None:
    batch_of_ten(hand)
    on_shift(hand)
    wave = wall.release(hand)

    def left() -> list[tuple[str, int]]:
        tours, _, _, _ = hand.floor.read(wave_forecasts.work_left)
        return [(tour["state"], tour["sort_each"]) for tour in tours]

    def p90_ms() -> int:
        tours, pickers, rates, now_ms = hand.floor.read(wave_forecasts.work_left)
        found = wave_forecasts.when_done(tours, pickers, rates, now_ms, seed=wave)
        unsorted = wave_forecasts.when_done(
            [{**dict(tour), "sort_each": 0} for tour in tours], pickers, rates, now_ms, seed=wave
        )
        assert found
        assert unsorted
        assert found.p50_at_ms > unsorted.p50_at_ms
        assert found.p90_at_ms > unsorted.p90_at_ms
        return found.p90_at_ms

    assert left() == [("planned", 10)]
    assert p90_ms() > hand.floor.clock()
    totes = wall.pick(hand)
    assert left() == [], "its last tour is done"
    hand.order("3", ("PEN", 1))
    more = hand.write(lambda tx: waves.release(tx, NOBODY, ["3"], mode="batch"))["wave"]
    planning.plan_wave(hand.floor, more, 1)
    assert left() == [("planned", 1)]
    hand.write(lambda tx: tx.put("UPDATE tour SET wave_id = :wave WHERE warehouse_id = :w", wave=more))
    assert left() == [("at the wall", 10), ("planned", 1)]
    assert p90_ms() > hand.floor.clock()
    wave_forecasts.refresh(hand.floor)
    assert [row["tours_left"] for row in hand.write(wave_proposals.latest)["waves"]] == [1]
    wall.sort(hand, totes[0])
    assert left() == [("planned", 1)]


def test_on_walkways_a_bin_no_way_leads_to_spoils_no_proposal(stocked: FloorHand) -> None:
    on_shift(stocked)
    acts.zone(stocked)
    lay_walkways(stocked)
    stocked.item("PEN")
    stocked.stock("PEN", 5, "A01-02-1")
    stocked.write(lambda tx: tx.run("UPDATE location SET x_dm = 900, y_dm = 900 WHERE code = 'A01-02-1'"))
    stocked.write(floor_plan.changed)
    stocked.order("near", ("JUG", 1), ("MUG", 1))
    stocked.order("nowhere", ("PEN", 1))
    plan = propose(stocked)["plan"]
    assert plan["orders"] == ["near"]
    assert [(left["order"], left["why"]) for left in plan["left_out"]] == [("nowhere", "aisle")]
    assert {mode["mode"]: mode["why"] for mode in plan["modes"] if mode["reason"]} == {"batch": "no_wall"}


def test_why_an_order_stays_is_a_code_the_board_has_words_for(stocked: FloorHand) -> None:
    on_shift(stocked)
    now_ms = stocked.floor.clock()
    for number, minutes in (("late", 1), ("goes", 120), ("more", 180)):
        stocked.order(number, ("MUG", 1))
        stocked.write(lambda tx, number=number, at=now_ms + minutes * MIN_MS: tx.put(
            "UPDATE sales_order SET cut_off_at_ms = :at WHERE warehouse_id = :w AND number = :number",
            at=at, number=number,
        ))  # fmt: skip
    left = {one["order"]: one for one in propose(stocked, max_orders=1)["plan"]["left_out"]}
    assert {number: one["why"] for number, one in left.items()} == {"late": "cut_off", "more": "full_wave"}
    assert left["late"]["minutes"] > 10
    assert str(left["late"]["minutes"]) in left["late"]["words"]
    said = wave_words()
    assert {f"stays_{why}" for why in wave_questions.STAYS} | {f"cannot_{why}" for why in NotPossible} <= said.keys()


@pytest.mark.parametrize("mode", ["single", "cluster", "zone", "batch"])
def test_a_proposal_on_walkways_is_released_in_any_mode_and_forecast(stocked: FloorHand, mode: str) -> None:
    on_shift(stocked)
    wall.equip(stocked)
    acts.zone(stocked)
    lay_walkways(stocked)
    for number in range(1, 4):
        stocked.order(str(number), ("MUG", number), ("JUG", 1))
    proposal = propose(stocked)
    answer = stocked.write(lambda tx: wave_proposals.release(tx, NOBODY, proposal["proposal"], mode))
    assert (answer["orders"], answer["mode"], answer["changed"]) == (3, mode, [])
    planning.plan_wave(stocked.floor, answer["wave"], 20)
    walked = stocked.write(lambda tx: waves.describe(tx, answer["wave"]))
    assert {tour["mode"] for tour in walked["tours"]} == {mode}
    assert walked["distance_dm"] > 0
    wave_forecasts.refresh(stocked.floor)
    (latest,) = stocked.write(wave_proposals.latest)["waves"]
    assert latest["tours_left"] == len(walked["tours"])
    assert stocked.floor.clock() < latest["p50_at_ms"] <= latest["p90_at_ms"]


def test_a_proposed_batch_is_finished_when_it_is_sorted(hand: FloorHand) -> None:
    batch_of_ten(hand)
    on_shift(hand)
    plan = propose(hand)["plan"]
    by_mode = {mode["mode"]: mode for mode in plan["modes"]}
    assert by_mode["batch"]["sort_ms"] > 0
    if plan["mode"] == "batch":
        assert plan["p50_at_ms"] - hand.floor.clock() > by_mode["batch"]["sort_ms"] // 2
