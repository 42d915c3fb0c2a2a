"""Cuts the byte stream of a line scanner into scans, without doing any reading itself.

Owns suffix, prefix, AIM identifier, the idle gap and the longest code there may be.
Refuses to glue: what was begun before a pause is never joined to what comes after it.
Invariant: the frames depend on the bytes and on pauses longer than the idle gap, never on how reads split
the bytes.

    ┌───────┬──────────────┬──────────────┬─────────────┐
    │ STX?  │ ]C1  AIM id? │ code …       │ CR, LF, CRLF│
    │ 02    │ 5d 43 31     │              │ 0d / 0a     │
    └───────┴──────────────┴──────────────┴─────────────┘
Source: AIM identifier = "]" + code character + modifier, ISO/IEC 15424;
7,089 digits = the largest QR code, ISO/IEC 18004.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STX = b"\x02"
LONGEST_CODE = 7089
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Frame:
    payload: bytes
    aim: str | None = None


def frame_of(payload: bytes) -> Frame | None:
    """A code and what stood before it; None for an AIM identifier with nothing behind it."""
    if _AIM.match(payload):
        return Frame(payload[3:], payload[:3].decode("ascii")) if len(payload) > 3 else None
    return Frame(payload)


class LineFramer:
    """feed(bytes, at_s) → complete frames. `at_s` is the reader's monotonic clock at that read.

    With `prefix` set, bytes outside prefix … suffix are noise and dropped: a half code after a replug starts
    without its prefix and must not pass for a whole one.
    """

    def __init__(
        self,
        suffixes: bytes = b"\r\n",
        prefix: bytes = b"",
        idle_reset_s: float = 0.5,
        max_length: int = LONGEST_CODE,
    ) -> None:
        if not suffixes:
            raise ValueError("suffixes: a line scanner needs at least one suffix byte")
        if len(prefix) > 1:
            raise ValueError("prefix: one byte or none")
        self._suffixes = suffixes
        self._prefix = prefix
        self._idle_reset_s = idle_reset_s
        self._max_length = max_length
        self._buffer = bytearray()
        self._is_inside = not prefix
        self._is_overlong = False
        self._last_at_s: float | None = None
        self.overlong = 0
        self.abandoned = 0
        self.noise_bytes = 0

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    def feed(self, content: bytes, at_s: float) -> list[Frame]:
        if not content:
            return []
        if self._last_at_s is not None and at_s - self._last_at_s > self._idle_reset_s:
            self.reset()
        self._last_at_s = at_s
        frames = []
        for value in content:
            frame = self._take(value)
            if frame is not None:
                frames.append(frame)
        return frames

    def reset(self) -> None:
        """Forget what was begun (a pause, an unplugged cable)."""
        if self._buffer or self._is_overlong:
            self.abandoned += 1
        self._restart()

    def _take(self, value: int) -> Frame | None:
        if self._prefix and value == self._prefix[0]:
            if self._buffer or self._is_overlong:
                self.abandoned += 1
            self._restart()
            self._is_inside = True
            return None
        if value in self._suffixes:
            return self._end()
        if not self._is_inside:
            self.noise_bytes += 1
        elif self._is_overlong:
            pass  # already over the limit: wait for the suffix without keeping anything
        elif len(self._buffer) >= self._max_length:
            self._buffer.clear()
            self._is_overlong = True
        else:
            self._buffer.append(value)
        return None

    def _end(self) -> Frame | None:
        payload, was_overlong = bytes(self._buffer), self._is_overlong
        self._restart()
        if was_overlong:
            self.overlong += 1
            return None
        if not payload:
            return None  # the LF of a CRLF, or Enter pressed on nothing
        return frame_of(payload)

    def _restart(self) -> None:
        self._buffer.clear()
        self._is_overlong = False
        self._is_inside = not self._prefix
