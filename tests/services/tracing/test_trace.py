"""From the supplier to every parcel and back: nothing that was in a lot is missing from its trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from fulfillment.domain.reasons import DomainError, MoveReason, NotFound
from fulfillment.domain.stock import Move
from fulfillment.services.stock import ledger
from fulfillment.services.tracing import recall, trace
from fulfillment.services.tracing.trace import Asked
from tests.factories import NOBODY, FloorHand
from tests.services.acts import wrong
from tests.services.conftest import OpenEmpty
from tests.services.packing.a_bench import BENCH, TRUCK, at_bench, at_lane, label_and_lane, pick_into
from tests.services.scan_path.test_any_day import AnyDay

FIGURES = ("promised_each", "in_totes_each", "in_parcels_each", "shipped_each")


def goods(hand: FloorHand, sku: str, qty_each: int, *, lot: str = "", serial: str = "", supplier: str = "Potter",
          location: str = "A01-01-1", received_on: str = "2026-01-01", origin: int | None = None,
          receipt: str | None = None, came_from: int = 1) -> int:  # fmt: skip
    """A layer with all a label can say; returns its id."""

    def work(tx: Any) -> int:
        item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :k", k=sku)["id"]
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
        number = receipt or f"R-{tx.one('SELECT COUNT(*) AS n FROM receipt WHERE warehouse_id = :w')['n'] + 1}"
        receipt_id = tx.insert(
            "receipt", number=number, state="closed", supplier=supplier, received_on=received_on,
            content_sha256="", created_at_ms=tx.now_ms, kind="return" if origin else "asn",
        )  # fmt: skip
        layer_id = tx.insert(
            "layer", item_id=item_id, receipt_id=receipt_id, received_on=received_on, lot=lot, serial=serial,
            origin_layer_id=origin, created_at_ms=tx.now_ms,
        )  # fmt: skip
        ledger.post(tx, NOBODY, [Move(layer_id, item_id, came_from, place, qty_each, MoveReason.RECEIVE)])
        return layer_id

    return hand.write(work)


def asked(hand: FloorHand, *, with_names: bool = True, **words: str) -> dict[str, Any]:
    found = hand.floor.read(lambda tx: trace.trace(tx, Asked(**words), with_names=with_names))
    assert found["balanced"], found["sums"]
    return found


def listed(hand: FloorHand, **words: str) -> list[dict[str, Any]]:
    return hand.floor.read(lambda tx: recall.recall(tx, Asked(**words)))


def by_order(found: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {order["order"]: tuple(order[name] for name in FIGURES) for order in found["orders"]}


@pytest.fixture
def shipped(hand: FloorHand) -> FloorHand:
    """20 MUG of lot L1: 3 shipped to Jo (SO-1), 2 in a parcel (SO-2), 1 in a tote (SO-3), 4 promised (SO-4)."""
    hand.item("MUG", name="Mug, blue")
    hand.item("PEN")
    goods(hand, "MUG", 20, lot="L1", receipt="PO-77")
    goods(hand, "MUG", 5, lot="L2", location="A01-02-1", received_on="2026-02-01", supplier="Other")
    for number, qty in (("SO-1", 3), ("SO-2", 2), ("SO-3", 1)):
        hand.order(number, ("MUG", qty))
    pick_into(hand, "SO-1")
    pick_into(hand, "SO-2", first_tote=1)
    pick_into(hand, "SO-3", first_tote=2)
    at_bench(hand)
    for _ in range(3):
        hand.scan(BENCH, "MUG")
    first = label_and_lane(hand)
    at_lane(hand)
    hand.scan(TRUCK, "00" + first)
    hand.say(TRUCK, "CLOSE")
    hand.say(TRUCK, "CONFIRM")
    at_bench(hand, 1)
    for _ in range(2):
        hand.scan(BENCH, "MUG")
    label_and_lane(hand)
    hand.order("SO-4", ("MUG", 4))
    return hand


def test_a_lot_is_followed_from_its_supplier_to_every_order(shipped: FloorHand) -> None:
    found = asked(shipped, lot="L1")
    assert found["suppliers"] == ["Potter"]
    (layer,) = found["layers"]
    assert (layer["receipt"], layer["lot"], layer["sku"], layer["received_on"]) == ("PO-77", "L1", "MUG", "2026-01-01")
    assert by_order(found) == {"SO-1": (0, 0, 0, 3), "SO-2": (0, 0, 2, 0), "SO-3": (0, 1, 0, 0), "SO-4": (4, 0, 0, 0)}
    sums = {name: each for name, each in found["sums"].items() if each}
    assert sums == {"received_each": 20, "in_house_each": 15, "in_parcels_each": 2, "shipped_each": 3}
    assert [place["location"] for place in layer["been"]][:3] == ["A01-01-1", "CART-0001", "STAGE-1"]
    (parcel,) = found["orders"][0]["parcels"]
    assert (parcel["state"], parcel["carrier"], parcel["qty_each"]) == ("shipped", "DOM", 3)
    assert parcel["manifest"]
    assert parcel["shipped_at_ms"]
    assert wrong(shipped) == []


def test_a_lot_keyed_in_small_letters_is_found(shipped: FloorHand) -> None:
    assert asked(shipped, lot="l1")["sums"]["received_each"] == 20


def test_from_an_order_back_to_its_supplier_and_on_to_the_others_served(shipped: FloorHand) -> None:
    found = asked(shipped, order="SO-1")
    assert found["suppliers"] == ["Potter"]
    assert set(by_order(found)) == {"SO-1", "SO-2", "SO-3", "SO-4"}
    number = found["orders"][0]["parcels"][0]["parcel"]
    for parcel in (number, f"00{number}"):
        assert asked(shipped, parcel=parcel)["layers"] == found["layers"]
    assert asked(shipped, order="SO-4")["layers"] == found["layers"], "promised, and nothing picked yet"


def test_the_recall_list_holds_every_unit_once(shipped: FloorHand) -> None:
    rows = listed(shipped, lot="L1")
    assert sum(row["qty_each"] for row in rows) == 20
    assert [(row["where"], row["order"], row["qty_each"]) for row in rows[:3]] == [
        ("shipped", "SO-1", 3), ("parcel", "SO-2", 2), ("tote", "SO-3", 1),
    ]  # fmt: skip
    assert (rows[0]["ship_to_name"], rows[0]["country"]) == ("Jo Buyer", "GB")
    assert rows[0]["shipped_at"].startswith("20")
    assert (rows[3]["where"], rows[3]["location"], rows[3]["qty_each"], rows[3]["promised_each"]) == (
        "in_house", "A01-01-1", 14, 4,
    )  # fmt: skip


def test_who_may_not_read_orders_sees_no_names(shipped: FloorHand) -> None:
    assert {order["name"] for order in asked(shipped, lot="L1", with_names=False)["orders"]} == {None}
    rows = shipped.floor.read(lambda tx: recall.recall(tx, Asked(lot="L1"), with_names=False))
    assert {row["ship_to_name"] for row in rows} == {None}


def test_words_narrow_each_other(shipped: FloorHand) -> None:
    assert asked(shipped, sku="mug")["sums"]["received_each"] == 25
    assert asked(shipped, sku="MUG", lot="L2")["sums"]["received_each"] == 5
    assert asked(shipped, receipt="PO-77", order="SO-1")["sums"]["received_each"] == 20
    with pytest.raises(NotFound):
        asked(shipped, sku="PEN", lot="L1")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"lot": "L9"}, "unknown_lot"), ({"serial": "S9"}, "unknown_serial"), ({"sku": "CUP"}, "unknown_sku"),
        ({"receipt": "R9"}, "unknown_receipt"), ({"order": "SO-9"}, "unknown_order"),
        ({"parcel": "1" * 18}, "unknown_parcel"), ({}, "nothing_asked"), ({"channel": "api"}, "nothing_asked"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_said(shipped: FloorHand, words: dict[str, str], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        asked(shipped, **words)
    assert refused.value.code == code


def test_goods_that_came_back_are_one_trace_with_what_they_were(shipped: FloorHand) -> None:
    origin = asked(shipped, lot="L1")["layers"][0]["layer"]
    back = goods(shipped, "MUG", 2, location="A02-01-1", origin=origin, supplier="", receipt="RET-1",
                 came_from=ledger.VIRTUAL_IDS["CUSTOMER"])  # fmt: skip
    found = asked(shipped, lot="L1")
    assert [layer["layer"] for layer in found["layers"]] == [origin, back]
    assert found["layers"][0]["came_back_as"] == [back]
    assert found["sums"]["returned_each"] == 2
    assert asked(shipped, receipt="RET-1")["suppliers"] == ["Potter"]


def test_a_serial_is_one_unit_with_one_way(hand: FloorHand) -> None:
    hand.item("CAM", tracks_serial=1)
    for serial in ("S1", "S2"):
        goods(hand, "CAM", 1, serial=serial)
    found = asked(hand, serial="S2")
    assert found["sums"]["received_each"] == 1
    assert [(row["location"], row["on_hand_each"]) for row in found["here"]] == [("A01-01-1", 1)]
    assert found["orders"] == []


def test_what_was_lost_or_found_is_told_with_its_reason(hand: FloorHand) -> None:
    hand.item("MUG")
    layer = goods(hand, "MUG", 9, lot="L1")
    place = hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")["id"]
    item = hand.one("SELECT id FROM item WHERE warehouse_id = :w")["id"]
    away = ledger.VIRTUAL_IDS["ADJUSTMENT"]
    moves = [
        Move(layer, item, place, away, 4, MoveReason.ADJUST, why="theft"),
        Move(layer, item, away, place, 1, MoveReason.ADJUST, why="found"),
    ]
    hand.write(lambda tx: ledger.post(tx, NOBODY, moves))
    found = asked(hand, lot="L1")
    assert sorted((row["qty_each"], row["why"]) for row in found["adjusted"]) == [(-4, "theft"), (1, "found")]
    assert (found["sums"]["lost_each"], found["sums"]["found_each"], found["sums"]["in_house_each"]) == (4, 1, 6)


def test_a_book_that_lost_a_unit_does_not_balance(hand: FloorHand) -> None:
    hand.item("MUG")
    goods(hand, "MUG", 9, lot="L1")
    hand.write(lambda tx: tx.run("UPDATE stock_balance SET on_hand_each = 8 WHERE warehouse_id = :w"))
    assert hand.floor.read(lambda tx: trace.trace(tx, Asked(lot="L1")))["balanced"] is False


def test_a_trace_of_many_layers_shows_some_and_counts_all(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "SHOWN_LAYERS", 2)
    hand.item("MUG")
    for day in range(1, 6):
        goods(hand, "MUG", 3, received_on=f"2026-01-0{day}")
    found = asked(hand, sku="MUG")
    assert [layer["received_on"] for layer in found["layers"]] == ["2026-01-01", "2026-01-02"]
    assert found["left_off"] == {"layers": 3, "here": 0, "orders": 0}
    assert found["sums"]["received_each"] == 15


class TracedDay(AnyDay):
    """Any day, and after every step the trace of every item adds up and agrees with what orders say they got."""

    def the_book_is_right(self) -> None:
        """No invariant here: `test_any_day` asks it of the same days."""

    @invariant()
    def every_trace_adds_up(self) -> None:
        for sku in ("MUG", "CUP"):
            found = asked(self.hand, sku=sku)
            rows = listed(self.hand, sku=sku)
            sums = found["sums"]
            in_hand = sums["in_house_each"] + sums["in_parcels_each"]
            assert sum(row["qty_each"] for row in rows) == in_hand + sums["shipped_each"] + sums["sent_each"]
            assert sum(row["on_hand_each"] for row in found["here"]) == in_hand
            said = {
                row["number"]: (row["promised"], row["in_totes"], row["in_parcels"], row["shipped_each"])
                for row in self.hand.all(
                    "SELECT o.number, d.allocated_each - d.picked_each AS promised,"
                    " d.picked_each - d.packed_each AS in_totes, d.packed_each - d.shipped_each AS in_parcels,"
                    " d.shipped_each FROM demand d"
                    " JOIN sales_order o ON o.warehouse_id = d.warehouse_id AND o.id = d.order_id"
                    " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
                    " WHERE d.warehouse_id = :w AND i.sku = :sku AND d.allocated_each > 0",
                    sku=sku,
                )
            }
            assert by_order(found) == said


def test_on_any_day_every_trace_adds_up(open_empty: OpenEmpty, days: Callable[[int], int]) -> None:
    run_state_machine_as_test(
        lambda: TracedDay(open_empty),
        settings=settings(
            max_examples=days(12), stateful_step_count=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
