"""A carrier's label service on a real socket: it charges for each label it makes and keeps its own book of charges.

What it promises can be switched off (`keeps_keys`, `can_look_up`), and the next calls can be made to fail where it
hurts: before or after the charge. The book is the truth a test compares the floor with.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FAULTS = (
    "error_before",  # 503, nothing charged
    "error_after",  # 500, charged
    "silent_before",  # no answer in time, nothing charged
    "silent_after",  # charged, no answer in time
    "cut_before",  # connection reset, nothing charged
    "cut_after",  # charged, connection reset
    "slow",  # charged, answered late but in time
    "rubbish",  # charged, an answer nobody understands
    "refuse",  # 422, nothing charged
    "busy",  # 429, nothing charged
    "late_charge",  # no answer in time, charged after the caller has gone
)  # fmt: skip

COST_MINOR = 495


@dataclass(frozen=True)
class Charge:
    """A label as the carrier's bill shows it."""

    reference: str
    tracking_number: str
    cost_minor: int
    key: str
    is_void: bool = False


class CarrierSimulator:
    """A carrier listening on a free port. Use as a context manager; `url` is its service."""

    def __init__(
        self, token: str = "", *, keeps_keys: bool = True, can_look_up: bool = True, hang_s: float = 1.0,
        slow_s: float = 0.1, port: int = 0,
    ) -> None:  # fmt: skip
        self.keeps_keys, self.can_look_up = keeps_keys, can_look_up
        self._token, self._hang_s, self._slow_s = token, hang_s, slow_s
        self._lock = threading.Lock()
        self._book: list[Charge] = []
        self._faults: deque[str] = deque()
        self._look_up_faults: deque[str] = deque()
        self._over = threading.Event()
        self.calls: list[tuple[str, str]] = []
        self._server = _Server(("127.0.0.1", port), _Handler, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> CarrierSimulator:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where its service is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def book(self) -> list[Charge]:
        """Everything charged so far, oldest first."""
        with self._lock:
            return list(self._book)

    @property
    def owed_minor(self) -> int:
        """What the floor has to pay: labels that are not void."""
        return sum(charge.cost_minor for charge in self.book if not charge.is_void)

    def fail(self, *faults: str, looking_up: Iterable[str] = ()) -> None:
        """How the next calls for a label (and the next look-ups) go wrong, one each; '' = that one goes well."""
        with self._lock:
            self._faults.extend(faults)
            self._look_up_faults.extend(looking_up)

    # --- what the service does; the handler only speaks HTTP ---

    def is_known(self, authorization: str) -> bool:
        return not self._token or authorization == f"Bearer {self._token}"

    def next_fault(self, *, looking_up: bool = False) -> str:
        with self._lock:
            faults = self._look_up_faults if looking_up else self._faults
            return faults.popleft() if faults else ""

    def charge(self, reference: str, key: str) -> Charge:
        """Make a label, or give the one of this key again."""
        with self._lock:
            if self.keeps_keys and key:
                for charge in self._book:
                    if charge.key == key:
                        return charge
            number = f"SIM{len(self._book) + 1:09d}GB"
            self._book.append(Charge(reference, number, COST_MINOR, key))
            return self._book[-1]

    def found(self, reference: str) -> list[Charge]:
        return [charge for charge in self.book if charge.reference == reference]

    def void(self, tracking_number: str) -> bool:
        with self._lock:
            for place, charge in enumerate(self._book):
                if charge.tracking_number == tracking_number:
                    self._book[place] = replace(charge, is_void=True)
                    return True
        return False

    def hang(self) -> None:
        """Say nothing for as long as a caller waits, or until the simulator ends."""
        self._over.wait(self._hang_s)

    def dawdle(self) -> None:
        """Answer late but in time."""
        time.sleep(self._slow_s)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], carrier: CarrierSimulator):
        super().__init__(address, handler)
        self.carrier = carrier

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        carrier = self.server.carrier
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        carrier.calls.append(("POST", self.path))
        if not carrier.is_known(self.headers.get("Authorization", "")):
            return self._answer(401, {"error": "unknown token"})
        if self.path.endswith("/void"):
            is_there = carrier.void(self.path.split("/")[-2])
            return self._answer(200 if is_there else 404, {"void": is_there})
        return self._label(carrier, json.loads(body))

    def do_GET(self) -> None:
        carrier = self.server.carrier
        carrier.calls.append(("GET", self.path))
        if not carrier.is_known(self.headers.get("Authorization", "")):
            return self._answer(401, {"error": "unknown token"})
        if not carrier.can_look_up:
            return self._answer(404, {"error": "no such operation"})
        fault = carrier.next_fault(looking_up=True)
        if fault.startswith("silent"):
            return carrier.hang()
        if fault.startswith("cut"):
            return self._cut()
        if fault.startswith("error"):
            return self._answer(503, {"error": "out of order"})
        reference = parse_qs(urlsplit(self.path).query)["reference"][0]
        return self._answer(200, {"labels": [_shown(charge) for charge in carrier.found(reference)]})

    def _label(self, carrier: CarrierSimulator, asked: dict[str, Any]) -> None:
        fault = carrier.next_fault()
        match fault:
            case "error_before":
                return self._answer(503, {"error": "out of order"})
            case "silent_before":
                return carrier.hang()
            case "cut_before":
                return self._cut()
            case "refuse":
                return self._answer(422, {"error": "no such address"})
            case "busy":
                return self._answer(429, {"error": "later"})
            case "late_charge":
                carrier.hang()
        charge = carrier.charge(asked["reference"], self.headers.get("Idempotency-Key", ""))
        match fault:
            case "error_after":
                return self._answer(500, {"error": "something broke"})
            case "silent_after":
                return carrier.hang()
            case "cut_after":
                return self._cut()
            case "rubbish":
                return self._answer(200, content=b"<html>all is well</html>")
            case "slow":
                carrier.dawdle()
        return self._answer(201, _shown(charge))

    def _answer(self, status: int, body: Any = None, content: bytes = b"") -> None:
        content = content or json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _cut(self) -> None:
        # Linger of zero: the caller sees a reset, not an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `calls`."""


def _shown(charge: Charge) -> dict[str, Any]:
    return {
        "reference": charge.reference, "tracking_number": charge.tracking_number, "cost_minor": charge.cost_minor,
        "currency": "GBP", "label": f"^XA^FO50,50^FD{charge.tracking_number}^FS^XZ",
    }  # fmt: skip
