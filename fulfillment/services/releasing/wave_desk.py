"""What a supervisor steers by: waves under way with their tours, who does what at which rate, what is stuck, who waits.

Only reads. Invariant: what is shown of a tour is enough to decide over it; names of people are shown to whoever may
read the board, as they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.orders import OrderState
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_work
from fulfillment.services.figures.flow_period import Period
from fulfillment.services.ordering import calendars
from fulfillment.services.stock.lookup import PERSON

HOUR_MS = 3_600_000
STUCK_MS = 15 * 60_000
TOURS_SHOWN = 200
TASKS_SHOWN = 20


def seen(tx: Tx) -> dict[str, Any]:
    """Waves, people and lanes as they are now; times in ms since 1970, rates in lines an hour."""
    waves = [dict(row) for row in tx.all(_WAVES)]
    tours: dict[int, list[dict[str, Any]]] = {}
    for row in tx.all(f"{_TOURS} LIMIT {TOURS_SHOWN}"):
        tours.setdefault(row["wave"], []).append(_tour(row, tx.now_ms))
    return {
        "now_ms": tx.now_ms,
        "waves": [{**wave, "tours_open": tours.get(wave["wave"], [])} for wave in waves],
        "people": _people(tx), "stuck_tasks": _stuck_tasks(tx),
        "lanes": _lanes(tx),
        "pickers": [dict(row) for row in tx.all(_PICKERS)],
    }


def _tour(row: Any, now_ms: int) -> dict[str, Any]:
    tour = dict(row)
    moved_ms = tour.pop("moved_at_ms") or tour["claimed_at_ms"] or now_ms
    tour["is_waiting_at_cart"] = tour["state"] == "active" and not tour["station"]
    tour["is_stuck"] = tour["state"] == "active" and now_ms - moved_ms >= STUCK_MS
    tour["still_ms"] = now_ms - moved_ms if tour["state"] == "active" else 0
    return tour


def _stuck_tasks(tx: Tx) -> list[dict[str, Any]]:
    """Refills somebody took a while ago and has not made; stops of tours stand still with their tour."""
    rows = tx.all(_STUCK_TASKS, before=tx.now_ms - STUCK_MS)
    return [
        {**{name: row[name] for name in ("operator", "station", "location", "kind")},
         "still_ms": tx.now_ms - row["claimed_at_ms"]}
        for row in rows
    ]  # fmt: skip


def _people(tx: Tx) -> list[dict[str, Any]]:
    """Who is signed in, where they are or go, and what they did of that lane's work within the hour."""
    hour = Period(tx.now_ms - HOUR_MS, tx.now_ms + 1, calendars.load(tx))
    done = {(row["number"], row["lane"]): row for row in flow_work.by_operator(tx, hour)}
    return [_person(dict(row), done) for row in tx.all(_PEOPLE)]


