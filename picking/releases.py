"""The orders that are densest on the floor: most units for each aisle that has to be visited.

Owns the choice of orders and aisles when a wave may hold only so much. It refuses quantities and bounds that are
none, naming the field. Invariants: every chosen order can be filled wholly from the chosen aisles' stock together;
the weight lies within the bounds; a density said to be proven is the best there is.

Greedy (aisles by usable stock, orders filled largest first), annealing over sets of aisles, then the ratio by
Dinkelbach's loop with CP-SAT: on all of it when it is small, on a neighbourhood of aisles otherwise. The loop begins
from the annealed ratio: begun from nothing it is far slower than the greedy (40-95 % behind after a minute).
Sources: W. Dinkelbach, "On nonlinear fractional programming", Management Science 13(7), 1967; the problem is that of
the SBPO 2025 challenge (Mercado Livre).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from picking.errors import FieldError, check_whole

_MOST = 10**9
_Ints = npt.NDArray[np.int64]

GREEDY_COUNTS = 20
MOVES_AT_ONCE = 2_000
SMALL = 4_000
"""Orders and aisles together up to which CP-SAT is given all of it at once."""
NEAR_AISLES = 60
STEP_S = 8.0


@dataclass(frozen=True)
class ReleaseProblem:
    """Orders and aisles as pairs (item, units), items being whole numbers from 0.

    `weights` are what an order counts for in bounds and density; empty: its units. `least` and `most` bound the
    weight of what is released.
    """

    orders: tuple[tuple[tuple[int, int], ...], ...]
    aisles: tuple[tuple[tuple[int, int], ...], ...]
    least: int
    most: int
    weights: tuple[int, ...] = ()
    items: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        items = 0
        for name in ("orders", "aisles"):
            groups = getattr(self, name)
            if not isinstance(groups, tuple):
                raise FieldError(name, f"must be a tuple, got {type(groups).__name__}")
            for at, group in enumerate(groups):
                for item, units in group:
                    check_whole(f"{name}[{at}]", item, 0, 10**7)
                    check_whole(f"{name}[{at}]", units, 1, _MOST)
                    items = max(items, item + 1)
        check_whole("most", self.most, 0, _MOST)
        check_whole("least", self.least, 0, self.most)
        if self.weights and len(self.weights) != len(self.orders):
            raise FieldError("weights", f"must be one for each of {len(self.orders)} orders, got {len(self.weights)}")
        for at, weight in enumerate(self.weights):
            check_whole(f"weights[{at}]", weight, 1, _MOST)
        object.__setattr__(self, "items", items)

    def weight(self, order: int) -> int:
        return self.weights[order] if self.weights else sum(units for _, units in self.orders[order])


@dataclass(frozen=True, slots=True)
class ReleaseChoice:
    """Orders and aisles by their places in the problem; nothing when the least weight cannot be reached."""

    orders: tuple[int, ...]
    aisles: tuple[int, ...]
    weight: int
    solver: str
    is_proven: bool
    seed: int
    elapsed_ms: int

    @property
    def density(self) -> float:
        return self.weight / len(self.aisles) if self.aisles else 0.0


def choose_dense(problem: ReleaseProblem, time_limit_ms: int = 2_000, seed: int = 0) -> ReleaseChoice:
    """The densest release found within the limit (and the greedy step, which is always taken)."""
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    began = time.perf_counter()
    until = began + time_limit_ms / 1_000
    search = _Search(problem, seed)
    solver = "greedy"
    search.greedy()
    before = search.density()
    search.anneal(began + 0.4 * time_limit_ms / 1_000)
    if search.density() > before:
        solver = "annealing"
    before = search.density()
    is_proven = search.prove(until)
    if search.density() > before:
        solver = "cp_sat"
    orders, aisles = search.best
    weight = int(search.weights[orders].sum()) if len(orders) else 0
    return ReleaseChoice(
        tuple(int(order) for order in orders), tuple(int(aisle) for aisle in aisles), weight, solver, is_proven, seed,
        round((time.perf_counter() - began) * 1_000),
    )  # fmt: skip


class _Search:
    def __init__(self, problem: ReleaseProblem, seed: int) -> None:
        self.problem = problem
        self.random = np.random.default_rng(seed)
        self.seed = seed
        self.weights = np.array([problem.weight(order) for order in range(len(problem.orders))], np.int64)
        self.order_at, self.order_item, self.order_units = _rows(problem.orders)
        self.aisle_at, self.aisle_item, self.aisle_units = _rows(problem.aisles)
        # Large orders first fill the bound with few; the small ones after them close what is left.
        self.sequence = np.argsort(-self.weights, kind="stable").astype(np.int64)
        self.best: tuple[_Ints, _Ints] = (np.empty(0, np.int64), np.empty(0, np.int64))

    def density(self) -> float:
        orders, aisles = self.best
        return float(self.weights[orders].sum()) / len(aisles) if len(aisles) else 0.0

    def greedy(self) -> None:
        """Aisles ranked by the units of theirs that are asked for, so many of them, for about twenty numbers."""
        problem = self.problem
        if not problem.aisles or not problem.orders:
            return
        demand = np.zeros(problem.items, np.int64)
        np.add.at(demand, self.order_item, self.order_units)
        usable = np.minimum(self.aisle_units, demand[self.aisle_item])
        totals = np.array([usable[self.aisle_at[a] : self.aisle_at[a + 1]].sum() for a in range(len(problem.aisles))])
        ranked = np.argsort(-totals, kind="stable")
        counts = np.unique(np.geomspace(1, len(ranked), GREEDY_COUNTS).round().astype(int))
        for count in counts:
            self._take(ranked[:count].astype(np.int64))

    def _take(self, aisles: _Ints) -> None:
        """Fill orders from these aisles; kept when it is denser than the best."""
        from picking.release_kernel import fill

        stock = np.zeros(self.problem.items, np.int64)
        for aisle in aisles:
            at, end = self.aisle_at[aisle], self.aisle_at[aisle + 1]
            np.add.at(stock, self.aisle_item[at:end], self.aisle_units[at:end])
        chosen = np.zeros(len(self.weights), np.bool_)
        weight = fill(
            self.order_at, self.order_item, self.order_units, self.weights, self.sequence, stock, self.problem.most,
            chosen,
        )  # fmt: skip
        if weight >= self.problem.least and weight / len(aisles) > self.density():
            self.best = (np.flatnonzero(chosen), aisles)

    def anneal(self, until: float) -> None:
        from picking.release_kernel import anneal

        problem = self.problem
        if len(problem.aisles) < 2 or not problem.orders:
            return
        state = np.zeros(len(problem.aisles), np.bool_)
        start = self.best[1] if len(self.best[1]) else np.arange(len(problem.aisles))
        state[start] = True
        heat = 0.03
        round_ = 0
        while time.perf_counter() < until:
            kept = anneal(
                self.order_at, self.order_item, self.order_units, self.weights, self.sequence, self.aisle_at,
                self.aisle_item, self.aisle_units, problem.items, problem.least, problem.most, state, heat,
                MOVES_AT_ONCE if len(problem.orders) < 2_000 else MOVES_AT_ONCE // 10, self.seed + round_,
            )  # fmt: skip
            if kept.any():
                self._take(np.flatnonzero(kept).astype(np.int64))
            round_ += 1
            heat *= 0.97
            if heat < 0.0005:
                # Begun again from the best, warm: one cooling ends in one valley.
                heat = 0.02
                state[:] = False
                state[self.best[1]] = True

    def prove(self, until: float) -> bool:
        """Dinkelbach's loop: is there anything denser than the best? True when it is proven that there is not."""
        problem = self.problem
        is_small = len(problem.orders) + len(problem.aisles) <= SMALL
        while (left_s := until - time.perf_counter()) > 0.05 and len(self.best[1]):
            aisles = np.arange(len(problem.aisles)) if is_small else self._near()
            found = self._denser(aisles, left_s if is_small else min(left_s, STEP_S))
            if found is not None and is_small and not found:
                return True
            if found is None and is_small:
                return False
        return False

    def _near(self) -> _Ints:
        others = np.setdiff1d(np.arange(len(self.problem.aisles)), self.best[1])
        more = self.random.choice(others, min(NEAR_AISLES, len(others)), replace=False)
        return np.sort(np.concatenate([self.best[1], more])).astype(np.int64)

    def _denser(self, aisles: _Ints, limit_s: float) -> bool | None:
        """Look for a denser release within these aisles: True found, False there is none, None not known."""
        from ortools.sat.python import cp_model

        problem = self.problem
        supply: dict[int, list[tuple[int, int]]] = {}
        for number, aisle in enumerate(aisles):
            for item, units in problem.aisles[aisle]:
                supply.setdefault(item, []).append((number, units))
        total = {item: sum(units for _, units in pairs) for item, pairs in supply.items()}
        orders = [
            order for order, lines in enumerate(problem.orders)
            if all(total.get(item, 0) >= units for item, units in lines)
        ]  # fmt: skip
        model = cp_model.CpModel()
        visited = [model.new_bool_var(f"aisle {aisle}") for aisle in aisles]
        released = [model.new_bool_var(f"order {order}") for order in orders]
        demand: dict[int, list[tuple[int, int]]] = {}
        for number, order in enumerate(orders):
            for item, units in problem.orders[order]:
                demand.setdefault(item, []).append((number, units))
        for item, wanted in demand.items():
            model.add(
                cp_model.LinearExpr.weighted_sum([released[n] for n, _ in wanted], [u for _, u in wanted])
                <= cp_model.LinearExpr.weighted_sum([visited[n] for n, _ in supply[item]], [u for _, u in supply[item]])
            )
        weights = [int(self.weights[order]) for order in orders]
        weight = cp_model.LinearExpr.weighted_sum(released, weights)
        model.add_linear_constraint(weight, problem.least, problem.most)
        best_weight, best_aisles = int(self.weights[self.best[0]].sum()), len(self.best[1])
        # More than the ratio that is known: weight * aisles_best - weight_best * aisles > 0, whole numbers only.
        gain = best_aisles * weight - best_weight * cp_model.LinearExpr.sum(visited)
        model.maximize(gain)
        in_best, of_best = set(self.best[1].tolist()), set(self.best[0].tolist())
        for number, aisle in enumerate(aisles):
            model.add_hint(visited[number], int(aisle) in in_best)
        for number, order in enumerate(orders):
            model.add_hint(released[number], order in of_best)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self.seed
        solver.parameters.max_time_in_seconds = limit_s
        status = solver.solve(model)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) and solver.objective_value > 0:
            taken = np.array([a for n, a in enumerate(aisles) if solver.value(visited[n])], np.int64)
            chosen = np.array([o for n, o in enumerate(orders) if solver.value(released[n])], np.int64)
            self.best = (chosen, taken)
            return True
        return False if status in (cp_model.OPTIMAL, cp_model.INFEASIBLE) else None


def _rows(groups: tuple[tuple[tuple[int, int], ...], ...]) -> tuple[_Ints, _Ints, _Ints]:
    """Pairs as flat arrays: where each group begins, its items, its units."""
    at = np.zeros(len(groups) + 1, np.int64)
    at[1:] = np.cumsum([len(group) for group in groups])
    items = np.array([item for group in groups for item, _ in group], np.int64)
    units = np.array([units for group in groups for _, units in group], np.int64)
    return at, items, units
