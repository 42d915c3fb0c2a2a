"""Rules of putting back: what nobody packs returns to storage, and only then is free again."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from tests.factories import FloorHand
from tests.services.acts import TOTES, at, cancel, demand, finish_tour, pick_all, promises, release, take_tour

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def tote(hand: FloorHand) -> FloorHand:
    """Three MUG of a cancelled order in a tote at staging, somebody who puts back at HAND-1."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    cancel(hand, "SO-1")
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    return hand


def test_a_tote_of_a_cancelled_order_is_asked_for(tote: FloorHand) -> None:
    assert tote.step()["fields"]["waiting"] == ["000001"]
    assert tote.step()["expects"][0]["code"] == TOTES[0]


def test_units_go_back_to_the_bin_they_came_from(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    assert tote.step()["fields"]["next"]["qty_each"] == 3
    tote.scan("HAND-1", "MUG", 3)
    assert tote.step()["fields"]["location"]["code"] == "A01-01-1"
    assert tote.scan("HAND-1", at("A01-01-1"))["step"]["state"] == "tote"
    assert tote.on_hand("A01-01-1", "MUG") == 10


def test_the_order_lets_go_of_them_unit_by_unit(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 2)
    assert demand(tote, "SO-1") == {"ordered": 3, "allocated": 3, "picked": 3}
    tote.scan("HAND-1", at("A01-01-1"))
    assert demand(tote, "SO-1") == {"ordered": 3, "allocated": 1, "picked": 1}
    assert tote.step()["fields"]["units_left"] == 1
    tote.scan("HAND-1", "MUG")
    tote.scan("HAND-1", at("A01-01-1"))
    assert demand(tote, "SO-1") == {"ordered": 3, "allocated": 0, "picked": 0}


def test_an_emptied_tote_is_free_and_its_task_done(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 3)
    tote.scan("HAND-1", at("A01-01-1"))
    assert tote.one("SELECT order_id FROM lpn WHERE warehouse_id = :w AND code = '000001'") == {"order_id": None}
    assert tote.step()["fields"]["waiting"] == []
    tote.scan("HAND-1", TOTES[0])
    assert tote.answer["code"] == "tote_empty"


def test_who_waited_for_the_units_gets_them(tote: FloorHand) -> None:
    tote.order("SO-2", ("MUG", 9))
    assert demand(tote, "SO-2")["allocated"] == 7
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 3)
    tote.scan("HAND-1", at("A01-01-1"))
    assert demand(tote, "SO-2")["allocated"] == 9


def test_another_location_is_taken_if_the_rules_let_it(tote: FloorHand) -> None:
    tote.stock("CUP", 1, "A01-02-1")
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 3)
    tote.scan("HAND-1", at("A01-02-1"))
    assert tote.answer["code"] == "mixed_item"
    tote.scan("HAND-1", at("STAGE-1"))
    assert tote.answer["code"] == "not_storage"
    tote.scan("HAND-1", at("A02-02-1"))
    assert tote.on_hand("A02-02-1", "MUG") == 3


def test_when_the_old_bin_holds_something_else_another_is_proposed(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    cancel(hand, "SO-1")
    hand.stock("CUP", 1, "A01-01-1")
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "MUG", 3)
    proposed = hand.step()["fields"]["location"]
    assert proposed["code"] != "A01-01-1"
    assert hand.scan("HAND-1", proposed["barcode"])["step"]["state"] == "tote"


def test_a_flow_rack_takes_old_units_back_only_when_nothing_newer_is_in_it(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3, "F01-01-1", "2026-01-01")
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    cancel(hand, "SO-1")
    hand.stock("MUG", 5, "F01-01-1", "2026-02-01")
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "MUG", 3)
    assert hand.step()["fields"]["location"]["code"] != "F01-01-1"
    hand.scan("HAND-1", at("F01-01-1"))
    assert hand.answer["code"] == "would_bury_older"


def test_units_of_two_bins_go_back_one_bin_at_a_time(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 2, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 2, "A02-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    cancel(hand, "SO-1")
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "MUG", 3)
    assert (hand.step()["fields"]["location"]["code"], hand.step()["fields"]["qty_each"]) == ("A01-01-1", 2)
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 1)
    assert hand.step()["fields"]["location"]["code"] == "A02-01-1"
    hand.scan("HAND-1", at("A02-01-1"))
    assert (hand.on_hand("A01-01-1"), hand.on_hand("A02-01-1")) == (2, 2)


def test_old_units_put_back_are_promised_before_newer_ones(hand: FloorHand) -> None:
    hand.item("MUG")
    older = hand.stock("MUG", 3, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 3, "A02-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    cancel(hand, "SO-1")
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "MUG", 3)
    hand.scan("HAND-1", at("A01-01-1"))
    hand.order("SO-2", ("MUG", 1))
    assert promises(hand, "SO-2") == [("A01-01-1", older, 1)]


def test_back_lays_the_units_into_the_tote_again(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 2)
    tote.say("HAND-1", "HOME")
    assert tote.answer["code"] == "finish_first"
    assert tote.say("HAND-1", "BACK")["step"]["state"] == "item"
    assert tote.step()["fields"]["units_left"] == 3
    assert tote.say("HAND-1", "BACK")["step"]["state"] == "tote"


