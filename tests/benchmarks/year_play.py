"""The year as it is played through the API: each day's deliveries, orders, cancels, shipments, returns, adjustments.

Owns what became of every line of the file and two books beside the floor's: units by layer, from the answers; units by
age, from what was asked, first in first out. Invariant: a line has one outcome, and what the floor should not have
refused is in `broken`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from fulfillment.services.imports.countries import country_code
from tests.benchmarks.year_clients import Call, Clients, Said
from tests.benchmarks.year_lines import Day, Line, units_by_sku

API = "/api/v1"
CHANNEL = "year"
RECEIPT_LINES = 300


class Year:
    """The days of a file, played by clients against a floor whose bins are numbered like `skus`."""

    def __init__(self, lines: Sequence[Line], days: Sequence[Day], skus: Sequence[str]) -> None:
        self.days = days
        self.became: list[str] = [""] * len(lines)  # what became of each line of the file
        self.broken: list[str] = []
        self._place_of = {sku: place for place, sku in enumerate(skus)}
        self._by_layer: Counter[int] = Counter()
        self._by_age: dict[str, dict[str, int]] = defaultdict(dict)  # SKU → day it counts from → units
        self._orders: dict[str, list[Line]] = {}
        self._shipped: dict[str, Counter[str]] = defaultdict(Counter)  # order → SKU → units
        self._left: dict[str, dict[str, list[list[Any]]]] = {}  # order → SKU → [day, layer, units still outside]
        self._outside: dict[tuple[str, str], int] = {}  # (order, SKU) → units its customer has not announced back
        self._of_customer: dict[int, list[str]] = defaultdict(list)
        self._returning = {its[0].customer for day in days for its in day.taken_back if its[0].customer}
        self._waiting: set[str] = set()
        self._numbers: Counter[str] = Counter()
        self._clients: Clients

    def play(self, clients: Clients, day: Day) -> None:
        """One day, from the morning's deliveries to the evening's adjustments."""
        self._clients = clients
        self._deliver(day)
        open_now = self._order(day)
        back = self._cancel(day, open_now)
        self._ship(day.on, open_now)
        self._return(day, back)
        self._adjust(day)

    def finish(self) -> None:
        """What was late has come by now: whoever still waits for it is served."""
        self._ship(self.days[-1].on, {})
        for number, its in self._orders.items():
            left = Counter(self._shipped[number])
            for line in its:
                if self.became[line.place]:
                    continue
                served = min(line.qty, left[line.key])
                left[line.key] -= served
                self.became[line.place] = (
                    "shipped" if served == line.qty else "shipped in part" if served else "waits for stock"
                )

    def _deliver(self, day: Day) -> None:
        goods = sorted(day.deliveries.items())
        receipts = []
        for start in range(0, len(goods), RECEIPT_LINES):
            self._numbers["receipt"] += 1
            receipts.append((f"P{self._numbers['receipt']:06d}", goods[start : start + RECEIPT_LINES]))
        self._all_well(
            "receipt",
            self._clients.run([
                Call(f"{API}/receipts", {
                    "number": number, "kind": "asn", "supplier": "Supplier", "received_on": day.on,
                    "lines": [{"sku": sku, "qty_each": qty_each} for sku, qty_each in some],
                })
                for number, some in receipts
            ]),
        )  # fmt: skip
        arrived = self._clients.run([
            Call(f"{API}/receipts/{number}/arrivals", {
                "external_id": f"arrival/{number}", "closes": True,
                "lines": [{"sku": sku, "qty_each": qty_each, "location": self._place(sku)} for sku, qty_each in some],
            }, "layers")
            for number, some in receipts
        ])  # fmt: skip
        self._all_well("arrival", arrived)
        for said in arrived:
            for sku, layer, qty_each, _ in said.kept if said.is_ok else ():
                self._came(sku, layer, qty_each, day.on)

    def _order(self, day: Day) -> dict[str, tuple[list[Line], dict[str, int]]]:
        """Orders in the order of time: those taken in, with what each is promised."""
        told = self._clients.run([
            Call(f"{API}/orders", {
                "number": its[0].document, "channel": CHANNEL, "ordered_at": f"{its[0].at.replace(' ', 'T')}+00:00",
                "ship_to": {"name": f"Customer {its[0].customer}", "address1": "1 Road", "city": "Town",
                            "postcode": "T1 1TT", "country": country_code(its[0].country) or ""},
                "lines": [{"sku": line.sku, "qty_each": line.qty, "unit_price_minor": line.price_minor,
                           "currency": "GBP"} for line in its],
            }, "allocated")
            for its in day.orders
        ])  # fmt: skip
        found: dict[str, tuple[list[Line], dict[str, int]]] = {}
        for its, said in zip(day.orders, told, strict=True):
            number = its[0].document
            if not said.is_ok:
                self._end(its, f"refused: {said.kept}")
                continue
            for line in its:
                if line.is_service:
                    self.became[line.place] = "service on an order"
            self._orders[number] = its
            found[number] = (its, said.kept)
        return found

    def _cancel(self, day: Day, open_now: dict[str, Any]) -> list[list[Line]]:
        """Documents that take all of an order of the day back stop it; the others are left for later."""
        calls, whose = [], []
        later = []
        taken: set[str] = set()
        for its in day.taken_back:
            wanted = units_by_sku((line.key, -line.qty) for line in its if not line.is_service)
            number = next(
                (
                    number
                    for number, (theirs, _) in reversed(open_now.items())
                    if number not in taken and wanted and its[0].customer and theirs[0].customer == its[0].customer
                    and theirs[0].at <= its[0].at
                    and units_by_sku((line.key, line.qty) for line in theirs if not line.is_service) == wanted
                ),
                None,
            )  # fmt: skip
            if number is None:
                later.append(its)
                continue
            taken.add(number)
            calls.append(Call(f"{API}/orders/{number}/cancel?channel={CHANNEL}"))
            whose.append((its, number))
        for (its, number), said in zip(whose, self._clients.run(calls), strict=True):
            if not said.is_ok:
                self.broken.append(f"cancel {number}: {said.kept}")
            self._end(its, "cancels an order" if said.is_ok else f"refused: {said.kept}")
            self._end(open_now.pop(number)[0], "cancelled before it left")
            self._orders.pop(number)
        return later

    def _ship(self, on: str, open_now: dict[str, tuple[list[Line], dict[str, int]]]) -> None:
        """All that is promised leaves in the evening; what orders still wait for is asked about each evening."""
        ready: dict[str, dict[str, int]] = {}
        for number, (its, promised) in open_now.items():
            wanted = sum(line.qty for line in its if not line.is_service)
            if sum(promised.values()) < wanted:
                self._waiting.add(number)
            elif wanted:
                ready[number] = promised
        asked = sorted(self._waiting)
        for number, said in zip(
            asked,
            self._clients.run([
                Call(f"{API}/orders/{number}?channel={CHANNEL}", None, "allocated", "GET") for number in asked
            ]),
            strict=True,
        ):  # fmt: skip
            self._all_well("order", [said])
            if said.kept:
                ready[number] = said.kept
        numbers = sorted(ready)
        calls = []
        for number in numbers:
            self._numbers[number] += 1
            calls.append(
                Call(f"{API}/shipments", {
                    "external_id": f"{number}/{self._numbers[number]}", "order": number, "channel": CHANNEL,
                    "shipped_at": f"{on}T18:00:00+00:00", "carrier": "POST",
                    "tracking_number": f"T{number}{self._numbers[number]:02d}",
                    "lines": [{"sku": sku, "qty_each": qty_each} for sku, qty_each in ready[number].items()],
                }, "layers")
            )  # fmt: skip
        gone: Counter[str] = Counter()
        told = self._clients.run(calls)
        self._all_well("shipment", told)
        for number, said in zip(numbers, told, strict=True):
            if not said.is_ok:
                continue
            its = self._orders[number]
            keeps = its[0].customer in self._returning
            if keeps and number not in self._left:
                self._left[number] = defaultdict(list)
                self._of_customer[its[0].customer].append(number)
            for sku, layer, qty_each, day in said.kept:
                self._by_layer[layer] -= qty_each
                self._shipped[number][sku] += qty_each
                gone[sku] += qty_each
                if keeps:
                    self._left[number][sku].append([day, layer, qty_each])
                    self._outside.pop((number, sku), None)
            wanted = sum(line.qty for line in its if not line.is_service)
            if sum(self._shipped[number].values()) == wanted:
                self._waiting.discard(number)
        for sku, qty_each in gone.items():
            self._take_oldest(sku, qty_each)

    def _return(self, day: Day, documents: Sequence[list[Line]]) -> None:
        """What comes back of orders that left: a receipt for each order, its goods in storage the same evening."""
        receipts: list[tuple[str, str, dict[str, int], list[Line]]] = []
        for its in documents:
            of_order: dict[str, tuple[dict[str, int], list[Line]]] = {}
            for line in its:
                bought = [] if line.is_service else self._bought(line)
                if not bought:
                    self.became[line.place] = "refused: " + (
                        "nothing of a service comes back" if line.is_service
                        else "more than this customer still has" if line.customer
                        else "nobody says whose order it was"
                    )  # fmt: skip
                for number, qty_each in bought:
                    units, lines = of_order.setdefault(number, ({}, []))
                    units[line.key] = units.get(line.key, 0) + qty_each
                    lines.append(line)
            for turn, (number, (units, lines)) in enumerate(of_order.items(), start=1):
                receipts.append((f"{its[0].document}-{turn}", number, units, lines))
        announced = self._clients.run([
            Call(f"{API}/receipts", {
                "number": receipt, "kind": "return", "order": number, "channel": CHANNEL, "received_on": day.on,
                "lines": [{"sku": sku, "qty_each": qty_each} for sku, qty_each in units.items()],
            })
            for receipt, number, units, _ in receipts
        ])  # fmt: skip
        self._all_well("return", announced)
        arrived = self._clients.run([
            Call(f"{API}/receipts/{receipt}/arrivals", {
                "external_id": f"arrival/{receipt}", "closes": True,
                "lines": [{"sku": sku, "qty_each": qty_each, "location": self._place(sku)}
                          for sku, qty_each in units.items()],
            }, "layers")
            for receipt, _, units, _ in receipts
        ])  # fmt: skip
        self._all_well("returned goods", arrived)
        for (_, number, units, lines), said in zip(receipts, arrived, strict=True):
            self._end(lines, "returned" if said.is_ok else f"refused: {said.kept}")
            for _, layer, qty_each, _ in said.kept if said.is_ok else ():
                self._by_layer[layer] += qty_each
            for sku, qty_each in units.items() if said.is_ok else ():
                self._come_back(number, sku, qty_each)

    def _bought(self, line: Line) -> list[tuple[str, int]]:
        """The customer's last orders that the units of a line may be of; nothing when fewer of them are outside."""
        wanted_each, parts = -line.qty, []
        for number in reversed(self._of_customer.get(line.customer, ())):
            there_each = self._outside.setdefault(
                (number, line.key), sum(part[2] for part in self._left[number].get(line.key, ()))
            )
            part_each = min(wanted_each, there_each)
            if part_each:
                parts.append((number, part_each))
                wanted_each -= part_each
            if not wanted_each:
                break
        if wanted_each:
            return []
        for number, part_each in parts:
            self._outside[number, line.key] -= part_each
        return parts

    def _come_back(self, number: str, sku: str, qty_each: int) -> None:
        """Units count from the day they first came; which they were is what left first."""
        ages = self._by_age[sku]
        for part in sorted(self._left[number][sku]):
            part_each = min(qty_each, part[2])
            part[2] -= part_each
            qty_each -= part_each
            if part_each:
                ages[part[0]] = ages.get(part[0], 0) + part_each

    def _adjust(self, day: Day) -> None:
        calls, whose = [], []
        for line in day.adjustments:
            if line.qty == 0 or line.is_service:
                self.became[line.place] = "refused: nothing of a service lies here"
                continue
            whose.append(line)
            calls.append(
                Call(f"{API}/stock/adjust", {
                    "location": self._place(line.key), "sku": line.sku, "qty_each": abs(line.qty), "why": line.why,
                    "reference": f"{line.document}/{line.place}",
                }, "changed")
            )  # fmt: skip
        # One after the other where they are of one item: which came first decides what the second finds.
        for some in _apart(list(zip(whose, calls, strict=True))):
            for (line, _), said in zip(some, self._clients.run([call for _, call in some]), strict=True):
                if not said.is_ok:
                    self.became[line.place] = f"refused: {said.kept}"
                    continue
                self.became[line.place] = "adjusted"
                for sku, layer, qty_each, on in said.kept:
                    if line.qty < 0:
                        self._by_layer[layer] -= qty_each
                    else:
                        self._came(sku, layer, qty_each, on)
                if line.qty < 0:
                    self._take_oldest(line.key, -line.qty)

    # --- the book beside the book ------------------------------------------------------------------------------

    def _came(self, sku: str, layer: int, qty_each: int, on: str) -> None:
        self._by_layer[layer] += qty_each
        self._by_age[sku][on] = self._by_age[sku].get(on, 0) + qty_each

    def _take_oldest(self, sku: str, qty_each: int) -> None:
        ages = self._by_age[sku]
        for on in sorted(ages):
            part_each = min(qty_each, ages[on])
            ages[on] -= part_each
            qty_each -= part_each
            if not ages[on]:
                del ages[on]
            if not qty_each:
                return
        self.broken.append(f"{qty_each} more of {sku} left than ever came")

    def compare(self) -> tuple[int, int]:
        """(layers, ages) whose units the stock and the books beside it tell apart."""
        by_layer: Counter[int] = Counter()
        by_age: Counter[tuple[str, str]] = Counter()
        after = ""
        while after is not None:
            (said,) = self._clients.run([
                Call(f"{API}/stock?limit=5000" + (f"&after={after}" if after else ""), None, "rows", "GET")
            ])  # fmt: skip
            found, after = said.kept
            for row in found:
                by_layer[row["layer"]] += row["on_hand_each"]
                by_age[row["sku"].upper(), row["received_on"]] += row["on_hand_each"]
                if row["allocated_each"] or row["status"] != "available":
                    self.broken.append(f"layer {row['layer']} is {row['status']}, {row['allocated_each']} promised")
        mine = Counter({(sku, on): n for sku, ages in self._by_age.items() for on, n in ages.items()})
        return _different(by_layer, self._by_layer), _different(by_age, mine)

    def _place(self, sku: str) -> str:
        return bin_of(self._place_of[sku])

    def _end(self, its: Sequence[Line], outcome: str) -> None:
        for line in its:
            self.became[line.place] = outcome

    def _all_well(self, what: str, told: Sequence[Said]) -> None:
        self.broken += [f"{what}: {said.status} {said.kept}" for said in told if not said.is_ok]


def bin_of(place: int) -> str:
    """The location of an item: one each, by its place among all."""
    return f"B-{place:05d}"


def _apart(parts: list[tuple[Line, Call]]) -> Iterator[list[tuple[Line, Call]]]:
    """The same calls in rounds, none of which has an item twice."""
    turns: dict[str, int] = {}
    rounds: list[list[tuple[Line, Call]]] = []
    for line, call in parts:
        turn = turns.get(line.key, 0)
        turns[line.key] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append((line, call))
    return iter(rounds)


def _different(one: Counter[Any], other: Counter[Any]) -> int:
    return sum(one[key] != other[key] for key in {*one, *other})
