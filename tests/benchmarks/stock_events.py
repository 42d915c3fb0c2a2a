"""Events through the cursor while 16 writers append them: none missed, none out of order, on each engine.

    python -m tests.benchmarks.stock_events [--quick] [--engines sqlite,postgresql]

The writers are threads over several open floors (each with a writer of its own, as so many processes). On PostgreSQL a
second round writes through plain connections that take no turn and commit after a pause, so that numbers become
visible out of order; the same readers then also follow by `id > last`, and what that misses is printed: the guard is
needed. A reader reads pages of a few hundred for as long as anybody writes, and once more to the end.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.services.common.running import tell
from fulfillment.services.records import events
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings

WRITERS = 16
FLOORS = 4
EVENTS = {"sqlite": 100_000, "postgresql": 100_000}
QUICK = {"sqlite": 8_000, "postgresql": 8_000}
A_WRITE = 25  # events a transaction: a scan or a wave tells several
PAGE = 500
GOAL = "0 missed, 0 twice, 0 out of order"


def rows(quick: bool, engines: Sequence[str] = ("sqlite",)) -> list[dict[str, Any]]:
    """One row for each engine and way of writing: figure, engine, value, goal, ok."""
    found = []
    for engine in engines:
        count = (QUICK if quick else EVENTS)[engine]
        with _floors(engine) as floors:
            found.append(_row(engine, "writers that take turns", floors, count, _in_turn, needs_guard=False))
            if engine == "postgresql":
                few = count // 4
                found.append(_row(engine, "writers that take none", floors, few, _without_turn, needs_guard=True))
    return found


def _row(
    engine: str, how: str, floors: Sequence[Floor], count: int, write: Callable[..., None], *, needs_guard: bool
) -> dict[str, Any]:  # fmt: skip
    start = floors[0].read(lambda tx: events.after(tx, events.LATEST)).cursor
    first_id = floors[0].read(lambda tx: tx.one("SELECT COALESCE(MAX(id), 0) AS id FROM event WHERE warehouse_id = :w"))
    over = threading.Event()
    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS + 2) as people:
        reader = people.submit(_follow, floors[0], start, over)
        by_id = people.submit(_follow_by_id, floors[-1], first_id["id"], over)
        writers = [
            people.submit(write, floors[number % len(floors)], number, count // WRITERS) for number in range(WRITERS)
        ]
        for writer in writers:
            writer.result()
        over.set()
        seen, naive = reader.result(), by_id.result()
    elapsed_s = time.monotonic() - began
    written = count // WRITERS * WRITERS
    said = [(event["payload"]["station"], event["payload"]["n"]) for event in seen]
    missed, twice, out_of_order = written - len(set(said)), len(said) - len(set(said)), _out_of_order(said)
    naive_missed = written - len(set(naive))
    is_ok = not (missed or twice or out_of_order) and (naive_missed > 0 or not needs_guard)
    value = (
        f"{written} events of {WRITERS} {how}: {missed} missed, {twice} twice, {out_of_order} out of order;"
        f" by id alone {naive_missed} missed; {elapsed_s:.1f} s"
    )
    name = f"events through the cursor, {how}"
    return {"name": name, "figure": name, "engine": engine, "value": value, "goal": GOAL, "ok": is_ok}


def _in_turn(floor: Floor, station: int, count: int) -> None:
    for begin in range(0, count, A_WRITE):
        numbers = range(begin, min(begin + A_WRITE, count))

        def work(tx: Any, numbers: range = numbers) -> None:
            for n in numbers:
                tell(tx, "test", "Written", station=station, n=n)

        floor.writer.write(work)


def _without_turn(floor: Floor, station: int, count: int) -> None:
    """Ids from a sequence and a commit that comes when it comes, as a writer of another program would."""
    dice = random.Random(station)
    with _connect(floor) as connection:
        cursor = connection.cursor()
        for begin in range(0, count, A_WRITE):
            cursor.execute("BEGIN")
            for n in range(begin, min(begin + A_WRITE, count)):
                payload = json.dumps({"station": station, "n": n})
                cursor.execute(
                    "INSERT INTO event (warehouse_id, id, topic, kind, payload, recorded_at_ms)"
                    f" VALUES (1, nextval('benchmark_event'), 'test', 'Written', '{payload}', 0)"
                )
            time.sleep(dice.random() * 0.02)
            cursor.execute("COMMIT")


def _connect(floor: Floor) -> Any:
    """A connection of another program: none of the pool's."""
    import psycopg

    arguments, options = floor.engine.dialect.create_connect_args(floor.engine.url)
    return psycopg.connect(*arguments, **options, autocommit=True)


def _follow(floor: Floor, cursor: str, over: threading.Event) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    while True:
        was_over = over.is_set()
        page = floor.read(lambda tx, cursor=cursor: events.after(tx, cursor, PAGE))
        seen += page.events
        cursor = page.cursor
        if not page.events:
            if was_over:
                return seen
            over.wait(0.005)


def _follow_by_id(floor: Floor, last: int, over: threading.Event) -> list[tuple[int, int]]:
    """What everybody writes first: `id > last`."""
    sql = f"SELECT id, payload FROM event WHERE warehouse_id = :w AND id > :last ORDER BY id LIMIT {PAGE}"
    seen: list[tuple[int, int]] = []
    while True:
        was_over = over.is_set()
        page = floor.read(lambda tx, last=last: tx.all(sql, last=last))
        for row in page:
            said = json.loads(row["payload"])
            seen.append((said["station"], said["n"]))
        if page:
            last = page[-1]["id"]
        elif was_over:
            return seen
        else:
            over.wait(0.005)


def _out_of_order(said: Sequence[tuple[int, int]]) -> int:
    newest: dict[int, int] = {}
    wrong = 0
    for station, n in said:
        wrong += n <= newest.get(station, -1)
        newest[station] = max(n, newest.get(station, -1))
    return wrong


@contextmanager
def _floors(engine: str) -> Iterator[list[Floor]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="floor-events-")))
        url = f"sqlite:///{home / 'floor.sqlite'}"
        if engine == "postgresql":
            from tests.postgresql import PostgresServer

            server = PostgresServer(is_durable=True)
            stack.callback(server.stop)
            url = server.create("events")
        settings = Settings(home, url)
        migrate(settings)
        floors = []
        for _ in range(FLOORS):
            floors.append(open_floor(settings))
            stack.callback(floors[-1].close)
        floors[0].writer.write(lambda tx: setting_up.found_warehouse(tx, "MAIN", "Europe/London", "0614141"))
        if engine == "postgresql":
            with _connect(floors[0]) as connection:
                connection.execute("CREATE SEQUENCE benchmark_event START 10000000")
        yield floors


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--engines", default="sqlite,postgresql")
    chosen = parser.parse_args()
    found = rows(chosen.quick, chosen.engines.split(","))
    print(json.dumps(found, indent=2))
    return 0 if all(row["ok"] for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
