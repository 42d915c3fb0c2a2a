"""Sockets, whoever called whom: the same words for the same misfortunes, and no call outlives its deadline."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from devices import scanner_transports
from devices.config import ListenAddress, SimAddress, TcpAddress
from devices.protocols import Deadline, DeviceError
from devices.scanner_transports import StreamTransport
from devices.transports import SocketTransport, TcpTransport

KINDS = ("job", "stream", "sim", "caller")


class Ends:
    """An open transport and the socket at its other end."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.transport: SocketTransport
        if kind == "caller":
            stream = StreamTransport(ListenAddress(free_port()))
            stream.open(Deadline.after(5))
            self.far = socket.create_connection(("127.0.0.1", stream.port), timeout=5)
            with pytest.raises(DeviceError, match="timeout"):
                stream.read(Deadline.after(0.1))  # takes the call
            self.transport = stream
            return
        if kind == "sim":
            server = socket.socket(socket.AF_UNIX)
            server.bind(str(folder / "sim"))
            server.listen()
            self.transport = StreamTransport(SimAddress(str(folder / "sim")))
        else:
            server = socket.create_server(("127.0.0.1", 0))
            address = TcpAddress("127.0.0.1", server.getsockname()[1])
            self.transport = TcpTransport(address) if kind == "job" else StreamTransport(address)
        with server:
            self.transport.open(Deadline.after(5))
            self.far, _ = server.accept()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(params=KINDS)
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    ends = Ends(request.param, tmp_path)
    with closing(ends.transport), ends.far:
        yield ends


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(DeviceError) as caught:
        call()
    assert caught.value.transient
    return caught.value.reason


def test_what_is_said_arrives_both_ways(ends: Ends) -> None:
    ends.transport.write(b"asked", Deadline.after(5))
    assert ends.far.recv(5) == b"asked"
    assert ends.transport.sent_bytes == 5
    ends.far.sendall(b"answered")
    assert ends.transport.read(Deadline.after(5)) == b"answered"


def test_silence_is_a_timeout_and_the_line_stays(ends: Ends) -> None:
    assert reason(lambda: ends.transport.read(Deadline.after(0.02))) == "timeout"
    ends.far.sendall(b"late")
    assert ends.transport.read(Deadline.after(5)) == b"late"


def test_one_who_does_not_read_is_a_timeout_and_what_left_is_counted(ends: Ends) -> None:
    content = bytes(32 << 20)
    assert reason(lambda: ends.transport.write(content, Deadline.after(0.1))) == "timeout"
    assert 0 < ends.transport.sent_bytes < len(content)


def test_finishing_hears_what_was_still_said(ends: Ends) -> None:
    ends.far.sendall(b"still ")
    ends.far.sendall(b"this")
    ends.far.shutdown(socket.SHUT_WR)
    assert ends.transport.finish(Deadline.after(5)) == b"still this"
    assert ends.far.recv(1) == b""


def test_one_who_never_closes_is_a_timeout(ends: Ends) -> None:
    assert reason(lambda: ends.transport.finish(Deadline.after(0.02))) == "timeout"


def test_a_closed_transport_says_so_and_can_be_closed_again(ends: Ends) -> None:
    ends.transport.close()
    ends.transport.close()
    for call in (ends.transport.read, ends.transport.finish):
        assert reason(partial(call, Deadline.after(1))) == "not_open"
    assert reason(lambda: ends.transport.write(b"x", Deadline.after(1))) == "not_open"


@pytest.mark.parametrize("kind", ["job", "stream", "caller"])
def test_a_reset_is_a_lost_connection(kind: str, tmp_path: Path) -> None:
    ends = Ends(kind, tmp_path)
    ends.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ends.far.close()
    assert reason(lambda: ends.transport.read(Deadline.after(5))) == "connection_lost"
    ends.transport.close()


def test_the_end_is_news_to_a_job_and_a_loss_to_a_stream(tmp_path: Path) -> None:
    job, stream = Ends("job", tmp_path), Ends("stream", tmp_path)
    job.far.close()
    stream.far.close()
    assert job.transport.read(Deadline.after(5)) == b""
    assert reason(lambda: stream.transport.read(Deadline.after(5))) == "connection_lost"
    job.transport.close()


def test_who_is_not_there_is_unreachable(tmp_path: Path) -> None:
    away = TcpAddress("127.0.0.1", free_port())
    for transport in (TcpTransport(away), StreamTransport(away), StreamTransport(SimAddress(str(tmp_path / "sim")))):
        assert reason(partial(transport.open, Deadline.after(5))) == "unreachable"


def test_a_port_that_is_taken_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = StreamTransport(ListenAddress(server.getsockname()[1]))
        assert reason(lambda: stream.open(Deadline.after(5))) == "unreachable"


def test_nobody_can_be_told_anything_before_he_has_called() -> None:
    stream = StreamTransport(ListenAddress(free_port()))
    stream.open(Deadline.after(5))
    with closing(stream):
        assert reason(lambda: stream.write(b"beep", Deadline.after(1))) == "unreachable"
        assert not stream.is_connected


@pytest.mark.parametrize("kind", ["job", "stream", "caller"])
def test_the_kernel_asks_a_quiet_other_end_whether_it_is_still_there(kind: str, tmp_path: Path) -> None:
    ends = Ends(kind, tmp_path)
    connection = ends.transport._connected()
    asked = [connection.getsockopt(socket.IPPROTO_TCP, option) for option in (
        socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT,
    )]  # fmt: skip
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    # A printer that waits for paper does not read: it is alive, and its job is not to be cut off.
    assert asked == [2, 1, 3, 0 if kind == "job" else 5_000]
    ends.transport.close()
    ends.far.close()


def test_who_was_given_up_by_the_kernel_is_lost_and_not_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is a TimeoutError as of a quiet line; taken for one, the scanner would be waited for for ever."""
    monkeypatch.setattr(scanner_transports, "UNCONFIRMED_MS", 200)
    ends = Ends("stream", tmp_path)
    with pytest.raises(DeviceError, match="timeout"):
        ends.transport.write(bytes(32 << 20), Deadline.after(0.1))
    assert reason(lambda: ends.transport.read(Deadline.after(20))) == "connection_lost"
    ends.transport.close()
    ends.far.close()


def test_a_name_server_that_is_away_costs_no_more_than_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked = threading.Event(), socket.getaddrinfo

    def look_up(host: str, port: int, **options: int) -> list[object]:
        if not options.get("flags"):
            answer.wait(30)
        return asked(host, port, **options)  # type: ignore[arg-type, return-value]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    transport = TcpTransport(TcpAddress("printer-3.floor.invalid"))
    assert reason(lambda: transport.open(Deadline.after(0.1))) == "unreachable"
    answer.set()
    end = time.monotonic() + 20
    while any(thread.name.startswith("look up") for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_name_is_looked_up_and_every_address_of_it_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # localhost may be ::1 first
        transport = TcpTransport(TcpAddress("localhost", server.getsockname()[1]))
        transport.open(Deadline.after(5))
        transport.close()
