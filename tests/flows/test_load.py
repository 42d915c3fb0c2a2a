"""Loading as a dialogue: what a read means on each screen. Pure: no table is asked."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.flows.load import (
    ChooseLane,
    CloseManifest,
    Facts,
    Lane,
    LoadParcel,
    MarkMissing,
    TakeOff,
    hear,
    settle,
)
from fulfillment.flows.step import Do, Goto, Heard, Memory, Place, Reply
from fulfillment.scanning.classify import ReadKind

PLACE = Place(20, "LANE-DOM")
NUMBER = "006141410000000019"
FRESH = Facts(Lane(PLACE, 1, "Post", None, "", 0, 2), (NUMBER,))
LOADED = Facts(Lane(PLACE, 1, "Post", 4, "000001", 1, 1), (NUMBER,))
NOWHERE = Facts(None, lanes=(PLACE,))
HERE: Memory = {"lane": 20}
TAKE_OFF: Memory = {**HERE, "ask": "take_off"}
CONFIRM: Memory = {**HERE, "ask": "confirm"}


def say(facts: Facts, kind: str, value: str, memory: Memory) -> Reply:
    return hear(settle(memory, facts).state, memory, Heard(ReadKind(kind), value, value), facts)


def said(reply: Reply) -> Any:
    """The command a reply carries out."""
    assert isinstance(reply, Do), reply
    return reply.command


def why(reply: Reply) -> Reject:
    assert isinstance(reply, Rejected), reply
    return reply.code


@pytest.mark.parametrize(
    ("facts", "memory", "state"),
    [
        (NOWHERE, {}, "lane"),
        (FRESH, HERE, "parcel"),
        (FRESH, CONFIRM, "parcel"),
        (FRESH, TAKE_OFF, "parcel"),
        (LOADED, TAKE_OFF, "take_off"),
        (LOADED, CONFIRM, "confirm"),
    ],
)
def test_the_screen_follows_from_the_facts(facts: Facts, memory: Memory, state: str) -> None:
    assert settle(memory, facts).state == state


def test_a_lane_comes_first() -> None:
    assert said(say(NOWHERE, "location", "LANE-DOM", {})) == ChooseLane("LANE-DOM")
    assert why(say(NOWHERE, "parcel", NUMBER, {})) == Reject.NOT_EXPECTED


def test_parcels_go_on_and_come_off() -> None:
    assert say(FRESH, "parcel", NUMBER, HERE) == Do(LoadParcel(1, NUMBER), HERE)
    assert say(LOADED, "command", "TAKEOFF", HERE) == Goto(TAKE_OFF)
    assert say(LOADED, "parcel", NUMBER, TAKE_OFF) == Do(TakeOff(1, NUMBER), HERE)
    assert say(LOADED, "command", "BACK", TAKE_OFF) == Goto(HERE)
    assert said(say(FRESH, "location", "LANE-EU", HERE)) == ChooseLane("LANE-EU")


def test_a_manifest_is_closed_only_with_something_on_it_and_only_on_confirmation() -> None:
    assert why(say(FRESH, "command", "CLOSE", HERE)) == Reject.MANIFEST_EMPTY
    assert say(LOADED, "command", "CLOSE", HERE) == Goto(CONFIRM)
    assert why(say(LOADED, "parcel", NUMBER, CONFIRM)) == Reject.NOT_EXPECTED
    assert say(LOADED, "command", "BACK", CONFIRM) == Goto(HERE)
    assert said(say(LOADED, "command", "CONFIRM", CONFIRM)) == CloseManifest(4)
    assert say(LOADED, "command", "MISSING", CONFIRM) == Do(MarkMissing(1), CONFIRM)


def test_missing_is_asked_for_only_when_something_is_left() -> None:
    labels = [expect.label for expect in settle(CONFIRM, LOADED).expects]
    assert labels == ["CONFIRM", "MISSING", "BACK"]
    nothing_left = Facts(Lane(PLACE, 1, "Post", 4, "000001", 1, 0))
    assert [expect.label for expect in settle(CONFIRM, nothing_left).expects] == ["CONFIRM", "BACK"]
