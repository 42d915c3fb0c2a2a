"""Modes: what each costs for the same orders, and that the cheapest is chosen for reasons one can check."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import Cart, FieldError, PickLine, PickOrder, Spot
from picking.modes import Mode, ModeProblem, choose_mode, price, waiting_ms
from picking.times import HandlingTimes
from tests.picking.picking_floors import DEPOT, SAME_WALKWAYS, TWO_BLOCKS, bin_at

CART = Cart(4, 48_000, 18_000)
ZONES = ((0,), (1, 2))
PLACES = st.tuples(st.sampled_from(TWO_BLOCKS.aisle_x_dm), st.integers(1, 199).filter(lambda y: y != 100))


def order(number: int, *places: tuple[int, int], qty_each: int = 1, volume_ml: int = 0) -> PickOrder:
    return PickOrder(
        f"O{number}",
        tuple(PickLine(f"O{number}/{at}", bin_at(*place), qty_each, volume_ml) for at, place in enumerate(places)),
    )


def problem(*orders: PickOrder, **fields: object) -> ModeProblem:
    return ModeProblem(TWO_BLOCKS, DEPOT, DEPOT, CART, orders, **fields)  # type: ignore[arg-type]


@st.composite
def problems(draw: st.DrawFn) -> ModeProblem:
    orders = tuple(
        order(
            number,
            *draw(st.lists(PLACES, min_size=1, max_size=3)),
            qty_each=draw(st.integers(1, 4)),
            volume_ml=draw(st.sampled_from([0, 500, 30_000])),
        )
        for number in range(draw(st.integers(1, 7)))
    )
    return problem(*orders, wall_slots=draw(st.integers(0, 6)), zones=draw(st.sampled_from([(), ZONES])))


@settings(max_examples=25)
@given(problems())
def test_the_cheapest_possible_mode_is_chosen_and_all_four_are_shown(problem: ModeProblem) -> None:
    plan = choose_mode(problem)
    shown = (plan.chosen, *plan.alternatives)
    assert sorted(cost.mode for cost in shown) == sorted(Mode)
    assert plan.chosen.is_possible
    assert all(plan.chosen.total_ms <= cost.total_ms for cost in shown if cost.is_possible)


@settings(max_examples=25)
@given(problems())
def test_every_order_is_on_a_cart_in_every_possible_mode(problem: ModeProblem) -> None:
    wanted = {order.order_id for order in problem.orders}
    for mode in Mode:
        cost = price(problem, mode)
        if cost.is_possible:
            assert {order_id for batch in cost.batches for order_id in batch.order_ids} == wanted
            parts_ms = sum(batch.work_ms for batch in cost.batches) + cost.wait_ms
            assert parts_ms == cost.total_ms


def test_orders_side_by_side_share_a_cart() -> None:
    cost = price(problem(order(1, (80, 150)), order(2, (80, 160))), Mode.CLUSTER)
    assert [batch.order_ids for batch in cost.batches] == [("O1", "O2")]
    assert cost.distance_dm == 2 * (80 + 160)


def test_single_walks_to_each_order_apart() -> None:
    cost = price(problem(order(1, (80, 150)), order(2, (80, 160))), Mode.SINGLE)
    assert cost.distance_dm == 2 * (80 + 150) + 2 * (80 + 160)
    assert cost.set_up_ms == 2 * (60_000 + 10_000)


def test_one_bin_wanted_by_many_orders_is_a_batch_when_a_wall_stands_there() -> None:
    orders = tuple(order(number, (80, 150)) for number in range(16))
    plan = choose_mode(problem(*orders, wall_slots=20, times=HandlingTimes(sort_each_ms=1_000, clear_slot_ms=1_000)))
    assert plan.chosen.mode is Mode.BATCH
    assert plan.chosen.pick_ms == 8_000 + 16 * 1_500
    assert plan.chosen.sort_ms == 16 * 2_000


def test_a_slow_wall_is_not_chosen() -> None:
    orders = tuple(order(number, (80, 150)) for number in range(4))
    slow = HandlingTimes(sort_each_ms=600_000)
    assert choose_mode(problem(*orders, wall_slots=20, times=slow)).chosen.mode is Mode.CLUSTER


def test_a_batch_is_no_larger_than_the_wall_nor_than_the_cart() -> None:
    orders = tuple(order(number, (80, 150), volume_ml=24_000) for number in range(20))
    cost = price(problem(*orders, wall_slots=6), Mode.BATCH)
    assert max(len(batch.order_ids) for batch in cost.batches) <= 6
    assert max(batch.totes for batch in cost.batches) <= CART.positions


@pytest.mark.parametrize(
    ("mode", "fields", "reason"),
    [
        (Mode.BATCH, {}, "no put wall"),
        (Mode.ZONE, {}, "fewer than two zones"),
        (Mode.ZONE, {"zones": ((0,), (1,))}, "aisle 2 is in no zone"),
    ],
)
def test_a_mode_that_cannot_be_says_why(mode: Mode, fields: dict[str, object], reason: str) -> None:
    cost = price(problem(order(1, (80, 150)), **fields), mode)
    assert not cost.is_possible
    assert reason in cost.summary()


def test_each_zone_is_walked_from_its_own_entry() -> None:
    cost = price(problem(order(1, (0, 50), (80, 50)), zones=ZONES), Mode.ZONE)
    # Zone 1 begins at the start, zone 2 at its nearest aisle (x 40): 100 dm, and 2 x (40 + 50) dm.
    assert cost.distance_dm == 100 + 180
    assert cost.hand_over_ms == 2 * 0 + 1 * 5_000


@settings(max_examples=25)
@given(st.lists(PLACES, min_size=1, max_size=8, unique=True))
def test_aisles_measured_as_walkways_cost_the_same_in_each_mode(places: list[tuple[int, int]]) -> None:
    hand_overs = (DEPOT, Spot("over", 40, 0))
    on_aisles = problem(order(1, *places), wall_slots=4, zones=ZONES, hand_overs=hand_overs)
    zones = tuple(
        tuple(SAME_WALKWAYS.stretch(bin_at(40 * aisle, y_dm)) for aisle in zone for y_dm in (50, 150)) for zone in ZONES
    )
    for mode in Mode:
        assert price(replace(on_aisles, layout=SAME_WALKWAYS, zones=zones), mode) == price(on_aisles, mode)


def test_a_walkway_in_no_zone_is_named_by_its_ends() -> None:
    zones = ((SAME_WALKWAYS.stretch(bin_at(0, 50)),), (SAME_WALKWAYS.stretch(bin_at(40, 50)),))
    on_walkways = replace(
        problem(order(1, (80, 150))), layout=SAME_WALKWAYS, zones=zones, hand_overs=(DEPOT, Spot("over", 40, 0))
    )
    ends = sorted(node.name for node in SAME_WALKWAYS.graph.nodes if node.x_dm == 80 and node.y_dm >= 100)
    assert price(on_walkways, Mode.ZONE).reason == f"the walkway from {ends[0]} to {ends[1]} is in no zone"


def test_a_zone_waits_for_the_carts_of_a_slower_one() -> None:
    assert waiting_ms([[30, 10], [30, 10]]) == 30 + 20
    assert waiting_ms([[10, 10], [10, 10]]) == 10
    assert waiting_ms([[10, 0], [0, 10]]) == 0
    assert waiting_ms([]) == 0


def test_the_summary_names_cost_tours_and_metres() -> None:
    words = choose_mode(problem(order(1, (80, 150)))).summary()
    assert "single:" in words
    assert "46 m" in words
    assert "not possible, there is no put wall" in words


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"wall_slots": -1}, "wall_slots"),
        ({"wall_slots": True}, "wall_slots"),
        ({"zones": ((0,), (0,))}, "zones[1][0]"),
        ({"zones": ((9,),)}, "zones[0][0]"),
        ({"zones": ((),)}, "zones[0]"),
        ({"zones": [(0,)]}, "zones"),
        ({"times": None}, "times"),
        ({"orders": [order(1, (0, 50))]}, "orders"),
        ({"orders": (order(1, (0, 50)), order(1, (0, 60)))}, "orders[1].order_id"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"orders": (order(1, (0, 50)),), **fields}
    with pytest.raises(FieldError) as raised:
        ModeProblem(TWO_BLOCKS, DEPOT, DEPOT, CART, **values)  # type: ignore[arg-type]
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"), [({"zones": ((0,), (99,))}, "zones[1][0]"), ({"zones": ((0,), (1,))}, "hand_overs")]
)
def test_what_is_wrong_on_walkways_is_named(fields: dict[str, object], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        ModeProblem(SAME_WALKWAYS, DEPOT, DEPOT, CART, (order(1, (0, 50)),), **fields)  # type: ignore[arg-type]
    assert raised.value.field == field


@pytest.mark.parametrize(("name", "value"), [("walk_mm_per_s", 0), ("pick_each_ms", 1.5), ("cart_ms", -1)])
def test_times_are_whole_milliseconds(name: str, value: object) -> None:
    with pytest.raises(FieldError) as raised:
        HandlingTimes(**{name: value})  # type: ignore[arg-type]
    assert raised.value.field == name
