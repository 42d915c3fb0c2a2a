"""Hand-over and problems over HTTP: what is asked of whom, and where a PIN never is."""

from __future__ import annotations

import hashlib
import logging

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject
from fulfillment.domain.roles import TokenRole
from fulfillment.services.figures import problems
from fulfillment.services.people import pins
from fulfillment.services.set_up import setting_up
from kiosk_ui.words import WORDS, advice
from tests.factories import FloorHand

PIN = "73914682"


@pytest.fixture
def client(hand: FloorHand) -> FlaskClient:
    return create_app(hand.floor).test_client()


def bearer(hand: FloorHand, role: str, station: str | None = None) -> dict[str, str]:
    def work(tx):  # type: ignore[no-untyped-def]
        row = tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=station or "")
        return setting_up.add_token(tx, role, role, row["id"] if row else None)

    return {"Authorization": f"Bearer {hand.write(work)}"}


def test_every_refusal_says_what_to_do_in_one_line() -> None:
    codes = {*Reject, *WORDS["reject"], *WORDS["problem"]}
    assert sorted(code for code in codes if code not in WORDS["advice"]) == []
    known = {code.rpartition(".")[2] for code in WORDS["advice"]}
    assert sorted(known - codes) == [], "advice about nothing"
    assert [words for words in WORDS["advice"].values() if len(words) > 90 or "\n" in words] == []


def test_advice_is_the_flows_own_where_it_has_some(client: FlaskClient, hand: FloorHand) -> None:
    with client.application.test_request_context():
        assert advice("pick", "order_cancelled") != advice("pack", "order_cancelled")
    station = bearer(hand, TokenRole.STATION, "HAND-1")
    sent = {"scan_id": "one", "code": own_code("C", "PICK"), "occurred_at": "2026-11-22T10:00:00+00:00"}
    page = client.post("/kiosk/HAND-1/scan", json=sent, headers=station).get_data(as_text=True)
    assert "Scan your own badge, then go on" in page


