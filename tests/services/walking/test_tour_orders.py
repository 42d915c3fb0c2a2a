"""Heavy goods first and fragile ones last: in every tour that is planned, planned again, skipped in or joined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.domain.waves import WaveChoice
from fulfillment.services.releasing import late_orders, wave_draft_plans, waves
from fulfillment.services.touring import replanning, tour_on_device, tour_views
from fulfillment.services.touring.replanning import OpenStop, Underway
from fulfillment.services.walking import closures, floor_plan, tour_orders, walks
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.meetings import Others
from fulfillment.services.walking.walks import Deadlines, shortest
from picking import Layout, Pace, Spot, Tour, TourProblem, Visit, keeps_ranks, plan_tour
from picking.__main__ import main
from picking.documents import document_of
from tests.factories import NOBODY, FloorHand
from tests.services.acts import finish_tour, go_to_stop, make_stop, release, say_short, take_tour, wrong, zone
from tests.services.walking.a_walk import PLACES, open_stops, work_off
from tests.services.wall import equip

GOODS = {
    "A01-01-1": (100, 1), "A01-02-1": (300, 0), "A01-03-1": (8000, 0), "A02-01-1": (6000, 0), "A02-02-1": (50, 1),
}  # fmt: skip
"""By bin: grams, and whether it is fragile."""


def rank(place: str) -> int:
    weight_g, is_fragile = GOODS[place]
    return 2 if is_fragile else 0 if weight_g >= 5000 else 1


def ranks(places: list[str]) -> list[int]:
    return [rank(place) for place in places]


@pytest.fixture
def plain(hand: FloorHand) -> FloorHand:
    """An item in each bin, heavy ones at the far end."""
    for place, (weight_g, is_fragile) in GOODS.items():
        hand.item(place, weight_g=weight_g, is_fragile=is_fragile)
        hand.stock(place, 50, place)
    return hand


@pytest.fixture
def heavy(plain: FloorHand) -> FloorHand:
    """The same where tours take heavy goods first."""
    plain.write(lambda tx: tour_orders.set_rule(tx, "heavy_first", 5000))
    work_off(plain)
    return plain


def tour_of(hand: FloorHand, tour_id: int = 1) -> dict[str, Any]:
    return hand.one("SELECT * FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)


def test_a_tour_takes_heavy_goods_first_and_says_what_that_costs(heavy: FloorHand) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    wave = release(heavy)
    assert ranks(open_stops(heavy)) == [0, 0, 1, 2, 2]
    tour = tour_of(heavy)
    plan = floor_plan.of(heavy.floor)
    spots = [Spot(row["code"], row["x_dm"], row["y_dm"], row["level"]) for row in heavy.all(
        "SELECT code, x_dm, y_dm, level FROM location WHERE warehouse_id = :w AND code IN"
        " ('A01-01-1', 'A01-02-1', 'A01-03-1', 'A02-01-1', 'A02-02-1')"
    )]  # fmt: skip
    free = shortest(plan, plan.start, spots, 50, 0).tour
    assert tour["free_dm"] == free.distance_dm < tour["distance_dm"] == tour["lower_bound_dm"]
    assert tour["s_shape_dm"] == free.s_shape_dm
    assert heavy.write(lambda tx: waves.describe(tx, wave))["tours"][0]["free_dm"] == tour["free_dm"]
    assert heavy.write(lambda tx: tour_views.describe(tx, 1))["free_dm"] == tour["free_dm"]


def test_the_command_line_plans_the_same_walk(
    heavy: FloorHand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    release(heavy)
    plan = floor_plan.of(heavy.floor)
    spots = tuple(Spot(row["code"], row["x_dm"], row["y_dm"], row["level"]) for row in heavy.all(
        "SELECT l.* FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = 1"
    ))  # fmt: skip
    asked = TourProblem(
        plan.layout, plan.start, plan.drops[0], spots, plan.level_climb_dm, plan.reach_level,
        tuple((spot.name, rank(spot.name)) for spot in spots),
    )  # fmt: skip
    file = tmp_path / "tour.json"
    file.write_text(json.dumps(document_of(asked)), encoding="utf-8")
    assert main(["tour", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["distance_dm"] == tour_of(heavy)["distance_dm"]


def test_without_the_rule_tours_are_as_short_as_before(plain: FloorHand) -> None:
    plain.order("1", *((place, 1) for place in PLACES))
    release(plain)
    tour = tour_of(plain)
    assert (tour["free_dm"], tour["distance_dm"]) == (0, tour["lower_bound_dm"])
    assert ranks(open_stops(plain)) != [0, 0, 1, 2, 2]


def test_choosing_the_rule_orders_the_tours_that_wait_and_giving_it_up_shortens_them(plain: FloorHand) -> None:
    plain.order("1", *((place, 1) for place in PLACES))
    release(plain)
    before = tour_of(plain)["distance_dm"]
    plain.write(lambda tx: tour_orders.set_rule(tx, "heavy_first"))
    work_off(plain)
    assert ranks(open_stops(plain)) == [0, 0, 1, 2, 2]
    after = tour_of(plain)
    assert after["free_dm"] == before < after["distance_dm"]
    plain.write(lambda tx: tour_orders.set_rule(tx, "shortest"))
    work_off(plain)
    assert (tour_of(plain)["distance_dm"], tour_of(plain)["free_dm"]) == (before, 0)


@pytest.mark.parametrize(
    ("rule", "from_g", "code"),
    [("fastest", 1, "bad_tour_order"), ("heavy_first", 0, "bad_quantity"), (None, 1_000_001, "bad_quantity")],
)
def test_a_rule_that_is_none_is_refused(hand: FloorHand, rule: str | None, from_g: int, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: tour_orders.set_rule(tx, rule, from_g))
    assert refused.value.code == code
    assert hand.floor.read(tour_orders.said) == {"tour_order": "shortest", "heavy_from_g": 5000}


def test_the_picker_is_sent_to_heavy_goods_first(heavy: FloorHand) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    release(heavy)
    take_tour(heavy)
    walked = []
    while heavy.step()["state"] == "location":
        walked.append(heavy.step()["fields"]["location"]["code"])
        make_stop(heavy)
    assert ranks(walked) == [0, 0, 1, 2, 2]
    finish_tour(heavy)
    assert wrong(heavy) == []


def test_a_device_without_the_network_walks_the_same_order(heavy: FloorHand) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    release(heavy)
    take_tour(heavy)
    kept = heavy.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1"))
    assert kept is not None
    assert [stop["place"]["code"] for stop in kept["stops"]] == open_stops(heavy)


def test_a_skipped_stop_comes_last_of_its_rank(heavy: FloorHand) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    release(heavy)
    take_tour(heavy)
    before = open_stops(heavy)
    heavy.say("HAND-1", "SKIP")
    assert open_stops(heavy) == [before[1], before[0], *before[2:]]


def test_who_cannot_get_to_the_only_stop_of_a_rank_goes_on_all_the_same(heavy: FloorHand) -> None:
    heavy.order("1", ("A01-03-1", 1), ("A01-02-1", 1), ("A01-01-1", 1))
    release(heavy)
    take_tour(heavy)
    heavy.say("HAND-1", "SKIP")
    assert open_stops(heavy) == ["A01-02-1", "A01-01-1", "A01-03-1"]


def test_what_a_short_sends_elsewhere_is_fetched_in_its_turn(heavy: FloorHand) -> None:
    heavy.stock("A02-01-1", 5, "A02-02-1", "2026-03-01")  # newer heavy units lie beside the fragile ones
    heavy.stock("A01-02-1", 5, "A02-01-1", "2026-03-01")  # and newer light ones beside heavy ones
    heavy.order("1", *((place, 1) for place in PLACES))
    release(heavy)
    take_tour(heavy)
    while heavy.step()["fields"]["location"]["code"] != "A01-02-1":
        make_stop(heavy)
    go_to_stop(heavy)
    say_short(heavy)
    # The next screen says so at once, and the plan made a moment later keeps it.
    assert heavy.step()["fields"]["location"]["code"] == open_stops(heavy)[0] == "A02-01-1"
    work_off(heavy)
    left = open_stops(heavy)
    assert left[0] == "A02-01-1"
    assert ranks(left[1:]) == [2, 2]
    finish_tour(heavy)
    assert wrong(heavy) == []


def test_a_late_order_rides_in_the_order_of_its_goods(heavy: FloorHand) -> None:
    heavy.order("1", ("A01-01-1", 1), ("A01-02-1", 1), ("A02-02-1", 1))
    wave = release(heavy)
    heavy.order("late", ("A01-03-1", 1), ("A02-01-1", 1))
    heavy.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    work_off(heavy)
    stops = open_stops(heavy)
    assert sorted(stops) == sorted(PLACES)
    for tour in heavy.write(lambda tx: waves.describe(tx, wave))["tours"]:
        rows = heavy.all(
            "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
            " WHERE k.warehouse_id = :w AND k.tour_id = :tour ORDER BY k.sequence",
            tour=tour["tour"],
        )
        its = ranks([row["code"] for row in rows])
        assert its == sorted(its)


def test_a_late_order_with_heavy_goods_changes_the_next_stop_of_a_walked_tour(heavy: FloorHand) -> None:
    heavy.order("1", ("A01-02-1", 1), ("A01-01-1", 1), ("A02-02-1", 1))
    wave = release(heavy)
    take_tour(heavy)
    heavy.order("late", ("A01-03-1", 1))
    heavy.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    work_off(heavy)
    assert ranks(open_stops(heavy)) == [0, 1, 2, 2]


def test_a_late_order_that_has_to_wait_its_turn_leaves_the_next_stop(heavy: FloorHand) -> None:
    heavy.order("1", ("A01-02-1", 1), ("A02-02-1", 1))
    wave = release(heavy)
    take_tour(heavy)
    heavy.order("late", ("A01-01-1", 1))
    heavy.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    work_off(heavy)
    assert ranks(open_stops(heavy)) == [1, 2, 2]


def test_who_stands_at_a_stop_makes_it_before_heavy_goods_that_came(heavy: FloorHand) -> None:
    heavy.order("1", ("A01-02-1", 1), ("A02-02-1", 1))
    wave = release(heavy)
    take_tour(heavy)
    go_to_stop(heavy)
    heavy.order("late", ("A01-03-1", 1))
    heavy.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["late"]))
    work_off(heavy)
    assert ranks(open_stops(heavy)) == [1, 0, 2]


def test_round_a_closed_aisle_the_order_is_kept(heavy: FloorHand) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    release(heavy)
    take_tour(heavy)
    heavy.write(lambda tx: closures.close(tx, NOBODY, "A02-01-1", reason="spill", badge="1001"))
    work_off(heavy)
    stops = open_stops(heavy)
    assert sorted(stops) == sorted(PLACES)
    reached = [place for place in stops if not place.startswith("A02")]
    assert ranks(reached) == [0, 1, 2]
    # What stands behind the closed stretch comes last.
    assert stops.index("A02-01-1") > stops.index("A01-03-1")


def test_a_smaller_promise_or_a_batch_is_no_way_round_the_order(heavy: FloorHand) -> None:
    equip(heavy)
    heavy.order("1", ("A01-01-1", 1), ("A01-03-1", 1))
    heavy.order("2", ("A02-01-1", 1), ("A02-02-1", 1), ("A01-02-1", 1))
    wave = release(heavy, mode="batch")
    assert heavy.write(lambda tx: waves.describe(tx, wave))["mode"] == "batch"
    assert ranks(open_stops(heavy)) == [0, 0, 1, 2, 2]


def test_a_wave_by_zones_is_refused_and_one_released_before_is_picked_by_clusters(heavy: FloorHand) -> None:
    zone(heavy)
    heavy.order("1", *((place, 1) for place in PLACES))
    with pytest.raises(Conflict) as refused:
        release(heavy, mode="zone")
    assert refused.value.code == "zones_not_ordered"
    heavy.write(lambda tx: tour_orders.set_rule(tx, "shortest"))
    wave = heavy.write(lambda tx: waves.release(tx, NOBODY, mode="zone"))["wave"]
    heavy.write(lambda tx: tour_orders.set_rule(tx, "heavy_first"))
    work_off(heavy)
    (tour,) = heavy.write(lambda tx: waves.describe(tx, wave))["tours"]
    assert tour["mode"] == "cluster"
    assert ranks(open_stops(heavy)) == [0, 0, 1, 2, 2]


def test_a_tour_on_its_way_through_zones_goes_on_through_them(plain: FloorHand) -> None:
    zone(plain)
    plain.order("1", *((place, 1) for place in PLACES))
    release(plain, mode="zone")
    take_tour(plain)
    before = open_stops(plain)
    plain.write(lambda tx: tour_orders.set_rule(tx, "heavy_first"))
    work_off(plain)
    assert [code[:3] for code in open_stops(plain)] == [code[:3] for code in before]
    assert tour_of(plain)["free_dm"] == 0


def test_a_draft_of_a_wave_shows_the_walk_the_wave_gets(heavy: FloorHand) -> None:
    heavy.order("1", *((place, 1) for place in PLACES))
    draft = wave_draft_plans.planned(heavy.floor, WaveChoice(), seed=1)
    release(heavy)
    assert draft["tours"][0]["distance_dm"] == tour_of(heavy)["distance_dm"]


BLOCKS = Layout((0, 40, 80, 120), (0, 100, 200))
BINS = [Spot(f"{x_dm}/{y_dm}/{level}", x_dm, y_dm, level)
        for x_dm in BLOCKS.aisle_x_dm for y_dm in (20, 60, 130, 170) for level in (1, 3)]  # fmt: skip
DEPOT = Spot("DEPOT", 0, 0)


@st.composite
def tours_underway(draw: st.DrawFn) -> Underway:
    """A tour anywhere on its way, with any goods in its stops and perhaps others in the aisles."""
    spots = draw(st.lists(st.sampled_from(BINS), min_size=1, max_size=18, unique=True))
    made = draw(st.integers(0, len(spots) - 1))
    open_spots = spots[made:]
    moment = st.integers(0, 300_000)
    met = draw(st.lists(st.builds(Visit, st.integers(0, 3), st.integers(0, 1), moment, moment), max_size=6))
    drops = draw(st.sampled_from(((DEPOT,), (DEPOT, Spot("BACK", 120, 210)))))
    plan = FloorPlan(1, BLOCKS, DEPOT, drops, draw(st.sampled_from((0, 10))), 1, 5000)
    rank_of = {spot.name: draw(st.integers(0, 2)) for spot in open_spots}
    is_walked = made > 0
    latest_ms = draw(st.dictionaries(st.sampled_from([spot.name for spot in open_spots]), st.integers(0, 200_000)))
    others = Others(tuple(met), Pace(1000, 8000), draw(st.sampled_from((0, 30_000))))
    return Underway(
        1, "active" if is_walked else "planned", plan, 0, tuple(spots[:made]),
        tuple(OpenStop(number, spot) for number, spot in enumerate(open_spots, start=1)),
        is_walked and draw(st.booleans()), is_walked and draw(st.booleans()), ranks=rank_of,
        deadlines=Deadlines(latest_ms, 1000, 8000) if is_walked and latest_ms else None,
        others=others if is_walked and met and not latest_ms else None,
    )  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(tours_underway())
def test_a_tour_planned_again_visits_all_that_is_open_in_its_order(seen: Underway) -> None:
    again = replanning.plan_again(seen, tour_ms=20)
    assert sorted(stop.task_id for stop in again.stops) == sorted(stop.task_id for stop in seen.open)
    walked = [stop.spot for stop in again.stops]
    if seen.stands or (seen.keeps_next and seen.is_next_in_turn):
        assert walked[0] == seen.open[0].spot
        walked = walked[1:]
    assert keeps_ranks(seen.ranks, walked)
    assert list(again.lefts_dm) == sorted(again.lefts_dm, reverse=True)
    assert again.whole.free_dm == again.whole.tour.distance_dm
    assert again.whole.tour.lower_bound_dm <= again.distance_dm


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.sampled_from(BINS), st.integers(0, 2), min_size=1, max_size=16))
def test_a_planned_walk_visits_all_in_order_and_ends_where_it_is_shortest(ranked: dict[Spot, int]) -> None:
    plan = FloorPlan(1, BLOCKS, DEPOT, (DEPOT, Spot("BACK", 120, 210)), 0, 1, 5000)
    by_name = {spot.name: its for spot, its in ranked.items()}
    walk = shortest(plan, DEPOT, list(ranked), 60_000, 0, by_name)
    assert sorted(spot.name for spot in walk.tour.sequence) == sorted(by_name)
    assert keeps_ranks(by_name, walk.tour.sequence)
    assert walk.free_dm <= walk.tour.distance_dm
    alone = [plan_tour(TourProblem(BLOCKS, DEPOT, end, tuple(ranked), 0, 1, tuple(by_name.items()))).distance_dm
             for end in plan.drops]  # fmt: skip
    assert walk.tour.distance_dm <= min(alone)


@pytest.mark.parametrize("limit_ms", [0, 1, 7, 2000])
def test_a_walk_in_order_takes_its_limit_once_with_the_walk_it_is_compared_with(
    limit_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = FloorPlan(1, BLOCKS, DEPOT, (DEPOT, Spot("BACK", 120, 210)), 0, 1, 5000)
    given_ms: list[tuple[bool, int]] = []

    def planned(problem: TourProblem, time_limit_ms: int, seed: int) -> Tour:
        given_ms.append((bool(problem.ranks), time_limit_ms))
        return plan_tour(problem, 1000, seed)

    monkeypatch.setattr(walks, "plan_tour", planned)
    walk = shortest(plan, DEPOT, BINS[:6], limit_ms, 0, {BINS[0].name: 2})
    assert [has_ranks for has_ranks, _ in given_ms] == [True, True, False, False]
    assert sum(its_ms for _, its_ms in given_ms) <= limit_ms + len(given_ms), "a search has a millisecond at least"
    assert 0 < walk.free_dm <= walk.tour.distance_dm
