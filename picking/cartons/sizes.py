"""Which carton sizes to keep: the few of many that waste least over an order book.

Owns the choice of sizes, a p-median: each order ships in the smallest chosen carton that takes it, and the litres
shipped are least (ReVelle and Swain 1970, solved by CP-SAT). Whether a carton takes an order is judged by volume,
weight and the longest edges, not by a packing, so that a year of orders fits into one model; orders alike are
counted once. Invariant: every order that fits into any candidate fits into one that is chosen.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from picking.cartons.problem import CartonType, Piece
from picking.errors import FieldError, check_whole

GRID_MM = 50
LARGEST_EDGE_MM = 600
VOLUME_STEP_ML = 500
FILL_PERCENT = 75  # what a packing by hand and by our heuristic reaches of a carton
MOST_PROFILES = 300
MOST_CANDIDATES = 100
MOST_SIZES = 20
_NEVER = 10**11  # ml: no carton is so large, and millions of them still fit into 64 bits


@dataclass(frozen=True, slots=True)
class SizeChoice:
    """The sizes chosen, the smallest first. `litres`: shipped with them over the book, `bound_litres`: no choice of
    as many sizes from the same candidates ships fewer; `left_out`: orders that fit into no candidate."""

    types: tuple[CartonType, ...]
    orders: int
    left_out: int
    litres: int
    bound_litres: int
    contents_litres: int

    @property
    def fill_percent(self) -> int:
        """Volume of the goods in percent of what is shipped."""
        return self.contents_litres * 100 // self.litres if self.litres else 0

    def summary(self) -> str:
        """The sizes in words."""
        sizes = "\n".join(
            f"{carton.code}: {carton.length_mm} × {carton.width_mm} × {carton.height_mm} mm, {carton.volume_ml} ml"
            for carton in self.types
        )
        return (
            f"{self.orders} orders in {len(self.types)} sizes: {self.litres} l shipped (at least"
            f" {self.bound_litres} l with as many), {self.fill_percent} % of it goods; {self.left_out} orders fit"
            f" into none\n{sizes}"
        )


@dataclass(frozen=True, slots=True)
class _Profile:
    """What a carton must have to take an order: litres and edges, rounded up so that alike orders are one."""

    volume_ml: int
    edges_mm: tuple[int, int, int]


def propose_carton_types(
    orders: Sequence[Sequence[Piece]], count: int, max_weight_g: int = 25_000, time_limit_ms: int = 20_000,
    candidates: Iterable[CartonType] | None = None, seed: int = 0, max_volume_ml: int = 110_000,
) -> SizeChoice:  # fmt: skip
    """Choose `count` sizes for an order book, from `candidates` or from all sizes on a grid of GRID_MM that hold
    `max_volume_ml` at most.

    Goods of unknown size are counted as nothing, and orders heavier than `max_weight_g` or larger than every
    candidate are left out: they ship in several parcels whatever is kept.

    Raises:
        FieldError: count is no number of sizes, or there is no order.
    """
    check_whole("count", count, 1, MOST_SIZES)
    if not orders:
        raise FieldError("orders", "must not be empty")
    given = _grid(max_weight_g, max_volume_ml) if candidates is None else candidates
    pool = sorted(given, key=lambda carton: carton.volume_ml)
    if not pool:
        raise FieldError("candidates", "must not be empty")
    contents_ml, counted, left_out = _profiles(orders, pool, max_weight_g)
    if not counted:
        return SizeChoice((), len(orders), left_out, 0, 0, 0)
    pool = _useful(pool, counted)
    chosen, bound_ml = _median(pool, counted, min(count, len(pool)), time_limit_ms, seed)
    used = [carton for carton in chosen if any(_first(chosen, profile) == carton for profile in counted)]
    shipped_ml = sum(_first(chosen, profile).volume_ml * number for profile, number in counted.items())
    return SizeChoice(tuple(used), len(orders), left_out, -(-shipped_ml // 1000), bound_ml // 1000, contents_ml // 1000)


def _grid(max_weight_g: int, max_volume_ml: int) -> list[CartonType]:
    steps = range(2 * GRID_MM, LARGEST_EDGE_MM + 1, GRID_MM)
    return [
        CartonType(f"{length}x{width}x{height}", length, width, height, max_weight_g)
        for height, width, length in combinations_with_replacement(steps, 3)
        if length * width * height <= max_volume_ml * 1000
    ]


def _profiles(
    orders: Sequence[Sequence[Piece]], pool: Sequence[CartonType], max_weight_g: int
) -> tuple[int, Counter[_Profile], int]:
    """Litres of goods and alike orders counted, of those that fit somewhere; then how many fit nowhere."""
    counted: Counter[_Profile] = Counter()
    contents_ml = left_out = 0
    step_ml = VOLUME_STEP_ML
    judged: list[tuple[int, tuple[int, int, int]]] = []
    for pieces in orders:
        sized = [piece for piece in pieces if piece.is_sized]
        weight_g = sum(piece.weight_g * piece.qty_each for piece in pieces)
        volume_ml = sum(piece.volume_mm3 * piece.qty_each for piece in sized) // 1000
        edges = [sorted((piece.length_mm, piece.width_mm, piece.height_mm)) for piece in sized]
        least = tuple(max((edge[axis] for edge in edges), default=1) for axis in range(3))
        need = _Profile(-(-volume_ml * 100 // FILL_PERCENT), (least[0], least[1], least[2]))
        if weight_g > max_weight_g or not any(_takes(carton, need) for carton in pool):
            left_out += 1
            continue
        contents_ml += volume_ml
        judged.append((need.volume_ml, need.edges_mm))
    while True:
        counted = Counter()
        for volume_ml, edges_mm in judged:
            rounded = tuple(-(-edge // GRID_MM) * GRID_MM for edge in edges_mm)
            profile = _Profile(-(-volume_ml // step_ml) * step_ml, (rounded[0], rounded[1], rounded[2]))
            # Rounding must not take an order out of its largest carton.
            exact = _Profile(volume_ml, edges_mm)
            counted[profile if any(_takes(carton, profile) for carton in pool) else exact] += 1
        if len(counted) <= MOST_PROFILES or step_ml > 1_000_000:
            return contents_ml, counted, left_out
        step_ml *= 2


def _takes(carton: CartonType, profile: _Profile) -> bool:
    inside = sorted((carton.length_mm, carton.width_mm, carton.height_mm))
    return carton.volume_ml >= profile.volume_ml and all(
        edge <= limit for edge, limit in zip(profile.edges_mm, inside, strict=True)
    )


def _first(pool: Sequence[CartonType], profile: _Profile) -> CartonType:
    return next(carton for carton in pool if _takes(carton, profile))


def _useful(pool: Sequence[CartonType], counted: Counter[_Profile]) -> list[CartonType]:
    """Candidates that are some profile's smallest, the most used ones, and enough to take every profile."""
    uses: Counter[str] = Counter()
    for profile, number in counted.items():
        for at, carton in enumerate([carton for carton in pool if _takes(carton, profile)][:8]):
            uses[carton.code] += number * (8 - at)
    kept = {code for code, _ in uses.most_common(MOST_CANDIDATES)}
    for profile in counted:
        takers = [carton for carton in pool if _takes(carton, profile)]
        if not any(carton.code in kept for carton in takers):
            kept.add(takers[-1].code)
    # The largest takes whatever the few chosen below it do not.
    kept.add(pool[-1].code)
    return [carton for carton in pool if carton.code in kept]


