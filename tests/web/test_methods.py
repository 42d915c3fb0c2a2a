"""Methods an address does not take: 405 with those it takes, as the interface's description lists them."""

from __future__ import annotations

import re

import pytest

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "TRACE")
pytestmark = pytest.mark.engine("sqlite")


def test_every_method_the_description_does_not_list_is_a_405_that_names_those_it_does(hand: FloorHand) -> None:
    """Whoever asks: what the open description tells everybody needs no permission first."""
    client = create_app(hand.floor).test_client()
    for path, listed in client.get("/api/v1/openapi.json").get_json()["paths"].items():
        address, wrong = re.sub(r"\{\w+\}", "1", path), set(METHODS) - {method.upper() for method in listed}
        for method in wrong:
            answer = client.open(address, method=method)
            assert (answer.status_code, answer.mimetype) == (405, "application/problem+json"), (method, path)
            allowed = set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
            assert allowed == {one.upper() for one in listed}, (method, path)


def test_options_lists_what_the_description_lists(hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "ours", TokenRole.ADMIN))
    client = create_app(hand.floor).test_client()
    for path, listed in client.get("/api/v1/openapi.json").get_json()["paths"].items():
        answer = client.options(re.sub(r"\{\w+\}", "1", path), headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 200:  # not a scan's: that is the station's
            assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == {one.upper() for one in listed}


def test_an_answer_without_content_has_no_type(hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "ours", TokenRole.ADMIN))
    client, header = create_app(hand.floor).test_client(), {"Authorization": f"Bearer {token}"}
    hand.item("MUG")
    face = {"sku": "MUG", "min_each": 1, "max_each": 20}
    assert client.put("/api/v1/pick-faces/A01-02-1", json=face, headers=header).status_code == 201
    gone = client.delete("/api/v1/pick-faces/A01-02-1", headers=header)
    assert (gone.status_code, gone.data, gone.content_type) == (204, b"", None)
    told = client.get("/api/v1/openapi.json").get_json()["paths"]["/api/v1/pick-faces/{location}"]["delete"]
    assert "content" not in told["responses"]["204"]
