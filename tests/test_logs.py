"""What is logged: enough to find a scan again, never a secret or an address, never the same complaint without end."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config

from fulfillment import logs
from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.gunicorn_hooks import OurLog
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import setting_up
from fulfillment.settings import SettingError, Settings
from tests.factories import FloorHand

PLANTED = (
    "fl_8fJ2kQzRt5vW9xYb3cDe", "hunter2pass", "4711-PIN", "Zmarker Lane 1", "Zora Buyer", "+44 555 1234", "s3cr3t-key",
)  # fmt: skip


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything logged, as JSON lines."""
    yield from _captured("json")


@pytest.fixture
def text() -> Iterator[io.StringIO]:
    """Everything logged, as text."""
    yield from _captured("text")


def _captured(kind: str) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure(kind, "web")
    said = io.StringIO()
    root.handlers[0].setStream(said)  # type: ignore[attr-defined]
    yield said
    root.handlers[:], level = before
    root.setLevel(level)


def told(said: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


def plant() -> None:
    """Log every secret in every way one gets into a log."""
    log = logging.getLogger("planted")
    token, password, pin, street, name, phone, key = PLANTED
    log.warning("Authorization: Bearer %s", token)
    log.warning("GET /enter?token=%s&x=1", token)
    log.warning("password=%s; pin: '%s'", password, pin)
    log.warning("%s", {"address1": street, "name": name, "phone": phone, "api_key": key})
    log.warning("%s", json.dumps({"ship_to": {"name": name, "address1": street, "phone": phone}, "token": token}))
    log.warning("could not connect to postgresql+psycopg://floor:%s@db/floor", password)
    try:
        raise ValueError(f"bad row\nDETAIL:  Failing row contains (1, {name}, {street}).\n[parameters: ({phone!r},)]")
    except ValueError:
        log.exception("a write failed for %s", token)


@pytest.mark.parametrize("kind", ["json", "text"])
def test_no_secret_and_no_address_reaches_a_log(kind: str, request: pytest.FixtureRequest) -> None:
    said = request.getfixturevalue("lines" if kind == "json" else "text")
    plant()
    assert said.getvalue().count("***") >= 10
    assert [secret for secret in PLANTED if secret in said.getvalue()] == []


def test_a_scan_over_http_is_one_line_that_says_what_came_of_it(hand: FloorHand, lines: io.StringIO) -> None:
    station = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-1'")["id"]
    token = hand.write(lambda tx: setting_up.add_token(tx, "handheld", TokenRole.STATION, station))
    client = create_app(hand.floor).test_client()
    body = {"scan_id": "one", "station": "HAND-1", "code": "x", "occurred_at": "2026-11-22T09:00:00+00:00"}
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "mine-1"}
    answer = client.post("/api/v1/scans", json=body, headers=headers)
    assert answer.headers["X-Request-ID"] == "mine-1"
    (line,) = told(lines)
    assert line["time"].endswith("Z")
    assert line["duration_ms"] >= 0
    expected = {
        "level": "info", "process": "web", "request_id": "mine-1", "scan_id": "one", "outcome": "rejected",
        "code": "unknown_code", "status": 200, "station": "HAND-1",
    }  # fmt: skip
    assert {name: line[name] for name in expected} == expected
    assert token not in lines.getvalue()


def test_nobody_who_is_logged_writes_lines_of_his_own(text: io.StringIO) -> None:
    forged = "x\r\n2026-11-22T09:00:00Z web[1] ERROR floor: forged\u2028\x1b[2J"
    logging.getLogger("planted").warning("GET %s", forged, extra={"fields": {"scan_id": forged}})
    said = text.getvalue()
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said


@pytest.mark.parametrize("sent", ["", "two words", "x" * 65, "<script>"])
def test_a_request_gets_an_id_of_ours_when_it_brings_none_that_makes_sense(hand: FloorHand, sent: str) -> None:
    answer = create_app(hand.floor).test_client().get("/api/v1/livez", headers={"X-Request-ID": sent})
    assert len(answer.headers["X-Request-ID"]) == 16


def test_a_bug_is_logged_with_the_scan_it_broke(
    hand: FloorHand, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a bug near address1='Zmarker Lane 1', token=hunter2pass")

    monkeypatch.setattr(scans, "handle_scan", broken)
    station = hand.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-1'")["id"]
    token = hand.write(lambda tx: setting_up.add_token(tx, "handheld", TokenRole.STATION, station))
    client = create_app(hand.floor).test_client()
    body = {"scan_id": "doomed", "station": "HAND-1", "code": "x", "occurred_at": "2026-11-22T09:00:00+00:00"}
    assert client.post("/api/v1/scans", json=body, headers={"Authorization": f"Bearer {token}"}).status_code == 500
    error, line = told(lines)
    assert (error["level"], error["scan_id"]) == ("error", "doomed")
    assert "RuntimeError" in error["error"]
    assert "hunter2pass" not in lines.getvalue()
    assert (line["status"], line["scan_id"]) == (500, "doomed")


def test_reading_is_not_logged(hand: FloorHand, lines: io.StringIO) -> None:
    client = create_app(hand.floor).test_client()
    for _ in range(3):
        client.get("/api/v1/livez")
    assert lines.getvalue() == ""


def test_a_complaint_is_not_repeated_without_end(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(500):
        logging.getLogger("printer").warning("printer %s does not answer", number)
    assert len(told(lines)) == logs.REPEATS_MAX
    logging.getLogger("printer").warning("something else")
    assert told(lines)[-1]["message"] == "something else"
    monkeypatch.setattr(logs, "REPEATS_S", -1.0)
    logging.getLogger("printer").warning("printer %s does not answer", 1)
    assert told(lines)[-1]["message"] == "printer 1 does not answer (and 480 more like it before)"


def test_a_line_cannot_be_made_to_look_like_two(text: io.StringIO) -> None:
    logging.getLogger("x").warning("asked for %s", "/a\n2026-11-22 web[1] ERROR forged: line")
    assert len(text.getvalue().splitlines()) == 1


def test_another_way_of_logging_is_refused() -> None:
    with pytest.raises(SettingError, match="FLOOR_LOG"):
        Settings.from_env({"FLOOR_LOG": "xml"})


def test_what_the_web_servers_master_says_is_a_line_like_all_others(
    lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    OurLog(Config()).error("Worker (pid:%s) was sent SIGKILL!", 7)
    (line,) = told(lines)
    assert (line["logger"], line["level"], line["message"]) == (
        "gunicorn.error", "error", "Worker (pid:7) was sent SIGKILL!",
    )  # fmt: skip
    assert capsys.readouterr().err == ""
