"""What cannot be scanned at the bench: which of the tote's items it is, why its barcode does not serve, whose word.

    item ── NOSCAN ──> unscanned ── an item touched, typed or told by its last digits ──> unscanned_why
     unscanned_why ── a reason ──> item, or unscanned_word where a supervisor must agree ── badge ──> item

Nothing here passes for a scan: what was packed so is written down with who, why and whose word (`pack_unscanned`
among the services). `memory["unscanned"]` holds what was chosen so far; BACK leaves at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import NOT_SCANNED, Reject, Rejected
from fulfillment.flows.step import (
    Do,
    Expect,
    Goods,
    Goto,
    Heard,
    Memory,
    Reply,
    Step,
    expect_command,
    expect_goods,
    not_expected,
)

KEY = "unscanned"


@dataclass(frozen=True)
class Chosen:
    """Units that cannot be scanned, as far as they are told. `lot` and `serial` are set where the packer read them
    off; `needs_word`: a supervisor's, who is then `by`."""

    item_id: int
    sku: str
    name: str
    qty_each: int
    lot: str = ""
    serial: str = ""
    why: str = ""
    needs_word: bool = False
    supervisor_id: int = 0
    by: str = ""


@dataclass(frozen=True)
class FindUnscanned:
    """Which of the tote's items is meant by this text: a SKU, a barcode, a lot or serial number, or how one ends."""

    tote_id: int
    order_id: int
    text: str
    qty_each: int


@dataclass(frozen=True)
class AskForWord:
    """Whose badge is this, and may they decide?"""

    badge: str


@dataclass(frozen=True)
class PackUnscanned:
    """Units from the tote into the parcel on a person's word."""

    tote_id: int
    order_id: int
    chosen: Chosen


def is_on(memory: Memory, tote_id: int) -> bool:
    """Whether the packer is telling of something unscanned in this tote; of any other it is nothing."""
    return KEY in memory and memory[KEY].get("tote") == tote_id


def begun(memory: Memory, tote_id: int) -> Memory:
    """The memory after NOSCAN."""
    return {**memory, KEY: {"tote": tote_id}}


def with_chosen(memory: Memory, tote_id: int, chosen: Chosen) -> Memory:
    """The memory once so much is told."""
    return {**memory, KEY: {"tote": tote_id, "chosen": vars(chosen)}}


def chosen_in(memory: Memory) -> Chosen | None:
    """What was told so far."""
    told = memory[KEY].get("chosen")
    return None if told is None else Chosen(**told)


def without(memory: Memory) -> dict[str, Any]:
    """The memory when it is over."""
    return {key: value for key, value in memory.items() if key != KEY}


def hear(memory: Memory, heard: Heard, tote_id: int, order_id: int) -> Reply:
    """What a read means while the packer tells what cannot be scanned."""
    if heard.kind == "command" and heard.value == "BACK":
        return Goto(without(memory))
    chosen = chosen_in(memory)
    if chosen is None:
        return _hear_item(memory, heard, tote_id, order_id)
    if not chosen.why:
        return _hear_why(memory, heard, tote_id, order_id, chosen)
    if heard.kind == "badge":
        return Do(AskForWord(heard.value), memory)
    return not_expected(heard, "a supervisor's badge")


def settle(memory: Memory, fields: Mapping[str, Any], goods: Sequence[Goods]) -> Step:
    """The screen that asks for what is not told yet; `fields` of the item's screen, `goods` some of the tote's."""
    chosen = chosen_in(memory)
    back = expect_command("BACK")
    if chosen is None:
        items = tuple(expect_goods(part) for part in goods)
        return Step("pack", "unscanned", "choose_unscanned", (*items, Expect("typed"), *back), fields)
    fields = {
        **fields,
        "unscanned": {
            "sku": chosen.sku, "name": chosen.name, "qty_each": chosen.qty_each, "lot": chosen.lot,
            "serial": chosen.serial, "why": chosen.why,
        },
    }  # fmt: skip
    if not chosen.why:
        reasons = tuple(Expect("reason", reason_code(why), why) for why in NOT_SCANNED)
        return Step("pack", "unscanned_why", "scan_reason", (*reasons, *back), fields)
    return Step("pack", "unscanned_word", "scan_badge", (Expect("badge"), *back), fields)


def reason_code(why: str) -> str:
    """A reason's barcode."""
    return own_code("Y", why.upper().replace("_", "-"))


def _hear_item(memory: Memory, heard: Heard, tote_id: int, order_id: int) -> Reply:
    if heard.kind == "item" and heard.item is not None:
        count = heard.item.keyed_each or 1
        return Do(FindUnscanned(tote_id, order_id, heard.item.sku, count), memory)
    if heard.kind == "typed":
        return Do(FindUnscanned(tote_id, order_id, heard.value, heard.qty_each or 1), memory)
    return not_expected(heard, "item", "BACK")


def _hear_why(memory: Memory, heard: Heard, tote_id: int, order_id: int, chosen: Chosen) -> Reply:
    if heard.kind != "reason":
        return not_expected(heard, "a reason")
    if heard.value not in NOT_SCANNED:
        return Rejected(Reject.REASON_REQUIRED, expected=", ".join(NOT_SCANNED), got=heard.value)
    told = Chosen(**{**vars(chosen), "why": heard.value})
    if told.needs_word:
        return Goto(with_chosen(memory, tote_id, told))
    return Do(PackUnscanned(tote_id, order_id, told), without(memory))
