"""Purchase orders: what was ordered of a supplier, and what of it has come on whichever receipts.

A purchase order moves no stock: receipts that name it do, and its figures rise with theirs. It closes itself
when everything has come, or by hand when nobody waits for the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fulfillment.domain.inbound import ReceiptState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.checking import check_code, check_day, check_quantity, goods_by_sku
from fulfillment.services.common.running import tell

LISTED = 500


@dataclass(frozen=True)
class OrderedLine:
    """What is ordered of one item."""

    sku: str
    qty_each: int
    unit_cost_minor: int = 0


@dataclass(frozen=True)
class PurchaseIn:
    """A purchase order as a buyer or a program hands it over; days are ISO dates, '' = not said."""

    number: str
    lines: Sequence[OrderedLine]
    supplier: str = ""
    ordered_on: str = ""
    due_on: str = ""

    def sha256(self) -> str:
        """What makes two of one number the same."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


def place(tx: Tx, purchase: PurchaseIn) -> bool:
    """Store a purchase order; False when the same one is known already. Lines of one item are added up.

    Raises:
        DomainError: a bad number, date or quantity, an unknown SKU; Conflict: the number came with other content.
    """
    check_code("R", purchase.number, "number", "a purchase order's number")
    for field in ("ordered_on", "due_on"):
        check_day(getattr(purchase, field), field, may_be_empty=True)
    known = tx.one(
        "SELECT content_sha256 FROM purchase_order WHERE warehouse_id = :w AND number = :n", n=purchase.number
    )
    if known is not None:
        if known["content_sha256"] != purchase.sha256():
            raise Conflict("purchase_order_exists", f"{purchase.number} exists with other content", "number")
        return False
    if not purchase.lines:
        raise DomainError("no_lines", "a purchase order has at least one line", "lines")
    ordered: dict[int, tuple[int, int]] = {}
    for at, line in enumerate(purchase.lines):
        item = goods_by_sku(tx, line.sku, f"lines[{at}].sku")
        check_quantity(line.qty_each, f"lines[{at}].qty_each", item["sku"])
        before_each, _ = ordered.get(item["id"], (0, 0))
        ordered[item["id"]] = before_each + line.qty_each, line.unit_cost_minor
    purchase_id = tx.insert(
        "purchase_order", number=purchase.number, supplier=purchase.supplier, ordered_on=purchase.ordered_on,
        due_on=purchase.due_on, content_sha256=purchase.sha256(), created_at_ms=tx.now_ms,
    )  # fmt: skip
    for item_id, (qty_each, cost_minor) in ordered.items():
        tx.add(
            "purchase_order_line", purchase_order_id=purchase_id, item_id=item_id, ordered_each=qty_each,
            unit_cost_minor=cost_minor,
        )  # fmt: skip
    tell(tx, "board", "PurchaseOrderPlaced", purchase_order=purchase.number)
    return True


def find(tx: Tx, number: str, field: str | None = None) -> Any:
    """The purchase order's row.

    Raises:
        NotFound: there is none of that number.
    """
    row = tx.one("SELECT * FROM purchase_order WHERE warehouse_id = :w AND number = :n", n=number)
    if row is None:
        raise NotFound("unknown_purchase_order", f"no purchase order {number!r}", field)
    return row


def open_lines(tx: Tx, purchase_id: int) -> Sequence[Any]:
    """What has not come yet: item_id, left_each, unit_cost_minor."""
    return tx.all(
        "SELECT item_id, ordered_each - received_each AS left_each, unit_cost_minor FROM purchase_order_line"
        " WHERE warehouse_id = :w AND purchase_order_id = :id AND received_each < ordered_each ORDER BY id",
        id=purchase_id,
    )


