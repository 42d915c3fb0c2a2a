"""What ZPL printers say and what a ZPL job holds, as pure functions over bytes.

Owns the ~HS reply, the odometer reply and the count of labels in a job. Does no I/O and keeps no state
but the reply.
Refuses a reply that does not have its fields: a guess here would let a job leave for a printer without paper.

~HS answers three lines, each STX … ETX CR LF:

    ┌ line 1 ─────────────────────────────────────────────────────────────────────────────────┐
    │ aaa , b         , c     , dddd         , eee                , f           , g         , │
    │ comm  paper out   pause   label length   formats in buffer    buffer full   diagnostic  │
    │ h              , iii , j           , k          , l                                     │
    │ partial format   000   corrupt RAM   under temp   over temp                             │
    ├ line 2 ─────────────────────────────────────────────────────────────────────────────────┤
    │ mmm      , n , o       , p          , q        , r          , s     , t             ,   │
    │ functions  0   head up   ribbon out   transfer   print mode   width   label waiting     │
    │ uuuuuuuu         , v , www                                                              │
    │ labels remaining   1   graphics stored                                                  │
    ├ line 3 ─────────────────────────────────────────────────────────────────────────────────┤
    │ xxxx , y       password, static RAM                                                     │
    └─────────────────────────────────────────────────────────────────────────────────────────┘
getvar answers one value in quotes, ? for a setting it does not know; some models add the unit:

    ! U1 getvar "odometer.total_label_count" CR LF    →    "1234"      "1234 LABELS"      "?"

Source: Zebra "ZPL II Programming Guide", ~HS Host Status Return; the printer may stay silent in media
out, ribbon out, head open, rewinder full and head over-temperature:
https://docs.zebra.com/us/en/printers/software/zpl-pg/ (getvar: its chapter on SGD). The unit behind
a count: unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from devices.protocols import PrinterStatus

HOST_STATUS = b"~HS"
CANCEL_ALL = b"~JA"  # drops what the printer's buffer holds
ODOMETER = b'! U1 getvar "odometer.total_label_count"\r\n'
# No maker documents a setting that counts boots. The simulators tell one; a printer that does not says "?".
BOOTS = b'! U1 getvar "simulator.boots"\r\n'
_STX, _ETX = 0x02, 0x03
_LINE_FIELDS = (12, 11, 2)
_LONGEST_REPLY = 4096
_BEGIN, _END = b"^XA", b"^XZ"
_PRINTS = re.compile(rb"\^(?:FD|FV|FN|GB|GC|GD|GE|GF|GS|XG|IM|IL|SN)")
_QUANTITY = re.compile(rb"\^PQ(\d{0,8})")


class ReplyError(ValueError):
    """Bytes that are no reply a printer of this language gives."""


@dataclass(frozen=True, slots=True)
class HostStatus:
    is_paper_out: bool
    is_paused: bool
    buffered_formats: int
    is_buffer_full: bool
    is_partial_format: bool
    is_ram_corrupt: bool
    is_under_temperature: bool
    is_over_temperature: bool
    is_head_open: bool
    is_ribbon_out: bool
    is_label_waiting: bool
    labels_remaining: int

    def printer_status(self, odometer: int | None = None, boot: int | None = None) -> PrinterStatus:
        faults = tuple(
            word
            for word, holds in (
                ("paper_out", self.is_paper_out),
                ("ribbon_out", self.is_ribbon_out),
                ("head_open", self.is_head_open),
                ("paused", self.is_paused),
                ("over_temperature", self.is_over_temperature),
                ("under_temperature", self.is_under_temperature),
                ("ram_corrupt", self.is_ram_corrupt),
                ("buffer_full", self.is_buffer_full),
            )
            if holds
        )
        if faults:
            state, reasons = "held", faults
        elif self.buffered_formats or self.labels_remaining or self.is_partial_format or self.is_label_waiting:
            waiting = ("label_waiting",) if self.is_label_waiting else ()
            partial = ("partial_format",) if self.is_partial_format else ()
            state, reasons = "busy", (*waiting, *partial)
        else:
            state, reasons = "ready", ()
        return PrinterStatus(state, reasons, self.buffered_formats, self.labels_remaining, odometer, boot)


def parse_host_status(reply: bytes) -> HostStatus:
    """The three ~HS lines, complete, with or without their CR LF."""
    feed = HostStatusFeed()
    status = feed.feed(reply)
    if status is None:
        raise ReplyError(f"~HS: {len(feed.lines)} of 3 lines")
    return status


@dataclass(slots=True)
class HostStatusFeed:
    """feed(bytes) → HostStatus once the third line is complete, else None. Bytes outside STX … ETX are
    skipped.
    """

    lines: list[bytes] = field(default_factory=list)
    _buffer: bytearray = field(default_factory=bytearray)
    _is_inside: bool = False
    _seen_bytes: int = 0

    def feed(self, content: bytes) -> HostStatus | None:
        for value in content:
            self._seen_bytes += 1
            if self._seen_bytes > _LONGEST_REPLY:
                raise ReplyError("~HS: reply does not end")
            if value == _STX:
                self._buffer.clear()
                self._is_inside = True
            elif value == _ETX and self._is_inside:
                self._is_inside = False
                self.lines.append(bytes(self._buffer))
                if len(self.lines) == len(_LINE_FIELDS):
                    return _status_of(self.lines)
            elif self._is_inside:
                self._buffer.append(value)
        return None


def parse_odometer(reply: bytes) -> int | None:
    """`"1234"` → 1234; `"?"` (the printer does not know the variable) → None."""
    found = re.search(rb'"([^"]*)"', reply)
    if found is None:
        raise ReplyError("getvar: no quoted value")
    value = found.group(1).strip()
    if value == b"?":
        return None
    # Some models append the unit: "1234 LABELS".
    number = re.match(rb"(\d{1,12})(?:\s|$)", value)
    if number is None:
        raise ReplyError(f"getvar: {value[:40]!r} is no count")
    return int(number.group(1))


def labels_in(job: bytes) -> int:
    """How many labels the job makes the printer put out: one a format times its ^PQ, none for a setup
    format.
    """
    count = 0
    for start, end in formats_in(job):
        body = job[start:end]
        if not is_printing(body):
            continue
        quantity = _QUANTITY.search(body)
        count += int(quantity.group(1) or 1) if quantity else 1
    return count


def formats_in(job: bytes) -> Iterator[tuple[int, int]]:
    """Where each format's body lies: behind its ^XA, before the ^XZ that ends it. One that does not end is none.

    Not a pattern: it would look for the missing end anew from every ^XA.
    """
    at = job.find(_BEGIN)
    while at >= 0 and (end := job.find(_END, at + len(_BEGIN))) >= 0:
        yield at + len(_BEGIN), end
        at = job.find(_BEGIN, end + len(_END))


def is_printing(body: bytes) -> bool:
    """Whether a format puts out a label; one that sets something up or is only stored does not."""
    return b"^DF" not in body and _PRINTS.search(body) is not None


def _status_of(lines: list[bytes]) -> HostStatus:
    fields = [line.split(b",") for line in lines]
    for number, (found, wanted) in enumerate(zip(fields, _LINE_FIELDS, strict=True), start=1):
        if len(found) != wanted:
            raise ReplyError(f"~HS line {number}: {len(found)} fields instead of {wanted}")
    first, second = fields[0], fields[1]
    return HostStatus(
        is_paper_out=_flag("b paper out", first[1]),
        is_paused=_flag("c pause", first[2]),
        buffered_formats=_count("eee formats", first[4]),
        is_buffer_full=_flag("f buffer full", first[5]),
        is_partial_format=_flag("h partial format", first[7]),
        is_ram_corrupt=_flag("j corrupt RAM", first[9]),
        is_under_temperature=_flag("k under temperature", first[10]),
        is_over_temperature=_flag("l over temperature", first[11]),
        is_head_open=_flag("o head up", second[2]),
        is_ribbon_out=_flag("p ribbon out", second[3]),
        is_label_waiting=_flag("t label waiting", second[7]),
        labels_remaining=_count("uuuuuuuu labels remaining", second[8]),
    )


def _flag(name: str, value: bytes) -> bool:
    if value not in (b"0", b"1"):
        raise ReplyError(f"~HS {name}: {value[:20]!r} is neither 0 nor 1")
    return value == b"1"


def _count(name: str, value: bytes) -> int:
    if not re.fullmatch(rb"\d{1,8}", value):
        raise ReplyError(f"~HS {name}: {value[:20]!r} is no count")
    return int(value)
