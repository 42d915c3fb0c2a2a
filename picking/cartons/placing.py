"""Pieces into one carton by heuristic: several orders, several rules of place, the kernel does the rest.

Owns which tries are made and in which order, so that the same question and seed give the same answer. It refuses
nothing: what does not fit is simply not placed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from picking.cartons import kernel
from picking.cartons.problem import CartonProblem, CartonType, Piece
from picking.cartons.result import Placement

RANDOM_ORDERS = 3


@dataclass(frozen=True, slots=True)
class Try:
    """One way to fill a carton: the order pieces go in (by name) and the kernel's rule of place."""

    order: tuple[str, ...]
    rule: int


class Filler:
    """The pieces of a question, laid out for the kernel once."""

    def __init__(self, problem: CartonProblem) -> None:
        self._problem = problem
        self.pieces = tuple(piece for piece in problem.pieces if piece.is_sized)
        self._row_of = {piece.name: row for row, piece in enumerate(self.pieces)}
        ways = [piece.turned() for piece in self.pieces]
        self._kinds = np.zeros((len(self.pieces), 4), np.int64)
        self._turned = np.zeros((len(self.pieces), 6, 3), np.int64)
        for row, piece in enumerate(self.pieces):
            self._kinds[row] = (piece.weight_g, _load(piece), piece.qty_each, len(ways[row]))
            self._turned[row, : len(ways[row])] = ways[row]
        self._blocks = np.zeros((kernel.MOST_BLOCKS, 10), np.int64)

    def fill(self, carton: CartonType, wanted: Mapping[str, int], attempt: Try) -> list[Placement]:
        """Place what fits of `wanted` (eaches by name)."""
        kinds = self._kinds.copy()
        kinds[:, kernel.QTY] = 0
        for name, qty_each in wanted.items():
            kinds[self._row_of[name], kernel.QTY] = qty_each
        order = np.array([self._row_of[name] for name in attempt.order if wanted.get(name)], np.int64)
        box = np.array((carton.length_mm, carton.width_mm, carton.height_mm), np.int64)
        problem = self._problem
        count = kernel.fill(
            box, problem.bears_g(carton), kinds, self._turned, order, attempt.rule, problem.support_percent,
            problem.heavy_g, self._blocks,
        )  # fmt: skip
        placements = [
            Placement(self.pieces[row[0]].name, *row[1:]) for row in self._blocks[:count].tolist()
        ]  # fmt: skip
        return sorted(placements, key=lambda block: (block.z_mm, block.y_mm, block.x_mm))

    def tries(self, names: Sequence[str], seed: int) -> Iterator[Try]:
        """The fixed orders with each rule, the most promising first, then some drawn by the seed."""
        pieces = [piece for piece in self.pieces if piece.name in set(names)]
        orders = dict.fromkeys(self._ordered(pieces, key) for key in _KEYS)
        yield from (Try(order, rule) for order in orders for rule in kernel.RULES)
        if len(pieces) < 2:
            return
        drawn = random.Random(seed)
        for _ in range(RANDOM_ORDERS):
            blurred = {piece: -piece.volume_mm3 * drawn.uniform(0.5, 1.5) for piece in pieces}
            order = self._ordered(pieces, blurred.__getitem__)
            yield from (Try(order, rule) for rule in kernel.RULES)

    def _ordered(self, pieces: Sequence[Piece], key: Callable[[Piece], float]) -> tuple[str, ...]:
        def place(piece: Piece) -> tuple[tuple[int, int], float, str]:
            return (_goes_late(piece, self._problem), key(piece), piece.name)

        return tuple(piece.name for piece in sorted(pieces, key=place))


@cache
def warm() -> None:
    """Have the compiled kernel ready; reading it from its cache on disk must not eat the limit of the first order."""
    probe = CartonProblem((CartonType("-", 1, 1, 1, 1),), (Piece("-", 1, 1, 1),))
    Filler(probe).fill(probe.types[0], {"-": 1}, Try(("-",), kernel.LOWEST))


def _load(piece: Piece) -> int:
    if piece.is_fragile:
        return kernel.NOTHING_ON_IT
    return kernel.NO_LIMIT if piece.max_load_g is None else piece.max_load_g


def _goes_late(piece: Piece, problem: CartonProblem) -> tuple[int, int]:
    """What bears nothing must not take the floor; what is heavy needs it."""
    if piece.is_fragile:
        return (2, 0)
    is_weak = piece.max_load_g is not None and piece.max_load_g < 2 * max(piece.weight_g, 1)
    # Heavy pieces rest on heavier ones only, so among them weight decides.
    return (1, 0) if is_weak else (0, -piece.weight_g if piece.weight_g >= problem.heavy_g else 0)


def _longest(piece: Piece) -> int:
    return max(piece.length_mm, piece.width_mm, piece.height_mm)


def _base(piece: Piece) -> int:
    return piece.volume_mm3 // min(piece.length_mm, piece.width_mm, piece.height_mm)


_KEYS: tuple[Callable[[Piece], float], ...] = (
    lambda piece: -piece.volume_mm3,
    lambda piece: -_longest(piece),
    lambda piece: -_base(piece),
    lambda piece: -piece.volume_mm3 * piece.qty_each,
)
