"""The test of an address: is there what was said to be there, and what does it say it is?

    python -m devices.trial scanner|scale|printer ADDRESS [--language zpl|escpos] [--seconds 5] [--json]

Owns one look at one device: a printer is asked how and what it is, a scale for its weight, at a scanner somebody pulls
the trigger meanwhile.
Refuses to print, to zero or to change anything. A device somebody else has taken is `unreachable` or `taken`: it is let
go there first.
Invariant: over within its time and a second or so; the device is let go whatever happened.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass

from devices.config import Address, AddressError, parse_address
from devices.probe import identification_over
from devices.protocols import Deadline, DeviceError
from devices.registry import (
    LANGUAGES,
    DeviceType,
    Driver,
    driver_of,
    is_conversing,
    printer_at,
    scale_at,
    scanner_at,
    transport_to,
)
from devices.scales.reading import Weighing
from devices.states import READY, DeviceState, DeviceStatus, status_after, status_of_printer

TRIAL_S, LONGEST_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Trial:
    """`said`: what the device said of itself, for a person; "" when it said nothing."""

    driver: str
    status: DeviceStatus
    said: str = ""

    def __str__(self) -> str:
        """In one line: state, reason, then what it said."""
        return " ".join(filter(None, (self.status.state, self.status.reason, self.said or self.status.detail)))


def try_out(kind: DeviceType, address: Address | str, language: str = "", within_s: float = TRIAL_S) -> Trial:
    """
    Raises:
        AddressError: there is no driver for that.
    """
    parsed = parse_address(address) if isinstance(address, str) else address
    driver = driver_of(kind, parsed, language)
    try:
        status, said = _TRIALS[kind](parsed, driver, Deadline.after(within_s))
    except DeviceError as error:
        status, said = status_after(error), ""
    return Trial(driver.words, status, said)


def _printer(address: Address, driver: Driver, deadline: Deadline) -> tuple[DeviceStatus, str]:
    seen = printer_at(address, driver.language).status(deadline.remaining_s())
    status = status_of_printer(seen)
    counted = "" if seen.odometer is None else f"odometer {seen.odometer}"
    if driver.language != "zpl" or not is_conversing(address):
        return status, counted
    said = ""
    transport = transport_to(address)
    with closing(transport), suppress(DeviceError):  # not every one that works knows ~HI
        transport.open(deadline)
        if found := identification_over(transport, deadline):
            said = f"{found.model}, firmware {found.firmware}, {found.dots_per_mm} dots/mm"
    return status, ", ".join(filter(None, (counted, said)))


def _scale(address: Address, driver: Driver, deadline: Deadline) -> tuple[DeviceStatus, str]:
    with closing(scale_at(address)) as scale:
        reading = scale.read(deadline.remaining_s())
    said = " ".join(filter(None, (reading.state, f"{reading.grams} g" if reading.grams is not None else "")))
    if reading.state is Weighing.FAULT:
        return DeviceStatus(DeviceState.FAULTED, "cannot_weigh", reading.detail), said
    return READY, said


def _scanner(address: Address, driver: Driver, deadline: Deadline) -> tuple[DeviceStatus, str]:
    with closing(scanner_at(address)) as scanner:
        event = scanner.next_scan(deadline.remaining_s())
        if event is not None:
            scanner.acknowledge()
            return READY, f"read {(event.aim or '') + event.raw.decode('utf-8', 'replace')!r}"
        if scanner.is_connected:
            return DeviceStatus(DeviceState.DEGRADED, "no_scan", "the line is open and nothing was read"), ""
    return DeviceStatus(DeviceState.CONNECTING, "awaits_call", "listened, and nobody called"), ""


_TRIALS: dict[DeviceType, Callable[[Address, Driver, Deadline], tuple[DeviceStatus, str]]] = {
    DeviceType.PRINTER: _printer,
    DeviceType.SCALE: _scale,
    DeviceType.SCANNER: _scanner,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m devices.trial", description=__doc__.split("\n")[0])
    parser.add_argument("type", choices=[kind.value for kind in DeviceType])
    parser.add_argument("address")
    parser.add_argument("--language", choices=LANGUAGES, default="", help="of a printer")
    parser.add_argument("--seconds", type=float, default=TRIAL_S)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        trial = try_out(DeviceType(options.type), options.address, options.language, options.seconds)
    except AddressError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.json:
        sys.stdout.write(json.dumps(asdict(trial), ensure_ascii=False) + "\n")
    else:
        status = trial.status
        words = (trial.driver, f"{status.state} {status.reason}".strip(), status.detail, trial.said)
        sys.stdout.write(": ".join(filter(None, words)) + "\n")
    return 0 if trial.status.is_working else 1


if __name__ == "__main__":
    sys.exit(main())
