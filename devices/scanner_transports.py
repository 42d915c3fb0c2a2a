"""Ways from which scans and weights come, besides lines and calls: key events, USB reports, callers, simulators.

Owns device nodes of the kernel, the listening socket and the socket of a simulator, each call under a deadline.
Refuses a node somebody else has taken for himself: half of the keys would be theirs.
Invariant: as in transports.py, every failure is a DeviceError and no call outlives its deadline.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from contextlib import suppress
from pathlib import Path

from devices.config import EvdevAddress, HidrawAddress, ListenAddress, SimAddress, TcpAddress
from devices.protocols import Deadline, DeviceError
from devices.transports import SocketTransport, is_ready, keep_alive, look_up, positive_s

EVIOCGRAB = 0x40044590  # linux/input.h: from now on nobody else gets this device's keys
UNCONFIRMED_MS = 5_000
"""How long the other end of a stream may leave what was sent to it unconfirmed before it counts as gone."""
_CHUNK_BYTES = 65536
_HIDRAW = Path("/sys/class/hidraw")


class NodeTransport:
    """A node of the kernel that is read as it speaks: /dev/input/event3, /dev/hidraw0."""

    can_half_close = False

    def __init__(self, address: EvdevAddress | HidrawAddress) -> None:
        self._address = address
        self._node: int | None = None
        self.sent_bytes = 0

    def open(self, deadline: Deadline) -> None:
        """At once: a node is there or it is not."""
        import fcntl  # here, so that a machine without it (Windows) can still print through its queues

        self.sent_bytes = 0
        is_hidraw = isinstance(self._address, HidrawAddress)
        try:
            node = os.open(self._path(), (os.O_RDWR if is_hidraw else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            detail = f"{self._address}: this user may not read it (a udev rule is missing)"
            raise DeviceError("no_permission", transient=False, detail=detail) from error
        except OSError as error:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: {error}") from error
        if isinstance(self._address, EvdevAddress) and self._address.is_grabbed:
            try:
                fcntl.ioctl(node, EVIOCGRAB, 1)
            except OSError as error:
                os.close(node)
                is_taken = error.errno == errno.EBUSY
                detail = f"{self._address}: {'another program has its keys' if is_taken else error}"
                raise DeviceError("taken" if is_taken else "no_input_device", is_taken, detail) from error
        self._node = node

    def read(self, deadline: Deadline) -> bytes:
        """Some bytes, of hidraw exactly one report."""
        node = self._opened()
        try:
            ready = is_ready(node, select.POLLIN, deadline)
            content = os.read(node, _CHUNK_BYTES) if ready else b""
        except BlockingIOError:  # somebody else who has it open was quicker
            ready, content = False, b""
        except OSError as error:  # ENODEV: unplugged
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
        if not ready:
            raise DeviceError("timeout", transient=True, detail=f"{self._address}: nothing came")
        if not content:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: closed")
        return content

    def write(self, content: bytes, deadline: Deadline) -> None:
        """One report."""
        node = self._opened()
        try:
            if not is_ready(node, select.POLLOUT, deadline):
                raise DeviceError("timeout", transient=True, detail=f"{self._address}: does not read")
            self.sent_bytes += os.write(node, content)
        except OSError as error:
            raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error

    def finish(self, deadline: Deadline) -> bytes:
        """Nothing is kept back on the way to a node."""
        return b""

    def close(self) -> None:
        """The grab ends with the node."""
        if self._node is not None:
            node, self._node = self._node, None
            with suppress(OSError):
                os.close(node)

    def _path(self) -> str:
        address = self._address
        if isinstance(address, HidrawAddress) and address.usb_ids:
            return _node_of(address.usb_ids)
        return address.path

    def _opened(self) -> int:
        if self._node is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return self._node


class StreamTransport(SocketTransport):
    """A socket that is listened to for hours: a caller at our port, a scanner or scale we call, a simulator.

    Its end is an error, whoever it was; one who cannot be reached any more is given up by the kernel after
    UNCONFIRMED_MS.
    """

    def __init__(self, address: TcpAddress | ListenAddress | SimAddress) -> None:
        super().__init__(address)
        self._listener: socket.socket | None = None

    @property
    def is_listening(self) -> bool:
        """Whether another caller may come when this one has hung up: he may be waiting at the door already."""
        return self._listener is not None

    @property
    def is_connected(self) -> bool:
        """Whether somebody is at the other end; at our port that is a caller."""
        return self._socket is not None

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._listener is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return int(self._listener.getsockname()[1])

    def open(self, deadline: Deadline) -> None:
        """Call, or listen. A caller is waited for in `read`, so that a port is open before it calls."""
        if not isinstance(self._address, ListenAddress):
            super().open(deadline)
            self._watch()
            return
        self.sent_bytes = 0
        try:
            # Looked up by ourselves: bind() would ask a name server that is away for half a minute.
            found = look_up(self._address.host, self._address.port, deadline)
            if not found:
                raise TimeoutError(f"{self._address.host} was not looked up in time")
            family, *_, (host, port, *_) = found[0]
            self._listener = socket.create_server((str(host), int(str(port))), family=family, backlog=4)
        except OSError as error:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: {error}") from error

    def read(self, deadline: Deadline) -> bytes:
        """Some bytes. A caller who hangs up is an error: what he had begun is not joined to the next one's."""
        try:
            content = super().read(deadline)
            if not content:
                raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: hung up")
        except DeviceError as error:
            if error.reason != "timeout":
                super().close()  # the door stays open for the next caller
            raise
        return content

    def close(self) -> None:
        """Hang up and stop listening."""
        super().close()
        if self._listener is not None:
            listener, self._listener = self._listener, None
            with suppress(OSError):
                listener.close()

    def _connected(self) -> socket.socket:
        if self._socket is None and self._listener is not None:
            raise DeviceError("unreachable", transient=True, detail=f"{self._address}: nobody has called")
        return super()._connected()

    def _answered(self, deadline: Deadline) -> socket.socket:
        if self._socket is None and self._listener is not None:
            try:
                self._listener.settimeout(positive_s(deadline))
                self._socket, _ = self._listener.accept()
            except TimeoutError as error:
                raise DeviceError("timeout", transient=True, detail=f"{self._address}: nobody has called") from error
            except OSError as error:
                raise DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}") from error
            self._watch()
        return self._connected()

    def _watch(self) -> None:
        if self._socket is not None and self._socket.family != socket.AF_UNIX:
            keep_alive(self._socket)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNCONFIRMED_MS)


def _node_of(usb_ids: str, folder: Path | None = None) -> str:
    """/dev/hidrawN of the first device with these maker and product numbers.

    Raises:
        DeviceError: none is plugged in.
    """
    maker, product = (part.upper().zfill(8) for part in usb_ids.split(":"))
    for entry in sorted((folder or _HIDRAW).glob("hidraw*")):
        with suppress(OSError):
            # HID_ID=0003:000005E0:00001900: bus, maker, product
            if f":{maker}:{product}" in (entry / "device" / "uevent").read_text("ascii", "replace"):
                return f"/dev/{entry.name}"
    raise DeviceError("unreachable", transient=True, detail=f"no HID device {usb_ids} is plugged in")
