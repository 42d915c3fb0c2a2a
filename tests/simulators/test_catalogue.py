"""Orders read from a file, and the catalogue and stock made for them."""

from __future__ import annotations

import gzip
import statistics
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.catalogue import (
    FAST_SHARE,
    RECEIPT_LINES_MAX,
    VOLUME_MAX_ML,
    is_service,
    make_catalogue,
    opening_stock,
    parse_map,
    read_items,
    read_orders,
    units_needed,
    write_items,
)

ROOT = Path(__file__).parents[2]
DAY = ROOT / "simulators" / "data" / "uci_online_retail_day.csv"
TWELVE = ROOT / "tests" / "data" / "orders" / "twelve_orders.csv"
UCI = parse_map("order=order_id,sku=sku,qty=qty,ordered_at=ts")
TODAY = date(2026, 1, 5)


def test_an_order_is_gathered_from_rows_that_are_not_adjacent() -> None:
    book = read_orders(TWELVE, UCI)
    order = next(order for order in book.orders if order.number == "577146")
    assert [line.row for line in order.lines][-1] == book.rows
    assert len(order.lines) == 4


def test_cancellations_and_negative_rows_ask_for_nothing() -> None:
    book = read_orders(TWELVE, UCI)
    assert len(book.orders) == 12
    assert (book.rows_cancelled, book.rows_not_positive) == (3, 1)
    assert all(line.qty_each > 0 for order in book.orders for line in order.lines)


def test_skus_match_without_letter_case_and_the_first_spelling_wins(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("order,sku,qty,ordered_at\n1,85123A,1,2026-01-01\n2,85123a,2,2026-01-01\n", "utf-8")
    assert {line.sku for order in read_orders(path).orders for line in order.lines} == {"85123A"}


def test_a_gzip_file_reads_like_a_plain_one(tmp_path: Path) -> None:
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress(TWELVE.read_bytes()))
    assert read_orders(packed, UCI) == read_orders(TWELVE, UCI)


def test_a_missing_heading_is_named() -> None:
    with pytest.raises(ValueError, match="no column order"):
        read_orders(TWELVE)


def test_a_quantity_that_is_no_number_names_its_row(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("order,sku,qty,ordered_at\n1,A,1,2026-01-01\n1,B,two,2026-01-01\n", "utf-8")
    with pytest.raises(ValueError, match="row 2"):
        read_orders(path)


@pytest.mark.parametrize("text", ["order", "order=", "=ts"])
def test_a_map_that_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--map"):
        parse_map(text)


@pytest.mark.parametrize("sku", ["POST", "dot", "M", "bank charges", "gift_0001_20", "AMAZONFEE"])
def test_services_are_known_without_letter_case(sku: str) -> None:
    assert is_service(sku)


@pytest.mark.parametrize("sku", ["85123A", "POSTER", "DCGSSGIRL", "MM"])
def test_goods_are_not_services(sku: str) -> None:
    assert not is_service(sku)


def test_the_same_seed_gives_the_same_items_to_the_byte(tmp_path: Path) -> None:
    book = read_orders(DAY, UCI)
    for name in ("one.csv", "two.csv"):
        write_items(tmp_path / name, make_catalogue(book, seed=7))
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert make_catalogue(book, seed=7) != make_catalogue(book, seed=8)
    assert read_items(tmp_path / "one.csv") == make_catalogue(book, seed=7)


def test_sizes_and_weights_are_those_of_gifts_and_homeware() -> None:
    goods = [item for item in make_catalogue(read_orders(DAY, UCI), seed=7) if not item.is_service]
    assert 250 <= statistics.median(item.volume_ml for item in goods) <= 550
    assert 120 <= statistics.median(item.weight_g for item in goods) <= 300
    assert max(item.volume_ml for item in goods) <= VOLUME_MAX_ML
    assert {item.note for item in goods} == {"synthetic size and weight"}
    assert all(min(item.length_mm, item.width_mm, item.height_mm) > 0 for item in goods)


def test_every_barcode_is_restricted_unique_and_checks() -> None:
    goods = [item for item in make_catalogue(read_orders(DAY, UCI), seed=7) if not item.is_service]
    codes = [code for item in goods for code in (item.each_barcode, item.case_barcode) if code]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert sum(int(d) * (3 if n % 2 else 1) for n, d in enumerate(reversed(code))) % 10 == 0
    assert all(item.each_barcode.startswith("20") and len(item.each_barcode) == 13 for item in goods)
    assert {item.case_qty_each for item in goods} == {0, 6, 12}


def test_opening_stock_covers_every_order_and_fast_goods_come_on_three_dates() -> None:
    book = read_orders(DAY, UCI)
    needed = units_needed(book, make_catalogue(book, seed=7))
    receipts = opening_stock(needed, seed=7, today=TODAY)
    stocked: Counter[str] = Counter()
    dates: dict[str, set[date]] = {}
    for receipt in receipts:
        assert 0 < len(receipt.lines) <= RECEIPT_LINES_MAX
        assert receipt.received_on < TODAY
        for sku, qty_each in receipt.lines:
            stocked[sku] += qty_each
            dates.setdefault(sku, set()).add(receipt.received_on)
    assert all(stocked[sku] >= qty for sku, qty in needed.items())
    fast = sorted(needed, key=lambda sku: (-needed[sku], sku))[: int(len(needed) * FAST_SHARE)]
    assert all(len(dates[sku]) >= 3 for sku in fast)
    assert len({receipt.number for receipt in receipts}) == len(receipts)
    assert receipts == opening_stock(needed, seed=7, today=TODAY)


@given(st.dictionaries(st.text("ABC123", min_size=1, max_size=4), st.integers(1, 500), min_size=1))
def test_no_stock_line_is_empty(needed: dict[str, int]) -> None:
    lines = [line for r in opening_stock(needed, seed=3, today=TODAY) for line in r.lines]
    assert all(qty_each > 0 for _, qty_each in lines)


def test_the_sample_day_is_whole_and_attributed() -> None:
    book = read_orders(DAY, UCI)
    attribution = (DAY.parent / "ATTRIBUTION.txt").read_text("utf-8")
    assert "CC BY 4.0" in attribution
    assert len(book.orders) == 97
    assert sum(len(order.lines) for order in book.orders) == 1119
    assert sum(line.qty_each for order in book.orders for line in order.lines) == 16150
    assert all(order.ordered_at.startswith("2011-11-18") for order in book.orders)
