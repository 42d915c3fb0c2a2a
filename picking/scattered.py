"""Which bin serves the line: goods that lie in several bins, chosen together with the walk.

Owns the question and the answer. The choice is free only where age leaves it free: of the bins of an item those of a
lower FIFO rank are emptied before one of a higher rank is opened, so all but the last rank that is needed are stops
anyway, and among the bins of that last rank the shortest walk decides. It refuses items that are not there, naming the
field. Invariant: the units picked of each item are those wanted, no bin gives more than it holds, no older unit of an
item is passed over, and the walk is never longer than with the bins in order of their names.

Method: a lower bound and first choices from prices on units (`scattered_bound`), whole tours by a beam search led by
them (`scattered_beam`), then tearing out and putting in again at the exact walk's price (`scattered_walk`). The problem
is that of Weidinger (2018), Goeke and Schneider (2021) and Heßler and Irnich (2024, doi 10.1287/ijoc.2023.0075).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil

import numpy as np
import numpy.typing as npt

from picking.distances import walk_dm
from picking.errors import FieldError, check_name, check_whole
from picking.layout import Layout, Spot
from picking.problem import TourProblem
from picking.result import Tour
from picking.scattered_arrays import FloorArrays, floor_arrays
from picking.scattered_beam import beam
from picking.scattered_bound import count_gains, raise_bound
from picking.scattered_floor import ACTIONS
from picking.scattered_walk import SAME, improve, length_of, new_walk, settle, walk_anew
from picking.solver import plan_tour

_MOST = 10**9

PRICE_ROUNDS = 60
ROUNDS = 600
BEAM_WIDTH = 60
TORN_MOST = 5
OPENING = 0.6
"""How often columns are opened instead of single items torn out. Tuned on every sixtieth published instance."""


@dataclass(frozen=True, slots=True)
class StockedBin:
    """Units of one item in one bin. FIFO rank: the lower leaves first; bins of equal rank serve in any order."""

    item: str
    spot: Spot
    qty_each: int
    fifo_rank: int = 0

    def __post_init__(self) -> None:
        check_name("item", self.item)
        if not isinstance(self.spot, Spot):
            raise FieldError("spot", f"must be a Spot, got {type(self.spot).__name__}")
        check_whole("qty_each", self.qty_each, 1, _MOST)
        check_whole("fifo_rank", self.fifo_rank, -_MOST, _MOST)


@dataclass(frozen=True, slots=True)
class WantedItem:
    """So many units of an item, from whichever bins."""

    item: str
    qty_each: int

    def __post_init__(self) -> None:
        check_name("item", self.item)
        check_whole("qty_each", self.qty_each, 1, _MOST)


@dataclass(frozen=True)
class BinProblem:
    """One tour from start to end that brings the wanted units. One item may lie in one bin under several ranks."""

    layout: Layout
    start: Spot
    end: Spot
    bins: tuple[StockedBin, ...]
    wanted: tuple[WantedItem, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layout, Layout):
            raise FieldError("layout", f"must be a Layout, got {type(self.layout).__name__}")
        for name in ("start", "end"):
            if not isinstance(getattr(self, name), Spot):
                raise FieldError(name, f"must be a Spot, got {type(getattr(self, name)).__name__}")
        for name, kind in (("bins", StockedBin), ("wanted", WantedItem)):
            values = getattr(self, name)
            if not isinstance(values, tuple) or not all(isinstance(value, kind) for value in values):
                raise FieldError(name, f"must be a tuple of {kind.__name__}")
        held_each: dict[str, int] = {}
        for stocked in self.bins:
            held_each[stocked.item] = held_each.get(stocked.item, 0) + stocked.qty_each
        seen: set[str] = set()
        for at, wanted in enumerate(self.wanted):
            if wanted.item in seen:
                raise FieldError(f"wanted[{at}].item", f"{wanted.item!r} is wanted twice")
            seen.add(wanted.item)
            if wanted.qty_each > held_each.get(wanted.item, 0):
                raise FieldError(
                    f"wanted[{at}].qty_each",
                    f"{wanted.qty_each} of {wanted.item} are wanted, the bins hold {held_each.get(wanted.item, 0)}",
                )


@dataclass(frozen=True, slots=True)
class BinPick:
    stocked: StockedBin
    qty_each: int


@dataclass(frozen=True, slots=True)
class BinChoice:
    """Picks by item, and the tour over their spots. `by_name_dm`: the walk with bins taken in order of their names.

    `lower_bound_dm`: no choice of bins has a shorter walk; 0 where the floor is not one the bound knows.
    """

    picks: tuple[BinPick, ...]
    tour: Tour
    lower_bound_dm: int
    by_name_dm: int
    seed: int
    elapsed_ms: int

    @property
    def distance_dm(self) -> int:
        return self.tour.distance_dm

    def picture(self) -> str:
        """The tour over the chosen bins, as SVG text."""
        return self.tour.picture()

    def summary(self) -> str:
        bound = "no bound"
        if self.lower_bound_dm:
            over = 100 * (self.distance_dm - self.lower_bound_dm) / self.lower_bound_dm
            bound = (
                "proven the shortest" if self.distance_dm <= self.lower_bound_dm else f"at most {over:.1f} % too long"
            )
        less = f", {100 * (self.distance_dm - self.by_name_dm) / self.by_name_dm:+.1f} %" if self.by_name_dm else ""
        return (
            f"{len(self.picks)} bins, {self.distance_dm / 10:.1f} m ({bound};"
            f" bins by name {self.by_name_dm / 10:.1f} m{less}), seed {self.seed}, {self.elapsed_ms} ms"
        )


def choose_bins(problem: BinProblem, time_limit_ms: int = 50, seed: int = 0) -> BinChoice:
    """The bins that make the walk short, within their FIFO ranks, by the time limit.

    Nobody waits for a compiler: until the search is loaded (`compile_choice`; a thread of its own does it when nobody
    did before) items are tried in other bins one by one, and there is no bound.
    """
    began = time.perf_counter()
    check_whole("time_limit_ms", time_limit_ms, 1, 3_600_000)
    check_whole("seed", seed, 0, 2**32 - 1)
    deadline = began + 0.8 * time_limit_ms / 1000
    must, free, need = _by_rank(problem)
    by_name = _picks(must, sorted(free, key=lambda stocked: (stocked.item, stocked.spot.name)), need)
    best = _tour(problem, by_name, seed)
    by_name_dm, picks, bound_dm = best.distance_dm, by_name, 0
    arrays = floor_arrays(problem.layout, problem.start, problem.end, [stocked.spot for stocked in must], free, need)
    if arrays is not None and not _is_loaded():
        found = _picks(must, _one_by_one(problem, by_name, must, free, need, deadline), need)
        tour = _tour(problem, found, seed)
        if tour.distance_dm <= best.distance_dm:
            best, picks = tour, found
    elif arrays is not None:
        is_chosen, closed_dm = _search(arrays, deadline, seed)
        bound_dm = _bound_dm(problem, arrays, closed_dm)
        chosen = [stocked for stocked, at in zip(free, arrays.free_at, strict=True) if is_chosen[at]]
        found = _picks(must, sorted(chosen, key=lambda stocked: -stocked.qty_each), need)
        tour = _tour(problem, found, seed)
        if tour.distance_dm <= best.distance_dm:
            best, picks = tour, found
    elapsed_ms = round(1000 * (time.perf_counter() - began))
    return BinChoice(picks, best, min(bound_dm, best.distance_dm), by_name_dm, seed, elapsed_ms)


@cache
def compile_choice() -> None:
    """Loads the compiled search; compiles it and keeps it on disk where that was not done yet."""
    depot = Spot("depot", 0, 0)
    bins = tuple(StockedBin("item", Spot(f"bin {at}", 10 * at, 10 + 5 * at), 1) for at in range(3))
    arrays = floor_arrays(Layout((0, 10, 20), (0, 40)), depot, depot, [], bins, {"item": 2})
    if arrays is not None:
        walk, gains = new_walk(arrays.floor, arrays.bins), count_gains(arrays.floor, arrays.bins)
        walk_anew(arrays.floor, arrays.bins, walk)
        settle(arrays.floor, arrays.bins, walk, np.zeros(ACTIONS))
        best, of_unit = walk.chosen.copy(), np.ones(1)
        raise_bound(arrays.floor, arrays.bins, gains, walk, of_unit, np.array([0.0, 1e6, 1.5, 0.0]), best, 1)
        beam(arrays.floor, arrays.bins, gains, walk, of_unit, best, 1e6, 2, 2, 4)
        improve(arrays.floor, arrays.bins, walk, best, 1, 1, 0.0, 0, OPENING)
    _loaded.set()


_loaded = threading.Event()
_loading = threading.Lock()


def _is_loaded() -> bool:
    """Whether the search can be called at once; begins to load it where nobody has."""
    if not _loaded.is_set() and _loading.acquire(blocking=False):
        threading.Thread(target=compile_choice, name="compile-bins", daemon=True).start()
    return _loaded.is_set()


def _one_by_one(
    problem: BinProblem, picks: Sequence[BinPick], must: Sequence[StockedBin], free: Sequence[StockedBin],
    need: dict[str, int], deadline: float,
) -> list[StockedBin]:  # fmt: skip
    """Item by item the bins that lengthen the walk of all others least, as long as that helps and there is time."""
    of_item: dict[str, list[StockedBin]] = {item: [] for item in need}
    for pick in picks:
        if pick.stocked in free:
            of_item[pick.stocked.item].append(pick.stocked)

    def length_dm() -> int:
        spots = {stocked.spot for chosen in of_item.values() for stocked in chosen} | {stocked.spot for stocked in must}
        return plan_tour(TourProblem(problem.layout, problem.start, problem.end, tuple(spots)), 1).distance_dm

    best_dm = length_dm()
    is_better = True
    while is_better:
        is_better = False
        for item, needed_each in need.items():
            before, rest_each = of_item[item], needed_each
            of_item[item] = []
            left = [stocked for stocked in free if stocked.item == item]
            while rest_each > 0 and time.perf_counter() < deadline:
                added: list[tuple[int, int, int]] = []
                for at, stocked in enumerate(left):
                    of_item[item].append(stocked)
                    added.append((length_dm(), -stocked.qty_each, at))
                    of_item[item].pop()
                of_item[item].append(left.pop(min(added)[2]))
                rest_each -= of_item[item][-1].qty_each
            found_dm = length_dm() if rest_each <= 0 else best_dm
            if found_dm < best_dm:
                best_dm, is_better = found_dm, True
            else:
                of_item[item] = before
    return [stocked for chosen in of_item.values() for stocked in chosen]


def _by_rank(problem: BinProblem) -> tuple[list[StockedBin], list[StockedBin], dict[str, int]]:
    """What must be emptied, what may be chosen from, and how many units of each item are to be chosen."""
    of_item: dict[str, list[StockedBin]] = {wanted.item: [] for wanted in problem.wanted}
    for stocked in problem.bins:
        if stocked.item in of_item:
            of_item[stocked.item].append(stocked)
    must: list[StockedBin] = []
    free: list[StockedBin] = []
    need: dict[str, int] = {}
    for wanted in problem.wanted:
        rest_each = wanted.qty_each
        for rank in sorted({stocked.fifo_rank for stocked in of_item[wanted.item]}):
            of_rank = [stocked for stocked in of_item[wanted.item] if stocked.fifo_rank == rank]
            rank_each = sum(stocked.qty_each for stocked in of_rank)
            if rank_each > rest_each:
                free.extend(of_rank)
                need[wanted.item] = rest_each
                break
            must.extend(of_rank)
            rest_each -= rank_each
            if rest_each == 0:
                break
    return must, free, need


def _picks(must: Sequence[StockedBin], free: Iterable[StockedBin], need: dict[str, int]) -> tuple[BinPick, ...]:
    """All of what must be emptied, and of the others what is needed, in the order given."""
    picks = [BinPick(stocked, stocked.qty_each) for stocked in must]
    rest_each = dict(need)
    for stocked in free:
        qty_each = min(stocked.qty_each, rest_each[stocked.item])
        if qty_each:
            picks.append(BinPick(stocked, qty_each))
            rest_each[stocked.item] -= qty_each
    return tuple(sorted(picks, key=lambda pick: (pick.stocked.item, pick.stocked.fifo_rank, pick.stocked.spot.name)))


def _tour(problem: BinProblem, picks: Sequence[BinPick], seed: int) -> Tour:
    stops = tuple(pick.stocked.spot for pick in picks)
    return plan_tour(TourProblem(problem.layout, problem.start, problem.end, stops), seed=seed)


def _search(arrays: FloorArrays, deadline: float, seed: int) -> tuple[npt.NDArray[np.uint8], float]:
    """Which of the arrays' bins are chosen, and the bound on the closed tour."""
    floor, bins = arrays.floor, arrays.bins
    walk, gains = new_walk(floor, bins), count_gains(floor, bins)
    walk_anew(floor, bins, walk)
    settle(floor, bins, walk, np.zeros(ACTIONS))
    best = walk.chosen.copy()
    stage = np.array([0.0, length_of(walk), 1.5, 0.0])
    of_unit = np.full(len(bins.need), 0.5 * stage[1] / max(1, int(bins.need.sum())))

    def is_done() -> bool:
        return bool(stage[1] <= _whole(stage[0], arrays.is_even) + SAME) or time.perf_counter() >= deadline

    half = (time.perf_counter() + deadline) / 2
    for round_ in range(PRICE_ROUNDS // 5):
        # At least once: without any bound nobody can say how good the choice is.
        if round_ and (is_done() or time.perf_counter() >= half):
            break
        raise_bound(floor, bins, gains, walk, of_unit, stage, best, 5)
    if not is_done():
        # Wider than the time that is left allows: what is behind the beam cannot be made up for by the beam.
        left = (deadline - time.perf_counter()) * 1000
        width = int(min(BEAM_WIDTH, max(5.0, 2.0 * left)))
        stage[1] = beam(floor, bins, gains, walk, of_unit, best, stage[1], width, 6, 60)
    for round_ in range(ROUNDS // 2):
        if is_done():
            break
        enough = _whole(stage[0], arrays.is_even)
        stage[1] = improve(floor, bins, walk, best, 2, TORN_MOST, enough, seed + round_, OPENING)
    return best, float(stage[0])


def _whole(bound: float, is_even: bool) -> float:
    """The least length a tour can have; a closed one crosses every line an even number of times, so its dm are even."""
    return 2.0 * ceil(bound / 2 - SAME) if is_even else float(ceil(bound - SAME))


def _bound_dm(problem: BinProblem, arrays: FloorArrays, closed_dm: float) -> int:
    if not arrays.is_exact:
        return 0
    apart_dm = max(0, walk_dm(problem.layout, (problem.start, problem.end)) - arrays.spurs_dm)
    return max(0, int(_whole(closed_dm, arrays.is_even)) - apart_dm + arrays.spurs_dm)
