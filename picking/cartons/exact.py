"""A few pieces into one carton by CP-SAT: a packing, or the proof that there is none.

Owns the model: corners, turns, no overlap in three dimensions, bases held, nothing on what bears nothing. Its load
rule counts a piece on all that lies under it, so what it finds may be refused by `check` in rare cases; what it
proves impossible is proven without rules of load.
Invariant: never more pieces than `MOST_PIECES`, never later than its limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ortools.sat.python import cp_model

from picking.cartons.bounds import may_hold
from picking.cartons.problem import CartonProblem, CartonType, Piece
from picking.cartons.result import Placement

MOST_PIECES = 12


class Verdict(StrEnum):
    """What the solver says of one carton."""

    PACKED = "packed"
    IMPOSSIBLE = "impossible"
    OUT_OF_TIME = "out of time"


@dataclass(frozen=True, slots=True)
class Answer:
    """With the placements when it is PACKED."""

    verdict: Verdict
    placements: tuple[Placement, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lying:
    """The variables of one piece: corner, size as it lies, far corner."""

    piece: Piece
    low: tuple[Any, Any, Any]
    size: tuple[Any, Any, Any]
    high: tuple[Any, Any, Any]


def pack_exactly(
    problem: CartonProblem, carton: CartonType, wanted: Mapping[str, int], time_limit_ms: int, seed: int = 0
) -> Answer:
    """Pack at most MOST_PIECES sized pieces into one carton.

    Raises:
        ValueError: there are more pieces, or one has no size.
    """
    singles = [piece for piece in problem.pieces for _ in range(wanted.get(piece.name, 0))]
    if len(singles) > MOST_PIECES or not all(piece.is_sized for piece in singles):
        raise ValueError(f"up to {MOST_PIECES} pieces of known size, got {len(singles)}")
    if not may_hold(problem, carton, wanted):
        return Answer(Verdict.IMPOSSIBLE)
    model = cp_model.CpModel()
    inside = (carton.length_mm, carton.width_mm, carton.height_mm)
    boxes = [_add_piece(model, piece, inside) for piece in singles]
    if any(box is None for box in boxes):
        return Answer(Verdict.IMPOSSIBLE)
    lying = [box for box in boxes if box is not None]
    _keep_apart_and_hold(model, problem, lying, inside)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(time_limit_ms, 1) / 1000
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = 1  # two workers answer differently from run to run
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Answer(Verdict.IMPOSSIBLE)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(Verdict.OUT_OF_TIME)
    placements = [Placement(box.piece.name, *(solver.value(part) for part in (*box.low, *box.size))) for box in lying]
    placements.sort(key=lambda block: (block.z_mm, block.y_mm, block.x_mm))
    return Answer(Verdict.PACKED, tuple(placements))


def _add_piece(model: Any, piece: Piece, inside: tuple[int, int, int]) -> _Lying | None:
    ways = [way for way in piece.turned() if all(edge <= limit for edge, limit in zip(way, inside, strict=True))]
    if not ways:
        return None
    low, size, high = [], [], []
    for axis, limit in enumerate(inside):
        edges = sorted({way[axis] for way in ways})
        low.append(model.new_int_var(0, limit - edges[0], ""))
        size.append(model.new_int_var_from_domain(cp_model.Domain.from_values(edges), ""))
        high.append(model.new_int_var(0, limit, ""))
        model.add(high[axis] == low[axis] + size[axis])
    if len(ways) > 1:
        model.add_allowed_assignments(size, ways)
    return _Lying(piece, (low[0], low[1], low[2]), (size[0], size[1], size[2]), (high[0], high[1], high[2]))


def _keep_apart_and_hold(model: Any, problem: CartonProblem, lying: list[_Lying], inside: tuple[int, int, int]) -> None:
    held: list[list[Any]] = [[] for _ in lying]
    over: dict[tuple[int, int], Any] = {}
    for one in range(len(lying)):
        for other in range(one):
            apart = []
            for axis in range(3):
                for first, second in ((one, other), (other, one)):
                    before = model.new_bool_var("")
                    gap = 0
                    if axis == 2:
                        over[second, first] = before
                        # Nothing may touch what must not carry it: a millimetre of air between them.
                        gap = int(not _may_carry(problem, lying[first].piece, lying[second].piece))
                    model.add(lying[first].high[axis] + gap <= lying[second].low[axis]).only_enforce_if(before)
                    apart.append(before)
            model.add_bool_or(apart)
    for upper in range(len(lying)):
        for lower in range(len(lying)):
            if upper != lower and _may_carry(problem, lying[lower].piece, lying[upper].piece):
                held[upper].append(_contact_mm2(model, lying[upper], lying[lower], over[upper, lower], inside))
    for at, box in enumerate(lying):
        is_down = model.new_bool_var("")
        model.add(box.low[2] == 0).only_enforce_if(is_down)
        most_mm2 = inside[0] * inside[1]
        base_mm2 = model.new_int_var(1, most_mm2, "")
        model.add_multiplication_equality(base_mm2, [box.size[0], box.size[1]])
        model.add(100 * sum(held[at]) >= problem.support_percent * base_mm2).only_enforce_if(is_down.negated())
        limit_g = box.piece.max_load_g
        if limit_g is not None:
            others = [other for other in range(len(lying)) if other != at]
            model.add(sum(lying[other].piece.weight_g * over[other, at] for other in others) <= limit_g)


def _may_carry(problem: CartonProblem, lower: Piece, upper: Piece) -> bool:
    if lower.is_fragile or (lower.max_load_g is not None and upper.weight_g > lower.max_load_g):
        return False
    return upper.weight_g < problem.heavy_g or lower.weight_g >= upper.weight_g


def _contact_mm2(model: Any, upper: _Lying, lower: _Lying, is_over: Any, inside: tuple[int, int, int]) -> Any:
    """How much of the upper's base lies on the lower's top: at most the true figure, 0 where they do not touch."""
    touches = model.new_bool_var("")
    model.add_implication(touches, is_over)
    model.add(upper.low[2] == lower.high[2]).only_enforce_if(touches)
    shared = []
    for axis in range(2):
        length = model.new_int_var(0, inside[axis], "")
        for far, near in ((upper, lower), (lower, upper), (upper, upper), (lower, lower)):
            model.add(length <= far.high[axis] - near.low[axis]).only_enforce_if(touches)
        model.add(length == 0).only_enforce_if(touches.negated())
        shared.append(length)
    area_mm2 = model.new_int_var(0, inside[0] * inside[1], "")
    model.add_multiplication_equality(area_mm2, shared)
    return area_mm2
