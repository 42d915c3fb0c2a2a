"""Which driver speaks with which device: one table, type × language × ways, written out.

Owns that table and making a driver from an address. Refuses to guess: what is not in the table is an AddressError that
names the field.
Invariant: nothing here opens anything; the first byte moves when the device is asked something.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from devices.config import (
    Address,
    AddressError,
    BrowserAddress,
    CupsAddress,
    EvdevAddress,
    SerialAddress,
    TcpAddress,
    UsbAddress,
    WinspoolAddress,
    parse_address,
)
from devices.label_printer import ZplPrinter
from devices.patience import PATIENT, Patience
from devices.print_queues import CupsQueue
from devices.printers import EscPosPrinter, QueuePrinter
from devices.protocols import Printer, Transport
from devices.scales.scale import Scale
from devices.scanners import Scanner, reader_for
from devices.transports import SerialTransport, TcpTransport
from devices.usb import UsbTransport
from devices.winspool import WindowsQueue


class DeviceType(StrEnum):
    """What a device is to the floor."""

    SCANNER = "scanner"
    PRINTER = "printer"
    SCALE = "scale"


@dataclass(frozen=True, slots=True)
class Driver:
    """One row: what speaks `language` over any of `schemes`; `words` say it to a person, `examples` are addresses of
    such a device."""

    type: DeviceType
    language: str
    schemes: frozenset[str]
    words: str
    examples: tuple[str, ...]


_LINES = frozenset({"serial", "tcp", "tcp-listen", "sim"})
_ASKED = frozenset({"serial", "tcp", "sim"})
_SCANNER, _PRINTER, _SCALE = DeviceType.SCANNER, DeviceType.PRINTER, DeviceType.SCALE
_BY_ID = "serial:///dev/serial/by-id/usb-…"
DRIVERS: tuple[Driver, ...] = (
    Driver(
        _SCANNER, "line", _LINES, "scanner, a line a code",
        (f"{_BY_ID}?baud=9600&framing=8N1", "tcp://10.0.0.7:9004", "tcp-listen://127.0.0.1:9004"),
    ),
    Driver(
        _SCANNER, "ssi", _LINES, "Zebra scanner on SSI, acknowledged", (f"{_BY_ID}?baud=9600&framing=8N1&proto=ssi",)
    ),
    Driver(
        _SCANNER, "keys", frozenset({"evdev"}), "wedge scanner by its key events",
        ("evdev:///dev/input/by-id/usb-…-event-kbd?grab=1&layout=us",),
    ),
    Driver(_SCANNER, "page", frozenset({"browser"}), "wedge scanner at its station's page", ("browser://",)),
    Driver(
        _SCANNER, "hid-pos", frozenset({"hidraw", "sim"}), "USB scanner in HID POS mode",
        ("hidraw://05e0:1900?proto=hid-pos",),
    ),
    Driver(
        _PRINTER, "zpl", frozenset({"tcp", "serial", "cups", "winspool"}), "label printer on ZPL",
        ("tcp://10.0.0.5:9100", "tcp://10.0.0.5:9100?status=9200", "cups://zebra_bench", "winspool://ZDesigner%20ZD421"),
    ),
    Driver(
        _PRINTER, "escpos", frozenset({"tcp", "serial", "cups", "winspool", "usb"}), "receipt printer on ESC/POS",
        ("tcp://10.0.0.6:9100", "usb://04b8:0202"),
    ),
    Driver(_SCALE, "8217", _ASKED, "scale on Mettler 8217, kilograms", (f"{_BY_ID}?baud=9600&framing=7E1&proto=8217",)),
    Driver(
        _SCALE, "8217-lb", _ASKED, "scale on Mettler 8217, pounds", (f"{_BY_ID}?baud=9600&framing=7E1&proto=8217-lb",)
    ),
    Driver(_SCALE, "sics", _ASKED, "scale on MT-SICS", (f"{_BY_ID}?baud=9600&framing=8N1&proto=sics",)),
    Driver(_SCALE, "scp01", _ASKED, "scale on NCI SCP-01", (f"{_BY_ID}?baud=9600&framing=7E1&proto=scp01",)),
    Driver(_SCALE, "scp12", _ASKED, "scale on NCI SCP-12", (f"{_BY_ID}?baud=9600&framing=7E1&proto=scp12",)),
    Driver(_SCALE, "hid-scale", frozenset({"hidraw", "sim"}), "USB scale", ("hidraw://0922:8003?proto=hid-scale",)),
)  # fmt: skip
LANGUAGES = tuple(driver.language for driver in DRIVERS if driver.type is DeviceType.PRINTER)


def driver_of(kind: DeviceType, address: Address | str, language: str = "") -> Driver:
    """The row for a device at this address; only a printer's language is not in its address.

    Raises:
        AddressError: the table has none: `language` for a printer, `proto` or `scheme` for the others.
    """
    parsed = _parsed(address)
    spoken = language if kind is DeviceType.PRINTER else _spoken_at(parsed)
    rows = [driver for driver in DRIVERS if driver.type is kind and driver.language == spoken]
    if not rows:
        field = "language" if kind is DeviceType.PRINTER else "proto"
        raise AddressError(field, f"{spoken[:40]!r} is no language of a {kind}")
    if parsed.scheme not in rows[0].schemes:
        field = "language" if kind is DeviceType.PRINTER else "scheme"
        raise AddressError(field, f"{spoken} over {parsed.scheme} has no driver")
    return rows[0]


def scanner_at(address: Address | str, signals: str = "", kept: bytes | None = None) -> Scanner:
    """`signals`: whose words it understands, see framing.signals; a Zebra on SSI understands its own. `kept`: see
    scanners.SsiReader.

    Raises:
        AddressError: no scanner is spoken with that way.
    """
    parsed = _parsed(address)
    driver = driver_of(DeviceType.SCANNER, parsed)
    return Scanner(parsed, reader_for(parsed, kept), signals or ("ssi" if driver.language == "ssi" else "none"))


def scale_at(address: Address | str) -> Scale:
    """
    Raises:
        AddressError: no scale is spoken with that way.
    """
    parsed = _parsed(address)
    driver_of(DeviceType.SCALE, parsed)
    return Scale(parsed)


def printer_at(address: Address | str, language: str, patience: Patience = PATIENT) -> Printer:
    """`patience`: how long it is waited for.

    Raises:
        AddressError: no printer of this language is spoken with that way.
    """
    parsed = _parsed(address)
    driver = driver_of(DeviceType.PRINTER, parsed, language)
    if isinstance(parsed, CupsAddress):
        return QueuePrinter(lambda: CupsQueue(parsed))
    if isinstance(parsed, WinspoolAddress):
        return QueuePrinter(lambda: WindowsQueue(parsed))
    if driver.language == "escpos":
        return EscPosPrinter(lambda: transport_to(parsed), patience.status_s)
    beside = None
    if isinstance(parsed, TcpAddress) and parsed.status_port:
        status_address = TcpAddress(parsed.host, parsed.status_port)
        beside = partial(transport_to, status_address)
    times = (patience.status_s, patience.settle_s, patience.partial_s)
    return ZplPrinter(lambda: transport_to(parsed), beside, *times)


def is_conversing(address: Address) -> bool:
    """Whether a printer there can answer; a queue carries jobs one way."""
    return isinstance(address, TcpAddress | SerialAddress | UsbAddress)


def transport_to(address: Address) -> Transport:
    """A connection for one conversation with a printer."""
    if isinstance(address, TcpAddress):
        return TcpTransport(address)
    if isinstance(address, SerialAddress):
        return SerialTransport(address)
    if isinstance(address, UsbAddress):
        return UsbTransport(address)
    raise AddressError("scheme", f"{address.scheme} carries jobs, not a conversation")


def _parsed(address: Address | str) -> Address:
    return parse_address(address) if isinstance(address, str) else address


def _spoken_at(address: Address) -> str:
    if isinstance(address, EvdevAddress):
        return "keys"
    if isinstance(address, BrowserAddress):
        return "page"
    if isinstance(address, CupsAddress | WinspoolAddress | UsbAddress):
        raise AddressError("scheme", f"{address.scheme} is nothing to hear a device from")
    return address.proto

