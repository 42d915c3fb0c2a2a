"""Pages for a desk, and what leads from one to the other: each token sees those it may open.

Owns the list of them. Refuses nothing itself: every page declares its own permission.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, request

from fulfillment.domain.roles import Permission
from fulfillment.web.auth import may_here, needs
from kiosk_ui.views import blueprint

# By what somebody is about: address, what its own route asks for, its words. The first one leads to the group.
GROUPS = {
    "shift": (
        ("/board", Permission.READ_BOARD, "board"),
        ("/waves", Permission.READ_BOARD, "waves"),
        ("/order-board", Permission.READ_BOARD, "order_board"),
        ("/flow", Permission.READ_BOARD, "flow"),
        ("/floor", Permission.READ_BOARD, "floor"),
        ("/problems", Permission.READ_BOARD, "problems"),
    ),
    "goods": (
        ("/stock", Permission.READ_STOCK, "stock"),
        ("/trace", Permission.READ_STOCK, "trace"),
        ("/counts", Permission.WRITE_STOCK, "counts"),
        ("/conflicts", Permission.WRITE_STOCK, "conflicts"),
    ),
    "benches": (
        ("/cartons", Permission.READ_BOARD, "cartons"),
        ("/labels", Permission.WRITE_PARCELS, "labels"),
        ("/devices", Permission.READ_BOARD, "devices"),
        ("/sheets", Permission.READ_BOARD, "sheets"),
    ),
    "founding": (
        ("/set-up", Permission.SET_UP, "set_up"),
        ("/operators", Permission.SET_UP, "operators"),
        ("/access", Permission.TEND_ACCESS, "access"),
    ),
}

# Pages that lie under none of the above by their address, and the one they are reached from.
REACHED_FROM = {
    "/tours": "/waves",
    "/stock-board": "/order-board",
    "/inbound-board": "/order-board",
    "/prints": "/labels",
    "/put-wall": "/set-up",
}


@blueprint.app_template_global()
def desk_groups() -> list[dict[str, Any]]:
    """The pages this token may open, by group; marked is where one is: the page, or the one it lies under.

    `here` of a page is what `aria-current` says: "page", "true" for the way to a page beneath it, or "".
    """
    top = f"/{request.path.split('/')[1]}"
    path = REACHED_FROM.get(top, request.path)
    there = {rule.rule for rule in current_app.url_map.iter_rules()}
    groups = []
    for group, pages in GROUPS.items():
        open_to = [
            {"address": address, "name": name, "here": _here(address, path)}
            for address, permission, name in pages
            if address in there and may_here(permission)
        ]
        if open_to:
            groups.append({"name": group, "pages": open_to, "is_here": any(page["here"] for page in open_to)})
    return groups


def _here(address: str, path: str) -> str:
    if request.path == address:
        return "page"
    return "true" if f"{path}/".startswith(f"{address}/") else ""


@blueprint.get("/")
@needs(Permission.READ_BOARD)
def desk() -> str:
    """The way to every page."""
    return render_template("desk.html")
