"""A USB scanner in HID POS mode: reports through a socket in the place of /dev/hidraw0.

    python -m simulators.hid_scanner --link ./hid-1 [--tape FILE] [--seed 1]
        [--control-port 9115] [--fault-page 9186] [--script FILE]
    (codes on stdin; one that begins with an AIM identifier, `]d2…`, is said to be of that kind, others Code 128, `]C0`)

Owns cutting a code into reports of 64 bytes. The socket keeps their bounds (SOCK_SEQPACKET), as hidraw does: a read is
a report. Nobody answers this kind of scanner.
Source: Access-IS LSR118 product manual, appendix B.1 (p. 68), read a second time and on purpose not shared with the
driver; report numbers and sizes of other makers: unverified.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from simulators.line import SocketLine
from simulators.scanner import Scanned, SimulatedScanner, add_scanner_options, run_scanner

REPORT_BYTES, DATA_BYTES = 64, 56
_CODE_128 = b"]C0"
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")


class HidScanner(SimulatedScanner):
    """`link` is the socket a reader opens."""

    TITLE = "USB scanner (HID POS)"
    NUMBERS: Mapping[str, str] = {
        **SimulatedScanner.NUMBERS,
        "garbage": "a report of another kind before each of the next N codes",
        "half": "of each of the next N codes the last report is cut in two, or does not come",
    }

    def __init__(self, link: Path | str, tape_file: Path | None = None, seed: int = 0) -> None:
        super().__init__(SocketLine(link, keeps_bounds=True), tape_file, seed)

    @property
    def address(self) -> str:
        return f"sim://{self.link}?proto=hid-pos"

    def scan(self, code: str | bytes, timeout_s: float = 5.0) -> Scanned:
        content = self.code_bytes(code)
        said = reports_of(content)
        outcome, sends = "sent", 1
        if self.uses_up("half"):
            # The end of it: a code of several reports then goes on for ever, one of one is no report at all.
            outcome, said = "cut", [*said[:-1], *([said[-1][: REPORT_BYTES // 2]] if len(said) == 1 else [])]
        elif self.uses_up("bounce"):
            said, sends = said * 2, 2
        if self.uses_up("garbage"):
            said = [b"\x07" + self.noise(), *said]
        for report in said:
            self.line.write(report, timeout_s)
        scanned = self.begun(content)
        scanned.sends = sends
        self.settle(scanned, outcome)
        self.happened()
        return scanned


def reports_of(code: bytes) -> list[bytes]:
    """The reports of one code; an AIM identifier before it goes into its own field."""
    aim, data = (code[:3], code[3:]) if _AIM.match(code) else (_CODE_128, code)
    parts = [data[at : at + DATA_BYTES] for at in range(0, len(data), DATA_BYTES)] or [b""]
    return [
        bytes((2, len(part))) + aim + part.ljust(DATA_BYTES, b"\0") + bytes((0, 0, number < len(parts)))
        for number, part in enumerate(parts, start=1)
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.hid_scanner", description=(__doc__ or "").split("\n")[0]
    )
    add_scanner_options(parser)
    options = parser.parse_args(arguments)
    return run_scanner(HidScanner(options.link, options.tape, options.seed), "HID scanner", options)


if __name__ == "__main__":
    sys.exit(main())
