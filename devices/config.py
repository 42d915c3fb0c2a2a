"""Device addresses: one line of text that says where a device is and how to speak with its line.

    tcp://10.0.0.5:9100                                    a printer, or a scanner or scale that waits to be called
    tcp://10.0.0.5:9100?status=9200                        a label printer that also tells how it is on another port
    tcp-listen://127.0.0.1:9004                            a scanner that calls; without a host: this machine only
    cups://zebra_bench                                     a print queue
    winspool://ZDesigner%20ZD421                           a print queue of Windows
    usb://04b8:0202?serial=…                               a receipt printer by maker and product
    serial:///dev/serial/by-id/…?baud=9600&framing=8N1     …&proto=ssi for what speaks in packets, …&flow=rtscts
    evdev:///dev/input/by-id/…-event-kbd?grab=1&layout=us  a wedge scanner, its keys taken for us alone
    hidraw:///dev/hidraw0?proto=hid-pos                    or hidraw://05e0:1900 by maker and product
    sim:///run/floor/scale-1                               the socket of a running simulator
    browser://                                             the kiosk page is the device

Owns parsing and writing of these.
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
_FLOWS = ("none", "rtscts", "dsrdtr", "xonxoff")
# What Windows allows (a comma and "!" it does not), without what no name on a label has.
_WINDOWS_QUEUE = re.compile(r"[^,!\"<>|*?]{1,220}")
_FRAMING = re.compile(r"[78][NEO][12]")
_PROTOCOLS = ("line", "ssi", "8217", "8217-lb", "sics", "scp01", "scp12")
REPORTS = ("hid-pos", "hid-scale")
_LAYOUTS = ("de", "fr", "uk", "us")
_USB_ID = re.compile(r"[0-9a-f]{4}")
_USB_IDS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
_SERIAL_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,60}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


class AddressError(ValueError):
    """`field` is the part of the address that is wrong: scheme, host, port, queue, path, vendor, product,
    options or an option's name.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """`proto` is for scanners and scales; a printer's language is said beside its address. `status_port`: where a
    label printer tells how it is while the other port is taken (9200), 0 for one that does not.
    """

    host: str
    port: int = _RAW_PORT
    proto: str = "line"
    status_port: int = 0
    scheme = "tcp"

    def __str__(self) -> str:
        status = f"?status={self.status_port}" if self.status_port else ""
        proto = _proto_option("&" if status else "?", self.proto)
        return f"tcp://{_bracketed(self.host)}:{self.port}{status}{proto}"


@dataclass(frozen=True, slots=True)
class CupsAddress:
    queue: str
    scheme = "cups"

    def __str__(self) -> str:
        return f"cups://{self.queue}"


@dataclass(frozen=True, slots=True)
class WinspoolAddress:
    """A print queue of Windows by its name as Windows shows it, `\\\\server\\queue` included."""

    queue: str
    scheme = "winspool"

    def __str__(self) -> str:
        return f"winspool://{quote(self.queue, safe='')}"


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """Maker and product as four hexadecimal digits each; `serial` where two of one kind are plugged in."""

    vendor: str
    product: str
    serial: str = ""
    scheme = "usb"

    def __str__(self) -> str:
        return f"usb://{self.vendor}:{self.product}" + (f"?serial={self.serial}" if self.serial else "")


@dataclass(frozen=True, slots=True)
class SerialAddress:
    path: str
    baud: int = 9600
    framing: str = "8N1"
    proto: str = "line"
    flow: str = "none"
    scheme = "serial"

    def __str__(self) -> str:
        flow = "" if self.flow == "none" else f"&flow={self.flow}"
        proto = _proto_option("&", self.proto)
        return f"serial://{quote(self.path)}?baud={self.baud}&framing={self.framing}{proto}{flow}"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where a device may call. Anything but this machine has to be said: a scanner has no password."""

    port: int
    host: str = "127.0.0.1"
    proto: str = "line"
    scheme = "tcp-listen"

    def __str__(self) -> str:
        return f"tcp-listen://{_bracketed(self.host)}:{self.port}{_proto_option('?', self.proto)}"


