"""What a device is to the rest of the floor: the shapes every driver and transport keeps to.

Owns the words Transport, Printer, Receipt, ReceiptLevel, PrinterStatus, DeviceError and Deadline.
Refuses a quiet failure: nothing here answers `False`, silence is an error with a reason.
Invariant: `DeviceError.transient` means "nothing of the job left, asking again later is safe and may help".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

UNCERTAIN = "uncertain"
UNPRINTED = "unprinted"
NO_OUTPUT = "no_output"


class DeviceError(Exception):
    """A device could not do what was asked.

    `reason` is a stable word (paper_out, head_open, paused, silent, unreachable, timeout, queue_missing,
    uncertain …). `transient`: no byte of the job left and asking again later is safe. The reason
    `uncertain` is never transient: bytes left and nobody knows what came of them, so a person has to
    look; sending again could print twice. The reason `unprinted` is the proof of the contrary: bytes left,
    nothing of them came out and nothing of them can come out any more; `no_output` is that proof of a job the
    printer took whole and without trouble, so it may well be the job. `before` and `after`: what a
    printer said of itself before the job and last.
    """

    def __init__(
        self,
        reason: str,
        transient: bool,
        detail: str = "",
        before: PrinterStatus | None = None,
        after: PrinterStatus | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.transient = transient
        self.detail = detail
        self.before = before
        self.after = after


class ReceiptLevel(IntEnum):
    """What is proven about a job, each level including the ones below it."""

    written = 0  # handed to a kernel or a spooler; proves nothing about the printer
    drained = 1  # the other end read every byte
    parsed = 2  # the printer says it has worked through the job
    printed = 3  # each label reported itself, or the printer's own counter says that they came out
    scanned = 4  # somebody has read the label: never from a driver, only from a scan


@dataclass(frozen=True, slots=True)
class Receipt:
    """`is_reporting`: whether the labels told by themselves that they came out; None when none was asked to."""

    level: ReceiptLevel
    job_id: str
    sent_bytes: int
    detail: str = ""
    before: PrinterStatus | None = None
    after: PrinterStatus | None = None
    is_reporting: bool | None = None

    @property
    def odometer_before(self) -> int | None:
        return self.before.odometer if self.before else None

    @property
    def odometer_after(self) -> int | None:
        return self.after.odometer if self.after else None


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """`state` is ready, busy or held; `reasons` are the stable words that say why it is not ready.

    A count the printer does not tell is None, never 0: zero would claim that nothing is pending.
    """

    state: str
    reasons: tuple[str, ...] = ()
    buffered_formats: int | None = None
    labels_remaining: int | None = None
    odometer: int | None = None
    boot: int | None = None

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"


class Deadline:
    """A moment on the monotonic clock by which something has to be over."""

    def __init__(self, at_s: float) -> None:
        self._at_s = at_s

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    def remaining_s(self) -> float:
        return max(0.0, self._at_s - time.monotonic())

    def is_over(self) -> bool:
        return self.remaining_s() <= 0.0

    def at_most(self, seconds: float) -> Deadline:
        """The nearer of this deadline and `seconds` from now."""
        return Deadline(min(self._at_s, time.monotonic() + seconds))


class Transport(Protocol):
    """Carries bytes both ways, each call under a deadline. Knows no printer language."""

    sent_bytes: int
    """Bytes the other side may have got since `open`; 0 is the proof that nothing left."""

    can_half_close: bool

    def open(self, deadline: Deadline) -> None: ...

    def read(self, deadline: Deadline) -> bytes:
        """Some bytes, or b"" at the end of the stream; DeviceError("timeout") when none came."""
        ...

    def write(self, content: bytes, deadline: Deadline) -> None: ...

    def finish(self, deadline: Deadline) -> bytes:
        """Say that nothing more comes and wait until the other end has read it all; what it still said."""
        ...

    def close(self) -> None:
        """Never raises: what was proven before stays proven."""
        ...


def unasked() -> None:
    """Nobody has to be told that a job begins."""


class Printer(Protocol):
    def status(self, deadline_s: float = 3.0) -> PrinterStatus: ...

    def submit(
        self, job_bytes: bytes, job_id: str, deadline_s: float, begin: Callable[[], None] = unasked
    ) -> Receipt:
        """`begin` is called once, when the printer is ready and before the first byte of the job leaves; what it raises
        ends the delivery with nothing sent."""
        ...
