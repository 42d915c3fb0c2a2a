"""NCI / SCP-01, spoken by Weigh-Tronix, Avery, Brecknell and their likes.

    ask  W CR                                      S CR  status only                       Z CR  zero
    ┌────┬────────────┬────┬────┬────┬─────────┬────┬─────┐     ┌────┬─────────┬────┬─────┐
    │ LF │ xxxx.xx    │ uu │ CR │ LF │ hh (h…) │ CR │ ETX │     │ LF │ hh (h…) │ CR │ ETX │
    │ 0a │ 6+ wide    │ lb │ 0d │ 0a │ status  │ 0d │ 03  │     │ 0a │         │ 0d │ 03  │
    └────┴────────────┴────┴────┴────┴─────────┴────┴─────┘     └────┴─────────┴────┴─────┘
    bit      6               5 4      3                2            1               0
    first    0               1 1      EEPROM error     RAM error    at zero         in motion
    second   a third follows 1 1      not calibrated   ROM error    over capacity   under capacity
    third    another follows 1 1      no first zero    net          range           range
A weight field full of ^ says over, of _ under, of - no zero. Line: 9600 7E1.
Source: NCI 6702 user manual p. 14; Avery Weigh-Tronix 7821 user instructions 6.3. SCP-12 turns the four low bits of
the first byte round (0 = in motion): Global Industrial stainless steel drum scale manual p. 25, hence `is_scp12`.
"""

from __future__ import annotations

import re

from devices.scales.reading import UNITS, Reading, ReplyError, Weighing, grams_of

WEIGH = b"W\r"
STATUS = b"S\r"
ZERO = b"Z\r"
LONGEST_REPLY = 64
_ETX = 0x03
_WEIGHT = re.compile(rb" *(-? *[0-9]{1,8}(?:\.[0-9]{0,6})?) *([a-zA-Z]{1,2}) *")
_FILLED = re.compile(rb" *([\^_-])\1{3,} *[a-zA-Z]{0,2} *")
_FIXED_MASK, _FIXED, _MORE = 0x30, 0x30, 0x40


class Feed:
    """feed(bytes) → the readings completed by them. `is_scp12`: the model's first status byte is turned round."""

    def __init__(self, is_scp12: bool = False) -> None:
        self._is_scp12 = is_scp12
        self._buffer = bytearray()
        self._is_overlong = False
        self.garbled = 0

    def feed(self, content: bytes) -> list[Reading]:
        """Replies that make no sense are counted in `garbled` and left out."""
        readings = []
        for value in content:
            value &= 0x7F  # parity, where the port leaves it in
            if value != _ETX:
                if len(self._buffer) < LONGEST_REPLY:
                    self._buffer.append(value)
                else:
                    self._is_overlong = True
                continue
            reply, was_overlong = bytes(self._buffer), self._is_overlong
            self._buffer.clear()
            self._is_overlong = False
            try:
                if was_overlong:
                    raise ReplyError("SCP-01: a reply that does not end")
                readings.append(parse(reply, self._is_scp12))
            except ReplyError:
                self.garbled += 1
        return readings


def parse(reply: bytes, is_scp12: bool = False) -> Reading:
    """What stands before ETX.

    Raises:
        ReplyError: its status is missing or lacks its fixed bits, or its weight is none.
    """
    lines = [line for line in re.split(rb"[\r\n]+", reply) if line.strip()]
    if lines == [b"?"]:
        return Reading(Weighing.FAULT, detail="does not know the command")
    if not 1 <= len(lines) <= 2:
        raise ReplyError(f"SCP-01: {len(lines)} lines instead of weight and status")
    status = _status(lines[-1], is_scp12)
    weight = lines[0] if len(lines) == 2 else None
    filled = _FILLED.fullmatch(weight) if weight is not None else None
    for word, holds in (
        ("RAM error", status.has_ram_error), ("EEPROM error", status.has_eeprom_error),
        ("ROM error", status.has_rom_error), ("not calibrated", status.is_uncalibrated),
        ("no first zero", status.lacks_first_zero or (filled is not None and filled.group(1) == b"-")),
    ):  # fmt: skip
        if holds:
            return Reading(Weighing.FAULT, detail=word)
    if status.is_over or (filled is not None and filled.group(1) == b"^"):
        return Reading(Weighing.OVER)
    if status.is_under or (filled is not None and filled.group(1) == b"_"):
        return Reading(Weighing.UNDER)
    grams = _grams(weight) if weight is not None else None
    if status.is_moving:
        return Reading(Weighing.MOVING, grams, status.is_net)
    if grams is None:
        return Reading(Weighing.FAULT, is_zero=status.is_zero, detail="no weight given")
    return Reading(Weighing.STABLE, grams, status.is_net, status.is_zero)


class _Status:
    def __init__(self, first: int, second: int, third: int) -> None:
        self.is_moving, self.is_zero = bool(first & 1), bool(first & 2)
        self.has_ram_error, self.has_eeprom_error = bool(first & 4), bool(first & 8)
        self.is_under, self.is_over = bool(second & 1), bool(second & 2)
        self.has_rom_error, self.is_uncalibrated = bool(second & 4), bool(second & 8)
        self.is_net, self.lacks_first_zero = bool(third & 4), bool(third & 8)


def _status(line: bytes, is_scp12: bool) -> _Status:
    status = line.strip()
    if len(status) < 2:
        raise ReplyError(f"SCP-01: status {status[:10]!r} instead of two bytes")
    if any(value & _FIXED_MASK != _FIXED for value in status) or status[0] & _MORE:
        raise ReplyError(f"SCP-01: status {status[:10]!r} lacks its fixed bits")
    if any(bool(value & _MORE) != (place < len(status) - 1) for place, value in enumerate(status) if place):
        raise ReplyError(f"SCP-01: status {status[:10]!r} announces more bytes than came, or fewer")
    first = status[0] ^ 0x0F if is_scp12 else status[0]
    return _Status(first, status[1], status[2] if len(status) > 2 else 0)


def _grams(weight: bytes) -> int:
    found = _WEIGHT.fullmatch(weight)
    if found is None:
        raise ReplyError(f"SCP-01: {weight[:20]!r} is no weight")
    unit = found.group(2).decode("ascii").lower()
    if unit not in UNITS:
        raise ReplyError(f"SCP-01: unit {unit!r}")
    return grams_of(found.group(1).replace(b" ", b""), unit)
