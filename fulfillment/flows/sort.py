"""Sorting at the put wall: a batch tote, then unit by unit item → the slot that lights up.

    wall* ──> tote ──> item ──> slot ──> item … until nothing of the tote is left to sort ──> tote
                        │         │ MISSING: the unit in the hand cannot be sold ──> reason ──> item
                        │ MISSING: the tote is empty and the book says otherwise ──> reason ──> tote
                        └ BACK: the tote is left as it is ──> tote

Whose a unit is, and so which slot it goes to, is decided when it is scanned and looked at again with every screen: what
another sorter did meanwhile counts. `memory` holds only the wall, the tote, and the unit in the hand, which stays in
the tote's book until its slot is scanned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import MISSING_AT_WALL, Reject, Rejected
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
    expect_command,
    expect_goods,
    expect_place,
    not_expected,
)

NAME = "sort"


@dataclass(frozen=True)
class Wall:
    """The wall as it is drawn: a word a row, a letter a slot (f free, t taken, d done)."""

    wall_id: int
    code: str
    rows: tuple[str, ...]

    def view(self, lit: str = "") -> dict[str, Any]:
        """For `step.fields`; `lit`: the name of the slot that lights up."""
        return {"code": self.code, "rows": list(self.rows), "lit": lit}


@dataclass(frozen=True)
class Tote:
    """The batch tote being sorted. `put_back_left`: units in it nobody wants any more."""

    lpn_id: int
    code: str
    units_left: int
    put_back_left: int = 0


@dataclass(frozen=True)
class Unit:
    """What is in the hand, whose it is, and where that order's slot is.

    `most_each`: so many of it in this tote are that order's. `units_done`, `units_total`: how far the order has come.
    """

    goods: Goods
    qty_each: int
    most_each: int
    order_id: int
    order_number: str
    slot: str
    slot_name: str
    units_done: int
    units_total: int


@dataclass(frozen=True)
class Facts:
    """What the tables know. `walls`: the places to choose from while no wall is chosen; `waiting`: totes to sort."""

    wall: Wall | None
    walls: tuple[Place, ...] = ()
    waiting: tuple[str, ...] = ()
    tote: Tote | None = None
    goods: tuple[Goods, ...] = ()
    unit: Unit | None = None


@dataclass(frozen=True)
class ChooseWall:
    """Sort at the wall that stands here."""

    location_code: str


@dataclass(frozen=True)
class OpenTote:
    """Take a batch tote to the wall; its orders get their slots."""

    wall_id: int
    tote_code: str


@dataclass(frozen=True)
class TakeUnit:
    """A unit out of the tote: whose is it?"""

    wall_id: int
    tote_id: int
    item: ItemRead


@dataclass(frozen=True)
class PutUnit:
    """What is in the hand lies in its order's slot now."""

    wall_id: int
    tote_id: int
    order_id: int
    item_id: int
    qty_each: int


