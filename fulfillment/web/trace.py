"""/api/v1, where goods came from and who got them: a trace, and the recall list as CSV.

Buyers' names are order data: only a token that may read orders sees them.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.tracing import recall, trace
from fulfillment.services.tracing.trace import Asked
from fulfillment.web.auth import floor, may_here
from fulfillment.web.openapi import CSV
from fulfillment.web.v1 import operation

MAX_WORD = 200
WORDS = {
    "lot": "a lot number", "serial": "a serial number", "sku": "an item", "receipt": "a receipt's number",
    "order": "an order's number", "channel": "the order's channel, where several use its number",
    "parcel": "an SSCC, of a parcel or a pallet",
}  # fmt: skip


def asked() -> Asked:
    """What the address asks for.

    Raises:
        DomainError: a word is too long.
    """
    words = {name: request.args.get(name, "").strip() for name in WORDS}
    for name, text in words.items():
        if len(text) > MAX_WORD:
            raise DomainError("too_long", f"at most {MAX_WORD} characters", name)
    return Asked(**words)


def with_names() -> bool:
    """Whether who asks may see who bought."""
    return may_here(Permission.READ_BUYERS)


def recall_sheet(words: Asked) -> Response:
    """The recall list as a file to save."""
    names = with_names()
    text = floor().read(lambda tx: recall.recall_csv(tx, words, with_names=names))
    response = Response(text, mimetype=CSV)
    response.headers["Content-Disposition"] = 'attachment; filename="recall.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@operation("GET", "/trace", Permission.READ_STOCK, query=WORDS)
def get_trace() -> Any:
    """Supplier, receipt, layer, places, orders and parcels of what was asked for, and whether it adds up."""
    words, names = asked(), with_names()
    return floor().read(lambda tx: trace.trace(tx, words, with_names=names))


@operation("GET", "/trace/recall", Permission.READ_STOCK, query=WORDS, answers={200: "the list"}, media=CSV)
def get_recall() -> Any:
    """Who has it, and what can still be stopped or set on hold: CSV, a row a parcel or place."""
    return recall_sheet(asked())
