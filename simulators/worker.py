"""Simulated people. Each drives kiosks and benches as a person does: read the screen, act, scan, read on.

Owns the conduct of receivers, putaway, pickers, packers, loaders and counters, their mistakes and how they
recover. Decides from the screen and from what lies before them, never from a database. Invariant: every
unit a worker moves is moved in the `World` too, and a worker who cannot go on says so (`Stuck`) instead of
guessing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.catalogue import CatalogueItem
from simulators.client import Outcome, ScanStation, Step
from simulators.faults import Fallibility
from simulators.warehouse import FloorPlan
from simulators.world import (
    ASIDE,
    Equipment,
    LabelTray,
    NotThere,
    StagedTote,
    World,
    box_place,
    hands,
    parcel_place,
    totals,
    tote_place,
    truck_place,
)

WALK_DM_PER_S = 12.0
TOTE_ML = 60_000
LABEL_TIMEOUT_S = 60.0
FETCH_TIMEOUT_S = 5.0
REPEATS_MAX = 8  # the same screen that many times without getting on: something is wrong, not slow


@dataclass(frozen=True, slots=True)
class Handling:
    """How long a person's hands take, in seconds; with a ring scanner and a touch screen."""

    scan_s: float = 1.0
    key_s: float = 2.5
    take_first_s: float = 4.0
    take_more_s: float = 0.6
    put_s: float = 2.0
    stow_s: float = 8.0
    close_box_s: float = 15.0
    stick_label_s: float = 5.0
    load_parcel_s: float = 4.0
    count_sku_s: float = 10.0


class Pace:
    """How fast this shift lives: at `speed` times life, or (None) without walking and handling time."""

    def __init__(self, speed: float | None, stop: threading.Event) -> None:
        if speed is not None and speed <= 0:
            raise ValueError(f"speed {speed} stands still")
        self.speed = speed
        self.stop = stop

    @contextlib.contextmanager
    def hurry(self) -> Iterator[None]:
        """No walking and handling time while this lasts."""
        kept, self.speed = self.speed, None
        try:
            yield
        finally:
            self.speed = kept

    def spend(self, seconds: float) -> None:
        if self.speed is not None and seconds > 0:
            self.stop.wait(seconds / self.speed)

    @property
    def idle_s(self) -> float:
        # Nobody who waits asks more than a few times a second, however fast the shift lives: each asking is a
        # scan on record.
        return 0.02 if self.speed is None else min(1.0, max(0.3, 5.0 / self.speed))


class Stuck(RuntimeError):
    """A worker does not know how to go on at this screen. Carries what was seen."""


class ShiftOver(Exception):
    """The shift is being stopped; the worker drops everything where it is."""


@dataclass(slots=True)
class Bench:
    """A packing bench: its station, its label printer's tray, and who stands there."""

    station: ScanStation
    tray: LabelTray
    place: str
    signed_in: str = ""
    tote: str = ""  # the barcode of the tote that stands on it now
    order: str = ""


@dataclass(slots=True)
class Surprises:
    """Answers nobody on this floor can explain: a wrong scan accepted, a right one refused."""

    entries: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, text: str) -> None:
        with self.lock:
            self.entries.append(text)


@dataclass(slots=True)
class Floor:
    """All a person on this floor can see and touch."""

    world: World
    equipment: Equipment
    plan: FloorPlan
    items: Mapping[
        str, CatalogueItem
    ]  # by SKU in upper case: what is printed on the goods, and how big they are
    benches: Mapping[str, Bench]
    surprises: Surprises
    pace: Pace
    handling: Handling = field(default_factory=Handling)
    home_bins: dict[str, set[str]] = field(default_factory=dict)  # SKU → bins somebody took it from
    parcel_orders: dict[str, str] = field(default_factory=dict)  # parcel → order on its packing slip
    adopt_tote: Callable[[str], None] | None = None  # asks what is in a tote that is none of this world's

    def item(self, sku: str) -> CatalogueItem:
        return self.items[sku.upper()]

    def barcode(self, sku: str) -> str:
        item = self.items.get(sku.upper())
        return item.each_barcode if item and item.each_barcode else sku


