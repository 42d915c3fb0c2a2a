"""plan_batches and insert_order, the public questions: which orders ride on one cart.

Owns the checks of the call. The search and its compiler are imported by the first call, so that who only wants the
words of a question does not wait a second for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from picking.batches.plan import BatchPlan
from picking.batches.problem import BatchProblem, Cart, PickLine, PickOrder
from picking.errors import FieldError, check_whole
from picking.layout import Layout, Spot
from picking.walkways import Walkways

COLUMNS_MS = 2_000
"""A limit that leaves time for columns (search.COLUMNS_FROM_MS)."""


def plan_batches(
    problem: BatchProblem,
    time_limit_ms: int = 1000,
    seed: int = 0,
    proposals: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> BatchPlan:
    """Orders to carts with the least walk found within the limit; `BatchPlan.solver` says what found it.

    `proposals`: so many moves of the search (fewer where the limit ends it) instead of as many as the time allows;
    then the same question and seed give the same plan. `clock`: seconds; with time.process_time other work on the
    machine does not change what is found.
    """
    if not isinstance(problem, BatchProblem):
        raise FieldError("problem", f"must be a BatchProblem, got {type(problem).__name__}")
    check_whole("time_limit_ms", time_limit_ms, 0, 24 * 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    if proposals is not None:
        check_whole("proposals", proposals, 0, 10**12)
    from picking.batches.search import searched_plan

    return searched_plan(problem, time_limit_ms, seed, proposals, clock)


def insert_order(
    plan: BatchPlan, order: PickOrder, fixed: Collection[int] = (), time_limit_ms: int = 20
) -> BatchPlan:
    """The plan with a late order in it; batches of the numbers in `fixed` (walked, closed) stay as they are.

    Orders of the carts near it may change places; all batches keep their numbers, a new cart takes the next one.
    fifo_s_shape_dm and the bound stay those of the orders planned first. Raises FieldError for an order that is known.
    """
    if not isinstance(plan, BatchPlan):
        raise FieldError("plan", f"must be a BatchPlan, got {type(plan).__name__}")
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    from picking.batches.insert import late_plan

    return late_plan(plan, order, fixed, time_limit_ms)


def compile_batches() -> None:
    """Compile the search for floors of one and of two blocks and keep it on disk, so that no plan waits for it."""
    depot = Spot("depot", 0, 0)
    for cross_aisle_y_dm in ((0, 100), (0, 100, 200)):
        _compile_for(Layout((0, 40), cross_aisle_y_dm), depot, lambda number: (40 * (number % 2), 3 * number + 9))


def compile_walkway_batches() -> None:
    """The same for floors of walkways, whose walk of a cart is another."""
    from picking.graph import FloorGraph, Node, Walkway

    corners = (("a", 0, 0), ("b", 200, 0), ("c", 200, 200), ("d", 0, 200))
    names = [name for name, _, _ in corners]
    round_about = tuple(Walkway(one, other) for one, other in zip(names, (*names[1:], names[0]), strict=True))
    floor = Walkways(FloorGraph(tuple(Node(name, x_dm, y_dm) for name, x_dm, y_dm in corners), round_about))
    _compile_for(floor, Spot("depot", 0, 0), lambda number: (200 * (number % 2), 7 * number + 5))


def _compile_for(floor: Layout | Walkways, depot: Spot, stands: Callable[[int], tuple[int, int]]) -> None:
    orders = tuple(
        PickOrder(str(number), (PickLine("1", Spot(f"bin {number}", *stands(number)), 1),))
        for number in range(28)  # so many that column generation has something to price
    )
    plan = plan_batches(BatchProblem(floor, depot, depot, Cart(3, 1, 1), orders[:-1]), 600_000, proposals=1000)
    insert_order(plan, orders[-1])
    # Once with few enough batches for a table of them, once with too many. On walkways there are no columns.
    for cart in (Cart(3, 1, 1), Cart(14, 1, 1)) if isinstance(floor, Layout) else ():
        plan_batches(BatchProblem(floor, depot, depot, cart, orders), COLUMNS_MS)
