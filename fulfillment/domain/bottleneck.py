"""Which lane holds the others up, by how much, and whom to move there.

The rule: of the lanes that got nearly as much as they can do, the tightest: got most of it (what stood in its queue
and what came, over what its people do in that time) and lacked work least. The lane before has no queue, the one
behind starves. What people can do is measured on the time there was work for them, so a lane that lacks work is not
taken for a slow one, and a break taken before a full queue counts as what it is. The tightest lane is named early;
that it *holds the others up* is said once it got more than it can do and minutes of work stand in front of it.
Instants and durations are milliseconds. `python -m tests.benchmarks.bottleneck` says how often this is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fulfillment.domain.flow import HOUR_MS

# A lane whose people lacked work for longer than this has no trouble of its own, however many orders just came.
STARVED_PERCENT = 40
TIGHT_PERCENT = 80
# Beyond these it holds the others up: supervisors should not be called for the ordinary unevenness of a day.
FULL_PERCENT = 100
CLEAR_MS = 2 * 60_000


@dataclass(frozen=True, slots=True)
class Visit:
    """An order in a lane: it came, somebody began on it, it went on. None = not yet."""

    came_ms: int
    began_ms: int | None = None
    left_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """Somebody's work in a lane without a pause; None = still at it."""

    operator: int
    began_ms: int
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LaneLog:
    """What the scans say of a lane; `people` = who is there now beside those whose spells are given."""

    lane: str
    visits: Sequence[Visit]
    spells: Sequence[Spell]
    people: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class LaneFlow:
    """A lane over a window. `busy_ms` and `starved_ms` add up over its people: working, or idle with nothing to take.

    `waited_ms` adds up over orders how long they stood in its queue within the window.
    """

    lane: str
    window_ms: int
    waiting: int
    waiting_before: int
    in_work: int
    in_work_before: int
    came: int
    left: int
    people: int
    busy_ms: int
    starved_ms: int
    waited_ms: int

    @property
    def came_per_hour(self) -> float:
        """Arrival rate."""
        return self.came * HOUR_MS / self.window_ms

    @property
    def left_per_hour(self) -> float:
        """What went on."""
        return self.left * HOUR_MS / self.window_ms

    @property
    def per_hour(self) -> float:
        """Service rate: what its people get done while there is work; 0 = nobody finished anything."""
        return self.per_hour_with(self.people)

    def per_hour_with(self, people: int) -> float:
        """The service rate this many people would have at the pace of those who are there."""
        # All time but that without work: a break or a walk to the cupboard is part of what a lane needs.
        had_work_ms = self.people * self.window_ms - self.starved_ms
        # An order in somebody's hands is half done on average: with a cart of four it matters which half.
        done_halves = max(0, 2 * self.left + self.in_work - self.in_work_before)
        return done_halves * HOUR_MS * people / (2 * had_work_ms) if had_work_ms else 0.0

    @property
    def busy_percent(self) -> float:
        """Share of its people's time that was work."""
        return 100 * self.busy_ms / (self.people * self.window_ms) if self.people else 0.0

    @property
    def starved_percent(self) -> float:
        """Share of its people's time that they had nothing to take."""
        return 100 * self.starved_ms / (self.people * self.window_ms) if self.people else 0.0

    @property
    def load_percent(self) -> float:
        """What was there and came, of what it could do in the window; above 100 it falls behind."""
        # One nearly done stands for a lane that finished nothing: its pace is at best that.
        rate = self.per_hour or HOUR_MS / self.window_ms
        return 100 * (self.waiting_before + self.came) / (rate * self.window_ms / HOUR_MS)

    @property
    def clear_ms(self) -> float:
        """How long its people need for what waits now."""
        if not self.waiting:
            return 0.0
        # One nearly done stands for a lane that finished nothing: its pace is at best that.
        rate = self.per_hour or HOUR_MS / self.window_ms
        return self.waiting * HOUR_MS / rate


@dataclass(frozen=True, slots=True)
class Change:
    """Move one person from `source`; the lane then does about `per_hour`, the whole line about `line_per_hour`."""

    source: str
    per_hour: float
    line_per_hour: float


@dataclass(frozen=True, slots=True)
class Finding:
    """The tightest lane (None = all have room), the one behind it, whether it holds it up, and whom to move."""

    lane: LaneFlow | None
    behind: LaneFlow | None
    holds_up: bool
    change: Change | None


