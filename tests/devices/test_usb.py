"""A receipt printer on USB: python-escpos' own connector over a stand-in for libusb, a simulated printer behind it."""

from __future__ import annotations

import errno
import gc
import socket
import types
from collections.abc import Iterator

import pytest
from escpos.printer import usb as connector

from devices.config import UsbAddress
from devices.printers import EscPosPrinter
from devices.protocols import Deadline, DeviceError, ReceiptLevel
from devices.usb import UsbTransport
from simulators.receipt_printer import ReceiptPrinter

ADDRESS = UsbAddress("04b8", "0202", "X7")


class UsbError(OSError):
    """As pyusb's USBError: an OSError with libusb's number translated."""


class End:
    def __init__(self, address: int, attributes: int = 2) -> None:
        self.bEndpointAddress, self.bmAttributes = address, attributes


class Plugged:
    """A USB device whose bulk endpoints, 0x83 and 0x02, lead to a printer's port."""

    backend = types.SimpleNamespace(__module__="usb.backend.libusb1")

    def __init__(self, port: int) -> None:
        self.ends = [End(0x84, 3), End(0x83), End(0x02)]
        self.line = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.detached = 0

    def is_kernel_driver_active(self, interface: int) -> bool:
        return True

    def detach_kernel_driver(self, interface: int) -> None:
        self.detached += 1

    def set_configuration(self) -> None: ...

    def reset(self) -> None: ...

    def get_active_configuration(self) -> dict[tuple[int, int], list[End]]:
        return {(0, 0): self.ends}

    def write(self, endpoint: int, content: bytes, timeout_ms: int) -> int:
        assert endpoint == 0x02
        assert timeout_ms > 0  # 0 is for ever
        self.line.sendall(content)
        return len(content)

    def read(self, endpoint: int, most: int, timeout_ms: int) -> bytes:
        assert endpoint == 0x83
        self.line.settimeout(timeout_ms / 1000)
        try:
            return self.line.recv(most)
        except TimeoutError as error:
            raise UsbError(errno.ETIMEDOUT, "Operation timed out") from error


class Bus:
    """The module usb: what is plugged in, by the arguments it is looked for with."""

    def __init__(self) -> None:
        self.devices: list[Plugged] = []
        self.refusal: Exception | None = None
        self.asked: list[dict[str, object]] = []
        self.released = 0
        self.core = types.SimpleNamespace(find=self._find, USBError=UsbError)
        self.util = types.SimpleNamespace(dispose_resources=self._release)

    def _find(self, **wanted: object) -> Plugged | None:
        self.asked.append(wanted)
        if self.refusal is not None:
            raise self.refusal
        return self.devices[0] if self.devices else None

    def _release(self, device: Plugged) -> None:
        self.released += 1


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    bus = Bus()
    monkeypatch.setattr(connector, "usb", bus, raising=False)
    monkeypatch.setattr(connector, "_DEP_USB", True)
    yield bus
    gc.collect()  # the connector closes itself at its end, and needs the bus for it


@pytest.fixture
def plugged(bus: Bus, receipt_printer: ReceiptPrinter) -> Iterator[Plugged]:
    device = Plugged(receipt_printer.port)
    bus.devices.append(device)
    with device.line:
        yield device


@pytest.fixture
def opened(plugged: Plugged) -> Iterator[UsbTransport]:
    transport = UsbTransport(ADDRESS)
    transport.open(Deadline.after(5))
    yield transport
    transport.close()


def failure(transport: UsbTransport) -> tuple[str, bool]:
    with pytest.raises(DeviceError) as caught:
        transport.open(Deadline.after(5))
    return caught.value.reason, caught.value.transient


def test_a_slip_over_usb_is_parsed_and_the_printer_let_go(
    bus: Bus, plugged: Plugged, receipt_printer: ReceiptPrinter
) -> None:
    content = b"\x1b@" + b"slip\n" * 3000 + b"\x1dV\x00\x1dr\x01"
    receipt = EscPosPrinter(lambda: UsbTransport(ADDRESS)).submit(content, "j", 20.0)
    assert receipt.level is ReceiptLevel.parsed
    assert [job.content for job in receipt_printer.wait_for(1)] == [content]
    assert bus.asked == [{"serial_number": "X7", "idVendor": 0x04B8, "idProduct": 0x0202}]
    assert (plugged.detached, bus.released) == (1, 1)


def test_a_printer_that_says_nothing_is_a_timeout(opened: UsbTransport) -> None:
    with pytest.raises(DeviceError, match="timeout"):
        opened.read(Deadline.after(0.05))


def test_a_write_that_stalls_is_a_timeout_and_counts_what_may_have_left(
    plugged: Plugged, opened: UsbTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = iter([4096, 100])

    def write(endpoint: int, content: bytes, timeout_ms: int) -> int:
        for count in took:
            return count
        raise UsbError(errno.ETIMEDOUT, "Operation timed out")

    monkeypatch.setattr(plugged, "write", write)
    with pytest.raises(DeviceError, match="timeout"):
        opened.write(bytes(10_000), Deadline.after(1))
    assert opened.sent_bytes == 4096 + 100 + 4096


@pytest.mark.parametrize(
    ("number", "reason", "transient"),
    [
        (errno.ENODEV, "connection_lost", True),
        (errno.EACCES, "no_permission", False),
        (errno.EIO, "connection_lost", True),
    ],
)
def test_an_unplugged_printer_is_lost(
    plugged: Plugged,
    opened: UsbTransport,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    reason: str,
    transient: bool,
) -> None:
    def fail(*_: object) -> int:
        raise UsbError(number, "gone")

    monkeypatch.setattr(plugged, "read", fail)
    monkeypatch.setattr(plugged, "write", fail)
    for call in (lambda: opened.read(Deadline.after(1)), lambda: opened.write(b"x", Deadline.after(1))):
        with pytest.raises(DeviceError) as caught:
            call()
        assert (caught.value.reason, caught.value.transient) == (reason, transient)


def test_what_is_not_plugged_in_is_unreachable(bus: Bus) -> None:
    assert failure(UsbTransport(ADDRESS)) == ("unreachable", True)


def test_a_printer_this_user_may_not_use_says_so(bus: Bus) -> None:
    bus.refusal = UsbError(errno.EACCES, "Access denied (insufficient permissions)")
    assert failure(UsbTransport(ADDRESS)) == ("no_permission", False)


def test_a_machine_without_libusb_says_so(bus: Bus) -> None:
    bus.refusal = ValueError("No backend available")
    assert failure(UsbTransport(ADDRESS)) == ("usb_missing", False)


def test_a_device_that_carries_one_way_only_is_no_printer(bus: Bus, plugged: Plugged) -> None:
    plugged.ends = [End(0x02)]
    assert failure(UsbTransport(ADDRESS)) == ("not_a_printer", False)
    assert bus.released == 1


def test_a_machine_without_pyusb_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "_DEP_USB", False)
    with pytest.raises(DeviceError, match=r"usb_missing: .*python-escpos\[usb\]"):
        UsbTransport(ADDRESS).open(Deadline.after(1))


def test_a_transport_that_is_not_open_says_so() -> None:
    with pytest.raises(DeviceError, match="not_open"):
        UsbTransport(ADDRESS).read(Deadline.after(1))
