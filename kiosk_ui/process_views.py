"""The desk's process map with its targets, and the bottleneck in words with its reason.

What the service finds is drawn and said here; a target is set by a form that works without a script, with a
supervisor's badge where the token is nobody's. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from markupsafe import Markup

from fulfillment.domain.flow import Filter
from fulfillment.domain.process_map import STAGES
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.figures import flow_lanes, flow_targets
from fulfillment.services.figures.flow_period import OF_ORDERS, Asked, Period, look_up
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from kiosk_ui import process_drawing
from kiosk_ui.figures import decimal, number
from kiosk_ui.flow_views import (
    answered,
    check_people,
    filter_bar,
    little_row,
    not_cut,
    page_of,
    set_filters,
    written,
)
from kiosk_ui.forms import badge_of, duration
from kiosk_ui.process_drawing import IN_TIME, NO_TARGET, OVER, Node, Way
from kiosk_ui.views import blueprint
from kiosk_ui.words import say

MINUTE_MS = 60_000
WINDOWS_MIN = (10, 30, 60, 240)
# A stage is over its target when more than these of a hundred took longer.
LATE_PERCENT = 15
SIGNS = {OVER: "▲", IN_TIME: "✓"}


@blueprint.get("/flow/map")
@needs(Permission.READ_BOARD)
def process_page() -> tuple[str, int]:
    """What the orders of a period went through, drawn and as a table, against the targets of the stages."""
    return _map_page()


@blueprint.post("/flow/targets")
@needs(Permission.SET_TARGETS)
def set_stage_targets() -> Response | tuple[str, int]:
    """Set how long stages may take; then the map as it is now."""
    without = may_without_badge()
    try:
        badge = badge_of(request.form.get("badge", "")) or ""
        wanted = {stage.value: _typed_ms(request.form.get(stage.value, "")) for stage in STAGES}
        floor().writer.write(lambda tx: flow_targets.set_targets(tx, wanted, badge, without))
    except DomainError as error:
        page, _ = _map_page(error)
        return page, error.status
    return make_response(redirect("/flow/map", 303))


@blueprint.get("/flow/bottleneck")
@needs(Permission.READ_BOARD)
def bottleneck_page() -> tuple[str, int]:
    """Which lane holds the others up, why, whom to move, and whether the data can be trusted."""
    found, error, uncut = None, None, None
    minutes = request.args.get("minutes", str(flow_lanes.WINDOW_MIN))
    try:
        check_people()
        found, uncut = _bottleneck(minutes)
    except DomainError as refused:
        error = refused
    parts = {} if found is None else {
        "verdict": sentences(found), "end": written(found, found["until_ms"]),
        "little": {lane["lane"]: little_row(lane["little"]) for lane in found["lanes"]},
    }  # fmt: skip
    page = render_template(
        "flow_bottleneck.html", **filter_bar([name for name in Filter if name in OF_ORDERS]), found=found, error=error,
        uncut=uncut, windows=WINDOWS_MIN, minutes=minutes, number=lambda count: "–" if count is None else number(count),
        rates=lambda rate: "–" if rate is None else decimal(rate), **parts,
    )  # fmt: skip
    return page, error.status if error else 200


def _bottleneck(minutes: str) -> tuple[dict[str, Any] | None, dict[str, str] | None]:
    """What is found, or else why this question has no answer."""
    if not re.fullmatch("[0-9]{1,4}", minutes):
        raise DomainError("bad_window", f"not a number of minutes: {minutes[:40]!r}", "minutes")

    def look(tx: Any) -> tuple[dict[str, Any] | None, dict[str, str] | None]:
        period = look_up(tx, Asked(**{name.value: code for name, code in set_filters().items()}))
        if uncut := not_cut("bottleneck", period.uncut(OF_ORDERS)):
            return None, uncut
        return flow_lanes.bottleneck(tx, period, int(minutes)), None

    return floor().read(look)


def sentences(found: Mapping[str, Any]) -> list[str]:
    """The verdict, then its reasons, then what to do."""
    if found["is_part"]:
        return [say("bottleneck", "part")]
    if not found["is_open"]:
        return [say("bottleneck", "closed")]
    if found["lane"] is None:
        return [say("bottleneck", "none")]
    lanes = {lane["lane"]: lane for lane in found["lanes"]}
    worst, name = lanes[found["lane"]], say("flow_lane", found["lane"])
    said = [
        say("bottleneck", "holds_up" if found["holds_up"] else "keeps_up", lane=name),
        say(
            "bottleneck", "because", waiting=number(worst["waiting"]), came=decimal(worst["came_per_hour"]),
            left=decimal(worst["left_per_hour"]), can=decimal(worst["can_per_hour"]),
        ),
        say("bottleneck", "queue", percent=decimal(worst["queue_percent"])),
    ]  # fmt: skip
    if worst["people"]:
        said.append(say("bottleneck", "people", count=worst["people"]))
    behind = lanes.get(found["behind"])
    if behind is not None and behind["people"] and behind["starved_percent"] >= 1:
        said.append(
            say("bottleneck", "starves", lane=say("flow_lane", behind["lane"]),
                percent=decimal(behind["starved_percent"]))
        )  # fmt: skip
    if found["holds_up"]:
        said.append(_advice(found, worst, name))
    if found["who"] is not None:
        said.append(whom(found["who"]))
    return said


@blueprint.app_template_global()
def whom(who: Mapping[str, Any]) -> str:
    """Who could be moved or sent, and what they finish first."""
    return say(
        "bottleneck", f"who_{who['reason']}", name=who["operator"], station=who["station"], count=who["count"]
    )  # fmt: skip


def _advice(found: Mapping[str, Any], worst: Mapping[str, Any], name: str) -> str:
    move = found["move"]
    if move is not None:
        source = say("flow_lane", move["from"])
        return say("bottleneck", "move", source=source, lane=name, rate=decimal(move["lane_per_hour"]))
    return say("bottleneck", "no_move" if worst["people"] else "send")


def _map_page(refused: DomainError | None = None) -> tuple[str, int]:
    def look(tx: Any, period: Period) -> dict[str, Any]:
        if uncut := not_cut("map", period.uncut(OF_ORDERS)):
            return {"uncut": uncut}
        return {**flow_lanes.process_map(tx, period), "targets": flow_targets.described(tx)}

    found, error = answered(look)
    if found is None or "uncut" in found:
        return page_of("flow_map.html", None, error, uncut=found and found["uncut"])
    error = refused or error
    rows = [_row(arrow) for arrow in found["arrows"]]
    targets = [
        {
            "stage": stage.value, "set_by": found["targets"].get(stage, {}).get("set_by", ""),
            "day": written(found, found["targets"][stage]["set_at_ms"]) if stage in found["targets"] else "",
            "minutes": request.form.get(stage.value, "") if refused else _minutes(found["targets_ms"].get(stage)),
        }
        for stage in STAGES
    ]  # fmt: skip
    return page_of(
        "flow_map.html", found, error, rows=rows, map=drawn(found, rows) if rows else "", uncut=None,
        targets=targets, may_set=may_here(Permission.SET_TARGETS), needs_badge=not may_without_badge(),
        most=flow_targets.TARGET_MAX_MS // MINUTE_MS,
    )  # fmt: skip


def _row(arrow: Mapping[str, Any]) -> dict[str, Any]:
    verdict = NO_TARGET
    if arrow["target_ms"] is not None:
        late = arrow["count"] - arrow["in_time"]
        verdict = OVER if 100 * late > LATE_PERCENT * arrow["count"] else IN_TIME
    return {
        "source": arrow["from"], "to": arrow["to"], "count": arrow["count"], "is_rework": arrow["is_rework"],
        "median": duration(arrow["total_p50_ms"]), "p85": duration(arrow["total_p85_ms"]),
        "wait": duration(arrow["wait_p50_ms"]), "work": duration(arrow["work_p50_ms"]), "verdict": verdict,
        "sign": SIGNS.get(verdict, ""), "in_time": arrow["in_time"],
        "target": "" if arrow["target_ms"] is None else duration(arrow["target_ms"]),
    }  # fmt: skip


def drawn(found: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Markup:
    """The map as a picture, and its arrows as the sentence a screen reader says."""
    nodes = [
        Node(one["activity"], say("activity", one["activity"]), number(max(one["came"], one["went"])))
        for one in found["activities"]
    ]
    ways = [
        Way(row["source"], row["to"], tuple(_words(row)), row["is_rework"], row["verdict"])
        for row in rows
    ]  # fmt: skip
    said = " ".join(
        f"{say('process', 'arrow', source=say('activity', way.source), target=say('activity', way.target))}:"
        f" {', '.join(way.words)}."
        for way in ways
    )
    return process_drawing.process_map(
        nodes, ways, say("process", "title"), say("process", "said", count=found["orders"], arrows=said)
    )  # fmt: skip


def _words(row: Mapping[str, Any]) -> list[str]:
    said = [
        say("process", "times", count=row["count"], time=row["median"]), say("process", "wait", time=row["wait"]),
        say("process", "work", time=row["work"]),
    ]  # fmt: skip
    if row["is_rework"]:
        said.append(f"↺ {say('process', 'rework')}")
    if row["verdict"]:
        of = {"count": row["in_time"], "of": number(row["count"]), "time": row["target"]}
        said.append(f"{row['sign']} {say('process', row['verdict'], **of)}")
    return said


def _typed_ms(minutes: str) -> int | None:
    """Minutes as typed; nothing = no target.

    Raises:
        DomainError: `bad_target`.
    """
    if not minutes.strip():
        return None
    if not re.fullmatch("[0-9]{1,5}", minutes.strip()):
        raise DomainError("bad_target", f"not a number of minutes: {minutes[:40]!r}", "targets")
    return int(minutes) * MINUTE_MS


def _minutes(target_ms: int | None) -> str:
    return "" if target_ms is None else str(-(-target_ms // MINUTE_MS))
