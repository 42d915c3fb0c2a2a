"""Goods out: orders, waves, walks, boxes, trucks, transfers, and what customers think better of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from simulators.days.house import BENCH, DayWorker, House
from simulators.days.ports import Refused
from simulators.days.stream import DayOrder
from simulators.workers import Bench
from simulators.world import (
    StagedTote,
)

ORDERS_A_WAVE = 30
RETURN_SHARE = 0.08  # of the orders shipped, something comes back after two to nine days


class Outbound(House):
    """From the order to the truck."""

    def _order(self, orders: Sequence[DayOrder]) -> None:
        for order in orders:
            self.orders[order.number] = order
            self.report.orders += 1
            self.report.units_ordered += sum(qty for _, qty in order.lines)
            self._must("POST", "/api/v1/orders", _order_body(order, self.now))
        for order in orders:
            if order.fate == "early":
                self._cancel(order)

    def _cancel(self, order: DayOrder) -> None:
        status, answer = self._call("POST", f"/api/v1/orders/{quote(order.number)}/cancel", {})
        if status >= 400 and status not in (404, 409):
            raise Refused(f"cancelling {order.number}: {status} {answer}")
        if status < 400:
            self.errors.note("order_cancelled", "customer", detail=order.number)

    def _pick_and_pack(self, orders: Sequence[DayOrder]) -> None:
        late = [order for order in orders if order.fate == "late"]
        pickers = self.crew[1:3]
        for _ in range(6):
            waves = list(self._release())
            tours = 0
            while self._try(pickers[tours % len(pickers)].pick_tour):
                tours += 1
                if late:
                    self._cancel(late.pop())
            self._put_back()
            self._pack_all()
            if not waves and not tours:
                break
        for order in late:
            self._cancel(order)
        self._put_back()

    def _release(self) -> Iterator[int]:
        while True:
            status, answer = self._call("POST", "/api/v1/waves", {"max_orders": ORDERS_A_WAVE})
            if status in (404, 409, 422):
                return
            if status >= 400:
                raise Refused(f"releasing: {status} {answer}")
            self.ports.plan_wave(int(answer["wave"]))
            yield int(answer["wave"])

    def _pack_all(self) -> None:
        packer, bench = self.crew[3], self.floor.benches[BENCH]
        for tote in list(self.gear.staged):
            if self.gear.take_staged(tote.barcode) is not None:  # else it went along with another of its order
                self._try(partial(self._pack, packer, bench, tote))
        self._try(lambda: packer.close_carton(bench))
        self.gear.stir_staged()

    def _pack(self, packer: DayWorker, bench: Bench, tote: StagedTote) -> None:
        packer.pack(bench, tote)

    def _put_back(self) -> None:
        while self.gear.to_put_back:
            tote = self.gear.to_put_back.popleft()
            self._try(partial(self.crew[0].put_back, tote))

    def _load(self) -> None:
        for lane in [lane for lane, parcels in self.gear.lanes.items() if parcels]:
            self._try(partial(self.crew[3].load, lane))
        for place in self.world.places(where=lambda place: place.startswith("truck:")):
            number = self.floor.parcel_orders.get(place.rsplit(":", 1)[1], "")
            self.report.units_shipped += self.world.count(place)
            if number and number not in self._sold and self.dice.random() < RETURN_SHARE:
                self._comes_back[number] = len(self.report.day_s) + self.dice.randint(2, 9)
            self._sold.setdefault(number, []).extend(self.world.look(place))
            self.world.carry_away(place)

    def _send_away(self, number: int) -> None:
        """Now and then the other house wants something."""
        if number % 5 != 4 or not self._can("SEND"):
            return
        plain = [sku for sku, item in self.items.items() if item.kind == "plain"]
        lines = [{"sku": sku, "qty_each": 3} for sku in self.dice.sample(plain, 2)]
        body = {"number": f"TO-{number + 1:02d}", "to_warehouse": "NORTH", "lines": lines}
        status, answer = self._call("POST", "/api/v1/transfers", body)
        if status >= 400:
            self._miss(f"transfers ({status} {str(answer)[:200]})")
            return
        self.report.transfers += bool(self._try(lambda: self.crew[0].send(str(answer["barcode"]))))


def _order_body(order: DayOrder, now: datetime) -> dict[str, Any]:
    return {
        "number": order.number, "channel": "days", "policy": order.policy, "ordered_at": now.isoformat(),
        "ship_to": {"name": f"Customer of {order.number}", "address1": "1 Sample Street", "city": "Sampletown",
                    "postcode": "00000", "country": "GB"},
        "lines": [{"sku": sku, "qty_each": qty_each} for sku, qty_each in order.lines],
    }  # fmt: skip
