"""What the screens read: the whole board, and what a bench shows beside its dialogue.

Plain SQL on a reading connection (`queries.snapshot`); nothing here writes, locks or decides. A lane shows
at most LANE_SHOWN cards, the most urgent first (the newest first where nothing is left to do), and always
its full count.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from fulfillment.domain.effects import EffectState
from fulfillment.domain.orders import OrderState

LANE_SHOWN = 50
LIST_SHOWN = 20
FINISHED = (OrderState.SHIPPED, OrderState.CANCELLED)

# Prints somebody may have to look after; confirmed and cancelled ones are history.
PRINT_STATES = (
    EffectState.QUEUED, EffectState.CLAIMED, EffectState.SENDING, EffectState.SENT, EffectState.HELD,
    EffectState.UNCERTAIN, EffectState.FAILED,
)  # fmt: skip


def board(connection: Any, warehouse_id: int = 1) -> dict[str, Any]:
    """Lanes with their counts and cards, walks, open work, prints, printers and stations, as they are now."""
    return {
        "now_ms": time.time_ns() // 1_000_000,
        "lanes": _lanes(connection, warehouse_id),
        "orders": _cards(connection, warehouse_id),
        "shorts": _rows(connection, _SHORTS, warehouse_id),
        "tasks": _tasks(connection, warehouse_id),
        "prints": _prints(connection, warehouse_id),
        "tours": _tours(connection, warehouse_id),
        "printers": _rows(connection, _PRINTERS, warehouse_id),
        "stations": _rows(connection, _STATIONS, warehouse_id),
    }


def etag(view: dict[str, Any]) -> str:
    """Names the content of a board; the clock in it does not count."""
    said = json.dumps({key: value for key, value in view.items() if key != "now_ms"}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def station(connection: Any, code: str, warehouse_id: int = 1) -> dict[str, Any] | None:
    """A station's head line: what it is, who works at it, its printers. None: no such station."""
    found = _rows(connection, _STATION, warehouse_id, code=code)
    if not found:
        return None
    return {**found[0], "printers": _rows(connection, _PRINTERS_OF, warehouse_id, code=code)}


def bench_lines(connection: Any, order_number: str, warehouse_id: int = 1) -> list[dict[str, Any]]:
    """What of an order is on its bench: wanted, picked and packed, an entry for each item."""
    return _rows(connection, _BENCH_LINES, warehouse_id, number=order_number)


def _lanes(connection: Any, warehouse_id: int) -> dict[str, int]:
    counts = {state.value: 0 for state in OrderState}
    for row in _rows(connection, _LANE_COUNTS, warehouse_id):
        counts[row["state"]] = row["orders"]
    counts["short"] = _rows(connection, _SHORT_ORDERS, warehouse_id)[0]["orders"]
    return counts


def _cards(connection: Any, warehouse_id: int) -> list[dict[str, Any]]:
    return _rows(connection, _CARDS, warehouse_id, shown=LANE_SHOWN)


def _tasks(connection: Any, warehouse_id: int) -> dict[str, int]:
    counts = {"putaway": 0, "pick": 0, "put_back": 0, "count": 0}
    for row in _rows(connection, _OPEN_TASKS, warehouse_id):
        counts[row["kind"]] = row["tasks"]
    return counts


def _prints(connection: Any, warehouse_id: int) -> dict[str, Any]:
    counts = {state.value: 0 for state in PRINT_STATES}
    for row in _rows(connection, _PRINT_COUNTS, warehouse_id):
        counts[row["state"]] = row["prints"]
    return {"counts": counts, "attention": _rows(connection, _PRINTS_TO_SEE, warehouse_id, shown=LIST_SHOWN)}


def _tours(connection: Any, warehouse_id: int) -> dict[str, Any]:
    totals = _rows(connection, _TOUR_TOTALS, warehouse_id)[0]
    return {**totals, "active": _rows(connection, _ACTIVE_TOURS, warehouse_id)}


