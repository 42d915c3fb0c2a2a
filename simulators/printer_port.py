"""What every simulated printer has: a port, a receive buffer, paper, faults, a tape.

Owns the TCP side (one connection at a time, as on port 9100), the print thread, the fault switches, the
control line and the tape folder. The language is the subclass's.
Invariant: a file on the tape is a job that came out on paper, whole, byte for byte as it was received,
and numbered in the order of coming out. What waits for paper is not on the tape yet.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

_TICK_S = 0.1
LAST_ANSWERS_S = 5.0
_IDLE_S = 60.0
Reply = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class TapeJob:
    number: int
    path: Path
    content: bytes
    copies: int


@dataclass(frozen=True, slots=True)
class _Work:
    size_bytes: int
    run: Callable[[], None]


class Tape:
    """A folder with one file a job: 000001.zpl, 000002.zpl … A restart goes on counting."""

    def __init__(self, folder: Path, suffix: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._suffix = suffix
        numbers = [int(path.stem) for path in folder.glob(f"*{suffix}") if path.stem.isdecimal()]
        self._last = max(numbers, default=0)
        self._odometer_path = folder.parent / f"{folder.name}.odometer"
        self.odometer = int(self._odometer_path.read_text()) if self._odometer_path.exists() else 0

    def write(self, content: bytes, copies: int) -> TapeJob:
        self._last += 1
        path = self.folder / f"{self._last:06d}{self._suffix}"
        # A reader of the folder must never see half a job.
        part = self.folder / f".{path.name}.part"
        part.write_bytes(content)
        os.replace(part, path)
        self.odometer += copies
        # Beside the folder, not in it: everything in the folder is a job.
        odometer_part = self._odometer_path.with_suffix(".odometer.part")
        odometer_part.write_text(str(self.odometer))
        os.replace(odometer_part, self._odometer_path)
        return TapeJob(self._last, path, content, copies)


class PrinterPort(ABC):
    """Start it with `with`, or start() and stop(). Port 0 takes a free port; `port` and `address` tell which.

    Faults are set with `set_fault(name, value)` or over the control line, a second loopback port that
    takes lines: `set paper_out 1`, `set reset_after_bytes 200`, `clear`, `state`; each is answered by one
    line, `ok`, `error …` or the state as JSON.
    """

    SUFFIX = ".job"
    BLOCKING: tuple[str, ...] = ("paper_out", "head_open", "paused")
    SWITCHES: tuple[str, ...] = ("paper_out", "head_open", "paused", "silent")
    NUMBERS: tuple[str, ...] = ("reset_after_bytes", "drain_bytes_per_s")

    ANSWERS_BEFORE_CLOSING = False

    def __init__(
        self,
        tape: Path | str,
        port: int = 0,
        host: str = "127.0.0.1",
        control_port: int | None = None,
        buffer_bytes: int = 1 << 20,
    ) -> None:
        self.tape = Tape(Path(tape), self.SUFFIX)
        self.host = host
        self.port = port
        self.control_port = control_port
        self.jobs: list[TapeJob] = []
        self.received_bytes = 0
        self._buffer_bytes = buffer_bytes
        self._switches = dict.fromkeys(self.SWITCHES, False)
        self._numbers: dict[str, int | None] = dict.fromkeys(self.NUMBERS)
        self._state = threading.Condition()
        self._work: deque[_Work] = deque()
        self._buffered_bytes = 0
        self._is_stopping = False
        self._threads: list[threading.Thread] = []
        self._listeners: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"tcp://{self.host}:{self.port}"

    @property
    def odometer(self) -> int:
        with self._state:
            return self.tape.odometer

    def start(self) -> Self:
        listener = self._listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._run("port", lambda: self._accept(listener, self._serve))
        if self.control_port is not None:
            # Loopback whatever the printer's own host is: who may print may not break the printer.
            control = self._listen("127.0.0.1", self.control_port)
            self.control_port = control.getsockname()[1]
            self._run("control", lambda: self._accept(control, self._serve_control))
        self._run("print", self._print_loop)
        return self

    def stop(self) -> None:
        with self._state:
            self._is_stopping = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join()
        for listener in self._listeners:
            listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def set_fault(self, name: str, value: bool | int | None = True) -> None:
        with self._state:
            if name in self._switches:
                self._switches[name] = bool(value)
            elif name in self._numbers:
                self._numbers[name] = int(value) if value else None
            else:
                known = ", ".join((*self.SWITCHES, *self.NUMBERS))
                raise ValueError(f"fault: {name!r} is none of {known}")
            self._state.notify_all()

    def clear_faults(self) -> None:
        with self._state:
            self._switches = dict.fromkeys(self.SWITCHES, False)
            self._numbers = dict.fromkeys(self.NUMBERS)
            self._state.notify_all()

    def has_fault(self, name: str) -> bool:
        with self._state:
            return self._switches[name]

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[TapeJob]:
        """The jobs that came out since the start, once there are `count` of them."""
        with self._state:
            if not self._state.wait_for(lambda: len(self.jobs) >= count, timeout_s):
                raise TimeoutError(f"{len(self.jobs)} of {count} jobs came out in {timeout_s} s")
            return list(self.jobs)

    def state(self) -> dict[str, object]:
        with self._state:
            return {
                **self._switches,
                **self._numbers,
                "jobs": len(self.jobs),
                "odometer": self.tape.odometer,
                "waiting": len(self._work),
                "received_bytes": self.received_bytes,
            }

    # -- for the language
    # ------------------------------------------------------------------------------------------

    @abstractmethod
    def new_stream(self, reply: Reply) -> Stream:
        """What takes the bytes of one connection."""

    def queue(self, size_bytes: int, run: Callable[[], None]) -> None:
        """Have the print thread do this after everything queued before, once no fault holds it."""
        with self._state:
            self._work.append(_Work(size_bytes, run))
            self._buffered_bytes += size_bytes
            self._state.notify_all()

    def waiting(self) -> int:
        with self._state:
            return len(self._work)

    def is_buffer_full(self) -> bool:
        with self._state:
            return self._buffered_bytes >= self._buffer_bytes

    def put_out(self, content: bytes, copies: int) -> None:
        """A job is on paper: on the tape, in `jobs` and on the odometer in one step for whoever asks."""
        with self._state:
            self.jobs.append(self.tape.write(content, copies))
            self._state.notify_all()

    def drop_waiting(self) -> None:
        with self._state:
            self._work.clear()
            self._buffered_bytes = 0
            self._state.notify_all()

    def rest(self, seconds: float) -> None:
        """Take this long over something, but no longer than until stop()."""
        with self._state:
            self._state.wait_for(lambda: self._is_stopping, seconds)

    def wait_for_readiness(self) -> bool:
        """A fault within a job stops it where it is; False when the printer was switched off meanwhile."""
        with self._state:
            self._state.wait_for(lambda: self._is_stopping or not self._is_blocked())
            return not self._is_stopping

    # -- threads
    # ---------------------------------------------------------------------------------------------------

    def _print_loop(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._is_stopping or (self._work and not self._is_blocked()))
                if self._is_stopping:
                    return
                work = self._work[0]
            work.run()
            with self._state:
                # It counts as waiting until it is out: a printer that prints is not an empty printer.
                if self._work and self._work[0] is work:
                    self._work.popleft()
                    self._buffered_bytes -= work.size_bytes
                self._state.notify_all()

    def _is_blocked(self) -> bool:
        return any(self._switches[name] for name in self.BLOCKING)

    def _accept(self, listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        while not self._is_stopping:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                try:
                    serve(connection)
                except OSError as error:
                    log.info("connection ended: %s", error)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_TICK_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def reply(content: bytes) -> None:
            try:
                connection.sendall(content)
            except OSError as error:
                log.info("reply not taken: %s", error)

        stream = self.new_stream(reply)
        try:
            last = time.monotonic()
            while not self._is_stopping and time.monotonic() - last < _IDLE_S:
                if self.is_buffer_full():
                    self.rest(0.01)
                    last = time.monotonic()
                    continue
                rate = self._numbers["drain_bytes_per_s"]
                try:
                    content = connection.recv(max(1, rate // 50) if rate else 65536)
                except TimeoutError:
                    continue
                if not content:
                    break
                last = time.monotonic()
                if rate:
                    self.rest(len(content) / rate)
                if self._take(stream, content):
                    # RST instead of FIN, as from a printer that was switched off.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
        finally:
            stream.end()
        if self.ANSWERS_BEFORE_CLOSING:
            # A peer that has only stopped talking still listens for what was asked among the bytes it sent.
            with self._state:
                self._state.wait_for(
                    lambda: self._is_stopping or not self._work or self._is_blocked(), LAST_ANSWERS_S
                )

    def _take(self, stream: Stream, content: bytes) -> bool:
        """Whether the connection is to be reset after what was taken."""
        self.received_bytes += len(content)
        limit = self._numbers["reset_after_bytes"]
        if limit is None:
            stream.feed(content)
            return False
        for value in content:
            stream.feed(bytes((value,)))
            if stream.job_bytes >= limit:
                with self._state:
                    self._numbers["reset_after_bytes"] = None
                return True
        return False

    def _serve_control(self, connection: socket.socket) -> None:
        connection.settimeout(_TICK_S)
        line = bytearray()
        while not self._is_stopping:
            try:
                content = connection.recv(1024)
            except TimeoutError:
                continue
            if not content:
                return
            line += content
            while b"\n" in line:
                command, _, rest = bytes(line).partition(b"\n")
                line = bytearray(rest)
                connection.sendall(self._control(command.decode("ascii", "replace")).encode() + b"\n")
            if len(line) > 1024:
                return

    def _control(self, command: str) -> str:
        match command.split():
            case ["state"]:
                return json.dumps(self.state())
            case ["clear"]:
                self.clear_faults()
                return "ok"
            case ["set", name, value] if value.isdecimal():
                try:
                    self.set_fault(name, int(value))
                except ValueError as error:
                    return f"error {error}"
                return "ok"
            case _:
                return "error say: set NAME NUMBER, clear or state"

    def _listen(self, host: str, port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listeners.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(16)
        listener.settimeout(_TICK_S)
        return listener

    def _run(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"{type(self).__name__} {name}", daemon=True)
        self._threads.append(thread)
        thread.start()


class Stream(ABC):
    """The bytes of one connection, in the printer's language."""

    job_bytes = 0
    """How many bytes of jobs (not of questions) came on this connection."""

    @abstractmethod
    def feed(self, content: bytes) -> None: ...

    @abstractmethod
    def end(self) -> None:
        """The sender has said everything."""
