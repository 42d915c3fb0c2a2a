"""What a picker declares when a stop is not as told: too little there, goods damaged, another item in its stead.

    item ── OVERRIDE ──> supervisor ── badge ──> reason ──> item: newer goods may go first
     ├── SHORT ──> short ── reason ──> the stop ends, or with units in the hand: tote
     │                └── SUBSTITUTE ──> the same, and the rest is promised from an item that may go instead
     └── DAMAGED ──> damaged ── (scan or key how many) reason ──> item, or wherever good units are

Two touches each; BACK leaves the question with the hand as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import PASSING_OVER, SET_ASIDE, SHORTING, Reject, Rejected, Why
from fulfillment.flows.pick_hand import HandPart, hand_of
from fulfillment.flows.step import Do, Expect, Goods, Goto, Heard, ItemRead, Memory, Reply, expect_command, not_expected

SHORT, DAMAGED = "short", "damaged"  # what is asked about, and the names of the states that ask
_WHYS = {SHORT: SHORTING, DAMAGED: SET_ASIDE}


@dataclass(frozen=True)
class Substitute:
    """An item that may go instead of the one asked for, and how many of it nobody is promised."""

    goods: Goods
    free_each: int

    def view(self) -> dict[str, Any]:
        """For `step.fields`."""
        return {**self.goods.view(), "free_each": self.free_each}


@dataclass(frozen=True)
class AskSupervisor:
    """A badge was scanned to let newer goods go first."""

    badge: str


@dataclass(frozen=True)
class ReportShort:
    """Nothing (more) of the item is in the location; with `is_substituted` another item goes for the rest."""

    task_id: int
    why: str
    is_substituted: bool = False


@dataclass(frozen=True)
class BrokenPart:
    """Damaged units of which is known what their label says; '' = nothing."""

    qty_each: int
    lot: str = ""
    expiry_on: str = ""
    serial: str = ""


@dataclass(frozen=True)
class SetAsideDamaged:
    """Units lying at the stop, beside those in the hand, are not to be sold."""

    task_id: int
    parts: tuple[BrokenPart, ...]
    why: str
    counted_each: int = 0
    hand: tuple[HandPart, ...] = ()


@dataclass(frozen=True)
class TakeBack:
    """The last pick of this walk is undone: its units go from the tote to where they lay."""

    last: Memory


def ask(here: Memory, about: str) -> Goto:
    """Ask why, before anything is done."""
    return Goto({**here, "asks": about})


def hear_supervisor(here: Memory, heard: Heard) -> Reply:
    """Whose word it is that newer goods may go first."""
    if heard.kind == "badge":
        return Do(AskSupervisor(heard.value), here)
    return _leave_override(here, heard, "a supervisor's badge")


def hear_reason(here: Memory, heard: Heard) -> Reply:
    """Why newer goods may go first."""
    if heard.kind == "reason":
        if heard.value not in PASSING_OVER:
            return Rejected(Reject.REASON_REQUIRED, expected=", ".join(PASSING_OVER), got=heard.value)
        rest = {key: value for key, value in here.items() if key != "ask"}
        return Goto({**rest, "override": {**here["override"], "why": heard.value}})
    return _leave_override(here, heard, "a reason")


def hear_short(here: Memory, heard: Heard, task_id: int, substitute: Substitute | None) -> Reply:
    """Why there is too little; what was found goes into its tote first."""
    rest = _answered(here)
    if heard.kind == "reason":
        if heard.value not in SHORTING:
            return Rejected(Reject.REASON_REQUIRED, expected=", ".join(SHORTING), got=heard.value)
        return _short(rest, task_id, heard.value, is_substituted=False)
    if heard.kind == "command" and heard.value == "SUBSTITUTE":
        if substitute is None:
            return Rejected(Reject.NO_SUBSTITUTE)
        return _short(rest, task_id, Why.TOO_FEW if here["counted"] else Why.NOT_THERE, is_substituted=True)
    return _back(rest, heard)


def hear_damaged(here: Memory, heard: Heard, task_id: int, goods: Goods, *, is_serial: bool) -> Reply:
    """How many are damaged, by a scan of each or keyed, and why; nothing said of the number is one."""
    parts = _broken(here)
    if heard.kind == "item" and heard.item is not None:
        return _count_broken(here, parts, heard.item, goods, is_serial=is_serial)
    if heard.kind == "reason":
        if heard.value not in SET_ASIDE:
            return Rejected(Reject.REASON_REQUIRED, expected=", ".join(SET_ASIDE), got=heard.value)
        if is_serial and not parts:
            return Rejected(Reject.SERIAL_REQUIRED, expected=goods.sku)
        broken = parts or (BrokenPart(heard.qty_each or 1),)
        return Do(SetAsideDamaged(task_id, broken, heard.value, here["counted"], hand_of(here)), _answered(here))
    return _back(_answered(here), heard)


def expects(about: str, goods: Goods, substitute: Substitute | None) -> tuple[Expect, ...]:
    """What answers the question, a button each."""
    whys = tuple(Expect("reason", own_code("Y", why.upper().replace("_", "-")), why) for why in _WHYS[about])
    units = (Expect("item", goods.barcode, goods.sku),) if about == DAMAGED else ()
    instead = ("SUBSTITUTE",) if about == SHORT and substitute is not None else ()
    return *whys, *units, *expect_command(*instead, "BACK")


def fields(here: Memory, about: str, substitute: Substitute | None) -> dict[str, Any]:
    """What the question needs to show."""
    if about == DAMAGED:
        return {"damaged_each": sum(part.qty_each for part in _broken(here))}
    return {"substitute": substitute.view()} if substitute is not None else {}


def undoable(memory: Memory) -> bool:
    """Whether there is something UNDO could take back: units just counted, or the last pick."""
    return bool(memory.get("before") or memory.get("last"))


def undo(here: Memory) -> Reply:
    """Out of the hand what the last scan counted; with nothing new in it, the last pick back onto its place."""
    before = here.get("before")
    if before:
        rest = {key: value for key, value in here.items() if key != "before"}
        hand = list(here.get("hand", ()))[: before["parts"]]
        return Goto({**rest, "counted": before["counted"], "hand": hand, "is_short": False})
    return take_back(here)


def take_back(memory: Memory) -> Reply:
    """The last pick back onto its place."""
    last = memory.get("last")
    return Do(TakeBack(last), memory) if last else Rejected(Reject.NOTHING_TO_UNDO)


def before(here: Memory) -> dict[str, Any]:
    """What the hand held before a scan, to be remembered with what it counts."""
    return {"before": {"counted": here["counted"], "parts": len(here.get("hand", ()))}}


def _leave_override(here: Memory, heard: Heard, wanted: str) -> Reply:
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({key: value for key, value in here.items() if key not in ("ask", "override")})
    return not_expected(heard, wanted)


def _short(rest: Memory, task_id: int, why: str, *, is_substituted: bool) -> Reply:
    if rest["counted"]:
        return Goto({**rest, "is_short": True, "why": str(why), "substitutes": is_substituted})
    return Do(ReportShort(task_id, str(why), is_substituted), rest)


def _count_broken(
    here: Memory, parts: tuple[BrokenPart, ...], item: ItemRead, goods: Goods, *, is_serial: bool
) -> Reply:  # fmt: skip
    if item.item_id != goods.item_id:
        return Rejected(Reject.WRONG_ITEM, expected=goods.sku, got=item.sku)
    if item.qty_each <= 0:
        return Rejected(Reject.BAD_QUANTITY, got=str(item.qty_each))
    if is_serial and not item.serial:
        return Rejected(Reject.SERIAL_REQUIRED, expected=goods.sku, got=item.raw)
    if is_serial and item.qty_each > 1:
        return Rejected(Reject.SCAN_EACH, expected="1", got=str(item.qty_each))
    if item.serial and any(part.serial == item.serial for part in parts):
        return Rejected(Reject.SERIAL_KNOWN, expected="another unit", got=item.serial)
    part = BrokenPart(item.qty_each, item.lot, item.expiry_on, item.serial if is_serial else "")
    return Goto({**here, "damaged": [vars(one) for one in (*parts, part)]})


def _broken(here: Memory) -> tuple[BrokenPart, ...]:
    return tuple(BrokenPart(**part) for part in here.get("damaged", ()))


def _answered(here: Memory) -> Mapping[str, Any]:
    return {key: value for key, value in here.items() if key not in ("asks", "damaged")}


def _back(rest: Memory, heard: Heard) -> Reply:
    return Goto(rest) if heard.kind == "command" and heard.value == "BACK" else not_expected(heard, "a reason")
