"""/api/v1, when the floor works: hours, holidays, and when each carrier calls. Parse, call one service, answer.

Refuses a calendar by which a carrier would never call. Invariant: what is put here is what orders' cut-offs are
computed by from the same moment on.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.ordering import calendars
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Text
from fulfillment.web.v1 import operation

Clock = Annotated[str, msgspec.Meta(max_length=5)]


class DayBody(Body):
    """A date that differs from its weekday; without opens and closes it is a day off."""

    day: Code
    opens: Clock = ""
    closes: Clock = ""
    note: Text = ""


class CalendarBody(Body):
    """Hours by weekday (days off left out; none at all = always open) and the dates that differ."""

    week: dict[str, tuple[Clock, Clock]]
    days: Annotated[list[DayBody], msgspec.Meta(max_length=2000)]


class CutOffsBody(Body):
    """The usual cut-off (null = as it is), and weekdays that differ from it; null = does not call."""

    usual: Clock | None = None
    cut_offs: dict[str, Clock | None] = msgspec.field(default_factory=dict)


@operation("GET", "/calendar", Permission.READ_BOARD)
def get_calendar() -> Any:
    """Opening hours, dates that differ, and whether the warehouse works now."""
    return floor().read(calendars.describe)


@operation("PUT", "/calendar", Permission.SET_UP, body=CalendarBody)
def put_calendar(body: CalendarBody) -> Any:
    """Replace hours and dates; open orders get the cut-offs that follow."""
    days = [msgspec.to_builtins(day) for day in body.days]

    def work(tx: Any) -> Any:
        changed = calendars.set_calendar(tx, body.week, days)
        return {**calendars.describe(tx), "orders_changed": changed}

    return floor().writer.write(work)


@operation("GET", "/carriers/<code>/cut-offs", Permission.READ_BOARD)
def get_cut_offs(code: str) -> Any:
    """When a carrier calls, by weekday, and its next cut-off."""
    return floor().read(lambda tx: calendars.describe_cut_offs(tx, code))


@operation("PUT", "/carriers/<code>/cut-offs", Permission.SET_UP, body=CutOffsBody)
def put_cut_offs(body: CutOffsBody, code: str) -> Any:
    """Say when a carrier calls; open orders get the cut-offs that follow."""

    def work(tx: Any) -> Any:
        changed = calendars.set_cut_offs(tx, code, body.usual, body.cut_offs)
        return {**calendars.describe_cut_offs(tx, code), "orders_changed": changed}

    return floor().writer.write(work)
