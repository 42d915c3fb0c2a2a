"""A ZPL label printer on TCP, written from the manual, that keeps every label it put out.

    python -m simulators.zpl_printer --port 9100 --tape tape/ [--host 127.0.0.1] [--control-port 9109]
                                     [--seed 1] [--ips 6]

Tape: one file a job, DIR/000001.zpl, 000002.zpl …, a job being one format, from its ^XA to its ^XZ with
every byte between as it was received (several formats in one connection, or a format in many TCP
segments, make the same files). A format is on the tape when it came out: while paper is out it waits.
^PQ3 is one file and raises the odometer by 3. Bytes between formats (line ends, questions) belong to no
job; half a format at the end of a connection is dropped. The odometer is kept in DIR.odometer. Prefix
changes (^CC, ~CC, ^CT, ~CT) are not followed.

Answers ~HS, ~HI, ~HQES, ~JA, ~PS, ~PP and ! U1 getvar at once, also between the bytes of a format.
Source: Zebra "ZPL II Programming Guide" (~HS, ~HI, ~HQ, ^GF, ~DY) and its SGD chapter
(odometer.total_label_count).
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import signal
import sys
import threading
from pathlib import Path

from simulators.printer_port import PrinterPort, Reply, Stream

_DPMM = 8
_PRINTS = re.compile(rb"\^(?:FD|FV|FN|GB|GC|GD|GE|GF|GS|XG|IM|IL|SN)")
_QUANTITY = re.compile(rb"\^PQ(\d*)")
_LENGTH = re.compile(rb"\^LL(\d+)")
_GETVAR = re.compile(rb'! *U1 +getvar +"([^"]*)"', re.IGNORECASE)
# Answered or done the moment their letters are complete; ~HQ needs the two letters that follow.
_IMMEDIATE = (b"HS", b"HI", b"JA", b"PS", b"PP")
_LONGEST_LINE = 1024
_LONGEST_FORMAT = 16 << 20


class ZplPrinter(PrinterPort):
    """`ips`: inches a second, 0 prints at once. `seed`: the spread (±5 %) of the printing time, and the
    serial number.
    """

    SUFFIX = ".zpl"
    BLOCKING: tuple[str, ...] = ("paper_out", "ribbon_out", "head_open", "paused")
    SWITCHES: tuple[str, ...] = ("paper_out", "ribbon_out", "head_open", "paused", "silent")

    def __init__(
        self,
        tape: Path | str,
        port: int = 0,
        host: str = "127.0.0.1",
        control_port: int | None = None,
        buffer_bytes: int = 1 << 20,
        seed: int = 1,
        ips: float = 0.0,
    ) -> None:
        super().__init__(tape, port, host, control_port, buffer_bytes)
        self._random = random.Random(seed)
        self._serial_number = f"SIM{seed:09d}"
        self._ips = ips
        self._labels_remaining = 0
        self._has_partial_format = False
        self.partial_formats = 0

    def new_stream(self, reply: Reply) -> ZplStream:
        return ZplStream(self, reply)

    def take_format(self, content: bytes) -> None:
        self.queue(len(content), lambda: self._print(content))

    def mark_partial(self, has_partial_format: bool) -> None:
        self._has_partial_format = has_partial_format

    def drop_partial(self) -> None:
        self._has_partial_format = False
        self.partial_formats += 1

    def do(self, command: bytes) -> bytes:
        """What the printer answers to an immediate command, b"" when it does it without a word."""
        if command == b"PS":
            self.set_fault("paused", False)
        elif command == b"PP":
            self.set_fault("paused", True)
        elif command == b"JA":
            self.drop_waiting()
            self.mark_partial(False)
        elif self.has_fault("silent"):
            return b""
        elif command == b"HS":
            return self._host_status()
        elif command == b"HI":
            return b"\x02ZD621-203dpi,V93.21.26Z,8,8192KB\x03\r\n"
        elif command == b"HQES":
            return self._error_status()
        return b""

    def getvar(self, name: str) -> bytes:
        if self.has_fault("silent"):
            return b""
        values = {
            "odometer.total_label_count": str(self.odometer),
            "device.unique_id": self._serial_number,
            "appl.name": "V93.21.26Z",
            "device.languages": "zpl",
        }
        return f'"{values.get(name, "?")}"'.encode("ascii")

    def _print(self, content: bytes) -> None:
        copies = _copies(content)
        length = _LENGTH.search(content)
        length_inches = int(length.group(1)) / (_DPMM * 25.4) if length else 6.0
        self._labels_remaining = copies
        for _ in range(copies if self._ips > 0 else 0):
            self.rest(length_inches / self._ips * self._random.uniform(0.95, 1.05))
            if not self.wait_for_readiness():
                return
            self._labels_remaining -= 1
        self.put_out(content, copies)
        self._labels_remaining = 0

    def _host_status(self) -> bytes:
        on = {name: int(self.has_fault(name)) for name in self.SWITCHES}
        waiting = self.waiting()
        remaining = self._labels_remaining if waiting else 0
        # The format being printed has left the receive buffer; what it still has to print is in the
        # second line.
        buffered = max(0, waiting - 1) if remaining else waiting
        held = min(buffered, 999)
        full, partial = int(self.is_buffer_full()), int(self._has_partial_format)
        lines = (
            f"030,{on['paper_out']},{on['paused']},1218,{held:03d},{full},0,{partial},000,0,0,0",
            f"000,0,{on['head_open']},{on['ribbon_out']},0,2,4,0,{remaining:08d},1,000",
            "1234,0",
        )
        return b"".join(b"\x02" + line.encode("ascii") + b"\x03\r\n" for line in lines)

    def _error_status(self) -> bytes:
        error = (
            int(self.has_fault("paper_out"))
            | int(self.has_fault("ribbon_out")) << 1
            | int(self.has_fault("head_open")) << 2
            | int(self.has_fault("paused")) << 16
        )
        text = (
            "\r\n\r\n  PRINTER STATUS\r\n"
            f"   ERRORS:         {int(bool(error))} 00000000 {error:08X}\r\n"
            "   WARNINGS:       0 00000000 00000000\r\n"
        )
        return b"\x02" + text.encode("ascii") + b"\x03"


class ZplStream(Stream):
    """Cuts one connection into formats, immediate commands and getvar lines, whatever the segments are."""

    def __init__(self, printer: ZplPrinter, reply: Reply) -> None:
        self._printer = printer
        self._reply = reply
        self._format: bytearray | None = None
        self._token = bytearray()
        self._line = bytearray()
        self._binary_left = 0

    def feed(self, content: bytes) -> None:
        for value in content:
            self._take(value)

    def end(self) -> None:
        if self._format is not None:
            self._format = None
            self._printer.drop_partial()

    def _take(self, value: int) -> None:
        if self._format is not None:
            self._format.append(value)
            self.job_bytes += 1
            if len(self._format) > _LONGEST_FORMAT:
                self.end()
                return
        if self._binary_left:
            # Counted binary data may hold ^XZ or ~HS as plain bytes.
            self._binary_left -= 1
            return
        if value in b"^~":
            self._token = bytearray((value,))
            self._line.clear()
            return
        if self._token:
            self._token.append(value)
            self._look_at_token()
        elif self._format is None:
            self._look_at_line(value)

    def _look_at_token(self) -> None:
        token = bytes(self._token)
        prefix, name = token[:1], token[1:3]
        if len(token) == 3 and prefix == b"^" and name == b"XA":
            self._start()
        elif len(token) == 3 and prefix == b"^" and name == b"XZ":
            self._finish()
        elif len(token) == 3 and prefix == b"~" and name in _IMMEDIATE:
            self._token.clear()
            self._answer(self._printer.do(name))
        elif len(token) == 5 and prefix == b"~" and name == b"HQ":
            self._token.clear()
            self._answer(self._printer.do(token[1:5]))
        elif len(token) >= 3 and (name, prefix) in ((b"GF", b"^"), (b"DY", b"~")):
            self._look_for_binary(token)
        elif len(token) >= 3 and name != b"HQ":
            self._token.clear()

    def _look_for_binary(self, token: bytes) -> None:
        """^GFa,b,… and ~DYd:f,b,x,t,…: with format B or C, that many bytes follow that are no commands."""
        commas, kind_at, count_at = (4, 0, 1) if token[1:3] == b"GF" else (5, 1, 3)
        if token.count(b",") < commas:
            if len(token) > _LONGEST_LINE:
                self._token.clear()
            return
        fields = token[3:].split(b",")
        self._token.clear()
        if fields[kind_at].strip() in (b"B", b"C") and fields[count_at].strip().isdigit():
            self._binary_left = int(fields[count_at])

    def _look_at_line(self, value: int) -> None:
        if not self._line and value != ord("!"):
            return
        if value not in b"\r\n":
            self._line.append(value)
            if len(self._line) > _LONGEST_LINE:
                self._line.clear()
            return
        found = _GETVAR.match(bytes(self._line))
        self._line.clear()
        if found:
            self._answer(self._printer.getvar(found.group(1).decode("ascii", "replace")))

    def _start(self) -> None:
        self._token.clear()
        if self._format is not None:
            # A format that was never ended is overtaken by the next one.
            self._printer.drop_partial()
        else:
            self.job_bytes += 3
        self._format = bytearray(b"^XA")
        self._printer.mark_partial(True)

    def _finish(self) -> None:
        self._token.clear()
        if self._format is not None:
            content, self._format = bytes(self._format), None
            self._printer.mark_partial(False)
            self._printer.take_format(content)

    def _answer(self, content: bytes) -> None:
        if content:
            self._reply(content)


def _copies(content: bytes) -> int:
    if b"^DF" in content or not _PRINTS.search(content):
        return 0
    quantity = _QUANTITY.search(content)
    return int(quantity.group(1) or 1) if quantity else 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.zpl_printer", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, required=True, help="TCP port, 0 for a free one")
    parser.add_argument("--tape", type=Path, required=True, help="folder for the labels, one file a job")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--control-port", type=int, help="loopback port for fault commands, 0 for a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ips", type=float, default=0.0, help="inches a second; 0 prints at once")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    printer = ZplPrinter(
        options.tape,
        options.port,
        options.host,
        control_port=options.control_port,
        seed=options.seed,
        ips=options.ips,
    )
    return run_until_signalled(printer, "ZPL printer")


def run_until_signalled(printer: PrinterPort, name: str) -> int:
    """Run until SIGINT or SIGTERM; one line says where it listens, so that a parent process can wait for
    it.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        printer.start()
    except OSError as error:
        sys.stderr.write(f"{name}: {printer.address}: {error}\n")
        return 1
    control = f", control 127.0.0.1:{printer.control_port}" if printer.control_port is not None else ""
    sys.stdout.write(f"{name} on {printer.address}, tape {printer.tape.folder}{control}\n")
    sys.stdout.flush()
    stop.wait()
    printer.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
