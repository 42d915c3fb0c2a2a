"""How every simulator runs as a program: one line says where it is, it ends on Ctrl-C, faults come while it runs.

Owns the options all simulators share (`--control-port`, `--fault-page`, `--script`, `--seed`) and the end.
Invariant: the first line is written when everything listens, so that a parent process can wait for it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from simulators.control import ControlPort
from simulators.device import SimulatedDevice
from simulators.fault_page import FaultPage


def add_shared_options(parser: argparse.ArgumentParser) -> None:
    """The options of every simulator."""
    parser.add_argument("--control-port", type=int, help="loopback port for fault commands, 0 for a free one")
    parser.add_argument("--fault-page", type=int, metavar="PORT", help="its loopback port, 0 for a free one")
    parser.add_argument("--script", type=Path, metavar="FILE", help="faults by count, `after 20 events: paper_out`")
    parser.add_argument("--seed", type=int, default=1, help="the same seed errs in the same places")


@contextmanager
def breakable(device: SimulatedDevice, options: argparse.Namespace) -> Iterator[str]:
    """The control port, fault page and script that were asked for; yields what the first line says of them.

    Raises:
        OSError: a port is taken, or the script cannot be read.
        ValueError: a line of the script that nobody understands.
    """
    with ExitStack() as stack:
        stack.callback(device.stop_timers)
        said = ""
        if options.script is not None:
            device.follow(options.script.read_text("utf-8"))
        if options.control_port is not None:
            said += f", control 127.0.0.1:{stack.enter_context(ControlPort(device, options.control_port)).port}"
        if options.fault_page is not None:
            said += f", fault page {stack.enter_context(FaultPage(device, options.fault_page)).url}"
        yield said


def announce(line: str) -> None:
    """Where it is, for a person and for a parent process that waits for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def until_signalled() -> threading.Event:
    """Set by SIGINT and SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_from_input(
    device: SimulatedDevice,
    name: str,
    options: argparse.Namespace,
    take: Callable[[str], None],
    finish: Callable[[], None] = lambda: None,
) -> int:
    """Run a device and give each line of the input to `take`, until it ends (`finish` comes before the end) or Ctrl-C.
    With a control port or a fault page the end of the input is not the end.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with device, breakable(device, options) as said:
            announce(f"{name} on {device.address}{said}")
            for line in sys.stdin:
                take(line.rstrip("\r\n"))
            if options.control_port is not None or options.fault_page is not None:
                threading.Event().wait()
            finish()
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
