"""The desk's figures of how orders flow: each with its value, and what it is made of when it is touched.

Numbers come from the services and tables leave as CSV by the same addresses programs use; here they get words. What
single persons did is shown to whoever may read it. Works without a script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_time
from flask import render_template, request
from markupsafe import Markup

from fulfillment.domain.flow import Boundary
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services import flow_figures, flow_lanes, flow_work
from fulfillment.services.flow_period import Asked, Period, last_days, look_up
from fulfillment.web.auth import floor, may_here, needs
from kiosk_ui import plots
from kiosk_ui.figures import day, decimal, moment, number, reading
from kiosk_ui.forms import duration
from kiosk_ui.views import blueprint
from kiosk_ui.words import say

DAY_MS = 24 * 3_600_000
WEEK_DAYS = 7
TICKS_MAX = 8


@blueprint.get("/flow")
@needs(Permission.READ_BOARD)
def flow_page() -> tuple[str, int]:
    """The figures of a period, its cumulative flow, and for whoever may see it who did how much."""
    names_people = may_here(Permission.READ_WORK)

    def look(tx: Any, period: Period) -> dict[str, Any]:
        return {
            "found": flow_figures.figures(tx, period),
            "cumulative": flow_lanes.cumulative_flow(tx, period, step_of(period)),
            "work": flow_work.operators(tx, period) if names_people else None,
        }

    answer, error = answered(look)
    flow, found = answer["cumulative"], answer["found"]
    cards = [card(one, period_query(found) if names_people else "") for one in found["figures"]]
    said = say(
        "figures", "cumulative_said", start=written(flow, flow["from_ms"]), end=written(flow, flow["until_ms"]),
        arrived=flow["little"]["arrived"], left=flow["little"]["left"], wip=flow["points"][-1]["wip"],
    )  # fmt: skip
    page = render_template(
        "flow.html", **bar(found, error), cards=cards, plot=drawn(flow, said), flow=flow, work=answer["work"],
        boundaries=[boundary.value for boundary in Boundary], written=lambda at_ms: written(flow, at_ms),
        little=little_row(flow["little"]), duration=duration,
        rate=lambda value: "–" if value is None else decimal(value),
    )  # fmt: skip
    return page, error.status if error else 200


def answered(look: Callable[[Any, Period], dict[str, Any]]) -> tuple[dict[str, Any], DomainError | None]:
    """What is found for the period that is asked for; for today, with what was wrong, where that is none."""
    try:
        return floor().read(lambda tx: look(tx, look_up(tx, _asked(tx)))), None
    except DomainError as error:
        return floor().read(lambda tx: look(tx, look_up(tx, Asked()))), error


def _asked(tx: Any) -> Asked:
    first, last = (request.args.get(name, "").strip() for name in ("from", "to"))
    if first or last:
        return Asked(first, last)
    days = request.args.get("days", "1")
    if not re.fullmatch("[0-9]{1,3}", days):
        raise DomainError("bad_period", f"not a number of days: {days[:40]!r}", "days")
    return last_days(tx, int(days))


def bar(found: Mapping[str, Any], error: DomainError | None) -> dict[str, Any]:
    """What the bar of periods needs, on each page that has one."""
    zone = ZoneInfo(found["time_zone"])
    # A period that ends at midnight ends with the day before it.
    first, last = (datetime.fromtimestamp(at_ms / 1000, zone) for at_ms in (found["from_ms"], found["until_ms"] - 1))
    return {
        "error": error, "first": first.date().isoformat(), "last": last.date().isoformat(),
        "query": period_query(found), "address": request.path,
        "period": say(
            "figures", "shown", start=written(found, found["from_ms"]), end=written(found, found["until_ms"]),
            zone=found["time_zone"],
        ),
        "days": "" if request.args.get("from") or request.args.get("to") else request.args.get("days", "1"),
    }  # fmt: skip


def period_query(found: Mapping[str, Any]) -> str:
    """The bounds as they were understood, for an address of the same period."""
    return urlencode({name: found[name] for name in ("from", "to")})


def written(found: Mapping[str, Any], at_ms: int) -> str:
    """A moment in the warehouse's time."""
    return moment(at_ms, ZoneInfo(found["time_zone"]))


def card(one: Mapping[str, Any], query: str) -> dict[str, Any]:
    """A figure in words; `query` names the period of its rows, '' = they are not for this reader."""
    code, unit = one["figure"], one["unit"]
    has_times = one["p50_ms"] is not None
    times = [
        say("figures", "of_hundred", percent=percent, time=duration(one[f"p{percent}_ms"]))
        for percent in (85, 95) if has_times
    ]  # fmt: skip
    facts = [("mean", duration(round(one["value"]))), ("longest", duration(one["longest_ms"]))] if has_times else []
    below = one["denominator"]
    return {
        "code": code, "value": value(one), "times": times, "facts": facts, "left_out": one["left_out"],
        "above": duration(one["numerator"]) if unit == "ms" else number(one["numerator"]),
        "below": None if below is None else duration(below) if unit == "per_hour" else number(below),
        "rows": f"/api/v1/flow/rows?figure={code}&{query}&limit={flow_figures.ROWS_MAX}&format=csv" if query else "",
    }  # fmt: skip


def value(one: Mapping[str, Any]) -> str:
    """What stands large: of times the one that half of all do not exceed."""
    if one["unit"] == "ms":
        return "–" if one["p50_ms"] is None else say("figures", "half", time=duration(one["p50_ms"]))
    if one["value"] is None:
        return "–"
    if one["unit"] == "count":
        return number(one["value"])
    return say("figures", one["unit"], value=decimal(one["value"]))


def step_of(period: Period) -> str:
    """As fine as a plot of this length can show."""
    span_ms = period.until_ms - period.from_ms
    return "15min" if span_ms <= DAY_MS + 3_600_000 else "hour" if span_ms <= 8 * DAY_MS else "day"


def drawn(flow: Mapping[str, Any], said: str) -> Markup:
    """The cumulative flow as a picture."""
    points = flow["points"]
    last = points[-1]
    bounds = [boundary.value for boundary in Boundary]
    below = [*(last[bound] for bound in bounds[1:]), 0]
    lines = [
        plots.Line(
            say("figures", "band", name=say("flow_band", bound), count=last[bound] - under),
            [point[bound] for point in points],
        )
        for bound, under in zip(bounds, below, strict=True)
    ]  # fmt: skip
    return plots.cumulative(
        lines, [point["at_ms"] for point in points], ticks(points), say("figures", "cumulative"), said
    )  # fmt: skip


def ticks(points: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Whole hours, or days, at even distances: as many as can be read."""
    is_long = points[-1]["at_ms"] - points[0]["at_ms"] > 2 * DAY_MS
    ends = ("T00:00:00",) if is_long else (":00:00",)
    whole = [point for point in points if point["at"][:19].endswith(ends)]
    every = -(-len(whole) // TICKS_MAX) or 1
    return [
        (point["at_ms"], day(point["at"][:10]) if is_long else _clock(point["at"]))
        for point in whole[::every]
    ]  # fmt: skip


def _clock(at: str) -> str:
    return format_time(datetime.fromisoformat(at).timetz(), format="short", locale=reading())


def little_row(law: Mapping[str, Any]) -> dict[str, str]:
    """Little's law in words: both sides, the gap, what it means."""
    return {
        "mean_wip": decimal(law["mean_wip"]), "by_law": "–" if law["by_law"] is None else decimal(law["by_law"]),
        "gap": "–" if law["gap"] is None else decimal(law["gap"]), "verdict": law["verdict"],
        "words": say("little", law["verdict"]),
    }  # fmt: skip
