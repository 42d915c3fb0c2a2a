"""Which template draws which state, and when a keyed quantity is of use. Everything not named here is plain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kiosk_ui.words import WORDS, prompt, say

HELP = "help"  # the state of a step that explains another, in every flow

# (flow, state) → template in templates/screens; one template serves all states that ask for the same thing.
SCREENS: Mapping[tuple[str, str], str] = {
    ("home", "signed_out"): "badge",
    ("home", "menu"): "menu",
    ("home", "help"): "help",
    ("home", "pin"): "pin",
    ("home", "locked"): "badge",
    ("home", "problem"): "problem",
    ("receive", "receipt"): "receipt",
    ("receive", "item"): "arrival",
    ("receive", "reason"): "arrival_reason",
    ("receive", "confirm"): "missing_goods",
    ("putaway", "item"): "dock",
    ("putaway", "location"): "put_here",
    ("putaway", "tote"): "for_order",
    ("pick", "cart"): "take_cart",
    ("pick", "totes"): "stand_tote",
    ("pick", "location"): "go_to",
    ("pick", "item"): "take",
    ("pick", "tote"): "into_tote",
    ("pick", "supervisor"): "allow",
    ("pick", "reason"): "allow",
    ("pick", "short"): "too_few",
    ("pick", "damaged"): "damaged",
    ("pick", "drop"): "drop",
    ("pick", "over"): "drop",
    ("put_back", "tote"): "plain",
    ("put_back", "item"): "from_tote",
    ("put_back", "location"): "put_here",
    ("pack", "tote"): "plain",
    ("pack", "item"): "into_parcel",
    ("pack", "split"): "split",
    ("pack", "unscanned"): "unscanned",
    ("pack", "unscanned_why"): "unscanned",
    ("pack", "unscanned_word"): "unscanned",
    ("pack", "reprint"): "reprint",
    ("pack", "weigh"): "weigh",
    ("pack", "supervisor"): "weigh_word",
    ("pack", "reason"): "weigh_word",
    ("pack", "label"): "label",
    ("pack", "lane"): "to_lane",
    ("pack", "parcel"): "parcel",
    ("pack", "void_tote"): "parcel",
    ("load", "lane"): "plain",
    ("load", "parcel"): "truck",
    ("load", "take_off"): "truck",
    ("load", "confirm"): "truck",
    ("count", "location"): "next_count",
    ("count", "item"): "counted",
    ("move", "source"): "source",
    ("move", "item"): "lying",
    ("move", "reason"): "lying",
    ("move", "target"): "in_hand",
    ("move", "lpn"): "lying",
    ("send", "transfer"): "transfer",
    ("send", "location"): "to_send",
    ("send", "item"): "to_send",
    ("send", "confirm"): "to_send",
    ("replenish", "location"): "refill",
    ("replenish", "item"): "refill",
    ("replenish", "target"): "refill",
    ("sort", "wall"): "plain",
    ("sort", "tote"): "sort",
    ("sort", "item"): "sort",
    ("sort", "slot"): "sort",
    ("sort", "reason"): "sort",
}

# States in which a number may be keyed, and the kinds of code it goes with.
QUANTITIES: Mapping[tuple[str, str], str] = {
    ("receive", "item"): "item",
    ("putaway", "location"): "location",
    ("pick", "item"): "item",
    ("pick", "damaged"): "reason item",
    ("put_back", "item"): "item",
    ("pack", "item"): "item",
    ("pack", "unscanned"): "item",
    ("pack", "weigh"): "command",
    ("count", "item"): "item",
    ("move", "item"): "item",
    ("move", "lpn"): "item",
    ("move", "target"): "location parcel",
    ("send", "item"): "item",
    ("replenish", "item"): "item",
    ("replenish", "target"): "location",
    ("sort", "item"): "item",
}

# States in which a tote is stood on, or goods go into one on, the cart: it is drawn with that place marked.
WALKS_WITH_CART = frozenset({("pick", "totes"), ("pick", "tote")})

# What a state says instead of asking, while the field named holds nothing.
IDLE: Mapping[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("replenish", "location"): (("task",), "nothing_to_refill"),
    ("putaway", "item"): (("next", "pallets"), "nothing_at_dock"),
    ("send", "location"): (("next",), "nothing_more_to_send"),
    ("sort", "wall"): (("walls",), "no_put_wall"),
}


def heading(flow: str, state: str, asked: str, fields: Mapping[str, Any]) -> str:
    """The words on top: what to do now, or that there is nothing to do."""
    if state == HELP:
        return say("prompt", HELP)
    names, nothing = IDLE.get((flow, state), ((), ""))
    if names and not any(fields.get(name) for name in names):
        return say("prompt", nothing)
    own = f"{flow}.{state}.{fields.get('mode')}"
    return say("prompt", own) if own in WORDS["prompt"] else prompt(flow, state, asked)


def template_of(flow: str, state: str) -> str:
    """The template of a state."""
    flow = "home" if state == HELP else flow  # one for every flow
    return f"screens/{SCREENS.get((flow, state), 'plain')}.html"


def quantity_goes_with(flow: str, state: str) -> str:
    """The kinds of code a keyed number goes with here; '' where a number means nothing."""
    return QUANTITIES.get((flow, state), "")
