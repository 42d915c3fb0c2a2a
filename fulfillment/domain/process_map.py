"""The map of what orders really went through: activities, the arrows between them, time on each, work done again.

An arrow's time is split: *wait* from the end of one activity to the beginning of the next, *work* from there to its
end. An arrow that leads back (to something the order had been through) is rework. Parcels of one order go their
own ways after packing, so from there on each is followed by itself. Only what was picked as a batch is sorted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fulfillment.domain.flow import Spread, spread


class Activity(StrEnum):
    """What happens to an order or its parcel, as the scans tell it."""

    TAKEN = "taken"
    RELEASED = "released"
    PICKED = "picked"
    SORTED = "sorted"
    PACKED = "packed"
    REOPENED = "reopened"
    STAGED = "staged"
    TAKEN_OFF = "taken_off"
    LOADED = "loaded"
    MISSING = "missing"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


# How far along each is. What undoes stands before what it undoes, so that going there is an arrow back.
_RANK: dict[Activity, int] = {
    Activity.TAKEN: 0, Activity.RELEASED: 1, Activity.PICKED: 2, Activity.SORTED: 3, Activity.REOPENED: 4,
    Activity.PACKED: 5, Activity.MISSING: 6, Activity.STAGED: 7, Activity.TAKEN_OFF: 8, Activity.LOADED: 9,
    Activity.SHIPPED: 10, Activity.CANCELLED: 11,
}  # fmt: skip

# Stages a target can be set for: how long from the activity before to the end of this one.
STAGES = (
    Activity.RELEASED, Activity.PICKED, Activity.SORTED, Activity.PACKED, Activity.STAGED, Activity.LOADED,
    Activity.SHIPPED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """One activity: from its first to its last scan."""

    activity: Activity
    began_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class Walk:
    """An order's part in one tour: released, claimed, set down. None = not yet."""

    released_ms: int
    began_ms: int | None = None
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the scans say of one order; `parcels` are what happened to each of its parcels, in time, `sorts` its times
    at a put wall."""

    taken_ms: int
    walks: tuple[Walk, ...] = ()
    parcels: tuple[tuple[Act, ...], ...] = ()
    left: Act | None = None
    sorts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """Once along an arrow."""

    source: Activity
    target: Activity
    wait_ms: int
    work_ms: int

    @property
    def is_rework(self) -> bool:
        """Whether it leads back."""
        return _RANK[self.target] <= _RANK[self.source]


@dataclass(frozen=True, slots=True)
class Arrow:
    """All passages from one activity to another; `in_time` of `count` took no longer than the stage's target."""

    source: Activity
    target: Activity
    count: int
    is_rework: bool
    total: Spread
    wait: Spread
    work: Spread
    target_ms: int | None
    in_time: int | None


@dataclass(slots=True)
class _Times:
    wait_ms: list[int] = field(default_factory=list)
    work_ms: list[int] = field(default_factory=list)


class ProcessMap:
    """Adds up histories; holds two numbers a passage, whatever the histories were."""

    def __init__(self) -> None:
        self.orders = 0
        self._times: dict[tuple[Activity, Activity], _Times] = defaultdict(_Times)

    def add(self, history: History) -> None:
        """One more order."""
        self.orders += 1
        for passage in passages(history):
            times = self._times[passage.source, passage.target]
            times.wait_ms.append(passage.wait_ms)
            times.work_ms.append(passage.work_ms)

    def arrows(self, targets_ms: Mapping[str, int]) -> list[Arrow]:
        """The arrows, in the order goods pass them; `targets_ms`: stage → how long it may take."""
        return [
            self._arrow(source, target, targets_ms.get(target))
            for source, target in sorted(self._times, key=lambda ends: (_RANK[ends[0]], _RANK[ends[1]]))
        ]

    def _arrow(self, source: Activity, target: Activity, target_ms: int | None) -> Arrow:
        times = self._times[source, target]
        total_ms = [wait + work for wait, work in zip(times.wait_ms, times.work_ms, strict=True)]
        is_rework = Passage(source, target, 0, 0).is_rework
        if is_rework:
            target_ms = None  # a target is for the way forward
        in_time = None if target_ms is None else sum(1 for one in total_ms if one <= target_ms)
        return Arrow(
            source, target, len(total_ms), is_rework, spread(total_ms), spread(times.wait_ms), spread(times.work_ms),
            target_ms, in_time,
        )  # fmt: skip


def passages(history: History) -> Iterator[Passage]:
    """Every arrow an order and its parcels went along."""
    releases = sorted({walk.released_ms for walk in history.walks})
    for released_ms in releases:
        # A later release follows whatever was done last: more had to be picked after a short, say.
        before = _last(_done(history, released_ms), released_ms) if released_ms != releases[0] else None
        source = before or _begun(history)
        yield _passage(source, Act(Activity.RELEASED, released_ms, released_ms))
    for walk in history.walks:
        picked = _picked(walk)
        if picked is not None:
            yield _passage(Act(Activity.RELEASED, walk.released_ms, walk.released_ms), picked)
    for act in history.sorts:
        # Sorting begins while later tours of the order are still walked: it follows the last that was over by then.
        yield _passage(_last(_walked(history), act.began_ms) or _begun(history), act)
    for acts in history.parcels:
        yield from _of_parcel(acts, history)
    goes_alone = history.left is not None and not any(
        act.activity == history.left.activity for acts in history.parcels for act in acts
    )
    if history.left is not None and goes_alone:
        taken = _begun(history)
        released = [Act(Activity.RELEASED, at_ms, at_ms) for at_ms in releases]
        done = [taken, *released, *_done(history)]
        yield _passage(_last(done, history.left.began_ms) or taken, history.left)


def _of_parcel(acts: tuple[Act, ...], history: History) -> Iterator[Passage]:
    for place, act in enumerate(acts):
        if place:
            yield _passage(acts[place - 1], act)
            continue
        before = _last([*_walked(history), *history.sorts], act.began_ms)
        if before is not None:  # goods that came across the dock were never walked for
            yield _passage(before, act)


def _done(history: History, released_before_ms: int | None = None) -> Iterator[Act]:
    """Picks, sorting and parcels; with a moment, only the picks of earlier releases."""
    for walk in history.walks:
        picked = _picked(walk)
        if picked is not None and (released_before_ms is None or walk.released_ms < released_before_ms):
            yield picked
    yield from history.sorts
    for acts in history.parcels:
        yield from acts


def _begun(history: History) -> Act:
    return Act(Activity.TAKEN, history.taken_ms, history.taken_ms)


def _walked(history: History) -> list[Act]:
    return [one for one in map(_picked, history.walks) if one is not None]


def _picked(walk: Walk) -> Act | None:
    if walk.ended_ms is None:
        return None
    began_ms = walk.ended_ms if walk.began_ms is None else walk.began_ms
    return Act(Activity.PICKED, began_ms, walk.ended_ms)


def _last(acts: Iterable[Act], until_ms: int) -> Act | None:
    """What ended last, at that moment at the latest."""
    return max(
        (act for act in acts if act.ended_ms <= until_ms), key=lambda act: (act.ended_ms, _RANK[act.activity]),
        default=None,
    )  # fmt: skip


def _passage(source: Act, target: Act) -> Passage:
    # Two devices' scans may overlap by a moment; no time is less than none.
    wait_ms = max(0, target.began_ms - source.ended_ms)
    work_ms = max(0, target.ended_ms - max(target.began_ms, source.ended_ms))
    return Passage(source.activity, target.activity, wait_ms, work_ms)
