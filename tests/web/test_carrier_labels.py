"""Bought labels over HTTP: who may see and decide, and what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.services.set_up import setting_up
from simulators.carrier import CarrierSimulator
from tests.factories import FloorHand
from tests.services.carriers import TOKEN, close_parcel, label, sell_labels, work


@pytest.fixture
def client(hand: FloorHand) -> FlaskClient:
    return create_app(hand.floor).test_client()


def headers(hand: FloorHand, role: str = "api") -> dict[str, str]:
    return {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, role, role))}"}


def test_an_uncertain_label_is_listed_and_decided(hand: FloorHand, client: FlaskClient) -> None:
    api = headers(hand)
    with CarrierSimulator(TOKEN, can_look_up=False) as carrier:
        sell_labels(hand, carrier.url, can_look_up=False)
        number = close_parcel(hand)
        carrier.fail("cut_after")
        work(hand)
        (shown,) = client.get("/api/v1/carrier-labels?trouble=1", headers=api).json["labels"]
        assert (shown["state"], shown["parcel"], shown["carrier"]) == ("uncertain", number, "DOM")
        path = f"/api/v1/carrier-labels/{shown['reference']}/decision"
        refused = client.post(path, json={"decision": "found", "badge": "1002"}, headers=api)
        assert (refused.status_code, refused.json["code"]) == (422, "not_allowed")
        body = {"decision": "found", "badge": "1001", "tracking_number": "SIM000000001GB"}
        assert client.post(path, json=body, headers=api).json["state"] == "bought"
        again = client.post(path, json=body, headers=api)
        assert (again.status_code, again.json["code"]) == (409, "label_decided")
    assert client.get("/api/v1/carrier-labels?trouble=1", headers=api).json == {"labels": []}
    assert client.get("/api/v1/carrier-labels?orphans=1", headers=api).json == {"labels": []}
    assert len(client.get(f"/api/v1/carrier-labels?parcel={number}", headers=api).json["labels"]) == 1


@pytest.mark.parametrize("name", ["trouble", "orphans"])
def test_a_flag_that_is_neither_yes_nor_no_is_refused(hand: FloorHand, client: FlaskClient, name: str) -> None:
    answer = client.get(f"/api/v1/carrier-labels?{name}=yes", headers=headers(hand))
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (422, "bad_flag", name)


def test_a_carrier_service_is_what_was_put(hand: FloorHand, client: FlaskClient) -> None:
    admin = headers(hand, "admin")
    body = {"url": "https://labels.example/v1", "token_file": "DOM", "can_look_up": True, "keeps_keys": False}
    put = client.put("/api/v1/carriers/DOM/service", json=body, headers=admin)
    assert put.json == {"carrier": "DOM", **body}
    assert client.get("/api/v1/carriers/DOM/service", headers=admin).json == put.json
    assert client.put("/api/v1/carriers/DOM/service", json={"url": ""}, headers=admin).json["url"] == ""


@pytest.mark.parametrize(
    ("body", "code"),
    [({"url": "ftp://x/"}, "bad_url"), ({"url": "http://"}, "bad_url"), ({"url": "http://a:b@host/"}, "bad_url"),
     ({"url": "http://host/", "token_file": "../admin-token"}, "bad_token_file"),
     ({"url": "http://host/", "token_file": "/etc/passwd"}, "bad_token_file"),
     ({"url": "http://host/", "token_file": ".hidden"}, "bad_token_file")],
)  # fmt: skip
def test_a_service_that_cannot_be_is_refused(
    hand: FloorHand, client: FlaskClient, body: dict[str, Any], code: str
) -> None:
    answer = client.put("/api/v1/carriers/DOM/service", json=body, headers=headers(hand, "admin"))
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_only_an_admin_sets_a_service_and_only_programs_decide(hand: FloorHand, client: FlaskClient) -> None:
    body = {"url": "http://host/"}
    assert client.put("/api/v1/carriers/DOM/service", json=body, headers=headers(hand)).status_code == 403
    decision = {"decision": "give_up", "badge": "1001"}
    answer = client.post("/api/v1/carrier-labels/X/decision", json=decision, headers=headers(hand, "board"))
    assert answer.status_code == 403
    unknown = client.post("/api/v1/carrier-labels/X/decision", json=decision, headers=headers(hand))
    assert (unknown.status_code, unknown.json["code"]) == (404, "unknown_label")
    assert client.put("/api/v1/carriers/NO/service", json=body, headers=headers(hand, "admin")).status_code == 404


def test_a_carrier_without_a_service_is_as_before(hand: FloorHand) -> None:
    close_parcel(hand)
    with pytest.raises(IndexError):
        label(hand)
