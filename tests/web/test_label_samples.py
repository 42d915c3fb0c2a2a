"""The page of what our labels look like: a picture of each, or the bytes and a word about why there is none."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.printing import label_previews
from kiosk_ui.words import WORDS
from label_templates import TEMPLATES, render
from label_templates.samples import SAMPLES
from tests.factories import FloorHand
from tests.web.test_label_pages import entered, seen

LABELS = [template for template in TEMPLATES.values() if template.language == "zpl"]


@pytest.fixture
def desk(hand: FloorHand) -> FlaskClient:
    return entered(hand, TokenRole.API)


def test_every_template_is_shown_with_its_size_and_fields(desk: FlaskClient) -> None:
    html = desk.get("/labels/templates").text
    assert set(WORDS["label_template"]) == set(TEMPLATES)
    assert [name for name in TEMPLATES if WORDS["label_template"][name] not in html] == []
    assert "74 × 105 mm" in seen(html)
    assert "net_weight" not in seen(html)
    assert "sscc*, ship_from*" in seen(html)
    assert "Units in this parcel" in seen(html)
    assert WORDS["label_samples"]["no_pictures"] not in html


def test_every_picture_on_the_page_is_a_picture_of_its_label(desk: FlaskClient) -> None:
    html = desk.get("/labels/templates").text
    pictures = re.findall(r'<img[^>]*src="([^"]+)" width="(\d+)" height="(\d+)"', html)
    assert len(pictures) == len(LABELS)
    for address, width, height in pictures:
        answer = desk.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert answer.data[16:24] == int(width).to_bytes(4, "big") + int(height).to_bytes(4, "big")


def test_what_the_printer_gets_can_be_fetched(desk: FlaskClient) -> None:
    answer = desk.get("/labels/templates/cn22/300.bytes")
    sample = next(sample for sample in SAMPLES if sample.template == "cn22")
    assert answer.data == render("cn22", sample.fields, 300)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cn22-300.zpl"'
    assert 'href="/labels/templates/cn22/300.bytes"' in desk.get("/labels/templates").text


@pytest.mark.parametrize("address", ["cn23/203.png", "cn22/204.png", "cn22/600.bytes", "packing_slip/203.png"])
def test_there_is_no_picture_of_what_there_is_not(desk: FlaskClient, address: str) -> None:
    assert desk.get(f"/labels/templates/{address}").status_code == 404


def test_without_the_extra_the_page_says_so_and_offers_the_bytes(
    desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_previews.importlib.util, "find_spec", lambda name: None)
    label_previews.sample_picture.cache_clear()
    html = desk.get("/labels/templates").text
    assert WORDS["label_samples"]["no_pictures"] in html
    assert "<img" not in html
    assert desk.get("/labels/templates/tote/203.png").status_code == 404
    assert desk.get("/labels/templates/tote/203.bytes").status_code == 200


def test_the_way_there_leads_from_the_pages_beside_it(desk: FlaskClient) -> None:
    assert 'href="/labels/templates"' in desk.get("/labels").text
    assert 'href="/labels/templates"' in desk.get("/sheets").text


def test_nobody_sees_it_without_a_token(hand: FloorHand) -> None:
    client = create_app(hand.floor).test_client()
    assert [client.get(f"/labels/templates{rest}").status_code for rest in ("", "/tote/203.png")] == [401, 401]
