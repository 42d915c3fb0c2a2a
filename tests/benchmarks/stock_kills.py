"""kill -9 under load: `python -m tests.benchmarks.stock_kills [--quick] [--naive] [--engine E] [--json FILE]`.

Sixteen people receive and move goods over HTTP while workers, and now and then the master with its workers, are killed.
Each writes a scan's id down before it is sent and sends it until it is answered; one in ten is sent twice, late, or in
the wrong order. Afterwards: every answered scan is kept, none is kept twice, the book is right. `--naive` serves a
build that forgets which scans it has seen: it must fail, or this proves nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.hot import Tx
from fulfillment.processes import free_port
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import at, wrong
from tests.serving import children, floor_run, master_of

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261122
CLIENTS = 16
ODD = 0.10  # one scan in ten is sent twice, late or out of order
ANSWER_S = 20.0
PATIENCE_S = 60.0
WHEN = "2026-11-22T08:00:00+00:00"
IN_HAND = 4  # units a mover carries to and fro
WORKER_GOAL_MS, MASTER_GOAL_S = 100.0, 5.0

# What a build that forgets does: the same scan is a new one each time it comes.
FORGETTING = (
    "fulfillment/services/scan_path/scans.py",
    "    arrived = arrive(tx, request)\n",
    "    import dataclasses, uuid\n"
    '    request = dataclasses.replace(request, scan_id=f"{request.scan_id}#{uuid.uuid4()}")\n'
    "    arrived = arrive(tx, request)\n",
)


@dataclass
class Person:
    """One station, what it sent, and what it was told. `journal` is written before anything is sent."""

    station: str
    token: str
    address: str
    journal: int
    dice: random.Random
    is_mover: bool
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    unlike: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    begun_and_answered: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._line: http.client.HTTPConnection | None = None

    def work(self, stop: threading.Event) -> None:
        """Until told to stop, always to the end of what is in hand."""
        begin = ("RECEIVE", "BLIND") if not self.is_mover else ("MOVE",)
        for code in (own_code("B", "1001"), *(own_code("C", word) for word in begin)):
            self.send(self.pull(code))
        here, there = f"{self.station}-A", f"{self.station}-B"
        while not stop.is_set():
            if self.is_mover:
                self.send(self.pull(at(here)))
                self.send(self.pull(f"SKU-{self.station}", IN_HAND))
                self.send(self.pull(at(there)))
                here, there = there, here
            elif self.dice.random() < ODD / 2:
                first, second = self.pull("MUG", 3), self.pull("MUG", 3)
                self.send(second)
                self.send(first)
            else:
                self.send(self.pull("MUG", 3))
            if self.dice.random() < ODD * (3 if self.is_mover else 1):
                self.send_again(self.dice.choice(list(self.told)[-50:]))
        if self._line is not None:
            self._line.close()

    def pull(self, code: str, qty_each: int | None = None) -> str:
        """A scan, written down and not sent yet; its id."""
        scan_id = f"{self.station}-{next(self._numbers)}"
        self.sent[scan_id] = {
            "scan_id": scan_id, "station": self.station, "code": code, "occurred_at": WHEN, "qty_each": qty_each,
        }  # fmt: skip
        os.write(self.journal, f"{scan_id}\n".encode())
        return scan_id

    def send(self, scan_id: str) -> None:
        """Until it is answered."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            begun = time.monotonic()
            status, said = self._try(self.sent[scan_id])
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.begun_and_answered.append((begun, time.monotonic()))
                self.told.setdefault(scan_id, said["outcome"])
                return
            if time.monotonic() > deadline or status in (400, 401, 403, 404, 422):
                raise AssertionError(f"{scan_id} was not answered: {status} {said}")
            time.sleep(0.01)

    def send_again(self, scan_id: str) -> None:
        """A scan that was answered comes a second time, perhaps long after."""
        status, said = self._try(self.sent[scan_id])
        if status == 200 and (said["outcome"] != self.told[scan_id] or not said["replayed"]):
            self.unlike.append(scan_id)

    def _try(self, body: dict[str, Any]) -> tuple[int, Any]:
        try:
            if self._line is None:
                self._line = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=ANSWER_S)
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            self._line.request("POST", "/api/v1/scans", json.dumps(body), headers)
            answer = self._line.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            if self._line is not None:
                self._line.close()
            self._line = None
            return 0, None
        return answer.status, said


@dataclass
class Outcome:
    """What is left after the killing."""

    scans: int
    resent: int
    lost: int
    twice: int
    unlike: int
    unsent: int
    broken: list[str]
    worker_ms: list[float]
    master_ms: list[float]


