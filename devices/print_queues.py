"""A print queue of CUPS, through the `zebra` package, made honest.

Owns the lp and lpstat commands, each under a deadline.
Refuses to take a job that was handed over for one that is out: CUPS keeps it and prints it later.
Invariant: every failure is a DeviceError; what lp did not confirm is `uncertain`.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass

from zebra import Zebra

from devices.config import CupsAddress
from devices.protocols import UNCERTAIN, Deadline, DeviceError, PrinterStatus
from devices.transports import positive_s

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class QueueJob:
    """`state`: pending (the queue still holds it), completed, cancelled or unknown (the queue does not remember it)."""

    request_id: str
    state: str


class CupsQueue(Zebra):
    """A CUPS queue through the `zebra` package, made honest.

    `zebra` pipes into lpr and looks at nothing: a queue that does not exist loses the job without a word.
    Here the bytes go through `lp`, its return code is read, and the request id it gives is kept in
    `last_request_id`, so that what came of the job can be asked. The CUPS server is the one of this
    machine or of CUPS_SERVER, as for lp itself.
    """

    def __init__(self, address: CupsAddress) -> None:
        super().__init__(address.queue)  # type: ignore[no-untyped-call]
        self._address = address
        self._title = "label"
        self._deadline = Deadline.after(0)
        self.last_request_id: str | None = None

    def send(self, content: bytes, title: str, deadline: Deadline) -> str:
        """Hand the job to CUPS; the request id. Raises when CUPS did not take it."""
        self._title, self._deadline, self.last_request_id = title, deadline, None
        self.output(content)  # type: ignore[no-untyped-call]
        if self.last_request_id is None:
            raise DeviceError(UNCERTAIN, transient=False, detail=f"{self._address}: lp gave no request id")
        return self.last_request_id

    def status(self, deadline: Deadline) -> PrinterStatus:
        """What CUPS says of the queue. It says nothing about paper, nor whether the printer is there at
        all.
        """
        result = self._run(["lpstat", "-p", self._address.queue], deadline)
        if result.returncode != 0:
            raise self._refusal(result)
        pending = len(self._pending(deadline))
        if " disabled since" in result.stdout.decode("utf-8", "replace"):
            return PrinterStatus("held", ("paused",), pending)
        return PrinterStatus("busy" if pending else "ready", (), pending)

    def job(self, request_id: str, deadline: Deadline) -> QueueJob:
        if request_id in self._pending(deadline):
            return QueueJob(request_id, "pending")
        result = self._run(["lpstat", "-l", "-W", "completed", "-o", self._address.queue], deadline)
        if result.returncode != 0:
            raise self._refusal(result)
        alerts = _alerts_of(request_id, result.stdout.decode("utf-8", "replace"))
        if alerts is None:
            return QueueJob(request_id, "unknown")
        if re.search("cancel|abort", alerts):
            return QueueJob(request_id, "cancelled")
        # CUPS 2.4.2 leaves the reason of the last step before the end on a job that went through; a cancelled or
        # aborted one says so.
        is_through = "job-completed-successfully" in alerts or "processing-to-stop-point" in alerts
        return QueueJob(request_id, "completed" if is_through else "unknown")

    def wait(self, request_id: str, deadline: Deadline) -> QueueJob:
        """Until CUPS is done with the job or the deadline has come."""
        pause_s = _POLL_S
        while True:
            job = self.job(request_id, Deadline.after(max(deadline.remaining_s(), 2.0)))
            if job.state != "pending" or deadline.is_over():
                return job
            time.sleep(min(pause_s, deadline.remaining_s()))
            pause_s = min(pause_s * 1.5, 1.0)

    def _output_unix(self, commands: bytes) -> None:
        arguments = ["lp", "-d", self._address.queue, "-o", "raw", "-t", self._title, "-"]
        result = self._run(arguments, self._deadline, commands)
        if result.returncode != 0:
            raise self._refusal(result)
        said = result.stdout.decode("utf-8", "replace")
        found = re.search(rf"request id is ({re.escape(self._address.queue)}-\d+)", said)
        if found is None:
            raise DeviceError(UNCERTAIN, transient=False, detail=f"{self._address}: lp said {said[:200]!r}")
        self.last_request_id = found.group(1)

    def _pending(self, deadline: Deadline) -> list[str]:
        result = self._run(["lpstat", "-W", "not-completed", "-o", self._address.queue], deadline)
        if result.returncode != 0:
            raise self._refusal(result)
        return [line.split()[0] for line in result.stdout.decode("utf-8", "replace").splitlines() if line.strip()]

    def _run(
        self, arguments: list[str], deadline: Deadline, content: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        # LC_ALL: the answers are read, and they come in the language of the environment.
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        try:
            return subprocess.run(
                arguments,
                input=content,
                capture_output=True,
                timeout=positive_s(deadline),
                env=environment,
                check=False,
            )
        except FileNotFoundError as error:
            detail = f"{arguments[0]} is not installed (Debian package cups-client)"
            raise DeviceError("cups_missing", transient=False, detail=detail) from error
        except subprocess.TimeoutExpired as error:
            if arguments[0] == "lp":
                raise DeviceError(UNCERTAIN, transient=False, detail="lp did not come back in time") from error
            raise DeviceError("timeout", transient=True, detail=f"{arguments[0]} did not come back") from error

    def _refusal(self, result: subprocess.CompletedProcess[bytes]) -> DeviceError:
        said = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
        lowered = said.lower()
        detail = f"{self._address}: {said[:200]}"
        if "does not exist" in lowered or "invalid destination" in lowered or "unknown destination" in lowered:
            # Without its server, lp says the same of every queue.
            if b"not running" in self._run(["lpstat", "-r"], Deadline.after(2.0)).stdout:
                return DeviceError("unreachable", transient=True, detail="the CUPS scheduler is not running")
            return DeviceError("queue_missing", transient=False, detail=detail)
        if "not accepting" in lowered:
            return DeviceError("paused", transient=True, detail=detail)
        if any(word in lowered for word in ("scheduler", "unable to connect", "connection refused", "bad file desc")):
            return DeviceError("unreachable", transient=True, detail=detail)
        return DeviceError("refused", transient=False, detail=detail)


def _alerts_of(request_id: str, listing: str) -> str | None:
    """The Alerts line that follows `request_id` in `lpstat -l`; None when the job is not listed."""
    is_inside = False
    for line in listing.splitlines():
        if line and not line[0].isspace():
            is_inside = line.split()[0] == request_id
        elif is_inside and "Alerts:" in line:
            return line.partition("Alerts:")[2].strip()
    return None
