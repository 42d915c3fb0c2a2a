"""Loading: a ship lane, then its parcels onto the truck, then the manifest the driver signs.

    lane ──> parcel* ── CLOSE ──> confirm ── CONFIRM ──> lane
               │                     └ MISSING: parcels nobody finds are marked; BACK ──> parcel
               ├ TAKEOFF ──> take_off ──> parcel
               └ UNDO: the parcel scanned last is where it was before

`memory` holds the lane stood at, which of the two questions is being asked, and the parcel UNDO would take back. A
manifest may be closed with parcels left behind: they stay in their lane for the next truck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.flows.parcel import parcel_barcode
from fulfillment.flows.step import (
    Do,
    Expect,
    Goto,
    Heard,
    Memory,
    Place,
    Reply,
    Step,
    expect_command,
    expect_place,
    not_expected,
)

NAME = "load"


@dataclass(frozen=True)
class Lane:
    """The lane stood at, its carrier, and the carrier's open manifest (None until the first parcel)."""

    place: Place
    carrier_id: int
    carrier: str
    manifest_id: int | None
    manifest: str
    loaded: int
    left: int


@dataclass(frozen=True)
class Facts:
    """`left_parcels`: numbers of some parcels still in the lane; `lanes`: those that hold any."""

    lane: Lane | None
    left_parcels: tuple[str, ...] = ()
    lanes: tuple[Place, ...] = ()


@dataclass(frozen=True)
class ChooseLane:
    """Stand at a ship lane."""

    location_code: str


@dataclass(frozen=True)
class LoadParcel:
    """From the lane onto the truck."""

    carrier_id: int
    number: str


@dataclass(frozen=True)
class TakeOff:
    """From the truck back into the lane."""

    carrier_id: int
    number: str


@dataclass(frozen=True)
class TakeBack:
    """The parcel loaded last goes back into its lane, the one taken off last back onto the truck."""

    last: Memory


@dataclass(frozen=True)
class MarkMissing:
    """What the lane should still hold cannot be found."""

    carrier_id: int


@dataclass(frozen=True)
class CloseManifest:
    """The truck leaves: everything on the manifest is shipped."""

    manifest_id: int


def hear(state: str, memory: Memory, heard: Heard, facts: Facts) -> Reply:
    """What a read means at the truck."""
    lane = facts.lane
    if lane is None and heard.kind == "command" and heard.value == "UNDO":
        return Rejected(Reject.NOTHING_TO_UNDO)  # the truck has left
    if lane is None:
        return Do(ChooseLane(heard.value)) if heard.kind == "location" else not_expected(heard, "a ship lane")
    here = {"lane": lane.place.location_id}
    if heard.kind == "command" and heard.value == "UNDO":
        return Do(TakeBack(memory["last"]), here) if memory.get("last") else Rejected(Reject.NOTHING_TO_UNDO)
    if state == "confirm":
        return _hear_confirm(memory, heard, lane)
    if heard.kind == "parcel":
        if state == "take_off":
            return Do(TakeOff(lane.carrier_id, heard.value), here)
        return Do(LoadParcel(lane.carrier_id, heard.value), here)
    if heard.kind == "location" and state == "parcel":
        return Do(ChooseLane(heard.value))
    if heard.kind == "command":
        if heard.value == "BACK" and state == "take_off":
            return Goto({**here, **_kept(memory)})
        if heard.value == "TAKEOFF" and state == "parcel":
            return Goto({**here, **_kept(memory), "ask": "take_off"})
        if heard.value == "CLOSE" and state == "parcel":
            if not lane.loaded:
                return Rejected(Reject.MANIFEST_EMPTY, expected="a loaded parcel")
            return Goto({**here, **_kept(memory), "ask": "confirm"})
    return not_expected(heard, "parcel")


def settle(memory: Memory, facts: Facts) -> Step:
    """The screen that follows from what is known now."""
    lane = facts.lane
    if lane is None:
        lanes = tuple(expect_place(place) for place in facts.lanes) or (Expect("location"),)
        return Step(NAME, "lane", "scan_location", (*lanes[:15], *expect_command("HOME")), {})
    fields: dict[str, Any] = {
        "manifest": lane.manifest or None, "carrier": lane.carrier, "loaded": lane.loaded, "left": lane.left,
        "lane": lane.place.view(),
    }  # fmt: skip
    if memory.get("notice"):
        fields["notice"] = memory["notice"]
    if lane.manifest:
        fields["manifest_barcode"] = own_code("M", lane.manifest)
    if memory.get("ask") == "confirm" and lane.loaded:
        fields["left_parcels"] = list(facts.left_parcels)
        missing = ("MISSING",) if lane.left else ()
        return Step(NAME, "confirm", "confirm_manifest", expect_command("CONFIRM", *missing, "BACK"), fields)
    undo = expect_command("UNDO") if memory.get("last") else ()
    if memory.get("ask") == "take_off" and lane.loaded:
        expects = (Expect("parcel"), *expect_command("BACK"), *undo)
        return Step(NAME, "take_off", "scan_parcel_to_take_off", expects, fields)
    parcels = tuple(Expect("parcel", parcel_barcode(number), number) for number in facts.left_parcels[:15])
    expects = (*(parcels or (Expect("parcel"),)), *expect_command("CLOSE", "TAKEOFF"), *undo, *expect_command("HOME"))
    return Step(NAME, "parcel", "scan_parcel", expects, fields)


def _hear_confirm(memory: Memory, heard: Heard, lane: Lane) -> Reply:
    if heard.kind == "command":
        if heard.value == "CONFIRM" and lane.manifest_id is not None:
            return Do(CloseManifest(lane.manifest_id))
        if heard.value == "MISSING":
            return Do(MarkMissing(lane.carrier_id), {"lane": lane.place.location_id, "ask": "confirm"})
        if heard.value == "BACK":
            return Goto({"lane": lane.place.location_id, **_kept(memory)})
    return not_expected(heard, "CONFIRM", "MISSING", "BACK")


def _kept(memory: Memory) -> dict[str, Any]:
    """What UNDO would take back outlives a question that was only asked."""
    return {"last": memory["last"]} if memory.get("last") else {}
