"""The units in a picker's hand of which is known what they are, and what the screen tells of those left lying.

A plain code only counts; a code that says lot, expiry or serial, and any scan among closed cases, is judged in
the transaction and remembered here. `memory` keeps it as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.flows.step import ItemRead, Memory


@dataclass(frozen=True)
class Sealed:
    """Closed cases lying at a stop, beside the units that lie loose there."""

    case_each: int
    loose_each: int
    cases: int

    def view(self) -> dict[str, int]:
        """For `step.fields`."""
        return {"case_each": self.case_each, "loose_each": self.loose_each, "cases": self.cases}


@dataclass(frozen=True)
class Oldest:
    """What to take: the oldest left at a stop, as its label tells it. `is_alone`: nothing newer lies beside it.

    `qty_each`: how many bear this label here.
    """

    received_on: str
    lot: str = ""
    expiry_on: str = ""
    serial: str = ""
    is_alone: bool = True
    qty_each: int = 0

    def view(self, left_each: int) -> dict[str, Any]:
        """For `step.fields`: of `left_each` units still wanted, so many are to be of this label."""
        return {
            "received_on": self.received_on, "lot": self.lot, "expiry_on": self.expiry_on, "serial": self.serial,
            "qty_each": min(self.qty_each, left_each),
        }  # fmt: skip


@dataclass(frozen=True)
class Override:
    """A supervisor's word that newer goods may go first, given to whoever stood there."""

    supervisor_id: int
    by: str
    why: str = ""
    given_to_id: int = 0


@dataclass(frozen=True)
class HandPart:
    """Units in the hand of which is known what they are; `sealed_each` of them are closed cases."""

    layer_id: int
    qty_each: int
    sealed_each: int = 0
    override: Override | None = None
    scan_id: str = ""
    serial: str = ""


@dataclass(frozen=True)
class TakeGoods:
    """Units whose code says which they are, or that lie among closed cases: may the hand take them?"""

    task_id: int
    item: ItemRead
    counted_each: int
    hand: tuple[HandPart, ...] = ()
    override: Override | None = None


@dataclass(frozen=True)
class OpenCase:
    """Open one closed case of the oldest that lies here."""

    task_id: int
    hand: tuple[HandPart, ...] = ()


def hand_of(memory: Memory) -> tuple[HandPart, ...]:
    """The units in the hand of which is known what they are."""
    return tuple(
        HandPart(
            part["layer"], part["qty_each"], part["sealed_each"],
            Override(**part["override"]) if part["override"] else None, part["scan"], part.get("serial", ""),
        )
        for part in memory.get("hand", ())
    )  # fmt: skip


def with_taken(memory: Memory, qty_each: int, parts: tuple[HandPart, ...]) -> Memory:
    """The hand after a scan was taken; a supervisor's word is good for one scan."""
    taken = [
        {
            "layer": part.layer_id, "qty_each": part.qty_each, "sealed_each": part.sealed_each,
            "override": part.override and vars(part.override), "scan": part.scan_id,
            "serial": part.serial,
        }
        for part in parts
    ]  # fmt: skip
    rest = {key: value for key, value in memory.items() if key != "override"}
    return {**rest, "counted": memory["counted"] + qty_each, "hand": [*memory.get("hand", ()), *taken]}
