"""Cartons: which types an order ships in, what goes into each, and how it lies there.

It knows millimetres and grams, no tables. Public names are below; everything else may change.

What brings OR-Tools and numba along is imported when it is first asked for: a process that prints, or a command that
lists, starts without them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from picking.cartons.problem import ANY_WAY_UP, THIS_WAY_UP, CartonProblem, CartonType, Piece
from picking.cartons.result import CartonPlan, LeftOut, PackedCarton, Placement

if TYPE_CHECKING:
    from picking.cartons.check import faults_of_carton, faults_of_plan
    from picking.cartons.choose import choose_cartons
    from picking.cartons.sizes import SizeChoice, propose_carton_types

_HOMES = {
    "picking.cartons.check": "faults_of_carton faults_of_plan",
    "picking.cartons.choose": "choose_cartons",
    "picking.cartons.sizes": "SizeChoice propose_carton_types",
}
"""Module to its public names."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names.split():
                globals()[name] = value = getattr(import_module(home), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ANY_WAY_UP",
    "THIS_WAY_UP",
    "CartonPlan",
    "CartonProblem",
    "CartonType",
    "LeftOut",
    "PackedCarton",
    "Piece",
    "Placement",
    "SizeChoice",
    "choose_cartons",
    "faults_of_carton",
    "faults_of_plan",
    "propose_carton_types",
]
