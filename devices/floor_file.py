"""floor.toml: which agent this is, where its journal lies, and what the bench has.

    agent = "BENCH-1"
    journal = "/var/lib/floorline-agent/journal.sqlite"

    [[device]]
    code = "GUN-1"
    kind = "scanner"
    address = "serial:///dev/serial/by-id/usb-Zebra_Scanner-if00?proto=ssi"

`device` is proposed at the first hello, and gone by until then; afterwards the server's list counts.
Refuses a key it does not know, and an address no driver speaks with.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devices.config import AddressError
from devices.framing.signals import KINDS
from devices.registry import DeviceType, driver_of


class FloorFileError(ValueError):
    """What is wrong with the file, for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device of this bench. `language` of a printer; `signals`: whose words a scanner understands."""

    code: str
    kind: str
    address: str
    language: str = ""
    signals: str = ""
    dpi: int = 203
    is_enabled: bool = True

    def proposed(self) -> dict[str, Any]:
        said = asdict(self)
        del said["is_enabled"]
        return said


@dataclass(frozen=True, slots=True)
class FloorFile:
    """`journal` is a path; `devices` have different codes."""

    agent: str
    journal: Path
    devices: tuple[OwnDevice, ...] = ()


def read_floor_file(path: Path) -> FloorFile:
    """
    Raises:
        FloorFileError: in words; OSError: it cannot be read.
    """
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FloorFileError(f"{path}: {error}") from error
    _only(str(path), said, {"agent": str, "journal": str}, {"device": list})
    devices = []
    for number, one in enumerate(said.get("device", []), 1):
        where = f"{path}: device {number}"
        if not isinstance(one, dict):
            raise FloorFileError(f"{where} is no table")
        _only(where, one, {"code": str, "kind": str, "address": str}, {"language": str, "signals": str, "dpi": int})
        devices.append(_checked(where, OwnDevice(**one)))
    codes = [device.code for device in devices]
    if len(set(codes)) != len(codes):
        raise FloorFileError(f"{path}: two devices have one code")
    # Beside the file, so that it does not hang on where the agent was started.
    return FloorFile(said["agent"], path.parent / said["journal"], tuple(devices))


def _checked(where: str, device: OwnDevice) -> OwnDevice:
    if device.kind not in {kind.value for kind in DeviceType}:
        raise FloorFileError(f"{where}: kind {device.kind!r} is none of scanner, scale, printer")
    if device.signals and device.signals not in KINDS:
        raise FloorFileError(f"{where}: signals {device.signals!r} is none of {', '.join(sorted(KINDS))}")
    try:
        driver_of(DeviceType(device.kind), device.address, device.language)
    except AddressError as error:
        raise FloorFileError(f"{where}: address {error}") from error
    return device


def _only(where: str, said: dict[str, Any], needed: dict[str, type], known: dict[str, type]) -> None:
    for name in needed:
        if name not in said:
            raise FloorFileError(f"{where}: {name} is missing")
    for name, value in said.items():
        wanted = {**needed, **known}.get(name)
        if wanted is None:
            raise FloorFileError(f"{where}: {name} is not known")
        if not isinstance(value, wanted) or value == "":
            raise FloorFileError(f"{where}: {name} has to be a {wanted.__name__}")
