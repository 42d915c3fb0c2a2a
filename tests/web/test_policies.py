"""Zones, policies and the audit over HTTP: what is said holds from then on, and can be read back."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.services.verifying import audit
from tests.factories import FloorHand


class Caller:
    """A program with a token."""

    def __init__(self, hand: FloorHand, role: str) -> None:
        token = hand.write(lambda tx: setting_up.add_token(tx, role, role))
        self._client = create_app(hand.floor).test_client()
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)

    def put(self, path: str, body: Any) -> Any:
        return self._client.put(f"/api/v1{path}", json=body, headers=self._headers)


@pytest.fixture
def admin(hand: FloorHand) -> Caller:
    hand.item("MUG")
    return Caller(hand, TokenRole.ADMIN)


def test_a_zone_is_described_and_read_back(admin: Caller) -> None:
    body = {"name": "Cold room", "rotation": "fefo", "tolerance_days": 7, "storage_classes": "Food general"}
    assert admin.put("/zones/COLD", body).status_code == 201
    answer = admin.put("/zones/COLD", body)
    assert (answer.status_code, answer.json) == (
        200,
        {
            "code": "COLD", "name": "Cold room", "rotation": "fefo", "tolerance_days": 7,
            "storage_classes": "food general", "pick_order": 0, "hand_over": "", "locations": 0, "items": 0,
        },
    )  # fmt: skip
    assert admin.get("/zones/COLD").json == answer.json


def test_zones_of_locations_are_listed_though_nobody_described_them(admin: Caller) -> None:
    zones = {zone["code"]: zone for zone in admin.get("/zones").json["zones"]}
    assert zones["F"]["locations"] == 1
    assert zones["F"]["storage_classes"] == "*"
    assert admin.get("/zones/NOWHERE").status_code == 404


@pytest.mark.parametrize(
    ("code", "body", "wrong"),
    [
        ("A", {"rotation": "best"}, "bad_body"),
        ("A", {"tolerance_days": -1}, "bad_body"),
        ("A", {"storage_classes": " "}, "bad_storage_classes"),
        ("A", {"storage_classes": "food!"}, "bad_storage_classes"),
        ("A" * 21, {}, "bad_code"),
    ],
)
def test_a_zone_that_makes_no_sense_is_refused(admin: Caller, code: str, body: Any, wrong: str) -> None:
    answer = admin.put(f"/zones/{code}", body)
    assert answer.status_code in (400, 422)
    assert answer.json["code"] == wrong or wrong == "bad_body"


def test_an_items_policy_is_its_own_word_else_its_zones(admin: Caller, hand: FloorHand) -> None:
    admin.put("/zones/A", {"rotation": "lifo", "tolerance_days": 3})
    answer = admin.put("/items/mug/policy", {"zone": "A", "velocity": "A", "min_life_days": 30}).json
    assert answer["policy"] == {
        "rotation": "lifo", "tolerance_days": 3, "min_life_days": 30, "own_rotation": "", "own_tolerance_days": None,
    }  # fmt: skip
    answer = admin.put("/items/MUG/policy", {"zone": "A", "rotation": "fifo", "tolerance_days": 0}).json
    assert (answer["policy"]["rotation"], answer["policy"]["tolerance_days"]) == ("fifo", 0)
    assert [(entry["rotation"], entry["min_life_days"]) for entry in answer["history"]] == [
        ("fifo", 0), ("lifo", 30), ("fifo", 0),
    ]  # fmt: skip
    assert admin.get("/items/MUG").json == answer


def test_a_policy_for_what_does_not_exist_is_refused(admin: Caller) -> None:
    assert admin.put("/items/NONE/policy", {}).json["code"] == "unknown_sku"
    assert admin.put("/items/MUG/policy", {"zone": "NOWHERE"}).json["code"] == "unknown_zone"
    assert admin.put("/items/MUG/policy", {"storage_class": "two words"}).json["code"] == "bad_storage_class"
    assert admin.put("/items/MUG/policy", {"velocity": "D"}).status_code in (400, 422)
    assert admin.get("/items/NONE").status_code == 404


def test_only_who_sets_up_may_change_what_goods_go_by(admin: Caller, hand: FloorHand) -> None:
    shop = Caller(hand, TokenRole.API)
    assert shop.put("/zones/A", {}).status_code == 403
    assert shop.put("/items/MUG/policy", {}).status_code == 403
    assert shop.get("/items/MUG").status_code == 200


def test_the_audit_is_what_the_service_says(admin: Caller, hand: FloorHand) -> None:
    hand.stock("MUG", 5, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 5, "A02-01-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    hand.write(audit.plant_fifo_break)
    answer = admin.get("/fifo-audit").json
    assert (answer["ok"], [one["kind"] for one in answer["violations"]]) == (False, ["passed_over"])
    assert answer == hand.floor.read(audit.fifo_audit)
