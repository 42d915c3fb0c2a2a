"""The bench: empty a tote into parcels, label them, carry them to their ship lane.

    tote ──> item* ── parcel full, CLOSE or the order's last tote is empty ──> [weigh] ──> label ──> lane ──> item, tote
     │        └ the tote is empty and another of the order stands at staging: it is asked for, item goes on with it
     ├ NOSCAN: what cannot be scanned (`pack_unscanned`), then item again
     ├ NEWPARCEL ──> split ── CONFIRM: this parcel closes, the rest of the tote goes into another
     └ a closed parcel was scanned: parcel ── VOID ──> void_tote ── REOPEN ──> tote ── BACK ──> tote

`memory` holds what lies in front of the packer: the tote (with its order, because totes change owners), the
parcel taken in hand again, the one asked about, the item scanned last. A parcel that waits for its weight
(`pack_weigh`, at a bench that weighs), its label or its lane is known from the tables, so a reload or another packer
goes on with it. What a scan may move is judged in the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import REPRINTING, Reject, Rejected
from fulfillment.flows import pack_unscanned, pack_weigh
from fulfillment.flows.parcel import Carton, Parcel, TakeCarton, parcel_barcode
from fulfillment.flows.step import (
    EXPECTS_MAX,
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
    expect_command,
    expect_goods,
    expect_place,
    not_expected,
)

NAME = "pack"


@dataclass(frozen=True)
class Order:
    """Whose goods are being packed, and where they go."""

    order_id: int
    number: str
    policy: str
    ship_to: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tote:
    """The tote being emptied. `is_new`: it was asked for by the screen and nothing came out of it yet."""

    lpn_id: int
    code: str
    order: Order
    units_left: int
    lines_left: int
    is_new: bool = False


@dataclass(frozen=True)
class Closed:
    """A parcel that waits at this bench for its label or for its lane. `is_unjudged`: it was weighed, and nobody knows
    what it should weigh. `is_doubted`: bytes of its label left and nobody knows whether it came out. `weighed`: what it
    weighs, should weigh and may differ by, in grams; None = not weighed."""

    parcel: Parcel
    is_checked: bool
    lane: Place
    print_state: str = ""
    print_reason: str = ""
    is_unjudged: bool = False
    is_doubted: bool = False
    weighed: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class NextGoods:
    """The item asked for. `fits_each` is None when all that is left of it fits."""

    goods: Goods
    left_each: int
    scan_each_max: int
    fits_each: int | None = None


@dataclass(frozen=True)
class Facts:
    """What the tables know of this bench. `goods`: some of what lies in the tote, at most a screenful."""

    tote: Tote | None = None
    parcel: Parcel | None = None
    next: NextGoods | None = None
    goods: tuple[Goods, ...] = ()
    totes_left: tuple[str, ...] = ()
    closed: Closed | None = None
    weighing: pack_weigh.Weighing | None = None
    asked: Parcel | None = None
    waiting: tuple[str, ...] = ()
    free_totes: tuple[str, ...] = ()
    is_cancelled: bool = False
    carton: Carton | None = None
    other_cartons: tuple[str, ...] = ()
    slots: frozenset[str] = frozenset()  # which of these totes are slots of a put wall


@dataclass(frozen=True)
class OpenTote:
    """Take a tote from staging to the bench; with `order_id` it must be one of that order."""

    tote_code: str
    order_id: int | None = None


@dataclass(frozen=True)
class PackGoods:
    """Units from the tote into the parcel."""

    tote_id: int
    order_id: int
    item: ItemRead


@dataclass(frozen=True)
class TakeBack:
    """What was packed last goes into its tote again."""

    last: Memory


@dataclass(frozen=True)
class ReportMissing:
    """What should still lie in the tote does not."""

    tote_id: int
    order_id: int


@dataclass(frozen=True)
class CloseParcel:
    """Nothing more goes into this parcel: print its label and slip."""

    parcel_id: int


@dataclass(frozen=True)
class CheckLabel:
    """The label on the parcel was read and is the right one."""

    parcel_id: int


@dataclass(frozen=True)
class ReprintLabel:
    """The label is printed once more, marked, because of `why`."""

    parcel_id: int
    why: str


@dataclass(frozen=True)
class RefuseLabel:
    """Another parcel's label was read on this one: whose is it?"""

    number: str
    read: str