@dataclass(frozen=True, slots=True)
class EvdevAddress:
    path: str
    is_grabbed: bool = True
    layout: str = "us"
    scheme = "evdev"

    def __str__(self) -> str:
        return f"evdev://{quote(self.path)}?grab={int(self.is_grabbed)}&layout={self.layout}"


@dataclass(frozen=True, slots=True)
class HidrawAddress:
    """By the path of its node, or by maker and product (`usb_ids`), which survive another socket."""

    path: str = ""
    usb_ids: str = ""
    proto: str = "hid-pos"
    scheme = "hidraw"

    def __str__(self) -> str:
        return f"hidraw://{self.usb_ids or quote(self.path)}?proto={self.proto}"


@dataclass(frozen=True, slots=True)
class SimAddress:
    """The socket of a running simulator; `proto` as on the line it stands for."""

    path: str
    proto: str = "line"
    scheme = "sim"

    def __str__(self) -> str:
        return f"sim://{quote(self.path)}{_proto_option('?', self.proto)}"


@dataclass(frozen=True, slots=True)
class BrowserAddress:
    """The page itself hears the scanner: there is nothing to open."""

    scheme = "browser"

    def __str__(self) -> str:
        return "browser://"


Address = (
    TcpAddress
    | ListenAddress
    | CupsAddress
    | WinspoolAddress
    | UsbAddress
    | SerialAddress
    | EvdevAddress
    | HidrawAddress
    | SimAddress
    | BrowserAddress
)


