"""Vocabulary of directed work."""

from __future__ import annotations

from enum import StrEnum


class WaveState(StrEnum):
    """A wave is planned off the request path, then walked."""

    PLANNING = "planning"
    RELEASED = "released"
    DONE = "done"


class TourState(StrEnum):
    """A tour waits for a cart, is walked, is done."""

    PLANNED = "planned"
    ACTIVE = "active"
    DONE = "done"


class TaskKind(StrEnum):
    """What a task asks for."""

    PUTAWAY = "putaway"
    PICK = "pick"
    PUT_BACK = "put_back"
    COUNT = "count"
    REPLENISH = "replenish"
    MOVE = "move"


class TaskState(StrEnum):
    """`short`: less was found than asked. `cancelled`: nobody needs it any more."""

    OPEN = "open"
    DONE = "done"
    SHORT = "short"
    CANCELLED = "cancelled"


class PickMode(StrEnum):
    """How the orders of a tour are picked: alone, an order a tote on one cart, together and sorted afterwards, or an
    order a tote on a cart that is handed from zone to zone."""

    SINGLE = "single"
    CLUSTER = "cluster"
    BATCH = "batch"
    ZONE = "zone"


class RefillReason(StrEnum):
    """Why goods are brought down: the face fell below its minimum, or orders wait for units out of reach."""

    MINIMUM = "minimum"
    DEMAND = "demand"
