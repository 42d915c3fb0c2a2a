"""Putting back: totes of cancelled orders, and what lies on the problem shelf."""

from __future__ import annotations

from simulators.client import ScanStation
from simulators.workers.person import Person, whole
from simulators.world import (
    ASIDE,
    NotThere,
    totals,
    tote_place,
)


class Returner(Person):
    """Who brings goods back to the bins they came from."""

    def put_back(self, tote: str) -> bool:
        """Empty the tote of a cancelled order back into the bins, as the screen proposes."""
        kiosk = self._enter("put_back", "PUTBACK")
        place = tote_place(tote)
        if kiosk.step.at == "put_back.tote" and not self._scan(kiosk, tote).is_applied:
            self._clear_tote(place)
            return False
        self._empty_into_bins(kiosk, place)
        return True

    def _empty_into_bins(self, kiosk: ScanStation, place: str) -> None:
        carried: tuple[str, int] = ("", 0)
        while kiosk.step.at in ("put_back.item", "put_back.location"):
            self._check_stop()
            self._watch_progress(kiosk.step)
            if kiosk.step.at == "put_back.item":
                carried = self._take_from_tote(kiosk, place)
                if not carried[1]:
                    break
                continue
            location = kiosk.step.fields["location"]
            there = str(location["code"])
            self._gear.sign(there, location.get("barcode"))
            self._walk(there)
            outcome = self._scan(kiosk, self._gear.signs[there])
            if not outcome.is_applied:
                raise self._stuck(f"putting back at {there}: {outcome.code}", kiosk.step)
            if not carried[1]:  # somebody else had taken them out of the tote
                fields = kiosk.step.fields
                carried = self._sku_here(fields), int(fields["qty_each"])
            self._world.move(place, there, *carried)
            carried = ("", 0)
        self._clear_tote(place)

    def _take_from_tote(self, kiosk: ScanStation, place: str) -> tuple[str, int]:
        for sku, qty_each in totals(self._world.look(place)).items():
            outcome = self._scan(kiosk, self.floor.barcode(sku), qty_each)
            if outcome.is_applied:
                shown = kiosk.step.fields.get("qty_each")
                return sku, min(qty_each, int(shown)) if shown else qty_each
            fewer = whole(outcome.expected) if outcome.code == "too_many" else 0
            if fewer and self._scan(kiosk, self.floor.barcode(sku), fewer).is_applied:
                return sku, fewer
            self._set_aside(place, sku, qty_each)
        if kiosk.step.at == "put_back.item" and self._can(kiosk.step, "MISSING"):
            self._ask_for_counts(
                self._sku_of(kiosk.step.fields.get("next")), "missing in a tote to be put back"
            )
            self._command(kiosk, "MISSING")
        return "", 0

    def return_aside(self) -> bool:
        """Take one SKU from the problem shelf back to a bin that holds it; that bin wants counting then."""
        piles = self._world.look(ASIDE)
        for pile in piles:
            there = self._bin_for(pile.sku)
            if there is None:
                continue
            try:
                self._world.move(ASIDE, self._hands, pile.sku, pile.qty_each, pile.received_on)
            except NotThere:
                continue  # a colleague was quicker
            self._walk(there)
            self._world.move_all(self._hands, there)
            self._ask_for_counts(pile.sku, "put back from the problem shelf")
            return True
        return False

    def _bin_for(self, sku: str) -> str | None:
        homes = [place for place in self._world.places_of(sku) if self._is_storage(place)]
        if homes:
            return min(homes)
        empty = [home for home in self.floor.home_bins.get(sku, ()) if not self._world.look(home)]
        return min(empty, default=None)
