"""A label printer that speaks ZPL: a status before, a job, and a receipt that says what was proven.

    ready? ── no ──> DeviceError, transient, no byte of the job left
      │ yes
    job out ──> listen for ^HV, ask ~HS and the odometer, on the connection of the job for as long as it lives,
      │         then on the status port or on new ones, until `print_proof` has a verdict or the time is over
      └──> Receipt printed | parsed;  DeviceError unprinted | no_output (both transient) | uncertain

Owns the order of a delivery. Refuses to send to a printer that is not ready or does not answer, and to send anything
twice: whoever calls decides, by the word. Invariant: once a byte may have left and nothing was proven, the error is
`uncertain`. A ~HS that stays silent means fault or unreachable, not "send again".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress

from devices import zpl
from devices.patience import PATIENT
from devices.print_proof import Evidence, Verdict, verdict
from devices.protocols import (
    NO_OUTPUT,
    UNCERTAIN,
    UNPRINTED,
    Deadline,
    DeviceError,
    PrinterStatus,
    Receipt,
    ReceiptLevel,
    Transport,
    unasked,
)
from devices.zpl_conversation import Conversation, status_beside
from devices.zpl_queries import asks_for_proof

_STATUS_S = PATIENT.status_s
_SENDING_SHARE = 0.8
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.004, 0.25
_REPORT_S = 0.6  # what the last label may take to report itself when the odometer has it already


class ZplPrinter:
    """A label printer over a transport that carries both ways. `beside`: its status port, where it has one.

    Level `printed`: each label reported itself, or the odometer says so (`print_proof`). Level `parsed`: a printer
    without an odometer says that nothing is pending and no fault holds it. The odometer is the printer's, not the
    job's: one job at a time per printer, or another job's label would be taken for this one's.
    """

    def __init__(
        self,
        connect: Callable[[], Transport],
        beside: Callable[[], Transport] | None = None,
        status_s: float = _STATUS_S,
        settle_s: float = PATIENT.settle_s,
        partial_s: float = PATIENT.partial_s,
    ) -> None:
        self._partial_s = partial_s
        # Kept at the end for new connections, as nearly all printers serve one caller at a time: what they say there
        # has to hold for settle_s, or it would be asked for nothing.
        self._last_look_s = settle_s + status_s / 3
        self._settle_s = settle_s
        self._connect = connect
        self._beside = beside
        self._status_s = status_s

    def status(self, deadline_s: float = _STATUS_S) -> PrinterStatus:
        """Asked on a connection of its own; on the status port when that one is silent."""
        deadline = Deadline.after(deadline_s)
        if self._beside is None:
            return self._ask_anew(deadline)
        try:
            return self._ask_anew(deadline.at_most(deadline_s / 2))
        except DeviceError:
            return self._ask_beside(deadline)

    def submit(
        self, job_bytes: bytes, job_id: str, deadline_s: float, begin: Callable[[], None] = unasked
    ) -> Receipt:
        """See the module.

        Raises:
            DeviceError: with what the printer said of itself before and last.
        """
        deadline = Deadline.after(deadline_s)
        transport = self._connect()
        with closing(transport):
            transport.open(deadline.at_most(self._status_s))
            talk = Conversation(transport)
            before = self._wait_until_ready(transport, talk, deadline)
            delivery = _Delivery(job_bytes, job_id, before, self._settle_s)
            asked_bytes = transport.sent_bytes
            begin()
            try:
                # Some of the time is kept for asking: a connection that ends badly may still have printed everything.
                transport.write(job_bytes, deadline.at_most(deadline.remaining_s() * _SENDING_SHARE))
            except DeviceError as error:
                left_bytes = transport.sent_bytes - asked_bytes
                if left_bytes == 0 and error.transient:
                    error.before = before
                    raise
                delivery.trouble = f"{error.reason} after {left_bytes} of {len(job_bytes)} bytes"
                delivery.is_cut_off = error.reason != "timeout"
            if not delivery.is_cut_off:
                self._follow(talk, delivery, deadline)
        if delivery.verdict is Verdict.OPEN:
            self._look_again(delivery, deadline)
        return delivery.receipt()

    def _wait_until_ready(self, transport: Transport, talk: Conversation, deadline: Deadline) -> PrinterStatus:
        pause_s = _FIRST_PAUSE_S
        give_up = Deadline.after(self._partial_s)
        while True:
            try:
                status = talk.answer(deadline.at_most(self._status_s))
            except DeviceError as error:
                status = self._reason_beside(error, deadline)
            if status.is_ready:
                return status
            if status.state == "held":
                raise DeviceError(status.reasons[0], transient=True, detail=" ".join(status.reasons), before=status)
            if _is_half(status) and give_up.is_over():
                # Its connection broke: the printer would wait for the end for ever, and every label behind it.
                transport.write(zpl.CANCEL_ALL + b"\r\n", deadline)
                give_up = deadline
            # Busy: what is still in the printer would move the odometer and be taken for this job.
            if deadline.remaining_s() <= pause_s:
                detail = f"{status.buffered_formats} formats wait"
                raise DeviceError("busy", transient=True, detail=detail, before=status)
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.6, _LONGEST_PAUSE_S)

    def _reason_beside(self, error: DeviceError, deadline: Deadline) -> PrinterStatus:
        """Silent on its port: the status port may know why. That it is ready there helps nobody."""
        with suppress(DeviceError):
            status = self._ask_beside(deadline)
            if status.state == "held":
                return status
        raise error

    def _follow(self, talk: Conversation, delivery: _Delivery, deadline: Deadline) -> None:
        """On the job's own connection, where labels report themselves and an answer proves that all was read."""
        pause_s = _FIRST_PAUSE_S
        quiet = Deadline.after(self._status_s)
        beside = Deadline.after(self._status_s)
        while deadline.remaining_s() > self._last_look_s or not delivery.is_silent:
            try:
                talk.ask(deadline.at_most(self._status_s))
                status = talk.hear(deadline.at_most(pause_s))
            except DeviceError as error:
                if error.reason == "timeout":
                    status = None
                else:
                    delivery.lose(error, is_over=talk.is_ended)
                    delivery.judge(talk.reported[delivery.job_id])
                    return
            if status is not None:
                quiet, delivery.is_silent = Deadline.after(self._status_s), False
                delivery.see(status, is_behind=True)
            elif quiet.is_over():
                delivery.is_silent = delivery.is_disturbed = True
                if self._beside is not None and beside.is_over():
                    beside = Deadline.after(self._status_s)
                    with suppress(DeviceError):
                        delivery.see(self._ask_beside(deadline), is_behind=False)
            if delivery.judge(talk.reported[delivery.job_id]) or talk.is_ended or deadline.is_over():
                delivery.is_cut_off |= talk.is_ended
                return
            if status is not None:
                time.sleep(min(pause_s, deadline.remaining_s()))
                pause_s = min(pause_s * 1.6, _LONGEST_PAUSE_S)

    def _look_again(self, delivery: _Delivery, deadline: Deadline) -> None:
        """On new connections, until there is a verdict or the time is over: then a person has to look."""
        pause_s = _FIRST_PAUSE_S
        last_heard = Deadline.after(self._status_s)
        while not deadline.is_over():
            try:
                status = self._ask_anew(deadline.at_most(self._status_s))
                last_heard = Deadline.after(self._status_s)
                delivery.see(status, is_behind=False)
                if _is_half(status) and delivery.is_cut_off:
                    # The half is ours: one job at a time per printer.
                    self._cancel(deadline)
            except DeviceError as error:
                # Silence may be a fault that goes away (the head was opened for a moment): asked until the end.
                delivery.is_disturbed |= last_heard.is_over() or error.reason == "unreachable"
            if delivery.judge(None):
                return
            time.sleep(min(pause_s, deadline.remaining_s()))
            pause_s = min(pause_s * 1.6, _LONGEST_PAUSE_S)

    def _ask_anew(self, deadline: Deadline) -> PrinterStatus:
        transport = self._connect()
        with closing(transport):
            transport.open(deadline)
            return Conversation(transport).answer(deadline)

    def _ask_beside(self, deadline: Deadline) -> PrinterStatus:
        if self._beside is None:
            raise DeviceError("silent", transient=True, detail="no status port is known")
        transport = self._beside()
        with closing(transport):
            return status_beside(transport, deadline.at_most(self._status_s))

    def _cancel(self, deadline: Deadline) -> None:
        transport = self._connect()
        with closing(transport):
            transport.open(deadline)
            transport.write(zpl.CANCEL_ALL + b"\r\n", deadline)
            transport.finish(deadline.at_most(self._status_s))


