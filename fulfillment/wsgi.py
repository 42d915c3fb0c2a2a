"""What gunicorn imports: `fulfillment.wsgi:make()`. Settings come from the environment."""

from __future__ import annotations

import logging

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from fulfillment import logs
from fulfillment.bootstrap import open_floor
from fulfillment.gunicorn_hooks import measure_all_workers
from fulfillment.settings import Settings


def make() -> Flask:
    """The application of one process; with --preload it is made once, before the fork."""
    settings = Settings.from_env()
    logs.configure(settings.log, "web", logging.INFO if settings.log == "json" else logging.WARNING)
    measure_all_workers(settings.home / "metrics")
    from fulfillment.app import create_app  # counts in the way chosen above, which is looked at when it is loaded

    app = create_app(open_floor(settings))
    if settings.trusted_proxies:
        # Only the last N hops are believed: what a client puts in front of them is its own story.
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
