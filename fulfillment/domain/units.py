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


def cases_to_open(wanted_each: int, on_hand_each: int, sealed_each: int, case_each: int) -> int:
    """How many sealed cases must be opened before `wanted_each` loose units lie there; never more than there are."""
    missing_each = wanted_each - (on_hand_each - sealed_each)
    if missing_each <= 0 or case_each <= 0:
        return 0
    return min(-(-missing_each // case_each), sealed_each // case_each)


def whole_cases_each(qty_each: int, sealed_each: int, case_each: int) -> int:
    """How many of `qty_each` can go as closed cases."""
    if case_each <= 0:
        return 0
    return min(qty_each // case_each, sealed_each // case_each) * case_each


class PackChange(StrEnum):
    """Why units stopped being sealed (or were found sealed) without going anywhere."""

    BREAK = "break"
    COUNT = "count"
