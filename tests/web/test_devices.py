"""/api/v1/devices and /agents: who may, what is asked of whom, what is answered at once and what later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.equipment import bench_agents
from fulfillment.services.records import audit_entries
from fulfillment.services.set_up import setting_up
from fulfillment.services.shipping import label_buying
from fulfillment.web import waiting
from simulators.zpl_printer import ZplPrinter
from tests.factories import FloorHand

GUN = {"code": "GUN-1", "kind": "scanner", "address": "tcp://10.0.0.7:9004", "agent": "B1", "station": "HAND-1"}


class Caller:
    """Somebody with a token."""

    def __init__(self, hand: FloorHand, role: str = TokenRole.ADMIN, token: str = "") -> None:
        self.app: Flask = create_app(hand.floor)
        self._client: FlaskClient = self.app.test_client()
        token = token or hand.write(lambda tx: setting_up.add_token(tx, role, role))
        self._headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {**self._headers, **headers}
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=sent)


@pytest.fixture
def admin(hand: FloorHand) -> Caller:
    return Caller(hand)


@pytest.fixture
def server_worker(hand: FloorHand) -> Iterator[None]:
    stop = threading.Event()
    worker = threading.Thread(target=label_buying.outbox_worker, args=(hand.floor, stop))
    worker.start()
    yield
    stop.set()
    worker.join()


def with_agent(hand: FloorHand, admin: Caller) -> Caller:
    """The agent B1, added over the API, which said hello; a caller with its token."""
    answer = admin("POST", "/agents", {"code": "B1", "station": "BENCH-1"})
    assert (answer.status_code, answer.get_json()["station"]) == (201, "BENCH-1")
    agent = Caller(hand, token=answer.get_json()["token"])
    hello = {"agent": "B1", "journal": "j", "protocol": "1.0", "version": "0"}
    assert agent("POST", "/agent/hello", hello).status_code == 200
    return agent


def test_a_device_is_added_changed_switched_off_and_taken_off(hand: FloorHand, admin: Caller) -> None:
    with_agent(hand, admin)
    assert admin("POST", "/devices", GUN).status_code == 201
    assert admin("POST", "/devices", GUN).status_code == 409
    changed = admin("PATCH", "/devices/GUN-1", {"station": "BENCH-1", "signals": "ssi", "agent": "-"}).get_json()
    assert (changed["station"], changed["signals"], changed["agent"]) == ("BENCH-1", "ssi", None)
    assert admin("DELETE", "/devices/GUN-1").get_json()["code"] == "device_enabled"
    assert admin("POST", "/devices/GUN-1/disable").get_json()["state"] == "disabled"
    assert admin("POST", "/devices/GUN-1/enable").get_json()["state"] == "connecting"
    admin("POST", "/devices/GUN-1/disable")
    assert admin("DELETE", "/devices/GUN-1").status_code == 200
    assert [one["code"] for one in admin("GET", "/devices").get_json()["devices"]] == ["LABEL-1", "SLIP-1"]
    said = [row["subject"] for row in hand.floor.read(lambda tx: audit_entries.newest(tx, audit_entries.Sought(), 50))]
    assert "DELETE /api/v1/devices/GUN-1" in said
    assert "PATCH /api/v1/devices/GUN-1" in said


def test_a_printers_stand_in_and_line_stand_in_the_list(hand: FloorHand, admin: Caller) -> None:
    admin("POST", "/devices", {"code": "A/B", "kind": "printer", "address": "tcp://10.0.0.5", "language": "zpl"})
    assert admin("PATCH", "/devices/LABEL-1", {"stand_in": "A/B"}).get_json()["stand_in"] == "A/B"
    assert admin("PATCH", "/devices/A/B", {"stand_in": "SLIP-1"}).get_json()["code"] == "bad_printer"
    assert admin("PATCH", "/devices/A/B", {"dpi": 300}).get_json()["dpi"] == 300
    assert admin("PATCH", "/devices/LABEL-1", {"stand_in": "-"}).get_json()["stand_in"] is None


@pytest.mark.engine("sqlite")
def test_a_refused_address_names_its_part(admin: Caller) -> None:
    answer = admin("PATCH", "/devices/LABEL-1", {"address": "tcp://10.0.0.5:0"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad_address")
    assert answer.get_json()["detail"].startswith("port: ")


def test_the_list_is_not_sent_again_while_nothing_has_changed(admin: Caller) -> None:
    first = admin("GET", "/devices")
    assert admin("GET", "/devices", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    admin("POST", "/devices/LABEL-1/disable")
    assert admin("GET", "/devices", **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_trial_is_waited_for_and_answers_with_what_the_device_said(
    admin: Caller, server_worker: None, tmp_path: Path
) -> None:
    with ZplPrinter(tmp_path / "tape") as machine:
        admin("PATCH", "/devices/LABEL-1", {"address": machine.address})
        answer = admin("POST", "/devices/LABEL-1/test?wait_s=20")
        told = answer.get_json()
        assert (answer.status_code, told["is_done"], told["state"]) == (200, True, "ready")
        assert told["said"].startswith("odometer 0")
        assert admin("GET", f"/devices/commands/{told['command']}").get_json() == told


def test_an_agents_trial_and_look_are_asked_for_later_and_told_by_the_agent(hand: FloorHand, admin: Caller) -> None:
    agent = with_agent(hand, admin)
    admin("POST", "/devices", GUN)
    answer = admin("POST", "/devices/GUN-1/test?seconds=9&wait_s=0")
    trial = answer.get_json()
    assert (answer.status_code, trial["is_done"], trial["seconds"]) == (202, False, 9)
    look = admin("POST", "/devices/discover?wait_s=0", {"agent": "B1", "subnet": "10.0.0.0/30"}).get_json()
    asked = {one["id"]: one for one in agent("GET", "/agent/commands?journal=j").get_json()["commands"]}
    assert (asked[trial["command"]]["seconds"], asked[look["command"]]["subnet"]) == (9, "10.0.0.0/30")
    one = {"address": "usb://04b8:0202", "kind": "printer", "words": "Epson TM-T88"}
    for body in (
        {"command": trial["command"], "detail": "ready read 'MUG'"},
        {"command": look["command"], "detail": "found", "found": [one], "missed": ["CUPS queues: none"]},
    ):
        assert agent("POST", "/agent/results", {"journal": "j", "outcome": "done", **body}).status_code == 200
    assert admin("GET", f"/devices/commands/{trial['command']}").get_json()["said"] == "read 'MUG'"
    found = admin("GET", "/devices/discovered?agent=B1").get_json()["discovered"]
    assert (found["command"], found["found"], found["missed"]) == (look["command"], [one], ["CUPS queues: none"])
    assert admin("GET", "/devices/discovered").get_json()["discovered"] is None
    assert "usb://04b8:0202" not in [device["address"] for device in admin("GET", "/devices").get_json()["devices"]]


def test_an_agent_that_does_not_know_a_command_yet_says_so(hand: FloorHand, admin: Caller) -> None:
    agent = with_agent(hand, admin)
    look = admin("POST", "/devices/discover?wait_s=0", {"agent": "B1", "subnet": ""}).get_json()["command"]
    body = {"journal": "j", "command": look, "outcome": "done", "detail": "agent B1 does not know 'discover'"}
    agent("POST", "/agent/results", body)
    told = admin("GET", f"/devices/commands/{look}").get_json()
    assert (told["is_done"], told["state"], told["found"]) == (True, "", [])
    assert told["said"] == "agent B1 does not know 'discover'"


@pytest.mark.engine("sqlite")
def test_whoever_finds_no_place_to_wait_is_answered_at_once(hand: FloorHand, admin: Caller) -> None:
    with admin.app.app_context():
        places = waiting.places()
        while places.acquire(blocking=False):
            pass
    answer = admin("POST", "/devices/LABEL-1/test?wait_s=25")
    assert (answer.status_code, answer.get_json()["is_done"]) == (202, False)


@pytest.mark.engine("sqlite")
def test_a_new_token_ends_the_old_one(hand: FloorHand, admin: Caller) -> None:
    agent = with_agent(hand, admin)
    token = admin("POST", "/agents/B1/token").get_json()["token"]
    assert agent("GET", "/agent/commands?journal=j").status_code == 401
    assert Caller(hand, token=token)("GET", "/agent/commands?journal=j").status_code == 200


@pytest.mark.engine("sqlite")
def test_a_program_may_try_and_switch_but_set_nothing_up(hand: FloorHand) -> None:
    office = Caller(hand, TokenRole.API)
    assert office("POST", "/devices/LABEL-1/disable").status_code == 200
    assert office("POST", "/devices/LABEL-1/test?wait_s=0").status_code == 202
    for method, path, body in (
        ("PATCH", "/devices/LABEL-1", {"address": "tcp://10.0.0.1:22"}), ("POST", "/agents", {"code": "B9"}),
        ("POST", "/devices/discover", {}), ("DELETE", "/devices/LABEL-1", None), ("POST", "/devices", GUN),
    ):  # fmt: skip
        assert office(method, path, body).status_code == 403, path


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/devices/NOWHERE/test", None, "unknown_device"),
        ("POST", "/devices/LABEL-1/test?seconds=99", None, "bad_seconds"),
        ("POST", "/devices/LABEL-1/test?wait_s=26", None, "bad_wait"),
        ("POST", "/devices/LABEL-1/test?seconds=x", None, "bad_seconds"),
        ("POST", "/devices/discover", {"agent": "NOBODY"}, "unknown_agent"),
        ("GET", "/devices/commands/99", None, "unknown_command"),
        ("GET", "/devices/discovered?agent=NOBODY", None, "unknown_agent"),
        ("PATCH", "/devices/LABEL-1", {"station": "HAND-1"}, "bad_field"),
        ("PATCH", "/devices/NOWHERE", {"agent": "-"}, "unknown_device"),
        ("POST", "/agents/NOBODY/token", None, "unknown_agent"),
        ("POST", "/devices", {**GUN, "kind": "toaster"}, "invalid_body"),
    ],
)
def test_what_cannot_be_is_refused(admin: Caller, method: str, path: str, body: Any, code: str) -> None:
    assert admin(method, path, body).get_json()["code"] == code


@pytest.mark.engine("sqlite")
def test_every_driver_is_told_with_examples(admin: Caller) -> None:
    drivers = admin("GET", "/devices/drivers").get_json()["drivers"]
    assert {one["kind"] for one in drivers} == {"scanner", "scale", "printer"}
    assert all(one["examples"] and one["words"] for one in drivers)


def test_a_station_is_added_weighing_and_changed(admin: Caller) -> None:
    added = admin("POST", "/stations", {"code": "BENCH-2", "kind": "bench", "location": "BENCH-1", "weighs": True})
    assert (added.status_code, added.get_json()["weighs"]) == (201, True)
    assert admin("GET", "/weigh-rules").get_json()["stations"] == ["BENCH-2"]
    changed = admin("PATCH", "/stations/BENCH-2", {"weighs": False, "slip_printer": "SLIP-1"}).get_json()
    assert (changed["weighs"], changed["slip_printer"]) == (False, "SLIP-1")
    assert admin("PATCH", "/stations/HAND-1", {"weighs": True}).get_json()["code"] == "bad_kind"


@pytest.mark.engine("sqlite")
def test_the_board_says_which_devices_somebody_has_to_look_at(hand: FloorHand, admin: Caller) -> None:
    with_agent(hand, admin)
    admin("POST", "/devices", GUN)
    agent_id = hand.one("SELECT id FROM bench_agent WHERE warehouse_id = :w")["id"]
    seen = [bench_agents.DeviceSeen("GUN-1", "faulted", "no_permission")]
    bench_agents.take_events(hand.floor, agent_id, "j", [], seen)
    assert admin("GET", "/board").get_json()["devices"] == [
        {"code": "GUN-1", "kind": "scanner", "state": "faulted", "reason": "no_permission"}
    ]