class _Delivery:
    """What was observed of one job since its first byte left."""

    def __init__(self, job_bytes: bytes, job_id: str, before: PrinterStatus, settle_s: float) -> None:
        self._settle_s = settle_s
        self.job_id = job_id
        self.trouble = ""
        self.is_cut_off = False
        self.is_disturbed = False
        self.is_silent = False
        self.verdict = Verdict.OPEN
        self._before = before
        self._after: PrinterStatus | None = None
        self._is_behind = False
        self._size_bytes = len(job_bytes)
        self._labels = zpl.labels_in(job_bytes)
        self._is_to_report = asks_for_proof(job_bytes)
        self._reported = 0
        self._likely = Verdict.OPEN
        self._settled = Deadline.after(0)

    def see(self, status: PrinterStatus, is_behind: bool) -> None:
        """`is_behind`: said on the job's connection, after every byte of it was read."""
        self._after, self._is_behind = status, is_behind
        self.is_disturbed |= status.state == "held"

    def lose(self, error: DeviceError, is_over: bool) -> None:
        """The connection answered badly or broke; what the printer made of the job is asked elsewhere."""
        self.trouble = self.trouble or error.reason
        self.is_cut_off |= is_over

    def judge(self, reported: int | None) -> bool:
        """Whether there is a verdict now. None: nothing more can be reported."""
        can_report = reported is not None and not self._reported >= self._labels
        self._reported = self._reported if reported is None else reported
        found = verdict(
            Evidence(
                self._labels, self._reported, self._before, self._after, not self.trouble,
                self.is_cut_off or self._is_behind, self.is_disturbed,
            )
        )  # fmt: skip
        if found is not self._likely:
            is_report_missing = found is Verdict.PRINTED
            self._likely, self._settled = found, Deadline.after(_REPORT_S if is_report_missing else self._settle_s)
        is_counted = found is Verdict.PRINTED and self._reported < self._labels
        may_report = is_counted and self._is_to_report and can_report
        must_settle = found in (Verdict.UNPRINTED, Verdict.UNKNOWABLE) or may_report
        if found is not Verdict.OPEN and (not must_settle or self._settled.is_over()):
            self.verdict = found
        return self.verdict is not Verdict.OPEN

    def receipt(self) -> Receipt:
        """
        Raises:
            DeviceError: unprinted, no_output or uncertain.
        """
        words = self._words()
        if self.verdict in (Verdict.OPEN, Verdict.UNKNOWABLE):
            raise DeviceError(UNCERTAIN, False, words, self._before, self._after)
        if self.verdict is Verdict.UNPRINTED:
            is_trouble = self.trouble or self._after is None or self._after.boot != self._before.boot
            reason = UNPRINTED if is_trouble else NO_OUTPUT
            raise DeviceError(reason, True, words, self._before, self._after)
        level = ReceiptLevel.printed if self.verdict is Verdict.PRINTED else ReceiptLevel.parsed
        is_reporting = None
        # Silence means that it does not know reports only on a connection that lived to carry them.
        if self._is_to_report and self._labels and (self._reported or (self._is_behind and not self.trouble)):
            is_reporting = self._reported >= self._labels
        return Receipt(level, self.job_id, self._size_bytes, words, self._before, self._after, is_reporting)

    def _words(self) -> str:
        parts = [self.trouble or "sent"]
        if self._is_to_report:
            parts.append(f"{self._reported} of {self._labels} labels reported")
        if self._after is None:
            return ", ".join((*parts, "no answer after the job"))
        parts.append(" ".join((self._after.state, *self._after.reasons)))
        if self._after.buffered_formats:
            parts.append(f"{self._after.buffered_formats} formats wait")
        if self._before.odometer is not None and self._after.odometer is not None:
            parts.append(f"odometer rose by {self._after.odometer - self._before.odometer} of {self._labels}")
        if self._before.boot != self._after.boot:
            parts.append(f"boot {self._before.boot} to {self._after.boot}")
        return ", ".join(parts)


def _is_half(status: PrinterStatus) -> bool:
    is_partial = status.reasons == ("partial_format",)
    return is_partial and not (status.buffered_formats or status.labels_remaining)
