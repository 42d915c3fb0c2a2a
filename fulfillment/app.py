"""`create_app(floor)`: the web application over an open floor. Building it starts nothing."""

from __future__ import annotations

from flask import Flask, Response

from fulfillment.bootstrap import Floor
from fulfillment.db import db, engine_options
from fulfillment.web import (  # noqa: F401 - each module declares its operations on the one blueprint
    api,
    calendars,
    counting,
    inbound,
    policies,
    replenishment,
    stock_changes,
    trace,
    transfers,
)
from fulfillment.web.auth import check_declared, register_auth
from fulfillment.web.errors import register_errors
from fulfillment.web.stream import blueprint as live_blueprint
from fulfillment.web.v1 import blueprint as api_blueprint
from kiosk_ui import blueprint as kiosk_blueprint

MAX_BODY = 2 * 1024 * 1024  # an order of 5,000 lines is a third of this

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(floor: Floor) -> Flask:
    """The web application: /api/v1, the pages, the live stream.

    Raises:
        UndeclaredRoute: a route declares no permission.
    """
    app = Flask("fulfillment", static_folder=None)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=floor.settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(floor.settings.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    app.extensions["floor"] = floor
    db.init_app(app)
    register_errors(app)
    register_auth(app)
    app.register_blueprint(api_blueprint)
    app.register_blueprint(kiosk_blueprint)
    app.register_blueprint(live_blueprint)
    app.after_request(_add_security_headers(floor))
    check_declared(app)
    return app


def _add_security_headers(floor: Floor):  # type: ignore[no-untyped-def]
    live = f"http://{floor.settings.host}:{floor.settings.live_port} http://localhost:{floor.settings.live_port}"
    policy = (
        f"default-src 'self'; connect-src 'self' {live}; img-src 'self' data:; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

    def add(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return add
