"""How long the work of a tour takes besides thinking: walking, picking, making ready, sorting, handing over.

Owns the one set of figures that modes, waves and forecasts reckon with. It refuses times that are no whole
milliseconds. Invariant: every time is rounded up, so that a plan never promises time that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from picking.errors import check_whole

_HOUR_MS = 3_600_000

CART_AS_TOTES = 6
"""Fetching a cart and bringing it back takes about as long as putting six totes on it."""


@dataclass(frozen=True, slots=True)
class HandlingTimes:
    """Times of one pair of hands, in milliseconds, and the speed of a walk with a cart.

    `pick_line_ms` is reaching, reading and scanning at one stop for one line; `pick_each_ms` is for each
    piece. `cart_ms` is fetching and bringing back a cart, `tote_ms` is putting one tote on it and scanning
    it. `sort_each_ms` is one piece put into a slot of the wall, `clear_slot_ms` is taking a complete order
    out of its slot. `hand_over_ms` is giving one tote from zone to zone.
    """

    walk_mm_per_s: int = 1_000
    pick_line_ms: int = 8_000
    pick_each_ms: int = 1_500
    cart_ms: int = 60_000
    tote_ms: int = 10_000
    sort_each_ms: int = 3_000
    clear_slot_ms: int = 8_000
    hand_over_ms: int = 5_000

    def __post_init__(self) -> None:
        check_whole("walk_mm_per_s", self.walk_mm_per_s, 1, 100_000)
        for part in fields(self):
            if part.name != "walk_mm_per_s":
                check_whole(part.name, getattr(self, part.name), 0, _HOUR_MS)

    def walk_ms(self, distance_dm: int) -> int:
        """How long a walk of so many decimetres takes."""
        return -(-distance_dm * 100 * 1_000 // self.walk_mm_per_s)

    def pick_ms(self, lines: int, qty_each: int) -> int:
        """How long so many lines with so many pieces take at the bins."""
        return lines * self.pick_line_ms + qty_each * self.pick_each_ms

    def set_up_ms(self, totes: int) -> int:
        """How long a cart with so many totes takes to be made ready and brought back."""
        return self.cart_ms + totes * self.tote_ms
