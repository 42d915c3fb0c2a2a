"""Where a device signs on by a short code that somebody read out: its own cookie, and its station's page."""

from __future__ import annotations

from flask import Response, abort, make_response, render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.people import enrolment
from fulfillment.web.auth import floor, is_same_origin, needs, sign_device_on
from kiosk_ui.sign_in_views import TYPED_MAX, refused
from kiosk_ui.views import blueprint


@blueprint.get("/enrol")
@needs(Permission.PUBLIC)
def enrol_page() -> str:
    """Where the code is typed."""
    return render_template("enrol.html", **refused(None))


@blueprint.post("/enrol")
@needs(Permission.PUBLIC)
def enrol() -> Response:
    """Sign this device on, and go to its station's page."""
    if not is_same_origin():
        abort(403)
    try:
        typed = request.form.get("code", "")[:TYPED_MAX]
        enrolled = enrolment.enrol(floor(), typed, request.remote_addr or "", stations_only=True)
    except DomainError as error:
        return make_response(render_template("enrol.html", **refused(error)), error.status)
    return sign_device_on(enrolled.token, enrolled.kind, enrolled.station)
