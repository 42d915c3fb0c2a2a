"""Printers as the floor sees them: a status before, a job, and a receipt that says what was proven.

Owns the order of a delivery: ask, send only to a ready printer, see it drained, ask again.
Refuses to send to a printer that is not ready or does not answer, and to send anything twice.
Invariant: an error before the first byte is transient or says why not; once a byte may have left and no
proof came, the error is `uncertain`, never a second attempt. A ~HS that stays silent means fault or
unreachable, not "send again".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress

from devices import escpos, zpl
from devices.protocols import (
    UNCERTAIN,
    Deadline,
    DeviceError,
    PrinterStatus,
    Receipt,
    ReceiptLevel,
    Transport,
)
from devices.transports import CupsQueue

_STATUS_S = 3.0
_SENDING_SHARE = 0.8
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.004, 0.25
_PARTIAL_S = 10.0  # a sender that says nothing for so long within a format is gone


class ZplPrinter:
    """A label printer that speaks ZPL over a transport that carries both ways.

    Level `printed`: the printer's odometer rose by the number of labels in the job. Level `parsed`: a
    printer without an odometer says that nothing is pending and no fault holds it. The odometer is the
    printer's, not the job's: one job at a time per printer, or another job's label would be taken for
    this one's.
    """

    def __init__(self, connect: Callable[[], Transport], status_s: float = _STATUS_S) -> None:
        self._connect = connect
        self._status_s = status_s

    def status(self, deadline_s: float = _STATUS_S) -> PrinterStatus:
        return self._ask_anew(Deadline.after(deadline_s))

    def submit(self, job_bytes: bytes, job_id: str, deadline_s: float) -> Receipt:
        deadline = Deadline.after(deadline_s)
        transport = self._connect()
        with closing(transport):
            transport.open(deadline.at_most(self._status_s))
            before = self._wait_until_ready(transport, deadline)
            asked_bytes = transport.sent_bytes
            trouble = ""
            # Some of the time is kept for asking: a connection that ends badly may still have printed
            # everything.
            sending = deadline.at_most(deadline.remaining_s() * _SENDING_SHARE)
            try:
                transport.write(job_bytes, sending)
                transport.finish(sending)
            except DeviceError as error:
                left_bytes = transport.sent_bytes - asked_bytes
                if left_bytes == 0 and error.transient:
                    raise
                trouble = f"{error.reason} after {left_bytes} of {len(job_bytes)} bytes"
        return self._confirm(job_bytes, job_id, before, trouble, deadline)

    def _wait_until_ready(self, transport: Transport, deadline: Deadline) -> PrinterStatus:
        pause_s = _FIRST_PAUSE_S
        give_up = Deadline.after(_PARTIAL_S)
        while True:
            status = self._ask(transport, deadline.at_most(self._status_s))
            if status.is_ready:
                return status
            if status.state == "held":
                raise DeviceError(status.reasons[0], transient=True, detail=" ".join(status.reasons))
            is_half = status.reasons == ("partial_format",) and not (status.buffered_formats or status.labels_remaining)
            if is_half and give_up.is_over():
                # Its connection broke: the printer would wait for the end for ever, and every label behind it.
                transport.write(zpl.CANCEL_ALL + b"\r\n", deadline)
                give_up = deadline
            # Busy: what is still in the printer would move the odometer and be taken for this job.
            if deadline.remaining_s() <= pause_s:
                raise DeviceError("busy", transient=True, detail=f"{status.buffered_formats} formats wait")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.6, _LONGEST_PAUSE_S)

    def _confirm(
        self, job_bytes: bytes, job_id: str, before: PrinterStatus, trouble: str, deadline: Deadline
    ) -> Receipt:
        """Ask on new connections until the labels are out, or until the deadline: then a person has to look.

        After trouble in sending only the odometer is believed: a printer that lost half a job is ready, too.
        """
        expected = zpl.labels_in(job_bytes)
        if trouble and (before.odometer is None or not expected):
            raise DeviceError(UNCERTAIN, transient=False, detail=trouble)
        pause_s = _FIRST_PAUSE_S
        last = "no answer after the job"
        while True:
            # Silence may be a fault that goes away (the head was opened for a moment): asked until the end.
            with suppress(DeviceError):
                after = self._ask_anew(deadline.at_most(self._status_s))
                last = " ".join((after.state, *after.reasons, f"{after.buffered_formats} formats wait"))
                if before.odometer is not None and after.odometer is not None and expected:
                    rise = after.odometer - before.odometer
                    last += f", odometer rose by {rise} of {expected}"
                    is_proven, proven = rise >= expected, ReceiptLevel.printed
                else:
                    is_proven, proven = after.is_ready and not trouble, ReceiptLevel.parsed
                if is_proven:
                    return Receipt(proven, job_id, len(job_bytes), before.odometer, after.odometer, last)
            if deadline.remaining_s() <= pause_s:
                raise DeviceError(UNCERTAIN, transient=False, detail=f"{trouble or 'sent'}, then {last}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.6, _LONGEST_PAUSE_S)

    def _ask_anew(self, deadline: Deadline) -> PrinterStatus:
        transport = self._connect()
        with closing(transport):
            transport.open(deadline)
            return self._ask(transport, deadline)

    def _ask(self, transport: Transport, deadline: Deadline) -> PrinterStatus:
        """~HS and the odometer in one write: two round trips would double the time the port is taken."""
        transport.write(zpl.HOST_STATUS + b"\r\n" + zpl.ODOMETER, deadline)
        feed, said, host = zpl.HostStatusFeed(), bytearray(), None
        while host is None:
            said += (content := self._hear(transport, deadline))
            try:
                host = feed.feed(content)
            except zpl.ReplyError as error:
                raise DeviceError("bad_reply", transient=True, detail=str(error)) from error
        return host.printer_status(self._odometer(transport, bytes(said), deadline))

    def _odometer(self, transport: Transport, said: bytes, deadline: Deadline) -> int | None:
        """None when the printer does not answer: an old model without the variable, not a fault."""
        # The reply follows the third ~HS line.
        tail = said.rpartition(b"\x03")[2]
        while tail.count(b'"') < 2:
            try:
                content = transport.read(deadline.at_most(1.0))
            except DeviceError as error:
                if error.reason != "timeout":
                    raise
                return None
            if not content:
                return None
            tail += content
        try:
            return zpl.parse_odometer(tail)
        except zpl.ReplyError as error:
            raise DeviceError("bad_reply", transient=True, detail=str(error)) from error

    def _hear(self, transport: Transport, deadline: Deadline) -> bytes:
        try:
            content = transport.read(deadline)
        except DeviceError as error:
            if error.reason == "timeout":
                raise DeviceError("silent", transient=True, detail="no answer to ~HS: fault or unreachable") from error
            raise
        if not content:
            raise DeviceError("silent", transient=True, detail="closed without an answer to ~HS")
        return content


class EscPosPrinter:
    """A receipt printer that speaks ESC/POS over a transport that carries both ways.

    Level `parsed`: the printer answered the GS r 1 that ends the job, which it does in its turn, after
    everything before it. A job without that end reaches `drained` (`written` on a serial line) and says
    so. There is no counter that would prove paper, so `printed` is never claimed.
    """

    def __init__(self, connect: Callable[[], Transport], status_s: float = _STATUS_S) -> None:
        self._connect = connect
        self._status_s = status_s

    def status(self, deadline_s: float = _STATUS_S) -> PrinterStatus:
        deadline = Deadline.after(deadline_s)
        transport = self._connect()
        with closing(transport):
            transport.open(deadline)
            return self._ask(transport, deadline)

    def submit(self, job_bytes: bytes, job_id: str, deadline_s: float) -> Receipt:
        deadline = Deadline.after(deadline_s)
        transport = self._connect()
        with closing(transport):
            transport.open(deadline.at_most(self._status_s))
            status = self._ask(transport, deadline.at_most(self._status_s))
            if not status.is_ready:
                raise DeviceError(status.reasons[0], transient=True, detail=" ".join(status.reasons))
            asked_bytes = transport.sent_bytes
            try:
                transport.write(job_bytes, deadline)
                is_confirmed = job_bytes.endswith(escpos.CONFIRM)
                if is_confirmed:
                    # Not finished as well: proof is proof, and some printers never close their side.
                    self._hear_confirmation(transport, deadline)
                else:
                    transport.finish(deadline)
            except DeviceError as error:
                left_bytes = transport.sent_bytes - asked_bytes
                if error.reason == UNCERTAIN or (left_bytes == 0 and error.transient):
                    raise
                raise DeviceError(UNCERTAIN, False, f"{error.reason} after {left_bytes} bytes") from error
        if is_confirmed:
            return Receipt(ReceiptLevel.parsed, job_id, len(job_bytes), detail="GS r 1 answered")
        level = ReceiptLevel.drained if transport.can_half_close else ReceiptLevel.written
        return Receipt(level, job_id, len(job_bytes), detail="the job does not end in GS r 1")

    def _ask(self, transport: Transport, deadline: Deadline) -> PrinterStatus:
        replies: dict[int, int] = {}
        for kind in escpos.STATUS_KINDS:
            transport.write(escpos.ask_status(kind), deadline)
            replies[kind] = self._hear(transport, deadline, escpos.is_status_reply)
        try:
            return escpos.status_of(replies)
        except escpos.ReplyError as error:
            raise DeviceError("bad_reply", transient=True, detail=str(error)) from error

    def _hear_confirmation(self, transport: Transport, deadline: Deadline) -> None:
        value = self._hear(transport, deadline, escpos.is_confirmation)
        if escpos.paper_ended(value):
            raise DeviceError(UNCERTAIN, transient=False, detail="the paper ended within the job")

    def _hear(self, transport: Transport, deadline: Deadline, is_wanted: Callable[[int], bool]) -> int:
        """The first byte with the right fixed bits; others (a status sent unasked) are passed over."""
        while not deadline.is_over():
            try:
                content = transport.read(deadline)
            except DeviceError as error:
                if error.reason == "timeout":
                    raise DeviceError("silent", transient=True, detail="no answer: fault or unreachable") from error
                raise
            if not content:
                raise DeviceError("silent", transient=True, detail="closed without an answer")
            for value in content:
                if is_wanted(value):
                    return value
        raise DeviceError("silent", transient=True, detail="no answer with the right fixed bits")


class CupsPrinter:
    """Any printer behind a raw CUPS queue; the language does not matter, because nothing is asked of the
    printer.

    Level `drained` when CUPS reports the job completed: its backend handed all bytes to the printer.
    Level `written` when CUPS still holds it at the deadline: CUPS will send it on its own when the
    printer comes back, so the job must not be sent again. More is never claimed: a raw queue carries no
    answer from the printer.
    """

    def __init__(self, connect: Callable[[], CupsQueue]) -> None:
        self._connect = connect

    def status(self, deadline_s: float = _STATUS_S) -> PrinterStatus:
        return self._connect().status(Deadline.after(deadline_s))

    def submit(self, job_bytes: bytes, job_id: str, deadline_s: float) -> Receipt:
        deadline = Deadline.after(deadline_s)
        queue = self._connect()
        request_id = queue.send(job_bytes, job_id, deadline)
        try:
            job = queue.wait(request_id, deadline)
        except DeviceError as error:
            # CUPS has the job; only the answer about it is missing.
            return Receipt(ReceiptLevel.written, job_id, len(job_bytes), detail=f"{request_id} {error}")
        if job.state == "cancelled":
            raise DeviceError(UNCERTAIN, transient=False, detail=f"{request_id} was cancelled in CUPS")
        level = ReceiptLevel.drained if job.state == "completed" else ReceiptLevel.written
        return Receipt(level, job_id, len(job_bytes), detail=f"{request_id} {job.state}")
