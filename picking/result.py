"""The answer: in which order to walk, how far that is, how far it would have been otherwise, and how far at least.

Owns nothing but the figures; whoever shows them chooses the words. Invariant: distance_dm is what replaying
the sequence on the problem gives, never less than lower_bound_dm, and never more than s_shape_dm unless the stops
have ranks: no rule of thumb keeps those.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from picking.errors import FieldError
from picking.layout import Spot
from picking.problem import TourProblem


@dataclass(frozen=True, slots=True)
class Tour:
    """`solver` names what made the sequence: none, exact, one_way, fast_tsp, ortools …, or s_shape with the reason why.

    No tour is shorter than `lower_bound_dm`; where it equals `distance_dm` the tour is proven shortest.
    """

    sequence: tuple[Spot, ...]
    distance_dm: int
    s_shape_dm: int
    location_order_dm: int
    solver: str
    seed: int
    elapsed_ms: int
    reason: str = ""
    lower_bound_dm: int = 0
    problem: TourProblem | None = field(default=None, repr=False, compare=False)

    @property
    def saved_dm(self) -> int:
        """Walk saved against picking in order of location names. Negative when names happen to be luckier."""
        return self.location_order_dm - self.distance_dm

    @property
    def is_shortest(self) -> bool:
        """Proven: no tour is shorter."""
        return self.distance_dm <= self.lower_bound_dm

    def summary(self) -> str:
        stops = "1 stop" if len(self.sequence) == 1 else f"{len(self.sequence)} stops"
        s_shape = f"S-shape {self.s_shape_dm / 10:.1f} m{_less(self.distance_dm, self.s_shape_dm)}; "
        words = (
            f"{stops}, {self.distance_dm / 10:.1f} m{self._proof()}"
            f" ({s_shape if self.s_shape_dm else ''}"
            f"location order {self.location_order_dm / 10:.1f} m"
            f"{_less(self.distance_dm, self.location_order_dm)}),"
            f" {self.solver}, seed {self.seed}, {self.elapsed_ms} ms"
        )
        return f"{words}; {self.reason}" if self.reason else words

    def picture(self) -> str:
        """The tour drawn on its floor, as SVG. Raises FieldError for a tour that does not know its floor."""
        from picking.drawing import draw_tour

        if self.problem is None:
            raise FieldError("problem", "is not known to this tour, so there is no floor to draw it on")
        return draw_tour(self.problem.layout, self.problem.start, self.sequence, self.problem.end)

    def _proof(self) -> str:
        if self.is_shortest:
            return ", proven shortest"
        if not self.lower_bound_dm:
            return ""
        above = 100 * (self.distance_dm - self.lower_bound_dm) / self.lower_bound_dm
        return f", at most {above:.1f} % above the shortest"


def _less(distance_dm: int, other_dm: int) -> str:
    if other_dm == 0:
        return ""
    return f", {100 * (distance_dm - other_dm) / other_dm:+.1f} %"
