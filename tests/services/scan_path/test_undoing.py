"""UNDO takes back what was done last, by a move the other way, as long as nobody has built on it."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services.replenishing import pick_faces
from tests.factories import NOBODY, FloorHand
from tests.services import wall
from tests.services.acts import (
    TOTES,
    at,
    cancel,
    demand,
    finish_tour,
    go_to_stop,
    make_stop,
    pick_all,
    promises,
    release,
    take_tour,
)

pytestmark = pytest.mark.usefixtures("book_is_right")
HAND = "HAND-1"


def moves(hand: FloorHand) -> list[tuple[str, str, int]]:
    rows = hand.all("SELECT reason, why, qty_each FROM stock_move WHERE warehouse_id = :w ORDER BY id")
    return [(row["reason"], row["why"], row["qty_each"]) for row in rows]


@pytest.fixture
def walk(hand: FloorHand) -> FloorHand:
    """Three MUG of two ages in A01-01-1, all of them picked into the tote of SO-1."""
    hand.item("MUG")
    hand.stock("MUG", 2, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 8, "A01-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    hand.scan(HAND, "MUG", 3)
    hand.scan(HAND, TOTES[0])
    return hand


# --- a pick --------------------------------------------------------------------------------------------------------


def test_the_last_pick_goes_back_to_its_place_promised_as_before(walk: FloorHand) -> None:
    before = moves(walk)
    assert "UNDO" in [one["label"] for one in walk.step()["expects"]]
    walk.say(HAND, "UNDO")
    assert (walk.step()["state"], walk.step()["fields"]["left_each"]) == ("item", 3)
    assert walk.step()["fields"]["notice"] == "undone_pick"
    assert walk.step()["fields"]["undone"] == {"qty_each": 3, "place": "A01-01-1"}
    assert walk.on_hand("A01-01-1") == 10
    assert [(place, units) for place, _, units in promises(walk, "SO-1")] == [("A01-01-1", 2), ("A01-01-1", 1)]
    assert demand(walk, "SO-1") == {"ordered": 3, "allocated": 3, "picked": 0}
    assert moves(walk) == [*before, ("put_back", "undone", 2), ("put_back", "undone", 1)]
    walk.scan(HAND, "MUG", 3)
    walk.scan(HAND, TOTES[0])
    finish_tour(walk)
    assert walk.order_state("SO-1") == "picked"


def test_a_replayed_undo_undoes_once_and_a_second_one_finds_nothing(walk: FloorHand) -> None:
    first = walk.scan(HAND, own_code("C", "UNDO"), scan_id="once")
    assert walk.scan(HAND, own_code("C", "UNDO"), scan_id="once") == {**first, "replayed": True}
    assert walk.say(HAND, "UNDO")["code"] == "nothing_to_undo"
    assert walk.on_hand("A01-01-1") == 10


def test_a_set_down_tote_gives_nothing_back(walk: FloorHand) -> None:
    walk.scan(HAND, at("STAGE-1"))
    assert walk.say(HAND, "UNDO")["outcome"] == "rejected"
    assert walk.order_state("SO-1") == "picked"


def test_nobody_undoes_what_another_did(walk: FloorHand) -> None:
    walk.scan(HAND, own_code("B", "1002"))
    assert walk.say(HAND, "UNDO")["code"] == "nothing_to_undo"
    assert demand(walk, "SO-1")["picked"] == 3


def test_a_pick_of_a_cancelled_order_is_put_back_by_its_task_instead(walk: FloorHand) -> None:
    cancel(walk, "SO-1")
    assert walk.say(HAND, "UNDO")["code"] == "order_cancelled"


def test_older_goods_that_came_since_are_promised_first(walk: FloorHand) -> None:
    walk.stock("MUG", 5, "A01-02-1", "2025-12-01")
    walk.say(HAND, "UNDO")
    assert [(place, units) for place, _, units in promises(walk, "SO-1")] == [("A01-02-1", 3)]
    assert walk.step()["fields"]["location"]["code"] == "A01-02-1"
    finish_tour(walk)


def test_other_goods_put_there_since_keep_the_place(walk: FloorHand) -> None:
    walk.item("CUP")
    place = walk.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")["id"]
    cup = walk.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'CUP'")["id"]
    layer = walk.stock("CUP", 2, "DOCK-1")
    walk.write(lambda tx: tx.insert(
        "task", kind="putaway", item_id=cup, layer_id=layer, location_id=place, qty_each=2, created_at_ms=tx.now_ms
    ))  # fmt: skip
    assert walk.say(HAND, "UNDO")["code"] == "location_full"
    assert walk.step()["state"] == "drop"


def test_goods_in_a_push_back_lane_go_back_as_they_came(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2, "P01-01-1", "2026-01-01")
    hand.order("SO-1", ("MUG", 1))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    hand.scan(HAND, "MUG")
    hand.scan(HAND, TOTES[0])
    assert hand.say(HAND, "UNDO")["outcome"] == "applied"


# --- putting away and moving -----------------------------------------------------------------------------------------


def at_dock(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    hand.stock("MUG", 6, "DOCK-1")
    hand.sign_in("DOCK-1", "PUTAWAY")
    hand.scan("DOCK-1", "MUG")
    return hand


def test_what_was_put_away_last_is_in_the_hand_again(hand: FloorHand) -> None:
    at_dock(hand)
    place = hand.step()["fields"]["location"]
    hand.scan("DOCK-1", place["barcode"], 4)
    assert hand.step()["fields"]["qty_each"] == 2
    hand.say("DOCK-1", "UNDO")
    assert (hand.step()["state"], hand.step()["fields"]["qty_each"]) == ("location", 6)
    assert (hand.on_hand("DOCK-1"), hand.on_hand(place["code"])) == (6, 0)
    assert moves(hand)[-1] == ("move", "undone", 4)
    hand.scan("DOCK-1", place["barcode"])
    assert hand.on_hand(place["code"]) == 6


def test_what_an_order_was_promised_meanwhile_stays_put_away(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 4))
    hand.stock("MUG", 6, "DOCK-1")
    hand.sign_in("DOCK-1", "PUTAWAY")
    hand.scan("DOCK-1", "MUG")
    if hand.step()["state"] == "tote":  # an order waits for it: lay it down, this is about storage
        hand.say("DOCK-1", "UNDO")
        hand.write(lambda tx: tx.put("UPDATE sales_order SET hold_reason = 'by_hand' WHERE warehouse_id = :w"))
        hand.scan("DOCK-1", "MUG")
        hand.write(lambda tx: tx.put("UPDATE sales_order SET hold_reason = '' WHERE warehouse_id = :w"))
    hand.scan("DOCK-1", hand.step()["fields"]["location"]["barcode"])
    assert hand.say("DOCK-1", "UNDO")["code"] == "too_late_to_undo"
    assert hand.on_hand("DOCK-1") == 0


def test_what_was_set_down_last_is_in_the_hand_again_and_goes_home_from_there(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6, "A01-01-1")
    hand.sign_in(HAND, "MOVE")
    hand.scan(HAND, at("A01-01-1"))
    hand.scan(HAND, "MUG", 5)
    hand.scan(HAND, at("A01-02-1"))
    assert hand.say(HAND, "UNDO")["step"]["state"] == "target"
    assert (hand.on_hand("A01-02-1"), hand.step()["fields"]["qty_each"]) == (0, 5)
    assert hand.step()["fields"]["from"]["code"] == "A01-01-1"
    hand.say(HAND, "UNDO")
    assert hand.on_hand("A01-01-1") == 6
    assert hand.say(HAND, "UNDO")["outcome"] == "rejected"


# --- packing ---------------------------------------------------------------------------------------------------------


def test_what_was_packed_last_lies_in_its_tote_again(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    hand.sign_in("BENCH-1", "PACK")
    hand.scan("BENCH-1", TOTES[0])
    hand.scan("BENCH-1", "MUG")
    hand.scan("BENCH-1", "MUG")
    hand.say("BENCH-1", "UNDO")
    assert (hand.step()["fields"]["parcel"]["units"], hand.step()["fields"]["units_left"]) == (1, 2)
    assert hand.step()["fields"]["parcel"]["weight_g"] == 200
    assert moves(hand)[-1] == ("unpack", "undone", 1)
    hand.scan("BENCH-1", "MUG")
    hand.scan("BENCH-1", "MUG")
    assert hand.step()["state"] == "label"
    assert hand.say("BENCH-1", "UNDO")["outcome"] == "rejected"  # the parcel has its label: it is opened again instead


def test_a_tote_its_last_unit_left_is_the_orders_again(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 1, "A01-01-1")
    hand.stock("CUP", 1, "A01-02-1")
    hand.order("SO-1", ("MUG", 1), ("CUP", 1))
    release(hand)
    take_tour(hand)
    first = go_to_stop(hand)["step"]["fields"]["item"]["sku"]
    hand.scan(HAND, first)
    hand.scan(HAND, TOTES[0])
    hand.say(HAND, "NEWTOTE")
    hand.scan(HAND, TOTES[1])
    finish_tour(hand)
    hand.sign_in("BENCH-1", "PACK")
    hand.scan("BENCH-1", TOTES[0])
    hand.scan("BENCH-1", first)
    assert hand.step()["fields"]["tote"]["code"] == "000002"
    hand.say("BENCH-1", "UNDO")
    assert (hand.step()["fields"]["tote"]["code"], hand.step()["fields"]["units_left"]) == ("000001", 1)
    assert hand.step()["fields"]["notice"] == "undone_pack"


# --- a stop of a batch -----------------------------------------------------------------------------------------------


@pytest.fixture
def batch(hand: FloorHand) -> FloorHand:
    """Seven MUG for two orders, picked as one stop of a batch into one tote."""
    wall.equip(hand)
    wall.stock(hand, "MUG", "CUP")
    hand.order("SO-1", ("MUG", 3))
    hand.order("SO-2", ("MUG", 4), ("CUP", 1))
    wall.release(hand)
    take_tour(hand)
    while hand.step()["fields"]["item"]["sku"] != "MUG":
        hand.say(HAND, "SKIP")
    go_to_stop(hand)
    assert hand.step()["fields"]["left_each"] == 7
    hand.scan(HAND, "MUG", 7)
    hand.scan(HAND, TOTES[0])
    return hand


def test_a_stop_of_a_batch_goes_back_for_every_order_in_it(batch: FloorHand) -> None:
    assert [demand(batch, number, "MUG")["picked"] for number in ("SO-1", "SO-2")] == [3, 4]
    assert batch.say(HAND, "UNDO")["outcome"] == "applied"
    assert batch.step()["fields"]["undone"] == {"qty_each": 7, "place": "A01-01-1"}
    assert [demand(batch, number, "MUG")["picked"] for number in ("SO-1", "SO-2")] == [0, 0]
    assert batch.on_hand("A01-01-1") == 50
    batch.say(HAND, "UNDO")
    assert batch.answer["code"] == "nothing_to_undo"
    while batch.step()["state"] in ("location", "item"):
        assert make_stop(batch)["outcome"] == "applied"
    batch.scan(HAND, wall.AT_WALL)
    assert [batch.order_state(number) for number in ("SO-1", "SO-2")] == ["picked", "picked"]


def test_a_part_of_a_batch_stop_goes_back_alone(batch: FloorHand) -> None:
    batch.say(HAND, "UNDO")
    batch.scan(HAND, "MUG", 2)
    batch.scan(HAND, TOTES[0])
    batch.scan(HAND, "MUG", 5)
    batch.scan(HAND, TOTES[0])
    batch.say(HAND, "UNDO")
    assert sum(demand(batch, number, "MUG")["picked"] for number in ("SO-1", "SO-2")) == 2
    assert batch.step()["fields"]["left_each"] == 5


def test_of_a_batch_with_a_cancelled_order_nothing_goes_back_alone(batch: FloorHand) -> None:
    cancel(batch, "SO-2")
    assert batch.say(HAND, "UNDO")["code"] == "order_cancelled"
    assert demand(batch, "SO-1", "MUG")["picked"] == 3


def test_a_batch_tote_moved_on_to_a_free_place_takes_the_rest(batch: FloorHand) -> None:
    for word in ("NEWTOTE", "OTHERPLACE"):
        batch.say(HAND, word)
    place = batch.step()["fields"]["tote"]["position"]
    batch.scan(HAND, TOTES[1])
    assert (batch.step()["fields"]["tote"]["position"], batch.step()["fields"]["tote"]["code"]) == (place, "000002")
    batch.say(HAND, "UNDO")
    assert batch.step()["fields"]["tote"]["code"] == "000002"
    while batch.step()["state"] in ("location", "item"):
        assert make_stop(batch)["outcome"] == "applied"
    batch.scan(HAND, wall.AT_WALL)
    assert [batch.order_state(number) for number in ("SO-1", "SO-2")] == ["picked", "picked"]


# --- refilling -------------------------------------------------------------------------------------------------------

FACE, RESERVE = "A01-01-1", "A02-03-3"


@pytest.fixture
def refill(hand: FloorHand) -> FloorHand:
    """MUG's face holds 4 of at least 5 and at most 20; Ada refills from 30 in reserve."""
    hand.item("MUG")
    hand.stock("MUG", 4, FACE, "2026-01-01")
    hand.stock("MUG", 30, RESERVE, "2026-02-01")
    hand.write(lambda tx: pick_faces.give(tx, NOBODY, FACE, "MUG", 5, 20))
    hand.sign_in(HAND, "REPLENISH")
    hand.scan(HAND, at(RESERVE))
    return hand


