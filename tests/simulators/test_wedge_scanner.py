"""The simulated wedge scanner presses the keys a reader of key events needs for the very code."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.framing.key_events import KeyEvents
from simulators.wedge_scanner import KEYS, WedgeScanner
from tests.simulators.readers import eventually, reading

PRINTABLE = "".join(chr(value) for value in range(0x20, 0x7F))


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[WedgeScanner]:
    with WedgeScanner(tmp_path / "by-id" / "event-kbd", seed=3) as simulated:
        yield simulated


def test_every_printable_character_has_its_key() -> None:
    assert set(KEYS) == set(PRINTABLE)


def test_the_driver_reads_what_was_scanned(simulated: WedgeScanner) -> None:
    with reading(simulated) as reader:
        codes = [PRINTABLE, "01095060001343\x1d10ABC", "Größe 中", "T-000123-K"]
        for code in codes:
            simulated.scan(code)
        eventually(lambda: len(reader.events) == len(codes))
        assert reader.raws == [code.encode() for code in codes] == [scanned.code for scanned in simulated.tape]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12))
def test_any_text_comes_through_the_keys(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    link = tmp_path_factory.getbasetemp() / "wedge-any"
    with WedgeScanner(link) as simulated:
        pipe = os.open(link, os.O_RDONLY | os.O_NONBLOCK)
        try:
            simulated.scan(text)
            frames = KeyEvents("us").feed(os.read(pipe, 1 << 16))
        finally:
            os.close(pipe)
    whole = b"".join((frame.aim or "").encode() + frame.payload for frame in frames)
    assert whole == text.encode()


def test_the_frames_are_those_of_the_kernel(simulated: WedgeScanner) -> None:
    pipe = os.open(simulated.link, os.O_RDONLY | os.O_NONBLOCK)
    try:
        simulated.scan("A")
        events = [event[2:] for event in struct.iter_unpack("<qqHHi", os.read(pipe, 4096))]
    finally:
        os.close(pipe)
    keys = [event[1:] for event in events if event[0] == 1]
    assert keys == [(42, 1), (30, 1), (30, 0), (42, 0), (28, 1), (28, 0)]
    assert events[:3] == [(4, 4, 0x70000 + 42), (1, 42, 1), (0, 0, 0)]


def test_a_bounce_is_read_twice_and_a_strange_key_spoils_the_code_it_is_in(simulated: WedgeScanner) -> None:
    with reading(simulated) as reader:
        simulated.set_fault("garbage", 1)
        simulated.scan("T-1")
        simulated.set_fault("bounce", 1)
        simulated.scan("T-2")
        simulated.scan("T-3")
        eventually(lambda: len(reader.events) == 3)
        assert reader.raws == [b"T-2", b"T-2", b"T-3"]
        assert [scanned.sends for scanned in simulated.tape] == [1, 2, 1]


def test_half_a_code_before_an_unplug_is_not_glued_to_the_next(simulated: WedgeScanner) -> None:
    with reading(simulated) as reader:
        simulated.set_fault("half", 1)
        assert simulated.scan("T-000123-K").outcome == "cut"
        simulated.unplug()
        eventually(lambda: not reader.scanner.is_connected)
        simulated.plug()
        eventually(lambda: reader.scanner.is_connected)
        simulated.scan("T-2")
        eventually(lambda: reader.events)
        assert reader.raws == [b"T-2"]
