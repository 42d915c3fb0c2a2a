"""Dense releases: everything chosen can be filled, bounds hold, and small ones are as dense as can be."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import FieldError
from picking.releases import ReleaseChoice, ReleaseProblem, choose_dense

PAIRS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=1, max_size=3, unique_by=lambda pair: pair[0]
)


@st.composite
def problems(draw: st.DrawFn) -> ReleaseProblem:
    orders = tuple(tuple(group) for group in draw(st.lists(PAIRS, min_size=1, max_size=6)))
    aisles = tuple(tuple(group) for group in draw(st.lists(PAIRS, min_size=1, max_size=5)))
    least = draw(st.integers(1, 6))
    return ReleaseProblem(orders, aisles, least, least + draw(st.integers(0, 12)))


def checked(problem: ReleaseProblem, choice: ReleaseChoice) -> None:
    stock = [0] * problem.items
    for aisle in choice.aisles:
        for item, units in problem.aisles[aisle]:
            stock[item] += units
    for order in choice.orders:
        for item, units in problem.orders[order]:
            stock[item] -= units
    assert min(stock, default=0) >= 0
    if choice.orders:
        assert choice.weight == sum(problem.weight(order) for order in choice.orders)
        assert problem.least <= choice.weight <= problem.most


def densest(problem: ReleaseProblem) -> float:
    best = 0.0
    for size in range(1, len(problem.aisles) + 1):
        for aisles in combinations(range(len(problem.aisles)), size):
            for count in range(1, len(problem.orders) + 1):
                for orders in combinations(range(len(problem.orders)), count):
                    weight = sum(problem.weight(order) for order in orders)
                    left = [0] * problem.items
                    for aisle in aisles:
                        for item, units in problem.aisles[aisle]:
                            left[item] += units
                    for order in orders:
                        for item, units in problem.orders[order]:
                            left[item] -= units
                    if problem.least <= weight <= problem.most and min(left) >= 0:
                        best = max(best, weight / size)
    return best


@settings(max_examples=25)
@given(problems())
def test_small_ones_are_as_dense_as_trying_all(problem: ReleaseProblem) -> None:
    choice = choose_dense(problem, 150)
    checked(problem, choice)
    best = densest(problem)
    assert choice.density <= best + 1e-9
    if choice.is_proven:
        assert choice.density == pytest.approx(best)


@settings(max_examples=40)
@given(problems())
def test_without_time_there_is_still_what_the_greedy_finds(problem: ReleaseProblem) -> None:
    choice = choose_dense(problem, 0)
    checked(problem, choice)
    assert choice.solver == "greedy"


def test_one_full_aisle_is_denser_than_two_half_ones() -> None:
    orders = (((0, 4),), ((1, 4),), ((2, 4),))
    aisles = (((0, 4),), ((1, 4),), ((2, 4), (1, 4)))
    choice = choose_dense(ReleaseProblem(orders, aisles, 8, 8), 300)
    assert (choice.orders, choice.aisles, choice.is_proven) == ((1, 2), (2,), True)


def test_weights_count_instead_of_units() -> None:
    orders = (((0, 9),), ((1, 1),), ((1, 1),))
    aisles = (((0, 9),), ((1, 2),))
    choice = choose_dense(ReleaseProblem(orders, aisles, 1, 2, (1, 1, 1)), 200)
    assert (choice.orders, choice.weight) == ((1, 2), 2)


def test_a_least_weight_that_cannot_be_reached_releases_nothing() -> None:
    choice = choose_dense(ReleaseProblem((((0, 5),),), (((0, 4),),), 5, 9), 100)
    assert (choice.orders, choice.density) == ((), 0.0)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (([], (), 0, 1), "orders"),
        (((((0, 0),),), (), 0, 1), "orders[0]"),
        (((), (((-1, 1),),), 0, 1), "aisles[0]"),
        (((), (), 2, 1), "least"),
        (((), (), 0, -1), "most"),
        (((((0, 1),),), (), 0, 1, (1, 2)), "weights"),
        (((((0, 1),),), (), 0, 1, (0,)), "weights[0]"),
    ],
)
def test_what_is_wrong_is_named(values: tuple[object, ...], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        ReleaseProblem(*values)  # type: ignore[arg-type]
    assert raised.value.field == field
