"""What a kiosk's page is made of: pictures of items, the cart as it stands, kinds of verdicts, files, the look."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from pathlib import Path

import pytest
from flask import Flask

import kiosk_ui
from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Reject
from fulfillment.services.set_up import item_names, item_pictures, setting_up
from kiosk_ui.cart_drawing import drawn
from kiosk_ui.verdicts import OVER, kind_of
from tests.factories import FloorHand
from tests.services import acts
from tests.services.set_up.test_item_pictures import picture
from tests.web.test_kiosk_pages import BADGE, Device, seen

STATIC = Path(kiosk_ui.__file__).parent / "static"


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


@pytest.fixture
def picker(app: Flask, hand: FloorHand) -> Device:
    """Before the first stop of a tour: 2 mugs, which have a picture."""
    hand.item("MUG", name="Blue mug")
    hand.stock("MUG", 5)
    hand.order("S1", ("MUG", 2))
    acts.release(hand)
    hand.write(lambda tx: item_pictures.set_picture(tx, "MUG", item_pictures.fitted(picture(900, 600))))
    device = Device(app, hand, "HAND-1")
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0]):
        device.scan(code)
    return device


def test_an_item_is_shown_with_its_picture_which_a_browser_may_keep(picker: Device) -> None:
    picker.scan(acts.TOTES[0])
    shown = picker.scan(acts.at("A01-01-1"))
    (address,) = re.findall(r'<img class="goods-picture" src="([^"]+)" width="480" height="320" alt="" load', shown)
    answer = picker.client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert picker.client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert picker.client.get(address.replace("HAND-1", "HAND-2")).status_code == 403
    assert picker.client.get(re.sub(r"\w+\.jpg", f"{'0' * 64}.jpg", address)).status_code == 404


def test_what_is_counted_is_called_by_its_name(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG", name="Blue mug")
    hand.stock("MUG", 5)
    hand.write(lambda tx: item_names.set_names(tx, "MUG", {"de": "Blaue Tasse"}))
    device = Device(app, hand, "HAND-1")
    for code in (BADGE, own_code("C", "COUNT"), acts.at("A01-01-1")):
        device.scan(code)
    assert "Blue mug MUG 3" in seen(device.scan("MUG", qty_each=3))
    hand.write(lambda tx: setting_up.set_language(tx, "1001", "de"))
    assert "Blaue Tasse MUG 4" in seen(device.scan("MUG"))


def test_an_item_without_a_picture_leaves_no_frame(picker: Device, hand: FloorHand) -> None:
    hand.write(lambda tx: item_pictures.take_away(tx, "MUG"))
    picker.scan(acts.TOTES[0])
    assert "goods-picture" not in picker.scan(acts.at("A01-01-1"))


def test_the_cart_is_drawn_with_the_place_that_is_meant(picker: Device) -> None:
    page = picker.client.get("/kiosk/HAND-1").text
    assert re.search(r'<svg class="cart"[^>]+aria-label="Place on the cart 1"', page)
    assert page.count('class="cart-here"') == 1
    assert "<svg class=\"cart\"" not in picker.scan(acts.TOTES[0]), "before a rack it would say nothing"


def test_places_run_from_the_top_left_as_one_reads() -> None:
    cart = drawn(positions=6, levels=2, place=5)
    assert [(place["x"], place["y"]) for place in cart["places"]] == [
        (6, 6), (56, 6), (106, 6), (6, 44), (56, 44), (106, 44),
    ]  # fmt: skip
    assert [place["number"] for place in cart["places"] if place["is_here"]] == [5]
    assert cart["level"] == 2


def test_a_place_beyond_the_cart_is_drawn_all_the_same() -> None:
    assert len(drawn(positions=4, levels=2, place=7)["places"]) == 7


@pytest.mark.parametrize("code", list(Reject))
def test_a_refusal_is_wrong_or_too_much(code: Reject) -> None:
    assert kind_of("rejected", code) == ("over" if code in OVER else "rejected")


def test_an_unreadable_scan_is_wrong_and_a_taken_one_right() -> None:
    assert (kind_of("refused", "too_many"), kind_of("applied", "")) == ("rejected", "applied")


def test_too_many_looks_otherwise_than_wrong(picker: Device) -> None:
    picker.scan(acts.TOTES[0])
    wrong = picker.scan(acts.at("A02-02-1"))
    assert 'data-kind="rejected"' in wrong
    assert 'class="verdict verdict-rejected"' in wrong
    picker.scan(acts.at("A01-01-1"))
    over = picker.scan("MUG", qty_each=3)
    assert 'data-kind="over"' in over
    assert '<div class="verdict verdict-over" data-verdict>' in over
    assert '<strong class="verdict-mark">Over</strong>' in over


def test_style_and_scripts_come_packed_to_who_takes_them_so(app: Flask) -> None:
    client = app.test_client()
    plain, packed = (
        client.get("/ui/kiosk.css?v=1", headers={"Accept-Encoding": how}) for how in ("identity", "gzip, deflate, br")
    )
    assert plain.data == gzip.decompress(packed.data) == (STATIC / "kiosk.css").read_bytes()
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert packed.headers["Cache-Control"] == "max-age=31536000, public"
    for first in (plain, packed):
        how = {"Accept-Encoding": first.headers.get("Content-Encoding", "identity")}
        assert client.get("/ui/kiosk.css", headers={"If-None-Match": first.headers["ETag"], **how}).status_code == 304


@pytest.mark.parametrize("name", ["none.css", "../views.py", "..%2fviews.py", "", "."])
def test_nothing_else_is_given_out(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/ui/{name}").status_code == 404


@pytest.mark.parametrize(
    ("cookie", "said"), [("dark", ' data-look="dark"'), ("light", ' data-look="light"'), ("><b>", "")]
)
def test_the_look_chosen_on_a_device_is_that_of_the_next_page(
    app: Flask, hand: FloorHand, cookie: str, said: str
) -> None:
    device = Device(app, hand, "HAND-1")
    device.client.set_cookie("floor_look", cookie)
    assert f'<html lang="en-GB"{said}>' in device.client.get("/kiosk/HAND-1").text


def test_the_dark_colours_are_the_same_by_device_and_by_switch() -> None:
    style = (STATIC / "kiosk.css").read_text("utf-8")
    by_device = re.search(r':root:not\(\[data-look="light"\]\) \{(.*?)\}', style, re.DOTALL)
    by_switch = re.search(r':root\[data-look="dark"\] \{(.*?)\}', style, re.DOTALL)
    assert by_device
    assert by_switch
    assert by_device[1].split() == by_switch[1].split()


@pytest.mark.parametrize(
    ("address", "station", "sheets"),
    [
        ("/kiosk/HAND-1", "HAND-1", ["kiosk.css", "bench.css", "wall.css"]),
        ("/bench/BENCH-1", "BENCH-1", ["kiosk.css", "bench.css", "wall.css"]),
        ("/kiosk/BENCH-1", "BENCH-1", ["kiosk.css", "bench.css", "wall.css"]),
        ("/kiosk/HAND-1/own-pin", "HAND-1", ["kiosk.css", "desk.css"]),
    ],
)
def test_a_page_loads_the_sheets_it_needs_and_no_other(
    app: Flask, hand: FloorHand, address: str, station: str, sheets: list[str]
) -> None:
    page = Device(app, hand, station).client.get(address).text
    assert re.findall(r'<link rel="stylesheet" href="/ui/([a-z_.]+)', page) == sheets


def test_no_rule_stands_in_two_sheets() -> None:
    """What every page has is in the first one; the others only add to it."""
    rules = [
        line for name in ("kiosk.css", "bench.css", "desk.css")
        for line in (STATIC / name).read_text("utf-8").splitlines() if line.startswith(".")
    ]  # fmt: skip
    assert len(rules) > 250
    assert len(set(rules)) == len(rules)


def test_pictures_are_given_and_taken_by_program(app: Flask, hand: FloorHand) -> None:
    hand.item("MUG/1")
    client = app.test_client()
    tokens = {role: hand.write(lambda tx, role=role: setting_up.add_token(tx, role, role)) for role in ("admin", "api")}
    head = {"Authorization": f"Bearer {tokens['admin']}"}
    body = {"content": b64encode(picture(900, 600)).decode()}
    given = client.put("/api/v1/items/MUG/1/picture", json=body, headers=head)
    assert (given.status_code, given.json["width_px"], given.json["height_px"]) == (200, 480, 320)
    stranger = {"Authorization": f"Bearer {tokens['api']}"}
    assert client.put("/api/v1/items/MUG/1/picture", json=body, headers=stranger).status_code == 403
    for wrong in ({"content": b64encode(b"no picture").decode()}, {"content": "%%%"}):
        assert client.put("/api/v1/items/MUG/1/picture", json=wrong, headers=head).status_code == 422
    assert client.delete("/api/v1/items/MUG/1/picture", headers=head).status_code == 200
    assert client.delete("/api/v1/items/MUG/1/picture", headers=head).status_code == 404


def test_how_a_cart_stands_is_said_by_program(app: Flask, hand: FloorHand) -> None:
    head = {"Authorization": f"Bearer {hand.write(lambda tx: setting_up.add_token(tx, 'admin', 'admin'))}"}
    client = app.test_client()
    (cart,) = client.post("/api/v1/carts", json={"count": 1, "positions": 8}, headers=head).json["carts"]
    assert cart["levels"] == 2
    address = f"/api/v1/carts/{cart['code']}"
    assert client.put(address, json={"levels": 4}, headers=head).json["levels"] == 4
    assert client.put(address, json={"levels": 9}, headers=head).status_code == 422
    assert client.put("/api/v1/carts/9999", json={"levels": 2}, headers=head).status_code == 404
