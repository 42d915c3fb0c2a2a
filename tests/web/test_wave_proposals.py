"""Wave proposals and picker shifts over HTTP: who may ask, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.services.releasing import wave_proposals
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand

SHIFT = {"badge": "1002", "begins": "2026-01-05T06:00:00+00:00", "ends": "2026-01-05T14:00:00+00:00"}
REST = {"begins": "2026-01-05T09:00:00+00:00", "ends": "2026-01-05T09:15:00+00:00"}


@pytest.fixture
def client(hand: FloorHand) -> FlaskClient:
    return create_app(hand.floor).test_client()


def headers(hand: FloorHand, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, role, role))}"}


@pytest.fixture
def api(hand: FloorHand) -> dict[str, str]:
    return headers(hand, "api")


def proposed(hand: FloorHand, client: FlaskClient, api: dict[str, str]) -> dict[str, Any]:
    hand.item("MUG")
    hand.stock("MUG", 9)
    hand.order("1", ("MUG", 1))
    hand.sign_in("HAND-1", "PICK", "1002")
    answer = client.post("/api/v1/wave-proposals", json={}, headers=api)
    assert (answer.status_code, answer.json["state"]) == (202, "planning")
    wave_proposals.plan(hand.floor, answer.json["proposal"], 200)
    return client.get(f"/api/v1/wave-proposals/{answer.json['proposal']}", headers=api).json


def test_a_proposal_is_asked_for_looked_at_and_released(
    hand: FloorHand, client: FlaskClient, api: dict[str, str]
) -> None:
    proposal = proposed(hand, client, api)
    assert (proposal["state"], proposal["plan"]["orders"]) == ("ready", ["1"])
    assert client.get("/api/v1/wave-proposals/latest", headers=api).json["proposal"] == proposal
    answer = client.post(f"/api/v1/wave-proposals/{proposal['proposal']}/release", json={}, headers=api)
    assert (answer.status_code, answer.json["orders"], answer.json["changed"]) == (201, 1, [])
    again = client.post(f"/api/v1/wave-proposals/{proposal['proposal']}/release", json={}, headers=api)
    assert (again.status_code, again.json["code"]) == (409, "proposal_not_ready")


def test_the_board_sees_the_proposal_in_its_view(hand: FloorHand, client: FlaskClient, api: dict[str, str]) -> None:
    proposal = proposed(hand, client, api)
    shown = client.get("/api/v1/board", headers=headers(hand, "board")).json["wave"]
    assert (shown["proposal"]["state"], shown["proposal"]["plan"]["orders"]) == ("ready", 1)
    assert "picture" not in shown["proposal"]["plan"], "sent with every change, so it stays small"
    assert shown["proposal"]["plan"]["p90_at_ms"] == proposal["plan"]["p90_at_ms"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/wave-proposals", {}),
        ("POST", "/wave-proposals/1/release", {}),
        ("GET", "/picker-shifts", None),
        ("PUT", "/picker-shifts", SHIFT),
        ("DELETE", "/picker-shifts/1002", None),
    ],
)
def test_a_wall_board_releases_nothing_and_sees_no_shifts(
    hand: FloorHand, client: FlaskClient, method: str, path: str, body: Any
) -> None:
    answer = client.open(f"/api/v1{path}", method=method, json=body, headers=headers(hand, "board"))
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert client.open(f"/api/v1{path}", method=method, json=body).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [({"max_orders": 0}, 422), ({"horizon_min": 1441}, 422), ({"orders": 5}, 422), ({"max_orders": "many"}, 422)],
)
def test_a_wave_of_no_size_is_refused(client: FlaskClient, api: dict[str, str], body: Any, status: int) -> None:
    assert client.post("/api/v1/wave-proposals", json=body, headers=api).status_code == status


def test_nobody_knows_other_proposals(client: FlaskClient, api: dict[str, str]) -> None:
    assert client.get("/api/v1/wave-proposals/9", headers=api).status_code == 404
    assert client.post("/api/v1/wave-proposals/9/release", json={}, headers=api).status_code == 404
    assert client.get("/api/v1/wave-proposals/latest", headers=api).json == {"proposal": None, "waves": []}


def test_shifts_are_put_shown_and_taken_away(client: FlaskClient, api: dict[str, str]) -> None:
    put = client.put("/api/v1/picker-shifts", json={**SHIFT, "breaks": [REST]}, headers=api)
    assert (put.status_code, put.json) == (200, {**SHIFT, "breaks": [REST]})
    query = {"from": SHIFT["begins"]}
    assert client.get("/api/v1/picker-shifts", query_string=query, headers=api).json == {"shifts": [put.json]}
    at = {"at": "2026-01-05T07:00:00+00:00"}
    assert client.delete("/api/v1/picker-shifts/1002", query_string=at, headers=api).json["removed"]
    assert client.delete("/api/v1/picker-shifts/1002", query_string=at, headers=api).status_code == 404
    assert client.get("/api/v1/picker-shifts", query_string=query, headers=api).json == {"shifts": []}


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"badge": "9999"}, 404, "badge"),
        ({"ends": "2026-01-05T05:00:00+00:00"}, 422, "ends"),
        ({"ends": "tonight"}, 422, "ends"),
        ({"begins": "2026-01-05T06:00:00"}, 422, "begins"),
        ({"breaks": [{"begins": "2026-01-05T05:00:00+00:00", "ends": "2026-01-05T07:00:00+00:00"}]}, 422, "breaks[0]"),
    ],
)
def test_hours_that_cannot_be_name_their_field(
    client: FlaskClient, api: dict[str, str], changed: dict[str, Any], status: int, field: str
) -> None:
    answer = client.put("/api/v1/picker-shifts", json={**SHIFT, **changed}, headers=api)
    assert (answer.status_code, answer.json["field"]) == (status, field)
