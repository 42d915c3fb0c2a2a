"""What a wave may take, and what a tote holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.orders import OrderState

# An order joins a wave only from here: promised, and no work on it under way.
RELEASABLE = frozenset({OrderState.ALLOCATED})

# A 60 x 40 x 32 cm tote holds 60 l; goods of mixed shape fill some four fifths of it.
TOTE_VOLUME_ML = 48_000
TOTE_WEIGHT_G = 18_000

MAX_WAVE_ORDERS = 1_000


def ranks(values: list[int]) -> dict[int, int]:
    """Each distinct value's place, lowest first: orders of one departure share a rank."""
    return {value: place for place, value in enumerate(sorted(set(values)))}


class ProposalState(StrEnum):
    """A proposed wave from being asked for to being released or overtaken."""

    PLANNING = "planning"
    READY = "ready"
    RELEASED = "released"
    REPLACED = "replaced"
    FAILED = "failed"


@dataclass(frozen=True)
class WaveChoice:
    """Which open orders somebody wants in a wave: those every given condition holds for, the most urgent first.

    `until_ms` is of the cut-off (None: any), `zone` of every bin an order is promised from, `min_priority` None: any.
    `mode`: how they are picked, '' = as costs least.
    """

    until_ms: int | None = None
    carrier: str = ""
    channel: str = ""
    zone: str = ""
    min_priority: int | None = None
    max_orders: int = MAX_WAVE_ORDERS
    mode: str = ""
