"""`create_app(floor)`: the web application over an open floor. Building it starts nothing."""

from __future__ import annotations

from flask import Flask, Response, request

from fulfillment.bootstrap import Floor
from fulfillment.db import db, engine_options
from fulfillment.settings import refuse_missing_oidc
from fulfillment.web import (  # noqa: F401 - each module declares its operations on the one blueprint
    agent,
    api,
    audit_log,
    buyers,
    calendars,
    carrier_labels,
    conflicts,
    counting,
    devices,
    enrolment,
    events,
    floor_plan,
    flow,
    hand_over,
    health,
    inbound,
    item_pictures,
    languages,
    order_board,
    other_boards,
    policies,
    problems,
    put_walls,
    replenishment,
    scanning,
    shipments,
    stations,
    stock_changes,
    substitutes,
    trace,
    transfers,
    unscanned,
    wave_acts,
    wave_drafts,
    wave_proposals,
    weighing,
)
from fulfillment.web.audit_log import telling_floor
from fulfillment.web.auth import check_declared, register_auth
from fulfillment.web.bounds import register_bounds
from fulfillment.web.errors import register_errors
from fulfillment.web.measuring import register_measuring
from fulfillment.web.methods import register_methods
from fulfillment.web.metrics import blueprint as metrics_blueprint
from fulfillment.web.stream import blueprint as live_blueprint
from fulfillment.web.v1 import blueprint as api_blueprint
from kiosk_ui import blueprint as kiosk_blueprint
from kiosk_ui.languages import register_languages

MAX_BODY = 2 * 1024 * 1024  # an order of 5,000 lines is a third of this

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def create_app(floor: Floor) -> Flask:
    """The web application: /api/v1, the pages, the live stream.

    Raises:
        UndeclaredRoute: a route declares no permission.
        SettingError: a company's log-in is wanted, and the library for it is not there.
    """
    app = Flask("fulfillment", static_folder=None)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=floor.settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(floor.settings.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    app.extensions["floor"] = telling_floor(floor)
    db.init_app(app)
    register_measuring(app)
    register_errors(app)
    health.register_health(app)
    register_methods(app)
    register_auth(app)
    register_bounds(app)
    register_languages(app)
    app.register_blueprint(api_blueprint)
    app.register_blueprint(kiosk_blueprint)
    app.register_blueprint(live_blueprint)
    app.register_blueprint(metrics_blueprint)
    if floor.settings.company is not None:
        _offer_company(app)
    app.after_request(_add_security_headers(floor))
    check_declared(app)
    return app


def _offer_company(app: Flask) -> None:
    floor: Floor = app.extensions["floor"]
    refuse_missing_oidc(floor.settings)
    from kiosk_ui.company_views import register_company  # with its library, which is an extra

    register_company(app, floor)


def _add_security_headers(floor: Floor):  # type: ignore[no-untyped-def]
    scheme, port = floor.settings.scheme, floor.settings.live_port
    live = f"{scheme}://{floor.settings.host}:{port} {scheme}://localhost:{port}"
    policy = (
        f"default-src 'self'; connect-src 'self' {live}; img-src 'self' data:; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

    always = {**SECURITY_HEADERS, "Content-Security-Policy": policy}
    secure = {**always, "Strict-Transport-Security": "max-age=31536000"}

    def add(response: Response) -> Response:
        headers = response.headers
        # `setdefault` goes through all headers twice for each: that was one part in fifteen of a scan.
        said = {name.lower() for name, _ in headers}
        for name, value in (secure if request.is_secure else always).items():
            if name.lower() not in said:
                headers.add(name, value)
        return response

    return add
