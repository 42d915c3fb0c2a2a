"""A line to the server that can be cut, for the browser and for its workers alike."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Relay:
    """Hands every connection on to `port` while it is up; while it is cut, connections end as they begin."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._up = threading.Event()
        self._up.set()
        self._lines: set[socket.socket] = set()
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Nothing comes through, nor what is on its way."""
        self._up.clear()
        for line in list(self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Everything comes through again."""
        self._up.set()

    def close(self) -> None:
        """Take no connection any more."""
        self.cut()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            if self._up.is_set():
                threading.Thread(target=self._line, args=(near,), daemon=True).start()
            else:
                near.close()

    def _line(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(("127.0.0.1", self._target)) as far:
            self._lines |= {near, far}
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()
            self._lines -= {near, far}


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relay_to(address: str) -> Iterator[Relay]:
    """A line to that address."""
    relay = Relay(int(address.rpartition(":")[2]))
    yield relay
    relay.close()
