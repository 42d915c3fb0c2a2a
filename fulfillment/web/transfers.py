"""/api/v1, stock for other warehouses: asked for, announced to the other end, arrived there.

Parse, call one service, answer. What `GET …/asn` answers is what the other warehouse's `POST /receipts` takes.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.roles import Permission
from fulfillment.services.transferring import transfers
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Each, Text
from fulfillment.web.v1 import acting, operation

LINES_MAX = 2000


class TransferLineBody(Body):
    """Goods wanted at the other end."""

    sku: Text
    qty_each: Each


class TransferBody(Body):
    """Stock to send to another warehouse."""

    number: Code
    to_warehouse: Code
    lines: Annotated[list[TransferLineBody], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


class ArrivedLineBody(Body):
    """Units received at the other end; what is left empty fits any layer, the oldest first."""

    sku: Text
    qty_each: Each
    lot: Text = ""
    expiry_on: Text = ""
    received_on: Text = ""


class ArrivedBody(Body):
    """All that arrived; what is not named was lost on the way."""

    lines: Annotated[list[ArrivedLineBody], msgspec.Meta(max_length=LINES_MAX)]


@operation("POST", "/transfers", Permission.WRITE_STOCK, body=TransferBody,
           answers={201: "asked for", 200: "the same transfer was known"})  # fmt: skip
def post_transfer(body: TransferBody) -> Any:
    """Ask for stock to be sent to another warehouse."""
    lines = [(line.sku, line.qty_each) for line in body.lines]

    def work(tx: Any) -> Any:
        new = transfers.ask(tx, body.number, body.to_warehouse, lines)
        return transfers.describe(tx, body.number), 201 if new else 200

    return floor().writer.write(work)


@operation("GET", "/transfers", Permission.READ_STOCK, query={"state": "open, sent, received or cancelled"})
def get_transfers() -> Any:
    """Transfers, the newest first."""
    state = request.args.get("state")
    return floor().read(lambda tx: {"transfers": transfers.listed(tx, state)})


@operation("GET", "/transfers/<number>", Permission.READ_STOCK)
def get_transfer(number: str) -> Any:
    """A transfer: asked, sent by layer, arrived, and how they differ."""
    return floor().read(lambda tx: transfers.describe(tx, number))


@operation("POST", "/transfers/<number>/cancel", Permission.WRITE_STOCK, proof=True)
def post_transfer_cancel(number: str) -> Any:
    """Stop a transfer nobody has begun to load."""

    def work(tx: Any) -> Any:
        transfers.cancel(tx, number)
        return transfers.describe(tx, number)

    return floor().writer.write(work)


@operation("GET", "/transfers/<number>/asn", Permission.READ_STOCK)
def get_transfer_asn(number: str) -> Any:
    """What left, as a body for the other warehouse's `POST /receipts`."""
    return floor().read(lambda tx: transfers.announcement(tx, number))


@operation("POST", "/transfers/<number>/arrived", Permission.WRITE_STOCK, body=ArrivedBody)
def post_transfer_arrived(body: ArrivedBody, number: str) -> Any:
    """What the other end received; the rest is written off as lost."""
    actor, lines = acting(), [msgspec.structs.asdict(line) for line in body.lines]

    def work(tx: Any) -> Any:
        transfers.arrived(tx, actor, number, lines)
        return transfers.describe(tx, number)

    return floor().writer.write(work)
