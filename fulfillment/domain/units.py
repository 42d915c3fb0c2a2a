"""Units of measure and the integers that carry them."""

from __future__ import annotations

from enum import StrEnum


class Uom(StrEnum):
    """How goods are packed; quantities are always stored in eaches."""

    EACH = "each"
    INNER = "inner"
    CASE = "case"
    PALLET = "pallet"


def volume_ml(length_mm: int, width_mm: int, height_mm: int, qty_each: int = 1) -> int:
    """Volume of `qty_each` boxes in whole millilitres, rounded up: a bin never gets a fraction too much."""
    return -(-length_mm * width_mm * height_mm * qty_each // 1000)
