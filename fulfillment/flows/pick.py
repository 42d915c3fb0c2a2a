"""Cluster picking: a cart, its totes, then stop by stop location → item → tote, then the drop.

    cart ── claim ──> totes* ──> location ──> item ──> tote ──> (next task) location … ──> drop ──> cart
                                    │           │ SHORT, nothing found ──────^
                                    │           └ OVERRIDE ──> supervisor ──> reason ──> item
                                    └── SKIP: the stop moves to the end of the walk

`memory` holds only what the database cannot know: the location stood at and the units in the hand. A plain code
counts; one that says which units it is (lot, expiry, serial), or any where cases lie closed, is judged in the
transaction by what lies here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import PASSING_OVER, Reject, Rejected
from fulfillment.flows.pick_hand import HandPart, Oldest, OpenCase, Override, Sealed, TakeGoods, hand_of
from fulfillment.flows.step import (
    Do,
    Expect,
    Goods,
    Goto,
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

NAME = "pick"

# Buttons made once: their check characters cost more than the rest of a screen.
_AT_LOCATION = expect_command("SKIP")
_AT_ITEM = expect_command("SHORT", "SKIP", "BACK")
_AT_TOTE = expect_command("NEWTOTE", "BACK")
_BREAK = expect_command("BREAK")
_OVERRIDE = expect_command("OVERRIDE")


@dataclass(frozen=True)
class Slot:
    """A place on the cart that still needs its tote."""

    slot_id: int
    position: int
    order_number: str


@dataclass(frozen=True)
class PickTask:
    """The stop to be made now. `tote` is None when that place on the cart needs another tote.

    `sealed` and `oldest` are what still lies here beside the units in the hand; `has_spoilt`: some of it expired.
    """

    task_id: int
    place: Place
    goods: Goods
    left_each: int
    position: int
    order_number: str
    tote: str | None
    is_serial: bool = False
    sealed: Sealed | None = None
    oldest: Oldest | None = None
    has_spoilt: bool = False


@dataclass(frozen=True)
class Tour:
    """The walk this station is on."""

    tour_id: int
    positions: int
    distance_dm: int
    stops_done: int
    stops_total: int
    totes: tuple[str, ...] = ()
    next_place: str = ""


@dataclass(frozen=True)
class Facts:
    """What the database knows of this walk. `staging` proposes where to drop."""

    tour: Tour | None
    slot: Slot | None = None
    task: PickTask | None = None
    staging: Place | None = None
    carts: tuple[str, ...] = ()
    free_totes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClaimTour:
    """Take the most urgent tour with this cart."""

    cart_code: str


@dataclass(frozen=True)
class AssignTote:
    """Stand an empty tote on a place of the cart."""

    slot_id: int
    tote_code: str


@dataclass(frozen=True)
class AddTote:
    """The tote is full: another empty one joins it on the same place."""

    task_id: int
    tote_code: str


@dataclass(frozen=True)
class ConfirmPick:
    """Units go from the location into the tote; with `is_short` the rest was not there."""

    task_id: int
    qty_each: int
    tote_code: str
    is_short: bool
    hand: tuple[HandPart, ...] = ()


@dataclass(frozen=True)
class AskSupervisor:
    """A badge was scanned to let newer goods go first."""

    badge: str


@dataclass(frozen=True)
class SetAsideSpoilt:
    """Goods at this stop have expired since they were promised."""

    task_id: int


@dataclass(frozen=True)
class ReportShort:
    """Nothing (more) of the item is in the location."""

    task_id: int


@dataclass(frozen=True)
class SkipTask:
    """Come back to this stop at the end of the walk."""

    task_id: int


@dataclass(frozen=True)
class DropTotes:
    """Put the totes of a finished walk down."""

    tour_id: int
    location_code: str


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means on the walk; illegal states cannot be reached, `settle` named this one."""
    if facts.tour is None:
        return Do(ClaimTour(heard.value)) if heard.kind == "cart" else not_expected(heard, "cart")
    if facts.slot is not None:
        if heard.kind == "tote":
            return Do(AssignTote(facts.slot.slot_id, heard.value), memory)
        return not_expected(heard, "tote")
    if facts.task is None:
        if heard.kind == "location":
            return Do(DropTotes(facts.tour.tour_id, heard.value))
        return not_expected(heard, "staging location")
    here = _in_hand(memory, facts.task)
    return _HEAR[_state(here, facts.task)](here, heard, facts.task)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    tour = facts.tour
    if tour is None:
        carts = tuple(Expect("cart", own_code("K", code), code) for code in facts.carts) or (Expect("cart"),)
        return Step(NAME, "cart", "scan_cart", (*carts, *expect_command("HOME")))
    if facts.slot is not None:
        totes = tuple(Expect("tote", own_code("T", code), code) for code in facts.free_totes)
        fields: dict[str, Any] = {
            "tour": tour.tour_id, "position": facts.slot.position, "positions": tour.positions,
            "order": facts.slot.order_number,
        }  # fmt: skip
        return Step(NAME, "totes", "scan_tote", totes or (Expect("tote"),), fields)
    if facts.task is None:
        fields = {"tour": tour.tour_id, "totes": list(tour.totes), **_notice(memory)}
        if facts.staging is not None:
            fields["location"] = facts.staging.view()
        drop = (expect_place(facts.staging),) if facts.staging else (Expect("location"),)
        return Step(NAME, "drop", "scan_location", drop, fields)
    task = facts.task
    here = _in_hand(memory, task)
    state = _state(here, task)
    fields = {**_task_fields(tour, task, here), **_notice(memory)}
    if state == "location":
        return Step(NAME, state, "scan_location", (expect_place(task.place), *_AT_LOCATION), fields)
    if state == "supervisor":
        return Step(NAME, state, "scan_badge", (Expect("badge"), *expect_command("BACK")), fields)
    if state == "reason":
        reasons = tuple(Expect("reason", own_code("Y", why.upper().replace("_", "-")), why) for why in PASSING_OVER)
        return Step(NAME, state, "scan_reason", (*reasons, *expect_command("BACK")), fields)
    if state == "item":
        fields |= _goods_fields(here, task)
        expects = (
            expect_goods(task.goods), *(_BREAK if task.sealed else ()), *_AT_ITEM,
            *(_OVERRIDE if _may_pass_over(task) else ()),
        )  # fmt: skip
        return Step(NAME, state, "scan_item", expects, fields)
    if here["new_tote"] or task.tote is None:
        totes = tuple(Expect("tote", own_code("T", code), code) for code in facts.free_totes)
        return Step(NAME, state, "scan_new_tote", totes or (Expect("tote"),), fields)
    tote = Expect("tote", own_code("T", task.tote), task.tote)
    return Step(NAME, state, "scan_tote", (tote, *_AT_TOTE), fields)


