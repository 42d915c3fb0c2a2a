"""MT-SICS, the command set of Mettler-Toledo's balances, which Ohaus and others speak too.

    ask  S CR LF    the next stable weight           SI CR LF   the weight now, stable or not
         Z CR LF    zero                             T CR LF    tare
    ┌───┬───┬───┬───┬────────────┬───┬──────┬───────┐
    │ S │ ␣ │ S │ ␣ │    100.00  │ ␣ │ g    │ CR LF │   stable          S I   cannot now (busy, no zero yet)
    │   │   │ D │   │  10 wide   │   │ unit │       │   D: dynamic      S +   over      S -   under
    └───┴───┴───┴───┴────────────┴───┴──────┴───────┘   ES  no such command   ET  line error   EL  wrong parameter
The weight is the net one where a tare is set; the reply does not tell which. Line: 9600 8N1.
Source: Mettler-Toledo "Reference Manual, Standard Interface Command Set MT-SICS" for Excellence balances, 2.1, S, SI.
"""

from __future__ import annotations

import re

from devices.scales.reading import UNITS, Reading, ReplyError, Weighing, grams_of

WEIGH = b"S\r\n"
WEIGH_NOW = b"SI\r\n"
ZERO = b"Z\r\n"
LONGEST_REPLY = 64
_WEIGHT = re.compile(rb"S ([SD]) +(-? *[0-9]{1,9}(?:\.[0-9]{0,6})?) +([a-z]{1,3})")
_STATES = {
    b"S I": Reading(Weighing.FAULT, detail="cannot weigh now"),
    b"S +": Reading(Weighing.OVER),
    b"S -": Reading(Weighing.UNDER),
    b"ES": Reading(Weighing.FAULT, detail="does not know the command"),
    b"ET": Reading(Weighing.FAULT, detail="the line garbled the command"),
    b"EL": Reading(Weighing.FAULT, detail="does not take the parameter"),
}


class Feed:
    """feed(bytes) → the readings completed by them. Other lines (`I4 A "…"` after power-on) are passed over."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_overlong = False
        self.garbled = 0

    def feed(self, content: bytes) -> list[Reading]:
        """Weight lines that make no sense are counted in `garbled` and left out."""
        readings = []
        for value in content:
            if value not in b"\r\n":
                if len(self._buffer) < LONGEST_REPLY:
                    self._buffer.append(value)
                else:
                    self._is_overlong = True
                continue
            line, was_overlong = bytes(self._buffer), self._is_overlong
            self._buffer.clear()
            self._is_overlong = False
            if not line or was_overlong:
                self.garbled += was_overlong
                continue
            if line[:2] != b"S " and line not in _STATES:
                continue
            try:
                readings.append(parse(line))
            except ReplyError:
                self.garbled += 1
        return readings


def parse(line: bytes) -> Reading:
    """One line without its CR LF.

    Raises:
        ReplyError: it is no answer to S or SI, or in a unit that is no weight.
    """
    known = _STATES.get(line.rstrip())
    if known is not None:
        return known
    found = _WEIGHT.fullmatch(line.rstrip())
    if found is None:
        raise ReplyError(f"MT-SICS: {line[:30]!r} is no weight")
    unit = found.group(3).decode("ascii")
    if unit not in UNITS:
        raise ReplyError(f"MT-SICS: unit {unit!r}")
    grams = grams_of(found.group(2).replace(b" ", b""), unit)
    if found.group(1) == b"D":
        return Reading(Weighing.MOVING, grams)
    return Reading(Weighing.STABLE, grams, is_zero=grams == 0)
