"""What the simulated warehouse deals in: orders of a file, a catalogue and opening stock made from them.

Owns the reading of an order file into whole orders, the seeded (and so marked: synthetic) sizes, weights
and barcodes, and receipts that cover every order with fast sellers on several dates. It decides nothing
about the server's import. Invariant: the same file and seed give the same items and receipts, to the byte.
"""

from __future__ import annotations

import csv
import gzip
import math
import random
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

ITEM_COLUMNS = (
    "sku",
    "name",
    "barcodes",
    "length_mm",
    "width_mm",
    "height_mm",
    "weight_g",
    "is_service",
    "tracks_lot",
    "tracks_expiry",
    "tracks_serial",
    "hs_code",
    "origin",
    "value_minor",
    "currency",
    "scan_each_max",
    "note",
)
DEFAULT_SERVICES = ("POST", "DOT", "M", "C2", "D", "S", "BANK CHARGES", "AMAZONFEE", "gift_*")
DEFAULT_MAP = {"order": "order", "sku": "sku", "qty": "qty", "ordered_at": "ordered_at"}
# Columns that are used when they are there; a map may name them, otherwise the first heading found of these.
OPTIONAL_HEADINGS = {
    "name": ("name", "description", "title"),
    "price": ("unit_price", "unit_price_gbp", "price"),
    "country": ("country", "ship_country"),
}
ABSURD_LINE_EACH = 10_000  # a line above this is a typing error, not a wish; the importer reports it too
SCAN_EACH_MAX = 3
FAST_SHARE = 0.3
RECEIPT_LINES_MAX = 200

MEDIAN_VOLUME_ML, VOLUME_SIGMA = 400, 0.7
MEDIAN_PRICE_MINOR = 195
VOLUME_MIN_ML, VOLUME_MAX_ML = 8, 50_000  # a 60 L tote takes the largest with room for a hand
MEDIAN_DENSITY_G_PER_ML, DENSITY_SIGMA = 0.5, 0.45
SIZE_WORDS = (
    (0.06, ("STICKER", "RIBBON", "MAGNET", "ERASER", "PENCIL", "CARD", "KEY RING", "EARRING", "BRACELET")),
    (0.3, ("HOOK", "PEN ", "NAPKIN", "WRAP", "SOAP", "T-LIGHT", "DECORATION", "TISSUE", "TAPE", "PURSE")),
    (3.0, ("JUG", "TEAPOT", "LANTERN", "CLOCK", "BASKET", "HOT WATER", "CUSHION", "SHOPPER", "WREATH")),
    (8.0, ("CABINET", "UMBRELLA", "STOOL", "DRAWER", "BREAD BIN", "MIRROR", "SUITCASE", "PARASOL")),
)
# Six-digit headings of the Harmonized System, by a word in the name; enough to have something to declare.
HS_WORDS = (
    ("340600", ("CANDLE", "T-LIGHT")),
    ("691200", ("MUG", "CUP", "PLATE", "BOWL", "TEAPOT", "JUG", "CERAMIC")),
    ("420292", ("BAG", "PURSE", "SHOPPER")),
    ("490900", ("CARD", "WRAP", "TISSUE")),
    ("701349", ("GLASS", "JAR")),
    ("940490", ("CUSHION", "QUILT")),
    ("732399", ("TIN", "METAL", "ENAMEL", "ZINC")),
    ("442190", ("WOOD", "WICKER")),
    ("950510", ("CHRISTMAS", "ADVENT")),
)
HS_OTHER = "392640"
ORIGINS = ("CN",) * 7 + ("IN",) * 2 + ("GB",)


@dataclass(frozen=True, slots=True)
class OrderLine:
    sku: str
    qty_each: int
    name: str
    price_minor: int
    row: int


