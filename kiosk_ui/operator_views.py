"""The page of the people with a badge: who has a PIN, setting and taking away one, when stations lock themselves.

A PIN that was typed here is never shown again and never comes back with the page. Works without a script.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.pins import PinRule
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.people import pins
from fulfillment.services.scan_path import hand_over
from fulfillment.web.auth import floor, needs
from kiosk_ui.views import blueprint


@blueprint.get("/operators")
@needs(Permission.SET_UP)
def operators_page() -> str:
    """Everybody with a badge, and the rules of hand-over."""
    return _page()


@blueprint.post("/operators/<badge>/pin")
@needs(Permission.SET_UP, proof=True)
def change_pin(badge: str) -> Response | tuple[str, int]:
    """Set a PIN or take it away; then the page as it is now."""
    try:
        if request.form.get("act") == "take_away":
            floor().writer.write(lambda tx: pins.take_away(tx, badge))
        else:
            kept = pins.scrypt_of(request.form.get("pin", ""))
            floor().writer.write(lambda tx: pins.set_pin(tx, badge, kept))
    except DomainError as error:
        return _page(badge, error), error.status
    return make_response(redirect("/operators", 303))


@blueprint.post("/operators/rules")
@needs(Permission.SET_UP)
def change_rules() -> Response | tuple[str, int]:
    """Change when stations lock themselves and who is asked for a PIN."""
    minutes = request.form.get("auto_lock_min", "")
    try:
        if not minutes.isascii() or not minutes.isdigit() or len(minutes) > 5:
            raise DomainError("bad_quantity", "a number of minutes", "auto_lock_min")
        rule = request.form.get("pin_rule", "")
        floor().writer.write(lambda tx: hand_over.set_rules(tx, int(minutes), rule))
    except DomainError as error:
        return _page("", error), error.status
    return make_response(redirect("/operators", 303))


def _page(refused: str = "", error: DomainError | None = None) -> str:
    def look(tx: Any) -> dict[str, Any]:
        people = [
            {**one, "locked_min": -(-(one["locked_until_ms"] - tx.now_ms) // 60_000) if one["locked_until_ms"] else 0}
            for one in pins.listed(tx)
        ]
        return {"people": people, "rules": hand_over.rules(tx)}

    return render_template(
        "operators.html", **floor().read(look), pin_rules=[rule.value for rule in PinRule], refused=refused,
        error=error, lock_max=hand_over.AUTO_LOCK_MAX_MIN,
    )  # fmt: skip
