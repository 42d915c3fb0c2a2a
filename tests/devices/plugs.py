"""What tests of supervision need: a line with a plug, and a board that hears what is reported."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

from devices.states import DeviceStatus


class Plug:
    """A pseudo terminal behind a name that stays the same, as /dev/serial/by-id does."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.main = self._line = -1
        self.put_in()

    @property
    def address(self) -> str:
        return f"serial://{self.link}"

    def put_in(self) -> None:
        self.main, self._line = os.openpty()
        tty.setraw(self._line)
        self.link.symlink_to(os.ttyname(self._line))

    def pull(self) -> None:
        if self.main >= 0:
            self.link.unlink()
            os.close(self.main)
            os.close(self._line)
            self.main = self._line = -1

    def say(self, content: bytes) -> None:
        os.write(self.main, content)

    def told(self, length: int) -> bytes:
        said = b""
        while len(said) < length:
            said += os.read(self.main, length - len(said))
        return said


class Board:
    """report(name, status), and waiting for what has to come."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, DeviceStatus]] = []
        self._changed = threading.Condition()

    def report(self, name: str, status: DeviceStatus) -> None:
        with self._changed:
            self.heard.append((name, status))
            self._changed.notify_all()

    def words(self, name: str) -> list[str]:
        """`state reason` of everything heard of a device."""
        with self._changed:
            return [f"{status.state} {status.reason}".strip() for heard, status in self.heard if heard == name]

    def wait(self, is_so: Callable[[], bool], deadline_s: float = 10.0) -> None:
        end = time.monotonic() + deadline_s
        with self._changed:
            while not is_so():
                assert time.monotonic() < end, f"not in {deadline_s} s: {self.heard}"
                self._changed.wait(0.02)  # not every change is one of the board

    def wait_for(self, name: str, words: str, deadline_s: float = 10.0) -> None:
        """Until this is the last that was heard of a device."""
        self.wait(lambda: self.words_now(name) == words, deadline_s)

    def words_now(self, name: str) -> str:
        last = [status for heard, status in self.heard if heard == name][-1:]
        return f"{last[0].state} {last[0].reason}".strip() if last else ""
