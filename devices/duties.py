"""What a device is there for, in turns: a scanner's scans, a scale's readings, a printer's health.

Owns one turn of each. The supervisor calls them one after another in the device's own thread and decides what to do
when one fails.
Refuses to lose a scan that was read: it is handed on again until whoever takes it has taken it, and only then does the
scanner hear that it is safe.
Invariant: `turn` comes back within its deadline and a second or so; every failure of a device is a DeviceError.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from devices.config import (
    Address,
    EvdevAddress,
    HidrawAddress,
    ListenAddress,
    SerialAddress,
    SimAddress,
    UsbAddress,
)
from devices.protocols import Printer
from devices.scales.reading import Reading, Weighing
from devices.scales.scale import Scale
from devices.scanners import ScanEvent, Scanner
from devices.states import CONNECTING, READY, DeviceState, DeviceStatus, status_of_printer

_LOCAL = (SerialAddress, EvdevAddress, HidrawAddress, UsbAddress, SimAddress, ListenAddress)
_AWAITS_CALL = DeviceStatus(DeviceState.CONNECTING, "awaits_call", "listens; nobody is on the line")


def is_local(address: Address) -> bool:
    """Whether it is a port of this machine: looked at again at once, nobody else is troubled by it."""
    return isinstance(address, _LOCAL)


class Duty(Protocol):
    """One device's work. Only its own thread calls these."""

    pause_s: float
    """How long to rest between turns; 0 where the turn itself waits for something to happen."""

    def open(self, deadline_s: float) -> DeviceStatus:
        """Take hold of the device; how it is then.

        Raises:
            DeviceError: it is not there, or not for us.
        """
        ...

    def turn(self, deadline_s: float) -> DeviceStatus:
        """Work for about so long; how the device is.

        Raises:
            DeviceError: the device failed. It is closed, and opened again later.
        """
        ...

    def close(self) -> None:
        """Let go of it, so that nothing of it is held."""
        ...


class ScannerDuty:
    """`take(event)` makes a scan durable; when it raises, the same scan is handed to it again later."""

    pause_s = 0.0

    def __init__(self, scanner: Scanner, take: Callable[[ScanEvent], None]) -> None:
        self.scanner = scanner
        self._take = take
        self._untaken: ScanEvent | None = None

    def open(self, deadline_s: float) -> DeviceStatus:
        self.scanner.open(deadline_s)
        return self._status()

    def turn(self, deadline_s: float) -> DeviceStatus:
        if self._untaken is None:
            self._untaken = self.scanner.next_scan(deadline_s)
        self._hand_on()
        return self._status()

    def close(self) -> None:
        """What was read is handed on all the same: a scanner that is not asked again would not say it twice."""
        self.scanner.close()
        self._hand_on()
        while (event := self.scanner.read_already()) is not None:
            self._untaken = event
            self._hand_on()

    def _hand_on(self) -> None:
        if self._untaken is not None:
            self._take(self._untaken)
            self._untaken = None
            self.scanner.acknowledge()

    def _status(self) -> DeviceStatus:
        return READY if self.scanner.is_connected else _AWAITS_CALL


class ScaleDuty:
    """`show(reading)` gets what the scale says, `every_s`."""

    def __init__(self, scale: Scale, show: Callable[[Reading], None], every_s: float = 0.25) -> None:
        self.scale = scale
        self.pause_s = every_s
        self._show = show
        self._garbled = 0

    def open(self, deadline_s: float) -> DeviceStatus:
        self.scale.open(deadline_s)
        self._garbled = self.scale.garbled
        return CONNECTING

    def turn(self, deadline_s: float) -> DeviceStatus:
        # Some scales answer when the weight lies still and not before: less than a second would call them dead.
        reading = self.scale.read(max(deadline_s, 2.0))
        self._show(reading)
        garbled, self._garbled = self.scale.garbled - self._garbled, self.scale.garbled
        if reading.state is Weighing.FAULT:
            return DeviceStatus(DeviceState.FAULTED, "cannot_weigh", reading.detail)
        if garbled:
            return DeviceStatus(DeviceState.DEGRADED, "garbled", "answers that nobody can read: baud, framing, cable")
        return READY

    def close(self) -> None:
        self.scale.close()


class PrinterDuty:
    """Asks how the printer is, `every_s`, and never while a job is under way: whoever delivers holds `in_use`."""

    def __init__(self, printer: Printer, every_s: float = 5.0, in_use: threading.Lock | None = None) -> None:
        self.printer = printer
        self.pause_s = every_s
        self.in_use = in_use or threading.Lock()
        self._last = CONNECTING

    def open(self, deadline_s: float) -> DeviceStatus:
        """A printer is called for each question and job, and let go at once: others want its port, too."""
        return self._last

    def turn(self, deadline_s: float) -> DeviceStatus:
        if self.in_use.acquire(blocking=False):
            try:
                self._last = CONNECTING
                self._last = status_of_printer(self.printer.status())
            finally:
                self.in_use.release()
        return self._last

    def close(self) -> None:
        """Nothing is held between two questions."""
