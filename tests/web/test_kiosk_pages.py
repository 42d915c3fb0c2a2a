"""Kiosk and bench as pages: the answer to a scan is the next screen, and nothing scanned becomes markup."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand
from tests.services import acts

BADGE = own_code("B", "1001")
AT = "2026-10-19T09:30:00.000+00:00"
OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


class Device:
    """A kiosk's browser without its script."""

    def __init__(self, app: Flask, hand: FloorHand, station: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.station = station
        self._count = 0

        def token(tx: Any) -> str:
            row = tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=station)
            return setting_up.add_token(tx, "device", "station", row["id"])

        entered = self.client.get("/enter", query_string={"token": hand.write(token)})
        assert entered.status_code == 302

    def post(self, code: str, scan_id: str | None = None, **more: Any) -> TestResponse:
        self._count += 1
        body = {"scan_id": scan_id or f"p{self._count}", "code": code, "occurred_at": AT, **more}
        return self.client.post(f"/kiosk/{self.station}/scan", json=body, headers=OURS)

    def scan(self, code: str, **more: Any) -> str:
        answer = self.post(code, **more)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def device(app: Flask, hand: FloorHand) -> Device:
    return Device(app, hand, "HAND-1")


def seen(html: str) -> str:
    """The words of a page, tags away."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def state_of(html: str) -> tuple[str, str]:
    return re.search(r'data-flow="(\w+)"', html)[1], re.search(r'data-state="(\w+)"', html)[1]


def test_a_page_needs_the_device_to_be_enrolled(app: Flask) -> None:
    assert app.test_client().get("/kiosk/HAND-1").status_code == 401


def test_a_device_speaks_for_its_own_station_only(device: Device) -> None:
    assert device.client.get("/kiosk/HAND-1").status_code == 200
    for address in ("/kiosk/HAND-2", "/bench/HAND-2", "/kiosk/HAND-2/screen", "/kiosk/NONE"):
        assert device.client.get(address).status_code == 403
    device.station = "HAND-2"
    assert device.post(BADGE).status_code == 403


def test_a_scan_from_a_foreign_page_is_refused(device: Device) -> None:
    body = {"scan_id": "x", "code": BADGE, "occurred_at": AT}
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert device.client.post("/kiosk/HAND-1/scan", json=body, headers=foreign).status_code == 403


def test_the_answer_to_a_scan_is_the_next_screen(device: Device) -> None:
    answer = device.scan(BADGE, scan_id="first")
    assert 'data-scan-id="first"' in answer
    assert 'data-outcome="applied"' in answer
    assert state_of(answer) == ("home", "menu")
    assert "Ada" in seen(answer)
    assert f'data-code="{own_code("C", "PICK")}"' in answer
    assert "<html" not in answer


def test_the_page_shows_where_the_station_stopped(device: Device) -> None:
    device.scan(BADGE)
    device.scan(own_code("C", "PICK"))
    page = device.client.get("/kiosk/HAND-1").text
    assert page.startswith("<!doctype html>")
    assert state_of(page) == ("pick", "cart")


def test_a_mistake_is_said_with_what_was_expected_and_what_came(device: Device, hand: FloorHand) -> None:
    hand.item("PEN", name="Fine pen")
    hand.stock("PEN", 5)
    hand.order("S1", ("PEN", 2))
    acts.release(hand)
    device.scan(BADGE)
    device.scan(own_code("C", "PICK"))
    device.scan(acts.CARTS[0])
    device.scan(acts.TOTES[0])
    answer = device.scan(acts.at("A02-02-1"))
    assert 'data-outcome="rejected"' in answer
    assert "Wrong location Expected A01-01-1 Scanned A02-02-1" in seen(answer)
    assert state_of(answer) == ("pick", "location")


def test_a_keyed_number_goes_with_the_item(device: Device, hand: FloorHand) -> None:
    hand.item("PEN", name="Fine pen")
    hand.stock("PEN", 50)
    hand.order("S1", ("PEN", 12))
    acts.release(hand)
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        device.scan(code)
    at_place = device.scan(acts.at("A01-01-1"))
    assert 'data-quantity="item"' in at_place
    assert "12 pieces Fine pen" in seen(at_place)
    counted = device.scan("PEN", qty_each=12)
    assert state_of(counted) == ("pick", "tote")
    assert 'data-quantity=""' in counted


@pytest.mark.parametrize("code", ["<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{ 7*7 }}"])
def test_scanned_text_is_shown_as_text(device: Device, code: str) -> None:
    device.scan(BADGE)
    device.scan(own_code("C", "PICK"))
    answer = device.scan(code)
    assert "<script" not in answer
    assert "<img" not in answer
    assert "49" not in answer
    assert 'data-outcome="rejected"' in answer


def test_names_of_goods_are_shown_as_text(device: Device, hand: FloorHand) -> None:
    hand.item("PEN", name="<b onclick=x>Größe 5</b>")
    hand.stock("PEN", 5)
    hand.order("S1", ("PEN", 2))
    acts.release(hand)
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0]):
        device.scan(code)
    answer = device.scan(acts.TOTES[0])
    assert "&lt;b onclick=x&gt;Größe 5&lt;/b&gt;" in answer
    assert "<b onclick" not in answer


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"code": "A\x01B"}, 422, "not a readable code"),
        ({"code": "x" * 10_000}, 422, "not a readable code"),
        ({"code": ""}, 422, "not a readable code"),
        ({"code": "PEN", "qty_each": 0}, 422, "1 to 1,000,000"),
        ({"code": "PEN", "qty_each": "two"}, 422, "could not be understood"),
        ({"code": "PEN", "occurred_at": "yesterday"}, 422, "does not know what time"),
        ({"code": "PEN", "colour": "red"}, 422, "could not be understood"),
        ({"code": None}, 422, "could not be understood"),
    ],
)
def test_a_scan_that_makes_no_sense_is_answered_in_words(
    device: Device, body: dict[str, Any], status: int, words: str
) -> None:
    sent = {"scan_id": "bad", "occurred_at": AT, **body}
    answer = device.client.post("/kiosk/HAND-1/scan", json=sent, headers=OURS)
    assert answer.status_code == status
    assert 'data-scan-id="bad"' in answer.text
    assert words in seen(answer.text)
    assert state_of(answer.text) == ("home", "signed_out")


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[1]", b'"x"', b"null", b"\xff\xfe", b"[" * 60_000, b'{"code": ' + b"9" * 5_000 + b"}",
     b'{"scan_id": "\\ud800"}', b'{"scan_id": "x", "code": "PEN", "qty_each": "\\ud800"}',
     b'{"scan_id": "x", "code": "\\udfff", "occurred_at": "2026-10-19T09:30:00Z"}'],
)  # fmt: skip
def test_a_body_that_is_no_scan_is_no_crash(device: Device, raw: bytes) -> None:
    headers = {**OURS, "Content-Type": "application/json"}
    assert device.client.post("/kiosk/HAND-1/scan", data=raw, headers=headers).status_code == 422


def test_a_body_no_device_would_send_is_refused_unread(device: Device) -> None:
    headers = {**OURS, "Content-Type": "application/json"}
    answer = device.client.post("/kiosk/HAND-1/scan", data=b"[" * 100_000, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_a_form_works_as_well_as_json(device: Device, hand: FloorHand) -> None:
    form = {"scan_id": "f1", "code": BADGE, "occurred_at": AT}
    answer = device.client.post("/kiosk/HAND-1/scan", data=form, headers=OURS)
    assert answer.status_code == 200
    assert state_of(answer.text) == ("home", "menu")


def test_one_id_with_two_bodies_is_a_conflict_in_words(device: Device) -> None:
    device.scan(BADGE, scan_id="same")
    answer = device.post(own_code("C", "PICK"), scan_id="same")
    assert answer.status_code == 409
    assert "tell a supervisor" in seen(answer.text)
    assert state_of(answer.text) == ("home", "menu")


def test_a_scan_sent_again_shows_where_the_station_is_now(device: Device) -> None:
    device.scan(BADGE, scan_id="one")
    device.scan(own_code("C", "PICK"))
    again = device.scan(BADGE, scan_id="one")
    assert 'data-outcome="applied"' in again
    assert state_of(again) == ("pick", "cart")


def test_the_bench_shows_what_belongs_in_and_how_its_printers_are(app: Flask, hand: FloorHand) -> None:
    hand.item("PEN", name="Fine pen")
    hand.item("CUP", name="Blue cup")
    hand.stock("PEN", 5)
    hand.stock("CUP", 5, "A01-02-1")
    hand.order("S1", ("PEN", 2), ("CUP", 1))
    acts.pick_all(hand)
    bench = Device(app, hand, "BENCH-1")
    bench.scan(BADGE)
    bench.scan(own_code("C", "PACK"))
    answer = bench.scan(acts.TOTES[0])
    assert state_of(answer) == ("pack", "item")
    bench.scan("PEN")
    page = seen(bench.client.get("/bench/BENCH-1").text)
    assert "Fine pen PEN scanned last 1 of 2 1 missing" in page
    assert "Blue cup CUP 0 of 1 1 missing" in page
    assert "LABEL-1 Connecting" in page


def test_nothing_inline_runs_and_the_policy_says_so(device: Device) -> None:
    answer = device.client.get("/kiosk/HAND-1")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)
    assert not re.search(r"\s(on\w+|style)=", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"


def test_files_are_named_by_their_content_and_kept_by_the_browser(device: Device) -> None:
    page = device.client.get("/kiosk/HAND-1").text
    for address in re.findall(r'(?:src|href)="(/ui/[^"]+)"', page):
        answer = device.client.get(address)
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        answer.close()
    assert device.client.get("/ui/../views.py").status_code == 404
    assert device.client.get("/ui/none.js").status_code == 404


def test_the_screen_alone_has_no_verdict(device: Device) -> None:
    device.scan(BADGE)
    answer = device.client.get("/kiosk/HAND-1/screen")
    assert state_of(answer.text) == ("home", "menu")
    assert "data-verdict" not in answer.text
