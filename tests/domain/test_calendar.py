"""Working days, opening hours and cut-offs in local time, through every kind of clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.calendar import (
    ALL_DAY,
    HORIZON_DAYS,
    Calendar,
    Hours,
    clock_minutes,
    clock_text,
    cut_off,
)

# Forwards and back by an hour; by half an hour, in the other half of the year; never.
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
MON_TO_FRI = {weekday: Hours(8 * 60, 18 * 60) for weekday in range(5)}
EVERY_DAY_AT = {minute: dict.fromkeys(range(7), minute) for minute in (60, 90, 150, 17 * 60)}
HOUR_MS = 3_600_000


def at(text: str, zone: str = "UTC") -> int:
    """An instant by what a clock in `zone` shows (the first time it does)."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def shown(at_ms: int | None, zone: str) -> str:
    """What the clock on the wall shows then, with its offset."""
    assert at_ms is not None
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone)).isoformat(timespec="minutes")


# --- opening -------------------------------------------------------------------------------------------------


def test_a_calendar_that_says_nothing_is_always_open() -> None:
    calendar = Calendar("Europe/London")
    assert calendar.is_open(at("2026-12-25T03:00"))
    assert calendar.next_opening(at("2026-12-25T03:00")) == at("2026-12-25T03:00")
    assert calendar.open_ms_between(at("2026-03-28T12:00"), at("2026-03-30T12:00")) == 48 * HOUR_MS


def test_holidays_alone_close_only_the_holidays() -> None:
    calendar = Calendar("Europe/London", days={date(2026, 12, 25): None})
    assert not calendar.is_open(at("2026-12-25T12:00"))
    assert calendar.is_open(at("2026-12-24T23:59"))
    assert shown(calendar.next_opening(at("2026-12-25T12:00")), "Europe/London") == "2026-12-26T00:00+00:00"


def test_the_warehouse_works_from_opening_to_closing_on_its_days() -> None:
    calendar = Calendar("America/New_York", MON_TO_FRI)
    assert not calendar.is_open(at("2026-11-20T07:59", "America/New_York"))
    assert calendar.is_open(at("2026-11-20T08:00", "America/New_York"))
    assert not calendar.is_open(at("2026-11-20T18:00", "America/New_York"))
    opens = calendar.next_opening(at("2026-11-20T18:00", "America/New_York"))
    assert shown(opens, "America/New_York") == "2026-11-23T08:00-05:00"


def test_a_saturday_can_be_worked_out_of_turn_and_a_monday_off() -> None:
    days = {date(2026, 11, 21): Hours(9 * 60, 12 * 60), date(2026, 11, 23): None}
    calendar = Calendar("Europe/London", MON_TO_FRI, days)
    assert calendar.is_open(at("2026-11-21T10:00"))
    assert shown(calendar.next_opening(at("2026-11-21T12:00")), "Europe/London") == "2026-11-24T08:00+00:00"


def test_a_night_shift_belongs_to_the_day_it_begins() -> None:
    calendar = Calendar("Europe/London", {4: Hours(22 * 60, 6 * 60)})
    assert calendar.is_open(at("2026-11-20T23:00"))
    assert calendar.is_open(at("2026-11-21T05:59"))
    assert not calendar.is_open(at("2026-11-21T06:00"))
    assert calendar.open_ms_between(at("2026-11-20T00:00"), at("2026-11-22T00:00")) == 8 * HOUR_MS


def test_hours_that_overlap_are_counted_once() -> None:
    week = {4: Hours(22 * 60, 6 * 60), 5: Hours(5 * 60, 12 * 60)}
    calendar = Calendar("Europe/London", week)
    assert calendar.open_ms_between(at("2026-11-20T00:00"), at("2026-11-22T00:00")) == 14 * HOUR_MS


def test_a_calendar_that_never_opens_again_says_so() -> None:
    mondays = {date(2026, 11, 23) + timedelta(7 * n): None for n in range(200)}
    calendar = Calendar("Europe/London", {0: ALL_DAY}, mondays)
    assert calendar.next_opening(at("2026-11-20T12:00")) is None
    assert cut_off(at("2026-11-20T12:00"), EVERY_DAY_AT[90], calendar) is None


