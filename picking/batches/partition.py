"""Choosing batches from a pool so that every order rides once and the walk is least.

Owns the linear program (GLOP), whose dual values say what an order is worth, and the set partitioning (SCIP), both
from OR-Tools. Orders may ride twice in the models: leaving a stop out never makes a walk longer, so a second ride is
dropped from whichever batch saves more by it. Refuses nothing.
Invariant: a plan given back covers every order exactly once.
"""

from __future__ import annotations

from collections.abc import Iterable

from ortools.linear_solver import pywraplp

Batch = int
"""A set of orders: bit i for order i."""


class Master:
    """The linear program over the pool, solved again whenever batches were added.

    `fewest`: no plan has fewer batches. Without that row the program rides with parts of carts, and a far depot makes
    its bound weak.
    """

    def __init__(self, orders: int, fewest: int) -> None:
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._rows = [self._solver.Constraint(1, self._solver.infinity()) for _ in range(orders)]
        self._rides = self._solver.Constraint(fewest, self._solver.infinity())
        self._solver.Objective().SetMinimization()
        self.known: set[Batch] = set()

    def add(self, batches: Iterable[tuple[Batch, int]]) -> int:
        """Take in batches with their costs; how many were new."""
        number = 0
        for batch, cost in batches:
            if batch in self.known:
                continue
            self.known.add(batch)
            number += 1
            variable = self._solver.NumVar(0, self._solver.infinity(), "")
            self._solver.Objective().SetCoefficient(variable, cost)
            self._rides.SetCoefficient(variable, 1)
            for order in orders_in(batch):
                self._rows[order].SetCoefficient(variable, 1)
        return number

    def worths(self) -> tuple[list[float], float]:
        """What one more ride of each order would be worth, and one more batch, in units of length.

        The pool must cover every order.
        """
        status = self._solver.Solve()
        if status != pywraplp.Solver.OPTIMAL:
            raise RuntimeError(f"the linear program over the pool ended with status {status}")
        return [max(0.0, row.dual_value()) for row in self._rows], max(0.0, self._rides.dual_value())


def cover(
    orders: int, fewest: int, pool: dict[Batch, int], plan: Iterable[Batch], time_limit_ms: int
) -> tuple[list[Batch], bool] | None:
    """The cheapest choice from the pool that covers every order, and whether that is proven; None without one in time.

    `plan` is a choice from the pool to start from; no plan has less than `fewest` batches.
    """
    solver = pywraplp.Solver.CreateSolver("SCIP")
    rows = [solver.Constraint(1, solver.infinity()) for _ in range(orders)]
    rides = solver.Constraint(fewest, solver.infinity())
    objective = solver.Objective()
    objective.SetMinimization()
    variables = []
    start = set(plan)
    for batch, cost in pool.items():
        variable = solver.BoolVar("")
        variables.append((batch, variable))
        objective.SetCoefficient(variable, cost)
        rides.SetCoefficient(variable, 1)
        for order in orders_in(batch):
            rows[order].SetCoefficient(variable, 1)
    solver.SetHint([variable for _, variable in variables], [float(batch in start) for batch, _ in variables])
    solver.SetTimeLimit(max(1, time_limit_ms))
    # The limit counts the processor's time: a busy machine does not make the plan worse.
    if not solver.SetSolverSpecificParametersAsString("timing/clocktype = 1\n"):
        raise RuntimeError("SCIP does not take its parameters")
    status = solver.Solve()
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        return None
    return [batch for batch, chosen in variables if chosen.solution_value() > 0.5], status == pywraplp.Solver.OPTIMAL


def orders_in(batch: Batch) -> list[int]:
    """The orders of a batch, ascending."""
    found = []
    while batch:
        low = batch & -batch
        found.append(low.bit_length() - 1)
        batch ^= low
    return found
