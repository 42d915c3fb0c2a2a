"""A barcode scanner on a serial line, made of a pseudo terminal, that can be unplugged.

    python -m simulators.serial_scanner --link ./scanner-1 [--suffix cr|lf|crlf] [--prefix-stx] [--tape FILE]
        [--seed 1] [--control-port 9111] [--fault-page 9182] [--script FILE]
    (codes on stdin)

Owns the framing of a code; the cable is in `simulators.line`, tape and faults in `simulators.scanner`.
Refuses to lose a code quietly: when the reader does not read, `scan` raises TimeoutError.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from simulators.line import PtyLine
from simulators.scanner import Scanned, SimulatedScanner, add_scanner_options, run_scanner

SUFFIXES = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}


class SerialScanner(SimulatedScanner):
    """`link` is the path a reader opens. `character_delay_s` spreads a code over time, as at 9600 baud."""

    TITLE = "Line scanner"

    def __init__(
        self,
        link: Path | str,
        suffix: bytes = b"\r",
        prefix: bytes = b"",
        character_delay_s: float = 0.0,
        tape_file: Path | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(PtyLine(link), tape_file, seed)
        self.suffix = suffix
        self.prefix = prefix
        self.character_delay_s = character_delay_s

    @property
    def address(self) -> str:
        return f"serial://{self.link}?baud=9600&framing=8N1"

    @property
    def scanned(self) -> list[bytes]:
        """The codes of all trigger pulls, in their order."""
        return [scanned.code for scanned in self.tape]

    def scan(self, code: str | bytes, timeout_s: float = 5.0) -> Scanned:
        content = self.code_bytes(code)
        framed = self.prefix + content + self.suffix
        outcome, sends = "sent", 1
        if self.uses_up("half"):
            outcome, framed = "cut", framed[: max(1, len(framed) // 2)]
        else:
            if self.uses_up("garbage"):
                framed = self.noise(without=self.prefix + b"\r\n") + framed
            if self.uses_up("bounce"):
                framed, sends = framed * 2, 2
        self.send(framed, timeout_s)
        scanned = self.begun(content)
        scanned.sends = sends
        self.settle(scanned, outcome)
        self.happened()
        return scanned

    def send(self, content: bytes, timeout_s: float = 5.0) -> None:
        """Bytes as they are: half a code, noise."""
        self.line.write(content, timeout_s, self.delay_s or self.character_delay_s)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.serial_scanner", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--suffix", choices=sorted(SUFFIXES), default="cr")
    parser.add_argument("--prefix-stx", action="store_true", help="send STX before every code")
    add_scanner_options(parser)
    options = parser.parse_args(arguments)
    prefix = b"\x02" if options.prefix_stx else b""
    scanner = SerialScanner(
        options.link, SUFFIXES[options.suffix], prefix, tape_file=options.tape, seed=options.seed
    )  # fmt: skip
    return run_scanner(scanner, "serial scanner", options)


if __name__ == "__main__":
    sys.exit(main())
