"""Shipments by line: the oldest promised units leave once, whoever reports them how often."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.domain.reasons import Conflict, DomainError, MoveReason, NotFound
from fulfillment.domain.stock import Move, Virtual
from fulfillment.services.ordering import orders
from fulfillment.services.receiving import arrivals_by_line, inbound
from fulfillment.services.receiving.arrivals_by_line import ArrivalIn, ArrivedLine
from fulfillment.services.shipping import shipments
from fulfillment.services.shipping.shipments import ShipmentIn, ShippedLine
from fulfillment.services.stock import ledger
from fulfillment.services.stock.ledger import VIRTUAL_IDS
from fulfillment.services.tracing import trace
from fulfillment.services.verifying import audit
from tests.factories import NOBODY, FloorHand
from tests.services.acts import cancel, demand, pick_all, promises, release, wrong

PLACE = "SELECT id FROM location WHERE warehouse_id = :w AND code = :code"


def ship(hand: FloorHand, external_id: str, order: str, *lines: tuple[str, int], **said: Any) -> dict[str, Any]:
    """Report a shipment; its answer."""
    told = ShipmentIn(external_id, order, tuple(ShippedLine(*line) for line in lines), **said)
    answer, _ = hand.write(lambda tx: shipments.ship(tx, NOBODY, told))
    return answer


def announce(hand: FloorHand, number: str, *lines: tuple[str, int], **said: Any) -> None:
    """Announce a receipt of these goods."""
    expected = tuple(inbound.ExpectedLine(sku, qty_each) for sku, qty_each in lines)
    hand.write(lambda tx: inbound.announce(tx, inbound.ReceiptIn(number, expected, **said)))


def arrive(
    hand: FloorHand, external_id: str, receipt: str, *lines: tuple[str, int, str], closes: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Report goods of a receipt as lying in storage; the answer."""
    told = ArrivalIn(external_id, receipt, tuple(ArrivedLine(*line) for line in lines), closes)
    answer, _ = hand.write(lambda tx: arrivals_by_line.arrive(tx, NOBODY, told))
    return answer


def layers(answer: dict[str, Any]) -> list[tuple[int, int]]:
    """(layer, units) of an answer."""
    return [(part["layer"], part["qty_each"]) for line in answer["lines"] for part in line["layers"]]


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    """Five old mugs and twenty newer ones in one place, and three plates."""
    hand.item("MUG")
    hand.item("PLATE")
    hand.stock("MUG", 5, received_on="2026-01-01")
    hand.stock("MUG", 20, received_on="2026-02-01")
    hand.stock("PLATE", 3, "A01-02-1")
    return hand


def test_the_oldest_promised_units_leave_for_the_carrier(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8), ("PLATE", 1))
    answer = ship(stocked, "X-1", "SO-1", ("MUG", 8), ("PLATE", 1), carrier="DHL", tracking_number="JD01")
    assert layers(answer) == [(1, 5), (2, 3), (3, 1)]
    assert stocked.order_state("SO-1") == "shipped"
    assert (stocked.on_hand("A01-01-1"), stocked.on_hand("A01-02-1")) == (17, 2)
    assert wrong(stocked) == []


def test_a_part_leaves_now_and_the_rest_later_oldest_first(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8))
    assert layers(ship(stocked, "X-1", "SO-1", ("MUG", 6))) == [(1, 5), (2, 1)]
    assert stocked.order_state("SO-1") == "allocated"
    assert layers(ship(stocked, "X-2", "SO-1", ("MUG", 2))) == [(2, 2)]
    assert stocked.order_state("SO-1") == "shipped"
    assert wrong(stocked) == []


def test_reported_twice_it_left_once_and_the_answer_is_the_same(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8), ("PLATE", 2))
    first = ship(stocked, "X-1", "SO-1", ("PLATE", 1), ("MUG", 6), carrier="DHL")
    again = ship(stocked, "X-1", "SO-1", ("PLATE", 1), ("MUG", 6), carrier="DHL")
    assert again == first
    assert stocked.on_hand("A01-01-1") == 19


def test_an_id_that_came_with_other_content_is_refused(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8))
    ship(stocked, "X-1", "SO-1", ("MUG", 6))
    with pytest.raises(Conflict) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 1))
    assert refused.value.code == "shipment_exists"
    assert stocked.on_hand("A01-01-1") == 19


