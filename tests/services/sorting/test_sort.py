"""A batch through the put wall: what is whose is known at every moment, and nothing gets lost on the way."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict
from fulfillment.services.releasing import late_orders, wave_proposals, waves
from fulfillment.services.tracing import recall
from fulfillment.services.tracing.trace import Asked
from tests.factories import NOBODY, FloorHand
from tests.services import acts, wall
from tests.services.acts import cancel, demand
from tests.services.odd_floor import lay_walkways
from tests.services.walking.a_walk import work_off

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def batch(hand: FloorHand) -> FloorHand:
    """Three orders that share two items: S1 1 pen, S2 2 pens and a cup, S3 a cup."""
    wall.equip(hand)
    wall.stock(hand, "PEN", "CUP")
    hand.order("S1", ("PEN", 1))
    hand.order("S2", ("PEN", 2), ("CUP", 1))
    hand.order("S3", ("CUP", 1))
    return hand


def test_without_a_wall_nothing_is_released_as_a_batch(hand: FloorHand) -> None:
    wall.stock(hand, "PEN")
    hand.order("S1", ("PEN", 1))
    with pytest.raises(Conflict, match="no put wall"):
        hand.write(lambda tx: waves.release(tx, NOBODY, mode="batch"))
    assert hand.order_state("S1") == "allocated"


def test_a_stop_asks_for_the_units_of_all_orders_at_once(batch: FloorHand) -> None:
    wave = wall.release(batch)
    acts.take_tour(batch)
    fields = acts.go_to_stop(batch)["step"]["fields"]
    assert (fields["item"]["sku"], fields["qty_each"], fields["order"]) == ("PEN", 3, "S1 +1")
    batch.scan("HAND-1", "PEN", 3)
    batch.scan("HAND-1", batch.step()["fields"]["tote"]["barcode"])
    assert [demand(batch, number, "PEN")["picked"] for number in ("S1", "S2")] == [1, 2]
    assert batch.step()["fields"]["item"]["sku"] == "CUP"
    shown = batch.write(lambda tx: waves.describe(tx, wave))
    assert (shown["mode"], [tour["mode"] for tour in shown["tours"]]) == ("batch", ["batch"])
    assert [tour["totes"] for tour in shown["tours"]] == [1]


@pytest.mark.parametrize("has_aisles", [True, False], ids=["aisles", "walkways"])
def test_every_unit_keeps_its_order_from_the_bin_to_the_slot(batch: FloorHand, has_aisles: bool) -> None:
    if not has_aisles:
        lay_walkways(batch)
    (tote,) = wall.picked(batch)
    assert batch.order_state("S2") == "picked"
    wall.sort(batch, tote)
    assert sorted(wall.slots(batch).values()) == [("done", "S1", 1), ("done", "S2", 3), ("done", "S3", 1)]
    rows = batch.all(
        "SELECT DISTINCT o.number, f.order_id FROM stock_move m"
        " JOIN sales_order o ON o.warehouse_id = m.warehouse_id AND o.id = m.order_id"
        " JOIN lpn f ON f.warehouse_id = m.warehouse_id AND f.id = m.to_lpn_id"
        " WHERE m.warehouse_id = :w AND m.reason = 'sort' AND f.order_id <> m.order_id"
    )
    assert rows == []
    assert batch.one("SELECT kind, location_id FROM lpn WHERE warehouse_id = :w AND code = :c", c=tote) == {
        "kind": "tote", "location_id": None,
    }  # fmt: skip


def test_a_batch_is_proposed_to_be_set_down_at_the_wall_and_nothing_else_is(batch: FloorHand) -> None:
    wall.release(batch, "S1", "S2")
    acts.take_tour(batch)
    while batch.step()["state"] in ("location", "item"):
        acts.make_stop(batch)
    assert batch.step()["fields"]["location"]["code"] == "WALL-1"
    batch.scan("HAND-1", wall.AT_WALL)
    acts.release(batch, "S3")
    acts.take_tour(batch, first_tote=5)
    acts.make_stop(batch)
    assert batch.step()["fields"]["location"]["code"] == "STAGE-1"


def test_another_slot_than_the_lit_one_is_refused_and_says_which_was_expected(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    batch.scan(wall.SORTER, "PEN")
    lit = batch.step()["fields"]["slot"]["code"]
    other = next(slot for slot in ("W1-A01", "W1-B03") if slot != lit)
    answer = batch.scan(wall.SORTER, own_code("S", other))
    assert (answer["code"], answer["expected"], answer["got"]) == ("wrong_slot", lit, other)
    assert batch.step()["state"] == "slot"
    assert batch.scan(wall.SORTER, own_code("S", "W1-Z99"))["code"] == "wrong_slot"


def test_a_unit_goes_to_the_order_nearest_to_being_complete(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    fields = wall.put(batch, "PEN")
    assert (fields["order"], fields["progress"]) == ("S1", {"done": 0, "total": 1})
    assert batch.step()["fields"]["slot_done"] == fields["slot"]["name"]
    assert wall.put(batch, "PEN")["order"] == "S2"


def test_several_of_one_order_are_put_with_one_scan_of_the_slot(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    wall.put(batch, "PEN")
    batch.scan(wall.SORTER, "PEN")
    batch.scan(wall.SORTER, "PEN")
    assert batch.step()["fields"]["qty_each"] == 2
    assert batch.scan(wall.SORTER, "PEN")["code"] == "too_many"
    batch.scan(wall.SORTER, batch.step()["fields"]["slot"]["barcode"])
    assert wall.left_in(batch, tote) == ["CUP", "CUP"]
    assert batch.scan(wall.SORTER, "PEN")["code"] == "wrong_item"


def test_a_put_that_comes_again_counts_once(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    batch.scan(wall.SORTER, "PEN", scan_id="unit")
    slot = batch.step()["fields"]["slot"]["barcode"]
    first = batch.scan(wall.SORTER, slot, scan_id="put")
    again = batch.scan(wall.SORTER, slot, scan_id="put")
    assert (first["replayed"], again["replayed"], again["outcome"]) == (False, True, "applied")
    assert batch.scan(wall.SORTER, "PEN", scan_id="unit")["replayed"]
    assert len(wall.left_in(batch, tote)) == 4


def test_two_sorters_at_one_wall_never_put_a_unit_twice(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote, "HAND-1")
    wall.open_tote(batch, tote, "HAND-2")
    # Both hold a pen, and the screens of both light the slot of the order that needs one only.
    lit = [batch.scan(station, "PEN")["step"]["fields"]["slot"]["barcode"] for station in ("HAND-1", "HAND-2")]
    assert lit[0] == lit[1]
    assert batch.scan("HAND-1", lit[0])["outcome"] == "applied"
    late = batch.scan("HAND-2", lit[1])
    assert (late["code"], late["step"]["state"]) == ("wrong_slot", "slot")
    assert late["step"]["fields"]["order"] == "S2"
    assert batch.scan("HAND-2", late["step"]["fields"]["slot"]["barcode"])["outcome"] == "applied"
    assert wall.left_in(batch, tote) == ["CUP", "CUP", "PEN"]


def test_two_sorters_with_a_tote_each_share_the_orders_slots(batch: FloorHand) -> None:
    wall.release(batch)
    acts.take_tour(batch)
    acts.go_to_stop(batch)
    batch.scan("HAND-1", "PEN", 3)
    batch.scan("HAND-1", batch.step()["fields"]["tote"]["barcode"])
    acts.go_to_stop(batch)
    batch.scan("HAND-1", "CUP", 1)
    batch.say("HAND-1", "NEWTOTE")
    batch.scan("HAND-1", acts.TOTES[9])
    batch.scan("HAND-1", batch.step()["fields"]["tote"]["barcode"])
    while batch.step()["state"] in ("location", "item"):
        acts.make_stop(batch)
    totes = batch.step()["fields"]["totes"]
    batch.scan("HAND-1", wall.AT_WALL)
    assert len(totes) == 2
    for station, tote in zip(("HAND-1", "HAND-2"), totes, strict=True):
        wall.open_tote(batch, tote, station)
    for station, tote in zip(("HAND-1", "HAND-2"), totes, strict=True):
        for sku in wall.left_in(batch, tote):
            wall.put(batch, sku, station)
    assert sorted(wall.slots(batch).values()) == [("done", "S1", 1), ("done", "S2", 3), ("done", "S3", 1)]


def test_a_slot_that_was_packed_is_free_for_the_next_order(hand: FloorHand) -> None:
    wall.equip(hand, rows=1, columns=2)
    wall.stock(hand, "PEN")
    for number in range(1, 5):
        hand.order(f"S{number}", ("PEN", 1))
    wall.release(hand)
    totes = wall.pick(hand)
    totes += wall.pick(hand, first_tote=5)
    assert len(totes) == 2  # no more orders in a batch than the wall has slots
    wall.sort(hand, totes[0])
    wall.open_tote(hand, totes[1])
    answer = hand.scan(wall.SORTER, "PEN")
    assert (answer["code"], answer["step"]["state"]) == ("wall_full", "item")
    for number in [order for _, order, _ in wall.slots(hand).values()]:
        assert order_is_packed(hand, str(number))
    assert wall.slots(hand) == {}
    wall.put(hand, "PEN")
    assert sorted(state for state, _, _ in wall.slots(hand).values()) == ["done", "taken"]


def order_is_packed(hand: FloorHand, number: str) -> bool:
    wall.pack(hand, number)
    return hand.order_state(number) == "packed"


def test_an_order_is_packed_from_its_slot_only_when_all_of_it_is_there(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    wall.put(batch, "CUP")
    wall.put(batch, "PEN")
    batch.sign_in(wall.PACKER, "PACK")
    assert batch.scan(wall.PACKER, own_code("T", tote))["code"] == "order_still_sorting"
    wall.put(batch, "PEN")
    number = next(order for state, order, _ in wall.slots(batch).values() if state == "taken" and order == "S2")
    assert batch.scan(wall.PACKER, wall.slot_of(batch, number))["code"] == "order_still_sorting"
    offered = {expect["code"] for expect in batch.step()["expects"] if expect["kind"] == "slot"}
    assert offered == {wall.slot_of(batch, "S1"), wall.slot_of(batch, "S3")}
    for sku in wall.left_in(batch, tote):
        wall.put(batch, sku)
    for number in ("S1", "S2", "S3"):
        assert order_is_packed(batch, number)
    assert wall.slots(batch) == {}


def test_cancelled_with_units_in_tote_and_slot_they_go_back(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    wall.put(batch, "PEN")
    wall.put(batch, "PEN")  # one of the two of S2
    cancel(batch, "S2")
    answer = batch.scan(wall.SORTER, "PEN")
    assert (answer["code"], answer["expected"]) == ("order_cancelled", "leave it in the tote")
    for sku in wall.left_in(batch, tote):
        wall.put(batch, sku)
    assert (batch.step()["state"], batch.step()["fields"]["notice"]) == ("tote", "put_back_rest")
    batch.say("HAND-1", "HOME")
    batch.say("HAND-1", "PUTBACK")
    before = batch.on_hand("A01-01-1", "PEN")
    assert {expect["kind"] for expect in batch.step()["expects"]} >= {"tote", "slot"}
    while batch.step()["state"] == "tote" and batch.step()["fields"]["waiting"]:
        batch.scan("HAND-1", batch.step()["expects"][0]["code"])
        while batch.step()["state"] == "item":
            ahead = batch.step()["fields"]["next"]
            batch.scan("HAND-1", ahead["barcode"], ahead["qty_each"])
            batch.scan("HAND-1", batch.step()["fields"]["location"]["barcode"])
    assert batch.on_hand("A01-01-1", "PEN") == before + 2
    assert sorted(order for _, order, _ in wall.slots(batch).values()) == ["S1", "S3"]
    assert batch.one("SELECT kind FROM lpn WHERE warehouse_id = :w AND code = :c", c=tote)["kind"] == "tote"


def test_cancelled_on_the_cart_its_units_go_back_from_the_wall(batch: FloorHand) -> None:
    wall.release(batch)
    acts.take_tour(batch)
    acts.make_stop(batch)
    cancel(batch, "S2")
    while batch.step()["state"] in ("location", "item"):
        acts.make_stop(batch)
    batch.scan("HAND-1", wall.AT_WALL)
    tasks = batch.all("SELECT state FROM task WHERE warehouse_id = :w AND kind = 'put_back'")
    assert [task["state"] for task in tasks] == ["open"]
    assert batch.order_state("S3") == "picked"


def test_a_unit_missing_at_the_wall_is_counted_and_sourced_again(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    for sku in ("CUP", "CUP", "PEN", "PEN"):
        wall.put(batch, sku)
    batch.say(wall.SORTER, "MISSING")
    assert batch.scan(wall.SORTER, own_code("Y", "RETURNED"))["code"] == "reason_required"
    batch.scan(wall.SORTER, wall.LOST)
    assert batch.step()["state"] == "tote"
    figures = demand(batch, "S2", "PEN")
    assert (figures["ordered"], figures["allocated"], figures["picked"]) == (2, 2, 1)
    counts = batch.all(
        "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open'"
    )
    assert [row["code"] for row in counts] == ["A01-01-1"]
    move = batch.one("SELECT why, qty_each FROM stock_move WHERE warehouse_id = :w AND reason = 'missing'")
    assert move == {"why": "lost", "qty_each": 1}


def test_a_damaged_unit_is_written_off_from_the_hand_alone(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    batch.scan(wall.SORTER, "PEN")
    batch.say(wall.SORTER, "MISSING")
    answer = batch.scan(wall.SORTER, own_code("Y", "DAMAGED"))
    assert (answer["outcome"], answer["step"]["state"]) == ("applied", "item")
    assert wall.left_in(batch, tote) == ["CUP", "CUP", "PEN", "PEN"]
    assert demand(batch, "S1")["picked"] == 0
    assert "S1" not in [order for _, order, _ in wall.slots(batch).values()]


def test_a_short_in_the_middle_of_a_batch_is_sourced_for_each_order(batch: FloorHand) -> None:
    batch.stock("PEN", 50, "A02-02-1", "2026-02-01")
    wall.release(batch)
    acts.take_tour(batch)
    acts.go_to_stop(batch)
    batch.scan("HAND-1", "PEN", 1)
    acts.say_short(batch, why="TOO-FEW")
    batch.scan("HAND-1", batch.step()["fields"]["tote"]["barcode"])
    while batch.step()["state"] in ("location", "item"):
        assert acts.make_stop(batch)["outcome"] == "applied"
    totes = batch.step()["fields"]["totes"]
    batch.scan("HAND-1", wall.AT_WALL)
    for tote in totes:
        wall.sort(batch, tote)
    assert sorted(wall.slots(batch).values()) == [("done", "S1", 1), ("done", "S2", 3), ("done", "S3", 1)]


def test_nothing_found_at_a_stop_is_short_for_all_its_orders(batch: FloorHand) -> None:
    wall.release(batch)
    acts.take_tour(batch)
    acts.go_to_stop(batch)
    acts.say_short(batch)
    states = batch.all("SELECT state FROM task WHERE warehouse_id = :w AND kind = 'pick' ORDER BY id")
    assert sorted(row["state"] for row in states) == ["open", "open", "short", "short"]


def test_a_skipped_stop_comes_last_whole(batch: FloorHand) -> None:
    wall.release(batch)
    acts.take_tour(batch)
    first = batch.step()["fields"]["item"]["sku"]
    batch.say("HAND-1", "SKIP")
    assert batch.step()["fields"]["item"]["sku"] != first
    acts.make_stop(batch)
    assert (batch.step()["fields"]["item"]["sku"], batch.step()["fields"]["qty_each"]) == (first, 3)
    acts.make_stop(batch)
    batch.scan("HAND-1", wall.AT_WALL)


def test_older_goods_go_first_in_a_batch_too(batch: FloorHand) -> None:
    old = batch.stock("PEN", 2, "A01-01-1", "2025-01-01")
    (tote,) = wall.picked(batch)
    wall.sort(batch, tote)
    layers = [layer for number in ("S1", "S2") for layer in acts.picked_layers(batch, number)]
    assert sum(units for layer, units in layers if layer == old) == 2


def test_a_serial_unit_goes_to_the_order_it_was_picked_for(hand: FloorHand) -> None:
    wall.equip(hand)
    item_id = hand.item("CAM", tracks_serial=1)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code="05012345678900", uom="each", qty_each=1))
    for number in ("A", "B"):
        layer = hand.stock("CAM", 1, "A01-01-1")
        hand.write(
            lambda tx, layer=layer, number=number: tx.run(
                "UPDATE layer SET serial = :serial WHERE warehouse_id = :w AND id = :id", serial=number, id=layer
            )
        )
    hand.order("S1", ("CAM", 1))
    hand.order("S2", ("CAM", 1))
    (tote,) = wall.picked(hand)
    wall.open_tote(hand, tote)
    assert hand.scan(wall.SORTER, "05012345678900")["code"] == "serial_required"
    wanted = hand.one(
        "SELECT o.number FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE b.warehouse_id = :w AND y.serial = 'B'"
    )["number"]
    hand.scan(wall.SORTER, "]d2010501234567890021B")
    assert hand.step()["fields"]["order"] == wanted
    hand.scan(wall.SORTER, hand.step()["fields"]["slot"]["barcode"])


def test_units_at_the_wall_are_found_by_the_trace(batch: FloorHand) -> None:
    (tote,) = wall.picked(batch)
    wall.open_tote(batch, tote)
    wall.put(batch, "PEN")
    wall.put(batch, "PEN")
    rows = batch.floor.read(lambda tx: recall.recall(tx, Asked(sku="PEN")))
    at_wall = {(row["order"], row["lpn"], row["qty_each"]) for row in rows if row["where"] == "tote"}
    slots = {order: slot for slot, (_, order, _) in wall.slots(batch).items()}
    # What of S2 is not sorted yet lies in its share of the tote.
    assert at_wall == {("S1", f"W1-{slots['S1']}", 1), ("S2", f"W1-{slots['S2']}", 1), ("S2", f"{tote}/2", 1)}


def test_a_late_order_of_a_batch_gets_a_tote_of_its_own_and_is_sorted_too(batch: FloorHand) -> None:
    wave = wall.release(batch, "S1", "S2")
    batch.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["S3"]))
    work_off(batch)
    for tote in wall.pick(batch):
        wall.sort(batch, tote)
    assert sorted(wall.slots(batch).values()) == [("done", "S1", 1), ("done", "S2", 3), ("done", "S3", 1)]


@pytest.mark.parametrize("mode", ["batch", "cluster", None])
def test_a_proposal_counts_the_wall_and_is_released_in_the_mode_asked_for(batch: FloorHand, mode: str | None) -> None:
    batch.sign_in("HAND-1", "PICK", "1002")
    asked = batch.write(wave_proposals.ask)["proposal"]
    wave_proposals.plan(batch.floor, asked, 200)
    plan = batch.write(lambda tx: wave_proposals.describe(tx, asked))["plan"]
    assert {one["mode"]: one["reason"] for one in plan["modes"]}["batch"] == ""
    proposed = "batch" if plan["mode"] == "batch" else "cluster"
    released = batch.write(lambda tx: wave_proposals.release(tx, NOBODY, asked, mode))
    assert released["mode"] == (mode or proposed)


def test_a_tote_of_one_order_is_not_sorted(batch: FloorHand) -> None:
    wall.stock(batch)
    acts.release(batch, "S3")
    acts.take_tour(batch)
    acts.finish_tour(batch)
    tote = batch.one("SELECT code FROM lpn WHERE warehouse_id = :w AND order_id IS NOT NULL AND kind = 'tote'")["code"]
    assert wall.open_tote(batch, tote)["code"] == "wrong_tote"
    assert wall.open_tote(batch, "000019")["code"] == "tote_empty"
    assert wall.open_tote(batch, "999999")["code"] == "unknown_tote"


def test_at_two_walls_the_sorter_says_which(batch: FloorHand) -> None:
    wall.equip(batch, 1, 3, "W2", "WALL-2")
    (tote,) = wall.picked(batch)
    batch.sign_in(wall.SORTER, "SORT")
    assert batch.step()["state"] == "wall"
    assert batch.scan(wall.SORTER, own_code("L", "STAGE-1"))["code"] == "wrong_location"
    batch.scan(wall.SORTER, own_code("L", "WALL-2"))
    batch.scan(wall.SORTER, own_code("T", tote))
    assert batch.step()["state"] == "item"
    assert batch.on_hand("WALL-2") == 5  # it was carried to the other wall
    assert batch.on_hand("WALL-1") == 0
    for sku in wall.left_in(batch, tote):
        wall.put(batch, sku)
    assert len(wall.slots(batch, "W2")) == 3
