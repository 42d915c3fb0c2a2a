"""A Zebra scanner on a serial line: it sends packets, waits for the host's ACK, and does what the host tells it.

    python -m simulators.ssi_scanner --link ./scanner-2 [--ack-timeout-s 2] [--tries 3] [--parts paced|streamed]
        [--tape FILE] [--seed 1] [--control-port 9112] [--fault-page 9183] [--script FILE]
    (codes on stdin)

    ┌────────┬────────┬────────┬────────┬────────┬────────────────┐
    │ length │ opcode │ source │ status │ data … │ checksum hi lo │   status bit 0: sent again, bit 1: more follow
    └────────┴────────┴────────┴────────┴────────┴────────────────┘
A code longer than 250 bytes goes in parts: `paced`, each waiting for its own ACK, or `streamed`, one ACK for all.
Owns the wait for an answer: no ACK in time, or a NAK that asks again, and the same packet goes out with bit 0 set;
after `tries` it is given up, as a person hears. Nothing else is sent meanwhile: a second code waits in the scanner.
Refuses to scan while the host has disabled it, and says so on its tape.
Source, a second time and on purpose not shared with the driver: Zebra "Simple Serial Interface Programmer's Guide"
72E-40451; SE-923 integration guide ch. 6. What becomes of a code while the cable is out differs by model (unverified):
here it is sent again after the replug, as by a cordless one.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from simulators.line import PtyLine
from simulators.scanner import Scanned, SimulatedScanner, add_scanner_options, run_scanner

OPCODES = {
    0xA3: "REQUEST_REVISION", 0xC6: "PARAM_SEND", 0xC7: "PARAM_REQUEST", 0xD0: "ACK", 0xD1: "NAK", 0xD2: "FLUSH_QUEUE",
    0xE4: "START_SESSION", 0xE5: "STOP_SESSION", 0xE6: "BEEP", 0xE7: "LED_ON", 0xE8: "LED_OFF", 0xE9: "SCAN_ENABLE",
    0xEA: "SCAN_DISABLE", 0xEB: "SLEEP",
}  # fmt: skip
_DECODE_DATA, _ACK, _NAK = 0xF3, 0xD0, 0xD1
_SCANNER, _HOST = 0x00, 0x04
_AGAIN, _MORE = 0x01, 0x02
_RESEND = 1
CODE_128 = 0x03
_PART_BYTES = 250
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet of the host, whole and with a right checksum."""

    at_s: float
    word: str
    data: bytes


