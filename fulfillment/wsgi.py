"""What gunicorn imports: `fulfillment.wsgi:make()`. Settings come from the environment."""

from __future__ import annotations

from flask import Flask

from fulfillment.app import create_app
from fulfillment.bootstrap import open_floor
from fulfillment.settings import Settings


def make() -> Flask:
    """The application of one process; with --preload it is made once, before the fork."""
    return create_app(open_floor(Settings.from_env()))
