"""Rules of flow: percentiles by nearest rank, lines that never cross, Little's law with what it takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.flow import (
    Life,
    Little,
    LittleVerdict,
    cumulative,
    judge,
    little,
    percentile,
    spread,
)

times = st.integers(0, 200)
maybe = st.none() | times
lives = st.lists(st.builds(Life, times, maybe, maybe, maybe, maybe), max_size=30)
stays = st.lists(st.tuples(times, st.none() | st.integers(0, 100)), max_size=40).map(
    lambda pairs: [(came, None if stay is None else came + stay) for came, stay in pairs]
)


@pytest.mark.parametrize(
    ("percent", "found"), [(50, 5), (85, 9), (95, 10), (100, 10), (1, 1), (10, 1), (11, 2)]
)  # fmt: skip
def test_a_percentile_is_the_nearest_rank(percent: int, found: int) -> None:
    assert percentile(range(1, 11), percent) == found


def test_without_values_there_is_no_percentile() -> None:
    assert spread([]).p50 is None
    with pytest.raises(ValueError, match="percentile of 0 values"):
        percentile([], 50)
    with pytest.raises(ValueError, match="0th"):
        percentile([1], 0)


@given(st.lists(times, min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_and_covers_what_it_says(values: list[int], percent: int) -> None:
    found = percentile(sorted(values), percent)
    assert found in values
    assert sum(1 for value in values if value <= found) * 100 >= percent * len(values)
    assert sum(1 for value in values if value < found) * 100 < percent * len(values)


@given(st.lists(times, min_size=1, max_size=60))
def test_percentiles_do_not_fall_with_the_percentage(values: list[int]) -> None:
    found = spread(values)
    assert found.p50 is not None
    assert found.p85 is not None
    assert min(values) <= found.p50 <= found.p85 <= (found.p95 or 0) <= (found.longest or 0) == max(values)


def test_what_passed_a_later_boundary_has_passed_the_earlier_ones() -> None:
    assert Life(10, None, 30, None, 50).passed() == (10, 30, 30, 50, 50)
    assert Life(10, 40, 30).passed() == (10, 30, 30, None, None)  # two clocks that differ


@given(lives, st.lists(times, min_size=1, max_size=10).map(sorted))
def test_the_lines_of_cumulative_flow_never_cross_nor_fall(orders: list[Life], moments: list[int]) -> None:
    points = cumulative(orders, moments)
    for point in points:
        assert list(point.orders) == sorted(point.orders, reverse=True)
    for before, after in pairwise(points):
        assert all(one <= other for one, other in zip(before.orders, after.orders, strict=True))


@given(lives, times)
def test_what_came_less_what_left_is_what_is_here(orders: list[Life], moment: int) -> None:
    (point,) = cumulative(orders, [moment])
    here = [
        life for life in orders
        if life.passed()[0] is not None and (life.passed()[0] or 0) <= moment
        and (life.left_ms is None or life.left_ms > moment)
    ]  # fmt: skip
    assert point.wip == len(here)


def test_littles_law_by_hand() -> None:
    # Two orders stay for 30 and 40 of 60 minutes, a third came before and goes after 10.
    law = little([(0, 30), (20, None), (-20, 10)], 0, 60)
    assert law == Little(
        window_ms=60, present_ms=30 + 40 + 10, arrived=2, left=2, stayed_ms=30 + 30, wip_before=1, wip_after=1
    )  # fmt: skip
    assert law.mean_wip == pytest.approx(80 / 60)
    assert law.by_law == pytest.approx(2 / 60 * 30)
    assert law.gap == pytest.approx(80 / 60 - 1)


@given(stays, times, st.integers(1, 100))
def test_what_came_less_what_left_is_how_the_wip_changed(
    orders: list[tuple[int, int | None]], start: int, length: int
) -> None:
    law = little(orders, start, start + length)
    assert law.wip_before + law.arrived - law.left == law.wip_after
    assert 0 <= law.present_ms <= (law.wip_before + law.arrived) * length


@given(stays)
def test_over_a_window_that_begins_and_ends_empty_the_law_is_exact(orders: list[tuple[int, int | None]]) -> None:
    closed = [(came, came if left is None else left) for came, left in orders]
    law = little(closed, -1, 400)
    assert (law.wip_before, law.wip_after) == (0, 0)
    assert law.gap == pytest.approx(0) if closed else law.gap is None


def test_a_gap_is_judged_by_whether_the_lane_was_steady() -> None:
    steady = Little(60, 600, 10, 10, 600, 10, 10)
    assert judge(steady) == LittleVerdict.AGREES
    assert judge(Little(60, 600, 10, 10, 100, 10, 10)) == LittleVerdict.DOUBTFUL
    assert judge(Little(60, 600, 30, 10, 100, 0, 20)) == LittleVerdict.UNSTEADY
    assert judge(Little(60, 600, 10, 0, 0, 0, 10)) == LittleVerdict.UNKNOWN


def test_a_window_must_have_a_length() -> None:
    with pytest.raises(ValueError, match="window"):
        little([], 5, 5)
