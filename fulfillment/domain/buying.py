"""Buying a label whose call can go wrong: what to ask the carrier next, and when a person has to be asked.

A label costs money the moment the carrier makes it, so a call is repeated only where it is known that it cannot buy
a second one. Everything that is not known after looking it up is a person's decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fulfillment.domain.effects import Heard

LOOK_UPS_MAX = 5
LOOK_UP_AFTER_MS = (2_000, 5_000, 10_000, 20_000, 40_000)  # a call we gave up on may still be on its way


class Ask(Enum):
    """What a worker does with a label it has claimed."""

    BUY = "buy"
    LOOK_UP = "look_up"
    A_PERSON = "a_person"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Promises:
    """What a carrier's service is known to do: find a label by our reference, keep to one label a key."""

    can_look_up: bool = False
    keeps_keys: bool = False


def next_ask(heard: str, promises: Promises, is_wanted: bool) -> Ask:
    """What to do about a label of which `heard` is all that came back so far ('' = it was not asked for yet)."""
    if heard:
        return Ask.LOOK_UP if promises.can_look_up else Ask.A_PERSON
    return Ask.BUY if is_wanted else Ask.NOTHING


def after_nothing_found(heard: str, promises: Promises, is_wanted: bool, looked_up: int) -> Ask:
    """What to do when the carrier knows no label of our reference.

    A call it answered is over, so nothing was bought. One it was silent about may still arrive and buy: asking again
    is safe only with a carrier that makes one label a key, and a label nobody wants is looked up until we give up.
    """
    if heard == Heard.ANSWERED:
        return Ask.BUY if is_wanted else Ask.NOTHING
    if promises.keeps_keys and is_wanted:
        return Ask.BUY
    return after_no_look_up(looked_up)


def after_no_look_up(looked_up: int) -> Ask:
    """What to do when looking up told nothing, for the `looked_up`-th time."""
    return Ask.LOOK_UP if looked_up < LOOK_UPS_MAX else Ask.A_PERSON


def look_up_after_ms(looked_up: int) -> int:
    """How long to wait before the next look."""
    return LOOK_UP_AFTER_MS[min(looked_up, len(LOOK_UP_AFTER_MS) - 1)]
