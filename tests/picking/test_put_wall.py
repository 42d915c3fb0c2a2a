"""The put wall: every piece once, one order to a slot, slots free early."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import FieldError
from picking.put_wall import PutWallProblem, WallPieces, WallPlan, WallSlot, WallTote, plan_put_wall


def wall(slots: int) -> tuple[WallSlot, ...]:
    return tuple(WallSlot(f"S{number}") for number in range(1, slots + 1))


def tote(tote_id: str, at_ms: int = 0, **pieces: int) -> WallTote:
    return WallTote(tote_id, at_ms, tuple(WallPieces(order_id, qty_each) for order_id, qty_each in pieces.items()))


@st.composite
def problems(draw: st.DrawFn) -> PutWallProblem:
    orders = [f"O{number}" for number in range(draw(st.integers(1, 12)))]
    totes = tuple(
        WallTote(
            f"T{number}",
            draw(st.integers(0, 100_000)),
            tuple(
                WallPieces(order_id, draw(st.integers(1, 5)), draw(st.integers(0, 3_000)))
                for order_id in draw(st.lists(st.sampled_from(orders), unique=True, max_size=6))
            ),
        )
        for number in range(draw(st.integers(0, 8)))
    )
    sizes = draw(st.lists(st.sampled_from([0, 5_000, 200_000]), min_size=1, max_size=5))
    slots = (*(WallSlot(f"S{number}", size) for number, size in enumerate(sizes)), WallSlot("large", 1_000_000))
    return PutWallProblem(slots, totes, draw(st.integers(1, 3_000)), draw(st.integers(1, 9_000)))


def replayed(problem: PutWallProblem, plan: WallPlan) -> None:
    put: dict[tuple[str, str], int] = {}
    for step in plan.puts:
        assert (step.tote_id, step.order_id) not in put
        put[step.tote_id, step.order_id] = step.qty_each
        use = plan.slot_of(step.order_id)
        assert use.slot == step.slot
        assert use.from_ms <= step.at_ms <= use.complete_at_ms < use.free_at_ms
    wanted = {(tote.tote_id, part.order_id): part.qty_each for tote in problem.totes for part in tote.pieces}
    assert put == wanted


@settings(max_examples=150)
@given(problems())
def test_every_piece_is_put_once_into_its_orders_slot(problem: PutWallProblem) -> None:
    replayed(problem, plan_put_wall(problem))


@settings(max_examples=150)
@given(problems())
def test_a_slot_has_one_order_at_a_time_and_room_for_it(problem: PutWallProblem) -> None:
    plan = plan_put_wall(problem)
    volumes_ml = problem.volumes_ml()
    for slot in problem.slots:
        uses = sorted((use for use in plan.uses if use.slot == slot.name), key=lambda use: use.from_ms)
        assert all(first.free_at_ms <= second.from_ms for first, second in pairwise(uses))
        assert all(slot.volume_ml == 0 or volumes_ml[use.order_id] <= slot.volume_ml for use in uses)
    assert plan.most_slots_used <= len(problem.slots)


@settings(max_examples=100)
@given(problems())
def test_no_tote_is_emptied_before_it_has_come(problem: PutWallProblem) -> None:
    arrives = {tote.tote_id: tote.arrives_at_ms for tote in problem.totes}
    assert all(step.at_ms >= arrives[step.tote_id] for step in plan_put_wall(problem).puts)


def test_the_tote_that_completes_an_order_goes_before_one_that_opens_another() -> None:
    problem = PutWallProblem(wall(3), (tote("T1", A=1), tote("T2", B=1), tote("T3", A=1), tote("T4", B=1)))
    assert [step.tote_id for step in plan_put_wall(problem).puts] == ["T1", "T3", "T2", "T4"]


def test_with_more_orders_than_slots_the_rest_of_a_tote_waits_and_is_fetched_again() -> None:
    problem = PutWallProblem(wall(2), (tote("T1", A=1, B=1, C=1),), sort_each_ms=1_000, clear_slot_ms=5_000)
    plan = plan_put_wall(problem)
    assert plan.visits == (("T1", 2),)
    assert plan.slot_of("C").from_ms == plan.slot_of("A").free_at_ms
    assert "waits for a free slot" in plan.summary()


def test_one_slot_is_enough_when_orders_come_one_after_the_other() -> None:
    problem = PutWallProblem(wall(4), tuple(tote(f"T{n}", n * 60_000, **{f"O{n}": 2}) for n in range(6)))
    assert plan_put_wall(problem).most_slots_used == 1


def test_the_smallest_slot_that_fits_is_taken() -> None:
    slots = (WallSlot("large", 90_000), WallSlot("small", 5_000))
    pieces = (WallPieces("A", 1, 4_000),)
    assert plan_put_wall(PutWallProblem(slots, (WallTote("T", 0, pieces),))).slot_of("A").slot == "small"


def test_an_order_larger_than_every_slot_is_named() -> None:
    with pytest.raises(FieldError, match="order A"):
        PutWallProblem((WallSlot("S", 1_000),), (WallTote("T", 0, (WallPieces("A", 1, 2_000),)),))


@pytest.mark.parametrize(
    ("slots", "totes", "field"),
    [
        ((), (), "slots"),
        ((WallSlot("S"), WallSlot("S")), (), "slots[1].name"),
        (wall(1), (tote("T", A=1), tote("T", B=1)), "totes[1].tote_id"),
        (wall(1), "T", "totes"),
    ],
)
def test_what_is_wrong_is_named(slots: object, totes: object, field: str) -> None:
    with pytest.raises(FieldError) as raised:
        PutWallProblem(slots, totes)  # type: ignore[arg-type]
    assert raised.value.field == field


def test_a_wall_without_totes_is_done_at_once() -> None:
    plan = plan_put_wall(PutWallProblem(wall(2), ()))
    assert (plan.puts, plan.most_slots_used, plan.finish_at_ms) == ((), 0, 0)
