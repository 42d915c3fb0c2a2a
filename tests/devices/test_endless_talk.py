"""A device that talks without end: every call is over at its deadline all the same, and keeps no more than it needs."""

from __future__ import annotations

import os
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from devices import transports
from devices.config import ListenAddress, SerialAddress, TcpAddress, UsbAddress
from devices.protocols import Deadline, DeviceError, PrinterStatus
from devices.scanner_transports import StreamTransport
from devices.scanners import Scanner
from devices.transports import SerialTransport, TcpTransport
from devices.usb import UsbTransport
from devices.zpl_conversation import Conversation

HOST = b"\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
LATE_S = 5.0  # a hang lasts for ever; this is only how long a busy machine may take
SHORT_S = 0.15


@contextmanager
def talker(first: bytes = b"") -> Iterator[TcpAddress]:
    """A port that says `first`, then noise for ever."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        with suppress(OSError):
            caller, _ = server.accept()
            with caller:
                caller.settimeout(1)
                caller.sendall(first)
                while not over.is_set():
                    caller.sendall(b"x" * 512)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield TcpAddress("127.0.0.1", server.getsockname()[1])
    finally:
        over.set()
        server.close()
        thread.join(LATE_S)
    assert not thread.is_alive()


def ends_in_time(call: Callable[[], object]) -> object:
    """What it gives; a call that is not over long after its deadline fails here instead of hanging the run."""
    said: list[object] = []

    def run() -> None:
        try:
            said.append(call())
        except DeviceError as error:
            said.append(error.reason)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LATE_S)
    assert said, "not over long after its deadline"
    return said[0]


class EndlessSocket:
    """Its other end talks quicker than it is heard, and takes a byte at a time."""

    def settimeout(self, seconds: float) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...

    def recv(self, most: int) -> bytes:
        return b"x" * 512

    def send(self, content: object) -> int:
        return 1


@pytest.mark.parametrize(
    "call",
    [lambda transport: transport.finish(Deadline.after(SHORT_S)),
     lambda transport: transport.write(b"x" * 50_000_000, Deadline.after(SHORT_S))],
    ids=["talks instead of closing", "reads ever so slowly"],
)  # fmt: skip
def test_a_printer_that_is_always_in_time_for_a_little_is_not_waited_for(
    call: Callable[[TcpTransport], object],
) -> None:
    transport = TcpTransport(TcpAddress("127.0.0.1"))
    transport._socket = EndlessSocket()  # type: ignore[assignment]
    assert ends_in_time(lambda: call(transport)) == "timeout"


def test_a_printer_that_talks_of_something_else_after_its_status_leaves_its_counts_unknown() -> None:
    with talker(HOST) as address, closing(TcpTransport(address)) as transport:
        transport.open(Deadline.after(LATE_S))
        talk = Conversation(transport)
        assert ends_in_time(lambda: talk.answer(Deadline.after(LATE_S))) == PrinterStatus("ready", (), 0, 0)
        assert len(talk._tail) <= 4096


def test_a_scanner_that_is_nothing_but_noise_gives_its_reader_back() -> None:
    with talker() as address:
        scanner = Scanner(address)
        assert ends_in_time(lambda: scanner.next_scan(SHORT_S)) is None
        scanner.close()


def test_a_line_slower_than_the_deadline_is_given_up_between_two_pieces() -> None:
    main, far = os.openpty()
    tty.setraw(far)
    over = threading.Event()

    def sip() -> None:
        os.set_blocking(main, False)
        while not over.is_set():
            with suppress(BlockingIOError):
                os.read(main, 256)
            time.sleep(0.002)

    thread = threading.Thread(target=sip)
    thread.start()
    try:
        with closing(SerialTransport(SerialAddress(os.ttyname(far)))) as transport:
            transport.open(Deadline.after(LATE_S))
            assert ends_in_time(lambda: transport.write(b"x" * 5_000_000, Deadline.after(SHORT_S))) == "timeout"
    finally:
        over.set()
        thread.join(LATE_S)
        os.close(main)
        os.close(far)


class SippingDevice:
    """libusb's device, which takes a byte a write."""

    def write(self, endpoint: int, content: bytes, timeout_ms: int) -> int:
        return 1


def test_a_usb_printer_that_takes_a_byte_at_a_time_is_given_up() -> None:
    transport = UsbTransport(UsbAddress("04b8", "0202"))
    transport._device = SippingDevice()
    assert ends_in_time(lambda: transport.write(b"x" * 100_000_000, Deadline.after(SHORT_S))) == "timeout"


def test_the_name_to_listen_on_is_looked_up_within_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    asked: list[object] = []

    def never(host: str, *_: object, **options: object) -> object:
        if options.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        asked.append(host)
        is_over.wait()
        return []

    monkeypatch.setattr(transports.socket, "getaddrinfo", never)
    stream = StreamTransport(ListenAddress(9004, host="bench.example"))
    try:
        assert ends_in_time(lambda: stream.open(Deadline.after(SHORT_S))) == "unreachable"
        assert asked == ["bench.example"]
    finally:
        is_over.set()
