"""What every simulated printer has: a receive buffer, paper, a print thread, a tape.

Owns what waits to be printed and what a power cycle does to it. The port and its callers are in
`simulators.caller_port`, faults by name in `simulators.device`, the tape in `simulators.printer_tape`; the language is
the subclass's.
Invariant: a file on the tape is a job that came out on paper, whole, byte for byte as it was received,
and numbered in the order of coming out. What waits for paper is not on the tape yet.
"""

from __future__ import annotations

import hashlib
import time
from abc import ABC
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from simulators.caller_port import CallerPort, Reply, Stream
from simulators.control import ControlPort
from simulators.device import Act
from simulators.printer_tape import Tape, TapeJob, TapeLabel

__all__ = ["PrinterPort", "Reply", "Stream"]


@dataclass(frozen=True, slots=True)
class _Work:
    size_bytes: int
    run: Callable[[], None]


class PrinterPort(CallerPort, ABC):
    """Start it with `with`, or start() and stop(). Port 0 takes a free port; `port` and `address` tell which."""

    SUFFIX = ".job"
    EVENT = "job taken"
    BLOCKING: tuple[str, ...] = ("paper_out", "head_open", "paused")
    SWITCHES: Mapping[str, str] = {
        "paper_out": "no paper: jobs wait in the buffer",
        "head_open": "the head or cover is open",
        "paused": "paused at the panel; a label under way is finished",
        **CallerPort.SWITCHES,
    }

    ANSWERS_BEFORE_CLOSING = False

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
        super().__init__(port, host, buffer_bytes, seed)
        self.tape = Tape(Path(tape), self.SUFFIX)
        self.control_port = control_port
        self.jobs: list[TapeJob] = []
        self._buffer_bytes = buffer_bytes
        self._boot_s = boot_s
        self._work: deque[_Work] = deque()
        self._current: _Work | None = None
        self._buffered_bytes = 0
        self._control: ControlPort | None = None

    @property
    def odometer(self) -> int:
        with self._state:
            return self.tape.odometer

    @property
    def boots(self) -> int:
        """How often it was switched on, this time included."""
        with self._state:
            return self.tape.boots

    def start(self) -> Self:
        self.tape.switch_on()
        self.open_port()
        if self.control_port is not None:
            self._control = ControlPort(self, self.control_port)
            self._control.start()
            self.control_port = self._control.port
        self.run("print", self._print_loop)
        return self

    def stop(self) -> None:
        self.stop_timers()
        if self._control is not None:
            self._control.stop()
        self.close_port()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[TapeJob]:
        """The jobs that came out since the start, once there are `count` of them."""
        with self._state:
            if not self._state.wait_for(lambda: len(self.jobs) >= count, timeout_s):
                raise TimeoutError(f"{len(self.jobs)} of {count} jobs came out in {timeout_s} s")
            return list(self.jobs)

    def counters(self) -> Mapping[str, object]:
        return {
            "jobs": len(self.jobs),
            "odometer": self.tape.odometer,
            "boots": self.tape.boots,
            "waiting": len(self._work),
            "buffered_bytes": self._buffered_bytes,
            "received_bytes": self.received_bytes,
        }

    def tape_end(self, count: int) -> Sequence[Mapping[str, object]]:
        with self._state:
            return [asdict(label) for label in list(self.tape.recent)[-count:]]

    def acts(self) -> Mapping[str, Act]:
        says = "off and on again: the buffer is lost, connections are reset, one boot more"
        return {"power_cycle": Act(says, lambda _: self.power_cycle())}

    def power_cycle(self) -> None:
        """Off and on again, now. While it boots (`boot_s`) it resets whoever calls."""
        with self._state:
            self.forget()
            self._work.clear()
            self._buffered_bytes = 0
            self._is_up_at_s = time.monotonic() + self._boot_s
            self._switches["paused"] = False
            if self._stream is not None:
                self._stream.is_off = True
            self.tape.switch_on()
            self._state.notify_all()

    # -- for the language

    def forget(self) -> None:
        """The power went: what the language keeps besides the queue is gone, too."""

    def queue(self, size_bytes: int, run: Callable[[], None]) -> None:
        """Have the print thread do this after everything queued before, once no fault holds it."""
        with self._state:
            self._work.append(_Work(size_bytes, run))
            self._buffered_bytes += size_bytes
            self._state.notify_all()

    def waiting(self) -> int:
        with self._state:
            return len(self._work)

    def is_buffer_full(self) -> bool:
        with self._state:
            return self._buffered_bytes >= self._buffer_bytes

    def put_out(self, content: bytes, copies: int) -> None:
        """A job came out whole: on the tape and in `jobs` in one step for whoever asks."""
        with self._state:
            self.jobs.append(self.tape.write(content, copies))
            self._state.notify_all()

    def label_out(self, content: bytes, is_spoilt: bool = False, is_counted: bool = True) -> TapeLabel:
        """A piece of paper came out."""
        with self._state:
            digest = hashlib.sha256(content).hexdigest()
            return self.tape.label_out(digest, len(content), is_spoilt, is_counted)

    def drop_waiting(self) -> None:
        """What waits is cancelled; a label under way is finished."""
        with self._state:
            self._work.clear()
            self._buffered_bytes = 0
            if self._stream is not None:
                self._stream.awaited = 0
            self._state.notify_all()

    def is_dropped(self) -> bool:
        """Whether what the print thread is at was taken out of the queue meanwhile."""
        with self._state:
            return not self._work or self._work[0] is not self._current

    def wait_for_readiness(self) -> bool:
        """A fault within a job stops it where it is; False when the job is not to go on: switched off or dropped."""
        with self._state:
            self._state.wait_for(lambda: self._is_stopping or self.is_dropped() or not self._is_blocked())
            return not self._is_stopping and not self.is_dropped()

    def may_close(self, stream: Stream) -> bool:
        is_answered = not stream.awaited and not (self.ANSWERS_BEFORE_CLOSING and self._work)
        return is_answered or self._is_blocked()

    # -- the print thread

    def _print_loop(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._is_stopping or (self._work and not self._is_blocked()))
                if self._is_stopping:
                    return
                work = self._current = self._work[0]
            work.run()
            with self._state:
                # It counts as waiting until it is out: a printer that prints is not an empty printer.
                if self._work and self._work[0] is work:
                    self._work.popleft()
                    self._buffered_bytes -= work.size_bytes
                self._current = None
                self._state.notify_all()

    def _is_blocked(self) -> bool:
        return any(self._switches[name] for name in self.BLOCKING)
