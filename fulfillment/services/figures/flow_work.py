"""Who did how much in which lane: lines and units from the ledger, hours from the scans.

A *line* is an item of an order (pick, sort, pack), a parcel (ship), or goods of one layer put into one place (receive,
putaway, replenish); it is credited to whoever moved its last unit, so that the sum over operators is the whole.
*Working time* is the time between two scans of one person, given to the lane of the second; a gap longer than
PAUSE_MS is a pause and counts for nothing. In a *zone* is what was picked from a place of it or put into one, a line
where its last unit was; time belongs to the zone of the next move of that person in that lane, the way there with it,
and to none where no move followed. Owns no table.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.flow import HOUR_MS, Lane
from fulfillment.hot import Tx
from fulfillment.services.figures.flow_period import OF_WORK, Period
from fulfillment.services.stock.lookup import PERSON

PAUSE_MS = 10 * 60_000

# Flows of the dialogue and reasons of moves have the same names here.
LANES = {
    "pick": Lane.PICK, "pack": Lane.PACK, "load": Lane.SHIP, "receive": Lane.RECEIVE, "putaway": Lane.PUTAWAY,
    "replenish": Lane.REPLENISH, "sort": Lane.SORT,
}  # fmt: skip

# Where a move was made: the place picked from, else the place put into.
_PLACE = "CASE m.reason WHEN 'pick' THEN m.from_location_id ELSE m.to_location_id END"
_REASONS = "('pick', 'sort', 'pack', 'load', 'receive', 'putaway', 'replenish')"

_TOLD = f"""
WITH told AS (
  SELECT id, scan_id, operator_id, flow, rejection, recorded_at_ms,
  LAG(recorded_at_ms) OVER (PARTITION BY operator_id ORDER BY recorded_at_ms, id) AS before_ms
  FROM scan WHERE warehouse_id = :w AND recorded_at_ms >= :from - {PAUSE_MS} AND recorded_at_ms < :until
  AND operator_id IS NOT NULL)
"""

_SPENT = f"""
SELECT operator_id, flow, COUNT(*) AS scans, SUM(CASE WHEN rejection <> '' THEN 1 ELSE 0 END) AS rejected,
SUM(CASE WHEN recorded_at_ms - before_ms > {PAUSE_MS} OR before_ms IS NULL THEN 0
  WHEN before_ms < :from THEN recorded_at_ms - :from ELSE recorded_at_ms - before_ms END) AS worked_ms
