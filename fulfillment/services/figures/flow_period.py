"""What a flow figure is asked over: from when until when in the warehouse's days, cut by which filters.

Refuses periods that end before they begin or are longer than a quarter of a year, what is read for them
being bounded; and filters that name nothing there is: a typing mistake would look like a day without work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fulfillment.domain.calendar import Calendar
from fulfillment.domain.flow import Filter, Lane
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.ordering import calendars
from fulfillment.services.stock.lookup import PERSON

DAYS_MAX = 92
HOUR_MS = 3_600_000
OF_ORDERS = frozenset({Filter.CHANNEL, Filter.CARRIER})
OF_WORK = frozenset({Filter.LANE, Filter.ZONE, Filter.OPERATOR})


@dataclass(frozen=True)
class Asked:
    """As it was asked, '' = not said: days (`2026-11-22`) or ISO times with their offset, a lane, an order's channel
    and carrier code, the zone of a location, an operator's badge or number (#12)."""

    from_: str = ""
    to: str = ""
    lane: str = ""
    channel: str = ""
    carrier: str = ""
    zone: str = ""
    operator: str = ""


@dataclass(frozen=True)
class Period:
    """The same, looked up: [from_ms, until_ms), never beyond now; None = all of them."""

    from_ms: int
    until_ms: int
    calendar: Calendar
    lane: Lane | None = None
    channel: str | None = None
    carrier_id: int | None = None
    operator_id: int | None = None
    zone: str | None = None

    @property
    def filters(self) -> frozenset[Filter]:
        """By what it is cut."""
        said = {
            Filter.LANE: self.lane, Filter.CHANNEL: self.channel, Filter.CARRIER: self.carrier_id,
            Filter.ZONE: self.zone, Filter.OPERATOR: self.operator_id,
        }  # fmt: skip
        return frozenset(name for name, value in said.items() if value is not None)

    def uncut(self, takes: frozenset[Filter]) -> tuple[Filter, ...]:
        """The filters asked for that say nothing about what takes only these."""
        return tuple(name for name in Filter if name in self.filters - takes)

    def only(self, takes: frozenset[Filter], what: str) -> None:
        """Refuse the others: the whole must never pass for a part.

        Raises:
            DomainError: `bad_filter`.
        """
        if names := self.uncut(takes):
            raise DomainError("bad_filter", f"{what} cannot be cut by {', '.join(names)}", names[0])

    def in_zone(self, place: str) -> str:
        """The condition on a column that names a location; its parameter is `zone`."""
        if self.zone is None:
            return ""
        return f" AND {place} IN (SELECT z.id FROM location z WHERE z.warehouse_id = :w AND z.zone = :zone)"

    def orders(self, alias: str = "o") -> str:
        """The condition on orders, to stand behind a WHERE; its parameters are in `params`."""
        said = ""
        if self.channel is not None:
            said += f" AND {alias}.channel = :channel"
        if self.carrier_id is not None:
            said += f" AND {alias}.carrier_id = :carrier"
        return said

    @property
    def params(self) -> dict[str, Any]:
        """`from`, `until`, and what `orders` asks for."""
        named: dict[str, Any] = {"from": self.from_ms, "until": self.until_ms}
        if self.channel is not None:
            named["channel"] = self.channel
        if self.carrier_id is not None:
            named["carrier"] = self.carrier_id
        return named

    def shown(self) -> dict[str, Any]:
        """The bounds as they were understood, in the warehouse's time."""
        zone = self.calendar.zone
        return {
            "from": datetime.fromtimestamp(self.from_ms / 1000, zone).isoformat(timespec="seconds"),
            "to": datetime.fromtimestamp(self.until_ms / 1000, zone).isoformat(timespec="seconds"),
            "from_ms": self.from_ms, "until_ms": self.until_ms, "time_zone": self.calendar.time_zone,
        }  # fmt: skip


def look_up(tx: Tx, asked: Asked) -> Period:
    """The period and filters of a question. Without `to` it ends now; without `from` it begins on the day it ends.

    Raises:
        DomainError: `bad_time`, `bad_period`, `bad_lane`; NotFound: no such channel, carrier, zone or operator.
    """
    calendar = calendars.load(tx)
    # A day as the end means the whole of it.
    until_ms = min(tx.now_ms, _instant(calendar, asked.to, "to", 1)) if asked.to else tx.now_ms
    from_ms = _instant(calendar, asked.from_ or calendar.local_day(until_ms - 1).isoformat(), "from", 0)
    if not from_ms < until_ms:
        raise DomainError("bad_period", "it ends before it begins, or lies in the future", "to")
    if until_ms - from_ms > (DAYS_MAX * 24 + 1) * HOUR_MS:
        raise DomainError("bad_period", f"at most {DAYS_MAX} days at a time", "to")
    if asked.lane and asked.lane not in set(Lane):
        raise DomainError("bad_lane", f"{asked.lane[:40]!r} is none of {', '.join(Lane)}", "lane")
    return Period(
        from_ms, until_ms, calendar, Lane(asked.lane) if asked.lane else None,
        _known(tx, "sales_order", Filter.CHANNEL, asked.channel), _carrier(tx, asked.carrier),
        _operator(tx, asked.operator), _known(tx, "location", Filter.ZONE, asked.zone),
    )  # fmt: skip


