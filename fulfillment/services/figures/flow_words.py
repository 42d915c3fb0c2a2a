"""What a bottleneck and Little's law say, in English sentences; pages in other languages use the parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.bottleneck import Finding, LaneFlow
from fulfillment.domain.flow import HOUR_MS, Lane, Little, LittleVerdict

CLOSED = "The warehouse is closed and nobody is at work."
PART = "Which lane holds the others up is said of all orders only: the same people work for all of them."
_NAMES = {Lane.PICK: "Picking", Lane.SORT: "Sorting", Lane.PACK: "Packing", Lane.SHIP: "Shipping"}
_PEOPLE = {
    Lane.PICK: ("picker", "pickers"), Lane.SORT: ("sorter", "sorters"), Lane.PACK: ("packer", "packers"),
    Lane.SHIP: ("loader", "loaders"),
}  # fmt: skip


def bottleneck(finding: Finding, window_min: int) -> str:
    """Which lane holds the others up, why, and whom to move; or that none does."""
    lane = finding.lane
    if lane is None:
        return "Every lane has room: none holds the others up."
    name = _NAMES[Lane(lane.lane)]
    wait = "waits" if lane.waiting == 1 else "wait"
    said = (
        f"{name}: {_orders(lane.waiting)} {wait}, {lane.came_per_hour:.0f} an hour come,"
        f" {lane.left_per_hour:.0f} an hour go with {_people(lane)}"
    )
    if finding.behind is not None and finding.behind.people and finding.behind.starved_percent >= 1:
        behind = _NAMES[Lane(finding.behind.lane)]
        said += f"; {behind} waited {finding.behind.starved_percent:.0f} % of {_window(window_min)}"
    said += "."
    if not finding.holds_up:
        return f"{said} It is the tightest lane and still keeps up."
    if finding.change is None:
        if not lane.people:
            return f"{said} Nobody works there: send somebody."
        return f"{said} Nobody can be spared: every other lane would become slower than this one."
    giver = _PEOPLE[Lane(finding.change.source)][0]
    return f"{said} Move one {giver} to {name.lower()}: about {finding.change.per_hour:.0f} an hour."


def whom(who: Mapping[str, Any] | None) -> str:
    """Who could go there and what they leave, or that nobody may; '' = nobody is asked for."""
    if who is None:
        return ""
    if who["reason"] == "nobody":
        return "Nobody signed in there may do it by role: a supervisor can."
    name = f"{who['operator']} at {who['station']} may"
    if who["reason"] == "stops":
        return f"{name}, after {who['count']} more {'stop' if who['count'] == 1 else 'stops'}."
    return f"{name}, once the open parcel is closed." if who["reason"] == "parcel" else f"{name}, with nothing in hand."


def little(law: Little, verdict: LittleVerdict) -> str:
    """What the gap between both sides of Little's law says of the scans."""
    if verdict == LittleVerdict.UNKNOWN or law.by_law is None or law.gap is None:
        here = _orders(law.wip_after)
        return f"No order left in this window, so nobody knows how long one stays; {here} there at its end."
    stayed_min = law.stayed_ms / law.left / 60_000
    said = (
        f"On average {law.mean_wip:.1f} orders were there; {law.arrived * HOUR_MS / law.window_ms:.0f} came an hour and"
        f" stayed {stayed_min:.0f} minutes, which makes {law.by_law:.1f}."
    )
    if verdict == LittleVerdict.AGREES:
        return f"{said} The scans account for the orders."
    if verdict == LittleVerdict.UNSTEADY:
        return (
            f"{said} There were {law.wip_before} at the beginning and {law.wip_after} at the end: while it fills or"
            " empties, the gap says nothing about the scans."
        )
    return f"{said} Scans are missing or orders lie forgotten: look at the oldest ones."


def _orders(count: int) -> str:
    return f"{count} order" if count == 1 else f"{count} orders"


def _people(lane: LaneFlow) -> str:
    one, many = _PEOPLE[Lane(lane.lane)]
    return f"{lane.people} {one if lane.people == 1 else many}"


def _window(minutes: int) -> str:
    return {30: "the last half hour", 60: "the last hour"}.get(minutes, f"the last {minutes} minutes")
