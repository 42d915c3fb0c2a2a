"""From the last item's scan to its label at the printer: `python -m tests.benchmarks.bench_scan [--parcels N]`.

A floor as `floor run` starts it (web, outbox worker), a simulated label printer and slip printer behind TCP, and other
kiosks that each scan every few seconds. A packer over HTTP scans a tote and its item, which closes the parcel; what is
told is how long after the trigger the answer came, and how long after it the last byte of the label's format was at the
printer: all our own time, without the printer's. Exit 1 when the 95th percentile of the second is over a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.processes import free_port
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter
from simulators.zpl_stream import ZplStream
from tests.factories import FloorHand
from tests.services.acts import pick_all
from tests.serving import Receiver, docks, floor_run, wait_for

GOAL_MS = 1_000
BENCH = "BENCH-1"


class Stopwatch(ZplPrinter):
    """Notes when a format's last byte came, by its bytes."""

    def __init__(self, tape: Path) -> None:
        super().__init__(tape)
        self.came: list[tuple[float, bytes]] = []

    def take_format(self, content: bytes, stream: ZplStream) -> None:
        self.came.append((time.monotonic(), content))
        super().take_format(content, stream)

    def label_at_s(self, number: str) -> float:
        """When a parcel's label was here, 0 = not yet."""
        return next((at_s for at_s, content in list(self.came) if number.encode() in content), 0.0)


def measure(parcels: int, kiosks: int, every_s: float) -> dict[str, Any]:
    """Pack so many parcels of one piece and watch the printer."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            home, f"sqlite:///{home / 'floor.sqlite'}", port=free_port(), live_port=free_port()
        )  # fmt: skip
        migrate(settings)
        floor = open_floor(settings)
        hand = FloorHand(floor)
        tokens = docks(hand, kiosks)
        token = hand.write(lambda tx: setting_up.add_token(tx, "packer", "station", _station_id(tx)))
        hand.stock("MUG", parcels)
        address = f"http://127.0.0.1:{settings.port}"
        with Stopwatch(home / "labels") as printer, ReceiptPrinter(home / "slips") as slips:
            for code, at in (("LABEL-1", printer.address), ("SLIP-1", slips.address)):
                hand.write(lambda tx, code=code, at=at: tx.put(
                    "UPDATE printer SET address = :at WHERE warehouse_id = :w AND code = :code", at=at, code=code
                ))  # fmt: skip
            with floor_run(settings), _others(tokens, address, every_s) as scanned:
                before = os.getloadavg()
                packer = Receiver(BENCH, token, [address])
                for code in (own_code("B", "1001"), own_code("C", "PACK")):
                    packer.scan(code)
                found = [_parcel(hand, packer, printer, turn) for turn in range(parcels)]
                scans = len(scanned)
        floor.close()
    return {
        "parcels": parcels, "kiosks": kiosks, "every_s": every_s, "scans_of_kiosks": scans,
        "answer_ms": _percentiles([answered for answered, _ in found]),
        "label_ms": _percentiles([printed for _, printed in found]), "goal_ms": GOAL_MS,
        "load": [round(load, 1) for load in (before[0], os.getloadavg()[0])], "cores": os.cpu_count(),
    }  # fmt: skip


def _parcel(hand: FloorHand, packer: Receiver, printer: Stopwatch, turn: int) -> tuple[float, float]:
    """Milliseconds from the scan of the last item to its answer, and to the label."""
    hand.order(f"S{turn}", ("MUG", 1))
    pick_all(hand)
    tote = hand.one("SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NOT NULL")["code"]
    assert packer.scan(own_code("T", tote))["outcome"] == "applied"
    pulled_s = time.monotonic()
    step = packer.scan("MUG")["step"]
    answered_s = time.monotonic()
    assert step["state"] == "label", step
    number = step["fields"]["parcel"]["number"]
    printed_s = wait_for(lambda: printer.label_at_s(number))
    lane = packer.scan(f"00{number}")["step"]["fields"]["lane"]["barcode"]
    packer.scan(lane)
    return (answered_s - pulled_s) * 1_000, (printed_s - pulled_s) * 1_000


@contextmanager
def _others(tokens: dict[str, str], address: str, every_s: float) -> Iterator[list[str]]:
    """Kiosks that each scan so often, spread over the time between; the list grows by their scans."""
    stop, scanned = threading.Event(), list[str]()

    def work(place: int, code: str, token: str) -> None:
        kiosk = Receiver(code, token, [address])
        kiosk.sign_in()
        stop.wait(every_s * place / len(tokens))
        while not stop.is_set():
            kiosk.scan("MUG", 1)
            scanned.append(code)
            stop.wait(every_s)
        kiosk.close()

    threads = [
        threading.Thread(target=work, args=(place, code, token)) for place, (code, token) in enumerate(tokens.items())
    ]
    for thread in threads:
        thread.start()
    try:
        yield scanned
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _station_id(tx: Any) -> int:
    return int(tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=BENCH)["id"])


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    ranked = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ranked[min(len(ranked) - 1, int(part * len(ranked)))], 1) for name, part in at.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_scan", description=__doc__)
    parser.add_argument("--parcels", type=int, default=100)
    parser.add_argument("--kiosks", type=int, default=20)
    parser.add_argument("--every-s", type=float, default=3.0)
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    asked = parser.parse_args(arguments)
    report = measure(asked.parcels, asked.kiosks, asked.every_s)
    text = json.dumps(report, indent=2) + "\n"
    if asked.json:
        asked.json.write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0 if report["label_ms"]["p95"] <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
