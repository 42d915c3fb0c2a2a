"""`floor simulate --slow-lane`: one lane's people are slow; does the floor name it?

A simulated shift lives many times faster than the floor's clock. So that the rule sees the shift as its people live
it, its log is read at the shift's own pace; everything else is what the page and the API answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click

from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_lanes
from fulfillment.services.figures.flow_period import Asked, look_up
from simulators.shift import SlowLane

LOOK_S = 1.0
WITHIN_MIN = 30
SEEN_MIN = WITHIN_MIN + 5  # each side sees the beginning a moment earlier or later
MINUTE_MS = 60_000


class SlowLaneType(click.ParamType):
    """`pack=3` as the lane and how many times longer its people take."""

    name = "lane=times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> SlowLane:
        """Raises: click.UsageError, no such lane or no such number."""
        if isinstance(value, SlowLane):
            return value
        lane, _, times = str(value).partition("=")
        try:
            return SlowLane(lane, float(times))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


@dataclass
class Watch:
    """What the floor named, minute by minute of the shift's own time since somebody began to pick."""

    slow: SlowLane
    named: dict[int, str] = field(default_factory=dict)
    last: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The verdict of the last look: which lane, since which minute no other, whether it was right."""
        judged_min = max(self.named, default=None)
        lane = "" if judged_min is None else self.named[judged_min]
        since_min = judged_min
        for minute in sorted(self.named, reverse=True):
            if self.named[minute] != lane:
                break
            since_min = minute
        return {
            "slow_lane": self.slow.lane, "times": self.slow.times, "named": lane or None, "named_since_min": since_min,
            "judged_min": judged_min,
            "holds_up": bool(self.last and self.last["holds_up"]), "is_right": lane == self.slow.lane,
            "words": self.last["words"] if self.last else "",
            "by_minute": {str(minute): name for minute, name in sorted(self.named.items())},
        }  # fmt: skip

    def in_words(self) -> str:
        """A line for a person."""
        found = self.as_json()
        said = "right" if found["is_right"] else "WRONG"
        return (
            f"{'bottleneck':24} {said}: {found['slow_lane']} took {found['times']:g} times as long; after"
            f" {found['judged_min']} minutes the floor named {found['named']} (since minute"
            f" {found['named_since_min']}). {found['words']}"
        )


@contextmanager
def watching(floor: Floor, slow: SlowLane, speed: float) -> Iterator[Watch]:
    """Look at the bottleneck until half an hour of the shift's own time has gone by since somebody began to pick."""
    watch, stop = Watch(slow), threading.Event()

    def look_on() -> None:
        while not stop.wait(LOOK_S) and not floor.read(lambda tx: _look(tx, watch, speed)):
            pass

    looker = threading.Thread(target=look_on, name="bottleneck", daemon=True)
    looker.start()
    try:
        yield watch
    finally:
        stop.set()
        looker.join()


def _look(tx: Tx, watch: Watch, speed: float) -> bool:
    """Look once; whether that was the last time."""
    # Not since the release: at sixty times life the planner's seconds would be minutes in which nobody can pick.
    first_ms = tx.one("SELECT MIN(claimed_at_ms) AS at_ms FROM tour WHERE warehouse_id = :w")["at_ms"]
    if first_ms is None:
        return False
    minute = int((tx.now_ms - first_ms) * speed / MINUTE_MS)
    least, _ = flow_lanes.WINDOWS_MIN
    if minute < least:
        return False
    watch.last = flow_lanes.bottleneck(tx, look_up(tx, Asked()), min(minute, WITHIN_MIN), speed)
    watch.named[minute] = watch.last["lane"] or ""
    return minute >= WITHIN_MIN
