"""The supervisor's page of waves under way, and the floor as it is walked just now: linked from the board.

Plain forms that work without a script; with one the page keeps itself fresh. Refuses what the service refuses, in
words on the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, render_template, request
from markupsafe import Markup

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures import board, flow_lanes
from fulfillment.services.figures.flow_period import Asked, look_up
from fulfillment.services.releasing import wave_acts, wave_cuts, wave_desk
from fulfillment.services.walking import floor_heat
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting
from fulfillment.web.wave_acts import check_may_undo
from kiosk_ui.figures import day, moment
from kiosk_ui.forms import age, badge_of
from kiosk_ui.views import blueprint, sent_if_changed

DESK_PX = 900
HOURS = (1, 4, 8, 24)
Act = Callable[[Any, str], Any]


@blueprint.get("/waves")
@needs(Permission.READ_BOARD)
def waves_page() -> Response:
    """Waves, tours, people and lanes as they are now."""
    return sent_if_changed(_page())


@blueprint.post("/waves/<int:wave>/steer")
@needs(Permission.STEER_WAVES)
def steer_wave(wave: int) -> Response | tuple[str, int]:
    """Pause, resume, put first, keep a tour for somebody; then the page as it is now."""
    form, actor, without = request.form, acting(), may_without_badge()
    tour, priority = _whole("tour"), _whole("priority")

    def work(tx: Any, badge: str) -> Any:
        match form.get("act"):
            case "pause":
                return wave_acts.pause(tx, actor, wave, badge, without)
            case "resume":
                return wave_acts.resume(tx, actor, wave, badge, without)
            case "assign":
                return wave_acts.assign(tx, actor, wave, tour or 0, form.get("picker", ""), badge, without)
            case "priority":
                if priority is None:
                    raise DomainError("bad_priority", "not a number", "priority")
                return wave_acts.prioritise(tx, actor, wave, priority, tour, badge, without)
        raise DomainError("bad_act", "none of the acts", "act")

    return _done(wave, work)


@blueprint.post("/waves/<int:wave>/cut")
@needs(Permission.CANCEL_WAVES, proof=True)
def cut_wave(wave: int) -> Response | tuple[str, int]:
    """Cancel or split off what has not begun; then the page as it is now."""
    form, actor, without = request.form, acting(), may_without_badge()

    def work(tx: Any, badge: str) -> Any:
        if form.get("act") == "split":
            numbers = [number.strip() for number in form.get("orders", "").split(",") if number.strip()]
            return wave_cuts.split(tx, actor, wave, numbers or None, badge, without)
        return wave_cuts.cancel(tx, actor, wave, badge, without)

    return _done(wave, work)


@blueprint.post("/wave-acts/<int:number>")
@needs(Permission.STEER_WAVES)
def undo_wave_act(number: int) -> Response | tuple[str, int]:
    """Take an act back; then the page as it is now."""
    check_may_undo(number)
    actor, without = acting(), may_without_badge()
    return _done(0, lambda tx, badge: wave_acts.undo(tx, actor, number, badge, without))


@blueprint.get("/floor/now")
@needs(Permission.READ_BOARD)
def floor_now_page() -> Response:
    """The floor with where people go and where they are."""
    asked = request.args.get("hours", "")
    hours = int(asked) if asked in {str(one) for one in HOURS} else HOURS[1]
    engine = floor().engine
    seen = floor().read(lambda tx: floor_heat.seen(tx, engine, hours, DESK_PX))
    people = [{**one, "age": age(one["since_ms"])} for one in seen["people"]]
    return sent_if_changed(render_template(
        "floor_now.html", drawn=Markup(seen["svg"]), people=people, places=seen["places"], hours=hours, choices=HOURS
    ))  # fmt: skip


def _whole(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _done(wave: int, work: Act) -> Response | tuple[str, int]:
    try:
        badge = badge_of(request.form.get("badge", "")) or ""
        floor().writer.write(lambda tx: work(tx, badge))
    except DomainError as error:
        return _page(wave, error), error.status
    return make_response(redirect("/waves", 303))


def _page(refused: int = 0, error: DomainError | None = None) -> str:
    def look(tx: Any) -> dict[str, Any]:
        zone = ZoneInfo(tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"])
        seen = wave_desk.seen(tx)
        now_ms = seen["now_ms"]
        return {
            **seen, "acts": [_act(act, now_ms) for act in wave_acts.listed(tx)],
            "waves": [_wave(wave, now_ms, zone) for wave in seen["waves"]],
            "lanes": [
                {**lane, "oldest": age(now_ms - lane["oldest_since_ms"]), **_left(lane["cut_off_at_ms"], now_ms)}
                for lane in seen["lanes"]
            ],
            "stuck_tasks": [{**task, "still": age(task["still_ms"])} for task in seen["stuck_tasks"]],
            "flow": flow_lanes.bottleneck(tx, look_up(tx, Asked())),
        }  # fmt: skip

    seen = floor().read(look)
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        trouble = board.trouble(connection, seen["now_ms"], floor().warehouse_id)
    return render_template(
        "waves.html", **seen, trouble=trouble, refused=refused, error=error, needs_badge=not may_without_badge(),
        may_steer=may_here(Permission.STEER_WAVES), may_cut=may_here(Permission.CANCEL_WAVES), typed=request.form,
    )  # fmt: skip


def _act(act: dict[str, Any], now_ms: int) -> dict[str, Any]:
    told = act.get("override", {})
    passed = day(told.get("passed_expiry_on") or told.get("passed_received_on"))
    return {**act, "age": age(now_ms - act["acted_at_ms"]), "passed": passed}


def _wave(wave: dict[str, Any], now_ms: int, zone: ZoneInfo) -> dict[str, Any]:
    cut_off_ms, p90_ms = wave["cut_off_at_ms"], wave["p90_at_ms"]
    tours = [{**tour, "still": age(tour["still_ms"]), **_left(tour["cut_off_at_ms"], now_ms)}
             for tour in wave["tours_open"]]  # fmt: skip
    return {
        **wave, "tours_open": tours, **_left(cut_off_ms, now_ms),
        "p50": moment(wave["p50_at_ms"], zone) if p90_ms else "", "p90": moment(p90_ms, zone) if p90_ms else "",
        "cut_off": moment(cut_off_ms, zone) if cut_off_ms else "",
        "is_at_risk": bool(cut_off_ms) and p90_ms > cut_off_ms,
    }  # fmt: skip


def _left(cut_off_at_ms: int, now_ms: int) -> dict[str, Any]:
    if not cut_off_at_ms:
        return {"left": "", "is_late": False}
    return {"left": age(abs(cut_off_at_ms - now_ms)), "is_late": cut_off_at_ms < now_ms}
