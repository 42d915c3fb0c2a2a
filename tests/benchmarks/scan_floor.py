"""A floor on which many hands are about to pick: the ground the scan figures are taken on.

Everything is written through the services a floor uses itself, except that the stops of a tour are numbered as
they come (no planner). Each station has claimed a tour, stood its totes, and stands before its first stop; its
stream is the location, item and tote of every stop, in order.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.ordering import orders
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import allocate, ledger
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand

LINES = 8  # of an order: so many stops go into one tote
SAID_AT_MS = 1_760_000_000_000
SAID_AT = "2025-10-09T08:53:20+00:00"  # the same moment


@dataclass(frozen=True)
class Pull:
    """One trigger pull of a stop: `kind` is location, item or tote."""

    scan_id: str
    station: str
    code: str
    kind: str

    def request(self) -> scans.ScanRequest:
        """As the service takes it."""
        return scans.ScanRequest(self.scan_id, self.station, self.code, SAID_AT_MS)


@dataclass(frozen=True)
class PickFloor:
    """A built floor: where it is, the token of each station, and what each station is about to scan."""

    settings: Settings
    tokens: dict[str, str]
    streams: dict[str, tuple[Pull, ...]]

    def copy(self, folder: Path) -> PickFloor:
        """The same floor again, in a database of its own."""
        folder.mkdir()
        shutil.copyfile(self.settings.home / "floor.sqlite", folder / "floor.sqlite")
        settings = replace(self.settings, home=folder, database_url=f"sqlite:///{folder / 'floor.sqlite'}")
        return PickFloor(settings, self.tokens, self.streams)

    def in_turn(self, stations: int) -> Iterator[Pull]:
        """The pulls of so many stations, one of each in turn."""
        streams = [self.streams[name] for name in sorted(self.streams)[:stations]]
        for pulls in zip(*streams, strict=True):
            yield from pulls


def build(folder: Path, stations: int = 64, stops_each: int = 80) -> PickFloor:
    """A floor of `stations` × `stops_each` stops, each with an item and a place of its own."""
    settings = Settings(folder, f"sqlite:///{folder / 'floor.sqlite'}")
    migrate(settings)
    return build_on(settings, stations, stops_each)


def build_on(settings: Settings, stations: int, stops_each: int) -> PickFloor:
    """The same on a database that is migrated already."""
    hand = FloorHand(open_floor(settings))
    names = [f"PICK-{number:03d}" for number in range(1, stations + 1)]
    tokens, streams = {}, {}
    hand.write(lambda tx: setting_up.add_totes(tx, stations * (stops_each // LINES)))
    hand.write(lambda tx: setting_up.add_carts(tx, stations, stops_each // LINES))
    for place, name in enumerate(names):
        tokens[name] = hand.write(lambda tx, name=name: setting_up.add_station(tx, name, "handheld"))["token"]
        streams[name] = hand.write(lambda tx, place=place: _tour(tx, names[place], place, stops_each))
    for place, name in enumerate(names):
        _walk_up(hand, name, place, stops_each // LINES)
    hand.floor.close()
    return PickFloor(settings, tokens, streams)


def _tour(tx: Tx, station: str, place: int, stops: int) -> tuple[Pull, ...]:
    wave = tx.insert("wave", state="released", created_at_ms=tx.now_ms, released_at_ms=tx.now_ms)
    tour = tx.insert("tour", wave_id=wave, distance_dm=1_000)
    pulls: list[Pull] = []
    for first in range(0, stops, LINES):
        skus = [_goods(tx, place, stop) for stop in range(first, min(first + LINES, stops))]
        number, position = f"SO-{place}-{first}", first // LINES + 1
        lines = [orders.LineIn(sku, 1) for sku in skus]
        ship_to = orders.ShipTo(name="Jo Buyer", address1="1 Road", city="Town", postcode="T1 1TT", country="GB")
        orders.take_in(tx, NOBODY, orders.OrderIn(number, SAID_AT_MS, lines, ship_to), 10_000)
        order = tx.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number)["id"]
        tx.put("UPDATE sales_order SET wave_id = :wave WHERE warehouse_id = :w AND id = :id", wave=wave, id=order)
        tx.add("tour_tote", tour_id=tour, position=position, order_id=order)
        promises = tx.all(
            "SELECT a.id, a.item_id, a.location_id, a.qty_each, l.code, i.sku FROM allocation a"
            " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
            " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
            " WHERE a.warehouse_id = :w AND a.order_id = :order ORDER BY a.id",
            order=order,
        )
        tote = own_code("T", f"{_first_tote(place, stops) + position - 1:06d}")
        for stop, promise in enumerate(promises, start=first):
            task = tx.insert(
                "task", kind="pick", tour_id=tour, sequence=stop + 1, position=position, order_id=order,
                item_id=promise["item_id"], location_id=promise["location_id"], qty_each=promise["qty_each"],
                created_at_ms=tx.now_ms,
            )  # fmt: skip
            tx.put("UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND id = :id",
                   task=task, id=promise["id"])  # fmt: skip
            said = ((own_code("L", promise["code"]), "location"), (promise["sku"], "item"), (tote, "tote"))
            pulls += [Pull(f"{station}-{stop}-{nth}", station, *one) for nth, one in enumerate(said)]
        allocate.settle_order(tx, NOBODY, order)
    return tuple(pulls)


def _first_tote(place: int, stops: int) -> int:
    return 21 + place * (stops // LINES)  # FloorHand has numbered the first twenty


def _goods(tx: Tx, place: int, stop: int) -> str:
    """A layer of 20 units of an item of its own in a bin of its own."""
    sku, code = f"SKU-{place:03d}-{stop:03d}", f"B{place:03d}-{stop:03d}-1"
    bin_id = tx.insert(
        "location", code=code, kind="bin", access="any", zone="B", aisle=f"B{place:02d}", bay=f"{stop:03d}", level=1,
        x_dm=place * 10, y_dm=stop * 10,
    )  # fmt: skip
    item = tx.insert("item", sku=sku, sku_key=sku, name=f"Thing {place} {stop}", length_mm=100, width_mm=100,
                     height_mm=100, weight_g=200)  # fmt: skip
    tx.add("item_barcode", item_id=item, code=sku, uom="each", qty_each=1)
    receipt = tx.insert("receipt", number=f"R-{place}-{stop}", state="closed", received_on="2026-01-01",
                        content_sha256="", created_at_ms=tx.now_ms)  # fmt: skip
    layer = tx.insert("layer", item_id=item, receipt_id=receipt, received_on="2026-01-01", created_at_ms=tx.now_ms)
    ledger.post(tx, NOBODY, [Move(layer, item, 1, bin_id, 20, MoveReason.RECEIVE)])
    return sku


def _walk_up(hand: FloorHand, station: str, place: int, totes: int) -> None:
    hand.sign_in(station, "PICK")
    hand.scan(station, own_code("K", f"{place + 4:04d}"), scan_id=f"{station}-cart")
    for number in range(totes):
        tote = own_code("T", f"{_first_tote(place, totes * LINES) + number:06d}")
        hand.scan(station, tote, scan_id=f"{station}-tote-{number}")
    assert hand.step()["state"] == "location", hand.answer


def floor_of(ground: PickFloor) -> Floor:
    """Open it in this process."""
    return open_floor(ground.settings)
