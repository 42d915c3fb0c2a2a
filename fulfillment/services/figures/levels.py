"""Where the floor stands just now, as figures to be watched: work that waits, prints nobody knows of, orders too late.

Each figure is one indexed question on a snapshot; labels are words of our vocabularies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Level:
    """A figure: what it says, and a value for each set of labels."""

    words: str
    labels: Sequence[str] = ()
    values: list[tuple[list[str], float]] = field(default_factory=list)


_GROUPED = (
    ("outbox", "Effects by kind and state", ("kind", "state"),
     "SELECT kind, state, COUNT(*) AS n FROM outbox WHERE warehouse_id = :w"
     " AND state IN ('queued', 'claimed', 'sending', 'held', 'uncertain', 'failed') GROUP BY kind, state"),
    ("orders", "Orders that are not over, by state", ("state",),
     "SELECT state, COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w"
     " AND state NOT IN ('shipped', 'cancelled') GROUP BY state"),
    ("tasks_open", "Open tasks by kind", ("kind",),
     "SELECT kind, COUNT(*) AS n FROM task WHERE warehouse_id = :w AND state = 'open' GROUP BY kind"),
    ("printers", "Printers by state", ("state",),
     "SELECT state, COUNT(*) AS n FROM printer WHERE warehouse_id = :w GROUP BY state"),
    ("jobs", "Jobs that are not done, by state", ("state",),
     "SELECT state, COUNT(*) AS n FROM job WHERE warehouse_id = :w AND state <> 'done' GROUP BY state"),
)  # fmt: skip

_SINGLE = (
    ("orders_past_cut_off", "Orders still here whose carrier has called",
     "SELECT COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w AND state NOT IN ('shipped', 'cancelled', 'hold')"
     " AND cut_off_at_ms < :now"),
    ("outbox_oldest_seconds", "Age of the oldest effect that still waits",
     "SELECT COALESCE((:now - MIN(created_at_ms)) / 1000, 0) AS n FROM outbox WHERE warehouse_id = :w"
     " AND state IN ('queued', 'claimed', 'sending', 'held')"),
    ("prints_uncertain", "Prints nobody knows the fate of: somebody has to look",
     "SELECT COUNT(*) AS n FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND state = 'uncertain'"),
    ("last_event_seconds", "Since the newest event",
     "SELECT COALESCE((SELECT (:now - recorded_at_ms) / 1000 FROM event WHERE warehouse_id = :w"
     " ORDER BY id DESC LIMIT 1), 0) AS n"),
    ("audit_entries", "Entries of the audit log",
     "SELECT COALESCE(MAX(id), 0) AS n FROM audit_log WHERE warehouse_id = :w"),
)  # fmt: skip


def levels(tx: Any) -> dict[str, Level]:
    """Every figure by its name."""
    found: dict[str, Level] = {}
    for name, words, labels, sql in _GROUPED:
        rows = tx.all(sql)
        found[name] = Level(words, labels, [([str(row[label]) for label in labels], row["n"]) for row in rows])
    for name, words, sql in _SINGLE:
        params = {"now": tx.now_ms} if ":now" in sql else {}
        found[name] = Level(words, (), [([], float(tx.one(sql, **params)["n"]))])
    return found