def _rows(connection: Any, sql: str, warehouse_id: int, **params: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sql, {"w": warehouse_id, **params}).fetchall()]


_LANE_COUNTS = "SELECT state, COUNT(*) AS orders FROM sales_order WHERE warehouse_id = :w GROUP BY state"

_SHORT_ORDERS = """
SELECT COUNT(DISTINCT d.order_id) AS orders FROM sales_order o
JOIN demand d ON d.warehouse_id = o.warehouse_id AND d.order_id = o.id
WHERE o.warehouse_id = :w AND o.state NOT IN ('shipped', 'cancelled', 'hold')
AND d.ordered_each - d.cancelled_each > d.allocated_each
"""

_SHORTS = """
SELECT i.sku, i.name, SUM(d.ordered_each - d.cancelled_each - d.allocated_each) AS missing_each,
COUNT(*) AS orders FROM sales_order o
JOIN demand d ON d.warehouse_id = o.warehouse_id AND d.order_id = o.id
JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id
WHERE o.warehouse_id = :w AND o.state NOT IN ('shipped', 'cancelled', 'hold')
AND d.ordered_each - d.cancelled_each > d.allocated_each
GROUP BY i.id, i.sku, i.name ORDER BY missing_each DESC, i.sku LIMIT 20
"""

# A finished order is of interest while it is fresh, any other while its carrier has not left.
_CARDS = """
WITH ranked AS (
  SELECT id, channel, number, state, policy, priority, ordered_at_ms, cut_off_at_ms, state_since_ms, country,
  hold_reason, hold_note, carrier_id, ROW_NUMBER() OVER (
    PARTITION BY state ORDER BY CASE WHEN state IN ('shipped', 'cancelled') THEN -state_since_ms ELSE 0 END,
    priority DESC, cut_off_at_ms, ordered_at_ms, id) AS place
  FROM sales_order WHERE warehouse_id = :w)
SELECT r.number, r.channel, r.state, r.policy, r.priority, r.ordered_at_ms, r.cut_off_at_ms,
r.state_since_ms AS since_ms, r.country, r.hold_reason, r.hold_note, COALESCE(c.code, '') AS carrier,
CASE WHEN COUNT(d.id) > 0 THEN COUNT(d.id) ELSE (SELECT COUNT(*) FROM order_line n
  WHERE n.warehouse_id = :w AND n.order_id = r.id) END AS lines,
COALESCE(SUM(d.ordered_each - d.cancelled_each), (SELECT SUM(n.qty_each) FROM order_line n
  WHERE n.warehouse_id = :w AND n.order_id = r.id)) AS units,
COALESCE(SUM(d.picked_each), 0) AS picked_each, COALESCE(SUM(d.packed_each), 0) AS packed_each,
COALESCE(SUM(d.ordered_each - d.cancelled_each - d.allocated_each), 0) AS missing_each
FROM ranked r LEFT JOIN carrier c ON c.warehouse_id = :w AND c.id = r.carrier_id
LEFT JOIN demand d ON d.warehouse_id = :w AND d.order_id = r.id
WHERE r.place <= :shown
GROUP BY r.id, r.number, r.channel, r.state, r.policy, r.priority, r.ordered_at_ms, r.cut_off_at_ms, r.state_since_ms,
r.country, r.hold_reason, r.hold_note, c.code, r.place ORDER BY r.state, r.place
"""

_OPEN_TASKS = """
SELECT kind, COUNT(*) AS tasks FROM task WHERE warehouse_id = :w AND state = 'open'
AND kind IN ('putaway', 'pick', 'put_back', 'count') GROUP BY kind
"""

_PRINT_COUNTS = """
SELECT state, COUNT(*) AS prints FROM outbox WHERE warehouse_id = :w AND kind = 'print'
AND state IN ('queued', 'claimed', 'sending', 'sent', 'held', 'uncertain', 'failed') GROUP BY state
"""

