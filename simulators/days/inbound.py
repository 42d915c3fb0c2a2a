"""Goods in: deliveries with pallets, returns from customers, and everything into its place."""

from __future__ import annotations

from collections import Counter, deque
from functools import partial
from typing import Any

from simulators.days.house import DOCK, House
from simulators.days.ports import Refused
from simulators.days.stream import Delivery, Goods, line_body, merged, receipt_body
from simulators.world import (
    pallet_place,
    supplier_place,
)


class Inbound(House):
    """The dock."""

    def _take_in(self, delivery: Delivery) -> None:
        """Announce a delivery, unload it and put everything away."""
        self.report.deliveries += 1
        self.report.pallets += len(delivery.pallets)
        self.report.top_ups += sum(bool(self.world.places_of(goods.sku)) for goods in delivery.announced())
        place = supplier_place(delivery.number)
        answer = self._announce(delivery)
        for goods in delivery.loose:
            self.world.bring(place, goods.sku, delivery.received_on, goods.qty_each, goods.mark)
        for pallet in delivery.pallets:
            for goods in pallet.real:
                here = pallet_place(pallet.sscc)
                self.world.bring(here, goods.sku, delivery.received_on, goods.qty_each, goods.mark)
        receiver = self.crew[0]
        ssccs = [pallet.sscc for pallet in delivery.pallets]
        self._try(lambda: receiver.receive(str(answer["barcode"]), place, ssccs))
        self._put_all_away()

    def _announce(self, delivery: Delivery) -> Any:
        body = receipt_body(delivery)
        status, answer = self._call("POST", "/api/v1/receipts", body)
        if status in (400, 422) and delivery.pallets:
            self._miss(f"receipts with handling units ({status} {str(answer)[:200]})")
            body.pop("units")
            body["lines"] = [line_body(goods) for goods in merged(delivery.announced())]
            return self._must("POST", "/api/v1/receipts", body)
        if status >= 400:
            raise Refused(f"{delivery.number}: {status} {answer}")
        return answer

    def _put_all_away(self) -> None:
        receiver = self.crew[0]
        pallets = self.gear.pallets.setdefault(DOCK, deque())
        while pallets:
            sscc = pallets.popleft()
            self._try(partial(receiver.put_away_pallet, sscc))
        waiting = self.gear.docks.setdefault(DOCK, deque())
        tries: Counter[str] = Counter()
        while waiting:
            sku = waiting.popleft()
            tries[sku] += 1
            before = self.world.acts
            done = self._try(partial(receiver.put_away, sku))
            if done is False and self.world.count(DOCK, sku):
                if tries[sku] < 3 and self.world.acts != before:
                    waiting.append(sku)
                else:
                    self.surprises.note(f"{sku} cannot be put away")
        self._clear_dock()

    def _clear_dock(self) -> None:
        """All is put away, and the book believes that something still stands there."""
        while (left := self._try(self.crew[0].still_at_dock)) is not None:
            if not self._try(partial(self.crew[0].write_off, DOCK, *left)):
                return
            self.report.written_off += left[1]

    def _bring_back(self, number: int) -> None:
        """Customers send things back; they go on with the date they first came."""
        for order in [order for order, day in self._comes_back.items() if day <= number]:
            del self._comes_back[order]
            pile = self.dice.choice(self._sold[order])
            qty_each = 1 if pile.mark.startswith("21") else self.dice.randint(1, pile.qty_each)
            line = line_body(Goods(pile.sku, qty_each, pile.mark))
            body = {"number": f"RET-{order}", "kind": "return", "order": order, "lines": [line]}
            status, answer = self._call("POST", "/api/v1/receipts", body)
            if status >= 400:
                self._miss(f"returns ({status} {str(answer)[:200]})")
                return
            place = supplier_place(str(body["number"]))
            self.world.bring(place, pile.sku, pile.received_on, qty_each, pile.mark)
            self._try(partial(self.crew[0].receive, str(answer["barcode"]), place))
            self._put_all_away()
            self.report.returns += 1
