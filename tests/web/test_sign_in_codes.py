"""Codes from a phone and on paper, and what asks for the passphrase again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pyotp
import pytest
from flask.testing import FlaskClient

from fulfillment.services.people import accounts, sealing, second_factors
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.web.desk import OURS, PASSPHRASE, Desk, desk_of


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    floor, desk = desk_of(settings)
    desk.give_account()
    yield desk
    floor.close()


def set_up_phone(desk: Desk, client: FlaskClient) -> tuple[pyotp.TOTP, list[str]]:
    assert client.post("/account/codes", data={"act": "begin"}, headers=OURS).status_code == 303
    html = client.get("/account").text
    phone = pyotp.TOTP(re.search(r'id="secret">([A-Z2-7]+)<', html)[1])
    assert "<svg" in html
    sent = {"act": "keep", "one_time": phone.generate_otp(desk.clock.now_ms // 30_000)}
    answer = client.post("/account/codes", data=sent, headers=OURS)
    papers = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", answer.text)
    assert len(papers) == 10
    return phone, papers


def code(desk: Desk, phone: pyotp.TOTP, steps: int = 0) -> str:
    return phone.generate_otp(desk.clock.now_ms // 30_000 + steps)


def test_with_a_phone_set_up_nobody_comes_in_by_passphrase_alone(desk: Desk) -> None:
    phone, _ = set_up_phone(desk, desk.signed_in())
    desk.clock.on(1)
    assert desk.sign_in()[1].status_code == 422
    assert desk.sign_in(one_time="000000")[1].status_code == 422
    assert desk.sign_in(one_time=code(desk, phone))[1].status_code == 303


def test_a_code_opens_once_and_none_older_after_it(desk: Desk) -> None:
    phone, _ = set_up_phone(desk, desk.signed_in())
    desk.clock.on(1)
    older, now = code(desk, phone, -1), code(desk, phone)
    assert desk.sign_in(one_time=now)[1].status_code == 303
    assert desk.sign_in(one_time=now)[1].status_code == 422
    assert desk.sign_in(one_time=older)[1].status_code == 422
    assert desk.sign_in(one_time=code(desk, phone, 1))[1].status_code == 303, "a phone half a minute ahead"
    desk.clock.on(5)
    assert desk.sign_in(one_time=code(desk, phone, -2))[1].status_code == 422, "a minute late is too late"


def test_a_code_on_paper_opens_once(desk: Desk) -> None:
    client = desk.signed_in()
    _, papers = set_up_phone(desk, client)
    assert desk.sign_in(one_time=papers[3].upper().replace("-", " "))[1].status_code == 303
    assert desk.sign_in(one_time=papers[3])[1].status_code == 422
    assert "left: 9" in client.get("/account").text
    renewed = client.post("/account/codes", data={"act": "renew"}, headers=OURS).text
    assert papers[4] not in renewed
    assert desk.sign_in(one_time=papers[4])[1].status_code == 422


def test_a_phone_counts_only_when_it_has_shown_a_right_code(desk: Desk) -> None:
    client = desk.signed_in()
    client.post("/account/codes", data={"act": "begin"}, headers=OURS)
    wrong = client.post("/account/codes", data={"act": "keep", "one_time": "000000"}, headers=OURS)
    assert wrong.status_code == 422
    assert desk.sign_in()[1].status_code == 303


def test_codes_are_taken_away_by_their_owner_and_by_a_new_link(desk: Desk) -> None:
    client = desk.signed_in()
    set_up_phone(desk, client)
    client.post("/account/codes", data={"act": "take_away"}, headers=OURS)
    assert desk.sign_in()[1].status_code == 303
    _, papers = set_up_phone(desk, client)
    assert desk.sign_in()[1].status_code == 422
    desk.give_account()
    assert desk.sign_in()[1].status_code == 303, "whoever lost the phone comes in by a new link"
    desk.hand.write(lambda tx: accounts.take_away(tx, "1003"))
    assert desk.hand.all("SELECT id FROM recovery_code WHERE warehouse_id = :w") == []
    assert papers


def test_nothing_a_copy_of_the_database_holds_makes_codes(desk: Desk) -> None:
    phone, papers = set_up_phone(desk, desk.signed_in())
    held = json.dumps([desk.hand.all(f"SELECT * FROM {table} WHERE warehouse_id = :w")
                       for table in ("operator_account", "recovery_code", "audit_log")])  # fmt: skip
    assert phone.secret not in held
    assert not [paper for paper in papers if paper.replace("-", "") in held or paper in held]
    key = sealing.key_file(desk.hand.floor.settings)
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().strip() not in held


def test_without_the_key_a_phone_opens_nothing_and_paper_does(desk: Desk) -> None:
    phone, papers = set_up_phone(desk, desk.signed_in())
    sealing.key_file(desk.hand.floor.settings).unlink()
    desk.clock.on(1)
    assert desk.sign_in(one_time=code(desk, phone))[1].status_code == 422
    assert desk.sign_in(one_time=papers[0])[1].status_code == 303


def test_wrong_codes_are_slowed_down_as_wrong_passphrases_are(desk: Desk) -> None:
    phone, _ = set_up_phone(desk, desk.signed_in())
    desk.clock.on(1)
    answers = [desk.sign_in(one_time=f"{number:06d}")[1].status_code for number in range(6)]
    assert answers == [422] * 5 + [429]
    assert desk.sign_in(one_time=code(desk, phone))[1].status_code == 429


def test_saying_it_is_still_them_needs_the_code_too(desk: Desk) -> None:
    client = desk.signed_in()
    phone, _ = set_up_phone(desk, client)
    desk.clock.on(11)
    sent = {"passphrase": PASSPHRASE, "next": "/access"}
    assert client.post("/confirm", data=sent, headers=OURS).status_code == 422
    assert client.post("/confirm", data={**sent, "one_time": code(desk, phone)}, headers=OURS).status_code == 303


HARD_TO_PUT_RIGHT = (
    ("POST", "/api/v1/stock/adjust"), ("POST", "/api/v1/counts/1/post"), ("POST", "/api/v1/orders/SO-1/cancel"),
    ("POST", "/api/v1/parcels/1/void"), ("POST", "/api/v1/parcels/1/reopen"), ("POST", "/api/v1/waves/1/cancel"),
    ("POST", "/api/v1/waves/1/split"), ("POST", "/api/v1/transfers/1/cancel"), ("POST", "/api/v1/buyers/erase"),
    ("POST", "/api/v1/carrier-labels/1/decision"), ("PUT", "/api/v1/operators/1002/pin"), ("POST", "/api/v1/agents"),
    ("POST", "/counts/1"), ("POST", "/labels"), ("POST", "/waves/1/cut"), ("POST", "/operators/1002/pin"),
    ("POST", "/set-up/stations/link"), ("POST", "/access/sessions"), ("POST", "/account/codes"),
)  # fmt: skip


@pytest.mark.engine("sqlite")
def test_what_is_hard_to_put_right_needs_somebody_who_just_said_who_they_are(desk: Desk) -> None:
    client = desk.signed_in()
    desk.clock.on(11)
    ours = {"Sec-Fetch-Site": "same-origin"}
    for method, path in HARD_TO_PUT_RIGHT:
        answer = client.open(path, method=method, headers=ours)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "proof_needed"), path
    moves = {"cards": [{"card": 1, "version": "x"}], "to": "cancelled", "note": "", "urgency": "", "badge": "",
             "other_lane": False}  # fmt: skip
    cancel = client.post("/api/v1/order-board/moves", json=moves, headers=ours)
    assert (cancel.status_code, cancel.get_json()["code"]) == (403, "proof_needed")
    hold = client.post("/api/v1/order-board/moves", json={**moves, "to": "hold"}, headers=ours)
    assert hold.get_json().get("code") != "proof_needed", "a card goes on hold and back in one touch"
    form = client.post("/order-board/moves", data={"act": "cancel"}, headers=OURS)
    assert (form.status_code, form.location.split("?")[0]) == (303, "/confirm")


@pytest.mark.engine("sqlite")
def test_a_program_and_a_board_have_nobody_to_ask(desk: Desk) -> None:
    token = desk.hand.write(lambda tx: setting_up.add_token(tx, "shop", "api"))
    desk.clock.on(11)
    answer = desk.new_client().post("/api/v1/orders/SO-1/cancel", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 404


@pytest.mark.engine("sqlite")
def test_two_workers_that_need_the_first_key_at_once_have_one(desk: Desk) -> None:
    settings = desk.hand.floor.settings
    stored = sealing.sealed(settings, "one")
    sealing._make(sealing.key_file(settings))  # the other one, a moment later
    assert sealing.unsealed(settings, stored) == "one"
    assert [path.name for path in settings.home.glob("secret-key*")] == ["secret-key"]


@pytest.mark.engine("sqlite")
def test_a_secret_is_not_shown_when_it_is_printed() -> None:
    secret = second_factors.new_secret()
    assert secret not in repr(second_factors.offered(secret, "eve"))


# ---- a floor that asks for codes ----


def test_who_must_have_a_code_is_led_to_set_one_up_before_anything_else(desk: Desk) -> None:
    desk.give_account("1001", "ada")
    admin = desk.signed_in()
    assert admin.post("/access/rules", data={"code_rule": "all"}, headers=OURS).location == "/access?did=rule_kept"
    ada = desk.signed_in("ada")
    for client in (admin, ada):  # the last admin too: led there, never locked out
        page = client.get("/waves", headers={"Accept": "text/html"})
        assert (page.status_code, page.location) == (303, "/account?must=1#codes")
        assert client.get("/api/v1/board").get_json()["code"] == "codes_needed"
        refused = client.post("/operators/rules", data={"auto_lock_min": "7"}, headers=OURS)
        assert refused.location.startswith("/account")
        assert "Set a phone up first" in client.get("/account").text
        set_up_phone(desk, client)
        assert client.get("/waves", headers={"Accept": "text/html"}).status_code == 200
        desk.clock.on(1)
    assert ada.post("/account/codes", data={"act": "take_away"}, headers=OURS).status_code == 422
    assert desk.sign_in("ada")[1].status_code == 422, "the code is asked still"


def test_codes_may_be_asked_of_admins_only_and_programs_and_stations_go_on(desk: Desk) -> None:
    desk.give_account("1001", "ada")
    ada, eve = desk.signed_in("ada"), desk.signed_in()
    token = desk.hand.write(lambda tx: setting_up.add_token(tx, "shop", "api"))
    desk.hand.write(lambda tx: second_factors.set_rule(tx, "admins"))
    assert ada.get("/waves").status_code == 200
    assert eve.get("/waves").status_code == 403
    shop = desk.new_client().get("/api/v1/stock", headers={"Authorization": f"Bearer {token}"})
    assert shop.status_code == 200
    scanner = desk.new_client()
    station = desk.hand.write(lambda tx: setting_up.add_station_token(tx, "HAND-1"))
    scanner.get("/enter", query_string={"token": station})
    assert scanner.get("/kiosk/HAND-1").status_code == 200
    desk.hand.write(lambda tx: second_factors.set_rule(tx, "free"))
    assert eve.get("/waves").status_code == 200


def test_who_asks_for_codes_just_said_who_they_are_and_stands_in_the_log(desk: Desk) -> None:
    client = desk.signed_in()
    desk.clock.on(11)
    asked = client.post("/access/rules", data={"code_rule": "all"}, headers=OURS)
    assert asked.location.split("?")[0] == "/confirm"
    assert desk.hand.write(second_factors.rule) == "free"
    client = desk.signed_in()
    assert client.post("/access/rules", data={"code_rule": "some"}, headers=OURS).status_code == 422
    client.post("/access/rules", data={"code_rule": "admins"}, headers=OURS)
    told = "SELECT subject, content FROM audit_log WHERE warehouse_id = :w ORDER BY id DESC LIMIT 2"
    rows = {one["subject"]: json.loads(one["content"]) for one in desk.hand.all(told)}
    assert rows["code rule"] == {"before": "free", "now": "admins"}
    assert "POST /access/rules admins" in rows