@dataclass(frozen=True, slots=True)
class Order:
    number: str
    ordered_at: str
    country: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class OrderBook:
    """An order file, read: the orders that ask for goods, and how many rows ask for nothing."""

    orders: tuple[Order, ...]
    names: Mapping[str, str]  # every SKU of the file, as first spelt, with its first name
    prices_minor: Mapping[str, int]
    rows: int
    rows_cancelled: int
    rows_not_positive: int
    rows_absurd: int


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    sku: str
    name: str
    each_barcode: str
    case_qty_each: int
    case_barcode: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    is_service: bool
    hs_code: str
    origin: str
    value_minor: int
    currency: str
    scan_each_max: int
    note: str

    @property
    def volume_ml(self) -> int:
        return -(-self.length_mm * self.width_mm * self.height_mm // 1000)

    @property
    def barcodes(self) -> str:
        parts = [f"each:{self.each_barcode}"] if self.each_barcode else []
        if self.case_barcode:
            parts.append(f"case{self.case_qty_each}:{self.case_barcode}")
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class OpeningReceipt:
    number: str
    received_on: date
    lines: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Gathering:
    ordered_at: str
    country: str
    lines: list[OrderLine] = field(default_factory=list)


def parse_map(text: str) -> dict[str, str]:
    """`order=order_id,qty=qty` as a dict. Raises ValueError when a part is not a pair."""
    pairs: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        ours, eq, theirs = part.partition("=")
        if not eq or not ours.strip() or not theirs.strip():
            raise ValueError(f"--map: {part!r} is not of the form ours=theirs")
        pairs[ours.strip()] = theirs.strip()
    return pairs


def read_orders(path: Path, headings: Mapping[str, str] | None = None) -> OrderBook:
    """Read an order file, plain or gzip. Rows of an order need not be adjacent.

    Raises:
        ValueError: a heading is missing, or a quantity is no number (the row is named).
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as sheet:
        reader = csv.DictReader(sheet)
        columns = _columns(reader.fieldnames or (), headings or {})
        return _gather(reader, columns)


def _columns(present: Sequence[str], headings: Mapping[str, str]) -> dict[str, str]:
    columns = {**DEFAULT_MAP, **headings}
    missing = [theirs for theirs in columns.values() if theirs not in present]
    if missing:
        raise ValueError(f"order file: no column {', '.join(missing)} (has {', '.join(present)})")
    for ours, candidates in OPTIONAL_HEADINGS.items():
        found = next((c for c in candidates if c in present), None)
        if ours not in columns and found:
            columns[ours] = found
    return columns


def _gather(reader: Iterable[dict[str, str]], columns: Mapping[str, str]) -> OrderBook:
    spelt: dict[str, str] = {}
    names: dict[str, str] = {}
    prices: dict[str, list[int]] = {}
    gathered: dict[str, _Gathering] = {}
    rows = cancelled = not_positive = absurd = 0
    for rows, row in enumerate(reader, start=1):
        number = row[columns["order"]].strip()
        raw_sku = row[columns["sku"]].strip()
        sku = spelt.setdefault(raw_sku.upper(), raw_sku)
        name = (row.get(columns.get("name", ""), "") or "").strip()
        if name and not names.get(sku):
            names[sku] = name
        names.setdefault(sku, "")
        try:
            qty_each = int(row[columns["qty"]])
            price_minor = round(float(row.get(columns.get("price", ""), "") or 0) * 100)
        except ValueError as error:
            raise ValueError(f"order file, row {rows}: {error}") from error
        if number.upper().startswith("C"):
            cancelled += 1
            continue
        if qty_each <= 0:
            not_positive += 1
            continue
        if qty_each > ABSURD_LINE_EACH:
            absurd += 1
            continue
        prices.setdefault(sku, []).append(price_minor)
        order = gathered.setdefault(
            number,
            _Gathering(
                row[columns["ordered_at"]].strip(), (row.get(columns.get("country", ""), "") or "").strip()
            ),
        )
        order.lines.append(OrderLine(sku, qty_each, name, price_minor, rows))
    return OrderBook(
        orders=tuple(Order(n, g.ordered_at, g.country, tuple(g.lines)) for n, g in gathered.items()),
        names=names,
        prices_minor={sku: int(statistics.median_low(seen)) for sku, seen in prices.items()},
        rows=rows,
        rows_cancelled=cancelled,
        rows_not_positive=not_positive,
        rows_absurd=absurd,
    )


def is_service(sku: str, services: Iterable[str] = DEFAULT_SERVICES) -> bool:
    """Whether a SKU is a service by this list; `gift_*` is every SKU that starts so, in any letter case."""
    folded = sku.upper()
    return any(
        folded.startswith(pattern[:-1].upper()) if pattern.endswith("*") else folded == pattern.upper()
        for pattern in services
    )


def make_catalogue(
    book: OrderBook, *, seed: int, services: Iterable[str] = DEFAULT_SERVICES, currency: str = "GBP"
) -> tuple[CatalogueItem, ...]:
    """An item for every SKU of the file. A size depends on the seed and the SKU, not on its neighbours."""
    patterns = tuple(services)
    return tuple(
        _item(sku, name, index, seed, book.prices_minor.get(sku, 0), currency, is_service(sku, patterns))
        for index, (sku, name) in enumerate(sorted(book.names.items()))
    )


def _item(
    sku: str, name: str, index: int, seed: int, price_minor: int, currency: str, service: bool
) -> CatalogueItem:
    if service:
        return CatalogueItem(
            sku,
            name or sku,
            "",
            0,
            "",
            0,
            0,
            0,
            0,
            True,
            "",
            "",
            price_minor,
            currency,
            SCAN_EACH_MAX,
            "service",
        )
    rng = random.Random(f"{seed}:item:{sku.upper()}")
    length, width, height = _sides_mm(rng, name.upper(), price_minor)
    volume_ml = length * width * height / 1000
    weight_g = max(2, round(volume_ml * MEDIAN_DENSITY_G_PER_ML * math.exp(rng.gauss(0, DENSITY_SIGMA))))
    # Prefix 20: restricted circulation, so none of these can collide with a real product's number.
    body = f"20{seed % 1000:03d}{index:07d}"
    case_qty_each = rng.choice((6, 12)) if rng.random() < 0.25 and volume_ml * 12 <= VOLUME_MAX_ML else 0
    return CatalogueItem(
        sku=sku,
        name=name or sku,
        each_barcode=body + check_digit(body),
        case_qty_each=case_qty_each,
        case_barcode=f"1{body}{check_digit(f'1{body}')}" if case_qty_each else "",
        length_mm=length,
        width_mm=width,
        height_mm=height,
        weight_g=min(weight_g, 8_000),
        is_service=False,
        hs_code=next((hs for hs, words in HS_WORDS if any(w in name.upper() for w in words)), HS_OTHER),
        origin=rng.choice(ORIGINS),
        value_minor=price_minor,
        currency=currency,
        scan_each_max=SCAN_EACH_MAX,
        note="synthetic size and weight",
    )


def _sides_mm(rng: random.Random, name: str, price_minor: int) -> tuple[int, int, int]:
    factor = next((f for f, words in SIZE_WORDS if any(word in name for word in words)), 1.0)
    # What costs a tenth is bought by the gross and is small: a party bag filler, not a cake stand.
    worth = min(max((price_minor or MEDIAN_PRICE_MINOR) / MEDIAN_PRICE_MINOR, 0.1), 10.0) ** 0.5
    volume_ml = MEDIAN_VOLUME_ML * factor * worth * math.exp(rng.gauss(0, VOLUME_SIGMA))
    volume_mm3 = 1000 * min(max(volume_ml, VOLUME_MIN_ML), VOLUME_MAX_ML)
    flat, narrow = rng.uniform(0.25, 0.9), rng.uniform(0.5, 1.0)  # height and width as shares of the length
    length = min((volume_mm3 / (flat * narrow)) ** (1 / 3), 560)
    width = min(length * narrow, 380)
    height = min(volume_mm3 / (length * width), 300)
    return max(5, round(length)), max(5, round(width)), max(3, round(height))


def check_digit(body: str) -> str:
    """GS1's check digit. Source: GS1 General Specifications, section 7.9.1."""
    total = sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(reversed(body)))
    return str(-total % 10)


