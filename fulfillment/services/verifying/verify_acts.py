"""Was everything done once, by one, in order? Scans, leases, states, labels, prints, events. Checks for `verify`.

Each is a name, one set-based statement whose rows are wrong, and how to say it. Reads, never repairs.
"""

from __future__ import annotations

from fulfillment.domain.shipping import ParcelState

_CLOSED = ", ".join(f"'{state}'" for state in (ParcelState.CLOSED, ParcelState.IN_LANE, ParcelState.LOADED))

ACTS: tuple[tuple[str, str, str], ...] = (
    (
        "a_scan_counts_once",
        "SELECT scan_id, COUNT(*) AS times FROM scan WHERE warehouse_id = :w GROUP BY scan_id HAVING COUNT(*) > 1",
        "scan {scan_id} was applied {times} times",
    ),
    (
        "scans_have_no_gap",
        "SELECT COUNT(*) AS rows_there, MIN(id) AS first_id, MAX(id) AS last_id FROM scan WHERE warehouse_id = :w"
        " HAVING COUNT(*) > 0 AND COUNT(*) <> MAX(id) - MIN(id) + 1",
        "{rows_there} scans between number {first_id} and {last_id}",
    ),
    (
        "a_cart_is_on_one_tour",
        "SELECT c.code, COUNT(*) AS tours FROM tour t JOIN cart c ON c.warehouse_id = t.warehouse_id"
        " AND c.id = t.cart_id WHERE t.warehouse_id = :w AND t.state = 'active' GROUP BY c.code HAVING COUNT(*) > 1",
        "cart {code} is on {tours} tours at once",
    ),
    (
        "a_tote_is_on_one_tour",
        "SELECT p.code, COUNT(DISTINCT o.tour_id) AS tours FROM tour_tote o"
        " JOIN tour t ON t.warehouse_id = o.warehouse_id AND t.id = o.tour_id AND t.state = 'active'"
        " JOIN lpn p ON p.warehouse_id = o.warehouse_id AND p.id = o.lpn_id WHERE o.warehouse_id = :w"
        " AND o.lpn_id <> 0 GROUP BY p.code HAVING COUNT(DISTINCT o.tour_id) > 1",
        "tote {code} is on {tours} tours at once",
    ),
    (
        "claims_have_a_lease",
        "SELECT 'effect' AS what, id, state, fence, lease_until_ms FROM outbox WHERE warehouse_id = :w"
        " AND state IN ('claimed', 'sending') AND (fence = 0 OR lease_until_ms = 0 OR done_at_ms IS NOT NULL)"
        " UNION ALL SELECT 'job', id, state, fence, lease_until_ms FROM job WHERE warehouse_id = :w"
        " AND state = 'claimed' AND (fence = 0 OR lease_until_ms = 0 OR done_at_ms IS NOT NULL)"
        " UNION ALL SELECT 'effect', id, state, fence, lease_until_ms FROM outbox WHERE warehouse_id = :w"
        " AND fence < attempts UNION ALL SELECT 'job', id, state, fence, lease_until_ms FROM job"
        " WHERE warehouse_id = :w AND fence < attempts",
        "{what} {id} is {state} with fence {fence} and a lease until {lease_until_ms}",
    ),
    (
        "one_job_at_a_printer",
        "SELECT p.address, COUNT(*) AS jobs FROM outbox o"
        " JOIN printer p ON p.warehouse_id = o.warehouse_id AND p.id = o.printer_id WHERE o.warehouse_id = :w"
        " AND o.kind = 'print' AND o.state IN ('claimed', 'sending') GROUP BY p.address HAVING COUNT(*) > 1",
        "{jobs} workers hold a print at {address}",
    ),
    (
        "what_is_done_stays_done",
        "SELECT 'wave' AS what, id, state FROM wave WHERE warehouse_id = :w AND state <> 'done'"
        " AND done_at_ms IS NOT NULL UNION ALL SELECT 'wave', id, state FROM wave WHERE warehouse_id = :w"
        " AND state <> 'planning' AND released_at_ms IS NULL"
        " UNION ALL SELECT 'tour', id, state FROM tour WHERE warehouse_id = :w AND ((state = 'done'"
        " AND done_at_ms IS NULL) OR (state <> 'done' AND done_at_ms IS NOT NULL)"
        " OR (state = 'active' AND (claimed_at_ms IS NULL OR cart_id IS NULL))"
        " OR (state = 'planned' AND claimed_at_ms IS NOT NULL))"
        " UNION ALL SELECT 'task', id, state FROM task WHERE warehouse_id = :w AND state IN ('done', 'short')"
        " AND done_at_ms IS NULL"
        " UNION ALL SELECT 'receipt', id, state FROM receipt WHERE warehouse_id = :w AND state = 'open'"
        " AND closed_at_ms IS NOT NULL"
        " UNION ALL SELECT 'manifest', id, state FROM manifest WHERE warehouse_id = :w AND ((state = 'closed'"
        " AND closed_at_ms IS NULL) OR (state = 'open' AND closed_at_ms IS NOT NULL))"
        " UNION ALL SELECT 'transfer', id, state FROM transfer WHERE warehouse_id = :w AND ((state = 'open'"
        " AND received_at_ms IS NOT NULL) OR (state = 'received' AND (received_at_ms IS NULL OR sent_at_ms IS NULL)))"
        " UNION ALL SELECT 'job', id, state FROM job WHERE warehouse_id = :w AND state = 'done'"
        " AND done_at_ms IS NULL UNION ALL SELECT 'effect', id, state FROM outbox WHERE warehouse_id = :w"
        " AND state IN ('confirmed', 'superseded', 'cancelled') AND done_at_ms IS NULL",
        "{what} {id} is {state}, its times say it cannot be",
    ),
    (
        "no_work_is_left_in_a_done_tour",
        "SELECT k.id, k.tour_id FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE k.warehouse_id = :w AND k.state = 'open' AND t.state = 'done'",
        "task {id} is open, its tour {tour_id} is done",
    ),
    (
        "parcels_went_their_way",
        "SELECT p.number, p.state FROM parcel p LEFT JOIN manifest m ON m.warehouse_id = p.warehouse_id"
        " AND m.id = p.manifest_id WHERE p.warehouse_id = :w AND ((p.state = 'shipped' AND p.shipped_at_ms IS NULL)"
        " OR (p.state <> 'shipped' AND (p.shipped_at_ms IS NOT NULL OR m.state = 'closed'))"
        " OR (p.state = 'loaded' AND p.manifest_id IS NULL) OR (p.state = 'shipped' AND m.state = 'open')"
        f" OR (p.state IN ({_CLOSED}) AND p.closed_at_ms IS NULL))",
        "parcel {number} is {state}, its manifest and times say it cannot be",
    ),
    (
        "a_weighed_parcel_was_right",
        "SELECT p.number, p.weighed_g FROM parcel p WHERE p.warehouse_id = :w AND p.weighed_g IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM parcel_weighing g WHERE g.warehouse_id = p.warehouse_id AND g.parcel_id = p.id"
        " AND g.weighed_g = p.weighed_g AND (g.judged <> 'outside' OR (g.why <> '' AND g.supervisor_id IS NOT NULL)))",
        "parcel {number} left its bench with {weighed_g} g, which was neither right nor let pass",
    ),
    (
        "a_parcel_has_one_label",
        "SELECT p.number, COUNT(*) AS labels FROM carrier_label c"
        " JOIN parcel p ON p.warehouse_id = c.warehouse_id AND p.id = c.parcel_id WHERE c.warehouse_id = :w"
        " AND c.state IN ('wanted', 'bought', 'uncertain', 'refused') GROUP BY p.number HAVING COUNT(*) > 1",
        "parcel {number} has {labels} labels that are good or may be",
    ),
    (
        "a_bought_label_is_known",
        "SELECT c.reference, c.state FROM carrier_label c WHERE c.warehouse_id = :w"
        " AND ((c.state = 'bought' AND (c.tracking_number = '' OR c.bought_at_ms IS NULL))"
        " OR (c.state IN ('dropped', 'wanted') AND c.tracking_number <> ''))",
        "label {reference} is {state}, and its number at the carrier says it cannot be",
    ),
    (
        "a_label_is_of_one_parcel",
        "SELECT carrier_id, tracking_number, COUNT(*) AS times FROM carrier_label WHERE warehouse_id = :w"
        " AND tracking_number <> '' GROUP BY carrier_id, tracking_number HAVING COUNT(*) > 1",
        "label {tracking_number} of carrier {carrier_id} is counted {times} times",
    ),
    (
        # A second label of a parcel says on itself which one it is: its number is never above the reprints asked for.
        "a_print_is_asked_for",
        "SELECT o.dedupe_key, p.reprints FROM outbox o JOIN parcel p ON p.warehouse_id = o.warehouse_id"
        " AND p.number = o.subject WHERE o.warehouse_id = :w AND o.kind = 'print' AND o.dedupe_key LIKE 'label:%'"
        " AND CAST(SUBSTR(o.dedupe_key, LENGTH(o.subject) + 8) AS BIGINT) > p.reprints",
        "print {dedupe_key} was not asked for: {reprints} reprints are",
    ),
    (
        "one_print_of_a_label_waits",
        "SELECT subject, template, COUNT(*) AS prints FROM outbox WHERE warehouse_id = :w AND kind = 'print'"
        " AND state IN ('queued', 'claimed', 'sending', 'held') AND dedupe_key LIKE 'label:%'"
        " GROUP BY subject, template HAVING COUNT(*) > 1",
        "{prints} prints of {template} for {subject} wait at once",
    ),
    (
        "an_effect_happens_once",
        "SELECT dedupe_key, COUNT(*) AS times FROM outbox WHERE warehouse_id = :w GROUP BY dedupe_key"
        " HAVING COUNT(*) > 1 UNION ALL SELECT dedupe_key, COUNT(*) FROM job WHERE warehouse_id = :w"
        " GROUP BY dedupe_key HAVING COUNT(*) > 1",
        "effect {dedupe_key} was asked for {times} times",
    ),
    (
        "events_have_no_gap",
        "SELECT COUNT(*) AS rows_there, MIN(id) AS first_id, MAX(id) AS last_id FROM event WHERE warehouse_id = :w"
        " HAVING COUNT(*) > 0 AND COUNT(*) <> MAX(id) - MIN(id) + 1",
        "{rows_there} events between number {first_id} and {last_id}",
    ),
    (
        "entries_follow_the_ledger",
        "SELECT s.what, s.id, s.after_move_id, l.last_id FROM ("
        "SELECT 'promise' AS what, id, after_move_id FROM allocation_entry WHERE warehouse_id = :w"
        " UNION ALL SELECT 'opened case', id, after_move_id FROM pack_entry WHERE warehouse_id = :w"
        " UNION ALL SELECT 'override', id, after_move_id FROM fifo_override WHERE warehouse_id = :w"
        " UNION ALL SELECT 'count', id, after_move_id FROM count_result WHERE warehouse_id = :w) s"
        " JOIN (SELECT COALESCE(MAX(id), 0) AS last_id FROM stock_move WHERE warehouse_id = :w) l"
        " ON s.after_move_id > l.last_id",
        "{what} {id} comes after move {after_move_id}, the last move is {last_id}",
    ),
    (
        "entries_are_in_order",
        "SELECT s.what, s.id FROM (SELECT 'opened case' AS what, id, after_move_id,"
        " LAG(after_move_id) OVER (ORDER BY id) AS before_id FROM pack_entry WHERE warehouse_id = :w"
        " UNION ALL SELECT 'override', id, after_move_id, LAG(after_move_id) OVER (ORDER BY id)"
        " FROM fifo_override WHERE warehouse_id = :w) s"
        " WHERE s.after_move_id < s.before_id",
        "{what} {id} comes after an earlier move than the one before it",
    ),
)  # fmt: skip
