"""Rules of cluster picking: nothing wrong gets into a tote, nothing found is lost."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services.ordering import orders
from tests.factories import NOBODY, FloorHand
from tests.services.acts import (
    CARTS,
    TOTES,
    at,
    cancel,
    demand,
    finish_tour,
    go_to_stop,
    make_stop,
    picked_layers,
    promises,
    release,
    say_short,
    take_tour,
)

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def walk(hand: FloorHand) -> FloorHand:
    """One order of 3 MUG in A01-01-1, its tour claimed, its tote on the cart."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 10, "A01-01-1")
    hand.stock("CUP", 10, "A01-02-1")
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    return hand


def code_of(hand: FloorHand) -> str | None:
    return hand.answer.get("code")


# --- the straight way ------------------------------------------------------------------------------------


def test_a_stop_is_location_item_tote(walk: FloorHand) -> None:
    assert walk.step()["state"] == "location"
    assert go_to_stop(walk)["step"]["state"] == "item"
    assert walk.scan("HAND-1", "MUG", 3)["step"]["state"] == "tote"
    assert walk.scan("HAND-1", TOTES[0])["step"]["state"] == "drop"
    assert walk.on_hand("A01-01-1", "MUG") == 7
    assert demand(walk, "SO-1")["picked"] == 3


def test_each_scan_of_an_item_counts_one(walk: FloorHand) -> None:
    go_to_stop(walk)
    for counted in (1, 2):
        assert walk.scan("HAND-1", "MUG")["step"]["fields"]["counted_each"] == counted
    assert walk.scan("HAND-1", "MUG")["step"]["state"] == "tote"


def test_a_case_barcode_counts_its_eaches(walk: FloorHand) -> None:
    walk.write(
        lambda tx: tx.insert(
            "item_barcode",
            item_id=tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"],
            code="MUG-CASE",
            uom="case",
            qty_each=2,
        )
    )
    go_to_stop(walk)
    assert walk.scan("HAND-1", "MUG-CASE")["step"]["fields"]["left_each"] == 1
    walk.scan("HAND-1", "MUG-CASE")
    assert code_of(walk) == "too_many"


def test_dropped_totes_wait_for_the_bench(walk: FloorHand) -> None:
    finish_tour(walk)
    assert walk.order_state("SO-1") == "picked"
    assert walk.on_hand("STAGE-1", "MUG") == 3
    assert walk.step()["state"] == "cart"


def test_totes_are_dropped_at_staging_only(walk: FloorHand) -> None:
    make_stop(walk)
    walk.scan("HAND-1", at("BENCH-1"))
    assert code_of(walk) == "wrong_location"
    walk.scan("HAND-1", at("STAGE-1"))


# --- what a hand gets wrong ------------------------------------------------------------------------------


def test_wrong_bin_names_the_right_one(walk: FloorHand) -> None:
    walk.scan("HAND-1", at("A01-02-1"))
    assert (walk.answer["code"], walk.answer["expected"], walk.answer["got"]) == (
        "wrong_location", "A01-01-1", "A01-02-1",
    )  # fmt: skip


def test_wrong_item_names_the_right_one(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "CUP")
    assert (walk.answer["code"], walk.answer["expected"], walk.answer["got"]) == ("wrong_item", "MUG", "CUP")


def test_more_than_asked_is_too_many(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 4)
    assert code_of(walk) == "too_many"
    walk.scan("HAND-1", "MUG", 3)
    walk.scan("HAND-1", "MUG")
    assert code_of(walk) == "too_many"


def test_another_tote_is_wrong_and_moves_nothing(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 3)
    walk.scan("HAND-1", TOTES[5])
    assert (walk.answer["code"], walk.answer["expected"]) == ("wrong_tote", "000001")
    assert walk.on_hand("A01-01-1", "MUG") == 10


@pytest.mark.parametrize("read", ["4006381333931", "NO-SUCH-THING", "]C100123456789012345675X"])
def test_a_code_nobody_registered_is_unknown(walk: FloorHand, read: str) -> None:
    walk.scan("HAND-1", read)
    assert code_of(walk) == "unknown_code"


