"""Parcels that were let go with a weight they should not have: for whoever looks after the benches.

Only reads. A page is at most MOST parcels, the last first; `after` is the `id` of the last one seen.
"""

from __future__ import annotations

from typing import Any

from fulfillment.hot import Tx

SHOWN, MOST = 100, 1000


def overridden(tx: Tx, after: int | None = None, limit: int = SHOWN) -> list[dict[str, Any]]:
    """Parcel, order, bench, weights in g, why, and the badge of the supervisor whose word it was."""
    before = "" if after is None else " AND g.id < :after"
    rows = tx.all(
        "SELECT g.id, p.number AS parcel, o.number AS order_number, s.code AS station, g.weighed_g, g.expected_g,"
        " g.tolerance_g, g.source, g.why, COALESCE(b.badge, '') AS supervisor, g.recorded_at_ms FROM parcel_weighing g"
        " JOIN parcel p ON p.warehouse_id = g.warehouse_id AND p.id = g.parcel_id"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " JOIN station s ON s.warehouse_id = g.warehouse_id AND s.id = g.station_id"
        " LEFT JOIN operator b ON b.warehouse_id = g.warehouse_id AND b.id = g.supervisor_id"
        f" WHERE g.warehouse_id = :w AND g.why <> ''{before} ORDER BY g.id DESC LIMIT {min(int(limit), MOST)}",
        **({} if after is None else {"after": after}),
    )
    return [{**dict(row), "off_g": row["weighed_g"] - row["expected_g"]} for row in rows]
