"""Rules of `floor verify` for papers: receipts, purchase orders, transfers, counts, overrides and rules, each way."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.hot import Tx
from fulfillment.services.receiving import purchasing
from fulfillment.services.receiving.inbound import ExpectedLine, UnitIn
from fulfillment.services.receiving.purchasing import OrderedLine, PurchaseIn
from fulfillment.services.stock import policies
from fulfillment.services.transferring import transfers
from fulfillment.services.verifying import verify
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, pick_all
from tests.services.arriving import CARTON, PALLET, announce, begin, finish, say_why


@pytest.fixture
def papers(hand: FloorHand) -> FloorHand:
    """Goods received with one over, some damaged, some short; a count posted, a transfer half lost, a pick."""
    hand.item("MUG")
    hand.item("CUP")
    hand.write(lambda tx: purchasing.place(tx, PurchaseIn("PO-1", (OrderedLine("MUG", 30),))))
    announce(
        hand, "R1", ("MUG", 10), ("CUP", 5), purchase_order="PO-1",
        units=(UnitIn(PALLET, (ExpectedLine("MUG", 5),)), UnitIn(CARTON, (ExpectedLine("CUP", 5),))),
    )  # fmt: skip
    begin(hand)
    hand.scan("DOCK-1", PALLET)
    say_why(hand, "DAMAGED", "damaged")
    hand.scan("DOCK-1", "MUG", 2)
    hand.scan("DOCK-1", "MUG", 8)
    say_why(hand, "OVER", "supplier_over")
    hand.scan("DOCK-1", "MUG", 1)
    finish(hand)
    hand.stock("MUG", 9)
    hand.stock("CUP", 9, "A01-02-1")
    hand.sign_in("HAND-2", "COUNT")
    hand.scan("HAND-2", at("A01-01-1"))
    hand.scan("HAND-2", "MUG", 7)
    hand.say("HAND-2", "DONE")
    hand.write(lambda tx: transfers.ask(tx, "7", "NORTH", [("CUP", 4)]))
    hand.sign_in("HAND-1", "SEND")
    following = hand.scan("HAND-1", own_code("X", "7"))["step"]["fields"]["next"]
    hand.scan("HAND-1", following["location"]["barcode"])
    hand.scan("HAND-1", "CUP", 4)
    hand.say("HAND-1", "DONE")
    hand.write(lambda tx: transfers.arrived(tx, NOBODY, "7", [{"sku": "CUP", "qty_each": 3}]))
    hand.say("HAND-1", "HOME")
    hand.write(lambda tx: policies.set_policy(tx, "MUG", {"own_tolerance_days": 3}))
    hand.order("SO-1", ("MUG", 2))
    pick_all(hand)
    return hand


def wrong_checks(hand: FloorHand) -> set[str]:
    report: dict[str, Any] = hand.floor.read(verify.verify)
    return {check["name"] for check in report["checks"] if not check["ok"]}


def test_right_papers_are_right(papers: FloorHand) -> None:
    assert wrong_checks(papers) == set()


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE receipt_line SET expected_each = expected_each + 1 WHERE warehouse_id = :w AND item_id = 1",
         "more_than_announced_is_entered"),
        ("UPDATE receipt_line SET damaged_each = 0 WHERE warehouse_id = :w", "damage_on_arrival_is_entered"),
        ("UPDATE receipt_line SET expected_each = expected_each + 1 WHERE warehouse_id = :w AND item_id = 2",
         "what_is_entered_short_did_not_come"),
        ("UPDATE purchase_order_line SET received_each = received_each - 1 WHERE warehouse_id = :w",
         "purchase_orders_equal_receipts"),
        ("UPDATE asn_unit SET state = 'announced' WHERE warehouse_id = :w", "announced_units_have_not_come"),
        ("UPDATE transfer_line SET sent_each = sent_each + 1 WHERE warehouse_id = :w", "transfers_equal_their_parts"),
        ("UPDATE transfer_part SET arrived_each = sent_each WHERE warehouse_id = :w", "what_did_not_arrive_is_lost"),
        ("UPDATE count_result SET counted_each = counted_each - 1 WHERE warehouse_id = :w",
         "posted_counts_equal_ledger"),
        ("UPDATE count_result SET state = 'agreed' WHERE warehouse_id = :w", "agreed_counts_differ_in_nothing"),
        ("UPDATE item SET rotation = 'none' WHERE warehouse_id = :w", "items_follow_their_newest_policy"),
    ],
)  # fmt: skip
def test_a_paper_changed_by_hand_is_found(papers: FloorHand, sql: str, found: str) -> None:
    papers.write(lambda tx: tx.run(sql))
    assert found in wrong_checks(papers)


def test_an_override_of_nothing_is_found(papers: FloorHand) -> None:
    def forge(tx: Tx) -> None:
        pick = tx.one("SELECT * FROM stock_move WHERE warehouse_id = :w AND reason = 'pick'")
        tx.insert(
            "fifo_override", order_id=pick["order_id"], item_id=pick["item_id"], location_id=pick["from_location_id"],
            layer_id=pick["layer_id"], qty_each=pick["qty_each"] + 1, why="sample", after_move_id=pick["id"],
            supervisor_id=1, recorded_at_ms=tx.now_ms,
        )  # fmt: skip

    papers.write(forge)
    assert wrong_checks(papers) == {"overrides_are_of_picks"}


def test_an_override_from_the_board_without_its_promise_is_found(papers: FloorHand) -> None:
    def forge(tx: Tx) -> None:
        pick = tx.one("SELECT * FROM stock_move WHERE warehouse_id = :w AND reason = 'pick'")
        wave = tx.one("SELECT MAX(id) AS id FROM wave WHERE warehouse_id = :w")["id"]
        act = tx.insert("wave_act", act="override", wave_id=wave, acted_at_ms=tx.now_ms)
        tx.insert(
            "fifo_override", order_id=pick["order_id"], item_id=pick["item_id"], location_id=pick["from_location_id"],
            layer_id=pick["layer_id"], qty_each=1, why="quality", after_move_id=pick["id"], supervisor_id=1,
            recorded_at_ms=tx.now_ms, wave_act_id=act,
        )  # fmt: skip

    papers.write(forge)
    assert wrong_checks(papers) == {"overrides_from_the_board_are_of_promises"}


def test_a_lane_turned_round_by_hand_is_found(papers: FloorHand) -> None:
    rack = papers.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'F01-01-1'")["id"]
    papers.write(lambda tx: policies.note_reach(tx, rack, "any", "fifo"))
    assert wrong_checks(papers) == set()
    papers.write(lambda tx: tx.run("UPDATE location SET access = 'lifo' WHERE warehouse_id = :w AND id = :r", r=rack))
    assert wrong_checks(papers) == {"lanes_are_reached_as_entered"}