def test_a_damaged_own_code_is_a_misread(walk: FloorHand) -> None:
    good = at("A01-01-1")
    walk.scan("HAND-1", good[:-1] + ("0" if good[-1] != "0" else "1"))
    assert code_of(walk) == "misread"


def test_a_read_out_of_turn_is_not_expected(walk: FloorHand) -> None:
    walk.scan("HAND-1", "MUG")
    assert code_of(walk) == "not_expected"
    assert walk.step()["state"] == "location"


def test_nobody_leaves_a_walk_with_units_on_the_cart(walk: FloorHand) -> None:
    walk.say("HAND-1", "HOME")
    assert code_of(walk) == "finish_first"


# --- carts and totes -------------------------------------------------------------------------------------


def test_a_cart_goes_on_one_walk_at_a_time(walk: FloorHand) -> None:
    walk.order("SO-2", ("CUP", 1))
    release(walk)
    walk.sign_in("HAND-2", "PICK")
    walk.scan("HAND-2", CARTS[0])
    assert code_of(walk) == "cart_in_use"
    assert walk.scan("HAND-2", CARTS[1])["step"]["state"] == "totes"
    finish(walk, "HAND-2", TOTES[9])


def finish(hand: FloorHand, station: str, tote: str) -> None:
    hand.scan(station, tote)
    finish_tour(hand, station)


def test_without_a_tour_there_is_no_work(walk: FloorHand) -> None:
    walk.sign_in("HAND-2", "PICK")
    walk.scan("HAND-2", CARTS[1])
    assert code_of(walk) == "no_work"


def test_a_tote_of_another_order_is_refused(walk: FloorHand) -> None:
    walk.order("SO-2", ("CUP", 1))
    release(walk)
    walk.sign_in("HAND-2", "PICK")
    walk.scan("HAND-2", CARTS[1])
    walk.scan("HAND-2", TOTES[0])
    assert code_of(walk) == "tote_of_another_order"
    walk.scan("HAND-2", own_code("T", "999999"))
    assert code_of(walk) == "unknown_tote"


def test_a_full_tote_is_joined_by_another(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 2)
    assert walk.scan("HAND-1", TOTES[0])["step"]["fields"]["left_each"] == 1
    walk.scan("HAND-1", "MUG", 1)
    assert walk.say("HAND-1", "NEWTOTE")["step"]["prompt"] == "scan_new_tote"
    walk.scan("HAND-1", TOTES[1])
    assert walk.step()["fields"]["tote"]["code"] == "000002"
    walk.scan("HAND-1", TOTES[0])
    assert code_of(walk) == "wrong_tote"
    walk.scan("HAND-1", TOTES[1])
    finish_tour(walk)
    totes = walk.all("SELECT code FROM lpn WHERE warehouse_id = :w AND order_id IS NOT NULL ORDER BY code")
    assert [row["code"] for row in totes] == ["000001", "000002"]


def test_another_tote_can_stand_on_a_free_place_and_the_walk_goes_on_there(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 2)
    walk.scan("HAND-1", TOTES[0])
    walk.say("HAND-1", "NEWTOTE")
    taken = {row["position"] for row in walk.all("SELECT position FROM tour_tote WHERE warehouse_id = :w")}
    place = walk.say("HAND-1", "OTHERPLACE")["step"]["fields"]["tote"]["position"]
    assert place not in taken
    walk.scan("HAND-1", TOTES[1])
    assert (walk.step()["fields"]["tote"]["code"], walk.step()["fields"]["tote"]["position"]) == ("000002", place)
    walk.scan("HAND-1", "MUG", 1)
    walk.scan("HAND-1", TOTES[1])
    standing = walk.all("SELECT position, is_full FROM tour_tote WHERE warehouse_id = :w AND order_id = 1 ORDER BY id")
    assert [(row["position"], row["is_full"]) for row in standing] == [(1, 1), (place, 0)]
    assert walk.say("HAND-1", "UNDO")["step"]["fields"]["tote"]["position"] == place
    finish_tour(walk)
    assert walk.order_state("SO-1") == "picked"