def measure(log: LaneLog, from_ms: int, until_ms: int) -> LaneFlow:
    """A lane's figures over [from, until).

    Raises:
        ValueError: an empty window.
    """
    if until_ms <= from_ms:
        raise ValueError("a window ends after it begins")
    waiting = before = in_work = in_work_before = came = left = waited_ms = 0
    queued: list[tuple[int, int]] = []
    for visit in log.visits:
        if visit.came_ms >= until_ms:
            continue
        gone_ms = until_ms if visit.left_ms is None else visit.left_ms
        # Work nobody was seen to begin was waited for until it was done.
        begun_ms = min(gone_ms, gone_ms if visit.began_ms is None else visit.began_ms)
        if begun_ms > from_ms:
            span = max(visit.came_ms, from_ms), min(begun_ms, until_ms)
            waited_ms += max(0, span[1] - span[0])
            queued.append(span)
        came += visit.came_ms >= from_ms
        before += visit.came_ms < from_ms < begun_ms
        in_work_before += begun_ms <= from_ms < gone_ms
        left += visit.left_ms is not None and from_ms <= visit.left_ms < until_ms
        if visit.left_ms is None or visit.left_ms >= until_ms:
            is_begun = visit.began_ms is not None and visit.began_ms < until_ms
            in_work += is_begun
            waiting += not is_begun
    working = [
        (spell.operator, max(spell.began_ms, from_ms), until_ms if spell.ended_ms is None else spell.ended_ms)
        for spell in log.spells
        if spell.began_ms < until_ms and (spell.ended_ms is None or spell.ended_ms > from_ms)
    ]
    spans = _by_person(working, until_ms)
    people = len({operator for operator, _, _ in working} | log.people)
    busy_ms = sum(end - begin for begin, end in spans)
    return LaneFlow(
        log.lane, until_ms - from_ms, waiting, before, in_work, in_work_before, came, left, people,
        busy_ms,
        _starved_ms(spans, queued, people, from_ms, until_ms), waited_ms,
    )  # fmt: skip


def find(flows: Sequence[LaneFlow]) -> Finding:
    """The bottleneck of lanes in the order goods pass them."""
    tight = [
        flow for flow in flows if flow.load_percent >= TIGHT_PERCENT and flow.starved_percent <= STARVED_PERCENT
    ]
    if not tight:
        return Finding(None, None, False, None)
    worst = max(tight, key=lambda flow: flow.load_percent - flow.starved_percent)
    # A lane nobody works in and nothing comes to (a wall between two waves) is passed by.
    following = flows[flows.index(worst) + 1 :]
    behind = next((flow for flow in following if flow.people or flow.came or flow.waiting), None)
    holds_up = worst.load_percent >= FULL_PERCENT and worst.clear_ms >= CLEAR_MS
    return Finding(worst, behind, holds_up, _change(flows, worst) if holds_up else None)


def paced(log: LaneLog, from_ms: int, pace: float) -> LaneLog:
    """The log of a floor that lives `pace` times faster than its clock, as if it had been read off a clock of its own.

    The clock is set so that `from_ms` stays what it is.
    """

    def at(moment_ms: int) -> int:
        return from_ms + round((moment_ms - from_ms) * pace)

    def perhaps(moment_ms: int | None) -> int | None:
        return None if moment_ms is None else at(moment_ms)

    return LaneLog(
        log.lane, [Visit(at(one.came_ms), perhaps(one.began_ms), perhaps(one.left_ms)) for one in log.visits],
        [Spell(one.operator, at(one.began_ms), perhaps(one.ended_ms)) for one in log.spells], log.people,
    )  # fmt: skip


def queue_percents(flows: Iterable[LaneFlow]) -> dict[str, float]:
    """Of all the time orders stood in queues, the share of each lane."""
    flows = list(flows)
    total_ms = sum(flow.waited_ms for flow in flows)
    return {flow.lane: 100 * flow.waited_ms / total_ms if total_ms else 0.0 for flow in flows}


def _change(flows: Sequence[LaneFlow], worst: LaneFlow) -> Change | None:
    """Whom to move so that the slowest lane of the line is faster than now; None when nobody can be spared."""
    if not worst.per_hour:
        return None  # nobody knows what one more person would do
    best: Change | None = None
    for source in flows:
        if source is worst or source.people < 2 or not source.per_hour:
            continue
        rates = [
            flow.per_hour_with(flow.people + (flow is worst) - (flow is source))
            for flow in flows if flow.per_hour
        ]  # fmt: skip
        line = min(rates)
        if line > worst.per_hour and (best is None or line > best.line_per_hour):
            best = Change(source.lane, worst.per_hour_with(worst.people + 1), line)
    return best


def _by_person(working: Iterable[tuple[int, int, int]], until_ms: int) -> list[tuple[int, int]]:
    """Spans of work, those of one person that overlap made one: nobody works twice at a time."""
    spans: list[tuple[int, int]] = []
    last: tuple[int, int, int] | None = None
    for operator, begin, end in sorted(working):
        end = min(end, until_ms)
        if last is not None and operator == last[0] and begin <= last[2]:
            last = (operator, last[1], max(last[2], end))
            continue
        if last is not None:
            spans.append(last[1:])
        last = (operator, begin, end)
    return spans if last is None else [*spans, last[1:]]


def _starved_ms(
    spans: Iterable[tuple[int, int]], queued: Iterable[tuple[int, int]], people: int, from_ms: int, until_ms: int
) -> int:
    """Idle time of the lane's people while nothing stood in its queue."""
    changes: list[tuple[int, int, int]] = [(until_ms, 0, 0)]
    for begin, end in spans:
        changes += [(begin, 1, 0), (end, -1, 0)]
    for begin, end in queued:
        if end > begin:
            changes += [(begin, 0, 1), (end, 0, -1)]
    total_ms, at_ms, busy, queue = 0, from_ms, 0, 0
    for next_ms, busy_change, queue_change in sorted(changes):
        if not queue:
            total_ms += (people - busy) * (next_ms - at_ms)
        at_ms, busy, queue = next_ms, busy + busy_change, queue + queue_change
    return total_ms
