"""Devices and agents sign on by a short code, programs get no more than they need, buyers are shown to few."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from fulfillment.domain.masking import masked
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import TOKEN_PERMISSIONS, Permission, Role, TokenRole, permissions_of
from fulfillment.services.equipment import bench_agents
from fulfillment.services.people import access_tokens, enrolment
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.web.desk import OURS, Desk, desk_of


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    floor, desk = desk_of(settings)
    desk.give_account()
    yield desk
    floor.close()


def code_of(desk: Desk, station: str = "HAND-1") -> str:
    return desk.hand.write(lambda tx: enrolment.for_station(tx, station))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# ---- devices ----


@pytest.mark.parametrize(("station", "page"), [("HAND-1", "/kiosk/HAND-1"), ("BENCH-1", "/bench/BENCH-1")])
def test_a_device_signs_on_by_a_code_somebody_reads_out(desk: Desk, station: str, page: str) -> None:
    client = desk.new_client()
    typed = f" {code_of(desk, station).lower().replace('-', ' ')} "
    answer = client.post("/enrol", data={"code": typed}, headers=OURS)
    assert answer.location == page
    assert client.get(page).status_code == 200
    assert client.get("/kiosk/HAND-2").status_code == 403, "its own station's page only"


def test_a_code_works_once_and_for_ten_minutes_and_only_the_newest(desk: Desk) -> None:
    first, second = code_of(desk), code_of(desk)
    assert desk.new_client().post("/enrol", data={"code": first}, headers=OURS).status_code == 422
    assert desk.new_client().post("/enrol", data={"code": second}, headers=OURS).status_code == 302
    assert desk.new_client().post("/enrol", data={"code": second}, headers=OURS).status_code == 422
    third = code_of(desk)
    desk.clock.on(10.1)
    assert desk.new_client().post("/enrol", data={"code": third}, headers=OURS).status_code == 422


def test_whoever_guesses_codes_waits_and_a_right_one_is_not_judged_meanwhile(desk: Desk) -> None:
    client = desk.new_client()
    answers = [client.post("/enrol", data={"code": "BBB-BBB-BBB"}, headers=OURS).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert client.post("/enrol", data={"code": code_of(desk)}, headers=OURS).status_code == 429
    assert client.post("/api/v1/enrol", json={"code": code_of(desk)}).get_json()["code"] == "sign_in_wait"


def test_many_addresses_guess_together_no_more_than_fifty(desk: Desk) -> None:
    def guess(number: int) -> int:
        environ = {"REMOTE_ADDR": f"10.0.0.{number}"}
        sent = {"code": "BBB-BBB-BBB"}
        return desk.new_client().post("/enrol", data=sent, headers=OURS, environ_overrides=environ).status_code

    assert [guess(number) for number in range(51)] == [422] * 50 + [429]


def test_a_code_is_given_at_the_desk_by_an_admin_only_and_kept_as_a_hash(desk: Desk) -> None:
    client = desk.signed_in()
    answer = client.post("/set-up/stations/link", data={"code": "HAND-1", "act": "code"}, headers=OURS)
    short = answer.text.split('id="code">')[1].split("<")[0]
    assert answer.status_code == 201
    assert "/enrol" in answer.text
    kept = json.dumps([desk.hand.all(f"SELECT * FROM {table} WHERE warehouse_id = :w")
                       for table in ("enrolment_code", "audit_log")])  # fmt: skip
    assert short not in kept
    assert short.replace("-", "") not in kept
    assert desk.new_client().post("/enrol", data={"code": short}, headers=OURS).status_code == 302
    shop = desk.hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API))
    for path in ("/api/v1/stations/HAND-1/enrolment", "/api/v1/agents/B1/enrolment", "/api/v1/tokens"):
        assert desk.new_client().post(path, headers=bearer(shop)).status_code == 403


def test_an_agent_trades_a_code_for_its_token_and_the_one_before_ends(desk: Desk) -> None:
    old = desk.hand.write(lambda tx: bench_agents.add(tx, "B1", "BENCH-1"))["token"]
    admin = bearer(desk.hand.write(lambda tx: setting_up.add_token(tx, "a", TokenRole.ADMIN)))
    client = desk.new_client()
    code = client.post("/api/v1/agents/B1/enrolment", headers=admin).get_json()["code"]
    answer = client.post("/api/v1/enrol", json={"code": code})
    assert (answer.status_code, answer.get_json()["agent"]) == (201, "B1")
    hello = {"journal": "j", "agent": "B1", "protocol": "1.0", "version": "1", "host": "h", "devices": []}
    assert client.post("/api/v1/agent/hello", json=hello, headers=bearer(answer.get_json()["token"])).status_code == 200
    assert client.post("/api/v1/agent/hello", json=hello, headers=bearer(old)).status_code == 401
    assert client.post("/api/v1/agents/B9/enrolment", headers=admin).get_json()["code"] == "unknown_agent"


def test_a_browser_is_not_signed_on_as_an_agent(desk: Desk) -> None:
    desk.hand.write(lambda tx: bench_agents.add(tx, "B1", "BENCH-1"))
    code = desk.hand.write(lambda tx: enrolment.for_agent(tx, "B1"))
    answer = desk.new_client().post("/enrol", data={"code": code}, headers=OURS)
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers
    assert desk.new_client().post("/api/v1/enrol", json={"code": code}).status_code == 201, "the agent still can"


# ---- tokens of programs ----


def test_a_token_is_narrowed_to_what_was_named_and_is_over_after_its_days(desk: Desk) -> None:
    admin = bearer(desk.hand.write(lambda tx: setting_up.add_token(tx, "a", TokenRole.ADMIN)))
    client = desk.new_client()
    sent = {"name": "shop", "role": "api", "days": 2, "may": ["read_stock"]}
    token = client.post("/api/v1/tokens", json=sent, headers=admin).get_json()["token"]
    assert client.get("/api/v1/trace?sku=X", headers=bearer(token)).status_code in (200, 404)
    assert client.get("/api/v1/board", headers=bearer(token)).status_code == 403
    listed = client.get("/api/v1/tokens", headers=admin).get_json()["tokens"]
    shop = next(one for one in listed if one["name"] == "shop")
    assert (shop["scope"], shop["expires_at_ms"]) == ("read_stock", desk.clock.now_ms + 2 * 24 * 3_600_000)
    assert token not in json.dumps(listed)
    desk.clock.on(2 * 24 * 60 + 1)
    assert client.get("/api/v1/trace?sku=X", headers=bearer(token)).status_code == 401
    other = client.post("/api/v1/tokens", json={**sent, "name": "other"}, headers=admin).get_json()["token"]
    number = client.get("/api/v1/tokens", headers=admin).get_json()["tokens"][0]["id"]
    assert client.delete(f"/api/v1/tokens/{number}", headers=admin).status_code == 200
    assert client.get("/api/v1/trace?sku=X", headers=bearer(other)).status_code == 401


def test_nobody_is_given_more_than_their_role_has(desk: Desk) -> None:
    for may in (["set_up"], ["read_stock", "everything"]):
        with pytest.raises(DomainError) as refused:
            desk.hand.write(lambda tx, may=may: access_tokens.add(tx, "shop", "api", 1, may))
        assert refused.value.code == "bad_permission"


@pytest.mark.engine("sqlite")
def test_a_scope_never_widens() -> None:
    for role in TokenRole:
        assert permissions_of(role, " ".join(Permission)) == TOKEN_PERMISSIONS[role]
        assert permissions_of(role, "public") <= TOKEN_PERMISSIONS[role]


# ---- roles and buyers ----

SHIP_TO = {
    "name": "Ada Byron", "address1": "1 Dock Lane", "address2": "", "city": "Leeds", "region": "", "country": "GB",
    "postcode": "LS1 4AP", "phone": "0113 496",
}  # fmt: skip


@pytest.mark.engine("sqlite")
def test_a_masked_buyer_has_initials_a_town_and_nothing_to_visit() -> None:
    assert masked(SHIP_TO) == {
        "name": "A… B…", "address1": "…", "address2": "", "city": "Leeds", "region": "", "country": "GB",
        "postcode": "LS…", "phone": "…",
    }  # fmt: skip


def test_buyers_are_shown_in_full_to_admins_and_programs_only(desk: Desk) -> None:
    desk.give_account("1001", "ada")
    desk.hand.item("MUG")
    shop = bearer(desk.hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API)))
    client = desk.new_client()
    order = {"number": "1", "ordered_at": "2026-11-22T10:00:00+00:00", "lines": [{"sku": "MUG", "qty_each": 1}],
             "ship_to": SHIP_TO}  # fmt: skip
    assert client.post("/api/v1/orders", json=order, headers=shop).get_json()["ship_to"]["name"] == "Ada Byron"
    wall = bearer(desk.hand.write(lambda tx: setting_up.add_token(tx, "wall", TokenRole.BOARD)))
    assert client.get("/api/v1/orders/1", headers=wall).get_json()["ship_to"]["name"] == "A… B…"
    supervisor, admin = desk.signed_in("ada"), desk.signed_in()
    assert "Byron" not in supervisor.get("/api/v1/orders/1").text
    assert "Dock Lane" not in supervisor.get("/api/v1/orders/1").text
    ours = {"Sec-Fetch-Site": "same-origin"}
    held = supervisor.post("/api/v1/orders/1/hold", json={"reason": "by_hand"}, headers=ours)
    assert (held.status_code, "Byron" in held.text) == (200, False)
    assert "Byron" in admin.get("/api/v1/orders/1").text


@pytest.mark.engine("sqlite")
def test_what_a_supervisor_may_an_admin_may_and_more() -> None:
    assert TOKEN_PERMISSIONS[TokenRole.SUPERVISOR] < TOKEN_PERMISSIONS[TokenRole.ADMIN]
    assert {role.value for role in (Role.SUPERVISOR, Role.ADMIN)} < set(TokenRole)
    for never in (Permission.SET_UP, Permission.TEND_ACCESS, Permission.READ_AUDIT_LOG, Permission.READ_BUYERS):
        assert never not in TOKEN_PERMISSIONS[TokenRole.SUPERVISOR]
    own = {Permission.OWN_ACCOUNT, Permission.TEND_ACCESS}
    for role in (TokenRole.STATION, TokenRole.BOARD, TokenRole.API, TokenRole.AGENT, TokenRole.METRICS):
        assert not own & TOKEN_PERMISSIONS[role]


def test_the_devices_page_makes_a_code_for_an_agent_and_shows_it_once(desk: Desk) -> None:
    desk.hand.write(lambda tx: bench_agents.add(tx, "B1", None))
    client = desk.signed_in()
    made = client.post("/devices/agents", data={"code": "B1", "act": "enrol"}, headers=OURS)
    (code,) = re.findall(r"(?:[2-9B-Z]{3}-){2}[2-9B-Z]{3}", made.text)
    assert (made.status_code, code in client.get("/devices").text) == (201, False)
    assert desk.new_client().post("/api/v1/enrol", json={"code": code}).get_json()["agent"] == "B1"
    unknown = client.post("/devices/agents", data={"code": "B9", "act": "enrol"}, headers=OURS)
    assert unknown.status_code == 404