class Worker:
    """One person with a badge and a handheld."""

    def __init__(
        self, name: str, badge: str, handheld: ScanStation, dock: str, floor: Floor, fallibility: Fallibility
    ) -> None:
        self.name = name
        self.badge = badge
        self.handheld = handheld
        self.dock = dock
        self.floor = floor
        self.errs = fallibility
        self.place = dock
        self.walked_dm = 0
        self._hands = hands(name)
        self._world = floor.world
        self._gear = floor.equipment
        self._pace = floor.pace
        self._repeats: tuple[str, int] = ("", 0)
        self._slips: dict[str, str] = {}  # tote → order, as written on the slip in it
        self._filled: set[str] = set()  # totes of this walk the picker believes to hold something

    # --- receiving -----------------------------------------------------------------------------------------

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

    # --- picking -------------------------------------------------------------------------------------------

    def pick_tour(self) -> bool:
        """Take a cart, walk one tour, drop the totes at staging. False when there is no tour to walk."""
        cart = self._take_cart()
        if cart is None:
            return False
        kiosk = self._enter("pick", "PICK")
        totes: list[str] = []
        try:
            if kiosk.step.at == "pick.cart":
                outcome = self._scan(kiosk, cart)
                if not outcome.is_applied:
                    return False
            self._walk_tour(kiosk, totes)
        finally:
            self._gear.carts.append(cart)
        return True

    def _walk_tour(self, kiosk: ScanStation, totes: list[str]) -> None:
        acts: dict[str, Callable[[ScanStation, list[str]], None]] = {
            "pick.totes": self._place_tote,
            "pick.location": self._go_to_bin,
            "pick.item": self._pick_item,
            "pick.tote": self._put_into_tote,
            "pick.drop": self._drop_totes,
        }
        while kiosk.step.at in acts:
            self._check_stop()
            self._watch_progress(kiosk.step)
            at = kiosk.step.at
            acts[at](kiosk, totes)
            if kiosk.step.at not in ("pick.item", "pick.tote") and self._world.count(self._hands):
                # The task went away under our hands (its order was cancelled): back into the bin we stand at.
                self._world.move_all(self._hands, self.place)
        if kiosk.step.at not in ("pick.cart", "home.menu"):
            raise self._stuck("picking", kiosk.step)
        self._leave_at_staging(totes)  # a tour all of whose tasks vanished ends without a drop

    def _place_tote(self, kiosk: ScanStation, totes: list[str]) -> None:
        tote = self._take_empty_tote()
        order = str(kiosk.step.fields.get("order") or "")
        outcome = self._scan(kiosk, tote)
        if outcome.is_applied:
            totes.append(tote)
            self._slips[tote] = order
        elif outcome.code in ("tote_in_use", "wrong_tote", "tote_of_another_order"):
            # It looked empty and the floor says something is in it: the bench will find out.
            self._gear.staged.append(StagedTote(tote))
        else:
            self._gear.empty_totes.append(tote)
            raise self._stuck(f"placing tote {tote}: {outcome.code}", kiosk.step)

    def _go_to_bin(self, kiosk: ScanStation, totes: list[str]) -> None:
        fields = kiosk.step.fields
        location = fields["location"]
        there = str(location["code"])
        self._gear.sign(there, location.get("barcode"))
        self._walk(there)
        if self.errs.would_err("skip") and self._can(kiosk.step, "SKIP"):
            self.errs.log.note("skip", self.name, place=there)
            self._command(kiosk, "SKIP")
            return
        if self.errs.would_err("wrong_bin"):
            self._scan_wrong_sign(kiosk, there)
            if kiosk.step.at != "pick.location":
                return
        outcome = self._scan(kiosk, self._gear.signs[there])
        if not outcome.is_applied and outcome.code != "order_cancelled" and _is_same_task(fields, kiosk.step):
            self.floor.surprises.note(f"{self.name}: sign of {there} refused: {outcome.code}")

    def _pick_item(self, kiosk: ScanStation, totes: list[str]) -> None:
        fields = kiosk.step.fields
        here, sku = str(fields["location"]["code"]), self._sku_here(fields)
        left_each = int(fields["left_each"] if "left_each" in fields else fields["qty_each"])
        self._make_mistakes_at_bin(kiosk, here, sku, left_each)
        if kiosk.step.at != "pick.item":
            return
        # The units are in the hand before they are scanned: a colleague at the same bin cannot take them too.
        found_each = self._take(here, sku, left_each, self._date_of(here, sku, fields.get("received_on")))
        if found_each:
            self._handle(
                self.floor.handling.take_first_s + self.floor.handling.take_more_s * (found_each - 1)
            )
            outcome = self._scan_units(kiosk, sku, found_each)
            if not outcome.is_applied:
                self._world.move(self._hands, here, sku, found_each)
                if outcome.code != "order_cancelled" and _is_same_task(fields, kiosk.step):
                    self.floor.surprises.note(f"{self.name}: {found_each} of {sku} at {here}: {outcome.code}")
                return
            self.floor.home_bins.setdefault(sku, set()).add(here)
        if found_each < left_each and kiosk.step.at == "pick.item":
            self._gear.to_count.setdefault(here, "short")
            self._command(kiosk, "SHORT")

    def _make_mistakes_at_bin(self, kiosk: ScanStation, here: str, sku: str, left_each: int) -> None:
        if self.errs.would_err("misread"):
            self.errs.log.note("misread", self.name, place=here)
            self._expect_refusal(kiosk, f"{self.floor.barcode(sku)[:-2]}#")
        if kiosk.step.at == "pick.item" and self.errs.would_err("wrong_item"):
            other = self._other_thing_near(here, sku)
            if other:
                self.errs.log.note("wrong_item", self.name, place=here, sku=other)
                self._expect_refusal(kiosk, self.floor.barcode(other))
        if kiosk.step.at == "pick.item" and self.errs.would_err("too_many"):
            self.errs.log.note("too_many", self.name, place=here, sku=sku)
            self._expect_refusal(kiosk, self.floor.barcode(sku), left_each + 1)
        lying = self._world.count(here, sku)
        if left_each <= lying <= 2 * left_each and self.errs.would_err("mislaid"):
            lost = lying - (left_each - 1)
            with contextlib.suppress(NotThere):
                self._world.lose(here, sku, lost)
                self.errs.log.note("mislaid", self.name, place=here, sku=sku, detail=f"{lost} of {lying}")

    def _put_into_tote(self, kiosk: ScanStation, totes: list[str]) -> None:
        fields = kiosk.step.fields
        here, sku = str(fields["location"]["code"]), self._sku_here(fields)
        if kiosk.step.prompt == "scan_new_tote":
            self._add_tote(kiosk, totes)
            return
        tote = str(fields["tote"]["barcode"])
        if tote not in totes:
            totes.append(tote)  # this tour was begun before this person took it over
        if not self._world.count(self._hands):
            self._command(kiosk, "BACK", must=True)  # whoever counted has put them down again
            return
        if self._is_brimful(tote, self._hands) and self._can(kiosk.step, "NEWTOTE"):
            self._command(kiosk, "NEWTOTE", must=True)
            return
        others = [t for t in totes if t != tote]
        if others and self.errs.would_err("wrong_tote"):
            other = self.errs.dice.choice(others)
            self.errs.log.note("wrong_tote", self.name, place=other, sku=sku)
            self._expect_refusal(kiosk, other)
            if kiosk.step.at != "pick.tote":
                return
        outcome = self._scan(kiosk, tote)
        if outcome.is_applied:
            self._handle(self.floor.handling.put_s)
            self._filled.add(tote)
            self._drop_into(tote, others, here, sku)
        elif outcome.code == "order_cancelled" or not _is_same_task(fields, kiosk.step):
            self._world.move_all(self._hands, here)
        else:
            raise self._stuck(f"tote {tote}: {outcome.code}", kiosk.step)

    def _drop_into(self, tote: str, others: list[str], here: str, sku: str) -> None:
        """The units leave the hands; here the two mistakes happen that no scan can see."""
        target = tote
        if others and self.errs.would_err("neighbour_tote"):
            target = self.errs.dice.choice(others)
            self.errs.log.note("neighbour_tote", self.name, place=target, sku=sku, detail=f"meant for {tote}")
        elif self.errs.would_err("miscount"):
            if self.errs.dice.random() < 0.5:
                if self._take(here, sku, 1, None):
                    self.errs.log.note("miscount", self.name, place=here, sku=sku, detail="one too many")
            elif self._world.count(self._hands, sku):
                self._world.move(self._hands, here, sku, 1)
                self.errs.log.note("miscount", self.name, place=here, sku=sku, detail="one too few")
        self._world.move_all(self._hands, tote_place(target))

    def _add_tote(self, kiosk: ScanStation, totes: list[str]) -> None:
        fresh = self._take_empty_tote()
        order = str(kiosk.step.fields.get("order") or "")
        outcome = self._scan(kiosk, fresh)
        if outcome.is_applied:
            totes.append(fresh)
            self._slips[fresh] = order
        elif outcome.code in ("tote_in_use", "wrong_tote", "tote_of_another_order"):
            self._gear.staged.append(StagedTote(fresh))
        else:
            self._gear.empty_totes.append(fresh)
            raise self._stuck(f"fresh tote {fresh}: {outcome.code}", kiosk.step)

    def _drop_totes(self, kiosk: ScanStation, totes: list[str]) -> None:
        staging = self._staging(kiosk.step)
        self._walk(staging[0])
        outcome = self._scan(kiosk, staging[1])
        if not outcome.is_applied:
            raise self._stuck(f"dropping at {staging[0]}: {outcome.code}", kiosk.step)
        self._leave_at_staging(totes)

    def _leave_at_staging(self, totes: list[str]) -> None:
        with self._gear.lock:
            while totes:
                tote = totes.pop()
                if tote in self._filled or self._world.count(tote_place(tote)):
                    self._gear.staged.append(StagedTote(tote, self._slips.get(tote, "")))
                else:
                    self._gear.empty_totes.append(tote)
        self._filled.clear()
        self._slips.clear()

    # --- packing -------------------------------------------------------------------------------------------

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
        if self.errs.would_err("over_count_at_bench") and keyed is not None:
            self.errs.log.note("over_count_at_bench", self.name, place=place, sku=sku)
            units_left = int(kiosk.step.fields.get("units_left") or 0)
            self._expect_refusal(kiosk, barcode, max(units_left, keyed) + 1)
            if kiosk.step.at != "pack.item":
                return
        self._handle(self.floor.handling.take_more_s * qty_each + self.floor.handling.put_s)
        outcome = self._scan(kiosk, barcode, keyed)
        if outcome.is_applied:
            self._world.move(place, box, sku, qty_each)
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
                wanted_each = _whole(outcome.expected)
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
                fits_each = _whole(outcome.expected)
                if fits_each and fits_each < there_each:
                    again = self._scan_units(kiosk, item.sku, fits_each)
                    if again.is_applied:
                        self._world.move(place, box, item.sku, fits_each)
                        return
                self._command(kiosk, "CLOSE", must=True)
            case "order_cancelled":
                self._gear.to_put_back.append(bench.tote)
                bench.tote = ""
            case _:
                raise self._stuck(f"packing {item.sku}: {outcome.code}", kiosk.step)

    def _label(self, bench: Bench) -> None:
        """Close the box, take the label that came out, stick it on, scan what is on the box now."""
        kiosk = bench.station
        self._handle(self.floor.handling.close_box_s)
        barcode = bench.tray.take(LABEL_TIMEOUT_S, self._pace.stop)
        self._check_stop()
        if barcode is None and self._can(kiosk.step, "REPRINT"):
            self._command(kiosk, "REPRINT")
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

    def _clear_tote(self, place: str) -> None:
        """The tote is done; what still lies in it belongs to nobody here and goes to the problem shelf."""
        for pile in self._world.look(place):
            self._set_aside(place, pile.sku, pile.qty_each)
        tote = place.removeprefix("tote:")
        with self._gear.lock:
            if tote not in self._gear.to_put_back and tote not in self._gear.empty_totes:
                self._gear.empty_totes.append(tote)

    def _set_aside(self, place: str, sku: str, qty_each: int) -> None:
        self._world.move(place, ASIDE, sku, qty_each)
        self._handle(self.floor.handling.put_s)

    # --- putting back, loading, counting -------------------------------------------------------------------

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
            fewer = _whole(outcome.expected) if outcome.code == "too_many" else 0
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

    def _ask_for_counts(self, sku: str, why: str) -> None:
        """A unit too many or too few turned up; nobody knows in which of its bins the mistake was made."""
        for place in {*self._world.places_of(sku), *self.floor.home_bins.get(sku, ())}:
            if self._is_storage(place):
                self._gear.to_count.setdefault(place, why)

    def load(self, lane: str) -> int:
        """Carry every parcel of one lane onto its carrier's truck and close the manifest. How many went."""
        kiosk = self._enter("load", "LOAD")
        self._walk(lane)
        if kiosk.step.at == "load.parcel":  # another lane, left open
            self.go_home()
            kiosk = self._enter("load", "LOAD")
        self._learn(kiosk.step)
        sign = self._gear.signs.get(lane)
        if kiosk.step.at == "load.lane" and (sign is None or not self._scan(kiosk, sign).is_applied):
            return 0
        manifest = str(kiosk.step.fields.get("manifest") or lane)
        loaded: list[str] = []
        with self._gear.lock:
            waiting = list(self._gear.lanes.get(lane, ()))
        for parcel in waiting:
            self._check_stop()
            self._handle(self.floor.handling.load_parcel_s)
            outcome = self._scan(kiosk, parcel)
            if outcome.is_applied or outcome.code == "already_loaded":
                loaded.append(parcel)
                with self._gear.lock:
                    self._gear.lanes[lane].remove(parcel)
            elif outcome.code != "order_still_picking":  # a whole order's first parcels wait for its last
                self.floor.surprises.note(f"{self.name}: parcel {parcel} in {lane}: {outcome.code}")
        self._command(kiosk, "CLOSE")
        if kiosk.step.at == "load.confirm":
            # Parcels packed since we began stay for the next truck.
            manifest = str(kiosk.step.fields.get("manifest") or manifest)
            self._command(kiosk, "CONFIRM", must=True)
        for parcel in loaded:
            self._world.move_all(parcel_place(parcel), truck_place(f"{manifest}:{parcel}"))
        return len(loaded)

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
        for sku, qty_each in totals(self._world.look(location)).items():
            self._handle(self.floor.handling.count_sku_s)
            outcome = self._scan(kiosk, self.floor.barcode(sku), qty_each)
            if not outcome.is_applied:
                self.floor.surprises.note(f"{self.name}: counting {sku} at {location}: {outcome.code}")
        self._command(kiosk, "DONE", must=True)
        if kiosk.step.at == "count.item":
            raise self._stuck(f"the count of {location} does not end", kiosk.step)
        self._gear.to_count.pop(location, None)

    def resume(self) -> None:
        """Take up a handheld laid down in the middle of something; come to where nothing is in hand."""
        kiosk = self.handheld
        at = kiosk.step.at
        if at.startswith("pick.") and at != "pick.cart":
            self._sign_in(kiosk, "")
            location = kiosk.step.fields.get("location")
            self.place = str(location["code"]) if isinstance(location, Mapping) else self.place
            self._walk_tour(kiosk, [])
        elif at in ("putaway.location", "load.confirm"):
            self._sign_in(kiosk, "")
            self._command(kiosk, "BACK", must=True)
        elif at == "receive.item":
            # The delivery is given to whoever comes first; what this handheld had open is over.
            self._sign_in(kiosk, "")
            self._command(kiosk, "DONE", must=True)
        elif at == "count.item":
            self._sign_in(kiosk, "")
            self._count_what_lies(kiosk, str(kiosk.step.fields["location"]["code"]))
        elif at in ("put_back.item", "put_back.location"):
            self._sign_in(kiosk, "")
            self._empty_into_bins(kiosk, tote_place(str(kiosk.step.fields["tote"]["barcode"])))

    # --- what every act is made of -------------------------------------------------------------------------

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

    def _stand_at(self, bench: Bench) -> None:
        self._walk(bench.place)
        kiosk = bench.station
        self._sign_in(kiosk, bench.signed_in)
        bench.signed_in = self.name
        if kiosk.step.flow != "pack":
            self._command(kiosk, "PACK", must=True)

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

    def _scan_units(self, kiosk: ScanStation, sku: str, qty_each: int) -> Outcome:
        """One unit is just scanned; more are scanned once and keyed, and singly where the floor insists."""
        barcode = self.floor.barcode(sku)
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

    def _other_thing_near(self, here: str, sku: str) -> str | None:
        for code in list(self._gear.signs)[: 50 + self.errs.dice.randrange(200)][::-1]:
            for pile in self._world.look(code):
                if pile.sku != sku and code != here:
                    return pile.sku
        return None

    def _is_storage(self, place: str) -> bool:
        loc = self.floor.plan.locations.get(place)
        return loc is not None and loc.kind in ("bin", "reserve", "flow_rack")

    def _is_brimful(self, tote: str, more: str) -> bool:
        piles = self._world.look(tote_place(tote)) + self._world.look(more)
        if not self._world.look(tote_place(tote)):
            return False
        return sum(self.floor.item(p.sku).volume_ml * p.qty_each for p in piles) > TOTE_ML

    def _staging(self, step: Step) -> tuple[str, str]:
        for expected in step.expects:
            if expected.get("kind") == "location" and expected.get("code"):
                code = str(expected["label"])
                self._gear.sign(code, expected["code"])
                return code, str(expected["code"])
        location = step.fields.get("location")
        if isinstance(location, Mapping) and location.get("barcode"):
            return str(location["code"]), str(location["barcode"])
        raise self._stuck("no staging place on the screen", step)

    def _take_cart(self) -> str | None:
        with self._gear.lock:
            return self._gear.carts.popleft() if self._gear.carts else None

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
        self._pace.spend(distance_dm / WALK_DM_PER_S)

    def _handle(self, seconds: float) -> None:
        self._pace.spend(seconds)

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


def _is_same_task(before: Mapping[str, Any], step: Step) -> bool:
    """Whether the screen still asks for the same goods; not so when their order was cancelled meanwhile."""
    return all(before.get(name) == step.fields.get(name) for name in ("location", "item", "order"))


def _whole(text: object) -> int:
    """The number a rejection names, 0 when it names none."""
    return int(text) if isinstance(text, int) or (isinstance(text, str) and text.isdigit()) else 0


def _sscc(parcel: Mapping[str, Any]) -> str:
    """A parcel's label as scanned: `00` and 18 digits, whatever brackets the screen writes around the AI."""
    digits = "".join(c for c in str(parcel.get("barcode") or parcel.get("number") or "") if c.isdigit())
    return digits if len(digits) == 20 else f"00{digits}"
