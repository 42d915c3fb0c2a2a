"""/api/v1, the boards of stock and of goods on their way. Parse, call one service, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.roles import Permission
from fulfillment.services.common.pages import COLUMN_SHOWN
from fulfillment.services.receiving import inbound_board
from fulfillment.services.stock import stock_board
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, Body
from fulfillment.web.order_board import Q_MAX, number_in
from fulfillment.web.v1 import acting, operation

LIMIT = {"limit": "cards a column, 1 to 500"}


class RefillAskedBody(Body):
    """The item whose faces are to be refilled."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]


@operation("GET", "/stock-board", Permission.READ_STOCK,
           query={"q": "how an SKU or a location begins", "zone": "a zone", "lanes": "rows: none or zone",
                  "unasked": "1: only without a refill on its way", **LIMIT})  # fmt: skip
def get_stock_board() -> Any:
    """Pick faces by what lies there against their levels."""
    sought, limit = faces_in(request.args), number_in(request.args, "limit", COLUMN_SHOWN)
    return floor().read(lambda tx: stock_board.board(tx, sought, limit))


@operation("POST", "/stock-board/refills", Permission.WRITE_STOCK, body=RefillAskedBody)
def post_refills_asked(body: RefillAskedBody) -> Any:
    """Plan what an item's faces need now."""
    actor = acting()
    return floor().writer.write(lambda tx: stock_board.ask_refills(tx, actor, body.sku))


@operation("GET", "/inbound-board", Permission.WRITE_RECEIPTS,
           query={"q": "part of a receipt's number or of a supplier", "late": "1: only those due before today",
                  "lanes": "rows: none, supplier or due", **LIMIT})  # fmt: skip
def get_inbound_board() -> Any:
    """Receipts by how far they have come."""
    sought, limit = receipts_in(request.args), number_in(request.args, "limit", COLUMN_SHOWN)
    return floor().read(lambda tx: inbound_board.board(tx, sought, limit))


def faces_in(args: Mapping[str, str]) -> stock_board.SoughtFaces:
    """The filters of the stock board's address."""
    return stock_board.SoughtFaces(
        args.get("q", "")[:Q_MAX], args.get("zone", "")[:Q_MAX], args.get("unasked") == "1", args.get("lanes") or "none"
    )  # fmt: skip


def receipts_in(args: Mapping[str, str]) -> inbound_board.SoughtReceipts:
    """The filters of the inbound board's address."""
    return inbound_board.SoughtReceipts(
        args.get("q", "")[:Q_MAX], args.get("late") == "1", args.get("lanes") or "none"
    )  # fmt: skip
