"""The ways bytes travel: a TCP connection, a serial line, a CUPS queue.

Owns sockets, serial ports and the lp and lpstat commands, each call under a deadline.
Refuses to wait for ever and to take a successful write for a delivery: `sent_bytes` says what may have left.
Invariant: every failure is a DeviceError; a transport is used for one conversation and then closed.
"""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

import serial
from zebra import Zebra

from devices.config import CupsAddress, SerialAddress, TcpAddress
from devices.protocols import UNCERTAIN, Deadline, DeviceError, PrinterStatus

_CHUNK_BYTES = 65536
_POLL_S = 0.05


class TcpTransport:
    """One outgoing connection.

    A finished `write` only says that this machine's kernel took the bytes: against a printer that never
    accepts, connecting and sending both succeed. Only `finish` (half close, wait for the other end's
    close) shows that the printer read everything.
    """

    can_half_close = True

    def __init__(self, address: TcpAddress) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self.sent_bytes = 0

    def open(self, deadline: Deadline) -> None:
        self.sent_bytes = 0
        try:
            self._socket = socket.create_connection(
                (self._address.host, self._address.port), timeout=_positive(deadline)
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: {error}") from error

    def read(self, deadline: Deadline) -> bytes:
        connection = self._connection()
        connection.settimeout(_positive(deadline))
        try:
            return connection.recv(_CHUNK_BYTES)
        except TimeoutError as error:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: no answer") from error
        except OSError as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error

    def write(self, content: bytes, deadline: Deadline) -> None:
        connection = self._connection()
        rest = memoryview(content)
        try:
            while rest:
                connection.settimeout(_positive(deadline))
                count = connection.send(rest)
                self.sent_bytes += count
                rest = rest[count:]
        except TimeoutError as error:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: does not read") from error
        except OSError as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error

    def finish(self, deadline: Deadline) -> bytes:
        connection = self._connection()
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
        said = bytearray()
        while chunk := self.read(deadline):
            said += chunk
        return bytes(said)

    def close(self) -> None:
        if self._socket is not None:
            connection, self._socket = self._socket, None
            with suppress(OSError):
                connection.close()

    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return self._socket


class SerialTransport:
    """A serial port, opened for this process alone. There is no half close on a line: `finish` only
    flushes.
    """

    can_half_close = False

    def __init__(self, address: SerialAddress) -> None:
        self._address = address
        self._port: serial.Serial | None = None
        self.sent_bytes = 0

    def open(self, deadline: Deadline) -> None:
        self.sent_bytes = 0
        framing = self._address.framing
        try:
            self._port = serial.Serial(
                self._address.path,
                baudrate=self._address.baud,
                bytesize=int(framing[0]),
                parity=framing[1],
                stopbits=int(framing[2]),
                timeout=0,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: {error}") from error

    def read(self, deadline: Deadline) -> bytes:
        port = self._connection()
        try:
            # select first: a pyserial read with a timeout waits for *all* bytes asked for, not for the first.
            ready, _, _ = select.select([port.fileno()], [], [], deadline.remaining_s())
            content = bytes(port.read(_CHUNK_BYTES)) if ready else b""
        except (serial.SerialException, OSError, TypeError, ValueError) as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
        if not ready:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: no answer")
        if not content:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: line closed")
        return content

    def write(self, content: bytes, deadline: Deadline) -> None:
        port = self._connection()
        try:
            port.write_timeout = _positive(deadline)
            rest = memoryview(content)
            while rest:
                # In pieces, so that sent_bytes stays true when the line stalls half way.
                piece = rest[:512]
                self.sent_bytes += len(piece)
                port.write_timeout = _positive(deadline)
                port.write(bytes(piece))
                rest = rest[len(piece) :]
        except serial.SerialTimeoutException as error:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: does not read") from error
        except (serial.SerialException, OSError) as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error

    def finish(self, deadline: Deadline) -> bytes:
        port = self._connection()
        try:
            # Not flush(): tcdrain has no deadline, and a line held by flow control would block for ever.
            while port.out_waiting and not deadline.is_over():
                time.sleep(0.005)
            waiting = port.out_waiting
        except (serial.SerialException, OSError) as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
        if waiting:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: {waiting} bytes not sent")
        return b""

    def close(self) -> None:
        if self._port is not None:
            port, self._port = self._port, None
            # A close that fails loses nothing; raised, it would turn a confirmed job into a failed one.
            with suppress(serial.SerialException, OSError):
                port.close()

    def _connection(self) -> serial.Serial:
        if self._port is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return self._port


@dataclass(frozen=True, slots=True)
class CupsJob:
    """`state`: pending (CUPS still holds it), completed, cancelled or unknown (CUPS keeps no history of
    it).
    """

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

    def job(self, request_id: str, deadline: Deadline) -> CupsJob:
        if request_id in self._pending(deadline):
            return CupsJob(request_id, "pending")
        result = self._run(["lpstat", "-l", "-W", "completed", "-o", self._address.queue], deadline)
        if result.returncode != 0:
            raise self._refusal(result)
        alerts = _alerts_of(request_id, result.stdout.decode("utf-8", "replace"))
        if alerts is None:
            return CupsJob(request_id, "unknown")
        if re.search("cancel|abort", alerts):
            return CupsJob(request_id, "cancelled")
        # CUPS 2.4.2 leaves the reason of the last step before the end on a job that went through; a cancelled or
        # aborted one says so.
        is_through = "job-completed-successfully" in alerts or "processing-to-stop-point" in alerts
        return CupsJob(request_id, "completed" if is_through else "unknown")

    def wait(self, request_id: str, deadline: Deadline) -> CupsJob:
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
                timeout=_positive(deadline),
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


def _positive(deadline: Deadline) -> float:
    # A socket timeout of 0 means "do not block" and fails at once with another error than a timeout.
    return max(deadline.remaining_s(), 0.001)
