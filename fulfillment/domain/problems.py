"""What somebody on the floor can say is wrong where they stand, and what becomes of the card it makes."""

from __future__ import annotations

from enum import StrEnum


class ProblemKind(StrEnum):
    """What is wrong. Two touches name it; everything else the floor knows by itself."""

    PLACE_BLOCKED = "place_blocked"
    STOCK_DIFFERS = "stock_differs"
    UNREADABLE = "unreadable"
    DAMAGED_ITEM = "damaged_item"
    DEVICE = "device"
    UNSAFE = "unsafe"
    OTHER = "other"


class ProblemState(StrEnum):
    """A card is open, somebody has taken it up, it is closed."""

    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"
