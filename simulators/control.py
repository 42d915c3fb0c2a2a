"""The control port of a simulator: one line of words in, one line out, on loopback while everything runs.

    python -m simulators.control 9109 paper_out for 2 s        (or 127.0.0.1:9109, or several lines on stdin with -)

Owns the port and the cutting into lines; what the words do is in `simulators.device`.
Refuses every caller that speaks HTTP, by its first line: a web page can make a browser send lines to any port of this
machine, and the first of them is always a request.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
import threading
from contextlib import suppress

from simulators.device import LONGEST_COMMAND, SimulatedDevice

_TICK_S = 0.1
_HTTP = re.compile(r"[A-Z]+ \S* ?HTTP/\d|[A-Za-z-]+: \S")


class ControlPort:
    """Start it with `with`; port 0 takes a free one, `port` tells which. Loopback whatever the device's own host is:
    who may print may not break the printer.
    """

    def __init__(self, device: SimulatedDevice, port: int = 0) -> None:
        self._device = device
        self.port = port
        self._stop = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        listener = socket.create_server(("127.0.0.1", self.port))
        listener.settimeout(_TICK_S)
        self._listener, self.port = listener, listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, args=(listener,), name="control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Callers under way are hung up on."""
        self._stop.set()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept need not wait for his tick
        if self._thread is not None:
            self._thread.join()
        if self._listener is not None:
            self._listener.close()

    def __enter__(self) -> ControlPort:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        callers: list[threading.Thread] = []
        while not self._stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:  # nobody called in time, or stop() shut the door
                continue
            # Whoever keeps the port open to watch must not keep the next one from switching.
            caller = threading.Thread(target=self._serve, args=(connection,), name="control caller", daemon=True)
            callers = [older for older in callers if older.is_alive()] + [caller]
            caller.start()
        for caller in callers:
            caller.join()

    def _serve(self, connection: socket.socket) -> None:
        line = bytearray()
        with connection:
            connection.settimeout(_TICK_S)
            while not self._stop.is_set():
                try:
                    content = connection.recv(1024)
                    line += content
                    while b"\n" in line:
                        whole, _, rest = bytes(line).partition(b"\n")
                        line = bytearray(rest)
                        words = whole.decode("utf-8", "replace").strip()
                        if _HTTP.match(words):
                            return
                        connection.sendall(self._device.command(words).encode() + b"\n")
                except TimeoutError:
                    continue
                except OSError:
                    return
                if not content or len(line) > LONGEST_COMMAND:
                    return


def ask(port: int, words: str, timeout_s: float = 10.0) -> str:
    """What a simulator's control port answers to these words.

    Raises:
        OSError: nobody is there, or nobody answers in time.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(words.encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            content = connection.recv(65536)
            if not content:
                raise ConnectionError(f"control port {port}: hung up without an answer")
            said += content
    return said.decode().strip()


def main(arguments: list[str] | None = None) -> int:
    """Say the words and print the answer; 1 when a simulator refuses them or is not there."""
    parser = argparse.ArgumentParser(prog="python -m simulators.control", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("port", help="the control port, 9109 or 127.0.0.1:9109")
    parser.add_argument("words", nargs="+", help="such as: paper_out, clear, state; - reads lines from the input")
    options = parser.parse_args(arguments)
    port = options.port.removeprefix("127.0.0.1:")
    if not port.isdecimal():
        parser.error(f"port: {options.port!r} is no port of this machine")
    lines = sys.stdin if options.words == ["-"] else [" ".join(options.words)]
    is_refused = False
    for line in lines:
        try:
            answer = ask(int(port), line.strip())
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        is_refused = is_refused or answer.startswith("error")
        sys.stdout.write(answer + "\n")
    return int(is_refused)


if __name__ == "__main__":
    sys.exit(main())
