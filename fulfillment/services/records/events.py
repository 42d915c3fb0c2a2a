"""The one reader of the event table: a cursor that misses nothing and goes through each event once.

On SQLite ids are given in commit order, so what is behind the cursor never grows. On PostgreSQL a transaction that
began earlier may commit later, with smaller numbers: only events of transactions below the oldest one still running
are handed out, by (transaction, id), so nothing can appear behind the cursor any more. A transaction left open
holds the readers up (never makes them miss): the database ends idle ones.

A cursor is opaque text of ours, good for one warehouse. One older than what retention has kept is refused: whoever
follows must know that something is gone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.pages import check_limit

LIMIT_MAX = 1_000
LATEST = "latest"

# Without it the plain order of ids loses what commits late; tests/benchmarks/stock_events.py counts how much.
_SETTLED = " AND xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint"


@dataclass(frozen=True)
class Page:
    """Events after a cursor, oldest first, and the cursor after the last of them."""

    events: list[dict[str, Any]]
    cursor: str


def after(tx: Tx, cursor: str, limit: int = 100) -> Page:
    """The next `limit` events behind `cursor` ('' = from the oldest that is kept, `latest` = none but those to come).

    Raises:
        DomainError: no cursor of this warehouse, or a bad limit; Conflict: events behind it are not kept any more.
    """
    check_limit(limit, LIMIT_MAX)
    if cursor == LATEST:
        return Page([], _latest(tx))
    xid, event_id = read_cursor(cursor, tx.warehouse_id)
    rows = tx.all(
        "SELECT id, xid, topic, kind, payload, scan_id, recorded_at_ms FROM event WHERE warehouse_id = :w"
        f" AND (xid > :xid OR (xid = :xid AND id > :id)){_guard(tx)} ORDER BY xid, id LIMIT {int(limit)}",
        xid=xid, id=event_id,
    )  # fmt: skip
    if event_id:
        _check_kept(tx, event_id)
    if not rows:
        return Page([], cursor or write_cursor(tx.warehouse_id, 0, 0))
    last = rows[-1]
    return Page([_shown(row) for row in rows], write_cursor(tx.warehouse_id, last["xid"], last["id"]))


def write_cursor(warehouse_id: int, xid: int, event_id: int) -> str:
    """A place in the events of a warehouse as text, with a sum that finds typing errors."""
    place = f"{warehouse_id:x}.{xid:x}.{event_id:x}"
    return f"{place}.{zlib.crc32(place.encode()) & 0xFFFF:04x}"


def read_cursor(cursor: str, warehouse_id: int) -> tuple[int, int]:
    """(transaction, id) of the last event a cursor has seen.

    Raises:
        DomainError: it is none of ours, or of another warehouse.
    """
    if cursor == "":
        return 0, 0
    parts = cursor.split(".")
    try:
        if len(cursor) > 60 or len(parts) != 4:
            raise ValueError(cursor)
        of_warehouse, xid, event_id = (int(part, 16) for part in parts[:3])
        is_ours = write_cursor(of_warehouse, xid, event_id) == cursor and of_warehouse == warehouse_id
    except ValueError:
        is_ours = False
    if not is_ours:
        raise DomainError("bad_cursor", f"no cursor of these events: {cursor[:40]!r}", "after")
    return xid, event_id


def _latest(tx: Tx) -> str:
    # On PostgreSQL the last settled one: what is being written right now is yet to come.
    row = tx.one(
        f"SELECT id, xid FROM event WHERE warehouse_id = :w{_guard(tx)} ORDER BY xid DESC, id DESC LIMIT 1"
    )
    return write_cursor(tx.warehouse_id, row["xid"] if row else 0, row["id"] if row else 0)


def _guard(tx: Tx) -> str:
    return _SETTLED if tx.dialect == "postgresql" else ""


def _check_kept(tx: Tx, event_id: int) -> None:
    # Ids are dense, and retention takes the oldest: a gap behind the cursor is something it never saw.
    oldest = tx.one("SELECT MIN(id) AS id FROM event WHERE warehouse_id = :w")["id"]
    if oldest is not None and oldest > event_id + 1:
        raise Conflict("cursor_too_old", "events behind this cursor are not kept any more; start from ''", "after")


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"], "topic": row["topic"], "kind": row["kind"], "payload": json.loads(row["payload"]),
        "scan_id": row["scan_id"], "recorded_at_ms": row["recorded_at_ms"],
    }  # fmt: skip
