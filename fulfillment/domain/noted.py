"""Where a device without the network stood when it noted a scan, and where the floor stands: the two must be one.

Pure. A scan that was noted for another stop, another step of it, another count in the hand or another person must not
be taken for the one the floor waits for: it would be booked where nobody meant it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Steps of a walk whose every right scan can be known beforehand. What comes of the others is the floor's to say.
STATES = ("location", "item", "tote", "drop")


class Decision(StrEnum):
    """What becomes of a noted scan that was not taken: put right on the floor, nothing to do, count the place."""

    DONE = "done"
    VOID = "void"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Noted:
    """A step of a walk: whose, at which stop (`task_id` 0 = putting the totes down), with how many in the hand."""

    operator_id: int
    tour_id: int
    task_id: int
    state: str
    counted_each: int


def stands_at(operator_id: int | None, step: Mapping[str, Any]) -> Noted | None:
    """Where a screen stands on its walk; None where a device cannot go on by itself."""
    fields = step["fields"]
    if not operator_id or step["flow"] != "pick" or step["state"] not in STATES:
        return None
    if step["prompt"] == "scan_new_tote" or fields.get("is_short") or fields.get("override"):
        return None
    return Noted(operator_id, fields["tour"], fields.get("task", 0), step["state"], fields.get("counted_each", 0))


def waits_for(step: Mapping[str, Any]) -> str:
    """What the floor waits for instead: the place it is at, else what it asks for."""
    place = step["fields"].get("location") or {}
    return str(place.get("code") or step["prompt"])
