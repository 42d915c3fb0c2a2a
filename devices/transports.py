"""The ways bytes travel: a socket, a serial line.

Owns sockets and serial ports, each call under a deadline, the look-up of a name included.
Refuses to wait for ever and to take a successful write for a delivery: `sent_bytes` says what may have left.
Invariant: every failure is a DeviceError; a transport is used for one conversation and then closed.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import suppress

import serial

from devices.config import REPORTS, ListenAddress, SerialAddress, SimAddress, TcpAddress
from devices.protocols import Deadline, DeviceError

_CHUNK_BYTES = 65536


class SocketTransport:
    """What every socket of bytes has, whoever called whom.

    A finished `write` only says that this machine's kernel took the bytes: against a printer that never
    accepts, connecting and sending both succeed. Only `finish` (half close, wait for the other end's
    close) shows that the other end read everything.
    """

    can_half_close = True

    def __init__(self, address: TcpAddress | ListenAddress | SimAddress) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self.sent_bytes = 0

    def open(self, deadline: Deadline) -> None:
        """Call."""
        self.sent_bytes = 0
        try:
            self._socket = call(self._address, deadline)
        except OSError as error:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: {error}") from error

    def read(self, deadline: Deadline) -> bytes:
        """Some bytes, b"" at the other end's close."""
        connection = self._answered(deadline)
        try:
            connection.settimeout(positive_s(deadline))
            return connection.recv(_CHUNK_BYTES)
        except OSError as error:
            raise self._failure(error, "no answer") from error

    def write(self, content: bytes, deadline: Deadline) -> None:
        connection = self._connected()
        rest = memoryview(content)
        try:
            while rest:
                connection.settimeout(positive_s(deadline))
                count = connection.send(rest)
                self.sent_bytes += count
                rest = rest[count:]
                if rest and deadline.is_over():
                    raise TimeoutError  # a reader slow enough would else have us past any deadline, a piece at a time
        except OSError as error:
            raise self._failure(error, "does not read") from error

    def finish(self, deadline: Deadline) -> bytes:
        """Half close, and wait for the other end's close; the end of what it still said."""
        connection = self._answered(deadline)
        said = bytearray()
        try:
            connection.shutdown(socket.SHUT_WR)
            while True:
                connection.settimeout(positive_s(deadline))
                chunk = connection.recv(_CHUNK_BYTES)
                if not chunk:
                    return bytes(said)
                said = (said + chunk)[-_CHUNK_BYTES:]
                if deadline.is_over():
                    raise TimeoutError  # it talks and talks, and every read of it is in time
        except OSError as error:
            raise self._failure(error, "does not close") from error

    def close(self) -> None:
        if self._socket is not None:
            connection, self._socket = self._socket, None
            with suppress(OSError):
                connection.close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return self._socket

    def _answered(self, deadline: Deadline) -> socket.socket:
        """The connection to read from; where others call, somebody may have to be waited for."""
        return self._connected()

    def _failure(self, error: OSError, silence: str) -> DeviceError:
        # ETIMEDOUT is a TimeoutError, too, and means the opposite of "nothing came yet": the kernel has given the
        # other end up.
        if isinstance(error, TimeoutError) and error.errno is None:
            return DeviceError("timeout", transient=True, detail=f"{self._address}: {silence}")
        return DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}")


class TcpTransport(SocketTransport):
    """A connection for one job or one question.

    Without the kernel's limit for unconfirmed bytes: it also ends a connection whose other end is alive
    and full, and a label printer that waits for paper is that. The deadline of each call is the limit.
    """

    def __init__(self, address: TcpAddress) -> None:
        super().__init__(address)


