"""Rules of promising: oldest first, whole cases where the line allows, no case opened without need."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.allocation import Chosen, FreeStock, choose_promises, sealed_free_each
from fulfillment.domain.fifo import Layer, Policy, Promise, is_older
from fulfillment.domain.stock import LocationKind

JAN, FEB = Layer(1, "2026-01-01"), Layer(2, "2026-02-01")
BIN, RESERVE = 10, 20


def loose(free_each: int, location_id: int = BIN, layer: Layer = JAN, kind: str = LocationKind.BIN) -> FreeStock:
    return FreeStock(location_id, f"L{location_id}", kind, layer, free_each)


def cases(
    count: int, case_each: int = 12, location_id: int = RESERVE, layer: Layer = JAN, loose_each: int = 0,
    is_pickable: bool = True,
) -> FreeStock:  # fmt: skip
    sealed_each = count * case_each
    return FreeStock(
        location_id, f"L{location_id}", LocationKind.RESERVE, layer, sealed_each + loose_each, is_pickable,
        sealed_each, case_each,
    )  # fmt: skip


def promised(chosen: Chosen) -> dict[int, int]:
    return {part.location_id: part.qty_each for part in chosen.promises}


def test_a_line_of_cases_and_pieces_takes_cases_whole_and_pieces_loose() -> None:
    assert promised(choose_promises(29, [loose(20), cases(4)])) == {RESERVE: 24, BIN: 5}


def test_less_than_a_case_comes_out_of_loose_stock_even_further_away() -> None:
    assert promised(choose_promises(5, [cases(4, location_id=BIN), loose(5, RESERVE)])) == {RESERVE: 5}


def test_a_case_is_opened_only_when_nothing_of_its_age_lies_loose() -> None:
    assert choose_promises(15, [loose(2), cases(4)]) == Chosen((Promise(BIN, 1, 2), Promise(RESERVE, 1, 13)), 1)


def test_older_goods_go_first_though_a_case_must_be_opened_for_them() -> None:
    chosen = choose_promises(5, [cases(1, layer=JAN), loose(50, layer=FEB)])
    assert (promised(chosen), chosen.cases_opened) == ({RESERVE: 5}, 1)


def test_newer_goods_inside_the_tolerance_spare_a_case() -> None:
    stock = [cases(1, layer=JAN), loose(50, layer=Layer(2, "2026-01-03"))]
    chosen = choose_promises(5, stock, Policy(tolerance_days=5))
    assert (promised(chosen), chosen.cases_opened) == ({BIN: 5}, 0)


def test_using_up_the_oldest_can_let_in_loose_goods_that_spare_a_case() -> None:
    stock = [
        loose(6, 1, Layer(1, "2026-01-01")), cases(1, location_id=2, layer=Layer(2, "2026-01-02")),
        loose(6, 3, Layer(3, "2026-01-03")),
    ]  # fmt: skip
    chosen = choose_promises(10, stock, Policy(tolerance_days=1))
    assert (promised(chosen), chosen.cases_opened) == ({1: 6, 3: 4}, 0)


def test_of_one_age_what_a_picker_can_reach_comes_first() -> None:
    high_up = FreeStock(RESERVE, "A", LocationKind.BIN, JAN, 5, is_pickable=False)
    assert promised(choose_promises(6, [high_up, loose(9)])) == {BIN: 6}
    assert promised(choose_promises(12, [high_up, loose(9)])) == {BIN: 9, RESERVE: 3}
    assert promised(choose_promises(12, [cases(1, is_pickable=False), loose(30)])) == {BIN: 12}


def test_older_goods_nobody_can_reach_yet_still_go_first() -> None:
    high_up = FreeStock(RESERVE, "A", LocationKind.RESERVE, JAN, 5, is_pickable=False)
    assert promised(choose_promises(3, [high_up, loose(9, layer=FEB)])) == {RESERVE: 3}


def test_cases_of_several_sizes_are_combined_so_that_none_is_opened() -> None:
    chosen = choose_promises(30, [cases(1, 24, 1), cases(3, 10, 2)])
    assert (promised(chosen), chosen.cases_opened) == ({2: 30}, 0)


def test_many_units_of_many_sizes_are_quick() -> None:
    chosen = choose_promises(99_999, [cases(9_000, 24, 1), cases(9_000, 10, 2), loose(9, 3)])
    assert sum(promised(chosen).values()) == 99_999
    assert chosen.cases_opened == 0


@pytest.mark.parametrize(
    ("on_hand", "sealed", "promised_each", "sealed_free"),
    [
        (24, 24, [], 24),
        (24, 24, [12], 12),  # a case of the other's is his
        (30, 24, [6], 24),  # he takes the loose ones
        (24, 24, [5], 12),  # a case will be opened for him: its rest is loose
        (24, 24, [5, 5], 12),  # one case serves both
        (29, 24, [17], 12),
        (20, 0, [3], 0),
    ],
)
def test_what_others_are_promised_is_their_cases_and_their_loose_units(
    on_hand: int, sealed: int, promised_each: list[int], sealed_free: int
) -> None:
    assert sealed_free_each(on_hand, sealed, 12, promised_each) == sealed_free


@st.composite
def parts(draw: st.DrawFn) -> FreeStock:
    case_each = draw(st.sampled_from([0, 2, 3, 4]))
    sealed_each = case_each * draw(st.integers(0, 2))
    free_each = sealed_each + draw(st.integers(0, 3))
    day = draw(st.integers(1, 5))
    return FreeStock(
        draw(st.integers(1, 9)), draw(st.sampled_from("AB")), draw(st.sampled_from(["bin", "reserve", "flow_rack"])),
        Layer(draw(st.integers(1, 9)), f"2026-01-0{day}"), free_each, draw(st.booleans()), sealed_each, case_each,
    )  # fmt: skip


def opened(part: FreeStock, taken_each: int) -> int:
    """Cases a hand opens to take so many, going by whole cases."""
    if not part.case_each:
        return 0
    whole = min(taken_each // part.case_each, part.sealed_each // part.case_each)
    lacking_each = max(0, taken_each - whole * part.case_each - part.loose_each)
    return -(-lacking_each // part.case_each)


def keeps_fifo(stock: list[FreeStock], taken: list[int], policy: Policy) -> bool:
    left = [part.layer for part, n in zip(stock, taken, strict=True) if n < part.free_each]
    return not any(
        n and is_older(layer, part.layer, policy) for part, n in zip(stock, taken, strict=True) for layer in left
    )


@given(
    stock=st.lists(parts(), max_size=4, unique_by=lambda part: (part.location_id, part.layer.layer_id)),
    wanted_each=st.integers(0, 30), tolerance_days=st.integers(0, 2),
    rotation=st.sampled_from(["fifo", "lifo", "none"]),
)  # fmt: skip
def test_promises_add_up_keep_fifo_and_open_no_case_without_need(
    stock: list[FreeStock], wanted_each: int, tolerance_days: int, rotation: str
) -> None:
    policy = Policy(rotation, tolerance_days)
    chosen = choose_promises(wanted_each, stock, policy)
    by_place = {(part.location_id, part.layer_id): part.qty_each for part in chosen.promises}
    assert len(by_place) == len(chosen.promises)
    taken = [by_place.get((part.location_id, part.layer.layer_id), 0) for part in stock]
    assert sum(taken) == min(wanted_each, sum(part.free_each for part in stock))
    assert all(0 <= n <= part.free_each for part, n in zip(stock, taken, strict=True))
    assert keeps_fifo(stock, taken, policy)
    cases_opened = sum(opened(part, n) for part, n in zip(stock, taken, strict=True))
    assert cases_opened <= chosen.cases_opened
    ways = itertools.product(*(range(part.free_each + 1) for part in stock))
    fewest = min(
        sum(opened(part, n) for part, n in zip(stock, way, strict=True))
        for way in ways
        if sum(way) == sum(taken) and keeps_fifo(stock, list(way), policy)
    )
    assert cases_opened == fewest
