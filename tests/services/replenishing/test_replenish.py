"""Rules of refilling: the oldest reserve comes down before the face is empty, once, and orders get what is theirs."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.releasing import planning, waves
from fulfillment.services.replenishing import pick_faces, refills
from fulfillment.services.stock import ledger
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, cancel, finish_tour, make_stop, promises, release, take_tour, wrong

FACE, RESERVE, SECOND = "A01-01-1", "A02-03-3", "A02-02-1"


pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def shop(hand: FloorHand) -> FloorHand:
    """MUG has a face that holds 4 of January (minimum 5, maximum 20), and 30 of February lie in reserve."""
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 4, FACE, "2026-01-01")
    hand.stock("MUG", 30, RESERVE, "2026-02-01")
    return hand


@pytest.fixture
def refilling(shop: FloorHand) -> FloorHand:
    """The same, and Ada refills at HAND-1."""
    face(shop)
    shop.sign_in("HAND-1", "REPLENISH")
    return shop


def face(hand: FloorHand, low: int = 5, high: int = 20, location: str = FACE, sku: str = "MUG") -> str:
    return hand.write(lambda tx: pick_faces.give(tx, NOBODY, location, sku, low, high))


def out_of_reach(hand: FloorHand, location: str = RESERVE) -> None:
    """Nobody picks from there."""
    hand.write(
        lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = :c", c=location)
    )


def cases(hand: FloorHand, sku: str, qty_each: int, location: str, case_each: int = 12) -> int:
    """A layer that lies in closed cases; the case's barcode is SKU-CASE."""
    layer_id = hand.stock(sku, qty_each, "DOCK-1", "2026-01-15")

    def work(tx: Any) -> None:
        tx.run("UPDATE layer SET case_each = :n WHERE warehouse_id = :w AND id = :id", id=layer_id, n=case_each)
        item = tx.one("SELECT item_id FROM layer WHERE warehouse_id = :w AND id = :id", id=layer_id)["item_id"]
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
        dock = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'DOCK-1'")["id"]
        tx.insert("item_barcode", item_id=item, code=f"{sku}-CASE", uom="case", qty_each=case_each)
        ledger.post(tx, NOBODY, [ledger.Move(layer_id, item, dock, 3, qty_each, "adjust")])
        ledger.post(tx, NOBODY, [ledger.Move(layer_id, item, 3, place, qty_each, "adjust", sealed_to_each=qty_each)])

    hand.write(work)
    return layer_id


def serials(hand: FloorHand) -> None:
    """SCALE S1 and S2 of January, S3 of February in reserve."""
    item_id = hand.item("SCALE", tracks_serial=1)
    hand.write(
        lambda tx: tx.insert("item_barcode", item_id=item_id, code="05012345678900", uom="each", qty_each=1)
    )
    for serial, day in (("S1", "2026-01-01"), ("S2", "2026-01-01"), ("S3", "2026-02-01")):
        layer_id = hand.stock("SCALE", 1, RESERVE, day)
        hand.write(
            lambda tx, layer_id=layer_id, serial=serial: tx.run(
                "UPDATE layer SET serial = :s WHERE warehouse_id = :w AND id = :id", s=serial, id=layer_id
            )
        )


def waiting(hand: FloorHand) -> list[tuple[str, str, int, str]]:
    """(from, to, units, reason) of the open refills."""
    return [
        (row["from_location"], row["to_location"], row["left_each"], row["reason"])
        for row in hand.floor.read(refills.describe)["refills"]
    ]


def in_hand(hand: FloorHand, station: str = "HAND-1") -> int:
    return hand.on_hand(f"HAND-{station}")


def fields(hand: FloorHand) -> dict[str, Any]:
    return hand.step()["fields"]


