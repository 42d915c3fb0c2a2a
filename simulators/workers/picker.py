"""Walking a tour with a cart of totes, with the mistakes people make at bins and totes."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from simulators.client import Outcome, ScanStation, Step
from simulators.workers.person import Person, is_same_task, whole
from simulators.world import (
    HandedOver,
    NotThere,
    StagedTote,
    tote_place,
)

TOTE_ML = 60_000
SUPERVISOR_AT_HAND = 0.5

class Picker(Person):
    """Who picks: a cart, a tour, a tote an order, and down at staging."""

    def pick_tour(self) -> bool:
        """Take a cart, walk one tour to staging or to where the next zone takes it over. False: there is none to walk.

        A cart that was handed over goes before one that is empty.
        """
        over = self._take_over()
        if over is not None:
            return self._go_on(over)
        cart = self._take_cart()
        if cart is None:
            return False
        kiosk = self._enter("pick", "PICK")
        self._cart = cart
        try:
            if kiosk.step.at == "pick.cart":
                outcome = self._scan(kiosk, cart)
                if not outcome.is_applied:
                    return False
            self._walk_tour(kiosk, [])
        finally:
            self._bring_cart_back()
        return True

    def _go_on(self, over: HandedOver) -> bool:
        """Take a cart up where it was handed over, by its own label or by that of a tote on it."""
        kiosk = self._enter("pick", "PICK")
        label = self.errs.dice.choice([over.cart, *over.totes])
        if kiosk.step.at != "pick.cart" or not self._scan(kiosk, label).is_applied:
            self._gear.handed_over.append(over)
            return False
        self._cart, self._slips, self._filled = over.cart, over.slips, over.filled
        try:
            self._walk_tour(kiosk, over.totes)
        finally:
            self._bring_cart_back()
        return True

    def _bring_cart_back(self) -> None:
        if self._cart is not None:
            self._gear.carts.append(self._cart)
            self._cart = None

    def _hand_over(self, kiosk: ScanStation, totes: list[str]) -> None:
        place = self._staging(kiosk.step)
        self._walk(place[0])
        outcome = self._scan(kiosk, place[1])
        if not outcome.is_applied:
            raise self._stuck(f"handing over at {place[0]}: {outcome.code}", kiosk.step)
        assert self._cart is not None
        with self._gear.lock:
            self._gear.handed_over.append(HandedOver(self._cart, list(totes), dict(self._slips), set(self._filled)))
            self._gear.hand_overs += 1
        self._cart = None
        totes.clear()
        self._slips.clear()
        self._filled.clear()

    def _walk_tour(self, kiosk: ScanStation, totes: list[str]) -> None:
        acts: dict[str, Callable[[ScanStation, list[str]], None]] = {
            "pick.totes": self._place_tote,
            "pick.location": self._go_to_bin,
            "pick.item": self._pick_item,
            "pick.tote": self._put_into_tote,
            "pick.over": self._hand_over,
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
        if not outcome.is_applied and outcome.code != "order_cancelled" and is_same_task(fields, kiosk.step):
            self.floor.surprises.note(f"{self.name}: sign of {there} refused: {outcome.code}")

    def _pick_item(self, kiosk: ScanStation, totes: list[str]) -> None:
        fields = kiosk.step.fields
        here, sku = str(fields["location"]["code"]), self._sku_here(fields)
        left_each = int(fields["left_each"] if "left_each" in fields else fields["qty_each"])
        self._make_mistakes_at_bin(kiosk, here, sku, left_each)
        if kiosk.step.at != "pick.item":
            return
        # The units are in the hand before they are scanned: a colleague at the same bin cannot take them too.
        held = self._hand_by_mark(sku)
        found_each = self._take_asked(here, sku, left_each, fields)
        if found_each:
            self._handle(
                self.floor.handling.take_first_s + self.floor.handling.take_more_s * (found_each - 1)
            )
            outcome = self._scan_hand(kiosk, here, sku, held)
            if not outcome.is_applied:
                if outcome.code == "older_first":
                    self._note_if_asked(fields, outcome, sku)
                    return  # back they went; the screen says what to take
                if outcome.code == "case_sealed" and self._can(kiosk.step, "BREAK"):
                    self._command(kiosk, "BREAK", must=True)
                elif outcome.code == "short_stock" and self._can(kiosk.step, "SHORT"):
                    self._gear.to_count.setdefault(here, "the book has less of this lot")
                    self._say_short(kiosk)
                elif outcome.code != "order_cancelled" and is_same_task(fields, kiosk.step):
                    self.floor.surprises.note(f"{self.name}: {found_each} of {sku} at {here}: {outcome.code}")
                return
            self.floor.home_bins.setdefault(sku, set()).add(here)
        elif self._may_pass_over(kiosk, here, sku):
            self._pass_over(kiosk, here, sku)
            return
        asked = fields.get("take") or {}
        is_of_a_lot = bool(asked.get("lot") or asked.get("serial"))  # of others the screen asks next
        if found_each < left_each and kiosk.step.at == "pick.item" and not (is_of_a_lot and found_each):
            self._gear.to_count.setdefault(here, "short")
            self._say_short(kiosk)

    def _take_asked(self, here: str, sku: str, left_each: int, fields: Mapping[str, Any]) -> int:
        """What the screen says to take: this lot, this serial, units of this day; without that, from the front."""
        asked = fields.get("take") or fields
        behind = self._date_behind(here, sku)
        if behind is None and (asked.get("lot") or asked.get("serial")):
            print_end = f"21{asked['serial']}" if asked.get("serial") else f"10{asked['lot']}"
            taken_each = 0
            for pile in self._world.look(here):
                if pile.sku == sku and pile.mark.endswith(print_end) and taken_each < left_each:
                    n = min(pile.qty_each, left_each - taken_each)
                    self._world.move(here, self._hands, sku, n, pile.received_on, pile.mark)
                    taken_each += n
            return taken_each
        return self._take(here, sku, left_each, behind or self._date_of(here, sku, asked.get("received_on")))

    def _may_pass_over(self, kiosk: ScanStation, here: str, sku: str) -> bool:
        """The lot asked for is nowhere to be seen, newer ones are: now and then a supervisor is at hand."""
        is_asked = bool((kiosk.step.fields.get("take") or {}).get("lot"))
        is_here = bool(self._world.count(here, sku))
        return (
            is_asked and is_here and bool(self.floor.supervisor_badge) and self._can(kiosk.step, "OVERRIDE")
            and self.errs.dice.random() < SUPERVISOR_AT_HAND
        )  # fmt: skip

    def _pass_over(self, kiosk: ScanStation, here: str, sku: str) -> None:
        """With a supervisor's badge and a reason the next scan may take newer goods."""
        self._command(kiosk, "OVERRIDE", must=True)
        self._scan(kiosk, self.floor.supervisor_badge, must=True)
        self._give_reason(kiosk, "UNREACHABLE")
        self._gear.to_count.setdefault(here, "an older lot is not where it should be")
        pile = next(pile for pile in self._world.look(here) if pile.sku == sku)
        n = min(pile.qty_each, int(kiosk.step.fields["left_each"]))
        held = self._hand_by_mark(sku)
        self._world.move(here, self._hands, sku, n, pile.received_on, pile.mark)
        if not self._scan_hand(kiosk, here, sku, held).is_applied:
            self._say_short(kiosk)

    def _say_short(self, kiosk: ScanStation) -> None:
        """Too few here, and why: some where units were counted, none where the hand is empty."""
        self._command(kiosk, "SHORT")
        if kiosk.step.at == "pick.short":
            self._give_reason(kiosk, "TOO-FEW" if self._world.count(self._hands) else "NOT-THERE")

    def _note_if_asked(self, fields: Mapping[str, Any], outcome: Outcome, sku: str) -> None:
        lot = (fields.get("take") or {}).get("lot")
        if lot and lot in str(outcome.got):
            self.floor.surprises.note(
                f"{self.name}: {sku}, asked for lot {lot}: refused, expected {outcome.expected}, got {outcome.got}"
            )

    def _hand_by_mark(self, sku: str) -> Counter[str]:
        units: Counter[str] = Counter()
        for pile in self._world.look(self._hands):
            if pile.sku == sku:
                units[pile.mark] += pile.qty_each
        return units

    def _scan_hand(self, kiosk: ScanStation, here: str, sku: str, held: Counter[str]) -> Outcome:
        """Scan what was taken besides what was `held` before, by its print; what the floor refuses goes back."""
        by_mark = self._hand_by_mark(sku) - held
        refused: Outcome | None = None
        outcome: Outcome | None = None
        for mark, qty_each in by_mark.items():
            outcome = refused or self._scan_units(kiosk, sku, qty_each, mark)
            fewer = whole(outcome.expected) if outcome.code == "short_stock" else 0
            if 0 < fewer < qty_each:  # of this lot the order gets no more than that
                self._world.move(self._hands, here, sku, qty_each - fewer, None, mark)
                qty_each = fewer
                outcome = self._scan_units(kiosk, sku, qty_each, mark)
            if not outcome.is_applied:
                refused = outcome
                self._world.move(self._hands, here, sku, qty_each, None, mark)
        if outcome is None:
            raise self._stuck(f"no {sku} in the hand", kiosk.step)
        return refused or outcome

    def _date_behind(self, here: str, sku: str) -> str | None:
        """By mistake the hand goes to the back, where newer units lie."""
        dates = sorted({pile.received_on for pile in self._world.look(here) if pile.sku == sku})
        if len(dates) < 2 or not self.errs.would_err("behind"):
            return None
        self.errs.log.note("behind", self.name, place=here, sku=sku, detail=f"{dates[-1]} before {dates[0]}")
        return dates[-1]

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
        if self._world.count(here, sku) and self.errs.would_err("breakage"):
            self._world.lose(here, sku, 1)
            self.errs.log.note("breakage", self.name, place=here, sku=sku)

    def _other_thing_near(self, here: str, sku: str) -> str | None:
        for code in list(self._gear.signs)[: 50 + self.errs.dice.randrange(200)][::-1]:
            for pile in self._world.look(code):
                if pile.sku != sku and code != here:
                    return pile.sku
        return None

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
        elif outcome.code == "order_cancelled" or not is_same_task(fields, kiosk.step):
            self._world.move_all(self._hands, here)
        else:
            raise self._stuck(f"tote {tote}: {outcome.code}", kiosk.step)

    def _is_brimful(self, tote: str, more: str) -> bool:
        piles = self._world.look(tote_place(tote)) + self._world.look(more)
        if not self._world.look(tote_place(tote)):
            return False
        return sum(self.floor.item(p.sku).volume_ml * p.qty_each for p in piles) > TOTE_ML

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

    def _take_over(self) -> HandedOver | None:
        with self._gear.lock:
            return self._gear.handed_over.popleft() if self._gear.handed_over else None

    def _take_cart(self) -> str | None:
        with self._gear.lock:
            return self._gear.carts.popleft() if self._gear.carts else None
