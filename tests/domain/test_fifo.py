"""Rules of age: which goods are older, which leave first, what would make older ones unreachable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.fifo import (
    BinStock,
    Layer,
    Policy,
    Promise,
    Rotation,
    choose_oldest,
    is_allocatable,
    is_older,
    last_unfit_day,
    passes_over,
    rank,
    reachable,
    would_bury,
)
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


def test_fefo_goods_that_never_expire_leave_after_all_that_do() -> None:
    """A year of expiry and a year of arrival are no more comparable than a date and a weight."""
    old_without = Layer(1, "2020-01-01")
    fresh = Layer(2, "2026-02-01", "2099-12-31")
    assert is_older(fresh, old_without, Policy(Rotation.FEFO))
    assert rank(fresh, Rotation.FEFO) < rank(old_without, Rotation.FEFO)
    assert is_older(fresh, old_without, Policy(Rotation.FEFO, tolerance_days=3_650))


def test_the_tolerance_is_a_distance_not_a_page_of_the_calendar() -> None:
    """With a tolerance of 7 days no two days next to each other differ, wherever a week begins."""
    week = Policy(tolerance_days=7)
    for day in range(1, 29):
        one, next_day = Layer(1, f"2026-02-{day:02d}"), Layer(2, f"2026-02-{day + 1:02d}" if day < 28 else "2026-03-01")
        assert not is_older(one, next_day, week)
    assert not is_older(Layer(1, "2026-02-01"), Layer(2, "2026-02-08"), week)
    assert is_older(Layer(1, "2026-02-01"), Layer(2, "2026-02-09"), week)


def test_lifo_lets_the_newest_go_and_none_lets_anything_go() -> None:
    assert is_older(FEB, JAN, Rotation.LIFO)
    assert rank(FEB, Rotation.LIFO) < rank(JAN, Rotation.LIFO)
    assert not is_older(JAN, FEB, Rotation.NONE)
    assert not is_older(FEB, JAN, Rotation.NONE)


DAYS = st.dates().map(lambda day: day.isoformat())
LAYERS = st.builds(Layer, st.integers(1, 99), DAYS, st.one_of(st.just(""), DAYS))
POLICIES = st.builds(Policy, st.sampled_from(list(Rotation)), st.integers(0, 60))


@given(layers=st.tuples(LAYERS, LAYERS, LAYERS), policy=POLICIES)
def test_older_is_a_strict_order(layers: tuple[Layer, Layer, Layer], policy: Policy) -> None:
    one, two, three = layers
    assert not is_older(one, one, policy)
    assert not (is_older(one, two, policy) and is_older(two, one, policy))
    if is_older(one, two, policy) and is_older(two, three, policy):
        assert is_older(one, three, policy)


@given(one=LAYERS, other=LAYERS, policy=POLICIES)
def test_rank_is_total_and_never_contradicts_older(one: Layer, other: Layer, policy: Policy) -> None:
    if one.layer_id != other.layer_id:
        assert rank(one, policy) != rank(other, policy)
    if is_older(one, other, policy):
        assert rank(one, policy) < rank(other, policy)


# --- passed over -----------------------------------------------------------------------------------------


def test_taking_newer_goods_passes_over_the_oldest_that_is_free() -> None:
    assert passes_over(MAR, [FEB, JAN]) == JAN
    assert passes_over(JAN, [FEB, MAR]) is None
    assert passes_over(FEB, []) is None
    assert passes_over(FEB, [JAN], Policy(tolerance_days=31)) is None


@given(taken=LAYERS, free=st.lists(LAYERS, max_size=6), policy=POLICIES)
def test_what_is_passed_over_is_older_and_nothing_free_is_older_than_it(
    taken: Layer, free: list[Layer], policy: Policy
) -> None:
    passed = passes_over(taken, free, policy)
    assert (passed is None) == (not any(is_older(layer, taken, policy) for layer in free))
    assert passed is None or not any(is_older(layer, passed, policy) for layer in free)


# --- fit to be promised ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expiry_on", "min_life_days", "is_fit"),
    [
        ("", 3_650, True),
        ("2026-06-01", 0, False),  # spoilt on the day itself
        ("2026-06-02", 0, True),
        ("2026-07-01", 30, False),
        ("2026-07-02", 30, True),
    ],
)
def test_goods_are_promised_while_they_live_long_enough(expiry_on: str, min_life_days: int, is_fit: bool) -> None:
    assert is_allocatable(Layer(1, "2026-01-01", expiry_on), "2026-06-01", min_life_days) is is_fit
    assert (not expiry_on or expiry_on > last_unfit_day("2026-06-01", min_life_days)) is is_fit


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


def test_within_the_tolerance_the_bin_that_empties_goes_first_and_beyond_it_age_does() -> None:
    policy = Policy(tolerance_days=31)
    parts = [stock(JAN, 9, "A"), stock(FEB, 2, "B"), stock(MAR, 1, "C")]
    assert [part.layer_id for part in choose_oldest(12, parts, policy)] == [2, 1, 3]


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


@pytest.mark.parametrize(
    ("access", "at_hand"), [(Access.ANY, [FEB, JAN, MAR]), (Access.FIFO, [FEB]), (Access.LIFO, [MAR])]
)
def test_what_a_hand_can_reach(access: str, at_hand: list[Layer]) -> None:
    assert list(reachable(access, [FEB, JAN, MAR])) == at_hand
    assert list(reachable(access, [])) == []


def test_days_inside_the_tolerance_do_not_add_up_along_a_lane() -> None:
    lane = [Layer(1, "2026-01-01"), Layer(2, "2026-01-07")]
    assert would_bury(Access.LIFO, Layer(3, "2026-01-13"), lane, Policy(tolerance_days=7))


@given(
    access=st.sampled_from(list(Access)), policy=POLICIES,
    acts=st.lists(st.one_of(LAYERS, st.none()), max_size=30),
)  # fmt: skip
def test_whatever_a_lane_takes_in_the_reachable_never_passes_over_what_lies_behind(
    access: str, policy: Policy, acts: list[Layer | None]
) -> None:
    """A layer: put it in if the rule lets it. None: take out what can be reached, the oldest of it."""
    lane: list[Layer] = []
    for act in acts:
        if act is not None and not would_bury(access, act, lane, policy):
            lane.append(act)
        elif act is None and lane:
            taken = min(reachable(access, lane), key=lambda layer: rank(layer, policy))
            assert passes_over(taken, lane, policy) is None
            lane.remove(taken)


def test_rank_breaks_ties_by_layer_alone() -> None:
    assert rank(Layer(1, "2026-01-01"))[0] == rank(Layer(2, "2026-01-01"))[0]
    assert rank(Layer(1, "2026-01-01")) < rank(Layer(2, "2026-01-01"))
