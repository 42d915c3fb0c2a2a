"""The warehouse's calendar and its carriers' cut-offs: read, set, and what follows from them for orders.

Owns `sales_order.cut_off_at_ms`: computed when an order comes, and again for every order still here whenever
hours, days or cut-offs change. Refuses a calendar by which a carrier never calls on a working day. Invariant:
an open order's cut-off is what `domain.calendar` says about the moment it was ordered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fulfillment.domain.calendar import (
    HORIZON_DAYS,
    Calendar,
    Hours,
    clock_minutes,
    clock_text,
    cut_off,
)
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
USUAL_CUT_OFF = "17:00"  # of an order no carrier takes yet
MAX_NOTE = 200

_GONE = "('shipped', 'cancelled')"


def load(tx: Tx, since_ms: int | None = None) -> Calendar:
    """The calendar; its days only from shortly before an instant on, which is all a cut-off needs."""
    since = _day_before(since_ms) if since_ms is not None else ""
    (warehouse,), week, days = tx.ask(
        ("SELECT time_zone FROM warehouse WHERE id = :w", {}),
        ("SELECT weekday, opens_local, closes_local FROM opening_hours WHERE warehouse_id = :w", {}),
        ("SELECT day, opens_local, closes_local FROM calendar_day WHERE warehouse_id = :w AND day >= :since",
         {"since": since}),
    )  # fmt: skip
    return Calendar(
        warehouse["time_zone"], {row["weekday"]: _hours(row) for row in week},
        {date.fromisoformat(row["day"]): _hours(row) if row["opens_local"] else None for row in days},
    )  # fmt: skip


def cut_off_at_ms(tx: Tx, carrier: Any, ordered_at_ms: int) -> int:
    """A carrier's first cut-off after an order came (`carrier`: its row, or None)."""
    return _cut_off(load(tx, ordered_at_ms), _calls(tx, carrier), ordered_at_ms)


def describe(tx: Tx) -> dict[str, Any]:
    """The calendar as the API shows it, and whether the warehouse works now."""
    calendar = load(tx)
    week = {row["weekday"]: row for row in tx.all("SELECT * FROM opening_hours WHERE warehouse_id = :w")}
    days = tx.all(
        "SELECT day, opens_local, closes_local, note FROM calendar_day WHERE warehouse_id = :w ORDER BY day"
    )
    return {
        "time_zone": calendar.time_zone,
        "week": {
            WEEKDAYS[weekday]: [week[weekday]["opens_local"], week[weekday]["closes_local"]] for weekday in sorted(week)
        },
        "days": [
            {"day": row["day"], "opens": row["opens_local"], "closes": row["closes_local"], "note": row["note"]}
            for row in days
        ],
        "today": calendar.local_day(tx.now_ms).isoformat(),
        "is_open": calendar.is_open(tx.now_ms),
        "next_opening_ms": calendar.next_opening(tx.now_ms),
    }  # fmt: skip


def set_calendar(tx: Tx, week: Mapping[str, tuple[str, str]], days: Iterable[Mapping[str, str]]) -> int:
    """Replace hours and days; returns how many orders have another cut-off now.

    `week`: weekday → (opens, closes), days off left out; empty = every day, all day. `days`: {day, opens, closes,
    note}, opens and closes '' = closed.

    Raises:
        DomainError: no such weekday, date or time; Conflict: a carrier would never call on a working day.
    """
    hours = {_weekday(name, "week"): _span(span[0], span[1], f"week.{name}") for name, span in week.items()}
    dates: dict[str, tuple[str, str, str]] = {}
    for place, day in enumerate(days):
        key, opens, closes, note = check_day(day, f"days[{place}].")
        if key in dates:
            raise DomainError("duplicate_day", f"{key} is there twice", f"days[{place}].day")
        dates[key] = (opens, closes, note)
    tx.put("DELETE FROM opening_hours WHERE warehouse_id = :w")
    tx.put("DELETE FROM calendar_day WHERE warehouse_id = :w")
    for weekday, (opens, closes) in sorted(hours.items()):
        tx.add("opening_hours", weekday=weekday, opens_local=opens, closes_local=closes)
    for key, (opens, closes, note) in sorted(dates.items()):
        tx.add("calendar_day", day=key, opens_local=opens, closes_local=closes, note=note)
    return take_effect(tx)


