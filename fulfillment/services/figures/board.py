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
from fulfillment.services.equipment.device_trouble import in_trouble
from fulfillment.services.equipment.devices import SILENT_AFTER_MS
from fulfillment.services.figures import problems
from fulfillment.services.releasing import wave_board

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
    now_ms = time.time_ns() // 1_000_000
    return {
        "now_ms": now_ms,
        "lanes": _lanes(connection, warehouse_id),
        "oldest": {row["state"]: row["since_ms"] for row in _rows(connection, _OLDEST, warehouse_id)},
        "orders": _cards(connection, warehouse_id),
        "shorts": _rows(connection, _SHORTS, warehouse_id),
        "tasks": _tasks(connection, warehouse_id),
        "prints": _prints(connection, warehouse_id),
        "conflicts": _rows(connection, _OPEN_CONFLICTS, warehouse_id)[0]["conflicts"],
        "tours": _tours(connection, warehouse_id),
        "printers": _rows(connection, _PRINTERS, warehouse_id),
        "devices": in_trouble(connection, now_ms, warehouse_id),
        "problems": _rows(connection, problems.OPEN_COUNT, warehouse_id)[0]["problems"],
        "stations": _rows(connection, _STATIONS, warehouse_id),
        "wave": wave_board.waves_shown(connection, warehouse_id),
    }