class SsiScanner(SimulatedScanner):
    """scan(code) queues it and returns its entry; `settled(entry)` waits for its outcome. `tries` 0: for ever."""

    TITLE = "Zebra scanner (SSI)"
    NUMBERS: Mapping[str, str] = {
        **SimulatedScanner.NUMBERS,
        "lost_ack": "the next N acknowledgements do not reach the scanner, which sends again",
        "bad_checksum": "each of the next N packets arrives with a wrong checksum",
    }

    def __init__(
        self, link: Path | str, *, ack_timeout_s: float = 2.0, tries: int = 3, is_streamed: bool = False,
        tape_file: Path | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(PtyLine(link), tape_file, seed)
        self.ack_timeout_s, self.tries, self.is_streamed = ack_timeout_s, tries, is_streamed
        self.heard: list[Heard] = []
        self.is_enabled = True
        self.lights = 0
        self._waiting: deque[tuple[Scanned, int]] = deque()
        self._pending: Scanned | None = None
        self._groups: deque[list[bytes]] = deque()
        self._tried = 0
        self._answer_due_s = 0.0
        self._buffer = bytearray()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="ssi scanner", daemon=True)

    @property
    def address(self) -> str:
        return f"serial://{self.link}?baud=9600&framing=8N1&proto=ssi"

    def scan(self, code: str | bytes, timeout_s: float = 5.0, symbology: int = CODE_128) -> Scanned:
        """Returns at once; `timeout_s` is for whoever does not read (see `settled`)."""
        content = self.code_bytes(code)
        if not self.is_plugged:
            raise OSError(f"{self.link} is not plugged in")
        with self._state:
            scanned = self.begun(content)
            if not self.is_enabled:
                self.settle(scanned, "refused")
            else:
                self._waiting.append((scanned, symbology))
                self._send_next()
        self.happened()
        return scanned

    def settled(self, scanned: Scanned, timeout_s: float = 10.0) -> str:
        """The outcome, once there is one.

        Raises:
            TimeoutError: there is none in time.
        """
        with self._state:
            if not self._state.wait_for(lambda: scanned.outcome, timeout_s):
                raise TimeoutError(f"{self.link}: scan {scanned.number} is not settled in {timeout_s} s")
            return scanned.outcome

    def finish(self) -> None:
        with self._state:
            self._state.wait_for(lambda: self._pending is None and not self._waiting)

    def words_since(self, at_s: float) -> list[str]:
        """What the host has said since then, in words."""
        with self._state:
            return [heard.word for heard in self.heard if heard.at_s >= at_s]

    def plug(self) -> None:
        super().plug()
        with self._state:
            self._buffer.clear()
            if self._pending is not None:
                self._transmit(is_again=True)
            self._send_next()

    def counters(self) -> Mapping[str, object]:
        outcomes = [scanned.outcome for scanned in self.tape]
        return {
            **super().counters(),
            **{word: outcomes.count(word) for word in ("acknowledged", "given_up", "refused")},
            "waiting": len(self._waiting) + (self._pending is not None),
            "enabled": self.is_enabled,
            "lights": self.lights,
        }

    def tape_end(self, count: int) -> Sequence[Mapping[str, object]]:
        with self._state:
            heard = [
                {"heard": heard.word, "data": heard.data.hex(), "at_s": round(heard.at_s, 3)}
                for heard in self.heard[-count:]
                if heard.word != "ACK"
            ]
            return (*super().tape_end(count), *heard)[-count:]

    def __enter__(self) -> Self:
        super().__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        super().__exit__(kind, error, trace)
        self._thread.join()

    # -- one code at a time

    def _send_next(self) -> None:
        while self._pending is None and self._waiting:
            scanned, symbology = self._waiting.popleft()
            if not self.is_enabled:
                self.settle(scanned, "refused")
                continue
            self._pending = scanned
            packets = _packets(scanned.code, symbology)
            groups = [packets] if self.is_streamed else [[packet] for packet in packets]
            # A bounce is a second decode: it waits for the answer to the first, as every packet does.
            self._groups = deque(groups * (2 if self.uses_up("bounce") else 1))
            self._tried = 0
            scanned.at_s = time.monotonic()
            self._transmit(is_again=False)

    def _transmit(self, is_again: bool) -> None:
        """Send what is not acknowledged yet, or give it up."""
        scanned = self._pending
        if scanned is None:
            return
        if self.tries and self._tried >= self.tries:
            self._end("given_up")
            return
        self._tried += 1
        scanned.sends += 1
        content = b"".join(_sealed(packet, _AGAIN if is_again else 0) for packet in self._groups[0])
        if self.uses_up("bad_checksum"):
            content = content[:-1] + bytes((content[-1] ^ 0xFF,))
        if self.uses_up("half"):
            content = content[: max(1, len(content) // 2)]
        if self.uses_up("garbage"):
            content = self.noise() + content
        try:
            self.line.write(content, self.ack_timeout_s, self.delay_s)
        except OSError as error:  # unplugged, or nobody reads: both show as an answer that does not come
            self.note({"trouble": str(error)})
        self._answer_due_s = time.monotonic() + self.ack_timeout_s

    def _end(self, outcome: str) -> None:
        scanned, self._pending = self._pending, None
        self._groups.clear()
        if scanned is not None:
            self.settle(scanned, outcome)
        self._send_next()

    # -- what the host says

    def _serve(self) -> None:
        while not self._stop.is_set():
            with self._state:
                wait_s = self._answer_due_s - time.monotonic() if self._pending is not None else _LOOK_S
            content = self.line.read(min(_LOOK_S, max(0.0, wait_s)))
            with self._state:
                self._hear(content)
                if self._pending is not None and self.is_plugged and time.monotonic() >= self._answer_due_s:
                    self._transmit(is_again=True)

    def _hear(self, content: bytes) -> None:
        self._buffer += content
        while self._buffer:
            length = self._buffer[0]
            if length < 4:
                del self._buffer[0]  # a wake-up byte
                continue
            if len(self._buffer) < length + 2:
                return
            whole = bytes(self._buffer[: length + 2])
            if _checksum(whole[:length]) != whole[length:]:
                self._buffer.clear()  # where the next one begins nobody knows
                self._say(_NAK, bytes((_RESEND,)))
                return
            del self._buffer[: length + 2]
            if whole[2] == _HOST:
                self._obey(whole[1], whole[4:length])

    def _obey(self, opcode: int, data: bytes) -> None:
        heard = Heard(time.monotonic(), OPCODES.get(opcode, f"{opcode:#04x}"), data)
        self.heard.append(heard)
        self.note({"heard": heard.word, "data": data.hex(), "at_s": round(heard.at_s, 6)})
        self._state.notify_all()
        if opcode in (_ACK, _NAK):
            self._answered(opcode == _ACK, data)
            return
        if heard.word in ("SCAN_ENABLE", "SCAN_DISABLE"):
            self.is_enabled = heard.word == "SCAN_ENABLE"
        elif heard.word in ("LED_ON", "LED_OFF") and data:
            self.lights = self.lights | data[0] if heard.word == "LED_ON" else self.lights & ~data[0]
        elif heard.word == "FLUSH_QUEUE":
            self._waiting.clear()
        self._say(_ACK)

    def _answered(self, is_taken: bool, data: bytes) -> None:
        if self._pending is None or (is_taken and self.uses_up("lost_ack")):
            return
        if not is_taken:
            if data[:1] == bytes((_RESEND,)):
                self._transmit(is_again=True)
            else:
                self._end("denied")
            return
        self._groups.popleft()
        if not self._groups:
            self._end("acknowledged")
            return
        self._tried = 0
        self._transmit(is_again=False)

    def _say(self, opcode: int, data: bytes = b"") -> None:
        try:
            self.line.write(_sealed(bytes((4 + len(data), opcode, _SCANNER, 0)) + data), self.ack_timeout_s)
        except OSError as error:
            self.note({"trouble": str(error)})


def _packets(code: bytes, symbology: int) -> list[bytes]:
    parts = [code[at : at + _PART_BYTES] for at in range(0, len(code), _PART_BYTES)] or [b""]
    packets = []
    for number, part in enumerate(parts, start=1):
        status = _MORE if number < len(parts) else 0
        packets.append(bytes((5 + len(part), _DECODE_DATA, _SCANNER, status, symbology)) + part)
    return packets


def _sealed(body: bytes, status: int = 0) -> bytes:
    body = body[:3] + bytes((body[3] | status,)) + body[4:]
    return body + _checksum(body)


def _checksum(body: bytes) -> bytes:
    return (-sum(body) & 0xFFFF).to_bytes(2, "big")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.ssi_scanner", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--ack-timeout-s", type=float, default=2.0, help="how long it waits for the host's ACK")
    parser.add_argument("--tries", type=int, default=3, help="how often it sends a code; 0: for ever")
    parser.add_argument("--parts", choices=("paced", "streamed"), default="paced", help="how codes over 250 bytes go")
    add_scanner_options(parser)
    options = parser.parse_args(arguments)
    scanner = SsiScanner(
        options.link, ack_timeout_s=options.ack_timeout_s, tries=options.tries, is_streamed=options.parts == "streamed",
        tape_file=options.tape, seed=options.seed,
    )  # fmt: skip
    return run_scanner(scanner, "SSI scanner", options)


if __name__ == "__main__":
    sys.exit(main())
