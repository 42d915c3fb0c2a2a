"""How long a trace takes on a ledger of a million moves.

    python -m tests.benchmarks.trace [--moves N] [--json FILE]

Writes a database of its own: layers received, put away, picked, packed and shipped (every order of one line),
with one item and one lot that a tenth of everything is of. Then asks for a lot, a serial, an item, an order, a
parcel and the recall list, each several times, and prints the slowest.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.hot import Tx
from fulfillment.services.tracing import recall, trace
from fulfillment.services.tracing.trace import Asked
from fulfillment.settings import Settings
from tests.factories import FloorHand

STEPS = 6  # of one order's goods: pick, drop, pack, into the lane, onto the truck, shipped
LAYER_ORDERS = 80  # orders a layer serves
ITEMS = 400
BIN, CART, STAGE, BENCH, LANE, TRUCK, CARRIER = 11, 12, 19, 21, 22, 20, 5


def fill(tx: Tx, moves: int) -> dict[str, int]:
    """A ledger of so many moves, and what it speaks of."""
    items = [tx.insert("item", sku=f"ITEM-{n}", sku_key=f"ITEM-{n}", name=f"Item {n}") for n in range(ITEMS)]
    layers = moves // (LAYER_ORDERS * STEPS + 2)
    orders = layers * LAYER_ORDERS
    many = tx._connection.executemany  # type: ignore[attr-defined] - a bench may fill a table at a stroke
    many("INSERT INTO receipt (warehouse_id, id, number, state, supplier, received_on, content_sha256, created_at_ms)"
         " VALUES (1, ?, ?, 'closed', 'Potter', '2026-01-01', '', 0)", ((n, f"PO-{n}") for n in range(1, layers + 1)))
    many("INSERT INTO layer (warehouse_id, id, item_id, receipt_id, received_on, lot, serial, created_at_ms)"
         " VALUES (1, ?, ?, ?, '2026-01-01', ?, ?, 0)",
         ((n, _item(items, n), n, f"LOT-{n // 5}", f"SER-{n}") for n in range(1, layers + 1)))
    many("INSERT INTO sales_order (warehouse_id, id, number, state, ordered_at_ms, cut_off_at_ms, ship_to_name,"
         " country, content_sha256, carrier_id, created_at_ms, state_since_ms)"
         " VALUES (1, ?, ?, 'shipped', 0, 0, 'Jo Buyer', 'GB', '', 1, 0, 0)",
         ((n, f"SO-{n}") for n in range(1, orders + 1)))
    many("INSERT INTO lpn (warehouse_id, id, code, kind, location_id, order_id) VALUES (1, ?, ?, 'carton', NULL, ?)",
         ((1000 + n, f"{n:018}", n) for n in range(1, orders + 1)))
    many("INSERT INTO parcel (warehouse_id, id, number, order_id, lpn_id, state, sequence, carrier_id, station_id,"
         " created_at_ms, shipped_at_ms) VALUES (1, ?, ?, ?, ?, 'shipped', 1, 1, 1, 0, 1)",
         ((n, f"{n:018}", n, 1000 + n) for n in range(1, orders + 1)))
    many("INSERT INTO stock_move (warehouse_id, id, layer_id, item_id, from_location_id, to_location_id, from_lpn_id,"
         " to_lpn_id, from_status, to_status, qty_each, reason, order_id, occurred_at_ms, recorded_at_ms)"
         " VALUES (1, ?, ?, ?, ?, ?, ?, ?, 'available', 'available', ?, ?, ?, 0, 0)", _moves(items, layers))
    many("INSERT INTO stock_balance (warehouse_id, location_id, layer_id, lpn_id, status, item_id, on_hand_each)"
         " VALUES (1, ?, ?, 0, 'available', ?, 20)", ((BIN, n, _item(items, n)) for n in range(1, layers + 1)))
    return {"layers": layers, "orders": orders, "moves": tx.one("SELECT COUNT(*) AS n FROM stock_move")["n"]}


def _item(items: list[int], layer: int) -> int:
    return items[0] if layer % 10 == 0 else items[layer % ITEMS]


def _moves(items: list[int], layers: int) -> Iterator[tuple[Any, ...]]:
    # Layers are received first and served in turn, so one layer's moves lie all over the table.
    number = 0
    for layer in range(1, layers + 1):
        for source, target, reason in ((1, 20, "receive"), (20, BIN, "putaway")):
            number += 1
            yield number, layer, _item(items, layer), source, target, 0, 0, LAYER_ORDERS + 20, reason, None
    for turn in range(LAYER_ORDERS):
        for layer in range(1, layers + 1):
            order = (layer - 1) * LAYER_ORDERS + turn + 1
            tote, carton = 1 + order % 20, 1000 + order
            for source, target, before, after, reason in (
                (BIN, CART, 0, tote, "pick"), (CART, STAGE, tote, tote, "drop"), (STAGE, BENCH, tote, carton, "pack"),
                (BENCH, LANE, carton, carton, "stage_parcel"), (LANE, TRUCK, carton, carton, "load"),
                (TRUCK, CARRIER, carton, carton, "ship"),
            ):  # fmt: skip
                number += 1
                yield number, layer, _item(items, layer), source, target, before, after, 1, reason, order


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moves", type=int, default=1_000_000)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), f"sqlite:///{Path(folder) / 'floor.sqlite'}")
        migrate(settings)
        hand = FloorHand(open_floor(settings))
        started = time.monotonic()
        figures: dict[str, Any] = hand.write(lambda tx: fill(tx, options.moves))
        figures["filled_s"] = round(time.monotonic() - started)
        layer = figures["layers"] // 2
        for name, asked in {
            "a serial (1 layer)": Asked(serial=f"SER-{layer}"), "a lot (5 layers)": Asked(lot=f"LOT-{layer // 5}"),
            "an order": Asked(order=f"SO-{figures['orders'] // 2}"), "a parcel": Asked(parcel=f"{1234:018}"),
            "an item": Asked(sku="ITEM-7"), "the item a tenth of all is of": Asked(sku="ITEM-0"),
        }.items():  # fmt: skip
            figures[name] = _measure(hand, lambda tx, asked=asked: trace.trace(tx, asked))
        lot = Asked(lot=f"LOT-{layer // 5}")
        figures["recall list of a lot"] = _measure(hand, lambda tx: recall.recall_csv(tx, lot))
        figures["recall list of a tenth of all"] = _measure(hand, lambda tx: recall.recall_csv(tx, Asked(sku="ITEM-0")))
        hand.floor.close()
    for name, figure in figures.items():
        print(f"{name}: {figure}")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def _measure(hand: FloorHand, work: Callable[[Tx], Any]) -> dict[str, float]:
    took = []
    for _ in range(5):
        started = time.monotonic()
        found = hand.floor.read(work)
        took.append((time.monotonic() - started) * 1000)
        assert not isinstance(found, dict) or found["balanced"], found["sums"]
    return {"first_ms": round(took[0], 1), "median_ms": round(sorted(took)[2], 1), "slowest_ms": round(max(took), 1)}


if __name__ == "__main__":
    main()
