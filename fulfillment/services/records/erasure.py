"""Taking a buyer's personal data out: name, address, phone and notes, wherever an order carried them.

Owns the rule which orders may be erased: only those that are over, because open ones still need their address.
Stock, figures and the audit chain are untouched; the act itself is told in the log without the data.
Invariant: what was searched on a snapshot is erased in one transaction; an order that is over gets no new copies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.records import audit_log

PERSONAL = (
    "ship_to_name", "address1", "address2", "city", "region", "postcode", "phone", "hold_note",
)  # fmt: skip
# Whoever knows one of these in a stored answer knows the buyer; a city alone stands on many people's parcels.
TELLING = ("ship_to_name", "address1", "phone")
OVER = (OrderState.SHIPPED, OrderState.CANCELLED)
SCANS_PAGE = 1_000
ORDERS_MAX = 1_000


@dataclass(frozen=True)
class Buyer:
    """Whose data: of one order, or of every order under a name."""

    order: str = ""
    channel: str | None = None
    name: str = ""


@dataclass(frozen=True)
class _Found:
    orders: Sequence[Any]
    scans: Sequence[int]


def erase_buyer(floor: Floor, actor: Actor, buyer: Buyer, token_id: int | None = None) -> dict[str, Any]:
    """Take a buyer's data out of everything; says how much was erased.

    Raises:
        DomainError: neither an order nor a name; NotFound: nobody of that name, no such order;
        Conflict: `order_open`, naming the orders that still need their address.
    """
    if bool(buyer.order) == bool(buyer.name.strip()):
        raise DomainError("bad_buyer", "name one order, or a buyer", "order")
    found = floor.read(lambda tx: _look_up(tx, buyer))
    return floor.writer.write(lambda tx: erase_orders(tx, actor, found.orders, found.scans, token_id))


def erase_orders(
    tx: Tx, actor: Actor, orders: Sequence[Any], scans: Sequence[int], token_id: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """Erase orders and the answers of scans that showed them.

    Raises:
        Conflict: `order_open`: it was opened again since it was looked up.
    """
    prints = 0
    for order in orders:
        _erase_order(tx, order)
        prints += _erase_papers(tx, order["id"])
    for scan_id in scans:
        tx.put("UPDATE scan SET outcome = '' WHERE warehouse_id = :w AND id = :id", id=scan_id)
    numbers = [order["id"] for order in orders]
    audit_log.append(
        tx, AuditKind.ERASURE, actor, f"{len(numbers)} orders", {"orders": numbers, "scans": list(scans)}, token_id
    )
    return {"orders": [order["number"] for order in orders], "prints": prints, "scans": len(scans)}


def scans_showing(tx: Any, orders: Sequence[Any]) -> list[int]:
    """Scans whose stored answer holds one of these orders' buyers. Read beside the writer: it looks at many."""
    if not orders:
        return []
    needles = {needle for order in orders for needle in _needles(order)}
    since_ms = min(order["created_at_ms"] for order in orders)
    return [row["id"] for row in _answers(tx, since_ms) if any(needle in row["outcome"] for needle in needles)]


def _look_up(tx: Any, buyer: Buyer) -> _Found:
    orders = tx.all(
        f"SELECT id, number, state, created_at_ms, {', '.join(PERSONAL)} FROM sales_order WHERE warehouse_id = :w"
        " AND (:number = '' OR number = :number) AND (CAST(:channel AS TEXT) IS NULL OR channel = :channel)"
        " AND (:name = '' OR LOWER(TRIM(ship_to_name)) = LOWER(:name)) AND (:name = '' OR erased_at_ms IS NULL)"
        f" ORDER BY id LIMIT {ORDERS_MAX}",
        number=buyer.order, channel=buyer.channel, name=buyer.name.strip(),
    )  # fmt: skip
    if not orders and buyer.order:
        raise NotFound("unknown_order", "no such order", "order")
    if not orders:
        raise NotFound("unknown_buyer", "no order is addressed to this name", "name")
    if buyer.order and len(orders) > 1:
        raise Conflict("ambiguous_order", "several channels have an order of this number", "channel")
    still_open = [order["number"] for order in orders if order["state"] not in OVER]
    if still_open:
        raise Conflict(
            "order_open", f"cancel or ship first: {', '.join(still_open[:20])}", "order" if buyer.order else "name"
        )
    return _Found(orders, scans_showing(tx, orders))


def _answers(tx: Any, since_ms: int) -> Iterator[Any]:
    first = tx.one(
        "SELECT MIN(id) AS id FROM scan WHERE warehouse_id = :w AND recorded_at_ms >= :since", since=since_ms
    )["id"]
    after = None if first is None else first - 1
    while after is not None:
        rows = tx.all(
            "SELECT id, outcome FROM scan WHERE warehouse_id = :w AND id > :after"
            f" ORDER BY id LIMIT {SCANS_PAGE}",
            after=after,
        )
        yield from rows
        after = rows[-1]["id"] if len(rows) == SCANS_PAGE else None


def _needles(order: Any) -> Iterator[str]:
    # An answer is JSON, written by either of two encoders: one spells out what is not ASCII.
    values = [order[name] for name in TELLING if order[name].strip()] or [order[name] for name in PERSONAL]
    for value in filter(None, values):
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]


def _erase_order(tx: Tx, order: Any) -> None:
    emptied = ", ".join(f"{name} = ''" for name in PERSONAL)
    touched = tx.run(
        f"UPDATE sales_order SET {emptied}, erased_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND state IN ('shipped', 'cancelled')",
        id=order["id"], now=tx.now_ms,
    )  # fmt: skip
    if not touched:
        raise Conflict("order_open", f"order {order['number']} is not over", "order")
    # What people wrote on its card may name the buyer as well; that they wrote stays.
    tx.put(
        "UPDATE order_card_entry SET note = '', said = CASE WHEN kind = 'comment' THEN '' ELSE said END"
        " WHERE warehouse_id = :w AND order_id = :id",
        id=order["id"],
    )
    tx.put("UPDATE order_card SET blocked_note = '' WHERE warehouse_id = :w AND order_id = :id", id=order["id"])


def _erase_papers(tx: Tx, order_id: int) -> int:
    """Labels and slips as they were asked for and as they were sent; what still waits is not wanted any more."""
    of_order = "SELECT number FROM parcel WHERE warehouse_id = :w AND order_id = :order"
    tx.put(
        "UPDATE outbox SET state = 'cancelled', done_at_ms = :now WHERE warehouse_id = :w AND kind = 'print'"
        f" AND subject IN ({of_order}) AND state IN ('queued', 'held', 'uncertain', 'failed')",
        order=order_id, now=tx.now_ms,
    )  # fmt: skip
    prints = tx.run(
        "UPDATE outbox SET fields = '{}', content = NULL, result = CASE WHEN kind = 'print' THEN result ELSE '' END"
        f" WHERE warehouse_id = :w AND subject IN ({of_order})",
        order=order_id,
    )
    tx.put(
        "UPDATE carrier_label SET content = '', detail = '' WHERE warehouse_id = :w"
        " AND parcel_id IN (SELECT id FROM parcel WHERE warehouse_id = :w AND order_id = :order)",
        order=order_id,
    )
    return prints
