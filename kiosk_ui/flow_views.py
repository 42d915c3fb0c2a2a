"""The desk's figures of how orders flow: each with its value, and what it is made of when it is touched.

Numbers come from the services and tables leave as CSV by the same addresses programs use; here they get words. What
single persons did is shown to whoever may read it. Filters stay in the address, so that it can be passed on, and go
along to the other pages and the tables; what a filter cannot cut is not shown under it, and the page says so. Works
without a script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_time
from babel.lists import format_list
from flask import render_template, request
from markupsafe import Markup

from fulfillment.domain.flow import Boundary, Filter
from fulfillment.domain.reasons import DomainError, Forbidden
from fulfillment.domain.roles import Permission
from fulfillment.services.figures import flow_figures, flow_lanes, flow_work
from fulfillment.services.figures.flow_period import OF_ORDERS, OF_WORK, Asked, Period, choices, last_days, look_up
from fulfillment.web.auth import floor, may_here, needs
from kiosk_ui import plots
from kiosk_ui.figures import day, decimal, moment, number, reading
from kiosk_ui.forms import duration
from kiosk_ui.views import blueprint
from kiosk_ui.words import say, table

DAY_MS = 24 * 3_600_000
WEEK_DAYS = 7
TICKS_MAX = 8


@blueprint.get("/flow")
@needs(Permission.READ_BOARD)
def flow_page() -> tuple[str, int]:
    """The figures of a period, its cumulative flow, and for whoever may see it who did how much."""
    names_people = may_here(Permission.READ_WORK)

    def look(tx: Any, period: Period) -> dict[str, Any]:
        is_of_orders, is_of_work = not period.uncut(OF_ORDERS), not period.uncut(OF_WORK)
        return {
            "found": flow_figures.figures(tx, period),
            "cumulative": flow_lanes.cumulative_flow(tx, period, step_of(period)) if is_of_orders else None,
            "work": flow_work.operators(tx, period) if names_people and is_of_work else None,
            "not_cut": {
                "cumulative": not_cut("cumulative", period.uncut(OF_ORDERS)),
                "work": not_cut("work", period.uncut(OF_WORK)) if names_people else None,
            },
        }  # fmt: skip

    answer, error = answered(look)
    if answer is None:
        return page_of("flow.html", None, error)
    flow, found = answer["cumulative"], answer["found"]
    rows_of = f"{period_query(found)}{filter_query()}" if names_people else ""
    cards = [card(one, rows_of) for one in found["figures"]]
    left = [not_cut(one["figure"], one["filters"], "figure") for one in found["not_cut"]]
    return page_of(
        "flow.html", found, error, cards=cards, left=left, flow=flow, work=answer["work"], not_cut=answer["not_cut"],
        plot=flow and drawn(flow, _said(flow)), little=flow and little_row(flow["little"]),
        boundaries=[boundary.value for boundary in Boundary], written=lambda at_ms: written(found, at_ms),
        duration=duration, rate=lambda value: "–" if value is None else decimal(value),
        zone_rules=table("figure_zone") if set_filters().get(Filter.ZONE) else {},
    )  # fmt: skip


def _said(flow: Mapping[str, Any]) -> str:
    return say(
        "figures", "cumulative_said", start=written(flow, flow["from_ms"]), end=written(flow, flow["until_ms"]),
        arrived=flow["little"]["arrived"], left=flow["little"]["left"], wip=flow["points"][-1]["wip"],
    )  # fmt: skip


def page_of(
    template: str, found: Mapping[str, Any] | None, error: DomainError | None, **parts: Any
) -> tuple[str, int]:
    """A page of the flow; `found` None = only the bar, with what was wrong: other figures than those asked for would
    be taken for them."""
    page = render_template(template, **bar(found, error), found=found, **parts)
    return page, error.status if error else 200


def answered(look: Callable[[Any, Period], dict[str, Any]]) -> tuple[dict[str, Any] | None, DomainError | None]:
    """What is found for the period and filters that are asked for; nothing but what was wrong where they are none."""
    try:
        check_people()
        return floor().read(lambda tx: look(tx, look_up(tx, _asked(tx)))), None
    except DomainError as error:
        return None, error


def check_people() -> None:
    """Refuse a question for one person from who may not see what single persons did.

    Raises:
        Forbidden: `forbidden`.
    """
    if Filter.OPERATOR in set_filters() and not may_here(Permission.READ_WORK):
        raise Forbidden("forbidden", "this token may not read what single persons did", Filter.OPERATOR)


def set_filters() -> dict[Filter, str]:
    """The filters of the address that are set, as they were typed."""
    said = {name: request.args.get(name, "").strip() for name in Filter}
    return {name: code for name, code in said.items() if code}


def filter_query(but: Iterable[Filter] = ()) -> str:
    """The filters for an address, to stand behind something else; without those named."""
    kept = {name.value: code for name, code in set_filters().items() if name not in but}
    return f"&{urlencode(kept)}" if kept else ""


def not_cut(what: str, filters: Sequence[str], kind: str = "flow_uncut") -> dict[str, str] | None:
    """What is not shown, by which filters it cannot be cut, and the address without these; None: it is shown."""
    if not filters:
        return None
    names = join(say("flow_filter", name) for name in filters)
    return {"what": say(kind, what), "filters": names, "address": without(filters)}


def without(filters: Sequence[str]) -> str:
    """This page's address without some filters."""
    kept = {name: word for name, word in request.args.items() if name not in filters and word}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def join(words: Iterable[str]) -> str:
    """Words one after the other, as the page's language writes lists."""
    return format_list(list(words), style="standard", locale=reading())


