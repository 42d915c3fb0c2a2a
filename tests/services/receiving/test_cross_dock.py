"""Rules of cross-docking: what an order waits for goes from the dock into its tote, and FIFO holds all the same."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.services.ordering import orders
from fulfillment.services.receiving.inbound import UnitIn
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES, cancel, demand
from tests.services.arriving import PALLET, announce, announce_units, begin, case_of, finish, lines

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def dock(hand: FloorHand) -> FloorHand:
    """Items MUG and CUP; somebody puts away at HAND-1."""
    hand.item("MUG")
    hand.item("CUP")
    hand.sign_in("HAND-1", "PUTAWAY")
    return hand


def take(hand: FloorHand, code: str = "MUG") -> dict[str, Any]:
    """Take goods up from the dock; the screen."""
    return hand.scan("HAND-1", code)["step"]


def test_what_an_order_waits_for_goes_into_its_tote_and_to_staging(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 3))
    dock.stock("MUG", 5, "DOCK-1")
    step = take(dock)
    assert step["state"] == "tote"
    assert (step["fields"]["order"], step["fields"]["qty_each"], step["fields"]["staging"]["code"]) == (
        "SO-1", 3, "STAGE-1",
    )  # fmt: skip
    assert dock.scan("HAND-1", TOTES[0])["step"]["state"] == "item"
    assert demand(dock, "SO-1") == {"ordered": 3, "allocated": 3, "picked": 3}
    assert (dock.on_hand("STAGE-1"), dock.on_hand("DOCK-1")) == (3, 2)
    assert dock.order_state("SO-1") == "picked"
    assert take(dock)["state"] == "location"  # nobody waits for the rest


def test_the_bench_packs_such_a_tote_like_any_other(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 1))
    dock.stock("MUG", 1, "DOCK-1")
    take(dock)
    dock.scan("HAND-1", TOTES[0])
    dock.sign_in("BENCH-1", "PACK")
    assert dock.scan("BENCH-1", TOTES[0])["step"]["state"] == "item"
    assert dock.scan("BENCH-1", "MUG")["outcome"] == "applied"
    assert demand(dock, "SO-1")["picked"] == 1
    assert dock.order_state("SO-1") == "packed"


def test_the_most_urgent_order_is_served_first_and_each_gets_its_own_tote(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 2))
    dock.order("SO-2", ("MUG", 2), priority=5)
    dock.stock("MUG", 3, "DOCK-1")
    assert take(dock)["fields"]["order"] == "SO-2"
    dock.scan("HAND-1", TOTES[0])
    step = take(dock)
    assert (step["fields"]["order"], step["fields"]["qty_each"]) == ("SO-1", 1)
    dock.scan("HAND-1", TOTES[0])
    assert dock.answer["code"] == "tote_in_use"
    dock.scan("HAND-1", TOTES[1])
    assert dock.on_hand("DOCK-1") == 0


def test_two_people_do_not_carry_for_one_demand(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 2))
    dock.stock("MUG", 5, "DOCK-1")
    take(dock)
    dock.sign_in("HAND-2", "PUTAWAY", "1002")
    assert dock.scan("HAND-2", "MUG")["step"]["state"] == "location"


def test_an_order_shipped_whole_is_served_when_that_completes_it(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 2), ("CUP", 1), policy="ship_complete")
    dock.stock("MUG", 5, "DOCK-1")
    assert take(dock)["state"] == "location"
    dock.say("HAND-1", "BACK")
    dock.order("SO-2", ("MUG", 6), policy="ship_complete")
    assert take(dock)["state"] == "location"
    dock.say("HAND-1", "BACK")
    dock.order("SO-3", ("MUG", 5), policy="ship_complete")
    assert take(dock)["fields"]["order"] == "SO-3"
    dock.scan("HAND-1", TOTES[0])
    assert dock.order_state("SO-3") == "picked"


def test_goods_go_to_storage_when_something_older_is_free(dock: FloorHand) -> None:
    # Two old MUGs lie free: the whole order could not be promised them.
    dock.stock("MUG", 2, "A01-01-1", "2025-01-01")
    dock.order("SO-1", ("MUG", 5), policy="ship_complete")
    dock.stock("MUG", 5, "DOCK-1", "2026-02-01")
    assert take(dock)["state"] == "location"
    dock.scan("HAND-1", dock.step()["fields"]["location"]["barcode"])
    assert demand(dock, "SO-1")["allocated"] == 5


def test_spoilt_goods_go_to_no_customer(hand: FloorHand) -> None:
    item_id = hand.item("MED", tracks_expiry=1, rotation="fefo", min_life_days=30)
    case_of(hand, item_id, "09506000134352", 1, "each")
    hand.order("SO-1", ("MED", 1))
    announce(hand, "R1", ("MED", 1))
    begin(hand)
    hand.scan("DOCK-1", "]C10109506000134352" + "17200101")
    hand.sign_in("HAND-1", "PUTAWAY")
    assert take(hand, "MED")["state"] == "location"


def test_held_and_cancelled_orders_wait_for_nothing(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 2))
    dock.order("SO-2", ("MUG", 2))
    dock.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "payment"))
    cancel(dock, "SO-2")
    dock.stock("MUG", 5, "DOCK-1")
    assert take(dock)["state"] == "location"


@pytest.mark.parametrize("what", ["cancel", "hold", "served"])
def test_an_order_that_wants_them_no_more_lets_the_goods_go_to_storage(dock: FloorHand, what: str) -> None:
    dock.order("SO-1", ("MUG", 2))
    dock.stock("MUG", 5, "DOCK-1")
    take(dock)
    if what == "cancel":
        cancel(dock, "SO-1")
    elif what == "hold":
        dock.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "payment"))
    else:
        dock.stock("MUG", 1, "A01-01-1")
    dock.scan("HAND-1", TOTES[0])
    assert dock.answer["code"] == {"cancel": "order_cancelled", "hold": "order_on_hold", "served": "too_many"}[what]
    assert dock.say("HAND-1", "BACK")["step"]["state"] == "item"
    assert dock.on_hand("DOCK-1") == 5
    assert take(dock)["state"] == ("tote" if what == "served" else "location")


def test_a_tote_nobody_knows_takes_nothing(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 2))
    dock.stock("MUG", 2, "DOCK-1")
    take(dock)
    dock.say("HAND-1", "HOME")
    assert dock.answer["code"] == "finish_first"
    dock.scan("HAND-1", "T-999999-Z")
    assert dock.answer["outcome"] == "rejected"
    assert dock.step()["state"] == "tote"


def test_closed_cases_are_opened_on_the_way_into_the_tote(hand: FloorHand) -> None:
    item_id = hand.item("MUG")
    case_of(hand, item_id, "CASE12", 12)
    hand.order("SO-1", ("MUG", 5))
    announce(hand, "R1", ("MUG", 12))
    begin(hand)
    assert hand.scan("DOCK-1", "CASE12")["step"]["fields"]["notice"] == "cross_dock"
    finish(hand)
    hand.sign_in("HAND-1", "PUTAWAY")
    take(hand)
    hand.scan("HAND-1", TOTES[0])
    assert hand.answer["outcome"] == "applied"
    left = hand.one("SELECT on_hand_each, sealed_each FROM stock_balance WHERE warehouse_id = :w AND lpn_id = 0")
    assert left == {"on_hand_each": 7, "sealed_each": 0}


def test_a_pallet_somebody_waits_for_gives_its_part_first(dock: FloorHand) -> None:
    dock.order("SO-1", ("MUG", 3))
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 40))))
    begin(dock)
    assert dock.scan("DOCK-1", PALLET)["step"]["fields"]["notice"] == "cross_dock"
    step = take(dock, PALLET)
    assert (step["state"], step["fields"]["qty_each"]) == ("tote", 3)
    dock.scan("HAND-1", TOTES[0])
    assert take(dock)["fields"]["qty_each"] == 37


def test_a_serial_goes_to_a_customer_only_by_its_own_scan(hand: FloorHand) -> None:
    item_id = hand.item("CAM", tracks_serial=1)
    case_of(hand, item_id, "09506000134352", 1, "each")
    hand.order("SO-1", ("CAM", 1))
    announce(hand, "R1", ("CAM", 2))
    begin(hand)
    for serial in ("S1", "S2"):
        hand.scan("DOCK-1", f"]C1010950600013435221{serial}")
    hand.sign_in("HAND-1", "PUTAWAY")
    assert take(hand, "CAM")["state"] == "location"
    hand.say("HAND-1", "BACK")
    assert take(hand, "]C1010950600013435221S2")["state"] == "tote"
    hand.scan("HAND-1", TOTES[0])
    picked = hand.one(
        "SELECT y.serial FROM stock_move m JOIN layer y ON y.warehouse_id = m.warehouse_id AND y.id = m.layer_id"
        " WHERE m.warehouse_id = :w AND m.reason = 'pick'"
    )
    assert picked == {"serial": "S2"}
