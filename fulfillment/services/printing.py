"""The printing side of the outbox worker: due prints to their printers, one thread a printer.

`print_worker` looks for due work every POLL_S and wakes the printer it is for, so a dead printer delays
nobody else's labels. A job is rendered and its bytes are kept before the first of them leaves; what the
device then says decides: confirmed, sent, held and tried again (nothing had left), or uncertain (something
had) and never sent again by a program.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devices.config import AddressError
from devices.protocols import UNCERTAIN, DeviceError, Receipt, ReceiptLevel
from devices.registry import printer_at
from devices.spooler import DELIVERY_S, PrintJob, deliver
from fulfillment.bootstrap import Floor
from fulfillment.domain.effects import PrinterState
from fulfillment.hot import Tx
from fulfillment.services import outbox
from fulfillment.services.outbox import LEASE_MS, Claim
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


@dataclass
class PrinterDesk:
    """One printer's thread and the bell that calls it."""

    printer_id: int
    thread: threading.Thread
    bell: threading.Event = field(default_factory=threading.Event)


def print_worker(
    floor: Floor, stop_event: threading.Event, timing: Timing | None = None, deliver_job: Deliver = deliver
) -> None:
    """Print whatever is due until `stop_event` is set; then let the job in hand finish and return."""
    timing = timing or Timing()
    desks: dict[int, PrinterDesk] = {}
    looked_at_s = 0.0
    while not stop_event.is_set():
        if not desks or time.monotonic() - looked_at_s >= timing.look_for_printers_s:
            looked_at_s = time.monotonic()
            _staff_printers(floor, stop_event, timing, deliver_job, desks)
        for printer_id in due_printers(floor):
            if printer_id in desks:
                desks[printer_id].bell.set()
        stop_event.wait(timing.poll_s)
    for desk in desks.values():
        desk.bell.set()
    for desk in desks.values():
        desk.thread.join(timing.delivery_s)


def due_printers(floor: Floor) -> set[int]:
    """Printers that have something to print now. Reads beside the writer: looking 30 times a second must
    not take the lock that scans wait for."""
    return floor.read(outbox.due_printers)


def print_next(floor: Floor, printer_id: int, timing: Timing, deliver_job: Deliver = deliver) -> bool:
    """Print one due job of a printer; False when none is due (or another worker has it)."""
    job = floor.writer.write(lambda tx: outbox.claim(tx, printer_id, timing.lease_ms))
    if job is None:
        return False
    try:
        content = render(job.template, job.fields, dpi=job.dpi if job.language == "zpl" else 203)
    except LabelFieldError as error:
        reason = f"label field {error}"
        floor.writer.write(lambda tx: outbox.fail(tx, job, reason))
        return True
    sha256 = hashlib.sha256(content).hexdigest()
    if floor.writer.write(lambda tx: outbox.start_sending(tx, job, content, sha256, timing.lease_ms)):
        record = _send(job, content, timing, deliver_job)
        floor.writer.write(lambda tx: record(tx, printer_id))
    return True


def _send(
    job: Claim, content: bytes, timing: Timing, deliver_job: Deliver
) -> Callable[[Tx, int], None]:  # fmt: skip
    """Hand the bytes over; returns what to write about it."""
    printed = PrintJob(f"floor-{job.effect_id}-{job.fence}", job.address, job.language, content)
    try:
        receipt = deliver_job(printed, timing.delivery_s)
    except DeviceError as error:
        return _device_said(job, error)
    except AddressError as error:
        return _record(job, outbox.fail, f"bad_address: {error}", PrinterState.FAULTED, "bad_address")
    except Exception as error:
        # A bug in a driver must not take the printer's thread with it, and nobody knows what left.
        log.exception("printing effect %s", job.effect_id)
        return _record(job, outbox.make_uncertain, f"{type(error).__name__}: {error}", PrinterState.DEGRADED, UNCERTAIN)

    def complete(tx: Tx, printer_id: int) -> None:
        is_confirmed = receipt.level >= ReceiptLevel.parsed
        outbox.complete(tx, job, receipt.level.name, is_confirmed, receipt.detail)
        outbox.see_printer(tx, printer_id, PrinterState.READY, "")

    return complete


def _device_said(job: Claim, error: DeviceError) -> Callable[[Tx, int], None]:
    if error.reason == UNCERTAIN:
        return _record(job, outbox.make_uncertain, str(error), PrinterState.DEGRADED, UNCERTAIN)
    state = PrinterState.OFFLINE if error.reason in _OFFLINE else PrinterState.FAULTED
    if error.transient:
        return _record(job, outbox.hold, error.reason, state, error.reason)
    return _record(job, outbox.fail, str(error), state, error.reason)


def _record(
    job: Claim, write: Callable[[Tx, Claim, str], bool], result: str, state: PrinterState, reason: str
) -> Callable[[Tx, int], None]:  # fmt: skip
    def record(tx: Tx, printer_id: int) -> None:
        write(tx, job, result)
        outbox.see_printer(tx, printer_id, state, reason)

    return record


def _staff_printers(
    floor: Floor, stop_event: threading.Event, timing: Timing, deliver_job: Deliver, desks: dict[int, PrinterDesk]
) -> None:
    rows = floor.read(lambda tx: tx.all("SELECT id FROM printer WHERE warehouse_id = :w ORDER BY id"))
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
    if row is None or row["state"] == PrinterState.DISABLED:
        return
    try:
        status = printer_at(row["address"], row["language"]).status()
        state = {"held": PrinterState.FAULTED}.get(status.state, PrinterState.READY)
        reason = " ".join(status.reasons)
    except DeviceError as error:
        state = PrinterState.OFFLINE if error.reason in _OFFLINE else PrinterState.FAULTED
        reason = error.reason
    except AddressError:
        state, reason = PrinterState.FAULTED, "bad_address"
    floor.writer.write(lambda tx: outbox.see_printer(tx, printer_id, state, reason))
