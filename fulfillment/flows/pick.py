"""Cluster picking: a cart, its totes, then stop by stop location → item → tote, then the drop.

    cart ── claim ──> totes* ──> location ──> item ──> tote ──> (next task) location … ──> drop ──> cart
                                    │  (next task in another zone) ──> over ──> cart   (it, or a tote on it, scanned
                                    │                                                   there: ──> location …)
                                    │           │ SHORT, DAMAGED (`pick_otherwise`), nothing found ──^
                                    │           └ OVERRIDE ──> supervisor ──> reason ──> item
                                    └── SKIP: the stop moves to the end of the walk
    NEWTOTE at any of these: an empty tote for the full one (`pick_new_tote`). UNDO: the last count, or the last pick.

`memory` holds only what the database cannot know: the location stood at, the units in the hand, the last pick. A
plain code counts; one that says which units it is (lot, expiry, serial), or any where cases lie closed, is judged in
the transaction by what lies here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import PASSING_OVER, Reject, Rejected
from fulfillment.flows import pick_new_tote, pick_otherwise
from fulfillment.flows.pick_hand import HandPart, Oldest, OpenCase, Override, Sealed, TakeGoods, hand_of
from fulfillment.flows.pick_otherwise import DAMAGED, SHORT, Substitute
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
    check_itself,
    check_quantity,
    expect_command,
    expect_goods,
    expect_place,
    not_expected,
)

NAME = "pick"

# Buttons made once: their check characters cost more than the rest of a screen.
_AT_LOCATION = expect_command("SKIP", "NEWTOTE")
_AT_ITEM = expect_command("SHORT", "DAMAGED", "SKIP", "NEWTOTE", "BACK")
_AT_TOTE = expect_command("NEWTOTE", "BACK")
_UNDO = expect_command("UNDO")
_BACK = expect_command("BACK")
_BREAK = expect_command("BREAK")
_OVERRIDE = expect_command("OVERRIDE")


@dataclass(frozen=True)
class Slot:
    """A place on the cart that still needs its tote. `cartons`: in how many the order ships (0 = not known), the
    first of the type `carton`: a tote about as large as that saves repacking."""

    slot_id: int
    position: int
    order_number: str
    cartons: int = 0
    carton: str = ""


@dataclass(frozen=True)
class PickTask:
    """The stop to be made now. `tote` is None when that place on the cart needs another tote.

    `sealed` and `oldest` are what still lies here beside the units in the hand; `has_spoilt`: some of it expired.
    `is_look_alike`: `others` and perhaps more are mistaken for it, so each piece is scanned.
    `substitute`: what may go instead, looked for only while SHORT is asked about; `free_places` of the cart only while
    a tote is asked for.
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
    substitute: Substitute | None = None
    free_places: tuple[int, ...] = ()
    is_look_alike: bool = False
    others: tuple[Goods, ...] = ()


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
    walk_left_dm: int = 0


@dataclass(frozen=True)
class Over:
    """The cart is handed from the zone `left` to `zone`, at `place`."""

    left: str
    zone: str
    place: Place


@dataclass(frozen=True)
class Facts:
    """What the database knows of this walk. `staging` proposes where to drop; `waiting`: carts handed over that nobody
    has taken up."""

    tour: Tour | None
    slot: Slot | None = None
    task: PickTask | None = None
    staging: Place | None = None
    carts: tuple[str, ...] = ()
    free_totes: tuple[str, ...] = ()
    over: Over | None = None
    waiting: tuple[Mapping[str, Any], ...] = ()
    walk: Any = None  # what the service found this on, for the commands that follow; no rule looks at it


@dataclass(frozen=True)
class ClaimTour:
    """Take the most urgent tour with this cart."""

    cart_code: str


@dataclass(frozen=True)
class TakeOver:
    """Go on with the cart that waits with this tote on it."""

    tote_code: str