def in_hand(hand: FloorHand) -> int:
    return hand.on_hand(f"HAND-{HAND}")


def test_units_taken_up_last_lie_in_the_reserve_again(refill: FloorHand) -> None:
    refill.scan(HAND, "MUG", 6)
    refill.scan(HAND, "MUG", 10)
    assert refill.step()["state"] == "target"
    refill.say(HAND, "UNDO")
    assert (refill.step()["state"], refill.step()["fields"]["notice"]) == ("item", "undone_taking")
    assert (in_hand(refill), refill.on_hand(RESERVE), refill.step()["fields"]["qty_each"]) == (6, 24, 10)
    assert moves(refill)[-1] == ("replenish", "undone", 10)
    assert refill.say(HAND, "UNDO")["code"] == "nothing_to_undo"


def test_units_set_down_last_are_in_the_hand_again_and_the_task_goes_on(refill: FloorHand) -> None:
    refill.scan(HAND, "MUG", 16)
    refill.scan(HAND, at(FACE))
    assert (refill.on_hand(FACE), refill.step()["fields"]["task"]) == (20, None)
    refill.say(HAND, "UNDO")
    assert (refill.step()["state"], refill.step()["fields"]["notice"]) == ("target", "undone_refill")
    assert (in_hand(refill), refill.on_hand(FACE), refill.step()["fields"]["qty_each"]) == (16, 4, 16)
    refill.scan(HAND, at(FACE), 10)
    refill.scan(HAND, at(FACE))
    assert (in_hand(refill), refill.on_hand(FACE)) == (0, 20)
    assert refill.step()["fields"]["waiting"] == 0


