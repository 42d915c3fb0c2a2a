"""Many who want the last goods at one instant, over HTTP, against the server `floor run` starts.

An order asks for its stock when it comes in (`POST /orders`), and for its walk when it is released (`POST /waves`):
both are raced. One wins, the others are told in words of the business; the book is recomputed afterwards. Every
number of askers takes its turn in every round, so that a busy machine is busy for all of them.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.processes import Processes, free_port
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.postgresql import PostgresServer
from tests.services.acts import wrong

ASKERS = (1, 2, 4, 8, 16)
QUICK_ASKERS = (2, 4, 8, 16)
TRIALS, QUICK_TRIALS = 20, 2
ALONE = 4  # trials of one asker a round: their 95th percentile is what the others are measured against
STOCK_EACH = 10
ORDERED_AT = "2026-11-20T09:00:00+00:00"


@dataclass
class Heard:
    """What the askers of one number came to, over all trials."""

    waited_ms: list[float] = field(default_factory=list)
    winners: Counter[int] = field(default_factory=Counter)  # winners in a trial → trials
    oversold: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    unclear: int = 0

    def p95_ms(self) -> float:
        return percentile(self.waited_ms, 0.95)


def rows(quick: bool, engines: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the races, engine by engine."""
    found: list[dict[str, Any]] = []
    for engine in engines:
        with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url:
            settings = Settings(Path(folder), url, port=free_port(), live_port=free_port())
            migrate(settings)
            hand = FloorHand(open_floor(settings))
            token = hand.write(lambda tx: setting_up.add_token(tx, "shop", "admin"))
            try:
                found += _races(hand, settings, token, quick, engine)
            finally:
                hand.floor.close()
    return found


@contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """The address of a database of its own; PostgreSQL with fsync, as it would run."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'floor.sqlite'}"
        return
    server = PostgresServer(is_durable=True)
    try:
        yield server.create("floor")
    finally:
        server.stop()


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The web of a floor as `floor run` starts it, without the workers beside it; its host and port."""
    processes = Processes(settings)
    processes._children = [child for child in processes._children if child.name == "web"]
    with processes:
        yield f"{settings.host}:{settings.port}"


