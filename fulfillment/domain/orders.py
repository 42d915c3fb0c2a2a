"""An order's life: its states, which step may follow which, and the state its quantities imply.

The state is a conclusion, not a wish: after every change the service counts what is ordered, promised,
picked, packed and shipped, and this module names the state those counts mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OrderState(StrEnum):
    """Lanes of the board, in the order goods pass them."""

    HOLD = "hold"
    WAITING = "waiting"
    ALLOCATED = "allocated"
    RELEASED = "released"
    PICKING = "picking"
    PICKED = "picked"
    PACKING = "packing"
    PACKED = "packed"
    LOADED = "loaded"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Policy(StrEnum):
    """What happens when an order cannot be filled whole."""

    SHIP_COMPLETE = "ship_complete"
    SHIP_PARTIAL = "ship_partial"


@dataclass(frozen=True)
class OrderCounts:
    """Sums over an order's demand and open work, all in eaches except the last three."""

    ordered_each: int
    cancelled_each: int
    allocated_each: int
    picked_each: int
    packed_each: int
    shipped_each: int
    open_tasks: int = 0
    started_tasks: int = 0
    open_parcels: int = 0
    parcels_not_loaded: int = 0


def state_of(counts: OrderCounts, policy: str, *, on_hold: bool, is_cancelled: bool) -> OrderState:
    """The state these counts mean. `allocated_each` and the rest are cumulative: picked ⊆ allocated …"""
    wanted_each = counts.ordered_each - counts.cancelled_each
    if is_cancelled:
        return OrderState.CANCELLED
    # An order held for SKUs nobody knows wants nothing yet: that is not the same as having it all.
    if wanted_each == counts.shipped_each and not (on_hold and wanted_each == 0):
        return OrderState.SHIPPED
    if counts.open_tasks:
        return OrderState.PICKING if counts.started_tasks else OrderState.RELEASED
    in_totes_each = counts.picked_each - counts.packed_each
    in_parcels_each = counts.packed_each - counts.shipped_each
    promised_each = counts.allocated_each - counts.picked_each
    if (in_totes_each or in_parcels_each) and policy == Policy.SHIP_COMPLETE and counts.picked_each < wanted_each:
        # A whole order waits for its missing units with what is already in its totes and parcels.
        return OrderState.ALLOCATED if promised_each else OrderState.WAITING
    if counts.open_parcels or (in_parcels_each and in_totes_each):
        return OrderState.PACKING
    if in_totes_each:
        return OrderState.PICKED
    if in_parcels_each:
        return OrderState.PACKED if counts.parcels_not_loaded else OrderState.LOADED
    if on_hold:
        return OrderState.HOLD
    return OrderState.ALLOCATED if promised_each else OrderState.WAITING


def may_allocate(policy: str, missing_each: int, free_each: int) -> bool:
    """Whether to promise stock now: a whole order only when all of it is there, a partial one with any."""
    return free_each >= missing_each if policy == Policy.SHIP_COMPLETE else free_each > 0
