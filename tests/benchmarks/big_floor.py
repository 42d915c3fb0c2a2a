"""A floor with a long past, written straight into the tables: right in every figure, without playing a scan.

Each layer is received, put away and served to orders line by line (pick, drop, pack, lane, truck, gone); one line in
fifty is brought down by a refill first, a few are picked and packed but not gone, the last orders wait with their
promises. Scans, events and entries of promises are there as the services would have left them. Invariant: `verify`
finds nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from tests.factories import FloorHand

STEPS = 6  # of one line's goods: pick, drop, pack, into the lane, onto the truck, shipped
LAYER_LINES = 40  # lines a layer serves
ORDER_LINES = 4
ITEMS = 2_000
BINS = 3_000
LEFT_EACH = 20  # units of each layer nobody has asked for yet
EVERY = {"refill": 50, "waiting": 997}  # one line, one order in so many
DAY_MS = 86_400_000
BEGAN_MS = 1_750_000_000_000

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Size:
    """How big a floor came out."""

    moves: int
    layers: int
    orders: int
    balances: int


def fill(floor: Floor, moves: int, seed: int = 1) -> Size:
    """Found a small warehouse and give it a past of about so many moves."""
    hand = FloorHand(floor)
    return hand.write(lambda tx: _Past(tx, moves, random.Random(seed)).write())


class _Past:
    def __init__(self, tx: Tx, moves: int, chance: random.Random) -> None:
        self._tx = tx
        self._chance = chance
        per_layer = 2 + LAYER_LINES * STEPS + LAYER_LINES // EVERY["refill"]
        # Whole orders only: every layer serves LAYER_LINES lines, every order takes from ORDER_LINES layers.
        self._layers = max(ORDER_LINES, moves // per_layer // ORDER_LINES * ORDER_LINES)
        self._orders = self._layers * LAYER_LINES // ORDER_LINES
        self._place = {
            row["code"]: row["id"] for row in tx.all("SELECT code, id FROM location WHERE warehouse_id = :w")
        }
        self._first_item = self._next("item")
        self._first_bin = self._next("location")
        self._first_lpn = self._next("lpn") + 1_000
        self._clock_ms = BEGAN_MS

    def write(self) -> Size:
        """Every table, parents first."""
        tx, layers, orders = self._tx, range(1, self._layers + 1), range(1, self._orders + 1)
        item, where = self._item, self._bin
        self._fill("item", "sku sku_key name", ((f"ITEM-{n}", f"ITEM-{n}", f"Item {n}") for n in range(ITEMS)))
        self._fill(
            "location",
            "code kind aisle bay level",
            ((f"B{n // 100:02}-{n % 100:02}-1", "bin", f"B{n // 100:02}", f"{n % 100:02}", 1) for n in range(BINS)),
        )
        self._fill(
            "receipt",
            "number state supplier received_on content_sha256 created_at_ms",
            ((f"PO-{n}", "closed", "Potter", "2026-01-01", "", BEGAN_MS) for n in layers),
        )
        units = {n: 0 for n in layers}
        for order in orders:
            for _, layer, qty_each in self._lines(order):
                units[layer] += qty_each
        self._fill(
            "receipt_line",
            "receipt_id item_id expected_each received_each",
            ((n, item(n), units[n] + LEFT_EACH, units[n] + LEFT_EACH) for n in layers),
        )
        self._fill(
            "layer",
            "item_id receipt_id received_on lot created_at_ms",
            ((item(n), n, "2026-01-01", f"LOT-{n // 5}", BEGAN_MS) for n in layers),
        )
        self._fill("wave", "state created_at_ms released_at_ms", ((("released", BEGAN_MS, BEGAN_MS)),))
        self._fill(
            "sales_order",
            "number state policy ordered_at_ms cut_off_at_ms ship_to_name country content_sha256"
            " carrier_id created_at_ms state_since_ms",
            (
                (
                    f"SO-{n}",
                    "allocated" if self._waits(n) else "shipped",
                    "ship_partial",
                    BEGAN_MS,
                    BEGAN_MS + DAY_MS,
                    "Jo Buyer",
                    "GB",
                    "",
                    1,
                    BEGAN_MS,
                    BEGAN_MS,
                )
                for n in orders
            ),
        )
        self._fill(
            "order_line",
            "order_id line_no item_id sku qty_each",
            (
                (n, line, item(layer), f"ITEM-{item(layer)}", qty_each)
                for n in orders
                for line, layer, qty_each in self._lines(n)
            ),
        )
        self._fill(
            "demand",
            "order_id item_id ordered_each allocated_each picked_each packed_each shipped_each",
            (
                (n, item(layer), qty_each, qty_each, *((0 if self._waits(n) else qty_each,) * 3))
                for n in orders
                for _, layer, qty_each in self._lines(n)
            ),
        )
        self._fill(
            "lpn", "code kind location_id order_id", ((f"{n:018}", "carton", None, n) for n in orders), self._first_lpn
        )
        self._fill(
            "parcel",
            "number order_id lpn_id state sequence carrier_id station_id created_at_ms shipped_at_ms",
            (
                (f"{n:018}", n, self._first_lpn + n - 1, "shipped", 1, 1, 1, BEGAN_MS, BEGAN_MS)
                for n in orders
                if not self._waits(n)
            ),
        )
        self._fill(
            "allocation",
            "order_id item_id layer_id location_id qty_each",
            (
                (n, item(layer), layer, where(layer), qty_each if self._waits(n) else 0)
                for n in orders
                for _, layer, qty_each in self._lines(n)
            ),
        )
        self._fill(
            "allocation_entry",
            "order_id item_id layer_id location_id delta_each reason after_move_id recorded_at_ms",
            (
                (n, item(layer), layer, where(layer), sign * qty_each, reason, self._layers * 2, BEGAN_MS)
                for n in orders
                for _, layer, qty_each in self._lines(n)
                for sign, reason in ((1, "allocate"), *(() if self._waits(n) else ((-1, "pick"),)))
            ),
        )
        moves = self._fill(
            "stock_move",
            "layer_id item_id from_location_id to_location_id from_lpn_id to_lpn_id"
            " qty_each reason order_id scan_id station_id operator_id occurred_at_ms recorded_at_ms",
            self._moves(units),
        )
        promised = {n: 0 for n in layers}
        for order in orders:
            for _, layer, qty_each in self._lines(order) if self._waits(order) else ():
                promised[layer] += qty_each
        _copy(
            tx,
            "stock_balance",
            ["location_id", "layer_id", "lpn_id", "status", "item_id", "on_hand_each", "allocated_each"],
            ((where(n), n, 0, "available", item(n), LEFT_EACH + promised[n], promised[n]) for n in layers),
        )
        return Size(moves, self._layers, self._orders, self._layers)

    def _item(self, layer: int) -> int:
        return self._first_item + layer % ITEMS

    def _bin(self, layer: int) -> int:
        return self._first_bin + layer % BINS

    def _waits(self, order: int) -> bool:
        return order % EVERY["waiting"] == 0

    def _lines(self, order: int) -> Iterator[tuple[int, int, int]]:
        # Line number, layer, units; layers are served in turn, so one layer's moves lie all over the table.
        first = (order - 1) * ORDER_LINES
        for line in range(ORDER_LINES):
            yield line + 1, (first + line) % self._layers + 1, 1 + (order * 7 + line * 3) % 5

    def _moves(self, units: dict[int, int]) -> Iterator[Sequence[Any]]:
        at, item, where = self._place, self._item, self._bin
        dock, cart, stage, bench = at["DOCK-1"], at["A01-01-1"], at["STAGE-1"], at["BENCH-1"]
        lane, truck, reserve = at["LANE-DOM"], at["DOCK-1"], at["A02-03-3"]
        number = 0

        def move(layer: int, source: int, target: int, before: int, after: int, qty_each: int, reason: str,
                 order: int | None = None) -> Sequence[Any]:  # fmt: skip
            nonlocal number
            number += 1
            when_ms = BEGAN_MS + number * 250
            return (layer, item(layer), source, target, before, after, qty_each, reason, order, f"scan-{number:012}", 1,
                    1, when_ms - 40, when_ms)  # fmt: skip

        for layer in range(1, self._layers + 1):
            yield move(layer, 1, dock, 0, 0, units[layer] + LEFT_EACH, "receive")
            yield move(layer, dock, where(layer), 0, 0, units[layer] + LEFT_EACH, "putaway")
            if layer % EVERY["refill"] == 0:
                yield move(layer, where(layer), reserve, 0, 0, 2, "move")
                yield move(layer, reserve, where(layer), 0, 0, 2, "replenish")
        for order in range(1, self._orders + 1):
            if self._waits(order):
                continue
            tote, carton, lines = order % 20 + 1, self._first_lpn + order - 1, list(self._lines(order))
            for source_is_bin, target, before, after, reason in (
                (True, cart, 0, tote, "pick"), (cart, stage, tote, tote, "drop"), (stage, bench, tote, carton, "pack"),
                (bench, lane, carton, carton, "stage_parcel"), (lane, truck, carton, carton, "load"),
                (truck, 5, carton, carton, "ship"),
            ):  # fmt: skip
                for _, layer, qty_each in lines:
                    source = where(layer) if source_is_bin is True else source_is_bin
                    yield move(layer, source, target, before, after, qty_each, reason, order)

    def _next(self, table: str) -> int:
        row = self._tx.one(f"SELECT COALESCE(MAX(id), 0) + 1 AS id FROM {table} WHERE warehouse_id = :w")
        return int(row["id"])

    def _fill(self, table: str, columns: str, rows: Rows, first_id: int | None = None) -> int:
        first_id = first_id or self._next(table)
        last_id = first_id - 1

        def numbered() -> Iterator[Sequence[Any]]:
            nonlocal last_id
            for row in rows:
                last_id += 1
                yield (last_id, *row)

        _copy(self._tx, table, ["id", *columns.split()], numbered())
        return last_id


def _copy(tx: Tx, table: str, columns: Sequence[str], rows: Rows) -> None:
    connection: Any = tx._connection  # type: ignore[attr-defined] - a bench may fill a table at a stroke
    names = ", ".join(("warehouse_id", *columns))
    if hasattr(connection, "executemany"):
        marks = ", ".join("?" for _ in columns)
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({tx.warehouse_id}, {marks})", rows)
        return
    with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row((tx.warehouse_id, *row))
