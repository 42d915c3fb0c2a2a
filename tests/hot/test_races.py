"""Races for stock, each named after the public report of the system that lost it (or after the floor's own fear).

Several floors are open on one database, as several processes or machines would be, and everybody begins at one
instant. Whoever wins, the rest get an answer a person understands, and the book agrees with itself.
"""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path
from typing import Any

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.ordering import orders
from fulfillment.services.stock import allocate, ledger
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.hot.racing import SEEDS, Work, balances, cancel, promised, race
from tests.services.acts import demand, release

HERE, THERE = "A01-01-1", "A01-02-1"


pytestmark = pytest.mark.usefixtures("book_is_right")


def ask(number: str, qty_each: int, policy: str = "ship_partial", sku: str = "MUG") -> Work:
    """An order comes in and asks for its stock."""
    order = orders.OrderIn(number, 1_760_000_000_000, [orders.LineIn(sku, qty_each)], policy=policy)
    return lambda floor: floor.writer.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))


def got(hand: FloorHand, numbers: list[str]) -> list[int]:
    """Units promised to each order, the largest first."""
    return sorted((demand(hand, number)["allocated"] for number in numbers), reverse=True)


def place_of(hand: FloorHand, code: str) -> int:
    return int(hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=code)["id"])


def carry(layer_id: int, item_id: int, source: int, target: int, qty_each: int = 1, occurred_at_ms: int = 0) -> Work:
    """Loose units go from one place to another."""
    move = Move(layer_id, item_id, source, target, qty_each, MoveReason.MOVE)
    return lambda floor: floor.writer.write(lambda tx: ledger.post(tx, Actor(occurred_at_ms), [move]))


def arrive(number: int) -> Work:
    """One unit older than all that lies there comes in; who waits for it is served."""

    def work(tx: Tx) -> None:
        item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"]
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=THERE)["id"]
        receipt_id = tx.insert(
            "receipt", number=f"R-{number}", state="closed", received_on="2025-12-01", content_sha256="",
            created_at_ms=tx.now_ms,
        )  # fmt: skip
        layer_id = tx.insert(
            "layer", item_id=item_id, receipt_id=receipt_id, received_on="2025-12-01", created_at_ms=tx.now_ms
        )
        ledger.post(tx, NOBODY, [Move(layer_id, item_id, 1, place, 1, MoveReason.RECEIVE)])
        allocate.allocate_waiting(tx, NOBODY, item_id)

    return lambda floor: floor.writer.write(work)


# --- promising more than there is ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_odoo_pr_32857_twenty_who_ask_at_once_for_ten_units_get_ten(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 10)
    numbers = [f"SO-{n}" for n in range(20)]
    assert race(floors, [ask(number, 1) for number in numbers], seed) == [True] * 20
    assert got(hand, numbers) == [1] * 10 + [0] * 10
    assert promised(hand) == (10, 10, 10)


