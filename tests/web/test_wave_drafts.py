"""Planning a wave over HTTP and on its page: who may, what is shown, compared, released or refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.ordering import orders
from fulfillment.services.releasing import wave_drafts
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from tests.factories import NOBODY, FloorHand
from tests.services import wall

OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    hand.stock("MUG", 50)
    for number in ("S1", "S2", "S3"):
        hand.order(number, ("MUG", 2))
    return hand


def bearer(hand: FloorHand, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, role, role))}"}


def entered(hand: FloorHand, role: TokenRole) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, role, role)))
    return client


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def drafted(client: FlaskClient, hand: FloorHand, api: dict[str, str], **body: Any) -> int:
    asked = client.post("/api/v1/wave-drafts", json=body, headers=api)
    assert (asked.status_code, asked.json["state"]) == (202, "planning")
    wave_drafts.plan(hand.floor, asked.json["draft"])
    return asked.json["draft"]


def test_a_program_drafts_compares_and_releases(stocked: FloorHand) -> None:
    client, api = create_app(stocked.floor).test_client(), bearer(stocked, "api")
    one, other = drafted(client, stocked, api), drafted(client, stocked, api, max_orders=1)
    shown = client.get(f"/api/v1/wave-drafts/{other}", headers=api).json
    assert (shown["plan"]["orders"], shown["choice"]["max_orders"]) == (["S1"], 1)
    compared = client.get(f"/api/v1/wave-drafts/{one}/against/{other}", headers=api).json
    assert compared["figures"][0] == {"name": "orders", "a": 3, "b": 1, "differs": -2}
    released = client.post(f"/api/v1/wave-drafts/{other}/release", json={}, headers=api)
    assert (released.status_code, released.json["orders"]) == (201, 1)
    changed = client.post(f"/api/v1/wave-drafts/{one}/release", json={}, headers=api)
    assert (changed.status_code, changed.json["wave"]) == (202, None)
    assert changed.json["changed"][0]["order"] == "S1"


@pytest.mark.parametrize("path", ["/wave-drafts", "/wave-drafts/1/release"])
def test_a_wall_board_drafts_and_releases_nothing(stocked: FloorHand, path: str) -> None:
    client = create_app(stocked.floor).test_client()
    answer = client.post(f"/api/v1{path}", json={}, headers=bearer(stocked, "board"))
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    board = entered(stocked, TokenRole.BOARD)
    assert "Plan it" not in board.get("/waves/plan").text
    for address in ("/waves/plan", "/waves/plan/release"):
        assert board.post(address, data={"side": "a"}, headers=OURS).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [({"max_orders": 0}, 422), ({"until": "tonight"}, 422), ({"until": "2026-01-05T16:00:00"}, 422),
     ({"zone": "NOWHERE"}, 404), ({"mode": "batch"}, 409), ({"mode": "zone"}, 409), ({"mode": "by size"}, 422),
     ({"sort": "by size"}, 422)],
)  # fmt: skip
def test_a_choice_nobody_can_make_is_refused(stocked: FloorHand, body: dict[str, Any], status: int) -> None:
    client = create_app(stocked.floor).test_client()
    assert client.post("/api/v1/wave-drafts", json=body, headers=bearer(stocked, "api")).status_code == status


def asked(desk: FlaskClient, hand: FloorHand, **form: str) -> str:
    answer = desk.post("/waves/plan", data=form, headers=OURS)
    assert answer.status_code == 303, seen(answer.text)
    for row in hand.all("SELECT id FROM wave_draft WHERE state = 'planning'"):
        wave_drafts.plan(hand.floor, row["id"])
    return answer.location


def test_two_plans_stand_beside_each_other_and_one_is_released(stocked: FloorHand) -> None:
    desk = entered(stocked, TokenRole.ADMIN)
    assert "Nothing chosen yet" in seen(desk.get("/waves/plan").text)
    assert asked(desk, stocked, side="a") == "/waves/plan?a=1"
    address = asked(desk, stocked, side="b", a="1", max_orders="1")
    assert address == "/waves/plan?a=1&b=2"
    html = desk.get(address).text
    page = seen(html)
    assert "Orders 3 1 -2" in page
    assert "Only in A: S2, S3" in page
    assert "Orders at most 1" in page
    assert html.count("<figure>") == 2
    released = desk.post("/waves/plan/release", data={"side": "b", "a": "1", "b": "2"}, headers=OURS)
    assert released.status_code == 303
    assert "Released as wave 1" in seen(desk.get(released.location).text)


def test_what_changed_meanwhile_is_said_in_words_and_the_new_plan_shown(stocked: FloorHand) -> None:
    desk = entered(stocked, TokenRole.ADMIN)
    asked(desk, stocked, side="a")
    stocked.write(lambda tx: orders.cancel(tx, NOBODY, "S2"))
    answer = desk.post("/waves/plan/release", data={"side": "a", "a": "1"}, headers=OURS)
    assert (answer.status_code, answer.location) == (303, "/waves/plan?a=2")
    wave_drafts.plan(stocked.floor, 2)
    page = seen(desk.get(answer.location).text)
    assert "Nothing was released" in page
    assert "Order S2 now:" in page
    assert "Release: 2 orders" in page


@pytest.mark.parametrize(
    ("form", "words"),
    [({"priority": "high"}, "no whole number"), ({"until": "tonight"}, "That is no time"),
     ({"zone": "<i>"}, "There is no such zone"), ({"mode": "batch"}, "There is no put wall"),
     ({"mode": "<i>"}, "no such way"),
     ({"max_orders": "0"}, "1 to 1000 orders")],
)  # fmt: skip
def test_a_wrong_choice_is_refused_in_words(stocked: FloorHand, form: dict[str, str], words: str) -> None:
    answer = entered(stocked, TokenRole.ADMIN).post("/waves/plan", data={"side": "a", **form}, headers=OURS)
    assert answer.status_code in (404, 409, 422)
    assert words in seen(answer.text)
    assert "<i>" not in answer.text


def test_a_plan_nobody_keeps_any_more_says_so(stocked: FloorHand) -> None:
    answer = entered(stocked, TokenRole.ADMIN).get("/waves/plan?a=77&b=x")
    assert (answer.status_code, "not kept any more" in seen(answer.text)) == (200, True)


def test_the_page_says_what_a_line_costs_in_each_mode_and_releases_the_one_chosen(stocked: FloorHand) -> None:
    wall.equip(stocked)
    desk = entered(stocked, TokenRole.ADMIN)
    asked(desk, stocked, side="a", mode="cluster")
    page = seen(desk.get(asked(desk, stocked, side="b", a="1", mode="batch")).text)
    assert "Picked Cluster, a tote for each order Batch, sorted at the wall –" in page
    assert re.search(r"✓ Batch, sorted at the wall \d+\.\d s a line", page)
    assert "Zone by zone Not available. No two zones" in page
    released = desk.post("/waves/plan/release", data={"side": "b", "a": "1", "b": "2"}, headers=OURS)
    assert released.status_code == 303
    assert [row["mode"] for row in stocked.all("SELECT mode FROM wave")] == ["batch"]
