"""Counts as people and programs look at them: asked for, counted, decided, and the thresholds in force.

Owns no rule: what a result means is said in `count_results`. A first count is shown beside the second only to those
who decide, never to who counts.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.counting import CountState
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.pages import check_limit
from fulfillment.services.counting import count_results

PAGE_MAX = 1_000

_COLUMNS = (
    "SELECT c.id, l.code AS location, i.sku, i.name, i.value_minor, i.currency, c.round, c.book_each, c.counted_each,"
    " c.state, c.why, o.name AS counted_by, c.operator_id, d.name AS decided_by, c.recorded_at_ms, c.decided_at_ms"
    " FROM count_result c JOIN location l ON l.warehouse_id = c.warehouse_id AND l.id = c.location_id"
    " JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
    " LEFT JOIN operator o ON o.warehouse_id = c.warehouse_id AND o.id = c.operator_id"
    " LEFT JOIN operator d ON d.warehouse_id = c.warehouse_id AND d.id = c.decided_by_id WHERE c.warehouse_id = :w"
)


def policy(tx: Tx) -> dict[str, int]:
    """The thresholds in force."""
    rules = count_results.rules(tx)
    return {"recount_above_each": rules.recount_above_each, "approve_above_each": rules.approve_above_each}


def describe(tx: Tx, result_id: int) -> dict[str, Any]:
    """One result.

    Raises:
        NotFound: `unknown_count`.
    """
    row = tx.one(f"{_COLUMNS} AND c.id = :id", id=result_id)
    if row is None:
        raise NotFound("unknown_count", f"no count {result_id}", "id")
    return _view(tx, row)


def results(tx: Tx, state: str | None = None, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Results of a state, or those nobody has decided; by number, from the one after `after` on."""
    check_limit(limit, PAGE_MAX)
    if state is not None and state not in tuple(CountState):
        raise DomainError("bad_state", f"none of {', '.join(CountState)}", "state")
    condition = "c.state = :state" if state else "c.state IN ('recount', 'pending')"
    rows = tx.all(f"{_COLUMNS} AND {condition} AND c.id > :after ORDER BY c.id LIMIT {int(limit)}",
                  after=after, **({"state": state} if state else {}))  # fmt: skip
    return [_view(tx, row) for row in rows]


def earlier(tx: Tx, result_id: int) -> list[dict[str, Any]]:
    """The counts of the same item and place that a result stands in the place of, the first one first."""
    row = tx.one(
        "SELECT location_id, item_id, round FROM count_result WHERE warehouse_id = :w AND id = :id", id=result_id
    )
    if row is None or row["round"] < 2:
        return []
    rows = tx.all(
        f"{_COLUMNS} AND c.location_id = :location AND c.item_id = :item AND c.id < :id"
        f" ORDER BY c.id DESC LIMIT {int(row['round']) - 1}",
        location=row["location_id"], item=row["item_id"], id=result_id,
    )  # fmt: skip
    return [_view(tx, one) for one in reversed(rows)]


def tasks(tx: Tx, limit: int = 100) -> list[dict[str, Any]]:
    """Counts asked for and not done, the most urgent first."""
    rows = tx.all(
        "SELECT l.code AS location, k.reason AS cause, k.priority, o.name AS by, k.created_at_ms FROM task k"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " LEFT JOIN operator o ON o.warehouse_id = k.warehouse_id AND o.id = k.operator_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open'"
        f" ORDER BY k.priority DESC, k.id LIMIT {int(limit)}"
    )
    return [dict(row) for row in rows]


def _view(tx: Tx, row: Any) -> dict[str, Any]:
    serials = tx.all(
        "SELECT y.serial, s.is_here FROM count_serial s JOIN layer y ON y.warehouse_id = s.warehouse_id"
        " AND y.id = s.layer_id WHERE s.warehouse_id = :w AND s.count_result_id = :id ORDER BY s.id",
        id=row["id"],
    )
    variance_each = row["counted_each"] - row["book_each"]
    return {
        "id": row["id"], "location": row["location"], "sku": row["sku"], "name": row["name"], "round": row["round"],
        "book_each": row["book_each"], "counted_each": row["counted_each"], "variance_each": variance_each,
        "value_minor": variance_each * row["value_minor"], "currency": row["currency"], "state": row["state"],
        "why": row["why"], "counted_by": row["counted_by"], "counted_at_ms": row["recorded_at_ms"],
        "decided_by": row["decided_by"], "decided_at_ms": row["decided_at_ms"],
        "serials_missing": [unit["serial"] for unit in serials if not unit["is_here"]],
        "serials_found": [unit["serial"] for unit in serials if unit["is_here"]],
    }  # fmt: skip
