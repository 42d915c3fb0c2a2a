"""Unloading deliveries and putting goods away, as the screen proposes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from simulators.client import Outcome, ScanStation
from simulators.workers.person import Person
from simulators.world import Pile, pallet_place


class Receiver(Person):
    """Who stands at the dock and carries goods into storage."""

    def receive(self, receipt_barcode: str, supplier: str, pallets: Iterable[str] = ()) -> None:
        """Unload one delivery: pallets by their label, the rest scanned, counted and set down at the dock."""
        self._walk(self.dock)
        kiosk = self._enter("receive", "RECEIVE")
        self._scan(kiosk, receipt_barcode, must=True)
        for sscc in pallets:
            self._receive_pallet(kiosk, sscc, supplier)
        while piles := self._world.look(supplier):
            self._check_stop()
            self._receive_pile(kiosk, supplier, piles[0])
        if kiosk.step.at == "receive.item":
            self._command(kiosk, "DONE")
        if kiosk.step.at == "receive.confirm":
            self._command(kiosk, "CONFIRM", must=True)

    def _receive_pallet(self, kiosk: ScanStation, sscc: str, supplier: str) -> None:
        """One scan takes in all its advice names; what stands on it is not looked at."""
        outcome = self._scan(kiosk, f"00{sscc}")
        if outcome.is_applied:
            self._gear.pallets.setdefault(self.dock, deque()).append(sscc)
            return
        self.floor.surprises.note(f"{self.name}: pallet {sscc}: {outcome.code}")
        self._world.move_all(pallet_place(sscc), supplier)

    def _receive_pile(self, kiosk: ScanStation, supplier: str, pile: Pile) -> None:
        self._handle(self.floor.handling.stow_s)
        keyed_each = pile.qty_each
        if keyed_each > 2 and not pile.mark.startswith("21") and self.errs.would_err("miscount_receipt"):
            keyed_each += self.errs.dice.choice((-1, 1))
            detail = f"{keyed_each} for {pile.qty_each}"
            self.errs.log.note("miscount_receipt", self.name, place=supplier, sku=pile.sku, detail=detail)
        outcome = self._receive_scan(kiosk, pile, keyed_each)
        if outcome.code in ("over_receipt", "wrong_item"):
            outcome = self._receive_over(kiosk, pile, keyed_each, outcome)
        if not outcome.is_applied:
            raise self._stuck(f"receiving {keyed_each} of {pile.sku}: {outcome.code}", kiosk.step)
        self._world.move(supplier, self.dock, pile.sku, pile.qty_each, pile.received_on, pile.mark)
        self._waits_at_dock(pile.sku)

    def _receive_scan(self, kiosk: ScanStation, pile: Pile, qty_each: int) -> Outcome:
        item = self.floor.item(pile.sku)
        if item.case_barcode and qty_each == item.case_qty_each and not pile.mark:
            return self._scan(kiosk, item.case_barcode)  # one sealed case: its own barcode says how many
        return self._scan(kiosk, self.floor.code(pile.sku, pile.mark), qty_each)

    def _receive_over(self, kiosk: ScanStation, pile: Pile, keyed_each: int, refused: Outcome) -> Outcome:
        """More than announced, or nobody announced it: the announced part first, then the rest with a reason."""
        left_each = int(refused.expected) if str(refused.expected).isdigit() else 0
        if refused.code == "over_receipt" and 0 < left_each < keyed_each:
            outcome = self._receive_scan(kiosk, pile, left_each)
            if not outcome.is_applied:
                return outcome
            keyed_each -= left_each
        self._command(kiosk, "OVER", must=True)
        self._give_reason(kiosk, "SUPPLIER-OVER" if refused.code == "over_receipt" else "UNANNOUNCED")
        return self._receive_scan(kiosk, pile, keyed_each)

    def _waits_at_dock(self, sku: str) -> None:
        with self._gear.lock:
            waiting = self._gear.docks.setdefault(self.dock, deque())
            if sku not in waiting:
                waiting.append(sku)

    def put_away_pallet(self, sscc: str) -> None:
        """A pallet of one item goes into its place as it stands; a mixed one is taken apart at the dock."""
        kiosk = self._enter("putaway", "PUTAWAY")
        outcome = self._scan(kiosk, f"00{sscc}")
        if not outcome.is_applied:
            raise self._stuck(f"pallet {sscc}: {outcome.code}", kiosk.step)
        here = pallet_place(sscc)
        if kiosk.step.at == "putaway.tote":
            self._cross_dock(kiosk, here)
        elif kiosk.step.at == "putaway.location":
            self._stow(kiosk, self._sku_here(kiosk.step.fields), here)
        for pile in self._world.look(here):
            self._world.move(here, self.dock, pile.sku, pile.qty_each, pile.received_on, pile.mark)
            self._waits_at_dock(pile.sku)

    def put_away(self, sku: str) -> bool:
        """Carry all of one SKU from the dock to where the screen says. False when it cannot be placed now."""
        kiosk = self._enter("putaway", "PUTAWAY")
        last = ""
        while self._world.count(self.dock, sku):
            self._check_stop()
            self._walk(self.dock)
            if kiosk.step.at == "putaway.item":
                mark = next(pile.mark for pile in self._world.look(self.dock) if pile.sku == sku)
                outcome = self._scan(kiosk, self.floor.code(sku, mark))
                if outcome.code == "nothing_here" and self._believes_in_errors:
                    # More stands here than was received: it goes along with the rest, and is not counted.
                    return self._take_along(sku, last)
                if not outcome.is_applied:
                    return False
            if kiosk.step.at == "putaway.tote":
                self._cross_dock(kiosk, self.dock)
                continue
            if kiosk.step.at != "putaway.location":
                raise self._stuck("putaway", kiosk.step)
            last = str(kiosk.step.fields["location"]["code"])
            if not self._stow(kiosk, sku, self.dock):
                return False
        return True

    def still_at_dock(self) -> tuple[str, int] | None:
        """What the screen believes to wait at the dock when nothing does: an item and how many."""
        kiosk = self._enter("putaway", "PUTAWAY")
        following = kiosk.step.fields.get("next")
        if kiosk.step.at != "putaway.item" or not following or self._world.count(self.dock):
            return None
        return self._sku_of(following), int(following["qty_each"])

    @property
    def _believes_in_errors(self) -> bool:
        return self.errs.rates.miscount_receipt > 0 or self.errs.rates.mixed_pallet > 0

    def _take_along(self, sku: str, last: str) -> bool:
        if last:
            for pile in self._world.look(self.dock):
                if pile.sku == sku:
                    self._world.move(self.dock, last, sku, pile.qty_each, pile.received_on, pile.mark)
        else:
            self._set_aside(self.dock, sku, self._world.count(self.dock, sku))
        return True

    def _stow(self, kiosk: ScanStation, sku: str, here: str) -> bool:
        """Carry what the screen asks from `here` (the dock, a pallet) to the place it names."""
        fields = kiosk.step.fields
        location, qty_each = fields["location"], int(fields["qty_each"])
        there = str(location["code"])
        self._gear.sign(there, location.get("barcode"))
        self._take_up(here, sku, qty_each, self._date_of(here, sku, fields.get("received_on")))
        self._walk(there)
        self._handle(self.floor.handling.stow_s)
        if self.errs.would_err("wrong_bin"):
            self._scan_wrong_sign(kiosk, there)
            if kiosk.step.at != "putaway.location":
                return True  # the floor allowed that bin, so there they lie
        outcome = self._scan(kiosk, self._gear.signs[there], qty_each)
        if outcome.is_applied:
            self._world.move_all(self._hands, self._where_it_lands(there, sku))
            return True
        self.floor.surprises.note(f"{self.name}: {qty_each} of {sku} refused at {there}: {outcome.code}")
        self._command(kiosk, "BACK")
        self._walk(self.dock)
        self._world.move_all(self._hands, here)
        return False

    def _take_up(self, here: str, sku: str, qty_each: int, received_on: str | None) -> None:
        """Into the hands; a whole pallet as it stands, whatever else the supplier put on it."""
        if here.startswith("pallet:") and qty_each >= self._world.count(here, sku):
            self._world.move_all(here, self._hands)
            return
        if not self._believes_in_errors:
            self._world.move(here, self._hands, sku, qty_each, received_on)
            return
        self._take(here, sku, qty_each, received_on)

    def _cross_dock(self, kiosk: ScanStation, here: str) -> None:
        """An order waits for just these goods: into a tote, and the tote to staging."""
        fields = kiosk.step.fields
        sku, qty_each = self._sku_here(fields), int(fields["qty_each"])
        tote = self._take_empty_tote()
        outcome = self._scan(kiosk, tote)
        if not outcome.is_applied:
            self._gear.empty_totes.append(tote)
            raise self._stuck(f"cross-docking into {tote}: {outcome.code}", kiosk.step)
        self._take(here, sku, qty_each, None)
        self._stand_at_staging(tote, str(fields.get("order") or ""))
