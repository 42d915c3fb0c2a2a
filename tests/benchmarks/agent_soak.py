"""A bench agent at work for minutes: does it stay small, and does anything of it grow?

    python -m tests.benchmarks.agent_soak --minutes 10 [--every-s 5] [--json FILE]

One agent process with 20 simulated devices: eight Zebra scanners and four line scanners that are pulled in turn, four
scales with cartons set on them, four label printers that print. Its resident memory, descriptors and threads are read
from /proc. The first part (a minute, or a quarter of the run) is warming up and not judged. Exit 1 when the memory
reaches 60 MB, or anything grows: memory by more than 2 MB over the run by its slope, descriptors or threads by more
than two, or when the agent ended or brought nothing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.services.printing import outbox
from fulfillment.settings import Settings
from simulators.scale import Scale
from simulators.serial_scanner import SerialScanner
from simulators.ssi_scanner import SsiScanner
from simulators.zpl_printer import ZplPrinter
from tests.bench import Bench
from tests.factories import FloorHand

MOST_MB, MOST_GROWTH_MB, MOST_MORE = 60.0, 2.0, 2
SSI, LINES, SCALES, PRINTERS = 8, 4, 4, 4
PULL_S, CARTON_S, LABEL_S = 0.1, 3.0, 1.0  # between two pulls, cartons, labels of all devices of a kind


@dataclass(frozen=True, slots=True)
class Sample:
    """The agent at a moment of the run."""

    at_s: float
    rss_mb: float
    descriptors: int
    threads: int


def look(pid: int, at_s: float) -> Sample:
    """
    Raises:
        OSError: the process is gone.
    """
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines())
    rss_mb = int(status["VmRSS"].split()[0]) / 1024
    return Sample(at_s, rss_mb, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]))


class Work:
    """Keeps all devices busy until it is stopped."""

    def __init__(self, hand: FloorHand, guns: Sequence[SsiScanner | SerialScanner], scales: Sequence[Scale]) -> None:
        self._hand, self._guns, self._scales = hand, guns, scales
        self._stop = threading.Event()
        self.pulls = 0
        self._threads = [
            threading.Thread(target=self._repeat, args=(act, every_s), daemon=True)
            for act, every_s in ((self._pull, PULL_S), (self._weigh, CARTON_S), (self._print, LABEL_S))
        ]

    def __enter__(self) -> Work:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, act: Callable[[int], None], every_s: float) -> None:
        for number in itertools.count():
            if self._stop.wait(every_s):
                return
            act(number)

    def _pull(self, number: int) -> None:
        self._guns[number % len(self._guns)].scan(f"SOAK-{number}")
        self.pulls += 1

    def _weigh(self, number: int) -> None:
        self._scales[number % len(self._scales)].put(0 if number // len(self._scales) % 2 else 700 + number % 50)

    def _print(self, number: int) -> None:
        code = f"SOAK-LABEL-{number % PRINTERS}"
        place = f"A{number % 90 + 10}-01-1"
        fields = {"location": place, "barcode": own_code("L", place)}

        def queue(tx: Any) -> None:
            printer = tx.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = :code", code=code)
            outbox.queue_print(tx, f"soak {number}", f"soak:{number}", printer["id"], "location", fields)

        self._hand.write(queue)


def soak(minutes: float, every_s: float) -> tuple[list[Sample], dict[str, int]]:
    """Samples of the agent, and how much was done meanwhile."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True)))
        settings = Settings(home, f"sqlite:///{home / 'floor.sqlite'}")
        migrate(settings)
        floor = open_floor(settings)
        stack.callback(floor.close)
        hand = FloorHand(floor)
        guns: list[SsiScanner | SerialScanner] = []
        guns += [stack.enter_context(SsiScanner(home / f"ssi-{n}", tries=0)) for n in range(SSI)]
        guns += [stack.enter_context(SerialScanner(home / f"line-{n}")) for n in range(LINES)]
        scales = [stack.enter_context(Scale(home / f"scale-{n}", settle_s=0.2)) for n in range(SCALES)]
        printers = [stack.enter_context(ZplPrinter(home / f"tape-{n}")) for n in range(PRINTERS)]
        proposed = [{"code": f"SOAK-GUN-{n}", "kind": "scanner", "address": one.address} for n, one in enumerate(guns)]
        proposed += [
            {"code": f"SOAK-SCALE-{n}", "kind": "scale", "address": one.address} for n, one in enumerate(scales)
        ]
        proposed += [
            {"code": f"SOAK-LABEL-{n}", "kind": "printer", "address": one.address, "language": "zpl"}
            for n, one in enumerate(printers)
        ]
        bench = stack.enter_context(Bench(hand, home, "HAND-1", *proposed))
        bench.start()
        bench.await_ready(*(one["code"] for one in proposed))
        assert bench.process is not None
        samples: list[Sample] = []
        began_s = time.monotonic()
        with Work(hand, guns, scales) as work:
            while (at_s := time.monotonic() - began_s) < minutes * 60:
                samples.append(look(bench.process.pid, at_s))
                last = samples[-1]
                sys.stderr.write(
                    f"{at_s:5.0f} s  {last.rss_mb:5.1f} MB  {last.descriptors} descriptors  {last.threads} threads\n"
                )
                time.sleep(every_s)
        done = {
            "pulls": work.pulls, "scans": len(bench.codes()), "labels": sum(one.odometer for one in printers),
        }  # fmt: skip
        if bench.process.poll() is not None:
            raise RuntimeError(f"the agent ended: {bench.said()[-1000:]}")
        return samples, done


def report(samples: Sequence[Sample], done: dict[str, int]) -> tuple[dict[str, Any], bool]:
    """First, last, most and slope of each; and whether all is well."""
    whole_s = samples[-1].at_s
    judged = [one for one in samples if one.at_s >= min(60.0, whole_s / 4)]
    at_s = [one.at_s for one in judged]
    told: dict[str, Any] = {"minutes": round(whole_s / 60, 1), **done, "load": round(os.getloadavg()[0], 1)}
    for name in ("rss_mb", "descriptors", "threads"):
        values = [float(getattr(one, name)) for one in judged]
        told[name] = {
            "first": round(values[0], 1), "last": round(values[-1], 1), "most": round(max(values), 1),
            "slope_a_minute": round(60 * statistics.linear_regression(at_s, values).slope, 3),
        }  # fmt: skip
    growth_mb = told["rss_mb"]["slope_a_minute"] * (at_s[-1] - at_s[0]) / 60
    is_well = (
        max(one.rss_mb for one in samples) < MOST_MB
        and growth_mb <= MOST_GROWTH_MB
        and all(told[name]["last"] - told[name]["first"] <= MOST_MORE for name in ("descriptors", "threads"))
        and done["scans"] >= done["pulls"] * 0.9
        and done["labels"] > 0
    )
    return {**told, "growth_mb": round(growth_mb, 2), "is_well": is_well}, is_well


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.agent_soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--every-s", type=float, default=5.0)
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- = standard output)")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    told, is_well = report(*soak(options.minutes, options.every_s))
    text = json.dumps(told, indent=2)
    if options.json and options.json != "-":
        Path(options.json).write_text(text + "\n", "utf-8")
    print(text)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
