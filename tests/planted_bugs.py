"""The bugs `tests.plant` plants: what somebody might write, and the one test that must notice.

Each is a small change of one source, of a kind other systems shipped (tests/hot/test_races.py names them) or one of
ours to fear. `tests/test_plants.py` fails when a source moves away from under a plant.
"""
# ruff: noqa: E501 - the texts of sources stand as they stand there

from __future__ import annotations

from dataclasses import dataclass

PG = "postgresql"

LEDGER = "fulfillment/services/stock/ledger.py"
SETS = "fulfillment/services/stock/ledger_sets.py"
OUTBOX = "fulfillment/services/printing/outbox.py"
SQLITE = "fulfillment/hot/sqlite.py"
WRITING = "fulfillment/hot/writing.py"
POSTGRES = "fulfillment/hot/postgresql.py"
RACES = "tests/hot/test_races.py::"
SCAN_RACES = "tests/hot/test_races_of_scans.py::"
COMMIT_RACES = "tests/hot/test_races_of_commits.py::"
NO_TURNS = "tests/hot/test_races_without_turns.py::"


@dataclass(frozen=True)
class Plant:
    """One bug: `old` becomes `new` in `path` (and in `more`, where one change needs a second); `test` must fail."""

    name: str
    bug: str
    path: str
    old: str
    new: str
    test: str
    engine: str = "sqlite"
    more: tuple[tuple[str, str, str], ...] = ()


_CONDITION = (
    "        \" AND on_hand_each - allocated_each >= :qty\",\n        location=location_id, layer=layer_id, qty=qty_each,\n"
    "    )  # fmt: skip\n    if claimed != 1:\n        return None\n"
)
_CLAIM = (
    "    claimed = tx.run(\n"
    "        \"UPDATE stock_balance SET allocated_each = allocated_each + :qty WHERE warehouse_id = :w\"\n"
    "        \" AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'\"\n"
) + _CONDITION
_THE_BALANCE = (
    "WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'"
)

