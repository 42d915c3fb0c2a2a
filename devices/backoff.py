"""How long to wait before trying again.

Owns the pauses between attempts, with decorrelated jitter: each is drawn between the first pause and three times the
last one, so that the benches of a floor do not all call the printer in the same moment after the power was back.
Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
Invariant: first_s <= every pause <= longest_s.
"""

from __future__ import annotations

import random


class Backoff:
    """next_s() → the next pause; reset() once all is well again."""

    def __init__(self, first_s: float, longest_s: float, dice: random.Random) -> None:
        if not 0 < first_s <= longest_s:
            raise ValueError(f"pauses from {first_s} to {longest_s} s")
        self._first_s, self._longest_s = first_s, longest_s
        self._dice = dice
        self._last_s = first_s

    def next_s(self) -> float:
        self._last_s = min(self._longest_s, self._dice.uniform(self._first_s, self._last_s * 3))
        return self._last_s

    def reset(self) -> None:
        self._last_s = self._first_s


def for_network(dice: random.Random) -> Backoff:
    """A device behind a network, or a driver that crashed: from 0.2 s to 30 s."""
    return Backoff(0.2, 30.0, dice)


def for_local_port(dice: random.Random) -> Backoff:
    """A port of this machine costs nothing to look at, and a person stands there with the plug in the hand."""
    return Backoff(0.1, 0.4, dice)
