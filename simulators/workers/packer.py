"""Packing totes into boxes at a bench, labelling them and carrying them into their lane."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from simulators.catalogue import CatalogueItem
from simulators.client import Outcome, Step
from simulators.workers.floor import Bench
from simulators.workers.person import Person, whole
from simulators.world import (
    StagedTote,
    box_place,
    parcel_place,
    totals,
    tote_place,
)

LABEL_TIMEOUT_S = 60.0
FETCH_TIMEOUT_S = 5.0

class Packer(Person):
    """Who stands at a bench."""

    def pack(self, bench: Bench, tote: StagedTote) -> bool:
        """Pack what is in one tote (and what follows from it). False when the bench will not have it yet."""
        self._stand_at(bench)
        if bench.station.step.at != "pack.tote":
            self._finish_bench(bench)  # somebody left it in the middle
        outcome = self._scan(bench.station, tote.barcode)
        if not outcome.is_applied:
            return self._tote_refused(tote, outcome)
        bench.tote = tote.barcode
        bench.order = str(bench.station.step.fields.get("order") or tote.order)
        self._finish_bench(bench)
        return True

    def close_carton(self, bench: Bench) -> None:
        """An open carton waits at this bench for a tote that does not come: close it with what is in it."""
        if bench.station.step.at == "pack.tote" and bench.station.refresh().expected("command", "CLOSE"):
            self._stand_at(bench)
            bench.order = str(bench.station.step.fields.get("order") or bench.order)
            self._command(bench.station, "CLOSE", must=True)
            self._finish_bench(bench)

    def _finish_bench(self, bench: Bench) -> None:
        """Do what the screen asks until it asks for another tote."""
        kiosk = bench.station
        while kiosk.step.at != "pack.tote":
            self._check_stop()
            self._watch_progress(kiosk.step)
            match kiosk.step.at:
                case "pack.item":
                    self._take_tote_on_screen(bench)
                    self._pack_item(bench, tote_place(bench.tote))
                case "pack.weigh":
                    self._weigh(bench)
                case "pack.label":
                    self._label(bench)
                case "pack.lane":
                    self._carry_to_lane(bench)
                case _:
                    raise self._stuck("packing", kiosk.step)
        if kiosk.step.fields.get("notice") == "order_waits":
            self._wait_with_what_is_packed(bench, kiosk.step.fields["tote"]["barcode"])
        elif bench.tote:
            self._clear_tote(tote_place(bench.tote))
        bench.tote = ""

    def _wait_with_what_is_packed(self, bench: Bench, tote: str) -> None:
        """The order ships whole, and something is missing: out of the box again, back to staging."""
        for pile in self._world.look(tote_place(tote)):
            self._set_aside(tote_place(tote), pile.sku, pile.qty_each)
        self._world.move_all(box_place(bench.place, bench.order), tote_place(tote))
        self._gear.staged.append(StagedTote(tote, bench.order, is_tried_last=True))

    def _take_tote_on_screen(self, bench: Bench) -> None:
        """The order goes on in its next tote: clear the last one away and fetch that from staging."""
        fields = bench.station.step.fields
        bench.order = str(fields.get("order") or bench.order)
        tote = fields.get("tote")
        barcode = tote.get("barcode") if isinstance(tote, Mapping) else tote
        if not isinstance(barcode, str) or not barcode.startswith("T-") or barcode == bench.tote:
            return
        if bench.tote:
            self._clear_tote(tote_place(bench.tote))
        self._fetch_staged(barcode)
        if self.floor.adopt_tote is not None:
            self.floor.adopt_tote(barcode)
        bench.tote = barcode
        if bench.station.step.prompt == "fetch_tote":
            self._walk_to_staging_and_back(bench)
            self._scan(bench.station, barcode)

    def _fetch_staged(self, tote: str) -> None:
        """Take this very tote; if a colleague has it in hand, the floor will send it back to staging."""
        deadline = time.monotonic() + FETCH_TIMEOUT_S
        while self._gear.take_staged(tote) is None and time.monotonic() < deadline:
            self._check_stop()
            time.sleep(0.01)

    def _walk_to_staging_and_back(self, bench: Bench) -> None:
        staging = self.floor.plan.codes("staging")
        if staging:
            self._walk(staging[0])
        self._walk(bench.place)

    def _tote_refused(self, tote: StagedTote, outcome: Outcome) -> bool:
        match outcome.code:
            case "order_still_picking" | "order_on_hold" | "tote_in_use":
                tote.tries += 1
                tote.not_before = time.monotonic() + min(0.1 * 2**tote.tries, 5.0)
                self._gear.staged.append(tote)
            case "order_cancelled":
                self._gear.to_put_back.append(tote.barcode)
            case "tote_empty":
                self._clear_tote(tote_place(tote.barcode))
            case _:
                raise self._stuck(f"tote {tote.barcode} at the bench: {outcome.code}", Step("pack", "tote"))
        return False

    def _pack_item(self, bench: Bench, place: str) -> None:
        kiosk, box = bench.station, box_place(bench.place, bench.order)
        lying = totals(self._world.look(place))
        if not lying:
            self._command(kiosk, "MISSING", must=True)
            return
        asked = self._sku_of(kiosk.step.fields.get("next"))
        sku = asked if asked in lying else next(iter(lying))
        there_each = lying[sku]
        item = self.floor.item(sku)
        barcode, keyed, qty_each = self._how_to_scan(kiosk.step, item, there_each)
        mark = next((pile.mark for pile in self._world.look(place) if pile.sku == sku), "")
        if mark.startswith("21"):  # each unit by the serial on it
            barcode, keyed, qty_each = self.floor.code(sku, mark), None, 1
        if self.errs.would_err("over_count_at_bench") and keyed is not None:
            self.errs.log.note("over_count_at_bench", self.name, place=place, sku=sku)
            units_left = int(kiosk.step.fields.get("units_left") or 0)
            self._expect_refusal(kiosk, barcode, max(units_left, keyed) + 1)
            if kiosk.step.at != "pack.item":
                return
        self._handle(self.floor.handling.take_more_s * qty_each + self.floor.handling.put_s)
        outcome = self._scan(kiosk, barcode, keyed)
        if outcome.is_applied:
            self._world.move(place, box, sku, qty_each, None, mark if mark.startswith("21") else None)
            return
        self._pack_refused(bench, place, item, there_each, outcome)

    def _how_to_scan(self, step: Step, item: CatalogueItem, there_each: int) -> tuple[str, int | None, int]:
        """Barcode, keyed quantity, and how many units that is. Few are scanned one by one, many counted."""
        sku_barcode = item.each_barcode or item.sku
        each_max = int(step.fields.get("scan_each_max") or item.scan_each_max or 0)
        if there_each <= max(each_max, 1):
            return sku_barcode, None, 1
        fits = step.fields.get("fits_each")
        expected = step.fields.get("next") or {}
        if isinstance(fits, int) and str(expected.get("sku", item.sku)).upper() == item.sku.upper():
            there_each = max(1, min(there_each, fits))
        if item.case_barcode and there_each == item.case_qty_each:
            return item.case_barcode, None, item.case_qty_each
        if there_each <= each_max:
            return sku_barcode, None, 1
        return sku_barcode, there_each, there_each

    def _pack_refused(
        self, bench: Bench, place: str, item: CatalogueItem, there_each: int, outcome: Outcome
    ) -> None:
        kiosk, box = bench.station, box_place(bench.place, bench.order)
        match outcome.code:
            case "wrong_item":
                self._set_aside(place, item.sku, there_each)
            case "too_many":
                wanted_each = whole(outcome.expected)
                if wanted_each and wanted_each < there_each:
                    self._set_aside(place, item.sku, there_each - wanted_each)
                elif wanted_each and there_each > 1:
                    raise self._stuck(
                        f"{there_each} of {item.sku} refused as too many of {wanted_each}", kiosk.step
                    )
                else:
                    self._set_aside(place, item.sku, there_each)
            case "scan_each" | "bad_quantity":
                again = self._scan(kiosk, self.floor.barcode(item.sku))
                if not again.is_applied:
                    raise self._stuck(f"one {item.sku} refused: {again.code}", kiosk.step)
                self._world.move(place, box, item.sku, 1)
            case "parcel_full":
                fits_each = whole(outcome.expected)
                if fits_each and fits_each < there_each:
                    again = self._scan_units(kiosk, item.sku, fits_each)
                    if again.is_applied:
                        self._world.move(place, box, item.sku, fits_each)
                        return
                self._command(kiosk, "NEWPARCEL", must=True)
                self._command(kiosk, "CONFIRM", must=True)
            case "order_cancelled":
                self._gear.to_put_back.append(bench.tote)
                bench.tote = ""
            case _:
                raise self._stuck(f"packing {item.sku}: {outcome.code}", kiosk.step)

    def _weigh(self, bench: Bench) -> None:
        """Set the box on the scale and key what it says: the carton on the screen, and what really lies in it."""
        kiosk = bench.station
        carton = kiosk.step.fields.get("carton") or {}
        lying = totals(self._world.look(box_place(bench.place, str(kiosk.step.fields.get("order") or bench.order))))
        goods_g = sum(self.floor.item(sku).weight_g * qty_each for sku, qty_each in lying.items())
        self._handle(self.floor.handling.put_s + self.floor.handling.key_s)
        outcome = self._scan(kiosk, f"{max(1, goods_g + int(carton.get('tare_g', 0)))} g")
        if not outcome.is_applied:
            raise self._stuck(f"the box at {bench.place} was refused by its weight: {outcome.code}", kiosk.step)

    def _label(self, bench: Bench) -> None:
        """Close the box, take the label that came out, stick it on, scan what is on the box now."""
        kiosk = bench.station
        self._handle(self.floor.handling.close_box_s)
        barcode = bench.tray.take(LABEL_TIMEOUT_S, self._pace.stop)
        self._check_stop()
        again = next((command for command in ("REPRINT", "NO") if self._can(kiosk.step, command)), "")
        if barcode is None and again:
            self._command(kiosk, again)
            if kiosk.step.at == "pack.reprint":
                self._scan(kiosk, kiosk.step.expected("reason") or "")
            barcode = bench.tray.take(LABEL_TIMEOUT_S, self._pace.stop)
            self._check_stop()
        if barcode is None:
            raise self._stuck(f"no label came out at {bench.place} in {LABEL_TIMEOUT_S:.0f} s", kiosk.step)
        self._handle(self.floor.handling.stick_label_s)
        order = str(kiosk.step.fields.get("order") or bench.order)
        outcome = self._scan(kiosk, barcode)
        if outcome.is_applied:
            self._world.move_all(box_place(bench.place, order), parcel_place(barcode))
            if order:
                self.floor.parcel_orders[barcode] = order
        elif (
            outcome.code != "wrong_label"
        ):  # an old label still lay in the tray: it goes to the bin, take the next
            raise self._stuck(f"label {barcode}: {outcome.code}", kiosk.step)

    def _carry_to_lane(self, bench: Bench) -> None:
        kiosk = bench.station
        lane = kiosk.step.fields["lane"]
        self._gear.sign(str(lane["code"]), lane.get("barcode"))
        parcel = kiosk.step.fields.get("parcel") or {}
        self._walk(str(lane["code"]))
        outcome = self._scan(kiosk, self._gear.signs[str(lane["code"])])
        if not outcome.is_applied:
            raise self._stuck(f"lane {lane['code']}: {outcome.code}", kiosk.step)
        with self._gear.lock:
            self._gear.lanes.setdefault(str(lane["code"]), []).append(_sscc(parcel))
        self._walk(bench.place)

    def _stand_at(self, bench: Bench) -> None:
        self._walk(bench.place)
        kiosk = bench.station
        self._sign_in(kiosk, bench.signed_in)
        bench.signed_in = self.name
        if kiosk.step.flow != "pack":
            self._command(kiosk, "PACK", must=True)


def _sscc(parcel: Mapping[str, Any]) -> str:
    """A parcel's label as scanned: `00` and 18 digits, whatever brackets the screen writes around the AI."""
    digits = "".join(c for c in str(parcel.get("barcode") or parcel.get("number") or "") if c.isdigit())
    return digits if len(digits) == 20 else f"00{digits}"
