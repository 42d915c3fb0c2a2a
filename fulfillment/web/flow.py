"""/api/v1, how orders flow: figures with the rows they are made of, cumulative flow, process map, bottleneck.

What single persons did is asked for with a permission of its own: a board on the wall shows lanes, not people.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from flask import Response, request

from fulfillment.domain.flow import Filter
from fulfillment.domain.reasons import DomainError, Forbidden
from fulfillment.domain.roles import Permission
from fulfillment.services.figures import flow_figures, flow_lanes, flow_targets, flow_work
from fulfillment.services.figures.flow_period import Asked, Period, look_up
from fulfillment.services.figures.flow_sheets import sheet
from fulfillment.web.auth import floor, may_here
from fulfillment.web.bodies import Body
from fulfillment.web.openapi import CSV
from fulfillment.web.v1 import operation

BOUNDS = {
    "from": "the first day (2026-11-22) in the warehouse's time, or an ISO time; the day it ends unless said",
    "to": "the last day, or an ISO time; now unless said",
}
OF_ORDERS = {"channel": "orders of one channel", "carrier": "orders of one carrier, by its code"}
OF_WORK = {
    "lane": "receive, putaway, replenish, pick, sort, pack or ship",
    "zone": "work at locations of one zone: picked from, put into, counted",
    "operator": "an operator's badge, or the number a person is shown by (#12)",
}  # fmt: skip
FORMAT = {"format": "csv for a table"}
Target = Annotated[int, msgspec.Meta(gt=0, le=flow_targets.TARGET_MAX_MS)]


class TargetsBody(Body):
    """Stage (released, picked, sorted, packed, staged, loaded, shipped) → how long it may take; null takes it away."""

    targets_ms: dict[str, Target | None]


@operation("GET", "/flow", Permission.READ_BOARD, query={**BOUNDS, **OF_ORDERS, **OF_WORK, **FORMAT})
def get_flow() -> Any:
    """Throughput, WIP, ages, cycle times, on-time, shorts, accuracy: each with numerator and denominator."""
    return _answer("figures", flow_figures.figures)


@operation("GET", "/flow/rows", Permission.READ_WORK,
           query={"figure": "which figure", **BOUNDS, **OF_ORDERS, **OF_WORK, "after": "rows after this number",
                  "limit": "how many, 1 to 1000", **FORMAT})  # fmt: skip
def get_flow_rows() -> Any:
    """The orders, tasks, receipts, counts or lines one figure is made of."""
    code, after, limit = request.args.get("figure", ""), _number("after", 0), _number("limit", 100)
    return _answer("rows", lambda tx, period: flow_figures.rows_of(tx, period, code, after, limit))


@operation("GET", "/flow/cumulative", Permission.READ_BOARD,
           query={**BOUNDS, **OF_ORDERS, "step": "15min, hour or day; hour unless said", **FORMAT})  # fmt: skip
def get_flow_cumulative() -> Any:
    """How many orders had passed each boundary, step by step, and whether Little's law holds."""
    step = request.args.get("step", "hour")
    return _answer("cumulative", lambda tx, period: flow_lanes.cumulative_flow(tx, period, step))


@operation("GET", "/flow/operators", Permission.READ_WORK, query={**BOUNDS, **OF_WORK, **FORMAT})
def get_flow_operators() -> Any:
    """Lines and units per hour by operator and lane."""
    return _answer("operators", flow_work.operators)


@operation("GET", "/flow/process-map", Permission.READ_BOARD, query={**BOUNDS, **OF_ORDERS, **FORMAT})
def get_flow_process_map() -> Any:
    """What orders went through: activities, arrows with counts, waiting and work, rework."""
    return _answer("process-map", flow_lanes.process_map)


@operation("GET", "/flow/bottleneck", Permission.READ_BOARD,
           query={"to": "an ISO time; now unless said", "minutes": "how far back, 10 to 240; 30 unless said",
                  **OF_ORDERS, **FORMAT})  # fmt: skip
def get_flow_bottleneck() -> Any:
    """Which lane holds the others up, why, and whom to move."""
    minutes = _number("minutes", flow_lanes.WINDOW_MIN)
    return _answer("bottleneck", lambda tx, period: flow_lanes.bottleneck(tx, period, minutes))


@operation("GET", "/flow/targets", Permission.READ_BOARD)
def get_flow_targets() -> Any:
    """How long each stage may take."""
    return {"targets_ms": floor().read(flow_targets.targets)}


@operation("PUT", "/flow/targets", Permission.SET_UP, body=TargetsBody)
def put_flow_targets(body: TargetsBody) -> Any:
    """Set how long stages may take; those not named keep their target."""

    def work(tx: Any) -> Any:
        flow_targets.set_targets(tx, body.targets_ms)
        return {"targets_ms": flow_targets.targets(tx)}

    return floor().writer.write(work)


def _answer(kind: str, ask: Callable[[Any, Period], dict[str, Any]]) -> Any:
    words = {name: request.args.get(name, "").strip() for name in ("to", *Filter)}
    if words["operator"] and not may_here(Permission.READ_WORK):
        raise Forbidden("forbidden", "this token may not read what single persons did", "operator")
    form = request.args.get("format", "json")
    if form not in ("json", "csv"):
        raise DomainError("bad_format", f"{form[:40]!r} is neither json nor csv", "format")
    asked = Asked(request.args.get("from", "").strip(), **words)
    answer = floor().read(lambda tx: ask(tx, look_up(tx, asked)))
    if form == "json":
        return answer
    response = Response(sheet(kind, answer), mimetype=CSV)
    response.headers["Content-Disposition"] = f'attachment; filename="flow-{kind}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch("[0-9]{1,18}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