def write_items(path: Path, items: Iterable[CatalogueItem]) -> None:
    with path.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow(ITEM_COLUMNS)
        for it in items:
            size = (it.length_mm, it.width_mm, it.height_mm, it.weight_g)
            tracked = (0, 0, 0)
            declared = (it.hs_code, it.origin, it.value_minor, it.currency)
            service = int(it.is_service)
            writer.writerow(
                [it.sku, it.name, it.barcodes, *size, service, *tracked, *declared, it.scan_each_max, it.note]
            )


def read_items(path: Path) -> tuple[CatalogueItem, ...]:
    with path.open(encoding="utf-8-sig", newline="") as sheet:
        return tuple(_item_of(row) for row in csv.DictReader(sheet))


def _item_of(row: Mapping[str, str]) -> CatalogueItem:
    each, case, case_qty_each = "", "", 0
    for part in filter(None, (row.get("barcodes") or "").split(";")):
        unit, _, code = part.strip().partition(":")
        if unit == "each" and not each:
            each = code
        elif unit.startswith("case") and not case:
            case, case_qty_each = code, int(unit[4:] or 0)
    return CatalogueItem(
        sku=row["sku"],
        name=row.get("name") or row["sku"],
        each_barcode=each,
        case_qty_each=case_qty_each,
        case_barcode=case,
        length_mm=int(row.get("length_mm") or 0),
        width_mm=int(row.get("width_mm") or 0),
        height_mm=int(row.get("height_mm") or 0),
        weight_g=int(row.get("weight_g") or 0),
        is_service=(row.get("is_service") or "0").lower() in ("1", "true", "yes"),
        hs_code=row.get("hs_code") or "",
        origin=row.get("origin") or "",
        value_minor=int(row.get("value_minor") or 0),
        currency=row.get("currency") or "",
        scan_each_max=int(row.get("scan_each_max") or SCAN_EACH_MAX),
        note=row.get("note") or "",
    )


