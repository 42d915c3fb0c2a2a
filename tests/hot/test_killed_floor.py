"""Rules of a process that dies while people scan, and of many who scan one thing at once: nothing lost or twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import own_code
from fulfillment.services.receiving.inbound import UnitIn
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import wrong
from tests.services.arriving import PALLET, announce_units, lines

SCAN_UNTIL_KILLED = """
import itertools, sys
from pathlib import Path
from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path import scans
from fulfillment.settings import Settings
from tests.services.acts import at

floor = open_floor(Settings(Path(sys.argv[1]), sys.argv[2]))
numbers = itertools.count(1)

def scan(station, code, qty_each=None):
    request = scans.ScanRequest(f"killed-{next(numbers)}", station, code, 1_760_000_000_000, qty_each)
    answer = floor.writer.write(lambda tx: scans.handle_scan(tx, request))
    print(request.scan_id, answer["outcome"], flush=True)

for station, flow in (("DOCK-1", "RECEIVE"), ("HAND-1", "MOVE"), ("HAND-2", "COUNT")):
    scan(station, own_code("B", "1001"))
    scan(station, own_code("C", flow))
scan("DOCK-1", own_code("C", "BLIND"))
for turn in itertools.count(1):
    scan("DOCK-1", "MUG", 3)
    for code, qty_each in ((at("DOCK-1"), None), ("MUG", 2), (at("A01-01-1"), None), (own_code("C", "BACK"), None)):
        scan("HAND-1", code, qty_each)
    for code, qty_each in ((at("A01-01-1"), None), ("MUG", turn), (own_code("C", "DONE"), None)):
        scan("HAND-2", code, qty_each)
"""


def test_no_scan_that_was_answered_is_lost_when_its_process_is_killed(hand: FloorHand, settings: Settings) -> None:
    hand.item("MUG")
    command = [sys.executable, "-c", SCAN_UNTIL_KILLED, str(settings.home), settings.database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        answered = [child.stdout.readline().split() for _ in range(60)]
        os.kill(child.pid, signal.SIGKILL)
        answered += [line.split() for line in child.stdout.read().split("\n")[:-1]]
    kept = {row["scan_id"]: row["rejection"] for row in hand.all("SELECT * FROM scan WHERE warehouse_id = :w")}
    assert [scan_id for scan_id, outcome in answered if (kept.get(scan_id) == "") != (outcome == "applied")] == []
    assert len(kept) - len(answered) in (0, 1)  # one may have been committed and not yet told
    assert {"receive", "move", "count"} <= {
        row["reason"] for row in hand.all("SELECT DISTINCT reason FROM stock_move WHERE warehouse_id = :w")
    }
    assert wrong(hand) == []


def test_a_pallet_that_eight_people_scan_at_once_comes_once(hand: FloorHand, settings: Settings) -> None:
    hand.item("MUG")
    announce_units(hand, UnitIn(PALLET, lines(("MUG", 40))))
    stations = [f"DOCK-{number}" for number in range(2, 10)]
    floors = [hand.floor, open_floor(settings)]  # two processes' worth of writers on one file
    for station in stations:
        hand.write(lambda tx, station=station: setting_up.add_station(tx, station, "dock", "DOCK-1"))
        hand.sign_in(station, "RECEIVE")
        hand.scan(station, own_code("R", "R1"))
    together = Barrier(len(stations))

    def receive(number: int) -> dict[str, Any]:
        request = scans.ScanRequest(f"race-{number}", stations[number], PALLET, 1_760_000_000_000)
        together.wait()
        return floors[number % 2].writer.write(lambda tx: scans.handle_scan(tx, request))

    with ThreadPoolExecutor(len(stations)) as people:
        answers = list(people.map(receive, range(len(stations))))
    floors[1].close()
    assert sorted(answer.get("code", "") for answer in answers) == ["", *["already_received"] * 7]
    assert hand.on_hand("DOCK-1") == 40
    assert wrong(hand) == []
