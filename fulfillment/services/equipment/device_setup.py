"""What a person changes of a device at the desk, in one transaction: the device itself and who stands in for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.devices import DeviceKind
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.equipment import devices
from fulfillment.services.printing import stand_ins

DPI = 203  # of a printer nobody says otherwise of


def change(tx: Tx, code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """As `devices.change`, and `stand_in`, the printer that prints for one that cannot; "-": nobody.

    Raises:
        NotFound, DomainError: as there and in `stand_ins.set_stand_in`; bad_field: something else than a printer.
    """
    of_device = {name: value for name, value in values.items() if name != "stand_in"}
    if of_device:
        devices.change(tx, code, of_device)
    if "stand_in" in values:
        device = devices.get(tx, code)
        if device["kind"] != DeviceKind.PRINTER:
            raise DomainError("bad_field", f"a {device['kind']} has no stand-in", "stand_in")
        stand_in = values["stand_in"]
        if stand_in != (device["stand_in"] or devices.NOBODY):
            stand_ins.set_stand_in(tx, code, None if stand_in == devices.NOBODY else stand_in)
    return devices.shown(devices.get(tx, code), tx.now_ms)


def put_device(tx: Tx, code: str, given: Mapping[str, Any]) -> str:
    """Add a device, or bring one that is there to what is given: `created`, `updated` or `unchanged`. An empty `agent`,
    `station` or `stand_in` is nobody; an empty setting that a kind does not have is none.

    Raises:
        NotFound, Conflict, DomainError: as `devices.add` and `change`; bad_kind: a device stays what it is.
    """
    known = devices.find(tx, code)
    if known is not None and given.get("kind", known["kind"]) not in ("", known["kind"]):
        raise DomainError("bad_kind", f"{code} is a {known['kind']}: take it away and add another", "kind")
    if known is None:
        kind = given.get("kind", "")
        devices.add(
            tx, code, kind, given.get("address", ""), given.get("agent") or None, given.get("station") or None,
            given.get("signals", ""), given.get("language", ""), given.get("dpi") or DPI,
        )  # fmt: skip
    before = devices.get(tx, code)
    wanted = _settings(before, given)
    if wanted:
        change(tx, code, wanted)
    if "is_enabled" in given:
        devices.set_enabled(tx, code, bool(given["is_enabled"]))
    if known is None:
        return "created"
    return "updated" if wanted or devices.get(tx, code)["is_enabled"] != before["is_enabled"] else "unchanged"


def _settings(device: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """What of it differs from how the device is."""
    is_printer = device["kind"] == DeviceKind.PRINTER
    nobodys = ("agent", "stand_in") if is_printer else ("agent", "station")
    own = ("address", "language", "dpi", *nobodys) if is_printer else ("address", "signals", *nobodys)
    wanted = {}
    for name, value in given.items():
        if name in ("kind", "is_enabled") or (not value and (name not in own or name in ("dpi", "language"))):
            continue
        if name not in own or value != (device[name] or ("" if name in nobodys else device[name])):
            wanted[name] = value or (devices.NOBODY if name in nobodys else value)
    return wanted
