"""The bench: empty a tote into parcels, label them, carry them to their ship lane.

    tote ──> item* ── parcel full, CLOSE, or the order's last tote is empty ──> label ──> lane ──> item or tote
     │        └ the tote is empty and another of the order stands at staging: it is asked for, item goes on with it
     └ a closed parcel was scanned: parcel ── VOID ──> void_tote ── REOPEN ──> tote ── BACK ──> tote

`memory` holds what lies in front of the packer: the tote (with its order, because totes change owners), the
parcel taken in hand again, the one asked about. A parcel that waits for its label or its lane is known from
the tables, so a reload or another packer goes on with it. What a scan may move is judged in the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject, Rejected
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
class Parcel:
    """A parcel as the bench shows it."""

    parcel_id: int
    number: str
    order_number: str
    sequence: int
    units: int
    weight_g: int

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {
            "number": self.number, "barcode": parcel_barcode(self.number), "sequence": self.sequence,
            "units": self.units, "weight_g": self.weight_g,
        }  # fmt: skip


@dataclass(frozen=True)
class Closed:
    """A parcel that waits at this bench for its label or for its lane."""

    parcel: Parcel
    is_checked: bool
    lane: Place
    print_state: str = ""
    print_reason: str = ""


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
    asked: Parcel | None = None
    waiting: tuple[str, ...] = ()
    free_totes: tuple[str, ...] = ()
    is_cancelled: bool = False


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
    """The label did not come out or cannot be read."""

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
    if facts.tote is not None:
        return _hear_item(memory, heard, facts, facts.tote)
    return _hear_tote(memory, heard, facts)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    if facts.asked is not None:
        return _parcel_step(memory, facts.asked, facts.free_totes)
    if facts.closed is not None:
        return _label_step(facts.closed)
    if facts.tote is not None:
        return _item_step(facts, facts.tote)
    return _tote_step(memory, facts)


def parcel_barcode(number: str) -> str:
    """A parcel's number as its label is read: AI 00 and 18 digits."""
    return f"00{number}"


def _hear_tote(memory: Memory, heard: Heard, facts: Facts) -> Reply:
    if heard.kind == "tote":
        return Do(OpenTote(heard.value))
    if heard.kind == "parcel":
        return Do(AskForParcel(heard.value), memory)
    if heard.kind == "item" and facts.is_cancelled:
        return Rejected(Reject.ORDER_CANCELLED, expected="another tote", got=heard.raw)
    if heard.kind == "command" and heard.value == "CLOSE" and facts.parcel is not None:
        return _close(facts.parcel, {})
    return not_expected(heard, "tote", "parcel")


def _hear_item(memory: Memory, heard: Heard, facts: Facts, tote: Tote) -> Reply:
    if heard.kind == "item" and heard.item is not None:
        return Do(PackGoods(tote.lpn_id, tote.order.order_id, heard.item), memory)
    if heard.kind == "tote":
        if heard.value == tote.code:
            return Goto({**memory, "is_new": False})
        return Do(OpenTote(heard.value, tote.order.order_id), memory)
    if heard.kind == "command":
        if heard.value == "MISSING":
            return Do(ReportMissing(tote.lpn_id, tote.order.order_id), memory)
        if heard.value == "CLOSE":
            return _close(facts.parcel, memory)
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
            return Do(ReprintLabel(parcel.parcel_id), memory)
    if heard.kind == "parcel":
        if heard.value != parcel.number:
            return Rejected(Reject.WRONG_LABEL, expected=parcel.number, got=heard.value)
        # A second read of the right label means nothing.
        return Goto(memory) if state == "lane" else Do(CheckLabel(parcel.parcel_id), memory)
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
    elif memory.get("notice"):
        fields |= {"notice": memory["notice"], "tote": _tote_view(memory["notice_tote"])}
    close: tuple[Expect, ...] = ()
    if facts.parcel is not None:
        fields |= {"order": facts.parcel.order_number, "parcel": facts.parcel.view()}
        fields["totes_left"] = [_tote_view(code) for code in facts.totes_left]
        close = expect_command("CLOSE") if facts.parcel.units else ()
    codes = dict.fromkeys((*facts.totes_left, *facts.waiting))
    totes = tuple(_expect_tote(code) for code in codes) or (Expect("tote"),)
    return Step(NAME, "tote", "scan_tote", (*totes[:15], *close, *expect_command("HOME")), fields)


def _item_step(facts: Facts, tote: Tote) -> Step:
    order, ahead = tote.order, facts.next
    fields: dict[str, Any] = {
        "order": order.number, "policy": order.policy, "ship_to": dict(order.ship_to),
        "parcel": facts.parcel.view() if facts.parcel else {"units": 0, "weight_g": 0},
        "tote": _tote_view(tote.code), "totes_left": [_tote_view(code) for code in facts.totes_left],
        "units_left": tote.units_left, "lines_left": tote.lines_left,
        "next": None if ahead is None else {**ahead.goods.view(), "qty_each": ahead.left_each},
        "fits_each": ahead.fits_each if ahead else None, "scan_each_max": ahead.scan_each_max if ahead else None,
    }  # fmt: skip
    totes = (_expect_tote(tote.code),) if tote.is_new else ()
    goods = tuple(expect_goods(part) for part in facts.goods[:15])
    expects = (*totes, *goods, *expect_command("MISSING", "CLOSE", "HOME"))
    return Step(NAME, "item", "fetch_tote" if tote.is_new else "scan_item", expects, fields)


def _label_step(closed: Closed) -> Step:
    parcel = closed.parcel
    fields = {
        "order": parcel.order_number, "parcel": parcel.view(),
        "print": {"state": closed.print_state, "reason": closed.print_reason},
    }  # fmt: skip
    again = expect_command("REPRINT", "VOID", "REOPEN")
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


def _tote_view(code: str) -> dict[str, str]:
    return {"code": code, "barcode": own_code("T", code)}


def _expect_tote(code: str) -> Expect:
    return Expect("tote", own_code("T", code), code)
