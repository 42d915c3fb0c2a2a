"""The shapes every dialogue shares: what was read, what follows, and the screen that asks next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.scanning.classify import ReadKind

HELP = "help"  # the state of a step that explains another
EXPECTS_MAX = 20  # a button each on the demo panel; a tote of 500 lines would swamp the answer

Memory = Mapping[str, Any]


@dataclass(frozen=True)
class ItemRead:
    """An item's barcode resolved: `barcode_each` units per scan of it, `keyed_each` typed by the operator.

    `is_look_alike`: others are mistaken for it; `is_by_hand`: its code was touched or typed, so nobody has read it off
    the goods by a scanner.
    """

    item_id: int
    sku: str
    barcode_each: int
    keyed_each: int | None
    raw: str
    lot: str = ""
    expiry_on: str = ""
    serial: str = ""
    scan_each_max: int = 3
    is_look_alike: bool = False
    is_by_hand: bool = False

    @property
    def qty_each(self) -> int:
        """What this scan counts: the typed number, else what the barcode stands for."""
        return self.barcode_each if self.keyed_each is None else self.keyed_each


@dataclass(frozen=True)
class Heard:
    """One read as a dialogue gets it. `item` is set exactly when `kind` is an item."""

    kind: ReadKind
    value: str
    raw: str
    qty_each: int | None = None
    item: ItemRead | None = None


@dataclass(frozen=True)
class Goto:
    """Remember this and go on; no stock moves."""

    memory: Memory


@dataclass(frozen=True)
class Do:
    """Carry out a command, then remember this."""

    command: Any
    memory: Memory = field(default_factory=dict)


Reply = Goto | Do | Rejected


@dataclass(frozen=True)
class Expect:
    """A kind of code the dialogue is ready for; with `code` exactly that one."""

    kind: str
    code: str | None = None
    label: str = ""


@dataclass(frozen=True)
class Step:
    """The next screen. `prompt` is a stable code; the words for it live at the edge."""

    flow: str
    state: str
    prompt: str
    expects: tuple[Expect, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A location as a person finds it."""

    location_id: int
    code: str
    kind: str = ""
    zone: str = ""
    aisle: str = ""
    bay: str = ""
    level: int = 0

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {
            "code": self.code, "barcode": own_code("L", self.code), "zone": self.zone, "aisle": self.aisle,
            "bay": self.bay, "level": self.level,
        }  # fmt: skip


@dataclass(frozen=True)
class Goods:
    """An item as a person recognises it."""

    item_id: int
    sku: str
    name: str
    barcode: str

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {"sku": self.sku, "name": self.name, "barcode": self.barcode}


def explained(step: Step) -> Step:
    """What a step asks for and what may be scanned at it, on a screen of its own; BACK leads to the step again."""
    back = expect_command("BACK")
    offered = tuple(one for one in step.expects if one not in back)
    of = {"state": step.state, "prompt": step.prompt}
    return Step(step.flow, HELP, HELP, (*offered[: EXPECTS_MAX - 1], *back), {"of": of})


def expect_command(*commands: str) -> tuple[Expect, ...]:
    """A button a command."""
    return tuple(Expect("command", own_code("C", command), command) for command in commands)


def expect_place(place: Place) -> Expect:
    """Exactly that location."""
    return Expect("location", own_code("L", place.code), place.code)


def expect_goods(goods: Goods) -> Expect:
    """That item, by the barcode of one each."""
    return Expect("item", goods.barcode, goods.sku)


def not_expected(heard: Heard, *wanted: str) -> Rejected:
    """The dialogue is waiting for something else."""
    return Rejected(Reject.NOT_EXPECTED, expected=" or ".join(wanted), got=heard.raw)


def check_itself(item: ItemRead) -> Rejected | None:
    """None unless goods that look like others were taken without a scan of each: of what is in the hand neither a code
    touched or typed nor a number keyed for the rest says anything."""
    if not item.is_look_alike:
        return None
    if item.is_by_hand:
        return Rejected(Reject.SCAN_ITSELF, expected=item.sku, got=item.raw)
    if item.qty_each > item.barcode_each:
        return Rejected(Reject.SCAN_EACH, expected=str(item.barcode_each), got=str(item.qty_each))
    return None


def check_quantity(qty_each: int, left_each: int, got: str) -> Rejected | None:
    """None when `qty_each` is a sensible part of what is left."""
    if qty_each <= 0:
        return Rejected(Reject.BAD_QUANTITY, expected=str(left_each), got=str(qty_each))
    if qty_each > left_each:
        return Rejected(Reject.TOO_MANY, expected=str(left_each), got=str(qty_each) if got == "" else got)
    return None
