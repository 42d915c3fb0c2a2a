"""Counting a location: the place, its units item by item, then DONE; EMPTY when nothing lies there.

Blind: the dialogue never says what the book expects, or the count would be the book copied; not even why a
place is to be counted, as "it should be empty" is a figure too. What was counted lives in `memory` until DONE;
nothing moves before. States: location → item* → (DONE) location.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.flows.step import (
    Do,
    Expect,
    Goto,
    Heard,
    Memory,
    Place,
    Reply,
    Step,
    expect_command,
    expect_place,
    not_expected,
)

NAME = "count"
COUNT_MAX = 1_000_000


@dataclass(frozen=True)
class Facts:
    """`place`: where this station is counting; `next_place`: where a count is asked for, oldest first.

    `notice` says why a count has to begin again, or what came of the last one.
    """

    place: Place | None
    next_place: Place | None = None
    waiting: int = 0
    notice: str = ""


@dataclass(frozen=True)
class StartCount:
    """Count this location from now on."""

    location_code: str


@dataclass(frozen=True)
class CountGoods:
    """So many more of an item lie here; with a serial it is that very unit."""

    item_id: int
    sku: str
    qty_each: int
    serial: str = ""


@dataclass(frozen=True)
class FinishCount:
    """That is all there is: (item, units) of everything counted, and (item, layer) of each serial read."""

    location_id: int
    counted: tuple[tuple[int, int], ...]
    serials: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class LeaveCount:
    """Forget what was counted; the location stays to be counted."""

    location_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while counting."""
    place = facts.place
    if place is None:
        if heard.kind == "location":
            return Do(StartCount(heard.value))
        return not_expected(heard, facts.next_place.code if facts.next_place else "location")
    if heard.kind == "item" and heard.item is not None:
        item = heard.item
        if not 0 < item.qty_each <= COUNT_MAX - _counted(memory).get(item.item_id, 0):
            return Rejected(Reject.BAD_QUANTITY, expected=f"1 to {COUNT_MAX}", got=str(item.qty_each))
        return Do(CountGoods(item.item_id, item.sku, item.qty_each, item.serial), memory)
    if heard.kind == "location" and heard.value == place.code:
        return Goto(memory)  # a second read of the place one stands at means nothing
    if heard.kind == "command" and heard.value == "EMPTY" and memory.get("counted"):
        return Rejected(Reject.NOT_EXPECTED, expected="DONE", got=heard.value)  # something does lie here
    if heard.kind == "command" and heard.value in ("DONE", "EMPTY"):
        serials = tuple((item_id, layer_id) for layer_id, item_id, _ in memory.get("serials", ()))
        return Do(FinishCount(place.location_id, tuple(_counted(memory).items()), serials), memory)
    if heard.kind == "command" and heard.value == "BACK":
        return Do(LeaveCount(place.location_id))
    return not_expected(heard, "item", "DONE")


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    place = facts.place
    if place is None:
        following = facts.next_place
        fields: dict[str, Any] = {"next": following.view() if following else None, "waiting": facts.waiting}
        if facts.notice:
            fields["notice"] = facts.notice
        where = expect_place(following) if following else Expect("location")
        return Step(NAME, "location", "scan_location", (where, *expect_command("HOME")), fields)
    counted = [_entry(memory, *entry) for entry in memory.get("counted", ())]
    fields = {"location": place.view(), "counted": counted}
    if facts.notice:
        fields["notice"] = facts.notice
    commands = ("DONE", "BACK") if counted else ("DONE", "EMPTY", "BACK")
    return Step(NAME, "item", "scan_item", (Expect("item"), *expect_command(*commands)), fields)


def add_serial(memory: Memory, item_id: int, sku: str, layer_id: int, serial: str) -> dict[str, Any]:
    """The memory with one more unit met; a serial read twice is one unit."""
    serials = [list(entry) for entry in memory.get("serials", ())]
    if any(entry[0] == layer_id for entry in serials):
        return {**memory, "notice": ""}
    return {**add(memory, item_id, sku, 1), "serials": [*serials, [layer_id, item_id, serial]]}


def add(memory: Memory, item_id: int, sku: str, qty_each: int) -> dict[str, Any]:
    """The memory with so many more of an item counted, in the order they were first met."""
    counted = [list(entry) for entry in memory.get("counted", ())]
    for entry in counted:
        if entry[0] == item_id:
            entry[2] += qty_each
            break
    else:
        counted.append([item_id, sku, qty_each])
    return {**memory, "counted": counted, "notice": ""}


def _entry(memory: Memory, item_id: int, sku: str, qty_each: int) -> dict[str, Any]:
    serials = [serial for _, of_item, serial in memory.get("serials", ()) if of_item == item_id]
    return {"sku": sku, "qty_each": qty_each} | ({"serials": serials} if serials else {})


def _counted(memory: Memory) -> dict[int, int]:
    return {item_id: qty_each for item_id, _, qty_each in memory.get("counted", ())}
