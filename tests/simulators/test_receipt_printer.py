"""The simulated receipt printer, also asked by python-escpos, which knows nothing of us."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from escpos.printer import Dummy, Network
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simulators.printer_port import Reply
from simulators.receipt_printer import EscPosStream, ReceiptPrinter, commands_of, rasters_of, text_of

CONFIRM = b"\x1dr\x01"


def slip(text: str) -> bytes:
    dummy = Dummy(profile="TM-T20II")
    dummy.hw("INIT")
    dummy.set(align="center", bold=True)
    dummy.text(text + "\n")
    # Dots that look like a cut, a status question and a confirmation.
    image = Image.frombytes("1", (64, 3), b"\x1dV\x00\x10\x04\x01\x1dr" * 3)
    dummy.image(image, impl="bitImageRaster")
    dummy._raw(b"\x1dk\x49\x05{BA-1")
    dummy.cut()
    return bytes(dummy.output) + CONFIRM


FIRST, SECOND = slip("first"), slip("second")


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[ReceiptPrinter]:
    with ReceiptPrinter(tmp_path / "tape") as printer:
        yield printer


def send(printer: ReceiptPrinter, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while chunk := connection.recv(4096):
            said += chunk
    return said


class Recorder(ReceiptPrinter):
    def __init__(self, tape: Path) -> None:
        super().__init__(tape)
        self.commands: list[bytes] = []

    def take_command(self, command: bytes, reply: Reply) -> None:
        self.commands.append(command)


def test_the_tape_has_one_file_a_slip_byte_for_byte(printer: ReceiptPrinter, tmp_path: Path) -> None:
    send(printer, b"\x10\x04\x01" + FIRST + b"\x10\x04\x04" + SECOND)
    printer.wait_for(2)
    assert [path.name for path in sorted((tmp_path / "tape").iterdir())] == ["000001.escpos", "000002.escpos"]
    assert [path.read_bytes() for path in sorted((tmp_path / "tape").iterdir())] == [FIRST, SECOND]


def test_a_slip_without_a_cut_ends_with_its_connection(printer: ReceiptPrinter) -> None:
    send(printer, b"one line\n")
    send(printer, b"another\n")
    assert [job.content for job in printer.wait_for(2)] == [b"one line\n", b"another\n"]


@pytest.mark.parametrize("cut", range(0, len(FIRST) + 1, 3))
def test_commands_do_not_depend_on_where_the_stream_is_cut(tmp_path: Path, cut: int) -> None:
    printer = Recorder(tmp_path)
    stream = EscPosStream(printer, lambda answer: None)
    stream.feed(FIRST[:cut])
    stream.feed(FIRST[cut:])
    assert printer.commands == list(commands_of(FIRST))
    assert b"".join(printer.commands) == FIRST


@settings(deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_taken_and_none_is_lost(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz-receipts"
    whole, split = Recorder(folder), Recorder(folder)
    for printer, parts in ((whole, [b"".join(pieces)]), (split, pieces)):
        stream = EscPosStream(printer, lambda answer: None)
        for part in parts:
            stream.feed(part)
        stream.end()
    assert whole.commands == split.commands
    content = b"".join(pieces)
    assert b"".join(commands_of(content)) == content
    text_of(content)


def test_the_confirmation_comes_after_the_slip(printer: ReceiptPrinter) -> None:
    assert send(printer, FIRST) == b"\x00"


def test_without_paper_the_slip_waits_and_is_not_confirmed(printer: ReceiptPrinter) -> None:
    printer.set_fault("paper_out")
    with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
        connection.sendall(FIRST + b"\x10\x04\x04")
        assert connection.recv(16) == b"\x7e"
        assert printer.jobs == []
        printer.clear_faults()
        assert connection.recv(16) == b"\x00"
    assert [job.content for job in printer.wait_for(1)] == [FIRST]


def test_python_escpos_understands_every_state(printer: ReceiptPrinter) -> None:
    for fault, is_online, paper in (
        (None, True, 2),
        ("paper_near_end", True, 1),
        ("paper_out", False, 0),
        ("head_open", False, 2),
    ):
        printer.clear_faults()
        if fault:
            printer.set_fault(fault)
        with closing(Network("127.0.0.1", printer.port, timeout=5)) as client:
            client.open()
            assert client.is_online() is is_online
            assert client.paper_status() == paper


def test_the_text_of_a_slip_is_read_without_its_layout() -> None:
    assert text_of(FIRST).split() == ["first"]
    dummy = Dummy(profile="TM-T20II")
    dummy.charcode("CP858")
    dummy.text("12 € für René\n")
    assert text_of(dummy.output) == "12 € für René\n"


def test_the_dots_of_a_slip_are_read_back() -> None:
    (raster,) = rasters_of(FIRST)
    assert (raster.width, raster.height) == (64, 3)
    packed = Image.frombytes("L", (64, 3), raster.pixels).convert("1").tobytes()
    assert packed == b"\x1dV\x00\x10\x04\x01\x1dr" * 3
