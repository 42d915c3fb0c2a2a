"""Counting over HTTP and on the supervisor's page: who may, what they see, what becomes of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from tests.factories import FloorHand
from tests.services.acts import at, wrong

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


class Caller:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=self._headers)


def caller(app: Flask, hand: FloorHand, role: str) -> Caller:
    return Caller(app.test_client(), hand.write(lambda tx: setting_up.add_token(tx, str(role), role)))


@pytest.fixture
def shop(app: Flask, hand: FloorHand) -> Caller:
    return caller(app, hand, TokenRole.API)


@pytest.fixture
def admin(app: Flask, hand: FloorHand) -> Caller:
    return caller(app, hand, TokenRole.ADMIN)


@pytest.fixture
def differing(hand: FloorHand) -> FloorHand:
    """Bob counted two of ten MUG; above four units a supervisor (Ada) must agree."""
    hand.item("MUG", name="Mug blue", value_minor=650, currency="GBP")
    hand.stock("MUG", 10)
    hand.write(lambda tx: tx.run("UPDATE warehouse SET approve_above_each = 4 WHERE id = :w"))
    hand.sign_in("HAND-2", "COUNT", "1002")
    hand.scan("HAND-2", at("A01-01-1"))
    hand.scan("HAND-2", "MUG", 2)
    hand.say("HAND-2", "DONE")
    return hand


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


# --- programs ----------------------------------------------------------------------------------------------------


def test_the_thresholds_are_the_admins(shop: Caller, admin: Caller) -> None:
    body = {"recount_above_each": 3, "approve_above_each": 20}
    assert shop("PUT", "/counts/policy", body).status_code == 403
    assert admin("PUT", "/counts/policy", body).json == body
    assert shop("GET", "/counts/policy").json == body
    assert admin("PUT", "/counts/policy", {**body, "approve_above_each": -1}).status_code == 422


def test_a_plan_is_asked_for_and_listed(shop: Caller, hand: FloorHand) -> None:
    answer = shop("POST", "/counts/plan", {"by": "asked", "locations": ["A01-01-1", "A01-02-1"]})
    assert answer.json == {"cause": "asked", "asked": ["A01-01-1", "A01-02-1"], "known": []}
    tasks = shop("GET", "/counts").json["tasks"]
    assert [(task["location"], task["cause"]) for task in tasks] == [("A01-01-1", "asked"), ("A01-02-1", "asked")]
    assert shop("POST", "/counts/plan", {"by": "age", "limit": 3}).json["asked"] == ["A01-03-1", "A02-01-1", "A02-02-1"]


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"by": "asked"}, 422, "nothing_named"), ({"by": "asked", "sku": "NONE"}, 404, "unknown_sku"),
        ({"by": "asked", "locations": ["DOCK-1"]}, 404, "unknown_location"), ({"by": "luck"}, 422, "invalid_body"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_a_problem(shop: Caller, body: Any, status: int, problem: str) -> None:
    assert code(shop("POST", "/counts/plan", body)) == (status, problem)


def test_results_are_listed_by_state(shop: Caller, differing: FloorHand) -> None:
    (result,) = shop("GET", "/counts").json["results"]
    assert (result["sku"], result["variance_each"], result["value_minor"]) == ("MUG", -8, -5200)
    assert (result["state"], result["counted_by"]) == ("pending", "Bob")
    assert shop("GET", "/counts?state=posted").json["results"] == []
    assert shop("GET", "/counts?state=pending&after=1").json["results"] == []
    assert code(shop("GET", "/counts?state=odd")) == (422, "bad_state")
    assert code(shop("GET", "/counts?limit=x")) == (422, "bad_limit")
    assert code(shop("GET", "/counts/9")) == (404, "unknown_count")


def test_a_difference_is_posted_by_a_supervisors_badge(shop: Caller, differing: FloorHand) -> None:
    assert code(shop("POST", "/counts/1/post", {"badge": "1002"})) == (422, "not_allowed")
    answer = shop("POST", "/counts/1/post", {"why": "theft", "badge": "1001"})
    assert (answer.json["state"], answer.json["decided_by"], answer.json["why"]) == ("posted", "Ada", "theft")
    assert differing.on_hand("A01-01-1") == 2
    assert code(shop("POST", "/counts/1/refuse", {})) == (409, "count_decided")
    assert wrong(differing) == []


def test_a_difference_is_refused_or_counted_again(shop: Caller, differing: FloorHand) -> None:
    assert shop("POST", "/counts/1/recount", {}).json["state"] == "recount"
    assert shop("POST", "/counts/1/refuse", {}).json["state"] == "refused"
    assert differing.on_hand("A01-01-1") == 10
    assert wrong(differing) == []


def test_how_right_the_book_was(shop: Caller, differing: FloorHand) -> None:
    report = shop("GET", "/inventory-accuracy?days=7").json
    assert (report["lines"], report["lines_right"], report["units_percent"]) == (1, 0, 20.0)
    assert code(shop("GET", "/inventory-accuracy?days=0")) == (422, "bad_days")


# --- the page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(app: Flask, differing: FloorHand) -> FlaskClient:
    """A supervisor's browser, signed on by the admin's link."""
    client = app.test_client()
    client.set_cookie(COOKIE, differing.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN)))
    return client


def send(desk: FlaskClient, decision: str, **more: str) -> Any:
    return desk.post("/counts/1", data={"decision": decision, "why": "counted", **more}, headers=OURS)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_shows_what_a_supervisor_decides_by(desk: FlaskClient) -> None:
    seen = words(desk.get("/counts").text)
    for piece in ("A01-01-1", "Mug blue", "Book 10", "Counted 2 (Bob)", "Difference -8", "-52.00 GBP", "0 min"):
        assert piece in seen
    assert "needs JavaScript" not in seen


def test_a_scanned_badge_alone_decides_nothing(desk: FlaskClient) -> None:
    """A scanner ends what it reads with Enter, which presses a form's first button."""
    first = re.search(r"<form[^>]*decide-form.*?(<button[^>]*>)", desk.get("/counts").text, re.DOTALL)
    assert first is not None
    assert "disabled" in first[1]


