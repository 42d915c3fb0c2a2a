"""Rules of where goods may go: storage, one item a location, room, nothing older buried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.fifo import Layer, Policy, Rotation
from fulfillment.domain.putaway import (
    Arriving,
    Candidate,
    Present,
    Storage,
    accepts_class,
    check_putaway,
    choose,
    class_distance,
    room_each,
    travel_dm,
)

JAN, FEB, MAR = Layer(1, "2026-01-01"), Layer(2, "2026-02-01"), Layer(3, "2026-03-01")
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


# --- zone, class, height -----------------------------------------------------------------------------------


def test_an_item_of_a_zone_goes_into_that_zone_only() -> None:
    cold = replace(GOODS, zone="COLD")
    assert check_putaway(replace(place(), zone="COLD"), cold, 1) is None
    wrong = check_putaway(replace(place(), zone="PICK"), cold, 1)
    assert wrong is not None
    assert (wrong.code, wrong.expected) == ("wrong_zone", "zone COLD")
    assert check_putaway(replace(place(), zone="PICK"), GOODS, 1) is None


@pytest.mark.parametrize(
    ("storage_classes", "storage_class", "is_taken"),
    [
        ("*", "", True),
        ("*", "flammable", True),
        ("general food", "", True),
        ("food", "", False),
        ("flammable", "Flammable", True),
        ("general", "flammable", False),
        ("flammables", "flammable", False),
    ],
)
def test_a_zone_takes_the_classes_it_lists(storage_classes: str, storage_class: str, is_taken: bool) -> None:
    assert accepts_class(storage_classes, storage_class) is is_taken
    goods = replace(GOODS, storage_class=storage_class)
    wrong = check_putaway(replace(place(), storage_classes=storage_classes), goods, 1)
    assert (wrong is None) is is_taken
    assert wrong is None or wrong.code == "wrong_zone"


def test_goods_stand_upright_below_the_next_beam() -> None:
    tall = replace(GOODS, height_mm=401)
    wrong = check_putaway(replace(place(), height_mm=400), tall, 1)
    assert wrong is not None
    assert (wrong.code, wrong.expected, wrong.got) == ("too_high", "401 mm", "400 mm")
    assert check_putaway(replace(place(), height_mm=401), tall, 1) is None
    assert check_putaway(replace(place(), height_mm=0), tall, 1) is None
    assert check_putaway(replace(place(), height_mm=1), GOODS, 1) is None  # nobody measured them


# --- the best of the places that would do ------------------------------------------------------------------


def candidate(code: str, *present: Present, face_each: int = 0, travel: int = 0, **values: Any) -> Candidate:
    storage = Storage(code, values.pop("kind", "bin"), values.pop("access", "any"), 0, 0, present, **values)
    return Candidate(abs(hash(code)) % 10_000, storage, travel, face_each)


def best(*candidates: Candidate, goods: Arriving = GOODS, qty_each: int = 5) -> str | None:
    lying = [one.storage for one in candidates if one.storage.present]
    chosen = choose(candidates, goods, qty_each, lying)
    return None if chosen is None else chosen[0].storage.code


def test_goods_are_added_to_their_like_before_a_place_is_opened() -> None:
    assert best(candidate("EMPTY"), candidate("HERE", lying(3), travel=9_000)) == "HERE"


def test_goods_of_the_same_age_are_added_to_before_goods_of_another() -> None:
    assert best(candidate("OTHER", lying(layer=JAN)), candidate("SAME", lying(layer=FEB), travel=900)) == "SAME"


def test_all_in_one_place_goes_before_a_part_in_each() -> None:
    tight = candidate("TIGHT", lying(1))
    tight = replace(tight, storage=replace(tight.storage, capacity_ml=3_000))
    assert best(tight, candidate("EMPTY", travel=900)) == "EMPTY"


def test_a_first_layer_opens_a_pick_face_and_a_later_one_reserve() -> None:
    above = candidate("ABOVE", kind="reserve")
    assert best(above, candidate("FACE", travel=900)) == "FACE"
    full = candidate("FULL", lying(3))
    full = replace(full, storage=replace(full.storage, capacity_ml=3_000))
    assert best(full, candidate("FACE"), replace(above, travel_dm=900)) == "ABOVE"


def test_an_empty_pick_face_of_its_own_is_filled_first_and_to_its_measure() -> None:
    faces = [candidate("OWN", face_each=4, travel=900), candidate("NEAR")]
    chosen = choose(faces, GOODS, 10)
    assert chosen is not None
    assert (chosen[0].storage.code, chosen[1]) == ("OWN", 4)


def test_newer_goods_do_not_jump_the_queue_before_older_ones_in_reserve() -> None:
    """What lies in the pick face is at hand: it must not be younger than what still waits above."""
    above = candidate("ABOVE", lying(9, layer=JAN), kind="reserve", access="fifo")
    above = replace(above, storage=replace(above.storage, max_weight_g=1_800))
    own = candidate("OWN", face_each=10)
    assert best(above, own, candidate("OTHER", kind="reserve", travel=900)) == "OTHER"
    assert best(above, own, candidate("OTHER", kind="reserve"), goods=replace(GOODS, layer=JAN)) == "OWN"


def test_fast_goods_go_to_fast_places_and_unclassed_before_wrong_ones() -> None:
    places = [candidate(code, velocity=code[:1].strip("-")) for code in ("A1", "B1", "C1", "-1")]
    for velocity, order in (("A", ["A1", "-1", "B1", "C1"]), ("C", ["C1", "-1", "B1", "A1"])):
        left = list(places)
        for code in order:
            assert best(*left, goods=replace(GOODS, velocity=velocity)) == code
            left = [one for one in left if one.storage.code != code]
    assert class_distance("", "") == 0


def test_between_equals_the_nearest() -> None:
    assert best(candidate("FAR", travel=200), candidate("NEAR", travel=100)) == "NEAR"
    assert travel_dm(30, 40, 1, 0, 0) == 170
    assert travel_dm(0, 0, 2, 0, 0) > travel_dm(0, 90, 1, 0, 0)


def test_nothing_is_proposed_that_would_be_refused() -> None:
    assert best(candidate("LANE", lying(layer=JAN), access="lifo")) is None
    assert best(candidate("DOCK", kind="dock")) is None


PLACES = st.builds(
    Candidate, st.integers(1, 9),
    st.builds(
        Storage, st.text("AB", min_size=1, max_size=3), st.sampled_from(["bin", "reserve", "flow_rack", "dock"]),
        st.sampled_from(["any", "fifo", "lifo"]), st.integers(0, 20_000), st.integers(0, 4_000),
        st.lists(
            st.builds(Present, st.sampled_from([7, 8]), st.sampled_from([JAN, FEB, MAR]), st.just(1000), st.just(200)),
            max_size=3,
        ).map(tuple),
        st.integers(0, 300), st.sampled_from(["", "COLD"]), st.sampled_from(["*", "general", "food"]),
        st.sampled_from(["", "A", "B", "C"]),
    ),
    st.integers(0, 500), st.integers(0, 8),
)  # fmt: skip


@given(
    places=st.lists(PLACES, max_size=6), qty_each=st.integers(1, 30), zone=st.sampled_from(["", "COLD"]),
    rotation=st.sampled_from(list(Rotation)), storage_class=st.sampled_from(["", "food"]),
)  # fmt: skip
def test_whatever_is_proposed_passes_the_check(
    places: list[Candidate], qty_each: int, zone: str, rotation: str, storage_class: str
) -> None:
    goods = replace(GOODS, zone=zone, storage_class=storage_class, height_mm=150, policy=Policy(rotation))
    lying_at = [one.storage for one in places if one.storage.present and one.storage.kind != "dock"]
    chosen = choose(places, goods, qty_each, lying_at)
    if chosen is not None:
        assert 0 < chosen[1] <= qty_each
        assert check_putaway(chosen[0].storage, goods, chosen[1]) is None
    else:
        assert all(check_putaway(one.storage, goods, 1) is not None for one in places)
