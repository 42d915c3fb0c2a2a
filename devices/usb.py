"""A receipt printer on USB, through python-escpos' own connector.

Owns the deadlines that connector lacks (its write waits for ever unless told otherwise, its read takes its own second)
and the two endpoints: those of the printer's first interface, not the numbers of one maker.
Refuses to go on quietly without pyusb, which is python-escpos' own optional part: `pip install python-escpos[usb]` and
the system's libusb-1.0.
Invariant: as in transports.py.
Source: python-escpos 3.1 escpos/printer/usb.py; PyUSB tutorial. On a printer: unverified.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from devices.config import UsbAddress
from devices.protocols import Deadline, DeviceError

_CHUNK_BYTES = 4096  # a write is confirmed as a whole: in smaller ones `sent_bytes` stays near the truth
_READ_BYTES = 512  # a multiple of every bulk packet; less than a packet would be an overflow
_IN, _BULK = 0x80, 0x02
# What libusb says, by a part of it; anything else is a printer that is not plugged in.
_SAID = {"access denied": "no_permission", "no backend available": "usb_missing"}


def _connector(address: UsbAddress) -> Any:
    # Here: python-escpos brings its encoder's libraries along, and most agents have no printer on USB.
    from escpos.printer import Usb

    if not Usb.is_usable():
        detail = "pyusb is not installed: pip install python-escpos[usb]"
        raise DeviceError("usb_missing", transient=False, detail=detail)
    args = {"serial_number": address.serial} if address.serial else {}
    return Usb(int(address.vendor, 16), int(address.product, 16), usb_args=args)


class UsbTransport:
    """`connect` makes python-escpos' `Usb` for an address. There is no half close: `finish` has nothing to wait for,
    a write is over when the printer has taken it.
    """

    can_half_close = False

    def __init__(self, address: UsbAddress, connect: Callable[[UsbAddress], Any] = _connector) -> None:
        self._address = address
        self._connect = connect
        self._connector: Any = None
        self._device: Any = None
        self._in = self._out = 0
        self.sent_bytes = 0

    def open(self, deadline: Deadline) -> None:
        """Looks through the bus of this machine: at once."""
        self.sent_bytes = 0
        connector = self._connect(self._address)
        try:
            connector.open()
        except Exception as error:  # the connector wraps what libusb said into its own kind of error
            said = str(error).strip()[:200]
            reason = next((word for part, word in _SAID.items() if part in said.lower()), "unreachable")
            raise DeviceError(reason, reason == "unreachable", f"{self._address}: {said}") from error
        self._connector, self._device = connector, connector.device
        try:
            self._in, self._out = self._endpoints()
        except OSError as error:
            self.close()
            raise self._failure(error) from error

    def read(self, deadline: Deadline) -> bytes:
        """Some bytes; never an end."""
        device = self._opened()
        # A printer with nothing to say answers at once with nothing: asked again until the deadline.
        while True:
            try:
                content = bytes(device.read(self._in, _READ_BYTES, _milliseconds(deadline)))
            except OSError as error:
                raise self._failure(error) from error
            if content:
                return content
            if deadline.is_over():
                raise DeviceError("timeout", transient=True, detail=f"{self._address}: no answer")
            time.sleep(0.005)

    def write(self, content: bytes, deadline: Deadline) -> None:
        device = self._opened()
        rest = memoryview(content)
        while rest:
            piece = rest[:_CHUNK_BYTES]
            # Counted before: of a write that did not end in time the printer may have any part.
            self.sent_bytes += len(piece)
            try:
                written = int(device.write(self._out, bytes(piece), _milliseconds(deadline)))
            except OSError as error:
                raise self._failure(error) from error
            self.sent_bytes -= len(piece) - written
            rest = rest[written:]
            if rest and deadline.is_over():
                raise DeviceError("timeout", transient=True, detail=f"{self._address}: does not read")

    def finish(self, deadline: Deadline) -> bytes:
        return b""

    def close(self) -> None:
        connector, self._connector, self._device = self._connector, None, None
        if connector is not None:
            with suppress(Exception):
                connector.close()

    def _opened(self) -> Any:
        if self._device is None:
            raise DeviceError("not_open", transient=True, detail=str(self._address))
        return self._device

    def _endpoints(self) -> tuple[int, int]:
        interface = self._device.get_active_configuration()[(0, 0)]
        bulk = [end.bEndpointAddress for end in interface if end.bmAttributes & 0x03 == _BULK]
        into = [address for address in bulk if address & _IN]
        out = [address for address in bulk if not address & _IN]
        if not into or not out:
            detail = f"{self._address}: its first interface does not carry both ways"
            self.close()
            raise DeviceError("not_a_printer", transient=False, detail=detail)
        return into[0], out[0]

    def _failure(self, error: OSError) -> DeviceError:
        # pyusb's USBTimeoutError and USBError are OSErrors with the kernel's number.
        if error.errno == errno.ETIMEDOUT or isinstance(error, TimeoutError):
            return DeviceError("timeout", transient=True, detail=f"{self._address}: no answer in time")
        if error.errno == errno.EACCES:
            return DeviceError("no_permission", transient=False, detail=f"{self._address}: a udev rule is missing")
        return DeviceError("connection_lost", transient=True, detail=f"{self._address}: {error}")


def _milliseconds(deadline: Deadline) -> int:
    return max(1, int(deadline.remaining_s() * 1000))  # 0 would be for ever
