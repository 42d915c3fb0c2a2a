"""What a person changes of a device at the desk, in one transaction: the device itself and who stands in for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.devices import DeviceKind
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services import devices, stand_ins


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