def _in_hand(memory: Memory, task: PickTask) -> dict[str, Any]:
    # What was counted belongs to one task; when that task has gone (cancelled, or picked by the scan
    # before) the count must not be carried to the next.
    mine = memory.get("task") == task.task_id
    here = {
        "at": memory.get("at"), "task": task.task_id,
        "counted": memory.get("counted", 0) if mine else 0,
        "is_short": bool(memory.get("is_short")) and mine,
        "new_tote": bool(memory.get("new_tote")) and mine,
    }  # fmt: skip
    if mine:
        here |= {key: memory[key] for key in ("hand", "ask", "override") if memory.get(key)}
    return here


def _put_down(here: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": here["at"], "task": here["task"], "counted": 0, "is_short": False, "new_tote": False}


def _state(here: Mapping[str, Any], task: PickTask) -> str:
    if here["at"] != task.place.location_id:
        return "location"
    if here["counted"] and (here["is_short"] or here["new_tote"] or here["counted"] >= task.left_each):
        return "tote"
    if here.get("ask"):
        return "reason" if here["override"]["supervisor_id"] else "supervisor"
    return "item"


def _hear_location(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    if heard.kind == "location":
        if heard.value != task.place.code:
            return Rejected(Reject.WRONG_LOCATION, expected=task.place.code, got=heard.value)
        there = {**here, "at": task.place.location_id}
        return Do(SetAsideSpoilt(task.task_id), there) if task.has_spoilt else Goto(there)
    if heard.kind == "command" and heard.value == "SKIP":
        return Do(SkipTask(task.task_id), here)
    return not_expected(heard, task.place.code)


def _hear_item(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    if heard.kind == "item" and heard.item is not None:
        if heard.item.item_id != task.goods.item_id:
            return Rejected(Reject.WRONG_ITEM, expected=task.goods.sku, got=heard.item.sku)
        return _hear_goods(here, heard.item, task)
    if heard.kind == "location" and heard.value == task.place.code:
        return Goto(here)  # a second read of the place one stands at means nothing
    if heard.kind == "tote" and here["counted"] and heard.value == task.tote:
        return Do(ConfirmPick(task.task_id, here["counted"], heard.value, is_short=False, hand=hand_of(here)), here)
    if heard.kind == "command":
        if heard.value == "BREAK" and task.sealed:
            return Do(OpenCase(task.task_id, hand_of(here)), here)
        if heard.value == "OVERRIDE" and _may_pass_over(task):
            return Goto({**here, "ask": True, "override": vars(Override(0, ""))})
        if heard.value == "SHORT":
            return Goto({**here, "is_short": True}) if here["counted"] else Do(ReportShort(task.task_id), here)
        if heard.value == "SKIP" and not here["counted"]:
            return Do(SkipTask(task.task_id), here)
        if heard.value == "BACK":
            return Goto({**_put_down(here), "at": None})
        if heard.value == "NEWTOTE" and here["counted"]:
            return Goto({**here, "new_tote": True})
    return not_expected(heard, task.goods.sku)


def _hear_goods(here: dict[str, Any], item: ItemRead, task: PickTask) -> Reply:
    if task.is_serial and item.qty_each > 1:
        return Rejected(Reject.SCAN_EACH, expected="1", got=str(item.qty_each))
    wrong = check_quantity(item.qty_each, task.left_each - here["counted"], "")
    if wrong is not None:
        return wrong
    if task.is_serial and not item.serial:
        return Rejected(Reject.SERIAL_REQUIRED, expected=task.goods.sku, got=item.raw)
    override = Override(**here["override"]) if here.get("override") else None
    if item.lot or item.expiry_on or item.serial or task.sealed or override:
        return Do(TakeGoods(task.task_id, item, here["counted"], hand_of(here), override), here)
    return Goto({**here, "counted": here["counted"] + item.qty_each})


def _hear_supervisor(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    if heard.kind == "badge":
        return Do(AskSupervisor(heard.value), here)
    return _hear_back(here, heard, "a supervisor's badge")


def _hear_reason(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    if heard.kind == "reason":
        if heard.value not in PASSING_OVER:
            return Rejected(Reject.REASON_REQUIRED, expected=", ".join(PASSING_OVER), got=heard.value)
        rest = {key: value for key, value in here.items() if key != "ask"}
        return Goto({**rest, "override": {**here["override"], "why": heard.value}})
    return _hear_back(here, heard, "a reason")


def _hear_back(here: dict[str, Any], heard: Heard, wanted: str) -> Reply:
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({key: value for key, value in here.items() if key not in ("ask", "override")})
    return not_expected(heard, wanted)


def _hear_tote(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    if heard.kind == "tote":
        if here["new_tote"] or task.tote is None:
            return Do(AddTote(task.task_id, heard.value), {**here, "new_tote": False})
        if heard.value != task.tote:
            return Rejected(Reject.WRONG_TOTE, expected=task.tote, got=heard.value)
        return Do(ConfirmPick(task.task_id, here["counted"], heard.value, here["is_short"], hand_of(here)), here)
    if heard.kind == "item":
        return Rejected(Reject.TOO_MANY, expected=str(task.left_each), got=heard.raw)
    if heard.kind == "command":
        if heard.value == "NEWTOTE":
            return Goto({**here, "new_tote": True})
        if heard.value == "BACK":
            return Goto(_put_down(here))
    return not_expected(heard, task.tote or "tote")


_HEAR = {
    "location": _hear_location, "item": _hear_item, "tote": _hear_tote, "supervisor": _hear_supervisor,
    "reason": _hear_reason,
}  # fmt: skip


def _may_pass_over(task: PickTask) -> bool:
    return task.oldest is not None and not task.oldest.is_alone


def _notice(memory: Memory) -> dict[str, Any]:
    return {"notice": "expired"} if memory.get("notice") == "expired" else {}


def _task_fields(tour: Tour, task: PickTask, here: Mapping[str, Any]) -> dict[str, Any]:
    tote = {"position": task.position, "code": task.tote, "barcode": task.tote and own_code("T", task.tote)}
    return {
        "tour": tour.tour_id, "location": task.place.view(), "item": task.goods.view(),
        "qty_each": task.left_each, "counted_each": here["counted"],
        "left_each": task.left_each - here["counted"], "is_short": here["is_short"], "tote": tote,
        "order": task.order_number, "distance_dm": tour.distance_dm, "next_location": tour.next_place,
        "progress": {"done": tour.stops_done, "total": tour.stops_total},
    }  # fmt: skip


def _goods_fields(here: Mapping[str, Any], task: PickTask) -> dict[str, Any]:
    """What the hand needs to know of what lies here."""
    left_each = task.left_each - here["counted"]
    take = task.oldest.view(left_each) if task.oldest else None
    fields: dict[str, Any] = {"take": take, "is_serial": task.is_serial}
    if task.sealed is not None:
        fields["sealed"] = task.sealed.view()
    if here.get("override"):
        fields["override"] = {"by": here["override"]["by"], "why": here["override"]["why"]}
    return fields
