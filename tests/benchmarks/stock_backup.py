"""A backup while people scan, restored and verified: `rows(quick, engines)`.

Several stations receive goods without a pause while the floor is copied; the copy becomes a floor of its own, every
scan answered before the copy began is looked for in it, and then all devices send everything again.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.safekeeping.backup import back_up
from fulfillment.safekeeping.restore import restore
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import setting_up
from fulfillment.services.verifying.verify import verify
from fulfillment.settings import Settings
from tests.benchmarks.stock_verify import row
from tests.factories import FloorHand
from tests.postgresql import PostgresServer

STATIONS = 8
ROUNDS, QUICK_ROUNDS = 5, 1
WARM_S = 1.0


def rows(quick: bool, engines: Sequence[str]) -> list[dict[str, Any]]:
    """Over all rounds: mismatches, answered scans missing, and scans that counted again when sent again."""
    return [one for engine in engines for one in _engine(engine, QUICK_ROUNDS if quick else ROUNDS)]


def _engine(engine: str, rounds: int) -> list[dict[str, Any]]:
    mismatches = missing = doubled = answered_before = 0
    server = PostgresServer() if engine == "postgresql" else None
    try:
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                home = Path(folder)
                url = server.create(f"floor_{number}") if server else f"sqlite:///{home / 'floor.sqlite'}"
                back_url = server.create(f"back_{number}") if server else f"sqlite:///{home / 'back' / 'floor.sqlite'}"
                settings = Settings(home, url)
                migrate(settings)
                floor = open_floor(settings)
                sent, before = _under_load(floor, url, home / "copy")
                floor.close()
                restore(home / "copy", back_url)
                back = open_floor(replace(settings, database_url=back_url))
                known = back.read(lambda tx: tx.all("SELECT scan_id FROM scan WHERE warehouse_id = :w"))
                kept = {one["scan_id"] for one in known}
                missing += len(before - kept)
                answered_before += len(before)
                for request in sent:
                    answer = back.writer.write(lambda tx, one=request: scans.handle_scan(tx, one))
                    doubled += (request.scan_id in kept) != answer["replayed"]
                mismatches += sum(check["count"] for check in back.read(verify)["checks"])
                back.close()
    finally:
        if server:
            server.stop()
    return [
        row("backup under load, restored: mismatches", engine, mismatches, 0, mismatches == 0),
        row(f"of {answered_before} scans answered before a backup, missing in it", engine, missing, 0,
            missing == 0 and answered_before > 0),
        row("scans sent again after the restore that counted twice", engine, doubled, 0, doubled == 0),
    ]  # fmt: skip


def _under_load(floor: Floor, url: str, copy: Path) -> tuple[list[scans.ScanRequest], set[str]]:
    """Back the floor up while stations scan: what was sent, in each station's order, and what was answered before."""
    hand = FloorHand(floor)
    hand.item("MUG")
    stations = [f"DOCK-{number}" for number in range(2, 2 + STATIONS)]
    for station in stations:
        hand.write(lambda tx, station=station: setting_up.add_station(tx, station, "dock", "DOCK-1"))
    answered: list[scans.ScanRequest] = []
    stop = threading.Event()

    def work(station: str) -> None:
        codes = [own_code("B", "1001"), own_code("C", "RECEIVE"), own_code("C", "BLIND")]
        number = 0
        while not stop.is_set():
            code = codes[number] if number < len(codes) else "MUG"
            qty_each = 1 if number >= len(codes) else None
            request = scans.ScanRequest(f"{station}-{number}", station, code, 1_760_000_000_000 + number, qty_each)
            floor.writer.write(lambda tx, one=request: scans.handle_scan(tx, one))
            answered.append(request)
            number += 1

    threads = [threading.Thread(target=work, args=(station,)) for station in stations]
    for thread in threads:
        thread.start()
    try:
        time.sleep(WARM_S)
        before = {request.scan_id for request in list(answered)}
        back_up(url, copy)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return answered, before


def main() -> None:
    """Measure and print."""
    for one in rows("--quick" in sys.argv, ("sqlite", "postgresql")):
        print(one)


if __name__ == "__main__":
    main()