class SerialTransport:
    """A serial port, opened for this process alone. There is no half close on a line: `finish` only
    flushes.
    """

    can_half_close = False

    def __init__(self, address: SerialAddress) -> None:
        self._address = address
        self._port: serial.Serial | None = None
        self.sent_bytes = 0

    def open(self, deadline: Deadline) -> None:
        self.sent_bytes = 0
        # Here, so that a machine without terminals (Windows) can still print through its queues.
        import termios

        framing, flow = self._address.framing, self._address.flow
        try:
            self._port = serial.Serial(
                self._address.path,
                baudrate=self._address.baud,
                bytesize=int(framing[0]),
                parity=framing[1],
                stopbits=int(framing[2]),
                rtscts=flow == "rtscts",
                dsrdtr=flow == "dsrdtr",
                xonxoff=flow == "xonxoff",
                timeout=0,
                exclusive=True,
            )
        except termios.error as error:  # neither an OSError nor pyserial's own
            detail = f"{self._address}: the port refuses {self._address.baud} {framing}: {error}"
            raise DeviceError("bad_line_settings", transient=False, detail=detail) from error
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: {error}") from error

    def read(self, deadline: Deadline) -> bytes:
        port = self._connection()
        try:
            # Waited for first: a pyserial read with a timeout waits for *all* bytes asked for, not for the first.
            ready = is_ready(port.fileno(), select.POLLIN, deadline)
            content = bytes(port.read(_CHUNK_BYTES)) if ready else b""
        except (serial.SerialException, OSError, TypeError, ValueError) as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
        if not ready:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: no answer")
        if not content:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: line closed")
        return content

    def write(self, content: bytes, deadline: Deadline) -> None:
        port = self._connection()
        try:
            port.write_timeout = positive_s(deadline)
            rest = memoryview(content)
            while rest:
                # In pieces, so that sent_bytes stays true when the line stalls half way.
                piece = rest[:512]
                self.sent_bytes += len(piece)
                port.write_timeout = positive_s(deadline)
                port.write(bytes(piece))
                rest = rest[len(piece) :]
                if rest and deadline.is_over():
                    raise serial.SerialTimeoutException("the line is slower than the deadline")
        except serial.SerialTimeoutException as error:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: does not read") from error
        except (serial.SerialException, OSError) as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error

    def finish(self, deadline: Deadline) -> bytes:
        port = self._connection()
        try:
            # Not flush(): tcdrain has no deadline, and a line held by flow control would block for ever.
            while port.out_waiting and not deadline.is_over():
                time.sleep(0.005)
            waiting = port.out_waiting
        except (serial.SerialException, OSError) as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
        if waiting:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: {waiting} bytes not sent")
        return b""

    def close(self) -> None:
        if self._port is not None:
            port, self._port = self._port, None
            # A close that fails loses nothing; raised, it would turn a confirmed job into a failed one.
            with suppress(serial.SerialException, OSError):
                if port.out_waiting:
                    # The kernel would wait half a minute for a line that is held by flow control.
                    port.reset_output_buffer()
            with suppress(serial.SerialException, OSError):
                port.close()

    def _connection(self) -> serial.Serial:
        if self._port is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return self._port


def call(address: TcpAddress | ListenAddress | SimAddress, deadline: Deadline) -> socket.socket:
    """A connection to whoever listens there.

    Raises:
        OSError: nobody does, or not in time.
    """
    if isinstance(address, SimAddress):
        # Reports are read one at a time, as from hidraw: a stream would join them and cut them.
        kind = socket.SOCK_SEQPACKET if address.proto in REPORTS else socket.SOCK_STREAM
        return _connect(socket.AF_UNIX, address.path, deadline, kind)
    last: OSError = TimeoutError(f"{address.host} was not looked up in time")
    for family, _, _, _, there in look_up(address.host, address.port, deadline):
        try:
            connection = _connect(family, there, deadline)
        except OSError as error:
            last = error
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keep_alive(connection)
        return connection
    raise last


def keep_alive(connection: socket.socket) -> None:
    """Have the kernel ask a quiet other end whether it is still there: one that was cut off is known in 5 s."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def is_ready(descriptor: int, event: int, deadline: Deadline) -> bool:
    """Wait until it can be read (select.POLLIN) or written (POLLOUT), or has failed: then the call itself says how.

    Not select(): it knows no descriptor above 1023.
    """
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(deadline.remaining_s() * 1000))


def positive_s(deadline: Deadline) -> float:
    # A socket timeout of 0 means "do not block" and fails at once with another error than a timeout.
    return max(deadline.remaining_s(), 0.001)


_Found = tuple[int, int, int, str, tuple[object, ...]]


def look_up(host: str, port: int, deadline: Deadline) -> list[_Found]:
    """What a name stands for; nothing when that was not to be had in time.

    Raises:
        OSError: it stands for nothing.
    """
    with suppress(socket.gaierror):
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    found: list[_Found] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    # A name server that is away holds a caller for half a minute, and no deadline reaches into getaddrinfo.
    asking = threading.Thread(target=ask, name=f"look up {host}", daemon=True)
    asking.start()
    asking.join(positive_s(deadline))
    if failed:
        raise failed[0]
    return [] if asking.is_alive() else found


def _connect(family: int, there: object, deadline: Deadline, kind: int = socket.SOCK_STREAM) -> socket.socket:
    connection = socket.socket(family, kind)
    try:
        connection.settimeout(positive_s(deadline))
        connection.connect(there)  # type: ignore[arg-type]
    except BaseException:
        connection.close()
        raise
    return connection
