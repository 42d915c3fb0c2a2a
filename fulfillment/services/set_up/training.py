"""A floor to practise on: small, laid out by itself, with exercises for each flow, and marked for good as no real one.

Owns `warehouse.is_training`. A warehouse gets the mark when it is founded and never afterwards; exercises are laid out
in a marked one only. Invariant: nothing here writes to a warehouse without the mark.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.counting import CountCause
from fulfillment.domain.reasons import Conflict, MoveReason
from fulfillment.domain.stock import LocationKind, Move
from fulfillment.hot import Tx
from fulfillment.services.common import running
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.today import local_day
from fulfillment.services.counting import count_plans
from fulfillment.services.ordering import orders
from fulfillment.services.receiving import inbound
from fulfillment.services.releasing import waves
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.lookup import GOODS_COLUMNS

BADGE = "1"
COLLEAGUE = "2"
KIOSK, BENCH, BOARD = "PRACTISE-KIOSK", "PRACTISE-BENCH", "PRACTISE-BOARD"
DOCK = "DOCK-1"

# SKU, name, barcode, where it lies, grams
ITEMS = (
    ("MUG-BLUE", "Mug, blue", "4006381333931", "A01-01-1", 340),
    ("MUG-RED", "Mug, red", "4006381333948", "A01-02-1", 340),
    ("TEA-250", "Tea, 250 g", "5012345678900", "A01-03-1", 290),
    ("LANTERN", "Star lantern", "5701234567899", "A02-01-1", 780),
    ("CANDLE", "Candle, white", "5701234567905", "A02-02-1", 150),
    ("BELL", "Door bell", "5701234567912", "A02-03-1", 220),
)
SHORT = "LANTERN"  # whose place is to be taken for empty
COUNTED = ("A02-02-1", "A02-03-1")
LINES = ((("MUG-BLUE", 2), ("TEA-250", 1)), (("MUG-RED", 1), (SHORT, 2)), (("CANDLE", 3), ("BELL", 1)))
ARRIVING = (("MUG-BLUE", 6), ("CANDLE", 4))
AT_DOCK = ("BELL", 5)
STOCK_EACH = 24

_NOBODY = Actor(occurred_at_ms=0)


def is_training(tx: Tx) -> bool | None:
    """Whether this warehouse is one to practise on; None while nobody has founded it."""
    row = tx.one("SELECT is_training FROM warehouse WHERE id = :w")
    return None if row is None else bool(row["is_training"])


def is_planned(tx: Tx) -> bool:
    """Whether every tour laid out can be taken: a picker who comes before the planner finds no work."""
    return tx.one("SELECT 1 FROM wave WHERE warehouse_id = :w AND state = 'planning' LIMIT 1") is None


def found(tx: Tx, time_zone: str) -> None:
    """Found the warehouse with its places, goods, people and stations, marked as no real one.

    Raises:
        Conflict: `not_training`, a warehouse stands here already.
    """
    if is_training(tx) is not None:
        raise Conflict("not_training", "a warehouse stands here already")
    setting_up.found_warehouse(tx, "TRAINING", time_zone, "0614141")
    tx.put("UPDATE warehouse SET is_training = 1 WHERE id = :w")
    for number in range(12):
        aisle, bay = divmod(number, 6)
        tx.insert(
            "location", code=f"A{aisle + 1:02}-{bay + 1:02}-1", kind=LocationKind.BIN, zone="A", level=1,
            aisle=f"A{aisle + 1:02}", bay=f"{bay + 1:02}", x_dm=35 * aisle, y_dm=20 + 12 * bay,
        )  # fmt: skip
    for code, kind, x_dm in (
        ("STAGE-1", LocationKind.STAGING, 0), (DOCK, LocationKind.DOCK, 35), ("BENCH-1", LocationKind.STATION, 70),
        ("LANE-DOM", LocationKind.SHIP_LANE, 100), ("LANE-EU", LocationKind.SHIP_LANE, 110),
        ("LANE-WORLD", LocationKind.SHIP_LANE, 120),
    ):  # fmt: skip
        tx.insert("location", code=code, kind=kind, x_dm=x_dm, y_dm=0)
    setting_up.found_carriers(tx)
    setting_up.add_totes(tx, 60)
    setting_up.add_carts(tx, 3, 4)
    setting_up.add_operator(tx, BADGE, "Trainee", "supervisor")
    setting_up.add_operator(tx, COLLEAGUE, "Colleague", "supervisor")
    for sku, name, barcode, _, weight_g in ITEMS:
        item_id = tx.insert(
            "item", sku=sku, sku_key=sku, name=name, length_mm=120, width_mm=90, height_mm=100, weight_g=weight_g
        )
        tx.add("item_barcode", item_id=item_id, code=barcode.zfill(14), uom="each", qty_each=1)


def add_stations(tx: Tx, label_printer: str, slip_printer: str) -> dict[str, str]:
    """The stations to practise at, by name: their tokens, shown this once."""
    _check(tx)
    return {
        "kiosk": setting_up.add_station(tx, KIOSK, "handheld", DOCK, "Kiosk")["token"],
        "bench": setting_up.add_station(tx, BENCH, "bench", "BENCH-1", "Bench", label_printer, slip_printer)["token"],
        "board": setting_up.add_station(tx, BOARD, "board", None, "Board")["token"],
    }


def lay_out(tx: Tx) -> int:
    """Exercises for every flow, beside those that are still there; returns their number, counted from 1.

    Raises:
        Conflict: `not_training`: this warehouse may hold real stock.
    """
    _check(tx)
    number = running.next_number(tx, "exercise")
    for sku, _, _, place, _ in ITEMS:
        _bring(tx, sku, STOCK_EACH, place, f"PRACTISE-S{number}-{sku}")
    _bring(tx, AT_DOCK[0], AT_DOCK[1], DOCK, f"PRACTISE-D{number}")
    lines = tuple(inbound.ExpectedLine(sku, qty_each) for sku, qty_each in ARRIVING)
    inbound.announce(tx, inbound.ReceiptIn(f"PRACTISE-{number}", lines, supplier="Practice Ltd"))
    numbers = [_order(tx, f"PRACTISE-{number}-{place}", lines) for place, lines in enumerate(LINES, 1)]
    waves.release(tx, _NOBODY, numbers)
    count_plans.ask_all(tx, _NOBODY, COUNTED, CountCause.ASKED)
    return number


def lessons(tx: Tx) -> list[dict[str, Any]]:
    """What there is to practise now, in the order of the day: its name, and barcodes that are on no screen.

    Raises:
        Conflict: `not_training`.
    """
    _check(tx)
    receipts = tx.all("SELECT number FROM receipt WHERE warehouse_id = :w AND state = 'open' ORDER BY id LIMIT 3")
    short = next(place for sku, _, _, place, _ in ITEMS if sku == SHORT)
    return [
        {"name": "sign_in", "codes": [_code("B", BADGE), _code("B", COLLEAGUE)]},
        {
            "name": "receive",
            "codes": [*(_code("R", row["number"]) for row in receipts), *_goods(tx, [sku for sku, _ in ARRIVING])],
        },
        {"name": "putaway", "codes": _goods(tx, [AT_DOCK[0]])},
        {"name": "pick", "codes": []},
        {"name": "short", "codes": [_code("L", short), _code("C", "SHORT")]},
        {"name": "pack", "codes": []},
        {
            "name": "count",
            "codes": [
                *(_code("L", place) for place in COUNTED),
                *_goods(tx, [sku for sku, _, _, place, _ in ITEMS if place in COUNTED]),
            ],
        },
    ]  # fmt: skip


def _check(tx: Tx) -> None:
    if not is_training(tx):
        raise Conflict("not_training", "this warehouse is not one to practise on")


def _bring(tx: Tx, sku: str, qty_each: int, place: str, number: str) -> None:
    item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = :sku", sku=sku)["id"]
    location_id = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=place)["id"]
    day = local_day(tx)
    receipt_id = tx.insert(
        "receipt", number=number, state="closed", received_on=day, content_sha256="", created_at_ms=tx.now_ms
    )
    layer_id = tx.insert("layer", item_id=item_id, receipt_id=receipt_id, received_on=day, created_at_ms=tx.now_ms)
    ledger.post(tx, _NOBODY, [Move(layer_id, item_id, 1, location_id, qty_each, MoveReason.RECEIVE)])
    allocate.allocate_waiting(tx, _NOBODY, item_id)


def _order(tx: Tx, number: str, lines: tuple[tuple[str, int], ...]) -> str:
    ship_to = orders.ShipTo(name="Pat Practice", address1="1 Road", city="Leeds", postcode="LS1 1AA", country="GB")
    wanted = [orders.LineIn(sku, qty_each) for sku, qty_each in lines]
    orders.take_in(tx, _NOBODY, orders.OrderIn(number, tx.now_ms, wanted, ship_to), 100)
    return number


def _code(kind: str, value: str) -> dict[str, str]:
    return {"code": own_code(kind, value), "label": value}


def _goods(tx: Tx, skus: list[str]) -> list[dict[str, str]]:
    rows = [tx.one(f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.sku = :sku", sku=sku)
            for sku in skus]  # fmt: skip
    return [{"code": row["barcode"], "label": row["name"]} for row in rows]
