"""What a ZPL printer's answers mean."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import zpl
from devices.protocols import PrinterStatus

READY = b"\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"


def status_with(**changes: bytes) -> PrinterStatus:
    first = b"030,0,0,1218,000,0,0,0,000,0,0,0".split(b",")
    second = b"000,0,0,0,0,2,4,0,00000000,1,000".split(b",")
    places = {"b": 1, "c": 2, "eee": 4, "f": 5, "h": 7, "j": 9, "k": 10, "l": 11}
    second_places = {"o": 2, "p": 3, "t": 7, "u": 8}
    for name, value in changes.items():
        if name in places:
            first[places[name]] = value
        else:
            second[second_places[name]] = value
    lines = (b",".join(first), b",".join(second), b"1234,0")
    return zpl.parse_host_status(b"".join(b"\x02" + line + b"\x03\r\n" for line in lines)).printer_status()


def test_a_printer_with_nothing_to_do_is_ready() -> None:
    assert zpl.parse_host_status(READY).printer_status(17) == PrinterStatus("ready", (), 0, 0, 17)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"b": b"1"}, "paper_out"),
        ({"p": b"1"}, "ribbon_out"),
        ({"o": b"1"}, "head_open"),
        ({"c": b"1"}, "paused"),
        ({"f": b"1"}, "buffer_full"),
        ({"j": b"1"}, "ram_corrupt"),
        ({"k": b"1"}, "under_temperature"),
        ({"l": b"1"}, "over_temperature"),
    ],
)
def test_every_fault_holds_the_printer_by_its_name(change: dict[str, bytes], reason: str) -> None:
    assert status_with(**change) == PrinterStatus("held", (reason,), 0, 0)


def test_what_is_pending_makes_it_busy() -> None:
    assert status_with(eee=b"003") == PrinterStatus("busy", (), 3, 0)
    assert status_with(u=b"00000002") == PrinterStatus("busy", (), 0, 2)
    assert status_with(h=b"1").reasons == ("partial_format",)
    assert status_with(t=b"1").reasons == ("label_waiting",)


@pytest.mark.parametrize("cut", range(len(READY)))
def test_the_reply_may_come_in_any_pieces(cut: int) -> None:
    feed = zpl.HostStatusFeed()
    found = [feed.feed(READY[:cut]), feed.feed(READY[cut:])]
    assert [status for status in found if status] == [zpl.parse_host_status(READY)]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        READY[:-12],
        READY.replace(b"030,0", b"030,2"),
        READY.replace(b"1218,000", b"1218,xxx"),
        READY.replace(b",1,000", b",1"),
        b"\x02" * 9,
    ],
)
def test_a_reply_that_is_none_is_refused(reply: bytes) -> None:
    with pytest.raises(zpl.ReplyError):
        zpl.parse_host_status(reply)


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_status_or_refused(content: bytes) -> None:
    with contextlib.suppress(zpl.ReplyError):
        zpl.parse_host_status(content)
    with contextlib.suppress(zpl.ReplyError):
        zpl.parse_odometer(content)
    assert zpl.labels_in(content) >= 0


def test_a_reply_that_never_ends_is_given_up() -> None:
    with pytest.raises(zpl.ReplyError, match="does not end"):
        zpl.HostStatusFeed().feed(b"x" * 5000)


def test_the_odometer_is_a_count_or_unknown() -> None:
    assert zpl.parse_odometer(b'"1234"\r\n') == 1234
    assert zpl.parse_odometer(b'"1234 LABELS"') == 1234
    assert zpl.parse_odometer(b'"?"') is None
    for reply in (b"1234", b'"12,34"', b'"many"'):
        with pytest.raises(zpl.ReplyError):
            zpl.parse_odometer(reply)


@pytest.mark.parametrize(
    ("job", "labels"),
    [
        (b"^XA^FO1,1^FDx^FS^XZ", 1),
        (b"^XA^FDx^FS^PQ3^XZ", 3),
        (b"^XA^FDx^FS^PQ3,0,1,Y^XZ\r\n^XA^GB9,9,9^FS^XZ", 4),
        (b"^XA^PQ^FDx^FS^XZ", 1),
        (b"^XA^MNY^XZ", 0),
        (b"^XA^DFR:A.ZPL^FDx^FS^XZ", 0),
        (b"^XA^FDnever ended", 0),
        (b"~HS", 0),
    ],
)
def test_labels_in_a_job_are_its_formats_times_their_quantity(job: bytes, labels: int) -> None:
    assert zpl.labels_in(job) == labels
