"""What a scale says, whatever it speaks: whole grams and one state.

Owns Reading, Weighing (the states) and the exact conversion into grams.
Refuses a float: 0.1 + 0.2 g would fail a tolerance of nothing, and pounds are a fraction of a kilogram anyway.
Invariant: only a `stable` reading has grams that may decide anything; what is over, under or at fault has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

# International yard and pound agreement, 1959: the pound is 0.45359237 kg exactly.
_GRAMS: dict[str, Fraction] = {
    "mg": Fraction(1, 1000),
    "g": Fraction(1),
    "kg": Fraction(1000),
    "t": Fraction(1_000_000),
    "oz": Fraction(45_359_237, 1_600_000),
    "lb": Fraction(45_359_237, 100_000),
}
UNITS = frozenset(_GRAMS)
HEAVIEST_G = 50_000_000
"""Fifty tonnes: what claims to be heavier is a garbled digit, not a parcel."""


class Weighing(StrEnum):
    """How a scale is at a moment."""

    STABLE = "stable"
    MOVING = "moving"
    OVER = "over"  # more than it can weigh
    UNDER = "under"  # less than its zero: something was on it when it was switched on
    FAULT = "fault"  # it cannot weigh: not calibrated, broken, refused the question


class ReplyError(ValueError):
    """Bytes that are no reply a scale of this protocol gives."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer. `grams` is None where there is no weight to be had; `is_net` = a tare is taken off."""

    state: Weighing
    grams: int | None = None
    is_net: bool = False
    is_zero: bool = False
    detail: str = ""

    def __post_init__(self) -> None:
        if self.state is Weighing.STABLE and self.grams is None:
            raise ValueError("a stable reading has grams")
        if self.state in (Weighing.OVER, Weighing.UNDER, Weighing.FAULT) and self.grams is not None:
            raise ValueError(f"a reading that is {self.state} has no grams")


def grams_of(number: bytes, unit: str) -> int:
    """`b"  1.25"`, `"lb"` → 567: the nearest whole gram, ties to the even one.

    Raises:
        ReplyError: no decimal number, a unit nobody knows, or a weight beyond HEAVIEST_G.
    """
    text = number.strip()
    digits = (text[1:] if text[:1] in (b"+", b"-") else text).strip()
    if unit not in _GRAMS:
        raise ReplyError(f"unit {unit[:10]!r} is none of {', '.join(sorted(UNITS))}")
    if len(text) > 20 or not digits.replace(b".", b"", 1).isdigit():
        raise ReplyError(f"weight {text[:20]!r} is no decimal number")
    whole, _, part = digits.partition(b".")
    value = Fraction(int(whole + part), 10 ** len(part)) * _GRAMS[unit]
    grams = round(-value if text.startswith(b"-") else value)
    if abs(grams) > HEAVIEST_G:
        raise ReplyError(f"weight {text[:20]!r} {unit} is beyond any scale of a bench")
    return grams
