"""A wedge scanner as Linux shows it: key events through a pipe in the place of /dev/input/event3.

    python -m simulators.wedge_scanner --link ./wedge-1 [--suffix enter|tab|none] [--tape FILE] [--seed 1]
        [--control-port 9113] [--fault-page 9184] [--script FILE]
    (codes on stdin)

Owns which keys a scanner presses for a code on an American keyboard: shift for capitals, Ctrl+] for the group
separator, Alt and the number on the keypad for what has no key. A pipe cannot be grabbed, hence `grab=0`.
Source: Linux include/uapi/linux/input.h (the 24 bytes) and input-event-codes.h (the numbers), read a second time and on
purpose not shared with the driver.
"""

from __future__ import annotations

import argparse
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from simulators.line import PipeLine
from simulators.scanner import Scanned, SimulatedScanner, add_scanner_options, run_scanner

_EVENT = struct.Struct("<qqHHi")
_SYN, _KEY, _MSC, _SCAN = 0, 1, 4, 4
_LEFT_CTRL, _LEFT_SHIFT, _LEFT_ALT, _BRACKET, _UNKNOWN = 29, 42, 56, 27, 240
SUFFIXES = {"enter": (28,), "tab": (15,), "none": ()}
_KEYPAD = {"0": 82, "1": 79, "2": 80, "3": 81, "4": 75, "5": 76, "6": 77, "7": 71, "8": 72, "9": 73}
_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"), (16, "qwertyuiop[]", "QWERTYUIOP{}"), (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"), (57, " ", ""),
)  # fmt: skip


def _keys() -> dict[str, tuple[int, bool]]:
    keys: dict[str, tuple[int, bool]] = {}
    for first, plain, shifted in _ROWS:
        keys.update({character: (first + place, False) for place, character in enumerate(plain)})
        keys.update({character: (first + place, True) for place, character in enumerate(shifted)})
    return keys


KEYS = _keys()


class WedgeScanner(SimulatedScanner):
    """`link` is the pipe a reader opens. `suffix`: the keys after a code."""

    TITLE = "Wedge scanner (key events)"
    NUMBERS: Mapping[str, str] = {
        **SimulatedScanner.NUMBERS,
        "garbage": "a key that no keyboard has within each of the next N codes",
    }

    def __init__(
        self, link: Path | str, suffix: str = "enter", tape_file: Path | None = None, seed: int = 0
    ) -> None:  # fmt: skip
        super().__init__(PipeLine(link), tape_file, seed)
        self._suffix = SUFFIXES[suffix]

    @property
    def address(self) -> str:
        return f"evdev://{self.link}?grab=0&layout=us"

    def scan(self, code: str | bytes, timeout_s: float = 5.0) -> Scanned:
        content = self.code_bytes(code)
        keys = [press for character in content.decode("utf-8") for press in _presses(character)]
        outcome, sends = "sent", 1
        if self.uses_up("garbage"):
            keys.insert(self.chance.randint(0, len(keys)), (_UNKNOWN,))
        if self.uses_up("half"):
            outcome, keys = "cut", keys[: max(1, len(keys) // 2)]
        else:
            keys += [(code,) for code in self._suffix]
            if self.uses_up("bounce"):
                keys, sends = keys * 2, 2
        for press in keys:
            self.line.write(b"".join(_events(press)), timeout_s)
            if self.delay_s:
                time.sleep(self.delay_s)
        scanned = self.begun(content)
        scanned.sends = sends
        self.settle(scanned, outcome)
        self.happened()
        return scanned


def _presses(character: str) -> list[tuple[int, ...]]:
    """Keys held together, the last one struck while the others are held; Alt takes several, one after the other."""
    if character == "\x1d":
        return [(_LEFT_CTRL, _BRACKET)]
    key = KEYS.get(character)
    if key is not None:
        return [(_LEFT_SHIFT, key[0]) if key[1] else (key[0],)]
    return [(_LEFT_ALT, *(_KEYPAD[digit] for digit in str(ord(character))))]


def _events(press: tuple[int, ...]) -> Iterator[bytes]:
    """Down and up as a keyboard sends them: each key with its scan code before and a report after it."""
    held, struck = (press[:1], press[1:]) if len(press) > 1 else ((), press)
    strokes = [(code, 1) for code in held]
    strokes += [(code, value) for code in struck for value in (1, 0)]
    strokes += [(code, 0) for code in reversed(held)]
    seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
    for code, value in strokes:
        yield _EVENT.pack(seconds, microseconds, _MSC, _SCAN, 0x70000 + code)
        yield _EVENT.pack(seconds, microseconds, _KEY, code, value)
        yield _EVENT.pack(seconds, microseconds, _SYN, 0, 0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.wedge_scanner", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--suffix", choices=sorted(SUFFIXES), default="enter", help="the key after a code")
    add_scanner_options(parser)
    options = parser.parse_args(arguments)
    scanner = WedgeScanner(options.link, options.suffix, options.tape, options.seed)
    return run_scanner(scanner, "wedge scanner", options)


if __name__ == "__main__":
    sys.exit(main())
