"""How often the book was right where somebody looked: first counts against the book of their moment.

Owns the figure; it is read, never stored. Only first counts speak: a second one is made because the first differed,
and would count the same mistake twice. Places counted empty that the book says are empty hold no item and are in
no line, so the share is rather too low than too high.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx

DAY_MS = 24 * 3600 * 1000
DAYS_MAX = 3650

_FIRST_COUNTS = (
    "SELECT COALESCE(NULLIF(i.velocity, ''), '-') AS class, COUNT(*) AS lines,"
    " SUM(CASE WHEN c.book_each = c.counted_each AND s.units IS NULL THEN 1 ELSE 0 END) AS lines_right,"
    " SUM(c.book_each) AS book_each,"
    " SUM(CASE WHEN c.book_each > c.counted_each THEN c.book_each ELSE c.counted_each END) AS units,"
    " SUM(CASE WHEN c.book_each > c.counted_each THEN c.book_each - c.counted_each"
    " ELSE c.counted_each - c.book_each END) AS off_each,"
    " SUM(CASE WHEN c.book_each = c.counted_each THEN COALESCE(s.units, 0) / 2 ELSE 0 END) AS exchanged_each"
    " FROM count_result c JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
    " LEFT JOIN (SELECT count_result_id, COUNT(*) AS units FROM count_serial WHERE warehouse_id = :w"
    " GROUP BY count_result_id) s ON s.count_result_id = c.id"
    " WHERE c.warehouse_id = :w AND c.round = 1 AND c.recorded_at_ms > :since AND c.recorded_at_ms <= :until"
)
_IN_ZONE = (
    " AND c.location_id IN (SELECT z.id FROM location z WHERE z.warehouse_id = c.warehouse_id AND z.zone = :zone)"
)


def inventory_accuracy(tx: Tx, days: int = 30) -> dict[str, Any]:
    """Shares of lines (item in location) and of units that were as the book said, all together and by class.

    Raises:
        DomainError: `bad_days`.
    """
    if not 1 <= days <= DAYS_MAX:
        raise DomainError("bad_days", f"1 to {DAYS_MAX}", "days")
    return {"days": days, **accuracy_between(tx, tx.now_ms - days * DAY_MS, tx.now_ms)}


def accuracy_between(tx: Tx, after_ms: int, until_ms: int, zone: str | None = None) -> dict[str, Any]:
    """The same of the counts after one moment and until another, in one zone or all."""
    chosen = _FIRST_COUNTS if zone is None else f"{_FIRST_COUNTS}{_IN_ZONE}"
    params: dict[str, Any] = {"since": after_ms, "until": until_ms, **({} if zone is None else {"zone": zone})}
    rows = [dict(row) for row in tx.all(f"{chosen} GROUP BY 1 ORDER BY 1", **params)]
    total = {name: sum(row[name] for row in rows) for name in (*_SUMS, "units", "exchanged_each")}
    return {**_shares(total), "classes": {row["class"]: _shares(row) for row in rows}}


_SUMS = ("lines", "lines_right", "book_each", "off_each")


def _shares(row: dict[str, Any]) -> dict[str, Any]:
    # A unit that lies where another should is one unit wrong, though the number agrees.
    off_each = row["off_each"] + row["exchanged_each"]
    return {
        "lines": row["lines"], "lines_right": row["lines_right"], "book_each": row["book_each"], "off_each": off_each,
        "lines_percent": _percent(row["lines_right"], row["lines"]),
        "units_percent": _percent(row["units"] - off_each, row["units"]),
    }  # fmt: skip


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