def test_a_pick_made_before_the_tote_moved_on_is_undone_into_the_new_place(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 2)
    walk.scan("HAND-1", TOTES[0])
    for word in ("NEWTOTE", "OTHERPLACE"):
        walk.say("HAND-1", word)
    walk.scan("HAND-1", TOTES[1])
    assert walk.say("HAND-1", "UNDO")["outcome"] == "applied"
    assert walk.step()["fields"]["tote"]["code"] == "000002"
    finish_tour(walk)
    assert walk.order_state("SO-1") == "picked"


def test_a_place_somebody_took_meanwhile_is_refused(walk: FloorHand) -> None:
    go_to_stop(walk)
    for word in ("NEWTOTE", "OTHERPLACE"):
        walk.say("HAND-1", word)
    place = walk.step()["fields"]["tote"]["position"]
    order = walk.one("SELECT MIN(id) AS id FROM sales_order WHERE warehouse_id = :w")["id"]
    tour = walk.one("SELECT id FROM tour WHERE warehouse_id = :w AND state = 'active'")["id"]
    other = walk.one("SELECT id FROM lpn WHERE warehouse_id = :w AND code = '000009'")["id"]
    late = walk.write(lambda tx: tx.insert("tour_tote", tour_id=tour, position=place, order_id=order, lpn_id=other))
    walk.scan("HAND-1", TOTES[1])
    assert code_of(walk) == "location_full"
    walk.write(lambda tx: tx.run("DELETE FROM tour_tote WHERE warehouse_id = :w AND id = :id", id=late))


def test_a_full_tote_can_only_be_joined_by_an_empty_one(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 1)
    walk.say("HAND-1", "NEWTOTE")
    walk.scan("HAND-1", TOTES[0])
    assert code_of(walk) == "tote_in_use"


# --- going on in another way -----------------------------------------------------------------------------


def test_a_skipped_stop_comes_last(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 5, "A01-01-1")
    hand.stock("CUP", 5, "A01-02-1")
    hand.order("SO-1", ("MUG", 1), ("CUP", 1))
    release(hand)
    first = take_tour(hand)["fields"]["item"]["sku"]
    assert hand.say("HAND-1", "SKIP")["step"]["fields"]["item"]["sku"] != first
    make_stop(hand)
    assert hand.step()["fields"]["item"]["sku"] == first
    finish_tour(hand)


def test_back_puts_down_what_was_counted(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 2)
    assert walk.say("HAND-1", "BACK")["step"]["state"] == "location"
    assert go_to_stop(walk)["step"]["fields"]["counted_each"] == 0


def test_another_operator_goes_on_where_the_first_stopped(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 2)
    walk.scan("HAND-1", own_code("B", "1002"))
    assert walk.step()["state"] == "item"
    assert walk.step()["fields"]["counted_each"] == 2
    walk.scan("HAND-1", "MUG", 1)
    walk.scan("HAND-1", TOTES[0])
    who = walk.one(
        "SELECT p.badge FROM stock_move m JOIN operator p ON p.warehouse_id = m.warehouse_id AND p.id = m.operator_id"
        " WHERE m.warehouse_id = :w AND m.reason = 'pick'"
    )
    assert who == {"badge": "1002"}


# --- an order cancelled on the way -----------------------------------------------------------------------


def test_the_task_of_a_cancelled_order_vanishes(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 5, "A01-01-1")
    hand.stock("CUP", 5, "A01-02-1")
    hand.order("SO-1", ("MUG", 2))
    hand.order("SO-2", ("CUP", 2))
    release(hand)
    take_tour(hand)
    gone = hand.step()["fields"]["order"]
    cancel(hand, gone)
    go_to_stop(hand)
    assert hand.step()["fields"]["order"] != gone
    finish_tour(hand)
    assert hand.order_state(gone) == "cancelled"
    assert promises(hand, gone) == []


