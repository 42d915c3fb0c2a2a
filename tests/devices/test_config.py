"""Addresses: what is stored is what was meant, and an error names the field."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.config import AddressError, CupsAddress, SerialAddress, TcpAddress, parse_address
from devices.registry import LANGUAGES, PRINTERS, printer_at, transport_to


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://127.0.0.1:9100", TcpAddress("127.0.0.1", 9100)),
        ("tcp://printer-3.floor.lan", TcpAddress("printer-3.floor.lan", 9100)),
        ("tcp://[::1]:9101", TcpAddress("::1", 9101)),
        ("cups://zebra_bench-1", CupsAddress("zebra_bench-1")),
        ("serial:///dev/ttyUSB0", SerialAddress("/dev/ttyUSB0", 9600, "8N1")),
        (
            "serial:///dev/serial/by-id/a%20b?baud=19200&framing=7E1",
            SerialAddress("/dev/serial/by-id/a b", 19200, "7E1"),
        ),
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
        ("serial://dev/ttyUSB0", "path"),
        ("serial:///", "path"),
        ("serial:///dev/x?baud=9601", "baud"),
        ("serial:///dev/x?baud=9600&baud=9600", "baud"),
        ("serial:///dev/x?framing=9X9", "framing"),
        ("serial:///dev/x?speed=1", "speed"),
        ("serial:///dev/x?baud", "options"),
    ],
)
def test_a_wrong_address_is_refused_by_the_field_that_is_wrong(text: str, field: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_address(text)
    assert refusal.value.field == field
    assert str(refusal.value).startswith(f"{field}: ")


@settings(deadline=None, derandomize=True)
@given(
    st.text(max_size=60) | st.builds("{}://{}".format, st.sampled_from(["tcp", "cups", "serial"]), st.text(max_size=40))
)
def test_any_text_is_an_address_that_round_trips_or_an_address_error(text: str) -> None:
    with contextlib.suppress(AddressError):
        address = parse_address(text)
        assert parse_address(str(address)) == address


def test_every_pair_in_the_table_makes_a_driver_without_opening_anything() -> None:
    addresses = {"tcp": "tcp://127.0.0.1:1", "cups": "cups://nowhere", "serial": "serial:///dev/nowhere"}
    assert {language for _, language in PRINTERS} == set(LANGUAGES)
    for scheme, language in PRINTERS:
        assert printer_at(addresses[scheme], language) is not None


def test_a_language_without_a_driver_is_refused() -> None:
    with pytest.raises(AddressError, match="tspl"):
        printer_at("tcp://127.0.0.1", "tspl")


def test_a_cups_queue_is_no_conversation() -> None:
    with pytest.raises(AddressError, match="scheme"):
        transport_to(CupsAddress("q"))
