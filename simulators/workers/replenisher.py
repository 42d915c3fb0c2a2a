"""Bringing the oldest reserve down to the pick faces, task by task."""

from __future__ import annotations

from simulators.client import ScanStation
from simulators.workers.person import Person


class Replenisher(Person):
    """Who refills the pick faces."""

    def replenish(self) -> bool:
        """Do one refill the floor asks for. False when it asks for none."""
        kiosk = self._enter("replenish", "REPLENISH")
        if kiosk.step.at == "replenish.location" and not kiosk.step.fields.get("task"):
            return False
        task = kiosk.step.fields.get("task")
        while kiosk.step.fields.get("task") == task and kiosk.step.flow == "replenish":
            self._check_stop()
            self._watch_progress(kiosk.step)
            match kiosk.step.at:
                case "replenish.location":
                    self._go_to_reserve(kiosk)
                case "replenish.item":
                    self._take_down(kiosk)
                case "replenish.target":
                    self._fill_face(kiosk)
                case _:
                    raise self._stuck("replenishing", kiosk.step)
        return True

    def _go_to_reserve(self, kiosk: ScanStation) -> None:
        place = kiosk.step.fields["from"]
        self._gear.sign(str(place["code"]), place.get("barcode"))
        self._walk(str(place["code"]))
        if not self._scan(kiosk, self._gear.signs[str(place["code"])]).is_applied:
            self._command(kiosk, "SKIP", must=True)

    def _take_down(self, kiosk: ScanStation) -> None:
        fields = kiosk.step.fields
        here, sku = str(fields["from"]["code"]), self._sku_here(fields)
        left_each = int(fields.get("left_each") or fields["qty_each"])
        date = self._date_of(here, sku, fields.get("received_on"))
        found_each = self._take(here, sku, left_each, date)
        task = fields.get("task")
        if found_each:
            piles = [pile for pile in self._world.look(self._hands) if pile.sku == sku]
            for mark in dict.fromkeys(pile.mark for pile in piles):
                qty_each = sum(pile.qty_each for pile in piles if pile.mark == mark)
                outcome = self._scan_units(kiosk, sku, qty_each, mark)
                if not outcome.is_applied:
                    self._world.move(self._hands, here, sku, qty_each, None, mark)
                    if outcome.code != "older_first":  # the older lot is not where the book has it
                        self.floor.surprises.note(f"{self.name}: {qty_each} of {sku} from {here}: {outcome.code}")
        if kiosk.step.at == "replenish.item" and kiosk.step.fields.get("task") == task:
            self._gear.to_count.setdefault(here, "short")
            self._command(kiosk, "SHORT", must=True)

    def _fill_face(self, kiosk: ScanStation) -> None:
        fields = kiosk.step.fields
        there = str(fields["to"]["code"])
        self._gear.sign(there, fields["to"].get("barcode"))
        self._walk(there)
        outcome = self._scan(kiosk, self._gear.signs[there])
        if outcome.is_applied:
            self._world.move_all(self._hands, self._where_it_lands(there, self._sku_here(fields)))
            return
        self.floor.surprises.note(f"{self.name}: refill of {there}: {outcome.code}")
        self._command(kiosk, "BACK", must=True)
        self._world.move_all(self._hands, str(fields["from"]["code"]))
