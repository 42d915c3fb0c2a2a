"""Scans over HTTP: whose token, one by one or queued; what was revoked a moment ago does nothing any more."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.services.set_up import setting_up
from fulfillment.services.set_up.setting_up import hash_token
from fulfillment.web import scanning
from tests.factories import FloorHand
from tests.services.acts import TOTES, at, release, take_tour, wrong

NOW = "2026-11-22T09:00:00+00:00"


class Device:
    """A handheld with a token, speaking to one server."""

    def __init__(self, floor: Floor, token: str) -> None:
        self.floor = floor
        self.client: FlaskClient = create_app(floor).test_client()
        self.token = token
        self.pulls = 0

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {self.token}"})

    def scan(self, code: str, station: str = "HAND-9", **values: Any) -> Any:
        self.pulls += 1
        body = {"scan_id": f"pull-{self.pulls}", "station": station, "code": code, "occurred_at": NOW, **values}
        return self.post("/api/v1/scans", body)

    def queue(self, *codes: str, first: str = "queued") -> Any:
        rows = [{"scan_id": f"{first}-{place}", "code": code, "occurred_at": NOW} for place, code in enumerate(codes)]
        return self.post("/api/v1/scans/queue", {"station": "HAND-9", "scans": rows})


@pytest.fixture
def device(hand: FloorHand, floor: Floor) -> Device:
    """HAND-9, at the bin of 3 MUG."""
    token = hand.write(lambda tx: setting_up.add_station(tx, "HAND-9", "handheld", "DOCK-1"))["token"]
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand, "HAND-9")
    return Device(floor, token)


PULL = {"scan_id": "pull-9", "station": "HAND-9", "code": "MUG", "occurred_at": NOW}
SCAN_ROUTES = {
    "/api/v1/scans": PULL,
    "/api/v1/scans/queue": {"station": "HAND-9", "scans": [{name: PULL[name] for name in PULL if name != "station"}]},
    "/kiosk/HAND-9/scan": PULL,
}


def elsewhere(hand: FloorHand, sql: str, **values: Any) -> None:
    """Written by another process's writer."""
    other = open_floor(hand.floor.settings)
    other.writer.write(lambda tx: tx.put(sql, **values))
    other.close()


def scans_kept(hand: FloorHand) -> int:
    return hand.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w")["n"]


# --- who may -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SCAN_ROUTES)
def test_a_token_revoked_by_another_process_is_refused_at_the_very_next_scan(
    device: Device, hand: FloorHand, path: str
) -> None:
    assert device.post(path, SCAN_ROUTES[path]).status_code == 200
    revoke = "UPDATE access_token SET revoked_at_ms = 1 WHERE warehouse_id = :w AND token_sha256 = :token"
    elsewhere(hand, revoke, token=hash_token(device.token))
    kept = scans_kept(hand)
    for wrong_pull in ({}, {"occurred_at": "nonsense"}):
        answer = device.post(path, {**SCAN_ROUTES[path], **wrong_pull})
        assert answer.status_code in ((401,) if not wrong_pull else (401, 422))
        assert "MUG" not in answer.text
    assert scans_kept(hand) == kept


@pytest.mark.parametrize("path", SCAN_ROUTES)
def test_a_token_speaks_for_its_own_station_only(device: Device, hand: FloorHand, path: str) -> None:
    assert device.post(path, SCAN_ROUTES[path]).status_code == 200
    path, body = path.replace("HAND-9", "HAND-1"), {**SCAN_ROUTES[path], "station": "HAND-1"}
    for wrong_pull in ({}, {"occurred_at": "nonsense"}, {"station": "HAND-404"}):
        answer = device.post(path.replace("HAND-1", "HAND-404") if "station" in wrong_pull else path,
                             {**body, **wrong_pull})  # fmt: skip
        assert answer.status_code in ((403,) if "occurred_at" not in wrong_pull else (403, 422)), answer.text


@pytest.mark.parametrize("path", SCAN_ROUTES)
@pytest.mark.parametrize("token", ["", "invented"])
def test_who_has_no_token_never_reaches_the_writer(device: Device, path: str, token: str) -> None:
    device.token = token
    device.floor.close()  # a write would fail now
    assert device.post(path, SCAN_ROUTES[path]).status_code == 401