def test_a_kiosk_may_not_see_it(app: Flask, differing: FloorHand) -> None:
    client = app.test_client()
    assert client.get("/counts").status_code == 401
    station = differing.write(lambda tx: setting_up.add_station(tx, "K9", "handheld", "DOCK-1"))
    client.set_cookie(COOKIE, station["token"])
    assert client.get("/counts").status_code == 403


def test_a_decision_from_a_foreign_page_is_refused(desk: FlaskClient, differing: FloorHand) -> None:
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert desk.post("/counts/1", data={"decision": "post"}, headers=foreign).status_code == 403
    assert desk.post("/counts/1", data={"decision": "post"}).status_code == 403
    assert differing.on_hand("A01-01-1", status="hold") == 8


def test_post_refuse_and_count_again_are_forms(desk: FlaskClient, differing: FloorHand) -> None:
    assert send(desk, "recount").status_code == 303
    assert "Somebody else counts again" in words(desk.get("/counts").text)
    assert send(desk, "post", badge=own_code("B", "1001"), why="lost").status_code == 303
    assert "No count waits" in desk.get("/counts").text
    assert differing.on_hand("A01-01-1") == 2


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"decision": "post", "badge": "1002"}, 422, "Only a supervisor decides"),
        ({"decision": "post", "badge": "B-1001-X"}, 422, "scan the badge again"),
        ({"decision": "burn"}, 422, "Choose what shall happen"),
        ({"decision": "post", "why": "because"}, 422, "Choose what shall happen"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_words(desk: FlaskClient, sent: Any, status: int, said: str) -> None:
    answer = desk.post("/counts/1", data=sent, headers=OURS)
    assert (answer.status_code, said in words(answer.text)) == (status, True)


def test_a_decision_made_meanwhile_is_said_so(desk: FlaskClient) -> None:
    send(desk, "refuse")
    answer = send(desk, "post")
    assert (answer.status_code, "has decided this already" in answer.text) == (409, True)
