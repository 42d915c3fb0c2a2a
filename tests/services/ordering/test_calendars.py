"""The calendar decides when an order must be out; changing it changes that for every order still here."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services import imports
from fulfillment.services.imports import Options
from fulfillment.services.ordering import calendars, orders
from tests.factories import NOBODY, FloorHand
from tests.services.acts import release, wrong

LONDON = ZoneInfo("Europe/London")
OFFICE = {name: ("08:00", "18:00") for name in calendars.WEEKDAYS[:5]}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp() * 1000)


def order(hand: FloorHand, number: str, ordered: str, country: str = "GB") -> None:
    taken = orders.OrderIn(number, at(ordered), [orders.LineIn("MUG", 1)], orders.ShipTo("Jo", country=country))
    hand.write(lambda tx: orders.take_in(tx, NOBODY, taken, 10_000))


def cut_off(hand: FloorHand, number: str) -> str:
    row = hand.one("SELECT cut_off_at_ms AS ms FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number)
    return datetime.fromtimestamp(row["ms"] / 1000, LONDON).strftime("%Y-%m-%d %H:%M")


def set_calendar(hand: FloorHand, week: dict[str, tuple[str, str]], *off: str) -> int:
    return hand.write(lambda tx: calendars.set_calendar(tx, week, [{"day": day} for day in off]))


@pytest.fixture
def hand(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    return hand


def test_without_a_calendar_every_day_has_its_cut_off(hand: FloorHand) -> None:
    order(hand, "FRI", "2026-11-20T18:00")
    assert cut_off(hand, "FRI") == "2026-11-21 17:00"


def test_an_order_of_friday_evening_has_until_the_next_working_day(hand: FloorHand) -> None:
    set_calendar(hand, OFFICE, "2026-11-23")
    order(hand, "FRI", "2026-11-20T18:00")
    assert cut_off(hand, "FRI") == "2026-11-24 17:00"


def test_the_cut_off_follows_the_carrier_of_the_country(hand: FloorHand) -> None:
    hand.write(lambda tx: calendars.set_cut_offs(tx, "EU", None, {"tuesday": "12:00", "monday": None}))
    order(hand, "DE", "2026-11-22T16:00", "DE")  # Sunday, after 15:30
    order(hand, "GB", "2026-11-22T16:00")
    assert cut_off(hand, "DE") == "2026-11-24 12:00"
    assert cut_off(hand, "GB") == "2026-11-22 17:00"


def test_a_changed_calendar_changes_the_orders_that_are_still_here(hand: FloorHand) -> None:
    for number, ordered in (("A", "2026-11-19T10:00"), ("B", "2026-11-20T17:00"), ("C", "2026-11-21T09:00")):
        order(hand, number, ordered)
    order(hand, "GONE", "2026-11-20T17:00")
    hand.write(lambda tx: orders.cancel(tx, NOBODY, "GONE"))
    assert set_calendar(hand, OFFICE) == 2
    assert [cut_off(hand, number) for number in "ABC"] == ["2026-11-19 17:00", *["2026-11-23 17:00"] * 2]
    assert cut_off(hand, "GONE") == "2026-11-21 17:00"
    assert set_calendar(hand, OFFICE) == 0
    assert set_calendar(hand, {}) == 2
    assert cut_off(hand, "C") == "2026-11-21 17:00"


def test_an_order_recomputed_has_the_cut_off_it_would_have_come_with(hand: FloorHand) -> None:
    hours = [f"2026-11-{day:02}T{hour:02}:30" for day in range(16, 24) for hour in (0, 8, 14, 16, 17, 23)]
    for place, ordered in enumerate(hours):
        order(hand, f"BEFORE-{place}", ordered, ("GB", "DE", "US")[place % 3])
    hand.write(lambda tx: calendars.set_cut_offs(tx, "WORLD", "11:15", {"friday": None}))
    set_calendar(hand, {**OFFICE, "saturday": ("08:00", "12:00")}, "2026-11-18")
    for place, ordered in enumerate(hours):
        order(hand, f"AFTER-{place}", ordered, ("GB", "DE", "US")[place % 3])
        assert cut_off(hand, f"BEFORE-{place}") == cut_off(hand, f"AFTER-{place}"), ordered


def test_a_tour_is_as_urgent_as_its_orders_are_now(hand: FloorHand) -> None:
    hand.stock("MUG", 5)
    order(hand, "A", "2026-11-20T18:00")
    wave = release(hand, "A")
    set_calendar(hand, OFFICE)
    tour = hand.one("SELECT cut_off_at_ms FROM tour WHERE warehouse_id = :w AND wave_id = :wave", wave=wave)
    assert tour["cut_off_at_ms"] == at("2026-11-23T17:00")
    assert wrong(hand) == []


def test_a_new_country_brings_the_other_carriers_cut_off(hand: FloorHand) -> None:
    order(hand, "A", "2026-11-20T10:00")
    hand.write(lambda tx: orders.change(tx, NOBODY, "A", {"ship_to": {"country": "FR"}}))
    assert cut_off(hand, "A") == "2026-11-20 15:30"


def test_a_carrier_that_would_never_call_is_refused_and_nothing_changes(hand: FloorHand) -> None:
    never = dict.fromkeys(calendars.WEEKDAYS)
    with pytest.raises(Conflict, match="DOM would not call"):
        hand.write(lambda tx: calendars.set_cut_offs(tx, "DOM", None, never))
    hand.write(lambda tx: calendars.set_cut_offs(tx, "DOM", None, {**never, "saturday": "17:00"}))
    with pytest.raises(Conflict, match="DOM would not call"):
        set_calendar(hand, OFFICE)
    assert hand.floor.read(calendars.describe)["week"] == {}


@pytest.mark.parametrize(
    ("week", "day", "field"),
    [
        ({"someday": ("08:00", "18:00")}, None, "week.someday"),
        ({"monday": ("8", "18:00")}, None, "week.monday"),
        ({"monday": ("08:00", "08:00")}, None, "week.monday"),
        ({"monday": ("24:00", "08:00")}, None, "week.monday"),
        ({}, {"day": "2026-13-01"}, "days[0].day"),
        ({}, {"day": "20261225"}, "days[0].day"),
        ({}, {"day": "2026-12-25", "opens": "08:00"}, "days[0].opens"),
    ],
)
def test_what_is_no_calendar(hand: FloorHand, week: dict, day: dict | None, field: str) -> None:
    with pytest.raises(DomainError) as refused:
        hand.write(lambda tx: calendars.set_calendar(tx, week, [day] if day else []))
    assert refused.value.field == field


def test_a_cut_off_at_no_time_or_of_no_carrier_is_refused(hand: FloorHand) -> None:
    with pytest.raises(DomainError):
        hand.write(lambda tx: calendars.set_cut_offs(tx, "DOM", "24:00", {}))
    with pytest.raises(NotFound):
        hand.write(lambda tx: calendars.set_cut_offs(tx, "NOBODY", None, {}))


# --- the import ------------------------------------------------------------------------------------------------

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "calendar.csv"


def test_the_example_file_is_taken_once(hand: FloorHand) -> None:
    set_calendar(hand, OFFICE)
    order(hand, "A", "2026-12-24T18:00")
    assert cut_off(hand, "A") == "2026-12-25 17:00"
    report = imports.import_calendar(hand.floor.writer, EXAMPLE)
    assert (report.created, report.rejected, report.figures["orders_changed"]) == (4, 0, 1)
    assert cut_off(hand, "A") == "2026-12-28 17:00"
    again = imports.import_calendar(hand.floor.writer, EXAMPLE)
    assert (again.unchanged, again.created, again.updated, again.exit_code) == (4, 0, 0, 0)


def test_wrong_dates_are_told_by_row_and_do_not_stop_the_others(hand: FloorHand) -> None:
    sheet = b"day,opens,closes\n2026-12-25,,\n2026-12-25,,\nChristmas,,\n2026-12-31,08:00,\n2026-12-24,09:00,12:00\n"
    report = imports.import_calendar(hand.floor.writer, sheet)
    assert report.created == 2
    assert [(error.row, error.column, error.reason) for error in report.errors] == [
        (3, "day", "duplicate_row"), (4, "day", "bad_date"), (5, "opens", "bad_time"),
    ]  # fmt: skip


def test_a_file_that_closes_the_floor_for_good_is_refused_whole(hand: FloorHand) -> None:
    set_calendar(hand, {"sunday": ("08:00", "12:00")})
    today = hand.floor.read(lambda tx: calendars.load(tx).local_day(tx.now_ms)).toordinal()
    days = (datetime.fromordinal(today + ahead).date().isoformat() for ahead in range(900))
    report = imports.import_calendar(hand.floor.writer, ("day\n" + "\n".join(days)).encode(), Options())
    assert (report.created, report.rejected, report.exit_code) == (0, 900, 1)
    assert report.errors[0].reason == "never_calls"
    assert hand.floor.read(calendars.describe)["days"] == []
