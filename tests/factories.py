"""Boring defaults: a small warehouse, and a hand that scans in it through the real services.

Each test states only what matters to it. Everything goes through the same services the server uses; the
one short cut is `stock`, which receives and puts away without scans.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
import pysqlite3

from fulfillment.bootstrap import Floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.models import db
from fulfillment.services.common.actor import Actor
from fulfillment.services.ordering import orders
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import allocate, ledger

T = TypeVar("T")

REFUSED_BY_DATABASE = (pysqlite3.IntegrityError, psycopg.IntegrityError)

NOBODY = Actor(occurred_at_ms=0)

# code, kind, access, aisle, bay, level, x_dm, y_dm
PLACES = (
    ("A01-01-1", "bin", "any", "01", "01", 1, 0, 10),
    ("A01-02-1", "bin", "any", "01", "02", 1, 0, 22),
    ("A01-03-1", "bin", "any", "01", "03", 1, 0, 34),
    ("A02-01-1", "bin", "any", "02", "01", 1, 35, 10),
    ("A02-02-1", "bin", "any", "02", "02", 1, 35, 22),
    ("A02-03-3", "reserve", "any", "02", "03", 3, 35, 34),
    ("F01-01-1", "flow_rack", "fifo", "F1", "01", 1, 70, 10),
    ("P01-01-1", "bin", "lifo", "P1", "01", 1, 105, 10),
    ("STAGE-1", "staging", "any", "", "", 0, 0, 0),
    ("DOCK-1", "dock", "any", "", "", 0, 35, 0),
    ("BENCH-1", "station", "any", "", "", 0, 70, 0),
    ("LANE-DOM", "ship_lane", "any", "", "", 0, 100, 0),
    ("LANE-EU", "ship_lane", "any", "", "", 0, 110, 0),
    ("LANE-WORLD", "ship_lane", "any", "", "", 0, 120, 0),
)


NOW = object()
"""Stands in rows that are kept for the time they were written at."""
A_REAL_TIME_MS = 10**12
"""A clock of a test that says less says what other columns say too."""
_founded: dict[str, list[tuple[str, dict[str, Any]]]] = {}


def _rows_of(tx: Tx) -> Iterator[tuple[str, dict[str, Any]]]:
    """What writes all rows there are, a statement a table."""
    for table in db.metadata.sorted_tables:
        rows = [dict(row) for row in tx.all(f"SELECT * FROM {table.name}")]
        if not rows:
            continue
        values = {
            f"{column}_{at}": NOW if value == tx.now_ms else value
            for at, row in enumerate(rows)
            for column, value in row.items()
        }
        marks = ", ".join(f"({', '.join(f':{column}_{at}' for column in row)})" for at, row in enumerate(rows))
        yield f"INSERT INTO {table.name} ({', '.join(rows[0])}) VALUES {marks}", values


class FloorHand:
    """A founded warehouse and a person who scans. `answer` is the last outcome."""

    def __init__(self, floor: Floor, code: str = "MAIN") -> None:
        self.floor = floor
        self.code = code
        self._ids = itertools.count(1)
        self.answer: dict[str, Any] = {}
        self.write(self._found)

    def _found(self, tx: Tx) -> None:
        """Found it; the second time by the rows of the first: a hundred statements in each of thousands of tests."""
        is_usual = self.code == "MAIN" and tx.one("SELECT 1 FROM warehouse LIMIT 1") is None
        rows = _founded.get(tx.dialect) if is_usual else None
        if rows is not None:
            for sql, values in rows:
                tx.put(sql, **{name: tx.now_ms if value is NOW else value for name, value in values.items()})
            return
        self._set_up(tx)
        if is_usual and tx.now_ms > A_REAL_TIME_MS:
            _founded[tx.dialect] = list(_rows_of(tx))

    def _set_up(self, tx: Tx) -> None:
        setting_up.found_warehouse(tx, self.code, "Europe/London", "0614141")
        for code, kind, access, aisle, bay, level, x_dm, y_dm in PLACES:
            tx.insert(
                "location", code=code, kind=kind, access=access, zone=aisle[:1], aisle=aisle, bay=bay, level=level,
                x_dm=x_dm, y_dm=y_dm,
            )  # fmt: skip
        setting_up.found_carriers(tx)
        setting_up.add_totes(tx, 20)
        setting_up.add_carts(tx, 3, 6)
        setting_up.add_printer(tx, "LABEL-1", "tcp://127.0.0.1:9", "zpl")
        setting_up.add_printer(tx, "SLIP-1", "tcp://127.0.0.1:9", "escpos")
        setting_up.add_operator(tx, "1001", "Ada", "supervisor")
        setting_up.add_operator(tx, "1002", "Bob", "picker")
        setting_up.add_station(tx, "HAND-1", "handheld", "DOCK-1")
        setting_up.add_station(tx, "HAND-2", "handheld", "DOCK-1")
        setting_up.add_station(tx, "DOCK-1", "dock", "DOCK-1")
        setting_up.add_station(tx, "BENCH-1", "bench", "BENCH-1", "", "LABEL-1", "SLIP-1")

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run work in one transaction."""
        return self.floor.writer.write(work)

    def one(self, sql: str, **params: Any) -> Any:
        """The first row of a query, as a dictionary."""
        row = self.write(lambda tx: tx.one(sql, **params))
        return None if row is None else dict(row)

    def all(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        return [dict(row) for row in self.write(lambda tx: tx.all(sql, **params))]

    def item(self, sku: str, **values: Any) -> int:
        """An item of 10 x 10 x 10 cm and 200 g that answers to its SKU as a barcode."""
        values = {"length_mm": 100, "width_mm": 100, "height_mm": 100, "weight_g": 200, "name": sku.lower(), **values}

        def work(tx: Tx) -> int:
            item_id = tx.insert("item", sku=sku, sku_key=sku.upper(), **values)
            tx.insert("item_barcode", item_id=item_id, code=sku.upper(), uom="each", qty_each=1)
            return item_id

        return self.write(work)

    def stock(self, sku: str, qty_each: int, location: str = "A01-01-1", received_on: str = "2026-01-01") -> int:
        """A layer of its own, put away; returns the layer's id."""

        def work(tx: Tx) -> int:
            item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :k", k=sku.upper())["id"]
            place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
            receipt_id = tx.insert(
                "receipt", number=f"S{next(self._ids)}", state="closed", received_on=received_on, content_sha256="",
                created_at_ms=tx.now_ms,
            )  # fmt: skip
            layer_id = tx.insert(
                "layer", item_id=item_id, receipt_id=receipt_id, received_on=received_on, created_at_ms=tx.now_ms
            )
            move = Move(layer_id, item_id, 1, place, qty_each, MoveReason.RECEIVE)
            ledger.post(tx, NOBODY, [move])
            allocate.allocate_waiting(tx, NOBODY, item_id)
            return layer_id

        return self.write(work)

    def order(self, number: str, *lines: tuple[str, int], country: str = "GB", **values: Any) -> None:
        """Take an order in through the service."""
        order = orders.OrderIn(
            number, 1_760_000_000_000, [orders.LineIn(sku, qty) for sku, qty in lines],
            orders.ShipTo(name="Jo Buyer", address1="1 Road", city="Town", postcode="T1 1TT", country=country),
            **values,
        )  # fmt: skip
        self.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))

    def order_state(self, number: str) -> str:
        """The lane an order is in."""
        return self.one("SELECT state FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number)["state"]

    def scan(self, station: str, code: str, qty_each: int | None = None, scan_id: str | None = None) -> dict[str, Any]:
        """One trigger pull; returns (and keeps) the answer."""
        request = scans.ScanRequest(scan_id or f"test-{next(self._ids)}", station, code, 1_760_000_000_000, qty_each)
        self.answer = self.write(lambda tx: scans.handle_scan(tx, request))
        return self.answer

    def step(self) -> dict[str, Any]:
        """The screen of the last answer."""
        return self.answer["step"]

    def sign_in(self, station: str, flow: str, badge: str = "1001") -> dict[str, Any]:
        """Badge, then the flow's command."""
        self.scan(station, own_code("B", badge))
        return self.scan(station, own_code("C", flow))

    def say(self, station: str, command: str) -> dict[str, Any]:
        """Scan a command barcode."""
        return self.scan(station, own_code("C", command))

    def on_hand(self, location: str, sku: str | None = None, status: str = "available") -> int:
        """Units lying in a location (any handling unit)."""
        return self.one(
            "SELECT COALESCE(SUM(b.on_hand_each), 0) AS n FROM stock_balance b"
            " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
            " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id WHERE b.warehouse_id = :w"
            " AND l.code = :location AND (:sku IS NULL OR i.sku = :sku) AND b.status = :status",
            location=location, sku=sku, status=status,
        )["n"]  # fmt: skip
