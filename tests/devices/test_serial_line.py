"""Printers on a serial line and the scanner on a line, over real pseudo terminals."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.config import SerialAddress
from devices.framing import STX, LineFramer
from devices.protocols import Deadline, DeviceError, ReceiptLevel
from devices.scanners import LineReader, ScanEvent, Scanner
from devices.spooler import PrintJob, deliver
from devices.transports import SerialTransport
from simulators.receipt_printer import ReceiptPrinter
from simulators.serial_scanner import SerialScanner as SimulatedScanner
from simulators.zpl_printer import ZplPrinter

LABEL = b"^XA^FO1,1^FDon a line^FS^XZ"


@contextmanager
def line_to(port: int) -> Iterator[str]:
    """A pseudo terminal whose far end is the printer on `port`."""
    main, line = os.openpty()
    tty.setraw(line)
    stop = threading.Event()
    connection = socket.create_connection(("127.0.0.1", port))

    def carry() -> None:
        while not stop.is_set():
            ready, _, _ = select.select([main, connection], [], [], 0.05)
            if main in ready:
                connection.sendall(os.read(main, 4096))
            if connection in ready and (content := connection.recv(4096)):
                os.write(main, content)

    thread = threading.Thread(target=carry)
    thread.start()
    yield f"serial://{os.ttyname(line)}?baud=115200"
    stop.set()
    thread.join()
    connection.close()
    os.close(main)
    os.close(line)


def test_a_label_over_a_serial_line_is_printed(label_printer: ZplPrinter) -> None:
    with line_to(label_printer.port) as address:
        receipt = deliver(PrintJob("j", address, "zpl", LABEL * 40))
    assert receipt.level is ReceiptLevel.printed
    assert b"".join(job.content for job in label_printer.wait_for(40)) == LABEL * 40


def test_a_slip_over_a_serial_line_is_parsed(receipt_printer: ReceiptPrinter) -> None:
    content = b"\x1b@slip\n\x1dV\x00\x1dr\x01"
    with line_to(receipt_printer.port) as address:
        receipt = deliver(PrintJob("j", address, "escpos", content))
    assert receipt.level is ReceiptLevel.parsed
    assert [job.content for job in receipt_printer.wait_for(1)] == [content]


def test_a_line_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        deliver(PrintJob("j", f"serial://{tmp_path}/nowhere", "zpl", LABEL))
    assert (caught.value.reason, caught.value.transient) == ("unreachable", True)


def test_a_port_that_cannot_be_set_as_asked_says_so(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "scanner") as simulated:  # a pseudo terminal knows no parity
        set_before = SerialTransport(SerialAddress(str(simulated.link)))
        set_before.open(Deadline.after(1))
        set_before.close()
        transport = SerialTransport(SerialAddress(str(simulated.link), framing="7E1"))
        with pytest.raises(DeviceError, match="bad_line_settings") as caught:
            transport.open(Deadline.after(1))
    assert not caught.value.transient


@pytest.mark.parametrize("flow", ["none", "rtscts", "dsrdtr", "xonxoff"])
@pytest.mark.parametrize("framing", ["8N1", "7E1"])
def test_every_flow_control_and_parity_opens_on_a_fresh_line(flow: str, framing: str, tmp_path: Path) -> None:
    main, line = os.openpty()
    transport = SerialTransport(SerialAddress(os.ttyname(line), framing=framing, flow=flow))
    transport.open(Deadline.after(1))
    os.write(main, b"L-A03\r")
    assert transport.read(Deadline.after(5)) == b"L-A03\r"
    transport.close()
    os.close(main)
    os.close(line)


def test_a_printer_that_says_stop_is_a_timeout_and_goes_on_when_it_says_go(tmp_path: Path) -> None:
    main, line = os.openpty()
    tty.setraw(line)
    transport = SerialTransport(SerialAddress(os.ttyname(line), flow="xonxoff"))
    transport.open(Deadline.after(1))
    os.write(main, b"\x13")
    deadline = Deadline.after(5)
    while select.select([], [line], [], 0)[1] and not deadline.is_over():
        time.sleep(0.001)  # the kernel has the stop, but does not obey at once
    with pytest.raises(DeviceError, match="timeout"):
        transport.write(LABEL, Deadline.after(0.1))
    os.write(main, b"\x11")
    transport.write(LABEL, Deadline.after(5))
    said = b""
    while len(said) < len(LABEL):
        said += os.read(main, 4096)
    assert said == LABEL
    os.write(main, b"\x13")
    transport.close()  # held back again: that keeps nobody from closing
    os.close(main)
    os.close(line)


def test_a_line_belongs_to_one_reader(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "scanner") as simulated:
        address = SerialAddress(str(simulated.link))
        first, second = SerialTransport(address), SerialTransport(address)
        first.open(Deadline.after(1))
        with pytest.raises(DeviceError, match="unreachable"):
            second.open(Deadline.after(1))
        first.close()


def test_closing_a_line_whose_cable_was_pulled_raises_nothing(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "scanner") as simulated:
        transport = SerialTransport(SerialAddress(str(simulated.link)))
        transport.open(Deadline.after(1))
        simulated.unplug()
        transport.close()
        transport.close()


def test_a_transport_that_is_not_open_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="not_open"):
        SerialTransport(SerialAddress(str(tmp_path / "x"))).read(Deadline.after(0))


# -- the scanner


@contextmanager
def reader_of(simulated: SimulatedScanner, framer: LineFramer | None = None) -> Iterator[Scanner]:
    scanner = Scanner(SerialAddress(str(simulated.link)), LineReader(framer))
    assert scanner.next_scan(0.01) is None  # opens the line; what is scanned before that is lost, as on real ports
    yield scanner
    scanner.close()


def scan_of(scanner: Scanner) -> ScanEvent:
    event = scanner.next_scan(5)
    assert event is not None
    return event


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n"])
def test_every_pull_is_one_scan_in_order_with_an_id_of_its_own(tmp_path: Path, suffix: bytes) -> None:
    with SimulatedScanner(tmp_path / "scanner", suffix) as simulated, reader_of(simulated) as scanner:
        for code in ("L-A03-07-2-X", "85123A", "85123A"):
            simulated.scan(code)
        events = [scan_of(scanner) for _ in range(3)]
        assert [event.raw for event in events] == [b"L-A03-07-2-X", b"85123A", b"85123A"]
        assert [event.sequence for event in events] == [1, 2, 3]
        assert len({event.scan_id for event in events}) == 3
        assert events[0].occurred_at.utcoffset() is not None
        assert scanner.next_scan(0.01) is None


def test_no_scan_by_the_deadline_is_none(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "scanner") as simulated, reader_of(simulated) as scanner:
        assert scanner.next_scan(0.05) is None
        assert scanner.is_connected


def test_a_scanner_that_is_not_plugged_in_is_unreachable(tmp_path: Path) -> None:
    scanner = Scanner(SerialAddress(str(tmp_path / "nowhere")))
    with pytest.raises(DeviceError, match=r"unreachable: .*nowhere"):
        scanner.next_scan(0.1)
    assert not scanner.is_connected


def test_scans_go_on_after_a_replug_and_half_a_code_is_dropped(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "scanner") as simulated, reader_of(simulated) as scanner:
        simulated.scan("T-000001-A")
        assert scan_of(scanner).raw == b"T-000001-A"
        simulated.send(b"T-0000")
        assert scanner.next_scan(0.05) is None
        simulated.unplug()
        with pytest.raises(DeviceError, match="connection_lost"):
            scanner.next_scan(0.05)
        with pytest.raises(DeviceError, match="unreachable"):
            scanner.next_scan(0.05)
        simulated.plug()
        assert scanner.next_scan(0.05) is None
        simulated.scan("T-000002-B")
        event = scan_of(scanner)
        assert (event.raw, event.sequence) == (b"T-000002-B", 2)


def test_with_a_prefix_noise_on_the_line_is_no_scan(tmp_path: Path) -> None:
    with (
        SimulatedScanner(tmp_path / "scanner", prefix=STX) as simulated,
        reader_of(simulated, LineFramer(prefix=STX)) as scanner,
    ):
        simulated.send(b"noise\r")
        simulated.scan("B-1001-Q")
        assert scan_of(scanner).raw == b"B-1001-Q"
