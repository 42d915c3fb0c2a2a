"""Rules of the hand at a location: the oldest first, cases whole, nothing that does not lie there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.fifo import Layer, Policy, is_older
from fulfillment.domain.reasons import Rejected
from fulfillment.domain.taking import (
    Here,
    Identity,
    Taken,
    in_words,
    left_lying,
    take_named,
    take_oldest,
    take_passing_over,
)

FIFO = Policy()
OLD = Here(Layer(1, "2026-01-01"), 4, lot="L1")
NEW = Here(Layer(2, "2026-02-01"), 9, lot="L2")
BOXED = Here(Layer(3, "2026-01-01"), 30, sealed_each=24, case_each=12)


def test_a_plain_code_is_a_unit_of_the_oldest() -> None:
    assert take_oldest(6, [NEW, OLD], FIFO) == [Taken(1, 4), Taken(2, 2)]


def test_a_lot_that_is_newer_than_what_lies_here_is_refused_and_the_older_named() -> None:
    assert take_named(1, [NEW, OLD], Identity(lot="L2"), FIFO) == Rejected("older_first", "L1", "L2")
    assert take_named(1, [NEW], Identity(lot="L2"), FIFO) == [Taken(2, 1)]
    assert take_named(1, [NEW, OLD], Identity(lot="L1"), FIFO) == [Taken(1, 1)]


def test_the_newer_lot_may_go_once_the_older_is_in_the_hand() -> None:
    left = left_lying([NEW, OLD], [Taken(1, 4)])
    assert take_named(2, left, Identity(lot="L2"), FIFO) == [Taken(2, 2)]


def test_inside_the_tolerance_either_lot_may_go() -> None:
    assert take_named(1, [NEW, OLD], Identity(lot="L2"), Policy(tolerance_days=31)) == [Taken(2, 1)]


def test_more_of_a_lot_than_lies_here_is_refused() -> None:
    rejected = take_named(5, [OLD], Identity(lot="L1"), FIFO)
    assert (rejected.code, rejected.expected, rejected.got) == ("short_stock", "4", "5")


def test_a_layer_of_unknown_lot_may_be_any() -> None:
    unknown = Here(Layer(3, "2026-01-01"), 4)
    assert take_named(1, [NEW, unknown], Identity(lot="L9"), FIFO) == [Taken(3, 1)]


def test_a_supervisors_word_lets_the_older_lie() -> None:
    assert take_passing_over(2, [NEW, OLD], Identity(lot="L2"), FIFO) == [Taken(2, 2)]
    assert take_passing_over(2, [NEW, OLD], Identity(), FIFO) == [Taken(2, 2)]
    assert take_passing_over(2, [OLD], Identity(), FIFO) == [Taken(1, 2)]


@pytest.mark.parametrize(
    ("wanted_each", "taken"),
    [
        (1, [Taken(3, 1)]),
        (6, [Taken(3, 6)]),
        (12, [Taken(3, 12, 12)]),
        (17, [Taken(3, 12, 12), Taken(3, 5)]),
        (30, [Taken(3, 24, 24), Taken(3, 6)]),
    ],
)
def test_whole_cases_go_closed_and_the_remainder_loose(wanted_each: int, taken: list[Taken]) -> None:
    assert take_oldest(wanted_each, [BOXED], FIFO) == taken


@pytest.mark.parametrize(("wanted_each", "loose"), [(7, "6"), (11, "6"), (19, "18")])
def test_a_remainder_that_does_not_lie_loose_needs_a_case_opened(wanted_each: int, loose: str) -> None:
    rejected = take_oldest(wanted_each, [BOXED], FIFO)
    assert (rejected.code, rejected.expected, rejected.got) == ("case_sealed", loose, str(wanted_each))


def test_a_case_code_counts_loose_units_where_no_case_lies() -> None:
    assert take_oldest(12, [Here(Layer(1, "2026-01-01"), 20)], FIFO) == [Taken(1, 12)]


def test_newer_loose_units_do_not_spare_the_older_case() -> None:
    boxed = Here(Layer(1, "2026-01-01"), 12, 12, 12)
    assert take_oldest(1, [boxed, NEW], FIFO).code == "case_sealed"
    assert take_oldest(12, [boxed, NEW], FIFO) == [Taken(1, 12, 12)]


def test_what_to_take_is_said_by_what_is_printed_on_it() -> None:
    assert in_words(Here(Layer(1, "2026-01-01", "2026-05-01"), 1, lot="L1", serial="S1")) == "S1"
    assert in_words(Here(Layer(1, "2026-01-01", "2026-05-01"), 1, lot="L1")) == "L1"
    assert in_words(Here(Layer(1, "2026-01-01", "2026-05-01"), 1)) == "2026-05-01"
    assert in_words(Here(Layer(1, "2026-01-01"), 1)) == "2026-01-01"


@st.composite
def lying(draw: st.DrawFn) -> Here:
    case_each = draw(st.sampled_from([0, 2, 3]))
    sealed_each = case_each * draw(st.integers(0, 2))
    return Here(
        Layer(draw(st.integers(1, 9)), f"2026-01-0{draw(st.integers(1, 5))}"), sealed_each + draw(st.integers(1, 4)),
        sealed_each, case_each, draw(st.sampled_from(["", "A", "B"])),
    )  # fmt: skip


@given(
    here=st.lists(lying(), max_size=4, unique_by=lambda one: one.layer.layer_id), wanted_each=st.integers(1, 20),
    lot=st.sampled_from(["", "A", "B"]), tolerance_days=st.integers(0, 2),
)  # fmt: skip
def test_a_hand_never_passes_over_older_goods_nor_splits_a_case(
    here: list[Here], wanted_each: int, lot: str, tolerance_days: int
) -> None:
    policy = Policy(tolerance_days=tolerance_days)
    found = take_named(wanted_each, here, Identity(lot=lot), policy)
    if isinstance(found, Rejected):
        return
    assert sum(part.qty_each for part in found) == wanted_each
    present = {one.layer.layer_id: one for one in here}
    for layer_id in {part.layer_id for part in found}:
        parts = [part for part in found if part.layer_id == layer_id]
        closed_each = sum(part.sealed_each for part in parts)
        loose_each = sum(part.qty_each for part in parts) - closed_each
        one = present[layer_id]
        assert one.lot in ("", lot) or not lot
        assert loose_each <= one.loose_each
        assert closed_each <= one.sealed_each
        assert closed_each == 0 or closed_each % one.case_each == 0
    left = left_lying(here, found)
    for part in found:
        assert not any(is_older(one.layer, present[part.layer_id].layer, policy) for one in left)


def test_a_layer_that_says_the_same_goes_before_one_that_says_nothing() -> None:
    unknown = Here(Layer(1, "2026-02-01"), 4)
    assert take_named(1, [unknown, NEW], Identity(lot="L2"), FIFO) == [Taken(2, 1)]
