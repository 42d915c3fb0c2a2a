"""The other end of a simulated scanner: the floor's own driver, reading until it is stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from devices.config import parse_address
from devices.protocols import DeviceError
from devices.scanners import ScanEvent, Scanner
from simulators.scanner import SimulatedScanner


def eventually(holds: Callable[[], object], within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


class ReaderOf:
    """Acknowledges each scan once it is in `events`; comes back by itself after an unplug."""

    def __init__(self, simulated: SimulatedScanner) -> None:
        self.scanner = Scanner(parse_address(simulated.address), signals="ssi")
        self.events: list[ScanEvent] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    @property
    def raws(self) -> list[bytes]:
        return [event.raw for event in self.events]

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self.scanner.is_connected)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        self.scanner.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                event = self.scanner.next_scan(0.05)
            except DeviceError:
                self._stop.wait(0.01)
                continue
            if event is not None:
                self.events.append(event)
                self.scanner.acknowledge()


@contextmanager
def reading(simulated: SimulatedScanner) -> Iterator[ReaderOf]:
    reader = ReaderOf(simulated)
    try:
        reader.start()
        yield reader
    finally:
        reader.end()
