"""USB scales that call themselves one: HID usage page 0x8D, read from hidraw.

    ┌────┬────────┬──────┬──────────┬─────┬─────┐
    │ 03 │ status │ unit │ exponent │ lsb │ msb │   weight = (msb·256 + lsb) · 10^exponent, exponent signed
    └────┴────────┴──────┴──────────┴─────┴─────┘
    status  1 fault  2 stable at zero  3 in motion  4 stable  5 under zero  6 over limit  7 needs calibration
            8 needs zeroing            unit  1 mg  2 g  3 kg  8 t  11 oz  12 lb
A read is a report, of hidraw as of the simulator's socket, and none is ever put together of two reads.
Source: USB-IF "HID Point of Sale Usage Tables", weighing devices (0x8D), 1.02; layout of a report as Dymo's M10 and M25
send it (antradar.com, "Dymo USB Scale Interface Specs"). Other report numbers and longer reports: unverified, refused.
"""

from __future__ import annotations

from devices.scales.reading import Reading, ReplyError, Weighing, grams_of

REPORT_BYTES = 6
_REPORT = 3
_UNITS = {1: "mg", 2: "g", 3: "kg", 8: "t", 11: "oz", 12: "lb"}
_STATES = {
    1: Reading(Weighing.FAULT, detail="fault"),
    5: Reading(Weighing.UNDER),
    6: Reading(Weighing.OVER),
    7: Reading(Weighing.FAULT, detail="not calibrated"),
    8: Reading(Weighing.FAULT, detail="needs zeroing"),
}
_AT_ZERO, _MOVING, _STABLE = 2, 3, 4
_LARGEST_EXPONENT = 6


def parse(report: bytes) -> Reading:
    """One report, as one read of hidraw gives it.

    Raises:
        ReplyError: another report than a weight, a status, unit or exponent nobody knows.
    """
    if len(report) != REPORT_BYTES or report[0] != _REPORT:
        raise ReplyError(f"HID scale: {report[:8].hex(' ')} is no report of a weight")
    status, unit = report[1], report[2]
    if status in _STATES:
        return _STATES[status]
    if status == _AT_ZERO:
        return Reading(Weighing.STABLE, 0, is_zero=True)
    if status not in (_MOVING, _STABLE):
        raise ReplyError(f"HID scale: status {status}")
    if unit not in _UNITS:
        raise ReplyError(f"HID scale: unit {unit}")
    exponent = int.from_bytes(report[3:4], "big", signed=True)
    if abs(exponent) > _LARGEST_EXPONENT:
        raise ReplyError(f"HID scale: exponent {exponent}")
    grams = grams_of(_decimal(int.from_bytes(report[4:6], "little"), exponent), _UNITS[unit])
    if status == _MOVING:
        return Reading(Weighing.MOVING, grams)
    return Reading(Weighing.STABLE, grams, is_zero=grams == 0)


def _decimal(value: int, exponent: int) -> bytes:
    if exponent >= 0:
        return str(value * 10**exponent).encode()
    digits = str(value).rjust(1 - exponent, "0")
    return f"{digits[:exponent]}.{digits[exponent:]}".encode()
