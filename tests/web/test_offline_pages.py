"""What a kiosk gets for a time without the network, and what a supervisor makes of it afterwards."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from kiosk_ui.offline_views import SHELL
from tests.factories import FloorHand
from tests.services import acts
from tests.web.test_kiosk_pages import OURS, Device

BADGE = own_code("B", "1001")


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


@pytest.fixture
def device(app: Flask, hand: FloorHand) -> Device:
    """A kiosk before the first of two stops."""
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A02-01-1")):
        hand.item(sku, name=f"{sku.title()} <b>")
        hand.stock(sku, 5, place)
    hand.order("S1", ("MUG", 2), ("CUP", 1))
    acts.release(hand)
    device = Device(app, hand, "HAND-1")
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        device.scan(code)
    return device


@pytest.fixture
def desk(app: Flask, hand: FloorHand) -> FlaskClient:
    """The supervisor's browser."""
    client = app.test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN)))
    return client


def noted(device: Device, **other: Any) -> dict[str, Any]:
    tour = device.client.get("/kiosk/HAND-1/tour").get_json()
    step = {"operator": tour["operator"], "tour": tour["tour"], "task": tour["stops"][0]["parts"][0][0]}
    return {**step, "state": "location", "counted": 0, **other}


def test_the_walk_comes_with_the_words_to_show_it_by(device: Device, hand: FloorHand) -> None:
    hand.write(lambda tx: tx.run("UPDATE operator SET language = 'de' WHERE warehouse_id = :w"))
    tour = device.client.get("/kiosk/HAND-1/tour").get_json()
    assert [(stop["place"]["code"], stop["left"]) for stop in tour["stops"]] == [("A01-01-1", 2), ("A02-01-1", 1)]
    assert tour["words"]["screen.aisle"] == "Gang"
    assert 'data-digit="9"' in tour["keypad"]


def test_who_is_on_no_walk_gets_none(app: Flask, hand: FloorHand) -> None:
    answer = Device(app, hand, "HAND-2").client.get("/kiosk/HAND-2/tour")
    assert (answer.status_code, answer.data) == (204, b"")


def test_a_walk_is_for_its_own_station_only(device: Device) -> None:
    assert device.client.get("/kiosk/HAND-2/tour").status_code == 403


def test_a_screen_says_where_the_floor_stands(device: Device) -> None:
    assert "data-standing" in device.client.get("/kiosk/HAND-1").text
    device.scan(acts.at("A01-01-1"))
    page = device.scan("MUG")
    standing = re.search(r"data-standing='([^']+)'", page)
    assert standing is not None
    assert '"counted": 1' in standing[1]


def test_a_noted_scan_is_judged_by_its_step(device: Device, hand: FloorHand) -> None:
    right, wrong = noted(device), noted(device, counted=1)
    assert 'data-outcome="rejected"' in device.scan(acts.at("A01-01-1"), noted=wrong)
    assert 'data-outcome="applied"' in device.scan(acts.at("A01-01-1"), noted=right)
    assert hand.all("SELECT code FROM replay_conflict WHERE warehouse_id = :w") == [{"code": acts.at("A01-01-1")}]


@pytest.mark.parametrize("broken", [{"state": "menu"}, {"counted": -1}, {"task": "x"}, {"more": 1}])
def test_a_step_that_is_none_is_refused(device: Device, broken: dict[str, Any]) -> None:
    answer = device.post(acts.at("A01-01-1"), noted=noted(device, **broken))
    assert answer.status_code == 422
    assert 'data-outcome="refused"' in answer.text


def test_the_worker_names_every_file_of_the_page_and_nothing_else(device: Device) -> None:
    worker = device.client.get("/sw.js")
    assert worker.mimetype == "text/javascript"
    assert worker.headers["Cache-Control"] == "no-store"
    page = device.client.get("/kiosk/HAND-1").text
    files = set(re.findall(r'(?:src|href)="(/ui/[^"]+)"', page))
    assert files == set(re.findall(r'"(/ui/[^"]+)"', worker.text.splitlines()[0]))
    assert len(files) == len(SHELL)


def test_switched_off_the_worker_takes_itself_away(hand: FloorHand) -> None:
    floor = replace(hand.floor, settings=replace(hand.floor.settings, service_worker=False))
    app = create_app(floor)
    assert app.test_client().get("/sw.js").text.startswith("const FILES = [];\n")
    assert 'data-worker=""' in Device(app, hand, "HAND-1").client.get("/kiosk/HAND-1").text


def test_files_go_out_packed_to_who_takes_them_so(app: Flask) -> None:
    client = app.test_client()
    plain, packed = (client.get("/ui/scan.js?v=1", headers=head) for head in ({}, {"Accept-Encoding": "br, gzip"}))
    assert (plain.content_encoding, packed.content_encoding) == (None, "gzip")
    assert gzip.decompress(packed.data) == plain.data
    plain.close()
    assert packed.mimetype == plain.mimetype
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    again = client.get("/ui/scan.js?v=1", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304


def test_a_conflict_is_told_in_words_and_decided_on_its_page(device: Device, desk: FlaskClient) -> None:
    device.scan(acts.at("A01-01-1"), noted=noted(device, state="tote", counted=2))
    page = desk.get("/conflicts").text
    assert "Ada on HAND-1: put Mug &lt;b&gt; from A01-01-1 into the tote" in page
    assert "The floor is at another step by now" in page
    number = re.search(r'action="/conflicts/(\d+)"', page)[1]  # type: ignore[index]
    refused = desk.post(f"/conflicts/{number}", data={"decision": "burn"}, headers=OURS)
    assert refused.status_code == 422
    assert "Choose what shall happen" in refused.text
    assert desk.post(f"/conflicts/{number}", data={"decision": "done", "badge": BADGE}, headers=OURS).status_code == 303
    assert "No conflict waits for a decision." in desk.get("/conflicts").text


def test_programs_list_and_decide_conflicts(device: Device, desk: FlaskClient) -> None:
    device.scan(acts.at("A01-01-1"), noted=noted(device, counted=1))
    (conflict,) = desk.get("/api/v1/conflicts").get_json()["conflicts"]
    assert (conflict["rejection"], conflict["location"]) == ("out_of_step", "A01-01-1")
    address = f"/api/v1/conflicts/{conflict['id']}/decide"
    decided = desk.post(address, json={"decision": "void", "note": "seen"}, headers=OURS)
    assert (decided.status_code, decided.get_json()["decision"]) == (200, "void")
    assert desk.post(address, json={"decision": "void"}, headers=OURS).status_code == 409
    assert desk.get("/api/v1/conflicts?decision=burn").status_code == 422
    assert desk.get("/api/v1/conflicts?limit=x").status_code == 422
    assert desk.get("/api/v1/board").get_json()["conflicts"] == 0
    assert device.client.get("/conflicts").status_code == 403


def test_a_page_says_nothing_of_scans_that_wait_before_the_device_has_counted_them(device: Device) -> None:
    (said,) = re.findall(r'<span id="waiting" role="status">(.*?)</span>', device.client.get("/kiosk/HAND-1").text)
    assert said == "", "a page opened anew with scans in its queue would call them sent"
