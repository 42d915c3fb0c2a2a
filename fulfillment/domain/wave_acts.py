"""What a supervisor does with a wave under way."""

from __future__ import annotations

from enum import StrEnum

PRIORITY_MAX = 1_000


class WaveAct(StrEnum):
    """`assign`: a tour is kept for one picker, or given back to all; `split`: what has not begun goes on its own;
    `override`: a stop fetches other goods than FIFO gave it."""

    PAUSE = "pause"
    RESUME = "resume"
    PRIORITISE = "prioritise"
    ASSIGN = "assign"
    CANCEL = "cancel"
    SPLIT = "split"
    OVERRIDE = "override"
