"""The weigh check as part of packing: a parcel that is full waits for its weight, and closes when that is right.

    weigh ── a weight within the tolerance, or of what nobody knows the weight ──> label
     ├ a weight outside ──> weigh, which says what may be missing ── OVERRIDE ──> supervisor ──> reason ──> label
     ├ a carton: the parcel is in that one; the last weight is judged anew
     └ REOPEN ──> item, while something of the order is left to pack; VOID ──> void_tote

A weight comes from the scale as an own code, as a number keyed with WEIGH, or typed with its unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import WEIGHING_OTHERWISE, Reject, Rejected
from fulfillment.domain.weighing import ScaleReading, ScaleState, keyed_weight_g, parse_reading
from fulfillment.flows.parcel import Carton, Parcel, TakeCarton
from fulfillment.flows.pick_hand import Override
from fulfillment.flows.step import (
    EXPECTS_MAX,
    Do,
    Expect,
    Goto,
    Heard,
    Memory,
    Reply,
    Step,
    expect_command,
    not_expected,
)

_NOT_WEIGHED = {
    ScaleState.MOVING: Reject.SCALE_MOVING,
    ScaleState.OVER: Reject.SCALE_OVER,
    ScaleState.UNDER: Reject.SCALE_FAULT,
    ScaleState.FAULT: Reject.SCALE_FAULT,
}


@dataclass(frozen=True)
class Differs:
    """The last weight put on the parcel, which is not what it should weigh. `suspect_units` of an item would explain
    it: too many, or (below 0) missing; 0 = no item does."""

    weighed_g: int
    suspect_units: int = 0
    suspect_sku: str = ""
    suspect_name: str = ""


@dataclass(frozen=True)
class Weighing:
    """A full parcel that waits for its weight. `expected_g` and `tolerance_g` are None where nobody knows what some
    of it weighs; `may_reopen`: something of its order is left to pack."""

    parcel: Parcel
    carton: Carton | None = None
    other_cartons: tuple[str, ...] = ()
    expected_g: int | None = None
    tolerance_g: int | None = None
    differs: Differs | None = None
    may_reopen: bool = False


@dataclass(frozen=True)
class TakeWeight:
    """The parcel weighs so much; `zeroing` of the scale, None when a person keyed it."""

    parcel_id: int
    grams: int
    zeroing: int | None = None


@dataclass(frozen=True)
class PackOn:
    """The parcel is not full after all."""

    parcel_id: int


@dataclass(frozen=True)
class AskSupervisor:
    """Whose badge is this, and may they decide?"""

    badge: str


@dataclass(frozen=True)
class CloseAnyway:
    """The parcel closes with the weight it has: a supervisor's word, and why."""

    parcel_id: int
    override: Override


def hear(memory: Memory, heard: Heard, weighing: Weighing) -> Reply:
    """What a read means while a parcel waits for its weight."""
    override = _override(memory, weighing)
    if override is not None:
        return _hear_word(memory, heard, weighing.parcel, override)
    if heard.kind == "weight":
        return _hear_weight(memory, heard, weighing.parcel)
    if heard.kind == "carton":
        return Do(TakeCarton(weighing.parcel.parcel_id, heard.value), memory)
    if heard.kind == "command":
        if heard.value == "WEIGH":
            if heard.qty_each is None:
                return Rejected(Reject.BAD_QUANTITY, expected="grams, keyed before")
            return Do(TakeWeight(weighing.parcel.parcel_id, heard.qty_each), memory)
        if heard.value == "OVERRIDE" and weighing.differs is not None:
            return Goto({**memory, "override": {"parcel": weighing.parcel.parcel_id, "word": vars(Override(0, ""))}})
        if heard.value == "REOPEN" and weighing.may_reopen:
            return Do(PackOn(weighing.parcel.parcel_id), memory)
        if heard.value == "VOID":
            return Goto({**memory, "ask": weighing.parcel.parcel_id, "is_void": True})
    return not_expected(heard, "weight")


