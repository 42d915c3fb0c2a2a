"""Receipts as they are shown: what was expected and came, by line and pallet, how it differed, how long it took."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.inbound import ReceiptKind, ReceiptState
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.receiving.dock_to_stock import dock_to_stock

LISTED = 500

_HEAD = (
    "SELECT r.*, p.number AS purchase_order, o.number AS order_number FROM receipt r"
    " LEFT JOIN purchase_order p ON p.warehouse_id = r.warehouse_id AND p.id = r.purchase_order_id"
    " LEFT JOIN sales_order o ON o.warehouse_id = r.warehouse_id AND o.id = r.order_id WHERE r.warehouse_id = :w"
)


def describe(tx: Tx, number: str) -> dict[str, Any]:
    """A receipt with its lines, handling units and differences, as the API shows it.

    Raises:
        NotFound: there is none of that number.
    """
    receipt = tx.one(f"{_HEAD} AND r.number = :number", number=number)
    if receipt is None:
        raise NotFound("unknown_receipt", f"no receipt {number!r}")
    lines = tx.all(
        "SELECT i.sku, r.lot, r.expiry_on, r.received_on, r.expected_each, r.received_each, r.damaged_each"
        " FROM receipt_line r JOIN item i ON i.warehouse_id = r.warehouse_id AND i.id = r.item_id"
        " WHERE r.warehouse_id = :w AND r.receipt_id = :id ORDER BY r.id",
        id=receipt["id"],
    )
    differences = tx.all(
        "SELECT i.sku, e.difference, e.why, SUM(e.qty_each) AS qty_each, MIN(p.badge) AS badge,"
        " MAX(e.recorded_at_ms) AS recorded_at_ms FROM receipt_entry e"
        " JOIN item i ON i.warehouse_id = e.warehouse_id AND i.id = e.item_id"
        " LEFT JOIN operator p ON p.warehouse_id = e.warehouse_id AND p.id = e.operator_id"
        " WHERE e.warehouse_id = :w AND e.receipt_id = :id GROUP BY i.sku, e.difference, e.why, e.operator_id"
        " ORDER BY MIN(e.id)",
        id=receipt["id"],
    )
    return {
        **_head(receipt), "lines": [dict(line) for line in lines], "units": _units(tx, receipt["id"]),
        "differences": [dict(row) for row in differences],
    }  # fmt: skip


def listed(tx: Tx, state: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Receipts with their sums, the newest first, and how long goods waited at the dock lately.

    Raises:
        DomainError: no such state or kind.
    """
    if state is not None and state not in {one.value for one in ReceiptState}:
        raise DomainError("bad_state", f"no state {state!r}", "state")
    if kind is not None and kind not in {one.value for one in ReceiptKind}:
        raise DomainError("bad_kind", f"no kind {kind!r}", "kind")
    rows = tx.all(
        f"{_HEAD} AND (:state IS NULL OR r.state = :state) AND (:kind IS NULL OR r.kind = :kind)"
        f" ORDER BY r.id DESC LIMIT {LISTED}",
        state=state, kind=kind,
    )  # fmt: skip
    sums = {
        row["receipt_id"]: row
        for row in tx.all(
            "SELECT receipt_id, SUM(expected_each) AS expected_each, SUM(received_each) AS received_each"
            " FROM receipt_line WHERE warehouse_id = :w AND receipt_id >= :first GROUP BY receipt_id",
            first=rows[-1]["id"] if rows else 0,
        )
    }
    shown = []
    for row in rows:
        figures = sums.get(row["id"])
        shown.append(
            {
                **_head(row), "expected_each": figures["expected_each"] if figures is not None else 0,
                "received_each": figures["received_each"] if figures is not None else 0,
            }
        )  # fmt: skip
    return {"receipts": shown, "dock_to_stock": dock_to_stock(tx)}


def _head(receipt: Any) -> dict[str, Any]:
    arrived_at_ms, stocked_at_ms = receipt["arrived_at_ms"], receipt["stocked_at_ms"]
    return {
        "number": receipt["number"], "barcode": own_code("R", receipt["number"]), "kind": receipt["kind"],
        "state": receipt["state"], "received_on": receipt["received_on"], "due_on": receipt["due_on"],
        "supplier": receipt["supplier"], "purchase_order": receipt["purchase_order"],
        "order": receipt["order_number"], "source": receipt["source"], "needs_quality": bool(receipt["needs_quality"]),
        "arrived_at_ms": arrived_at_ms, "closed_at_ms": receipt["closed_at_ms"], "stocked_at_ms": stocked_at_ms,
        "dock_to_stock_ms": None if stocked_at_ms is None else stocked_at_ms - arrived_at_ms,
    }  # fmt: skip


def _units(tx: Tx, receipt_id: int) -> list[dict[str, Any]]:
    units: dict[int, dict[str, Any]] = {}
    for row in tx.all(
        "SELECT u.id, u.sscc, u.state, u.arrived_at_ms, p.sscc AS parent_sscc FROM asn_unit u"
        " LEFT JOIN asn_unit p ON p.warehouse_id = u.warehouse_id AND p.id = u.parent_unit_id"
        " WHERE u.warehouse_id = :w AND u.receipt_id = :id ORDER BY u.id",
        id=receipt_id,
    ):
        units[row["id"]] = {
            "sscc": row["sscc"], "parent_sscc": row["parent_sscc"], "state": row["state"],
            "arrived_at_ms": row["arrived_at_ms"], "lines": [],
        }  # fmt: skip
    if not units:
        return []
    # Serials of one line lie in a row each; shown is one line with all of them.
    lines: dict[tuple[int, int, int], dict[str, Any]] = {}
    for row in tx.all(
        "SELECT c.unit_id, c.receipt_line_id, c.qty_each, c.case_each, c.serial, i.sku, n.lot, n.expiry_on"
        " FROM asn_unit u JOIN asn_content c ON c.warehouse_id = u.warehouse_id AND c.unit_id = u.id"
        " JOIN receipt_line n ON n.warehouse_id = c.warehouse_id AND n.id = c.receipt_line_id"
        " JOIN item i ON i.warehouse_id = n.warehouse_id AND i.id = n.item_id"
        " WHERE u.warehouse_id = :w AND u.receipt_id = :id ORDER BY c.id",
        id=receipt_id,
    ):
        key = (row["unit_id"], row["receipt_line_id"], row["case_each"])
        if key not in lines:
            lines[key] = {
                "sku": row["sku"], "qty_each": 0, "lot": row["lot"], "expiry_on": row["expiry_on"],
                "case_each": row["case_each"], "serials": [],
            }  # fmt: skip
            units[row["unit_id"]]["lines"].append(lines[key])
        lines[key]["qty_each"] += row["qty_each"]
        if row["serial"]:
            lines[key]["serials"].append(row["serial"])
    return list(units.values())
