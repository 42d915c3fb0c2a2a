"""What every act of a simulated person is made of: walking, scanning, taking things, telling when stuck.

Owns one badge, one handheld and one pair of hands. Refuses to guess: a screen nobody can answer is `Stuck`.
Invariant: every unit a person moves is moved in the `World` too.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from simulators.client import Outcome, ScanStation, Step
from simulators.faults import Fallibility
from simulators.warehouse import beside
from simulators.workers.floor import Floor
from simulators.workers.pace import WALK_DM_PER_S, ShiftOver, Stuck
from simulators.world import (
    ASIDE,
    NotThere,
    StagedTote,
    hands,
    tote_place,
)

REPEATS_MAX = 8  # the same screen that many times without getting on: something is wrong, not slow

class Person:
    """One person with a badge and a handheld."""

    def __init__(
        self, name: str, badge: str, handheld: ScanStation, dock: str, floor: Floor, fallibility: Fallibility,
        slow_times: float = 1.0,
    ) -> None:  # fmt: skip
        self.name = name
        self.badge = badge
        self.handheld = handheld
        self.dock = dock
        self.floor = floor
        self.errs = fallibility
        self.place = dock
        self.walked_dm = 0
        self._slow_times = slow_times  # everything takes this person so many times longer
        self._hands = hands(name)
        self._world = floor.world
        self._gear = floor.equipment
        self._pace = floor.pace
        self._repeats: tuple[str, int] = ("", 0)
        self._cart: str | None = None  # the one that is pushed
        self._slips: dict[str, str] = {}  # tote → order, as written on the slip in it
        self._filled: set[str] = set()  # totes of this walk the picker believes to hold something

    def go_home(self) -> None:
        if self.handheld.step.flow != "home":
            self._command(self.handheld, "HOME", must=True)

    def _enter(self, flow: str, command: str) -> ScanStation:
        kiosk = self.handheld
        self._sign_in(kiosk, self.name if kiosk.step.at != "home.signed_out" else "")
        if kiosk.step.flow == flow:
            return kiosk
        self.go_home()
        self._learn(kiosk.step)
        outcome = self._command(kiosk, command)
        if not outcome.is_applied or kiosk.step.flow != flow:
            raise self._stuck(f"{command} does not open {flow}: {outcome.code}", kiosk.step)
        return kiosk

    def _sign_in(self, kiosk: ScanStation, signed_in: str) -> None:
        if signed_in != self.name or kiosk.step.at == "home.signed_out":
            self._scan(kiosk, self.badge, must=True)
            self._learn(kiosk.step)

    def _command(self, kiosk: ScanStation, name: str, *, must: bool = False) -> Outcome:
        self._learn(kiosk.step)
        code = kiosk.step.expected("command", name) or self._gear.commands.get(name)
        if code is None:
            raise self._stuck(f"no barcode for the command {name} on any screen seen", kiosk.step)
        return self._scan(kiosk, code, must=must)

    def _learn(self, step: Step) -> None:
        for expected in step.expects:
            if expected.get("kind") == "command" and expected.get("code"):
                self._gear.commands.setdefault(str(expected["label"]), str(expected["code"]))

    def _can(self, step: Step, command: str) -> bool:
        return step.expected("command", command) is not None

    def _scan(
        self, kiosk: ScanStation, code: str, qty_each: int | None = None, *, must: bool = False
    ) -> Outcome:
        self._check_stop()
        self._handle(self.floor.handling.scan_s + (self.floor.handling.key_s if qty_each is not None else 0))
        before = kiosk.step
        outcome = kiosk.scan(code, qty_each)
        if must and not outcome.is_applied:
            raise self._stuck(f"{code} refused: {outcome.code}", before)
        return outcome

    def _give_reason(self, kiosk: ScanStation, *wanted: str) -> None:
        """Scan a reason off the sheet: one of these if the screen offers it, else the first it offers."""
        offered = {str(e["label"]): str(e["code"]) for e in kiosk.step.expects if e.get("kind") == "reason"}
        spelt = {label.upper().replace("_", "-"): code for label, code in offered.items() if code}
        code = next((spelt[word] for word in wanted if word in spelt), next(iter(spelt.values()), None))
        if code is None:
            raise self._stuck(f"no reason sheet for {', '.join(wanted)}", kiosk.step)
        self._scan(kiosk, code, must=True)

    def _scan_units(self, kiosk: ScanStation, sku: str, qty_each: int, mark: str = "") -> Outcome:
        """One unit is just scanned; more are scanned once and keyed, and singly where the floor insists."""
        barcode = self.floor.code(sku, mark)
        outcome = self._scan(kiosk, barcode, qty_each if qty_each > 1 else None)
        if outcome.code != "scan_each":
            return outcome
        for _ in range(qty_each):
            outcome = self._scan(kiosk, barcode, must=True)
        return outcome

    def _expect_refusal(self, kiosk: ScanStation, code: str, qty_each: int | None = None) -> None:
        at = kiosk.step.at
        outcome = self._scan(kiosk, code, qty_each)
        if outcome.is_applied:
            self.floor.surprises.note(
                f"{self.name}: {code!r} (qty {qty_each}) was wrong and was taken at {at}"
            )

    def _scan_wrong_sign(self, kiosk: ScanStation, there: str) -> None:
        known = [code for code in list(self._gear.signs)[:200] if code != there]
        if known:
            wrong = self.errs.dice.choice(known)
            self.errs.log.note("wrong_bin", self.name, place=wrong, detail=f"meant {there}")
            at = kiosk.step.at
            outcome = self._scan(kiosk, self._gear.signs[wrong])
            if outcome.is_applied:
                self._wrong_bin_taken(kiosk, at, wrong)

    def _wrong_bin_taken(self, kiosk: ScanStation, at: str, wrong: str) -> None:
        """In putaway the floor may allow another bin than it proposed; then the goods do lie there."""
        if at == "putaway.location":
            self._world.move_all(self._hands, wrong)
        else:
            self.floor.surprises.note(f"{self.name}: wrong bin {wrong} was taken at {at}")

    def _take(self, here: str, sku: str, wanted_each: int, date: str | None) -> int:
        """As many as there are, first of the date the screen names, else from the front. How many it was."""
        taken_each = 0
        for day in (date, None) if date else (None,):
            lying = sum(
                p.qty_each for p in self._world.look(here) if p.sku == sku and day in (None, p.received_on)
            )
            n = min(lying, wanted_each - taken_each)
            with contextlib.suppress(NotThere):  # somebody reached for the last ones at the same moment
                if n:
                    self._world.move(here, self._hands, sku, n, day)
                    taken_each += n
        return taken_each

    def _where_it_lands(self, there: str, sku: str) -> str:
        """The place whose sign was scanned, or by mistake the one beside it."""
        self.floor.put_into[there] = None
        wrong = beside(self.floor.plan.locations, there)
        if wrong is not None and self.errs.would_err("misput"):
            self.errs.log.note("misput", self.name, place=wrong, sku=sku, detail=f"meant for {there}")
            return wrong
        return there

    def _date_of(self, here: str, sku: str, shown: object) -> str | None:
        """The sticker date the screen asks for, if such units are in reach; a flow rack gives its front."""
        if not isinstance(shown, str) or self.floor.plan.access(here) != "any":
            return None
        return shown if any(p.sku == sku and p.received_on == shown for p in self._world.look(here)) else None

    def _sku_here(self, fields: Mapping[str, Any]) -> str:
        return self._sku_of(fields["item"])

    def _sku_of(self, shown: object) -> str:
        """The SKU the screen shows, spelt as on the goods."""
        sku = str(shown["sku"]) if isinstance(shown, Mapping) else ""
        item = self.floor.items.get(sku.upper())
        return item.sku if item else sku

    def _is_storage(self, place: str) -> bool:
        loc = self.floor.plan.locations.get(place)
        return loc is not None and loc.kind in ("bin", "reserve", "flow_rack")

    def _set_aside(self, place: str, sku: str, qty_each: int) -> None:
        self._world.move(place, ASIDE, sku, qty_each)
        self._handle(self.floor.handling.put_s)

    def _ask_for_counts(self, sku: str, why: str) -> None:
        """A unit too many or too few turned up; nobody knows in which of its bins the mistake was made."""
        for place in sorted({*self._world.places_of(sku), *self.floor.home_bins.get(sku, ())}):
            if self._is_storage(place):
                self._gear.to_count.setdefault(place, why)

    def _clear_tote(self, place: str) -> None:
        """The tote is done; what still lies in it belongs to nobody here and goes to the problem shelf."""
        for pile in self._world.look(place):
            self._set_aside(place, pile.sku, pile.qty_each)
        tote = place.removeprefix("tote:")
        with self._gear.lock:
            if tote not in self._gear.to_put_back and tote not in self._gear.empty_totes:
                self._gear.empty_totes.append(tote)

    def _take_empty_tote(self) -> str:
        while True:
            with self._gear.lock:
                if self._gear.empty_totes:
                    return self._gear.empty_totes.popleft()
            self._check_stop()
            time.sleep(self._pace.idle_s)

    def _walk(self, there: str) -> None:
        distance_dm = self.floor.plan.distance_dm(self.place, there)
        self.walked_dm += distance_dm
        self.place = there
        self._handle(distance_dm / WALK_DM_PER_S)

    def _handle(self, seconds: float) -> None:
        self._pace.spend(seconds * self._slow_times)

    def _stand_at_staging(self, tote: str, order: str) -> None:
        """What is in the hands goes into this tote, and the tote to where totes wait for a bench."""
        self._world.move_all(self._hands, tote_place(tote))
        with self._gear.lock:
            self._gear.staged.append(StagedTote(tote, order))

    def _check_stop(self) -> None:
        if self._pace.stop.is_set():
            raise ShiftOver

    def _watch_progress(self, step: Step) -> None:
        """The very same screen again and again: nobody stands there for an hour, they call the supervisor."""
        shown = f"{step.at} {sorted((k, str(v)) for k, v in step.fields.items())}"
        seen, times = self._repeats
        self._repeats = (shown, times + 1) if shown == seen else (shown, 1)
        if self._repeats[1] > REPEATS_MAX:
            self._repeats = ("", 0)
            raise self._stuck("the screen does not change", step)

    def _stuck(self, why: str, step: Step) -> Stuck:
        return Stuck(
            f"{self.name} at {self.place}: {why}; screen {step.at} {step.prompt} {dict(step.fields)}"
        )


def is_same_task(before: Mapping[str, Any], step: Step) -> bool:
    """Whether the screen still asks for the same goods; not so when their order was cancelled meanwhile."""
    return all(before.get(name) == step.fields.get(name) for name in ("location", "item", "order"))


def whole(text: object) -> int:
    """The number a rejection names, 0 when it names none."""
    return int(text) if isinstance(text, int) or (isinstance(text, str) and text.isdigit()) else 0
