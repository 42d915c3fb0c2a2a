"""The line between an agent and its server, which can be cut, lose answers and say things twice.

    agent ──► 127.0.0.1:port ──► server        one request at a time a connection, bodies by their length

Owns the port and the faults. Refuses to invent: what reaches the server is what the agent said, once or twice.
"""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_TICK_S = 0.2
_ANSWER_S = 60.0


class FaultyLine:
    """`lost`: the next N answers to a POST are worked out and never heard. `doubled`: the next N POSTs come twice.
    `counts`: what was done to the line."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.counts: Counter[str] = Counter()
        self.lost = self.doubled = 0
        self._server = server
        self._is_cut = self._is_over = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK_S)
        self._thread = threading.Thread(target=self._accept, name="faulty line", daemon=True)

    @property
    def address(self) -> str:
        """What the agent takes for its server."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """All connections end, and new ones at once."""
        self._is_cut = True
        self.counts["line cut"] += 1
        self._hang_up()

    def mend(self) -> None:
        self._is_cut = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._hang_up()
        self._listener.close()
        self._thread.join()

    def _hang_up(self) -> None:
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._is_over:
            try:
                near, _ = self._listener.accept()
            except OSError:  # nobody called in time, or the line is over
                continue
            if self._is_cut:
                near.close()
                continue
            threading.Thread(target=self._serve, args=(near,), name="faulty line call", daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError, ValueError):
            far = socket.create_connection(self._server, timeout=_ANSWER_S)
            with far:
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open |= {near, far}
                try:
                    while not self._is_cut and self._carry(near, far):
                        continue
                finally:
                    with self._lock:
                        self._open -= {near, far}

    def _carry(self, near: socket.socket, far: socket.socket) -> bool:
        """One request and its answer; False at the end."""
        request = _message(near)
        if not request:
            return False
        is_post = request.startswith(b"POST")
        if is_post and self._uses("doubled"):
            self.counts["request doubled"] += 1
            far.sendall(request)
            _message(far)
        far.sendall(request)
        answer = _message(far)
        if is_post and self._uses("lost"):
            self.counts["answer lost"] += 1
            return False
        near.sendall(answer)
        return bool(answer)

    def _uses(self, name: str) -> bool:
        with self._lock:
            left = int(getattr(self, name))
            setattr(self, name, max(0, left - 1))
            return left > 0


def _message(connection: socket.socket) -> bytes:
    """Head and body; b"" when the other end has nothing more to say."""
    content = b""
    while b"\r\n\r\n" not in content:
        piece = connection.recv(65536)
        if not piece:
            return b""
        content += piece
    head = content.partition(b"\r\n\r\n")[0] + b"\r\n"
    length = _LENGTH.search(head)
    missing = len(head) + 2 + (int(length.group(1)) if length else 0) - len(content)
    while missing > 0:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("ended within a message")
        content += piece
        missing -= len(piece)
    return content
