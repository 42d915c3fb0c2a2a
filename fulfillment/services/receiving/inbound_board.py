"""Goods on their way as cards: each receipt by how far it has come. Read only: scans at the dock move them.

Where a receipt stands follows from its own times. Done ones are shown for a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.inbound import InboundState, inbound_state
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.pages import COLUMN_MAX, COLUMN_SHOWN, LANES_MAX, check_limit, columns, literal, rows
from fulfillment.services.common.today import local_day

DAY_MS = 86_400_000
LANES = ("none", "supplier", "due")
DUE = ("late", "today", "later", "untold", "here")
_AWAITED = (InboundState.ANNOUNCED, InboundState.ARRIVING)


@dataclass(frozen=True, slots=True)
class SoughtReceipts:
    """Which receipts, in which rows. `q` is part of a number or a supplier; `is_late`: overdue and not begun."""

    q: str = ""
    is_late: bool = False
    lanes: str = "none"


def board(tx: Tx, sought: SoughtReceipts = SoughtReceipts(), shown: int = COLUMN_SHOWN) -> dict[str, Any]:
    """Receipts by state with whole counts, the longest due first, also in rows by supplier or by when they are due.

    Raises:
        DomainError: a limit or rows that make no sense.
    """
    check_limit(shown, COLUMN_MAX)
    if sought.lanes not in LANES:
        raise DomainError("bad_lanes", f"one of {', '.join(LANES)}", "lanes")
    today = local_day(tx)
    key = literal(sought.q.strip().upper())
    cards: dict[str, list[dict[str, Any]]] = {state.value: [] for state in InboundState}
    for row in tx.all(_RECEIPTS, q=f"%{key}%", since=tx.now_ms - DAY_MS):
        state = inbound_state(
            is_closed=row["state"] == "closed", is_begun=row["arrived_at_ms"] is not None or row["received_each"] > 0,
            is_stocked=row["stocked_at_ms"] is not None or row["received_each"] == 0, due_on=row["due_on"],
            today=today,
        )  # fmt: skip
        since = {InboundState.RECEIVING: "arrived_at_ms", InboundState.PUTAWAY: "closed_at_ms",
                 InboundState.DONE: "stocked_at_ms"}.get(state, "created_at_ms")  # fmt: skip
        since_ms = row[since] or row["created_at_ms"]
        if state == InboundState.DONE and max(since_ms, row["closed_at_ms"] or 0) < tx.now_ms - DAY_MS:
            continue  # begun once, nothing of it received, closed long ago
        due = _due(row["due_on"], today) if state in _AWAITED else "here"
        if sought.is_late and due != "late":
            continue
        lane = {"supplier": row["supplier"], "due": due}.get(sought.lanes, "")
        cards[state].append({**dict(row), "column": state.value, "since_ms": since_ms, "due": due, "lane": lane})
    for some in cards.values():
        some.sort(key=lambda card: (card["due_on"] or "9999", card["receipt"]))
    found = {card["lane"] for some in cards.values() for card in some} or {""}
    lanes = [due for due in DUE if due in found] if sought.lanes == "due" and found != {""} else sorted(found)
    return {
        "now_ms": tx.now_ms, "lanes_by": sought.lanes, "columns": columns(cards, shown),
        "lanes": rows(cards, lanes, shown), "lanes_left_off": max(0, len(lanes) - LANES_MAX),
    }  # fmt: skip


def _due(due_on: str, today: str) -> str:
    if not due_on:
        return "untold"
    return "late" if due_on < today else "today" if due_on == today else "later"


_RECEIPTS = (
    "SELECT r.id AS receipt, r.number, r.kind, r.state, r.supplier, r.due_on, r.created_at_ms, r.arrived_at_ms,"
    " r.closed_at_ms, r.stocked_at_ms,"
    " COALESCE((SELECT SUM(n.expected_each) FROM receipt_line n WHERE n.warehouse_id = r.warehouse_id"
    " AND n.receipt_id = r.id), 0) AS expected_each,"
    " COALESCE((SELECT SUM(n.received_each) FROM receipt_line n WHERE n.warehouse_id = r.warehouse_id"
    " AND n.receipt_id = r.id), 0) AS received_each FROM receipt r WHERE r.warehouse_id = :w"
    " AND (r.state = 'open' OR r.closed_at_ms >= :since OR (r.arrived_at_ms IS NOT NULL AND r.stocked_at_ms IS NULL)"
    " OR r.stocked_at_ms >= :since) AND (UPPER(r.number) LIKE :q ESCAPE '!' OR UPPER(r.supplier) LIKE :q ESCAPE '!')"
)
