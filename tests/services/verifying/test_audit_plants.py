"""Each way of breaking the rules of age is planted once past all services: the audit finds it, and only it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.stock import allocate, ledger, policies
from fulfillment.services.verifying import audit
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand

NINE = 1_781_251_200_000  # 2026-06-12 09:00 in London, 08:00 UTC
HOUR_MS = 3_600_000


class Clock:
    """The floor's clock, moved by hand."""

    now_ms = NINE

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hand(settings: Settings, clock: Clock) -> Iterator[FloorHand]:
    floor = open_floor(settings, clock=clock)
    hand = FloorHand(floor)
    hand.item("MUG")
    yield hand
    floor.close()


def report(hand: FloorHand) -> dict[str, Any]:
    return hand.floor.read(audit.fifo_audit)


def found(hand: FloorHand) -> list[tuple[str, int, int | None]]:
    return [(one["kind"], one["layer"], one["older_layer"]) for one in report(hand)["violations"]]


def order(hand: FloorHand, number: str = "SO-1", sku: str = "MUG", qty_each: int = 2) -> int:
    """An order that holds no promise whatever lies there."""
    hand.order(number, (sku, qty_each))
    order_id = hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number)["id"]
    hand.write(lambda tx: allocate.take_back_promises(tx, NOBODY, order_id, "test"))
    return order_id


def _place(tx: Tx, layer_id: int) -> tuple[int, int]:
    row = tx.one(
        "SELECT location_id, item_id FROM stock_balance WHERE warehouse_id = :w AND layer_id = :y AND lpn_id = 0"
        " ORDER BY location_id DESC",  # of two places always the same one
        y=layer_id,
    )
    return row["location_id"], row["item_id"]


def promise(hand: FloorHand, order_id: int, layer_id: int, qty_each: int = 1, note: str = "") -> None:
    """Promise a layer past all rules."""

    def work(tx: Tx) -> None:
        location_id, item_id = _place(tx, layer_id)
        ledger.promise(tx, NOBODY, order_id, item_id, location_id, layer_id, qty_each, note)

    hand.write(work)


def move(hand: FloorHand, layer_id: int, to: str, reason: str, qty_each: int = 1, **values: Any) -> None:
    """Move a layer past all rules."""

    def work(tx: Tx) -> None:
        location_id, item_id = _place(tx, layer_id)
        to_id = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=to)["id"]
        ledger.post(tx, NOBODY, [Move(layer_id, item_id, location_id, to_id, qty_each, reason, **values)])

    hand.write(work)


def expires(hand: FloorHand, layer_id: int, on: str) -> None:
    sql = "UPDATE layer SET expiry_on = :on WHERE warehouse_id = :w AND id = :id"
    hand.write(lambda tx: tx.run(sql, id=layer_id, on=on))


# --- buried ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["putaway", "move", "replenish", "put_back", "return"])
def test_newer_goods_pushed_in_front_of_older_ones_are_found(hand: FloorHand, reason: str) -> None:
    older = hand.stock("MUG", 3, "P01-01-1", "2026-01-01")
    newer = hand.stock("MUG", 2, "DOCK-1", "2026-02-01")
    move(hand, newer, "P01-01-1", reason)
    assert found(hand) == [("buried", newer, older)]
    (one,) = report(hand)["violations"]
    assert (one["older_free_each"], one["location"], one["why"]) == (3, "P01-01-1", reason)
    assert "cannot be reached" in audit.in_words(one)


def test_older_goods_put_behind_newer_ones_in_a_flow_rack_are_found(hand: FloorHand) -> None:
    newer = hand.stock("MUG", 3, "F01-01-1", "2026-02-01")
    older = hand.stock("MUG", 2, "DOCK-1", "2026-01-01")
    move(hand, older, "F01-01-1", MoveReason.PUTAWAY)
    assert found(hand) == [("buried", newer, older)]


def test_goods_on_hold_in_a_lane_can_be_buried_too(hand: FloorHand) -> None:
    older = hand.stock("MUG", 3, "P01-01-1", "2026-01-01")
    move(hand, older, "P01-01-1", MoveReason.HOLD, 3, to_status="hold")
    newer = hand.stock("MUG", 2, "DOCK-1", "2026-02-01")
    move(hand, newer, "P01-01-1", MoveReason.PUTAWAY)
    assert found(hand) == [("buried", newer, older)]


