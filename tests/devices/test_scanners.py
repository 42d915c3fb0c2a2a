"""Scanners of every kind over the real thing the kernel gives for it: a pty, a socket, a pipe, a node."""

from __future__ import annotations

import os
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.config import (
    AddressError,
    BrowserAddress,
    CupsAddress,
    EvdevAddress,
    HidrawAddress,
    ListenAddress,
    SerialAddress,
    SimAddress,
    TcpAddress,
)
from devices.framing import ssi
from devices.framing.signals import Signal
from devices.framing.ssi import ACK, NAK, Opcode, packet
from devices.protocols import Deadline, DeviceError
from devices.scanner_transports import NodeTransport, StreamTransport, _node_of
from devices.scanners import CROSSED_S, Scanner, reader_for, transport_for
from tests.devices.test_hid_pos import report
from tests.devices.test_key_events import ENTER, Keyboard


class ZebraAtPty:
    """The far end of a pty: sends packets, keeps what it is told."""

    def __init__(self) -> None:
        self.main, self.line = os.openpty()
        tty.setraw(self.line)
        self.address = SerialAddress(os.ttyname(self.line), proto="ssi")

    def send(self, code: bytes, is_again: bool = False) -> None:
        os.write(self.main, packet(Opcode.DECODE_DATA, b"\x03" + code, int(is_again), source=0))

    def told(self, length: int) -> bytes:
        said = b""
        while len(said) < length:
            said += os.read(self.main, length - len(said))
        return said

    def close(self) -> None:
        for end in (self.main, self.line):
            os.close(end)


@pytest.fixture
def zebra() -> Iterator[ZebraAtPty]:
    simulated = ZebraAtPty()
    yield simulated
    simulated.close()


@pytest.fixture
def scanner(zebra: ZebraAtPty) -> Iterator[Scanner]:
    scanner = Scanner(zebra.address, signals="ssi")
    assert scanner.next_scan(0.01) is None  # opens the line
    yield scanner
    scanner.close()


def codes(scanner: Scanner, count: int) -> list[bytes]:
    events = [scanner.next_scan(5.0) for _ in range(count)]
    return [event.raw for event in events if event is not None]


def test_a_zebra_is_answered_when_its_scan_is_safe_and_not_before(zebra: ZebraAtPty, scanner: Scanner) -> None:
    zebra.send(b"TOTE-7")
    assert codes(scanner, 1) == [b"TOTE-7"]
    os.set_blocking(zebra.main, False)
    with pytest.raises(BlockingIOError):
        os.read(zebra.main, 1)
    os.set_blocking(zebra.main, True)
    assert scanner.acknowledge()
    assert zebra.told(len(ACK)) == ACK


def test_a_packet_sent_again_because_the_answer_was_lost_is_one_scan(zebra: ZebraAtPty, scanner: Scanner) -> None:
    zebra.send(b"TOTE-7")
    assert codes(scanner, 1) == [b"TOTE-7"]
    zebra.send(b"TOTE-7", is_again=True)  # not safe yet: nothing to say
    assert scanner.next_scan(0.05) is None
    scanner.acknowledge()
    assert scanner.next_scan(2 * CROSSED_S) is None
    zebra.send(b"TOTE-7", is_again=True)
    assert scanner.next_scan(0.05) is None
    assert zebra.told(2 * len(ACK)) == ACK * 2
    zebra.send(b"TOTE-7")  # another pull on the same code
    assert codes(scanner, 1) == [b"TOTE-7"]


def test_a_repetition_that_crossed_the_answer_is_not_answered_again(zebra: ZebraAtPty, scanner: Scanner) -> None:
    """The disk was slow: the scanner has asked again, gets its answer and sends the next code, which arrives garbled.
    A second answer to the first would tell it that the next one is safe."""
    zebra.send(b"TOTE-7")
    assert codes(scanner, 1) == [b"TOTE-7"]
    zebra.send(b"TOTE-7", is_again=True)
    scanner.acknowledge()
    assert scanner.next_scan(0.05) is None
    broken = bytearray(packet(Opcode.DECODE_DATA, b"\x03TOTE-8", source=0))
    broken[7] ^= 4
    os.write(zebra.main, broken)
    assert scanner.next_scan(0.05) is None
    assert zebra.told(len(ACK) + len(NAK)) == ACK + NAK
    zebra.send(b"TOTE-8", is_again=True)
    assert codes(scanner, 1) == [b"TOTE-8"]


