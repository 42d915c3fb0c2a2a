"""The page of carriers' labels in trouble: what it says of each, and that a decision is a supervisor's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.effects import LabelDecision
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from kiosk_ui.words import WORDS
from simulators.carrier import CarrierSimulator
from tests.factories import FloorHand
from tests.services.carriers import TOKEN, close_parcel, sell_labels, work

OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
LOOK_IT_UP = "The carrier has not answered. Look it up with the carrier before buying again."


@pytest.fixture
def carrier() -> Iterator[CarrierSimulator]:
    """Sells labels, and says nothing of them afterwards."""
    with CarrierSimulator(TOKEN, can_look_up=False) as carrier:
        yield carrier


@pytest.fixture
def desk(hand: FloorHand, carrier: CarrierSimulator) -> FlaskClient:
    """A supervisor's browser; the answer for one label was lost."""
    sell_labels(hand, carrier.url, can_look_up=False)
    close_parcel(hand)
    carrier.fail("cut_after")
    work(hand)
    return entered(hand, TokenRole.API)


def entered(hand: FloorHand, role: TokenRole) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, role, role)))
    return client


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def decide(desk: FlaskClient, decision: str, badge: str = "1001", **more: str) -> Any:
    (reference,) = re.findall(r'name="reference" value="([^"]+)"', desk.get("/labels").text)
    sent = {"reference": reference, "decision": decision, "badge": badge, **more}
    return desk.post("/labels", data=sent, headers=OURS)


def test_an_uncertain_label_says_what_to_do_before_buying_again(desk: FlaskClient) -> None:
    html = desk.get("/labels").text
    assert LOOK_IT_UP in seen(html)
    assert re.findall(r'name="decision" value="(\w+)"', html) == ["found", "buy_again", "give_up"]
    assert all('href="/labels"' in desk.get(page).text for page in ("/", "/cartons"))


def test_a_label_that_was_found_takes_the_carriers_number(desk: FlaskClient, hand: FloorHand) -> None:
    answer = decide(desk, "found", own_code("B", "1001"), tracking_number=" SIM000000001GB ")
    assert (answer.status_code, answer.location) == (303, "/labels")
    assert WORDS["labels"]["none"] in seen(desk.get("/labels").text)
    label = hand.one("SELECT state, tracking_number, decision FROM carrier_label WHERE warehouse_id = :w")
    assert label == {"state": "bought", "tracking_number": "SIM000000001GB", "decision": "found"}


def test_bought_again_leaves_the_first_to_be_looked_at(desk: FlaskClient, hand: FloorHand) -> None:
    assert decide(desk, "buy_again").status_code == 303
    states = [row["state"] for row in hand.all("SELECT state FROM carrier_label WHERE warehouse_id = :w ORDER BY id")]
    assert states == ["abandoned", "wanted"]


def test_a_label_may_be_given_up(desk: FlaskClient, hand: FloorHand) -> None:
    assert decide(desk, "give_up").status_code == 303
    assert hand.one("SELECT state FROM carrier_label WHERE warehouse_id = :w")["state"] == "abandoned"


@pytest.mark.parametrize(
    ("decision", "badge", "status", "problem"),
    [("found", "1001", 422, "bad_tracking_number"), ("give_up", "1002", 422, "not_allowed"),
     ("give_up", "", 422, "unknown_badge"), ("give_up", "B-1001-X", 422, "misread"),
     ("", "1001", 422, "bad_decision")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(
    desk: FlaskClient, hand: FloorHand, decision: str, badge: str, status: int, problem: str
) -> None:
    answer = decide(desk, decision, badge)
    assert answer.status_code == status
    assert WORDS["label_problem"][problem] in seen(answer.text)
    assert hand.one("SELECT state FROM carrier_label WHERE warehouse_id = :w")["state"] == "uncertain"


def test_a_scanned_code_alone_decides_nothing(desk: FlaskClient) -> None:
    """A scanner ends what it reads with Enter, which presses a form's first button."""
    first = re.search(r"<form[^>]*decide-form.*?(<button[^>]*>)", desk.get("/labels").text, re.DOTALL)
    assert first is not None
    assert "disabled" in first[1]


def test_a_refused_label_is_never_found(desk: FlaskClient, hand: FloorHand, carrier: CarrierSimulator) -> None:
    decide(desk, "buy_again")
    carrier.fail("refuse")
    work(hand)
    html = desk.get("/labels").text
    assert WORDS["label_trouble"]["refused"] in seen(html)
    assert re.findall(r'name="decision" value="(\w+)"', html) == ["buy_again", "give_up"]


def test_a_board_sees_no_labels_page(hand: FloorHand) -> None:
    board = entered(hand, TokenRole.BOARD)
    assert board.get("/labels").status_code == 403
    assert 'href="/labels"' not in board.get("/").text


def test_every_decision_has_words() -> None:
    assert set(WORDS["label_decision"]) == set(LabelDecision)