def set_day(tx: Tx, day: Mapping[str, str]) -> str:
    """Bring one date to what is said of it: `created`, `updated` or `unchanged`. Call `take_effect` afterwards.

    Raises:
        DomainError: no such date or time.
    """
    key, opens, closes, note = check_day(day)
    known = tx.one("SELECT * FROM calendar_day WHERE warehouse_id = :w AND day = :day", day=key)
    if known is None:
        tx.add("calendar_day", day=key, opens_local=opens, closes_local=closes, note=note)
        return "created"
    if (known["opens_local"], known["closes_local"], known["note"]) == (opens, closes, note):
        return "unchanged"
    tx.put(
        "UPDATE calendar_day SET opens_local = :opens, closes_local = :closes, note = :note"
        " WHERE warehouse_id = :w AND id = :id",
        id=known["id"], opens=opens, closes=closes, note=note,
    )  # fmt: skip
    return "updated"


def check_day(day: Mapping[str, str], where: str = "") -> tuple[str, str, str, str]:
    """A date that differs from its weekday, checked: day, opens, closes ('' = closed), note.

    Raises:
        DomainError: no such date or time; `field` begins with `where`.
    """
    try:
        is_one = date.fromisoformat(day["day"]).isoformat() == day["day"] and "1970" < day["day"] < "9000"
    except ValueError:
        is_one = False
    if not is_one:
        raise DomainError("bad_date", f"{day['day']!r} is not a date like 2026-12-25", f"{where}day")
    note = day.get("note", "")
    if len(note) > MAX_NOTE:
        raise DomainError("too_long", f"at most {MAX_NOTE} characters", f"{where}note")
    opens, closes = day.get("opens", ""), day.get("closes", "")
    if opens or closes:
        opens, closes = _span(opens, closes, f"{where}opens")
    return day["day"], opens, closes, note


def describe_cut_offs(tx: Tx, code: str) -> dict[str, Any]:
    """A carrier's cut-offs by weekday (None = it does not call) and when the next one is."""
    carrier = _carrier(tx, code)
    calls = _calls(tx, carrier)
    return {
        "carrier": carrier["code"], "name": carrier["name"], "usual": carrier["cut_off_local"],
        "cut_offs": {
            name: clock_text(calls[weekday]) if weekday in calls else None for weekday, name in enumerate(WEEKDAYS)
        },
        "next_cut_off_ms": _cut_off(load(tx, tx.now_ms), calls, tx.now_ms),
    }  # fmt: skip


def set_cut_offs(tx: Tx, code: str, usual: str | None, cut_offs: Mapping[str, str | None]) -> int:
    """Say when a carrier calls: its usual cut-off, and the weekdays that differ (None = it does not call).

    Weekdays not named have the usual one. Returns how many orders have another cut-off now.

    Raises:
        NotFound: no such carrier; DomainError: no such weekday or time; Conflict: it would never call.
    """
    carrier = _carrier(tx, code)
    if usual is not None:
        tx.put(
            "UPDATE carrier SET cut_off_local = :usual WHERE warehouse_id = :w AND id = :id",
            id=carrier["id"], usual=_clock(usual, "usual"),
        )  # fmt: skip
    tx.put("DELETE FROM carrier_cut_off WHERE warehouse_id = :w AND carrier_id = :id", id=carrier["id"])
    for name, text in cut_offs.items():
        tx.add(
            "carrier_cut_off", carrier_id=carrier["id"], weekday=_weekday(name, "cut_offs"),
            cut_off_local="" if text is None else _clock(text, f"cut_offs.{name}"),
        )  # fmt: skip
    return take_effect(tx)


def take_effect(tx: Tx) -> int:
    """What follows from a change: orders still here, and their tours, get the cut-offs they have now.

    Returns how many orders have another one.

    Raises:
        Conflict: a carrier would never call on a working day.
    """
    for carrier in tx.all("SELECT * FROM carrier WHERE warehouse_id = :w ORDER BY id"):
        if cut_off(tx.now_ms, _calls(tx, carrier), load(tx, tx.now_ms)) is None:
            raise Conflict("never_calls", f"carrier {carrier['code']} would not call on any working day")
    tell(tx, "board", "CalendarChanged")
    return _recompute(tx)


