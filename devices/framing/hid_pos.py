"""USB scanners in HID POS mode (usage page 0x8C), read from hidraw: no keyboard, no layout, no lost GS.

    byte  0      1       2 3 4    5 … 60          61                62        63
    ┌────────┬────────┬────────┬───────────────┬─────────────────┬──────────┬──────────────────────┐
    │ 02     │ length │ AIM id │ data, padded  │ symbol, further │ reserved │ bit 0: more follows  │
    └────────┴────────┴────────┴───────────────┴─────────────────┴──────────┴──────────────────────┘
A read is a report, of hidraw as of the simulator's socket, and none is ever put together of two reads.
Source: Access-IS LSR118 product manual, appendix B.1 (p. 68); USB-IF "HID Point of Sale Usage Tables" 1.02, 0x8C.
Other report numbers and sizes: unverified, counted in `garbled` and left out.
"""

from __future__ import annotations

import re

from devices.framing.lines import LONGEST_CODE, Frame

REPORT_BYTES = 64
DATA_BYTES = 56
_REPORT, _DATA_AT, _MORE = 2, 5, 0x01
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")


class Reports:
    """feed(one report, at_s) → the code it completes, or None. `at_s` is the reader's monotonic clock at that read.

    The reports of a code come one right after the other: after a pause longer than `idle_reset_s` its rest is lost.
    """

    def __init__(self, idle_reset_s: float = 0.5) -> None:
        self._idle_reset_s = idle_reset_s
        self._last_at_s = 0.0
        self._parts = bytearray()
        self._aim: bytes | None = None
        self.garbled = 0
        self.abandoned = 0

    def feed(self, report: bytes, at_s: float) -> Frame | None:
        """One report as one read of hidraw gives it; a code longer than DATA_BYTES comes in several."""
        if self._aim is not None and at_s - self._last_at_s > self._idle_reset_s:
            # Of the same kind of symbol, the next code would be read as the rest of this one.
            self.abandoned += 1
            self.reset()
        self._last_at_s = at_s
        if len(report) != REPORT_BYTES or report[0] != _REPORT or report[1] > DATA_BYTES:
            self.garbled += 1
            self.reset()
            return None
        aim = report[2:_DATA_AT]
        if self._aim is None:
            self._aim = aim
        elif aim != self._aim:
            # Half of one code must never become the head of another.
            self.garbled += 1
            self.reset()
            self._aim = aim
        self._parts += report[_DATA_AT : _DATA_AT + report[1]]
        if len(self._parts) > LONGEST_CODE:
            self.garbled += 1
            self.reset()
            return None
        if report[-1] & _MORE:
            return None
        payload, aim = bytes(self._parts), self._aim
        self.reset()
        if not payload:
            return None
        return Frame(payload, aim.decode("ascii") if _AIM.fullmatch(aim) else None)

    def reset(self) -> None:
        """Forget what was begun (an unplugged cable)."""
        self._parts.clear()
        self._aim = None
