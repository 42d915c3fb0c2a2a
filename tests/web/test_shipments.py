"""Goods that move without a scan, as a program reports them: one answer a report, and a clear no."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand
from tests.services.acts import release, wrong


class Program:
    """A third party's program with its token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any = None) -> Any:
        return self._client.post(f"/api/v1{path}", json=body, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)


@pytest.fixture
def shipper(hand: FloorHand) -> Program:
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.order("SO-1", ("MUG", 4))
    token = hand.write(lambda tx: setting_up.add_token(tx, "3pl", TokenRole.API))
    return Program(create_app(hand.floor).test_client(), token)


def shipment(**more: Any) -> dict[str, Any]:
    return {"external_id": "X-1", "order": "SO-1", "lines": [{"sku": "mug", "qty_each": 3}], **more}


def test_a_shipment_is_booked_once_and_shown_on_its_order(hand: FloorHand, shipper: Program) -> None:
    body = shipment(carrier="DHL", tracking_number="JD01", shipped_at="2026-11-20T16:40:00+00:00")
    first, again = shipper.post("/shipments", body), shipper.post("/shipments", body)
    assert (first.status_code, again.status_code, first.json) == (201, 200, again.json)
    assert first.json["lines"][0]["layers"][0] == {
        "layer": 1, "received_on": "2026-01-01", "lot": "", "serial": "", "location": "A01-01-1", "qty_each": 3,
    }  # fmt: skip
    shown = shipper.get("/orders/SO-1").json
    assert (shown["state"], shown["lines"][0]["shipped_each"]) == ("allocated", 3)
    assert [(one["external_id"], one["qty_each"]) for one in shown["shipments"]] == [("X-1", 3)]
    assert hand.on_hand("A01-01-1") == 7
    assert wrong(hand) == []


def test_another_shipment_under_the_same_id_is_a_conflict(shipper: Program) -> None:
    shipper.post("/shipments", shipment())
    other = shipper.post("/shipments", shipment(carrier="DHL"))
    assert (other.status_code, other.json["code"], other.json["field"]) == (409, "shipment_exists", "external_id")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (shipment(order="SO-9"), 404, "unknown_order"),
        (shipment(lines=[{"sku": "CUP", "qty_each": 1}]), 422, "unknown_line"),
        (shipment(lines=[{"sku": "MUG", "qty_each": 5}]), 409, "more_than_ordered"),
        (shipment(lines=[]), 422, "invalid_body"),
        (shipment(lines=[{"sku": "MUG", "qty_each": 0}]), 422, "invalid_body"),
        (shipment(shipped_at="yesterday"), 422, "bad_time"),
        (shipment(carier="DHL"), 422, "invalid_body"),
    ],
)
def test_a_shipment_that_cannot_be_is_refused_with_its_reason(
    hand: FloorHand, shipper: Program, body: dict[str, Any], status: int, code: str
) -> None:
    answer = shipper.post("/shipments", body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert hand.on_hand("A01-01-1") == 10


def test_what_a_picker_walks_for_is_not_handed_over(hand: FloorHand, shipper: Program) -> None:
    release(hand)
    answer = shipper.post("/shipments", shipment())
    assert (answer.status_code, answer.json["code"]) == (409, "on_the_floor")
    assert wrong(hand) == []


def test_a_boards_token_ships_nothing(hand: FloorHand, shipper: Program) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "board", TokenRole.BOARD))
    board = Program(create_app(hand.floor).test_client(), token)
    assert board.post("/shipments", shipment()).status_code == 403
    assert board.post("/receipts/R-1/arrivals", {}).status_code == 403


def test_an_arrival_is_booked_once_and_closes_its_receipt(hand: FloorHand, shipper: Program) -> None:
    shipper.post("/receipts", {"number": "R-1", "lines": [{"sku": "MUG", "qty_each": 6}]})
    body = {
        "external_id": "A-1",
        "lines": [{"sku": "MUG", "qty_each": 6, "location": "A01-01-1"}],
        "closes": True,
    }
    first, again = shipper.post("/receipts/R-1/arrivals", body), shipper.post("/receipts/R-1/arrivals", body)
    assert (first.status_code, again.status_code, first.json) == (201, 200, again.json)
    shown = shipper.get("/receipts/R-1").json
    assert (shown["state"], shown["lines"][0]["received_each"]) == ("closed", 6)
    assert hand.on_hand("A01-01-1") == 16
    late = shipper.post("/receipts/R-1/arrivals", {**body, "external_id": "A-2"})
    assert (late.status_code, late.json["code"]) == (409, "receipt_closed")
    assert shipper.post("/receipts/R-9/arrivals", body | {"external_id": "A-3"}).status_code == 404
    assert wrong(hand) == []
