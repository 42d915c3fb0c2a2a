"""Who has a SQLite floor open: every process holds a shared kernel lock, whoever replaces the file an exclusive one.

The lock is the kernel's: it ends with its process, however that ends. A fork shares it, and it is let go by closing
the file, never by unlocking: the parent's close must not take it from the children.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FloorInUse(RuntimeError):
    """Another process has the floor open, or is replacing its file just now."""


class Presence:
    """A held lock on a floor's file."""

    def __init__(self, database: Path, *, alone: bool = False) -> None:
        """Take it, without waiting.

        Raises:
            FloorInUse: `alone`, and somebody is there; or somebody wants to be alone there.
        """
        path = database.with_name(database.name + ".in-use")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            self.let_go()
            words = "is open in another process: stop the floor first" if alone else "is being replaced just now"
            raise FloorInUse(f"{database} {words}") from None

    def let_go(self) -> None:
        """Give it back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Presence:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
