"""The audit log over HTTP: whatever changes something is told with it, and only an admin reads who did what."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.records import audit_entries, audit_log
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand


def client_of(hand: FloorHand, role: str, station_id: int | None = None) -> FlaskClient:
    token = hand.write(lambda tx: setting_up.add_token(tx, f"{role} token", role, station_id))
    client = create_app(hand.floor).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture
def admin(hand: FloorHand) -> FlaskClient:
    return client_of(hand, TokenRole.ADMIN)


def log(admin: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    answer = admin.get("/api/v1/audit-log", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json["rows"]


def test_a_change_over_http_is_told_with_its_token_and_the_hash_of_what_was_asked(admin: FlaskClient) -> None:
    body = json.dumps({"badge": "2001", "name": "Cy", "role": "picker", "language": "en"})
    assert admin.post("/api/v1/operators", data=body, content_type="application/json").status_code == 201
    (entry,) = log(admin)
    assert (entry["kind"], entry["subject"]) == ("api", "POST /api/v1/operators")
    assert entry["token"] == {"id": entry["token"]["id"], "name": "admin token"}
    assert entry["content"] == {"body_sha256": hashlib.sha256(body.encode()).hexdigest()}


def test_what_was_refused_changed_nothing_and_is_not_told(admin: FlaskClient) -> None:
    assert admin.post("/api/v1/totes", json={"count": 0}).status_code == 422
    assert admin.post("/api/v1/orders/NONE/cancel").status_code == 404
    assert log(admin) == []


def test_reading_is_not_told(admin: FlaskClient) -> None:
    for path in ("/api/v1/stock", "/api/v1/board", "/api/v1/readyz"):
        assert admin.get(path).status_code == 200
    assert log(admin) == []


def test_a_scan_over_http_has_one_entry(hand: FloorHand, admin: FlaskClient) -> None:
    station = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-1'")["id"]
    handheld = client_of(hand, TokenRole.STATION, station)
    body = {"scan_id": "one", "station": "HAND-1", "code": "x", "occurred_at": "2026-11-22T09:00:00+00:00"}
    assert handheld.post("/api/v1/scans", json=body).status_code == 200
    assert [(entry["kind"], entry["subject"], entry["station"]) for entry in log(admin)] == [("scan", "one", "HAND-1")]
    assert hand.floor.read(audit_log.verify_chain) == []
    assert hand.floor.read(audit_entries.verify_scans) == []


@pytest.mark.parametrize("role", [role for role in TokenRole if role != TokenRole.ADMIN])
def test_only_an_admin_reads_who_did_what(hand: FloorHand, role: str) -> None:
    assert client_of(hand, role).get("/api/v1/audit-log").status_code == 403


def test_the_log_comes_in_pages_and_can_be_narrowed(hand: FloorHand, admin: FlaskClient) -> None:
    for number in range(5):
        hand.scan("HAND-1", "nonsense", scan_id=f"scan-{number}")
    hand.sign_in("HAND-2", "PICK", badge="1002")
    admin.post("/api/v1/totes", json={"count": 1})
    page = admin.get("/api/v1/audit-log?kind=scan&limit=3").json
    assert [row["subject"] for row in page["rows"]] == ["scan-0", "scan-1", "scan-2"]
    page = admin.get(f"/api/v1/audit-log?kind=scan&limit=2&after={page['next']}").json
    assert [row["subject"] for row in page["rows"]] == ["scan-3", "scan-4"]
    assert [row["operator"]["name"] for row in log(admin, operator="1002")] == ["Bob", "Bob"]
    assert len(log(admin, subject="POST /")) == 1
    assert log(admin, since="2100-01-01T00:00:00+00:00") == []


@pytest.mark.parametrize("query", ["kind=lies", "limit=0", "limit=x", "after=-1", "since=yesterday"])
def test_a_question_that_makes_no_sense_is_refused(admin: FlaskClient, query: str) -> None:
    assert admin.get(f"/api/v1/audit-log?{query}").status_code == 422


def test_a_scan_changed_behind_the_log_is_named(hand: FloorHand) -> None:
    for number in range(3):
        hand.scan("HAND-1", "nonsense", scan_id=f"scan-{number}")
    hand.write(lambda tx: tx.run("UPDATE scan SET operator_id = 2 WHERE warehouse_id = :w AND scan_id = 'scan-1'"))
    hand.write(lambda tx: tx.run("UPDATE scan SET outcome = '' WHERE warehouse_id = :w AND scan_id = 'scan-2'"))
    assert hand.floor.read(audit_entries.verify_scans) == [
        "entry 2: scan scan-1 is not what was written", "entry 3: scan scan-2 is not what was written",
    ]  # fmt: skip


def test_a_scan_slipped_in_or_removed_is_seen(hand: FloorHand) -> None:
    for number in range(3):
        hand.scan("HAND-1", "nonsense", scan_id=f"scan-{number}")
    hand.write(lambda tx: tx.run("UPDATE scan SET scan_id = 'other' WHERE warehouse_id = :w AND scan_id = 'scan-1'"))
    assert hand.floor.read(audit_entries.verify_scans) == ["entry 2: scan scan-1 is gone"]
    hand.write(lambda tx: tx.run("UPDATE scan SET scan_id = 'scan-1' WHERE warehouse_id = :w AND scan_id = 'other'"))
    hand.write(lambda tx: tx.run(
        "INSERT INTO scan (warehouse_id, id, scan_id, station_id, code, body_sha256, outcome, occurred_at_ms,"
        " recorded_at_ms) SELECT warehouse_id, 99, 'mine', station_id, code, body_sha256, outcome, occurred_at_ms,"
        " recorded_at_ms FROM scan WHERE warehouse_id = :w AND id = 1"))  # fmt: skip
    assert hand.floor.read(audit_entries.verify_scans) == ["1 scans have no entry"]
