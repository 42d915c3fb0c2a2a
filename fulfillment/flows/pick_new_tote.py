"""A tote is full, or the place of a stop has none: another one is stood on the cart.

It joins the full one on its place. OTHERPLACE offers the cart's free places one after the other, and then the same
place again; the scan of an empty tote stands it where the screen says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.flows.step import Do, Expect, Goto, Heard, Memory, Reply, expect_command, not_expected


@dataclass(frozen=True)
class AddTote:
    """Another empty tote, beside the full one or on the free place `onto` (0 = beside it)."""

    task_id: int
    tote_code: str
    onto: int = 0


def ask(here: Memory) -> Goto:
    """The tote is full: which is the next one, and where shall it stand?"""
    return Goto({**here, "new_tote": True, "onto": 0})


def hear(here: Memory, heard: Heard, task_id: int, places: Sequence[int], before: Memory) -> Reply:
    """`places`: the free ones of the cart; `before`: what BACK goes back to."""
    if heard.kind == "tote":
        rest = {key: value for key, value in here.items() if key != "onto"}
        return Do(AddTote(task_id, heard.value, here.get("onto", 0)), {**rest, "new_tote": False})
    if heard.kind == "command" and heard.value == "OTHERPLACE" and places:
        return Goto({**here, "onto": _following(places, here.get("onto", 0))})
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({key: value for key, value in before.items() if key != "onto"})
    return not_expected(heard, "an empty tote")


def expects(free_totes: Sequence[str], places: Sequence[int], *, has_tote: bool) -> tuple[Expect, ...]:
    """Totes nobody uses, another place where there is one, and the way back to the tote there is."""
    totes = tuple(Expect("tote", own_code("T", code), code) for code in free_totes) or (Expect("tote"),)
    return *totes, *expect_command(*(("OTHERPLACE",) if places else ()), *(("BACK",) if has_tote else ()))


def fields(here: Memory, tote: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """The place it shall stand on, and how many others are free."""
    return {"tote": {**tote, "position": here.get("onto") or tote["position"]}, "places_free": len(places)}


def _following(places: Sequence[int], onto: int) -> int:
    return next((place for place in sorted(places) if place > onto), 0)
