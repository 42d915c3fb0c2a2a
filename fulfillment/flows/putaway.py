"""Putting away: an item or a pallet at the dock, then the location it goes to.

States: item → location → item; where an order waits for the goods, item → tote → item: they go into its tote
and to staging. The location proposed is claimed by a task, so two people are never sent to
one empty bin; another location is accepted if the rules of FIFO, capacity and one item per location let it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject, Rejected
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
class CrossDockTask:
    """Units in hand that an order waits for; `staging` is where their tote shall stand."""

    task_id: int
    goods: Goods
    qty_each: int
    order: str
    staging: Place


@dataclass(frozen=True)
class Facts:
    """What lies at the dock, and what this operator has in hand."""

    task: PutawayTask | None
    waiting_lines: int = 0
    waiting_each: int = 0
    next_goods: Goods | None = None
    next_each: int = 0
    pallets: tuple[str, ...] = ()
    cross_dock: CrossDockTask | None = None
    free_totes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeGoods:
    """Pick goods up from the dock: proposes and claims a location."""

    item: ItemRead


@dataclass(frozen=True)
class TakePallet:
    """Pick a pallet up: one item goes as a whole, a mixed one is opened where it stands."""

    sscc: str


@dataclass(frozen=True)
class IntoTote:
    """Put what is in hand into an empty tote for the order that waits."""

    task_id: int
    tote_code: str


@dataclass(frozen=True)
class PutAway:
    """Put `qty_each` of what is in hand into a location."""

    task_id: int
    location_code: str
    qty_each: int


@dataclass(frozen=True)
class TakeBack:
    """What was put away last comes into the hand again."""

    last: Memory


@dataclass(frozen=True)
class PutDown:
    """Lay what is in hand back to the dock and give the claimed location up."""

    task_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while putting away."""
    task = facts.task
    if heard.kind == "command" and heard.value == "UNDO":
        return _undo(memory, facts)
    if facts.cross_dock is not None:
        return _hear_tote(memory, heard, facts.cross_dock)
    if task is None:
        if heard.kind == "item" and heard.item is not None:
            return Do(TakeGoods(heard.item))
        if heard.kind == "parcel":
            return Do(TakePallet(heard.value))
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
    undo = expect_command("UNDO") if memory.get("last") else ()
    if facts.cross_dock is not None:
        return _ask_for_tote(facts.cross_dock, facts.free_totes)
    if task is not None:
        fields = {
            "item": task.goods.view(), "qty_each": task.qty_each, "received_on": task.received_on,
            "location": task.place.view(),
        }  # fmt: skip
        if memory.get("notice"):
            fields["notice"] = memory["notice"]
        expects = (expect_place(task.place), *expect_command("BACK"), *undo)
        return Step(NAME, "location", "scan_location", expects, fields)
    fields = {
        "waiting_lines": facts.waiting_lines, "waiting_each": facts.waiting_each,
        "next": None if facts.next_goods is None
        else {**facts.next_goods.view(), "qty_each": facts.next_each},
        "pallets": list(facts.pallets),
    }  # fmt: skip
    goods = (expect_goods(facts.next_goods),) if facts.next_goods else (Expect("item"),)
    pallets = tuple(Expect("parcel", sscc, sscc) for sscc in facts.pallets)
    return Step(NAME, "item", "scan_item", (*goods, *pallets, *undo, *expect_command("HOME")), fields)


def _undo(memory: Memory, facts: Facts) -> Reply:
    """What was put away comes back into the hand; what was only taken up is laid down again."""
    if memory.get("last"):
        return Do(TakeBack(memory["last"]), memory)
    task = facts.task or facts.cross_dock
    return Do(PutDown(task.task_id)) if task is not None else Rejected(Reject.NOTHING_TO_UNDO)


def _hear_tote(memory: Memory, heard: Heard, task: CrossDockTask) -> Reply:
    if heard.kind == "tote":
        return Do(IntoTote(task.task_id, heard.value), memory)
    if heard.kind == "command" and heard.value == "BACK":
        return Do(PutDown(task.task_id))
    return not_expected(heard, "an empty tote")


def _ask_for_tote(task: CrossDockTask, free_totes: tuple[str, ...]) -> Step:
    fields = {
        "order": task.order, "item": task.goods.view(), "qty_each": task.qty_each, "staging": task.staging.view(),
    }  # fmt: skip
    totes = tuple(Expect("tote", own_code("T", code), code) for code in free_totes) or (Expect("tote"),)
    return Step(NAME, "tote", "scan_empty_tote", (*totes, *expect_command("BACK")), fields)
