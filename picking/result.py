"""The answer: in which order to walk, how far that is, and how far it would have been otherwise.

Owns nothing but the figures; whoever shows them chooses the words. Invariant: distance_dm is what replaying
the sequence on the problem gives, and is never more than s_shape_dm.
"""

from __future__ import annotations

from dataclasses import dataclass

from picking.layout import Spot


@dataclass(frozen=True, slots=True)
class Tour:
    """`solver` names what made the sequence: none, held_karp, ortools, or s_shape with the reason why."""

    sequence: tuple[Spot, ...]
    distance_dm: int
    s_shape_dm: int
    location_order_dm: int
    solver: str
    seed: int
    elapsed_ms: int
    reason: str = ""

    @property
    def saved_dm(self) -> int:
        """Walk saved against picking in order of location names. Negative when names happen to be luckier."""
        return self.location_order_dm - self.distance_dm

    def summary(self) -> str:
        stops = "1 stop" if len(self.sequence) == 1 else f"{len(self.sequence)} stops"
        words = (
            f"{stops}, {self.distance_dm / 10:.1f} m"
            f" (S-shape {self.s_shape_dm / 10:.1f} m{_less(self.distance_dm, self.s_shape_dm)};"
            f" location order {self.location_order_dm / 10:.1f} m"
            f"{_less(self.distance_dm, self.location_order_dm)}),"
            f" {self.solver}, seed {self.seed}, {self.elapsed_ms} ms"
        )
        return f"{words}; {self.reason}" if self.reason else words


def _less(distance_dm: int, other_dm: int) -> str:
    if other_dm == 0:
        return ""
    return f", {100 * (distance_dm - other_dm) / other_dm:+.1f} %"