def settle(memory: Memory, weighing: Weighing) -> Step:
    """The screen of a parcel that waits for its weight."""
    override = _override(memory, weighing)
    fields: dict[str, Any] = {
        "order": weighing.parcel.order_number, "parcel": weighing.parcel.view(), "expected_g": weighing.expected_g,
        "tolerance_g": weighing.tolerance_g, "differs": _view(weighing),
    }  # fmt: skip
    if override is not None and not override.supervisor_id:
        return Step("pack", "supervisor", "scan_badge", (Expect("badge"), *expect_command("BACK")), fields)
    if override is not None:
        fields["override"] = {"by": override.by}
        reasons = tuple(Expect("reason", _reason_code(why), why) for why in WEIGHING_OTHERWISE)
        return Step("pack", "reason", "scan_reason", (*reasons, *expect_command("BACK")), fields)
    if weighing.carton is not None:
        fields["carton"] = weighing.carton.view()
    cartons = tuple(Expect("carton", own_code("P", code), code) for code in weighing.other_cartons)
    commands = [
        "WEIGH", *(["OVERRIDE"] if weighing.differs else []), *(["REOPEN"] if weighing.may_reopen else []), "VOID",
    ]  # fmt: skip
    prompt = "weigh_again" if weighing.differs else "weigh_parcel"
    expects = (Expect("weight"), *expect_command(*commands), *cartons)[:EXPECTS_MAX]
    return Step("pack", "weigh", prompt, expects, fields)


def given(memory: Memory, parcel_id: int, override: Override) -> Memory:
    """The memory once a supervisor has agreed."""
    return {**memory, "override": {"parcel": parcel_id, "word": vars(override)}}


def _hear_weight(memory: Memory, heard: Heard, parcel: Parcel) -> Reply:
    keyed_g = keyed_weight_g(heard.value)
    reading = parse_reading(heard.value) if keyed_g is None else ScaleReading(ScaleState.STABLE, keyed_g, 0)
    if reading is None:
        return Rejected(Reject.MISREAD, got=heard.raw)
    if reading.state is not ScaleState.STABLE:
        return Rejected(_NOT_WEIGHED[reading.state])
    if not reading.grams:
        return Rejected(Reject.NOTHING_HERE, expected="a parcel on the scale", got="0 g")
    return Do(TakeWeight(parcel.parcel_id, reading.grams, reading.zeroing if keyed_g is None else None), memory)


def _hear_word(memory: Memory, heard: Heard, parcel: Parcel, override: Override) -> Reply:
    rest = {key: value for key, value in memory.items() if key != "override"}
    if heard.kind == "command" and heard.value == "BACK":
        return Goto(rest)
    if not override.supervisor_id:
        if heard.kind == "badge":
            return Do(AskSupervisor(heard.value), memory)
        return not_expected(heard, "a supervisor's badge")
    if heard.kind != "reason":
        return not_expected(heard, "a reason")
    if heard.value not in WEIGHING_OTHERWISE:
        return Rejected(Reject.REASON_REQUIRED, expected=", ".join(WEIGHING_OTHERWISE), got=heard.value)
    word = Override(override.supervisor_id, override.by, heard.value, override.given_to_id)
    return Do(CloseAnyway(parcel.parcel_id, word), rest)


def _override(memory: Memory, weighing: Weighing) -> Override | None:
    """A word asked for or given, for this parcel and while its weight is wrong; for any other it is nothing."""
    asked = memory.get("override")
    if not asked or asked["parcel"] != weighing.parcel.parcel_id or weighing.differs is None:
        return None
    return Override(**asked["word"])


def _view(weighing: Weighing) -> dict[str, Any] | None:
    differs = weighing.differs
    if differs is None:
        return None
    suspect = None
    if differs.suspect_units:
        suspect = {
            "sku": differs.suspect_sku, "name": differs.suspect_name, "qty_each": abs(differs.suspect_units),
            "is_missing": differs.suspect_units < 0,
        }  # fmt: skip
    return {
        "weighed_g": differs.weighed_g, "difference_g": differs.weighed_g - (weighing.expected_g or 0),
        "suspect": suspect,
    }  # fmt: skip


def _reason_code(why: str) -> str:
    return own_code("Y", why.upper().replace("_", "-"))
