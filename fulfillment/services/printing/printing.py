"""The printing side of the outbox worker: due prints to their printers, one thread a printer.

`print_worker` looks for due work when something was committed, at least every POLL_S, and wakes the printer
it is for, so a dead printer delays
nobody else's labels. A job is rendered, and its bytes are kept when its printer is ready and before the
first of them leaves: a worker that dies before that leaves nothing to wonder about. What the device then
says decides: confirmed, sent, held and tried again (nothing had left, or what left is proven unprinted),
or uncertain (something had) and never sent again by a program.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from devices.config import AddressError
from devices.patience import Patience
from devices.protocols import NO_OUTPUT, UNCERTAIN, UNPRINTED, DeviceError, Receipt, ReceiptLevel
from devices.registry import printer_at
from devices.spooler import DELIVERY_S, PrintJob, deliver
from devices.zpl_queries import with_proof
from fulfillment.bootstrap import Floor
from fulfillment.domain.effects import PrinterState
from fulfillment.hot import Tx
from fulfillment.services.printing import outbox, stand_ins
from fulfillment.services.printing.outbox import LEASE_MS, Claim
from fulfillment.services.printing.print_attempts import NOT_SEEN, Seen
from fulfillment.services.working.bell import Bell
from fulfillment.services.working.claimants import end_claims_of_the_dead
from label_templates import LabelFieldError, render

log = logging.getLogger(__name__)

POLL_S = 0.03
LOOK_FOR_PRINTERS_S = 1.0
CHECK_IDLE_S = 15.0

Deliver = Callable[[PrintJob, float], Receipt]

# Nobody can be reached there, as against a printer that answers and says what it lacks.
_OFFLINE = frozenset({"unreachable", "silent", "timeout", "connection_lost", "not_open"})


@dataclass(frozen=True)
class Timing:
    """How long a worker waits for what; tests wait less."""

    poll_s: float = POLL_S
    look_for_printers_s: float = LOOK_FOR_PRINTERS_S
    check_idle_s: float = CHECK_IDLE_S
    delivery_s: float = DELIVERY_S
    lease_ms: int = LEASE_MS

    @classmethod
    def of(cls, patience: Patience) -> Timing:
        """With printers that are waited for so long."""
        return cls(delivery_s=patience.delivery_s, lease_ms=patience.lease_ms)


class _ClaimLost(Exception):
    """The lease ended before the printer was ready; nothing left, and the job is somebody else's."""


@dataclass
class PrinterDesk:
    """One printer's thread and the bell that calls it."""

    printer_id: int
    thread: threading.Thread
    bell: threading.Event = field(default_factory=threading.Event)


def print_worker(
    floor: Floor, stop_event: threading.Event, timing: Timing | None = None, deliver_job: Deliver | None = None
) -> None:
    """Print whatever is due until `stop_event` is set; then let the job in hand finish and return."""
    patience = patience_of(floor)
    timing = timing or Timing.of(patience)
    connect = partial(printer_at, patience=patience)
    deliver_job = deliver_job or (lambda job, deadline_s: deliver(job, deadline_s, connect))
    desks: dict[int, PrinterDesk] = {}
    looked_at_s = 0.0
    with Bell(floor) as news:
        while not stop_event.is_set():
            if not desks or time.monotonic() - looked_at_s >= timing.look_for_printers_s:
                looked_at_s = time.monotonic()
                _staff_printers(floor, stop_event, timing, deliver_job, desks)
                end_claims_of_the_dead(floor)
                if floor.read(outbox.has_ended_leases):
                    floor.writer.write(outbox.end_leases)
                if floor.read(stand_ins.stuck):
                    floor.writer.write(stand_ins.move_stuck)
            for printer_id in due_printers(floor):
                if printer_id in desks:
                    desks[printer_id].bell.set()
            news.wait(timing.poll_s)
    for desk in desks.values():
        desk.bell.set()
    for desk in desks.values():
        desk.thread.join(timing.delivery_s)


def patience_of(floor: Floor) -> Patience:
    """How long printers of this floor are waited for."""
    return Patience(floor.settings.printer_patience_percent)


def due_printers(floor: Floor) -> set[int]:
    """Printers that have something to print now. Reads beside the writer: looking 30 times a second must
    not take the lock that scans wait for."""
    return floor.read(outbox.due_printers)


def print_next(floor: Floor, printer_id: int, timing: Timing, deliver_job: Deliver = deliver) -> bool:
    """Print one due job of a printer; False when none is due (or another worker has it)."""
    job = floor.writer.write(lambda tx: outbox.claim(tx, printer_id, timing.lease_ms))
    if job is None:
        return False
    content = content_or_fail(floor, job)
    if content is None:
        return True
    sha256 = hashlib.sha256(content).hexdigest()

    def begin() -> None:
        if not floor.writer.write(lambda tx: outbox.start_sending(tx, job, content, sha256, timing.lease_ms)):
            raise _ClaimLost

    record = _send(job, content, timing, deliver_job, begin)
    floor.writer.write(lambda tx: record(tx, printer_id))
    return True


def content_or_fail(floor: Floor, job: Claim) -> bytes | None:
    """What goes to the printer; None when the label does not take its fields, and the job has failed of that."""
    try:
        return content_of(job)
    except LabelFieldError as error:
        reason = f"label field {error}"
        floor.writer.write(lambda tx: outbox.fail(tx, job, reason))
        return None


def content_of(job: Claim) -> bytes:
    """What goes to the printer. A label reports itself when it is out, unless its printer is known not to answer.

    Raises:
        LabelFieldError: a field the label does not take.
    """
    content = render(job.template, job.fields, dpi=job.dpi if job.language == "zpl" else 203)
    # A queue carries nothing back: a label there would report itself to nobody.
    can_answer = job.address.partition("://")[0] in ("tcp", "serial", "usb")
    if job.language != "zpl" or job.proof == "counter" or not can_answer:
        return content
    return with_proof(content, job_id_of(job))


