"""Reads for screens and programs, on a connection that sees one snapshot and never writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.domain.reasons import DomainError
from fulfillment.hot.engines import reading
from fulfillment.services.common.pages import check_limit

PAGE_MAX = 5_000


@contextmanager
def snapshot(engine: Engine, warehouse_id: int = 1) -> Iterator[Any]:
    """One read transaction; `execute` gives a cursor whose rows answer to column names."""
    with reading(engine, warehouse_id) as tx:
        yield tx


def stock(
    connection: Any, sku: str | None, location: str | None, after: str | None, limit: int, warehouse_id: int = 1
) -> dict[str, Any]:  # fmt: skip
    """Balances by place, layer, handling unit and status; `next` is the `after` of the following page.

    Raises:
        DomainError: a limit or cursor that makes no sense.
    """
    check_limit(limit, PAGE_MAX)
    rows = connection.execute(
        "SELECT b.location_id, b.layer_id, b.lpn_id, b.status, l.code AS location, l.kind, i.sku, p.code AS lpn,"
        " y.received_on, b.on_hand_each, b.allocated_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND (:sku IS NULL OR i.sku_key = :sku)"
        " AND (:location IS NULL OR l.code = :location)"
        " AND (b.location_id, b.layer_id, b.lpn_id, b.status) > (:a, :b, :c, :d)"
        " ORDER BY b.location_id, b.layer_id, b.lpn_id, b.status LIMIT :limit",
        {
            "sku": sku.upper() if sku else None, "location": location, "limit": limit + 1, "w": warehouse_id,
            **_cursor(after),
        },
    ).fetchall()  # fmt: skip
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return {
        "rows": [
            {
                "location": row["location"], "kind": row["kind"], "sku": row["sku"],
                "lpn": row["lpn"] if row["lpn_id"] else None, "status": row["status"], "layer": row["layer_id"],
                "received_on": row["received_on"], "on_hand_each": row["on_hand_each"],
                "allocated_each": row["allocated_each"],
            }
            for row in page
        ],
        "next": None if last is None
        else f"{last['location_id']}.{last['layer_id']}.{last['lpn_id']}.{last['status']}",
    }  # fmt: skip


def totals(connection: Any, warehouse_id: int = 1) -> dict[str, int]:
    """Figures of the whole floor, for reports: scans, labels, walked distances."""
    one = connection.execute(
        "SELECT (SELECT COUNT(*) FROM scan WHERE warehouse_id = :w) AS scans,"
        " (SELECT COUNT(*) FROM scan WHERE warehouse_id = :w AND rejection <> '') AS scans_rejected,"
        " (SELECT COUNT(*) FROM parcel WHERE warehouse_id = :w AND state <> 'void') AS parcels,"
        " (SELECT COUNT(*) FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND state = 'confirmed'"
        "  AND dedupe_key LIKE 'label:%') AS labels_confirmed,"
        " (SELECT COALESCE(SUM(distance_dm), 0) FROM tour WHERE warehouse_id = :w) AS walk_dm,"
        " (SELECT COALESCE(SUM(s_shape_dm), 0) FROM tour WHERE warehouse_id = :w) AS walk_s_shape_dm,"
        " (SELECT COALESCE(SUM(location_order_dm), 0) FROM tour WHERE warehouse_id = :w) AS walk_location_order_dm",
        {"w": warehouse_id},
    ).fetchone()
    return dict(one)


def _cursor(after: str | None) -> dict[str, Any]:
    if not after:
        return {"a": 0, "b": 0, "c": -1, "d": ""}
    parts = after.split(".")
    if len(parts) != 4 or not all(re.fullmatch("[0-9]{1,18}", part) for part in parts[:3]):
        raise DomainError("bad_cursor", "not a cursor of ours", "after")
    return {"a": int(parts[0]), "b": int(parts[1]), "c": int(parts[2]), "d": parts[3]}