def _asked(tx: Any) -> Asked:
    first, last = (request.args.get(name, "").strip() for name in ("from", "to"))
    filters = {name.value: code for name, code in set_filters().items()}
    if first or last:
        return Asked(first, last, **filters)
    days = request.args.get("days", "1")
    if not re.fullmatch("[0-9]{1,3}", days):
        raise DomainError("bad_period", f"not a number of days: {days[:40]!r}", "days")
    return Asked(last_days(tx, int(days)).from_, **filters)


def _period_alone(tx: Any) -> dict[str, Any]:
    """The bounds that are asked for, whatever the filters say; today's where they are none."""
    try:
        asked = _asked(tx)
        return look_up(tx, Asked(asked.from_, asked.to)).shown()
    except DomainError:
        return look_up(tx, Asked()).shown()


def filter_bar(takes: Sequence[Filter]) -> dict[str, Any]:
    """What the choice of filters needs: what each can be set to and is set to, and the address it goes along in."""
    found, chosen = floor().read(choices), set_filters()
    offered = []
    for name in takes:
        if name == Filter.OPERATOR and not may_here(Permission.READ_WORK):
            continue
        options = [(code, say("flow_lane", code) if name == Filter.LANE else words) for code, words in found[name]]
        if name in chosen and chosen[name] not in dict(options):
            options.append((chosen[name], chosen[name]))  # kept as it was typed, beside what was wrong with it
        offered.append((name.value, options, chosen.get(name, "")))
    return {"offered": offered, "is_filtered": bool(chosen), "filters": filter_query()}


def bar(found: Mapping[str, Any] | None, error: DomainError | None) -> dict[str, Any]:
    """What the bar of periods and filters needs, on each page that has one."""
    takes = [name for name in Filter if name in OF_ORDERS] if request.path != "/flow" else list(Filter)
    kept = {
        **filter_bar(takes), "error": error, "address": request.path,
        "days": "" if request.args.get("from") or request.args.get("to") else request.args.get("days", "1"),
    }  # fmt: skip
    found = floor().read(_period_alone) if found is None else found
    zone = ZoneInfo(found["time_zone"])
    # A period that ends at midnight ends with the day before it.
    first, last = (datetime.fromtimestamp(at_ms / 1000, zone) for at_ms in (found["from_ms"], found["until_ms"] - 1))
    return {
        **kept, "first": first.date().isoformat(), "last": last.date().isoformat(),
        "query": f"{period_query(found)}{filter_query()}",
        "period": say(
            "figures", "shown", start=written(found, found["from_ms"]), end=written(found, found["until_ms"]),
            zone=found["time_zone"],
        ),
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
