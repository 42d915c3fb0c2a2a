"""The wire between a simulated person and the floor server: one kept-alive socket, one scanning station.

Owns the connection, the scan_id of each trigger pull, retries that reuse it, and the latency of every
answer. Refuses any answer that is neither an outcome nor a refusal it knows. Invariant: one pull has one
scan_id, however often it is sent. (A raw socket, because http.client spends more time parsing headers than
the floor takes to answer.)
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

RECEIVE_BYTES = 65_536
TRIES = 12
TIMEOUT_S = 60.0


class ServerGone(ConnectionError):
    """The server could not be reached, or did not answer, after all tries."""


class ServerRefused(RuntimeError):
    """The server answered with a problem: the caller did something no person on the floor can do."""

    def __init__(self, method: str, path: str, status: int, body: Any) -> None:
        code = body.get("code") if isinstance(body, dict) else None
        super().__init__(f"{method} {path}: {status} {code or ''} {str(body)[:300]}")
        self.status = status
        self.code = code
        self.body = body


class FloorHttp:
    """One connection of one client; not to be shared between threads."""

    def __init__(self, base_url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        url = urlsplit(base_url)
        self.host, self.port = url.hostname or "127.0.0.1", url.port or 80
        self.prefix = url.path.rstrip("/")
        self._timeout_s = timeout_s
        self._head = f"Host: {self.host}:{self.port}\r\nAuthorization: Bearer {token}\r\n"
        self._socket: socket.socket | None = None
        self._pending = b""

    def get(self, path: str) -> Any:
        return self._checked("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._checked("POST", path, body)

    def request(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        """Send once, read once. Raises OSError when the connection breaks before the whole answer is here."""
        self.send(method, path, body)
        return self.receive()

    def send(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        payload = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        head = f"{method} {self.prefix}{path} HTTP/1.1\r\n{self._head}"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        try:
            self._open().sendall(head.encode() + b"\r\n" + payload)
        except OSError:
            self.drop()
            raise

    def receive(self) -> tuple[int, Any]:
        try:
            return self._read_answer()
        except OSError:
            self.drop()
            raise

    def drop(self) -> None:
        """The line breaks: whatever was on its way is lost to this side."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._pending = None, b""

    def close(self) -> None:
        self.drop()

    def _checked(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        # A fresh connection: an idle one may be closed by the server just as we write, and unlike a scan
        # such a
        # request cannot be told from a second one.
        self.drop()
        status, answer = self.request(method, path, body)
        if status >= 400:
            raise ServerRefused(method, path, status, answer)
        return answer

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection((self.host, self.port), timeout=self._timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read_answer(self) -> tuple[int, Any]:
        head = self._until(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        status = int(lines[0].split(b" ", 2)[1])
        length, chunked, close = 0, False, False
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-length":
                    length = int(value)
                case b"transfer-encoding":
                    chunked = b"chunked" in value.lower()
                case b"connection":
                    close = b"close" in value.lower()
                case _:
                    pass
        body = self._chunks() if chunked else self._exactly(length)
        if close:
            self.drop()
        return status, _decode(body)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._pending:
            self._pending += self._more()
        head, _, self._pending = self._pending.partition(mark)
        return head

    def _exactly(self, length: int) -> bytes:
        while len(self._pending) < length:
            self._pending += self._more()
        body, self._pending = self._pending[:length], self._pending[length:]
        return body

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            body += self._exactly(size)
            self._exactly(2)
        self._until(b"\r\n")
        return body

    def _more(self) -> bytes:
        if self._socket is None:
            raise ConnectionResetError("not connected")
        received = self._socket.recv(RECEIVE_BYTES)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        return received


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return {"detail": body[:300].decode("utf-8", "replace")}


@dataclass(frozen=True, slots=True)
class Step:
    """The screen: what the server asks for now."""

    flow: str
    state: str
    prompt: str = ""
    expects: tuple[Mapping[str, Any], ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Step:
        return cls(
            flow=answer["flow"],
            state=answer["state"],
            prompt=answer.get("prompt") or "",
            expects=tuple(answer.get("expects") or ()),
            fields=answer.get("fields") or {},
        )

    @property
    def at(self) -> str:
        return f"{self.flow}.{self.state}"

    def expected(self, kind: str, label: str | None = None) -> str | None:
        """The barcode of the first thing of that kind the screen names, if it names one."""
        return next(
            (
                e["code"]
                for e in self.expects
                if e.get("kind") == kind and e.get("code") and label in (None, e["label"])
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    is_applied: bool
    code: str | None
    expected: Any
    got: Any
    replayed: bool
    step: Step


@dataclass(slots=True)
class ScanTally:
    """What one station saw: counts and the time each answer took."""

    scans: int = 0
    rejected: int = 0
    duplicates: int = 0
    lost_answers: int = 0
    retries: int = 0
    replay_mismatches: list[str] = field(default_factory=list)
    rejected_by_code: dict[str, int] = field(default_factory=dict)
    elapsed_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WireMishap:
    """What happens to this one pull on its way: sent twice, or its answer lost."""

    send_twice: bool = False
    lose_answer: bool = False


NO_MISHAP = WireMishap()


class ScanStation:
    """One station: its screen, its trigger, its connection. The step it holds is the last answer."""

    def __init__(
        self,
        base_url: str,
        station: str,
        token: str,
        *,
        mishap: Callable[[], WireMishap] = lambda: NO_MISHAP,
        stop: threading.Event | None = None,
    ) -> None:
        self.station = station
        self.tally = ScanTally()
        self._http = FloorHttp(base_url, token)
        self._mishap = mishap
        self._stop = stop or threading.Event()
        self._step: Step | None = None

    @property
    def step(self) -> Step:
        if self._step is None:
            self.refresh()
        if self._step is None:
            raise ServerGone(f"{self.station} has no screen")
        return self._step

    def refresh(self) -> Step:
        status, answer = self._patiently("GET", f"/api/v1/stations/{self.station}/step", None)
        if status != 200:
            raise ServerRefused("GET", f"stations/{self.station}/step", status, answer)
        self._step = Step.of(answer)
        return self._step

    def scan(self, code: str, qty_each: int | None = None) -> Outcome:
        """Pull the trigger once. Comes back with the server's word on it, whatever the wire did."""
        body: dict[str, Any] = {
            "scan_id": os.urandom(16).hex(),
            "station": self.station,
            "code": code,
            "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        if qty_each is not None:
            body["qty_each"] = qty_each
        mishap = self._mishap()
        if mishap.lose_answer:
            self._send_and_lose(body)
        started = time.perf_counter()
        outcome = self._outcome(body)
        self.tally.elapsed_ms.append((time.perf_counter() - started) * 1000)
        self.tally.scans += 1
        if not outcome.is_applied:
            self.tally.rejected += 1
            self.tally.rejected_by_code[str(outcome.code)] = (
                self.tally.rejected_by_code.get(str(outcome.code), 0) + 1
            )
        if mishap.send_twice:
            self._again(body, outcome)
        self._step = outcome.step
        return outcome

    def close(self) -> None:
        self._http.close()

    def _send_and_lose(self, body: Mapping[str, Any]) -> None:
        self.tally.lost_answers += 1
        # If the pull did not even leave, the retry that follows is its first sending.
        with contextlib.suppress(OSError):
            self._http.send("POST", "/api/v1/scans", body)
        self._http.drop()

    def _again(self, body: Mapping[str, Any], first: Outcome) -> None:
        self.tally.duplicates += 1
        second = self._outcome(body)
        same = (second.is_applied, second.code, second.step.at) == (
            first.is_applied,
            first.code,
            first.step.at,
        )
        if not second.replayed or not same:
            self.tally.replay_mismatches.append(
                f"{self.station} {body['code']}: {first.step.at}/{first.code}, then"
                f" {second.step.at}/{second.code},"
                f" replayed={second.replayed}"
            )

    def _outcome(self, body: Mapping[str, Any]) -> Outcome:
        status, answer = self._patiently("POST", "/api/v1/scans", body)
        if status != 200:
            raise ServerRefused("POST", f"scans ({body['code'][:40]!r} at {self.station})", status, answer)
        return Outcome(
            is_applied=answer["outcome"] == "applied",
            code=answer.get("code"),
            expected=answer.get("expected"),
            got=answer.get("got"),
            replayed=bool(answer.get("replayed")),
            step=Step.of(answer["step"]),
        )

    def _patiently(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        """Send until there is an answer; always the same body, so the server can tell a retry from a pull."""
        last: object = None
        for attempt in range(TRIES):
            if attempt:
                self.tally.retries += 1
                # At once the first time: an idle connection the server closed is the usual reason.
                self._stop.wait(min(0.05 * 2**attempt, 3.0) if attempt > 1 else 0.0)
            try:
                status, answer = self._http.request(method, path, body)
            except OSError as error:
                last = error
                continue
            if status not in (429, 502, 503, 504):
                return status, answer
            last = f"{status} {answer}"
        raise ServerGone(f"{method} {path} at {self.station}: no answer after {TRIES} tries ({last})")
