"""Which driver speaks with which printer: scheme × language, written out.

Owns the one table of printer drivers. Refuses to guess: a pair that is not in the table is an AddressError.
Invariant: `printer_at` opens nothing; the first byte moves when the printer is asked something.
"""

from __future__ import annotations

from collections.abc import Callable

from devices.config import Address, AddressError, CupsAddress, SerialAddress, TcpAddress, parse_address
from devices.printers import CupsPrinter, EscPosPrinter, ZplPrinter
from devices.protocols import Printer, Transport
from devices.transports import CupsQueue, SerialTransport, TcpTransport

LANGUAGES = ("zpl", "escpos")


def printer_at(address: Address | str, language: str) -> Printer:
    parsed = parse_address(address) if isinstance(address, str) else address
    driver = PRINTERS.get((parsed.scheme, language))
    if driver is None:
        raise AddressError("language", f"{language[:40]!r} over {parsed.scheme} has no driver")
    return driver(parsed)


def transport_to(address: Address) -> Transport:
    if isinstance(address, TcpAddress):
        return TcpTransport(address)
    if isinstance(address, SerialAddress):
        return SerialTransport(address)
    raise AddressError("scheme", f"{address.scheme} carries jobs, not a conversation")


def _zpl(address: Address) -> Printer:
    return ZplPrinter(lambda: transport_to(address))


def _escpos(address: Address) -> Printer:
    return EscPosPrinter(lambda: transport_to(address))


def _cups(address: Address) -> Printer:
    if not isinstance(address, CupsAddress):
        raise AddressError("scheme", f"{address.scheme} is no CUPS queue")
    return CupsPrinter(lambda: CupsQueue(address))


PRINTERS: dict[tuple[str, str], Callable[[Address], Printer]] = {
    ("tcp", "zpl"): _zpl,
    ("tcp", "escpos"): _escpos,
    ("serial", "zpl"): _zpl,
    ("serial", "escpos"): _escpos,
    ("cups", "zpl"): _cups,
    ("cups", "escpos"): _cups,
}
