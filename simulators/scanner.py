"""What every simulated scanner has: a cable, a trigger, a tape of what was scanned, faults.

Owns the tape: one entry a trigger pull that the scanner took, in the order of pulling, with what became of it; with
`--tape FILE` also as lines of JSON, written when it is settled.
Invariant: an entry is settled once, as sent (nobody answers this kind of scanner), acknowledged, given_up (no answer
after all tries: a person hears the scanner complain and scans again), denied, refused (scanning was disabled), or
cut (half of it left the scanner).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from simulators.device import Act, SimulatedDevice
from simulators.line import Line
from simulators.program import add_shared_options, run_from_input

GARBAGE_BYTES = 6


@dataclass(slots=True)
class Scanned:
    """One trigger pull. Times are of the monotonic clock, which all processes of a machine share."""

    number: int
    code: bytes
    at_s: float
    outcome: str = ""
    sends: int = 0
    settled_at_s: float = 0.0

    @property
    def text(self) -> str:
        """The code for a person."""
        return self.code.decode("utf-8", "backslashreplace")


class SimulatedScanner(SimulatedDevice, ABC):
    """scan(code) pulls the trigger. `tape` is every pull it took, `tape_file` the same on disk."""

    EVENT = "scan"
    NUMBERS: Mapping[str, str] = {
        "bounce": "the next N codes are sent twice, as by a trigger that bounces",
        "garbage": "noise on the line before each of the next N codes",
        "half": "of each of the next N codes only half leaves the scanner",
        "character_delay_ms": "so long between two characters",
    }

    def __init__(self, line: Line, tape_file: Path | None = None, seed: int = 0) -> None:
        super().__init__(seed)
        self.line = line
        self.tape: list[Scanned] = []
        self._tape_file = tape_file

    @property
    @abstractmethod
    def address(self) -> str:
        """What a reader is told to open."""

    @abstractmethod
    def scan(self, code: str | bytes, timeout_s: float = 5.0) -> Scanned:
        """Pull the trigger on `code`.

        Raises:
            OSError: the scanner is not plugged in.
            TimeoutError: nobody reads.
        """

    def finish(self) -> None:
        """Wait until nothing is under way any more."""

    @property
    def link(self) -> Path:
        """The path a reader opens."""
        return self.line.link

    @property
    def is_plugged(self) -> bool:
        return self.line.is_plugged

    def plug(self) -> None:
        self.line.plug()

    def unplug(self) -> None:
        """The line goes as with a pulled cable."""
        self.line.unplug()

    def acts(self) -> Mapping[str, Act]:
        return {
            "scan": Act("pull the trigger on a code", lambda code: _pull(self, code), asks="code"),
            "unplug": Act("pull the cable", lambda _: self.unplug(), undo="plug"),
            "plug": Act("plug it in again, under the same name", lambda _: self.plug()),
        }

    def counters(self) -> Mapping[str, object]:
        return {"plugged": self.is_plugged, "plugs": self.line.plugs, "scans": len(self.tape)}

    def tape_end(self, count: int) -> Sequence[Mapping[str, object]]:
        with self._state:
            return [
                {"scan": scanned.number, "code": scanned.text, "outcome": scanned.outcome, "sends": scanned.sends}
                for scanned in self.tape[-count:]
            ]

    def begun(self, code: bytes) -> Scanned:
        """One more entry of the tape."""
        with self._state:
            scanned = Scanned(len(self.tape) + 1, code, time.monotonic())
            self.tape.append(scanned)
            return scanned

    def settle(self, scanned: Scanned, outcome: str) -> None:
        """What became of it."""
        with self._state:
            scanned.outcome, scanned.settled_at_s = outcome, time.monotonic()
            self.note(
                {
                    "scan": scanned.number, "code": scanned.text, "outcome": outcome, "sends": scanned.sends,
                    "at_s": round(scanned.at_s, 6), "settled_at_s": round(scanned.settled_at_s, 6),
                }
            )  # fmt: skip
            self._state.notify_all()

    def note(self, entry: Mapping[str, object]) -> None:
        """A line of the tape file, with the time of day."""
        if self._tape_file is not None:
            with self._tape_file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({**entry, "time": datetime.now(UTC).isoformat()}) + "\n")

    def code_bytes(self, code: str | bytes) -> bytes:
        """As the scanner sends it."""
        return code if isinstance(code, bytes) else code.encode("utf-8")

    def noise(self, without: bytes = b"") -> bytes:
        """A few bytes that mean nothing and end nothing."""
        return bytes(value for value in self.garbled(bytes(GARBAGE_BYTES)) if value not in without) or b"\xff"

    @property
    def delay_s(self) -> float:
        """Between two characters."""
        return self.number("character_delay_ms") / 1000

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_timers()
        self.unplug()


def _pull(scanner: SimulatedScanner, code: str) -> None:
    scanner.scan(code)


def add_scanner_options(parser: argparse.ArgumentParser) -> None:
    """The options of every simulated scanner; codes come on the input, a line each."""
    parser.add_argument("--link", type=Path, required=True, help="the path a reader opens")
    parser.add_argument("--tape", type=Path, metavar="FILE", help="what was scanned, as lines of JSON")
    add_shared_options(parser)


def run_scanner(scanner: SimulatedScanner, name: str, options: argparse.Namespace) -> int:
    """Scan what comes on the input. With a control port or a fault page it goes on when the input ends."""

    def scan(code: str) -> None:
        try:
            scanner.scan(code)
        except OSError as error:  # a TimeoutError is one
            sys.stderr.write(f"{error}\n")

    return run_from_input(scanner, name, options, scan, scanner.finish)