def parse_address(text: str) -> Address:
    if any(ord(c) < 0x21 or ord(c) == 0x7F or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise AddressError("address", "holds a space, a control character or half a character")
    if "#" in text:
        # A URL parser would drop what follows without a word.
        raise AddressError("address", "holds a #, write %23 in a path")
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in _PARSERS:
        raise AddressError("scheme", f"{scheme[:40]!r} is none of {', '.join(sorted(_PARSERS))}")
    return _PARSERS[scheme](text)


def _parse_tcp(text: str) -> TcpAddress:
    host, port, options = _host_port_options(text, {"proto": "line", "status": ""})
    if not _HOST.fullmatch(host):
        raise AddressError("host", f"{host[:60]!r} is no host name or IP address")
    status = options["status"]
    if status and not (re.fullmatch(r"[1-9][0-9]{0,4}", status) and int(status) < 65_536):
        raise AddressError("status", f"{status[:20]!r} is no port")
    return TcpAddress(host, port if port is not None else _RAW_PORT, options["proto"], int(status or 0))


def _parse_listen(text: str) -> ListenAddress:
    host, port, options = _host_port_options(text, {"proto": "line"})
    if host and not _HOST.fullmatch(host):
        raise AddressError("host", f"{host[:60]!r} is no host name or IP address")
    if port is None:
        raise AddressError("port", "is missing: where to listen has to be said")
    return ListenAddress(port, host or "127.0.0.1", options["proto"])


def _host_port_options(text: str, defaults: dict[str, str]) -> tuple[str, int | None, dict[str, str]]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressError("port" if "ort" in str(error) else "host", str(error)) from error
    if parts.username is not None or parts.password is not None:
        raise AddressError("host", "an address holds no user name or password")
    if port == 0:
        raise AddressError("port", "0 is no port")
    if parts.path not in ("", "/"):
        raise AddressError("path", f"{parts.path[:60]!r}: a tcp address has no path")
    options = _options(parts.query, defaults)
    _one_of("proto", options["proto"], _PROTOCOLS)
    return parts.hostname or "", port, options


def _parse_cups(text: str) -> CupsAddress:
    queue, _, query = text.removeprefix("cups://").partition("?")
    if not _QUEUE.fullmatch(queue):
        raise AddressError("queue", f"{queue[:60]!r} is no CUPS queue name")
    _options(query, {})
    return CupsAddress(queue)


def _parse_winspool(text: str) -> WinspoolAddress:
    quoted, _, query = text.removeprefix("winspool://").partition("?")
    queue = unquote(quoted)
    if not _WINDOWS_QUEUE.fullmatch(queue) or not queue.isprintable() or "/" in queue or queue != queue.strip():
        raise AddressError("queue", f"{queue[:60]!r} is no name of a Windows print queue")
    _options(query, {})
    return WinspoolAddress(queue)


def _parse_usb(text: str) -> UsbAddress:
    ids, _, query = text.removeprefix("usb://").partition("?")
    vendor, separator, product = (part.removeprefix("0x") for part in ids.partition(":"))
    if not _USB_ID.fullmatch(vendor):
        raise AddressError("vendor", f"{vendor[:20]!r} is not four digits like 04b8")
    if not separator or not _USB_ID.fullmatch(product):
        raise AddressError("product", f"{product[:20]!r} is not four digits like 0202")
    serial = _options(query, {"serial": ""})["serial"]
    if serial and not _SERIAL_NUMBER.fullmatch(serial):
        raise AddressError("serial", f"{serial[:20]!r} is no serial number")
    return UsbAddress(vendor, product, serial)


def _parse_serial(text: str) -> SerialAddress:
    path, query = _path_and_query(text)
    options = _options(query, {"baud": "9600", "framing": "8N1", "proto": "line", "flow": "none"})
    if not options["baud"].isdecimal() or int(options["baud"]) not in _BAUDS:
        raise AddressError("baud", f"{options['baud'][:20]!r} is none of {', '.join(map(str, _BAUDS))}")
    if not _FRAMING.fullmatch(options["framing"]):
        raise AddressError("framing", f"{options['framing'][:20]!r} is not like 8N1, 7E1 or 8O2")
    proto = _one_of("proto", options["proto"], _PROTOCOLS)
    flow = _one_of("flow", options["flow"], _FLOWS)
    return SerialAddress(path, int(options["baud"]), options["framing"], proto, flow)


def _parse_evdev(text: str) -> EvdevAddress:
    path, query = _path_and_query(text)
    options = _options(query, {"grab": "1", "layout": "us"})
    is_grabbed = _one_of("grab", options["grab"], ("0", "1")) == "1"
    return EvdevAddress(path, is_grabbed, _one_of("layout", options["layout"], _LAYOUTS))


def _parse_hidraw(text: str) -> HidrawAddress:
    rest, _, query = text.removeprefix("hidraw://").partition("?")
    proto = _one_of("proto", _options(query, {"proto": "hid-pos"})["proto"], REPORTS)
    if rest.startswith("/"):
        return HidrawAddress(path=_path_and_query(text)[0], proto=proto)
    if not _USB_IDS.fullmatch(rest):
        raise AddressError("path", f"{rest[:60]!r} is neither a path nor maker:product like 05e0:1900")
    return HidrawAddress(usb_ids=rest, proto=proto)


def _parse_sim(text: str) -> SimAddress:
    path, query = _path_and_query(text)
    proto = _one_of("proto", _options(query, {"proto": "line"})["proto"], (*_PROTOCOLS, *REPORTS))
    return SimAddress(path, proto)


def _parse_browser(text: str) -> BrowserAddress:
    if text != "browser://":
        raise AddressError("address", "browser:// has nothing behind it")
    return BrowserAddress()


def _path_and_query(text: str) -> tuple[str, str]:
    scheme = text.partition("://")[0]
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise AddressError("path", str(error)) from error
    path = unquote(parts.path)
    if parts.netloc:
        raise AddressError("path", f"a {scheme} address has three slashes: {scheme}:///dev/…")
    if not path.startswith("/") or len(path) < 2 or "\x00" in path:
        raise AddressError("path", f"{path[:60]!r} is no device path")
    return path, parts.query


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _proto_option(before: str, proto: str) -> str:
    return "" if proto == "line" else f"{before}proto={proto}"


def _one_of(field: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise AddressError(field, f"{value[:20]!r} is none of {', '.join(known)}")
    return value


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
    "tcp-listen": _parse_listen,
    "cups": _parse_cups,
    "winspool": _parse_winspool,
    "usb": _parse_usb,
    "serial": _parse_serial,
    "evdev": _parse_evdev,
    "hidraw": _parse_hidraw,
    "sim": _parse_sim,
    "browser": _parse_browser,
}
