"""The pages of prints: what became of each, and attempt by attempt what the printer said."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from devices.protocols import PrinterStatus
from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.printing import outbox
from fulfillment.services.printing.print_attempts import Seen
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from kiosk_ui.words import WORDS
from tests.factories import FloorHand

BEFORE = PrinterStatus("ready", (), 0, 0, 41, 3)
AFTER = PrinterStatus("held", ("paper_out",), 1, 1, 42, 3)


@pytest.fixture
def board(hand: FloorHand) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, "board", TokenRole.BOARD)))
    return client


@pytest.fixture
def doubted(hand: FloorHand) -> int:
    """A print nobody knows the fate of."""
    effect_id = hand.write(lambda tx: outbox.queue_print(tx, "<b>P1</b>", "k1", 1, "shipping_4x6", {}))
    job = hand.write(lambda tx: outbox.claim(tx, 1))
    assert job is not None
    assert hand.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "sha"))
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain: <sent>", Seen(BEFORE, AFTER)))
    return effect_id


def test_the_newest_prints_are_listed_and_can_be_asked_for_by_state(board: FlaskClient, doubted: int) -> None:
    for address in ("/prints", "/prints?state=uncertain", "/prints?state=nonsense"):
        assert f'href="/prints/{doubted}"' in board.get(address).text
    assert WORDS["prints"]["none"] in board.get("/prints?state=confirmed").text


def test_a_print_shows_each_attempt_with_what_the_printer_said(board: FlaskClient, doubted: int) -> None:
    html = board.get(f"/prints/{doubted}").text
    assert WORDS["attempt"]["uncertain"] in html
    assert "odometer 41" in html
    assert "odometer 42" in html
    assert "paper out" in html
    assert "<b>P1</b>" not in html
    assert "&lt;sent&gt;" in html


def test_a_print_there_never_was_is_not_found(board: FlaskClient) -> None:
    assert board.get("/prints/99").status_code == 404
