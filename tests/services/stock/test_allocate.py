"""Rules of promising: oldest first, whole orders whole, whoever waited longest is served first."""

from __future__ import annotations

import pytest

from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.ordering import orders
from fulfillment.services.stock import ledger
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, cancel, demand, pick_all, promises, release

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def mug(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    hand.item("CUP")
    return hand


def test_the_oldest_layer_is_promised_first_wherever_it_lies(mug: FloorHand) -> None:
    newer = mug.stock("MUG", 5, "A01-01-1", "2026-02-01")
    older = mug.stock("MUG", 5, "A02-03-3", "2026-01-01")
    mug.order("SO-1", ("MUG", 7))
    assert promises(mug, "SO-1") == [("A01-01-1", newer, 2), ("A02-03-3", older, 5)]


def test_between_equals_the_bin_that_empties_first(mug: FloorHand) -> None:
    mug.stock("MUG", 5, "A01-01-1")
    rest = mug.stock("MUG", 2, "A01-02-1")
    mug.order("SO-1", ("MUG", 2))
    assert promises(mug, "SO-1") == [("A01-02-1", rest, 2)]


def test_a_partial_order_takes_what_there_is(mug: FloorHand) -> None:
    mug.stock("MUG", 2)
    mug.order("SO-1", ("MUG", 5), ("CUP", 1))
    assert demand(mug, "SO-1")["allocated"] == 2
    assert mug.order_state("SO-1") == "allocated"


def test_a_whole_order_takes_nothing_until_all_is_there(mug: FloorHand) -> None:
    mug.stock("MUG", 5)
    mug.order("SO-1", ("MUG", 5), ("CUP", 1), policy="ship_complete")
    assert demand(mug, "SO-1")["allocated"] == 0
    assert mug.order_state("SO-1") == "waiting"
    mug.stock("CUP", 1, "A01-02-1")
    assert demand(mug, "SO-1")["allocated"] == 6
    assert mug.order_state("SO-1") == "allocated"


def test_the_rest_of_a_partial_order_is_promised_when_stock_comes(mug: FloorHand) -> None:
    mug.stock("MUG", 2)
    mug.order("SO-1", ("MUG", 5))
    mug.stock("MUG", 2, "A02-01-1", "2026-02-01")
    assert demand(mug, "SO-1")["allocated"] == 4


def test_goods_put_away_go_to_who_waits(mug: FloorHand) -> None:
    mug.stock("MUG", 3, "DOCK-1")
    mug.sign_in("HAND-1", "PUTAWAY")
    mug.scan("HAND-1", "MUG")
    mug.order("SO-1", ("MUG", 2))
    assert mug.order_state("SO-1") == "waiting"
    mug.scan("HAND-1", mug.step()["fields"]["location"]["barcode"])
    assert mug.order_state("SO-1") == "allocated"


def test_the_more_urgent_order_is_served_first(mug: FloorHand) -> None:
    mug.order("SO-1", ("MUG", 2))
    mug.order("SO-2", ("MUG", 2), priority=5)
    mug.stock("MUG", 2)
    assert demand(mug, "SO-2")["allocated"] == 2
    assert demand(mug, "SO-1")["allocated"] == 0


def test_a_waiting_whole_order_does_not_block_a_smaller_one_behind_it(mug: FloorHand) -> None:
    mug.order("SO-1", ("MUG", 5), policy="ship_complete")
    mug.order("SO-2", ("MUG", 2))
    mug.stock("MUG", 3)
    assert (demand(mug, "SO-1")["allocated"], demand(mug, "SO-2")["allocated"]) == (0, 2)


def test_expired_stock_is_never_promised(mug: FloorHand) -> None:
    layer = mug.stock("MUG", 5)
    mug.write(
        lambda tx: tx.run("UPDATE layer SET expiry_on = '2026-01-02' WHERE warehouse_id = :w AND id = :i", i=layer)
    )
    mug.order("SO-1", ("MUG", 1))
    assert promises(mug, "SO-1") == []


@pytest.mark.parametrize("place", ["DOCK-1", "STAGE-1", "BENCH-1", "LANE-EU"])
def test_only_stock_in_storage_is_promised(mug: FloorHand, place: str) -> None:
    mug.stock("MUG", 5, place)
    mug.order("SO-1", ("MUG", 1))
    assert promises(mug, "SO-1") == []


def test_units_in_totes_are_nobody_elses(mug: FloorHand) -> None:
    mug.stock("MUG", 3)
    mug.order("SO-1", ("MUG", 3))
    pick_all(mug)
    mug.order("SO-2", ("MUG", 1))
    assert mug.order_state("SO-2") == "waiting"


def test_a_cancelled_order_frees_its_promise_for_the_next(mug: FloorHand) -> None:
    mug.stock("MUG", 3)
    mug.order("SO-1", ("MUG", 3))
    mug.order("SO-2", ("MUG", 2))
    cancel(mug, "SO-1")
    assert mug.order_state("SO-1") == "cancelled"
    assert demand(mug, "SO-2")["allocated"] == 2


def test_changing_to_partial_promises_at_once(mug: FloorHand) -> None:
    mug.stock("MUG", 1)
    mug.order("SO-1", ("MUG", 5), policy="ship_complete")
    mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"policy": "ship_partial"}))
    assert demand(mug, "SO-1")["allocated"] == 1


