"""Rules of a count: afterwards the book says what was counted, and nobody holds a promise on air."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.counting import (
    BookLayer,
    CountCause,
    CountRules,
    CountState,
    GivenUp,
    Part,
    StandingPromise,
    Urgency,
    choose_layer_for_surplus,
    compare,
    days_between_counts,
    judge,
    outcome_of,
    priority_of,
)
from fulfillment.domain.fifo import Layer
from fulfillment.domain.stock import Status

JAN, FEB = Layer(1, "2026-01-01"), Layer(2, "2026-02-01")


def test_a_count_that_agrees_changes_nothing() -> None:
    variance = compare(10, [BookLayer(JAN, 4), BookLayer(FEB, 6)])
    assert (variance.missing, variance.returned, variance.given_up, variance.surplus_each) == ((), (), (), 0)


def test_what_was_held_and_is_there_returns() -> None:
    variance = compare(10, [BookLayer(FEB, 0, 0, 6), BookLayer(JAN, 0, 0, 4)])
    assert variance.returned == (Part(1, Status.HOLD, 4), Part(2, Status.HOLD, 6))
    assert variance.missing == ()


def test_held_units_are_the_first_to_be_missing_the_oldest_of_them_first() -> None:
    variance = compare(7, [BookLayer(JAN, 0, 0, 2), BookLayer(FEB, 5, 0, 3)])
    assert variance.missing == (Part(1, Status.HOLD, 2), Part(2, Status.HOLD, 1))
    assert variance.returned == (Part(2, Status.HOLD, 2),)


def test_then_free_units_leave_the_oldest_first() -> None:
    variance = compare(5, [BookLayer(FEB, 6), BookLayer(JAN, 4)])
    assert variance.missing == (Part(1, Status.AVAILABLE, 4), Part(2, Status.AVAILABLE, 1))


def test_promised_units_are_the_last_to_be_missing() -> None:
    book = [BookLayer(JAN, 4, 4), BookLayer(FEB, 6, 1)]
    promises = [StandingPromise(1, 1, 4), StandingPromise(2, 2, 1)]
    variance = compare(5, book, promises)
    assert variance.given_up == ()
    assert variance.missing == (Part(2, Status.AVAILABLE, 5),)


def test_the_promise_nobody_walks_for_falls_first_then_the_planned_then_the_walked() -> None:
    book = [BookLayer(JAN, 3, 3)]
    promises = [
        StandingPromise(1, 1, 1, Urgency.WALKED),
        StandingPromise(2, 1, 1, Urgency.PLANNED),
        StandingPromise(3, 1, 1, Urgency.NOT_PLANNED),
    ]
    fallen = [compare(counted, book, promises).given_up for counted in (2, 1, 0)]
    assert fallen == [
        (GivenUp(3, 1),),
        (GivenUp(3, 1), GivenUp(2, 1)),
        (GivenUp(3, 1), GivenUp(2, 1), GivenUp(1, 1)),
    ]


def test_among_equals_the_latest_promise_falls() -> None:
    promises = [StandingPromise(1, 1, 2), StandingPromise(2, 1, 2)]
    assert compare(3, [BookLayer(JAN, 4, 4)], promises).given_up == (GivenUp(2, 1),)


def test_more_than_the_book_knows_is_surplus() -> None:
    variance = compare(12, [BookLayer(JAN, 4), BookLayer(FEB, 5, 0, 1)])
    assert variance.surplus_each == 2
    assert variance.returned == (Part(2, Status.HOLD, 1),)


def test_surplus_joins_the_youngest_layer_here_else_anywhere() -> None:
    assert choose_layer_for_surplus([JAN, FEB], []) == FEB
    assert choose_layer_for_surplus([JAN], [JAN, FEB]) == JAN
    assert choose_layer_for_surplus([], [JAN, FEB]) == FEB
    assert choose_layer_for_surplus([], []) is None


# --- what becomes of a count -----------------------------------------------------------------------------

RULES = CountRules(recount_above_each=2, approve_above_each=5)


@pytest.mark.parametrize(
    ("differs_each", "is_recount", "may_approve", "state"),
    [
        (0, False, False, CountState.AGREED), (2, False, False, CountState.POSTED),
        (3, False, False, CountState.RECOUNT), (3, False, True, CountState.RECOUNT),
        (5, True, False, CountState.POSTED), (6, True, False, CountState.PENDING), (6, True, True, CountState.POSTED),
        (0, True, False, CountState.AGREED),
    ],
)  # fmt: skip
def test_a_count_is_posted_counted_again_or_put_before_a_supervisor(
    differs_each: int, is_recount: bool, may_approve: bool, state: CountState
) -> None:
    assert judge(differs_each, RULES, is_recount=is_recount, may_approve=may_approve) == state


@given(differs_each=st.integers(1, 10**6), is_recount=st.booleans(), may_approve=st.booleans())
def test_without_thresholds_nobody_waits(differs_each: int, is_recount: bool, may_approve: bool) -> None:
    assert judge(differs_each, CountRules(), is_recount=is_recount, may_approve=may_approve) == CountState.POSTED


def test_a_threshold_of_none_at_all_sends_any_difference_to_somebody_else() -> None:
    assert judge(1, CountRules(0), is_recount=False, may_approve=False) == CountState.RECOUNT
    assert judge(1, CountRules(None, 0), is_recount=False, may_approve=False) == CountState.PENDING


@given(differs_each=st.integers(0, 50), recount=st.integers(0, 9), approve=st.integers(0, 9), may=st.booleans())
def test_nobody_is_asked_for_a_third_count(differs_each: int, recount: int, approve: int, may: bool) -> None:
    assert judge(differs_each, CountRules(recount, approve), is_recount=True, may_approve=may) != CountState.RECOUNT


def test_of_several_items_the_one_that_needs_somebody_speaks() -> None:
    assert outcome_of([]) == CountState.AGREED
    assert outcome_of([CountState.AGREED, CountState.POSTED]) == CountState.POSTED
    assert outcome_of([CountState.PENDING, CountState.RECOUNT, CountState.POSTED]) == CountState.RECOUNT


def test_a_count_after_a_short_is_more_urgent_than_any_plan() -> None:
    assert priority_of("missing") == priority_of(CountCause.SHORT) > priority_of(CountCause.RECOUNT)
    assert priority_of(CountCause.RECOUNT) > priority_of(CountCause.AGE) == priority_of(CountCause.ZERO)


def test_the_days_between_counts_are_given_by_class_where_somebody_says_so() -> None:
    assert days_between_counts({"B": 7, "Z": 1}) == {"A": 30, "B": 7, "C": 180}


def test_units_set_aside_are_missing_after_free_ones_and_stay_aside_when_they_are_there() -> None:
    book = [BookLayer(JAN, 4, 2, 1, ((Status.DAMAGED, 2),))]
    assert compare(7, book).returned == (Part(1, Status.HOLD, 1),)
    assert compare(3, book).missing == (
        Part(1, Status.HOLD, 1), Part(1, Status.AVAILABLE, 2), Part(1, Status.DAMAGED, 1),
    )  # fmt: skip


BOOK = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.dates()), max_size=5
).map(
    lambda rows: [
        BookLayer(Layer(place, day.isoformat()), free + promised, promised, hold, ((Status.QUARANTINE, aside),))
        for place, (free, promised, hold, aside, day) in enumerate(rows, start=1)
    ]
)  # fmt: skip


@given(counted_each=st.integers(0, 80), book=BOOK)
def test_after_every_count_the_book_says_what_was_counted(counted_each: int, book: list[BookLayer]) -> None:
    promises = [
        StandingPromise(10 + place, part.layer.layer_id, part.promised_each)
        for place, part in enumerate(book)
        if part.promised_each
    ]
    variance = compare(counted_each, book, promises)
    gone = sum(part.qty_each for part in variance.missing)
    assert variance.book_each - gone + variance.surplus_each == counted_each
    for part in book:
        layer_id = part.layer.layer_id
        free_gone = sum(p.qty_each for p in variance.missing if (p.layer_id, p.status) == (layer_id, Status.AVAILABLE))
        hold_gone = sum(p.qty_each for p in variance.missing if (p.layer_id, p.status) == (layer_id, Status.HOLD))
        back = sum(p.qty_each for p in variance.returned if p.layer_id == layer_id)
        fallen = sum(
            g.qty_each for g in variance.given_up for p in promises
            if p.allocation_id == g.allocation_id and p.layer_id == layer_id
        )  # fmt: skip
        assert hold_gone + back == part.hold_each  # nothing stays on hold once somebody has counted
        assert part.promised_each - fallen <= part.available_each - free_gone  # every promise has its unit
