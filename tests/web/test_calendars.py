"""Hours, holidays and cut-offs as a program sets them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand


@pytest.fixture
def client(hand: FloorHand) -> FlaskClient:
    return create_app(hand.floor).test_client()


@pytest.fixture
def admin(hand: FloorHand) -> dict[str, str]:
    return _headers(hand, "admin")


def _headers(hand: FloorHand, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, role, role))}"}


def put(client: FlaskClient, headers: dict[str, str], path: str, body: Any) -> Any:
    return client.put(f"/api/v1{path}", json=body, headers=headers)


def test_a_calendar_is_what_was_put(client: FlaskClient, admin: dict[str, str]) -> None:
    body = {"week": {"monday": ["08:00", "18:00"]}, "days": [{"day": "2026-12-28", "note": "Boxing Day"}]}
    answer = put(client, admin, "/calendar", body)
    assert answer.status_code == 200
    assert answer.json["orders_changed"] == 0
    shown = client.get("/api/v1/calendar", headers=admin).json
    assert shown["week"] == {"monday": ["08:00", "18:00"]}
    assert shown["days"] == [{"day": "2026-12-28", "opens": "", "closes": "", "note": "Boxing Day"}]


def test_cut_offs_are_put_by_weekday(client: FlaskClient, admin: dict[str, str]) -> None:
    body = {"usual": "16:00", "cut_offs": {"saturday": "11:00", "sunday": None}}
    answer = put(client, admin, "/carriers/DOM/cut-offs", body)
    assert answer.status_code == 200
    shown = client.get("/api/v1/carriers/DOM/cut-offs", headers=admin).json["cut_offs"]
    assert (shown["friday"], shown["saturday"], shown["sunday"]) == ("16:00", "11:00", None)
    assert client.get("/api/v1/carriers/NOBODY/cut-offs", headers=admin).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/calendar", {"week": {"monday": ["08:00", "08:00"]}, "days": []}, 422, "bad_time"),
        ("/calendar", {"week": {"monday": ["08:00"]}, "days": []}, 422, "invalid_body"),
        ("/calendar", {"week": {}, "days": [{"day": "25 December"}]}, 422, "bad_date"),
        ("/calendar", {"week": {}, "days": [{"day": "2026-12-25"}, {"day": "2026-12-25"}]}, 422, "duplicate_day"),
        ("/carriers/DOM/cut-offs", {"cut_offs": {"caturday": None}}, 422, "bad_weekday"),
        ("/carriers/DOM/cut-offs", {"usual": "5 pm"}, 422, "bad_time"),
        ("/carriers/NOBODY/cut-offs", {"usual": "17:00"}, 404, "unknown_carrier"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_problem(
    client: FlaskClient, admin: dict[str, str], path: str, body: Any, status: int, code: str
) -> None:
    answer = put(client, admin, path, body)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_program_may_look_but_not_set(client: FlaskClient, hand: FloorHand) -> None:
    shop = _headers(hand, "api")
    assert client.get("/api/v1/calendar", headers=shop).status_code == 200
    assert put(client, shop, "/calendar", {"week": {}, "days": []}).status_code == 403
