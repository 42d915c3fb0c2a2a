"""A scale at the bench: asked until it says a weight that may decide something.

Owns asking and waiting for the answer; what is one carton and what the next is `Settling`.
Refuses a weight that moves, and a second weight of the same carton: between two there is an empty scale.
Invariant: every failure is a DeviceError with a reason; no call outlives its deadline by more than one question.
"""

from __future__ import annotations

import time
from typing import Protocol

from devices.config import Address, AddressError
from devices.protocols import Deadline, DeviceError, Transport
from devices.scales import hid, mettler_8217, mt_sics, scp01
from devices.scales.reading import Reading, ReplyError, Weighing
from devices.scanners import transport_for

ASK_AGAIN_S = 0.25  # a scale that does not answer a question has not heard it
BETWEEN_S = 0.05
_MOST_WAITING = 1_000  # what speaks quicker than it is read would be read for ever
EMPTY_BELOW_G = 5


class Feed(Protocol):
    """Bytes → readings; see the modules of the protocols."""

    garbled: int

    def feed(self, content: bytes) -> list[Reading]:
        """Readings completed by these bytes."""
        ...


class HidFeed:
    """Reports of a USB scale; it speaks unasked."""

    def __init__(self) -> None:
        self.garbled = 0

    def feed(self, content: bytes) -> list[Reading]:
        """One report as one read gives it; several where a pipe has joined them."""
        readings = []
        for at in range(0, len(content), hid.REPORT_BYTES):
            try:
                readings.append(hid.parse(content[at : at + hid.REPORT_BYTES]))
            except ReplyError:
                self.garbled += 1
        return readings


class Scale:
    """read(deadline_s) → the scale's next answer. Opens the line when it is not open; `garbled` counts answers nobody
    can read.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._question, self._feed = _language(address)
        self._transport: Transport | None = None
        self._readings: list[Reading] = []

    @property
    def garbled(self) -> int:
        """How many answers since the line was opened were none."""
        return self._feed.garbled

    def open(self, deadline_s: float) -> None:
        """Take the line, when it is not open already.

        Raises:
            DeviceError: it is not there, or not for us.
        """
        self._opened(Deadline.after(deadline_s))

    def read(self, deadline_s: float) -> Reading:
        """What it says now.

        Raises:
            DeviceError: it is not there (unreachable, connection_lost) or says nothing (silent).
        """
        deadline = Deadline.after(deadline_s)
        transport = self._opened(deadline)
        try:
            self._hear_what_waits(transport)
            self._readings.clear()  # what it said before it was asked is about another moment
            while not deadline.is_over():
                if self._question:
                    transport.write(self._question, deadline)
                if self._heard(transport, deadline.at_most(ASK_AGAIN_S)):
                    return self._readings[-1]
        except DeviceError:
            self.close()
            raise
        raise DeviceError("silent", transient=True, detail=f"{self._address}: no answer in {deadline_s:.1f} s")

    def close(self) -> None:
        """Let go of the line."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
        self._question, self._feed = _language(self._address)  # half an answer goes with the line

    def _opened(self, deadline: Deadline) -> Transport:
        if self._transport is None:
            transport = transport_for(self._address)
            try:
                transport.open(deadline)
            except BaseException:
                transport.close()
                raise
            self._transport = transport
        return self._transport

    def _hear_what_waits(self, transport: Transport) -> None:
        """A USB scale speaks ten times a second and the kernel keeps it all: the oldest is not what lies on it now."""
        for _ in range(_MOST_WAITING):
            try:
                self._readings += self._feed.feed(transport.read(Deadline.after(0)))
            except DeviceError as error:
                if error.reason != "timeout":
                    raise
                return

    def _heard(self, transport: Transport, deadline: Deadline) -> bool:
        while not self._readings and not deadline.is_over():
            try:
                self._readings += self._feed.feed(transport.read(deadline))
            except DeviceError as error:
                if error.reason != "timeout":
                    raise
        return bool(self._readings)


class Settling:
    """One carton after another: take(reading) → its grams once, then None until the scale was empty again.

    `empty_below_g`: less than this is dust and drift, not a carton.
    """

    def __init__(self, empty_below_g: int = EMPTY_BELOW_G) -> None:
        self._empty_below_g = empty_below_g
        self._is_armed = True

    def take(self, reading: Reading) -> int | None:
        """The weight of the carton on the scale, when it is one, lies still and was not taken before."""
        if reading.state is not Weighing.STABLE or reading.grams is None:
            return None
        if reading.grams < self._empty_below_g:
            self._is_armed = True
            return None
        if not self._is_armed:
            return None
        self._is_armed = False
        return reading.grams


def weigh(scale: Scale, settling: Settling, deadline_s: float) -> int:
    """The grams of the next carton that lies still.

    Raises:
        DeviceError: the scale failed, or no carton lay still in time (reason not_still, with what it said last).
    """
    deadline = Deadline.after(deadline_s)
    last = ""
    while not deadline.is_over():
        reading = scale.read(max(deadline.remaining_s(), ASK_AGAIN_S))
        grams = settling.take(reading)
        if grams is not None:
            return grams
        last = reading.state if reading.detail == "" else f"{reading.state}, {reading.detail}"
        time.sleep(min(BETWEEN_S, deadline.remaining_s()))
    raise DeviceError("not_still", transient=True, detail=last or "nothing was weighed")


def _language(address: Address) -> tuple[bytes, Feed]:
    proto = getattr(address, "proto", "")
    match proto:
        case "8217" | "8217-lb":
            return mettler_8217.WEIGH, mettler_8217.Feed("lb" if proto == "8217-lb" else "kg")
        case "sics":
            return mt_sics.WEIGH_NOW, mt_sics.Feed()
        case "scp01" | "scp12":
            return scp01.WEIGH, scp01.Feed(is_scp12=proto == "scp12")
        case "hid-scale":
            return b"", HidFeed()
    raise AddressError("proto", f"{proto or address.scheme} is no language of scales")
