"""The paper against the database: a worker is killed, printers fail, and each label came out once or is uncertain."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from devices.protocols import Receipt
from devices.spooler import PrintJob, deliver
from fulfillment.domain.codes import sscc
from fulfillment.processes import environment_of
from fulfillment.services.printing.printing import Timing
from simulators.printer_tape import labels_of
from simulators.zpl_printer import ZplPrinter
from tests.devices.test_print_faults import quick
from tests.factories import FloorHand
from tests.services.printing.test_printing import LABEL, label, row, wait_until, working

QUICK = Timing(poll_s=0.01, look_for_printers_s=0.1, check_idle_s=5.0, delivery_s=3.0, lease_ms=6_000)
WORKER = """
import threading
from fulfillment.bootstrap import open_floor
from fulfillment.services.printing.printing import print_worker
from fulfillment.settings import Settings
print_worker(open_floor(Settings.from_env()), threading.Event())
"""


def quickly(job: PrintJob, deadline_s: float) -> Receipt:
    """Delivered by a driver that takes what a printer says for settled sooner."""
    return deliver(job, deadline_s, quick)


def paper(printer: ZplPrinter) -> Counter[str]:
    """Whole labels on the tape, by the parcel they are for, once nothing more can come out."""
    printer.clear_faults()
    wait_until(lambda: not printer.waiting())
    found: Counter[str] = Counter()
    for job in printer.jobs:
        found.update(number for number in NUMBERS if number.encode() in job.content.replace(b">", b""))
    return found


NUMBERS = [sscc("0614141", serial) for serial in range(1, 41)]


def check(hand: FloorHand, printer: ZplPrinter, numbers: list[str]) -> None:
    out = paper(printer)
    for number in numbers:
        state = row(hand, number)["state"]
        allowed = {"confirmed": (1,), "uncertain": (0, 1)}[state]
        assert out[number] in allowed, f"{number} is {state}, {out[number]} came out"


def at(hand: FloorHand, printer: ZplPrinter) -> None:
    sql = "UPDATE printer SET address = :a WHERE warehouse_id = :w AND id = :id"
    hand.write(lambda tx: tx.run(sql, a=printer.address, id=LABEL))


def settled(hand: FloorHand, numbers: list[str]) -> bool:
    return all(row(hand, number)["state"] in ("confirmed", "uncertain", "failed") for number in numbers)


def test_whatever_happens_to_the_printer_each_label_comes_out_once_or_is_uncertain(
    hand: FloorHand, tmp_path: Path
) -> None:
    chance = random.Random(7)
    with ZplPrinter(tmp_path / "tape", labels_per_s=60) as printer:
        at(hand, printer)
        numbers = [label(hand, serial) for serial in range(1, 13)]
        with working(hand, QUICK, deliver_job=quickly):
            end_s = time.monotonic() + 40
            while not settled(hand, numbers):
                assert time.monotonic() < end_s, "not all labels came to an end"
                fault = chance.choice(
                    ["reset_after_bytes", "power_cycle_within_label", "paper_out_within_label", "half_open", "paused"]
                )
                counts = {"reset_after_bytes": chance.randint(1, 900)}
                printer.set_fault(fault, counts.get(fault, 1 if fault.endswith("label") else True))
                time.sleep(0.15)
                printer.clear_faults()
                time.sleep(0.2)
        check(hand, printer, numbers)
        sheets = list(labels_of(printer.tape.labels_path))
        assert len(sheets) >= len(numbers)
        states = Counter(row(hand, number)["state"] for number in numbers)
        assert states["uncertain"] < len(numbers) / 2, states


def test_a_job_that_prints_nothing_is_set_aside_and_the_others_are_printed(hand: FloorHand, tmp_path: Path) -> None:
    poison = sscc("0614141", 1).encode()

    class Picky(ZplPrinter):
        def take_format(self, content: bytes, stream: object) -> None:
            if poison not in content.replace(b">", b""):
                super().take_format(content, stream)  # type: ignore[arg-type]

    with Picky(tmp_path / "tape") as printer:
        at(hand, printer)
        numbers = [label(hand, serial) for serial in (1, 2, 3)]
        with working(hand, QUICK, deliver_job=quickly):
            wait_until(lambda: settled(hand, numbers), 20)
        assert [row(hand, number)["state"] for number in numbers] == ["failed", "confirmed", "confirmed"]
        assert "nothing came out" in row(hand, numbers[0])["result"]


@pytest.mark.parametrize("after_labels", [1])
def test_a_worker_killed_while_it_sends_loses_nothing_and_doubles_nothing(
    hand: FloorHand, tmp_path: Path, after_labels: int
) -> None:
    with ZplPrinter(tmp_path / "tape", labels_per_s=6) as printer:
        at(hand, printer)
        numbers = [label(hand, serial) for serial in range(1, 7)]
        env = {**os.environ, **environment_of(hand.floor.settings)}
        with subprocess.Popen([sys.executable, "-c", WORKER], env=env) as worker:
            try:
                printer.wait_for(after_labels, 60)
                wait_until(lambda: any(row(hand, number)["state"] == "sending" for number in numbers), 60)
            finally:
                worker.kill()
        with working(hand, QUICK, deliver_job=quickly):
            wait_until(lambda: settled(hand, numbers), 30)
        check(hand, printer, numbers)
        states = Counter(row(hand, number)["state"] for number in numbers)
        assert states["uncertain"] <= 1
