"""Buyers' data for who may see an order and not who bought it: enough to tell two orders apart, not enough to visit."""

from __future__ import annotations

from collections.abc import Mapping

HIDDEN = "…"
KEPT = ("city", "region", "country")


def masked_name(name: str) -> str:
    """The initials: `Ada Byron` is `A… B…`."""
    return " ".join(f"{word[0]}{HIDDEN}" for word in name.split())


def masked(ship_to: Mapping[str, str]) -> dict[str, str]:
    """An address with town and country as they are, the name by initials, the postcode begun, the rest hidden."""
    shown = {}
    for part, text in ship_to.items():
        if part in KEPT or not text:
            shown[part] = text
        elif part == "name":
            shown[part] = masked_name(text)
        elif part == "postcode":
            shown[part] = text[:2] + HIDDEN
        else:
            shown[part] = HIDDEN
    return shown