def test_units_picked_before_the_cancel_wait_to_be_put_back(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 5, "A01-01-1")
    hand.stock("CUP", 5, "A01-02-1")
    hand.order("SO-1", ("MUG", 2), ("CUP", 1))
    release(hand)
    take_tour(hand)
    make_stop(hand)
    cancel(hand, "SO-1")
    assert hand.all("SELECT id FROM task WHERE warehouse_id = :w AND kind = 'put_back'") == []
    hand.scan("HAND-1", at("STAGE-1"))
    tasks = hand.all("SELECT lpn_id FROM task WHERE warehouse_id = :w AND kind = 'put_back' AND state = 'open'")
    assert len(tasks) == 1


def test_units_in_the_hand_of_a_cancelled_order_reach_no_tote(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 3)
    cancel(walk, "SO-1")
    walk.scan("HAND-1", TOTES[0])
    assert walk.on_hand("A01-01-1", "MUG") == 10
    assert walk.answer["outcome"] == "rejected"
    walk.scan("HAND-1", at("STAGE-1"))
    free = walk.one("SELECT order_id FROM lpn WHERE warehouse_id = :w AND code = '000001'")
    assert free == {"order_id": None}


# --- short -----------------------------------------------------------------------------------------------


def test_a_short_sends_the_same_walk_to_other_stock(walk: FloorHand) -> None:
    walk.stock("MUG", 5, "A02-01-1", "2026-02-01")
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 1)
    say_short(walk)
    assert walk.step()["state"] == "tote"
    walk.scan("HAND-1", TOTES[0])
    assert walk.step()["fields"]["location"]["code"] == "A02-01-1"
    assert walk.step()["fields"]["qty_each"] == 2
    finish_tour(walk)
    assert walk.order_state("SO-1") == "picked"


def test_what_the_book_still_shows_after_a_short_is_held_until_counted(walk: FloorHand) -> None:
    go_to_stop(walk)
    say_short(walk)
    assert walk.on_hand("A01-01-1", "MUG") == 0
    assert walk.on_hand("A01-01-1", "MUG", "hold") == 10
    counts = walk.all("SELECT reason FROM task WHERE warehouse_id = :w AND kind = 'count' AND state = 'open'")
    assert counts == [{"reason": "short"}]


def test_a_short_with_nothing_found_goes_straight_on(walk: FloorHand) -> None:
    go_to_stop(walk)
    assert say_short(walk)["step"]["state"] == "drop"
    walk.scan("HAND-1", at("STAGE-1"))
    assert walk.order_state("SO-1") == "waiting"


def test_a_partial_order_ships_what_was_found(walk: FloorHand) -> None:
    go_to_stop(walk)
    walk.scan("HAND-1", "MUG", 2)
    say_short(walk)
    walk.scan("HAND-1", TOTES[0])
    walk.scan("HAND-1", at("STAGE-1"))
    assert walk.order_state("SO-1") == "picked"


def test_a_whole_order_waits_for_its_missing_unit(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3), policy="ship_complete")
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    hand.scan("HAND-1", "MUG", 2)
    say_short(hand)
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", at("STAGE-1"))
    assert hand.order_state("SO-1") == "waiting"
    hand.stock("MUG", 1, "A01-02-1", "2026-02-01")
    assert hand.order_state("SO-1") == "allocated"
    release(hand)
    take_tour(hand, first_tote=5)
    finish_tour(hand)
    assert hand.order_state("SO-1") == "picked"


# --- the oldest leaves first -----------------------------------------------------------------------------


