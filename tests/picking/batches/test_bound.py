"""How short a plan can be: never above the best one, and as tight as whole carts make it."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from picking.batches.bound import batches_within, fewest_batches, root_bound
from picking.batches.columns import Columns, new_memory
from picking.batches.every import as_words, best_of, count_batches, every_batch
from picking.batches.partition import Batch, Master, orders_in
from picking.batches.pricing import SCALE
from picking.exact.one_block import one_block, stop_bitmap
from tests.picking.batches.made_up import made_up, shortest_of_all_plans


def alone(columns: Columns) -> dict[Batch, int]:
    return {1 << order: columns.length([order]) for order in range(columns.orders)}


def fitting(columns: Columns) -> set[Batch]:
    return {
        batch
        for batch in range(1, 1 << columns.orders)
        if (columns.load[orders_in(batch)].sum(axis=0) <= columns.capacity).all()
    }


def fewest_of_all_plans(columns: Columns) -> int:
    @cache
    def rest(left: Batch) -> int:
        if not left:
            return 0
        return 1 + min(rest(left & ~batch) for batch in carts if batch & -batch == left & -left and not batch & ~left)

    carts = fitting(columns)
    return rest((1 << columns.orders) - 1)


def with_loads(loads: list[int], capacity: int) -> Columns:
    columns = made_up(len(loads), (capacity,), seed=1)
    return Columns(
        columns.floor, columns.start, columns.stops, np.array(loads, np.int64)[:, None], np.array([capacity], np.int64)
    )


def far_away(orders: int) -> Columns:
    """Every order at the far end of one aisle, three to a cart: what counts is how often the way is walked."""
    block = one_block([0], 900, [[0, 900]])
    stops = np.array([stop_bitmap(block, [(0, 900)])] * orders)
    return Columns(
        block, stop_bitmap(block, [(0, 0)]), stops, np.ones((orders, 1), np.int64), np.array([3], np.int64)
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), orders=st.integers(1, 8), capacity=st.sampled_from([(7,), (4,), (9, 6)]))
def test_no_plan_has_fewer_batches_than_are_said_to_be_needed(
    seed: int, orders: int, capacity: tuple[int, ...]
) -> None:
    columns = made_up(orders, capacity, seed)
    assert 1 <= fewest_batches(columns) <= fewest_of_all_plans(columns)


def test_orders_over_half_a_cart_ride_apart() -> None:
    assert fewest_batches(with_loads([6, 6, 6], 10)) == 3
    assert fewest_batches(with_loads([7, 7, 4, 4, 4], 10)) == 4, "nothing goes beside the two large ones"
    assert fewest_batches(with_loads([5, 5, 5, 5], 10)) == 2
    assert fewest_batches(with_loads([0, 0], 10)) == 1


def test_ways_are_walked_by_whole_carts() -> None:
    """Ten orders, three to a cart: three carts and a third would do for a program that may cut carts."""
    columns = far_away(10)
    bound = root_bound(columns, alone(columns), new_memory(), time.monotonic() + 60, time.monotonic)
    assert bound.fewest == 4
    assert bound.length == 4 * 1800


def test_what_a_batch_more_is_worth_is_said_by_the_program() -> None:
    master = Master(2, 2)
    assert master.add([(1, 10), (2, 10), (3, 12), (3, 12)]) == 3
    orders, ride = master.worths()
    assert sum(orders) + 2 * ride == 20.0
    assert sum(orders) + ride <= 12.0, "two rides have to be paid, though both orders would go on one"


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), orders=st.integers(1, 8), capacity=st.sampled_from([(7,), (9, 6)]),
    is_table=st.booleans(),
)  # fmt: skip
def test_no_plan_is_below_the_bound_and_what_a_better_one_could_use_is_listed(
    seed: int, orders: int, capacity: tuple[int, ...], is_table: bool
) -> None:
    columns = made_up(orders, capacity, seed)
    every = every_batch(columns, 60.0, time.monotonic) if is_table else None
    bound = root_bound(columns, alone(columns), new_memory(), time.monotonic() + 60, time.monotonic, every)
    best = shortest_of_all_plans(columns)
    assert bound.is_exact
    assert 0 < bound.length <= best
    within = batches_within(columns, bound, best + 1, 10_000, 10**6)
    assert within is not None
    listed = {tuple(orders_in(batch)) for batch in within}
    assert all(cost == columns.length(orders_in(batch)) for batch, cost in within.items())
    plan, is_through = best_of(
        as_words(list(within)), np.array(list(within.values()), np.int64), bound.worth, bound.ride, bound.fewest,
        best + 1, 60.0,
    )  # fmt: skip
    assert is_through
    assert sorted(order for batch in plan for order in orders_in(batch)) == list(range(orders))
    assert sum(columns.length(orders_in(batch)) for batch in plan) == best
    assert {tuple(orders_in(batch)) for batch in plan} <= listed


def test_a_bound_cut_off_by_the_clock_is_still_none_too_high() -> None:
    columns = made_up(30, (12,), seed=4)

    def bound_of(looks: int) -> int:
        ticks = iter(range(10_000))
        return root_bound(columns, alone(columns), new_memory(), looks, lambda: next(ticks)).length

    whole = bound_of(10_000)
    assert whole > 0
    assert all(bound_of(looks) <= whole for looks in (1, 5, 9, 20))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), orders=st.integers(1, 9), capacity=st.sampled_from([(7,), (9, 6)]))
def test_the_table_has_every_batch_that_fits_with_its_walk(seed: int, orders: int, capacity: tuple[int, ...]) -> None:
    columns = made_up(orders, capacity, seed)
    every = every_batch(columns, 60.0, time.monotonic)
    assert every is not None
    listed = every.pairs(np.arange(len(every.length)))
    assert {batch for batch, _ in listed} == fitting(columns)
    assert len(listed) == count_batches(columns.load, columns.capacity, 10_000)
    assert all(cost == columns.length(orders_in(batch)) for batch, cost in listed)


def test_orders_of_both_words_are_in_the_table() -> None:
    columns = made_up(70, (4,), seed=2, most_load=3)
    every = every_batch(columns, 60.0, time.monotonic)
    assert every is not None
    worth = np.arange(70) * SCALE
    at = int(np.flatnonzero((every.batch[:, 0] != 0) & (every.batch[:, 1] != 0))[0])
    ((batch, cost),) = every.pairs(np.array([at]))
    assert {order < 64 for order in orders_in(batch)} == {True, False}
    assert cost == columns.length(orders_in(batch))
    assert every.reduced(worth, 5)[at] == SCALE * (cost - sum(orders_in(batch))) - 5


def test_too_many_batches_or_too_little_time_make_no_table() -> None:
    assert every_batch(made_up(40, (40,), seed=1), 60.0, time.monotonic) is None
    slow = iter(range(0, 10**6, 10))
    assert every_batch(made_up(20, (12,), seed=1), 60.0, lambda: next(slow)) is None


def test_a_search_without_steps_says_that_it_is_not_through() -> None:
    columns = far_away(6)
    every = every_batch(columns, 60.0, time.monotonic)
    assert every is not None
    nothing = np.zeros(6, np.int64)
    assert best_of(every.batch, every.length, nothing, 0, 2, 10**6, 0.0) == ([], False)
    plan, is_through = best_of(every.batch, every.length, nothing, 0, 2, 10**6, 60.0)
    assert (len(plan), is_through) == (2, True)
    assert best_of(every.batch, every.length, nothing, 0, 2, 2 * 1800, 60.0) == ([], True), "none is shorter"