def _median(
    pool: Sequence[CartonType], counted: Counter[_Profile], count: int, time_limit_ms: int, seed: int
) -> tuple[list[CartonType], int]:
    """The chosen of the pool, and millilitres no choice of as many gets below: greedy and swaps, then CP-SAT."""
    volumes = np.array([carton.volume_ml for carton in pool], np.int64)
    weights = np.array(list(counted.values()), np.int64)
    takes = np.array([[_takes(carton, profile) for carton in pool] for profile in counted])
    costs = np.where(takes, volumes[None, :], _NEVER) * weights[:, None]
    chosen = _swapped(costs, _greedy(costs, count))
    if int(costs[:, chosen].min(axis=1).sum()) >= _NEVER:
        raise FieldError("count", f"{count} sizes cannot take all orders")
    least_ml = int(costs.min(axis=1).sum())
    model = cp_model.CpModel()
    is_kept = [model.new_bool_var("") for _ in pool]
    model.add(sum(is_kept) <= count)
    total: list[Any] = []
    for row, weight in enumerate(weights.tolist()):
        # Each step up to the next larger carton is paid for where none of the smaller ones is kept (Cornuejols,
        # Nemhauser and Wolsey 1980): fewer variables than one for each order and carton.
        takers = np.flatnonzero(takes[row]).tolist()
        total.append(int(volumes[takers[0]]) * weight)
        smaller = [is_kept[takers[0]]]
        for before, at in pairwise(takers):
            step_ml = int(volumes[at] - volumes[before]) * weight
            if step_ml:
                is_missing = model.new_bool_var("")
                model.add_bool_or([*smaller, is_missing])
                model.add_hint(is_missing, not any(taker in chosen for taker in takers[: len(smaller)]))
                total.append(step_ml * is_missing)
            smaller.append(is_kept[at])
        model.add_bool_or(smaller)
    model.minimize(sum(total))
    for at, kept in enumerate(is_kept):
        model.add_hint(kept, at in chosen)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_ms / 1000
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = 2
    if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = [at for at, kept in enumerate(is_kept) if solver.value(kept)]
        if costs[:, found].min(axis=1).sum() < costs[:, chosen].min(axis=1).sum():
            chosen = found
        least_ml = max(least_ml, math.floor(solver.best_objective_bound))
    return [pool[at] for at in sorted(chosen)], least_ml


def _greedy(costs: npt.NDArray[np.int64], count: int) -> list[int]:
    chosen: list[int] = []
    served = np.full(len(costs), _NEVER * int(costs.shape[0]), np.int64)
    for _ in range(count):
        totals = np.minimum(costs, served[:, None]).sum(axis=0)
        chosen.append(int(totals.argmin()))
        served = np.minimum(served, costs[:, chosen[-1]])
    return list(dict.fromkeys(chosen))


def _swapped(costs: npt.NDArray[np.int64], chosen: list[int]) -> list[int]:
    """One size for another as long as that saves anything."""
    best = int(costs[:, chosen].min(axis=1).sum())
    is_better = True
    while is_better:
        is_better = False
        for place in range(len(chosen)):
            others = chosen[:place] + chosen[place + 1 :]
            served = costs[:, others].min(axis=1) if others else np.full(len(costs), _NEVER, np.int64)
            totals = np.minimum(costs, served[:, None]).sum(axis=0)
            if int(totals.min()) < best:
                best, chosen[place], is_better = int(totals.min()), int(totals.argmin()), True
    return chosen
