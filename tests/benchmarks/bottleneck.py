"""How soon the bottleneck is named: simulated shifts with one lane that turns slow, judged every simulated minute.

    python -m tests.benchmarks.bottleneck --seeds 200 --json -

A shift counts as found when the rule, looking back over its window, names the slow lane 30 minutes after it turned
slow; the minute it is found is the one since which nothing else was named. Also counted: at how many minutes of the
half hour before, when every lane can do its work, one is said to hold the others up, and of how many slow lanes that
is said after half an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fulfillment.domain.bottleneck import LaneFlow, LaneLog, Spell, Visit, find, measure
from fulfillment.domain.flow import ORDER_LANES, Lane
from simulators.lane_shift import MINUTE_MS, LaneScan, LaneShift, drawn, play

LANES = tuple(lane for lane in ORDER_LANES if lane != Lane.SORT)  # these shifts have no put wall
WINDOW_MS = 30 * MINUTE_MS
WITHIN_MIN = 30
WARM_UP_MIN = 30


@dataclass(frozen=True)
class Verdict:
    """One shift: which lane was made slow, after how many minutes it was named (None = not), what else was named."""

    seed: int
    slow: str
    overload: float
    found_min: int | None
    at_the_end: str
    is_said_to_hold_up: bool
    wrong: int
    false_alarm_min: int


def logs_of(scans: Iterable[LaneScan], until_ms: int) -> list[LaneLog]:
    """The log of each lane as it stood at a moment: nothing later is known."""
    visits: dict[str, dict[int, Visit]] = defaultdict(dict)
    begun: dict[str, dict[tuple[int, int], int | None]] = defaultdict(dict)
    for scan in scans:
        if scan.at_ms >= until_ms:
            break
        known = visits[scan.lane].get(scan.order)
        if scan.what == "came" or known is None:
            visits[scan.lane][scan.order] = Visit(scan.at_ms)
        elif scan.what == "began":
            visits[scan.lane][scan.order] = Visit(known.came_ms, scan.at_ms)
            begun[scan.lane][scan.person, scan.at_ms] = None
        else:
            visits[scan.lane][scan.order] = Visit(known.came_ms, known.began_ms, scan.at_ms)
            begun[scan.lane][scan.person, known.began_ms or scan.at_ms] = scan.at_ms
    return [
        LaneLog(
            lane, list(visits[lane].values()),
            [Spell(person, began_ms, ended_ms) for (person, began_ms), ended_ms in begun[lane].items()],
        )
        for lane in LANES
    ]  # fmt: skip


def flows_at(scans: Sequence[LaneScan], at_ms: int) -> list[LaneFlow]:
    """What the rule sees at a moment."""
    return [measure(log, at_ms - WINDOW_MS, at_ms) for log in logs_of(scans, at_ms)]


def named_at(scans: Sequence[LaneScan], at_ms: int) -> str:
    """The lane the rule names at a moment, '' = none."""
    lane = find(flows_at(scans, at_ms)).lane
    return "" if lane is None else lane.lane


def alarm_at(scans: Sequence[LaneScan], at_ms: int) -> str:
    """The lane that is said to hold the others up at a moment, '' = none."""
    finding = find(flows_at(scans, at_ms))
    return "" if finding.lane is None or not finding.holds_up else finding.lane.lane


def judge(shift: LaneShift) -> Verdict:
    """Play one shift and judge it."""
    scans = play(shift)
    slow_min = shift.slow_from_ms // MINUTE_MS
    before = [alarm_at(scans, minute * MINUTE_MS) for minute in range(WARM_UP_MIN, slow_min + 1)]
    after = [named_at(scans, (slow_min + minute) * MINUTE_MS) for minute in range(1, WITHIN_MIN + 1)]
    # From the end backwards: the minute since which nothing else was said.
    found_min = None
    if after[-1] == shift.slow:
        found_min = WITHIN_MIN
        while found_min > 1 and after[found_min - 2] == shift.slow:
            found_min -= 1
    station = next(one for one in shift.stations if one.name == shift.slow)
    overload = shift.orders_per_hour * station.work_ms * shift.slow_times / 3_600_000 / station.people
    return Verdict(
        shift.seed, shift.slow, round(overload, 2), found_min, after[-1],
        alarm_at(scans, (slow_min + WITHIN_MIN) * MINUTE_MS) == shift.slow,
        sum(1 for name in after if name not in ("", shift.slow)), sum(1 for name in before if name),
    )  # fmt: skip


def report(verdicts: Sequence[Verdict]) -> dict[str, object]:
    """Figures over all shifts."""
    found = sorted(one.found_min for one in verdicts if one.found_min is not None)
    by_lane = {lane: _share([one for one in verdicts if one.slow == lane]) for lane in LANES}
    return {
        "seeds": len(verdicts), "named": len(found), "named_percent": round(100 * len(found) / len(verdicts), 1),
        "said_to_hold_up": sum(1 for one in verdicts if one.is_said_to_hold_up),
        "by_overload": {
            words: _share([one for one in verdicts if low <= one.overload < high])
            for words, low, high in (("1.15 to 1.3", 0.0, 1.3), ("1.3 to 1.6", 1.3, 1.6), ("1.6 to 2", 1.6, 9.0))
        },
        "minutes_p50": found[len(found) // 2] if found else None,
        "minutes_p95": found[min(len(found) - 1, len(found) * 95 // 100)] if found else None,
        "by_lane": by_lane,
        "wrong_minutes_percent": round(100 * sum(one.wrong for one in verdicts) / (WITHIN_MIN * len(verdicts)), 2),
        "alarms_before_percent": round(
            100 * sum(one.false_alarm_min for one in verdicts) / (WARM_UP_MIN + 1) / len(verdicts), 2
        ),
        "missed": [vars(one) for one in verdicts if one.found_min is None],
    }  # fmt: skip


def _share(verdicts: Sequence[Verdict]) -> str:
    return f"{sum(1 for one in verdicts if one.found_min is not None)} of {len(verdicts)}"


def main() -> int:
    """Exit 1 when fewer than 95 % are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="- = standard output")
    asked = parser.parse_args()
    figures = report([judge(drawn(seed)) for seed in range(asked.first, asked.first + asked.seeds)])
    text = json.dumps(figures, indent=2)
    if asked.json and asked.json != "-":
        with open(asked.json, "w", encoding="utf-8") as out:
            out.write(text + "\n")
    print(text)
    return 0 if figures["named_percent"] >= 95 else 1  # type: ignore[operator]


if __name__ == "__main__":
    sys.exit(main())