_PRINTS_TO_SEE = """
SELECT e.id, e.subject, e.template, e.state, e.result, COALESCE(p.code, '') AS printer FROM outbox e
LEFT JOIN printer p ON p.warehouse_id = e.warehouse_id AND p.id = e.printer_id
WHERE e.warehouse_id = :w AND e.kind = 'print' AND e.state IN ('held', 'uncertain', 'failed')
ORDER BY e.id LIMIT :shown
"""

_TOUR_TOTALS = """
SELECT COALESCE(SUM(CASE WHEN state = 'planned' THEN 1 ELSE 0 END), 0) AS planned,
COALESCE(SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) AS done,
COALESCE(SUM(distance_dm), 0) AS distance_dm, COALESCE(SUM(s_shape_dm), 0) AS s_shape_dm
FROM tour WHERE warehouse_id = :w
"""

_ACTIVE_TOURS = """
SELECT t.id AS tour, COALESCE(o.name, '') AS operator, COALESCE(s.code, '') AS station, COALESCE(c.code, '') AS cart,
t.distance_dm, COALESCE(t.claimed_at_ms, 0) AS claimed_at_ms, COUNT(k.id) AS stops_total,
COALESCE(SUM(CASE WHEN k.state = 'open' THEN 0 ELSE 1 END), 0) AS stops_done,
COALESCE((SELECT l.code FROM task n JOIN location l ON l.warehouse_id = n.warehouse_id AND l.id = n.location_id
  WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id AND n.state = 'open'
  ORDER BY n.sequence, n.id LIMIT 1), '') AS location
FROM tour t LEFT JOIN operator o ON o.warehouse_id = t.warehouse_id AND o.id = t.operator_id
LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id
LEFT JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id
LEFT JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id
WHERE t.warehouse_id = :w AND t.state = 'active'
GROUP BY t.warehouse_id, t.id, o.name, s.code, c.code, t.distance_dm, t.claimed_at_ms ORDER BY t.id
"""

_WAITING_PRINTS = """
(SELECT COUNT(*) FROM outbox e WHERE e.warehouse_id = p.warehouse_id AND e.kind = 'print'
 AND e.state IN ('queued', 'claimed', 'sending', 'held') AND e.printer_id = p.id) AS waiting
"""

_PRINTERS = f"""
SELECT p.code, p.language, p.state, p.reason, {_WAITING_PRINTS} FROM printer p WHERE p.warehouse_id = :w ORDER BY p.code
"""

_PRINTERS_OF = f"""
SELECT p.code, p.language, p.state, p.reason, {_WAITING_PRINTS} FROM station s
JOIN printer p ON p.warehouse_id = s.warehouse_id AND p.id IN (s.label_printer_id, s.slip_printer_id)
WHERE s.warehouse_id = :w AND s.code = :code ORDER BY p.language DESC, p.code
"""

_STATION_COLUMNS = """
s.code, s.kind, s.name, COALESCE(o.name, '') AS operator, COALESCE(o.role, '') AS role,
COALESCE(d.flow, 'home') AS flow, COALESCE(d.state, 'signed_out') AS state
FROM station s LEFT JOIN dialogue d ON d.warehouse_id = s.warehouse_id AND d.station_id = s.id
LEFT JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id
"""

_STATIONS = f"SELECT {_STATION_COLUMNS} WHERE s.warehouse_id = :w AND s.kind <> 'board' ORDER BY s.code"

_STATION = f"SELECT {_STATION_COLUMNS} WHERE s.warehouse_id = :w AND s.code = :code"

_BENCH_LINES = """
SELECT i.sku, i.name, d.ordered_each - d.cancelled_each AS wanted_each, d.picked_each, d.packed_each
FROM sales_order o JOIN demand d ON d.warehouse_id = o.warehouse_id AND d.order_id = o.id
JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id
WHERE o.warehouse_id = :w AND o.number = :number AND d.picked_each > 0 ORDER BY d.id LIMIT 200
"""
