"""What goes wrong with a receipt printer goes wrong with the simulated one; python-escpos, which knows nothing of us,
prints to it and asks it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from escpos.printer import Network
from PIL import Image

from devices.protocols import DeviceError, ReceiptLevel
from devices.spooler import PrintJob, deliver
from simulators.printer_tape import labels_of
from simulators.receipt_printer import ReceiptPrinter, rasters_of, text_of

SLIP = b"\x1b@one slip\n\x1dV\x00\x1dr\x01"


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[ReceiptPrinter]:
    with ReceiptPrinter(tmp_path / "tape") as printer:
        yield printer


@contextmanager
def connected(printer: ReceiptPrinter) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
        yield connection


def eventually(holds: Callable[[], object], within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def spoilt(printer: ReceiptPrinter) -> list[bool]:
    return [label.is_spoilt for label in labels_of(printer.tape.labels_path)]


def test_python_escpos_prints_text_a_picture_and_a_barcode_and_cuts(printer: ReceiptPrinter) -> None:
    with closing(Network("127.0.0.1", printer.port, timeout=5, profile="TM-T20II")) as client:
        client.open()
        client.set(align="center", bold=True)
        client.text("Packing slip\n")
        client.image(Image.new("1", (64, 24)), impl="bitImageRaster")
        client.barcode("4006381333931", "EAN13", 64, 2, "", "")
        client.qr("https://floor.example/o/1", size=4, native=True)
        client.cut()
        client.text("second\n")
        client.cut()
    first, second = printer.wait_for(2)
    assert "Packing slip" in text_of(first.content)
    assert [(raster.width, raster.height) for raster in rasters_of(first.content)] == [(64, 24)]
    assert text_of(second.content).split() == ["second"]
    assert spoilt(printer) == [False, False]


def test_python_escpos_sees_the_printer_go_offline_and_come_back(printer: ReceiptPrinter) -> None:
    for fault in ("offline", "paused", "head_open"):
        printer.set_fault(fault)
        with closing(Network("127.0.0.1", printer.port, timeout=5)) as client:
            client.open()
            assert client.is_online() is False
        printer.clear_faults()
    with closing(Network("127.0.0.1", printer.port, timeout=5)) as client:
        client.open()
        assert client.is_online() is True


def test_an_offline_printer_gets_no_byte_of_the_slip(printer: ReceiptPrinter) -> None:
    printer.set_fault("offline")
    with pytest.raises(DeviceError, match="offline"):
        deliver(PrintJob("slip-1", printer.address, "escpos", SLIP), 2.0)
    printer.clear_faults()
    assert deliver(PrintJob("slip-1", printer.address, "escpos", SLIP), 5.0).level is ReceiptLevel.parsed
    assert len(printer.jobs) == 1


def test_paper_that_ends_within_a_slip_leaves_it_in_two_pieces(printer: ReceiptPrinter) -> None:
    printer.set_fault("paper_out_within_commands", 4)
    with connected(printer) as connection:
        connection.sendall(SLIP)
        eventually(lambda: printer.has_fault("paper_out"))
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert printer.jobs == []
        printer.clear_faults()
        connection.settimeout(10)
        assert connection.recv(1) == b"\x00"
    assert ([job.content for job in printer.wait_for(1)], spoilt(printer)) == ([SLIP], [True])
    with connected(printer) as connection:
        connection.sendall(SLIP)
        assert connection.recv(1) == b"\x00"
    assert spoilt(printer) == [True, False]


def test_paper_that_ends_within_a_slip_is_uncertain_to_the_driver(printer: ReceiptPrinter) -> None:
    printer.set_fault("paper_out_within_commands", 4)
    with pytest.raises(DeviceError, match="uncertain"):
        deliver(PrintJob("slip-1", printer.address, "escpos", SLIP), 1.0)


def test_a_power_cycle_loses_the_slip_under_way(printer: ReceiptPrinter) -> None:
    printer.set_fault("paper_out_within_commands", 4)
    with connected(printer) as connection:
        connection.sendall(SLIP)
        eventually(lambda: printer.has_fault("paper_out"))
        printer.power_cycle()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    printer.clear_faults()
    with connected(printer) as connection:
        connection.sendall(b"\x1b@two\n\x1dV\x00\x1dr\x01")
        assert connection.recv(1) == b"\x00"
    assert [job.content for job in printer.jobs] == [b"\x1b@two\n\x1dV\x00\x1dr\x01"]
    assert (spoilt(printer), printer.boots) == ([True, False], 2)


def test_it_says_its_status_by_itself_when_it_was_asked_to(printer: ReceiptPrinter) -> None:
    with connected(printer) as connection:
        connection.sendall(b"\x1da\x0f")
        assert connection.recv(4) == b"\x10\x00\x00\x00"
        for fault, said in (
            ("head_open", b"\x38\x00\x00\x00"),
            ("offline", b"\x18\x00\x00\x00"),
            ("paper_near_end", b"\x10\x00\x03\x00"),
            ("paper_out", b"\x18\x00\x0f\x00"),
        ):
            printer.set_fault(fault)
            assert connection.recv(4) == said
            printer.clear_faults()
            assert connection.recv(4) == b"\x10\x00\x00\x00"
        printer.set_fault("drain_bytes_per_s", 50_000)  # of no interest
        connection.sendall(b"\x1da\x00\x1dr\x01")
        assert connection.recv(4) == b"\x00"
        printer.set_fault("head_open")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(4)


def test_only_what_was_asked_for_is_said(printer: ReceiptPrinter) -> None:
    with connected(printer) as connection:
        connection.sendall(b"\x1da\x08")
        assert connection.recv(4) == b"\x10\x00\x00\x00"
        printer.set_fault("offline")
        printer.set_fault("paper_near_end")
        assert connection.recv(8) == b"\x18\x00\x03\x00"


def test_nobody_is_told_what_another_caller_asked_for(printer: ReceiptPrinter) -> None:
    with connected(printer) as connection:
        connection.sendall(b"\x1da\x0f")
        assert connection.recv(4)
    with connected(printer) as connection:
        connection.sendall(b"\x10\x04\x01")
        assert connection.recv(4) == b"\x12"
        printer.set_fault("head_open")
        connection.sendall(b"\x10\x04\x01")
        assert connection.recv(4) == b"\x1a"


def test_garbage_is_no_status(tmp_path: Path) -> None:
    with ReceiptPrinter(tmp_path / "tape", seed=11) as printer:
        printer.set_fault("garbage")
        said = b""
        with connected(printer) as connection:
            for _ in range(20):
                connection.sendall(b"\x10\x04\x01")
                said += connection.recv(1)
        assert len(set(said)) > 10
