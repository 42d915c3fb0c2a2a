"""Faults put in on purpose, each with what must find it: the FIFO audit, `verify`, or a count.

Owns when a fault is planted and how it is judged. Faults of the world are committed here; faults of the book
need the database and come through the engine's `plant` port, which writes what no service would. Invariant:
a fault asked for and not found fails the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulators.days.engine import Days

# kind → (planted on this day, at this moment, what must find it)
KINDS: Mapping[str, tuple[str, str]] = {
    "fifo-break": ("ordered", "fifo-audit"),  # a promise exchanged for a newer layer
    "bury": ("evening", "fifo-audit"),  # newer goods put before older ones in a push-back lane
    "lost-unit": ("evening", "count"),  # a unit gone from its place
    "wrong-place": ("evening", "count"),  # a unit put into the place of another item
    "double-count": ("evening", "verify"),  # a balance written without its move
    "wrong-layer": ("evening", "verify"),  # a balance moved to another layer of the item, the sum unchanged
}
BOOK = ("double-count", "wrong-layer")


def plant(days: Days, number: int, moment: str) -> None:
    """Plant what is due: one of each kind, from the second day on until it could be planted."""
    done = {planted["plant"] for planted in days.report.planted}
    for kind in days.options.plants:
        when, _ = KINDS[kind]
        is_last = number == days.options.days - 1
        due = is_last and moment == "evening" if kind in BOOK else number >= 1 and moment == when
        if kind in done or not due:
            continue
        planted = _in_world(days, kind) if kind in ("lost-unit", "wrong-place") else days.ports.plant(kind)
        if planted is not None and "from" in planted:  # carried there by somebody: it lies there in truth too
            there_each = days.world.count(planted["from"], planted["sku"])
            if there_each >= planted["qty_each"]:
                days.world.move(planted["from"], planted["location"], planted["sku"], planted["qty_each"])
        if planted is not None:
            days.report.planted.append({"plant": kind, "day": number + 1, **planted})


def judge(days: Days) -> list[str]:
    """Whether each was found; what was not is a failure."""
    failures = []
    for kind in days.options.plants:
        planted = next((one for one in days.report.planted if one["plant"] == kind), None)
        if planted is None:
            failures.append(f"{kind} could not be planted")
            continue
        planted["by"] = KINDS[kind][1]
        planted["found"] = _is_found(days, kind, planted)
        if not planted["found"]:
            failures.append(f"{kind} was not found by {planted['by']}")
    return failures


def breaks_book(kinds: Sequence[str]) -> bool:
    return any(kind in BOOK for kind in kinds)


def fifo_expected(planted: Sequence[Mapping[str, Any]]) -> int:
    """How many findings of the audit were planted."""
    return sum(KINDS[one["plant"]][1] == "fifo-audit" for one in planted)


def _in_world(days: Days, kind: str) -> dict[str, Any] | None:
    places = sorted(place for place in days.storage if days.world.count(place) > 2)
    if not places:
        return None
    place = days.dice.choice(places)
    pile = days.world.look(place)[0]
    if kind == "lost-unit":
        days.world.lose(place, pile.sku, 1, pile.received_on)
        days.errors.note("lost_unit", "plant", place=place, sku=pile.sku)
        return {"location": place, "sku": pile.sku}
    other = next((there for there in places if all(p.sku != pile.sku for p in days.world.look(there))), None)
    if other is None:
        return None
    days.world.move(place, other, pile.sku, 1, pile.received_on)
    days.errors.note("misput", "plant", place=other, sku=pile.sku, detail=f"meant for {place}")
    return {"location": place, "sku": pile.sku, "lies_at": other}


def _is_found(days: Days, kind: str, planted: Mapping[str, Any]) -> bool:
    match KINDS[kind][1]:
        case "fifo-audit":
            return any(one["sku"] == planted["sku"] for one in days.report.fifo_found)
        case "verify":
            found = [str(words) for check in days.report.verify_found for words in check.get("found", ())]
            return any(planted["location"] in words for words in found)
        case _:
            sku = planted["sku"]
            wrong = days.report.accuracy["wrong"]
            places = {planted["location"], planted.get("lies_at", planted["location"])}
            return not any(text.startswith(f"{place} {sku}:") for place in places for text in wrong)
