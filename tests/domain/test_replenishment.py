"""Rules of refilling a pick face: in time, oldest first, whole cases, never more than it holds."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.fifo import Layer, Policy, is_older
from fulfillment.domain.putaway import Arriving, Present, Storage
from fulfillment.domain.replenishment import Face, Source, plan_refills, portion_each, wanted_each

FACE = Storage("A01-01-1", "bin", "any", 0, 0)


def source(
    location: int, day: str, free: int, layer: int = 0, case: int = 0, sealed: int = 0, kind: str = "reserve"
) -> Source:
    goods = Arriving(1, Layer(layer or location, day), 1_000, 200)
    return Source(location, f"R{location:02d}", kind, goods, free, sealed, case)


def test_a_face_that_lasts_is_left_alone() -> None:
    assert wanted_each(Face(5, 20, 5)) == 0


def test_a_face_below_its_minimum_is_filled_to_its_maximum() -> None:
    assert wanted_each(Face(5, 20, 4)) == 16


def test_promised_units_are_gone_for_the_decision_and_there_for_the_room() -> None:
    assert wanted_each(Face(5, 20, 18, promised_each=15)) == 2


def test_what_is_on_its_way_is_not_asked_for_twice() -> None:
    assert wanted_each(Face(5, 20, 2, coming_each=18)) == 0
    assert wanted_each(Face(5, 20, 2, promised_each=2, coming_each=4)) == 14


def test_the_oldest_comes_first_wherever_it_lies() -> None:
    plan = plan_refills(8, FACE, [source(1, "2026-03-01", 5), source(2, "2026-01-01", 5, kind="bin")])
    assert [(one.location_id, one.qty_each) for one in plan] == [(2, 5), (1, 3)]


def test_among_equals_reserve_comes_first_and_then_the_place_that_empties_first() -> None:
    day = "2026-01-01"
    plan = plan_refills(30, FACE, [source(1, day, 4, kind="bin"), source(2, day, 9), source(3, day, 6)])
    assert [one.location_id for one in plan] == [3, 2, 1]


def test_whole_cases_come_down_where_one_fits() -> None:
    assert portion_each(30, source(1, "2026-01-01", 48, case=12, sealed=48)) == 24
    assert portion_each(30, source(1, "2026-01-01", 51, case=12, sealed=48)) == 27
    assert portion_each(5, source(1, "2026-01-01", 51, case=12, sealed=48)) == 3


def test_a_case_is_opened_when_not_even_one_fits() -> None:
    assert portion_each(8, source(1, "2026-01-01", 48, case=12, sealed=48)) == 8


def test_nothing_newer_is_brought_while_a_case_of_the_older_stays_behind() -> None:
    plan = plan_refills(30, FACE, [source(1, "2026-01-01", 36, case=12, sealed=36), source(2, "2026-02-01", 6)])
    assert [(one.location_id, one.qty_each) for one in plan] == [(1, 24)]


def test_a_face_takes_no_more_than_fits() -> None:
    small = Storage("A01-01-1", "bin", "any", 10_000, 0, (Present(1, Layer(9, "2026-01-01"), 4_000, 800),))
    plan = plan_refills(20, small, [source(1, "2026-01-01", 4), source(2, "2026-01-02", 9)], coming_each=1)
    assert [one.qty_each for one in plan] == [4, 1]


def test_goods_are_not_sent_where_they_would_bury_older_ones() -> None:
    lane = Storage("P01-01-1", "bin", "lifo", 0, 0, (Present(1, Layer(9, "2026-01-01"), 1_000, 200),))
    assert plan_refills(10, lane, [source(1, "2026-02-01", 4)]) == []


def test_goods_of_one_plan_do_not_bury_each_other() -> None:
    lane = Storage("P01-01-1", "bin", "lifo", 0, 0)
    plan = plan_refills(10, lane, [source(1, "2026-01-01", 4), source(2, "2026-02-01", 4)])
    assert [one.location_id for one in plan] == [1]


DAYS = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(12)]


@st.composite
def sources(draw: st.DrawFn) -> list[Source]:
    found = []
    for location in range(1, draw(st.integers(0, 6)) + 1):
        case = draw(st.sampled_from([0, 6, 12]))
        cases = draw(st.integers(0, 5)) if case else 0
        free = draw(st.integers(0, 40)) if not cases else draw(st.integers(1, cases * case + 7))
        kind = draw(st.sampled_from(["reserve", "bin", "flow_rack"]))
        found.append(source(location, draw(st.sampled_from(DAYS)), free, 0, case, cases * case, kind))
    return found


@given(
    st.integers(0, 40), st.integers(0, 60), st.integers(0, 60), st.integers(0, 30), st.integers(0, 60_000),
    st.sampled_from(["any", "fifo", "lifo"]), st.integers(0, 3), sources(),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_a_plan_never_overfills_and_always_brings_the_oldest_first(
    low: int, extra: int, on_hand: int, coming: int, capacity: int, access: str, tolerance: int, found: list[Source]
) -> None:
    face = Face(low, low + 1 + extra, on_hand, 0, coming)
    present = (Present(1, Layer(99, "2026-01-05"), on_hand * 1_000, on_hand * 200),) if on_hand else ()
    storage = Storage("A01-01-1", "bin", access, capacity, 0, present)
    policy = Policy("fifo", tolerance)
    plan = plan_refills(wanted_each(face), storage, found, policy, coming)
    total = sum(one.qty_each for one in plan)
    by_place = {part.location_id: part for part in found}
    if plan:
        assert on_hand - 0 + coming < low
        assert on_hand + coming + total <= face.max_each
        assert not capacity or (on_hand + coming + total) * 1_000 <= capacity or (not on_hand and total == 1)
    brought = [by_place[one.location_id] for one in plan]
    for part, refill in zip(brought, plan, strict=True):
        assert 0 < refill.qty_each <= part.free_each
    for part, refill in list(zip(brought, plan, strict=True))[:-1]:
        assert refill.qty_each == part.free_each
    for place, part in enumerate(brought):
        waiting = [other for other in found if other.free_each > 0 and other not in brought[: place + 1]]
        assert not any(is_older(other.goods.layer, part.goods.layer, policy) for other in waiting)
    for part, refill in zip(brought, plan, strict=True):
        if part.sealed_each and refill.qty_each < part.free_each and refill.qty_each >= part.case_each:
            loose = max(part.free_each - part.sealed_each, 0)
            whole = refill.qty_each % part.case_each == 0 or (refill.qty_each - loose) % part.case_each == 0
            assert whole or refill.qty_each <= loose
