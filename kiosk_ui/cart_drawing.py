"""A cart as it is drawn on a screen: its places as they stand, seen by who pushes it, one of them marked.

Pure. Places are numbered from the top left, along a level and then the one below. Units are the drawing's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACE_WIDTH, PLACE_HEIGHT, GAP = 44, 32, 6
WHEEL = 7


def drawn(positions: int, levels: int, place: int) -> Mapping[str, Any]:
    """What the template draws: size, shelves, wheels, and each place with its corner; `place` is the one meant.

    A tour planned for a larger cart may name a place this one does not have: it is drawn with that many.
    """
    count = max(positions, place)
    columns = -(-count // levels)
    levels = -(-count // columns)
    width = columns * (PLACE_WIDTH + GAP) + GAP
    floor_at = levels * (PLACE_HEIGHT + GAP) + GAP
    places = [
        {
            "number": number,
            "x": GAP + (number - 1) % columns * (PLACE_WIDTH + GAP),
            "y": GAP + (number - 1) // columns * (PLACE_HEIGHT + GAP),
            "is_here": number == place,
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    return {
        "place": place, "places": places, "level": (place - 1) // columns + 1, "width": width,
        "height": floor_at + 2 * WHEEL + 2, "floor": floor_at, "wheels": (GAP + WHEEL, width - GAP - WHEEL),
        "shelves": [level * (PLACE_HEIGHT + GAP) + GAP / 2 for level in range(1, levels + 1)],
    }  # fmt: skip
