"""What a picker's station stands before, in one question: its walk, the first open stop, what lies there, the totes.

Asked once a scan and kept for the rest of its transaction: what a read means, what it does and (unless it did
something) the next screen all stand on the same rows. Only reads; nothing here outlives the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.fifo import Layer, Policy, is_allocatable
from fulfillment.domain.taking import Here
from fulfillment.hot import Tx
from fulfillment.services.common.today import day_in
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS

TOTE_OF_STOP = (
    "(SELECT s.lpn_id FROM tour_tote s WHERE s.warehouse_id = k.warehouse_id AND s.tour_id = k.tour_id"
    " AND s.position = k.position AND s.order_id = k.order_id AND s.is_full = 0 ORDER BY s.id DESC LIMIT 1)"
)
# Where the next stop is another zone's the cart is handed over first.
_NEXT_PLACE = (
    "(SELECT CASE WHEN t.mode = 'zone' AND t.zone <> e.zone THEN COALESCE((SELECT h.code FROM zone z"
    " JOIN location h ON h.warehouse_id = z.warehouse_id AND h.id = z.hand_over_id"
    " WHERE z.warehouse_id = e.warehouse_id AND z.code = e.zone AND z.pick_order > 0), e.code) ELSE e.code END"
    " FROM task n JOIN location e ON e.warehouse_id = n.warehouse_id AND e.id = n.location_id"
    " WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id AND n.state = 'open'"
    " ORDER BY n.sequence, n.id LIMIT 1 OFFSET 1)"
)
_COLUMNS = (
    "tour_id", "distance_dm", "walk_left_dm", "wants_totes", "stops", "stops_left", "task_id", "left_each", "position",
    "order_id", "number", "item_id", "sku", "name", "barcode", "rotation", "tolerance_days", "min_life_days",
    "tracks_serial", "look_alike", "location_id", "code", "kind", "zone", "aisle", "bay", "level", "tote", "tote_id",
    "tote_location_id", "tote_order_id", "next_place", "face_item_id", "mode", "tour_zone", "batch_each",
    "batch_orders",
)  # fmt: skip
# In a batch the tasks of one item in one place that go into one tote are one stop; asked of a batch only.
_OF_STOP = (
    " FROM task n WHERE t.mode = 'batch' AND n.warehouse_id = t.warehouse_id AND n.tour_id = t.id AND n.state = 'open'"
    " AND n.location_id = k.location_id AND n.item_id = k.item_id AND n.position = k.position)"
)
_FIRST_OPEN = (
    "(SELECT n.id FROM task n WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id AND n.state = 'open'"
    " ORDER BY n.sequence, n.id LIMIT 1)"
)
# LIMIT keeps SQLite from evaluating the stop's columns anew for each layer that lies there.
_STOP = (
    "SELECT t.id AS tour_id, t.distance_dm, k.walk_left_dm,"
    " (SELECT 1 FROM tour_tote s WHERE s.warehouse_id = t.warehouse_id AND s.tour_id = t.id AND s.lpn_id = 0 LIMIT 1)"
    " AS wants_totes,"
    " (SELECT COUNT(*) FROM task n WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id) AS stops,"
    " (SELECT COUNT(*) FROM task n WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id"
    " AND n.state = 'open') AS stops_left,"
    " k.id AS task_id, k.qty_each - k.done_each AS left_each, k.position, k.order_id, o.number,"
    f" {GOODS_COLUMNS}, i.rotation, i.tolerance_days, i.min_life_days, i.tracks_serial, i.look_alike,"
    f" {PLACE_COLUMNS},"
    " CASE p.kind WHEN 'share' THEN (SELECT b.code FROM lpn b WHERE b.warehouse_id = p.warehouse_id"
    " AND b.id = p.parent_lpn_id) ELSE p.code END AS tote,"
    " p.id AS tote_id, p.location_id AS tote_location_id, p.order_id AS tote_order_id, t.mode,"
    " t.zone AS tour_zone,"
    f" (SELECT SUM(n.qty_each - n.done_each){_OF_STOP} AS batch_each,"
    f" (SELECT COUNT(DISTINCT n.order_id){_OF_STOP} AS batch_orders,"
    f" {_NEXT_PLACE} AS next_place, (SELECT f.item_id FROM pick_face f WHERE f.warehouse_id = k.warehouse_id"
    " AND f.location_id = k.location_id) AS face_item_id FROM tour t"
    f" LEFT JOIN task k ON k.warehouse_id = t.warehouse_id AND k.id = {_FIRST_OPEN}"
    " LEFT JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
    " LEFT JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
    " LEFT JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
    f" LEFT JOIN lpn p ON p.warehouse_id = k.warehouse_id AND p.id = {TOTE_OF_STOP}"
    " WHERE t.warehouse_id = :w AND t.station_id = (SELECT h.id FROM station h WHERE h.warehouse_id = :w"
    " AND h.code = :station) AND t.state = 'active' ORDER BY t.id LIMIT 1"
)
_WALK = (
    f"SELECT {', '.join(f'k.{column}' for column in _COLUMNS)}, b.layer_id, b.on_hand_each, b.sealed_each,"
    " y.received_on, y.expiry_on, y.lot, y.serial, y.case_each, a.id AS promise_id, a.qty_each AS promised_each,"
    " a.location_id AS promised_at,"
    " CASE WHEN y.expiry_on <> '' THEN (SELECT h.time_zone FROM warehouse h WHERE h.id = :w) END AS time_zone"
    f" FROM ({_STOP}) k"
    # By the place (+ takes the other indexes away): an item can lie in hundreds, few items lie in one.
    " LEFT JOIN stock_balance b ON b.warehouse_id = :w AND b.location_id = k.location_id AND +b.item_id = k.item_id"
    " AND +b.lpn_id = 0 AND b.status = 'available'"
    " LEFT JOIN layer y ON y.warehouse_id = :w AND y.id = b.layer_id"
    " LEFT JOIN allocation a ON a.warehouse_id = :w AND a.task_id = k.task_id AND a.layer_id = b.layer_id"
    " AND a.qty_each > 0"
)
_WALK_AT_TASK = _WALK.replace(_FIRST_OPEN, ":task")


@dataclass(frozen=True)
class Stop:
    """What lies where a picker stands. `spoilt`: nobody may be sent for these any more.

    `promises`: what the stop's task is promised here, by layer.
    """

    lying: tuple[Here, ...]
    spoilt: tuple[Here, ...]
    policy: Policy
    promises: Mapping[int, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Walk:
    """The walk a station is on: its row, with the first open stop's columns (`task_id` None = none is left)."""

    row: Any
    stop: Stop | None


