"""What stock is: statuses, moves that balance, and what counts as available.

A quantity is never edited; it is the sum of moves. Virtual locations (supplier, adjustment, in-transit,
carrier, customer) stand for the outside, so that every move has two ends and the whole always balances.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NO_LPN = 0  # never NULL: NULLs are not equal to each other and would escape UNIQUE


class Status(StrEnum):
    """Condition of stock; there are no others."""

    AVAILABLE = "available"
    QUARANTINE = "quarantine"
    DAMAGED = "damaged"
    HOLD = "hold"


class LocationKind(StrEnum):
    """What a location is for."""

    BIN = "bin"
    RESERVE = "reserve"
    FLOW_RACK = "flow_rack"
    STAGING = "staging"
    STATION = "station"
    DOCK = "dock"
    SHIP_LANE = "ship_lane"
    CART = "cart"
    QUARANTINE = "quarantine"
    HAND = "hand"
    VIRTUAL = "virtual"


STORAGE_KINDS = frozenset({LocationKind.BIN, LocationKind.RESERVE, LocationKind.FLOW_RACK})


class Access(StrEnum):
    """Which goods in a location can be reached first."""

    ANY = "any"
    FIFO = "fifo"
    LIFO = "lifo"


class Virtual(StrEnum):
    """Codes of the locations that stand for the outside."""

    SUPPLIER = "SUPPLIER"
    CUSTOMER = "CUSTOMER"
    ADJUSTMENT = "ADJUSTMENT"
    IN_TRANSIT = "IN-TRANSIT"
    CARRIER = "CARRIER"


class LpnKind(StrEnum):
    """What a handling unit's label is stuck to.

    A tote picked for several orders is a `batch` until it is sorted; what of it is one order's is a `share`, which
    stands in it. A `slot` is a compartment of a put wall.
    """

    NONE = "none"
    TOTE = "tote"
    CARTON = "carton"
    PALLET = "pallet"
    BATCH = "batch"
    SHARE = "share"
    SLOT = "slot"


@dataclass(frozen=True)
class Move:
    """`qty_each` of one layer from one place to another.

    `allocated_…_each` of them are promised to an order and stay promised at the other end; `sealed_…_each` of
    them lie in unopened cases. Fewer sealed at the end than at the start: cases were opened on the way. `why`
    is the reason code a person gave.
    """

    layer_id: int
    item_id: int
    from_location_id: int
    to_location_id: int
    qty_each: int
    reason: str
    from_lpn_id: int = NO_LPN
    to_lpn_id: int = NO_LPN
    from_status: str = Status.AVAILABLE
    to_status: str = Status.AVAILABLE
    allocated_from_each: int = 0
    allocated_to_each: int = 0
    order_id: int | None = None
    sealed_from_each: int = 0
    sealed_to_each: int = 0
    why: str = ""

    def __post_init__(self) -> None:
        if self.qty_each <= 0:
            raise ValueError(f"a move carries at least one each, not {self.qty_each}")
        if max(self.allocated_from_each, self.allocated_to_each) > self.qty_each:
            raise ValueError("more promised units than units moved")
        if not 0 <= self.sealed_to_each <= self.sealed_from_each <= self.qty_each and not self._is_arrival():
            raise ValueError("a case can be opened on the way, never sealed")
        here = (self.from_location_id, self.from_lpn_id, self.from_status)
        if here == (self.to_location_id, self.to_lpn_id, self.to_status):
            raise ValueError("a move that goes nowhere")

    def _is_arrival(self) -> bool:
        """From outside, cases come as sealed as the other side sealed them."""
        return self.sealed_from_each == 0 and self.sealed_to_each <= self.qty_each