def bring(hand: FloorHand, station: str = "HAND-1") -> None:
    """Do the task on the screen in one go."""
    screen = fields(hand)
    for code, qty in (
        (screen["from"]["barcode"], None), (screen["item"]["barcode"], screen["qty_each"]),
        (screen["to"]["barcode"], None),
    ):  # fmt: skip
        assert hand.scan(station, code, qty)["outcome"] == "applied", hand.answer
        assert wrong(hand) == []


def test_a_face_below_its_minimum_is_filled_to_its_maximum(refilling: FloorHand) -> None:
    screen = fields(refilling)
    assert (screen["from"]["code"], screen["to"]["code"], screen["qty_each"]) == (RESERVE, FACE, 16)
    assert (screen["waiting"], screen["received_on"]) == (1, "2026-02-01")
    bring(refilling)
    assert (refilling.on_hand(FACE), refilling.on_hand(RESERVE), in_hand(refilling)) == (20, 14, 0)
    assert refilling.step()["state"] == "location"
    assert (fields(refilling)["task"], fields(refilling)["waiting"]) == (None, 0)
    assert refilling.say("HAND-1", "HOME")["outcome"] == "applied"


def test_a_pick_that_takes_the_face_to_its_minimum_asks_for_a_refill(shop: FloorHand) -> None:
    face(shop, low=4)
    assert waiting(shop) == []
    shop.order("1", ("MUG", 1))
    release(shop)
    assert waiting(shop) == [(RESERVE, FACE, 16, "minimum")]
    take_tour(shop)
    make_stop(shop)
    assert waiting(shop) == [(RESERVE, FACE, 17, "minimum")]
    finish_tour(shop)
    shop.say("HAND-1", "HOME")
    shop.say("HAND-1", "REPLENISH")
    bring(shop)
    assert shop.on_hand(FACE) == 20


def test_the_oldest_reserve_comes_down_first(shop: FloorHand) -> None:
    shop.stock("MUG", 6, "A02-01-1", "2026-01-10")
    face(shop)
    assert waiting(shop) == [("A02-01-1", FACE, 6, "minimum"), (RESERVE, FACE, 10, "minimum")]


def test_older_goods_that_come_meanwhile_are_brought_instead(refilling: FloorHand) -> None:
    refilling.stock("MUG", 16, "A02-01-1", "2026-01-10")
    refilling.scan("HAND-1", at(RESERVE))
    assert refilling.step()["state"] == "location"
    assert fields(refilling)["notice"] == "taken_meanwhile"
    assert fields(refilling)["from"]["code"] == "A02-01-1"


