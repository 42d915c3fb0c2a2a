"""A served floor for tests: its processes, people who scan over HTTP until they are answered, and what was kept.

A `Receiver` receives MUGs blind at a dock of his own, three units a scan, and sends a scan again under its id
until he is answered: whatever happens to the servers, what is on hand afterwards must be three units for each
scan that was answered "applied", and for nothing else.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import own_code
from fulfillment.processes import environment_of
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import wrong

QTY_EACH = 3
ANSWER_S = 15.0
SOON_S = 30.0
WHEN = "2026-11-22T08:00:00+00:00"


def docks(hand: FloorHand, count: int) -> dict[str, str]:
    """Stations for so many receivers: code → token."""
    hand.item("MUG")
    return {
        code: hand.write(lambda tx, code=code: setting_up.add_station(tx, code, "dock", "DOCK-1"))["token"]
        for code in (f"GATE-{number}" for number in range(1, count + 1))
    }


@contextlib.contextmanager
def floor_run(
    settings: Settings, *words: str, prefix: Sequence[str] = (), **env: str
) -> Iterator[subprocess.Popen[str]]:  # fmt: skip
    """`floor run` as a process of its own that answers; it and all it started are gone afterwards."""
    with (settings.home / "serving.log").open("ab") as log:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "fulfillment.cli", "run", *words],
            env={**os.environ, **environment_of(settings), **env}, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), (settings.home / "serving.log").read_text("utf-8")[-3000:]
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def children(pid: int) -> list[int]:
    """The processes a process has started and that still run."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text("ascii").split()] if found.exists() else []


def master_of(run: subprocess.Popen[str], module: str = "gunicorn") -> int:
    """The child of `floor run` whose command names `module`."""
    for pid in children(run.pid):
        if module in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"):
            return pid
    raise AssertionError(f"no child runs {module}")


def wait_for(what: Callable[[], Any], within_s: float = SOON_S) -> Any:
    """The first true answer.

    Raises:
        AssertionError: there was none in time.
    """
    deadline = time.monotonic() + within_s
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.01)
    return answer


def get(address: str, path: str, timeout_s: float = ANSWER_S, **headers: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers, body of one GET; (0, …) when nobody answers."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=timeout_s)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return 0, {}, None
    finally:
        connection.close()
    is_json = "json" in (answer.headers["Content-Type"] or "")
    return answer.status, dict(answer.headers), json.loads(body) if is_json else body


@dataclass
class Receiver:
    """Somebody who scans the same item again and again at one station. `addresses` are tried in turn.

    answered: scan id → outcome; unanswered: what became of tries that got none; statuses: of all answers.
    slow_s: seconds from the first try of each scan to its answer.
    """

    station: str
    token: str
    addresses: Sequence[str]
    answered: dict[str, str] = field(default_factory=dict)
    answered_at: list[float] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._connection: http.client.HTTPConnection | None = None
        self._turn = 0

    def sign_in(self) -> None:
        """Badge, receiving, without an announcement."""
        for code in (own_code("B", "1001"), own_code("C", "RECEIVE"), own_code("C", "BLIND")):
            assert self.scan(code)["outcome"] == "applied"

    def scan(self, code: str, qty_each: int | None = None, tries: int = 10_000) -> dict[str, Any]:
        """One trigger pull, sent until it is answered."""
        scan_id = f"{self.station}-{next(self._numbers)}"
        body = {"scan_id": scan_id, "station": self.station, "code": code, "occurred_at": WHEN, "qty_each": qty_each}
        self.sent.append(scan_id)
        began = time.monotonic()
        for _ in range(tries):
            status, headers, answer = self._try(body)
            if status == 200:
                self.answered[scan_id] = answer["outcome"]
                self.answered_at.append(time.monotonic())
                self.waits_s.append(time.monotonic() - began)
                return answer
            if status:
                self.refusals.append((status, headers.get("Retry-After", ""), answer.get("code", "")))
            self._turn += 1
            time.sleep(0.02)
        raise AssertionError(f"{scan_id} was never answered: {self.refusals[-3:]}, {self.unanswered}")

    def receive_until(self, stop: threading.Event) -> None:
        """Three MUGs a scan until told to stop."""
        while not stop.is_set():
            self.scan("MUG", QTY_EACH)
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try(self, body: dict[str, Any]) -> tuple[int, Any, Any]:
        if self._connection is None:
            address = self.addresses[self._turn % len(self.addresses)]
            self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=ANSWER_S)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            self._connection.request("POST", "/api/v1/scans", json.dumps(body), headers)
            answer = self._connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.unanswered[type(error).__name__] += 1
            self.close()
            return 0, {}, None
        self.statuses[answer.status] += 1
        if answer.status != 200 or answer.will_close:
            self.close()
        return answer.status, answer.headers, said


@contextlib.contextmanager
def crew(receivers: Sequence[Receiver]) -> Iterator[threading.Event]:
    """All of them receiving at once, until the end of the block; what one raises is raised here."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def work(receiver: Receiver) -> None:
        try:
            receiver.receive_until(stop)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(receiver,), name=receiver.station) for receiver in receivers]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed, failed


def total(receivers: Sequence[Receiver]) -> int:
    """How many scans have been answered."""
    return sum(len(receiver.answered) for receiver in receivers)


def check_kept(settings: Settings, hand: FloorHand, receivers: Sequence[Receiver]) -> None:
    """Answered = kept = on hand, each once; nothing else is; verify and the FIFO audit have nothing to say."""
    floor = open_floor(settings)
    try:
        kept = {
            row["scan_id"]: row["rejection"]
            for row in floor.read(lambda tx: tx.all("SELECT scan_id, rejection FROM scan WHERE warehouse_id = :w"))
        }
    finally:
        floor.close()
    answered = {scan_id: said for receiver in receivers for scan_id, said in receiver.answered.items()}
    assert {scan_id for scan_id, said in answered.items() if (kept.get(scan_id) == "") != (said == "applied")} == set()
    assert set(kept) <= {scan_id for receiver in receivers for scan_id in receiver.sent}
    received = sum(said == "applied" for said in answered.values()) - 3 * len(receivers)
    assert hand.on_hand("DOCK-1") == QTY_EACH * received
    assert wrong(hand) == []
