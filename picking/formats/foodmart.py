"""The Foodmart order batching instances of Valle, Beasley and da Cunha (European Journal of Operational Research 262,
2017), in the graph format of Briant et al. (2020), as text.

Owns the format: sections that begin with `//` lines, numbers between them. It refuses, naming the line, what it does
not understand, and a floor that is no grid of aisles whose feet the depot reaches directly. Lengths in the
files have two decimals at most, so they are kept as whole hundredths.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from picking.errors import FieldError
from picking.formats.henn_waescher import PublishedOrder

HUNDREDTHS = 100
"""Whole units in one unit of the file."""

_PLACE = re.compile(r'(\d+) \S+ \S+ "(product|intersection) aisle (\d+) bloc (\d+) rank (\d+)"')


@dataclass(frozen=True, slots=True)
class FanBatching:
    """One published instance. All lengths in hundredths of the file's unit.

    capacity: boxes on a trolley; an order's load is its number of boxes. length: [aisle][block], from cross-aisle to
    cross-aisle. step: [aisle][cross-aisle], on to the next aisle, 0 at the last. spoke: the depot's way to the foot of
    each aisle. orders: a stop is (stretch, offset from its lower end), stretch = aisle * blocks + block.
    """

    capacity: int
    length: tuple[tuple[int, ...], ...]
    step: tuple[tuple[int, ...], ...]
    spoke: tuple[int, ...]
    orders: tuple[PublishedOrder, ...]


def read_foodmart(text: str) -> FanBatching:
    """The instance in this text. A FieldError names the line that is missing or makes no sense."""
    file = _File(text)
    place_of = {row[0]: row[1] for _, row in file.wholes("Idx Location")}
    floor = _Floor(file)
    orders = []
    for at, row in file.wholes("Idx M"):
        if len(row) < 3 or len(row) != 3 + 2 * row[2]:
            raise FieldError(f"line {at}", "must list as many products with quantities as it says")
        unknown = [product for product in row[3::2] if place_of.get(product) not in floor.stop_of]
        if unknown:
            raise FieldError(f"line {at}", f"product {unknown[0]} lies in no aisle")
        orders.append(PublishedOrder(tuple(sorted({floor.stop_of[place_of[one]] for one in row[3::2]})), row[1]))
    return FanBatching(file.one("K:"), floor.length, floor.step, floor.spoke, tuple(orders))


class _File:
    """The lines of each section, a section being what follows one or more lines that begin with //."""

    def __init__(self, text: str) -> None:
        self._sections: list[tuple[str, list[tuple[int, str]]]] = []
        self._end = 1
        is_title = False
        for at, line in enumerate(text.splitlines(), start=1):
            self._end = at
            if line.startswith("//"):
                if not is_title:
                    self._sections.append(("", []))
                self._sections[-1] = (f"{self._sections[-1][0]} {line[2:]}", self._sections[-1][1])
            elif line.strip():
                if not self._sections:
                    raise FieldError(f"line {at}", "must begin with //")
                self._sections[-1][1].append((at, line.strip()))
            is_title = line.startswith("//")

    def lines(self, title: str) -> list[tuple[int, str]]:
        for words, lines in self._sections:
            if title in words:
                return lines
        raise FieldError(f"line {self._end}", f"the file ends without //{title}")

    def wholes(self, title: str) -> list[tuple[int, list[int]]]:
        return [(at, [_whole(at, part) for part in line.split()]) for at, line in self.lines(title)]

    def one(self, title: str) -> int:
        rows = self.wholes(title)
        if len(rows) != 1 or len(rows[0][1]) != 1:
            at = rows[0][0] if rows else self._end
            raise FieldError(f"line {at}", f"//{title} must be one whole number")
        return rows[0][1][0]


class _Floor:
    """The aisles read from the names of the places, the lengths from the arcs between neighbours."""

    def __init__(self, file: _File) -> None:
        depot = file.one("DepartingDepot")
        self._way: dict[tuple[int, int], int] = {}
        for at, line in file.lines("Arcs"):
            parts = line.split()
            if len(parts) != 3:
                raise FieldError(f"line {at}", "must be start, end and distance")
            self._way[_whole(at, parts[0]), _whole(at, parts[1])] = _hundredths(at, parts[2])
        crossings: dict[tuple[int, int], tuple[int, int]] = {}
        places: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        for at, line in file.lines("Vertices coordinates"):
            found = _PLACE.fullmatch(line)
            if found is None:
                if '"depot"' not in line:
                    raise FieldError(f"line {at}", f"must name a place in an aisle, got {line!r:.60}")
                continue
            place, aisle, block, rank = (int(found[group]) for group in (1, 3, 4, 5))
            if found[2] == "product":
                places[aisle, block].append((rank, place, at))
            else:
                crossings[aisle, block] = place, at
        aisles = 1 + max((aisle for aisle, _ in crossings), default=-1)
        crosses = 1 + max((cross for _, cross in crossings), default=-1)
        if not crossings or len(crossings) != aisles * crosses:
            raise FieldError(f"line {at}", f"the crossings are no grid of {aisles} aisles by {crosses} cross-aisles")
        self.stop_of: dict[int, tuple[int, int]] = {}
        lengths = []
        for aisle in range(aisles):
            for block in range(crosses - 1):
                before = crossings[aisle, block][0]
                walked = 0
                for _, place, at in sorted(places[aisle, block]):
                    walked += self._from(before, place, at)
                    self.stop_of[place] = aisle * (crosses - 1) + block, walked
                    before = place
                lengths.append(walked + self._from(before, *crossings[aisle, block + 1]))
        blocks = crosses - 1
        self.length = tuple(tuple(lengths[aisle * blocks : (aisle + 1) * blocks]) for aisle in range(aisles))
        self.step = tuple(
            tuple(
                self._from(crossings[aisle, cross][0], *crossings[aisle + 1, cross]) if aisle + 1 < aisles else 0
                for cross in range(crosses)
            )
            for aisle in range(aisles)
        )
        self.spoke = tuple(self._from(depot, *crossings[aisle, 0]) for aisle in range(aisles))

    def _from(self, one: int, other: int, at: int) -> int:
        if (one, other) not in self._way:
            raise FieldError(f"line {at}", f"no arc leads from place {one} to place {other}")
        return self._way[one, other]


def _whole(at: int, text: str) -> int:
    if not text.isdecimal():
        raise FieldError(f"line {at}", f"must have a whole number where it says {text!r:.40}")
    return int(text)


def _hundredths(at: int, text: str) -> int:
    whole, _, decimals = text.partition(".")
    if len(decimals) > 2:
        raise FieldError(f"line {at}", f"must have two decimals at most, got {text!r:.40}")
    return HUNDREDTHS * _whole(at, whole) + _whole(at, f"{decimals:0<2}")
