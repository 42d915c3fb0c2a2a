from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import shortest_walk_dm
from picking_floors import DEPOT, TWO_BLOCKS, bin_at

from picking import (
    Batch,
    BatchPlan,
    BatchProblem,
    Cart,
    Closed,
    FieldError,
    Layout,
    OneWay,
    PickLine,
    PickOrder,
    Spot,
    insert_order,
    plan_batches,
)
from picking.batches.solve import compile_batches

FLOOR = Layout(tuple(range(0, 350, 35)), (0, 210, 420))
BAYS_DM = [block + 21 + 12 * bay for block in (0, 210) for bay in range(15)]
LONG_MS = 60_000
"""A limit no test comes near, so that what ends a search is the number of its moves."""


def line(name: str, qty_each: int, volume_ml: int = 0, weight_g: int = 0, x: int = 0, y: int = 10) -> PickLine:
    return PickLine(name, bin_at(x, y), qty_each, volume_ml, weight_g)


def order(name: str, *lines: PickLine, cutoff: int = 0, priority: int = 0) -> PickOrder:
    return PickOrder(name, lines, cutoff, priority)


def plan(orders: list[PickOrder], cart: Cart, layout: Layout = TWO_BLOCKS, moves: int = 500, **more: Any) -> BatchPlan:
    start = more.pop("start", DEPOT)
    problem = BatchProblem(layout, start, more.pop("end", start), cart, tuple(orders), **more)
    return plan_batches(problem, LONG_MS, proposals=moves)


def order_ids(batch: Batch) -> list[str]:
    return list(dict.fromkeys(tote.order_id for tote in batch.totes))


def wave(orders: int, seed: int = 5) -> list[PickOrder]:
    rng = Random(seed)
    return [
        PickOrder(
            f"O{number:04}",
            tuple(
                PickLine(str(at), bin_at(rng.choice(FLOOR.aisle_x_dm), rng.choice(BAYS_DM)), 1)
                for at in range(rng.randint(1, 6))
            ),
        )
        for number in range(orders)
    ]


# Who rides with whom


def test_orders_of_the_same_aisles_ride_together() -> None:
    orders = [
        order("left 1", line("1", 1, x=0, y=150)),
        order("right 1", line("1", 1, x=80, y=150)),
        order("left 2", line("1", 1, x=0, y=170)),
        order("right 2", line("1", 1, x=80, y=170)),
    ]
    batches = plan(orders, Cart(2, 1000, 1000)).batches
    assert sorted(sorted(order_ids(batch)) for batch in batches) == [["left 1", "left 2"], ["right 1", "right 2"]]


def test_no_order_waits_for_a_later_departure() -> None:
    orders = [order("late", line("1", 1), cutoff=2), order("soon", line("1", 1), cutoff=1)]
    assert [order_ids(batch) for batch in plan(orders, Cart(4, 1000, 1000)).batches] == [["soon"], ["late"]]


def test_a_later_departure_may_ride_along_within_the_slack() -> None:
    orders = [order(name, line("1", 1), cutoff=cutoff) for name, cutoff in (("c", 3), ("b", 2), ("a", 1))]
    batches = plan(orders, Cart(4, 1000, 1000), cutoff_slack=1).batches
    assert sorted(len(order_ids(batch)) for batch in batches) == [1, 2]
    assert all("a" not in order_ids(batch) or "c" not in order_ids(batch) for batch in batches)


def test_priorities_keep_apart_only_when_asked_to() -> None:
    orders = [order("calm", line("1", 1), priority=5), order("rush", line("1", 1), priority=1)]
    assert len(plan(orders, Cart(4, 1000, 1000)).batches) == 1
    assert [order_ids(batch) for batch in plan(orders, Cart(4, 1000, 1000), priority_slack=0).batches] == [
        ["rush"], ["calm"],
    ]  # fmt: skip
    assert len(plan(orders, Cart(4, 1000, 1000), priority_slack=4).batches) == 1


def test_the_cart_with_the_most_urgent_order_goes_first() -> None:
    orders = [
        order("3", line("1", 1), cutoff=2, priority=0),
        order("2", line("1", 1), cutoff=1, priority=7),
        order("1", line("1", 1), cutoff=1, priority=2),
    ]
    batches = plan(orders, Cart(1, 1000, 1000)).batches
    assert [order_ids(batch) for batch in batches] == [["1"], ["2"], ["3"]]
    assert [(batch.number, batch.cutoff_rank, batch.priority_rank) for batch in batches] == [
        (1, 1, 2), (2, 1, 7), (3, 2, 0),
    ]  # fmt: skip


