"""Which sizes to keep: those that waste least over the book, and never one too few for an order."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking.cartons import CartonType, Piece, propose_carton_types
from picking.errors import FieldError

POOL = tuple(
    CartonType(code, *size, 25_000)
    for code, size in {
        "A": (100, 100, 100), "B": (200, 200, 100), "C": (300, 100, 100), "D": (300, 200, 200), "E": (400, 300, 300),
    }.items()
)  # fmt: skip


def order(*size: int, qty: int = 1, weight_g: int = 100) -> list[Piece]:
    return [Piece("p", size[0], size[1], size[2], weight_g, qty)]


def test_a_book_of_two_sizes_gets_those_two() -> None:
    book = [order(90, 90, 60)] * 50 + [order(280, 180, 150)] * 5
    choice = propose_carton_types(book, 2, candidates=POOL)
    assert [carton.code for carton in choice.types] == ["A", "D"]
    assert (choice.orders, choice.left_out, choice.litres, choice.bound_litres) == (55, 0, 50 + 5 * 12, 110)
    assert "55 orders in 2 sizes" in choice.summary()


def test_long_goods_keep_a_long_carton_however_small_they_are() -> None:
    choice = propose_carton_types([order(90, 90, 60)] * 99 + [order(290, 20, 20)], 2, candidates=POOL)
    assert [carton.code for carton in choice.types] == ["A", "C"]


def test_what_no_candidate_takes_is_left_out_and_counted() -> None:
    book = [order(90, 90, 60), order(900, 10, 10), order(90, 90, 60, weight_g=30_000)]
    choice = propose_carton_types(book, 1, candidates=POOL)
    assert (choice.left_out, [carton.code for carton in choice.types]) == (2, ["A"])
    assert propose_carton_types([order(900, 10, 10)], 1, candidates=POOL).types == ()


def test_too_few_sizes_for_all_orders_is_an_error_in_words() -> None:
    pool = (CartonType("LONG", 900, 50, 50, 9_000), CartonType("FLAT", 300, 300, 20, 9_000))
    with pytest.raises(FieldError, match="1 sizes cannot take all orders"):
        propose_carton_types([order(850, 40, 40), order(290, 290, 10)], 1, candidates=pool)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"orders": []}, {"candidates": ()}])
def test_a_wrong_question_names_its_field(wrong: dict[str, object]) -> None:
    question = {"orders": [order(1, 1, 1)], "count": 1, "candidates": POOL, **wrong}
    with pytest.raises(FieldError) as refused:
        propose_carton_types(**question)  # type: ignore[arg-type]
    assert refused.value.field == next(iter(wrong))


@given(
    st.lists(st.tuples(st.integers(10, 390), st.integers(10, 290), st.integers(10, 290)), min_size=1, max_size=12),
    st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_no_other_choice_of_as_many_ships_less(sizes: list[tuple[int, int, int]], count: int) -> None:
    """Against trying them all, with the book as the choice counts it: orders alike rounded up to one."""
    book = [order(*size) for size in sizes]
    choice = propose_carton_types(book, count, candidates=POOL)
    kept = len(book) - choice.left_out
    if not kept:
        return
    alone = [propose_carton_types([one], 1, candidates=POOL) for one in book]
    least = sum(found.litres for found in alone)
    assert least <= choice.litres
    assert choice.bound_litres <= choice.litres
    worse = [
        propose_carton_types(book, count, candidates=pool).litres
        for pool in combinations(POOL, count)
        if POOL[-1] in pool
    ]
    assert all(choice.litres <= other for other in worse)