@pytest.mark.parametrize(
    ("line", "error", "code"),
    [
        (("CUP", 1), DomainError, "unknown_line"),
        (("MUG", 9), Conflict, "more_than_ordered"),
        (("PLATE", 4), Conflict, "not_allocated"),
    ],
)
def test_what_cannot_leave_is_refused_whole(
    stocked: FloorHand, line: tuple[str, int], error: type[DomainError], code: str
) -> None:
    stocked.order("SO-1", ("MUG", 8), ("PLATE", 5))
    with pytest.raises(error) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 1) if line[0] != "MUG" else ("PLATE", 1), line)
    assert refused.value.code == code
    assert stocked.all("SELECT id FROM shipment WHERE warehouse_id = :w") == []
    assert stocked.on_hand("A01-01-1") == 25
    assert wrong(stocked) == []


def test_an_unknown_order_is_not_found(stocked: FloorHand) -> None:
    with pytest.raises(NotFound):
        ship(stocked, "X-1", "SO-9", ("MUG", 1))


def test_a_cancelled_order_ships_nothing(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 1))
    cancel(stocked, "SO-1")
    with pytest.raises(Conflict) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 1))
    assert refused.value.code == "order_cancelled"


def test_an_order_on_hold_ships_nothing(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 1))
    stocked.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "ask first"))
    with pytest.raises(Conflict) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 1))
    assert refused.value.code == "order_on_hold"


def test_units_on_a_tour_are_the_pickers(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 2))
    release(stocked)
    with pytest.raises(Conflict) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 1))
    assert refused.value.code == "on_the_floor"
    assert wrong(stocked) == []


def test_units_in_a_tote_are_the_packers(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 2))
    pick_all(stocked)
    with pytest.raises(Conflict) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 2))
    assert refused.value.code == "on_the_floor"
    assert wrong(stocked) == []


def test_what_came_after_the_walk_began_may_be_handed_over(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("PLATE", 4))
    pick_all(stocked)
    stocked.stock("PLATE", 6, "A02-01-1", received_on="2026-03-01")
    assert layers(ship(stocked, "X-1", "SO-1", ("PLATE", 1))) == [(4, 1)]
    assert wrong(stocked) == []


def test_an_order_that_must_leave_whole_leaves_whole(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 2), ("PLATE", 1), policy="ship_complete")
    with pytest.raises(Conflict) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 2))
    assert refused.value.code == "ship_complete"
    ship(stocked, "X-1", "SO-1", ("MUG", 2), ("PLATE", 1))
    assert stocked.order_state("SO-1") == "shipped"


def test_goods_cannot_have_left_next_week(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 2))
    with pytest.raises(DomainError) as refused:
        ship(stocked, "X-1", "SO-1", ("MUG", 2), shipped_at_ms=stocked.floor.clock() + 7 * 24 * 3_600_000)
    assert refused.value.code == "bad_time"


def test_what_left_by_line_can_be_traced_and_recalled(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8))
    ship(stocked, "X-1", "SO-1", ("MUG", 8), carrier="DHL", tracking_number="JD01", shipped_at_ms=1_760_000_100_000)
    found = stocked.floor.read(lambda tx: trace.trace(tx, trace.Asked(order="SO-1")))
    assert found["balanced"]
    (served,) = found["orders"]
    assert served["shipped_each"] == 8
    assert served["shipments"] == [
        {"external_id": "X-1", "carrier": "DHL", "tracking_number": "JD01", "shipped_at_ms": 1_760_000_100_000,
         "qty_each": 8}
    ]  # fmt: skip


def test_what_left_by_line_can_come_back(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8))
    ship(stocked, "X-1", "SO-1", ("MUG", 8))
    announce(stocked, "RET-1", ("MUG", 6), kind="return", order="SO-1")
    answer = arrive(stocked, "A-1", "RET-1", ("MUG", 6, "A01-01-1"), closes=True)
    assert [part["qty_each"] for part in answer["lines"][0]["layers"]] == [5, 1]
    stocked.order("SO-2", ("MUG", 5))
    assert layers(ship(stocked, "X-2", "SO-2", ("MUG", 5))) == [(4, 5)]  # it still counts from its first day
    assert wrong(stocked) == []


