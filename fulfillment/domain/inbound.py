"""What arrives: its vocabulary, which line of a receipt takes what was scanned, which layer a return was of.

Pure. Refuses handling units that stand on nothing announced or on one another in a circle. Invariant: what
the parts of an answer add up to, with what was over, is what was asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.reasons import DomainError


class ReceiptKind(StrEnum):
    """Why goods arrive: announced by the supplier, ordered only, not known of, from a customer, from ourselves."""

    ASN = "asn"
    PURCHASE = "purchase"
    BLIND = "blind"
    RETURN = "return"
    TRANSFER = "transfer"


class ReceiptState(StrEnum):
    """A closed receipt takes nothing more in."""

    OPEN = "open"
    CLOSED = "closed"


class UnitState(StrEnum):
    """A handling unit of an ASN: announced, then received in one scan or piece by piece."""

    ANNOUNCED = "announced"
    ARRIVED = "arrived"


class Difference(StrEnum):
    """How what came differs from what was announced."""

    OVER = "over"
    SHORT = "short"
    DAMAGED = "damaged"
    UNANNOUNCED = "unannounced"


class ReturnDating(StrEnum):
    """Which day a returned unit counts from: the day its layer first came, or the day it came back."""

    ORIGINAL = "original"
    TODAY = "today"


class TransferState(StrEnum):
    """Stock for another warehouse: asked for, on its way, arrived there."""

    OPEN = "open"
    SENT = "sent"
    RECEIVED = "received"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Expected:
    """A line of a receipt that may take what was scanned; '' for lot, expiry or day = the line does not say."""

    line_id: int
    lot: str
    expiry_on: str
    received_on: str
    announced_each: int
    left_each: int


@dataclass(frozen=True)
class Shipped:
    """Units of one layer that left for a customer and have not come back."""

    layer_id: int
    received_on: str
    lot: str
    expiry_on: str
    serial: str
    left_each: int


def fill_lines(lines: Iterable[Expected], qty_each: int) -> tuple[list[tuple[Expected, int]], int]:
    """Which lines take how much, the oldest day first, and how much none of them expects."""
    parts = []
    for line in sorted(lines, key=lambda line: (line.received_on, line.line_id)):
        part_each = min(qty_each, line.left_each)
        if part_each > 0:
            parts.append((line, part_each))
            qty_each -= part_each
    return parts, qty_each


def is_told(lines: Sequence[Expected], of: str) -> bool:
    """Whether the lines say which lot (or expiry date) these goods have: all of them one and the same."""
    said = {getattr(line, of) for line in lines}
    return len(said) == 1 and "" not in said


def came_from(
    shipped: Iterable[Shipped], qty_each: int, lot: str = "", serial: str = ""
) -> tuple[list[tuple[Shipped, int]], int]:
    """Which layers returned goods were of: that serial, else that lot, the oldest first; and how many the
    customer never got from us."""
    parts = []
    fitting = [part for part in shipped if part.serial == serial and lot in ("", part.lot)]
    for part in sorted(fitting, key=lambda part: (part.received_on, part.layer_id)):
        part_each = min(qty_each, part.left_each)
        if part_each > 0:
            parts.append((part, part_each))
            qty_each -= part_each
    return parts, qty_each


def sealed_on_arrival(qty_each: int, pack_each: int, case_each: int) -> int:
    """How many of the units arrive in closed cases: a pack of another size than the layer's case counts as loose."""
    return qty_each - qty_each % case_each if pack_each > 1 and pack_each == case_each else 0


def parents_first(parent_of: Mapping[str, str]) -> list[str]:
    """Handling units in an order in which each comes after the one it stands on ('' = on the floor).

    Raises:
        DomainError: a unit stands on one that is not announced, or on itself by way of others.
    """
    for sscc, parent in parent_of.items():
        if parent and parent not in parent_of:
            raise DomainError("unknown_parent", f"{sscc} stands on {parent}, which is not announced", "parent_sscc")
    ordered: list[str] = []
    placed: set[str] = set()
    while len(ordered) < len(parent_of):
        ready = [s for s, parent in parent_of.items() if s not in placed and (not parent or parent in placed)]
        if not ready:
            raise DomainError("circular_units", "handling units stand on one another in a circle", "parent_sscc")
        ordered += ready
        placed |= set(ready)
    return ordered


class InboundState(StrEnum):
    """How far a receipt has come: the columns of the inbound board."""

    ANNOUNCED = "announced"
    ARRIVING = "arriving"
    RECEIVING = "receiving"
    PUTAWAY = "putaway"
    DONE = "done"


def inbound_state(*, is_closed: bool, is_begun: bool, is_stocked: bool, due_on: str, today: str) -> InboundState:
    """Where a receipt stands. `is_stocked`: nothing of it is at a dock any more; days are ISO 8601, '' = none told."""
    if is_closed:
        return InboundState.DONE if is_stocked else InboundState.PUTAWAY
    if is_begun:
        return InboundState.RECEIVING
    return InboundState.ARRIVING if due_on and due_on <= today else InboundState.ANNOUNCED
