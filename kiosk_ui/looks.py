"""Light or dark, where somebody has chosen it on this device: a cookie the page's own script sets."""

from __future__ import annotations

from flask import request

from kiosk_ui.views import blueprint

COOKIE = "floor_look"
LOOKS = ("light", "dark")


@blueprint.app_template_global()
def chosen_look() -> str:
    """What was chosen on this device; '' = as the device itself has it."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LOOKS else ""
