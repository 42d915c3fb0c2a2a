"""The put wall over HTTP: set up by a program, shown beside the wall, its barcodes printed, its screens drawn."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.hot import Tx
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand
from tests.services import wall
from tests.web.test_desk_pages import entered


def api(hand: FloorHand, role: str = TokenRole.ADMIN) -> tuple[FlaskClient, dict[str, str]]:
    token = hand.write(lambda tx: setting_up.add_token(tx, "test", role))
    return create_app(hand.floor).test_client(), {"Authorization": f"Bearer {token}"}


def place(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        tx.insert("location", code="WALL-1", kind="staging")

    hand.write(work)


def test_a_program_sets_a_wall_up_and_reads_it(hand: FloorHand) -> None:
    place(hand)
    client, bearer = api(hand)
    body = {"location": "WALL-1", "rows": 2, "columns": 2}
    made = client.put("/api/v1/put-walls/W1", json=body, headers=bearer)
    assert (made.status_code, len(made.json["slots"])) == (200, 4)
    assert client.get("/api/v1/put-walls", headers=bearer).json["put_walls"][0]["code"] == "W1"
    assert {slot["state"] for slot in client.get("/api/v1/put-walls/W1", headers=bearer).json["slots"]} == {"free"}
    assert client.get("/api/v1/put-walls/W9", headers=bearer).status_code == 404
    refused = client.put("/api/v1/put-walls/W2", json=body, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (409, "location_in_use")
    assert client.put("/api/v1/put-walls/W1", json=body, headers=api(hand, TokenRole.BOARD)[1]).status_code == 403


def test_a_batch_is_asked_for_with_the_wave_and_refused_without_a_wall(hand: FloorHand) -> None:
    wall.stock(hand, "PEN")
    hand.order("S1", ("PEN", 1))
    client, bearer = api(hand)
    refused = client.post("/api/v1/waves", json={"mode": "batch"}, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (409, "no_put_wall")
    wall.equip(hand)
    assert client.post("/api/v1/waves", json={"mode": "batch"}, headers=bearer).json["mode"] == "batch"
    assert client.post("/api/v1/wave-proposals/1/release?mode=tram", headers=bearer).status_code == 422


@pytest.fixture
def sorting(hand: FloorHand) -> FloorHand:
    """S1 is done, a pen of S2 is in the sorter's hand."""
    wall.equip(hand)
    wall.stock(hand, "PEN")
    hand.order("S1", ("PEN", 1))
    hand.order("S2", ("PEN", 2))
    (tote,) = wall.picked(hand)
    wall.open_tote(hand, tote)
    wall.put(hand, "PEN")
    hand.scan(wall.SORTER, "PEN")
    return hand


def test_the_screen_beside_the_wall_lights_the_slot_in_words_and_sign(sorting: FloorHand) -> None:
    lit, code = sorting.step()["fields"]["slot"]["name"], sorting.step()["fields"]["slot"]["code"]
    html = entered(sorting, TokenRole.BOARD).get("/put-wall/W1").get_data(as_text=True)
    (cell,) = re.findall(r'<td class="slot[^"]*slot-lit"[^>]*>(.*?)</td>', html, re.DOTALL)
    assert re.findall(r"<b>(\w+)</b>", cell) == [lit]
    assert "▼" in cell
    assert "put it here" in cell
    assert html.count("done: pack it") == 1
    assert html.count('class="slot ') == 6
    sorting.scan(wall.SORTER, own_code("S", code))
    html = entered(sorting, TokenRole.BOARD).get("/put-wall/W1").get_data(as_text=True)
    assert "slot-lit" not in html


def test_the_sheet_has_the_barcode_of_every_slot(sorting: FloorHand) -> None:
    desk = entered(sorting, TokenRole.BOARD)
    html = desk.get("/put-wall/W1/sheet").get_data(as_text=True)
    codes = re.findall(r'class="barcode-text">([^<]+)<', html)
    assert codes == [own_code("S", f"W1-{row}{column:02d}") for row in "AB" for column in (1, 2, 3)]
    assert desk.get("/put-wall/W9").status_code == 404
    assert desk.get("/put-wall/W9/sheet").status_code == 404
