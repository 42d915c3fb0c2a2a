"""Label printers of a run: they note when the first byte of each label came; one of them stands on a serial line."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

from simulators.line import PtyLine
from simulators.printer_tape import labels_of
from simulators.zpl_printer import ZplPrinter
from simulators.zpl_stream import ZplStream

_SSCC = re.compile(rb"\(00\)\s?(\d{18})")
_LOOK_S = 0.2


def sscc_of(content: bytes) -> str:
    """The pallet a label is for; "" on any other paper."""
    found = _SSCC.search(content)
    return found.group(1).decode() if found else ""


class NotingPrinter(ZplPrinter):
    """`first_byte_s`: pallet → when the first byte of its first label came, by the clock of the day."""

    def __init__(self, tape: Path, seed: int, labels_per_s: float) -> None:
        super().__init__(tape, seed=seed, labels_per_s=labels_per_s)
        self.first_byte_s: dict[str, float] = {}
        self._began_s = 0.0

    def mark_partial(self, has_partial_format: bool) -> None:
        if has_partial_format:
            self._began_s = time.time()
        super().mark_partial(has_partial_format)

    def take_format(self, content: bytes, stream: ZplStream) -> None:
        self.first_byte_s.setdefault(sscc_of(content), self._began_s)
        super().take_format(content, stream)

    @property
    def is_idle(self) -> bool:
        """Whether nothing can come out any more."""
        return not self.waiting()

    def paper(self) -> list[str]:
        """Whole labels by their pallet, in the order in which they came out, from the tape on the disk."""
        pallets = {
            _digest(path): sscc_of(path.read_bytes()) for path in sorted(self.tape.folder.glob(f"*{self.SUFFIX}"))
        }
        whole = [label for label in labels_of(self.tape.labels_path) if not label.is_spoilt]
        return [pallets.get(label.sha256, "") for label in whole]

    def pieces(self) -> Counter[str]:
        """Pieces of paper: whole and spoilt."""
        labels = list(labels_of(self.tape.labels_path))
        return Counter({"whole": sum(not one.is_spoilt for one in labels), "spoilt": sum(x.is_spoilt for x in labels)})


class SerialPrinter(NotingPrinter):
    """The same behind a serial line, which can be pulled out: bytes go on through the printer's own port."""

    def __init__(self, tape: Path, seed: int, labels_per_s: float, link: Path) -> None:
        super().__init__(tape, seed, labels_per_s)
        self.line = PtyLine(link)
        self._near: socket.socket | None = None
        self._is_over = threading.Event()

    @property
    def address(self) -> str:
        return f"serial://{self.line.link}?baud=115200&framing=8N1"

    def start(self) -> Self:
        super().start()
        self.line.plug()
        self.run("serial line", self._carry)
        return self

    def stop(self) -> None:
        self._is_over.set()
        self.line.unplug()
        self._hang_up()
        super().stop()

    def _carry(self) -> None:
        while not self._is_over.is_set():
            content = self.line.read(_LOOK_S)
            if not content:
                continue
            try:
                self._port().sendall(content)
            except OSError:  # the power went: what was said is lost
                self._hang_up()

    def _port(self) -> socket.socket:
        if self._near is None:
            self._near = socket.create_connection((self.host, self.port), timeout=30.0)
            self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._near.settimeout(None)
            threading.Thread(target=self._answer, args=(self._near,), name="serial answers", daemon=True).start()
        return self._near

    def _answer(self, near: socket.socket) -> None:
        with suppress(OSError):
            while content := near.recv(4096):
                with suppress(OSError):  # unplugged, or nobody listens
                    self.line.write(content, 0.5)
        if self._near is near:
            self._hang_up()

    def _hang_up(self) -> None:
        near, self._near = self._near, None
        if near is not None:
            with suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)
            near.close()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
