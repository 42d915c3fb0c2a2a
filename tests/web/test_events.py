"""Events as a program follows them: the cursor of the last answer, a bounded wait, nobody who may not."""

from __future__ import annotations

import threading

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.services.common.running import tell
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand


@pytest.fixture
def client(hand: FloorHand) -> FlaskClient:
    return create_app(hand.floor).test_client()


def headers(hand: FloorHand, role: str = "api") -> dict[str, str]:
    return {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, role, role))}"}


def say(hand: FloorHand, kind: str) -> None:
    hand.write(lambda tx: tell(tx, "test", kind))


def test_a_program_goes_on_where_it_stopped(hand: FloorHand, client: FlaskClient) -> None:
    token = headers(hand)
    cursor = client.get("/api/v1/events?after=latest", headers=token).json["cursor"]
    say(hand, "A")
    say(hand, "B")
    first = client.get(f"/api/v1/events?after={cursor}&limit=1", headers=token).json
    rest = client.get(f"/api/v1/events?after={first['cursor']}", headers=token).json
    assert [event["kind"] for event in first["events"] + rest["events"]] == ["A", "B"]
    again = client.get(f"/api/v1/events?after={rest['cursor']}", headers=token).json
    assert again == {"events": [], "cursor": rest["cursor"]}


def test_who_waits_is_answered_when_something_happens(hand: FloorHand, client: FlaskClient) -> None:
    token = headers(hand)
    cursor = client.get("/api/v1/events?after=latest", headers=token).json["cursor"]
    speaker = threading.Timer(0.3, say, (hand, "A"))
    speaker.start()
    answer = client.get(f"/api/v1/events?after={cursor}&wait=20", headers=token).json
    speaker.join()
    assert [event["kind"] for event in answer["events"]] == ["A"]


def test_more_than_may_wait_are_answered_at_once(hand: FloorHand) -> None:
    app = create_app(hand.floor)
    app.extensions["event_waiters"] = threading.BoundedSemaphore(1)
    app.extensions["event_waiters"].acquire()
    token = headers(hand)
    cursor = app.test_client().get("/api/v1/events?after=latest", headers=token).json["cursor"]
    answer = app.test_client().get(f"/api/v1/events?after={cursor}&wait=25", headers=token)
    assert answer.json == {"events": [], "cursor": cursor}


@pytest.mark.parametrize(
    ("query", "code"),
    [("after=x", "bad_cursor"), ("limit=0", "bad_limit"), ("limit=ten", "bad_limit"), ("limit=1001", "bad_limit"),
     ("wait=26", "bad_wait"), ("wait=-1", "bad_wait")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(hand: FloorHand, client: FlaskClient, query: str, code: str) -> None:
    answer = client.get(f"/api/v1/events?{query}", headers=headers(hand))
    assert (answer.status_code, answer.json["code"]) == (422, code)


@pytest.mark.parametrize("role", ["board", "station"])
def test_stations_and_boards_do_not_follow_events(hand: FloorHand, client: FlaskClient, role: str) -> None:
    token = {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, role, role))}"}
    assert client.get("/api/v1/events", headers=token).status_code == 403
