"""Mettler-Toledo 8217: asked with one letter, answers with a weight or with what keeps it from one.

    ask  W                       weigh          Z  zero
    ┌─────┬────────────────┬─────────┬────┐     ┌─────┬───┬────────┬────┐
    │ STX │ dd.ddd         │ N?      │ CR │     │ STX │ ? │ status │ CR │
    │ 02  │ 30 31 2e 32 …  │ 4e: net │ 0d │     │ 02  │ 3f│ 4x/5x… │ 0d │
    └─────┴────────────────┴─────────┴────┘     └─────┴───┴────────┴────┘
    status bit  6       5     4             3                   2            1               0
                always  net   centre of     outside the zero    under zero   over capacity   in motion
                1             zero          capture range
The unit is a setting of the scale and is not sent: whoever opens the port says whether it is lb or kg. Line: 9600 7E1.
Source: Mettler Toledo DIVA service manual 6.1.4.3 "Status Byte Format" (PSC Magellan 8500 service manual p. 45).
Some scales of other makers send bit 5 as always 1 (Global Industrial stainless steel drum scale manual p. 25): there
"net" would be said of every refusal, so it is read off the N behind a weight only.
"""

from __future__ import annotations

import re

from devices.scales.reading import Reading, ReplyError, Weighing, grams_of

WEIGH = b"W"
ZERO = b"Z"
LONGEST_REPLY = 32
_STX, _CR = 0x02, 0x0D
_WEIGHT = re.compile(rb" *(-?[0-9]{1,7}(?:\.[0-9]{0,4})?) *(N?)")
_MOTION, _OVER, _UNDER, _CENTRE, _ALWAYS = 0x01, 0x02, 0x04, 0x10, 0x40


class Feed:
    """feed(bytes) → the readings completed by them. `unit` is what the scale is set to: lb or kg."""

    def __init__(self, unit: str = "kg") -> None:
        if unit not in ("kg", "lb"):
            raise ValueError(f"unit: an 8217 weighs in kg or lb, not {unit!r}")
        self._unit = unit
        self._buffer: bytearray | None = None
        self.garbled = 0

    def feed(self, content: bytes) -> list[Reading]:
        """Replies that make no sense are counted in `garbled` and left out: asking again costs nothing."""
        readings = []
        for value in content:
            value &= 0x7F  # parity, where the port leaves it in
            if value == _STX:
                self._buffer = bytearray()
            elif self._buffer is None:
                continue
            elif value == _CR:
                reply, self._buffer = bytes(self._buffer), None
                try:
                    readings.append(parse(reply, self._unit))
                except ReplyError:
                    self.garbled += 1
            elif len(self._buffer) < LONGEST_REPLY:
                self._buffer.append(value)
            else:
                self._buffer = None
                self.garbled += 1
        return readings


def parse(reply: bytes, unit: str) -> Reading:
    """What stands between STX and CR.

    Raises:
        ReplyError: neither a weight nor a status.
    """
    if len(reply) == 2 and reply[:1] == b"?":
        return _refused(reply[1])
    found = _WEIGHT.fullmatch(reply)
    if found is None:
        raise ReplyError(f"8217: {reply[:20]!r} is neither a weight nor a status")
    grams = grams_of(found.group(1), unit)
    return Reading(Weighing.STABLE, grams, is_net=bool(found.group(2)), is_zero=grams == 0)


def _refused(status: int) -> Reading:
    if not status & _ALWAYS:
        raise ReplyError(f"8217: status {status:#04x} lacks its fixed bit")
    if status & _OVER:
        return Reading(Weighing.OVER)
    if status & _UNDER:
        return Reading(Weighing.UNDER)
    if status & _MOTION:
        return Reading(Weighing.MOVING)
    # Still, within its range and all the same without a weight: it did not take the question.
    return Reading(Weighing.FAULT, is_zero=bool(status & _CENTRE), detail="no weight given")
