"""Cuts what one connection sends to a ZPL printer into formats, immediate commands and getvar lines.

Owns the state between two bytes. What a command does is the printer's. Prefix changes (^CC, ~CC, ^CT, ~CT) are not
followed. Invariant: formats and answers do not depend on how the bytes were cut into segments.
"""

from __future__ import annotations

import re
from typing import Protocol

from simulators.printer_port import Reply, Stream

_GETVAR = re.compile(rb'! *U1 +getvar +"([^"]*)"', re.IGNORECASE)
# Answered or done the moment their letters are complete; ~HQ needs the two letters that follow.
_IMMEDIATE = (b"HS", b"HI", b"JA", b"JR", b"PS", b"PP")
_PREFIX = re.compile(rb"[\^~]")
_LONGEST_LINE = 1024
_LONGEST_FORMAT = 16 << 20


class ZplListener(Protocol):
    """What a stream tells its printer."""

    def take_format(self, content: bytes, stream: ZplStream) -> None: ...

    def mark_partial(self, has_partial_format: bool) -> None: ...

    def drop_partial(self) -> None: ...

    def do(self, command: bytes) -> bytes: ...

    def getvar(self, name: str) -> bytes: ...


class ZplStream(Stream):
    """feed(bytes) tells the printer what they complete; answers go to `reply`."""

    def __init__(self, printer: ZplListener, reply: Reply) -> None:
        self.reply = reply
        self._printer = printer
        self._format: bytearray | None = None
        self._token = bytearray()
        self._line = bytearray()
        self._binary_left = 0

    def feed(self, content: bytes) -> None:
        at = 0
        while at < len(content) and not self.is_off:
            run = self._plain_run(content, at)
            if run and self._format is not None:
                self._format += content[at : at + run]
                self.job_bytes += run
                self._binary_left -= min(self._binary_left, run)
            else:
                self._take(content[at])
            at += run or 1

    def end(self) -> None:
        if self._format is not None:
            self._format = None
            self._printer.drop_partial()

    def _plain_run(self, content: bytes, at: int) -> int:
        """How many bytes from here are data of the format and nothing else: they need no look at each of them."""
        rest = len(content) - at
        if self._format is None or self._token or len(self._format) + rest > _LONGEST_FORMAT:
            return 0
        if self._binary_left:
            return min(self._binary_left, rest)
        prefix = _PREFIX.search(content, at)
        return prefix.start() - at if prefix else rest

    def _take(self, value: int) -> None:
        if self._format is not None:
            self._format.append(value)
            self.job_bytes += 1
            if len(self._format) > _LONGEST_FORMAT:
                self.end()
                return
        if self._binary_left:
            # Counted binary data may hold ^XZ or ~HS as plain bytes.
            self._binary_left -= 1
            return
        if value in b"^~":
            self._token = bytearray((value,))
            self._line.clear()
            return
        if self._token:
            self._token.append(value)
            self._look_at_token()
        elif self._format is None:
            self._look_at_line(value)

    def _look_at_token(self) -> None:
        token = bytes(self._token)
        prefix, name = token[:1], token[1:3]
        if len(token) == 3 and prefix == b"^" and name == b"XA":
            self._start()
        elif len(token) == 3 and prefix == b"^" and name == b"XZ":
            self._finish()
        elif len(token) == 3 and prefix == b"~" and name in _IMMEDIATE:
            self._token.clear()
            self._answer(self._printer.do(name))
        elif len(token) == 5 and prefix == b"~" and name == b"HQ":
            self._token.clear()
            self._answer(self._printer.do(token[1:5]))
        elif len(token) >= 3 and (name, prefix) in ((b"GF", b"^"), (b"DY", b"~")):
            self._look_for_binary(token)
        elif len(token) >= 3 and name != b"HQ":
            self._token.clear()

    def _look_for_binary(self, token: bytes) -> None:
        """^GFa,b,… and ~DYd:f,b,x,t,…: with format B or C, that many bytes follow that are no commands."""
        commas, kind_at, count_at = (4, 0, 1) if token[1:3] == b"GF" else (5, 1, 3)
        if token.count(b",") < commas:
            if len(token) > _LONGEST_LINE:
                self._token.clear()
            return
        fields = token[3:].split(b",")
        self._token.clear()
        if fields[kind_at].strip() in (b"B", b"C") and fields[count_at].strip().isdigit():
            self._binary_left = int(fields[count_at])

    def _look_at_line(self, value: int) -> None:
        if not self._line and value != ord("!"):
            return
        if value not in b"\r\n":
            self._line.append(value)
            if len(self._line) > _LONGEST_LINE:
                self._line.clear()
            return
        found = _GETVAR.match(bytes(self._line))
        self._line.clear()
        if found:
            self._answer(self._printer.getvar(found.group(1).decode("ascii", "replace")))

    def _start(self) -> None:
        self._token.clear()
        if self._format is not None:
            # A format that was never ended is overtaken by the next one.
            self._printer.drop_partial()
        else:
            self.job_bytes += 3
        self._format = bytearray(b"^XA")
        self._printer.mark_partial(True)

    def _finish(self) -> None:
        self._token.clear()
        if self._format is not None:
            content, self._format = bytes(self._format), None
            self._printer.mark_partial(False)
            self._printer.take_format(content, self)

    def _answer(self, content: bytes) -> None:
        if content:
            self.reply(content)
