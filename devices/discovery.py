"""What is plugged in or answers, as proposals: a person looks, chooses and binds.

    python -m devices.discovery [--probe 10.0.0.0/24] [--simulators FOLDER] [--json]

Owns looking: serial ports, /dev/input/by-id, HID devices, CUPS queues, the sockets of simulators, and, only when asked,
port 9100 of a small private network.
Refuses to bind or open anything it finds here, to probe more than 256 addresses or a public network, and to be quiet
about a place it could not look at: that is a `missed` line.
Invariant: every proposed address parses. The probe sends ~HI: a label printer answers, an office printer may print it.
Source: USB HID "Point of Sale Usage Tables" (page 8C scanner, 8D scale), usb.ids for the makers.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devices.config import (
    AddressError,
    CupsAddress,
    EvdevAddress,
    HidrawAddress,
    SerialAddress,
    SimAddress,
    parse_address,
)
from devices.probe import ProbeRefused, probe

_LPSTAT_S = 3.0
# The maker says what a serial port is more likely to be; it is a proposal. usb.ids
MAKERS = {
    "05e0": ("scanner", "Zebra"),
    "0c2e": ("scanner", "Honeywell"),
    "05f9": ("scanner", "Datalogic"),
    "0a5f": ("printer", "Zebra"),
    "04b8": ("printer", "Epson"),
    "0519": ("printer", "Star"),
    "0eb8": ("scale", "Mettler-Toledo"),
    "0922": ("scale", "Dymo"),
}
_USAGE_PAGES = {0x8C: ("scanner", "hid-pos"), 0x8D: ("scale", "hid-scale")}


@dataclass(frozen=True, slots=True)
class Proposal:
    """`kind`: scanner, printer, scale, or "" where only a person can know."""

    address: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Found:
    """`missed`: places that could not be looked at, each with its reason."""

    proposals: tuple[Proposal, ...]
    missed: tuple[str, ...]


def discover(
    root: Path = Path("/"),
    subnet: str = "",
    simulators: Path | None = None,
    ports: Callable[[], Iterable[Any]] | None = None,
) -> Found:
    """Look everywhere once. `root`: where /dev and /sys begin. `ports`: what lists serial ports, pyserial unless told.

    Raises:
        ProbeRefused: a subnet that is not to be probed.
    """
    places: list[tuple[str, Callable[[], Iterable[Proposal]]]] = [
        ("serial ports", lambda: serial_ports(root, ports)),
        ("key events", lambda: key_devices(root)),
        ("HID devices", lambda: hid_devices(root)),
        ("CUPS queues", cups_queues),
    ]
    if simulators is not None:
        places.append((f"simulators in {simulators}", lambda: simulator_sockets(simulators)))
    if subnet:
        places.append((f"port 9100 of {subnet}", lambda: label_printers(subnet)))
    proposals: dict[str, Proposal] = {}
    missed = []
    for place, look in places:
        try:
            for proposal in look():
                proposals.setdefault(proposal.address, proposal)
        except ProbeRefused:
            raise
        except (OSError, subprocess.SubprocessError) as error:
            missed.append(f"{place}: {error}")
    return Found(tuple(proposals.values()), tuple(missed))


def serial_ports(root: Path = Path("/"), ports: Callable[[], Iterable[Any]] | None = None) -> Iterator[Proposal]:
    """Ports with a plug on them; by the name that stays the same when the plugs change places, where there is one."""
    if ports is None:
        from serial.tools.list_ports import comports

        ports = comports
    by_id = {str(link.resolve()): link for link in sorted(_listed(root / "dev/serial/by-id"))}
    for port in sorted(ports(), key=lambda port: str(port.device)):
        if port.vid is None:
            continue  # the board's own ports: there whether anything is plugged in or not
        link = by_id.get(str(Path(port.device).resolve()))
        kind, maker = MAKERS.get(f"{port.vid:04x}", ("", ""))
        named = " ".join(filter(None, (port.manufacturer or maker, port.product))) or port.description
        address = SerialAddress(_outside(link, root) if link else str(port.device))
        yield Proposal(str(address), kind, f"serial port, {named} ({port.vid:04x}:{port.pid:04x})")


def key_devices(root: Path = Path("/")) -> Iterator[Proposal]:
    """What types. A wedge scanner is one of them, and so is the keyboard."""
    for link in sorted(_listed(root / "dev/input/by-id")):
        if link.name.endswith("-event-kbd"):
            name = link.name.removeprefix("usb-").removesuffix("-event-kbd").replace("_", " ")
            yield Proposal(str(EvdevAddress(_outside(link, root))), "scanner", f"wedge scanner or keyboard, {name}")


def hid_devices(root: Path = Path("/")) -> Iterator[Proposal]:
    """USB scanners in POS mode and USB scales, by what their report descriptor says they are."""
    seen: dict[str, int] = {}
    found = []
    for entry in sorted(_listed(root / "sys/class/hidraw"), key=lambda entry: (len(entry.name), entry.name)):
        try:
            uevent = dict(
                line.partition("=")[::2] for line in (entry / "device/uevent").read_text("utf-8", "replace").split("\n")
            )
            pages = usage_pages((entry / "device/report_descriptor").read_bytes())
        except OSError:
            continue  # pulled while we looked
        known = next((_USAGE_PAGES[page] for page in pages if page in _USAGE_PAGES), None)
        parts = uevent.get("HID_ID", "").split(":")
        if known is None or len(parts) != 3:
            continue
        ids = ":".join(part[-4:].lower() for part in parts[1:])
        seen[ids] = seen.get(ids, 0) + 1
        found.append((ids, entry.name, uevent.get("HID_NAME", "no name"), *known))
    for ids, node, name, kind, proto in found:
        # Of two alike only the node tells which is which, though not after the next boot.
        address = HidrawAddress(usb_ids=ids, proto=proto)
        if seen[ids] > 1:
            address = HidrawAddress(path=f"/dev/{node}", proto=proto)
        yield Proposal(str(address), kind, f"USB {kind}, {name}")


def usage_pages(descriptor: bytes) -> list[int]:
    """The usage pages of a HID report descriptor, in order; one that ends within an item ends there.

    Source: USB "Device Class Definition for HID" 1.11, 6.2.2.2 (short items) and 6.2.2.3 (long ones).
    """
    pages, at = [], 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == 0xFE:  # a long item says its own length
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            continue
        size = (0, 1, 2, 4)[prefix & 0x03]
        if prefix & 0xFC == 0x04 and at + size < len(descriptor):
            pages.append(int.from_bytes(descriptor[at + 1 : at + 1 + size], "little"))
        at += 1 + size
    return pages


def cups_queues() -> Iterator[Proposal]:
    """
    Raises:
        OSError: there is no lpstat, or it fails.
    """
    # LC_ALL: the answer is read, and it comes in the language of the environment.
    done = subprocess.run(
        ["lpstat", "-v"], capture_output=True, timeout=_LPSTAT_S, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False
    )
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0 and b"No destinations" not in done.stderr:
        raise OSError(done.stderr.decode("utf-8", "replace").strip()[:200] or "lpstat failed")
    for line in said.splitlines():
        queue, separator, uri = line.removeprefix("device for ").partition(": ")
        if separator and line.startswith("device for ") and _is_address(f"cups://{queue}"):
            yield Proposal(str(CupsAddress(queue)), "printer", f"CUPS queue to {uri.strip()}")


def simulator_sockets(folder: Path) -> Iterator[Proposal]:
    """
    Raises:
        OSError: the folder cannot be read.
    """
    for path in sorted(folder.iterdir()):
        if stat.S_ISSOCK(path.stat().st_mode):
            yield Proposal(str(SimAddress(str(path.absolute()))), "", f"socket of a simulator, {path.name}")


def label_printers(subnet: str) -> Iterator[Proposal]:
    for found in probe(subnet):
        yield Proposal(found.address, "printer", found.words)


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _outside(path: Path, root: Path) -> str:
    return f"/{path.relative_to(root)}"


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m devices.discovery", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--probe",
        metavar="SUBNET",
        default="",
        help="also ask port 9100 of each address of a private network, at most 256; an office printer may print ~HI",
    )
    parser.add_argument("--simulators", metavar="FOLDER", type=Path, help="also the sockets in this folder")
    parser.add_argument("--json", action="store_true", help="one object: proposals, missed")
    options = parser.parse_args(arguments)
    try:
        found = discover(subnet=options.probe, simulators=options.simulators)
    except ProbeRefused as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.json:
        sys.stdout.write(json.dumps(asdict(found), ensure_ascii=False, indent=1) + "\n")
        return 0
    for proposal in found.proposals:
        sys.stdout.write(f"{proposal.kind or '?':8} {proposal.address}  {proposal.words}\n")
    for missed in found.missed:
        sys.stdout.write(f"not looked at: {missed}\n")
    if not found.proposals:
        sys.stdout.write("nothing found\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
