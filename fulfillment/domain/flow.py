"""How orders flow: percentiles, throughput, work in progress, cumulative flow, and Little's law as a check.

Instants and durations are milliseconds. Every figure keeps the two integers it is made of, so that whoever doubts it
can ask for them. Percentiles are by nearest rank: the smallest value that at least p % of all values do not exceed,
so a percentile is always a time some order really took. Invariant: what has passed a later boundary has passed every
earlier one, at that time or before, whatever was scanned in which order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HOUR_MS = 3_600_000
# Below this share of the work in progress the two sides of Little's law agree as well as whole orders can.
LITTLE_TOLERANCE_PERCENT = 20


class Lane(StrEnum):
    """Where people work; orders pass the last four in this order, `sort` only those that were picked as a batch."""

    RECEIVE = "receive"
    PUTAWAY = "putaway"
    REPLENISH = "replenish"
    PICK = "pick"
    SORT = "sort"
    PACK = "pack"
    SHIP = "ship"


class Filter(StrEnum):
    """What a flow figure can be cut by, besides its period."""

    LANE = "lane"
    CHANNEL = "channel"
    CARRIER = "carrier"
    ZONE = "zone"
    OPERATOR = "operator"


ORDER_LANES = (Lane.PICK, Lane.SORT, Lane.PACK, Lane.SHIP)


class Boundary(StrEnum):
    """What an order passes on its way through the house, in order; it leaves shipped or cancelled."""

    ARRIVED = "arrived"
    RELEASED = "released"
    PICKED = "picked"
    PACKED = "packed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Spread:
    """How a duration is spread; None where nothing was measured. All in ms except `count`."""

    count: int
    p50: int | None
    p85: int | None
    p95: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class Life:
    """When an order passed each boundary; None = not yet, or nobody scanned it."""

    arrived_ms: int
    released_ms: int | None = None
    picked_ms: int | None = None
    packed_ms: int | None = None
    left_ms: int | None = None

    def passed(self) -> tuple[int | None, ...]:
        """When each boundary was behind the order: at its own time, or with the first later one it has passed."""
        times = (self.arrived_ms, self.released_ms, self.picked_ms, self.packed_ms, self.left_ms)
        known: int | None = None
        latest_first: list[int | None] = []
        for at_ms in reversed(times):
            known = at_ms if known is None else known if at_ms is None else min(known, at_ms)
            latest_first.append(known)
        return tuple(reversed(latest_first))


@dataclass(frozen=True, slots=True)
class Passed:
    """At one moment: how many orders have passed each boundary, in the order of `Boundary`."""

    at_ms: int
    orders: tuple[int, ...]

    @property
    def wip(self) -> int:
        """Orders in the house."""
        return self.orders[0] - self.orders[-1]


@dataclass(frozen=True, slots=True)
class Little:
    """Both sides of L = λ·W over a window: what it takes, in whole numbers.

    `present_ms` adds up how long each order was there within the window; `stayed_ms` how long those that left in it
    had been there altogether.
    """

    window_ms: int
    present_ms: int
    arrived: int
    left: int
    stayed_ms: int
    wip_before: int
    wip_after: int

    @property
    def mean_wip(self) -> float:
        """L: orders there on average."""
        return self.present_ms / self.window_ms

    @property
    def by_law(self) -> float | None:
        """λ·W: orders that came, times how long one stayed. None: none left, so nobody knows how long."""
        return self.arrived * self.stayed_ms / (self.window_ms * self.left) if self.left else None

    @property
    def gap(self) -> float | None:
        """L − λ·W, in orders."""
        return None if self.by_law is None else self.mean_wip - self.by_law


class LittleVerdict(StrEnum):
    """What the gap says: it is small, the lane was not steady, scans do not fit, or nothing left at all."""

    AGREES = "agrees"
    UNSTEADY = "unsteady"
    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"


def percentile(ordered: Sequence[int], percent: int) -> int:
    """By nearest rank, of values in ascending order.

    Raises:
        ValueError: no values, or a percentage outside 1 to 100.
    """
    if not ordered or not 1 <= percent <= 100:
        raise ValueError(f"the {percent}th percentile of {len(ordered)} values")
    return ordered[(percent * len(ordered) + 99) // 100 - 1]


def spread(durations_ms: Iterable[int]) -> Spread:
    """Percentiles of durations in any order."""
    ordered = sorted(durations_ms)
    if not ordered:
        return Spread(0, None, None, None, None)
    p50, p85, p95 = (percentile(ordered, percent) for percent in (50, 85, 95))
    return Spread(len(ordered), p50, p85, p95, ordered[-1])


def cumulative(lives: Iterable[Life], moments_ms: Sequence[int]) -> list[Passed]:
    """How many of these orders had passed each boundary at each moment (the moment itself counts)."""
    times: list[list[int]] = [[] for _ in Boundary]
    for life in lives:
        for line, at_ms in zip(times, life.passed(), strict=True):
            if at_ms is not None:
                line.append(at_ms)
    for line in times:
        line.sort()
    return [Passed(at_ms, tuple(bisect_right(line, at_ms) for line in times)) for at_ms in moments_ms]


def little(stays: Iterable[tuple[int, int | None]], from_ms: int, until_ms: int) -> Little:
    """Little's law over [from, until): `stays` are (came, left) of each order, left None = still there.

    Raises:
        ValueError: an empty window.
    """
    if until_ms <= from_ms:
        raise ValueError("a window ends after it begins")
    present_ms = arrived = left = stayed_ms = before = after = 0
    for came_ms, left_ms in stays:
        gone_ms = until_ms if left_ms is None else left_ms
        if gone_ms < from_ms or came_ms >= until_ms:
            continue
        present_ms += max(0, min(gone_ms, until_ms) - max(came_ms, from_ms))
        if came_ms >= from_ms:
            arrived += 1
        else:
            before += 1
        if left_ms is not None and left_ms < until_ms:
            left += 1
            stayed_ms += left_ms - came_ms
        else:
            after += 1
    return Little(until_ms - from_ms, present_ms, arrived, left, stayed_ms, before, after)


def judge(law: Little) -> LittleVerdict:
    """Whether the gap is small, or else explained by a lane that filled or emptied."""
    if law.gap is None:
        return LittleVerdict.UNKNOWN
    tolerance = max(1.0, law.mean_wip * LITTLE_TOLERANCE_PERCENT / 100)
    if abs(law.gap) <= tolerance:
        return LittleVerdict.AGREES
    is_steady = abs(law.wip_after - law.wip_before) <= tolerance
    return LittleVerdict.DOUBTFUL if is_steady else LittleVerdict.UNSTEADY
