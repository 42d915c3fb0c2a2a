"""Receiving: a receipt's number, then its goods, item by item, onto the dock.

States: receipt → item* → (DONE) receipt.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    Reply,
    Step,
    expect_command,
    expect_goods,
    not_expected,
)

NAME = "receive"


@dataclass(frozen=True)
class OpenReceipt:
    """A receipt as it stands at the dock."""

    receipt_id: int
    number: str
    units_left: int
    lines_left: int
    next_goods: Goods | None = None
    next_each: int = 0


@dataclass(frozen=True)
class Facts:
    """`waiting`: receipts that may be started, oldest first (numbers, at most a screenful)."""

    receipt: OpenReceipt | None
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenReceiptByNumber:
    """Start, or go on with, a receipt."""

    number: str


@dataclass(frozen=True)
class ReceiveGoods:
    """Take units of an item in as (part of) a layer."""

    receipt_id: int
    item: ItemRead


@dataclass(frozen=True)
class CloseReceipt:
    """Nothing more comes; what is missing stays on record."""

    receipt_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while receiving."""
    if state == "receipt" or facts.receipt is None:
        if heard.kind == "receipt":
            return Do(OpenReceiptByNumber(heard.value))
        return not_expected(heard, "receipt")
    if heard.kind == "item" and heard.item is not None:
        if heard.item.qty_each <= 0:
            return Rejected(Reject.BAD_QUANTITY, got=str(heard.item.qty_each))
        return Do(ReceiveGoods(facts.receipt.receipt_id, heard.item), memory)
    if heard.kind == "command" and heard.value == "DONE":
        return Do(CloseReceipt(facts.receipt.receipt_id))
    if heard.kind == "receipt" and heard.value == facts.receipt.number:
        return Goto(memory)
    return not_expected(heard, "item", "DONE")


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    receipt = facts.receipt
    if receipt is None:
        waiting = tuple(Expect("receipt", own_code("R", number), number) for number in facts.waiting)
        expects = (*(waiting or (Expect("receipt"),)), *expect_command("HOME"))
        return Step(NAME, "receipt", "scan_receipt", expects, {"waiting": list(facts.waiting)})
    fields = {
        "receipt": receipt.number, "units_left": receipt.units_left, "lines_left": receipt.lines_left,
        "next": None if receipt.next_goods is None
        else {**receipt.next_goods.view(), "qty_each": receipt.next_each},
    }  # fmt: skip
    goods = (expect_goods(receipt.next_goods),) if receipt.next_goods else ()
    return Step(NAME, "item", "scan_item", (*goods, *expect_command("DONE")), fields)
