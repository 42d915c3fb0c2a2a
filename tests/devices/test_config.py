"""Addresses: what is stored is what was meant, and an error names the field."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.config import (
    _PARSERS,
    Address,
    AddressError,
    BrowserAddress,
    CupsAddress,
    EvdevAddress,
    HidrawAddress,
    ListenAddress,
    SerialAddress,
    SimAddress,
    TcpAddress,
    UsbAddress,
    WinspoolAddress,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://127.0.0.1:9100", TcpAddress("127.0.0.1", 9100)),
        ("tcp://printer-3.floor.lan", TcpAddress("printer-3.floor.lan", 9100)),
        ("tcp://[::1]:9101", TcpAddress("::1", 9101)),
        ("tcp://10.0.0.7:4305?proto=sics", TcpAddress("10.0.0.7", 4305, "sics")),
        ("tcp://10.0.0.5:9100?status=9200", TcpAddress("10.0.0.5", 9100, status_port=9200)),
        ("cups://zebra_bench-1", CupsAddress("zebra_bench-1")),
        ("winspool://ZDesigner%20ZD421", WinspoolAddress("ZDesigner ZD421")),
        ("winspool://%5C%5Cpc-3%5Clabels", WinspoolAddress("\\\\pc-3\\labels")),
        ("usb://04b8:0202", UsbAddress("04b8", "0202")),
        ("usb://0x04b8:0x0202?serial=X7-1", UsbAddress("04b8", "0202", "X7-1")),
        ("serial:///dev/ttyUSB0", SerialAddress("/dev/ttyUSB0", 9600, "8N1")),
        (
            "serial:///dev/serial/by-id/a%20b?baud=19200&framing=7E1",
            SerialAddress("/dev/serial/by-id/a b", 19200, "7E1"),
        ),
        ("serial:///dev/ttyACM0?proto=ssi", SerialAddress("/dev/ttyACM0", proto="ssi")),
        ("serial:///dev/ttyS0?proto=ssi&flow=rtscts", SerialAddress("/dev/ttyS0", proto="ssi", flow="rtscts")),
        ("tcp-listen://:9004", ListenAddress(9004)),
        ("tcp-listen://[::1]:9004", ListenAddress(9004, "::1")),
        ("evdev:///dev/input/by-id/a-event-kbd", EvdevAddress("/dev/input/by-id/a-event-kbd")),
        ("evdev:///dev/input/event3?grab=0&layout=de", EvdevAddress("/dev/input/event3", False, "de")),
        ("hidraw://05e0:1900", HidrawAddress(usb_ids="05e0:1900")),
        ("hidraw:///dev/hidraw0?proto=hid-scale", HidrawAddress("/dev/hidraw0", proto="hid-scale")),
        ("sim:///run/floor/scale-1?proto=sics", SimAddress("/run/floor/scale-1", "sics")),
        ("browser://", BrowserAddress()),
    ],
)
def test_an_address_is_read_and_written_back(text: str, address: object) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "scheme"),
        ("http://x", "scheme"),
        ("127.0.0.1:9100", "scheme"),
        ("tcp://", "host"),
        ("tcp://a b", "address"),
        ("tcp://h\n", "address"),
        ("tcp://h:9100#2", "address"),
        ("serial://[/dev/x", "path"),
        ("tcp://h!x:9", "host"),
        ("tcp://h:0", "port"),
        ("tcp://h:99999", "port"),
        ("tcp://h:abc", "port"),
        ("tcp://user:secret@h", "host"),
        ("tcp://h:9100/queue", "path"),
        ("tcp://h:9100?dpi=203", "dpi"),
        ("cups://", "queue"),
        ("cups://-o", "queue"),
        ("cups://a/b", "queue"),
        ("cups://a;b", "queue"),
        ("tcp://h:9100?proto=zpl", "proto"),
        ("winspool://", "queue"),
        ("winspool://a%0Ab", "queue"),
        ("winspool://a%2Cb", "queue"),
        ("winspool://a?port=1", "port"),
        ("usb://", "vendor"),
        ("usb://04B8:0202", "vendor"),
        ("usb://04b8", "product"),
        ("usb://04b8:202", "product"),
        ("usb://04b8:0202?serial=a%20b", "serial"),
        ("usb://04b8:0202?baud=1", "baud"),
        ("tcp://\ud800", "address"),
        ("serial://dev/ttyUSB0", "path"),
        ("serial:///", "path"),
        ("serial:///dev/x?baud=9601", "baud"),
        ("serial:///dev/x?baud=9600&baud=9600", "baud"),
        ("serial:///dev/x?framing=9X9", "framing"),
        ("serial:///dev/x?speed=1", "speed"),
        ("serial:///dev/x?flow=1", "flow"),
        ("serial:///dev/x?baud", "options"),
        ("serial:///dev/x?proto=zpl", "proto"),
        ("tcp-listen://127.0.0.1", "port"),
        ("tcp-listen://h!x:9004", "host"),
        ("evdev:///dev/input/event3?grab=2", "grab"),
        ("evdev:///dev/input/event3?layout=xx", "layout"),
        ("hidraw://05E0:1900", "path"),
        ("hidraw://", "path"),
        ("hidraw://05e0:1900?proto=ssi", "proto"),
        ("sim://scale-1", "path"),
        ("browser://x", "address"),
    ],
)
def test_a_wrong_address_is_refused_by_the_field_that_is_wrong(text: str, field: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_address(text)
    assert refusal.value.field == field
    assert str(refusal.value).startswith(f"{field}: ")


@settings(deadline=None, derandomize=True)
@given(
    st.text(max_size=60) | st.builds("{}://{}".format, st.sampled_from(sorted(_PARSERS)), st.text(max_size=40))
)
def test_any_text_is_an_address_that_round_trips_or_an_address_error(text: str) -> None:
    with contextlib.suppress(AddressError):
        address = parse_address(text)
        assert parse_address(str(address)) == address


_QUEUES = st.text("ABCZabcz 0123456789-._()&%+#\\é中", min_size=1).map(str.strip).filter(bool)


@settings(deadline=None, derandomize=True)
@given(_QUEUES)
def test_whatever_windows_calls_its_queue_comes_back_from_its_address(queue: str) -> None:
    assert parse_address(str(WinspoolAddress(queue))) == WinspoolAddress(queue)


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.from_regex(r"\A[A-Za-z0-9._-]{0,60}\Z"))
def test_whatever_is_plugged_in_comes_back_from_its_address(vendor: int, product: int, serial: str) -> None:
    address = UsbAddress(f"{vendor:04x}", f"{product:04x}", serial)
    assert parse_address(str(address)) == address


hosts = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True), st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)  # fmt: skip
ports = st.integers(1, 65_535)
paths = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40).map("/".__add__)
lines = st.sampled_from(("line", "ssi", "8217", "8217-lb", "sics", "scp01", "scp12"))
reports = st.sampled_from(("hid-pos", "hid-scale"))
usb_ids = st.from_regex("[0-9a-f]{4}:[0-9a-f]{4}", fullmatch=True)
ADDRESSES = st.one_of(
    st.builds(TcpAddress, hosts, ports, lines, st.just(0) | ports),
    st.builds(ListenAddress, ports, hosts, lines),
    st.builds(CupsAddress, st.from_regex("[A-Za-z0-9_.][A-Za-z0-9_.+-]{0,20}", fullmatch=True)),
    st.builds(
        SerialAddress, paths, st.sampled_from((1200, 9600, 115_200)),
        st.from_regex("[78][NEO][12]", fullmatch=True), lines, st.sampled_from(("none", "rtscts", "dsrdtr", "xonxoff")),
    ),
    st.builds(EvdevAddress, paths, st.booleans(), st.sampled_from(("de", "fr", "uk", "us"))),
    st.builds(HidrawAddress, path=paths, proto=reports),
    st.builds(HidrawAddress, usb_ids=usb_ids, proto=reports),
    st.builds(SimAddress, paths, lines | reports),
    st.just(BrowserAddress()),
)  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=400)
@given(ADDRESSES)
def test_whatever_address_is_stored_is_read_as_what_was_meant(address: Address) -> None:
    assert parse_address(str(address)) == address
