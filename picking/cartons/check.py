"""Whether a packing can be true, worked out piece by piece and without a word of the code that made it.

Owns the rules as a packer would measure them: inside the carton, nothing in the place of something else, bases
supported, nothing on what is fragile, heavy below light, no load above what bears it, no weight above the carton's.
Every piece is held against every other; NumPy only makes thousands of them bearable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from picking.cartons.problem import CartonProblem, Piece
from picking.cartons.result import CartonPlan, PackedCarton

_Corners = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Box:
    """One single piece where it lies."""

    piece: Piece
    low: tuple[int, int, int]
    high: tuple[int, int, int]

    def shared_mm2(self, other: _Box) -> int:
        """How much of the floor plan both stand over."""
        along = min(self.high[0], other.high[0]) - max(self.low[0], other.low[0])
        across = min(self.high[1], other.high[1]) - max(self.low[1], other.low[1])
        return along * across if along > 0 and across > 0 else 0


def faults_of_plan(problem: CartonProblem, plan: CartonPlan) -> list[str]:
    """Everything wrong with a plan, in words; empty when it can be packed as it says."""
    faults = []
    counted: Counter[str] = Counter()
    for packed in plan.cartons:
        counted.update(packed.contents())
    for left in plan.left_out:
        counted[left.name] += left.qty_each
    asked = {piece.name: piece.qty_each for piece in problem.pieces}
    if counted != asked:
        faults.append(f"packed and left out {dict(counted)}, asked for {asked}")
    if len(plan.cartons) < plan.bound_parcels:
        faults.append(f"{len(plan.cartons)} parcels are fewer than the bound of {plan.bound_parcels}")
    if len(plan.cartons) == plan.bound_parcels and plan.cost_minor < plan.bound_cost_minor:
        faults.append(f"the cost of {plan.cost_minor} is below the bound of {plan.bound_cost_minor}")
    for number, packed in enumerate(plan.cartons, 1):
        faults += [f"carton {number}: {fault}" for fault in faults_of_carton(problem, packed)]
    return faults


def faults_of_carton(problem: CartonProblem, packed: PackedCarton) -> list[str]:
    """Everything wrong with one carton, in words."""
    pieces = {piece.name: piece for piece in problem.pieces}
    boxes = _boxes(packed, pieces)
    low = np.array([box.low for box in boxes], np.int64).reshape(-1, 3)
    high = np.array([box.high for box in boxes], np.int64).reshape(-1, 3)
    faults = _wrong_places(packed, boxes) + _overlaps(boxes, low, high) + _wrong_weights(problem, packed, pieces)
    below = [_under(at, low, high) for at in range(len(boxes))]
    for box, under in zip(boxes, below, strict=True):
        faults += _wrong_rest(problem, box, [boxes[at] for at in under])
    if all(box.piece.max_load_g is None for box in boxes):
        return faults
    carried_g = _carried_g(boxes, below)
    for box, load_g in zip(boxes, carried_g, strict=True):
        if box.piece.max_load_g is not None and load_g > box.piece.max_load_g:
            faults.append(f"{box.piece.name} at {box.low} carries {load_g} g")
    return faults


def _boxes(packed: PackedCarton, pieces: dict[str, Piece]) -> list[_Box]:
    boxes = []
    for placement in packed.placements:
        size = (placement.along_mm, placement.across_mm, placement.upright_mm)
        for low in placement.each():
            high = (low[0] + size[0], low[1] + size[1], low[2] + size[2])
            boxes.append(_Box(pieces[placement.name], low, high))
    return boxes


def _wrong_places(packed: PackedCarton, boxes: Sequence[_Box]) -> list[str]:
    faults = []
    inside = (packed.carton.length_mm, packed.carton.width_mm, packed.carton.height_mm)
    for box in boxes:
        lies = (box.high[0] - box.low[0], box.high[1] - box.low[1], box.high[2] - box.low[2])
        if lies not in box.piece.turned():
            faults.append(f"{box.piece.name} lies as {lies}")
        if min(box.low) < 0 or any(end > limit for end, limit in zip(box.high, inside, strict=True)):
            faults.append(f"{box.piece.name} at {box.low} sticks out")
    return faults


def _overlaps(boxes: Sequence[_Box], low: _Corners, high: _Corners) -> list[str]:
    faults = []
    for at, box in enumerate(boxes):
        for other in np.flatnonzero(((low[at] < high[:at]) & (low[:at] < high[at])).all(axis=1)):
            there = boxes[int(other)]
            faults.append(f"{box.piece.name} at {box.low} is in the place of {there.piece.name} at {there.low}")
    return faults


def _under(at: int, low: _Corners, high: _Corners) -> list[int]:
    """The boxes whose tops this one's base touches."""
    is_level = high[:, 2] == low[at, 2]
    is_beneath = ((low[at, :2] < high[:, :2]) & (low[:, :2] < high[at, :2])).all(axis=1)
    return [int(other) for other in np.flatnonzero(is_level & is_beneath)]


def _wrong_weights(problem: CartonProblem, packed: PackedCarton, pieces: dict[str, Piece]) -> list[str]:
    faults = []
    contents = packed.contents()
    weight_g = sum(pieces[name].weight_g * qty_each for name, qty_each in contents.items())
    volume_mm3 = sum(pieces[name].volume_mm3 * qty_each for name, qty_each in contents.items())
    if weight_g != packed.contents_g or volume_mm3 != packed.contents_mm3:
        faults.append(f"holds {weight_g} g and {volume_mm3} mm³, says {packed.contents_g} and {packed.contents_mm3}")
    if weight_g > packed.carton.max_weight_g or weight_g + packed.carton.tare_g > problem.max_parcel_g:
        faults.append(f"weighs {weight_g} g without the carton")
    inside_mm3 = packed.carton.length_mm * packed.carton.width_mm * packed.carton.height_mm
    if packed.loose and volume_mm3 * 100 > inside_mm3 * problem.loose_percent:
        faults.append(f"is filled above {problem.loose_percent} % with goods of unknown size in it")
    if any(pieces[name].is_sized for name, _ in packed.loose):
        faults.append("a piece of known size lies nowhere")
    return faults


def _wrong_rest(problem: CartonProblem, box: _Box, under: Sequence[_Box]) -> list[str]:
    faults = []
    base_mm2 = (box.high[0] - box.low[0]) * (box.high[1] - box.low[1])
    held_mm2 = base_mm2 if box.low[2] == 0 else sum(box.shared_mm2(other) for other in under)
    if held_mm2 * 100 < base_mm2 * problem.support_percent:
        faults.append(f"{box.piece.name} at {box.low} is held on {held_mm2} of {base_mm2} mm²")
    for other in under:
        if other.piece.is_fragile:
            faults.append(f"{box.piece.name} at {box.low} lies on {other.piece.name}, which is fragile")
        if box.piece.weight_g >= problem.heavy_g and other.piece.weight_g < box.piece.weight_g:
            faults.append(f"{box.piece.name} at {box.low} is heavier than {other.piece.name} below it")
    return faults


def _carried_g(boxes: Sequence[_Box], below: Sequence[Sequence[int]]) -> list[int]:
    """What rests on each box, on it or on what stands on it, each counted in full: more than it really bears."""
    carried_g = [0] * len(boxes)
    for at in range(len(boxes)):
        reached: set[int] = set()
        waiting = list(below[at])
        while waiting:
            under = waiting.pop()
            if under not in reached:
                reached.add(under)
                waiting.extend(below[under])
        for under in reached:
            carried_g[under] += boxes[at].piece.weight_g
    return carried_g
