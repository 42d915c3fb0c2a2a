"""What holds on PostgreSQL when nobody takes turns: the ledger's own statements at READ COMMITTED.

With the warehouse's turn there is one writer at a time and nothing to race for. Stock must not lean on that: each
decrease is a conditional UPDATE whose row count is read, beside CHECK and UNIQUE. The rest (ids, what a service
read before it wrote) is what the turn is for, and is not raced here.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from fulfillment.bootstrap import Floor
from fulfillment.domain.fifo import Promise
from fulfillment.domain.reasons import MoveReason, Refused
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.hot.postgresql import PostgresWriter
from fulfillment.services.stock import allocate, ledger, ledger_sets
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.hot.racing import (
    SEEDS,
    Work,
    balances,
    open_floors,
    promised,
    pull,
    race,
    running_balances,
    waiting_for_a_lock,
)
from tests.services.acts import TOTES, go_to_stop, release, take_tour, wrong

pytestmark = pytest.mark.engine("postgresql")

ASKERS = 16
PATIENCE_S = 60.0


@pytest.fixture
def floors(hand: FloorHand, settings: Settings) -> Iterator[list[Floor]]:
    """A floor for each asker, none of which takes turns."""
    with open_floors(settings, hand.floor, ASKERS + 1) as opened:
        turnless = [replace(floor, writer=PostgresWriter(floor.engine, takes_turns=False)) for floor in opened[1:]]
        yield turnless
        for floor in turnless:
            floor.writer.close()


class Shelf:
    """MUG in one bin, an order an asker, and the ledger's statements on them."""

    def __init__(self, hand: FloorHand, units: int) -> None:
        self.hand = hand
        self.item_id = hand.item("MUG")
        # An order that asks for what is not there yet: promises are made by the statements under test.
        for number in range(ASKERS):
            hand.order(f"SO-{number}", ("MUG", 1_000))
        self.orders = [row["id"] for row in hand.all("SELECT id FROM sales_order WHERE warehouse_id = :w ORDER BY id")]
        self.here, self.there = (self._place(code) for code in ("A01-01-1", "A01-02-1"))
        self.layer_id = hand.stock("MUG", units, "DOCK-1")
        self.carry(self._place("DOCK-1"), self.here, units)(hand.floor)

    def _place(self, code: str) -> int:
        return int(self.hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=code)["id"])

    def promise(self, tx: Tx, asker: int, qty_each: int = 1) -> int | None:
        return ledger.promise(tx, NOBODY, self.orders[asker], self.item_id, self.here, self.layer_id, qty_each)

    def promise_all(self, tx: Tx, asker: int) -> int | None:
        """The same by the statements over a whole order."""
        wanted = [(self.item_id, Promise(self.here, self.layer_id, 1))]
        return ledger_sets.promise_all(tx, NOBODY, self.orders[asker], wanted) or None

    def ask(self, asker: int, times: int, by: str = "promise") -> Work:
        """One asker, who asks for a unit so often; how many it got."""
        return lambda floor: sum(
            floor.writer.write(lambda tx: getattr(self, by)(tx, asker)) is not None for _ in range(times)
        )

    def carry(self, source: int, target: int, qty_each: int = 1) -> Work:
        move = Move(self.layer_id, self.item_id, source, target, qty_each, MoveReason.MOVE)
        return lambda floor: floor.writer.write(lambda tx: ledger.post(tx, NOBODY, [move]))

    def book_is_right(self) -> None:
        self.hand.write(lambda tx: allocate.settle_all(tx, NOBODY, self.orders))
        assert running_balances(self.hand) == balances(self.hand)
        assert wrong(self.hand) == []
        assert len(set(promised(self.hand))) == 1


def while_the_first_has_not_committed(
    hand: FloorHand, floors: list[Floor], first: Callable[[Tx], Any], second: Callable[[Tx], Any]
) -> tuple[Future[Any], Future[Any]]:
    """`second` begins when `first` has written and not committed, and `first` commits when `second` waits for it."""
    has_written, may_commit = threading.Event(), threading.Event()

    def hold_it(tx: Tx) -> Any:
        answer = first(tx)
        tx.one("SELECT 1 AS sent")  # what was kept back is with the server now
        has_written.set()
        may_commit.wait(PATIENCE_S)
        return answer

    with ThreadPoolExecutor(2) as people:
        try:
            one = people.submit(floors[0].writer.write, hold_it)
            assert has_written.wait(PATIENCE_S)
            other = people.submit(floors[1].writer.write, second)
            deadline = time.monotonic() + PATIENCE_S
            # Read beside the writers: asking in a transaction of its own would wait for them as well.
            while not other.done() and not hand.floor.read(waiting_for_a_lock) and time.monotonic() < deadline:
                time.sleep(0.001)
        finally:
            may_commit.set()
    return one, other


@pytest.mark.parametrize("by", ["promise", "promise_all"])
@pytest.mark.parametrize("seed", SEEDS)
def test_sixteen_who_ask_far_more_often_than_there_are_units_get_each_unit_once(
    hand: FloorHand, floors: list[Floor], seed: int, by: str
) -> None:
    """Read, then write gave out 640 of 100 here, a sum and an insert 110, SKIP LOCKED 640."""
    shelf = Shelf(hand, 30)
    got = race(floors, [shelf.ask(asker, 5, by) for asker in range(ASKERS)], seed)
    assert sum(got) == 30
    assert promised(hand) == (30, 30, 30)
    shelf.book_is_right()


