"""What the day came to: orders, ledger, world against database, labels; and planted faults."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from simulators import label_reader
from simulators.catalogue import Order
from simulators.client import FloorHttp, ServerRefused
from simulators.report import add_tallies
from simulators.shift.options import (
    number_of,
)
from simulators.shift.state import ShiftState
from simulators.workers import Worker


class Judgement(ShiftState):
    """The judge at the end of the day."""

    def _lose_a_unit(self) -> None:
        """One unit is gone from a bin nobody works at any more."""
        bins = sorted(p for p in self.world.places(where=self._is_storage) if p in self.gear.signs)
        if not bins:
            self.report.failures.append("lost-unit: no bin with stock left to lose a unit from")
            return
        place = self._dice.choice(bins)
        pile = self._dice.choice(self.world.look(place))
        self.world.lose(place, pile.sku, 1, pile.received_on)
        self.report.planted = {"plant": "lost-unit", "location": place, "sku": pile.sku}

    def _find_lost_unit(self) -> None:
        """A wall-to-wall count, by the count flow, must find the unit; before, the books disagree."""
        planted = self.report.planted
        if self.options.plant != "lost-unit" or planted is None:
            return
        before = {(d.place, d.sku) for d in self._compare(self._admin()).differences}
        locations = deque(
            sorted(p for p in self.world.places(where=self._is_storage) if p in self.gear.signs)
        )

        def count_all(worker: Worker) -> None:
            while locations:
                with contextlib.suppress(IndexError):
                    self.report.counts_done += worker.count(locations.popleft())

        self._timed("wall_to_wall", lambda: self._all_hands(count_all))
        self.errors.note("lost_unit", "plant", place=str(planted["location"]), sku=str(planted["sku"]))
        after = {(d.place, d.sku) for d in self._compare(self._admin()).differences}
        where = (planted["location"], planted["sku"])
        self.report.planted_found = where in before and where not in after

    def _judge(self) -> None:
        api = self._admin()
        report = self.report
        report.waves = len(self._waves)
        report.hand_overs = self.gear.hand_overs
        add_tallies(report, (station.tally for station in self._stations))
        shipping_s = sum(report.stage_s.get(k, 0.0) for k in ("receive", "putaway", "ship"))
        report.scans_per_s = round(report.scans / shipping_s, 1) if shipping_s else 0.0
        report.walked_dm = sum(worker.walked_dm for worker in self.crew)
        report.errors_injected = dict(self.errors.by_kind())
        report.surprises = list(self.surprises.entries)
        self._add_walks(api)
        self._add_orders(api)
        self._add_audits(api)
        self._add_labels()
        self._find_failures()

    def _add_walks(self, api: FloorHttp) -> None:
        report = self.report
        for number in self._waves:
            wave = api.get(f"/api/v1/waves/{number}")
            report.walk_dm += int(wave["distance_dm"])
            report.walk_s_shape_dm += int(wave["s_shape_dm"])
            report.walk_location_order_dm += int(wave["location_order_dm"])
            report.walk_fifo_s_shape_dm += int(wave["fifo_s_shape_dm"])
            report.tours += len(wave["tours"])
            report.tours_proven += int(wave["proven_tours"])
            report.tours_planned_again += sum(tour["replans"] > 0 for tour in wave["tours"])

    def _add_orders(self, api: FloorHttp) -> None:
        """What each customer was owed against what is really on the trucks."""
        delivered = self._delivered()
        services = {it.sku for it in self.goods.items if it.is_service}
        report = self.report
        for order in self.goods.book.orders:
            try:
                state = str(api.get(f"/api/v1/orders/{quote(order.number)}")["state"])
            except ServerRefused as refused:
                if refused.status != 404:
                    raise
                continue
            lines = [line for line in order.lines if line.sku not in services]
            units_each = sum(line.qty_each for line in lines)
            report.orders_imported += 1
            report.lines_imported += len(lines)
            report.units_imported += units_each
            got = delivered.pop(order.number, Counter())
            if state in ("hold", "cancelled") or not lines:
                report.deliveries_wrong += bool(got)
                continue
            self._add_shippable(order, lines, state, got)
        report.deliveries_wrong += len(delivered)

    def _add_shippable(self, order: Order, lines: Sequence[Any], state: str, got: Counter[str]) -> None:
        report = self.report
        owed: Counter[str] = Counter()
        for line in lines:
            owed[line.sku] += line.qty_each
        report.orders_shippable += 1
        report.lines_shippable += len(lines)
        report.units_shippable += owed.total()
        left = got.copy()
        for line in lines:
            served = min(left[line.sku], line.qty_each)
            left[line.sku] -= served
            report.units_shipped += served
            report.lines_shipped += served == line.qty_each
        is_whole = got == owed
        if state == "shipped" and is_whole:
            report.orders_shipped += 1
        else:
            report.orders_short += 1
        report.deliveries_wrong += (state == "shipped") != is_whole or bool(got - owed)
        report.lines_short = report.lines_shippable - report.lines_shipped
        report.units_short = report.units_shippable - report.units_shipped

    def _delivered(self) -> dict[str, Counter[str]]:
        delivered: dict[str, Counter[str]] = {}
        for place in self.world.places(where=lambda p: p.startswith("truck:")):
            parcel = place.rsplit(":", 1)[1]
            order = self._floor.parcel_orders.get(parcel, "?")
            for pile in self.world.look(place):
                delivered.setdefault(order, Counter())[pile.sku] += pile.qty_each
        return delivered

    def _add_audits(self, api: FloorHttp) -> None:
        report = self.report
        audit = api.get("/api/v1/fifo-audit")
        report.fifo_violations = number_of(audit.get("violations"))
        found = audit.get("violations")
        report.fifo_found = found[:20] if isinstance(found, list) else []
        verified = api.get("/api/v1/ledger/verify")
        report.verify_ok = bool(verified["ok"])
        report.verify_found = [str(check) for check in verified.get("checks", ()) if not check["ok"]]
        self.world.check()
        compared = self._compare(api)
        differences = compared.differences
        report.world_differences = len(differences)
        report.dates_explained = compared.dates_explained
        report.differences = [
            {"place": d.place, "sku": d.sku, "received_on": d.received_on}
            | {"world_each": d.world_each, "database_each": d.database_each}
            | {"errors": [f"{e.kind} {e.place} {e.detail}" for e in self.errors.entries if e.sku == d.sku]}
            for d in differences[:100]
        ]
        if self.options.plant == "fifo-break":
            report.planted_found = report.planted is not None and report.fifo_violations > 0

    def _add_labels(self) -> None:
        """Every label that came out, rendered and decoded, must name a parcel it was stuck on, and back."""
        report = self.report
        parcels = set(self._floor.parcel_orders)
        report.parcels = len(parcels)
        report.labels_sent = sum(len(printer.jobs) for printer in self._printers)
        if not self.options.read_labels or not label_reader.can_read():
            return
        paths = [job.path for printer in self._printers for job in printer.jobs]
        reads = label_reader.read_labels(sorted(paths), self.options.read_processes)
        decoded: set[str] = set()
        report.labels_decoded = 0
        for read in reads or ():
            ssccs = {
                digits for text in read.texts if len(digits := _digits(text)) == 20 and digits[:2] == "00"
            }
            report.labels_decoded += len(ssccs) == 1
            decoded |= ssccs
        report.label_mismatches = len(parcels ^ decoded)

    def _find_failures(self) -> None:
        report = self.report
        checks = (
            (report.orders_short > 0, f"{report.orders_short} shippable orders did not ship whole"),
            (not report.verify_ok, "the ledger does not verify"),
            (
                report.world_differences > 0,
                f"{report.world_differences} unexplained differences to the world",
            ),
            (report.deliveries_wrong > 0, f"{report.deliveries_wrong} customers got the wrong goods"),
            (report.fifo_violations > 0 and self.options.plant != "fifo-break", "FIFO was violated"),
            (bool(report.replay_mismatches), "a replayed scan had another outcome"),
            (bool(report.stuck), "a worker could not go on"),
            (report.planted_found is False, "the planted fault was not found"),
            (self.options.plant is not None and report.planted is None, "nothing was planted"),
            (report.label_mismatches > 0, f"{report.label_mismatches} labels and parcels do not pair"),
            (
                report.labels_decoded is not None and report.labels_decoded != report.labels_sent,
                "not every label could be read back",
            ),
        )
        report.failures += [text for is_failed, text in checks if is_failed]
        report.ok = not report.failures


def _digits(text: str) -> str:
    return "".join(c for c in text.removeprefix("]C1") if c.isdigit())
