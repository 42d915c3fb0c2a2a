"""Which items may go instead of others, as a program says it; an order says whether it allows them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand

ORDER = {"number": "A", "ordered_at": "2026-01-01T09:00:00+00:00", "lines": [{"sku": "MUG", "qty_each": 1}]}


@pytest.fixture
def client(hand: FloorHand) -> FlaskClient:
    hand.item("MUG")
    hand.item("CUP", name="Cup, red")
    token = hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API))
    client = create_app(hand.floor).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def ask(client: FlaskClient, method: str, path: str, body: Any = None) -> Any:
    return client.open(f"/api/v1{path}", method=method, json=body)


def test_the_list_of_an_item_is_the_programs_word(client: FlaskClient) -> None:
    assert ask(client, "PUT", "/items/MUG/substitutes", {"substitutes": ["CUP"]}).status_code == 200
    known = {"sku": "MUG", "substitutes": [{"sku": "CUP", "name": "Cup, red", "rank": 1}]}
    assert ask(client, "GET", "/items/MUG/substitutes").json == known
    assert ask(client, "PUT", "/items/MUG/substitutes", {"substitutes": []}).json["substitutes"] == []


def test_what_makes_no_sense_changes_nothing(client: FlaskClient) -> None:
    ask(client, "PUT", "/items/MUG/substitutes", {"substitutes": ["CUP"]})
    for substitutes, status in ((["MUG"], 422), (["NONE"], 404), (["CUP", "cup"], 422)):
        assert ask(client, "PUT", "/items/MUG/substitutes", {"substitutes": substitutes}).status_code == status
    assert len(ask(client, "GET", "/items/MUG/substitutes").json["substitutes"]) == 1
    assert ask(client, "GET", "/items/NONE/substitutes").status_code == 404


def test_an_order_allows_substitutes_only_when_it_says_so(client: FlaskClient) -> None:
    assert ask(client, "POST", "/orders", ORDER).json["may_substitute"] is False
    assert ask(client, "PATCH", "/orders/A", {"may_substitute": True}).json["may_substitute"] is True
    other = {**ORDER, "number": "B", "may_substitute": True}
    assert ask(client, "POST", "/orders", other).json["may_substitute"] is True
    assert ask(client, "POST", "/orders", other).status_code == 200
