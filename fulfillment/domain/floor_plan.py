"""The words of a floor plan: where tours begin and end, why a stretch of an aisle is closed."""

from __future__ import annotations

from enum import StrEnum


class TourEnd(StrEnum):
    """What a place is to a tour."""

    START = "start"
    DROP = "drop"


class ClosedBecause(StrEnum):
    """Why nobody passes."""

    SPILL = "spill"
    PALLET = "pallet"
    TRUCK = "truck"
    WORKS = "works"
    OTHER = "other"


class Direction(StrEnum):
    """The one direction of a one-way aisle; up is towards higher y."""

    UP = "up"
    DOWN = "down"
