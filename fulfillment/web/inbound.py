"""/api/v1, goods in: purchase orders, announced receipts, returns, arriving transfers. Parse, call one service."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from flask import request

from fulfillment.domain.roles import Permission
from fulfillment.services.receiving import inbound, purchasing, receipts
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Each, Text
from fulfillment.web.v1 import operation

Cost = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
LINES_MAX = 2000
UNITS_MAX = 1000


class PurchaseLineBody(Body):
    """What is ordered of one item."""

    sku: Text
    qty_each: Each
    unit_cost_minor: Cost = 0


class PurchaseOrderBody(Body):
    """Goods ordered from a supplier."""

    number: Code
    lines: Annotated[list[PurchaseLineBody], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    supplier: Text = ""
    ordered_on: Text = ""
    due_on: Text = ""


class ReceiptLineBody(Body):
    """Goods expected; `received_on` where they are older than the receipt (a transfer)."""

    sku: Text
    qty_each: Each
    lot: Text = ""
    expiry_on: Text = ""
    received_on: Text = ""
    unit_cost_minor: Cost = 0


class UnitLineBody(ReceiptLineBody):
    """Goods on a handling unit: in closed cases of `case_each`, with these serials."""

    case_each: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    serials: list[Code] = msgspec.field(default_factory=list)


class UnitBody(Body):
    """A pallet or carton by its SSCC, perhaps standing on another one."""

    sscc: Code
    lines: Annotated[list[UnitLineBody], msgspec.Meta(max_length=LINES_MAX)] = msgspec.field(default_factory=list)
    parent_sscc: Text = ""


class ReceiptBody(Body):
    """Goods announced under one number; `received_on` is today unless said otherwise.

    `lines` come loose, beside what lies on `units`.
    """

    number: Code
    lines: Annotated[list[ReceiptLineBody], msgspec.Meta(max_length=LINES_MAX)] = msgspec.field(default_factory=list)
    units: Annotated[list[UnitBody], msgspec.Meta(max_length=UNITS_MAX)] = msgspec.field(default_factory=list)
    kind: Literal["", "asn", "purchase", "return", "transfer"] = ""
    received_on: Text = ""
    supplier: Text = ""
    purchase_order: Text = ""
    order: Text = ""
    channel: Text = ""
    source: Text = ""
    due_on: Text = ""
    needs_quality: bool = False


@operation("POST", "/purchase-orders", Permission.WRITE_RECEIPTS, body=PurchaseOrderBody,
           answers={201: "placed", 200: "the same purchase order was known"})  # fmt: skip
def post_purchase_order(body: PurchaseOrderBody) -> Any:
    """Note what was ordered of a supplier."""
    lines = [purchasing.OrderedLine(row.sku, row.qty_each, row.unit_cost_minor) for row in body.lines]
    purchase = purchasing.PurchaseIn(body.number, lines, body.supplier, body.ordered_on, body.due_on)

    def work(tx: Any) -> Any:
        new = purchasing.place(tx, purchase)
        return purchasing.describe(tx, body.number), 201 if new else 200

    return floor().writer.write(work)


@operation("GET", "/purchase-orders", Permission.WRITE_RECEIPTS, query={"state": "open or closed"})
def get_purchase_orders() -> Any:
    """Purchase orders, the one due first on top."""
    state = request.args.get("state")
    return floor().read(lambda tx: purchasing.listed(tx, state))


@operation("GET", "/purchase-orders/<number>", Permission.WRITE_RECEIPTS)
def get_purchase_order(number: str) -> Any:
    """A purchase order, what of it has come, and on which receipts."""
    return floor().read(lambda tx: purchasing.describe(tx, number))


@operation("POST", "/purchase-orders/<number>/close", Permission.WRITE_RECEIPTS)
def post_close_purchase_order(number: str) -> Any:
    """Wait for the rest no longer."""

    def work(tx: Any) -> Any:
        purchasing.close(tx, number)
        return purchasing.describe(tx, number)

    return floor().writer.write(work)


@operation("POST", "/receipts", Permission.WRITE_RECEIPTS, body=ReceiptBody,
           answers={201: "announced", 200: "the same receipt was known"})  # fmt: skip
def post_receipt(body: ReceiptBody) -> Any:
    """Announce goods that will be received by scan."""
    receipt = inbound.ReceiptIn(
        body.number, tuple(_line(row) for row in body.lines), tuple(_unit(unit) for unit in body.units), body.kind,
        body.received_on, body.supplier, body.purchase_order, body.order, body.channel, body.source, body.due_on,
        body.needs_quality,
    )  # fmt: skip

    def work(tx: Any) -> Any:
        new = inbound.announce(tx, receipt)
        return receipts.describe(tx, body.number), 201 if new else 200

    return floor().writer.write(work)


@operation("GET", "/receipts", Permission.WRITE_RECEIPTS,
           query={"state": "open or closed", "kind": "asn, purchase, blind, return or transfer"})  # fmt: skip
def get_receipts() -> Any:
    """Receipts, the newest first, and how long goods waited at the dock lately."""
    state, kind = request.args.get("state"), request.args.get("kind")
    return floor().read(lambda tx: receipts.listed(tx, state, kind))


@operation("GET", "/receipts/<number>", Permission.WRITE_RECEIPTS)
def get_receipt(number: str) -> Any:
    """A receipt, what of it has come, how it differed and how long it took."""
    return floor().read(lambda tx: receipts.describe(tx, number))


def _line(row: ReceiptLineBody) -> inbound.ExpectedLine:
    return inbound.ExpectedLine(row.sku, row.qty_each, row.lot, row.expiry_on, row.received_on, row.unit_cost_minor)


def _unit(unit: UnitBody) -> inbound.UnitIn:
    lines = tuple(
        inbound.ExpectedLine(
            row.sku, row.qty_each, row.lot, row.expiry_on, row.received_on, row.unit_cost_minor, row.case_each,
            tuple(row.serials),
        )
        for row in unit.lines
    )  # fmt: skip
    return inbound.UnitIn(unit.sscc, lines, unit.parent_sscc)
