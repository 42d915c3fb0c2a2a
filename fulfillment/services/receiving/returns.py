"""Goods back from a customer: what of an order may still come back, and of which layer it was.

Refuses more than was shipped and has not come back. Nothing here moves stock; `arrivals` does, with what
this says about origin and age.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fulfillment.domain.inbound import ReturnDating, Shipped, came_from
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.today import local_day


def check_expected(
    tx: Tx, order: Any, asked: Mapping[Any, int], key_of: Callable[[int, str, str, str], Any]
) -> dict[Any, tuple[int, int]]:
    """Lines of a return: what was asked for, or all of the order that can still come back.

    Raises:
        Conflict: nothing of the order is out; DomainError: more than can come back.
    """
    left = {row["item_id"]: row["left_each"] for row in _outside(tx, order["id"])}
    if not left:
        raise Conflict("nothing_shipped", f"nothing of order {order['number']} is with its customer", "order")
    if not asked:
        return {key_of(item_id, "", "", ""): (left_each, 0) for item_id, left_each in left.items()}
    wanted: dict[int, int] = {}
    for key, qty_each in asked.items():
        wanted[key.item_id] = wanted.get(key.item_id, 0) + qty_each
    for item_id, qty_each in wanted.items():
        if qty_each > left.get(item_id, 0):
            raise DomainError(
                "more_than_shipped", f"{left.get(item_id, 0)} of it can come back, not {qty_each}", "lines"
            )
    return {key: (qty_each, 0) for key, qty_each in asked.items()}


def origins(
    tx: Tx, order_id: int, item_id: int, qty_each: int, lot: str, serial: str
) -> tuple[list[tuple[Shipped, int]], int]:
    """The layers the units were of when they left, oldest first; and how many the customer never got from us."""
    rows = tx.all(
        "SELECT y.id, y.received_on, y.lot, y.expiry_on, y.serial, SUM(m.qty_each) - COALESCE((SELECT SUM(b.qty_each)"
        " FROM layer c JOIN stock_move b ON b.warehouse_id = c.warehouse_id AND b.layer_id = c.id"
        " AND b.reason = 'return' AND b.order_id = :order WHERE c.warehouse_id = :w AND c.item_id = :item"
        " AND c.origin_layer_id = y.id), 0) AS left_each FROM layer y"
        " JOIN stock_move m ON m.warehouse_id = y.warehouse_id AND m.layer_id = y.id AND m.reason = 'ship'"
        " AND m.order_id = :order WHERE y.warehouse_id = :w AND y.item_id = :item"
        " GROUP BY y.id, y.received_on, y.lot, y.expiry_on, y.serial",
        order=order_id, item=item_id,
    )  # fmt: skip
    shipped = [
        Shipped(row["id"], row["received_on"], row["lot"], row["expiry_on"], row["serial"], row["left_each"])
        for row in rows
    ]
    return came_from(shipped, qty_each, lot, serial)


def counts_from(tx: Tx, dating: str, origin: Shipped | None) -> str:
    """The day a returned unit counts from."""
    if origin is None or dating == ReturnDating.TODAY:
        return local_day(tx)
    return origin.received_on


def _outside(tx: Tx, order_id: int) -> Any:
    """What of an order is with its customer and on no open return."""
    return tx.all(
        "SELECT s.item_id, SUM(s.shipped) - SUM(s.back) AS left_each FROM ("
        "SELECT item_id, shipped_each AS shipped, 0 AS back FROM demand WHERE warehouse_id = :w AND order_id = :order"
        " UNION ALL SELECT n.item_id, 0, CASE WHEN r.state = 'open' AND n.expected_each > n.received_each"
        " THEN n.expected_each ELSE n.received_each END FROM receipt r"
        " JOIN receipt_line n ON n.warehouse_id = r.warehouse_id AND n.receipt_id = r.id"
        " WHERE r.warehouse_id = :w AND r.order_id = :order AND r.kind = 'return') s GROUP BY s.item_id"
        " HAVING SUM(s.shipped) > SUM(s.back) ORDER BY s.item_id",
        order=order_id,
    )