@dataclass(frozen=True)
class HandOver:
    """Leave the cart where `zone` takes it over; who does picked in the zone `left`."""

    tour_id: int
    zone: str
    left: str
    location_code: str


@dataclass(frozen=True)
class AssignTote:
    """Stand an empty tote on a place of the cart."""

    slot_id: int
    tote_code: str


@dataclass(frozen=True)
class ConfirmPick:
    """Units go from the location into the tote; with `is_short` the rest was not there."""

    task_id: int
    qty_each: int
    tote_code: str
    is_short: bool
    hand: tuple[HandPart, ...] = ()
    why: str = ""
    is_substituted: bool = False


@dataclass(frozen=True)
class SetAsideSpoilt:
    """Goods at this stop have expired since they were promised."""

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
        if heard.kind == "tote" and facts.waiting:
            return Do(TakeOver(heard.value), memory)
        return Do(ClaimTour(heard.value), memory) if heard.kind == "cart" else not_expected(heard, "cart")
    if facts.slot is not None:
        if heard.kind == "tote":
            return Do(AssignTote(facts.slot.slot_id, heard.value), memory)
        return not_expected(heard, "tote")
    if facts.over is not None:
        if heard.kind == "location":
            return Do(HandOver(facts.tour.tour_id, facts.over.zone, facts.over.left, heard.value), memory)
        if _is_undo(heard):
            return pick_otherwise.take_back(memory)
        return not_expected(heard, facts.over.place.code)
    if facts.task is None:
        if heard.kind == "location":
            return Do(DropTotes(facts.tour.tour_id, heard.value))
        if _is_undo(heard):
            return pick_otherwise.take_back(memory)
        return not_expected(heard, "staging location")
    here = _in_hand(memory, facts.task)
    return _HEAR[_state(here, facts.task)](here, heard, facts.task)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    tour = facts.tour
    if tour is None:
        carts = tuple(Expect("cart", own_code("K", code), code) for code in facts.carts) or (Expect("cart"),)
        waits = {"handed_over": [dict(cart) for cart in facts.waiting]} if facts.waiting else {}
        on_it = (Expect("tote"),) if facts.waiting else ()
        return Step(NAME, "cart", "scan_cart", (*carts, *on_it, *expect_command("HOME")), waits)
    if facts.slot is not None:
        totes = tuple(Expect("tote", own_code("T", code), code) for code in facts.free_totes)
        fields: dict[str, Any] = {
            "tour": tour.tour_id, "position": facts.slot.position, "positions": tour.positions,
            "order": facts.slot.order_number,
        }  # fmt: skip
        if facts.slot.cartons:
            fields |= {"cartons": facts.slot.cartons, "carton": facts.slot.carton}
        return Step(NAME, "totes", "scan_tote", totes or (Expect("tote"),), fields)
    if facts.over is not None:
        fields = {
            "tour": tour.tour_id, "totes": list(tour.totes), "location": facts.over.place.view(),
            "zone": facts.over.zone, **_notice(memory),
        }  # fmt: skip
        expects = (expect_place(facts.over.place), *(_UNDO if memory.get("last") else ()))
        return Step(NAME, "over", "scan_location", expects, fields)
    if facts.task is None:
        fields = {"tour": tour.tour_id, "totes": list(tour.totes), **_notice(memory)}
        if facts.staging is not None:
            fields["location"] = facts.staging.view()
        drop = (expect_place(facts.staging),) if facts.staging else (Expect("location"),)
        return Step(NAME, "drop", "scan_location", (*drop, *(_UNDO if memory.get("last") else ())), fields)
    task = facts.task
    here = _in_hand(memory, task)
    state = _state(here, task)
    fields = {**_task_fields(tour, task, here), **_notice(memory)}
    undo = _UNDO if pick_otherwise.undoable(here) else ()
    if state == "location":
        return Step(NAME, state, "scan_location", (expect_place(task.place), *_AT_LOCATION, *undo), fields)
    if state == "supervisor":
        return Step(NAME, state, "scan_badge", (Expect("badge"), *_BACK), fields)
    if state == "reason":
        reasons = tuple(Expect("reason", own_code("Y", why.upper().replace("_", "-")), why) for why in PASSING_OVER)
        return Step(NAME, state, "scan_reason", (*reasons, *_BACK), fields)
    if state in (SHORT, DAMAGED):
        fields |= pick_otherwise.fields(here, state, task.substitute)
        expects = pick_otherwise.expects(state, task.goods, task.substitute)
        return Step(NAME, state, "scan_reason", expects, fields)
    if state == "item":
        fields |= _goods_fields(here, task)
        # No button for what only a scan of the goods can say.
        goods = Expect("item", label=task.goods.sku) if task.is_look_alike else expect_goods(task.goods)
        expects = (
            goods, *(_BREAK if task.sealed else ()), *_AT_ITEM,
            *(_OVERRIDE if _may_pass_over(task) else ()), *undo,
        )  # fmt: skip
        return Step(NAME, state, "scan_item", expects, fields)
    if here["new_tote"] or task.tote is None:
        fields |= pick_new_tote.fields(here, fields["tote"], task.free_places)
        expects = pick_new_tote.expects(facts.free_totes, task.free_places, has_tote=here["new_tote"])
        return Step(NAME, state, "scan_new_tote", expects, fields)
    tote = Expect("tote", own_code("T", task.tote), task.tote)
    return Step(NAME, state, "scan_tote", (tote, *_AT_TOTE, *undo), fields)


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
        here |= {key: memory[key] for key in _OF_TASK if memory.get(key)}
    if memory.get("last"):
        here["last"] = memory["last"]
    return here