def _recompute(tx: Tx) -> int:
    """Every cut-off again.

    One statement a stretch of orders that share a cut-off, not one an order: scans wait for this transaction.
    """
    oldest = tx.one(
        f"SELECT MIN(ordered_at_ms) AS at_ms FROM sales_order WHERE warehouse_id = :w AND state NOT IN {_GONE}"
    )["at_ms"]
    if oldest is None:
        return 0
    calendar = load(tx, oldest)
    changed = 0
    carriers: list[Any] = [None, *tx.all("SELECT * FROM carrier WHERE warehouse_id = :w ORDER BY id")]
    for carrier in carriers:
        calls, carrier_id = _calls(tx, carrier), None if carrier is None else carrier["id"]
        whose = "carrier_id IS NULL AND :carrier IS NULL" if carrier is None else "carrier_id = :carrier"
        times = tx.all(
            f"SELECT DISTINCT ordered_at_ms AS at_ms FROM sales_order WHERE warehouse_id = :w"
            f" AND state NOT IN {_GONE} AND {whose} ORDER BY ordered_at_ms",
            carrier=carrier_id,
        )
        ends_ms = -1
        for row in times:
            if row["at_ms"] < ends_ms:
                continue  # came before the cut-off of the stretch that is done already
            start_ms, ends_ms = row["at_ms"], _cut_off(calendar, calls, row["at_ms"])
            changed += tx.run(
                f"UPDATE sales_order SET cut_off_at_ms = :cut_off WHERE warehouse_id = :w AND state NOT IN {_GONE}"
                f" AND {whose} AND ordered_at_ms >= :start AND ordered_at_ms < :cut_off AND cut_off_at_ms <> :cut_off",
                carrier=carrier_id, start=start_ms, cut_off=ends_ms,
            )  # fmt: skip
    if changed:
        # A tour is as urgent as its most urgent order: pickers are given tours by this.
        tx.put(
            "UPDATE tour SET cut_off_at_ms = (SELECT MIN(o.cut_off_at_ms) FROM task t"
            " JOIN sales_order o ON o.warehouse_id = t.warehouse_id AND o.id = t.order_id"
            " WHERE t.warehouse_id = :w AND t.tour_id = tour.id) WHERE warehouse_id = :w AND state <> 'done'"
            " AND EXISTS (SELECT 1 FROM task t WHERE t.warehouse_id = :w AND t.tour_id = tour.id"
            " AND t.order_id IS NOT NULL)"
        )
    return changed


def _cut_off(calendar: Calendar, calls: Mapping[int, int], ordered_at_ms: int) -> int:
    found = cut_off(ordered_at_ms, calls, calendar)
    # None in sight: not urgent. Whoever sets a calendar is told; an order must not be lost over it.
    return found if found is not None else ordered_at_ms + HORIZON_DAYS * 24 * 3_600_000


def _calls(tx: Tx, carrier: Any) -> dict[int, int]:
    """Weekday → minute of its cut-off."""
    if carrier is None:
        return dict.fromkeys(range(7), clock_minutes(USUAL_CUT_OFF))
    calls = dict.fromkeys(range(7), clock_minutes(carrier["cut_off_local"]))
    for row in tx.all(
        "SELECT weekday, cut_off_local FROM carrier_cut_off WHERE warehouse_id = :w AND carrier_id = :id",
        id=carrier["id"],
    ):
        if row["cut_off_local"]:
            calls[row["weekday"]] = clock_minutes(row["cut_off_local"])
        else:
            del calls[row["weekday"]]
    return calls


def _carrier(tx: Tx, code: str) -> Any:
    row = tx.one("SELECT * FROM carrier WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_carrier", f"no carrier {code!r}")
    return row


def _hours(row: Any) -> Hours:
    return Hours(clock_minutes(row["opens_local"]), clock_minutes(row["closes_local"]))


def _day_before(at_ms: int) -> str:
    # Two days: local time may be half a day behind UTC, and a night shift began on the evening before.
    return (datetime.fromtimestamp(at_ms / 1000, UTC).date() - timedelta(2)).isoformat()


def _weekday(name: str, field: str) -> int:
    if name not in WEEKDAYS:
        raise DomainError("bad_weekday", f"{name!r} is none of {', '.join(WEEKDAYS)}", f"{field}.{name}")
    return WEEKDAYS.index(name)


def _span(opens: str, closes: str, field: str) -> tuple[str, str]:
    try:
        from_min, to_min = clock_minutes(opens), clock_minutes(closes)
    except ValueError as error:
        raise DomainError("bad_time", str(error), field) from error
    if from_min == to_min or opens == "24:00":
        raise DomainError("bad_time", f"from {opens} to {closes} is no opening; a whole day is 00:00 to 24:00", field)
    return opens, closes


def _clock(text: str, field: str) -> str:
    try:
        if clock_minutes(text) == 24 * 60:
            raise ValueError("a cut-off is at 23:59 at the latest")
    except ValueError as error:
        raise DomainError("bad_time", str(error), field) from error
    return text
