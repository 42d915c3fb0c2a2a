"""The order batching instances of Henn and Wäscher (European Journal of Operational Research 222, 2012), as text.

Owns the format: a header of `NAME : value` lines, then ARTICLE_SECTION, SKU_SECTION (which article lies in which
aisle and cell) and ORDER_SECTION. It refuses, naming the line, what it does not understand: nothing is guessed.
Lengths in the files have one decimal, so they are kept as whole tenths. Cells are counted from the aisle's top end
down: the files do not say so, but only then do the published optima come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from picking.errors import FieldError

TENTHS = 10
"""Whole units in one unit of the file."""


@dataclass(frozen=True, slots=True)
class PublishedOrder:
    """Stops (aisle, offset from its lower end) without repetition, and the weight of all pieces."""

    stops: tuple[tuple[int, int], ...]
    load: int


@dataclass(frozen=True, slots=True)
class OneBlockBatching:
    """One published instance: a block of aisles, a depot at the foot of one, a cart's capacity, orders.

    All lengths in tenths of the file's unit. `aisle_x` ascends from 0; `length` is one aisle from cross-aisle to
    cross-aisle; `depot` is (aisle, offset).
    """

    name: str
    capacity: int
    aisle_x: tuple[int, ...]
    length: int
    depot: tuple[int, int]
    orders: tuple[PublishedOrder, ...]


def read_henn_waescher(text: str, end_to_cell: int | None = None) -> OneBlockBatching:
    """The instance in this text. `end_to_cell` in tenths replaces the file's own way from aisle end to cell.

    A FieldError names the line that is missing, repeated or makes no sense.
    """
    lines = _Lines(text)
    header = _header(lines)
    cells = header.whole("NUM_CELLS")
    aisles = header.whole("NUM_AISLES")
    cell_step = header.tenths("DISTANCE_CELL_TO_CELL")
    below = header.tenths("DISTANCE_BOTTOM_TO_CELL") if end_to_cell is None else end_to_cell
    above = header.tenths("DISTANCE_TOP_TO_CELL") if end_to_cell is None else end_to_cell
    length = below + (cells - 1) * cell_step + above
    depot_line, depot_end = header.value("DEPOT_LOCATION")
    if depot_end not in ("bottom", "top"):
        raise FieldError(f"line {depot_line}", f"DEPOT_LOCATION must be bottom or top, got {depot_end!r:.40}")
    away_line, _ = header.value("DISTANCE_TOP_OR_BOTTOM_TO_DEPOT")
    if header.tenths("DISTANCE_TOP_OR_BOTTOM_TO_DEPOT") != 0:
        raise FieldError(f"line {away_line}", "a depot away from its aisle's end is not supported")
    layout_line, layout = header.value("LAYOUT")
    if layout != "single-block":
        raise FieldError(f"line {layout_line}", f"LAYOUT must be single-block, got {layout!r:.40}")
    weight_of = _weights(lines)
    stop_of = _stops(lines, aisles, cells, below, cell_step)
    orders = _orders(lines, weight_of, stop_of)
    depot_aisle = header.whole("DEPOT_AISLE", low=0)
    if depot_aisle >= aisles:
        raise FieldError(f"line {header.value('DEPOT_AISLE')[0]}", f"there are {aisles} aisles, got {depot_aisle}")
    step = header.tenths("DISTANCE_AISLE_TO_AISLE")
    return OneBlockBatching(
        header.value("NAME")[1], header.whole("PICKER_CAPACITY"), tuple(aisle * step for aisle in range(aisles)),
        length, (depot_aisle, 0 if depot_end == "bottom" else length), orders,
    )  # fmt: skip


class _Lines:
    """The lines that say something, with their numbers in the file."""

    def __init__(self, text: str) -> None:
        self._lines = [(at, line.strip()) for at, line in enumerate(text.splitlines(), start=1) if line.strip()]
        self._next = 0

    def take(self) -> tuple[int, str]:
        if self._next == len(self._lines):
            last = self._lines[-1][0] if self._lines else 0
            raise FieldError(f"line {last + 1}", "the file ends too early")
        self._next += 1
        return self._lines[self._next - 1]

    def entries(self, words: str, names: tuple[str, ...]) -> Iterator[tuple[int, dict[str, int]]]:
        """The counted list that begins here: `words : count`, then so many lines `NAME whole NAME whole …`."""
        number, line = self.take()
        for _ in range(_count(number, line, words)):
            at, line = self.take()
            parts = line.split()
            if tuple(parts[: 2 * len(names) : 2]) != names:
                raise FieldError(f"line {at}", f"must read {' '.join(f'{name} …' for name in names)}, got {line!r:.60}")
            yield at, {name: _whole(at, text) for name, text in zip(names, parts[1::2], strict=False)}


class _Header:
    def __init__(self, entries: dict[str, tuple[int, str]], end: int) -> None:
        self._entries = entries
        self._end = end

    def value(self, name: str) -> tuple[int, str]:
        if name not in self._entries:
            raise FieldError(f"line {self._end}", f"the header ends without {name}")
        return self._entries[name]

    def whole(self, name: str, low: int = 1) -> int:
        number, text = self.value(name)
        value = _whole(number, text)
        if value < low:
            raise FieldError(f"line {number}", f"{name} must be at least {low}, got {value}")
        return value

    def tenths(self, name: str) -> int:
        number, text = self.value(name)
        whole, _, decimal = text.partition(".")
        if len(decimal) > 1:
            raise FieldError(f"line {number}", f"{name} must have one decimal at most, got {text!r:.40}")
        return TENTHS * _whole(number, whole) + _whole(number, decimal or "0")


def _header(lines: _Lines) -> _Header:
    entries: dict[str, tuple[int, str]] = {}
    while True:
        number, line = lines.take()
        if line == "ARTICLE_SECTION":
            return _Header(entries, number)
        name, colon, value = line.partition(":")
        if not colon:
            raise FieldError(f"line {number}", f"must read NAME : value, got {line!r:.60}")
        if name.strip() in entries:
            raise FieldError(f"line {number}", f"{name.strip()} stands in line {entries[name.strip()][0]} already")
        entries[name.strip()] = number, value.strip()


def _weights(lines: _Lines) -> dict[int, int]:
    weight_of: dict[int, int] = {}
    for number, entry in lines.entries("NUM_ARTICLES", ("ID", "WEIGHT")):
        if entry["ID"] in weight_of:
            raise FieldError(f"line {number}", f"article {entry['ID']} is there twice")
        weight_of[entry["ID"]] = entry["WEIGHT"]
    return weight_of


def _stops(lines: _Lines, aisles: int, cells: int, below: int, cell_step: int) -> dict[int, tuple[int, int]]:
    number, line = lines.take()
    if line != "SKU_SECTION":
        raise FieldError(f"line {number}", f"must be SKU_SECTION, got {line!r:.60}")
    stop_of: dict[int, tuple[int, int]] = {}
    for number, entry in lines.entries("NUM_SKUS", ("ID", "AISLE", "CELL")):
        if entry["AISLE"] >= aisles or entry["CELL"] >= cells:
            raise FieldError(f"line {number}", f"the floor has {aisles} aisles of {cells} cells")
        if entry["ID"] in stop_of:
            raise FieldError(f"line {number}", f"article {entry['ID']} has a cell already")
        stop_of[entry["ID"]] = entry["AISLE"], below + (cells - 1 - entry["CELL"]) * cell_step
    return stop_of


def _orders(
    lines: _Lines, weight_of: dict[int, int], stop_of: dict[int, tuple[int, int]]
) -> tuple[PublishedOrder, ...]:
    number, line = lines.take()
    if line != "ORDER_SECTION":
        raise FieldError(f"line {number}", f"must be ORDER_SECTION, got {line!r:.60}")
    number, line = lines.take()
    orders = []
    for _ in range(_count(number, line, "NUM_ORDERS")):
        stops: set[tuple[int, int]] = set()
        load = 0
        for at, entry in lines.entries("NUM_ARTICLES_IN_ORDER", ("ID", "QUANTITY")):
            article = entry["ID"]
            if article not in stop_of or article not in weight_of:
                raise FieldError(f"line {at}", f"article {article} has no {'weight' if article in stop_of else 'cell'}")
            stops.add(stop_of[article])
            load += entry["QUANTITY"] * weight_of[article]
        orders.append(PublishedOrder(tuple(sorted(stops)), load))
    return tuple(orders)


def _count(number: int, line: str, words: str) -> int:
    name, _, value = line.partition(":")
    if name.strip() != words:
        raise FieldError(f"line {number}", f"must read {words} : count, got {line!r:.60}")
    return _whole(number, value.strip())


def _whole(number: int, text: str) -> int:
    if not text.isdecimal():
        raise FieldError(f"line {number}", f"must have a whole number where it says {text!r:.40}")
    return int(text)