def test_more_than_the_tote_holds_is_too_many(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 4)
    assert (tote.answer["code"], tote.answer["expected"]) == ("too_many", "3")
    tote.scan("HAND-1", "CUP")
    assert tote.answer["code"] == "wrong_item"


def test_units_the_tote_should_hold_and_does_not_are_written_off(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 2)
    tote.scan("HAND-1", at("A01-01-1"))
    assert tote.say("HAND-1", "MISSING")["step"]["state"] == "tote"
    assert tote.on_hand("A01-01-1") == 9
    gone = tote.one("SELECT reason, qty_each FROM stock_move WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    assert gone == {"reason": "missing", "qty_each": 1}
    assert demand(tote, "SO-1")["picked"] == 0


def test_a_tote_of_a_living_order_is_left_alone(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    pick_all(hand)
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    assert hand.answer["code"] == "wrong_tote"
    hand.scan("HAND-1", own_code("T", "999999"))
    assert hand.answer["code"] == "unknown_tote"
    hand.scan("HAND-1", TOTES[7])
    assert hand.answer["code"] == "tote_empty"


def test_a_tote_still_on_its_cart_is_not_put_back_yet(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 3)
    hand.stock("CUP", 3, "A01-02-1")
    hand.order("SO-1", ("MUG", 1), ("CUP", 1))
    release(hand)
    take_tour(hand)
    fields = hand.scan("HAND-1", hand.step()["fields"]["location"]["barcode"])["step"]["fields"]
    hand.scan("HAND-1", fields["item"]["barcode"])
    hand.scan("HAND-1", TOTES[0])
    cancel(hand, "SO-1")
    hand.sign_in("HAND-2", "PUTBACK")
    hand.scan("HAND-2", TOTES[0])
    assert hand.answer["code"] == "tote_in_use"
    hand.answer = hand.scan("HAND-1", at("STAGE-1"))
    assert hand.scan("HAND-2", TOTES[0])["step"]["state"] == "item"


def test_two_people_at_one_tote_cannot_put_a_unit_back_twice(tote: FloorHand) -> None:
    tote.scan("HAND-1", TOTES[0])
    tote.scan("HAND-1", "MUG", 3)
    tote.sign_in("HAND-2", "PUTBACK")
    tote.scan("HAND-2", TOTES[0])
    tote.scan("HAND-2", "MUG", 3)
    tote.scan("HAND-2", at("A01-01-1"))
    tote.scan("HAND-1", at("A01-01-1"))
    assert tote.answer["outcome"] == "rejected"
    assert tote.step()["state"] == "tote"
    assert tote.on_hand("A01-01-1") == 10


def test_a_second_tote_of_the_order_has_a_task_of_its_own(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    hand.scan("HAND-1", hand.step()["fields"]["location"]["barcode"])
    hand.scan("HAND-1", "MUG", 2)
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "MUG", 1)
    hand.say("HAND-1", "NEWTOTE")
    hand.scan("HAND-1", TOTES[1])
    hand.scan("HAND-1", TOTES[1])
    finish_tour(hand)
    cancel(hand, "SO-1")
    hand.say("HAND-1", "HOME")
    assert hand.say("HAND-1", "PUTBACK")["step"]["fields"]["waiting"] == ["000001", "000002"]


def test_units_that_are_not_in_the_tote_have_their_bin_counted(tote: FloorHand) -> None:
    """Perhaps nobody ever took them: the bin says."""
    tote.scan("HAND-1", TOTES[0])
    tote.say("HAND-1", "MISSING")
    counts = tote.all(
        "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open'"
    )
    assert counts == [{"code": "A01-01-1"}]


def test_what_expired_meanwhile_goes_on_hold(hand: FloorHand) -> None:
    hand.item("JAM", tracks_expiry=1, rotation="fefo")
    layer = hand.stock("JAM", 3)
    hand.order("SO-1", ("JAM", 3))
    pick_all(hand)
    cancel(hand, "SO-1")
    # The clock of a test stands still: the expiry comes nearer instead, and goes again before the book is audited.
    hand.write(
        lambda tx: tx.run("UPDATE layer SET expiry_on = '2026-01-02' WHERE warehouse_id = :w AND id = :id", id=layer)
    )
    hand.order("SO-2", ("JAM", 3))
    hand.say("HAND-1", "HOME")
    hand.say("HAND-1", "PUTBACK")
    hand.scan("HAND-1", TOTES[0])
    hand.scan("HAND-1", "JAM", 3)
    assert hand.scan("HAND-1", at("A01-01-1"))["outcome"] == "applied"
    assert (hand.on_hand("A01-01-1", "JAM"), hand.on_hand("A01-01-1", "JAM", "hold")) == (0, 3)
    assert promises(hand, "SO-2") == []
    hand.write(lambda tx: tx.run("UPDATE layer SET expiry_on = '' WHERE warehouse_id = :w AND id = :id", id=layer))