def job_id_of(job: Claim) -> str:
    """Its number and its fence: a label of an attempt that was given up never vouches for the one after it."""
    return f"floor-{job.effect_id}-{job.fence}"


def _send(
    job: Claim, content: bytes, timing: Timing, deliver_job: Deliver, begin: Callable[[], None]
) -> Callable[[Tx, int], None]:  # fmt: skip
    """Hand the bytes over; returns what to write about it."""
    printed = PrintJob(job_id_of(job), job.address, job.language, content, begin)
    try:
        receipt = deliver_job(printed, timing.delivery_s)
    except DeviceError as error:
        return _device_said(job, error)
    except _ClaimLost:
        return lambda tx, printer_id: None
    except AddressError as error:
        return _record(job, outbox.fail, f"bad_address: {error}", PrinterState.FAULTED, "bad_address")
    except Exception as error:
        # A bug in a driver must not take the printer's thread with it, and nobody knows what left.
        log.exception("printing effect %s", job.effect_id)
        return _record(job, outbox.make_uncertain, f"{type(error).__name__}: {error}", PrinterState.DEGRADED, UNCERTAIN)

    def complete(tx: Tx, printer_id: int) -> None:
        is_confirmed = receipt.level >= ReceiptLevel.parsed
        seen = Seen(receipt.before, receipt.after)
        if not outbox.complete(tx, job, receipt.level.name, is_confirmed, receipt.detail, seen):
            return
        if receipt.is_reporting is not None:
            outbox.learn_proof(tx, printer_id, receipt.is_reporting)
        outbox.see_printer(tx, printer_id, PrinterState.READY, "")

    return complete


def _device_said(job: Claim, error: DeviceError) -> Callable[[Tx, int], None]:
    seen = Seen(error.before, error.after, error.detail)
    if error.reason == UNCERTAIN:
        return _record(job, outbox.make_uncertain, str(error), PrinterState.DEGRADED, UNCERTAIN, seen)
    if error.reason in (UNPRINTED, NO_OUTPUT):
        return _record(job, outbox.hold, error.reason, PrinterState.DEGRADED, error.reason, seen)
    state = PrinterState.OFFLINE if error.reason in _OFFLINE else PrinterState.FAULTED
    if error.transient:
        return _record(job, outbox.hold, error.reason, state, error.reason, seen)
    return _record(job, outbox.fail, str(error), state, error.reason, seen)


def _record(
    job: Claim, write: Callable[[Tx, Claim, str, Seen], bool], result: str, state: PrinterState, reason: str,
    seen: Seen = NOT_SEEN,
) -> Callable[[Tx, int], None]:  # fmt: skip
    def record(tx: Tx, printer_id: int) -> None:
        write(tx, job, result, seen)
        outbox.see_printer(tx, printer_id, state, reason)

    return record


def _staff_printers(
    floor: Floor, stop_event: threading.Event, timing: Timing, deliver_job: Deliver, desks: dict[int, PrinterDesk]
) -> None:
    rows = floor.read(
        lambda tx: tx.all("SELECT id FROM printer WHERE warehouse_id = :w AND agent_id IS NULL ORDER BY id")
    )
    for printer_id in (row["id"] for row in rows):
        if printer_id not in desks:
            desk = PrinterDesk(printer_id, threading.Thread())
            desk.thread = threading.Thread(
                target=_serve, args=(floor, stop_event, timing, deliver_job, desk), daemon=True,
                name=f"floor-printer-{printer_id}",
            )  # fmt: skip
            desks[printer_id] = desk
            desk.thread.start()


def _serve(
    floor: Floor, stop_event: threading.Event, timing: Timing, deliver_job: Deliver, desk: PrinterDesk
) -> None:
    checked_at_s = 0.0
    while not stop_event.is_set():
        rung = desk.bell.wait(timing.check_idle_s if checked_at_s else 0.0)
        desk.bell.clear()
        try:
            if rung:
                while not stop_event.is_set() and print_next(floor, desk.printer_id, timing, deliver_job):
                    checked_at_s = time.monotonic()
            elif not stop_event.is_set():
                check_printer(floor, desk.printer_id)
                checked_at_s = time.monotonic()
        except Exception:
            # The database was locked or full: say so, and go on when the bell rings again. A lease that is
            # left behind ends by itself.
            log.exception("printer %s", desk.printer_id)
            stop_event.wait(LOOK_FOR_PRINTERS_S)


def check_printer(floor: Floor, printer_id: int) -> None:
    """Ask a printer how it is, so that the board knows before a label waits for it."""
    row: Any = floor.read(
        lambda tx: tx.one("SELECT * FROM printer WHERE warehouse_id = :w AND id = :id", id=printer_id)
    )
    if row is None or row["state"] == PrinterState.DISABLED or row["agent_id"] is not None:
        return
    if floor.read(lambda tx: outbox.is_busy(tx, row)):
        return  # who prints there will tell, and a printer hears one caller at a time
    try:
        patience = patience_of(floor)
        status = printer_at(row["address"], row["language"], patience).status(patience.status_s)
        state = {"held": PrinterState.FAULTED}.get(status.state, PrinterState.READY)
        reason = " ".join(status.reasons)
    except DeviceError as error:
        state = PrinterState.OFFLINE if error.reason in _OFFLINE else PrinterState.FAULTED
        reason = error.reason
    except AddressError:
        state, reason = PrinterState.FAULTED, "bad_address"
    floor.writer.write(lambda tx: outbox.see_printer(tx, printer_id, state, reason))
