"""The supervisor's page of counts that differ: what the book says, what was counted, by whom, what it is worth.

Plain forms that work without a mouse and without a script. Refuses what the service refuses, in words on the page.
A form's POST travels with the cookie, so like every other it must come from our own pages (`web/auth`).
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.reasons import ADJUSTING, DomainError, Why
from fulfillment.domain.roles import Permission
from fulfillment.services.counting import count_lists, count_results
from fulfillment.web.auth import floor, needs
from fulfillment.web.v1 import acting
from kiosk_ui.forms import age, badge_of
from kiosk_ui.views import blueprint

SHOWN = 200
REASONS = (Why.COUNTED, *ADJUSTING)
DECISIONS = {"post": count_results.post, "refuse": count_results.refuse, "recount": count_results.recount}


@blueprint.get("/counts")
@needs(Permission.WRITE_STOCK)
def counts_page() -> str:
    """What nobody has decided yet, the oldest first."""
    return _page()


@blueprint.post("/counts/<int:number>")
@needs(Permission.WRITE_STOCK, proof=True)
def decide_count(number: int) -> Response | tuple[str, int]:
    """Post, refuse or have it counted again; then the page as it is now."""
    try:
        decision = DECISIONS.get(request.form.get("decision", ""))
        why = request.form.get("why", Why.COUNTED)
        if decision is None or why not in REASONS:
            raise DomainError("bad_body", "a decision and a reason are needed")
        badge, actor = badge_of(request.form.get("badge", "")), acting()
        floor().writer.write(lambda tx: decision(tx, actor, number, why, badge))
    except DomainError as error:
        return _page(number, error), error.status
    return make_response(redirect("/counts", 303))


def _page(number: int = 0, error: DomainError | None = None) -> str:
    def look(tx: Any) -> dict[str, Any]:
        results = count_lists.results(tx, limit=SHOWN)
        for result in results:
            result["earlier"] = count_lists.earlier(tx, result["id"])
            result["age"] = age(tx.now_ms - result["counted_at_ms"])
        return {"results": results, "tasks": count_lists.tasks(tx, SHOWN)}

    return render_template("counts.html", reasons=REASONS, refused=number, error=error, **floor().read(look))
