"""A shift of lanes in a row on a clock of its own: orders come, queue, are worked on, go on; one lane may turn slow.

Pure and seeded: the same `LaneShift` gives the same log, in no time. What comes out is what scans would say (an order
came to a lane, somebody began on it, it went on), not what the simulation knows. Times are ms from the shift's start.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from dataclasses import dataclass, field

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


@dataclass(frozen=True)
class Station:
    """A lane's people and pace. `batch`: orders one person takes at once (a cart's), each costing `work_ms`.

    `spread` is the standard deviation of one order's work over its mean.
    """

    name: str
    people: int
    work_ms: int
    spread: float = 0.5
    batch: int = 1


@dataclass(frozen=True)
class LaneShift:
    """What happens: so many orders an hour, in waves `wave_ms` apart (0 = one by one), for `shift_ms`.

    From `slow_from_ms` on the lane `slow` needs `slow_times` as long for an order. Somebody is on a break for
    `break_ms` once every `between_breaks_ms` (0 = never).
    """

    stations: tuple[Station, ...]
    orders_per_hour: float
    shift_ms: int
    slow: str = ""
    slow_from_ms: int = 0
    slow_times: float = 1.0
    wave_ms: int = 0
    break_ms: int = 0
    between_breaks_ms: int = 0
    seed: int = 1


@dataclass(frozen=True)
class LaneScan:
    """One line of the log: `what` is `came`, `began` or `left`; `person` is 0 where nobody worked."""

    at_ms: int
    lane: str
    what: str
    order: int
    person: int = 0


@dataclass
class _Lane:
    station: Station
    queue: deque[int] = field(default_factory=deque)
    free: list[int] = field(default_factory=list)
    rests_at_ms: dict[int, int] = field(default_factory=dict)


def play(shift: LaneShift) -> list[LaneScan]:
    """The log of a shift, in time."""
    return _Play(shift).run()


class _Play:
    def __init__(self, shift: LaneShift) -> None:
        self._shift = shift
        self._dice = random.Random(shift.seed)
        self._numbers = itertools.count()
        self._agenda: list[tuple[int, int, str, int, tuple[int, ...]]] = []
        self._log: list[LaneScan] = []
        first = 1
        self._lanes = []
        for station in shift.stations:
            people = list(range(first, first + station.people))
            first += station.people
            rests = {one: self._dice.randrange(shift.between_breaks_ms or 1) for one in people}
            self._lanes.append(_Lane(station, free=people, rests_at_ms=rests))

    def run(self) -> list[LaneScan]:
        self._arrivals()
        while self._agenda:
            at_ms, _, what, person, orders = heapq.heappop(self._agenda)
            if at_ms > self._shift.shift_ms:
                break
            if what == "came":
                self._come(at_ms, 0, orders[0])
            elif what == "back":
                self._give(at_ms, self._lane_of(person), person)
            else:
                self._done(at_ms, self._lane_of(person), person, orders)
        return self._log

    def _arrivals(self) -> None:
        shift, at_ms, order = self._shift, 0.0, 0
        while True:
            at_ms += self._dice.expovariate(shift.orders_per_hour) * HOUR_MS
            if at_ms > shift.shift_ms:
                return
            order += 1
            # A wave brings all orders that came since the last one at the same moment.
            due = int(at_ms) if not shift.wave_ms else (int(at_ms) // shift.wave_ms + 1) * shift.wave_ms
            self._plan(due, "came", 0, (order,))

    def _come(self, at_ms: int, lane_no: int, order: int) -> None:
        lane = self._lanes[lane_no]
        self._log.append(LaneScan(at_ms, lane.station.name, "came", order))
        lane.queue.append(order)
        if lane.free:
            self._begin(at_ms, lane, lane.free.pop(0))

    def _give(self, at_ms: int, lane_no: int, person: int) -> None:
        lane = self._lanes[lane_no]
        if lane.queue:
            self._begin(at_ms, lane, person)
        else:
            lane.free.append(person)

    def _begin(self, at_ms: int, lane: _Lane, person: int) -> None:
        orders = tuple(lane.queue.popleft() for _ in range(min(lane.station.batch, len(lane.queue))))
        for order in orders:
            self._log.append(LaneScan(at_ms, lane.station.name, "began", order, person))
        work_ms = sum(self._work_ms(at_ms, lane.station) for _ in orders)
        self._plan(at_ms + work_ms, "done", person, orders)

    def _done(self, at_ms: int, lane_no: int, person: int, orders: tuple[int, ...]) -> None:
        lane, shift = self._lanes[lane_no], self._shift
        for order in orders:
            self._log.append(LaneScan(at_ms, lane.station.name, "left", order, person))
            if lane_no + 1 < len(self._lanes):
                self._come(at_ms, lane_no + 1, order)
        if shift.between_breaks_ms and at_ms >= lane.rests_at_ms[person]:
            lane.rests_at_ms[person] = at_ms + shift.between_breaks_ms
            self._plan(at_ms + shift.break_ms, "back", person, ())
        else:
            self._give(at_ms, lane_no, person)

    def _work_ms(self, at_ms: int, station: Station) -> int:
        # Gamma: never negative, with a tail to the right as work by hand has.
        shape = 1 / station.spread**2
        mean_ms = station.work_ms
        if station.name == self._shift.slow and at_ms >= self._shift.slow_from_ms:
            mean_ms = int(mean_ms * self._shift.slow_times)
        return max(1, int(self._dice.gammavariate(shape, mean_ms / shape)))

    def _lane_of(self, person: int) -> int:
        first = 1
        for place, lane in enumerate(self._lanes):
            first += lane.station.people
            if person < first:
                return place
        raise ValueError(f"nobody is number {person}")

    def _plan(self, at_ms: int, what: str, person: int, orders: tuple[int, ...]) -> None:
        heapq.heappush(self._agenda, (at_ms, next(self._numbers), what, person, orders))


def drawn(seed: int, shift_ms: int = 150 * MINUTE_MS, slow_from_ms: int = 60 * MINUTE_MS) -> LaneShift:
    """A floor drawn from a seed: people, pace, batches, waves and breaks, each lane loaded to 55 to 85 %, and one
    lane that later gets 1.15 to 2 times as much as it can do."""
    dice = random.Random(seed * 7919 + 17)
    per_hour = dice.uniform(40, 120)
    stations = []
    for name, most in (("pick", 8), ("pack", 5), ("ship", 3)):
        people = dice.randint(1 if name == "ship" else 2, most)
        load = dice.uniform(0.55, 0.85)
        batch = dice.choice((1, 2, 4)) if name == "pick" else 1
        stations.append(Station(name, people, int(people * load / per_hour * HOUR_MS), dice.uniform(0.2, 0.8), batch))
    slow = dice.choice(stations)
    load = slow.work_ms * per_hour / HOUR_MS / slow.people
    return LaneShift(
        tuple(stations), per_hour, shift_ms, slow.name, slow_from_ms, dice.uniform(1.15, 2.0) / load,
        wave_ms=dice.choice((0, 0, 5, 10)) * MINUTE_MS, break_ms=dice.choice((0, 10)) * MINUTE_MS,
        between_breaks_ms=120 * MINUTE_MS, seed=seed,
    )  # fmt: skip
