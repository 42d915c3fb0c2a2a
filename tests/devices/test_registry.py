"""The table of drivers: what can be spoken with, what cannot, and that making a driver opens nothing."""

from __future__ import annotations

import pytest

from devices.config import AddressError, CupsAddress, UsbAddress, parse_address
from devices.registry import (
    DRIVERS,
    LANGUAGES,
    DeviceType,
    Driver,
    driver_of,
    printer_at,
    scale_at,
    scanner_at,
    transport_to,
)

NOWHERE = {
    "tcp": "tcp://127.0.0.1:1",
    "tcp-listen": "tcp-listen://127.0.0.1:1",
    "serial": "serial:///dev/nowhere",
    "sim": "sim:///dev/nowhere",
    "evdev": "evdev:///dev/nowhere",
    "hidraw": "hidraw:///dev/nowhere",
    "cups": "cups://nowhere",
    "winspool": "winspool://nowhere",
    "usb": "usb://04b8:0202",
    "browser": "browser://",
}
ROWS = [(driver, scheme) for driver in DRIVERS for scheme in sorted(driver.schemes)]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.language)
def test_every_row_has_examples_and_they_are_addresses_of_it(driver: Driver) -> None:
    assert driver.examples
    for example in driver.examples:
        assert driver_of(driver.type, example, driver.language) is driver


@pytest.mark.parametrize(("driver", "scheme"), ROWS, ids=lambda value: getattr(value, "language", value))
def test_every_row_makes_its_driver_from_an_address_where_nothing_is(driver: object, scheme: str) -> None:
    row = next(row for row in DRIVERS if row is driver)
    address = NOWHERE[scheme]
    if row.type is DeviceType.PRINTER:
        assert printer_at(address, row.language) is not None
        assert driver_of(row.type, address, row.language) is row
        return
    has_proto = row.language not in ("keys", "line", "page")
    spoken = parse_address(f"{address}?proto={row.language}" if has_proto else address)
    assert driver_of(row.type, spoken) is row
    make = scanner_at if row.type is DeviceType.SCANNER else scale_at
    if scheme == "browser":
        with pytest.raises(AddressError, match="its station's page hears"):
            make(spoken)
        return
    assert make(spoken) is not None


def test_no_two_rows_are_about_the_same() -> None:
    pairs = [(row.type, row.language, scheme) for row, scheme in ROWS]
    assert len(set(pairs)) == len(pairs)
    assert LANGUAGES == ("zpl", "escpos")


@pytest.mark.parametrize(
    ("kind", "address", "language", "field"),
    [
        (DeviceType.PRINTER, "tcp://127.0.0.1", "tspl", "language"),
        (DeviceType.PRINTER, "usb://04b8:0202", "zpl", "language"),
        (DeviceType.PRINTER, "evdev:///dev/input/event3", "zpl", "language"),
        (DeviceType.SCANNER, "serial:///dev/ttyS0?proto=sics", "", "proto"),
        (DeviceType.SCANNER, "cups://labels", "", "scheme"),
        (DeviceType.SCALE, "browser://", "", "proto"),
        (DeviceType.SCALE, "serial:///dev/ttyS0", "", "proto"),
        (DeviceType.SCALE, "tcp-listen://:9004?proto=sics", "", "scheme"),
        (DeviceType.SCALE, "hidraw://05e0:1900", "", "proto"),
    ],
)
def test_what_is_not_in_the_table_is_refused_by_the_field_that_is_wrong(
    kind: DeviceType, address: str, language: str, field: str
) -> None:
    with pytest.raises(AddressError) as refusal:
        driver_of(kind, address, language)
    assert refusal.value.field == field


def test_a_print_queue_is_no_conversation_and_a_usb_printer_is() -> None:
    with pytest.raises(AddressError, match="scheme"):
        transport_to(CupsAddress("q"))
    assert not transport_to(UsbAddress("04b8", "0202")).can_half_close
