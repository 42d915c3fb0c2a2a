"""An ESC/POS receipt printer on TCP, written from the manual, that keeps every slip it put out.

    python -m simulators.receipt_printer --port 9101 --tape tape/ [--host 127.0.0.1] [--buffer-bytes 1048576]
        [--boot-s 20] [--seed 1] [--control-port 9109] [--fault-page 9181] [--script FILE]

Tape: one file a job, DIR/000001.escpos …, a job being everything up to and including a cut and the GS r
that follows it, or up to the end of the connection when nothing is cut. Real-time questions (DLE EOT)
belong to no job. DLE EOT is answered at once, GS r in its turn, after everything before it has been
printed: while paper is out or the cover is open, GS r stays without an answer. GS a has the printer say its four status
bytes, then and whenever one of the wanted ones changes, to the caller who asked. A slip whose paper ended within it
comes out in two pieces: it is whole on the tape and spoilt in DIR.labels.jsonl.

    GS a: automatic status back, four bytes, to be told from DLE EOT by bits 0 and 1
    1st  0 . C 1 O . 0 0   C cover open, O offline       2nd  errors, always 0 here
    3rd  0 . . 0 E E N N   E paper end, N near end       4th  0
Source: Epson ESC/POS command reference, https://download4.epson.biz/sec_pubs/pos/reference_en/escpos/
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulators.printer_port import PrinterPort, Reply, Stream
from simulators.zpl_printer import add_printer_options, run_printer

_DLE, _ESC, _FS, _GS = 0x10, 0x1B, 0x1C, 0x1D
# How many parameter bytes follow the two bytes of a command, where that is fixed.
_ESC_FIXED = {
    **dict.fromkeys(b"@2<LSimv\x0c", 0),
    **dict.fromkeys(b" !%-3=?EGJKMRTVadert{Uu", 1),
    **dict.fromkeys(b"$\\cB", 2),
    ord("p"): 3,
    ord("W"): 8,
}
_FS_FIXED = {**dict.fromkeys(b"&.", 0), **dict.fromkeys(b"!-CW", 1), **dict.fromkeys(b"Sp", 2)}
_GS_FIXED = {
    ord(":"): 0,
    **dict.fromkeys(b"!BIHTXabdfhrwx/EK", 1),
    **dict.fromkeys(b"LWP$\\", 2),
    ord("^"): 3,
}
_REAL_TIME_LONG = {0x04: 3, 0x05: 3, 0x14: 5}
_CODE_PAGES = {
    **{0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865"},
    **{16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858"},
}


class ReceiptPrinter(PrinterPort):
    """A cover is the head of `head_open`: one word for what a person has to close."""

    TITLE = "ESC/POS receipt printer"
    SUFFIX = ".escpos"
    EVENT = "slip put out"
    BLOCKING: tuple[str, ...] = ("paper_out", "head_open", "paused", "offline")
    SWITCHES: Mapping[str, str] = {
        **PrinterPort.SWITCHES,
        "paper_near_end": "the roll is nearly at its end; it still prints",
        "offline": "taken offline at the printer, with nothing else wrong",
    }
    NUMBERS: Mapping[str, str] = {
        **PrinterPort.NUMBERS,
        "paper_out_within_commands": "the paper ends at the N-th command from now, within the slip",
    }

    ANSWERS_BEFORE_CLOSING = True  # `GS r` is answered when the paper has come so far, not when it is read

    def __init__(
        self,
        tape: Path | str,
        port: int = 0,
        host: str = "127.0.0.1",
        control_port: int | None = None,
        buffer_bytes: int = 1 << 20,
        seed: int = 1,
        boot_s: float = 0.0,
    ) -> None:
        super().__init__(tape, port, host, control_port, buffer_bytes, seed, boot_s)
        self._slip = bytearray()
        self._is_cut = False
        self._is_torn = False
        self._status_back: tuple[int, Reply] | None = None
        self._last_back = b""

    def new_stream(self, reply: Reply) -> EscPosStream:
        with self._state:
            self._status_back = None  # it was asked for by a caller who is gone
        return EscPosStream(self, reply)

    def take_command(self, command: bytes, reply: Reply) -> None:
        self.queue(len(command), lambda: self._execute(command, reply))

    def take_end(self) -> None:
        self.queue(0, self._finish_slip)

    def forget(self) -> None:
        if self._slip:
            self.label_out(bytes(self._slip), is_spoilt=True, is_counted=False)
        self._slip, self._is_cut, self._is_torn = bytearray(), False, False
        self._status_back = None

    def real_time_status(self, kind: int) -> bytes:
        if self.has_fault("silent"):
            return b""
        on = {name: self.has_fault(name) for name in self.SWITCHES}
        bits = {
            1: self._is_offline() << 3,
            2: on["head_open"] << 2 | on["paper_out"] << 5,
            3: 0,
            4: (on["paper_near_end"] or on["paper_out"]) * 0x0C | on["paper_out"] * 0x60,
        }
        return bytes((0x12 | bits[kind],)) if kind in bits else b""

    def faults_changed(self) -> None:
        if self._status_back is None:
            return
        kinds, reply = self._status_back
        back = self._automatic_status()
        # The drawer (bit 0) never changes here; offline and errors are bits 1 and 2, the paper is bit 3.
        compared = ((0, 0x28, 0x06), (1, 0x68, 0x04), (2, 0x0F, 0x08))
        if any(kinds & kind and (back[at] ^ self._last_back[at]) & mask for at, mask, kind in compared):
            self._last_back = back
            reply(back)

    def _is_offline(self) -> bool:
        with self._state:
            return self._is_blocked()

    def _automatic_status(self) -> bytes:
        on = self._switches
        paper = (on["paper_near_end"] or on["paper_out"]) * 0x03 | on["paper_out"] * 0x0C
        return bytes((0x10 | self._is_offline() << 3 | on["head_open"] << 5, 0, paper, 0))

    def _execute(self, command: bytes, reply: Reply) -> None:
        with self._state:
            if self.is_dropped():
                return  # the power went between taking it from the queue and doing it
            if self.counts_down_to("paper_out_within_commands"):
                self.set_fault("paper_out")
                self._is_torn = True
        if not self.wait_for_readiness():
            return
        with self._state:
            answer = self._done(command, reply)
        reply(answer)

    def _done(self, command: bytes, reply: Reply) -> bytes:
        is_question = command[:2] == b"\x1dr"
        if self._is_cut and not is_question:
            self._finish_slip()
        self._slip += command
        if command[:2] == b"\x1dV":
            self._is_cut = True
        if command[:2] == b"\x1da":
            self._last_back = self._automatic_status()
            self._status_back = (command[2], reply) if command[2] & 0x4F else None
            return self._last_back if self._status_back else b""
        if is_question:
            if self._is_cut:
                self._finish_slip()
            return bytes((0x03 if self.has_fault("paper_near_end") else 0x00,))
        return b""

    def _finish_slip(self) -> None:
        with self._state:
            content, self._slip, self._is_cut = bytes(self._slip), bytearray(), False
            if content:
                self.label_out(content, is_spoilt=self._is_torn)
                self._is_torn = False
                self.put_out(content, 1)
                self.happened()


class EscPosStream(Stream):
    """Cuts one connection into commands; a command in two segments is one command."""

    def __init__(self, printer: ReceiptPrinter, reply: Reply) -> None:
        self._printer = printer
        self._reply = reply
        self._rest = bytearray()

    def feed(self, content: bytes) -> None:
        self._rest += content
        taken = 0
        while (
            not self.is_off
            and (length := _command_length(self._rest, taken))
            and taken + length <= len(self._rest)
        ):
            command = bytes(self._rest[taken : taken + length])
            taken += length
            self._take(command)
        del self._rest[:taken]

    def end(self) -> None:
        if self._rest:
            self._printer.take_command(bytes(self._rest), self._reply)
            self._rest.clear()
        self._printer.take_end()

    def _take(self, command: bytes) -> None:
        if command[:2] == b"\x10\x04":
            answer = self._printer.real_time_status(command[2])
            if answer:
                self._reply(answer)
        elif command[0] != _DLE:
            self.job_bytes += len(command)
            self._printer.take_command(command, self._reply)


@dataclass(frozen=True, slots=True)
class Raster:
    """Dots as printed: one byte a dot, row by row, 0 black and 255 white."""

    width: int
    height: int
    pixels: bytes


def commands_of(job: bytes) -> Iterator[bytes]:
    """The job cut into commands and single characters."""
    at = 0
    while at < len(job):
        length = _command_length(job, at) or len(job) - at
        yield job[at : at + length]
        at += length


def text_of(job: bytes) -> str:
    """The plain text of a job, without its layout. What was sent as a raster is not in it."""
    text: list[str] = []
    code_page = "cp437"
    for command in commands_of(job):
        if command[:2] == b"\x1bt":
            code_page = _CODE_PAGES.get(command[2], "cp437")
        elif command == b"\n":
            text.append("\n")
        elif len(command) == 1 and command[0] >= 0x20:
            text.append(command.decode(code_page, "replace"))
    return "".join(text)


def rasters_of(job: bytes) -> list[Raster]:
    """The GS v 0 images of a job, consecutive ones of one width joined, as they lie on the paper."""
    rasters: list[Raster] = []
    for command in commands_of(job):
        if command[:3] != b"\x1dv0":
            continue
        row_bytes, height = command[4] | command[5] << 8, command[6] | command[7] << 8
        pixels = b"".join(_DOTS[value] for value in command[8:])
        last = rasters[-1] if rasters else None
        if last is not None and last.width == row_bytes * 8:
            rasters[-1] = Raster(last.width, last.height + height, last.pixels + pixels)
        else:
            rasters.append(Raster(row_bytes * 8, height, pixels))
    return rasters


_DOTS = [bytes(0 if value & 0x80 >> bit else 255 for bit in range(8)) for value in range(256)]


def _command_length(job: bytes | bytearray, at: int) -> int:
    """The length of the command at `at`; 0 while it cannot be known yet."""
    if at >= len(job):
        return 0
    lead = job[at]
    if lead not in (_DLE, _ESC, _FS, _GS):
        return 1
    if at + 1 >= len(job):
        return 0
    kind = job[at + 1]
    if lead == _DLE:
        return _REAL_TIME_LONG.get(kind, 1)
    fixed = {_ESC: _ESC_FIXED, _FS: _FS_FIXED, _GS: _GS_FIXED}[lead].get(kind)
    if fixed is not None:
        return 2 + fixed
    body = job[at + 2 : at + 12]
    if kind == ord("("):
        return 5 + (body[1] | body[2] << 8) if len(body) >= 3 else 0
    if lead == _ESC and kind == ord("*"):
        return 5 + (body[1] | body[2] << 8) * (3 if body[0] in (32, 33) else 1) if len(body) >= 3 else 0
    if lead == _ESC and kind == ord("D"):
        return _until_nul(job, at)
    if lead == _GS and kind == ord("V"):
        return (4 if body[0] in (65, 66, 97, 98, 103, 104) else 3) if body else 0
    if lead == _GS and kind == ord("v"):
        return 8 + (body[2] | body[3] << 8) * (body[4] | body[5] << 8) if len(body) >= 6 else 0
    if lead == _GS and kind == ord("k"):
        if not body:
            return 0
        if body[0] <= 6:
            return _until_nul(job, at)
        return 4 + body[1] if len(body) >= 2 else 0
    if lead == _GS and kind == ord("*"):
        return 4 + body[0] * body[1] * 8 if len(body) >= 2 else 0
    if lead == _GS and kind == ord("8"):
        return 7 + int.from_bytes(body[1:5], "little") if len(body) >= 5 else 0
    return 2


def _until_nul(job: bytes | bytearray, at: int) -> int:
    end = job.find(b"\x00", at + 3)
    return end - at + 1 if end >= 0 else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.receipt_printer", description=(__doc__ or "").split("\n")[0]
    )
    add_printer_options(parser, "slips")
    options = parser.parse_args(arguments)
    printer = ReceiptPrinter(
        options.tape, options.port, options.host, buffer_bytes=options.buffer_bytes, seed=options.seed,
        boot_s=options.boot_s,
    )  # fmt: skip
    return run_printer(printer, "receipt printer", options)


if __name__ == "__main__":
    sys.exit(main())
