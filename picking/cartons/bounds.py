"""What no packing can beat: parcels and cost by volume and weight alone.

Owns the arithmetic of lower bounds. Invariant: a bound may be too low, never too high; `check.faults_of_plan`
compares each plan with its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from picking.cartons.problem import CartonProblem, CartonType, Piece


def may_lie_in(problem: CartonProblem, carton: CartonType, piece: Piece) -> bool:
    """Whether one piece alone goes into a carton of this type."""
    if piece.weight_g > problem.bears_g(carton):
        return False
    if not piece.is_sized:
        return piece.volume_ml * 100 <= carton.volume_ml * problem.loose_percent
    return any(
        along <= carton.length_mm and across <= carton.width_mm and upright <= carton.height_mm
        for along, across, upright in piece.turned()
    )


def least_parcels(problem: CartonProblem, wanted: Mapping[str, int]) -> int:
    """Fewest parcels for these eaches by name: by volume, by weight, and by pieces no two of which share a parcel."""
    pieces = {piece.name: piece for piece in problem.pieces}
    if not any(wanted.values()):
        return 0
    most_mm3 = max(_inside_mm3(carton) for carton in problem.types)
    most_g = max(problem.bears_g(carton) for carton in problem.types)
    volume_mm3 = sum(pieces[name].volume_mm3 * qty_each for name, qty_each in wanted.items())
    weight_g = sum(pieces[name].weight_g * qty_each for name, qty_each in wanted.items())
    bulky = sum(qty_each for name, qty_each in wanted.items() if 2 * pieces[name].volume_mm3 > most_mm3)
    heavy = sum(qty_each for name, qty_each in wanted.items() if 2 * pieces[name].weight_g > most_g)
    return max(1, -(-volume_mm3 // most_mm3), -(-weight_g // most_g), bulky, heavy)


def least_cost_minor(problem: CartonProblem, wanted: Mapping[str, int]) -> int:
    """The least these eaches cost in any number of parcels: of one carton that may hold all, or by the litre."""
    pieces = {piece.name: piece for piece in problem.pieces}
    if not any(wanted.values()):
        return 0
    single = [carton.cost_minor for carton in problem.types if may_hold(problem, carton, wanted)]
    volume_mm3 = sum(pieces[name].volume_mm3 * qty_each for name, qty_each in wanted.items())
    by_volume = min(
        -(-volume_mm3 * carton.cost_minor // _inside_mm3(carton)) for carton in problem.types
    )  # fmt: skip
    several = max(by_volume, 2 * min(carton.cost_minor for carton in problem.types))
    return min([several, *single])


def may_hold(problem: CartonProblem, carton: CartonType, wanted: Mapping[str, int]) -> bool:
    """Whether volume, weight and each piece alone leave it possible that all of it goes into one."""
    weight_g, volume_mm3, is_loose = 0, 0, False
    for piece in problem.pieces:
        qty_each = wanted.get(piece.name, 0)
        if not qty_each:
            continue
        if not may_lie_in(problem, carton, piece):
            return False
        weight_g += piece.weight_g * qty_each
        volume_mm3 += piece.volume_mm3 * qty_each
        is_loose |= not piece.is_sized
    share = problem.loose_percent if is_loose else 100
    return weight_g <= problem.bears_g(carton) and volume_mm3 * 100 <= _inside_mm3(carton) * share


def _inside_mm3(carton: CartonType) -> int:
    return carton.length_mm * carton.width_mm * carton.height_mm
