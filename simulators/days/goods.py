"""The small warehouse of the days: some fifty items of every kind of care, and places of every kind of access.

Owns sizes, policies and the marks printed on units (GS1 element strings). Refuses nothing. Invariant: the
same seed gives the same items, and every item has a place it fits into.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from simulators.catalogue import CatalogueItem, check_digit
from simulators.warehouse import FloorLocation

ITEM_COLUMNS = (
    "sku", "name", "barcodes", "length_mm", "width_mm", "height_mm", "weight_g", "tracks_lot", "tracks_expiry",
    "tracks_serial", "tolerance_days", "value_minor", "currency", "scan_each_max",
)  # fmt: skip
PICK_AISLES, BAYS, PICK_LEVELS, LANES = 10, 14, (1, 2), 12
SHELF_LIFE_DAYS = 60


@dataclass(frozen=True, slots=True)
class DaysItem:
    """One SKU and how it wants to be treated; `share` is its part of all demand."""

    printed: CatalogueItem
    kind: str  # plain, dated (lot and expiry), serial
    tolerance_days: int
    share: float

    @property
    def sku(self) -> str:
        return self.printed.sku

    def mark(self, received_on: str, number: int) -> str:
        """What is printed beside the GTIN on units of this delivery (of this unit, when it has a serial)."""
        match self.kind:
            case "dated":
                # Now and then a later delivery expires sooner: that is why expiry, not arrival, must lead.
                life_days = SHELF_LIFE_DAYS - 25 * (number % 5 == 4)
                expiry = date.fromisoformat(received_on) + timedelta(days=life_days)
                return f"17{expiry:%y%m%d}10L{received_on[5:].replace('-', '')}{number:03d}"
            case "serial":
                return f"21S{number:08d}"
            case _:
                return ""


def make_items(seed: int, count: int = 150) -> tuple[DaysItem, ...]:
    """Plain, case-packed, dated and serial goods; demand falls off as one over the rank."""
    items = []
    weights = [1 / (rank + 4) for rank in range(count)]
    for rank in range(count):
        dice = random.Random(f"{seed}:item:{rank}")
        kind = "dated" if rank % 8 == 3 else "serial" if rank in (17, 33) else "plain"
        case_each = 0 if kind != "plain" or rank % 4 else (6, 12)[rank % 8 == 0]
        tolerance_days = 7 if rank % 10 == 6 else 0
        body = f"50{rank + 1:010d}"
        case_body = f"150{rank + 1:010d}"
        length, width, height = dice.randrange(80, 220), dice.randrange(60, 160), dice.randrange(30, 110)
        printed = CatalogueItem(
            f"D-{rank + 1:03d}", f"{kind} article {rank + 1}", body + check_digit(body), case_each,
            case_body + check_digit(case_body) if case_each else "", length, width, height,
            max(20, length * width * height // 2500), False, "", "", 499, "GBP", 3, "",
        )  # fmt: skip
        items.append(DaysItem(printed, kind, tolerance_days, weights[rank] / sum(weights)))
    return tuple(items)


def make_locations() -> tuple[FloorLocation, ...]:
    """Bins in reach, flow racks near the front, push-back lanes, a reserve above, and what a floor needs besides."""
    rows = [
        FloorLocation("DOCK-1", "dock", "any", "DOCK", "", "", "", 10, 5, 0, 0),
        FloorLocation("STAGE-1", "staging", "any", "STAGE", "", "", "", 60, 60, 0, 0),
        FloorLocation("BENCH-1", "station", "any", "PACK", "", "", "", 90, 40, 0, 0),
        FloorLocation("QUAR-1", "quarantine", "any", "QUAR", "", "", "", 5, 60, 0, 0),
        *(FloorLocation(f"LANE-{name}", "ship_lane", "any", "SHIP", "", "", "", 120 + n * 10, 5, 0, 0)
          for n, name in enumerate(("DOM", "EU", "WORLD"))),
    ]  # fmt: skip
    for aisle in range(1, PICK_AISLES + 1):
        for bay in range(1, BAYS + 1):
            x_dm, y_dm = aisle * 35, 100 + bay * 12
            for level in PICK_LEVELS:
                is_flow = bay <= 2
                rows.append(
                    FloorLocation(
                        f"A{aisle:02d}-{bay:02d}-{level}", "flow_rack" if is_flow else "bin",
                        "fifo" if is_flow else "any", "FLOW" if is_flow else "PICK", f"A{aisle:02d}", f"{bay:02d}",
                        str(level), x_dm, y_dm, 60_000 if is_flow else 32_000, 250_000,
                    )
                )  # fmt: skip
            rows.append(
                FloorLocation(
                    f"A{aisle:02d}-{bay:02d}-3", "reserve", "any", "RESERVE", f"A{aisle:02d}", f"{bay:02d}", "3",
                    x_dm, y_dm, 64_000, 500_000,
                )
            )  # fmt: skip
    for lane in range(1, LANES + 1):
        for level in PICK_LEVELS:
            rows.append(
                FloorLocation(
                    f"P01-{lane:02d}-{level}", "bin", "lifo", "LANES", "P01", f"{lane:02d}", str(level),
                    5, 70 + lane * 10, 40_000, 200_000,
                )
            )  # fmt: skip
    return tuple(rows)


def write_items(path: Path, items: Iterable[DaysItem]) -> None:
    with path.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow(ITEM_COLUMNS)
        for item in items:
            it = item.printed
            dated = int(item.kind == "dated")
            writer.writerow(
                [it.sku, it.name, it.barcodes, it.length_mm, it.width_mm, it.height_mm, it.weight_g, dated, dated,
                 int(item.kind == "serial"), item.tolerance_days, it.value_minor, it.currency, it.scan_each_max]
            )  # fmt: skip

