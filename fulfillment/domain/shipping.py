"""Parcels and manifests: their states, when a parcel is full, and which carrier takes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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