def run(engine: str, worker_kills: int, master_kills: int, scans: int, is_naive: bool = False) -> Outcome:
    """Serve, load, kill, stop, look."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
        settings = Settings(home, stack.enter_context(_database(engine, home)), port=free_port(), live_port=free_port())
        migrate(settings)
        floor = open_floor(settings)
        tokens = _furnish(FloorHand(floor))
        floor.close()
        journal = os.open(home / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        address = f"http://{settings.host}:{settings.port}"
        people = [
            Person(station, token, address, journal, random.Random(f"{SEED}:{station}"), number % 2 == 1)
            for number, (station, token) in enumerate(tokens.items())
        ]
        prefix = ["env", "-C", str(_forgetful(home))] if is_naive else []
        with floor_run(settings, prefix=prefix) as served:
            worker_ms, master_ms = _kill_under_load(served, people, worker_kills, master_kills, scans)
        os.close(journal)
        return _look(settings, people, (home / "journal").read_text().split(), worker_ms, master_ms)


def rows(quick: bool, engines: Sequence[str]) -> list[dict[str, Any]]:
    """The figures of each engine, and whether they are as promised."""
    worker_kills, master_kills, scans = (5, 1, 500) if quick else (100, 5, 10_000)
    found: list[dict[str, Any]] = []
    for engine in engines:
        one = run(engine, worker_kills, master_kills, scans)
        what = f"{worker_kills} workers and {master_kills} masters killed"
        # Times of a few kills on a busy machine say little: the quick run asks for correctness only.
        worker, master = statistics.median(one.worker_ms), max(one.master_ms) / 1000
        found += [
            _row(f"{what}: scans answered", engine, one.scans, scans, one.scans >= scans),
            _row(f"{what}: acknowledged scans lost", engine, one.lost, 0, one.lost == 0),
            _row(f"{what}: scans applied twice", engine, one.twice, 0, one.twice == 0),
            _row(f"{what}: replays answered otherwise", engine, one.unlike, 0, one.unlike == 0),
            _row(f"{what}: scans kept that nobody sent", engine, one.unsent, 0, one.unsent == 0),
            _row(f"{what}: invariants broken", engine, len(one.broken), 0, not one.broken),
            _row("worker killed -> first answer, median ms", engine, round(worker, 1), WORKER_GOAL_MS,
                 quick or worker <= WORKER_GOAL_MS),
            _row("master and workers killed -> first answer, worst s", engine, round(master, 2), MASTER_GOAL_S,
                 quick or master <= MASTER_GOAL_S),
        ]  # fmt: skip
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows; exit 1 when one is broken (with --naive: when none is)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--naive", action="store_true", help="serve a build that forgets scans; must be found out")
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args(arguments)
    engines = asked.engine or ["sqlite", "postgresql"]
    if asked.naive:
        one = run(engines[0], 5, 0, 500, is_naive=True)
        print(f"a build that forgets: {one.scans} scans answered, {one.twice} applied twice, {one.unlike} replays"
              f" answered otherwise, {len(one.broken)} invariants broken")  # fmt: skip
        return 0 if one.twice and one.unlike else 1
    found = rows(asked.quick, engines)
    for row in found:
        print(f"{'ok ' if row['ok'] else 'BAD'} {row['engine']:10} {row['figure']}: {row['value']} ({row['goal']})")
    if asked.json:
        text = json.dumps(found, indent=1)
        sys.stdout.write(text + "\n") if asked.json == "-" else Path(asked.json).write_text(text, "utf-8")
    return 0 if all(row["ok"] for row in found) else 1


def _row(figure: str, engine: str, value: Any, goal: Any, ok: bool) -> dict[str, Any]:
    return {"figure": figure, "engine": engine, "value": value, "goal": goal, "ok": bool(ok)}


@contextlib.contextmanager
def _database(engine: str, home: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{home / 'floor.sqlite'}"
        return
    from tests.postgresql import PostgresServer

    server = PostgresServer(is_durable=True)
    try:
        yield server.create("floor")
    finally:
        server.stop()


def _furnish(hand: FloorHand) -> dict[str, str]:
    """A station for everybody; movers have two bins and an item of their own."""
    hand.item("MUG")
    tokens: dict[str, str] = {}
    for number in range(CLIENTS):
        code, kind = (f"GATE-{number}", "dock") if number % 2 == 0 else (f"MOVER-{number}", "handheld")
        tokens[code] = hand.write(
            lambda tx, code=code, kind=kind: setting_up.add_station(tx, code, kind, "DOCK-1")
        )["token"]
        if number % 2:
            hand.write(lambda tx, code=code: _bins(tx, code))
            hand.item(f"SKU-{code}")
            hand.stock(f"SKU-{code}", IN_HAND, f"{code}-A")
    return tokens


def _bins(tx: Tx, station: str) -> None:
    for end in "AB":
        tx.insert("location", code=f"{station}-{end}", kind="bin", zone="M", aisle="M", bay=end, level=1)


def _forgetful(home: Path) -> Path:
    folder = home / "naive"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "data", "*.egg-info", "__pycache__"))
    path, text, instead = FORGETTING
    source = (folder / path).read_text("utf-8")
    if source.count(text) != 1:
        raise AssertionError(f"{path} does not hold {text!r} once: the plant has to follow the code")
    (folder / path).write_text(source.replace(text, instead), "utf-8")
    return folder


def _kill_under_load(
    served: Any, people: Sequence[Person], worker_kills: int, master_kills: int, scans: int
) -> tuple[list[float], list[float]]:
    """Kill after every so many answers, masters spread among the workers; ms from each kill to the next answer."""
    stop, failed = threading.Event(), []

    def work(person: Person) -> None:
        try:
            person.work(stop)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    kills = worker_kills + master_kills
    masters = {round((number + 1) * kills / (master_kills + 1)) for number in range(master_kills)}
    dice = random.Random(SEED)
    took: dict[bool, list[float]] = {False: [], True: []}
    try:
        for number in range(kills):
            _wait(lambda number=number: _answered(people) >= scans * (number + 1) / (kills + 1), failed)
            is_master = number in masters
            killed_at = _kill(served, is_master, dice)
            _wait(lambda killed_at=killed_at: _first_after(people, killed_at) is not None, failed)
            answered_at = _first_after(people, killed_at)
            assert answered_at is not None
            took[is_master].append((answered_at - killed_at) * 1000)
        _wait(lambda: _answered(people) >= scans, failed)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    return took[False], took[True]


def _kill(served: Any, is_master: bool, dice: random.Random) -> float:
    """One worker, or the master and all its workers: nobody is left to answer. When it happened."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(AssertionError, OSError):
            master = master_of(served)
            workers = children(master)
            if workers:
                break
        if time.monotonic() > deadline:
            raise AssertionError("there is no worker to kill")
        time.sleep(0.01)
    for pid in [master, *workers] if is_master else [dice.choice(workers)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return time.monotonic()


def _answered(people: Sequence[Person]) -> int:
    return sum(len(person.told) for person in people)


def _first_after(people: Sequence[Person], moment: float) -> float | None:
    """When the first scan begun after a moment was answered."""
    after = [
        answered
        for person in people
        for begun, answered in reversed(person.begun_and_answered[-3:])
        if begun > moment
    ]
    return min(after, default=None)


def _wait(is_so: Any, failed: list[BaseException]) -> None:
    deadline = time.monotonic() + 300
    while not is_so():
        if failed:
            raise failed[0]
        if time.monotonic() > deadline:
            raise AssertionError("the people do not get on")
        time.sleep(0.002)


def _look(
    settings: Settings, people: Sequence[Person], journal: Sequence[str], worker_ms: list[float],
    master_ms: list[float],
) -> Outcome:  # fmt: skip
    floor = open_floor(settings)
    hand = object.__new__(FloorHand)
    hand.floor = floor
    try:
        kept = floor.read(lambda tx: [
            (row["scan_id"].split("#")[0], row["rejection"])
            for row in tx.all("SELECT scan_id, rejection FROM scan WHERE warehouse_id = :w")
        ])  # fmt: skip
        told = {scan_id: said for person in people for scan_id, said in person.told.items()}
        applied = {scan_id for scan_id, rejection in kept if not rejection}
        seen = {scan_id for scan_id, _ in kept}
        lost = [scan_id for scan_id, said in told.items() if (scan_id in applied) != (said == "applied")
                or scan_id not in seen]  # fmt: skip
        received = sum(1 for person in people if not person.is_mover for scan_id in person.sent
                       if scan_id in applied and person.sent[scan_id]["code"] == "MUG")  # fmt: skip
        broken = wrong(hand)
        units = hand.on_hand("DOCK-1", "MUG")
        twice = len(kept) - len(seen)
        if units != 3 * received:
            broken.append(f"{units} MUG at the dock, {received} scans of 3 applied")
        for person in (one for one in people if one.is_mover):
            held = hand.one(
                "SELECT COALESCE(SUM(b.on_hand_each), 0) AS n FROM stock_balance b JOIN item i"
                " ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id WHERE b.warehouse_id = :w AND i.sku = :s",
                s=f"SKU-{person.station}",
            )["n"]
            if held != IN_HAND:
                broken.append(f"{held} units of {person.station}")
    finally:
        floor.close()
    return Outcome(
        len(told), sum(sum(person.statuses.values()) for person in people) - len(told), len(lost), twice,
        sum(len(person.unlike) for person in people), len(seen - set(journal)), broken, worker_ms, master_ms,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
