"""The real server under clients that cost next to nothing: gunicorn as a floor runs it, raw sockets against it.

One loop drives all connections, each with one request under way: a client that thought in Python per request would
take from the server the processor it is measured on.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from fulfillment.processes import LIVE, WEB, command_of, environment_of, free_port
from fulfillment.settings import Settings

READY_S = 90.0
TICK_S = os.sysconf("SC_CLK_TCK")


class Answered(RuntimeError):
    """A request was answered with an error."""


class Server:
    """The web part of a floor (or its live screens) as `floor run` starts it, on a port of its own."""

    def __init__(
        self, settings: Settings, extra_env: Mapping[str, str] | None = None, part: str = WEB
    ) -> None:  # fmt: skip
        # The live server knows itself by its port.
        self.port = settings.live_port if part == LIVE else free_port()
        env = {**os.environ, **environment_of(settings), **(extra_env or {})}
        command = [*command_of(settings, part), "--bind", f"127.0.0.1:{self.port}"]
        self._process = subprocess.Popen(command, env=env, start_new_session=True)

    def __enter__(self) -> Server:
        deadline = time.monotonic() + READY_S
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/api/v1/readyz", timeout=2):
                    return self
            except (URLError, ConnectionError, TimeoutError):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    self.__exit__()
                    raise
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)

    def workers(self) -> list[int]:
        """Its workers' processes."""
        return _children(self._process.pid)

    def cpu_s(self) -> float:
        """Processor seconds its workers have used."""
        return sum(_cpu_ticks(pid) for pid in self.workers()) / TICK_S


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@dataclass(frozen=True)
class Load:
    """What a round came to: answers, how long each took, the wall and the server's processor seconds."""

    latencies_ms: Sequence[float]
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return len(self.latencies_ms) / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """Processor milliseconds of the server for one request."""
        return self.cpu_s * 1000 / len(self.latencies_ms)

    def at(self, share: float) -> float:
        """The latency so many of a hundred were not slower than."""
        return at(self.latencies_ms, share)


def at(found: Sequence[float], share: float) -> float:
    """What so many of a hundred were not above."""
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def post(path: str, body: bytes, token: str | None = None) -> bytes:
    """A request, ready to be sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    if token is not None:
        head += f"Authorization: Bearer {token}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection:
    """One client's connection, with at most one request under way."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.heard = b""
        self.wanted = 0
        self.sent_at = 0.0

    def send(self) -> bool:
        """Send the next request; False when there is none."""
        request = next(self.requests, None)
        if request is None:
            return False
        self.heard, self.wanted, self.sent_at = b"", 0, time.perf_counter()
        self.socket.sendall(request)
        return True

    def hear(self) -> bool:
        """Read what came; True when the answer is whole.

        Raises:
            Answered: it is an error.
        """
        self.heard += self.socket.recv(65_536)
        if not self.wanted:
            end = self.heard.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self.heard[:end].lower()
            if not head.startswith(b"http/1.1 200"):
                raise Answered(self.heard[:600].decode(errors="replace"))
            self.wanted = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        return len(self.heard) >= self.wanted


def drive(server: Server, streams: Sequence[Iterator[bytes]]) -> Load:
    """Send each stream over a connection of its own, one request at a time; ends when the first has no more."""
    connections = [Connection(server.port, stream) for stream in streams]
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        cpu, started = server.cpu_s(), time.perf_counter()
        waiting, is_over = 0, False
        for connection in connections:
            waiting += connection.send()
        while waiting:
            for key, _ in selector.select():
                connection: Any = key.data
                if not connection.hear():
                    continue
                waiting -= 1
                if is_over:
                    continue  # the rest only ends what was under way
                latencies.append((time.perf_counter() - connection.sent_at) * 1000)
                if connection.send():
                    waiting += 1
                else:
                    is_over, ended, used = True, time.perf_counter(), server.cpu_s()
        if not is_over:
            ended, used = time.perf_counter(), server.cpu_s()
    for connection in connections:
        connection.socket.close()
    return Load(latencies, ended - started, used - cpu)


SLOW_FSYNC = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int fsync(int fd) { usleep(4000); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { usleep(4000); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
"""


def slow_disk(folder: Path) -> dict[str, str]:
    """The environment of a server whose every fsync takes 4 ms more.

    Raises:
        FileNotFoundError: no C compiler here.
    """
    source, library = folder / "slow_fsync.c", folder / "slow_fsync.so"
    source.write_text(SLOW_FSYNC)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def endless(request: bytes, times: int) -> Iterator[bytes]:
    """The same request so many times."""
    return (request for _ in range(times))


if __name__ == "__main__":
    sys.exit(__doc__)
