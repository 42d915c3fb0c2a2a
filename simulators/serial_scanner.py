"""A barcode scanner on a serial line, made of a pseudo terminal, that can be unplugged.

    python -m simulators.serial_scanner --link ./scanner-1 [--suffix cr|lf|crlf] [--prefix-stx]
    (codes on stdin)

Owns the pty and a symlink that stays the same over a replug, as /dev/serial/by-id does.
Refuses to lose a code quietly: when the reader does not read, `scan` raises TimeoutError.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

SUFFIXES = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}


class SerialScanner:
    """`link` is the path a reader opens. `character_delay_s` spreads a code over time, as at 9600 baud."""

    def __init__(
        self,
        link: Path | str,
        suffix: bytes = b"\r",
        prefix: bytes = b"",
        character_delay_s: float = 0.0,
    ) -> None:
        self.link = Path(link)
        self.suffix = suffix
        self.prefix = prefix
        self.character_delay_s = character_delay_s
        self.scanned: list[bytes] = []
        self._main: int | None = None
        self._line: int | None = None

    @property
    def address(self) -> str:
        return f"serial://{self.link}?baud=9600&framing=8N1"

    @property
    def is_plugged(self) -> bool:
        return self._main is not None

    def plug(self) -> None:
        if self._main is not None:
            return
        self._main, self._line = os.openpty()
        tty.setraw(self._line)
        os.set_blocking(self._main, False)
        self.link.parent.mkdir(parents=True, exist_ok=True)
        # Replaced in one step: a reader finds the old line or the new one, never a missing name.
        fresh = self.link.with_name(f".{self.link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._line))
        os.replace(fresh, self.link)

    def unplug(self) -> None:
        """The line goes as with a pulled cable: the reader's next read fails and the name is gone."""
        if self._main is None or self._line is None:
            return
        self.link.unlink(missing_ok=True)
        os.close(self._main)
        os.close(self._line)
        self._main = self._line = None

    def scan(self, code: str | bytes, timeout_s: float = 5.0) -> None:
        """Pull the trigger on `code`."""
        content = code if isinstance(code, bytes) else code.encode("utf-8")
        self.send(self.prefix + content + self.suffix, timeout_s)
        self.scanned.append(content)

    def send(self, content: bytes, timeout_s: float = 5.0) -> None:
        """Bytes as they are: half a code, noise."""
        if self._main is None:
            raise OSError(f"{self.link} is not plugged in")
        end = time.monotonic() + timeout_s
        step = 1 if self.character_delay_s else 256
        rest = memoryview(content)
        while rest:
            _, ready, _ = select.select([], [self._main], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{self.link}: nobody reads, {len(rest)} of {len(content)} bytes left")
            rest = rest[os.write(self._main, rest[:step]) :]
            if self.character_delay_s:
                time.sleep(self.character_delay_s)

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.serial_scanner", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--link", type=Path, required=True, help="the path a reader opens")
    parser.add_argument("--suffix", choices=sorted(SUFFIXES), default="cr")
    parser.add_argument("--prefix-stx", action="store_true", help="send STX before every code")
    options = parser.parse_args(arguments)
    prefix = b"\x02" if options.prefix_stx else b""
    with SerialScanner(options.link, SUFFIXES[options.suffix], prefix) as scanner:
        sys.stdout.write(f"serial scanner on {scanner.address}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            scanner.scan(line.rstrip("\r\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
