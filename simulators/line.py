"""The ends of a cable: a serial line made of a pseudo terminal, a socket, a pipe. Each can be pulled out.

Owns the file descriptors, and a name in the file system that stays the same over a replug, as in /dev/serial/by-id.
Refuses to lose bytes quietly: when the other end does not read, `write` raises TimeoutError.
Invariant: plug, unplug, read and write may be called from any thread; a descriptor is never used after it was closed.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

_CHUNK_BYTES = 4096
_SLICE_S = 0.05


class Line(ABC):
    """`link` is the path the other end opens."""

    SCHEME = "serial"

    def __init__(self, link: Path | str) -> None:
        self.link = Path(link)
        self._lock = threading.RLock()
        self._plugged = threading.Condition(self._lock)
        self.plugs = 0

    @property
    @abstractmethod
    def is_plugged(self) -> bool:
        """Whether the name is there."""

    @property
    def is_heard(self) -> bool:
        """Whether what is said goes to somebody, as far as this end can know."""
        return self.is_plugged

    @abstractmethod
    def plug(self) -> None:
        """The name is there, the same as before. Twice changes nothing."""

    @abstractmethod
    def unplug(self) -> None:
        """As with a pulled cable: the other end's next read fails and the name is gone."""

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """What came, b"" when nothing came in time or nothing is plugged in."""

    @abstractmethod
    def _send(self, content: memoryview, timeout_s: float) -> int:
        """Hand over some bytes, 0 when the other end does not read. OSError when unplugged. Called with the lock."""

    def write(self, content: bytes, timeout_s: float = 5.0, character_delay_s: float = 0.0) -> None:
        """Bytes as they are; with a delay one at a time.

        Raises:
            OSError: nothing is plugged in.
            TimeoutError: the other end does not read.
        """
        end = time.monotonic() + timeout_s
        step = 1 if character_delay_s else _CHUNK_BYTES
        rest = memoryview(content)
        while rest:
            with self._lock:
                if not self.is_plugged:
                    raise OSError(errno.ENODEV, f"{self.link} is not plugged in")
                # A short wait at a time: whoever pulls the cable must not wait for one who does not read.
                sent = self._send(rest[:step], min(_SLICE_S, max(0.0, end - time.monotonic())))
            rest = rest[sent:]
            if not sent and time.monotonic() >= end:
                raise TimeoutError(f"{self.link}: nobody reads, {len(rest)} of {len(content)} bytes left")
            if not sent:
                time.sleep(0.001)  # whoever waits for the lock, to pull the cable, gets it now
            if sent and rest and character_delay_s:
                time.sleep(character_delay_s)

    def _wait_for_plug(self, timeout_s: float) -> None:
        with self._plugged:
            if not self.is_plugged:
                self._plugged.wait(timeout_s)


class PtyLine(Line):
    """A serial line. Bytes that nobody reads wait in the line's buffer, and are gone when it is opened anew."""

    def __init__(self, link: Path | str) -> None:
        super().__init__(link)
        self._main: int | None = None
        self._far: int | None = None
        self._is_reading = threading.Lock()
        self._is_pulling = threading.Event()

    @property
    def is_plugged(self) -> bool:
        return self._main is not None

    def plug(self) -> None:
        with self._lock:
            if self._main is not None:
                return
            main, far = os.openpty()
            tty.setraw(far)
            os.set_blocking(main, False)
            os.set_blocking(far, False)
            _link(self.link, os.ttyname(far))
            self._main, self._far = main, far
            self.plugs += 1
            self._plugged.notify_all()

    def unplug(self) -> None:
        with self._lock:
            main, far = self._main, self._far
            if main is None or far is None:
                return
            self._main = self._far = None
            self.link.unlink(missing_ok=True)
            # A byte to ourselves ends the select of whoever reads; the descriptors are closed when he has let go.
            self._is_pulling.set()
            with suppress(OSError):
                os.write(far, b"\0")
            with self._is_reading:
                os.close(main)
                os.close(far)
            self._is_pulling.clear()

    def read(self, timeout_s: float) -> bytes:
        self._wait_for_plug(timeout_s)
        with self._is_reading:
            main = self._main
            if main is None or self._is_pulling.is_set():
                return b""
            try:
                ready, _, _ = select.select([main], [], [], timeout_s)
                content = os.read(main, _CHUNK_BYTES) if ready else b""
            except OSError:
                return b""
            return b"" if self._is_pulling.is_set() else content

    def _send(self, content: memoryview, timeout_s: float) -> int:
        if self._main is None:
            return 0
        _, ready, _ = select.select([], [self._main], [], timeout_s)
        return os.write(self._main, content) if ready else 0


