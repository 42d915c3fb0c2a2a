"""Programs that call the API: processes with a few keep-alive connections each, given calls a round at a time.

They answer with the little the play needs of what the server said, and count every answer. Invariant: each call is
answered once; what went wrong on the wire is sent again, because every call may be.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

TRIES = 8
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Call:
    """One request; `keep` names what is wanted of its answer."""

    path: str
    body: dict[str, Any] | None = None
    keep: str = "code"
    method: str = "POST"


@dataclass(frozen=True)
class Said:
    """An answer: its status, and what was kept of it (the problem's code when it was refused)."""

    status: int
    kept: Any

    @property
    def is_ok(self) -> bool:
        return self.status < 400


class Clients:
    """Use as a context manager; `run` sends calls in order, several at a time, and returns the answers in order."""

    def __init__(self, host: str, port: int, token: str, processes: int, connections: int) -> None:
        self._where = (host, port, token, connections)
        self._count = processes
        self._pipes: list[Any] = []
        self._processes: list[Any] = []
        self.answers: dict[int, int] = {}

    def __enter__(self) -> Clients:
        context = multiprocessing.get_context("fork")
        for _ in range(self._count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, *self._where), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(10)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def run(self, calls: Sequence[Call]) -> list[Said]:
        """All calls, begun in this order."""
        if not calls:
            return []
        for turn, pipe in enumerate(self._pipes):
            pipe.send(list(calls[turn :: self._count]))
        said: list[Any] = [None] * len(calls)
        for turn, pipe in enumerate(self._pipes):
            answer = pipe.recv()
            if isinstance(answer, str):
                raise RuntimeError(answer)
            said[turn :: self._count] = answer
        for one in said:
            self.answers[one.status] = self.answers.get(one.status, 0) + 1
        return said


def _serve(pipe: Any, host: str, port: int, token: str, connections: int) -> None:
    lines = [_Connection(host, port, token) for _ in range(connections)]
    while True:
        calls = pipe.recv()
        if calls is None:
            return
        pipe.send(_share(lines[: len(calls)], calls))


def _share(lines: Sequence[_Connection], calls: Sequence[Call]) -> list[Said] | str:
    """The calls over several connections, begun in their order; a text when one could not be sent at all."""
    answers: list[Any] = [None] * len(calls)
    wrong: list[str] = []
    turns = iter(range(len(calls)))
    lock = threading.Lock()

    def work(line: _Connection) -> None:
        while not wrong:
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            try:
                answers[turn] = line.send(calls[turn])
            except Exception as error:  # told to the play, which stops
                wrong.append(f"{calls[turn].path}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=work, args=(line,)) for line in lines[1:]]
    for thread in threads:
        thread.start()
    for line in lines[:1]:
        work(line)
    for thread in threads:
        thread.join()
    return wrong[0] if wrong else answers


class _Connection:
    def __init__(self, host: str, port: int, token: str) -> None:
        self._address = (host, port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._open: http.client.HTTPConnection | None = None

    def send(self, call: Call) -> Said:
        body = json.dumps(call.body).encode() if call.body is not None else (b"" if call.method == "POST" else None)
        for turn in range(TRIES):
            try:
                if self._open is None:
                    self._open = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
                self._open.request(call.method, call.path, body, self._headers)
                answer = self._open.getresponse()
                text = answer.read()
            except (http.client.HTTPException, ConnectionError, TimeoutError):
                self._open = None
                if turn == TRIES - 1:
                    raise
                continue
            if answer.status == 503:
                time.sleep(0.2 * (turn + 1))
                continue
            told = json.loads(text) if text else {}
            if answer.status >= 400:
                return Said(answer.status, told.get("code", ""))
            return Said(answer.status, _KEEP[call.keep](told))
        return Said(503, "unavailable")


def _allocated(told: Any) -> dict[str, int]:
    """Units promised and not shipped, by SKU."""
    return _sums((line["sku"].strip().upper(), line["allocated_each"] - line["shipped_each"]) for line in told["lines"])


def _sums(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, qty_each in parts:
        if qty_each:
            sums[key] = sums.get(key, 0) + qty_each
    return sums


def _layers(told: Any) -> list[tuple[str, int, int, str]]:
    """(SKU, layer, units, day it counts from where said) of every part of every line."""
    return [
        (line["sku"].upper(), part["layer"], part["qty_each"], part.get("received_on", ""))
        for line in told["lines"]
        for part in line["layers"]
    ]


def _changed(told: Any) -> list[tuple[str, int, int, str]]:
    return [(told["sku"].upper(), part["layer"], part["qty_each"], part["received_on"]) for part in told["layers"]]


_KEEP = {
    "code": lambda told: None, "allocated": _allocated, "layers": _layers, "changed": _changed,
    "rows": lambda told: (told["rows"], told["next"]),
}  # fmt: skip