def test_repetitions_that_piled_up_while_nobody_read_get_one_answer(zebra: ZebraAtPty, scanner: Scanner) -> None:
    """The agent was away when the scanner asked, twice. It goes on with the first answer, and would take a second one
    for the answer to its next code, which arrives garbled."""
    zebra.send(b"TOTE-7")
    assert codes(scanner, 1) == [b"TOTE-7"]
    scanner.acknowledge()
    assert scanner.next_scan(2 * CROSSED_S) is None
    for _ in range(2):
        zebra.send(b"TOTE-7", is_again=True)
    assert scanner.next_scan(0.05) is None
    broken = bytearray(packet(Opcode.DECODE_DATA, b"\x03TOTE-8", source=0))
    broken[7] ^= 4
    os.write(zebra.main, broken)
    assert scanner.next_scan(0.05) is None
    assert zebra.told(2 * len(ACK) + len(NAK)) == ACK * 2 + NAK
    zebra.send(b"TOTE-8", is_again=True)
    assert codes(scanner, 1) == [b"TOTE-8"]


def test_a_first_packet_nobody_heard_counts_when_it_comes_again(zebra: ZebraAtPty, scanner: Scanner) -> None:
    broken = bytearray(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", source=0))
    broken[7] ^= 4
    os.write(zebra.main, broken)
    assert scanner.next_scan(0.05) is None
    assert zebra.told(len(NAK)) == NAK
    zebra.send(b"TOTE-7", is_again=True)
    assert codes(scanner, 1) == [b"TOTE-7"]


def test_two_pulls_on_one_code_count_twice_even_when_the_second_arrived_garbled(
    zebra: ZebraAtPty, scanner: Scanner
) -> None:
    zebra.send(b"TOTE-7")
    assert codes(scanner, 1) == [b"TOTE-7"]
    scanner.acknowledge()
    assert zebra.told(len(ACK)) == ACK
    broken = bytearray(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", source=0))
    broken[7] ^= 4
    os.write(zebra.main, broken)
    assert scanner.next_scan(0.05) is None
    assert zebra.told(len(NAK)) == NAK
    zebra.send(b"TOTE-7", is_again=True)
    assert codes(scanner, 1) == [b"TOTE-7"]
    scanner.acknowledge()
    broken[3] |= 1  # and here it was the answer that was lost, and the repetition that was garbled
    os.write(zebra.main, broken)
    zebra.send(b"TOTE-7", is_again=True)
    assert scanner.next_scan(0.05) is None


def test_the_packets_of_a_long_code_are_answered_as_they_come_and_the_last_when_it_is_safe(
    zebra: ZebraAtPty, scanner: Scanner
) -> None:
    os.write(zebra.main, packet(Opcode.DECODE_DATA, b"\x03" + b"0" * 240, status=2, source=0))
    assert scanner.next_scan(0.5) is None
    assert zebra.told(len(ACK)) == ACK
    zebra.send(b"1")
    assert codes(scanner, 1) == [b"0" * 240 + b"1"]
    os.set_blocking(zebra.main, False)
    with pytest.raises(BlockingIOError):
        os.read(zebra.main, 1)


def test_packets_that_come_without_a_pause_are_answered_once_when_the_code_is_safe(
    zebra: ZebraAtPty, scanner: Scanner
) -> None:
    parts = [packet(Opcode.DECODE_DATA, b"\x03" + digit * 200, status=2, source=0) for digit in (b"0", b"1")]
    os.write(zebra.main, b"".join(parts))
    zebra.send(b"2")
    assert codes(scanner, 1) == [b"0" * 200 + b"1" * 200 + b"2"]
    os.set_blocking(zebra.main, False)
    with pytest.raises(BlockingIOError):
        os.read(zebra.main, 1)
    scanner.acknowledge()
    os.set_blocking(zebra.main, True)
    assert zebra.told(len(ACK)) == ACK


def test_a_zebra_beeps_and_is_silenced(zebra: ZebraAtPty, scanner: Scanner) -> None:
    assert scanner.signal(Signal.GOOD)
    assert scanner.signal(Signal.DISABLE)
    assert zebra.told(len(ssi.beep(0)) + len(ssi.SCAN_DISABLE)) == ssi.beep(0) + ssi.SCAN_DISABLE
    assert not Scanner(zebra.address).signal(Signal.GOOD)  # one whose words nobody knows


def test_a_scanner_can_be_told_something_while_it_is_listened_to(zebra: ZebraAtPty, scanner: Scanner) -> None:
    heard: list[bytes] = []
    listening = threading.Thread(target=lambda: heard.extend(codes(scanner, 1)))
    listening.start()
    assert scanner.signal(Signal.GOOD)
    assert zebra.told(len(ssi.beep(0))) == ssi.beep(0)
    zebra.send(b"A")
    listening.join()
    assert heard == [b"A"]


def test_a_scanner_that_is_not_there_cannot_be_told_anything(zebra: ZebraAtPty) -> None:
    away = Scanner(zebra.address, signals="ssi")
    assert not away.signal(Signal.BAD)
    assert not away.acknowledge()


# --- nodes of the kernel --------------------------------------------------------------------------------------


@contextmanager
def pipe(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A named pipe in the place of a node, and its far end."""
    path = tmp_path / "node"
    os.mkfifo(path)
    far = os.open(path, os.O_RDWR)
    yield str(path), far
    os.close(far)


def test_key_events_of_a_node_are_scans(tmp_path: Path) -> None:
    with pipe(tmp_path) as (path, far):
        scanner = Scanner(EvdevAddress(path, is_grabbed=False, layout="us"))
        assert scanner.next_scan(0.01) is None
        wire = Keyboard().type("L-A03-07").press(ENTER).type("]d2ABC").press(ENTER).wire
        os.write(far, wire[:100])
        os.write(far, wire[100:])
        events = [scanner.next_scan(5.0) for _ in range(2)]
        assert [(event.raw, event.aim) for event in events if event] == [(b"L-A03-07", None), (b"ABC", "]d2")]
        scanner.close()


def test_a_node_whose_keys_cannot_be_taken_is_no_scanner(tmp_path: Path) -> None:
    with pipe(tmp_path) as (path, _):
        transport = NodeTransport(EvdevAddress(path))
        with pytest.raises(DeviceError, match="no_input_device"):
            transport.open(Deadline.after(1))
        with pytest.raises(DeviceError, match="no_input_device"):
            Scanner(EvdevAddress(path)).next_scan(0.05)


def test_usb_reports_of_a_node_are_scans(tmp_path: Path) -> None:
    with pipe(tmp_path) as (path, far):
        scanner = Scanner(HidrawAddress(path))
        assert scanner.next_scan(0.01) is None
        os.write(far, report(b"0109506000134352"))
        event = scanner.next_scan(5.0)
        assert event is not None
        assert (event.raw, event.aim) == (b"0109506000134352", "]C1")
        scanner.close()


def test_a_usb_device_is_found_by_maker_and_product(tmp_path: Path) -> None:
    for number, ids in enumerate(("0003:0000046D:0000C31C", "0003:000005E0:00001900")):
        device = tmp_path / f"hidraw{number}" / "device"
        device.mkdir(parents=True)
        (device / "uevent").write_text(f"DRIVER=hid-generic\nHID_ID={ids}\nHID_NAME=x\n")
    assert _node_of("05e0:1900", tmp_path) == "/dev/hidraw1"
    with pytest.raises(DeviceError, match="no HID device"):
        _node_of("05e0:1901", tmp_path)


def test_a_node_that_is_not_there_is_said_and_not_waited_for(tmp_path: Path) -> None:
    scanner = Scanner(EvdevAddress(str(tmp_path / "event9"), is_grabbed=False))
    with pytest.raises(DeviceError, match="unreachable"):
        scanner.next_scan(0.05)
    assert not scanner.is_connected


# --- sockets --------------------------------------------------------------------------------------------------


def call(port: int, content: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(content)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_scanner_that_calls_is_heard_again_and_again_and_half_a_code_is_dropped() -> None:
    scanner = Scanner(ListenAddress(free_port()))
    assert scanner.next_scan(0.01) is None  # listens
    assert isinstance(scanner._transport, StreamTransport)
    port = scanner._transport.port
    call(port, b"A\rB\rhalf")
    assert codes(scanner, 2) == [b"A", b"B"]
    call(port, b"C\r")  # stands in the door before the first has been noticed to be gone
    assert codes(scanner, 1) == [b"C"]
    assert scanner.next_scan(0.01) is None
    assert not scanner.is_connected
    scanner.close()
    with pytest.raises(OSError, match="refused"):
        call(port, b"D\r")


def test_a_simulators_socket_is_a_line(tmp_path: Path) -> None:
    path = str(tmp_path / "sim")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen()
        scanner = Scanner(SimAddress(path, "ssi"), signals="ssi")
        assert scanner.next_scan(0.01) is None
        line, _ = server.accept()
        with line:
            line.sendall(packet(Opcode.DECODE_DATA, b"\x01A", source=0))
            assert codes(scanner, 1) == [b"A"]
            scanner.acknowledge()
            assert line.recv(100) == ACK
        scanner.close()


def test_a_scanner_we_call_is_lost_when_it_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        scanner = Scanner(TcpAddress("127.0.0.1", server.getsockname()[1]))
        assert scanner.next_scan(0.01) is None
        line, _ = server.accept()
        line.sendall(b"A\rhalf")
        assert codes(scanner, 1) == [b"A"]
        line.close()
        with pytest.raises(DeviceError, match="connection_lost"):
            scanner.next_scan(5.0)
        assert scanner.next_scan(0.01) is None  # calls again
        line, _ = server.accept()
        line.sendall(b"B\r")
        assert codes(scanner, 1) == [b"B"]
        line.close()
        scanner.close()


@pytest.mark.parametrize("address", [BrowserAddress(), CupsAddress("q")])
def test_what_is_nothing_to_read_from_is_refused(address: BrowserAddress | CupsAddress) -> None:
    with pytest.raises(AddressError, match="scheme"):
        transport_for(address)


def test_a_scale_is_no_scanner() -> None:
    with pytest.raises(AddressError, match="proto"):
        reader_for(SerialAddress("/dev/ttyS0", proto="sics"))