@dataclass(frozen=True)
class DenyLabel:
    """Nobody knew whether the label came out, and it is not in the packer's hand."""

    parcel_id: int


@dataclass(frozen=True)
class PutInLane:
    """Carry the parcel to where its carrier fetches it."""

    parcel_id: int


@dataclass(frozen=True)
class AskForParcel:
    """A parcel was scanned: what shall become of it?"""

    number: str


@dataclass(frozen=True)
class VoidParcel:
    """Its units go into an empty tote; the parcel and its number are used up."""

    parcel_id: int
    tote_code: str


@dataclass(frozen=True)
class ReopenParcel:
    """Its units stay in it and it is open again at this bench."""

    parcel_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means at the bench; illegal states cannot be reached, `settle` named this one."""
    if facts.asked is not None:
        return _hear_about_parcel(state, memory, heard, facts.asked)
    if facts.closed is not None:
        return _hear_label_or_lane(state, memory, heard, facts.closed)
    if facts.weighing is not None:
        return pack_weigh.hear(memory, heard, facts.weighing)
    if facts.tote is not None and pack_unscanned.is_on(memory, facts.tote.lpn_id):
        return pack_unscanned.hear(memory, heard, facts.tote.lpn_id, facts.tote.order.order_id)
    if facts.tote is not None:
        return _hear_item(state, memory, heard, facts, facts.tote)
    return _hear_tote(memory, heard, facts)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    if facts.asked is not None:
        return _parcel_step(memory, facts.asked, facts.free_totes)
    if facts.closed is not None:
        return _label_step(memory, facts.closed)
    if facts.weighing is not None:
        return pack_weigh.settle(memory, facts.weighing)
    if facts.tote is not None:
        return _item_step(memory, facts, facts.tote)
    return _tote_step(memory, facts)


def _hear_tote(memory: Memory, heard: Heard, facts: Facts) -> Reply:
    if heard.kind in ("tote", "slot"):
        return Do(OpenTote(heard.value))
    if heard.kind == "parcel":
        return Do(AskForParcel(heard.value), memory)
    if heard.kind == "item" and facts.is_cancelled:
        return Rejected(Reject.ORDER_CANCELLED, expected="another tote", got=heard.raw)
    if heard.kind == "command" and heard.value == "CLOSE" and facts.parcel is not None:
        return _close(facts.parcel, {})
    return not_expected(heard, "tote", "parcel")


def _hear_item(state: str, memory: Memory, heard: Heard, facts: Facts, tote: Tote) -> Reply:
    memory = _without(memory, "split")
    if state == "split" and heard.kind == "command":
        if heard.value == "CONFIRM":
            return _close(facts.parcel, memory)
        if heard.value == "BACK":
            return Goto(memory)
    if heard.kind == "item" and heard.item is not None:
        return Do(PackGoods(tote.lpn_id, tote.order.order_id, heard.item), memory)
    if heard.kind in ("tote", "slot"):
        if heard.value == tote.code:
            return Goto({**memory, "is_new": False})
        return Do(OpenTote(heard.value, tote.order.order_id), memory)
    if heard.kind == "carton" and facts.parcel is not None:
        return Do(TakeCarton(facts.parcel.parcel_id, heard.value), memory)
    if heard.kind == "command":
        if heard.value == "UNDO" and memory.get("last"):
            return Do(TakeBack(memory["last"]), memory)
        if heard.value == "MISSING":
            return Do(ReportMissing(tote.lpn_id, tote.order.order_id), memory)
        if heard.value == "CLOSE":
            return _close(facts.parcel, memory)
        if heard.value == "NOSCAN":
            return Goto(pack_unscanned.begun(memory, tote.lpn_id))
        if heard.value == "NEWPARCEL":
            reply = _close(facts.parcel, memory)
            return reply if isinstance(reply, Rejected) else Goto({**memory, "split": True})
    return not_expected(heard, facts.next.goods.sku if facts.next else "item")


def _close(parcel: Parcel | None, memory: Memory) -> Reply:
    if parcel is None or not parcel.units:
        return Rejected(Reject.NOTHING_HERE, expected="something in the parcel")
    return Do(CloseParcel(parcel.parcel_id), memory)


def _hear_label_or_lane(state: str, memory: Memory, heard: Heard, closed: Closed) -> Reply:
    parcel = closed.parcel
    if heard.kind == "command":
        if heard.value == "VOID":
            return Goto({**memory, "ask": parcel.parcel_id, "is_void": True})
        if heard.value == "REOPEN":
            return Do(ReopenParcel(parcel.parcel_id), memory)
        if heard.value == "REPRINT":
            return Goto({**memory, "reprint": parcel.parcel_id})
        if heard.value == "BACK" and state == "reprint":
            return Goto(_without(memory, "reprint"))
        if heard.value == "NO" and closed.is_doubted and not closed.is_checked:
            return Do(DenyLabel(parcel.parcel_id), memory)
    if heard.kind == "parcel":
        if heard.value != parcel.number:
            return Do(RefuseLabel(parcel.number, heard.value), memory)
        # A second read of the right label means nothing.
        return Goto(memory) if state == "lane" else Do(CheckLabel(parcel.parcel_id), _without(memory, "reprint"))
    if state == "reprint":
        if heard.kind == "reason" and heard.value in REPRINTING:
            return Do(ReprintLabel(parcel.parcel_id, heard.value), _without(memory, "reprint"))
        return Rejected(Reject.REASON_REQUIRED, expected=", ".join(REPRINTING), got=heard.raw)
    if state == "lane" and heard.kind == "location":
        if heard.value != closed.lane.code:
            return Rejected(Reject.WRONG_LANE, expected=closed.lane.code, got=heard.value)
        return Do(PutInLane(parcel.parcel_id), memory)
    return not_expected(heard, closed.lane.code if state == "lane" else parcel.number)


def _hear_about_parcel(state: str, memory: Memory, heard: Heard, parcel: Parcel) -> Reply:
    rest = {key: value for key, value in memory.items() if key not in ("ask", "is_void")}
    if heard.kind == "command":
        if heard.value == "BACK":
            return Goto(rest)
        if heard.value == "VOID":
            return Goto({**memory, "is_void": True})
        if heard.value == "REOPEN" and state == "parcel":
            return Do(ReopenParcel(parcel.parcel_id), rest)
    if state == "void_tote" and heard.kind == "tote":
        return Do(VoidParcel(parcel.parcel_id, heard.value), rest)
    return not_expected(heard, "an empty tote" if state == "void_tote" else "VOID, REOPEN or BACK")


def _tote_step(memory: Memory, facts: Facts) -> Step:
    fields: dict[str, Any] = {}
    if facts.is_cancelled:
        fields["notice"] = "order_cancelled"
    elif memory.get("notice_tote"):
        fields |= {"notice": memory["notice"], "tote": _tote_view(memory["notice_tote"], memory.get("is_slot"))}
    close: tuple[Expect, ...] = ()
    if facts.parcel is not None:
        fields |= {"order": facts.parcel.order_number, "parcel": facts.parcel.view()}
        fields["totes_left"] = [_tote_view(code, code in facts.slots) for code in facts.totes_left]
        close = expect_command("CLOSE") if facts.parcel.units else ()
    codes = dict.fromkeys((*facts.totes_left, *facts.waiting))
    totes = tuple(_expect_tote(code, code in facts.slots) for code in codes) or (Expect("tote"),)
    return Step(NAME, "tote", "scan_tote", (*totes[:15], *close, *expect_command("HOME")), fields)


def _item_step(memory: Memory, facts: Facts, tote: Tote) -> Step:
    order, ahead = tote.order, facts.next
    fields: dict[str, Any] = {
        "order": order.number, "policy": order.policy, "ship_to": dict(order.ship_to),
        "parcel": facts.parcel.view() if facts.parcel else {"units": 0, "weight_g": 0},
        "tote": _tote_view(tote.code, tote.code in facts.slots),
        "totes_left": [_tote_view(code, code in facts.slots) for code in facts.totes_left],
        "units_left": tote.units_left, "lines_left": tote.lines_left,
        "next": None if ahead is None else {**ahead.goods.view(), "qty_each": ahead.left_each},
        "fits_each": ahead.fits_each if ahead else None, "scan_each_max": ahead.scan_each_max if ahead else None,
        "last_sku": memory.get("last_sku", ""),
    }  # fmt: skip
    if memory.get("notice"):
        fields["notice"] = memory["notice"]
    if facts.carton is not None:
        fields["carton"] = facts.carton.view()
    if pack_unscanned.is_on(memory, tote.lpn_id):
        return pack_unscanned.settle(memory, fields, facts.goods)
    if memory.get("split"):
        return Step(NAME, "split", "confirm_new_parcel", expect_command("CONFIRM", "BACK"), fields)
    undo = ("UNDO",) if memory.get("last") else ()
    totes = (_expect_tote(tote.code, tote.code in facts.slots),) if tote.is_new else ()
    goods = tuple(expect_goods(part) for part in facts.goods[:15])
    cartons = tuple(Expect("carton", own_code("P", code), code) for code in facts.other_cartons)
    said = expect_command("NEWPARCEL", "NOSCAN", "MISSING", *undo, "HOME")
    expects = (*totes, *goods, *said, *cartons)[:EXPECTS_MAX]
    return Step(NAME, "item", "fetch_tote" if tote.is_new else "scan_item", expects, fields)


def _label_step(memory: Memory, closed: Closed) -> Step:
    parcel = closed.parcel
    fields: dict[str, Any] = {
        "order": parcel.order_number, "parcel": parcel.view(),
        "print": {"state": closed.print_state, "reason": closed.print_reason},
    }  # fmt: skip
    if memory.get("reprint") == parcel.parcel_id:
        seen = Expect("parcel", parcel_barcode(parcel.number), parcel.number)
        reasons = tuple(Expect("reason", pack_unscanned.reason_code(why), why) for why in REPRINTING)
        return Step(NAME, "reprint", "why_reprint", (*reasons, seen, *expect_command("BACK")), fields)
    if closed.weighed is not None:
        fields["weighed"] = dict(closed.weighed)
    if closed.is_unjudged:
        fields["notice"] = "weight_unknown"
    elif memory.get("notice") and not memory.get("notice_tote"):
        fields["notice"] = memory["notice"]
    again = expect_command("REPRINT", "VOID", "REOPEN")
    if closed.is_doubted and not closed.is_checked:
        fields["is_doubted"] = True
        # No REPRINT here: whoever has not looked yet would get a second label of a parcel that has one.
        seen = Expect("parcel", parcel_barcode(parcel.number), parcel.number)
        return Step(NAME, "label", "is_label_here", (seen, *expect_command("NO", "VOID", "REOPEN")), fields)
    if not closed.is_checked:
        expects = (Expect("parcel", parcel_barcode(parcel.number), parcel.number), *again)
        return Step(NAME, "label", "scan_label", expects, fields)
    fields["lane"] = closed.lane.view()
    return Step(NAME, "lane", "scan_location", (expect_place(closed.lane), *again), fields)


def _parcel_step(memory: Memory, parcel: Parcel, free_totes: tuple[str, ...]) -> Step:
    fields = {"order": parcel.order_number, "parcel": parcel.view()}
    if memory.get("is_void"):
        totes = tuple(_expect_tote(code) for code in free_totes) or (Expect("tote"),)
        return Step(NAME, "void_tote", "scan_empty_tote", (*totes, *expect_command("BACK")), fields)
    return Step(NAME, "parcel", "choose_for_parcel", expect_command("VOID", "REOPEN", "BACK"), fields)


def _without(memory: Memory, key: str) -> dict[str, Any]:
    return {name: value for name, value in memory.items() if name != key}


def _tote_view(code: str, is_slot: bool | None) -> dict[str, str]:
    return {"code": code, "barcode": own_code("S" if is_slot else "T", code)}


def _expect_tote(code: str, is_slot: bool = False) -> Expect:
    return Expect("slot", own_code("S", code), code) if is_slot else Expect("tote", own_code("T", code), code)