def test_a_part_set_down_is_taken_up_beside_the_rest(refill: FloorHand) -> None:
    refill.scan(HAND, "MUG", 16)
    refill.scan(HAND, at(FACE), 10)
    refill.say(HAND, "UNDO")
    assert (in_hand(refill), refill.on_hand(FACE), refill.step()["fields"]["qty_each"]) == (16, 4, 16)
    refill.say(HAND, "BACK")
    assert refill.on_hand(RESERVE) == 30


def test_what_was_set_down_and_promised_since_stays_there(refill: FloorHand) -> None:
    refill.scan(HAND, "MUG", 16)
    refill.scan(HAND, at(FACE))
    refill.order("SO-1", ("MUG", 20))
    assert refill.say(HAND, "UNDO")["code"] == "too_late_to_undo"
    assert (in_hand(refill), refill.on_hand(FACE)) == (0, 20)


def test_a_reserve_found_short_is_not_taken_back(refill: FloorHand) -> None:
    refill.scan(HAND, "MUG", 6)
    refill.say(HAND, "SHORT")
    assert refill.say(HAND, "UNDO")["code"] == "nothing_to_undo"
    refill.scan(HAND, at(FACE))
    assert refill.say(HAND, "UNDO")["code"] == "nothing_to_undo"
    assert refill.on_hand(FACE) == 10