def choices(tx: Tx) -> dict[Filter, list[tuple[str, str]]]:
    """What each filter can be set to, as it is asked for and as it is called; people by their number."""
    channels = tx.all(
        # From one channel to the next by the key of orders' numbers: DISTINCT would read every order there ever was.
        "WITH RECURSIVE c(channel) AS (SELECT MIN(channel) FROM sales_order WHERE warehouse_id = :w UNION ALL"
        " SELECT (SELECT MIN(o.channel) FROM sales_order o WHERE o.warehouse_id = :w AND o.channel > c.channel)"
        " FROM c WHERE c.channel IS NOT NULL) SELECT channel FROM c WHERE channel IS NOT NULL LIMIT 200"
    )
    carriers = tx.all("SELECT code, name FROM carrier WHERE warehouse_id = :w ORDER BY code LIMIT 200")
    zones = tx.all("SELECT DISTINCT zone FROM location WHERE warehouse_id = :w AND zone <> '' ORDER BY zone LIMIT 500")
    people = tx.all(
        f"SELECT {PERSON.format(alias='o')} AS code, o.name FROM operator o WHERE o.warehouse_id = :w"
        " ORDER BY o.name, o.id LIMIT 1000"
    )
    return {
        Filter.LANE: [(lane.value, lane.value) for lane in Lane],
        Filter.CHANNEL: [(row["channel"], row["channel"]) for row in channels],
        Filter.CARRIER: [(row["code"], row["name"] or row["code"]) for row in carriers],
        Filter.ZONE: [(row["zone"], row["zone"]) for row in zones],
        Filter.OPERATOR: [(row["code"], f"{row['name']} {row['code']}".strip()) for row in people],
    }


def last_days(tx: Tx, days: int) -> Asked:
    """The last so many days of the warehouse, today among them.

    Raises:
        DomainError: `bad_period`, none or more than one question can have.
    """
    if not 1 <= days <= DAYS_MAX:
        raise DomainError("bad_period", f"1 to {DAYS_MAX} days", "days")
    return Asked((calendars.load(tx).local_day(tx.now_ms) - timedelta(days - 1)).isoformat())


def moments(period: Period, step: str) -> list[int]:
    """The ends of all whole steps of a period (`15min`, `hour`, `day`) in the warehouse's time, its own ends included.

    Raises:
        DomainError: `bad_step`, or a step too fine for the period.
    """
    if step not in STEPS_MIN:
        raise DomainError("bad_step", f"{step[:40]!r} is none of {', '.join(STEPS_MIN)}", "step")
    if (period.until_ms - period.from_ms) // (STEPS_MIN[step] * 60_000) > STEPS_MAX:
        raise DomainError("bad_step", f"more than {STEPS_MAX} steps; take a longer one", "step")
    found = [period.from_ms]
    day = period.calendar.local_day(period.from_ms)
    while day <= period.calendar.local_day(period.until_ms):
        for minute in range(0, 24 * 60, STEPS_MIN[step]):
            at_ms = period.calendar.instant_ms(day, minute)
            if found[-1] < at_ms < period.until_ms:
                found.append(at_ms)
        day += timedelta(1)
    return [*found, period.until_ms]


STEPS_MIN: Mapping[str, int] = {"15min": 15, "hour": 60, "day": 24 * 60}
STEPS_MAX = 1000


def _instant(calendar: Calendar, text: str, field: str, days_on: int) -> int:
    try:
        if len(text) == 10:
            return calendar.instant_ms(date.fromisoformat(text) + timedelta(days_on), 0)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise DomainError("bad_time", "a time needs its offset, e.g. +00:00; a day needs none", field)
        at_ms = int(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise DomainError("bad_time", f"{text[:40]!r} is neither a day nor an ISO 8601 time", field) from error
    return at_ms


def _known(tx: Tx, table: str, name: Filter, code: str) -> str | None:
    if not code:
        return None
    if tx.one(f"SELECT 1 AS n FROM {table} WHERE warehouse_id = :w AND {name} = :code LIMIT 1", code=code) is None:
        raise NotFound(f"unknown_{name}", f"no {name} {code[:40]!r}", name)
    return code


def _carrier(tx: Tx, code: str) -> int | None:
    return _id(tx, "carrier", "code = :code", code)


def _operator(tx: Tx, code: str) -> int | None:
    return _id(tx, "operator", f"(o.badge = :code OR {PERSON.format(alias='o')} = :code)", code)


def _id(tx: Tx, table: str, chosen: str, code: str) -> int | None:
    if not code:
        return None
    row = tx.one(f"SELECT o.id FROM {table} o WHERE o.warehouse_id = :w AND {chosen} ORDER BY o.id LIMIT 1", code=code)
    if row is None:
        raise NotFound(f"unknown_{table}", f"no {table} {code[:40]!r}", table)
    return int(row["id"])