def test_units_in_the_hand_are_promised_to_nobody(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.scan("HAND-1", "MUG", 16)
    assert in_hand(refilling) == 16
    refilling.order("1", ("MUG", 30))
    assert sum(units for _, _, units in promises(refilling, "1")) == 18
    refilling.scan("HAND-1", at(FACE))
    assert sum(units for _, _, units in promises(refilling, "1")) == 30


def test_a_case_scan_counts_its_eaches_and_stays_closed(hand: FloorHand) -> None:
    hand.item("MUG")
    cases(hand, "MUG", 48, RESERVE)
    face(hand, 5, 40)
    hand.sign_in("HAND-1", "REPLENISH")
    assert (fields(hand)["qty_each"], fields(hand)["case_each"]) == (36, 12)
    hand.scan("HAND-1", at(RESERVE))
    for carried in (12, 24, 36):
        hand.scan("HAND-1", "MUG-CASE")
        assert in_hand(hand) == carried
    assert hand.step()["state"] == "target"
    hand.scan("HAND-1", at(FACE))
    sealed = hand.one("SELECT SUM(sealed_each) AS n, SUM(on_hand_each) AS all_each FROM stock_balance")
    assert (sealed["n"], sealed["all_each"]) == (48, 48)


def test_a_single_unit_out_of_a_closed_case_opens_it(hand: FloorHand) -> None:
    hand.item("MUG")
    cases(hand, "MUG", 48, RESERVE)
    face(hand, 5, 8)
    hand.sign_in("HAND-1", "REPLENISH")
    hand.scan("HAND-1", at(RESERVE))
    hand.scan("HAND-1", "MUG")
    assert hand.one("SELECT SUM(sealed_each) AS n FROM stock_balance")["n"] == 36
    hand.scan("HAND-1", "MUG", 7)
    hand.scan("HAND-1", at(FACE))
    assert hand.on_hand(FACE) == 8


def test_what_is_wrong_is_said(refilling: FloorHand) -> None:
    assert refilling.scan("HAND-1", at(SECOND))["code"] == "wrong_location"
    assert refilling.answer["expected"] == RESERVE
    refilling.scan("HAND-1", at(RESERVE))
    assert refilling.scan("HAND-1", "CUP")["code"] == "wrong_item"
    assert refilling.scan("HAND-1", "MUG", 17)["code"] == "too_many"
    assert refilling.say("HAND-1", "HOME")["code"] == "finish_first"
    refilling.scan("HAND-1", "MUG", 16)
    assert refilling.scan("HAND-1", "MUG")["code"] == "too_many"
    assert refilling.scan("HAND-1", at(SECOND))["code"] == "wrong_location"
    assert refilling.answer["expected"] == FACE
    assert refilling.scan("HAND-1", at("STAGE-1"))["code"] == "wrong_location"


def test_another_lot_than_the_oldest_is_refused(hand: FloorHand) -> None:
    hand.item("MILK", tracks_lot=1, tracks_expiry=1, rotation="fefo")
    layer_id = hand.stock("MILK", 10, RESERVE)
    hand.write(
        lambda tx: tx.run(
            "UPDATE layer SET lot = 'L1', expiry_on = '2030-01-31' WHERE warehouse_id = :w AND id = :id", id=layer_id
        )
    )
    hand.write(
        lambda tx: tx.insert(
            "item_barcode", item_id=tx.one("SELECT id FROM item WHERE warehouse_id = :w")["id"], code="05012345678900",
            uom="each", qty_each=1,
        )
    )  # fmt: skip
    face(hand, 5, 8, sku="MILK")
    hand.sign_in("HAND-1", "REPLENISH")
    hand.scan("HAND-1", at(RESERVE))
    assert hand.scan("HAND-1", "]C10105012345678900" + "10L2")["code"] == "older_first"
    assert hand.answer["expected"] == "L1"
    assert hand.scan("HAND-1", "]C10105012345678900" + "10L1")["outcome"] == "applied"
    hand.scan("HAND-1", at(FACE))
    assert hand.on_hand(FACE) == 1


def test_a_serial_item_is_brought_by_the_serial_that_was_scanned(hand: FloorHand) -> None:
    serials(hand)
    face(hand, 1, 2, sku="SCALE")
    hand.sign_in("HAND-1", "REPLENISH")
    hand.scan("HAND-1", at(RESERVE))
    assert hand.scan("HAND-1", "SCALE")["code"] == "serial_required"
    gs1 = "]C1010501234567890021"
    assert hand.scan("HAND-1", gs1 + "S9")["code"] == "serial_unknown"
    assert hand.scan("HAND-1", gs1 + "S3")["code"] == "older_first"
    assert hand.scan("HAND-1", gs1 + "S2")["outcome"] == "applied"
    assert hand.scan("HAND-1", gs1 + "S2")["code"] == "serial_elsewhere"
    assert hand.scan("HAND-1", gs1 + "S1")["outcome"] == "applied"
    hand.scan("HAND-1", at(FACE))
    assert (hand.on_hand(FACE), fields(hand)["task"]) == (2, None)


def test_an_order_gets_the_serial_that_was_brought(hand: FloorHand) -> None:
    serials(hand)
    out_of_reach(hand)
    hand.order("1", ("SCALE", 1))
    hand.write(lambda tx: waves.release(tx, NOBODY))
    promised = promises(hand, "1")[0][1]
    hand.sign_in("HAND-1", "REPLENISH")
    hand.scan("HAND-1", at(RESERVE))
    assert hand.scan("HAND-1", "]C1010501234567890021S2")["outcome"] == "applied"
    hand.scan("HAND-1", fields(hand)["to"]["barcode"])
    assert promises(hand, "1")[0][1] == promised + 1
    assert release(hand, "1")


def test_a_part_may_be_carried_and_the_rest_fetched_by_another_trip(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.scan("HAND-1", "MUG", 6)
    refilling.scan("HAND-1", at(FACE))
    assert refilling.on_hand(FACE) == 10
    assert (refilling.step()["state"], fields(refilling)["qty_each"]) == ("location", 10)
    bring(refilling)
    assert refilling.on_hand(FACE) == 20


def test_back_puts_the_units_back_into_the_reserve(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.scan("HAND-1", "MUG", 16)
    refilling.say("HAND-1", "BACK")
    assert (refilling.on_hand(RESERVE), in_hand(refilling)) == (30, 0)
    assert (refilling.step()["state"], fields(refilling)["qty_each"]) == ("location", 16)


def test_two_people_never_work_on_one_task(refilling: FloorHand) -> None:
    refilling.stock("CUP", 30, SECOND)
    face(refilling, location="A01-02-1", sku="CUP")
    refilling.say("HAND-1", "DONE")  # means nothing here: the screen is shown as it stands now
    first = fields(refilling)["task"]
    refilling.sign_in("HAND-2", "REPLENISH", "1002")
    assert fields(refilling)["task"] != first
    second = fields(refilling)["from"]["code"]
    other = {RESERVE: SECOND, SECOND: RESERVE}[second]
    refilling.scan("HAND-1", at(other))
    assert refilling.step()["state"] == "item"
    assert refilling.scan("HAND-2", at(other))["code"] == "wrong_location"
    refilling.scan("HAND-2", at(second))
    assert refilling.step()["state"] == "item"


def test_a_claim_left_behind_is_free_again(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.sign_in("HAND-2", "REPLENISH", "1002")
    assert fields(refilling)["task"] is None
    assert refilling.scan("HAND-2", at(RESERVE))["code"] == "no_work"
    refilling.say("HAND-1", "BACK")
    refilling.say("HAND-1", "HOME")
    refilling.scan("HAND-2", at(RESERVE))
    refilling.scan("HAND-2", "MUG", 16)
    refilling.say("HAND-1", "REPLENISH")
    assert fields(refilling)["task"] is None
    refilling.scan("HAND-2", at(FACE))
    assert refilling.on_hand(FACE) == 20


def test_a_task_skipped_comes_after_the_others(refilling: FloorHand) -> None:
    refilling.stock("CUP", 30, SECOND)
    face(refilling, location="A01-02-1", sku="CUP")
    refilling.say("HAND-1", "DONE")  # means nothing here: the screen is shown as it stands now
    first = fields(refilling)["task"]
    refilling.say("HAND-1", "SKIP")
    assert fields(refilling)["task"] != first
    refilling.say("HAND-1", "SKIP")
    assert fields(refilling)["task"] == first


def test_short_holds_the_place_and_brings_the_next_oldest(refilling: FloorHand) -> None:
    refilling.stock("MUG", 9, SECOND, "2026-03-01")
    refilling.scan("HAND-1", at(RESERVE))
    refilling.say("HAND-1", "SHORT")
    assert refilling.on_hand(RESERVE, status="hold") == 30
    assert refilling.one("SELECT COUNT(*) AS n FROM task WHERE kind = 'count' AND state = 'open'")["n"] == 1
    assert fields(refilling)["from"]["code"] == SECOND
    bring(refilling)
    assert refilling.on_hand(FACE) == 13


def test_what_was_found_before_it_ran_short_is_still_brought(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.scan("HAND-1", "MUG", 6)
    refilling.say("HAND-1", "SHORT")
    assert (refilling.step()["state"], fields(refilling)["qty_each"]) == ("target", 6)
    refilling.scan("HAND-1", at(FACE))
    assert (refilling.on_hand(FACE), refilling.on_hand(RESERVE, status="hold")) == (10, 24)
    assert refilling.one("SELECT state FROM task WHERE kind = 'replenish'")["state"] == "short"


def test_an_order_may_take_the_units_first_and_the_task_shrinks(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.order("1", ("MUG", 24))
    assert refilling.scan("HAND-1", "MUG", 16)["code"] == "too_many"
    assert refilling.answer["expected"] == "10"
    assert fields(refilling)["qty_each"] == 10
    refilling.scan("HAND-1", "MUG", 10)
    refilling.scan("HAND-1", at(FACE))
    assert refilling.on_hand(FACE) == 14


def test_a_task_whose_units_are_all_promised_is_called_off(refilling: FloorHand) -> None:
    refilling.order("1", ("MUG", 34))
    refilling.scan("HAND-1", at(RESERVE))
    assert (refilling.answer["outcome"], fields(refilling)["task"]) == ("rejected", None)
    planning.refill_faces(refilling.floor)
    assert waiting(refilling) == []


def test_a_full_face_says_where_to_put_it_instead(refilling: FloorHand) -> None:
    refilling.scan("HAND-1", at(RESERVE))
    refilling.scan("HAND-1", "MUG", 16)
    refilling.write(
        lambda tx: tx.run("UPDATE location SET capacity_ml = 10000 WHERE warehouse_id = :w AND code = :c", c=FACE)
    )
    assert refilling.scan("HAND-1", at(FACE))["code"] == "location_full"
    instead = refilling.answer["expected"]
    assert refilling.scan("HAND-1", at(FACE), 6)["outcome"] == "applied"
    assert fields(refilling)["qty_each"] == 10
    assert refilling.scan("HAND-1", at(instead))["outcome"] == "applied"
    assert (refilling.on_hand(FACE), refilling.on_hand(instead)) == (10, 10)


def test_a_wave_waits_for_units_nobody_picks_from(shop: FloorHand) -> None:
    out_of_reach(shop)
    shop.stock("CUP", 5, SECOND)
    face(shop, 0, 20)
    shop.order("1", ("MUG", 10))
    shop.order("2", ("CUP", 1))
    wave = shop.write(lambda tx: waves.release(tx, NOBODY))
    assert (wave["orders"], wave["waiting_for_replenishment"]) == (1, ["1"])
    assert shop.order_state("1") == "allocated"
    assert waiting(shop) == [(RESERVE, FACE, 6, "demand")]
    again = shop.write(lambda tx: waves.release(tx, NOBODY))
    assert (again["wave"], again["waiting_for_replenishment"]) == (None, ["1"])
    assert waiting(shop) == [(RESERVE, FACE, 6, "demand")]
    planning.plan_wave(shop.floor, wave["wave"], tour_ms=1)
    shop.sign_in("HAND-2", "REPLENISH", "1002")
    assert fields(shop)["reason"] == "demand"
    bring(shop, "HAND-2")
    assert sorted((code, units) for code, _, units in promises(shop, "1")) == [(FACE, 4), (FACE, 6)]
    release(shop, "1")
    for _ in range(2):
        take_tour(shop)
        finish_tour(shop)
    assert (shop.order_state("1"), shop.on_hand(FACE), shop.on_hand(RESERVE)) == ("picked", 0, 24)


def test_an_order_cancelled_while_its_units_are_in_the_hand_leaves_them_free(shop: FloorHand) -> None:
    out_of_reach(shop)
    face(shop, 0, 20)
    shop.order("1", ("MUG", 10))
    shop.write(lambda tx: waves.release(tx, NOBODY))
    shop.sign_in("HAND-1", "REPLENISH")
    shop.scan("HAND-1", at(RESERVE))
    shop.scan("HAND-1", "MUG", 6)
    assert [(code, units) for code, _, units in promises(shop, "1")] == [(FACE, 4), ("HAND-HAND-1", 6)]
    cancel(shop, "1")
    assert wrong(shop) == []
    shop.scan("HAND-1", at(FACE))
    assert (shop.on_hand(FACE), fields(shop)["task"]) == (10, None)


def test_a_demand_task_nobody_waits_for_any_more_is_called_off(shop: FloorHand) -> None:
    out_of_reach(shop)
    face(shop, 0, 20)
    shop.order("1", ("MUG", 10))
    shop.write(lambda tx: waves.release(tx, NOBODY))
    cancel(shop, "1")
    planning.refill_faces(shop.floor)
    assert waiting(shop) == []


def test_short_at_the_reserve_promises_the_waiting_order_other_units(shop: FloorHand) -> None:
    out_of_reach(shop)
    shop.stock("MUG", 9, SECOND, "2026-03-01")
    face(shop, 0, 20)
    shop.order("1", ("MUG", 10))
    shop.write(lambda tx: waves.release(tx, NOBODY))
    shop.sign_in("HAND-1", "REPLENISH")
    shop.scan("HAND-1", at(RESERVE))
    shop.scan("HAND-1", "MUG", 2)
    shop.say("HAND-1", "SHORT")
    assert wrong(shop) == []
    shop.scan("HAND-1", at(FACE))
    assert sorted((code, units) for code, _, units in promises(shop, "1")) == [(FACE, 2), (FACE, 4), (SECOND, 4)]
    assert release(shop, "1")


def test_demand_of_an_item_without_a_face_goes_to_a_free_bin(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 30, RESERVE)
    out_of_reach(hand)
    hand.order("1", ("MUG", 10))
    hand.write(lambda tx: waves.release(tx, NOBODY))
    (task,) = waiting(hand)
    assert (task[0], task[2], task[3]) == (RESERVE, 10, "demand")
    hand.sign_in("HAND-1", "REPLENISH")
    bring(hand)
    assert promises(hand, "1")[0][0] == task[1]
    assert release(hand, "1")


def test_reserve_put_away_reaches_an_empty_face(hand: FloorHand) -> None:
    hand.item("MUG")
    face(hand)
    assert [one["location"] for one in hand.floor.read(refills.describe)["low_faces"]] == [FACE]
    hand.stock("MUG", 8, RESERVE)
    planning.refill_faces(hand.floor)
    assert waiting(hand) == [(RESERVE, FACE, 8, "minimum")]


def test_a_face_is_one_items_and_its_levels_fit(shop: FloorHand) -> None:
    assert face(shop) == "created"
    assert face(shop) == "unchanged"
    assert face(shop, high=25) == "updated"
    assert waiting(shop) == [(RESERVE, FACE, 21, "minimum")]
    with pytest.raises(Conflict, match="MUG lies at"):
        face(shop, sku="CUP")
    with pytest.raises(DomainError, match="min_each < max_each"):
        face(shop, 5, 5)
    with pytest.raises(DomainError, match="no storage location"):
        face(shop, location="DOCK-1")
    with pytest.raises(NotFound):
        face(shop, location="Z99")
    shop.write(lambda tx: tx.run("UPDATE location SET capacity_ml = 9000 WHERE code = 'A01-03-1'"))
    with pytest.raises(DomainError, match="holds 9 of CUP"):
        face(shop, location="A01-03-1", sku="CUP")


def test_a_face_taken_away_is_refilled_no_more(shop: FloorHand) -> None:
    face(shop)
    shop.write(lambda tx: pick_faces.take_away(tx, NOBODY, FACE))
    assert waiting(shop) == []
    with pytest.raises(NotFound):
        shop.write(lambda tx: pick_faces.take_away(tx, NOBODY, FACE))