def to_announce(tx: Tx, purchase_id: int) -> list[tuple[int, int, int]]:
    """(item, units, unit cost) that neither came nor are expected on another open receipt of the order."""
    announced = {
        row["item_id"]: row["expected_each"]
        for row in tx.all(
            "SELECT l.item_id, SUM(CASE WHEN l.expected_each > l.received_each"
            " THEN l.expected_each - l.received_each ELSE 0 END) AS expected_each FROM receipt r"
            " JOIN receipt_line l ON l.warehouse_id = r.warehouse_id AND l.receipt_id = r.id"
            " WHERE r.warehouse_id = :w AND r.purchase_order_id = :id AND r.state = 'open' GROUP BY l.item_id",
            id=purchase_id,
        )
    }
    lines = [
        (row["item_id"], row["left_each"] - announced.get(row["item_id"], 0), row["unit_cost_minor"])
        for row in open_lines(tx, purchase_id)
    ]
    return [line for line in lines if line[1] > 0]


def count_received(tx: Tx, purchase_id: int, item_id: int, qty_each: int) -> None:
    """Units of a receipt that names the order came in; the last one closes it."""
    tx.put(
        "UPDATE purchase_order_line SET received_each = received_each + :qty WHERE warehouse_id = :w"
        " AND purchase_order_id = :id AND item_id = :item",
        id=purchase_id, item=item_id, qty=qty_each,
    )  # fmt: skip
    closed = tx.run(
        "UPDATE purchase_order SET state = 'closed', closed_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND state = 'open' AND NOT EXISTS (SELECT 1 FROM purchase_order_line n"
        " WHERE n.warehouse_id = purchase_order.warehouse_id AND n.purchase_order_id = purchase_order.id"
        " AND n.received_each < n.ordered_each)",
        id=purchase_id, now=tx.now_ms,
    )  # fmt: skip
    if closed:
        tell(tx, "board", "PurchaseOrderClosed", purchase_order=purchase_id)


def close(tx: Tx, number: str) -> None:
    """Nobody waits for the rest any more; what has come stays counted."""
    purchase = find(tx, number)
    tx.put(
        "UPDATE purchase_order SET state = 'closed', closed_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND state = 'open'",
        id=purchase["id"], now=tx.now_ms,
    )  # fmt: skip


def describe(tx: Tx, number: str) -> dict[str, Any]:
    """A purchase order with its lines and the receipts that named it, as the API shows it."""
    purchase = find(tx, number)
    lines = tx.all(
        "SELECT i.sku, n.ordered_each, n.received_each, n.unit_cost_minor FROM purchase_order_line n"
        " JOIN item i ON i.warehouse_id = n.warehouse_id AND i.id = n.item_id"
        " WHERE n.warehouse_id = :w AND n.purchase_order_id = :id ORDER BY n.id",
        id=purchase["id"],
    )
    receipts = tx.all(
        "SELECT number, state FROM receipt WHERE warehouse_id = :w AND purchase_order_id = :id ORDER BY id",
        id=purchase["id"],
    )
    return {**_head(purchase), "lines": [dict(row) for row in lines], "receipts": [dict(row) for row in receipts]}


def listed(tx: Tx, state: str | None = None) -> dict[str, Any]:
    """Purchase orders with their sums, the one due first on top.

    Raises:
        DomainError: no such state.
    """
    if state is not None and state not in {one.value for one in ReceiptState}:
        raise DomainError("bad_state", f"no state {state!r}", "state")
    rows = tx.all(
        "SELECT p.*, (SELECT SUM(n.ordered_each) FROM purchase_order_line n WHERE n.warehouse_id = p.warehouse_id"
        " AND n.purchase_order_id = p.id) AS ordered_each, (SELECT SUM(n.received_each) FROM purchase_order_line n"
        " WHERE n.warehouse_id = p.warehouse_id AND n.purchase_order_id = p.id) AS received_each"
        " FROM purchase_order p WHERE p.warehouse_id = :w AND (:state IS NULL OR p.state = :state)"
        f" ORDER BY p.state DESC, p.due_on = '', p.due_on, p.id LIMIT {LISTED}",
        state=state,
    )
    return {
        "purchase_orders": [
            {**_head(row), "ordered_each": row["ordered_each"], "received_each": row["received_each"]} for row in rows
        ]
    }


def _head(row: Any) -> dict[str, Any]:
    return {
        "number": row["number"], "supplier": row["supplier"], "state": row["state"], "ordered_on": row["ordered_on"],
        "due_on": row["due_on"], "closed_at_ms": row["closed_at_ms"],
    }  # fmt: skip
