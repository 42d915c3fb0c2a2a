"""A wave of 5,000 orders: carts first come, first served, the first plan, and what a search makes of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from picking import (
    BatchPlan,
    BatchProblem,
    Cart,
    Layout,
    PickLine,
    PickOrder,
    Spot,
    TourProblem,
    exact_length_dm,
    plan_batches,
    s_shape,
)
from tests.benchmarks.picking_sets import Options, Row

HELP = """Made up, with its generator: 5,000 orders of 1 to 8 lines, 17,087 lines, 20 aisles of 45 bays in 1 and 2
blocks (bay 1.2 m, pitch 3.5 m, cross-aisle 3 m, depot in the middle of the front cross-aisle); a random fifth of the
locations has 60 % of the demand; carts of 30 lines and 30 totes, an order a tote. Against carts filled as orders come,
walked by S-shape. Time is the process's (one core), with everything the public call does but making the question.
Checked: each piece in one tote of one cart, no cart over its limit, each walk found again by plan-independent exact
tours. --seconds for one budget instead of 0, 1, 5 and 15 (--full: and 60)."""

ORDERS = 5_000
LINES = 17_087
LINES_PER_CART = 30
AISLES, BAYS = 20, 45
BUDGETS_S = (0.0, 1.0, 5.0, 15.0)


def rows(options: Options) -> Iterator[Row]:
    budgets = BUDGETS_S if options.seconds is None else (options.seconds,)
    if options.is_full and options.seconds is None:
        budgets = (*BUDGETS_S, 60.0)
    number = 0
    plan_batches(wave(0, 1, 40, 120), proposals=10)
    plan_batches(wave(0, 2, 40, 120), proposals=10)
    for blocks in (1, 2):
        for seed in options.seeds:
            number += 1
            keys = {budget: f"{blocks} blocks, {budget:g} s, seed {seed}" for budget in budgets}
            baseline = f"{blocks} blocks, first come, seed {seed}"
            if not options.is_mine(number) or all(options.is_done(key) for key in (baseline, *keys.values())):
                continue
            problem = wave(seed, blocks)
            s_shape_dm, exact_dm, carts = first_come(problem)
            yield {
                "key": baseline, "s_shape_m": s_shape_dm / 10, "exact_m": exact_dm / 10, "carts": carts,
                "exact_percent": percent(exact_dm, s_shape_dm),
            }  # fmt: skip
            for budget, key in keys.items():
                if options.is_done(key):
                    continue
                began = time.thread_time()
                plan = plan_batches(problem, round(1000 * budget), seed, clock=time.thread_time)
                cpu_s = time.thread_time() - began
                faults = faults_of(plan)
                if plan.fifo_s_shape_dm != s_shape_dm:
                    faults.append("first come, first served is another walk")
                yield {
                    "key": key, "ok": not faults, "faults": faults, "blocks": blocks, "budget_s": budget,
                    "walk_m": plan.distance_dm / 10, "against_s_shape_percent": percent(plan.distance_dm, s_shape_dm),
                    "carts": len(plan.batches), "gap_to_bound_percent": round(100 * plan.gap, 1),
                    "solver": plan.solver, "cpu_s": round(cpu_s, 2),
                }  # fmt: skip


def summary(rows: list[Row]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for blocks, budget in sorted({(row["blocks"], row["budget_s"]) for row in rows if "blocks" in row}):
        same = [row for row in rows if (row.get("blocks"), row.get("budget_s")) == (blocks, budget)]
        name = f"{blocks} blocks, {budget:g} s"
        figures[f"{name}: walk %"] = round(sum(row["against_s_shape_percent"] for row in same) / len(same), 2)
        figures[f"{name}: most cpu s"] = max(row["cpu_s"] for row in same)
    return figures


def wave(seed: int, blocks: int, orders: int = ORDERS, lines: int = LINES) -> BatchProblem:
    """The question of one seed. Sizes are drawn from 1 to 8, then one line is added or taken until the sum is right."""
    rng = Random(seed)
    block_dm = 12 * BAYS + 30
    layout = Layout(tuple(35 * aisle for aisle in range(AISLES)), tuple(block_dm * at for at in range(blocks + 1)))
    spots = [
        Spot(f"{aisle:02}-{block}-{bay:02}", 35 * aisle, block_dm * block + 21 + 12 * bay)
        for aisle in range(AISLES)
        for block in range(blocks)
        for bay in range(BAYS)
    ]
    rng.shuffle(spots)
    wanted, others = spots[: len(spots) // 5], spots[len(spots) // 5 :]
    sizes = rng.choices(range(1, 9), (18, 20, 18, 16, 12, 8, 5, 3), k=orders)
    while (missing := lines - sum(sizes)) != 0:
        at = rng.randrange(orders)
        sizes[at] = min(8, max(1, sizes[at] + (1 if missing > 0 else -1)))
    made = tuple(
        PickOrder(
            f"{number:05}",
            tuple(
                PickLine(str(at), rng.choice(wanted if rng.random() < 0.6 else others), 1) for at in range(size)
            ),
        )
        for number, size in enumerate(sizes)
    )
    depot = Spot("depot", 35 * (AISLES - 1) // 2, 0)
    return BatchProblem(layout, depot, depot, Cart(30, 1000, 1000, LINES_PER_CART), made)


def first_come(problem: BatchProblem) -> tuple[int, int, int]:
    """Walk by S-shape and shortest walk of carts filled as orders come, and how many carts; by no code of the planner
    but the rule and the exact tour."""
    carts: list[list[Spot]] = [[]]
    for order in problem.orders:
        if len(carts[-1]) + len(order.lines) > LINES_PER_CART:
            carts.append([])
        carts[-1] += [line.spot for line in order.lines]
    s_shape_dm = exact_dm = 0
    for stops in carts:
        s_shape_dm += s_shape(TourProblem(problem.layout, problem.start, problem.end, tuple(stops))).distance_dm
        exact_dm += exact_length_dm(problem.layout, problem.start, problem.end, list(set(stops)))
    return s_shape_dm, exact_dm, len(carts)


def faults_of(plan: BatchPlan) -> list[str]:
    """What is wrong with a plan of such a wave, in words."""
    problem = plan.problem
    wanted = Counter(
        (order.order_id, line.line_id, line.spot, line.qty_each) for order in problem.orders for line in order.lines
    )
    packed: Counter[tuple[str, str, Spot, int]] = Counter()
    faults = []
    walk_dm = 0
    for batch in plan.batches:
        picks = [(place.order_id, pick) for place in batch.totes for pick in place.tote.picks]
        packed.update((order, pick.line_id, pick.spot, pick.qty_each) for order, pick in picks)
        if len(picks) > LINES_PER_CART:
            faults.append(f"cart {batch.number} has {len(picks)} lines")
        if {pick.spot for _, pick in picks} != set(batch.stops):
            faults.append(f"cart {batch.number} stops elsewhere")
        again_dm = exact_length_dm(problem.layout, problem.start, problem.end, batch.stops)
        if again_dm != batch.distance_dm:
            faults.append(f"cart {batch.number} walks {again_dm} dm, not {batch.distance_dm}")
        walk_dm += again_dm
    if packed != wanted:
        faults.append("a line is missing or picked twice")
    if walk_dm != plan.distance_dm or plan.lower_bound_dm > walk_dm:
        faults.append("the sum is wrong")
    return faults


def percent(walk_dm: int, other_dm: int) -> float:
    return round(100 * (walk_dm / other_dm - 1), 2)
