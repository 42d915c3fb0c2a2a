"""Batches of up to 128 orders: never over a cart, never longer than what was there, proven where it is claimed."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking.batches.anneal_small import anneal, new_search, orders_of
from picking.batches.bitmaps import bitmaps_of
from picking.batches.bound import root_bound
from picking.batches.columns import Columns, columns_of, new_memory
from picking.batches.improve import improve
from picking.batches.savings import savings_plan
from picking.errors import FieldError
from picking.exact import exact_length_dm
from picking.layout import Layout, Spot
from tests.picking.batches.made_up import made_up, shortest_of_all_plans


def assert_holds(columns: Columns, batches: tuple[tuple[int, ...], ...], length: int) -> None:
    assert sorted(order for batch in batches for order in batch) == list(range(columns.orders))
    for batch in batches:
        assert (columns.load[list(batch)].sum(axis=0) <= columns.capacity).all()
    assert sum(columns.length(batch) for batch in batches) == length


@pytest.fixture(autouse=True, scope="module")
def _compiled() -> None:
    """Without this the first plan's time would go to the compiler."""
    for capacity in ((6,), (9, 6)):
        improve(made_up(5, capacity, seed=3), time_limit_ms=100_000, clock=time.process_time)
        many = made_up(30, (15,) * len(capacity), seed=3)  # more batches than a table holds
        alone = {1 << order: many.length([order]) for order in range(many.orders)}
        root_bound(many, alone, new_memory(), time.process_time() + 60, time.process_time)
    made_up(2, (6,), seed=3).length([0, 1])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), orders=st.integers(1, 8), capacity=st.sampled_from([(7,), (9, 6)]))
def test_few_orders_are_planned_best_and_proven(seed: int, orders: int, capacity: tuple[int, ...]) -> None:
    columns = made_up(orders, capacity, seed)

    plan = improve(columns, time_limit_ms=20_000, seed=seed, clock=time.process_time)

    assert_holds(columns, plan.batches, plan.length)
    assert plan.length == shortest_of_all_plans(columns)
    assert plan.is_proven


def test_small_carts_are_proven_for_forty_orders() -> None:
    columns = made_up(40, (6,), seed=3)

    plan = improve(columns, time_limit_ms=30_000, seed=1, clock=time.process_time)

    assert_holds(columns, plan.batches, plan.length)
    assert plan.is_proven


@pytest.mark.parametrize("time_limit_ms", [0, 1, 300])
def test_plan_in_use_never_gets_longer(time_limit_ms: int) -> None:
    columns = made_up(128, (20, 15), seed=5)
    in_use = savings_plan(columns)

    plan = improve(columns, in_use, time_limit_ms=time_limit_ms, seed=2)

    assert_holds(columns, plan.batches, plan.length)
    assert plan.length <= sum(map(columns.length, in_use))
    assert plan.lower_bound <= plan.length


def test_annealing_keeps_the_best_plan_and_gives_the_same_one_for_the_same_seed() -> None:
    columns = made_up(70, (12,), seed=8)
    in_use = savings_plan(columns)
    plans = []
    for _ in range(2):
        search = new_search(columns, in_use, seed=4)
        anneal(
            columns.floor, columns.start, columns.stops, columns.load, columns.capacity, search, 60_000, 4.0, 0.2, 1.02
        )
        batches = tuple(tuple(orders_of(batch)) for batch in search.best if batch.any())
        assert_holds(columns, batches, int(search.total[1]))
        plans.append(batches)

    assert plans[0] == plans[1]
    assert search.total[1] < sum(map(columns.length, in_use))


def test_batches_met_on_the_way_are_pooled_with_their_true_walks() -> None:
    columns = made_up(40, (10,), seed=9)
    search = new_search(columns, savings_plan(columns), seed=4)

    anneal(columns.floor, columns.start, columns.stops, columns.load, columns.capacity, search, 20_000, 9.0, 1.0, 1.1)

    pooled = [slot for slot in range(len(search.pool)) if search.pool[slot].any()]
    assert len(pooled) == search.pool_size[0] > 0
    for slot in pooled:
        batch = orders_of(search.pool[slot])
        assert search.pool_cost[slot] == columns.length(batch)
        assert columns.load[batch].sum() <= columns.capacity[0]


def test_orders_of_a_wave_walk_the_same_on_their_own_floor() -> None:
    layout = Layout((0, 80, 160), (0, 300, 600))
    depot = Spot("depot", 0, 0)
    chance = random.Random(6)
    orders = [[Spot("bin", 80 * chance.randrange(3), 10 * chance.randint(0, 60)) for _ in range(3)] for _ in range(5)]
    part_of = np.repeat(np.arange(5), 3).astype(np.int64)
    spots = [spot for order in orders for spot in order]
    bitmaps = bitmaps_of(layout, depot, depot, spots, part_of, 5)

    columns = columns_of(bitmaps, np.ones((5, 1), np.int64), np.array([2], np.int64))

    assert columns.length([1, 4]) == exact_length_dm(layout, depot, depot, orders[1] + orders[4])


def test_plan_in_use_without_an_order_is_refused() -> None:
    with pytest.raises(FieldError, match="each of the 3 orders once"):
        improve(made_up(3, (9,), seed=1), [[0], [1]])


def test_plan_in_use_over_the_capacity_is_refused() -> None:
    with pytest.raises(FieldError, match=r"batches\[0\]: is over the capacity"):
        improve(made_up(9, (5,), seed=1), [list(range(9))])


def test_order_over_the_capacity_is_named() -> None:
    columns = made_up(3, (9,), seed=1)
    load = columns.load.copy()
    load[2, 0] = 10
    with pytest.raises(FieldError, match=r"load\[2\]: is over the capacity"):
        Columns(columns.floor, columns.start, columns.stops, load, columns.capacity)


def test_more_orders_than_two_words_hold_are_refused() -> None:
    with pytest.raises(FieldError, match="must be of 1 to 128 orders, got 129"):
        made_up(129, (9,), seed=1)
