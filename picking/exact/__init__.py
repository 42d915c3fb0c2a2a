"""Exact tours on a floor of aisles: dynamic programming over connectivity states, compiled.

`exact_length_dm` and `exact_tour` are called from Python; `kernel.sweep` and `walk.shortest_tour` from compiled code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picking.exact.tour import exact_length_dm, exact_tour

__all__ = ["compile_all", "exact_length_dm", "exact_tour"]


def compile_all() -> str:
    """Compiles what a tour needs and keeps it on disk, so that no worker waits for it; in words, where it lies."""
    from picking.exact.native import compile_kernels

    file = compile_kernels()
    return "compiled, but no folder may be written to: every process compiles anew" if file is None else str(file)


def __getattr__(name: str) -> Any:
    # When first asked for: `picking.compiled` takes the tables from this package, and the tours need it themselves.
    if name in ("exact_length_dm", "exact_tour"):
        from picking.exact import tour

        return getattr(tour, name)
    raise AttributeError(name)
