"""Refills as supervisors and programs see them: what waits, who is at it, and which faces nothing comes to.

Reads only; what is to be brought is decided in `replenishment_plans`.
"""

from __future__ import annotations

from typing import Any

from fulfillment.hot import Tx
from fulfillment.services.replenishing import replenishment_plans as plans


def describe(tx: Tx) -> dict[str, Any]:
    """Open refills in the order they are offered, and faces below their minimum with nothing on the way."""
    refills = tx.all(
        f"SELECT k.id AS task, k.reason, i.sku, f.code AS from_location, t.code AS to_location, y.received_on, y.lot,"
        f" k.qty_each - k.done_each AS left_each, {plans.IN_HAND_EACH} AS in_hand_each, y.case_each, k.priority,"
        f" CASE WHEN {plans.CLAIMED} THEN s.code END AS station FROM task k"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id"
        " JOIN location f ON f.warehouse_id = k.warehouse_id AND f.id = k.location_id"
        " JOIN location t ON t.warehouse_id = k.warehouse_id AND t.id = k.to_location_id"
        " LEFT JOIN station s ON s.warehouse_id = k.warehouse_id AND s.id = k.station_id"
        f" WHERE{plans.OPEN_REFILL}{plans.IN_TURN}"
    )
    low = tx.all(
        f"SELECT l.code AS location, i.sku, f.min_each, f.max_each, {plans.FREE_AT_FACE} AS free_each FROM pick_face f"
        " JOIN location l ON l.warehouse_id = f.warehouse_id AND l.id = f.location_id"
        " JOIN item i ON i.warehouse_id = f.warehouse_id AND i.id = f.item_id"
        f" WHERE f.warehouse_id = :w AND f.min_each > {plans.FREE_AT_FACE} AND NOT EXISTS (SELECT 1 FROM task k"
        f" WHERE{plans.OPEN_REFILL} AND k.to_location_id = f.location_id) ORDER BY l.code"
    )
    return {"refills": [dict(row) for row in refills], "low_faces": [dict(row) for row in low]}
