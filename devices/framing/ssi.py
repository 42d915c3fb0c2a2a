"""Zebra's Simple Serial Interface: packets with a checksum, each decode acknowledged by the host.

    ┌────────┬────────┬────────┬────────┬───────────────┬────────────────┐
    │ length │ opcode │ source │ status │ data …        │ checksum hi lo │   length: all before the checksum
    └────────┴────────┴────────┴────────┴───────────────┴────────────────┘
    source  00 the scanner, 04 the host          checksum  two's complement of the sum, 16 bits
    status  bit 0 sent again   bit 1 another packet follows   bit 3 change for good (parameters)
    DECODE_DATA F3: its first data byte is the kind of symbol, the rest the code
    A long code comes in packets, each with its kind of symbol, all but the last with status bit 1: each waits for its
    own ACK (Multipacket Option 1, the default) or all come at once and one ACK is for all (Options 2 and 3).
    ACK D0 · NAK D1 01 (send it again) · BEEP E6 · LED_ON E7 · LED_OFF E8 · SCAN_ENABLE E9 · SCAN_DISABLE EA

Owns splitting the stream into packets, which scan a packet is, and the host's answers.
Refuses a packet whose checksum is wrong: it asks for it again (NAK). It never takes two identical codes for one:
only the scanner's own "sent again" bit says that.
Invariant: a scan is acknowledged by whoever has made it durable (`ACK`), never by this codec. A packet before the last
is none yet and may be acknowledged at once (`Part`).
Source: Zebra "Simple Serial Interface Programmer's Guide" 72E-40451; SE-923 integration guide p. 6-4. The number of
data bytes of BEEP and LED: SE-923 integration guide ch. 6; what the beeps sound like: Mindeo FS580 manual table 5-3.
Packets of several parts: DS2208 product reference ch. 7; docs.zebra.com, "Multipacket Option", parameter 334.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

HEADER_BYTES, CHECKSUM_BYTES = 4, 2
LONGEST_CODE = 16_384  # of several packets; a scanner that says more follows for ever is not believed
MOST_PARTS = 256  # LONGEST_CODE in whole packets is 66; shorter ones without end are not believed either
_SCANNER, _HOST = 0x00, 0x04
_AGAIN, _MORE = 0x01, 0x02
_DECODE_HEADER = b"\xf3\x00"  # opcode and source


class Opcode(IntEnum):
    """What a packet is; others exist and are passed over."""

    START_SESSION = 0xE4
    STOP_SESSION = 0xE5
    BEEP = 0xE6
    LED_ON = 0xE7
    LED_OFF = 0xE8
    SCAN_ENABLE = 0xE9
    SCAN_DISABLE = 0xEA
    ACK = 0xD0
    NAK = 0xD1
    DECODE_DATA = 0xF3


@dataclass(frozen=True, slots=True)
class Decode:
    """One scan. `symbology` is Zebra's number; `is_again` = the scanner has sent this very scan before."""

    symbology: int
    payload: bytes
    is_again: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The scanner's word on what the host sent: taken, or not and why (1 again, 2 denied, 6 no such thing, 10 busy)."""

    is_taken: bool
    cause: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A packet of a long code, and more follow. When they do not, the scanner waits for an ACK of this one.

    `is_again`: it was here already, its answer was lost or is late.
    """

    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no scan: to be answered with NAK, unless `is_answered` says that silence is the answer.

    `is_first_try`: among them is the header of a scan sent for the first time. The same code sent again after it is a
    scan of its own, even when the scan before had the same code.
    """

    reason: str
    is_first_try: bool = False
    is_answered: bool = True


Event = Decode | Part | Answer | Broken


def packet(opcode: int, data: bytes = b"", status: int = 0, source: int = _HOST) -> bytes:
    """A whole packet with its checksum.

    Raises:
        ValueError: more than a packet holds.
    """
    length = HEADER_BYTES + len(data)
    if length > 0xFF:
        raise ValueError(f"SSI: {len(data)} data bytes do not fit into a packet")
    body = bytes((length, opcode, source, status)) + data
    return body + checksum(body)


def checksum(body: bytes) -> bytes:
    """Two's complement of the sum of all bytes, high byte first."""
    return (-sum(body) & 0xFFFF).to_bytes(2, "big")


ACK = packet(Opcode.ACK)
NAK = packet(Opcode.NAK, b"\x01")
SCAN_ENABLE = packet(Opcode.SCAN_ENABLE)
SCAN_DISABLE = packet(Opcode.SCAN_DISABLE)


def beep(number: int) -> bytes:
    """One of the scanner's beeps, 0 to 25: 0 is one short high, 5 one short low, 0x11 three long low ones."""
    if not 0 <= number <= 0x19:
        raise ValueError(f"SSI: beep {number} is none of 0 to 25")
    return packet(Opcode.BEEP, bytes((number,)))


