"""Traces and recall lists as programs get them, and what a spreadsheet makes of the list."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TOKEN_PERMISSIONS, Permission, TokenRole
from fulfillment.services.ordering import orders
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services.packing.a_bench import pick_into
from tests.services.tracing.test_trace import goods


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    goods(hand, "MUG", 10, lot="L1", receipt="PO-77")
    evil = orders.OrderIn(
        "SO-1", 1_760_000_000_000, [orders.LineIn("MUG", 2)], orders.ShipTo(name='=HYPERLINK("http://x")', country="GB")
    )
    hand.write(lambda tx: orders.take_in(tx, NOBODY, evil, 100))
    pick_into(hand, "SO-1")
    return hand


class Asker:
    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def get(self, address: str) -> Any:
        return self._client.get(f"/api/v1{address}", headers=self._headers)


@pytest.fixture
def shop(stocked: FloorHand) -> Asker:
    token = stocked.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API))
    return Asker(create_app(stocked.floor).test_client(), token)


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_a_lot_is_traced_to_its_orders(shop: Asker) -> None:
    found = shop.get("/trace?lot=L1").json
    assert found["balanced"] is True
    assert [(order["order"], order["in_totes_each"]) for order in found["orders"]] == [("SO-1", 2)]


def test_the_recall_list_is_a_file_for_a_spreadsheet_and_runs_nothing_in_it(shop: Asker) -> None:
    answer = shop.get("/trace/recall?lot=L1")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    found = rows(answer)
    shown = [(row["where"], row["order"], row["qty_each"]) for row in found]
    assert shown == [("tote", "SO-1", "2"), ("in_house", "", "8")]
    assert found[0]["ship_to_name"] == '\'=HYPERLINK("http://x")'


def test_a_token_that_may_not_read_buyers_gets_no_names(shop: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    less = TOKEN_PERMISSIONS[TokenRole.API] - {Permission.READ_BUYERS}
    monkeypatch.setitem(TOKEN_PERMISSIONS, TokenRole.API, less)
    assert shop.get("/trace?lot=L1").json["orders"][0]["name"] is None
    assert {row["ship_to_name"] for row in rows(shop.get("/trace/recall?lot=L1"))} == {""}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "nothing_asked"), ("?lot=L9", 404, "unknown_lot"), ("?order=SO-9", 404, "unknown_order"),
        ("?sku=" + "x" * 201, 422, "too_long"), ("?parcel=%00", 400, "bad_request"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_a_problem(shop: Asker, query: str, status: int, code: str) -> None:
    for path in ("/trace", "/trace/recall"):
        answer = shop.get(path + query)
        assert (answer.status_code, answer.json["code"]) == (status, code)


def test_an_order_number_of_two_channels_needs_its_channel(shop: Asker, stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 1), channel="web")
    assert shop.get("/trace?order=SO-1").status_code == 409
    assert shop.get("/trace?order=SO-1&channel=web").json["balanced"] is True


def test_a_station_may_not_look(stocked: FloorHand) -> None:
    token = stocked.write(lambda tx: setting_up.add_token(tx, "kiosk", TokenRole.STATION))
    asker = Asker(create_app(stocked.floor).test_client(), token)
    assert asker.get("/trace?lot=L1").status_code == 403


def test_the_interface_says_that_the_list_is_csv(shop: Asker) -> None:
    document = shop.get("/openapi.json").json
    assert list(document["paths"]["/api/v1/trace/recall"]["get"]["responses"]["200"]["content"]) == ["text/csv"]
    assert list(document["paths"]["/api/v1/trace"]["get"]["responses"]["200"]["content"]) == ["application/json"]
