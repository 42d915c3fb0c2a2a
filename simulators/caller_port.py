"""A device on a TCP port that hears one caller at a time, and what can go wrong between the two.

Owns the port, the connection under way, how its bytes are taken and how it ends. What the bytes mean is the subclass's.
Invariant: bytes are taken with the state held, in slices: what changes the state falls between two slices.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress

from simulators.device import SimulatedDevice

log = logging.getLogger(__name__)

LAST_ANSWERS_S = 5.0
_TICK_S = 0.1
_IDLE_S = 60.0
_SLICE_BYTES = 4096
_SMALLEST_WINDOW_BYTES, _LARGEST_WINDOW_BYTES = 4096, 1 << 16
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset instead of an orderly end
Reply = Callable[[bytes], None]


class Stream(ABC):
    """The bytes of one connection, in the printer's language."""

    job_bytes = 0
    """How many bytes of jobs (not of questions) came on this connection."""
    awaited = 0
    """How many answers to this connection come only when something has been printed."""
    is_off = False
    """The power went: what is still fed is not heard."""

    @abstractmethod
    def feed(self, content: bytes) -> None: ...

    @abstractmethod
    def end(self) -> None:
        """The sender has said everything."""


class CallerPort(SimulatedDevice, ABC):
    """Port 0 takes a free port; `port` and `address` tell which. `window_bytes`: what the kernel takes for a caller."""

    SWITCHES: Mapping[str, str] = {
        "silent": "answers nothing on its port, works all the same",
        "garbage": "answers bytes that mean nothing",
        "never_read": "accepts connections and reads nothing, until this is off",
        "half_open": "the network is gone without a word: nothing is read, answered or closed",
        "refuse_second": "a second connection is reset at once instead of waiting its turn",
    }
    NUMBERS: Mapping[str, str] = {
        "reset_after_bytes": "reset the connection after so many bytes of a job, once",
        "drain_bytes_per_s": "read no faster than this",
    }

    def __init__(self, port: int, host: str, window_bytes: int, seed: int) -> None:
        super().__init__(seed)
        self.host = host
        self.port = port
        self.received_bytes = 0
        self._window_bytes = window_bytes
        self._is_stopping = False
        self._is_up_at_s = 0.0
        self._threads: list[threading.Thread] = []
        self._listeners: list[socket.socket] = []
        self._stream: Stream | None = None
        self._is_taken = False

    @property
    def address(self) -> str:
        return f"tcp://{self.host}:{self.port}"

    @abstractmethod
    def new_stream(self, reply: Reply) -> Stream:
        """What takes the bytes of one connection."""

    @abstractmethod
    def is_buffer_full(self) -> bool:
        """Whether nothing more can be taken for now."""

    @abstractmethod
    def may_close(self, stream: Stream) -> bool:
        """Whether a caller who has said everything has been answered, too. Called with the state held."""

    def open_port(self) -> None:
        """Raises OSError when the port is taken."""
        listener = self.listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self.run("port", lambda: self._accept(listener))

    def close_port(self) -> None:
        """Ends all threads."""
        with self._state:
            self._is_stopping = True
            self._state.notify_all()
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept need not wait for his tick
        for thread in self._threads:
            thread.join()
        for listener in self._listeners:
            listener.close()

    def rest(self, seconds: float) -> None:
        """Take this long over something, but no longer than until stop()."""
        with self._state:
            self._state.wait_for(lambda: self._is_stopping, seconds)

    def said(self, answer: bytes) -> bytes:
        """What leaves the printer instead of this answer, with the faults that are on."""
        with self._state:
            if not answer or self._switches["silent"]:
                return b""
            return self.garbled(answer) if self._switches["garbage"] else answer

    def _accept(self, listener: socket.socket) -> None:
        servers: list[threading.Thread] = []
        while not self._is_stopping:
            with self._state:
                # The next one waits in the kernel, connected and unheard, as on a real port 9100.
                may_accept = not self._is_taken or self._switches["refuse_second"]
                if not may_accept:
                    self._state.wait(_TICK_S)
                    continue
            try:
                connection, _ = listener.accept()
            except OSError:  # nobody called in time, or stop() shut the door
                continue
            with self._state:
                is_refused = self._is_taken or time.monotonic() < self._is_up_at_s
                self._is_taken = self._is_taken or not is_refused
            if is_refused:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                connection.close()
                continue
            server = threading.Thread(target=self._serve_and_close, args=(connection,), daemon=True)
            servers = [older for older in servers if older.is_alive()] + [server]
            server.start()
        for server in servers:
            server.join()

    def _serve_and_close(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._serve(connection)
        except OSError as error:
            log.info("connection ended: %s", error)
        finally:
            with self._state:
                self._stream, self._is_taken = None, False
                self._state.notify_all()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_TICK_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = self.new_stream(lambda content: self._reply(connection, content))
        with self._state:
            self._stream = stream
        is_reset = False
        try:
            is_reset = self._read(connection, stream)
        except OSError as error:  # reset by the sender: nobody waits for an answer any more
            log.info("connection ended: %s", error)
            is_reset = True
        with self._state:
            if not stream.is_off:
                stream.end()
            if not is_reset:
                # A peer that has only stopped talking still listens for what was asked among the bytes it sent.
                self._state.wait_for(
                    lambda: self._is_stopping or stream.is_off or self.may_close(stream), LAST_ANSWERS_S
                )
            if stream.is_off or is_reset:
                # RST instead of FIN, as from a printer that was switched off.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _read(self, connection: socket.socket, stream: Stream) -> bool:
        """Take what comes until its end; whether the connection is to be reset."""
        last = time.monotonic()
        while not self._is_stopping and time.monotonic() - last < _IDLE_S:
            if stream.is_off:
                return True
            if self.has_fault("half_open"):
                with self._state:
                    self._state.wait_for(lambda: self._is_stopping or not self._switches["half_open"])
                return True  # the network is back, and of this connection the printer knows nothing
            if self.is_buffer_full() or self.has_fault("never_read"):
                self.rest(0.01)
                last = time.monotonic()
                continue
            rate = self.number("drain_bytes_per_s")
            try:
                content = connection.recv(max(1, rate // 50) if rate else 65536)
            except TimeoutError:
                continue
            if not content:
                return False
            last = time.monotonic()
            if rate:
                self.rest(len(content) / rate)
            if self._take(stream, content):
                return True
        return False

    def _take(self, stream: Stream, content: bytes) -> bool:
        """Whether the connection is to be reset after what was taken."""
        at = 0
        while at < len(content):
            with self._state:
                if stream.is_off or self._switches["half_open"]:
                    return stream.is_off
                limit = self._numbers["reset_after_bytes"]
                piece = content[at : at + (1 if limit else _SLICE_BYTES)]
                at += len(piece)
                self.received_bytes += len(piece)
                stream.feed(piece)
                if limit and stream.job_bytes >= limit:
                    self._numbers["reset_after_bytes"] = 0
                    return True
        return False

    def _reply(self, connection: socket.socket, content: bytes) -> None:
        with self._state:
            content = b"" if self._switches["half_open"] else self.said(content)
        try:
            if content:
                connection.sendall(content)
        except OSError as error:
            log.info("reply not taken: %s", error)

    def listen(self, host: str, port: int) -> socket.socket:
        """A listening socket, closed by stop(). Its window is small: what the kernel takes is no buffer of ours."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listeners.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        window_bytes = max(_SMALLEST_WINDOW_BYTES, min(self._window_bytes, _LARGEST_WINDOW_BYTES))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        listener.bind((host, port))
        listener.listen(16)
        listener.settimeout(_TICK_S)
        return listener

    def run(self, name: str, target: Callable[[], None]) -> None:
        """A thread that stop() waits for."""
        thread = threading.Thread(target=target, name=f"{type(self).__name__} {name}", daemon=True)
        self._threads.append(thread)
        thread.start()
