"""The pages a picker sees where cases lie closed, lots differ, or a supervisor must agree."""

from __future__ import annotations

import pytest
from flask import Flask

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from tests.factories import FloorHand
from tests.services import acts
from tests.web.test_kiosk_pages import Device, seen, state_of


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


@pytest.fixture
def device(app: Flask, hand: FloorHand) -> Device:
    """Ada's handheld at a stop of two lots, the older in closed cases."""
    hand.item("JAM", tracks_lot=1)
    older = hand.stock("JAM", 24, received_on="2026-01-01")
    newer = hand.stock("JAM", 9, received_on="2026-02-01")
    for layer, lot in ((older, "OLD"), (newer, "NEW")):
        hand.write(
            lambda tx, layer=layer, lot=lot: tx.run(
                "UPDATE layer SET lot = :lot, case_each = 12 WHERE warehouse_id = :w AND id = :id", lot=lot, id=layer
            )
        )
    hand.write(lambda tx: tx.run("UPDATE stock_balance SET sealed_each = 24 WHERE layer_id = :id", id=older))
    hand.order("SO-1", ("JAM", 3))
    acts.release(hand)
    acts.take_tour(hand)
    acts.go_to_stop(hand)
    return Device(app, hand, "HAND-1")


def test_the_screen_says_which_lot_to_take_and_what_is_closed(device: Device) -> None:
    page = device.scan("JAM")
    assert state_of(page) == ("pick", "item")
    assert "The case is closed: open it first" in seen(page)
    assert "2 closed cases (12 in a case) · 9 loose" in seen(page)
    assert "Lot OLD" in seen(page)
    assert "Open a case" in seen(page)
    page = seen(device.scan(own_code("C", "BREAK")))
    assert "1 closed case (12 in a case) · 21 loose" in page


def test_the_screens_of_a_supervisors_word(device: Device) -> None:
    page = device.scan(own_code("C", "OVERRIDE"))
    assert state_of(page) == ("pick", "supervisor")
    assert "A supervisor must agree: scan their badge" in seen(page)
    page = device.scan(own_code("B", "1001"))
    assert state_of(page) == ("pick", "reason")
    assert "Why may newer goods go first?" in seen(page)
    page = device.scan(own_code("Y", "UNREACHABLE"))
    assert "Ada lets newer goods go first (Cannot be reached)" in seen(page)
