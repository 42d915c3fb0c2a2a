"""Rules of age: which goods are older, which leave first, what would make older ones unreachable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.fifo import BinStock, Layer, Promise, Rotation, choose_oldest, is_older, rank, would_bury
from fulfillment.domain.stock import Access, LocationKind

JAN, FEB, MAR = Layer(1, "2026-01-01"), Layer(2, "2026-02-01"), Layer(3, "2026-03-01")


def stock(layer: Layer, free_each: int, code: str = "A", kind: str = LocationKind.BIN) -> BinStock:
    return BinStock(hash(code) % 1000, code, kind, layer, free_each)


# --- older -----------------------------------------------------------------------------------------------


def test_what_came_first_is_older() -> None:
    assert is_older(JAN, FEB)
    assert not is_older(FEB, JAN)
    assert not is_older(JAN, JAN)


def test_fefo_goods_age_by_expiry() -> None:
    soon = Layer(1, "2026-02-01", "2026-06-01")
    later = Layer(2, "2026-01-01", "2026-12-01")
    assert is_older(soon, later, Rotation.FEFO)
    assert is_older(later, soon, Rotation.FIFO)


def test_fefo_goods_without_expiry_age_by_arrival() -> None:
    assert is_older(JAN, FEB, Rotation.FEFO)


def test_days_of_one_tolerance_window_are_one_age() -> None:
    one, other = Layer(1, "2026-01-01"), Layer(2, "2026-01-02")
    assert is_older(one, other, tolerance_days=0)
    assert not is_older(one, other, tolerance_days=6)
    assert not is_older(other, one, tolerance_days=6)


@given(
    days=st.lists(st.dates().map(lambda day: day.isoformat()), min_size=3, max_size=3),
    tolerance_days=st.integers(0, 60),
)
def test_older_is_a_strict_order(days: list[str], tolerance_days: int) -> None:
    one, two, three = (Layer(place, day) for place, day in enumerate(days))
    assert not is_older(one, one, tolerance_days=tolerance_days)
    assert not (is_older(one, two, tolerance_days=tolerance_days) and is_older(two, one, tolerance_days=tolerance_days))
    if is_older(one, two, tolerance_days=tolerance_days) and is_older(two, three, tolerance_days=tolerance_days):
        assert is_older(one, three, tolerance_days=tolerance_days)


# --- leaves first ----------------------------------------------------------------------------------------


def test_the_oldest_is_promised_first_wherever_it_lies() -> None:
    chosen = choose_oldest(7, [stock(FEB, 9, "A"), stock(JAN, 5, "Z", LocationKind.RESERVE)])
    assert [(part.layer_id, part.qty_each) for part in chosen] == [(1, 5), (2, 2)]


def test_between_equals_the_flow_rack_then_the_bin_then_reserve() -> None:
    parts = [
        stock(JAN, 5, "R", LocationKind.RESERVE), stock(JAN, 5, "B", LocationKind.BIN),
        stock(JAN, 5, "F", LocationKind.FLOW_RACK),
    ]  # fmt: skip
    chosen = choose_oldest(15, parts)
    assert [part.location_id for part in chosen] == [hash(code) % 1000 for code in "FBR"]


def test_between_equal_bins_the_one_that_empties() -> None:
    assert choose_oldest(2, [stock(JAN, 9, "A"), stock(JAN, 2, "B")]) == [Promise(hash("B") % 1000, 1, 2)]


def test_there_is_never_more_promised_than_wanted_or_there() -> None:
    assert choose_oldest(5, []) == []
    assert choose_oldest(0, [stock(JAN, 5)]) == []
    assert sum(part.qty_each for part in choose_oldest(99, [stock(JAN, 5), stock(FEB, 3, "B")])) == 8
    assert choose_oldest(5, [stock(JAN, 0), stock(FEB, -1, "B")]) == []


PARTS = st.lists(
    st.builds(
        BinStock, st.integers(1, 9), st.text("AB", min_size=1, max_size=2),
        st.sampled_from(["bin", "reserve", "flow_rack"]),
        st.builds(Layer, st.integers(1, 9), st.dates().map(lambda day: day.isoformat())), st.integers(0, 20),
    ),
    max_size=8,
)  # fmt: skip


@given(wanted_each=st.integers(0, 100), parts=PARTS, tolerance_days=st.integers(0, 30))
def test_nothing_chosen_passes_over_anything_older_left_free(
    wanted_each: int, parts: list[BinStock], tolerance_days: int
) -> None:
    parts = list({(part.location_id, part.layer.layer_id): part for part in parts}.values())
    chosen = choose_oldest(wanted_each, parts, tolerance_days=tolerance_days)
    assert sum(part.qty_each for part in chosen) == min(wanted_each, sum(part.free_each for part in parts))
    taken = {(part.location_id, part.layer_id): part.qty_each for part in chosen}
    left = [part for part in parts if part.free_each > taken.get((part.location_id, part.layer.layer_id), 0)]
    for part in parts:
        if taken.get((part.location_id, part.layer.layer_id)):
            assert not any(is_older(other.layer, part.layer, tolerance_days=tolerance_days) for other in left)


# --- buried ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("access", "arriving", "present", "buries"),
    [
        (Access.ANY, MAR, [JAN], False),
        (Access.ANY, JAN, [MAR], False),
        (Access.FIFO, MAR, [JAN], False),  # newer goods queue up behind older ones
        (Access.FIFO, JAN, [MAR], True),  # older goods would leave after newer ones
        (Access.FIFO, FEB, [JAN, MAR], True),
        (Access.LIFO, MAR, [JAN], True),  # newer goods would stand before older ones
        (Access.LIFO, JAN, [MAR], False),
        (Access.LIFO, FEB, [FEB], False),
        (Access.FIFO, FEB, [], False),
        (Access.LIFO, FEB, [], False),
    ],
)
def test_what_buries_older_goods(access: str, arriving: Layer, present: list[Layer], buries: bool) -> None:
    assert would_bury(access, arriving, present) is buries


def test_goods_of_one_tolerance_window_bury_nothing() -> None:
    assert not would_bury(Access.LIFO, Layer(2, "2026-01-02"), [Layer(1, "2026-01-01")], tolerance_days=6)


def test_rank_breaks_ties_by_layer_alone() -> None:
    assert rank(Layer(1, "2026-01-01"))[0] == rank(Layer(2, "2026-01-01"))[0]
    assert rank(Layer(1, "2026-01-01")) < rank(Layer(2, "2026-01-01"))