_OF_TASK = ("hand", "ask", "override", "asks", "damaged", "why", "substitutes", "before", "onto")


def _put_down(here: Mapping[str, Any]) -> dict[str, Any]:
    last = {"last": here["last"]} if "last" in here else {}
    return {"at": here["at"], "task": here["task"], "counted": 0, "is_short": False, "new_tote": False, **last}


def _state(here: Mapping[str, Any], task: PickTask) -> str:
    if here["new_tote"]:
        return "tote"
    if here["at"] != task.place.location_id:
        return "location"
    if here.get("asks"):
        return str(here["asks"])
    if here["counted"] and (here["is_short"] or here["counted"] >= task.left_each):
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
    if heard.kind == "command" and heard.value == "NEWTOTE" and task.tote is not None:
        return pick_new_tote.ask(here)
    return pick_otherwise.undo(here) if _is_undo(heard) else not_expected(heard, task.place.code)


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
        if heard.value in ("SHORT", "DAMAGED"):
            return pick_otherwise.ask(here, SHORT if heard.value == "SHORT" else DAMAGED)
        if heard.value == "SKIP" and not here["counted"]:
            return Do(SkipTask(task.task_id), here)
        if heard.value == "BACK":
            return Goto({**_put_down(here), "at": None})
        if heard.value == "NEWTOTE" and task.tote is not None:
            return pick_new_tote.ask(here)
        if heard.value == "UNDO":
            return pick_otherwise.undo(here)
    return not_expected(heard, task.goods.sku)


def _hear_goods(here: dict[str, Any], item: ItemRead, task: PickTask) -> Reply:
    if task.is_serial and item.qty_each > 1:
        return Rejected(Reject.SCAN_EACH, expected="1", got=str(item.qty_each))
    wrong = check_itself(item) or check_quantity(item.qty_each, task.left_each - here["counted"], "")
    if wrong is not None:
        return wrong
    if task.is_serial and not item.serial:
        return Rejected(Reject.SERIAL_REQUIRED, expected=task.goods.sku, got=item.raw)
    override = Override(**here["override"]) if here.get("override") else None
    here = {**here, **pick_otherwise.before(here)}
    if item.lot or item.expiry_on or item.serial or task.sealed or override:
        return Do(TakeGoods(task.task_id, item, here["counted"], hand_of(here), override), here)
    return Goto({**here, "counted": here["counted"] + item.qty_each})


