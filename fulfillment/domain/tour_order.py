"""In which order a tour makes its stops: by the shortest walk, or heavy goods first and fragile ones last. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

MOST_HEAVY_FROM_G = 1_000_000


class TourOrder(StrEnum):
    """The rule a warehouse's tours follow."""

    SHORTEST = "shortest"
    HEAVY_FIRST = "heavy_first"


class Rank(IntEnum):
    """No stop of a higher rank is made before one of a lower."""

    HEAVY = 0
    BETWEEN = 1
    FRAGILE = 2


def rank_of(weight_g: int, is_fragile: bool, heavy_from_g: int) -> Rank:
    """Of goods. What is heavy and fragile goes last all the same: nothing may lie on it."""
    if is_fragile:
        return Rank.FRAGILE
    return Rank.HEAVY if weight_g >= heavy_from_g else Rank.BETWEEN


def rank_of_stop(ranks: Iterable[int]) -> int:
    """Of a stop where goods of these ranks are picked: last if any is fragile, else first if any is heavy.

    What breaks cannot be mended; heavy goods that come late can be set down beside the others.
    """
    known = set(ranks)
    return int(Rank.FRAGILE) if Rank.FRAGILE in known else int(min(known, default=Rank.BETWEEN))


def after_its_rank(ranks: list[int], rank: int) -> int:
    """Where among open stops of these ranks one that is put off comes: behind the last of its own, or, with none of
    them left, at the end: whoever cannot get there is not kept standing.
    """
    return next((at + 1 for at in range(len(ranks) - 1, -1, -1) if ranks[at] == rank), len(ranks))
