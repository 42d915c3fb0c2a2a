"""A carrier's label service over HTTP: buy, look up by our reference, void; each call ends in one of five answers.

Owns the difference that money hangs on: `NotSent` (nothing reached the carrier, or it says it did not do it), as
against `Unknown` (it may have). The token is read from its file for each call and is in no log, row or message.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fulfillment.domain.effects import Heard

TIMEOUT_S = 10.0
ANSWER_MAX = 256 * 1024
TOKEN_FOLDER = "carrier-tokens"
TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")

# It says that it did nothing and why it might do it later.
_LATER = {401: "unauthorized", 403: "forbidden", 408: "try_later", 429: "too_many"}
_REFUSES = frozenset({400, 404, 405, 410, 413, 415, 422})


@dataclass(frozen=True)
class Bought:
    """There is a label, and it is paid for."""

    tracking_number: str
    cost_minor: int
    currency: str
    content: str


@dataclass(frozen=True)
class Nothing:
    """The carrier knows no label of our reference; or it has voided the one asked about."""


@dataclass(frozen=True)
class Declined:
    """It will never do this as it was asked."""

    reason: str


@dataclass(frozen=True)
class NotSent:
    """Nothing happened; trying again is safe."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """It may have happened."""

    heard: Heard
    reason: str


Answer = Bought | Nothing | Declined | NotSent | Unknown


class CarrierService:
    """One carrier's service at `url`; `token_file` holds its token ('' = it wants none)."""

    def __init__(self, url: str, token_file: Path | None = None, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        self._is_secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path.rstrip("/")
        self._token_file = token_file
        self._timeout_s = timeout_s

    def buy(self, request: Mapping[str, Any]) -> Answer:
        """Ask for a label. The reference is the key: a carrier that keeps keys makes one label of it for ever."""
        answer = self._call("POST", "/labels", dict(request), {"Idempotency-Key": request["reference"]})
        if not isinstance(answer, dict):
            return answer
        return _bought(answer) or Unknown(Heard.ANSWERED, "rubbish: no label in the answer")

    def look_up(self, reference: str) -> Answer:
        """What became of the label asked for under our reference."""
        answer = self._call("GET", f"/labels?reference={quote(reference, safe='')}", None, {})
        if not isinstance(answer, dict):
            return Unknown(Heard.ANSWERED, answer.reason) if isinstance(answer, Declined) else answer
        labels = answer.get("labels")
        if not isinstance(labels, list) or not all(isinstance(label, dict) for label in labels):
            return Unknown(Heard.ANSWERED, "rubbish: no labels in the answer")
        if not labels:
            return Nothing()
        ours = [label for label in labels if label.get("reference") == reference]
        # More than one label of a reference is nothing a program can settle.
        found = _bought(ours[0]) if len(ours) == 1 else None
        return found or Unknown(Heard.ANSWERED, f"{len(labels)} labels found, {len(ours)} of them ours")

    def void(self, tracking_number: str) -> Answer:
        """Give a label back. Voiding twice is voiding once."""
        answer = self._call("POST", f"/labels/{quote(tracking_number, safe='')}/void", {}, {})
        return Nothing() if isinstance(answer, dict) else answer

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> dict[str, Any] | Declined | NotSent | Unknown:
        try:
            token = self._token_file.read_text("utf-8").strip() if self._token_file is not None else ""
        except OSError:
            return NotSent("no_token")
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_s)
        deadline = time.monotonic() + self._timeout_s
        sent = {"Accept": "application/json", "Content-Type": "application/json", **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        try:
            try:
                connection.connect()
            except OSError as error:
                return NotSent(f"unreachable: {type(error).__name__}")
            try:
                connection.request(method, self._path + path, json.dumps(body) if body is not None else None, sent)
                response = connection.getresponse()
                content = _read(response, connection.sock, deadline)
            except (OSError, http.client.HTTPException, ValueError) as error:
                return Unknown(Heard.SILENT, f"no answer: {type(error).__name__}")
        finally:
            connection.close()
        return _understood(response.status, content)


def _read(response: http.client.HTTPResponse, sock: socket.socket | None, deadline: float) -> bytes:
    # A carrier that sends a byte a second would outlast any timeout of a single read, and our lease with it.
    content = b""
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        if sock is not None:
            sock.settimeout(left_s)
        part = response.read1(16 * 1024)
        if not part:
            return content
        content += part
        if len(content) > ANSWER_MAX:
            raise ValueError("the answer is too long")


def _understood(status: int, content: bytes) -> dict[str, Any] | Declined | NotSent | Unknown:
    if status in _LATER:
        return NotSent(f"{_LATER[status]} ({status})")
    if status in _REFUSES:
        return Declined(f"refused ({status}): {_words(content)}")
    if not 200 <= status < 300:
        # 5xx, a redirect, 409: it was there, and it does not say what it did.
        return Unknown(Heard.ANSWERED, f"answered {status}")
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else Unknown(Heard.ANSWERED, "rubbish: no JSON object")


def _bought(answer: Mapping[str, Any]) -> Bought | None:
    tracking, cost, currency = answer.get("tracking_number"), answer.get("cost_minor"), answer.get("currency")
    content = answer.get("label", "")
    if not (isinstance(tracking, str) and re.fullmatch(r"[\x21-\x7e]{1,60}", tracking)):
        return None
    if isinstance(cost, bool) or not isinstance(cost, int) or not 0 <= cost < 100_000_000:
        return None
    if not (isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency)) or not isinstance(content, str):
        return None
    return Bought(tracking, cost, currency, content)


def _words(content: bytes) -> str:
    return "".join(letter for letter in content.decode("utf-8", "replace")[:200] if letter.isprintable())