def test_goods_brought_for_waiting_orders_come_back_with_their_promises(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 30, RESERVE, "2026-02-01")
    hand.write(
        lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = :c", c=RESERVE)
    )
    hand.write(lambda tx: pick_faces.give(tx, NOBODY, FACE, "MUG", 5, 20))
    hand.order("SO-1", ("MUG", 8))
    release(hand)
    hand.sign_in(HAND, "REPLENISH")
    assert hand.step()["fields"]["reason"] == "demand"
    hand.scan(HAND, at(RESERVE))
    hand.scan(HAND, "MUG", 8)
    hand.scan(HAND, at(FACE))
    assert [(place, units) for place, _, units in promises(hand, "SO-1")] == [(FACE, 8)]
    hand.say(HAND, "UNDO")
    assert [(place, units) for place, _, units in promises(hand, "SO-1")] == [(f"HAND-{HAND}", 8)]
    hand.scan(HAND, at(FACE))
    assert [(place, units) for place, _, units in promises(hand, "SO-1")] == [(FACE, 8)]


# --- putting back ----------------------------------------------------------------------------------------------------


@pytest.fixture
def putting_back(walk: FloorHand) -> FloorHand:
    """The tote of SO-1, which was cancelled, is being put back."""
    walk.scan(HAND, at("STAGE-1"))
    cancel(walk, "SO-1")
    walk.say(HAND, "HOME")
    walk.say(HAND, "PUTBACK")
    walk.scan(HAND, TOTES[0])
    return walk


