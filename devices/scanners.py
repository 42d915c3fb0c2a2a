"""A scanner as a source of scans, whatever it speaks.

Owns reading, the numbering of scans and what is said back to the scanner. When to try again after an unplug is the
supervisor's.
Refuses to hand on half a code: what was begun before the line went is dropped. Refuses to acknowledge by itself: a
scanner that waits for an answer gets it from whoever has made the scan durable (`acknowledge`).
Invariant: every complete code becomes exactly one ScanEvent with an id of its own, in the order of reading; a packet
that the scanner sends again because the answer was lost becomes none.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from devices.config import (
    Address,
    AddressError,
    BrowserAddress,
    EvdevAddress,
    HidrawAddress,
    ListenAddress,
    SerialAddress,
    SimAddress,
    TcpAddress,
)
from devices.framing import Frame, LineFramer
from devices.framing.hid_pos import Reports
from devices.framing.key_events import KeyEvents
from devices.framing.signals import Signal, signal_bytes
from devices.framing.ssi import ACK, NAK, Broken, Decode, Packets, Part
from devices.protocols import Deadline, DeviceError, Transport
from devices.scanner_transports import NodeTransport, StreamTransport
from devices.transports import SerialTransport

_ANSWER_S = 1.0
QUIET_S = 0.11
"""Longer than any pause between packets that are sent without waiting: Zebra's interpacket delay ends at 99 ms."""
CROSSED_S = 0.1
"""Shorter than any scanner waits for an answer, longer than a packet is on its way over USB."""


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """One trigger pull. `scan_id` is its own for ever; `raw` without framing, `aim` as the scanner said it."""

    scan_id: str
    device: str
    sequence: int
    raw: bytes
    aim: str | None
    occurred_at: datetime


class Reader(Protocol):
    """Bytes → codes, and the answers this kind of scanner waits for."""

    def feed(self, content: bytes, at_s: float) -> list[Frame]:
        """Codes completed by these bytes."""
        ...

    @property
    def is_waited_for(self) -> bool:
        """Whether a scanner that says no more may wait for an answer: `answers` is asked again soon."""
        ...

    def answers(self, at_s: float) -> bytes:
        """What has to go back at this moment, whatever becomes of the scans."""
        ...

    def acknowledgement(self, at_s: float) -> bytes:
        """What tells the scanner at this moment that its last scan is safe; b"" when it does not wait for that."""
        ...

    def reset(self) -> None:
        """Forget what was begun."""
        ...


class LineReader:
    """A line a code; nothing is said back."""

    is_waited_for = False

    def __init__(self, framer: LineFramer | None = None) -> None:
        self._framer = framer or LineFramer()

    def feed(self, content: bytes, at_s: float) -> list[Frame]:
        return self._framer.feed(content, at_s)

    def answers(self, at_s: float) -> bytes:
        return b""

    def acknowledgement(self, at_s: float) -> bytes:
        return b""

    def reset(self) -> None:
        self._framer.reset()


class KeyReader(LineReader):
    """Key events of a grabbed wedge scanner."""

    def __init__(self, layout: str) -> None:
        self._keys = KeyEvents(layout)

    def feed(self, content: bytes, at_s: float) -> list[Frame]:
        return self._keys.feed(content)

    def reset(self) -> None:
        self._keys.reset()


class ReportReader(LineReader):
    """HID POS reports, one a read."""

    def __init__(self) -> None:
        self._reports = Reports()

    def feed(self, content: bytes, at_s: float) -> list[Frame]:
        frame = self._reports.feed(content, at_s)
        return [frame] if frame is not None else []

    def reset(self) -> None:
        self._reports.reset()


class SsiReader:
    """Zebra's packets: a broken one is asked for again, a repeated one is answered again and is no new scan.

    `kept`: the code that was kept last before this began, when nobody knows whether the scanner heard so: it will send
    that one again.
    """

    def __init__(self, kept: bytes | None = None) -> None:
        self._packets = Packets()
        self._last = kept
        self._is_acknowledged, self._acknowledged_at_s = True, float("-inf")
        self._was_first_try = False
        self._answers = b""
        self._part_at_s: float | None = None

    @property
    def is_waited_for(self) -> bool:
        return self._part_at_s is not None

    def feed(self, content: bytes, at_s: float) -> list[Frame]:
        frames = []
        for event in self._packets.feed(content, at_s):
            if not isinstance(event, Part):
                self._part_at_s = None
            elif self._part_at_s is None or not event.is_again:
                self._part_at_s = at_s
            if isinstance(event, Broken):
                self._answers += NAK if event.is_answered else b""
                self._was_first_try = self._was_first_try or event.is_first_try
            elif isinstance(event, Decode):
                was_first_try, self._was_first_try = self._was_first_try, False
                is_same = event.payload == self._last and not (was_first_try and self._is_acknowledged)
                if event.is_again and is_same:
                    # Our answer was lost, or is late: then the two have crossed, and a second one would be taken for
                    # the answer to the next code, which may never arrive. Was it lost, we are asked once more. If the
                    # scan is not safe yet its acknowledgement is still to come.
                    if self._is_acknowledged and at_s - self._acknowledged_at_s >= CROSSED_S:
                        self._answers += ACK
                        # The next repetition may lie in the buffer already: one answer is for all of them.
                        self._acknowledged_at_s = at_s
                    continue
                self._last, self._is_acknowledged = event.payload, False
                frames.append(Frame(event.payload))
        return frames

    def answers(self, at_s: float) -> bytes:
        if self._part_at_s is not None and at_s - self._part_at_s >= QUIET_S:
            # Said at once, a scanner that sends all packets without a pause would take it for the answer to all.
            self._part_at_s = None
            self._answers += ACK
        answers, self._answers = self._answers, b""
        return answers

    def acknowledgement(self, at_s: float) -> bytes:
        self._is_acknowledged, self._acknowledged_at_s = True, at_s
        return ACK

    def reset(self) -> None:
        # What was said last is remembered over an unplug: the scanner sends it again when it is back.
        self._packets.reset()
        self._answers, self._part_at_s = b"", None
        self._acknowledged_at_s = float("-inf")  # nothing crosses an answer on another line


