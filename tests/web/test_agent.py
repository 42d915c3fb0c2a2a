"""/api/v1/agent: who may, what is refused in which words, and that waiting leaves threads for scans."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.app import create_app
from fulfillment.domain.roles import TOKEN_PERMISSIONS, Permission, TokenRole, may
from fulfillment.services.equipment import bench_agents, devices
from fulfillment.services.records import audit_entries
from fulfillment.services.set_up import setting_up
from fulfillment.web import agent as agent_routes
from fulfillment.web import waiting
from fulfillment.web.v1 import api
from tests.factories import FloorHand

HELLO = {"agent": "A1", "journal": "j1", "protocol": "1.0", "version": "0.1.0"}
ROUTES = [operation for operation in api.operations if operation.path.startswith("/agent/")]


class Caller:
    """Somebody with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: dict[str, Any]) -> TestResponse:
        return self._client.post(f"/api/v1/agent/{path}", json=body, headers=self._headers)

    def get(self, path: str) -> TestResponse:
        return self._client.get(f"/api/v1/{path}", headers=self._headers)


def caller(hand: FloorHand, code: str = "A1", station: str | None = "HAND-1") -> Caller:
    token = hand.write(lambda tx: bench_agents.add(tx, code, station))["token"]
    return Caller(create_app(hand.floor).test_client(), token)


def a_scan(number: int, device: str = "GUN-1") -> dict[str, Any]:
    return {"number": number, "scan_id": f"s-{number}", "device": device, "sequence": number, "code": "MUG",
            "occurred_at": "2026-11-22T08:00:00+00:00"}  # fmt: skip


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("role", [role for role in TokenRole if role is not TokenRole.AGENT])
def test_only_an_agents_token_opens_an_agents_routes(hand: FloorHand, role: TokenRole) -> None:
    station = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-1'")["id"]
    token = hand.write(lambda tx: setting_up.add_token(tx, "other", role, station))
    client = create_app(hand.floor).test_client()
    assert len(ROUTES) == 4
    for route in ROUTES:
        answer = client.open(
            f"/api/v1{route.path}", method=route.method, headers={"Authorization": f"Bearer {token}"},
            json={} if route.method == "POST" else None,
        )  # fmt: skip
        assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden"), route.path


@pytest.mark.engine("sqlite")
def test_an_agents_token_opens_no_other_route(hand: FloorHand) -> None:
    assert TOKEN_PERMISSIONS[TokenRole.AGENT] == {Permission.RUN_DEVICES}
    a1 = caller(hand)
    closed = [one for one in api.operations if not may(TokenRole.AGENT, one.permission) and one.method == "GET"]
    assert closed
    for operation in closed:
        if "<" not in operation.path:
            assert a1.get(operation.path.lstrip("/")).status_code == 403, operation.path


def test_another_protocol_is_refused_in_words_and_stands_in_the_list(hand: FloorHand) -> None:
    a1 = caller(hand)
    answer = a1.post("hello", {**HELLO, "protocol": "2.0"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "other_protocol")
    assert "the server has to be upgraded" in answer.get_json()["detail"]
    token = hand.write(lambda tx: setting_up.add_token(tx, "board", TokenRole.BOARD))
    listed = Caller(create_app(hand.floor).test_client(), token).get("devices").get_json()
    assert [(one["code"], one["state"]) for one in listed["agents"]] == [("A1", "refused")]


def test_a_token_of_another_agent_is_refused_whatever_it_asks(hand: FloorHand) -> None:
    a1, a2 = caller(hand), caller(hand, "A2")
    assert a1.post("hello", HELLO).status_code == 200
    hand.write(lambda tx: devices.add(tx, "GUN-1", "scanner", "serial:///dev/tty0", "A1", "HAND-1"))
    assert a2.post("hello", HELLO).get_json()["code"] == "other_agent"
    for answer in (
        a2.post("events", {"journal": "j1", "scans": [a_scan(1)]}),
        a2.get("agent/commands?journal=j1"),
        a2.post("results", {"journal": "j1", "command": 1, "outcome": "begin"}),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (409, "other_journal")
    assert a2.post("hello", {**HELLO, "agent": "A2", "journal": "j2"}).get_json()["devices"] == []
    verdicts = a2.post("events", {"journal": "j2", "scans": [a_scan(1)]}).get_json()["verdicts"]
    assert [(one["outcome"], one["code"]) for one in verdicts] == [("refused", "unknown_device")]


def test_scans_of_an_agent_stand_in_the_audit_log_as_scans_and_nothing_else_it_says_does(hand: FloorHand) -> None:
    a1 = caller(hand)
    a1.post("hello", HELLO)
    hand.write(lambda tx: devices.add(tx, "GUN-1", "scanner", "serial:///dev/tty0", "A1", "HAND-1"))
    told = a1.post("events", {"journal": "j1", "scans": [a_scan(1)], "states": [{"device": "GUN-1", "state": "ready"}]})
    assert told.get_json()["last_event"] == 1
    rows = hand.floor.read(lambda tx: audit_entries.newest(tx, audit_entries.Sought(), 50))
    assert [row["kind"] for row in rows] == ["scan"]
    assert hand.floor.read(audit_entries.verify_scans) == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("events", {"journal": "j1", "scans": [a_scan(2), a_scan(1)]}, "bad_order"),
        ("events", {"journal": "j1", "scans": [{**a_scan(1), "occurred_at": "yesterday"}]}, "bad_time"),
        ("events", {"journal": "j1", "scans": [a_scan(n) for n in range(1, 202)]}, "invalid_body"),
        ("events", {"journal": "j1", "states": [{"device": "X", "state": "soup"}]}, "invalid_body"),
        ("results", {"journal": "j1", "command": 99, "outcome": "printed"}, "unknown_command"),
        ("results", {"journal": "j1", "command": 99, "outcome": "soup"}, "invalid_body"),
    ],
)
@pytest.mark.engine("sqlite")
def test_what_an_agent_cannot_mean_is_refused(hand: FloorHand, path: str, body: dict[str, Any], code: str) -> None:
    a1 = caller(hand)
    a1.post("hello", HELLO)
    assert a1.post(path, body).get_json()["code"] == code


@pytest.mark.engine("sqlite")
def test_an_agent_that_finds_no_place_to_wait_is_told_when_to_ask_again(hand: FloorHand) -> None:
    a1 = caller(hand)
    a1.post("hello", HELLO)
    assert a1.get("agent/commands?journal=j1&wait_s=26").get_json()["code"] == "bad_wait"
    app = create_app(hand.floor)
    with app.app_context():
        places = waiting.places()
        while places.acquire(blocking=False):
            pass
    full = Caller(app.test_client(), hand.write(lambda tx: bench_agents.new_token(tx, "A1"))["token"])
    answer = full.get("agent/commands?journal=j1&wait_s=25").get_json()
    assert answer == {"commands": [], "ask_again_ms": agent_routes.ASK_AGAIN_MS}