def test_what_has_left_a_lane_is_not_buried_and_what_a_count_finds_was_there(hand: FloorHand) -> None:
    older = hand.stock("MUG", 3, "P01-01-1", "2026-01-01")
    move(hand, older, "A01-01-1", MoveReason.MOVE, 3)
    newer = hand.stock("MUG", 2, "DOCK-1", "2026-02-01")
    move(hand, newer, "P01-01-1", MoveReason.PUTAWAY)
    older_item = hand.one("SELECT item_id FROM layer WHERE warehouse_id = :w AND id = :id", id=newer)["item_id"]
    lane = hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'P01-01-1'")["id"]
    latest = hand.stock("MUG", 1, "A02-01-1", "2026-03-01")
    hand.write(lambda tx: ledger.post(tx, NOBODY, [Move(latest, older_item, 3, lane, 1, MoveReason.COUNT)]))
    assert found(hand) == []


def test_a_lane_is_judged_by_how_it_was_reached_then(hand: FloorHand) -> None:
    hand.stock("MUG", 3, "A01-01-1", "2026-01-01")
    newer = hand.stock("MUG", 2, "DOCK-1", "2026-02-01")
    move(hand, newer, "A01-01-1", MoveReason.PUTAWAY)
    row = hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")
    hand.write(lambda tx: policies.note_reach(tx, row["id"], "any", "lifo"))
    hand.write(
        lambda tx: tx.run("UPDATE location SET access = 'lifo' WHERE warehouse_id = :w AND id = :i", i=row["id"])
    )
    assert found(hand) == []
    move(hand, newer, "A01-01-1", MoveReason.PUTAWAY)
    assert [kind for kind, _, _ in found(hand)] == ["buried"]


# --- promised too late -----------------------------------------------------------------------------------


def test_expired_goods_promised_are_found(hand: FloorHand) -> None:
    layer = hand.stock("MUG", 3)
    expires(hand, layer, "2026-06-12")
    order_id = order(hand)
    promise(hand, order_id, layer)
    assert found(hand) == [("expired", layer, None)]
    assert "promised too late" in audit.in_words(report(hand)["violations"][0])


def test_goods_with_less_than_their_minimum_life_are_found(hand: FloorHand) -> None:
    hand.item("JAM", rotation="fefo", min_life_days=30)
    fit, unfit = hand.stock("JAM", 3), hand.stock("JAM", 3)
    order_id = order(hand, sku="JAM")
    expires(hand, fit, "2026-07-13")
    expires(hand, unfit, "2026-07-12")
    promise(hand, order_id, fit)
    assert found(hand) == []  # and the older one was not passed over: nobody may be promised it
    promise(hand, order_id, unfit)
    assert found(hand) == [("expired", unfit, None)]


def test_the_day_is_the_warehouses_own(hand: FloorHand, clock: Clock) -> None:
    layer = hand.stock("MUG", 3)
    expires(hand, layer, "2026-06-13")
    order_id = order(hand)
    clock.now_ms = NINE + 14 * HOUR_MS  # 23:00 in London
    promise(hand, order_id, layer)
    assert found(hand) == []
    clock.now_ms += HOUR_MS  # midnight in London, 23:00 UTC
    promise(hand, order_id, layer)
    assert found(hand) == [("expired", layer, None)]


# --- passed over -----------------------------------------------------------------------------------------


def two_ages(hand: FloorHand, newer_at: str = "A02-01-1") -> tuple[int, int]:
    return hand.stock("MUG", 5, "A01-01-1", "2026-01-01"), hand.stock("MUG", 5, newer_at, "2026-02-01")


def test_a_transfer_sent_past_older_free_goods_is_found(hand: FloorHand) -> None:
    older, newer = two_ages(hand)

    def work(tx: Tx) -> int:
        transfer = tx.insert("transfer", number="X-1", to_warehouse="NORTH", created_at_ms=0)
        return tx.insert("lpn", code="106141410000000001", kind="pallet", transfer_id=transfer)

    pallet = hand.write(work)
    move(hand, newer, "DOCK-1", MoveReason.MOVE, to_lpn_id=pallet)
    assert found(hand) == [("passed_over", newer, older)]
    (one,) = report(hand)["violations"]
    assert (one["order"], one["why"]) == (None, "sent to another warehouse")