def test_a_serial_item_leaves_by_its_serial(hand: FloorHand) -> None:
    hand.item("CAM", tracks_serial=1)
    announce(hand, "R-1", ("CAM", 2))
    told = ArrivalIn("A-1", "R-1", tuple(ArrivedLine("CAM", 1, "A01-01-1", serial=one) for one in ("S1", "S2")), True)
    hand.write(lambda tx: arrivals_by_line.arrive(tx, NOBODY, told))
    hand.order("SO-1", ("CAM", 2))
    with pytest.raises(DomainError) as refused:
        ship(hand, "X-1", "SO-1", ("CAM", 1))
    assert refused.value.code == "serial_required"
    answer = ship(hand, "X-1", "SO-1", ("CAM", 1, "S2"))
    assert answer["lines"][0]["layers"][0]["serial"] == "S2"
    assert wrong(hand) == []


def test_closed_cases_leave_closed(hand: FloorHand) -> None:
    hand.item("TEA")
    layer = hand.stock("TEA", 24)
    hand.write(lambda tx: tx.run("UPDATE layer SET case_each = 6 WHERE warehouse_id = :w AND id = :id", id=layer))
    hand.write(
        lambda tx: tx.insert(
            "pack_entry", location_id=tx.one(PLACE, code="A01-01-1")["id"], layer_id=layer, lpn_id=0,
            status="available", delta_sealed_each=24, reason="count", after_move_id=1, recorded_at_ms=tx.now_ms,
        )
    )  # fmt: skip
    hand.write(lambda tx: tx.run("UPDATE stock_balance SET sealed_each = 24 WHERE warehouse_id = :w"))
    hand.order("SO-1", ("TEA", 8))
    ship(hand, "X-1", "SO-1", ("TEA", 8))
    assert hand.one("SELECT on_hand_each, sealed_each FROM stock_balance WHERE warehouse_id = :w") == {
        "on_hand_each": 16, "sealed_each": 12,
    }  # fmt: skip
    assert wrong(hand) == []


def test_a_paper_without_goods_is_found(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8))
    ship(stocked, "X-1", "SO-1", ("MUG", 2))
    stocked.write(
        lambda tx: tx.insert(
            "shipment", external_id="X-2", order_id=1, shipped_at_ms=1, qty_each=3, first_move_id=1, last_move_id=1,
            content_sha256="", recorded_at_ms=1,
        )
    )  # fmt: skip
    assert {words.split(":")[0] for words in wrong(stocked)} == {"shipments_equal_ledger", "shipments_name_their_moves"}


def test_goods_that_left_without_their_paper_are_found(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 8))
    place = stocked.one(PLACE, code="A01-03-1")["id"]
    stocked.stock("MUG", 1, "A01-03-1", received_on="2026-02-01")
    move = Move(4, 1, place, VIRTUAL_IDS[Virtual.CARRIER], 1, MoveReason.SHIP, order_id=1)
    stocked.write(lambda tx: ledger.post(tx, NOBODY, [move]))
    found = {words.split(":")[0] for words in wrong(stocked)}
    assert {"shipments_equal_ledger", "picked_and_shipped_equal_ledger"} <= found


def test_newer_goods_handed_over_without_a_promise_pass_over_the_older(stocked: FloorHand) -> None:
    stocked.stock("PLATE", 1, "A01-03-1", received_on="2026-05-01")
    place = stocked.one(PLACE, code="A01-03-1")["id"]
    stocked.order("SO-1", ("MUG", 1))
    move = Move(4, 2, place, VIRTUAL_IDS[Virtual.CARRIER], 1, MoveReason.SHIP, order_id=1)
    stocked.write(lambda tx: ledger.post(tx, NOBODY, [move]))
    assert [one["kind"] for one in stocked.floor.read(audit.fifo_audit)["violations"]] == ["passed_over"]


def test_which_of_two_promised_orders_leaves_first_is_the_shippers_business(stocked: FloorHand) -> None:
    stocked.order("SO-1", ("MUG", 5))
    stocked.order("SO-2", ("MUG", 5))
    assert layers(ship(stocked, "X-1", "SO-2", ("MUG", 5))) == [(2, 5)]
    assert layers(ship(stocked, "X-2", "SO-1", ("MUG", 5))) == [(1, 5)]
    assert wrong(stocked) == []


# --- arrivals --------------------------------------------------------------------------------------------------


