"""Rules of the process map: which arrows an order goes along, what on them is waiting and what work, what is rework."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.process_map import Act, Activity, History, Passage, ProcessMap, Walk, passages

A = Activity


def straight() -> History:
    """Taken at 0, released at 10, walked from 20 to 30, packed from 50 to 55, staged at 60, loaded at 80, off at 90."""
    parcel = (Act(A.PACKED, 50, 55), Act(A.STAGED, 60, 60), Act(A.LOADED, 80, 80), Act(A.SHIPPED, 90, 90))
    return History(0, (Walk(10, 20, 30),), (parcel,), Act(A.SHIPPED, 90, 90))


def test_an_order_that_goes_straight_on() -> None:
    assert list(passages(straight())) == [
        Passage(A.TAKEN, A.RELEASED, 10, 0), Passage(A.RELEASED, A.PICKED, 10, 10), Passage(A.PICKED, A.PACKED, 20, 5),
        Passage(A.PACKED, A.STAGED, 5, 0), Passage(A.STAGED, A.LOADED, 20, 0), Passage(A.LOADED, A.SHIPPED, 10, 0),
    ]  # fmt: skip
    assert not any(passage.is_rework for passage in passages(straight()))


def test_a_parcel_opened_again_is_rework() -> None:
    acts = (Act(A.PACKED, 50, 55), Act(A.STAGED, 60, 60), Act(A.REOPENED, 70, 70), Act(A.PACKED, 70, 75))
    found = list(passages(History(0, (), (acts,))))
    assert [(one.source, one.target, one.is_rework) for one in found] == [
        (A.PACKED, A.STAGED, False), (A.STAGED, A.REOPENED, True), (A.REOPENED, A.PACKED, False),
    ]  # fmt: skip
    assert found[-1] == Passage(A.REOPENED, A.PACKED, 0, 5)


def test_a_second_release_leads_back_from_whatever_was_done_last() -> None:
    history = History(0, (Walk(10, 20, 30), Walk(40, 45, 50)))
    assert [(one.source, one.target, one.is_rework) for one in passages(history)] == [
        (A.TAKEN, A.RELEASED, False), (A.PICKED, A.RELEASED, True), (A.RELEASED, A.PICKED, False),
        (A.RELEASED, A.PICKED, False),
    ]  # fmt: skip


def test_two_tours_of_one_release_are_one_release() -> None:
    found = [(one.source, one.target) for one in passages(History(0, (Walk(10, 20, 30), Walk(10, 21, 40))))]
    assert found.count((A.TAKEN, A.RELEASED)) == 1
    assert found.count((A.RELEASED, A.PICKED)) == 2


def test_parcels_of_an_order_go_their_own_ways() -> None:
    one = (Act(A.PACKED, 50, 55), Act(A.STAGED, 60, 60))
    other = (Act(A.PACKED, 56, 58), Act(A.STAGED, 70, 70))
    found = list(passages(History(0, (Walk(10, 20, 30),), (one, other))))
    assert not any(passage.is_rework for passage in found)
    assert [passage.wait_ms for passage in found if passage.target == A.STAGED] == [5, 12]


def test_what_was_picked_as_a_batch_is_sorted_before_it_is_packed() -> None:
    parcel = (Act(A.PACKED, 50, 55),)
    history = History(0, (Walk(10, 20, 30),), (parcel,), sorts=(Act(A.SORTED, 35, 40),))
    assert list(passages(history))[2:] == [Passage(A.PICKED, A.SORTED, 5, 5), Passage(A.SORTED, A.PACKED, 10, 5)]
    *_, last = passages(History(0, (Walk(10, 20, 30),), (), Act(A.CANCELLED, 60, 60), (Act(A.SORTED, 35, 40),)))
    assert last == Passage(A.SORTED, A.CANCELLED, 20, 0)


def test_what_is_cancelled_or_handed_over_elsewhere_leaves_from_where_it_was() -> None:
    (arrow,) = passages(History(0, left=Act(A.CANCELLED, 15, 15)))
    assert arrow == Passage(A.TAKEN, A.CANCELLED, 15, 0)
    *_, last = passages(History(0, (Walk(10, 20, 30),), left=Act(A.SHIPPED, 45, 45)))
    assert last == Passage(A.PICKED, A.SHIPPED, 15, 0)


def test_a_target_is_for_the_way_forward() -> None:
    drawn = ProcessMap()
    drawn.add(straight())
    drawn.add(History(0, (Walk(10, 20, 30), Walk(40, 45, 70))))
    arrows = {(one.source, one.target): one for one in drawn.arrows({A.PICKED: 25, A.RELEASED: 1000})}
    picked = arrows[A.RELEASED, A.PICKED]
    assert (picked.count, picked.target_ms, picked.in_time) == (3, 25, 2)  # 20, 20 and 30
    back = arrows[A.PICKED, A.RELEASED]
    assert (back.is_rework, back.target_ms, back.in_time) == (True, None, None)


moments = st.integers(0, 100)
walks = st.tuples(moments, moments, moments).map(lambda at: Walk(*sorted(at)))
of_parcels = st.sampled_from([a for a in A if a not in (A.TAKEN, A.RELEASED, A.PICKED)])
acts = st.lists(st.tuples(of_parcels, moments), max_size=5).map(
    lambda some: tuple(Act(activity, at, at) for activity, at in sorted(some, key=lambda one: one[1]))
)
histories = st.builds(
    History, st.just(0), st.lists(walks, max_size=3).map(tuple), st.lists(acts.filter(bool), max_size=3).map(tuple)
)


@given(st.lists(histories, max_size=8))
def test_no_time_is_less_than_none_and_every_passage_is_on_the_map(some: list[History]) -> None:
    drawn = ProcessMap()
    for history in some:
        drawn.add(history)
    every = [passage for history in some for passage in passages(history)]
    assert all(passage.wait_ms >= 0 and passage.work_ms >= 0 for passage in every)
    arrows = drawn.arrows({})
    assert sum(arrow.count for arrow in arrows) == len(every)
    assert all((arrow.total.longest or 0) <= 200 for arrow in arrows)