def test_the_local_day_is_the_one_on_the_wall() -> None:
    assert Calendar("Asia/Kathmandu").local_day(at("2026-11-20T18:20")) == date(2026, 11, 21)  # UTC+5:45
    assert Calendar("America/New_York").local_day(at("2026-11-20T04:59")) == date(2026, 11, 19)


# --- days of 23, 23.5, 24.5 and 25 hours ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/London", date(2026, 3, 29), 23), ("Europe/London", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23), ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5), ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
    ],
)  # fmt: skip
def test_a_whole_day_is_as_long_as_it_is(zone: str, day: date, hours: float) -> None:
    calendar = Calendar(zone, dict.fromkeys(range(7), ALL_DAY))
    start, end = calendar.instant_ms(day, 0), calendar.instant_ms(day + timedelta(1), 0)
    assert end - start == calendar.open_ms_between(start, end) == hours * HOUR_MS


def test_a_night_shift_over_the_change_is_as_long_as_it_was() -> None:
    calendar = Calendar("Europe/London", {5: Hours(22 * 60, 6 * 60)})
    assert calendar.open_ms_between(at("2026-03-28T00:00"), at("2026-03-30T00:00")) == 7 * HOUR_MS
    assert calendar.open_ms_between(at("2026-10-24T00:00"), at("2026-10-26T00:00")) == 9 * HOUR_MS


# --- cut-offs --------------------------------------------------------------------------------------------------


def test_an_order_before_the_cut_off_makes_it_today_and_one_at_it_does_not() -> None:
    calendar, calls = Calendar("Europe/London", MON_TO_FRI), dict.fromkeys(range(7), 17 * 60)
    assert cut_off(at("2026-11-18T16:59"), calls, calendar) == at("2026-11-18T17:00")
    assert cut_off(at("2026-11-18T17:00"), calls, calendar) == at("2026-11-19T17:00")


def test_a_weekend_a_holiday_and_a_day_the_carrier_stays_away_are_passed_over() -> None:
    calendar = Calendar("Europe/London", MON_TO_FRI, {date(2026, 11, 23): None})
    calls = {0: 17 * 60, 2: 12 * 60, 4: 17 * 60}  # Monday, Wednesday, Friday
    # Friday evening → not Saturday (off), not Monday (holiday), not Tuesday (does not call), Wednesday noon.
    assert cut_off(at("2026-11-20T18:00"), calls, calendar) == at("2026-11-25T12:00")


@pytest.mark.parametrize(
    ("zone", "ordered", "minute", "expected"),
    [
        # The clocks jump over 01:30 (02:30, 02:15): the moment of the jump.
        ("Europe/London", "2026-03-28T12:00", 90, "2026-03-29T02:00+01:00"),
        ("America/New_York", "2026-03-07T12:00", 150, "2026-03-08T03:00-04:00"),
        ("Australia/Lord_Howe", "2026-10-03T12:00", 135, "2026-10-04T02:30+11:00"),
        # 01:30 (01:45) comes twice: the first time.
        ("Europe/London", "2026-10-24T12:00", 90, "2026-10-25T01:30+01:00"),
        ("America/New_York", "2026-10-31T12:00", 90, "2026-11-01T01:30-04:00"),
        ("Australia/Lord_Howe", "2026-04-04T12:00", 105, "2026-04-05T01:45+11:00"),
        # Nothing happens in Kathmandu.
        ("Asia/Kathmandu", "2026-03-28T12:00", 150, "2026-03-29T02:30+05:45"),
    ],
)
def test_a_cut_off_on_the_night_of_the_change(zone: str, ordered: str, minute: int, expected: str) -> None:
    calls = dict.fromkeys(range(7), minute)
    assert shown(cut_off(at(ordered, zone), calls, Calendar(zone)), zone) == expected


