"""A print queue of Windows, through the `zebra` package, made honest.

Owns the calls to the Windows spooler (`win32print`, of the package pywin32, which `zebra` needs there), each in a
thread of its own: none of them takes a deadline.
Refuses any other system: `not_windows`, before a byte is looked at. Refuses a short write: the spooler's count is read.
Invariant: as of CupsQueue; the job id is the spooler's, and a job that is no longer listed is `unknown`, not printed.
Source: Microsoft Learn, "PRINTER_INFO_2" and "JOB_INFO_1" (winspool.h). Never run on Windows: tested with a stand-in
for win32print only.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from zebra import Zebra

from devices.config import WinspoolAddress
from devices.print_queues import QueueJob
from devices.protocols import UNCERTAIN, Deadline, DeviceError, PrinterStatus
from devices.transports import positive_s

_POLL_S = 0.1
_LONGEST_LIST = 1_000
_CANCEL_JOB = 5  # JOB_CONTROL_DELETE
# PRINTER_STATUS_*: what holds a job back; first what a person can do something about.
_HELD = (
    (0x0000_0010, "paper_out"), (0x0040_0000, "head_open"), (0x0000_0008, "paper_jam"), (0x0000_0040, "paper_problem"),
    (0x0000_0001, "paused"), (0x0010_0000, "needs_a_person"), (0x0000_0002, "error"),
    (0x0000_0080, "offline"), (0x0000_1000, "offline"), (0x0080_0000, "offline"),
)  # fmt: skip
# JOB_STATUS_*
_CANCELLED = 0x0004 | 0x0100  # being deleted, deleted
_COMPLETED = 0x0080 | 0x1000  # printed, all bytes handed to the printer
_SPOOLER_IS_AWAY = frozenset({1722, 1753})  # RPC_S_SERVER_UNAVAILABLE, EPT_S_NOT_REGISTERED
_NO_SUCH_QUEUE, _NOT_ALLOWED = 1801, 5  # ERROR_INVALID_PRINTER_NAME, ERROR_ACCESS_DENIED
T = TypeVar("T")


class WindowsQueue(Zebra):
    """`spooler` is the module win32print; None takes the machine's own."""

    def __init__(self, address: WinspoolAddress, spooler: Any = None) -> None:
        super().__init__(address.queue)  # type: ignore[no-untyped-call]
        self._address = address
        self._spooler = spooler
        self._title = "label"
        self.last_request_id: str | None = None

    def send(self, content: bytes, title: str, deadline: Deadline) -> str:
        """Hand the job to the spooler; its job id. Raises when the spooler did not take all of it."""
        self._spooler = self._spooler or _win32print()
        self._title, self.last_request_id = title, None
        self._within(deadline, lambda: self._output_win(content), UNCERTAIN)
        if self.last_request_id is None:
            raise DeviceError(UNCERTAIN, transient=False, detail=f"{self._address}: the spooler gave no job id")
        return self.last_request_id

    def status(self, deadline: Deadline) -> PrinterStatus:
        """What the spooler says of the queue. Whether the printer is there at all it often does not know."""
        said = self._asked(deadline, lambda printer: self._spooler.GetPrinter(printer, 2))
        pending = int(said["cJobs"])
        reasons = tuple(dict.fromkeys(word for bit, word in _HELD if int(said["Status"]) & bit))
        if reasons:
            return PrinterStatus("held", reasons, pending)
        return PrinterStatus("busy" if pending else "ready", (), pending)

    def job(self, request_id: str, deadline: Deadline) -> QueueJob:
        def ask(printer: Any) -> int | None:
            listed = self._spooler.EnumJobs(printer, 0, _LONGEST_LIST, 1)
            return next((int(job["Status"]) for job in listed if str(job["JobId"]) == request_id), None)

        status = self._asked(deadline, ask)
        if status is None:
            # Windows forgets a job that is through, and one that somebody deleted, in the same way.
            return QueueJob(request_id, "unknown")
        if status & _CANCELLED:
            return QueueJob(request_id, "cancelled")
        return QueueJob(request_id, "completed" if status & _COMPLETED else "pending")

    def wait(self, request_id: str, deadline: Deadline) -> QueueJob:
        """Until the spooler is done with the job or the deadline has come."""
        while True:
            job = self.job(request_id, Deadline.after(max(deadline.remaining_s(), 2.0)))
            if job.state != "pending" or deadline.is_over():
                return job
            time.sleep(min(_POLL_S, deadline.remaining_s()))

    def _output_win(self, commands: bytes) -> None:
        # As the parent does it, but what the spooler answers counts.
        spooler = self._spooler
        printer = self._opened()
        try:
            try:
                number = spooler.StartDocPrinter(printer, 1, (self._title, None, "RAW"))
            except spooler.error as error:
                raise self._refusal(error) from error
            self.last_request_id = str(number)
            try:
                spooler.StartPagePrinter(printer)
                written = spooler.WritePrinter(printer, commands)
                if written != len(commands):
                    detail = f"{self._address}: the spooler took {written} of {len(commands)} bytes"
                    raise DeviceError(UNCERTAIN, transient=False, detail=detail)
                spooler.EndPagePrinter(printer)
            except BaseException:
                # Ended as it is, half a label would come out and with it whatever stands in the next job.
                spooler.SetJob(printer, number, 0, None, _CANCEL_JOB)
                raise
            finally:
                spooler.EndDocPrinter(printer)
        except spooler.error as error:
            raise DeviceError(UNCERTAIN, transient=False, detail=f"{self._address}: {error}") from error
        finally:
            spooler.ClosePrinter(printer)

    def _asked(self, deadline: Deadline, ask: Callable[[Any], T]) -> T:
        self._spooler = self._spooler or _win32print()

        def work() -> T:
            printer = self._opened()
            try:
                return ask(printer)
            except self._spooler.error as error:
                raise self._refusal(error) from error
            finally:
                self._spooler.ClosePrinter(printer)

        return self._within(deadline, work, "timeout")

    def _opened(self) -> Any:
        try:
            return self._spooler.OpenPrinter(self._address.queue)
        except self._spooler.error as error:
            raise self._refusal(error) from error

    def _within(self, deadline: Deadline, work: Callable[[], T], late: str) -> T:
        done: list[T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                done.append(work())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, name=f"winspool {self._address.queue}", daemon=True)
        thread.start()
        thread.join(positive_s(deadline))
        if failed:
            raise failed[0]
        if not done:
            raise DeviceError(late, late != UNCERTAIN, f"{self._address}: the spooler did not come back in time")
        return done[0]

    def _refusal(self, error: Exception) -> DeviceError:
        number = error.args[0] if error.args else 0
        detail = f"{self._address}: {error}"
        if number == _NO_SUCH_QUEUE:
            return DeviceError("queue_missing", transient=False, detail=detail)
        if number == _NOT_ALLOWED:
            return DeviceError("no_permission", transient=False, detail=detail)
        if number in _SPOOLER_IS_AWAY:
            return DeviceError("unreachable", transient=True, detail=detail)
        return DeviceError("refused", transient=False, detail=detail)


def _win32print() -> Any:
    if os.name != "nt":
        detail = "winspool:// is a queue of Windows; on this machine use cups:// or tcp://"
        raise DeviceError("not_windows", transient=False, detail=detail)
    try:
        return importlib.import_module("win32print")
    except ImportError as error:
        raise DeviceError("win32print_missing", transient=False, detail="pip install pywin32") from error
