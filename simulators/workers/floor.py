"""What a person on the simulated floor can see and touch: benches, goods, the plan, what puzzles everybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simulators.catalogue import CatalogueItem
from simulators.client import ScanStation
from simulators.warehouse import FloorPlan
from simulators.workers.pace import Handling, Pace
from simulators.world import (
    Equipment,
    LabelTray,
    World,
)


@dataclass(slots=True)
class Bench:
    """A packing bench: its station, its label printer's tray, and who stands there."""

    station: ScanStation
    tray: LabelTray
    place: str
    signed_in: str = ""
    tote: str = ""  # the barcode of the tote that stands on it now
    order: str = ""


@dataclass(slots=True)
class Surprises:
    """Answers nobody on this floor can explain: a wrong scan accepted, a right one refused."""

    entries: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, text: str) -> None:
        with self.lock:
            self.entries.append(text)


@dataclass(slots=True)
class Floor:
    """All a person on this floor can see and touch."""

    world: World
    equipment: Equipment
    plan: FloorPlan
    items: Mapping[
        str, CatalogueItem
    ]  # by SKU in upper case: what is printed on the goods, and how big they are
    benches: Mapping[str, Bench]
    surprises: Surprises
    pace: Pace
    handling: Handling = field(default_factory=Handling)
    home_bins: dict[str, set[str]] = field(default_factory=dict)  # SKU → bins somebody took it from
    supervisor_badge: str = ""
    put_into: dict[str, None] = field(default_factory=dict)  # places whose sign was scanned to put goods there
    parcel_orders: dict[str, str] = field(default_factory=dict)  # parcel → order on its packing slip
    adopt_tote: Callable[[str], None] | None = None  # asks what is in a tote that is none of this world's

    def item(self, sku: str) -> CatalogueItem:
        return self.items[sku.upper()]

    def barcode(self, sku: str) -> str:
        item = self.items.get(sku.upper())
        return item.each_barcode if item and item.each_barcode else sku

    def code(self, sku: str, mark: str = "") -> str:
        """What the scanner reads on a unit: its GTIN, and with a mark the whole GS1 element string."""
        barcode = self.barcode(sku)
        return f"]C101{barcode:0>14}{mark}" if mark and barcode.isdigit() else barcode
