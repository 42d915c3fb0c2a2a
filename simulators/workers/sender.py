"""Sending stock to another warehouse: a transfer's goods onto one pallet, oldest first."""

from __future__ import annotations

from simulators.client import ScanStation
from simulators.workers.person import Person
from simulators.world import pallet_place


class Sender(Person):
    """Who loads the truck to the other house."""

    def send(self, transfer_barcode: str) -> bool:
        """Collect what a transfer asks for and send it. False when nothing of it could be found."""
        kiosk = self._enter("send", "SEND")
        if kiosk.step.at == "send.transfer":
            self._scan(kiosk, transfer_barcode, must=True)
        pallet = str(kiosk.step.fields.get("lpn") or "")
        while kiosk.step.flow == "send" and kiosk.step.at != "send.transfer":
            self._check_stop()
            self._watch_progress(kiosk.step)
            match kiosk.step.at:
                case "send.location":
                    self._go_to_oldest(kiosk)
                case "send.item":
                    self._load_goods(kiosk, pallet)
                case "send.confirm":
                    self._command(kiosk, "CONFIRM", must=True)
                case _:
                    raise self._stuck("sending", kiosk.step)
        return bool(self._world.carry_away(pallet_place(pallet)))

    def _go_to_oldest(self, kiosk: ScanStation) -> None:
        following = kiosk.step.fields.get("next")
        if not following:
            self._command(kiosk, "DONE", must=True)
            return
        place = following["location"]
        self._gear.sign(str(place["code"]), place.get("barcode"))
        self._walk(str(place["code"]))
        self._scan(kiosk, self._gear.signs[str(place["code"])], must=True)

    def _load_goods(self, kiosk: ScanStation, pallet: str) -> None:
        fields = kiosk.step.fields
        following = fields.get("next") or {}
        here = str((fields.get("location") or following["location"])["code"])
        sku = self._sku_here(following)
        wanted_each = min(int(following["qty_each"]), int(fields["left_each"]))
        found_each = self._take(here, sku, wanted_each, self._date_of(here, sku, following.get("received_on")))
        if not found_each:
            self._gear.to_count.setdefault(here, "short")
            self._command(kiosk, "BACK", must=True)
            self._command(kiosk, "SKIP" if self._can(kiosk.step, "SKIP") else "DONE", must=True)
            return
        for pile in self._world.look(self._hands):
            outcome = self._scan_units(kiosk, sku, pile.qty_each, pile.mark)
            there = pallet_place(pallet) if outcome.is_applied else here
            self._world.move(self._hands, there, sku, pile.qty_each, pile.received_on, pile.mark)
            if not outcome.is_applied:
                self.floor.surprises.note(f"{self.name}: {pile.qty_each} of {sku} at {here}: {outcome.code}")
                self._command(kiosk, "BACK" if self._can(kiosk.step, "BACK") else "DONE")
                if self._can(kiosk.step, "SKIP"):
                    self._command(kiosk, "SKIP", must=True)
                return