PLANTS: tuple[Plant, ...] = (
    # --- promising and taking stock --------------------------------------------------------------------------
    Plant(
        "read_then_write", "the free units are read, then a new sum is written: who wrote in between is forgotten",
        LEDGER, _CLAIM,
        "    row = tx.one(\n"
        f"        \"SELECT on_hand_each, allocated_each FROM stock_balance\"\n        \" {_THE_BALANCE}\",\n"
        "        location=location_id, layer=layer_id,\n    )\n"
        "    if row is None or row[\"on_hand_each\"] - row[\"allocated_each\"] < qty_each:\n        return None\n"
        "    tx.put(\n"
        f"        \"UPDATE stock_balance SET allocated_each = :qty {_THE_BALANCE}\",\n"
        "        location=location_id, layer=layer_id, qty=row[\"allocated_each\"] + qty_each,\n    )\n",
        f"{NO_TURNS}test_odoo_pr_268942_the_last_unit_is_refused_to_whoever_waited_for_its_row", PG,
    ),
    Plant(
        "skip_locked_balance", "a balance somebody else has locked is passed by and promised all the same (Odoo)",
        LEDGER, _CLAIM,
        "    row = tx.one(\n"
        f"        \"SELECT on_hand_each, allocated_each FROM stock_balance\"\n        \" {_THE_BALANCE}\"\n"
        "        \" FOR NO KEY UPDATE SKIP LOCKED\",\n        location=location_id, layer=layer_id,\n    )\n"
        "    if row is not None:\n"
        "        if row[\"on_hand_each\"] - row[\"allocated_each\"] < qty_each:\n            return None\n"
        "        tx.put(\n"
        f"            \"UPDATE stock_balance SET allocated_each = allocated_each + :qty {_THE_BALANCE}\",\n"
        "            location=location_id, layer=layer_id, qty=qty_each,\n        )\n",
        f"{NO_TURNS}test_odoo_pr_272560_who_asks_for_goods_whose_row_is_locked_waits_and_does_not_promise_beside_it", PG,
    ),
    Plant(
        "promise_count_not_read", "nobody looks whether the claim of stock touched a row",
        LEDGER, "    if claimed != 1:\n        return None\n", "    assert claimed is not None\n",
        "tests/services/stock/test_ledger.py::test_the_last_unit_is_promised_once",
    ),
    Plant(
        "claimed_rows_not_read", "an order's promises are entered whether or not their stock was claimed",
        SETS, "if (one.location_id, one.layer_id) in claimed]", "if claimed is not None]",
        f"{NO_TURNS}test_odoo_pr_268942_the_last_unit_is_refused_to_whoever_waited_for_its_row", PG,
    ),
    Plant(
        "take_without_condition", "a move takes from a balance without asking whether promises stand on it",
        LEDGER, " AND on_hand_each - :qty >= allocated_each - :promised AND sealed_each >= :sealed", " AND sealed_each >= :sealed",
        "tests/services/stock/test_ledger.py::test_promised_units_cannot_leave_without_their_promise",
    ),
    Plant(
        "late_claims_not_looked_at", "claims whose row count is read later are never read",
        POSTGRES, "            if touched[id(statement)] != 1:\n", "            if touched[id(statement)] < 0:\n",
        f"{COMMIT_RACES}test_a_claim_whose_outcome_is_looked_at_later_undoes_what_was_done_after_it", PG,
    ),
    Plant(
        "promise_not_given_up", "a cancelled order keeps its promises: ghosts on the balance (ERPNext #55387)",
        "fulfillment/services/ordering/orders.py",
        "    freed = allocate.take_back_promises(tx, actor, order[\"id\"], \"cancelled\")\n", "    freed: list[int] = []\n",
        f"{RACES}test_erpnext_55387_a_cancelled_order_leaves_no_ghost_of_its_promise",
    ),
    Plant(
        "claims_without_condition", "an order's stock is claimed without asking whether it is still free",
        SETS, "            \" AND stock_balance.on_hand_each - stock_balance.allocated_each >= part.qty_each\"\n", "",
        f"{NO_TURNS}test_odoo_pr_268942_the_last_unit_is_refused_to_whoever_waited_for_its_row", PG,
    ),
    # --- age of goods ----------------------------------------------------------------------------------------
    Plant(
        "merged_layers", "goods that come into a bin join the layer that lies there: their age is lost (Odoo, OpenBoxes)",
        LEDGER, "        location=move.to_location_id, layer=move.layer_id, lpn=move.to_lpn_id, status=move.to_status,\n",
        "        location=move.to_location_id, lpn=move.to_lpn_id, status=move.to_status,\n"
        "        layer=(tx.one(\n            \"SELECT MIN(layer_id) AS id FROM stock_balance WHERE warehouse_id = :w\"\n"
        "            \" AND location_id = :location AND item_id = :item\",\n"
        "            location=move.to_location_id, item=move.item_id,\n        )[\"id\"] or move.layer_id),\n",
        "tests/services/counting/test_count.py::test_missing_units_leave_from_the_oldest_layer",
    ),
    Plant(
        "newest_first", "the newest goods are promised first",
        "fulfillment/domain/fifo.py",
        "    return _age(layer, rotation), -layer.layer_id if rotation == Rotation.LIFO else layer.layer_id\n",
        "    return -_age(layer, rotation), -layer.layer_id\n",
        "tests/services/stock/test_allocate.py::test_the_oldest_layer_is_promised_first_wherever_it_lies",
    ),
    Plant(
        "cases_not_carried", "a closed case arrives open: its seal is not carried with it",
        LEDGER, "item=move.item_id, qty=move.qty_each, promised=move.allocated_to_each, sealed=move.sealed_to_each,",
        "item=move.item_id, qty=move.qty_each, promised=move.allocated_to_each, sealed=0,",
        "tests/services/stock/test_ledger_cases.py::test_a_closed_case_stays_closed_on_its_way",
    ),
    # --- scans -----------------------------------------------------------------------------------------------
    Plant(
        "lost_replay_check", "a scan that came before is applied again",
        "fulfillment/services/scan_path/scan_arrival.py",
        "    if known is not None and known[\"body_sha256\"] is not None:\n", "    if known is not None and known[\"body_sha256\"] == \"\":\n",
        f"{SCAN_RACES}test_one_pull_that_reaches_eight_nodes_at_once_counts_once",
    ),
    Plant(
        "body_not_compared", "a scan_id with another body gets the first one's answer",
        "fulfillment/services/scan_path/scan_arrival.py",
        "        if known[\"body_sha256\"] != request.sha256():\n", "        if not known[\"body_sha256\"]:\n",
        f"{SCAN_RACES}test_one_scan_id_with_two_bodies_is_applied_once_and_a_conflict",
    ),
    Plant(
        "no_unique_scan_id", "the database lets one scan_id in twice",
        "fulfillment/migrations/versions/0007_scans_and_events.py",
        "        sa.UniqueConstraint(\"warehouse_id\", \"scan_id\", name=op.f(\"uq_scan_warehouse_id_scan_id\")),\n", "",
        f"{SCAN_RACES}test_the_database_itself_takes_no_scan_twice",
    ),
    Plant(
        "scan_commits_after_its_work", "what a scan did is committed before the scan itself is written down",
        "fulfillment/services/scan_path/scans.py", "    tx.add(\"scan\", **row)\n",
        "    for word in (\"RELEASE piece\", \"COMMIT\", \"BEGIN IMMEDIATE\", \"SAVEPOINT piece\"):\n"
        "        tx._connection.execute(word)\n    tx.add(\"scan\", **row)\n",
        f"{COMMIT_RACES}test_what_a_scan_did_goes_with_the_scan_that_cannot_be_written_down",
    ),
    Plant(
        "revoked_token_good", "a token that was revoked goes on scanning",
        "fulfillment/services/scan_path/scan_arrival.py", "    \" AND k.revoked_at_ms IS NULL WHERE s.warehouse_id", "    \" WHERE s.warehouse_id",
        "tests/web/test_scanning.py::test_a_token_revoked_by_another_process_is_refused_at_the_very_next_scan",
    ),
    Plant(
        "wave_needs_no_permission", "anybody may release waves",
        "fulfillment/web/api.py", "@operation(\"POST\", \"/waves\", Permission.RELEASE_WAVES,", "@operation(\"POST\", \"/waves\", Permission.PUBLIC,",
        "tests/web/test_who_may.py::test_only_these_routes_are_open_to_anybody",
    ),
    Plant(
        "old_scans_deleted", "a scan is deleted when it is old, and applied again when its device comes back",
        "fulfillment/services/records/retention.py", "\"UPDATE scan SET outcome = '' WHERE warehouse_id = :w AND id > :first AND id <= :last\"",
        "\"DELETE FROM scan WHERE warehouse_id = :w AND id > :first AND id <= :last\"",
        "tests/services/records/test_retention.py::test_an_old_answer_goes_and_the_scan_is_still_not_applied_twice",
    ),
    # --- commits and turns -----------------------------------------------------------------------------------
    Plant(
        "answered_before_commit", "whoever waits is answered before the commit they share",
        SQLITE, "                    done.append((piece, answer))\n",
        "                    done.append((piece, answer))\n                    piece.tell(answer)\n",
        f"{COMMIT_RACES}test_nobody_is_answered_before_the_commit_that_keeps_what_was_done",
    ),
    Plant(
        "no_savepoint_a_piece", "what a failing scan wrote is committed with the scans beside it",
        SQLITE, "                    connection.execute(\"ROLLBACK TO piece\")\n", "",
        f"{COMMIT_RACES}test_a_scan_that_fails_takes_no_other_of_its_commit_with_it_and_leaves_nothing",
    ),
    Plant(
        "flock_not_taken", "processes write and checkpoint one file side by side",
        SQLITE, "        fcntl.flock(lock, fcntl.LOCK_EX)\n        _turn.path", "        _turn.path",
        f"{COMMIT_RACES}test_a_process_waits_while_another_writes_or_checkpoints",
    ),
    Plant(
        "turn_not_taken", "nobody waits for the warehouse's turn, and ids are the highest and one more",
        POSTGRES, "WHERE id = :w FOR NO KEY UPDATE", "WHERE id = :w",
        f"{COMMIT_RACES}test_a_process_waits_for_its_turn_while_another_has_it", PG,
    ),
    Plant(
        "ids_remembered_too_long", "a set-based insert behind WITH is not noticed: its ids are given out again",
        WRITING, "(start := sql.find(\"INSERT INTO \")) >= 0", "(start := sql.find(\"INSERT INTO \")) == 0",
        f"{RACES}test_odoo_62139_promises_stay_what_the_balances_say_while_orders_come_go_and_goods_arrive",
    ),
    Plant(
        "cursor_by_id", "events are followed by id alone: what commits late is missed",
        "fulfillment/services/records/events.py",
        "_SETTLED = \" AND xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint\"\n", "_SETTLED = \"\"\n",
        "tests/services/records/test_events.py::test_what_commits_late_is_waited_for", PG,
    ),
    # --- claims of things ------------------------------------------------------------------------------------
    Plant(
        "fence_not_compared", "a worker whose lease ran out writes beside the one who has the job now",
        OUTBOX, "        \" WHERE warehouse_id = :w AND id = :id AND fence = :fence AND state = 'claimed'\",\n",
        "        \" WHERE warehouse_id = :w AND id = :id AND :fence > 0 AND state = 'claimed'\",\n",
        f"{SCAN_RACES}test_a_worker_whose_lease_ran_out_cannot_write_beside_the_one_who_has_it_now",
    ),
    Plant(
        "lease_never_checked", "a job somebody has is open again for the next who asks",
        OUTBOX, "AND kind = 'print' AND state = 'claimed'\"\n        \" AND lease_until_ms <= :now\",",
        "AND kind = 'print' AND state = 'claimed'\"\n        \" AND :now > 0\",",
        f"{SCAN_RACES}test_inventree_11650_one_label_is_claimed_by_one_of_many_workers",
    ),
    Plant(
        "uncertain_printed_again", "a print of which bytes may have left is queued again (InvenTree #11650)",
        OUTBOX, "            \"UPDATE outbox SET state = 'uncertain', result = 'lease_ended while sending', done_at_ms = :now\"",
        "            \"UPDATE outbox SET state = 'queued', result = 'lease_ended while sending', done_at_ms = :now\"",
        "tests/services/printing/test_outbox.py::test_a_lease_that_ran_out_while_sending_is_uncertain_and_stays_so",
    ),
    Plant(
        "label_bought_again", "a label the carrier did not answer about is bought once more (openlinker #1917)",
        "fulfillment/domain/buying.py", "    if heard:\n        return Ask.LOOK_UP if promises.can_look_up else Ask.A_PERSON\n", "",
        "tests/services/shipping/test_carrier_labels.py::test_a_worker_killed_while_calling_leaves_a_label_that_is_looked_up",
    ),
    Plant(
        "key_not_stable", "each call to the carrier has a key of its own",
        "fulfillment/services/shipping/carrier_service.py", "{\"Idempotency-Key\": request[\"reference\"]}", "{\"Idempotency-Key\": __import__(\"uuid\").uuid4().hex}",
        "tests/services/shipping/test_carrier_keys.py::test_a_call_that_arrives_after_its_repeat_is_the_same_label",
    ),
    Plant(
        "tote_of_anybody", "a tote that stands on one cart is stood on another",
        "fulfillment/services/touring/cart_places.py",
        "        \"UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id\"\n"
        "        \" AND order_id IS NULL\",\n        id=tote[\"id\"], order=order_id,",
        "        \"UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id\",\n"
        "        id=tote[\"id\"], order=order_id,",
        f"{SCAN_RACES}test_one_tote_stands_on_one_of_two_carts",
    ),
    Plant(
        "pallet_comes_twice", "a pallet that has arrived may arrive again",
        "fulfillment/services/receiving/arriving_units.py", "        \"UPDATE asn_unit SET state = 'arrived', arrived_at_ms = :now", "        \"UPDATE asn_unit SET arrived_at_ms = :now",
        f"{SCAN_RACES}test_a_pallet_scanned_by_eight_receivers_on_three_nodes_comes_once",
    ),
    # --- counting, labels, the log ---------------------------------------------------------------------------
    Plant(
        "count_against_the_live_book", "a count is posted against what lies there now, not what lay there when it was counted",
        "fulfillment/services/counting/count.py", "    if _has_moved(tx, location_id, memory[\"after_move\"]):\n",
        "    if _has_moved(tx, location_id, ledger.last_move_id(tx)):\n",
        "tests/services/counting/test_count.py::test_a_count_begins_again_when_stock_moved_meanwhile",
    ),
    Plant(
        "label_text_unescaped", "a name like ^XZ~JA ends the label and cancels the printer's jobs",
        "label_templates/zpl.py", "        return escape(value)\n    if isinstance(value, int)", "        return value\n    if isinstance(value, int)",
        "tests/labels/test_fields.py::test_a_value_is_made_harmless_even_where_a_template_forgot_to",
    ),
    Plant(
        "lot_runs_into_the_serial", "nothing parts a lot from the serial behind it, and 10L1 21S1 reads as the lot L121S1",
        "label_templates/gs1.py", "is_parted = ai in _VARIABLE and", "is_parted = ai not in _VARIABLE and",
        "tests/labels/test_gs1.py::test_no_lot_can_run_into_what_follows_it",
    ),
    Plant(
        "quiet_zone_given_away", "a barcode is made wider at the cost of the white beside it",
        "label_templates/zpl.py", "_QUIET_MODULES = 10", "_QUIET_MODULES = 2",
        "tests/labels/test_oracle.py::test_a_code_as_wide_as_the_label_keeps_its_quiet_zone",
    ),
    Plant(
        "customs_gap_printed", "a customs declaration goes out without what customs asks for",
        "label_templates/customs.py", "            if not item[name]:", "            if item[name] is None and name == \"qty_each\":",
        "tests/labels/test_gs1.py::test_a_declaration_is_refused_by_the_name_of_what_is_wrong",
    ),
    Plant(
        "audit_link_skips_one", "an entry of the audit log is chained to the one before the last",
        "fulfillment/services/records/audit_log.py", "    \" ORDER BY id DESC LIMIT 1), '|1')", "    \" ORDER BY id DESC LIMIT 1 OFFSET 1), '|1')",
        "tests/services/records/test_audit_log.py::test_the_database_makes_the_same_hash_as_the_rule",
    ),
)
