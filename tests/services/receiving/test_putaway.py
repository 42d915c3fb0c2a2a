"""Rules of putting away: every unit finds a place where older goods stay reachable."""

from __future__ import annotations

import random
from typing import Any

import pytest

from fulfillment.domain.putaway import check_putaway, class_distance, travel_dm
from fulfillment.domain.reasons import Refused
from fulfillment.hot import Tx
from fulfillment.services.stock import storing
from tests.factories import FloorHand
from tests.services.acts import at

pytestmark = pytest.mark.usefixtures("book_is_right")


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
        assert dock.answer["expected"] == "A02-01-1"
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


# --- zone, class, height, velocity, pick faces -----------------------------------------------------------


def set_place(hand: FloorHand, code: str, **values: Any) -> None:
    sets = ", ".join(f"{column} = :{column}" for column in values)
    hand.write(lambda tx: tx.run(f"UPDATE location SET {sets} WHERE warehouse_id = :w AND code = :c", c=code, **values))


def set_item(hand: FloorHand, sku: str, **values: Any) -> None:
    sets = ", ".join(f"{column} = :{column}" for column in values)
    hand.write(lambda tx: tx.run(f"UPDATE item SET {sets} WHERE warehouse_id = :w AND sku = :s", s=sku, **values))


def face(hand: FloorHand, sku: str, code: str, max_each: int) -> None:
    def work(tx: Tx) -> None:
        item = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = :s", s=sku)["id"]
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=code)["id"]
        tx.insert("pick_face", item_id=item, location_id=place, min_each=1, max_each=max_each)

    hand.write(work)


def test_goods_of_a_zone_are_sent_into_it_and_refused_elsewhere(dock: FloorHand) -> None:
    set_item(dock, "MUG", zone="P1")
    set_place(dock, "A02-02-1", zone="P1")
    assert take(dock)["code"] == "A02-02-1"
    assert put(dock, "A01-01-1") == "wrong_zone"
    assert dock.answer["expected"] == "A02-02-1"
    assert put(dock, "A02-02-1") is None


def test_goods_of_a_class_only_go_where_that_class_is_kept(dock: FloorHand) -> None:
    dock.write(lambda tx: tx.insert("zone", code="A", storage_classes="general"))
    dock.write(lambda tx: tx.insert("zone", code="0", storage_classes="general"))
    set_item(dock, "MUG", storage_class="flammable")
    assert take(dock)["code"] == "P01-01-1"
    set_place(dock, "A01-01-1", zone="A")
    assert put(dock, "A01-01-1") == "wrong_zone"
    assert put(dock, "P01-01-1") is None


def test_what_is_too_tall_is_refused_and_sent_where_it_can_stand(dock: FloorHand) -> None:
    for code in ("A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1"):
        set_place(dock, code, height_mm=99)
    assert take(dock)["code"] == "A02-02-1"
    assert put(dock, "A01-01-1") == "too_high"
    assert dock.answer["expected"] == "A02-02-1"
    assert put(dock, "A02-02-1") is None


def test_a_refused_scan_names_a_place_that_would_do(dock: FloorHand) -> None:
    dock.stock("MUG", 1, "P01-01-1", "2026-01-01")
    dock.stock("CUP", 1, "A01-01-1")
    place = take(dock)["code"]
    for code, why in (("P01-01-1", "would_bury_older"), ("A01-01-1", "mixed_item"), ("STAGE-1", "not_storage")):
        assert put(dock, code) == why
        assert dock.answer["expected"] == place
    assert put(dock, place) is None


def test_when_the_place_proposed_turns_out_taken_another_is_named(dock: FloorHand) -> None:
    place = take(dock)["code"]
    dock.stock("CUP", 1, place)
    assert put(dock, place) == "mixed_item"
    other = dock.answer["expected"]
    assert other != place
    assert dock.step()["fields"]["location"]["code"] == other  # and it is claimed: nobody else is sent there
    assert put(dock, other) is None


