"""The lines of a real year as things that happened: orders, cancellations, adjustments, and what suppliers brought.

Reads *Online Retail* (doi 10.24432/C5BW33) as parquet or CSV. A document is split by what its lines say: a number
beginning with C takes back, a line below zero or free of charge for nobody is an adjustment, the rest was sold.
Suppliers' deliveries are not in the data: they are planned from what was asked for, with a seed.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from simulators.catalogue import is_service

EXTRA_SERVICES = ("CRUK", "B", "PADS", "m")
PERIOD_DAYS = 28  # how long one delivery of an item lasts
LATE_ONE_IN = 50
LATE_DAYS = 3
SURPLUS = 1.02


# What a description of an adjustment means as a reason; whatever it does not say was lost.
REASONS = (
    ("damage", "damaged"), ("smash", "damaged"), ("crush", "damaged"), ("wet", "damaged"), ("rust", "damaged"),
    ("mould", "damaged"), ("faulty", "damaged"), ("broken", "damaged"), ("throw", "damaged"), ("unsaleable", "damaged"),
    ("sample", "sample"), ("given away", "sample"), ("incorrect", "data_error"), ("mix", "data_error"),
    ("sold as", "data_error"), ("adjust", "data_error"),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of the file."""

    place: int
    document: str
    sku: str
    qty: int
    at: str  # ISO, local
    price_minor: int
    customer: int
    country: str
    name: str

    @property
    def key(self) -> str:
        return self.sku.strip().upper()

    @property
    def is_service(self) -> bool:
        return is_service(self.sku) or self.key in EXTRA_SERVICES

    @property
    def why(self) -> str:
        """The reason of an adjustment."""
        if self.qty > 0:
            return "found"
        return next((why for words, why in REASONS if words in self.name.lower()), "lost")


@dataclass
class Day:
    """What a day brought; documents in the order of the file."""

    on: str
    deliveries: dict[str, int] = field(default_factory=dict)
    orders: list[list[Line]] = field(default_factory=list)
    taken_back: list[list[Line]] = field(default_factory=list)
    adjustments: list[Line] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return sum(map(len, self.orders)) + sum(map(len, self.taken_back)) + len(self.adjustments)


def read(path: Path, most: int | None = None) -> list[Line]:
    """The file's lines, the first `most` of them and what belongs to the same document."""
    found: list[Line] = []
    rows = _rows(path)
    for place, row in enumerate(rows):
        if most is not None and place >= most and row["order_id"] != found[-1].document:
            rows.close()
            break
        at = row["ts"].isoformat(" ") if isinstance(row["ts"], datetime) else str(row["ts"])
        found.append(
            Line(
                place, str(row["order_id"]), str(row["sku"]), int(row["qty"]), at[:19],
                round(float(row["unit_price_gbp"] or 0) * 100), _customer(row["customer_id"]),
                str(row["country"] or ""), str(row["description"] or "").strip(),
            )
        )  # fmt: skip
    return found


def days(lines: Sequence[Line], seed: int) -> list[Day]:
    """The lines day by day, with deliveries that come in the morning of the day they are needed (or days late)."""
    found: dict[str, Day] = {}
    documents: dict[str, list[Line]] = {}
    for line in lines:
        documents.setdefault(line.document, []).append(line)
    for document, its in documents.items():
        day = found.setdefault(its[0].at[:10], Day(its[0].at[:10]))
        if document.startswith("C"):
            day.taken_back.append(its)
            continue
        adjusting = [line for line in its if line.qty <= 0 or (line.price_minor == 0 and not line.customer)]
        sold = [line for line in its if line not in adjusting] if adjusting else its
        day.adjustments += adjusting
        if sold:
            day.orders.append(sold)
    ordered = [found[on] for on in sorted(found)]
    for on, sku, qty_each in _deliveries(ordered, seed):
        there = found.get(on)
        if there is None:
            # Late for a day nobody worked: it comes on the next one, or after the last.
            there = next((day for day in ordered if day.on >= on), None)
            if there is None:
                there = Day(on)
                ordered.append(there)
                found[on] = there
        there.deliveries[sku] = there.deliveries.get(sku, 0) + qty_each
    return ordered


def units_by_sku(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Units of each SKU, added up."""
    sums: dict[str, int] = {}
    for key, qty_each in parts:
        sums[key] = sums.get(key, 0) + qty_each
    return sums


def _deliveries(ordered: Iterable[Day], seed: int) -> Iterator[tuple[str, str, int]]:
    asked: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for day in ordered:
        on = date.fromisoformat(day.on)
        for line in (line for order in day.orders for line in order):
            if not line.is_service:
                asked[line.key].append((on, line.qty))
        for line in day.adjustments:
            if line.qty < 0 and not line.is_service:
                asked[line.key].append((on, -line.qty))
    for sku in sorted(asked):
        chance = random.Random(f"{seed}:{sku}")
        wanted = asked[sku]
        at = 0
        while at < len(wanted):
            first = wanted[at][0]
            ends = first + timedelta(PERIOD_DAYS)
            units = 0
            while at < len(wanted) and wanted[at][0] < ends:
                units += wanted[at][1]
                at += 1
            late = LATE_DAYS if chance.randrange(LATE_ONE_IN) == 0 else 0
            yield (first + timedelta(late)).isoformat(), sku, int(units * SURPLUS) + chance.randrange(3)


def _customer(value: Any) -> int:
    # -1 and NaN stand for nobody, as the reader of the day has it.
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError):
        return 0


def _rows(path: Path) -> Generator[dict[str, Any], None, None]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(10_000):
            yield from batch.to_pylist()
        return
    is_packed = path.suffix == ".gz"
    with (gzip.open if is_packed else open)(path, "rt", encoding="utf-8", newline="") as source:
        yield from csv.DictReader(source)
