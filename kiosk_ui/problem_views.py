"""The supervisor's page of what is wrong on the floor: nobody's first, taken up, closed with a note; as CSV too.

Plain forms that work without a script. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.common.sheets import csv_text
from fulfillment.services.figures import problems
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting
from kiosk_ui.forms import age, badge_of
from kiosk_ui.views import blueprint

SHOWN = 200
COLUMNS = (
    "problem", "kind", "state", "station", "operator", "flow", "step", "location", "sku", "name", "task",
    "reported_at_ms", "taken_by", "taken_at_ms", "closed_by", "closed_at_ms", "note",
)  # fmt: skip


@blueprint.get("/problems")
@needs(Permission.READ_BOARD)
def problems_page() -> str:
    """What nobody has closed yet."""
    return _page()


@blueprint.get("/problems.csv")
@needs(Permission.READ_BOARD)
def problems_sheet() -> Response:
    """What is not closed and what was closed last, for a spreadsheet."""
    rows = floor().read(
        lambda tx: [*problems.listed(tx, limit=problems.PAGE_MAX), *problems.closed_last(tx, problems.PAGE_MAX)]
    )
    response = Response(csv_text(COLUMNS, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=problems.csv"
    return response


@blueprint.post("/problems/<int:problem>")
@needs(Permission.TEND_PROBLEMS)
def tend_problem(problem: int) -> Response | tuple[str, int]:
    """Take it up or close it; then the page as it is now."""
    form, actor, without = request.form, acting(), may_without_badge()

    def work(tx: Any, badge: str) -> None:
        if form.get("act") == "take":
            problems.take_up(tx, actor, problem, badge, without)
        else:
            problems.close(tx, actor, problem, form.get("note", ""), badge, without)

    return _done(problem, work)


def _done(problem: int, work: Callable[[Any, str], None]) -> Response | tuple[str, int]:
    try:
        badge = badge_of(request.form.get("badge", "")) or ""
        floor().writer.write(lambda tx: work(tx, badge))
    except DomainError as error:
        return _page(problem, error), error.status
    return make_response(redirect("/problems", 303))


def _page(refused: int = 0, error: DomainError | None = None) -> str:
    def look(tx: Any) -> dict[str, Any]:
        cards = [{**one, "age": age(tx.now_ms - one["reported_at_ms"])} for one in problems.listed(tx, limit=SHOWN)]
        closed = [{**one, "age": age(tx.now_ms - one["closed_at_ms"])} for one in problems.closed_last(tx, 20)]
        return {"cards": cards, "closed": closed}

    return render_template(
        "problems.html", **floor().read(look), refused=refused, error=error, needs_badge=not may_without_badge(),
        may_tend=may_here(Permission.TEND_PROBLEMS), typed=request.form,
    )  # fmt: skip