def etag(view: dict[str, Any]) -> str:
    """Names the content of a board; the clock in it does not count."""
    said = json.dumps({key: value for key, value in view.items() if key != "now_ms"}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def trouble(connection: Any, now_ms: int, warehouse_id: int = 1) -> dict[str, int]:
    """How many of each want somebody; of prints and devices no more than the board shows."""
    return {
        "shorts": _rows(connection, _SHORT_ORDERS, warehouse_id)[0]["orders"],
        "conflicts": _rows(connection, _OPEN_CONFLICTS, warehouse_id)[0]["conflicts"],
        "problems": _rows(connection, problems.OPEN_COUNT, warehouse_id)[0]["problems"],
        "prints": len(_rows(connection, _PRINTS_TO_SEE, warehouse_id, shown=LIST_SHOWN)),
        "devices": len(in_trouble(connection, now_ms, warehouse_id)),
    }


def station(connection: Any, code: str, warehouse_id: int = 1) -> dict[str, Any] | None:
    """A station's head line: what it is, who works at it, its printers. None: no such station."""
    found = _rows(connection, _STATION, warehouse_id, code=code)
    if not found:
        return None
    head = found[0]
    if not head.pop("has_printers"):
        return {**head, "printers": []}
    since = time.time_ns() // 1_000_000 - SILENT_AFTER_MS
    return {**head, "printers": _rows(connection, _PRINTERS_OF, warehouse_id, code=code, since=since)}


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
    # A lane at a time: the database then keeps its best LANE_SHOWN instead of sorting every order there is.
    cards = []
    for state in OrderState:
        order_by = "o.state_since_ms DESC, o.id" if state in FINISHED else _BY_URGENCY
        lane = _CARDS.format(order_by=order_by)
        cards += _rows(connection, lane, warehouse_id, state=state.value, shown=LANE_SHOWN)
    figures = _figures(connection, warehouse_id, _FIGURES, cards)
    # An order on hold for an unknown SKU has lines and no demand.
    without = [card for card in cards if card["id"] not in figures]
    figures |= _figures(connection, warehouse_id, _LINE_FIGURES, without)
    nothing = {"lines": 0, "units": 0, "picked_each": 0, "packed_each": 0, "missing_each": 0}
    return [{**card, **figures.get(card["id"], nothing)} for card in cards]


def _figures(connection: Any, warehouse_id: int, sql: str, cards: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    numbers = ", ".join(str(int(card["id"])) for card in cards)
    rows = _rows(connection, sql.format(orders=numbers), warehouse_id) if numbers else []
    return {row.pop("order_id"): row for row in rows}


def _tasks(connection: Any, warehouse_id: int) -> dict[str, int]:
    counts = {"putaway": 0, "replenish": 0, "pick": 0, "put_back": 0, "count": 0}
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
    return {
        **totals, "active": _rows(connection, _ACTIVE_TOURS, warehouse_id),
        "waves": _rows(connection, _OPEN_WAVES, warehouse_id, shown=LIST_SHOWN),
    }  # fmt: skip


def _rows(connection: Any, sql: str, warehouse_id: int, **params: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sql, {"w": warehouse_id, **params}).fetchall()]


_LANE_COUNTS = "SELECT state, COUNT(*) AS orders FROM sales_order WHERE warehouse_id = :w GROUP BY state"

# How long the oldest of a lane has been in it; where nothing is left to do no age counts.
_OLDEST = """
SELECT state, MIN(state_since_ms) AS since_ms FROM sales_order
WHERE warehouse_id = :w AND state NOT IN ('shipped', 'cancelled') GROUP BY state ORDER BY state
"""

# Few lines are short of stock, so those are looked for first and their orders second.
_MISSING = """
WITH missing AS MATERIALIZED (
  SELECT order_id, item_id, ordered_each - cancelled_each - allocated_each AS missing_each FROM demand
  WHERE warehouse_id = :w AND ordered_each - cancelled_each > allocated_each)
"""

_SHORT_ORDERS = f"""{_MISSING}
SELECT COUNT(DISTINCT o.id) AS orders FROM missing m
JOIN sales_order o ON o.warehouse_id = :w AND o.id = m.order_id
WHERE o.state NOT IN ('shipped', 'cancelled', 'hold')
"""

_SHORTS = f"""{_MISSING}
SELECT i.sku, i.name, SUM(m.missing_each) AS missing_each, COUNT(*) AS orders FROM missing m
JOIN sales_order o ON o.warehouse_id = :w AND o.id = m.order_id
JOIN item i ON i.warehouse_id = :w AND i.id = m.item_id
WHERE o.state NOT IN ('shipped', 'cancelled', 'hold')
GROUP BY i.id, i.sku, i.name ORDER BY missing_each DESC, i.sku LIMIT 20
"""

# An order is urgent while its carrier has not left; a finished one is of interest while it is fresh.
_BY_URGENCY = "o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id"

_CARDS = """
SELECT o.id, o.number, o.channel, o.state, o.policy, o.priority, o.ordered_at_ms, o.cut_off_at_ms,
o.state_since_ms AS since_ms, o.country, o.hold_reason, o.hold_note, COALESCE(c.code, '') AS carrier
FROM sales_order o LEFT JOIN carrier c ON c.warehouse_id = o.warehouse_id AND c.id = o.carrier_id
WHERE o.warehouse_id = :w AND o.state = :state ORDER BY {order_by} LIMIT :shown
"""

_FIGURES = """
SELECT order_id, COUNT(*) AS lines, SUM(ordered_each - cancelled_each) AS units, SUM(picked_each) AS picked_each,
SUM(packed_each) AS packed_each, SUM(ordered_each - cancelled_each - allocated_each) AS missing_each
FROM demand WHERE warehouse_id = :w AND order_id IN ({orders}) GROUP BY order_id
"""

_LINE_FIGURES = """
SELECT order_id, COUNT(*) AS lines, SUM(qty_each) AS units, 0 AS picked_each, 0 AS packed_each, 0 AS missing_each
FROM order_line WHERE warehouse_id = :w AND order_id IN ({orders}) GROUP BY order_id
"""

_OPEN_TASKS = """
SELECT kind, COUNT(*) AS tasks FROM task WHERE warehouse_id = :w AND state = 'open'
AND kind IN ('putaway', 'replenish', 'pick', 'put_back', 'count') GROUP BY kind
"""

_PRINT_COUNTS = """
SELECT state, COUNT(*) AS prints FROM outbox WHERE warehouse_id = :w AND kind = 'print'
AND state IN ('queued', 'claimed', 'sending', 'sent', 'held', 'uncertain', 'failed') GROUP BY state
"""

# Those that only follow from another are decided with it.
_OPEN_CONFLICTS = """
SELECT COUNT(*) AS conflicts FROM replay_conflict WHERE warehouse_id = :w AND decision = '' AND first_id IS NULL
"""

_PRINTS_TO_SEE = """
SELECT e.id, e.subject, e.template, e.state, e.result, 
COALESCE(p.code, CASE e.kind WHEN 'print' THEN '' ELSE e.template END) AS printer FROM outbox e
LEFT JOIN printer p ON p.warehouse_id = e.warehouse_id AND p.id = e.printer_id
WHERE e.warehouse_id = :w AND e.state IN ('held', 'uncertain', 'failed')
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
t.distance_dm, t.s_shape_dm, t.location_order_dm, t.lower_bound_dm, t.free_dm,
COALESCE(t.claimed_at_ms, 0) AS claimed_at_ms,
COALESCE((SELECT n.walk_left_dm FROM task n WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id
  AND n.state = 'open' ORDER BY n.sequence, n.id LIMIT 1), 0) AS walk_left_dm, COUNT(k.id) AS stops_total,
COALESCE(SUM(CASE WHEN k.state = 'open' THEN 0 ELSE 1 END), 0) AS stops_done,
COALESCE((SELECT l.code FROM task n JOIN location l ON l.warehouse_id = n.warehouse_id AND l.id = n.location_id
  WHERE n.warehouse_id = t.warehouse_id AND n.tour_id = t.id AND n.state = 'open'
  ORDER BY n.sequence, n.id LIMIT 1), '') AS location, t.zone, COALESCE(w.code, '') AS waits_at
FROM tour t LEFT JOIN operator o ON o.warehouse_id = t.warehouse_id AND o.id = t.operator_id
LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id
LEFT JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id
LEFT JOIN location w ON w.warehouse_id = t.warehouse_id AND w.id = t.waits_at_id
LEFT JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id
WHERE t.warehouse_id = :w AND t.state = 'active'
GROUP BY t.warehouse_id, t.id, o.name, s.code, c.code, t.distance_dm, t.s_shape_dm, t.location_order_dm,
t.lower_bound_dm, t.free_dm, t.claimed_at_ms, t.zone, w.code ORDER BY t.id
"""

# Waves that are walked now; what the walks of a wave are against is of all its tours, done or not.
_OPEN_WAVES = """
SELECT v.id AS wave, v.lower_bound_dm, v.fifo_s_shape_dm, COUNT(t.id) AS tours,
COALESCE(SUM(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END), 0) AS tours_done,
COALESCE(SUM(t.distance_dm), 0) AS distance_dm, COALESCE(SUM(t.s_shape_dm), 0) AS s_shape_dm,
COALESCE(SUM(t.location_order_dm), 0) AS location_order_dm,
COALESCE(SUM(CASE WHEN t.free_dm > 0 THEN t.free_dm END), 0) AS free_dm,
COALESCE(SUM(CASE WHEN t.free_dm > 0 THEN t.distance_dm - t.free_dm END), 0) AS order_cost_dm,
COALESCE(SUM(CASE WHEN t.distance_dm = t.lower_bound_dm THEN 1 ELSE 0 END), 0) AS proven
FROM wave v JOIN tour t ON t.warehouse_id = v.warehouse_id AND t.wave_id = v.id
WHERE v.warehouse_id = :w AND v.state = 'released' GROUP BY v.warehouse_id, v.id, v.lower_bound_dm, v.fifo_s_shape_dm
ORDER BY v.id DESC LIMIT :shown
"""

_WAITING_PRINTS = """
(SELECT COUNT(*) FROM outbox e WHERE e.warehouse_id = p.warehouse_id AND e.kind = 'print'
 AND e.state IN ('queued', 'claimed', 'sending', 'held') AND e.printer_id = p.id) AS waiting
"""

_PRINTERS = f"""
SELECT p.code, p.language, p.state, p.reason, {_WAITING_PRINTS} FROM printer p WHERE p.warehouse_id = :w ORDER BY p.code
"""

# What an agent that is not heard last said of its printers holds no more.
_IS_CUT_OFF = "p.agent_id IS NOT NULL AND a.id IS NULL AND p.state <> 'disabled'"

_PRINTERS_OF = f"""
SELECT p.code, p.language, CASE WHEN {_IS_CUT_OFF} THEN 'offline' ELSE p.state END AS state,
CASE WHEN {_IS_CUT_OFF} THEN 'agent_silent' ELSE p.reason END AS reason, {_WAITING_PRINTS} FROM station s
JOIN printer p ON p.warehouse_id = s.warehouse_id AND p.id IN (s.label_printer_id, s.slip_printer_id, s.item_printer_id)
LEFT JOIN bench_agent a ON a.warehouse_id = p.warehouse_id AND a.id = p.agent_id AND a.state = 'running'
AND a.seen_at_ms >= :since
WHERE s.warehouse_id = :w AND s.code = :code ORDER BY p.language DESC, p.code
"""

_STATION_COLUMNS = """
s.code, s.kind, s.name, COALESCE(o.name, '') AS operator, COALESCE(o.role, '') AS role,
COALESCE(d.flow, 'home') AS flow, COALESCE(d.state, 'signed_out') AS state
FROM station s LEFT JOIN dialogue d ON d.warehouse_id = s.warehouse_id AND d.station_id = s.id
LEFT JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id
"""

_STATIONS = f"SELECT {_STATION_COLUMNS} WHERE s.warehouse_id = :w AND s.kind <> 'board' ORDER BY s.code"

_STATION = f"""
SELECT COALESCE(o.language, '') AS language, d.operator_id,
(SELECT h.auto_lock_min FROM warehouse h WHERE h.id = :w) AS auto_lock_min,
CASE WHEN EXISTS (SELECT 1 FROM operator_pin p WHERE p.warehouse_id = :w AND p.operator_id = o.id) THEN 1 ELSE 0 END
AS has_pin,
CASE WHEN COALESCE(s.label_printer_id, s.slip_printer_id, s.item_printer_id) IS NULL THEN 0 ELSE 1 END AS has_printers,
{_STATION_COLUMNS} WHERE s.warehouse_id = :w AND s.code = :code
"""

_BENCH_LINES = """
SELECT i.sku, i.name, d.ordered_each - d.cancelled_each AS wanted_each, d.picked_each, d.packed_each,
COALESCE((SELECT MAX(n.instead_of) FROM order_line n WHERE n.warehouse_id = o.warehouse_id AND n.order_id = o.id
AND n.item_id = d.item_id), '') AS instead_of
FROM sales_order o JOIN demand d ON d.warehouse_id = o.warehouse_id AND d.order_id = o.id
JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id
WHERE o.warehouse_id = :w AND o.number = :number AND d.picked_each > 0 ORDER BY d.id LIMIT 200
"""
