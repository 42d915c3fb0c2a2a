"""The stock page: what lies where, by item, place, lot or serial, with its age. Parse, call one service, render."""

from __future__ import annotations

from flask import render_template, request

from fulfillment.domain.roles import Permission
from fulfillment.services.stock import stock_look
from fulfillment.web.auth import floor, needs
from kiosk_ui.views import blueprint

MAX_WORD = 200


@blueprint.get("/stock")
@needs(Permission.READ_STOCK)
def stock_page() -> str:
    """A search field and, when it holds a word, the layers it means."""
    word = request.args.get("q", "").strip()[:MAX_WORD]
    found = floor().read(lambda tx: stock_look.look(tx, word)) if word else None
    return render_template("stock.html", word=word, found=found)
