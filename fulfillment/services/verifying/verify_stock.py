"""Is stock what the ledger says, and the figures of orders what their stock says? Checks for `verify`.

Each is a name, one set-based statement whose rows are wrong, and how to say it. Over a long ledger those whose sums
`verify_sums` vouches for are left out. Reads, never repairs.
"""

from __future__ import annotations

_OUTSIDE = "SELECT id FROM location WHERE warehouse_id = :w AND kind = 'virtual'"

_ITEMS = (
    "SELECT '{of_what}' AS of_what, x.layer_id, x.item_id, y.item_id AS layer_item FROM {table} x"
    " JOIN layer y ON y.warehouse_id = x.warehouse_id AND y.id = x.layer_id"
    " WHERE x.warehouse_id = :w AND x.item_id <> y.item_id"
)
_BALANCE_ITEMS = _ITEMS.format(of_what="balance", table="stock_balance")
_MOVE_ITEMS = _ITEMS.format(of_what="move", table="stock_move")
_PROMISE_ITEMS = _ITEMS.format(of_what="promise", table="allocation")

# What is left of a check whose sums over the ledger agree.
REST = {"layers_keep_their_item": f"{_BALANCE_ITEMS} UNION ALL {_PROMISE_ITEMS}"}

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
        " WHERE warehouse_id = :w AND location_id NOT IN (SELECT id FROM outside)) s"
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
        " WHERE warehouse_id = :w AND sealed_each > 0) s"
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
        f"{_BALANCE_ITEMS} UNION ALL {_MOVE_ITEMS} UNION ALL {_PROMISE_ITEMS}",
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
        " AND p.kind IN ('tote', 'share', 'slot')) s GROUP BY s.order_id, s.item_id"
        " HAVING SUM(s.figure) <> SUM(s.lying)",
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
        " CASE reason WHEN 'pick' THEN qty_each WHEN 'ship' THEN CASE WHEN from_lpn_id = 0 THEN qty_each ELSE 0 END"
        " ELSE -qty_each END, 0,"
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
        " UNION ALL SELECT y.receipt_id, m.item_id, 0, m.qty_each FROM stock_move m"
        " CROSS JOIN layer y WHERE m.warehouse_id = :w AND m.reason IN ('receive', 'return')"
        " AND y.warehouse_id = :w AND y.id = m.layer_id AND y.receipt_id IN ("
        "SELECT receipt_id FROM receipt_line WHERE warehouse_id = :w)) s GROUP BY s.receipt_id, s.item_id"
        " HAVING SUM(s.figure) <> SUM(s.ledger)",
        "receipt {receipt_id}, item {item_id}: {figure} on its lines, {ledger} in the ledger",
    ),
)
