"""The best batches of up to 128 orders within a time limit, with the bound that was proven.

Owns the order of the steps: savings start, annealing, the root bound, every batch that matters if they are few, then
annealing and set partitioning in turns until the time is up. Annealing goes on in a thread a core: from one start its
runs end in plans that differ as a whole, and the best of two is better than one of twice the length. It refuses a plan
to start from that does not hold every order once or is over the capacity. Invariant: the plan is never longer than the
one given, and holds every order once; equal seeds and no deadline hit give equal plans.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from picking.batches.anneal_small import Search, anneal, new_search, restart
from picking.batches.bound import Bound, batches_within, fewest_batches, root_bound
from picking.batches.columns import Columns
from picking.batches.every import MOST, as_words, best_of, every_batch
from picking.batches.partition import Batch, cover, orders_in
from picking.batches.pricing import SCALE
from picking.batches.savings import savings_plan
from picking.errors import FieldError, check_whole

HOT, COLD = 0.02, 0.005
"""Temperature at a run's begin and end, in mean batch lengths of the savings plan: hotter loses what that plan has."""
CHUNK_S = 0.005
LEAST_CHUNK, MOST_CHUNK = 1 << 8, 1 << 20
"""Between two looks at the clock pass as many proposals as take so long. A walk takes 0.1 us on one floor and 50 on
another: a set number would cost more in looks than in walks, or the limit.
"""
MOST_THREADS = 2
POOLS_BELOW = 1.02
MOST_CHOICES = 6000
"""Batches the set partitioning gets at once; above, those with the most reduced cost are left out."""
MOST_OF_ALL = 15_000
"""The same, when it would be all that a better plan can use: then the choice among them is the best of all."""
STEPS_FOR_ALL = 2_000_000
EVERY_SHARE = 0.25
"""Of the time, for walking every batch there is where they are few: then the bound takes no search."""
BOUND_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Improved:
    """Batches of order numbers; `length` of all their walks; no plan is shorter than `lower_bound` (0: not known)."""

    batches: tuple[tuple[int, ...], ...]
    length: int
    lower_bound: int

    @property
    def is_proven(self) -> bool:
        return self.length == self.lower_bound


def improve(
    columns: Columns,
    batches: Sequence[Sequence[int]] | None = None,
    *,
    time_limit_ms: int = 1000,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
    threads: int | None = None,
) -> Improved:
    """A plan at least as short as `batches`, the best found before `clock` (seconds) is `time_limit_ms` further.

    Shapes: see Columns; `batches` are lists of order numbers, each order once; without them it starts from savings.
    threads: of annealing, 1 to 8; as many as there are cores, at most two, when nobody says. With `time.thread_time` as
    the clock, other work on the machine does not change the result. Ends early when the plan is proven best.
    """
    check_whole("time_limit_ms", time_limit_ms, 0, 86_400_000)
    if threads is None:
        threads = min(MOST_THREADS, os.cpu_count() or 1)
    check_whole("threads", threads, 1, 8)
    begun = clock()
    with ThreadPoolExecutor(threads, "anneal") as others:
        run = _Run(columns, batches, seed, clock, begun, time_limit_ms / 1000, threads, others)
        run.anneal_until(run.share(0.08, 0.004 * columns.orders))
        run.bound_until()
        while not run.is_done():
            run.turn()
    plan = run.plan()
    return Improved(
        tuple(tuple(orders_in(batch)) for batch in plan), run.length, min(run.length, run.bound.length)
    )


