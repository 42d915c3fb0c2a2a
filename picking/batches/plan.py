"""The answer: which orders ride on which cart, how far all carts walk, and how far they must walk at least.

Owns nothing but the figures. Invariant: every piece of every order is in exactly one tote of exactly one batch; no
batch has more totes than the cart has positions; distance_dm is the sum of the batches' walks and never less than
lower_bound_dm.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from picking.batches.problem import BatchProblem
from picking.batches.totes import PackedTote, Part
from picking.errors import FieldError
from picking.layout import Spot
from picking.walkways import Walkways


@dataclass(frozen=True, slots=True)
class ClusterTote:
    """A tote at its position on the cart (from 1), for one order."""

    position: int
    order_id: str
    tote: PackedTote


@dataclass(frozen=True, slots=True)
class Batch:
    """One cart's tour. `stops` are distinct and sorted, `distance_dm` is their shortest walk: plan_tour orders them.

    Ranks are those of its most urgent order.
    """

    number: int
    totes: tuple[ClusterTote, ...]
    stops: tuple[Spot, ...]
    distance_dm: int
    cutoff_rank: int
    priority_rank: int
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a late order is put into: the parts of all orders; by part the number of its batch (int64[parts]) and
    where it picks (bool[parts, sub-aisles])."""

    parts: tuple[Part, ...]
    batch_of: npt.NDArray[np.int64]
    visits: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """`fifo_s_shape_dm`: the same orders first come, first served, each cart by S-shape. `bound`: where the lower
    bound comes from. `solver` names the search and what ended it.
    """

    problem: BatchProblem = field(repr=False)
    batches: tuple[Batch, ...]
    distance_dm: int
    lower_bound_dm: int
    fifo_s_shape_dm: int
    solver: str
    bound: str
    seed: int
    elapsed_ms: int
    filled: Filled = field(repr=False, compare=False)

    @property
    def saved_dm(self) -> int:
        """Walk saved against carts filled first come, first served and walked by S-shape."""
        return self.fifo_s_shape_dm - self.distance_dm

    @property
    def gap(self) -> float:
        """How much longer than the best possible plan this one is at most: 0.05 is 5 %."""
        return self.distance_dm / self.lower_bound_dm - 1 if self.lower_bound_dm else 0.0

    def summary(self) -> str:
        orders = len({tote.order_id for batch in self.batches for tote in batch.totes})
        lines = sum(len(order.lines) for order in self.problem.orders)
        words = (
            f"{_count(orders, 'order')} of {_count(lines, 'line')} on {_count(len(self.batches), 'cart')},"
            f" {self.distance_dm / 10:.1f} m"
        )
        if self.fifo_s_shape_dm:
            change = 100 * (self.distance_dm / self.fifo_s_shape_dm - 1)
            words += f" (first come, first served by S-shape {self.fifo_s_shape_dm / 10:.1f} m, {change:+.1f} %)"
        if self.distance_dm == self.lower_bound_dm:
            words += ", proven shortest"
        else:
            words += f", at most {100 * self.gap:.1f} % above the shortest ({self.bound})"
        return f"{words}; {self.solver}, seed {self.seed}, {self.elapsed_ms} ms"

    def picture(self, number: int = 1) -> str:
        """The tour of one batch, drawn as SVG text."""
        from picking.drawing import draw_tour
        from picking.graph_drawing import draw_walkways_tour
        from picking.problem import TourProblem
        from picking.solver import plan_tour

        stops = next((batch.stops for batch in self.batches if batch.number == number), None)
        if stops is None:
            raise FieldError("number", f"must be of one of {_count(len(self.batches), 'batch')}, got {number}")
        asked = self.problem
        if isinstance(asked.layout, Walkways):
            sequence = asked.layout.tour(asked.start, asked.end, stops).sequence
            return draw_walkways_tour(asked.layout, asked.start, sequence, asked.end)
        tour = plan_tour(TourProblem(asked.layout, asked.start, asked.end, stops))
        return draw_tour(asked.layout, asked.start, tour.sequence, asked.end)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}{'es' if word.endswith('ch') else 's'}"
