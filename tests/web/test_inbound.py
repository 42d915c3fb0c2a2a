"""Goods in as a program announces them and as a receiver's screen shows them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand
from tests.services.acts import TOTES
from tests.services.arriving import CARTON, PALLET, begin

AT = "2026-10-19T09:30:00.000+00:00"


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    hand.item("MUG")
    hand.item("CUP")
    return create_app(hand.floor)


class Program:
    """A buyer's program with its token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any = None) -> Any:
        return self._client.post(f"/api/v1{path}", json=body, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)


@pytest.fixture
def buyer(app: Flask, hand: FloorHand) -> Program:
    return Program(app.test_client(), hand.write(lambda tx: setting_up.add_token(tx, "buyer", TokenRole.API)))


def test_a_purchase_order_is_placed_filled_and_closed(buyer: Program, hand: FloorHand) -> None:
    body = {
        "number": "PO-1",
        "supplier": "Potter",
        "lines": [{"sku": "MUG", "qty_each": 5}, {"sku": "CUP", "qty_each": 1}],
    }
    assert buyer.post("/purchase-orders", body).status_code == 201
    assert buyer.post("/purchase-orders", body).status_code == 200
    assert buyer.post("/receipts", {"number": "R1", "purchase_order": "PO-1"}).json["kind"] == "purchase"
    begin(hand)
    hand.scan("DOCK-1", "MUG", 5)
    shown = buyer.get("/purchase-orders/PO-1").json
    assert [line["received_each"] for line in shown["lines"]] == [5, 0]
    assert shown["receipts"] == [{"number": "R1", "state": "open"}]
    assert buyer.get("/purchase-orders?state=open").json["purchase_orders"][0]["received_each"] == 5
    assert buyer.post("/purchase-orders/PO-1/close").json["state"] == "closed"
    assert buyer.get("/purchase-orders/NONE").status_code == 404
    assert buyer.get("/purchase-orders?state=lost").json["field"] == "state"


def test_a_pallet_announced_by_a_program_arrives_in_one_scan(buyer: Program, hand: FloorHand) -> None:
    body = {
        "number": "R1", "received_on": "2026-01-05",
        "units": [
            {"sscc": PALLET, "lines": [{"sku": "MUG", "qty_each": 24, "case_each": 12}]},
            {"sscc": CARTON, "parent_sscc": PALLET, "lines": [{"sku": "CUP", "qty_each": 6}]},
        ],
    }  # fmt: skip
    assert buyer.post("/receipts", body).status_code == 201
    assert buyer.post("/receipts", body).status_code == 200
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.scan("DOCK-1", PALLET)
    hand.say("DOCK-1", "DONE")
    shown = buyer.get("/receipts/R1").json
    assert shown["state"] == "closed"
    assert [(unit["sscc"], unit["state"]) for unit in shown["units"]] == [(PALLET, "arrived"), (CARTON, "arrived")]
    listed = buyer.get("/receipts?state=closed&kind=asn").json
    assert (listed["receipts"][0]["number"], listed["receipts"][0]["received_each"]) == ("R1", 30)
    assert listed["dock_to_stock"] == {"receipts": 0, "p50_hours": None}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"number": "R1"}, 422, "no_lines"),
        ({"number": "R1", "kind": "blind", "lines": []}, 422, "invalid_body"),
        ({"number": "R1", "units": [{"sscc": "1", "lines": [{"sku": "MUG", "qty_each": 1}]}]}, 422, "bad_sscc"),
        ({"number": "R1", "kind": "return", "order": "SO-9"}, 404, "unknown_order"),
        ({"number": "R1", "purchase_order": "PO-9"}, 404, "unknown_purchase_order"),
        ({"number": "R1", "lines": [{"sku": "MUG", "qty_each": 0}]}, 422, "invalid_body"),
        ({"number": "R1", "lines": [{"sku": "MUG", "qty_each": 1}], "colour": "red"}, 422, "invalid_body"),
    ],
)
def test_a_wrong_announcement_is_a_clear_answer(buyer: Program, body: dict[str, Any], status: int, code: str) -> None:
    answer = buyer.post("/receipts", body)
    assert (answer.status_code, answer.json["code"]) == (status, code)


# --- screens -----------------------------------------------------------------------------------------------------


class Screen:
    """A dock's browser without its script."""

    def __init__(self, app: Flask, hand: FloorHand, station: str) -> None:
        self._client, self._station, self._count = app.test_client(), station, 0

        def token(tx: Any) -> str:
            row = tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=station)
            return setting_up.add_token(tx, station, "station", row["id"])

        self._client.get("/enter", query_string={"token": hand.write(token)})

    def scan(self, code: str, qty_each: int | None = None) -> str:
        """The words of the next screen."""
        self._count += 1
        body = {"scan_id": f"{self._station}-{self._count}", "code": code, "occurred_at": AT, "qty_each": qty_each}
        ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        answer = self._client.post(f"/kiosk/{self._station}/scan", json=body, headers=ours)
        assert answer.status_code == 200, answer.text
        return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())

    def say(self, command: str) -> str:
        return self.scan(own_code("C", command))


def test_a_receivers_screens_say_what_is_going_on(app: Flask, buyer: Program, hand: FloorHand) -> None:
    hand.order("SO-1", ("MUG", 2))
    units = [{"sscc": PALLET, "lines": [{"sku": "CUP", "qty_each": 6}]}]
    buyer.post("/receipts", {"number": "R1", "lines": [{"sku": "MUG", "qty_each": 5}], "units": units})
    dock = Screen(app, hand, "DOCK-1")
    dock.scan(own_code("B", "1001"))
    assert "1 receipt waiting" in dock.say("RECEIVE")
    assert "1 pallet announced" in dock.scan(own_code("R", "R1"))
    assert "Supplier sent more" in dock.say("OVER")
    assert "The next goods are more than announced: Supplier sent more" in dock.scan(own_code("Y", "SUPPLIER-OVER"))
    assert "An order waits for this" in dock.scan("MUG", 3)
    assert "On pallet" in dock.say("LPN")
    assert "Goods are missing: close it all the same?" in dock.say("DONE")
    dock.say("BACK")
    dock.scan(PALLET)
    assert "Missing mug MUG 2" in dock.say("DONE")
    dock.say("CONFIRM")


def test_whoever_puts_away_sees_pallets_and_whom_the_goods_are_for(app: Flask, buyer: Program, hand: FloorHand) -> None:
    hand.order("SO-1", ("MUG", 2))
    units = [{"sscc": PALLET, "lines": [{"sku": "CUP", "qty_each": 6}]}]
    buyer.post("/receipts", {"number": "R1", "lines": [{"sku": "MUG", "qty_each": 5}], "units": units})
    begin(hand)
    hand.scan("DOCK-1", PALLET)
    handheld = Screen(app, hand, "HAND-1")
    handheld.scan(own_code("B", "1001"))
    assert f"Pallets here: {PALLET}" in handheld.say("PUTAWAY")
    hand.scan("DOCK-1", "MUG", 5)
    waiting = handheld.scan("MUG")
    assert "An order waits for this: scan an empty tote" in waiting
    assert "Order SO-1 Staging STAGE-1" in waiting
    assert "Take goods from the dock" in handheld.scan(TOTES[0])