def test_zones_never_share_a_cart_and_an_order_of_two_zones_is_cut_between_them() -> None:
    orders = [
        PickOrder("both", (PickLine("1", bin_at(0, 10), 1, zone="dry"), PickLine("2", bin_at(40, 10), 1, zone="cold"))),
        PickOrder("dry", (PickLine("1", bin_at(0, 20), 1, zone="dry"),)),
    ]
    batches = plan(orders, Cart(4, 1000, 1000)).batches
    assert {batch.zone: sorted(order_ids(batch)) for batch in batches} == {"dry": ["both", "dry"], "cold": ["both"]}


# Limits of the cart


def test_a_cart_holds_no_more_lines_than_its_list() -> None:
    orders = [order(str(at), line("1", 1), line("2", 1, x=40)) for at in range(6)]
    assert [len(batch.totes) for batch in plan(orders, Cart(9, 1000, 1000, most_lines=5)).batches] == [2, 2, 2]


def test_an_order_with_more_lines_than_a_list_is_cut() -> None:
    big = order("big", *(line(str(at), 1, y=10 * at) for at in range(1, 8)))
    batches = plan([big], Cart(2, 1000, 1000, most_lines=3)).batches
    assert sorted(len(batch.totes[0].tote.picks) for batch in batches) == [1, 3, 3]


def test_an_order_larger_than_a_cart_is_cut_along_its_walk() -> None:
    lines = [line(f"{x}-{y}", 10, 100, x=x, y=y) for x in (0, 40, 80) for y in (20, 60)]
    batches = plan([order("big", *lines)], Cart(2, 1000, 5000), Layout((0, 40, 80), (0, 100))).batches
    assert sorted({stop.x_dm for stop in batch.stops}.pop() for batch in batches) == [0, 40, 80]
    assert all(len({stop.x_dm for stop in batch.stops}) == 1 for batch in batches)


def test_an_order_that_a_cart_holds_is_never_cut() -> None:
    orders = [order(str(at), *(line(str(n), 1, 400, y=10 + 10 * n) for n in range(at % 4 + 1))) for at in range(12)]
    batches = plan(orders, Cart(3, 1000, 1000)).batches
    carts_of = defaultdict(set)
    for batch in batches:
        for tote in batch.totes:
            carts_of[tote.order_id].add(batch.number)
    assert all(len(carts) == 1 for carts in carts_of.values())


def test_orders_without_lines_ride_nowhere_and_no_orders_need_no_cart() -> None:
    assert plan([order("empty")], Cart(1, 1, 1)).batches == ()
    nothing = plan([], Cart(1, 1, 1))
    assert (nothing.batches, nothing.distance_dm, nothing.lower_bound_dm) == ((), 0, 0)


# The search


def test_a_wave_walks_far_less_than_first_come_first_served() -> None:
    made = plan(wave(400), Cart(30, 1000, 1000, most_lines=30), FLOOR, moves=20_000)
    assert made.distance_dm < 0.6 * made.fifo_s_shape_dm
    assert made.saved_dm == made.fifo_s_shape_dm - made.distance_dm
    assert 0 < made.lower_bound_dm <= made.distance_dm


def test_more_moves_walk_less_and_the_same_moves_walk_the_same() -> None:
    cart = Cart(30, 1000, 1000, most_lines=30)
    first = plan(wave(200), cart, FLOOR, moves=0)
    better = plan(wave(200), cart, FLOOR, moves=40_000)
    assert better.distance_dm < first.distance_dm
    assert plan(wave(200), cart, FLOOR, moves=40_000).batches == better.batches


def test_an_order_of_fourteen_thousand_pieces_is_planned_whole() -> None:
    rng = Random(14)
    lines = tuple(
        PickLine(str(at), bin_at(rng.choice(FLOOR.aisle_x_dm), rng.choice(BAYS_DM)), 140, 300, 200) for at in range(100)
    )
    made = plan([PickOrder("whole", lines)], Cart(8, 40_000, 15_000), FLOOR)
    assert sum(pick.qty_each for batch in made.batches for t in batch.totes for pick in t.tote.picks) == 14_000
    check_promises(made)


