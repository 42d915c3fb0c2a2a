"""`python -m simulators.chaos`: 0 when nothing was lost, doubled or reordered and few are uncertain, 1 when not, 2 when
the floor did not come up."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from simulators.chaos.options import read_options
from simulators.chaos.processes import NotStarted
from simulators.chaos.run import run


def main(arguments: list[str] | None = None) -> int:
    options, json_file = read_options(arguments)
    began_s = time.monotonic()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)

    def say(words: str) -> None:
        line = f"{time.monotonic() - began_s:5.1f} s  {words}"
        sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
        sys.stderr.flush()

    try:
        report, is_right = run(options, say)
    except NotStarted as trouble:
        sys.stderr.write(f"\n{trouble}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nended\n")
        return 130
    text = json.dumps(report, indent=2)
    if json_file == "-":
        sys.stdout.write(text + "\n")
    else:
        if json_file:
            Path(json_file).write_text(text + "\n", "utf-8")
        for name, value in report.items():
            sys.stdout.write(f"{name:26} {value}\n")
    return 0 if is_right else 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