def test_two_pickers_at_one_bin_exchange_promises_so_that_the_older_leaves_first(hand: FloorHand) -> None:
    hand.item("MUG")
    older = hand.stock("MUG", 2, received_on="2026-01-01")
    newer = hand.stock("MUG", 2, received_on="2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    hand.order("SO-2", ("MUG", 2))
    assert promises(hand, "SO-2") == [("A01-01-1", newer, 2)]
    release(hand, "SO-2")
    take_tour(hand)
    finish_tour(hand)
    assert picked_layers(hand, "SO-2") == [(older, 2)]
    assert promises(hand, "SO-1") == [("A01-01-1", newer, 2)]


def test_an_older_unit_set_free_in_the_bin_is_taken_before_the_promised_one(hand: FloorHand) -> None:
    hand.item("MUG")
    older = hand.stock("MUG", 2, received_on="2026-01-01")
    hand.stock("MUG", 2, received_on="2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    hand.order("SO-2", ("MUG", 2))
    cancel(hand, "SO-1")
    release(hand, "SO-2")
    take_tour(hand)
    finish_tour(hand)
    assert picked_layers(hand, "SO-2") == [(older, 2)]


def test_expired_units_in_the_bin_are_left_lying(hand: FloorHand) -> None:
    hand.item("JAM", rotation="fefo", tracks_expiry=1)
    spoilt = hand.stock("JAM", 2, received_on="2026-01-01")
    good = hand.stock("JAM", 2, received_on="2026-02-01")
    for layer, expiry_on in ((spoilt, "2026-03-01"), (good, "2099-01-01")):
        hand.write(
            lambda tx, layer=layer, expiry_on=expiry_on: tx.run(
                "UPDATE layer SET expiry_on = :on WHERE warehouse_id = :w AND id = :id", on=expiry_on, id=layer
            )
        )
    hand.order("SO-1", ("JAM", 2))
    assert promises(hand, "SO-1") == [("A01-01-1", good, 2)]
    release(hand)
    take_tour(hand)
    finish_tour(hand)
    assert picked_layers(hand, "SO-1") == [(good, 2)]


def test_a_tour_whose_orders_were_all_cancelled_is_given_to_nobody(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 2))
    wave = release(hand)
    cancel(hand, "SO-1")
    hand.sign_in("HAND-1", "PICK")
    hand.scan("HAND-1", CARTS[0])
    assert code_of(hand) == "no_work"
    assert hand.one("SELECT state FROM wave WHERE warehouse_id = :w AND id = :id", id=wave) == {"state": "done"}


def test_an_order_held_by_hand_is_not_picked(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2)
    hand.order("SO-1", ("MUG", 2))
    hand.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "payment"))
    assert promises(hand, "SO-1") == []
    assert hand.order_state("SO-1") == "hold"


def test_an_exchange_gives_up_the_newest_promise_first(hand: FloorHand) -> None:
    hand.item("MUG")
    oldest = hand.stock("MUG", 1, received_on="2026-01-01")
    middle = hand.stock("MUG", 2, received_on="2026-02-01")
    newest = hand.stock("MUG", 1, received_on="2026-03-01")
    hand.order("SO-C", ("MUG", 1))
    hand.order("SO-B", ("MUG", 1))
    hand.order("SO-A", ("MUG", 2))
    release(hand, "SO-A")  # from here on its promises stand
    cancel(hand, "SO-B")
    hand.order("SO-E", ("MUG", 1))
    release(hand, "SO-E")
    cancel(hand, "SO-C")
    assert promises(hand, "SO-A") == [("A01-01-1", middle, 1), ("A01-01-1", newest, 1)]
    take_tour(hand)
    finish_tour(hand)
    assert picked_layers(hand, "SO-A") == [(oldest, 1), (middle, 1)]
    assert promises(hand, "SO-E") == [("A01-01-1", middle, 1)]


def test_who_loses_his_units_in_an_exchange_gets_the_oldest_left_free_there(hand: FloorHand) -> None:
    hand.item("MUG")
    oldest = hand.stock("MUG", 1, received_on="2026-01-01")
    middle = hand.stock("MUG", 3, received_on="2026-02-01")
    hand.stock("MUG", 1, received_on="2026-03-01")
    hand.order("SO-A", ("MUG", 1))
    hand.order("SO-X", ("MUG", 3))
    hand.order("SO-B", ("MUG", 1))
    cancel(hand, "SO-X")
    release(hand, "SO-B")
    take_tour(hand)
    finish_tour(hand)
    assert picked_layers(hand, "SO-B") == [(oldest, 1)]
    assert promises(hand, "SO-A") == [("A01-01-1", middle, 1)]
