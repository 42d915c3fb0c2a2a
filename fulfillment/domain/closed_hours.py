"""Hours of the day in which nobody enters a stretch of an aisle: the forklift's, the refill's. Pure.

Minutes of the local day; hours that end before they begin go over midnight.
"""

from __future__ import annotations

import re

DAY_MIN = 24 * 60


def minute_of(text: str) -> int | None:
    """The minute a time like 11:05 says; None for what is no time."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None


def time_of(minute: int) -> str:
    """The minute as it is written."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def since_begin(begins_min: int, ends_min: int, minute: int) -> int | None:
    """For how many minutes the hours have lasted; None outside them."""
    since = (minute - begins_min) % DAY_MIN
    return since if since < (ends_min - begins_min) % DAY_MIN else None


def until_begin(begins_min: int, minute: int) -> int:
    """Minutes until the hours begin next."""
    return (begins_min - minute) % DAY_MIN
