"""Parcels and manifests: their states, what may go into a parcel, when it is full, and which carrier takes it.

Refuses a count the bench did not really make: few units are scanned one by one, only more than that may be
keyed. Invariant: what `check_count` lets pass lies in the tote and fits the parcel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.reasons import Reject, Rejected


class ParcelState(StrEnum):
    """A parcel is filled, closed, carried to its ship lane, loaded, and gone."""

    OPEN = "open"
    CLOSED = "closed"
    IN_LANE = "in_lane"
    LOADED = "loaded"
    SHIPPED = "shipped"
    VOID = "void"
    MISSING = "missing"


PARCEL_STEPS: dict[str, frozenset[str]] = {
    ParcelState.OPEN: frozenset({ParcelState.CLOSED, ParcelState.VOID}),
    ParcelState.CLOSED: frozenset({ParcelState.IN_LANE, ParcelState.OPEN, ParcelState.VOID}),
    ParcelState.IN_LANE: frozenset(
        {ParcelState.LOADED, ParcelState.OPEN, ParcelState.VOID, ParcelState.MISSING}
    ),
    ParcelState.LOADED: frozenset({ParcelState.SHIPPED, ParcelState.IN_LANE}),
    ParcelState.MISSING: frozenset({ParcelState.IN_LANE, ParcelState.LOADED, ParcelState.VOID}),
    ParcelState.SHIPPED: frozenset(),
    ParcelState.VOID: frozenset(),
}


class ManifestState(StrEnum):
    """Open while the truck is loaded; closed when it is signed for."""

    OPEN = "open"
    CLOSED = "closed"


MAX_PARCEL_WEIGHT_G = 25_000  # two-hand lift limit at the bench; most carriers take 30 kg
MAX_PARCEL_VOLUME_ML = 110_000  # the biggest carton on the bench, 60 x 45 x 41 cm


@dataclass(frozen=True)
class ParcelLoad:
    """What a parcel holds so far."""

    weight_g: int
    volume_ml: int
    units: int


def fits_each(load: ParcelLoad, item_weight_g: int, item_volume_ml: int) -> int:
    """How many more of an item fit. An item too big for any carton still goes, alone, in its own box."""
    room = 1_000_000_000
    if item_weight_g > 0:
        room = min(room, (MAX_PARCEL_WEIGHT_G - load.weight_g) // item_weight_g)
    if item_volume_ml > 0:
        room = min(room, (MAX_PARCEL_VOLUME_ML - load.volume_ml) // item_volume_ml)
    if room <= 0 and load.units == 0:
        return 1
    return max(room, 0)


@dataclass(frozen=True)
class Count:
    """What a scan at the bench says: units the barcode stands for, or the number keyed with it. Not `is_scanned`: the
    barcode does not serve, and the packer tells what it is."""

    barcode_each: int
    keyed_each: int | None = None
    serial: str = ""
    is_scanned: bool = True

    @property
    def qty_each(self) -> int:
        """The typed number, else what the barcode stands for."""
        return self.barcode_each if self.keyed_each is None else self.keyed_each


@dataclass(frozen=True)
class Lying:
    """One item as it lies in the tote; weight and volume of one each. `serial_each`: units of the serial read."""

    sku: str
    left_each: int
    weight_g: int
    volume_ml: int
    scan_each_max: int = 3
    is_serial: bool = False
    serial_each: int = 0


def check_count(count: Count, lying: Lying, load: ParcelLoad) -> Rejected | None:
    """None when these units may go from the tote into the parcel, else why not."""
    if count.qty_each <= 0:
        return Rejected(Reject.BAD_QUANTITY, expected=str(lying.left_each), got=str(count.qty_each))
    if lying.is_serial and (count.is_scanned or count.serial):
        if count.qty_each != 1:
            return Rejected(Reject.SCAN_EACH, expected="1", got=str(count.qty_each))
        if not count.serial:
            return Rejected(Reject.SERIAL_REQUIRED, expected=lying.sku)
        if not lying.serial_each:
            return Rejected(Reject.WRONG_ITEM, expected=f"a serial of {lying.sku} in this tote", got=count.serial)
    if count.qty_each > lying.left_each:
        return Rejected(Reject.TOO_MANY, expected=str(lying.left_each), got=str(count.qty_each))
    is_keyed = count.is_scanned and count.keyed_each is not None and count.keyed_each > 1
    if is_keyed and lying.left_each <= lying.scan_each_max:
        return Rejected(Reject.SCAN_EACH, expected="1", got=str(count.keyed_each))
    fits = fits_each(load, lying.weight_g, lying.volume_ml)
    if count.qty_each > fits:
        return Rejected(Reject.PARCEL_FULL, expected=str(fits), got=str(count.qty_each))
    return None


@dataclass(frozen=True)
class CarrierRule:
    """Countries a carrier takes; `*` in the list means everywhere no other carrier names."""

    carrier_id: int
    countries: tuple[str, ...]


def choose_carrier(country: str, rules: Iterable[CarrierRule]) -> int | None:
    """The carrier that names the country, else the one that takes the rest, else none."""
    rest: int | None = None
    for rule in rules:
        if country in rule.countries:
            return rule.carrier_id
        if "*" in rule.countries and rest is None:
            rest = rule.carrier_id
    return rest