"""

_WORKED = f"{_TOLD}{_SPENT}FROM told WHERE recorded_at_ms >= :from GROUP BY operator_id, flow"

# Counted from the last scan back, a scan and those before it that moved nothing have the same number of moves.
_WORKED_IN_ZONE = f"""
{_TOLD}, done AS (
  SELECT m.scan_id, MIN(l.zone) AS zone FROM stock_move m
  JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = {_PLACE}
  WHERE m.warehouse_id = :w AND m.recorded_at_ms >= :from AND m.recorded_at_ms < :until AND m.scan_id <> ''
  AND m.reason IN {_REASONS} GROUP BY m.scan_id
), placed AS (
  SELECT t.*, d.zone,
  COUNT(d.scan_id) OVER (PARTITION BY t.operator_id, t.flow ORDER BY t.recorded_at_ms DESC, t.id DESC) AS moves
  FROM told t LEFT JOIN done d ON d.scan_id = t.scan_id WHERE t.recorded_at_ms >= :from
), there AS (
  SELECT p.*, MAX(p.zone) OVER (PARTITION BY p.operator_id, p.flow, p.moves) AS place FROM placed p
)
{_SPENT}FROM there WHERE place = :zone GROUP BY operator_id, flow
"""

_LINES = f"""
SELECT m.id, {_PLACE} AS place_id, m.reason, m.operator_id, m.qty_each, m.recorded_at_ms, m.order_id,
m.item_id, m.to_lpn_id, MAX(m.id) OVER (PARTITION BY m.reason,
  CASE m.reason WHEN 'pick' THEN m.order_id WHEN 'sort' THEN m.order_id WHEN 'pack' THEN m.order_id
  WHEN 'load' THEN m.to_lpn_id ELSE m.layer_id END,
  CASE m.reason WHEN 'pick' THEN m.item_id WHEN 'sort' THEN m.item_id WHEN 'pack' THEN m.item_id WHEN 'load' THEN 0
  ELSE m.to_location_id END
) AS last_id FROM stock_move m WHERE m.warehouse_id = :w AND m.recorded_at_ms >= :from AND m.recorded_at_ms < :until
AND m.operator_id IS NOT NULL AND m.reason IN {_REASONS}
"""

_DONE = f"""
SELECT operator_id, reason, SUM(CASE WHEN id = last_id THEN 1 ELSE 0 END) AS lines, SUM(qty_each) AS units
FROM ({_LINES}) moved WHERE 1 = 1
"""

_ROWS = f"""
SELECT d.id, d.reason, p.badge, d.recorded_at_ms, COALESCE(o.number, '') AS order_number, i.sku, d.qty_each
FROM ({_LINES}) d JOIN operator p ON p.warehouse_id = :w AND p.id = d.operator_id
JOIN item i ON i.warehouse_id = :w AND i.id = d.item_id
LEFT JOIN sales_order o ON o.warehouse_id = :w AND o.id = d.order_id
WHERE d.id = d.last_id AND d.id > :after
"""

_PEOPLE = (
    f"SELECT o.id, o.badge, {PERSON.format(alias='o')} AS number, o.name FROM operator o WHERE o.warehouse_id = :w"
)

COLUMNS = (
    "badge", "number", "operator", "lane", "lines", "units", "worked_ms", "lines_per_hour", "units_per_hour", "scans",
    "rejected",
)  # fmt: skip


def by_operator(tx: Tx, period: Period) -> list[dict[str, Any]]:
    """A row an operator and lane: what was done and how long it took."""
    figures: dict[tuple[int, Lane], dict[str, int]] = {}
    for row in tx.all(_WORKED if period.zone is None else _WORKED_IN_ZONE, **_bounds(period)):
        if row["flow"] in LANES:
            one = figures.setdefault((row["operator_id"], LANES[row["flow"]]), _nothing())
            for name in ("worked_ms", "scans", "rejected"):
                one[name] += int(row[name])
    for row in tx.all(f"{_DONE}{period.in_zone('place_id')} GROUP BY operator_id, reason", **_bounds(period)):
        one = figures.setdefault((row["operator_id"], LANES[row["reason"]]), _nothing())
        for name in ("lines", "units"):
            one[name] += int(row[name])
    people = {row["id"]: row for row in tx.all(_PEOPLE)}
    places = list(Lane)
    return [
        {
            "badge": people[operator]["badge"], "number": people[operator]["number"],
            "operator": people[operator]["name"], "lane": lane.value, **one,
            "lines_per_hour": per_hour(one["lines"], one["worked_ms"]),
            "units_per_hour": per_hour(one["units"], one["worked_ms"]),
        }
        for (operator, lane), one in sorted(
            figures.items(), key=lambda entry: (places.index(entry[0][1]), people[entry[0][0]]["badge"])
        )
        if period.operator_id in (None, operator) and period.lane in (None, lane)
    ]  # fmt: skip


def operators(tx: Tx, period: Period) -> dict[str, Any]:
    """The rows of `by_operator` and what they add up to.

    Raises:
        DomainError: `bad_filter`: scans of several orders follow one another, so time belongs to no channel or carrier.
    """
    period.only(OF_WORK, "who did how much")
    rows = by_operator(tx, period)
    return {**period.shown(), "operators": rows, "whole": totals(rows)}


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole of these rows: what its parts add up to."""
    whole = {name: sum(row[name] for row in rows) for name in _nothing()}
    return {
        **whole, "lines_per_hour": per_hour(whole["lines"], whole["worked_ms"]),
        "units_per_hour": per_hour(whole["units"], whole["worked_ms"]),
    }  # fmt: skip


def lines(tx: Tx, period: Period, after: int, limit: int) -> list[dict[str, Any]]:
    """The lines that were done, by the number of their last move."""
    said, extra = period.in_zone("d.place_id"), {}
    if period.operator_id is not None:
        said, extra = f"{said} AND d.operator_id = :operator", {"operator": period.operator_id}
    reasons = [reason for reason, lane in LANES.items() if period.lane in (None, lane)]
    said += f" AND d.reason IN ({', '.join(repr(reason) for reason in reasons)})"
    rows = tx.all(f"{_ROWS}{said} ORDER BY d.id LIMIT {int(limit)}", **_bounds(period), after=after, **extra)
    return [
        {
            "id": row["id"], "lane": LANES[row["reason"]].value, "badge": row["badge"],
            "at_ms": row["recorded_at_ms"], "order": row["order_number"], "sku": row["sku"],
            "last_each": row["qty_each"],
        }
        for row in rows
    ]  # fmt: skip


def per_hour(count: int, worked_ms: int) -> float | None:
    """A rate; None where nobody worked."""
    return round(count * HOUR_MS / worked_ms, 1) if worked_ms else None


def _bounds(period: Period) -> dict[str, Any]:
    bounds: dict[str, Any] = {"from": period.from_ms, "until": period.until_ms}
    return bounds if period.zone is None else {**bounds, "zone": period.zone}


def _nothing() -> dict[str, int]:
    return {"lines": 0, "units": 0, "worked_ms": 0, "scans": 0, "rejected": 0}
