"""Receipt printers, and whatever stands behind a queue; label printers on ZPL are in `label_printer`.

Owns the order of a delivery: ask, send only to a ready printer, hear its end answered, ask again.
Refuses to send to a printer that is not ready or does not answer, and to send anything twice.
Invariant: an error before the first byte is transient or says why not; once a byte may have left and no
proof came, the error is `uncertain`, never a second attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from typing import Protocol

from devices import escpos
from devices.print_queues import QueueJob
from devices.protocols import (
    UNCERTAIN,
    Deadline,
    DeviceError,
    PrinterStatus,
    Receipt,
    ReceiptLevel,
    Transport,
    unasked,
)

_STATUS_S = 3.0


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
            return _EscPosTalk(transport).status(deadline)

    def submit(
        self, job_bytes: bytes, job_id: str, deadline_s: float, begin: Callable[[], None] = unasked
    ) -> Receipt:
        deadline = Deadline.after(deadline_s)
        transport = self._connect()
        with closing(transport):
            transport.open(deadline.at_most(self._status_s))
            talk = _EscPosTalk(transport)
            before = talk.status(deadline.at_most(self._status_s))
            if not before.is_ready:
                raise DeviceError(before.reasons[0], transient=True, detail=" ".join(before.reasons), before=before)
            asked_bytes = transport.sent_bytes
            begin()
            after = None
            try:
                transport.write(job_bytes, deadline)
                is_confirmed = job_bytes.endswith(escpos.CONFIRM)
                if is_confirmed:
                    # Not finished as well: proof is proof, and some printers never close their side.
                    talk.confirmation(deadline)
                    with suppress(DeviceError):
                        after = talk.status(deadline.at_most(self._status_s))
                else:
                    transport.finish(deadline)
            except DeviceError as error:
                left_bytes = transport.sent_bytes - asked_bytes
                error.before = before
                if error.reason == UNCERTAIN or (left_bytes == 0 and error.transient):
                    raise
                raise DeviceError(UNCERTAIN, False, f"{error.reason} after {left_bytes} bytes", before) from error
        if is_confirmed:
            return Receipt(ReceiptLevel.parsed, job_id, len(job_bytes), "GS r 1 answered", before, after)
        level = ReceiptLevel.drained if transport.can_half_close else ReceiptLevel.written
        return Receipt(level, job_id, len(job_bytes), "the job does not end in GS r 1", before)


class _EscPosTalk:
    """Questions on one connection and the bytes that answer them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._feed = escpos.ReplyFeed()

    def status(self, deadline: Deadline) -> PrinterStatus:
        replies: dict[int, int] = {}
        for kind in escpos.STATUS_KINDS:
            self._transport.write(escpos.ask_status(kind), deadline)
            replies[kind] = self._hear(deadline, escpos.is_status_reply)
        try:
            return escpos.status_of(replies)
        except escpos.ReplyError as error:
            raise DeviceError("bad_reply", transient=True, detail=str(error)) from error

    def confirmation(self, deadline: Deadline) -> None:
        value = self._hear(deadline, escpos.is_confirmation)
        if escpos.paper_ended(value):
            raise DeviceError(UNCERTAIN, transient=False, detail="the paper ended within the job")

    def _hear(self, deadline: Deadline, is_wanted: Callable[[int], bool]) -> int:
        """The first byte with the right fixed bits that is no part of an automatic status (GS a)."""
        while not deadline.is_over():
            try:
                content = self._transport.read(deadline)
            except DeviceError as error:
                if error.reason == "timeout":
                    raise DeviceError("silent", transient=True, detail="no answer: fault or unreachable") from error
                raise
            if not content:
                raise DeviceError("silent", transient=True, detail="closed without an answer")
            for value in self._feed.feed(content):
                if is_wanted(value):
                    return value
        raise DeviceError("silent", transient=True, detail="no answer with the right fixed bits")


class PrintQueue(Protocol):
    """A queue of the machine that takes raw jobs and remembers them: CupsQueue, WindowsQueue."""

    def send(self, content: bytes, title: str, deadline: Deadline) -> str: ...

    def wait(self, request_id: str, deadline: Deadline) -> QueueJob: ...

    def status(self, deadline: Deadline) -> PrinterStatus: ...


class QueuePrinter:
    """Any printer behind a raw queue; the language does not matter, because nothing is asked of the
    printer.

    Level `drained` when the queue reports the job completed: it handed all bytes to the printer.
    Level `written` when it still holds it at the deadline: it will send it on its own when the
    printer comes back, so the job must not be sent again. More is never claimed: a raw queue carries no
    answer from the printer.
    """

    def __init__(self, connect: Callable[[], PrintQueue]) -> None:
        self._connect = connect

    def status(self, deadline_s: float = _STATUS_S) -> PrinterStatus:
        return self._connect().status(Deadline.after(deadline_s))

    def submit(
        self, job_bytes: bytes, job_id: str, deadline_s: float, begin: Callable[[], None] = unasked
    ) -> Receipt:
        deadline = Deadline.after(deadline_s)
        queue = self._connect()
        begin()
        request_id = queue.send(job_bytes, job_id, deadline)
        try:
            job = queue.wait(request_id, deadline)
        except DeviceError as error:
            # The queue has the job; only the answer about it is missing.
            return Receipt(ReceiptLevel.written, job_id, len(job_bytes), detail=f"{request_id} {error}")
        if job.state == "cancelled":
            raise DeviceError(UNCERTAIN, transient=False, detail=f"{request_id} was cancelled in the queue")
        level = ReceiptLevel.drained if job.state == "completed" else ReceiptLevel.written
        return Receipt(level, job_id, len(job_bytes), detail=f"{request_id} {job.state}")
