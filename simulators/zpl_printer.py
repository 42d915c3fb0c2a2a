"""A ZPL label printer on TCP, written from the manual, that keeps every label it put out.

    python -m simulators.zpl_printer --port 9100 --tape tape/ [--host 127.0.0.1] [--status-port 9200]
        [--ips 6 | --labels-per-s 2] [--buffer-bytes 1048576] [--boot-s 20] [--seed 1]
        [--control-port 9109] [--fault-page 9180] [--script FILE]

Tape: one file a job, DIR/000001.zpl, 000002.zpl …, a job being one format, from its ^XA to its ^XZ with
every byte between as it was received (several formats in one connection, or a format in many TCP
segments, make the same files). A format is on the tape when it came out: while paper is out it waits.
^PQ3 is one file and raises the odometer by 3. Bytes between formats (line ends, questions) belong to no
job; half a format at the end of a connection is dropped. Beside the folder, DIR.labels.jsonl has every piece of
paper, spoilt ones too, and DIR.counters.json what the printer remembers without power: odometer and boots.

Answers ~HS, ~HI, ~HQES, ~HQSN, ~HQOD and ! U1 getvar at once, also between the bytes of a format; ^HV when the format's
turn has come (F) or after each label (L). Does ~JA, ~JR, ~PS, ~PP. ^JZ (on at power-on): a label that paper, ribbon
or head spoilt is printed again when the fault is gone, and the odometer has counted both.
Source: Zebra "ZPL II Programming Guide" (~HS, ~HI, ~HQ, ^GF, ~DY, ^JZ), its SGD chapter (odometer.total_label_count).
No maker documents a setting that counts boots: `simulator.boots` stands in for "the printer was off meanwhile".
Whether a label that a power cut spoilt is counted: unverified, here it is not.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from simulators.printer_port import PrinterPort, Reply
from simulators.program import add_shared_options, announce, breakable, until_signalled
from simulators.zpl_formats import Format, read_format
from simulators.zpl_status_port import StatusPort
from simulators.zpl_stream import ZplStream

_DPMM = 8
_UNTOLD_LENGTH_INCHES = 6.0
_BREAKING = ("paper_out", "ribbon_out", "head_open")


@dataclass(slots=True)
class _Job:
    content: bytes
    asked: Format
    stream: ZplStream
    good: int = 0


class ZplPrinter(PrinterPort):
    """`ips`: inches a second, `labels_per_s` instead; 0 prints at once. `seed`: the spread (±5 %) of the printing
    time, garbage, and the serial number. `status_port`: also the JSON port, 0 for a free one. `boot_s`: how long it
    resets its callers after a power cycle.
    """

    TITLE = "ZPL label printer"
    SUFFIX = ".zpl"
    BLOCKING: tuple[str, ...] = (*_BREAKING, "paused")
    SWITCHES: Mapping[str, str] = {
        **PrinterPort.SWITCHES,
        "ribbon_out": "no ribbon: jobs wait in the buffer",
        "silent_in_fault": "answers no ~HS while paper, ribbon or head is at fault, as the manual warns",
        "status_port_silent": "the JSON port answers nothing",
    }
    NUMBERS: Mapping[str, str] = {
        **PrinterPort.NUMBERS,
        "paper_out_within_label": "the paper ends within the N-th label from now, which is spoilt",
        "power_cycle_within_label": "the power goes within the N-th label from now",
    }

    def __init__(
        self,
        tape: Path | str,
        port: int = 0,
        host: str = "127.0.0.1",
        control_port: int | None = None,
        buffer_bytes: int = 1 << 20,
        seed: int = 1,
        ips: float = 0.0,
        labels_per_s: float = 0.0,
        status_port: int | None = None,
        boot_s: float = 0.0,
    ) -> None:
        super().__init__(tape, port, host, control_port, buffer_bytes, seed, boot_s)
        self.status_port = status_port
        self._serial_number = f"SIM{seed:09d}"
        self._ips = ips
        self._labels_per_s = labels_per_s
        self._labels_remaining = 0
        self._printing: bytes | None = None
        self._is_reprinting = True
        self._has_partial_format = False
        self.partial_formats = 0

    def start(self) -> Self:
        super().start()
        if self.status_port is not None:
            listener = self.listen(self.host, self.status_port)
            self.status_port = listener.getsockname()[1]
            port = StatusPort(self._status_value, lambda: self._is_stopping)
            self.run("status port", lambda: port.serve(listener))
        return self

    def new_stream(self, reply: Reply) -> ZplStream:
        return ZplStream(self, reply)

    def counters(self) -> Mapping[str, object]:
        return {
            **super().counters(),
            "labels_remaining": self._labels_remaining,
            "partial_formats": self.partial_formats,
            "reprints_spoilt": self._is_reprinting,
        }

    def take_format(self, content: bytes, stream: ZplStream) -> None:
        asked = read_format(content)
        with self._state:
            stream.awaited += bool(asked.of_format or asked.of_label)
            self.queue(len(content), lambda: self._print(_Job(content, asked, stream)))
            self.happened()

    def mark_partial(self, has_partial_format: bool) -> None:
        self._has_partial_format = has_partial_format

    def drop_partial(self) -> None:
        self._has_partial_format = False
        self.partial_formats += 1

    def forget(self) -> None:
        if self._printing is not None:
            # Half a label hangs out of the printer.
            self.label_out(self._printing, is_spoilt=True, is_counted=False)
            self._printing = None
        self._labels_remaining = 0
        self._has_partial_format = False
        self._is_reprinting = True

    def do(self, command: bytes) -> bytes:
        """What the printer answers to an immediate command, b"" when it does it without a word."""
        if command == b"PS":
            self.set_fault("paused", False)
        elif command == b"PP":
            self.set_fault("paused", True)
        elif command == b"JA":
            self.drop_waiting()
            self.mark_partial(False)
        elif command == b"JR":
            self.power_cycle()
        elif self._is_silent():
            return b""
        elif command == b"HS":
            return self._host_status()
        elif command == b"HI":
            return b"\x02ZD621-203dpi,V93.21.26Z,8,8192KB\x03\r\n"
        elif command == b"HQES":
            return self._error_status()
        elif command == b"HQSN":
            return _framed(f"  SERIAL NUMBER\r\n   {self._serial_number}\r\n")
        elif command == b"HQOD":
            return _framed(f"  PRINT METERS\r\n   TOTAL LABELS:   {self.odometer}\r\n")
        return b""

    def getvar(self, name: str) -> bytes:
        return b"" if self._is_silent() else f'"{self._setting(name)}"'.encode("ascii")

    def _setting(self, name: str) -> str:
        values = {
            "odometer.total_label_count": str(self.odometer),
            "device.unique_id": self._serial_number,
            "device.host_status": self._host_status().decode("ascii"),
            "appl.name": "V93.21.26Z",
            "device.languages": "zpl",
            "simulator.boots": str(self.boots),
        }
        return values.get(name, "?")

    def _status_value(self, name: str) -> str | None:
        if self.has_fault("status_port_silent") or self.has_fault("half_open"):
            return None
        value = self._setting(name)
        return self.garbled(value.encode()).decode("latin-1") if self.has_fault("garbage") else value

    def _is_silent(self) -> bool:
        with self._state:
            return self._switches["silent"] or (self._switches["silent_in_fault"] and self._is_broken())

    def _is_broken(self) -> bool:
        return any(self._switches[name] for name in _BREAKING)

    # -- printing

    def _print(self, job: _Job) -> None:
        with self._state:
            if self.is_dropped():
                return
            self._is_reprinting = self._is_reprinting if job.asked.reprints is None else job.asked.reprints
            self._labels_remaining = job.asked.copies
            if not job.asked.copies:
                self.put_out(job.content, 0)
        job.stream.reply(job.asked.of_format)
        while self._labels_remaining and self.wait_for_readiness() and self._put_out_label(job):
            pass
        with self._state:
            self._labels_remaining = 0
            job.stream.awaited = max(0, job.stream.awaited - bool(job.asked.of_format or job.asked.of_label))

    def _put_out_label(self, job: _Job) -> bool:
        """One piece of paper; False when the power went or stop() came before it was out."""
        with self._state:
            self._printing = job.content
            self._state.wait_for(
                lambda: self._is_stopping or self._printing is None or self._is_broken(), self._label_s(job.asked)
            )
            if self._is_stopping or self._printing is None:
                return False
            if self.counts_down_to("power_cycle_within_label"):
                self.power_cycle()
                return False
            if self.counts_down_to("paper_out_within_label"):
                self.set_fault("paper_out")
            self._printing = None
            is_spoilt = self._is_broken()
            self.label_out(job.content, is_spoilt)
            if is_spoilt and self._is_reprinting:
                return True
            job.good += not is_spoilt
            self._labels_remaining -= 1
            if job.good == job.asked.copies:
                self.put_out(job.content, job.asked.copies)
        if not is_spoilt:
            job.stream.reply(job.asked.of_label)
        return True

    def _label_s(self, asked: Format) -> float:
        if self._labels_per_s > 0:
            seconds = 1 / self._labels_per_s
        elif self._ips > 0:
            length_inches = asked.length_dots / (_DPMM * 25.4) if asked.length_dots else _UNTOLD_LENGTH_INCHES
            seconds = length_inches / self._ips
        else:
            return 0.0
        return seconds * self.chance.uniform(0.95, 1.05)

    # -- answers

    def _host_status(self) -> bytes:
        with self._state:
            on = {name: int(value) for name, value in self._switches.items()}
            waiting, remaining = len(self._work), self._labels_remaining if self._work else 0
            full, partial = int(self.is_buffer_full()), int(self._has_partial_format)
        # The format being printed has left the receive buffer; what it still has to print is in the
        # second line.
        held = min(max(0, waiting - 1) if remaining else waiting, 999)
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
        return _framed(
            "  PRINTER STATUS\r\n"
            f"   ERRORS:         {int(bool(error))} 00000000 {error:08X}\r\n"
            "   WARNINGS:       0 00000000 00000000\r\n"
        )


def _framed(text: str) -> bytes:
    return b"\x02\r\n\r\n" + text.encode("ascii") + b"\x03"


def add_printer_options(parser: argparse.ArgumentParser, what: str) -> None:
    """The options of every simulated printer."""
    parser.add_argument("--port", type=int, required=True, help="TCP port, 0 for a free one")
    parser.add_argument("--tape", type=Path, required=True, help=f"folder for the {what}, one file a job")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--buffer-bytes", type=int, default=1 << 20, help="what it takes while it cannot print")
    parser.add_argument("--boot-s", type=float, default=0.0, help="how long a power cycle takes")
    add_shared_options(parser)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.zpl_printer", description=(__doc__ or "").split("\n")[0]
    )
    add_printer_options(parser, "labels")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--ips", type=float, default=0.0, help="inches a second; 0 prints at once")
    speed.add_argument("--labels-per-s", type=float, default=0.0, help="labels a second, whatever their length")
    parser.add_argument("--status-port", type=int, help="port of the JSON status, 0 for a free one (9200 on a Zebra)")
    options = parser.parse_args(arguments)
    printer = ZplPrinter(
        options.tape, options.port, options.host, buffer_bytes=options.buffer_bytes, seed=options.seed, ips=options.ips,
        labels_per_s=options.labels_per_s, status_port=options.status_port, boot_s=options.boot_s,
    )  # fmt: skip
    return run_printer(printer, "ZPL printer", options)


def run_printer(printer: PrinterPort, name: str, options: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; one line says where it listens."""
    logging.basicConfig(level=logging.WARNING)
    stop = until_signalled()
    try:
        with printer, breakable(printer, options) as said:
            status_port = getattr(printer, "status_port", None)
            status = f", status 127.0.0.1:{status_port}" if status_port is not None else ""
            announce(f"{name} on {printer.address}, tape {printer.tape.folder}{status}{said}")
            stop.wait()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{name}: {printer.address}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
