"""PINs: what one looks like, when one is asked for, how long a wrong one is made to wait."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from itertools import pairwise

TRIES = 5  # wrong in a row; each one from here on locks
LOCKED_MAX_MIN = 60
MINUTE_MS = 60_000

_PIN = re.compile("[0-9]{4,8}")


class PinRule(StrEnum):
    """Who is asked for a PIN: nobody, whoever has one of their own, everybody."""

    NEVER = "never"
    OWN = "own"
    ALWAYS = "always"


def looks_like_pin(text: str) -> bool:
    """4 to 8 digits and nothing else."""
    return _PIN.fullmatch(text) is not None


def is_too_easy(pin: str) -> bool:
    """One digit over and over, or digits in a row: the first a stranger tries."""
    steps = Counter(int(after) - int(before) for before, after in pairwise(pin))
    return len(steps) == 1 and next(iter(steps)) in (-1, 0, 1)


def locked_ms(failures: int) -> int:
    """How long nobody may try after so many wrong ones in a row: a minute, twice that, … an hour.

    Ten thousand four-digit PINs then take more than a year, and whoever mistypes waits a minute.
    """
    if failures < TRIES:
        return 0
    return min(1 << min(failures - TRIES, 10), LOCKED_MAX_MIN) * MINUTE_MS


def is_asked(rule: str, has_pin: bool) -> bool:
    """Whether a badge alone does not sign its owner in."""
    return rule == PinRule.ALWAYS or (rule == PinRule.OWN and has_pin)


def is_locked(auto_lock_min: int, silent_ms: int, paused_ms: int) -> bool:
    """Whether a station nobody used for so long asks for a badge again.

    Args:
        auto_lock_min: minutes, 0 = never.
        silent_ms: since the server last heard of somebody at work there.
        paused_ms: between the last scan and this one by their own clocks. Scans that waited for the network come
            late, and were made without a pause.
    """
    return auto_lock_min > 0 and min(silent_ms, paused_ms) > auto_lock_min * MINUTE_MS
