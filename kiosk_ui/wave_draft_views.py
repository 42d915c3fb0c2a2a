"""The supervisor's page of planning a wave: two choices beside each other, each planned, one released as shown.

Plain forms that work without a script; with one the page asks again while something is being planned. Which plans
are looked at stands in the address. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, render_template, request
from markupsafe import Markup

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import Permission
from fulfillment.domain.waves import MAX_WAVE_ORDERS, WaveChoice
from fulfillment.services.releasing import wave_draft_plans, wave_drafts, wave_questions, ways
from fulfillment.services.releasing.pick_modes import RELEASED_AS
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.v1 import acting
from kiosk_ui.figures import metres, moment, number, signed
from kiosk_ui.forms import duration
from kiosk_ui.views import blueprint, sent_if_changed
from kiosk_ui.words import say

SIDES = ("a", "b")
NAMED = 12
SHOWN = 9  # figures of one plan; its forecast and what stays are said in words
FIELDS = ("until", "carrier", "channel", "zone", "priority", "max_orders", "mode")


@blueprint.get("/waves/plan")
@needs(Permission.READ_BOARD)
def wave_plan_page() -> Response:
    """Plans as they are now."""
    return sent_if_changed(_page(_sides(request.args)))


@blueprint.post("/waves/plan")
@needs(Permission.RELEASE_WAVES)
def ask_wave_plan() -> Response | tuple[str, int]:
    """Have one side's choice planned."""
    sides, side = _sides(request.form), _side()
    try:
        choice = _choice(floor().read(_zone))
        sides[side] = floor().writer.write(lambda tx: wave_drafts.ask(tx, choice))["draft"]
    except DomainError as error:
        return _page(sides, error, side), error.status
    return _to(sides)


@blueprint.post("/waves/plan/release")
@needs(Permission.RELEASE_WAVES)
def release_wave_plan() -> Response | tuple[str, int]:
    """Release one side as shown, or show what it would be now."""
    sides, side, actor = _sides(request.form), _side(), acting()
    try:
        known = ways.look(floor())
        answer = floor().writer.write(lambda tx: wave_drafts.release(tx, actor, sides[side], known))
    except DomainError as error:
        return _page(sides, error), error.status
    sides[side] = answer["draft"]
    return _to(sides)


def _to(sides: dict[str, int]) -> Response:
    asked = urlencode({side: draft for side, draft in sides.items() if draft})
    return make_response(redirect(f"/waves/plan?{asked}", 303))


def _side() -> str:
    return "b" if request.form.get("side") == "b" else "a"


def _sides(given: Any) -> dict[str, int]:
    found = {}
    for side in SIDES:
        text = given.get(side, "")
        found[side] = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
    return found


