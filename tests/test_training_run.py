"""`floor training` as a newcomer starts it: a process of its own, one tour walked over HTTP, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.processes import free_port, is_taken
from tests.serving import wait_for

pytestmark = pytest.mark.engine("sqlite")

SOON_S = 240.0  # against hanging; a quiet machine needs seconds
STEPS_MAX = 60


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The command as it is typed, and where it writes."""
    said = tmp_path / "said.txt"
    port = free_port()
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "fulfillment.cli", "training", "--port", str(port)],
            env={**os.environ, "FLOOR_HOME": str(tmp_path / "real")}, stdout=out, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    try:
        yield process, said
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Trainee:
    """Somebody with the printed link in a browser."""

    def __init__(self, link: str) -> None:
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open
        with self._open(link) as answer:
            self.address, self.screen = answer.url, answer.read().decode()
        self._scans = 0

    @property
    def state(self) -> str:
        """Flow and state of the screen."""
        found = re.search(r'data-flow="(\w+)" data-state="(\w+)"', self.screen)
        assert found is not None, self.screen[:2000]
        return f"{found[1]}.{found[2]}"

    def page(self, address: str) -> str:
        """A page as the browser shows it."""
        with self._open(address) as answer:
            return str(answer.read().decode())

    def scan(self, code: str, qty_each: int | None = None) -> None:
        """One pull of the trigger; the screen is what is answered."""
        self._scans += 1
        sent = {"scan_id": f"trainee-{self._scans}", "code": code, "occurred_at": "2026-11-22T10:00:00+00:00"}
        body = json.dumps(sent | ({"qty_each": qty_each} if qty_each else {})).encode()
        origin = self.address.partition("/kiosk")[0]
        head = {"Content-Type": "application/json", "Origin": origin}
        with self._open(urllib.request.Request(f"{self.address}/scan", body, head)) as answer:
            self.screen = answer.read().decode()
        assert 'data-outcome="applied"' in self.screen, f"{code} at {self.screen[:3000]}"

    def follow(self) -> None:
        """What the screen shows to be scanned first, all pieces at once."""
        shown = re.search(r'class="barcode"[^>]*data-code="([^"]+)"', self.screen)
        assert shown is not None, f"{self.state} shows nothing to scan"
        number = re.search(r'quantity-number"[^>]*>(\d+)', self.screen)
        self.scan(shown[1], int(number[1]) if number and self.state == "pick.item" else None)


@pytest.mark.timeout(600)
def test_a_newcomer_walks_a_tour_on_the_training_floor(running: tuple[subprocess.Popen[str], Path]) -> None:
    process, said = running
    wait_for(lambda: process.poll() is not None or "Ctrl-C" in said.read_text("utf-8"), SOON_S)
    told = said.read_text("utf-8")
    links = dict(re.findall(r"^  (\w+) +(http\S+)$", told, re.MULTILINE))
    assert {"kiosk", "bench", "board", "tasks"} <= set(links), told
    assert told.startswith("Getting the floor for training ready in ")  # nobody waits before an empty screen

    trainee = Trainee(links["kiosk"])
    assert (trainee.state, "TRAINING" in trainee.screen) == ("home.signed_out", True)
    exercises = trainee.page(links["tasks"])
    badge = own_code("B", "1")
    assert badge in exercises
    for code in (badge, own_code("C", "PICK")):
        trainee.scan(code)
    walked = []
    for _ in range(STEPS_MAX):
        trainee.follow()
        walked.append(trainee.state)
        if trainee.state == "pick.cart":
            break
    assert {"pick.totes", "pick.location", "pick.item", "pick.tote", "pick.drop", "pick.cart"} <= set(walked)

    port = int(links["tasks"].split(":")[2].split("/")[0])
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=SOON_S) == 0, said.read_text("utf-8")
    assert not is_taken("127.0.0.1", port)