@dataclass(frozen=True)
class ReportMissing:
    """What is in the hand cannot be sold, or, with an empty hand, what the tote should still hold is not in it."""

    wall_id: int
    tote_id: int
    why: str
    order_id: int = 0
    item_id: int = 0
    qty_each: int = 0


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means at the wall; illegal states cannot be reached, `settle` named this one."""
    if facts.wall is None:
        return Do(ChooseWall(heard.value)) if heard.kind == "location" else not_expected(heard, "a put wall")
    here = {"wall": facts.wall.wall_id}
    if facts.tote is None:
        if heard.kind == "tote":
            return Do(OpenTote(facts.wall.wall_id, heard.value), here)
        return not_expected(heard, "tote")
    at_tote = {**here, "tote": facts.tote.lpn_id}
    if memory.get("ask"):
        return _hear_reason(memory, heard, facts.wall, facts.tote, facts.unit)
    if facts.unit is not None:
        return _hear_slot(memory, at_tote, heard, facts.wall, facts.tote, facts.unit)
    if heard.kind == "item" and heard.item is not None:
        return Do(TakeUnit(facts.wall.wall_id, facts.tote.lpn_id, heard.item), at_tote)
    if heard.kind == "tote" and heard.value == facts.tote.code:
        return Goto(at_tote)  # a second read of the tote one works on means nothing
    if heard.kind == "command":
        if heard.value == "MISSING":
            return Goto({**at_tote, "ask": True})
        if heard.value == "BACK":
            return Goto(here)
    return not_expected(heard, "item")


def _hear_slot(memory: Memory, at_tote: Memory, heard: Heard, wall: Wall, tote: Tote, unit: Unit) -> Reply:
    if heard.kind == "slot":
        if heard.value != unit.slot:
            return Rejected(Reject.WRONG_SLOT, expected=unit.slot, got=heard.value)
        put = PutUnit(wall.wall_id, tote.lpn_id, unit.order_id, unit.goods.item_id, unit.qty_each)
        return Do(put, memory)
    if heard.kind == "item" and heard.item is not None:
        in_hand = memory["unit"]
        is_alike = heard.item.item_id == unit.goods.item_id and heard.item.lot == in_hand["lot"]
        if not is_alike or heard.item.serial:
            return Rejected(Reject.FINISH_FIRST, expected=unit.slot, got=heard.item.sku)
        wrong = check_itself(heard.item)
        if wrong is not None:
            return wrong
        qty_each = unit.qty_each + heard.item.qty_each
        if heard.item.qty_each <= 0 or qty_each > unit.most_each:
            return Rejected(Reject.TOO_MANY, expected=str(unit.most_each), got=str(qty_each))
        return Goto({**memory, "unit": {**in_hand, "qty_each": qty_each}})
    if heard.kind == "command":
        if heard.value == "MISSING":
            return Goto({**memory, "ask": True})
        if heard.value == "BACK":
            return Goto(at_tote)
    return not_expected(heard, unit.slot)


def _hear_reason(memory: Memory, heard: Heard, wall: Wall, tote: Tote, unit: Unit | None) -> Reply:
    rest = {key: value for key, value in memory.items() if key != "ask"}
    if heard.kind == "command" and heard.value == "BACK":
        return Goto(rest)
    if heard.kind != "reason":
        return not_expected(heard, "a reason")
    if heard.value not in MISSING_AT_WALL:
        return Rejected(Reject.REASON_REQUIRED, expected=", ".join(MISSING_AT_WALL), got=heard.value)
    if unit is None:
        return Do(ReportMissing(wall.wall_id, tote.lpn_id, heard.value), rest)
    return Do(
        ReportMissing(
            wall.wall_id, tote.lpn_id, heard.value, unit.order_id, unit.goods.item_id, unit.qty_each
        ),
        rest,
    )  # fmt: skip


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    if facts.wall is None:
        places = tuple(expect_place(place) for place in facts.walls)
        fields: dict[str, Any] = {"walls": [place.code for place in facts.walls]}
        return Step(NAME, "wall", "scan_location", (*places, *expect_command("HOME")), fields)
    notice = {name: memory[name] for name in ("notice", "slot_done") if memory.get(name)}
    if facts.tote is None:
        totes = tuple(Expect("tote", own_code("T", code), code) for code in facts.waiting) or (Expect("tote"),)
        fields = {"wall": facts.wall.view(), "waiting": list(facts.waiting), **notice}
        return Step(NAME, "tote", "scan_tote", (*totes, *expect_command("HOME")), fields)
    tote, unit = facts.tote, facts.unit
    fields = {
        "wall": facts.wall.view(unit.slot_name if unit else ""),
        "tote": {"code": tote.code, "barcode": own_code("T", tote.code)}, "units_left": tote.units_left,
        "put_back_left": tote.put_back_left, **notice,
    }  # fmt: skip
    if unit is not None:
        fields |= _unit_fields(unit)
    if memory.get("ask"):
        reasons = tuple(
            Expect("reason", own_code("Y", why.upper().replace("_", "-")), why) for why in MISSING_AT_WALL
        )
        return Step(NAME, "reason", "scan_reason", (*reasons, *expect_command("BACK")), fields)
    if unit is None:
        goods = tuple(expect_goods(part) for part in facts.goods)
        return Step(NAME, "item", "scan_item", (*goods, *expect_command("MISSING", "BACK", "HOME")), fields)
    slot = Expect("slot", own_code("S", unit.slot), unit.slot)
    return Step(NAME, "slot", "scan_slot", (slot, *expect_command("MISSING", "BACK")), fields)


def _unit_fields(unit: Unit) -> Mapping[str, Any]:
    return {
        "item": unit.goods.view(), "qty_each": unit.qty_each, "order": unit.order_number,
        "slot": {"code": unit.slot, "name": unit.slot_name, "barcode": own_code("S", unit.slot)},
        "progress": {"done": unit.units_done, "total": unit.units_total},
    }  # fmt: skip