def test_an_arrival_lies_in_storage_and_serves_who_waits(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 4))
    announce(hand, "R-1", ("MUG", 10), received_on="2026-01-05")
    arrive(hand, "A-1", "R-1", ("MUG", 6, "A01-01-1"))
    assert hand.order_state("SO-1") == "allocated"
    arrive(hand, "A-2", "R-1", ("MUG", 4, "A01-01-1"), closes=True)
    assert hand.on_hand("A01-01-1") == 10
    assert demand(hand, "SO-1")["allocated"] == 4
    assert hand.one("SELECT state FROM receipt WHERE warehouse_id = :w AND number = 'R-1'")["state"] == "closed"
    assert wrong(hand) == []


def test_an_arrival_reported_twice_came_once(hand: FloorHand) -> None:
    hand.item("MUG")
    announce(hand, "R-1", ("MUG", 10))
    first = arrive(hand, "A-1", "R-1", ("MUG", 6, "A01-01-1"))
    assert arrive(hand, "A-1", "R-1", ("MUG", 6, "A01-01-1")) == first
    with pytest.raises(Conflict) as refused:
        arrive(hand, "A-1", "R-1", ("MUG", 2, "A01-01-1"))
    assert refused.value.code == "reference_exists"
    assert hand.on_hand("A01-01-1") == 6


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("MUG", 11, "A01-01-1"), "over_receipt"),
        (("PLATE", 1, "A01-02-1"), "wrong_item"),
        (("MUG", 1, "A01-02-1"), "mixed_item"),
        (("MUG", 1, "STAGE-1"), "not_storage"),
        (("MUG", 1, "NOPE"), "unknown_location"),
    ],
)
def test_an_arrival_keeps_the_rules_of_receiving_and_putaway(
    hand: FloorHand, line: tuple[str, int, str], code: str
) -> None:
    hand.item("MUG")
    hand.item("PLATE")
    hand.stock("PLATE", 3, "A01-02-1")
    announce(hand, "R-1", ("MUG", 10))
    with pytest.raises(DomainError) as refused:
        arrive(hand, "A-1", "R-1", ("MUG", 2, "A01-01-1"), line)
    assert refused.value.code == code
    assert hand.on_hand("A01-01-1") == 0
    assert wrong(hand) == []


def test_goods_that_wait_for_inspection_come_over_the_dock(hand: FloorHand) -> None:
    hand.item("MUG")
    announce(hand, "R-1", ("MUG", 10), needs_quality=True)
    with pytest.raises(Conflict) as refused:
        arrive(hand, "A-1", "R-1", ("MUG", 2, "A01-01-1"))
    assert refused.value.code == "needs_quality"


# --- whatever happens ------------------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(st.sampled_from(["order", "ship", "cancel", "arrive", "return"]), st.integers(1, 9), st.integers(0, 5)),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_is_reported_the_ledger_stays_right(hand: FloorHand, acts: list[tuple[str, int, int]]) -> None:
    tag = str(hand.write(lambda tx: tx.one("SELECT COUNT(*) AS n FROM item WHERE warehouse_id = :w")["n"]))
    sku = f"ITEM-{tag}"
    hand.item(sku)
    place = ("A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1")[int(tag) % 4]
    hand.write(lambda tx: tx.run("UPDATE location SET kind = 'bin' WHERE warehouse_id = :w AND code = :c", c=place))
    spare = f"B-{tag}"
    hand.write(lambda tx: tx.insert("location", code=spare, kind="bin"))
    for turn, (act, qty_each, which) in enumerate(acts):
        order = f"SO-{tag}-{which}"
        try:
            if act == "order":
                hand.order(order, (sku, qty_each))
            elif act == "ship":
                ship(hand, f"X-{tag}-{which}-{qty_each}", order, (sku, qty_each))
            elif act == "cancel":
                cancel(hand, order)
            else:
                said = {"kind": "return", "order": order} if act == "return" else {}
                announce(hand, f"R-{tag}-{turn}", (sku, qty_each), received_on=f"2026-01-{which + 1:02d}", **said)
                arrive(hand, f"A-{tag}-{turn}", f"R-{tag}-{turn}", (sku, qty_each, spare), closes=True)
        except DomainError:
            continue  # a business answer; what it left behind is checked below
    assert wrong(hand) == []
    assert promises(hand, "none") == []
