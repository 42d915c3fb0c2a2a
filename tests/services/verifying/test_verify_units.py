"""Rules of `floor verify` for cases, pallets, serials and transfers: each way of being wrong is found."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.stock import ledger
from fulfillment.services.verifying import verify
from tests.factories import NOBODY, FloorHand


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    """Two sealed cases of 12 in a bin, a pallet at the dock, one serial."""
    hand.item("MUG")
    hand.item("PHONE", tracks_serial=1)
    mugs = hand.stock("MUG", 1)
    phone = hand.stock("PHONE", 1, "A02-01-1")

    def work(tx: Tx) -> None:
        tx.run("UPDATE layer SET case_each = 12 WHERE warehouse_id = :w AND id = :id", id=mugs)
        tx.run("UPDATE layer SET serial = 'SN1' WHERE warehouse_id = :w AND id = :id", id=phone)
        bin_id, dock = place(tx, "A01-01-1"), place(tx, "DOCK-1")
        pallet = tx.insert("lpn", code="006141410000000017", kind="pallet", location_id=dock)
        tx.insert("lpn", code="006141410000000024", kind="pallet", location_id=dock, parent_lpn_id=pallet)
        ledger.post(
            tx, NOBODY,
            [
                Move(mugs, 1, 1, bin_id, 24, MoveReason.RECEIVE, sealed_to_each=24),
                Move(mugs, 1, 1, dock, 12, MoveReason.RECEIVE, to_lpn_id=pallet, sealed_to_each=12),
            ],
        )  # fmt: skip

    hand.write(work)
    return hand


def place(tx: Tx, code: str) -> int:
    return tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=code)["id"]


def wrong_checks(hand: FloorHand) -> set[str]:
    report: dict[str, Any] = hand.floor.read(verify.verify)
    return {check["name"] for check in report["checks"] if not check["ok"]}


def broken(hand: FloorHand, sql: str) -> set[str]:
    assert wrong_checks(hand) == set()
    hand.write(lambda tx: tx.run(sql))
    return wrong_checks(hand)


def test_a_case_that_opened_itself_is_found(stocked: FloorHand) -> None:
    sql = "UPDATE stock_balance SET sealed_each = 12 WHERE warehouse_id = :w AND sealed_each = 24"
    assert broken(stocked, sql) == {"sealed_cases_equal_history"}


def test_half_a_sealed_case_is_found(stocked: FloorHand) -> None:
    sql = "UPDATE stock_balance SET sealed_each = 18 WHERE warehouse_id = :w AND sealed_each = 24"
    assert broken(stocked, sql) == {"sealed_cases_equal_history", "sealed_units_are_whole_cases"}


def test_a_pallet_in_storage_is_found(stocked: FloorHand) -> None:
    def work(tx: Tx) -> None:
        pallet = tx.one("SELECT id, location_id FROM lpn WHERE warehouse_id = :w AND code = '006141410000000017'")
        ledger.move_lpn(tx, NOBODY, pallet["id"], place(tx, "A02-03-3"), MoveReason.MOVE)
        tx.run("UPDATE lpn SET location_id = :l WHERE warehouse_id = :w AND kind = 'pallet'", l=place(tx, "A02-03-3"))

    stocked.write(work)
    assert wrong_checks(stocked) == {"storage_holds_loose_goods"}


def test_a_serial_in_two_places_is_found(stocked: FloorHand) -> None:
    stocked.write(lambda tx: ledger.post(tx, NOBODY, [Move(2, 2, 3, place(tx, "A02-02-1"), 1, MoveReason.ADJUST)]))
    assert wrong_checks(stocked) == {"a_serial_is_one_unit"}


def test_a_pallet_that_left_the_one_on_top_behind_is_found(stocked: FloorHand) -> None:
    sql = "UPDATE lpn SET location_id = 11 WHERE warehouse_id = :w AND parent_lpn_id IS NOT NULL"
    assert broken(stocked, sql) == {"handling_units_stand_together"}


def test_goods_sent_on_no_transfer_are_found(stocked: FloorHand) -> None:
    stocked.write(lambda tx: ledger.post(tx, NOBODY, [Move(1, 1, place(tx, "A01-01-1"), 4, 1, MoveReason.SEND)]))
    assert wrong_checks(stocked) == {"transfers_equal_ledger"}
