"""Device addresses: one line of text that says where a device is and how to speak with its line.

Owns parsing and writing of tcp://host:port, cups://queue and serial:///dev/…?baud=9600&framing=8N1.
Refuses what it does not know (an option, a user name, a path too much) and names the field in the error.
Invariant: parse_address(str(address)) == address, so what is stored is what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_RAW_PORT = 9100
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
# CUPS takes printable names without space, "/" and "#" (lpadmin(8)); a leading "-" would be read as an
# option by lp.
_QUEUE = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+-]{0,126}")
_FRAMING = re.compile(r"[78][NEO][12]")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


class AddressError(ValueError):
    """`field` is the part of the address that is wrong: scheme, host, port, queue, path, options or an
    option's name.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class TcpAddress:
    host: str
    port: int = _RAW_PORT
    scheme = "tcp"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class CupsAddress:
    queue: str
    scheme = "cups"

    def __str__(self) -> str:
        return f"cups://{self.queue}"


@dataclass(frozen=True, slots=True)
class SerialAddress:
    path: str
    baud: int = 9600
    framing: str = "8N1"
    scheme = "serial"

    def __str__(self) -> str:
        return f"serial://{quote(self.path)}?baud={self.baud}&framing={self.framing}"


Address = TcpAddress | CupsAddress | SerialAddress


def parse_address(text: str) -> Address:
    if any(ord(c) < 0x21 or ord(c) == 0x7F for c in text):
        raise AddressError("address", "holds a space or a control character")
    if "#" in text:
        # A URL parser would drop what follows without a word.
        raise AddressError("address", "holds a #, write %23 in a path")
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in _PARSERS:
        raise AddressError("scheme", f"{scheme[:40]!r} is none of {', '.join(sorted(_PARSERS))}")
    return _PARSERS[scheme](text)


def _parse_tcp(text: str) -> TcpAddress:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressError("port" if "ort" in str(error) else "host", str(error)) from error
    if parts.username is not None or parts.password is not None:
        raise AddressError("host", "an address holds no user name or password")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        raise AddressError("host", f"{host[:60]!r} is no host name or IP address")
    if port == 0:
        raise AddressError("port", "0 is no port to connect to")
    if parts.path not in ("", "/"):
        raise AddressError("path", f"{parts.path[:60]!r}: a tcp address has no path")
    _options(parts.query, {})
    return TcpAddress(host, port if port is not None else _RAW_PORT)


def _parse_cups(text: str) -> CupsAddress:
    queue, _, query = text.removeprefix("cups://").partition("?")
    if not _QUEUE.fullmatch(queue):
        raise AddressError("queue", f"{queue[:60]!r} is no CUPS queue name")
    _options(query, {})
    return CupsAddress(queue)


def _parse_serial(text: str) -> SerialAddress:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise AddressError("path", str(error)) from error
    path = unquote(parts.path)
    if parts.netloc:
        raise AddressError("path", "a serial address has three slashes: serial:///dev/…")
    if not path.startswith("/") or len(path) < 2 or "\x00" in path:
        raise AddressError("path", f"{path[:60]!r} is no device path")
    options = _options(parts.query, {"baud": "9600", "framing": "8N1"})
    if not options["baud"].isdecimal() or int(options["baud"]) not in _BAUDS:
        raise AddressError("baud", f"{options['baud'][:20]!r} is none of {', '.join(map(str, _BAUDS))}")
    if not _FRAMING.fullmatch(options["framing"]):
        raise AddressError("framing", f"{options['framing'][:20]!r} is not like 8N1, 7E1 or 8O2")
    return SerialAddress(path, int(options["baud"]), options["framing"])


def _options(query: str, defaults: dict[str, str]) -> dict[str, str]:
    options = dict(defaults)
    seen: set[str] = set()
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise AddressError("options", str(error)) from error
    for name, value in pairs:
        if name not in defaults:
            raise AddressError(name[:40] or "options", "no option of this kind of address")
        if name in seen:
            raise AddressError(name, "is given twice")
        seen.add(name)
        options[name] = value
    return options


_PARSERS: dict[str, Callable[[str], Address]] = {
    "tcp": _parse_tcp,
    "cups": _parse_cups,
    "serial": _parse_serial,
}
