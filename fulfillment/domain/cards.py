"""The order board: which drag of a card is which command, and in words of ours why another one is none.

A card stands in the column of its order's state. Nothing moves it but a command of the order's own state machine or a
scan; this table says which of them a drag means. Invariant: every pair of columns is either a command or a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fulfillment.domain.orders import OrderState


class CardAct(StrEnum):
    """The command a move means."""

    HOLD = "hold"
    GO_ON = "go_on"
    RELEASE = "release"
    CANCEL = "cancel"
    PRIORITY = "priority"


class MoveRefused(StrEnum):
    """Why a card stays where it is."""

    SAME_COLUMN = "same_column"
    BY_SCAN = "by_scan"
    NEEDS_STOCK = "needs_stock"
    HELD = "held"
    PROMISED = "promised"
    IN_WAVE = "in_wave"
    HAS_PARCELS = "has_parcels"
    GONE = "gone"
    STAYS_CANCELLED = "stays_cancelled"
    FIXED_LANE = "fixed_lane"
    STALE = "stale"
    BLOCKED = "blocked"
    WAITS_FOR_REFILL = "waits_for_refill"
    WAITS_FOR_OPENING = "waits_for_opening"


class BlockedBecause(StrEnum):
    """What somebody waits for before an order can go on."""

    PAYMENT = "payment"
    ADDRESS = "address"
    GOODS = "goods"
    FRAUD = "fraud"
    CUSTOMS = "customs"
    CUSTOMER = "customer"
    OTHER = "other"


class EntryKind(StrEnum):
    """What an entry of a card's history is about."""

    COMMENT = "comment"
    OWNER = "owner"
    DUE = "due"
    LABELS = "labels"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    MOVED = "moved"


class Swimlane(StrEnum):
    """What the board's rows are."""

    NONE = "none"
    CHANNEL = "channel"
    PRIORITY = "priority"
    CUT_OFF = "cut_off"


class Urgency(StrEnum):
    """A priority as people say it."""

    URGENT = "urgent"
    NORMAL = "normal"
    LOW = "low"


PRIORITY_OF: Mapping[str, int] = {Urgency.URGENT: 10, Urgency.NORMAL: 0, Urgency.LOW: -10}

FINISHED = (OrderState.SHIPPED, OrderState.CANCELLED)
OPEN = tuple(state for state in OrderState if state not in FINISHED)
"""Columns with cards that somebody still has to do something about; only these have a limit."""

_STOP = {OrderState.CANCELLED: CardAct.CANCEL}
_WAYS: Mapping[OrderState, Mapping[OrderState, CardAct]] = {
    # Whether its goods are there is found out when it goes on: either column means the same.
    OrderState.HOLD: {OrderState.WAITING: CardAct.GO_ON, OrderState.ALLOCATED: CardAct.GO_ON, **_STOP},
    OrderState.WAITING: {OrderState.HOLD: CardAct.HOLD, **_STOP},
    OrderState.ALLOCATED: {OrderState.HOLD: CardAct.HOLD, OrderState.RELEASED: CardAct.RELEASE, **_STOP},
    OrderState.RELEASED: _STOP,
    OrderState.PICKING: _STOP,
    OrderState.PICKED: _STOP,
    OrderState.PACKING: _STOP,  # while nothing is in its parcel; the order itself knows
}
_SAID_BY_SCANS = frozenset(
    {
        OrderState.PICKING, OrderState.PICKED, OrderState.PACKING, OrderState.PACKED, OrderState.LOADED,
        OrderState.SHIPPED,
    }
)  # fmt: skip


def ways(state: str) -> Mapping[OrderState, CardAct]:
    """Where a card of this column may be dragged, and which command each is."""
    return _WAYS.get(OrderState(state), {})


def decide_move(state: str, to: str) -> CardAct | MoveRefused:
    """What dragging a card from column `state` to column `to` means."""
    here, there = OrderState(state), OrderState(to)
    return ways(here).get(there) or _why_not(here, there)


def urgency_of(priority: int) -> Urgency:
    """A priority in words."""
    return Urgency.URGENT if priority > 0 else Urgency.LOW if priority < 0 else Urgency.NORMAL


def _why_not(here: OrderState, there: OrderState) -> MoveRefused:
    if here == there:
        return MoveRefused.SAME_COLUMN
    if here == OrderState.SHIPPED:
        return MoveRefused.GONE
    if here == OrderState.CANCELLED:
        return MoveRefused.STAYS_CANCELLED
    if there == OrderState.CANCELLED:
        return MoveRefused.HAS_PARCELS
    if there in _SAID_BY_SCANS:
        return MoveRefused.BY_SCAN
    if here == OrderState.HOLD:
        return MoveRefused.HELD
    if here == OrderState.WAITING:
        return MoveRefused.NEEDS_STOCK
    return MoveRefused.PROMISED if here == OrderState.ALLOCATED else MoveRefused.IN_WAVE
