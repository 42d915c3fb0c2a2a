"""The boards of stock and of goods on their way, as pages. Their cards are moved by scans; stock can ask for refills.

Plain pages that work without a script.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.replenishment import StockState
from fulfillment.domain.roles import Permission
from fulfillment.services.common.pages import COLUMN_MAX
from fulfillment.services.receiving import inbound_board
from fulfillment.services.stock import stock_board
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.other_boards import faces_in, receipts_in
from fulfillment.web.v1 import acting
from kiosk_ui.views import blueprint, sent_if_changed
from kiosk_ui.words import say

_FACE_FILTERS = ("q", "zone", "unasked", "lanes")
_LACKING = (StockState.OUT, StockState.LOW)


@blueprint.get("/stock-board")
@needs(Permission.READ_STOCK)
def stock_board_page() -> Response:
    """Pick faces: out, low, enough, too much."""
    return sent_if_changed(_stock(faces_in(request.args)))


@blueprint.post("/stock-board")
@needs(Permission.WRITE_STOCK)
def ask_refills() -> Response | tuple[str, int]:
    """Ask for refills of an item, or of all that were shown; then the board as it is now."""
    actor = acting()
    skus = list(dict.fromkeys(request.form.getlist("sku")))[:COLUMN_MAX] or [""]
    filters = {name: value for name, value in parse_qsl(request.form.get("back", "")[:500]) if name in _FACE_FILTERS}

    def work(tx: Any) -> None:
        for sku in skus:
            stock_board.ask_refills(tx, actor, sku)

    try:
        floor().writer.write(work)
    except DomainError as error:
        return _stock(faces_in(filters), error), error.status
    return make_response(redirect(f"/stock-board?{urlencode(filters)}" if filters else "/stock-board", 303))


@blueprint.get("/inbound-board")
@needs(Permission.WRITE_RECEIPTS)
def inbound_board_page() -> Response:
    """Receipts: announced, due, being received, being put away, done."""
    sought = receipts_in(request.args)
    view = floor().read(lambda tx: inbound_board.board(tx, sought))
    lanes = [(lanes, say("inbound_lanes", lanes)) for lanes in inbound_board.LANES]
    return sent_if_changed(
        render_template("inbound_board.html", view=view, sought=sought, lanes=lanes, error=None)
    )  # fmt: skip


def _stock(sought: stock_board.SoughtFaces, error: DomainError | None = None) -> str:
    view, zones = floor().read(lambda tx: (stock_board.board(tx, sought), stock_board.zones(tx)))
    lacking = [card for column in view["columns"] if column["column"] in _LACKING for card in column["cards"]]
    asked = {"q": sought.q, "zone": sought.zone, "unasked": "1" if sought.is_unasked else "", "lanes": sought.lanes}
    return render_template(
        "stock_board.html", view=view, sought=sought, error=error, may_ask=may_here(Permission.WRITE_STOCK),
        zones=[("", say("order_board", "any")), *((zone, zone) for zone in zones)],
        lanes=[(lanes, say("stock_lanes", lanes)) for lanes in stock_board.LANES],
        to_ask=sorted({card["sku"] for card in lacking if card["elsewhere_each"] and not card["coming_each"]}),
        query=urlencode({name: value for name, value in asked.items() if value and value != "none"}),
    )  # fmt: skip
