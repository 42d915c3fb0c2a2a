"""When the warehouse works and when a carrier's cut-off comes, in its own local time.

Instants are milliseconds since 1970, local clock times minutes of the day. Owns how a local time becomes an
instant on the two odd days of a year: one that the clocks jump over is the moment of the jump, one that comes
twice is its first. Both keep the order of local times, so no later hour ends up before an earlier one.
A calendar without a week is always open, except on the dates it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MIN = 24 * 60
# As far as anybody looks for the next working day: a calendar closed for longer has none.
HORIZON_DAYS = 800


@dataclass(frozen=True)
class Hours:
    """From one local time to another; closing at or before the opening is on the next morning."""

    opens_min: int
    closes_min: int


ALL_DAY = Hours(0, DAY_MIN)


@dataclass(frozen=True)
class Calendar:
    """`week`: weekday (0 = Monday) → hours, days off left out; `days`: dates that differ, None = closed."""

    time_zone: str
    week: Mapping[int, Hours] = field(default_factory=dict)
    days: Mapping[date, Hours | None] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone with its history of shifts."""
        return ZoneInfo(self.time_zone)

    def local_day(self, at_ms: int) -> date:
        """The date on the warehouse's wall at an instant."""
        return _utc(at_ms).astimezone(self.zone).date()

    def hours_on(self, day: date) -> Hours | None:
        """The hours of a date, None on a day off."""
        if day in self.days:
            return self.days[day]
        return self.week.get(day.weekday()) if self.week else ALL_DAY

    def is_working_day(self, day: date) -> bool:
        """Whether somebody works on a date; one the time zone skipped altogether is none."""
        return self.hours_on(day) is not None and self.instant_ms(day, 0) < self.instant_ms(day + timedelta(1), 0)

    def is_open(self, at_ms: int) -> bool:
        """Whether the warehouse works at an instant."""
        day = self.local_day(at_ms)
        return any(start <= at_ms < end for start, end in self._spans(day - timedelta(1), day))

    def next_opening(self, at_ms: int) -> int | None:
        """`at_ms` itself when the warehouse works then, else when it next opens; None = not that anybody knows."""
        day = self.local_day(at_ms)
        spans = self._spans(day - timedelta(1), day + timedelta(HORIZON_DAYS))
        return next((max(start, at_ms) for start, end in spans if end > at_ms), None)

    def open_ms_between(self, start_ms: int, end_ms: int) -> int:
        """How long the warehouse worked between two instants: an age in working time."""
        if end_ms <= start_ms:
            return 0
        if not self.week and not self.days:
            return end_ms - start_ms
        total, counted_to = 0, start_ms
        for start, end in self._spans(self.local_day(start_ms) - timedelta(1), self.local_day(end_ms)):
            # A night shift may reach into the next day's hours: what was counted is not counted again.
            start, end = max(start, counted_to), min(end, end_ms)
            if end > start:
                total += end - start
                counted_to = end
        return total

    def instant_ms(self, day: date, minute: int) -> int:
        """The instant of a local time; `minute` may lie on the next day."""
        local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - local by meaning
        zone = self.zone
        first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) == local:
            return _ms(first)
        # Nobody's clock shows this time. The jump lies between what the offsets before and after it make of it.
        earliest = int(local.replace(tzinfo=zone, fold=1).timestamp())
        latest = int(first.timestamp())
        before = datetime.fromtimestamp(earliest, zone).utcoffset()
        while latest - earliest > 1:
            middle = (earliest + latest) // 2
            if datetime.fromtimestamp(middle, zone).utcoffset() == before:
                earliest = middle
            else:
                latest = middle
        return latest * 1000

    def _spans(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        day = first
        while day <= last:
            hours = self.hours_on(day)
            if hours is not None:
                overnight = DAY_MIN if hours.closes_min <= hours.opens_min else 0
                start = self.instant_ms(day, hours.opens_min)
                end = self.instant_ms(day, hours.closes_min + overnight)
                if end > start:
                    yield start, end
            day += timedelta(1)


def cut_off(ordered_at_ms: int, calls: Mapping[int, int], calendar: Calendar) -> int | None:
    """The first cut-off after an order came: on a working day on which the carrier calls.

    `calls`: weekday → minute of the day of its cut-off, days it does not call left out. None: none in sight.
    """
    day = calendar.local_day(ordered_at_ms)
    for ahead in range(HORIZON_DAYS):
        candidate = day + timedelta(ahead)
        minute = calls.get(candidate.weekday())
        if minute is None or not calendar.is_working_day(candidate):
            continue
        at_ms = calendar.instant_ms(candidate, minute)
        if at_ms > ordered_at_ms:
            return at_ms
    return None


def clock_minutes(text: str) -> int:
    """`17:30` as minutes of the day; `24:00` is its end.

    Raises:
        ValueError: no such time.
    """
    found = re.fullmatch("([0-9]{2}):([0-9]{2})", text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if found is None or int(found[2]) > 59 or not 0 <= minutes <= DAY_MIN:
        raise ValueError(f"{text!r} is not a local time like 17:30")
    return minutes


def clock_text(minutes: int) -> str:
    """Minutes of the day as `17:30`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
