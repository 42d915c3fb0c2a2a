"""A stop that is not as told: why too few, damaged goods, a full tote, a substitute. Each sources anew at once."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.services.ordering import orders, substitutes
from tests.factories import FloorHand
from tests.services.acts import (
    TOTES,
    demand,
    finish_tour,
    go_to_stop,
    promises,
    release,
    say_short,
    take_tour,
)

pytestmark = pytest.mark.usefixtures("book_is_right")
HAND = "HAND-1"


def why(word: str) -> str:
    return own_code("Y", word)


def counts(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.all(
        "SELECT l.code, k.reason FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id"
        " AND l.id = k.location_id WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open' ORDER BY l.code"
    )


def walk_to(hand: FloorHand, *orders_of_mugs: int, lying: int = 3, elsewhere: int = 5) -> FloorHand:
    """So many MUG in A01-01-1 and newer ones in A02-01-1; a tour for these orders, its picker at A01-01-1."""
    hand.item("MUG")
    hand.stock("MUG", lying, "A01-01-1", "2026-01-01")
    if elsewhere:
        hand.stock("MUG", elsewhere, "A02-01-1", "2026-02-01")
    for place, qty in enumerate(orders_of_mugs, start=1):
        hand.order(f"SO-{place}", ("MUG", qty))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    return hand


# --- too few -------------------------------------------------------------------------------------------------------


def test_why_too_few_lie_here_is_kept_with_the_stop_and_with_what_is_held(hand: FloorHand) -> None:
    walk_to(hand, 3)
    say_short(hand, why="UNREACHABLE")
    assert hand.step()["fields"]["location"]["code"] == "A02-01-1"
    task = hand.one("SELECT state, reason FROM task WHERE warehouse_id = :w AND kind = 'pick' ORDER BY id LIMIT 1")
    assert task == {"state": "short", "reason": "unreachable"}
    held = hand.one("SELECT why, qty_each FROM stock_move WHERE warehouse_id = :w AND reason = 'short'")
    assert held == {"why": "unreachable", "qty_each": 3}
    assert counts(hand) == [{"code": "A01-01-1", "reason": "short"}]


# --- damaged -------------------------------------------------------------------------------------------------------


def test_damaged_units_nobody_was_promised_leave_the_stop_as_it_is(hand: FloorHand) -> None:
    walk_to(hand, 3, lying=5)
    hand.say(HAND, "DAMAGED")
    hand.scan(HAND, why("DAMAGED"), 2)
    assert (hand.step()["state"], hand.step()["fields"]["left_each"]) == ("item", 3)
    assert (hand.on_hand("A01-01-1"), hand.on_hand("A01-01-1", status="damaged")) == (3, 2)
    assert counts(hand) == [{"code": "A01-01-1", "reason": "damaged"}]
    finish_tour(hand)
    assert hand.order_state("SO-1") == "picked"


def test_what_is_damaged_is_fetched_elsewhere_by_the_same_walk(hand: FloorHand) -> None:
    walk_to(hand, 3)
    hand.say(HAND, "DAMAGED")
    assert hand.scan(HAND, why("QUALITY"))["outcome"] == "applied"
    assert hand.step()["fields"]["left_each"] == 2
    assert [(place, units) for place, _, units in promises(hand, "SO-1")] == [("A01-01-1", 2), ("A02-01-1", 1)]
    move = hand.one("SELECT why, qty_each, to_status FROM stock_move WHERE warehouse_id = :w AND reason = 'hold'")
    assert move == {"why": "quality", "qty_each": 1, "to_status": "damaged"}
    finish_tour(hand)
    assert demand(hand, "SO-1")["picked"] == 3


def test_good_units_in_the_hand_are_not_the_damaged_ones(hand: FloorHand) -> None:
    walk_to(hand, 3)
    hand.scan(HAND, "MUG", 2)
    hand.say(HAND, "DAMAGED")
    assert hand.scan(HAND, why("DAMAGED"), 2)["code"] == "too_many"
    hand.scan(HAND, why("DAMAGED"), 1)
    assert (hand.step()["state"], hand.step()["fields"]["counted_each"]) == ("tote", 2)
    hand.scan(HAND, TOTES[0])
    assert hand.step()["fields"]["location"]["code"] == "A02-01-1"


def test_who_else_was_promised_the_damaged_units_is_promised_others(hand: FloorHand) -> None:
    walk_to(hand, 1, 2)
    hand.say(HAND, "DAMAGED")
    hand.scan(HAND, why("DAMAGED"), 3)
    assert hand.on_hand("A01-01-1") == 0
    for number, units in (("SO-1", 1), ("SO-2", 2)):
        assert [(place, qty) for place, _, qty in promises(hand, number)] == [("A02-01-1", units)]
    finish_tour(hand)
    assert {hand.order_state("SO-1"), hand.order_state("SO-2")} == {"picked"}


def test_a_damaged_unit_with_a_serial_is_told_by_it(hand: FloorHand) -> None:
    phone = hand.item("PHONE", tracks_serial=1)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=phone, code="04006381333931", uom="each", qty_each=1))
    for serial in ("A", "B"):
        layer = hand.stock("PHONE", 1)
        hand.write(lambda tx, layer=layer, serial=serial: tx.put(
            "UPDATE layer SET serial = :serial WHERE warehouse_id = :w AND id = :id", id=layer, serial=serial
        ))  # fmt: skip
    hand.order("SO-1", ("PHONE", 1))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    hand.say(HAND, "DAMAGED")
    assert hand.scan(HAND, why("DAMAGED"))["code"] == "serial_required"
    hand.scan(HAND, "]d2010400638133393121A")
    hand.scan(HAND, why("DAMAGED"))
    assert hand.step()["fields"]["take"]["serial"] == "B"


def test_a_replayed_reason_sets_nothing_aside_twice(hand: FloorHand) -> None:
    walk_to(hand, 1, lying=5)
    hand.say(HAND, "DAMAGED")
    first = hand.scan(HAND, why("DAMAGED"), 2, scan_id="once")
    again = hand.scan(HAND, why("DAMAGED"), 2, scan_id="once")
    assert again == {**first, "replayed": True}
    assert hand.on_hand("A01-01-1", status="damaged") == 2


# --- a full tote ---------------------------------------------------------------------------------------------------


def test_a_full_tote_is_joined_before_the_next_item_is_counted(hand: FloorHand) -> None:
    walk_to(hand, 5, lying=3)
    hand.scan(HAND, "MUG", 3)
    hand.scan(HAND, TOTES[0])
    assert hand.say(HAND, "NEWTOTE")["step"]["prompt"] == "scan_new_tote"
    assert hand.scan(HAND, TOTES[0])["code"] == "tote_in_use"
    assert hand.scan(HAND, TOTES[1])["step"]["state"] == "location"
    finish_tour(hand)
    totes = hand.all("SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NOT NULL")
    assert len(totes) == 2
    hand.sign_in("BENCH-1", "PACK")
    hand.scan("BENCH-1", TOTES[0])
    assert [tote["code"] for tote in hand.step()["fields"]["totes_left"]] == ["000002"]


# --- a substitute --------------------------------------------------------------------------------------------------


def with_substitute(hand: FloorHand, *, allowed: bool = True, free: int = 9) -> FloorHand:
    hand.item("CUP")
    hand.write(lambda tx: tx.insert("item_barcode", item_id=1, code="CUP-1", uom="each", qty_each=1))
    hand.stock("CUP", free, "A01-02-1")
    hand.item("MUG")
    hand.write(lambda tx: substitutes.give(tx, "MUG", "CUP", 1))
    hand.stock("MUG", 3, "A01-01-1")
    hand.order("SO-1", ("MUG", 3), may_substitute=allowed)
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    return hand


def offered(hand: FloorHand) -> list[str]:
    return [one["label"] for one in hand.step()["expects"] if one["kind"] == "command"]


def test_a_substitute_takes_the_place_of_what_is_missing(hand: FloorHand) -> None:
    with_substitute(hand)
    hand.scan(HAND, "MUG", 1)
    hand.say(HAND, "SHORT")
    assert "SUBSTITUTE" in offered(hand)
    assert hand.step()["fields"]["substitute"]["sku"] == "CUP"
    hand.say(HAND, "SUBSTITUTE")
    hand.scan(HAND, TOTES[0])
    assert hand.step()["fields"]["item"]["sku"] == "CUP"
    assert demand(hand, "SO-1", "MUG") == {"ordered": 1, "allocated": 1, "picked": 1}
    finish_tour(hand)
    lines = hand.write(lambda tx: orders.describe(tx, "SO-1"))["lines"]
    assert [(one["sku"], one["qty_each"], one["picked_each"], one["instead_of"]) for one in lines] == [
        ("MUG", 1, 1, ""), ("CUP", 2, 2, "MUG"),
    ]  # fmt: skip
    assert hand.order_state("SO-1") == "picked"
    assert counts(hand) == [{"code": "A01-01-1", "reason": "short"}]


def test_a_line_of_which_nothing_is_found_is_changed_whole(hand: FloorHand) -> None:
    with_substitute(hand)
    hand.say(HAND, "SHORT")
    hand.say(HAND, "SUBSTITUTE")
    finish_tour(hand)
    rows = hand.all("SELECT sku, qty_each, instead_of FROM order_line WHERE warehouse_id = :w")
    assert rows == [{"sku": "CUP", "qty_each": 3, "instead_of": "MUG"}]
    assert hand.order_state("SO-1") == "picked"


@pytest.mark.parametrize(
    "how", [{"allowed": False}, {"free": 2}], ids=["the order does not allow it", "too few of it are free"]
)
def test_no_substitute_is_offered_or_taken_where_none_may_go(hand: FloorHand, how: dict[str, Any]) -> None:
    with_substitute(hand, **how)
    hand.say(HAND, "SHORT")
    assert "SUBSTITUTE" not in offered(hand)
    assert hand.say(HAND, "SUBSTITUTE")["code"] == "no_substitute"
    assert hand.scan(HAND, why("NOT-THERE"))["step"]["state"] == "drop"


def test_no_substitute_is_offered_while_the_item_itself_lies_elsewhere(hand: FloorHand) -> None:
    with_substitute(hand)
    hand.stock("MUG", 3, "A02-01-1", "2026-03-01")
    hand.say(HAND, "SHORT")
    assert "SUBSTITUTE" not in offered(hand)
    hand.scan(HAND, why("NOT-THERE"))
    assert hand.step()["fields"]["location"]["code"] == "A02-01-1"


def test_substitutes_are_kept_by_rank_and_never_an_item_itself(hand: FloorHand) -> None:
    for sku in ("MUG", "CUP", "JUG"):
        hand.item(sku)
    hand.write(lambda tx: substitutes.replace(tx, "MUG", ["JUG", "CUP"]))
    assert [one["sku"] for one in hand.write(lambda tx: substitutes.describe(tx, "MUG"))["substitutes"]] == [
        "JUG", "CUP",
    ]  # fmt: skip
    assert hand.write(lambda tx: substitutes.give(tx, "mug", "cup", 2)) == "unchanged"
    assert hand.write(lambda tx: substitutes.give(tx, "MUG", "CUP", 1)) == "updated"
    with pytest.raises(DomainError, match="substitute of itself"):
        hand.write(lambda tx: substitutes.give(tx, "MUG", "MUG", 1))
    with pytest.raises(NotFound):
        hand.write(lambda tx: substitutes.give(tx, "MUG", "NONE", 1))


# --- help ----------------------------------------------------------------------------------------------------------


def test_help_says_what_the_step_expects_and_changes_nothing(hand: FloorHand) -> None:
    walk_to(hand, 3)
    hand.scan(HAND, "MUG", 2)
    before = hand.step()
    shown = hand.say(HAND, "HELP")["step"]
    assert (shown["state"], shown["fields"]["of"]) == ("help", {"state": "item", "prompt": "scan_item"})
    assert {"SHORT", "DAMAGED", "SKIP", "NEWTOTE", "UNDO", "BACK"} <= set(offered(hand))
    assert hand.say(HAND, "BACK")["step"] == before
    hand.say(HAND, "HELP")
    assert hand.scan(HAND, "MUG")["step"]["state"] == "tote"  # whoever knows now scans on


def test_help_is_there_before_a_flow_is_chosen_and_leads_back(hand: FloorHand) -> None:
    hand.scan(HAND, own_code("B", "1001"))
    assert hand.say(HAND, "HELP")["step"]["state"] == "help"
    assert hand.say(HAND, "PICK")["step"]["state"] == "cart"
    hand.say(HAND, "HELP")
    assert hand.say(HAND, "HOME")["step"]["state"] == "menu"