def test_a_pick_that_leaves_older_goods_lying_in_the_same_place_is_found(hand: FloorHand, clock: Clock) -> None:
    older, newer = two_ages(hand, "A01-01-1")
    orders = order(hand, "SO-1", qty_each=5), order(hand, "SO-2", qty_each=2)
    promise(hand, orders[0], older, 5)
    promise(hand, orders[1], newer, 2)
    clock.now_ms += HOUR_MS

    def pick(tx: Tx) -> None:
        for row in tx.all("SELECT * FROM allocation WHERE warehouse_id = :w AND layer_id = :y", y=newer):
            ledger.keep(tx, NOBODY, row, 2)

    hand.write(pick)
    values = {"to_lpn_id": 1, "allocated_from_each": 2, "allocated_to_each": 2, "order_id": orders[1]}
    move(hand, newer, "CART-0001", MoveReason.PICK, 2, **values)
    assert found(hand) == [("passed_over", newer, older)]


def test_what_a_supervisor_answered_for_is_told_apart(hand: FloorHand) -> None:
    older, newer = two_ages(hand)
    order_id = order(hand)

    def let_pass(tx: Tx) -> None:
        location_id, item_id = _place(tx, newer)
        ledger.promise(tx, NOBODY, order_id, item_id, location_id, newer, 1)
        ada = tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = '1001'")["id"]
        tx.insert(
            "fifo_override", order_id=order_id, item_id=item_id, location_id=location_id, layer_id=newer, qty_each=1,
            why="unreachable", after_move_id=ledger.last_move_id(tx), supervisor_id=ada, recorded_at_ms=tx.now_ms,
        )  # fmt: skip

    hand.write(let_pass)
    answer = report(hand)
    assert (answer["ok"], answer["violations"]) == (True, [])
    (one,) = answer["overridden"]
    assert (one["layer"], one["older_layer"], one["supervisor"], one["reason"]) == (newer, older, "1001", "unreachable")
    assert audit.in_words(one).endswith("; let by 1001: unreachable")
    assert audit.report_in_words(answer).endswith("0 violations, 1 overridden, in 2 promises and 2 moves")


def test_an_override_covers_its_own_units_and_no_more(hand: FloorHand, clock: Clock) -> None:
    test_what_a_supervisor_answered_for_is_told_apart(hand)
    order_id = hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w")["id"]
    newer = hand.one("SELECT MAX(id) AS id FROM layer WHERE warehouse_id = :w")["id"]
    promise(hand, order_id, newer)  # in the same instant
    clock.now_ms += 1
    answer = report(hand)
    assert (len(answer["violations"]), len(answer["overridden"])) == (1, 1)


def test_a_promise_that_moved_with_its_units_is_no_new_one(hand: FloorHand) -> None:
    older, newer = two_ages(hand, "A02-03-3")
    item_id = hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"]
    hand.write(lambda tx: tx.run("UPDATE item SET rotation = 'lifo' WHERE warehouse_id = :w AND id = :i", i=item_id))
    order_id = order(hand, qty_each=2)
    promise(hand, order_id, newer, 2)
    hand.write(lambda tx: policies.remember(tx, item_id))
    hand.write(lambda tx: policies.settle_policies(tx, [item_id]))  # first in, first out from now on

    def bring_down(tx: Tx) -> None:
        row = tx.one("SELECT * FROM allocation WHERE warehouse_id = :w AND qty_each > 0")
        face = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A02-01-1'")["id"]
        carried = Move(newer, item_id, row["location_id"], face, 2, MoveReason.REPLENISH, allocated_from_each=2,
                       allocated_to_each=2)  # fmt: skip
        ledger.post(tx, NOBODY, [carried])
        ledger.relocate_promise(tx, NOBODY, row, face, 2)

    hand.write(bring_down)
    assert found(hand) == []
    promise(hand, order(hand, "SO-2"), newer, 1, "relocated")  # the word alone excuses nothing
    assert found(hand) == [("passed_over", newer, older)]


# --- the rules of the time -------------------------------------------------------------------------------


def test_the_past_is_judged_by_the_policy_of_its_day(hand: FloorHand) -> None:
    """Allowed then, forbidden now; and the reverse: a new policy excuses nothing old."""
    older, newer = two_ages(hand)
    order_id = order(hand, qty_each=4)
    hand.write(lambda tx: policies.set_policy(tx, "MUG", {"own_rotation": "none"}))
    promise(hand, order_id, newer)
    hand.write(lambda tx: policies.set_policy(tx, "MUG", {"own_rotation": "fifo", "own_tolerance_days": 31}))
    promise(hand, order_id, newer)
    hand.write(lambda tx: policies.set_policy(tx, "MUG", {"own_tolerance_days": 30}))
    assert found(hand) == []
    promise(hand, order_id, newer)
    hand.write(lambda tx: policies.set_policy(tx, "MUG", {"own_rotation": "none"}))
    assert found(hand) == [("passed_over", newer, older)]
