"""Events of keys as scanners and people make them, written into a trace one after the other.

Each event has its own time (`at`) and when the page hears of it (`now`), both in ms. Which keys a scanner of one
country presses and what a device of another makes of them comes from the tables of the bench's driver, not the page's.

Source of the shapes: keys of a HID keyboard are told as pressed and let go in reports 1 to 10 ms apart; people type
at 60 to 150 ms a key and hold each for 50 to 130 ms, over the next one as often as not (Dhakal et al., Observations on
Typing from 136 Million Keystrokes, 2018).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from devices.framing import key_events

GS = "\x1d"
_ROWS = ((2, "1234567890", "Digit"), (16, "QWERTYUIOP", "Key"), (30, "ASDFGHJKL", "Key"), (44, "ZXCVBNM", "Key"))
CODES = {first + place: f"{kind}{key}" for first, row, kind in _ROWS for place, key in enumerate(row)} | {
    41: "Backquote", 12: "Minus", 13: "Equal", 26: "BracketLeft", 27: "BracketRight", 39: "Semicolon", 40: "Quote",
    43: "Backslash", 51: "Comma", 52: "Period", 53: "Slash", 86: "IntlBackslash", 57: "Space",
}  # fmt: skip
LAYOUTS = sorted(key_events.LAYOUTS)


@dataclass
class Trace:
    """`scans`: codes pulled, in order. `typed`: what stays in the field. `is_lossy`: some may be refused."""

    name: str
    rules: dict[str, Any] = field(default_factory=dict)
    target: str = "page"  # or "field", "catcher", "button"
    steps: list[dict[str, Any]] = field(default_factory=list)
    scans: list[str] = field(default_factory=list)
    typed: str = ""
    is_lossy: bool = False


@dataclass
class Scanner:
    """How one scanner is set, and how the device in front of it reads its keys."""

    ms: float = 10
    jitter: float = 0.3
    suffix: tuple[str, ...] = ("Enter",)
    prefix: str = ""
    gs: str = "ctrl"
    layout: str = "us"
    host: str = "us"
    caps: str = ""  # "" off, "on" swaps, "minded": on, and the scanner turns its shift round
    has_ups: bool = True
    shows_held: bool = True  # shift and the like are told as keys
    alt_key: bool = False  # reported with every key


class Pen:
    """Writes events into a trace, one after the other."""

    def __init__(self, chance: random.Random, trace: Trace, at: float = 1_000.0) -> None:
        self.chance, self.trace, self.at = chance, trace, at

    def wait(self, ms: float) -> None:
        self.at += ms

    def put(self, what: str, **values: Any) -> None:
        self.trace.steps.append({"what": what, "at": self.at, "now": self.at + 1.0, **values})

    def pull(self, scanner: Scanner, code: str) -> None:
        """A scan; the wait before its first key is the caller's."""
        self.trace.scans.append(code)
        self.keys(scanner, code)

    def keys(self, scanner: Scanner, code: str, is_whole: bool = True) -> None:
        keys: list[str] = [*scanner.prefix, *code, *(scanner.suffix if is_whole else ())]
        for place, key in enumerate(keys):
            if place:
                self.wait(scanner.ms * self.chance.uniform(1 - scanner.jitter, 1 + scanner.jitter))
            self._key(scanner, key)

    def _key(self, scanner: Scanner, key: str) -> None:
        if key == GS:
            self._separator(scanner)
        elif len(key) > 1:
            self._press(scanner, key=key, code=key)
        else:
            self._press(scanner, **read_by(scanner, key))

    def _separator(self, scanner: Scanner) -> None:
        if scanner.gs == "ctrl":
            held = dict(shift=False, ctrl=True)
            if scanner.shows_held:
                self.put("down", key="Control", code="ControlLeft", ctrl=True)
            self._press(scanner, key=_character(scanner.host, 27, False, False) or "Dead", code="BracketRight", **held)
            if scanner.shows_held:
                self.put("up", key="Control", code="ControlLeft")
        elif scanner.gs == "alt":
            self.put("down", key="Alt", code="AltLeft", alt=True)
            for digit in "029":
                self.wait(scanner.ms)
                self.put("down", key=digit, code=f"Numpad{digit}", alt=True)
                self.put("up", key=digit, code=f"Numpad{digit}", alt=True)
            self.wait(scanner.ms)
            self.put("up", key="Alt", code="AltLeft")
        elif scanner.gs == "literal":
            self._press(scanner, key=GS, code="")
        elif scanner.gs == "F8":
            self._press(scanner, key="F8", code="F8")
        elif scanner.gs != "dropped":
            self._press(scanner, **read_by(scanner, scanner.gs))

    def _press(self, scanner: Scanner, **key: Any) -> None:
        key = {"caps": bool(scanner.caps), "alt": scanner.alt_key, **key}
        shifted = key.get("shift") and scanner.shows_held
        if shifted:
            self.put("down", key="Shift", code="ShiftLeft", shift=True)
        self.put("down", **key)
        if scanner.has_ups:
            self.at += (held := min(scanner.ms * 0.2, 4.0))
            self.put("up", **key)
            if shifted:
                self.put("up", key="Shift", code="ShiftLeft")
            self.at -= held

    def type(self, text: str, has_ups: bool = True, style: str = "even") -> None:
        """A person's keys. What they end up as is the caller's to say."""
        free_at = 0.0
        for place, character in enumerate(text):
            if place:
                self.wait(self._step(style, place))
            key = "Enter" if character == "\n" else "Tab" if character == "\t" else character
            self.put("down", key=key, code=place_of(key))
            if has_ups:
                now, held = self.at, self.chance.uniform(50, 130)
                self.at = max(free_at, now + held)
                free_at = self.at
                self.put("up", key=key, code=place_of(key))
                self.at = now

    def _step(self, style: str, place: int) -> float:
        if style == "burst" and place % 6 in (1, 2, 3):
            return self.chance.uniform(28, 60)
        if style == "human":
            return min(400.0, max(45.0, self.chance.lognormvariate(4.6, 0.35)))
        return self.chance.uniform(60, 150)


@cache
def _character(layout: str, place: int, is_shifted: bool, is_alt_graph: bool) -> str:
    plain, shifted, alt_graph = key_events._layout(layout)
    if is_alt_graph:
        return alt_graph.get(place, "")
    return (shifted if is_shifted else plain).get(place, "").strip("\0")


@cache
def _found(layout: str, character: str) -> tuple[int, bool, bool] | None:
    for is_shifted, is_alt_graph in ((False, False), (True, False), (False, True)):
        for place in CODES:
            if _character(layout, place, is_shifted, is_alt_graph) == character:
                return place, is_shifted, is_alt_graph
    return None


def place_of(key: str) -> str:
    found = _found("us", key) if len(key) == 1 else None
    return CODES[found[0]] if found else key


def read_by(scanner: Scanner, character: str) -> dict[str, Any]:
    """The key a scanner of one country presses, as a device of another tells it."""
    found = _found(scanner.layout, character)
    assert found is not None, f"a scanner set to {scanner.layout} has no key for {character!r}"
    place, is_shifted, is_alt_graph = found
    is_letter = _character(scanner.layout, place, False, False).isalpha()
    if scanner.caps == "minded" and is_letter:
        is_shifted = not is_shifted
    reads_letter = _character(scanner.host, place, False, False).isalpha()
    reads_shifted = is_shifted != (bool(scanner.caps) and reads_letter)
    key = _character(scanner.host, place, reads_shifted, is_alt_graph)
    return {"key": key or "Dead", "code": CODES[place], "shift": is_shifted, "altGraph": is_alt_graph}
