"""The walk as pictures and figures: a tour on its page, the way ahead of a picker, the floor and what is closed.

A picker's map comes by a request of its own after the screen, so that no scan waits for it. Forms of the floor's page
work without a script; what the service refuses is refused in words on the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from markupsafe import Markup

from fulfillment.domain.floor_plan import ClosedBecause
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.releasing import ways
from fulfillment.services.touring import tour_views
from fulfillment.services.walking import closures, floor_plan
from fulfillment.web.auth import check_station, floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting
from kiosk_ui.forms import age, badge_of
from kiosk_ui.views import blueprint

PHONE_PX, DESK_PX = 340, 500


@blueprint.get("/kiosk/<station>/walk")
@needs(Permission.SCAN)
def walk_ahead(station: str) -> Response:
    """What this station's picker still walks, drawn; nothing when there is no walk."""
    check_station(station)
    engine = floor().engine
    picture = floor().read(lambda tx: tour_views.walk_ahead(tx, engine, station))
    if picture is None:
        return Response(status=204)
    return Response(picture.svg(PHONE_PX), mimetype="image/svg+xml")


@blueprint.get("/tours/<int:tour>")
@needs(Permission.READ_BOARD)
def tour_page(tour: int) -> str:
    """A tour's walk: drawn, in metres, and against what simpler orders would have walked."""
    engine = floor().engine

    def look(tx: Any) -> tuple[dict[str, Any], tour_views.Picture | None]:
        return tour_views.describe(tx, tour), tour_views.whole_tour(tx, engine, tour)

    shown, picture = floor().read(look)
    drawn = Markup(picture.svg(DESK_PX)) if picture is not None else ""
    return render_template("tour.html", tour=shown, drawn=drawn)


@blueprint.get("/floor")
@needs(Permission.READ_BOARD)
def floor_page() -> str:
    """The floor drawn, what is closed and what looks wrong with it."""
    return _page()


@blueprint.post("/floor/closures")
@needs(Permission.CLOSE_AISLES)
def close_stretch() -> Response | tuple[str, int]:
    """Close an aisle or a stretch; then the page as it is now."""
    form, actor, without = request.form, acting(), may_without_badge()

    def work(tx: Any, badge: str) -> None:
        closures.close(
            tx, actor, form.get("place", ""), form.get("until", ""), form.get("reason", ""), badge, without
        )  # fmt: skip

    return _done(work)


@blueprint.post("/floor/closures/<int:closure>")
@needs(Permission.CLOSE_AISLES)
def open_stretch(closure: int) -> Response | tuple[str, int]:
    """Open a stretch again; then the page as it is now."""
    actor, without, known = acting(), may_without_badge(), ways.look(floor())
    return _done(lambda tx, badge: closures.open_again(tx, actor, closure, badge, without, known))


def _done(work: Callable[[Any, str], Any]) -> Response | tuple[str, int]:
    try:
        badge = badge_of(request.form.get("badge", "")) or ""
        floor().writer.write(lambda tx: work(tx, badge))
    except DomainError as error:
        return _page(error), error.status
    # The layout's editor has the same two forms.
    return make_response(redirect("/set-up/layout" if request.form.get("back") == "layout" else "/floor", 303))


def _page(error: DomainError | None = None) -> str:
    engine = floor().engine

    def look(tx: Any) -> dict[str, Any]:
        closed = [{**one, "age": age(tx.now_ms - one["closed_at_ms"])} for one in closures.listed(tx)]
        drawn = Markup(floor_plan.picture(tx, engine, DESK_PX))
        return {
            "plan": floor_plan.describe(tx, engine), "closed": closed, "waiting": ways.waiting(tx), "svg": drawn
        }  # fmt: skip

    return render_template(
        "floor.html", **floor().read(look), reasons=[reason.value for reason in ClosedBecause], error=error,
        may_close=may_here(Permission.CLOSE_AISLES), needs_badge=not may_without_badge(),
        typed=request.form,
    )  # fmt: skip
