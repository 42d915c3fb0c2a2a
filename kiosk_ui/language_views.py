"""The button by which a device's language is chosen: one address, one cookie, back to where it was touched."""

from __future__ import annotations

from flask import Response, abort, redirect, request

from fulfillment.domain.languages import language_of
from fulfillment.domain.roles import Permission
from fulfillment.web.auth import is_same_origin, needs, page_of_ours
from kiosk_ui.languages import COOKIE
from kiosk_ui.views import blueprint

COOKIE_MAX_AGE_S = 365 * 24 * 3600


@blueprint.post("/language")
@needs(Permission.PUBLIC)
def choose_language() -> Response:
    """Keep the language for this device. It says nothing of who asks, so no token is asked for either."""
    if not is_same_origin():
        abort(403)
    response = redirect(page_of_ours(request.referrer or ""), 303)
    code = language_of(request.form.get("language", ""))
    if code is not None:
        response.set_cookie(
            COOKIE, code, max_age=COOKIE_MAX_AGE_S, httponly=True, samesite="Strict", secure=request.is_secure
        )
    return response