class Scanner:
    """next_scan(deadline_s) → ScanEvent, or None when nobody pulled the trigger in that time.

    Opens the line when it is not open; a line that is not there or goes is a DeviceError, and the next call tries
    again. One thread reads; others may `acknowledge` and `signal` meanwhile. `signals`: whose words it understands,
    see `framing.signals`.
    """

    def __init__(
        self,
        address: Address,
        reader: Reader | None = None,
        signals: str = "none",
        new_scan_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._address = address
        self._reader = reader if reader is not None else reader_for(address)
        self._signals = signals
        self._new_scan_id = new_scan_id
        self._transport: Transport | None = None
        self._waiting: deque[ScanEvent] = deque()
        self._sequence = 0
        # Held while something is said and while the line is let go: else an answer to this scanner could reach
        # whatever the kernel gives the same descriptor to next.
        self._line = threading.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether the scanner is at the other end; one that calls us may not have called yet."""
        transport = self._transport
        return transport.is_connected if isinstance(transport, StreamTransport) else transport is not None

    def open(self, deadline_s: float) -> None:
        """Take the line, when it is not open already.

        Raises:
            DeviceError: it is not there, or not for us.
        """
        if self._transport is not None:
            return
        transport = transport_for(self._address)
        try:
            transport.open(Deadline.after(deadline_s))
        except BaseException:
            transport.close()
            raise
        self._transport = transport

    def next_scan(self, deadline_s: float) -> ScanEvent | None:
        """The next trigger pull; every one of them, once.

        Raises:
            DeviceError: the line is not there, or went.
        """
        deadline = Deadline.after(deadline_s)
        while not self._waiting:
            self.open(deadline.remaining_s())
            content = self._read(deadline.at_most(QUIET_S) if self._reader.is_waited_for else deadline)
            if content is not None:
                for frame in self._reader.feed(content, time.monotonic()):
                    self._waiting.append(self._event(frame))
            self._say(self._reader.answers(time.monotonic()))
            # Also when something came: a line full of noise would else be read for ever, deaf to who wants it closed.
            if not self._waiting and deadline.is_over():
                return None
        return self._waiting.popleft()

    def read_already(self) -> ScanEvent | None:
        """The next one of those that came along with others, without listening for more."""
        return self._waiting.popleft() if self._waiting else None

    def acknowledge(self) -> bool:
        """Tell the scanner that its last scan is safe; whether it could be told (it asks again if not)."""
        return self._say(self._reader.acknowledgement(time.monotonic()))

    def signal(self, signal: Signal) -> bool:
        """Good, bad, be silent; False when this scanner cannot be told."""
        said = signal_bytes(self._signals, signal)
        return bool(said) and self._say(said)

    def close(self) -> None:
        """Let go of the line; what was read from it and not handed on yet is kept."""
        # Half a code from before the unplug must not be glued to the first one after it.
        self._reader.reset()
        with self._line:
            transport, self._transport = self._transport, None
            if transport is not None:
                transport.close()

    def _read(self, deadline: Deadline) -> bytes | None:
        """Bytes, None at the deadline."""
        transport = self._transport
        if transport is None:
            return b""
        try:
            return transport.read(deadline)
        except DeviceError as error:
            if error.reason == "timeout":
                return None
            if isinstance(transport, StreamTransport) and transport.is_listening:
                # The door stays open: the next caller may be standing in it, with a code already said.
                self._reader.reset()
                return b""
            self.close()
            raise

    def _say(self, content: bytes) -> bool:
        if not content:
            return True
        with self._line:
            if self._transport is None:
                return False
            try:
                self._transport.write(content, Deadline.after(_ANSWER_S))
            except DeviceError:
                return False  # if the line is gone, the one who reads will know
        return True

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


def transport_for(address: Address) -> Transport:
    """The way to a scanner or scale; opens nothing.

    Raises:
        AddressError: nothing can be read from there.
    """
    if isinstance(address, SerialAddress):
        return SerialTransport(address)
    if isinstance(address, EvdevAddress | HidrawAddress):
        return NodeTransport(address)
    if isinstance(address, TcpAddress | ListenAddress | SimAddress):
        return StreamTransport(address)
    raise AddressError("scheme", f"{address.scheme} is nothing to read scans from")


def reader_for(address: Address, kept: bytes | None = None) -> Reader:
    """What a scanner at this address speaks; `kept` as of SsiReader.

    Raises:
        AddressError: no scanner speaks that.
    """
    if isinstance(address, EvdevAddress):
        return KeyReader(address.layout)
    if isinstance(address, BrowserAddress):
        raise AddressError("scheme", "its station's page hears this scanner: there is nothing to open here")
    proto = getattr(address, "proto", "line")
    if proto == "ssi":
        return SsiReader(kept)
    if proto == "hid-pos":
        return ReportReader()
    if proto == "line":
        return LineReader()
    raise AddressError("proto", f"{proto} is no language of scanners")