def led(is_on: bool, lights: int = 1) -> bytes:
    """Light or darken LEDs, a bit each."""
    return packet(Opcode.LED_ON if is_on else Opcode.LED_OFF, bytes((lights,)))


class Packets:
    """feed(bytes, at_s) → events. A pause longer than `idle_reset_s` inside a packet ends it: the rest never comes. One
    longer than `code_reset_s` between the packets of a code ends the code: the scanner has given it up.
    """

    def __init__(self, idle_reset_s: float = 1.0, code_reset_s: float = 3.0) -> None:
        self._idle_reset_s, self._code_reset_s = idle_reset_s, code_reset_s
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._is_all_again = False
        self._gone = b""  # how a code began whose other packets did not come
        self._last_data = b""
        self._last_code = b""
        self._last_at_s: float | None = None
        self.abandoned = 0

    def feed(self, content: bytes, at_s: float) -> list[Event]:
        """Events completed by these bytes, in their order."""
        if not content:
            return []
        events: list[Event] = []
        idle_s = at_s - self._last_at_s if self._last_at_s is not None else 0.0
        if self._buffer and idle_s > self._idle_reset_s:
            # Nobody waits for an answer to half a packet any more: it comes again by itself.
            events.append(Broken("cut off", _is_first_try(self._buffer), is_answered=False))
            self._buffer.clear()
            self.abandoned += 1
        if idle_s > self._code_reset_s:
            self._abandon_code()
        self._last_at_s = at_s
        self._buffer += content
        taken = 0
        while taken < len(self._buffer):
            length = self._buffer[taken]
            if length < HEADER_BYTES:
                taken += 1  # no packet begins like this: a zero between packets is a wake-up byte
                continue
            end = taken + length + CHECKSUM_BYTES
            if end > len(self._buffer):
                break
            event = self._event(bytes(self._buffer[taken:end]))
            if isinstance(event, Broken):
                # Where the next packet begins nobody knows: all that came is dropped, and asked for again.
                events.append(replace(event, is_first_try=_is_first_try(self._buffer[taken:])))
                taken = len(self._buffer)
                break
            if event is not None:
                events.append(event)
            taken = end
        del self._buffer[:taken]
        return events

    def reset(self) -> None:
        """Forget what was begun."""
        if self._buffer or self._parts:
            self.abandoned += 1
        self._buffer.clear()
        self._abandon_code()

    def _event(self, whole: bytes) -> Event | None:
        body, found = whole[:-CHECKSUM_BYTES], whole[-CHECKSUM_BYTES:]
        if checksum(body) != found:
            return Broken("checksum")
        opcode, source, status, data = body[1], body[2], body[3], body[HEADER_BYTES:]
        if source != _SCANNER:
            return None  # our own words, echoed
        if opcode == Opcode.ACK:
            return Answer(True)
        if opcode == Opcode.NAK:
            return Answer(False, data[0] if data else 0)
        if opcode != Opcode.DECODE_DATA:
            return None
        if not data:
            return Broken("a decode without a kind of symbol")
        return self._decode(data, status)

    def _decode(self, data: bytes, status: int) -> Decode | Part | Broken:
        is_again, is_part = bool(status & _AGAIN), bool(status & _MORE)
        if is_again and self._gone not in (b"", data):
            # Half a code is no code. Unanswered the scanner gives it up and complains, and a person scans again.
            return Broken("the rest of a code", is_answered=False)
        self._gone = b""
        if is_again and is_part and data in self._parts:
            # Its answer was lost, or one behind it was garbled and all come again: from there on.
            at = len(self._parts) - self._parts[::-1].index(data)
            del self._parts[at:]
            return Part(is_again=True)
        if is_again and not is_part and not self._parts and data == self._last_data:
            return Decode(data[0], self._last_code, True)
        self._is_all_again = is_again and (self._is_all_again or not self._parts)
        self._parts.append(data)
        if len(self._parts) > MOST_PARTS or sum(map(len, self._parts)) > LONGEST_CODE:
            self._parts.clear()
            return Broken("a code that does not end")
        if is_part:
            return Part()
        self._last_data = data
        self._last_code = b"".join(part[1:] for part in self._parts)
        scan = Decode(self._parts[0][0], self._last_code, self._is_all_again)
        self._parts.clear()
        return scan

    def _abandon_code(self) -> None:
        self._gone = self._parts[0] if self._parts else self._gone
        self._parts.clear()


def _is_first_try(dropped: bytearray) -> bool:
    at = dropped.find(_DECODE_HEADER)
    while at >= 0:
        status = dropped[at + 2 : at + 3]
        if status and not status[0] & _AGAIN:
            return True
        at = dropped.find(_DECODE_HEADER, at + 1)
    return False
