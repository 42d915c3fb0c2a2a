"""Rules of promising: oldest first, whole orders whole, whoever waited longest is served first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.services import orders
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, cancel, demand, pick_all, promises, wrong


@pytest.fixture(autouse=True)
def _book_is_right(hand: FloorHand) -> Iterator[None]:
    """Whatever a test does, the book must agree with itself afterwards."""
    yield
    assert wrong(hand) == []


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
    mug.order("SO-1", ("MUG", 2))
    mug.stock("MUG", 3, "DOCK-1")
    assert mug.order_state("SO-1") == "waiting"
    mug.sign_in("HAND-1", "PUTAWAY")
    mug.scan("HAND-1", "MUG")
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
