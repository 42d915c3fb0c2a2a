"""The demo's endless day: it begins again when it is done, and is taken up where it was left."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from datetime import UTC, datetime
from urllib.parse import quote

from simulators.catalogue import OpeningReceipt, Order, opening_stock, units_needed
from simulators.client import FloorHttp
from simulators.shift.options import (
    order_body,
)
from simulators.shift.state import ShiftState
from simulators.workers import Worker
from simulators.world import (
    StagedTote,
    box_place,
    parcel_place,
    tote_place,
)


class Cycles(ShiftState):
    """A floor that never closes."""

    def _next_cycle(self, api: FloorHttp) -> None:
        """The day is done: its orders come again, under new numbers, at the times of day they came at."""
        if self._arrivals or self._is_restocking:
            return
        self._cycle += 1
        for truck in self.world.places(where=lambda place: place.startswith("truck:")):
            self.world.carry_away(truck)
        tag = f"{self._run}{self._cycle:02d}"
        needed = units_needed(self.goods.book, self.goods.items)
        receipts = opening_stock(
            needed, seed=self.options.seed + self._cycle, today=datetime.now(UTC).date(), surplus=0.0
        )
        self._announce(
            OpeningReceipt(f"NEXT-{tag}-{r.number.removeprefix('OPEN-')}", r.received_on, r.lines)
            for r in receipts
        )
        self._is_restocking = True
        if self.options.hurry_opening:
            self._pace.speed = None

    def _begin_day(self) -> None:
        """The goods lie in their bins: now the customers come."""
        self._is_restocking = False
        self._pace.speed = self.options.speed
        tag = f"{self._run}{self._cycle:02d}"
        orders = sorted(self.goods.book.orders, key=lambda order: order.ordered_at)
        first = _moment(orders[0].ordered_at) if orders else datetime.now(UTC)
        started, speed = time.monotonic(), self.options.speed or 3600.0
        self._arrivals.extend(
            (
                started + (_moment(order.ordered_at) - first).total_seconds() / speed,
                Order(f"{order.number}-{tag}", order.ordered_at, order.country, order.lines),
            )
            for order in orders
        )

    def _let_orders_arrive(self, api: FloorHttp) -> None:
        if self._is_restocking and not (
            self._deliveries or any(self.gear.docks.values()) or self._stage.busy
        ):
            self._begin_day()
        while self._arrivals and self._arrivals[0][0] <= time.monotonic():
            api.post("/api/v1/orders", order_body(self._arrivals.popleft()[1], datetime.now(UTC)))

    def _resume(self) -> None:
        """A floor that was left and is entered again: it is taken to be as the database says."""
        api = self._admin()
        self._adopt_stock()
        for key in [key for key in self._kept if key.startswith("receipt ")]:
            receipt = api.get(f"/api/v1/receipts/{quote(key.removeprefix('receipt '))}")
            to_come = [
                (str(line["sku"]), int(line["expected_each"]) - int(line["received_each"]))
                for line in receipt["lines"]
                if int(line["expected_each"]) > int(line["received_each"])
            ]
            if receipt["state"] == "open" and to_come:
                self._deliver(
                    str(receipt["number"]), str(receipt["barcode"]), str(receipt["received_on"])[:10], to_come
                )
        self._all_hands(Worker.resume)

    def _adopt_stock(self) -> None:
        for row in self._stock_rows(self._admin()):
            location, lpn = str(row["location"]), str(row.get("lpn") or "")
            place = location
            if row.get("kind") == "virtual":
                continue
            if lpn in self._tote_barcodes:
                place = tote_place(self._tote_barcodes[lpn])
                self._adopt_tote(self._tote_barcodes[lpn], str(row.get("kind")))
            elif lpn not in ("", "0"):
                number = lpn if len(lpn) == 20 else f"00{lpn}"
                in_lane = row.get("kind") == "ship_lane"
                place = parcel_place(number) if in_lane else self._box_of(location, number)
                if in_lane and number not in self.gear.lanes.setdefault(location, []):
                    self.gear.lanes[location].append(number)
            sku = self._floor.item(str(row["sku"])).sku
            self.world.bring(place, sku, str(row["received_on"])[:10], int(row["on_hand_each"]))
            if row.get("kind") == "dock" and sku not in self.gear.docks.setdefault(location, deque()):
                self.gear.docks[location].append(sku)

    def _fill_foreign_tote(self, barcode: str) -> None:
        """A tote of somebody who is no part of this world (a visitor at the demo) comes to a bench.

        What is in it was taken from the bins without this world's knowledge: it is taken from there now.
        """
        if barcode in self._tote_barcodes.values() or self.world.count(tote_place(barcode)):
            return
        code = barcode[2:-2]
        for row in self._stock_rows(self._admin()):
            if row.get("lpn") != code:
                continue
            sku, wanted = self._floor.item(str(row["sku"])).sku, int(row["on_hand_each"])
            for place in filter(self._is_storage, self.world.places_of(sku)):
                taken = min(wanted, self.world.count(place, sku))
                if taken:
                    self.world.move(place, tote_place(barcode), sku, taken)
                    wanted -= taken

    def _box_of(self, bench: str, parcel: str) -> str:
        described = self._admin().get(f"/api/v1/parcels/{parcel.removeprefix('00')}")
        return box_place(bench, str(described["order"]))

    def _adopt_tote(self, barcode: str, kind: str) -> None:
        with contextlib.suppress(ValueError):
            self.gear.empty_totes.remove(barcode)
        if kind in ("staging", "station") and all(tote.barcode != barcode for tote in self.gear.staged):
            self.gear.staged.append(StagedTote(barcode))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
