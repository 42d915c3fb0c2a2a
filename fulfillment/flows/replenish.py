"""Bringing goods down to the pick face: the reserve location, the item, then the face.

States: location → item → target → location. The task that is shown is nobody's until its location is scanned;
from then on it is this station's. Units taken are in the hand in the ledger too, so nothing is promised of them
between the two places. UNDO gives back what was taken last, and takes up again what was set down last. Invariant: with
units in the hand the dialogue is never at rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.flows.step import (
    Do,
    Goods,
    Heard,
    ItemRead,
    Memory,
    Place,
    Reply,
    Step,
    check_quantity,
    expect_command,
    expect_goods,
    expect_place,
    not_expected,
)

NAME = "replenish"


@dataclass(frozen=True)
class RefillTask:
    """Units of one layer to bring from `source` to `target`; `left_each` are still to be taken up."""

    task_id: int
    goods: Goods
    source: Place
    target: Place
    left_each: int
    in_hand_each: int = 0
    case_each: int = 0
    received_on: str = ""
    lot: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """The task in work at this station, else the one it should begin; how many wait altogether."""

    task: RefillTask | None
    waiting: int = 0


@dataclass(frozen=True)
class BeginTask:
    """Somebody stands at a reserve location: the task there becomes this station's."""

    location_code: str


@dataclass(frozen=True)
class TakeUnits:
    """Units from the reserve into the hand."""

    task_id: int
    item: ItemRead


@dataclass(frozen=True)
class PutDown:
    """Units from the hand into a location."""

    task_id: int
    location_code: str
    qty_each: int


@dataclass(frozen=True)
class PutBack:
    """All units in the hand go back to where they were taken."""

    task_id: int


@dataclass(frozen=True)
class TakeBack:
    """The units of the last scan go the other way: into the reserve again, or into the hand."""

    last: Memory


@dataclass(frozen=True)
class ReportShort:
    """Fewer units lie in the reserve than the book says."""

    task_id: int


@dataclass(frozen=True)
class SkipTask:
    """Somebody else, or later."""

    task_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while refilling."""
    task = facts.task
    if heard.kind == "command" and heard.value == "UNDO":
        last = memory.get("last")
        return Do(TakeBack(last), memory) if last else Rejected(Reject.NOTHING_TO_UNDO)
    if task is None:
        return Rejected(Reject.NO_WORK, got=heard.raw)
    if state == "location":
        return _hear_location(heard, task)
    if state == "item":
        return _hear_item(memory, heard, task)
    return _hear_target(memory, heard, task)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    task = facts.task
    fields: dict[str, Any] = {"task": None, "waiting": facts.waiting}
    if memory.get("notice"):
        fields |= {"notice": memory["notice"]}
    undo = expect_command("UNDO") if memory.get("last") else ()
    if task is None:
        nothing = {"from": None, "to": None, "item": None, "qty_each": 0, "case_each": 0, "received_on": ""}
        expects = (*undo, *expect_command("HOME"))
        return Step(NAME, "location", "scan_location", expects, {**fields, **nothing})
    state = _state(memory, task)
    fields |= {
        "task": task.task_id, "from": task.source.view(), "to": task.target.view(), "item": task.goods.view(),
        "qty_each": task.in_hand_each if state == "target" else task.left_each, "in_hand_each": task.in_hand_each,
        "case_each": task.case_each, "received_on": task.received_on, "lot": task.lot, "reason": task.reason,
    }  # fmt: skip
    if state == "location":
        expects = (expect_place(task.source), *expect_command("SKIP"), *undo, *expect_command("HOME"))
        return Step(NAME, state, "scan_location", expects, fields)
    if state == "item":
        enough = (expect_place(task.target),) if task.in_hand_each else ()
        expects = (expect_goods(task.goods), *enough, *expect_command("SHORT", "BACK"), *undo)
        return Step(NAME, state, "scan_item", expects, fields)
    return Step(NAME, state, "scan_location", (expect_place(task.target), *expect_command("BACK"), *undo), fields)


def _state(memory: Memory, task: RefillTask) -> str:
    # Whoever stands at the reserve may go on taking; anywhere else, what is in the hand is to be set down first.
    is_there = memory.get("at") == task.source.location_id and memory.get("task") == task.task_id
    if task.in_hand_each:
        return "item" if is_there and task.left_each else "target"
    return "item" if is_there else "location"


def _hear_location(heard: Heard, task: RefillTask) -> Reply:
    if heard.kind == "location":
        return Do(BeginTask(heard.value))
    if heard.kind == "command" and heard.value == "SKIP":
        return Do(SkipTask(task.task_id))
    return not_expected(heard, task.source.code)


def _hear_item(memory: Memory, heard: Heard, task: RefillTask) -> Reply:
    if heard.kind == "item" and heard.item is not None:
        if heard.item.item_id != task.goods.item_id:
            return Rejected(Reject.WRONG_ITEM, expected=task.goods.sku, got=heard.item.sku)
        wrong = check_quantity(heard.item.qty_each, task.left_each, "")
        return wrong or Do(TakeUnits(task.task_id, heard.item), _told(memory))
    if heard.kind == "location" and task.in_hand_each and heard.value != task.source.code:
        return _put_down(memory, heard, task)  # what one can carry is a trip; the rest is fetched by another
    if heard.kind == "command" and heard.value == "SHORT":
        return Do(ReportShort(task.task_id), memory)
    if heard.kind == "command" and heard.value == "BACK":
        return Do(PutBack(task.task_id))
    return not_expected(heard, task.goods.sku)


def _hear_target(memory: Memory, heard: Heard, task: RefillTask) -> Reply:
    if heard.kind == "location":
        return _put_down(memory, heard, task)
    if heard.kind == "item":
        return Rejected(Reject.TOO_MANY, expected=task.target.code, got=heard.raw)
    if heard.kind == "command" and heard.value == "BACK":
        return Do(PutBack(task.task_id))
    return not_expected(heard, task.target.code)


def _put_down(memory: Memory, heard: Heard, task: RefillTask) -> Reply:
    qty_each = task.in_hand_each if heard.qty_each is None else heard.qty_each
    wrong = check_quantity(qty_each, task.in_hand_each, "")
    return wrong or Do(PutDown(task.task_id, heard.value, qty_each), memory)


def _told(memory: Memory) -> Memory:
    """What was noticed about the scan before is not about the next one."""
    return {key: value for key, value in memory.items() if key != "notice"}
