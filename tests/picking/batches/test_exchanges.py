"""Orders that change places between carts because of what the carts are really walked like."""

from __future__ import annotations

from itertools import count
from random import Random

import pytest
from picking_floors import DEPOT, bin_at

from picking import (
    Batch,
    BatchPlan,
    BatchProblem,
    Cart,
    Layout,
    PickLine,
    PickOrder,
    TourProblem,
    exchanged,
    plan_batches,
    plan_tour,
)

FLOOR = Layout(tuple(range(0, 200, 40)), (0, 100, 200))
LONG_MS = 60_000


def wave(seed: int, cart: Cart) -> BatchPlan:
    rng = Random(seed)
    orders = tuple(
        PickOrder(
            str(number),
            tuple(
                PickLine(str(at), bin_at(rng.choice(FLOOR.aisle_x_dm), rng.choice((30, 70, 130, 170))), 1)
                for at in range(rng.randint(1, 2))
            ),
            cutoff_rank=int(number % 8 == 0),
        )
        for number in range(24)
    )
    problem = BatchProblem(FLOOR, DEPOT, DEPOT, cart, orders, cutoff_slack=1)
    return plan_batches(problem, LONG_MS, proposals=200)


def heavy_first_dm(batch: Batch) -> int:
    """What stands at y 30 is heavy."""
    ranks = tuple((stop.name, int(stop.y_dm != 30)) for stop in batch.stops)
    return plan_tour(TourProblem(FLOOR, DEPOT, DEPOT, batch.stops, ranks=ranks), LONG_MS).distance_dm


def in_order_dm(plan: BatchPlan) -> int:
    return sum(heavy_first_dm(batch) for batch in plan.batches)


@pytest.mark.parametrize("seed", range(3))
def test_heavy_first_is_walked_less_with_the_same_orders_on_as_many_carts(seed: int) -> None:
    plan = wave(seed, Cart(4, 1000, 1000, most_lines=7))
    found = exchanged(plan, heavy_first_dm, LONG_MS, seed)
    assert in_order_dm(found) < in_order_dm(plan)
    assert sorted(tote.order_id for batch in found.batches for tote in batch.totes) == sorted(
        tote.order_id for batch in plan.batches for tote in batch.totes
    )
    for before, after in zip(plan.batches, found.batches, strict=True):
        assert (after.number, len(after.totes), after.cutoff_rank) == (
            before.number, len(before.totes), before.cutoff_rank
        )  # fmt: skip
        assert sum(len(tote.tote.picks) for tote in after.totes) <= 7
        assert after.distance_dm == plan_tour(TourProblem(FLOOR, DEPOT, DEPOT, after.stops)).distance_dm
    assert found.distance_dm == sum(batch.distance_dm for batch in found.batches) >= found.lower_bound_dm


def test_without_time_or_gain_the_plan_stays_the_same() -> None:
    plan = wave(0, Cart(4, 1000, 1000))
    assert exchanged(plan, heavy_first_dm, 0) is plan
    assert exchanged(plan, lambda batch: 1, LONG_MS) is plan


def test_it_ends_when_the_clock_says_so() -> None:
    ticks = count()
    exchanged(wave(0, Cart(4, 1000, 1000)), heavy_first_dm, 10_000, clock=lambda: float(next(ticks)))
    assert next(ticks) < 15