def test_a_count_that_finds_goods_serves_who_waits(mug: FloorHand) -> None:
    mug.stock("MUG", 1)
    mug.order("SO-1", ("MUG", 3))
    mug.sign_in("HAND-1", "COUNT")
    mug.scan("HAND-1", at("A01-01-1"))
    mug.scan("HAND-1", "MUG", 3)
    mug.say("HAND-1", "DONE")
    assert demand(mug, "SO-1")["allocated"] == 3


# --- older goods that come late --------------------------------------------------------------------------


def test_an_order_nobody_walks_for_exchanges_its_promise_for_older_goods(mug: FloorHand) -> None:
    newer = mug.stock("MUG", 5, "A01-01-1", "2026-02-01")
    mug.order("SO-1", ("MUG", 4))
    assert promises(mug, "SO-1") == [("A01-01-1", newer, 4)]
    older = mug.stock("MUG", 3, "A02-01-1", "2026-01-01")
    assert promises(mug, "SO-1") == [("A01-01-1", newer, 1), ("A02-01-1", older, 3)]


def test_the_newest_promise_moves_first(mug: FloorHand) -> None:
    march = mug.stock("MUG", 2, "A01-01-1", "2026-03-01")
    mug.order("SO-1", ("MUG", 1))
    february = mug.stock("MUG", 1, "A01-02-1", "2026-02-01")
    mug.order("SO-2", ("MUG", 1))
    assert promises(mug, "SO-1") == [("A01-02-1", february, 1)]
    assert promises(mug, "SO-2") == [("A01-01-1", march, 1)]
    january = mug.stock("MUG", 1, "A01-03-1", "2026-01-01")
    assert promises(mug, "SO-2") == [("A01-03-1", january, 1)]
    assert promises(mug, "SO-1") == [("A01-02-1", february, 1)]


def test_the_promises_of_a_tour_stand(mug: FloorHand) -> None:
    newer = mug.stock("MUG", 5, "A01-01-1", "2026-02-01")
    mug.order("SO-1", ("MUG", 4))
    release(mug)
    mug.stock("MUG", 3, "A02-01-1", "2026-01-01")
    assert promises(mug, "SO-1") == [("A01-01-1", newer, 4)]


def test_goods_inside_the_tolerance_move_nobody(hand: FloorHand) -> None:
    hand.item("MUG", tolerance_days=7)
    newer = hand.stock("MUG", 5, "A01-01-1", "2026-01-05")
    hand.order("SO-1", ("MUG", 4))
    hand.stock("MUG", 3, "A02-01-1", "2026-01-01")
    assert promises(hand, "SO-1") == [("A01-01-1", newer, 4)]


# --- whole cases -------------------------------------------------------------------------------------------


def closed_cases(hand: FloorHand, cases: int, location: str, received_on: str = "2026-01-01") -> int:
    """Cases of 12 MUG nobody has opened."""
    layer_id = hand.stock("MUG", cases * 12, location, received_on)
    hand.write(lambda tx: tx.run("UPDATE layer SET case_each = 12 WHERE warehouse_id = :w AND id = :id", id=layer_id))

    def arrive(tx: Tx) -> None:
        row = tx.one("SELECT * FROM stock_balance WHERE warehouse_id = :w AND layer_id = :id", id=layer_id)
        item_id, place = row["item_id"], row["location_id"]
        ledger.post(tx, NOBODY, [Move(layer_id, item_id, place, 2, cases * 12, MoveReason.ADJUST)])
        ledger.post(
            tx, NOBODY,
            [Move(layer_id, item_id, 1, place, cases * 12, MoveReason.RECEIVE, sealed_to_each=cases * 12)],
        )  # fmt: skip

    hand.write(arrive)
    return layer_id


def test_a_line_takes_whole_cases_and_its_remainder_loose(mug: FloorHand) -> None:
    loose = mug.stock("MUG", 20, "A01-01-1")
    closed = closed_cases(mug, 4, "A02-03-3")
    mug.order("SO-1", ("MUG", 29))
    assert promises(mug, "SO-1") == [("A01-01-1", loose, 5), ("A02-03-3", closed, 24)]


def test_the_cases_another_order_was_promised_are_not_counted_on(mug: FloorHand) -> None:
    loose = mug.stock("MUG", 20, "A01-01-1")
    closed = closed_cases(mug, 2, "A02-03-3")
    mug.order("SO-1", ("MUG", 24))
    mug.order("SO-2", ("MUG", 12))
    assert promises(mug, "SO-1") == [("A02-03-3", closed, 24)]
    assert promises(mug, "SO-2") == [("A01-01-1", loose, 12)]


def test_of_one_age_what_can_be_picked_is_promised_before_what_must_come_down_first(mug: FloorHand) -> None:
    mug.stock("MUG", 3, "A02-03-3")
    mug.write(lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = 'A02-03-3'"))
    near = mug.stock("MUG", 9, "A01-01-1")
    mug.order("SO-1", ("MUG", 3))
    assert promises(mug, "SO-1") == [("A01-01-1", near, 3)]
