"""Questions put together piece by piece: refused where they are wrong, frozen when they are handed out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picking import CartonType, FieldError, Piece, Spot, choose_bins, choose_cartons, plan_batches, plan_tour
from picking.building import PlanBuilder


def small_floor() -> PlanBuilder:
    plan = PlanBuilder()
    for x_dm in (70, 0, 35):
        plan.add_aisle(x_dm)
    for y_dm in (0, 180):
        plan.add_cross_aisle(y_dm)
    plan.set_start("depot", 35, -20)
    plan.add_location("A01", 0, 33)
    plan.add_location("B07", 35, 120)
    plan.add_location("C02", 70, 40)
    return plan


def test_a_tour_over_named_locations() -> None:
    problem = small_floor().tour(("B07", "A01"))
    assert problem.layout.aisle_x_dm == (0, 35, 70)
    assert problem.start == problem.end == Spot("depot", 35, -20)
    assert {stop.name for stop in plan_tour(problem).sequence} == {"A01", "B07"}


def test_without_aisles_the_floor_follows_from_its_locations() -> None:
    plan = PlanBuilder()
    plan.set_start("depot", 0, 0)
    for x_dm in (0, 40):
        for y_dm in (20, 32, 44):
            plan.add_location(f"{x_dm}-{y_dm}", x_dm, y_dm)
    assert plan.layout().aisle_x_dm == (0, 40)
    assert plan.layout().cross_aisle_y_dm == (8, 56)


def test_rules_of_the_floor_are_part_of_it() -> None:
    plan = small_floor()
    plan.add_one_way(1, is_up=True)
    plan.add_closed(0, 100, 120)
    plan.add_busy(2, 0, 50)
    layout = plan.tour(()).layout
    assert (layout.one_way[0].aisle, layout.closed[0].from_dm, layout.busy_dm) == (1, 100, ((2, 0, 50),))


def test_orders_get_their_lines_one_by_one_and_ride_on_carts() -> None:
    plan = small_floor()
    plan.set_end("staging", 70, -20)
    plan.set_cart(2, 10_000, 10_000)
    plan.add_order("1001")
    plan.add_line("1001", "A01", 2, each_volume_ml=100)
    plan.add_line("1001", "C02", 1)
    plan.add_order("1002", cutoff_rank=1, due_at_ms=7_200_000)
    plan.add_line("1002", "B07", 1)
    before = plan.batch()
    plan.add_order("1003")
    assert [len(order.lines) for order in before.orders] == [2, 1]
    assert [line.line_id for line in before.orders[0].lines] == ["1", "2"]
    assert len(plan_batches(before, 100).batches) == 2
    plan.add_picker("Ada", 0, 28_800_000, [(100, 200)])
    wave = plan.wave(now_ms=0, carts=3)
    assert [order.due_at_ms for order in wave.orders] == [0, 7_200_000, 0]
    assert (wave.pickers[0].breaks, wave.carts) == (((100, 200),), 3)


def test_stock_and_what_is_wanted_of_it() -> None:
    plan = small_floor()
    plan.add_stock("tea", "C02", 5)
    plan.add_stock("tea", "A01", 5)
    plan.add_stock("soap", "A01", 5, fifo_rank=2)
    plan.add_wanted("tea", 3)
    plan.add_wanted("soap", 1)
    choice = choose_bins(plan.bins())
    assert {pick.stocked.spot.name for pick in choice.picks} == {"A01"}


def test_goods_and_cartons() -> None:
    plan = PlanBuilder()
    plan.add_carton_type(CartonType("S", 300, 200, 150, 10_000))
    plan.add_piece(Piece("tea", 90, 60, 120, 250, 4))
    assert [packed.carton.code for packed in choose_cartons(plan.cartons()).cartons] == ["S"]


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda plan: plan.add_aisle(1.5), "x_dm: must be a whole number"),
        (lambda plan: plan.add_cross_aisle("0"), "y_dm: must be a whole number"),
        (lambda plan: plan.add_location("A01", 0, 40), "name: 'A01' is used twice"),
        (lambda plan: plan.add_location("", 0, 40), "name: must not be empty"),
        (lambda plan: plan.add_closed(0, 5, 5), "to_dm: must be greater than from_dm"),
        (lambda plan: plan.set_cart(0, 1, 1), "positions: must be between"),
        (lambda plan: plan.add_line("7", "A01", 1), "order_id: '7' is not known"),
        (lambda plan: (plan.add_order("7"), plan.add_line("7", "A99", 1)), "location: 'A99' is none of the locations"),
        (lambda plan: (plan.add_order("7"), plan.add_line("7", "A01", 0)), "qty_each: must be between"),
        (lambda plan: (plan.add_order("7"), plan.add_order("7")), "order_id: '7' is used twice"),
        (lambda plan: plan.add_order("7", due_at_ms=-1), "due_at_ms: must be between"),
        (lambda plan: plan.add_stock("tea", "A99", 1), "location: 'A99' is none of the locations"),
        (lambda plan: (plan.add_wanted("tea", 1), plan.add_wanted("tea", 1)), "item: 'tea' is wanted twice"),
        (lambda plan: plan.add_picker("Ada", 5, 5), "until_ms: must be between"),
        (lambda plan: plan.tour(("A01", "A99")), "stops[1]: 'A99' is none of the locations"),
        (lambda plan: plan.batch(), "cart: is missing"),
        (lambda plan: PlanBuilder().tour(()), "storage: must hold at least one spot"),
        (lambda plan: PlanBuilder().bins(), "storage: must hold at least one spot"),
    ],
)
def test_what_is_wrong_is_named_as_the_caller_wrote_it(add: Callable[[PlanBuilder], object], said: str) -> None:
    with pytest.raises(FieldError) as error:
        add(small_floor())
    assert str(error.value).startswith(said)


def test_a_floor_without_a_start_has_no_tour() -> None:
    plan = PlanBuilder()
    plan.add_location("A01", 0, 5)
    with pytest.raises(FieldError, match="start: is missing"):
        plan.tour(("A01",))