def put_all_back(hand: FloorHand) -> None:
    while hand.step()["state"] in ("item", "location"):
        if hand.step()["state"] == "item":
            hand.scan(HAND, "MUG", hand.step()["fields"]["next"]["qty_each"])
        assert hand.scan(HAND, hand.step()["fields"]["location"]["barcode"])["outcome"] == "applied"


def test_what_was_put_back_last_lies_in_its_tote_again(putting_back: FloorHand) -> None:
    before = demand(putting_back, "SO-1")
    put_all_back(putting_back)
    assert putting_back.on_hand("A01-01-1") == 10
    assert putting_back.say(HAND, "UNDO")["outcome"] == "applied"
    assert (putting_back.step()["state"], putting_back.step()["fields"]["notice"]) == ("item", "undone_put_back")
    assert (putting_back.step()["fields"]["units_left"], putting_back.on_hand("A01-01-1")) == (3, 7)
    assert demand(putting_back, "SO-1") == before
    put_all_back(putting_back)
    assert putting_back.on_hand("A01-01-1") == 10
    assert putting_back.step()["fields"]["waiting"] == []


def test_what_is_only_taken_out_of_the_tote_goes_back_into_it(putting_back: FloorHand) -> None:
    putting_back.scan(HAND, "MUG")
    assert putting_back.step()["state"] == "location"
    putting_back.say(HAND, "UNDO")
    assert (putting_back.step()["state"], putting_back.step()["fields"]["units_left"]) == ("item", 3)
    assert putting_back.say(HAND, "UNDO")["code"] == "nothing_to_undo"


def test_what_an_order_was_promised_since_stays_put_back(putting_back: FloorHand) -> None:
    put_all_back(putting_back)
    putting_back.order("SO-2", ("MUG", 10))
    assert putting_back.say(HAND, "UNDO")["code"] == "too_late_to_undo"
    assert putting_back.on_hand("A01-01-1") == 10


def test_a_tote_somebody_took_since_gets_nothing_back(putting_back: FloorHand) -> None:
    put_all_back(putting_back)
    putting_back.item("CUP")
    putting_back.stock("CUP", 1, "A01-02-1")
    putting_back.order("SO-2", ("CUP", 1))
    release(putting_back)
    take_tour(putting_back, "HAND-2")
    assert putting_back.say(HAND, "UNDO")["code"] == "too_late_to_undo"


def test_units_written_off_as_missing_are_not_taken_back(putting_back: FloorHand) -> None:
    putting_back.say(HAND, "MISSING")
    assert putting_back.say(HAND, "UNDO")["code"] == "nothing_to_undo"
