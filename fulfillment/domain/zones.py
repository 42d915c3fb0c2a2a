"""In which turn a cart goes through zones that hand it over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def turns(wanted: Iterable[str], order: Sequence[str], current: str = "") -> tuple[str, ...]:
    """Those of `order` that are wanted: from the zone the cart is in on, then round again from the first."""
    at = order.index(current) if current in order else 0
    there = set(wanted)
    return tuple(zone for zone in (*order[at:], *order[:at]) if zone in there)
