"""Delivers one job to one printer. Queues, attempts and tables belong to whoever calls it.

Owns the job as the devices see it: an id, an address, a language, bytes.
Refuses to try again by itself: after an error the caller decides, by `reason` and `transient`.
Invariant: deliver returns a Receipt or raises DeviceError (AddressError for an address that cannot be meant).
One job at a time per address: the proof that a label came out is the printer's own counter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.patience import PATIENT
from devices.protocols import DeviceError, Printer, Receipt, unasked
from devices.registry import printer_at

DELIVERY_S = PATIENT.delivery_s


@dataclass(frozen=True, slots=True)
class PrintJob:
    """`begin` as of `Printer.submit`."""

    job_id: str
    address: str
    language: str
    content: bytes
    begin: Callable[[], None] = unasked


def deliver(
    job: PrintJob,
    deadline_s: float = DELIVERY_S,
    connect: Callable[[str, str], Printer] = printer_at,
) -> Receipt:
    if not job.content:
        raise DeviceError("empty_job", transient=False, detail=job.job_id)
    return connect(job.address, job.language).submit(job.content, job.job_id, deadline_s, job.begin)
