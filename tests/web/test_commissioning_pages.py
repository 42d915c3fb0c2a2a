"""The sheet is printed at a desk, the page opened where the scanner is."""

from __future__ import annotations

import re

import pytest

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from kiosk_ui.commissioning_views import CODES
from kiosk_ui.words import WORDS
from tests.factories import FloorHand
from tests.web.test_desk_pages import entered
from tests.web.test_kiosk_words import PAGES


def test_the_sheet_has_every_code_and_needs_no_script(hand: FloorHand) -> None:
    desk = entered(hand, TokenRole.API)
    assert 'href="/commissioning/sheet"' in desk.get("/sheets").text
    html = desk.get("/commissioning/sheet").text
    assert len(re.findall(r"<svg", html)) == len(CODES)
    assert re.findall(r"<script[^>]* src=\"/ui/(\w+)", html) == ["look"]  # light or dark, and nothing the codes need


def test_a_desk_opens_no_check_and_a_station_no_sheet(hand: FloorHand) -> None:
    assert entered(hand, TokenRole.API).get("/commissioning").status_code == 403
    assert create_app(hand.floor).test_client().get("/commissioning").status_code == 401
    token = hand.write(lambda tx: setting_up.add_token(tx, "station", "station", _station(tx)))
    client = create_app(hand.floor).test_client()
    sent = {"Authorization": f"Bearer {token}"}
    assert client.get("/commissioning", headers=sent).status_code == 200
    assert client.get("/commissioning/sheet", headers=sent).status_code == 403


@pytest.mark.engine("sqlite")
def test_the_check_is_read_in_the_language_of_who_is_signed_in(hand: FloorHand) -> None:
    hand.write(lambda tx: setting_up.set_language(tx, "1001", "zh_Hans"))
    token = hand.write(lambda tx: setting_up.add_token(tx, "station", "station", _station(tx)))
    client = create_app(hand.floor).test_client()
    sent = {"Authorization": f"Bearer {token}"}
    english = client.get("/commissioning", headers=sent).text
    assert (WORDS["commissioning"]["title"] in english, "检查扫描枪" in english) == (True, False)
    scanned = {"scan_id": "s-1", "code": own_code("B", "1001"), "occurred_at": "2026-01-12T08:00:00Z"}
    assert client.post("/kiosk/HAND-1/scan", json=scanned, headers=sent).status_code == 200
    chinese = client.get("/commissioning", headers=sent).text
    assert 'lang="zh-Hans"' in chinese
    assert (WORDS["commissioning"]["title"] in chinese, "检查扫描枪" in chinese) == (False, True)


def test_every_word_of_the_check_exists() -> None:
    check, page = ((PAGES / "static" / f"{name}.js").read_text() for name in ("commissioning_check", "commissioning"))
    said = {word for words in re.findall(r"add\(\"\w+\", ([^;]+)\);", check) for word in re.findall(r'"(\w+)"', words)}
    said -= {"ok", "care", "wrong", "Tab"}
    said |= set(re.findall(r'say\("(\w+)"', page)) | set(re.findall(r'add\("(\w+)"', check))
    assert len(said) > 20
    assert [word for word in sorted(said) if word not in WORDS["commissioning"]] == []


def _station(tx: object) -> int:
    return int(tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-1'")["id"])  # type: ignore[attr-defined]
