"""The boards of stock and of goods on their way, as pages. Their cards are moved by scans; stock can ask for refills.

Plain pages that work without a script.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services import inbound_board, stock_board
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.v1 import acting
from kiosk_ui.views import blueprint


@blueprint.get("/stock-board")
@needs(Permission.READ_STOCK)
def stock_board_page() -> str:
    """Pick faces: out, low, enough, too much."""
    return _stock()


@blueprint.post("/stock-board")
@needs(Permission.WRITE_STOCK)
def ask_refills() -> Response | tuple[str, int]:
    """Ask for refills of an item; then the board as it is now."""
    sku, actor = request.form.get("sku", ""), acting()
    try:
        floor().writer.write(lambda tx: stock_board.ask_refills(tx, actor, sku))
    except DomainError as error:
        return _stock(error), error.status
    return make_response(redirect("/stock-board", 303))


@blueprint.get("/inbound-board")
@needs(Permission.WRITE_RECEIPTS)
def inbound_board_page() -> str:
    """Receipts: announced, due, being received, being put away, done."""
    q = request.args.get("q", "")[:60]
    view = floor().read(lambda tx: inbound_board.board(tx, q))
    return render_template("inbound_board.html", view=view, q=q, error=None)


def _stock(error: DomainError | None = None) -> str:
    q = request.args.get("q", "")[:60]
    view = floor().read(lambda tx: stock_board.board(tx, q))
    may_ask = may_here(Permission.WRITE_STOCK)
    return render_template("stock_board.html", view=view, q=q, error=error, may_ask=may_ask)