def test_a_place_refused_by_mistake_leaves_the_one_proposed_claimed(dock: FloorHand) -> None:
    dock.stock("CUP", 1, "A01-01-1")
    place = take(dock)["code"]
    assert put(dock, "A01-01-1") == "mixed_item"
    assert dock.step()["fields"]["location"]["code"] == place


def test_fast_goods_are_sent_to_a_fast_place_though_it_is_farther(dock: FloorHand) -> None:
    set_item(dock, "MUG", velocity="A")
    set_place(dock, "A01-03-1", velocity="A")
    set_place(dock, "A02-01-1", velocity="C")
    assert take(dock)["code"] == "A01-03-1"


def test_goods_are_sent_to_the_place_nearest_to_where_they_lie(dock: FloorHand) -> None:
    assert take(dock)["code"] == "A02-01-1"  # right before the dock at x 35


def test_an_items_own_empty_pick_face_comes_first_to_its_measure_and_nobody_elses_does(dock: FloorHand) -> None:
    face(dock, "MUG", "A01-03-1", 3)
    face(dock, "CUP", "A02-01-1", 3)
    assert take(dock)["code"] == "A01-03-1"
    assert dock.step()["fields"]["qty_each"] == 3
    assert put(dock, "A01-03-1") is None
    assert take(dock)["code"] == "A02-03-3"  # the rest to reserve
    assert put(dock, "A02-03-3") is None


def test_while_older_goods_wait_in_reserve_newer_ones_join_them_there(dock: FloorHand) -> None:
    face(dock, "MUG", "A01-03-1", 3)
    set_place(dock, "A02-03-3", capacity_ml=90_000)
    dock.stock("MUG", 1, "A02-03-3", "2026-01-01")
    assert take(dock)["code"] == "A02-03-3"


@pytest.mark.parametrize("seed", range(25))
def test_the_place_fetched_is_the_best_of_all_empty_ones(hand: FloorHand, seed: int) -> None:
    """Only the nearest few are fetched: their order in SQL must be the order of the rules."""
    draw = random.Random(seed)

    def work(tx: Tx) -> None:
        item = tx.insert(
            "item", sku="NEW", sku_key="NEW", length_mm=100, width_mm=100, height_mm=draw.randint(0, 300),
            weight_g=200, velocity=draw.choice(["", "A", "B", "C"]),
            zone=draw.choice(["", "", "A", "P"]),
            storage_class=draw.choice(["", "food"]),
        )  # fmt: skip
        receipt = tx.insert("receipt", number="N", received_on="2026-01-01", content_sha256="", created_at_ms=0)
        layer = tx.insert("layer", item_id=item, receipt_id=receipt, received_on="2026-01-01", created_at_ms=0)
        tx.insert("zone", code="A", storage_classes=draw.choice(["*", "food", "general food"]))
        storage = tx.all("SELECT * FROM location WHERE warehouse_id = :w AND kind IN ('bin', 'reserve', 'flow_rack')")
        for row in storage:
            tx.run(
                "UPDATE location SET velocity = :v, height_mm = :h, capacity_ml = :ml WHERE warehouse_id = :w"
                " AND id = :id",
                id=row["id"], v=draw.choice(["", "A", "B", "C"]),
                h=draw.choice([0, 100, 300]), ml=draw.choice([0, 3_000, 90_000]),
            )  # fmt: skip
        goods = storing.arriving_layer(tx, layer)
        start = (35, 0)
        places = []
        for row in storage:
            one = storing.storage_at(tx, row["id"])
            if check_putaway(one, goods, 5) is None:
                kind = ("bin", "flow_rack", "reserve").index(one.kind)
                travel = travel_dm(row["x_dm"], row["y_dm"], row["level"], *start)
                places.append((kind, class_distance(one.velocity, goods.velocity), travel, one.code))
        try:
            found, qty_each = storing.propose(tx, goods, 5)
        except Refused:
            assert places == []
        else:
            code = tx.one("SELECT code FROM location WHERE warehouse_id = :w AND id = :id", id=found)["code"]
            assert qty_each < 5 or code == min(places)[3]
            assert check_putaway(storing.storage_at(tx, found), goods, qty_each) is None

    hand.write(work)
