"""How fast a simulated shift lives, how long hands take, and the two ways a worker stops."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

WALK_DM_PER_S = 12.0

@dataclass(frozen=True, slots=True)
class Handling:
    """How long a person's hands take, in seconds; with a ring scanner and a touch screen."""

    scan_s: float = 1.0
    key_s: float = 2.5
    take_first_s: float = 4.0
    take_more_s: float = 0.6
    put_s: float = 2.0
    stow_s: float = 8.0
    close_box_s: float = 15.0
    stick_label_s: float = 5.0
    load_parcel_s: float = 4.0
    count_sku_s: float = 10.0


class Pace:
    """How fast this shift lives: at `speed` times life, or (None) without walking and handling time."""

    def __init__(self, speed: float | None, stop: threading.Event) -> None:
        if speed is not None and speed <= 0:
            raise ValueError(f"speed {speed} stands still")
        self.speed = speed
        self.stop = stop

    @contextlib.contextmanager
    def hurry(self) -> Iterator[None]:
        """No walking and handling time while this lasts."""
        kept, self.speed = self.speed, None
        try:
            yield
        finally:
            self.speed = kept

    def spend(self, seconds: float) -> None:
        if self.speed is not None and seconds > 0:
            self.stop.wait(seconds / self.speed)

    @property
    def idle_s(self) -> float:
        # Nobody who waits asks more than a few times a second, however fast the shift lives: each asking is a
        # scan on record.
        return 0.02 if self.speed is None else min(1.0, max(0.3, 5.0 / self.speed))


class Stuck(RuntimeError):
    """A worker does not know how to go on at this screen. Carries what was seen."""


class ShiftOver(Exception):
    """The shift is being stopped; the worker drops everything where it is."""
