"""Putting back: a tote nobody will pack is emptied into storage, item by item.

States: tote → item → location → item … until the tote is empty. The units go where they came from if the
rules of FIFO, capacity and one item per location still let them, else where putaway would send them. What
is in the hand stays in the tote's book until its location is scanned; UNDO takes it out of there again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.flows.step import (
    Do,
    Expect,
    Goods,
    Goto,
    Heard,
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

NAME = "put_back"


@dataclass(frozen=True)
class Content:
    """One item lying in the tote."""

    goods: Goods
    qty_each: int


@dataclass(frozen=True)
class Tote:
    """The tote being emptied, or a slot of a put wall."""

    tote_id: int
    code: str
    order_number: str
    content: tuple[Content, ...]
    is_slot: bool = False


@dataclass(frozen=True)
class InHand:
    """Units taken out of the tote, and where they shall go."""

    goods: Goods
    qty_each: int
    received_on: str
    place: Place


@dataclass(frozen=True)
class Facts:
    """`waiting`: totes that ask to be put back, oldest first (codes, at most a screenful); `slots`: those of them that
    are slots of a put wall."""

    tote: Tote | None
    hand: InHand | None = None
    waiting: tuple[str, ...] = ()
    slots: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OpenTote:
    """Begin with this tote."""

    tote_code: str


@dataclass(frozen=True)
class TakeOut:
    """Take units of an item out of the tote; finds the location they go to."""

    tote_id: int
    item_id: int
    qty_each: int


@dataclass(frozen=True)
class PutBack:
    """Put what is in the hand into a location."""

    tote_id: int
    location_code: str


@dataclass(frozen=True)
class TakeBack:
    """What was put into a location last is in its tote again."""

    last: Memory


@dataclass(frozen=True)
class WriteOff:
    """The tote is empty and the book says otherwise: the rest is missing."""

    tote_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while putting back."""
    tote = facts.tote
    if heard.kind == "command" and heard.value == "UNDO":
        return _undo(memory, facts)
    if tote is None:
        return Do(OpenTote(heard.value)) if heard.kind in ("tote", "slot") else not_expected(heard, "tote")
    if facts.hand is not None:
        if heard.kind == "location":
            return Do(PutBack(tote.tote_id, heard.value), memory)
        if heard.kind == "command" and heard.value == "BACK":
            return Goto({"tote": tote.tote_id, **_kept(memory)})
        return not_expected(heard, facts.hand.place.code)
    if heard.kind == "item" and heard.item is not None:
        inside = {part.goods.item_id: part.qty_each for part in tote.content}
        if heard.item.item_id not in inside:
            return Rejected(Reject.WRONG_ITEM, expected="an item of this tote", got=heard.item.sku)
        wrong = check_quantity(heard.item.qty_each, inside[heard.item.item_id], "")
        here = {"tote": tote.tote_id, **_kept(memory)}
        return wrong or Do(TakeOut(tote.tote_id, heard.item.item_id, heard.item.qty_each), here)
    if heard.kind in ("tote", "slot") and heard.value == tote.code:
        return Goto(memory)  # a second read of the tote one works on means nothing
    if heard.kind == "command":
        if heard.value == "MISSING":
            return Do(WriteOff(tote.tote_id))
        if heard.value == "BACK":
            return Goto({})
    return not_expected(heard, "item")


def _undo(memory: Memory, facts: Facts) -> Reply:
    """What was only taken out goes back into the tote it is still in by the book; else the last one put away."""
    if facts.tote is not None and facts.hand is not None:
        return Goto({"tote": facts.tote.tote_id, **_kept(memory)})
    last = memory.get("last")
    return Do(TakeBack(last), memory) if last else Rejected(Reject.NOTHING_TO_UNDO)


def _kept(memory: Memory) -> dict[str, Any]:
    return {"last": memory["last"]} if memory.get("last") else {}


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    tote = facts.tote
    undo = expect_command("UNDO") if memory.get("last") else ()
    if tote is None:
        totes = tuple(
            Expect("slot", own_code("S", code), code) if code in facts.slots
            else Expect("tote", own_code("T", code), code)
            for code in facts.waiting
        ) or (Expect("tote"),)  # fmt: skip
        expects = (*totes, *undo, *expect_command("HOME"))
        return Step(NAME, "tote", "scan_tote", expects, {"waiting": list(facts.waiting)})
    fields: dict[str, Any] = {
        "tote": {"code": tote.code, "barcode": own_code("S" if tote.is_slot else "T", tote.code)},
        "order": tote.order_number,
        "units_left": sum(part.qty_each for part in tote.content), "lines_left": len(tote.content),
    }  # fmt: skip
    if facts.hand is not None:
        hand = facts.hand
        fields |= {
            "item": hand.goods.view(), "qty_each": hand.qty_each, "received_on": hand.received_on,
            "location": hand.place.view(),
        }  # fmt: skip
        expects = (expect_place(hand.place), *expect_command("BACK", "UNDO"))
        return Step(NAME, "location", "scan_location", expects, fields)
    fields["next"] = {**tote.content[0].goods.view(), "qty_each": tote.content[0].qty_each}
    if memory.get("notice"):
        fields["notice"] = memory["notice"]
    goods = tuple(expect_goods(part.goods) for part in tote.content[:10])
    return Step(NAME, "item", "scan_item", (*goods, *expect_command("MISSING", "BACK"), *undo), fields)