class _Run:
    """One call: the search, the pool and what is proven so far."""

    def __init__(
        self, columns: Columns, batches: Sequence[Sequence[int]] | None, seed: int, clock: Callable[[], float],
        begun: float, seconds: float, threads: int, others: ThreadPoolExecutor,
    ) -> None:  # fmt: skip
        self.columns = columns
        self.clock = clock
        self.begun = begun
        self.seconds = seconds
        start = savings_plan(columns)
        self.scale = sum(columns.length(orders) for orders in start) / len(start)
        if batches is not None:
            _check_plan(columns, batches)
            given = [list(orders) for orders in batches if orders]
            if sum(map(columns.length, given)) <= sum(map(columns.length, start)):
                start = given
        self.others = others
        self.chunk = LEAST_CHUNK
        self.searches: list[Search] = [new_search(columns, start, seed * threads + number) for number in range(threads)]
        self.pool: dict[Batch, int] = {1 << order: columns.length([order]) for order in range(columns.orders)}
        self.bound = Bound(0, np.zeros(columns.orders, np.int64), False, fewest=fewest_batches(columns))
        self.too_many = 1 << 50

    @property
    def length(self) -> int:
        return int(self.best.total[1])

    @property
    def best(self) -> Search:
        """The search that has met the shortest plan."""
        return min(self.searches, key=lambda search: int(search.total[1]))

    def plan(self) -> list[Batch]:
        return [_as_batch(batch) for batch in self.best.best if batch.any()]

    def spent(self) -> float:
        """Share of the time that is gone."""
        return (self.clock() - self.begun) / self.seconds if self.seconds else 1.0

    def share(self, share: float, most_s: float) -> float:
        """This share of the time, but not more than so many seconds."""
        return min(share, most_s / self.seconds) if self.seconds else 0.0

    def is_done(self) -> bool:
        return self.spent() >= 1 or self.length <= self.bound.length

    def anneal_until(self, end: float) -> None:
        """One run of each search from hot to cold that ends at this share of the time."""
        begin = self.spent()
        while (now := self.spent()) < end:
            heat = HOT * (COLD / HOT) ** ((now - begin) / (end - begin)) * self.scale
            chunk = self.chunk
            waits = [self.others.submit(self._anneal, search, chunk, heat) for search in self.searches[1:]]
            self._anneal(self.searches[0], chunk, heat)
            for wait in waits:
                wait.result()
            took_s = (self.spent() - now) * self.seconds
            if took_s < CHUNK_S / 2:
                self.chunk = min(MOST_CHUNK, 2 * chunk)
            elif took_s > 2 * CHUNK_S:
                self.chunk = max(LEAST_CHUNK, chunk // 2)

    def _anneal(self, search: Search, proposals: int, heat: float) -> None:
        columns = self.columns
        anneal(
            columns.floor, columns.start, columns.stops, columns.load, columns.capacity, search, proposals, heat, heat,
            POOLS_BELOW,
        )  # fmt: skip

    def bound_until(self) -> None:
        """The root bound; and when every batch of a better plan is known, the choice among them."""
        for batch in self.plan():
            self.pool[batch] = self.columns.length(orders_in(batch))
        every = every_batch(self.columns, EVERY_SHARE * self.seconds, self.clock) if self.seconds else None
        share = BOUND_SHARE if every is None else self.spent() + BOUND_SHARE
        until = self.begun + share * self.seconds
        self.bound = root_bound(self.columns, self.pool, self.searches[0].memory, until, self.clock, every)
        self.pool.update(self.bound.pool)
        self._choose_among_all()

    def _choose_among_all(self) -> bool:
        """Choose among every batch that a better plan could use, if they are known to be few."""
        slack = self.length - self.bound.length
        if not self.bound.is_exact or slack <= 0 or slack >= self.too_many:
            return False
        every = batches_within(self.columns, self.bound, self.length, MOST_OF_ALL, STEPS_FOR_ALL)
        if every is None:
            self.too_many = slack
            return self._search_all()
        for batch in self.plan():
            every[batch] = self.columns.length(orders_in(batch))
        left_ms = int(1000 * self.seconds * (1 - self.spent()) * 0.6)
        chosen = cover(self.columns.orders, self.bound.fewest, every, self.plan(), left_ms)
        if chosen is None:
            return False
        self._take(chosen[0])
        if chosen[1]:
            self.bound.length = self.length
        return True

    def _search_all(self) -> bool:
        """Look at every plan of batches in the table: few batches a plan, too many to choose from for a program."""
        bound = self.bound
        if bound.every is None:
            return False
        pool = batches_within(self.columns, bound, self.length, MOST, 0) or {}
        seconds = self.seconds * (1 - self.spent()) * 0.5
        batch, length = as_words(list(pool)), np.array(list(pool.values()), np.int64)
        plan, is_through = best_of(batch, length, bound.worth, bound.ride, bound.fewest, self.length, seconds)
        if plan:
            self._take(plan)
        if is_through:
            bound.length = self.length
        return is_through

    def turn(self) -> None:
        """Anneal, then choose the best batches of everything met."""
        left = 1 - self.spent()
        self.anneal_until(self.spent() + left * 0.93)
        self._gather()
        if self._choose_among_all():
            return
        slack = self.length - self.bound.length if self.bound.length else None
        pool = self._promising(slack)
        for batch in self.plan():
            pool[batch] = self.columns.length(orders_in(batch))
        left_ms = int(1000 * self.seconds * (1 - self.spent()))
        if left_ms < 20:
            self.seconds = 0.0
            return
        chosen = cover(self.columns.orders, self.bound.fewest, pool, self.plan(), left_ms)
        if chosen is not None:
            self._take(chosen[0])

    def _gather(self) -> None:
        for search in self.searches:
            for slot in np.flatnonzero(search.pool.any(axis=1)):
                self.pool[_as_batch(search.pool[slot])] = int(search.pool_cost[slot])
            search.pool[:] = 0
            search.pool_size[0] = 0

    def _promising(self, slack: int | None) -> dict[Batch, int]:
        worth = self.bound.worth.tolist()
        reduced = {
            batch: SCALE * cost - sum(worth[order] for order in orders_in(batch)) - self.bound.ride
            for batch, cost in self.pool.items()
        }
        most = None if slack is None else SCALE * slack
        kept = [batch for batch, more in reduced.items() if most is None or more <= most]
        kept.sort(key=lambda batch: reduced[batch])
        return {batch: self.pool[batch] for batch in kept[:MOST_CHOICES]}

    def _take(self, chosen: list[Batch]) -> None:
        """Make the choice a plan: an order that rides twice leaves the batch that saves more without it."""
        batches = [set(orders_in(batch)) for batch in chosen]
        for order in range(self.columns.orders):
            riding = [orders for orders in batches if order in orders]
            while len(riding) > 1:
                saved = [
                    self.columns.length(sorted(orders)) - self.columns.length(sorted(orders - {order}))
                    for orders in riding
                ]
                riding.pop(saved.index(max(saved))).discard(order)
        for search in self.searches:
            restart(search, self.columns, [sorted(orders) for orders in batches if orders])


def _as_batch(words: Sequence[int]) -> Batch:
    return int(words[0]) | int(words[1]) << 64


def _check_plan(columns: Columns, batches: Sequence[Sequence[int]]) -> None:
    seen = sorted(order for orders in batches for order in orders)
    if seen != list(range(columns.orders)):
        raise FieldError("batches", f"must hold each of the {columns.orders} orders once")
    for number, orders in enumerate(batches):
        if (columns.load[list(orders)].sum(axis=0) > columns.capacity).any():
            raise FieldError(f"batches[{number}]", "is over the capacity")
