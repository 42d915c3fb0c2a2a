"""A small floor on which anything may happen to stock, played by Hypothesis; after every step the book must be right.

People follow their screens, choose other buttons, scan something else, key odd quantities; supervisors adjust,
hold and decide; goods come announced, over, damaged, back from customers, and leave for another warehouse; days
pass and goods expire. `verify` and the FIFO audit look after each step, and no scan may end in an error.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.codes import own_code, sscc
from fulfillment.domain.counting import CountCause
from fulfillment.domain.reasons import DomainError, Why
from fulfillment.flows.home import FLOW_OF_COMMAND
from fulfillment.services.counting import count_plans, count_results
from fulfillment.services.ordering import orders, substitutes
from fulfillment.services.receiving import inbound
from fulfillment.services.replenishing import replenishment_plans
from fulfillment.services.scan_path import scans
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import set_aside
from fulfillment.services.transferring import exchange, transfers
from tests.factories import NOBODY, FloorHand
from tests.services.acts import CARTS, TOTES, at, cancel, release, wrong

NOON_MS = 1_767_268_800_000  # 2026-01-01 12:00 UTC
DAY_MS = 86_400_000

# sku → what is told of it; CUP has lots and expiry dates, BOX comes in cases of 6, PHONE one by one
ITEMS: dict[str, dict[str, Any]] = {
    "MUG": {},
    "CUP": {"rotation": "fefo", "tracks_lot": 1, "tracks_expiry": 1, "min_life_days": 3},
    "BOX": {"tolerance_days": 2},
    "PHONE": {"tracks_serial": 1},
}
SKUS = tuple(ITEMS)
BINS = ("A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1", "A02-03-3", "F01-01-1", "P01-01-1")
STATIONS = ("HAND-1", "HAND-2", "DOCK-1", "BENCH-1")
FLOWS = tuple(command for command, flow in FLOW_OF_COMMAND.items() if flow in scans.FLOWS)
REASONS = tuple(own_code("Y", why.upper().replace("_", "-")) for why in Why)
GTIN = {"MUG": "04006381333931", "CUP": "04006381333948", "BOX": "04006381333955", "PHONE": "04006381333962"}

stations = st.sampled_from(STATIONS)
# What a person answers by looking for another label on the goods (or opening the case).
OTHER_LABEL = (
    "serial_unknown", "serial_elsewhere", "serial_required", "serial_known", "lot_required", "wrong_item",
    "older_first", "case_sealed",
)  # fmt: skip

few = st.integers(1, 4)
dice = st.integers(0, 2**32 - 1)


def gs1(sku: str, lot: str = "", expiry: str = "", serial: str = "") -> str:
    """A GS1 DataMatrix as a scanner sends it; expiry as YYMMDD."""
    code = f"]d201{GTIN[sku]}"
    if expiry:
        code += f"17{expiry}"
    if lot:
        code += f"10{lot}\x1d"
    if serial:
        code += f"21{serial}"
    return code


class Clock:
    """The time of this floor: it goes on by a second a look, and by days when told so."""

    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        self.now_ms += 1_000
        return self.now_ms


class AnyStock(RuleBasedStateMachine):
    """The floor, its screens, and what may be done to it."""

    steps = 0
    scans = 0
    outcomes: ClassVar[Counter[str]] = Counter()
    happened: ClassVar[Counter[str]] = Counter()

    def __init__(self, open_empty: Callable[[Callable[[], int]], Floor]) -> None:
        super().__init__()
        self.clock = Clock()
        self.floor = open_empty(self.clock)
        self.hand = FloorHand(self.floor)
        self.numbers = itertools.count(1)
        self.serials = itertools.count(1)
        self.screens: dict[str, dict[str, Any]] = {}
        self.barcodes: list[str] = list(SKUS)
        self.papers: list[str] = []  # receipts, transfers and SSCCs somebody holds in the hand
        self.hand.write(self._found)
        for sku, values in ITEMS.items():
            item_id = self.hand.item(sku, **values)
            self._barcode(item_id, GTIN[sku], 1)
            if sku in ("BOX", "MUG"):
                self._barcode(item_id, f"{sku}-CASE", 6)
                self.barcodes.append(f"{sku}-CASE")
        self.hand.write(self._faces)
        for lot, expiry in (("L1", "260108"), ("L2", "260120"), ("L3", "270101")):
            self.barcodes.append(gs1("CUP", lot, expiry))
        for sku, place, age_days in (("MUG", "A01-01-1", -9), ("BOX", "A01-02-1", -20), ("BOX", "A02-03-3", -3)):
            self.hand.stock(sku, 9, place, self._day(age_days))
        north = open_floor(self.floor.settings, warehouse_id=2, clock=self.clock)
        self.north = FloorHand(north, "NORTH")
        for sku, values in ITEMS.items():
            self.north.item(sku, **values)
        self.north.scan("DOCK-1", own_code("B", "1001"))
        for station, badge in zip(STATIONS, ("1001", "1002", "1003", "1001"), strict=True):
            self._scan(station, own_code("B", badge))

    def _found(self, tx: Any) -> None:
        tx.insert("location", code="Q-01", kind="quarantine", x_dm=5, y_dm=5)
        tx.insert("location", code="R01-01-4", kind="reserve", level=4, aisle="01", bay="01", y_dm=10, is_pickable=0)
        setting_up.add_operator(tx, "1003", "Cay", "receiver")
        tx.run("UPDATE warehouse SET recount_above_each = 2, approve_above_each = 4 WHERE id = :w")

    def _faces(self, tx: Any) -> None:
        for sku, substitute in (("MUG", "BOX"), ("BOX", "MUG"), ("CUP", "MUG")):
            substitutes.give(tx, sku, substitute, 1)
        for item_id, code in ((1, "A01-01-1"), (3, "A01-02-1")):
            place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=code)["id"]
            tx.insert("pick_face", item_id=item_id, location_id=place, min_each=3, max_each=12)

    def _barcode(self, item_id: int, code: str, qty_each: int) -> None:
        uom = "case" if qty_each > 1 else "each"
        self.hand.write(
            lambda tx: tx.insert("item_barcode", item_id=item_id, code=code.upper(), uom=uom, qty_each=qty_each)
        )

    def teardown(self) -> None:
        """Let go of the database, and keep in mind what happened in it."""
        for row in self.hand.all(
            "SELECT reason AS what, COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w GROUP BY reason"
            " UNION ALL SELECT reason, COUNT(*) FROM allocation_entry WHERE warehouse_id = :w AND reason <> 'pick'"
            " GROUP BY reason UNION ALL SELECT reason || '_case', COUNT(*) FROM pack_entry WHERE warehouse_id = :w"
            " GROUP BY reason UNION ALL SELECT 'override', COUNT(*) FROM fifo_override WHERE warehouse_id = :w"
            " UNION ALL SELECT 'order_' || state, COUNT(*) FROM sales_order WHERE warehouse_id = :w GROUP BY state"
            " UNION ALL SELECT 'transfer_' || state, COUNT(*) FROM transfer WHERE warehouse_id = :w GROUP BY state"
            " UNION ALL SELECT 'count_' || state, COUNT(*) FROM count_result WHERE warehouse_id = :w GROUP BY state"
        ):
            type(self).happened[row["what"]] += row["n"]
        self.north.floor.close()
        self.floor.close()

    def _scan(self, station: str, code: str, qty_each: int | None = None) -> None:
        answer = self.hand.scan(station, code, qty_each)
        self.screens[station] = answer["step"]
        type(self).scans += 1
        flow = answer["step"]["flow"]
        type(self).outcomes[answer["code"] if answer["outcome"] == "rejected" else f"{flow} applied"] += 1

    def _try(self, act: Callable[[], Any]) -> Any:
        with contextlib.suppress(DomainError):  # a caller gets its 4xx and goes on
            return act()
        return None

    def _write(self, work: Callable[[Any], Any]) -> Any:
        return self._try(lambda: self.hand.write(work))

    # --- people at screens ---------------------------------------------------------------------------------

    @rule(station=stations, flow=st.sampled_from(FLOWS), scans=st.integers(3, 25), seed=dice)
    def somebody_works(self, station: str, flow: str, scans: int, seed: int) -> None:
        """Mostly what the screen says; each turn's number chooses."""
        self._enter(station, flow)
        chance = random.Random(seed)
        for _ in range(scans):
            turn = 0 if chance.random() < 0.6 else chance.randrange(1_000)
            code, qty_each = self._choose(self.screens[station], turn)
            self._scan(station, code, qty_each)

    @rule(station=stations, flow=st.sampled_from(FLOWS), steps=st.integers(2, 25))
    def somebody_does_what_the_screen_says(self, station: str, flow: str, steps: int) -> None:
        self._follow(station, flow, steps)

    def _follow(self, station: str, flow: str, steps: int) -> None:
        self._enter(station, flow)
        for _ in range(steps):
            code, qty_each = self._choose(self.screens[station], 0)
            self._scan(station, code, qty_each)
            if self.hand.answer["outcome"] == "rejected" and not self._try_other_label(station):
                return

    @rule(
        station=stations, seed=dice,
        words=st.lists(
            st.sampled_from(("SHORT", "DAMAGED", "NEWTOTE", "SUBSTITUTE", "UNDO", "UNDO", "SKIP", "HELP", "BACK")),
            min_size=1, max_size=6,
        ),
    )  # fmt: skip
    def it_is_not_as_the_screen_says(self, station: str, seed: int, words: list[str]) -> None:
        """Whatever somebody is doing: a word of trouble, then what the screen asks for about it, and on."""
        chance = random.Random(seed)
        for word in words:
            self._scan(station, own_code("C", word))
            for _ in range(chance.randrange(4)):
                offers = [offer for offer in self.screens[station]["expects"] if offer["kind"] == "reason"]
                if offers:
                    self._scan(station, chance.choice(offers)["code"], chance.choice((None, None, 1, 2, 5)))
                else:
                    self._scan(station, *self._choose(self.screens[station], 0))

    def _try_other_label(self, station: str) -> bool:
        """A person whose label is refused looks for another one on the goods."""
        code = self.hand.answer["code"]
        if code == "case_sealed":
            self._scan(station, own_code("C", "BREAK"))
        return code in OTHER_LABEL

    def _enter(self, station: str, flow: str) -> None:
        if self.screens[station]["flow"] != FLOW_OF_COMMAND[flow]:
            self._scan(station, own_code("C", "HOME"))
            self._scan(station, own_code("C", flow))

    def _choose(self, screen: dict[str, Any], turn: int) -> tuple[str, int | None]:
        """A code to scan at this screen: 0 means the first thing it asks for, whole."""
        offers = [offer for offer in screen["expects"] if offer["kind"] != "command"]
        commands = [offer["code"] for offer in screen["expects"] if offer["kind"] == "command"]
        fields = screen["fields"]
        if turn == 0 or turn % 3:
            wanted = offers[(turn // 3) % len(offers)] if offers else None
            if wanted is None:
                return (commands[turn % len(commands)] if commands else SKUS[turn % len(SKUS)]), None
            code = wanted["code"] or self._guess(wanted["kind"], turn // 7)
            if wanted["kind"] == "item":
                code = self._label(wanted["label"], code, turn)
            qty_each = None
            if wanted["kind"] in ("item", "location"):
                left_each = next((fields[name] for name in ("left_each", "qty_each") if name in fields), None)
                if left_each is None and isinstance(fields.get("next"), dict):
                    left_each = fields["next"].get("qty_each")
                qty_each = (left_each, None, 1, 2, 6)[turn % 5]
            return code, qty_each
        if turn % 2 and commands:
            return commands[(turn // 6) % len(commands)], None
        kinds = ("item", "location", "tote", "parcel", "reason", "badge", "receipt", "cart")
        return self._guess(kinds[(turn // 6) % len(kinds)], turn // 48), (None, 1, 3)[turn % 3]

    def _label(self, sku: str, code: str, turn: int) -> str:
        """One of the labels such goods bear: a case's, or one that says lot or serial."""
        if sku in ("CUP", "PHONE"):
            labels = [barcode for barcode in self.barcodes if GTIN[sku] in barcode]
            return labels[(self.clock.now_ms // 1_000 + turn) % len(labels)] if labels else code
        if sku in ("BOX", "MUG") and (turn + self.clock.now_ms // 1_000) % 3 == 0:
            return f"{sku}-CASE"
        return code

    def _guess(self, kind: str, turn: int) -> str:
        pool: tuple[str, ...] | list[str] = {
            "item": self.barcodes,
            "location": [at(code) for code in (*BINS, "Q-01", "R01-01-4", "DOCK-1", "STAGE-1", "LANE-DOM")],
            "tote": TOTES[:6],
            "cart": CARTS,
            "parcel": [paper for paper in self.papers if paper[0].isdigit()] or ["00" + "0" * 18],
            "receipt": [paper for paper in self.papers if paper[0] == "R"] or [own_code("R", "NONE")],
            "transfer": [paper for paper in self.papers if paper[0] == "X"] or [own_code("X", "NONE")],
            "reason": REASONS,
            "badge": (own_code("B", "1001"), own_code("B", "1002")),
        }.get(kind, SKUS)
        return pool[turn % len(pool)]

    # --- goods on their way --------------------------------------------------------------------------------

    @rule(
        lines=st.lists(
            st.tuples(st.sampled_from(SKUS), st.integers(1, 14), st.integers(-40, 0), st.booleans()),
            min_size=1, max_size=3,
        ),
        needs_quality=st.integers(0, 9), comes=st.booleans(),
    )  # fmt: skip
    def a_delivery_is_announced(self, lines: list[tuple[str, int, int, bool]], needs_quality: int, comes: bool) -> None:
        loose: list[inbound.ExpectedLine] = []
        units: list[inbound.UnitIn] = []
        for sku, qty_each, age_days, on_pallet in lines:
            line = self._line(sku, qty_each)
            if on_pallet:
                code = sscc("4012345", next(self.numbers))
                self.papers.append("00" + code)
                units.append(inbound.UnitIn(code, (line,), units[-1].sscc if units and age_days % 3 == 0 else ""))
            else:
                loose.append(line)
        number = f"R{next(self.numbers)}"
        day = self._day(lines[0][2])
        receipt = inbound.ReceiptIn(
            number, tuple(loose), tuple(units), "asn", day, "Potter", needs_quality=needs_quality == 0
        )
        if self._write(lambda tx: inbound.announce(tx, receipt)):
            self.papers.append(own_code("R", number))
            if comes:
                self.a_delivery_comes_as_announced()

    def _line(self, sku: str, qty_each: int) -> inbound.ExpectedLine:
        if sku == "PHONE":
            serials = tuple(f"SN{next(self.serials)}" for _ in range(min(qty_each, 3)))
            self.barcodes += [gs1("PHONE", serial=serial) for serial in serials]
            return inbound.ExpectedLine(sku, len(serials), serials=serials)
        if sku == "CUP":
            lot, expiry_on = (("L1", "2026-01-08"), ("L2", "2026-01-20"), ("L3", "2027-01-01"))[qty_each % 3]
            return inbound.ExpectedLine(sku, qty_each, lot, expiry_on)
        return inbound.ExpectedLine(sku, qty_each, case_each=6 if sku == "BOX" and qty_each >= 6 else 0)

    def _day(self, days: int) -> str:
        return datetime.fromtimestamp(self.clock.now_ms / 1000 + days * 86_400, UTC).date().isoformat()

    @rule()
    def a_delivery_comes_as_announced(self) -> None:
        """Receipt by receipt as the screen says, and everything put where it says."""
        open_ones = self.hand.all(
            "SELECT number FROM receipt WHERE warehouse_id = :w AND state = 'open' ORDER BY id DESC LIMIT 1"
        )
        if not open_ones:
            return
        self._enter("DOCK-1", "RECEIVE")
        if self.screens["DOCK-1"]["state"] == "receipt":
            self._scan("DOCK-1", own_code("R", open_ones[0]["number"]))
        self._follow("DOCK-1", "RECEIVE", 12)
        for paper in [paper for paper in self.papers if paper[0].isdigit()][-3:]:
            self._scan("DOCK-1", paper)
        self._follow("DOCK-1", "PUTAWAY", 12)

    @rule(which=st.integers(0, 5))
    def a_customer_sends_something_back(self, which: int) -> None:
        shipped = self.hand.all(
            "SELECT number FROM sales_order WHERE warehouse_id = :w AND state = 'shipped' ORDER BY id DESC LIMIT 6"
        )
        if shipped:
            number = f"RT{next(self.numbers)}"
            receipt = inbound.ReceiptIn(number, kind="return", order=shipped[which % len(shipped)]["number"])
            if self._write(lambda tx: inbound.announce(tx, receipt)):
                self.papers.append(own_code("R", number))

    @rule(sku=st.sampled_from(SKUS), qty=st.integers(1, 9))
    def the_other_warehouse_asks_for_goods(self, sku: str, qty: int) -> None:
        number = f"T{next(self.numbers)}"
        if self._write(lambda tx: transfers.ask(tx, number, "NORTH", [(sku, qty)])):
            self.papers.append(own_code("X", number))

    @rule(lost=st.booleans())
    def a_transfer_reaches_the_other_warehouse(self, lost: bool) -> None:
        sent = self.hand.all("SELECT number FROM transfer WHERE warehouse_id = :w AND state = 'sent' LIMIT 1")
        if not sent:
            return
        number = sent[0]["number"]
        body = self.hand.write(lambda tx: transfers.announcement(tx, number))
        self.north.write(lambda tx: exchange.announce(tx, body))
        self.north.scan("DOCK-1", own_code("C", "HOME"))
        self.north.scan("DOCK-1", own_code("C", "RECEIVE"))
        self.north.scan("DOCK-1", own_code("R", number))
        for unit in body["units"][1:] if lost else body["units"]:
            self.north.scan("DOCK-1", "00" + unit["sscc"])
        self.north.scan("DOCK-1", own_code("C", "DONE"))
        self.north.scan("DOCK-1", own_code("C", "CONFIRM"))
        came = self._try(lambda: self.north.write(lambda tx: exchange.received(tx, number)))
        if came is not None:
            self._write(lambda tx: transfers.arrived(tx, NOBODY, number, came))
        assert wrong(self.north) == []

    # --- supervisors and plans -----------------------------------------------------------------------------

    @rule(
        change=st.sampled_from(["ADJUST", "HOLD", "DAMAGED", "FREE"]), place=st.sampled_from((*BINS, "Q-01", "DOCK-1")),
        sku=st.sampled_from(SKUS), qty=few, why=st.sampled_from(list(Why)),
    )  # fmt: skip
    def a_supervisor_corrects_the_book(self, change: str, place: str, sku: str, qty: int, why: Why) -> None:
        self._write(lambda tx: set_aside.ask(tx, NOBODY, set_aside.ChangeIn(change, place, sku, qty, why)))

    @rule(what=st.sampled_from(["post", "refuse", "recount"]), which=st.integers(0, 3))
    def a_supervisor_decides_over_a_count(self, what: str, which: int) -> None:
        pending = self.hand.all("SELECT id FROM count_result WHERE warehouse_id = :w AND state = 'pending' LIMIT 4")
        if pending:
            result_id = pending[which % len(pending)]["id"]
            self._write(lambda tx: getattr(count_results, what)(tx, NOBODY, result_id))

    @rule(cause=st.sampled_from([CountCause.CLASS, CountCause.AGE, CountCause.ZERO]))
    def counts_are_planned(self, cause: CountCause) -> None:
        def work(tx: Any) -> None:
            plan = count_plans.Plan(cause, days=1, limit=3)
            count_plans.ask_all(tx, NOBODY, count_plans.due(tx, plan), cause)

        self._write(work)

    @rule()
    def refills_are_planned(self) -> None:
        def work(tx: Any) -> None:
            for item_id in replenishment_plans.items_to_refill(tx):
                replenishment_plans.refill(tx, NOBODY, item_id)

        self._write(work)

    # --- orders --------------------------------------------------------------------------------------------

    @rule(
        quantities=st.lists(st.integers(0, 8), min_size=4, max_size=4),
        policy=st.sampled_from(["ship_partial", "ship_complete"]), other=st.booleans(),
    )
    def an_order_comes(self, quantities: list[int], policy: str, other: bool) -> None:
        lines = [(sku, qty) for sku, qty in zip(SKUS, quantities, strict=True) if qty]
        if lines:
            self.hand.order(f"SO-{next(self.numbers)}", *lines, policy=policy, may_substitute=other)

    @rule(
        sku=st.sampled_from(SKUS), got=st.integers(2, 14), asked=st.integers(1, 14), age=st.integers(-30, 0),
        last=st.integers(0, 4),
    )  # fmt: skip
    def goods_come_and_go_out_again(self, sku: str, got: int, asked: int, age: int, last: int) -> None:
        """A delivery as announced, an order for some of it, and as much of its way as `last` says."""
        number = f"R{next(self.numbers)}"
        receipt = inbound.ReceiptIn(number, (self._line(sku, got),), (), "asn", self._day(age), "Potter")
        if self._write(lambda tx: inbound.announce(tx, receipt)):
            self.papers.append(own_code("R", number))
            self.a_delivery_comes_as_announced()
        self.hand.order(f"SO-{next(self.numbers)}", (sku, asked), may_substitute=bool(asked % 2))
        if last:
            self.a_wave_is_released_and_walked("HAND-1", 25, 30)
        if last > 1:
            self.somebody_packs(20)
        if last > 2:
            self.a_truck_is_loaded(6, "CONFIRM")
        if last > 3:
            self.a_customer_sends_something_back(0)
            self.a_delivery_comes_as_announced()

    @rule(which=st.integers(0, 9), what=st.sampled_from(["cancel", "hold", "go on"]))
    def a_customer_thinks_again(self, which: int, what: str) -> None:
        known = self.hand.all("SELECT number FROM sales_order WHERE warehouse_id = :w ORDER BY id DESC LIMIT 10")
        if not known:
            return
        number = known[which % len(known)]["number"]
        if what == "cancel":
            self._try(lambda: cancel(self.hand, number))
        elif what == "hold":
            self._write(lambda tx: orders.hold(tx, NOBODY, number, "payment"))
        else:
            self._write(lambda tx: orders.release_hold(tx, NOBODY, number))

    @rule(station=st.sampled_from(("HAND-1", "HAND-2")), steps=st.integers(2, 25), short=st.integers(0, 30))
    def a_wave_is_released_and_walked(self, station: str, steps: int, short: int) -> None:
        self._try(lambda: release(self.hand))
        self._follow(station, "PICK", min(steps, short))
        if short < steps and self.screens[station]["state"] == "item":
            self._scan(station, own_code("C", "SHORT"))
            self._scan(station, own_code("Y", "TOO-FEW"))
            self._follow(station, "PICK", steps - short)

    @rule(steps=st.integers(2, 14))
    def somebody_packs(self, steps: int) -> None:
        totes = self.hand.all("SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NOT NULL")
        self._enter("BENCH-1", "PACK")
        if self.screens["BENCH-1"]["state"] == "tote" and totes:
            self._scan("BENCH-1", own_code("T", totes[steps % len(totes)]["code"]))
        self._follow("BENCH-1", "PACK", steps)

    @rule(steps=st.integers(1, 8), last=st.sampled_from(["CONFIRM", "MISSING", "BACK"]))
    def a_truck_is_loaded(self, steps: int, last: str) -> None:
        self._enter("HAND-2", "LOAD")
        if self.screens["HAND-2"]["state"] == "lane":
            self._scan("HAND-2", at("LANE-DOM"))
        self._follow("HAND-2", "LOAD", steps)
        self._scan("HAND-2", own_code("C", "CLOSE"))
        self._scan("HAND-2", own_code("C", last))

    @rule(days=st.sampled_from([0, 1, 1, 4, 30]))
    def time_passes(self, days: int) -> None:
        self.clock.now_ms += days * DAY_MS + 3_600_000

    @rule(
        sku=st.sampled_from(("MUG", "BOX")), qty=st.integers(1, 12), place=st.sampled_from((*BINS, "DOCK-1")),
        age=st.integers(0, 40),
    )  # fmt: skip
    def old_stock_is_entered(self, sku: str, qty: int, place: str, age: int) -> None:
        """As an opening balance is: anywhere it may lie, of any age; not before what must not be buried."""
        if place in ("F01-01-1", "P01-01-1") and self.hand.on_hand(place):
            return
        if any(self.hand.on_hand(place, other) for other in SKUS if other != sku):
            return
        day = f"2025-{11 + age // 30:02d}-{1 + age % 28:02d}"
        self.hand.stock(sku, qty, place, day)

    @invariant()
    def the_book_is_right(self) -> None:
        type(self).steps += 1
        assert wrong(self.hand) == []