def test_between_the_two_times_of_a_doubled_hour_the_cut_off_is_over() -> None:
    first = at("2026-10-25T01:30", "Europe/London")
    second = first + HOUR_MS
    assert shown(second, "Europe/London") == "2026-10-25T01:30+00:00"
    found = cut_off(first + HOUR_MS // 2, EVERY_DAY_AT[90], Calendar("Europe/London"))
    assert shown(found, "Europe/London") == "2026-10-26T01:30+00:00"


def test_a_date_the_zone_skipped_is_no_working_day() -> None:
    calendar = Calendar("Pacific/Apia")  # went from the 29th to the 31st of December 2011
    assert not calendar.is_working_day(date(2011, 12, 30))
    found = cut_off(at("2011-12-29T18:00", "Pacific/Apia"), EVERY_DAY_AT[17 * 60], calendar)
    assert shown(found, "Pacific/Apia").startswith("2011-12-31T17:00")


hours = st.builds(Hours, st.integers(0, 1439), st.integers(0, 1440)).filter(lambda h: h.opens_min != h.closes_min)
days = st.dates(date(2024, 1, 1), date(2028, 1, 1))
calendars = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    st.dictionaries(st.integers(0, 6), hours),
    st.dictionaries(days, st.one_of(st.none(), hours), max_size=8),
)
# Most instants fall near a clock change of one of the zones.
CHANGES = [at(day) for day in ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-10-04", "2026-04-05")]
instants = st.one_of(
    st.builds(lambda change, by: change + by * 1000, st.sampled_from(CHANGES), st.integers(-260_000, 170_000)),
    st.integers(at("2024-02-01"), at("2027-12-01")),
)


def replaced(day: date, minute: int, zone: str) -> datetime:
    """What the clock shows at a local time: itself, or where the clocks stand after the jump over it."""
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    while True:
        there = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if there == local:
            return local
        local += timedelta(minutes=1)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(calendars, st.dictionaries(st.integers(0, 6), st.integers(0, 1439), min_size=1), instants)
def test_a_cut_off_is_the_first_to_come_on_a_working_day_at_its_local_time(
    calendar: Calendar, calls: dict[int, int], ordered_at_ms: int
) -> None:
    found = cut_off(ordered_at_ms, calls, calendar)
    asked = calendar.local_day(ordered_at_ms)
    if found is None:
        window = (asked + timedelta(n) for n in range(1, HORIZON_DAYS))
        assert not any(calendar.is_working_day(day) and day.weekday() in calls for day in window)
        return
    day = calendar.local_day(found)
    assert found > ordered_at_ms
    assert calendar.is_working_day(day)
    wall = datetime.fromtimestamp(found // 1000, calendar.zone)
    assert wall.replace(tzinfo=None, fold=0) == replaced(day, calls[day.weekday()], calendar.time_zone)
    assert wall.fold == 0
    earlier = (asked + timedelta(n) for n in range((day - asked).days))
    for before in earlier:
        if calendar.is_working_day(before) and before.weekday() in calls:
            assert calendar.instant_ms(before, calls[before.weekday()]) <= ordered_at_ms


@settings(max_examples=200, derandomize=True, deadline=None)
@given(calendars, instants, st.lists(st.integers(0, 5 * 24 * HOUR_MS), min_size=2, max_size=2))
def test_working_time_adds_up_and_never_passes_the_clock(calendar: Calendar, start_ms: int, steps: list[int]) -> None:
    middle_ms, end_ms = start_ms + steps[0], start_ms + sum(steps)
    whole = calendar.open_ms_between(start_ms, end_ms)
    assert 0 <= whole <= end_ms - start_ms
    parts = calendar.open_ms_between(start_ms, middle_ms) + calendar.open_ms_between(middle_ms, end_ms)
    assert parts == whole


@settings(max_examples=200, derandomize=True, deadline=None)
@given(calendars, instants)
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar: Calendar, at_ms: int) -> None:
    opens = calendar.next_opening(at_ms)
    if opens is not None:
        assert opens >= at_ms
        assert calendar.is_open(opens)
        assert calendar.open_ms_between(at_ms, opens) == 0


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.sampled_from(ZONES), days, st.lists(st.integers(0, 2879), min_size=2, max_size=2))
def test_local_times_keep_their_order(zone: str, day: date, minutes: list[int]) -> None:
    first, second = sorted(minutes)
    assert Calendar(zone).instant_ms(day, first) <= Calendar(zone).instant_ms(day, second)


# --- clock times as text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "8:00", "25:00", "24:01", "17:60", "17.30", "١٧:٣٠"])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ValueError, match="is not a local time"):
        clock_minutes(text)


@pytest.mark.parametrize("text", ["00:00", "08:05", "23:59", "24:00"])
def test_a_time_of_day_is_written_as_it_is_read(text: str) -> None:
    assert clock_text(clock_minutes(text)) == text