def _person(person: dict[str, Any], done: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    lane = flow_work.LANES.get(person["flow"])
    work = None if lane is None else done.get((person.pop("number"), lane.value))
    person.pop("number", None)
    if work is None:
        return {**person, "lines": 0, "lines_per_hour": 0}
    # Over the time somebody was at it, five minutes at least: two quick lines are no rate.
    worked_ms = max(work["worked_ms"], HOUR_MS // 12)
    return {**person, "lines": work["lines"], "lines_per_hour": round(work["lines"] * HOUR_MS / worked_ms)}


def _lanes(tx: Tx) -> list[dict[str, Any]]:
    rows = {row["state"]: dict(row) for row in tx.all(_LANES)}
    open_states = [state for state in OrderState if state not in (OrderState.SHIPPED, OrderState.CANCELLED)]
    return [rows[state.value] for state in open_states if state.value in rows]


_WAVES = """
SELECT v.id AS wave, v.state, v.mode, v.priority, COALESCE(v.paused_at_ms, 0) AS paused_at_ms, v.created_at_ms,
COALESCE(f.p50_at_ms, 0) AS p50_at_ms, COALESCE(f.p90_at_ms, 0) AS p90_at_ms, COALESCE(f.made_at_ms, 0) AS made_at_ms,
(SELECT COUNT(*) FROM tour t WHERE t.warehouse_id = v.warehouse_id AND t.wave_id = v.id) AS tours,
(SELECT COUNT(*) FROM tour t WHERE t.warehouse_id = v.warehouse_id AND t.wave_id = v.id AND t.state = 'done') AS done,
COALESCE((SELECT MIN(t.cut_off_at_ms) FROM tour t WHERE t.warehouse_id = v.warehouse_id AND t.wave_id = v.id
  AND t.state <> 'done'), 0) AS cut_off_at_ms
FROM wave v LEFT JOIN wave_forecast f ON f.warehouse_id = v.warehouse_id AND f.wave_id = v.id
WHERE v.warehouse_id = :w AND v.state <> 'done' ORDER BY v.priority DESC, v.id
"""

_TOURS = """
SELECT t.wave_id AS wave, t.id AS tour, t.state, t.priority, t.cut_off_at_ms, t.distance_dm,
COALESCE(t.claimed_at_ms, 0) AS claimed_at_ms, COALESCE(o.name, '') AS operator, COALESCE(s.code, '') AS station,
COALESCE(c.code, '') AS cart, COALESCE(p.name, '') AS kept_for, t.zone, COALESCE(w.code, '') AS waits_at,
(SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id) AS stops,
(SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state <> 'open') AS made,
(SELECT MAX(k.done_at_ms) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id) AS moved_at_ms,
COALESCE((SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id
  WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state = 'open'
  ORDER BY k.sequence, k.id LIMIT 1), '') AS location
FROM tour t LEFT JOIN operator o ON o.warehouse_id = t.warehouse_id AND o.id = t.operator_id
LEFT JOIN operator p ON p.warehouse_id = t.warehouse_id AND p.id = t.for_operator_id
LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id
LEFT JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id
LEFT JOIN location w ON w.warehouse_id = t.warehouse_id AND w.id = t.waits_at_id
WHERE t.warehouse_id = :w AND t.state <> 'done'
ORDER BY CASE t.state WHEN 'active' THEN 0 ELSE 1 END, t.priority DESC, t.cut_off_at_ms, t.id
"""

# A picker is on the way to the open stop of the tour at that handheld, everybody else where their station stands.
_PEOPLE = f"""
SELECT s.code AS station, o.name AS operator, {PERSON.format(alias='o')} AS number, d.flow,
COALESCE((SELECT l.code FROM tour t JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id
  AND k.state = 'open' JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id
  WHERE t.warehouse_id = d.warehouse_id AND t.station_id = d.station_id AND t.state = 'active' AND d.flow = 'pick'
  ORDER BY k.sequence, k.id LIMIT 1), CASE WHEN s.kind = 'handheld' THEN '' ELSE h.code END, '') AS location
FROM dialogue d JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id
JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id
LEFT JOIN location h ON h.warehouse_id = s.warehouse_id AND h.id = s.location_id
WHERE d.warehouse_id = :w ORDER BY o.name, s.code
"""

_STUCK_TASKS = f"""
SELECT k.kind, k.claimed_at_ms, COALESCE(o.name, '') AS operator, COALESCE(s.code, '') AS station,
COALESCE(l.code, '') AS location FROM task k
LEFT JOIN operator o ON o.warehouse_id = k.warehouse_id AND o.id = k.operator_id
LEFT JOIN station s ON s.warehouse_id = k.warehouse_id AND s.id = k.station_id
LEFT JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id
WHERE k.warehouse_id = :w AND k.kind = 'replenish' AND k.state = 'open' AND k.tour_id IS NULL
AND k.claimed_at_ms <= :before ORDER BY k.claimed_at_ms, k.id LIMIT {TASKS_SHOWN}
"""

_LANES = """
SELECT state, COUNT(*) AS orders, MIN(state_since_ms) AS oldest_since_ms, MIN(cut_off_at_ms) AS cut_off_at_ms
FROM sales_order WHERE warehouse_id = :w AND state NOT IN ('shipped', 'cancelled') GROUP BY state
"""

_PICKERS = f"""
SELECT {PERSON.format(alias='o')} AS code, o.name FROM operator o WHERE o.warehouse_id = :w AND o.is_active = 1
AND o.role IN ('picker', 'supervisor', 'admin') ORDER BY o.name, o.id LIMIT 200
"""
