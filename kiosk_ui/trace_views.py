"""The trace page: one field for whatever is in the hand, and the chain from the supplier to the customers.

Plain links and one form, without a script. A word that means several things is asked back; what nobody knows is
said on the page.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.tracing import trace, trace_search
from fulfillment.services.tracing.trace import Asked
from fulfillment.web.auth import floor, needs
from fulfillment.web.trace import MAX_WORD, asked, with_names
from kiosk_ui.figures import moment
from kiosk_ui.views import blueprint


@blueprint.get("/trace")
@needs(Permission.READ_STOCK)
def trace_page() -> tuple[str, int]:
    """What is asked by its kind (`?lot=`), or by one word of any kind (`?q=`)."""
    word = request.args.get("q", "").strip()[:MAX_WORD]
    try:
        meant = floor().read(lambda tx: trace_search.meanings(tx, word)) if word else [asked()]
        if len(meant) != 1:
            return _page(word=word, choices=meant, unknown=not meant), 200 if meant else 404
        if not meant[0].given():
            return _page(), 200
        names = with_names()
        found = floor().read(lambda tx: trace.trace(tx, meant[0], with_names=names))
    except DomainError as error:
        return _page(word=word or " ".join(asked().given().values()), unknown=True), error.status
    return _page(word=word or next(iter(meant[0].given().values())), asked=meant[0], found=found), 200


def _page(
    word: str = "", choices: list[Asked] | None = None, asked: Asked | None = None, found: dict[str, Any] | None = None,
    *, unknown: bool = False,
) -> str:  # fmt: skip
    lying: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in found["here"] if found else ():
        lying[row["layer"]].append(row)
    zone = ZoneInfo(found["time_zone"]) if found else None
    return render_template(
        "trace.html", word=word, choices=choices or [], found=found, unknown=unknown, lying=lying, address=_address,
        query=urlencode(asked.given()) if asked else "", asked=asked.given() if asked else {},
        day=lambda at_ms: moment(at_ms, zone),
    )  # fmt: skip


def _address(**words: str) -> str:
    return f"/trace?{urlencode({name: text for name, text in words.items() if text})}"
