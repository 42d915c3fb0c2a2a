"""Free moves: from a location or off a pallet into the hand and to another place; whole pallets; stock set aside.

States: source → item → target → source; item → reason → item for a hold, damage, release or adjustment; source →
lpn → source for a pallet with all that stands on it. What is in the hand is in the ledger, so nothing is lost
when the dialogue is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.moving import REASONS_FOR, may_change
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
    check_quantity,
    expect_command,
    expect_goods,
    not_expected,
)

NAME = "move"


@dataclass(frozen=True)
class Lying:
    """Units of one layer in one condition."""

    goods: Goods
    lot: str
    received_on: str
    expiry_on: str
    status: str
    qty_each: int

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {
            **self.goods.view(), "lot": self.lot, "received_on": self.received_on, "expiry_on": self.expiry_on,
            "status": self.status, "qty_each": self.qty_each,
        }  # fmt: skip


@dataclass(frozen=True)
class InHand:
    """What was taken and lies nowhere yet; `origin`: where BACK puts it."""

    goods: Goods
    qty_each: int
    received_on: str
    status: str
    origin: Place | None


@dataclass(frozen=True)
class Pallet:
    """A handling unit by its SSCC, what lies on it, and which ones stand on it."""

    lpn_id: int
    sscc: str
    place: Place | None
    content: tuple[Lying, ...] = ()
    carries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Where this station stands. `pallets`: SSCCs standing in the location."""

    place: Place | None = None
    content: tuple[Lying, ...] = ()
    pallets: tuple[str, ...] = ()
    hand: InHand | None = None
    pallet: Pallet | None = None
    role: str = ""


@dataclass(frozen=True)
class OpenPlace:
    """Stand before this location."""

    location_code: str


@dataclass(frozen=True)
class OpenPallet:
    """Take this handling unit in hand."""

    sscc: str


@dataclass(frozen=True)
class TakeGoods:
    """Units of an item into the hand; `lpn_id` 0 = those that lie loose."""

    location_id: int
    lpn_id: int
    item: ItemRead
    status: str = ""


@dataclass(frozen=True)
class ChangeStock:
    """Units of an item here become something else, or more or fewer."""

    location_id: int
    item: ItemRead
    change: str
    why: str
    status: str = ""


@dataclass(frozen=True)
class PutDown:
    """So many of what is in the hand into a location."""

    location_code: str
    qty_each: int


@dataclass(frozen=True)
class PutOn:
    """So many of what is in the hand onto a pallet."""

    sscc: str
    qty_each: int


@dataclass(frozen=True)
class GiveBack:
    """What is in the hand goes back to where it came from."""


@dataclass(frozen=True)
class TakeBack:
    """What was set down last comes into the hand again."""

    last: Memory


@dataclass(frozen=True)
class MovePallet:
    """A pallet with all that stands on it into a location."""

    lpn_id: int
    location_code: str


