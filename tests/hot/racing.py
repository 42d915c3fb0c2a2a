"""Races: many pieces of work that begin at one instant, on several open floors (as many processes' writers).

Each work gets a floor, waits at the barrier and runs; `race` gives back what each came to, in the order given.
A business refusal is an answer; anything else that is raised fails the race. The seed says who runs where.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import DomainError, Refused
from fulfillment.hot import Tx
from fulfillment.services.ordering import orders
from fulfillment.services.scan_path import scans
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand

Work = Callable[[Floor], Any]

SEEDS = (1, 2, 3)
BUSINESS = (Refused, DomainError)  # what a person or a program is told; all else is a fault of ours


@contextmanager
def open_floors(settings: Settings, first: Floor, count: int = 3) -> Iterator[list[Floor]]:
    """The floor at hand and others on the same database, each with a writer of its own."""
    others = [open_floor(settings) for _ in range(count - 1)]
    try:
        yield [first, *others]
    finally:
        for floor in others:
            floor.close()


def race(floors: Sequence[Floor], works: Sequence[Work], seed: int = 1) -> list[Any]:
    """Run all works at once; answers in the order of `works`, a business refusal as the exception itself."""
    together = Barrier(len(works))
    starters = list(range(len(works)))
    random.Random(seed).shuffle(starters)

    def run(place: int) -> tuple[int, Any]:
        number = starters[place]
        together.wait(60)
        try:
            return number, works[number](floors[place % len(floors)])
        except BUSINESS as refusal:
            return number, refusal

    with ThreadPoolExecutor(len(works)) as people:
        answers = dict(people.map(run, range(len(works))))
    return [answers[number] for number in range(len(works))]


def cancel(number: str) -> Work:
    """The order is called off."""
    return lambda floor: floor.writer.write(lambda tx: orders.cancel(tx, NOBODY, number))


_pulls = itertools.count(1)


def pull(station: str, code: str, qty_each: int | None = None, scan_id: str | None = None) -> Work:
    """One trigger pull, wherever its request lands; its answer."""
    request = scans.ScanRequest(scan_id or f"race-{next(_pulls)}", station, code, 1_760_000_000_000, qty_each)
    return lambda floor: floor.writer.write(lambda tx: scans.handle_scan(tx, request))


def pulls(*scanned: tuple[str, str, int | None]) -> Work:
    """One person's pulls one after the other; the last answer."""
    works = [pull(*one) for one in scanned]

    def all_of_them(floor: Floor) -> Any:
        answer = None
        for work in works:
            answer = work(floor)
        return answer

    return all_of_them


def codes(answers: Sequence[dict[str, Any]]) -> list[str]:
    """Why each scan was rejected, sorted; '' for one that was applied."""
    return sorted(answer.get("code", "") for answer in answers)


def running_balances(hand: FloorHand) -> dict[tuple[int, int, int, str], int]:
    """What lies where by the moves alone, added up in the server's order; no sum may go below nothing on the way."""
    sums: dict[tuple[int, int, int, str], int] = {}
    for move in hand.all("SELECT * FROM stock_move WHERE warehouse_id = :w ORDER BY id"):
        for sign, end in ((-1, "from"), (1, "to")):
            if move[f"{end}_location_id"] < 10:  # the outside keeps no balance
                continue
            place = (move[f"{end}_location_id"], move["layer_id"], move[f"{end}_lpn_id"], move[f"{end}_status"])
            sums[place] = sums.get(place, 0) + sign * move["qty_each"]
            assert sums[place] >= 0, (move, sums[place])
    return {place: units for place, units in sums.items() if units}


def balances(hand: FloorHand) -> dict[tuple[int, int, int, str], int]:
    """What lies where by the book."""
    return {
        (row["location_id"], row["layer_id"], row["lpn_id"], row["status"]): row["on_hand_each"]
        for row in hand.all("SELECT * FROM stock_balance WHERE warehouse_id = :w")
    }


def promised(hand: FloorHand) -> tuple[int, int, int]:
    """Units promised by the balances, by the promises themselves, and by the orders' own figures."""
    row = hand.one(
        "SELECT (SELECT COALESCE(SUM(allocated_each), 0) FROM stock_balance WHERE warehouse_id = :w) AS balances,"
        " (SELECT COALESCE(SUM(qty_each), 0) FROM allocation WHERE warehouse_id = :w) AS promises,"
        " (SELECT COALESCE(SUM(allocated_each), 0) FROM demand WHERE warehouse_id = :w) AS orders"
    )
    return row["balances"], row["promises"], row["orders"]


def waiting_for_a_lock(tx: Tx) -> int:
    """How many connections of a PostgreSQL database wait for a row somebody else has written."""
    row = tx.one(
        "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(row["n"])
