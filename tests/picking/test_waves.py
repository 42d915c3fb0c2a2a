"""Waves: who goes, who stays and why, and that the plan can be walked by those on shift."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import Cart, FieldError, FloorGraph, Layout, Node, PickLine, PickOrder, Spot, Walkway, Walkways
from picking.modes import Mode
from picking.shifts import PickerShift
from picking.waves import LeftOut, WaveOrder, WavePlan, WaveProblem, plan_wave
from tests.picking.picking_floors import DEPOT, SAME_WALKWAYS, TWO_BLOCKS, bin_at

MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS
CART = Cart(4, 48_000, 18_000)


def order(number: int, *places: tuple[int, int], due_min: int = 0, waits_for: str = "", rank: int = 0) -> WaveOrder:
    lines = tuple(PickLine(f"O{number}/{at}", bin_at(*place), 1) for at, place in enumerate(places or ((40, 50),)))
    return WaveOrder(PickOrder(f"O{number}", lines, due_min, rank), due_min * MIN_MS, waits_for)


def picker(name: str = "Ann", until_min: int = 480, *breaks: tuple[int, int]) -> PickerShift:
    return PickerShift(name, 0, until_min * MIN_MS, tuple((a * MIN_MS, b * MIN_MS) for a, b in breaks))


def problem(orders: list[WaveOrder], *pickers: PickerShift, **fields: object) -> WaveProblem:
    values: dict[str, object] = {"layout": TWO_BLOCKS, "now_ms": 0, "carts": 4, **fields}
    rest = {"start": DEPOT, "end": DEPOT, "cart": CART, "orders": tuple(orders), "pickers": pickers}
    return WaveProblem(**rest, **values)  # type: ignore[arg-type]


def reasons(plan: WavePlan) -> dict[str, LeftOut]:
    return {left.order_id: left.reason for left in plan.left_out}


@st.composite
def problems(draw: st.DrawFn) -> WaveProblem:
    places = st.tuples(st.sampled_from(TWO_BLOCKS.aisle_x_dm), st.integers(1, 99))
    orders = [
        order(
            number,
            *draw(st.lists(places, min_size=1, max_size=3)),
            due_min=draw(st.sampled_from([0, 5, 20, 90])),
            waits_for=draw(st.sampled_from(["", "", "", "a refill"])),
        )
        for number in range(draw(st.integers(0, 9)))
    ]
    crew = [picker(f"P{at}", draw(st.sampled_from([10, 60, 480]))) for at in range(draw(st.integers(0, 2)))]
    return problem(orders, *crew, carts=draw(st.integers(0, 2)), most_orders=draw(st.sampled_from([3, 100])))


@settings(max_examples=40)
@given(problems())
def test_every_order_is_released_or_left_out_with_words(problem: WaveProblem) -> None:
    plan = plan_wave(problem, 500)
    left = [each.order_id for each in plan.left_out]
    assert sorted([*plan.order_ids, *left]) == sorted(order.order.order_id for order in problem.orders)
    assert all(each.words for each in plan.left_out)
    assert len(plan.order_ids) <= problem.most_orders
    waiting = {order.order.order_id for order in problem.orders if order.waits_for}
    assert not waiting & set(plan.order_ids)
    assert {order_id for tour in plan.tours for order_id in tour.batch.order_ids} == set(plan.order_ids)
    shifts = {picker.name: picker for picker in problem.pickers}
    assert all(tour.until_ms <= shifts[tour.picker].until_ms for tour in plan.tours)


@settings(max_examples=25)
@given(problems())
def test_on_walkways_the_same_orders_can_go_as_on_the_aisles_they_are(problem: WaveProblem) -> None:
    on_aisles, on_walkways = (plan_wave(asked, 500) for asked in (problem, replace(problem, layout=SAME_WALKWAYS)))
    for reason in (LeftOut.WAITS, LeftOut.NO_PICKER, LeftOut.CUT_OFF):
        assert [left for left in on_walkways.left_out if left.reason == reason] == [
            left for left in on_aisles.left_out if left.reason == reason
        ]
    left = {each.order_id for each in on_walkways.left_out}
    assert left.isdisjoint(on_walkways.order_ids)
    assert left | {*on_walkways.order_ids} == {each.order.order_id for each in problem.orders}


def test_lines_listed_against_a_one_way_walkway_are_no_hindrance() -> None:
    nodes = tuple(Node(name, 100 * at, 0) for at, name in enumerate("ABC"))
    ways = tuple(Walkway(one, other, is_one_way=True) for one, other in pairwise("ABC"))
    floor = Walkways(FloorGraph(nodes, ways))
    end = Spot("end", 200, 0)
    asked = problem([order(1, (150, 0), (50, 0), due_min=60)], picker(), layout=floor)
    plan = plan_wave(replace(asked, end=end))
    assert (plan.order_ids, plan.distance_dm) == (("O1",), 200)


def test_orders_side_by_side_go_on_one_cart() -> None:
    plan = plan_wave(problem([order(1, (80, 50)), order(2, (80, 60))], picker()))
    assert [tour.batch.order_ids for tour in plan.tours] == [("O1", "O2")]
    assert (plan.lines, plan.distance_dm) == (2, 280)
    assert plan.mode is not None
    assert plan.mode.chosen.mode is Mode.CLUSTER
    assert 0 < plan.forecast.p50_at_ms <= plan.forecast.p90_at_ms


def test_what_waits_for_goods_stays() -> None:
    plan = plan_wave(problem([order(1, waits_for="replenishment of B-01"), order(2)], picker()))
    assert plan.order_ids == ("O2",)
    assert plan.left_out[0].words == "waits for replenishment of B-01"


def test_an_order_that_cannot_make_its_departure_makes_way() -> None:
    plan = plan_wave(problem([order(1, due_min=11), order(2, due_min=60)], picker()))
    assert reasons(plan) == {"O1": LeftOut.CUT_OFF}
    assert "min after it even if picked at once" in plan.left_out[0].words


def test_late_orders_go_when_there_is_nothing_else() -> None:
    plan = plan_wave(problem([order(1, due_min=11)], picker()))
    assert plan.order_ids == ("O1",)
    assert plan.tours[0].late_ms > 0
    assert [risk.due_at_ms for risk in plan.forecast.at_risk] == [11 * MIN_MS]


def test_without_a_picker_nothing_goes() -> None:
    plan = plan_wave(problem([order(1)]))
    assert reasons(plan) == {"O1": LeftOut.NO_PICKER}
    assert plan.summary() == "nothing to release: 1 have no picker or cart"
    assert reasons(plan_wave(problem([order(1)], picker(), carts=0))) == {"O1": LeftOut.NO_PICKER}


def test_the_most_urgent_go_when_a_wave_is_full() -> None:
    orders = [order(1, due_min=300), order(2, due_min=100), order(3, rank=-1)]
    plan = plan_wave(problem(orders, picker(), most_orders=2))
    assert set(plan.order_ids) == {"O2", "O3"}
    assert reasons(plan) == {"O1": LeftOut.FULL}


@pytest.mark.parametrize("layout", [TWO_BLOCKS, SAME_WALKWAYS], ids=["aisles", "walkways"])
def test_of_equally_urgent_orders_those_of_few_aisles_go_first(layout: Layout | Walkways) -> None:
    orders = [order(number, (40 * (number % 3), 50)) for number in range(9)]
    plan = plan_wave(problem(orders, picker(), most_orders=3, layout=layout))
    assert len(plan.order_ids) == 3
    assert len({int(order_id[1:]) % 3 for order_id in plan.order_ids}) == 1, "all of one aisle"
    assert set(reasons(plan).values()) == {LeftOut.FULL}


def test_what_nobody_can_begin_in_time_goes_later() -> None:
    orders = [order(number, (80, 50)) for number in range(12)]
    plan = plan_wave(problem(orders, picker(), horizon_ms=0))
    assert len(plan.tours) == 1
    assert set(reasons(plan).values()) == {LeftOut.FULL}


def test_tours_are_shared_and_keep_out_of_breaks() -> None:
    orders = [order(number, (80, 50)) for number in range(16)]
    plan = plan_wave(problem(orders, picker("Ann", 480, (1, 31)), picker("Ben")))
    assert {tour.picker for tour in plan.tours} == {"Ann", "Ben"} or all(tour.picker == "Ben" for tour in plan.tours)
    assert all(tour.from_ms >= 31 * MIN_MS for tour in plan.tours if tour.picker == "Ann")


def test_one_seed_has_one_plan() -> None:
    orders = [order(number, (40 * (number % 3), 10 + number), due_min=30 + number) for number in range(14)]
    one, other = (plan_wave(problem(orders, picker(), picker("Ben")), seed=3) for _ in range(2))
    assert one.tours == other.tours
    assert one.forecast == other.forecast


def test_the_summary_says_what_a_supervisor_asks() -> None:
    words = plan_wave(problem([order(1, due_min=13), order(2, waits_for="a refill")], picker())).summary()
    assert "1 orders, 1 lines, 1 tours" in words
    assert "above the best plan" in words
    assert "left out: 1 wait for goods" in words


def test_the_picture_is_drawn_and_names_are_escaped() -> None:
    name = "<b>&'\""
    plan = plan_wave(problem([order(1, due_min=11)], picker(name, 480, (2, 4))))
    svg = ElementTree.fromstring(plan.picture())
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert name in texts
    bars = [title.text or "" for title in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert any("min late" in bar for bar in bars)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"orders": [order(1)]}, "orders"),
        ({"orders": (order(1), order(1))}, "orders[1].order_id"),
        ({"pickers": ("Ann",)}, "pickers"),
        ({"carts": -1}, "carts"),
        ({"most_orders": 0}, "most_orders"),
        ({"horizon_ms": 1.0}, "horizon_ms"),
        ({"pack_ms": None}, "pack_ms"),
        ({"wall_slots": -1}, "wall_slots"),
        ({"zones": ((7,),)}, "zones[0][0]"),
        ({"rates": None}, "rates"),
        ({"times": 5}, "times"),
        ({"cart": None}, "cart"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], field: str) -> None:
    values: dict[str, object] = {
        "layout": TWO_BLOCKS, "start": DEPOT, "end": DEPOT, "cart": CART, "orders": (order(1),),
        "pickers": (picker(),), "now_ms": 0, **fields,
    }  # fmt: skip
    with pytest.raises(FieldError) as raised:
        WaveProblem(**values)  # type: ignore[arg-type]
    assert raised.value.field == field
