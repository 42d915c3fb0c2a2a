"""The flow figures: each with its definition, numerator, denominator, and the rows it is made of.

Filters a figure says nothing about leave it out of the answer, which says so, rather than show the whole as a part.
Reads orders, tasks, receipts, counts, scans and the ledger; owns nothing. Memory and time are bounded by the period
and by ORDERS_MAX durations; what was left out is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.flow import Filter, Lane, Spread, spread
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.pages import check_limit
from fulfillment.services.counting.inventory_accuracy import accuracy_between
from fulfillment.services.figures import flow_work
from fulfillment.services.figures.flow_histories import ORDERS_MAX
from fulfillment.services.figures.flow_period import HOUR_MS, OF_ORDERS, Period

ROWS_MAX = 1000

LANE_RATES = {"lines_per_hour": "lines", "units_per_hour": "units"}  # of whichever lane is asked for


@dataclass(frozen=True)
class Counted:
    """What a figure came to. `times`: percentiles, of figures that are durations; `left_out`: durations not read."""

    numerator: int
    denominator: int | None
    times: Spread | None = None
    left_out: int = 0


@dataclass(frozen=True)
class Figure:
    """A figure: `unit` says how numerator and denominator make its value (`percent`, `per_hour` of a denominator in
    ms, `ms` each, `count`); `takes`: which filters it honours besides the lane; `lane`: whose it is, None = the
    whole house's; `count` None = a rate of the lanes' work."""

    code: str
    definition: str
    unit: str
    count: Callable[[Tx, Period], Counted] | None
    rows: Callable[[Tx, Period, int, int], list[dict[str, Any]]]
    takes: frozenset[Filter] = OF_ORDERS
    lane: Lane | None = None


COLUMNS = (
    "figure", "unit", "value", "numerator", "denominator", "p50_ms", "p85_ms", "p95_ms", "longest_ms", "left_out",
    "definition",
)  # fmt: skip


def figures(tx: Tx, period: Period) -> dict[str, Any]:
    """All figures the filters allow; `not_cut` names the others, each with the filters that say nothing about it."""
    uncut = {one.code: _uncut(one, period) for one in FIGURES}
    wanted = [one for one in FIGURES if not uncut[one.code]]
    # Both rates are of the same scans and moves, the most that is read for any figure: once is enough.
    work = flow_work.totals(flow_work.by_operator(tx, period)) if any(one.code in LANE_RATES for one in wanted) else {}
    counted = [
        Counted(work[LANE_RATES[one.code]], work["worked_ms"]) if one.count is None else one.count(tx, period)
        for one in wanted
    ]
    return {
        **period.shown(), "figures": [_shown(one, came) for one, came in zip(wanted, counted, strict=True)],
        "not_cut": [
            {"figure": code, "filters": [name.value for name in names]} for code, names in uncut.items() if names
        ],
    }  # fmt: skip


def rows_of(tx: Tx, period: Period, code: str, after: int = 0, limit: int = 100) -> dict[str, Any]:
    """The rows one figure is made of, a page at a time; `next` is the `after` of the following page.

    Raises:
        NotFound: no such figure; DomainError: a bad limit, or a filter the figure says nothing about.
    """
    check_limit(limit, ROWS_MAX)
    figure = next((one for one in FIGURES if one.code == code), None)
    if figure is None:
        raise NotFound("unknown_figure", f"no figure {code[:40]!r}", "figure")
    if names := _uncut(figure, period):
        raise DomainError("bad_filter", f"{code} cannot be cut by {', '.join(names)}", names[0])
    rows = figure.rows(tx, period, after, limit + 1)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return {**period.shown(), "figure": code, "definition": figure.definition, "rows": rows[:limit], "next": more}


def _uncut(figure: Figure, period: Period) -> tuple[Filter, ...]:
    is_of_lane = figure.lane == period.lane or figure.code in LANE_RATES
    return period.uncut(figure.takes | {Filter.LANE} if is_of_lane else figure.takes)


def _shown(figure: Figure, counted: Counted) -> dict[str, Any]:
    times = counted.times
    return {
        "figure": figure.code, "definition": figure.definition, "unit": figure.unit,
        "value": _value(figure.unit, counted), "numerator": counted.numerator, "denominator": counted.denominator,
        "p50_ms": times and times.p50, "p85_ms": times and times.p85, "p95_ms": times and times.p95,
        "longest_ms": times and times.longest, "left_out": counted.left_out,
    }  # fmt: skip


def _value(unit: str, counted: Counted) -> float | None:
    if counted.denominator is None:
        return counted.numerator
    if not counted.denominator:
        return None
    scale = {"percent": 100, "per_hour": HOUR_MS, "ms": 1}[unit]
    return round(scale * counted.numerator / counted.denominator, 2)


# --- orders --------------------------------------------------------------------------------------------------

# Released = its first pick was written; an order nobody walked for has no such time.
_RELEASED_MS = (
    "(SELECT MIN(k.created_at_ms) FROM task k WHERE k.warehouse_id = o.warehouse_id AND k.order_id = o.id"
    " AND k.kind = 'pick')"
)
_COLUMNS = (
    "o.id, o.number AS order_number, o.channel, o.state, o.created_at_ms AS taken_ms, o.cut_off_at_ms,"
    " o.state_since_ms"
)
_SHIPPED = (
    "FROM sales_order o WHERE o.warehouse_id = :w AND o.state = 'shipped' AND o.state_since_ms >= :from"
    " AND o.state_since_ms < :until"
)
_OPEN = ", ".join(
    f"'{state}'"
    for state in ("hold", "waiting", "allocated", "released", "picking", "picked", "packing", "packed", "loaded")
)
# Here at the end: those that are here still, and those that left later.
_HERE = (
    f"FROM (SELECT o.* FROM sales_order o WHERE o.warehouse_id = :w AND o.state IN ({_OPEN})"
    " AND o.created_at_ms < :until UNION ALL SELECT o.* FROM sales_order o WHERE o.warehouse_id = :w"
    " AND o.state IN ('shipped', 'cancelled') AND o.state_since_ms >= :until AND o.created_at_ms < :until) o"
    " WHERE o.warehouse_id = :w"
)
_DUE = (
    "FROM sales_order o WHERE o.warehouse_id = :w AND o.cut_off_at_ms >= :from AND o.cut_off_at_ms < :until"
    " AND o.state <> 'cancelled'"
)
_CYCLED = f"{_SHIPPED} AND {_RELEASED_MS} IS NOT NULL"
_ON_TIME = "CASE WHEN o.state = 'shipped' AND o.state_since_ms <= o.cut_off_at_ms THEN 1 ELSE 0 END"


def _orders(chosen: str, extra: str = "") -> Callable[[Tx, Period, int, int], list[dict[str, Any]]]:
    def rows(tx: Tx, period: Period, after: int, limit: int) -> list[dict[str, Any]]:
        found = tx.all(
            f"SELECT {_COLUMNS}{extra} {chosen}{period.orders()} AND o.id > :after ORDER BY o.id LIMIT {int(limit)}",
            after=after, **period.params,
        )
        return [dict(row) for row in found]

    return rows


def _count(tx: Tx, period: Period, chosen: str) -> int:
    return int(tx.one(f"SELECT COUNT(*) AS n {chosen}{period.orders()}", **period.params)["n"])


def _durations(tx: Tx, period: Period, chosen: str, duration: str) -> Counted:
    rows = tx.all(
        f"SELECT {duration} AS took_ms {chosen}{period.orders()} ORDER BY o.id DESC LIMIT {ORDERS_MAX}", **period.params
    )
    took_ms = [row["took_ms"] for row in rows]
    left_out = _count(tx, period, chosen) - len(rows) if len(rows) == ORDERS_MAX else 0
    return Counted(sum(took_ms), len(took_ms), spread(took_ms), left_out)


def _throughput(tx: Tx, period: Period) -> Counted:
    return Counted(_count(tx, period, _SHIPPED), period.calendar.open_ms_between(period.from_ms, period.until_ms))


def _wip(tx: Tx, period: Period) -> Counted:
    return Counted(_count(tx, period, _HERE), None)


def _age(tx: Tx, period: Period) -> Counted:
    return _durations(tx, period, _HERE, ":until - o.created_at_ms")


def _cycle_time(tx: Tx, period: Period) -> Counted:
    return _durations(tx, period, _CYCLED, f"o.state_since_ms - {_RELEASED_MS}")


def _lead_time(tx: Tx, period: Period) -> Counted:
    return _durations(tx, period, _SHIPPED, "o.state_since_ms - o.created_at_ms")


def _on_time(tx: Tx, period: Period) -> Counted:
    row = tx.one(
        f"SELECT COUNT(*) AS due, COALESCE(SUM({_ON_TIME}), 0) AS shipped {_DUE}{period.orders()}", **period.params
    )
    return Counted(int(row["shipped"]), int(row["due"]))


# --- picks ---------------------------------------------------------------------------------------------------

_PICKED = (
    "FROM stock_move m JOIN sales_order o ON o.warehouse_id = m.warehouse_id AND o.id = m.order_id"
    " WHERE m.warehouse_id = :w AND m.recorded_at_ms >= :from AND m.recorded_at_ms < :until AND m.reason = 'pick'"
)
_SHORT = (
    "FROM task k JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id WHERE k.warehouse_id = :w"
    " AND k.kind = 'pick' AND k.state = 'short' AND k.done_at_ms >= :from AND k.done_at_ms < :until"
)
# Where the units that were missed had come from; their layer has its key, their order has none here.
_MISSED_IN_ZONE = (
    " AND EXISTS (SELECT 1 FROM stock_move p WHERE p.warehouse_id = m.warehouse_id AND p.layer_id = m.layer_id"
    " AND p.order_id = m.order_id AND p.reason = 'pick'"
)
# Who picked the line units were missed of: the order's task of that item. Parcels that are missing name no order.
_MISSED = (
    "FROM stock_move m JOIN sales_order o ON o.warehouse_id = m.warehouse_id AND o.id = m.order_id"
    " LEFT JOIN task k ON k.warehouse_id = m.warehouse_id AND k.order_id = m.order_id AND k.item_id = m.item_id"
    " AND k.kind = 'pick' AND k.done_each > 0"
    " WHERE m.warehouse_id = :w AND m.recorded_at_ms >= :from AND m.recorded_at_ms < :until AND m.reason = 'missing'"
)


def _of_work(period: Period, chosen: str) -> tuple[str, dict[str, Any]]:
    """What is asked of orders, persons and zones, to stand behind one of the three; with its parameters."""
    said, params = period.orders(), period.params
    if period.operator_id is not None:
        said, params["operator"] = f"{said} AND {_PERSON_OF[chosen]} = :operator", period.operator_id
    if period.zone is not None:
        by = " AND p.operator_id = :operator" if period.operator_id is not None else ""
        place = (
            f"{_MISSED_IN_ZONE}{by}{period.in_zone('p.from_location_id')})" if chosen is _MISSED
            else period.in_zone(_PLACE_OF[chosen])
        )  # fmt: skip
        said, params["zone"] = said + place, period.zone
    return said, params


_PERSON_OF = {_PICKED: "m.operator_id", _SHORT: "k.operator_id", _MISSED: "k.operator_id"}
_PLACE_OF = {_PICKED: "m.from_location_id", _SHORT: "k.location_id"}


def _lines(tx: Tx, period: Period, chosen: str, table: str) -> set[tuple[int, int]]:
    said, params = _of_work(period, chosen)
    rows = tx.all(f"SELECT DISTINCT {table}.order_id, {table}.item_id {chosen}{said}", **params)
    return {(row["order_id"], row["item_id"]) for row in rows}


def _line_count(tx: Tx, period: Period, chosen: str, table: str) -> int:
    said, params = _of_work(period, chosen)
    row = tx.one(
        f"SELECT COUNT(*) AS n FROM (SELECT DISTINCT {table}.order_id, {table}.item_id {chosen}{said}) l", **params
    )
    return int(row["n"])


def _pick_accuracy(tx: Tx, period: Period) -> Counted:
    picked = _line_count(tx, period, _PICKED, "m")
    return Counted(max(0, picked - len(_lines(tx, period, _MISSED, "m"))), picked)


def _short_lines(tx: Tx, period: Period) -> Counted:
    said, params = _of_work(period, _PICKED)
    said_of_task, _ = _of_work(period, _SHORT)
    row = tx.one(
        f"SELECT COUNT(*) AS n FROM (SELECT m.order_id, m.item_id {_PICKED}{said}"
        f" UNION SELECT k.order_id, k.item_id {_SHORT}{said_of_task}) l",
        **params,
    )
    return Counted(len(_lines(tx, period, _SHORT, "k")), int(row["n"]))


def _short_units(tx: Tx, period: Period) -> Counted:
    said, params = _of_work(period, _SHORT)
    short = tx.one(f"SELECT COALESCE(SUM(k.qty_each - k.done_each), 0) AS n {_SHORT}{said}", **params)
    said, params = _of_work(period, _PICKED)
    picked = tx.one(f"SELECT COALESCE(SUM(m.qty_each), 0) AS n {_PICKED}{said}", **params)
    return Counted(int(short["n"]), int(short["n"]) + int(picked["n"]))


def _task_rows(tx: Tx, period: Period, after: int, limit: int) -> list[dict[str, Any]]:
    said, params = _of_work(period, _SHORT)
    rows = tx.all(
        "SELECT k.id, o.number AS order_number, i.sku, k.qty_each AS asked_each, k.done_each, k.reason, l.code AS"
        f" location, k.done_at_ms {_SHORT.replace(' WHERE', _OF_TASK, 1)}{said} AND k.id > :after"
        f" ORDER BY k.id LIMIT {int(limit)}",
        after=after, **params,
    )  # fmt: skip
    return [dict(row) for row in rows]


_OF_TASK = (
    " LEFT JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id LEFT JOIN location l"
    " ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id WHERE"
)


def _missed_rows(tx: Tx, period: Period, after: int, limit: int) -> list[dict[str, Any]]:
    said, params = _of_work(period, _MISSED)
    rows = tx.all(
        "SELECT m.id, o.number AS order_number, i.sku, m.qty_each AS missing_each, MIN(p.badge) AS picked_by,"
        " m.recorded_at_ms"
        f" {_MISSED.replace(' WHERE', _OF_MISSED, 1)}{said} AND m.id > :after"
        f" GROUP BY m.id, o.number, i.sku, m.qty_each, m.recorded_at_ms ORDER BY m.id LIMIT {int(limit)}",
        after=after, **params,
    )
    return [dict(row) for row in rows]


_OF_MISSED = (
    " JOIN item i ON i.warehouse_id = m.warehouse_id AND i.id = m.item_id LEFT JOIN operator p"
    " ON p.warehouse_id = k.warehouse_id AND p.id = k.operator_id WHERE"
)


# --- work, receipts, counts ----------------------------------------------------------------------------------


def _dock_to_stock(tx: Tx, period: Period) -> Counted:
    rows = tx.all(f"SELECT r.stocked_at_ms - r.arrived_at_ms AS took_ms {_STOCKED}", **period.params)
    took_ms = [row["took_ms"] for row in rows]
    return Counted(sum(took_ms), len(took_ms), spread(took_ms))


_STOCKED = (
    "FROM receipt r WHERE r.warehouse_id = :w AND r.stocked_at_ms >= :from AND r.stocked_at_ms < :until"
    " AND r.arrived_at_ms IS NOT NULL"
)


def _receipt_rows(tx: Tx, period: Period, after: int, limit: int) -> list[dict[str, Any]]:
    rows = tx.all(
        "SELECT r.id, r.number AS receipt, r.kind, r.supplier, r.arrived_at_ms, r.stocked_at_ms"
        f" {_STOCKED} AND r.id > :after ORDER BY r.id LIMIT {int(limit)}",
        after=after, **period.params,
    )  # fmt: skip
    return [dict(row) for row in rows]


def _accuracy(tx: Tx, period: Period) -> Counted:
    found = accuracy_between(tx, period.from_ms - 1, period.until_ms - 1, period.zone)
    return Counted(int(found["lines_right"] or 0), int(found["lines"]))


def _count_rows(tx: Tx, period: Period, after: int, limit: int) -> list[dict[str, Any]]:
    rows = tx.all(
        "SELECT c.id, l.code AS location, i.sku, c.book_each, c.counted_each, c.state, c.recorded_at_ms"
        " FROM count_result c JOIN location l ON l.warehouse_id = c.warehouse_id AND l.id = c.location_id"
        " JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id WHERE c.warehouse_id = :w AND c.round = 1"
        f" AND c.recorded_at_ms >= :from AND c.recorded_at_ms < :until{period.in_zone('c.location_id')}"
        f" AND c.id > :after ORDER BY c.id LIMIT {limit:d}",
        after=after, **period.params, **({} if period.zone is None else {"zone": period.zone}),
    )  # fmt: skip
    return [dict(row) for row in rows]


_PLACE = frozenset({Filter.ZONE})
_WORK = _PLACE | {Filter.OPERATOR}
_BOTH = OF_ORDERS | _WORK
_NOTHING: frozenset[Filter] = frozenset()


def _rates() -> tuple[Figure, ...]:
    return tuple(
        Figure(
            code,
            f"{name.capitalize()} done in the period over the time people worked in the lanes, from their scans: the"
            " time between two scans of one person counts for the lane of the second, a gap above 10 minutes for none."
            " A line is an item of an order (pick, sort, pack), a parcel (ship), goods of one layer put into one"
            " place.",
            "per_hour", None, flow_work.lines, _WORK,
        )
        for code, name in LANE_RATES.items()
    )  # fmt: skip


FIGURES: tuple[Figure, ...] = (
    Figure("throughput", "Orders shipped in the period over the hours the warehouse was open in it.", "per_hour",
           _throughput, _orders(_SHIPPED)),
    Figure("wip", "Orders taken and neither shipped nor cancelled at the end of the period.", "count", _wip,
           _orders(_HERE)),
    Figure("age", "How long the orders that were there at the end of the period had been there; the value is the mean.",
           "ms", _age, _orders(_HERE)),
    Figure("cycle_time", "From an order's first release to its shipping, of orders shipped in the period that were"
           " released here; the value is the mean.", "ms", _cycle_time,
           _orders(_CYCLED, f", {_RELEASED_MS} AS released_ms")),
    Figure("lead_time", "From taking an order in to its shipping, of orders shipped in the period; the value is the"
           " mean.", "ms", _lead_time, _orders(_SHIPPED)),
    Figure("on_time", "Orders shipped at their cut-off or before, of orders whose cut-off lay in the period and that"
           " were not cancelled.", "percent", _on_time, _orders(_DUE, f", {_ON_TIME} AS is_on_time")),
    Figure("pick_accuracy", "Lines (order and item) picked in the period without those of which units were found"
           " missing in the tote in it (at the bench, or when put back), of lines picked. Goods that should not be in a"
           " tote are not counted: nobody can say who put them there.", "percent",
           _pick_accuracy, _missed_rows, _BOTH, Lane.PICK),
    Figure("short_lines", "Lines of which less was found than asked, of lines picked or found short in the period.",
           "percent", _short_lines, _task_rows, _BOTH, Lane.PICK),
    Figure("short_units", "Units not found, of units asked for (picked and not found) in the period.", "percent",
           _short_units, _task_rows, _BOTH, Lane.PICK),
    *_rates(),
    Figure("dock_to_stock", "From a receipt's first scan until nothing of it lay at a dock, of receipts stocked in the"
           " period; the value is the mean.", "ms", _dock_to_stock, _receipt_rows, _NOTHING, Lane.RECEIVE),
    Figure("inventory_accuracy", "Lines (item in a location) whose first count was what the book said, of lines counted"
           " in the period.", "percent", _accuracy, _count_rows, _PLACE),
)  # fmt: skip
