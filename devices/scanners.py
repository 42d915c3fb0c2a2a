"""A scanner on a serial line, as a source of scans that outlives its cable.

Owns reading, framing, the numbering of scans and coming back after an unplug.
Refuses to hand on half a code: what was begun before the line went is dropped.
Invariant: every complete line becomes exactly one ScanEvent with an id of its own, in the order of reading.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from devices.config import SerialAddress
from devices.framing import Frame, LineFramer
from devices.protocols import Deadline, DeviceError
from devices.transports import SerialTransport

_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.05, 2.0
_OPEN_S = 1.0


@dataclass(frozen=True, slots=True)
class ScanEvent:
    scan_id: str
    device: str
    sequence: int
    raw: bytes
    aim: str | None
    occurred_at: datetime


class SerialScanner:
    """next_scan(deadline_s) → ScanEvent, or None when nobody pulled the trigger in that time.

    A line that is not there is no error while the deadline lasts: the cable may come back. `state`
    (ready, offline) and `reconnects` tell the board about it.
    """

    def __init__(
        self,
        address: SerialAddress,
        framer: LineFramer | None = None,
        new_scan_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._address = address
        self._framer = framer if framer is not None else LineFramer()
        self._new_scan_id = new_scan_id
        self._transport: SerialTransport | None = None
        self._waiting: deque[ScanEvent] = deque()
        self._sequence = 0
        self._retry_s = _FIRST_RETRY_S
        self.state = "offline"
        self.fault = ""
        self.reconnects = -1

    def next_scan(self, deadline_s: float) -> ScanEvent | None:
        deadline = Deadline.after(deadline_s)
        while not self._waiting:
            if not self._connected(deadline):
                return None
            content = self._read(deadline)
            if content is None:
                return None
            for frame in self._framer.feed(content, time.monotonic()):
                self._waiting.append(self._event(frame))
        return self._waiting.popleft()

    def scans(self, stop: threading.Event, poll_s: float = 0.5) -> Iterator[ScanEvent]:
        while not stop.is_set():
            event = self.next_scan(poll_s)
            if event is not None:
                yield event

    def close(self) -> None:
        self._drop_line("closed")

    def _connected(self, deadline: Deadline) -> bool:
        while self._transport is None:
            transport = SerialTransport(self._address)
            try:
                transport.open(deadline.at_most(_OPEN_S))
            except DeviceError as error:
                self.state, self.fault = "offline", str(error)
                if deadline.remaining_s() <= 0:
                    return False
                time.sleep(min(self._retry_s, deadline.remaining_s()))
                self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)
                continue
            self._transport = transport
            self.state, self.fault = "ready", ""
            self.reconnects += 1
            self._retry_s = _FIRST_RETRY_S
        return True

    def _read(self, deadline: Deadline) -> bytes | None:
        """Bytes, b"" after the line went (it is opened anew), None at the deadline."""
        if self._transport is None:
            return b""
        try:
            return self._transport.read(deadline)
        except DeviceError as error:
            if error.reason == "timeout":
                return None
            self._drop_line(str(error))
            return b""

    def _drop_line(self, fault: str) -> None:
        # Half a code from before the unplug must not be glued to the first one after it.
        self._framer.reset()
        self.state, self.fault = "offline", fault
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _event(self, frame: Frame) -> ScanEvent:
        self._sequence += 1
        return ScanEvent(
            scan_id=self._new_scan_id(),
            device=str(self._address),
            sequence=self._sequence,
            raw=frame.payload,
            aim=frame.aim,
            occurred_at=datetime.now(UTC),
        )
