"""The real day as the year's benchmark reads it: no line is lost, and suppliers bring what will be asked for."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

from tests.benchmarks.stock_year import SHIPPED_DAY
from tests.benchmarks.year_lines import Line, days, read

LINES = read(SHIPPED_DAY)


def line(place: int, document: str, qty: int, price_minor: int = 100, customer: int = 7, name: str = "") -> Line:
    return Line(place, document, "85123A", qty, "2011-11-18 10:00:00", price_minor, customer, "France", name)


def test_every_line_of_the_file_happens_once() -> None:
    found = [
        one.place
        for day in days(LINES, seed=1)
        for one in [*(x for its in (*day.orders, *day.taken_back) for x in its), *day.adjustments]
    ]
    assert sorted(found) == list(range(len(LINES)))


def test_suppliers_bring_what_will_be_asked_for() -> None:
    played = days(LINES, seed=1)
    brought: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for day in played:
        brought.update(day.deliveries)
        asked.update({one.key: 0 for its in day.orders for one in its})
        for one in (one for its in day.orders for one in its if not one.is_service):
            asked[one.key] += one.qty
    assert [sku for sku, units in asked.items() if brought[sku] < units] == []


def test_the_same_seed_brings_the_same_goods() -> None:
    assert days(LINES, seed=1) == days(LINES, seed=1)
    assert days(LINES, seed=1) != days(LINES, seed=2)


def test_what_a_line_says_decides_what_it_is() -> None:
    (day,) = (
        one
        for one in days(
            [line(0, "1", 2), line(1, "1", -3, 0, 0, "damaged"), line(2, "C2", -1), line(3, "3", 5, 0, 0, "check")], 1
        )
        if one.lines
    )
    assert [[one.place for one in its] for its in day.orders] == [[0]]
    assert [[one.place for one in its] for its in day.taken_back] == [[2]]
    assert [(one.place, one.why) for one in day.adjustments] == [(1, "damaged"), (3, "found")]


def test_a_cut_ends_with_a_whole_document(tmp_path: Path) -> None:
    with SHIPPED_DAY.open(newline="", encoding="utf-8") as source:
        first = next(csv.DictReader(source))["order_id"]
    packed = tmp_path / "day.csv.gz"
    packed.write_bytes(gzip.compress(SHIPPED_DAY.read_bytes()))
    cut = read(packed, most=1)
    assert {one.document for one in cut} == {first}
    assert len(cut) == sum(one.document == first for one in LINES)
