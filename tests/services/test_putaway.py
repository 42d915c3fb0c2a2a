"""Rules of putting away: every unit finds a place where older goods stay reachable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import FloorHand
from tests.services.acts import at, wrong


@pytest.fixture(autouse=True)
def _book_is_right(hand: FloorHand) -> Iterator[None]:
    """Whatever a test does, the book must agree with itself afterwards."""
    yield
    assert wrong(hand) == []


@pytest.fixture
def dock(hand: FloorHand) -> FloorHand:
    """Five MUG of February at the dock, somebody who puts away at HAND-1."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 5, "DOCK-1", "2026-02-01")
    hand.sign_in("HAND-1", "PUTAWAY")
    return hand


def take(hand: FloorHand, sku: str = "MUG", station: str = "HAND-1") -> dict[str, Any]:
    """Pick goods up; the place proposed."""
    return hand.scan(station, sku)["step"]["fields"]["location"]


def put(hand: FloorHand, location: str, qty_each: int | None = None) -> str | None:
    return hand.scan("HAND-1", at(location), qty_each).get("code")


def test_goods_are_taken_up_and_put_where_the_screen_says(dock: FloorHand) -> None:
    place = take(dock)
    assert dock.step()["fields"]["qty_each"] == 5
    assert dock.scan("HAND-1", place["barcode"])["step"]["state"] == "item"
    assert dock.on_hand(place["code"], "MUG") == 5
    assert dock.on_hand("DOCK-1") == 0


def test_a_part_may_go_elsewhere(dock: FloorHand) -> None:
    take(dock)
    assert put(dock, "A01-03-1", 2) is None
    assert dock.step()["fields"]["qty_each"] == 3
    assert put(dock, "A02-01-1") is None
    assert (dock.on_hand("A01-03-1"), dock.on_hand("A02-01-1")) == (2, 3)


def test_more_than_is_in_the_hand_is_too_many(dock: FloorHand) -> None:
    take(dock)
    assert put(dock, "A01-03-1", 6) == "too_many"


def test_nothing_of_the_item_waits_here(dock: FloorHand) -> None:
    dock.scan("HAND-1", "CUP")
    assert dock.answer["code"] == "nothing_here"


def test_one_item_a_location(dock: FloorHand) -> None:
    dock.stock("CUP", 1, "A01-02-1")
    take(dock)
    assert put(dock, "A01-02-1") == "mixed_item"


@pytest.mark.parametrize("place", ["STAGE-1", "DOCK-1", "BENCH-1", "LANE-EU", "CART-0001"])
def test_goods_go_into_storage_only(dock: FloorHand, place: str) -> None:
    take(dock)
    assert put(dock, place) == "not_storage"


def test_a_flow_rack_takes_newer_goods_behind_older_ones(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "F01-01-1", "2026-01-01")
    take(dock)
    assert put(dock, "F01-01-1") is None


def test_a_flow_rack_refuses_goods_older_than_those_in_front(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "F01-01-1", "2026-03-01")
    take(dock)
    assert put(dock, "F01-01-1") == "would_bury_older"


def test_a_push_back_rack_refuses_newer_goods_in_front_of_older_ones(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "P01-01-1", "2026-01-01")
    take(dock)
    assert put(dock, "P01-01-1") == "would_bury_older"


def test_a_push_back_rack_takes_goods_as_old_as_those_behind(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "P01-01-1", "2026-02-01")
    take(dock)
    assert put(dock, "P01-01-1") is None


def test_a_shelf_takes_any_age_beside_any_other(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "A01-01-1", "2026-03-01")
    take(dock)
    assert put(dock, "A01-01-1") is None


def test_a_full_location_is_refused_by_volume_and_by_weight(dock: FloorHand) -> None:
    for code, column, value in (("A01-02-1", "capacity_ml", 4_000), ("A01-03-1", "max_weight_g", 800)):
        dock.write(
            lambda tx, column=column, value=value, code=code: tx.run(
                f"UPDATE location SET {column} = :v WHERE warehouse_id = :w AND code = :c", v=value, c=code
            )
        )
    take(dock)
    for code in ("A01-02-1", "A01-03-1"):
        assert put(dock, code) == "location_full"
        assert dock.answer["expected"] == "4"
    assert put(dock, "A01-03-1", 4) is None
    assert put(dock, "A01-02-1") is None


def test_two_people_are_never_sent_to_one_empty_place(dock: FloorHand) -> None:
    dock.stock("CUP", 3, "DOCK-1")
    first = take(dock)
    dock.sign_in("HAND-2", "PUTAWAY", "1002")
    second = take(dock, "CUP", "HAND-2")
    assert second["code"] != first["code"]
    dock.scan("HAND-2", first["barcode"])
    assert dock.answer["code"] == "location_full"


def test_what_is_in_somebodys_hand_is_not_taken_twice(dock: FloorHand) -> None:
    take(dock)
    dock.sign_in("HAND-2", "PUTAWAY", "1002")
    assert dock.step()["fields"]["next"] is None
    dock.scan("HAND-2", "MUG")
    assert dock.answer["code"] == "nothing_here"


def test_back_lays_the_goods_down_and_frees_the_place(dock: FloorHand) -> None:
    take(dock)
    dock.say("HAND-1", "HOME")
    assert dock.answer["code"] == "finish_first"
    assert dock.say("HAND-1", "BACK")["step"]["state"] == "item"
    assert dock.step()["fields"]["next"]["qty_each"] == 5
    assert dock.on_hand("DOCK-1") == 5


def test_the_oldest_layer_at_the_dock_is_taken_first(dock: FloorHand) -> None:
    dock.stock("MUG", 4, "DOCK-1", "2026-01-01")
    take(dock)
    assert dock.step()["fields"]["received_on"] == "2026-01-01"


def test_a_second_layer_goes_to_reserve_when_the_pick_face_is_stocked(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "A01-01-1", "2026-01-01")
    assert take(dock)["code"] == "A02-03-3"


def test_a_full_warehouse_says_so(dock: FloorHand) -> None:
    for code in ("A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1", "A02-02-1", "A02-03-3", "F01-01-1", "P01-01-1"):
        dock.stock("CUP", 1, code)
    dock.scan("HAND-1", "MUG")
    assert dock.answer["code"] == "location_full"
