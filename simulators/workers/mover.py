"""Free moves: goods from one place to another, stock set aside with a reason, pallets as they stand."""

from __future__ import annotations

from collections import deque

from simulators.client import ScanStation
from simulators.workers.person import Person
from simulators.world import NotThere, pallet_place


class Mover(Person):
    """Who tidies up."""

    def move_goods(self, here: str, sku: str, qty_each: int, there: str) -> bool:
        """So many units of one item to another place. False when the floor does not want them there."""
        kiosk = self._open_place(here)
        mark = next((pile.mark for pile in self._world.look(here) if pile.sku == sku), "")
        self._world.move(here, self._hands, sku, qty_each, None, mark)
        outcome = self._scan_units(kiosk, sku, qty_each, mark)
        if not outcome.is_applied or kiosk.step.at != "move.target":
            self._world.move_all(self._hands, here)
            self._leave(kiosk)
            return False
        self._walk(there)
        if self._scan(kiosk, self._gear.signs[there]).is_applied:
            self._world.move_all(self._hands, self._where_it_lands(there, sku))
            self._leave(kiosk)
            return True
        if self._command(kiosk, "BACK").is_applied:
            self._world.move_all(self._hands, here)
        else:
            self._to_the_dock(kiosk, sku)
        self._leave(kiosk)
        return False

    def _to_the_dock(self, kiosk: ScanStation, sku: str) -> None:
        """Other goods came to where these lay: they start again from the dock, as if they had just arrived."""
        self._walk(self.dock)
        self._scan(kiosk, self._gear.signs[self.dock], must=True)
        self._world.move_all(self._hands, self.dock)
        with self._gear.lock:
            waiting = self._gear.docks.setdefault(self.dock, deque())
            if sku not in waiting:
                waiting.append(sku)

    def set_aside(self, here: str, sku: str, qty_each: int, command: str, why: str) -> bool:
        """HOLD or DAMAGED, with a reason: the units stay where they lie and are no longer to be had."""
        kiosk = self._open_place(here)
        if not self._can(kiosk.step, command):
            raise self._stuck(f"no {command} on the screen", kiosk.step)
        self._command(kiosk, command, must=True)
        self._give_reason(kiosk, why)
        mark = next((pile.mark for pile in self._world.look(here) if pile.sku == sku), "")
        outcome = self._scan_units(kiosk, sku, qty_each, mark)
        self._leave(kiosk)
        return outcome.is_applied

    def to_quarantine(self, here: str, sku: str, qty_each: int, status: str, there: str) -> bool:
        """Units of one condition away from the good ones: the place is scanned until the screen shows them."""
        kiosk = self._open_place(here)
        for _ in range(4):
            if kiosk.step.fields.get("status") == status:
                break
            self._scan(kiosk, self._gear.signs[here], must=True)
        mark = next((pile.mark for pile in self._world.look(here) if pile.sku == sku), "")
        outcome = self._scan_units(kiosk, sku, qty_each, mark)
        if not outcome.is_applied or kiosk.step.at != "move.target":
            self._leave(kiosk)
            return False
        self._world.move(here, self._hands, sku, qty_each, None, mark)
        self._walk(there)
        self._scan(kiosk, self._gear.signs[there], must=True)
        self._world.move_all(self._hands, there)
        self._leave(kiosk)
        return True

    def write_off(self, here: str, sku: str, qty_each: int) -> bool:
        """The book has units here that nobody can find; a supervisor takes them off it."""
        kiosk = self._enter("move", "MOVE")
        self._walk(here)
        self._scan(kiosk, self._gear.signs[here], must=True)
        self._command(kiosk, "ADJUST", must=True)
        self._give_reason(kiosk, "LOST")
        outcome = self._scan_units(kiosk, sku, qty_each)
        self._leave(kiosk)
        return outcome.is_applied

    def move_pallet(self, sscc: str, there: str) -> bool:
        """A pallet with all that stands on it; in storage it is taken apart."""
        kiosk = self._enter("move", "MOVE")
        if not self._scan(kiosk, f"00{sscc}").is_applied:
            return False
        self._walk(there)
        is_there = self._scan(kiosk, self._gear.signs[there]).is_applied
        if is_there and self._is_storage(there):
            self._world.move_all(pallet_place(sscc), there)
        self._leave(kiosk)
        return is_there

    def _open_place(self, here: str) -> ScanStation:
        if not self._world.look(here):
            raise NotThere(f"nothing lies at {here}")
        kiosk = self._enter("move", "MOVE")
        self._walk(here)
        self._scan(kiosk, self._gear.signs[here], must=True)
        if kiosk.step.at != "move.item":
            raise self._stuck(f"{here} does not open", kiosk.step)
        return kiosk

    def _leave(self, kiosk: ScanStation) -> None:
        """To where nothing is in hand and no place is open."""
        for _ in range(3):
            if kiosk.step.at == "move.source" or not self._can(kiosk.step, "BACK"):
                return
            self._command(kiosk, "BACK", must=True)
