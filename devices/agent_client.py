"""What a bench agent says to its server, over HTTP or HTTPS as the URL says.

Owns connections (one a thread, kept open), deadlines and the difference between "nobody answered" and "no".
Refuses a token file others can read. Never tries again: when, is the agent's.
Invariant: `Unreachable` = nobody knows whether it was heard, saying it again is safe; `Refused` = it was heard.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import stat
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

from devices.journal import KeptCommand, KeptScan

PROTOCOL = "1.0"
VERSION = "0.1.0"
ANSWER_S = 10.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Unreachable(Exception):
    """Nobody answered, or who answered cannot do its work just now."""


class Refused(Exception):
    """The server heard and said no. `code` is stable, `detail` for a person."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class TokenFileOpen(ValueError):
    """Others than its owner may read the token."""


def read_token(path: Path) -> str:
    """
    Raises:
        TokenFileOpen: group or others may use the file; ValueError: it is empty; OSError.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise TokenFileOpen(f"{path} can be read by others: chmod 600 {path}")
        token = file.read(4096).decode("ascii", "replace").strip()
    if not token:
        raise ValueError(f"{path} is empty")
    return token


def new_token_file(path: Path) -> IO[bytes]:
    """A file beside the token's that only its owner reads, to be put in its place once there is a token to keep.

    Raises:
        OSError: nothing can be written there; said before a code is used up.
    """
    return tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)


def enrol(
    server: str, code: str, agent: str, path: Path, answer_s: float = ANSWER_S, is_insecure: bool = False
) -> None:  # fmt: skip
    """Trade a one-time code for the agent's token and keep it in `path`; the one it had ends.

    Raises:
        Unreachable, Refused; OSError: nothing can be written there; ValueError: no address, another agent's code, or
            code and token would travel unencrypted and `is_insecure` does not allow it: nothing was sent.
    """
    link = AgentClient(server, "", "", answer_s)
    if link.is_open_to_listeners and not is_insecure:
        raise ValueError(
            f"{server[:80]} is not encrypted: whoever listens would get the code and the token, so neither was sent;"
            " use https://, or --insecure-lan on a network you trust"
        )
    with new_token_file(path) as file:  # made with mode 0600
        try:
            said = link.enrol(code)
            if said.get("agent") != agent:
                owner = said.get("agent") or said.get("station")
                raise ValueError(f"the code is of {owner!r}, floor.toml of {agent!r}")
            file.write(f"{said['token']}\n".encode())
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


class AgentClient:
    """Each thread that uses it has a connection of its own."""

    def __init__(self, server: str, token: str, journal: str, answer_s: float = ANSWER_S) -> None:
        """
        Raises:
            ValueError: no http:// or https:// URL.
        """
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{server[:80]!r} is no http:// or https:// address")
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/") + "/api/v1/"
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._journal = journal
        self._answer_s = answer_s
        self._own = threading.local()

    @property
    def is_open_to_listeners(self) -> bool:
        """Whether the token travels unencrypted over a network."""
        return not self._is_tls and self._host not in ("localhost", "127.0.0.1", "::1")

    def hello(self, agent: str, host: str, proposed: Sequence[dict[str, Any]]) -> dict[str, Any]:
        said = {"agent": agent, "protocol": PROTOCOL, "version": VERSION, "host": host, "devices": list(proposed)}
        return self._post("hello", said)

    def enrol(self, code: str) -> dict[str, Any]:
        """What a one-time code is traded for."""
        return self._ask("POST", "enrol", json.dumps({"code": code}).encode(), self._answer_s)

    def events(self, scans: Sequence[KeptScan], states: Sequence[dict[str, Any]]) -> dict[str, Any]:
        return self._post("events", {"scans": [asdict(scan) for scan in scans], "states": list(states)})

    def commands(self, after: int, wait_s: int) -> dict[str, Any]:
        query = urlencode({"journal": self._journal, "after": after, "wait_s": wait_s})
        return self._ask("GET", f"agent/commands?{query}", None, self._answer_s + wait_s)

    def may_begin(self, command: int, within_s: float = ANSWER_S) -> bool:
        """Whether the first byte of this print may leave."""
        return bool(self._post("results", {"command": command, "outcome": "begin"}, within_s)["go"])

    def result(self, command: KeptCommand) -> None:
        """What came of a command."""
        said = {"command": command.id, "outcome": command.outcome, "detail": command.detail[:2000]}
        self._post("results", said | {"level": command.level} | dict(command.seen))

    def _post(self, what: str, said: dict[str, Any], within_s: float | None = None) -> dict[str, Any]:
        content = json.dumps({"journal": self._journal, **said}).encode()
        return self._ask("POST", f"agent/{what}", content, min(self._answer_s, within_s or self._answer_s))

    def _ask(self, method: str, what: str, body: bytes | None, within_s: float) -> dict[str, Any]:
        """
        Raises:
            Unreachable, Refused.
        """
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        # A connection that lay idle may have been closed meanwhile: that is no news of the server, so one more try.
        for is_last in (False, True):
            connection, is_fresh = self._connection(within_s)
            try:
                connection.request(method, self._prefix + what, body, headers)
                response = connection.getresponse()
                content = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self._let_go()
                if is_fresh or is_last or isinstance(error, TimeoutError):
                    raise Unreachable(f"{type(error).__name__}: {error}") from error
        if response.will_close:
            self._let_go()
        return _answer(response.status, content)

    def _connection(self, within_s: float) -> tuple[http.client.HTTPConnection, bool]:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        is_fresh = connection is None
        if connection is None:
            if self._is_tls:
                context = ssl.create_default_context()
                connection = http.client.HTTPSConnection(self._host, self._port, timeout=within_s, context=context)
            else:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=within_s)
            self._own.connection = connection
        connection.timeout = within_s
        if connection.sock is not None:
            connection.sock.settimeout(within_s)
        return connection, is_fresh

    def _let_go(self) -> None:
        connection, self._own.connection = self._own.connection, None
        with suppress(OSError):
            connection.close()


def content_of(payload: dict[str, Any]) -> bytes:
    """The bytes of a print command."""
    return base64.b64decode(payload["content"], validate=True)


def _answer(status: int, content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except ValueError as error:
        raise Unreachable(f"status {status} and no JSON: is that the floor?") from error
    if not isinstance(said, dict):
        raise Unreachable(f"status {status} and no object: is that the floor?")
    if status in (200, 201):
        return said
    code, detail = str(said.get("code", "")), str(said.get("detail") or said.get("title", ""))
    if status >= 500 or status in (408, 429):
        raise Unreachable(f"{status} {code}: {detail}")
    raise Refused(status, code, detail)
