"""The devices' desk: what is shown to whom, and what its forms do and refuse."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.equipment import bench_agents, device_commands, devices
from fulfillment.services.equipment.bench_agents import Hello
from fulfillment.services.printing import agent_prints, stand_ins
from fulfillment.services.records import audit_entries
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from kiosk_ui.device_views import TRIAL_S
from kiosk_ui.words import WORDS
from tests.factories import FloorHand

GUN = "serial:///dev/ttyACM0?baud=9600&framing=8N1&proto=ssi"
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def bench(hand: FloorHand) -> int:
    """An agent that runs, with a scanner whose scans came with a gap."""
    agent = hand.write(lambda tx: bench_agents.add(tx, "B1", "BENCH-1"))
    agent_id = hand.one("SELECT id FROM bench_agent WHERE warehouse_id = :w")["id"]
    hand.write(lambda tx: bench_agents.hello(tx, agent_id, Hello("B1", "j1", "1.0", "0.1.0", "bench-one")))
    hand.write(lambda tx: devices.add(tx, "GUN-1", "scanner", GUN, "B1", "BENCH-1"))
    hand.write(lambda tx: tx.put("UPDATE device SET gaps = 2, reconnects = 3 WHERE warehouse_id = :w"))
    assert agent["token"]
    return int(agent_id)


def entered(hand: FloorHand, role: str) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, role, role)))
    return client


@pytest.fixture
def admin(hand: FloorHand) -> FlaskClient:
    return entered(hand, TokenRole.ADMIN)


def send(client: FlaskClient, way: str, **form: str) -> TestResponse:
    return client.post(f"/devices{way}", data=form, headers=OURS)


def followed(client: FlaskClient, answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def test_everything_stands_there_with_its_agent_state_and_counts(admin: FlaskClient, bench: int) -> None:
    html = admin.get("/devices").text
    for words in (
        "GUN-1", "LABEL-1", "Zebra scanner on SSI, acknowledged", "version 0.1.0 on bench-one", "2 scans never came",
        "came back 3 times", "scans of BENCH-1", WORDS["devices"]["of_server"], WORDS["device_state"]["connecting"],
    ):  # fmt: skip
        assert words in html, words


def test_what_has_not_changed_is_not_sent_again(admin: FlaskClient, bench: int) -> None:
    tag = admin.get("/devices").headers["ETag"]
    assert admin.get("/devices", headers={"If-None-Match": tag}).status_code == 304
    admin.application.extensions["floor"].writer.write(lambda tx: devices.set_enabled(tx, "LABEL-1", False))
    assert admin.get("/devices", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.engine("sqlite")
def test_who_may_only_look_is_offered_nothing_else(hand: FloorHand, bench: int) -> None:
    board, office = entered(hand, TokenRole.BOARD), entered(hand, TokenRole.API)
    assert 'action="/devices' not in board.get("/devices").text
    assert 'action="/devices/tend"' in office.get("/devices").text
    assert 'action="/devices"' not in office.get("/devices").text
    trial = hand.write(lambda tx: device_commands.ask_test(tx, "GUN-1"))
    assert WORDS["devices"]["asked"] not in board.get(f"/devices?trial={trial}").text
    assert WORDS["devices"]["asked"] in office.get(f"/devices?trial={trial}").text


def test_a_scanner_is_given_time_to_be_walked_to_and_says_what_it_read(
    hand: FloorHand, admin: FlaskClient, bench: int
) -> None:
    answer = send(admin, "/tend", act="test", code="GUN-1")
    assert WORDS["devices"]["asked"] in admin.get(answer.location).text
    [command] = [one for one in hand.write(lambda tx: bench_agents.take_commands(tx, bench, "j1", 0))
                 if one["kind"] == "test"]  # fmt: skip
    assert f"Scan something now… {TRIAL_S['scanner']} s" in admin.get(answer.location).text
    hand.write(lambda tx: agent_prints.close(tx, bench, command["id"], "ready read '<b>'"))
    html = admin.get(answer.location).text
    assert "read &#39;&lt;b&gt;&#39;" in html
    assert "data-under-way" not in html


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("tcp://10.0.0.5:99999", "port"), ("ftp://x", "scheme"), ("serial:///dev/x?baud=77", "baud"),
        ("tcp://a b", "address"),
    ],
)
@pytest.mark.engine("sqlite")
def test_a_refused_address_says_which_part_and_stays_in_the_form(
    admin: FlaskClient, bench: int, address: str, part: str
) -> None:
    answer = send(admin, "", act="change", code="LABEL-1", address=address)
    assert answer.status_code == 422
    assert f"The address is refused: {WORDS['address_part'][part]} is wrong" in answer.text
    assert f'value="{address}"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_printer_is_changed_in_all_it_has(hand: FloorHand, admin: FlaskClient, bench: int) -> None:
    hand.write(lambda tx: setting_up.add_printer(tx, "LABEL-2", "tcp://127.0.0.1:9", "zpl"))
    values = {"address": "tcp://10.0.0.5:9100", "agent": "B1", "language": "zpl", "dpi": "300", "stand_in": "LABEL-2"}
    assert WORDS["devices"]["saved"] in followed(admin, send(admin, "", act="change", code="LABEL-1", **values))
    [shown] = [one for one in hand.floor.read(devices.listed) if one["code"] == "LABEL-1"]
    assert {name: str(shown[name]) for name in values} == values
    send(admin, "", act="change", code="LABEL-1", agent="-", stand_in="-")
    [shown] = [one for one in hand.floor.read(devices.listed) if one["code"] == "LABEL-1"]
    assert (shown["agent"], shown["stand_in"]) == (None, None)


@pytest.mark.engine("sqlite")
def test_a_refused_stand_in_leaves_the_address_as_it_was(hand: FloorHand, admin: FlaskClient) -> None:
    answer = send(admin, "", act="change", code="LABEL-1", address="tcp://10.0.0.5:9100", stand_in="SLIP-1")
    assert (answer.status_code, WORDS["device_problem"]["bad_printer"] in answer.text) == (422, True)
    assert hand.floor.read(lambda tx: devices.get(tx, "LABEL-1"))["address"] == "tcp://127.0.0.1:9"
    assert hand.floor.read(stand_ins.stuck) == []


def test_a_scanner_is_added_switched_off_and_taken_off_the_list(
    hand: FloorHand, admin: FlaskClient, bench: int
) -> None:
    form = {"code": "GUN-2", "kind": "scanner", "address": GUN, "agent": "B1", "station": "HAND-1", "signals": "ssi"}
    assert WORDS["devices"]["added"] in followed(admin, send(admin, "", act="add", **form))
    assert send(admin, "", act="add", **form).status_code == 409
    answer = send(admin, "", act="remove", code="GUN-2")
    assert (answer.status_code, WORDS["device_problem"]["device_enabled"] in answer.text) == (409, True)
    followed(admin, send(admin, "/tend", act="disable", code="GUN-2"))
    assert "GUN-2 is off the list" in followed(admin, send(admin, "", act="remove", code="GUN-2"))
    assert [one["code"] for one in hand.floor.read(devices.listed)] == ["GUN-1", "LABEL-1", "SLIP-1"]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("way", "form", "status"),
    [
        ("", {"act": "soup", "code": "GUN-1"}, 422),
        ("", {"act": "change", "code": "NOWHERE"}, 404),
        ("", {"act": "change", "code": "LABEL-1", "dpi": "42"}, 422),
        ("", {"act": "change", "code": "LABEL-1", "address": "tcp://" + "a" * 300}, 422),
        ("", {"act": "add", "code": "X", "kind": "toaster", "address": GUN}, 422),
        ("", {"act": "add", "code": "P9", "kind": "printer", "address": "tcp://10.0.0.5"}, 422),
        ("/tend", {"act": "soup", "code": "GUN-1"}, 422),
        ("/tend", {"act": "test", "code": "NOWHERE"}, 404),
        ("/discover", {"agent": "NOBODY"}, 404),
        ("/agents", {"act": "token", "code": "NOBODY"}, 404),
        ("/agents", {"act": "add", "code": "B1"}, 409),
        ("/agents", {"act": "add", "code": ""}, 422),
    ],
)
def test_what_cannot_be_is_refused_on_the_page(
    admin: FlaskClient, bench: int, way: str, form: dict[str, str], status: int
) -> None:
    answer = send(admin, way, **form)
    assert answer.status_code == status
    assert 'role="alert" id="refused"' in answer.text


def test_an_agent_is_added_and_its_token_shown_once(hand: FloorHand, admin: FlaskClient) -> None:
    answer = send(admin, "/agents", act="add", code="B2", station="HAND-1")
    assert answer.status_code == 201
    token = answer.text.split('tabindex="0">')[1].split("<")[0]
    assert hand.one("SELECT role FROM access_token WHERE warehouse_id = :w AND token_sha256 = :t",
                    t=setting_up.hash_token(token))["role"] == TokenRole.AGENT  # fmt: skip
    assert token not in admin.get("/devices").text
    renewed = send(admin, "/agents", act="token", code="B2").text.split('tabindex="0">')[1].split("<")[0]
    assert renewed != token
    said = [row["subject"] for row in hand.floor.read(lambda tx: audit_entries.newest(tx, audit_entries.Sought(), 50))]
    assert said == ["POST /devices/agents"] * 2


@pytest.mark.engine("sqlite")
def test_a_form_of_another_page_does_nothing(admin: FlaskClient, bench: int) -> None:
    for way in ("", "/tend", "/discover", "/agents"):
        answer = admin.post(f"/devices{way}", data={"act": "disable", "code": "GUN-1"},
                            headers={"Sec-Fetch-Site": "cross-site"})  # fmt: skip
        assert (answer.status_code, answer.get_json()["code"]) == (403, "cross_origin")
