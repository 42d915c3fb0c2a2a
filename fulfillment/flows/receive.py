"""Receiving: a receipt's number or a pallet's SSCC, then its goods, onto the dock.

States: receipt → item* → (DONE) receipt. OVER and DAMAGED ask for a reason first and mean the next goods
only. DONE asks once more while something is missing. BLIND begins a receipt nobody announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.inbound import ReceiptKind
from fulfillment.domain.reasons import OVER_RECEIVED, SET_ASIDE, Reject, Rejected, Why
from fulfillment.flows.step import (
    Do,
    Expect,
    Goods,
    Goto,
    Heard,
    ItemRead,
    Memory,
    Reply,
    Step,
    expect_command,
    expect_goods,
    not_expected,
)

NAME = "receive"


class Mode(StrEnum):
    """What a person said about the next goods."""

    OVER = "over"
    DAMAGED = "damaged"


REASONS: Mapping[str, tuple[Why, ...]] = {Mode.OVER: OVER_RECEIVED, Mode.DAMAGED: SET_ASIDE}


@dataclass(frozen=True)
class OpenReceipt:
    """A receipt as it stands at the dock. `units_waiting`: SSCCs announced and not here; `left`: what is missing,
    told when somebody wants to close it."""

    receipt_id: int
    number: str
    units_left: int
    lines_left: int
    next_goods: Goods | None = None
    next_each: int = 0
    kind: str = ReceiptKind.ASN
    units_waiting: tuple[str, ...] = ()
    left: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Facts:
    """`waiting`: receipts that may be started, oldest first (numbers, at most a screenful). `lpn`: the pallet
    that goods are being set on."""

    receipt: OpenReceipt | None
    waiting: tuple[str, ...] = ()
    lpn: str = ""


@dataclass(frozen=True)
class OpenReceiptByNumber:
    """Start, or go on with, a receipt."""

    number: str


@dataclass(frozen=True)
class OpenBlind:
    """Goods stand here that nobody announced."""


@dataclass(frozen=True)
class ReceiveGoods:
    """Take units of an item in as (part of) a layer."""

    receipt_id: int
    item: ItemRead
    mode: str = ""
    why: str = ""


@dataclass(frozen=True)
class ReceiveUnit:
    """Take in all that was announced on a handling unit; receipt 0 = whichever announced it."""

    receipt_id: int
    sscc: str
    mode: str = ""
    why: str = ""


@dataclass(frozen=True)
class BeginPallet:
    """Print a pallet label; what follows is set on that pallet."""

    receipt_id: int


@dataclass(frozen=True)
class CloseReceipt:
    """Nothing more comes; what is missing goes on record as short."""

    receipt_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while receiving."""
    receipt = facts.receipt
    if receipt is None:
        return _hear_receipt(heard)
    if state == "reason":
        return _hear_reason(memory, heard)
    if state == "confirm":
        if heard.kind == "command" and heard.value == "CONFIRM":
            return Do(CloseReceipt(receipt.receipt_id))
        if heard.kind == "command" and heard.value == "BACK":
            return Goto(_without(memory, "confirm"))
        return not_expected(heard, "CONFIRM", "BACK")
    return _hear_goods(receipt, _without(memory, "notice"), heard)


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    receipt = facts.receipt
    if receipt is None:
        waiting = tuple(Expect("receipt", own_code("R", number), number) for number in facts.waiting)
        expects = (*(waiting or (Expect("receipt"),)), Expect("parcel"), *expect_command("BLIND", "HOME"))
        return Step(NAME, "receipt", "scan_receipt", expects, {"waiting": list(facts.waiting)})
    if memory.get("asked"):
        asked = memory["asked"]
        reasons = tuple(Expect("reason", own_code("Y", _barcode(why)), why.value) for why in REASONS[asked])
        fields = {"receipt": receipt.number, "mode": asked, "reasons": [why.value for why in REASONS[asked]]}
        return Step(NAME, "reason", "scan_reason", (*reasons, *expect_command("BACK")), fields)
    if memory.get("confirm"):
        fields = {"receipt": receipt.number, "units_left": receipt.units_left, "left": [dict(x) for x in receipt.left]}
        return Step(NAME, "confirm", "confirm_receipt", expect_command("CONFIRM", "BACK"), fields)
    return _ask_for_goods(receipt, memory, facts.lpn)


def _hear_receipt(heard: Heard) -> Reply:
    if heard.kind == "receipt":
        return Do(OpenReceiptByNumber(heard.value))
    if heard.kind == "parcel":
        return Do(ReceiveUnit(0, heard.value))
    if heard.kind == "command" and heard.value == "BLIND":
        return Do(OpenBlind())
    return not_expected(heard, "receipt")


def _hear_reason(memory: Memory, heard: Heard) -> Reply:
    asked = memory["asked"]
    if heard.kind == "reason" and heard.value in REASONS[asked]:
        return Goto({**_without(memory, "asked"), "mode": asked, "why": heard.value})
    if heard.kind == "command" and heard.value == "BACK":
        return Goto(_without(memory, "asked"))
    return Rejected(Reject.REASON_REQUIRED, expected=" or ".join(REASONS[asked]), got=heard.raw)


def _hear_goods(receipt: OpenReceipt, memory: Memory, heard: Heard) -> Reply:
    mode, why = memory.get("mode", ""), memory.get("why", "")
    if heard.kind == "item" and heard.item is not None:
        if heard.item.qty_each <= 0:
            return Rejected(Reject.BAD_QUANTITY, got=str(heard.item.qty_each))
        return Do(ReceiveGoods(receipt.receipt_id, heard.item, mode, why), memory)
    if heard.kind == "parcel":
        return Do(ReceiveUnit(receipt.receipt_id, heard.value, mode, why), memory)
    if heard.kind == "command" and heard.value in ("OVER", "DAMAGED"):
        return Goto({**_without(memory, "mode", "why"), "asked": heard.value.lower()})
    if heard.kind == "command" and heard.value == "LPN":
        return Do(BeginPallet(receipt.receipt_id), memory)
    if heard.kind == "command" and heard.value == "DONE":
        if receipt.units_left:
            return Goto({**_without(memory, "mode", "why"), "confirm": 1})
        return Do(CloseReceipt(receipt.receipt_id))
    if heard.kind == "receipt" and heard.value == receipt.number:
        return Goto(memory)
    return not_expected(heard, "item", "DONE")


def _ask_for_goods(receipt: OpenReceipt, memory: Memory, lpn: str) -> Step:
    fields = {
        "receipt": receipt.number, "kind": receipt.kind, "units_left": receipt.units_left,
        "lines_left": receipt.lines_left,
        "next": None if receipt.next_goods is None
        else {**receipt.next_goods.view(), "qty_each": receipt.next_each},
        "units_waiting": list(receipt.units_waiting), "lpn": lpn or None, "mode": memory.get("mode", ""),
        "why": memory.get("why", ""),
    }  # fmt: skip
    if memory.get("notice"):
        fields["notice"] = memory["notice"]
    goods = (expect_goods(receipt.next_goods),) if receipt.next_goods else (Expect("item"),)
    units = tuple(Expect("parcel", sscc, sscc) for sscc in receipt.units_waiting)
    commands = expect_command("DONE", "OVER", "DAMAGED", "LPN", "HOME")
    return Step(NAME, "item", "scan_item", (*goods, *units, *commands), fields)


def _barcode(why: Why) -> str:
    return why.upper().replace("_", "-")


def _without(memory: Memory, *names: str) -> dict[str, Any]:
    return {name: value for name, value in memory.items() if name not in names}
