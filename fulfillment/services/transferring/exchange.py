"""A transfer handed over between two warehouses whose databases we can both open: announced there, reported back.

For warehouses apart the same goes over HTTP: `GET /transfers/<number>/asn` there into `POST /receipts`, and what
came back into `POST /transfers/<number>/arrived`. Refuses a receipt that is still being received. Invariant:
handing over twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.hot import Tx
from fulfillment.services.receiving import inbound


def announce(tx: Tx, announcement: Mapping[str, Any]) -> bool:
    """At the other end: expect what was sent; False when it is expected already."""
    units = tuple(
        inbound.UnitIn(unit["sscc"], tuple(_line(line) for line in unit["lines"]), unit["parent_sscc"])
        for unit in announcement["units"]
    )
    receipt = inbound.ReceiptIn(
        announcement["number"], tuple(_line(line) for line in announcement["lines"]), units, announcement["kind"],
        announcement["received_on"], source=announcement["source"],
    )  # fmt: skip
    return inbound.announce(tx, receipt)


def received(tx: Tx, number: str) -> list[dict[str, Any]]:
    """At the other end: what the receipt of a transfer took in, as `transfers.arrived` wants it.

    Raises:
        NotFound: no such receipt; Conflict: it is still being received.
    """
    receipt = tx.one(
        "SELECT id, state FROM receipt WHERE warehouse_id = :w AND number = :n AND kind = 'transfer'", n=number
    )
    if receipt is None:
        raise NotFound("unknown_receipt", f"no receipt of transfer {number!r} there", "number")
    if receipt["state"] != "closed":
        raise Conflict("receipt_open", f"receipt {number} is still being received there", "number")
    rows = tx.all(
        "SELECT i.sku, r.received_each AS qty_each, r.lot, r.expiry_on, r.received_on FROM receipt_line r"
        " JOIN item i ON i.warehouse_id = r.warehouse_id AND i.id = r.item_id"
        " WHERE r.warehouse_id = :w AND r.receipt_id = :id AND r.received_each > 0 ORDER BY r.id",
        id=receipt["id"],
    )
    return [dict(row) for row in rows]


def _line(line: Mapping[str, Any]) -> inbound.ExpectedLine:
    return inbound.ExpectedLine(
        line["sku"], line["qty_each"], line["lot"], line["expiry_on"], line["received_on"], line["unit_cost_minor"],
        line["case_each"], tuple(line["serials"]),
    )  # fmt: skip
