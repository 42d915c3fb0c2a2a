"""Putting away: an item lying at the dock, then the location it goes to.

States: item → location → item. The location proposed is claimed by a task, so two people are never sent to
one empty bin; another location is accepted if the rules of FIFO, capacity and one item per location let it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.domain.reasons import Rejected
from fulfillment.flows.step import (
    Do,
    Expect,
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

NAME = "putaway"


@dataclass(frozen=True)
class PutawayTask:
    """Units of one layer in hand, and where they shall go."""

    task_id: int
    goods: Goods
    qty_each: int
    received_on: str
    place: Place


@dataclass(frozen=True)
class Facts:
    """What lies at the dock, and what this operator has in hand."""

    task: PutawayTask | None
    waiting_lines: int = 0
    waiting_each: int = 0
    next_goods: Goods | None = None
    next_each: int = 0


@dataclass(frozen=True)
class TakeGoods:
    """Pick goods up from the dock: proposes and claims a location."""

    item: ItemRead


@dataclass(frozen=True)
class PutAway:
    """Put `qty_each` of what is in hand into a location."""

    task_id: int
    location_code: str
    qty_each: int


@dataclass(frozen=True)
class PutDown:
    """Lay what is in hand back to the dock and give the claimed location up."""

    task_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while putting away."""
    task = facts.task
    if task is None:
        if heard.kind == "item" and heard.item is not None:
            return Do(TakeGoods(heard.item))
        return not_expected(heard, "item")
    if heard.kind == "location":
        qty_each = task.qty_each if heard.qty_each is None else heard.qty_each
        wrong = check_quantity(qty_each, task.qty_each, "")
        # A part leaves the rest in the hand: forgetting the task would lock the rest at the dock for ever.
        return wrong if isinstance(wrong, Rejected) else Do(PutAway(task.task_id, heard.value, qty_each), memory)
    if heard.kind == "command" and heard.value == "BACK":
        return Do(PutDown(task.task_id))
    return not_expected(heard, task.place.code)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    task = facts.task
    if task is not None:
        fields = {
            "item": task.goods.view(), "qty_each": task.qty_each, "received_on": task.received_on,
            "location": task.place.view(),
        }  # fmt: skip
        expects = (expect_place(task.place), *expect_command("BACK"))
        return Step(NAME, "location", "scan_location", expects, fields)
    fields = {
        "waiting_lines": facts.waiting_lines, "waiting_each": facts.waiting_each,
        "next": None if facts.next_goods is None
        else {**facts.next_goods.view(), "qty_each": facts.next_each},
    }  # fmt: skip
    goods = (expect_goods(facts.next_goods),) if facts.next_goods else (Expect("item"),)
    return Step(NAME, "item", "scan_item", (*goods, *expect_command("HOME")), fields)
