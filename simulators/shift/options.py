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

PICK, PACK, SHIP = "pick", "pack", "ship"
POSTS = (PICK, PACK, SHIP)

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
class SlowLane:
    """The people of one lane take so many times longer for everything."""

    lane: str
    times: float

    def __post_init__(self) -> None:
        if self.lane not in POSTS or not 1 <= self.times <= 100:
            raise ValueError(f"{self.lane}={self.times:g}: one of {', '.join(POSTS)}, 1 to 100 times")


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
    pick_mode: str = "cluster"
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
    slow_lane: SlowLane | None = None  # everybody then keeps to a lane, or there would be none that is slow
    # After so long of the shift's own time since there was something to pick all has been seen that was to be seen: the
    # rest goes without handling time.
    hurry_after_min: int | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("a shift needs at least one worker")
        if self.slow_lane is not None and self.workers < len(POSTS):
            raise ValueError(f"a slow lane needs a worker in each of {', '.join(POSTS)}")
        if self.plant not in (None, *PLANTS):
            raise ValueError(f"--plant {self.plant}: one of {', '.join(PLANTS)}")


def posts(options: ShiftOptions) -> tuple[str, ...]:
    """Each worker's lane, '' = wherever there is work. One loads; of the others as many pack as pick, or one fewer."""
    if options.slow_lane is None:
        return ("",) * options.workers
    packers = (options.workers - 1) // 2
    return (PICK,) * (options.workers - 1 - packers) + (PACK,) * packers + (SHIP,)


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
