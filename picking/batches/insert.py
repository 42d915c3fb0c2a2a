"""A late order into a plan that is being walked: the cart it suits best, and room made there if that is shorter.

Owns the choice of the few carts that are looked at (those that visit most of its sub-aisles already) and the short
search among them. Carts that are named as fixed, being walked or closed, are never touched. Invariant: every limit of
the cart holds as before; batches that did not change are the same objects, and all keep their numbers.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from picking.batches.anneal import anneal
from picking.batches.carts import Carts, Wave, attach, carts_of, detach, has_room, may_ride, refresh
from picking.batches.plan import Batch, BatchPlan, Filled
from picking.batches.problem import PickOrder, with_order
from picking.batches.search import batch_from, bits_of, walked_dm
from picking.batches.totes import Part, parts_of_order
from picking.batches.waves import wave_of

LOOKED_AT = 14
"""Carts the order is weighed against: half of them with room for it, half without, whose orders may change places."""

COLD_DM = 1.0
MOVES = 1000
"""Moves between two looks at the clock: some 3 ms."""

MOST_MOVES = 4000


def late_plan(plan: BatchPlan, order: PickOrder, fixed: Collection[int], time_limit_ms: int) -> BatchPlan:
    """See `insert_order`."""
    began = time.perf_counter()
    problem = with_order(plan.problem, order)
    made = replace(plan, problem=problem)
    parts = parts_of_order(problem, order)
    for part in parts:
        made = _with_part(made, part, frozenset(fixed), began + time_limit_ms / 1000 / max(1, len(parts)))
    return replace(made, elapsed_ms=round((time.perf_counter() - began) * 1000), solver="late order put in")


def _with_part(plan: BatchPlan, part: Part, fixed: frozenset[int], until: float) -> BatchPlan:
    problem, filled = plan.problem, plan.filled
    _, visits = bits_of(problem, [part])
    rows = _likely(plan, part, visits[0], fixed)
    numbers = [plan.batches[row].number for row in rows]
    known = [np.flatnonzero(filled.batch_of == number) for number in numbers]
    near = [filled.parts[at] for of_batch in known for at in of_batch.tolist()]
    bits, _ = bits_of(problem, [*near, part])
    wave = wave_of(problem, [*near, part], bits)
    of = np.concatenate((np.repeat(np.arange(len(rows)), [len(of_batch) for of_batch in known]), [-1]))
    carts = carts_of(wave, of.astype(np.int64), spare_carts=1)
    _join(wave, carts, len(near))
    carts = _settled(wave, carts, until)

    new_number = max((batch.number for batch in plan.batches), default=0) + 1
    batch_of = np.append(filled.batch_of, new_number)
    ids = np.concatenate([*known, [len(filled.parts)]]).astype(np.int64)
    numbers_of = np.array([*numbers, *[new_number] * (len(carts.filled) - len(numbers))], np.int64)
    batch_of[ids] = numbers_of[carts.of]
    batches = list(plan.batches)
    parts = (*filled.parts, part)
    changed: dict[int, Batch | None] = {}
    for cart in range(len(carts.filled)):
        members = np.sort(ids[carts.of == cart]).tolist()
        is_old = cart < len(rows)
        if is_old and members == known[cart].tolist():
            continue
        if members:
            number = int(numbers_of[cart])
            of_cart = [parts[at] for at in members]
            walk_dm = int(carts.length_dm[cart])
            if not bits.is_exact:
                walk_dm = walked_dm(problem, of_cart, 5)
            made = batch_from(number, of_cart, walk_dm)
            if is_old:
                changed[rows[cart]] = made
            else:
                batches.append(made)
        elif is_old:
            changed[rows[cart]] = None
    for row, batch in changed.items():
        if batch is not None:
            batches[row] = batch
    gone = {row for row, batch in changed.items() if batch is None}
    kept = tuple(batch for row, batch in enumerate(batches) if row not in gone)
    return replace(
        plan,
        batches=kept,
        distance_dm=sum(batch.distance_dm for batch in kept),
        filled=Filled(parts, batch_of, np.concatenate((filled.visits, visits))),
    )


def _likely(plan: BatchPlan, part: Part, visits: npt.NDArray[np.bool_], fixed: frozenset[int]) -> list[int]:
    """Rows of the batches that visit most of the part's sub-aisles, half of them with room for it."""
    filled, cart = plan.filled, plan.problem.cart
    numbers = np.array([batch.number for batch in plan.batches], np.int64)
    rank = np.zeros(int(numbers.max(initial=0)) + 1, np.int64)
    np.add.at(rank, filled.batch_of, (filled.visits & visits).sum(axis=1))
    most_lines = cart.most_lines
    with_room: list[int] = []
    without: list[int] = []
    for row in np.argsort(-rank[numbers], kind="stable").tolist():
        batch = plan.batches[row]
        if batch.number in fixed or batch.zone != part.zone:
            continue
        lines = sum(len(tote.tote.picks) for tote in batch.totes)
        is_room = len(batch.totes) + len(part.totes) <= cart.positions and (
            most_lines is None or lines + part.lines <= most_lines
        )
        suits = abs(batch.cutoff_rank - part.order.cutoff_rank) <= plan.problem.cutoff_slack
        rows = with_room if is_room else without
        if suits and len(rows) < LOOKED_AT // 2:
            rows.append(row)
        if len(with_room) + len(without) == LOOKED_AT:
            break
    return with_room + without


def _join(wave: Wave, carts: Carts, part: int) -> None:
    """Put the part on the cart whose walk grows least, on the empty one when none has room."""
    best, least_dm = -1, -1
    for cart in range(len(carts.filled)):
        if not has_room(wave, carts, cart, part, -1) or not may_ride(wave, carts, cart, part, -1):
            continue
        before_dm = int(carts.length_dm[cart])
        attach(wave, carts, part, cart)
        refresh(wave, carts, cart)
        added_dm = int(carts.length_dm[cart]) - before_dm
        detach(wave, carts, part)
        refresh(wave, carts, cart)
        if best < 0 or added_dm < least_dm:
            best, least_dm = cart, added_dm
    attach(wave, carts, part, best)
    refresh(wave, carts, best)


def _settled(wave: Wave, carts: Carts, until: float) -> Carts:
    """The carts after moves that shorten their walks, as long as there is time; as they were when none does."""
    random = np.array([0x2545F4914F6CDD1D], np.uint64)
    best, best_dm = carts.of.copy(), int(carts.length_dm.sum())
    for _ in range(MOST_MOVES // MOVES):
        # The last look may be late by one round of moves, and the plan is still to be written down.
        if time.perf_counter() + 0.008 > until:
            break
        anneal(wave, carts, random, MOVES, COLD_DM)
        walk_dm = int(carts.length_dm.sum())
        if walk_dm < best_dm:
            best, best_dm = carts.of.copy(), walk_dm
    return carts_of(wave, best, spare_carts=len(carts.filled) - int(best.max()) - 1)