def test_a_busy_week_of_large_orders_is_planned() -> None:
    """365 orders, about 10,000 lines, a few of them very large, five departures: half a real week."""
    rng = Random(730)
    orders = []
    for number in range(365):
        lines = tuple(
            PickLine(
                str(at),
                bin_at(rng.choice(FLOOR.aisle_x_dm), rng.choice(BAYS_DM), rng.randint(1, 3)),
                min(10_000, int(rng.paretovariate(1.0)) * rng.choice((1, 6, 12))),
                rng.choice((50, 300, 1500)),
                rng.choice((20, 150, 700)),
            )
            for at in range(min(500, 1 + int(rng.expovariate(1 / 27))))
        )
        orders.append(PickOrder(f"O{number:04}", lines, cutoff_rank=number // 75, priority_rank=number % 3))
    check_promises(plan(orders, Cart(8, 40_000, 15_000), FLOOR, moves=2_000))


def test_what_one_cart_holds_is_one_cart_and_proven() -> None:
    made = plan(wave(6), Cart(30, 1000, 1000), FLOOR)
    assert len(made.batches) == 1
    assert made.lower_bound_dm == made.distance_dm
    assert "proven shortest" in made.summary()


def test_a_small_wave_with_seconds_to_plan_is_proven_by_columns() -> None:
    problem = BatchProblem(FLOOR, DEPOT, DEPOT, Cart(3, 1000, 1000), tuple(wave(14)))
    compile_batches()
    plan_batches(problem, 10_000, clock=time.process_time)  # what is compiled now does not count
    # The process's own time, so that what else the machine does is not in it.
    made = plan_batches(problem, 10_000, clock=time.process_time)
    check_promises(made)
    assert made.lower_bound_dm == made.distance_dm
    assert made.distance_dm <= plan_batches(problem, LONG_MS, proposals=20_000).distance_dm


def test_four_orders_are_paired_as_trying_every_pairing_says() -> None:
    rng = Random(3)
    for _ in range(12):
        orders = [
            order(str(at), line("1", 1, x=rng.choice((0, 40, 80)), y=rng.randint(1, 199)), line("2", 1, x=40, y=150))
            for at in range(4)
        ]
        best_dm = min(
            sum(shortest_walk_dm(TWO_BLOCKS, DEPOT, DEPOT, stops_of(orders, pair)) for pair in pairs)
            for pairs in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
        )
        assert plan(orders, Cart(2, 1000, 1000), moves=2000).distance_dm == best_dm


def stops_of(orders: list[PickOrder], pair: tuple[int, int]) -> list[Spot]:
    return list({stop.spot for at in pair for stop in orders[at].lines})


def test_the_summary_says_walk_and_bound_in_words() -> None:
    words = plan(wave(40), Cart(30, 1000, 1000, most_lines=30), FLOOR).summary()
    assert words.startswith("40 orders of ")
    assert "first come, first served by S-shape" in words
    assert "above the shortest" in words


def test_the_picture_of_a_batch_is_its_tour() -> None:
    made = plan(wave(40), Cart(30, 1000, 1000, most_lines=30), FLOOR)
    assert made.picture(2).startswith("<svg")
    with pytest.raises(FieldError, match="number"):
        made.picture(0)


# Floors of every kind


@pytest.mark.parametrize(
    ("layout", "start", "end"),
    [
        (Layout((0, 40, 80), (0, 70, 140, 200)), DEPOT, DEPOT),
        (TWO_BLOCKS, DEPOT, Spot("bench", 80, 200)),
        (Layout((0, 40, 80), (30, 200)), DEPOT, DEPOT),  # bins in dead ends below the front cross-aisle
        (Layout((0, 40, 80), (0, 100, 200), busy_dm=((1, 0, 50),)), DEPOT, DEPOT),
        (Layout((0, 40, 80), (0, 100, 200), closed=(Closed(1, 40, 60),)), Spot("dock", 20, -30), Spot("dock", 20, -30)),
        (Layout((0, 40, 80), (0, 100, 200), one_way=(OneWay(0, True), OneWay(1, False))), DEPOT, DEPOT),
        (Layout((0, 40, 80), tuple(range(0, 201, 25))), DEPOT, DEPOT),
    ],
    ids=["three blocks", "other end", "dead ends", "busy", "closed", "one-way", "eight blocks"],
)
def test_every_floor_gets_its_shortest_walks(layout: Layout, start: Spot, end: Spot) -> None:
    rng = Random(8)
    orders = [
        order(str(at), *(line(str(n), 1, x=rng.choice((0, 40, 80)), y=rng.choice((10, 30, 80, 160))) for n in range(2)))
        for at in range(6)
    ]
    check_promises(plan(orders, Cart(3, 1000, 1000), layout, start=start, end=end))


def test_an_order_nobody_can_reach_is_named() -> None:
    layout = Layout((0, 40, 80), (0, 100, 200), closed=(Closed(1, 40, 60),))
    with pytest.raises(FieldError, match="order far"):
        plan([order("near", line("1", 1)), order("far", line("1", 1, x=40, y=50))], Cart(3, 1000, 1000), layout)


# Every promise, on any orders


@st.composite
def questions(draw: st.DrawFn) -> BatchProblem:
    spot = st.builds(bin_at, st.sampled_from([0, 40, 80]), st.integers(0, 200))
    lines = st.lists(
        st.tuples(
            spot, st.integers(1, 60), st.integers(0, 1200), st.integers(0, 600), st.sampled_from(["", "", "cold"])
        ),
        max_size=6,
    )
    drawn = draw(st.lists(st.tuples(lines, st.integers(0, 2), st.integers(0, 2)), max_size=9))
    orders = tuple(
        PickOrder(f"O{at}", tuple(PickLine(str(n), *values) for n, values in enumerate(of_order)), cutoff, priority)
        for at, (of_order, cutoff, priority) in enumerate(drawn)
    )
    cart = Cart(draw(st.integers(1, 6)), 1000, 500, draw(st.one_of(st.none(), st.integers(1, 12))))
    slack = draw(st.one_of(st.none(), st.integers(0, 1)))
    return BatchProblem(TWO_BLOCKS, DEPOT, DEPOT, cart, orders, draw(st.integers(0, 1)), slack)


@settings(max_examples=40, deadline=None)
@given(questions(), st.integers(0, 5))
def test_every_piece_is_in_one_tote_of_one_cart_within_every_limit(problem: BatchProblem, seed: int) -> None:
    check_promises(plan_batches(problem, LONG_MS, seed, proposals=300))


def check_promises(made: BatchPlan) -> None:
    problem, cart = made.problem, made.problem.cart
    of = {(order.order_id, line.line_id): line for order in problem.orders for line in order.lines}
    wanted = Counter({key: line.qty_each for key, line in of.items()})
    ranks = {order.order_id: (order.cutoff_rank, order.priority_rank) for order in problem.orders}
    packed: Counter[tuple[str, str]] = Counter()
    numbers = [batch.number for batch in made.batches]
    assert numbers == sorted(set(numbers))
    assert made.distance_dm == sum(batch.distance_dm for batch in made.batches) >= made.lower_bound_dm
    for batch in made.batches:
        assert [tote.position for tote in batch.totes] == list(range(1, len(batch.totes) + 1))
        assert 1 <= len(batch.totes) <= cart.positions
        picks = [(tote.order_id, pick) for tote in batch.totes for pick in tote.tote.picks]
        assert cart.most_lines is None or len(picks) <= cart.most_lines
        assert set(batch.stops) == {pick.spot for _, pick in picks}
        assert {of[order_id, pick.line_id].zone for order_id, pick in picks} == {batch.zone}
        cutoffs, priorities = zip(*(ranks[order_id] for order_id, _ in picks), strict=True)
        assert max(cutoffs) - min(cutoffs) <= problem.cutoff_slack
        assert problem.priority_slack is None or max(priorities) - min(priorities) <= problem.priority_slack
        for place in batch.totes:
            assert place.tote.picks
            volume_ml = weight_g = 0
            for pick in place.tote.picks:
                source = of[place.order_id, pick.line_id]
                assert pick.spot == source.spot
                packed[place.order_id, pick.line_id] += pick.qty_each
                volume_ml += pick.qty_each * source.each_volume_ml
                weight_g += pick.qty_each * source.each_weight_g
            fits = volume_ml <= cart.tote_volume_ml and weight_g <= cart.tote_weight_g
            assert (place.tote.volume_ml, place.tote.weight_g) == (volume_ml, weight_g)
            assert place.tote.is_oversize == (not fits)
            assert fits or sum(pick.qty_each for pick in place.tote.picks) == 1
        if len(batch.stops) <= 7:
            assert batch.distance_dm == shortest_walk_dm(problem.layout, problem.start, problem.end, batch.stops)
    assert packed == wanted


# A late order


def test_a_late_order_rides_where_it_adds_least_and_batches_keep_their_numbers() -> None:
    orders = [order(str(at), line("1", 1, x=40 * (at % 2), y=150)) for at in range(6)]
    before = plan(orders, Cart(4, 1000, 1000))
    after = insert_order(before, order("late", line("1", 1, x=40, y=160)), time_limit_ms=5000)
    check_promises(after)
    (of_late,) = (batch for batch in after.batches if "late" in order_ids(batch))
    assert {stop.x_dm for stop in of_late.stops} == {40}
    assert [batch.number for batch in after.batches] == [batch.number for batch in before.batches]
    assert after.distance_dm <= before.distance_dm + 2 * 10


def test_a_cart_that_is_walked_already_takes_no_late_order() -> None:
    before = plan([order("first", line("1", 1, y=150))], Cart(4, 1000, 1000))
    after = insert_order(before, order("late", line("1", 1, y=150)), fixed=[1])
    assert [order_ids(batch) for batch in after.batches] == [["first"], ["late"]]
    assert after.batches[0] is before.batches[0]


def test_a_late_order_for_a_full_floor_or_another_departure_gets_a_cart_of_its_own() -> None:
    full = plan([order(str(at), line("1", 1)) for at in range(4)], Cart(2, 1000, 1000))
    assert [len(batch.totes) for batch in insert_order(full, order("late", line("1", 1))).batches] == [2, 2, 1]
    early = plan([order("first", line("1", 1))], Cart(4, 1000, 1000))
    assert len(insert_order(early, order("late", line("1", 1), cutoff=3)).batches) == 2


def test_a_late_order_larger_than_a_cart_is_cut() -> None:
    before = plan(wave(20), Cart(4, 1000, 5000), FLOOR)
    after = insert_order(before, order("big", *(line(str(at), 7, 100, x=35, y=21 + 12 * at) for at in range(12))))
    check_promises(after)
    assert sum("big" in order_ids(batch) for batch in after.batches) >= 3


@pytest.mark.parametrize("late", [order("0"), order("x", PickLine("1", Spot(bin_at(0, 10).name, 7, 7), 1)), "x"])
def test_a_late_order_that_is_known_or_contradicts_the_floor_is_refused(late: Any) -> None:
    before = plan([order("0", line("1", 1))], Cart(4, 1000, 1000))
    with pytest.raises(FieldError, match="order"):
        insert_order(before, late)


@settings(max_examples=15, deadline=None)
@given(questions())
def test_orders_put_in_one_by_one_keep_every_promise(problem: BatchProblem) -> None:
    made = plan_batches(replace(problem, orders=problem.orders[:3]), LONG_MS, proposals=100)
    for late in problem.orders[3:]:
        made = insert_order(made, late)
    check_promises(made)


# Wrong input


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"layout": "floor"}, "layout"),
        ({"start": None}, "start"),
        ({"cart": 4}, "cart"),
        ({"orders": []}, "orders"),
        ({"orders": ("1",)}, "orders[0]"),
        ({"cutoff_slack": -1}, "cutoff_slack"),
        ({"priority_slack": True}, "priority_slack"),
        ({"orders": (PickOrder("a", ()), PickOrder("a", ()))}, "orders[1].order_id"),
        (
            {"orders": (order("a", PickLine("1", Spot("A", 0, 1), 1)), order("b", PickLine("1", Spot("A", 0, 2), 1)))},
            "orders[1].lines[0].spot.name",
        ),
    ],
)
def test_a_wrong_question_names_the_field(changed: dict[str, Any], field: str) -> None:
    values: dict[str, Any] = {
        "layout": TWO_BLOCKS, "start": DEPOT, "end": DEPOT, "cart": Cart(1, 1, 1), "orders": (),
    }  # fmt: skip
    with pytest.raises(FieldError) as refused:
        BatchProblem(**(values | changed))
    assert refused.value.field == field


def test_a_list_of_no_lines_is_no_cart() -> None:
    with pytest.raises(FieldError, match="most_lines"):
        Cart(1, 1, 1, most_lines=0)