def question(station_code: str) -> tuple[str, Mapping[str, Any]]:
    """What to ask for a station's walk; it needs no other answer first."""
    return _WALK, {"station": station_code}


def question_of_task(station_code: str, task_id: int) -> tuple[str, Mapping[str, Any]]:
    """`question` with another open task than the first as the stop: a batch makes several at once."""
    return _WALK_AT_TASK, {"station": station_code, "task": task_id}


def walk_on(tx: Tx, rows: Sequence[Any]) -> Walk | None:
    """The walk as it was answered; None when the station is on none."""
    if not rows:
        return None
    row = rows[0]
    return Walk(row, _stop(tx, rows) if row["task_id"] is not None else None)


def _stop(tx: Tx, rows: Sequence[Any]) -> Stop:
    first = rows[0]
    if len(rows) > 1:
        rows = sorted(rows, key=lambda row: (row["layer_id"], row["promise_id"] or 0))
    policy = Policy(first["rotation"], first["tolerance_days"], first["min_life_days"])
    present: list[Here] = []
    promises: dict[int, list[Mapping[str, Any]]] = {}
    zone = None
    for row in rows:
        layer_id = row["layer_id"]
        if layer_id is None:
            break
        if not present or present[-1].layer.layer_id != layer_id:
            layer = Layer(layer_id, row["received_on"], row["expiry_on"])
            present.append(
                Here(layer, row["on_hand_each"], row["sealed_each"], row["case_each"], row["lot"], row["serial"])
            )
            zone = zone or row["time_zone"]
        if row["promise_id"] is not None:
            promises.setdefault(layer_id, []).append(
                {
                    "id": row["promise_id"], "qty_each": row["promised_each"], "order_id": row["order_id"],
                    "item_id": row["item_id"], "location_id": row["promised_at"], "layer_id": layer_id,
                }
            )  # fmt: skip
    if zone is None:  # nothing here expires
        return Stop(tuple(present), (), policy, promises)
    day = day_in(zone, tx.now_ms)
    fit = tuple(one for one in present if is_allocatable(one.layer, day, policy.min_life_days))
    return Stop(fit, tuple(one for one in present if one not in fit), policy, promises)
