"""Unloading deliveries and putting goods away, as the screen proposes."""

from __future__ import annotations

from collections import deque

from simulators.client import Outcome, ScanStation
from simulators.workers.person import Person


class Receiver(Person):
    """Who stands at the dock and carries goods into storage."""

    def receive(self, receipt_barcode: str, supplier: str) -> None:
        """Unload one delivery: what lies on the pallet is scanned, counted and set down at the dock."""
        self._walk(self.dock)
        kiosk = self._enter("receive", "RECEIVE")
        self._scan(kiosk, receipt_barcode, must=True)
        while piles := self._world.look(supplier):
            self._check_stop()
            pile = piles[0]
            self._handle(self.floor.handling.stow_s)
            outcome = self._receive_scan(kiosk, pile.sku, pile.qty_each)
            if not outcome.is_applied:
                raise self._stuck(f"receiving {pile.qty_each} of {pile.sku}: {outcome.code}", kiosk.step)
            self._world.move(supplier, self.dock, pile.sku, pile.qty_each, pile.received_on)
            with self._gear.lock:
                waiting = self._gear.docks.setdefault(self.dock, deque())
                if pile.sku not in waiting:
                    waiting.append(pile.sku)
        if kiosk.step.at == "receive.item":
            self._command(kiosk, "DONE")

    def _receive_scan(self, kiosk: ScanStation, sku: str, qty_each: int) -> Outcome:
        item = self.floor.item(sku)
        if item.case_barcode and qty_each == item.case_qty_each:
            return self._scan(kiosk, item.case_barcode)  # one sealed case: its own barcode says how many
        return self._scan(kiosk, self.floor.barcode(sku), qty_each)

    def put_away(self, sku: str) -> bool:
        """Carry all of one SKU from the dock to where the screen says. False when it cannot be placed now."""
        kiosk = self._enter("putaway", "PUTAWAY")
        while self._world.count(self.dock, sku):
            self._check_stop()
            self._walk(self.dock)
            if kiosk.step.at == "putaway.item":
                outcome = self._scan(kiosk, self.floor.barcode(sku))
                if not outcome.is_applied:
                    return False
            if kiosk.step.at != "putaway.location":
                raise self._stuck("putaway", kiosk.step)
            if not self._stow(kiosk, sku):
                return False
        return True

    def _stow(self, kiosk: ScanStation, sku: str) -> bool:
        fields = kiosk.step.fields
        location, qty_each = fields["location"], int(fields["qty_each"])
        there = str(location["code"])
        received_on = self._date_of(self.dock, sku, fields.get("received_on"))
        self._gear.sign(there, location.get("barcode"))
        self._world.move(self.dock, self._hands, sku, qty_each, received_on)
        self._walk(there)
        self._handle(self.floor.handling.stow_s)
        if self.errs.would_err("wrong_bin"):
            self._scan_wrong_sign(kiosk, there)
            if not self._world.count(self._hands):
                return True  # the floor allowed that bin, so there they lie
        outcome = self._scan(kiosk, self._gear.signs[there], qty_each)
        if outcome.is_applied:
            self._world.move_all(self._hands, there)
            return True
        self.floor.surprises.note(f"{self.name}: {qty_each} of {sku} refused at {there}: {outcome.code}")
        self._command(kiosk, "BACK")
        self._walk(self.dock)
        self._world.move_all(self._hands, self.dock)
        return False
