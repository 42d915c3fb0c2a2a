"""Cartons on the floor: proposed once an order is released, shown at the bench, taken or changed by the packer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx
from fulfillment.services.ordering import orders, substitutes
from fulfillment.services.packing import carton_proposals, cartons, parcels
from fulfillment.services.records import retention
from fulfillment.services.releasing import late_orders, planning
from fulfillment.services.touring import shorts
from fulfillment.services.working import jobs
from tests.factories import NOBODY, FloorHand
from tests.services import acts


def carton(code: str) -> str:
    """The barcode of a carton type."""
    return own_code("P", code)


def propose(hand: FloorHand, *numbers: str) -> None:
    ids = [hand.one("SELECT id FROM sales_order WHERE number = :n", n=number)["id"] for number in numbers]
    carton_proposals.propose(hand.floor, ids)


def proposal(hand: FloorHand, number: str) -> dict[str, Any]:
    return hand.write(lambda tx: cartons.proposal(tx, number))


def at_the_bench(hand: FloorHand, tote: int = 0) -> dict[str, Any]:
    """Sign in at the bench and open a tote."""
    if hand.scan("BENCH-1", own_code("B", "1001"))["step"]["flow"] != "pack":
        hand.say("BENCH-1", "PACK")
    return hand.scan("BENCH-1", acts.TOTES[tote])


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    hand.item("MUG", name="Mug, blue", length_mm=120, width_mm=90, height_mm=100, weight_g=350)
    hand.item("BRICK", name="Brick", length_mm=250, width_mm=120, height_mm=80, weight_g=3_000)
    hand.item("LAMP", name="Floor lamp", length_mm=1_600, width_mm=300, height_mm=300, weight_g=6_000)
    hand.item("BAG", name="Bag", length_mm=0, width_mm=0, height_mm=0, weight_g=0)
    for sku, place in (("MUG", "A01-01-1"), ("BRICK", "A01-03-1"), ("LAMP", "A02-02-1"), ("BAG", "A01-02-1")):
        hand.stock(sku, 100, place)
    return hand


# --- proposed beside the floor ---------------------------------------------------------------------------------


def test_a_released_order_gets_its_cartons_from_the_planner(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6))
    acts.release(stocked)
    while jobs.run_next(stocked.floor, planning.kinds(1)):
        pass
    found = proposal(stocked, "S1")
    assert (found["cartons"], found["bound_cartons"]) == (1, 1)
    [one] = found["proposed"]
    assert one["lines"] == [{"sku": "MUG", "name": "Mug, blue", "qty_each": 6}]
    assert one["weight_g"] == 6 * 350 + tare(stocked, one["carton"])
    assert "6 × Mug, blue" in one["picture"]


def test_a_large_wave_is_proposed_in_parts_so_that_others_get_their_turn(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carton_proposals, "ORDERS_A_JOB", 2)
    for number in range(1, 6):
        stocked.order(f"S{number}", ("MUG", 1))
    acts.release(stocked)
    kinds = planning.kinds(1)
    assert jobs.run_next(stocked.floor, kinds)
    assert stocked.one("SELECT COUNT(*) AS n FROM carton_proposal")["n"] == 2
    while jobs.run_next(stocked.floor, kinds):
        pass
    assert stocked.one("SELECT COUNT(*) AS n FROM carton_proposal")["n"] == 5


def test_an_order_that_joins_a_wave_late_gets_its_cartons_too(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 1))
    wave = acts.release(stocked)
    stocked.order("S2", ("BRICK", 1))
    stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["S2"]))
    while jobs.run_next(stocked.floor, planning.kinds(1)):
        pass
    assert proposal(stocked, "S2")["cartons"] == 1


def work_off(hand: FloorHand) -> None:
    while jobs.run_next(hand.floor, planning.kinds(1)):
        pass


def proposed_units(hand: FloorHand, number: str) -> dict[str, int]:
    units: dict[str, int] = {}
    for one in proposal(hand, number)["proposed"]:
        for line in one["lines"]:
            units[line["sku"]] = units.get(line["sku"], 0) + line["qty_each"]
    return units


def test_after_a_short_the_cartons_are_proposed_for_what_is_left(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 2), ("BRICK", 20), policy="ship_partial")
    acts.release(stocked)
    work_off(stocked)
    assert (proposed_units(stocked, "S1"), proposal(stocked, "S1")["cartons"]) == ({"MUG": 2, "BRICK": 20}, 3)
    acts.take_tour(stocked)
    while stocked.step()["fields"]["item"]["sku"] != "BRICK":
        acts.make_stop(stocked)
    acts.go_to_stop(stocked)
    missing_each = stocked.step()["fields"]["left_each"]
    acts.say_short(stocked)
    work_off(stocked)
    assert proposed_units(stocked, "S1") == {"MUG": 2, "BRICK": 20 - missing_each}


def test_a_carton_is_not_proposed_for_an_order_of_which_nothing_is_left(stocked: FloorHand) -> None:
    stocked.order("S1", ("LAMP", 1), policy="ship_partial")
    stocked.order("S2", ("MUG", 1), policy="ship_partial")
    acts.release(stocked)
    work_off(stocked)
    assert proposed_units(stocked, "S2") == {"MUG": 1}
    acts.take_tour(stocked)
    while stocked.step()["fields"]["item"]["sku"] != "MUG":
        acts.make_stop(stocked)
    acts.go_to_stop(stocked)
    acts.say_short(stocked)
    work_off(stocked)
    assert proposed_units(stocked, "S2") == {}


def test_a_substitute_is_in_the_cartons_instead_of_what_it_replaces(stocked: FloorHand) -> None:
    stocked.item("CUP", name="Cup", length_mm=130, width_mm=95, height_mm=110, weight_g=400)
    stocked.stock("CUP", 50, "A02-01-1")
    stocked.write(lambda tx: substitutes.give(tx, "MUG", "CUP", 1))
    stocked.order("S1", ("MUG", 6), may_substitute=True)
    acts.release(stocked)
    work_off(stocked)
    acts.take_tour(stocked)
    task = stocked.one("SELECT * FROM task WHERE kind = 'pick'")
    order = stocked.one("SELECT number AS order_number, policy FROM sales_order WHERE number = 'S1'")
    stocked.write(lambda tx: shorts.short(tx, NOBODY, {**dict(task), **dict(order)}, is_substituted=True))
    work_off(stocked)
    assert proposed_units(stocked, "S1") == {"CUP": 6}


def tare(hand: FloorHand, code: str) -> int:
    return hand.one("SELECT tare_g FROM carton_type WHERE code = :c", c=code)["tare_g"]


def test_tours_do_not_wait_for_cartons(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6))
    acts.release(stocked)
    names = [row["name"] for row in stocked.all("SELECT name FROM job WHERE state = 'queued' ORDER BY id")]
    assert names == [cartons.PROPOSE_CARTONS]


def test_an_order_too_heavy_for_one_parcel_is_proposed_in_several(stocked: FloorHand) -> None:
    stocked.order("S1", ("BRICK", 20))
    propose(stocked, "S1")
    found = proposal(stocked, "S1")
    assert found["cartons"] == found["bound_cartons"] == 3
    assert sum(line["qty_each"] for one in found["proposed"] for line in one["lines"]) == 20
    assert all(one["weight_g"] <= 25_000 for one in found["proposed"])
    assert [one["sequence"] for one in found["proposed"]] == [1, 2, 3]


def test_what_fits_nowhere_or_has_no_size_is_told(stocked: FloorHand) -> None:
    stocked.order("S1", ("LAMP", 1), ("BAG", 2), ("MUG", 1))
    propose(stocked, "S1")
    found = proposal(stocked, "S1")
    assert "1 × LAMP: goes into no carton type: 1600 × 300 × 300 mm" in found["note"]
    assert "size unknown, counted by volume and weight only: BAG" in found["note"]
    assert [line["sku"] for line in found["proposed"][0]["lines"]] == ["MUG", "BAG"]


def test_without_carton_types_the_note_says_so(stocked: FloorHand) -> None:
    stocked.write(lambda tx: tx.put("UPDATE carton_type SET is_active = 0 WHERE warehouse_id = :w"))
    stocked.order("S1", ("MUG", 1))
    propose(stocked, "S1")
    assert (proposal(stocked, "S1")["cartons"], proposal(stocked, "S1")["note"]) == (0, "no carton types are kept")


def test_goods_beyond_all_measure_are_told_and_stop_nothing(stocked: FloorHand) -> None:
    stocked.item("CRANE", length_mm=30_000, width_mm=2_000, height_mm=2_000, weight_g=1)
    stocked.stock("CRANE", 1, "A02-01-1")
    stocked.order("S1", ("CRANE", 1))
    stocked.order("S2", ("MUG", 1))
    propose(stocked, "S1", "S2")
    assert "length_mm" in proposal(stocked, "S1")["note"]
    assert proposal(stocked, "S2")["cartons"] == 1


def test_proposing_twice_changes_nothing(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6), ("BRICK", 2))
    propose(stocked, "S1")
    before = stocked.all("SELECT sequence, carton_type_id, contents, placements FROM proposed_carton")
    propose(stocked, "S1")
    assert stocked.all("SELECT sequence, carton_type_id, contents, placements FROM proposed_carton") == before


def test_a_cancelled_order_gets_none(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6))
    stocked.write(lambda tx: orders.cancel(tx, NOBODY, "S1"))
    propose(stocked, "S1")
    assert stocked.all("SELECT id FROM proposed_carton") == []


def test_asking_for_what_was_not_proposed_is_an_error(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6))
    for number, code in (("S1", "no_proposal"), ("S9", "unknown_order")):
        with pytest.raises(NotFound) as refused:
            proposal(stocked, number)
        assert refused.value.code == code


def test_the_picker_sees_what_the_order_will_ship_in_while_choosing_totes(stocked: FloorHand) -> None:
    stocked.order("S1", ("BRICK", 10))
    stocked.order("S2", ("MUG", 1))
    propose(stocked, "S1")
    acts.release(stocked)
    stocked.scan("HAND-1", own_code("B", "1001"))
    stocked.say("HAND-1", "PICK")
    stocked.scan("HAND-1", acts.CARTS[0])
    seen: dict[str, Any] = {}
    tote = 0
    while stocked.step()["state"] == "totes":
        fields = stocked.step()["fields"]
        seen[fields["order"]] = (fields.get("cartons"), fields.get("carton"))
        stocked.scan("HAND-1", acts.TOTES[tote])
        tote += 1
    assert seen == {"S1": (2, proposal(stocked, "S1")["proposed"][0]["carton"]), "S2": (None, None)}


# --- at the bench ----------------------------------------------------------------------------------------------


def picked(hand: FloorHand, *lines: tuple[str, int]) -> None:
    hand.order("S1", *lines)
    propose(hand, "S1")
    acts.pick_all(hand)


def test_the_bench_names_the_carton_and_what_it_should_weigh(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))
    shown = at_the_bench(stocked)["step"]["fields"]["carton"]
    [one] = proposal(stocked, "S1")["proposed"]
    assert (shown["code"], shown["proposed"]) == (one["carton"], one["carton"])
    assert (shown["sequence"], shown["cartons"], shown["expected_g"]) == (1, 1, one["weight_g"])


def test_packing_without_a_word_confirms_the_proposed_carton(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))
    at_the_bench(stocked)
    stocked.scan("BENCH-1", "MUG", 6)
    parcel = stocked.one("SELECT * FROM parcel")
    assert parcel["state"] == "closed"
    assert parcel["carton_type_id"] == parcel["proposed_type_id"] is not None


def test_the_packer_may_take_another_carton_and_both_are_kept(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))
    before = at_the_bench(stocked)["step"]["fields"]["carton"]
    answer = stocked.scan("BENCH-1", carton("XXL"))
    assert answer["outcome"] == "applied"
    shown = answer["step"]["fields"]["carton"]
    assert (shown["code"], shown["proposed"]) == ("XXL", before["code"])
    assert shown["expected_g"] == 6 * 350 + tare(stocked, "XXL")
    [row] = proposal(stocked, "S1")["parcels"]
    assert (row["carton"], row["proposed"]) == ("XXL", before["code"])
    number = answer["step"]["fields"]["parcel"]["number"]
    packing = stocked.write(lambda tx: cartons.packing(tx, number))
    assert packing is not None
    assert (packing["is_kept"], packing["picture"]) == (False, "")


def test_other_cartons_are_offered_but_not_the_one_in_hand(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))
    step = at_the_bench(stocked)["step"]
    offered = {expect["label"] for expect in step["expects"] if expect["kind"] == "carton"}
    assert offered == {code for code, *_ in cartons.DEFAULT_TYPES} - {step["fields"]["carton"]["code"]}


@pytest.mark.parametrize("code", ["NONE", "XL"])
def test_a_carton_that_is_not_kept_is_refused(stocked: FloorHand, code: str) -> None:
    stocked.write(lambda tx: tx.put("UPDATE carton_type SET is_active = 0 WHERE warehouse_id = :w AND code = 'XL'"))
    picked(stocked, ("MUG", 6))
    at_the_bench(stocked)
    answer = stocked.scan("BENCH-1", carton(code))
    assert (answer["outcome"], answer["code"]) == ("rejected", "unknown_code")


def test_a_bench_without_a_proposal_works_as_ever_and_may_still_name_a_carton(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6))
    acts.pick_all(stocked)
    step = at_the_bench(stocked)["step"]
    assert "carton" not in step["fields"]
    assert all(expect["kind"] != "carton" for expect in step["expects"])
    shown = stocked.scan("BENCH-1", carton("L"))["step"]["fields"]["carton"]
    assert (shown["code"], shown["proposed"], shown["expected_g"]) == ("L", "", None)


def test_parcel_after_parcel_is_the_next_proposed_carton(stocked: FloorHand) -> None:
    picked(stocked, ("BRICK", 20))
    totes = [row["code"] for row in stocked.all("SELECT code FROM lpn WHERE kind = 'tote' AND order_id IS NOT NULL")]
    stocked.scan("BENCH-1", own_code("B", "1001"))
    stocked.say("BENCH-1", "PACK")
    stocked.scan("BENCH-1", own_code("T", totes[0]))
    wanted = {one["sequence"]: one["lines"][0]["qty_each"] for one in proposal(stocked, "S1")["proposed"]}
    for sequence in (1, 2):
        fields = stocked.step()["fields"]
        if stocked.step()["prompt"] == "fetch_tote":
            stocked.scan("BENCH-1", fields["tote"]["barcode"])
        assert fields["carton"]["sequence"] == sequence
        in_tote = stocked.step()["fields"]["units_left"]
        stocked.scan("BENCH-1", "BRICK", min(wanted[sequence], in_tote))
        if stocked.step()["state"] == "item":
            stocked.say("BENCH-1", "CLOSE")
        assert stocked.step()["state"] == "label"
        parcel = stocked.step()["fields"]["parcel"]
        stocked.write(lambda tx: tx.run("UPDATE outbox SET state = 'confirmed' WHERE warehouse_id = :w"))
        stocked.scan("BENCH-1", parcel["barcode"])
        stocked.scan("BENCH-1", stocked.step()["fields"]["lane"]["barcode"])


def test_a_parcel_that_holds_its_proposed_carton_closes_and_the_next_carton_follows(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))

    def in_two(tx: Tx) -> None:
        one = dict(tx.one("SELECT * FROM proposed_carton WHERE warehouse_id = :w"))
        mug = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"]
        tx.put("UPDATE proposed_carton SET contents = :c WHERE warehouse_id = :w", c=json.dumps([[mug, 4]]))
        rest = {key: value for key, value in one.items() if key not in ("id", "warehouse_id")}
        tx.add("proposed_carton", **{**rest, "sequence": 2, "contents": json.dumps([[mug, 2]])})

    stocked.write(in_two)
    at_the_bench(stocked)
    stocked.scan("BENCH-1", "MUG", 3)
    assert stocked.step()["state"] == "item"
    stocked.scan("BENCH-1", "MUG")
    assert (stocked.step()["state"], stocked.step()["fields"]["parcel"]["units"]) == ("label", 4)
    stocked.scan("BENCH-1", stocked.step()["fields"]["parcel"]["barcode"])
    fields = stocked.scan("BENCH-1", stocked.step()["fields"]["lane"]["barcode"])["step"]["fields"]
    assert (fields["parcel"]["sequence"], fields["carton"]["sequence"], fields["carton"]["cartons"]) == (2, 2, 2)


def test_a_void_parcel_gives_its_carton_back(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))
    at_the_bench(stocked)
    stocked.scan("BENCH-1", "MUG", 6)
    number = stocked.one("SELECT number FROM parcel")["number"]
    answer = stocked.write(lambda tx: parcels.void(tx, NOBODY, number))
    stocked.scan("BENCH-1", answer["tote"]["barcode"])
    again = stocked.one("SELECT proposed_sequence FROM parcel WHERE state = 'open'")
    assert again["proposed_sequence"] == 1


def test_proposing_again_leaves_the_cartons_of_parcels_alone(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6), ("BRICK", 3))
    at_the_bench(stocked)
    stocked.scan("BENCH-1", "MUG", 6)
    stocked.say("BENCH-1", "CLOSE")  # though the bricks were meant to go in as well
    propose(stocked, "S1")
    kept, new = proposal(stocked, "S1")["proposed"]
    assert kept["sequence"] == 1
    assert (new["sequence"], new["lines"]) == (2, [{"sku": "BRICK", "name": "Brick", "qty_each": 3}])


def test_goods_an_open_carton_waits_for_are_not_proposed_again(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6), ("BRICK", 3))
    at_the_bench(stocked)
    before = proposal(stocked, "S1")["proposed"]
    stocked.scan("BENCH-1", "MUG", 2)
    propose(stocked, "S1")
    assert proposal(stocked, "S1")["proposed"] == before


def test_the_page_shows_what_of_the_carton_is_in(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6), ("BRICK", 3))
    number = at_the_bench(stocked)["step"]["fields"]["parcel"]["number"]
    stocked.scan("BENCH-1", "MUG", 5)
    packing = stocked.write(lambda tx: cartons.packing(tx, number))
    assert packing is not None
    assert {line["sku"]: (line["packed_each"], line["qty_each"]) for line in packing["lines"]} == {
        "MUG": (5, 6), "BRICK": (0, 3),
    }  # fmt: skip
    assert packing["picture"].startswith("<svg")


# --- the types -------------------------------------------------------------------------------------------------


def test_a_founded_warehouse_has_the_default_types_with_barcodes(hand: FloorHand) -> None:
    known = hand.write(cartons.types)
    assert [row["code"] for row in known] == [code for code, *_ in cartons.DEFAULT_TYPES]
    assert known[0]["barcode"] == carton("XS")


def test_types_say_how_often_they_were_proposed_and_used(stocked: FloorHand) -> None:
    picked(stocked, ("MUG", 6))
    before = at_the_bench(stocked)["step"]["fields"]["carton"]["code"]
    stocked.scan("BENCH-1", carton("XXL"))
    figures = {row["code"]: (row["proposed"], row["used"]) for row in stocked.write(cartons.types)}
    assert (figures[before], figures["XXL"]) == ((1, 0), (0, 1))


def test_pictures_go_once_nobody_packs_the_order(stocked: FloorHand) -> None:
    stocked.order("S1", ("MUG", 6))
    stocked.order("S2", ("MUG", 6))
    propose(stocked, "S1", "S2")
    stocked.write(
        lambda tx: tx.put("UPDATE sales_order SET state = 'shipped' WHERE warehouse_id = :w AND number = 'S1'")
    )
    json.loads(retention.kind().run(stocked.floor, {}))
    rows = stocked.all(
        "SELECT o.number, c.picture FROM proposed_carton c JOIN sales_order o ON o.id = c.order_id ORDER BY o.number"
    )
    assert [bool(row["picture"]) for row in rows] == [False, True]
