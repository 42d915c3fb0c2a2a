"""Do the papers say what the ledger says? Receipts, purchase orders, transfers, counts, overrides, histories of rules.

More checks for `verify`, of the same kind: a name, one set-based statement whose rows are wrong, and how to say it.
What was written before a table existed is left alone: an upgraded floor is not wrong for it. Reads, never repairs.
"""

from __future__ import annotations

from fulfillment.domain.stock import Virtual
from fulfillment.services.stock.ledger import OVERRIDDEN, VIRTUAL_IDS

# Goods a receipt did not expect, by what its lines say and by what somebody wrote down about it.
_BEYOND = (
    "SELECT s.receipt_id, s.item_id, SUM(s.figure) AS figure, SUM(s.entered) AS entered FROM ("
    "SELECT receipt_id, item_id, {figure} AS figure, 0 AS entered FROM receipt_line WHERE warehouse_id = :w"
    " UNION ALL SELECT receipt_id, item_id, 0, qty_each FROM receipt_entry WHERE warehouse_id = :w"
    " AND difference IN ({differences})) s GROUP BY s.receipt_id, s.item_id HAVING SUM(s.figure) <> SUM(s.entered)"
)

PAPERS: tuple[tuple[str, str, str], ...] = (
    (
        "more_than_announced_is_entered",
        _BEYOND.format(
            figure="CASE WHEN received_each > expected_each THEN received_each - expected_each ELSE 0 END",
            differences="'over', 'unannounced'",
        ),
        "receipt {receipt_id}, item {item_id}: {figure} more than announced, {entered} entered as such",
    ),
    (
        "damage_on_arrival_is_entered",
        _BEYOND.format(figure="damaged_each", differences="'damaged'"),
        "receipt {receipt_id}, item {item_id}: {figure} came damaged, {entered} entered as such",
    ),
    (
        "what_is_entered_short_did_not_come",
        "SELECT e.receipt_id, e.item_id, e.entered, n.missing FROM ("
        "SELECT receipt_id, item_id, SUM(qty_each) AS entered FROM receipt_entry WHERE warehouse_id = :w"
        " AND difference = 'short' GROUP BY receipt_id, item_id) e"
        " JOIN (SELECT receipt_id, item_id, SUM(CASE WHEN expected_each > received_each"
        " THEN expected_each - received_each ELSE 0 END) AS missing FROM receipt_line WHERE warehouse_id = :w"
        " GROUP BY receipt_id, item_id) n ON n.receipt_id = e.receipt_id AND n.item_id = e.item_id"
        " WHERE e.entered <> n.missing",
        "receipt {receipt_id}, item {item_id}: {entered} entered short, {missing} did not come",
    ),
    (
        "purchase_orders_equal_receipts",
        "SELECT n.purchase_order_id, n.item_id, n.received_each AS figure, COALESCE(SUM(r.received_each), 0) AS came"
        " FROM purchase_order_line n LEFT JOIN (SELECT p.purchase_order_id, l.item_id, l.received_each"
        " FROM receipt p JOIN receipt_line l ON l.warehouse_id = p.warehouse_id AND l.receipt_id = p.id"
        " WHERE p.warehouse_id = :w AND p.purchase_order_id IS NOT NULL) r"
        " ON r.purchase_order_id = n.purchase_order_id AND r.item_id = n.item_id WHERE n.warehouse_id = :w"
        " GROUP BY n.purchase_order_id, n.item_id, n.received_each"
        " HAVING n.received_each <> COALESCE(SUM(r.received_each), 0)",
        "purchase order {purchase_order_id}, item {item_id}: {figure} counted as received, {came} on its receipts",
    ),
    (
        "announced_units_have_not_come",
        "SELECT DISTINCT u.sscc, r.number FROM asn_unit u"
        " JOIN receipt r ON r.warehouse_id = u.warehouse_id AND r.id = u.receipt_id"
        " JOIN lpn p ON p.warehouse_id = u.warehouse_id AND p.code = u.sscc"
        " JOIN stock_move m ON m.warehouse_id = u.warehouse_id AND m.to_lpn_id = p.id AND m.reason = 'receive'"
        " JOIN layer y ON y.warehouse_id = m.warehouse_id AND y.id = m.layer_id AND y.receipt_id = u.receipt_id"
        " WHERE u.warehouse_id = :w AND u.state = 'announced'",
        "handling unit {sscc} is awaited on {number}, which received it",
    ),
    (
        "transfers_equal_their_parts",
        "SELECT s.transfer_id, s.item_id, SUM(s.line) AS line, SUM(s.parts) AS parts FROM ("
        "SELECT transfer_id, item_id, sent_each AS line, 0 AS parts FROM transfer_line WHERE warehouse_id = :w"
        " UNION ALL SELECT a.transfer_id, y.item_id, 0, a.sent_each FROM transfer_part a"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id WHERE a.warehouse_id = :w) s"
        " GROUP BY s.transfer_id, s.item_id HAVING SUM(s.line) <> SUM(s.parts)",
        "transfer {transfer_id}, item {item_id}: {line} sent by its lines, {parts} by its layers",
    ),
    (
        "what_did_not_arrive_is_lost",
        "SELECT s.layer_id, SUM(s.missing) AS missing, SUM(s.lost) AS lost FROM ("
        "SELECT a.layer_id, a.sent_each - a.arrived_each AS missing, 0 AS lost FROM transfer_part a"
        " JOIN transfer t ON t.warehouse_id = a.warehouse_id AND t.id = a.transfer_id AND t.state = 'received'"
        " WHERE a.warehouse_id = :w UNION ALL SELECT m.layer_id, 0, m.qty_each FROM stock_move m"
        " WHERE m.warehouse_id = :w AND m.reason = 'adjust'"
        f" AND m.from_location_id = {VIRTUAL_IDS[Virtual.IN_TRANSIT]}"
        f" AND m.to_location_id = {VIRTUAL_IDS[Virtual.ADJUSTMENT]}) s"
        " GROUP BY s.layer_id HAVING SUM(s.missing) <> SUM(s.lost)",
        "layer {layer_id}: {missing} did not arrive by the transfers, {lost} were lost by the ledger",
    ),
    (
        "agreed_counts_differ_in_nothing",
        "SELECT id, book_each, counted_each FROM count_result WHERE warehouse_id = :w AND state = 'agreed'"
        " AND book_each <> counted_each",
        "count {id}: {counted_each} of {book_each} counted, and agreed",
    ),
    (
        # A serial is posted where it is met, which may be no difference any more when somebody decides.
        "posted_counts_equal_ledger",
        "SELECT s.location_id, s.item_id, SUM(s.figure) AS figure, SUM(s.moved) AS moved FROM ("
        "SELECT location_id, item_id, counted_each - book_each AS figure, 0 AS moved FROM count_result"
        " WHERE warehouse_id = :w AND state = 'posted'"
        " UNION ALL SELECT to_location_id, item_id, 0, qty_each FROM stock_move WHERE warehouse_id = :w"
        " AND reason = 'count' AND from_location_id <> to_location_id AND to_lpn_id = 0"
        " AND id > (SELECT COALESCE(MIN(after_move_id), 0) FROM count_result WHERE warehouse_id = :w)"
        " UNION ALL SELECT m.from_location_id, m.item_id, 0, -m.qty_each FROM stock_move m"
        " JOIN location t ON t.warehouse_id = m.warehouse_id AND t.id = m.to_location_id AND t.kind = 'virtual'"
        " WHERE m.warehouse_id = :w AND m.reason = 'count'"
        " AND m.id > (SELECT COALESCE(MIN(after_move_id), 0) FROM count_result WHERE warehouse_id = :w)) s"
        " JOIN location l ON l.warehouse_id = :w AND l.id = s.location_id AND l.kind <> 'virtual'"
        " WHERE NOT EXISTS (SELECT 1 FROM layer y WHERE y.warehouse_id = :w AND y.item_id = s.item_id"
        " AND y.serial <> '')"
        " GROUP BY s.location_id, s.item_id HAVING SUM(s.figure) <> SUM(s.moved)",
        "location {location_id}, item {item_id}: counts differ by {figure}, the ledger moved {moved}",
    ),
    (
        "overrides_are_of_picks",
        "SELECT v.order_id, v.location_id, v.layer_id, v.said, COALESCE(p.picked, 0) AS picked FROM ("
        "SELECT order_id, location_id, layer_id, SUM(qty_each) AS said FROM fifo_override WHERE warehouse_id = :w"
        " AND wave_act_id IS NULL GROUP BY order_id, location_id, layer_id) v"
        " LEFT JOIN (SELECT order_id, from_location_id, layer_id, SUM(qty_each) AS picked FROM stock_move"
        " WHERE warehouse_id = :w AND reason = 'pick'"
        " AND layer_id IN (SELECT layer_id FROM fifo_override WHERE warehouse_id = :w AND wave_act_id IS NULL)"
        " GROUP BY order_id, from_location_id, layer_id) p ON p.order_id = v.order_id"
        " AND p.from_location_id = v.location_id AND p.layer_id = v.layer_id WHERE v.said > COALESCE(p.picked, 0)",
        "order {order_id}, location {location_id}, layer {layer_id}: {said} let pass, {picked} picked",
    ),
    (
        "overrides_from_the_board_are_of_promises",
        "SELECT v.order_id, v.location_id, v.layer_id, v.said, COALESCE(p.promised, 0) AS promised FROM ("
        "SELECT order_id, location_id, layer_id, SUM(qty_each) AS said FROM fifo_override WHERE warehouse_id = :w"
        " AND wave_act_id IS NOT NULL GROUP BY order_id, location_id, layer_id) v LEFT JOIN (SELECT order_id,"
        " location_id, layer_id, SUM(delta_each) AS promised FROM allocation_entry WHERE warehouse_id = :w"
        f" AND reason = 'allocate' AND note = '{OVERRIDDEN}' GROUP BY order_id, location_id, layer_id) p"
        " ON p.order_id = v.order_id AND p.location_id = v.location_id AND p.layer_id = v.layer_id"
        " WHERE v.said > COALESCE(p.promised, 0)",
        "order {order_id}, location {location_id}, layer {layer_id}: {said} let pass, {promised} promised",
    ),
    (
        "items_follow_their_newest_policy",
        "SELECT i.sku, i.rotation, i.tolerance_days, p.rotation AS said, p.tolerance_days AS said_days FROM item i"
        " JOIN policy_entry p ON p.warehouse_id = i.warehouse_id AND p.item_id = i.id AND p.id = (SELECT MAX(n.id)"
        " FROM policy_entry n WHERE n.warehouse_id = i.warehouse_id AND n.item_id = i.id) WHERE i.warehouse_id = :w"
        " AND (i.rotation <> p.rotation OR i.tolerance_days <> p.tolerance_days OR i.min_life_days <> p.min_life_days)",
        "{sku} goes by {rotation} ({tolerance_days} days), its history says {said} ({said_days} days)",
    ),
    (
        "lanes_are_reached_as_entered",
        "SELECT l.code, l.access, e.access AS said FROM location l"
        " JOIN reach_entry e ON e.warehouse_id = l.warehouse_id AND e.location_id = l.id AND e.id = (SELECT MAX(n.id)"
        " FROM reach_entry n WHERE n.warehouse_id = l.warehouse_id AND n.location_id = l.id)"
        " WHERE l.warehouse_id = :w AND l.access <> e.access",
        "{code} is reached {access}, its history says {said}",
    ),
    (
        "shipments_equal_ledger",
        "SELECT s.order_id, SUM(s.said) AS said, SUM(s.moved) AS moved FROM ("
        "SELECT order_id, qty_each AS said, 0 AS moved FROM shipment WHERE warehouse_id = :w"
        " UNION ALL SELECT order_id, 0, qty_each FROM stock_move WHERE warehouse_id = :w AND reason = 'ship'"
        " AND from_lpn_id = 0) s GROUP BY s.order_id HAVING SUM(s.said) <> SUM(s.moved)",
        "order {order_id}: {said} units on its shipments, {moved} left loose by the ledger",
    ),
    (
        "shipments_name_their_moves",
        "SELECT s.external_id, s.qty_each, COALESCE(SUM(m.qty_each), 0) AS moved FROM shipment s"
        " LEFT JOIN stock_move m ON m.warehouse_id = s.warehouse_id AND m.id BETWEEN s.first_move_id AND s.last_move_id"
        " AND m.reason = 'ship' AND m.from_lpn_id = 0 AND m.order_id = s.order_id WHERE s.warehouse_id = :w"
        " GROUP BY s.id, s.external_id, s.qty_each HAVING s.qty_each <> COALESCE(SUM(m.qty_each), 0)",
        "shipment {external_id}: {qty_each} units, the moves it names are {moved}",
    ),
)  # fmt: skip