def _zone(tx: Any) -> ZoneInfo:
    return ZoneInfo(tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"])


def _choice(zone: ZoneInfo) -> WaveChoice:
    form = request.form
    until, until_ms = form.get("until", "").strip(), None
    if until:
        try:
            until_ms = int(datetime.fromisoformat(until).replace(tzinfo=zone).timestamp() * 1000)
        except (ValueError, OverflowError) as wrong:
            raise DomainError("bad_time", f"{until[:40]!r} is no time", "until") from wrong
    most = _whole("max_orders")
    return WaveChoice(
        until_ms, form.get("carrier", ""), form.get("channel", ""), form.get("zone", ""), _whole("priority"),
        MAX_WAVE_ORDERS if most is None else most, form.get("mode", ""),
    )  # fmt: skip


def _whole(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise DomainError("bad_number", f"{text[:20]!r} is no whole number", name)
    return int(text)


def _page(sides: dict[str, int], error: DomainError | None = None, refused: str = "") -> str:
    def look(tx: Any) -> dict[str, Any]:
        drafts: dict[str, dict[str, Any] | None] = {}
        gone = None
        for side, draft in sides.items():
            try:
                drafts[side] = wave_drafts.describe(tx, draft) if draft else None
            except NotFound as missing:
                drafts[side], gone = None, missing
        return {"drafts": drafts, "choices": wave_drafts.choices(tx), "zone": _zone(tx), "gone": gone}

    seen = floor().read(look)
    zone, drafts = seen["zone"], seen["drafts"]
    both = all(draft and draft["plan"] for draft in drafts.values())
    return render_template(
        "wave_plan.html",
        plans=[_plan(side, drafts[side], zone, refused) for side in SIDES],
        compared=_compared(wave_drafts.compared(drafts["a"], drafts["b"]), zone) if both else None,
        choices=seen["choices"], sides=sides,
        modes=[(mode.value, say("wave", f"mode_{mode}")) for mode in RELEASED_AS], error=error or seen["gone"],
        may_release=may_here(Permission.RELEASE_WAVES),
        is_waiting=any(draft and draft["state"] == "planning" for draft in drafts.values()),
    )  # fmt: skip


def _plan(side: str, draft: dict[str, Any] | None, zone: ZoneInfo, refused: str) -> dict[str, Any]:
    typed = {name: request.form.get(name, "") for name in FIELDS} if side == refused else {}
    shown: dict[str, Any] = {"side": side, "name": side.upper(), "draft": None, "typed": typed}
    if draft is None:
        return shown
    choice, plan = draft["choice"], draft["plan"]
    shown |= {
        "draft": draft["draft"], "state": draft["state"], "wave": draft["wave"], "words": _choice_words(choice, zone),
        "typed": typed or _typed(choice, zone), "changed": [_changed(one) for one in draft["changed"][:NAMED]],
        "plan": plan,
    }  # fmt: skip
    if plan is None:
        return shown
    return shown | {
        "refused": say("draft_refused", plan["refused"]) if plan["refused"] else "",
        "figures": [(name, _figure(name, plan, zone)) for name in wave_drafts.FIGURES[:SHOWN]],
        "p50": moment(plan["p50_at_ms"], zone) if plan["p90_at_ms"] else "",
        "p90": moment(plan["p90_at_ms"], zone) if plan["p90_at_ms"] else "",
        "modes": [_cost(cost) for cost in plan["modes"]],
        "left_out": [{**left, "said": _left_words(left)} for left in plan["left_out"]],
        "tours": [
            {**tour, "picture": Markup(tour["picture"]), "metres": metres(tour["distance_dm"]),
             "time": duration(tour["work_ms"])}
            for tour in plan["tours"]
        ],
        "drawn": wave_draft_plans.DRAWN,
    }  # fmt: skip


def _typed(choice: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    until = choice["until_ms"]
    return {
        "until": "" if until is None else f"{datetime.fromtimestamp(until / 1000, zone):%Y-%m-%dT%H:%M}",
        "carrier": choice["carrier"], "channel": choice["channel"], "zone": choice["zone"],
        "priority": "" if choice["min_priority"] is None else choice["min_priority"],
        "max_orders": choice["max_orders"] if choice["max_orders"] < MAX_WAVE_ORDERS else "", "mode": choice["mode"],
    }  # fmt: skip


def _choice_words(choice: dict[str, Any], zone: ZoneInfo) -> str:
    parts = []
    if choice["until_ms"] is not None:
        parts.append(f"{say('wave_draft', 'until')} {moment(choice['until_ms'], zone)}")
    for name in ("carrier", "channel", "zone"):
        if choice[name]:
            parts.append(f"{say('wave_draft', name)} {choice[name]}")
    if choice["min_priority"] is not None:
        parts.append(f"{say('wave_draft', 'priority')} {choice['min_priority']}")
    if choice["max_orders"] < MAX_WAVE_ORDERS:
        parts.append(f"{say('wave_draft', 'max_orders')} {choice['max_orders']}")
    if choice["mode"]:
        parts.append(say("wave", f"mode_{choice['mode']}"))
    return " · ".join(parts) or say("wave_draft", "all_open")


def _cost(cost: dict[str, Any]) -> dict[str, Any]:
    """A way of picking: what a line costs, or why it has no price or cannot be had."""
    said = {"mode": cost["mode"], "name": say("wave", f"mode_{cost['mode']}"), "metres": "–", "tours": "–"}
    if cost["code"]:
        return {**said, "line": say("wave_draft", "no_mode", why=say("draft_refused", cost["code"]))}
    if cost["reason"]:
        return {**said, "line": say("wave_draft", "no_price")}
    return {
        **said, "line": _line(cost["line_ms"]), "metres": metres(cost["distance_dm"]), "tours": number(cost["tours"]),
    }  # fmt: skip


def _line(line_ms: int) -> str:
    return say("wave", "line_s", seconds=f"{line_ms / 1000:.1f}")


def _changed(one: dict[str, str]) -> str:
    now = say("lane", one["now"]) if one["why"] == "state" else one["now"]
    if one["why"] == "mode":
        now = say("wave", f"mode_{now}")
    return say("draft_changed", one["why"], order=one["order"], now=now)


def _left_words(left: dict[str, str]) -> str:
    if left["why"] == "full":
        return say("draft_left", "full")
    if left["words"] == "replenishment":
        return say("draft_left", "replenishment")
    return say("draft_left", "closed" if left["words"] == wave_questions.CLOSED_IN else "waits")


def _figure(name: str, plan: dict[str, Any], zone: ZoneInfo) -> str:
    return _said(name, len(plan["orders"]) if name == "orders" else plan[name], zone)


def _said(name: str, value: Any, zone: ZoneInfo) -> str:
    if name == "mode":
        return say("wave", f"mode_{value}")
    if name == "line_ms":
        return _line(value)
    if name.endswith("_at_ms"):
        return moment(value, zone) if value else "–"
    if name == "work_ms":
        return duration(value)
    return metres(value) if name == "distance_dm" else number(value)


def _compared(found: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    figures = [
        {"name": figure["name"], "a": _said(figure["name"], figure["a"], zone),
         "b": _said(figure["name"], figure["b"], zone), "differs": _differs(figure["name"], figure["differs"])}
        for figure in found["figures"]
    ]  # fmt: skip
    return {"figures": figures, "only_a": _named(found["only_a"]), "only_b": _named(found["only_b"])}


def _differs(name: str, by: int | None) -> str:
    if by is None:
        return "–"
    if by == 0:
        return "="
    if name == "line_ms":
        return ("+" if by > 0 else "-") + _line(abs(by))
    if name.endswith("_ms"):
        return ("+" if by > 0 else "-") + duration(abs(by))
    return signed(by / 10 if name == "distance_dm" else by)


def _named(orders: list[str]) -> str:
    words, more = ", ".join(orders[:NAMED]), len(orders) - NAMED
    return say("wave_draft", "and_more", orders=words, count=more) if more > 0 else words
