"""Key events of a grabbed wedge scanner: whole codes, whatever the layout and the reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import Frame
from devices.framing.key_events import EVENT, LAYOUTS, KeyEvents

SHIFT, CONTROL, ALT, ALT_GR, ENTER, CAPS = 42, 29, 56, 100, 28, 58
ROWS = (("1234567890-=", 2), ("qwertyuiop[]", 16), ("asdfghjkl;'", 30), ("zxcvbnm,./", 44))
US = {letter: first + place for row, first in ROWS for place, letter in enumerate(row)}
SIGNS = dict(zip('!@#$%^&*()_+{}:"<>?', [*range(2, 14), 26, 27, 39, 40, 51, 52, 53], strict=True))
SHIFTED_US = {**{letter.upper(): US[letter] for letter in US if letter.isalpha()}, **SIGNS}


class Keyboard:
    """Makes the kernel's bytes of somebody pressing keys, 10 ms apart."""

    def __init__(self) -> None:
        self.at_us = 1_000_000
        self.wire = b""

    def event(self, code: int, value: int, kind: int = 1) -> None:
        self.wire += EVENT.pack(*divmod(self.at_us, 1_000_000), kind, code, value)
        self.wire += EVENT.pack(*divmod(self.at_us, 1_000_000), 0, 0, 0)  # SYN_REPORT

    def press(self, *codes: int) -> Keyboard:
        for code in codes:
            self.at_us += 10_000
            self.event(code, 1)
        for code in reversed(codes):
            self.event(code, 0)
        return self

    def type(self, text: str) -> Keyboard:
        for letter in text:
            if letter == "\x1d":
                self.press(CONTROL, 27)
            elif letter in US:
                self.press(US[letter])
            else:
                self.press(SHIFT, SHIFTED_US[letter])
        return self


def heard(keyboard: Keyboard, layout: str = "us", step: int = 24) -> list[Frame]:
    keys = KeyEvents(layout)
    return [frame for at in range(0, len(keyboard.wire), step) for frame in keys.feed(keyboard.wire[at : at + step])]


@pytest.mark.parametrize("step", [1, 5, 7, 24, 23, 25, 4096])
def test_a_code_of_key_events_does_not_depend_on_the_reads(step: int) -> None:
    keyboard = Keyboard().type("]C10109506000134352\x1d10AbC-7").press(ENTER).type("L-A03-07").press(ENTER)
    assert heard(keyboard, step=step) == [Frame(b"0109506000134352\x1d10AbC-7", "]C1"), Frame(b"L-A03-07")]


def test_caps_lock_turns_letters_round_as_it_does_for_the_screen() -> None:
    assert heard(Keyboard().press(CAPS).type("aB1-").press(ENTER)) == [Frame(b"Ab1-")]


def test_the_same_keys_are_other_characters_on_another_layout() -> None:
    keyboard = Keyboard().type("yz-").press(ENTER)
    assert [heard(keyboard, layout)[0].payload.decode() for layout in ("us", "de", "fr")] == ["yz-", "zyß", "yw)"]
    assert heard(Keyboard().press(ALT_GR, 16).press(ENTER), "de") == [Frame(b"@")]


def test_a_character_by_its_number_on_the_keypad_is_that_character() -> None:
    keyboard = Keyboard()
    keyboard.event(ALT, 1)
    keyboard.press(82).press(80).press(73)  # 0 2 9: the group separator
    keyboard.event(ALT, 0)
    assert heard(keyboard.type("7").press(ENTER)) == [Frame(b"\x1d7")]


def test_a_key_nobody_knows_drops_the_code_it_is_in_and_no_other() -> None:
    keys = KeyEvents()
    keyboard = Keyboard().type("AB").press(200).type("C").press(ENTER).type("D").press(ENTER)
    assert (keys.feed(keyboard.wire), keys.garbled) == ([Frame(b"D")], 1)


def test_half_a_code_is_not_glued_to_the_next_one() -> None:
    keyboard = Keyboard().type("L-A0")
    keyboard.at_us += 2_000_000
    keys = KeyEvents()
    assert keys.feed(keyboard.type("L-B1").press(ENTER).wire) == [Frame(b"L-B1")]
    assert keys.abandoned == 1


def test_a_key_held_when_the_cable_went_is_not_held_any_more() -> None:
    keyboard, keys = Keyboard(), KeyEvents()
    keyboard.event(SHIFT, 1)
    keys.feed(keyboard.wire)
    keys.reset()
    assert keys.feed(Keyboard().type("a").press(ENTER).wire) == [Frame(b"a")]


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@given(noise=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300), st.integers(-1, 3)), max_size=60),
       tail=st.binary(max_size=23))  # fmt: skip
def test_no_keys_break_the_reading_of_keys(layout: str, noise: list[tuple[int, int, int]], tail: bytes) -> None:
    keys = KeyEvents(layout)
    keys.feed(b"".join(EVENT.pack(5, 0, *event) for event in noise) + tail)
    keys.reset()
    # A caps lock that was pressed stays so, as it does on the keyboard itself: digits tell nothing about it.
    code, wire = ("5" if layout != "fr" else "("), Keyboard().press(6).press(ENTER).wire
    assert keys.feed(wire) == [Frame(code.encode())]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading_of_keys(noise: bytes) -> None:
    keys = KeyEvents()
    keys.feed(noise)
    keys.reset()
    assert keys.feed(Keyboard().press(6).press(ENTER).wire) == [Frame(b"5")]
