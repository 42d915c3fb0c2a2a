"""Is the book right? Recomputes every figure from the ledger and reports what differs. It never repairs.

Each check is one set-based statement over one snapshot, so it runs beside a working floor and over a
million moves in seconds. A check answers with the rows that are wrong; none is the only right answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fulfillment.domain.orders import OrderCounts, state_of
from fulfillment.services.verify_papers import PAPERS

FOUND_MAX = 50  # findings in words a check; `count` says how many there are

_OUTSIDE = "SELECT id FROM location WHERE warehouse_id = :w AND kind = 'virtual'"

# name, the rows that are wrong, how to say it
CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "ledger_has_no_gap",
        "SELECT COUNT(*) AS rows_there, COALESCE(MAX(id), 0) AS last_id FROM stock_move WHERE warehouse_id = :w"
        " HAVING COUNT(*) <> COALESCE(MAX(id), 0)",
        "{rows_there} moves, but the last one is number {last_id}",
    ),
    (
        "every_move_balances",
        "SELECT id, qty_each FROM stock_move WHERE warehouse_id = :w AND (qty_each <= 0"
        " OR (from_location_id = to_location_id AND from_lpn_id = to_lpn_id AND from_status = to_status))",
        "move {id}: {qty_each} units that go nowhere",
    ),
    (
        "balances_equal_ledger",
        f"WITH outside AS ({_OUTSIDE})"
        " SELECT l.code AS location, d.layer_id, d.lpn_id, d.status, d.ledger, d.book FROM ("
        "SELECT location_id, layer_id, lpn_id, status, SUM(moved) AS ledger, SUM(lying) AS book FROM ("
        "SELECT to_location_id AS location_id, layer_id, to_lpn_id AS lpn_id, to_status AS status, qty_each AS moved,"
        " 0 AS lying FROM stock_move WHERE warehouse_id = :w AND to_location_id NOT IN (SELECT id FROM outside)"
        " UNION ALL SELECT from_location_id, layer_id, from_lpn_id, from_status, -qty_each, 0 FROM stock_move"
        " WHERE warehouse_id = :w AND from_location_id NOT IN (SELECT id FROM outside)"
        " UNION ALL SELECT location_id, layer_id, lpn_id, status, 0, on_hand_each FROM stock_balance"
        " WHERE warehouse_id = :w AND location_id NOT IN (SELECT id FROM outside))"
        " GROUP BY location_id, layer_id, lpn_id, status HAVING SUM(moved) <> SUM(lying)) d"
        " JOIN location l ON l.warehouse_id = :w AND l.id = d.location_id",
        "{location}, layer {layer_id}, handling unit {lpn_id}, {status}: the ledger says {ledger}, the balance {book}",
    ),
    (
        "no_balance_is_negative",
        "SELECT location_id, layer_id, lpn_id, on_hand_each, allocated_each FROM stock_balance WHERE warehouse_id = :w"
        " AND (on_hand_each <= 0 OR allocated_each < 0 OR allocated_each > on_hand_each)",
        "location {location_id}, layer {layer_id}, handling unit {lpn_id}: {allocated_each} of {on_hand_each} promised",
    ),
    (
        "sealed_cases_equal_history",
        f"WITH outside AS ({_OUTSIDE})"
        " SELECT l.code AS location, d.layer_id, d.lpn_id, d.status, d.history, d.book FROM ("
        "SELECT location_id, layer_id, lpn_id, status, SUM(moved) AS history, SUM(lying) AS book FROM ("
        "SELECT to_location_id AS location_id, layer_id, to_lpn_id AS lpn_id, to_status AS status,"
        " sealed_to_each AS moved, 0 AS lying FROM stock_move WHERE warehouse_id = :w AND sealed_to_each > 0"
        " AND to_location_id NOT IN (SELECT id FROM outside)"
        " UNION ALL SELECT from_location_id, layer_id, from_lpn_id, from_status, -sealed_from_each, 0 FROM stock_move"
        " WHERE warehouse_id = :w AND sealed_from_each > 0 AND from_location_id NOT IN (SELECT id FROM outside)"
        " UNION ALL SELECT location_id, layer_id, lpn_id, status, delta_sealed_each, 0 FROM pack_entry"
        " WHERE warehouse_id = :w"
        " UNION ALL SELECT location_id, layer_id, lpn_id, status, 0, sealed_each FROM stock_balance"
        " WHERE warehouse_id = :w AND sealed_each > 0)"
        " GROUP BY location_id, layer_id, lpn_id, status HAVING SUM(moved) <> SUM(lying)) d"
        " JOIN location l ON l.warehouse_id = :w AND l.id = d.location_id",
        "{location}, layer {layer_id}, handling unit {lpn_id}, {status}: {history} sealed by its history, {book} in the"
        " balance",
    ),
    (
        "sealed_units_are_whole_cases",
        "SELECT b.location_id, b.layer_id, b.sealed_each, y.case_each FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " AND b.sealed_each > 0 AND (y.case_each = 0 OR b.sealed_each % y.case_each <> 0)",
        "location {location_id}, layer {layer_id}: {sealed_each} sealed in cases of {case_each}",
    ),
    (
        "storage_holds_loose_goods",
        "SELECT l.code, p.code AS unit, b.on_hand_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id <> 0 AND l.kind IN ('bin', 'reserve', 'flow_rack')",
        "{code}: {on_hand_each} lie there on handling unit {unit}, where no order can be promised them",
    ),
    (
        "handling_units_stand_together",
        "SELECT c.code, p.code AS parent FROM lpn c"
        " JOIN lpn p ON p.warehouse_id = c.warehouse_id AND p.id = c.parent_lpn_id"
        " WHERE c.warehouse_id = :w AND (c.location_id IS NULL OR p.location_id IS NULL"
        " OR c.location_id <> p.location_id)",
        "handling unit {code} stands on {parent}, which is somewhere else",
    ),
    (
        "transfers_equal_ledger",
        "SELECT s.layer_id, SUM(s.figure) AS figure, SUM(s.ledger) AS ledger FROM ("
        "SELECT layer_id, sent_each AS figure, 0 AS ledger FROM transfer_part WHERE warehouse_id = :w"
        " UNION ALL SELECT layer_id, 0, qty_each FROM stock_move WHERE warehouse_id = :w AND reason = 'send')"
        " s GROUP BY s.layer_id HAVING SUM(s.figure) <> SUM(s.ledger)",
        "layer {layer_id}: transfers say {figure} were sent, the ledger {ledger}",
    ),
    (
        "nothing_lies_outside",
        "SELECT l.code, b.layer_id, b.on_hand_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w AND l.kind = 'virtual'",
        "{code} keeps a balance of {on_hand_each} of layer {layer_id}",
    ),
    (
        "layers_keep_their_item",
        "SELECT 'balance' AS of_what, b.layer_id, b.item_id, y.item_id AS layer_item FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.item_id <> y.item_id"
        " UNION ALL SELECT 'move', m.layer_id, m.item_id, y.item_id FROM stock_move m"
        " JOIN layer y ON y.warehouse_id = m.warehouse_id AND y.id = m.layer_id"
        " WHERE m.warehouse_id = :w AND m.item_id <> y.item_id"
        " UNION ALL SELECT 'promise', a.layer_id, a.item_id, y.item_id FROM allocation a"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
        " WHERE a.warehouse_id = :w AND a.item_id <> y.item_id",
        "a {of_what} of layer {layer_id} says item {item_id}, the layer is of item {layer_item}",
    ),
    (
        "a_serial_is_one_unit",
        "SELECT y.item_id, y.serial, SUM(b.on_hand_each) AS units FROM layer y"
        " JOIN stock_balance b ON b.warehouse_id = y.warehouse_id AND b.layer_id = y.id"
        " WHERE y.warehouse_id = :w AND y.serial <> '' GROUP BY y.item_id, y.serial HAVING SUM(b.on_hand_each) > 1",
        "serial {serial} of item {item_id} is {units} units",
    ),
    (
        "promises_equal_allocations",
        "SELECT s.location_id, s.layer_id, SUM(s.book) AS book, SUM(s.promised) AS promised FROM ("
        "SELECT location_id, layer_id, allocated_each AS book, 0 AS promised FROM stock_balance"
        " WHERE warehouse_id = :w AND lpn_id = 0 UNION ALL SELECT location_id, layer_id, 0, qty_each FROM allocation"
        " WHERE warehouse_id = :w AND qty_each > 0) s GROUP BY s.location_id, s.layer_id"
        " HAVING SUM(s.book) <> SUM(s.promised)",
        "location {location_id}, layer {layer_id}: the balance promises {book}, the orders hold {promised}",
    ),
    (
        "only_available_stock_is_promised",
        "SELECT location_id, layer_id, status, allocated_each FROM stock_balance WHERE warehouse_id = :w"
        " AND lpn_id = 0 AND status <> 'available' AND allocated_each > 0",
        "location {location_id}, layer {layer_id}: {allocated_each} promised though {status}",
    ),
    (
        "promises_equal_their_history",
        "SELECT s.order_id, s.location_id, s.layer_id, SUM(s.entered) AS entered, SUM(s.promised) AS promised FROM ("
        "SELECT order_id, location_id, layer_id, SUM(delta_each) AS entered, 0 AS promised FROM allocation_entry"
        " WHERE warehouse_id = :w GROUP BY 1, 2, 3 UNION ALL SELECT order_id, location_id, layer_id, 0, qty_each"
        " FROM allocation WHERE warehouse_id = :w) s GROUP BY s.order_id, s.location_id, s.layer_id"
        " HAVING SUM(s.entered) <> SUM(s.promised)",
        "order {order_id}, location {location_id}, layer {layer_id}: {entered} entered, {promised} promised",
    ),
    (
        "demand_equals_lines",
        "SELECT s.order_id, s.item_id, SUM(s.lines) AS lines, SUM(s.ordered) AS ordered FROM ("
        "SELECT order_id, item_id, qty_each AS lines, 0 AS ordered FROM order_line WHERE warehouse_id = :w"
        " AND is_service = 0 AND item_id IS NOT NULL UNION ALL SELECT order_id, item_id, 0, ordered_each FROM demand"
        " WHERE warehouse_id = :w) s GROUP BY s.order_id, s.item_id HAVING SUM(s.lines) <> SUM(s.ordered)",
        "order {order_id}, item {item_id}: {lines} on its lines, {ordered} in demand",
    ),
    (
        "demand_is_in_order",
        "SELECT order_id, item_id, ordered_each, allocated_each, picked_each, packed_each, shipped_each FROM demand"
        " WHERE warehouse_id = :w AND NOT (shipped_each BETWEEN 0 AND packed_each AND packed_each <= picked_each"
        " AND picked_each <= allocated_each AND allocated_each <= ordered_each)",
        "order {order_id}, item {item_id}: ordered {ordered_each}, promised {allocated_each}, picked {picked_each},"
        " packed {packed_each}, shipped {shipped_each}",
    ),
    (
        "demand_equals_promises",
        "SELECT s.order_id, s.item_id, SUM(s.open) AS open, SUM(s.promised) AS promised FROM ("
        "SELECT order_id, item_id, allocated_each - picked_each AS open, 0 AS promised FROM demand"
        " WHERE warehouse_id = :w UNION ALL SELECT order_id, item_id, 0, qty_each FROM allocation"
        " WHERE warehouse_id = :w) s GROUP BY s.order_id, s.item_id HAVING SUM(s.open) <> SUM(s.promised)",
        "order {order_id}, item {item_id}: {open} promised by its figures, {promised} by its promises",
    ),
    (
        "totes_hold_what_was_picked",
        "SELECT s.order_id, s.item_id, SUM(s.figure) AS figure, SUM(s.lying) AS lying FROM ("
        "SELECT order_id, item_id, picked_each - packed_each AS figure, 0 AS lying FROM demand WHERE warehouse_id = :w"
        " UNION ALL SELECT p.order_id, b.item_id, 0, b.on_hand_each FROM stock_balance b"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id WHERE b.warehouse_id = :w"
        " AND p.kind = 'tote') s GROUP BY s.order_id, s.item_id HAVING SUM(s.figure) <> SUM(s.lying)",
        "order {order_id}, item {item_id}: {figure} picked and not packed, {lying} in its totes",
    ),
    (
        "parcels_hold_what_was_packed",
        "SELECT s.order_id, s.item_id, SUM(s.figure) AS figure, SUM(s.lying) AS lying FROM ("
        "SELECT order_id, item_id, packed_each - shipped_each AS figure, 0 AS lying FROM demand WHERE warehouse_id = :w"
        " UNION ALL SELECT p.order_id, b.item_id, 0, b.on_hand_each FROM stock_balance b"
        " JOIN parcel p ON p.warehouse_id = b.warehouse_id AND p.lpn_id = b.lpn_id WHERE b.warehouse_id = :w"
        ") s GROUP BY s.order_id, s.item_id HAVING SUM(s.figure) <> SUM(s.lying)",
        "order {order_id}, item {item_id}: {figure} packed and not shipped, {lying} in its parcels",
    ),
    (
        "picked_and_shipped_equal_ledger",
        "SELECT s.order_id, s.item_id, SUM(s.picked) AS picked, SUM(s.moved) AS moved, SUM(s.shipped) AS shipped,"
        " SUM(s.gone) AS gone FROM (SELECT order_id, item_id, picked_each AS picked, 0 AS moved,"
        " shipped_each AS shipped, 0 AS gone FROM demand WHERE warehouse_id = :w UNION ALL SELECT order_id, item_id, 0,"
        " CASE reason WHEN 'pick' THEN qty_each WHEN 'ship' THEN 0 ELSE -qty_each END, 0,"
        " CASE reason WHEN 'ship' THEN qty_each ELSE 0 END FROM stock_move WHERE warehouse_id = :w"
        " AND order_id IS NOT NULL AND reason IN ('pick', 'put_back', 'missing', 'ship')) s"
        " GROUP BY s.order_id, s.item_id HAVING SUM(s.picked) <> SUM(s.moved) OR SUM(s.shipped) <> SUM(s.gone)",
        "order {order_id}, item {item_id}: {picked} picked and {shipped} shipped, the ledger says {moved} and {gone}",
    ),
    (
        "tasks_equal_promises",
        "SELECT s.task_id, SUM(s.asked) AS asked, SUM(s.promised) AS promised FROM ("
        "SELECT id AS task_id, CASE WHEN state = 'open' THEN qty_each - done_each ELSE 0 END AS asked, 0 AS promised"
        " FROM task WHERE warehouse_id = :w AND kind = 'pick' UNION ALL SELECT task_id, 0, qty_each FROM allocation"
        " WHERE warehouse_id = :w AND task_id IS NOT NULL) s GROUP BY s.task_id HAVING SUM(s.asked) <> SUM(s.promised)",
        "task {task_id} asks for {asked}, its promises are {promised}",
    ),
    (
        "handling_units_lie_where_they_are",
        "SELECT p.code, l.code AS location, b.location_id FROM stock_balance b"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " LEFT JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id <> 0 AND (p.location_id IS NULL OR p.location_id <> b.location_id)",
        "handling unit {code} is at {location}, its units at location {location_id}",
    ),
    (
        "receipts_equal_ledger",
        "SELECT s.receipt_id, s.item_id, SUM(s.figure) AS figure, SUM(s.ledger) AS ledger FROM ("
        "SELECT receipt_id, item_id, received_each AS figure, 0 AS ledger FROM receipt_line WHERE warehouse_id = :w"
        " UNION ALL SELECT y.receipt_id, m.item_id, 0, m.qty_each FROM layer y"
        " JOIN stock_move m ON m.warehouse_id = y.warehouse_id AND m.layer_id = y.id"
        " AND m.reason IN ('receive', 'return')"
        " WHERE y.warehouse_id = :w AND y.receipt_id IN (SELECT receipt_id FROM receipt_line WHERE warehouse_id = :w)"
        ") s GROUP BY s.receipt_id, s.item_id HAVING SUM(s.figure) <> SUM(s.ledger)",
        "receipt {receipt_id}, item {item_id}: {figure} on its lines, {ledger} in the ledger",
    ),
    (
        "a_scan_counts_once",
        "SELECT scan_id, COUNT(*) AS times FROM scan WHERE warehouse_id = :w GROUP BY scan_id HAVING COUNT(*) > 1",
        "scan {scan_id} was applied {times} times",
    ),
)

_ORDERS = (
    "SELECT o.number, o.state, o.policy, o.hold_reason, o.is_cancelled, COALESCE(d.ordered, 0) AS ordered,"
    " COALESCE(d.cancelled, 0) AS cancelled, COALESCE(d.allocated, 0) AS allocated, COALESCE(d.picked, 0) AS picked,"
    " COALESCE(d.packed, 0) AS packed, COALESCE(d.shipped, 0) AS shipped,"
    " COALESCE(k.open, 0) + CASE WHEN v.state = 'planning' THEN 1 ELSE 0 END AS open_tasks,"
    " COALESCE(k.started, 0) AS started, COALESCE(p.open, 0) AS open_parcels, COALESCE(p.not_loaded, 0) AS not_loaded"
    " FROM sales_order o LEFT JOIN wave v ON v.warehouse_id = o.warehouse_id AND v.id = o.wave_id"
    " LEFT JOIN (SELECT order_id, SUM(ordered_each) AS ordered, SUM(cancelled_each) AS cancelled,"
    " SUM(allocated_each) AS allocated, SUM(picked_each) AS picked, SUM(packed_each) AS packed,"
    " SUM(shipped_each) AS shipped FROM demand WHERE warehouse_id = :w GROUP BY order_id) d ON d.order_id = o.id"
    " LEFT JOIN (SELECT k.order_id, COUNT(*) AS open, SUM(CASE WHEN t.state = 'active' THEN 1 ELSE 0 END) AS started"
    " FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id WHERE k.warehouse_id = :w"
    " AND k.kind = 'pick' AND (k.state = 'open' OR (t.state = 'active' AND k.state IN ('done', 'short')))"
    " GROUP BY k.order_id) k ON k.order_id = o.id"
    " LEFT JOIN (SELECT order_id, SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END) AS open,"
    " SUM(CASE WHEN state IN ('closed', 'in_lane', 'missing') THEN 1 ELSE 0 END) AS not_loaded FROM parcel"
    " WHERE warehouse_id = :w GROUP BY order_id) p ON p.order_id = o.id WHERE o.warehouse_id = :w"
)


def verify(source: Any, warehouse_id: int = 1) -> dict[str, Any]:
    """Run every check; `ok` when none found anything.

    `source` is a driver connection whose rows answer to names (a snapshot), or a transaction.
    """
    checks = [_report(name, _rows(source, warehouse_id, sql), sentence) for name, sql, sentence in (*CHECKS, *PAPERS)]
    wrong_orders = _wrong_orders(source, warehouse_id)
    checks.append(
        _report(
            "orders_are_where_their_figures_say", wrong_orders, "order {number} is {state}, its figures say {means}"
        )
    )
    return {
        "ok": all(check["ok"] for check in checks), "checks": checks,
        "moves": _count(source, warehouse_id, "stock_move"),
        "balances": _count(source, warehouse_id, "stock_balance"),
    }  # fmt: skip


def _report(name: str, wrong: Iterable[Any], sentence: str) -> dict[str, Any]:
    words: list[str] = []
    count = 0
    for row in wrong:
        count += 1
        if count <= FOUND_MAX:
            words.append(sentence.format(**dict(row)))
    return {"name": name, "ok": count == 0, "found": words, "count": count}


def _wrong_orders(source: Any, warehouse_id: int) -> Iterator[dict[str, str]]:
    # The one loop over rows: which state counts mean is said in one place, and that place is not SQL.
    for row in _rows(source, warehouse_id, _ORDERS):
        counts = OrderCounts(
            row["ordered"], row["cancelled"], row["allocated"], row["picked"], row["packed"], row["shipped"],
            row["open_tasks"], row["started"], row["open_parcels"], row["not_loaded"],
        )  # fmt: skip
        state = state_of(
            counts, row["policy"], on_hold=bool(row["hold_reason"]), is_cancelled=bool(row["is_cancelled"])
        )
        if state != row["state"]:
            yield {"number": row["number"], "state": row["state"], "means": state}


def _count(source: Any, warehouse_id: int, table: str) -> int:
    (row,) = _rows(source, warehouse_id, f"SELECT COUNT(*) AS n FROM {table} WHERE warehouse_id = :w")
    return int(row["n"])


def _rows(source: Any, warehouse_id: int, sql: str) -> Iterator[Any]:
    if hasattr(source, "all"):
        return iter(source.all(sql))
    return iter(source.execute(sql, {"w": warehouse_id}))
