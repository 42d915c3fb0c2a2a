"""Signals back to a scanner that is no Zebra on SSI: good, bad, and be silent.

    Honeywell    SYN BEL CR   16 07 0d   beep                  SYN T CR   16 54 0d   trigger on
                 ESC 4 CR …: the older models' good-read tones; ESC 8: bad
    Datalogic    B  good-read beep     F  long beep: not on file     D  disable     E  enable     (RS-232, a byte each)
Source: Honeywell 2020 user's guide p. 2-13; Datalogic Magellan 9300i product reference guide, appendix E (RS-232
single-byte commands). What a model makes of a command it does not know: unverified, so none is sent unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from devices.framing import ssi


class Signal(StrEnum):
    """What a scanner is to tell the person who holds it."""

    GOOD = "good"
    BAD = "bad"
    DISABLE = "disable"  # until the error is settled nothing can be scanned through it
    ENABLE = "enable"


# An empty answer means: this model has no such command, and the screen alone tells.
_BYTES: Mapping[str, Mapping[Signal, bytes]] = MappingProxyType({
    "ssi": {
        Signal.GOOD: ssi.beep(0),
        Signal.BAD: ssi.beep(0x11),  # three long low ones: nothing on the floor sounds like it
        Signal.DISABLE: ssi.SCAN_DISABLE,
        Signal.ENABLE: ssi.SCAN_ENABLE,
    },
    "honeywell": {Signal.GOOD: b"\x16\x07\r", Signal.BAD: b"\x16\x07\r\x16\x07\r\x16\x07\r"},
    "datalogic": {Signal.GOOD: b"B", Signal.BAD: b"F", Signal.DISABLE: b"D", Signal.ENABLE: b"E"},
    "none": {},
})  # fmt: skip
KINDS = frozenset(_BYTES)


def signal_bytes(kind: str, signal: Signal) -> bytes:
    """What to send to a scanner of this kind; b"" when it cannot be told that way.

    Raises:
        ValueError: no such kind.
    """
    if kind not in _BYTES:
        raise ValueError(f"signals: {kind!r} is none of {', '.join(sorted(KINDS))}")
    return _BYTES[kind].get(signal, b"")
