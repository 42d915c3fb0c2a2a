"""Who reads what: the badge's language first, then the device's, the browser's, the warehouse's, English."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.languages import LANGUAGES, language_of
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.services.imports import import_items
from fulfillment.services.set_up import item_names, setting_up
from tests.factories import FloorHand
from tests.web.test_kiosk_pages import Device, seen

SIGN_OUT = own_code("C", "LOGOUT")


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("zh-CN", "zh_Hans"), ("zh", "zh_Hans"), ("zh_Hans", "zh_Hans"), ("zh-Hans-SG", "zh_Hans"), ("zh-TW", None),
        ("zh-Hant", None), ("de-AT", "de"), ("EN-us", "en"), ("es-419", "es"), ("fr", None), ("*", None), ("", None),
    ],
)  # fmt: skip
def test_a_browsers_tag_means_one_of_our_languages_or_none(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_the_screen_is_in_the_language_of_whoever_signed_in(app: Flask, hand: FloorHand) -> None:
    hand.write(lambda tx: setting_up.set_language(tx, "1001", "zh_Hans"))
    device = Device(app, hand, "HAND-1")
    answer = device.scan(own_code("B", "1001"))
    assert 'lang="zh-Hans"' in answer
    assert "下一步做什么？" in seen(answer)
    assert "Scan your badge" in seen(device.scan(SIGN_OUT))
    assert "What next?" in seen(device.scan(own_code("B", "1002")))


@pytest.mark.parametrize(
    ("of_operator", "of_device", "of_browser", "of_warehouse", "words"),
    [
        ("es", "de", "zh-CN", "zh_Hans", "¿Y ahora?"),
        ("", "de", "zh-CN", "zh_Hans", "Was kommt jetzt?"),
        ("", "", "fr, zh-CN;q=0.8, en;q=0.5", "de", "下一步做什么？"),
        ("", "", "fr", "de", "Was kommt jetzt?"),
        ("", "klingon", "fr", "en", "What next?"),
    ],
)  # fmt: skip
def test_who_says_nothing_leaves_it_to_the_next(
    hand: FloorHand, of_operator: str, of_device: str, of_browser: str, of_warehouse: str, words: str
) -> None:
    app = create_app(replace(hand.floor, settings=replace(hand.floor.settings, language=of_warehouse)))
    hand.write(lambda tx: setting_up.set_language(tx, "1001", of_operator))
    device = Device(app, hand, "HAND-1")
    device.client.set_cookie("floor_language", of_device)
    device.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = of_browser
    assert words in seen(device.scan(own_code("B", "1001")))


def test_a_touch_chooses_the_devices_language_and_leads_back(app: Flask, hand: FloorHand) -> None:
    device = Device(app, hand, "HAND-1")
    ours = {"Origin": "http://localhost", "Referer": "http://localhost/kiosk/HAND-1?a=b"}
    answer = device.client.post("/language", data={"language": "de"}, headers=ours)
    assert (answer.status_code, answer.location) == (303, "/kiosk/HAND-1?a=b")
    page = device.client.get("/kiosk/HAND-1").get_data(as_text=True)
    assert '<html lang="de">' in page
    assert "Ausweis scannen" in page


@pytest.mark.parametrize("referrer", ["https://elsewhere.test/kiosk", "http://localhost//elsewhere.test", ""])
def test_nobody_is_led_from_the_language_button_to_another_site(app: Flask, referrer: str) -> None:
    headers = {"Origin": "http://localhost", "Referer": referrer}
    assert app.test_client().post("/language", data={"language": "de"}, headers=headers).location == "/"


def test_another_sites_page_chooses_nothing(app: Flask) -> None:
    answer = app.test_client().post("/language", data={"language": "de"}, headers={"Origin": "https://elsewhere.test"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_the_desk_offers_every_language_by_its_own_name(hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    client = create_app(hand.floor).test_client()
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "zh-CN"}
    page = client.get("/stock", headers=headers).get_data(as_text=True)
    assert "商品、库位、批号或序列号" in page
    assert all(name in page for name in LANGUAGES.values())


def test_figures_and_days_are_written_as_the_language_writes_them(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG", name="Blue mug", scan_each_max=0)
    hand.stock("MUG", 12_000, "A01-01-1", "2026-01-12")
    device = Device(app, hand, "HAND-1")
    for language, units, day in (("", "12,000", "12 Jan 2026"), ("de", "12.000", "12.01.2026"),
                                 ("es", "12.000", "12 ene 2026"), ("zh_Hans", "12,000", "2026年1月12日")):  # fmt: skip
        hand.write(lambda tx, language=language: setting_up.set_language(tx, "1001", language))
        device.scan(own_code("B", "1001"))
        device.scan(own_code("C", "MOVE"))
        shown = seen(device.scan(own_code("L", "A01-01-1")))
        assert units in shown
        assert day in shown
        device.scan(own_code("C", "HOME"))
        device.scan(SIGN_OUT)


def test_an_item_goes_by_its_name_in_the_readers_language(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG", name="Blue mug")
    hand.item("CUP", name="Tea cup")
    hand.stock("MUG", 5)
    hand.stock("CUP", 5)
    hand.write(lambda tx: item_names.set_names(tx, "mug", {"zh_Hans": "蓝色马克杯", "de": "Blaue Tasse"}))
    hand.write(lambda tx: setting_up.set_language(tx, "1001", "zh_Hans"))
    device = Device(app, hand, "HAND-1")
    for code in (own_code("B", "1001"), own_code("C", "MOVE")):
        device.scan(code)
    shown = seen(device.scan(own_code("L", "A01-01-1")))
    assert "蓝色马克杯" in shown
    assert "Blue mug" not in shown
    assert "Tea cup" in shown, "without a name of its own it goes by the one it has"


def test_names_come_with_the_items_and_twice_is_once(hand: FloorHand) -> None:
    file = "sku,name,name:zh_Hans,name_de\nMUG,Blue mug,蓝色马克杯,Blaue Tasse\n".encode()
    assert import_items(hand.floor.writer, file).created == 1
    assert import_items(hand.floor.writer, file).unchanged == 1
    assert names_of(hand) == {"de": "Blaue Tasse", "zh_Hans": "蓝色马克杯"}
    assert import_items(hand.floor.writer, b"sku,name:de\nMUG,\n").updated == 1
    assert names_of(hand) == {"zh_Hans": "蓝色马克杯"}


def test_what_cannot_be_said_is_refused(hand: FloorHand) -> None:
    hand.item("MUG")
    with pytest.raises(DomainError, match="no language 'tlh'"):
        hand.write(lambda tx: item_names.set_names(tx, "MUG", {"tlh": "HIvje'"}))
    with pytest.raises(NotFound, match="no item"):
        hand.write(lambda tx: item_names.set_names(tx, "NONE", {"de": "Tasse"}))
    with pytest.raises(DomainError, match="no language"):
        hand.write(lambda tx: setting_up.add_operator(tx, "1009", "Eve", "picker", "tlh"))
    with pytest.raises(NotFound, match="nobody has the badge"):
        hand.write(lambda tx: setting_up.set_language(tx, "9999", "de"))


def test_a_program_sets_an_operators_language_and_an_items_names(hand: FloorHand) -> None:
    hand.item("MUG")
    token = hand.write(lambda tx: setting_up.add_token(tx, "admin", "admin"))
    admin, headers = create_app(hand.floor).test_client(), {"Authorization": f"Bearer {token}"}
    answer = admin.put("/api/v1/operators/1001/language", json={"language": "zh_Hans"}, headers=headers)
    assert answer.json == {"badge": "1001", "language": "zh_Hans"}
    answer = admin.put("/api/v1/items/mug/names", json={"names": {"es": "Taza"}}, headers=headers)
    assert answer.json["names"] == {"es": "Taza"}
    assert admin.get("/api/v1/items/MUG", headers=headers).json["names"] == {"es": "Taza"}
    answer = admin.put("/api/v1/operators/1001/language", json={"language": "tlh"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "bad_language")


def names_of(hand: FloorHand) -> dict[str, str]:
    rows = hand.all("SELECT language, name FROM item_name WHERE warehouse_id = :w ORDER BY language")
    return {str(row["language"]): str(row["name"]) for row in rows}
