"""How long goods wait at the dock: from the first scan of a receipt until nothing of it lies there any more.

A receipt is *stocked* once, when it is closed and its last unit has left the dock, whoever carried it away.
Opening stock never stood at a dock and has no such time.
"""

from __future__ import annotations

from typing import Any

from fulfillment.hot import Tx

RECENT = 100
HOUR_MS = 3_600_000


def note_arrived(tx: Tx, receipt_id: int) -> None:
    """The first scan of a receipt: from now on its time at the dock runs."""
    tx.put(
        "UPDATE receipt SET arrived_at_ms = :now WHERE warehouse_id = :w AND id = :id AND arrived_at_ms IS NULL",
        id=receipt_id, now=tx.now_ms,
    )  # fmt: skip


def note_stocked(tx: Tx, receipt_id: int) -> None:
    """Call when a receipt closes: sets its time if nothing of it is left at a dock (again: changes nothing)."""
    tx.put(
        "UPDATE receipt SET stocked_at_ms = :now WHERE warehouse_id = :w AND id = :id AND state = 'closed'"
        # Few docks, this receipt's layers, for each pair one look at the balances by their key. Written as a join
        # or as EXISTS, SQLite reads all balances first to make a filter of them.
        " AND arrived_at_ms IS NOT NULL AND stocked_at_ms IS NULL AND NOT EXISTS (SELECT 1 FROM location l"
        " CROSS JOIN layer y WHERE l.warehouse_id = :w AND l.kind = 'dock' AND y.warehouse_id = :w"
        " AND y.receipt_id = :id AND (SELECT COUNT(*) FROM stock_balance b WHERE b.warehouse_id = :w"
        " AND b.location_id = l.id AND b.layer_id = y.id) > 0)",
        id=receipt_id, now=tx.now_ms,
    )  # fmt: skip


def note_left_dock(tx: Tx, layer_id: int) -> None:
    """Call when units of a layer have left a dock, by whichever flow."""
    row = tx.one("SELECT receipt_id FROM layer WHERE warehouse_id = :w AND id = :id", id=layer_id)
    note_stocked(tx, row["receipt_id"])


def dock_to_stock(tx: Tx) -> dict[str, Any]:
    """Median hours from dock to stock over the receipts stocked last."""
    rows = tx.all(
        "SELECT stocked_at_ms - arrived_at_ms AS waited_ms FROM receipt WHERE warehouse_id = :w"
        f" AND stocked_at_ms IS NOT NULL ORDER BY stocked_at_ms DESC, id DESC LIMIT {RECENT}"
    )
    waited = sorted(row["waited_ms"] for row in rows)
    return {"receipts": len(waited), "p50_hours": _median(waited) if waited else None}


def _median(waited_ms: list[int]) -> float:
    middle = len(waited_ms) // 2
    one = waited_ms[middle] if len(waited_ms) % 2 else (waited_ms[middle - 1] + waited_ms[middle]) / 2
    return round(one / HOUR_MS, 2)
