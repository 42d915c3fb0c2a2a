"""Sending stock to another warehouse: its transfer's number, then goods from their shelves onto a pallet.

States: transfer → location → item → location … → (DONE) transfer, with confirm before it when something is
missing. The place proposed holds the oldest units; another one is accepted, newer goods are not while older ones
lie free.
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

NAME = "send"


@dataclass(frozen=True)
class Next:
    """Where the oldest units of what is still missing lie."""

    place: Place
    goods: Goods
    qty_each: int
    received_on: str


@dataclass(frozen=True)
class Missing:
    """What a transfer asks for and the pallet does not hold."""

    goods: Goods
    left_each: int


@dataclass(frozen=True)
class OpenTransfer:
    """A transfer as it stands at this station; `loaded_each`: on its pallet."""

    transfer_id: int
    number: str
    to_warehouse: str
    sscc: str
    loaded_each: int
    missing: tuple[Missing, ...]
    following: Next | None = None

    @property
    def left_each(self) -> int:
        return sum(part.left_each for part in self.missing)


@dataclass(frozen=True)
class Facts:
    """`waiting`: numbers of transfers that may be sent, oldest first (a screenful). `place`: where one stands."""

    transfer: OpenTransfer | None = None
    place: Place | None = None
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartSending:
    """Open a transfer: a pallet gets a label."""

    number: str


@dataclass(frozen=True)
class GoThere:
    """Stand before this location."""

    transfer_id: int
    location_code: str


@dataclass(frozen=True)
class LoadGoods:
    """Units of an item from the location onto the pallet."""

    transfer_id: int
    location_id: int
    item: ItemRead


@dataclass(frozen=True)
class Send:
    """All that is on the pallet leaves; without anything on it the transfer stays as it was."""

    transfer_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means while sending."""
    transfer = facts.transfer
    if transfer is None:
        if heard.kind == "transfer":
            return Do(StartSending(heard.value))
        return not_expected(heard, "transfer")
    if state == "confirm":
        return _hear_confirm(memory, heard, transfer)
    if heard.kind == "command" and heard.value == "DONE":
        if transfer.left_each and transfer.loaded_each:
            return Goto({**_at_rest(memory), "confirm": True})
        return Do(Send(transfer.transfer_id), _at_rest(memory))
    if facts.place is not None:
        return _hear_item(memory, heard, transfer, facts.place)
    if heard.kind == "location":
        return Do(GoThere(transfer.transfer_id, heard.value), memory)
    if heard.kind == "command" and heard.value == "SKIP" and transfer.following is not None:
        return Goto({**memory, "skipped": [*memory.get("skipped", ()), transfer.following.place.location_id]})
    if heard.kind == "transfer" and heard.value == transfer.number:
        return Goto(memory)
    return not_expected(heard, transfer.following.place.code if transfer.following else "DONE")


def _hear_item(memory: Memory, heard: Heard, transfer: OpenTransfer, place: Place) -> Reply:
    if heard.kind == "item" and heard.item is not None:
        if heard.item.qty_each <= 0:
            return Rejected(Reject.BAD_QUANTITY, got=str(heard.item.qty_each))
        return Do(LoadGoods(transfer.transfer_id, place.location_id, heard.item), _at_rest(memory))
    if heard.kind == "location":
        return Do(GoThere(transfer.transfer_id, heard.value), memory)
    if heard.kind == "command" and heard.value == "BACK":
        return Goto(_at_rest(memory))
    return not_expected(heard, "item", "BACK")


def _hear_confirm(memory: Memory, heard: Heard, transfer: OpenTransfer) -> Reply:
    if heard.kind == "command" and heard.value == "CONFIRM":
        return Do(Send(transfer.transfer_id), _at_rest(memory))
    if heard.kind == "command" and heard.value == "BACK":
        return Goto(_at_rest(memory))
    return not_expected(heard, "CONFIRM", "BACK")


def _at_rest(memory: Memory) -> dict[str, Any]:
    return {key: value for key, value in memory.items() if key not in ("location", "confirm")}


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    transfer = facts.transfer
    if transfer is None:
        waiting = tuple(Expect("transfer", own_code("X", number), number) for number in facts.waiting)
        expects = (*(waiting or (Expect("transfer"),)), *expect_command("HOME"))
        return Step(NAME, "transfer", "scan_transfer", expects, {"waiting": list(facts.waiting)})
    fields: dict[str, Any] = {
        "transfer": transfer.number, "to_warehouse": transfer.to_warehouse, "lpn": transfer.sscc,
        "loaded_each": transfer.loaded_each, "left_each": transfer.left_each,
    }  # fmt: skip
    if memory.get("confirm"):
        fields["left"] = [{**part.goods.view(), "left_each": part.left_each} for part in transfer.missing]
        return Step(NAME, "confirm", "confirm_send", expect_command("CONFIRM", "BACK"), fields)
    following = transfer.following
    fields["next"] = None if following is None else {
        "location": following.place.view(), "item": following.goods.view(), "qty_each": following.qty_each,
        "received_on": following.received_on,
    }  # fmt: skip
    if facts.place is not None:
        fields["location"] = facts.place.view()
        here = following is not None and following.place.location_id == facts.place.location_id
        goods = (expect_goods(following.goods),) if following is not None and here else (Expect("item"),)
        return Step(NAME, "item", "scan_item", (*goods, *expect_command("BACK", "DONE")), fields)
    where = (expect_place(following.place),) if following else ()
    commands = ("DONE", "SKIP") if following else ("DONE",)
    return Step(NAME, "location", "scan_location", (*where, *expect_command(*commands)), fields)
