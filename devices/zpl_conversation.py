"""One connection with a ZPL printer: questions sent, and whatever comes back, in whatever order.

    → ~HS  ! U1 getvar "odometer…"  ! U1 getvar "…boots"       one write: three round trips would hold the port longer
    ← three STX … ETX lines, then "12" "3"                     the status
    ← FLOOR<7.1>                                               a label that came out, between any two answers

Owns one question at a time and what was heard. Does I/O only through its transport, under the caller's deadlines.
Refuses to ask anew while an answer is outstanding: a late answer would be taken for the answer to the next question.
Source of ~HS and getvar: devices.zpl; of ^HV: devices.zpl_queries.
"""

from __future__ import annotations

import re
from collections import Counter

from devices import zpl
from devices.protocols import Deadline, DeviceError, PrinterStatus, Transport
from devices.zpl_queries import ProofFeed, ask_json, parse_json

_VARIABLE_S = 1.0  # an old model answers no getvar: that is no fault
_QUOTED = re.compile(rb'"[^"]{0,80}"')
_TAIL_BYTES = 4096
_SETTINGS = ("device.host_status", "odometer.total_label_count", "simulator.boots")


class Conversation:
    """ask(), then hear() until it gives the status. `reported`: how often each job's labels said that they are out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._proofs = ProofFeed()
        self._variables: tuple[bytes, ...] = (zpl.ODOMETER, zpl.BOOTS)
        self._host_feed = zpl.HostStatusFeed()
        self._host: zpl.HostStatus | None = None
        self._tail = b""
        self._variables_until: Deadline | None = None
        self.reported: Counter[str] = Counter()
        self.is_asking = False
        self.is_ended = False

    def ask(self, deadline: Deadline) -> None:
        """Send the question, unless the last one is still unanswered."""
        if self.is_asking:
            return
        try:
            self._transport.write(zpl.HOST_STATUS + b"\r\n" + b"".join(self._variables), deadline)
        except DeviceError as error:
            self.is_ended = error.reason != "timeout"
            raise
        self._host_feed, self._host, self._tail, self._variables_until = zpl.HostStatusFeed(), None, b"", None
        self.is_asking = True

    def hear(self, deadline: Deadline) -> PrinterStatus | None:
        """What comes next, for as long as `deadline`; the status once it is whole.

        Raises:
            DeviceError: `bad_reply`, or the connection broke. An orderly end is no error: `is_ended`.
        """
        if self._variables_until is not None:
            deadline = deadline.at_most(self._variables_until.remaining_s())
        try:
            content = self._transport.read(deadline)
        except DeviceError as error:
            if error.reason != "timeout":
                self.is_ended = True
                raise
            return self._silent()
        if not content:
            self.is_ended = True
            return self._silent(is_end=True)
        self.reported.update(self._proofs.feed(content))
        return self._read(content) if self.is_asking else None

    def answer(self, deadline: Deadline) -> PrinterStatus:
        """Ask and wait.

        Raises:
            DeviceError: `silent` when nothing came, or what hear() raises.
        """
        self.ask(deadline)
        while True:
            status = self.hear(deadline)
            if status is not None:
                return status
            if self.is_ended:
                raise DeviceError("silent", transient=True, detail="closed without an answer to ~HS")
            if deadline.is_over() and self._host is None:
                raise DeviceError("silent", transient=True, detail="no answer to ~HS: fault or unreachable")

    def _read(self, content: bytes) -> PrinterStatus | None:
        try:
            if self._host is None:
                self._host = self._host_feed.feed(content)
                if self._host is None:
                    return None
                self._variables_until = Deadline.after(_VARIABLE_S)
                content = content.rpartition(b"\x03")[2]
            # Kept bounded: a printer that talks without end must not be looked through from its beginning each time.
            self._tail = (self._tail + content)[-_TAIL_BYTES:]
            values = [zpl.parse_odometer(value) for value in _QUOTED.findall(self._tail)]
        except zpl.ReplyError as error:
            raise DeviceError("bad_reply", transient=True, detail=str(error)) from error
        if len(values) >= len(self._variables):
            return self._whole(values)
        return self._silent()  # it may go on talking of something else and never answer this

    def _silent(self, is_end: bool = False) -> PrinterStatus | None:
        if self._host is None or self._variables_until is None or not (is_end or self._variables_until.is_over()):
            return None
        values = [zpl.parse_odometer(value) for value in _QUOTED.findall(self._tail)]
        self._variables = self._variables[: len(values)]  # not waited for a second time
        return self._whole(values)

    def _whole(self, values: list[int | None]) -> PrinterStatus:
        assert self._host is not None
        self.is_asking, self._variables_until = False, None
        odometer, boot = [*values, None, None][:2]
        return self._host.printer_status(odometer, boot)


def status_beside(transport: Transport, deadline: Deadline) -> PrinterStatus:
    """What the JSON port says, while the other port is taken or silent.

    Raises:
        DeviceError: it says nothing, or nothing that means anything.
    """
    transport.open(deadline)
    transport.write(ask_json(*_SETTINGS), deadline)
    said = b""
    while not said.rstrip().endswith(b"}"):
        content = transport.read(deadline)
        if not content or len(said) > 65_536:
            raise DeviceError("silent", transient=True, detail="the status port gave no whole answer")
        said += content
    try:
        told = parse_json(said)
        host = zpl.parse_host_status(told.get(_SETTINGS[0], "").encode("latin-1", "replace"))
        odometer, boot = (
            zpl.parse_odometer(b'"%s"' % told[name].encode("latin-1", "replace")) if name in told else None
            for name in _SETTINGS[1:]
        )
    except zpl.ReplyError as error:
        raise DeviceError("bad_reply", transient=True, detail=str(error)) from error
    return host.printer_status(odometer, boot)