@pytest.mark.parametrize("askers", [2, 4, 8, 16])
def test_greaterwms_n_orders_of_all_there_is_released_at_once_do_not_oversell(
    hand: FloorHand, floors: list[Floor], askers: int
) -> None:
    hand.stock("MUG", 10)
    numbers = [f"SO-{n}" for n in range(askers)]
    race(floors, [ask(number, 10) for number in numbers], askers)
    assert got(hand, numbers) == [10] + [0] * (askers - 1)
    states = sorted(hand.order_state(number) for number in numbers)
    assert states == ["allocated"] + ["waiting"] * (askers - 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_odoo_pr_268942_and_272560_one_unit_is_reserved_once_on_its_one_row(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    layer_id = hand.stock("MUG", 1)
    race(floors, [ask(f"SO-{n}", 1) for n in range(6)], seed)
    rows = hand.all("SELECT on_hand_each, allocated_each FROM stock_balance WHERE layer_id = :y AND warehouse_id = :w",
                    y=layer_id)  # fmt: skip
    assert rows == [{"on_hand_each": 1, "allocated_each": 1}]
    assert promised(hand) == (1, 1, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_odoo_pr_32160_nobody_is_sent_away_by_the_database(hand: FloorHand, floors: list[Floor], seed: int) -> None:
    """There half of all transactions were rolled back; here everybody gets an answer at the first try."""
    hand.stock("MUG", 40, HERE)
    hand.stock("MUG", 40, THERE)
    works = [ask(f"SO-{n}", 3) for n in range(24)]
    assert race(floors, works, seed) == [True] * 24  # `race` raises what is no answer
    assert promised(hand) == (72, 72, 72)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_who_want_all_or_nothing_of_two_items_leave_nothing_half_promised(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.item("CUP")
    hand.stock("MUG", 5)
    hand.stock("CUP", 5, THERE)

    def both(number: str, first: str, second: str) -> Work:
        lines = [orders.LineIn(first, 5), orders.LineIn(second, 5)]
        order = orders.OrderIn(number, 1_760_000_000_000, lines, policy="ship_complete")
        return lambda floor: floor.writer.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))

    works = [both(f"SO-{n}", *(("MUG", "CUP") if n % 2 else ("CUP", "MUG"))) for n in range(6)]
    race(floors, works, seed)  # in opposite orders: nobody waits for whom waits for them
    assert got(hand, [f"SO-{n}" for n in range(6)]) == [10, 0, 0, 0, 0, 0]


def _ask_in_a_process(home: str, url: str, name: str, times: int) -> None:
    floor = open_floor(Settings(Path(home), url))
    for turn in range(times):
        ask(f"{name}-{turn}", 1)(floor)
    floor.close()


def test_four_processes_that_sell_the_same_goods_sell_them_once(hand: FloorHand, settings: Settings) -> None:
    hand.item("MUG")
    hand.stock("MUG", 25)
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=_ask_in_a_process, args=(str(settings.home), settings.database_url, f"P{n}", 12))
        for n in range(4)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    assert promised(hand) == (25, 25, 25)
    assert hand.one("SELECT COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w")["n"] == 48


# --- promises and what lies there drift apart ----------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_odoo_62139_promises_stay_what_the_balances_say_while_orders_come_go_and_goods_arrive(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 12)
    for n in range(6):
        hand.order(f"OLD-{n}", ("MUG", 2))
    works = [cancel(f"OLD-{n}") for n in range(6)] + [ask(f"NEW-{n}", 2) for n in range(6)]
    works += [arrive(n) for n in range(4)]
    race(floors, works, seed)
    assert len(set(promised(hand))) == 1
    assert got(hand, [f"OLD-{n}" for n in range(6)]) == [0] * 6
    assert got(hand, [f"NEW-{n}" for n in range(6)]) == [2] * 6  # 12 and 4 units for 12 asked


@pytest.mark.parametrize("seed", SEEDS)
def test_erpnext_55387_a_cancelled_order_leaves_no_ghost_of_its_promise(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    hand.stock("MUG", 6)
    for n in range(3):
        hand.order(f"SO-{n}", ("MUG", 2))
    release(hand)
    # Each is cancelled from three sides at once: the shop, the customer service, a program that tries again.
    race(floors, [cancel(f"SO-{n % 3}") for n in range(9)], seed)
    assert promised(hand) == (0, 0, 0)
    hand.order("SO-9", ("MUG", 6))
    assert demand(hand, "SO-9")["allocated"] == 6
    entries = hand.one("SELECT SUM(delta_each) AS n FROM allocation_entry WHERE warehouse_id = :w")["n"]
    assert entries == 6


@pytest.mark.parametrize("seed", SEEDS)
def test_oca_2113_stock_is_never_called_negative_because_somebody_else_holds_the_row(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    """There a locked row made a second, negative one, and the check refused a move that was right."""
    item_id = hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"]
    layer_id = hand.stock("MUG", 8)
    here, there = place_of(hand, HERE), place_of(hand, THERE)
    works = [carry(layer_id, item_id, here, there) for _ in range(8)]
    works += [carry(layer_id, item_id, 1, here) for _ in range(8)]
    assert race(floors, works, seed) == [None] * 16
    assert (hand.on_hand(HERE), hand.on_hand(THERE)) == (8, 8)


# --- running balances ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_erpnext_51562_and_pr_57664_postings_at_one_instant_leave_the_balance_of_all_of_them(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    item_id = hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"]
    layer_id = hand.stock("MUG", 20)
    here, there = place_of(hand, HERE), place_of(hand, THERE)
    rng = random.Random(seed)
    works, expected = [], {here: 20, there: 0}
    for _ in range(16):
        qty_each, (source, target) = rng.randint(1, 2), rng.choice([(1, here), (1, there), (here, there)])
        works.append(carry(layer_id, item_id, source, target, qty_each))
        expected[target] += qty_each
        if source != 1:
            expected[source] -= qty_each
    race(floors, works, seed)
    assert {place[0]: units for place, units in balances(hand).items()} == {
        place: units for place, units in expected.items() if units
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_erpnext_pr_25779_the_servers_sequence_decides_not_what_a_devices_clock_says(
    hand: FloorHand, floors: list[Floor], seed: int
) -> None:
    """Goods arrive by one clock two days late and leave by another a day early: ordered by those they would be
    taken before they came."""
    item_id = hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'MUG'")["id"]
    layer_id = hand.stock("MUG", 1)
    here, there = place_of(hand, HERE), place_of(hand, THERE)
    day = 24 * 3600 * 1000
    works: list[Work] = []
    for n in range(6):
        works.append(carry(layer_id, item_id, 1, here, 1, (10 - n) * day))
        works.append(carry(layer_id, item_id, here, there, 1, -n * day))
    answers = race(floors, works, seed)
    taken = sum(answer is None for answer in answers[1::2])
    # Whoever came before any goods had come is told so; nobody's move is lost and no sum goes below nothing.
    assert [code for code in map(_code, answers[1::2]) if code not in ("", "short_stock")] == []
    assert (hand.on_hand(HERE), hand.on_hand(THERE)) == (7 - taken, taken)
    recorded = hand.all("SELECT id, recorded_at_ms FROM stock_move WHERE warehouse_id = :w ORDER BY id")
    assert [row["id"] for row in recorded] == list(range(1, len(recorded) + 1))


def _code(answer: Any) -> str:
    return "" if answer is None else str(answer.rejected.code)
