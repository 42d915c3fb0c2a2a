"""Rules of `floor verify`: a right book passes, each way of being wrong is found and named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.services.common.queries import snapshot
from fulfillment.services.verifying import verify
from tests.factories import FloorHand
from tests.services.acts import TOTES, cancel, pick_all, release, take_tour
from tests.services.packing.a_bench import BENCH, at_bench, at_lane, label_and_lane


@pytest.fixture
def busy(hand: FloorHand) -> FloorHand:
    """A floor with stock, promises, a walk under way and a dropped tote."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 10)
    hand.stock("CUP", 10, "A01-02-1")
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    hand.order("SO-2", ("CUP", 2), ("MUG", 1))
    release(hand)
    take_tour(hand, cart=1, first_tote=3)
    hand.order("SO-3", ("CUP", 1))
    return hand


def report(hand: FloorHand) -> dict[str, Any]:
    return hand.floor.read(verify.verify)


def test_a_check_that_rests_after_each_statement_says_the_same(
    busy: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(verify.time, "sleep", rests.append)
    assert busy.floor.read(lambda tx: verify.verify(tx, rests=2.0)) == report(busy)
    assert len(rests) > 20
    assert all(rest > 0 for rest in rests)


def broken(hand: FloorHand, sql: str) -> set[str]:
    """Change the book behind the floor's back; which checks find something then."""
    hand.write(lambda tx: tx.run(sql))
    return {check["name"] for check in report(hand)["checks"] if not check["ok"]}


def test_a_working_floor_is_right(busy: FloorHand) -> None:
    found = report(busy)
    assert found["ok"]
    assert found["moves"] == busy.one("SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w")["n"]
    assert {check["name"] for check in found["checks"]} >= {"balances_equal_ledger", "a_scan_counts_once"}


def test_an_empty_floor_is_right(hand: FloorHand) -> None:
    assert report(hand)["ok"]


def test_the_report_is_json(busy: FloorHand) -> None:
    assert json.loads(json.dumps(report(busy)))["ok"] is True


def test_it_runs_on_a_transaction_and_on_a_bare_connection_alike(busy: FloorHand) -> None:
    with snapshot(busy.floor.engine) as connection:
        assert verify.verify(connection) == busy.write(verify.verify) == report(busy)


def test_a_unit_nobody_moved_is_found(busy: FloorHand) -> None:
    sql = "UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE warehouse_id = :w AND lpn_id = 0"
    assert broken(busy, sql) == {"balances_equal_ledger"}
    words = next(check for check in report(busy)["checks"] if not check["ok"])
    assert words["count"] == 2
    assert words["found"][0].startswith("A01-01-1, layer 1, handling unit 0, available: the ledger says 7")
    assert words["found"] == sorted(words["found"])  # whatever order the database gives rows in


def test_a_balance_that_vanished_is_found(busy: FloorHand) -> None:
    found = broken(busy, "DELETE FROM stock_balance WHERE warehouse_id = :w AND lpn_id <> 0")
    assert found == {"balances_equal_ledger", "totes_hold_what_was_picked"}


def test_a_promise_without_its_order_is_found(busy: FloorHand) -> None:
    found = broken(busy, "UPDATE allocation SET qty_each = qty_each + 1 WHERE warehouse_id = :w AND qty_each = 2")
    assert found == {
        "promises_equal_allocations", "promises_equal_their_history", "demand_equals_promises", "tasks_equal_promises",
    }  # fmt: skip


def test_figures_that_run_ahead_of_the_floor_are_found(busy: FloorHand) -> None:
    found = broken(
        busy, "UPDATE demand SET picked_each = picked_each + 1 WHERE warehouse_id = :w AND allocated_each = 2"
    )
    assert found == {"demand_equals_promises", "totes_hold_what_was_picked", "picked_and_shipped_equal_ledger"}


def test_an_order_in_the_wrong_lane_is_found(busy: FloorHand) -> None:
    found = broken(busy, "UPDATE sales_order SET state = 'waiting' WHERE warehouse_id = :w AND number = 'SO-1'")
    assert found == {"orders_are_where_their_figures_say"}


def test_an_ordered_figure_that_left_its_lines_is_found(busy: FloorHand) -> None:
    found = broken(busy, "UPDATE order_line SET qty_each = qty_each + 1 WHERE warehouse_id = :w AND order_id = 3")
    assert found == {"demand_equals_lines"}


def test_a_tote_that_is_said_to_be_elsewhere_is_found(busy: FloorHand) -> None:
    code = TOTES[0][2:-2]
    found = broken(busy, f"UPDATE lpn SET location_id = 11 WHERE warehouse_id = :w AND code = '{code}'")
    assert found == {"handling_units_lie_where_they_are"}


def test_a_layer_under_two_items_is_found(busy: FloorHand) -> None:
    found = broken(busy, "UPDATE layer SET item_id = 2 WHERE warehouse_id = :w AND id = 1")
    assert found == {"layers_keep_their_item"}


def test_a_missing_move_is_found(busy: FloorHand) -> None:
    def tear_out(tx: Any) -> None:
        tear = "DELETE FROM stock_move WHERE warehouse_id = :w AND id = 1"
        if tx.dialect == "sqlite":
            tx.run("DROP TRIGGER stock_move_no_delete")
            tx.run(tear)
        else:  # the tests of a process share one database there: it is left as it was
            tx.run("ALTER TABLE stock_move DISABLE TRIGGER stock_move_append_only")
            tx.run(tear)
            tx.run("ALTER TABLE stock_move ENABLE TRIGGER stock_move_append_only")

    busy.write(tear_out)
    assert {"ledger_has_no_gap", "balances_equal_ledger"} == {
        check["name"] for check in report(busy)["checks"] if not check["ok"]
    }


def test_many_findings_are_counted_and_a_screenful_is_told(hand: FloorHand) -> None:
    hand.item("MUG")
    for _ in range(verify.FOUND_MAX + 10):
        hand.stock("MUG", 1)
    hand.write(lambda tx: tx.run("UPDATE stock_balance SET on_hand_each = 2 WHERE warehouse_id = :w"))
    check = next(check for check in report(hand)["checks"] if check["name"] == "balances_equal_ledger")
    assert (check["count"], len(check["found"])) == (verify.FOUND_MAX + 10, verify.FOUND_MAX)


def test_verify_changes_nothing(busy: FloorHand) -> None:
    busy.write(lambda tx: tx.run("UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE warehouse_id = :w"))
    first = report(busy)
    assert not first["ok"]
    assert report(busy) == first


def test_a_cancelled_order_with_units_in_a_tote_is_right(busy: FloorHand) -> None:
    cancel(busy, "SO-1")
    assert report(busy)["ok"]


def ship_one(hand: FloorHand) -> None:
    """SO-1 from staging over bench and lane onto the truck."""
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    number = label_and_lane(hand)
    at_lane(hand, station="HAND-2")
    hand.scan("HAND-2", "00" + number)
    hand.say("HAND-2", "CLOSE")
    if hand.step()["state"] == "confirm":
        hand.say("HAND-2", "CONFIRM")
    assert hand.order_state("SO-1") == "shipped"


def test_a_shipped_order_is_right(busy: FloorHand) -> None:
    ship_one(busy)
    assert report(busy)["ok"], report(busy)


def test_a_parcel_that_holds_less_than_was_packed_is_found(busy: FloorHand) -> None:
    at_bench(busy)
    busy.scan(BENCH, "MUG")
    found = broken(
        busy,
        "UPDATE demand SET packed_each = packed_each + 1 WHERE warehouse_id = :w AND packed_each = 1",
    )
    assert found == {"parcels_hold_what_was_packed", "totes_hold_what_was_picked"}


def test_a_figure_shipped_without_a_move_is_found(busy: FloorHand) -> None:
    ship_one(busy)
    found = broken(
        busy,
        "UPDATE demand SET shipped_each = shipped_each - 1 WHERE warehouse_id = :w AND shipped_each = 3",
    )
    assert found == {
        "parcels_hold_what_was_packed", "picked_and_shipped_equal_ledger", "orders_are_where_their_figures_say",
    }  # fmt: skip