def test_a_scan_route_that_forgets_to_judge_does_not_answer(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.scan("MUG").status_code == 200
    monkeypatch.setattr(scanning, "bearer", lambda: None)
    assert device.scan("MUG").status_code == 500


def test_a_role_changed_by_another_process_counts_from_the_next_scan(device: Device, hand: FloorHand) -> None:
    device.scan(own_code("B", "1002"))
    device.scan(at("A01-01-1"))
    device.scan("MUG", qty_each=3)
    device.scan(TOTES[0])
    device.scan(at("STAGE-1"))
    assert device.scan(own_code("C", "HOME")).json["step"]["fields"]["role"] == "picker"
    elsewhere(hand, "UPDATE operator SET role = 'packer' WHERE warehouse_id = :w AND badge = '1002'")
    refused = device.scan(own_code("C", "PICK")).json
    assert (refused["outcome"], refused["code"]) == ("rejected", "not_allowed")
    elsewhere(hand, "UPDATE operator SET is_active = 0 WHERE warehouse_id = :w AND badge = '1002'")
    assert device.scan(own_code("C", "PACK")).json["code"] == "not_signed_in"


def test_stock_another_process_took_is_gone_at_the_next_scan(device: Device, hand: FloorHand) -> None:
    device.scan(at("A01-01-1"))
    assert device.scan("MUG", qty_each=3).json["outcome"] == "applied"
    elsewhere(hand, "UPDATE sales_order SET is_cancelled = 1 WHERE warehouse_id = :w AND number = 'SO-1'")
    elsewhere(hand, "UPDATE task SET state = 'cancelled' WHERE warehouse_id = :w AND kind = 'pick'")
    assert device.scan(TOTES[0]).json["step"]["state"] == "drop"


# --- the queue ---------------------------------------------------------------------------------------------


def test_a_queue_is_what_its_scans_are_one_by_one(device: Device, hand: FloorHand) -> None:
    answer = device.queue(at("A01-01-1"), "MUG", "NOTHING", "", "MUG", "MUG", TOTES[0], at("STAGE-1")).json
    assert [one["outcome"] for one in answer["outcomes"]] == [
        "applied", "applied", "rejected", "refused", "applied", "applied", "applied", "applied",
    ]  # fmt: skip
    assert answer["outcomes"][2]["code"] == "unknown_code"
    assert answer["outcomes"][3]["code"] == "malformed_code"
    assert answer["step"]["state"] == "cart"
    assert hand.on_hand("STAGE-1") == 3
    assert wrong(hand) == []


def test_a_queue_sent_again_changes_nothing_and_says_the_same(device: Device, hand: FloorHand) -> None:
    codes = (at("A01-01-1"), "MUG", "MUG", "NOTHING")
    first = device.queue(*codes).json
    kept = scans_kept(hand)
    again = device.queue(*codes, "MUG").json
    assert [one["replayed"] for one in again["outcomes"]] == [True, True, True, True, False]
    assert [{**one, "replayed": False} for one in again["outcomes"][:4]] == first["outcomes"]
    assert again["step"]["fields"]["counted_each"] == 3
    assert scans_kept(hand) == kept + 1


def test_one_id_of_a_queue_with_another_body_does_not_hold_up_the_rest(device: Device) -> None:
    device.queue(at("A01-01-1"), "MUG")
    answer = device.queue(at("A01-01-1"), "CUP", "MUG").json
    assert [one["outcome"] for one in answer["outcomes"]] == ["applied", "refused", "applied"]
    assert answer["outcomes"][1]["code"] == "scan_id_reused"


@pytest.mark.parametrize("scans", [[], [{"scan_id": str(n), "code": "X", "occurred_at": NOW} for n in range(101)]])
def test_a_queue_holds_one_to_a_hundred_scans(device: Device, scans: list[Any]) -> None:
    assert device.post("/api/v1/scans/queue", {"station": "HAND-9", "scans": scans}).status_code == 422


def test_a_ping_does_nothing(device: Device) -> None:
    answer = device.client.post("/api/v1/ping", json={})
    assert (answer.status_code, answer.json) == (200, {"ok": True})
