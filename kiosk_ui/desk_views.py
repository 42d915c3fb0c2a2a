"""Pages for a desk, and what leads from one to the other: each token sees those it may open.

Owns the list of them. Refuses nothing itself: every page declares its own permission.
"""

from __future__ import annotations

from flask import current_app, g, render_template, request

from fulfillment.domain.roles import Permission, may
from fulfillment.web.auth import needs
from kiosk_ui.views import blueprint

# address, what its own route asks for, its words
PAGES = (
    ("/board", Permission.READ_BOARD, "board"),
    ("/stock", Permission.READ_STOCK, "stock"),
    ("/trace", Permission.READ_STOCK, "trace"),
    ("/counts", Permission.WRITE_STOCK, "counts"),
    ("/sheets", Permission.READ_BOARD, "sheets"),
)


@blueprint.app_template_global()
def desk_pages() -> list[dict[str, object]]:
    """The pages this token may open, the one that is open marked."""
    there = {rule.rule for rule in current_app.url_map.iter_rules()}
    return [
        {"address": address, "name": name, "is_here": request.path == address}
        for address, permission, name in PAGES
        if address in there and may(g.token["role"], permission)
    ]


@blueprint.get("/")
@needs(Permission.READ_BOARD)
def desk() -> str:
    """The way to every page."""
    return render_template("desk.html")
