"""What scanners are told: good, bad, be silent, in the words each of them knows."""

from __future__ import annotations

import pytest

from devices.framing import signals, ssi
from devices.framing.signals import Signal
from devices.framing.ssi import packet


@pytest.mark.parametrize(
    ("kind", "signal", "wire"),
    [("ssi", Signal.DISABLE, packet(0xEA)), ("ssi", Signal.GOOD, ssi.beep(0)),
     ("honeywell", Signal.GOOD, b"\x16\x07\r"),
     ("honeywell", Signal.DISABLE, b""), ("datalogic", Signal.BAD, b"F"), ("none", Signal.BAD, b"")],
)  # fmt: skip
def test_a_scanner_is_told_in_its_own_words(kind: str, signal: Signal, wire: bytes) -> None:
    assert signals.signal_bytes(kind, signal) == wire


def test_good_and_bad_never_sound_alike() -> None:
    for kind in signals.KINDS - {"none"}:
        assert signals.signal_bytes(kind, Signal.GOOD) != signals.signal_bytes(kind, Signal.BAD)


def test_a_kind_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        signals.signal_bytes("symbol", Signal.GOOD)
