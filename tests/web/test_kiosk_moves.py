"""What the screens of moving and sending show."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.services.set_up import setting_up
from fulfillment.services.transferring import transfers
from tests.factories import FloorHand
from tests.services.acts import at


@pytest.fixture
def kiosk(hand: FloorHand) -> FlaskClient:
    hand.item("MUG", name="Blue mug")
    hand.stock("MUG", 10, "A01-01-1", "2026-01-12")
    token = hand.write(lambda tx: setting_up.add_station(tx, "K1", "handheld", "DOCK-1"))["token"]
    client = create_app(hand.floor).test_client()
    client.set_cookie("floor_token", token)
    return client


def page(client: FlaskClient) -> str:
    answer = client.get("/kiosk/K1")
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_moving_shows_what_lies_here_and_what_is_in_the_hand(hand: FloorHand, kiosk: FlaskClient) -> None:
    hand.sign_in("K1", "MOVE")
    assert "Scan the place you take from" in page(kiosk)
    hand.scan("K1", at("A01-01-1"))
    shown = page(kiosk)
    assert all(words in shown for words in ("Blue mug", "Received 12 Jan 2026", "Set aside", "Correct the book"))
    hand.say("K1", "DAMAGED")
    assert "Why? Scan a reason" in page(kiosk)
    hand.scan("K1", own_code("Y", "DAMAGED"))
    hand.scan("K1", "MUG", 1)
    assert "<b>Damaged</b>" in page(kiosk)
    hand.scan("K1", "MUG", 2)
    shown = page(kiosk)
    assert "Scan where it goes" in shown
    assert "Taken from" in shown


def test_sending_shows_where_to_fetch_and_what_is_left(hand: FloorHand, kiosk: FlaskClient) -> None:
    hand.write(lambda tx: transfers.ask(tx, "X-1", "NORTH", [("MUG", 12)]))
    hand.sign_in("K1", "SEND")
    assert "X-1" in page(kiosk)
    hand.scan("K1", own_code("X", "X-1"))
    shown = page(kiosk)
    assert all(words in shown for words in ("Fetch it here", "A01-01-1", "NORTH", "Blue mug"))
    hand.scan("K1", at("A01-01-1"))
    assert "Load it" in page(kiosk)
    hand.scan("K1", "MUG", 10)
    assert "Nothing more can be fetched" in page(kiosk)
    hand.say("K1", "DONE")
    assert "Send it without the rest?" in page(kiosk)
