"""Stock changed by programs: with a reason, once a reference, and never behind an order's back."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand
from tests.services.acts import at, wrong


class Caller:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any = None) -> Any:
        return self._client.post(f"/api/v1{path}", json=body, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)


@pytest.fixture
def shop(hand: FloorHand) -> Caller:
    hand.item("MUG")
    hand.stock("MUG", 10, "A01-01-1")
    token = hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API))
    return Caller(create_app(hand.floor).test_client(), token)


def change(**more: Any) -> dict[str, Any]:
    return {"location": "A01-01-1", "sku": "mug", "qty_each": 2, "why": "lost", **more}


def test_stock_is_adjusted_down_and_up(hand: FloorHand, shop: Caller) -> None:
    lost = shop.post("/stock/adjust", change())
    assert (lost.status_code, lost.json["layers"][0]["qty_each"]) == (201, 2)
    assert hand.on_hand("A01-01-1") == 8
    assert shop.post("/stock/adjust", change(why="found", qty_each=5)).status_code == 201
    assert hand.on_hand("A01-01-1") == 13
    assert wrong(hand) == []


def test_one_reference_happens_once(hand: FloorHand, shop: Caller) -> None:
    first = shop.post("/stock/adjust", change(reference="R-1"))
    again = shop.post("/stock/adjust", change(reference="R-1"))
    assert (first.status_code, again.status_code, first.json) == (201, 200, again.json)
    assert hand.on_hand("A01-01-1") == 8
    other = shop.post("/stock/adjust", change(reference="R-1", qty_each=3))
    assert (other.status_code, other.json["code"]) == (409, "reference_exists")
    assert shop.post("/stock/hold", change(reference="R-1", why="quality")).json["code"] == "reference_exists"


def test_stock_is_set_aside_and_freed(hand: FloorHand, shop: Caller) -> None:
    assert shop.post("/stock/hold", change(why="quality")).json["layers"][0]["status"] == "hold"
    assert shop.post("/stock/hold", change(why="damaged", becomes="damaged")).status_code == 201
    assert [hand.on_hand("A01-01-1", status=one) for one in ("available", "hold", "damaged")] == [6, 2, 2]
    assert shop.post("/stock/free", change(why="quality", status="damaged", qty_each=1)).status_code == 201
    assert [hand.on_hand("A01-01-1", status=one) for one in ("available", "hold", "damaged")] == [7, 2, 1]
    assert wrong(hand) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"location": "A99"}, 404, "unknown_location"), ({"sku": "POT"}, 404, "unknown_sku"),
        ({"lpn": "1"}, 404, "unknown_lpn"), ({"why": "bored"}, 422, "reason_required"),
        ({"qty_each": 11}, 409, "too_many"), ({"lot": "Q"}, 201, ""), ({"layer": 99}, 409, "nothing_here"),
        ({"status": "hold"}, 409, "nothing_here"), ({"qty_each": 0}, 422, "invalid_body"),
        ({"location": "LANE-EU"}, 409, "wrong_location"), ({"colour": "red"}, 422, "invalid_body"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_answered_clearly(shop: Caller, body: dict[str, Any], status: int, code: str) -> None:
    answer = shop.post("/stock/adjust", change(**body))
    assert (answer.status_code, answer.json.get("code", "")) == (status, code)


def test_promised_stock_is_not_adjusted_away(hand: FloorHand, shop: Caller) -> None:
    hand.order("1", ("MUG", 9))
    answer = shop.post("/stock/adjust", change())
    assert (answer.status_code, answer.json["code"]) == (409, "short_stock")
    assert "1 free, 9 promised" in answer.json["detail"]


def test_a_pallet_is_numbered_and_shown(hand: FloorHand, shop: Caller) -> None:
    made = shop.post("/lpns", {"location": "STAGE-1"})
    assert (made.status_code, made.json["location"]) == (201, "STAGE-1")
    assert shop.get(f"/lpns/{made.json['lpn']}").json == made.json
    assert shop.get("/lpns/1").status_code == 404
    assert shop.post("/lpns", {"location": "A01-01-1"}).json["code"] == "bad_location"
    assert shop.post("/lpns", {"location": "A99"}).status_code == 404
    assert shop.post("/lpns", {"station": "K9"}).status_code == 404
    printed = shop.post("/lpns", {"station": "BENCH-1"}).json["lpn"]
    assert hand.one("SELECT state FROM outbox WHERE warehouse_id = :w AND subject = :s", s=printed) is not None
    hand.sign_in("HAND-1", "MOVE")
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 3)
    hand.scan("HAND-1", made.json["lpn"])
    shown = shop.get(f"/lpns/{made.json['lpn']}").json
    assert [(part["sku"], part["qty_each"]) for part in shown["content"]] == [("MUG", 3)]
    taken = shop.post("/stock/adjust", change(location="STAGE-1", lpn=made.json["lpn"], qty_each=1))
    assert (taken.status_code, hand.on_hand("STAGE-1")) == (201, 2)
    assert wrong(hand) == []


def test_a_transfer_from_asking_to_arriving(hand: FloorHand, shop: Caller) -> None:
    asked = {"number": "T-1", "to_warehouse": "NORTH", "lines": [{"sku": "MUG", "qty_each": 4}]}
    assert shop.post("/transfers", asked).status_code == 201
    assert shop.post("/transfers", asked).status_code == 200
    assert shop.get("/transfers/T-1/asn").json["code"] == "transfer_not_sent"
    hand.sign_in("HAND-1", "SEND")
    hand.scan("HAND-1", own_code("X", "T-1"))
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 4)
    hand.say("HAND-1", "DONE")
    asn = shop.get("/transfers/T-1/asn").json
    assert (asn["kind"], asn["units"][0]["lines"][0]["qty_each"]) == ("transfer", 4)
    assert [row["state"] for row in shop.get("/transfers?state=sent").json["transfers"]] == ["sent"]
    assert shop.get("/transfers?state=gone").status_code == 422
    arrived = shop.post("/transfers/T-1/arrived", {"lines": [{"sku": "MUG", "qty_each": 3}]}).json
    assert arrived["differences"] == [{"sku": "MUG", "lost_each": 1, "over_each": 0}]
    assert shop.get("/transfers/T-1").json == arrived
    assert shop.post("/transfers/T-1/cancel").json["code"] == "transfer_sent"
    assert shop.get("/transfers/T-9").status_code == 404
    assert wrong(hand) == []


def test_the_announcement_is_a_receipt_the_other_end_takes(hand: FloorHand, shop: Caller) -> None:
    shop.post("/transfers", {"number": "T-2", "to_warehouse": "N", "lines": [{"sku": "MUG", "qty_each": 4}]})
    hand.sign_in("HAND-1", "SEND")
    hand.scan("HAND-1", own_code("X", "T-2"))
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 4)
    hand.say("HAND-1", "DONE")
    # To the same house, which is as good as another one for the form.
    assert shop.post("/receipts", shop.get("/transfers/T-2/asn").json).status_code == 201


def test_another_warehouses_token_opens_nothing_here(hand: FloorHand, shop: Caller) -> None:
    from fulfillment.bootstrap import open_floor

    other = open_floor(hand.floor.settings, warehouse_id=2)
    try:
        FloorHand(other, "NORTH")
        theirs = other.writer.write(lambda tx: setting_up.add_token(tx, "theirs", TokenRole.API))
        here = Caller(create_app(hand.floor).test_client(), theirs)
        there = Caller(create_app(other).test_client(), theirs)
        assert here.get("/stock").status_code == 401
        assert (there.get("/stock").json["rows"], len(shop.get("/stock").json["rows"])) == ([], 1)
        assert there.get("/ledger/verify").json["moves"] == 0
    finally:
        other.close()