def test_a_pin_over_http_stands_in_no_log_and_not_even_its_hash_in_the_audit_log(
    client: FlaskClient, hand: FloorHand, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    admin = bearer(hand, TokenRole.ADMIN)
    with caplog.at_level(logging.DEBUG):
        answer = client.put("/api/v1/operators/1001/pin", json={"pin": PIN}, headers=admin)
        assert answer.get_json() == {"badge": "1001", "has_pin": True}
        form = client.post("/operators/1001/pin", data={"act": "set", "pin": PIN}, headers=admin)
        assert form.status_code == 303
        page = client.get("/operators", headers=admin).get_data(as_text=True)
        station = bearer(hand, TokenRole.STATION, "HAND-1")
        sent = {"scan_id": "one", "code": own_code("B", "1001"), "occurred_at": "2026-11-22T10:00:00+00:00"}
        client.post("/kiosk/HAND-1/scan", json=sent, headers=station)
        wrong = client.post("/kiosk/HAND-1/pin", json={"pin": "73914683"}, headers=station)
        assert (wrong.status_code, "Wrong PIN" in wrong.get_data(as_text=True)) == (409, True)
        right = client.post("/kiosk/HAND-1/pin", json={"pin": PIN}, headers=station)
        assert (right.status_code, 'data-state="menu"' in right.get_data(as_text=True)) == (200, True)
    said = "\n".join([caplog.text, page, right.get_data(as_text=True)])
    assert PIN not in said
    entries = hand.all("SELECT subject, content FROM audit_log WHERE warehouse_id = :w AND kind = 'api'")
    kept = "\n".join(entry["subject"] + entry["content"] for entry in entries)
    hashes = [hashlib.sha256(body.encode()).hexdigest() for body in (PIN, f'{{"pin": "{PIN}"}}', f"act=set&pin={PIN}")]
    assert "PUT /api/v1/operators/1001/pin" in kept
    assert [one for one in (PIN, "body_sha256", *hashes) if one in kept] == []


@pytest.mark.parametrize("sent", [{}, {"pin": 1234}, {"pin": "12"}, {"pin": "abcd"}, ["1234"], "1234", None])
def test_what_is_no_pin_is_refused_and_not_counted(client: FlaskClient, hand: FloorHand, sent: object) -> None:
    station = bearer(hand, TokenRole.STATION, "HAND-1")
    answer = client.post("/kiosk/HAND-1/pin", json=sent, headers=station)
    assert (answer.status_code, "4 to 8 digits" in answer.get_data(as_text=True)) == (409, True)


def test_a_stations_token_keys_pins_and_touches_at_its_own_station_only(client: FlaskClient, hand: FloorHand) -> None:
    other = bearer(hand, TokenRole.STATION, "HAND-2")
    for address in ("/kiosk/HAND-1/pin", "/kiosk/HAND-1/awake"):
        assert client.post(address, json={"pin": PIN}).status_code == 401
        assert client.post(address, json={"pin": PIN}, headers=other).status_code == 403
    assert client.post("/kiosk/HAND-2/awake", headers=other).status_code == 204


def test_pins_and_rules_are_for_who_sets_up(client: FlaskClient, hand: FloorHand) -> None:
    program = bearer(hand, TokenRole.API)
    assert client.put("/api/v1/operators/1001/pin", json={"pin": PIN}, headers=program).status_code == 403
    assert client.put("/api/v1/hand-over", json={"auto_lock_min": 5}, headers=program).status_code == 403
    assert client.get("/operators", headers=program).status_code == 403
    admin = bearer(hand, TokenRole.ADMIN)
    rules = client.put("/api/v1/hand-over", json={"auto_lock_min": 5}, headers=admin).get_json()
    assert rules == {"auto_lock_min": 5, "pin_rule": "own"}
    assert client.get("/api/v1/hand-over", headers=program).get_json() == rules
    form = client.post("/operators/rules", data={"auto_lock_min": "x", "pin_rule": "own"}, headers=admin)
    assert (form.status_code, "1,440 minutes" in form.get_data(as_text=True)) == (422, True)
    easy = client.put("/api/v1/operators/1001/pin", json={"pin": "1234"}, headers=admin)
    assert easy.get_json()["code"] == "easy_pin"
    assert client.delete("/api/v1/operators/1001/pin", headers=admin).get_json() == {"badge": "1001", "has_pin": False}


def test_problems_are_listed_taken_up_closed_and_exported(client: FlaskClient, hand: FloorHand) -> None:
    hand.say("HAND-1", "PROBLEM")
    hand.scan("HAND-1", own_code("Y", "STOCK-DIFFERS"))
    (card,) = hand.write(problems.listed)
    number, board = card["problem"], bearer(hand, TokenRole.BOARD, "HAND-1")
    assert client.get("/api/v1/problems", headers=board).get_json()["problems"][0]["kind"] == "stock_differs"
    assert client.get("/api/v1/board", headers=board).get_json()["problems"] == 1
    nobody = client.post(f"/api/v1/problems/{number}/take", json={}, headers=board)
    assert nobody.get_json()["code"] == "unknown_badge"
    program = bearer(hand, TokenRole.API)
    assert client.post(f"/api/v1/problems/{number}/take", json={}, headers=program).get_json()["state"] == "taken"
    closed = client.post(
        f"/api/v1/problems/{number}/close", json={"note": "=cmd()", "badge": "1001"}, headers=board
    ).get_json()  # fmt: skip
    assert (closed["state"], closed["closed_by"]) == ("closed", "Ada")
    sheet = client.get("/problems.csv", headers=board).get_data(as_text=True)
    assert "stock_differs" in sheet
    assert "'=cmd()" in sheet
    assert client.get("/api/v1/problems?state=lost", headers=board).status_code == 422
    station = bearer(hand, TokenRole.STATION, "HAND-1")
    assert client.get("/problems", headers=station).status_code == 403


def test_ones_own_pin_is_changed_at_a_station_and_stands_in_no_log(
    client: FlaskClient, hand: FloorHand, caplog: pytest.LogCaptureFixture
) -> None:
    station, page, new = bearer(hand, TokenRole.STATION, "HAND-1"), "/kiosk/HAND-1/own-pin", "82640517"
    assert "Nobody is signed in here" in client.get(page, headers=station).get_data(as_text=True)
    hand.scan("HAND-1", own_code("B", "1001"))
    assert "You have no PIN yet" in client.get(page, headers=station).get_data(as_text=True)
    hand.write(lambda tx: pins.set_pin(tx, "1001", pins.scrypt_of(PIN)))
    assert page in client.get("/kiosk/HAND-1", headers=station).get_data(as_text=True)
    with caplog.at_level(logging.DEBUG):
        for current, first, again, status, said in (
            (PIN, new, "82640518", 422, "not the same"), (PIN, "1234", "1234", 422, "Too easy"),
            ("73914683", new, new, 409, "Wrong PIN"), (PIN, new, new, 303, ""),
        ):  # fmt: skip
            answer = client.post(page, data={"current": current, "new": first, "again": again}, headers=station)
            assert (answer.status_code, said in answer.get_data(as_text=True)) == (status, True)
    changed = client.get(answer.location, headers=station).get_data(as_text=True)
    assert "Your PIN is changed" in changed
    kept = hand.write(lambda tx: pins.kept_for(tx, 1))
    assert pins.matches(new, kept.pin_scrypt)
    entries = hand.all("SELECT subject, content FROM audit_log WHERE warehouse_id = :w AND kind = 'api'")
    told = "\n".join(entry["subject"] + entry["content"] for entry in entries)
    assert '"pin": "changed"' in told or '"pin":"changed"' in told
    hashes = [hashlib.sha256(one.encode()).hexdigest() for one in (PIN, new)]
    assert [one for one in (PIN, new, *hashes) if one in caplog.text + told + changed] == []
    other = bearer(hand, TokenRole.STATION, "HAND-2")
    assert client.get(page, headers=other).status_code == 403


def test_a_locked_badge_costs_no_scrypt_and_is_told_nothing_more(
    client: FlaskClient, hand: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.write(lambda tx: pins.set_pin(tx, "1001", pins.scrypt_of(PIN)))
    station, made = bearer(hand, TokenRole.STATION, "HAND-1"), []
    hand.scan("HAND-1", own_code("B", "1001"))
    real = pins._made
    monkeypatch.setattr(pins, "_made", lambda *sent: made.append(sent[0]) or real(*sent))
    answers = [client.post("/kiosk/HAND-1/pin", json={"pin": "73914683"}, headers=station) for _ in range(5)]
    assert len(made) == 5
    locked = [client.post("/kiosk/HAND-1/pin", json={"pin": pin}, headers=station) for pin in ("73914683", PIN) * 3]
    assert len(made) == 5, "nothing is worked out for a badge that is locked, right or wrong"
    assert {one.status_code for one in locked} == {answers[4].status_code}
    texts = {one.get_data(as_text=True) for one in locked}
    assert len(texts) == 1, "nor does the answer tell right from wrong"
