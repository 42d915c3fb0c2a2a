"""What scales say: exact grams, one state, whatever the cable does to the bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scales import hid, mettler_8217, mt_sics, scp01
from devices.scales.reading import Reading, ReplyError, Weighing, grams_of
from devices.scales.scale import HidFeed

STABLE, MOVING, OVER, UNDER, FAULT = Weighing

STREAMS: list[tuple[str, Callable[[], Any], bytes, list[Reading]]] = [
    ("8217 weight", mettler_8217.Feed, b"\x0201.250\r", [Reading(STABLE, 1250)]),
    ("8217 pounds", lambda: mettler_8217.Feed("lb"), b"\x0202.50\r", [Reading(STABLE, 1134)]),
    ("8217 net", mettler_8217.Feed, b"\x0200.500N\r", [Reading(STABLE, 500, is_net=True)]),
    ("8217 empty", mettler_8217.Feed, b"\x0200.000\r", [Reading(STABLE, 0, is_zero=True)]),
    ("8217 moving", mettler_8217.Feed, b"\x02?A\r", [Reading(MOVING)]),
    ("8217 over, moving too", mettler_8217.Feed, b"\x02?C\r", [Reading(OVER)]),
    ("8217 under", mettler_8217.Feed, b"\x02?D\r", [Reading(UNDER)]),
    ("8217 bad command at zero", mettler_8217.Feed, b"\x02?P\r",
     [Reading(FAULT, is_zero=True, detail="no weight given")]),
    ("8217 parity left in", mettler_8217.Feed, bytes((0x82, 0x30, 0xB1, 0x2E, 0xB2, 0x8D)), [Reading(STABLE, 1200)]),
    ("8217 two", mettler_8217.Feed, b"noise\x0201.000\r\r\x0202.000\r", [Reading(STABLE, 1000), Reading(STABLE, 2000)]),
    ("SICS stable", mt_sics.Feed, b"S S     100.00 g\r\n", [Reading(STABLE, 100)]),
    ("SICS moving", mt_sics.Feed, b"S D      99.6  g\r\n", [Reading(MOVING, 100)]),
    ("SICS kilograms", mt_sics.Feed, b"S S      1.2345 kg\r\n", [Reading(STABLE, 1234)]),
    ("SICS below zero", mt_sics.Feed, b"S S      -12.0 g\r\n", [Reading(STABLE, -12)]),
    ("SICS states", mt_sics.Feed, b"S +\r\nS -\r\nS I\r\nES\r\n",
     [Reading(OVER), Reading(UNDER), Reading(FAULT, detail="cannot weigh now"),
      Reading(FAULT, detail="does not know the command")]),
    ("SICS after power-on", mt_sics.Feed, b'I4 A "0123456789"\r\nS S 0.0 g\r\n', [Reading(STABLE, 0, is_zero=True)]),
    ("SCP-01 weight", scp01.Feed, b"\n0012.50lb\r\n00\r\x03", [Reading(STABLE, 5670)]),
    ("SCP-01 at zero", scp01.Feed, b"\n0000.00kg\r\n20\r\x03", [Reading(STABLE, 0, is_zero=True)]),
    ("SCP-01 moving", scp01.Feed, b"\n0001.00kg\r\n10\r\x03", [Reading(MOVING, 1000)]),
    ("SCP-01 over", scp01.Feed, b"\n^^^^^^kg\r\n02\r\x03", [Reading(OVER)]),
    ("SCP-01 under", scp01.Feed, b"\n______kg\r\n01\r\x03", [Reading(UNDER)]),
    ("SCP-01 no zero", scp01.Feed, b"\n------kg\r\n00\r\x03", [Reading(FAULT, detail="no first zero")]),
    ("SCP-01 three bytes, net", scp01.Feed, b"\n0001.00kg\r\n0p4\r\x03", [Reading(STABLE, 1000, is_net=True)]),
    ("SCP-01 status only", scp01.Feed, b"\n10\r\x03", [Reading(MOVING)]),
    ("SCP-01 bad command", scp01.Feed, b"\n?\r\x03", [Reading(FAULT, detail="does not know the command")]),
    ("SCP-12 still", lambda: scp01.Feed(is_scp12=True), b"\n0001.00kg\r\n?0\r\x03", [Reading(STABLE, 1000)]),
    ("SCP-12 moving", lambda: scp01.Feed(is_scp12=True), b"\n0001.00kg\r\n>0\r\x03", [Reading(MOVING, 1000)]),
]  # fmt: skip
NAMES = [name for name, *_ in STREAMS]
FEEDS = {"8217": mettler_8217.Feed, "SICS": mt_sics.Feed, "SCP-01": scp01.Feed}


@pytest.mark.parametrize(("new_feed", "stream", "readings"), [stream[1:] for stream in STREAMS], ids=NAMES)
def test_a_reply_means_the_same_wherever_the_line_cuts_it(
    new_feed: Callable[[], Any], stream: bytes, readings: list[Reading]
) -> None:
    assert new_feed().feed(stream) == readings
    for cut in range(len(stream) + 1):
        feed = new_feed()
        assert feed.feed(stream[:cut]) + feed.feed(stream[cut:]) == readings
        assert feed.garbled == 0


@pytest.mark.parametrize("name", FEEDS)
@given(noise=st.binary(max_size=300))
def test_no_noise_breaks_a_scale_and_the_next_reply_is_heard(name: str, noise: bytes) -> None:
    good = {"8217": b"\r\x0201.250\r", "SICS": b"\r\nS S 1250 g\r\n", "SCP-01": b"\x03\n0001.25kg\r\n00\r\x03"}[name]
    feed = FEEDS[name]()
    feed.feed(noise)
    assert feed.feed(good)[-1] == Reading(STABLE, 1250)


@pytest.mark.parametrize("name", FEEDS)
def test_a_reply_without_end_is_given_up(name: str) -> None:
    feed = FEEDS[name]()
    assert feed.feed(b"\x02" + b"1" * 100_000) == []
    assert len(feed._buffer or b"") <= 64


@pytest.mark.parametrize(
    ("name", "stream"),
    [("8217", b"\x02?!\r"), ("8217", b"\x02 12a\r"), ("8217", b"\x0299999999\r"), ("SICS", b"S S 1,00 g\r\n"),
     ("SICS", b"S S 1.0 pcs\r\n"), ("SCP-01", b"\n0001.00kg\r\x03"), ("SCP-01", b"\n0001.00kg\r\n0p\r\x03"),
     ("SCP-01", b"\n0001.00kg\r\nAA\r\x03"), ("SCP-01", b"\n0001.00xx\r\n00\r\x03")],
)  # fmt: skip
def test_what_makes_no_sense_is_counted_and_never_a_weight(name: str, stream: bytes) -> None:
    feed = FEEDS[name]()
    assert (feed.feed(stream), feed.garbled) == ([], 1)


@pytest.mark.parametrize(
    ("report", "reading"),
    [("03 04 02 00 14 00", Reading(STABLE, 20)), ("03 04 0b ff 34 19", Reading(STABLE, 18291)),
     ("03 04 0c fe 2c 01", Reading(STABLE, 1361)), ("03 04 03 fd e8 03", Reading(STABLE, 1000)),
     ("03 02 02 00 00 00", Reading(STABLE, 0, is_zero=True)), ("03 03 02 01 02 00", Reading(MOVING, 20)),
     ("03 05 02 00 00 00", Reading(UNDER)), ("03 06 02 00 00 00", Reading(OVER)),
     ("03 07 02 00 00 00", Reading(FAULT, detail="not calibrated"))],
)  # fmt: skip
def test_a_usb_scale_says_grams_and_state(report: str, reading: Reading) -> None:
    assert hid.parse(bytes.fromhex(report)) == reading


@pytest.mark.parametrize("cut", range(1, hid.REPORT_BYTES))
def test_a_usb_report_that_was_cut_is_no_weight_and_the_next_one_is_read(cut: int) -> None:
    feed, whole = HidFeed(), bytes.fromhex("03 04 02 00 14 00")
    assert [feed.feed(piece) for piece in (whole[:cut], whole[cut:], whole)] == [[], [], [Reading(STABLE, 20)]]
    assert feed.garbled == 2


@given(st.binary(max_size=12))
def test_a_usb_report_is_a_reading_or_refused(report: bytes) -> None:
    with suppress(ReplyError):
        assert isinstance(hid.parse(report), Reading)


@given(st.integers(-50_000, 50_000), st.integers(0, 4))
def test_grams_are_exact(value: int, decimals: int) -> None:
    sign, digits = "-" if value < 0 else "", str(abs(value)).rjust(decimals + 1, "0")
    text = sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)
    milligrams = value * 10 ** (6 - decimals)  # of `text` kilograms
    assert abs(grams_of(text.encode(), "kg") * 1000 - milligrams) <= 500


@pytest.mark.parametrize("number", [b"", b".", b"1.2.3", b"1e3", b"-", b"+-1", b"9" * 30])
def test_a_weight_that_is_no_number_is_refused(number: bytes) -> None:
    with pytest.raises(ReplyError):
        grams_of(number, "kg")


def test_pounds_and_ounces_are_the_exact_ones() -> None:
    assert (grams_of(b"100", "lb"), grams_of(b"1000", "oz"), grams_of(b"0.5", "g"), grams_of(b"1.5", "g")) == (
        45359, 28350, 0, 2,
    )  # fmt: skip
