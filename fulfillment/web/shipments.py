"""/api/v1, goods that move without a scan: shipments and arrivals by line. Parse, call one service, answer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.services.receiving import arrivals_by_line
from fulfillment.services.shipping import shipments
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code, Each, Text
from fulfillment.web.v1 import acting, operation, parse_time

LINES_MAX = 5_000


class ShippedLineBody(Body):
    """Units of one SKU that left; `serial` where the item has serial numbers, a unit a line."""

    sku: Text
    qty_each: Each
    serial: Text = ""


class ShipmentBody(Body):
    """Units of one order that were handed over; `shipped_at` is now unless said otherwise."""

    external_id: Code
    order: Text
    lines: Annotated[list[ShippedLineBody], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    channel: Text = ""
    shipped_at: str | None = None
    carrier: Text = ""
    tracking_number: Text = ""


class ArrivedLineBody(Body):
    """Units of one SKU that lie in a storage location now."""

    sku: Text
    qty_each: Each
    location: Code
    lot: Text = ""
    expiry_on: Text = ""
    serial: Text = ""


class ArrivalBody(Body):
    """Units of an announced receipt that came and were put away; with `closes` nothing more is expected of it."""

    external_id: Code
    lines: Annotated[list[ArrivedLineBody], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    closes: bool = False


@operation("POST", "/shipments", Permission.WRITE_ORDERS, body=ShipmentBody,
           answers={201: "shipped", 200: "the same shipment was known"})  # fmt: skip
def post_shipment(body: ShipmentBody) -> Any:
    """Book what left without a scan: promised units, oldest first, from storage to the carrier."""
    actor = acting()
    shipment = shipments.ShipmentIn(
        body.external_id, body.order,
        tuple(shipments.ShippedLine(row.sku, row.qty_each, row.serial) for row in body.lines), body.channel,
        parse_time(body.shipped_at, "shipped_at") if body.shipped_at else None, body.carrier, body.tracking_number,
    )  # fmt: skip

    def work(tx: Any) -> Any:
        answer, is_new = shipments.ship(tx, actor, shipment)
        return answer, 201 if is_new else 200

    return floor().writer.write(work)


@operation("POST", "/receipts/<number>/arrivals", Permission.WRITE_RECEIPTS, body=ArrivalBody,
           answers={201: "in storage", 200: "the same arrival was known"})  # fmt: skip
def post_arrival(body: ArrivalBody, number: str) -> Any:
    """Book what came without a scan: units of a receipt, straight into storage."""
    actor = acting()
    arrival = arrivals_by_line.ArrivalIn(
        body.external_id, number,
        tuple(
            arrivals_by_line.ArrivedLine(row.sku, row.qty_each, row.location, row.lot, row.expiry_on, row.serial)
            for row in body.lines
        ),
        body.closes,
    )  # fmt: skip

    def work(tx: Any) -> Any:
        answer, is_new = arrivals_by_line.arrive(tx, actor, arrival)
        return answer, 201 if is_new else 200

    return floor().writer.write(work)
