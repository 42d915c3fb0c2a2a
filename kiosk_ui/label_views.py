"""The supervisor's page of carriers' labels in trouble: what is known of each, and what to do about it.

Nothing is bought twice by a program, so here a person says what the carrier's own list shows. Plain forms that work
without a mouse and without a script; what the service refuses is refused in words on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.effects import EffectState, LabelDecision, LabelState
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.shipping import carrier_labels, label_decisions
from fulfillment.web.auth import floor, needs
from fulfillment.web.v1 import acting
from kiosk_ui.forms import age, badge_of
from kiosk_ui.views import blueprint

SHOWN = 200

# What may be said of a label in each state; of any other nothing needs to be.
_OFFERED: Mapping[str, tuple[LabelDecision, ...]] = {
    LabelState.UNCERTAIN: (LabelDecision.FOUND, LabelDecision.BUY_AGAIN, LabelDecision.GIVE_UP),
    LabelState.REFUSED: (LabelDecision.BUY_AGAIN, LabelDecision.GIVE_UP),
    LabelState.TO_VOID: (LabelDecision.FOUND, LabelDecision.GIVE_UP),
}
_AT_REST = frozenset({EffectState.UNCERTAIN, EffectState.FAILED, EffectState.SUPERSEDED})


@blueprint.get("/labels")
@needs(Permission.WRITE_PARCELS)
def labels_page() -> str:
    """What somebody has to look at, the newest first."""
    return _page()


@blueprint.post("/labels")
@needs(Permission.WRITE_PARCELS, proof=True)
def decide_label() -> Response | tuple[str, int]:
    """Take a decision; then the page as it is now."""
    form = request.form
    reference, decision = form.get("reference", ""), form.get("decision", "")
    try:
        badge, actor = badge_of(form.get("badge", "")) or "", acting()
        number = form.get("tracking_number", "").strip()
        floor().writer.write(lambda tx: label_decisions.decide(tx, actor, reference, decision, badge, number))
    except DomainError as error:
        return _page(reference, error), error.status
    return make_response(redirect("/labels", 303))


def _page(refused: str = "", error: DomainError | None = None) -> str:
    def look(tx: Any) -> list[dict[str, Any]]:
        labels = carrier_labels.listed(tx, trouble=True, limit=SHOWN)
        return [{**label, "age": age(tx.now_ms - label["created_at_ms"]), **_known(label)} for label in labels]

    return render_template("labels.html", labels=floor().read(look), refused=refused, error=error)


def _known(label: Mapping[str, Any]) -> dict[str, Any]:
    """Which sentence goes with a label, and what may be decided."""
    is_at_rest = label["effect"] in _AT_REST
    offered = _OFFERED.get(label["state"], ()) if is_at_rest else ()
    return {"offered": offered, "sentence": label["state"] if offered else "waiting"}
