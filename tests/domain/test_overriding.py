"""Rules of choosing other goods for a stop: what is first, what is passed over, what nobody can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.fifo import Layer, Policy
from fulfillment.domain.overriding import Goods, Lying, Unfit, choices, has_begun

TODAY = "2026-06-01"


def lying(layer: int, day: str, place: int = 0, free: int = 9, own: int = 0, **more: object) -> Lying:
    expiry = str(more.pop("expiry", ""))
    told = {
        "kind": "bin", "is_pickable": True, "lot": "", "status": "available", "on_hand_each": free + own, **more,
    }  # fmt: skip
    at = place or layer
    return Lying(at, f"A{at:02}", layer=Layer(layer, day, expiry), free_each=free, own_each=own, **told)  # type: ignore[arg-type]


def found(*goods: Lying, wanted: int = 3, policy: Policy | None = None) -> list[Goods]:
    return choices(wanted, goods, policy or Policy(), TODAY)


def test_goods_stand_in_the_order_fifo_takes_them() -> None:
    old, middle, new = found(lying(3, "2026-03-01"), lying(1, "2026-01-01", own=3), lying(2, "2026-02-01"))
    assert [one.first.layer.layer_id for one in (old, middle, new)] == [1, 2, 3]
    assert [one.rank for one in (old, middle, new)] == [1, 2, 3]
    assert (old.is_first, old.unfit, old.passes_over) == (True, Unfit.SAME_GOODS, None)
    assert (new.is_first, new.unfit, new.passes_over) == (False, None, old.first.layer)


def test_days_within_the_tolerance_are_one_rank_and_pass_over_nothing() -> None:
    first, second = found(lying(1, "2026-01-01", own=3), lying(2, "2026-01-06"), policy=Policy(tolerance_days=7))
    assert (first.rank, second.rank, second.passes_over) == (1, 1, None)


def test_an_item_without_rotation_passes_over_nothing() -> None:
    assert all(one.rank == 1 and one.passes_over is None for one in found(
        lying(1, "2026-01-01", own=3), lying(2, "2026-05-06"), policy=Policy("none")))  # fmt: skip


def test_goods_that_others_have_all_of_are_not_passed_over() -> None:
    _, new = found(lying(1, "2026-01-01", free=0, on_hand_each=5), lying(2, "2026-02-01"))
    assert (new.rank, new.passes_over, new.is_first) == (1, None, True)


@pytest.mark.parametrize(
    ("goods", "unfit"),
    [(lying(9, "2026-03-01", status="hold"), Unfit.GOODS_HELD),
     (lying(9, "2026-03-01", expiry=TODAY), Unfit.GOODS_EXPIRED),
     (lying(9, "2026-03-01", is_pickable=False), Unfit.NOBODY_PICKS),
     (lying(9, "2026-03-01", place=1), Unfit.OLDER_IN_FRONT),
     (lying(9, "2026-03-01", free=2), Unfit.NOT_ENOUGH_FREE),
     (lying(9, "2026-03-01", own=1), Unfit.SAME_GOODS)],
)  # fmt: skip
def test_what_cannot_be_had_says_why(goods: Lying, unfit: Unfit) -> None:
    (one,) = (one for one in found(lying(1, "2026-01-01", own=2), goods) if one.first.layer.layer_id == 9)
    assert one.unfit == unfit


def test_units_of_one_label_are_chosen_together() -> None:
    units = [lying(number, "2026-02-01", place=5, free=1) for number in (4, 2, 3)]
    _, one = found(lying(1, "2026-01-01", own=2), *units, wanted=2)
    assert (one.free_each, one.parts(2), one.unfit) == (3, [(2, 1), (3, 1)], None)


def test_another_lot_of_the_day_is_a_choice_of_its_own() -> None:
    assert len(found(lying(1, "2026-01-01", lot="A", place=5), lying(2, "2026-01-01", lot="B", place=5))) == 2


def test_a_stop_has_begun_when_somebody_is_there_or_goes_there() -> None:
    assert has_begun(1, is_walked=False, is_next=False)
    assert has_begun(0, is_walked=True, is_next=True)
    assert not has_begun(0, is_walked=True, is_next=False)
    assert not has_begun(0, is_walked=False, is_next=True)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 28), st.integers(0, 5), st.integers(0, 2)), max_size=8),
    st.integers(1, 6), st.integers(0, 9),
)  # fmt: skip
def test_what_may_be_chosen_is_enough_and_never_behind_older(
    rows: list[tuple[int, int, int, int]], wanted: int, tolerance: int
) -> None:  # fmt: skip
    goods = [lying(number, f"2026-01-{day:02}", place, free, own) for number, (place, day, free, own) in
             enumerate(rows, start=1)]  # fmt: skip
    chosen = found(*goods, wanted=wanted, policy=Policy(tolerance_days=tolerance))
    assert sorted(part.layer.layer_id for one in chosen for part in one.lying) == list(range(1, len(rows) + 1))
    for one in chosen:
        assert (one.rank > 1) == (one.passes_over is not None)
        if one.unfit is None:
            assert sum(each for _, each in one.parts(wanted)) == wanted
            here = [other.first.layer for other in chosen if other.first.location_id == one.first.location_id]
            assert min(layer.received_on for layer in here) == one.first.layer.received_on