class SocketLine(Line):
    """The UNIX socket of a `sim://` address, one caller at a time. What is said to nobody is lost.

    `keeps_bounds`: what is written at once is read at once, no more and no less, as with the reports of a hidraw node.
    """

    SCHEME = "sim"

    def __init__(self, link: Path | str, keeps_bounds: bool = False) -> None:
        super().__init__(link)
        self._kind = socket.SOCK_SEQPACKET if keeps_bounds else socket.SOCK_STREAM
        self._listener: socket.socket | None = None
        self._caller: socket.socket | None = None

    @property
    def is_plugged(self) -> bool:
        return self._listener is not None

    @property
    def is_heard(self) -> bool:
        return self._caller is not None

    def plug(self) -> None:
        with self._lock:
            if self._listener is not None:
                return
            self.link.parent.mkdir(parents=True, exist_ok=True)
            self.link.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, self._kind)
            try:
                listener.bind(str(self.link))
                listener.listen(4)
                listener.setblocking(False)
            except OSError:
                listener.close()
                raise
            self._listener = listener
            self.plugs += 1
            self._plugged.notify_all()

    def unplug(self) -> None:
        with self._lock:
            listener, caller = self._listener, self._caller
            self._listener = self._caller = None
            if listener is not None:
                self.link.unlink(missing_ok=True)
                listener.close()
            if caller is not None:
                caller.close()

    def read(self, timeout_s: float) -> bytes:
        self._wait_for_plug(timeout_s)
        end = time.monotonic() + timeout_s
        while True:
            with self._lock:
                content = self._hear(min(_SLICE_S, max(0.0, end - time.monotonic())))
            if content or time.monotonic() >= end:
                return content
            time.sleep(0.001)  # whoever waits for the lock, to pull the cable, gets it now

    def _hear(self, timeout_s: float) -> bytes:
        """What comes; a caller who hung up makes room for the next."""
        speaker = self._caller or self._listener
        if speaker is None or not select.select([speaker], [], [], timeout_s)[0]:
            return b""
        if not self._has_caller():
            return b""
        assert self._caller is not None
        try:
            content = self._caller.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            content = b""
        if not content:
            self._caller.close()
            self._caller = None
        return content

    def _has_caller(self) -> bool:
        """Whether somebody is there; whoever waits at the door is let in."""
        if self._caller is None and self._listener is not None:
            with suppress(BlockingIOError):
                self._caller, _ = self._listener.accept()
                self._caller.setblocking(False)
        return self._caller is not None

    def _send(self, content: memoryview, timeout_s: float) -> int:
        while self._has_caller():
            assert self._caller is not None
            _, ready, _ = select.select([], [self._caller], [], timeout_s)
            try:
                return self._caller.send(content) if ready else 0
            except OSError:
                self._caller.close()  # he has hung up; the next may be waiting already
                self._caller = None
        return len(content)


class PipeLine(Line):
    """A FIFO in the place of a node of the kernel: what is written is read at the other end, nothing comes back."""

    SCHEME = "evdev"

    def __init__(self, link: Path | str) -> None:
        super().__init__(link)
        self._pipe: int | None = None

    @property
    def is_plugged(self) -> bool:
        return self._pipe is not None

    def plug(self) -> None:
        with self._lock:
            if self._pipe is not None:
                return
            self.link.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.link.with_name(f".{self.link.name}.new")
            fresh.unlink(missing_ok=True)
            os.mkfifo(fresh)
            # For reading, too: without a reader a FIFO cannot be opened for writing, and a node is there unread.
            self._pipe = os.open(fresh, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            os.replace(fresh, self.link)
            self.plugs += 1
            self._plugged.notify_all()

    def unplug(self) -> None:
        with self._lock:
            if self._pipe is not None:
                self.link.unlink(missing_ok=True)
                os.close(self._pipe)
                self._pipe = None

    def read(self, timeout_s: float) -> bytes:
        """Nothing ever comes: the only reader of the pipe is the other end."""
        return b""

    def _send(self, content: memoryview, timeout_s: float) -> int:
        if self._pipe is None:
            return 0
        _, ready, _ = select.select([], [self._pipe], [], timeout_s)
        try:
            return os.write(self._pipe, content) if ready else 0
        except BlockingIOError:
            return 0


def _link(link: Path, target: str) -> None:
    """Replaced in one step: a reader finds the old line or the new one, never a missing name."""
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
