"""What no database can keep as text is refused in words, in forms and in JSON, and before anything is done with it."""

from __future__ import annotations

import io
import json

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.web.plain_text import is_text
from tests.factories import FloorHand

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def desk(hand: FloorHand) -> FlaskClient:
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN))
    client = create_app(hand.floor).test_client()
    client.get(f"/enter?token={token}")
    return client


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/stock-board", {"sku": "MUG\0"}),
        ("/set-up/items/row", {"act": "save", "version": "", "sku": "MUG\0", "name": "Mug"}),
        ("/set-up/items/row", {"act": "save", "version": "", "sku": "MUG", "name": "Mug", "x\0": "1"}),
        ("/order-board/views", {"name": "mine\0", "back": ""}),
        ("/order-board/moves", {"card": "1:x", "act": "hold", "badge": "1001\0"}),
        ("/set-up/layout", {"start": "STAGE-1\0", "act": "look"}),
        ("/floor/closures", {"place": "A01\0", "reason": "spill"}),
    ],
)
def test_a_form_with_a_zero_byte_is_refused_in_words(desk: FlaskClient, address: str, form: dict[str, str]) -> None:
    answer = desk.post(address, data=form, headers=SAME_ORIGIN)
    assert (answer.status_code, answer.json["code"]) == (400, "no_text")
    assert "zero byte" in answer.json["detail"]


def test_a_zero_byte_beside_a_file_is_refused_and_within_one_is_the_files_own_affair(desk: FlaskClient) -> None:
    def give(text: bytes, **more: str) -> int:
        form = {"act": "look", "file": (io.BytesIO(text), "items.csv"), **more}
        return desk.post(
            "/set-up/items/file", data=form, headers=SAME_ORIGIN, content_type="multipart/form-data"
        ).status_code

    assert give(b"sku,name\nMUG,Mug\n") == 200
    assert give(b"sku,name\nMUG,M\0ug\n") == 422
    assert give(b"sku,name\nMUG,Mug\n", content="\0") == 400


@pytest.mark.parametrize("name", ["\0", "a\0b", "\ud800", "\\\\\0"])
def test_json_with_what_is_no_text_is_refused_where_no_field_says_so(desk: FlaskClient, name: str) -> None:
    body = json.dumps({"usual": "16:00", "cut_offs": {name: None}}).encode()
    headers = {**SAME_ORIGIN, "Content-Type": "application/json"}
    answer = desk.put("/api/v1/carriers/DOM/cut-offs", data=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json["code"] in ("no_text", "malformed_json")


def test_a_pages_json_with_a_zero_byte_is_refused(hand: FloorHand) -> None:
    client = create_app(hand.floor).test_client()
    token = hand.write(lambda tx: setting_up.add_station_token(tx, "HAND-1"))
    client.get(f"/enter?token={token}")
    answer = client.post("/kiosk/HAND-1/pin", json={"pin": "1\0"}, headers=SAME_ORIGIN)
    assert (answer.status_code, answer.json["code"]) == (400, "no_text")


@pytest.mark.parametrize(
    ("raw", "is_good"),
    [
        (rb'{"a": "b"}', True), (b'{"a": "\0"}', False), (rb'{"a": "\u0000"}', False), (rb'{"a": "\\u0000"}', True),
        (rb'{"a": "\\\u0000"}', False), (rb'{"a": "\u00e9\n"}', True), (rb'{"a": "\ud83d\ude00"}', True),
        (rb'{"a": "\ud83d"}', False), (rb'{"a": "\ude00\ud83d"}', False), (rb'{"a": "\uD83Dx\uDE00"}', False),
        (rb'{"a": "\\ud83d"}', True), (b"", True),
    ],
)  # fmt: skip
def test_an_escape_says_what_it_stands_for(raw: bytes, is_good: bool) -> None:
    assert is_text(raw) is is_good
    if raw and is_good:
        json.dumps(json.loads(raw), ensure_ascii=False).encode()


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("address", ["/stock-board", "/set-up/items/row", "/sign-in"])
def test_a_person_whose_form_holds_a_zero_byte_reads_a_page(desk: FlaskClient, address: str) -> None:
    browser = {**SAME_ORIGIN, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = desk.post(address, data={"sku": "MUG\0", "name": "MUG\0"}, headers=browser)
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "This was not taken" in answer.text
    assert "\0" not in answer.text


@pytest.mark.engine("sqlite")
def test_an_address_nobody_has_is_a_page_for_a_person_and_a_document_for_a_program(desk: FlaskClient) -> None:
    browser = {"Accept": "text/html,*/*;q=0.8"}
    for address, status in (("/stock?q=%00", 400), ("/nowhere", 404)):
        answer = desk.get(address, headers=browser)
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
        assert desk.get(address).mimetype == "application/problem+json"
    assert desk.get("/api/v1/nowhere", headers=browser).mimetype == "application/problem+json"