class Asker:
    """A program with a connection of its own that stays open."""

    def __init__(self, address: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection.connect()

    def post(self, path: str, body: Any) -> tuple[int, Any, float]:
        """Status, answer, milliseconds; a connection that broke is status 599."""
        content = json.dumps(body)
        started = time.perf_counter()
        try:
            self._connection.request("POST", f"/api/v1{path}", content, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 599, None, (time.perf_counter() - started) * 1000
        return answer.status, json.loads(text), (time.perf_counter() - started) * 1000

    def close(self) -> None:
        self._connection.close()


def order(number: str, sku: str, qty_each: int) -> dict[str, Any]:
    """An order of one line as a shop sends it."""
    ship_to = {"name": "Jo Buyer", "address1": "1 Road", "city": "Town", "postcode": "T1 1TT", "country": "GB"}
    return {"number": number, "ordered_at": ORDERED_AT, "lines": [{"sku": sku, "qty_each": qty_each}],
            "ship_to": ship_to}  # fmt: skip


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which so large a part of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _races(hand: FloorHand, settings: Settings, token: str, quick: bool, engine: str) -> list[dict[str, Any]]:
    trials, askers = (QUICK_TRIALS, QUICK_ASKERS) if quick else (TRIALS, ASKERS)
    units, asks = (25, 80) if quick else (100, 640)
    turns = [n for n in askers for _ in range(ALONE if n == 1 and not quick else 1)]
    for turn in range(trials * len(turns)):
        hand.item(f"LAST-{turn}")
        hand.stock(f"LAST-{turn}", STOCK_EACH)
    hand.item("MANY")
    hand.stock("MANY", units, "A01-02-1")
    heard = {n: Heard() for n in askers}
    with serving(settings) as address, ExitStack() as open_ones:
        people = [Asker(address, token) for _ in range(max(askers))]
        for one in people:
            open_ones.callback(one.close)
            one.post("/orders", order(f"WARM-{id(one)}", "NOBODY-HAS-IT", 1))  # every worker has answered once
        pool = open_ones.enter_context(ThreadPoolExecutor(len(people)))
        for number, n in enumerate(turns * trials):
            _one_race(pool, people[:n], f"LAST-{number}", heard[n])
        found = _judged(heard, trials, quick, engine)
        found += _many(pool, people, units, asks, engine)
        found += _waves(hand, pool, people, trials, engine)
    promised = hand.one("SELECT SUM(allocated_each) AS n FROM stock_balance WHERE warehouse_id = :w")["n"]
    of_orders = hand.one("SELECT SUM(allocated_each) AS n FROM demand WHERE warehouse_id = :w")["n"]
    problems = wrong(hand)
    found.append(row(f"{engine}: the book afterwards: findings of verify and fifo-audit", len(problems), 0,
                     not problems and promised == of_orders))  # fmt: skip
    return found


def _at_once(pool: ThreadPoolExecutor, people: Sequence[Asker], path: str, bodies: Sequence[Any]) -> list[Any]:
    together = Barrier(len(people))

    def ask(number: int) -> tuple[int, Any, float]:
        together.wait(60)
        return people[number].post(path, bodies[number])

    return list(pool.map(ask, range(len(people))))


def _one_race(pool: ThreadPoolExecutor, people: Sequence[Asker], sku: str, heard: Heard) -> None:
    bodies = [order(f"{sku}-{len(people)}-{number}", sku, STOCK_EACH) for number in range(len(people))]
    winners = promised = 0
    for status, answer, waited_ms in _at_once(pool, people, "/orders", bodies):
        heard.statuses[status] += 1
        heard.waited_ms.append(waited_ms)
        if status != 201:
            continue
        got = answer["lines"][0]["allocated_each"]
        promised += got
        winners += got == STOCK_EACH
        heard.unclear += (answer["state"], got) not in (("allocated", STOCK_EACH), ("waiting", 0))
    heard.winners[winners] += 1
    heard.oversold += max(0, promised - STOCK_EACH)


def _judged(heard: dict[int, Heard], trials: int, quick: bool, engine: str) -> list[dict[str, Any]]:
    found = []
    alone_ms = 0.0 if quick else heard[1].p95_ms()
    for n, one in heard.items():
        name = f"{engine}: {n} orders at once on the last stock"
        races = sum(one.winners.values())
        failed = sum(count for status, count in one.statuses.items() if status >= 500)
        found.append(row(f"{name}: trials of {races} with exactly one winner", one.winners[1], races,
                         one.winners[1] == races))  # fmt: skip
        found.append(row(f"{name}: units oversold", one.oversold, 0))
        found.append(row(f"{name}: answers 5xx or lost", failed, 0))
        found.append(row(f"{name}: answers that are no business answer",
                         one.unclear + sum(one.statuses.values()) - one.statuses[201] - failed, 0))  # fmt: skip
        if not quick:
            found.append(row(f"{name}: median ms", round(percentile(one.waited_ms, 0.5), 1), None))
            goal = round(1.5 * max(1.0, n / 2) * alone_ms, 1) if n > 1 else None
            found.append(row(f"{name}: p95 ms", round(one.p95_ms(), 1), goal))
    return found


def _many(
    pool: ThreadPoolExecutor, people: Sequence[Asker], units: int, asks: int, engine: str
) -> list[dict[str, Any]]:
    each = asks // len(people)
    together = Barrier(len(people))

    def ask(number: int) -> list[tuple[int, Any, float]]:
        together.wait(60)
        return [people[number].post("/orders", order(f"MANY-{number}-{turn}", "MANY", 1)) for turn in range(each)]

    started = time.perf_counter()
    answers = [answer for mine in pool.map(ask, range(len(people))) for answer in mine]
    took_s = time.perf_counter() - started
    given = sum(answer["lines"][0]["allocated_each"] for status, answer, _ in answers if status == 201)
    name = f"{engine}: {units} units, {len(answers)} asks, {len(people)} clients"
    return [
        row(f"{name}: units promised", given, units, given == units),
        row(f"{name}: answers other than 201", sum(status != 201 for status, _, _ in answers), 0),
        row(f"{name}: orders/s", round(len(answers) / took_s), None),
    ]


def _waves(
    hand: FloorHand, pool: ThreadPoolExecutor, people: Sequence[Asker], trials: int, engine: str
) -> list[dict[str, Any]]:
    """All release one order: one wave has it, the others hear that it is not to be released any more."""
    one_wave = clear = 0
    hand.item("PALLET")
    hand.stock("PALLET", 40 * trials, "A02-03-3")
    for trial in range(trials):
        hand.order(f"PALLET-{trial}", ("PALLET", 40))
        answers = _at_once(pool, people, "/waves", [{"orders": [f"PALLET-{trial}"]}] * len(people))
        statuses = Counter(status for status, _, _ in answers)
        one_wave += statuses[201] == 1
        clear += statuses == Counter({201: 1, 409: len(people) - 1})
    name = f"{engine}: one order released by {len(people)} at once"
    return [
        row(f"{name}: trials of {trials} with exactly one wave", one_wave, trials, one_wave == trials),
        row(f"{name}: trials in which all others got 409", clear, trials, clear == trials),
    ]


def row(name: str, value: Any, goal: float | None, ok: bool | None = None) -> dict[str, Any]:
    """One figure; without a goal it is told, not judged."""
    if ok is None:
        ok = goal is None or (value is not None and value <= goal)
    return {"name": name, "value": value, "goal": goal, "ok": ok}