@dataclass(frozen=True)
class NestPallet:
    """A pallet with all that stands on it onto another one."""

    lpn_id: int
    onto_sscc: str


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while moving goods."""
    if heard.kind == "command" and heard.value == "UNDO" and memory.get("last"):
        return Do(TakeBack(memory["last"]), memory)
    if facts.hand is not None:
        return _hear_target(memory, heard, facts.hand)
    if facts.pallet is not None:
        return _hear_pallet(memory, heard, facts.pallet)
    if facts.place is None:
        return _hear_source(heard) or not_expected(heard, "location", "pallet")
    if state == "reason":
        return _hear_reason(memory, heard, facts)
    return _hear_item(memory, heard, facts, facts.place)


def _hear_source(heard: Heard) -> Reply | None:
    if heard.kind == "location":
        return Do(OpenPlace(heard.value))
    if heard.kind == "parcel":
        return Do(OpenPallet(heard.value))
    return None


def _hear_item(memory: Memory, heard: Heard, facts: Facts, place: Place) -> Reply:
    mode = memory.get("mode", "")
    if heard.kind == "item" and heard.item is not None:
        if heard.item.qty_each <= 0:
            return Rejected(Reject.BAD_QUANTITY, got=str(heard.item.qty_each))
        status = memory.get("status", "")
        if mode and not may_change(facts.role, mode):  # asked for by whoever had this station before
            return Rejected(Reject.NOT_ALLOWED, expected="a supervisor", got=facts.role)
        if mode:
            command = ChangeStock(place.location_id, heard.item, mode, memory["why"], status)
            return Do(command, {"location": place.location_id})
        return Do(TakeGoods(place.location_id, 0, heard.item, status), {"location": place.location_id})
    if heard.kind == "location" and heard.value == place.code:
        return Goto({**memory, "status": _next_status(facts.content, memory.get("status", ""))})
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({"location": place.location_id} if mode else {})
    if heard.kind == "command" and heard.value in REASONS_FOR:
        if not may_change(facts.role, heard.value):
            return Rejected(Reject.NOT_ALLOWED, expected="a supervisor", got=facts.role)
        return Goto({**memory, "mode": heard.value, "why": ""})
    return _hear_source(heard) or not_expected(heard, "item", "BACK")


def _hear_reason(memory: Memory, heard: Heard, facts: Facts) -> Reply:
    fitting = REASONS_FOR[memory["mode"]]
    if heard.kind == "reason":
        if not may_change(facts.role, memory["mode"]):
            return Rejected(Reject.NOT_ALLOWED, expected="a supervisor", got=facts.role)
        if heard.value not in fitting:
            return Rejected(Reject.REASON_REQUIRED, expected=" or ".join(fitting), got=heard.value)
        return Goto({**memory, "why": heard.value})
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({key: value for key, value in memory.items() if key not in ("mode", "why")})
    return not_expected(heard, "reason", "BACK")


def _hear_target(memory: Memory, heard: Heard, hand: InHand) -> Reply:
    if heard.kind in ("location", "parcel"):
        qty_each = hand.qty_each if heard.qty_each is None else heard.qty_each
        wrong = check_quantity(qty_each, hand.qty_each, "")
        if wrong is not None:
            return wrong
        put = PutDown(heard.value, qty_each) if heard.kind == "location" else PutOn(heard.value, qty_each)
        return Do(put, {})
    if heard.kind == "command" and heard.value in ("BACK", "UNDO"):
        return Do(GiveBack(), {key: value for key, value in memory.items() if key not in ("last", "notice")})
    return not_expected(heard, "location", "pallet", "BACK")


def _hear_pallet(memory: Memory, heard: Heard, pallet: Pallet) -> Reply:
    if heard.kind == "item" and heard.item is not None and pallet.place is not None:
        if heard.item.qty_each <= 0:
            return Rejected(Reject.BAD_QUANTITY, got=str(heard.item.qty_each))
        return Do(TakeGoods(pallet.place.location_id, pallet.lpn_id, heard.item), memory)
    if heard.kind == "location":
        return Do(MovePallet(pallet.lpn_id, heard.value), {})
    if heard.kind == "parcel" and heard.value == pallet.sscc:
        return Goto(memory)  # a second read of the label in hand means nothing
    if heard.kind == "parcel":
        return Do(NestPallet(pallet.lpn_id, heard.value), {})
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({})
    return not_expected(heard, "location", "pallet", "item")


def _next_status(content: Sequence[Lying], status: str) -> str:
    """The place scanned again: the next condition that lies here, then whichever again."""
    there = sorted({part.status for part in content})
    if status not in there:
        return there[0] if len(there) > 1 else ""
    following = there.index(status) + 1
    return there[following] if following < len(there) else ""


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    undo = expect_command("UNDO") if memory.get("last") else ()
    if facts.hand is not None:
        hand = facts.hand
        fields: dict[str, Any] = {
            "item": hand.goods.view(), "qty_each": hand.qty_each, "received_on": hand.received_on,
            "status": hand.status, "from": hand.origin.view() if hand.origin else None, **_notice(memory),
        }  # fmt: skip
        expects = (Expect("location"), Expect("parcel"), *expect_command("BACK"), *undo)
        return Step(NAME, "target", "scan_target", expects, fields)
    if facts.pallet is not None:
        pallet = facts.pallet
        fields = {
            "lpn": pallet.sscc, "content": [part.view() for part in pallet.content], "carries": list(pallet.carries),
            "location": pallet.place.view() if pallet.place else None,
        }  # fmt: skip
        expects = (Expect("location"), Expect("parcel"), Expect("item"), *expect_command("BACK"))
        return Step(NAME, "lpn", "scan_target", expects, fields)
    if facts.place is None:
        expects = (Expect("location"), Expect("parcel"), *undo, *expect_command("HOME"))
        return Step(NAME, "source", "scan_source", expects)
    mode, why = memory.get("mode", ""), memory.get("why", "")
    fields = {
        "location": facts.place.view(), "content": [part.view() for part in facts.content],
        "pallets": list(facts.pallets), "mode": mode, "why": why, "status": memory.get("status", ""),
    }  # fmt: skip
    if mode and not why:
        reasons = tuple(
            Expect("reason", own_code("Y", one.upper().replace("_", "-")), one) for one in REASONS_FOR[mode]
        )
        return Step(NAME, "reason", "scan_reason", (*reasons, *expect_command("BACK")), fields)
    goods = {part.goods.sku: part.goods for part in facts.content}
    items = tuple(expect_goods(one) for one in goods.values())[:8]
    changes = (change for change in REASONS_FOR if may_change(facts.role, change))
    return Step(NAME, "item", "scan_item", (*(items or (Expect("item"),)), *expect_command("BACK", *changes)), fields)


def _notice(memory: Memory) -> dict[str, Any]:
    return {"notice": memory["notice"]} if memory.get("notice") else {}
