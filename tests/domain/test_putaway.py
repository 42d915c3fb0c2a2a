"""Rules of where goods may go: storage, one item a location, room, nothing older buried."""

from __future__ import annotations

import pytest

from fulfillment.domain.fifo import Layer
from fulfillment.domain.putaway import Arriving, Present, Storage, check_putaway, room_each

JAN, FEB = Layer(1, "2026-01-01"), Layer(2, "2026-02-01")
GOODS = Arriving(item_id=7, layer=FEB, volume_ml=1000, weight_g=200)


def place(
    *present: Present, kind: str = "bin", access: str = "any", capacity_ml: int = 0, max_weight_g: int = 0
) -> Storage:
    return Storage("A01", kind, access, capacity_ml, max_weight_g, present)


def lying(qty_each: int = 1, item_id: int = 7, layer: Layer = JAN) -> Present:
    return Present(item_id, layer, 1000 * qty_each, 200 * qty_each)


def why_not(storage: Storage, qty_each: int = 1) -> str | None:
    rejected = check_putaway(storage, GOODS, qty_each)
    return None if rejected is None else rejected.code


@pytest.mark.parametrize("kind", ["staging", "dock", "station", "ship_lane", "cart", "virtual"])
def test_only_storage_takes_goods(kind: str) -> None:
    assert why_not(place(kind=kind)) == "not_storage"


@pytest.mark.parametrize("kind", ["bin", "reserve", "flow_rack"])
def test_every_kind_of_storage_takes_goods(kind: str) -> None:
    assert why_not(place(kind=kind)) is None


def test_a_location_holds_one_item() -> None:
    assert why_not(place(lying(item_id=8))) == "mixed_item"


def test_the_rules_of_age_hold() -> None:
    assert why_not(place(lying(layer=JAN), access="lifo")) == "would_bury_older"
    assert why_not(place(lying(layer=JAN), access="fifo")) is None


@pytest.mark.parametrize(
    ("storage", "room"),
    [
        (place(capacity_ml=5_000), 5),
        (place(lying(3), capacity_ml=5_000), 2),
        (place(max_weight_g=1_000), 5),
        (place(lying(3), capacity_ml=5_000, max_weight_g=700), 0),
        (place(lying(9), capacity_ml=5_000), 0),
    ],
)
def test_room_is_what_volume_and_weight_leave(storage: Storage, room: int) -> None:
    assert room_each(storage, GOODS) == room
    assert why_not(storage, room + 1) == "location_full"
    if room:
        assert why_not(storage, room) is None


def test_a_piece_too_big_for_any_place_goes_alone_into_an_empty_one() -> None:
    assert room_each(place(capacity_ml=500), GOODS) == 1
    assert why_not(place(capacity_ml=500), 2) == "location_full"


def test_goods_nobody_measured_always_fit() -> None:
    unknown = Arriving(7, FEB, volume_ml=0, weight_g=0)
    assert check_putaway(place(lying(3), capacity_ml=1, max_weight_g=1), unknown, 10_000) is None
