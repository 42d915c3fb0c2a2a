"""What a shift is given: the server, the goods, the wishes; and the shapes of what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from simulators.catalogue import CatalogueItem, OpeningReceipt, Order, OrderBook
from simulators.faults import ErrorRates
from simulators.warehouse import FloorLocation

PLANTS = ("fifo-break", "lost-unit")
COUNTRY_CODES = {
    "United Kingdom": "GB", "France": "FR", "Germany": "DE", "EIRE": "IE", "Cyprus": "CY", "Belgium": "BE",
    "Spain": "ES", "Italy": "IT", "Denmark": "DK", "Switzerland": "CH", "Norway": "NO", "Austria": "AT",
    "Japan": "JP", "Australia": "AU", "Finland": "FI", "Portugal": "PT", "Sweden": "SE", "Netherlands": "NL",
    "Malta": "MT", "Channel Islands": "JE", "Czech Republic": "CZ", "Poland": "PL", "Hong Kong": "HK",
}  # fmt: skip

PlantHook = Callable[[str], Mapping[str, Any] | None]

@dataclass(frozen=True, slots=True)
class ShiftServer:
    """Where the floor server answers, and the token that may set a floor up."""

    base_url: str
    admin_token: str


@dataclass(frozen=True, slots=True)
class ShiftGoods:
    """What the warehouse is and deals in. Items and locations must be known to the server already."""

    items: tuple[CatalogueItem, ...]
    locations: tuple[FloorLocation, ...]
    book: OrderBook
    receipts: tuple[OpeningReceipt, ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftOptions:
    tape_dir: Path
    workers: int = 8
    seed: int = 7
    speed: float | None = None  # times life speed; None is --fast: no walking and handling time
    rates: ErrorRates = field(default_factory=ErrorRates)
    plant: str | None = None
    totes: int = 600
    positions_a_cart: int = 8
    orders_a_wave: int = 40
    waves_ahead: int = 2
    cancelled_orders: int = 0  # customers who change their mind while their goods are being picked
    stall_s: float = 90.0
    read_labels: bool = True
    read_processes: int = 2
    loop: bool = False  # the demo: when the day is done, its orders come again
    hurry_opening: bool = False  # opening stock without handling time: who looks in wants to see orders move
    # A floor that is left and entered again (the demo): its equipment and tokens are kept in this file, and
    # if the file is there the world starts as the database says.
    keep_file: Path | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("a shift needs at least one worker")
        if self.plant not in (None, *PLANTS):
            raise ValueError(f"--plant {self.plant}: one of {', '.join(PLANTS)}")


def order_body(order: Order, ordered_at: datetime) -> dict[str, Any]:
    """An order as a channel would post it. The file names no person, so neither does this address."""
    return {
        "number": order.number,
        "channel": "demo",
        "policy": "ship_partial",
        "ordered_at": ordered_at.isoformat(timespec="seconds"),
        "ship_to": {
            "name": f"Customer of {order.number}",
            "address1": "1 Sample Street",
            "city": "Sampletown",
            "postcode": "00000",
            "country": COUNTRY_CODES.get(order.country, "GB"),
        },
        "lines": [
            {
                "sku": line.sku,
                "qty_each": line.qty_each,
                "unit_price_minor": line.price_minor,
                "currency": "GBP",
                "name": line.name,
            }
            for line in order.lines
        ],
    }


def listed(answer: Any, key: str) -> list[Mapping[str, Any]]:
    return list(answer[key] if isinstance(answer, Mapping) else answer)


def number_of(found: object) -> int:
    return found if isinstance(found, int) else len(found) if isinstance(found, list) else 0
