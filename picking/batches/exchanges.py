"""Carts that were filled by their shortest walk, and are walked another way: orders change places between them.

Owns the exchange of two orders of the same kind (zone, ranks, totes), so that every limit of the cart holds as before.
What a cart costs says whoever asks: with heavy goods first that is a thousand times dearer to find than the
shortest walk the search of batches reckons with. Invariant: the sum of those costs never rises, and the plan's bound
holds, for it is of every way to fill the carts.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from random import Random

from picking.batches.plan import Batch, BatchPlan
from picking.batches.problem import MOST
from picking.batches.totes import Part


def exchanged(
    plan: BatchPlan,
    cost_dm: Callable[[Batch], int],
    time_limit_ms: int,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> BatchPlan:
    """The plan after exchanges that lessen the sum of `cost_dm`, until none does or the time is up."""
    from picking.batches.search import batch_from  # it brings the compiler along

    until = clock() + time_limit_ms / 1000
    random = Random(seed)
    parts, most_lines = plan.filled.parts, plan.problem.cart.most_lines or MOST
    cart_of = [int(number) for number in plan.filled.batch_of]
    members: dict[int, list[int]] = defaultdict(list)
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, part in enumerate(parts):
        members[cart_of[at]].append(at)
        alike[_kind(part)].append(at)
    batches = {batch.number: batch for batch in plan.batches}
    costs_dm: dict[int, int] = {}

    def made(number: int, of_cart: list[int]) -> Batch:
        return batch_from(number, [parts[at] for at in of_cart], 0)

    changed: set[int] = set()
    is_better = True
    while is_better:
        is_better = False
        for one in random.sample(range(len(parts)), len(parts)):
            others = alike[_kind(parts[one])]
            for other in random.sample(others, len(others)):
                if clock() >= until:
                    return _written(plan, batches, members, cart_of, changed)
                here, there = cart_of[one], cart_of[other]
                if here == there:
                    continue
                for number in (here, there):
                    if number not in costs_dm:
                        costs_dm[number] = cost_dm(batches[number])
                new_here = [other if at == one else at for at in members[here]]
                new_there = [one if at == other else at for at in members[there]]
                if any(sum(parts[at].lines for at in new) > most_lines for new in (new_here, new_there)):
                    continue
                tried = made(here, new_here), made(there, new_there)
                new_dm = cost_dm(tried[0]), cost_dm(tried[1])
                if sum(new_dm) >= costs_dm[here] + costs_dm[there]:
                    continue
                is_better = True
                members[here], members[there] = new_here, new_there
                cart_of[one], cart_of[other] = there, here
                for batch, its_dm in zip(tried, new_dm, strict=True):
                    batches[batch.number], costs_dm[batch.number] = batch, its_dm
                changed |= {here, there}
    return _written(plan, batches, members, cart_of, changed)


def _kind(part: Part) -> tuple[object, ...]:
    order = part.order
    return part.zone, order.cutoff_rank, order.priority_rank, len(part.totes)


def _written(
    plan: BatchPlan, batches: dict[int, Batch], members: dict[int, list[int]], cart_of: list[int], changed: set[int]
) -> BatchPlan:
    """The plan with the carts that changed; their shortest walks are made again."""
    if not changed:
        return plan
    from picking.batches.search import walked_dm

    parts = plan.filled.parts
    for number in changed:
        dm = walked_dm(plan.problem, [parts[at] for at in members[number]], 5)
        batches[number] = replace(batches[number], distance_dm=dm)
    batch_of = plan.filled.batch_of.copy()
    batch_of[:] = cart_of
    return replace(
        plan,
        batches=tuple(batches[batch.number] for batch in plan.batches),
        distance_dm=sum(batch.distance_dm for batch in batches.values()),
        solver=f"{plan.solver}, and exchanges",
        filled=replace(plan.filled, batch_of=batch_of),
    )