@pytest.mark.parametrize("by", ["promise", "promise_all"])
def test_odoo_pr_268942_the_last_unit_is_refused_to_whoever_waited_for_its_row(
    hand: FloorHand, floors: list[Floor], by: str
) -> None:
    shelf = Shelf(hand, 1)
    one, other = while_the_first_has_not_committed(
        hand, floors, lambda tx: getattr(shelf, by)(tx, 0), lambda tx: getattr(shelf, by)(tx, 1)
    )
    assert one.result() is not None
    assert other.result() is None
    assert promised(hand) == (1, 1, 1)
    shelf.book_is_right()


def test_two_hands_at_the_last_unit_and_the_second_is_told_it_is_gone(hand: FloorHand, floors: list[Floor]) -> None:
    shelf = Shelf(hand, 1)
    move = Move(shelf.layer_id, shelf.item_id, shelf.here, shelf.there, 1, MoveReason.MOVE)

    def take(tx: Tx) -> None:
        ledger.post(tx, NOBODY, [move])

    one, other = while_the_first_has_not_committed(hand, floors, take, take)
    one.result()
    with pytest.raises(Refused, match="short_stock"):
        other.result()
    assert (hand.on_hand("A01-01-1"), hand.on_hand("A01-02-1")) == (0, 1)
    shelf.book_is_right()


@pytest.mark.parametrize("by", ["promise", "promise_all"])
def test_odoo_pr_272560_who_asks_for_goods_whose_row_is_locked_waits_and_does_not_promise_beside_it(
    hand: FloorHand, floors: list[Floor], by: str
) -> None:
    shelf = Shelf(hand, 1)
    move = Move(shelf.layer_id, shelf.item_id, shelf.here, shelf.there, 1, MoveReason.MOVE)
    one, other = while_the_first_has_not_committed(
        hand, floors, lambda tx: ledger.post(tx, NOBODY, [move]), lambda tx: getattr(shelf, by)(tx, 1)
    )
    one.result()
    assert other.result() is None
    assert promised(hand) == (0, 0, 0)
    shelf.book_is_right()


def test_a_unit_promised_meanwhile_is_not_carried_away(hand: FloorHand, floors: list[Floor]) -> None:
    shelf = Shelf(hand, 1)
    move = Move(shelf.layer_id, shelf.item_id, shelf.here, shelf.there, 1, MoveReason.MOVE)
    one, other = while_the_first_has_not_committed(
        hand, floors, lambda tx: shelf.promise(tx, 0), lambda tx: ledger.post(tx, NOBODY, [move])
    )
    assert one.result() is not None
    with pytest.raises(Refused, match="short_stock"):
        other.result()
    shelf.book_is_right()


@pytest.mark.parametrize("seed", SEEDS)
def test_odoo_pr_272560_goods_set_down_by_many_at_once_are_one_row_with_all_of_them(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    shelf = Shelf(hand, ASKERS)
    race(floors, [shelf.carry(shelf.here, shelf.there) for _ in range(ASKERS)], seed)
    rows = hand.all("SELECT on_hand_each FROM stock_balance WHERE warehouse_id = :w AND location_id = :l",
                    l=shelf.there)  # fmt: skip
    assert rows == [{"on_hand_each": ASKERS}]
    shelf.book_is_right()


@pytest.mark.parametrize("seed", SEEDS)
def test_erpnext_51562_promises_moves_and_arrivals_at_once_leave_the_sum_of_all(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    shelf = Shelf(hand, 8)
    works = [shelf.ask(n, 2) if n % 2 else shelf.carry(shelf.here, shelf.there) for n in range(ASKERS)]
    answers = race(floors, works, seed)
    given = sum(answer for answer in answers[1::2])
    carried = sum(answer is None for answer in answers[::2])
    assert given + carried == 8  # each unit went to one of them
    assert (hand.on_hand("A01-01-1"), hand.on_hand("A01-02-1")) == (8 - carried, carried)
    shelf.book_is_right()


def test_one_pull_that_reaches_many_nodes_counts_once_by_its_unique_key_alone(
    hand: FloorHand, floors: list[Floor]
) -> None:
    hand.item("MUG")
    hand.stock("MUG", 9)
    hand.order("SO-1", ("MUG", 9))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
    hand.scan("HAND-1", "MUG", 2)
    tote = pull("HAND-1", TOTES[0], None, "the-pull")

    def hear(floor: Floor) -> str:
        try:
            return "replayed" if tote(floor)["replayed"] else "applied"
        except psycopg.errors.UniqueViolation:
            return "refused"  # by the key of the scan: all it did is undone with it

    heard = Counter(race(floors, [hear] * 6))
    assert heard["applied"] == 1
    assert heard["replayed"] + heard["refused"] == 5
    assert hand.one("SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w AND reason = 'pick'")["n"] == 1
    assert wrong(hand) == []


def test_the_database_itself_lets_no_more_be_promised_than_lies_there(hand: FloorHand) -> None:
    Shelf(hand, 3)
    for wrong_figure in ("allocated_each = on_hand_each + 1", "on_hand_each = -1", "sealed_each = on_hand_each + 1"):
        with pytest.raises(psycopg.errors.CheckViolation):
            hand.write(lambda tx, figure=wrong_figure: tx.run(f"UPDATE stock_balance SET {figure}"))
