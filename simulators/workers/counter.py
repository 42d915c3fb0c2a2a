"""Counting what really lies in a place, asked for by the floor or by a colleague."""

from __future__ import annotations

from collections.abc import Mapping

from simulators.client import ScanStation
from simulators.workers.person import Person
from simulators.world import (
    totals,
)


class Counter(Person):
    """Who counts."""

    def count_open(self) -> bool:
        """Do one count the floor asks for. False when it asks for none."""
        kiosk = self._enter("count", "COUNT")
        wanted = kiosk.step.fields.get("next")
        location = wanted.get("location", wanted) if isinstance(wanted, Mapping) else None
        if not isinstance(location, Mapping) or not location.get("code"):
            return False
        self._gear.sign(str(location["code"]), location.get("barcode"))
        return self.count(str(location["code"]))

    def count(self, location: str) -> bool:
        """Count what really lies in one place. False when the floor does not let it be counted now."""
        kiosk = self._enter("count", "COUNT")
        sign = self._gear.signs.get(location)
        if sign is None:
            return False
        self._walk(location)
        if not self._scan(kiosk, sign).is_applied:
            return False
        self._count_what_lies(kiosk, location)
        return True

    def _count_what_lies(self, kiosk: ScanStation, location: str) -> None:
        lying = totals(self._world.look(location))
        if not lying and self._can(kiosk.step, "EMPTY"):
            self._command(kiosk, "EMPTY", must=True)
        for sku, qty_each in lying.items():
            self._handle(self.floor.handling.count_sku_s)
            serials = [pile.mark for pile in self._world.look(location) if pile.sku == sku and pile.mark[:2] == "21"]
            if serials:
                for mark in serials:
                    self._scan(kiosk, self.floor.code(sku, mark))
                continue
            if self.errs.would_err("miscount_count"):
                wrong_each = max(1, qty_each + self.errs.dice.choice((-1, 1)))
                detail = f"{wrong_each} for {qty_each}"
                self.errs.log.note("miscount_count", self.name, place=location, sku=sku, detail=detail)
                qty_each = wrong_each
            outcome = self._scan(kiosk, self.floor.barcode(sku), qty_each)
            if not outcome.is_applied:
                self.floor.surprises.note(f"{self.name}: counting {sku} at {location}: {outcome.code}")
        if kiosk.step.at == "count.item":
            self._command(kiosk, "DONE", must=True)
        if kiosk.step.at == "count.item":
            raise self._stuck(f"the count of {location} does not end", kiosk.step)
        self._gear.to_count.pop(location, None)
