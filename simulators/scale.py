"""A bench scale: springs back, moves, drifts and overloads, and answers in the words of its maker.

    python -m simulators.scale --link ./scale-1 [--proto 8217|sics|scp01|scp12|hid-scale] [--noise-g 2] [--seed 7]
        [--settle-s 0.4] [--capacity-g 30000] [--socket] [--control-port 9114] [--fault-page 9185] [--script FILE]
    (grams on stdin, a line each time something is put on it or taken away; `over`, `silent`, `speak`, or a fault)

Owns what lies on the scale, how long it takes to come to rest, and the answers; a pseudo terminal carries them, for the
USB kind (hid-scale) and with `--socket` a UNIX socket, `sim://`.
Nothing of the server is imported: the wire is written from the makers' manuals a second time, on purpose.
Questions: 8217 W weigh, Z zero; MT-SICS S waits until it lies still, SI at once, Z zero, others ES; SCP-01 W, S, Z.
What an 8217 says to Z: unverified, here nothing. An SCP-01 answers Z with its status.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from simulators.device import Act, SimulatedDevice
from simulators.line import Line, PtyLine, SocketLine
from simulators.program import add_shared_options, run_from_input

PROTOCOLS = ("8217", "sics", "scp01", "hid-scale")
_MODELS = (*PROTOCOLS, "scp12")
_POLL_S = 0.02
_STILL_AT_MOST_S = 5.0  # MT-SICS: how long S waits before it says that it cannot
_UNDER_G = -20
_LONGEST_QUESTION = 64


class Scale(SimulatedDevice):
    """`put(grams)` and watch it settle. `settle_s`: how long it moves after each change, swinging by `noise_g` and
    more; `drift_g_per_h` creeps. `is_socket`: a UNIX socket instead of a serial line.
    """

    TITLE = "Bench scale"
    EVENT = "answer"
    SWITCHES: Mapping[str, str] = {
        "silent": "answers nothing",
        "garbage": "answers bytes that mean nothing",
        "restless": "never lies still, as in a draught",
        "overload": "more on it than it can weigh",
        "under_zero": "less on it than its zero, as when it was switched on with a carton on it",
    }
    NUMBERS: Mapping[str, str] = {
        "half": "of each of the next N answers only half comes",
        "drift_g_per_h": "its zero creeps up by so much an hour, besides what it was started with",
    }

    def __init__(
        self, link: Path | str, proto: str = "8217", *, capacity_g: int = 30_000, settle_s: float = 0.4,
        noise_g: int = 3, drift_g_per_h: int = 0, seed: int = 0, is_socket: bool = False,
    ) -> None:  # fmt: skip
        if proto not in _MODELS:
            raise ValueError(f"proto: {proto!r} is none of {', '.join(_MODELS)}")
        super().__init__(seed)
        self.proto, self.capacity_g = proto, capacity_g
        self.settle_s, self.noise_g, self.drift_g_per_h = settle_s, noise_g, drift_g_per_h
        is_hid = proto == "hid-scale"
        self.line: Line = SocketLine(link, keeps_bounds=is_hid) if is_socket or is_hid else PtyLine(link)
        self.answers: deque[bytes] = deque(maxlen=50)
        self._swing = random.Random(f"swing:{seed}")
        self._on_it_g = 0
        self._zero_g = 0
        self._changed_at_s = -1e9
        self._started_at_s = time.monotonic()
        self._asked = bytearray()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="scale", daemon=True)

    @property
    def link(self) -> Path:
        """The path a reader opens."""
        return self.line.link

    @property
    def address(self) -> str:
        """For whoever reads it."""
        if isinstance(self.line, SocketLine):
            return f"sim://{self.link}?proto={self.proto}"
        # The makers say 7E1 for most of these; a pseudo terminal has eight bits and no parity, and refuses to pretend.
        return f"serial://{self.link}?baud=9600&framing=8N1&proto={self.proto}"

    @property
    def is_silent(self) -> bool:
        """Whether it answers nothing."""
        return self.has_fault("silent")

    @is_silent.setter
    def is_silent(self, value: bool) -> None:
        self.set_fault("silent", value)

    def put(self, grams: int) -> None:
        """So much lies on it from now on."""
        with self._state:
            self._on_it_g, self._changed_at_s = grams, time.monotonic()

    def plug(self) -> None:
        """The line is there, under the same name as before."""
        self.line.plug()

    def unplug(self) -> None:
        """The line goes."""
        self.line.unplug()
        with self._state:
            self._asked.clear()

    def acts(self) -> Mapping[str, Act]:
        return {
            "put": Act("so many grams lie on it from now on", lambda grams: self.put(int(grams)), asks="grams"),
            "unplug": Act("pull the cable", lambda _: self.unplug(), undo="plug"),
            "plug": Act("plug it in again, under the same name", lambda _: self.plug()),
        }

    def counters(self) -> Mapping[str, object]:
        grams, is_still = self.weight_g()
        return {"shows_g": grams, "still": is_still, "plugged": self.line.is_plugged, "plugs": self.line.plugs}

    def tape_end(self, count: int) -> Sequence[Mapping[str, object]]:
        with self._state:
            return [{"answer": repr(answer)[2:-1]} for answer in list(self.answers)[-count:]]

    def weight_g(self) -> tuple[int, bool]:
        """What it shows, and whether it lies still."""
        with self._state:
            now_s = time.monotonic()
            drift_g_per_h = self.drift_g_per_h + self._numbers["drift_g_per_h"]
            drift_g = round(drift_g_per_h * (now_s - self._started_at_s) / 3600)
            is_still = now_s - self._changed_at_s >= self.settle_s and not self._switches["restless"]
            swing_g = 0 if is_still else self._swing.randint(-self.noise_g - 50, self.noise_g + 50)
            if self._switches["overload"]:
                return self.capacity_g + 1, is_still
            if self._switches["under_zero"]:
                return _UNDER_G - 1, is_still
            return self._on_it_g + drift_g + swing_g - self._zero_g, is_still

    def answer(self) -> bytes:
        """One answer to a question for the weight, as the maker's scale would give it now."""
        grams, is_still = self.weight_g()
        is_over, is_under = grams > self.capacity_g, grams < _UNDER_G
        if self.proto == "scp12":
            return _answer_scp01(grams, is_still, is_over, is_under, turned=0x0F)
        return {
            "8217": _answer_8217, "sics": _answer_sics, "scp01": _answer_scp01, "hid-scale": _answer_hid,
        }[self.proto](grams, is_still, is_over, is_under)  # fmt: skip

    def __enter__(self) -> Self:
        self.plug()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_timers()
        self._stop.set()
        self._thread.join()
        self.unplug()

    def _serve(self) -> None:
        while not self._stop.is_set():
            content = self.line.read(_POLL_S)
            try:
                if self.proto == "hid-scale" and self.line.is_heard:
                    self._say(self.answer())  # it speaks unasked
                for question in self._questions(content):
                    self._say(self._answer_to(question))
            except OSError:
                continue  # unplugged in between, or nobody reads

    def _questions(self, content: bytes) -> list[bytes]:
        """Whole questions: a letter of an 8217, a line of the others."""
        if self.proto in ("8217", "hid-scale"):
            return [bytes((letter,)) for letter in content]
        end = b"\n" if self.proto == "sics" else b"\r"
        with self._state:
            self._asked += content
            *whole, rest = bytes(self._asked).split(end)
            self._asked = bytearray(rest[-_LONGEST_QUESTION:])
        return [line.strip() for line in whole if line.strip()]

    def _answer_to(self, question: bytes) -> bytes:
        is_sics = self.proto == "sics"
        if question == b"Z":
            self._zero_g += self.weight_g()[0]
            return b"Z A\r\n" if is_sics else b"" if self.proto == "8217" else _without_weight(self.answer())
        if question in (b"W", b"SI") and (question == b"SI") == is_sics:
            return self.answer()
        if question == b"S" and is_sics:
            return self.answer() if self._lies_still() else b"S I\r\n"
        if question == b"S" and self.proto != "8217":
            return _without_weight(self.answer())
        return {"8217": b"", "sics": b"ES\r\n"}.get(self.proto, b"\n?\r\x03")

    def _lies_still(self) -> bool:
        end = time.monotonic() + _STILL_AT_MOST_S
        while time.monotonic() < end and not self._stop.is_set():
            if self.weight_g()[1]:
                return True
            self._stop.wait(_POLL_S)
        return False

    def _say(self, answer: bytes) -> None:
        if not answer or self.has_fault("silent"):
            return
        if self.has_fault("garbage"):
            answer = self.garbled(answer)
        if self.uses_up("half"):
            answer = answer[: max(1, len(answer) // 2)]
        self.line.write(answer, timeout_s=0.1)
        with self._state:
            self.answers.append(answer)
        self.happened()


def _answer_8217(grams: int, is_still: bool, is_over: bool, is_under: bool) -> bytes:
    if is_over or is_under or not is_still:
        return b"\x02?" + bytes((0x40 | (not is_still) | is_over << 1 | is_under << 2,)) + b"\r"
    return b"\x02%06.3f\r" % (grams / 1000)


def _answer_sics(grams: int, is_still: bool, is_over: bool, is_under: bool) -> bytes:
    if is_over or is_under:
        return b"S +\r\n" if is_over else b"S -\r\n"
    return b"S %s %10.1f g\r\n" % (b"S" if is_still else b"D", grams)


def _answer_scp01(grams: int, is_still: bool, is_over: bool, is_under: bool, turned: int = 0) -> bytes:
    first = ((0 if is_still else 1) | (2 if grams == 0 else 0)) ^ turned
    status = bytes((0x30 | first, 0x30 | is_under | is_over << 1))
    field = b"^^^^^^^" if is_over else b"_______" if is_under else b"%07.3f" % (grams / 1000)
    return b"\n" + field + b"kg\r\n" + status + b"\r\x03"


def _without_weight(answer: bytes) -> bytes:
    """The status alone of an SCP-01's answer."""
    return b"\n" + answer.rpartition(b"\n")[2]


def _answer_hid(grams: int, is_still: bool, is_over: bool, is_under: bool) -> bytes:
    status = 6 if is_over else 5 if is_under or grams < 0 else 3 if not is_still else 2 if grams == 0 else 4
    return bytes((3, status, 2, 0, *max(0, min(grams, 65_535)).to_bytes(2, "little")))


def main(arguments: list[str] | None = None) -> int:
    """Serve until the input ends; with a control port or a fault page until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m simulators.scale", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--link", type=Path, required=True, help="the path a reader opens")
    parser.add_argument("--proto", choices=_MODELS, default="8217")
    parser.add_argument("--noise-g", type=int, default=3)
    parser.add_argument("--settle-s", type=float, default=0.4)
    parser.add_argument("--capacity-g", type=int, default=30_000)
    parser.add_argument("--drift-g-per-h", type=int, default=0)
    parser.add_argument("--socket", action="store_true", help="a UNIX socket (sim://) instead of a serial line")
    add_shared_options(parser)
    options = parser.parse_args(arguments)
    scale = Scale(
        options.link, options.proto, capacity_g=options.capacity_g, settle_s=options.settle_s, noise_g=options.noise_g,
        drift_g_per_h=options.drift_g_per_h, seed=options.seed, is_socket=options.socket,
    )  # fmt: skip

    def take(line: str) -> None:
        word = line.strip()
        words = {"speak": "clear silent", "over": f"put {scale.capacity_g + 1}"}
        answer = scale.command(f"put {word}" if word.lstrip("-").isdecimal() else words.get(word, word))
        if answer.startswith("error"):
            sys.stderr.write(f"{word[:40]!r} is neither grams nor a word: {answer}\n")

    return run_from_input(scale, "scale", options, take)


if __name__ == "__main__":
    sys.exit(main())
