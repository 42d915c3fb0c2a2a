"""Parcels and manifests as a program asks for them, by number."""

from __future__ import annotations

import json

import pytest

from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.services.ordering import orders
from fulfillment.services.packing import parcels
from fulfillment.services.shipping import manifests
from label_templates import render
from tests.factories import NOBODY, FloorHand
from tests.services.acts import TOTES
from tests.services.packing.a_bench import BENCH, TRUCK, at_bench, at_lane, figures, in_lpn, label_and_lane, pick_into

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def parcel(hand: FloorHand) -> str:
    """The number of SO-1's only parcel (2 MUG), in its lane."""
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 2))
    pick_into(hand)
    at_bench(hand)
    hand.scan(BENCH, "MUG")
    hand.scan(BENCH, "MUG")
    return label_and_lane(hand)


def load(hand: FloorHand, number: str) -> None:
    """Onto the truck."""
    at_lane(hand)
    hand.scan(TRUCK, "00" + number)


def test_a_parcel_is_described(hand: FloorHand, parcel: str) -> None:
    shown = hand.write(lambda tx: parcels.describe(tx, parcel))
    assert (shown["barcode"], shown["order"], shown["state"]) == ("00" + parcel, "SO-1", "in_lane")
    assert shown["carrier"] == "DOM"
    assert (shown["lane"], shown["manifest"], shown["weight_g"], shown["volume_ml"]) == ("LANE-DOM", None, 400, 2000)
    assert shown["lines"] == [{"sku": "MUG", "name": "mug", "qty_each": 2}]
    assert [(p["template"], p["state"]) for p in shown["prints"]] == [
        ("shipping_4x6", "queued"), ("packing_slip", "queued"),
    ]  # fmt: skip


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\n"])
def test_blank_words_of_a_channel_leave_no_parcel_without_its_label(hand: FloorHand, blank: str) -> None:
    hand.item("MUG", name=blank)
    hand.stock("MUG", 10)
    ship_to = orders.ShipTo(name=blank, address1=blank, address2=blank, city=blank, postcode=blank, country="GB")
    order = orders.OrderIn("SO-1", 1_760_000_000_000, [orders.LineIn("MUG", 3)], ship_to)
    hand.write(lambda tx: orders.take_in(tx, NOBODY, order, 10))
    pick_into(hand)
    at_bench(hand)
    for _ in range(3):
        hand.scan(BENCH, "MUG")
    label_and_lane(hand)
    for row in hand.all("SELECT template, fields FROM outbox WHERE kind = 'print'"):
        assert render(row["template"], json.loads(row["fields"]), dpi=203)


def test_a_program_voids_a_parcel_and_is_told_the_tote(hand: FloorHand, parcel: str) -> None:
    shown = hand.write(lambda tx: parcels.void(tx, NOBODY, parcel))
    assert (shown["state"], shown["lines"], shown["tote"]) == ("void", [], {"code": "000001", "barcode": TOTES[0]})
    assert in_lpn(hand, "000001") == {"MUG": 2}
    assert (hand.on_hand("STAGE-1"), hand.on_hand("LANE-DOM")) == (2, 0)
    assert (hand.order_state("SO-1"), figures(hand, "SO-1")) == ("picked", (2, 2, 0, 0))
    at_bench(hand)
    assert hand.step()["state"] == "item"


def test_a_program_names_the_tote(hand: FloorHand, parcel: str) -> None:
    hand.write(lambda tx: parcels.void(tx, NOBODY, parcel, "000007"))
    assert in_lpn(hand, "000007") == {"MUG": 2}


def test_a_program_reopens_a_parcel_where_it_was_packed(hand: FloorHand, parcel: str) -> None:
    shown = hand.write(lambda tx: parcels.reopen(tx, NOBODY, parcel))
    assert shown["state"] == "open"
    assert (hand.on_hand("BENCH-1"), hand.on_hand("LANE-DOM")) == (2, 0)
    hand.scan(BENCH, "00" + parcel)
    hand.say(BENCH, "REOPEN")
    hand.say(BENCH, "CLOSE")
    assert label_and_lane(hand) == parcel


def test_a_loaded_parcel_is_neither_void_nor_reopened(hand: FloorHand, parcel: str) -> None:
    load(hand, parcel)
    for change in (parcels.void, parcels.reopen):
        with pytest.raises(Conflict, match="is loaded") as caught:
            hand.write(lambda tx, change=change: change(tx, NOBODY, parcel))
        assert caught.value.code == "already_loaded"
    assert hand.on_hand("DOCK-1") == 2


def test_a_void_parcel_is_not_void_twice(hand: FloorHand, parcel: str) -> None:
    hand.write(lambda tx: parcels.void(tx, NOBODY, parcel))
    with pytest.raises(Conflict) as caught:
        hand.write(lambda tx: parcels.void(tx, NOBODY, parcel))
    assert caught.value.code == "parcel_void"
    assert figures(hand, "SO-1") == (2, 2, 0, 0)


def test_a_tote_that_is_not_empty_or_unknown(hand: FloorHand, parcel: str) -> None:
    hand.order("SO-2", ("MUG", 1))
    pick_into(hand, "SO-2", first_tote=3)
    for tote, code in (("000004", "tote_in_use"), ("999999", "unknown_tote")):
        with pytest.raises(Conflict) as caught:
            hand.write(lambda tx, tote=tote: parcels.void(tx, NOBODY, parcel, tote))
        assert caught.value.code == code
    assert hand.on_hand("LANE-DOM") == 2


def test_a_program_takes_a_parcel_off_a_manifest(hand: FloorHand, parcel: str) -> None:
    load(hand, parcel)
    shown = hand.write(lambda tx: manifests.take_off(tx, NOBODY, "000001", parcel))
    assert (shown["number"], shown["state"], shown["carrier"], shown["parcels"]) == ("000001", "open", "DOM", [])
    assert (hand.on_hand("LANE-DOM"), hand.on_hand("DOCK-1")) == (2, 0)
    with pytest.raises(Conflict) as caught:
        hand.write(lambda tx: manifests.take_off(tx, NOBODY, "000001", parcel))
    assert caught.value.code == "not_loaded"


def test_nothing_comes_off_a_manifest_that_is_signed(hand: FloorHand, parcel: str) -> None:
    load(hand, parcel)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    with pytest.raises(Conflict) as caught:
        hand.write(lambda tx: manifests.take_off(tx, NOBODY, "000001", parcel))
    assert caught.value.code == "manifest_closed"
    shown = hand.write(lambda tx: manifests.describe_manifest(tx, "000001"))
    assert shown["parcels"] == [{"number": parcel, "order": "SO-1", "state": "shipped", "weight_g": 400}]


def test_numbers_nobody_knows(hand: FloorHand, parcel: str) -> None:
    for ask in (
        lambda tx: parcels.describe(tx, "1"),
        lambda tx: parcels.void(tx, NOBODY, "1"),
        lambda tx: parcels.reopen(tx, NOBODY, "1"),
        lambda tx: manifests.describe_manifest(tx, "1"),
        lambda tx: manifests.take_off(tx, NOBODY, "1", parcel),
    ):
        with pytest.raises(NotFound):
            hand.write(ask)
