"""What a kiosk keeps for a time without the network: the walk as data, and a worker that answers a reload.

The walk comes by a request of its own after the screen, so no scan waits for it. The worker is an extra for secure
addresses: everything but the reload works without it, and `FLOOR_SERVICE_WORKER=off` takes it off every device.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from flask import Response, get_template_attribute

from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.services.set_up import item_names
from fulfillment.services.touring import carts, tour_on_device
from fulfillment.web.auth import check_station, floor, needs
from kiosk_ui import cart_drawing
from kiosk_ui.item_names import renamed, skus_in
from kiosk_ui.languages import read_as, reader
from kiosk_ui.static_views import STATIC, asset
from kiosk_ui.views import blueprint
from kiosk_ui.words import prompt, say, table

# What a page without the network is made of: its template's own files, and the icon.
SHELL = ("kiosk.css", "queue.js", "wedge_keys.js", "wedge_pace.js", "wedge.js", "wedge_page.js", "tour_rules.js",
         "tour_screen.js", "tour.js", "scan.js", "feedback.js", "hand_over.js", "look.js", "bench.css", "wall.css",
         "mark.svg")  # fmt: skip
# What the drawing of a screen without the server says, beside its own words.
SAID = (
    "aisle", "bay", "level", "take_n", "pieces", "pieces.one", "counted", "of", "place_on_cart", "stops_done", "then",
    "at", "serial", "lot", "best_before", "tote", "totes", "order", "item", "expected", "got", "expected.too_many",
    "got.too_many", "expected.older_first", "panel", "walk_m", "walk_map", "look_alike",
)  # fmt: skip
REFUSED = (
    "wrong_location", "wrong_item", "wrong_tote", "too_many", "scan_each", "scan_itself", "serial_required",
    "serial_known", "nothing_here", "older_first", "short_stock", "not_expected",
)  # fmt: skip


@blueprint.get("/kiosk/<station>/tour")
@needs(Permission.SCAN)
def tour(station: str) -> Response | dict[str, Any]:
    """The walk this station is on, with the words to show it by; nothing when a device could not go on by itself."""
    check_station(station)
    found = floor().read(lambda tx: tour_on_device.tour_of(tx, station))
    if found is None:
        return Response(status=204)
    with queries.snapshot(floor().engine, floor().warehouse_id) as connection:
        head = board.station(connection, station, floor().warehouse_id)
        read_as(head["language"] if head else "")
        called = item_names.translated(connection, floor().warehouse_id, reader(), skus_in(found))
        cart = carts.walked_with(connection, station, floor().warehouse_id)
    screen, reject = table("screen"), table("reject")
    keypad = get_template_attribute("_parts.html", "keypad")
    return {
        **renamed(found, called),
        "words": {
            **table("offline"), **{f"screen.{code}": screen[code] for code in SAID},
            **{f"reject.{code}": reject[code] for code in REFUSED}, "flow": say("flow", "pick"),
            **{f"prompt.{state}": prompt("pick", state, asked) for state, asked in _ASKED.items()},
        },
        "keypad": str(keypad("quantity")),
        "cart": _cart(cart, [stop["position"] for stop in found["stops"]]),
        "operator_name": head["operator"] if head else "",
    }  # fmt: skip


def _cart(cart: dict[str, Any] | None, places: Sequence[int]) -> str:
    """The cart drawn with no place marked; '' when the walk has none."""
    if cart is None:
        return ""
    draw = get_template_attribute("_parts.html", "cart")
    drawn = str(draw(cart_drawing.drawn(max(cart["positions"], *places), cart["levels"], 0)))
    return " ".join(drawn.split())


@blueprint.get("/sw.js")
@needs(Permission.PUBLIC)
def service_worker() -> Response:
    """The worker, with the files of this version; or, switched off, one that takes itself off the device."""
    files = [asset(name) for name in SHELL] if floor().settings.service_worker else []
    text = f"const FILES = {json.dumps(files)};\n{_worker()}"
    return Response(text, mimetype="text/javascript")


_ASKED = {"location": "scan_location", "item": "scan_item", "tote": "scan_tote", "drop": "scan_location"}


@cache
def _worker() -> str:
    return (STATIC / "sw.js").read_text("utf-8")
