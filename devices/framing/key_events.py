"""Key events of a wedge scanner that Linux gives to us alone (evdev, grabbed): codes without a keyboard's guesses.

    struct input_event on a 64-bit kernel, 24 bytes, little end first; a read may be cut anywhere
    ┌─────────────┬──────────────┬─────────┬─────────┬───────────┐
    │ seconds  8  │ microsec.  8 │ type  2 │ code  2 │ value  4  │   type 1 = key; value 1 down, 0 up, 2 repeating
    └─────────────┴──────────────┴─────────┴─────────┴───────────┘
The code is the key's place on the keyboard. Which character it means hangs on the layout the scanner was set to:
`us`, `uk`, `de` or `fr` here. Ctrl+] is the group separator; Enter, keypad Enter and Tab end a code; Alt+digits on
the keypad is a character by its number, as scanners set to "universal" send it.

Owns splitting reads into events, the state of the shift keys, and characters by layout.
Refuses a key that its layout does not know: the code it was in is dropped and counted in `garbled`, never shortened.
Invariant: the frames depend on the events and on pauses longer than the idle gap, never on how reads split the bytes.
Source: Linux Documentation/input/event-codes.rst and include/uapi/linux/input-event-codes.h (numbers of the keys).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType

from devices.framing.lines import LONGEST_CODE, Frame, frame_of

EVENT = struct.Struct("<qqHHi")
_KEY, _DOWN, _UP = 1, 1, 0
_ENTER, _KEYPAD_ENTER, _TAB = 28, 96, 15
_SHIFTS, _CONTROLS, _ALTS, _ALT_GR, _CAPS = (42, 54), (29, 97), (56,), 100, 58
_BRACKET_RIGHT = 27
_MOST_DIGITS = 7
_GROUP_SEPARATOR = "\x1d"
_KEYPAD = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}

# The keys in the order in which the layouts below name them; "\0" where a key gives no character of its own.
_PLACES = (41, *range(2, 14), *range(16, 28), *range(30, 41), 43, *range(44, 54), 86, 57)
_PLAIN = {
    "us": "`1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./\0 ",
    "uk": "`1234567890-=qwertyuiop[]asdfghjkl;'#zxcvbnm,./\\ ",
    "de": "\x001234567890ß\0qwertzuiopü+asdfghjklöä#yxcvbnm,.-< ",
    "fr": "²&é\"'(-è_çà)=azertyuiop\0$qsdfghjklmù*wxcvbn,;:!< ",
}
_SHIFTED = {
    "us": "~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"|ZXCVBNM<>?\0 ",
    "uk": "¬!\"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~ZXCVBNM<>?| ",
    "de": "°!\"§$%&/()=?\0QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_> ",
    "fr": "\x001234567890°+AZERTYUIOP\0£QSDFGHJKLM%µWXCVBN?./§> ",
}
_ALT_GRAPHS = {
    "de": {3: "²", 4: "³", 8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 18: "€", 27: "~", 86: "|", 50: "µ"},
    "fr": {3: "~", 4: "#", 5: "{", 6: "[", 7: "|", 8: "`", 9: "\\", 10: "^", 11: "@", 12: "]", 13: "}", 18: "€"},
    "uk": {5: "€", 41: "¦"},
    "us": {},
}
LAYOUTS = frozenset(_PLAIN)


def _layout(name: str) -> tuple[Mapping[int, str], Mapping[int, str], Mapping[int, str]]:
    plain, shifted = (dict(zip(_PLACES, row[name], strict=True)) for row in (_PLAIN, _SHIFTED))
    return MappingProxyType(plain), MappingProxyType(shifted), MappingProxyType(_ALT_GRAPHS[name])


class KeyEvents:
    """feed(bytes) → complete frames. Time is the events' own: a reader that was late changes nothing."""

    def __init__(self, layout: str = "us", idle_reset_s: float = 0.5) -> None:
        if layout not in LAYOUTS:
            raise ValueError(f"layout: {layout!r} is none of {', '.join(sorted(LAYOUTS))}")
        self._plain, self._shifted, self._alt_graph = _layout(layout)
        self._idle_reset_us = round(idle_reset_s * 1_000_000)
        self._rest = b""
        self._typed: list[str] = []
        self._held: set[int] = set()
        self._is_caps = False
        self._by_number = ""
        self._last_us: int | None = None
        self._is_garbled = False
        self.garbled = 0
        self.abandoned = 0

    def feed(self, content: bytes) -> list[Frame]:
        """Frames completed by these bytes."""
        frames = []
        stream = self._rest + content
        whole = len(stream) - len(stream) % EVENT.size
        self._rest = stream[whole:]
        for seconds, microseconds, kind, code, value in EVENT.iter_unpack(stream[:whole]):
            if kind == _KEY and value in (_DOWN, _UP):
                frame = self._key(code, value == _DOWN, seconds * 1_000_000 + microseconds)
                if frame is not None:
                    frames.append(frame)
        return frames

    def reset(self) -> None:
        """Forget what was begun and which keys are held (an unplugged cable never lets go of them)."""
        if self._typed or self._is_garbled:
            self.abandoned += 1
        self._begin_anew()
        self._held.clear()
        self._rest = b""

    def _key(self, code: int, is_down: bool, at_us: int) -> Frame | None:
        if self._last_us is not None and at_us - self._last_us > self._idle_reset_us and self._typed:
            self.abandoned += 1
            self._begin_anew()
        self._last_us = at_us
        if code in (*_SHIFTS, *_CONTROLS, *_ALTS, _ALT_GR):
            self._modifier(code, is_down)
            return None
        if not is_down:
            return None
        if code == _CAPS:
            self._is_caps = not self._is_caps
            return None
        if code in (_ENTER, _KEYPAD_ENTER, _TAB):
            return self._end()
        if code in _KEYPAD and self._holds(*_ALTS):
            if len(self._by_number) <= _MOST_DIGITS:  # one too many is enough to know that it means none
                self._by_number += _KEYPAD[code]
            return None
        self._take(self._character(code))
        return None

    def _modifier(self, code: int, is_down: bool) -> None:
        if is_down:
            self._held.add(code)
            return
        self._held.discard(code)
        if code in _ALTS and self._by_number:
            # More digits than the highest character has mean none; cut short they would mean another one.
            number, self._by_number = int(self._by_number) if len(self._by_number) <= _MOST_DIGITS else 0, ""
            self._take(chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else None)

    def _character(self, code: int) -> str | None:
        if self._holds(*_CONTROLS) and not self._holds(_ALT_GR):
            return _GROUP_SEPARATOR if code == _BRACKET_RIGHT else None
        if code in _KEYPAD:
            return _KEYPAD[code]
        if self._holds(_ALT_GR):
            return self._alt_graph.get(code)
        is_shifted = self._holds(*_SHIFTS)
        plain = self._plain.get(code, "")
        if self._is_caps and plain.isalpha():
            is_shifted = not is_shifted
        found = (self._shifted if is_shifted else self._plain).get(code, "")
        return found if found not in ("", "\0") else None

    def _take(self, character: str | None) -> None:
        if character is None or len(self._typed) >= LONGEST_CODE:
            self._is_garbled = True
        else:
            self._typed.append(character)

    def _end(self) -> Frame | None:
        text, was_garbled = "".join(self._typed), self._is_garbled
        self._begin_anew()
        if was_garbled:
            self.garbled += 1
            return None
        return frame_of(text.encode("utf-8")) if text else None

    def _begin_anew(self) -> None:
        self._typed.clear()
        self._by_number = ""
        self._is_garbled = False

    def _holds(self, *codes: int) -> bool:
        return any(code in self._held for code in codes)
