"""Pick faces and refills as a program meets them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand

MUGS = {"sku": "mug", "min_each": 5, "max_each": 20}


class Shop:
    """A program with a token of its own."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=self._headers)


@pytest.fixture
def shop(hand: FloorHand) -> Shop:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 4, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 30, "A02-03-3", "2026-02-01")
    token = hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API))
    return Shop(create_app(hand.floor).test_client(), token)


def test_a_face_is_given_changed_and_taken_away(shop: Shop) -> None:
    assert shop("PUT", "/pick-faces/A01-01-1", MUGS).status_code == 201
    assert shop("PUT", "/pick-faces/A01-01-1", MUGS).status_code == 200
    changed = shop("PUT", "/pick-faces/A01-01-1", {**MUGS, "max_each": 24})
    assert changed.json == {
        "location": "A01-01-1", "sku": "MUG", "min_each": 5, "max_each": 24, "on_hand_each": 4, "allocated_each": 0,
        "coming_each": 20,
    }  # fmt: skip
    assert shop("GET", "/pick-faces/A01-01-1").json == changed.json
    assert shop("GET", "/pick-faces?sku=mug").json == {"pick_faces": [changed.json]}
    assert shop("GET", "/pick-faces?sku=CUP").json == {"pick_faces": []}
    assert shop("DELETE", "/pick-faces/A01-01-1").status_code == 204
    assert shop("DELETE", "/pick-faces/A01-01-1").status_code == 404
    assert shop("GET", "/pick-faces/A01-01-1").json["code"] == "no_pick_face"
    assert shop("GET", "/refills").json["refills"] == []


@pytest.mark.parametrize(
    ("location", "body", "status", "code"),
    [
        ("Z99", MUGS, 404, "unknown_location"),
        ("A01-01-1", {**MUGS, "sku": "JUG"}, 404, "unknown_sku"),
        ("DOCK-1", MUGS, 422, "not_pickable"),
        ("A01-01-1", {**MUGS, "max_each": 5}, 422, "bad_levels"),
        ("A01-01-1", {**MUGS, "sku": "CUP"}, 409, "location_in_use"),
        ("A01-01-1", {**MUGS, "min_each": -1}, 422, "invalid_body"),
    ],
)
def test_a_face_that_cannot_be_is_refused(
    shop: Shop, location: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = shop("PUT", f"/pick-faces/{location}", body)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_refills_are_listed_with_who_is_at_them(shop: Shop, hand: FloorHand) -> None:
    shop("PUT", "/pick-faces/A01-01-1", MUGS)
    shop("PUT", "/pick-faces/A01-02-1", {"sku": "CUP", "min_each": 2, "max_each": 9})
    hand.sign_in("HAND-1", "REPLENISH")
    hand.scan("HAND-1", own_code("L", "A02-03-3"))
    hand.scan("HAND-1", "MUG", 6)
    report = shop("GET", "/refills").json
    (refill,) = report["refills"]
    assert (refill["from_location"], refill["to_location"], refill["station"]) == ("A02-03-3", "A01-01-1", "HAND-1")
    assert (refill["left_each"], refill["in_hand_each"], refill["reason"]) == (10, 6, "minimum")
    assert report["low_faces"] == [
        {"location": "A01-02-1", "sku": "CUP", "min_each": 2, "max_each": 9, "free_each": 0}
    ]


def test_a_wave_of_orders_that_all_wait_for_a_refill_is_no_wave(shop: Shop, hand: FloorHand) -> None:
    hand.write(lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = 'A02-03-3'"))
    hand.order("1001", ("MUG", 9))
    answer = shop("POST", "/waves", {})
    assert (answer.status_code, answer.json["wave"]) == (202, None)
    assert answer.json["waiting_for_replenishment"] == ["1001"]


def test_every_screen_of_a_refill_is_drawn(shop: Shop, hand: FloorHand) -> None:
    shop("PUT", "/pick-faces/A01-01-1", MUGS)
    token = hand.write(lambda tx: setting_up.add_station(tx, "K1", "handheld", "DOCK-1"))["token"]
    client = create_app(hand.floor).test_client()
    client.get(f"/enter?token={token}")
    hand.sign_in("K1", "REPLENISH")
    seen = []
    for code, qty in ((own_code("L", "A02-03-3"), None), ("MUG", 2), ("MUG", 14), (own_code("L", "A01-01-1"), None)):
        seen.append(client.get("/kiosk/K1").get_data(as_text=True))
        hand.scan("K1", code, qty)
    seen.append(client.get("/kiosk/K1").get_data(as_text=True))
    for words, page in zip(
        ("Fetch from here", "Take down", "2 in your hand", "Put it here", "Nothing to refill"), seen, strict=True
    ):
        assert words in page