def _hear_short(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    return pick_otherwise.hear_short(here, heard, task.task_id, task.substitute)


def _hear_damaged(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    return pick_otherwise.hear_damaged(here, heard, task.task_id, task.goods, is_serial=task.is_serial)


def _hear_tote(here: dict[str, Any], heard: Heard, task: PickTask) -> Reply:
    if here["new_tote"] or task.tote is None:
        before = {**here, "new_tote": False} if here["new_tote"] else _put_down(here)
        return pick_new_tote.hear(here, heard, task.task_id, task.free_places, before)
    if heard.kind == "tote":
        if heard.value != task.tote:
            return Rejected(Reject.WRONG_TOTE, expected=task.tote, got=heard.value)
        confirm = ConfirmPick(
            task.task_id, here["counted"], heard.value, here["is_short"], hand_of(here), here.get("why", ""),
            bool(here.get("substitutes")),
        )  # fmt: skip
        return Do(confirm, here)
    if heard.kind == "item":
        return Rejected(Reject.TOO_MANY, expected=str(task.left_each), got=heard.raw)
    if heard.kind == "command":
        if heard.value == "NEWTOTE":
            return pick_new_tote.ask(here)
        if heard.value == "BACK":
            return Goto(_put_down(here))
        if heard.value == "UNDO":
            return pick_otherwise.undo(here)
    return not_expected(heard, task.tote)


_HEAR: Mapping[str, Callable[[dict[str, Any], Heard, PickTask], Reply]] = {
    "location": _hear_location, "item": _hear_item, "tote": _hear_tote, SHORT: _hear_short, DAMAGED: _hear_damaged,
    "supervisor": lambda here, heard, task: pick_otherwise.hear_supervisor(here, heard),
    "reason": lambda here, heard, task: pick_otherwise.hear_reason(here, heard),
}  # fmt: skip


def _is_undo(heard: Heard) -> bool:
    return heard.kind == "command" and heard.value == "UNDO"


def _may_pass_over(task: PickTask) -> bool:
    return task.oldest is not None and not task.oldest.is_alone


def _notice(memory: Memory) -> dict[str, Any]:
    """What happened just now, where a person has to do something about it."""
    return {key: memory[key] for key in ("notice", "undone") if memory.get(key)}


def _task_fields(tour: Tour, task: PickTask, here: Mapping[str, Any]) -> dict[str, Any]:
    tote = {"position": task.position, "code": task.tote, "barcode": task.tote and own_code("T", task.tote)}
    return {
        "tour": tour.tour_id, "task": task.task_id, "location": task.place.view(), "item": task.goods.view(),
        "qty_each": task.left_each, "counted_each": here["counted"],
        "left_each": task.left_each - here["counted"], "is_short": here["is_short"], "tote": tote,
        "order": task.order_number, "distance_dm": tour.distance_dm,
        "walk_left_dm": tour.walk_left_dm, "next_location": tour.next_place,
        "progress": {"done": tour.stops_done, "total": tour.stops_total},
    }  # fmt: skip


def _goods_fields(here: Mapping[str, Any], task: PickTask) -> dict[str, Any]:
    """What the hand needs to know of what lies here."""
    left_each = task.left_each - here["counted"]
    take = task.oldest.view(left_each) if task.oldest else None
    fields: dict[str, Any] = {"take": take, "is_serial": task.is_serial}
    if task.sealed is not None:
        fields["sealed"] = task.sealed.view()
    if task.is_look_alike:
        fields["look_alikes"] = [goods.view() for goods in task.others]
    if here.get("override"):
        fields["override"] = {"by": here["override"]["by"], "why": here["override"]["why"]}
    return fields
