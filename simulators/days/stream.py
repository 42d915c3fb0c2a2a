"""What happens to the warehouse from outside: deliveries and orders of every day, from the seed alone.

Owns the demand, the buyer (who tops up while older goods still lie there) and the suppliers (who sometimes
send something else than they announced). Knows nothing of what the floor did. Invariant: the same seed and
number of days give the same stream, whatever the crew does.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulators.catalogue import check_digit
from simulators.days.goods import DaysItem
from simulators.faults import ErrorLog, ErrorRates

OPENING_DAYS_AGO = (21, 12, 5)
COVER_DAYS, REORDER_DAYS = 9, 4.0  # buys for nine days when less than four days' demand is left
LINES_AN_ORDER = (1, 1, 2, 2, 2, 3, 4)
EACH_A_LINE = (1, 1, 1, 2, 2, 3, 4, 6)


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of one item with the same date and print."""

    sku: str
    qty_each: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Pallet:
    """A handling unit by its SSCC: what its advice says, and what really stands on it."""

    sscc: str
    announced: tuple[Goods, ...]
    real: tuple[Goods, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One supplier's truck: loose goods and pallets; `received_on` is its day."""

    number: str
    received_on: str
    loose: tuple[Goods, ...]
    pallets: tuple[Pallet, ...] = ()

    def announced(self) -> Iterator[Goods]:
        yield from self.loose
        for pallet in self.pallets:
            yield from pallet.announced


@dataclass(frozen=True, slots=True)
class DayOrder:
    number: str
    lines: tuple[tuple[str, int], ...]
    policy: str
    fate: str  # '' kept; else cancelled by the customer: early (before its wave) or late (while it is picked)


@dataclass(frozen=True, slots=True)
class DayPlan:
    day: date
    deliveries: tuple[Delivery, ...]
    orders: tuple[DayOrder, ...]


class Stream:
    """The outside world, day after day."""

    def __init__(
        self, items: Sequence[DaysItem], seed: int, first_day: date, orders_a_day: int, rates: ErrorRates,
        log: ErrorLog,
    ) -> None:  # fmt: skip
        self.items = {item.sku: item for item in items}
        self.first_day = first_day
        self.orders_a_day = orders_a_day
        self._rates, self._log = rates, log
        self._dice = random.Random(f"{seed}:stream")
        # The suppliers' mistakes have dice of their own: with or without them the same goods are asked for.
        self._supplier_dice = random.Random(f"{seed}:suppliers")
        self._stock: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        units_an_order = (sum(LINES_AN_ORDER) / len(LINES_AN_ORDER)) * (sum(EACH_A_LINE) / len(EACH_A_LINE))
        self._daily = {item.sku: max(0.4, item.share * orders_a_day * units_an_order) for item in items}

    def daily_each(self, sku: str) -> float:
        """Units a day, on average."""
        return self._daily[sku]

    def opening(self) -> tuple[Delivery, ...]:
        """What lies there before the first day, in layers of three dates."""
        deliveries = []
        for turn, ago in enumerate(OPENING_DAYS_AGO):
            day = (self.first_day - timedelta(days=ago)).isoformat()
            lines = [
                goods
                for rank, item in enumerate(self.items.values())
                if rank % len(OPENING_DAYS_AGO) <= turn
                for goods in self._goods(item, day, math.ceil(self._daily[item.sku] * 4))
            ]
            deliveries.append(Delivery(f"OPEN-{turn + 1}", day, tuple(lines)))
        return tuple(deliveries)

    def day(self, number: int) -> DayPlan:
        """Must be asked for in order: the buyer remembers."""
        today = self.first_day + timedelta(days=number)
        orders = tuple(self._order(number, n) for n in range(self._count()))
        for order in orders:
            for sku, qty_each in order.lines:
                self._stock[sku] -= qty_each * (order.fate == "")
        return DayPlan(today, tuple(self._deliveries(number, today)), orders)

    def _count(self) -> int:
        return max(1, round(self._dice.gauss(self.orders_a_day, self.orders_a_day / 8)))

    def _order(self, number: int, n: int) -> DayOrder:
        skus = list(self.items)
        weights = [self.items[sku].share for sku in skus]
        chosen = dict.fromkeys(self._dice.choices(skus, weights, k=self._dice.choice(LINES_AN_ORDER)))
        lines = tuple((sku, self._each(self.items[sku])) for sku in chosen)
        roll = self._dice.random()
        fate = "early" if roll < 0.02 else "late" if roll < 0.04 else ""
        policy = "ship_complete" if self._dice.random() < 0.2 else "ship_partial"
        return DayOrder(f"D{number + 1:02d}-{n + 1:03d}", lines, policy, fate)

    def _each(self, item: DaysItem) -> int:
        if item.kind == "serial":
            return 1
        if item.printed.case_qty_each and self._dice.random() < 0.12:
            return item.printed.case_qty_each
        return self._dice.choice(EACH_A_LINE)

    def _deliveries(self, number: int, today: date) -> Iterator[Delivery]:
        wanted = [item for item in self.items.values() if self._stock[item.sku] < REORDER_DAYS * self._daily[item.sku]]
        self._dice.shuffle(wanted)
        trucks = [wanted[n::2] for n in range(2) if wanted[n::2]]
        for n, load in enumerate(trucks, start=1):
            goods = [
                part
                for item in load
                for part in self._goods(item, today.isoformat(), math.ceil(self._daily[item.sku] * COVER_DAYS))
            ]
            yield self._loaded(f"ASN-{number + 1:02d}-{n}", today.isoformat(), goods)

    def _goods(self, item: DaysItem, day: str, wanted_each: int) -> list[Goods]:
        self._stock[item.sku] += 0
        if item.kind == "serial":
            wanted_each = min(wanted_each, 8)
            parts = [Goods(item.sku, 1, item.mark(day, self._next(item.sku))) for _ in range(wanted_each)]
        else:
            case_each = item.printed.case_qty_each
            whole_each = -(-wanted_each // case_each) * case_each if case_each else wanted_each
            parts = [Goods(item.sku, whole_each, item.mark(day, self._next(item.sku)))]
        self._stock[item.sku] += sum(part.qty_each for part in parts)
        return parts

    def _loaded(self, number: str, day: str, goods: list[Goods]) -> Delivery:
        """Half of what can stand on pallets does, one item a pallet; every fourth pallet holds two items."""
        loose = [part for part in goods if self.items[part.sku].kind == "serial"]
        solid = [part for part in goods if self.items[part.sku].kind != "serial"]
        split = len(solid) // 2
        loose += solid[:split]
        on_pallets, pallets = solid[split:], []
        while on_pallets:
            take = 2 if len(on_pallets) > 1 and self._dice.random() < 0.25 else 1
            content, on_pallets = tuple(on_pallets[:take]), on_pallets[take:]
            serial = f"3{self._next('pallets'):016d}"
            pallets.append(self._pallet(serial + check_digit(serial), content))
        return Delivery(number, day, tuple(loose), tuple(pallets))

    def _pallet(self, sscc: str, content: tuple[Goods, ...]) -> Pallet:
        real = content
        if self._supplier_dice.random() < self._rates.mixed_pallet and content[0].qty_each > 2:
            others = sorted(sku for sku, item in self.items.items() if item.kind == "plain" and sku != content[0].sku)
            other, swapped = self._supplier_dice.choice(others), self._supplier_dice.choice((1, 2))
            short = Goods(content[0].sku, content[0].qty_each - swapped, content[0].mark)
            real = (short, *content[1:], Goods(other, swapped))
            for sku in (content[0].sku, other):
                self._log.note("mixed_pallet", "supplier", place=sscc, sku=sku, detail=f"{swapped} of {other}")
        return Pallet(sscc, content, real)

    def _next(self, name: str) -> int:
        self._numbers[name] += 1
        return self._numbers[name]


def merged(goods: Iterable[Goods]) -> list[Goods]:
    """One line for what has the same print; serials of one item are one line, as an advice names them."""
    units: Counter[tuple[str, str]] = Counter()
    for part in goods:
        units[part.sku, "" if part.mark.startswith("21") else part.mark] += part.qty_each
    return [Goods(sku, qty_each, mark) for (sku, mark), qty_each in units.items()]


def receipt_body(delivery: Delivery) -> dict[str, Any]:
    """The supplier's advice, as a program posts it."""
    body: dict[str, Any] = {
        "number": delivery.number, "received_on": delivery.received_on, "supplier": "Simulated Supplies",
        "lines": [line_body(goods) for goods in merged(delivery.loose)],
    }  # fmt: skip
    if delivery.pallets:
        body["units"] = [
            {"sscc": pallet.sscc, "lines": [line_body(goods) for goods in pallet.announced]}
            for pallet in delivery.pallets
        ]
    return body


def line_body(goods: Goods) -> dict[str, Any]:
    """One line, with the lot and expiry its mark names (AI 17, then 10)."""
    body: dict[str, Any] = {"sku": goods.sku, "qty_each": goods.qty_each}
    if goods.mark.startswith("17"):
        yymmdd = goods.mark[2:8]
        body |= {"expiry_on": f"20{yymmdd[:2]}-{yymmdd[2:4]}-{yymmdd[4:]}", "lot": goods.mark[10:]}
    return body
