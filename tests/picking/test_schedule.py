"""Schedules: hours, breaks and carts kept; few late; a bound that holds; never worse than earliest due first."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import FieldError
from picking.schedule import LATE, Schedule, ScheduleProblem, TourWork, plan_schedule
from picking.shifts import PickerShift

MIN_MS = 60_000


def picker(name: str, until_min: int = 480, *breaks: tuple[int, int], from_min: int = 0) -> PickerShift:
    return PickerShift(name, from_min * MIN_MS, until_min * MIN_MS, tuple((a * MIN_MS, b * MIN_MS) for a, b in breaks))


def problem(
    tours: list[tuple[int, int, int]], *pickers: PickerShift, carts: int = 9, until_min: int = 480
) -> ScheduleProblem:
    """Tours as (minutes, due in minutes, orders)."""
    works = tuple(
        TourWork(f"T{at}", took * MIN_MS, due * MIN_MS, orders) for at, (took, due, orders) in enumerate(tours)
    )
    return ScheduleProblem(works, pickers, carts, 0, until_min * MIN_MS)


@st.composite
def problems(draw: st.DrawFn) -> ScheduleProblem:
    tours = draw(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 60), st.integers(1, 4)), max_size=6))
    pickers = tuple(
        picker(
            f"P{at}",
            draw(st.integers(20, 60)),
            *draw(st.sampled_from([(), ((8, 14),)])),
            from_min=draw(st.sampled_from([0, 3])),
        )
        for at in range(draw(st.integers(1, 3)))
    )
    return problem(tours, *pickers, carts=draw(st.integers(1, 3)), until_min=draw(st.sampled_from([15, 60])))


def checked(problem: ScheduleProblem, schedule: Schedule) -> None:
    placed = [each.tour for each in schedule.assignments]
    assert sorted([*placed, *schedule.left]) == list(range(len(problem.tours)))
    changes: list[tuple[int, int]] = []
    for row, picker in enumerate(problem.pickers):
        mine = [each for each in schedule.assignments if each.picker == row]
        for one, other in pairwise(mine):
            assert one.until_ms <= other.from_ms
        for each in mine:
            assert each.until_ms - each.from_ms >= problem.tours[each.tour].work_ms
            assert max(picker.from_ms, problem.now_ms) <= each.from_ms <= problem.begin_until_ms
            assert each.until_ms <= picker.until_ms
            assert all(each.until_ms <= rest or each.from_ms >= end for rest, end in picker.breaks)
            changes += [(each.from_ms, 1), (each.until_ms, -1)]
    now = 0
    for _, change in sorted(changes):
        now += change
        assert now <= problem.carts


@settings(max_examples=60)
@given(problems())
def test_hours_breaks_and_carts_are_kept_and_the_bound_holds(problem: ScheduleProblem) -> None:
    schedule = plan_schedule(problem, 1_000)
    checked(problem, schedule)
    assert 0 <= schedule.lower_bound <= schedule.cost
    greedy = plan_schedule(problem, 0)
    assert greedy.solver == "greedy"
    checked(problem, greedy)
    assert schedule.cost <= greedy.cost
    # A bound from the search must hold for every plan, the one without a search among them.
    assert schedule.lower_bound <= greedy.cost


def by_hand(tours: list[tuple[int, int, int]], pickers: int) -> int:
    """The least cost of all orders and assignments, no breaks, nothing left out."""
    best = 10**12
    for order in permutations(range(len(tours))):
        for rows in product(range(pickers), repeat=len(tours)):
            free = [0] * pickers
            late = 0
            for tour, row in zip(order, rows, strict=True):
                free[row] += tours[tour][0] * 60
                late += tours[tour][2] * max(0, free[row] - tours[tour][1] * 60) if tours[tour][1] else 0
            best = min(best, LATE * late + max(free))
    return best


@pytest.mark.parametrize(
    "tours",
    [
        [(10, 10, 1), (10, 10, 5), (5, 20, 1)],
        [(20, 21, 1), (6, 22, 3), (6, 22, 3), (12, 25, 1)],
        [(7, 0, 1), (8, 8, 1), (9, 9, 1), (3, 4, 2)],
    ],
)
def test_small_schedules_are_as_good_as_trying_all(tours: list[tuple[int, int, int]]) -> None:
    schedule = plan_schedule(problem(tours, picker("Ann"), picker("Ben")), 5_000)
    assert schedule.cost == by_hand(tours, 2)
    assert schedule.lower_bound == schedule.cost
    assert schedule.gap_percent == 0


def test_the_tour_many_orders_wait_for_is_not_late_for_the_sake_of_one() -> None:
    schedule = plan_schedule(problem([(20, 20, 1), (20, 21, 30)], picker("Ann")), 2_000)
    assert schedule.assignments[0].tour == 1
    assert schedule.solver == "cp_sat"


def test_what_is_late_already_is_walked_soon_and_not_left() -> None:
    asked = ScheduleProblem(
        (TourWork("T", 5 * MIN_MS, 1),), (PickerShift("Ann", 10**12, 10**12 + 9**9),), 1, 10**12, 10**12
    )
    assert [each.from_ms for each in plan_schedule(asked).assignments] == [10**12]


def test_what_fits_in_no_shift_is_left_for_later() -> None:
    assert plan_schedule(problem([(30, 0, 1), (5, 0, 1)], picker("Ann", 20))).left == (0,)


def test_a_tour_is_not_begun_that_a_break_would_cut() -> None:
    schedule = plan_schedule(problem([(10, 0, 1)], picker("Ann", 60, (5, 15))))
    assert schedule.assignments[0].from_ms == 15 * MIN_MS


def test_without_pickers_or_carts_everything_is_left() -> None:
    assert plan_schedule(problem([(1, 0, 1)])).left == (0,)
    assert plan_schedule(problem([(1, 0, 1)], picker("Ann"), carts=0)).left == (0,)


def test_a_seed_has_one_answer() -> None:
    asked = problem([(took, took + 2, 1) for took in range(3, 8)], picker("Ann"), picker("Ben", 200, (10, 20)))
    one, other = (plan_schedule(asked, 9_000, seed=7) for _ in range(2))
    assert one.assignments == other.assignments


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (([], (), 1, 0, 0), "tours"),
        (((), (picker("A"), picker("A")), 1, 0, 0), "pickers[1].name"),
        (((), (), -1, 0, 0), "carts"),
        (((), (), 1, 5, 4), "begin_until_ms"),
    ],
)
def test_what_is_wrong_is_named(values: tuple[object, ...], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        ScheduleProblem(*values)  # type: ignore[arg-type]
    assert raised.value.field == field