def units_needed(book: OrderBook, items: Iterable[CatalogueItem]) -> Counter[str]:
    """Eaches of goods all orders together ask for, by SKU; services are not goods."""
    services = {it.sku.upper() for it in items if it.is_service}
    needed: Counter[str] = Counter()
    for order in book.orders:
        for line in order.lines:
            if line.sku.upper() not in services:
                needed[line.sku] += line.qty_each
    return needed


def opening_stock(
    needed: Mapping[str, int], *, seed: int, today: date, surplus: float = 0.04
) -> tuple[OpeningReceipt, ...]:
    """Receipts that cover `needed`: fast sellers (top 30 % by units) on three dates or more, the rest on one.

    The surplus, and two more of each, is what damage, loss and a picker's mistakes eat on a real floor.
    """
    dates = [today - timedelta(days=days) for days in (34, 21, 13, 6, 2)]
    fast = {sku for sku, _ in sorted(needed.items(), key=lambda kv: (-kv[1], kv[0]))[: _fast_count(needed)]}
    lines_on: dict[date, list[tuple[str, int]]] = {day: [] for day in dates}
    for sku in sorted(needed):
        rng = random.Random(f"{seed}:stock:{sku.upper()}")
        total_each = math.ceil(needed[sku] * (1 + surplus)) + 2
        parts = min(rng.choice((3, 3, 4)), total_each) if sku in fast else 1
        for day, qty_each in zip(sorted(rng.sample(dates, parts)), _split(total_each, parts), strict=True):
            lines_on[day].append((sku, qty_each))
    return tuple(_receipts(lines_on))


def _fast_count(needed: Mapping[str, int]) -> int:
    return math.ceil(len(needed) * FAST_SHARE)


def _split(total_each: int, parts: int) -> list[int]:
    share, rest = divmod(total_each, parts)
    return [share + (1 if part < rest else 0) for part in range(parts)]


def _receipts(lines_on: Mapping[date, list[tuple[str, int]]]) -> Iterator[OpeningReceipt]:
    for day in sorted(lines_on):
        lines = lines_on[day]
        for n, start in enumerate(range(0, len(lines), RECEIPT_LINES_MAX), start=1):
            yield OpeningReceipt(
                f"OPEN-{day:%Y%m%d}-{n:02d}", day, tuple(lines[start : start + RECEIPT_LINES_MAX])
            )


def stock_layers(receipts: Iterable[OpeningReceipt]) -> int:
    return sum(len(receipt.lines) for receipt in receipts)


def stock_volume_ml(receipts: Iterable[OpeningReceipt], items: Iterable[CatalogueItem]) -> int:
    volume = {it.sku: it.volume_ml for it in items}
    return sum(volume.get(sku, 0) * qty for receipt in receipts for sku, qty in receipt.lines)
